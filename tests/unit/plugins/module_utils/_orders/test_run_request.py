# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order emails are claimed, requested and noted, and what keeps the others from being requested.

API and ledger are stood in for. Which orders are mailed at all: test_plan_request.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    Claim,
    Entry,
    Key,
    Ledger,
    compute_lease,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import run_request as fulfillment_email
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_request import (
    EmailAction,
    EmailOptions,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_request import (
    MAX_UNKNOWN_OUTCOMES,
    SPEC,
    Requester,
    build_key,
    run,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client

from tests.support.books import Books
from tests.support.certificates import NOW
from tests.support.failing import fails
from tests.support.stored import Made, view_with

ACCOUNT, TIMEOUT = 7, 30
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
SHOP, WIKI, MAIL = 100, 101, 102
ISSUED = Made().issued
"""What comes of every order."""
LATER = 5
"""Seconds that a call takes."""


def order_of(key: Key) -> int:
    """The order that a claim is about."""
    assert key.kind == "email" and "/FulfillmentEmail/" in key.subject
    return int(key.subject.rpartition("/")[2])


class World(Books):
    """An account with orders, a ledger, and a clock that goes on with each call."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.settings = SimpleNamespace(timeout=TIMEOUT)
        self.stop = threading.Event()
        self.api_calls = 17
        self.done: list[str] = []
        """What happened, in turn."""
        self.orders: dict[int, dict[str, Any]] = {}
        self.records: list[dict[str, Any]] = []
        self.answers: dict[int, list[Any]] = {}
        """What the API answers to the next calls about an order; after them, yes."""
        self.addresses: dict[int, str | CertificatesError | None] = {}
        """Where the email of an order goes at the moment of its call."""
        self.changes: dict[int, dict[str, Any]] = {}
        """What else the API tells of an order at that moment."""
        self.warnings: list[str] = []
        self.warn = self.warnings.append
        self.opened: list[tuple[str | None, bool]] = []
        self.is_new = False
        self.place = "/srv/ledger.db"

    def clock(self) -> datetime:
        return self.now

    def add(self, identifier: int = SHOP, **others: Any) -> int:
        """Add an order, as the API tells of it."""
        name = f"www{identifier}.example.com"
        row = {
            "id": identifier,
            "commonName": name,
            "approverEmailAddress": f"admin@{name}",
            "certificateSigningRequest": ISSUED.csr_pem,
        }
        end = (NOW + 300 * DAY).isoformat()
        self.orders[identifier] = {**row, "status": {"id": 1, "name": "Complete"}, "expirationDate": end, **others}
        return identifier

    # The API

    def call(
        self,
        service: str,
        method: str,
        *arguments: Any,
        identifier: int,
        repeatable: bool = True,
        before_sending: Callable[[], None] | None = None,
        **how: Any,
    ) -> Any:
        assert service == "Security_Certificate_Request"
        if method == "getObject":
            assert how == {
                "mask": "mask[id,accountId,approverEmailAddress,expirationDate,status[id,name]]",
                "in_turn": True,
            }
            self.done.append(f"read {identifier}")
            address = self.addresses.get(identifier, "admin@example.com")
            if isinstance(address, CertificatesError):
                raise address
            row = {"id": identifier, "accountId": ACCOUNT, "status": {"name": "Complete"}}
            return row | {"approverEmailAddress": address} | self.changes.get(identifier, {})
        assert (method, arguments, how) == ("resendEmail", ("FulfillmentEmail",), {})
        assert repeatable is False, "it would be sent twice"
        if before_sending is not None:
            before_sending()
        self.done.append(f"send {identifier}")
        self.now += timedelta(seconds=LATER)
        answer = self.answers.get(identifier) or [True]
        answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, CertificatesError):
            raise answer
        return answer() if callable(answer) else answer

    def read_list(
        self, service: str, method: str, *_arguments: Any, mask: str, **_options: Any
    ) -> list[dict[str, Any]]:
        self.done.append(method)
        assert service == "Account" or method == "getSslCertificateRequests"
        return self.records if method == "getSecurityCertificates" else list(self.orders.values())

    def read_ids(self, *arguments: Any, identifiers: Iterable[int], mask: str) -> list[dict[str, Any]]:
        wanted = set(identifiers)
        return [row for row in self.read_list(*arguments, mask=mask) if row["id"] in wanted]

    # The ledger

    def find_last_requests(self, keys: Iterable[Key], since: datetime | None = None) -> dict[Key, Entry]:
        assert since is not None and self.now - since == timedelta(days=30)
        return super().find_last_requests(keys, since)

    def claim(self, key: Key, at: datetime, interval: timedelta | None, lease: timedelta) -> Claim | Entry:
        assert (key, at) == (build_key(ACCOUNT, order_of(key)), self.now)
        assert interval is not None and lease == compute_lease(TIMEOUT)
        return super().claim(key, at, interval, lease)

    def act(self, what: str, key: Key) -> None:
        self.done.append(f"{what} {order_of(key)}")
        super().act(what, key)

    def state(self, order_id: int = SHOP) -> str | None:
        """What the ledger has on record."""
        entry = self.entries.get(build_key(ACCOUNT, order_id))
        return entry and entry.state

    def on_record(self, state: Any, at: datetime = NOW - HOUR, order_id: int = SHOP, **others: Any) -> None:
        """An earlier request."""
        key = build_key(ACCOUNT, order_id)
        self.entries[key] = Entry(1, key, at, state, at + compute_lease(TIMEOUT), **others)

    # The run

    def fetch_account_id(self, given: int | None = None) -> int:
        return given or ACCOUNT

    def call_for_each(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [function(item) for item in items]

    def requester(self, **options: Any) -> Requester:
        """What requests emails."""
        return Requester(cast(Client, self), cast(Ledger, self), ACCOUNT, wished(**options))

    @property
    def sent(self) -> list[int]:
        """The orders whose emails were requested, in turn."""
        return [int(one.partition(" ")[2]) for one in self.done if one.startswith("send ")]


def wished(**others: Any) -> EmailOptions:
    """The user's options."""
    usual = {"allowed_recipients": None, "skip_imported": True, "force": False, "on_ineligible": "fail"}
    return EmailOptions(**{"min_interval": DAY, **usual, **others})


def planned(order_id: int = SHOP) -> EmailAction:
    """An email that is to be requested."""
    return EmailAction(
        "requested",
        None,
        {"recipient": "admin@example.com"},
        order_id,
        common_name="www.example.com",
        recipient="admin@example.com",
        status="complete",
        requested_at=NOW,
        next_allowed_at=NOW + DAY,
    )


def shown(email: EmailAction) -> tuple[str, str | None, datetime | None, datetime | None]:
    """Outcome, reason, when it was requested, and when the next one is allowed."""
    return email.outcome, email.reason, email.requested_at, email.next_allowed_at


def error(code: Any, message: str = "No.") -> CertificatesError:
    """How the client tells of a failure."""
    return CertificatesError(code, message)


LOST = error("no_answer", "It did not answer.")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """An account without orders, and an empty ledger."""
    world = World()

    def opened(url: str | None, *, read_only: bool) -> World:
        world.opened.append((url, read_only))
        return world

    monkeypatch.setattr(fulfillment_email, "now", world.clock)
    monkeypatch.setattr(fulfillment_email, "Ledger", opened)
    monkeypatch.setattr(fulfillment_email, "connect", lambda _module, _concurrency, _stop: world)
    monkeypatch.setattr(fulfillment_email, "create_trust_view", lambda _path: view_with(at=world.now))
    monkeypatch.setattr(fulfillment_email, "find_why_lost", lambda _path: None)
    return world


# One email


def test_it_is_claimed_requested_and_confirmed(world: World) -> None:
    requester = world.requester()
    assert not requester.has_sent
    assert shown(requester(planned())) == ("requested", None, NOW, NOW + DAY) and requester.has_sent
    assert world.done == [f"claim {SHOP}", f"send {SHOP}", f"confirm {SHOP}"]
    assert world.state() == "confirmed"


LIMITED: list[dict[str, Any]] = [{"allowed_recipients": ["*"]}, {"recipients": []}, {"approved": {}}]


@pytest.mark.parametrize("options", LIMITED, ids=str)
def test_where_recipients_are_limited_the_address_is_read_again(world: World, options: dict[str, Any]) -> None:
    assert world.requester(**options)(planned()).outcome == "requested"
    assert world.done == [f"claim {SHOP}", f"read {SHOP}", f"send {SHOP}", f"confirm {SHOP}"]


@pytest.mark.parametrize("address", ["Admin@example.com", "admin@example.com, eve@example.com", None])
@pytest.mark.parametrize("options", LIMITED, ids=str)
def test_an_address_that_has_changed_since_the_listing(
    world: World, options: dict[str, Any], address: str | None
) -> None:
    """Even if the new one is allowed: nobody has seen it."""
    world.addresses[SHOP] = address
    email = world.requester(**options)(planned())
    assert shown(email) == ("failed", "recipient_changed", None, None)
    assert email.facts == {"seen": "admin@example.com", "recipient": address, "is_approved": False}
    assert world.done == [f"claim {SHOP}", f"read {SHOP}", f"release {SHOP}"] and world.state() is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": {"name": "Canceled"}}, "canceled"),
        ({"expirationDate": (NOW - DAY).isoformat()}, "expired"),
        ({"accountId": ACCOUNT + 1}, "api_error"),
        ({"accountId": "another"}, "api_error"),
        (error("no_answer"), "api_error"),
        (error("not_found"), "not_found"),
        (error("rate_limited"), "rate_limited"),
    ],
)
def test_an_order_that_has_changed_since_the_listing_or_is_not_returned(world: World, change: Any, reason: str) -> None:
    """Nothing was sent, so an answer that is lost leaves nothing in doubt."""
    is_error = isinstance(change, CertificatesError)
    (world.addresses if is_error else world.changes)[SHOP] = change
    email = world.requester(allowed_recipients=["*"])(planned())
    assert shown(email) == ("failed", reason, None, None)
    assert not is_error or email.facts == {"address_error": "No."}
    assert world.sent == [] and world.state() is None


@pytest.mark.parametrize(
    ("state", "age", "outcome", "reason"),
    [
        ("confirmed", HOUR, "skipped", "cooldown"),
        ("claimed", timedelta(seconds=5), "skipped", "outcome_unknown"),
        ("claimed", HOUR, "failed", "outcome_unknown"),
        ("unknown", HOUR, "failed", "outcome_unknown"),
    ],
)
def test_what_another_run_has_claimed_meanwhile_is_not_requested(
    world: World, state: str, age: timedelta, outcome: str, reason: str
) -> None:
    world.on_record(state, NOW - age)
    email = world.requester()(planned())
    assert shown(email) == (outcome, reason, None, NOW - age + DAY)
    assert email.previous_requested_at == NOW - age
    assert world.done == [f"claim {SHOP}"] and world.state() == state


NO = {"error": "No."}


@pytest.mark.parametrize(
    ("answer", "reason", "facts"),
    [
        (False, "refused", {}),
        *((error(code), code, NO) for code in ("not_found", "retired", "rate_limited", "api_error")),
        *((error(code), "api_error", NO) for code in ("unreachable", "authentication_failed", "interrupted")),
    ],
    ids=repr,
)
def test_what_was_surely_not_requested_is_released(
    world: World, answer: Any, reason: str, facts: dict[str, Any]
) -> None:
    world.answers[SHOP] = [answer]
    requester = world.requester()
    email = requester(planned())
    assert (shown(email), email.facts, requester.has_sent) == (("failed", reason, None, None), facts, False)
    assert world.done == [f"claim {SHOP}", f"send {SHOP}", f"release {SHOP}"] and world.state() is None


@pytest.mark.parametrize("answer", [LOST, None, "yes", {"id": 1}], ids=["lost", "nil", "word", "object"])
def test_what_may_have_been_requested_is_in_doubt(world: World, answer: Any) -> None:
    world.answers[SHOP] = [answer]
    requester = world.requester()
    email = requester(planned())
    assert shown(email) == ("failed", "outcome_unknown", NOW, NOW + DAY) and requester.has_sent
    assert email.facts["recipient"] == "admin@example.com" and email.facts["error"]
    assert world.done == [f"claim {SHOP}", f"send {SHOP}", f"doubt {SHOP}"]
    assert world.state() == "unknown"


@pytest.mark.parametrize(
    ("answer", "failing", "expected"),
    [
        (True, "confirm", ("requested", None)),
        (False, "release", ("failed", "refused")),
        (error("api_error"), "release", ("failed", "api_error")),
        (LOST, "doubt", ("failed", "outcome_unknown")),
    ],
    ids=["requested", "refused", "failed", "lost"],
)
def test_what_cannot_be_noted_is_said(
    world: World, answer: Any, failing: str, expected: tuple[str, str | None]
) -> None:
    """The outcome is what it is; the claim that stays open forbids another request of this email, and of no other."""
    world.answers[SHOP] = [answer]
    world.failing_acts.add(failing)
    requester = world.requester()
    email, other = requester(planned()), requester(planned(WIKI))
    assert ((email.outcome, email.reason), world.state()) == (expected, "claimed")
    assert (email.facts["unrecorded"], world.sent) == ("The ledger is away.", [SHOP, WIKI]), other


# Several


def test_a_ledger_that_fails_is_not_asked_for_the_others(world: World) -> None:
    """It would keep each of them waiting for the same failure; and nothing is sent without it."""
    requester = world.requester()
    first = requester(planned(MAIL))
    world.failing_acts.add("claim")
    second = requester(planned(SHOP))
    world.failing_acts.clear()
    third = requester(planned(WIKI))
    assert first.outcome == "requested"
    for email in (second, third):
        assert shown(email) == ("failed", "api_error", None, None)
        assert email.facts == {"ledger_error": "The ledger is away."}
    assert world.done == [f"claim {MAIL}", f"send {MAIL}", f"confirm {MAIL}", f"claim {SHOP}"]


def test_after_so_many_answers_in_a_row_that_got_lost_nothing_more_is_requested(world: World) -> None:
    requester = world.requester()
    for number in range(MAX_UNKNOWN_OUTCOMES):
        world.answers[number] = [LOST]
        assert requester(planned(number)).reason == "outcome_unknown"
    email = requester(planned(SHOP))
    assert (shown(email), email.facts) == (
        ("failed", "api_error", None, None),
        {"lost_responses": MAX_UNKNOWN_OUTCOMES},
    )
    assert len(world.sent) == MAX_UNKNOWN_OUTCOMES and world.done[-1] == f"doubt {MAX_UNKNOWN_OUTCOMES - 1}"


@pytest.mark.parametrize("answer", [True, False, error("api_error"), error("rate_limited")], ids=str)
def test_any_answer_between_them_begins_the_count_again(world: World, answer: Any) -> None:
    requester = world.requester()
    numbers = range(2 * MAX_UNKNOWN_OUTCOMES - 1)
    for number in numbers:
        world.answers[number] = [answer if number == MAX_UNKNOWN_OUTCOMES - 1 else LOST]
        requester(planned(number))
    assert world.sent == list(numbers)
    requester(planned(SHOP))
    assert world.sent[-1] == SHOP, "so far it is one less than too many"


def test_what_another_run_requests_says_nothing_about_lost_answers(world: World) -> None:
    requester = world.requester()
    for number in range(MAX_UNKNOWN_OUTCOMES):
        world.answers[number] = [LOST]
        requester(planned(number))
        world.on_record("confirmed", order_id=1000 + number)
        if number < MAX_UNKNOWN_OUTCOMES - 1:
            assert requester(planned(1000 + number)).reason == "cooldown"
    assert requester(planned(SHOP)).reason == "api_error"


# A whole run


def answered(world: World, *, check: bool = False, **options: Any) -> dict[str, Any]:
    """The result of the module with these options."""
    usual = {name: option.get("default") for name, option in SPEC.options.items()}
    usual |= {"ledger_url": "sqlite:////srv/ledger.db", "force": False}
    module = SimpleNamespace(
        params={**usual, **options}, check_mode=check, stop_on_signals=lambda: world.stop, warn=world.warnings.append
    )
    try:
        return run(cast(Module, module))
    finally:
        assert world.closed == len(world.opened), "the ledger is closed in any case"


def outcomes(result: dict[str, Any]) -> dict[int, tuple[str, str | None]]:
    """Outcome and reason, by order."""
    return {one["order_id"]: (one["outcome"], one["reason"]) for one in result["emails"]}


def refusal(world: World, **options: Any) -> CertificatesError:
    """Why a run was refused, before anything was sent."""
    with pytest.raises(CertificatesError) as caught:
        answered(world, **options)
    assert world.sent == [] and "claim" not in str(world.done)
    return caught.value


REQUESTED = ("requested", None)


def test_a_run_says_what_became_of_each_order(world: World) -> None:
    for order_id in (WIKI, MAIL, SHOP):
        world.add(order_id)
    world.orders[MAIL]["status"] = {"id": 2, "name": "Pending CA Approval"}
    world.on_record("confirmed", order_id=WIKI)
    result = answered(world, order_ids=[MAIL, SHOP, WIKI, 999, SHOP])
    assert outcomes(result) == {
        SHOP: REQUESTED,
        WIKI: ("skipped", "cooldown"),
        MAIL: ("failed", "pending"),
        999: ("failed", "not_found"),
    }
    assert list(outcomes(result)) == [SHOP, WIKI, MAIL, 999]
    counts = {name: result[f"{name}_count"] for name in ("requested", "skipped", "failed")}
    assert counts == {"requested": 1, "skipped": 1, "failed": 2}
    assert (result["changed"], result["api_calls"], world.sent) == (True, 17, [SHOP])
    header = f"order {SHOP} (www{SHOP}.example.com)"
    before, after = (
        {"requested_at": at, "recipient": f"admin@www{SHOP}.example.com"} for at in (None, format_time(NOW))
    )
    assert result["diff"] == [{"before_header": header, "after_header": header, "before": before, "after": after}]
    failure = result["failure"]
    assert failure["code"] == "emails_failed" and failure["message"].endswith(
        ". See the message of each item in emails."
    )
    assert failure["details"]["orders"] == [
        {name: one[name] for name in ("order_id", "reason", "message")} for one in result["emails"][2:]
    ]
    assert world.opened == [("sqlite:////srv/ledger.db", False)]
    assert answered(world, order_ids=[*range(900, 912)])["failure"]["message"].count("order 9") == 10


def test_a_run_without_failures_has_none(world: World) -> None:
    world.add()
    assert "failure" not in answered(world, order_ids=[SHOP])
    world.now += HOUR
    again = answered(world, order_ids=[SHOP])
    assert (again["changed"], again["diff"], outcomes(again)) == (False, [], {SHOP: ("skipped", "cooldown")})
    assert "failure" not in again and world.sent == [SHOP]


def test_the_check_mode_says_the_same_and_writes_nothing(world: World) -> None:
    world.add()
    world.on_record("confirmed", NOW + DAY)
    checked = answered(world, check=True, order_ids=[SHOP])
    assert outcomes(checked) == {SHOP: ("skipped", "cooldown")}
    world.entries.clear()
    checked = answered(world, check=True, order_ids=[SHOP])
    assert outcomes(checked) == {SHOP: REQUESTED} and checked["changed"]
    assert set(world.done) == {"getSslCertificateRequests", "getSecurityCertificates"}
    assert [read_only for _url, read_only in world.opened] == [True, True]
    assert outcomes(answered(world, order_ids=[SHOP])) == outcomes(checked)


def test_a_run_requests_only_what_was_approved(world: World) -> None:
    """Where it was approved, and with the patterns that are given."""
    for order_id in (SHOP, WIKI):
        world.add(order_id)
        world.addresses[order_id] = f"admin@www{order_id}.example.com"
    approved = answered(world, check=True, order_ids=[SHOP])["emails"]
    result = answered(world, order_ids=[SHOP, WIKI], approved=approved)
    assert outcomes(result) == {SHOP: REQUESTED, WIKI: ("failed", "recipient_not_allowed")}
    world.entries.clear()
    limited = answered(world, order_ids=[SHOP, WIKI], recipients=[f"*@www{WIKI}.example.com"])
    assert outcomes(limited) == {SHOP: ("failed", "recipient_not_allowed"), WIKI: REQUESTED}
    assert world.sent == [SHOP, WIKI]


def test_an_order_that_was_canceled_after_it_was_approved(world: World) -> None:
    """Also where the selection leaves it out, and where it is canceled right before the call."""
    world.add(SHOP)
    approved = answered(world, check=True, order_ids=[SHOP])["emails"]
    world.orders[SHOP]["status"] = {"name": "Canceled"}
    for given in ({"order_ids": [SHOP]}, {"order_ids": [SHOP], "select": {"statuses": ["complete"]}}):
        result = answered(world, **given, approved=approved, on_ineligible="skip")
        assert outcomes(result) == {SHOP: ("failed", "changed_meanwhile")}
    world.changes[SHOP] = {"status": {"name": "Canceled"}}
    email = world.requester(approved={SHOP: "admin@example.com"})(planned())
    assert (email.outcome, email.reason, world.sent) == ("failed", "changed_meanwhile", [])
    assert email.facts.keys() == {"ineligibility"}


def test_a_run_that_is_interrupted_says_so(world: World) -> None:
    for order_id in (SHOP, WIKI):
        world.add(order_id)
    world.answers[SHOP] = [lambda: world.stop.set() or True]
    result = answered(world, common_names=["*"])
    assert outcomes(result) == {SHOP: REQUESTED, WIKI: ("failed", "api_error")}
    assert (world.sent, world.state(), world.state(WIKI)) == ([SHOP], "confirmed", None), "what was sent is noted"
    assert result["failure"]["code"] == "interrupted"


def test_patterns_that_match_no_order_are_named(world: World) -> None:
    world.add()
    assert outcomes(answered(world, common_names=["mail*", "x"])) == {}
    assert len(world.warnings) == 1 and "common_names (mail*, x)" in world.warnings[0]
    assert outcomes(answered(world, common_names=["WWW*"])) == {SHOP: REQUESTED}
    assert outcomes(answered(world, order_ids=[])) == {} and len(world.warnings) == 1


@pytest.mark.parametrize("check", [False, True])
def test_a_request_from_the_future_counts_from_when_it_is_noticed(world: World, check: bool) -> None:
    world.add()
    world.add(WIKI)
    world.on_record("confirmed", NOW + DAY)
    world.on_record("confirmed", NOW - HOUR, WIKI)
    answered(world, check=check, order_ids=[SHOP, WIKI])
    [warning] = world.warnings
    assert f"order {SHOP} at " in warning and "in the future" in warning
    assert [one for one in world.done if one.startswith("correct")] == ([] if check else [f"correct {SHOP}"])


@pytest.mark.parametrize(
    ("options", "is_compared", "outcome"),
    [
        ({}, True, ("skipped", "already_imported")),
        ({"force": True}, False, REQUESTED),
        ({"skip_imported": False}, False, REQUESTED),
    ],
    ids=["usual", "force", "not_wanted"],
)
def test_the_store_is_compared_with_what_is_to_be_requested(
    world: World, options: dict[str, Any], is_compared: bool, outcome: tuple[str, str | None]
) -> None:
    world.records = [{"id": 1, "certificate": ISSUED.pem, "intermediateCertificate": ISSUED.chain_pem}]
    world.add(expirationDate=(NOW + 90 * DAY).isoformat())
    world.add(WIKI, status={"id": 3, "name": "Canceled"})
    result = answered(world, order_ids=[SHOP, WIKI], **options)
    assert outcomes(result) == {SHOP: outcome, WIKI: ("failed", "canceled")}
    assert ("getSecurityCertificates" in world.done) is is_compared
    assert world.warnings == []


def test_the_store_is_not_read_if_nothing_is_to_be_requested(world: World) -> None:
    world.add()
    world.on_record("confirmed")
    answered(world, order_ids=[SHOP])
    assert world.done == ["getSslCertificateRequests"]


@pytest.mark.parametrize("skip_imported", [True, False])
def test_orders_that_cannot_be_compared_with_the_store_are_named(world: World, skip_imported: bool) -> None:
    world.add(certificateSigningRequest=None)
    answered(world, order_ids=[SHOP], skip_imported=skip_imported)
    assert len(world.warnings) == skip_imported and all(f"order {SHOP}" in one for one in world.warnings)


# What keeps a run from sending anything


@pytest.mark.parametrize("check", [False, True])
def test_more_than_max_orders(world: World, check: bool) -> None:
    for order_id in (SHOP, WIKI, MAIL):
        world.add(order_id)
    caught = refusal(world, check=check, common_names=["*"], max_orders=2)
    assert caught.code == "too_many_orders"
    assert caught.details == {"planned": 3, "max_orders": 2, "order_ids": [SHOP, WIKI, MAIL]}
    world.on_record("confirmed", order_id=MAIL)
    assert answered(world, check=check, common_names=["*"], max_orders=2)["requested_count"] == 2
    assert answered(world, check=check, order_ids=[MAIL], max_orders=0)["skipped_count"] == 1


@pytest.mark.parametrize("check", [False, True])
def test_a_ledger_that_would_be_lost(world: World, check: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    paths: list[str] = []
    monkeypatch.setattr(fulfillment_email, "find_why_lost", lambda path: paths.append(path) or "this container")
    world.add()
    caught = refusal(world, check=check, order_ids=[SHOP])
    assert (caught.code, caught.details) == ("ephemeral_ledger", {"ledger": "/srv/ledger.db"})
    assert paths == ["/srv/ledger.db"] and world.warnings == []
    accepted = answered(world, check=check, order_ids=[SHOP], allow_ephemeral_ledger=True)
    assert outcomes(accepted) == {SHOP: REQUESTED}
    assert len(world.warnings) == 1 and "/srv/ledger.db will be lost with this container" in world.warnings[0]


def test_a_ledger_that_would_be_lost_matters_only_if_something_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fulfillment_email, "find_why_lost", lambda _path: "this container")
    world.add()
    url = "postgresql://db.example/ledger"
    assert outcomes(answered(world, order_ids=[SHOP], ledger_url=url)) == {SHOP: REQUESTED}, "a server stays"
    assert outcomes(answered(world, order_ids=[SHOP])) == {SHOP: ("skipped", "cooldown")}
    assert world.warnings == []


def test_a_ledger_that_is_new_is_reported_once_something_is_sent(world: World) -> None:
    """Else a ledger that was lost would have all emails sent again, and nobody would know why."""
    world.is_new = True
    world.add()
    world.add(WIKI, status={"id": 2, "name": "Pending"})
    answered(world, order_ids=[WIKI], on_ineligible="skip")
    answered(world, check=True, order_ids=[SHOP])
    answered(world, order_ids=[SHOP, WIKI], on_ineligible="skip")
    [warning] = world.warnings
    assert warning.startswith("The ledger /srv/ledger.db is new and contains no earlier requests. ")


def test_an_id_that_none_has(world: World) -> None:
    caught = refusal(world, order_ids=[0])
    assert (caught.code, world.opened) == ("invalid_argument", [])


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [
        ("min_interval_hours", (0, 1_000_000), (-1, 1_000_001, float("nan"))),
        ("concurrency", (1, 256), (0, 257)),
        ("max_orders", (0,), (-1,)),
    ],
)
def test_the_limits_of_numbers(name: str, within: tuple[float, ...], beyond: tuple[float, ...]) -> None:
    assert [SPEC.read({"order_ids": [SHOP], name: value})[name] for value in within] == [*within]
    for value in beyond:
        with fails("invalid_argument", f"{name} must be"):
            SPEC.read({"order_ids": [SHOP], name: value})
