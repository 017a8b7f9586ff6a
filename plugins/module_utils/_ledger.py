# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When was which email requested: claim, confirm, release. Private to softlayer.certificates.

The API keeps no history of the emails it has been asked for, so this is the only memory there is. A request is I(claimed)
before its API call and I(confirmed) after it; what surely was not sent is I(released). A claim that stays open means that a
run died, or got no answer, in between: that email may have been sent.

One code path serves SQLite and PostgreSQL. A claim takes the next number in the history of its order, and a unique
constraint lets only one of several rivals have it; no lock is held while the API is called.
"""

from __future__ import annotations

import os
import threading
import traceback
import typing as t
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError

SQLALCHEMY_IMPORT_ERROR: str | None = None
try:
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
except ImportError:
    SQLALCHEMY_IMPORT_ERROR = traceback.format_exc()

SCHEMA_VERSION = 1
SECONDS_TO_WAIT_FOR_A_LOCK = 30
IDS_PER_QUERY = 500
CONNECTIONS = 4
"""Connections of one run; its threads take turns, since a transaction takes a fraction of a call."""
MOST_RIVALS = 1000
"""How often a claim may be lost to a faster run before something else must be wrong."""
CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far two controllers' clocks may differ before it is worth a word."""
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""What stands for the PostgreSQL driver that this collection asks for."""


@dataclass(frozen=True)
class Key:
    """What a request is about."""

    account_id: int
    order_id: int
    email_type: str


@dataclass(frozen=True)
class Entry:
    """A request that was made, or may have been."""

    id: int
    key: Key
    requested_at: datetime
    confirmed: bool
    noticed_at: datetime | None = None
    """When it was first seen to lie in the future."""

    def blocks_until(self, interval: timedelta, at: datetime) -> datetime | None:
        """Return until when no further request is due, C(None) if one is due at C(at).

        An entry from the future, written under a wrong clock, counts from when that was first noticed, and so never
        blocks for longer than the interval.
        """
        counts_from = self.requested_at if self.requested_at <= at else min(self.noticed_at or at, at)
        until = counts_from + interval
        return until if until > at else None

    def is_from_the_future(self, at: datetime) -> bool:
        """Return whether a clock was, or is, set wrong."""
        return self.requested_at > at + CLOCK_TOLERANCE


@dataclass(frozen=True)
class Claim:
    """The right to make one request; to be confirmed or released."""

    id: int
    key: Key
    requested_at: datetime


def default_path() -> str:
    """Return the SQLite file under the user's state directory (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "softlayer.certificates", "ledger.sqlite3")


R = t.TypeVar("R")


class _Operation(t.Generic[R]):
    """Something to do in a transaction, and what came of it."""

    def __init__(self, do: t.Callable[[sa.Connection], R]) -> None:
        self._do = do
        self._error: BaseException | None = None
        self._result: R | None = None
        self.is_over = False

    def run(self, connection: sa.Connection) -> None:
        """Do it; its result stands once the transaction is committed."""
        self._result = self._do(connection)

    def end(self, error: BaseException | None = None) -> None:
        """Note that the transaction is over."""
        self._error = error
        self.is_over = True

    def result(self) -> R:
        """Return what came of it, or raise why nothing did."""
        if self._error is not None:
            raise self._error
        return t.cast("R", self._result)


class _SharedTransactions:
    """Lets threads that want to write at the same moment share a transaction.

    SQLite brings each transaction to the disk before the next one begins, which takes longer than all else that the ledger
    does; so whoever waits meanwhile goes along with the next one. Each operation is on the disk when C(run) returns.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._waiting: list[_Operation[t.Any]] = []
        self._queue = threading.Lock()
        self._writer = threading.Lock()

    def run(self, do: t.Callable[[sa.Connection], R]) -> R:
        """Do something in a transaction, which may hold what other threads do; if it fails, it fails for all of them."""
        operation = _Operation(do)
        with self._queue:
            self._waiting.append(operation)
        with self._writer:
            if not operation.is_over:
                with self._queue:
                    together, self._waiting = self._waiting, []
                self._commit(together)
        return operation.result()

    def _commit(self, together: t.Sequence[_Operation[t.Any]]) -> None:
        error: BaseException | None = None
        try:
            with self._engine.begin() as connection:
                for operation in together:
                    operation.run(connection)
        except BaseException as raised:
            error = raised
        for operation in together:
            operation.end(error)


class Ledger:
    """The history of requested emails in a database.

    Args:
        url: SQLAlchemy URL of a SQLite file or a PostgreSQL database; C(None) or nothing for C(default_path).
        read_only: whether to write nothing at all, not even the schema: check mode.

    Raises:
        CertificatesError: here and in every method, C(ledger_unavailable), or C(missing_library) for a database driver.
    """

    def __init__(self, url: str | None, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self._url = _parse_url(url) if url else sa.URL.create("sqlite", database=default_path())
        self._table, self._versions = _tables()
        self._engine = _make_engine(self._url, read_only=read_only)
        is_file = self._url.get_backend_name() == "sqlite"
        self._shared = _SharedTransactions(self._engine) if is_file else None
        self._is_empty = is_file and self._prepare_file(may_make_folder=not url)
        with self._said_clearly():
            self._open_schema()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def last_requests(self, keys: Iterable[Key]) -> dict[Key, Entry]:
        """Return the last request of each key that was made or may have been made."""
        found: dict[Key, Entry] = {}
        if self._is_empty:
            return found
        by_kind: dict[tuple[int, str], list[int]] = {}
        for key in keys:
            by_kind.setdefault((key.account_id, key.email_type), []).append(key.order_id)
        with self._said_clearly(), self._engine.begin() as connection:
            for (account_id, email_type), order_ids in by_kind.items():
                for start in range(0, len(order_ids), IDS_PER_QUERY):
                    chunk = self._table.c.order_id.in_(order_ids[start : start + IDS_PER_QUERY])
                    for entry in self._entries(connection, account_id, email_type, chunk):
                        found[entry.key] = entry
        return found

    def claim(self, key: Key, at: datetime, interval: timedelta) -> Claim | Entry:
        """Claim a request, or return the entry that forbids it.

        Args:
            key: what the request is about.
            at: the present instant.
            interval: how long an earlier request forbids another one; nothing does with an interval of zero.
        """
        with self._said_clearly():
            for _attempt in range(MOST_RIVALS):
                try:
                    return self._transact(lambda connection: self._claim(connection, key, at, interval))
                except IntegrityError:
                    continue  # a rival was faster: look at what it did
        raise self._unavailable("its tables are not as this collection made them")

    def _claim(self, connection: sa.Connection, key: Key, at: datetime, interval: timedelta) -> Claim | Entry:
        table = self._table
        this = {"account_id": key.account_id, "order_id": key.order_id, "email_type": key.email_type}
        # One statement, so that the last entry and the next number are of the same moment.
        history = connection.execute(
            sa.select(*self._columns())
            .where(*(table.c[name] == value for name, value in this.items()))
            .order_by(table.c.number.desc())
        ).all()
        last = next((_entry(key, row) for row in history if row.state != "released"), None)
        if last is not None and last.blocks_until(interval, at):
            return last
        number = history[0].number + 1 if history else 1
        values = sa.insert(table).values(**this, number=number, state="claimed", requested_at=at)
        inserted = connection.execute(values)
        return Claim(t.cast("sa.Row[t.Any]", inserted.inserted_primary_key)[0], key, at)

    def confirm(self, claim: Claim) -> None:
        """Note that the request was made."""
        self._set_state(claim, "confirmed")

    def release(self, claim: Claim) -> None:
        """Note that the request surely was not made."""
        self._set_state(claim, "released")

    def correct(self, entry: Entry, at: datetime) -> None:
        """Note when an entry was first seen to lie in the future; its own time stays, the reader's clock may be wrong."""
        table = self._table
        this = sa.and_(table.c.id == entry.id, table.c.noticed_at.is_(None))
        with self._said_clearly(), self._engine.begin() as connection:
            connection.execute(sa.update(table).where(this).values(noticed_at=at))

    def _set_state(self, claim: Claim, state: str) -> None:
        table = self._table
        note = sa.update(table).where(table.c.id == claim.id).values(state=state)
        with self._said_clearly():
            self._transact(lambda connection: connection.execute(note))

    def _transact(self, do: t.Callable[[sa.Connection], R]) -> R:
        """Do something in a transaction and return what came of it."""
        if self._shared is not None:
            return self._shared.run(do)
        with self._engine.begin() as connection:
            return do(connection)

    def _entries(
        self, connection: sa.Connection, account_id: int, email_type: str, orders: sa.ColumnElement[bool]
    ) -> Iterator[Entry]:
        """Yield the last entry of each of these orders that is not released."""
        table = self._table
        these = sa.and_(
            table.c.account_id == account_id, table.c.email_type == email_type, table.c.state != "released", orders
        )
        last = sa.select(sa.func.max(table.c.id)).where(these).group_by(table.c.order_id)
        for row in connection.execute(sa.select(*self._columns()).where(table.c.id.in_(last))):
            yield _entry(Key(account_id, row.order_id, email_type), row)

    def _columns(self) -> tuple[sa.Column[t.Any], ...]:
        columns = self._table.c
        return (columns.id, columns.order_id, columns.number, columns.state, columns.requested_at, columns.noticed_at)

    def _prepare_file(self, *, may_make_folder: bool) -> bool:
        """Make the SQLite file for its owner alone; return whether there is none and, in check mode, will be none."""
        path = self._url.database
        if not path or path == ":memory:" or path.startswith("file:"):
            raise self._unavailable("a ledger in memory forgets what was sent; name a file")
        folder = os.path.dirname(os.path.abspath(path))
        if not may_make_folder and not os.path.isdir(folder):
            raise self._unavailable(f"there is no folder {folder}")
        if os.path.exists(path):
            return False
        if self._read_only:
            return True
        try:
            if may_make_folder:
                _make_private_folder(folder)
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
        except OSError as error:
            raise self._unavailable(error.strerror or "it cannot be made") from None
        return False

    def _open_schema(self) -> None:
        """Make the tables on first use, refuse those of a newer release, and prove that they can be written."""
        if self._is_empty:
            return
        version = self._version()
        if version is None and self._read_only:
            self._is_empty = True
            return
        if version is None:
            self._make_schema()
            version = self._version()
        if version != SCHEMA_VERSION:
            raise self._unavailable(
                f"its schema has version {version}, this release knows version {SCHEMA_VERSION}; use the newer release of the collection"
            )
        if not self._read_only:
            with self._engine.begin() as connection:
                connection.execute(sa.update(self._versions).values(version=SCHEMA_VERSION))

    def _version(self) -> int | None:
        with self._engine.begin() as connection:
            if not sa.inspect(connection).has_table(self._versions.name):
                return None
            return t.cast("int | None", connection.scalar(sa.select(sa.func.max(self._versions.c.version))))

    def _make_schema(self) -> None:
        try:
            with self._engine.begin() as connection:
                self._table.metadata.create_all(connection)
                connection.execute(sa.insert(self._versions).values(id=1, version=SCHEMA_VERSION))
        except SQLAlchemyError:
            if self._version() is None:  # else another run was faster
                raise

    @contextmanager
    def _said_clearly(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
            raise self._unavailable(said[0] if said else "the database failed") from None

    def _unavailable(self, why: str) -> CertificatesError:
        if self._url.get_backend_name() == "sqlite":
            where, check = str(self._url.database), "ledger_url, its folder's permissions and free space"
        else:
            where, check = (
                f"{self._url.database} on {self._url.host or 'this machine'}",
                "ledger_url and the database server",
            )
        return CertificatesError(
            "ledger_unavailable",
            f"The ledger {where} cannot be used: {why.rstrip('.')}. No email is requested without it; check {check}.",
            ledger=where,
        )


def _entry(key: Key, row: sa.Row[t.Any]) -> Entry:
    return Entry(row.id, key, row.requested_at, row.state == "confirmed", row.noticed_at)


def _make_private_folder(path: str) -> None:
    """Make a folder, and those above it that are missing, for their owner alone, whatever the umask."""
    if not os.path.isdir(path):
        _make_private_folder(os.path.dirname(path))
        try:
            os.mkdir(path)
            os.chmod(path, 0o700)
        except FileExistsError:
            pass  # another run was faster


def _tables() -> tuple[sa.Table, sa.Table]:
    class UtcDateTime(sa.TypeDecorator[datetime]):
        """Instants in UTC, also where the database (SQLite) keeps no time zone."""

        impl = sa.DateTime(timezone=True)
        cache_ok = True

        def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
            return value and value.astimezone(timezone.utc)

        def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
            return value and (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)

    metadata = sa.MetaData()
    requests = sa.Table(
        "softlayer_ssl_email_requests",
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("email_type", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("noticed_at", UtcDateTime),
        sa.UniqueConstraint("account_id", "email_type", "order_id", "number"),
        sqlite_autoincrement=True,
    )
    versions = sa.Table(
        "softlayer_ssl_email_ledger",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    return requests, versions


def _parse_url(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        raise _no_such_ledger() from None
    driver = DRIVERS.get(parsed.drivername, parsed.drivername)
    if driver.partition("+")[0] not in {"sqlite", "postgresql"} or "uri" in parsed.query or "mode" in parsed.query:
        raise _no_such_ledger()
    return parsed.set(drivername=driver)


def _no_such_ledger() -> CertificatesError:
    return CertificatesError(
        "ledger_unavailable",
        "ledger_url is no SQLAlchemy URL of a SQLite file (sqlite:////var/lib/certificates/ledger.sqlite3) "
        "or a PostgreSQL database (postgresql://user@host/database). No email is requested without one.",
    )


def _make_engine(url: sa.URL, *, read_only: bool) -> sa.Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    option = "timeout" if is_sqlite else "connect_timeout"
    wait = {} if option in url.query else {option: SECONDS_TO_WAIT_FOR_A_LOCK}
    try:
        engine = sa.create_engine(url, connect_args=wait, pool_size=CONNECTIONS, max_overflow=0, pool_pre_ping=True)
    except ImportError as error:
        name = "psycopg[binary]" if error.name == "psycopg" else str(error.name)
        raise CertificatesError(
            "missing_library",
            f"The ledger's database needs the Python library {name}: pip install '{name}'.",
            library=name,
        ) from None
    except (ArgumentError, ValueError, TypeError):
        raise _no_such_ledger() from None
    if is_sqlite:
        _begin_by_hand(engine, "BEGIN" if read_only else "BEGIN IMMEDIATE")
    else:
        _wait_for_locks(engine)
    return engine


def _wait_for_locks(engine: sa.Engine) -> None:
    """Let PostgreSQL give up on a statement after the time that SQLite would."""

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: t.Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = '{SECONDS_TO_WAIT_FOR_A_LOCK}s'")
        connection.execute(f"SET statement_timeout = '{2 * SECONDS_TO_WAIT_FOR_A_LOCK}s'")
        connection.commit()


def _begin_by_hand(engine: sa.Engine, statement: str) -> None:
    """Let each transaction take SQLite's write lock at its start: a later upgrade of a read lock could fail."""

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: t.Any, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)
