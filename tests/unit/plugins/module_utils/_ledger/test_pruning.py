# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger keeps for how long, on every database that it serves: enough to do nothing twice, and not more every year."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import database as database_module
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import ledger as ledger_module
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    MAX_TERM,
    RETENTION,
    Claim,
    Entry,
    Key,
    Ledger,
)

pytestmark = pytest.mark.later

if TYPE_CHECKING:
    from tests.support.postgresql import Server

pytest_plugins = ["tests.support.postgresql"]

AT = datetime(2029, 1, 31, 12, 0, 0, tzinfo=timezone.utc)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LEASE = timedelta(minutes=3)
TABLE = "softlayer_ssl_acts"
LOCK = Key("lock", "load balancers of 7")
ANOTHER = Key("create", "7/another")
"""What is claimed for a run to be one that writes."""


def email(order: int) -> Key:
    return Key("email", f"7/FulfillmentEmail/{order}")


def create(number: int) -> Key:
    return Key("create", f"7/{number:064x}")


def granted(ledger: Ledger, key: Key, at: datetime) -> Claim:
    claim = ledger.claim(key, at, timedelta() if key.kind == "email" else None, LEASE)
    assert isinstance(claim, Claim), claim
    return claim


def nothing(_ledger: Ledger, _claim: Claim) -> None:
    """Leave a claim open, as a run does that is killed."""


ENDS: dict[str, Callable[[Ledger, Claim], object]] = {
    "claimed": nothing,
    "confirmed": lambda ledger, claim: ledger.confirm(claim, 4711),
    "released": lambda ledger, claim: ledger.release(claim),
    "unknown": lambda ledger, claim: ledger.record_unknown_outcome(claim),
    "ended": lambda ledger, claim: ledger.end(claim, claim.requested_at + SECOND),
}


def by_a_run(url: str, key: Key, at: datetime, end: str) -> None:
    """Have a run of its own do something; it prunes, too."""
    ledger = Ledger(url)
    ENDS[end](ledger, granted(ledger, key, at))
    ledger.close()


def kept(url: str) -> list[tuple[str, str, int]]:
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        rows = connection.execute(sa.text(f"SELECT kind, subject, number FROM {TABLE} ORDER BY id")).all()
    engine.dispose()
    return [(row[0], row[1], row[2]) for row in rows]


def row(key: Key, number: int = 1) -> tuple[str, str, int]:
    return key.kind, key.subject, number


STAYS = {
    **{(email(number), end): MAX_TERM for number, end in enumerate(("confirmed", "released", "unknown", "claimed"))},
    (create(1), "confirmed"): RETENTION,
    (create(2), "released"): RETENTION,
    (create(3), "claimed"): MAX_TERM,
    (LOCK, "ended"): RETENTION,
    (Key("lock", "secrets of 8"), "claimed"): MAX_TERM,
}
"""How long each act stays from the end of its lease on, by how it ended."""


def test_how_long_an_act_stays(ledger_url: str) -> None:
    """The next run that writes deletes it."""
    ledger = Ledger(ledger_url)
    for (key, end), stays_for in STAYS.items():
        ENDS[end](ledger, granted(ledger, key, AT - stays_for - LEASE))
    ledger.close()
    by_a_run(ledger_url, ANOTHER, AT, "confirmed")
    assert kept(ledger_url) == [*(row(key) for key, _end in STAYS), row(ANOTHER)]
    by_a_run(ledger_url, create(4), AT + SECOND, "confirmed")
    assert kept(ledger_url) == [row(ANOTHER), row(create(4))]


def test_finished_acts_outlast_any_certificate_and_emails_any_order() -> None:
    assert RETENTION.days == 400 and MAX_TERM.days > 2 * 366


def test_of_the_locks_that_ended_only_the_last_stays(ledger_url: str) -> None:
    """It says when others have changed something last. What is not known to have ended is in force."""
    for minutes in range(5):
        by_a_run(ledger_url, LOCK, AT + minutes * LEASE, "ended")
    by_a_run(ledger_url, Key("lock", "other"), AT, "ended")
    assert kept(ledger_url) == [row(LOCK, 5), row(Key("lock", "other"))]
    ledger = Ledger(ledger_url)
    last = granted(ledger, LOCK, AT + DAY)
    assert (last.previous_end, kept(ledger_url)[-1]) == (AT + 4 * LEASE + SECOND, row(LOCK, 6))
    ledger.close()
    another = Ledger(ledger_url)
    assert isinstance(another.claim(LOCK, AT + 2 * DAY, None, LEASE), Entry)
    another.close()
    assert kept(ledger_url) == [row(Key("lock", "other")), row(LOCK, 6)]


def test_the_history_of_a_key_goes_on_after_a_part_of_it_is_gone(ledger_url: str) -> None:
    key = email(1)
    for age in (MAX_TERM + 2 * DAY, MAX_TERM + DAY, MAX_TERM - 9 * DAY, DAY):
        by_a_run(ledger_url, key, AT - age, "confirmed")
    by_a_run(ledger_url, ANOTHER, AT, "confirmed")
    assert kept(ledger_url) == [row(key, 3), row(key, 4), row(ANOTHER)]
    ledger = Ledger(ledger_url)
    refusal = ledger.claim(key, AT, 2 * DAY, LEASE)
    assert isinstance(refusal, Entry) and refusal.requested_at == AT - DAY
    granted(ledger, key, AT)
    ledger.close()
    assert kept(ledger_url)[-1] == row(key, 5)


def old_ledger(url: str, number: int = 5) -> list[tuple[str, str, int]]:
    """A ledger that holds only obsolete acts; what that is."""
    ledger = Ledger(url)
    for which in range(number):
        ledger.confirm(granted(ledger, create(which), AT - RETENTION - DAY))
    ledger.close()
    assert len(kept(url)) == number
    return kept(url)


def test_check_mode_deletes_nothing(ledger_url: str) -> None:
    old = old_ledger(ledger_url)
    check = Ledger(ledger_url, read_only=True)
    assert len(check.find_last_requests([create(1)])) == 1
    check.close()
    assert kept(ledger_url) == old


def test_a_run_deletes_once_and_a_limited_number_the_oldest_first(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "MAX_DELETED", 2)
    old = old_ledger(ledger_url)
    ledger = Ledger(ledger_url)
    said: list[str] = []
    sa.event.listen(ledger._database._engine, "before_cursor_execute", lambda *event: said.append(event[2]))
    for number in range(100, 110):
        granted(ledger, create(number), AT)
    ledger.close()
    assert sum(statement.lstrip().startswith("DELETE") for statement in said) == 1
    assert kept(ledger_url)[:3] == old[2:]
    by_a_run(ledger_url, ANOTHER, AT, "confirmed")
    assert kept(ledger_url)[:1] == old[4:]


def forbid_deletion(url: str, request: pytest.FixtureRequest) -> str:
    """Have a ledger delete nothing; return the URL for a user who may not."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(f"CREATE TRIGGER kept BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, 'kept'); END")
        return url
    server: Server = request.getfixturevalue("postgresql")
    database = url.rpartition("/")[2]
    server.execute(f"CREATE ROLE few_{database} LOGIN PASSWORD 'few'")
    server.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO few_{database}", database)
    server.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO few_{database}", database)
    return f"postgresql://few_{database}:few@127.0.0.1:{server.port}/{database}"


def test_what_may_not_be_deleted_fails_no_run(ledger_url: str, request: pytest.FixtureRequest) -> None:
    old = old_ledger(ledger_url)
    ledger = Ledger(forbid_deletion(ledger_url, request))
    claim = granted(ledger, ANOTHER, AT)
    ledger.confirm(claim, 4712)
    assert ledger.find_last_requests([ANOTHER])[ANOTHER].certificate_id == 4712
    ledger.close()
    assert kept(ledger_url) == [*old, row(ANOTHER)]


@pytest.mark.parametrize(("end", "interval"), [("confirmed", DAY), ("released", None)], ids=["email", "create"])
def test_rivals_that_delete_what_a_claim_rests_on_get_no_second_claim(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch, end: str, interval: timedelta | None
) -> None:
    """Whatever moment between the statements of a claim they pick. SQLite's write lock spans the whole claim."""
    monkeypatch.setattr(database_module, "PRUNE_TIMEOUT_SECONDS", 0.1)
    for moment in itertools.count():
        key = create(moment) if interval is None else email(moment)
        by_a_run(postgresql_url, key, AT - MAX_TERM - 9 * DAY, end)
        first, rival = Ledger(postgresql_url), Ledger(postgresql_url)
        granted(first, create(1000 + moment), AT - MAX_TERM - 8 * DAY)  # so that it has deleted what it does
        statements, met = itertools.count(), list[Claim | Entry]()

        def interfere(
            *_event: Any,
            key: Key = key,
            moment: int = moment,
            rival: Ledger = rival,
            statements: Iterator[int] = statements,
            met: list[Claim | Entry] = met,
        ) -> None:
            if next(statements) == moment:
                met.append(rival.claim(key, AT, interval, LEASE))

        sa.event.listen(first._database._engine, "before_cursor_execute", interfere)
        answers = [first.claim(key, AT, interval, LEASE), *met]
        for ledger in (first, rival):
            ledger.close()
        assert sum(isinstance(answer, Claim) for answer in answers) == 1, f"before statement {moment + 1}"
        if not met:  # the claim has no more statements than that
            assert moment > 1
            return


def test_what_another_transaction_keeps_is_deleted_by_the_next_run(
    postgresql: Server, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that was left open must not keep runs waiting."""
    monkeypatch.setattr(database_module, "PRUNE_TIMEOUT_SECONDS", 0.1)
    old = old_ledger(postgresql_url)
    with postgresql.connect(postgresql_url.rpartition("/")[2]) as reader:
        reader.execute("BEGIN")
        reader.execute(f"SELECT * FROM {TABLE}")
        by_a_run(postgresql_url, ANOTHER, AT, "confirmed")
        assert kept(postgresql_url) == [*old, row(ANOTHER)]
    by_a_run(postgresql_url, create(100), AT, "confirmed")
    assert kept(postgresql_url) == [row(ANOTHER), row(create(100))]
