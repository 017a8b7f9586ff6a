# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the fulfillment emails to request, with the reasons for skipped emails. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._base.action import Action
from .._base.codes import EmailOutcome, EmailReason, IneligibilityReason, StoredReason
from .._base.errors import CertificatesError
from .._base.names import choose_name, is_matching_address
from .._base.times import format_time
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.values import parse_number
from . import messages
from .imported import find_store_state

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
    """Addresses from a run in check mode, by order ID."""
    recipients: Sequence[str] | None = None
    """Additional patterns: an address must match `recipients` and `allowed_recipients`."""

    @property
    def patterns(self) -> Mapping[str, Sequence[str]]:
        """The lists of patterns by option name; an address must match every list."""
        lists = {"allowed_recipients": self.allowed_recipients, "recipients": self.recipients}
        return {name: patterns for name, patterns in lists.items() if patterns is not None}


def parse_approved(emails: Sequence[Mapping[str, t.Any]] | None) -> dict[int, str | None] | None:
    """Return the recipients of the emails from a run in check mode, by order ID, or `None` without such a result.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    if emails is None:
        return None
    shown = [email for email in emails if email.get("outcome", "requested") == "requested"]
    approved = {parse_number(email.get("order_id")): email.get("recipient") for email in shown}
    if None in approved or not all(isinstance(recipient, str | None) for recipient in approved.values()):
        raise CertificatesError(
            "invalid_argument",
            "Each item of approved must have order_id and recipient. Set approved to the emails that a run in check mode returned.",
        )
    return t.cast("dict[int, str | None]", approved)


@dataclass(frozen=True)
class EmailAction(Action[EmailOutcome, EmailReason]):
    """The planned or completed action for one order's fulfillment email."""

    REASONS = frozenset({"not_found", "retired", "rate_limited"})
    RESET_ON_FAILURE = {"requested_at": None, "next_allowed_at": None}

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
        """The name of the order in messages."""
        shown = choose_name(self.common_name, self.subject_alt_names)
        return f"order {self.order_id} ({shown})" if shown else f"order {self.order_id}"

    @property
    def message(self) -> str:
        """The message about the email."""
        return messages.describe_email(self.reason, self.facts)

    @property
    def is_open(self) -> bool:
        """Whether a certificate in the store changes the plan: the email is requested, has a disallowed recipient, or has an unknown outcome."""
        return self.outcome == "requested" or self.reason in {"outcome_unknown", "recipient_not_allowed"}

    def as_result(self) -> dict[str, t.Any]:
        """Return the email as an item of the module's result."""
        values = {name: value for name, value in vars(self).items() if name != "facts"}
        times = {name: format_time(value) for name, value in values.items() if name.endswith("_at")}
        return {**values, **times, "subject_alt_names": list(self.subject_alt_names), "message": self.message}

    def as_diff(self) -> dict[str, t.Any]:
        """Return the plan as an Ansible diff."""
        return {
            "before_header": self.name,
            "after_header": self.name,
            "before": {"requested_at": format_time(self.previous_requested_at), "recipient": self.recipient},
            "after": {"requested_at": format_time(self.requested_at), "recipient": self.recipient},
        }


def plan_email(order: Order, last: Entry | None, options: EmailOptions, at: datetime) -> EmailAction:
    """Return the plan for an order's email, without regard to the store and the approval.

    Args:
        order: the order.
        last: the last recorded request of the order's email.
        options: the user's options.
        at: the current time.
    """
    recipient, until = order.approver_email, last.get_block_end(options.min_interval, at) if last else None
    email = EmailAction(
        "skipped",
        None,
        {"recipient": recipient},
        order.id,
        common_name=order.common_name,
        subject_alt_names=order.subject_alt_names,
        recipient=recipient,
        technical_contact_email=order.technical_contact_email,
        status=order.status,
        previous_requested_at=last.requested_at if last else None,
        first_requested_at=(last.first_requested_at or last.requested_at) if last else None,
        next_allowed_at=until,
    )
    ineligibility = order.find_ineligibility(at)
    if ineligibility:
        outcome: EmailOutcome = "failed" if options.on_ineligible == "fail" else "skipped"
        return replace(email, outcome=outcome, reason=ineligibility, facts={"ineligibility": ineligibility})
    for option, patterns in options.patterns.items():
        if not is_matching_address(recipient, patterns):
            domains = (pattern.removeprefix("@") for pattern in patterns)
            domain = next((domain for domain in domains if not {"@", "*"} & {*domain}), None)
            facts = {"recipient": recipient, "option": option, "domain": domain}
            return email.mark_failed("recipient_not_allowed", facts, next_allowed_at=until)
    if last is not None and until is not None and not options.force:
        return block_email(email, last, options.min_interval, at)
    return mark_requested(email, at, options.min_interval)


def limit_to_approved(email: EmailAction, approved: Mapping[int, str | None]) -> EmailAction:
    """Return the email, marked as failed if a run in check mode did not return the email with the same recipient.

    An approved email also fails if the status of the order no longer allows a request.
    """
    seen, recipient = approved.get(email.order_id), email.recipient
    if seen is not None and email.reason in t.get_args(IneligibilityReason):
        return email.mark_failed("changed_meanwhile", {"status": email.status})
    if email.outcome != "requested" or (seen is not None and seen == recipient):
        return email
    if seen is None:
        return email.mark_failed("recipient_not_allowed", {})
    return email.mark_failed("recipient_changed", {"seen": seen, "recipient": recipient, "is_approved": True})


def block_email(email: EmailAction, last: Entry, interval: timedelta, at: datetime) -> EmailAction:
    """Return the email without a request, because of the last recorded request.

    The email fails if the outcome of the last request is unknown, so that a task with retries does not succeed without an email.
    """
    until, is_under_way, is_sent = last.get_block_end(interval, at), last.is_under_way(at), last.state == "confirmed"
    return replace(
        email,
        outcome="skipped" if is_sent or is_under_way else "failed",
        reason="cooldown" if is_sent else "outcome_unknown",
        facts={"requested_at": last.requested_at, "next_allowed_at": until, "is_under_way": is_under_way},
        requested_at=None,
        previous_requested_at=last.requested_at,
        next_allowed_at=until,
    )


def mark_requested(email: EmailAction, at: datetime, interval: timedelta) -> EmailAction:
    """Return a copy of the email, requested at an instant (also in check mode)."""
    until = at + interval if interval else None
    return replace(email, outcome="requested", requested_at=at, next_allowed_at=until)


def skip_stored_email(email: EmailAction, order: Order, index: StoreIndex, view: TrustView) -> EmailAction:
    """Return the email, marked as skipped if the store contains the order's certificate or a certificate that can replace the order's certificate.

    Args:
        email: the plan.
        order: the order of the email.
        index: the certificates in the store.
        view: the TLS clients that must trust a replacement of an order's certificate.
    """
    if not email.is_open:
        return email
    in_store = find_store_state(order, index, view)
    reason: StoredReason
    facts: dict[str, t.Any]
    if in_store.own_records:
        reason, facts = "already_imported", {"certificate_ids": [record.id for record in in_store.own_records]}
    elif in_store.successors:
        newest = max(in_store.successors, key=lambda record: (record.not_after or view.at, record.id))
        reason, facts = "superseded", {"certificate_id": newest.id, "not_after": newest.not_after}
    else:
        return email
    return replace(email, outcome="skipped", reason=reason, facts=facts, requested_at=None, next_allowed_at=None)


def fail_unselected(
    approved: Mapping[int, str | None], order_ids: Collection[int] | None, planned: Collection[int]
) -> list[EmailAction]:
    """Return the failed emails of approved orders that the selection no longer contains.

    Args:
        approved: the approved recipients by order ID.
        order_ids: the IDs in the option `order_ids`, if set.
        planned: the IDs of the selected orders.
    """
    return [
        EmailAction("failed", "changed_meanwhile", {}, order_id, recipient=recipient)
        for order_id, recipient in approved.items()
        if recipient is not None and order_id not in planned and (order_ids is None or order_id in order_ids)
    ]
