# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a mail server's answer is read, and for how long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._mailbox import imap_client
from ansible_collections.softlayer.certificates.plugins.module_utils._mailbox.imap_client import PIECE, ImapClient

from tests.support.failing import fails

LONG, SHORT = 30.0, 0.2
"""Seconds: more than anything takes, and what tests wait for."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    here, there = socket.socketpair()
    with here, there:
        yield here, there


class Connected(ImapClient):
    """A client that has connected, and whose server has said nothing yet."""

    def __init__(self, connected: socket.socket, seconds: float = LONG) -> None:
        self.host, self.port, self.sock = "mail.example", 143, connected
        self.untagged_responses = {}
        self._seconds, self._largest = seconds, 0
        self._buffer, self._buffered_of = bytearray(), connected
        self.begin()


def test_lines_and_bytes(pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    client = Connected(here)
    there.sendall(b"first\r\n\nthe third\n12345rest\nno end")
    there.close()
    assert [client.readline() for _ in range(3)] == [b"first\r\n", b"\n", b"the third\n"]
    assert client.read(5) == b"12345"
    assert [client.readline() for _ in range(3)] == [b"rest\n", b"no end", b""]
    assert client.read(5) == b""


def test_what_is_not_read_is_left_for_the_next_command(pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    client = Connected(here)
    there.sendall(b"one\ntwo\n")
    assert client.readline() == b"one\n"
    assert client.has_more()
    client.begin()
    assert client.readline() == b"two\n"
    assert not client.has_more()


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        (b"x" * 1001, {}),
        (b"x\n" * 4, {"ANSWER_LINES": 3}),
        (b"x" * (3 * PIECE), {"ANSWER_BYTES": 9 * PIECE, "LINE_BYTES": PIECE}),
    ],
    ids=["bytes", "lines", "a line"],
)
def test_answers_that_are_too_large(
    pair: tuple[socket.socket, socket.socket], said: bytes, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = pair
    for name, limit in {"ANSWER_BYTES": 1000, **limits}.items():
        monkeypatch.setattr(imap_client, name, limit)
    client = Connected(here)

    def send() -> None:
        with suppress(OSError):  # the client hangs up
            there.sendall(said)

    sending = threading.Thread(target=send)
    sending.start()
    with fails("mailbox_error"):
        for _ in range(9):
            client.readline()
    sending.join()


def test_more_bytes_than_may_come_are_not_waited_for(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = pair
    monkeypatch.setattr(imap_client, "ANSWER_BYTES", 10)
    client = Connected(here)
    there.sendall(b"x\n" + b"y" * 8)
    assert (client.readline(), client.read(8)) == (b"x\n", b"y" * 8)
    with fails("mailbox_error"):
        client.read(1)


def test_a_line_that_does_not_end_in_time(pair: tuple[socket.socket, socket.socket]) -> None:
    here, there = pair
    client = Connected(here, SHORT)
    there.sendall(b"begun")
    begun = time.monotonic()
    with fails("unreachable"):
        client.readline()
    assert time.monotonic() - begun < LONG
