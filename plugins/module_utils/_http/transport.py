# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send the requests of SDKs with a time limit and a size limit. Private to softlayer.certificates.

The connection itself records whether a request may have been sent, because exceptions of the libraries do not show it.
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
"""A valid total number of list items; a longer number would exceed the memory."""
MAX_RESPONSE_SIZE = 256 * 1024 * 1024
"""Maximum size of a decompressed response in bytes. The largest expected one contains 32,000 certificates with chains of 8 KiB."""
CHUNK_SIZE = 64 * 1024
"""Maximum number of compressed bytes to read at once; decompressed, they are at most 64 MiB."""


def silence_library(library: str, *, verify: bool | str) -> None:
    """Prevent a library from writing to stderr, because module results contain better messages."""
    logger = logging.getLogger(library)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


@dataclass(frozen=True)
class Response:
    """A complete HTTP response."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_by_proxy: bool = False
    """Whether the response came through a plain HTTP proxy, which may have rejected the request itself."""


class ResponseTooLargeError(Exception):
    """The response exceeds the size limit and was not read completely."""


class Attempt:
    """A request in progress, with its state and its time limit. The context manager releases its resources.

    Attributes:
        sent: whether the request may have been sent.
        overdue: whether the time limit was exceeded before the response was complete.
        answer: the complete response.
        peer: the host and port of the server or the proxy.
        max_response_size: the maximum size of the decompressed response in bytes.
        is_compression_allowed: whether to accept a compressed response, which could expand beyond the size limit.

    Args:
        seconds: the time limit.
        stop: ends the resolution and the connection attempts when it is set.
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
        """Stop the time limit, and keep the connection unless `overdue` is set."""
        self._timer.cancel()
        self._timer.join()

    def register_socket(self, connected: t.Any) -> None:
        """Register a socket to shut down at the time limit, as a duplicate that the library cannot close."""
        copy = socket.socket(fileno=os.dup(connected.fileno()))
        with self._lock:
            self._release()
            self._socket = copy
        if self.overdue:
            self.abort()

    def select_allowed(self, addresses: list[SocketAddress]) -> list[SocketAddress]:
        """Return the allowed addresses; by default, all."""
        return addresses

    def count_bytes(self, size: int) -> None:
        """Count bytes of the response.

        Raises:
            ResponseTooLargeError: if the response exceeds `max_response_size`.
        """
        self._size += size
        if self._size > self.max_response_size:
            raise ResponseTooLargeError

    def connect(self, host: str, port: int, options: t.Iterable[t.Any]) -> socket.socket:
        """Return a socket connected to an address of the host.

        Raises:
            OSError: if no address accepts a connection; `TimeoutError` after the time limit.
        """
        self.peer = f"{host}:{port}"
        addresses = self.select_allowed(resolve(host.strip("[]"), port, self._deadline))
        connected, _address = connect(addresses, self._deadline)
        for option in options:
            connected.setsockopt(*option)
        self.register_socket(connected)
        return connected

    def abort(self) -> None:
        """End the request as if its time limit were exceeded."""
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
    """The request in progress of each thread."""

    attempt: Attempt


def make_adapter(under_way: CurrentAttempt) -> type[HTTPAdapter]:
    """Return the adapter class that records the state of each request in the attempt of its thread."""

    class RecordingMixin:
        """Mixin for connections that record whether a request was sent."""

        sock: t.Any

        def _new_conn(self: t.Any) -> socket.socket:
            try:
                return under_way.attempt.connect(self._dns_host, self.port, self.socket_options or ())
            except UnicodeError:
                raise urllib3.exceptions.LocationParseError(self._dns_host) from None
            except OSError as error:
                raise urllib3.exceptions.NewConnectionError(self, str(error)) from error

        def endheaders(self, *args: t.Any, **keywords: t.Any) -> None:
            """Send the request headers. A failure before this call means that nothing was sent."""
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
    """Read the complete body of a response, and remove invalid values that an SDK cannot handle.

    Raises:
        ResponseTooLargeError: if the body exceeds the size limit.
        requests.RequestException: if the body is incomplete.
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
