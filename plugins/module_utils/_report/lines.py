# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that is known about the certificates for the same names. Private to softlayer.certificates.

Pure. A line is what renewal keeps together: one set of names and one type of key, whatever the certificates and keys are. This
brings the records of the store, the listeners, the sources and the run to the lines that they are about. What follows from it for
the report is in `rotation`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from .._codes import Untrusted
from .._names import ascii_name, file_stems, listener_name, listener_place
from .._times import has_passed, parse, renewal_due
from .._x509.certificate import names_of
from .report import Record, end_of

EC = "_ecc"
"""What acme.sh appends to the names of certificates with such keys."""
FAILED = {"failed", "rolled_back"}
"""Outcomes of listeners that failed."""
CHANGES = {"imported", "deployed", "removed"}
"""The lists of a result that are about changes."""
DONE = ("imported", "deployed", "verified", "removed")
"""The fields of a row that tell what was done."""
UNTRUSTED: tuple[Untrusted, ...] = t.get_args(Untrusted)
NEW = {"services": (), "associated_service_count": 0}
"""What uses a certificate that was imported since the store was listed."""


@dataclass(frozen=True)
class Facts:
    """What `ssl_certificate_rotate` returned."""

    store: Sequence[Record] | None = None
    """The certificate store as it was listed before or after anything was done; `None` if it could not be read."""
    fingerprints: Container[str] = frozenset()
    """SHA-256 of all certificates of the store, also of those that are left out here since they are for other names."""
    listeners: Sequence[Record] = ()
    """What became of them, or in check mode would."""
    entries: Sequence[Record] = ()
    """The certificates of the sources."""
    unread: Sequence[Record] = ()
    """The entries of the sources that cannot be used, with reason and message."""
    empty: Sequence[Record] = ()
    """The sources that bring nothing at all, with a message."""
    result: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """What the run has done: `imported`, `deployed`, `verified`, `removed`, `skipped` and `failed`."""
    needs_trust: bool = True
    """Whether only trusted certificates are imported."""
    is_check_mode: bool = False
    """Whether nothing of the result was done in fact."""

    def did(self, what: str) -> Sequence[Record]:
        """Return one of the lists of the result; in check mode, none of what would be changed."""
        return () if self.is_check_mode and what in CHANGES else self.result.get(what) or ()


@dataclass(frozen=True)
class LineListener:
    """A listener that has or serves a certificate of a line."""

    name: str
    certificate: Record
    """What it serves, as far as is known."""
    is_behind: bool
    """Whether the store has a better one for it."""
    is_serving: bool = True
    """Whether it serves a certificate of the line; if not, it should."""


@dataclass(eq=False)
class Line:
    """One set of names and one type of key, and what is known about its certificates; the newest first."""

    lines: Lines = field(repr=False)
    names: frozenset[str]
    key_type: str | None
    other: str
    """What it is called if its names are not known."""
    stored: list[Record] = field(default_factory=list)
    entries: list[Record] = field(default_factory=list)
    unread: list[Record] = field(default_factory=list)
    held: list[LineListener] = field(default_factory=list)
    """The listeners that have or serve a certificate of this line."""
    done: dict[str, list[int | str]] = field(default_factory=lambda: {name: [] for name in DONE})
    """The ids of certificates that were imported and removed, the listeners that were switched and seen."""
    skipped: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)

    # Which certificates count

    @cached_property
    def _valid(self) -> list[Record]:
        return [one for one in self.entries if one["reason"] not in {"expired", "not_yet_valid"}]

    @cached_property
    def entry(self) -> Record | None:
        """The newest certificate of a source that can be taken."""
        needs_trust = self.lines.facts.needs_trust
        return next((one for one in self._valid if one["trust"] == "trusted" or not needs_trust), None)

    @cached_property
    def refused(self) -> Record | None:
        """The newest valid certificate of the sources, if it is refused as not trusted and the store does not have it."""
        newest = next(iter(self._valid), None)
        if newest is None or newest["reason"] not in UNTRUSTED or self.lines.has_stored(newest):
            return None
        return newest if self.lines.facts.needs_trust else None

    @cached_property
    def _current(self) -> Record:
        """The certificate whose end counts: what is served and ends first, else the newest of the store, else of a source."""
        dated = [place.certificate for place in self.held if end_of(place.certificate)]
        if dated:
            return min(dated, key=lambda record: (end_of(record), age(record)[0]))
        if not all(place.is_serving for place in self.held):
            return {}  # something is served, but not this
        return next(iter((*self.stored, *([self.entry] if self.entry else ()), *self.entries)), {})

    @property
    def end(self) -> datetime | None:
        """When that ends."""
        return parse(end_of(self._current))

    @cached_property
    def is_due(self) -> bool:
        """Whether it has expired or will soon."""
        is_due = self._current.get("renewal_due")
        return (
            bool(renewal_due(parse(self._current.get("not_before")), self.end, self.lines.at))
            if is_due is None
            else is_due
        )

    @property
    def has_expired(self) -> bool:
        """Whether it has expired."""
        return has_passed(self.end, self.lines.at)

    # What could take its place

    @cached_property
    def to_import(self) -> bool:
        """Whether a source has a certificate that a run imports for this line, and the store does not have it yet."""
        coming = [self.lines.coming[one["id"]] for one in self.stored if one["id"] in self.lines.coming]
        own = [one for one in self.entries if one["reason"] is None]
        return not all(map(self.lines.has_stored, (*coming, *own)))

    @property
    def to_deploy(self) -> bool:
        """Whether the store has a better certificate for a listener of this line."""
        return any(place.is_behind for place in self.held)

    @property
    def is_covered(self) -> bool:
        """Whether the store has what may stand in for the newest certificate of this line."""
        return bool(self.stored and self.stored[0].get("superseded_by"))

    @property
    def has_source(self) -> bool:
        """Whether a source has all of its names, with the same type of key."""
        return bool(self.entries or self.unread or self.lines.is_covered_by_source(self))

    @cached_property
    def lacking(self) -> tuple[Record, frozenset[str]] | None:
        """The newest certificate of a source that renews nothing as it lacks names of this line, and these names."""
        found = [
            (entry, self.names - other.names)
            for other in self.lines.within(self.names)
            for entry in other.entries
            if other is not self and other.key_type == self.key_type and entry["reason"] == "names_not_covered"
        ]
        return max(found, key=lambda one: (*age(one[0]), -len(one[1])), default=None)

    # Where it is used

    @cached_property
    def is_used(self) -> bool | None:
        """Whether a listener or another service uses any certificate of the line; `None` if that is not known."""
        if self.held or any(map(_other_services, self.stored)):
            return True
        unknown = [one for one in self.stored if _other_services(one) is None and one.get("services") is None]
        return None if unknown else False

    @property
    def services(self) -> int | None:
        """How many services use its certificates: listeners, and what else the API counts."""
        others = [_other_services(record) for record in self.stored]
        if not others or (None in others and not self.held):
            return None
        return len({place.name for place in self.held}) + sum(filter(None, others))


class Lines:
    """The lines, and where to find them.

    Attributes:
        facts: what they are made of.
        at: the present instant.
        general: what failed and is about no line.
        coming: the certificates of sources that a run imports, by the ids of the records of the store that they may stand in for.
    """

    def __init__(self, facts: Facts, at: datetime) -> None:
        self.facts, self.at = facts, at
        self.general: list[Record] = []
        self.coming = {identifier: entry for entry in facts.entries for identifier in entry["supersedes"]}
        self._lines: dict[tuple[frozenset[str], str | None, str], Line] = {}
        self._namesakes: dict[frozenset[str], list[Line]] = {}
        self._by_id: dict[int, tuple[Line, Record]] = {}
        self._by_fingerprint: dict[str | None, Line] = {}
        self._add_entries()
        self._add_store()
        self._add_listeners()
        self._add_unread()
        self._add_result()
        self._by_name: dict[str, list[Line]] = {}
        self._by_rarest: dict[str, list[Line]] = {}
        for line in self:
            line.stored.sort(key=age, reverse=True)
            line.entries.sort(key=age, reverse=True)
            line.held.sort(key=lambda place: listener_place(place.name))
            for name in line.names:
                self._by_name.setdefault(name, []).append(line)
        for line in self:
            if line.names:
                self._by_rarest.setdefault(self._rarest(line.names), []).append(line)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    @cached_property
    def balances(self) -> bool:
        """Whether load balancers serve anything. In an account where they do not, nothing is there to be served."""
        return any(line.held for line in self)

    # What is where

    def _line(self, record: Record, other: str) -> Line:
        """Return the line of a certificate; if its type of key is not known, the only one with its names."""
        names, key_type = names_of(record), record.get("key_type")
        alike = self._namesakes.get(names, ()) if names and not key_type else ()
        if len(alike) == 1:
            return alike[0]
        key = names, key_type, "" if names else other
        if key not in self._lines:
            self._lines[key] = Line(self, *key)
            self._namesakes.setdefault(names, []).append(self._lines[key])
        return self._lines[key]

    def _add_entries(self) -> None:
        for entry in self.facts.entries:
            line = self._line(entry, _entry_name(entry))
            line.entries.append(entry)
            self._by_fingerprint[entry["fingerprint_sha256"]] = line

    def _add_store(self) -> None:
        """Add the records that the store has after the run, however early it was listed, and those that were removed."""
        removed = {one["id"]: one for one in self.facts.did("removed")}
        records = {**removed, **{one["id"]: one for one in self.facts.store or ()}}
        for one in self.facts.did("imported"):
            if one["id"]:
                records.setdefault(one["id"], {**one, **NEW})
        for identifier, record in records.items():
            line = self._line(record, f"#{identifier}")
            if identifier in removed:
                line.done["removed"].append(identifier)
                continue
            line.stored.append(record)
            self._by_id[identifier] = line, record
            self._by_fingerprint[record.get("fingerprint_sha256")] = line

    def _add_listeners(self) -> None:
        """Add the listeners with the certificate that each has now: what the run said of one counts more than the list of the store."""
        settled = {_place_key(one): one for one in self.facts.listeners}
        for line, record in self._by_id.values():
            for service in record.get("services") or ():
                if _place_key(service) not in settled:
                    line.held.append(LineListener(listener_name(service), record, bool(record.get("superseded_by"))))
        for one in settled.values():
            is_unserved = (one["outcome"], one["reason"]) == ("failed", "not_served")
            has_new = is_unserved or (one["outcome"] == "switched" and not self.facts.is_check_mode)
            identifier = one["certificate_id" if has_new else "previous_certificate_id"]
            if identifier is None:
                continue
            line, record = self._by_id.get(identifier) or (self._line(one, listener_name(one)), one)
            if is_unserved:
                self._add_unserved(line, record, one)
            else:
                has_missed = not has_new and one["certificate_id"] != identifier
                line.held.append(
                    LineListener(listener_name(one), record, has_missed or bool(one.get("better_certificate_id")))
                )

    def _add_unserved(self, line: Line, own: Record, listener: Record) -> None:
        """Add a listener that does not serve its certificate: to the line of what it serves, and to its own with the dates of that.

        If nothing was seen, the dates of the certificate that it had before count, since they are what people know of it.
        """
        name, served = listener_name(listener), listener.get("served_certificate") or {}
        before, after = listener["previous_certificate_id"], listener["certificate_id"]
        known = served or (self._by_id.get(before or 0, (line, {}))[1] if before != after else {})
        is_older = bool(known) and age(known) < age(own)
        serving = self._by_fingerprint.get(served.get("fingerprint_sha256", ""))
        if serving is None and served and served["fingerprint_sha256"] not in self.facts.fingerprints:
            serving = self._line(served, name)
        if serving is not None:
            serving.held.append(LineListener(name, served, is_older and serving is line))
        if serving is not line:
            line.held.append(LineListener(name, known, is_older, is_serving=False))

    def _add_unread(self) -> None:
        """Add what sources have and cannot be used: to the line with its names, or with a name that clients make its file name of."""
        by_stem: dict[str, list[Line]] = {}
        for line in self:
            for stem in {stem for name in _called(line) for stem in file_stems(name)}:
                by_stem.setdefault(stem, []).append(line)
        for entry in self.facts.unread:
            stem = file_stems(ascii_name(str(entry.get("name") or "").removesuffix(EC)))[0]
            names, alike = names_of(entry), by_stem.get(stem, ())
            line = self._line(entry, _entry_name(entry)) if names or len(alike) != 1 else alike[0]
            line.unread.append(entry)

    # What was done

    def _add_result(self) -> None:
        for name in ("imported", "deployed", "verified"):
            for one in self.facts.did(name):
                line, done = self._find(one), listener_name(one) or one["id"]
                if line is not None and done:
                    line.done[name].append(done)
        for one, has_failed in self._told():
            line = self._find(one)
            if line is not None:
                (line.failed if has_failed else line.skipped).append(one)
            elif has_failed:
                self.general.append(one)
            before = self._by_id.get(one.get("previous_certificate_id") or 0)
            if has_failed and line is not None and before is not None:
                before[0].failed.append(one)  # that which was not replaced may have other names

    def _told(self) -> Iterator[tuple[Record, bool]]:
        """Yield what was skipped and what failed: in the run, and in a plan that nothing was done about."""
        failed, skipped = self.facts.did("failed"), self.facts.did("skipped")
        told = {_place_key(one) for one in (*failed, *skipped) if one.get("port")}
        yield from ((one, True) for one in failed)
        yield from ((one, False) for one in skipped)
        for one in self.facts.listeners:
            if one["outcome"] in {"skipped", *FAILED} and _place_key(one) not in told:
                yield one, one["outcome"] in FAILED

    def _find(self, record: Record) -> Line | None:
        """Return the line that a result is about. A listener's is that of its certificate, or of the one that is meant for it."""
        for name in ("certificate_id", "previous_certificate_id") if record.get("port") else ("id",):
            if record.get(name) in self._by_id:
                return self._by_id[record[name]][0]
        return self._by_fingerprint.get(record.get("fingerprint_sha256") or "")

    def has_stored(self, entry: Record) -> bool:
        """Return whether the store has the certificate of a source."""
        fingerprint = entry["fingerprint_sha256"]
        return any(one.get("fingerprint_sha256") == fingerprint for one in self._by_fingerprint[fingerprint].stored)

    # What could take the place of what: each line is looked for by the rarest of its names, so that thousands may share one

    def _rarest(self, names: frozenset[str]) -> str:
        return min(names, key=lambda name: (len(self._by_name[name]), name))

    def within(self, names: frozenset[str]) -> Iterator[Line]:
        """Yield the lines that have some of these names, or all, and no other."""
        for name in names:
            yield from (line for line in self._by_rarest.get(name, ()) if line.names <= names)

    def beyond(self, names: frozenset[str]) -> Line | None:
        """Return a line with one of these names and others, of which the store or a listener has a certificate."""
        sharing = (line for name in sorted(names) for line in self._by_name[name])
        return next((line for line in sharing if (line.stored or line.held) and not line.names <= names), None)

    def is_covered_by_source(self, line: Line) -> bool:
        """Return whether a source has a certificate with all names of a line and more, and the same type of key."""
        sharing = self._by_name[self._rarest(line.names)] if line.names else ()
        return any(one.entries and one.key_type == line.key_type and line.names < one.names for one in sharing)


def age(record: Record) -> tuple[str, str]:
    """Return what certificates are sorted by, the newest last: all times are in one form, so that texts sort like instants."""
    return str(record.get("not_before") or ""), str(record.get("not_after") or "")


def _called(line: Line) -> set[str]:
    """Return the names by which clients may call a line: the common name, or if there is none, any of its names."""
    common = {name for record in (*line.stored, *line.entries) if (name := record.get("common_name"))}
    return common or set(line.names)


def _entry_name(entry: Record) -> str:
    return str(entry.get("name") or entry.get("path") or "")


def _place_key(listener: Record) -> tuple[t.Any, t.Any]:
    return listener.get("load_balancer_uuid") or listener.get("load_balancer"), listener.get("port")


def _other_services(record: Record) -> int | None:
    """Return how many services use a record besides its listeners; `None` if that is not told."""
    told = record.get("associated_service_count")
    return None if told is None else max(0, told - len(record.get("services") or ()))
