# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The XML-RPC transport: ``POST <base>/<Service>``, with the headers of a call in its first parameter."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Mapping
from typing import Any
from xml.parsers.expat import ExpatError

from flask import Request, Response

from . import errors
from .calls import Call, Credentials
from .errors import ApiFault
from .listings import Answer
from .rest import http_credentials


def decode(request: Request, service: str) -> Call:
    """Read a request as a call."""
    try:
        parameters, method = xmlrpc.client.loads(request.data, use_builtin_types=True)
    except (ExpatError, xmlrpc.client.Error, ValueError) as error:
        raise errors.not_well_formed() from error
    first: Any = parameters[0] if parameters else {}
    headers = _mapping(_mapping(first).get("headers"))
    limit = _mapping(headers.get("resultLimit"))
    return Call(
        transport="xmlrpc",
        service=service,
        method=method or "",
        identifier=_mapping(headers.get(f"{service}InitParameters")).get("id"),
        arguments=tuple(parameters[1:]),
        mask=str(_mapping(headers.get("SoftLayer_ObjectMask")).get("mask", "")),
        object_filter=headers.get(f"{service}ObjectFilter"),
        limit=_count(limit.get("limit")),
        offset=_count(limit.get("offset")),
        credentials=_credentials(headers) or http_credentials(request),
    )


def encode(answer: Answer) -> Response:
    """An answer as a method response."""
    return _response(xmlrpc.client.dumps((answer.value,), methodresponse=True, allow_none=True))


def encode_fault(fault: ApiFault) -> Response:
    """A fault; its code is text, as the API's are."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(fault.xmlrpc_code, fault.xmlrpc_message), methodresponse=True)  # type: ignore[arg-type]
    return _response(body)


def _response(body: str) -> Response:
    return Response(body, mimetype="text/xml")


def _credentials(headers: Mapping[str, Any]) -> Credentials | None:
    given = _mapping(headers.get("authenticate"))
    if "username" not in given or "apiKey" not in given:
        return None
    return Credentials(str(given["username"]), str(given["apiKey"]), by_header=True)


def _count(value: Any) -> int:
    """A number of rows; whatever is none counts as no limit."""
    return int(value) if str(value).isdecimal() else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
