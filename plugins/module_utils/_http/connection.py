# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open connections with one deadline for all reads and writes, so that a slow server cannot extend the time. Private to softlayer.certificates."""

from __future__ import annotations

import errno
import math
import os
import select
import socket
import threading
import time
import typing as t
from collections import deque
from collections.abc import Callable, Sequence
from concurrent import futures
from contextlib import suppress
from itertools import chain, zip_longest

POLL_SECONDS = 0.1
"""Maximum time in seconds until a wait notices an interruption."""
STAGGER_SECONDS = 0.25
"""Time in seconds after which the next address is also tried (RFC 8305, 5)."""
CHUNK_SIZE = 64 * 1024
"""Maximum number of bytes per read."""


class Deadline:
    """The time limit of an exchange.

    Args:
        seconds: the time from now.
        overdue: returns the error for exceeding the time.
        stop: ends the time when it is set.
    """

    def __init__(
        self,
        seconds: float,
        overdue: Callable[[], Exception] = lambda: TimeoutError("timed out"),
        stop: threading.Event | None = None,
    ) -> None:
        self._at = time.monotonic() + seconds
        self._overdue = overdue
        self._stop = stop

    @property
    def remaining_seconds(self) -> float:
        """The remaining time; 0 after the deadline."""
        is_stopped = self._stop is not None and self._stop.is_set()
        return 0.0 if is_stopped else max(self._at - time.monotonic(), 0.0)

    def get_wait_seconds(self) -> float:
        """Return the maximum time for the next wait. Raises the error of `overdue` after the deadline."""
        left = self.remaining_seconds
        if not left:
            raise self._overdue()
        return left if self._stop is None else min(left, POLL_SECONDS)


class SocketAddress(t.NamedTuple):
    """A resolved address in the format of the `socket` module."""

    family: int
    sockaddr: tuple[t.Any, ...]

    @property
    def ip_address(self) -> str:
        """The IP address without port and flow information."""
        return str(self.sockaddr[0])


def resolve(host: str, port: int, deadline: Deadline) -> list[SocketAddress]:
    """Return the addresses of a host without duplicates.

    A separate thread calls the system resolver, which has no timeout.

    Raises:
        OSError: if the host has no address.
        ValueError: if the host name is invalid.
    """

    def query_addresses(flags: int = 0) -> list[SocketAddress]:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
        return list(dict.fromkeys(SocketAddress(family, sockaddr) for family, *_others, sockaddr in resolved))

    def resolve_in_thread() -> None:
        try:
            answer.set_result(query_addresses())
        except Exception as error:
            answer.set_exception(error)

    with suppress(OSError):  # no address but a name
        return query_addresses(socket.AI_NUMERICHOST)
    answer: futures.Future[list[SocketAddress]] = futures.Future()
    threading.Thread(target=resolve_in_thread, daemon=True).start()
    while True:
        seconds = deadline.get_wait_seconds()
        with suppress(futures.TimeoutError):
            return answer.result(seconds)


def connect(addresses: Sequence[SocketAddress], deadline: Deadline) -> tuple[socket.socket, SocketAddress]:
    """Return a socket connected to the first responding address, and that address.

    The addresses are tried concurrently, with staggered starts (RFC 8305).

    Raises:
        OSError: if no address accepts a connection; the error of the last one.
    """
    waiting = deque(_interleave_families(addresses))
    under_way: dict[int, tuple[socket.socket, SocketAddress]] = {}
    poller = select.poll()
    next_start = 0.0
    error = OSError()
    try:
        while waiting or under_way:
            if waiting and (not under_way or time.monotonic() >= next_start):
                next_start = time.monotonic() + STAGGER_SECONDS
                address = waiting.popleft()
                try:
                    connecting = _start_connecting(address)
                except OSError as problem:  # such as no IPv6 here, or too many open files
                    error = problem
                    continue
                under_way[connecting.fileno()] = connecting, address
                poller.register(connecting, select.POLLOUT)
            pause = max(next_start - time.monotonic(), 0) if waiting else math.inf
            for descriptor, _event in poller.poll(math.ceil(min(deadline.get_wait_seconds(), pause) * 1000)):
                poller.unregister(descriptor)
                connecting, address = under_way[descriptor]
                number = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not number:
                    connecting.settimeout(deadline.get_wait_seconds())
                    del under_way[descriptor]
                    return connecting, address
                error = OSError(number, os.strerror(number))
                del under_way[descriptor]
                connecting.close()
        raise error
    finally:
        for connecting, _address in under_way.values():
            connecting.close()


def _interleave_families(addresses: Sequence[SocketAddress]) -> list[SocketAddress]:
    """Return the addresses with alternating IP versions, starting with the one that the system prefers."""
    families = dict.fromkeys(address.family for address in addresses)
    columns = [[address for address in addresses if address.family == family] for family in families]
    return [address for address in chain.from_iterable(zip_longest(*columns)) if address is not None]


def _start_connecting(address: SocketAddress) -> socket.socket:
    """Return a non-blocking socket that is connecting."""
    connecting = socket.socket(address.family, socket.SOCK_STREAM)
    connecting.setblocking(False)
    error = connecting.connect_ex(address.sockaddr)
    if error not in (0, errno.EINPROGRESS, errno.EINTR):
        connecting.close()
        raise OSError(error, os.strerror(error))
    return connecting


def receive(connected: socket.socket, deadline: Deadline) -> bytes:
    """Return the next data; empty at the end of the stream. Raises `OSError` if the connection breaks."""
    while True:
        connected.settimeout(deadline.get_wait_seconds())
        with suppress(TimeoutError):
            return connected.recv(CHUNK_SIZE)


def send(connected: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send all data. Raises `OSError` if the connection breaks."""
    left = memoryview(data)
    while left:
        connected.settimeout(deadline.get_wait_seconds())
        with suppress(TimeoutError):
            left = left[connected.send(left) :]
