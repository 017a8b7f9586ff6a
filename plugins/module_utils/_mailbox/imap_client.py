# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP client whose every command ends: in time, and with an answer of limited size. Private to softlayer.certificates.

`imaplib` speaks the protocol. Here is what it leaves to others: how much is read and for how long, and how answers are read.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import time
import typing as t
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone

from .._codes import Code
from .._errors import CertificatesError
from .._net.connection import PIECE, Deadline, connect, receive, resolve, send
from .._text import printable

with suppress(ImportError):
    from imap_tools.imap_utf7 import utf7_decode

ANSWER_BYTES = 16 * 1024 * 1024
"""Bytes of the answer to one command, plus those of the largest message that is wanted."""
ANSWER_LINES = 100_000
"""Lines of one answer: each becomes objects that take much more memory than the bytes of a short line."""
LINE_BYTES = 6 * 1024 * 1024
"""Bytes of one line, to within `PIECE`; half a million UIDs fit into it."""
SHOWN_FOLDERS = 10
LONGEST_FOLDER_NAME = 200
NUMBER = re.compile(rb"[0-9]{1,10}")
"""A UID (RFC 9051, 9: nz-number)."""
UID = re.compile(rb"\bUID ([0-9]{1,10})\b")
SIZE = re.compile(rb"\bRFC822\.SIZE ([0-9]{1,19})\b")
LISTED = re.compile(rb'\([^()]*\) (?:"[^"]*"|NIL) (?:"(.*)"|(.+))')
"""An answer to LIST; if a literal follows, the literal's size stands in place of the name."""
QUOTED_BODY = re.compile(rb'\bBODY\[[^\]]*\](?:<[0-9]+>)? "((?:[^"\\]|\\.)*)"')
"""The content of a message without a line end, for which a server needs no literal."""
CERTIFICATE_PART = re.compile(
    rb'"(?:application|message)" "(?!(?:pdf|ics|msword|pgp-signature|(?:x-)?pkcs7-signature|delivery-status)"|vnd\.(?!ms-outlook"))|'
    rb'"(?:file)?name\*?[0-9*]*" "[^"]*\.(?:crt|cer|cert|pem|der|p7b|p7c|ca-bundle|zip|txt|eml|msg)(?![a-z0-9-])',
    re.IGNORECASE,
)
"""A part that may be, or hold, a certificate, in a `BODYSTRUCTURE`: by its media type, or by its file name."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BYTES_IN_WORDS = re.compile(r"\[?b([\"'])(.*?)\1\]?")
"""How `imaplib` quotes the server's words in its exceptions."""


class ImapClient(imaplib.IMAP4):
    """An IMAP client that gives up on a server whose answer does not end.

    In addition to the exceptions of `imaplib` it raises `CertificatesError`: `unreachable` if a command's answer or the greeting
    was not complete in time, and `mailbox_error` if the answer is too large. It does not log out then.

    Args:
        seconds: time limit for a whole command, for the connection with its TLS, and for the greeting.
        largest: bytes of the largest message that is wanted.
        tls: how to speak TLS from the start; `None` for not to.
    """

    def __init__(self, host: str, port: int, seconds: float, largest: int, tls: ssl.SSLContext | None = None) -> None:
        self._seconds = seconds
        self._largest = largest
        self._tls = tls
        self._buffer = bytearray()  # what has arrived and is not read yet
        self._buffered_of: socket.socket | None = None
        super().__init__(host, port)

    def _create_socket(self, _timeout: float | None) -> socket.socket:
        deadline = Deadline(self._seconds)
        connected, _address = connect(resolve(self.host, self.port, deadline), deadline)
        return connected if self._tls is None else self._tls.wrap_socket(connected, server_hostname=self.host)

    def open(self, *args: t.Any, **keywords: t.Any) -> None:
        """Connect, and start the time limit for the greeting."""
        super().open(*args, **keywords)
        self.begin()

    def begin(self) -> None:
        """Start the limits of time and size for the next command, and drop earlier answers that nobody asked for."""
        for kind in self.untagged_responses.keys() - {"BYE"}:
            del self.untagged_responses[kind]
        if self._buffered_of is not self.sock:  # anyone may have sent what came before TLS
            self._buffered_of = self.sock
            self._buffer.clear()
        self._deadline = Deadline(self._seconds, self._overdue)
        self._bytes_left, self._lines_left = ANSWER_BYTES + self._largest, ANSWER_LINES

    def has_more(self) -> bool:
        """Return whether data has arrived that a look at the socket alone does not show."""
        is_decrypted = getattr(self.sock, "pending", None)
        return bool(self._buffer or (is_decrypted and is_decrypted()))

    def read(self, size: int) -> bytes:
        """Read this number of bytes, or up to the end of the stream."""
        if size > self._bytes_left + len(self._buffer):
            raise self._too_large()
        while len(self._buffer) < size and self._receive():
            pass
        return self._take(size)

    def readline(self) -> bytes:
        """Read a line with its end, or up to the end of the stream."""
        self._lines_left -= 1
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if looked > LINE_BYTES + PIECE:
                raise self._too_large()
            if not self._receive():
                end = looked
                break
        if self._lines_left < 0:
            raise self._too_large()
        return self._take(end + 1)

    def _receive(self) -> int:
        """Read the next data and return its number of bytes; 0 at the end of the stream."""
        piece = receive(self.sock, self._deadline)
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise self._too_large()
        self._buffer += piece
        return len(piece)

    def _take(self, size: int) -> bytes:
        with memoryview(self._buffer) as whole, whole[:size] as part:
            taken = bytes(part)
        del self._buffer[:size]
        return taken

    def send(self, data: t.Any) -> None:
        """Send all of the data."""
        send(self.sock, data, self._deadline)

    def _command(self, name: str, *args: t.Any) -> t.Any:
        self.begin()
        return super()._command(name, *args)  # type: ignore[misc]

    def _get_response(self, *args: t.Any) -> t.Any:
        try:
            return super()._get_response(*args)  # type: ignore[misc]
        except ValueError:  # a literal's size has more digits than Python converts
            raise self._too_large() from None

    def _overdue(self) -> CertificatesError:
        return self._given_up(
            "unreachable",
            f"did not answer to the end within {self._seconds:g} seconds: "
            "try again later, check host and port, or raise timeout of imap.",
        )

    def _too_large(self) -> CertificatesError:
        return self._given_up(
            "mailbox_error",
            f"answers with more than belongs in an answer ({self._largest + ANSWER_BYTES} bytes, {ANSWER_LINES} lines): "
            "check host and port, or choose another folder or a lower max_age_days.",
        )

    def _given_up(self, code: Code, what: str) -> CertificatesError:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        return CertificatesError(code, f"The mail server {self.host}:{self.port} {what}", host=self.host)


def internal_date(line: bytes) -> datetime | None:
    """Return when the server received a message (`INTERNALDATE`), from a line of its answer."""
    try:
        local = imaplib.Internaldate2tuple(line)
        return datetime.fromtimestamp(time.mktime(local), timezone.utc) if local else None
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def imap_date(moment: datetime) -> str:
    """Return a day in the form that SEARCH needs, whatever the locale: `31-Jan-2026`."""
    return f"{moment.day:02}-{MONTHS[moment.month - 1]}-{moment.year}"


def in_words(error: BaseException) -> str:
    """Describe what went wrong with a connection, as a sentence."""
    words = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
    if words.startswith("unexpected") or " => unexpected" in words:
        words = "what it says is no answer"  # and may be the content of a message
    plain = BYTES_IN_WORDS.sub(r"\2", words[:1000]).strip().rstrip(".")
    return f"{printable(plain[:200])}."


def server_words(data: Sequence[object]) -> str:
    return printable(b" ".join(part for part in data if isinstance(part, bytes)).decode("ascii", "replace"))


def sequence_set(uids: Sequence[int]) -> str:
    """Return ascending UIDs as a sequence set (RFC 9051, 9): `1:3,7`."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)


def fetched_parts(data: Sequence[t.Any]) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the answers to a FETCH from the pieces that `imaplib` returns: the line with its literals, and the last literal.

    A literal that is longer than the server says is none: where it ends is not known.
    """
    line: list[bytes] = []
    literal = None
    for part in data:
        if isinstance(part, tuple):
            line += part[:1] if b"BODY[" in part[0] else part
            literal = part[1]
        elif isinstance(part, bytes):
            whole = b"".join([*line, part])
            quoted = QUOTED_BODY.search(whole) if literal is None else None
            is_cut = literal is not None and not part.startswith((b")", b" "))
            yield whole, quoted[1] if quoted else None if is_cut else literal
            line, literal = [], None


def folder_names(data: Sequence[t.Any]) -> list[str]:
    """Return the names of the first folders in the answers to a LIST, from the pieces that `imaplib` returns."""
    names = []
    for part in data[: 2 * SHOWN_FOLDERS]:  # an empty part follows each literal
        listed = LISTED.fullmatch(part[0] if isinstance(part, tuple) else part or b"")
        name = listed and (part[1] if isinstance(part, tuple) else listed[1] or listed[2])
        with suppress(ValueError):
            names.append(utf7_decode((name or b"")[:LONGEST_FOLDER_NAME]).replace('\\"', '"'))
    return [name for name in names if name and name.isprintable()][:SHOWN_FOLDERS]


def may_hold_certificate(structure: bytes) -> bool:
    """Return whether a message's `BODYSTRUCTURE` shows a part that may be, or hold, a certificate."""
    return CERTIFICATE_PART.search(structure) is not None
