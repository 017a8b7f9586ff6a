# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ssl_certificate_deploy with `exclusive`: one at a time changes something, whatever becomes of the others."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from itertools import cycle, groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import lock as locking

from tests.simulator.client import Simulator
from tests.support.deploying import (
    MODULE,
    ONE,
    UPDATE,
    balancer,
    begin,
    changes,
    elements,
    end,
    issue,
    old,
    only,
    options,
    placed,
    renewable,
    run_it,
    store,
)
from tests.support.forked import ForkedModule
from tests.support.modules import TRANSPORTS, options_for, start_module
from tests.support.waiting import until

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.deploying", "tests.support.postgresql"]

PENDING, ACTIVE = "UPDATE_PENDING", "ACTIVE"
ACTS = "softlayer_ssl_acts"
ACCOUNT = {"service": "SoftLayer_Account", "method": "getObject"}
SHORT = timedelta(seconds=4)
LONG = {"wait_timeout": 600}
"""Longer than any of these tests takes, on however slow a machine."""
WAITED = "Another run has been changing load balancers since 20"


@pytest.fixture
def login(account: Simulator, tmp_path: Path) -> dict[str, Any]:
    """The options of exclusive runs with a new ledger."""
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return {**options_for(account), "exclusive": True, "ledger_url": ledger_url, **LONG}


@pytest.fixture
def shared(account: Simulator, ledger_url: str) -> dict[str, Any]:
    """The options of exclusive runs that share a new ledger of each kind."""
    return {**options_for(account), "exclusive": True, "ledger_url": ledger_url, **LONG}


def with_a_short_lease() -> None:
    """Let a turn that is not renewed be over soon."""
    locking.LEASE = SHORT


def begin_so(first: Callable[[], None], **given: Any) -> ForkedModule:
    """Start a run that calls a function first."""
    return start_module(MODULE, first=first, **options(**given))


@cache
def engine_of(ledger_url: str) -> sa.Engine:
    """What looks into a ledger."""
    return sa.create_engine(ledger_url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)


def turns_of(ledger_url: str) -> list[Any]:
    """All turns in a ledger, the last one last; none if there is no ledger yet."""
    if ledger_url.startswith("sqlite") and not Path(ledger_url.partition("///")[2].partition("?")[0]).exists():
        return []  # SQLite would make one
    try:
        with engine_of(ledger_url).connect() as connection:
            return list(connection.execute(sa.text(f"SELECT * FROM {ACTS} WHERE kind = 'lock' ORDER BY id")))
    except sa.exc.SQLAlchemyError:
        return []


def has_turn(ledger_url: str) -> bool:
    """Whether a run has the turn."""
    return [turn.state for turn in turns_of(ledger_url)][-1:] == ["claimed"]


@contextmanager
def holding(
    account: Simulator, web: dict[str, Any], how: Callable[[], None] | None = None, **given: Any
) -> Iterator[ForkedModule]:
    """A run that has the turn, and waits for its busy balancer as long as the block lasts."""
    account.patch_balancer(web["id"], provisioningStatus=PENDING)
    process = begin_so(how, **given) if how else begin(**given)
    until(lambda: has_turn(given["ledger_url"]) and account.calls(method=ONE), process)
    yield process
    account.patch_balancer(web["id"], provisioningStatus=ACTIVE)


def wants_turn(account: Simulator, number: int, process: ForkedModule) -> None:
    """Wait until so many runs have asked for the account, which they do right before they ask for the turn."""
    until(lambda: len(account.calls(**ACCOUNT)) >= number, process)


# Together


def test_one_run_at_a_time_changes_something(account: Simulator, shared: dict[str, Any]) -> None:
    """Each deals with balancers of its own, so that the log of calls shows who changed what: one after the other."""
    first, second = store(account, old()), store(account, issue())
    number = 2
    fleets = {name: [balancer(account, first, name=f"{name}{which}") for which in range(3)] for name in "ab"}
    account.settings(latency_ms=50, balancer_lock_ms=100)
    transports = zip(fleets, cycle(TRANSPORTS), strict=False)
    given = {
        name: {**shared, **options_for(account, transport), "load_balancers": [f"{name}*"]}
        for name, transport in transports
    }
    with holding(account, fleets["a"][0], **given["a"]) as process:
        processes = [process, *(begin(**given[name]) for name in fleets if name != "a")]
        wants_turn(account, number, processes[-1])
    runs = [end(process) for process in processes]
    assert [run["switched_count"] for run in runs] == [3] * number
    assert set(placed(account).values()) == {second}
    owner = {row["uuid"]: name for name, rows in fleets.items() for row in rows}
    sent = [owner[uuid] for uuid, _elements in changes(account)]
    assert len(sent) == 3 * number
    assert len(list(groupby(sent))) == number, f"in turns: {sent}"
    warned = [WAITED in str(run.result.get("warnings")) for run in runs]
    assert warned == [False] + [True] * (number - 1)
    ended = turns_of(shared["ledger_url"])
    assert [turn.state for turn in ended] == ["released"] * number
    assert all(one.ended_at <= other.begun_at for one, other in pairwise(ended))


def test_what_another_run_did_meanwhile_is_planned_again(
    account: Simulator, login: dict[str, Any], transport: str
) -> None:
    """Both want to switch the same listeners: the second one reads everything again, and finds nothing to do."""
    web, _, second = renewable(account, 443, 444)
    with holding(account, web, **login) as process:
        other = begin(**{**login, **options_for(account, transport)})
        wants_turn(account, 2, other)
    first, later = end(process), end(other)
    assert first["switched_count"] == 2 and later["unchanged_count"] == 2
    assert not later["changed"] and later["diff"] == []
    assert {one["message"] for one in later["listeners"]} == {
        "The certificate store does not contain a better certificate."
    }
    assert changes(account) == [elements(web, second, (443, 444))]
    (warning,) = map(str, later["warnings"])
    assert WAITED in warning and "waited at most 600 seconds" in warning
    assert not first.result.get("warnings")


# No turn


@pytest.mark.parametrize("given", [{"wait": False}, {"wait_timeout": 0.3}], ids=str)
def test_a_turn_that_does_not_come(account: Simulator, login: dict[str, Any], given: dict[str, Any]) -> None:
    web, first, _ = renewable(account)
    with holding(account, web, **login) as process:
        (turn,) = turns_of(login["ledger_url"])
        run = run_it(**{**login, **given})
        assert run.failed and run.code == "locked" and "listeners" not in run
        since = f"{str(turn.begun_at)[:19].replace(' ', 'T')}Z"
        assert f"since {since}" in run["msg"] and run["failure"]["details"]["since"] == since
        assert "This run did not change load balancers" in run["msg"] and "again" in run["msg"]
        assert bool(run.result.get("warnings")) == ("wait" not in given)
        assert changes(account) == [] and placed(account) == {"web:443": first}
    assert only(end(process))["outcome"] == "switched"


def test_without_a_change_there_is_no_turn(account: Simulator, login: dict[str, Any], tmp_path: Path) -> None:
    """Nor in check mode: then there is not even a ledger. A run with nothing to do disturbs nobody and waits for nobody."""
    web, _, second = renewable(account)
    ledger = tmp_path / "ledger.sqlite3"
    planned = run_it(**login, check=True)
    assert only(planned)["outcome"] == "switched" and planned["api_calls"] == 2 and not ledger.exists()
    assert run_it(**{**login, "max_listeners": 0}).code == "too_many_listeners" and not ledger.exists()
    with holding(account, web, **login) as process:
        before = ledger.read_bytes()
        balancer(account, second, name="api")
        nothing = run_it(**login, load_balancers=["api"])
        assert nothing["unchanged_count"] == 1 and not nothing.result.get("warnings")
        assert only(run_it(**login, load_balancers=["web"], check=True))["outcome"] == "switched"
        assert len(turns_of(login["ledger_url"])) == 1 and len(before) == ledger.stat().st_size
    assert not end(process).failed
    assert placed(account) == {"web:443": second, "api:443": second}


@pytest.mark.parametrize("check", [True, False])
def test_a_ledger_that_cannot_be_used(account: Simulator, login: dict[str, Any], check: bool) -> None:
    """Nothing is changed without one; check mode accesses none."""
    renewable(account)
    run = run_it(**{**login, "ledger_url": "sqlite:////nowhere/ledger.sqlite3"}, check=check)
    if check:
        assert only(run)["outcome"] == "switched"
    else:
        assert run.failed and run.code == "ledger_unavailable" and not run.result.get("changed")
    assert changes(account) == []


# The turn of a run that dies


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_killed_run_is_followed_by_the_next(account: Simulator, shared: dict[str, Any]) -> None:
    """Once its turn was not renewed for the length of the lease; not before, as long as the run is alive."""
    web, _, second = renewable(account)
    with holding(account, web, with_a_short_lease, **shared) as process:
        other = begin_so(with_a_short_lease, **shared)
        wants_turn(account, 2, other)
        seen = set[Any]()
        until(
            lambda: (
                seen.add(turns_of(shared["ledger_url"])[-1].lease_until) or len(seen) > locking.RENEWALS_PER_LEASE + 2
            ),
            other,
        )
        assert [turn.state for turn in turns_of(shared["ledger_url"])] == ["claimed"], "it was taken from a living run"
        process.kill()
        process.wait()
        until(lambda: len(turns_of(shared["ledger_url"])) == 2, other)
        assert changes(account) == []
    run = end(other)
    assert only(run)["outcome"] == "switched" and changes(account) == [elements(web, second)]
    assert WAITED in str(run["warnings"])
    assert [turn.state for turn in turns_of(shared["ledger_url"])] == ["released", "released"]


# Told to stop


def test_who_waits_for_the_turn_is_interrupted(account: Simulator, login: dict[str, Any]) -> None:
    web, _, second = renewable(account)
    with holding(account, web, **login) as process:
        other = begin(**login)
        wants_turn(account, 2, other)
        other.send_signal(signal.SIGTERM)
        run = end(other)
        assert run.failed and run.code == "interrupted" and changes(account) == []
        assert not run.result.get("changed") and "did not change" in run["msg"]
    assert not end(process).failed and changes(account) == [elements(web, second)]


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_who_has_the_turn_is_interrupted(account: Simulator, login: dict[str, Any], name: str) -> None:
    """The next run need not wait."""
    web, _, second = renewable(account)
    account.settings(balancer_lock_ms=600_000)
    process = begin(**login)
    until(lambda: account.calls(method=UPDATE, outcome="ok"), process)
    process.send_signal(getattr(signal, name))
    assert end(process).code == "interrupted"
    assert [turn.state for turn in turns_of(login["ledger_url"])] == ["released"]
    account.patch_balancer(web["id"], provisioningStatus=ACTIVE)
    other = balancer(account, store(account, old("api.example.com")), name="api")
    new = store(account, issue("api.example.com"))
    account.settings(balancer_lock_ms=0)
    assert not run_it(**login, wait=False).failed
    assert changes(account) == [elements(other, new)] and placed(account) == {"web:443": second, "api:443": new}
