# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the report of the role `ssl_rotation`: where each line of certificates stands. Private to softlayer.certificates.

Pure. The texts are in `roles/ssl_rotation/files/report.yml`, and those that it shares with the other report in
`roles/ssl_fulfillment/files/page.yml`, in every language; the page is in the templates of both roles.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256

from .._codes import HeldBack, LineAttention, LineState
from .._names import is_host_name, listener_name, shown_name_of
from .._times import days_until, has_passed, iso, parse
from .common import EXPIRING_DAYS, Record, Row, balancers, made_today, needing, notices, read, unless_same
from .lines import Facts, Line, Lines, Place, age

STATES: tuple[LineState, ...] = t.get_args(LineState)
ATTENTION: tuple[LineAttention, ...] = t.get_args(LineAttention)
"""In order of urgency."""
HELD_BACK: tuple[HeldBack, ...] = t.get_args(HeldBack)
DUE_SHARE = 4
"""A certificate is due in the last quarter of its lifetime, if that is shorter: with 47 days, clients renew it after 31."""
DONE = ("imported", "deployed", "verified", "removed")
COLUMNS = (
    *("key", "name", "subject_alt_names", "key_type", "state", "reason", "explanation", "messages", "attention"),
    *("served_by", "served_until", "certificate_ids", "certificate_notes", "services", "stored_until"),
    *("sources", "source_path", "source_until", *DONE, "expires_at", "days_left"),
)
"""The fields of a row, in the order of the CSV file."""
LISTS = {
    *("subject_alt_names", "messages", "attention", "certificate_ids", "certificate_notes", "sources"),
    *DONE,
}


def build(facts: Facts, words: Record, at: datetime, previous: str | None = None) -> Row:
    """Return the report as data, ready for JSON.

    If nothing but the time has changed since the previous report of the same day (UTC), that report is returned. What was done
    earlier on that day is still told. So a second run right after the first changes nothing.

    Args:
        facts: what the modules returned, and what the sources have.
        words: the texts of one language.
        at: the present instant.
        previous: the JSON text of the previous report, if there is one.
    """
    old = read(previous)
    lines = Lines(facts)
    earlier = _rows(old) if made_today(old, at) else {}
    return unless_same(lambda moment: _build(lines, earlier, words, moment), old, at)


def _rows(old: Record) -> dict[str, Row]:
    """Return the rows of a previous report by their keys; what is no row is left out."""
    rows = old.get("lines")
    return {
        row["key"]: row
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
        and row.keys() == set(COLUMNS)
        and isinstance(row["key"], str)
        and row["state"] in STATES
        and all(isinstance(row[name], list) for name in LISTS)
    }


def _build(lines: Lines, earlier: dict[str, Row], words: Record, at: datetime) -> Row:
    context = _Context(lines, words, at)
    found = [_row(line, context, earlier.get(key_of(line), {})) for line in lines]
    present = {row["key"] for row in found}
    found += [
        {**row, "explanation": words["reasons"].get(row["reason"], row["reason"])}
        for key, row in earlier.items()
        if key not in present and row["state"] == "superseded"
    ]
    rows = sorted(found, key=_place_in_list)
    counts = Counter(row["state"] for row in rows)
    return {
        "generated_at": iso(at),
        "line_count": len(rows),
        "states": {state: counts[state] for state in STATES},
        "load_balancers": balancers(rows) if context.balances else None,
        "attention": needing(rows, ATTENTION, "key", "lines"),
        "notices": notices(lines.general),
        "lines": rows,
    }


def _place_in_list(row: Row) -> tuple[bool, str, bool, str, str, str]:
    """Return a sort key: by name, a wildcard after the name that it stands under; what has no name comes last.

    Several lines may have the same first name. Their order is the same in every report.
    """
    name = str(row["name"] or "")
    by_name = (not name, name.removeprefix("*.").lower(), name.startswith("*"))
    return *by_name, str(row["key_type"]), " ".join(map(str, row["subject_alt_names"])), row["key"]


def key_of(line: Line) -> str:
    """Return what identifies a line in every report; fit for an HTML id."""
    text = "\n".join([*sorted(line.names), line.key_type or "", line.other])
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class _Context:
    """What a line is judged with."""

    lines: Lines
    words: Record
    at: datetime

    @cached_property
    def covering(self) -> dict[int, list[Line]]:
        """See `Lines.covering`."""
        return self.lines.covering()

    @cached_property
    def chosen(self) -> set[str]:
        """SHA-256 of the certificates of sources that a run imports."""
        return {one["fingerprint_sha256"] for one in self.lines.facts.chosen}

    @cached_property
    def balances(self) -> bool:
        """Whether load balancers serve anything. In an account where they do not, nothing is there to be served."""
        return any(line.places for line in self.lines)


def _row(line: Line, context: _Context, before: Row) -> Row:
    case = _Case(line, context, before)
    state, reason, messages = _state(case)
    entry = case.entry or (line.entries[0] if line.entries else None)
    ends = case.current_end
    places = list(dict.fromkeys(place.name for place in line.places))
    return {
        "key": key_of(line),
        "name": _name(line),
        "subject_alt_names": sorted(line.names, key=lambda name: (name.startswith("*"), name)),
        "key_type": line.key_type,
        "state": state,
        "reason": reason,
        "explanation": context.words["reasons"].get(reason, reason),
        "messages": list(dict.fromkeys(messages)),
        "attention": _attention(case, state),
        "served_by": places if places or case.is_used is not None else None,
        "served_until": min((place.not_after for place in line.places if place.not_after), default=None),
        "certificate_ids": [record["id"] for record in line.stored],
        "certificate_notes": [record["notes"] for record in line.stored if record.get("notes")],
        "services": case.services,
        "stored_until": line.stored[0].get("not_after") if line.stored else None,
        "sources": list(dict.fromkeys(_called(one) for one in (*line.entries, *line.unread))),
        "source_path": next((one.get("path") for one in (entry, *line.unread) if one), None),
        "source_until": entry.get("not_after") if entry else None,
        **case.done,
        "expires_at": iso(ends),
        "days_left": days_until(ends, context.at),
    }


def _name(line: Line) -> str | None:
    """Return what people call a line: the common name of its newest certificate, or if that has none, its first DNS name."""
    newest = max([*line.stored, *line.entries], key=age, default=None)
    shown = shown_name_of(newest) if newest else None
    first = min(line.names, key=lambda name: (not is_host_name(name), name.startswith("*"), name), default=None)
    return shown or first or (None if line.stored else line.other) or None


def _called(entry: Record) -> str:
    """Return where a source has a certificate, such as `certbot: www.example.com`."""
    return ": ".join(str(entry[name]) for name in ("source", "name") if entry.get(name))


class _Case:
    """What can be said of a line."""

    def __init__(self, line: Line, context: _Context, before: Row) -> None:
        self.line, self.at, self.lines = line, context.at, context.lines
        self.trusts_all = not context.lines.facts.needs_trust
        self.store_is_known = context.lines.facts.store is not None
        self.balances = context.balances
        self.covering = context.covering.get(id(line), [])
        self.is_chosen = any(one.get("fingerprint_sha256") in context.chosen for one in line.entries)
        removed = [one["id"] for one in line.removed]
        lists: tuple[Iterable[int | str], ...] = (line.imported, line.deployed, line.verified, removed)
        self.done = {name: _with_earlier(now, before.get(name, [])) for name, now in zip(DONE, lists, strict=True)}

    # --- Which certificates count ---

    def _is_valid(self, record: Record) -> bool:
        begins, ends = parse(record.get("not_before")), parse(record.get("not_after"))
        return has_passed(begins, self.at) and ends is not None and not has_passed(ends, self.at)

    def _refusal(self, entry: Record) -> str | None:
        """Return why the newest certificate of a source is not taken, if that is not a matter of time."""
        if self.trusts_all or entry.get("trust") in {None, "trusted"}:
            return None
        return "chain_incomplete" if entry["trust"] == "incomplete" else "untrusted"

    def _best_entry(self, line: Line) -> Record | None:
        return next((one for one in line.entries if self._is_valid(one) and not self._refusal(one)), None)

    def _best_stored(self, line: Line) -> Record | None:
        return next((one for one in line.stored if self._is_valid(one)), None)

    @cached_property
    def entry(self) -> Record | None:
        """The newest certificate of a source that can be taken."""
        return self._best_entry(self.line)

    @cached_property
    def refused(self) -> Record | None:
        """The newest valid certificate of the sources, if it is refused and the store does not have it."""
        newest = next((one for one in self.line.entries if self._is_valid(one)), None)
        if newest is None or not self._refusal(newest) or self._is_stored(newest):
            return None
        return newest

    def _is_stored(self, record: Record) -> bool:
        shown = record.get("fingerprint_sha256")
        return bool(shown) and any(one.get("fingerprint_sha256") == shown for one in self.line.stored)

    @cached_property
    def _current(self) -> Record | Place | None:
        """The certificate whose end counts: what is served and ends first, else the newest of the store, else of a source."""
        dated = [place for place in self.line.places if place.not_after]
        if dated:
            return min(dated, key=lambda place: (str(place.not_after), place.not_before or ""))
        return next(iter((*self.line.stored, *([self.entry] if self.entry else ()), *self.line.entries)), None)

    @property
    def current_end(self) -> datetime | None:
        """When that ends."""
        return _end(self._current)

    @cached_property
    def is_due(self) -> bool:
        """Whether it has expired or will soon."""
        ends = self.current_end
        if ends is None or self._current is None:
            return False
        begins = parse(age(self._current)[0])
        allowed = timedelta(days=EXPIRING_DAYS + 1)
        if begins is not None:
            allowed = min(allowed, (ends - begins) / DUE_SHARE)
        return ends - self.at < allowed

    @property
    def has_expired(self) -> bool:
        """Whether it has expired."""
        return has_passed(self.current_end, self.at)

    # --- What could take its place ---

    @cached_property
    def to_import(self) -> bool:
        """Whether a source has a certificate that is newer than the valid ones of the store, for this line or for one that covers it."""
        if self.entry is not None and not self._is_stored(self.entry):
            stored = self._best_stored(self.line)
            if (stored is None or age(stored) < age(self.entry)) and not self.is_needless:
                return True
        return any(self._may_replace(self._best_entry(other)) for other in self.covering) and not self.is_covered

    @cached_property
    def is_needless(self) -> bool:
        """Whether the store has a valid certificate with all names and more that is as new as the newest one of a source."""
        others = filter(None, map(self._best_stored, self.covering))
        return self.entry is not None and any(age(other) >= age(self.entry) for other in others)

    @cached_property
    def to_deploy(self) -> bool:
        """Whether the store has a valid certificate that is newer than one that a listener has."""
        if not self.line.places:
            return False
        stored = self._best_stored(self.line)
        oldest = min(map(age, self.line.places))
        return (stored is not None and age(stored) > oldest) or self.is_covered

    @cached_property
    def is_covered(self) -> bool:
        """Whether the store has a newer valid certificate with all names and more."""
        return any(self._may_replace(self._best_stored(other)) for other in self.covering)

    def _may_replace(self, other: Record | None) -> bool:
        """Return whether a certificate with more names is newer than this line's, and of the same organization."""
        ours: list[Record | Place] = [*self.line.stored[:1], *self.line.places]
        newest = max(ours, key=age, default=None)
        if other is None or newest is None or age(other) <= age(newest):
            return False
        theirs = other.get("organization_name")
        return not self.line.stored or bool(self.line.stored[0].get("organization_name") == theirs)

    # --- Where it is used ---

    @cached_property
    def is_used(self) -> bool | None:
        """Whether a listener or another service uses any certificate of the line; `None` if that is not known."""
        others = [self.lines.other_services(record) for record in self.line.stored]
        if self.line.places or any(others):
            return True
        return None if None in others and not all(map(self.lines.knows_listeners, self.line.stored)) else False

    @cached_property
    def services(self) -> int | None:
        """How many services use its certificates: listeners, and what else the API counts."""
        others = [self.lines.other_services(record) for record in self.line.stored]
        if not others or (None in others and not self.line.places):
            return None
        return len({place.name for place in self.line.places}) + sum(filter(None, others))


def _end(record: Record | Place | None) -> datetime | None:
    return parse(age(record)[1]) if record is not None else None


def _with_earlier(now: Iterable[t.Any], earlier: Iterable[t.Any]) -> list[t.Any]:
    """Return what was done in this run and earlier on the same day."""
    return sorted(
        {*now, *(one for one in earlier if isinstance(one, (int, str)))}, key=lambda one: (str(type(one)), one)
    )


def _state(case: _Case) -> tuple[LineState, str, list[str]]:
    """Return a line's state, the reason for it, and the messages about it."""
    line = case.line
    if line.failed:
        return "failed", _reason(line.failed[0]), _messages(line.failed)
    if not case.store_is_known:
        return "unknown", "store_unknown", []
    held = [one for one in line.skipped if one.get("reason") in HELD_BACK]
    if held:
        return "held_back", _reason(held[0]), _messages(held)
    unread = [one for one in line.unread if one.get("reason") != "being_renewed"]
    messages = _messages(unread)
    if case.refused is not None:
        why = case.refused.get("trust_message")
        return "unusable", case._refusal(case.refused) or "untrusted", [*([why] if why else []), *messages]
    if unread and case.entry is None:
        return "unusable", _reason(unread[0]), messages
    return *_progress(case), messages


def _progress(case: _Case) -> tuple[LineState, str]:
    """Return state and reason of a line with which nothing went wrong, as far as is told."""
    line = case.line
    if not line.stored and not line.places:
        return _without_store(case)
    if case.to_import:
        return "waiting", "waiting_for_import"
    if case.to_deploy:
        return "waiting", "waiting_for_deploy"
    if not line.stored:
        return "served_only", "not_in_store"
    has_source = bool(line.entries or line.unread or any(other.entries for other in case.covering))
    if case.is_used is False and case.is_covered:
        return "superseded", "superseded"
    if case.is_due and (case.is_used is not False or (has_source and case.has_expired)):
        if any(one.get("reason") == "being_renewed" for one in line.unread):
            return "waiting", "being_renewed"
        return "not_renewed", "not_renewed" if has_source else "no_source"
    if case.done["imported"] or case.done["deployed"]:
        return "renewed", "deployed" if case.done["deployed"] else "imported"
    if not has_source:
        return "store_only", "expired" if case.has_expired else "no_source"
    if case.is_used is False and case.balances:
        return "not_served", "waiting_for_listener"
    return "up_to_date", "current"


def _without_store(case: _Case) -> tuple[LineState, str]:
    """Return state and reason of a line that neither the store nor a listener has."""
    if case.line.removed:
        return "superseded", "superseded"
    if case.is_needless:
        return "superseded", "superseded"
    if case.entry is not None:
        return ("waiting", "waiting_for_import") if case.is_chosen else ("source_only", "new_name")
    if not case.line.entries:
        return "waiting", "being_renewed"
    return "source_only", "expired" if has_passed(_end(case.line.entries[0]), case.at) else "not_yet_valid"


def _attention(case: _Case, state: LineState) -> list[LineAttention]:
    """Return why a line needs a person, the most urgent reason first."""
    kinds: set[LineAttention] = {kind for kind in ("failed", "held_back", "not_served") if kind == state}
    if case.refused is not None:
        kinds.add("refused")
    if any(one.get("reason") != "being_renewed" for one in case.line.unread):
        kinds.add("broken")
    if case.is_due and case.is_used is not False and (case.line.stored or case.line.places):
        if case.to_import or case.to_deploy:
            kinds.add("behind")
        else:
            kinds.add("expired" if case.has_expired else "expiring")
    return sorted(kinds, key=ATTENTION.index)


def _reason(record: Record) -> str:
    return str(record.get("reason") or record.get("code") or "api_error")


def _messages(records: Iterable[Record]) -> list[str]:
    """Return what records say, those of listeners with their names."""
    return [": ".join(filter(None, (listener_name(one), str(one["message"])))) for one in records if one.get("message")]


def kind_of(row: Record) -> str:
    """Return what the timeline shows a row as."""
    if row["days_left"] is not None and row["days_left"] < 0:
        return "expired"
    if {"expiring", "behind"} & set(row["attention"]):
        return "due"
    return "imported" if row["certificate_ids"] else "open"
