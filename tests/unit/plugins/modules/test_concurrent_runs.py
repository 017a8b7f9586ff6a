# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that meet each other, are killed, interrupted or met by faults: no email twice, none lost.

With `LONG=1` in the environment there are more kills, and more runs at once.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.long import LONG
from tests.support.modules import Run, finish_module, options_for, run_module, start_module
from tests.support.waiting import until, until_answered, until_called

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.postgresql"]

MODULE = "ssl_fulfillment_email"
RUNS = 10 if LONG else 5
CONCURRENCY = 4
KILLS = 50 if LONG else 2
SEED = 20240415


@pytest.fixture(scope="module")
def twenty() -> Iterator[Simulator]:
    """A simulator with twenty orders that can all be mailed."""
    with Simulator.start(fleet=20) as simulator:
        yield simulator


@pytest.fixture
def sim(twenty: Simulator) -> Simulator:
    """The simulator, as if it had just been started."""
    twenty.start_listening()
    twenty.reset()
    return twenty


@pytest.fixture
def options(sim: Simulator, ledger_url: str) -> dict[str, Any]:
    """A run over all orders, with a new ledger of each kind."""
    return {**options_for(sim), "ledger_url": ledger_url, "common_names": ["*"], "concurrency": CONCURRENCY}


def order_ids(sim: Simulator) -> list[int]:
    """All orders."""
    return [order["id"] for order in sim.orders()]


def sent(sim: Simulator) -> Counter[int]:
    """How often each order was mailed."""
    return Counter(send["order_id"] for send in sim.sends())


def sends_begun(sim: Simulator) -> list[dict[str, Any]]:
    """The calls that ask for an email, those among them that are being answered included."""
    return sim.calls(method="resendEmail")


def assert_mailed_once(sim: Simulator, runs: list[Run]) -> None:
    """Every order was mailed once, and by what the runs say themselves."""
    everything = order_ids(sim)
    assert sent(sim) == Counter(everything)
    requested = [email["order_id"] for run in runs for email in run["emails"] if email["outcome"] == "requested"]
    assert sorted(requested) == everything
    assert sum(run["requested_count"] for run in runs) == len(everything)


def test_runs_at_once(sim: Simulator, options: dict[str, Any]) -> None:
    """From the very first use of the ledger on, at full concurrency."""
    processes = [start_module(MODULE, **{**options, "concurrency": 8}) for _ in range(RUNS)]
    runs = [finish_module(process, 300) for process in processes]
    assert_mailed_once(sim, runs)
    for run in runs:
        assert not run.failed, run["msg"]
        assert list(run.outcomes()) == order_ids(sim)
        assert set(run.outcomes().values()) <= {
            ("requested", None),
            ("skipped", "cooldown"),
            ("skipped", "outcome_unknown"),  # another run is at it
        }


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_that_is_killed(sim: Simulator, options: dict[str, Any], number: int) -> None:
    """At a random moment: after so many calls have arrived, and a random spell later."""
    chance = random.Random(SEED + number)
    sim.settings(latency_ms=chance.choice([0, 5, 30]))
    process = start_module(MODULE, **options)
    calls, spell = chance.randint(0, 24), chance.randint(0, 3)
    until_called(sim, calls, process)
    for _ in range(spell):
        sim.sends()
    process.kill()
    process.wait()
    until_answered(sim)
    sim.settings(latency_ms=0)
    after_kill = sent(sim)

    run = run_module(MODULE, **options)
    assert not run.failed, run["msg"]
    assert max(sent(sim).values()) == 1, "mailed twice within the interval"
    unsure = {email["order_id"] for email in run["emails"] if email["reason"] == "outcome_unknown"}
    assert len(unsure) <= CONCURRENCY
    for email in run["emails"]:
        order_id, outcome, reason = email["order_id"], email["outcome"], email["reason"]
        if (outcome, reason) == ("requested", None):
            assert (after_kill[order_id], sent(sim)[order_id]) == (0, 1), order_id
        elif reason == "cooldown":
            assert after_kill[order_id] == 1, f"order {order_id} is lost: it counts as mailed, and was not"
        else:
            assert (outcome, reason) == ("skipped", "outcome_unknown")
            assert sent(sim)[order_id] == after_kill[order_id]
    assert list(run.outcomes()) == order_ids(sim)
    assert run["requested_count"] + sum(after_kill.values()) + len(unsure - after_kill.keys()) == len(order_ids(sim))


@pytest.mark.parametrize(("name", "times"), [("SIGINT", 1), ("SIGTERM", 2)])
@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_run_that_is_interrupted(sim: Simulator, options: dict[str, Any], name: str, times: int) -> None:
    """The calls in flight finish and are confirmed, nothing more is sent, and the run ends with what was done."""
    sim.settings(latency_ms=400)
    process = start_module(MODULE, **options)
    until(lambda: len(sends_begun(sim)) > CONCURRENCY, process)
    for _ in range(times):
        process.send_signal(getattr(signal, name))
    run = finish_module(process)
    assert process.returncode in (0, 1), "it did not end by itself"
    sim.settings(latency_ms=0)

    mailed = sorted(sent(sim))
    assert CONCURRENCY < len(mailed) <= 3 * CONCURRENCY, "it sent on"
    assert len(sends_begun(sim)) == len(mailed)
    assert list(run.outcomes()) == order_ids(sim)
    assert [email["order_id"] for email in run["emails"] if email["outcome"] == "requested"] == mailed
    assert (run["requested_count"], run["changed"]) == (len(mailed), True)
    assert run.failed, "a job that was canceled must not pass for one that is done"
    for email in run["emails"]:
        if email["order_id"] not in mailed:
            assert email["requested_at"] is None
            assert email["reason"] in {"api_error", "interrupted"} and "interrupted" in email["message"]

    rest = run_module(MODULE, **options)
    assert not rest.failed, rest["msg"]
    assert_mailed_once(sim, [run, rest])
