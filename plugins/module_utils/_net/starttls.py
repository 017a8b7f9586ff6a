# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a protocol in the clear to TLS: STARTTLS of SMTP and IMAP. Private to softlayer.certificates.

Only what the change to TLS takes is sent: the greeting is read, for SMTP the client introduces itself (RFC 3207), and STARTTLS
is asked for (RFC 3207; for IMAP RFC 3501, 6.2.1). What a server says is limited: it may be anything.
"""

from __future__ import annotations

import socket

from .._codes import NotSeen
from .._errors import CertificatesError
from .._text import printable
from .connection import Deadline, LineReader, send
from .endpoint import Endpoint, as_address

MOST_BYTES = 64 * 1024
"""Bytes of all that a server says before TLS."""
SHOWN = 80
"""Characters of a server's words in a message."""


def begin_tls(connected: socket.socket, endpoint: Endpoint, deadline: Deadline) -> None:
    """Have the server change to TLS, if the endpoint begins in the clear.

    Raises:
        CertificatesError: `no_tls` if it does not, `handshake_failed` if data follows its last answer, `timeout`.
    """
    if endpoint.starttls is None:
        return
    dialogue = _Dialogue(connected, endpoint, deadline)
    try:
        (_begin_smtp if endpoint.starttls == "smtp" else _begin_imap)(dialogue)
    except OSError:
        raise dialogue.refusal("breaks the connection off before TLS began") from None
    if dialogue.unread:  # it would be taken for data of the encrypted connection, and anyone may have put it there
        raise dialogue.refusal("sends data in the clear behind its answer to STARTTLS", "handshake_failed")


class _Dialogue:
    """What is said before TLS.

    Attributes:
        unread: what has arrived and nobody has read.
        own_address: this machine's address on the connection.
    """

    def __init__(self, connected: socket.socket, endpoint: Endpoint, deadline: Deadline) -> None:
        self.unread = bytearray()
        self.own_address = str(connected.getsockname()[0])
        self._connected = connected
        self._endpoint = endpoint
        self._deadline = deadline
        self._reader = LineReader(connected, deadline, self._too_large, most_bytes=MOST_BYTES, buffer=self.unread)

    def say(self, line: str) -> None:
        """Send a line."""
        send(self._connected, f"{line}\r\n".encode("ascii"), self._deadline)

    def hear(self) -> str:
        """Return the next line, without its end."""
        line = self._reader.read_line()
        if not line.endswith(b"\n"):
            raise self.refusal("closes the connection before TLS began", said=line)
        return line.rstrip(b"\r\n").decode("ascii", "replace")

    def refusal(self, what: str, reason: NotSeen = "no_tls", said: str | bytes = "") -> CertificatesError:
        """Return the error that says what the server does, with its own words."""
        return CertificatesError(reason, f"{self._endpoint.shown} {what}{quoted(said)}.")

    def _too_large(self) -> CertificatesError:
        return self.refusal(f"says more than {MOST_BYTES} bytes before TLS began")


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
