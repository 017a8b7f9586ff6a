# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IMAP servers that other tests stand on do harm where those say so, and notice what those say that nobody does."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.dovecot import (
    AFTER_GREETING,
    AFTER_LOGIN,
    GARBAGE,
    IN_A_LITERAL,
    SILENT,
    Fault,
    HangingUp,
    Mailbox,
    Server,
)

pytest_plugins = ["tests.support.dovecot"]


@contextmanager
def login(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    """A client that is logged in."""
    options = mailbox.options()
    context = ssl.create_default_context(cafile=options["ca_path"])
    connection = imaplib.IMAP4_SSL(options["host"], options["port"], ssl_context=context, timeout=20)
    try:
        connection.login(options["username"], options["password"])
        yield connection
    finally:
        connection.shutdown()


def test_who_reads_without_care_changes_flags(mailbox: Mailbox) -> None:
    mailbox.deliver(b"From: someone@mail.example\nSubject: Hello\n\nHow are you?\n")
    before = mailbox.flags()
    with login(mailbox) as connection:
        connection.select()
        connection.fetch("1", "(BODY[])")
    assert mailbox.flags() == [f"{before[0].replace('new/', 'cur/')}:2,S"]


@pytest.mark.parametrize("bye", [True, False])
def test_a_kicked_client_is_cut_off_and_can_come_back(dovecot: Server, mailbox: Mailbox, bye: bool) -> None:
    with login(dovecot.new_user()) as other, login(mailbox) as connection:
        assert dovecot.kick(mailbox.username, bye=bye) == 1
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            connection.noop()
        other.noop()
        with login(mailbox) as again:
            again.noop()


# The false server


@pytest.mark.parametrize("fault", [AFTER_GREETING, AFTER_LOGIN, IN_A_LITERAL, SILENT, GARBAGE, Fault("SEARCH")])
def test_a_server_that_misbehaves_once(fault: Fault) -> None:
    def visit(server: HangingUp) -> None:
        options = server.options()
        with imaplib.IMAP4(options["host"], options["port"], timeout=2) as connection:
            connection.login(options["username"], options["password"])
            connection.select(readonly=True)
            assert connection.uid("SEARCH", "ALL")[1] == [b"1"]
            connection.fetch("1", "(BODY.PEEK[])")

    with HangingUp(fault, None) as server:
        with pytest.raises((imaplib.IMAP4.error, OSError)):
            visit(server)
        visit(server)
        assert server.connections == 2


def test_what_the_false_server_heard() -> None:
    with HangingUp() as server:
        imaplib.IMAP4(server.options()["host"], server.port).logout()
        assert [line.split()[1] for line in server.received] == [b"CAPABILITY", b"LOGOUT"]
