# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_fulfillment_email as Ansible runs it: each outcome and reason, against what was really sent."""

from __future__ import annotations

import os
import socket
import sqlite3
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Claim, Key, Ledger

from tests.simulator.client import Simulator
from tests.support.gateway import Gateway
from tests.support.long import only_long
from tests.support.modules import TRANSPORTS, Run, finish_module, options_for, run_module, start_module
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.support.postgresql import Server

pytest_plugins = ["tests.support.postgresql"]

MODULE = "ssl_fulfillment_email"
TABLE = "softlayer_ssl_email_requests"
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
    claim = ledger.claim(Key(sim.account_id, order_id, "FulfillmentEmail"), at, timedelta(), timedelta(minutes=3))
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


@pytest.mark.parametrize(("on_ineligible", "outcome"), [("fail", "failed"), ("skip", "skipped")])
@pytest.mark.parametrize("force", [False, True])
def test_the_status_gate(sim: Simulator, both: dict[str, Any], on_ineligible: str, outcome: str, force: bool) -> None:
    done = run(both, *INELIGIBLE, SHOP, on_ineligible=on_ineligible, force=force)
    assert done.outcomes() == {
        **{order_id: (outcome, reason) for order_id, reason in INELIGIBLE.items()},
        SHOP: ("requested", None),
    }
    assert sent(sim) == [SHOP]
    assert {call["id"] for call in sim.calls(method="resendEmail")} <= {SHOP, str(SHOP)}
    assert all(entry_of(done, order_id)["requested_at"] is None for order_id in INELIGIBLE)


def test_an_order_is_mailed_as_soon_as_it_is_approved(sim: Simulator, options: dict[str, Any]) -> None:
    assert run(options, VPN).failed
    sim.patch_order(VPN, status="Approved", expirationDate="2100-01-01T00:00:00-06:00")
    assert run(options, VPN).outcomes() == {VPN: ("requested", None)}
    assert sent(sim) == [VPN]


@pytest.mark.parametrize("force", [False, True])
def test_a_recipient_that_is_not_allowed(sim: Simulator, both: dict[str, Any], force: bool) -> None:
    sim.patch_order(MAIL, missing=["approverEmailAddress"])
    wishes = {"allowed_recipients": ["*@EXAMPLE.com", "admin@*.org"], "force": force, "on_ineligible": "skip"}
    done = run(both, SHOP, API, PARTNER, MAIL, **wishes)
    assert done.outcomes() == {
        SHOP: ("requested", None),
        API: ("requested", None),
        PARTNER: ("failed", "recipient_not_allowed"),
        MAIL: ("failed", "recipient_not_allowed"),
    }
    assert sent(sim) == [SHOP, API]
    assert entry_of(done, PARTNER)["recipient"] == "webmaster@agency.example"
    assert "webmaster@agency.example" in entry_of(done, PARTNER)["message"]
    assert "allowed_recipients" in entry_of(done, PARTNER)["message"]


def test_an_order_that_is_not_there(sim: Simulator, both: dict[str, Any]) -> None:
    done = run(both, NOBODY, SHOP, on_ineligible="skip")
    assert done.outcomes() == {SHOP: ("requested", None), NOBODY: ("failed", "not_found")}
    assert sent(sim) == [SHOP]
    message = entry_of(done, NOBODY)["message"]
    assert "no such order" in message
    assert "permission" in message


def test_an_imported_certificate_is_not_mailed(sim: Simulator, both: dict[str, Any]) -> None:
    done = run(both, IMPORTED)
    assert done.outcomes() == {IMPORTED: ("skipped", "already_imported")}
    assert (sent(sim), done["changed"]) == ([], False)
    assert str(sim.certificates()[0]["id"]) in only(done)["message"]


@pytest.mark.parametrize("wish", [{"skip_imported": False}, {"force": True}])
def test_an_imported_certificate_is_mailed_where_that_is_wished(
    sim: Simulator, both: dict[str, Any], wish: dict[str, bool]
) -> None:
    assert run(both, IMPORTED, **wish).outcomes() == {IMPORTED: ("requested", None)}
    assert sent(sim) == [IMPORTED]
    assert sim.calls(method="getSecurityCertificates") == []


def test_another_certificate_of_the_same_name_is_no_import(sim: Simulator, options: dict[str, Any]) -> None:
    renewal = sim.add_order(commonName="www.example.com")["id"]
    assert run(options, renewal).outcomes() == {renewal: ("requested", None)}
    assert sent(sim) == [renewal]


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
    "fault with HTTP 500 on both": Case(
        "fault", "api_error", {"xmlrpc_status": 500, "message": "Not now."}, says=("Not now.",)
    ),
    "access denied": Case("access_denied", "api_error", says=("username", "api_key")),
    "not found": Case("not_found", "not_found", says=("does not exist", "permission")),
    "unknown method": Case("unknown_method", "retired", says=ON),
    "not implemented": Case(
        "fault",
        "api_error",
        {"code": "SoftLayer_Exception_NotImplemented", "message": "Not implemented"},
        says=("Not implemented",),
    ),
    "ended product": Case(
        "fault", "retired", {"message": "SSL certificates are no longer available.", "status": 400}, says=ON
    ),
    "reset before": Case("reset_before", "outcome_unknown", says=MAY_HAVE_BEEN_SENT),
    "reset after": Case("reset_after", "outcome_unknown", says=MAY_HAVE_BEEN_SENT, processed=True),
    "hang before": Case("hang_before", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "timeout")),
    "hang after": Case("hang_after", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "timeout"), processed=True),
    "HTML 500": Case("html_500", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "500")),
    "HTML 502": Case("html_502_after", "outcome_unknown", says=(*MAY_HAVE_BEEN_SENT, "502"), processed=True),
    "HTML 200": Case("html_200", "outcome_unknown", says=MAY_HAVE_BEEN_SENT),
    "truncated": Case("truncated", "outcome_unknown", says=MAY_HAVE_BEEN_SENT, processed=True),
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


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_its_reason(matrix: Matrix, name: str) -> None:
    case, order_id = CASES[name], matrix.order_ids[name]
    email = matrix.entry(name, 0)
    assert (email["outcome"], email["reason"]) == ("failed", case.reason)
    assert matrix.sends[0].count(order_id) == case.processed
    assert matrix.calls[0][order_id] == 1
    for words in case.says:
        assert words in email["message"]
    assert (email["requested_at"] is not None) == (case.reason == "outcome_unknown")


@pytest.mark.parametrize("name", CASES)
def test_what_comes_after_a_fault(matrix: Matrix, name: str) -> None:
    case, order_id = CASES[name], matrix.order_ids[name]
    email = matrix.entry(name, 1)
    if case.reason == "outcome_unknown":
        assert (email["outcome"], email["reason"]) == ("failed", "outcome_unknown")
        assert matrix.calls[1][order_id] == matrix.calls[0][order_id]
        assert email["previous_requested_at"] == matrix.entry(name, 0)["requested_at"]
        assert email["next_allowed_at"] == matrix.entry(name, 0)["next_allowed_at"]
        for words in MAY_HAVE_BEEN_SENT:
            assert words in email["message"]
    else:
        assert (email["outcome"], email["reason"]) == ("requested", None)
        assert matrix.sends[1].count(order_id) == 1
        assert email["previous_requested_at"] is None
    assert matrix.sends[2].count(order_id) == matrix.sends[1].count(order_id) + 1


@pytest.mark.parametrize("status", [200, 429, 500])
def test_a_rate_limit_that_stays(sim: Simulator, both: dict[str, Any], status: int) -> None:
    sim.fault("rate_limit", method="resendEmail", order_id=API, status=status)
    done = run(both, SHOP, API, retries=2)
    assert done.outcomes() == {SHOP: ("requested", None), API: ("failed", "rate_limited")}
    for words in ("concurrency", "retries", "later"):
        assert words in entry_of(done, API)["message"]
    assert len([call for call in sim.calls(method="resendEmail") if int(call["id"]) == API]) == 3
    sim.clear_faults()
    assert run(both, SHOP, API).outcomes() == {SHOP: ("skipped", "cooldown"), API: ("requested", None)}
    assert sent(sim) == [SHOP, API]


@pytest.mark.parametrize("retry_after", [None, 1])
@pytest.mark.parametrize("status", [200, 429, 500])
def test_a_rate_limit_that_clears_fails_nothing(
    sim: Simulator, both: dict[str, Any], status: int, retry_after: int | None
) -> None:
    sim.fault("rate_limit", method="resendEmail", times=3, status=status, retry_after=retry_after)
    done = run(both, SHOP, API, retries=5)
    assert set(done.outcomes().values()) == {("requested", None)}
    assert sent(sim) == [SHOP, API]
    assert len(sim.calls(method="resendEmail")) == 5


def test_a_low_rate_limit_delays_a_run_and_fails_nothing(sim: Simulator, both: dict[str, Any]) -> None:
    order_ids = [sim.add_order()["id"] for _ in range(20)]
    sim.settings(rate_limit=5)
    done = run(both, *order_ids, concurrency=16, retries=5)
    assert set(done.outcomes().values()) == {("requested", None)}
    assert sent(sim) == order_ids


READ_FAULTS = {
    "access_denied": ("authentication_failed", "api_key"),
    "not_found": ("not_found", "permission"),
    "unknown_method": ("retired", "Secrets Manager"),
    "rate_limit": ("rate_limited", "retries"),
    "html_500": ("no_answer", "HTTP 500"),
    "truncated": ("no_answer", "no answer that can be read"),
}


@pytest.mark.parametrize("kind", READ_FAULTS)
def test_orders_that_cannot_be_read(sim: Simulator, both: dict[str, Any], kind: str) -> None:
    sim.fault(kind, method="getSslCertificateRequests")
    done = run(both, SHOP, retries=0)
    code, words = READ_FAULTS[kind]
    assert done.code == code
    assert words in done["msg"]
    assert sim.calls(method="resendEmail") == []
    sim.clear_faults()
    assert run(both, SHOP).outcomes() == {SHOP: ("requested", None)}


def test_reads_are_repeated(sim: Simulator, both: dict[str, Any]) -> None:
    for method in ("getObject", "getSslCertificateRequests", "getSecurityCertificates"):
        sim.fault("reset_after", method=method, times=1)
    assert run(both, SHOP, retries=3).outcomes() == {SHOP: ("requested", None)}
    assert sent(sim) == [SHOP]


@pytest.mark.parametrize(
    "settings",
    [
        {"ignore_filters": True},
        {"ignore_filters": True, "ignore_limits": True, "omit_total": True},
        {"page_every_list": True, "page_size_cap": 3, "repeat_rows": 1},
        {"page_every_list": True, "page_size_cap": 4, "omit_total": True, "ignore_order": True, "ignore_filters": True},
    ],
    ids=lambda settings: "+".join(settings),
)
def test_the_selection_does_not_rest_on_the_server(
    sim: Simulator, both: dict[str, Any], settings: dict[str, Any]
) -> None:
    sim.settings(**settings)
    again = 3 if "ignore_order" in settings else 1
    done = run_on_a_whole_list(sim, again, both, SHOP, IMPORTED, OLD, on_ineligible="skip")
    assert done.outcomes() == {
        IMPORTED: ("skipped", "already_imported"),
        SHOP: ("requested", None),
        OLD: ("skipped", "expired"),
    }
    done = run_on_a_whole_list(sim, again, both, common_names=["*.example.org"], on_ineligible="skip")
    assert done.outcomes() == {
        WILDCARD: ("requested", None),
        API: ("requested", None),
        VPN: ("skipped", "pending"),
    }
    assert sent(sim) == [SHOP, WILDCARD, API]


def run_on_a_whole_list(sim: Simulator, times: int, *given: Any, **options: Any) -> Run:
    """Do as the message says where a list may come in pieces that do not make a whole: run it again, as nothing was done."""
    before = sent(sim)
    for _time in range(times):
        done = run(*given, **options)
        if not done.failed or done.code != "incomplete_listing":
            break
        assert sent(sim) == before
    return done


# What stands between the module and the API


HTML = b"<!DOCTYPE html><html><body><h1>Proxy error</h1></body></html>"


@pytest.mark.parametrize(
    ("status", "reason", "as_proxy"),
    [
        (301, "outcome_unknown", False),
        (303, "outcome_unknown", False),
        (307, "outcome_unknown", True),
        (403, "outcome_unknown", True),
        (404, "outcome_unknown", False),
        (405, "outcome_unknown", False),
        (407, "api_error", True),
        (407, "outcome_unknown", False),
        (429, "outcome_unknown", False),
        (500, "outcome_unknown", False),
        (502, "outcome_unknown", True),
        (503, "outcome_unknown", False),
        (504, "outcome_unknown", True),
    ],
)
def test_an_error_page_of_a_proxy(
    sim: Simulator, both: dict[str, Any], transport: str, as_proxy: bool, status: int, reason: str
) -> None:
    processed = reason == "outcome_unknown"
    headers = {
        "Content-Type": "text/html",
        **({"Location": "http://127.0.0.1:9/"} if status in {301, 303, 307} else {}),
    }
    with Gateway(sim, status, HTML, headers, processed=processed) as gateway:
        way = {"proxy": f"http://127.0.0.1:{gateway.port}"} if as_proxy else {"endpoint_url": gateway.url(transport)}
        done = run({**both, **way}, SHOP, retries=0)
    assert done.outcomes() == {SHOP: ("failed", reason)}
    assert str(status) in only(done)["message"]
    assert gateway.sends == 1
    again = run(both, SHOP)
    assert again.outcomes() == {SHOP: ("failed", "outcome_unknown") if processed else ("requested", None)}
    assert sent(sim) == [SHOP]


@pytest.mark.parametrize("body", [b'{"error": "Gateway Timeout"}', b'{"error": "Bad Gateway", "code": 502}'], ids=repr)
def test_a_gateways_error_in_json_is_no_fault(
    sim: Simulator, both: dict[str, Any], transport: str, body: bytes
) -> None:
    with Gateway(sim, 504, body, {"Content-Type": "application/json"}, processed=True) as gateway:
        done = run({**both, "endpoint_url": gateway.url(transport)}, SHOP)
    assert done.outcomes() == {SHOP: ("failed", "outcome_unknown")}
    assert "gateway" in only(done)["message"]
    assert run(both, SHOP).outcomes() == {SHOP: ("failed", "outcome_unknown")}
    assert sent(sim) == [SHOP]


XMLRPC_VALUE = (
    b"<?xml version='1.0'?><methodResponse><params><param><value>%s</value></param></params></methodResponse>"
)
ODD_ANSWERS = {
    "null": (b"null", XMLRPC_VALUE % b"<nil/>"),
    "text": (b'"maintenance"', XMLRPC_VALUE % b"<string>maintenance</string>"),
    "object": (b'{"id": 5}', XMLRPC_VALUE % b"<struct></struct>"),
    "list": (b"[]", XMLRPC_VALUE % b"<array><data></data></array>"),
}


@pytest.mark.parametrize("name", ODD_ANSWERS)
def test_what_is_neither_true_nor_false_is_no_refusal(
    sim: Simulator, both: dict[str, Any], transport: str, name: str
) -> None:
    """Only `false` says that nothing was sent."""
    body = ODD_ANSWERS[name][TRANSPORTS.index(transport) - 1]
    with Gateway(sim, 200, body, processed=True) as gateway:
        done = run({**both, "endpoint_url": gateway.url(transport)}, SHOP)
    assert done.outcomes() == {SHOP: ("failed", "outcome_unknown")}
    assert run(both, SHOP).outcomes() == {SHOP: ("failed", "outcome_unknown")}
    assert sent(sim) == [SHOP]


def test_a_refused_connection_is_tried_again(sim: Simulator, both: dict[str, Any], transport: str) -> None:
    """The gateway refuses connections from the moment that the orders were read, for a second."""
    with Gateway(sim, status=0, deaf_for=1) as gateway:
        wishes = {"endpoint_url": gateway.url(transport), "skip_imported": False, "account_id": sim.account_id}
        done = run({**both, **wishes}, SHOP, retries=12)
    assert done.outcomes() == {SHOP: ("requested", None)}
    assert sent(sim) == [SHOP]
    assert gateway.sends == 1
    assert done["api_calls"] > len(sim.calls())


def test_a_connection_that_stays_refused(sim: Simulator, both: dict[str, Any], transport: str) -> None:
    with Gateway(sim, status=0, deaf_for=0) as gateway:
        wishes = {"endpoint_url": gateway.url(transport), "skip_imported": False, "account_id": sim.account_id}
        done = run({**both, **wishes}, SHOP, API, retries=0)
        assert set(done.outcomes().values()) == {("failed", "api_error")}
        assert "connection refused" in entry_of(done, SHOP)["message"]
        assert sent(sim) == []
        gateway.listen()
        assert set(run({**both, **wishes}, SHOP, API).outcomes().values()) == {("requested", None)}
    assert sent(sim) == [SHOP, API]


def test_an_endpoint_that_refuses_connections(sim: Simulator, both: dict[str, Any], ledger: Path) -> None:
    sim.stop_listening()
    done = run(both, SHOP, retries=0)
    assert done.code == "unreachable"
    assert "endpoint_url" in done["msg"]
    sim.start_listening()
    assert run(both, SHOP).outcomes() == {SHOP: ("requested", None)}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_name_that_is_not_known(options: dict[str, Any], transport: str) -> None:
    done = run(options, SHOP, endpoint_url=f"https://api.softlayer.invalid/{transport}/v3.1/", retries=0)
    assert done.code == "unreachable"
    assert "cannot be resolved" in done["msg"]
    assert "endpoint_url" in done["msg"]


@pytest.fixture(scope="module")
def tls_simulator() -> Iterator[Simulator]:
    """A simulator that speaks TLS, with a certificate that nobody trusts."""
    with Simulator.start(fleet=1, tls=True) as simulator:
        yield simulator


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_is_not_trusted(tls_simulator: Simulator, ledger: Path, transport: str) -> None:
    sim = tls_simulator
    sim.reset()
    [order] = sim.orders()
    options = {**options_for(sim, transport), "ledger_url": f"sqlite:///{ledger}", "retries": 2}
    done = run(options, order["id"])
    assert done.code == "tls_error"
    for words in ("does not verify", "ca_path", "validate_certs"):
        assert words in done["msg"]
    assert (sim.calls(), sent(sim)) == ([], [])
    assert run(options, order["id"], ca_path=sim.ca_path).outcomes() == {order["id"]: ("requested", None)}
    assert run(options, order["id"], validate_certs=False, force=True)["requested_count"] == 1
    assert sent(sim) == [order["id"]] * 2


@pytest.mark.parametrize("processed", [True, False])
def test_tls_that_breaks_after_sending(
    sim: Simulator, tls_simulator: Simulator, both: dict[str, Any], transport: str, processed: bool
) -> None:
    """A TLS error is no proof that nothing was sent, once the handshake is over."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = tls_simulator.state_dir
    context.load_cert_chain(str(tls_simulator.ca_path), next(folder.glob("server/*.key")))
    with Gateway(sim, 200, processed=processed, garble=True, tls=context) as gateway:
        way = {"endpoint_url": gateway.url(transport), "ca_path": tls_simulator.ca_path}
        done = run({**both, **way}, SHOP)
    assert gateway.sends == 1
    assert done.outcomes() == {SHOP: ("failed", "outcome_unknown")}
    assert run(both, SHOP).outcomes() == {SHOP: ("failed", "outcome_unknown")}
    assert sent(sim) == [SHOP] * processed


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


def test_check_mode_makes_no_default_ledger(sim: Simulator, options: dict[str, Any], home: Path) -> None:
    del options["ledger_url"]
    assert run(options, SHOP, check=True).outcomes() == {SHOP: ("requested", None)}
    assert list(home.iterdir()) == []


def test_check_mode_changes_no_ledger(sim: Simulator, options: dict[str, Any], ledger: Path) -> None:
    remember(sim, options["ledger_url"], SHOP, timedelta(hours=-2))
    before = ledger.read_bytes()
    assert run(options, SHOP, API, check=True).outcomes() == {SHOP: ("skipped", "cooldown"), API: ("requested", None)}
    assert ledger.read_bytes() == before


def test_the_difference(sim: Simulator, both: dict[str, Any]) -> None:
    earlier = remember(sim, both["ledger_url"], API, timedelta(hours=48))
    planned = run(both, API, PARTNER, IMPORTED, check=True, diff=True)
    done = run(both, API, PARTNER, IMPORTED, diff=True)
    for result in (planned, done):
        assert [(part["before"]["requested_at"], part["before"]["recipient"]) for part in result["diff"]] == [
            (earlier.strftime(ISO), "admin@example.org"),
            (None, "webmaster@agency.example"),
        ]
        assert [part["after"] for part in result["diff"]] == [
            {"requested_at": entry_of(result, API)["requested_at"], "recipient": "admin@example.org"},
            {"requested_at": entry_of(result, PARTNER)["requested_at"], "recipient": "webmaster@agency.example"},
        ]
        assert str(API) in result["diff"][0]["after_header"]


def test_nothing_to_do_is_no_difference(sim: Simulator, options: dict[str, Any]) -> None:
    assert run(options, IMPORTED, diff=True)["diff"] == []


def test_a_difference_does_not_claim_what_failed(sim: Simulator, options: dict[str, Any]) -> None:
    sim.fault("false", method="resendEmail", order_id=API)
    done = run(options, SHOP, API, diff=True)
    assert done.outcomes() == {SHOP: ("requested", None), API: ("failed", "refused")}
    changed = [part for part in done["diff"] if part["before"] != part["after"]]
    assert [part["after_header"].split()[1] for part in changed] == [str(SHOP)]


# Options


@pytest.mark.parametrize("check", [False, True])
def test_more_than_max_orders_is_refused_before_anything_is_sent(
    sim: Simulator, both: dict[str, Any], check: bool
) -> None:
    done = run(both, common_names=["*"], on_ineligible="skip", max_orders=5, check=check)
    assert done.code == "too_many_orders"
    for words in ("6", "5", "max_orders"):
        assert words in done["msg"]
    assert sim.calls(method="resendEmail") == []
    assert (done["failure"]["details"]["planned"], done["failure"]["details"]["max_orders"]) == (6, 5)


def test_max_orders_counts_what_would_really_be_sent(sim: Simulator, options: dict[str, Any]) -> None:
    remember(sim, options["ledger_url"], SHOP, timedelta(hours=1))
    remember(sim, options["ledger_url"], API, timedelta(hours=1), confirmed=False)
    done = run(options, common_names=["*"], on_ineligible="skip", max_orders=4)
    assert done["requested_count"] == 4
    assert sent(sim) == sorted(ELIGIBLE - {SHOP, API})


def test_max_orders_zero_lets_nothing_out(sim: Simulator, options: dict[str, Any]) -> None:
    assert run(options, SHOP, max_orders=0).code == "too_many_orders"
    assert not run(options, IMPORTED, max_orders=0).failed
    assert sent(sim) == []


@pytest.mark.parametrize("confirmed", [True, False])
def test_force_ignores_the_cooldown(sim: Simulator, options: dict[str, Any], confirmed: bool) -> None:
    before = remember(sim, options["ledger_url"], SHOP, timedelta(hours=1), confirmed=confirmed)
    done = run(options, SHOP, force=True)
    assert done.outcomes() == {SHOP: ("requested", None)}
    assert only(done)["previous_requested_at"] == before.strftime(ISO)
    assert run(options, SHOP).outcomes() == {SHOP: ("skipped", "cooldown")}
    assert sent(sim) == [SHOP]


@pytest.mark.parametrize(
    ("hours", "minutes_ago", "expected"),
    [
        (0, 0, ("requested", None)),
        (0.5, 20, ("skipped", "cooldown")),
        (0.5, 40, ("requested", None)),
        (72, 71 * 60, ("skipped", "cooldown")),
        (72, 73 * 60, ("requested", None)),
        (1_000_000, 60 * 24 * 3650, ("skipped", "cooldown")),
    ],
)
def test_the_interval(
    sim: Simulator, options: dict[str, Any], hours: float, minutes_ago: int, expected: tuple[str, str | None]
) -> None:
    before = remember(sim, options["ledger_url"], SHOP, timedelta(minutes=minutes_ago))
    done = run(options, SHOP, min_interval_hours=hours)
    assert done.outcomes() == {SHOP: expected}
    start = before if expected[0] == "skipped" else instant(only(done)["requested_at"])
    until = start + timedelta(hours=hours)
    assert only(done)["next_allowed_at"] == (until.strftime(ISO) if hours else None)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_longer_interval_than_the_last_run_had(sim: Simulator, options: dict[str, Any], confirmed: bool) -> None:
    """Each run goes by its own interval."""
    remember(sim, options["ledger_url"], SHOP, timedelta(hours=30), confirmed=confirmed)
    expected = ("skipped", "cooldown") if confirmed else ("failed", "outcome_unknown")
    assert run(options, SHOP, min_interval_hours=48, check=True).outcomes() == {SHOP: expected}
    assert run(options, SHOP, check=True).outcomes() == {SHOP: ("requested", None)}


@pytest.mark.parametrize(
    "options_given",
    [
        {"min_interval_hours": -1},
        {"min_interval_hours": "nan"},
        {"min_interval_hours": "inf"},
        {"min_interval_hours": 1e9},
        {"min_interval_hours": 1e300},
        {"max_orders": -1},
        {"concurrency": 0},
        {"order_ids": [0]},
        {"order_ids": [-5]},
        {"order_ids": [2**63]},
        {"account_id": 0},
        {"account_id": -1},
        {"common_names": ["*"]},
        {"on_ineligible": "ignore"},
        {"min_interval_hour": 1},
    ],
    ids=str,
)
def test_options_that_make_no_sense(sim: Simulator, options: dict[str, Any], options_given: dict[str, Any]) -> None:
    done = run({**options, "order_ids": [SHOP], **options_given})
    assert done.code == "invalid_argument"
    assert any(name in done["msg"] for name in (*options_given, "order id"))
    assert sim.calls(method="resendEmail") == []


@pytest.mark.parametrize(
    ("patterns", "order_ids"),
    [
        (["SHOP.example.com"], [SHOP]),
        (["bücher.example.net"], [BOOKS]),
        (["xn--BCHER-kva.example.net"], [BOOKS]),
        (["*bücher*"], [BOOKS]),
        (["[*].example.org"], [WILDCARD]),
        (["*.example.org"], [WILDCARD, API, VPN]),
        (["mail.*", "api.*", "m*"], [MAIL, API]),
        (["nothing.example"], []),
        ([], []),
    ],
    ids=str,
)
def test_patterns_of_common_names(
    sim: Simulator, options: dict[str, Any], patterns: list[str], order_ids: list[int]
) -> None:
    done = run(options, common_names=patterns, on_ineligible="skip")
    assert list(done.outcomes()) == order_ids
    assert sent(sim) == [order_id for order_id in order_ids if order_id != VPN]
    if patterns and not order_ids:
        assert "nothing.example" in str(done["warnings"])


def test_an_order_without_a_name_matches_no_pattern(sim: Simulator, options: dict[str, Any]) -> None:
    sim.patch_order(SHOP, missing=["commonName"])
    assert SHOP not in run(options, common_names=["*"], on_ineligible="skip", check=True).outcomes()
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}


def test_no_order_ids_is_nothing_to_do(sim: Simulator, options: dict[str, Any]) -> None:
    done = run(options, order_ids=[])
    assert (done["emails"], done["changed"], done.failed) == ([], False, False)
    assert sent(sim) == []


def test_an_id_that_is_given_twice_is_one_order(sim: Simulator, both: dict[str, Any]) -> None:
    assert run(both, SHOP, SHOP, SHOP, force=True).outcomes() == {SHOP: ("requested", None)}
    assert sent(sim) == [SHOP]


def test_the_account_may_be_named(sim: Simulator, both: dict[str, Any]) -> None:
    assert run(both, SHOP, account_id=sim.account_id).outcomes() == {SHOP: ("requested", None)}
    assert sim.calls(service="SoftLayer_Account", method="getObject") == []
    assert run(both, SHOP).outcomes() == {SHOP: ("skipped", "cooldown")}
    other = run(both, SHOP, account_id=sim.account_id + 1)
    assert other.code == "not_found"
    assert "permission" in other["msg"]
    assert sent(sim) == [SHOP]


def test_a_user_who_may_only_look(sim: Simulator, both: dict[str, Any]) -> None:
    """The API calls a missing permission *not found*; the message must say both."""
    viewer = {**both, "username": sim.viewer_username, "api_key": sim.viewer_api_key}
    blind = run(viewer, SHOP)
    assert blind.code == "not_found"
    assert "SECURITY_CERTIFICATE_MANAGE" in blind["msg"]
    assert "skip_imported" in blind["msg"]
    done = run(viewer, SHOP, skip_imported=False)
    assert done.outcomes() == {SHOP: ("failed", "not_found")}
    assert "SECURITY_CERTIFICATE_MANAGE" in only(done)["message"]
    assert sent(sim) == []
    assert run(both, SHOP).outcomes() == {SHOP: ("requested", None)}


# The ledger


def a_folder(path: Path) -> None:
    """A folder where a file should be."""
    path.mkdir()


def garbage(path: Path) -> None:
    """A file that is no database."""
    path.write_bytes(b"no database at all, but long enough to be taken for one\n" * 100)


def torn(path: Path) -> None:
    """A ledger whose second half was lost."""
    Ledger(f"sqlite:///{path}").close()
    path.write_bytes(path.read_bytes()[:5000])


def newer(path: Path) -> None:
    """A ledger of a newer release."""
    Ledger(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE softlayer_ssl_email_ledger SET version = 99")
    connection.close()


def not_writable(path: Path) -> None:
    """A ledger that a newer SQLite asks to leave alone: this binds root, too, whom no permission does."""
    Ledger(f"sqlite:///{path}").close()
    with path.open("r+b") as file:
        file.seek(18)
        file.write(b"\x03")


def without_table(path: Path) -> None:
    """A ledger that lost its table."""
    Ledger(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"DROP TABLE {TABLE}")
    connection.close()


BAD_FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "folder": (a_folder, "open"),
    "garbage": (garbage, "not a database"),
    "torn": (torn, "malformed"),
    "newer": (newer, "newer release"),
    "without its table": (without_table, "table"),
}


def assert_ledger_unavailable(sim: Simulator, done: Run) -> None:
    """The run stopped before it called anything that sends, and said what to do."""
    assert done.code == "ledger_unavailable"
    assert "ledger_url" in done["msg"]
    assert "\n" not in done["msg"]
    assert "***" not in done["msg"]
    assert sim.calls(method="resendEmail") == []


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("name", BAD_FILES)
def test_a_ledger_that_is_none(sim: Simulator, options: dict[str, Any], ledger: Path, name: str, check: bool) -> None:
    spoil, words = BAD_FILES[name]
    spoil(ledger)
    before = ledger.read_bytes() if ledger.is_file() else b""
    done = run(options, SHOP, check=check)
    assert_ledger_unavailable(sim, done)
    assert words in done["msg"]
    assert str(ledger) in done["msg"]
    assert ledger.is_dir() or ledger.read_bytes() == before


def test_a_ledger_that_cannot_be_written(sim: Simulator, options: dict[str, Any], ledger: Path) -> None:
    not_writable(ledger)
    done = run(options, SHOP)
    assert_ledger_unavailable(sim, done)
    assert "readonly" in done["msg"]
    assert sim.calls() == []


@only_long
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_ledger_that_is_locked_for_too_long(
    sim: Simulator, options: dict[str, Any], ledger: Path, request: pytest.FixtureRequest, backend: str
) -> None:
    url = options["ledger_url"] if backend == "sqlite" else request.getfixturevalue("postgresql_url")
    Ledger(url).close()
    if backend == "sqlite":
        holder: Any = sqlite3.connect(ledger, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
    else:
        holder = request.getfixturevalue("postgresql").connect(url.rpartition("/")[2])
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {TABLE}, softlayer_ssl_email_ledger")
    process = start_module(MODULE, **{**options, "ledger_url": url, "order_ids": [SHOP]})
    try:
        done = finish_module(process)
    finally:
        process.kill()
        holder.close()
    assert_ledger_unavailable(sim, done)
    assert "lock" in done["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_a_ledger_without_its_folder(sim: Simulator, options: dict[str, Any], tmp_path: Path, check: bool) -> None:
    done = run({**options, "ledger_url": f"sqlite:///{tmp_path}/missing/ledger.sqlite3"}, SHOP, check=check)
    assert_ledger_unavailable(sim, done)
    assert "folder" in done["msg"]
    assert str(tmp_path / "missing") in done["msg"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:ledger?mode=memory&cache=shared&uri=true",
        "sqlite:///file::memory:?uri=true",
        "ledger.sqlite3",
        "ledger",
        "/var/lib/certificates/ledger.sqlite3",
        "mysql://user:{password}@host/database",
        "oracle://host",
        "nosuch://host",
        "postgresql+nosuch://user:{password}@127.0.0.1/database",
        "postgresql://user:{password}@127.0.0.1:port/database",
        "postgresql://user:{password}@127.0.0.1/database?nonsense=1",
        "sqlite:///ledger.sqlite3?timeout=long",
    ],
)
def test_a_url_that_is_no_ledgers(
    sim: Simulator, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run({**options, "ledger_url": url.format(password="s3cr3t-w0rd")}, SHOP)
    assert "s3cr3t-w0rd" not in done.output
    assert_ledger_unavailable(sim, done)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", [False, True])
def test_a_database_that_is_not_there(
    sim: Simulator, options: dict[str, Any], postgresql: Server, postgresql_url: str, check: bool
) -> None:
    """Wrong port, wrong password, wrong database: said, and without the password."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        wrong = {
            postgresql_url.replace(f":{postgresql.port}/", f":{port}/"): "refused",
            postgresql_url.replace(postgresql.password, "s3cr3t-w0rd"): "password authentication failed",
            f"{postgresql_url}x": "does not exist",
        }
        for url, words in wrong.items():
            done = run({**options, "ledger_url": url}, SHOP, check=check)
            assert_ledger_unavailable(sim, done)
            assert words in done["msg"]
            assert postgresql.password not in done.output
            assert "s3cr3t-w0rd" not in done.output


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


@pytest.mark.parametrize("given", [{}, {"ledger_url": ""}], ids=["no option", "an empty option"])
def test_the_ledger_of_the_environment(
    sim: Simulator, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    del options["ledger_url"]
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_LEDGER_URL", f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert run({**options, **given}, SHOP).outcomes() == {SHOP: ("requested", None)}
    assert [path.name for path in tmp_path.iterdir()] == ["other.sqlite3"]


def test_an_empty_variable_of_the_environment_is_no_ledger(
    sim: Simulator, options: dict[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del options["ledger_url"]
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_LEDGER_URL", "")
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}
    assert (home / ".local/state/softlayer.certificates/ledger.sqlite3").exists()
    monkeypatch.delenv("SOFTLAYER_CERTIFICATES_LEDGER_URL")
    assert run(options, SHOP).outcomes() == {SHOP: ("skipped", "cooldown")}


@pytest.mark.parametrize("check", [False, True])
def test_a_ledger_that_goes_with_a_job_of_awx(
    sim: Simulator, options: dict[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    del options["ledger_url"]
    monkeypatch.setenv("AWX_PRIVATE_DATA_DIR", str(home))
    refused = run(options, SHOP, check=check)
    assert refused.code == "ephemeral_ledger"
    for words in ("folder of this AWX job", "nothing was sent", "ledger_url", "allow_ephemeral_ledger"):
        assert words in refused["msg"]
    assert refused["failure"]["details"]["ledger"].startswith(str(home))
    assert sent(sim) == []
    assert not run(options, IMPORTED, check=check).failed, "a run that would send nothing loses nothing"

    accepted = run(options, SHOP, check=check, allow_ephemeral_ledger=True)
    assert accepted.outcomes() == {SHOP: ("requested", None)}
    assert "folder of this AWX job" in str(accepted["warnings"])


def test_a_database_stays_when_a_job_of_awx_ends(
    sim: Simulator, options: dict[str, Any], postgresql_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWX_PRIVATE_DATA_DIR", str(home))
    done = run({**options, "ledger_url": postgresql_url}, SHOP)
    assert done.outcomes() == {SHOP: ("requested", None)}
    assert "AWX" not in done.output


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Another umask during a test."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize(
    ("umask", "given"),
    [(0o000, {}), (0o022, {}), (0o077, {}), (0o022, {"ledger_url": ""})],
    indirect=["umask"],
    ids=["umask 000", "umask 022", "umask 077", "empty URL"],
)
def test_the_default_ledger(
    sim: Simulator, options: dict[str, Any], home: Path, umask: int, given: dict[str, str]
) -> None:
    del options["ledger_url"]
    assert run({**options, **given}, SHOP).outcomes() == {SHOP: ("requested", None)}
    ledger = home / ".local" / "state" / "softlayer.certificates" / "ledger.sqlite3"
    assert (ledger.stat().st_mode & 0o777, ledger.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in ledger.parent.iterdir()] == [ledger.name]
    assert run({**options, **given}, SHOP).outcomes() == {SHOP: ("skipped", "cooldown")}


def test_a_home_without_xdg_state_home(
    sim: Simulator, options: dict[str, Any], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del options["ledger_url"]
    monkeypatch.delenv("XDG_STATE_HOME")
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}
    assert (home / ".local" / "state" / "softlayer.certificates" / "ledger.sqlite3").exists()


def test_a_new_ledger_file_is_its_owners_alone(sim: Simulator, options: dict[str, Any], ledger: Path) -> None:
    before = os.umask(0)
    try:
        assert run(options, SHOP)["changed"]
    finally:
        os.umask(before)
    assert ledger.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(days=400)])
def test_a_request_from_the_future(sim: Simulator, options: dict[str, Any], ahead: timedelta) -> None:
    """A clock was set wrong: that is said, and does not block for longer than the interval."""
    future = remember(sim, options["ledger_url"], SHOP, -ahead)
    done = run(options, SHOP)
    assert done.outcomes() == {SHOP: ("skipped", "cooldown")}
    for words in (str(SHOP), future.strftime(ISO), "future", "clock"):
        assert words in str(done["warnings"])
    until = instant(only(done)["next_allowed_at"])
    assert until - datetime.now(timezone.utc) <= timedelta(hours=24)
    assert not run(options, SHOP, min_interval_hours=0)["emails"][0]["reason"]
    assert sent(sim) == [SHOP]


def test_a_request_from_the_future_blocks_once(sim: Simulator, options: dict[str, Any], tmp_path: Path) -> None:
    """What was said to count as made now must not count as made later by every run that looks at it."""
    remember(sim, options["ledger_url"], SHOP, timedelta(days=-400))
    first = only(run(options, SHOP))
    second = run(options, SHOP)
    assert second.outcomes() == {SHOP: ("skipped", "cooldown")}
    assert only(second)["next_allowed_at"] == first["next_allowed_at"]
    assert sent(sim) == []


@pytest.mark.parametrize("fault", ["reset_after", "html_502_after"])
def test_a_run_whose_answers_are_swallowed_ends_before_all_orders_are_in_doubt(
    sim: Simulator, both: dict[str, Any], fault: str
) -> None:
    order_ids = [sim.add_order()["id"] for _ in range(40)]
    for order_id in order_ids[1:]:
        sim.fault(fault, method="resendEmail", order_id=order_id)
    done = run(both, *order_ids, concurrency=4, max_orders=40)
    reasons = Counter(email["reason"] for email in done["emails"])
    assert reasons.keys() == {None, "outcome_unknown", "api_error"}
    assert reasons[None] == 1
    others_under_way = 4 - 1  # when the one that is answered ends, and again after 20 without an answer in a row
    assert 20 <= reasons["outcome_unknown"] <= 20 + 2 * others_under_way
    assert len(sent(sim)) == len(sim.calls(method="resendEmail")) == 1 + reasons["outcome_unknown"]
    [said] = {email["message"] for email in done["emails"] if email["reason"] == "api_error"}
    assert said.startswith("Not requested: ") and "proxy" in said

    sim.clear_faults()
    again = run(both, *order_ids, max_orders=40)
    assert Counter(email["outcome"] for email in again["emails"])["requested"] == reasons["api_error"]


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_ledger_that_fails_while_emails_are_under_way(
    sim: Simulator, options: dict[str, Any], ledger: Path, request: pytest.FixtureRequest, backend: str
) -> None:
    """What was sent before is told all the same: it can be read nowhere else."""
    url = options["ledger_url"] if backend == "sqlite" else request.getfixturevalue("postgresql_url")
    sim.fault("hang_after", method="resendEmail", order_id=API, seconds=2)
    order_ids = [SHOP, API, PARTNER]
    process = start_module(MODULE, **{**options, "ledger_url": url, "order_ids": order_ids, "concurrency": 1})
    until(lambda: API in sent(sim), process)
    statement = f"ALTER TABLE {TABLE} RENAME TO gone"
    if backend == "sqlite":
        connection = sqlite3.connect(ledger)
        connection.execute(statement)
        connection.close()
    else:
        request.getfixturevalue("postgresql").execute(statement, url.rpartition("/")[2])
    done = finish_module(process)
    assert sent(sim) == [SHOP, API]
    assert done.failed
    assert "emails" in done, f"not told what was sent: {done['msg']}"
    assert done.outcomes()[SHOP] == ("requested", None)
    assert done.outcomes()[PARTNER][0] != "requested"
    assert "ledger" in entry_of(done, API)["message"]


# Secrets


def test_the_api_key_is_in_no_output_and_no_file(sim: Simulator, both: dict[str, Any], ledger: Path) -> None:
    sim.fault("fault", method="resendEmail", order_id=API, message=f"Key {sim.api_key} of no use")
    runs = [
        run(both, SHOP, API, diff=True, _ansible_verbosity=4),
        run(both, SHOP, max_orders=0, force=True, _ansible_verbosity=4),
        run(both, SHOP, ledger_url="sqlite://", _ansible_verbosity=4),
        run(both, SHOP, username="nobody", _ansible_verbosity=4),
    ]
    for done in runs:
        assert sim.api_key not in done.output
    assert sim.api_key.encode() not in ledger.read_bytes()
    assert [done.failed for done in runs] == [True] * 4


@pytest.mark.parametrize("missing", ["username", "api_key"])
def test_no_credentials(sim: Simulator, options: dict[str, Any], ledger: Path, missing: str) -> None:
    del options[missing]
    done = run(options, SHOP)
    assert done.code == "missing_credentials"
    for words in (missing, "SL_USERNAME", "~/.softlayer"):
        assert words in done["msg"]
    assert sim.calls() == []


def test_wrong_credentials(sim: Simulator, both: dict[str, Any]) -> None:
    done = run(both, SHOP, api_key="wrong")
    assert done.code == "authentication_failed"
    assert "api_key" in done["msg"]
    assert sent(sim) == []
