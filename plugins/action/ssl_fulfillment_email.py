# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_fulfillment_email`, shows how far it is, and has its limit count the play."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ansible import constants
from ansible_collections.softlayer.certificates.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """Runs the module."""

    items = "emails"

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module. Where it is to run once, `max_orders` counts the play, however often the task is reached in a loop."""
        if not self._task.run_once or self._task.check_mode:
            return super().run(tmp, task_vars)
        # Each task has a process of its own; this folder is theirs until the end of ansible-playbook.
        tally = Path(t.cast(t.Any, constants).DEFAULT_LOCAL_TMP, f"emails-{self._task.get_play()._uuid}")
        sent = os.path.getsize(tally) if tally.exists() else 0
        if sent:
            self._task.args["max_orders"] = less(self._task.args.get("max_orders"), sent)
        result = super().run(tmp, task_vars)
        with tally.open("ab") as file:
            file.write(b"." * may_be_sent(result))
        return result


def less(most: t.Any, sent: int) -> t.Any:
    """Return how many more emails a play may request; what is no number stays, for the module to refuse."""
    if most is None:
        # Imported only here, as it loads the SDK.
        from ansible_collections.softlayer.certificates.plugins.module_utils._run.fulfillment_email import SPEC

        most = SPEC.options["max_orders"]["default"]
    with suppress(TypeError, ValueError):
        return most if isinstance(most, bool) else max(int(most) - sent, 0)
    return most


def may_be_sent(result: Mapping[str, t.Any]) -> int:
    """Return how many emails a run has requested, or may have."""
    emails = result.get("emails") or ()
    return sum(email["outcome"] == "requested" or email["reason"] == "outcome_unknown" for email in emails)
