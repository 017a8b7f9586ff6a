# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversion of untrusted text for output and for the API. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

NON_XML_CHARACTERS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML does not allow, even if escaped (XML 1.0, 2.2)."""
ESCAPED_LINE_END = re.compile(rb"\\[rn]")
SEPARATORS = frozenset({"Zl", "Zp"})
MAX_LISTED = 5
"""Maximum number of names in a message."""


def escape_invisible(text: str) -> str:
    """Return a text with control characters and invisible characters escaped as in Python."""
    return text if text.isprintable() else "".join(_escape_character(character) for character in text)


def _escape_character(character: str) -> str:
    category = unicodedata.category(character)
    return ascii(character)[1:-1] if category.startswith("C") or category in SEPARATORS else character


def unescape_line_ends(text: bytes) -> bytes:
    """Return a text with real line ends instead of the escapes that JSON and environment files use."""
    return ESCAPED_LINE_END.sub(b"\n", text)


def capitalize_first(text: str) -> str:
    """Return a text with its first letter in upper case; the other letters stay unchanged."""
    return text[:1].upper() + text[1:]


def uncapitalize_first(text: str) -> str:
    """Return a text with its first letter in lower case, for use within a sentence."""
    return text[:1].lower() + text[1:]


def join_first(texts: Sequence[str], most: int = MAX_LISTED, between: str = ", ", before_rest: str = " ") -> str:
    """Return the first texts, joined, and the number of the other texts."""
    rest = len(texts) - most
    return between.join(texts[:most]) + (f"{before_rest}and {rest} more" if rest > 0 else "")


def make_encodable(text: str) -> str:
    """Return a text that UTF-8 can encode, with replacements for unpaired surrogates.

    JSON allows unpaired surrogates (RFC 8259, 8.2), and Python uses surrogates for bytes of file names that are not UTF-8.
    """
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def is_xml_text(text: str) -> bool:
    """Return whether XML-RPC can transfer a text."""
    return NON_XML_CHARACTERS.search(text) is None
