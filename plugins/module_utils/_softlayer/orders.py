# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSL certificate orders: fetch, normalize, and select. Private to softlayer.certificates.

Uses `SoftLayer_Security_Certificate_Request`, without an import of the SDK, so that filter plugins can use this module.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cache, cached_property

from .._base.codes import IneligibilityReason
from .._base.errors import CertificatesError
from .._base.names import choose_name, has_matching_name, is_matching_address
from .._base.text import escape_invisible
from .._base.times import count_days, format_time, has_passed, parse
from .._x509.certificate import normalize_names
from .._x509.read import Csr, read_api_csr
from .values import as_dict, check_ids, parse_number, parse_text, require_boolean

if t.TYPE_CHECKING:
    from .client import Client

SERVICE = "Security_Certificate_Request"
FULFILLMENT_EMAIL = "FulfillmentEmail"
"""The `emailType` argument of `resendEmail`."""

PROPERTIES: Mapping[str, str] = {
    "common_name": "commonName",
    "approver_email": "approverEmailAddress",
    "technical_contact_email": "technicalContactEmailAddress",
    "public_key_sha256": "certificateSigningRequest",
    "key_type": "certificateSigningRequest",
    "subject_alt_names": "certificateSigningRequest",
    "created_at": "createDate",
    "modified_at": "modifyDate",
    "effective_at": "effectiveDate",
    "expires_at": "expirationDate",
    "status": "status[id,name]",
    "status_name": "status[id,name]",
    "billing_order_id": "order[id]",
    "product": "orderItem[id,description]",
}
"""The API property of each fact of an order, except the ID."""
NAME_FACTS = frozenset({"common_name", "subject_alt_names"})
"""The facts with the names of an order."""
STORE_FACTS = NAME_FACTS | {"public_key_sha256", "key_type", "created_at", "effective_at", "expires_at"}
"""The facts for the comparison of an order with the certificate store."""
EMAIL_FACTS = frozenset({"approver_email", "status", "expires_at"})
"""The facts that determine the recipient of an order's email, and whether an email is available."""
DERIVED_FACTS: Mapping[str, frozenset[str]] = {
    "days_until_expiry": frozenset({"expires_at"}),
    "fulfillment_email_available": frozenset({"status", "expires_at"}),
}
"""The required facts of each computed key of an order in results."""
STORE_KEYS = ("certificate_ids", "imported", "superseded_by")
"""Keys of results about the certificate store."""

STATUSES = {
    "pending ca approval": "pending",
    "approved": "approved",
    "complete": "complete",
    "completed": "complete",
    "canceled": "canceled",
    "cancelled": "canceled",
}
"""Statuses by the status names of the API (`SoftLayer_Security_Certificate_Request_Status`), whose IDs are not documented."""
STATUS_GATE: Mapping[str, IneligibilityReason | None] = {
    "approved": None,
    "complete": None,
    "pending": "pending",
    "canceled": "canceled",
}
"""The reason for a missing certificate, by status; `None` if the certificate is available."""


def find_ineligibility(status: str, expires_at: datetime | None, at: datetime) -> IneligibilityReason | None:
    """Return the reason for a missing certificate of an order, or `None` if the certificate is available."""
    return STATUS_GATE.get(status, "unknown_status") or ("expired" if has_passed(expires_at, at) else None)


@dataclass(frozen=True)
class Order:
    """An SSL certificate order. Every field except the ID may be missing."""

    id: int
    common_name: str | None
    status: str
    status_name: str | None
    approver_email: str | None
    technical_contact_email: str | None
    created_at: datetime | None
    modified_at: datetime | None
    effective_at: datetime | None
    expires_at: datetime | None
    product: str | None
    billing_order_id: int | None
    public_key_sha256: str | None
    key_type: str | None = None
    subject_alt_names: tuple[str, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """The common name and the DNS names of the CSR, in ASCII form."""
        return normalize_names(self.common_name, self.subject_alt_names)

    @property
    def shown_name(self) -> str | None:
        """Name in messages; `None` for an order without a name."""
        return choose_name(self.common_name, self.subject_alt_names)

    def find_ineligibility(self, at: datetime) -> IneligibilityReason | None:
        """Return the reason for a missing certificate, or `None` if the certificate is available."""
        return find_ineligibility(self.status, self.expires_at, at)

    def as_facts(self) -> dict[str, t.Any]:
        """Return the facts that do not depend on the time, for JSON."""
        facts = {name: getattr(self, name) for name in ("id", *PROPERTIES)}
        times = {name: format_time(value) for name, value in facts.items() if name.endswith("_at")}
        return {**facts, **times, "subject_alt_names": list(self.subject_alt_names)}

    @classmethod
    def from_facts(cls, facts: Mapping[str, t.Any]) -> Order:
        """Return the order from the facts that `as_facts` returned.

        Raises:
            Exception: the facts have another form.
        """
        values: dict[str, t.Any] = {
            name: parse(value) if name.endswith("_at") else value for name, value in facts.items()
        }
        order = cls(**{**values, "subject_alt_names": tuple(values["subject_alt_names"])})
        if order.as_facts() != facts:
            raise ValueError
        return order

    def as_result(self, at: datetime) -> dict[str, t.Any]:
        """Return the order for the result of a module."""
        return {
            **self.as_facts(),
            "days_until_expiry": count_days(self.expires_at, at),
            "fulfillment_email_available": self.find_ineligibility(at) is None,
        }


@dataclass(frozen=True)
class Selection:
    """The selection of orders. An order must match one value of each criterion; `None` means no restriction."""

    order_ids: Collection[int] | None = None
    common_names: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    approver_emails: Sequence[str] | None = None
    expires_within_days: int | None = None
    exclude_expired: bool = False
    imported: bool | None = None
    gather_imported: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, t.Any]) -> Selection:
        """Return the selection from options of `options.selection_options`.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        criteria = {field.name: options[field.name] for field in fields(cls) if options.get(field.name) is not None}
        if "order_ids" in criteria:
            check_ids("order_ids", criteria["order_ids"])
            criteria["order_ids"] = frozenset(criteria["order_ids"])
        selection = cls(**criteria)
        if (selection.expires_within_days or 0) < 0:
            raise CertificatesError("invalid_argument", "expires_within_days must not be negative.")
        return selection

    @classmethod
    def from_module(cls, params: Mapping[str, t.Any]) -> Selection:
        """Return the selection from the option `select`, restricted by the option `order_ids`.

        Raises:
            CertificatesError: `invalid_argument`.
        """
        own, select = cls.from_options(params), params["select"]
        if select is None:
            return own
        selection = cls.from_options(select)
        named = [ids for ids in (own.order_ids, selection.order_ids) if ids is not None]
        ids = frozenset.intersection(*map(frozenset, named)) if named else None
        return replace(selection, order_ids=ids, gather_imported=own.gather_imported or selection.gather_imported)

    @property
    def facts(self) -> frozenset[str]:
        """The facts of orders that the selection requires."""
        needed = (
            (self.common_names is not None, NAME_FACTS),
            (self.statuses is not None, {"status"}),
            (self.approver_emails is not None, {"approver_email"}),
            (self.expires_within_days is not None or self.exclude_expired, {"expires_at"}),
            (self.needs_store, STORE_FACTS),
        )
        return frozenset(fact for is_needed, facts in needed if is_needed for fact in facts)

    @property
    def needs_store(self) -> bool:
        """Whether the selection or the result depends on the certificate store."""
        return self.gather_imported or self.imported is not None

    def matches(self, order: Order, at: datetime) -> bool:
        """Return whether an order meets all criteria, except criteria about the certificate store."""
        days = count_days(order.expires_at, at)
        return (
            (self.order_ids is None or order.id in self.order_ids)
            and (self.common_names is None or has_matching_name(order.names, self.common_names))
            and (self.statuses is None or order.status in self.statuses)
            and (self.approver_emails is None or is_matching_address(order.approver_email, self.approver_emails))
            and (self.expires_within_days is None or (days is not None and 0 <= days <= self.expires_within_days))
            and not (self.exclude_expired and has_passed(order.expires_at, at))
        )


def build_order_mask(facts: Collection[str] = PROPERTIES.keys()) -> str:
    """Return the object mask for facts of orders, with only the required properties."""
    properties = dict.fromkeys(asked for fact, asked in PROPERTIES.items() if fact in facts)
    return f"mask[{','.join(['id', 'accountId', *properties])}]"


def fetch_orders(
    client: Client,
    account_id: int,
    order_ids: Collection[int] | None = None,
    facts: Collection[str] = PROPERTIES.keys(),
) -> list[Order]:
    """Return orders of the account, sorted by ID (`getSslCertificateRequests`).

    Args:
        client: the session.
        account_id: ID of the account.
        order_ids: the IDs; `None` for all orders.
        facts: keys of `PROPERTIES` to request. Other facts are missing in the orders, whose status may be `unknown`.

    Raises:
        CertificatesError: as `Client.read_list`; `invalid_argument` if an order belongs to another account.
    """
    listing = (SERVICE, "getSslCertificateRequests", account_id)
    mask = build_order_mask(facts)
    rows = (
        client.read_list(*listing, mask=mask)
        if order_ids is None
        else client.read_ids(*listing, identifiers=order_ids, mask=mask)
    )
    _check_account(client, account_id, rows)
    read = cache(read_api_csr)  # a renewal often has the CSR of the order before it
    return [normalize(row, read) for row in rows]


def _check_account(client: Client, account_id: int, rows: Sequence[Mapping[str, t.Any]]) -> None:
    """Reject orders of another account. An order without an account belongs to the account of the API user."""
    account_ids = {row.get("accountId") for row in rows}
    others = sorted(
        {client.fetch_account_id() if account is None else parse_number(account) or 0 for account in account_ids}
        - {account_id}
    )
    if others:
        raise CertificatesError(
            "invalid_argument",
            f"The API returned orders of account {', '.join(map(str, others))} instead of account {account_id}. Nothing was changed. "
            "Correct account_id, or remove the option.",
            account_id=account_id,
            accounts=others,
        )


def fetch_order(client: Client, account_id: int, order_id: int) -> Order:
    """Return an order with its current `EMAIL_FACTS` (`getObject`). The caller must already be in a call of the API.

    Raises:
        CertificatesError: as `Client.call`; `api_error` if the response is not the order, `invalid_argument` if the order belongs to another account.
    """
    mask = build_order_mask(EMAIL_FACTS)
    row = client.call(SERVICE, "getObject", identifier=order_id, mask=mask, in_turn=True)
    if not isinstance(row, dict) or parse_number(row.get("id")) != order_id:
        raise CertificatesError(
            "api_error", f"SoftLayer_{SERVICE}::getObject did not return the order. Check endpoint_url."
        )
    _check_account(client, account_id, [row])
    return normalize(row)


def resend_fulfillment_email(client: Client, order_id: int, before_sending: Callable[[], None] | None = None) -> bool:
    """Request the fulfillment email of the CA again (`resendEmail`); return `False` if the API rejected the request.

    The request is never retried after a lost response.

    Raises:
        CertificatesError: as `Client.call`; `no_answer` if the response is not a boolean.
    """
    answer = client.call(
        SERVICE,
        "resendEmail",
        FULFILLMENT_EMAIL,
        identifier=order_id,
        repeatable=False,
        before_sending=before_sending,
    )
    return require_boolean(answer, f"SoftLayer_{SERVICE}::resendEmail")


def normalize(row: Mapping[str, t.Any], read: Callable[[str], Csr | None] = read_api_csr) -> Order:
    """Return an order from an API object.

    Args:
        row: the object.
        read: parses a CSR.
    """
    status_name = parse_text(as_dict(row.get("status")).get("name"))
    csr = row.get("certificateSigningRequest")
    request = read(csr) if isinstance(csr, str) else None
    return Order(
        id=int(row["id"]),
        common_name=parse_text(row.get("commonName")),
        status=STATUSES.get((status_name or "").lower(), "unknown"),
        status_name=status_name,
        approver_email=parse_text(row.get("approverEmailAddress")),
        technical_contact_email=parse_text(row.get("technicalContactEmailAddress")),
        created_at=parse(row.get("createDate")),
        modified_at=parse(row.get("modifyDate")),
        effective_at=parse(row.get("effectiveDate")),
        expires_at=parse(row.get("expirationDate")),
        product=parse_text(as_dict(row.get("orderItem")).get("description")),
        billing_order_id=parse_number(as_dict(row.get("order")).get("id")),
        public_key_sha256=request.public_key_sha256 if request else None,
        key_type=request.key_type if request else None,
        subject_alt_names=tuple(map(escape_invisible, request.dns_names)) if request else (),
    )
