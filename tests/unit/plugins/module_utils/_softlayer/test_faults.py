# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What answers and exceptions mean, and what of them is said."""

from __future__ import annotations

import json
import xmlrpc.client
from collections.abc import Callable

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._http.faults import MAX_MESSAGE_LENGTH
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import (
    Response,
    ResponseTooLargeError,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.faults import (
    RETIRED_ADVICE,
    Fault,
    explain,
    parse_fault,
)
from SoftLayer.exceptions import SoftLayerAPIError

from tests.support.wire import tried

CALL = "SoftLayer_Security_Certificate_Request::resendEmail"
ENDPOINT = "https://api.example.com/rest/v3.1"
CODES = {
    *("rate_limited", "unreachable", "tls_error", "authentication_failed", "not_found", "retired", "api_error"),
    *("no_answer", "invalid_argument"),
}
PUBLIC = "SoftLayer_Exception_Public"
RATE_LIMIT = "SoftLayer_Exception_WebService_RateLimitExceeded"
RATE_TEXT = "Rate limit of 50 requests for every 1 second(s)"
HTML = b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


def rest(code: object, message: object) -> bytes:
    """A fault in REST."""
    return json.dumps({"error": message, "code": code}).encode()


def xml(code: object, message: object) -> bytes:
    """A fault in XML-RPC."""
    return xmlrpc.client.dumps(xmlrpc.client.Fault(code, message), methodresponse=True).encode()  # type: ignore[arg-type]


Form = Callable[[object, object], bytes]


def explained(
    status: int,
    body: bytes,
    headers: dict[str, str] | None = None,
    *,
    repeatable: bool = True,
    is_by_proxy: bool = False,
) -> CertificatesError:
    """What an answer means; checks what holds of any."""
    answer = Response(status, body, headers or {}, is_by_proxy)
    raised = SoftLayerAPIError(status, "what the SDK says")
    error = explain(CALL, ENDPOINT, tried(answer), raised, repeatable=repeatable)
    assert error.code in CODES
    assert error.message == str(error)
    assert "\n" not in error.message
    assert len(error.message) < MAX_MESSAGE_LENGTH + 500
    assert (error.details["call"], error.details["http_status"]) == (CALL, status)
    return error


@pytest.mark.parametrize("form", [rest, xml])
@pytest.mark.parametrize(
    ("status", "code", "message", "meaning"),
    [
        (500, RATE_LIMIT, RATE_TEXT, "rate_limited"),
        (200, RATE_LIMIT, RATE_TEXT, "rate_limited"),
        (429, PUBLIC, "Slow down.", "rate_limited"),
        (429, "", RATE_TEXT, "rate_limited"),
        (500, PUBLIC, "Too many requests.", "rate_limited"),
        (500, PUBLIC, "API rate limit exceeded", "rate_limited"),
        (401, PUBLIC, "Access Denied.", "authentication_failed"),
        (401, PUBLIC, "No.", "authentication_failed"),
        (200, PUBLIC, "Invalid API token.", "authentication_failed"),
        (404, "SoftLayer_Exception_ObjectNotFound", "Unable to find object with id of '1'.", "not_found"),
        (500, PUBLIC, "Unable to find object with id of '1'.", "not_found"),
        (404, PUBLIC, "No.", "not_found"),
        (500, "SoftLayer_Exception_NotImplemented", "Not implemented.", "api_error"),
        (200, "-32601", "server error. requested method not found", "retired"),
        (500, PUBLIC, 'Function ("resendEmail") is not a valid method for this service.', "retired"),
        (404, PUBLIC, "Service does not exist", "retired"),
        (500, PUBLIC, "SSL certificates are no longer offered.", "retired"),
        (500, PUBLIC, "This product has been retired.", "retired"),
        (410, PUBLIC, "Gone.", "retired"),
        (400, "SoftLayer_Exception_WebService_BadRequest", "Bad request", "api_error"),
        (500, PUBLIC, "The service request failed: no CSR was found.", "api_error"),
        (500, PUBLIC, "The web service of the authority says: order not found.", "api_error"),
        (503, PUBLIC, "The service is down for maintenance.", "api_error"),
        (400, "", "", "api_error"),
        (502, PUBLIC, "Internal Error", "api_error"),
    ],
)
def test_faults(form: Form, status: int, code: object, message: str, meaning: str) -> None:
    body = form(code, message)
    error = explained(status, body)
    assert error.code == meaning
    assert error.details["api_code"] == str(code)
    assert error.details["api_message"] == message


MISHAPS = [
    *("Internal Error", "Internal server error.", "Request timed out", "Gateway Timeout"),
    *("The read operation hit a time-out", "Service temporarily unavailable, try again later."),
    *("An unexpected error occurred.", ""),
]


@pytest.mark.parametrize("form", [rest, xml])
@pytest.mark.parametrize("words", MISHAPS)
@pytest.mark.parametrize("code", ["SoftLayer_Exception", PUBLIC])
def test_a_fault_that_tells_of_a_transient_error_does_not_say_that_nothing_was_done(
    form: Form, code: str, words: str
) -> None:
    """A call that only reads may take it for what it is; what was sent may have been sent."""
    body = form(code, words)
    sent = explained(500, body, repeatable=False)
    assert (sent.code, explained(500, body).code) == ("no_answer", "api_error")
    assert (words or code).rstrip(".") in sent.message
    assert (sent.details["api_code"], sent.details["api_message"]) == (code, words)


@pytest.mark.parametrize("form", [rest, xml])
@pytest.mark.parametrize(
    ("status", "code", "words", "meaning"),
    [
        *((status, PUBLIC, "Late.", "no_answer") for status in (408, 504)),
        (500, PUBLIC, "This order has no approver.", "api_error"),
        (500, "SoftLayer_Exception_InvalidValue", "Internal Error", "api_error"),
        (500, PUBLIC, "Access Denied.", "authentication_failed"),
        (404, "", "Service does not exist", "retired"),
    ],
)
def test_what_a_fault_says_of_what_was_sent(form: Form, status: int, code: str, words: str, meaning: str) -> None:
    body = form(code, words)
    assert explained(status, body, repeatable=False).code == meaning


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (429, HTML, "rate_limited"),
        (401, HTML, "authentication_failed"),
        (407, HTML, "no_answer"),
        (410, HTML, "retired"),
        (302, b"", "api_error"),
        (502, HTML, "no_answer"),
        (504, b'{"error": "Gateway Timeout"}', "no_answer"),
        (503, rest(503, "upstream connect error"), "no_answer"),
        (500, rest("", ""), "no_answer"),
        (500, xml("", RATE_TEXT), "no_answer"),
        (503, rest("UNAVAILABLE", "Too many requests."), "no_answer"),
        (502, rest("Retired", "This service has been retired."), "no_answer"),
        (500, xml(-32601, "server error. requested method not found"), "no_answer"),
        (502, xml("Gateway", "Access Denied."), "no_answer"),
        (408, HTML, "no_answer"),
        (499, b"", "no_answer"),
        (200, rest("", ""), "no_answer"),
        (200, xml("", "No."), "api_error"),
        (200, xml("No", ""), "api_error"),
        (200, rest("GATEWAY_TIMEOUT", "upstream timed out"), "no_answer"),
        (404, rest("NO_ROUTE", "Service does not exist"), "api_error"),
        (407, rest("PROXY", "log in"), "no_answer"),
        (407, rest(PUBLIC, "log in"), "api_error"),
        (404, b'{"error": "Service does not exist"}', "retired"),
        (404, b'{"error": "Nothing here"}', "not_found"),
        (401, b'{"error": "Invalid API token."}', "authentication_failed"),
        (500, b"[1]", "no_answer"),
        (500, rest(PUBLIC, "Internal Error")[:-5], "no_answer"),
        (500, xml(PUBLIC, "Internal Error")[:-9], "no_answer"),
        (200, HTML, "no_answer"),
        (200, b"\xff\xfe\x00", "no_answer"),
    ],
)
def test_answers_without_a_fault(status: int, body: bytes, meaning: str) -> None:
    assert explained(status, body).code == meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *((status, "api_error") for status in (303, 308, 400, 403, 404, 409, 451)),
        *((401, "authentication_failed"), (410, "retired"), (429, "rate_limited")),
    ],
)
@pytest.mark.parametrize("body", [HTML, b"", b'{"message": "no"}', rest("X", "no")])
def test_what_is_not_the_apis_says_nothing_about_a_call_that_does_something(
    status: int, meaning: str, body: bytes
) -> None:
    """A proxy may say so after it has passed the call on."""
    assert explained(status, body, repeatable=False).code == "no_answer"
    if body == HTML:
        assert explained(status, body).code == meaning


@pytest.mark.parametrize("form", [rest, xml])
@pytest.mark.parametrize("words", [RATE_TEXT, "", "Internal Error"])
@pytest.mark.parametrize("status", [200, 429, 500, 503])
def test_the_apis_own_word_for_its_rate_limit_says_that_nothing_was_done(form: Form, words: str, status: int) -> None:
    body = form(RATE_LIMIT, words)
    error = explained(status, body, {"Retry-After": "4"}, repeatable=False)
    assert error.code == "rate_limited"
    assert error.details["retry_after_seconds"] == 4


@pytest.mark.parametrize("form", [rest, xml])
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (429, "", RATE_TEXT),
        (429, "RateLimitExceeded", RATE_TEXT),
        (429, PUBLIC, "Slow down."),
        (429, "SoftLayer_Exception_InvalidValue", "Too many."),
        (200, "SoftLayer_Exception", RATE_TEXT),
        (500, PUBLIC, "Too many requests."),
    ],
)
def test_any_other_word_of_a_rate_limit_proves_nothing_about_what_was_sent(
    form: Form, status: int, code: str, words: str
) -> None:
    """A proxy may say so after it has passed the call on, and the API of what its partner said; a read is slowed down all the same."""
    body = form(code, words)
    assert explained(status, body, repeatable=False).code == "no_answer"
    assert explained(status, body).code == "rate_limited"


@pytest.mark.parametrize(
    "body", [b"", HTML, b"[]", b'{"message": "Too many requests"}', b'{"error": "slow"}'], ids=repr
)
def test_a_gateways_429_names_it_and_the_pause_that_it_asks_for(body: bytes) -> None:
    error = explained(429, body, {"Retry-After": "4"}, repeatable=False)
    assert error.code == "no_answer"
    assert "a gateway responded instead of the API (HTTP 429)" in error.message
    assert error.details["retry_after_seconds"] == 4


def test_an_answer_is_shown_without_what_it_carries() -> None:
    answer = Response(200, b"S3cret", {"X": "S3cret"})
    assert "200" in repr(answer) and "S3cret" not in repr(answer) and not answer.is_by_proxy


INVALID = "SoftLayer_Exception_InvalidValue"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (404, rest("SoftLayer_Exception_ObjectNotFound", "No."), ["No.", "permission", "SECURITY_CERTIFICATE_VIEW"]),
        (200, xml(-32601, "not found"), [RETIRED_ADVICE, "not found."]),
        (500, xml(PUBLIC, "Internal Error"), ["Internal Error."]),
        (404, xml(PUBLIC, "Service does not exist"), ["Service does not exist."]),
        (404, xml(PUBLIC, "Nothing here"), ["Nothing here."]),
        (502, rest("NO_ROUTE", ""), ["(HTTP 502). The response contains: NO_ROUTE. "]),
        (500, rest(INVALID, ""), [INVALID]),
        (500, xml(INVALID, ""), [INVALID]),
        (400, rest("", ""), ["the API returned no reason."]),
        (399, HTML, ["is not a response to a call"]),
        (400, HTML, ["without a SoftLayer fault"]),
    ],
)
def test_what_is_said(status: int, body: bytes, said: list[str]) -> None:
    """The server's words do not run into what follows, though they rarely end with a full stop."""
    message = explained(status, body).message
    assert message.endswith(".") and all(words in message for words in said)


def test_a_call_may_be_repeated_unless_that_is_denied() -> None:
    answer = tried(Response(429, b"", {}))
    assert explain(CALL, ENDPOINT, answer, SoftLayerAPIError(429, "")).code == "rate_limited"
    for repeatable, code in ((True, "api_error"), (False, "no_answer")):
        cut = explain(CALL, ENDPOINT, tried(sent=True), ResponseTooLargeError(), repeatable=repeatable)
        assert cut.code == code


def test_only_orders_have_ended() -> None:
    """Not what the store and the load balancers do, whatever a gateway says of it."""
    call = "SoftLayer_Network_LBaaS_Listener::updateLoadBalancerProtocols"
    for body in (rest(PUBLIC, "Gone."), HTML):
        error = explain(call, ENDPOINT, tried(Response(410, body, {})), SoftLayerAPIError(410, ""), repeatable=True)
        assert (error.code, RETIRED_ADVICE in error.message) == ("retired", False)
        assert error.message.endswith(" Check endpoint_url.")  # a wrong URL leads to services that do not exist


@pytest.mark.parametrize("body", [b"", HTML, b"true", b'{"error": "Found"}', xml("", "Found")], ids=repr)
@pytest.mark.parametrize("status", range(300, 310))
def test_no_redirect_says_that_a_call_was_not_carried_out(status: int, body: bytes) -> None:
    """Not even one that asks to repeat it elsewhere: a proxy may say so after it has passed the call on."""
    error = explained(status, body, repeatable=False)
    assert error.code == "no_answer"
    assert explained(status, body).code == "api_error"
    assert ("redirects" in error.message) is (status not in {304, 305, 306, 309})
    assert "endpoint_url" in error.message


def test_a_proxys_own_wish_for_a_login() -> None:
    error = explained(407, HTML, repeatable=False, is_by_proxy=True)
    assert (error.code, error.details["http_status"]) == ("unreachable", 407)
    assert "password to proxy" in error.message


# Nothing else is ever raised.


def test_words_that_are_nil_are_none() -> None:
    """Some servers write so that there is nothing to say."""
    assert parse_fault(b'{"error": null, "code": "SoftLayer_Exception"}') == Fault(
        "SoftLayer_Exception", "", is_rest=True
    )
    parts = "".join(
        f"<member><name>{name}</name><value>{value}</value></member>"
        for name, value in (("faultCode", "<string>SoftLayer_Exception</string>"), ("faultString", "<nil/>"))
    )
    body = f"<methodResponse><fault><value><struct>{parts}</struct></value></fault></methodResponse>"
    assert parse_fault(body.encode()) == Fault("SoftLayer_Exception", "", is_rest=False)


@pytest.mark.parametrize("form", [rest, xml])
def test_no_key_that_the_api_echoes_is_left(form: Form) -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 30
    for code, message in ((key, "no"), (PUBLIC, f"Invalid value: {key}")):
        assert "QUJD" not in str(explained(500, form(code, message)).build_failure())
