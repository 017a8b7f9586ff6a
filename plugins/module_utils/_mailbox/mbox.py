# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages in an mbox file, with a memory limit for each. Private to softlayer.certificates.

The reader of the standard library loads every line into memory, however long it is, and opens the file for writing.
"""

from __future__ import annotations

import calendar
import email.utils
import hashlib
import os
import typing as t
from collections.abc import Iterator
from datetime import datetime, timezone

from .._errors import CertificatesError
from .._files import not_readable, open_plain_file
from .._mail.parts import read_headers
from .._mail.search import Location
from .base import Enough, Mailbox, Raw, cut

PIECE = 256 * 1024
"""Bytes read at once."""
LONGEST_SEPARATOR = 64 * 1024
"""Bytes of a message's first line; anything beyond them counts as content."""
MARK = b"\nFrom "


class MboxMailbox(Mailbox):
    """An mbox file (RFC 4155)."""

    def __init__(self, path: str, largest: int) -> None:
        self._path = path
        self._largest = largest
        self._seen: set[bytes] = set()
        self._version: tuple[int, int] | None = None

    def read(self, since: datetime, enough: Enough) -> Iterator[Raw]:
        """See `Mailbox`. The separator line shows when a message was received, else its header `Date`."""
        try:
            with open_plain_file("mbox file", self._path) as file:
                status = os.fstat(file.fileno())
                version = (status.st_size, status.st_mtime_ns)
                if version == self._version:
                    return
                is_mbox = not status.st_size
                for separator, content in split_mbox(file, self._largest + 1):
                    is_mbox = True
                    yield from self._unseen(separator, content, since)
        except FileNotFoundError:
            raise CertificatesError("not_found", f"There is no mbox file {self._path}.", path=self._path) from None
        except (OSError, ValueError) as error:
            raise not_readable("mbox file", self._path, error) from None
        if not is_mbox:
            raise CertificatesError(
                "not_found",
                f"{self._path} is no mbox file: no line at its beginning begins a message. Give a single message by paths.",
                path=self._path,
            )
        self._version = version

    def _unseen(self, separator: bytes, content: bytes, since: datetime) -> Iterator[Raw]:
        digest = hashlib.sha256(content).digest()
        received = [moment for moment in (_separator_date(separator), read_headers(content).date) if moment]
        if digest not in self._seen and not (received and max(received) < since):
            yield cut(content, Location(path=self._path), self._largest)
        self._seen.add(digest)


def _separator_date(line: bytes) -> datetime | None:
    """Return the date at the end of the `From sender date` line that separates the messages of an mbox."""
    found = email.utils.parsedate(" ".join(line.decode("ascii", "replace").split()[2:]))
    try:
        return datetime.fromtimestamp(calendar.timegm(found), timezone.utc) if found else None
    except (ValueError, OverflowError, TypeError):
        return None


def split_mbox(file: t.BinaryIO, most: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield for each message its first line, and its content, shortened to `most` bytes (RFC 4155).

    A line that begins with `From ` begins a message even if the blank line before it is missing. Anything before the first
    such line is skipped, unless it is longer than a message may be: then the file is no mbox.
    """
    room = most + LONGEST_SEPARATOR
    passed_over = 0
    message: bytearray | None = None
    tail = MARK[:1]  # treat the file as if a line had ended before it
    while chunk := file.read(PIECE):
        *ended, last = (tail + chunk).split(MARK)
        for part in ended:
            if message is not None:
                yield _parted(_extended(message, part + MARK[:1], room), most, room)
            message = bytearray(MARK[1:])
        tail = last[1 - len(MARK) :]  # it may be the beginning of a mark
        if message is not None:
            _extended(message, last[: len(last) - len(tail)], room)
        elif (passed_over := passed_over + len(chunk)) > room:
            return
    if message is not None:
        yield _parted(_extended(message, tail, room), most, room)


def _extended(message: bytearray, part: bytes, room: int) -> bytearray:
    message += part[: room - len(message)]
    return message


def _parted(message: bytearray, most: int, room: int) -> tuple[bytes, bytes]:
    """Return a message's first line, and its content without the blank line that ends it in an mbox."""
    start = message.find(b"\n", 0, LONGEST_SEPARATOR) + 1 or LONGEST_SEPARATOR
    if len(message) < room and message.endswith(b"\n\n"):
        del message[-1]
    return bytes(message[:start]), bytes(message[start : start + most])
