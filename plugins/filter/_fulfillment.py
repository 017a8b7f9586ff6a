# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role `ssl_fulfillment` computes. Private to softlayer.certificates."""

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
    """Return why the role cannot begin, an empty text if it can.

    Args:
        settings: the role's variables, as `_role_variables` reads them.
        unknown: variables that are defined and are none of the role's, though their names begin like those.
        unread: what was given as extra variables and Ansible made no variables of.
        ids_of_hosts: the orders that are hosts of the play, if those are the selection.
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
    """Return what `ssl_fulfillment_result` holds after a run; `run` has the fields of `Run`."""
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
    """Return the lines that say what was done, and the one that says what failed.

    Args:
        result: the outcome.
        run: what the modules returned.
        settings: the role's variables, as `_role_variables` reads them.
        options: all variables, as `meta/argument_specs.yml` has them.
        is_check_mode: whether nothing was done in fact.
        report: the path of the report that was written, less its ending.
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
    """Return what the modules returned, less what is null, of which older ansible-core makes an empty text."""
    given = {name: value for name, value in values.items() if value is not None and value != ""}
    if "orders" in given.get("listed", {}):
        given["listed"] = {"orders": given["listed"]["orders"][:1]}  # only whether there are any matters
    return Run(**plain(given))


class FilterModule:
    """The filters under their names."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {
            "_fulfillment_refusal": fulfillment_refusal,
            "_fulfillment_outcome": fulfillment_outcome,
            "_fulfillment_summary": fulfillment_summary,
        }
