# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide which fulfillment emails to request, and why not the others. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._base.action import SaidAction
from .._base.codes import NO_SUCH_ORDER, EmailOutcome, EmailReason, InStore
from .._base.errors import CertificatesError, SaidObstacle
from .._base.names import address_matches, is_one_address, shown_name
from .._base.text import printable, some_of
from .._base.times import iso
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.orders import INELIGIBLE
from .._softlayer.values import number
from .imported import standing

if t.TYPE_CHECKING:
    from .._ledger.ledger import Entry
    from .._softlayer.orders import Order


@dataclass(frozen=True)
class EmailOptions:
    """The user's options for requesting emails."""

    min_interval: timedelta
    allowed_recipients: Sequence[str] | None
    skip_imported: bool
    force: bool
    on_ineligible: t.Literal["fail", "skip"]
    approved: Mapping[int, str | None] | None = None
    """By order id: the address that a run in check mode has shown."""
    recipients: Sequence[str] | None = None
    """Narrows `allowed_recipients`: an address has to match both."""

    @property
    def limits_recipients(self) -> bool:
        """Whether it matters where an email goes."""
        return bool(self.patterns) or self.approved is not None

    @property
    def patterns(self) -> Mapping[str, Sequence[str]]:
        """The lists of patterns of which each has to allow an address."""
        lists = {"allowed_recipients": self.allowed_recipients, "recipients": self.recipients}
        return {name: patterns for name, patterns in lists.items() if patterns is not None}


def approved_recipients(emails: Sequence[Mapping[str, t.Any]] | None) -> dict[int, str | None] | None:
    """Return by order id the addresses of the emails that a run in check mode would have requested.

    Raises:
        CertificatesError: `invalid_argument`, if it is something else.
    """
    if emails is None:
        return None
    shown = [email for email in emails if email.get("outcome", "requested") == "requested"]
    approved = {number(email.get("order_id")): email.get("recipient") for email in shown}
    if None in approved or not all(isinstance(recipient, str | None) for recipient in approved.values()):
        raise CertificatesError(
            "invalid_argument",
            "Each of approved needs order_id and recipient: give the emails that a run in check mode returned.",
        )
    return t.cast("dict[int, str | None]", approved)


@dataclass(frozen=True)
class EmailAction(SaidAction[EmailOutcome, EmailReason]):
    """What to do, or what was done, about one order's fulfillment email."""

    REASONS = frozenset({"not_found", "retired", "rate_limited"})
    FORGOTTEN = {"requested_at": None, "next_allowed_at": None}

    order_id: int
    common_name: str | None = None
    subject_alt_names: tuple[str, ...] = ()
    recipient: str | None = None
    technical_contact_email: str | None = None
    status: str | None = None
    requested_at: datetime | None = None
    previous_requested_at: datetime | None = None
    first_requested_at: datetime | None = None
    next_allowed_at: datetime | None = None

    @property
    def name(self) -> str:
        """What it is called in messages."""
        shown = shown_name(self.common_name, self.subject_alt_names)
        return f"order {self.order_id} ({shown})" if shown else f"order {self.order_id}"

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's results."""
        times = ("requested_at", "previous_requested_at", "first_requested_at", "next_allowed_at")
        names = {"subject_alt_names": list(self.subject_alt_names)}
        return {**self.__dict__, **names, **{name: iso(getattr(self, name)) for name in times}}

    def as_diff(self) -> dict[str, t.Any]:
        """Return the plan for it in the form of Ansible's diffs."""
        return {
            "before_header": self.name,
            "after_header": self.name,
            "before": {"requested_at": iso(self.previous_requested_at), "recipient": self.recipient},
            "after": {"requested_at": iso(self.requested_at), "recipient": self.recipient},
        }


def plan_emails(
    orders: Iterable[Order],
    last_requests: Mapping[int, Entry],
    options: EmailOptions,
    at: datetime,
) -> list[EmailAction]:
    """Decide for each order whether to request its email, without looking at the store and at what was approved.

    Args:
        orders: the selected orders.
        last_requests: by order id: the last request on record.
        options: the user's options.
        at: the present instant.
    """
    return [_plan_email(order, last_requests.get(order.id), options, at) for order in orders]


def _plan_email(order: Order, last: Entry | None, options: EmailOptions, at: datetime) -> EmailAction:
    blocked_until = last.blocks_until(options.min_interval, at) if last else None
    email = EmailAction(
        "skipped",
        None,
        "",
        order.id,
        common_name=order.common_name,
        subject_alt_names=order.subject_alt_names,
        recipient=order.approver_email,
        technical_contact_email=order.technical_contact_email,
        status=order.status,
        previous_requested_at=last.requested_at if last else None,
        first_requested_at=(last.first_requested_at or last.requested_at) if last else None,
        next_allowed_at=blocked_until,
    )
    why_not = order.ineligibility(at)
    if why_not:
        outcome: EmailOutcome = "failed" if options.on_ineligible == "fail" else "skipped"
        return replace(email, outcome=outcome, reason=why_not, message=f"Not requested: {INELIGIBLE[why_not]}")
    for name, patterns in options.patterns.items():
        if not address_matches(order.approver_email, patterns):
            why = f"Not requested: it would go to {_why_not_allowed(order.approver_email, name, patterns)}."
            return email.failed("recipient_not_allowed", why, next_allowed_at=blocked_until)
    if last is not None and blocked_until is not None and not options.force:
        return blocked(email, last, options.min_interval, at)
    return as_requested(
        email,
        at,
        options.min_interval,
        f"The fulfillment email goes to {printable(order.approver_email or 'the address of the order')}.",
    )


def _why_not_allowed(recipient: str | None, name: str, patterns: Iterable[str]) -> str:
    if recipient is None:
        return f"an address that the API does not tell, so {name} cannot allow it"
    if not is_one_address(recipient):
        return f'"{printable(recipient)}", which is not exactly one address, so {name} cannot allow it'
    domain = next((bare for pattern in patterns if not {"@", "*"} & {*(bare := pattern.removeprefix("@"))}), None)
    hint = f": its patterns are for whole addresses, so write *@{printable(domain)}" if domain else ""
    return f"{recipient}, which {name} does not allow{hint}"


def limit_to_approved(emails: Iterable[EmailAction], approved: Mapping[int, str | None]) -> list[EmailAction]:
    """Let emails that are to be requested fail, except those that a run in check mode has shown, to the same address.

    What the run in check mode has shown fails, too, if the status of the order does not allow it any more.
    """
    limited = []
    for email in emails:
        why_not = _why_not_approved(email, approved)
        limited.append(email.failed(why_not.reason, f"Not requested: {why_not.message}") if why_not else email)
    return limited


def _why_not_approved(email: EmailAction, approved: Mapping[int, str | None]) -> SaidObstacle[EmailReason] | None:
    """Return why an email is not requested as a run in check mode has shown it; `None` if it is, or if it is not needed any more."""
    shown, recipient = approved.get(email.order_id), email.recipient
    if shown is not None and email.reason in INELIGIBLE:
        return SaidObstacle(
            "changed_meanwhile",
            f"the check run showed this order, and its status is {email.status} now. Run the check again.",
        )
    if email.outcome != "requested":
        return None
    if shown is None:
        return SaidObstacle(
            "recipient_not_allowed",
            "the check run showed no address for this order, so nobody has approved one. Run the check again.",
        )
    if shown != recipient:
        return SaidObstacle("recipient_changed", changed_recipient("the check run showed", shown, recipient))
    return None


def changed_recipient(when: str, before: str | None, after: str | None) -> str:
    """Return what to say of an email that would go to another address than was seen."""
    shown = [printable(address) if address else "no address" for address in (before, after)]
    return f"{when} {shown[0]}, and it would go to {shown[1]} now. See who has changed that, and run the check again."


def blocked(email: EmailAction, last: Entry, interval: timedelta, at: datetime) -> EmailAction:
    """Return an email that is not requested because of the last request on record.

    If that one may not have been sent, this is a failure. Otherwise a task with retries would end as successful without an email.
    """
    until, when = last.blocks_until(interval, at), iso(last.requested_at)
    outcome: EmailOutcome = "skipped"
    if last.state == "confirmed":
        why = f"it was requested at {when}; the next time is due at {iso(until)} (force: true overrules this)."
    elif last.is_under_way(at):
        why = f"a request of {when} is under way in another run, and may have been sent. Run again to see."
    else:
        outcome = "failed"
        why = f"a request of {when} got no answer and may have been sent. Look into the mailbox; force: true requests it again."
    return replace(
        email,
        outcome=outcome,
        reason="cooldown" if last.state == "confirmed" else "outcome_unknown",
        message=f"Not requested: {why}",
        requested_at=None,
        previous_requested_at=last.requested_at,
        next_allowed_at=until,
    )


def as_requested(email: EmailAction, at: datetime, interval: timedelta, message: str) -> EmailAction:
    """Return an email as requested, in fact or in check mode, at an instant."""
    return replace(
        email,
        outcome="requested",
        reason=None,
        requested_at=at,
        next_allowed_at=at + interval if interval else None,
        message=message,
    )


def is_open(email: EmailAction) -> bool:
    """Return whether the certificate would settle it: the email is to be requested, or it is unknown whether it was."""
    return email.outcome == "requested" or email.reason == "outcome_unknown"


def skip_imported(
    emails: Iterable[EmailAction], orders: Mapping[int, Order], index: StoreIndex, view: TrustView
) -> list[EmailAction]:
    """Skip the emails of orders whose certificate, or one that may stand in for it, is already in the store.

    Args:
        emails: the plan.
        orders: by id; at least those whose email `is_open`.
        index: the certificates of the store.
        view: who has to trust what stands in for an order's certificate.
    """
    return [
        _unless_imported(email, orders[email.order_id], index, view) if is_open(email) else email for email in emails
    ]


def _unless_imported(email: EmailAction, order: Order, index: StoreIndex, view: TrustView) -> EmailAction:
    in_store = standing(order, index, view)
    if not in_store.imported_as and not in_store.superseded_by:
        return email
    if in_store.imported_as:
        ids = ", ".join(str(record.id) for record in in_store.imported_as)
        reason: InStore = "already_imported"
        why = f"the store holds the order's certificate already (id {ids})"
    else:
        newest = max(in_store.superseded_by, key=lambda record: (record.not_after or view.at, record.id))
        reason = "superseded"
        why = f"the store holds a newer certificate for its names (id {newest.id}, valid until {iso(newest.not_after)})"
    return replace(
        email,
        outcome="skipped",
        reason=reason,
        requested_at=None,
        next_allowed_at=None,
        message=f"Not requested: {why}; force: true overrules this.",
    )


MOST_ORDERS_NAMED = 10
"""Maximum number of orders that a warning names."""


def warning_of_unknown_keys(emails: Iterable[EmailAction], orders: Mapping[int, Order]) -> str | None:
    """Return a warning about orders whose email is to be requested although their key is unknown, or `None`.

    Without the key, nothing can be compared with the order.
    """
    keyless = [
        email for email in emails if email.outcome == "requested" and not orders[email.order_id].public_key_sha256
    ]
    if not keyless:
        return None
    return (
        f"The API tells no readable CSR of {some_of([email.name for email in keyless], MOST_ORDERS_NAMED)}, so it cannot be known whether the store holds "
        "the certificate already, nor which email has it: look into the store, leave out of the selection what is there, and take the rest "
        "from its email by hand, with ssl_certificate_import."
    )


def not_selected(
    approved: Mapping[int, str | None], order_ids: Collection[int] | None, told: Collection[int]
) -> list[EmailAction]:
    """Return what fails because a run in check mode has shown it, and the selection does not have it any more.

    Args:
        approved: what was shown.
        order_ids: the only ones that this run is about, if it names some.
        told: the orders that it has a result for.
    """
    why = "Not requested: the check run showed this order, and the selection does not have it now. Run the check again."
    return [
        EmailAction("failed", "changed_meanwhile", why, order_id, recipient=recipient)
        for order_id, recipient in approved.items()
        if recipient is not None and order_id not in told and (order_ids is None or order_id in order_ids)
    ]


def not_found(order_id: int) -> EmailAction:
    """Return the entry for an order id that the account does not have."""
    return EmailAction("failed", "not_found", NO_SUCH_ORDER, order_id)
