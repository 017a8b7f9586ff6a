# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock by itself: renewed as long as it lasts, lost for good, ended in any case; and how an act becomes one run's.

Runs that have a lock: test_deploy_turns.py.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._http.caller import Caller
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import lock as locking
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    CLOCK_TOLERANCE,
    Claim,
    Entry,
    Key,
    Ledger,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.lock import Grant, Lock, acquire, guard

from tests.support.certificates import NOW
from tests.support.failing import fails

AT = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
KEY = Key("lock", "load balancers of account 7")
CREATE = Key("create", "7/ab")
LEASE = timedelta(seconds=30)
TOLERANCE = CLOCK_TOLERANCE.total_seconds()
SECONDS = 30.0
"""How long something may take that happens at once."""
Answer = Callable[[Claim], Claim | None]


def renewed(claim: Claim) -> Claim:
    """What a ledger answers that has the lock."""
    return claim


def lost(_claim: Claim) -> None:
    """What a ledger answers where another run has the lock."""


def away(_claim: Claim) -> None:
    raise CertificatesError("ledger_unavailable", "The ledger is away.")


class FakeLedger:
    def __init__(self) -> None:
        self.answer: Answer = renewed
        self.asked: queue.Queue[str] = queue.Queue()

    def renew(self, claim: Claim, _at: datetime) -> Claim | None:
        self.asked.put("renew")
        return self.answer(claim)

    def end(self, claim: Claim, _at: datetime) -> None:
        self.asked.put("end")
        self.answer(claim)

    def close(self) -> None:
        self.asked.put("close")

    def was_asked(self) -> str:
        return self.asked.get(timeout=SECONDS)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(locking, "read_clock", clock)
    return clock


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


def a_turn(ledger: FakeLedger, lease: float = 30) -> Lock:
    claim = Claim(1, KEY, AT, AT + timedelta(seconds=lease))
    return Lock(cast(Ledger, ledger), claim, "load balancers", locking.read_clock(), is_plan_stale=False)


@pytest.fixture
def lock(ledger: FakeLedger, clock: Clock) -> Iterator[Lock]:
    lock = a_turn(ledger)
    yield lock
    ledger.answer = renewed
    lock.end()


def refusal(lock: Lock) -> str:
    with fails("locked", "Run the playbook again") as caught:
        lock.check()
    return caught.value.message


def test_a_fresh_turn_is_used_without_asking(lock: Lock, ledger: FakeLedger, clock: Clock) -> None:
    for clock.seconds in (0, 9.9):
        lock.check()
    assert ledger.asked.empty()


def test_an_old_one_is_renewed_first(lock: Lock, ledger: FakeLedger, clock: Clock) -> None:
    """Also if its lease is over: who took it over meanwhile would be noticed."""
    for clock.seconds in (10.1, 3600):
        lock.check()
        assert ledger.was_asked() == "renew" and ledger.asked.empty()
        lock.check()
        assert ledger.asked.empty()


@pytest.mark.parametrize(
    ("seconds", "answer", "said"), [(31, lost, "another run took over the lock"), (10.1, away, "The ledger is away.")]
)
def test_one_that_is_taken_over_or_cannot_be_renewed_is_given_up(
    lock: Lock, ledger: FakeLedger, clock: Clock, seconds: float, answer: Callable[[Any], Any], said: str
) -> None:
    """For good, so that another run can have it as soon as the ledger is there again."""
    clock.seconds, ledger.answer = seconds, answer
    assert said in refusal(lock)
    ledger.answer = renewed
    assert said in refusal(lock)
    assert [ledger.was_asked() for _number in range(3)] == ["renew", "end", "close"]


def test_a_ledger_that_does_not_answer(ledger: FakeLedger, clock: Clock) -> None:
    """It is waited for no longer than for the length of the lease, now and at the end."""
    answers = threading.Event()

    def hang(claim: Claim) -> Claim:
        answers.wait()
        return claim

    lock = a_turn(ledger, lease=0.3)
    clock.seconds, ledger.answer = 1, hang
    assert "The ledger does not respond." in refusal(lock)
    lock.end()
    assert ledger.was_asked() == "renew" and ledger.asked.empty()
    answers.set()
    assert [ledger.was_asked() for _number in range(2)] == ["end", "close"]


def test_it_is_renewed_again_and_again_and_ended_once(ledger: FakeLedger) -> None:
    lock = a_turn(ledger, lease=0.3)
    assert [ledger.was_asked() for _number in range(5)] == ["renew"] * 5
    lock.end()
    lock.end()
    last = [ledger.was_asked()]
    while not ledger.asked.empty():
        last.append(ledger.was_asked())
    assert [what for what in last if what != "renew"] == ["end", "close"] == last[-2:]


def test_one_that_is_left_to_its_lease(ledger: FakeLedger) -> None:
    lock = a_turn(ledger, lease=10 * SECONDS)
    threading.Thread(target=lock.end, kwargs={"release": False}, daemon=True).start()
    assert ledger.was_asked() == "close" and ledger.asked.empty() and lock._keeper.daemon


# Taking it


class Session:
    """A session that warns, and can be told to stop."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings += [text] if text not in self.warnings else []


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


def take(url: str, planned_at: datetime, session: Session | None = None, longest_wait: float = SECONDS) -> Lock:
    return acquire(
        cast(Caller, session or Session()), url, lambda: KEY.subject, "load balancers", longest_wait, planned_at
    )


def test_whether_the_plan_still_holds(url: str) -> None:
    """Unless a lock has ended after it was made; if it is not known when that was, it is made anew."""
    start = datetime.now(timezone.utc)
    first = take(url, start)
    assert not first.is_plan_stale
    first.end()
    second = take(url, datetime.now(timezone.utc))
    assert not second.is_plan_stale
    second.end()
    third = take(url, start)
    assert third.is_plan_stale
    third.end()
    ledger = Ledger(url)
    dead = ledger.claim(KEY, start, None, locking.LEASE)
    assert isinstance(dead, Claim)
    ledger.release(dead)
    ledger.close()
    fourth = take(url, datetime.now(timezone.utc))
    assert fourth.is_plan_stale
    fourth.end()


def test_what_is_said_of_the_wait(url: str) -> None:
    """Once, however often it is looked; then how long it was."""
    first, session = take(url, AT), Session()
    with fails("locked", "within 1 seconds"):
        take(url, AT, session, longest_wait=1)
    (warning,) = session.warnings
    assert "at most 1 seconds" in warning
    with fails("locked", "does not wait"):
        take(url, AT, Session(), longest_wait=0)
    first.end()


def test_one_that_ends_meanwhile_is_had(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, session = take(url, AT), Session()
    monkeypatch.setattr(session, "warn", lambda _text: first.end())
    second = take(url, AT, session)
    assert second.is_plan_stale
    second.end()


def test_one_that_cannot_be_had_holds_nothing(url: str) -> None:
    """The ledger is closed, and the next run has the lock at once."""
    stopped = Session()
    first = take(url, AT)
    stopped.stop.set()
    with fails("interrupted", "This run did not change"):
        take(url, AT, stopped)
    first.end()
    take(url, AT, longest_wait=0).end()


# An act is one run's at a time, and a dead run's is taken over; by a clock that only the waiting moves


class Run:
    """A run that wants to do the act, its ledger, and its clocks; the one that tells the time may be wrong by some seconds."""

    def __init__(self, tmp_path: Path) -> None:
        self.ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite3")
        self.seconds = 0.0
        self.ahead = 0.0
        self.waits: list[Entry] = []
        self.looks: list[tuple[Entry, float]] = []
        self.events: dict[float, Any] = {}
        self.result: str | None = None

    def time(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds + self.ahead)

    def wait(self, entry: Entry) -> None:
        """Let ten seconds pass; then something may happen."""
        self.waits.append(entry)
        self.seconds += 10
        if self.seconds > 9000:
            raise CertificatesError("locked", "It takes too long.")
        self.events.pop(self.seconds, lambda: None)()

    def look(self, entry: Entry, since: float) -> str | None:
        self.looks.append((entry, since))
        return self.result

    def wants(self, **how: Any) -> Grant | str:
        return guard(self.ledger, CREATE, LEASE, self.wait, self.look, clock=self.time, **how)

    def taken(self, ago: float = 0) -> Claim:
        claim = self.ledger.claim(CREATE, self.time() - timedelta(seconds=ago), None, LEASE)
        assert isinstance(claim, Claim)
        return claim

    def on_record(self) -> Entry:
        return self.ledger.find_last_requests([CREATE])[CREATE]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    run = Run(tmp_path)
    monkeypatch.setattr(locking, "read_clock", lambda: run.seconds)
    yield run
    run.ledger.close()


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it has such a clock."""
    monkeypatch.setattr(locking, "time", SimpleNamespace(clock_gettime=str, CLOCK_BOOTTIME=7, CLOCK_MONOTONIC=1))
    assert str(locking.read_clock()) == "7"
    monkeypatch.delattr(locking.time, "CLOCK_BOOTTIME")
    assert str(locking.read_clock()) == "1"


def test_what_no_one_does_is_granted_at_once(run: Run) -> None:
    run.seconds = 5
    granted = run.wants()
    assert isinstance(granted, Grant) and (granted.claimed_at, granted.has_rival) == (5, False)
    assert (granted.claim.id, granted.claim.lease_until) == (run.on_record().id, run.time() + LEASE)
    assert run.waits == run.looks == []


def test_the_end_of_another_run_is_waited_for(run: Run) -> None:
    other = run.taken()
    run.events[20] = lambda: run.ledger.release(other)
    granted = run.wants()
    assert isinstance(granted, Grant) and (granted.claimed_at, granted.has_rival) == (20, True)
    assert len(run.waits) == 2 and run.looks == []


@pytest.mark.parametrize("ahead", [-86_400, -TOLERANCE, 0, TOLERANCE - 1])
def test_a_run_is_dead_that_does_not_renew_its_claim(run: Run, ahead: float) -> None:
    """Once it was seen for the length of its lease, whatever the clocks say."""
    other = run.taken(ago=ahead)
    granted = run.wants()
    assert isinstance(granted, Grant) and granted.has_rival and granted.claim.id > other.id
    assert (run.seconds, [(entry.id, since) for entry, since in run.looks]) == (30, [(other.id, 0)])


def test_a_run_that_renews_its_claim_is_not_dead(run: Run) -> None:
    other = run.taken()
    run.events[20] = lambda: run.ledger.renew(other, run.time())
    assert isinstance(run.wants(), Grant)
    assert (run.seconds, [since for _entry, since in run.looks]) == (50, [20])


def test_what_was_seen_before_counts(run: Run) -> None:
    """But not for another claim."""
    run.taken()
    run.seconds = 20
    assert isinstance(run.wants(seen=run.on_record(), since=0.0), Grant)
    assert run.seconds == 30
    changed = replace(run.on_record(), id=99)
    assert isinstance(run.wants(seen=changed, since=0.0), Grant)
    assert run.seconds == 60


@pytest.mark.parametrize("tolerance", [CLOCK_TOLERANCE, timedelta(days=1)], ids=str)
@pytest.mark.parametrize("early", [0, 1])
def test_a_run_that_died_long_ago_is_not_waited_for(run: Run, tolerance: timedelta, early: int) -> None:
    run.taken(ago=(LEASE + tolerance).total_seconds() - early)
    assert isinstance(run.wants(tolerance=tolerance), Grant)
    assert len(run.waits) == early


def test_what_another_run_has_done_is_not_done_again(run: Run) -> None:
    """Neither what is confirmed nor what a dead run has done: it stays on record."""
    run.result = "done"
    other = run.taken()
    assert run.wants() == "done" and run.seconds == 30
    run.ledger.confirm(other)
    assert run.wants() == "done" and run.seconds == 30 and run.on_record().state == "confirmed"


def test_what_is_confirmed_and_not_there_any_more_is_done_again_at_once(run: Run) -> None:
    other = run.taken()
    run.ledger.confirm(other, 4711)
    assert isinstance(run.wants(), Grant)
    assert run.waits == [] and [entry.certificate_id for entry, _since in run.looks] == [4711]


def test_what_another_run_has_taken_over_meanwhile_is_waited_for(run: Run) -> None:
    """Of two that see a dead run, one has its act."""
    run.taken(ago=86_400)
    look = run.look

    def overtaken(entry: Entry, since: float) -> str | None:
        run.ledger.withdraw(entry)
        other = run.taken()
        run.events[20] = lambda: run.ledger.release(other)
        return look(entry, since)

    granted = guard(run.ledger, CREATE, LEASE, run.wait, overtaken, clock=run.time)
    assert isinstance(granted, Grant) and run.seconds == 20 and len(run.looks) == 1
