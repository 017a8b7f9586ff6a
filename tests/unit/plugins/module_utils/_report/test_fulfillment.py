# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report.fulfillment import (
    LISTS,
    Run,
    outcome,
    run_of,
    summary,
    why_failed,
)


def email(order_id: int, outcome: str = "requested", reason: str | None = None) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "common_name": f"www{order_id}.example.com",
        "recipient": "admin@example.com",
        "outcome": outcome,
        "reason": reason,
        "message": "Raise max_orders.",
    }


def certificate(order_id: int, outcome: str, identifier: int | None = None) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "common_name": f"www{order_id}.example.com",
        "outcome": outcome,
        "id": identifier,
        "message": "said",
    }


def waiting(order_id: int, reason: str) -> dict[str, Any]:
    return {"order_id": order_id, "common_name": f"www{order_id}.example.com", "reason": reason, "message": "said"}


def ids(records: list[Any]) -> list[int]:
    return [record["order_id"] for record in records]


def words(message: str) -> str:
    return message.replace("max_orders", "ssl_fulfillment_max_orders")


def test_a_listing_that_failed_is_all_there_is_to_say() -> None:
    run = Run(
        ["request", "import"], listed={"msg": "No.", "failure": {"code": "unreachable", "message": "Raise max_orders."}}
    )
    result = outcome(run)
    failure = {"reason": "unreachable", "code": "unreachable", "message": "Raise max_orders."}
    assert result["failed"] == [{"common_name": "the orders", **failure}]
    assert why_failed(run, result["failed"], words) == "Raise ssl_fulfillment_max_orders."
    assert outcome(Run(["request"], listed={}))["failed"][0]["message"] == "The module ended without a result."


def test_emails_of_one_call() -> None:
    emails = [email(1), email(2, "skipped", "cooldown"), email(3, "failed", "api_error")]
    result = outcome(Run(["request"], emails={"emails": emails}))
    assert {name: ids(result[name]) for name in LISTS if result[name]} == {
        "requested": [1],
        "skipped": [2],
        "failed": [3],
    }


@pytest.mark.parametrize(("others", "passed_over"), [([email(1)], True), ([email(1, "skipped", "cooldown")], False)])
def test_some_may_be_passed_over_as_long_as_there_are_others(others: list[Any], passed_over: bool) -> None:
    refused = email(2, "failed", "recipient_not_allowed")
    result = outcome(Run(["request"], emails={"emails": [*others, refused]}), ["recipient_not_allowed"])
    assert (2 in ids(result["skipped"])) == passed_over == (not result["failed"])
    assert all(one["outcome"] == "skipped" for one in result["skipped"])


@pytest.mark.parametrize("others", [[], [email(1)], [email(1, "skipped", "cooldown")]])
def test_what_may_have_been_sent_may_be_passed_over_for_it_may_yet_arrive(others: list[Any]) -> None:
    unclear = email(2, "failed", "outcome_unknown")
    run = Run(["request"], emails={"emails": [*others, unclear]})
    assert ids(outcome(run, ["recipient_not_allowed", "outcome_unknown"])["skipped"])[-1] == 2
    assert ids(outcome(run, ["recipient_not_allowed"])["failed"]) == [2]


def test_the_last_phase_says_why_an_order_is_skipped() -> None:
    run = Run(
        ["request", "collect", "import"],
        emails={"emails": [email(1, "skipped", "cooldown"), email(2, "skipped", "cooldown"), email(4)]},
        mails={
            "certificates": [waiting(4, "")],
            "missing": [waiting(1, "waiting_for_email"), waiting(2, "untrusted")],
        },
        files={"ready": [], "skipped": [waiting(1, "waiting_for_email"), waiting(2, "waiting_for_email")]},
        imports=[{"certificates": [certificate(4, "unchanged", 7)]}],
    )
    result = outcome(run)
    assert {one["order_id"]: one["reason"] for one in result["skipped"]} == {
        1: "waiting_for_email",
        2: "untrusted",
        4: "already_imported",
    }
    assert ids(result["collected"]) == [4]


def test_imports_of_several_batches() -> None:
    answers = [
        {"certificates": [certificate(1, "imported", 7), certificate(2, "failed")]},
        {"failure": {"code": "unreachable", "message": "No answer."}},
        {"certificates": [certificate(3, "updated", 8)]},
    ]
    result = outcome(Run(["import"], files={"ready": [], "skipped": []}, imports=answers))
    assert ids(result["imported"]) == [1, 3]
    assert [one.get("order_id") for one in result["failed"]] == [2, None]


def test_a_report_collects_nothing_and_says_what_could_not_be_read() -> None:
    failure = {"failure": {"code": "x", "message": "No."}}
    run = Run(["report"], mails={"certificates": [waiting(1, "")], "missing": []}, known=failure, store=failure)
    result = outcome(run)
    assert result["collected"] == []
    assert [one["common_name"] for one in result["failed"]] == ["the ledger", "the certificate store"]
    broken = outcome(Run(["report"], mails=failure))
    assert [one["common_name"] for one in broken["failed"]] == ["the mailbox"]


def told(result: dict[str, Any], *blank: str, run: Run | None = None, **how: Any) -> list[str]:
    usual: dict[str, Any] = {"is_check_mode": False, "report": None}
    return summary(run or Run(["import"]), {**{name: [] for name in LISTS}, **result}, blank, words, **{**usual, **how})


def test_the_summary() -> None:
    result = {
        "requested": [email(1), {**email(2), "recipient": None}],
        "collected": [{**waiting(1, ""), "source": {"date": "2026-01-05T09:11:12Z"}}, {**waiting(2, ""), "source": {}}],
        "imported": [certificate(1, "imported", 7), certificate(2, "updated")],
        "failed": [email(3, "failed", "api_error"), {"message": "No answer."}],
        "skipped": [
            email(4, "skipped", "recipient_not_allowed"),
            email(5, "skipped", "expired"),
            waiting(6, "canceled"),
        ],
    }
    assert told(result, report="/srv/report") == [
        "www1.example.com (order 1): requested, goes to admin@example.com",
        "www2.example.com (order 2): requested, goes to an address that the API does not tell",
        "www1.example.com (order 1): found in the email of 2026-01-05T09:11:12Z",
        "www2.example.com (order 2): found in the email of an unknown date",
        "www1.example.com (order 1): imported as certificate 7",
        "www2.example.com (order 2): updated",
        "www3.example.com, order 3: FAILED, Raise ssl_fulfillment_max_orders.",
        "a batch: FAILED, No answer.",
        "www4.example.com (order 4): NOT ALLOWED, passed over: Raise ssl_fulfillment_max_orders.",
        "skipped (canceled): www6.example.com",
        "skipped (expired): www5.example.com",
        "requested 2, collected 2, imported 2, skipped 3, failed 2",
        "the report is /srv/report.html, and beside it .json and .csv",
    ]


def test_the_summary_of_check_mode() -> None:
    lines = told({"requested": [email(1)], "imported": [certificate(2, "imported")]}, is_check_mode=True, report="/r")
    assert lines[0] == "www1.example.com (order 1): would be requested, goes to admin@example.com"
    assert lines[1] == "www2.example.com (order 2): would be imported"
    assert lines[-1].startswith("the report would be /r.html")


@pytest.mark.parametrize(
    ("blank", "has_orders", "said"),
    [
        (
            ["ssl_fulfillment_order_ids"],
            True,
            "because ssl_fulfillment_order_ids is null or empty; to select all, leave it out",
        ),
        (["a", "b"], False, "because a and b are null or empty; to select all, leave them out"),
        ([], False, "because the account has none that fits the selection"),
    ],
)
def test_a_selection_of_nothing(blank: list[str], has_orders: bool, said: str) -> None:
    run = Run(["import"], {"orders": [{"id": 1}] if has_orders else []})
    assert told({}, *blank, run=run)[0] == f"no order is selected, {said}"


NAMELESS = {"common_name": None, "subject_alt_names": ["192.0.2.1", "www.example.org", "example.org"]}


def test_the_summary_of_what_has_no_common_name() -> None:
    result = {
        "requested": [{**email(1), **NAMELESS}],
        "collected": [{**waiting(1, ""), **NAMELESS, "source": {}}],
        "imported": [{**certificate(1, "imported", 7), **NAMELESS}],
        "failed": [{**email(2, "failed", "api_error"), **NAMELESS}, {**NAMELESS, "id": 8, "message": "No."}],
        "skipped": [{**waiting(3, "expired"), **NAMELESS}, {"id": 5, "reason": "expired", "common_name": None}],
    }
    assert told(result, run=Run(["import"]))[:-1] == [
        "www.example.org (order 1): requested, goes to admin@example.com",
        "www.example.org (order 1): found in the email of an unknown date",
        "www.example.org (order 1): imported as certificate 7",
        "www.example.org, order 2: FAILED, Raise ssl_fulfillment_max_orders.",
        "www.example.org: FAILED, No.",
        "skipped (expired): www.example.org, ?",
    ]
    assert why_failed(Run(["import"]), result["failed"], words).startswith("2 failed: www.example.org, order 2: ")


def test_many_are_counted() -> None:
    skipped = [email(number, "skipped", "expired") for number in range(25)]
    assert told({"skipped": skipped})[0].endswith("www9.example.com and 15 more")
    failed = [email(number, "failed", "api_error") for number in range(1, 13)]
    line = why_failed(Run(["request"]), failed, words)
    assert line.startswith("12 failed: www1.example.com, order 1: Raise ssl_fulfillment_max_orders.; ")
    assert line.endswith("; and 2 more")


REGISTERED: dict[str, Any] = {
    "listed": {"orders": [{"id": 1}]},
    "emails": {"emails": [email(1)]},
    "mails": {"certificates": [], "missing": []},
    "files": {"ready": [], "skipped": []},
    "imports": [{"certificates": []}],
    "known": {"emails": []},
    "store": {"certificates": []},
    "unwritten": {"failure": {"code": None, "message": "No space left."}},
}
"""As after earlier runs of the role in the same play, of all phases."""


@pytest.mark.parametrize(
    ("steps", "used"),
    [
        (["request"], {"emails"}),
        (["collect", "import"], {"mails", "files", "imports"}),
        (["report"], {"known", "store", "unwritten"}),
    ],
)
def test_what_an_earlier_run_registered_does_not_count(steps: list[str], used: set[str]) -> None:
    run = run_of(["some"], steps, REGISTERED, is_direct=False)
    empty = Run(["some"])
    given = {name for name in REGISTERED if getattr(run, name) != getattr(empty, name)}
    assert given == used | {"listed"}


def test_a_listing_that_failed_is_followed_by_nothing() -> None:
    assert run_of(["import"], ["import"], {**REGISTERED, "listed": {"msg": "No."}}, is_direct=False) == Run(
        ["import"], {"msg": "No."}
    )


def test_orders_that_were_not_listed_before() -> None:
    run = run_of(["request"], ["request"], {**REGISTERED, "listed": {"msg": "of an earlier run"}}, is_direct=True)
    assert run.listed is None and run.has_listed and run.has_orders
