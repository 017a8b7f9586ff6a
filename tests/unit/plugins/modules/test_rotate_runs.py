# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ssl_certificate_rotate that are killed, or meet each other: the next one finishes, and nothing is done twice.

With `LONG=1` in the environment there are more kills.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._store import apply as creates

from tests.simulator.client import Simulator
from tests.support.deploying import UPDATE, balancer, issue, old, placed, store
from tests.support.long import LONG
from tests.support.modules import start_module
from tests.support.rotate_runs import CREATE, DELETE, MODULE, Rotation, end, ids
from tests.support.waiting import until, until_answered

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.deploying", "tests.support.haproxy", "tests.support.postgresql"]

NAMES = ("www.example.com", "api.example.com", "shop.example.com")
PORT = 8443
RANDOM_KILLS = 50 if LONG else 1
CALLS = 25
"""About as many as a run makes."""
RUNS_AT_ONCE = 3
SEED = 20310115
ONCE = Counter(dict.fromkeys((CREATE, UPDATE, DELETE), len(NAMES)))
REMOVING = {"remove_superseded": True}
Calls = list[dict[str, Any]]


class Fleet:
    """A load balancer for each name, with two listeners, all of whose certificates are to be renewed."""

    def __init__(self, rotation: Rotation) -> None:
        self.rotation, self.sim = rotation, rotation.sim
        self.old = {store(self.sim, old(name)) for name in NAMES}
        for number, record in enumerate(sorted(self.old)):
            balancer(self.sim, record, record, name=f"b{number}", first_port=PORT)
        for name in NAMES:
            rotation.keep(name, issue(None, names=[name]))
        self.listeners = placed(self.sim).keys()

    def check(self) -> None:
        """Each listener has a certificate that the store holds, and serves one."""
        shown = [one for row in self.sim.balancers() for one in row["listeners"]]
        stored = {record["id"] for record in self.sim.certificates()}
        assert len(shown) == len(self.listeners)
        assert all(one["tlsCertificateId"] in stored for one in shown)
        assert all(one["open"] and one["serves"] is not None for one in shown)

    def check_is_done(self) -> None:
        """Each name has one certificate in the store, the new one, which its listeners serve."""
        stored = {record["id"] for record in self.sim.certificates()}
        assert len(stored) == len(NAMES) and not stored & self.old, "created twice, or an old one is left"
        assert Counter(placed(self.sim).values()) == dict.fromkeys(stored, 2)
        self.check()


@pytest.fixture
def fleet(serving: Simulator, tmp_path: Path) -> Fleet:
    """A fleet whose listeners serve."""
    return Fleet(Rotation(serving, tmp_path))


def asked(calls: Calls, method: str) -> int:
    """How many calls of a method have arrived."""
    return sum(1 for call in calls if call["method"] == method)


MOMENTS = {
    "when certificates are created": (CREATE, "hang_after", len(NAMES)),
    "before a load balancer is changed": (UPDATE, "hang_before", 1),
    "when load balancers are changed": (UPDATE, "hang_after", len(NAMES)),
    "before anything is deleted": (DELETE, "hang_before", 1),
    "when one is deleted": (DELETE, "hang_after", 1),
}
"""So many calls of a method have arrived, and are not answered; they were carried out (`hang_after`) or never will be."""
FEW = ("when certificates are created", "before anything is deleted")
"""Those that are tried without `LONG`."""


def with_a_short_lease() -> None:
    """Let nobody wait long for a create of which it is not known whether it was sent."""
    creates.compute_lease = lambda _timeout: timedelta(seconds=4)


def kill_when(fleet: Fleet, moment: Callable[[Calls], bool], *, may_be_over: bool) -> Counter[str]:
    """Begin to rotate, and kill the run at a moment; return how often what changes something had succeeded by then."""
    process = fleet.rotation.begin(first=with_a_short_lease, **REMOVING)

    def is_time() -> bool:
        fleet.check()
        return moment(fleet.sim.calls()) or (may_be_over and process.poll() is not None)

    until(is_time, None if may_be_over else process)
    process.kill()
    process.wait()
    fleet.sim.clear_faults()
    until_answered(fleet.sim)
    fleet.check()
    return done_by(fleet)


def done_by(fleet: Fleet) -> Counter[str]:
    """How often what changes something has been carried out since the last run began."""
    done = Counter(call["method"] for call in fleet.sim.calls() if call["outcome"] in {"ok", "hang_after"})
    return Counter({method: done[method] for method in ONCE})


def check_that_the_next_run_finishes(fleet: Fleet, before: Counter[str]) -> None:
    """It does what is left to do, and the one after that nothing."""
    fleet.sim.settings(latency_ms=0, balancer_lock_ms=0)
    finishing = fleet.rotation.run(**REMOVING)
    assert not finishing.failed, finishing.output
    assert before + done_by(fleet) == ONCE
    fleet.check_is_done()
    again = fleet.rotation.run(**REMOVING)
    assert not again.failed and not again["changed"] and not fleet.rotation.changes(), again.output


@pytest.mark.parametrize("moment", list(MOMENTS) if LONG else FEW)
def test_a_run_that_is_killed(fleet: Fleet, moment: str) -> None:
    method, kind, number = MOMENTS[moment]
    fleet.sim.settings(latency_ms=0, balancer_lock_ms=800)
    fleet.sim.fault(kind, method=method)
    before = kill_when(fleet, lambda calls: asked(calls, method) >= number, may_be_over=False)
    check_that_the_next_run_finishes(fleet, before)


@pytest.mark.parametrize("number", range(RANDOM_KILLS))
def test_a_run_that_is_killed_at_any_moment(fleet: Fleet, number: int) -> None:
    """After so many calls have arrived, and a random spell later."""
    chance = random.Random(SEED + number)
    fleet.sim.settings(latency_ms=chance.choice([5, 30, 100]), balancer_lock_ms=chance.choice([0, 300]))
    calls, spell = chance.randint(0, CALLS), chance.randint(0, 5)

    def moment(found: Calls) -> bool:
        for _time in range(spell if len(found) >= calls else 0):
            fleet.sim.balancers()
        return len(found) >= calls

    check_that_the_next_run_finishes(fleet, kill_when(fleet, moment, may_be_over=True))


def test_runs_at_the_same_time(fleet: Fleet, ledger_url: str) -> None:
    """Each certificate is created once and each load balancer changed once; all runs end well."""
    fleet.sim.clear_calls()
    fleet.sim.settings(latency_ms=50, balancer_lock_ms=500)
    options = fleet.rotation.options(ledger_url=ledger_url, **REMOVING)
    runs = [end(process) for process in [start_module(MODULE, **options) for _run in range(RUNS_AT_ONCE)]]
    assert [run.output for run in runs if run.failed] == []
    assert done_by(fleet) == ONCE
    assert Counter(number for run in runs for number in ids(run, "removed")) == Counter(fleet.old)
    fleet.check_is_done()
