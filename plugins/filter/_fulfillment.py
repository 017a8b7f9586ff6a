# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for what the role `ssl_fulfillment` computes. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._files import absolute
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import (
    Option,
    plain,
    why_unreadable,
    words_of_role,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.fulfillment import (
    batches,
    steps,
    way,
    why_refused,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.fulfillment import (
    outcome,
    run_of,
    summary,
    why_failed,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Record = Mapping[str, t.Any]


def fulfillment_refusal(
    settings: Record,
    unknown: Sequence[str],
    unread: str | None = None,
    ids_of_hosts: Sequence[int] | None = None,
    known: Sequence[str] = (),
) -> str:
    """Return why the role cannot begin, or an empty text if it can.

    Args:
        settings: the role's variables, as `_role_variables` returns them.
        unknown: defined variables that have the prefix of the role's variables but are none of them.
        unread: the part of the extra variables that Ansible could not read as variables.
        ids_of_hosts: the ids of the orders that are hosts of the play, if these are the selection.
        known: all variables of the role.
    """
    unreadable = why_unreadable("ssl_fulfillment", settings["refused"], unknown, unread, plain(known))
    why_not = unreadable or why_refused(settings, ids_of_hosts or None, os.path.isdir, absolute)
    reason: str = untrusted(why_not or "")
    return reason


def fulfillment_way(settings: Record, ids_of_hosts: Sequence[int] | None = None) -> dict[str, t.Any]:
    """Return how the orders are found: see `Way`."""
    found = way(plain(settings), plain(ids_of_hosts or None))
    return {"order_ids": found.order_ids, "is_direct": found.is_direct}


def fulfillment_steps(settings: Record) -> list[str]:
    """Return the steps of a run; see `steps`."""
    return steps(settings)


def fulfillment_batches(items: Sequence[t.Any], size: int) -> list[dict[str, t.Any]]:
    """Return items in batches, each with its `items` and its `range`; see `batches`."""
    return [{"items": batch.items, "range": batch.range} for batch in batches(items, size)]


def fulfillment_outcome(
    settings: Record,
    registered: Record,
    path: Sequence[str],
    is_direct: bool,
    options: Mapping[str, Option],
    is_check_mode: bool = False,
    report: str | None = None,
    tolerated: Sequence[str] = (),
) -> dict[str, t.Any]:
    """Return what a run has done: the `result`, and what is `told` of it, in `lines`, and in `failure` if something failed.

    Args:
        settings: the role's variables, as `_role_variables` reads them.
        registered: what the modules returned, by the names of the fields of `Run`.
        path: the steps of the run, as `fulfillment_steps` returns them.
        is_direct: whether the orders were not listed before.
        options: all variables, as `meta/argument_specs.yml` has them.
        is_check_mode: whether nothing was done in fact.
        report: the path of the report, less its ending, if one is written.
        tolerated: reasons of emails that count as skipped as long as others are requested, or if they may arrive all the same.
    """
    phases, path, answers = plain(settings["phases"]), plain(path), _Short(registered)
    run = run_of(phases, path, answers, is_direct=is_direct)
    result = outcome(run, tolerated)
    words = words_of_role(plain(options), "ssl_fulfillment_")
    blank = [f"ssl_fulfillment_select.{name}" for name, value in settings["select"].items() if value == []]
    blank += ["ssl_fulfillment_order_ids"] if settings.get("order_ids") == [] else []
    lines = summary(run, result, blank, words, is_check_mode=is_check_mode, report=report or None)
    failure = why_failed(run, result["failed"], words) if result["failed"] else ""
    told = {"lines": lines if run.has_listed else [], "failure": failure}
    done: dict[str, t.Any] = untrusted({"result": result, "told": told})
    return done


LISTS = {"listed": "orders", "known": "emails", "store": "certificates"}
"""Of these results only whether they have their list, and anything in it, matters: not ten thousand records."""


class _Short(dict[str, t.Any]):
    """What is registered, without long lists that do not matter.

    All else is handed on as it is: to make ten thousand records plain takes longer than to use the little of them that is looked at.
    """

    def __init__(self, registered: Record) -> None:
        super().__init__()
        self._registered = registered

    def __missing__(self, name: str) -> t.Any:
        value = self._registered[name]
        key = LISTS.get(name)
        return {key: value[key][:1]} if key in value else value


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {
            "_fulfillment_refusal": fulfillment_refusal,
            "_fulfillment_way": fulfillment_way,
            "_fulfillment_steps": fulfillment_steps,
            "_fulfillment_batches": fulfillment_batches,
            "_fulfillment_outcome": fulfillment_outcome,
        }
