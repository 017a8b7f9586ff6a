# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API and a proxy of raw sockets, which can end a connection in every way there is; they know HTTP from its RFCs only."""

from __future__ import annotations

import json
import re
import select
import socket
import ssl
import struct
import threading
import xmlrpc.client
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import certificates
from tests.support.tls_servers import context_of

LONG = 60.0
"""Seconds that a server goes on with what should end much earlier, unless the test ends before."""
HOSTS = ("localhost", "api.softlayer.example")
ORDER = {
    "id": 12,
    "commonName": "www.example.com",
    "approverEmailAddress": "admin@example.com",
    "createDate": "2026-01-01T00:00:00-06:00",
    "expirationDate": "2099-01-01T00:00:00-06:00",
    "status": {"id": 49, "name": "Complete"},
}
"""One whose email can be requested."""


class Authority:
    """A certificate authority made for the test, and a server's certificate of it."""

    def __init__(self, folder: Path) -> None:
        self.ca_path = folder / "ca.pem"
        ca_key, root = certificates.write_authority(self.ca_path, "Outside")
        key = certificates.new_key()
        names = {
            "names": HOSTS,
            "addresses": ["127.0.0.1"],
            "extensions": certificates.identifiers(key, ca_key),
        }
        leaf = certificates.certificate_of(certificates.name_of(HOSTS[0]), root.subject, key, ca_key, **names)
        self.server = certificates.Issued(key, leaf, root=root)
        self.context = context_of(self.server)


def reset(peer: socket.socket) -> None:
    """End a connection with RST."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def finish(peer: socket.socket) -> None:
    """End a connection with FIN; over TLS without a close_notify."""
    with suppress(OSError):
        peer.shutdown(socket.SHUT_RDWR)
    peer.close()


def notify(peer: socket.socket) -> None:
    """End a connection as TLS wants it (RFC 8446, 6.1)."""
    if isinstance(peer, ssl.SSLSocket):
        peer.settimeout(0.2)
        with suppress(OSError):
            peer.unwrap()
    finish(peer)


class Server:
    """Listens on a free port of this machine, and serves each connection in a thread of its own."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self.connections = 0
        self._peers: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_error: object) -> None:
        self.closing.set()
        for sock in (self._listening, *self._peers):
            finish(sock)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _address = self._listening.accept()
                self.connections += 1
                self._peers = [known for known in self._peers if known.fileno() >= 0] + [peer]
                threading.Thread(target=self._run, args=(peer,), daemon=True).start()

    def _run(self, peer: socket.socket) -> None:
        with suppress(OSError, ValueError), peer:
            self.serve(peer)

    def serve(self, peer: socket.socket) -> None:
        """Serve one connection."""
        raise NotImplementedError

    def drip(self, peer: socket.socket, pieces: list[bytes], seconds: float = 0.1) -> None:
        """Send pieces one by one, the last one again and again, until the other side has enough."""
        number = 0
        while not self.closing.wait(seconds) and number * seconds < LONG:
            peer.sendall(pieces[min(number, len(pieces) - 1)])
            number += 1

    def keep_silent(self, peer: socket.socket) -> None:
        """Say nothing until the other side has enough."""
        peer.settimeout(LONG)
        while peer.recv(4096):
            pass


Ending = Callable[[Server, socket.socket, bytes], None]
"""What a server does in place of an answer, which it is given as well."""


def head_and_body(answer: bytes) -> tuple[bytes, bytes]:
    """The two parts of an HTTP message."""
    head, _end, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def _half(share: float, end: Callable[[socket.socket], None]) -> Ending:
    """An answer of which only a part comes; a share above 1 is a part of the body."""

    def play(_server: Server, peer: socket.socket, answer: bytes) -> None:
        head, body = head_and_body(answer)
        peer.sendall(head[: int(len(head) * share)] if share <= 1 else head + body[: len(body) // 2])
        end(peer)

    return play


def _instead(*pieces: bytes) -> Ending:
    """Other bytes in place of the answer, and FIN."""

    def play(_server: Server, peer: socket.socket, _answer: bytes) -> None:
        for piece in pieces:
            peer.sendall(piece)
        notify(peer)

    return play


def _truncated(_server: Server, peer: socket.socket, answer: bytes) -> None:
    """Half a document in a whole message."""
    peer.sendall(http(200, head_and_body(answer)[1][:-9]))
    finish(peer)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PACKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"
TWICE = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"

ENDINGS: Mapping[str, Ending] = {
    "RST": lambda _server, peer, _answer: reset(peer),
    "FIN": lambda _server, peer, _answer: finish(peer),
    "close_notify": lambda _server, peer, _answer: notify(peer),
    "half the head, FIN": _half(0.5, finish),
    "half the head, RST": _half(0.5, reset),
    "head, FIN": _half(1, finish),
    "half the body, FIN": _half(2, finish),
    "half the body, RST": _half(2, reset),
    "half the body, close_notify": _half(2, notify),
    "100 Continue, FIN": _instead(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "no HTTP": _instead(b"\x00\xff\x00 none of it\r\n\r\n"),
    "no status": _instead(b"HTTP/1.1 \xc2\xb2 OK\r\n\r\n"),
    "too many headers": _instead(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n"),
    "empty": _instead(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "half a document": _truncated,
    "broken chunks": _instead(CHUNKED + b"zz\r\ntrue\r\n0\r\n\r\n"),
    "lost chunks": _instead(CHUNKED + b"2\r\ntr\r\n"),
    "broken packing": _instead(PACKED),
    "packed twice": _instead(TWICE),
}
"""Every way in which an answer to a request that has arrived may be lost at once ..."""
HANGING: Mapping[str, Ending] = {
    "silence": lambda server, peer, _answer: server.keep_silent(peer),
    "endless 100 Continue": lambda server, peer, _answer: server.drip(peer, [b"HTTP/1.1 100 Continue\r\n\r\n"], 0.01),
    "the head byte by byte": lambda server, peer, answer: server.drip(
        peer, [bytes([byte]) for byte in answer] + [b" "]
    ),
    "the body byte by byte": lambda server, peer, answer: server.drip(
        peer, [head_and_body(answer)[0].replace(b"Content-Length", b"X"), b" "]
    ),
}
"""... or never comes to an end."""


def http(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_message(peer: socket.socket) -> bytes:
    """Read one request or answer whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(peer, "no message")
    length = re.search(rb"content-length: *(\d+)", head_and_body(data)[0], re.IGNORECASE)
    while length and len(head_and_body(data)[1]) < int(length[1]):
        data += _more(peer, "half a message")
    return data


def _more(peer: socket.socket, lacking: str) -> bytes:
    piece = peer.recv(65536)
    if not piece:
        raise ConnectionError(lacking)
    return piece


def read_request(peer: socket.socket) -> tuple[str, bytes]:
    """Read one request whole: its first line, and its body."""
    head, body = head_and_body(read_message(peer))
    return head.split(b"\r\n")[0].decode(), body


class Api(Server):
    """A SoftLayer API: each method has one answer; `attacked` gets `ending` instead, `times` times.

    Attributes:
        answers: a value by the method's name; `bytes` are sent as they are, and a whole HTTP answer is an `Ending`.
        received: the methods of the requests that have arrived whole.
    """

    def __init__(self, authority: Authority | None, **answers: Any) -> None:
        self.authority = authority
        self.answers: dict[str, Any] = {"getObject": {"id": 1}, "resendEmail": True, **answers}
        self.received: list[str] = []
        self.attacked = ""
        self.ending: Ending | None = None
        self.times = 1
        super().__init__()

    def attack(self, method: str, ending: Ending, times: int = 1_000_000) -> None:
        """Let the next calls of a method end in this way."""
        self.received, self.attacked, self.ending, self.times = [], method, ending, times

    def url(self, transport: str, host: str = "127.0.0.1") -> str:
        """The endpoint of a transport."""
        scheme = "https" if self.authority else "http"
        return f"{scheme}://{host}:{self.port}/{transport}/v3.1"

    def options(self, transport: str, **others: Any) -> dict[str, Any]:
        """What lets a module use this API."""
        assert self.authority
        login = {"username": "SL1", "api_key": "0123456789abcdef" * 4, "ca_path": str(self.authority.ca_path)}
        return {**login, "endpoint_url": self.url(transport), "retries": 3, **others}

    def serve(self, peer: socket.socket) -> None:
        """Answer requests until the connection ends."""
        if self.authority:
            peer = self.authority.context.wrap_socket(peer, server_side=True)
        with peer:
            while True:
                line, body = read_request(peer)
                is_rest = "/rest/" in line
                found = re.search(r"/(\w+)\.json", line) if is_rest else re.search("<methodName>(.*?)<", body.decode())
                assert found, line
                self.received.append(found[1])
                answer = http(200, self._document(self.answers.get(found[1]), is_rest=is_rest))
                if self.ending and found[1] == self.attacked and self.times > 0:
                    self.times -= 1
                    self.ending(self, peer, answer)
                    return
                peer.sendall(answer)

    @staticmethod
    def _document(value: Any, *, is_rest: bool) -> bytes:
        if isinstance(value, bytes):
            return value
        if is_rest:
            return json.dumps(value).encode()
        return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()


@dataclass
class _Answer:
    """What a proxy says to CONNECT."""

    say: bytes = b""
    end: Callable[[socket.socket], None] = field(default=finish)


REFUSALS: Mapping[str, _Answer] = {
    **{str(status): _Answer(http(status, b"<html></html>")) for status in (403, 407, 502, 503, 504)},
    "no HTTP": _Answer(b"\x00\xff none of it\r\n\r\n"),
    "half": _Answer(b"HTTP/1.1 20"),
    "FIN": _Answer(),
    "RST": _Answer(end=reset),
    "200, FIN": _Answer(b"HTTP/1.1 200 OK\r\n\r\n"),
    "200, RST": _Answer(b"HTTP/1.1 200 OK\r\n\r\n", end=reset),
}
"""All the ways in which a proxy makes no connection."""


class Proxy(Server):
    """A proxy that leads every connection to one place: CONNECT tunnels (RFC 9110, 9.3.6), or plain requests as they are.

    Attributes:
        refusal: what it says to CONNECT instead.
        asked: the first lines of the requests to itself.
    """

    def __init__(self, port: int, authority: Authority | None = None) -> None:
        self.authority = authority
        self.target = port
        self.refusal: _Answer | None = None
        self.asked: list[str] = []
        super().__init__()

    @property
    def url(self) -> str:
        """The proxy's URL."""
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    def serve(self, peer: socket.socket) -> None:
        """Make one tunnel, or pass one plain request on."""
        if self.authority:
            peer = self.authority.context.wrap_socket(peer, server_side=True)
        request = read_message(peer)
        line = request.partition(b"\r\n")[0].decode()
        self.asked.append(line)
        refusal = self.refusal
        if refusal:
            peer.sendall(refusal.say)
            refusal.end(peer)
            return
        with socket.create_connection(("127.0.0.1", self.target)) as target:
            if line.startswith("CONNECT "):
                peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                target.sendall(request)
            _relay(peer, target)


def _relay(one: socket.socket, two: socket.socket) -> None:
    """Pass on what comes from either side, and how it ends."""
    while True:
        ready = [one] if isinstance(one, ssl.SSLSocket) and one.pending() else select.select([one, two], [], [])[0]
        for source in ready:
            target = two if source is one else one
            try:
                piece = source.recv(65536)
            except ConnectionResetError:
                reset(target)
                return
            if not piece:
                finish(target)
                return
            target.sendall(piece)
