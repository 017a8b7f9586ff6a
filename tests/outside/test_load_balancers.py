# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Listeners that are true TLS servers: whatever a switch comes to, each has a certificate, and clients meet one that works.

Promise: A listener never loses its certificate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from tests.outside.balancers import CLOSED, UPDATE, Balancing, Shown, break_off, resolve_here
from tests.outside.pki import issued_by, pem, public_ca, rsa_key
from tests.outside.playing import play, telling
from tests.outside.servers import ENDINGS, HANGING, LosingProxy, Loss, with_status
from tests.outside.stranger import Answer
from tests.outside.wire import TRANSPORTS, Call, Fault
from tests.support.forked import ForkedModule
from tests.support.modules import Run, finish_module, given_to

DEPLOY = "ssl_certificate_deploy"
OLD, NEW, THIRD, OTHER = 1, 2, 3, 4
"""Ids in the store: two certificates of the same names, and two of others."""
LOOK_SECONDS = 8
"""How long a listener may take to serve what it should; where it never does, a test takes as long."""
ROOT = public_ca("Balanced Root", path_length=1)
AUTHORITY = public_ca("Balanced CA", ROOT, path_length=0)
KEY = rsa_key()


def issue(name: str, begins: float, ends: float) -> x509.Certificate:
    """A certificate from one day to another, counted from now."""
    return issued_by(AUTHORITY, KEY, name, (begins, ends))


def keep_old_and_new(account: Balancing, name: str, old: int, new: int) -> None:
    """Put a certificate and its renewal into the store."""
    account.keep(old, issue(name, -340, 25))
    account.keep(new, issue(name, -1, 90))


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Balancing]:
    """An account whose store has a renewal, and no balancer yet."""
    (tmp_path / "root.pem").write_text(pem(ROOT.certificate), encoding="ascii")
    account = Balancing(tmp_path, AUTHORITY, KEY)
    keep_old_and_new(account, "www.example.com", OLD, NEW)
    account.keep(THIRD, issue("third.example.com", -1, 90))
    account.keep(OTHER, issue("other.example.com", -1, 90))
    with account.serving():
        yield account


@pytest.fixture
def options(account: Balancing, tmp_path: Path) -> dict[str, Any]:
    """The options of a run in a hurry, which may repeat what it reads."""
    waits = {"wait_interval": 0.1, "wait_timeout": 60, "verify_timeout": 60}
    return {**account.options, "retries": 3, "concurrency": 20, "trusted_ca_path": str(tmp_path / "root.pem"), **waits}


def deploy(*, check: bool = False, **options: Any) -> Run:
    """Run the module, for which the names of balancers lead to this machine."""
    return finish_module(ForkedModule(DEPLOY, given_to(DEPLOY, check=check, **options), first=resolve_here))


def outcomes(run: Run) -> dict[str, tuple[str, str | None, bool | None]]:
    """Outcome, reason and what was seen, by the name of the balancer: of runs with one listener a balancer."""
    found = {one["load_balancer"]: (one["outcome"], one["reason"], one["served"]) for one in run["listeners"]}
    assert len(found) == len(run["listeners"])
    return found


def assert_all_kept(account: Balancing, before: dict[str, int]) -> None:
    """No listener was added or taken away or lost its certificate; nothing was created or deleted."""
    assert {name: len(one.listeners) for name, one in account.balancers.items()} == before
    for balancer in account.balancers.values():
        for listener in balancer.listeners:
            assert (listener.row["tlsCertificateId"] in account.store) is (listener.row["protocol"] == "HTTPS")
    assert {call.method for call in account.calls if call.name in account.changes} <= {UPDATE}


# What is sent


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_is_sent(account: Balancing, options: dict[str, Any], transport: str) -> None:
    """One call a balancer with the listeners and the certificate and nothing else; none in check mode, and none the second time."""
    web = account.balance("web", OLD, NEW, None, OLD, address="web.lb.example")
    api = account.balance("api", OTHER, OLD)
    account.balance("other", OTHER)
    given = {**options, "endpoint_url": account.url(transport)}
    foreseen = deploy(check=True, **given)
    assert account.changes == []
    run = deploy(**given)
    for each in (foreseen, run):
        assert each["changed"] and (each["switched_count"], each["unchanged_count"], len(each["listeners"])) == (
            3,
            3,
            6,
        )
    assert all(one["served"] for one in run["listeners"]) and "warnings" not in run
    calls = {call.arguments[0]: list(call.arguments[1:]) for call in account.made(UPDATE)}
    assert calls == {
        uuid: [[{"listenerUuid": one.row["uuid"], "tlsCertificateId": NEW} for one in listeners]]
        for uuid, listeners in {
            web.uuid: sorted((web.listeners[0], web.listeners[3]), key=lambda one: one.port),
            api.uuid: [api.listeners[1]],
        }.items()
    }
    assert len(account.changes) == len(calls)
    assert_all_kept(account, {"web": 4, "api": 2, "other": 1})
    again = deploy(**given)
    assert not again["changed"] and again["unchanged_count"] == 6
    assert len(account.changes) == len(calls)


# What becomes of the call

LOST = {
    **{name: ENDINGS[name] for name in ("RST", "FIN", "half the body, FIN")},
    "silence": HANGING["silence"],
    "502": with_status(502, None, b"<html><body>Bad Gateway</body></html>"),
    "504": with_status(504, {"Content-Type": "text/html"}, b"<html></html>"),
    "429": with_status(429, {"Retry-After": "1"}, b"<html></html>"),
    "307": with_status(307, {"Location": "https://127.0.0.1:9/"}, b""),
}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_lost_answer(account: Balancing, options: dict[str, Any], transport: str) -> None:
    """Behind a proxy that loses answers, or requests, nothing is sent twice; the next run does what was not done."""
    losses = {
        f"{ending}, {'carried out' if arrives else 'lost before'}": Loss(LOST[ending], arrives)
        for ending in LOST
        for arrives in (True, False)
    }
    with LosingProxy(urlsplit(account.url()).port or 0) as proxy:
        for name, loss in losses.items():
            proxy.losses[UPDATE, account.balance(name, OLD).uuid] = loss
        given = {**options, "endpoint_url": account.url(transport), "proxy": proxy.url, "timeout": 6}
        run = deploy(**given)
        assert proxy.losses == {}, run.result
        assert outcomes(run) == {
            name: ("switched", None, True) if loss.arrives else ("failed", "outcome_unknown", None)
            for name, loss in losses.items()
        }
        assert {name: len(account.updates(name)) for name in losses} == {
            name: int(loss.arrives) for name, loss in losses.items()
        }
        assert [account.balancers[name].holds for name in losses] == [
            [NEW if loss.arrives else OLD] for loss in losses.values()
        ]
        run = deploy(**given)
    assert outcomes(run) == {
        name: ("unchanged" if loss.arrives else "switched", None, True) for name, loss in losses.items()
    }
    assert [len(account.updates(name)) for name in losses] == [1] * len(losses)
    assert_all_kept(account, dict.fromkeys(losses, 1))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_balancer_that_is_being_changed(account: Balancing, options: dict[str, Any], transport: str) -> None:
    """What was refused is repeated when the other change is done, unless that was one of this listener; what was taken is not."""

    others = {"words": None, "no words": None, "switched": NEW, "changed": THIRD}

    def interfere(call: Call) -> None:
        name = account.named(call) if call.method == UPDATE else ""
        if name == "broken":
            account.balancers[name].row.update(provisioningStatus="ERROR", previousErrorText="No address is left.")
        elif name:
            if name in others and len(account.updates(name)) == 1:
                account.touch(name, others[name])
            if name == "no words" and len(account.updates(name)) == 1:
                raise Fault("SoftLayer_Exception_Public", "Try it another time.")

    def belie(call: Call) -> None:
        name = account.named(call) if call.method == UPDATE else ""
        if name == "taken back":
            account.balancers[name].row["previousErrorText"] = "The certificate was not taken."
            account.balancers[name].listeners[0].row["tlsCertificateId"] = OLD
        if name == "no balancer":
            raise Answer(None)

    names = ["words", "no words", "switched", "changed", "broken", "taken back", "no balancer"]
    for name in names:
        account.balance(name, OLD)
    account.before, account.after = interfere, belie
    run = deploy(**{**options, "endpoint_url": account.url(transport)})
    assert outcomes(run) == {
        "words": ("switched", None, True),
        "no words": ("switched", None, True),
        "switched": ("unchanged", None, True),
        "changed": ("failed", "ambiguous", None),
        "broken": ("failed", "balancer_error", None),
        "taken back": ("failed", "api_error", None),
        "no balancer": ("switched", None, True),
    }
    assert [len(account.updates(name)) for name in names] == [2, 2, 1, 1, 1, 1, 1]
    assert sorted(name for name, _elements in account.carried_out) == ["no balancer", "no words", "taken back", "words"]
    assert [account.balancers[name].holds for name in names] == [[NEW], [NEW], [NEW], [THIRD], [OLD], [OLD], [NEW]]
    assert_all_kept(account, dict.fromkeys(names, 1))


# What is served

Outcome = tuple[str, str | None, bool | None]
SWITCHED: Outcome = ("switched", None, True)
FAILED: Outcome = ("failed", "not_served", False)
BACK: Outcome = ("rolled_back", "not_served", False)
OPEN: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Fate:
    """What clients meet at the two addresses of a listener, and what is told of that.

    Attributes:
        after: what they meet while the API names the new certificate; just that, if it is empty.
        outcome: outcome, reason, and what was seen.
        told: the certificate whose fingerprint is told.
        holds: the certificate that the API names at the end.
        before: what they meet while it names the old one; just that, if it is empty.
    """

    after: tuple[Shown, ...]
    outcome: Outcome
    told: int | None
    holds: int
    before: tuple[Shown, ...] = field(default=OPEN)

    @property
    def shows(self) -> Mapping[int, tuple[Shown, ...]]:
        """What they meet, by the certificate that the API names."""
        return {name: shown for name, shown in ((OLD, self.before), (NEW, self.after)) if shown}


NO_WAY_BACK, LOST_BACK, SHUT = "no way back", "an answer that is lost on the way back", "a port that stays closed"
BROKEN, SHUT_PORTS = (break_off, break_off), (CLOSED, CLOSED)
FATES = {
    "the new one": Fate(OPEN, SWITCHED, NEW, NEW),
    "the old one": Fate((OLD, OLD), FAILED, OLD, NEW),
    "the old one at one address": Fate((NEW, OLD), FAILED, OLD, NEW),
    "a third": Fate((THIRD, THIRD), BACK, THIRD, OLD),
    "a third at one address": Fate((NEW, THIRD), BACK, THIRD, OLD),
    "no handshake": Fate(BROKEN, BACK, None, OLD),
    "no handshake at one address": Fate((NEW, break_off), BACK, NEW, OLD),
    "no open port": Fate(SHUT_PORTS, BACK, None, OLD),
    "no open port at one address": Fate((NEW, CLOSED), BACK, NEW, OLD),
    "an address that was never open": Fate((NEW, CLOSED), SWITCHED, NEW, NEW, before=(OLD, CLOSED)),
    "no handshake ever": Fate(BROKEN, FAILED, None, NEW, before=BROKEN),
    "a port that was closed": Fate(OPEN, SWITCHED, NEW, NEW, before=SHUT_PORTS),
    SHUT: Fate(SHUT_PORTS, ("switched", "not_reachable", None), None, NEW, before=SHUT_PORTS),
    NO_WAY_BACK: Fate(BROKEN, FAILED, None, NEW),
    LOST_BACK: Fate(BROKEN, BACK, None, OLD),
}


def test_what_is_served(account: Balancing, options: dict[str, Any]) -> None:
    """Each listener is looked at at both of its addresses; one that worked and does not any more is pointed back, once."""

    def is_second(call: Call, name: str) -> bool:
        return call.method == UPDATE and account.named(call) == name and len(account.updates(name)) == 2

    def refuse(call: Call) -> None:
        if is_second(call, NO_WAY_BACK):
            raise Fault("SoftLayer_Exception_Public", "There is no way back.")

    def lose(call: Call) -> None:
        if is_second(call, LOST_BACK):
            raise ConnectionError

    account.before, account.after = refuse, lose
    for number, (name, fate) in enumerate(FATES.items()):
        account.balance(name, OLD, address=f"b{number}.lb.example")
        account.show(name, fate.shows)
    account.balance("late", OLD, address="late.lb.example")
    account.show("late", {NEW: (account.serve_after(1, NEW), NEW)})
    run = deploy(**{**options, "verify_timeout": LOOK_SECONDS})
    seen, told = outcomes(run), {one["load_balancer"]: one for one in run["listeners"]}
    late = seen.pop("late")
    assert late == SWITCHED and account.balancers["late"].holds == [NEW] and len(account.updates("late")) == 1
    assert seen == {name: fate.outcome for name, fate in FATES.items()}
    for name, fate in FATES.items():
        [listener] = account.balancers[name].listeners
        ways = [NEW, OLD] if fate.outcome == BACK or name == NO_WAY_BACK else [NEW]
        elements = [[{"listenerUuid": listener.row["uuid"], "tlsCertificateId": one}] for one in ways]
        assert (account.updates(name), listener.certificate_id) == (elements, fate.holds), name
        assert told[name]["served_fingerprint_sha256"] == (fate.told and fingerprint(account, fate.told)), name
        assert ("works again" in told[name]["message"]) is (fate.outcome == BACK), name
    assert "There is no way back" in told[NO_WAY_BACK]["message"]
    [warning] = run["warnings"]
    assert SHUT in str(warning)
    assert_all_kept(account, dict.fromkeys([*FATES, "late"], 1))


def fingerprint(account: Balancing, identifier: int) -> str:
    """The SHA-256 fingerprint of a stored certificate."""
    text = account.store[identifier]["certificate"]
    return x509.load_pem_x509_certificate(text.encode()).fingerprint(SHA256()).hex()


# What is deleted


class Site:
    """A controller whose runs renew what the balancers serve and delete what they replace."""

    def __init__(self, account: Balancing, folder: Path) -> None:
        self._account = account
        self._folder = folder
        given = {
            "ssl_rotation_remove_superseded": True,
            "ssl_rotation_trusted_ca_path": str(folder / "root.pem"),
            "ssl_rotation_verify_timeout": LOOK_SECONDS,
            "ssl_rotation_deploy_concurrency": 10,
            "ssl_rotation_ledger_url": f"sqlite:///{folder}/ledger.sqlite3",
        }
        (folder / "vars.json").write_text(json.dumps(given), encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, int, list[str]]:
        """Play the playbook; returns its exit code, how many tasks changed something, and the calls that did."""
        before = len(self._account.changes)
        played = play(
            self._folder, telling("deploy", "ssl_rotation"), "-e", "@vars.json", *arguments, env=self._account.login
        )
        recap = re.search(r"changed=(\d+)", played.output)
        assert recap and played.code in (0, 2), played.output
        return played.code, int(recap[1]), self._account.changes[before:]


def test_what_is_deleted(account: Balancing, tmp_path: Path) -> None:
    """An old certificate is deleted only after every listener that had it was seen to serve the new one."""
    account.store.clear()
    pairs = {
        "well": (11, 12),
        "old": (21, 22),
        "third": (31, 32),
        "broken": (41, 42),
        "closed": (51, 52),
        "shared": (61, 62),
        "lost": (71, 72),
        "unanswered": (81, 82),
    }

    def hang_up(call: Call) -> None:
        if call.method == UPDATE and account.named(call) == "lost" and len(account.updates("lost")) == 1:
            raise ConnectionError

    def say_nothing(call: Call) -> None:
        if call.method == UPDATE and account.named(call) == "unanswered":
            raise ConnectionError

    account.before, account.after = hang_up, say_nothing
    for name, (old, new) in pairs.items():
        keep_old_and_new(account, f"{name}.example.com", old, new)
        account.balance(name, old)
    account.balance("sharing", 61)
    account.keep(THIRD, issue("third.example.org", -1, 90))
    account.show("old", {22: (21,)})
    account.show("third", {32: (THIRD,)})
    account.show("broken", {42: (break_off,)})
    account.show("closed", {51: (CLOSED,), 52: (CLOSED,)})
    account.show("sharing", {62: (61,)})
    site = Site(account, tmp_path)
    _code, _changed, changes = site.run("--check")
    assert changes == []
    code, _changed, _changes = site.run()
    assert code == 2
    assert sorted(account.deleted) == [11, 81]
    held = {name: one.holds[0] for name, one in account.balancers.items()}
    assert held == {
        **{"well": 12, "old": 22, "third": 31, "broken": 41, "closed": 52},
        **{"shared": 62, "sharing": 62, "lost": 71, "unanswered": 82},
    }
    assert {name: len(account.updates(name)) for name in held} == {**dict.fromkeys(held, 1), "third": 2, "broken": 2}
    for name in account.balancers:
        account.show(name)
    assert site.run()[0] == 0
    assert sorted(account.deleted) == [old for old, _new in pairs.values()]
    for old, new in pairs.values():
        assert account.events.index(("served", new)) < account.events.index(("deleted", old))
    assert {name: len(account.updates(name)) for name in held} == {
        **dict.fromkeys(held, 1),
        **{"third": 3, "broken": 3, "lost": 2},
    }
    assert [one.holds[0] in account.store for one in account.balancers.values()] == [True] * len(held)
    assert site.run() == (0, 0, [])
