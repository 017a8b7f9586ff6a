# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explain HTTP calls without a response. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from .._base.errors import CertificatesError
from .._base.secrets import hide_key_material
from .._base.text import escape_invisible
from .transport import Attempt, Response, ResponseTooLargeError

UNPROCESSED_CODES = frozenset({"rate_limited", "unreachable"})
"""Codes of calls that were certainly not processed, so that all calls are safe to repeat."""
RESPONSE_CODES = frozenset({"authentication_failed", "not_found", "retired", "api_error"})
"""Codes of calls to which the server sent a response."""
RATE_LIMIT_STATUS = 429
MAX_RETRY_AFTER = 86400.0
"""Maximum accepted `Retry-After` in seconds."""
MAX_MESSAGE_LENGTH = 300
"""Maximum number of characters of a server message."""
TIMEOUT_ERRORS = frozenset({"ConnectTimeout", "ConnectTimeoutError", "ReadTimeout", "ReadTimeoutError", "TimeoutError"})
CONNECTION_ERRORS = frozenset(
    {"ConnectionError", "Timeout", "ProtocolError", "ProxyError", "ChunkedEncodingError", "RemoteDisconnected"}
)
"""Exceptions of the libraries for failed or lost connections."""
INVALID_URL_ERRORS = frozenset(
    {"MissingSchema", "InvalidSchema", "InvalidURL", "InvalidProxyURL", "LocationParseError", "LocationValueError"}
)


def collect_details(call: str, answer: Response, **facts: str) -> dict[str, t.Any]:
    """Return the machine-readable details of an error response."""
    retry_after = read_retry_after(answer.headers)
    wait = {} if retry_after is None else {"retry_after_seconds": retry_after}
    return {"call": call, "http_status": answer.status, **facts, **wait}


def make_rate_limit_error(call: str, details: Mapping[str, t.Any]) -> CertificatesError:
    """Return the error of a call that was rejected, or not made, because of the rate limit."""
    return CertificatesError(
        "rate_limited",
        f"{call}: the API rejected the call because of its rate limit. Lower concurrency, raise retries, or run the playbook again later.",
        **details,
    )


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in a `Retry-After` header (RFC 9110, 10.2.3); `None` without a valid one."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), MAX_RETRY_AFTER)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers.get("Date", ""))
        return min(max(0.0, (then - now).total_seconds()), MAX_RETRY_AFTER)
    except (TypeError, ValueError, OverflowError):
        return None


def explain_missing_response(
    call: str,
    endpoint: str,
    attempt: Attempt,
    error: BaseException,
    *,
    repeatable: bool,
    option: str = "endpoint_url",
) -> CertificatesError:
    """Return the error of a call without a response.

    Args:
        call: the name of the call, for messages.
        endpoint: the URL, for messages.
        attempt: the state of the request.
        error: the exception of requests or of an SDK.
        repeatable: whether the call only reads.
        option: the option that specifies the endpoint.
    """
    if not attempt.sent:
        return _explain_unsent_call(call, endpoint, attempt, error, option)
    # It may have left, so how it ended does not show whether it was carried out.
    names = {type(cause).__name__ for cause in list_causes(error)}
    if ResponseTooLargeError.__name__ in names:
        why = f"{call}: the response from {endpoint} is larger than expected and was not read completely"
        return CertificatesError(
            "api_error" if repeatable else "no_answer", f"{why}. Check {option} and proxy.", call=call
        )
    how = "in time (timeout)" if attempt.overdue or names & TIMEOUT_ERRORS else "(the connection was lost)"
    return CertificatesError("no_answer", f"{call}: {endpoint} did not respond {how}.", call=call)


def _explain_unsent_call(
    call: str, endpoint: str, attempt: Attempt, error: BaseException, option: str
) -> CertificatesError:
    """Return the error of a call that was not sent, from the exceptions of requests and urllib3."""
    causes = list(list_causes(error))
    names = {type(cause).__name__ for cause in causes}
    said = " ".join(str(cause) for cause in causes)
    details = {"call": call}

    def make_error(why: str) -> CertificatesError:
        return CertificatesError(
            "unreachable", f"Cannot reach {endpoint}: {why}. Check {option}, proxy, and the network.", **details
        )

    proxy = f"the proxy {attempt.peer}".strip()
    refusal = re.search(r"Tunnel connection failed: (\d{3}[ \w-]*)", said)
    if refusal:
        return make_error(f"{proxy} did not open a connection ({refusal[1].strip()})")
    if "ProxyError" in names:
        endpoint = f"{proxy} for {endpoint}"
    if attempt.overdue or names & TIMEOUT_ERRORS:
        return make_error("no connection within the timeout")
    if "SSLError" in names:
        why = re.search(r"certificate verify failed: ([^(\]]+)", said)
        problem = f"the server certificate cannot be verified ({why[1].strip()})" if why else "the TLS handshake failed"
        return CertificatesError(
            "tls_error",
            f"Cannot establish a trusted TLS connection to {endpoint}: {problem}. Check {option}, proxy, ca_path, and validate_certs.",
            **details,
        )
    if names & INVALID_URL_ERRORS:
        return CertificatesError(
            "invalid_argument",
            f"Cannot use {endpoint}: its URL or the URL of its proxy is not valid. Check {option} and proxy.",
        )
    if names & {"NameResolutionError", "gaierror"}:
        return make_error("the host name cannot be resolved")
    if names & {"NewConnectionError", "ConnectionRefusedError"}:
        return make_error("connection refused" if "refused" in said else "no connection")
    if names & CONNECTION_ERRORS:
        return make_error("the connection was lost before the call was sent")
    return CertificatesError(
        "api_error", f"Cannot send {call} ({type(error).__name__}). Check the values of the options.", **details
    )


def list_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all its causes, however attached."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        cause = pending.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def shorten(text: str) -> str:
    """Return a server message on one line with limited length, without control characters and private keys."""
    line = escape_invisible(" ".join(hide_key_material(text).split()))
    return line if len(line) <= MAX_MESSAGE_LENGTH else line[:MAX_MESSAGE_LENGTH] + "..."


def end_sentence(text: str) -> str:
    """Return a text with final punctuation."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
