# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result and the summary lines of a run of the role `ssl_fulfillment`. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.codes import ORDER_NOT_FOUND
from .._base.errors import build_failure_record
from .._base.messages import Form
from .._report.summary import Record, choose_label, summarize_failures, summarize_skipped
from . import messages
from .report import OBSTACLES

RESULT_LISTS = ("requested", "collected", "imported", "skipped", "failed")
"""The lists in `ssl_fulfillment_result`."""
MAX_DESCRIBED = 5
"""Maximum number of skipped orders whose line contains the message."""


@dataclass(frozen=True)
class Run:
    """The results of the modules in a run of the role; empty for a module that did not run."""

    requested_phases: Collection[str]
    """The requested phases. Other phases ran only for the requested phases."""
    order_list: Record = field(default_factory=dict)
    """The result of `ssl_order_info`; with `orders` for the report."""
    emails: Record = field(default_factory=dict)
    """The result of `ssl_fulfillment_email`."""
    mails: Record = field(default_factory=dict)
    """The result of `ssl_fulfillment_email_info`."""
    imports: Record = field(default_factory=dict)
    """The result of `ssl_certificate_import`."""
    email_plan: Record = field(default_factory=dict)
    """The result of `ssl_fulfillment_email` in check mode: the times of requests, and the plan for the report."""
    store: Record = field(default_factory=dict)
    """The result of `ssl_certificate_info`, for the report."""
    fail_on: Collection[str] = ()
    """The reasons for attention that fail a run with a report."""

    @classmethod
    def of(cls, answers: Mapping[str, t.Any]) -> Run:
        """Return a `Run` from the registered results of the role's tasks, without skipped tasks."""
        given = {name: answers[name] for name in answers if name in cls.__dataclass_fields__}
        return cls(
            **{
                name: value
                for name, value in given.items()
                if not (isinstance(value, Mapping) and value.get("skipped"))
            }
        )


def collect_facts(run: Run, result: Mapping[str, Sequence[Record]]) -> Record:
    """Return the orders and the facts for the report, with the certificates of this run's import."""
    imported = {record["order_id"]: record["id"] for record in result["imported"] if record.get("id") is not None}
    orders = [  # the orders were listed before the import
        {
            **order,
            "certificate_ids": sorted({*(order.get("certificate_ids") or ()), imported[order["id"]]}),
            "imported": True,
        }
        if order["id"] in imported
        else order
        for order in run.order_list["orders"]
    ]
    return {
        "orders": orders,
        "store": run.store.get("certificates"),
        "emails": run.email_plan.get("emails") or [],
        "collected": run.mails.get("certificates") or [],
        "missing": run.mails.get("missing") or [],
        "skipped": result["skipped"],
        "failed": result["failed"],
    }


def build_outcome(run: Run) -> dict[str, list[Record]]:
    """Return the content of `ssl_fulfillment_result` after a run."""
    result: dict[str, list[Record]] = {name: [] for name in RESULT_LISTS}
    for email in run.emails.get("emails") or ():
        result[email["outcome"]].append(email)
    if run.mails and "certificates" not in run.mails:
        result["failed"].append(build_failure_record("the mailbox", run.mails))
    elif run.mails and {"collect", "import"} & set(
        run.requested_phases
    ):  # a run with only the phase report collects nothing
        result["collected"] += run.mails["certificates"]
    if run.mails and "collect" in run.requested_phases:  # the last phase's message about an order counts
        missing = _select_unreported(result, run.mails.get("missing", ()))
        ids = {order["order_id"] for order in missing}
        result["skipped"] = [*(order for order in result["skipped"] if order.get("order_id") not in ids), *missing]
    imported = {} if run.imports.get("skipped") else run.imports
    if "certificates" in imported:
        _add_imports(result, run)
    elif imported:
        result["failed"].append(build_failure_record("the import", imported))
    reported = {email["order_id"] for email in run.emails.get("emails") or ()}
    no_order = {"common_name": None, "reason": "not_found", "message": ORDER_NOT_FOUND}
    gone = [id_ for id_ in run.order_list.get("missing_order_ids") or () if id_ not in reported]
    result["failed"] += [{"order_id": id_, **no_order} for id_ in gone]
    for name, answer, key in (
        ("the orders", run.order_list, "orders"),
        ("the emails", run.emails, "emails"),
        (
            "the ledger",
            run.email_plan if "report" in run.requested_phases else {},
            "emails",
        ),  # other phases do not need the ledger
        ("the certificate store", run.store, "certificates"),
    ):
        if answer and key not in answer and not answer.get("skipped"):
            result["failed"].append(build_failure_record(name, answer))
    return result


def _select_unreported(result: Mapping[str, Sequence[Record]], skipped: Iterable[Record]) -> list[Record]:
    """Return the skipped orders without the missing emails for which the result already contains a failed request."""
    failed = {order.get("order_id") for order in result["failed"]}
    return [order for order in skipped if order["reason"] != "waiting_for_email" or order["order_id"] not in failed]


def _add_imports(result: dict[str, list[Record]], run: Run) -> None:
    """Add the result of the import to `result`. For a skipped order, the reason from the last phase counts."""
    why_missing = {order["order_id"]: order for order in run.mails.get("missing", ())}
    skipped_items = (
        why_missing.get(order["order_id"], order) if order["reason"] == "waiting_for_email" else order
        for order in run.imports.get("skipped_items", ())
    )
    result["skipped"] = _select_unreported(result, skipped_items)
    for record in run.imports["certificates"]:
        if record["outcome"] in {"imported", "updated"}:
            result["imported"].append(record)
        elif record["outcome"] == "unchanged":
            result["skipped"].append({**record, "reason": "already_imported"})
        else:
            result["failed"].append(record)


def build_summary(run: Run, result: Mapping[str, Sequence[Record]], *, is_check_mode: bool) -> list[str]:
    """Return the summary lines of a run: a line for each changed or found order and for each reason for skipping, and the totals.

    Failures are not included; see `why_failed`.

    Args:
        run: the results of the modules.
        result: the content of `ssl_fulfillment_result`.
        is_check_mode: whether the run only simulated its changes.
    """
    form: Form = "would be" if is_check_mode else "done"
    imported = {record.get("order_id") for record in result["imported"]}
    has_orders = run.order_list.get("order_count", run.order_list.get("orders")) or run.emails.get("emails")
    collected = [record for record in result["collected"] if record["order_id"] not in imported]
    return [
        *([] if has_orders or result["failed"] else [messages.NO_ORDERS]),
        *(messages.format_line("requested", record, form) for record in result["requested"]),
        *(messages.format_line("collected", record, form) for record in collected),
        *(messages.format_line("imported", record, form) for record in result["imported"]),
        *_list_skipped([record for record in result["skipped"] if not record.get("needs_attention")]),
        *([f"This run: {format_totals(result, is_check_mode=is_check_mode)}."] if any(result.values()) else []),
    ]


def _list_skipped(skipped: Sequence[Record]) -> Iterator[str]:
    """Yield a line with the message for the first orders that wait for a file, and a line for each reason for the other orders."""
    described = [record for record in skipped if record["reason"] in OBSTACLES][:MAX_DESCRIBED]
    for record in described:
        yield f"skipped: {choose_label(record) or 'unknown'} ({record['reason']}): {record['message']}"
    yield from summarize_skipped(record for record in skipped if record not in described)


def format_totals(result: Mapping[str, Sequence[Record]], *, is_check_mode: bool) -> str:
    """Return the numbers of orders in the lists of a result, as a phrase."""
    would_be = {name: f"would be {name}" for name in ("requested", "imported")} if is_check_mode else {}
    urgent = sum(bool(record.get("needs_attention")) for record in result["skipped"])
    counts = {would_be.get(name, name): len(result[name]) for name in RESULT_LISTS}
    counts |= {"skipped": counts["skipped"] - urgent, "need attention" if urgent > 1 else "needs attention": urgent}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def why_failed(
    result: Mapping[str, Sequence[Record]], rows: Iterable[Record] = (), fail_on: Collection[str] = ()
) -> str:
    """Return the reasons why a run fails: failures, skipped orders that need attention, and rows of the report; an empty string without reasons.

    Args:
        result: the content of `ssl_fulfillment_result`.
        rows: the rows of the report.
        fail_on: the reasons for attention that fail the run.
    """
    needed = [record for record in result["skipped"] if record.get("needs_attention")]
    said = [summarize_failures(result["failed"])] if result["failed"] else []
    said += [messages.format_skipped_orders(needed)] if needed else []
    reported = {record.get("order_id") for record in result["failed"]}
    failing = [row for row in rows if {*row["attention"]} & {*fail_on} and row["order_id"] not in reported]
    said += [messages.format_failing_rows(failing, fail_on)] if failing else []
    return "\n".join(said)
