# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record requested emails and created certificates, and hold locks, across runs. Private to softlayer.certificates.

The API keeps no history of requested emails and stores duplicate certificates. An operation is `claimed` before its API call, and
`confirmed` or `released` after it; it is `unknown` without a response. An open claim after its lease means that its run ended early,
so the operation may have been processed. A unique constraint gives each number of a key to only one run.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from .._base.errors import CertificatesError
from .database import Database, lock_table

with suppress(ImportError):
    import sqlalchemy as sa
    from sqlalchemy.exc import SQLAlchemyError

MAX_KEYS_PER_QUERY = 500
RETENTION = timedelta(days=400)
"""Retention of finished operations after their leases, longer than the maximum validity of public certificates (398 days)."""
MAX_TERM = timedelta(days=825)
"""Retention of all other operations: the maximum term of an order and its renewal (CA/Browser Forum Baseline Requirements 6.3.2)."""
MAX_DELETED = 10_000
"""Maximum number of rows that one run deletes, so that other runs do not wait for long."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""Clock difference between two control nodes that is tolerated without a warning."""
LEASE_MARGIN = timedelta(seconds=60)
"""Margin of a lease for clock differences and slow servers."""


def compute_lease(timeout: float) -> timedelta:
    """Return the lease of a call that starts within `timeout` seconds and takes at most `timeout` seconds."""
    return 2 * timedelta(seconds=timeout) + LEASE_MARGIN


@dataclass(frozen=True)
class Key:
    """The object of an operation: the email of an order, a certificate to create, an object to lock, or a switch of a listener."""

    kind: t.Literal["email", "create", "lock", "switch"]
    subject: str


State = t.Literal["claimed", "unknown", "confirmed"]


@dataclass(frozen=True)
class Entry:
    """A recorded operation, completed or with unknown outcome."""

    id: int
    key: Key
    requested_at: datetime
    """The time of the claim, or of the last renewal of its lease."""
    state: State
    lease_until: datetime
    noticed_at: datetime | None = None
    """The time at which a run first noticed that `requested_at` was in the future."""
    certificate_id: int | None = None
    """The ID of the created certificate in the certificate store."""
    begun_at: datetime | None = field(default=None, compare=False)
    """The time of the claim."""
    first_requested_at: datetime | None = field(default=None, compare=False)
    """The time of the first operation with the same key in the requested period."""

    @property
    def lease(self) -> timedelta:
        """The maximum duration of the call."""
        return self.lease_until - self.requested_at

    def is_under_way(self, at: datetime) -> bool:
        """Return whether another run may be processing the operation."""
        return self.state == "claimed" and -CLOCK_TOLERANCE <= at - self.requested_at < self.lease

    def is_over(self, seen_for: timedelta, at: datetime, tolerance: timedelta = CLOCK_TOLERANCE) -> bool:
        """Return whether the run of an open claim has ended.

        Args:
            seen_for: the time for which the claim has not changed.
            at: the current time.
            tolerance: the assumed maximum clock difference between the hosts.
        """
        return seen_for >= self.lease or at >= self.requested_at + self.lease + tolerance

    def get_block_end(self, interval: timedelta, at: datetime) -> datetime | None:
        """Return the end of the interval that blocks another request; `None` if a request is allowed.

        A time in the future, from a wrong clock, counts as the time at which it was first noticed.
        """
        counts_from = self.requested_at if self.requested_at <= at else min(self.noticed_at or at, at)
        until = counts_from + interval
        return until if until > at else None

    def is_in_future(self, at: datetime) -> bool:
        """Return whether the recorded time is in the future, because one of the clocks is wrong."""
        return self.requested_at > at + CLOCK_TOLERANCE


@dataclass(frozen=True)
class Claim:
    """The exclusive right to an operation, to confirm or release after its call."""

    id: int
    key: Key
    requested_at: datetime
    lease_until: datetime
    previous_end: datetime | None = None
    """The end of the previous lock, or the current time if the end is unknown; `None` without a previous lock."""


class Ledger:
    """The history of requested emails, created certificates, and locks.

    Args:
        url: the SQLAlchemy URL of a SQLite file or a PostgreSQL database; by default, a file in the state directory.
        read_only: whether to write nothing, as in check mode.

    Attributes:
        place: the location for messages.
        is_new: whether no email was recorded before this run.

    Raises:
        CertificatesError: by all methods, as in `Database`.
    """

    def __init__(self, url: str | None, *, read_only: bool = False) -> None:
        self._database = Database(url, read_only=read_only)
        self.place = self._database.place
        self.is_new = self._database.is_new
        self._is_pruned = False

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def find_last_requests(self, keys: Sequence[Key], since: datetime | None = None) -> dict[Key, Entry]:
        """Return the last unreleased operation of each key; all keys are of one kind. `since` limits `first_requested_at`."""
        if self._database.is_empty:
            return {}
        return self._database.read(
            lambda connection: {
                entry.key: entry
                for start in range(0, len(keys), MAX_KEYS_PER_QUERY)
                for entry in self._read_entries(connection, keys[start : start + MAX_KEYS_PER_QUERY], since)
            }
        )

    def claim(self, key: Key, at: datetime, interval: timedelta | None, lease: timedelta) -> Claim | Entry:
        """Claim an operation, or return the entry that blocks it.

        Args:
            key: the object of the operation.
            at: the current time.
            interval: the time for which an earlier operation blocks another one; `None` for ever.
            lease: the maximum duration of the call.
        """
        if not self._is_pruned:
            self._is_pruned = True
            with suppress(CertificatesError):
                self._database.transact(lambda connection: self._prune(connection, at))
        return self._database.transact(lambda connection: self._claim(connection, key, at, interval, lease))

    def _claim(
        self, connection: sa.Connection, key: Key, at: datetime, interval: timedelta | None, lease: timedelta
    ) -> Claim | Entry:
        acts = self._database.tables.acts
        # One statement, so that the last entry and the next number are from the same moment. Where every entry forbids another one,
        # all before the last are released.
        history = connection.execute(
            sa.select(acts)
            .where(acts.c.kind == key.kind, acts.c.subject == key.subject)
            .order_by(acts.c.number.desc())
            .limit(1 if interval is None else None)
        ).all()
        last = next((_make_entry(key, row) for row in history if row.state != "released"), None)
        if last is not None and (interval is None or last.get_block_end(interval, at)):
            return last
        number, previous_end = (history[0].number + 1, history[0].ended_at or at) if history else (1, None)
        times = {"requested_at": at, "lease_until": at + lease, "begun_at": at}
        inserted = connection.execute(sa.insert(acts).values(**asdict(key), number=number, state="claimed", **times))
        identifier = t.cast("sa.Row[t.Any]", inserted.inserted_primary_key)[0]
        return Claim(identifier, key, at, at + lease, previous_end)

    def _prune(self, connection: sa.Connection, at: datetime) -> None:
        """Delete obsolete rows if the database allows it.

        The table is locked, because runs that read the history before and after the deletion could claim the same operation.
        """
        acts = self._database.tables.acts
        old = acts.alias()
        obsolete = sa.select(old.c.id).where(build_obsolete_condition(old, at)).order_by(old.c.id).limit(MAX_DELETED)
        with suppress(SQLAlchemyError), connection.begin_nested():  # threads may share the transaction
            lock_table(connection, acts)
            connection.execute(sa.delete(acts).where(acts.c.id.in_(obsolete)))

    def confirm(self, claim: Claim | Entry, certificate_id: int | None = None) -> None:
        """Record that an operation was completed, with the ID of a created certificate."""
        created = {} if certificate_id is None else {"certificate_id": certificate_id}
        self._update(claim, {"state": "confirmed", **created})

    def record(self, key: Key, at: datetime, certificate_id: int | None) -> None:
        """Record a completed operation that needs no claim, because it may be repeated."""
        never = timedelta(0)  # no earlier operation blocks it
        claim = self._database.transact(lambda connection: self._claim(connection, key, at, never, never))
        self.confirm(claim, certificate_id)

    def release(self, claim: Claim) -> None:
        """Record that an operation was certainly not processed."""
        self._update(claim, {"state": "released"})

    def end(self, claim: Claim, at: datetime) -> None:
        """Record the end of a lock, unless another run took it over."""
        self._update(claim, {"state": "released", "ended_at": at}, was=("claimed", claim.lease_until))

    def record_unknown_outcome(self, claim: Claim) -> None:
        """Record that an operation received no response, so it may have been processed."""
        self._update(claim, {"state": "unknown"})

    def withdraw(self, entry: Entry) -> bool:
        """Release an entry unless it has changed since it was read; return whether it was released."""
        return self._update(entry, {"state": "released"}, was=(entry.state, entry.lease_until))

    def renew(self, claim: Claim, at: datetime) -> Claim | None:
        """Restart the lease of a claim; return `None` if another run took the claim over."""
        renewed = replace(claim, requested_at=at, lease_until=at + (claim.lease_until - claim.requested_at))
        times = {"requested_at": renewed.requested_at, "lease_until": renewed.lease_until}
        return renewed if self._update(claim, times, was=("claimed", claim.lease_until)) else None

    def correct(self, entry: Entry, at: datetime) -> None:
        """Record that the time of an entry is in the future. The recorded time is kept, because the local clock may be wrong."""
        acts = self._database.tables.acts
        note = sa.update(acts).where(acts.c.id == entry.id, acts.c.noticed_at.is_(None)).values(noticed_at=at)
        self._database.transact(lambda connection: connection.execute(note))

    def _update(
        self,
        claim: Claim | Entry,
        values: Mapping[str, object],
        was: tuple[str, datetime] | None = None,
    ) -> bool:
        """Change an entry with the expected state and lease; return whether it was changed."""
        acts = self._database.tables.acts
        this = [acts.c.id == claim.id]
        if was is not None:
            state, lease_until = was
            this += [acts.c.state == state, acts.c.lease_until == lease_until]
        note = sa.update(acts).where(*this).values(dict(values))
        return self._database.transact(lambda connection: connection.execute(note).rowcount) > 0

    def _read_entries(self, connection: sa.Connection, alike: Sequence[Key], since: datetime | None) -> Iterator[Entry]:
        """Yield the last unreleased entry of each key."""
        acts = self._database.tables.acts
        kind = alike[0].kind
        these = (acts.c.kind == kind, acts.c.state != "released", acts.c.subject.in_([key.subject for key in alike]))
        last = sa.select(sa.func.max(acts.c.id)).where(*these).group_by(acts.c.subject)
        first: dict[str, datetime] = {}
        if since is not None:
            begins = sa.select(acts.c.subject, sa.func.min(acts.c.requested_at)).group_by(acts.c.subject)
            rows = connection.execute(begins.where(*these, acts.c.requested_at >= since))
            first = {row[0]: row[1] for row in rows}
        for row in connection.execute(sa.select(acts).where(acts.c.id.in_(last))):
            yield replace(_make_entry(Key(kind, row.subject), row), first_requested_at=first.get(row.subject))


def build_obsolete_condition(acts: sa.FromClause, at: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for rows that no run needs.

    - Ended locks with a later lock of the same key. The last one shows other runs that their plan is outdated.
    - Finished creations and last locks after `RETENTION`, when the list of certificates shows whether a certificate is stored.
    - All other rows after `MAX_TERM`: emails, and creations with unknown outcome.

    Hosts with clocks that are wrong by these times cannot verify the certificate of the API.
    """
    later = acts.alias()
    is_followed = sa.exists().where(
        later.c.kind == acts.c.kind, later.c.subject == acts.c.subject, later.c.number > acts.c.number
    )
    is_finished = acts.c.state.in_(["confirmed", "released"])
    return sa.or_(
        sa.and_(acts.c.kind == "lock", acts.c.state == "released", is_followed),
        sa.and_(acts.c.kind != "email", is_finished, acts.c.lease_until < at - RETENTION),
        acts.c.lease_until < at - MAX_TERM,
    )


def _make_entry(key: Key, row: sa.Row[t.Any]) -> Entry:
    times = row.requested_at, row.state, row.lease_until, row.noticed_at
    return Entry(row.id, key, *times, row.certificate_id, row.begun_at)
