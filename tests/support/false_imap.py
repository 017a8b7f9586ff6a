# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP server on loopback that does what a real one cannot be made to do; it knows IMAP from its RFCs only.

It hangs up, says something else, or cannot give some of its messages, as Exchange and Dovecot do.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.tls_servers import HOST, Server, Visit

FETCH = re.compile(rb"(\S+) UID FETCH (\S+) \((.*)\)\r\n", re.IGNORECASE)
SEARCH = re.compile(rb"\S+ UID SEARCH (?:.*\bUID ([\d,:]+))?.*\r\n", re.IGNORECASE)
PART = b'("text" "plain" NIL NIL NIL "7bit" 100 3)("application" "pkix-cert" ("name" "a.cer") NIL NIL "base64" 100)'
GREETING = b"* OK ready\r\n"


@dataclass(frozen=True)
class Fault:
    """What happens instead of the answer to a command, or of the greeting: something is said, and no more."""

    at: str
    say: bytes = b""
    """`TAG` stands for the command's tag."""
    hang_up: bool = True
    """Or else the connection stays open, and nothing is ever answered."""


AFTER_GREETING = Fault("GREETING", GREETING)
AFTER_LOGIN = Fault("LOGIN", b"TAG OK\r\n")
IN_A_LITERAL = Fault("FETCH", b"* 1 FETCH (UID 1 BODY[] {5000}\r\nSubject: half a message\r\n\r\nIt ends in the mid")
SILENT = Fault("GREETING", hang_up=False)
GARBAGE = Fault("GREETING", b"SSH-2.0-OpenSSH_9.6\r\n")


@dataclass(frozen=True)
class Gap:
    """What happens in place of a message: something is said, and the others follow, or not."""

    say: Callable[[int], bytes] = lambda _uid: b""
    """Returns what is said, of the message's UID."""
    stops: bool = False
    """Whether the others that were asked for do not follow."""
    status: bytes = b"OK done"
    """How the answer ends; empty if the connection does instead."""
    deletes: bool = False
    """Whether it turns out that another client has deleted the message."""


GAPS: dict[str, Gap] = {
    "refused": Gap(status=b"NO [SERVERBUG] not that one"),
    "bad_command": Gap(stops=True, status=b"BAD Command Error. 12"),
    "left_out": Gap(),
    "bye": Gap(lambda _uid: b"* BYE something is wrong here\r\n", stops=True, status=b""),
}
"""Dovecot does the first or, unless it is set up otherwise, the last; Exchange does those between."""


class GappedMail(Server):
    """The server, without TLS; it ends with the block, and so do its connections.

    Args:
        messages: the content of the messages with the UIDs 1, 2, 3 and so on.
        gaps: by UID, what happens to a message.
        at: the item of FETCH at which it does.
        faults: the first connection meets the first fault and so on, and all after the last one meet the last; None is no fault.
    """

    def __init__(
        self,
        messages: Sequence[bytes],
        gaps: Mapping[int, Gap],
        at: bytes = b"BODY.PEEK",
        faults: Sequence[Fault | None] = (),
    ) -> None:
        super().__init__(self._converse)
        self.messages = dict(enumerate(messages, 1))
        self.gaps, self.at = dict(gaps), at
        self.validity = 1
        self._faults = faults
        self._open: list[socket.socket] = []
        self._idle_tag = b""

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def connections(self) -> int:
        """How many there were."""
        return self.visits

    def options(self, security: str = "none", **changes: Any) -> dict[str, Any]:
        """A module's options to log in to it."""
        login = {"username": "user", "password": "s3cr3t-w0rd", "security": security}
        return {"host": HOST, "port": self.port, **login, **changes}

    def fetches(self, uid: int) -> int:
        """How often the content of a message was asked for, with others or alone."""
        asked = [FETCH.fullmatch(line) for line in self.received]
        return sum(1 for line in asked if line and b"BODY.PEEK" in line[3] and uid in self.range(line[2]))

    def range(self, numbers: bytes) -> list[int]:
        """The UIDs of a sequence set that there are."""
        ends = [part.partition(b":")[::2] for part in numbers.split(b",")]
        pairs = [(int(first), int(second or first)) for first, second in ends]
        return [uid for uid in self.messages if any(min(pair) <= uid <= max(pair) for pair in pairs)]

    def _converse(self, visit: Visit) -> None:
        self._open.append(visit.connection)
        fault = self._faults[min(len(self._open), len(self._faults)) - 1] if self._faults else None
        with visit.connection.makefile("rb") as lines:
            if self._meets(visit, fault, "GREETING", b"", lines):
                return
            visit.say(GREETING)
            for line in lines:
                self.received.append(line)
                tag, *words = line.split()
                name = next((word.upper() for word in words if word.upper() != b"UID"), b"")
                if self._meets(visit, fault, name.decode("ascii", "replace"), tag, lines):
                    return
                answer = self._answer(visit, tag, name, line)
                if answer is None:
                    return
                visit.say(answer)

    def _meets(self, visit: Visit, fault: Fault | None, name: str, tag: bytes, lines: Iterable[bytes]) -> bool:
        if fault is None or fault.at != name:
            return False
        visit.say(fault.say.replace(b"TAG", tag))
        if not fault.hang_up:
            self.received.extend(lines)
        return True

    def _answer(self, visit: Visit, tag: bytes, name: bytes, line: bytes) -> bytes | None:
        """What is said to a line; None if the connection ends. A message comes just when the client begins to wait."""
        if name == b"IDLE":
            self._idle_tag = tag
            return b"+ idling\r\n* %d EXISTS\r\n" % (len(self.messages) + 1)
        if tag == b"DONE":
            return self._idle_tag + b" OK done\r\n"
        if fetch := FETCH.fullmatch(line):
            return self._give(visit, tag, self.range(fetch[2]), fetch[3])
        if search := SEARCH.fullmatch(line):
            uids = self.range(search[1] or b"1:999")
            return b"* SEARCH" + b"".join(b" %d" % uid for uid in uids) + b"\r\n" + tag + b" OK done\r\n"
        said = {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n",
            b"EXAMINE": b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] valid\r\n" % (len(self.messages), self.validity),
            b"LOGOUT": b"* BYE\r\n",
        }.get(name, b"")
        return said + tag + b" OK done\r\n"

    def _give(self, visit: Visit, tag: bytes, uids: list[int], items: bytes) -> bytes | None:
        ending = b"OK done"
        for uid in uids:
            gap = self.gaps.get(uid) if self.at in items else None
            if gap is None:
                visit.say(self._given(uid, self.messages[uid], items))
                continue
            visit.say(gap.say(uid))
            if gap.deletes:
                del self.messages[uid]
            if not gap.status:
                return None
            ending = gap.status if gap.status != b"OK done" else ending
            if gap.stops:
                break
        return tag + b" " + ending + b"\r\n"

    def _given(self, uid: int, data: bytes, items: bytes) -> bytes:
        if b"BODY.PEEK" in items:
            return b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (uid, uid, len(data), data)
        said = b"RFC822.SIZE %d" % len(data) if b"RFC822.SIZE" in items else b'BODYSTRUCTURE (%b "mixed")' % PART
        return b"* %d FETCH (UID %d %b)\r\n" % (uid, uid, said)


class HangingUp(GappedMail):
    """The server with faults, and with one message that it never shows."""

    def __init__(self, *faults: Fault | None) -> None:
        super().__init__([b"Subject: never shown\r\n\r\n"], {1: GAPS["left_out"]}, faults=faults)
