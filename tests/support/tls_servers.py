# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on the loopback that serve certificates over TLS, and others that do all sorts of things instead.

They run in threads of the tests, so they end with these.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.certificates import Issued

HOST = "127.0.0.1"
LOOK_SECONDS = 30
"""How long a server waits for what a client should send or do."""
Script = Callable[["Visit"], None]


class Visit:
    """A client's connection, as the server has it."""

    def __init__(self, connection: socket.socket, server: Server) -> None:
        self.connection = connection
        self._server = server
        connection.settimeout(LOOK_SECONDS)

    def say(self, data: bytes) -> None:
        """Send data in the clear."""
        self.connection.sendall(data)

    def hear(self) -> bytes:
        """Receive a piece of data, such as a line or a ClientHello, and remember it."""
        data = self.connection.recv(65536)
        self._server.received.append(data)
        return data

    def hear_all(self) -> None:
        """Receive until the client ends the connection."""
        while self.hear():
            pass

    def break_off(self) -> None:
        """End the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def drip(self, data: bytes) -> None:
        """Send data a byte at a time, again and again, until the client ends the connection."""
        while not self._server.is_over:
            for byte in data:
                self.say(bytes([byte]))
                time.sleep(0.02)

    def serve(self, context: ssl.SSLContext, answer: bytes = b"") -> None:
        """Carry out a handshake, remember what the client sends after it, and answer that."""
        with context.wrap_socket(self.connection, server_side=True) as tls:
            self._server.agreed.append((tls.version(), self._server.asked_for))
            data = b""
            with contextlib.suppress(OSError):  # a client that has seen enough may leave the server's tickets unread
                data = tls.recv(65536)
            self._server.received_after.append(data)
            if data:
                tls.sendall(answer)


class Server:
    """Does with each client what a script says.

    Attributes:
        received: what clients sent in the clear, or as ClientHello.
        received_after: what clients sent over TLS, one entry a client.
        agreed: version and asked name of each handshake that the server completed.
    """

    def __init__(self, script: Script, host: str = HOST, port: int = 0) -> None:
        self.received: list[bytes] = []
        self.received_after: list[bytes] = []
        self.agreed: list[tuple[str | None, str | None]] = []
        self.visits = 0
        self.asked_for: str | None = None
        self.is_over = False
        self._script = script
        self._socket = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024
        )
        self.host = host
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Server:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.is_over = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                self.visits += 1
                threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self._script(Visit(connection, self))


def context_of(issued: Issued, chain: str | None = None, **settings: Any) -> ssl.SSLContext:
    """A server's settings with a certificate and, if not given another, its chain; ``ciphers`` and attributes on top."""
    return context_from(issued.pem + (issued.chain_pem if chain is None else chain) + issued.key_pem, **settings)


def context_from(pem: str, **settings: Any) -> ssl.SSLContext:
    """The same with certificate, chain and key in one text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ciphers = settings.pop("ciphers", None)
    if ciphers:  # which may lower the level of security that the key must meet
        context.set_ciphers(ciphers)
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        Path(file.name).write_text(pem, encoding="ascii")
        context.load_cert_chain(file.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what some tests are about
        for name, value in settings.items():
            setattr(context, name, value)
    return context


def serving(
    issued: Issued,
    *,
    chain: str | None = None,
    host: str = HOST,
    port: int = 0,
    delay: float = 0,
    **settings: Any,
) -> Server:
    """A server that serves a certificate, so many seconds after the ClientHello."""
    context = context_of(issued, chain, **settings)

    def script(visit: Visit) -> None:
        time.sleep(delay)
        visit.serve(context)

    server = Server(script, host, port)

    def remember(_tls: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        server.asked_for = name

    context.sni_callback = remember  # type: ignore[assignment]
    return server


@contextlib.contextmanager
def dead_port() -> Iterator[int]:
    """A port that answers no attempt to connect: its queue is full, so that the system drops what comes."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind((HOST, 0))
        listening.listen(0)
        for _number in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server((HOST, 0)) as taken:
        return int(taken.getsockname()[1])
