# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which modules the phases run, with what, and what the end of the role is told; what that means: ../module_utils/_report/test_fulfillment.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.action.ssl_fulfillment import listed, run_phases, told_of
from ansible_collections.softlayer.certificates.plugins.module_utils._report.fulfillment import Run

Calls = list[tuple[str, Mapping[str, Any]]]
ORDER = {"fulfillment_email_available": True, "imported": False, "superseded_by": []}
LISTED = {"orders": [{**ORDER, "id": 1}, {**ORDER, "id": 2, "imported": True}]}
ANSWERS: dict[str, Any] = {
    "ssl_order_info": LISTED,
    "ssl_fulfillment_email": {"emails": []},
    "ssl_fulfillment_email_info": {"certificates": [], "missing": []},
    "ssl_certificate_import": {"certificates": [], "skipped_items": []},
    "ssl_certificate_info": {"certificates": []},
}
AT = datetime(2026, 11, 30, tzinfo=timezone.utc)
MAIL = {"maildir": "/srv/mail", "max_age_days": 3}


def ran(*phases: str, answers: Mapping[str, Any] | None = None, **given: Any) -> tuple[Calls, Run]:
    """The calls of a run of these phases, those in check mode with a `?`, and what it has come to."""
    calls: Calls = []

    def answer(module: str, options: Mapping[str, Any], mark: str = "") -> Mapping[str, Any]:
        calls.append((module + mark, options))
        return {**ANSWERS, **(answers or {})}[module]

    def simulate(module: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return answer(module, options, "?")

    options = {"phases": list(phases), "certificate_dir": "/srv/certificates", **given}
    return calls, run_phases(options, answer, simulate, waits=True)


LIST, SEND, KNOW, LOOK, STORE, SERVED = (
    *("ssl_order_info", "ssl_fulfillment_email", "ssl_fulfillment_email?", "ssl_fulfillment_email_info"),
    *("ssl_certificate_import", "ssl_certificate_info"),
)


@pytest.mark.parametrize(
    ("phases", "with_mail", "without"),
    [
        ("request", [SEND], [SEND]),
        ("collect", [LIST, KNOW, LOOK], None),
        ("import", [LIST, KNOW, LOOK, STORE], [LIST, STORE]),
        ("report", [LIST, KNOW, LOOK, SERVED], [LIST, KNOW, SERVED]),
        ("request import", [LIST, LOOK, SEND, LOOK, STORE], [LIST, SEND, STORE]),
        ("import report", [LIST, KNOW, LOOK, STORE, LIST, SERVED], [LIST, KNOW, STORE, LIST, SERVED]),
    ],
)
def test_what_runs(phases: str, with_mail: list[str], without: list[str] | None) -> None:
    assert [module for module, _ in ran(*phases.split(), mail=MAIL)[0]] == with_mail
    assert without is None or [module for module, _ in ran(*phases.split())[0]] == without


def test_what_the_modules_are_given() -> None:
    """The mailbox is opened before anything is sent; of orders that are done, no email is looked for unless that is forced."""
    given = {
        "mail": MAIL,
        "select": {"account_id": 5},
        "wait": True,
        "force": False,
        "order_ids": [1, 2],
        "trust": "warn",
    }
    calls, _run = ran("request", "collect", "import", "report", **given)
    opened, found = (options for module, options in calls if module == LOOK)
    assert opened == {"maildir": "/srv/mail", "orders": [], "open_always": True}
    assert found == {**MAIL, "orders": LISTED["orders"][:1], "emails": [], "trust": "warn", "wait": True}
    known = dict(calls)[KNOW]
    assert (known["order_ids"], known["account_id"], known["max_orders"]) == ([1, 2], 5, 2)
    assert "allowed_recipients" not in known, "what limits nothing is not made a limit"
    listed, again = (options for module, options in calls if module == LIST)
    assert listed == {"select": {"account_id": 5}, "order_ids": [1, 2], "gather_imported": True}
    assert again == {"account_id": 5, "order_ids": [1, 2], "gather_imported": True}
    stored = dict(calls)[STORE]
    assert stored["collected"] == [] and "certificate_dir" not in stored
    assert dict(ran("import")[0])[STORE]["certificate_dir"] == "/srv/certificates"
    forced = dict(ran("collect", mail=MAIL, force="yes")[0])
    assert forced[LOOK]["orders"] == LISTED["orders"] and not forced[LOOK]["wait"]
    assert forced[KNOW]["allowed_recipients"] == ["nobody@invalid"], "only a report tells what could be requested"
    assert not dict(ran("import", mail=MAIL, wait=True)[0])[LOOK]["wait"]


FAILED = {"msg": "No.", "failure": {"code": "unreachable", "message": "No."}}


def test_a_report_does_without_the_store() -> None:
    """It says that the store could not be read; what is to be imported is not chosen without it."""
    tried: list[Mapping[str, Any]] = []

    def answer(module: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
        tried.append(options)
        reads_store = options.get("gather_imported") or module == SERVED
        orders = [{"id": order["id"], "fulfillment_email_available": True} for order in LISTED["orders"]]
        return FAILED if reads_store else {"orders": orders} if module == LIST else ANSWERS[module]

    run = run_phases(
        {"phases": ["report"], "order_ids": [1], "mail": MAIL, "force": False}, answer, answer, waits=False
    )
    assert tried[:2] == [{"order_ids": [1], "gather_imported": True}, {"order_ids": [1]}]
    told = told_of(run, False, AT)
    assert [record["common_name"] for record in told["result"]["failed"]] == ["the certificate store"]
    assert len(told["told"]["orders"]) == 2
    assert "orders" not in run_phases({"phases": ["report", "import"]}, answer, answer, waits=False).listed


def test_what_cannot_be_done_without_another_ends_the_run() -> None:
    phases = ("request", "import", "report")
    for module, expected in ((LIST, [LIST]), (SEND, [LIST, LOOK, SEND]), (LOOK, [LIST, LOOK])):
        calls, run = ran(*phases, mail=MAIL, answers={module: FAILED})
        assert [name for name, _ in calls] == expected
        told = told_of(run, False, AT)
        assert [record["reason"] for record in told["result"]["failed"]] == ["unreachable"]
        assert "orders" not in told["told"] and told["told"]["failure"]["message"].startswith("1 failed: ")
        assert ("No email was requested." in told["told"]["failure"]["message"]) is (module == LOOK)
    calls, run = ran("import", mail=MAIL, answers={LOOK: FAILED})
    assert STORE not in dict(calls) and told_of(run, False, AT)["result"]["failed"]


def test_a_report_without_load_balancers() -> None:
    calls, run = ran("report", answers={SERVED: FAILED})
    assert [options for module, options in calls if module == SERVED] == [{"gather_services": True}, {}]
    told = told_of(run, False, AT)["told"]
    assert told["orders"] == LISTED["orders"] and told["store"] is None and told["failure"]
    run = Run(["report"], listed=LISTED, store={"certificates": [], "unserved": "No."})
    told = told_of(run, False, AT)["told"]
    assert told["failed"] == [{"common_name": "what serves the certificates", "message": "No."}] and not told["failure"]


def test_a_warning_of_several_modules_is_told_once() -> None:
    answers: list[Mapping[str, Any]] = [
        {"warnings": ["Mind this."], "diff": {"before": "a"}},
        {},
        {"warnings": ["Mind this.", "And that."]},
    ]
    assert listed(answers, "warnings") == ["Mind this.", "And that."] and listed(answers, "diff") == [{"before": "a"}]


def test_when_an_email_was_requested_says_since_when_it_is_waited_for() -> None:
    """In a phase that waits for it: asked in this run, or looked up."""
    missing = {"order_id": 1, "common_name": "www.example.com", "reason": "waiting_for_email", "message": "It waits."}
    mails = {"certificates": [], "missing": [missing]}
    email = {"order_id": 1, "recipient": "a@example.com", "outcome": "skipped", "reason": "cooldown", "message": ""}
    emails = {"emails": [{**email, "order_id": 2}, {**email, "first_requested_at": "2026-01-01T00:00:00Z"}]}
    for source in ("emails", "known"):
        told = told_of(Run(["collect"], mails=mails, **{source: emails}), False, AT)
        (skipped,) = [record for record in told["result"]["skipped"] if record["order_id"] == 1]
        assert skipped["needs_person"] and "2026-01-01T00:00:00Z" in skipped["message"]
        assert told["told"]["failure"]["message"].startswith("1 order needs a person: www.example.com, order 1: ")
        assert told["result"]["failed"] == []
    told = told_of(Run(["collect"], mails=mails), False, AT)
    assert not told["told"]["failure"] and not told["result"]["skipped"][0]["needs_person"], "nobody knows since when"
    told = told_of(Run(["report"], mails=mails, known=emails), False, AT)
    assert not told["told"]["failure"], "a report only tells"
