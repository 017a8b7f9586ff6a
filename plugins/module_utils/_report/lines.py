# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is known about the certificates for the same names. Private to softlayer.certificates.

Pure. A line is what renewal keeps together: one set of names and one type of key, whatever the certificates and keys are. This
brings the records of the store, the listeners, the sources and the run to the lines that they are about.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._names import ascii_name, file_stems, listener_name
from .._x509.certificate import names_of
from .common import Record

EC = "_ecc"
"""What acme.sh appends to the names of certificates with such keys."""
FAILED = {"failed", "rolled_back"}
"""Outcomes of listeners that failed."""
CHANGES = {"imported", "deployed", "removed"}
"""The lists of a result that are about changes."""


@dataclass(frozen=True)
class Facts:
    """What the modules returned, and what the sources have."""

    store: Sequence[Record] | None = None
    """All records of the certificate store, with or without their services, listed at any time; `None` if it could not be read."""
    listeners: Sequence[Record] | None = None
    """What became of them, or in check mode would; `None` if they could not be listed."""
    has_all_listeners: bool = True
    """Whether these are all of the account."""
    seen: Sequence[Record] = ()
    """What listeners serve that is not the certificate that they have: its facts, with `host`, `port` and `certificate_ids`."""
    entries: Sequence[Record] = ()
    """The certificates of the sources."""
    unread: Sequence[Record] = ()
    """The entries of the sources that cannot be used, with reason and message."""
    result: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """What the run has done: `imported`, `deployed`, `verified`, `removed`, `skipped` and `failed`."""
    needs_trust: bool = True
    """Whether only trusted certificates are imported."""
    is_check_mode: bool = False
    """Whether nothing of the result was done in fact."""

    def did(self, what: str) -> Sequence[Record]:
        """Return one of the lists of the result; in check mode, none of what would be done."""
        return () if self.is_check_mode and what in CHANGES else self.result.get(what) or ()


@dataclass(frozen=True)
class Place:
    """A listener, or another endpoint, and the certificate that it serves, as far as is known."""

    name: str
    certificate_id: int | None
    not_before: str | None
    not_after: str | None
    is_behind: bool = False
    """Whether the store has a better one for it."""


@dataclass
class Line:
    """One set of names and one type of key, and what is known about its certificates; the newest first."""

    names: frozenset[str]
    key_type: str | None
    other: str = ""
    """What it is called if its names are not known."""
    stored: list[Record] = field(default_factory=list)
    entries: list[Record] = field(default_factory=list)
    unread: list[Record] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    astray: list[Place] = field(default_factory=list)
    """Listeners that have a certificate of this line and do not serve it; with the dates of what they serve, or had before."""
    imported: list[int] = field(default_factory=list)
    deployed: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    removed: list[Record] = field(default_factory=list)
    skipped: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)

    @property
    def held(self) -> list[Place]:
        """The listeners that have or serve a certificate of this line."""
        return [*self.places, *self.astray]


def age(record: Record | Place) -> tuple[str, str]:
    """Return what certificates are sorted by, the newest last: all times are in one form, so that texts sort like instants."""
    if isinstance(record, Place):
        return record.not_before or "", record.not_after or ""
    return str(record.get("not_before") or ""), str(record.get("not_after") or "")


class Lines:
    """The lines, and where to find them."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.general: list[Record] = []
        """What failed and is about no line."""
        self._lines: dict[tuple[frozenset[str], str | None, str], Line] = {}
        self._namesakes: dict[frozenset[str], list[Line]] = {}
        self._by_id: dict[int, tuple[Line, Record]] = {}
        self._by_fingerprint: dict[str, Line] = {}
        self._by_name: dict[str, list[Line]] | None = None
        self._by_rarest: dict[str, list[Line]] = {}
        self._by_path: dict[tuple[t.Any, t.Any], Line] = {}
        self._had: Counter[int | None] = Counter()
        self._add_entries()
        self._add_store()
        self._add_places()
        self._add_unread()
        self._add_result()
        for line in self:
            line.stored.sort(key=age, reverse=True)
            line.entries.sort(key=age, reverse=True)
            line.places.sort(key=lambda place: place.name)
            line.deployed.sort()
            line.verified.sort()

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    # What is where

    def _line(self, names: frozenset[str], key_type: str | None, other: str = "") -> Line:
        """Return a line, which is new if it has not been asked for before."""
        key = names, key_type, "" if names else other
        if key not in self._lines:
            self._lines[key] = Line(*key)
            self._namesakes.setdefault(names, []).append(self._lines[key])
        return self._lines[key]

    def _line_of(self, record: Record, other: str) -> Line:
        """Return the line of a certificate; if its type of key is not known, the only one with its names."""
        names, key_type = names_of(record), record.get("key_type")
        alike = self._namesakes.get(names, ()) if names and not key_type else ()
        return alike[0] if len(alike) == 1 else self._line(names, key_type, other)

    def _add_entries(self) -> None:
        for entry in self.facts.entries:
            line = self._line_of(entry, _entry_name(entry))
            line.entries.append(entry)
            self._remember(line, entry)

    def _remember(self, line: Line, record: Record) -> None:
        if record.get("fingerprint_sha256"):
            self._by_fingerprint[record["fingerprint_sha256"]] = line
        if record.get("path"):
            self._by_path[record.get("source"), record["path"]] = line

    def _add_store(self) -> None:
        """Add the records that the store has after the run, however early it was listed, and those that were removed."""
        removed = {one["id"]: one for one in self.facts.did("removed") if one.get("id")}
        listed = {one["id"]: one for one in self.facts.store or ()}
        entries = {one.get("fingerprint_sha256"): one for one in self.facts.entries}
        for one in self.facts.did("imported"):
            if one.get("id") and one["id"] not in listed:
                known = {key: value for key, value in one.items() if value is not None}
                fresh = {"services": [], "associated_service_count": 0}
                listed[one["id"]] = {**entries.get(one.get("fingerprint_sha256"), {}), **fresh, **known}
        for identifier, one in removed.items():
            record = listed.get(identifier, one)
            self._line_of(record, f"#{identifier}").removed.append(record)
        for identifier, record in listed.items():
            if identifier not in removed:
                line = self._line_of(record, f"#{identifier}")
                line.stored.append(record)
                self._by_id[identifier] = line, record
                self._remember(line, {"fingerprint_sha256": record.get("fingerprint_sha256")})

    def _add_places(self) -> None:
        """Add the listeners with the certificate that each has now: what the run said of one counts more than the list of the store."""
        switched = {_place_key(one) for one in self.facts.did("deployed")}
        settled = {_place_key(one): one for one in self.facts.listeners or () if one.get("port")}
        self._had.update(one.get("previous_certificate_id") for one in settled.values())
        for line, record in list(self._by_id.values()):
            for service in record.get("services") or ():
                if _place_key(service) not in settled:
                    is_behind = bool(record.get("superseded_by"))
                    line.places.append(replace(_place(service, record["id"], record), is_behind=is_behind))
        unserved = {
            _place_key(one): one
            for one in (*settled.values(), *self.facts.did("failed"))
            if one.get("port") and (one.get("outcome"), one.get("reason")) == ("failed", "not_served")
        }
        for key, one in settled.items():
            has = unserved.get(key, one)
            has_new = key in switched or key in unserved
            identifier = has.get("certificate_id" if has_new else "previous_certificate_id")
            if identifier is None:
                continue
            facts = one if identifier == one.get("certificate_id") else {}
            line, record = self._by_id.get(identifier) or (self._line_of(facts, listener_name(one)), facts)
            if key in unserved:
                self._add_unserved(line, has)
            else:
                is_meant = one.get("outcome") in {"switched", *FAILED} and one.get("certificate_id") != identifier
                is_behind = bool(one.get("better_certificate_id")) or (is_meant and not has_new)
                line.places.append(replace(_place(one, identifier, record), is_behind=is_behind))
        self._add_seen({(one.get("address"), one.get("port")): listener_name(one) for one in settled.values()})

    def _add_unserved(self, line: Line, listener: Record) -> None:
        """Add a listener that does not serve its certificate: to the line of what it serves, and to its own with the dates of that.

        If nothing was seen, the dates of the certificate that it had before count, since they are what people know of it.
        """
        shown, identifier = listener.get("served_fingerprint_sha256"), listener.get("certificate_id")
        place = listener.get("address"), listener.get("port")
        own = self._by_id.get(identifier or 0, (line, {}))[1]
        known: Record = {}
        if shown:
            serving = self._by_fingerprint.get(shown)
            known = next((one for one in self._certificates(serving) if one.get("fingerprint_sha256") == shown), {})
            if serving is not None and known:
                is_behind = serving is line and age(known) < age(own)
                serving.places.append(replace(_place(listener, known.get("id"), known), is_behind=is_behind))
                if serving is line:
                    return
            else:
                known = next((one for one in self.facts.seen if (one.get("host"), one.get("port")) == place), {})
        elif listener.get("previous_certificate_id") != identifier:
            known = self._by_id.get(listener.get("previous_certificate_id") or 0, (line, {}))[1]
        is_behind = bool(known) and age(known) < age(own)
        line.astray.append(replace(_place(listener, identifier, known), is_behind=is_behind))

    @staticmethod
    def _certificates(line: Line | None) -> list[Record]:
        return [*line.stored, *line.entries] if line is not None else []

    def _add_seen(self, listeners: Mapping[tuple[t.Any, t.Any], str]) -> None:
        """Add the endpoints that serve what is neither in the store nor in a listener's record."""
        for endpoint in self.facts.seen:
            shown = endpoint.get("fingerprint_sha256")
            if shown and not endpoint.get("certificate_ids") and endpoint.get("certificate_ids") is not None:
                place = endpoint.get("host"), endpoint.get("port")
                name = listeners.get(place) or ":".join(map(str, place))
                line = self._by_fingerprint.get(shown) or self._line_of(endpoint, name)
                line.places.append(Place(name, None, endpoint.get("not_before"), endpoint.get("not_after")))
                self._by_fingerprint.setdefault(shown, line)

    def _add_unread(self) -> None:
        """Add what sources have and cannot be used: to the line with its names, or with a name that clients make its file name of."""
        by_stem: dict[str, list[Line]] = {}
        for line in self:
            for stem in {stem for name in _called(line) for stem in file_stems(name)}:
                by_stem.setdefault(stem, []).append(line)
        for entry in self.facts.unread:
            stem = file_stems(ascii_name(str(entry.get("name") or "").removesuffix(EC)))[0]
            names, alike = names_of(entry), by_stem.get(stem, ())
            line = self._line_of(entry, _entry_name(entry)) if names or len(alike) != 1 else alike[0]
            line.unread.append(entry)
            self._remember(line, {"source": entry.get("source"), "path": entry.get("path")})

    # What was done

    def _add_result(self) -> None:
        for one in self.facts.did("imported"):
            line = self._find(one)
            if line is not None and one.get("id"):
                line.imported.append(one["id"])
        for one in self.facts.did("deployed"):
            line = self._find(one)
            if line is not None:
                line.deployed.append(listener_name(one))
        for one in self.facts.did("verified"):
            line = self._find(one)
            if line is not None:
                line.verified.append(listener_name(one))
        for one, has_failed in self._told():
            line = self._find(one)
            if line is not None:
                (line.failed if has_failed else line.skipped).append(one)
            elif has_failed:
                self.general.append(one)
            before = self._by_id.get(one.get("previous_certificate_id") or 0)
            if has_failed and line is not None and before is not None and before[0] is not line:
                before[0].failed.append(one)  # that which was not replaced, and has other names

    def _told(self) -> Iterator[tuple[Record, bool]]:
        """Yield what was skipped and what failed: in the run, and in a plan that nothing was done about."""
        unread = {_entry_key(one) for one in self.facts.unread}
        for one in self.facts.did("failed"):
            yield one, True
        for one in self.facts.did("skipped"):
            if not one.get("path") or _entry_key(one) not in unread:
                yield one, False
        told = {_place_key(one) for name in ("skipped", "failed") for one in self.facts.did(name) if one.get("port")}
        for one in self.facts.listeners or ():
            if one.get("outcome") in {"skipped", *FAILED} and _place_key(one) not in told:
                yield one, one["outcome"] in FAILED

    def _find(self, record: Record) -> Line | None:
        """Return the line that a result is about. A listener's is that of its certificate, or of the one that is meant for it."""
        for name in ("certificate_id", "previous_certificate_id") if record.get("port") else ("id",):
            if record.get(name) in self._by_id:
                return self._by_id[record[name]][0]
        line = self._by_fingerprint.get(record.get("fingerprint_sha256") or "")
        line = line or self._by_path.get((record.get("source"), record.get("path")))
        if line is None and record.get("subject_alt_names"):
            alike = self._namesakes.get(names_of(record), ())
            alike = [one for one in alike if record.get("key_type") in {None, one.key_type}]
            line = alike[0] if len(alike) == 1 else None
        return line

    # What uses what

    def knows_listeners(self, record: Record) -> bool:
        """Return whether all listeners that serve a record of the store are known."""
        has_all = self.facts.listeners is not None and self.facts.has_all_listeners
        return has_all or record.get("services") is not None

    def has_stored(self, entry: Record) -> bool:
        """Return whether the store has the certificate of a source."""
        line = self._by_fingerprint.get(entry.get("fingerprint_sha256") or "")
        shown = entry.get("fingerprint_sha256")
        return line is not None and any(one.get("fingerprint_sha256") == shown for one in line.stored)

    def other_services(self, record: Record) -> int | None:
        """Return how many services use a record besides the listeners that it had when it was listed; `None` if that is not told."""
        told, listed = record.get("associated_service_count"), record.get("services")
        return None if told is None else max(0, told - (self._had[record["id"]] if listed is None else len(listed)))

    # What could take the place of what

    def within(self, names: frozenset[str]) -> Iterator[Line]:
        """Yield the lines that have some of these names, or all, and no other.

        Each is kept under the rarest of its names, so that it takes no longer if thousands share one.
        """
        self._index()
        for name in names:
            yield from (line for line in self._by_rarest.get(name, ()) if line.names <= names)

    def beyond(self, names: frozenset[str]) -> Line | None:
        """Return a line with one of these names and others, of which the store or a listener has a certificate."""
        return next(
            (
                line
                for name in sorted(names)
                for line in self._index().get(name, ())
                if (line.stored or line.held) and not line.names <= names
            ),
            None,
        )

    def _index(self) -> dict[str, list[Line]]:
        """Return the lines by each of their names."""
        if self._by_name is None:
            by_name: dict[str, list[Line]] = {}
            for line in self:
                for name in line.names:
                    by_name.setdefault(name, []).append(line)
            for line in self:
                if line.names:
                    rarest = min(line.names, key=lambda name: (len(by_name[name]), name))
                    self._by_rarest.setdefault(rarest, []).append(line)
            self._by_name = by_name
        return self._by_name

    def covering(self) -> dict[int, list[Line]]:
        """Return, by the `id` of each line, the lines with all of its names and more, and the same type of key.

        They are looked for among those with the rarest of its names, so that it takes no longer if thousands share one.
        """
        by_name: dict[tuple[str, str | None], list[Line]] = {}
        for line in self:
            for name in line.names:
                by_name.setdefault((name, line.key_type), []).append(line)
        found = {}
        for line in self:
            if line.names:
                sharing = min((by_name[name, line.key_type] for name in line.names), key=len)
                found[id(line)] = [other for other in sharing if line.names < other.names]
        return found


def _called(line: Line) -> set[str]:
    """Return the names by which clients may call a line: the common name, or if there is none, any of its names."""
    common = {name for record in (*line.stored, *line.entries) if (name := record.get("common_name"))}
    return common or set(line.names)


def _entry_name(entry: Record) -> str:
    return str(entry.get("name") or entry.get("path") or "")


def _entry_key(entry: Record) -> tuple[t.Any, ...]:
    return entry.get("source"), entry.get("path"), entry.get("reason")


def _place_key(listener: Record) -> tuple[t.Any, t.Any]:
    return listener.get("load_balancer_uuid") or listener.get("load_balancer"), listener.get("port")


def _place(listener: Record, identifier: int | None, certificate: Record) -> Place:
    return Place(listener_name(listener), identifier, certificate.get("not_before"), certificate.get("not_after"))
