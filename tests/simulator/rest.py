# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The REST transport: ``<base>/<Service>[/<id>][/<method>].json``."""

from __future__ import annotations

import json
from typing import Any

from flask import Request, Response

from . import errors
from .calls import Call, Credentials
from .errors import ApiFault
from .listings import Answer

_DEFAULT_METHODS = {"GET": "getObject", "POST": "createObject", "PUT": "editObject", "DELETE": "deleteObject"}


def decode(request: Request, path: str) -> Call:
    """Read a request as a call; without a method in the path, the HTTP verb tells it."""
    service, *rest = path.removesuffix(".json").strip("/").split("/")
    method = rest.pop() if rest and not rest[-1].isdecimal() else _DEFAULT_METHODS[request.method]
    limit, offset = _limit(request.args.get("resultLimit", ""))
    return Call(
        transport="rest",
        service=service,
        method=method,
        identifier=rest[0] if rest else None,
        arguments=_arguments(request),
        mask=request.args.get("objectMask", ""),
        object_filter=_filter(request.args.get("objectFilter", "")),
        limit=limit,
        offset=offset,
        credentials=http_credentials(request),
    )


def encode(answer: Answer) -> Response:
    """An answer in JSON."""
    return Response(json.dumps(answer.value), mimetype="application/json")


def encode_fault(fault: ApiFault) -> Response:
    """A fault as ``{"error": ..., "code": ...}`` with its HTTP status."""
    body = json.dumps({"error": fault.message, **({"code": fault.code} if fault.rest_has_code else {})})
    return Response(body, fault.rest_status, mimetype="application/json")


def http_credentials(request: Request) -> Credentials | None:
    """The user name and key of HTTP basic authentication, or a bearer token."""
    given = request.authorization
    if given is not None and given.type == "bearer":
        return Credentials("", "", token=given.token or "")
    if given is None or given.username is None or given.password is None:
        return None
    return Credentials(given.username, given.password)


def _arguments(request: Request) -> tuple[Any, ...]:
    """``{"parameters": [...]}``; a GET request's body is not read."""
    if request.method == "GET" or not request.data:
        return ()
    try:
        parameters = json.loads(request.data)["parameters"]
    except (ValueError, KeyError, TypeError) as error:
        raise errors.bad_request() from error
    if not isinstance(parameters, list):
        raise errors.bad_request()
    return tuple(parameters)


def _filter(text: str) -> Any:
    """An object filter; one that is no JSON is ignored."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _limit(text: str) -> tuple[int, int]:
    """``offset,limit`` or ``limit`` as (limit, offset); anything else is no limit."""
    numbers = [int(part) for part in text.split(",") if part.strip().isdecimal()]
    if len(numbers) == 1:
        return numbers[0], 0
    return (numbers[1], numbers[0]) if numbers else (0, 0)
