# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IMAP servers that other tests stand on do what those rely on."""

from __future__ import annotations

import email
import email.policy
import imaplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.dovecot import (
    AFTER_GREETING,
    AFTER_LOGIN,
    DAY,
    GARBAGE,
    IN_A_LITERAL,
    SILENT,
    Fault,
    HangingUp,
    Mailbox,
    Server,
    fill,
    noise,
)
from tests.support.modules import options_for, run_module

pytest_plugins = ["tests.support.dovecot"]

MESSAGE = b"From: someone@mail.example\nSubject: Hello\n\nHow are you?\n"
DROPPED = (imaplib.IMAP4.abort, OSError)


@contextmanager
def login(mailbox: Mailbox, security: str = "tls") -> Iterator[imaplib.IMAP4]:
    """A client that is logged in."""
    options = mailbox.options(security)
    connection: imaplib.IMAP4
    if security == "tls":
        context = ssl.create_default_context(cafile=options["ca_path"])
        connection = imaplib.IMAP4_SSL(options["host"], options["port"], ssl_context=context, timeout=20)
    else:
        connection = imaplib.IMAP4(options["host"], options["port"], timeout=20)
    try:
        if security == "starttls":
            connection.starttls(ssl.create_default_context(cafile=options["ca_path"]))
        connection.login(options["username"], options["password"])
        yield connection
    finally:
        connection.shutdown()


def fetch(connection: imaplib.IMAP4, number: str, what: str) -> bytes:
    """An item of a message: its literal if it has one."""
    _, data = connection.fetch(number, f"({what})")
    item = data[0]
    assert item is not None
    return item[1] if isinstance(item, tuple) else item


def count(connection: imaplib.IMAP4, folder: str = "INBOX") -> int:
    """The number of messages in a folder, which is opened for reading only."""
    return int(connection.select(folder, readonly=True)[1][0] or b"")


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_a_message_is_delivered_and_read(mailbox: Mailbox, security: str) -> None:
    mailbox.deliver(MESSAGE)
    before = mailbox.flags()
    with login(mailbox, security) as connection:
        assert isinstance(connection.sock, ssl.SSLSocket) == (security != "none")
        assert count(connection) == 1
        assert fetch(connection, "1", "BODY.PEEK[]") == MESSAGE.replace(b"\n", b"\r\n")
    assert mailbox.flags() == before
    assert before[0].startswith("new/")


def test_who_reads_without_care_changes_flags(mailbox: Mailbox) -> None:
    mailbox.deliver(MESSAGE)
    before = mailbox.flags()
    with login(mailbox) as connection:
        connection.select()
        fetch(connection, "1", "BODY[]")
    assert mailbox.flags() == [f"{before[0].replace('new/', 'cur/')}:2,S"]


def test_the_options_of_a_module(mailbox: Mailbox) -> None:
    options = mailbox.options(folder="Archive", password=None)
    assert options == {
        "host": "127.0.0.1",
        "port": mailbox.port,
        "username": mailbox.username,
        "security": "tls",
        "ca_path": str(mailbox.ca_path),
        "folder": "Archive",
    }
    assert "ca_path" not in mailbox.options("none")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_only_its_own_authority_vouches_for_it(dovecot: Server, host: str) -> None:
    context = ssl.create_default_context(cafile=dovecot.ca_path)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    imaplib.IMAP4_SSL(host, dovecot.port, ssl_context=context).logout()
    for context in (ssl.create_default_context(cafile=dovecot.other_ca_path), ssl.create_default_context()):
        with pytest.raises(ssl.SSLCertVerificationError):
            imaplib.IMAP4_SSL(host, dovecot.port, ssl_context=context)


def test_a_wrong_password_is_refused_without_delay(dovecot: Server, mailbox: Mailbox) -> None:
    begin = time.monotonic()
    for _ in range(5):
        connection = imaplib.IMAP4(mailbox.host, mailbox.plain_port)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            connection.login(mailbox.username, "s3cr3t-w0rd")
        connection.shutdown()
    assert time.monotonic() - begin < 9, dovecot.log()


def test_when_a_message_arrived(mailbox: Mailbox) -> None:
    for age in (400, 3, 0):
        mailbox.deliver(MESSAGE, age_days=age)
    with login(mailbox) as connection:
        assert count(connection) == 3
        for number, age in enumerate((400, 3, 0), 1):
            arrived = imaplib.Internaldate2tuple(fetch(connection, str(number), "INTERNALDATE"))
            assert arrived is not None
            assert abs(time.time() - age * DAY - time.mktime(arrived)) < 60


def test_folders_and_flags(mailbox: Mailbox) -> None:
    for folder in ("Archive", "Archive/2026", "Größe"):
        mailbox.create_folder(folder)
    mailbox.deliver(MESSAGE, folder="Archive/2026", flags="FS")
    with login(mailbox) as connection:
        _, found = connection.list()
        names = [line.rpartition(b'"/" ')[2] for line in found if isinstance(line, bytes)]
        assert sorted(names) == [b"Archive", b"Archive/2026", b"Gr&APYA3w-e", b"INBOX"]
        assert (count(connection), count(connection, "Archive/2026")) == (0, 1)
        assert {*imaplib.ParseFlags(fetch(connection, "1", "FLAGS"))} - {b"\\Recent"} == {b"\\Flagged", b"\\Seen"}
    assert [name.partition("/cur/")[0] for name in mailbox.flags()] == [".Archive.2026"]


def test_each_user_has_a_mailbox(dovecot: Server) -> None:
    one, other = dovecot.new_user(), dovecot.new_user()
    one.deliver(MESSAGE)
    with login(one) as its, login(other) as others:
        assert (count(its), count(others)) == (1, 0)


def test_mail_that_arrives_while_the_client_is_connected(mailbox: Mailbox) -> None:
    with login(mailbox) as connection:
        assert count(connection) == 0
        message = EmailMessage()
        message["Subject"] = "Grüße"
        message.set_content("Schön.\n")
        mailbox.deliver(message)
        connection.noop()
        assert connection.untagged_responses["EXISTS"][-1] == b"1"
        fetched = email.message_from_bytes(fetch(connection, "1", "BODY.PEEK[]"), policy=email.policy.default)
        assert fetched["Subject"] == "Grüße"


def test_the_maildir_of_another_process(dovecot: Server, sim: Simulator) -> None:
    mailbox = dovecot.new_user(sim.maildir)
    order = sim.add_order(commonName="www.example.org")
    done = run_module("ssl_fulfillment_email", **options_for(sim), order_ids=[order["id"]])
    assert done["changed"], done.output
    with login(mailbox) as connection:
        assert count(connection) == 1
        assert b"www.example.org" in fetch(connection, "1", "BODY.PEEK[HEADER]")
        assert [path.name for path in sim.messages()] == [name.removeprefix("new/") for name in mailbox.flags()]
        sim.reset()
        connection.noop()
        assert count(connection) == 0
    assert {path.name for path in sim.maildir.iterdir()} == {"cur", "new", "tmp"}


@pytest.mark.parametrize("bye", [True, False])
@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_a_kicked_client_can_come_back(dovecot: Server, mailbox: Mailbox, security: str, bye: bool) -> None:
    bystander = dovecot.new_user()
    with login(bystander) as other, login(mailbox, security) as connection:
        assert dovecot.kick(mailbox.username, bye=bye) == 1
        with pytest.raises(DROPPED):
            connection.noop()
        other.noop()
        with login(mailbox, security) as again:
            again.noop()


def test_stopped_and_started_again(dovecot: Server, mailbox: Mailbox) -> None:
    mailbox.deliver(MESSAGE)
    with login(mailbox) as connection:
        dovecot.stop()
        try:
            with pytest.raises(DROPPED):
                connection.noop()
            for port in (mailbox.port, mailbox.plain_port):
                with pytest.raises(ConnectionRefusedError):
                    imaplib.IMAP4(mailbox.host, port)
        finally:
            dovecot.start()
    with login(mailbox) as connection:
        assert count(connection) == 1


def test_noise(mailbox: Mailbox) -> None:
    messages = list(noise(500, seed=7))
    assert messages == list(noise(500, seed=7))
    assert messages != list(noise(500, seed=8))
    assert all(400 < len(message) < 32_000 for message in messages)
    parsed = [email.message_from_bytes(message) for message in messages]
    assert not any(part.defects for message in parsed for part in message.walk())
    kinds = {part.get_content_type() for message in parsed for part in message.walk()}
    assert kinds >= {"text/plain", "text/html", "text/calendar", "image/png", "application/pdf"}
    for word in (b"certificate", b"begin", b"-----BEGIN"):
        assert 0 < sum(word in message for message in messages) < 500


def test_a_full_mailbox(mailbox: Mailbox) -> None:
    fill(mailbox, 1000, seed=1, days=10)
    with login(mailbox) as connection:
        assert count(connection) == 1000
        since = time.strftime("%d-%b-%Y", time.gmtime(time.time() - 5 * DAY))
        found = connection.search(None, "SINCE", since)[1][0].split()
        assert 400 < len(found) < 700
        assert found[-1] == b"1000"
        assert connection.search(None, "UNSEEN")[1] == [b""]


# The false server


def visit(server: HangingUp) -> bytes:
    """Log in to it and read its one message."""
    options = server.options()
    with imaplib.IMAP4(options["host"], options["port"], timeout=2) as connection:
        connection.login(options["username"], options["password"])
        assert count(connection) == 1
        assert connection.uid("SEARCH", "ALL")[1] == [b"1"]
        return fetch(connection, "1", "BODY.PEEK[]")


@pytest.mark.parametrize("fault", [AFTER_GREETING, AFTER_LOGIN, IN_A_LITERAL, SILENT, GARBAGE, Fault("SEARCH")])
def test_a_server_that_misbehaves(fault: Fault) -> None:
    with HangingUp(fault, None) as server:
        with pytest.raises((imaplib.IMAP4.error, OSError)):
            visit(server)
        assert visit(server) == b"1 (UID 1)"
        assert server.connections == 2


def test_what_the_false_server_heard() -> None:
    with HangingUp() as server:
        connection = imaplib.IMAP4(server.options()["host"], server.port)
        assert "STARTTLS" not in connection.capabilities
        connection.logout()
        assert [line.split()[1] for line in server.received] == [b"CAPABILITY", b"LOGOUT"]


def test_a_silent_server_can_be_ended() -> None:
    with HangingUp(SILENT) as server:
        port = server.port
    with pytest.raises(ConnectionRefusedError):
        imaplib.IMAP4("127.0.0.1", port)


def test_a_failed_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    broken = tmp_path / "dovecot"
    broken.write_text("#!/bin/sh\necho no such setting\nexit 89\n", encoding="ascii")
    broken.chmod(0o755)
    with pytest.raises(AssertionError, match="no such setting"):
        Server(broken)
    assert list(tmp_path.iterdir()) == [broken]
