# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections with one deadline for a whole exchange. Private to softlayer.certificates.

The deadline is one for all reads and writes together, so that a server which sends a byte from time to time gains nothing.
"""

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
"""How soon a wait notices that the run is to stop."""
STAGGER_SECONDS = 0.25
"""How long one address is waited for before the next one is tried as well (RFC 8305, 5)."""
CHUNK_SIZE = 64 * 1024
"""Bytes read at once."""


class Deadline:
    """When an exchange must be over.

    Args:
        seconds: the time that the exchange has, from now on.
        overdue: returns what is raised if it takes longer.
        stop: once it is set, the time is over.
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
        """The time that is left; 0 if it is over."""
        is_stopped = self._stop is not None and self._stop.is_set()
        return 0.0 if is_stopped else max(self._at - time.monotonic(), 0.0)

    def get_wait_seconds(self) -> float:
        """Return how long to wait before asking again; raise what `overdue` returns if the time is over."""
        left = self.remaining_seconds
        if not left:
            raise self._overdue()
        return left if self._stop is None else min(left, POLL_SECONDS)


class SocketAddress(t.NamedTuple):
    """One address that a name resolved to, in the form that sockets take."""

    family: int
    sockaddr: tuple[t.Any, ...]

    @property
    def ip_address(self) -> str:
        """The address alone."""
        return str(self.sockaddr[0])


def resolve(host: str, port: int, deadline: Deadline) -> list[SocketAddress]:
    """Return the addresses of a host, each once.

    The system's resolver has no time limit, so a thread asks it. One that gets no answer is left behind; it does not keep the
    process from ending.

    Raises:
        OSError: there is none.
        ValueError: this cannot be the name of a host.
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
    """Return a socket that is connected to the first address which accepts a connection, and that address.

    The addresses are tried at short distances, not one after the other (RFC 8305): a dead one costs no time. The socket's timeout
    is what is left of the time.

    Raises:
        OSError: no address accepts one; this is why the last of them does not.
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
    """Return the addresses with those of both families by turns, beginning with the family that the system prefers."""
    families = dict.fromkeys(address.family for address in addresses)
    columns = [[address for address in addresses if address.family == family] for family in families]
    return [address for address in chain.from_iterable(zip_longest(*columns)) if address is not None]


def _start_connecting(address: SocketAddress) -> socket.socket:
    """Return a socket that is connecting."""
    connecting = socket.socket(address.family, socket.SOCK_STREAM)
    connecting.setblocking(False)
    error = connecting.connect_ex(address.sockaddr)
    if error not in (0, errno.EINPROGRESS, errno.EINTR):
        connecting.close()
        raise OSError(error, os.strerror(error))
    return connecting


def receive(connected: socket.socket, deadline: Deadline) -> bytes:
    """Return the next data, or nothing at the end of the stream; raises `OSError` if the connection breaks."""
    while True:
        connected.settimeout(deadline.get_wait_seconds())
        with suppress(TimeoutError):
            return connected.recv(CHUNK_SIZE)


def send(connected: socket.socket, data: bytes, deadline: Deadline) -> None:
    """Send all of the data; raises `OSError` if the connection breaks."""
    left = memoryview(data)
    while left:
        connected.settimeout(deadline.get_wait_seconds())
        with suppress(TimeoutError):
            left = left[connected.send(left) :]
