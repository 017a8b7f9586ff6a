# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a mail server's answers are read, and commands to it are written. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import imaplib
import re
import time
import typing as t
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone

from .._text import printable

with suppress(ImportError):
    from imap_tools.imap_utf7 import utf7_decode

SHOWN_FOLDERS = 10
LONGEST_FOLDER_NAME = 200
NUMBER = re.compile(rb"[0-9]{1,10}")
"""A UID (RFC 9051, 9: nz-number)."""
UID = re.compile(rb"\bUID ([0-9]{1,10})\b")
SIZE = re.compile(rb"\bRFC822\.SIZE ([0-9]{1,19})\b")
LISTED = re.compile(rb'\([^()]*\) (?:"[^"]*"|NIL) (?:"(.*)"|(.+))')
"""An answer to LIST; if a literal follows, the literal's size stands in place of the name."""
MEDIA_TYPE = re.compile(rb'"(text|image|audio|video|font|model|application|message)" "([^"]{1,100})"', re.IGNORECASE)
FILE_NAME = re.compile(rb'"(?:file)?name\*?[0-9*]*" "[^"]*\.([a-z0-9-]{1,10})', re.IGNORECASE)
DULL_TYPES = frozenset(
    {b"application/pdf", b"application/ics", b"application/msword", b"application/pgp-signature"}
    | {b"application/pkcs7-signature", b"application/x-pkcs7-signature", b"message/delivery-status"}
)
CERTIFICATE_ENDINGS = frozenset(
    {b"crt", b"cer", b"cert", b"pem", b"der", b"p7b", b"p7c", b"ca-bundle", b"zip", b"txt", b"eml"}
)


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


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BYTES_IN_WORDS = re.compile(r"\[?b([\"'])(.*?)\1\]?")
"""How `imaplib` quotes the server's words in its exceptions."""


def in_words(error: BaseException) -> str:
    """Describe what went wrong with a connection, as a sentence."""
    words = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()
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
    """Yield the answers to a FETCH from the pieces that `imaplib` returns: the line with its literals, and the last literal."""
    line: list[bytes] = []
    literal = None
    for part in data:
        if isinstance(part, tuple):
            line += part[:1] if b"BODY[" in part[0] else part
            literal = part[1]
        elif isinstance(part, bytes):
            yield b"".join([*line, part]), literal
            line, literal = [], None


def folder_names(data: Sequence[t.Any]) -> list[str]:
    """Return the names of the first folders in the answers to a LIST, from the pieces that `imaplib` returns."""
    names = []
    for part in data[: 2 * SHOWN_FOLDERS]:  # an empty part follows each literal
        found = LISTED.fullmatch(part[0] if isinstance(part, tuple) else part or b"")
        name = found and (part[1] if isinstance(part, tuple) else found[1] or found[2])
        with suppress(ValueError):
            names.append(utf7_decode((name or b"")[:LONGEST_FOLDER_NAME]).replace('\\"', '"'))
    return [name for name in names if name and name.isprintable()][:SHOWN_FOLDERS]


def may_hold_certificate(structure: bytes) -> bool:
    """Return whether a message's `BODYSTRUCTURE` shows a part that may be, or hold, a certificate."""
    for kind, subtype in MEDIA_TYPE.findall(structure):
        media_type = kind.lower() + b"/" + subtype.lower()
        if kind.lower() in {b"application", b"message"} and not (
            media_type in DULL_TYPES or subtype.lower().startswith(b"vnd.")
        ):
            return True
    return any(ending.lower() in CERTIFICATE_ENDINGS for ending in FILE_NAME.findall(structure))
