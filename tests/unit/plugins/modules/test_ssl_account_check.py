# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ssl_account_check: stores of each kind, permissions, kills, lost answers; what was in the store before is all that is in it after.

With `LONG=1` in the environment, a run is killed at each of its calls.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._apply import creates, lock
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.account import EDITED, NOTES
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import pem_bundle
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.throwaway import (
    Throwaway,
    ThrowawayAuthority,
)

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, leaks, new_key
from tests.support.deploying import store as put
from tests.support.forked import ForkedModule
from tests.support.long import LONG
from tests.support.modules import Run, finish_module, options_for, start_module
from tests.support.waiting import until, until_answered

MODULE = "ssl_account_check"
CREATE, EDIT, DELETE, LIST = "createObject", "editObject", "deleteObject", "getSecurityCertificates"
WRITES = {CREATE, EDIT, DELETE}
CALLS = 21
"""As many as a run makes that tries the store."""
KILLED_AT = range(1, CALLS + 1) if LONG else (9, 13)
AFTER = ("reset_after", "html_502_after", "truncated", "empty_body")
NOW = datetime.now(timezone.utc)


@pytest.fixture
def sim(sim: Simulator) -> Simulator:
    """The account as it was; one certificate is served by a listener."""
    [record] = [record["id"] for record in sim.certificates()]
    for name in ("web", "api"):
        sim.add_balancer(name=name, listeners=[{"protocolPort": 8443, "tlsCertificateId": record}])
    put(sim, Authority().issue("other.example.com", key=new_key("rsa")))
    sim.clear_calls()
    return sim


class Checks:
    """Runs against an account, with a ledger and a file of facts of their own."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.path = folder / "account.json"
        self.ledger = folder / "ledger.sqlite3"
        self.before = sim.certificates()

    def begin(self, first: Callable[[], None] | None = None, **given: Any) -> ForkedModule:
        """Start a run that tries the store, unless something else is said."""
        usual = {"path": str(self.path), "ledger_url": f"sqlite:///{self.ledger}", "wait_timeout": 1, "try_store": True}
        return start_module(MODULE, first=first, **{**options_for(self.sim, "rest"), **usual, **given})

    def run(self, **given: Any) -> Run:
        """Run it to its end; what was in the store before is in it as it was."""
        run = finish_module(self.begin(**given))
        assert "Traceback" not in run.output and "PRIVATE KEY" not in run.output and not leaks(run.output)
        assert [record for record in self.sim.certificates() if record["id"] in self.ids] == self.before
        return run

    def run_clean(self, **given: Any) -> Run:
        """Run it to its end; nothing else is in the store after."""
        run = self.run(**given)
        assert not run.failed, run.output
        assert self.sim.certificates() == self.before
        return run

    @property
    def ids(self) -> set[int]:
        """Those of what was in the store before."""
        return {record["id"] for record in self.before}

    @property
    def left(self) -> list[dict[str, Any]]:
        """What is in the store and was not before."""
        return [record for record in self.sim.certificates() if record["id"] not in self.ids]

    @property
    def writes(self) -> list[str]:
        """The calls that change something."""
        return [call["method"] for call in self.sim.calls() if call["method"] in WRITES]


@pytest.fixture
def checks(sim: Simulator, tmp_path: Path) -> Checks:
    """Runs against the account."""
    return Checks(sim, tmp_path)


# What is found


GOOD = {
    "intermediates_kept": "all",
    "create_tells_what_is_kept": True,
    "takes_ec_key": True,
    "takes_no_common_name": True,
    "refuses_wrong_chain": True,
    "listed_after_seconds": 0,
}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "keeps all": ({}, {}, 2),
    "keeps the first": ({"kept_chain": "first"}, {"intermediates_kept": "first"}, 2),
    "keeps the last": ({"kept_chain": "last"}, {"intermediates_kept": "last"}, 2),
    "keeps none": ({"kept_chain": "none"}, {"intermediates_kept": "none"}, 2),
    "says more than it keeps": (
        {"kept_chain": "first", "tell_given_chain": True},
        {"intermediates_kept": "first", "create_tells_what_is_kept": False},
        2,
    ),
    "takes no EC key": ({"refuse_ec_key": True}, {"takes_ec_key": False}, 4),
    "wants a common name": ({"refuse_without_common_name": True}, {"takes_no_common_name": False}, 3),
    "takes neither": (
        {"refuse_ec_key": True, "refuse_without_common_name": True},
        {"takes_ec_key": False, "takes_no_common_name": False},
        5,
    ),
    "looks at no chain": ({"trust_chains": True}, {"refuses_wrong_chain": False}, 2),
    "lists late": ({"list_late": 2}, {"listed_after_seconds": 2}, 2),
    "lists never": ({"list_late": 1000}, {"listed_after_seconds": None}, 2),
}
"""Settings of the simulator, what is found by them, and how many creates that takes."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_of_each_kind(checks: Checks, kind: str) -> None:
    settings, expected, creates_made = KINDS[kind]
    checks.sim.settings(**settings)
    run = checks.run_clean(wait_timeout=5 if kind == "lists late" else 1)
    store = dict(run["facts"]["store"])
    refusals = store.pop("refusals")
    assert store == GOOD | expected
    assert checks.writes.count(CREATE) == creates_made
    assert checks.writes.count(DELETE) == [trial["outcome"] for trial in run["tried"]].count("stored")
    assert set(run["facts"]["may"].values()) == {True}
    assert refusals.keys() == {
        *(["wrong_chain"] if store["refuses_wrong_chain"] else []),
        *(["ec_key"] if not store["takes_ec_key"] else []),
        *(["no_common_name"] if not store["takes_no_common_name"] else []),
    }
    assert json.loads(checks.path.read_text(encoding="utf-8")) == run["facts"]
    assert not any(call["mask"] == "" for call in checks.sim.calls() if call["method"] in {"getObject", CREATE, LIST})


def test_a_store_that_takes_nothing(checks: Checks) -> None:
    """What the account calls its things is not told."""
    checks.sim.add_balancer(name="prod-web")
    words = "Not from this authority, Prod-Web."
    checks.sim.fault("fault", method=CREATE, code="SoftLayer_Exception_InvalidValue", message=words)
    run = checks.run_clean()
    store = dict(run["facts"]["store"])
    assert store.pop("refusals") == {"any": "Not from this authority, ...."}
    assert set(store.values()) == {None} and run["facts"]["may"]["create"] is None
    assert checks.writes == [CREATE] * 4


def test_a_store_that_fails_over_what_it_does_not_take(checks: Checks) -> None:
    """An "Internal Error" is none that shows whether it was stored: it is looked for, and then the next one is tried."""
    checks.sim.fault("fault", method=CREATE, nth=1)
    run = checks.run_clean()
    assert run["facts"]["store"]["takes_no_common_name"] is False and run["facts"]["store"]["takes_ec_key"] is True
    assert run["facts"]["store"]["refusals"]["no_common_name"] == "Internal Error"


def test_a_store_that_only_says_that_it_has_deleted(checks: Checks) -> None:
    checks.sim.settings(only_say_deleted=True)
    run = checks.run()
    [left] = checks.left
    assert run.failed and run.code == "certificate_left"
    assert re.search(r"check-[0-9a-f]{16}\.invalid", run["msg"]) and "still has it" in run["msg"]
    assert checks.writes == [CREATE, EDIT, DELETE] and run["facts"]["may"]["delete"] is False
    checks.sim.settings(only_say_deleted=False)
    mended = checks.run_clean()
    assert [(item["id"], item["removed"]) for item in mended["leftovers"]] == [(left["id"], True)] and mended["changed"]


def test_a_store_that_tells_another_certificates_id(sim: Simulator, checks: Checks) -> None:
    """That one is neither edited nor deleted, and the one that was stored is found all the same."""
    sim.patch_certificate(min(checks.ids), notes="", associatedServiceCount=0)
    for balancer in sim.balancers():
        sim.delete_balancer(balancer["id"])
    checks.before = sim.certificates()
    sim.settings(tell_first_id=True)
    run = checks.run_clean()
    assert checks.writes == [CREATE, DELETE, CREATE] and run["facts"]["may"]["edit"] is None
    assert run["facts"]["store"]["intermediates_kept"] is None


@pytest.mark.parametrize("lie", ["only_say_refused", "create_twice"])
def test_a_store_that_has_more_than_it_says(checks: Checks, lie: str) -> None:
    checks.sim.settings(**{lie: True})
    run = checks.run_clean()
    assert {item["removed"] for item in run["leftovers"]} == {True} and run["changed"]


def test_a_store_that_lists_what_it_shows_nobody(checks: Checks) -> None:
    """A missing permission reads as a missing record: what is listed is there, and is deleted."""
    checks.sim.fault("not_found", service="SoftLayer_Security_Certificate", method="getObject")
    run = checks.run_clean()
    assert checks.writes == [CREATE, DELETE, CREATE] and run["facts"]["may"]["delete"]


def test_a_store_that_only_says_that_it_has_edited(checks: Checks) -> None:
    checks.sim.settings(only_say_edited=True)
    assert checks.run_clean()["facts"]["may"] == dict.fromkeys(MAY, True) | {"edit": False}


MAY = ("list_orders", "list_store", "list_balancers", "create", "edit", "delete")


def test_reading_alone(checks: Checks) -> None:
    """It changes nothing, and a second run right after it not even the file; what was tried before stays known."""
    run = checks.run_clean(try_store=False)
    assert run["changed"] and not checks.writes and not checks.ledger.exists()
    assert run["facts"]["may"] == {name: True if name.startswith("list") else None for name in MAY}
    assert run["facts"]["tried_on"] is None and "try_store=true" in run["summary"][-1]
    assert run["facts"]["lists"] == {
        "orders_keep_limit": False,
        "orders_give_total": True,
        "store_keep_limit": True,
        "store_give_total": True,
        "balancers_keep_limit": True,
        "balancers_give_total": True,
        "listeners_agree": True,
        "services_counted": True,
    }
    assert not checks.run_clean(try_store=False)["changed"]
    tried = checks.run_clean()["facts"]
    again = checks.run_clean(try_store=False)["facts"]
    assert again["store"] == tried["store"] and again["tried_on"] == tried["tried_on"]
    assert again["may"]["create"] is None


def test_certificates_that_name_listeners_which_no_load_balancer_has(sim: Simulator, checks: Checks) -> None:
    sim.patch_certificate(sim.certificates()[0]["id"], associatedServiceCount=1)
    lists = run_lists(checks)
    assert (lists["listeners_agree"], lists["services_counted"]) == (False, True)


def run_lists(checks: Checks) -> dict[str, Any]:
    """What is found by reading."""
    checks.before = checks.sim.certificates()
    lists: dict[str, Any] = checks.run(try_store=False)["facts"]["lists"]
    return lists


def test_limits_and_totals(sim: Simulator, checks: Checks) -> None:
    sim.settings(page_every_list=True, omit_total=True)
    lists = run_lists(checks)
    assert [lists[f"{name}_keep_limit"] for name in ("orders", "store", "balancers")] == [True] * 3
    assert [lists[f"{name}_give_total"] for name in ("orders", "store", "balancers")] == [False] * 3


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [([], (False, False, False)), (["SECURITY_CERTIFICATE_VIEW"], (True, False, False))],
)
def test_permissions(sim: Simulator, checks: Checks, permissions: list[str], expected: tuple[bool, ...]) -> None:
    """Without that to list the store, nothing is tried, as what is left could not be found again."""
    sim.permit(sim.username, *permissions)
    sim.fault("not_found", method="getAllObjects")
    run = checks.run_clean()
    assert tuple(run["facts"]["may"][name] for name in MAY) == (*expected, None, None, None)
    assert not checks.writes and "Nothing is tried" in str(run["warnings"])
    assert any("SECURITY_CERTIFICATE_MANAGE" in line for line in run["summary"])
    assert any("LOADBALANCER_MANAGE" in line for line in run["summary"])


@pytest.mark.parametrize("method", [CREATE, EDIT, DELETE])
def test_what_is_not_permitted(sim: Simulator, checks: Checks, method: str) -> None:
    sim.fault("not_found", method=method)
    run = checks.run()
    may = run["facts"]["may"]
    if method == CREATE:
        assert (may["create"], may["edit"], may["delete"]) == (False, None, None) and not checks.left
        assert checks.writes == [CREATE] and not run.failed
    elif method == EDIT:
        assert (may["create"], may["edit"], may["delete"]) == (True, False, True) and not checks.left
    else:
        assert (may["create"], may["edit"], may["delete"]) == (True, True, False) and len(checks.left) == 1
        assert run.failed and run.code == "certificate_left"


def test_nothing_that_is_written_names_the_account(sim: Simulator, checks: Checks) -> None:
    words = f"Refused for {sim.username} (account {sim.account_id}, 10.1.2.3, joe@example.com): record 300123, see web-1.example.com."
    sim.fault("fault", method=CREATE, nth=2, code="SoftLayer_Exception_InvalidValue", message=words)
    run = checks.run_clean()
    text = checks.path.read_text(encoding="utf-8")
    assert run["facts"]["store"]["refusals"]["wrong_chain"].startswith("Refused for ...")
    known = [*(str(item["id"]) for item in (*checks.before, *sim.balancers(), *sim.orders())), str(sim.account_id)]
    names = [
        *(item["commonName"] for item in checks.before),
        "web",
        "api",
        sim.username,
        sim.api_key,
        "example",
        "10.1.2.3",
    ]
    assert [word for word in (*known, *names, "check-") if word in text] == []


def test_a_login_that_is_refused_fails(checks: Checks) -> None:
    run = checks.run(api_key="wrong")
    assert run.failed and run.code == "authentication_failed" and not checks.path.exists()


def test_a_file_that_is_damaged_is_written_anew(checks: Checks) -> None:
    checks.path.write_text("{", encoding="utf-8")
    run = checks.run_clean(try_store=False)
    assert run["changed"] and "written anew" in str(run["warnings"])
    assert json.loads(checks.path.read_text(encoding="utf-8")) == run["facts"]


@pytest.mark.parametrize("path", ["account.json", "", "/proc/self/cwd/account.json", "/nowhere/account.json"])
def test_a_path_that_is_none(checks: Checks, path: str) -> None:
    run = checks.run(path=path)
    assert run.failed and run.code == "invalid_argument" and not checks.sim.calls()


def test_check_mode_writes_nothing(checks: Checks) -> None:
    left = leave(checks.sim, made(), NOTES)
    run = checks.run(check=True, diff=True)
    assert not run.failed and run["changed"] and not checks.writes
    assert not checks.path.exists() and not checks.ledger.exists() and not run["tried"]
    assert "Would import" in run["summary"][0] and [item["id"] for item in run["leftovers"]] == [left]
    assert [record["id"] for record in checks.left] == [left]


# What was left


def made(at: datetime = NOW - timedelta(hours=2)) -> Throwaway:
    """A throwaway certificate, as other runs make them."""
    return ThrowawayAuthority(at).issue("RSA", has_common_name=True)


def leave(sim: Simulator, throwaway: Throwaway, notes: str, **changes: Any) -> int:
    """Put one into the store."""
    import SoftLayer

    client = SoftLayer.Client(username=sim.username, api_key=sim.api_key, endpoint_url=sim.rest_url)
    template = {
        "certificate": throwaway.certificate.pem(),
        "privateKey": throwaway.private_key_pem,
        "intermediateCertificate": pem_bundle(throwaway.intermediates),
        "notes": notes,
    }
    identifier = int(client.call("Security_Certificate", CREATE, template)["id"])
    if changes:
        sim.patch_certificate(identifier, **changes)
    sim.clear_calls()
    return identifier


def test_what_may_be_deleted_and_what_not(sim: Simulator, checks: Checks) -> None:
    gone = [leave(sim, made(), notes) for notes in (NOTES, EDITED, "")]
    young = leave(sim, made(datetime.now(timezone.utc)), NOTES)
    used = leave(sim, made(), NOTES, associatedServiceCount=1)
    taken_up = leave(sim, made(), "Mine now.")
    named = put(sim, Authority().issue("check-0123456789abcdef.invalid", key=new_key("rsa")))
    other = replace(made(), certificate=made().certificate)
    assert other.certificate.names != made().certificate.names
    run = checks.run()
    assert run.failed and run.code == "certificate_left" and run["changed"]
    assert {item["id"] for item in run["leftovers"] if item["removed"]} == {*gone}
    kept = {item["id"]: item["message"] for item in run["leftovers"] if not item["removed"]}
    assert kept.keys() == {young, used, taken_up}
    assert "within the last hour" in kept[young] and "service" in kept[used] and "notes" in kept[taken_up]
    assert {record["id"] for record in checks.left} == {young, used, taken_up, named}


def with_short_leases() -> None:
    """Let nobody wait long for a run that was killed."""
    lock.LEASE = timedelta(seconds=1)
    creates.lease_for = lambda _timeout: timedelta(seconds=1)


@pytest.mark.parametrize("kind", ["hang_after", "hang_before"])
@pytest.mark.parametrize("number", KILLED_AT)
def test_a_run_that_is_killed_at_a_call(sim: Simulator, checks: Checks, number: int, kind: str) -> None:
    """Whether it was carried out or not, the next run deletes what was left, and finds out all."""
    sim.fault(kind, nth=number)
    process = checks.begin(with_short_leases)
    until(lambda: len(sim.calls()) >= number or process.poll() is not None)
    process.kill()
    process.wait()
    sim.clear_faults()
    until_answered(sim)
    assert len(checks.left) <= 1
    run = checks.run_clean()
    assert run["facts"]["store"].items() >= GOOD.items()


def test_a_run_makes_no_more_calls_than_it_is_killed_at(sim: Simulator, checks: Checks) -> None:
    checks.run_clean()
    assert len(sim.calls()) == CALLS


@pytest.mark.parametrize("method", [CREATE, EDIT, DELETE])
@pytest.mark.parametrize("kind", AFTER)
def test_an_answer_that_is_lost(sim: Simulator, checks: Checks, method: str, kind: str) -> None:
    """It is looked what was done; nothing is created twice, and all is found out."""
    sim.fault(kind, method=method, nth=1)
    run = checks.run_clean()
    assert run["facts"]["store"].items() >= GOOD.items()
    assert set(run["facts"]["may"].values()) == {True} and checks.writes == [CREATE, EDIT, DELETE, CREATE]


@pytest.mark.parametrize("method", [CREATE, EDIT, DELETE])
def test_a_call_that_never_arrives(sim: Simulator, checks: Checks, method: str) -> None:
    """That of a create may arrive later, so nothing more is tried; the others can be repeated, or are not known."""
    sim.fault("reset_before", method=method, nth=1)
    run = checks.run()
    assert not checks.left
    if method == CREATE:
        assert run.failed and run.code == "certificate_left" and checks.writes == [CREATE]
    else:
        assert not run.failed and run["facts"]["store"].items() >= GOOD.items()
    assert not checks.run_clean().failed


def test_lost_answers_of_reads_and_a_store_that_lists_late(sim: Simulator, checks: Checks) -> None:
    """The record of a create whose answer is lost is found once it is listed."""
    sim.settings(list_late=3)
    sim.fault("reset_after", method=CREATE, nth=1)
    run = checks.run(wait_timeout=10)
    assert not checks.left and checks.writes.count(CREATE) == checks.writes.count(DELETE) == 1, run.output
    assert run["facts"]["may"]["delete"] is None and not run.failed


@pytest.mark.parametrize("method", [CREATE, EDIT, "getObject"])
def test_a_run_that_is_told_to_stop(sim: Simulator, checks: Checks, method: str) -> None:
    """It deletes what it has created."""
    service = "SoftLayer_Security_Certificate"
    sim.fault("hang_after", service=service, method=method, nth=1)
    process = checks.begin()
    until(lambda: sim.calls(service=service, method=method), process)
    process.send_signal(signal.SIGTERM)
    sim.clear_faults()
    run = finish_module(process)
    assert run.failed and run.code == "interrupted", run.output
    assert sim.certificates() == checks.before and checks.writes.count(CREATE) == 1


def test_runs_at_the_same_time_take_turns(sim: Simulator, checks: Checks) -> None:
    sim.settings(latency_ms=20)
    processes = [checks.begin() for _run in range(3)]
    runs = [finish_module(process) for process in processes]
    assert [run.output for run in runs if run.failed or run["leftovers"]] == []
    assert sim.certificates() == checks.before
    assert checks.writes == [CREATE, EDIT, DELETE, CREATE] * 3


def test_runs_with_ledgers_of_their_own_leave_each_others_alone(sim: Simulator, checks: Checks, tmp_path: Path) -> None:
    sim.fault("hang_before", method=DELETE, nth=1, seconds=60)
    first = checks.begin()
    until(lambda: sim.calls(method=DELETE), first)
    other = finish_module(checks.begin(ledger_url=f"sqlite:///{tmp_path}/other.sqlite3"))
    assert other.failed and other.code == "certificate_left" and "Another machine" in other["msg"]
    assert len(checks.left) == 1
    sim.clear_faults()
    run = finish_module(first)
    assert not run.failed and sim.certificates() == checks.before
