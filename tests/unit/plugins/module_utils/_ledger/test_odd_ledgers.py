# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ledgers that something else has changed, and servers that are set up in another way: used as they are meant, or refused by name.

What cannot be read is never passed over: it may stand for an email that was sent.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import database as database_module
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Claim, Key, Ledger

from tests.support.failing import fails

pytestmark = pytest.mark.later

if TYPE_CHECKING:
    from tests.support.postgresql import Server

pytest_plugins = ["tests.support.postgresql"]

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc)
DAY, LEASE = timedelta(hours=24), timedelta(minutes=3)
KEYS = (Key("email", "7/FulfillmentEmail/100"), Key("create", f"7/{'ab' * 32}"), Key("lock", "load balancers of 7"))
ACTS = "softlayer_ssl_acts"
VERSIONS = "softlayer_ssl_ledger"
NUMBERS = {"number", "certificate_id", "version"}
DATES = {"requested_at", "lease_until", "noticed_at", "begun_at", "ended_at"}
NULLABLE = {"noticed_at", "certificate_id", "ended_at"}
WRONG = (
    *(
        *(None, 7, -1, 1.5, 1e300, b"\x00\xff", b"2026-01-31 12:00:00.000000", "", "soon", "31.01.2026 12:00:00"),
        "2026-02-31 12:00:00.000000",
    ),
    *("2026-01-31", "2026-01-31 12:00:00", "2026-01-31 25:00:00.000000", "0000-01-01 00:00:00.000000"),
    *("9999-12-31 23:59:59.999999", "infinity", "\x00"),
)


def made(url: str) -> None:
    ledger = Ledger(url)
    for key in KEYS:
        claim = ledger.claim(key, AT, DAY, LEASE)
        assert isinstance(claim, Claim)
        ledger.confirm(claim)
    ledger.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger in a file, whose columns take anything, as those that a tool has copied do."""
    path = tmp_path / "ledger.sqlite3"
    made(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        tables = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%lease_until%'"
        )
        for name, sql in [*tables]:
            connection.execute(f"ALTER TABLE {name} RENAME TO old")
            connection.execute(re.sub(r" NOT NULL(?! PRIMARY)", "", sql))
            connection.execute(f"INSERT INTO {name} SELECT * FROM old")
            connection.execute("DROP TABLE old")
        connection.execute(f"CREATE TABLE other AS SELECT * FROM {VERSIONS}")
        connection.execute(f"DROP TABLE {VERSIONS}")
        connection.execute(f"ALTER TABLE other RENAME TO {VERSIONS}")
    connection.close()
    return path


def columns(path: Path) -> Iterator[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        for table in (ACTS, VERSIONS):
            yield from ((table, row[1]) for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "id")
    connection.close()


def is_wrong(column: str, value: object) -> bool:
    """Whether a value cannot be one that the collection has written, once SQLite has made of it what the column's type says."""
    if value is None:
        return column not in NULLABLE
    if column in NUMBERS:
        return not isinstance(value, int)
    if column == "subject":  # any text may be meant
        return isinstance(value, bytes)
    return column in DATES | {"state", "kind"}


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_value_that_no_one_wrote_is_refused_with_its_row(path: Path, value: object) -> None:
    whole = path.read_bytes()
    seen = 0
    for table, column in [*columns(path)]:
        path.write_bytes(whole)
        with sqlite3.connect(path) as connection:
            connection.execute(f"UPDATE {table} SET {column} = ?", [value])
        connection.close()
        if not is_wrong(column, value):
            continue
        seen += 1
        with fails("ledger_unavailable") as caught:
            Ledger(f"sqlite:///{path}", read_only=seen % 2 == 0)
        if table == ACTS:
            assert f"{column} of the row with the ID 1 " in caught.value.message, (column, caught.value.message)
            assert table in caught.value.message and "restore" in caught.value.message
    assert seen


@pytest.mark.parametrize(
    ("table", "column"),
    [*((ACTS, column) for column in ("requested_at", "state", "number", "kind")), (VERSIONS, "version")],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_table_without_a_column(path: Path, table: str, column: str, read_only: bool) -> None:
    with sqlite3.connect(path) as connection:
        names = ", ".join(
            name for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{table}')") if name != column
        )
        connection.execute(f"CREATE TABLE other AS SELECT {names} FROM {table}")
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE other RENAME TO {table}")
    connection.close()
    with fails("ledger_unavailable", column):
        Ledger(f"sqlite:///{path}", read_only=read_only)


@pytest.mark.parametrize(("table", "instead"), [(ACTS, "nothing"), (ACTS, "a view"), (VERSIONS, "a view")])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_table_that_is_none(path: Path, table: str, instead: str, read_only: bool) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO other")
        if instead == "a view":
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM other")
    connection.close()
    with fails("ledger_unavailable", table, "Restore"):
        Ledger(f"sqlite:///{path}", read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "content", [b"no database", b"\0" * 8192, b"SQLite format 3\0" + b"x" * 8176], ids=["text", "zeros", "header"]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes, read_only: bool) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(content)
    with fails("ledger_unavailable", str(path)):
        Ledger(f"sqlite:///{path}", read_only=read_only)
    assert path.read_bytes() == content


# PostgreSQL


def test_a_server_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, postgresql: Server, postgresql_url: str
) -> None:
    """Its own limits do not help where something between here and there keeps the connection and passes nothing on."""
    ledger = Ledger(postgresql_url)
    monkeypatch.setattr(database_module, "MAX_RESPONSE_SECONDS", 0.1)
    answered = Event()
    with fails("ledger_unavailable", "the database did not respond within 0.1 seconds"):
        ledger._database.read(lambda _connection: answered.wait())
    answered.set()
    ledger.close()


def test_a_ledger_whose_requests_are_gone_is_new(path: Path) -> None:
    """It has its tables, so it was used before; what was requested then is not known to it."""
    url = f"sqlite:///{path}"
    assert not Ledger(url).is_new
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"DELETE FROM {ACTS} WHERE kind = 'email'")
    assert Ledger(url).is_new and Ledger(url, read_only=True).is_new
