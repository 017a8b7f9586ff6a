# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a request's time; what becomes of whole calls is seen from outside (tests/outside/test_connections.py)."""

from __future__ import annotations

import socket
import threading

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http.transport import Attempt

from tests.support.waiting import until

LONG = 30.0


def test_a_socket_that_is_read_when_the_time_is_up() -> None:
    one, other = socket.socketpair()
    with one, other, Attempt(0.05) as attempt:
        attempt.register_socket(one)
        one.settimeout(LONG)
        assert one.recv(1) == b""
        assert attempt.overdue


def test_a_socket_that_comes_when_the_time_is_up() -> None:
    one, other = socket.socketpair()
    with one, other, Attempt(0) as attempt:
        until(lambda: attempt.overdue, seconds=LONG)
        attempt.register_socket(one)
        one.settimeout(LONG)
        assert one.recv(1) == b""


def test_a_socket_that_another_request_has() -> None:
    """Of a kept connection the request that held it first has no say any more."""
    pairs = [socket.socketpair() for _ in range(2)]
    with Attempt(0.05) as attempt:
        for one, _other in pairs:
            attempt.register_socket(one)
        until(lambda: attempt.overdue, seconds=LONG)
    (first, first_other), (second, _second_other) = pairs
    first_other.sendall(b"x")
    first.settimeout(LONG)
    assert first.recv(1) == b"x"
    second.settimeout(LONG)
    assert second.recv(1) == b""
    for pair in pairs:
        for sock in pair:
            sock.close()


def test_in_time_nothing_happens_and_nothing_is_left() -> None:
    threads = threading.active_count()
    one, other = socket.socketpair()
    with one, other:
        with Attempt(LONG) as attempt:
            attempt.register_socket(one)
            attempt.stop_timer()
        assert not attempt.overdue
        assert threading.active_count() == threads
        one.sendall(b"x")
        assert other.recv(1) == b"x"


def test_no_connection_after_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Attempt(0) as attempt, pytest.raises(TimeoutError):
        attempt.connect("127.0.0.1", server.getsockname()[1], ())


def test_a_connection_has_its_options_and_the_rest_of_the_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Attempt(LONG) as attempt:
        host, port = server.getsockname()
        with attempt.connect(host, port, [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]) as connected:
            assert connected.getpeername() == (host, port)
            assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert 0 < (connected.gettimeout() or 0) < LONG
        assert attempt.peer == f"{host}:{port}"
