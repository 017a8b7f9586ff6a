# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_fulfillment_email as Ansible runs it: each outcome and reason, against what was really sent.

Which requests are planned and why: the pure tests of `_orders.plan_request`; what is claimed, sent and noted when: those of `_run`;
what each answer of the API means: those of `_softlayer.faults`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Claim, Key, Ledger

from tests.simulator.client import Simulator
from tests.support.modules import TRANSPORTS, Run, options_for, run_module

if TYPE_CHECKING:
    from tests.support.postgresql import Server

pytest_plugins = ["tests.support.postgresql"]

MODULE = "ssl_fulfillment_email"
ISO = "%Y-%m-%dT%H:%M:%SZ"

# The demo fleet.
IMPORTED, SHOP, WILDCARD, BOOKS, MAIL, OLD, API, PARTNER, INTRANET, VPN, BETA, PAYMENTS = range(100201, 100213)
NOBODY = 999_999
INELIGIBLE = {
    OLD: "expired",
    INTRANET: "pending",
    VPN: "pending",
    BETA: "canceled",
    PAYMENTS: "unknown_status",
}
ELIGIBLE = {SHOP, WILDCARD, BOOKS, MAIL, API, PARTNER}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where the ledger will be."""
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def options(sim: Simulator, ledger: Path) -> dict[str, Any]:
    """What every run needs, over one transport: for what has nothing to do with the API."""
    return {**options_for(sim), "ledger_url": f"sqlite:///{ledger}", "retries": 1}


@pytest.fixture
def both(api: dict[str, Any], ledger: Path) -> dict[str, Any]:
    """What every run needs, over each transport."""
    return {**api, "ledger_url": f"sqlite:///{ledger}", "retries": 1}


def run(options: dict[str, Any], *order_ids: int, check: bool = False, diff: bool = False, **more: Any) -> Run:
    """Run the module; its counts and `changed` must be those of its list."""
    selection = {"order_ids": list(order_ids)} if order_ids else {}
    done = run_module(MODULE, check=check, diff=diff, **{**options, **selection, **more})
    assert_consistent(done)
    return done


def assert_consistent(done: Run) -> None:
    """Compare what a result says in several places."""
    if "emails" not in done:
        assert done.failed
        return
    emails = done["emails"]
    counts = Counter(email["outcome"] for email in emails)
    for outcome in ("requested", "skipped", "failed"):
        assert done[f"{outcome}_count"] == counts[outcome]
    assert done["changed"] == bool(counts["requested"])
    assert done.failed == bool(counts["failed"])
    assert [email["order_id"] for email in emails] == sorted({email["order_id"] for email in emails})
    for email in emails:
        assert (email["reason"] is None) == (email["outcome"] == "requested")
        assert email["message"]
    if done.failed:
        assert done["failure"]["code"] == "emails_failed"
        assert done["failure"]["message"] == done["msg"]
        failed = {email["order_id"]: email["reason"] for email in emails if email["outcome"] == "failed"}
        assert {entry["order_id"]: entry["reason"] for entry in done["failure"]["details"]["orders"]} == failed


def only(done: Run) -> dict[str, Any]:
    """The one entry of a result."""
    [email] = done["emails"]
    return dict(email)


def entry_of(done: Run, order_id: int) -> dict[str, Any]:
    """The entry of an order."""
    return next(email for email in done["emails"] if email["order_id"] == order_id)


def sent(sim: Simulator) -> list[int]:
    """The orders whose fulfillment email was really sent, as often as it was."""
    sends = sim.sends()
    assert {send["email_type"] for send in sends} <= {"FulfillmentEmail"}
    return sorted(send["order_id"] for send in sends)


def instant(text: str) -> datetime:
    """A time of a result."""
    return datetime.strptime(text, ISO).replace(tzinfo=timezone.utc)


def remember(sim: Simulator, url: str, order_id: int, ago: timedelta, *, confirmed: bool = True) -> datetime:
    """Put a request into a ledger that was made some time ago; one that is not confirmed got no answer."""
    at = (datetime.now(timezone.utc) - ago).replace(microsecond=0)
    ledger = Ledger(url)
    claim = ledger.claim(
        Key("email", f"{sim.account_id}/FulfillmentEmail/{order_id}"), at, timedelta(), timedelta(minutes=3)
    )
    assert isinstance(claim, Claim)
    (ledger.confirm if confirmed else ledger.doubt)(claim)
    ledger.close()
    return at


# Outcomes of a plan


def test_an_email_is_requested(sim: Simulator, both: dict[str, Any]) -> None:
    done = run(both, API)
    email = only(done)
    assert sent(sim) == [API]
    assert email | {"message": None} == {
        "order_id": API,
        "common_name": "api.example.org",
        "subject_alt_names": [],
        "recipient": "admin@example.org",
        "technical_contact_email": "ops@example.org",
        "status": "approved",
        "outcome": "requested",
        "reason": None,
        "requested_at": email["requested_at"],
        "previous_requested_at": None,
        "first_requested_at": None,
        "next_allowed_at": email["next_allowed_at"],
        "message": None,
    }
    assert instant(email["next_allowed_at"]) - instant(email["requested_at"]) == timedelta(hours=24)
    assert email["requested_at"][:19] <= sim.sends()[0]["time"][:19]
    assert "admin@example.org" in email["message"]
    assert done["changed"]
    assert done["api_calls"] == len(sim.calls())


def test_a_second_run_changes_nothing(sim: Simulator, both: dict[str, Any]) -> None:
    first = run(both, common_names=["*"], on_ineligible="skip")
    assert not first.failed
    second = run(both, common_names=["*"], on_ineligible="skip")
    assert (second.failed, second["changed"]) == (False, False)
    assert sent(sim) == sorted(ELIGIBLE)
    for order_id in ELIGIBLE:
        before, after = entry_of(first, order_id), entry_of(second, order_id)
        assert (before["outcome"], after["outcome"], after["reason"]) == ("requested", "skipped", "cooldown")
        assert (after["requested_at"], after["previous_requested_at"]) == (None, before["requested_at"])
        assert after["next_allowed_at"] == before["next_allowed_at"]
        assert after["next_allowed_at"] in after["message"]


def test_the_status_gate(sim: Simulator, both: dict[str, Any]) -> None:
    """Which no force opens; what is not there is told beside the others."""
    done = run(both, *INELIGIBLE, SHOP, NOBODY, force=True)
    assert done.outcomes() == {
        **{order_id: ("failed", reason) for order_id, reason in INELIGIBLE.items()},
        SHOP: ("requested", None),
        NOBODY: ("failed", "not_found"),
    }
    assert sent(sim) == [SHOP]
    assert {call["id"] for call in sim.calls(method="resendEmail")} <= {SHOP, str(SHOP)}
    assert all(entry_of(done, order_id)["requested_at"] is None for order_id in INELIGIBLE)


# What the API may answer


@dataclass(frozen=True)
class Case:
    """A fault of `resendEmail`, and what is to come of it."""

    kind: str
    reason: str
    rule: dict[str, Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()
    processed: bool = False


MAY_HAVE_BEEN_SENT = ("mailbox", "force")
ON = ("Secrets Manager", "certificate authority")
CASES = {
    "false": Case("false", "refused", says=("refused", "portal")),
    "internal error": Case("fault", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "Internal Error")),
    "invalid value": Case(
        "fault",
        "api_error",
        {"code": "SoftLayer_Exception_InvalidValue", "message": "Invalid value provided for 'emailType'."},
        says=("Invalid value provided for 'emailType'.",),
    ),
    "not found": Case("not_found", "not_found", says=("does not exist", "permission")),
    "ended product": Case(
        "fault", "retired", {"message": "SSL certificates are no longer available.", "status": 400}, says=ON
    ),
    "reset before": Case("reset_before", "outcome_unknown", says=MAY_HAVE_BEEN_SENT),
    "reset after": Case("reset_after", "outcome_unknown", says=MAY_HAVE_BEEN_SENT, processed=True),
    "hang after": Case("hang_after", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "timeout"), processed=True),
    "HTML 502": Case("html_502_after", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "502"), processed=True),
    "HTML 200": Case("html_200", "outcome_unknown", says=MAY_HAVE_BEEN_SENT),
    "cut": Case("cut", "outcome_unknown", says=MAY_HAVE_BEEN_SENT, processed=True),
    "empty": Case("empty_body", "outcome_unknown", says=MAY_HAVE_BEEN_SENT, processed=True),
}


@dataclass(frozen=True)
class Matrix:
    """Three runs over orders that each meet a fault, and one that meets none."""

    order_ids: dict[str, int]
    healthy: int
    runs: list[Run]
    sends: list[list[int]]
    calls: list[Counter[int]]

    def entry(self, case: str, number: int) -> dict[str, Any]:
        """What a run said about an order."""
        return entry_of(self.runs[number], self.order_ids[case])


@pytest.fixture(
    scope="module",
    params=[pytest.param(transport, marks=pytest.mark.xdist_group(f"matrix, {transport}")) for transport in TRANSPORTS],
)
def matrix(
    request: pytest.FixtureRequest, demo_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Matrix:
    """A run with all faults, a run without them, and a forced one."""
    sim = demo_simulator
    sim.reset()
    order_ids = {name: int(sim.add_order()["id"]) for name in CASES}
    healthy = int(sim.add_order()["id"])
    for name, case in CASES.items():
        sim.fault(case.kind, method="resendEmail", order_id=order_ids[name], **case.rule)
    options = {
        **options_for(sim, request.param),
        "ledger_url": f"sqlite:///{tmp_path_factory.mktemp('matrix') / 'ledger.sqlite3'}",
        "order_ids": [*order_ids.values(), healthy],
        "timeout": 3,
        "retries": 1,
    }
    runs, sends, calls = [], [], []
    for force in (False, False, True):
        runs.append(run(options, force=force))
        sends.append(sent(sim))
        calls.append(Counter(int(call["id"]) for call in sim.calls(method="resendEmail")))
        sim.clear_faults()
    sim.reset()
    return Matrix(order_ids, healthy, runs, sends, calls)


def test_no_fault_hides_what_worked(matrix: Matrix) -> None:
    first, second, third = matrix.runs
    assert first["requested_count"] == 1
    assert first["failed_count"] == len(CASES)
    assert [entry_of(done, matrix.healthy)["outcome"] for done in (first, second, third)] == [
        "requested",
        "skipped",
        "requested",
    ]
    unknown = sum(case.reason == "outcome_unknown" for case in CASES.values())
    assert (second["failed_count"], third["failed_count"]) == (unknown, 0)
    assert third["requested_count"] == len(CASES) + 1


def test_a_fault_is_its_reason(matrix: Matrix) -> None:
    for name, case in CASES.items():
        order_id, email = matrix.order_ids[name], matrix.entry(name, 0)
        assert (email["outcome"], email["reason"]) == ("failed", case.reason), name
        assert (matrix.sends[0].count(order_id), matrix.calls[0][order_id]) == (case.processed, 1), name
        assert [words for words in case.says if words not in email["message"]] == [], name
        assert (email["requested_at"] is not None) == (case.reason == "outcome_unknown"), name


def test_what_comes_after_a_fault(matrix: Matrix) -> None:
    """What may have been sent is not sent again, unless that is forced."""
    for name, case in CASES.items():
        order_id, email, before = matrix.order_ids[name], matrix.entry(name, 1), matrix.entry(name, 0)
        if case.reason == "outcome_unknown":
            assert (email["outcome"], email["reason"]) == ("failed", "outcome_unknown"), name
            assert matrix.calls[1][order_id] == matrix.calls[0][order_id], name
            assert email["previous_requested_at"] == before["requested_at"], name
            assert email["next_allowed_at"] == before["next_allowed_at"], name
        else:
            assert (email["outcome"], email["reason"]) == ("requested", None), name
            assert matrix.sends[1].count(order_id) == 1, name
            assert email["previous_requested_at"] is None, name
        assert matrix.sends[2].count(order_id) == matrix.sends[1].count(order_id) + 1, name


def test_a_rate_limit_that_stays(sim: Simulator, both: dict[str, Any]) -> None:
    sim.fault("rate_limit", method="resendEmail", order_id=API, status=429)
    done = run(both, SHOP, API, retries=2)
    assert done.outcomes() == {SHOP: ("requested", None), API: ("failed", "rate_limited")}
    assert len([call for call in sim.calls(method="resendEmail") if int(call["id"]) == API]) == 3
    sim.clear_faults()
    assert run(both, SHOP, API).outcomes() == {SHOP: ("skipped", "cooldown"), API: ("requested", None)}
    assert sent(sim) == [SHOP, API]


def test_the_selection_does_not_rest_on_the_server(sim: Simulator, both: dict[str, Any]) -> None:
    sim.settings(ignore_filters=True, ignore_limits=True, omit_total=True)
    done = run(both, common_names=["xn--BCHER-kva.example.net", "*.example.org"], on_ineligible="skip")
    assert done.outcomes() == {
        WILDCARD: ("requested", None),
        BOOKS: ("requested", None),
        API: ("requested", None),
        VPN: ("skipped", "pending"),
    }
    assert sent(sim) == [WILDCARD, BOOKS, API]


@pytest.mark.parametrize("omit_total", [False, True])
def test_a_record_that_goes_between_two_pages_hides_no_other(
    sim: Simulator, both: dict[str, Any], omit_total: bool
) -> None:
    """The page behind is empty then, though the order's certificate was in the store all the time."""
    for order_id in (SHOP, MAIL, BOOKS, API):
        sim.import_order(order_id)
    count = len(sim.certificates())
    sim.settings(omit_total=omit_total, page_size_cap=count - 1, lose_row_of="SoftLayer_Security_Certificate")
    assert run(both, API).outcomes() == {API: ("skipped", "already_imported")}
    assert len(sim.certificates()) == count - 1 and sent(sim) == []


# The ledger


@pytest.mark.parametrize("blank", ["\n", " ", "\t", "\r\n"])
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_ledger_is_the_same_with_what_yaml_adds(
    sim: Simulator, options: dict[str, Any], by: str, blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block text ends with a line end."""
    assert only(run(options, API))["outcome"] == "requested"
    url = f"{blank}{options['ledger_url']}{blank}"
    again = {**options, "ledger_url": url}
    if by == "environment":
        monkeypatch.setenv("SOFTLAYER_CERTIFICATES_LEDGER_URL", again.pop("ledger_url"))
    for check in (True, False):
        assert only(run(again, API, check=check))["reason"] == "cooldown"
    assert sent(sim) == [API]


def test_a_ledger_that_is_lost_is_told(sim: Simulator, options: dict[str, Any], ledger: Path) -> None:
    """A run after that sends everything again, but says why."""

    def warned(*, check: bool = False) -> int:
        warnings = run(options, API, check=check).result.get("warnings", [])
        return sum(f"The ledger {ledger} is new" in str(warning) for warning in warnings)

    assert warned(check=True) == 0 and not ledger.exists()
    assert [warned(), warned()] == [1, 0], "not where nothing is requested"
    ledger.write_bytes(b"")
    assert [warned(check=True), warned(), warned()] == [0, 1, 0]
    ledger.unlink()
    assert [warned(check=True), warned()] == [0, 1]
    assert sent(sim) == [API] * 3


@pytest.mark.parametrize(
    ("column", "value"),
    [("requested_at", 7), ("lease_until", b"\xff"), ("state", "sent"), ("kind", "soon"), ("noticed_at", "soon")],
)
def test_a_row_that_cannot_be_read_sends_nothing(
    sim: Simulator, options: dict[str, Any], ledger: Path, column: str, value: object
) -> None:
    remember(sim, options["ledger_url"], SHOP, timedelta(hours=1))
    with sqlite3.connect(ledger) as connection:
        connection.execute(f"UPDATE softlayer_ssl_acts SET {column} = ?", [value])
    connection.close()
    for check in (True, False):
        done = run(options, SHOP, API, check=check)
        assert done["failure"]["code"] == "ledger_unavailable" and "Traceback" not in done.output
        assert f"{column} in the row with the id 1" in done["msg"]
    assert sent(sim) == []


def test_a_server_with_other_dates_remembers(
    sim: Simulator, options: dict[str, Any], postgresql: Server, postgresql_url: str
) -> None:
    name = postgresql_url.rpartition("/")[2]
    postgresql.execute(f"ALTER DATABASE {name} SET datestyle = 'German, DMY'")
    reasons = [only(run(options, API, ledger_url=postgresql_url))["reason"] for _time in range(2)]
    assert reasons == [None, "cooldown"] and sent(sim) == [API]


# Check mode and diff mode


def test_check_mode_sends_nothing_and_leaves_nothing(
    sim: Simulator, both: dict[str, Any], tmp_path: Path, home: Path
) -> None:
    planned = run(both, common_names=["*"], allowed_recipients=["*@example.*"], check=True)
    assert sim.calls(method="resendEmail") == []
    assert (list(tmp_path.iterdir()), list(home.iterdir())) == ([], [])
    done = run(both, common_names=["*"], allowed_recipients=["*@example.*"])
    assert done.outcomes() == planned.outcomes()
    assert (done["changed"], done.failed) == (planned["changed"], planned.failed)
    assert sent(sim) == sorted(ELIGIBLE - {PARTNER})
    again = run(both, common_names=["*"], allowed_recipients=["*@example.*"], check=True)
    assert again["requested_count"] == 0
    assert again.outcomes()[SHOP] == ("skipped", "cooldown")


# The ledger


def test_a_ledger_in_postgresql(
    sim: Simulator, both: dict[str, Any], postgresql: Server, postgresql_url: str, home: Path
) -> None:
    options = {**both, "ledger_url": postgresql_url}
    assert run(options, SHOP, API, check=True)["requested_count"] == 2
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}
    second = run(options, SHOP, API)
    assert second.outcomes() == {SHOP: ("skipped", "cooldown"), API: ("requested", None)}
    assert sent(sim) == [SHOP, API]
    assert postgresql.password not in second.output
    assert list(home.iterdir()) == []


def test_the_ledger_of_the_environment(
    sim: Simulator, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del options["ledger_url"]
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_LEDGER_URL", f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}
    assert [path.name for path in tmp_path.iterdir()] == ["other.sqlite3"]
