# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed call to Secrets Manager means: above all, whether it may have been carried out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import Response
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.faults import (
    explain,
    explain_login,
)

from tests.support.wire import tried

URL = "https://one.eu-de.secrets-manager.appdomain.cloud"
IAM = "https://iam.cloud.ibm.com"


def own(status: int, message: str = "No.") -> Response:
    """An answer of the service."""
    body = {"trace": "t", "status_code": status, "errors": [{"code": "c", "message": message}]}
    return Response(status, json.dumps(body).encode())


def page(status: int, body: bytes = b"<html></html>") -> Response:
    """One of a gateway."""
    return Response(status, body)


def code(answer: Response | None, *, repeatable: bool, sent: bool = True) -> str:
    """What it means."""
    found = explain("Reading", URL, tried(answer, sent=sent), ValueError(), repeatable=repeatable)
    assert found.message.endswith(".") and found.details["call"] == "Reading"
    return found.code


@pytest.mark.parametrize(
    ("answer", "reading", "writing"),
    [
        (own(400), "api_error", "api_error"),
        (own(401), "authentication_failed", "authentication_failed"),
        (own(403), "no_permission", "no_permission"),
        (own(404), "not_found", "not_found"),
        (own(409), "refused", "refused"),
        (own(408), "no_answer", "no_answer"),
        (own(429), "rate_limited", "rate_limited"),
        (own(500), "no_answer", "no_answer"),
        (page(400), "api_error", "no_answer"),
        (page(401), "authentication_failed", "no_answer"),
        (page(404), "not_found", "no_answer"),
        (page(429), "rate_limited", "no_answer"),
        (page(502), "no_answer", "no_answer"),
        (page(302), "api_error", "no_answer"),
        (page(200), "api_error", "no_answer"),
        (page(200, b'{"secrets": ['), "no_answer", "no_answer"),
        (page(200, b"[]"), "api_error", "no_answer"),
        (None, "no_answer", "no_answer"),
    ],
)
def test_whether_a_call_may_have_been_carried_out(answer: Response | None, reading: str, writing: str) -> None:
    assert (code(answer, repeatable=True), code(answer, repeatable=False)) == (reading, writing)


def test_what_was_not_sent_was_not_carried_out() -> None:
    assert code(None, repeatable=False, sent=False) == "api_error"


def login(answer: Response | None, sent: bool = True) -> Any:
    return explain_login(IAM, tried(answer, sent=sent), ValueError())


def of_iam(status: int, message: str = "Provided API key could not be found.") -> Response:
    return Response(status, json.dumps({"errorCode": "BXNIM0415E", "errorMessage": message}).encode())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (of_iam(400), "authentication_failed"),
        (page(403), "authentication_failed"),
        (of_iam(429), "rate_limited"),
        (page(404), "api_error"),
        (page(200), "api_error"),
        (page(200, b'{"access_token": "'), "no_answer"),
        (None, "no_answer"),
    ],
)
def test_a_failed_login(answer: Response | None, expected: str) -> None:
    assert login(answer).code == expected


def test_a_locked_version() -> None:
    """Only two versions are kept, and a lock keeps the older one."""
    found = explain("Adding the version", URL, tried(own(412, "Locked"), sent=True), ValueError(), repeatable=False)
    assert "(HTTP 412): a lock keeps the previous version. " in found.message and found.message.endswith("Locked.")


def test_what_is_said() -> None:
    """One sentence with the remedy, and the service's own words, on one line."""
    found = explain("Listing", URL, tried(own(403, "Not\nyours"), sent=True), ValueError(), repeatable=True)
    assert found.message == (
        f"Listing: {URL} rejected the request (HTTP 403): grant the user of the API key or the IAM token the roles Reader and "
        "SecretsReader (to write, also Writer), for the instance or the secret group. Response: Not yours."
    )
    assert found.details == {"call": "Listing", "http_status": 403, "api_message": "Not yours"}
    assert login(of_iam(400)).message == (
        f"The IBM Cloud login {IAM} rejected the API key. Check that the key is an IBM Cloud API key, and copy the key again. Response: Provided API key "
        "could not be found."
    )
    lost = explain("Listing", URL, tried(None, sent=False, overdue=True), OSError(), repeatable=True).message
    assert lost == f"Cannot reach {URL}: no connection within the timeout. Check instance_url, proxy, and the network."
