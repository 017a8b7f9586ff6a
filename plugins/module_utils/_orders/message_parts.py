# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse the structure of a message: the header fields, and the positions of the parts. Private to softlayer.certificates.

Pure. The parser of the standard library takes quadratic time on hostile nesting, so this file splits multiparts in linear
time.
"""

from __future__ import annotations

import email.errors
import email.header
import email.message
import email.utils
import quopri
import re
import typing as t
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property

from .._x509.pem import decode_base64

MAX_PARTS = 1_000
"""Maximum number of parts of one message, at all levels."""
MAX_HEADER_BYTES = 64 * 1024
"""Number of bytes to search for headers if a message is not read completely."""
MAX_FIELD_LENGTH = 2_000
"""Maximum number of characters of one header field."""
MAX_SHOWN_LENGTH = 300
"""Maximum number of characters of a header field in a result."""

LINE_END = rb"(?:\r\n|\n|\r(?!\n))"
FIELD_NAME = re.compile(rb"[!-9;-~]+[ \t]*:")
FIELD_END = re.compile(LINE_END + rb"(?![ \t])")
HEADER_END = re.compile(LINE_END + rb"(?![ \t]|[!-9;-~]+[ \t]*:)")
BLANK_LINE = re.compile(rb"[ \t]*" + LINE_END)
ENVELOPE_LINE = re.compile(rb">?From [^\r\n]*" + LINE_END)
RELEVANT_FIELD = re.compile(
    rb"(?<![^\r\n])(content-type|content-transfer-encoding|content-disposition|message-id|from|date|subject)[ \t]*:",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Headers:
    """The headers of a message in results: one line each, shortened, without control characters; `None` if missing."""

    message_id: str | None
    sender: str | None
    date: datetime | None
    subject: str | None


NO_HEADERS = Headers(None, None, None, None)


def normalize_line_ends(data: bytes) -> bytes:
    """Return a message with LF line ends instead of CR, the line end of old Macs."""
    return data if b"\n" in data else data.replace(b"\r", b"\n")


class Part:
    """An entity of a message (RFC 2045, 2.4): the header fields, and the position of the content in the message."""

    def __init__(self, data: bytes, start: int, end: int, default_type: str = "text/plain") -> None:
        self._data = data
        self.headers, self.start = _read_fields(data, start, end)
        self.headers.set_default_type(default_type)
        self.end = end

    @cached_property
    def content_type(self) -> str:
        """The media type, in lower case."""
        return self.headers.get_content_type()

    @cached_property
    def charset(self) -> str:
        """The declared charset, or UTF-8."""
        return str(_parse(self.headers.get_content_charset) or "utf-8")

    @cached_property
    def file_name(self) -> str:
        """The declared file name, or an empty string."""
        return str(_parse(self.headers.get_filename) or "")

    @cached_property
    def is_body(self) -> bool:
        """Whether mail programs show the part as the text of the message."""
        return (
            self.content_type.startswith("text/")
            and not self.file_name
            and _parse(self.headers.get_content_disposition) != "attachment"
        )

    def decode_content(self) -> bytes:
        """Return the content with the transfer encoding decoded."""
        raw = self._data[self.start : self.end]
        encoding = str(self.headers.get("content-transfer-encoding", "")).partition(";")[0].strip().lower()
        if encoding == "base64":
            return decode_base64(raw)
        return quopri.decodestring(raw) if encoding == "quoted-printable" else raw

    def find_parts(self) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each part of a multipart (RFC 2046, 5.1.1). The last part may have no end line."""
        declared = (_parse(self.headers.get_boundary) or "").encode("utf-8", "replace")
        delimiter = b"\n--" + declared
        begin, position, misses = None, self.start - 1, 0
        while declared and misses < MAX_PARTS:
            boundary = self._data.find(delimiter, max(position, 0), self.end)
            if boundary < 0:
                break
            position = boundary + len(delimiter)
            line_end = self._data.find(b"\n", position, self.end)
            rest = self._data[position : min(line_end, position + 100) if line_end >= 0 else self.end][:100].strip()
            if rest not in {b"", b"--"}:
                misses += 1  # another boundary that begins in the same way
                continue
            if begin is not None:
                yield begin, boundary
            begin = None if rest or line_end < 0 else line_end + 1
            position = line_end if line_end >= 0 else self.end
            if rest:
                break
        if begin is not None:
            yield begin, self.end


def _read_fields(data: bytes, start: int, end: int) -> tuple[email.message.Message, int]:
    """Return the relevant header fields, and the position of the content, regardless of the number of other fields."""
    headers = email.message.Message()
    envelope = ENVELOPE_LINE.match(data, start, end)
    position = envelope.end() if envelope else start
    if FIELD_NAME.match(data, position, end):
        last = HEADER_END.search(data, position, end)
        after = last.end() if last else end
        for field_name in RELEVANT_FIELD.finditer(data, position, after):
            name = field_name[1].decode("ascii").lower()
            if name not in headers:
                value_end = FIELD_END.search(data, field_name.end(), after)
                headers[name] = _unfold(data[field_name.end() : value_end.start() if value_end else after])
        position = after
    blank = BLANK_LINE.match(data, position, end)
    return headers, blank.end() if blank else position


def _unfold(value: bytes) -> str:
    value = value[: 2 * MAX_FIELD_LENGTH]
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return " ".join(text.split())[:MAX_FIELD_LENGTH]


def _parse(parse: Callable[[], t.Any]) -> t.Any:
    """Return a value that the standard library parses from a header field, or `None` if parsing fails."""
    try:
        return parse()
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, OSError):
        return None


def format_headers(headers: email.message.Message) -> Headers:
    """Return the headers for results."""
    return Headers(
        message_id=_decode_line(headers.get("message-id")),
        sender=_decode_line(headers.get("from")),
        date=_parse(lambda: _convert_to_utc(email.utils.parsedate_to_datetime(headers["date"]))),
        subject=_decode_line(headers.get("subject")),
    )


def read_headers(data: bytes) -> Headers:
    """Return the headers of a message from the first bytes."""
    return format_headers(Part(normalize_line_ends(data), 0, len(data)).headers)


def _convert_to_utc(moment: datetime) -> datetime:
    """Return an instant in UTC. An instant without a time zone counts as UTC (RFC 5322, 3.3)."""
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _decode_line(value: str | None) -> str | None:
    """Return a decoded header field (RFC 2047) as one printable line, or `None` without text."""
    if value is None:
        return None
    with suppress(ValueError, LookupError, TypeError, email.errors.MessageError):
        value = str(email.header.make_header(email.header.decode_header(value)))
    printable = "".join(character if character.isprintable() else " " for character in value)
    return " ".join(printable.split())[:MAX_SHOWN_LENGTH] or None
