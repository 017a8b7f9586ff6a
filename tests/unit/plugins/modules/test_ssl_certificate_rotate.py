# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_rotate as Ansible runs it: from the files of clients to what listeners serve, and what it leaves alone."""

from __future__ import annotations

import json
import re
import signal
from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv

from tests.support.certificates import self_signed
from tests.support.deploying import ALL, NAME, UPDATE, balancer, issue, old, placed, store
from tests.support.deploying import run_it as deploy
from tests.support.modules import Run, options_for
from tests.support.rotate_runs import (
    CREATE,
    DELETE,
    LISTINGS,
    Rotation,
    alarms,
    blind,
    end,
    here,
    ids,
    kept,
    places,
    skipped,
)
from tests.support.tls_servers import HOST, Server, Visit, context_of, free_port
from tests.support.tls_servers import serving as server_of
from tests.support.waiting import until

__all__ = ["blind", "here"]
pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

PORT = 8443
WEB = f"web:{PORT}"
OTHER = "api.example.com"
LTD = "Example Ltd"
REMOVING = {"remove_superseded": True}


def web(rotation: Rotation, *certificate_ids: int, name: str = "web", **properties: Any) -> dict[str, Any]:
    """Add a load balancer whose listeners, from `PORT` on, have these certificates."""
    return balancer(rotation.sim, *certificate_ids, name=name, first_port=PORT, **properties)


def stored(rotation: Rotation) -> list[int]:
    """What the store holds."""
    return [record["id"] for record in rotation.sim.certificates()]


# The whole way


def test_from_the_files_to_what_is_served(here: Rotation) -> None:
    """The plan says what the run does; a second run does nothing, and calls nothing but the two listings."""
    www, api = store(here.sim, old()), store(here.sim, old(OTHER))
    web(here, www, www)
    web(here, api, name="api")
    for name in (NAME, OTHER, "new.example.com"):
        here.keep(name, issue(None, names=[name]))

    plan = here.check(diff=True, **REMOVING)
    assert not plan.failed and plan["changed"], plan.output
    assert {one["message"] for one in plan["imported"]} == {"Would be imported."}
    assert {one["message"] for one in plan["deployed"]} == {"Would be switched once the certificate is stored."}
    assert {one["certificate_id"] for one in plan["deployed"]} == {None}
    assert ids(plan, "removed") == [www, api]
    assert {one["message"] for one in plan["removed"]} == {
        "Would be removed once listeners serve its replacement, and TLS clients accept the replacement."
    }
    assert stored(here) == [www, api]

    done = here.run(diff=True, **REMOVING)
    assert not done.failed, done.output
    assert here.changes() == [CREATE] * 2 + [DELETE] * 2 + [UPDATE] * 2
    new = {one["subject_alt_names"][0]: one["id"] for one in done["imported"]}
    served = {WEB: new[NAME], f"web:{PORT + 1}": new[NAME], f"api:{PORT}": new[OTHER]}
    assert placed(here.sim) == served and set(stored(here)) == set(new.values())
    assert places(done, "deployed") == dict.fromkeys(served, ("switched", None, True))
    assert set(places(done, "verified")) == set(served)
    assert ids(done, "removed") == [www, api] and not done["attention"]
    assert skipped(done) == {"new.example.com": "new_name"}
    for name in ("imported", "deployed", "removed"):
        assert len(plan[name]) == len(done[name]), name
    assert len(plan["diff"]) == len(done["diff"]) == 7 and "PRIVATE" not in json.dumps([plan["diff"], done["diff"]])
    counted = "3 listeners: 3 switched. Certificates: 2 imported, 2 removed, 1 skipped."
    assert done["totals"] == done["summary"][-1] == counted

    again = here.run(**REMOVING)
    assert not again.failed and not again["changed"], again.output
    assert here.calls.count(LISTINGS[0]) == here.calls.count(LISTINGS[1]) == 1
    assert (sorted(here.calls), again["api_calls"]) == (sorted(LISTINGS), 2)
    assert skipped(again) == {NAME: "already_imported", OTHER: "already_imported", "new.example.com": "new_name"}
    assert places(again, "verified") == dict.fromkeys(served, ("unchanged", None, True))
    assert again["totals"] == "3 listeners: 3 unchanged. Certificates: 2 unchanged, 1 skipped."


def deploy_by(command: str, rotation: Rotation) -> Run:
    """Run the last command of a message, as `ansible -a` does."""
    given = parse_kv(re.findall(r"ssl_certificate_deploy -a '([^']*)'", command)[-1])
    return deploy(**options_for(rotation.sim, "rest"), **given, ledger_url=rotation.ledger, verify_timeout=2)


def test_a_way_back(here: Rotation) -> None:
    """For a week, by the command in the last lines; then no run switches the listener until somebody deploys something newer."""
    weekly = {**REMOVING, "remove_superseded_after_days": 7, "fail_on": ["held_back"]}
    first = store(here.sim, old())
    web(here, first, first)
    here.keep("www", issue())
    assert kept(here.check(**weekly)) == {first: "replaced_recently"}
    done = here.run(**weekly)
    (new,) = ids(done, "imported")
    assert kept(done) == {first: "replaced_recently"} and done["removed"] == [], done.output
    (line,) = [line for line in done["summary"] if "switched back to it" in line]
    assert kept(here.run(**weekly)) == {first: "replaced_recently"}, "on the next night, too"
    assert not deploy_by(line, here).failed
    assert placed(here.sim) == {WEB: first, f"web:{PORT + 1}": first}

    alone = [{"phases": [phase], "sources": None} for phase in ("deploy", "verify")]
    for run in (here.check(**weekly), here.run(**weekly), *(here.run(**weekly, **phase) for phase in alone)):
        assert not run.failed and not run["changed"], run.output
        assert alarms(run) == {name: ["expiring", "held_back"] for name in (WEB, f"web:{PORT + 1}")}
        assert {one["cause"]["reason"] for one in run["attention"]} == {"switched_back"}

    assert not deploy_by(run["attention"][0]["message"], here).failed
    assert placed(here.sim) == {WEB: new, f"web:{PORT + 1}": first}
    here.keep("www", issue(days=(-0.5, 91)))
    (newest,) = ids(here.run(**weekly), "imported")
    assert placed(here.sim) == {WEB: newest, f"web:{PORT + 1}": first}


def test_without_a_record_nothing_is_switched(here: Rotation) -> None:
    """What the ledger cannot tell may have been switched back; what must not be switched is all the more reported."""
    first = store(here.sim, old())
    web(here, first)
    here.keep("www", issue())
    nowhere = {"ledger_url": f"sqlite:///{here.folder}/nowhere/ledger.sqlite3"}
    for run in (here.check(**nowhere), here.run(**nowhere)):
        assert (run.code, placed(here.sim)) == ("rotation_failed", {WEB: first}), run.output
    store(here.sim, issue())
    assert not here.run(**nowhere, phases=["verify"], sources=None).failed, "it needs no ledger"


def test_what_has_expired_long_ago(blind: Rotation) -> None:
    """It is shown before it is deleted, and only what was shown is."""
    long_ago, lately = (store(blind.sim, issue(OTHER, days=(-200, -days))) for days in (91, 89))
    plan = blind.check(remove_expired_after_days=90)
    assert ids(plan, "removed") == [long_ago]
    assert plan["removed"][0]["message"] == "Would be removed, because it has expired and no service uses it."
    assert blind.run(remove_expired_after_days=10, approved=plan["preview"])["removed"][0]["id"] == long_ago
    assert blind.changes() == [DELETE] and stored(blind) == [lately]


def test_a_new_key_where_clients_pin_it(blind: Rotation) -> None:
    """It is neither imported nor deployed until somebody adopts it."""
    first = store(blind.sim, old(key="ec"))
    web(blind, first, sslCiphers=["ECDHE-ECDSA-AES256-GCM-SHA384"])
    blind.keep("www", issue(key="ec"))
    run = blind.run(require_same_key=True)
    assert not run["changed"] and skipped(run) == {"www": "key_differs"}
    assert {one["cause"]["reason"] for one in run["attention"]} == {"key_differs"}
    adopted = blind.run(require_same_key=True, adopt={"common_name": NAME}, verify_timeout=0)
    assert ids(adopted, "imported") and len(adopted["deployed"]) == 1, adopted.output
    assert adopted["adopted"][0]["losses"] == ["the key, although require_same_key is true"]


def test_each_phase_alone(here: Rotation) -> None:
    """In any order; what a phase needs to know it finds out by itself."""
    first = store(here.sim, old())
    web(here, first)
    here.keep("www", issue())
    assert here.run(phases=["deploy"], sources=None)["deployed"] == []
    alone = here.run(phases=["import"])
    assert here.changes() == [CREATE] and placed(here.sim) == {WEB: first}
    (new,) = ids(alone, "imported")
    assert alone["verified"] == alone["attention"] == [], "that is not asked for"
    assert here.run(phases=["clean_up"], sources=None, **REMOVING)["removed"] == []
    seen = here.run(phases=["verify"], sources=None)
    assert places(seen, "verified") == {WEB: ("verified", None, True)}
    assert [one["better_certificate_id"] for one in seen["listeners"]] == [new]
    deployed = here.run(phases=["deploy"], sources=None)
    assert here.changes() == [UPDATE] and placed(here.sim) == {WEB: new}
    assert places(deployed, "deployed") == {WEB: ("switched", None, True)} and deployed["verified"] == []
    idle = here.run(phases=["clean_up"], sources=None)
    assert not idle["changed"] and "No certificate was removed, because remove_superseded is false." in idle["summary"]
    assert ids(here.check(phases=["clean_up"], sources=None, **REMOVING), "removed") == [first]
    assert ids(here.run(phases=["clean_up"], sources=None, **REMOVING), "removed") == [first]
    assert here.changes() == [DELETE] and stored(here) == [new]
    nothing = here.run(phases=["report"], sources=None)
    assert sorted(here.calls) == sorted(LISTINGS) and len(nothing["listeners"]) == len(nothing["certificates"]) == 1


# The nightly run does no harm


def at(port: int, **expected: Any) -> dict[str, Any]:
    """An endpoint as users write it."""
    return {"host": HOST, "port": port, "server_name": NAME, **expected}


def test_endpoints_are_checked_as_listeners_are(blind: Rotation) -> None:
    """In check mode, too; each once, whatever else the run is limited to; one out of reach is no failure, and none is ever changed."""
    before, now = old(days=(-20, 70)), issue()
    first, second = store(blind.sim, before), store(blind.sim, now)
    dead = free_port()
    with server_of(before) as behind, server_of(now) as ahead, server_of(self_signed(NAME)) as wrong:
        names = {"expected": [NAME]}
        given = [at(behind.port, expected={"certificate_id": first}), at(ahead.port, **names), at(dead, **names)]
        plain = {"phases": ["verify"], "sources": None}
        for run in (
            blind.check(endpoints=given, **plain),
            blind.run(endpoints=json.dumps(given), **plain),
            blind.run(endpoints=given, **{**plain, "common_names": [NAME]}),
        ):
            assert not run.failed and not run["changed"] and run["attention"] == [], run.output
            assert run["totals"] == "3 listeners: 1 unreachable, 2 unchanged."
            there = [f"{NAME} at {HOST}:{port}" for port in (behind.port, ahead.port, dead)]
            assert [f"{one['load_balancer']}:{one['port']}" for one in run["listeners"]] == there
            assert [one["certificate_id"] for one in run["listeners"]] == [first, second, None]
            assert places(run, "verified") == dict.fromkeys(there[:2], ("verified", None, True))
            assert places(run, "skipped_items") == {there[2]: ("skipped", "unreachable", None)}
            assert "Cannot verify the certificates of listeners" in str(run["warnings"])
        given = [at(behind.port, expected=second), at(wrong.port, expected=[NAME]), f"{HOST}:{dead}"]
        run = blind.run(endpoints=[*given, {"host": HOST, "expected": 987654321}], fail_on=["not_served"], **plain)
    assert run.failed and run.code == "rotation_failed"
    assert places(run, "failed_items") == {
        f"{NAME} at {HOST}:{behind.port}": ("failed", "not_served", False),
        f"{HOST}:443": ("failed", "not_found", None),
    }
    assert alarms(run) == {
        f"{NAME} at {HOST}:{behind.port}": ["not_served"],
        f"{NAME} at {HOST}:{wrong.port}": ["not_accepted"],
    }
    assert run["totals"] == "4 listeners: 2 failed, 1 needs attention, 1 unreachable."
    assert first in stored(blind)


def test_what_an_endpoint_serves_is_kept_whatever_the_run_is_limited_to(here: Rotation) -> None:
    """The endpoint is for another one of its names."""
    before, now = (issue(names=[NAME, OTHER], days=days) for days in ((-20, 70), (-1, 89)))
    first, second = store(here.sim, before), store(here.sim, now)
    web(here, second)
    with server_of(before) as server:
        given = {"endpoints": [at(server.port, expected=OTHER)], "sources": None, "common_names": [NAME], **REMOVING}
        for run in (here.check(**given, phases=["clean_up"]), here.run(**given, phases=["verify", "clean_up"])):
            assert (run.failed, ids(run, "removed"), kept(run)) == (False, [], {first: "in_use"}), run.output
            assert len(run["listeners"]) == 1


# No night is green while something dies


def test_what_dies_fails_the_run(here: Rotation) -> None:
    """Whatever else succeeded; the error names it with the remedy."""
    gone, due, fresh = (store(here.sim, issue(name, days=days)) for name, days in DYING.items())
    web(here, gone, due, fresh)
    for phases in (["import", "deploy", "verify"], ["verify"], ["deploy"]):
        run = here.run(phases=phases, fail_on=None)
        assert run.failed and run.code == "attention_needed", run.output
        assert run["failure"]["details"] == {"failing": 2}
        assert alarms(run) == {WEB: ["expired"], f"web:{PORT + 1}": ["expiring"]}
        assert "2 listeners need attention" in run["msg"]
        assert run["msg"].count("\n- ") == 2 and not run["failed_items"]
        assert not [line for line in run["summary"] if line.startswith("ATTENTION: ")], "each once"
    assert here.run(phases=["verify"], fail_on=["expiring"]).failed
    assert not here.run(phases=["verify"], fail_on=["held_back", "not_served"]).failed
    assert not here.run(phases=["import"], fail_on=None).failed


DYING = {"gone.example.com": (-90.0, -2.0), "due.example.com": (-89.0, 1.0), "fresh.example.com": (-3.0, 3.0)}


# D. Another job switches a listener meanwhile


def test_a_listener_that_another_job_switches_is_listed_once_more(blind: Rotation) -> None:
    """Before it counts as one that serves something else: here it is switched, by name, as soon as it is looked at."""
    other = issue(organization=LTD)
    first, second = store(blind.sim, issue(days=(-2, 89))), store(blind.sim, other)
    uuids: list[str] = []

    def script(visit: Visit) -> None:
        while uuids:
            blind.sim.patch_listener(uuids.pop(), tlsCertificateId=second)
        visit.serve(context_of(other))

    with Server(script) as server:
        row = balancer(blind.sim, first, first_port=server.port, address=HOST)
        uuids.append(row["listeners"][0]["uuid"])
        run = blind.run(phases=["deploy", "verify"], sources=None)
    assert not run.failed and not run["attention"], run.output
    (served,) = places(run, "verified").values()
    assert served[1:] == (None, True)
    assert [one["certificate_id"] for one in run["listeners"]] == [second]
    assert sorted(blind.calls) == sorted(LISTINGS * 2)


# Only what was approved


def test_only_what_a_check_run_showed(here: Rotation) -> None:
    """By its result or its preview; what came since then is left out, and the next check shows it."""
    www, api = store(here.sim, old()), store(here.sim, old(OTHER))
    web(here, www, api)
    here.keep("www", issue())
    shown = here.check(**REMOVING)
    here.keep("api", issue(OTHER))
    run = here.run(approved=shown["preview"], **REMOVING)
    assert not run.failed, run.output
    assert [one["name"] for one in run["imported"]] == ["www"] and skipped(run) == {"api": "not_approved"}
    assert places(run, "deployed") == {WEB: ("switched", None, True)} and ids(run, "removed") == [www]
    again = here.run(approved=shown.result, **REMOVING)
    assert not again["changed"] and not again.failed, again.output
    rest = here.check(**REMOVING)
    assert here.run(approved=rest.result, **REMOVING)["changed"] and ids(rest, "removed") == [api]


# What goes wrong


def test_no_permission_for_load_balancers(blind: Rotation) -> None:
    """Imports are made in any case; that the rest was not done is a failure."""
    first = store(blind.sim, old())
    balancer(blind.sim, first)
    blind.sim.fault("not_found", method=ALL)
    blind.keep("www", issue())
    run = blind.run(**REMOVING)
    assert blind.changes() == [CREATE] and len(run["imported"]) == 1, run.output
    assert run["deployed"] == run["removed"] == run["listeners"] == []
    assert {one["services"] is None for one in run["certificates"]} == {True}
    (failure,) = run["failed_items"]
    assert failure["common_name"] == "the load balancers" and "LOADBALANCER_MANAGE" in failure["message"]
    assert run.failed and run.code == "rotation_failed" and "LOADBALANCER_MANAGE" in run["msg"]


def test_a_run_that_is_interrupted(here: Rotation) -> None:
    """The calls in flight finish, nothing more is sent, and the run says what was done; the next one finishes it."""
    first = store(here.sim, old())
    row = web(here, first)
    here.keep("www", issue())
    here.sim.settings(balancer_lock_ms=600_000)
    process = here.begin(balancer_wait_timeout=600, **REMOVING)
    until(lambda: any(call["outcome"] == "ok" for call in here.sim.calls(method=UPDATE)), process)
    process.send_signal(signal.SIGTERM)
    run = end(process)
    assert process.returncode == 1, "it did not end by itself"
    assert run.failed and run.code == "interrupted"
    assert run["failure"]["details"] == {"failing": 1} and not run["failed_items"]
    assert len(run["imported"]) == len(run["deployed"]) == 1 and run["changed"], run.output
    assert run["removed"] == [] and here.changes() == [CREATE, UPDATE]
    here.sim.settings(balancer_lock_ms=0)
    here.sim.patch_listener(row["listeners"][0]["uuid"], tlsCertificateId=run["imported"][0]["id"])
    here.sim.patch_balancer(row["id"], provisioningStatus="ACTIVE")
    rest = here.run(**REMOVING)
    assert not rest.failed and ids(rest, "removed") == [first] and here.changes() == [DELETE], rest.output


# What is refused before anything is called


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"sources": None}, "invalid_argument", "sources must not be empty. Specify a source"),
        ({"sources": [{"folder": "/etc/passwd"}]}, "not_found", "sources[0]: /etc/passwd"),
        ({"endpoints": [443]}, "invalid_argument", "endpoints[0]: 443 must be text or a dict"),
        ({"deploy_concurrency": 0}, "invalid_argument", "deploy_concurrency must be from 1 to"),
        ({"trusted_ca_path": "/no/root.pem"}, "not_found", "/no/root.pem"),
        ({"intermediate_path": "/no/issuers.pem"}, "not_found", "/no/issuers.pem"),
        ({"ledger_url": "nothing"}, "ledger_unavailable", "ledger_url"),
    ],
)
def test_a_run_that_cannot_begin_is_refused(blind: Rotation, given: dict[str, Any], code: str, said: str) -> None:
    """With one sentence that names the option."""
    run = blind.run(**given)
    assert run.failed and run.code == code, run.output
    assert said in run["msg"] and blind.calls == []


def test_a_typo_is_an_error(blind: Rotation) -> None:
    """Also beside a pattern that matches; nothing is changed."""
    balancer(blind.sim, store(blind.sim, old()))
    blind.keep("www", issue())
    run = blind.run(common_names=[NAME, "none.*"])
    assert run.failed and run.code == "not_found" and "none.*" in run["msg"], run.output
    assert blind.changes() == []


def test_the_selection(blind: Rotation) -> None:
    """Of names and load balancers: nothing else is imported, switched, deleted or told of."""
    www, api = store(blind.sim, old()), store(blind.sim, old(OTHER))
    balancer(blind.sim, www, api)
    balancer(blind.sim, www, name="late")
    blind.keep("www", issue())
    blind.keep("api", issue(OTHER))
    run = blind.run(common_names=[NAME], load_balancers=["WEB"], remove_unverified=True, **REMOVING)
    assert [one["name"] for one in run["imported"]] == ["www"] and not skipped(run), run.output
    assert set(places(run, "deployed")) == {"web:443"}
    assert (run["removed"], kept(run)) == ([], {www: "in_use"}), "late has it still"
