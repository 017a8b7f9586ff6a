# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of a report: the state of each order, and what needs attention. Private to softlayer.certificates.

Pure. The texts are in `roles/ssl_fulfillment/files/report.yml`, in every language; the page is in the role's templates.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .._api.orders import ineligibility
from .._codes import Attention, EmailReason, Ineligibility, MissingReason, State, WaitingReason
from .._names import shown_name_of
from .._times import SLACK, days_until, is_of_term, iso, parse
from .._x509.certificate import name_set
from .common import EXPIRING_DAYS, Record, Row, balancers, needing, notices, read, unless_same

STATES: tuple[State, ...] = t.get_args(State)
ATTENTION: tuple[Attention, ...] = t.get_args(Attention)
"""In order of urgency."""
COLUMNS = (
    *("order_id", "common_name", "name", "product", "status", "state", "reason", "explanation", "message", "attention"),
    *("recipient", "last_requested_at", "next_allowed_at", "mail_found", "mail_date"),
    *("certificate_ids", "certificate_notes", "served_by", "services", "expires_at", "days_left"),
)
"""The fields of a row, in the order of the CSV file."""
PLANNED: set[EmailReason] = {"outcome_unknown", "recipient_not_allowed"}
"""Reasons for a failed request of an email that the plan of the next request repeats: they have a state of their own."""
OBSTACLES: set[MissingReason | WaitingReason] = {
    "waiting_for_key",
    "waiting_for_certificate",
    "no_public_key",
    "untrusted",
    "chain_incomplete",
}
"""Reasons of a phase that say more than the state."""
LIMITED_TO_VIEW: Record = {
    "common_name": "the certificate store",
    "message": "The API user lacks the permission SECURITY_CERTIFICATE_MANAGE, so it is not known which orders are imported, and all of "
    "them stand here as if they were not. Grant it to see that.",
}


@dataclass(frozen=True)
class Known:
    """What is known about the orders in addition to their own fields, as the collection's modules return it."""

    store: Sequence[Record] | None = None
    """All records of the certificate store, or `None` if it could not be read; what serves them, they need not tell."""
    emails: Sequence[Record] = ()
    """What `ssl_fulfillment_email` would do now."""
    collected: Sequence[Record] = ()
    """The certificates found in emails."""
    missing: Sequence[Record] = ()
    """The orders without a certificate in the emails."""
    skipped: Sequence[Record] = ()
    """What the phases of this run skipped."""
    failed: Sequence[Record] = ()
    """What failed in this run; an entry without `order_id` is about all orders."""


@dataclass(frozen=True)
class _Index:
    """The same, indexed by order; and the store, by id and in the form that orders are compared with."""

    emails: Mapping[int, Record]
    collected: Mapping[int, Record]
    missing: Mapping[int, Record]
    skipped: Mapping[int, Record]
    failed: Mapping[int, Record]
    stored: Mapping[int, Record]
    fingerprints: frozenset[str]
    """SHA-256 of the certificates in the store."""
    by_key: Mapping[str, Sequence[Record]] | None
    """The store by SHA-256 of the public keys; `None` if it could not be read, or may only be viewed."""
    balances: bool
    """Whether load balancers serve any certificate of the store. In an account where none does, nothing is served yet to be."""
    lasting: Mapping[str, Mapping[frozenset[str], datetime]]
    """By name, and by all names of the orders that have it: when the last of these expires; a pending order counts as the last."""
    remembered: Mapping[int, Record] = field(default_factory=dict)
    """The rows of the previous report."""


def build(orders: Sequence[Record], known: Known, words: Record, at: datetime, previous: str | None = None) -> Row:
    """Return the report as data, ready for JSON.

    If nothing but the time has changed since the previous report of the same day (UTC), that report is returned. So a second
    run right after the first changes nothing.

    Args:
        orders: as `ssl_order_info` returns them.
        known: what else is known.
        words: the texts of one language.
        at: the present instant.
        previous: the JSON text of the previous report, if there is one.
    """
    old = read(previous)
    index = _index(orders, known, old)
    return unless_same(lambda moment: _build(orders, known, index, words, moment), old, at)


def _index(orders: Sequence[Record], known: Known, previous: Record) -> _Index:
    rows = previous.get("orders")
    return _Index(
        emails=_by_order(known.emails),
        collected=_by_order(known.collected),
        missing=_by_order(known.missing),
        skipped=_by_order(known.skipped),
        failed=_by_order(known.failed),
        stored={record["id"]: record for record in known.store or ()},
        fingerprints=frozenset(filter(None, (record.get("fingerprint_sha256") for record in known.store or ()))),
        by_key=_by_key(known.store),
        balances=any(record.get("services") for record in known.store or ()),
        lasting=_lasting(orders),
        remembered=_by_order(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else {},
    )


def _by_key(store: Sequence[Record] | None) -> dict[str, list[Record]] | None:
    if store is None or _is_limited_to_view(store):
        return None
    found: dict[str, list[Record]] = {}
    for record in store:
        found.setdefault(record.get("public_key_sha256") or "", []).append(record)
    return found


def _is_limited_to_view(store: Sequence[Record] | None) -> bool:
    """Return whether these are the records of a user who may only view: without notes, and without the keys to compare."""
    return bool(store) and all(record.get("notes") is None for record in store or ())


def _by_order(records: Iterable[Record]) -> dict[int, Record]:
    return {record["order_id"]: record for record in records if record.get("order_id")}


def _lasting(orders: Iterable[Record]) -> dict[str, dict[frozenset[str], datetime]]:
    forever = datetime.max.replace(tzinfo=timezone.utc)
    found: dict[str, dict[frozenset[str], datetime]] = {}
    for order in orders:
        expires = forever if order["status"] == "pending" else parse(order["expires_at"])
        if expires is not None and order["status"] in {"pending", "approved", "complete"}:
            names = _names(order)
            for name in names:
                last = found.setdefault(name, {})
                last[names] = max(last.get(names, expires), expires)
    return found


def _build(orders: Iterable[Record], known: Known, index: _Index, words: Record, at: datetime) -> Row:
    rows = sorted((_row(order, index, words, at) for order in orders), key=_urgency)
    counts = Counter(row["state"] for row in rows)
    general = [record for record in known.failed if not record.get("order_id")]
    return {
        "generated_at": iso(at),
        "order_count": len(rows),
        "states": {state: counts[state] for state in STATES},
        "load_balancers": balancers(rows) if index.balances else None,
        "attention": needing(rows, ATTENTION, "order_id", "order_ids"),
        "notices": notices([*general, *([LIMITED_TO_VIEW] if _is_limited_to_view(known.store) else [])]),
        "orders": rows,
    }


def _urgency(row: Row) -> tuple[int, int, str, int]:
    """Return a sort key: by what needs attention, then by state and by expiry."""
    kinds = row["attention"]
    return (
        ATTENTION.index(kinds[0]) if kinds else len(ATTENTION),
        STATES.index(row["state"]),
        row["expires_at"] or "~",
        row["order_id"],
    )


def _row(order: Record, index: _Index, words: Record, at: datetime) -> Row:
    identifier: int = order["id"]
    email = index.emails.get(identifier, {})
    standing = _in_store(order, index, at)
    certificates = standing.certificates
    services = [_service_count(record) for record in certificates]
    expires = parse(order["expires_at"]) or max(
        filter(None, (parse(record.get("not_after")) for record in certificates)), default=None
    )
    next_allowed = email.get("next_allowed_at") if email.get("outcome") != "requested" else None
    mail_found, mail_date = _mail(identifier, index, imported=bool(standing.is_imported))
    state, reason = _state(
        order,
        index,
        over=ineligibility(order["status"], expires, at),
        in_store=standing,
        mail_found=mail_found,
        next_allowed=next_allowed,
        last_requested=email.get("previous_requested_at"),
    )
    row = {
        "order_id": identifier,
        "common_name": order["common_name"],
        "name": shown_name_of(order),
        "product": order["product"],
        "status": order["status"],
        "state": state,
        "reason": reason,
        "explanation": words["reasons"].get(reason, reason),
        "message": index.failed[identifier].get("message") if state == "failed" else None,
        "attention": [],
        "recipient": order["approver_email"],
        "last_requested_at": email.get("previous_requested_at"),
        "next_allowed_at": next_allowed,
        "mail_found": mail_found,
        "mail_date": mail_date,
        "certificate_ids": None if standing.is_imported is None else [record["id"] for record in certificates],
        "certificate_notes": [record["notes"] for record in certificates if record.get("notes")],
        "served_by": _served_by(certificates),
        "services": sum(filter(None, services)) if services and None not in services else None,
        "expires_at": iso(expires),
        "days_left": days_until(expires, at),
    }
    row["attention"] = _attention(row, renewed=state == "superseded" or _is_renewed(order, index))
    return row


@dataclass(frozen=True)
class _InStore:
    """Whether an order's certificate is in the store, `None` if that is not known, and in which records."""

    is_imported: bool | None
    is_superseded: bool
    certificates: Sequence[Record]
    is_idle: bool = False
    """Whether it is known that nothing uses its certificate, although load balancers could."""


def _in_store(order: Record, index: _Index, at: datetime) -> _InStore:
    is_superseded = bool(order.get("superseded_by"))
    if index.by_key is None:
        is_imported = order.get("imported")
        ids = order.get("certificate_ids") or () if is_imported else ()
        return _InStore(is_imported, is_superseded, [{"id": identifier} for identifier in ids])
    imported_as = _imported_as(order, index.by_key, at)
    certificates = _own(order, imported_as)
    is_replaced = any(record.get("superseded_by") for record in certificates)
    is_idle = index.balances and _is_unused(certificates) and not is_replaced
    return _InStore(bool(imported_as), is_superseded and not imported_as, certificates, is_idle)


def _imported_as(order: Record, by_key: Mapping[str, Sequence[Record]], at: datetime) -> list[Record]:
    """Return the records of the store that are the order's certificate."""
    found = []
    for record in by_key.get(order.get("public_key_sha256") or "-", ()):
        begin, end = parse(record.get("not_before")), parse(record.get("not_after"))
        if begin and end and is_of_term(parse(order.get("expires_at")), begin, end, at):
            found.append(record)
    return found


def _names(order: Record) -> frozenset[str]:
    return name_set(order.get("common_name"), order.get("subject_alt_names") or ())


def _is_unused(certificates: Sequence[Record]) -> bool:
    """Return whether no listener serves any of these records, as far as the listeners are known, and no other service is told."""
    return _served_by(certificates) == [] and not any(map(_service_count, certificates))


def _service_count(record: Record) -> int | None:
    """Return how many services use a record; if the API tells fewer than there are listeners, their number."""
    told, listeners = record.get("associated_service_count"), len(record.get("services") or ())
    return max(told or 0, listeners) if listeners else told


def _served_by(certificates: Sequence[Record]) -> list[str] | None:
    """Return the listeners that serve these records, such as `shop:443`; `None` if that is not known, or if there are no records."""
    services = [record.get("services") for record in certificates]
    if not services or None in services:
        return None
    listeners = {(one["load_balancer"], one["port"]) for listed in services for one in listed or ()}
    return [f"{balancer}:{port}" for balancer, port in sorted(listeners)]


def _own(order: Record, imported_as: Sequence[Record]) -> Sequence[Record]:
    """Return the records of an order's own term, or if there are none, those of a later term with the same key."""
    ends = parse(order.get("expires_at"))
    own = [one for one in imported_as if ends is not None and (parse(one["not_after"]) or ends) <= ends + SLACK]
    return own or imported_as


def _mail(identifier: int, index: _Index, *, imported: bool) -> tuple[bool | None, str | None]:
    """Return whether the email with the certificate was found (`None` if nobody looked), and its date.

    If the certificate from the email is in the store but the order is not imported, it is that of an earlier order with the same key.
    The email of an imported order may be too old to be found, or was not looked for: then the previous report may have it.
    """
    found = index.collected.get(identifier)
    if found is not None and (imported or found.get("fingerprint_sha256") not in index.fingerprints):
        return True, iso(parse(found["source"]["date"]))
    if not imported:
        return (False if found is not None or identifier in index.missing else None), None
    before = index.remembered.get(identifier, {})
    return (True, iso(parse(before.get("mail_date")))) if before.get("mail_found") is True else (None, None)


def _state(
    order: Record,
    index: _Index,
    *,
    over: Ineligibility | None,
    in_store: _InStore,
    mail_found: bool | None,
    next_allowed: str | None,
    last_requested: str | None,
) -> tuple[State, str]:
    """Return an order's state and the reason for it."""
    identifier = order["id"]
    planned = index.emails.get(identifier, {}).get("reason")
    failure = index.failed.get(identifier)
    if failure is not None and (failure.get("reason") not in PLANNED or failure.get("reason") != planned):
        return "failed", failure.get("reason") or "api_error"
    if over:  # nothing else matters then
        return over, over
    if in_store.is_imported:
        return ("not_served", "waiting_for_deploy") if in_store.is_idle else ("imported", "already_imported")
    if in_store.is_superseded:
        return "superseded", "superseded"
    told = (index.missing.get(identifier) or index.skipped.get(identifier) or {}).get("reason")
    obstacle = told if told in OBSTACLES else None
    if mail_found:
        return "received", obstacle or "waiting_for_import"
    if planned == "outcome_unknown":
        return "unclear", planned
    if planned == "recipient_not_allowed":
        return "not_allowed", planned
    if next_allowed:
        return "requested", obstacle or ("cooldown" if mail_found is None else "waiting_for_email")
    if in_store.is_imported is None:
        return "requestable", obstacle or "store_unknown"
    again = "requestable_again" if last_requested and mail_found is False else "requestable"
    return "requestable", obstacle or again


def _is_renewed(order: Record, index: _Index) -> bool:
    """Return whether another order lasts longer that has all of its names."""
    expires, names = parse(order["expires_at"]), _names(order)
    others = index.lasting.get(next(iter(names), ""), {})
    return expires is not None and any(last > expires and names <= theirs for theirs, last in others.items())


def _attention(row: Row, *, renewed: bool) -> list[Attention]:
    """Return why the order needs attention, the most urgent reason first."""
    kinds = set(ATTENTION) & {row["state"], row["reason"]}
    days = row["days_left"]
    if row["state"] == "expired" and row["services"]:
        kinds.add("expired_in_use")
    elif row["state"] not in {"expired", "canceled"} and days is not None and 0 <= days <= EXPIRING_DAYS:
        if not renewed:
            kinds.add("expiring")
        elif row["services"]:
            kinds.add("switch_services")
    return sorted(kinds, key=ATTENTION.index)


def kind_of(row: Record) -> str:
    """Return what the timeline shows an order as."""
    if row["state"] == "expired":
        return "expired"
    if {"expiring", "switch_services"} & set(row["attention"]):
        return "due"
    return "imported" if row["state"] in {"not_served", "imported", "superseded"} else "open"
