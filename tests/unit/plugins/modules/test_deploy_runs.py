# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ssl_certificate_deploy that are killed, interrupted, meet each other, or go on under load: nothing is lost.

With `LONG=1` in the environment there are more kills, and more listeners under load.
"""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import pem_of
from tests.support.deploying import (
    AUTHORITY,
    NAME,
    UPDATE,
    balancer,
    begin,
    changes,
    end,
    issue,
    old,
    outcomes,
    placed,
    run_it,
    store,
)
from tests.support.haproxy import SECONDS, trusting
from tests.support.long import LONG
from tests.support.modules import TRANSPORTS, options_for
from tests.support.waiting import until, until_answered, until_called

pytest_plugins = ["tests.support.haproxy", "tests.support.deploying"]

KILLS = 50 if LONG else 2
BALANCERS, LISTENERS = 3, 2
UNDER_LOAD = (5, 4) if LONG else (2, 2)
"""Balancers, and listeners of each."""
SEED = 20290315
PAUSE = 0.02
"""Seconds between two connections."""
PORT = 8443


class Fleet:
    """Balancers whose listeners are all to be switched."""

    def __init__(self, sim: Simulator, balancers: int = BALANCERS, listeners: int = LISTENERS) -> None:
        self.sim = sim
        self.old, self.new = old(), issue()
        self.first, self.second = store(sim, self.old), store(sim, self.new)
        self.rows = [
            balancer(sim, *[self.first] * listeners, name=f"lb{number}", first_port=PORT) for number in range(balancers)
        ]
        self.uuids = self.listeners()

    def listeners(self) -> set[str]:
        """The uuids of all listeners that there are now."""
        return {one["uuid"] for row in self.sim.balancers() for one in row["listeners"]}

    def switched(self) -> set[str]:
        """The uuids of the balancers whose listeners have the new certificate; all of a balancer have the same."""
        found = set()
        for row in self.sim.balancers():
            (certificate_id,) = {one["tlsCertificateId"] for one in row["listeners"]}
            assert certificate_id in (self.first, self.second)
            if certificate_id == self.second:
                found.add(row["uuid"])
        assert self.listeners() == self.uuids
        return found

    def processed(self) -> Counter[str]:
        """How often each balancer was changed."""
        return Counter(call["arguments"][0] for call in self.sim.calls(method=UPDATE) if call["outcome"] == "ok")


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_that_is_killed(account: Simulator, number: int) -> None:
    """At a random moment: after so many calls have arrived, and a random spell later. The next run completes it."""
    chance = random.Random(SEED + number)
    fleet = Fleet(account)
    account.settings(latency_ms=chance.choice([0, 5, 30]), balancer_lock_ms=chance.choice([0, 100, 200]))
    options = options_for(account, TRANSPORTS[number % len(TRANSPORTS)])
    process = begin(**options, concurrency=chance.choice([1, 4]))
    calls, spell = chance.randint(0, 12), chance.randint(0, 3)
    until_called(account, calls, process)
    for _time in range(spell):
        account.balancers()
    process.kill()
    process.wait()
    until_answered(account)
    account.settings(latency_ms=0)
    before, sent = fleet.switched(), len(changes(account))
    assert len(before) == sent, "a change that was sent is not there"

    run = run_it(**options)
    assert not run.failed
    assert fleet.switched() == {row["uuid"] for row in fleet.rows}
    assert set(fleet.processed().values()) == {1}, "sent again though it was done"
    assert run["switched_count"] == (BALANCERS - len(before)) * LISTENERS
    assert run["unchanged_count"] == len(before) * LISTENERS


def test_a_run_that_is_interrupted(account: Simulator) -> None:
    """The calls in flight finish, nothing more is sent, and the run says what was done and what was not."""
    fleet = Fleet(account)
    account.settings(latency_ms=400)
    process = begin(**options_for(account), concurrency=1)
    until(lambda: account.calls(method=UPDATE), process)
    for _time in range(2):
        process.send_signal(signal.SIGINT)
    run = end(process)
    assert process.returncode == 1, "it did not end by itself"
    (done,) = fleet.switched()
    assert [arguments[0] for arguments in changes(account)] == [done]
    assert run.failed and run["changed"] and run.code == "interrupted"
    assert "interrupted" in run["msg"]
    for one in run["listeners"]:
        assert "interrupted" in one["message"]
        assert one["outcome"] == ("switched" if one["load_balancer_uuid"] == done else "failed")
        assert one["served"] is None
    account.settings(latency_ms=0)
    rest = run_it(**options_for(account))
    assert not rest.failed and rest["unchanged_count"] == LISTENERS
    assert set(fleet.processed().values()) == {1} and len(fleet.switched()) == BALANCERS


def test_two_runs_at_the_same_time(account: Simulator) -> None:
    """Both succeed, and each listener ends with the new certificate; it is switched once, as there is a lock."""
    fleet = Fleet(account)
    account.settings(latency_ms=20, balancer_lock_ms=200)
    processes = [begin(**options_for(account, transport)) for transport in TRANSPORTS]
    runs = [end(process) for process in processes]
    for run in runs:
        assert not run.failed, run["msg"]
        assert set(outcomes(run).values()) <= {("switched", None), ("unchanged", None)}
    assert len(fleet.switched()) == BALANCERS
    assert set(fleet.processed().values()) == {1}
    assert sum(run["switched_count"] for run in runs) == BALANCERS * LISTENERS
    changes(account)


# Under load


class Load:
    """A client that opens a new TLS connection every few milliseconds, to one listener after the other."""

    def __init__(self, fleet: Fleet) -> None:
        self.ends = [(row["address"], one["protocolPort"]) for row in fleet.rows for one in row["listeners"]]
        self.handshakes = 0
        self.lost: list[str] = []
        self._context = trusting(pem_of([AUTHORITY.root]))
        self._done = threading.Event()

    def look(self, address: str, port: int) -> bytes:
        """One connection, verified as by a browser; the certificate."""
        with (
            socket.create_connection((address, port), timeout=SECONDS) as plain,
            self._context.wrap_socket(plain, server_hostname=NAME) as secured,
        ):
            return secured.getpeercert(binary_form=True) or b""

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Connect until the block ends."""
        with ThreadPoolExecutor(16) as pool:
            pacing = pool.submit(self._pace, pool)
            try:
                yield
            finally:
                self._done.set()
                pending = pacing.result()
                for one in pending:
                    self._count(one)

    def _pace(self, pool: ThreadPoolExecutor) -> list[Future[bytes]]:
        started: list[Future[bytes]] = []
        while not self._done.wait(PAUSE):
            started.append(pool.submit(self.look, *self.ends[len(started) % len(self.ends)]))
        return started

    def _count(self, one: Future[bytes]) -> None:
        self.handshakes += 1
        if error := one.exception():
            self.lost.append(repr(error))


def test_no_handshake_is_lost(serving: Simulator, roots: Path) -> None:
    """During a rotation, not one; each listener ends with the new certificate, seen and served."""
    fleet = Fleet(serving, *UNDER_LOAD)
    serving.settings(balancer_lock_ms=200)
    load, options = Load(fleet), {**options_for(serving, "rest"), "verify": True, "trusted_ca_path": str(roots)}
    with load.running():
        run = run_it(**options, verify_timeout=60)
    count = len(load.ends)
    assert load.lost == []
    assert load.handshakes > count
    assert not run.failed and run["switched_count"] == count
    assert all(one["served"] for one in run["listeners"])
    assert not run.result.get("warnings"), "clients may not trust it"
    assert [load.look(*one) for one in load.ends] == [fleet.new.der] * count
    assert set(placed(serving).values()) == {fleet.second} and len(changes(serving)) == len(fleet.rows)
