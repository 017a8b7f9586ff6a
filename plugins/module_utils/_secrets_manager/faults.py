# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explain failed calls to IBM Cloud Secrets Manager, and failed logins. Private to softlayer.certificates.

The codes are the same as in `_softlayer.faults`, plus `no_permission` (HTTP 403) and `refused` (409: the name exists; 412: a version is locked).
A response of the service itself contains the list `errors`. Any other error response may come from a gateway, so the service may have processed
the request (`no_answer`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from .._base.errors import CertificatesError
from .._http.faults import collect_details, end_sentence, explain_missing_response, make_rate_limit_error, shorten
from .._http.transport import Attempt, Response
from .._softlayer.faults import TOKEN_REMEDY

ROLES = "the roles Reader and SecretsReader (to write, also Writer)"
KEY_REJECTION_STATUSES = frozenset({400, 401, 403})
"""HTTP statuses with which IAM rejects an API key."""
LOGIN_REMEDY = "check that the API key is correct and belongs to the account of the instance."
REJECTION_ERRORS: Mapping[int, CertificatesError] = {
    401: CertificatesError("authentication_failed", LOGIN_REMEDY),
    403: CertificatesError(
        "no_permission",
        f"grant the user of the API key or the IAM token {ROLES}, for the instance or the secret group.",
    ),
    404: CertificatesError("not_found", "check the ID and the region in instance_url, and the requested name."),
    409: CertificatesError("refused", "a secret with this name already exists. Set another name."),
    412: CertificatesError(
        "refused",
        "a lock keeps the previous version. Switch the service that holds the lock to the current version, or remove the lock. Then run the playbook again.",
    ),
}
"""Errors with fixes, by the HTTP status of a rejection by the service."""


def explain(
    call: str, url: str, attempt: Attempt, error: BaseException, *, repeatable: bool, with_token: bool = False
) -> CertificatesError:
    """Return the error for a failed call.

    Args:
        call: description of the call for the message.
        url: the URL of the instance.
        attempt: the facts about the request.
        error: the exception.
        repeatable: whether the call changes nothing, so that a repetition is harmless.
        with_token: whether the user specified an IAM token instead of an API key.
    """
    answer = attempt.answer
    if answer is None:
        return explain_missing_response(call, url, attempt, error, repeatable=repeatable, option="instance_url")
    words = _read_error_text(answer, "errors")
    details = collect_details(call, answer, **({"api_message": words} if words else {}))
    said = f" Response: {end_sentence(words)}" if words else ""
    is_its_own = words is not None
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS and (is_its_own or repeatable):
        return make_rate_limit_error(call, details)
    if answer.status in REJECTION_ERRORS and (is_its_own or repeatable):
        refusal = REJECTION_ERRORS[answer.status]
        remedy = TOKEN_REMEDY if with_token and answer.status == HTTPStatus.UNAUTHORIZED else refusal.message
        why = f"{call}: {url} rejected the request (HTTP {answer.status}): {remedy}{said}"
        return CertificatesError(refusal.code, why, **details)
    if 400 <= answer.status < 500 and answer.status != HTTPStatus.REQUEST_TIMEOUT and (is_its_own or repeatable):
        return CertificatesError(
            "api_error",
            f"{call}: {url} rejected the request (HTTP {answer.status}). Check instance_url.{said}",
            **details,
        )
    if repeatable and answer.status < 400 and not _is_truncated(answer):
        return CertificatesError(
            "api_error",
            f"{call}: {url} returned a response that does not come from Secrets Manager (HTTP {answer.status}). Check instance_url and proxy.",
            **details,
        )
    return CertificatesError(
        "no_answer", f"{call}: {url} returned no usable response (HTTP {answer.status}).{said}", **details
    )


def explain_login(url: str, attempt: Attempt, error: BaseException) -> CertificatesError:
    """Return the error for a failed login at the IAM URL; see `explain`."""
    call = "The login for Secrets Manager"
    answer = attempt.answer
    if answer is None:
        return explain_missing_response(call, url, attempt, error, repeatable=True, option="iam_url")
    words = _read_error_text(answer, "errorMessage")
    details = collect_details(call, answer, **({"api_message": words} if words else {}))
    said = f" Response: {end_sentence(words)}" if words else ""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return make_rate_limit_error(call, details)
    if answer.status in KEY_REJECTION_STATUSES:
        return CertificatesError(
            "authentication_failed",
            f"The IBM Cloud login {url} rejected the API key. Check that the key is an IBM Cloud API key, and copy the key again.{said}",
            **details,
        )
    if answer.status >= 500 or _is_truncated(answer):
        return CertificatesError(
            "no_answer", f"{call}: {url} returned no usable response (HTTP {answer.status}).{said}", **details
        )
    return CertificatesError(
        "api_error",
        f"{call}: {url} returned a response that does not come from IAM (HTTP {answer.status}). Check iam_url.{said}",
        **details,
    )


def _read_error_text(answer: Response, name: str) -> str | None:
    """Return the error text in a response of the service; `None` for other responses.

    Args:
        answer: the response.
        name: the property with the error text in responses of the service.
    """
    try:
        body = json.loads(answer.body)
        given = body.get(name) if isinstance(body, dict) else None
    except (ValueError, RecursionError):
        return None
    if isinstance(given, list):
        messages = (error.get("message") or error.get("code") for error in given if isinstance(error, dict))
        return shorten(" ".join(str(message) for message in messages if message))
    return shorten(given) if isinstance(given, str) else None


def _is_truncated(answer: Response) -> bool:
    """Return whether a response of the service was truncated."""
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer.body.lstrip()[:1] == b"{"
    return False
