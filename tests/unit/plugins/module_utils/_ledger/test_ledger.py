# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger by itself, on every database that it serves: claim, confirm, release, and who may claim next."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    CLOCK_TOLERANCE,
    Claim,
    Entry,
    Key,
    Ledger,
    compute_lease,
)

from tests.support.failing import fails

if TYPE_CHECKING:
    from tests.support.postgresql import Server

pytest_plugins = ["tests.support.postgresql"]

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc)
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
LEASE = timedelta(minutes=3)


def key_of(order: int, account: int = 7, email_type: str = "FulfillmentEmail") -> Key:
    return Key("email", f"{account}/{email_type}/{order}")


KEY = key_of(100)
VERSIONS = "softlayer_ssl_ledger"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    ledger = Ledger(ledger_url)
    yield ledger
    ledger.close()


def ask(ledger: Ledger, key: Key, at: datetime, interval: timedelta = DAY) -> Claim | Entry:
    """Only emails have an interval."""
    return ledger.claim(key, at, interval if key.kind == "email" else None, LEASE)


def claim(ledger: Ledger, key: Key = KEY, at: datetime = AT, interval: timedelta = DAY) -> Claim:
    claim = ask(ledger, key, at, interval)
    assert isinstance(claim, Claim), claim
    return claim


def refusal(ledger: Ledger, key: Key = KEY, at: datetime = AT) -> Entry:
    entry = ask(ledger, key, at)
    assert isinstance(entry, Entry), entry
    return entry


def execute(url: str, statement: str) -> None:
    """Do something to a ledger behind its back."""
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def unavailable(url: str | None, **options: Any) -> CertificatesError:
    with fails("ledger_unavailable") as caught:
        Ledger(url, **options)
    return caught.value


def test_a_claim_forbids_a_second_one(ledger: Ledger) -> None:
    first = claim(ledger)
    assert refusal(ledger) == Entry(first.id, KEY, AT, "claimed", first.lease_until)


def test_a_confirmed_request_forbids_another_within_the_interval(ledger: Ledger) -> None:
    first = claim(ledger)
    ledger.confirm(first)
    last = Entry(first.id, KEY, AT, "confirmed", first.lease_until)
    assert ledger.find_last_requests([KEY]) == {KEY: last}
    assert refusal(ledger, at=AT + DAY - timedelta(microseconds=1)) == last
    assert claim(ledger, at=AT + DAY).key == KEY


def test_a_release_uncovers_the_request_before(ledger: Ledger) -> None:
    first = claim(ledger)
    ledger.confirm(first)
    ledger.release(claim(ledger, at=AT + HOUR, interval=timedelta()))
    assert ledger.find_last_requests([KEY]) == {KEY: Entry(first.id, KEY, AT, "confirmed", first.lease_until)}
    assert refusal(ledger, at=AT + 2 * HOUR).id == first.id


def test_the_first_of_the_requests_since_some_time(ledger: Ledger) -> None:
    """What was not done is none of them, and what is older was for another purpose; the entry is the same in any case."""
    for days, is_done in ((-40, True), (-3, False), (-2, True), (-1, True)):
        request = claim(ledger, at=AT + days * DAY, interval=timedelta())
        ledger.confirm(request) if is_done else ledger.release(request)
    for days, first in ((-30, AT - 2 * DAY), (-2, AT - 2 * DAY), (-1, AT - DAY), (0, None)):
        (entry,) = ledger.find_last_requests([KEY], since=AT + days * DAY).values()
        assert (entry.requested_at, entry.first_requested_at) == (AT - DAY, first)
        assert entry == ledger.find_last_requests([KEY])[KEY]


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), HOUR, timedelta(days=400)])
def test_a_request_from_the_future_forbids_for_the_interval_only(ledger: Ledger, ahead: timedelta) -> None:
    ledger.confirm(claim(ledger, at=AT + ahead))
    entry = refusal(ledger)
    assert entry.get_block_end(DAY, AT) == AT + DAY
    ledger.correct(entry, AT)
    assert refusal(ledger, at=AT + DAY - HOUR).id == entry.id
    # As soon as its own time has come it is an entry like any other.
    claim(ledger, at=AT + DAY + (ahead if ahead < DAY else timedelta()))


def test_a_clock_that_was_slow_gives_no_leave_to_mail_again(ledger: Ledger) -> None:
    """A run whose clock is a day behind sees the entry in the future; to the others it must stay what it is."""
    ledger.confirm(claim(ledger))
    slow = AT + HOUR - DAY
    entry = ledger.find_last_requests([KEY])[KEY]
    assert entry.is_in_future(slow)
    ledger.correct(entry, slow)
    assert refusal(ledger, at=AT + 2 * HOUR)


def test_what_fails_in_a_shared_transaction_is_on_no_ones_record(tmp_path: Path) -> None:
    """It fails for all who share it, and none of them is told otherwise."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    ledger = Ledger(url)
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON softlayer_ssl_acts WHEN NEW.subject LIKE '%/13' "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    keys = [key_of(number, 1) for number in range(40)]

    def attempt(key: Key) -> bool:
        try:
            claim(ledger, key)
        except CertificatesError as error:
            assert error.code == "ledger_unavailable"
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        granted = {key for key, is_granted in zip(keys, pool.map(attempt, keys), strict=True) if is_granted}
    assert key_of(13, 1) not in granted
    assert ledger.find_last_requests(keys).keys() == granted
    ledger.close()


def an_email(ledger: Ledger, account_id: int) -> Claim | Entry:
    return ledger.claim(key_of(100, account_id), AT, DAY, LEASE)


def a_turn(ledger: Ledger, account_id: int) -> Claim | Entry:
    return ledger.claim(Key("lock", str(account_id)), AT, None, LEASE)


def a_turn_after_others(ledger: Ledger, account_id: int) -> Claim | Entry:
    """What a run gets that wants to have the turn, and had it before."""
    before = a_turn(ledger, account_id)
    if isinstance(before, Claim):
        ledger.end(before, AT)
    return a_turn(ledger, account_id)


@pytest.mark.parametrize(("want", "rivals"), [(an_email, an_email), (a_turn, a_turn), (a_turn, a_turn_after_others)])
def test_a_rival_between_searching_and_claiming_is_noticed(postgresql_url: str, want: Any, rivals: Any) -> None:
    """Whatever moment between the statements of a claim the rival picks: one of the two is refused.

    SQLite's write lock spans the whole claim, so that there is no such moment.
    """
    for moment in itertools.count():
        first, rival = Ledger(postgresql_url), Ledger(postgresql_url)
        for number, run in enumerate((first, rival)):  # what is done before the first claim of a run is another matter
            claim(run, Key("create", f"{moment}/{number}"))
        statements = itertools.count()
        met: list[Any] = []

        def interfere(
            *_event: Any, moment: int = moment, rival: Ledger = rival, count: Any = statements, met: Any = met
        ) -> None:
            if next(count) == moment:
                met.append(rivals(rival, 1 + moment))

        sa.event.listen(first._database._engine, "before_cursor_execute", interfere)
        got = want(first, 1 + moment)
        first.close()
        rival.close()
        if not met:  # the claim has no more statements than that
            assert moment > 1
            return
        granted = [answer for answer in (*met, got) if isinstance(answer, Claim)]
        assert len(granted) == 1, f"the rival came before statement {moment + 1}, and both have it"


def test_ledgers_that_are_made_at_the_same_time_are_one(ledger_url: str) -> None:
    ready = threading.Barrier(8)

    def first_use(_number: int) -> Claim | Entry:
        ready.wait()
        ledger = Ledger(ledger_url)
        try:
            return ledger.claim(KEY, AT, DAY, LEASE)
        finally:
            ledger.close()

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(first_use, range(8)))
    assert sum(isinstance(answer, Claim) for answer in got) == 1


def test_a_newer_schema_is_refused(ledger: Ledger, ledger_url: str) -> None:
    execute(ledger_url, f"UPDATE {VERSIONS} SET version = 5")
    for read_only in (False, True):
        message = unavailable(ledger_url, read_only=read_only).message
        assert "version 5" in message
        assert "newer release" in message


CREATE = Key("create", f"7/{'ab' * 32}")


def test_a_create_is_claimed_once_and_for_all(ledger: Ledger) -> None:
    first = claim(ledger, CREATE)
    assert (first.requested_at, first.lease_until) == (AT, AT + LEASE)
    ten_years = timedelta(days=3650)
    assert refusal(ledger, CREATE, AT + ten_years) == Entry(first.id, CREATE, AT, "claimed", AT + LEASE)
    ledger.confirm(first, certificate_id=4711)
    assert refusal(ledger, CREATE, AT + ten_years).certificate_id == 4711
    assert ledger.find_last_requests([KEY]) == {}, "emails are another matter"
    others = [Key("create", f"7/{'cd' * 32}"), Key("create", f"8/{'ab' * 32}")]
    assert ledger.find_last_requests([CREATE, *others]) == {CREATE: refusal(ledger, CREATE, AT)}
    assert isinstance(ledger.claim(others[1], AT, None, LEASE), Claim)


def test_what_needs_no_claim_is_recorded_each_time(ledger: Ledger) -> None:
    """The last time counts, and a clock that was wrong keeps nobody from recording it again."""
    switch = Key("switch", "listener-1 ab")
    for at, certificate_id in ((AT + timedelta(days=9), 1), (AT, 2), (AT, None)):
        ledger.record(switch, at, certificate_id)
        entry = ledger.find_last_requests([switch])[switch]
        assert (entry.requested_at, entry.state, entry.certificate_id) == (at, "confirmed", certificate_id)


def test_what_stands_for_nothing_any_more_is_withdrawn_once(ledger: Ledger) -> None:
    """Of two runs that see it, one gets the claim; the other one must not take that for what it saw."""
    claim(ledger, CREATE)
    seen = refusal(ledger, CREATE, AT + HOUR)
    ledger.withdraw(seen)
    second = claim(ledger, CREATE, AT + HOUR)
    ledger.withdraw(seen)
    assert refusal(ledger, CREATE, AT + HOUR).id == second.id
    ledger.confirm(second, certificate_id=1)
    ledger.withdraw(refusal(ledger, CREATE))
    claim(ledger, CREATE)


def test_a_lease_is_renewed_unless_it_was_taken_over(ledger: Ledger) -> None:
    first = claim(ledger, CREATE)
    seen = refusal(ledger, CREATE, AT + LEASE)
    renewed = ledger.renew(first, AT + LEASE)
    assert renewed is not None and renewed.lease_until == AT + 2 * LEASE
    ledger.withdraw(seen)  # it is another one now
    assert refusal(ledger, CREATE).lease_until == AT + 2 * LEASE
    ledger.withdraw(refusal(ledger, CREATE))
    assert ledger.renew(renewed, AT + 2 * LEASE) is None


@pytest.mark.parametrize(
    ("age", "under_way"), [(timedelta(), True), (LEASE - HOUR / 60, True), (LEASE, False), (-DAY, False)], ids=str
)
def test_how_long_a_claim_is_under_way(ledger: Ledger, age: timedelta, under_way: bool) -> None:
    first = claim(ledger)
    assert refusal(ledger).is_under_way(AT + age) == under_way
    ledger.record_unknown_outcome(first)
    assert not refusal(ledger).is_under_way(AT + age)


# How long a claim of another run is waited for, and a request forbids another


CLAIM = Entry(1, CREATE, AT, "claimed", AT + LEASE)


def test_a_lease_is_longer_than_a_call_that_begins_late() -> None:
    assert compute_lease(60) > timedelta(seconds=120)
    assert compute_lease(0.5) >= timedelta(seconds=60)


@pytest.mark.parametrize(
    ("requested", "noticed", "at", "until"),
    [
        (AT, None, AT, AT + DAY),
        (AT, None, AT + DAY - SECOND, AT + DAY),
        (AT, None, AT + DAY, None),
        (AT + 2 * DAY, None, AT, AT + DAY),
        (AT + 2 * DAY, AT, AT + HOUR, AT + DAY),
        (AT + 2 * DAY, AT, AT + DAY, None),
        (AT + 2 * DAY, AT, AT + 2 * DAY, AT + 3 * DAY),  # its own time has come
        (AT + 2 * DAY, AT + 3 * DAY, AT + HOUR, AT + DAY + HOUR),  # noticed by one whose clock is wrong, too
    ],
)
def test_until_when_a_request_forbids_another(
    requested: datetime, noticed: datetime | None, at: datetime, until: datetime | None
) -> None:
    entry = Entry(1, Key("email", "7/FulfillmentEmail/100"), requested, "confirmed", requested, noticed_at=noticed)
    assert entry.get_block_end(DAY, at) == until


@pytest.mark.parametrize(
    ("ahead", "wrong"), [(-DAY, False), (CLOCK_TOLERANCE, False), (CLOCK_TOLERANCE + SECOND, True)]
)
def test_a_clock_may_be_a_little_wrong(ahead: timedelta, wrong: bool) -> None:
    assert replace(CLAIM, requested_at=AT + ahead).is_in_future(AT) is wrong


# Locks


TURN = Key("lock", "seven")


def test_a_turn_is_one_runs_until_it_ends(ledger: Ledger) -> None:
    """However long, and whatever is claimed beside it."""
    first = claim(ledger, TURN)
    assert first.previous_end is None
    assert isinstance(ledger.claim(Key("lock", "eight"), AT, None, LEASE), Claim)
    claim(ledger)
    claim(ledger, CREATE)
    assert refusal(ledger, TURN, AT + DAY) == Entry(first.id, TURN, AT, "claimed", AT + LEASE, begun_at=AT)
    renewed = ledger.renew(first, AT + HOUR)
    assert renewed is not None
    seen = refusal(ledger, TURN, AT + HOUR)
    assert (seen.begun_at, seen.requested_at, seen.lease) == (AT, AT + HOUR, LEASE)
    ledger.end(renewed, AT + 2 * HOUR)
    assert claim(ledger, TURN, AT + DAY).previous_end == AT + 2 * HOUR


def test_a_turn_that_was_taken_over_is_lost(ledger: Ledger) -> None:
    """Who had it can neither renew it nor end that of the other run; when it ended is not known."""
    first = claim(ledger, TURN)
    ledger.withdraw(refusal(ledger, TURN))
    ledger.end(first, AT + HOUR / 2)
    second = claim(ledger, TURN, AT + HOUR)
    assert second.previous_end == AT + HOUR
    assert ledger.renew(first, AT + HOUR) is None
    ledger.end(first, AT + HOUR)
    assert refusal(ledger, TURN).id == second.id
    ledger.end(second, AT + 2 * HOUR)
    assert claim(ledger, TURN, AT + DAY).previous_end == AT + 2 * HOUR


def test_a_ledger_that_cannot_be_written_is_refused(ledger_url: str) -> None:
    Ledger(ledger_url).close()
    if ledger_url.startswith("sqlite"):
        make_read_only(Path(ledger_url.removeprefix("sqlite:///")))
    else:
        database = ledger_url.rpartition("/")[2]
        execute(ledger_url, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    assert "read" in unavailable(ledger_url).message.replace("-", "")
    Ledger(ledger_url, read_only=True).close()


def make_read_only(path: Path) -> None:
    """Ask a newer SQLite for writing, in the file's header: that binds root, too, whom no permission does."""
    with path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x03")


def test_read_only_makes_no_tables(postgresql: Server, postgresql_url: str) -> None:
    Ledger(postgresql_url, read_only=True).close()
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert postgresql.execute(tables, postgresql_url.rpartition("/")[2]) == []


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177], indirect=True, ids=oct)
def test_the_default_ledger_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int) -> None:
    state = tmp_path / "home" / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    ledger = Ledger(None)
    claim(ledger)
    ledger.close()
    folder = state / "softlayer.certificates"
    assert (folder.stat().st_mode & 0o777, (folder / "ledger.sqlite3").stat().st_mode & 0o777) == (0o700, 0o600)
    assert not state.stat().st_mode & 0o022, "others could put another folder in its place"


def end_other_sessions(url: str) -> None:
    execute(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_a_connection_that_was_cut_meanwhile_is_made_again(postgresql_url: str) -> None:
    """As a firewall does with idle ones: what was sent must be confirmed all the same."""
    ledger = Ledger(postgresql_url)
    first = claim(ledger)
    end_other_sessions(postgresql_url)
    ledger.confirm(first)
    assert ledger.find_last_requests([KEY])[KEY].state == "confirmed"
    ledger.close()
