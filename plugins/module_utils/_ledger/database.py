# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables and transactions of the ledger in SQLite or PostgreSQL. Private to softlayer.certificates."""

from __future__ import annotations

import math
import os
import threading
import typing as t
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import datetime, timezone

from .._base.backoff import Backoff
from .._base.errors import CertificatesError
from .place import describe_ledger, make_unavailable_error, make_url_error, normalize_url, parse_ledger_url

with suppress(ImportError):
    import sqlalchemy as sa
    from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError

SCHEMA_VERSION = 1
"""The version of the database schema, unchanged since the first release."""
LOCK_TIMEOUT_SECONDS = 30
PRUNE_TIMEOUT_SECONDS = 2
"""Maximum time in seconds to wait for other transactions before deleting obsolete rows."""
MAX_RIVALS = 1000
"""Maximum number of conflicts with other runs before the tables are considered invalid."""
TRANSIENT_CODES = {"40001", "40P01"}
"""PostgreSQL codes of conflicts between transactions, after which a retry can succeed."""
MAX_TRIES = 10
FIRST_PAUSE, MAX_PAUSE = 0.01, 2.56
"""Average pauses in seconds before the retry of a transaction: the first one and the longest one."""
VALID_VALUES = {"kind": ("email", "create", "lock", "switch"), "state": ("claimed", "unknown", "confirmed", "released")}
"""All valid values by column."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=timezone.utc), datetime(9000, 1, 1, tzinfo=timezone.utc)
"""The range of valid times."""
VALUE_ERRORS = (ValueError, TypeError, OverflowError, AttributeError)
"""Exceptions for a value that does not match the type of its column."""
MAX_RESPONSE_SECONDS = 150
"""Maximum time in seconds for a transaction on a database server; server-side timeouts do not cover network delays."""
MAX_CONNECTIONS = 4
"""Maximum number of connections of a run. Transactions are much shorter than API calls, so the threads share them."""
R = t.TypeVar("R")


class _SharedTransactions:
    """The queue of operations that share transactions. Each SQLite transaction waits for the disk, which takes longer than the operation."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._waiting: list[tuple[t.Callable[[sa.Connection], t.Any], futures.Future[t.Any]]] = []
        self._queue = threading.Lock()
        self._writer = threading.Lock()

    def run(self, do: t.Callable[[sa.Connection], R]) -> R:
        """Return the result of an operation, which may share its transaction and any error with operations of other threads."""
        answer: futures.Future[R] = futures.Future()
        with self._queue:
            self._waiting.append((do, answer))
        with self._writer:
            if not answer.done():
                self._commit()
        return answer.result()

    def _commit(self) -> None:
        with self._queue:
            together, self._waiting = self._waiting, []
        try:
            with self._engine.begin() as connection:
                results = [do(connection) for do, _answer in together]
        except BaseException as error:
            for _do, answer in together:
                answer.set_exception(error)
        else:
            for (_do, answer), result in zip(together, results, strict=True):
                answer.set_result(result)


class Database:
    """The tables of the ledger, created on first use.

    Args:
        url: the SQLAlchemy URL of a SQLite file or a PostgreSQL database; by default, `find_default_path`.
        read_only: whether to write nothing, as in check mode.

    Attributes:
        tables: the tables.
        is_empty: whether the tables do not exist and are not created.
        is_new: whether no email is recorded.
        place: the location for messages.

    Raises:
        CertificatesError: by all methods: `ledger_unavailable`, or `missing_library` for a database driver.
    """

    def __init__(self, url: str | None, *, read_only: bool = False) -> None:
        self._read_only = read_only
        self._url = parse_ledger_url(url)
        self.place = describe_ledger(self._url)
        self.tables = _make_tables()
        self._engine = _make_engine(self._url, read_only=read_only)
        is_file = self._url.get_backend_name() == "sqlite"
        self._shared = _SharedTransactions(self._engine) if is_file else None
        self.is_new = True
        self.is_empty = is_file and self._prepare_file(may_make_folder=normalize_url(url) is None)
        try:
            with self._translate_errors():
                self._run_until_done(self._open_schema)
        except CertificatesError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def read(self, do: t.Callable[[sa.Connection], R]) -> R:
        """Return the result of a read-only operation."""
        with self._translate_errors():
            return self._run_until_done(lambda: self._run_once(do))

    def transact(self, do: t.Callable[[sa.Connection], R]) -> R:
        """Return the result of an operation in a transaction, with retries after conflicts with other runs."""
        run = self._run_once if self._shared is None else self._shared.run
        with self._translate_errors():
            for _attempt in range(MAX_RIVALS):
                with suppress(IntegrityError):
                    return self._run_until_done(lambda: run(do))
        raise make_unavailable_error(self._url, "the tables differ from the tables that this collection creates")

    def _run_once(self, do: t.Callable[[sa.Connection], R]) -> R:
        with self._engine.begin() as connection:
            return do(connection)

    def _run_until_done(self, do: t.Callable[[], R]) -> R:
        """Return the result of a transaction, with retries after randomized exponential backoff."""
        backoff = Backoff(None, math.inf, MAX_PAUSE, first=FIRST_PAUSE, growth=2, spread=1)
        for _retry in range(MAX_TRIES - 1):
            try:
                return self._run_in_time(do)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in TRANSIENT_CODES:
                    raise
            backoff.pause()
        return self._run_in_time(do)

    def _run_in_time(self, do: t.Callable[[], R]) -> R:
        """Return the result of an operation within a timeout, because the driver of a database server has none."""
        if self._shared is not None:
            return do()
        answer: futures.Future[R] = futures.Future()

        def run() -> None:
            try:
                answer.set_result(do())
            except BaseException as error:
                answer.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return answer.result(MAX_RESPONSE_SECONDS)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except futures.TimeoutError:
            raise make_unavailable_error(
                self._url, f"the database did not respond within {MAX_RESPONSE_SECONDS} seconds"
            ) from None
        except (SQLAlchemyError, *VALUE_ERRORS) as error:
            said = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()
            raise make_unavailable_error(self._url, said[0] if said else "the database failed") from None

    def _prepare_file(self, *, may_make_folder: bool) -> bool:
        """Create the SQLite file for its owner only; return whether it is missing in check mode."""
        path = str(self._url.database)
        folder = os.path.dirname(path)
        if not may_make_folder and not os.path.isdir(folder):
            raise make_unavailable_error(self._url, f"the directory {folder} does not exist")
        if os.path.exists(path):
            return False
        if self._read_only:
            return True
        try:
            if may_make_folder:
                _make_private_directory(folder)
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            os.fchmod(descriptor, 0o600)
            os.close(descriptor)
        except (OSError, ValueError) as error:
            raise make_unavailable_error(
                self._url, getattr(error, "strerror", None) or "the file cannot be created"
            ) from None
        return False

    def _open_schema(self) -> None:
        """Create or check the tables, and check write access."""
        version = None if self.is_empty else self._read_version()
        if version is None and self._read_only:
            self.is_empty = True
            return
        if version is None:
            self._make_schema()
            version = self._read_version()
        if version != SCHEMA_VERSION:
            raise make_unavailable_error(
                self._url,
                f"the schema has version {version}, but this release supports version {SCHEMA_VERSION}. Use the newer release of the collection",
            )
        acts = self.tables.acts
        with self._engine.begin() as connection:
            self._check_tables(connection)
            self.is_new = not connection.scalar(
                sa.select(sa.exists(sa.select(acts.c.id).where(acts.c.kind == "email")))
            )
            if not self._read_only:
                connection.execute(sa.update(self.tables.versions).values(version=SCHEMA_VERSION))

    def _read_version(self) -> object:
        """Return the unchecked version of the schema; `None` without a schema."""
        versions = self.tables.versions
        with self._engine.begin() as connection:
            if not sa.inspect(connection).has_table(versions.name):
                return None
            version = connection.scalar(sa.select(sa.func.max(versions.c.version)))
            return "unknown" if version is None else version

    def _check_tables(self, connection: sa.Connection) -> None:
        """Reject missing tables and invalid values, because a run that skipped a row would miss an operation."""
        is_file = self._shared is not None
        names = sa.inspect(connection).get_table_names() if is_file else None
        for table in (getattr(self.tables, field.name) for field in fields(self.tables)):
            if names is not None and table.name not in names:
                raise make_unavailable_error(
                    self._url, f"the table {table.name} does not exist. Restore the ledger from a backup"
                )
            wrong = [(_build_invalid_condition(column, is_file=is_file), column.name) for column in table.columns]
            which = sa.case(*wrong).label("wrong")
            row = connection.execute(
                sa.select(sa.type_coerce(table.c.id, sa.types.NullType), which).where(which.is_not(None)).limit(1)
            ).first()
            if row is not None:
                raise make_unavailable_error(
                    self._url,
                    f"in the table {table.name}, the column {row.wrong} of the row with the ID {row[0]!r} has a value that this collection never "
                    "writes. Correct the value, or restore the ledger from a backup",
                )

    def _make_schema(self) -> None:
        versions = self.tables.versions
        try:
            with self._engine.begin() as connection:
                versions.metadata.create_all(connection)
                connection.execute(sa.insert(versions).values(id=1, version=SCHEMA_VERSION))
        except SQLAlchemyError:
            if self._read_version() is None:  # else another run was faster
                raise


def _build_invalid_condition(column: sa.Column[t.Any], *, is_file: bool) -> sa.ColumnElement[bool]:
    """Return the SQL condition for an invalid value, because SQLite accepts any value in any column."""
    raw = sa.type_coerce(column, sa.Text)
    is_right: list[sa.ColumnElement[bool]] = []
    if isinstance(column.type, sa.Integer):
        is_right += [sa.func.typeof(raw) == "integer"] if is_file else []
    elif isinstance(column.type, sa.String):
        is_right += [sa.func.typeof(raw) == "text"] if is_file else []
        is_right += [column.in_(VALID_VALUES[column.name])] if column.name in VALID_VALUES else []
    elif is_file:
        seconds = sa.func.substr(raw, 1, 19)
        is_right += [
            sa.func.typeof(raw) == "text",
            raw.op("GLOB")("*:[0-9][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]"),
            sa.func.length(raw) == 26,
            sa.func.strftime("%Y-%m-%d %H:%M:%S", seconds) == seconds,
            raw >= f"{EARLIEST:%Y-%m-%d}",
            raw < f"{LATEST:%Y-%m-%d}",
        ]
    else:
        is_right += [column >= EARLIEST, column < LATEST]
    is_value = sa.and_(column.is_not(None), *is_right)
    is_allowed = sa.or_(column.is_(None), is_value) if column.nullable else is_value
    return sa.not_(sa.func.coalesce(is_allowed, sa.false()))


def lock_table(connection: sa.Connection, table: sa.Table) -> None:
    """Lock a PostgreSQL table until the end of the transaction. SQLite transactions are always exclusive.

    Raises:
        SQLAlchemyError: if another transaction holds the lock too long.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{PRUNE_TIMEOUT_SECONDS}s'"))
        connection.execute(sa.text(f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE"))


def _make_private_directory(path: str) -> None:
    """Create a directory and its missing parents for their owner only, regardless of the umask."""
    if not os.path.isdir(path):
        _make_private_directory(os.path.dirname(path))
        try:
            os.mkdir(path)
            os.chmod(path, 0o700)
        except FileExistsError:
            pass  # another run was faster


@dataclass(frozen=True)
class Tables:
    """The tables of recorded operations and of the schema version."""

    acts: sa.Table
    versions: sa.Table


def _make_tables() -> Tables:
    class UtcDateTime(sa.TypeDecorator[datetime]):
        """A time in UTC, even in SQLite, which stores no time zone."""

        impl = sa.DateTime(timezone=True)
        cache_ok = True

        def process_bind_param(self, value: datetime | None, dialect: object) -> datetime | None:
            return value and value.astimezone(timezone.utc)

        def process_result_value(self, value: datetime | None, dialect: object) -> datetime | None:
            return value and (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)

    metadata = sa.MetaData()
    return Tables(
        # The acts of each key are numbered; competing runs get different numbers.
        acts=sa.Table(
            "softlayer_ssl_acts",
            metadata,
            sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
            sa.Column("kind", sa.String(16), nullable=False),
            sa.Column("subject", sa.Text, nullable=False),
            sa.Column("number", sa.Integer, nullable=False),
            sa.Column("state", sa.String(16), nullable=False),
            sa.Column("requested_at", UtcDateTime, nullable=False),
            sa.Column("lease_until", UtcDateTime, nullable=False),
            sa.Column("begun_at", UtcDateTime, nullable=False),
            sa.Column("ended_at", UtcDateTime),
            sa.Column("noticed_at", UtcDateTime),
            sa.Column("certificate_id", sa.BigInteger),
            sa.UniqueConstraint("kind", "subject", "number"),
            sqlite_autoincrement=True,
        ),
        versions=sa.Table(
            "softlayer_ssl_ledger",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("version", sa.Integer, nullable=False),
        ),
    )


def _make_engine(url: sa.URL, *, read_only: bool) -> sa.Engine:
    is_sqlite = url.get_backend_name() == "sqlite"
    option = "timeout" if is_sqlite else "connect_timeout"
    wait = {} if option in url.query else {option: LOCK_TIMEOUT_SECONDS}
    try:
        engine = sa.create_engine(url, connect_args=wait, pool_size=MAX_CONNECTIONS, max_overflow=0, pool_pre_ping=True)
    except ImportError as error:
        name = "psycopg[binary]" if error.name == "psycopg" else str(error.name)
        raise CertificatesError(
            "missing_library",
            f"The database of the ledger requires the Python library {name}. Install the library: pip install '{name}'",
            library=name,
        ) from None
    except (ArgumentError, ValueError, TypeError):
        raise make_url_error() from None
    if is_sqlite:
        _set_begin_statement(engine, "BEGIN" if read_only else "BEGIN IMMEDIATE")
    else:
        _set_session(engine)
    return engine


def _set_session(engine: sa.Engine) -> None:
    """Set the required PostgreSQL settings of each connection, overriding defaults, before SQLAlchemy sends a query."""
    settings = {
        "client_encoding": "UTF8",
        "DateStyle": "ISO, YMD",
        "TimeZone": "UTC",
        "default_transaction_isolation": "read committed",
        "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
        "statement_timeout": f"{2 * LOCK_TIMEOUT_SECONDS}s",
    }

    @sa.event.listens_for(engine, "connect", insert=True)
    def _on_connect(connection: t.Any, _record: object) -> None:
        for name, value in settings.items():
            connection.execute(f"SET {name} = '{value}'")
        connection.commit()


def _set_begin_statement(engine: sa.Engine, statement: str) -> None:
    """Start each SQLite transaction with a write lock, because a later upgrade of a read lock could fail."""

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: t.Any, _record: object) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)
