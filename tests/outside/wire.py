# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""REST and XML-RPC on one port, by Python's own HTTP server: from a request to a call, and from its answer to a response."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TRANSPORTS = ("xmlrpc", "rest")
SPECIAL = {"POST": "createObject", "PUT": "editObject", "DELETE": "deleteObject"}
"""What REST's methods mean where the path names no method of the API."""


@dataclass(frozen=True)
class Call:
    """One call as it arrived."""

    service: str
    method: str
    identifier: int | None
    arguments: tuple[Any, ...]
    conditions: Mapping[str, Any]
    """Those of `mask`, `filter`, `limit` and `offset` that were given."""
    username: str
    api_key: str = field(repr=False)

    @property
    def name(self) -> str:
        """Service and method."""
        return f"{self.service}::{self.method}"


class Fault(Exception):
    """The API says no."""

    def __init__(self, code: str | None, words: str, status: int = 500) -> None:
        super().__init__(words)
        self.code, self.words, self.status = code, words, status


class Server(ThreadingHTTPServer):
    """Has each call carried out in a thread of its own.

    `carry_out` gives the answer and, of a list, how many rows there are in all; it may raise `Fault`, or end the connection by
    raising `ConnectionError`.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, carry_out: Callable[[Call], tuple[Any, int | None]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.carry_out = carry_out


@contextlib.contextmanager
def serving(carry_out: Callable[[Call], tuple[Any, int | None]]) -> Iterator[int]:
    """Serve on a free port of this machine, which it yields, until the block ends."""
    server = Server(carry_out)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_rest = self.path.startswith("/rest/")
        try:
            answer, total = self.server.carry_out((self._from_rest if is_rest else self._from_xmlrpc)(body))
        except ConnectionError:
            self.close_connection = True
        except Fault as fault:
            self._send_fault(fault, is_rest=is_rest)
        else:
            headers = {} if total is None else {"SoftLayer-Total-Items": str(total)}
            if is_rest:
                self._send("application/json", json.dumps(answer), headers=headers)
            else:
                self._send("text/xml", xmlrpc.client.dumps((answer,), methodresponse=True, allow_none=True), headers)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def _send_fault(self, fault: Fault, *, is_rest: bool) -> None:
        if is_rest:
            said = {"error": fault.words} if fault.code is None else {"error": fault.words, "code": fault.code}
            self._send("application/json", json.dumps(said), status=fault.status)
        else:
            found = xmlrpc.client.Fault(fault.code or "SoftLayer_Exception_Public", fault.words)  # type: ignore[arg-type]
            self._send("text/xml", xmlrpc.client.dumps(found, methodresponse=True))

    def _send(self, kind: str, content: str, headers: Mapping[str, str] | None = None, status: int = 200) -> None:
        data = content.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _from_rest(self, body: bytes) -> Call:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        service, *rest = url.path.partition("/v3.1/")[2].strip("/").removesuffix(".json").split("/")
        identifier = int(rest.pop(0)) if rest and rest[0].isdigit() else None
        method = rest[0] if rest else SPECIAL.get(self.command, "getObject")
        conditions: dict[str, Any] = {
            name: query[given] for name, given in (("mask", "objectMask"), ("filter", "objectFilter")) if given in query
        }
        if "resultLimit" in query:
            offset, _comma, limit = query["resultLimit"].partition(",")
            conditions |= {"limit": int(limit), "offset": int(offset)}
        arguments = tuple(json.loads(body)["parameters"]) if body else ()
        login = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        username, _colon, api_key = login.partition(":")
        return Call(service, method, identifier, arguments, conditions, username, api_key)

    def _from_xmlrpc(self, body: bytes) -> Call:
        given: Any
        (given, *arguments), method = xmlrpc.client.loads(body)
        service = urlsplit(self.path).path.strip("/").rpartition("/")[2]
        headers = given["headers"]
        identifier = headers.get(f"{service}InitParameters", {}).get("id")
        conditions = dict(headers.get("resultLimit", {}))
        if "SoftLayer_ObjectMask" in headers:
            conditions["mask"] = headers["SoftLayer_ObjectMask"]["mask"]
        if f"{service}ObjectFilter" in headers:
            conditions["filter"] = headers[f"{service}ObjectFilter"]
        login = headers.get("authenticate", {})
        return Call(
            service,
            str(method),
            None if identifier is None else int(identifier),
            tuple(arguments),
            conditions,
            login.get("username", ""),
            login.get("apiKey", ""),
        )
