# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to a balancer and when, and what becomes of its listeners; by a clock that only the pauses move.

The balancer is stood in for, as the API's reference describes it: while it is being changed it refuses other changes.
What is seen of listeners: test_serving.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._http.caller import InterruptedRunError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import lock
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerAction,
    ListenerPlan,
    Place,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.switch import (
    Switcher,
    WaitOptions,
    check_ledger,
    switch_all,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.watch import ListenerProbe
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer import load_balancers as balancers
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer import store
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client

from tests.support.certificates import Authority
from tests.support.clock import Clock
from tests.support.failing import fails
from tests.support.rotating import listener as listening
from tests.support.rotating import world_of
from tests.support.stored import Made

OLD, NEW, THIRD = 1, 2, 3
PEM = Authority().issue("www.example.com").pem
PENDING = "UPDATE_PENDING"
UPDATE, READ, RECORD, LOOK = "updateLoadBalancerProtocols", "getLoadBalancer", "getObject", "look"
WAITING = WaitOptions(is_waiting=True, timeout=900, interval=10)
NOT_WAITING = replace(WAITING, is_waiting=False)
AT_THE_NEXT_READING = 10.0
"""Seconds after which everything is seen that has happened."""
Action = Callable[[], object]


def refused(words: str, **details: Any) -> CertificatesError:
    """How the client tells of a fault with these words."""
    return CertificatesError("api_error", f"It failed: {words}.", api_message=words, http_status=500, **details)


def lost() -> CertificatesError:
    """How the client tells of a lost answer."""
    return CertificatesError("no_answer", "It did not answer.")


class World:
    """A balancer with listeners, the store's certificates, and what looks at what is served."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.status = "ACTIVE"
        self.error: str | None = None
        self.listeners: dict[str, dict[str, Any]] = {}
        self.stored = {OLD, NEW, THIRD}
        self.takes = 20.0
        """Seconds that a change takes."""
        self.answers: list[Callable[[list[dict[str, Any]]], None]] = []
        """What becomes of the next changes; after them, all goes well."""
        self.readings: list[Exception | None] = []
        """What the next readings of the balancer fail with, if they do."""
        self.done: list[str] = []
        """What was called, in turn."""
        self.sent: list[list[dict[str, Any]]] = []
        self.broken: set[str] = set()
        """The uuids of listeners that work no more."""
        self.is_mended = True
        """Whether those that are pointed back work again."""
        self.baseline: list[str] = []

    def add(self, port: int = 443, certificate_id: int | None = OLD, **others: Any) -> str:
        """Add a listener, and return its uuid."""
        uuid = f"uuid-{port}"
        row = {"uuid": uuid, "protocol": "HTTPS", "protocolPort": port, "tlsCertificateId": certificate_id}
        self.listeners[uuid] = {**row, **others}
        return uuid

    # The API

    def call(self, service: str, method: str, *arguments: Any, **options: Any) -> Any:
        if self.clock.is_set():
            raise InterruptedRunError
        assert len(self.done) < 1000, "it never ends"
        if method == RECORD:
            assert service == "Security_Certificate" and "privateKey" not in options["mask"]
            self.done.append(method)
            if options["identifier"] not in self.stored:
                raise CertificatesError("not_found", "Unable to find object.")
            return {"id": options["identifier"], "certificate": PEM}
        assert arguments[0] == "web-uuid"
        if method == READ:
            assert service == "Network_LBaaS_LoadBalancer" and options["mask"]
            self.done.append(method)
            failure = self.readings.pop(0) if self.readings else None
            if failure:
                raise failure
            return self.row()
        assert (service, method) == ("Network_LBaaS_Listener", UPDATE)
        assert options["repeatable"] is False and options["mask"]
        if options["before_sending"] is not None:
            options["before_sending"]()
        self.done.append(method)
        self.sent.append(arguments[1])
        if self.answers:
            self.answers.pop(0)(arguments[1])
        else:
            self.change(arguments[1])
        return {"id": 7, "uuid": "web-uuid", "provisioningStatus": self.status}

    def row(self) -> dict[str, Any]:
        """The balancer, as the API tells of it."""
        return {
            "id": 7,
            "uuid": "web-uuid",
            "name": "web",
            "address": "web.example.com",
            "provisioningStatus": self.status,
            "previousErrorText": self.error,
            "listeners": [dict(one) for one in self.listeners.values()],
        }

    def fails_next(self, error: Exception, changes: Callable[[Any], object] | None = None, **state: Any) -> None:
        """Let the next change fail, after it was carried out if so, and the balancer be in this state then."""

        def answer(elements: list[dict[str, Any]]) -> None:
            if changes:
                changes(elements)
            vars(self).update(state)
            raise error

        self.answers.append(answer)

    def change(self, elements: list[dict[str, Any]], *, shows_late: bool = False) -> None:
        """Accept a change, if it can be made."""
        if self.status != "ACTIVE":
            raise refused(f"The load balancer with ID '7' cannot be updated because its status is '{self.status}'")
        for element in elements:
            assert element["listenerUuid"] in self.listeners, "without the uuid of a listener, one is created"
            if element["tlsCertificateId"] not in self.stored:
                raise refused("The certificate is invalid")

        def switch_all() -> None:
            for element in elements:
                if element["listenerUuid"] in self.listeners:
                    self.listeners[element["listenerUuid"]]["tlsCertificateId"] = element["tlsCertificateId"]

        def end() -> None:
            switch_all()
            self.status = "ACTIVE"

        if not shows_late:
            switch_all()
        self.status = PENDING
        self.clock.after(self.takes, end)

    # What is served

    def record_baseline(self, planned: Sequence[ListenerAction]) -> None:
        self.done.append(LOOK)
        self.baseline += [one.uuid for one in planned]

    def wait_until_served(self, planned: Sequence[ListenerAction]) -> list[ListenerAction]:
        self.done.append(LOOK)
        return [
            one.mark_failed("not_served", {"error": "Nothing works."}, is_changed=one.is_changed, served=False)
            if one.uuid in self.broken
            else replace(one, served=True)
            for one in planned
        ]

    def is_broken(self, one: ListenerAction) -> bool:
        return one.uuid in self.broken

    def wait_until_working(self, one: ListenerAction) -> bool:
        return self.is_mended

    # The run

    def plan(self, target_id: int | None = NEW) -> list[ListenerAction]:
        """The listeners of the balancer as they are now, all to be pointed to a certificate, or none if there is no target."""
        found = balancers.normalize(self.row())
        assert found is not None
        planned = []
        for listener in found.listeners:
            wanted = target_id or listener.certificate_id
            planned.append(
                ListenerAction(
                    "switched" if target_id else "unchanged",
                    None,
                    {} if target_id else {"kept": "best"},
                    Place(found, listener),
                    target=store.normalize({"id": wanted, "certificate": PEM}),
                    target_id=wanted,
                    is_changed=bool(target_id),
                )
            )
        return planned

    def switcher(
        self,
        wait_options: WaitOptions = WAITING,
        *,
        watches: bool = True,
        rollback: bool = True,
        before_sending: Action | None = None,
    ) -> Switcher:
        """What switches listeners."""
        client = cast(Client, SimpleNamespace(call=self.call, stop=self.clock))
        watch = cast(ListenerProbe, self) if watches else None
        return Switcher(client, wait_options, watch, rollback=rollback, before_sending=cast(Any, before_sending))

    def switch(self, planned: Sequence[ListenerAction] | None = None, **options: Any) -> list[ListenerAction]:
        """Carry out a plan; what is to be switched if nothing else is said."""
        planned = self.plan() if planned is None else planned
        switched = self.switcher(**options)(planned)
        assert [one.uuid for one in switched] == [one.uuid for one in planned]
        return switched

    @property
    def served(self) -> dict[int, int | None]:
        """The certificate that each listener has in the API, by its port."""
        return {one["protocolPort"]: one["tlsCertificateId"] for one in self.listeners.values()}


def shown(switched: Sequence[ListenerAction]) -> list[tuple[str, str | None, bool]]:
    """Outcome, reason, and whether the listener was changed."""
    return [(one.outcome, one.reason, one.is_changed) for one in switched]


DONE = ("switched", None, True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A balancer with a listener."""
    world = World()
    monkeypatch.setattr(backoff, "time", SimpleNamespace(monotonic=lambda: world.clock.now))
    world.add()
    return world


# What is sent


def test_all_listeners_go_into_one_call_with_nothing_but_their_certificates(world: World) -> None:
    for port in (8443, 9443):
        world.add(port)
    assert shown(world.switch()) == [DONE] * 3
    assert world.sent == [[{"listenerUuid": f"uuid-{port}", "tlsCertificateId": NEW} for port in (443, 8443, 9443)]]
    assert world.served == {443: NEW, 8443: NEW, 9443: NEW}


def test_a_change_is_not_sent_before_all_was_checked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long that takes."""
    has_read = threading.Event()
    call, record_baseline = world.call, world.record_baseline

    def reads(*arguments: Any, **options: Any) -> Any:
        answer = call(*arguments, **options)
        has_read.set()
        return answer

    def late(planned: Sequence[ListenerAction]) -> None:
        assert has_read.wait(60)
        record_baseline(planned)

    monkeypatch.setattr(world, "call", reads)
    monkeypatch.setattr(world, "record_baseline", late)
    world.switch()
    assert world.done[:3] == [READ, LOOK, UPDATE]


def test_nothing_is_sent_if_the_run_may_not_any_more(world: World) -> None:
    def another_run() -> None:
        raise CertificatesError("locked", "Another run has taken over.")

    [one] = world.switch(before_sending=another_run)
    assert shown([one]) == [("failed", "locked", False)] and one.facts == {"error": "Another run has taken over."}
    assert world.sent == [] and world.served == {443: OLD}


# Before the change


@pytest.mark.parametrize(
    ("wait_options", "said", "seconds"),
    [(WAITING, "and did not become ACTIVE within 900 seconds", 900), (NOT_WAITING, "and wait is false", 0)],
)
@pytest.mark.parametrize("status", [PENDING, "SOMETHING_NEW"])
def test_a_balancer_is_not_waited_for_without_end(
    world: World, status: str, wait_options: WaitOptions, said: str, seconds: float
) -> None:
    world.status = status
    [one] = world.switch(wait_options=wait_options)
    assert shown([one]) == [("failed", "balancer_busy", False)]
    assert one.facts == {"error": f"Load balancer web is in the state {status}, {said}. Run the playbook again later."}
    assert world.sent == [] and world.clock.now == seconds


@pytest.mark.parametrize("status", ["ERROR", "DELETE_PENDING"])
@pytest.mark.parametrize("seconds", [0, 30])
def test_a_balancer_that_does_not_become_active_by_itself_is_not_waited_for(
    world: World, status: str, seconds: float
) -> None:
    world.status, world.error = (status if seconds == 0 else PENDING), "No disk"
    world.clock.after(seconds, lambda: setattr(world, "status", status))
    [one] = world.switch()
    assert shown([one]) == [("failed", "balancer_error", False)]
    assert f"is in the state {status}" in one.facts["error"] and "No disk." in one.facts["error"]
    assert world.sent == [] and world.clock.now <= seconds + AT_THE_NEXT_READING


@pytest.mark.parametrize(("code", "reason"), [("rate_limited", "rate_limited"), ("no_answer", "api_error")])
def test_a_balancer_that_cannot_be_read_is_not_changed(world: World, code: Any, reason: str) -> None:
    world.readings = [CertificatesError(code, "No.")]
    assert shown(world.switch()) == [("failed", reason, False)]
    assert world.sent == []


@pytest.mark.parametrize(
    ("change", "expected", "facts"),
    [
        ({"tlsCertificateId": NEW}, ("unchanged", None, False), {"kept": "switched"}),
        ({"tlsCertificateId": THIRD}, ("failed", "changed_meanwhile", False), {"now": {"certificate_id": 3}}),
        ({"tlsCertificateId": None}, ("failed", "changed_meanwhile", False), {"now": {"certificate_id": None}}),
        ({"protocolPort": 444}, ("failed", "changed_meanwhile", False), {"now": {"port": 444}}),
        ({"protocol": "TCP"}, ("failed", "changed_meanwhile", False), {"now": {"protocol": "TCP"}}),
        (None, ("failed", "not_found", False), {"is_deleted": True}),
    ],
    ids=str,
)
@pytest.mark.parametrize("when", ["before", "while_it_is_busy"])
def test_a_listener_that_was_changed_since_the_plan_is_left_alone(
    world: World,
    change: dict[str, Any] | None,
    expected: tuple[str, str | None, bool],
    facts: dict[str, Any],
    when: str,
) -> None:
    """And the others are switched all the same."""
    world.add(8443)
    planned = world.plan()

    def happen() -> None:
        world.status = "ACTIVE"
        if change is None:
            del world.listeners["uuid-443"]
        else:
            world.listeners["uuid-443"] |= change

    if when == "before":
        happen()
    else:
        world.status = PENDING
        world.clock.after(30, happen)
    one, other = world.switch(planned)
    assert shown([one, other]) == [expected, DONE] and facts.items() <= one.facts.items()
    assert one.served is (True if one.outcome == "unchanged" else None), "what failed is not looked at"
    assert world.sent == [[{"listenerUuid": "uuid-8443", "tlsCertificateId": NEW}]]


# Refused


def busy(words: str, world: World, **details: Any) -> Callable[[list[dict[str, Any]]], None]:
    """Another run was faster: its change is under way, and this one is refused."""

    def answer(_elements: list[dict[str, Any]]) -> None:
        world.status = PENDING
        world.clock.after(60, lambda: setattr(world, "status", "ACTIVE"))
        raise refused(words, **details)

    return answer


BUSY = {
    "named": "cannot be updated because its status is 'UPDATE_PENDING'",
    "in_words": "The load balancer is not ACTIVE",
    "not_at_all": "That did not work",
}


@pytest.mark.parametrize("words", BUSY.values(), ids=BUSY)
def test_a_change_that_was_refused_because_of_another_one_is_sent_again(world: World, words: str) -> None:
    """Once the balancer is ACTIVE, and not before; what the refusal says is not documented."""
    world.answers = [busy(words, world), busy(words, world)]
    assert shown(world.switch()) == [DONE]
    assert len(world.sent) == 3 and world.sent[0] == world.sent[1] == world.sent[2]
    assert world.clock.now >= 140


def test_it_is_not_sent_again_and_again_without_end(world: World) -> None:
    """The wait before each is one and the same."""

    def always(_elements: list[dict[str, Any]]) -> None:
        world.answers.append(always)
        raise refused(BUSY["named"])

    world.answers = [always]
    [one] = world.switch()
    assert shown([one]) == [("failed", "balancer_busy", False)]
    assert world.clock.now == 900 and len(world.sent) < 200


@pytest.mark.parametrize("state", [{"status": "ACTIVE"}, {"status": "ERROR"}, {"readings": [lost()]}], ids=str)
def test_any_other_refusal_counts(world: World, state: dict[str, Any]) -> None:
    """It is not because of another change, as there is none, or none that can be seen."""
    world.fails_next(refused("The certificate has no chain"), **state)
    [one] = world.switch()
    assert shown([one]) == [("failed", "refused", False)] and "The certificate has no chain." in one.facts["error"]
    assert len(world.sent) == 1


@pytest.mark.parametrize("code", ["rate_limited", "unreachable", "authentication_failed"])
def test_a_change_that_was_not_made_for_another_reason_is_not_sent_again(world: World, code: Any) -> None:
    world.fails_next(CertificatesError(code, "No."))
    assert shown(world.switch()) == [("failed", "rate_limited" if code == "rate_limited" else "api_error", False)]
    assert len(world.sent) == 1 and RECORD not in world.done


GONE = ("failed", "not_found", False)


@pytest.mark.parametrize("code", ["api_error", "not_found"])
@pytest.mark.parametrize("what", [{"certificate"}, {"listener"}, {"certificate", "listener"}], ids=str)
def test_a_refusal_because_of_what_is_gone_does_not_keep_the_others_from_being_switched(
    world: World, code: Any, what: set[str]
) -> None:
    for port in (8443, 9443):
        world.add(port)
    planned = world.plan()
    planned[1] = replace(planned[1], target_id=THIRD)

    def answer(_elements: list[dict[str, Any]]) -> None:
        if "certificate" in what:
            world.stored.discard(THIRD)
        if "listener" in what:
            del world.listeners["uuid-9443"]
        raise CertificatesError(code, "No.", api_message="Unable to find object")

    world.answers = [answer]
    switched = world.switch(planned)
    assert shown(switched) == [DONE, GONE if "certificate" in what else DONE, GONE if "listener" in what else DONE]
    if "certificate" in what:
        assert switched[1].facts == {"is_deleted": True, "certificate_id": THIRD}
    assert [len(elements) for elements in world.sent] == [3, 3 - len(what)]


# After a lost answer


def test_a_change_whose_answer_was_lost_is_read_back(world: World) -> None:
    world.fails_next(lost(), world.change)
    [one] = world.switch()
    assert shown([one]) == [DONE] and one.served is True
    assert len(world.sent) == 1 and world.clock.now >= 20, "and its end is waited for"


def test_a_listener_that_was_deleted_hides_no_change_that_was_carried_out(world: World) -> None:
    """One call changes all that there are, or none."""
    world.add(8443)
    world.fails_next(lost(), lambda elements: world.change(elements) or world.listeners.pop("uuid-443"))
    assert shown(world.switch()) == [GONE, DONE] and len(world.sent) == 1


@pytest.mark.parametrize("carried_out", [True, False])
def test_while_the_balancer_is_being_changed_a_lost_change_may_still_show(world: World, carried_out: bool) -> None:
    """Whosever change that is."""
    world.fails_next(lost(), lambda elements: world.change(elements if carried_out else [], shows_late=True))
    [one] = world.switch()
    assert shown([one]) == [DONE if carried_out else ("failed", "outcome_unknown", False)]
    assert len(world.sent) == 1 and 20 <= world.clock.now <= 20 + 2 * AT_THE_NEXT_READING


@pytest.mark.parametrize(
    ("status", "wait_options", "seconds"),
    [("ACTIVE", WAITING, 0), ("ERROR", WAITING, 0), (PENDING, NOT_WAITING, 0), (PENDING, WAITING, 900)],
)
def test_a_change_that_was_lost_and_does_not_show_is_not_sent_again(
    world: World, status: str, wait_options: WaitOptions, seconds: float
) -> None:
    """It may still arrive."""
    world.fails_next(lost(), status=status)
    [one] = world.switch(wait_options=wait_options)
    assert shown([one]) == [("failed", "outcome_unknown", False)]
    said = (
        "It did not answer. The listeners still have their old certificates. Run the playbook again. The playbook checks the current state before "
        "it changes anything."
    )
    assert one.facts == {"error": said}
    assert len(world.sent) == 1 and world.clock.now == seconds


def test_a_change_that_was_lost_and_cannot_be_read_back(world: World) -> None:
    world.fails_next(lost(), readings=[CertificatesError("unreachable", "No way.")])
    [one] = world.switch()
    assert shown([one]) == [("failed", "outcome_unknown", False)] and len(world.sent) == 1
    assert one.facts["error"].startswith(
        "It did not answer. Reading the load balancer also failed: No way. Run the playbook again"
    )


def test_its_end_is_not_waited_for_if_the_run_does_not_wait(world: World) -> None:
    assert shown(world.switch(wait_options=NOT_WAITING)) == [DONE]
    assert world.clock.now == 0 and world.done.count(READ) == 1


def test_the_second_change_is_asked_about_when_it_is_nearly_over(world: World) -> None:
    """If it takes as long as the fastest one so far."""
    switcher = world.switcher()
    readings, seconds = [], []
    for target, takes in ((NEW, 8), (OLD, 8), (NEW, 60), (OLD, 8)):
        world.takes = takes
        world.done.clear()
        begun = world.clock.now
        assert shown(switcher(world.plan(target))) == [DONE]
        readings.append(world.done.count(READ))
        seconds.append(world.clock.now - begun)
    assert readings[0] > 8 and readings[1] == readings[3] <= 4
    assert all(8 <= seconds[number] < 10 for number in (0, 1, 3)) and 60 <= seconds[2] < 70


@pytest.mark.parametrize("gone", [True, False])
def test_a_change_that_was_accepted_and_not_carried_out(world: World, gone: bool) -> None:
    world.add(8443)

    def answer(elements: list[dict[str, Any]]) -> None:
        world.error = "No disk"
        world.change(elements[1:])
        if gone:
            del world.listeners["uuid-443"]

    world.answers = [answer]
    one, other = world.switch()
    assert shown([one, other]) == [GONE if gone else ("failed", "api_error", False), DONE]
    assert one.facts["is_deleted" if gone else "is_accepted"]
    assert gone or one.facts["balancer"].previous_error == "No disk"
    assert len(world.sent) == 1


# After the change


@pytest.mark.parametrize("has", [True, False])
@pytest.mark.parametrize("status", ["ERROR", "DELETE_PENDING", PENDING])
def test_a_change_after_which_the_balancer_is_not_active(world: World, status: str, has: bool) -> None:
    """What the listener has then is said."""

    def answer(elements: list[dict[str, Any]]) -> None:
        world.takes = 10_000
        world.change(elements if has else [])
        world.status = status

    world.answers = [answer]
    [one] = world.switch()
    assert shown([one]) == [("failed", "balancer_busy" if status == PENDING else "balancer_error", has)]
    assert one.facts["change"] == ("done" if has else "lost")
    assert one.facts["error"].startswith(f"Load balancer web is in the state {status}")
    assert world.clock.now == (900 if status == PENDING else 0)


@pytest.mark.parametrize(("code", "reason"), [("no_answer", "outcome_unknown"), ("not_found", "not_found")])
def test_a_change_whose_end_cannot_be_seen(world: World, code: Any, reason: str) -> None:
    """It was accepted, so that it counts as a change."""
    world.readings = [None, CertificatesError(code, "No way.")]
    [one] = world.switch()
    assert shown([one]) == [("failed", reason, True)] and one.facts["change"] == "unseen"


def test_a_balancer_that_has_failed_and_cannot_be_read_again(world: World) -> None:
    world.answers = [lambda elements: world.change(elements) or setattr(world, "status", "ERROR")]
    world.readings = [None, None, lost()]
    [one] = world.switch()
    assert shown([one]) == [("failed", "balancer_error", True)] and one.facts["change"] == "unseen"


# What keeps its certificate


@pytest.mark.parametrize(
    ("status", "wait_options", "seconds"),
    [("ACTIVE", WAITING, 0), (PENDING, WAITING, 30), (PENDING, NOT_WAITING, 0), ("ERROR", WAITING, 0)],
)
def test_a_change_of_another_run_is_waited_for_before_what_is_kept_is_checked(
    world: World, status: str, wait_options: WaitOptions, seconds: float
) -> None:
    world.status = status
    planned = world.plan(None)
    if status == PENDING:
        world.clock.after(30, lambda: setattr(world, "status", "ACTIVE"))
    [one] = world.switch(planned, wait_options=wait_options)
    assert (one.outcome, one.served) == ("unchanged", True)
    assert seconds <= world.clock.now <= seconds + (AT_THE_NEXT_READING if seconds else 0)
    assert (READ in world.done) is (status == PENDING and wait_options.is_waiting) and world.sent == []


def test_what_is_not_or_cannot_be_checked_is_not_waited_for(world: World) -> None:
    world.status = PENDING
    [kept] = world.plan(None)
    assert world.switch([kept], watches=False) == [kept] and world.done == []
    refused_before = kept.mark_failed("ambiguous", {"error": "Two are equally good."})
    assert world.switch([refused_before]) == [refused_before]
    assert READ not in world.done and world.clock.now == 0


# A listener that works no more


@pytest.mark.parametrize("works", [True, False])
def test_a_listener_that_works_no_more_is_pointed_back(world: World, works: bool) -> None:
    """It alone, once; whether it works again is said."""
    broken = world.add(8443, THIRD)
    world.broken, world.is_mended = {broken}, works
    asked: list[int] = []
    one, other = world.switch(before_sending=lambda: asked.append(len(world.sent)))
    assert shown([one, other]) == [DONE, ("rolled_back", "not_served", True)]
    assert other.facts == {"error": "Nothing works.", "rolled_back_to": THIRD, "works": works}
    assert (other.target_id, other.previous_id) == (NEW, THIRD)
    assert world.sent[1:] == [[{"listenerUuid": broken, "tlsCertificateId": THIRD}]]
    assert world.served == {443: NEW, 8443: THIRD} and asked == [0, 1]
    assert world.clock.now >= 40, "the end of both changes is waited for"


@pytest.mark.parametrize(
    ("had", "rollback", "works"),
    [(OLD, False, False), (None, True, False), (OLD, True, True)],
    ids=["not_wanted", "had_none", "works"],
)
def test_what_is_not_pointed_back(world: World, had: int | None, rollback: bool, works: bool) -> None:
    """A listener that serves something else, and works, is not broken."""
    world.listeners["uuid-443"]["tlsCertificateId"] = had
    world.broken = {"uuid-443"}
    if works:
        world.is_broken = lambda _one: False  # type: ignore[method-assign]
    [one] = world.switch(rollback=rollback)
    assert shown([one]) == [("failed", "not_served", True)]
    assert len(world.sent) == 1 and world.served == {443: NEW}


@pytest.mark.parametrize(("failure", "reason"), [(refused("No"), "refused"), (lost(), "outcome_unknown")])
def test_pointing_it_back_may_fail_too(world: World, failure: CertificatesError, reason: str) -> None:
    world.broken = {"uuid-443"}
    world.answers = [world.change]
    world.fails_next(failure)
    [one] = world.switch()
    assert shown([one]) == [("failed", "not_served", True)] and one.facts["rolled_back_to"] == OLD
    why = one.facts["why_not"]
    assert (why.reason, why.facts.keys()) == (reason, {"error"})
    assert one.target_id == NEW and world.served == {443: NEW}


def test_what_another_run_has_changed_meanwhile_is_not_pointed_back(world: World) -> None:
    world.broken = {"uuid-443"}

    def is_broken(_one: ListenerAction) -> bool:
        world.listeners["uuid-443"]["tlsCertificateId"] = THIRD
        return True

    world.is_broken = is_broken  # type: ignore[method-assign]
    [one] = world.switch()
    assert (one.outcome, len(world.sent), world.served) == ("failed", 1, {443: THIRD})
    assert one.facts["why_not"] == Obstacle("changed_meanwhile", {"now": {"certificate_id": THIRD}})


# Told to stop


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_run_that_is_interrupted_sends_nothing(world: World, seconds: float) -> None:
    """Nor does it wait any longer for what another run changes."""
    world.status = PENDING if seconds else "ACTIVE"
    planned = world.plan()
    if seconds:
        world.clock.after(seconds, world.clock.set)
    else:
        world.clock.set()
    [one] = world.switch(planned)
    assert shown([one]) == [("failed", "interrupted", False)] and "interrupted before" in one.facts["error"]
    assert world.sent == [] and world.clock.now <= seconds + AT_THE_NEXT_READING


def test_a_run_that_is_interrupted_waits_for_no_end(world: World) -> None:
    """What was sent is done; what is served is not known."""
    world.takes = 300
    world.clock.after(30, world.clock.set)
    [one] = world.switch(watches=False)
    assert shown([one]) == [DONE] and one.facts == {"is_interrupted": True}
    assert world.clock.now <= 30 + AT_THE_NEXT_READING and len(world.sent) == 1


# All balancers of a run


class Run:
    """A run, with a stand-in for its lock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_plan_stale = False
        self.done: list[Any] = []
        self.sent: list[list[str]] = []
        self.checks: list[Any] = []
        self.failure: CertificatesError | None = None
        monkeypatch.setattr(lock, "acquire", self._acquire)
        monkeypatch.setattr(Switcher, "__call__", lambda switcher, group: self._switch(switcher, group))

    def _acquire(
        self,
        client: Client,
        url: str,
        subject: Callable[[], str],
        what: str,
        wait: float,
        planned_at: object,
        folder: str | None = None,
    ) -> Any:
        self.done.append(("acquire", url, subject(), what, wait, planned_at))
        return SimpleNamespace(is_plan_stale=self.is_plan_stale, check="check", end=lambda: self.done.append("end"))

    def _switch(self, switcher: Switcher, group: Sequence[ListenerAction]) -> list[ListenerAction]:
        self.checks.append(switcher.before_sending)
        self.sent.append([action.name for action in group])
        self.done.append("switch")
        if self.failure:
            raise self.failure
        return [replace(action, facts={"kept": "same"}) for action in reversed(group)]

    def switch_all(
        self, plan: ListenerPlan, *, again: ListenerPlan | None = None, exclusive: bool = True, is_waiting: bool = True
    ) -> tuple[ListenerPlan, list[ListenerAction]]:
        """Carry out a plan; the other one is what is planned anew."""
        module = SimpleNamespace(
            require=lambda *names: self.done.append(names), params={"ledger_url": "sqlite://", "rollback": True}
        )
        client = SimpleNamespace(
            fetch_account_id=lambda: 7,
            call_for_each=lambda function, groups, at_once: [function(group) for group in groups],
        )

        def plan_again() -> ListenerPlan:
            assert again is not None
            self.done.append("plan again")
            return again

        options = replace(WAITING, is_waiting=is_waiting)
        return switch_all(
            cast(Any, module), cast(Any, client), plan, plan_again, options, None, exclusive=exclusive, at_once=4
        )


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that nobody disturbs."""
    return Run(monkeypatch)


def plan_of(*actions: ListenerAction) -> ListenerPlan:
    """A plan."""
    return ListenerPlan(world_of([]), actions)


BETTER = Made().record(NEW)
SWITCHED, ALIKE = listening(OLD, BETTER, "web"), listening(OLD, BETTER, "web", port=8443)
OTHER, KEPT = listening(OLD, BETTER, "api"), listening(NEW, BETTER, "web")
NOWHERE = Place(balancers.Balancer(0, "", "nowhere", None, "", None, (), ()), balancers.Listener("", "", 443, None))
MISSING = replace(SWITCHED, outcome="failed", is_changed=False, place=NOWHERE)


def test_each_balancer_is_switched_as_a_whole_and_reported_in_the_order_of_the_plan(run: Run) -> None:
    plan = plan_of(OTHER, MISSING, SWITCHED, ALIKE)
    again, done = run.switch_all(plan, exclusive=False)
    assert again is plan and run.done == ["switch", "switch"], "without a lock"
    assert run.sent == [["api:443"], ["web:443", "web:8443"]]
    assert [action.name for action in done] == ["api:443", "nowhere:443", "web:443", "web:8443"]
    assert [action.facts == {"kept": "same"} for action in done] == [True, False, True, True]


@pytest.mark.parametrize(("is_waiting", "max_wait"), [(True, 900), (False, 0)])
def test_an_exclusive_run_has_the_lock_until_its_end(run: Run, is_waiting: bool, max_wait: float) -> None:
    plan = plan_of(SWITCHED)
    run.switch_all(plan, is_waiting=is_waiting)
    acquired = ("acquire", "sqlite://", "load balancers of account 7", "load balancers", max_wait, plan.world.at)
    assert run.done == [("SQLAlchemy",), acquired, "switch", "end"] and run.checks == ["check"]
    run.done.clear()
    run.failure = refused("no")
    with pytest.raises(CertificatesError):
        run.switch_all(plan)
    assert run.done[-2:] == ["switch", "end"]


def test_whether_there_can_be_a_lock_is_asked_without_loading_what_it_needs() -> None:
    """A run that switches nothing needs none of it."""
    asked: list[Any] = []
    params: dict[str, Any] = {"ledger_url": None}
    module = cast(Any, SimpleNamespace(require=lambda *names, **how: asked.append((names, how)), params=params))
    check_ledger(module)
    assert asked == [(("SQLAlchemy",), {"loads": False})]
    params["ledger_url"] = "sesame"
    with fails("ledger_unavailable"):
        check_ledger(module)


def test_nothing_to_change_needs_no_lock(run: Run) -> None:
    run.switch_all(plan_of(KEPT))
    assert run.done == ["switch"], "it is looked at"


def test_what_another_run_may_have_changed_is_planned_again(run: Run) -> None:
    run.is_plan_stale = True
    other = plan_of(OTHER)
    again, done = run.switch_all(plan_of(SWITCHED), again=other)
    assert again is other and [action.name for action in done] == ["api:443"]
    assert run.done[2:] == ["plan again", "switch", "end"]
    run.done.clear()
    run.switch_all(plan_of(SWITCHED), again=plan_of(KEPT))
    assert run.done[2:] == ["plan again", "end", "switch", "end"], "nobody waits for one that only looks"
