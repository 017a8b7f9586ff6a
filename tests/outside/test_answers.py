# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in an answer: a gateway's is not taken for the API's, none is too large, none is a traceback.

Promise: No email twice by accident.
"""

from __future__ import annotations

import gzip
import json
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside.playing import play
from tests.outside.servers import Api, Authority, Ending, finish, head_and_body, http
from tests.support.modules import run_measured, run_module

TRANSPORTS = ("xmlrpc", "rest")
RETRIES = 3
ORDER = {
    "id": 12,
    "commonName": "www.example.com",
    "approverEmailAddress": "admin@example.com",
    "expirationDate": "2099-01-01T00:00:00-06:00",
    "status": {"id": 49, "name": "Complete"},
}
JSON = {"Content-Type": "application/json"}
XML = {"Content-Type": "text/xml"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API over TLS."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with Api(authority, getSslCertificateRequests=[ORDER], getSecurityCertificates=[]) as api:
        yield api


@pytest.fixture
def api(server: Api) -> Api:
    """The API, at peace, with an account."""
    server.attack("", answering(b""))
    server.answers["getObject"] = {"id": 1}
    return server


def answering(answer: bytes) -> Ending:
    """This answer in place of the API's own."""

    def play_it(_server: object, peer: Any, _answer: bytes) -> None:
        peer.sendall(answer)
        finish(peer)

    return play_it


def options(api: Api, transport: str, **others: Any) -> dict[str, Any]:
    """What lets a module use an API here."""
    assert api.authority
    login = {"username": "SL1", "api_key": "0123456789abcdef" * 4, "ca_path": str(api.authority.ca_path)}
    return {**login, "endpoint_url": api.url(transport), "retries": RETRIES, **others}


def fault(transport: str, code: object, words: str) -> tuple[bytes, dict[str, str]]:
    """A fault as each transport writes it, and its headers."""
    if transport == "rest":
        return json.dumps({"error": words} if code is None else {"error": words, "code": code}).encode(), JSON
    found = xmlrpc.client.Fault(code or "", words)  # type: ignore[arg-type]
    return xmlrpc.client.dumps(found, methodresponse=True).encode(), XML


# Gateways


@pytest.mark.parametrize(
    ("transport", "status", "code", "words", "reason", "sends"),
    [
        ("rest", 504, "GATEWAY_TIMEOUT", "upstream timed out", "outcome_unknown", 1),
        ("rest", 502, "BadGateway", "Bad Gateway", "outcome_unknown", 1),
        ("rest", 503, "Unavailable", "Too many requests.", "outcome_unknown", 1),
        ("rest", 500, "Retired", "The service has been retired", "outcome_unknown", 1),
        ("rest", 408, None, "Request Timeout", "outcome_unknown", 1),
        ("rest", 499, "CLIENT_CLOSED", "client closed request", "outcome_unknown", 1),
        ("rest", 200, "GATEWAY_TIMEOUT", "upstream timed out", "outcome_unknown", 1),
        ("xmlrpc", 502, "GATEWAY", "upstream timed out", "outcome_unknown", 1),
        ("xmlrpc", 408, "", "Request Timeout", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Public", "Internal Error", "outcome_unknown", 1),
        ("xmlrpc", 200, "SoftLayer_Exception_Public", "Internal Error", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception", "Request timed out", "outcome_unknown", 1),
        ("xmlrpc", 200, "SoftLayer_Exception", "Gateway Time-out", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Public", "", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Public", "Error Fetching http headers", "outcome_unknown", 1),
        ("xmlrpc", 200, "SoftLayer_Exception", "cURL error 52: Empty reply from server", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Network_Timeout", "No answer from the vendor", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Public", "Sent; the vendor's rate limit was exceeded", "outcome_unknown", 1),
        ("xmlrpc", 200, "SoftLayer_Exception", "Rate limit exceeded on indexing", "outcome_unknown", 1),
        ("xmlrpc", 200, "SoftLayer_Exception", "Rate limit of 50 requests for every 1 second(s)", "outcome_unknown", 1),
        ("rest", 200, "", "", "outcome_unknown", 1),
        ("xmlrpc", 200, "", "", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Public", "This order has no approver.", "api_error", 1),
        ("rest", 500, "SoftLayer_Exception_InvalidValue", "timeout: Internal Error", "api_error", 1),
        ("rest", 404, None, "Service does not exist", "retired", 1),
        ("rest", 500, "SoftLayer_Exception_NotImplemented", "Not implemented.", "api_error", 1),
        ("xmlrpc", 200, "SoftLayer_Exception_NotImplemented", "Not implemented.", "api_error", 1),
        ("xmlrpc", 200, "-32601", "method not found", "retired", 1),
        ("xmlrpc", 500, "SoftLayer_Exception_WebService_RateLimitExceeded", "Rate limit of 50", "rate_limited", 2),
        ("rest", 429, "SoftLayer_Exception_WebService_RateLimitExceeded", "Rate limit of 50", "rate_limited", 2),
        ("rest", 429, "slow", "down", "outcome_unknown", 1),
        ("rest", 429, None, "Rate limit of 50 requests for every 1 second(s)", "outcome_unknown", 1),
        ("xmlrpc", 429, "RateLimitExceeded", "Rate limit of 50 requests for every 1 second(s)", "outcome_unknown", 1),
    ],
)
def test_only_the_api_says_that_nothing_was_sent(
    api: Api, tmp_path: Path, transport: str, status: int, code: str | None, words: str, reason: str, sends: int
) -> None:
    body, headers = fault(transport, code, words)
    api.attack("resendEmail", answering(http(status, body, headers)))
    wishes = options(
        api, transport, ledger_url=f"sqlite:///{tmp_path}/ledger.db", order_ids=[12], retries=sends - 1 or RETRIES
    )
    done = run_module("ssl_fulfillment_email", **wishes)
    assert done.outcomes() == {12: ("failed", reason)}
    assert api.received.count("resendEmail") == sends
    api.attack("", answering(b""))
    again = run_module("ssl_fulfillment_email", **wishes)
    if reason == "outcome_unknown":
        assert again["emails"][0]["reason"] == "outcome_unknown", "the claim is kept"
        assert "resendEmail" not in api.received
    else:
        assert again.outcomes() == {12: ("requested", None)}, "the claim was released"


# Size


def bomb() -> bytes:
    """600 MB of blanks, before the end of a list, in 600 kB."""
    return gzip.compress(b"[" + b" " * 10_000_000) + gzip.compress(b" " * 10_000_000) * 59 + gzip.compress(b"]")


def test_an_answer_has_a_largest_size(api: Api, tmp_path: Path) -> None:
    api.attack("getSslCertificateRequests", answering(http(200, bomb(), {"Content-Encoding": "gzip", **JSON})))
    result, peak = run_measured("ssl_order_info", **options(api, "rest"))
    assert result["failure"]["code"] == "api_error"
    assert "endpoint_url" in result["msg"]
    assert peak < 550e6
    assert api.received.count("getSslCertificateRequests") == 1
    api.attack("resendEmail", answering(http(200, bomb(), {"Content-Encoding": "gzip", **JSON})))
    result, peak = run_measured(
        "ssl_fulfillment_email",
        **options(api, "rest", order_ids=[12], ledger_url=f"sqlite:///{tmp_path}/ledger.db"),
    )
    assert result["emails"][0]["reason"] == "outcome_unknown"
    assert peak < 550e6
    assert api.received.count("resendEmail") == 1


def test_a_list_does_not_become_endless(api: Api) -> None:
    """As a total that nobody could read would make it."""
    for total in ("9" * 5000, "9" * 18):
        rows = json.dumps([ORDER]).encode()
        api.attack("getSslCertificateRequests", answering(http(200, rows, {"SoftLayer-Total-Items": total, **JSON})))
        done = run_module("ssl_order_info", **options(api, "rest", retries=0))
        assert [order["id"] for order in done["orders"]] == [12]


# Ids

NO_IDS = ["1e400", "true", "1.5", "-1", '"\u0661"', "9" * 30]


@pytest.mark.parametrize("text", NO_IDS)
def test_what_is_no_account_id(api: Api, text: str) -> None:
    api.answers["getObject"] = f'{{"id": {text}}}'.encode()
    done = run_module("ssl_order_info", **options(api, "rest", retries=0))
    assert done.code == "api_error"
    assert "endpoint_url" in done["msg"]


@pytest.mark.parametrize("value", ["<double>1e400</double>", "<boolean>1</boolean>"])
def test_what_is_no_account_id_in_xml(api: Api, value: str) -> None:
    struct = f"<struct><member><name>id</name><value>{value}</value></member></struct>"
    document = f"<methodResponse><params><param><value>{struct}</value></param></params></methodResponse>"
    api.answers["getObject"] = document.encode()
    done = run_module("ssl_order_info", **options(api, "xmlrpc", retries=0))
    assert done.code == "api_error"
    assert "endpoint_url" in done["msg"]


@pytest.mark.parametrize("text", ["12", '"12"'])
def test_an_account_id_as_number_and_as_text(api: Api, text: str) -> None:
    api.answers["getObject"] = f'{{"id": {text}}}'.encode()
    done = run_module("ssl_order_info", **options(api, "rest"))
    assert not done.failed


def test_what_is_no_id_of_an_order(api: Api) -> None:
    api.attack("getSslCertificateRequests", answering(http(200, b'[{"id": 1e400}]', JSON)))
    assert run_module("ssl_order_info", **options(api, "rest")).code == "api_error"


def test_other_numbers_that_are_none(api: Api) -> None:
    row = json.dumps({**ORDER, "status": None, "statusId": 0}).replace('"statusId": 0', '"statusId": 1e400')
    api.attack("getSslCertificateRequests", answering(http(200, f"[{row}]".encode(), JSON)))
    done = run_module("ssl_order_info", **options(api, "rest", retries=0))
    assert done["orders"][0]["status"] == "unknown"


# What a config file says of certificates


@pytest.mark.parametrize("before", ["", "/of/the/user.pem"])
def test_a_config_file_is_for_the_collection_alone(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Reading it in an inventory leaves the certificates alone that later tasks trust."""
    assert api.authority
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    config = tmp_path / "softlayer.conf"
    config.write_text(
        f"[softlayer]\nusername = SL1\napi_key = {'0' * 64}\nverify = {api.authority.ca_path}\n", encoding="utf-8"
    )
    (tmp_path / "my.ssl_orders.yml").write_text(
        json.dumps(
            {
                "plugin": "softlayer.certificates.ssl_orders",
                "endpoint_url": api.url("rest"),
                "config_file": str(config),
            }
        ),
        encoding="utf-8",
    )
    played = play(
        tmp_path,
        """
        - hosts: localhost
          gather_facts: false
          tasks:
            - ansible.builtin.command: printenv SSL_CERT_FILE
              register: trusted
              failed_when: false
              changed_when: false
            - ansible.builtin.debug:
                msg: "in the task <{{ trusted.stdout }}>, in the play <{{ lookup('env', 'SSL_CERT_FILE') }}>,
                  orders {{ groups.all | length }}"
        """,
        "-i",
        "my.ssl_orders.yml",
        env={"SSL_CERT_FILE": before} if before else {},
    )
    assert played.code == 0, played.output
    assert f"in the task <{before}>, in the play <{before}>, orders 1" in played.output, played.output


def test_the_head_is_bounded_as_well(api: Api) -> None:
    head, body = head_and_body(http(200, b"[]"))
    api.attack("getSslCertificateRequests", answering(head[:-2] + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n" + body))
    done = run_module("ssl_order_info", **options(api, "rest", retries=0))
    assert done.code == "no_answer"
