# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP client whose every command ends: in time, and with an answer of limited size. Private to softlayer.certificates.

`imaplib` speaks the protocol; this module only limits how much is read, and for how long.
"""

from __future__ import annotations

import imaplib
import socket
import time
import typing as t
from contextlib import suppress

from .._codes import Code
from .._errors import CertificatesError

ANSWER_BYTES = 16 * 1024 * 1024
"""Bytes of the answer to one command, plus those of the largest message that is wanted."""
ANSWER_LINES = 100_000
"""Lines of one answer: each becomes objects that take much more memory than the bytes of a short line."""
LINE_BYTES = 6 * 1024 * 1024
"""Bytes of one line; half a million UIDs fit into it."""
PIECE = 64 * 1024
"""Bytes read at once."""


class Client(imaplib.IMAP4):
    """An IMAP client that gives up on a server whose answer does not end.

    In addition to the exceptions of `imaplib` it raises `CertificatesError`: `unreachable` if a command's answer or the greeting
    was not complete in time, and `mailbox_error` if the answer is too large. It does not log out then.

    Args:
        seconds: time limit for a whole command, and for each of: the greeting, TLS, each address of the host.
        largest: bytes of the largest message that is wanted.
        options: arguments for the class of `imaplib`.
    """

    def __init__(self, host: str, port: int, seconds: float, largest: int, **options: t.Any) -> None:
        self._seconds = seconds
        self._largest = largest
        self._buffer = bytearray()
        self._buffered_of: socket.socket | None = None
        super().__init__(host, port, timeout=seconds, **options)

    def open(self, host: str = "", port: int | None = None, timeout: float | None = None) -> None:
        """Connect, and start the time limit for the greeting."""
        super().open(host, port, timeout)  # type: ignore[arg-type]
        self.begin()

    def begin(self) -> None:
        """Start the limits of time and size for the next command, and drop earlier answers that nobody asked for."""
        self._until = time.monotonic() + self._seconds
        self._bytes_left = ANSWER_BYTES + self._largest
        self._lines_left = ANSWER_LINES
        for kind in self.untagged_responses.keys() - {"BYE"}:
            del self.untagged_responses[kind]
        if self._buffered_of is not self.sock:  # anyone may have sent what came before TLS
            self._buffered_of = self.sock
            self._buffer.clear()

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
        """Read a line, or up to the end of the stream."""
        self._lines_left -= 1
        looked = 0
        while (end := self._buffer.find(b"\n", looked)) < 0:
            looked = len(self._buffer)
            if not self._receive():
                end = looked
                break
            if len(self._buffer) > LINE_BYTES + PIECE:
                raise self._too_large()
        if self._lines_left < 0:
            raise self._too_large()
        return self._take(end + 1)

    def send(self, data: t.Any) -> None:
        """Send all of the data."""
        self.sock.settimeout(self._seconds_left())
        try:
            super().send(data)
        except TimeoutError:
            raise self._overdue() from None

    def _command(self, name: str, *args: t.Any) -> t.Any:
        self.begin()
        return super()._command(name, *args)  # type: ignore[misc]

    def _get_response(self, *args: t.Any) -> t.Any:
        try:
            return super()._get_response(*args)  # type: ignore[misc]
        except ValueError:  # a literal's size has more digits than Python converts
            raise self._too_large() from None

    def _receive(self) -> int:
        """Read the next data and return its number of bytes; 0 at the end of the stream."""
        self.sock.settimeout(self._seconds_left())
        try:
            piece = self.sock.recv(PIECE)
        except TimeoutError:
            raise self._overdue() from None
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

    def _seconds_left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._overdue()
        return left

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


class TlsClient(Client, imaplib.IMAP4_SSL):
    """The same with TLS from the start; needs `ssl_context`."""
