# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a listener is looked at, at all of its balancer's addresses; by a clock that only the pauses move."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import (
    Endpoint,
    ExpectedCertificate,
    ProbeResult,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation import watch as serving
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.endpoints import plan_endpoints
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import (
    describe_rejection,
    describe_unreachable,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerAction,
    ListenerSelection,
    plan_renewals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.watch import (
    ListenerProbe,
    choose_tested_name,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer import load_balancers as balancers
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors

from tests.support.certificates import Authority, Issued, new_key
from tests.support.clock import Clock
from tests.support.rotating import world_of
from tests.support.stored import stored, view_with

NAME = "www.example.com"
ADDRESS = "web-1-dal10.clb.appdomain.cloud"
AUTHORITY = Authority()
OLD, NEW, THIRD = (AUTHORITY.issue(NAME, key=new_key("rsa"), days=days) for days in ((-350, 15), (-1, 90), (-2, 80)))
ENDED = AUTHORITY.issue(NAME, key=new_key("rsa"), days=(-90, -1))
FAILS = "handshake_failed"
GONE = "unreachable"


@dataclass(frozen=True)
class Refused:
    """What an address serves, and clients refuse."""

    issued: Issued


Answer = Issued | Refused | str
"""What an address serves, or why nothing is seen there."""


class World:
    """What is seen at a balancer's addresses: from each second on what each of them answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        self.shows: dict[float, tuple[Answer, ...]] = {}
        self.asked: list[Endpoint] = []
        self.view: list[ssl.SSLContext | None] = []
        self.limits: list[float] = []
        self.stops_at: float | None = None
        time = SimpleNamespace(monotonic=lambda: self.clock.now)
        for module in (backoff, serving):
            monkeypatch.setattr(module, "time", time)
        monkeypatch.setattr(serving, "probe_addresses", self._probe)

    def _probe(
        self, endpoint: Endpoint, timeout: float, _stop: threading.Event, client: ssl.SSLContext | None = None
    ) -> list[ProbeResult]:
        self.asked.append(endpoint)
        self.view.append(client)
        self.limits.append(timeout)
        if self.stops_at is not None and self.clock.now >= self.stops_at:
            self.clock.set()
        answers = self.shows[max(second for second in self.shows if second <= self.clock.now)]
        return [self._seen(endpoint, f"192.0.2.{number}", one) for number, one in enumerate(answers, start=1)]

    @staticmethod
    def _seen(endpoint: Endpoint, address: str, answer: Answer) -> ProbeResult:
        if isinstance(answer, str):
            accepted = answer not in {"unreachable", "timeout"}
            return ProbeResult(endpoint, address, reason=answer, message=f"{address}: {answer}.", is_connected=accepted)  # type: ignore[arg-type]
        issued = answer.issued if isinstance(answer, Refused) else answer
        chain = tuple(Certificate.from_library(certificate) for certificate in (issued.certificate, *issued.chain))
        accepted = not isinstance(answer, Refused)
        rejection = None if accepted else "its issuer is missing"
        return ProbeResult(endpoint, address, chain, is_connected=True, is_accepted=accepted, rejection=rejection)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing is seen yet."""
    return World(monkeypatch)


def switched(**row: Any) -> ListenerAction:
    """A listener that is switched from one certificate to the other."""
    listener = {"uuid": "listener", "protocol": "HTTPS", "protocolPort": 443, "tlsCertificateId": 1}
    whole = {"id": 7, "uuid": "web-uuid", "name": "web", "address": ADDRESS, "provisioningStatus": "ACTIVE"}
    found = balancers.normalize({**whole, "listeners": [listener], **row})
    assert found is not None
    records = [stored(number, one) for number, one in enumerate((OLD, NEW), start=1)]
    (planned,) = plan_renewals(world_of(records, found), ListenerSelection())
    assert planned.is_changed
    return planned


KEPT = replace(switched(), outcome="unchanged", is_changed=False)
"""It has the second one already."""


def watched(
    world: World,
    *before: Answer,
    timeout: float = 120,
    anchors: Anchors | None = None,
    is_rejection_accepted: bool = False,
    is_promising: bool = True,
    **after: tuple[Answer, ...],
) -> tuple[ListenerProbe, ListenerAction]:
    """ProbeResult at a listener before its change, and after it, as the addresses answer ``at_`` each second."""
    watch = ListenerProbe(timeout, anchors, world.clock)
    one = replace(switched(), is_rejection_accepted=is_rejection_accepted, is_promising=is_promising)
    world.shows = {0: before}
    watch.record_baseline([one])
    world.shows = {float(second.removeprefix("at_")): answers for second, answers in after.items()}
    world.asked.clear()
    (seen,) = watch.wait_until_served([one])
    assert watch.is_broken(seen) == watch.is_broken(one)
    return watch, seen


def test_each_address_is_asked_for_the_certificates_name(world: World) -> None:
    watched(world, OLD, at_0=(NEW,))
    assert world.asked == [Endpoint(ADDRESS, 443, NAME)]


@pytest.mark.parametrize(("answer", "times"), [(GONE, 1), (FAILS, 2), (OLD, 2)])
def test_what_no_one_can_connect_to_is_asked_once(world: World, answer: Answer, times: int) -> None:
    """Else it is asked first for what it serves, and then by a name of that."""
    world.shows = {0: (answer,)}
    ListenerProbe(0, None, world.clock).probe_once([replace(switched(), previous_record=None, target=None)])
    assert len(world.asked) == times


@pytest.mark.parametrize("other", [NEW, GONE])
def test_all_addresses_serve_it(world: World, other: Answer) -> None:
    """One that cannot be reached does not count, but is told: a name may have IPv6 addresses that do not work from here."""
    watch, seen = watched(world, OLD, OLD if other == NEW else GONE, at_0=(NEW, other))
    assert (seen.outcome, seen.reason, seen.served) == ("switched", None, True)
    assert (seen.served_fingerprint, seen.accepted, seen.rejection) == (NEW.fingerprint, True, None)
    assert (seen.is_everywhere, len(seen.facts["probe"].unconnected_results)) == (
        (True, 0) if other == NEW else (False, 1)
    )
    assert not watch.is_broken(seen) and not watch.warnings and world.clock.now == 0


def test_one_address_stays_behind(world: World) -> None:
    """It works, so that it is not broken; the address is named."""
    watch, seen = watched(world, OLD, OLD, at_0=(NEW, OLD))
    assert (seen.outcome, seen.reason, seen.served) == ("failed", "not_served", False)
    assert seen.served_fingerprint == OLD.fingerprint and "192.0.2.2" in seen.facts["probe"].message
    assert not watch.is_broken(seen) and world.clock.now == 120


@pytest.mark.parametrize("bad", [THIRD, FAILS, GONE], ids=["third", "failing", "gone"])
def test_what_stays_broken_is_given_up_early(world: World, bad: Answer) -> None:
    watch, seen = watched(world, OLD, at_0=(bad,))
    assert (seen.outcome, seen.reason, seen.served) == ("failed", "not_served", False)
    assert watch.is_broken(seen) and 15 <= world.clock.now <= 18


def test_what_works_now_and_then_is_not_broken(world: World) -> None:
    """The fifteen seconds must be in a row."""
    times = {f"at_{second}": ((FAILS,) if second % 20 else (OLD,)) for second in range(0, 200, 10)}
    watch, seen = watched(world, OLD, **times)
    assert seen.reason == "not_served" and world.clock.now == 120
    assert not watch.is_broken(seen)


def test_one_check_at_least(world: World) -> None:
    _, seen = watched(world, OLD, timeout=0, at_0=(NEW,))
    assert seen.served is True
    watch, seen = watched(world, OLD, timeout=0, at_0=(OLD,))
    assert seen.reason == "not_served" and not watch.is_broken(seen)


@pytest.mark.parametrize("after", [FAILS, THIRD, OLD], ids=["failing", "third", "old"])
@pytest.mark.parametrize("before", [FAILS, GONE])
def test_what_did_not_work_before_is_not_broken(world: World, before: Answer, after: Answer) -> None:
    watch, seen = watched(world, before, at_0=(after,))
    assert (seen.outcome, seen.reason, seen.served) == ("failed", "not_served", False)
    assert not watch.is_broken(seen) and world.clock.now == 120


def test_what_cannot_be_reached_is_not_waited_for(world: World) -> None:
    watch, seen = watched(world, GONE, GONE, at_0=(GONE, "timeout"))
    assert (seen.outcome, seen.reason, seen.served) == ("switched", "unreachable", None)
    assert "192.0.2.1" in seen.facts["probe"].message and world.clock.now == 0 and not watch.is_broken(seen)


@pytest.mark.parametrize("how", [GONE, "timeout"])
def test_an_address_that_is_closed_afterwards(world: World, how: Answer) -> None:
    """A machine of the balancer works no more; the other one does."""
    watch, seen = watched(world, OLD, OLD, at_0=(NEW, how))
    assert (seen.outcome, seen.reason, seen.served) == ("failed", "not_served", False)
    assert "192.0.2.2" in seen.facts["probe"].message and watch.is_broken(seen) and 15 <= world.clock.now <= 18
    watch, seen = watched(world, OLD, OLD, at_0=(NEW, how), at_40=(NEW, NEW), timeout=10)
    assert watch.is_broken(seen) and not watch.wait_until_working(seen)
    world.shows = {0: (OLD, OLD)}
    assert watch.wait_until_working(seen)


def endpoint_seen(world: World, *answers: Answer, **expected: Any) -> tuple[ListenerProbe, ListenerAction]:
    """An endpoint that must serve something, as it is seen now."""
    endpoint = Endpoint("vpc.example.net", 8443, NAME, ExpectedCertificate(**expected))
    records = [stored(number, one) for number, one in enumerate((OLD, NEW), start=1)]
    (planned,) = plan_endpoints(world_of(records, view=view_with(AUTHORITY.root)), [endpoint], None)
    world.shows = {0: answers}
    watch = ListenerProbe(0, Anchors([Certificate.from_library(AUTHORITY.root)]), world.clock)
    (seen,) = watch.wait_until_served([planned])
    assert world.asked == [endpoint] and not seen.is_changed and world.clock.now == 0, "it is no use to wait"
    return watch, seen


@pytest.mark.parametrize(
    ("answers", "expected", "serves_it"),
    [
        ((NEW, NEW), {"certificate_id": 2}, True),
        ((NEW, OLD), {"certificate_id": 1}, True),
        ((NEW, GONE), {"names": (NAME,)}, True),
        ((NEW, THIRD), {"certificate_id": 2}, False),
        ((NEW,), {"names": (NAME, "example.com")}, False),
    ],
    ids=["that one", "what may stand in for it", "one address is out of reach", "another one at one", "not all names"],
)
def test_what_an_endpoint_serves(world: World, answers: tuple[Answer, ...], expected: Any, serves_it: bool) -> None:
    watch, seen = endpoint_seen(world, *answers, **expected)
    outcome = ("unchanged", None, True) if serves_it else ("failed", "not_served", False)
    assert (seen.outcome, seen.reason, seen.served, seen.accepted) == (*outcome, True)
    assert seen.facts["demand"] and seen.facts["probe"].finding == ("served" if serves_it else "other")
    assert not watch.warnings


def test_an_endpoint_that_cannot_be_reached_is_unknown(world: World) -> None:
    watch, seen = endpoint_seen(world, GONE, "timeout", names=(NAME,))
    assert (seen.outcome, seen.reason, seen.served) == ("unchanged", "unreachable", None)
    assert watch.warnings == [describe_unreachable([f"{NAME} at vpc.example.net:8443"])]


def test_what_clients_refuse_at_an_endpoint_is_not_to_be_imported_again(world: World) -> None:
    watch, seen = endpoint_seen(world, Refused(NEW), names=(NAME,))
    assert (seen.served, seen.accepted, seen.has_failed) == (True, False, False)
    assert watch.warnings == [describe_rejection([seen.name], "its issuer is missing", "chain_elsewhere")]


def test_no_address(world: World) -> None:
    watch = ListenerProbe(120, None, world.clock)
    (seen,) = watch.wait_until_served([switched(address=None)])
    assert (seen.outcome, seen.reason, seen.served) == ("switched", "unreachable", None)
    assert world.asked == []


@pytest.mark.parametrize(
    ("answer", "expected", "facts"),
    [
        (OLD, ("switched", None, None), {"is_interrupted": True}),
        (FAILS, ("failed", "not_served", False), {"is_interrupted": True, "previous_id": 1}),
    ],
)
def test_interrupted(world: World, answer: Answer, expected: tuple[Any, ...], facts: dict[str, Any]) -> None:
    """It was switched; what is served is not known, or it does not work, and nothing is pointed back any more."""
    world.stops_at = 10
    watch, seen = watched(world, OLD, at_0=(answer,))
    assert (seen.outcome, seen.reason, seen.served) == expected and facts.items() <= seen.facts.items()
    assert not watch.is_broken(seen) and world.clock.now < 15


@pytest.mark.parametrize("answer", [GONE, FAILS, OLD])
def test_a_check_that_is_cut_short_tells_nothing(world: World, answer: Answer) -> None:
    """A run that is told to stop leaves it unseen; only what is served as it should be was seen for certain."""
    world.stops_at = 0.1
    watch, one = ListenerProbe(120, None, world.clock), switched()
    world.shows = {0: (OLD,)}
    watch.record_baseline([one])
    world.clock.now = 1
    world.shows = {0: (answer,)}
    (seen,) = watch.wait_until_served([one])
    assert (seen.outcome, seen.reason, seen.served) == ("switched", None, None)
    assert seen.facts == {"is_interrupted": True} and not watch.is_broken(seen)
    world.shows = {0: (NEW,)}
    (seen,) = watch.wait_until_served([one])
    assert seen.served is True


def test_it_works_again(world: World) -> None:
    watch, one = ListenerProbe(20, None, world.clock), switched()
    world.shows = {0: (FAILS,), 5: (OLD,)}
    assert watch.wait_until_working(one) and 5 <= world.clock.now < 10
    world.shows = {0: (OLD, FAILS)}
    assert not watch.wait_until_working(one)


@pytest.mark.parametrize("lost", [FAILS, GONE, THIRD])
def test_the_only_address_that_worked_is_lost(world: World, lost: Answer) -> None:
    """It is broken, though another one failed before; it works again as soon as it is as it was."""
    watch, one = ListenerProbe(60, None, world.clock), switched()
    world.shows = {0: (FAILS, OLD)}
    watch.record_baseline([one])
    (seen,) = watch.wait_until_served([one])
    assert (seen.reason, watch.is_broken(one)) == ("not_served", False)
    world.shows = {0: (FAILS, lost)}
    (seen,) = watch.wait_until_served([one])
    assert (seen.reason, watch.is_broken(one)) == ("not_served", True)
    assert not watch.wait_until_working(one)
    world.shows = {0: (FAILS, OLD)}
    assert watch.wait_until_working(one)


# Whether clients accept it


def test_the_client_trusts_the_roots_that_are_given(world: World) -> None:
    watched(world, OLD, at_0=(NEW,), anchors=Anchors([Certificate.from_library(AUTHORITY.root)]))
    (client,) = set(world.view)
    assert client is not None and [*client.get_ca_certs(binary_form=True)] == [
        Certificate.from_library(AUTHORITY.root).der
    ]
    world.view.clear()
    watched(world, OLD, at_0=(NEW,))
    assert set(world.view) == {None}, "nobody is asked where no root is known"


def test_what_clients_accepted_before_and_refuse_now(world: World) -> None:
    watch, seen = watched(world, OLD, at_0=(Refused(NEW),))
    assert (seen.outcome, seen.reason, seen.served, seen.accepted) == ("failed", "not_accepted", True, False)
    assert seen.is_changed
    assert (seen.facts["certificate_id"], seen.facts["probe"].rejection) == (2, "its issuer is missing")
    assert watch.is_broken(seen) and 15 <= world.clock.now <= 18


def test_one_address_where_clients_refuse_it(world: World) -> None:
    """Also another one after the change: the name of a balancer gets another address now and then."""
    watch, seen = watched(world, OLD, OLD, at_0=(NEW, Refused(NEW)))
    assert (seen.reason, seen.accepted) == ("not_accepted", False) and watch.is_broken(seen)
    watch, seen = watched(world, OLD, at_0=(GONE, Refused(NEW)))
    assert watch.is_broken(seen)


def test_what_clients_refused_before_they_may_refuse_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each address by itself."""
    watch, seen = watched(world, Refused(OLD), at_0=(Refused(NEW),))
    assert (seen.outcome, seen.served, seen.accepted, seen.facts["was_refused"]) == ("switched", True, False, True)
    assert not watch.is_broken(seen) and world.clock.now == 0
    missing, listeners = "its issuer is missing", ["web:443"]
    assert watch.warnings == [describe_rejection(listeners, missing, "chain")]
    monkeypatch.setattr(serving, "now", lambda: NEW.certificate.not_valid_after_utc)
    warnings = watched(world, Refused(OLD), at_0=(Refused(NEW),))[0].warnings
    assert warnings == [describe_rejection(listeners, missing, "ended")], "no chain helps"
    monkeypatch.setattr(serving, "now", lambda: NEW.certificate.not_valid_before_utc - timedelta(seconds=1))
    warnings = watched(world, Refused(OLD), at_0=(Refused(NEW),))[0].warnings
    assert warnings == [describe_rejection(listeners, missing, "to_come")], "nor here"
    watch, seen = watched(world, Refused(OLD), OLD, at_0=(Refused(NEW), Refused(NEW)))
    assert seen.reason == "not_accepted" and watch.is_broken(seen)


@pytest.mark.parametrize("before", [GONE, FAILS])
def test_a_refusal_where_nothing_could_be_checked_before(world: World, before: Answer) -> None:
    """It is a reason to go back, if clients should have accepted what was there, and the user does not accept it."""
    watch, seen = watched(world, before, at_0=(Refused(NEW),))
    assert (seen.reason, seen.accepted) == ("not_accepted", False) and watch.is_broken(seen)
    for so_be_it in {"is_promising": False}, {"is_rejection_accepted": True}:
        watch, seen = watched(world, before, at_0=(Refused(NEW),), **so_be_it)
        assert (seen.outcome, seen.accepted, seen.facts["was_refused"]) == ("switched", False, False)
        assert not watch.is_broken(seen)


@pytest.mark.parametrize("is_trusted", [True, False])
def test_what_is_refused_though_there_is_a_way_back(world: World, is_trusted: bool) -> None:
    """As after a run that was killed right after its switch."""
    kept = replace(KEPT, predecessor_id=7, is_predecessor_trusted=is_trusted)
    world.shows = {0: (Refused(NEW),)}
    (seen,) = ListenerProbe(0, None, world.clock).wait_until_served([kept])
    assert (seen.outcome, seen.reason) == (("failed", "not_accepted") if is_trusted else ("unchanged", None))
    assert not is_trusted or (seen.facts["predecessor_id"], seen.facts["called"]) == (7, "web:443")


@pytest.mark.parametrize(("served", "is_over"), [(ENDED, True), (THIRD, False)], ids=["expired", "another one"])
def test_what_is_served_decides_what_to_do_about_a_load_balancer(world: World, served: Issued, is_over: bool) -> None:
    """It is switched to what has expired, and back, if that is what it serves."""
    kept = replace(KEPT, expired_predecessor=stored(7, ENDED))
    world.shows = {0: (served,)}
    (seen,) = ListenerProbe(0, None, world.clock).wait_until_served([kept])
    assert (seen.reason, seen.facts["cause"].reason) == ("not_served", "not_served")
    other = {"other_id": 7, "allow": ["allow_expired"]}
    assert {name: seen.facts["cause"].facts.get(name) for name in other} == (other if is_over else dict.fromkeys(other))


def test_what_it_had_and_gets_is_asked_for_by_one_name() -> None:
    """Or by one of each, if they have none in common."""
    old, new = switched().previous_record, AUTHORITY.issue("a.example.com", names=["a.example.com", NAME])
    both = replace(switched(), target=stored(3, new))
    assert {choose_tested_name(both, is_before=before) for before in (True, False)} == {NAME}
    other = replace(both, target=stored(3, AUTHORITY.issue("other.example.com")))
    assert [choose_tested_name(other, is_before=before) for before in (True, False)] == [NAME, "other.example.com"]
    wildcard = replace(both, target=stored(3, AUTHORITY.issue("*.example.com")))
    assert choose_tested_name(wildcard, is_before=False) == NAME
    assert choose_tested_name(replace(both, target=None), is_before=False) == NAME and old


def test_whether_the_old_one_works_again_is_asked_by_its_name(world: World) -> None:
    watch = ListenerProbe(5, None, world.clock)
    other = replace(switched(), target=stored(3, AUTHORITY.issue("other.example.com")))
    world.shows = {0: (OLD,)}
    watch.record_baseline([other])
    assert watch.wait_until_working(other) and {at.server_name for at in world.asked} == {NAME}


def test_a_probe_of_what_completes_no_handshake(world: World) -> None:
    unknown = replace(switched(), target=None, outcome="skipped", reason="not_found", facts={})
    world.shows = {0: (FAILS,)}
    (seen,) = ListenerProbe(0, None, world.clock).probe_once([unknown])
    assert (seen.served, seen.served_chains) == (False, ()) and seen.facts["probe_message"] == f"192.0.2.1: {FAILS}."
    assert ListenerProbe(0, None, world.clock).probe_once([seen]) == [seen], "it is not said twice"
    world.shows = {0: (OLD,)}
    (seen,) = ListenerProbe(0, None, world.clock).probe_once([unknown])
    assert (seen.served, seen.accepted, len(seen.served_chains)) == (None, True, 1)
