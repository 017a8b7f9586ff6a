# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_certificate_report` with the parts of the page, or summarize a run of the role `ssl_fulfillment`."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import mark_needs_attention
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import ORDERS, build_run_rows
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.summary import (
    Run,
    build_outcome,
    build_summary,
    collect_facts,
    why_failed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import merge_words
from ansible_collections.softlayer.certificates.plugins.module_utils._report.table import (
    format_order_table,
    format_order_totals,
    list_order_remedies,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import load_page
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import HAS_TEMPLATE_MARKS, make_plain


class ActionModule(NormalAction):
    """The action plugin of `ssl_certificate_report`. Ansible requires this class name."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Return the result of the module, or the summary of a run if `results` contains the results of several modules."""
        options = self._task.args
        page, results = options.get("page"), options.get("results")
        if isinstance(results, Mapping) and "requested_phases" in results:
            end = summarize_run(Run.of(make_plain(results)), now(), is_check_mode=bool(self._task.check_mode))
            return end if HAS_TEMPLATE_MARKS else wrap_var(end)
        if page is None or isinstance(page, Mapping):
            own = {name: part for name, part in (page or {}).items() if part is not None}
            options["page"] = {**load_page(str(options.get("language"))), **own}
        return super().run(tmp, task_vars)


def summarize_run(run: Run, at: datetime, *, is_check_mode: bool) -> dict[str, t.Any]:
    """Return the lists of a run (`result`), the facts for the report, the summary (`lines`), and the error, empty if nothing failed.

    Args:
        run: the results of the modules.
        at: the current time.
        is_check_mode: whether the run only simulated its changes.
    """
    result = build_outcome(run)
    if {"collect", "import"} & set(run.requested_phases):  # the phases that wait for missing files and emails
        answers = (run.email_plan, run.emails)
        emails = {email["order_id"]: email for answer in answers for email in answer.get("emails") or ()}
        result["skipped"] = [
            mark_needs_attention(record, emails.get(record.get("order_id"), {}), at) for record in result["skipped"]
        ]
    report = collect_facts(run, result) if run.store else {}
    rows = build_run_rows(report, at) if report else ()
    lines = build_summary(run, result, is_check_mode=is_check_mode)
    if report:
        words = merge_words(load_page("en")["words"], ORDERS.rows)["attention"]
        lines = [*lines, *list_order_remedies(rows, words), *format_order_table(rows), format_order_totals(rows)]
    error = why_failed(result, rows if run.fail_on else (), run.fail_on)
    return {"changed": False, "result": result, "report": report, "lines": lines, "error": error}
