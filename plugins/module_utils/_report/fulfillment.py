# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role `ssl_fulfillment` has done. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .._errors import failed_about, failure_of
from .wording import failures, label, named, skipped, stored_as

Record = Mapping[str, t.Any]
"""A result of a module, or a part of it."""

LISTS = ("requested", "collected", "imported", "skipped", "failed")
"""What `ssl_fulfillment_result` holds."""
NOT_ALLOWED = "recipient_not_allowed"
AWAITED = "outcome_unknown"
"""The email may arrive, so that something is left to do even if no other is requested."""
UNTOLD = "an address that the API does not tell"


@dataclass(frozen=True)
class Run:
    """What the modules returned in a run of the role; `None` or empty for a module that was not called."""

    phases: Collection[str]
    listed: Record | None = None
    """The orders, by `ssl_order_info`; `None` too where the module that requests the emails read them by itself."""
    emails: Record | None = None
    """From `ssl_fulfillment_email`."""
    mails: Record | None = None
    """From `ssl_fulfillment_email_info`."""
    files: Record | None = None
    """From the filter `certificate_files`."""
    imports: Sequence[Record] = ()
    """From `ssl_certificate_import`, one for each batch."""
    known: Record | None = None
    """From `ssl_fulfillment_email` in check mode, for the report."""
    store: Record | None = None
    """From `ssl_certificate_info`, for the report."""
    unwritten: Record = field(default_factory=dict)
    """The failure to write the report, if there is one."""

    @property
    def has_listed(self) -> bool:
        """Whether the orders are known, or were not asked for."""
        return self.listed is None or "orders" in self.listed

    @property
    def has_orders(self) -> bool:
        """Whether any order was selected, or none was asked for."""
        is_needless = self.listed is None and "request" not in self.phases
        return is_needless or bool((self.listed or {}).get("orders")) or bool((self.emails or {}).get("emails"))


def run_of(
    phases: Collection[str],
    steps: Collection[str],
    registered: Record,
    *,
    is_direct: bool,
) -> Run:
    """Return what the modules returned in this run: Ansible keeps what an earlier run of the role registered.

    Args:
        phases: those that ran.
        steps: by which they ran, as `_plan.fulfillment.steps` returns them.
        registered: what is registered, by the names of the fields of `Run`.
        is_direct: whether the orders were not listed before.
    """
    listed = None if is_direct else registered["listed"]
    if listed is not None and "orders" not in listed:
        return Run(phases, listed)
    return Run(
        phases,
        listed,
        emails=registered["emails"] if "request" in steps else None,
        mails=registered["mails"] if "collect" in steps else None,
        files=registered["files"] if "import" in steps else None,
        imports=registered["imports"] if "import" in steps else (),
        known=registered["known"] if "report" in steps else None,
        store=registered["store"] if "report" in steps else None,
        unwritten=registered["unwritten"] if "report" in steps else {},
    )


def outcome(run: Run, tolerated: Collection[str] = ()) -> dict[str, list[Record]]:
    """Return the content of `ssl_fulfillment_result` after a run.

    Args:
        run: what the modules returned.
        tolerated: reasons for which an email that was not requested counts as skipped, if other emails are requested or it may
            arrive all the same.
    """
    result: dict[str, list[Record]] = {name: [] for name in LISTS}
    if run.listed is not None and not run.has_listed:
        result["failed"].append(failed_about("the orders", run.listed))
        return result
    _add_emails(result, run, tolerated)
    if run.mails is not None:
        _add_mails(result, run.mails, run.phases)
    if run.files is not None:
        _add_imports(result, run)
    for name, answer, key in (
        ("the ledger", run.known, "emails"),
        ("the certificate store", run.store, "certificates"),
    ):
        if answer is not None and key not in answer:
            result["failed"].append(failed_about(name, answer))
    if run.unwritten:
        result["failed"].append(failed_about("the report", run.unwritten))
    return result


def _add_emails(result: dict[str, list[Record]], run: Run, tolerated: Collection[str]) -> None:
    """Add the outcomes of the emails."""
    emails = run.emails["emails"] if run.emails else ()
    result["requested"] += [email for email in emails if email["outcome"] == "requested"]
    may_pass = tolerated if result["requested"] else {AWAITED} & set(tolerated)
    for email in emails:
        if email["outcome"] == "skipped":
            result["skipped"].append(email)
        elif email["outcome"] != "requested" and email["reason"] in may_pass:
            result["skipped"].append({**email, "outcome": "skipped"})
        elif email["outcome"] != "requested":
            result["failed"].append(email)


def _add_mails(result: dict[str, list[Record]], mails: Record, phases: Collection[str]) -> None:
    """Add what was found in the mailbox; a run that only reports has collected nothing."""
    if "certificates" not in mails:
        result["failed"].append(failed_about("the mailbox", mails))
    elif {"collect", "import"} & set(phases):
        result["collected"] += mails["certificates"]
    if "collect" in phases:
        _skip(result, mails.get("missing", ()))


def _add_imports(result: dict[str, list[Record]], run: Run) -> None:
    """Add what was imported; if an order is skipped, the reason of the last phase counts."""
    files = t.cast(Record, run.files)
    certificates: list[Record] = []
    for answer in run.imports:
        certificates += answer.get("certificates") or [{**failure_of(answer), "outcome": "failed"}]
    missing = run.mails.get("missing", ()) if run.mails else ()
    untrusted = [one for one in missing if one["reason"] in {"untrusted", "chain_incomplete"}]
    known = {one["order_id"] for one in untrusted}
    result["skipped"] = []
    _skip(result, [one for one in files["skipped"] if one["order_id"] not in known])
    _skip(result, untrusted)
    for one in certificates:
        if one["outcome"] in {"imported", "updated"}:
            result["imported"].append(one)
        elif one["outcome"] == "unchanged":
            result["skipped"].append({**one, "reason": "already_imported"})
        else:
            result["failed"].append(one)


def _skip(result: dict[str, list[Record]], records: Iterable[Record]) -> None:
    """Add skipped orders; they replace the entries of an earlier phase about the same orders."""
    records = list(records)
    ids = {record["order_id"] for record in records}
    result["skipped"] = [one for one in result["skipped"] if one.get("order_id") not in ids] + records


def why_failed(run: Run, failed: Sequence[Record], in_words_of_role: Callable[[str], str]) -> str:
    """Return one line that says what failed.

    Args:
        run: what the modules returned.
        failed: the list `failed` of the outcome.
        in_words_of_role: replaces names of modules' options by the role's variables.
    """
    if not run.has_listed:
        return in_words_of_role(failed[0]["message"])
    return failures(failed, in_words_of_role)


def summary(
    run: Run,
    result: Mapping[str, Sequence[Record]],
    blank: Sequence[str],
    in_words_of_role: Callable[[str], str],
    *,
    is_check_mode: bool,
    report: str | None,
) -> list[str]:
    """Return what a run has done, with a line for each order that was acted on.

    Args:
        run: what the modules returned.
        result: the outcome.
        blank: the variables that select no order because they are null or empty.
        in_words_of_role: replaces names of modules' options by the role's variables.
        is_check_mode: whether nothing was actually done.
        report: the path of the page that was written.
    """
    would_be = "would be " if is_check_mode else ""
    not_allowed = [one for one in result["skipped"] if one["reason"] == NOT_ALLOWED]
    lines = [
        *([] if run.has_orders and not blank else [_why_none(blank)]),
        *(f"{_order(one)}: {would_be}requested, goes to {one['recipient'] or UNTOLD}" for one in result["requested"]),
        *(f"{_order(one)}: found in the email of {_mail_date(one)}" for one in result["collected"]),
        *(f"{_order(one)}: {would_be}{one['outcome']}{stored_as(one)}" for one in result["imported"]),
        *(f"{named(one) or 'a batch'}: FAILED, {in_words_of_role(one['message'])}" for one in result["failed"]),
        *(f"{_order(one)}: NOT ALLOWED, passed over: {in_words_of_role(one['message'])}" for one in not_allowed),
        *skipped(one for one in result["skipped"] if one["reason"] != NOT_ALLOWED),
        ", ".join(f"{name} {len(result[name])}" for name in LISTS),
    ]
    if report and not run.unwritten:
        lines.append(f"the report {'would be' if is_check_mode else 'is'} {report}.html, and beside it .json and .csv")
    return lines


def _why_none(blank: Sequence[str]) -> str:
    if not blank:
        return "no order is selected, because the account has none that fits the selection"
    are, them = ("is", "it") if len(blank) == 1 else ("are", "them")
    return f"no order is selected, because {' and '.join(blank)} {are} null or empty; to select all, leave {them} out"


def _mail_date(found: Record) -> str:
    return found["source"].get("date") or "an unknown date"


def _order(record: Record) -> str:
    return f"{label(record) or '(no name)'} (order {record.get('order_id')})"
