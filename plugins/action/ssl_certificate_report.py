# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_report`, with the page that it fills in; and ends a run with its result, if that is wanted."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import mark_needs_person
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import ORDERS, rows_in
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.summary import (
    Run,
    facts_of,
    outcome,
    summary,
    totals,
    why_failed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import merged
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import last_lines
from ansible_collections.softlayer.certificates.plugins.module_utils._report.table import (
    MOST_ROWS,
    listener_table,
    order_remedies,
    order_table,
    order_totals,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import page_in
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import MARKS_TEMPLATES, plain


class ActionModule(NormalAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result; with `ends_run`, what the run ends with."""
        options = self._task.args
        given, results, path = options.get("page"), options.get("results"), options.get("path")
        if given is None or isinstance(given, Mapping):
            own = {name: part for name, part in (given or {}).items() if part is not None}
            options["page"] = {**page_in(str(options.get("language"))), **own}
        if not (boolean(options.get("ends_run"), strict=False) and isinstance(results, Mapping)):
            return super().run(tmp, task_vars)
        is_check_mode = bool(self._task.check_mode)
        lists: dict[str, t.Any] = {}
        results = plain(results)
        if "asked" in results:  # what the modules of the role ssl_fulfillment have returned
            lists, results = told_of(Run.of(results), now(), is_check_mode=is_check_mode)
        options["results"] = results
        is_reported = "orders" in results or "listeners" in results or options.get("metrics_path")
        written = super().run(tmp, task_vars) if is_reported and (path or options.get("metrics_path")) else {}
        where = f" in {path}" if path else ": set the path of a report to see all of them"
        end = {**ending(results, written, where, is_check_mode=is_check_mode), "result": lists}
        return end if MARKS_TEMPLATES else wrap_var(end)


def told_of(
    run: Run, at: datetime, *, is_check_mode: bool
) -> tuple[dict[str, list[Mapping[str, t.Any]]], dict[str, t.Any]]:
    """Return the lists of a run and its results for a report, whose `failure` is `None` if nothing failed or waits too long for attention.

    Args:
        run: the results of the modules.
        at: the present instant.
        is_check_mode: whether the run changed nothing.
    """
    result = outcome(run)
    if {"collect", "import"} & set(run.asked):  # they wait for what an order lacks
        answers = (run.known, run.emails)
        emails = {email["order_id"]: email for answer in answers for email in answer.get("emails") or ()}
        result["skipped"] = [
            mark_needs_person(record, emails.get(record.get("order_id"), {}), at) for record in result["skipped"]
        ]
    facts = facts_of(run, result) if run.store else {}
    counted = totals(result, is_check_mode=is_check_mode)
    why = why_failed(result, rows_in(facts, at) if run.fail_on else (), run.fail_on)
    told = {
        "summary": summary(run, result, counted, is_check_mode=is_check_mode),
        "totals": counted,
        "failure": {"message": why} if why else None,
    }
    return result, {**told, **facts}


def ending(
    results: Mapping[str, t.Any], written: Mapping[str, t.Any], where: str, *, is_check_mode: bool = False
) -> dict[str, t.Any]:
    """Return the result of a module that has written a report, with the `lines` that a run ends with, and its `error`, blank if nothing failed.

    `all_lines` have what failed, too.

    Args:
        results: what the run has come to.
        written: what the module has returned, if it was run.
        where: where the rows of the table are that do not fit.
        is_check_mode: whether it was not written.
    """
    if "orders" in results:
        rows, words = rows_in(results, now()), merged(page_in("en")["words"], ORDERS.rows)["attention"]
        table = [*order_remedies(rows, words), *order_table(rows, where), order_totals(rows)]
    else:
        table = listener_table(results, where)
    lines = last_lines(results, table)
    has_page = any(path.endswith(".html") for path in written.get("paths") or ())
    is_written = {"orders", "listeners"} & results.keys() and not is_check_mode and not written.get("failed")
    is_cut = "listeners" in results and len(table) > 1 + MOST_ROWS  # it says where the other rows are
    if has_page and is_written and not is_cut:
        lines.insert(-1, f"The report is{where}")  # the totals come last
    failure = results.get("failure") or {}
    message = failure.get("message") or (results.get("msg") if not lines else None)
    is_other = bool(written.get("failed")) and written.get("failure", {}) != results.get("failure")
    why = " ".join(filter(None, [message, written.get("msg") if is_other else None]))
    all_lines = last_lines({**results, "failure": None}, table)
    return {"changed": False, **written, "lines": lines, "all_lines": all_lines, "error": why}
