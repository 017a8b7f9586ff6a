# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Orders: from what the API sends to what results show, and which of them are selected."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import (
    PROPERTIES,
    Order,
    Selection,
    build_order_mask,
    fetch_order,
    fetch_orders,
    find_ineligibility,
    normalize,
    resend_fulfillment_email,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.values import MAX_ID, check_ids

from tests.support.failing import fails

AT = datetime(2026, 3, 8, 12, tzinfo=timezone.utc)
ROW: dict[str, Any] = {
    "id": 7,
    "commonName": " www.example.com ",
    "approverEmailAddress": "admin@example.com",
    "technicalContactEmailAddress": "tech@example.com",
    "certificateSigningRequest": "no CSR",
    "createDate": "2026-01-01T00:00:00-06:00",
    "modifyDate": "2026-01-02T00:00:00-06:00",
    "effectiveDate": "2026-01-03T00:00:00-06:00",
    "expirationDate": "2027-01-03T00:00:00-06:00",
    "status": {"id": 49, "name": "Approved"},
    "order": {"id": 70},
    "orderItem": {"id": 700, "description": "RapidSSL - 1 year"},
}
ORDER = normalize(ROW)


def test_all_of_an_order() -> None:
    assert ORDER.as_result(AT) == {
        "id": 7,
        "common_name": "www.example.com",
        "status": "approved",
        "status_name": "Approved",
        "approver_email": "admin@example.com",
        "technical_contact_email": "tech@example.com",
        "created_at": "2026-01-01T06:00:00Z",
        "modified_at": "2026-01-02T06:00:00Z",
        "effective_at": "2026-01-03T06:00:00Z",
        "expires_at": "2027-01-03T06:00:00Z",
        "days_until_expiry": 300,
        "product": "RapidSSL - 1 year",
        "billing_order_id": 70,
        "public_key_sha256": None,
        "key_type": None,
        "subject_alt_names": [],
        "fulfillment_email_available": True,
    }


def test_an_order_of_which_only_the_id_is_known() -> None:
    result = normalize({"id": "7"}).as_result(AT)
    assert (result.pop("id"), result.pop("status"), result.pop("fulfillment_email_available")) == (7, "unknown", False)
    assert result.pop("subject_alt_names") == []
    assert set(result.values()) == {None}


def test_facts_survive_a_cache() -> None:
    facts = json.loads(json.dumps(ORDER.as_facts()))
    assert Order.from_facts(facts).as_result(AT) == ORDER.as_result(AT)
    assert ORDER.as_result(AT).keys() - facts.keys() == {"days_until_expiry", "fulfillment_email_available"}
    nothing = normalize({"id": "7"})
    assert Order.from_facts(nothing.as_facts()) == nothing


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Pending CA Approval", "pending"),
        ("Approved", "approved"),
        ("APPROVED ", "approved"),
        ("Complete", "complete"),
        ("Canceled", "canceled"),
        ("Under Organization Review", "unknown"),
        (None, "unknown"),
    ],
)
def test_status_words(name: str | None, word: str) -> None:
    assert normalize({"id": 1, "status": {"name": name}}).status == word


@pytest.mark.parametrize(
    ("status", "why_not"),
    [("approved", None), ("complete", None), ("pending", "pending"), ("canceled", "canceled"), ("unknown", "unknown_status"), ("new word", "unknown_status")],
)  # fmt: skip
def test_the_status_gate(status: str, why_not: str | None) -> None:
    for expires_at in (None, AT + timedelta(seconds=1)):
        assert find_ineligibility(status, expires_at, AT) == why_not
    for expires_at in (AT, AT - timedelta(seconds=1)):
        assert find_ineligibility(status, expires_at, AT) == (why_not or "expired")


@pytest.mark.parametrize(
    ("ahead", "within", "selected"),
    [
        (timedelta(0), 0, True),
        (timedelta(days=1), 0, False),
        (timedelta(seconds=-1), 0, False),
        (timedelta(seconds=-1), 30, False),
        (timedelta(days=30, hours=23, minutes=59), 30, True),
        (timedelta(days=31), 30, False),
        (None, 10_000, False),
    ],
)
def test_expiry_within_days(ahead: timedelta | None, within: int, selected: bool) -> None:
    order = replace(ORDER, expires_at=None if ahead is None else AT + ahead)
    assert Selection(expires_within_days=within).matches(order, AT) is selected


@pytest.mark.parametrize(
    ("ahead", "selected"),
    [(timedelta(seconds=1), True), (timedelta(0), False), (timedelta(seconds=-1), False), (None, True)],
)
def test_expired_orders_are_left_out(ahead: timedelta | None, selected: bool) -> None:
    order = replace(ORDER, expires_at=None if ahead is None else AT + ahead)
    assert Selection(exclude_expired=True).matches(order, AT) is selected
    assert Selection().matches(order, AT)


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        (Selection(), True),
        (Selection(order_ids=[7, 8]), True),
        (Selection(order_ids=[]), False),
        (Selection(common_names=["*.example.com"]), True),
        (Selection(common_names=[]), False),
        (Selection(statuses=["pending", "approved"]), True),
        (Selection(statuses=[]), False),
        (Selection(approver_emails=["root@*", "admin@*"]), True),
        (Selection(approver_emails=[]), False),
        (Selection(order_ids=[7], common_names=["www.*"], statuses=["approved"], approver_emails=["*"]), True),
        (Selection(order_ids=[7], common_names=["www.*"], statuses=["pending"], approver_emails=["*"]), False),
    ],
)
def test_criteria_combine(selection: Selection, selected: bool) -> None:
    assert selection.matches(ORDER, AT) is selected


@pytest.mark.parametrize("identifiers", [[], [1], [2**31], [MAX_ID], [5, 5]])
def test_ids_that_can_be(identifiers: list[int] | None) -> None:
    check_ids("order_ids", identifiers)


@pytest.mark.parametrize("identifier", [0, -1, MAX_ID + 1, 10**30])
def test_ids_that_cannot_be(identifier: int) -> None:
    with fails("invalid_argument", str(identifier)):
        check_ids("order_ids", [1, identifier, 2])


class FakeClient:
    """Has some orders, and notes what it is asked."""

    def __init__(self, rows: list[dict[str, Any]], answer: Any = None) -> None:
        self.rows, self.answer = rows, answer
        self.asked: list[str] = []
        self.masks: set[str] = set()

    def read_list(self, service: str, method: str, *args: int, mask: str) -> list[dict[str, Any]]:
        assert (service, method) == ("Security_Certificate_Request", "getSslCertificateRequests")
        self.asked.append("all")
        self.masks.add(mask)
        return self.rows

    def read_ids(
        self, service: str, method: str, *args: int, identifiers: Iterable[int], mask: str
    ) -> list[dict[str, Any]]:
        assert (service, method) == ("Security_Certificate_Request", "getSslCertificateRequests")
        self.asked.append("ids")
        self.masks.add(mask)
        return [row for row in self.rows if row["id"] in set(identifiers)]

    def fetch_account_id(self) -> int:
        return 1

    def call(self, service: str, method: str, *args: Any, **keywords: Any) -> Any:
        self.asked.append(f"{service}::{method}{args}{keywords}")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


ROWS = [{**ROW, "id": identifier} for identifier in (3, 4, 7)]


@pytest.mark.parametrize(
    ("wanted", "found", "asked"),
    [(None, [3, 4, 7], ["all"]), ([3, 7], [3, 7], ["ids"]), ([3, 7, 7, 3], [3, 7], ["ids"]), ([3, 99], [3], ["ids"])],
)
def test_which_listing_is_read(wanted: list[int] | None, found: list[int], asked: list[str]) -> None:
    client = FakeClient(ROWS)
    orders = fetch_orders(client, 1, wanted)  # type: ignore[arg-type]
    assert [order.id for order in orders] == found
    assert client.asked == asked
    assert client.masks == {build_order_mask()}


@pytest.mark.parametrize("given", [1, 2])
@pytest.mark.parametrize(
    ("told", "others"),
    [
        *(([1, 1], []), ([1, "1", None], []), ([1, 3], [3]), ([4, 3, None], [3, 4]), ([None, None], [])),
        (["another", 1], [0]),  # what cannot be read is nobody's
    ],
)
def test_an_order_of_another_account_is_refused(given: int, told: list[Any], others: list[int]) -> None:
    """The account of the API's user is 1; the API answers the same whatever account it is asked for."""
    rows = [{**ROW, "id": number, "accountId": account} for number, account in enumerate(told, 5)]
    strangers = others if given == 1 else sorted({*others, 1} if {1, "1", None} & {*told} else others)
    client = FakeClient(rows)
    if strangers:
        with fails(
            "invalid_argument",
            f"orders of account {', '.join(map(str, strangers))} instead of account {given}. Nothing was changed.",
        ):
            fetch_orders(client, given)  # type: ignore[arg-type]
    else:
        assert len(fetch_orders(client, given)) == len(rows)  # type: ignore[arg-type]


def test_what_decides_about_an_email_now() -> None:
    row = {"id": 7, "accountId": 1, "approverEmailAddress": " admin@example.com\n", "status": {"name": "Complete"}}
    client = FakeClient([], answer=row)
    order = fetch_order(client, 1, 7)  # type: ignore[arg-type]
    assert (order.approver_email, order.status) == ("admin@example.com", "complete")
    assert "getObject" in client.asked[0] and "'in_turn': True" in client.asked[0]
    for answer in ({"id": 8, "approverEmailAddress": "a@example.com"}, [], None, "admin@example.com", {}):
        with fails("api_error", "did not return the order"):
            fetch_order(FakeClient([], answer=answer), 1, 7)  # type: ignore[arg-type]
    with fails("invalid_argument", "orders of account 2"):
        fetch_order(FakeClient([], answer={**row, "accountId": 2}), 1, 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "sent"), [(True, True), (1, True), ("true", True), (False, False), (0, False), ("false", False)]
)
def test_resending(answer: Any, sent: bool) -> None:
    client = FakeClient([], answer=answer)
    assert resend_fulfillment_email(client, 7) is sent  # type: ignore[arg-type]
    (call,) = client.asked
    assert "resendEmail('FulfillmentEmail',)" in call
    assert "'identifier': 7" in call
    assert "'repeatable': False" in call


def test_the_mask_names_all_that_is_shown() -> None:
    assert build_order_mask() == (
        "mask[id,accountId,commonName,approverEmailAddress,technicalContactEmailAddress,certificateSigningRequest,createDate,modifyDate,"
        "effectiveDate,expirationDate,status[id,name],order[id],orderItem[id,description]]"
    )


def test_a_mask_asks_for_nothing_that_is_not_needed() -> None:
    assert build_order_mask([]) == "mask[id,accountId]"
    assert build_order_mask({"key_type", "public_key_sha256", "product"}) == (
        "mask[id,accountId,certificateSigningRequest,orderItem[id,description]]"
    )
    assert {build_order_mask([fact]) for fact in ORDER.as_facts()} == {
        f"mask[id,accountId{asked}]" for asked in ["", *(f",{properties}" for properties in PROPERTIES.values())]
    }


def test_equal_csrs_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(f"{fetch_orders.__module__}.read_api_csr", lambda text: read.append(text))
    csrs = ["one", "two", "one", None, ["one"], "one"]
    rows = [{**ROW, "id": number, "certificateSigningRequest": csr} for number, csr in enumerate(csrs, 1)]
    assert len(fetch_orders(FakeClient(rows), 1)) == len(rows)  # type: ignore[arg-type]
    assert read == ["one", "two"]
