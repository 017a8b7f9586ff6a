# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it means that no answer came, and what a server says, made fit for a message."""

from __future__ import annotations

import socket
from itertools import islice

import pytest
import requests
import urllib3.exceptions
from ansible_collections.softlayer.certificates.plugins.module_utils._base.secrets import HIDDEN_TEXT
from ansible_collections.softlayer.certificates.plugins.module_utils._http.faults import (
    MAX_MESSAGE_LENGTH,
    collect_details,
    end_sentence,
    explain_missing_response,
    list_causes,
    make_rate_limit_error,
    read_retry_after,
    shorten,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import (
    Response,
    ResponseTooLargeError,
)

from tests.support.wire import tried

CALL = "Reading a certificate"
ENDPOINT = "https://api.example.com"


def chained(outer: Exception, *inner: Exception) -> Exception:
    current: BaseException = outer
    for exception in inner:
        current.__context__ = exception
        current = exception
    return outer


REFUSED = urllib3.exceptions.NewConnectionError(None, "Failed to establish a new connection: [Errno 111] Connection refused")  # type: ignore[arg-type]  # fmt: skip


NO_ROUTE = urllib3.exceptions.NewConnectionError(None, "Failed to establish a new connection: [Errno 113] No route to host")  # type: ignore[arg-type]  # fmt: skip


def max_retries(reason: Exception) -> urllib3.exceptions.MaxRetryError:
    return urllib3.exceptions.MaxRetryError(None, "/", reason)  # type: ignore[arg-type]


def test_causes_that_lead_in_a_circle_come_to_an_end() -> None:
    error = Exception("No.")
    error.__cause__ = requests.RequestException(error)
    assert [*islice(list_causes(error), 9)] == [error, error.__cause__]


@pytest.mark.parametrize(
    ("inner", "meaning"),
    [
        (requests.ConnectionError(max_retries(REFUSED)), "unreachable"),
        (requests.exceptions.ProxyError(max_retries(urllib3.exceptions.ProxyError("No.", OSError()))), "unreachable"),
        (requests.exceptions.SSLError("certificate verify failed: self-signed certificate"), "tls_error"),
        (requests.exceptions.SSLError("EOF occurred in violation of protocol (_ssl.c:2427)"), "tls_error"),
        (requests.exceptions.InvalidURL("no host"), "invalid_argument"),
        (requests.exceptions.InvalidProxyURL("no proxy"), "invalid_argument"),
        (requests.RequestException("anything"), "api_error"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
@pytest.mark.parametrize("as_cause", [False, True])
def test_exceptions(inner: Exception, meaning: str, as_cause: bool) -> None:
    """The SDK hides them behind its own, as cause or as context."""
    error = Exception(str(inner))
    if as_cause:
        error.__cause__ = inner
    else:
        error = chained(error, inner)
    found = explain_missing_response(CALL, ENDPOINT, tried(), error, repeatable=True)
    assert (found.code, found.details.get("call")) == (meaning, None if meaning == "invalid_argument" else CALL)
    # Whatever it is: once the request may have left, nobody knows what became of it.
    assert explain_missing_response(CALL, ENDPOINT, tried(sent=True), error, repeatable=True).code == "no_answer"
    assert "\n" not in found.message
    assert found.message.endswith(".")
    if meaning in {"unreachable", "tls_error", "no_answer"}:
        assert ENDPOINT in found.message


@pytest.mark.parametrize(
    "error", [ValueError(), OSError(), requests.exceptions.ProxyError(), ResponseTooLargeError(), TypeError()]
)
@pytest.mark.parametrize("repeatable", [True, False])
def test_what_became_of_a_send_that_has_left_is_unknown(error: Exception, repeatable: bool) -> None:
    found = explain_missing_response(CALL, ENDPOINT, tried(sent=True), error, repeatable=repeatable)
    assert found.code == ("api_error" if repeatable and isinstance(error, ResponseTooLargeError) else "no_answer")


@pytest.mark.parametrize("error", [OverflowError("int"), UnicodeEncodeError("latin-1", "ü", 0, 1, "no"), TypeError()])
def test_what_could_not_even_be_sent(error: Exception) -> None:
    found = explain_missing_response(CALL, ENDPOINT, tried(), error, repeatable=True)
    assert found.code == "api_error"
    assert type(error).__name__ in found.message


def test_a_distrusted_certificate_says_why() -> None:
    error = requests.exceptions.SSLError("certificate verify failed: self-signed certificate (_ssl.c:1006)")
    message = explain_missing_response(CALL, ENDPOINT, tried(), error, repeatable=True).message
    assert "self-signed certificate" in message
    assert "ca_path" in message
    assert "_ssl.c" not in message


def test_a_proxys_refusal_is_named() -> None:
    refusal = OSError("Tunnel connection failed: 407 Proxy Authentication Required")
    inner = max_retries(urllib3.exceptions.ProxyError("Unable to connect to proxy", refusal))
    error = explain_missing_response(CALL, ENDPOINT, tried(), requests.exceptions.ProxyError(inner), repeatable=True)
    assert error.code == "unreachable"
    assert "the proxy did not open a connection (407 Proxy Authentication Required)." in error.message
    gone = requests.exceptions.ProxyError(urllib3.exceptions.ProxyError("Unable to connect to proxy", OSError("No.")))
    error = explain_missing_response(CALL, ENDPOINT, tried(), gone, repeatable=True)
    assert f"the proxy for {ENDPOINT}" in error.message


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("3", "", 3.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:27:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:29:00 GMT", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "", None),
        ("Wed, 21 Oct 2026 07:28:00", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", "", None),
        ("", "", None),
        ("\u00b2", "", None),
    ],
)
def test_retry_after(value: str, date: str, seconds: float | None) -> None:
    assert read_retry_after({"Retry-After": value, "Date": date}) == seconds


NO_SUCH_NAME = urllib3.exceptions.NameResolutionError("api.example.com", None, socket.gaierror(-2, "unknown"))  # type: ignore[arg-type]  # fmt: skip


UNSENT: dict[str, tuple[Exception, str]] = {
    "name": (requests.ConnectionError(max_retries(NO_SUCH_NAME)), "the host name cannot be resolved"),
    "refused": (requests.ConnectionError(max_retries(REFUSED)), "connection refused"),
    "no route": (requests.ConnectionError(max_retries(NO_ROUTE)), "no connection"),
    "broken": (
        requests.ConnectionError(ConnectionResetError(104, "reset")),
        "the connection was lost before the call was sent",
    ),
    "late": (
        requests.ConnectTimeout(max_retries(urllib3.exceptions.ConnectTimeoutError())),
        "no connection within the timeout",
    ),
}


@pytest.mark.parametrize("case", UNSENT)
def test_why_the_api_cannot_be_reached(case: str) -> None:
    """Each cause has its own remedy: a name, a firewall, a service that is down."""
    raised, why = UNSENT[case]
    error = explain_missing_response(
        CALL, ENDPOINT, tried(peer="192.0.2.1:443"), chained(Exception(), raised), repeatable=True
    )
    assert (error.code, error.details) == ("unreachable", {"call": CALL})
    assert error.message == f"Cannot reach {ENDPOINT}: {why}. Check endpoint_url, proxy, and the network."


@pytest.mark.parametrize(
    ("overdue", "raised", "how"),
    [
        (True, ValueError(), "in time (timeout)"),
        (False, requests.ReadTimeout(), "in time (timeout)"),
        (False, ConnectionResetError(), "(the connection was lost)"),
    ],
)
def test_how_an_answer_got_lost(overdue: bool, raised: Exception, how: str) -> None:
    error = explain_missing_response(CALL, ENDPOINT, tried(sent=True, overdue=overdue), raised, repeatable=True)
    assert error.message == f"{CALL}: {ENDPOINT} did not respond {how}."


def test_an_option_of_another_service_is_named() -> None:
    found = explain_missing_response(CALL, ENDPOINT, tried(), socket.gaierror(), repeatable=True, option="instance_url")
    assert "Check instance_url, proxy, and the network." in found.message


def test_the_facts_of_an_answer() -> None:
    answer = Response(429, b"", {"Retry-After": "4"})
    facts = {"call": CALL, "http_status": 429, "code": "c", "retry_after_seconds": 4}
    assert collect_details(CALL, answer, code="c") == facts
    assert collect_details(CALL, Response(200, b"", {})) == {"call": CALL, "http_status": 200}
    assert make_rate_limit_error(CALL, {"call": CALL}).build_failure() == {
        "code": "rate_limited",
        "message": f"{CALL}: the API rejected the call because of its rate limit. Lower concurrency, raise retries, or run the playbook again later.",
        "details": {"call": CALL},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No.", "No."),
        (" two\r\n lines\t", "two lines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----", HIDDEN_TEXT),
        ("x" * MAX_MESSAGE_LENGTH, "x" * MAX_MESSAGE_LENGTH),
        ("x" * MAX_MESSAGE_LENGTH + "y", "x" * MAX_MESSAGE_LENGTH + "..."),
    ],
)
def test_what_a_server_says_becomes_one_short_line(text: str, said: str) -> None:
    assert shorten(text) == said


@pytest.mark.parametrize(
    ("text", "said"), [("No", "No."), ("No.", "No."), ("No!", "No!"), ("No?", "No?"), ("", "."), ("No. 1", "No. 1.")]
)
def test_a_sentence_ends_in_a_full_stop(text: str, said: str) -> None:
    assert end_sentence(text) == said
