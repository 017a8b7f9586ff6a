# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the playbook `rotate` that are killed, or meet each other: the next one finishes, and nothing is done twice.

With `LONG=1` in the environment there are more kills.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.balanced import UPDATE, account, balanced, balancer, general, have, store
from tests.support.playing import play, to_be_killed
from tests.support.waiting import until, until_answered
from tests.unit.playbooks.test_rotate import CREATE, DELETE, changes, keep, renewed, rotate

__all__ = ["account", "balanced"]
pytest_plugins = ["tests.support.postgresql"]

NAMES = ("www.example.com", "api.example.com", "shop.example.com")
LONG = bool(os.environ.get("LONG"))
RANDOM_KILLS = 50 if LONG else 1
CALLS = 25
"""About as many as a run makes."""
RUNS_AT_ONCE = 3
SEED = 20310115
READ, ONE = "getObject", "getLoadBalancer"
Calls = list[dict[str, Any]]


class Fleet:
    """A load balancer for each name, with two listeners, all of whose certificates are to be renewed."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim, self.folder = sim, folder
        self.old = {name: store(sim, name, is_old=True) for name in NAMES}
        for number, (name, record) in enumerate(self.old.items()):
            balancer(sim, f"b{number}", p443=record, p8443=record)
            keep(folder / "keys", name, renewed(name))
        self.listeners = have(sim).keys()
        sim.clear_calls()

    def variables(self, **others: Any) -> dict[str, Any]:
        """Of a run that does everything, with a ledger of its own unless another one is given."""
        ledger = f"sqlite:///{self.folder / 'ledger.sqlite3'}"
        return {"remove_superseded": True, "ledger_url": ledger, **others}

    def check(self) -> None:
        """Each listener has a certificate that the store holds, and serves one."""
        shown = [one for row in self.sim.balancers() for one in row["listeners"]]
        stored = {record["id"] for record in self.sim.certificates()}
        assert len(shown) == len(self.listeners)
        assert all(one["tlsCertificateId"] in stored for one in shown)
        assert all(one["open"] and one["serves"] is not None for one in shown)

    def check_is_done(self) -> None:
        """Each name has one certificate in the store, the new one, which its listeners serve."""
        stored = {record["commonName"] or record["id"]: record["id"] for record in self.sim.certificates()}
        assert len(self.sim.certificates()) == len(NAMES), "created twice, or an old one is left"
        assert not set(stored.values()) & set(self.old.values())
        assert Counter(have(self.sim).values()) == dict.fromkeys(stored.values(), 2)
        self.check()


def answered(calls: Calls, method: str) -> int:
    """How many calls of a method have succeeded."""
    return sum(1 for call in calls if (call["method"], call["outcome"]) == (method, "ok"))


def asked(calls: Calls, method: str) -> int:
    """How many calls of a method have arrived."""
    return sum(1 for call in calls if call["method"] == method)


MOMENTS: Mapping[str, Callable[[Calls], bool]] = {
    "while certificates are created": lambda calls: asked(calls, CREATE) == len(NAMES),
    "when all are created": lambda calls: answered(calls, CREATE) == len(NAMES),
    "while a load balancer is changed": lambda calls: asked(calls, UPDATE) > 0,
    "while it waits for the load balancers": lambda calls: (
        answered(calls, UPDATE) == len(NAMES) and calls[-1]["method"] == ONE
    ),
    "before anything is deleted": lambda calls: calls[-1]["method"] == READ and answered(calls, UPDATE) == len(NAMES),
    "while one is deleted": lambda calls: asked(calls, DELETE) > 0,
}

FEW = ("while certificates are created", "while it waits for the load balancers", "before anything is deleted")
"""Those that are tried without `LONG`."""


def kill_when(fleet: Fleet, moment: Callable[[Calls], bool]) -> Calls:
    """Begin to rotate, and kill the run at a moment; return what had been called by then."""

    def is_time() -> bool:
        fleet.check()
        return moment(fleet.sim.calls())

    variables = {f"ssl_rotation_{name}": value for name, value in fleet.variables().items()}
    given = {**general(fleet.folder), "ssl_rotation_sources": [{"folder": str(fleet.folder / "keys")}]}
    with to_be_killed(fleet.sim, fleet.folder, "softlayer.certificates.rotate", **given, **variables) as process:
        until(is_time, process)
    assert "PRIVATE KEY" not in (fleet.folder / "killed.log").read_text("utf-8")
    until_answered(fleet.sim)
    fleet.check()
    return fleet.sim.calls()


def check_that_the_next_run_finishes(fleet: Fleet, before: Calls) -> None:
    """It does what is left to do, and the one after that nothing."""
    done = Counter({method: answered(before, method) for method in (CREATE, UPDATE, DELETE)})
    fleet.sim.settings(latency_ms=0, balancer_lock_ms=0)
    finishing = rotate(fleet.sim, fleet.folder, **fleet.variables())
    assert finishing.ran.code == 0, finishing.ran.output
    assert done + changes(finishing) == Counter(dict.fromkeys((CREATE, UPDATE, DELETE), len(NAMES)))
    fleet.check_is_done()
    again = rotate(fleet.sim, fleet.folder, **fleet.variables())
    assert (again.ran.code, again.ran.changed, changes(again)) == (0, 0, Counter()), again.ran.output


@pytest.mark.parametrize("moment", list(MOMENTS) if LONG else FEW)
def test_a_run_that_is_killed(account: Simulator, tmp_path: Path, moment: str) -> None:
    """With all its processes, at a moment that its calls tell."""
    fleet = Fleet(account, tmp_path)
    account.settings(latency_ms=300, balancer_lock_ms=1_000)
    before = kill_when(fleet, lambda calls: bool(calls) and MOMENTS[moment](calls))
    check_that_the_next_run_finishes(fleet, before)


@pytest.mark.parametrize("number", range(RANDOM_KILLS))
def test_a_run_that_is_killed_at_any_moment(account: Simulator, tmp_path: Path, number: int) -> None:
    """After so many calls have arrived, and a random spell later."""
    chance, fleet = random.Random(SEED + number), Fleet(account, tmp_path)
    account.settings(latency_ms=chance.choice([5, 30, 100]), balancer_lock_ms=chance.choice([0, 300]))
    calls, spell = chance.randint(0, CALLS), chance.randint(0, 5)

    def moment(found: Calls) -> bool:
        for _time in range(spell if len(found) >= calls else 0):
            account.balancers()
        return len(found) >= calls

    check_that_the_next_run_finishes(fleet, kill_when(fleet, moment))


def test_runs_at_the_same_time(account: Simulator, tmp_path: Path, ledger_url: str) -> None:
    """Each certificate is created once and each load balancer changed once; all runs end well."""
    fleet = Fleet(account, tmp_path)
    account.settings(latency_ms=50, balancer_lock_ms=500)
    given = {f"ssl_rotation_{name}": value for name, value in fleet.variables(ledger_url=ledger_url).items()}
    sources = {"ssl_rotation_sources": [{"folder": str(tmp_path / "keys")}]}
    folders = [tmp_path / f"run{number}" for number in range(RUNS_AT_ONCE)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
        runs = [
            pool.submit(
                play,
                account,
                folder,
                "softlayer.certificates.rotate",
                **general(folder),
                **sources,
                **given,
            )
            for folder in folders
        ]
    for run in (one.result() for one in runs):
        assert run.code == 0, run.output
    counted = Counter(call["method"] for call in account.calls() if call["outcome"] == "ok")
    assert {method: counted[method] for method in (CREATE, UPDATE, DELETE)} == dict.fromkeys(
        (CREATE, UPDATE, DELETE), len(NAMES)
    )
    fleet.check_is_done()
