# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_report`, with the page that it fills in; and ends a run with its result, if that is wanted."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.softlayer.certificates.plugins.module_utils._report.orders import (
    ORDERS,
    rows_in,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report.report import merged
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import last_lines
from ansible_collections.softlayer.certificates.plugins.module_utils._report.table import (
    listener_table,
    order_remedies,
    order_table,
    order_totals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._called import with_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._notify import notify
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import page_in
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import plain


class ActionModule(OnceAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result; with `ends_run`, what the run ends with."""
        options = self._task.args
        given, command, results, path = (
            *(options.get("page"), options.pop("notify_command", None)),
            *(options.get("results"), options.get("path")),
        )
        if given is None or isinstance(given, Mapping):
            own = {name: part for name, part in (given or {}).items() if part is not None}
            options["page"] = {**page_in(str(options.get("language"))), **own}
        ends_run = boolean(options.get("ends_run"), strict=False) and isinstance(results, Mapping)
        written = super().run(tmp, task_vars) if path or options.get("metrics_path") or not ends_run else {}
        where = (
            f" in {path}"
            if path
            else f": set {f'{self.role}_report_path' if self.role else 'path'}, and a report has all of them"
        )
        if ends_run:
            end = ending(plain(results), written, where, is_check_mode=bool(self._task.check_mode))
            if command and end.get("failed") and not self._task.check_mode:
                told = {"msg": notify(str(command), end["msg"])}
                untold = with_variables(told, self.role, self._task.action) if self.role else told
                end["msg"] = " ".join(filter(None, [end["msg"], untold["msg"]]))
            return end
        return written


def ending(
    results: Mapping[str, t.Any], written: Mapping[str, t.Any], where: str, *, is_check_mode: bool = False
) -> dict[str, t.Any]:
    """Return the result of the last task of a run: its `lines`, and if it has failed, why, as `msg`.

    Args:
        results: what the run has come to.
        written: what the module has returned that wrote the report, if it was run.
        where: where the rows of the table are that do not fit.
        is_check_mode: whether it was not written.
    """
    table = table_of(results, where)
    lines = last_lines(results, table)
    has_page = any(path.endswith(".html") for path in written.get("paths") or ())
    is_written = {"orders", "listeners"} & results.keys() and not is_check_mode and not written.get("failed")
    if has_page and is_written and not "".join(table[-1:]).endswith(where):  # it says so of the other rows
        lines.insert(-1, f"The report is{where}")  # the totals come last
    failure = results.get("failure") or {}
    message = failure.get("message") or (results.get("msg") if not lines else None)
    unwritten = written.get("msg") or ""
    why = " ".join(filter(None, [message, unwritten if unwritten not in (message or "") else None]))
    # Without this, Ansible would show nothing of a result but that it is there.
    told = {"lines": lines, "_ansible_verbose_always": True} if lines else {}
    result = {"changed": bool(written.get("changed")), **told}
    shown = {**result, **{name: written[name] for name in ("diff", "warnings") if written.get(name)}}
    return {**shown, "failed": True, "msg": why} if why or written.get("failed") else shown


def table_of(results: Mapping[str, t.Any], where: str) -> list[str]:
    """Return the table of listeners; or that of orders, with what they need before it, and their totals behind it."""
    if "orders" not in results:
        return listener_table(results, where)
    rows = rows_in(results, now())
    words = merged(page_in("en")["words"], ORDERS.rows)
    return [*order_remedies(rows, words["attention"]), *order_table(rows, where), order_totals(rows)]
