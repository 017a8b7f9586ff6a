# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP server for tests: it keeps connections alive, and can end them in every way a network can.

Werkzeug's own server closes the connection after each answer, which hides what clients do with a stale one.
"""

from __future__ import annotations

import io
import os
import socket
import ssl
import struct
import sys
import threading
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

_POLL_SECONDS = 0.02
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_FATE = "simulator.fate"


@dataclass
class Fate:
    """What becomes of the connection once the application is through with a request."""

    reset: bool = False
    """No answer: the connection is reset (RST)."""


def fate_of(request: Request) -> Fate:
    """Where the application says how the connection of a request shall end."""
    return request.environ[_FATE]


class _Handler(WSGIRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request, and leave the connection open unless its fate is another."""
        fate = Fate()
        environ = {**self.make_environ(), _FATE: fate, "wsgi.input": io.BytesIO(self._body())}
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        if fate.reset:
            self._reset()
            return
        code, reason = status.split(" ", 1)
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"".join(chunks))

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: the control API keeps the log of calls."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _reset(self) -> None:
        """Close at once and with RST; detached, so that nothing else says goodbye on this socket."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(self.connection.detach())


class Server(ThreadedWSGIServer):
    """Serves an application in threads of its own, with TLS if a context is given."""

    def __init__(self, app: Flask, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(host, port, app, handler=_Handler)
        self.ssl_context = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._start()

    @property
    def url(self) -> str:
        """Where it is found."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.ssl_context else 'http'}://{host}:{self.port}"

    @property
    def listening(self) -> bool:
        """Does it accept connections?"""
        return self._thread.is_alive()

    def stop_listening(self) -> None:
        """Refuse connections, and end those that are open; the port stays ours."""
        if not self.listening:
            return
        self.shutdown()
        self._thread.join()
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_bind()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)

    def start_listening(self) -> None:
        """Accept connections again."""
        if not self.listening:
            self.server_activate()
            self._start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection; its TLS handshake is made here, where it holds up nobody else."""
        if self.ssl_context is None:
            super().finish_request(request, client_address)
            return
        with self.ssl_context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a connection as open and serve it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Note a connection as closed and close it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not trust the certificate, is no error of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
