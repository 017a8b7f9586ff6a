# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed call to the SoftLayer API means. Private to softlayer.certificates.

Pure. The one question that matters for a call that cannot be undone is whether the server may have carried it out, and
the C(code) of the error answers it:

=========================  ============================================================================  ===========
code                       seen                                                                          carried out
=========================  ============================================================================  ===========
C(rate_limited)            the rate limit, in any of its disguises                                       no
C(unreachable)             connection refused, no route, name not found, no connection through a proxy   no
C(tls_error)               certificate not trusted, no common protocol                                   no
C(authentication_failed)   Access Denied                                                                 no
C(not_found)               no such object, or no permission to see it: the API does not tell them apart  no
C(retired)                 the method or the product is gone                                             no
C(api_error)               any other fault, redirect or HTTP 4xx                                         no
C(no_answer)               timeout, reset, HTTP 5xx of something before the API, an unreadable answer    maybe
=========================  ============================================================================  ===========

The SDK keeps less than the answer held (over REST the fault code is lost, over XML-RPC a fault that comes with an
HTTP error is), so this reads the answer itself and the SDK's exception only where there was none.
"""

from __future__ import annotations

import json
import re
import typing as t
import xmlrpc.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError

NOT_CARRIED_OUT = frozenset({"rate_limited", "unreachable"})
"""Codes after which the same call may be made again, whatever it does."""

ANSWERED = frozenset({"authentication_failed", "not_found", "retired", "api_error"})
"""Codes with which the server took a call and answered it."""

LONGEST_RETRY_AFTER = 86400.0
"""Seconds; what a server may ask for at the most."""
LONGEST_MESSAGE = 300
"""Characters that are kept of what a server says."""

RETIRED_ADVICE = (
    "Sale of SSL orders ended on 2024-04-15 and their support on 2024-12-15: get the certificate from the certificate "
    "authority's own portal, and order new ones through IBM Cloud Secrets Manager."
)
NOT_FOUND_ADVICE = "It does not exist, or the API user has no permission for it (SECURITY_CERTIFICATE_VIEW, SECURITY_CERTIFICATE_MANAGE)."


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Fault:
    """A SoftLayer fault: REST's C({"error", "code"}) or XML-RPC's C(faultString) and C(faultCode)."""

    code: str
    message: str
    is_surely_the_apis: bool = True
    """Otherwise a gateway before the API may have written it: any of them says C(error), and has a number at the most."""


def fault_in(body: bytes) -> Fault | None:
    """Return the fault that an answer's body holds, if it holds one."""
    text = body.lstrip()
    try:
        if text.startswith(b"{"):
            return _rest_fault(text)
        if text.startswith(b"<") and b"<fault>" in text:
            xmlrpc.client.loads(text)
    except xmlrpc.client.Fault as fault:
        return Fault(str(fault.faultCode), str(fault.faultString))
    except Exception:  # half an answer, or a page of something else, makes the parsers raise all kinds of things
        return None
    return None


LETTER = re.compile(r"[a-z]", re.IGNORECASE)


def _rest_fault(text: bytes) -> Fault | None:
    answer = json.loads(text)
    if isinstance(answer, dict) and "error" in answer:
        code = str(answer.get("code") or "")
        return Fault(code, str(answer["error"] or ""), is_surely_the_apis=bool(LETTER.search(code)))
    return None


def explain(
    call: str, endpoint: str, answer: Answer | None, error: BaseException, *, connected: bool = False
) -> CertificatesError:
    """Return what a failed call means.

    Args:
        call: service and method, for the message.
        endpoint: the URL that was called, for the message.
        answer: what the server sent, if anything arrived whole.
        error: what the SDK raised.
        connected: whether a connection stood, so that the request may have left.
    """
    if answer is None:
        return _explain_exception(call, endpoint, error, connected)
    fault = fault_in(answer.body)
    if fault is not None:
        return _explain_fault(call, answer, fault)
    return _explain_http(call, endpoint, answer)


RATE_LIMITED = re.compile(r"rate\s*limit|too many requests", re.IGNORECASE)
RETIRED = re.compile(
    r"not a valid (method|service|function)|(method|service) (not found|does not exist)|unknown (method|service)"
    r"|no longer (available|supported|offered)|(has been|was|is) (retired|discontinued)|end of (life|support|service)",
    re.IGNORECASE,
)
DENIED = re.compile(r"access denied|invalid (api (token|key)|token|credentials)|unauthori[sz]ed", re.IGNORECASE)


def _explain_fault(call: str, answer: Answer, fault: Fault) -> CertificatesError:
    code, words = shorten(fault.code), shorten(fault.message)
    said = as_sentence(words or code or "the API gave no reason")
    details = {"call": call, "http_status": answer.status, "api_code": code, "api_message": words}
    if answer.status == 429 or "RateLimit" in fault.code or RATE_LIMITED.search(fault.message):
        return _rate_limited(call, answer, details)
    if "ObjectNotFound" in fault.code or "Unable to find object" in fault.message:
        return CertificatesError("not_found", f"{call}: {said} {NOT_FOUND_ADVICE}", **details)
    if (
        fault.code in {"-32601", "SoftLayer_Exception_NotImplemented"}
        or answer.status == 410
        or RETIRED.search(fault.message)
    ):
        return CertificatesError("retired", f"{call} is not offered any more: {said} {RETIRED_ADVICE}", **details)
    if answer.status == 404:
        return CertificatesError("not_found", f"{call}: {said} {NOT_FOUND_ADVICE}", **details)
    if answer.status == 401 or DENIED.search(fault.message):
        return CertificatesError(
            "authentication_failed",
            f"The API refused the credentials ({said.rstrip('.')}): check username and api_key, and that the key's user may call {call}.",
            **details,
        )
    if answer.status >= 500 and not fault.is_surely_the_apis:
        return CertificatesError(
            "no_answer", f"{call}: not the API but a gateway before it answered: {said}", **details
        )
    return CertificatesError("api_error", f"{call} failed: {said}", **details)


def _explain_http(call: str, endpoint: str, answer: Answer) -> CertificatesError:
    """Explain an answer that holds no fault: a page of something between here and the API, or half an answer."""
    details = {"call": call, "http_status": answer.status}
    if answer.status == 429:
        return _rate_limited(call, answer, details)
    if answer.status == 401:
        return CertificatesError(
            "authentication_failed",
            f"{call}: the API refused the credentials (HTTP 401): check username and api_key.",
            **details,
        )
    if answer.status == 407:
        return CertificatesError(
            "unreachable", f"{call}: the proxy asks for a login (HTTP 407): check proxy.", **details
        )
    if answer.status == 410:
        return CertificatesError("retired", f"{call} is not offered any more (HTTP 410). {RETIRED_ADVICE}", **details)
    if 300 <= answer.status < 400:
        return CertificatesError(
            "api_error",
            f"{endpoint} redirects elsewhere (HTTP {answer.status}), where no credentials are sent: check endpoint_url.",
            **details,
        )
    if 400 <= answer.status < 500:
        return CertificatesError(
            "api_error",
            f"{endpoint} answered HTTP {answer.status} without a SoftLayer fault: check endpoint_url and proxy.",
            **details,
        )
    return CertificatesError(
        "no_answer",
        f"{call}: no answer that can be read came from {endpoint} (HTTP {answer.status}).",
        **details,
    )


def _rate_limited(call: str, answer: Answer, details: dict[str, t.Any]) -> CertificatesError:
    retry_after = retry_after_seconds(answer.headers)
    if retry_after is not None:
        details["retry_after_seconds"] = retry_after
    return CertificatesError(
        "rate_limited",
        f"{call}: the API's rate limit was hit and did not clear: lower concurrency, raise retries, or run later.",
        **details,
    )


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a C(Retry-After) header asks for (RFC 9110, 10.2.3), or C(None)."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_RETRY_AFTER)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers.get("Date", ""))
        return min(max(0.0, (then - now).total_seconds()), LONGEST_RETRY_AFTER)
    except (TypeError, ValueError, OverflowError):
        return None


def _explain_exception(call: str, endpoint: str, error: BaseException, connected: bool) -> CertificatesError:
    """Explain a call that got no answer, by the exceptions of requests and urllib3 behind the SDK's."""
    causes = list(_causes(error))
    names = {type(cause).__name__ for cause in causes}
    said = " ".join(str(cause) for cause in causes)
    details = {"call": call}
    if "SSLError" in names and not connected:
        return CertificatesError(
            "tls_error",
            f"No trusted TLS connection to {endpoint}: {_tls_reason(said)} Check endpoint_url, ca_path and validate_certs.",
            **details,
        )
    if names & {
        "MissingSchema",
        "InvalidSchema",
        "InvalidURL",
        "InvalidProxyURL",
        "LocationParseError",
        "LocationValueError",
    }:
        return CertificatesError(
            "invalid_argument",
            f"{endpoint}, or its proxy, is not a URL that can be called: check endpoint_url and proxy.",
        )
    if "NameResolutionError" in names or "gaierror" in names:
        return _unreachable(endpoint, "its name cannot be resolved", details)
    if "ProxyError" in names:
        refusal = re.search(r"Tunnel connection failed: (\d{3}[ \w-]*)", said)
        why = f" ({refusal[1].strip()})" if refusal else ""
        return _unreachable(endpoint, f"the proxy makes no connection{why}", details)
    if names & {"ConnectTimeout", "ConnectTimeoutError"}:
        return _unreachable(endpoint, "no connection within the timeout", details)
    if names & {"NewConnectionError", "ConnectionRefusedError"}:
        return _unreachable(endpoint, "connection refused" if "refused" in said else "no connection", details)
    if not names & {
        "RequestException",
        "ConnectionError",
        "Timeout",
        "ReadTimeout",
        "ChunkedEncodingError",
        "ContentDecodingError",
        "SSLError",
    }:
        return CertificatesError(
            "api_error", f"{call} could not be sent ({type(error).__name__}): check the options' values.", **details
        )
    how = "in time (timeout)" if names & {"ReadTimeout", "ReadTimeoutError"} else "(the connection broke)"
    return CertificatesError("no_answer", f"{call}: {endpoint} did not answer {how}.", **details)


def _unreachable(endpoint: str, why: str, details: dict[str, t.Any]) -> CertificatesError:
    return CertificatesError(
        "unreachable", f"Cannot reach {endpoint}: {why}. Check endpoint_url, proxy and the network.", **details
    )


def _tls_reason(said: str) -> str:
    found = re.search(r"certificate verify failed: ([^(\]]+)", said)
    return f"the server's certificate does not verify ({found.group(1).strip()})." if found else "the handshake failed."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that stand behind it, however they are attached."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        cause = pending.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def shorten(text: str) -> str:
    """Return a server's words on one line, without key material that they may echo, and not endless."""
    without_pem = re.sub(r"-----BEGIN .*?(-----END [^-]*-----|$)", "(PEM removed)", text, flags=re.DOTALL)
    line = " ".join(
        BASE64.sub(lambda found: found[0] if WORD.fullmatch(found[0]) else "(removed)", without_pem).split()
    )
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + "..."


BASE64 = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
"""What may be a piece of a key ..."""
WORD = re.compile(r"[A-Za-z][a-z]*([A-Z][a-z]+)*([_-][A-Za-z][a-z]*([A-Z][a-z]+)*)*")
"""... unless it is a word, or several written as one, as the API's names are."""


def as_sentence(text: str) -> str:
    """Return a text with a full stop at its end."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
