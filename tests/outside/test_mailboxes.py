# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail servers and mailboxes that are out to take all memory or all time: each ends in one message, and little of both.

The server knows IMAP from its RFCs only. Every module runs with little memory, in which it dies if it reads too much. What bounds
lines, literals and time: the pure tests of `_net/connection`.

Promise: A forged email does no harm.
"""

from __future__ import annotations

import hashlib
import resource
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.outside.servers import Authority, Server, finish
from tests.support.certificates import self_signed
from tests.support.gapped_mail import GAPS, GAPS_IN_CONTENT, GappedMail
from tests.support.modules import Run, finish_module, start_module

MODULE = "ssl_fulfillment_email_info"
SECONDS = 50
"""Much more than a bounded run takes, and less than the servers go on."""
MEMORY = 480 * 1024 * 1024
"""Bytes of address space that a run may take."""
SMALLEST = 64 * 1024
"""The smallest limit to the size of messages that is taken."""
ORDER = {"id": 1, "common_name": "www.example.com", "public_key_sha256": "ab" * 32}


def limit_memory() -> None:
    """Die of what takes too much. Called in a module's process."""
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))


def collect(**options: Any) -> Run:
    """Look through a mailbox with little memory; one that hangs, or dies, fails."""
    given = {"orders": [ORDER], "max_message_bytes": SMALLEST, **options}
    return finish_module(start_module(MODULE, first=limit_memory, **given), SECONDS)


def unmatched(result: Run) -> list[tuple[str | None, str]]:
    """Subject and reason of each message that was not taken."""
    assert not result.failed, result["msg"]
    return [(each["subject"], each["reason"]) for each in result["unmatched"]]


# A mail server


Attack = Callable[["MailServer", socket.socket, bytes], None]
"""What is done in place of the answer to a command, whose tag it is given."""
ANSWERS = {
    b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
    b"EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 1] valid\r\n",
    b"SEARCH": b"* SEARCH 1 2\r\n",
    b"RFC822.SIZE": b"* 1 FETCH (UID 1 RFC822.SIZE 50)\r\n* 2 FETCH (UID 2 RFC822.SIZE 60)\r\n",
    b"BODY.PEEK": b"* 1 FETCH (UID 1 BODY[] {15}\r\nSubject: 1\r\n\r\nx)\r\n* 2 FETCH (UID 2 BODY[] {15}\r\nSubject: 2\r\n\r\nx)\r\n",
    b"LOGOUT": b"* BYE\r\n",
}


class MailServer(Server):
    """An IMAP server with two messages that attacks at a word of a command, or in place of its greeting."""

    def __init__(self, at: bytes, attack: Attack, answers: Mapping[bytes, bytes] | None = None) -> None:
        own = dict(answers or {})  # looked at first
        self.at, self.attack = at, attack
        self.answers = own | {word: said for word, said in ANSWERS.items() if word not in own}
        super().__init__()

    def options(self, **changes: Any) -> dict[str, Any]:
        """A module's options to log in to it."""
        login = {"username": "user", "password": "s3cr3t-w0rd", "security": "none", "timeout": 2}
        return {"host": "127.0.0.1", "port": self.port, **login, **changes}

    def serve(self, peer: socket.socket) -> None:
        """Answer commands until the connection ends."""
        if self.at == b"GREETING":
            self.attack(self, peer, b"*")
        peer.sendall(b"* OK ready\r\n")
        for line in peer.makefile("rb"):
            tag = line.split()[0]
            if self.at in line.upper():
                self.attack(self, peer, tag)
            else:
                said = next((said for word, said in self.answers.items() if word in line.upper()), b"")
                peer.sendall(said + tag + b" OK done\r\n")


def saying(*pieces: bytes) -> Attack:
    """An answer of these pieces; `TAG` stands for the command's tag."""

    def play(_server: MailServer, peer: socket.socket, tag: bytes) -> None:
        for piece in pieces:
            peer.sendall(piece.replace(b"TAG", tag))

    return play


def without_end(beginning: bytes, piece: Callable[[int], bytes]) -> Attack:
    """An answer that goes on and on, as fast as it is read."""

    def play(server: MailServer, peer: socket.socket, _tag: bytes) -> None:
        peer.sendall(beginning)
        number = 0
        while not server.closing.is_set():
            peer.sendall(piece(number))
            number += 1

    return play


def dripping(beginning: bytes, piece: bytes) -> Attack:
    """An answer that goes on and on, always before the next piece is waited for too long."""
    return lambda server, peer, _tag: server.drip(peer, [beginning, piece])


A_LINE = without_end(b"* ", lambda _number: b"x" * 65_536)
LINES = without_end(b"", lambda _number: b"* 1 EXISTS\r\n" * 5_000)
KINDS = without_end(
    b"",
    lambda number: b"".join(
        b"* %s 1\r\n" % bytes(65 + int(digit) for digit in str(number * 5_000 + each)) for each in range(5_000)
    ),
)
LITERALS = without_end(b"* 1 FETCH (UID 1 X ", lambda _number: b"{4096}\r\n" + b"x" * 4_096)
FLOODS: dict[str, tuple[bytes, Attack]] = {
    "greeting_line": (b"GREETING", A_LINE),
    "login_lines": (b"LOGIN", LINES),
    "examine_kinds": (b"EXAMINE", KINDS),
    "search_millions": (
        b"SEARCH",
        saying(
            b"* SEARCH",
            *(b"".join(b" %d" % (start + n) for n in range(10_000)) for start in range(1, 3_000_000, 10_000)),
            b"\r\nTAG OK done\r\n",
        ),
    ),
    "literals": (b"RFC822.SIZE", LITERALS),
    "literal_of_many_digits": (b"BODY.PEEK", saying(b"* 1 FETCH (UID 1 BODY[] {" + b"9" * 5_000 + b"}\r\n")),
    "many_literals": (
        b"BODY.PEEK",
        without_end(b"", lambda _number: b"* 1 FETCH (UID 1 BODY[] {60000}\r\n" + b"x" * 60_000 + b")\r\n"),
    ),
}


FOR_MESSAGES = (b"RFC822.SIZE", b"BODY.PEEK")
"""Where it might be one of both messages that does it, each is asked for by itself once."""


@pytest.mark.parametrize("flood", FLOODS)
def test_an_answer_without_end_is_broken_off(flood: str) -> None:
    with MailServer(*FLOODS[flood]) as server:
        result = collect(imap=server.options(timeout=30))
        assert result.failed and result.code == "mailbox_error", result
        where = f"127.0.0.1:{server.port}"
        assert where in result["msg"] or "more than 500000 messages" in result["msg"]
        assert len(result["msg"]) < 400 and result["msg"].endswith(".")
        assert server.connections <= (4 if FLOODS[flood][0] in FOR_MESSAGES else 1)


DRIPS: dict[str, tuple[bytes, Attack]] = {
    "greeting": (b"GREETING", dripping(b"* OK", b" ")),
    "login": (b"LOGIN", dripping(b"", b"* OK still here\r\n")),
}


@pytest.mark.parametrize("drip", DRIPS)
def test_the_time_is_that_of_a_command_as_a_whole(drip: str) -> None:
    with MailServer(*DRIPS[drip]) as server:
        result = collect(imap=server.options(timeout=1))
        assert result.failed and result.code == "unreachable", result
        assert f"127.0.0.1:{server.port}" in result["msg"] and "timeout of imap" in result["msg"]


def test_a_login_with_other_letters_is_not_asked_on_without_end() -> None:
    with MailServer(b"AUTHENTICATE", without_end(b"", lambda _number: b"+ \r\n" * 100)) as server:
        result = collect(imap=server.options(timeout=1, username="jürgen"))
        assert result.failed and result.code in {"unreachable", "mailbox_error"}, result


def test_a_look_that_drips_is_begun_anew_and_then_given_up() -> None:
    with MailServer(b"BODY.PEEK", dripping(b"", b"* OK still here\r\n")) as server:
        result = collect(imap=server.options(timeout=1))
        assert result.failed and result.code == "unreachable", result
        assert 1 < server.connections < 10


def test_a_server_that_forgets_what_its_numbers_mean_is_given_up() -> None:
    """Each connection brings a message, which looks like progress, and breaks; its folder is always another one."""

    class Forgetting(MailServer):
        def serve(self, peer: socket.socket) -> None:
            self.answers[b"EXAMINE"] = b"* 1 EXISTS\r\n* OK [UIDVALIDITY %d] valid\r\n" % self.connections
            super().serve(peer)

    def answer_one(_server: MailServer, peer: socket.socket, tag: bytes) -> None:
        peer.sendall(b"* 1 FETCH (UID 1 BODY[] {15}\r\nSubject: 1\r\n\r\nx)\r\n" + tag + b" OK done\r\n")
        finish(peer)

    large = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 3000000)\r\n" % (uid, uid) for uid in (1, 2, 3))
    answers = {b"SEARCH": b"* SEARCH 1 2 3\r\n", b"RFC822.SIZE": large}
    with Forgetting(b"BODY.PEEK", answer_one, answers) as server:
        result = collect(imap=server.options(), max_message_bytes=10_000_000)
        assert result.failed and result.code == "unreachable", result
        assert server.connections < 200


def test_a_message_that_is_larger_than_the_server_says_is_too_large() -> None:
    large = b"Subject: 1\r\n\r\n" + b"x" * 1_000_000
    said = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n" % (len(large), large)
    said += b"* 2 FETCH (UID 2 BODY[] {15}\r\nSubject: 2\r\n\r\nx)\r\nTAG OK done\r\n"
    with MailServer(b"BODY.PEEK", saying(said)) as server:
        assert unmatched(collect(imap=server.options())) == [("1", "too_large"), ("2", "no_certificate")]


def test_what_nobody_asked_for_does_not_pile_up() -> None:
    """Each answer is within bounds, and all of them together are not."""

    numbers = range(1, 25_001)
    structures = b"".join(b'* %d FETCH (UID %d BODYSTRUCTURE ("text" "plain"))\r\n' % (uid, uid) for uid in numbers)

    def junk(_server: MailServer, peer: socket.socket, tag: bytes) -> None:
        for _line in range(12):
            peer.sendall(b"* JUNK " + b"x" * 1_000_000 + b"\r\n")
        peer.sendall(structures + tag + b" OK done\r\n")

    listed = b"* SEARCH" + b"".join(b" %d" % uid for uid in numbers) + b"\r\n"
    answers = {b"SUBJECT": ANSWERS[b"SEARCH"], b"MII": ANSWERS[b"SEARCH"], b"SEARCH": listed}
    with MailServer(b"BODYSTRUCTURE", junk, answers) as server:
        assert len(unmatched(collect(imap=server.options(timeout=30)))) == 2


def test_waiting_for_a_server_that_talks_without_end_ends() -> None:
    def talk(server: MailServer, peer: socket.socket, _tag: bytes) -> None:
        peer.sendall(b"+ idling\r\n")
        LINES(server, peer, b"")

    capability = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n"}
    with MailServer(b"IDLE", talk, capability) as server:
        result = collect(imap=server.options(), wait=True, wait_timeout=3, wait_interval=1)
        assert unmatched(result) == [("1", "no_certificate"), ("2", "no_certificate")]


NONSENSE: dict[str, tuple[bytes, bytes]] = {
    "search_literal": (b"SEARCH", b"* SEARCH {3}\r\n1 2\r\nTAG OK done\r\n"),
    "search_digits": (b"SEARCH", b"* SEARCH " + b"9" * 5_000 + b"\r\nTAG OK done\r\n"),
    "fetch": (
        b"RFC822.SIZE",
        b"* 1 FETCH (UID %b RFC822.SIZE 9)\r\n* 1 FETCH (UID 1 RFC822.SIZE %b)\r\n" % (b"9" * 5_000, b"9" * 5_000)
        + b'* 1 FETCH (UID 1 INTERNALDATE "01-Foo-2026 00:00:00 +0000")\r\n'
        + b'* 1 FETCH (UID 1 INTERNALDATE "99-Jan-0000 99:99:99 -9999")\r\nTAG OK done\r\n',
    ),
    "folders": (b"EXAMINE", b"TAG NO there is none\r\n"),
    "long_words": (b"SEARCH", b"* %b\r\n" % (b"b'" * 200_000)),
}
FOLDERS = (
    b'* LIST () "/" &AAA-\r\n* LIST () "/" &2D0-\r\n* LIST () "/" &////-x\r\n* LIST () "/" {3}\r\nab\x1b\r\n* LIST () "/" Right\r\n'
    b"* LIST " + b"(" * 500_000 + b"\r\n"
)


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_no_traceback(nonsense: str) -> None:
    at, said = NONSENSE[nonsense]
    with MailServer(at, saying(said), {b"LIST": FOLDERS}) as server:
        result = collect(imap=server.options())
        assert not result.failed or result.code in {"mailbox_error", "not_found", "unreachable"}
        said = result.result.get("msg", "")
        assert len(said) < 600 and "\x1b" not in said


def test_capabilities_that_are_told_once_only() -> None:
    def once(server: MailServer, peer: socket.socket, tag: bytes) -> None:
        peer.sendall(server.answers.pop(b"CAPABILITY", b"") + tag + b" OK done\r\n")

    with MailServer(b"CAPABILITY", once) as server:
        assert len(unmatched(collect(imap=server.options()))) == 2


# Messages that the server does not give


UIDS = range(1, 6)
ISSUED = {uid: self_signed(f"www{uid}.example.com") for uid in UIDS}


def order_of(uid: int) -> dict[str, Any]:
    """The order whose certificate is in a message."""
    public = ISSUED[uid].key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"id": uid, "common_name": f"www{uid}.example.com", "public_key_sha256": hashlib.sha256(public).hexdigest()}


@pytest.mark.parametrize("name", [*GAPS, *GAPS_IN_CONTENT])
def test_one_message_that_the_server_cannot_give_hides_no_other(name: str) -> None:
    letters = [b"Subject: %d\r\n\r\n" % uid + ISSUED[uid].pem.encode() for uid in UIDS]
    with GappedMail(letters, {3: {**GAPS, **GAPS_IN_CONTENT}[name]}) as mail:
        result = collect(imap=mail.options(timeout=2), orders=[order_of(uid) for uid in UIDS], trust="warn")
        assert not result.failed, result["msg"]
        assert [each["order_id"] for each in result["certificates"]] == [1, 2, 4, 5]
        assert [each["order_id"] for each in result["missing"]] == [3]
        [entry] = result["unmatched"]
        assert (entry["reason"], entry["folder"], entry["uid"], entry["path"]) == ("unreadable", "INBOX", 3, None)
        assert "save the certificate by hand" in entry["message"] and entry["message"].endswith(".")
        assert (result["unmatched_count"], result["messages_examined"]) == (1, 5)
        assert f"Passed over: {entry['message']}" in result["warnings"]
        assert mail.connections <= 3


# TLS


class Disguised(MailServer):
    """A server that speaks TLS once it was asked to, and something else before that."""

    def __init__(self, authority: Authority, before: bytes, answers: Mapping[bytes, bytes] | None = None) -> None:
        self.authority, self.before = authority, before
        super().__init__(
            b"STARTTLS", self.start_tls, {b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n", **(answers or {})}
        )

    @staticmethod
    def start_tls(server: MailServer, peer: socket.socket, tag: bytes) -> None:
        """Say what was to be said in one piece with the consent, and go on within TLS."""
        assert isinstance(server, Disguised)
        peer.sendall(tag + b" OK begin\r\n" + server.before)
        with suppress(OSError), server.authority.context.wrap_socket(peer, server_side=True) as secured:
            for line in secured.makefile("rb"):
                said = next((said for word, said in server.answers.items() if word in line.upper()), b"")
                secured.sendall(said + line.split()[0] + b" OK done\r\n")


@pytest.mark.parametrize("before", [b"", b"* BYE from someone between\r\n"], ids=["nothing", "words"])
def test_what_was_said_before_tls_is_not_taken_for_the_servers(tmp_path: Path, before: bytes) -> None:
    authority = Authority(tmp_path)
    with Disguised(authority, before) as server:
        options = server.options(security="starttls", ca_path=str(authority.ca_path), timeout=10)
        assert len(unmatched(collect(imap=options))) == 2


def test_a_handshake_that_drips_ends() -> None:
    def handshake(server: MailServer, peer: socket.socket, tag: bytes) -> None:
        peer.sendall(tag + b" OK begin\r\n")
        server.drip(peer, [b"\x16\x03\x03\x3f\xff\x02", b"\x00"])

    with MailServer(b"STARTTLS", handshake, {b"CAPABILITY": b"* CAPABILITY IMAP4rev1 STARTTLS\r\n"}) as server:
        result = collect(imap=server.options(security="starttls", timeout=1))
        assert result.failed and result.code in {"unreachable", "tls_error"}, result


# Files


@pytest.mark.parametrize("kind", ["maildir", "paths"])
def test_a_large_file_is_passed_over(tmp_path: Path, kind: str) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    with (tmp_path / "new/1.eml").open("wb") as file:
        file.write(b"Subject: large\n\n")
        file.truncate(1024**3)
    (tmp_path / "new/2.eml").write_bytes(b"Subject: after\n\nx\n")
    options = {"maildir": str(tmp_path)} if kind == "maildir" else {"paths": [str(tmp_path / "new")]}
    assert unmatched(collect(**options)) == [("large", "too_large"), ("after", "no_certificate")]


def test_a_file_that_is_larger_than_it_says_is_too_large(tmp_path: Path) -> None:
    """As one that grows while it is read; the system says that these have no bytes."""
    told = unmatched(collect(paths=["/proc/self/smaps"], max_message_bytes=SMALLEST))
    assert [reason for _subject, reason in told] == ["too_large"]
