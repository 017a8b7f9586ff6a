# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections whose every step has a time limit. Private to softlayer.certificates.

The limit is one for the step as a whole, so that a server which sends a byte from time to time gains nothing.
"""

from __future__ import annotations

import errno
import math
import os
import queue
import select
import socket
import threading
import time
import typing as t
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from .._codes import NotSeen
from .._errors import CertificatesError
from .endpoint import Endpoint

POLL_SECONDS = 0.1
"""How soon a wait notices that the run is to stop."""
STAGGER_SECONDS = 0.25
"""How long one address is waited for before the next one is tried as well (RFC 8305, 5)."""
PIECE = 16 * 1024
"""Bytes read at once."""


class Step:
    """One step of a look, with the time limit that it has as a whole.

    Args:
        endpoint: what is looked at.
        overdue: what to say if the time is over, as the end of a sentence: `did not answer within {} seconds`.
        seconds: the time limit.
        stop: once it is set, the step ends.
    """

    def __init__(self, endpoint: Endpoint, overdue: str, seconds: float, stop: threading.Event | None) -> None:
        self.endpoint = endpoint
        self._overdue = overdue
        self._seconds = seconds
        self._stop = stop
        self._until = time.monotonic() + seconds

    def seconds_to_wait(self) -> float:
        """Return how long to wait before asking again.

        Raises:
            CertificatesError: `timeout`, if the time is over or the run is to stop.
        """
        if self._stop is not None and self._stop.is_set():
            raise CertificatesError("timeout", f"The run was told to stop before {self.endpoint.shown} had been seen.")
        left = self._until - time.monotonic()
        if left <= 0:
            raise CertificatesError("timeout", f"{self.endpoint.shown} {self._overdue.format(f'{self._seconds:g}')}.")
        return left if self._stop is None else min(left, POLL_SECONDS)

    def poll(self, poller: select.poll, at_most: float = math.inf) -> list[int]:
        """Return the file descriptors that are ready; none if it takes longer than `at_most` seconds."""
        until = time.monotonic() + at_most
        while True:
            seconds = min(self.seconds_to_wait(), max(until - time.monotonic(), 0))
            ready = [descriptor for descriptor, _event in poller.poll(math.ceil(seconds * 1000))]
            if ready or time.monotonic() >= until:
                return ready


@dataclass(frozen=True)
class Target:
    """One address that a name resolved to, in the form that sockets take."""

    family: int
    kind: int
    protocol: int
    where: tuple[t.Any, ...]

    @property
    def ip_address(self) -> str:
        """The address alone."""
        return str(self.where[0])


class Connection:
    """A connected socket that is never waited for longer than a step allows."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(connected, select.POLLIN)
        self._writable.register(connected, select.POLLOUT)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    @property
    def own_address(self) -> str:
        """This machine's address on the connection."""
        return str(self._socket.getsockname()[0])

    def receive(self, step: Step) -> bytes:
        """Return the next data, or nothing at the end of the stream; raises `OSError` if the connection breaks."""
        while True:
            step.seconds_to_wait()
            try:
                return self._socket.recv(PIECE)
            except BlockingIOError:
                step.poll(self._readable)

    def send(self, data: bytes, step: Step) -> None:
        """Send all of the data; raises `OSError` if the connection breaks."""
        left = memoryview(data)
        while left:
            step.seconds_to_wait()
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                step.poll(self._writable)


def resolve(step: Step) -> list[Target]:
    """Return the addresses of the endpoint's host, each once.

    The system's resolver has no time limit, so a thread asks it. One that gets no answer is left behind; it does not keep the
    process from ending.

    Raises:
        CertificatesError: `unreachable` if there is none, `timeout`.
    """
    endpoint = step.endpoint
    try:
        host = endpoint.network_host.encode("ascii")
        return _ask(host, endpoint.port, socket.AI_NUMERICHOST)
    except (UnicodeError, ValueError):
        raise CertificatesError("unreachable", f"{endpoint.shown} has no valid host name: correct it.") from None
    except OSError:
        pass  # no address but a name
    answers: queue.SimpleQueue[list[Target] | OSError] = queue.SimpleQueue()
    threading.Thread(target=_ask_aside, args=(host, endpoint.port, answers), daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=step.seconds_to_wait())
        except queue.Empty:
            continue
        if isinstance(answer, OSError):
            said = answer.strerror or str(answer)
            message = (
                f"The name of {endpoint.shown} does not resolve ({said}): check it, and this machine's name servers."
            )
            raise CertificatesError("unreachable", message)
        return answer


def _ask_aside(host: bytes, port: int, answers: queue.SimpleQueue[list[Target] | OSError]) -> None:
    try:
        answers.put(_ask(host, port, 0))
    except OSError as error:
        answers.put(error)


def _ask(host: bytes, port: int, flags: int) -> list[Target]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(Target(family, kind, protocol, where) for family, kind, protocol, _name, where in found))


def connect(targets: Sequence[Target], step: Step) -> tuple[Connection, str]:
    """Return a connection to the first address that accepts one, and that address.

    The addresses are tried at short distances, not one after the other (RFC 8305): a dead one costs no time.

    Raises:
        CertificatesError: `unreachable`, `timeout`.
    """
    attempts = _Attempts(step)
    try:
        return attempts.first_of(deque(_by_turns(targets)))
    finally:
        attempts.close()


class _Attempts:
    """Attempts to connect that are under way."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._poller = select.poll()
        self._under_way: dict[int, tuple[socket.socket, Target]] = {}
        self._error = 0

    def first_of(self, targets: deque[Target]) -> tuple[Connection, str]:
        next_start = 0.0
        while targets or self._under_way:
            if targets and (not self._under_way or time.monotonic() >= next_start):
                self._begin(targets.popleft())
                next_start = time.monotonic() + STAGGER_SECONDS
            pause = max(next_start - time.monotonic(), 0) if targets else math.inf
            for descriptor in self._step.poll(self._poller, pause) if self._under_way else ():
                connecting, target = self._under_way.pop(descriptor)
                self._poller.unregister(descriptor)
                error = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not error:
                    return Connection(connecting), target.ip_address
                connecting.close()
                self._error = error
        raise self._refused()

    def _begin(self, target: Target) -> None:
        try:
            connecting = socket.socket(target.family, target.kind, target.protocol)
        except OSError as problem:  # no IPv6 here, or too many open files
            self._error = problem.errno or 0
            return
        connecting.setblocking(False)
        error = connecting.connect_ex(target.where)
        if error in (0, errno.EINPROGRESS, errno.EINTR):
            self._under_way[connecting.fileno()] = connecting, target
            self._poller.register(connecting, select.POLLOUT)
        else:
            connecting.close()
            self._error = error

    def _refused(self) -> CertificatesError:
        shown = self._step.endpoint.shown
        if self._error == errno.ECONNREFUSED:
            return CertificatesError("unreachable", f"{shown} refuses connections: check host and port.")
        code: NotSeen = "timeout" if self._error == errno.ETIMEDOUT else "unreachable"
        why = os.strerror(self._error)
        return CertificatesError(code, f"{shown} cannot be reached ({why}): check host, port and the network.")

    def close(self) -> None:
        """Give up what is under way."""
        for connecting, _target in self._under_way.values():
            connecting.close()


def _by_turns(targets: Sequence[Target]) -> list[Target]:
    """Return the addresses with those of both families by turns, beginning with the family that the system prefers."""
    preferred = [target for target in targets if target.family == targets[0].family]
    others = [target for target in targets if target.family != targets[0].family]
    return [target for target in chain.from_iterable(zip_longest(preferred, others)) if target is not None]
