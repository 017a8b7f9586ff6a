# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An act is one run's at a time, and a dead run's is taken over; by a clock that only the waiting moves, and a ledger in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import lock as guarding
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    CLOCK_TOLERANCE,
    Claim,
    Entry,
    Key,
    Ledger,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.lock import Granted, guard

from tests.support.certificates import NOW

KEY = Key("create", "7/ab")
LEASE = timedelta(seconds=30)
TOLERANCE = CLOCK_TOLERANCE.total_seconds()


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

    def wants(self, **how: Any) -> Granted | str:
        return guard(self.ledger, KEY, LEASE, self.wait, self.look, clock=self.time, **how)

    def taken(self, ago: float = 0) -> Claim:
        """What another run has claimed."""
        claim = self.ledger.claim(KEY, self.time() - timedelta(seconds=ago), None, LEASE)
        assert isinstance(claim, Claim)
        return claim

    def on_record(self) -> Entry:
        """The act that counts."""
        return self.ledger.last_requests([KEY])[KEY]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run, with an empty ledger."""
    run = Run(tmp_path)
    monkeypatch.setattr(guarding, "seconds", lambda: run.seconds)
    yield run
    run.ledger.close()


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it has such a clock."""
    monkeypatch.setattr(guarding, "time", SimpleNamespace(clock_gettime=str, CLOCK_BOOTTIME=7, CLOCK_MONOTONIC=1))
    assert str(guarding.seconds()) == "7"
    monkeypatch.delattr(guarding.time, "CLOCK_BOOTTIME")
    assert str(guarding.seconds()) == "1"


def test_what_nobody_does_is_granted_at_once(run: Run) -> None:
    run.seconds = 5
    granted = run.wants()
    assert isinstance(granted, Granted) and (granted.asked_at, granted.was_taken) == (5, False)
    assert (granted.claim.id, granted.claim.lease_until) == (run.on_record().id, run.time() + LEASE)
    assert run.waits == run.looks == []


def test_the_end_of_another_run_is_waited_for(run: Run) -> None:
    other = run.taken()
    run.events[20] = lambda: run.ledger.release(other)
    granted = run.wants()
    assert isinstance(granted, Granted) and (granted.asked_at, granted.was_taken) == (20, True)
    assert len(run.waits) == 2 and run.looks == []


@pytest.mark.parametrize("ahead", [-86_400, -TOLERANCE, 0, TOLERANCE - 1])
def test_a_run_is_dead_that_does_not_renew_its_claim(run: Run, ahead: float) -> None:
    """Once it was seen for the length of its lease, whatever the clocks say."""
    other = run.taken(ago=ahead)
    granted = run.wants()
    assert isinstance(granted, Granted) and granted.was_taken and granted.claim.id > other.id
    assert (run.seconds, [(entry.id, since) for entry, since in run.looks]) == (30, [(other.id, 0)])


def test_a_run_that_renews_its_claim_is_not_dead(run: Run) -> None:
    other = run.taken()
    run.events[20] = lambda: run.ledger.renew(other, run.time())
    assert isinstance(run.wants(), Granted)
    assert (run.seconds, [since for _entry, since in run.looks]) == (50, [20])


def test_what_was_seen_before_counts(run: Run) -> None:
    """But not for another claim."""
    run.taken()
    run.seconds = 20
    assert isinstance(run.wants(seen=run.on_record(), since=0.0), Granted)
    assert run.seconds == 30
    changed = replace(run.on_record(), id=99)
    assert isinstance(run.wants(seen=changed, since=0.0), Granted)
    assert run.seconds == 60


@pytest.mark.parametrize("tolerance", [CLOCK_TOLERANCE, timedelta(days=1)], ids=str)
@pytest.mark.parametrize("early", [0, 1])
def test_a_run_that_died_long_ago_is_not_waited_for(run: Run, tolerance: timedelta, early: int) -> None:
    run.taken(ago=(LEASE + tolerance).total_seconds() - early)
    assert isinstance(run.wants(tolerance=tolerance), Granted)
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
    assert isinstance(run.wants(), Granted)
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

    granted = guard(run.ledger, KEY, LEASE, run.wait, overtaken, clock=run.time)
    assert isinstance(granted, Granted) and run.seconds == 20 and len(run.looks) == 1


def test_a_claim_that_cannot_be_withdrawn_is_not_asked_for_without_a_pause(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.taken(ago=86_400)
    monkeypatch.setattr(run.ledger, "withdraw", lambda _entry: False)
    with pytest.raises(CertificatesError, match="It takes too long"):
        run.wants()
    assert len(run.waits) == len(run.looks) > 100
