# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which email was requested and which certificate created, and which run may change something: claim, confirm, release.

Private to softlayer.certificates.

The API keeps no history of requested emails, so this is the only record; and it stores the same certificate as often as it
is asked to. Such an act is `claimed` before its API call and `confirmed` after it; if it was certainly not done, it is
`released`. If a request for an email got no answer, it is `unknown`. Each claim has a lease, the time within which its
call ends. A claim that is still open after its lease means that a run died in between, and that the act may have been done.

A lock on load balancers or secrets is claimed in the same way, renewed as long as it lasts, and released at its end.

The same code serves all of them, and SQLite and PostgreSQL. A claim takes the next number in the history of its key, and a
unique constraint gives this number to only one of several runs. The database locks nothing during the API call.

Before its first claim, a run deletes what no run needs any more, see `build_obsolete_condition`.
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
"""How long a finished act stays after its lease: longer than any certificate of a public CA is valid (398 days until 2026-03-15)."""
MAX_TERM = timedelta(days=825)
"""How long any act stays: the ledger does not know an order's end, and no order lasts longer than two years and what is left of the order
that it renews (CA/Browser Forum, Baseline Requirements 6.3.2, until 2020-09-01)."""
MAX_DELETED = 10_000
"""Rows that one run deletes at most, the oldest first: a ledger that was never pruned must not keep other runs waiting."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""Difference between the clocks of two control nodes that is tolerated without a warning."""
LEASE_MARGIN = timedelta(seconds=60)
"""Added to the duration of the call to get the lease, for small clock differences and a slow server."""


def compute_lease(timeout: float) -> timedelta:
    """Return the lease for a call that takes at most `timeout` seconds and begins within `timeout` seconds."""
    return 2 * timedelta(seconds=timeout) + LEASE_MARGIN


@dataclass(frozen=True)
class Key:
    """The object of an operation: the email of an order, a certificate to create, or what only one run at a time changes."""

    kind: t.Literal["email", "create", "lock"]
    subject: str


State = t.Literal["claimed", "unknown", "confirmed"]


@dataclass(frozen=True)
class Entry:
    """An act that was done or may have been done."""

    id: int
    key: Key
    requested_at: datetime
    """When it was claimed, or its lease was last renewed."""
    state: State
    lease_until: datetime
    noticed_at: datetime | None = None
    """When its time was first seen to be in the future."""
    certificate_id: int | None = None
    """Id of the created certificate in the store."""
    begun_at: datetime | None = field(default=None, compare=False)
    """When it was claimed."""
    first_requested_at: datetime | None = field(default=None, compare=False)
    """When the first act of its key was claimed, of those of the time that was asked for."""

    @property
    def lease(self) -> timedelta:
        """The maximum duration of its call."""
        return self.lease_until - self.requested_at

    def is_under_way(self, at: datetime) -> bool:
        """Return whether another run may still be working on it."""
        return self.state == "claimed" and -CLOCK_TOLERANCE <= at - self.requested_at < self.lease

    def is_over(self, seen_for: timedelta, at: datetime, tolerance: timedelta = CLOCK_TOLERANCE) -> bool:
        """Return whether the run that made an open claim can no longer be working on it.

        Args:
            seen_for: how long it has been seen unchanged, whatever its own times say.
            at: the present instant.
            tolerance: how far the other machine's clock may be behind this one's for the claim's own times to count, too.
        """
        return seen_for >= self.lease or at >= self.requested_at + self.lease + tolerance

    def get_block_end(self, interval: timedelta, at: datetime) -> datetime | None:
        """Return the time until which no further request is due, or `None` if one is due at `at`.

        An entry from the future, written with a wrong clock, counts from when that was first noticed. So it never blocks for
        longer than the interval.
        """
        counts_from = self.requested_at if self.requested_at <= at else min(self.noticed_at or at, at)
        until = counts_from + interval
        return until if until > at else None

    def is_in_future(self, at: datetime) -> bool:
        """Return whether a clock was wrong then or is wrong now."""
        return self.requested_at > at + CLOCK_TOLERANCE


@dataclass(frozen=True)
class Claim:
    """The right to do one act; confirm or release it afterwards."""

    id: int
    key: Key
    requested_at: datetime
    lease_until: datetime
    previous_end: datetime | None = None
    """When the lock before it ended, the present instant if that is not known; `None` if there was none."""


class Ledger:
    """The history of requested emails, created certificates and locks, in a database.

    Args:
        url: SQLAlchemy URL of a SQLite file or a PostgreSQL database; `None` or nothing for the default file.
        read_only: whether to write nothing at all, not even the schema, as in check mode.

    Attributes:
        place: where it is, for messages.
        is_new: whether it knows nothing of what was done before this run.

    Raises:
        CertificatesError: here and in every method, as `Database`.
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
        """Return for each key the last act that was done or may have been done; all keys are of one kind.

        With `since`, an entry also has the time of the first one that is not older.
        """
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
        """Claim an act, or return the entry that forbids it.

        Args:
            key: what the act is about.
            at: the present instant.
            interval: how long an earlier act forbids another one; zero never forbids one, `None` always does.
            lease: the time within which the call will have ended.
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
        """Delete obsolete rows, unless that is not possible: a user of the database may lack the right, for example.

        No claim may be made meanwhile. One that has read the history of its key would take the next number, and a rival that reads it
        without the deleted rows another one: both would be granted.
        """
        acts = self._database.tables.acts
        old = acts.alias()
        obsolete = sa.select(old.c.id).where(build_obsolete_condition(old, at)).order_by(old.c.id).limit(MAX_DELETED)
        with suppress(SQLAlchemyError), connection.begin_nested():  # threads may share the transaction
            lock_table(connection, acts)
            connection.execute(sa.delete(acts).where(acts.c.id.in_(obsolete)))

    def confirm(self, claim: Claim | Entry, certificate_id: int | None = None) -> None:
        """Record that it was done, and what was created."""
        created = {} if certificate_id is None else {"certificate_id": certificate_id}
        self._update(claim, {"state": "confirmed", **created})

    def release(self, claim: Claim) -> None:
        """Record that it was certainly not done."""
        self._update(claim, {"state": "released"})

    def end(self, claim: Claim, at: datetime) -> None:
        """Record that a lock has ended, unless another run took it over."""
        self._update(claim, {"state": "released", "ended_at": at}, was=("claimed", claim.lease_until))

    def record_unknown_outcome(self, claim: Claim) -> None:
        """Record that there was no response, so that it may have been done."""
        self._update(claim, {"state": "unknown"})

    def withdraw(self, entry: Entry) -> bool:
        """Record that an entry no longer counts, unless it has changed since it was read; return whether it was recorded."""
        return self._update(entry, {"state": "released"}, was=(entry.state, entry.lease_until))

    def renew(self, claim: Claim, at: datetime) -> Claim | None:
        """Restart the lease; return `None` if another run has taken the claim over as that of a dead run."""
        renewed = replace(claim, requested_at=at, lease_until=at + (claim.lease_until - claim.requested_at))
        times = {"requested_at": renewed.requested_at, "lease_until": renewed.lease_until}
        return renewed if self._update(claim, times, was=("claimed", claim.lease_until)) else None

    def correct(self, entry: Entry, at: datetime) -> None:
        """Record when an entry's time was first seen to be in the future; its own time stays, because the reader's clock may be wrong."""
        acts = self._database.tables.acts
        note = sa.update(acts).where(acts.c.id == entry.id, acts.c.noticed_at.is_(None)).values(noticed_at=at)
        self._database.transact(lambda connection: connection.execute(note))

    def _update(
        self,
        claim: Claim | Entry,
        values: Mapping[str, object],
        was: tuple[str, datetime] | None = None,
    ) -> bool:
        """Change an entry if it has not changed meanwhile; return whether it was changed."""
        acts = self._database.tables.acts
        this = [acts.c.id == claim.id]
        if was is not None:
            state, lease_until = was
            this += [acts.c.state == state, acts.c.lease_until == lease_until]
        note = sa.update(acts).where(*this).values(dict(values))
        return self._database.transact(lambda connection: connection.execute(note).rowcount) > 0

    def _read_entries(self, connection: sa.Connection, alike: Sequence[Key], since: datetime | None) -> Iterator[Entry]:
        """Yield for each key its last entry that is not released."""
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
    """Return the condition that no run needs a row any more.

    - A lock that has ended goes as soon as its key has a later one. The last one stays, because its end tells other runs whether their
      plan is stale.
    - A confirmed or released create, and the last lock of a key, go 400 days after their lease (`RETENTION`). By then, the store's
      listing shows whether the certificate is stored.
    - Emails count for the cooldown, so each stays for the longest term of an order (`MAX_TERM`).
    - What never finished (`claimed` or `unknown`) stays just as long. By then, its call cannot arrive any more, and a run that is to create
      the certificate finds it in the store's listing, or the certificate has expired.

    A machine whose clock is wrong by so much could not verify the API's certificate, so it never gets as far as a claim.

    Args:
        acts: the table, or an alias of it.
        at: the present instant.
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
