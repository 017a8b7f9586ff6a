# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role `ssl_fulfillment` has come to. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._plan.fulfillment import why_person_needed
from ansible_collections.softlayer.certificates.plugins.module_utils._report.fulfillment import (
    Run,
    outcome,
    summary,
    totals,
    why_failed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import on_variables

LONG = {"listed": "orders", "store": "certificates"}
"""Lists of which only matters whether they are there, and have anything in them: not ten thousand records."""
WAITED_FOR = ("collect", "import")
"""The phases that wait for what an order lacks."""
UNUSED = {"diff", "unmatched", "invocation"}


def fulfillment_outcome(
    registered: Mapping[str, Mapping[str, t.Any]], asked: Sequence[str], is_check_mode: bool
) -> dict[str, t.Any]:
    """Return what a run has done: the `result`, the `summary` that says it, with its `totals`, and the `failure`.

    That is `None` if nothing failed, and nothing waits for a person longer than it should.

    Args:
        registered: what the modules returned, by the names of the fields of `Run`.
        asked: the phases that were asked for.
        is_check_mode: whether nothing was done in fact.
    """
    return _told({name: _short(answer, LONG.get(name)) for name, answer in registered.items()}, asked, is_check_mode)


def _short(answer: Mapping[str, t.Any], long: str | None) -> Mapping[str, t.Any]:
    return {name: answer[name][:1] if name == long else answer[name] for name in answer if name not in UNUSED}


@on_variables
def _told(registered: Mapping[str, Mapping[str, t.Any]], asked: Sequence[str], is_check_mode: bool) -> dict[str, t.Any]:
    run = Run(asked, **registered)
    result = outcome(run)
    if not {*WAITED_FOR}.isdisjoint(asked):
        emails = {
            email["order_id"]: email for answer in (run.known, run.emails) for email in answer.get("emails") or ()
        }
        result["skipped"] = [_waiting(record, emails.get(record.get("order_id"), {})) for record in result["skipped"]]
    counted, why = totals(result, is_check_mode=is_check_mode), why_failed(result)
    lines = summary(run, result, counted, is_check_mode=is_check_mode)
    return {"result": result, "summary": lines, "totals": counted, "failure": {"message": why} if why else None}


def _waiting(skipped: Mapping[str, t.Any], email: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is skipped with whether it needs a person, and why."""
    why = why_person_needed(skipped, email, now())
    return {**skipped, "needs_person": why is not None, "message": why or skipped["message"]}


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filter of this file."""
        return {"_fulfillment_outcome": fulfillment_outcome}
