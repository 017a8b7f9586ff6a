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
    def coming(self) -> dict[int, Record]:
        """The certificates of sources that a run imports, by the ids of the records of the store that they may stand in for."""
        return {
            identifier: entry
            for entry in self.lines.facts.entries
            if is_taken(entry)
            for identifier in entry.get("supersedes") or ()
        }

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
        self._coming = context.coming
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

    @cached_property
    def entry(self) -> Record | None:
        """The newest certificate of a source that can be taken."""
        return self._best_entry(self.line)

    @cached_property
    def refused(self) -> Record | None:
        """The newest valid certificate of the sources, if it is refused and the store does not have it."""
        newest = next((one for one in self.line.entries if self._is_valid(one)), None)
        if newest is None or not self.refusal(newest) or self.lines.has_stored(newest):
            return None
        return newest

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
        """Whether a source has a certificate that a run imports for this line, and the store does not have it yet."""
        coming = [self._coming[one["id"]] for one in self.line.stored if one["id"] in self._coming]
        own = [one for one in self.line.entries if is_taken(one)]
        return any(not self.lines.has_stored(one) for one in (*coming, *own))

    @cached_property
    def is_needless(self) -> bool:
        """Whether the store or another source has what may stand in for the newest certificate of a source."""
        return self.entry is not None and self.entry.get("reason") in {"superseded", "already_imported"}

    @cached_property
    def to_deploy(self) -> bool:
        """Whether the store has a better certificate for a listener of this line."""
        return any(place.is_behind for place in self.line.held)

    @cached_property
    def is_covered(self) -> bool:
        """Whether the store has what may stand in for the newest certificate of this line."""
        return bool(self.line.stored and self.line.stored[0].get("superseded_by"))

    @cached_property
    def lacking(self) -> tuple[Record, frozenset[str]] | None:
        """The newest certificate of a source that renews nothing as it lacks names of this line, and these names."""
        found = [
            (entry, self.line.names - other.names)
            for other in self.lines.within(self.line.names)
            for entry in other.entries
            if other is not self.line
            and other.key_type == self.line.key_type
            and entry.get("reason") == "names_not_covered"
        ]
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


def is_taken(entry: Record) -> bool:
    """Return whether a run imports a certificate of a source."""
    return "reason" in entry and entry["reason"] is None


def end_of(record: Record | Place | None) -> datetime | None:
    """Return when a certificate expires, if that is known."""
    return parse(age(record)[1]) if record is not None else None


def _with_earlier(now: Iterable[t.Any], earlier: Iterable[t.Any]) -> list[t.Any]:
    """Return what was done in this run and earlier on the same day."""
    return sorted(
        {*now, *(one for one in earlier if isinstance(one, (int, str)))}, key=lambda one: (str(type(one)), one)
    )
