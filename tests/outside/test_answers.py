# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gateway's answer is not taken for the API's, and none is too large. What each answer means: the pure tests of `_api/faults`.

Promise: No email twice, no certificate twice.
"""

from __future__ import annotations

import gzip
import json
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside.servers import ORDER, Api, Authority, Ending, finish, http
from tests.support.modules import run_measured, run_module

RETRIES = 3
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
        ("xmlrpc", 200, "SoftLayer_Exception_Public", "Internal Error", "outcome_unknown", 1),
        ("rest", 500, "SoftLayer_Exception_Public", "This order has no approver.", "api_error", 1),
        ("xmlrpc", 500, "SoftLayer_Exception_WebService_RateLimitExceeded", "Rate limit of 50", "rate_limited", 2),
    ],
)
def test_only_the_api_says_that_nothing_was_sent(
    api: Api, tmp_path: Path, transport: str, status: int, code: str | None, words: str, reason: str, sends: int
) -> None:
    body, headers = fault(transport, code, words)
    api.attack("resendEmail", answering(http(status, body, headers)))
    wishes = api.options(
        transport, ledger_url=f"sqlite:///{tmp_path}/ledger.db", order_ids=[12], retries=sends - 1 or RETRIES
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


def test_an_answer_has_a_largest_size(api: Api) -> None:
    api.attack("getSslCertificateRequests", answering(http(200, bomb(), {"Content-Encoding": "gzip", **JSON})))
    result, peak = run_measured("ssl_order_info", **api.options("rest"))
    assert result["failure"]["code"] == "api_error"
    assert "endpoint_url" in result["msg"]
    assert peak < 550e6
    assert api.received.count("getSslCertificateRequests") == 1
