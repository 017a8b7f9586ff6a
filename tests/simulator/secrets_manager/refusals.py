# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What IAM and Secrets Manager answer when they refuse."""

from __future__ import annotations

from ..metadata import Row

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    429: "too_many_requests",
    500: "internal_error",
}
"""The code of an error; which ones IBM has is undocumented, its statuses are not."""


class Refusal(Exception):
    """A status of HTTP with its code and sentence."""

    def __init__(self, status: int, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.code = code or CODES.get(status, CODES[500])


def of_secrets_manager(refusal: Refusal, trace: str) -> Row:
    """The body that Secrets Manager sends."""
    errors = [{"code": refusal.code, "message": refusal.message}]
    return {"trace": trace, "status_code": refusal.status, "errors": errors}


def of_iam(refusal: Refusal, trace: str) -> Row:
    """The body that IAM sends."""
    context = {"requestId": trace, "requestType": "incoming.Identity_Token", "locale": "en_US"}
    return {"errorCode": refusal.code, "errorMessage": refusal.message, "context": context}
