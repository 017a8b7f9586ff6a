# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role `ssl_fulfillment` has done. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.codes import NO_SUCH_ORDER
from .._base.errors import failed_about
from .._report.summary import Record, failures, label, listed, named, skipped, stored_as

LISTS = ("requested", "collected", "imported", "skipped", "failed")
"""What `ssl_fulfillment_result` holds."""
UNTOLD = "an address that the API does not tell"


@dataclass(frozen=True)
class Run:
    """What the modules returned in a run of the role; empty for a module that was not called."""

    asked: Collection[str]
    """The phases that were asked for: others ran only for them."""
    listed: Record = field(default_factory=dict)
    """From `ssl_order_info`, with its `orders` for the report."""
    emails: Record = field(default_factory=dict)
    """From `ssl_fulfillment_email`."""
    mails: Record = field(default_factory=dict)
    """From `ssl_fulfillment_email_info`."""
    imported: Record = field(default_factory=dict)
    """From `ssl_certificate_import`."""
    known: Record = field(default_factory=dict)
    """From `ssl_fulfillment_email` in check mode: when emails were requested, and for the report, which can be."""
    store: Record = field(default_factory=dict)
    """From `ssl_certificate_info`, for the report."""
    fail_on: Collection[str] = ()
    """The kinds of attention that fail a run with a report."""

    @classmethod
    def of(cls, answers: Mapping[str, t.Any]) -> Run:
        """Return a run from what its tasks have registered: the result of a task that was skipped is none."""
        given = {name: answers[name] for name in answers if name in cls.__dataclass_fields__}
        return cls(
            **{
                name: value
                for name, value in given.items()
                if not (isinstance(value, Mapping) and value.get("skipped"))
            }
        )


def facts_of(run: Run, result: Mapping[str, Sequence[Record]]) -> Record:
    """Return what the report is made of."""
    imported = {record["order_id"]: record["id"] for record in result["imported"] if record.get("id") is not None}
    return {
        "orders": [_as_imported(order, imported.get(order["id"])) for order in run.listed["orders"]],
        "store": run.store.get("certificates"),
        "emails": run.known.get("emails") or [],
        "collected": run.mails.get("certificates") or [],
        "missing": run.mails.get("missing") or [],
        "skipped": result["skipped"],
        "failed": result["failed"],
    }


def _as_imported(order: Record, certificate_id: int | None) -> Record:
    """Return an order with the certificate that this run has imported for it; it was listed before."""
    if certificate_id is None:
        return order
    ids = sorted({*(order.get("certificate_ids") or ()), certificate_id})
    return {**order, "certificate_ids": ids, "imported": True}


def outcome(run: Run) -> dict[str, list[Record]]:
    """Return the content of `ssl_fulfillment_result` after a run."""
    result: dict[str, list[Record]] = {name: [] for name in LISTS}
    for email in run.emails.get("emails") or ():
        result[email["outcome"]].append(email)
    if run.mails:
        _add_mails(result, run.mails, run.asked)
    if run.imported and not run.imported.get("skipped"):
        _add_imports(result, run)
    told = {email["order_id"] for email in run.emails.get("emails") or ()}
    result["failed"] += [_no_order(id_) for id_ in run.listed.get("missing_order_ids") or () if id_ not in told]
    for name, answer, key in (
        ("the orders", run.listed, "orders"),
        ("the emails", run.emails, "emails"),
        ("the ledger", run.known if "report" in run.asked else {}, "emails"),  # others do without what it tells
        ("the certificate store", run.store, "certificates"),
    ):
        if answer and key not in answer and not answer.get("skipped"):
            result["failed"].append(failed_about(name, answer))
    return result


def _no_order(order_id: int) -> Record:
    return {"order_id": order_id, "common_name": None, "reason": "not_found", "message": NO_SUCH_ORDER}


def _add_mails(result: dict[str, list[Record]], mails: Record, asked: Collection[str]) -> None:
    """Add what was found in the mailbox; a run that only reports has collected nothing."""
    if "certificates" not in mails:
        result["failed"].append(failed_about("the mailbox", mails))
    elif {"collect", "import"} & set(asked):
        result["collected"] += mails["certificates"]
    if "collect" in asked:  # what it says of an order replaces what an earlier phase said
        missing = _untold(result, mails.get("missing", ()))
        ids = {order["order_id"] for order in missing}
        result["skipped"] = [*(order for order in result["skipped"] if order.get("order_id") not in ids), *missing]


def _untold(result: Mapping[str, Sequence[Record]], skipped: Iterable[Record]) -> list[Record]:
    """Return what is skipped, less the emails that have not come since they could not be requested: that is told already."""
    failed = {order.get("order_id") for order in result["failed"]}
    return [order for order in skipped if order["reason"] != "waiting_for_email" or order["order_id"] not in failed]


def _add_imports(result: dict[str, list[Record]], run: Run) -> None:
    """Add what was imported; if an order is skipped, the reason of the last phase counts."""
    if "certificates" not in run.imported:
        result["failed"].append(failed_about("the import", run.imported))
        return
    why_missing = {order["order_id"]: order for order in run.mails.get("missing", ())}
    skipped_items = (
        why_missing.get(order["order_id"], order) if order["reason"] == "waiting_for_email" else order
        for order in run.imported.get("skipped_items", ())
    )
    result["skipped"] = _untold(result, skipped_items)
    for record in run.imported["certificates"]:
        if record["outcome"] in {"imported", "updated"}:
            result["imported"].append(record)
        elif record["outcome"] == "unchanged":
            result["skipped"].append({**record, "reason": "already_imported"})
        else:
            result["failed"].append(record)


def summary(run: Run, result: Mapping[str, Sequence[Record]], totals: str, *, is_check_mode: bool) -> list[str]:
    """Return what a run has done, with a line for each order that was acted on; what fails it comes last, after the totals.

    Args:
        run: what the modules returned.
        result: the outcome.
        totals: the line of totals.
        is_check_mode: whether nothing was actually done.
    """
    would_be = "would be " if is_check_mode else ""
    imported = {record.get("order_id") for record in result["imported"]}
    is_report = set(run.asked) == {"report"} and not any(result.values())  # which has totals of its own
    return [
        *(
            []
            if run.listed.get("order_count", run.listed.get("orders")) or run.emails.get("emails") or result["failed"]
            else [NONE]
        ),
        *(
            f"{_order(record)}: {would_be}requested, goes to {record['recipient'] or UNTOLD}"
            for record in result["requested"]
        ),
        *(
            f"{_order(record)}: found in the email of {record['source'].get('date') or 'an unknown date'}"
            for record in result["collected"]
            if record["order_id"] not in imported
        ),
        *(f"{_order(record)}: {would_be}{record['outcome']}{stored_as(record)}" for record in result["imported"]),
        *skipped(record for record in result["skipped"] if not record.get("needs_person")),
        *([] if is_report else [totals]),
        *(f"{named(record) or 'a certificate'}: {_word(record)}, {record['message']}" for record in result["failed"]),
        *(f"NEEDS A PERSON: {_about(record)}" for record in result["skipped"] if record.get("needs_person")),
    ]


def totals(result: Mapping[str, Sequence[Record]], *, is_check_mode: bool) -> str:
    """Return the line of totals."""
    return ", ".join(f"{WOULD.get(name, name) if is_check_mode else name} {len(result[name])}" for name in LISTS)


def why_failed(
    result: Mapping[str, Sequence[Record]], rows: Iterable[Record] = (), fail_on: Collection[str] = ()
) -> str:
    """Return what failed, what waits for a person longer than it should, and what the report finds; blank if there is nothing.

    Args:
        result: the outcome.
        rows: those of the report.
        fail_on: for what a row that needs attention fails the run.
    """
    needed = [_about(record) for record in result["skipped"] if record.get("needs_person")]
    orders = "1 order needs" if len(needed) == 1 else f"{len(needed)} orders need"
    said = [failures(result["failed"])] if result["failed"] else []
    said += [f"{orders} a person: {listed(needed)}"] if needed else []
    told = {record.get("order_id") for record in result["failed"]}
    alarming = [row for row in rows if {*row["attention"]} & {*fail_on} and row["order_id"] not in told]
    if alarming:
        orders = "1 order needs" if len(alarming) == 1 else f"{len(alarming)} orders need"
        named_rows = [f"{row['name'] or '(no name)'} (order {row['order_id']}): {row['state']}" for row in alarming]
        said.append(f"{orders} attention (ssl_fulfillment_fail_on): {listed(named_rows)}")
    return "\n".join(said)


def _about(skipped_item: Record) -> str:
    return f"{named(skipped_item) or 'a certificate'}: {skipped_item['reason']}: {skipped_item['message']}"


WOULD = {"requested": "would request", "imported": "would import"}
"""What the totals of a run in check mode call what it has not done."""
NONE = "no order is selected, because the account has none that fits the selection"


def _word(failed: Record) -> str:
    """Return what a line calls a failure: one that a preview in AWX passes over has a word of its own."""
    return "NOT ALLOWED" if failed.get("reason") == "recipient_not_allowed" else "FAILED"


def _order(record: Record) -> str:
    return f"{label(record) or '(no name)'} (order {record.get('order_id')})"
