# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of notification templates: which ones AWX accepts, and what becomes of them at the end of a job or of a workflow job.

By `NotificationTemplateSerializer.validate_messages` (awx/api/serializers.py), `JobNotificationMixin` (awx/main/models/notifications.py), and the
fields of `JobSerializer` and `WorkflowJobSerializer`: a workflow job has no artifacts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .rules import Record, require

_EVENTS = ("started", "success", "error")
_OF_ALL: Record = {
    **{"id": 42, "type": "job", "url": "/api/v2/jobs/42/", "name": "Rotate", "description": ""},
    **{"created": "2026-12-01T01:00:00Z", "modified": "2026-12-01T01:00:00Z", "launch_type": "manual"},
    **{"status": "successful", "failed": False, "started": "2026-12-01T01:00:00Z", "finished": "2026-12-01T01:01:00Z"},
    **{"elapsed": 60.0, "job_explanation": "", "limit": "", "scm_branch": "", "skip_tags": "", "job_tags": ""},
    **{"allow_simultaneous": False, "host_status_counts": {"ok": 5, "changed": 3, "failures": 0}},
    "summary_fields": {"created_by": {"id": 1, "username": "admin"}, "labels": {"count": 0, "results": []}},
}
"""Fields of jobs and of workflow jobs that a message may use."""
_OF_JOBS: Record = {
    **{"job_type": "run", "playbook": "rotate.yml", "forks": 0, "verbosity": 0, "force_handlers": False},
    **{"start_at_task": "", "timeout": 0, "use_fact_cache": False, "diff_mode": False, "scm_revision": ""},
    **{"execution_node": "awx", "controller_node": "awx", "job_slice_number": 0, "job_slice_count": 1},
}
"""Fields of jobs alone, except the artifacts."""
_EXAMPLE: Record = {
    "job": {**_OF_ALL, **_OF_JOBS, "artifacts": {}},
    **{"job_friendly_name": "Job", "url": "https://awx.example.com/#/jobs/playbook/42", "job_metadata": "{}"},
    **{
        "approval_status": "approved",
        "approval_node_name": "Approve",
        "workflow_url": "https://awx.example.com/#/jobs/workflow/1",
    },
}
"""What messages are tried with before AWX accepts them: no artifact is in it."""


class _Forbidden(StrictUndefined):
    """Also its representation fails, as in a list that is shown."""

    __repr__ = __str__ = StrictUndefined._fail_with_undefined_error


def check_messages(messages: Mapping[str, Mapping[str, str | None] | None]) -> None:
    """Refuse messages as AWX does; by event, a `message` of one line and a `body`."""
    for event, texts in messages.items():
        require(event in _EVENTS, "messages", f"Event '{event}' invalid")
        for name, text in (texts or {}).items():
            require(name in ("message", "body"), "messages", f"Message type '{name}' invalid")
            require(name == "body" or "\n" not in (text or ""), "messages", "Messages cannot contain newlines")
            try:
                ImmutableSandboxedEnvironment(undefined=_Forbidden).from_string(text or "").render(_EXAMPLE)
            except (TemplateSyntaxError, UndefinedError, SecurityError) as error:
                require(False, "messages", f"Field '{error.message}' unavailable")


def rendered(text: str, *, artifacts: Mapping[str, Any] | None, **fields: Any) -> str:
    """What becomes of an accepted text at the end of a job, or of a workflow job, which has `None` for artifacts.

    Raises:
        UndefinedError: and others. AWX fails as it reports such an error (`build_notification_message`); for a workflow job, that is in the
            process that manages all workflows.
    """
    of_jobs = {} if artifacts is None else {**_OF_JOBS, "artifacts": artifacts}
    context = {
        "job": {**_OF_ALL, **of_jobs, **fields},
        **{name: _EXAMPLE[name] for name in ("job_friendly_name", "url", "job_metadata")},
    }
    return ImmutableSandboxedEnvironment(undefined=ChainableUndefined).from_string(text).render(context)
