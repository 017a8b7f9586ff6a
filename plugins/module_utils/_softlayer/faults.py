# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors of failed calls to the SoftLayer API. Private to softlayer.certificates.

The `code` of an error shows whether the server may have processed the call:

=========================  ============================================================================  ===========
code                       symptom                                                                       processed
=========================  ============================================================================  ===========
`make_rate_limit_error`             the API's own rate limit fault; for a read-only call, any HTTP 429           no
`unreachable`              any failure before the request left: connection refused, no route, name not
                           found, a proxy that does not connect or requires a login (407)                no
`tls_error`                certificate not trusted, no common protocol                                  no
`authentication_failed`    Access Denied; for a read-only call, any HTTP 401                            no
`not_found`                no such object, or no permission to see it: the API does not distinguish     no
`retired`                  the method or the product no longer exists; HTTP 410 for a read-only call    no
`api_error`                any other fault of the API; for a read-only call, all of HTTP 3xx and 4xx    no
`no_answer`                any failure after the request left: timeout, reset, an unreadable response; HTTP
                           407 from behind the proxy, 408, 425, 499 and 5xx not known to be the API's;
                           for a call that changes something, a transient error, and HTTP 3xx and 4xx
                           without a fault of the API, which may be from a gateway                       maybe
=========================  ============================================================================  ===========

A fault is from the API if its code begins with `SoftLayer_Exception`. Any other fault with HTTP 3xx, 407, 408, 425, 429, 499, or
5xx is from a gateway, behind which the API may have processed the call. With any other status, an XML-RPC fault is from the API, and
so is a REST fault without a code with HTTP 4xx, such as "Service does not exist".

A transient error is a general code of the API with a text such as "Internal Error" or "Request timed out", or without a text. The
call failed, but the API may have processed a part of the call.

The SDK drops a part of the response (over REST the fault code; over XML-RPC a fault with an HTTP error). Therefore, this module reads
the response itself, and the SDK exception only without a response.
"""

from __future__ import annotations

import json
import re
import xmlrpc.client
from dataclasses import dataclass

from .._base.errors import CertificatesError
from .._http.faults import (
    RATE_LIMIT_STATUS,
    collect_details,
    end_sentence,
    explain_missing_response,
    make_rate_limit_error,
    shorten,
)
from .._http.transport import Attempt, Response

API_CODE = re.compile(r"SoftLayer_Exception|-32[0-9]{3}$")
"""Fault codes of the API itself, including the reserved XML-RPC numbers, for example for an unknown method."""
GATEWAY_TIMEOUT_STATUSES = frozenset({408, 425, 499})
"""HTTP statuses below 500 that report a timeout of a gateway in front of the API."""
TIMEOUT_STATUSES = GATEWAY_TIMEOUT_STATUSES | {504}
GATEWAY_STATUSES = GATEWAY_TIMEOUT_STATUSES | {407, RATE_LIMIT_STATUS}
"""HTTP statuses below 500 of gateways; the outcome of the call is unknown."""
REDIRECT_STATUSES = frozenset({300, 301, 302, 303, 307, 308})

RATE_LIMIT_CODE = "SoftLayer_Exception_WebService_RateLimitExceeded"
"""The only code that proves that the API did not process a call because of the rate limit."""
GENERAL_CODE = re.compile(r"(SoftLayer_Exception(_Public)?|-?[0-9]+)?")
"""General fault codes; only the message contains the cause."""
TRANSIENT_CODE = re.compile(r"SoftLayer_Exception\w*_(Network(?!_LBaaS)|Timeout|Internal)", re.IGNORECASE)
"""Codes of transient errors, regardless of the message. `_Network_LBaaS` is only the name of the load balancer service."""
TRANSIENT_PATTERN = re.compile(
    r"internal (server )?error|tim(ed?|ing)[ -]?out|unavailable|try again later|(unexpected|unknown) error|an error (has )?occurr?ed"
    r"|unable to (complete|process)|connection (was )?(reset|closed|lost|aborted)|lost connection|gone away|bad gateway"
    r"|c?url error|empty reply|fetching http|rate[ -]*limit|too many requests",
    re.IGNORECASE,
)

RATE_LIMIT_PATTERN = re.compile(
    r"\W*(?:(?:the|your) )?(?:api )?(?:rate[ -]*limit of \d+ requests\b.*"
    r"|(?:rate[ -]*limit (?:has been |was )?(?:exceeded|reached)|too many requests)(?:\W*\b(?:please|try|retry|slow|wait)\b.*)?)\W*$",
    re.IGNORECASE | re.DOTALL,
)
"""The complete text of a rate limit fault. A text that only mentions a limit, for example of a partner, does not match."""
RETIRED_ADVICE = (
    "IBM Cloud ended the sale of SSL certificates on 2024-04-15 and the support of SSL orders on 2024-12-15. Download the certificate from "
    "the CA portal, and order new certificates through IBM Cloud Secrets Manager."
)
KEY_REMEDY = "check username and api_key (SL_USERNAME and SL_API_KEY in the environment)"
TOKEN_REMEDY = (
    "get a new IAM token for iam_token (IBMCLOUD_IAM_TOKEN in the environment), because a token expires after at most 60 minutes, "
    "even during a run."
)
ORDER_SERVICE = "Certificate_Request"
"""A part of the name of the order service. The end of the order service does not affect the store and the load balancers."""
PERMISSION_CODES = frozenset({"not_found", "authentication_failed"})
"""Codes of a missing permission, if other calls of the user succeed."""
NOT_FOUND_ADVICE = (
    "The object does not exist, or the API user does not have the permission for the object (SECURITY_CERTIFICATE_VIEW, "
    "SECURITY_CERTIFICATE_MANAGE). Check the ID and the permissions of the API user."
)
RETIRED_PATTERN = re.compile(
    r"not a valid (method|service|function)|(method|service) (not found|does not exist)|unknown (method|service)"
    r"|no longer (available|supported|offered)|(has been|was|is) (retired|discontinued)|end of (life|support|service)",
    re.IGNORECASE,
)
DENIED_PATTERN = re.compile(
    r"access denied|permission denied|not have (the )?permission|invalid (api (token|key)|token|credentials)|unauthori[sz]ed"
    r"|token (has |is )?expired|no valid authentication header|required for a trusted ?profile",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fault:
    """A possible SoftLayer fault: REST's `{"error", "code"}` or XML-RPC's `faultString` and `faultCode`."""

    code: str
    message: str
    is_rest: bool

    def is_from_api(self, status: int) -> bool:
        """Return whether a fault with an HTTP status is from the API, and not from a gateway."""
        if self.code.startswith("SoftLayer_Exception"):
            return True
        if status >= 500 or status in GATEWAY_STATUSES or 300 <= status < 400:
            return False
        if (not self.is_rest and (self.code or self.message)) or API_CODE.match(self.code):
            return True
        return not self.code and status >= 400

    def is_transient(self, status: int) -> bool:
        """Return whether a fault with an HTTP status is a transient error, and not a rejection."""
        if TRANSIENT_CODE.match(self.code) or status == RATE_LIMIT_STATUS:
            return True
        if not GENERAL_CODE.fullmatch(self.code):
            return False
        if status in TIMEOUT_STATUSES:
            return True
        return reports_transient_error(self.message) if self.message.strip() else not 400 <= status < 500


def reports_transient_error(words: object) -> bool:
    """Return whether an API message reports a transient error, and not a problem with the request."""
    return bool(TRANSIENT_PATTERN.search(str(words)))


def parse_fault(body: bytes) -> Fault | None:
    """Return the SoftLayer fault in a response body, or `None`."""
    text = body.lstrip()
    try:
        if text.startswith(b"{"):
            answer = json.loads(text)
            if "error" in answer:
                return Fault(str(answer.get("code") or ""), str(answer["error"] or ""), is_rest=True)
        if text.startswith(b"<") and b"<fault>" in text:
            xmlrpc.client.loads(text)
    except xmlrpc.client.Fault as fault:
        code, message = ("" if part is None else str(part) for part in (fault.faultCode, fault.faultString))
        return Fault(code, message, is_rest=False)
    except Exception:
        pass  # on a truncated answer or any other page the parsers raise all kinds of exceptions
    return None


def explain(
    call: str,
    endpoint: str,
    attempt: Attempt,
    error: BaseException,
    *,
    repeatable: bool = True,
    with_token: bool = False,
) -> CertificatesError:
    """Return the error of a failed call, with a `code` of the table above.

    Args:
        call: service and method, for the message.
        endpoint: the URL, for the message.
        attempt: the attempt with its response, if any.
        error: the exception of the SDK.
        repeatable: whether the call only reads.
        with_token: whether the credentials are an IAM token.
    """
    answer = attempt.answer
    if answer is None:
        return explain_missing_response(call, endpoint, attempt, error, repeatable=repeatable)
    fault = parse_fault(answer.body)
    if fault is not None and fault.is_from_api(answer.status):
        return _explain_fault(call, answer, fault, repeatable=repeatable, with_token=with_token)
    return _explain_http(call, endpoint, answer, fault, repeatable=repeatable, with_token=with_token)


def _explain_fault(
    call: str, answer: Response, fault: Fault, *, repeatable: bool, with_token: bool
) -> CertificatesError:
    code, words = shorten(fault.code), shorten(fault.message)
    said = end_sentence(words or code or "the API returned no reason")
    details = collect_details(call, answer, api_code=code, api_message=words)
    is_about_rate = (
        answer.status == RATE_LIMIT_STATUS or "RateLimit" in fault.code or RATE_LIMIT_PATTERN.match(fault.message)
    )
    if fault.code == RATE_LIMIT_CODE or (repeatable and is_about_rate):
        return make_rate_limit_error(call, details)
    if "ObjectNotFound" in fault.code or "Unable to find object" in fault.message:
        return CertificatesError("not_found", f"{call}: {said} {NOT_FOUND_ADVICE}", **details)
    if fault.code == "-32601" or answer.status == 410 or RETIRED_PATTERN.search(fault.message):
        return CertificatesError("retired", f"{call} is no longer available: {said}{_find_advice(call)}", **details)
    if answer.status == 404:
        return CertificatesError("not_found", f"{call}: {said} {NOT_FOUND_ADVICE}", **details)
    if answer.status == 401 or DENIED_PATTERN.search(fault.message):
        return CertificatesError(
            "authentication_failed",
            f"The API refused the credentials ({said.rstrip('.')}): "
            + (
                f"{TOKEN_REMEDY} If a new token is also refused, check that its owner may call {call}."
                if with_token
                else f"{KEY_REMEDY}, and that the key's user may call {call}."
            ),
            **details,
        )
    is_open = not repeatable and fault.is_transient(answer.status)
    return CertificatesError("no_answer" if is_open else "api_error", f"{call} failed: {said}", **details)


def _find_advice(call: str) -> str:
    return f" {RETIRED_ADVICE}" if ORDER_SERVICE in call else " Check endpoint_url."


def _explain_http(
    call: str, endpoint: str, answer: Response, fault: Fault | None, *, repeatable: bool, with_token: bool
) -> CertificatesError:
    """Return the error of a response without a fault of the API: from a gateway, or truncated."""
    facts = {"api_code": shorten(fault.code), "api_message": shorten(fault.message)} if fault is not None else {}
    details = collect_details(call, answer, **facts)
    words = shorten(fault.message or fault.code) if fault is not None else ""
    said = f" The response contains: {end_sentence(words)}" if words else ""
    if answer.status == RATE_LIMIT_STATUS and repeatable:
        return make_rate_limit_error(call, details)
    if answer.status == 401 and repeatable:
        return CertificatesError(
            "authentication_failed",
            f"{call}: the API refused the credentials (HTTP 401): {TOKEN_REMEDY if with_token else f'{KEY_REMEDY}.'}",
            **details,
        )
    if answer.status == 407 and answer.is_by_proxy:
        return CertificatesError(
            "unreachable",
            f"{call}: the proxy requires a login (HTTP 407). Add the user name and the password to proxy.",
            **details,
        )
    if answer.status == 410 and repeatable:
        return CertificatesError("retired", f"{call} is no longer available (HTTP 410).{_find_advice(call)}", **details)
    if 300 <= answer.status < 400:
        said = (
            f"{endpoint} redirects to another URL (HTTP {answer.status}), and credentials are not sent to other URLs. Check endpoint_url."
            if answer.status in REDIRECT_STATUSES
            else f"{call}: {endpoint} returned HTTP {answer.status}, which is not a response to a call. Check endpoint_url and proxy."
        )
        return CertificatesError("api_error" if repeatable else "no_answer", said, **details)
    if 400 <= answer.status < 500 and answer.status not in GATEWAY_STATUSES:
        return CertificatesError(
            "api_error" if repeatable else "no_answer",
            f"{endpoint} returned HTTP {answer.status} without a SoftLayer fault. Check endpoint_url and proxy.{said}",
            **details,
        )
    if fault is not None or answer.status in {407, RATE_LIMIT_STATUS}:
        return CertificatesError(
            "no_answer",
            f"{call}: a gateway responded instead of the API (HTTP {answer.status}).{said} If the error persists, check endpoint_url and proxy.",
            **details,
        )
    return CertificatesError(
        "no_answer",
        f"{call}: cannot read the response of {endpoint} (HTTP {answer.status}). If the error persists, check endpoint_url and proxy.",
        **details,
    )
