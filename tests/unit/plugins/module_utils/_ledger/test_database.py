# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tables are made of: other releases, and other machines, work with the same ones. What is done in them: test_ledger.py."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ansible_collections.softlayer.certificates.plugins.module_utils._base.backoff import Backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import database as databases
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.database import (
    MAX_CONNECTIONS,
    Database,
    Tables,
    _make_engine,
    _make_tables,
    _set_session,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from tests.support.clock import Clock
from tests.support.failing import fails
from tests.support.waiting import until

ACTS = (
    "kind VARCHAR(16) NOT NULL, subject TEXT NOT NULL, number INTEGER NOT NULL, state VARCHAR(16) NOT NULL, "
    "requested_at {time} NOT NULL, lease_until {time} NOT NULL, begun_at {time} NOT NULL, ended_at {time}, noticed_at {time}, "
    "certificate_id BIGINT"
)


@pytest.mark.parametrize(
    ("dialect", "identifier", "time", "primary"),
    [
        (postgresql.dialect(), "BIGSERIAL NOT NULL", "TIMESTAMP WITH TIME ZONE", "PRIMARY KEY (id), "),
        (sqlite.dialect(), "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "DATETIME", ""),
    ],
    ids=["server", "file"],
)
def test_the_tables(dialect: sa.Dialect, identifier: str, time: str, primary: str) -> None:
    tables = _make_tables()
    made = {one.name: str(CreateTable(getattr(tables, one.name)).compile(dialect=dialect)) for one in fields(Tables)}
    made = {name: " ".join(text.split()) for name, text in made.items()}
    columns = f"id {identifier}, {ACTS.format(time=time)}, {primary}UNIQUE (kind, subject, number)"
    assert made == {
        "acts": f"CREATE TABLE softlayer_ssl_acts ( {columns} )",
        "versions": "CREATE TABLE softlayer_ssl_ledger ( id INTEGER NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (id) )",
    }


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock is set to another zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "America/Chicago")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_instants_are_the_same_whatever_zone_the_machine_is_in() -> None:
    """A file has them without a zone, a server with any."""
    kind = _make_tables().acts.c.requested_at.type
    assert isinstance(kind, sa.TypeDecorator)
    at = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    dialect = sqlite.dialect()
    assert kind.process_bind_param(at.astimezone(), dialect) == at
    for stored in (at.replace(tzinfo=None), at, at.astimezone()):
        found = kind.process_result_value(stored, dialect)
        assert found == at and found.tzinfo is timezone.utc
    assert kind.process_bind_param(None, dialect) is kind.process_result_value(None, dialect) is None


def test_a_file_that_cannot_be_made_is_reported_with_the_reason_of_the_system(tmp_path: Path) -> None:
    with fails("ledger_unavailable", ": File name too long."):
        Database(f"sqlite:///{tmp_path}/{'x' * 300}")
    with pytest.raises(CertificatesError, match=f"the directory {tmp_path}/none does not exist"):
        Database(f"sqlite:///{tmp_path}/none/ledger.sqlite3")


@pytest.mark.parametrize(
    ("error", "said"),
    [(ValueError, "ValueError"), (futures.TimeoutError, "the database did not respond within 150 seconds")],
)
def test_what_cannot_be_read_is_reported_as_a_ledger_that_cannot_be_used(
    error: type[Exception], said: str, tmp_path: Path
) -> None:
    """Such as a row with a date that is none, and a server that is silent."""
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite3")

    def fail(_connection: sa.Connection) -> None:
        raise error

    with fails("ledger_unavailable", f": {said}."):
        database.read(fail)
    database.close()


def test_what_is_only_read_and_has_no_tables_is_empty(tmp_path: Path) -> None:
    """A file that a run made that was killed right after it, and one that is not there."""
    (tmp_path / "new").touch()
    for name, read_only in (("new", True), ("none", True), ("new", False)):
        database = Database(f"sqlite:///{tmp_path}/{name}", read_only=read_only)
        database.close()
        assert database.is_empty is read_only and database.is_new
    assert not (tmp_path / "none").exists()
    for read_only in (True, False):
        database = Database(f"sqlite:///{tmp_path}/new", read_only=read_only)
        database.close()
        assert not database.is_empty and database.is_new, "it has no request on record"


REFUSES_WRITES = "CREATE TRIGGER no BEFORE UPDATE ON softlayer_ssl_ledger BEGIN SELECT RAISE(ABORT, 'read only'); END"


@pytest.mark.parametrize(
    ("statement", "said", "modes"),
    [("DELETE FROM softlayer_ssl_ledger", "version unknown", (True, False)), (REFUSES_WRITES, "read only", (False,))],
)
def test_a_ledger_that_cannot_be_used_is_rejected_when_it_is_opened(
    statement: str, said: str, modes: tuple[bool, ...], tmp_path: Path
) -> None:
    """A check mode that took it for empty would know of nothing, and a run would request what it cannot record."""
    Database(f"sqlite:///{tmp_path}/ledger.sqlite3").close()
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
        connection.execute(statement)
    for read_only in modes:
        with fails("ledger_unavailable", said):
            Database(f"sqlite:///{tmp_path}/ledger.sqlite3", read_only=read_only)


def test_tables_that_another_run_has_made_are_taken_and_others_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite3")
    database._make_schema()
    monkeypatch.setattr(database, "_read_version", lambda: None)
    with pytest.raises(sa.exc.IntegrityError):
        database._make_schema()
    database.close()


def test_a_file_is_waited_for_and_its_connection_made_again(tmp_path: Path) -> None:
    """Milliseconds, as SQLite counts them; and nothing is lost with a connection that is not there any more."""
    engine = _make_engine(sa.make_url(f"sqlite:///{tmp_path}/ledger.sqlite3"), read_only=False)
    with engine.begin() as connection:
        assert connection.scalar(sa.text("PRAGMA busy_timeout")) == 30_000
        broken = connection.connection.dbapi_connection
    assert broken is not None
    broken.close()
    with engine.begin() as connection:
        assert connection.connection.dbapi_connection is not broken
    engine.dispose()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_is_read_as_it_was_at_one_moment_and_written_by_one_at_a_time(read_only: bool, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    engine = _make_engine(sa.make_url(f"sqlite:///{path}"), read_only=read_only)
    with engine.begin() as connection, sqlite3.connect(path, timeout=0) as another:
        assert connection.connection.dbapi_connection.in_transaction  # type: ignore[union-attr]
        if read_only:
            another.execute("BEGIN IMMEDIATE")
        else:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                another.execute("BEGIN IMMEDIATE")
    another.close()
    engine.dispose()


def test_threads_that_wait_for_the_same_file_share_a_transaction(tmp_path: Path) -> None:
    """A transaction takes longer than all that is done in it."""
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite3")
    shared = database._shared
    assert shared is not None
    commits: list[sa.Connection] = []
    sa.event.listen(database._engine, "commit", commits.append)
    with futures.ThreadPoolExecutor(5) as pool:
        with shared._writer:
            given = [pool.submit(database.transact, lambda _connection, number=number: number) for number in range(5)]
            until(lambda: len(shared._waiting) == 5, seconds=30)
        assert [one.result() for one in given] == [*range(5)]
    database.close()
    assert len(commits) == 1


def test_a_server_knows_how_long_to_wait_and_gets_few_connections(tmp_path: Path) -> None:
    """As a file: a lock that nobody lets go must not keep a run for ever."""
    said: list[str] = []

    class Told(sqlite3.Connection):
        """Stands in for a connection to a server."""

        def execute(self, statement: str, *_others: Any) -> sqlite3.Cursor:
            said.append(statement)
            return self.cursor()

    engine = sa.create_engine("sqlite://", connect_args={"factory": Told})
    _set_session(engine)
    engine.connect().close()
    engine.dispose()
    assert said == [
        *("SET client_encoding = 'UTF8'", "SET DateStyle = 'ISO, YMD'", "SET TimeZone = 'UTC'"),
        "SET default_transaction_isolation = 'read committed'",
        *("SET lock_timeout = '30s'", "SET statement_timeout = '60s'"),
    ]
    pool = _make_engine(sa.make_url("postgresql+psycopg://db.example.com/ledger"), read_only=False).pool
    assert isinstance(pool, sa.QueuePool) and pool.size() == MAX_CONNECTIONS and pool._max_overflow == 0


class Refusal(Exception):
    """What PostgreSQL's driver raises."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(f"could not do it: {sqlstate}")
        self.sqlstate = sqlstate


@pytest.mark.parametrize("how", ["read", "transact"])
@pytest.mark.parametrize(
    ("sqlstate", "refusals", "tries"),
    [("40001", 3, 4), ("40P01", 9, 10), ("40001", 99, 10), ("40003", 99, 1), ("25006", 99, 1)],
)
def test_what_is_in_the_way_of_another_run_is_tried_again(
    how: str, sqlstate: str, refusals: int, tries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A serialization failure and a deadlock, so often; nothing that may have been done."""
    clock = Clock()
    monkeypatch.setattr(databases, "Backoff", lambda _stop, *given, **more: Backoff(clock, *given, **more))
    given = Database(f"sqlite:///{tmp_path}/ledger.sqlite3")
    tried: list[sa.Connection] = []

    def do(connection: sa.Connection) -> str:
        tried.append(connection)
        if len(tried) <= refusals:
            raise sa.exc.OperationalError("SELECT", {}, Refusal(sqlstate))
        return "done"

    if refusals < tries:
        assert getattr(given, how)(do) == "done"
    else:
        with fails("ledger_unavailable", f": could not do it: {sqlstate}"):
            getattr(given, how)(do)
    given.close()
    assert len(tried) == tries and len(clock.waits) == tries - 1
    assert all(0 <= pause <= 0.02 * 2**number for number, pause in enumerate(clock.waits))


@pytest.mark.parametrize(
    ("at", "is_right"),
    [
        *(("1969-12-31 23:59:59.999999", False), ("1970-01-01 00:00:00.000000", True)),
        *(("8999-12-31 23:59:59.999999", True), ("9000-01-01 00:00:00.000000", False)),
    ],
)
def test_an_instant_that_no_one_wrote_is_refused_in_a_server_too(at: str, is_right: bool, tmp_path: Path) -> None:
    """It takes any that is one."""
    database = Database(f"sqlite:///{tmp_path}/ledger.sqlite3")
    database._shared = None  # as that of a server
    acts = database.tables.acts
    instants = [column.name for column in acts.columns if column.name.endswith(("_at", "_until"))]
    given = {"kind": "email", "subject": "a", "number": 1, "state": "confirmed", **dict.fromkeys(instants, at)}
    with database._engine.begin() as connection:
        connection.execute(
            sa.text(f"INSERT INTO {acts.name} ({', '.join(given)}) VALUES (:{', :'.join(given)})"), given
        )
        if is_right:
            database._check_tables(connection)
        else:
            with fails("ledger_unavailable", "requested_at of the row with the ID 1 has a value"):
                database._check_tables(connection)
    assert is_right or database.read(lambda _: threading.current_thread().daemon), "a silent server keeps no run"
    database.close()


def test_a_server_that_cannot_be_reached_is_reported_as_one() -> None:
    """No file is looked for."""
    with pytest.raises(CertificatesError, match=r"Cannot use the ledger ledger on 127\.0\.0\.1: .*refused"):
        Database("postgresql://127.0.0.1:1/ledger")


@pytest.mark.parametrize(("missing", "named"), [("psycopg", "psycopg[binary]"), ("other", "other")])
def test_a_driver_that_is_missing_is_reported_with_its_name(
    missing: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise ImportError(name=missing)

    monkeypatch.setattr(sa, "create_engine", refuse)
    with pytest.raises(CertificatesError) as caught:
        Database("postgresql://db.example.com/ledger")
    assert (caught.value.code, caught.value.details) == ("missing_library", {"library": named})
    assert f"pip install '{named}'" in caught.value.message
