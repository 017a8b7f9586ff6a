# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be said of a line of certificates: which of them count, and what could take their place. Private to softlayer.certificates.

Pure. What follows from it for the report of the role `ssl_rotation` is in `rotation`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from .._times import has_passed, parse, renewal_due
from .common import Record, Row
from .lines import Line, Lines, Place, age

DONE = ("imported", "deployed", "verified", "removed")
"""The fields of a row that tell what was done."""


@dataclass(frozen=True)
class Context:
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
        return any(line.held for line in self.lines)


class Case:
    """What can be said of a line."""

    def __init__(self, line: Line, context: Context, before: Row) -> None:
        self.line, self.at, self.lines = line, context.at, context.lines
        self.trusts_all = not context.lines.facts.needs_trust
        self.store_is_known = context.lines.facts.store is not None
        self.balances = context.balances
        self.covering = context.covering.get(id(line), [])
        self._chosen = context.chosen
        removed = [one["id"] for one in line.removed]
        lists: tuple[Iterable[int | str], ...] = (line.imported, line.deployed, line.verified, removed)
        self.done = {name: _with_earlier(now, before.get(name, [])) for name, now in zip(DONE, lists, strict=True)}

    # --- Which certificates count ---

    def _is_valid(self, record: Record) -> bool:
        begins, ends = parse(record.get("not_before")), parse(record.get("not_after"))
        return has_passed(begins, self.at) and ends is not None and not has_passed(ends, self.at)

    def refusal(self, entry: Record) -> str | None:
        """Return why the newest certificate of a source is not taken, if that is not a matter of time."""
        if self.trusts_all or entry.get("trust") in {None, "trusted"}:
            return None
        return "chain_incomplete" if entry["trust"] == "incomplete" else "untrusted"

    def _best_entry(self, line: Line) -> Record | None:
        return next((one for one in line.entries if self._is_valid(one) and not self.refusal(one)), None)

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
        if newest is None or not self.refusal(newest) or self._is_stored(newest):
            return None
        return newest

    def _is_stored(self, record: Record) -> bool:
        shown = record.get("fingerprint_sha256")
        return bool(shown) and any(one.get("fingerprint_sha256") == shown for one in self.line.stored)

    @cached_property
    def _current(self) -> Record | Place | None:
        """The certificate whose end counts: what is served and ends first, else the newest of the store, else of a source."""
        dated = [place for place in self.line.held if place.not_after]
        if dated:
            return min(dated, key=lambda place: (str(place.not_after), place.not_before or ""))
        if self.line.astray:
            return None  # something is served, but not this
        return next(iter((*self.line.stored, *([self.entry] if self.entry else ()), *self.line.entries)), None)

    @property
    def current_end(self) -> datetime | None:
        """When that ends."""
        return end_of(self._current)

    @cached_property
    def is_due(self) -> bool:
        """Whether it has expired or will soon."""
        begins = parse(age(self._current)[0]) if self._current is not None else None
        return bool(renewal_due(begins, self.current_end, self.at))

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
            if (stored is None or age(stored) < age(self.entry)) and not self.is_needless and self.is_taken(self.line):
                return True
        return not self.is_covered and any(
            self._may_replace(self._best_entry(other)) and self.is_taken(other) for other in self.covering
        )

    def is_taken(self, line: Line) -> bool:
        """Return whether a run imports the newest certificate of the sources for a line: it was chosen, or renews one of the store."""
        is_chosen = any(one.get("fingerprint_sha256") in self._chosen for one in line.entries)
        return is_chosen or any(other.stored for other in self.lines.within(line.names))

    @cached_property
    def is_needless(self) -> bool:
        """Whether the store has a valid certificate with all names and more that is as new as the newest one of a source."""
        others = filter(None, map(self._best_stored, self.covering))
        return self.entry is not None and any(age(other) >= age(self.entry) for other in others)

    @cached_property
    def to_deploy(self) -> bool:
        """Whether the store has a valid certificate that is newer than one that a listener has."""
        if not self.line.held:
            return False
        stored = self._best_stored(self.line)
        oldest = min(map(age, self.line.held))
        return (stored is not None and age(stored) > oldest) or self.is_covered

    @cached_property
    def is_covered(self) -> bool:
        """Whether the store has a newer valid certificate with all names and more."""
        return any(self._may_replace(self._best_stored(other)) for other in self.covering)

    def _may_replace(self, other: Record | None) -> bool:
        """Return whether a certificate with more names is newer than this line's, and of the same organization."""
        newest = max(self._ours, key=age, default=None)
        if other is None or newest is None or age(other) <= age(newest):
            return False
        theirs = other.get("organization_name")
        return not self.line.stored or bool(self.line.stored[0].get("organization_name") == theirs)

    @property
    def _ours(self) -> list[Record | Place]:
        """The newest certificate of the store, and what listeners have."""
        return [*self.line.stored[:1], *self.line.places]

    @cached_property
    def lacking(self) -> tuple[Record, frozenset[str]] | None:
        """The newest certificate of a source for some of the names that is newer than this line's, and the names that it lacks."""
        newest = max(self._ours, key=age, default=None)
        found = []
        for other in self.lines.within(self.line.names):
            entry = self._best_entry(other) if other.key_type == self.line.key_type else None
            if entry is not None and newest is not None and age(entry) > age(newest) and other is not self.line:
                found.append((entry, self.line.names - other.names))
        return max(found, key=lambda one: (*age(one[0]), -len(one[1])), default=None)

    # --- Where it is used ---

    @cached_property
    def is_used(self) -> bool | None:
        """Whether a listener or another service uses any certificate of the line; `None` if that is not known."""
        others = [self.lines.other_services(record) for record in self.line.stored]
        if self.line.held or any(others):
            return True
        return None if None in others and not all(map(self.lines.knows_listeners, self.line.stored)) else False

    @cached_property
    def services(self) -> int | None:
        """How many services use its certificates: listeners, and what else the API counts."""
        others = [self.lines.other_services(record) for record in self.line.stored]
        if not others or (None in others and not self.line.held):
            return None
        return len({place.name for place in self.line.held}) + sum(filter(None, others))


def end_of(record: Record | Place | None) -> datetime | None:
    """Return when a certificate expires, if that is known."""
    return parse(age(record)[1]) if record is not None else None


def _with_earlier(now: Iterable[t.Any], earlier: Iterable[t.Any]) -> list[t.Any]:
    """Return what was done in this run and earlier on the same day."""
    return sorted(
        {*now, *(one for one in earlier if isinstance(one, (int, str)))}, key=lambda one: (str(type(one)), one)
    )
