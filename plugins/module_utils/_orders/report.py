# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of SSL orders: the state of each order, and the reasons for attention. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timezone
from functools import cached_property

from .._base.codes import Attention, EmailReason, IneligibilityReason, MissingReason, State, WaitingReason
from .._base.names import build_listener_sort_key, choose_record_name, format_listener_name
from .._base.times import MAX_DATE_DIFFERENCE, MAX_DUE_DAYS, count_days, find_term, format_time, is_in_term, parse
from .._report.report import Kind, Row, Schema, build_data, build_notice, reuse_unchanged
from .._report.summary import Record
from .._softlayer.orders import find_ineligibility
from .._x509.certificate import read_record_names

STATES: tuple[State, ...] = t.get_args(State)
ATTENTION: tuple[Attention, ...] = t.get_args(Attention)
"""Reasons for attention, in order of urgency."""
ORDERS = Schema(
    row="order",
    identifier="order_id",
    ids="order_ids",
    states=STATES,
    attention=ATTENTION,
    columns=(
        *(
            "order_id",
            "common_name",
            "name",
            "subject_alt_names",
            "product",
            "status",
            "state",
            "reason",
            "explanation",
            "message",
        ),
        *("attention", "recipient", "last_requested_at", "next_allowed_at", "mail_found", "mail_date"),
        *("certificate_ids", "certificate_notes", "served_by", "services", "expires_at", "days_left"),
    ),
    required_fields={"orders": {"id": (), "status": ()}},
    run_fields=frozenset({"mail_found", "mail_date"}),  # the email of an imported order is not searched any more
)
PLAN_REASONS: set[EmailReason] = {"outcome_unknown", "recipient_not_allowed"}
"""Reasons for a failed request that the next plan repeats. Each reason has a state."""
OBSTACLES: set[MissingReason | WaitingReason] = {
    "waiting_for_key",
    "waiting_for_certificate",
    "no_public_key",
    "untrusted",
    "chain_incomplete",
}
"""Reasons from a phase that are more specific than the state."""
VIEW_PERMISSION_NOTICE: Record = {
    "source": "the certificate store",
    "message": "The API user lacks the permission SECURITY_CERTIFICATE_MANAGE, so the report shows all orders as not imported. Grant the permission to see the "
    "imported orders.",
}
LatestExpiries = Mapping[str, Mapping[frozenset[str], datetime]]
"""Latest expiry of orders, by each name and by the order's set of names. A pending order counts as the latest."""


@dataclass(frozen=True)
class OrderFacts:
    """Facts about orders from the results of the modules, in addition to the orders themselves."""

    store: Sequence[Record] | None = None
    """All records of the certificate store, or `None` if the store could not be read. The services are optional."""
    emails: Sequence[Record] = ()
    """The result of `ssl_fulfillment_email` in check mode."""
    collected: Sequence[Record] = ()
    """The certificates found in emails."""
    missing: Sequence[Record] = ()
    """The orders without a certificate in the emails."""
    skipped: Sequence[Record] = ()
    """Items that the phases of this run skipped."""
    failed: Sequence[Record] = ()
    """Items that failed in this run. An item without `order_id` affects all orders."""

    @classmethod
    def of(cls, results: Record) -> OrderFacts:
        """Return the facts from results of modules. Null values are unknown."""
        return cls(**{each.name: results[each.name] for each in fields(cls) if results.get(each.name) is not None})

    @cached_property
    def entries_by_order(self) -> Mapping[str, Mapping[int, Record]]:
        """The items of each list, except `store`, by order ID."""
        names = ("emails", "collected", "missing", "skipped", "failed")
        return {
            name: {record["order_id"]: record for record in getattr(self, name) if record.get("order_id")}
            for name in names
        }

    @cached_property
    def failures_by_order(self) -> Mapping[int, Sequence[Record]]:
        """All failures by order ID."""
        by_order: dict[int, list[Record]] = {}
        for record in self.failed:
            if record.get("order_id"):
                by_order.setdefault(record["order_id"], []).append(record)
        return by_order

    @cached_property
    def fingerprints(self) -> set[str]:
        """SHA-256 fingerprints of the certificates in the store."""
        return {record["fingerprint_sha256"] for record in self.store or () if record.get("fingerprint_sha256")}

    @cached_property
    def records_by_key(self) -> Mapping[str, Sequence[Record]] | None:
        """Records of the store by the SHA-256 of the public keys; `None` for an unreadable store, or with view permission only."""
        if self.store is None or self.is_limited_to_view:
            return None
        by_key: dict[str, list[Record]] = {}
        for record in self.store:
            if record.get("public_key_sha256"):
                by_key.setdefault(record["public_key_sha256"], []).append(record)
        return by_key

    @cached_property
    def is_limited_to_view(self) -> bool:
        """Whether the store was read with view permission only, that is, without notes and keys."""
        return bool(self.store) and all(record.get("notes") is None for record in self.store or ())

    @property
    def listeners(self) -> Sequence[Record]:
        """The listeners of load balancers, sorted by name, with the expiry of the certificates."""
        reported = [
            {
                "listener": format_listener_name(service),
                "name": choose_record_name(record),
                "effective_not_after": record.get("effective_not_after") or record.get("not_after"),
                "renewal_due": record.get("renewal_due"),
                "days_left": record.get("days_until_expiry"),
            }
            for record in self.store or ()
            for service in record.get("services") or ()
        ]
        return sorted(reported, key=lambda listener: build_listener_sort_key(listener["listener"]))

    @cached_property
    def has_load_balancers(self) -> bool:
        """Whether load balancers serve any certificate in the store."""
        return any(record.get("services") for record in self.store or ())


def build(results: Record, words: Record, at: datetime, previous: str | None = None) -> Record:
    """Return the report as JSON-compatible data.

    If only the time differs from the previous report of the same day (UTC), the function returns the previous report.

    Args:
        results: the `orders` from `ssl_order_info`, and the facts by the names of `OrderFacts`.
        words: the texts of one language.
        at: the current time.
        previous: the JSON text of the previous report, or `None`.
    """
    orders, known = results["orders"], OrderFacts.of(results)
    ids = {order["id"] for order in orders}
    others = (record for record in known.failed if record.get("order_id") not in ids)
    notices = [*map(build_notice, others), *([VIEW_PERMISSION_NOTICE] if known.is_limited_to_view else [])]

    def build(moment: datetime) -> Row:
        rows = build_rows(orders, known, moment)
        served = Counter(
            name for row in rows for name in {place.rpartition(":")[0] for place in row["served_by"] or ()}
        )
        return build_data(
            *(ORDERS, rows, notices, words, moment),
            load_balancers=dict(sorted(served.items())) if known.has_load_balancers else None,
            listeners=known.listeners,
        )

    return reuse_unchanged(ORDERS, build, previous, at)


def build_run_rows(results: Record, at: datetime) -> list[Row]:
    """Return the rows of the report from the results of a run; an empty list without `orders`."""
    return build_rows(results.get("orders") or (), OrderFacts.of(results), at)


def build_rows(orders: Sequence[Record], known: OrderFacts, at: datetime) -> list[Row]:
    """Return a row for each order, the most urgent first."""
    forever = datetime.max.replace(tzinfo=timezone.utc)
    lasting: dict[str, dict[frozenset[str], datetime]] = {}
    for order in orders:
        expires = forever if order["status"] == "pending" else parse(order.get("expires_at"))
        if expires is not None and order["status"] in {"pending", "approved", "complete"}:
            names = read_record_names(order)
            for name in names:
                last = lasting.setdefault(name, {})
                last[names] = max(last.get(names, expires), expires)
    return sorted((_build_row(order, known, lasting, at) for order in orders), key=_rank_urgency)


def _rank_urgency(row: Row) -> tuple[int, int, str, int]:
    """Return a sort key: attention, then state, then expiry."""
    kinds = row["attention"]
    return (
        ATTENTION.index(kinds[0]) if kinds else len(ATTENTION),
        0 if kinds else STATES.index(row["state"]),
        row["expires_at"] or "~",
        row["order_id"],
    )


def _build_row(order: Record, known: OrderFacts, lasting: LatestExpiries, at: datetime) -> Row:
    identifier: int = order["id"]
    email = known.entries_by_order["emails"].get(identifier, {})
    certificates = _find_certificates(order, known, at)
    records = certificates or []
    counts = [_count_services(record) for record in records]
    mail_found, mail_date = _find_mail(identifier, known, imported=bool(certificates))
    last = max(_parse_ends(records), default=None)
    ends = parse(order.get("expires_at")) or last
    served = min(_parse_ends(record for record in records if record.get("services")), default=last)
    expires = served if served and ends and served < ends - MAX_DATE_DIFFERENCE else ends
    row = {
        "order_id": identifier,
        "common_name": order.get("common_name"),
        "name": choose_record_name(order),
        "subject_alt_names": sorted(
            {name for facts in (order, *records) for name in facts.get("subject_alt_names") or ()}
        ),
        "product": order.get("product"),
        "status": order["status"],
        "recipient": order.get("approver_email"),
        "last_requested_at": email.get("previous_requested_at"),
        "next_allowed_at": email.get("next_allowed_at") if email.get("outcome") != "requested" else None,
        "mail_found": mail_found,
        "mail_date": mail_date,
        "certificate_ids": None if certificates is None else [record["id"] for record in certificates],
        "certificate_notes": [record["notes"] for record in records if record.get("notes")],
        "served_by": _list_listeners(records),
        "services": sum(filter(None, counts)) if counts and None not in counts else None,
        "expires_at": format_time(expires),
        "days_left": count_days(expires, at),
    }
    is_unused = (
        row["served_by"] == [] and not any(counts) and not any(record.get("superseded_by") for record in records)
    )
    state, reason = _find_state(
        row,
        known,
        over=find_ineligibility(order["status"], ends, at),
        is_idle=known.has_load_balancers and is_unused,
        is_superseded=bool(order.get("superseded_by")),
    )
    row |= {"state": state, "reason": reason}
    row["message"] = _join_messages(row, known)
    is_reissued = bool(served and last and last > served + MAX_DATE_DIFFERENCE)
    row["attention"] = _find_attention(
        row,
        renewed=state == "superseded" or is_reissued or _is_renewed(order, lasting),
        serves_expired=any(record.get("services") for record in _find_expired(order, known, at)),
    )
    return row


def _parse_term(order: Record) -> tuple[datetime | None, datetime | None]:
    effective_at, created_at, expires_at = (
        parse(order.get(f"{name}_at")) for name in ("effective", "created", "expires")
    )
    return find_term(effective_at, created_at, expires_at)


def _parse_ends(records: Iterable[Record]) -> Iterator[datetime]:
    return filter(None, (parse(record.get("not_after")) for record in records))


def _find_expired(order: Record, known: OrderFacts, at: datetime) -> Iterator[Record]:
    """Yield the expired records of an order's certificate."""
    term = _parse_term(order)
    for record in (known.records_by_key or {}).get(order.get("public_key_sha256") or "", ()):
        begin, end = parse(record.get("not_before")), parse(record.get("not_after"))
        if begin and end and end < at and is_in_term(term, (begin, end), end):
            yield record


def _find_certificates(order: Record, known: OrderFacts, at: datetime) -> Sequence[Record] | None:
    """Return the store's records of an order's certificate; `None` if unknown.

    The function returns the records of the order's term, or else the records of a later term with the same key.
    """
    if known.records_by_key is None:
        ids = order.get("certificate_ids") or () if order.get("imported") else ()
        return None if order.get("imported") is None else [{"id": identifier} for identifier in ids]
    term = _parse_term(order)
    # What the listing compared with the order and did not take for its certificate, such as one that was signed with its own key.
    others = order.get("certificate_ids") or () if order.get("imported") is False else ()
    fitting, own = [], []
    for record in known.records_by_key.get(order.get("public_key_sha256") or "", ()):
        begin, end = parse(record.get("not_before")), parse(record.get("not_after"))
        if begin and end and is_in_term(term, (begin, end), at) and record["id"] not in others:
            fitting.append(record)
            if term[1] and end <= term[1] + MAX_DATE_DIFFERENCE:
                own.append(record)
    return own or fitting


def _count_services(record: Record) -> int | None:
    """Return the number of services that use a record, at least the number of the record's listeners."""
    reported, listeners = record.get("associated_service_count"), len(record.get("services") or ())
    return max(reported or 0, listeners) if listeners else reported


def _list_listeners(certificates: Sequence[Record]) -> list[str] | None:
    """Return the listeners that serve these records, such as `shop:443`; `None` if unknown or without records."""
    services = [record.get("services") for record in certificates]
    if not services or None in services:
        return None
    listeners = {(service["load_balancer"], service["port"]) for listed in services for service in listed or ()}
    return [f"{balancer}:{port}" for balancer, port in sorted(listeners)]


def _find_mail(identifier: int, known: OrderFacts, *, imported: bool) -> tuple[bool | None, str | None]:
    """Return whether a search found the email with the certificate (`None` without a search), and the date of the email.

    If the certificate from the email is in the store, but the order is not imported, the certificate belongs to an earlier order with the same key.
    The email of an imported order is not searched.
    """
    certificate = known.entries_by_order["collected"].get(identifier)
    if certificate is not None and (imported or certificate.get("fingerprint_sha256") not in known.fingerprints):
        return True, format_time(parse(certificate["source"]["date"]))
    is_missing = not imported and (certificate is not None or identifier in known.entries_by_order["missing"])
    return (False if is_missing else None), None


def _find_state(
    row: Row, known: OrderFacts, *, over: IneligibilityReason | None, is_idle: bool, is_superseded: bool
) -> tuple[State, str]:
    """Return the state of an order, and the reason.

    Args:
        row: the other fields of the order's row.
        known: the facts about the orders.
        over: the reason why the CA does not issue a certificate for the order, or `None`.
        is_idle: whether load balancers exist, but no service uses the certificate.
        is_superseded: whether another certificate in the store can replace the order's certificate.
    """
    planned, failure, missing, skipped = (
        known.entries_by_order[name].get(row["order_id"], {}) for name in ("emails", "failed", "missing", "skipped")
    )
    plan = planned.get("reason")
    if failure and (failure.get("reason") not in PLAN_REASONS or failure.get("reason") != plan):
        return "failed", failure.get("reason") or "api_error"
    if over:  # nothing else matters then
        return over, over
    if row["certificate_ids"]:
        return ("not_served", "waiting_for_deploy") if is_idle else ("imported", "already_imported")
    if is_superseded:
        return "superseded", "superseded"
    reported = (missing or skipped).get("reason")
    obstacle = reported if reported in OBSTACLES else None
    if row["mail_found"]:
        return "received", obstacle or "waiting_for_import"
    if plan == "outcome_unknown":
        return "unclear", plan
    if plan == "recipient_not_allowed":
        return "not_allowed", plan
    if row["next_allowed_at"]:
        return "requested", obstacle or ("cooldown" if row["mail_found"] is None else "waiting_for_email")
    if row["certificate_ids"] is None:
        return "requestable", obstacle or "store_unknown"
    again = row["last_requested_at"] and row["mail_found"] is False
    return "requestable", obstacle or ("requestable_again" if again else "requestable")


def _join_messages(row: Row, known: OrderFacts) -> str | None:
    """Return the modules' messages about an order's failures or obstacles, or `None` if the state is sufficient."""
    identifier = row["order_id"]
    if row["state"] == "failed":
        reported = known.failures_by_order[identifier]
    else:
        others = (known.entries_by_order[name].get(identifier, {}) for name in ("missing", "skipped"))
        reported = [record for record in others if record.get("reason") == row["reason"] and row["reason"] in OBSTACLES]
    return " ".join(dict.fromkeys(record["message"] for record in reported if record.get("message"))) or None


def _is_renewed(order: Record, lasting: LatestExpiries) -> bool:
    """Return whether another order with all names of the order expires later."""
    expires, names = parse(order.get("expires_at")), read_record_names(order)
    others = lasting.get(next(iter(names), ""), {})
    return expires is not None and any(last > expires and names <= theirs for theirs, last in others.items())


def _find_attention(row: Row, *, renewed: bool, serves_expired: bool) -> list[Attention]:
    """Return the reasons for attention, the most urgent reason first."""
    kinds = set(ATTENTION) & {row["state"], row["reason"]}
    days = row["days_left"]
    if serves_expired or (row["state"] == "expired" and row["services"]):
        kinds.add("expired_in_use")
    elif row["state"] not in {"expired", "canceled"} and days is not None and 0 <= days <= MAX_DUE_DAYS:
        if not renewed:
            kinds.add("expiring")
        elif row["services"]:
            kinds.add("switch_services")
    return sorted(kinds, key=ATTENTION.index)


PARTS = ("orders", *(field.name for field in fields(OrderFacts)))


ORDER_REPORT = Kind(ORDERS, PARTS, build)
