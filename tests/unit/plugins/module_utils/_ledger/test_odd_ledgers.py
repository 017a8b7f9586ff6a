# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ledgers that something else has changed, and servers that are set up in another way: used as they are meant, or refused by name.

What cannot be read is never passed over: it may stand for an email that was sent.
"""

from __future__ import annotations

import sqlite3
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
DATES_OF_NO_ONE = (
    *(7, 1e300, b"2026-01-31 12:00:00.000000", "", "soon", "infinity", "31.01.2026 12:00:00", "2026-01-31"),
    *("2026-01-31 12:00:00", "2026-02-31 12:00:00.000000", "2026-01-31 25:00:00.000000"),
    *("0000-01-01 00:00:00.000000", "9999-12-31 23:59:59.999999"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger in a file."""
    path = tmp_path / "ledger.sqlite3"
    ledger = Ledger(f"sqlite:///{path}")
    for key in KEYS:
        claim = ledger.claim(key, AT, DAY, LEASE)
        assert isinstance(claim, Claim)
        ledger.confirm(claim)
    ledger.close()
    return path


def change(path: Path, statement: str, *values: object) -> None:
    """Do something to a ledger behind its back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("requested_at", value) for value in DATES_OF_NO_ONE),
        *(("noticed_at", "soon"), ("state", "soon"), ("kind", b"email"), ("subject", b"7")),
        *(("number", 1.5), ("number", "soon"), ("certificate_id", b"7"), ("certificate_id", "")),
    ],
)
def test_a_value_that_no_one_wrote_is_refused_with_its_row(path: Path, column: str, value: object) -> None:
    change(path, f"UPDATE {ACTS} SET {column} = ? WHERE id = 1", value)
    for read_only in (False, True):
        with fails("ledger_unavailable", ACTS, f"{column} of the row with the ID 1 ", "restore"):
            Ledger(f"sqlite:///{path}", read_only=read_only)


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        ([f"ALTER TABLE {ACTS} DROP COLUMN state"], "state"),
        ([f"DROP TABLE {ACTS}"], f"{ACTS} does not exist. Restore"),
        ([f"ALTER TABLE {ACTS} RENAME TO other", f"CREATE VIEW {ACTS} AS SELECT * FROM other"], ACTS),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_table_that_is_not_whole(path: Path, statements: list[str], named: str, read_only: bool) -> None:
    for statement in statements:
        change(path, statement)
    with fails("ledger_unavailable", named):
        Ledger(f"sqlite:///{path}", read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"no database")
    with fails("ledger_unavailable", str(path)):
        Ledger(f"sqlite:///{path}", read_only=read_only)
    assert path.read_bytes() == b"no database"


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
    change(path, f"DELETE FROM {ACTS} WHERE kind = 'email'")
    assert Ledger(url).is_new and Ledger(url, read_only=True).is_new
