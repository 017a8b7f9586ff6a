# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_order_info as Ansible runs it: selection, results, logging in, and servers that misbehave.

What each criterion and property means: the pure tests of `_softlayer.orders` and `_names`; settings and connections: those of
`_softlayer.client`, and `outside/test_connections`; lists in pages: those of `_softlayer.paging`; answers that go wrong: those of `_softlayer.faults`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import DAY, NOW
from tests.support.modules import TRANSPORTS, Run, finish_module, options_for, run_module, start_module

MODULE = "ssl_order_info"
FLEET, STORED = 720, 610
"""So many that several pages are needed, of orders and of certificates."""
SECONDS = 30
"""After which a run that does not end has failed."""

STANDING = {"certificate_ids", "imported", "superseded_by"}


def finish(sim: Simulator, **options: Any) -> Run:
    """Run the module to its end, or end it; checks what holds of every run."""
    process = start_module(MODULE, **options)
    try:
        run = finish_module(process, SECONDS)
    finally:
        process.kill()
    assert "Traceback" not in run.output
    assert "exception" not in run
    assert not re.search("PRIVATE KEY", run.output)
    for key in (sim.api_key, options.get("api_key")):
        assert not key or key not in run.output, "the API key was printed"
    return run


def listed(sim: Simulator, **options: Any) -> Run:
    """A run that succeeds; checks what holds of each."""
    run = finish(sim, **options)
    assert not run.failed, run.result
    assert run["changed"] is False
    assert run["order_count"] == len(run["orders"])
    assert ids(run) == sorted(set(ids(run)))
    calls = sim.calls()
    assert run["api_calls"] == len(calls)
    for call in calls:
        assert call["mask"], f"all properties were asked for: {call}"
        assert "privateKey" not in call["mask"]
    assert {call["method"] for call in calls} <= {
        "getObject",
        "getSslCertificateRequests",
        "getSecurityCertificates",
    }, "only what reads"
    return run


def refused(sim: Simulator, code: str, *words: str, **options: Any) -> Run:
    """A run that fails, in one sentence with these words."""
    run = finish(sim, **options)
    assert run.failed, run.result
    assert set(run["failure"]) == {"code", "message", "details"}
    assert (run.code, run["failure"]["message"]) == (code, run["msg"])
    assert isinstance(run["failure"]["details"], dict)
    assert "\n" not in run["msg"]
    for word in words:
        assert word in run["msg"]
    return run


def ids(run: Run) -> list[int]:
    """The ids that were listed."""
    return [order["id"] for order in run["orders"]]


def names(run: Run) -> set[str]:
    """The common names that were listed."""
    return {order["common_name"] for order in run["orders"]}


def order_of(run: Run, identifier: int) -> dict[str, Any]:
    """One of the orders listed."""
    (order,) = (order for order in run["orders"] if order["id"] == identifier)
    assert isinstance(order, dict)
    return order


# Results


def test_everything_about_every_order(sim: Simulator, api: dict[str, Any]) -> None:
    run = listed(sim, **api)
    orders = {order["id"]: order for order in sim.orders()}
    assert set(ids(run)) == set(orders)
    assert run["missing_order_ids"] == []
    words = {"Pending CA Approval": "pending", "Approved": "approved", "Complete": "complete", "Canceled": "canceled"}
    for result in run["orders"]:
        order = orders[result["id"]]
        assert not STANDING & result.keys()
        assert result["common_name"] == order["commonName"]
        assert result["status_name"] == order["status"]
        assert result["status"] == words.get(order["status"], "unknown")
        assert result["approver_email"] == order["approverEmailAddress"]
        assert result["technical_contact_email"] == order["technicalContactEmailAddress"]
        assert result["product"] == order["product"]
        assert result["billing_order_id"] == order["id"] + 5_000_000
        assert re.fullmatch("[0-9a-f]{64}", result["public_key_sha256"])
        for name, source in (
            ("created_at", "createDate"),
            ("modified_at", "modifyDate"),
            ("effective_at", "effectiveDate"),
            ("expires_at", "expirationDate"),
        ):
            if order[source] is None:
                assert result[name] is None
                continue
            moment = datetime.fromisoformat(order[source]).astimezone(timezone.utc)
            assert result[name] == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        issued = result["status"] in {"approved", "complete"}
        expired = (result["days_until_expiry"] or 0) < 0
        assert result["fulfillment_email_available"] is (issued and not expired)
    days = {order["common_name"]: order["days_until_expiry"] for order in run["orders"]}
    assert days["mail.example.com"] == 21
    assert days["old.example.net"] == -40
    assert days["vpn.example.org"] is None
    assert len({order["public_key_sha256"] for order in run["orders"]}) == len(orders)


# Selection


def test_patterns_that_match_nothing_are_named(sim: Simulator, api: dict[str, Any]) -> None:
    first, *_others = sim.orders()
    patterns = ["nobody.example", "*.example.com", "*.nowhere.example", "BÜCHER.example.net"]
    run = listed(sim, **api, common_names=patterns, statuses=["canceled"])
    assert names(run) == {"beta.example.com"}
    assert run["unmatched_common_names"] == ["nobody.example", "*.nowhere.example"]
    sim.clear_calls()
    run = listed(sim, **api, common_names=["beta.example.com"], order_ids=[first["id"]])
    assert run["unmatched_common_names"] == ["beta.example.com"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"statuses": ["pending"], "approver_emails": ["hostmaster@*"]}, {"vpn.example.org"}),
        ({"common_names": ["old.*", "büch*"], "exclude_expired": True}, {"xn--bcher-kva.example.net"}),
        ({"expires_within_days": 21}, {"mail.example.com"}),
        (
            {"imported": False, "statuses": ["complete"]},
            {"*.example.org", "mail.example.com", "old.example.net"},
        ),
    ],
    ids=str,
)
def test_criteria(sim: Simulator, options: dict[str, Any], expected: set[str]) -> None:
    assert names(listed(sim, **options_for(sim), **options)) == expected


def test_ids(sim: Simulator, api: dict[str, Any]) -> None:
    first, second, third = (order["id"] for order in sim.orders()[:3])
    run = listed(sim, **api, order_ids=[third, 999, first, third, 5, 999])
    assert ids(run) == [first, third]
    assert run["missing_order_ids"] == [5, 999]
    sim.clear_calls()
    run = listed(sim, **api, order_ids=[str(second)])
    assert (ids(run), run["missing_order_ids"]) == ([second], [])
    assert len(sim.calls()) == 2, "neither the whole list nor the store"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_id_larger_than_integers_of_xmlrpc(sim: Simulator, api: dict[str, Any]) -> None:
    identifier = 2**63 - 1
    first = sim.orders()[0]["id"]
    run = listed(sim, **api, order_ids=[first, identifier])
    assert (ids(run), run["missing_order_ids"]) == ([first], [identifier])


def test_what_is_no_account_id_is_refused_before_anything_is_sent(sim: Simulator) -> None:
    refused(sim, "invalid_argument", "account_id", **options_for(sim), account_id=0)
    assert sim.calls() == []


def test_a_given_account_is_not_asked_for(sim: Simulator, api: dict[str, Any]) -> None:
    run = listed(sim, **api, account_id=sim.account_id)
    assert len(run["orders"]) == len(sim.orders())
    assert [call["method"] for call in sim.calls()] == ["getSslCertificateRequests"]
    assert [str(argument) for argument in sim.calls()[0]["arguments"]] == [str(sim.account_id)]


# The store


def test_certificates_by_key(sim: Simulator, api: dict[str, Any]) -> None:
    (stored,) = sim.certificates()
    imported = sim.orders()[0]
    same = {name: imported[name] for name in ("certificateSigningRequest", "effectiveDate", "expirationDate")}
    twin = sim.add_order(commonName="another.example", **same)["id"]
    renewal = sim.add_order(commonName="www.example.com", certificateSigningRequest=same["certificateSigningRequest"])[
        "id"
    ]
    namesake = sim.add_order(commonName="www.example.com")["id"]
    run = listed(sim, **api, gather_imported=True)
    assert all(order.keys() >= STANDING for order in run["orders"])
    found = {order["id"]: order["certificate_ids"] for order in run["orders"] if order["certificate_ids"]}
    assert found == {imported["id"]: [stored["id"]], twin: [stored["id"]], renewal: [stored["id"]]}
    assert order_of(run, namesake)["certificate_ids"] == []
    sim.clear_calls()
    run = listed(sim, **api, imported=True)
    assert ids(run) == [imported["id"], twin]
    assert all(order["certificate_ids"] == [stored["id"]] for order in run["orders"])


@pytest.mark.parametrize(
    ("begins", "ends", "days"), [(-1, 364, (-1, 199)), (-220, 145, (-20, 145))], ids=["first", "reissue"]
)
def test_a_certificate_of_200_days_is_that_of_an_order_of_a_year(
    sim: Simulator, api: dict[str, Any], begins: int, ends: int, days: tuple[int, int]
) -> None:
    """And not that of a renewal with the same key, which begins while it is valid."""
    sim.settings(certificate_days=200)
    order = sim.add_order(id=9001, commonName="year.example.com", **dates_of(begins, ends))
    stored = sim.import_order(9001)
    same = {name: order[name] for name in ("commonName", "certificateSigningRequest")}
    sim.add_order(id=9002, **same, **dates_of(4, ends + 365))
    assert [datetime.fromisoformat(stored[f"validity{end}"]) for end in ("Begin", "End")] == [
        NOW + one * DAY for one in days
    ]
    run = listed(sim, **api, gather_imported=True, order_ids=[9001, 9002])
    told = {one["id"]: (one["imported"], one["certificate_ids"]) for one in run["orders"]}
    assert told == {9001: (True, [stored["id"]]), 9002: (False, [stored["id"]])}


def dates_of(begins: int, ends: int) -> dict[str, str]:
    """The properties of an order with this term, in days from now."""
    return {"effectiveDate": str(NOW + begins * DAY), "expirationDate": str(NOW + ends * DAY)}


def test_a_user_who_may_not_see_the_store(sim: Simulator, api: dict[str, Any]) -> None:
    api |= {"username": sim.viewer_username, "api_key": sim.viewer_api_key}
    unknown = {"certificate_ids": None, "imported": None, "superseded_by": None}
    plain, run = finish(sim, **api), finish(sim, **api, gather_imported=True)
    assert run["orders"] == [{**order, **unknown} for order in plain["orders"]]
    (warning,) = run["warnings"]
    assert "SECURITY_CERTIFICATE_MANAGE" in str(warning)
    refused(sim, "not_found", "SECURITY_CERTIFICATE_MANAGE. Grant it, or leave out imported.", **api, imported=False)


# Credentials and endpoints


def test_wrong_credentials(sim: Simulator, api: dict[str, Any]) -> None:
    run = refused(sim, "authentication_failed", "username", "api_key", **api | {"api_key": "not-the-key"})
    assert "not-the-key" not in run["msg"]
    assert len(sim.calls()) == 1, "a wrong key is not tried again"


def test_plain_http_to_another_host_is_refused(sim: Simulator) -> None:
    given = options_for(sim) | {"endpoint_url": "http://api.softlayer.com/rest/v3.1/"}
    run = refused(sim, "insecure_endpoint", "api.softlayer.com", "https", **given)
    assert run["failure"]["details"] == {"host": "api.softlayer.com"}


def test_an_ibm_cloud_key(sim: Simulator, api: dict[str, Any]) -> None:
    assert len(listed(sim, **api | {"username": "apikey"})["orders"]) == len(sim.orders())
    assert {call["user"] for call in sim.calls()} == {sim.username}


def test_a_config_file_alone(sim: Simulator, api: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "softlayer.conf"
    path.write_text("[softlayer]\n" + "".join(f"{name} = {value}\n" for name, value in api.items()), encoding="ascii")
    run = listed(sim, config_file=str(path))
    assert len(run["orders"]) == len(sim.orders())
    assert sim.api_key not in run.output


# Listings that misbehave


@pytest.fixture(scope="module")
def large_simulator() -> Iterator[Simulator]:
    """A simulator with several pages of orders and of certificates; use `fleet` instead."""
    with Simulator.start(fleet=FLEET, stored=STORED) as simulator:
        yield simulator


@pytest.fixture
def fleet(large_simulator: Simulator) -> Simulator:
    """The simulator with many orders, as if it had just been started; they come in pages, too."""
    large_simulator.reset()
    large_simulator.settings(page_every_list=True)
    return large_simulator


@pytest.mark.parametrize("settings", [{"omit_total": True, "page_size_cap": 100}, {"repeat_rows": 3}], ids=str)
def test_every_listing_gives_the_same(fleet: Simulator, transport: str, settings: dict[str, Any]) -> None:
    """Of orders and of certificates."""
    fleet.settings(**settings)
    run = listed(fleet, **options_for(fleet, transport), gather_imported=True)
    orders = [order["id"] for order in fleet.orders()]
    assert len(orders) == FLEET
    assert ids(run) == sorted(orders)
    stored = [identifier for order in run["orders"] for identifier in order["certificate_ids"]]
    assert sorted(stored) == sorted(certificate["id"] for certificate in fleet.certificates())
    assert len(stored) == STORED


def test_a_list_that_grows_while_it_is_read(fleet: Simulator, transport: str) -> None:
    at_first = {order["id"] for order in fleet.orders()}
    fleet.settings(grow_rows=1)
    run = listed(fleet, **options_for(fleet, transport))
    assert set(ids(run)) >= at_first


@pytest.mark.parametrize("omit_total", [False, True])
def test_an_order_that_goes_between_two_pages_hides_no_other(sim: Simulator, transport: str, omit_total: bool) -> None:
    at_first = sorted(order["id"] for order in sim.orders())
    sim.settings(page_every_list=True, omit_total=omit_total, page_size_cap=len(at_first) - 1)
    sim.settings(lose_row_of="SoftLayer_Security_Certificate_Request")
    run = listed(sim, **options_for(sim, transport))
    assert len(sim.orders()) == len(at_first) - 1 and set(ids(run)) >= {*at_first[1:]}


def test_an_unordered_list_in_short_pages_is_not_taken_for_whole(fleet: Simulator, transport: str) -> None:
    """Where a total is named. That it comes out whole by chance is next to impossible."""
    fleet.settings(ignore_order=True, page_size_cap=100)
    run = refused(fleet, "incomplete_listing", str(FLEET), **options_for(fleet, transport))
    assert run["failure"]["details"]["expected"] == FLEET
    assert run["failure"]["details"]["received"] < FLEET


# Answers that go wrong


def test_an_answer_that_stays_lost(sim: Simulator, api: dict[str, Any]) -> None:
    sim.fault("html_500")
    run = refused(sim, "no_answer", api["endpoint_url"].rstrip("/"), **api, retries=0)
    assert run["failure"]["details"]["call"] == "SoftLayer_Account::getObject"
    assert len(sim.calls()) == 1


def test_the_collection_needs_no_home(sim: Simulator, api: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    assert not run_module(MODULE, **api).failed
