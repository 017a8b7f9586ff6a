# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for what the role `ssl_fulfillment` computes. Private to softlayer.certificates."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import Option, in_words_of_role, plain
from ansible_collections.softlayer.certificates.plugins.module_utils._report.fulfillment import (
    Run,
    outcome,
    summary,
    why_failed,
    why_refused,
)

Record = Mapping[str, t.Any]


def fulfillment_refusal(
    settings: Record, unknown: Sequence[str], unread: str | None = None, ids_of_hosts: Sequence[int] | None = None
) -> str:
    """Return why the role cannot begin, or an empty text if it can.

    Args:
        settings: the role's variables, as `_role_variables` returns them.
        unknown: defined variables that have the prefix of the role's variables but are none of them.
        unread: the part of the extra variables that Ansible could not read as variables.
        ids_of_hosts: the ids of the orders that are hosts of the play, if these are the selection.
    """
    reason: str = wrap_var(_refusal(settings, unknown, unread, ids_of_hosts))
    return reason


def _refusal(settings: Record, unknown: Sequence[str], unread: str | None, ids_of_hosts: Sequence[int] | None) -> str:
    if unread:
        return (
            f"Ansible could make no variable of {json.dumps(unread)}, so nothing was done. Write -e @FILE for a file, "
            "-e NAME=VALUE without blanks around the sign, or JSON."
        )
    if unknown:
        return (
            f"The role ssl_fulfillment does not know {', '.join(unknown)}. "
            "`ansible-doc --type role softlayer.certificates.ssl_fulfillment` lists its variables."
        )
    if settings["refused"]:
        return " ".join(settings["refused"])
    return why_refused(settings, ids_of_hosts or None, os.path.isdir, _absolute) or ""


def _absolute(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))


def fulfillment_outcome(run: Record, tolerated: Sequence[str] = ()) -> dict[str, t.Any]:
    """Return the content of `ssl_fulfillment_result` after a run; `run` has the fields of `Run`."""
    result: dict[str, t.Any] = wrap_var(outcome(_run(run), tolerated))
    return result


def fulfillment_summary(
    result: Record,
    run: Record,
    settings: Record,
    options: Mapping[str, Option],
    is_check_mode: bool,
    report: str | None = None,
) -> dict[str, t.Any]:
    """Return the lines that say what was done, and the line that says what failed.

    Args:
        result: the outcome.
        run: what the modules returned.
        settings: the role's variables, as `_role_variables` returns them.
        options: all variables, in the form of `meta/argument_specs.yml`.
        is_check_mode: whether nothing was actually done.
        report: the path of the written report, without its extension.
    """
    words = partial(in_words_of_role, options=plain(options), prefix="ssl_fulfillment_")
    blank = [f"ssl_fulfillment_select.{name}" for name, value in settings["select"].items() if value == []]
    blank += ["ssl_fulfillment_order_ids"] if settings.get("order_ids") == [] else []
    known, result = _run(run), plain(result)
    has_orders = bool((known.listed or {}).get("orders")) or any(answer.get("emails") for answer in known.emails)
    lines = summary(result, blank, words, has_orders=has_orders, is_check_mode=is_check_mode, report=report)
    said: dict[str, t.Any] = wrap_var(
        {"lines": lines, "failure": why_failed(known, result["failed"], words) if result["failed"] else ""}
    )
    return said


def _run(values: Record) -> Run:
    """Return what the modules returned, without null values, which older ansible-core turns into empty texts."""
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    if "orders" in given.get("listed", {}):
        given["listed"] = {"orders": given["listed"]["orders"][:1]}  # it only matters whether there are any
    return Run(**plain(given))


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {
            "_fulfillment_refusal": fulfillment_refusal,
            "_fulfillment_outcome": fulfillment_outcome,
            "_fulfillment_summary": fulfillment_summary,
        }
