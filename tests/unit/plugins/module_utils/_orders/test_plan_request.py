# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done about each order's email, decided without any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Entry, Key
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import is_awaited
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_request import (
    EmailAction,
    EmailOptions,
    fail_unselected,
    limit_to_approved,
    parse_approved,
    plan_email,
    skip_stored_email,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import Order
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)

from tests.support.certificates import NOW
from tests.support.failing import fails
from tests.support.stored import Made, view_with

AT = datetime(2026, 1, 31, 12, 0, 0, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
ORDER = Order(
    id=100,
    common_name="www.example.com",
    status="complete",
    status_name="Complete",
    approver_email="Admin@Example.com",
    technical_contact_email="tech@example.com",
    created_at=AT - 30 * DAY,
    modified_at=AT - 29 * DAY,
    effective_at=AT - 29 * DAY,
    expires_at=AT + 300 * DAY,
    product="RapidSSL",
    billing_order_id=5,
    public_key_sha256="ab" * 32,
)
WISHES = EmailOptions(min_interval=DAY, allowed_recipients=None, skip_imported=True, force=False, on_ineligible="fail")


def entry(at: datetime, *, confirmed: bool = True) -> Entry:
    """A request on record; one that is not confirmed got no answer."""
    return Entry(1, Key("email", f"1/FulfillmentEmail/{ORDER.id}"), at, "confirmed" if confirmed else "unknown", at)


def plan(order: Order = ORDER, last: Entry | None = None, **options: Any) -> EmailAction:
    """The plan for one order."""
    return plan_email(order, last, replace(WISHES, **options), AT)


def test_an_issued_order_is_requested() -> None:
    email = plan()
    assert (email.outcome, email.reason) == ("requested", None)
    assert (email.requested_at, email.previous_requested_at, email.next_allowed_at) == (AT, None, AT + DAY)
    assert (email.recipient, email.technical_contact_email) == ("Admin@Example.com", "tech@example.com")
    assert email.facts == {"recipient": "Admin@Example.com"}


def test_how_it_is_reported() -> None:
    told = plan(replace(ORDER, subject_alt_names=("a.example.com", "b.example.com")), entry(AT - 2 * DAY)).as_result()
    assert told.pop("message").startswith("The email was requested for ")
    assert told == {
        "order_id": 100,
        "common_name": "www.example.com",
        "subject_alt_names": ["a.example.com", "b.example.com"],
        "recipient": "Admin@Example.com",
        "technical_contact_email": "tech@example.com",
        "status": "complete",
        "outcome": "requested",
        "reason": None,
        "requested_at": "2026-01-31T12:00:00Z",
        "previous_requested_at": "2026-01-29T12:00:00Z",
        "first_requested_at": "2026-01-29T12:00:00Z",
        "next_allowed_at": "2026-02-01T12:00:00Z",
    }


def test_a_diff_shows_when_it_was_requested() -> None:
    assert plan(last=entry(AT - 2 * DAY)).as_diff() == {
        **dict.fromkeys(("before_header", "after_header"), "order 100 (www.example.com)"),
        "before": {"requested_at": "2026-01-29T12:00:00Z", "recipient": "Admin@Example.com"},
        "after": {"requested_at": "2026-01-31T12:00:00Z", "recipient": "Admin@Example.com"},
    }


def test_since_when_it_is_waited_for() -> None:
    """Requests that were repeated meanwhile change nothing about that."""
    email = plan(last=replace(entry(AT - HOUR), first_requested_at=AT - 3 * DAY))
    assert (email.first_requested_at, email.previous_requested_at) == (AT - 3 * DAY, AT - HOUR)
    assert plan().first_requested_at is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "pending"}, "pending"),
        ({"status": "canceled"}, "canceled"),
        ({"status": "unknown"}, "unknown_status"),
        ({"expires_at": AT}, "expired"),
        ({"expires_at": AT - DAY}, "expired"),
        ({"status": "canceled", "expires_at": AT - DAY}, "canceled"),
    ],
)
@pytest.mark.parametrize(("on_ineligible", "outcome"), [("fail", "failed"), ("skip", "skipped")])
@pytest.mark.parametrize("force", [False, True])
def test_the_status_gate(change: dict[str, Any], reason: str, on_ineligible: str, outcome: str, force: bool) -> None:
    email = plan(replace(ORDER, **change), on_ineligible=on_ineligible, force=force)
    assert (email.outcome, email.reason, email.requested_at) == (outcome, reason, None)


@pytest.mark.parametrize("expires_at", [None, AT + timedelta(seconds=1)])
def test_what_is_not_known_to_have_expired_is_requested(expires_at: datetime | None) -> None:
    assert plan(replace(ORDER, expires_at=expires_at)).outcome == "requested"


@pytest.mark.parametrize(
    ("patterns", "recipient", "allowed"),
    [
        (None, None, True),
        (None, "admin@example.com", True),
        ([], "admin@example.com", False),
        (["*@example.com"], "admin@example.com", True),
        (["*@EXAMPLE.com"], "Admin@example.COM", True),
        (["*@example.com"], "admin@example.com.evil.test", False),
        (["*@example.com"], "admin@sub.example.com", False),
        (["hostmaster@*", "admin@*"], "admin@example.com", True),
        (["*"], None, False),
        (["*@xn--bcher-kva.example"], "admin@bücher.example", True),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_who_may_be_mailed(patterns: list[str] | None, recipient: str | None, allowed: bool, force: bool) -> None:
    email = plan(replace(ORDER, approver_email=recipient), allowed_recipients=patterns, force=force)
    expected = ("requested", None) if allowed else ("failed", "recipient_not_allowed")
    assert (email.outcome, email.reason) == expected
    if not allowed:
        assert email.facts == {"recipient": recipient, "option": "allowed_recipients", "domain": None}


@pytest.mark.parametrize(
    ("limit", "asked_for", "named"),
    [
        (["*@example.com"], ["*"], None),
        (["*@example.com"], ["admin@*"], None),
        (None, ["*@example.com"], None),
        (["*@example.net"], ["*"], "allowed_recipients"),
        (["*@example.com"], ["*@example.net"], "recipients"),
        (["*"], [], "recipients"),
    ],
)
def test_who_is_asked_for_narrows_who_may_be_mailed_and_never_widens_it(
    limit: list[str] | None, asked_for: list[str], named: str | None
) -> None:
    email = plan(allowed_recipients=limit, recipients=asked_for)
    assert email.reason == ("recipient_not_allowed" if named else None)
    assert email.facts.get("option") == named


@pytest.mark.parametrize(
    ("approved", "reason"),
    [
        ([{"order_id": 100, "recipient": "Admin@Example.com"}], None),
        ([{"order_id": "100", "recipient": "Admin@Example.com", "outcome": "requested"}], None),
        ([{"order_id": 100, "recipient": "admin@example.com"}], "recipient_changed"),
        ([{"order_id": 100, "recipient": "*"}], "recipient_changed"),
        ([{"order_id": 100, "recipient": None}], "recipient_not_allowed"),
        ([{"order_id": 101, "recipient": "Admin@Example.com"}], "recipient_not_allowed"),
        ([{"order_id": 100, "recipient": "Admin@Example.com", "outcome": "skipped"}], "recipient_not_allowed"),
        ([], "recipient_not_allowed"),
    ],
)
def test_each_order_is_mailed_where_it_was_approved(approved: list[dict[str, Any]], reason: str | None) -> None:
    seen = parse_approved(approved) or {}
    email = limit_to_approved(plan(), seen)
    assert (email.outcome, email.reason) == ("failed" if reason else "requested", reason)
    assert reason is None or email.requested_at is None
    if reason == "recipient_changed":
        assert email.facts == {"seen": seen[100], "recipient": "Admin@Example.com", "is_approved": True}
    without = limit_to_approved(plan(replace(ORDER, approver_email=None)), seen)
    assert without.outcome == "failed", "what has no address was not approved"
    in_cooldown = plan(last=entry(AT - HOUR))
    assert limit_to_approved(in_cooldown, seen) == in_cooldown, "nobody is mailed"


@pytest.mark.parametrize("status", ["canceled", "pending", "unknown"])
@pytest.mark.parametrize("on_ineligible", ["fail", "skip"])
def test_what_was_approved_and_cannot_be_mailed_any_more(status: Any, on_ineligible: Any) -> None:
    email = plan(replace(ORDER, status=status), on_ineligible=on_ineligible)
    limited = limit_to_approved(email, {100: "Admin@Example.com"})
    assert (limited.outcome, limited.reason, limited.facts) == ("failed", "changed_meanwhile", {"status": status})
    assert limit_to_approved(email, {101: "Admin@Example.com", 100: None}) == email


@pytest.mark.parametrize(
    ("order_ids", "told", "missing"),
    [(None, {100}, [101]), (None, {100, 101}, []), ({100}, {100}, []), ({100, 101, 102}, {100}, [101])],
)
def test_what_was_approved_and_is_not_selected_any_more(
    order_ids: set[int] | None, told: set[int], missing: list[int]
) -> None:
    emails = fail_unselected({100: "a@example.com", 101: "b@example.com", 102: None}, order_ids, told)
    assert [(email.order_id, email.recipient, email.outcome, email.reason) for email in emails] == [
        (order_id, "b@example.com", "failed", "changed_meanwhile") for order_id in missing
    ]


@pytest.mark.parametrize(
    "approved", [[{}], [{"order_id": 100, "recipient": 5}], [{"order_id": "x", "recipient": "a@b"}]]
)
def test_what_is_no_approval(approved: list[dict[str, Any]]) -> None:
    with fails("invalid_argument", "Set approved to the emails that a run in check mode returned"):
        parse_approved(approved)


@pytest.mark.parametrize(
    ("patterns", "domain"),
    [
        (["example.com"], "example.com"),
        (["*@example.net", "example.com"], "example.com"),
        (["@example.com"], "example.com"),
        (["*@example.net"], None),
        (["boss@example.com"], None),
        (["*.net"], None),
    ],
)
def test_a_domain_alone_allows_no_one(patterns: list[str], domain: str | None) -> None:
    """The message says how to write it."""
    email = plan(allowed_recipients=patterns)
    assert (email.reason, email.facts["domain"]) == ("recipient_not_allowed", domain)


@pytest.mark.parametrize(
    ("confirmed", "outcome", "reason"), [(True, "skipped", "cooldown"), (False, "failed", "outcome_unknown")]
)
def test_the_last_request_forbids_another(confirmed: bool, outcome: str, reason: str) -> None:
    email = plan(last=entry(AT - HOUR, confirmed=confirmed))
    canceled = plan(replace(ORDER, status="canceled"), last=entry(AT - HOUR, confirmed=confirmed))
    assert canceled.next_allowed_at == AT - HOUR + DAY, "if it comes to be eligible again"
    assert (email.outcome, email.reason, email.requested_at) == (outcome, reason, None)
    assert (email.previous_requested_at, email.next_allowed_at) == (AT - HOUR, AT - HOUR + DAY)
    assert email.facts == {"requested_at": AT - HOUR, "next_allowed_at": AT - HOUR + DAY, "is_under_way": False}


@pytest.mark.parametrize("confirmed", [True, False])
@pytest.mark.parametrize(
    ("age", "options"),
    [
        (DAY, {}),
        (HOUR, {"force": True}),
        (HOUR, {"min_interval": timedelta()}),
        (timedelta(), {"min_interval": timedelta()}),
        (HOUR, {"min_interval": timedelta(minutes=30)}),
    ],
)
def test_when_the_last_request_forbids_nothing(confirmed: bool, age: timedelta, options: dict[str, Any]) -> None:
    email = plan(last=entry(AT - age, confirmed=confirmed), **options)
    assert (email.outcome, email.previous_requested_at) == ("requested", AT - age)


@pytest.mark.parametrize(("lease", "outcome"), [(2 * HOUR, "skipped"), (HOUR, "failed")], ids=str)
def test_a_claim_that_stands_open(lease: timedelta, outcome: str) -> None:
    """Within its lease another run may be at it; after that it was given up."""
    at = AT - HOUR
    email = plan(last=replace(entry(at), state="claimed", lease_until=at + lease))
    assert (email.outcome, email.reason) == (outcome, "outcome_unknown")
    assert email.facts["is_under_way"] == (outcome == "skipped")


def held(identifier: int, key: str = "ec", begins: int = -29, ends: int = 300, **how: Any) -> StoreCertificate:
    """A certificate of the store for the order's name."""
    return Made(key=key, days=(begins, ends), **how).record(identifier)


STORED = replace(
    ORDER,
    created_at=NOW - 30 * DAY,
    effective_at=NOW - 29 * DAY,
    expires_at=NOW + 300 * DAY,
    public_key_sha256=certificate_of(held(7)).public_key_sha256,
)
"""The order of that certificate."""


def after_the_store(
    *stored: StoreCertificate, orders: Sequence[Order] = (STORED,), last: Entry | None = None
) -> list[EmailAction]:
    """The plan for these orders, with what the store holds."""
    index, view = StoreIndex(stored), view_with()
    return [skip_stored_email(plan_email(order, last, WISHES, NOW), order, index, view) for order in orders]


def test_an_order_whose_certificate_is_stored_is_skipped() -> None:
    other = replace(STORED, id=101, public_key_sha256="cd" * 32)
    keyless = replace(STORED, id=102, public_key_sha256=None)
    stored = held(7), held(8), held(9, "other ec"), held(10, begins=-400, ends=-30)
    done = after_the_store(*stored, orders=[STORED, other, keyless])
    assert [(email.outcome, email.reason) for email in done] == [
        ("skipped", "already_imported"),
        ("requested", None),
        ("requested", None),
    ]
    assert (done[0].requested_at, done[0].next_allowed_at) == (None, None)
    assert done[0].facts == {"certificate_ids": [7, 8]}


@pytest.mark.parametrize(("number", "key", "reason"), [(7, "", "already_imported"), (8, "other ec", "superseded")])
def test_an_order_that_is_settled_does_not_fail_because_of_its_address(number: int, key: str, reason: str) -> None:
    """No email would be sent; a scheduled run would fail each day."""
    stored = held(number, key, -2, 500) if key else held(number)
    refused = plan_email(STORED, None, replace(WISHES, allowed_recipients=["*@example.net"]), NOW)
    assert (refused.outcome, refused.reason) == ("failed", "recipient_not_allowed")
    view = view_with()
    done = skip_stored_email(refused, STORED, StoreIndex([stored]), view)
    assert (done.outcome, done.reason) == ("skipped", reason)
    assert skip_stored_email(refused, STORED, StoreIndex([]), view) == refused


def test_an_order_that_was_replaced_is_skipped() -> None:
    newer = ((8, -2, 500), (9, -1, 600), (10, -3, 400))
    (done,) = after_the_store(*(held(number, "other ec", begins, ends) for number, begins, ends in newer))
    assert (done.outcome, done.reason, done.requested_at, done.next_allowed_at) == ("skipped", "superseded", None, None)
    assert done.facts == {"certificate_id": 9, "not_after": NOW + 600 * DAY}


@pytest.mark.parametrize("how", [{"by": "itself"}, {"begins": 20}], ids=str)
def test_what_may_not_stand_in_for_an_order_does_not_hide_it(how: dict[str, Any]) -> None:
    (done,) = after_the_store(held(8, "other ec", **{"begins": -2, "ends": 500, **how}))
    assert (done.outcome, done.reason) == ("requested", None)


def test_a_renewal_that_keeps_its_key_is_requested() -> None:
    assert after_the_store(held(7, begins=-400, ends=10)) == [plan_email(STORED, None, WISHES, NOW)]


@pytest.mark.parametrize("state", ["unknown", "claimed"])
def test_a_stored_certificate_settles_what_became_of_a_request_without_an_answer(state: str) -> None:
    last = replace(entry(NOW - HOUR), state=state)
    assert [email.reason for email in after_the_store(last=last)] == ["outcome_unknown"]
    (done,) = after_the_store(held(7), last=last)
    assert (done.outcome, done.reason, done.next_allowed_at) == ("skipped", "already_imported", None)


def test_a_stored_certificate_changes_no_other_reason() -> None:
    pending = replace(STORED, status="pending")
    assert after_the_store(held(7), orders=[pending]) == [plan_email(pending, None, WISHES, NOW)]


@pytest.mark.parametrize(
    ("order", "last", "options", "expected"),
    [
        (ORDER, None, {}, True),
        (ORDER, AT - HOUR, {}, True),
        (ORDER, None, {"allowed_recipients": []}, False),
        (ORDER, AT - HOUR, {"allowed_recipients": []}, True),
        (ORDER, AT - 2 * DAY, {"allowed_recipients": []}, False),
        (replace(ORDER, status="pending"), None, {}, False),
    ],
    ids=["requested", "cooldown", "not allowed", "not any more", "long ago", "pending"],
)
def test_which_emails_are_still_to_come(
    order: Order, last: datetime | None, options: dict[str, Any], expected: bool
) -> None:
    email = plan(order, entry(last) if last else None, **options)
    assert is_awaited(email.as_result(), AT) == expected


def test_an_email_that_was_requested_not_long_before_may_come() -> None:
    """Though it is not told until when that forbids another one."""
    email = {**plan(last=entry(AT - HOUR)).as_result(), "next_allowed_at": None}
    assert email["reason"] == "cooldown" and is_awaited(email, AT)
    assert is_awaited({**email, "reason": "outcome_unknown"}, AT) and not is_awaited({**email, "reason": None}, AT)
    assert not is_awaited({**email, "reason": None, "next_allowed_at": format_time(AT)}, AT), (
        "it is over at that moment"
    )
    assert is_awaited({**email, "reason": None, "outcome": "requested"}, AT)
