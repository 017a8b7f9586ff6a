# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.softlayer.certificates.plugins.action.ssl_certificate_report import summarize_run
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.messages import (
    NO_ORDERS,
    format_failing_rows,
    format_line,
    format_skipped_orders,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.summary import (
    RESULT_LISTS,
    Run,
    build_outcome,
    build_summary,
    why_failed,
)


def run_of(*phases: str, asked: list[str] | None = None, **answers: dict[str, Any]) -> Run:
    """A run of these phases, with what the modules returned."""
    names = ("order_list", "emails", "mails", "imports", "email_plan", "store")
    return Run(asked or phases, **{name: answers.get(name, {}) for name in names})


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


def test_a_module_that_failed_as_a_whole() -> None:
    failure = {"reason": "unreachable", "code": "unreachable", "message": "No answer."}
    answer = {"msg": "No.", "failure": {"code": "unreachable", "message": "No answer."}}
    for name, what in {
        "order_list": "the orders",
        "emails": "the emails",
        "mails": "the mailbox",
        "imports": "the import",
        "email_plan": "the ledger",
        "store": "the certificate store",
    }.items():
        assert build_outcome(run_of("import", "report", **{name: answer}))["failed"] == [
            {"common_name": what, **failure}
        ]
    assert build_outcome(run_of("import", email_plan=answer))["failed"] == [], "it only tells how long something takes"
    assert build_outcome(run_of("request", order_list={"skipped": True}))["failed"] == []


def test_the_last_phase_says_why_an_order_is_skipped() -> None:
    run = run_of(
        "request",
        "collect",
        "import",
        emails={"emails": [email(1, "skipped", "cooldown"), email(2, "skipped", "cooldown"), email(4)]},
        mails={"certificates": [waiting(4, "")], "missing": [waiting(1, "waiting_for_email"), waiting(2, "untrusted")]},
        imports={
            "certificates": [certificate(4, "unchanged", 7)],
            "skipped_items": [waiting(1, "waiting_for_email"), waiting(2, "waiting_for_email")],
        },
    )
    result = build_outcome(run)
    assert {one["order_id"]: one["reason"] for one in result["skipped"]} == {
        1: "waiting_for_email",
        2: "untrusted",
        4: "already_imported",
    }
    assert ids(result["collected"]) == [4]


def test_nothing_is_imported_where_the_mailbox_could_not_be_read() -> None:
    result = build_outcome(run_of("collect", "import", mails={"msg": "No."}, imports={"skipped": True}))
    assert [one["common_name"] for one in result["failed"]] == ["the mailbox"]


def test_an_order_that_does_not_exist_is_named_once() -> None:
    listed = {"orders": [], "missing_order_ids": [3, 4]}
    result = build_outcome(
        run_of("request", "import", order_list=listed, emails={"emails": [email(3, "failed", "not_found")]})
    )
    assert [(one["order_id"], one["reason"]) for one in result["failed"]] == [(3, "not_found"), (4, "not_found")]


def test_imports() -> None:
    certificates = [certificate(1, "imported", 7), certificate(2, "failed"), certificate(3, "updated", 8)]
    certificates.append(certificate(4, "im********ed"))  # where a short secret is part of the word
    result = build_outcome(run_of("import", imports={"certificates": certificates}))
    assert (ids(result["imported"]), ids(result["failed"])) == ([1, 3], [2, 4])


def test_a_report_collects_nothing_and_says_what_could_not_be_read() -> None:
    failure = {"failure": {"code": "x", "message": "No."}}
    mails = {"certificates": [waiting(1, "")], "missing": [waiting(2, "waiting_for_email")]}
    result = build_outcome(
        run_of("collect", "report", asked=["report"], mails=mails, email_plan=failure, store=failure)
    )
    assert result["collected"] == [] == result["skipped"]
    assert [one["common_name"] for one in result["failed"]] == ["the ledger", "the certificate store"]


LISTED = run_of("import", order_list={"orders": [{"id": 1}]})


def told(result: dict[str, Any], run: Run = LISTED, *, is_check_mode: bool = False) -> list[str]:
    every: dict[str, Any] = {**{name: [] for name in RESULT_LISTS}, **result}
    return build_summary(run, every, is_check_mode=is_check_mode)


def test_the_summary() -> None:
    result = {
        "requested": [email(1), {**email(2), "recipient": None}],
        "collected": [
            *({**waiting(number, ""), "source": {"date": "2026-01-05T09:11:12Z"}} for number in (1, 7)),
            {**waiting(8, ""), "source": {}},
        ],
        "imported": [certificate(1, "imported", 7), certificate(2, "updated")],
        "failed": [
            email(3, "failed", "api_error"),
            email(4, "failed", "recipient_not_allowed"),
            {"message": "No answer."},
        ],
        "skipped": [email(5, "skipped", "expired"), waiting(6, "canceled")],
    }
    totals_line = "This run: 2 requested, 3 collected, 2 imported, 2 skipped, 3 failed."
    assert told(result) == [
        *(format_line("requested", one, "done") for one in result["requested"]),
        *(
            format_line("collected", one, "done") for one in result["collected"][1:]
        ),  # of the other is said that it was imported
        *(format_line("imported", one, "done") for one in result["imported"]),
        *("skipped: www6.example.com (canceled)", "skipped: www5.example.com (expired)", totals_line),
    ]


def test_the_summary_of_check_mode() -> None:
    requested, imported = email(1), certificate(2, "imported")
    assert told({"requested": [requested], "imported": [imported]}, is_check_mode=True) == [
        format_line("requested", requested, "would be"),
        format_line("imported", imported, "would be"),
        "This run: 1 would be requested, 1 would be imported.",
    ]


def test_what_the_first_orders_wait_for_is_said() -> None:
    lines = told({"skipped": [waiting(number, "waiting_for_key") for number in range(1, 8)]})
    assert lines[:-1] == [
        *(f"skipped: www{number}.example.com (waiting_for_key): said" for number in range(1, 6)),
        "skipped: www6.example.com, www7.example.com (waiting_for_key)",
    ]


def test_an_order_that_waits_too_long_fails_the_run() -> None:
    """It is skipped all the same: a later run takes it up."""
    late = {**waiting(1, "waiting_for_email"), "needs_attention": True}
    result = {"skipped": [late, {**waiting(2, "waiting_for_key"), "needs_attention": False}]}
    [skipped, totals] = told(result)
    assert (skipped, totals) == (
        "skipped: www2.example.com (waiting_for_key): said",
        "This run: 1 skipped, 1 needs attention.",
    )
    nothing: dict[str, Any] = {name: [] for name in RESULT_LISTS}
    assert why_failed({**nothing, **result}) == format_skipped_orders([late])
    assert why_failed({**nothing, "failed": [{"message": "No answer."}]}) == "1 item failed:\ncertificate: No answer."
    both = why_failed({**nothing, "skipped": [late, late], "failed": [{"message": "No answer."}]})
    assert both == f"1 item failed:\ncertificate: No answer.\n{format_skipped_orders([late, late])}"
    assert why_failed({**nothing, "skipped": [waiting(1, "cooldown")]}) == ""


def test_what_the_report_finds_fails_the_run() -> None:
    """What has failed is not said again."""
    rows = [
        {"order_id": 1, "name": "www1.example.com", "state": "not_allowed", "attention": ["expiring", "not_allowed"]},
        {"order_id": 2, "name": None, "state": "received", "attention": ["waiting_for_key"]},
        {"order_id": 3, "name": "www3.example.com", "state": "imported", "attention": ["expiring"]},
        {"order_id": 4, "name": "www4.example.com", "state": "imported", "attention": []},
    ]
    nothing: dict[str, Any] = {name: [] for name in RESULT_LISTS}
    for fail_on, alarming in ((["not_allowed"], rows[:1]), (["not_allowed", "waiting_for_key"], rows[:2])):
        assert why_failed(nothing, rows, fail_on) == format_failing_rows(alarming, fail_on)
    assert why_failed(nothing, rows, []) == why_failed(nothing, rows[3:], ["expiring"]) == ""
    assert "attention" not in why_failed(
        {**nothing, "failed": [{"order_id": 1, "message": "No."}]}, rows[:1], ["expiring"]
    )


def test_a_selection_of_nothing() -> None:
    for run in (run_of("request", emails={"emails": []}), run_of("import", order_list={"orders": []})):
        assert told({}, run) == [NO_ORDERS]
    assert NO_ORDERS not in told({}, run_of("request", emails={"emails": [email(1)]}))


def test_an_email_that_could_not_be_requested_is_reported_once() -> None:
    """That it has not come is no news; that what has come cannot be used is."""
    emails = {"emails": [email(1, "failed", "recipient_not_allowed"), email(2, "failed", "rate_limited"), email(3)]}
    missing = [waiting(1, "waiting_for_email"), waiting(2, "untrusted"), waiting(3, "waiting_for_email")]
    mails = {"certificates": [], "missing": missing}
    collected = build_outcome(run_of("request", "collect", emails=emails, mails=mails))
    assert (ids(collected["failed"]), ids(collected["skipped"])) == ([1, 2], [2, 3])
    skipped = [waiting(number, "waiting_for_email") for number in (1, 2, 3)] + [waiting(4, "waiting_for_key")]
    imported = {"certificates": [], "skipped_items": skipped}
    done = build_outcome(run_of("request", "collect", "import", emails=emails, mails=mails, imports=imported))
    assert (ids(done["failed"]), ids(done["skipped"])) == ([1, 2], [2, 3, 4])


AT = datetime(2026, 11, 30, tzinfo=timezone.utc)


def test_when_an_email_was_requested_says_since_when_it_is_waited_for() -> None:
    """In a phase that waits for it: requested in this run, or looked up."""
    mails: dict[str, Any] = {"certificates": [], "missing": [waiting(1, "waiting_for_email")]}
    emails = {"emails": [email(2), {**email(1, "skipped", "cooldown"), "first_requested_at": "2026-01-01T00:00:00Z"}]}
    for source in ("emails", "email_plan"):
        told = summarize_run(run_of("collect", mails=mails, **{source: emails}), AT, is_check_mode=False)
        (skipped,) = [record for record in told["result"]["skipped"] if record["order_id"] == 1]
        assert skipped["needs_attention"] and "2026-01-01T00:00:00Z" in skipped["message"]
        assert told["error"].startswith("1 order needs attention:\nwww1.example.com, order 1: ")
        assert told["result"]["failed"] == []
    told = summarize_run(run_of("collect", mails=mails), AT, is_check_mode=False)
    assert not told["error"] and not told["result"]["skipped"][0]["needs_attention"], (
        "the time of the request is unknown"
    )
    assert not summarize_run(run_of("report", mails=mails, email_plan=emails), AT, is_check_mode=False)["error"]


def test_what_a_run_has_imported_is_imported_in_its_report() -> None:
    """The orders were listed before. In check mode nothing was imported."""
    orders = [{"id": number, "certificate_ids": [], "imported": False, "status": "approved"} for number in (1, 2)]
    imported = {"certificates": [certificate(1, "imported", 70)]}
    run = run_of(
        "import",
        "report",
        order_list={"orders": orders, "order_count": 2},
        imports=imported,
        store={"certificates": []},
    )
    assert summarize_run(run, AT, is_check_mode=False)["report"]["orders"] == [
        {**orders[0], "certificate_ids": [70], "imported": True},
        orders[1],
    ]
    imported["certificates"] = [certificate(1, "imported")]
    assert summarize_run(run, AT, is_check_mode=True)["report"]["orders"] == orders


def test_a_task_that_was_skipped_has_no_result() -> None:
    answers = {
        "requested_phases": ["request"],
        "order_list": {"skipped": True, "changed": False},
        "emails": {"emails": []},
    }
    assert Run.of(answers) == Run(["request"], emails={"emails": []})
