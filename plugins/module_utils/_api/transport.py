# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the SDK's requests travel: within their time, with answers of a bounded size. Private to softlayer.certificates.

What is known of a request that fails is noted here, by the connection itself: the exceptions of the libraries do not
tell whether it may have left.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import time
import typing as t
from contextlib import suppress

from .faults import Answer, AnswerTooLarge

with suppress(ImportError):
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TOTAL_HEADER = "softlayer-total-items"
TOTAL = re.compile(r"[0-9]{1,9}")
"""What a list's total looks like; one that is longer would not be a list that fits into memory."""
LARGEST_ANSWER = 256 * 1024 * 1024
"""Bytes, unpacked. The largest answer that is wanted is a page of 32,000 certificates with their chains, at 8 KiB each."""
PIECE = 64 * 1024
"""Bytes that are read and unpacked at once; they become 64 MiB at the most."""


def keep_quiet(*, verify: bool | str) -> None:
    """Keep the libraries from writing to standard error what the module's result says better."""
    logger = logging.getLogger("SoftLayer")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


class Attempt:
    """One request under way: what is known of it, and the end of its time.

    The time is that of the whole request, whatever the server does with it: at its end the connection is shut down,
    which ends any reading or writing that waits. Used as a context manager, so that no thread and no file is left.

    Attributes:
        sent: whether the request may have left: a connection stood, TLS and a proxy's tunnel included, and was written to.
        overdue: whether the time was up before the answer was there.
        answer: what the server sent, once it is there whole.
        peer: host and port that a connection was tried to: those of the proxy, if there is one, without its login.
    """

    def __init__(self, seconds: float) -> None:
        self.sent = False
        self.overdue = False
        self.answer: Answer | None = None
        self.peer = ""
        self._deadline = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Attempt:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop_the_clock()
        self._release()

    def stop_the_clock(self) -> None:
        """Let the connection be from now on, unless it is shut down already (`overdue`)."""
        self._timer.cancel()
        self._timer.join()

    def hold(self, connected: t.Any) -> None:
        """Take a socket, or TLS on one, as what is to be shut down.

        The connection may be closed while its answer is still being read, so this keeps a descriptor of its own.
        """
        copy = socket.socket(fileno=os.dup(connected.fileno()))
        with self._lock:
            self._release()
            self._socket = copy
        if self.overdue:
            self._cut()

    def connect(self, host: str, port: int, options: t.Iterable[t.Any]) -> socket.socket:
        """Return a connected socket; each address of the host gets an equal share of the time that is left.

        Raises:
            OSError: none of them takes the connection; `TimeoutError` in time.
        """
        self.peer = f"{host}:{port}"
        error: OSError = TimeoutError("timed out")
        addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        for number, (family, kind, protocol, _name, address) in enumerate(addresses):
            share = (self._deadline - time.monotonic()) / (len(addresses) - number)
            if share <= 0:
                break
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                for option in options:
                    sock.setsockopt(*option)
                sock.settimeout(share)
                sock.connect(address)
            except OSError as this:
                error = this
                if sock is not None:
                    sock.close()
            else:
                sock.settimeout(max(0.001, self._deadline - time.monotonic()))
                self.hold(sock)
                return sock
        raise error

    def _cut(self) -> None:
        with self._lock:
            self.overdue = True
            if self._socket is not None:
                with suppress(OSError):  # the server was faster
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class UnderWay(threading.local):
    """The attempt that each thread is making."""

    attempt: Attempt


def make_adapter(under_way: UnderWay) -> type[HTTPAdapter]:
    """Return the adapter to send with; it notes in the thread's attempt what becomes of it."""

    class Watched:
        """Mixed into a connection."""

        sock: t.Any

        def _new_conn(self: t.Any) -> socket.socket:
            try:
                return under_way.attempt.connect(self._dns_host, self.port, self.socket_options or ())
            except UnicodeError:
                raise urllib3.exceptions.LocationParseError(self._dns_host) from None
            except OSError as error:
                raise urllib3.exceptions.NewConnectionError(self, str(error)) from error

        def endheaders(self, *args: t.Any, **keywords: t.Any) -> None:
            """Send what there is of the request; what fails before here was not sent."""
            if self.sock is None:
                self.connect()  # type: ignore[attr-defined]
            under_way.attempt.hold(self.sock)
            under_way.attempt.sent = True
            super().endheaders(*args, **keywords)  # type: ignore[misc]

    class Connection(Watched, HTTPConnection):
        pass

    class TlsConnection(Watched, HTTPSConnection):
        pass

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **keywords: t.Any) -> None:
            super().init_poolmanager(*args, **keywords)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}

        def proxy_manager_for(self, *args: t.Any, **keywords: t.Any) -> t.Any:
            manager = super().proxy_manager_for(*args, **keywords)
            manager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
            return manager

        def send(self, request: requests.PreparedRequest, *args: t.Any, **keywords: t.Any) -> requests.Response:
            # Over XML-RPC the SDK says ISO-8859-1 and sends UTF-8; as ASCII it means the same to everybody.
            if isinstance(request.body, bytes):
                request.prepare_body(request.body.decode().encode("ascii", "xmlcharrefreplace"), None)
            response = super().send(request, *args, **keywords)
            attempt = under_way.attempt
            _read_whole(response)
            attempt.stop_the_clock()
            if attempt.overdue:  # to a body without a length its shutting down was a proper end
                raise requests.ReadTimeout("Read timed out.")
            # What a proxy is to pass on is asked for by its whole URL (RFC 9112, 3.2.2).
            is_by_proxy = not self.request_url(request, keywords.get("proxies")).startswith("/")
            attempt.answer = Answer(response.status_code, response.content, response.headers, is_by_proxy)
            return response

    return Adapter


def _read_whole(response: requests.Response) -> None:
    """Read an answer's body, and take from the SDK what it would trip over.

    Raises:
        AnswerTooLarge: it is larger than `LARGEST_ANSWER`.
        requests.RequestException: it did not arrive whole.
    """
    pieces = []
    size = 0
    with response:  # which closes the connection where the body is not read to its end
        if "," in response.headers.get("Content-Encoding", ""):
            raise requests.exceptions.ContentDecodingError("packed more than once")  # each piece could become anything
        for piece in response.iter_content(PIECE):
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise AnswerTooLarge
            pieces.append(piece)
    response._content = b"".join(pieces)
    response.encoding = "utf-8"  # as JSON is (RFC 8259), whatever the header makes of it
    if not TOTAL.fullmatch(response.headers.get(TOTAL_HEADER, "")):
        response.headers.pop(TOTAL_HEADER, None)
