# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notification of the guide, as AWX checks it and fills it in; without an AWX."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from tests.e2e.awx.stub.notifications import check_messages, rendered
from tests.e2e.awx.stub.rules import Refusal
from tests.support.awx_variables import notification

ROTATED = {"imported": 1, "deployed": 1, "attention": 0, "lines": ["www.example.com: imported", "web:443 switched"]}
CALLED = "{{ job.artifacts.get('ssl_rotated') }}"
"""What the guide warns of."""


def test_awx_accepts_it_for_each_event() -> None:
    check_messages({event: {"body": notification()} for event in ("started", "success", "error")})


@pytest.mark.parametrize(
    "text", ["{{ job.artifacts.ssl_rotated }}", "{{ job.artifacts.ssl_rotated.lines | join(' ') }}"]
)
def test_awx_refuses_an_artifact_without_a_default(text: str) -> None:
    with pytest.raises(Refusal, match="unavailable"):
        check_messages({"success": {"body": text}})


def test_a_job_says_what_it_did() -> None:
    text = rendered(notification(), artifacts={"ssl_rotated": ROTATED}, name="Import", job_type="run")
    lines = text.splitlines()
    assert lines == ["Import (run) is successful: https://awx.example.com/#/jobs/playbook/42", *ROTATED["lines"]]


def test_a_preview_and_a_job_that_failed_before_it_did_anything_have_no_results() -> None:
    for given in ({"job_type": "check"}, {"status": "failed"}):
        lines = rendered(notification(), artifacts={"ssl_previewed_rotation": {}}, **given).splitlines()
        assert [line for line in lines[1:] if line] == [] and given.popitem()[1] in lines[0]


def test_a_workflow_job_has_no_results_and_names_itself() -> None:
    text = rendered(notification(), artifacts=None, name="Rotate certificates", status="failed")
    assert text.strip() == "Rotate certificates (workflow) is failed: https://awx.example.com/#/jobs/playbook/42"


def test_a_method_of_the_artifacts_is_accepted_and_fails_at_the_end_of_a_workflow_job() -> None:
    check_messages({"success": {"body": CALLED}})
    assert "www.example.com" in rendered(CALLED, artifacts={"ssl_rotated": ROTATED})
    with pytest.raises(UndefinedError):
        rendered(CALLED, artifacts=None)
