# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_fulfillment_email`, shows how far it is, and has its limit count the play."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ansible import constants
from ansible.module_utils.common.validation import check_type_int
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction, refused


class ActionModule(OnceAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module. Where it is to run once, `max_orders` counts the play, however often the task is reached in a loop.

        If it is reached for another host, though the first one is still there, the hosts take different ways to it. Each way may only have
        orders of its own, or it would request the emails of the others again.
        """
        if not self._task.run_once or self._task.check_mode or self.why_not(task_vars or {}):
            return super().run(tmp, task_vars)
        # Each task has a process of its own; this folder is theirs until the end of ansible-playbook.
        tally = Path(t.cast(t.Any, constants).DEFAULT_LOCAL_TMP, f"emails-{self._task.get_play()._uuid}")
        host = str((task_vars or {}).get("inventory_hostname"))
        these = self._task.args.get("order_ids")
        order_ids = {*map(str, these)} if isinstance(these, list) else None
        first = {"host": host, "sent": 0, "order_ids": []}
        before: dict[str, t.Any] = json.loads(tally.read_text("utf-8")) if tally.exists() else first
        is_on_another_way = before["host"] != host and before["host"] in (task_vars or {}).get("ansible_play_hosts", ())
        are_others = (
            order_ids is not None and before["order_ids"] is not None and order_ids.isdisjoint(before["order_ids"])
        )
        if is_on_another_way and not are_others:
            return refused(
                f"Emails were requested in this play for the host {before['host']} already, and {host} has come to it on another way, so nothing "
                "more was done: reach the role in one place for all hosts, or take a play of its own."
            )
        if before["sent"]:
            self._task.args["max_orders"] = less(self._task.args.get("max_orders"), before["sent"])
        result = telling(super().run(tmp, task_vars), before["sent"])
        every = None if order_ids is None or before["order_ids"] is None else [*before["order_ids"], *order_ids]
        after = {"host": host, "sent": before["sent"] + may_be_sent(result), "order_ids": every}
        tally.write_text(json.dumps(after), "utf-8")
        return result


def less(most: t.Any, sent: int) -> t.Any:
    """Return how many more emails a play may request; what is no number stays, for the module to refuse."""
    if most is None:
        # Imported only here, as it loads the SDK.
        from ansible_collections.softlayer.certificates.plugins.module_utils._run.fulfillment_email import SPEC

        most = SPEC.options["max_orders"]["default"]
    with suppress(TypeError, OverflowError):  # as the module reads it, 4.0 is a whole number
        return most if isinstance(most, bool) else max(check_type_int(most) - sent, 0)
    return most


def telling(result: dict[str, t.Any], sent: int) -> dict[str, t.Any]:
    """Return a result whose refusal says what else the play has requested, since less is left than the option allows."""
    failure = result.get("failure") or {}
    if not sent or failure.get("code") != "too_many_orders":
        return result
    also = f"{sent} {'was' if sent == 1 else 'were'} requested earlier in this play, all of whose emails count."
    message = f"{failure['message']} {also}"
    return {**result, "msg": message, "failure": {**failure, "message": message}}


def may_be_sent(result: Mapping[str, t.Any]) -> int:
    """Return how many emails a run has requested, or may have."""
    emails = result.get("emails") or ()
    return sum(email["outcome"] == "requested" or email["reason"] == "outcome_unknown" for email in emails)
