# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Split an mbox into messages, with a memory limit for each. Private to softlayer.certificates.

The reader of the standard library loads every line into memory, however long it is, and opens the file for writing.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

PIECE = 256 * 1024
"""Bytes read at once."""
LONGEST_SEPARATOR = 64 * 1024
"""Bytes of a message's first line; anything beyond them counts as content."""
MARK = b"\nFrom "


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
