# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP server on loopback that cannot give some of its messages, as Exchange and Dovecot do; it knows IMAP from its RFCs only."""

from __future__ import annotations

import contextlib
import re
import socketserver
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.support.false_imap import FalseImap

FETCH = re.compile(rb"(\S+) UID FETCH (\S+) \((.*)\)\r\n", re.IGNORECASE)
SEARCH = re.compile(rb"\S+ UID SEARCH (?:.*\bUID ([\d,:]+))?.*\r\n", re.IGNORECASE)
PART = b'("text" "plain" NIL NIL NIL "7bit" 100 3)("application" "pkix-cert" ("name" "a.cer") NIL NIL "base64" 100)'


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


class GappedMail(FalseImap):
    """The server, without TLS; it ends with the block.

    Args:
        messages: the content of the messages with the UIDs 1, 2, 3 and so on.
        gaps: by UID, what happens to a message.
        at: the item of FETCH at which it does.
    """

    def __init__(self, messages: Sequence[bytes], gaps: Mapping[int, Gap], at: bytes = b"BODY.PEEK") -> None:
        self.messages = dict(enumerate(messages, 1))
        self.gaps, self.at = dict(gaps), at
        self.validity = 1
        super().__init__(_Conversation)

    def fetches(self, uid: int) -> int:
        """How often the content of a message was asked for, with others or alone."""
        asked = [FETCH.fullmatch(line) for line in self.received]
        return sum(1 for line in asked if line and b"BODY.PEEK" in line[3] and uid in self.range(line[2]))

    def range(self, numbers: bytes) -> list[int]:
        """The UIDs of a sequence set that there are."""
        ends = [part.partition(b":")[::2] for part in numbers.split(b",")]
        pairs = [(int(first), int(second or first)) for first, second in ends]
        return [uid for uid in self.messages if any(min(pair) <= uid <= max(pair) for pair in pairs)]


class _Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    script: GappedMail

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.script.count(self.connection)
            self.wfile.write(b"* OK ready\r\n")
            for line in self.rfile:
                self.script.received.append(line)
                answer = self._answer(line)
                if answer is None:
                    return
                self.wfile.write(answer)

    def _answer(self, line: bytes) -> bytes | None:
        """What is said to a line; None if the connection ends."""
        tag, name = line.split()[:2]
        if fetch := FETCH.fullmatch(line):
            return self._give(tag, self.script.range(fetch[2]), fetch[3])
        if search := SEARCH.fullmatch(line):
            uids = self.script.range(search[1] or b"1:999")
            return b"* SEARCH" + b"".join(b" %d" % uid for uid in uids) + b"\r\n" + tag + b" OK done\r\n"
        said = {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n",
            b"EXAMINE": b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] valid\r\n"
            % (len(self.script.messages), self.script.validity),
            b"LOGOUT": b"* BYE\r\n",
        }.get(name.upper(), b"")
        return said + tag + b" OK done\r\n"

    def _give(self, tag: bytes, uids: list[int], items: bytes) -> bytes | None:
        ending = b"OK done"
        for uid in uids:
            gap = self.script.gaps.get(uid) if self.script.at in items else None
            if gap is None:
                self.wfile.write(self._given(uid, self.script.messages[uid], items))
                continue
            self.wfile.write(gap.say(uid))
            if gap.deletes:
                del self.script.messages[uid]
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
