# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One deadline for a whole exchange, and lines within limits."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http import connection
from ansible_collections.softlayer.certificates.plugins.module_utils._http.connection import (
    Deadline,
    SocketAddress,
    connect,
    receive,
    resolve,
    send,
)

HOST = "127.0.0.1"
LONG, SHORT = 30.0, 0.2
"""Seconds: more than anything takes, and what tests wait for."""


class Overdue(Exception):
    """The time is over."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def closed_port() -> int:
    with socket.create_server((HOST, 0)) as gone:
        return int(gone.getsockname()[1])


def address(port: int, host: str = HOST) -> SocketAddress:
    return SocketAddress(socket.AF_INET, (host, port))


# The deadline


def test_what_is_left_of_the_time() -> None:
    assert 0 < Deadline(LONG).get_wait_seconds() <= LONG
    assert Deadline(LONG, stop=threading.Event()).get_wait_seconds() <= connection.POLL_SECONDS
    with pytest.raises(TimeoutError):
        Deadline(0).get_wait_seconds()
    with pytest.raises(Overdue):
        Deadline(0, Overdue).get_wait_seconds()


def test_each_byte_takes_from_the_same_time(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    over = threading.Event()

    def drip() -> None:
        while not over.wait(SHORT / 10):
            other.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    deadline = Deadline(SHORT, Overdue)
    with pytest.raises(Overdue):
        while receive(one, deadline):
            pass
    over.set()
    dripping.join()


@pytest.mark.parametrize("exchange", [receive, lambda connected, deadline: send(connected, bytes(2**26), deadline)])
def test_a_wait_ends_when_the_run_is_to_stop(exchange: object, pair: tuple[socket.socket, socket.socket]) -> None:
    stop = threading.Event()
    threading.Timer(SHORT, stop.set).start()
    with pytest.raises(Overdue):
        exchange(pair[0], Deadline(LONG * 10, Overdue, stop))  # type: ignore[operator]


def test_all_of_it_is_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    data = bytes(range(256)) * 2**14
    sending = threading.Thread(target=send, args=(one, data, Deadline(LONG)))
    sending.start()
    received = b""
    while len(received) < len(data):
        received += receive(other, Deadline(LONG))
    sending.join()
    assert received == data
    one.close()
    assert receive(other, Deadline(LONG)) == b""


# Names and addresses


def test_an_address_is_not_searched_for() -> None:
    assert resolve(HOST, 443, Deadline(0)) == [address(443)]
    assert resolve("::1", 443, Deadline(0))[0].ip_address == "::1"


@pytest.mark.parametrize("name", [".example.com", "a" * 64 + ".example", "\ud800"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError):
        resolve(name, 443, Deadline(LONG))


def test_each_address_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HOST, port)) for port in (1, 2, 1)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_names, **_options: found)
    assert resolve("www.example.com", 443, Deadline(LONG)) == [address(1), address(2)]


def test_the_next_address_is_tried_and_a_refusal_costs_no_time() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        connected, found = connect([address(closed_port()), address(port)], Deadline(LONG))
        with connected:
            assert (connected.getpeername(), found) == ((HOST, port), address(port))
            assert 0 < (connected.gettimeout() or 0) <= LONG


def test_why_no_address_accepts_a_connection() -> None:
    with pytest.raises(ConnectionRefusedError):
        connect([address(closed_port())] * 2, Deadline(LONG))
    with pytest.raises(OSError, match="famil"):
        connect([SocketAddress(255, (HOST, 1))], Deadline(LONG))


def test_both_families_by_turns() -> None:
    four = [SocketAddress(socket.AF_INET, (f"192.0.2.{number}", 443)) for number in range(3)]
    six = [SocketAddress(socket.AF_INET6, (f"2001:db8::{number}", 443, 0, 0)) for number in range(1)]
    assert connection._interleave_families([*six, *four]) == [six[0], four[0], four[1], four[2]]
    assert connection._interleave_families([*four, *six]) == [four[0], six[0], four[1], four[2]]


@pytest.mark.parametrize(("overdue", "raised"), [((), TimeoutError), ((Overdue,), Overdue)])
def test_a_resolver_that_does_not_answer_in_time(
    monkeypatch: pytest.MonkeyPatch, overdue: tuple[Any, ...], raised: type[Exception]
) -> None:
    over = threading.Event()

    def wait(_host: str, _port: int, **options: Any) -> Any:
        if not options["flags"]:
            over.wait(LONG)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    with pytest.raises(raised):
        resolve("www.example.com", 443, Deadline(SHORT, *overdue))
    over.set()
    with pytest.raises(socket.gaierror):
        resolve("www.example.com", 443, Deadline(LONG))
