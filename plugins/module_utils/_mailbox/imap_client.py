# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IMAP client whose every command ends: in time, and with an answer of limited size. Private to softlayer.certificates.

`imaplib` speaks the protocol; this module only limits how much is read, and for how long.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
import typing as t
from contextlib import suppress

from .._codes import Code
from .._errors import CertificatesError
from .._net.connection import Deadline, LineReader, connect, resolve, send

ANSWER_BYTES = 16 * 1024 * 1024
"""Bytes of the answer to one command, plus those of the largest message that is wanted."""
ANSWER_LINES = 100_000
"""Lines of one answer: each becomes objects that take much more memory than the bytes of a short line."""
LINE_BYTES = 6 * 1024 * 1024
"""Bytes of one line; half a million UIDs fit into it."""


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
        self._buffer = bytearray()
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
        self._reader = LineReader(
            self.sock,
            self._deadline,
            self._too_large,
            most_bytes=ANSWER_BYTES + self._largest,
            most_lines=ANSWER_LINES,
            longest_line=LINE_BYTES,
            buffer=self._buffer,
        )

    def has_more(self) -> bool:
        """Return whether data has arrived that a look at the socket alone does not show."""
        is_decrypted = getattr(self.sock, "pending", None)
        return bool(self._buffer or (is_decrypted and is_decrypted()))

    def read(self, size: int) -> bytes:
        """Read this number of bytes, or up to the end of the stream."""
        return self._reader.read(size)

    def readline(self) -> bytes:
        """Read a line, or up to the end of the stream."""
        return self._reader.read_line()

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
