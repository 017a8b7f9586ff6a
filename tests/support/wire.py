# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The network stood in for: what clients of the SoftLayer API send, and what they are answered; name this module in ``pytest_plugins``."""

from __future__ import annotations

import io
import json
import xmlrpc.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import urllib3
from ansible_collections.softlayer.certificates.plugins.module_utils._http import caller as caller_module
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import Attempt, CurrentAttempt
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import Response as HttpAnswer
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.settings import Settings
from requests.adapters import HTTPAdapter

KEY = "0123456789abcdef" * 4
XMLRPC_URL, REST_URL = "https://api.example.com/xmlrpc/v3.1", "https://api.example.com/rest/v3.1"
SETTINGS = Settings(username="SL1", api_key=KEY, endpoint_url=XMLRPC_URL, timeout=7, proxy=None, verify=True, retries=2)
Answer = Callable[[requests.PreparedRequest], "tuple[int, bytes, Mapping[str, str]]"]


@dataclass
class Sent:
    """A request as it would go over the wire."""

    request: requests.PreparedRequest
    how: dict[str, Any]

    @property
    def body(self) -> bytes:
        """What it carries."""
        body = self.request.body or b""
        return body.encode() if isinstance(body, str) else body

    @property
    def query(self) -> dict[str, str]:
        """The parameters in its URL."""
        return {name: values[0] for name, values in parse_qs(urlsplit(str(self.request.url)).query).items()}

    def xml(self) -> tuple[str | None, dict[str, Any], list[Any]]:
        """Method, headers and arguments of XML-RPC."""
        parameters, method = xmlrpc.client.loads(self.body, use_builtin_types=True)
        first: Any = parameters[0]
        return method, first["headers"], list(parameters[1:])


def tried(answer: HttpAnswer | None = None, *, sent: bool = False, overdue: bool = False, peer: str = "") -> Attempt:
    """A request, and what became of it."""
    attempt = Attempt(60)
    attempt.answer, attempt.sent, attempt.overdue, attempt.peer = answer, sent, overdue, peer
    return attempt


@dataclass
class Wire:
    """Stands in for the network: keeps what is sent, and answers or fails as the script says.

    A failure is that of a request that may have left, but for those in `UNSENT`.
    """

    script: list[Answer | Exception] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    under_way: CurrentAttempt = field(default_factory=CurrentAttempt)

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:
        self.sent.append(Sent(request, how))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self.under_way.attempt.sent = step not in UNSENT
        if isinstance(step, Exception):
            raise step
        status, body, headers = step(request)
        response = requests.Response()
        response.status_code, response.url, response.request = status, str(request.url), request
        response.headers.update(headers)
        response.encoding = requests.utils.get_encoding_from_headers(response.headers)
        response.raw = urllib3.HTTPResponse(io.BytesIO(body), headers, status, preload_content=False)
        return response


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The network; no CA bundle or login of the environment."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    wire = Wire()
    monkeypatch.setattr(caller_module, "CurrentAttempt", lambda: wire.under_way)
    monkeypatch.setattr(HTTPAdapter, "send", lambda _adapter, request, **how: wire.send(request, **how))
    return wire


def is_rest(request: requests.PreparedRequest) -> bool:
    return "/rest/" in str(request.url)


def ok(value: Any, total: int | str | None = None, status: int = 200) -> Answer:
    """An answer in the transport that was asked."""

    def answer(request: requests.PreparedRequest) -> tuple[int, bytes, Mapping[str, str]]:
        body = json.dumps(value) if is_rest(request) else xmlrpc.client.dumps((value,), None, True, allow_none=True)
        return status, body.encode(), {} if total is None else {"SoftLayer-Total-Items": str(total)}

    return answer


def fault(message: str, code: str = "SoftLayer_Exception_Public", status: int = 500, **headers: str) -> Answer:
    """A fault in the transport that was asked."""

    def answer(request: requests.PreparedRequest) -> tuple[int, bytes, Mapping[str, str]]:
        if is_rest(request):
            body = json.dumps({"error": message, "code": code})
        else:
            body = xmlrpc.client.dumps(xmlrpc.client.Fault(code, message), methodresponse=True)  # type: ignore[arg-type]
        return status, body.encode(), {name.replace("_", "-"): value for name, value in headers.items()}

    return answer


def page(status: int, body: bytes = b"<html></html>", **headers: str) -> Answer:
    """An answer that is none of the API's."""
    return lambda _request: (status, body, {name.replace("_", "-"): value for name, value in headers.items()})


RATE_LIMIT = "SoftLayer_Exception_WebService_RateLimitExceeded"
RATE_LIMITED = fault("Rate limit of 50 requests for every 1 second(s)", RATE_LIMIT)
REFUSED = requests.ConnectionError(
    urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.NewConnectionError(None, "Connection refused"))  # type: ignore[arg-type]
)
RESET = requests.ConnectionError(
    urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
)
TIMEOUT = requests.ReadTimeout("Read timed out.")
LOST: dict[str, Answer | Exception] = {
    "reset": RESET,
    "timeout": TIMEOUT,
    "page 500": page(500),
    "page 502": page(502),
    "page 200": page(200),
    "nothing": page(200, b""),
}
NOT_PROCESSED: dict[str, Answer | Exception] = {
    "fault 500": RATE_LIMITED,
    "fault 429": fault("Slow down.", RATE_LIMIT, 429, Retry_After="1"),
    "refused": REFUSED,
}
RATE_LIMIT_STATUS: dict[str, Answer | Exception] = {
    "fault 200 by its text": fault("Rate limit of 50 requests for every 1 second(s)", status=200),
    "fault 429 of a gateway": fault("Slow down.", "TooManyRequests", 429),
    "page 429": page(429),
    "page 429 with Retry-After": page(429, Retry_After="1"),
}
"""What says that there were too many calls, and not that this one was not processed."""
REDIRECTS: dict[str, Answer | Exception] = {
    f"page {status}": page(status, Location="https://elsewhere.example/") for status in (302, 307, 308)
}
FOR_GOOD: dict[str, Answer | Exception] = {
    "authentication_failed": fault("Access Denied.", status=401),
    "not_found": fault("Unable to find object with id of '1'.", "SoftLayer_Exception_ObjectNotFound", 404),
    "retired": fault("Service does not exist", status=404),
    "api_error": fault("Internal Error"),
    "tls_error": requests.exceptions.SSLError("certificate verify failed: self-signed (_ssl.c:1)"),
}
UNSENT = (REFUSED, FOR_GOOD["tls_error"])
EXHAUSTED: dict[str, Answer | Exception] = {"rate_limited": RATE_LIMITED, "unreachable": REFUSED, "no_answer": RESET}


class Stop:
    """An event whose waiting takes no time, and is noted."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.stopped = False
        self.stop_when_waiting = False

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.stopped = self.stopped or self.stop_when_waiting
        return self.stopped

    def is_set(self) -> bool:
        return self.stopped


def client_for(url: str, **changes: Any) -> Client:
    """A client that waits for nothing."""
    client = Client(replace(SETTINGS, endpoint_url=url, **changes), concurrency=4)
    client.stop = Stop()  # type: ignore[assignment]
    return client


@pytest.fixture(params=[XMLRPC_URL, REST_URL], ids=["xmlrpc", "rest"])
def url(request: pytest.FixtureRequest) -> str:
    """The endpoint of each transport."""
    return str(request.param)


@pytest.fixture
def client(url: str, wire: Wire) -> Client:
    """A client of each transport, with the network stood in for."""
    return client_for(url)
