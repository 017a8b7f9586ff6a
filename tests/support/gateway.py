# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand between a module and the API: a proxy, or a gateway that gives answers of its own."""

from __future__ import annotations

import http.client
import os
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.simulator.client import Simulator


@dataclass
class Gateway:
    """Passes calls on to the simulator, as a reverse proxy or a forward proxy, but for `resendEmail`.

    That one is answered by ``status``, ``body`` and ``headers``, after it was passed on all the same if ``processed``.
    With ``garble`` the answer is no TLS record. With ``deaf_for`` it stops listening, for so many seconds or until
    ``listen``, before it gives its first answer.
    """

    sim: Simulator
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    processed: bool = False
    garble: bool = False
    tls: ssl.SSLContext | None = None
    deaf_for: float | None = None
    port: int = 0
    sends: int = 0
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Gateway:
        self.listen()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def url(self, transport: str) -> str:
        """The endpoint of a transport, by way of this gateway."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}{urlsplit(self.sim.url(transport)).path}"

    def listen(self) -> None:
        """Accept connections."""
        server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        if self.tls:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def before_answer(self) -> None:
        """Go deaf, if that is wished."""
        if self.deaf_for is None:
            return
        seconds, self.deaf_for = self.deaf_for, None
        self.close()
        if seconds:
            timer = threading.Timer(seconds, self.listen)
            timer.daemon = True
            timer.start()


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            path = url.path + (f"?{url.query}" if url.query else "")
            is_send = "resendEmail" in path or b"resendEmail" in body
            gateway.sends += is_send
            if is_send and gateway.status:
                if gateway.processed:
                    self._pass_on(path, body)
                if gateway.garble:
                    os.write(self.connection.fileno(), b"HTTP/1.1 500 plain words where a TLS record is due\r\n\r\n")
                    return
                self._answer(gateway.status, gateway.headers, gateway.body)
                return
            status, headers, answer = self._pass_on(path, body)
            gateway.before_answer()
            self._answer(status, headers, answer)

        do_GET = do_POST = do_PUT = do_DELETE = _handle

        def _pass_on(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
            target = urlsplit(gateway.sim.xmlrpc_url)
            connection = http.client.HTTPConnection(str(target.hostname), target.port)
            headers = {name: value for name, value in self.headers.items() if name not in {"Host", "Connection"}}
            connection.request(str(self.command), path, body, {**headers, "Accept-Encoding": "identity"})
            response = connection.getresponse()
            answer = response.read()
            connection.close()
            return response.status, dict(response.getheaders()), answer

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "connection", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    return Handler
