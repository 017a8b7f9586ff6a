# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a protocol in the clear to TLS: STARTTLS of SMTP and IMAP. Private to softlayer.certificates.

Only what the change to TLS takes is sent: the greeting is read, for SMTP the client introduces itself (RFC 3207), and STARTTLS
is asked for (RFC 3207; for IMAP RFC 3501, 6.2.1). What a server says is limited: it may be anything.
"""

from __future__ import annotations

from .._codes import NotSeen
from .._errors import CertificatesError
from .._text import printable
from .endpoint import as_address
from .wire import Connection, Step

MOST_BYTES = 64 * 1024
"""Bytes of all that a server says before TLS."""
SHOWN = 80
"""Characters of a server's words in a message."""


def begin_tls(connection: Connection, step: Step) -> None:
    """Have the server change to TLS, if the endpoint begins in the clear.

    Raises:
        CertificatesError: `no_tls` if it does not, `handshake_failed` if data follows its last answer, `timeout`.
    """
    protocol = step.endpoint.starttls
    if protocol is None:
        return
    dialogue = _Dialogue(connection, step)
    try:
        (_begin_smtp if protocol == "smtp" else _begin_imap)(dialogue)
    except OSError:
        raise dialogue.refusal("breaks the connection off before TLS began") from None
    if dialogue.has_more:  # it would be taken for data of the encrypted connection, and anyone may have put it there
        raise dialogue.refusal("sends data in the clear behind its answer to STARTTLS", "handshake_failed")


class _Dialogue:
    """What is said before TLS."""

    def __init__(self, connection: Connection, step: Step) -> None:
        self._connection = connection
        self._step = step
        self._buffer = bytearray()
        self._bytes_left = MOST_BYTES

    @property
    def own_address(self) -> str:
        """This machine's address on the connection."""
        return self._connection.own_address

    @property
    def has_more(self) -> bool:
        """Whether data has arrived that nobody has read."""
        return bool(self._buffer)

    def say(self, line: str) -> None:
        """Send a line."""
        self._connection.send(f"{line}\r\n".encode("ascii"), self._step)

    def hear(self) -> str:
        """Return the next line, without its end."""
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            piece = self._connection.receive(self._step)
            if not piece:
                raise self.refusal("closes the connection before TLS began", said=bytes(self._buffer))
            self._bytes_left -= len(piece)
            if self._bytes_left < 0:
                raise self.refusal(f"says more than {MOST_BYTES} bytes before TLS began")
            self._buffer += piece
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.rstrip(b"\r").decode("ascii", "replace")

    def refusal(self, what: str, reason: NotSeen = "no_tls", said: str | bytes = "") -> CertificatesError:
        """Return the error that says what the server does, with its own words."""
        return CertificatesError(reason, f"{self._step.endpoint.shown} {what}{quoted(said)}.")


def quoted(said: str | bytes) -> str:
    """Return a server's words, to be put behind a sentence's end; nothing if there are none."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = text.strip().partition("\n")[0].strip()
    return f", and says: {printable(text[:SHOWN])}" if text else ""


def _begin_smtp(dialogue: _Dialogue) -> None:
    _expect(dialogue, "220", "does not greet as an SMTP server")
    dialogue.say(f"EHLO {_literal(dialogue.own_address)}")
    offered = _expect(dialogue, "250", "does not take EHLO")
    if not any(line.upper().split() == ["STARTTLS"] for line in offered):
        raise dialogue.refusal("does not offer STARTTLS")
    dialogue.say("STARTTLS")
    _expect(dialogue, "220", "refuses STARTTLS")


def _expect(dialogue: _Dialogue, code: str, otherwise: str) -> list[str]:
    """Return the texts of a reply of one or more lines (RFC 5321, 4.2.1); refuse one with another code."""
    texts = []
    while True:
        line = dialogue.hear()
        if not line.startswith(code) or line[3:4] not in ("", " ", "-"):
            raise dialogue.refusal(otherwise, said=line)
        texts.append(line[4:])
        if line[3:4] != "-":
            return texts


def _literal(address: str) -> str:
    """Return this machine's address as SMTP writes one (RFC 5321, 4.1.3)."""
    plain = address.partition("%")[0]
    found = as_address(plain)
    return f"[IPv6:{plain}]" if found and found.version == 6 else f"[{plain}]"


TAG = "a1"


def _begin_imap(dialogue: _Dialogue) -> None:
    greeting = dialogue.hear()
    if greeting.upper().split()[:2] != ["*", "OK"]:  # after PREAUTH, STARTTLS is not possible (RFC 3501, 6.2.1)
        raise dialogue.refusal("does not greet as an IMAP server that can change to TLS", said=greeting)
    dialogue.say(f"{TAG} STARTTLS")
    while (line := dialogue.hear()).startswith("*"):
        if line.upper().split()[1:2] == ["BYE"]:
            raise dialogue.refusal("refuses STARTTLS", said=line)
    if line.upper().split()[:2] != [TAG.upper(), "OK"]:
        raise dialogue.refusal("refuses STARTTLS", said=line)
