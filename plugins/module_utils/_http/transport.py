# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the SDK's requests travel: within a time limit, with answers of limited size. Private to softlayer.certificates.

What is known about a failed request is recorded here, by the connection itself: the libraries' exceptions do not show
whether the request may have left.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from .connection import Deadline, SocketAddress, connect, resolve

with suppress(ImportError):
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

TOTAL_HEADER = "softlayer-total-items"
TOTAL_PATTERN = re.compile(r"[0-9]{1,9}")
"""A valid total of a list; a list with a longer number would not fit into memory."""
MAX_RESPONSE_SIZE = 256 * 1024 * 1024
"""Bytes, unpacked, from the SoftLayer API. The largest expected answer is a page of 32,000 certificates with their chains, at 8 KiB each."""
CHUNK_SIZE = 64 * 1024
"""Bytes read and unpacked at once; unpacked they are at most 64 MiB."""


def silence_library(library: str, *, verify: bool | str) -> None:
    """Prevent a library and its dependencies from writing to stderr, because the result of the module contains better messages."""
    logger = logging.getLogger(library)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


@dataclass(frozen=True)
class Response:
    """An HTTP answer as it arrived."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_by_proxy: bool = False
    """Whether it came from a proxy that was to pass the call on in plain HTTP; the proxy may have refused to do so."""


class ResponseTooLargeError(Exception):
    """The answer is too large and was not read to its end."""


class Attempt:
    """One request in flight: what is known about it, and its time limit.

    The limit covers the whole request, whatever the server does. When the time is up, the connection is shut down, which
    ends any pending read or write. Use it as a context manager, so that no thread and no file descriptor is left open.

    Attributes:
        sent: whether the request may have left: the connection was established, including TLS and a proxy's tunnel, and was written to.
        overdue: whether the time was up before the answer was complete.
        answer: what the server sent, once it is complete.
        peer: host and port of the connection attempt: those of the proxy, if there is one, without its login.
        max_response_size: bytes, unpacked; one that is larger is not read on.
        is_compression_allowed: whether a packed answer is read, of which one piece may unpack to more than the rest of what may be read.

    Args:
        seconds: the time limit.
        stop: once it is set, no name and no connection is waited for any more.
    """

    def __init__(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.sent = False
        self.overdue = False
        self.answer: Response | None = None
        self.peer = ""
        self.max_response_size, self.is_compression_allowed = MAX_RESPONSE_SIZE, True
        self._deadline = Deadline(seconds, stop=stop)
        self._size = 0
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self.abort)
        self._timer.daemon = True

    def __enter__(self) -> Attempt:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop_timer()
        self._release()

    def stop_timer(self) -> None:
        """Stop the time limit: the connection stays up, unless it was already shut down (`overdue`)."""
        self._timer.cancel()
        self._timer.join()

    def register_socket(self, connected: t.Any) -> None:
        """Register a socket, or a TLS socket, as the one to shut down.

        The connection may be closed while its answer is still being read, so this keeps a duplicate descriptor.
        """
        copy = socket.socket(fileno=os.dup(connected.fileno()))
        with self._lock:
            self._release()
            self._socket = copy
        if self.overdue:
            self.abort()

    def select_allowed(self, addresses: list[SocketAddress]) -> list[SocketAddress]:
        """Return the addresses that may be connected to: all."""
        return addresses

    def count_bytes(self, size: int) -> None:
        """Count bytes of the answer.

        Raises:
            ResponseTooLargeError: there are more than `max_response_size`.
        """
        self._size += size
        if self._size > self.max_response_size:
            raise ResponseTooLargeError

    def connect(self, host: str, port: int, options: t.Iterable[t.Any]) -> socket.socket:
        """Return a socket that is connected to one of the host's addresses.

        Raises:
            OSError: none of them accepts a connection; `TimeoutError` if none does in time.
        """
        self.peer = f"{host}:{port}"
        addresses = self.select_allowed(resolve(host.strip("[]"), port, self._deadline))
        connected, _address = connect(addresses, self._deadline)
        for option in options:
            connected.setsockopt(*option)
        self.register_socket(connected)
        return connected

    def abort(self) -> None:
        """End the request, as if its time were up."""
        with self._lock:
            self.overdue = True
            if self._socket is not None:
                with suppress(OSError):  # the server closed it first
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class CurrentAttempt(threading.local):
    """The attempt in flight, one for each thread."""

    attempt: Attempt


def make_adapter(under_way: CurrentAttempt) -> type[HTTPAdapter]:
    """Return the adapter to send with; it records in the thread's attempt what happens to the request."""

    class RecordingMixin:
        """Mixin for a connection."""

        sock: t.Any

        def _new_conn(self: t.Any) -> socket.socket:
            try:
                return under_way.attempt.connect(self._dns_host, self.port, self.socket_options or ())
            except UnicodeError:
                raise urllib3.exceptions.LocationParseError(self._dns_host) from None
            except OSError as error:
                raise urllib3.exceptions.NewConnectionError(self, str(error)) from error

        def endheaders(self, *args: t.Any, **keywords: t.Any) -> None:
            """Send what there is of the request; a failure before this point means that nothing was sent."""
            if self.sock is None:
                self.connect()  # type: ignore[attr-defined]
            under_way.attempt.register_socket(self.sock)
            under_way.attempt.sent = True
            super().endheaders(*args, **keywords)  # type: ignore[misc]

    class Connection(RecordingMixin, HTTPConnection):
        pass

    class TlsConnection(RecordingMixin, HTTPSConnection):
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
            # Over XML-RPC the SDK declares ISO-8859-1 but sends UTF-8; pure ASCII is the same in both.
            if isinstance(request.body, bytes):
                request.prepare_body(request.body.decode().encode("ascii", "xmlcharrefreplace"), None)
            response = super().send(request, *args, **keywords)
            attempt = under_way.attempt
            _read_body(response, attempt)
            attempt.stop_timer()
            if attempt.overdue:  # for a body without a length, the shutdown looks like a normal end
                raise requests.ReadTimeout("Read timed out.")
            # A request that a proxy is to pass on has the whole URL in its request line (RFC 9112, 3.2.2).
            is_by_proxy = not self.request_url(request, keywords.get("proxies")).startswith("/")
            attempt.answer = Response(response.status_code, response.content, response.headers, is_by_proxy)
            return response

    return Adapter


def _read_body(response: requests.Response, attempt: Attempt) -> None:
    """Read an answer's whole body, and remove what the SDK cannot handle.

    Raises:
        ResponseTooLargeError: it has more bytes, unpacked, than the attempt allows.
        requests.RequestException: it did not arrive completely.
    """
    pieces = []
    with response:  # closes the connection if the body is not read to its end
        packing = response.headers.get("Content-Encoding", "").strip().lower()
        if "," in packing or (packing in response.raw.CONTENT_DECODERS and not attempt.is_compression_allowed):
            raise requests.exceptions.ContentDecodingError("packed")  # a piece could unpack to any size
        response.raw.enforce_content_length = True  # as urllib3 2 does by itself
        for piece in response.iter_content(CHUNK_SIZE):
            attempt.count_bytes(len(piece))
            pieces.append(piece)
    response._content = b"".join(pieces)
    response.encoding = "utf-8"  # JSON is UTF-8 (RFC 8259), whatever the header says
    if not TOTAL_PATTERN.fullmatch(response.headers.get(TOTAL_HEADER, "")):
        response.headers.pop(TOTAL_HEADER, None)
