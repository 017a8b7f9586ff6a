# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says: the state of each order, what needs a person, and when what expires. Private to softlayer.certificates.

Pure. The words stand in C(roles/ssl_fulfillment/files/report.yml), in every language; the page in the role's templates.
"""

from __future__ import annotations

import csv
import io
import json
import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from ansible_collections.softlayer.certificates.plugins.module_utils._names import ascii_name
from ansible_collections.softlayer.certificates.plugins.module_utils._terms import SLACK, Held, Shelf, Standing, Term
from ansible_collections.softlayer.certificates.plugins.module_utils._times import days_until, iso, parse

Record = Mapping[str, t.Any]
Row = dict[str, t.Any]

STATES = (
    "failed",
    "not_allowed",
    "unclear",
    "unknown_status",
    "pending",
    "requestable",
    "requested",
    "received",
    "imported",
    "superseded",
    "expired",
    "canceled",
)
"""Where an order can stand: what went wrong first, then the way from the order to the store, then what is over."""

ATTENTION = (
    "failed",
    "expired_in_use",
    "expiring",
    "switch_services",
    "unclear",
    "not_allowed",
    "untrusted",
    "chain_incomplete",
    "waiting_for_key",
    "waiting_for_certificate",
    "no_public_key",
    "pending",
    "unknown_status",
)
"""Why a person is needed, the most urgent first."""

EXPIRING_DAYS = 30
"""An order that has no more days left than this, and no newer one for its name, is to be renewed."""

OWN_REASON = {"pending": "pending", "canceled": "canceled", "unknown": "unknown_status"}
"""Of an order in such a status, that is all there is to say."""

PLANNED = {"outcome_unknown", "recipient_not_allowed"}
"""Reasons for which requesting an email failed that the plan of the next request tells too: a state of their own."""

OBSTACLES = {"waiting_for_key", "waiting_for_certificate", "no_public_key", "untrusted", "chain_incomplete"}
"""Reasons of a phase that tell more than the state does."""

COLUMNS = (
    *("order_id", "common_name", "product", "status", "state", "reason", "explanation", "message", "attention"),
    *("recipient", "last_requested_at", "next_allowed_at", "mail_found", "mail_date"),
    *("certificate_ids", "certificate_notes", "services", "expires_at", "days_left"),
)
"""The fields of a row, in the order of the CSV file."""

FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet take text for a formula, in the full width of East Asian text as well."""


@dataclass(frozen=True)
class Known:
    """What is known about the orders beside their own fields, as the collection's modules return it."""

    store: Sequence[Record] | None = None
    """All of the certificate store, C(None) if it could not be read."""
    emails: Sequence[Record] = ()
    """What C(ssl_fulfillment_email) would do now."""
    collected: Sequence[Record] = ()
    """The certificates that were found in emails."""
    missing: Sequence[Record] = ()
    """The orders for which none was found."""
    skipped: Sequence[Record] = ()
    """What the phases of this run skipped."""
    failed: Sequence[Record] = ()
    """What failed in this run; what has no C(order_id) concerns all orders."""


@dataclass(frozen=True)
class _Index:
    """The same by order, and the store by id and as orders are compared with it."""

    emails: Mapping[int, Record]
    collected: Mapping[int, Record]
    missing: Mapping[int, Record]
    skipped: Mapping[int, Record]
    failed: Mapping[int, Record]
    stored: Mapping[int, Record]
    fingerprints: frozenset[str]
    """Of the certificates in the store."""
    shelf: Shelf | None
    newest: Mapping[str, datetime]
    """By common name, when the order that lasts longest expires; a pending one lasts longest of all."""
    remembered: Mapping[int, Record] = field(default_factory=dict)
    """The rows of the previous report."""


def build(orders: Sequence[Record], known: Known, words: Record, at: datetime, previous: str | None = None) -> Row:
    """Return the report as data, ready for JSON.

    If nothing but the time has changed since the previous report of the same day (UTC), that report is returned, so that
    a run right after another one changes nothing.

    Args:
        orders: as C(ssl_order_info) returns them.
        known: what else is known.
        words: the texts of one language.
        at: the present instant.
        previous: the JSON text of the previous report, if there is one.
    """
    old = _read(previous)
    index = _index(orders, known, old)
    made = parse(old.get("generated_at"))
    if made is not None and made <= at and made.date() == at.astimezone(timezone.utc).date():
        again = _build(orders, known, index, words, made)
        if again == old:
            return again
    return _build(orders, known, index, words, at)


def _read(previous: str | None) -> Record:
    """Return the data of a previous report; whatever is not one counts as none."""
    try:
        data = json.loads(previous or "{}")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


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
        shelf=None if known.store is None else Shelf(filter(None, map(Held.from_result, known.store))),
        newest=_newest(orders),
        remembered=_by_order(row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else {},
    )


def _by_order(records: Iterable[Record]) -> dict[int, Record]:
    return {record["order_id"]: record for record in records if record.get("order_id")}


def _newest(orders: Iterable[Record]) -> dict[str, datetime]:
    forever = datetime.max.replace(tzinfo=timezone.utc)
    newest: dict[str, datetime] = {}
    for order in orders:
        expires = forever if order["status"] == "pending" else parse(order["expires_at"])
        if expires is not None and order["status"] in {"pending", "approved", "complete"}:
            name = ascii_name(order["common_name"] or "")
            newest[name] = max(newest.get(name, expires), expires)
    return newest


def _build(orders: Iterable[Record], known: Known, index: _Index, words: Record, at: datetime) -> Row:
    rows = sorted((_row(order, index, words, at) for order in orders), key=_urgency)
    counts = Counter(row["state"] for row in rows)
    needing: dict[str, list[int]] = {kind: [] for kind in ATTENTION}
    for row in rows:
        for kind in row["attention"]:
            needing[kind].append(row["order_id"])
    return {
        "generated_at": iso(at),
        "order_count": len(rows),
        "states": {state: counts[state] for state in STATES},
        "attention": [{"kind": kind, "count": len(ids), "order_ids": ids} for kind, ids in needing.items() if ids],
        "notices": [
            {"source": record.get("common_name"), "message": record.get("message")}
            for record in known.failed
            if not record.get("order_id")
        ],
        "orders": rows,
    }


def _urgency(row: Row) -> tuple[int, int, str, int]:
    """Order rows by what needs a person, then by state and by expiry."""
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
    services = [record.get("associated_service_count") for record in certificates]
    expires = parse(order["expires_at"]) or max(
        filter(None, (parse(record.get("not_after")) for record in certificates)), default=None
    )
    next_allowed = email.get("next_allowed_at") if email.get("outcome") != "requested" else None
    mail_found, mail_date = _mail(identifier, index, imported=standing.is_imported)
    state, reason = _state(
        order,
        index,
        expired=expires is not None and expires <= at,
        in_store=standing,
        mail_found=mail_found,
        next_allowed=next_allowed,
        last_requested=email.get("previous_requested_at"),
    )
    row = {
        "order_id": identifier,
        "common_name": order["common_name"],
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
        "certificate_ids": [record["id"] for record in certificates],
        "certificate_notes": [record["notes"] for record in certificates if record.get("notes")],
        "services": sum(filter(None, services)) if services and None not in services else None,
        "expires_at": iso(expires),
        "days_left": days_until(expires, at),
    }
    row["attention"] = _attention(row, renewed=state == "superseded" or _is_renewed(order, index))
    return row


@dataclass(frozen=True)
class _InStore:
    """Whether an order's certificate is in the store, and as which records."""

    is_imported: bool
    is_superseded: bool
    certificates: Sequence[Record]


def _in_store(order: Record, index: _Index, at: datetime) -> _InStore:
    if index.shelf is None:
        is_imported = bool(order.get("imported"))
        ids = order.get("certificate_ids") or () if is_imported else ()
        return _InStore(is_imported, bool(order.get("superseded_by")), [{"id": identifier} for identifier in ids])
    term = Term.from_result(order)
    standing = index.shelf.standing(term, at)
    return _InStore(
        bool(standing.imported_as),
        bool(standing.superseded_by),
        [index.stored[held.id] for held in _own(term, standing)],
    )


def _own(term: Term, standing: Standing) -> Sequence[Held]:
    """Return the records of an order's own term; those of a later one, with the same key, if there are no others."""
    ends = term.expires_at
    own = [held for held in standing.imported_as if ends is not None and held.not_after <= ends + SLACK]
    return own or standing.imported_as


def _mail(identifier: int, index: _Index, *, imported: bool) -> tuple[bool | None, str | None]:
    """Return whether the email with the certificate was found, C(None) if nobody looked, and its date.

    What is in the store, though the order is not imported, is the certificate of an earlier order with the same key.
    The email of an imported order may be older than what is looked at, or was not looked for: the previous report may know.
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
    expired: bool,
    in_store: _InStore,
    mail_found: bool | None,
    next_allowed: str | None,
    last_requested: str | None,
) -> tuple[str, str]:
    """Return where an order stands, and the reason that says it in words."""
    identifier = order["id"]
    planned = index.emails.get(identifier, {}).get("reason")
    failure = index.failed.get(identifier)
    if failure is not None and (failure.get("reason") not in PLANNED or failure.get("reason") != planned):
        return "failed", failure.get("reason") or "api_error"
    if order["status"] in OWN_REASON:
        return OWN_REASON[order["status"]], OWN_REASON[order["status"]]
    if expired:
        return "expired", "expired"
    if in_store.is_imported:
        return "imported", "already_imported"
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
    again = "requestable_again" if last_requested and mail_found is False else "requestable"
    return "requestable", obstacle or again


def _is_renewed(order: Record, index: _Index) -> bool:
    """Return whether another order of the same name lasts longer."""
    expires, newest = parse(order["expires_at"]), index.newest.get(ascii_name(order["common_name"] or ""))
    return bool(order["common_name"] and expires and newest and newest > expires)


def _attention(row: Row, *, renewed: bool) -> list[str]:
    """Return why a person is needed, the most urgent reason first."""
    kinds = {row["state"], row["reason"]} & set(ATTENTION)
    days = row["days_left"]
    if row["state"] == "expired" and row["services"]:
        kinds.add("expired_in_use")
    elif row["state"] not in {"expired", "canceled"} and days is not None and 0 <= days <= EXPIRING_DAYS:
        if not renewed:
            kinds.add("expiring")
        elif row["services"]:
            kinds.add("switch_services")
    return sorted(kinds, key=ATTENTION.index)


def as_csv(report: Record) -> str:
    """Return the orders of a report as CSV; no value is taken for a formula by a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_csv_cell(row[name]) for name in COLUMNS] for row in report["orders"])
    return text.getvalue()


def _csv_cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    if not isinstance(value, str):
        return value
    first = next((character for character in value if character.isprintable() and not character.isspace()), "")
    return f"'{value}" if first in FORMULA_STARTS or first != value[:1] else value


# --- The timeline: numbers for a drawing, in percent of its width. ---------------------------------------------------

LANES = 25
"""So many orders have a line of their own in the timeline; more are counted by week or month."""

PAST_DAYS, FUTURE_DAYS = 90, 1100
"""How far the timeline reaches; what expired earlier, or expires later, is told beside it."""

WEEKLY_DAYS = 180
"""Up to this span the timeline counts by week."""

KINDS = ("expired", "due", "open", "imported")
"""What the timeline tells apart: over, to be renewed, not in the store yet, in the store."""


def timeline(report: Record) -> Row:
    """Return what is to be drawn: a lane for each order if there are few, else bars that count them."""
    at = t.cast(datetime, parse(report["generated_at"]))
    dated = sorted(
        ((t.cast(datetime, parse(row["expires_at"])), row) for row in report["orders"] if row["expires_at"]),
        key=lambda entry: (entry[0], entry[1]["order_id"]),
    )
    first, last = at - timedelta(days=PAST_DAYS), at + timedelta(days=FUTURE_DAYS)
    shown = [(expires, row) for expires, row in dated if first <= expires <= last]
    drawing: Row = {
        "earlier": sum(expires < first for expires, _row in dated),
        "later": sum(expires > last for expires, _row in dated),
        "undated": report["order_count"] - len(dated),
        "kinds": [],
        "lanes": [],
        "bars": [],
        "grid": [],
        "ticks": [],
        "today": 0.0,
    }
    if shown:
        drawing["kinds"] = [kind for kind in KINDS if any(_kind(row) == kind for _expires, row in shown)]
        drawing.update(_lanes(shown, at) if len(shown) <= LANES else _bars(shown, at))
    return drawing


def _kind(row: Record) -> str:
    if row["state"] == "expired":
        return "expired"
    if {"expiring", "switch_services"} & set(row["attention"]):
        return "due"
    return "imported" if row["state"] in {"imported", "superseded"} else "open"


class _Axis:
    """From instants to percent."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._span = start, max(end - start, timedelta(days=1))

    def x(self, moment: datetime) -> float:
        return round((moment - self._start) / self._span * 100, 2)


def _lanes(shown: Sequence[tuple[datetime, Record]], at: datetime) -> Row:
    start, end = min(shown[0][0], at), max(shown[-1][0], at + timedelta(days=EXPIRING_DAYS))
    axis = _Axis(start, end)
    today = axis.x(at)
    lanes = [
        {
            "order_id": row["order_id"],
            "common_name": row["common_name"],
            "days_left": row["days_left"],
            "kind": _kind(row),
            "x": min(axis.x(expires), today),
            "end": axis.x(expires),
            "width": round(abs(axis.x(expires) - today), 2),
        }
        for expires, row in shown
    ]
    months = [month for month in _months(start, end) if start <= _midnight(month)]
    return {"lanes": lanes, "today": today, "ticks": _ticks(months, axis, weekly=False)}


def _bars(shown: Sequence[tuple[datetime, Record]], at: datetime) -> Row:
    start, end = min(shown[0][0], at), max(shown[-1][0], at)
    weekly = end - start <= timedelta(days=WEEKLY_DAYS)
    bins = list(_weeks(start, end) if weekly else _months(start, end))
    after = bins[-1] + timedelta(days=7) if weekly else _next_month(bins[-1])
    axis = _Axis(_midnight(bins[0]), _midnight(after))
    edges = [axis.x(_midnight(day)) for day in [*bins, after]]
    counts: dict[date, Counter[str]] = {day: Counter() for day in bins}
    for expires, row in shown:
        day = expires.date()
        counts[day - timedelta(days=day.weekday()) if weekly else day.replace(day=1)][_kind(row)] += 1
    top = _round_up(max(sum(counted.values()) for counted in counts.values()))
    bars = []
    for day, left, right in zip(bins, edges, edges[1:], strict=False):
        segments, height = [], 0.0
        for kind in reversed(KINDS):
            if counts[day][kind]:
                part = round(counts[day][kind] / top * 100, 2)
                segments.append({"kind": kind, "count": counts[day][kind], "bottom": height, "height": part})
                height = round(height + part, 2)
        gap = (right - left) * 0.08
        bars.append(
            {
                **_day(day, weekly=weekly),
                "x": round(left + gap, 2),
                "width": round(right - left - 2 * gap, 2),
                "middle": round((left + right) / 2, 2),
                "count": sum(counts[day].values()),
                "height": height,
                "segments": segments,
            }
        )
    return {
        "bars": bars,
        "today": axis.x(at),
        "ticks": _ticks(bins, axis, weekly=weekly),
        "grid": [{"height": share * 50, "count": top * share // 2} for share in (1, 2)],
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _months(start: datetime, end: datetime) -> Iterable[date]:
    month = start.date().replace(day=1)
    while month <= end.date():
        yield month
        month = _next_month(month)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _weeks(start: datetime, end: datetime) -> Iterable[date]:
    monday = start.date() - timedelta(days=start.weekday())
    while monday <= end.date():
        yield monday
        monday += timedelta(days=7)


def _ticks(days: Sequence[date], axis: _Axis, *, weekly: bool) -> list[Row]:
    """Return at most eight labels that do not overlap; every second one may be left out on a narrow screen."""
    step = next(step for step in (1, 2, 3, 4, 6, 12) if len(days) / step <= 8)
    return [
        {**_day(day, weekly=weekly), "x": axis.x(_midnight(day)), "minor": bool(number % 2)}
        for number, day in enumerate(days[::step])
    ]


def _day(day: date, *, weekly: bool) -> Row:
    return {"year": day.year, "month": day.month, "day": day.day if weekly else None}


def _round_up(count: int) -> int:
    """Return the next even number that reads well on an axis."""
    size: int = 10 ** (len(str(count)) - 1)
    return next(size * step for step in (2, 4, 6, 8, 10, 20) if size * step >= count)
