# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_order_info as Ansible runs it, over both transports: selection, results, bad input, and bad servers."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import TRANSPORTS, Run, finish_module, options_for, run_module, start_module

MODULE = "ssl_order_info"
FLEET, STORED = 720, 610
"""So many that several pages are needed, of orders and of certificates."""
SECONDS = 30
"""After which a run that does not end has failed."""

KEYS = {
    "id",
    "common_name",
    "status",
    "status_name",
    "approver_email",
    "technical_contact_email",
    "created_at",
    "modified_at",
    "effective_at",
    "expires_at",
    "days_until_expiry",
    "product",
    "billing_order_id",
    "public_key_sha256",
    "key_type",
    "subject_alt_names",
    "fulfillment_email_available",
}
STANDING = {"certificate_ids", "imported", "superseded_by"}
RESULTS = {"changed", "orders", "order_count", "missing_order_ids", "unmatched_common_names", "api_calls"}
KEY_HOLDERS = {
    ("SoftLayer_Account", "getSecurityCertificates"),
    ("SoftLayer_Account", "getValidSecurityCertificates"),
    ("SoftLayer_Account", "getExpiredSecurityCertificates"),
    ("SoftLayer_Account", "getObject"),
    ("SoftLayer_Security_Certificate", "getObject"),
    ("SoftLayer_Security_Certificate", "findByCommonName"),
}
"""What may answer with private keys."""


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
    assert set(run.result) - {"invocation", "warnings", "deprecations"} == RESULTS
    assert run["order_count"] == len(run["orders"])
    assert ids(run) == sorted(set(ids(run)))
    calls = sim.calls()
    assert run["api_calls"] == len(calls)
    for call in calls:
        assert call["mask"], f"all properties were asked for: {call}"
        assert "privateKey" not in call["mask"]
        if (call["service"], call["method"]) in KEY_HOLDERS:
            assert re.fullmatch(r"mask\[id(,certificate,intermediateCertificate)?\]", call["mask"])
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


def in_days(days: float) -> str:
    """An instant so many days ahead, as the API writes it."""
    moment = datetime.now(timezone.utc) + timedelta(days=days)
    return moment.astimezone(timezone(timedelta(hours=-6))).isoformat(timespec="seconds")


# Results


def test_everything_about_every_order(sim: Simulator, api: dict[str, Any]) -> None:
    run = listed(sim, **api)
    orders = {order["id"]: order for order in sim.orders()}
    assert set(ids(run)) == set(orders)
    assert run["missing_order_ids"] == []
    words = {"Pending CA Approval": "pending", "Approved": "approved", "Complete": "complete", "Canceled": "canceled"}
    for result in run["orders"]:
        order = orders[result["id"]]
        assert set(result) == KEYS
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


@pytest.mark.parametrize("mode", [{"check": True}, {"diff": True}], ids=str)
def test_check_and_diff_mode_list_the_same(sim: Simulator, mode: dict[str, bool]) -> None:
    run = listed(sim, **options_for(sim), **mode)
    assert len(ids(run)) == len(sim.orders())


def test_an_account_without_orders(sim: Simulator, api: dict[str, Any]) -> None:
    run = listed(sim, **api, common_names=["nothing.example"], gather_imported=True)
    assert run["orders"] == []


PROPERTIES = {
    "commonName": "common_name",
    "approverEmailAddress": "approver_email",
    "technicalContactEmailAddress": "technical_contact_email",
    "certificateSigningRequest": "public_key_sha256",
    "createDate": "created_at",
    "modifyDate": "modified_at",
    "effectiveDate": "effective_at",
    "expirationDate": "expires_at",
    "orderItem": "product",
    "order": "billing_order_id",
}
"""Properties of an order, and the result that rests on each."""


@pytest.mark.parametrize("absent", [True, False], ids=["absent", "null"])
def test_orders_that_lack_a_property(sim: Simulator, api: dict[str, Any], absent: bool) -> None:
    lacking = {}
    for source, result in PROPERTIES.items():
        if absent:
            order = sim.add_order(commonName="lacks.example", missing=[source])
        elif source == "order":
            continue
        else:
            order = sim.add_order(**{"commonName": "lacks.example", {"orderItem": "product"}.get(source, source): None})
        lacking[order["id"]] = result
    everything = sim.add_order(missing=[*PROPERTIES, "accountId", "status"])
    run = listed(sim, **api, gather_imported=True)
    for identifier, result in lacking.items():
        order = order_of(run, identifier)
        assert set(order) == KEYS | STANDING
        assert order[result] is None
        missing = {name for name, value in order.items() if value is None}
        assert missing <= {result, "days_until_expiry", "technical_contact_email", "key_type"}
        assert ("key_type" in missing) is (result == "public_key_sha256")
        assert ("days_until_expiry" in missing) is (result == "expires_at")
    order = order_of(run, everything["id"])
    assert (order["status"], order["fulfillment_email_available"], order["certificate_ids"]) == ("unknown", False, [])
    assert order["subject_alt_names"] == []
    assert {value for name, value in order.items() if name in KEYS - {"id", "status", "subject_alt_names"}} == {
        None,
        False,
    }


def test_a_csr_that_cannot_be_read_is_no_key(sim: Simulator, api: dict[str, Any]) -> None:
    order = sim.add_order(certificateSigningRequest="-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END")
    run = listed(sim, **api, order_ids=[order["id"]])
    assert order_of(run, order["id"])["public_key_sha256"] is None


# Selection

BY_NAME: list[tuple[list[str], set[str]]] = [
    (["www.example.com"], {"www.example.com"}),
    (["*.example.org"], {"*.example.org", "api.example.org", "vpn.example.org"}),
    (["[*].example.org"], {"*.example.org"}),
    (["BÜCHER.example.net"], {"xn--bcher-kva.example.net"}),
    (["büch*"], {"xn--bcher-kva.example.net"}),
    (["[ms]*.example.com", "api.?xample.org"], {"shop.example.com", "mail.example.com", "api.example.org"}),
    (["www.example.com", "www.example.com", "*.nowhere.example"], {"www.example.com"}),
    ([], set()),
]


@pytest.mark.parametrize(("patterns", "expected"), BY_NAME, ids=lambda value: "+".join(value) or "none")
def test_common_names(sim: Simulator, patterns: list[str], expected: set[str]) -> None:
    assert names(listed(sim, **options_for(sim), common_names=patterns)) == expected


def test_patterns_that_match_nothing_are_named(sim: Simulator, api: dict[str, Any]) -> None:
    first, *_others = sim.orders()
    patterns = ["nobody.example", "*.example.com", "*.nowhere.example", "BÜCHER.example.net"]
    run = listed(sim, **api, common_names=patterns, statuses=["canceled"])
    assert names(run) == {"beta.example.com"}
    assert run["unmatched_common_names"] == ["nobody.example", "*.nowhere.example"]
    sim.clear_calls()
    run = listed(sim, **api, common_names=["beta.example.com"], order_ids=[first["id"]])
    assert run["unmatched_common_names"] == ["beta.example.com"]


def test_a_name_that_the_api_has_in_unicode(sim: Simulator, api: dict[str, Any]) -> None:
    sim.add_order(commonName="münchen.example")
    for pattern in ("münchen.example", "xn--mnchen-3ya.example"):
        sim.clear_calls()
        assert names(listed(sim, **api, common_names=[pattern])) == {"münchen.example"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"statuses": ["pending"]}, {"intranet.example.com", "vpn.example.org"}),
        ({"statuses": ["canceled", "unknown"]}, {"beta.example.com", "payments.example.net"}),
        ({"statuses": []}, set()),
        ({"approver_emails": ["HOSTMASTER@example.???"]}, {"shop.example.com", "vpn.example.org"}),
        ({"approver_emails": ["*@agency.example", "hostmaster@*.com"]}, {"partner.example.net", "shop.example.com"}),
        ({"approver_emails": ["agency.example"]}, set()),
        ({"approver_emails": []}, set()),
        ({"expires_within_days": 21}, {"mail.example.com"}),
        ({"expires_within_days": 20}, set()),
        ({"statuses": ["pending"], "common_names": ["*.example.com"]}, {"intranet.example.com"}),
        ({"statuses": ["pending"], "approver_emails": ["hostmaster@*"]}, {"vpn.example.org"}),
        ({"common_names": ["old.*", "vpn.*"], "exclude_expired": True}, {"vpn.example.org"}),
        ({"common_names": ["old.*"], "exclude_expired": False}, {"old.example.net"}),
        ({"imported": True}, {"www.example.com"}),
        ({"imported": True, "statuses": ["pending"]}, set()),
        (
            {"imported": False, "statuses": ["complete"]},
            {"*.example.org", "mail.example.com", "old.example.net"},
        ),
    ],
    ids=str,
)
def test_criteria(sim: Simulator, options: dict[str, Any], expected: set[str]) -> None:
    assert names(listed(sim, **options_for(sim), **options)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"expires_within_days": 5}, [0, 0.5, 5.9]), ({"expires_within_days": 0}, [0, 0.5]), ({"exclude_expired": True}, [0, 0.5, 5.9, 6.1])],
    ids=str,
)  # fmt: skip
def test_expiry_counts_whole_days(
    sim: Simulator, api: dict[str, Any], options: dict[str, Any], expected: list[float]
) -> None:
    """The order nearest to its end has a minute left, so that the test's own time does not matter."""
    minute = 1 / 24 / 60
    orders = {
        days: sim.add_order(commonName="ends.example", expirationDate=in_days(days or minute))["id"]
        for days in (-6.1, -minute, 0, 0.5, 5.9, 6.1)
    }
    run = listed(sim, **api, common_names=["ends.example"], **options)
    assert ids(run) == sorted(orders[days] for days in expected)


def test_ids(sim: Simulator, api: dict[str, Any]) -> None:
    first, second, third = (order["id"] for order in sim.orders()[:3])
    run = listed(sim, **api, order_ids=[third, 999, first, third, 5, 999])
    assert ids(run) == [first, third]
    assert run["missing_order_ids"] == [5, 999]
    sim.clear_calls()
    run = listed(sim, **api, order_ids=[str(second)])
    assert (ids(run), run["missing_order_ids"]) == ([second], [])
    assert len(sim.calls()) == 2, "neither the whole list nor the store"


def test_an_id_that_another_criterion_leaves_out_is_not_missing(sim: Simulator, api: dict[str, Any]) -> None:
    order = sim.orders()[0]["id"]
    run = listed(sim, **api, order_ids=[order], statuses=["canceled"])
    assert (run["orders"], run["missing_order_ids"]) == ([], [])


def test_no_ids_are_no_orders(sim: Simulator, api: dict[str, Any]) -> None:
    run = listed(sim, **api, order_ids=[])
    assert (run["orders"], run["missing_order_ids"]) == ([], [])


@pytest.mark.parametrize("identifier", [0, -1, 2**64, "seven", 1.5])
def test_what_is_no_id_is_refused_before_anything_is_sent(sim: Simulator, identifier: object) -> None:
    refused(sim, "invalid_argument", str(identifier), **options_for(sim), order_ids=[1, identifier])
    assert sim.calls() == []


@pytest.mark.parametrize("identifier", [2**31, 2**63 - 1])
def test_an_id_larger_than_integers_of_xmlrpc(sim: Simulator, api: dict[str, Any], identifier: int) -> None:
    first = sim.orders()[0]["id"]
    run = listed(sim, **api, order_ids=[first, identifier])
    assert (ids(run), run["missing_order_ids"]) == ([first], [identifier])


@pytest.mark.parametrize("account_id", [0, -5, 2**63])
def test_what_is_no_account_id_is_refused_before_anything_is_sent(sim: Simulator, account_id: int) -> None:
    refused(sim, "invalid_argument", "account_id", **options_for(sim), account_id=account_id)
    assert sim.calls() == []


@pytest.mark.parametrize("options", [{"expires_within_days": -1}, {"statuses": ["done"]}, {"imported": "perhaps"}])
def test_values_that_make_no_sense_are_refused(sim: Simulator, options: dict[str, Any]) -> None:
    refused(sim, "invalid_argument", next(iter(options)), **options_for(sim), **options)
    assert sim.calls() == []


def test_a_given_account_is_not_asked_for(sim: Simulator, api: dict[str, Any]) -> None:
    run = listed(sim, **api, account_id=sim.account_id)
    assert len(run["orders"]) == len(sim.orders())
    assert [call["method"] for call in sim.calls()] == ["getSslCertificateRequests"]
    assert [str(argument) for argument in sim.calls()[0]["arguments"]] == [str(sim.account_id)]


def test_an_account_that_is_not_the_users(sim: Simulator, api: dict[str, Any]) -> None:
    refused(sim, "not_found", "permission", **api, account_id=sim.account_id + 1)


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
    assert all(set(order) == KEYS | STANDING for order in run["orders"])
    found = {order["id"]: order["certificate_ids"] for order in run["orders"] if order["certificate_ids"]}
    assert found == {imported["id"]: [stored["id"]], twin: [stored["id"]], renewal: [stored["id"]]}
    assert order_of(run, namesake)["certificate_ids"] == []
    sim.clear_calls()
    run = listed(sim, **api, imported=True)
    assert ids(run) == [imported["id"], twin]
    assert all(order["certificate_ids"] == [stored["id"]] for order in run["orders"])


def test_imported_false_lists_the_rest_with_what_has_no_key(sim: Simulator, api: dict[str, Any]) -> None:
    keyless = sim.add_order(missing=["certificateSigningRequest"])["id"]
    run = listed(sim, **api, imported=False, gather_imported=False)
    assert set(ids(run)) == {order["id"] for order in sim.orders()} - {sim.orders()[0]["id"]}
    assert keyless in ids(run)
    assert all(order["certificate_ids"] == [] for order in run["orders"])


def test_a_stored_certificate_that_cannot_be_read_is_passed_over(sim: Simulator, api: dict[str, Any]) -> None:
    sim.patch_certificate(sim.certificates()[0]["id"], certificate="no certificate")
    assert ids(listed(sim, **api, imported=True)) == []


def test_a_user_who_may_not_see_the_store(sim: Simulator, api: dict[str, Any]) -> None:
    api |= {"username": sim.viewer_username, "api_key": sim.viewer_api_key}
    unknown = {"certificate_ids": None, "imported": None, "superseded_by": None}
    plain, run = finish(sim, **api), finish(sim, **api, gather_imported=True)
    assert run["orders"] == [{**order, **unknown} for order in plain["orders"]]
    (warning,) = run["warnings"]
    assert "SECURITY_CERTIFICATE_MANAGE" in str(warning)
    refused(sim, "not_found", "SECURITY_CERTIFICATE_MANAGE. Grant it, or leave out imported.", **api, imported=False)


# Credentials and endpoints


@pytest.mark.parametrize("wrong", [{"api_key": "not-the-key"}, {"username": "nobody"}, {"username": "apikey"}], ids=str)
def test_wrong_credentials(sim: Simulator, api: dict[str, Any], wrong: dict[str, str]) -> None:
    if wrong == {"username": "apikey"}:
        wrong = {"username": "apikey", "api_key": "not-the-key"}
    run = refused(sim, "authentication_failed", "username", "api_key", **api | wrong)
    assert "not-the-key" not in run["msg"]
    assert len(sim.calls()) == 1, "a wrong key is not tried again"


def test_an_ibm_cloud_key(sim: Simulator, api: dict[str, Any]) -> None:
    assert len(listed(sim, **api | {"username": "apikey"})["orders"]) == len(sim.orders())
    assert {call["user"] for call in sim.calls()} == {sim.username}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["username", "api_key"], ["username and api_key", "SL_USERNAME", "SL_API_KEY", "~/.softlayer"]),
        (["username"], ["username", "SL_USERNAME"]),
        (["api_key"], ["api_key", "SL_API_KEY"]),
    ],
    ids=["both", "username", "api_key"],
)
def test_missing_credentials(sim: Simulator, missing: list[str], words: list[str]) -> None:
    api = {name: value for name, value in options_for(sim).items() if name not in missing}
    run = refused(sim, "missing_credentials", *words, **api)
    assert run["failure"]["details"] == {"missing": missing}
    assert sim.calls() == []


@pytest.mark.parametrize("name", ["username", "api_key", "endpoint_url"])
def test_precedence_of_option_environment_and_config_file(
    sim: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whichever goes first is right, and those after it are wrong."""
    api = options_for(sim, "rest")
    right, others = api[name], {key: value for key, value in api.items() if key != name}
    wrong = {"username": "nobody", "api_key": "not-the-key", "endpoint_url": "https://127.0.0.1:9/rest/v3.1"}[name]

    def config(value: str) -> None:
        (home / ".softlayer").write_text(f"[softlayer]\n{name} = {value}\n", encoding="ascii")

    config(right)
    listed(sim, **others)
    monkeypatch.setenv(f"SL_{name.upper()}", "")  # as a credential of AWX leaves it whose field is empty: not set
    sim.clear_calls()
    listed(sim, **others)
    config(wrong)
    monkeypatch.setenv(f"SL_{name.upper()}", right)
    sim.clear_calls()
    listed(sim, **others)
    sim.clear_calls()
    listed(sim, **others, **{name: ""})
    monkeypatch.setenv(f"SL_{name.upper()}", wrong)
    sim.clear_calls()
    listed(sim, **api)


def test_a_config_file_alone(sim: Simulator, api: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "softlayer.conf"
    path.write_text("[softlayer]\n" + "".join(f"{name} = {value}\n" for name, value in api.items()), encoding="ascii")
    run = listed(sim, config_file=str(path))
    assert len(run["orders"]) == len(sim.orders())
    assert sim.api_key not in run.output


@pytest.mark.parametrize("option", [{}, {"timeout": 30}], ids=["file", "option"])
def test_precedence_of_the_timeout(sim: Simulator, home: Path, option: dict[str, Any]) -> None:
    (home / ".softlayer").write_text("[softlayer]\ntimeout = 0.5\n", encoding="ascii")
    sim.settings(latency_ms=1000)
    if option:
        listed(sim, **options_for(sim), **option)
    else:
        refused(sim, "no_answer", "timeout", **options_for(sim), retries=0)


@pytest.mark.parametrize(
    "text",
    [
        "[softlayer]\nusername = SL1\napi_key sesame-open-key\n",
        "api_key = sesame-open-key\n",
        "[softlayer]\napi_key = sesame-open-key\ntimeout = sesame-open-key\n",
    ],
    ids=["no equals sign", "no section", "no number"],
)
def test_a_broken_config_file_is_not_printed(sim: Simulator, home: Path, text: str) -> None:
    path = home / "broken"
    path.write_text(text, encoding="ascii")
    run = refused(sim, "invalid_config_file", str(path), **options_for(sim), config_file=str(path))
    assert "sesame" not in run.output
    assert sim.calls() == []


def test_a_config_file_that_is_not_there(sim: Simulator) -> None:
    refused(sim, "invalid_config_file", "/no/such/file", **options_for(sim), config_file="/no/such/file")


def test_an_unknown_option(sim: Simulator) -> None:
    refused(sim, "invalid_argument", "order_id", **options_for(sim), order_id=[1])
    assert sim.calls() == []


def test_a_server_that_is_not_there(sim: Simulator, api: dict[str, Any]) -> None:
    sim.stop_listening()
    refused(sim, "unreachable", api["endpoint_url"].rstrip("/"), "refused", **api, retries=0)


def test_a_host_that_has_no_address(sim: Simulator) -> None:
    api = options_for(sim) | {"endpoint_url": "https://api.softlayer.invalid/rest/v3.1"}
    refused(sim, "unreachable", "api.softlayer.invalid", **api, retries=0)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("api.softlayer.com/rest/v3.1", ["endpoint_url"]),
        ("ftp://api.softlayer.com/rest", ["endpoint_url"]),
        ("https://me:sesame@api.softlayer.com/rest", ["endpoint_url", "login"]),
    ],
)
def test_an_endpoint_that_is_none(sim: Simulator, url: str, words: list[str]) -> None:
    run = refused(sim, "invalid_argument", *words, **options_for(sim) | {"endpoint_url": url})
    assert "sesame" not in run["msg"]


# A server that only listens, to see what goes where.


class Listener:
    """Answers every request alike, and keeps what it was sent."""

    def __init__(self, status: int = 502, headers: dict[str, str] | None = None) -> None:
        self.requests: list[str] = []
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                listener.requests.append(f"{self.requestline}\n{self.headers}\n{body.decode(errors='replace')}")
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_PUT = do_CONNECT = answer

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A server, or proxy, to which nothing should go."""
    with Listener() as listener:
        yield listener


@pytest.mark.parametrize("path", ["rest", "xmlrpc"])
def test_plain_http_to_another_host_sends_nothing(
    sim: Simulator, listener: Listener, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, listener.url)
    api = options_for(sim) | {"endpoint_url": f"http://api.softlayer.com/{path}/v3.1/"}
    run = refused(sim, "insecure_endpoint", "api.softlayer.com", "https", **api)
    assert run["failure"]["details"] == {"host": "api.softlayer.com"}
    assert listener.requests == []


def test_the_environments_proxy_stands_not_before_loopback(
    sim: Simulator, api: dict[str, Any], listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, listener.url)
    listed(sim, **api)
    assert listener.requests == []


@pytest.mark.parametrize(("where", "expected"), [("file", True), ("environment", False), ("option", True)])
def test_precedence_of_the_proxy(
    sim: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch, where: str, expected: bool
) -> None:
    """A proxy of the option or the file is used even before loopback: it was meant for this endpoint."""
    with Listener() as wanted, Listener() as unwanted:
        options = options_for(sim)
        in_file = wanted if where == "file" else unwanted
        (home / ".softlayer").write_text(f"[softlayer]\nproxy = {in_file.url}\n", encoding="ascii")
        if where != "file":
            monkeypatch.setenv("https_proxy", (wanted if where == "environment" else unwanted).url)
        if where == "option":
            options["proxy"] = wanted.url
        run = finish(sim, **options, retries=0)
        assert bool(wanted.requests) is expected
        assert unwanted.requests == []
        assert run.failed is expected
        if expected:
            assert run.code == "no_answer"


def test_a_proxys_password_is_not_printed(sim: Simulator, listener: Listener) -> None:
    proxy = listener.url.replace("http://", "http://me:s%40same-open@")
    run = finish(sim, **options_for(sim), proxy=proxy, retries=0)
    assert run.failed
    assert "s%40same-open" not in run.output
    assert "s@same-open" not in run.output


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("path", ["rest", "xmlrpc"])
def test_redirects_are_not_followed(sim: Simulator, listener: Listener, status: int, path: str) -> None:
    with Listener(status, {"Location": f"{listener.url}/elsewhere"}) as redirecting:
        api = options_for(sim) | {"endpoint_url": f"{redirecting.url}/{path}/v3.1"}
        refused(sim, "api_error", "redirect", "endpoint_url", **api)
        assert len(redirecting.requests) == 1
    assert listener.requests == []


def test_rest_sends_the_key_in_a_header_only(sim: Simulator, listener: Listener, home: Path) -> None:
    """And no other login, whatever `~/.netrc` offers."""
    (home / ".netrc").write_text("default login netrc-user password netrc-password\n", encoding="ascii")
    (home / ".netrc").chmod(0o600)
    api = options_for(sim) | {"endpoint_url": f"{listener.url}/rest/v3.1"}
    refused(sim, "no_answer", **api, retries=0)
    (request,) = listener.requests
    assert sim.api_key not in request, "but for its base64 form"
    assert request.count("Authorization: Basic ") == 1


# TLS


@pytest.fixture(scope="module")
def tls_simulator() -> Iterator[Simulator]:
    """A simulator with a certificate that nobody trusts."""
    with Simulator.start(fleet="demo", tls=True) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("in_file", "options", "trusted"),
    [
        (None, {}, False),
        (None, {"ca_path": "CA"}, True),
        (None, {"validate_certs": False}, True),
        ("CA", {}, True),
        ("False", {}, True),
        ("False", {"validate_certs": True}, False),
        ("True", {"ca_path": "CA"}, True),
    ],
    ids=str,
)
def test_tls(tls_simulator: Simulator, home: Path, in_file: str | None, options: dict[str, Any], trusted: bool) -> None:
    sim, ca_path = tls_simulator, str(tls_simulator.ca_path)
    sim.reset()
    if in_file:
        text = f"[softlayer]\nverify = {in_file.replace('CA', ca_path)}\n"
        (home / ".softlayer").write_text(text, encoding="utf-8")
    options = {name: ca_path if value == "CA" else value for name, value in options.items()}
    for transport in TRANSPORTS:
        sim.clear_calls()
        api = options_for(sim, transport)
        if trusted:
            listed(sim, **api, **options)
        else:
            refused(sim, "tls_error", "self-signed certificate", "ca_path", "validate_certs", **api, **options)
            assert sim.calls() == []


def test_a_ca_file_that_is_not_there(sim: Simulator) -> None:
    refused(sim, "invalid_argument", "/no/such/ca.pem", "ca_path", **options_for(sim), ca_path="/no/such/ca.pem")


def test_a_ca_file_that_is_none(tls_simulator: Simulator, tmp_path: Path) -> None:
    """Without a certificate in it nothing can be trusted, and the message says where to look."""
    tls_simulator.reset()
    path = tmp_path / "ca.pem"
    path.write_text("no certificate", encoding="ascii")
    run = finish(tls_simulator, **options_for(tls_simulator), ca_path=str(path), retries=0)
    assert run.failed
    assert run.code in {"tls_error", "invalid_argument"}
    assert "ca_path" in run["msg"]


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


LISTINGS: dict[str, dict[str, Any]] = {
    "good": {},
    "orders not in pages": {"page_every_list": False},
    "orders not in pages, no total": {"page_every_list": False, "omit_total": True},
    "cap": {"page_size_cap": 100},
    "limits ignored": {"ignore_limits": True},
    "no total": {"omit_total": True},
    "no total, cap": {"omit_total": True, "page_size_cap": 100},
    "no total, limits ignored": {"omit_total": True, "ignore_limits": True},
    "order ignored": {"ignore_order": True},
    "order ignored, no total": {"ignore_order": True, "omit_total": True},
    "repeated rows": {"repeat_rows": 3},
    "repeated rows, cap": {"repeat_rows": 3, "page_size_cap": 100},
    "repeated rows, no total": {"repeat_rows": 3, "omit_total": True},
    "filters ignored": {"ignore_filters": True},
}


@pytest.mark.parametrize("settings", LISTINGS.values(), ids=LISTINGS)
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


@pytest.mark.parametrize(
    "settings",
    [{}, {"ignore_filters": True}, {"page_every_list": False}, {"page_size_cap": 100, "omit_total": True}],
    ids=str,
)
def test_ids_are_found_whatever_becomes_of_the_filter(
    fleet: Simulator, transport: str, settings: dict[str, Any]
) -> None:
    wanted = [order["id"] for order in fleet.orders()[::2]]
    fleet.settings(**settings)
    run = listed(fleet, **options_for(fleet, transport), order_ids=[*wanted, 7])
    assert ids(run) == sorted(wanted)
    assert run["missing_order_ids"] == [7]


@pytest.mark.parametrize("settings", [{}, {"omit_total": True}], ids=str)
def test_a_list_that_grows_while_it_is_read(fleet: Simulator, transport: str, settings: dict[str, Any]) -> None:
    at_first = {order["id"] for order in fleet.orders()}
    fleet.settings(grow_rows=1, **settings)
    run = listed(fleet, **options_for(fleet, transport))
    assert set(ids(run)) >= at_first


def test_an_unordered_list_in_short_pages_is_not_taken_for_whole(fleet: Simulator, transport: str) -> None:
    """Where a total is named. That it comes out whole by chance is next to impossible."""
    fleet.settings(ignore_order=True, page_size_cap=100)
    run = refused(fleet, "incomplete_listing", str(FLEET), **options_for(fleet, transport))
    assert run["failure"]["details"]["expected"] == FLEET
    assert run["failure"]["details"]["received"] < FLEET


def test_a_rate_limit_delays_and_fails_nothing(fleet: Simulator, transport: str) -> None:
    fleet.settings(rate_limit=5, page_size_cap=60)
    run = listed(fleet, **options_for(fleet, transport), account_id=fleet.account_id)
    assert len(ids(run)) == FLEET
    assert run["api_calls"] > FLEET / 60, "nothing was refused"


# Answers that go wrong

DISGUISES: dict[str, dict[str, Any]] = {
    "500": {"kind": "rate_limit"},
    "200": {"kind": "rate_limit", "status": 200},
    "429": {"kind": "rate_limit_429"},
    "retry-after": {"kind": "rate_limit_429", "retry_after": 0},
    "text alone": {"kind": "fault", "message": "Rate limit of 50 requests for every 1 second(s)"},
    "text alone, xml 500": {"kind": "fault", "message": "Rate limit exceeded", "xmlrpc_status": 500},
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_rate_limited_read_is_repeated(sim: Simulator, api: dict[str, Any], disguise: dict[str, Any]) -> None:
    sim.fault(**disguise, method="getSslCertificateRequests", times=2)
    run = listed(sim, **api)
    assert len(ids(run)) == len(sim.orders())
    assert run["api_calls"] == 4
    assert sim.faults()[0]["met"] == 2


@pytest.mark.parametrize("disguise", ["500", "200"])
def test_a_rate_limit_that_does_not_clear(sim: Simulator, api: dict[str, Any], disguise: str) -> None:
    sim.fault(**DISGUISES[disguise])
    refused(sim, "rate_limited", "retries", "later", **api, retries=0)
    assert len(sim.calls()) == 1


@pytest.mark.parametrize(
    "kind", ["reset_before", "reset_after", "hang_after", "html_500", "html_200", "truncated", "empty_body"]
)
def test_a_read_is_repeated_after_a_lost_answer(sim: Simulator, api: dict[str, Any], kind: str) -> None:
    sim.fault(kind, method="getSslCertificateRequests", times=1)
    timeout = {"timeout": 0.5} if kind.startswith("hang") else {}
    run = listed(sim, **api, **timeout)
    assert len(ids(run)) == len(sim.orders())
    assert run["api_calls"] == 3


@pytest.mark.parametrize("kind", ["reset_after", "hang_before", "html_500", "html_502_after", "cut"])
def test_an_answer_that_stays_lost(sim: Simulator, api: dict[str, Any], kind: str) -> None:
    sim.fault(kind)
    timeout = {"timeout": 0.5} if kind.startswith("hang") else {}
    run = refused(sim, "no_answer", api["endpoint_url"].rstrip("/"), **api, **timeout, retries=0)
    assert run["failure"]["details"]["call"] == "SoftLayer_Account::getObject"
    assert "<" not in run["msg"], "the page is not quoted"
    assert len(sim.calls()) == 1


FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "not found": ({"kind": "not_found"}, "not_found", "permission"),
    "denied": ({"kind": "access_denied"}, "authentication_failed", "api_key"),
    "unknown method": ({"kind": "unknown_method"}, "retired", "Secrets Manager"),
    "not implemented": (
        {"kind": "fault", "code": "SoftLayer_Exception_NotImplemented", "message": "Not implemented."},
        "api_error",
        "Not implemented.",
    ),
    "internal error": ({"kind": "fault"}, "api_error", "Internal Error"),
    "http status too": ({"kind": "fault", "message": "No.", "xmlrpc_status": 500}, "api_error", "No."),
    "no list": ({"kind": "false"}, "api_error", "getSslCertificateRequests"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(sim: Simulator, api: dict[str, Any], fault: str) -> None:
    rule, code, words = FAULTS[fault]
    sim.fault(**rule, method="getSslCertificateRequests")
    refused(sim, code, words, **api, account_id=sim.account_id)


def test_an_echoed_key_is_not_printed(sim: Simulator, api: dict[str, Any]) -> None:
    echo = f"Invalid login {sim.username} {sim.api_key}; given -----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----"
    sim.fault("fault", message=echo)
    run = refused(sim, "api_error", "Invalid login", **api)
    assert "MIIC" not in run.output
    assert sim.api_key not in run.output


def test_the_collection_needs_no_home(sim: Simulator, api: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    assert not run_module(MODULE, **api).failed
