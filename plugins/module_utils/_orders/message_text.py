# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decode the text of messages (charsets, HTML), find PEM blocks, and detect the topic. Private to softlayer.certificates.

Pure; all functions take linear time.
"""

from __future__ import annotations

import codecs
import html
import re
import typing as t
from collections.abc import Iterator
from itertools import islice

from .._base.text import unescape_line_ends
from .._x509 import pem

EXCERPT_LENGTH = 64 * 1024
"""Number of characters to keep of a long text: at the beginning, and after each possible beginning of PEM."""
UNSAFE_CODECS = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
"""Python's own text encodings, which emails do not use. Some of these encodings take quadratic time."""
BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAMPLE_BYTES = 2_000
"""Number of bytes to check for undeclared UTF-16, and for the zeros of binary files."""
TYPOGRAPHY = {
    **dict.fromkeys((0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF), None),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-"),
}
"""Replacements for typographic spaces and hyphens of mail programs."""
MARKER = re.compile(r"(?:(?<=-)|(?<=- ))(BEGIN|END)[\s>|]{1,6}([A-Z0-9#]{1,12}(?:[\s>|]{1,6}[A-Z0-9#]{1,12}){0,3})\s?-")
CERTIFICATE_LABELS = frozenset(label.decode("ascii") for label in pem.CERTIFICATE_LABELS)
QUOTATION = re.compile(r"^[ \t]*(?:[A-Za-z]{0,3}[>|][ \t]?)+", re.MULTILINE)
BARE_BASE64 = re.compile(rb"\s*MI[A-Za-z0-9+/=\s]+")
BARE_BEGIN = re.compile(r"(?:(?<![A-Za-z0-9+/=])|(?<=\\[rn]))MI[A-Z][A-Za-z0-9+/]{37,}")
"""Beginning of the base64 of DER with more than 127 bytes."""
TAG = re.compile(r"</?(?:([a-zA-Z][a-zA-Z0-9]{0,20})|[!?])")
TAG_MARK = re.compile(r">|=\s{0,4}([\"'])")
"""End of a tag, or beginning of an attribute value."""
BLOCK_TAGS = frozenset(
    {"br", "p", "div", "tr", "td", "li", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote"}
)
EMBEDDED_PICTURE = re.compile(
    r"data:[a-zA-Z0-9.+-]{1,40}/[a-zA-Z0-9.+-]{1,40}[a-zA-Z0-9=;:.\"'-]{0,60};base64,[A-Za-z0-9+/=%\s]+"
)
"""An embedded picture (a `data:` URL, RFC 2397)."""


def decode_text(content: bytes, charset: str) -> str:
    """Return the decoded text. A charset that extends ASCII replaces an unsuitable charset."""
    wide = detect_wide_charset(content)
    if wide and (wide != "utf-16" or not charset.lower().startswith(("utf-16", "utf-32"))):
        charset = wide
    try:
        known = codecs.lookup(charset).name
        text = content.decode("utf-8" if known in UNSAFE_CODECS else known, "replace")
    except (LookupError, ValueError, TypeError):
        text = content.decode("latin-1")
    if b"BEGIN" in content and "BEGIN" not in text:
        text = content.decode("latin-1")
    return text


def detect_wide_charset(content: bytes) -> str | None:
    """Return the charset of a text with two bytes per character, detected by byte order mark or zeros; `None` for other text."""
    if content.startswith(BYTE_ORDER_MARKS):
        return "utf-16"
    sample = content[:SAMPLE_BYTES]
    zeros = sample[::2].count(0), sample[1::2].count(0)
    many, few = 0.7 * len(sample) / 2, 0.1 * len(sample) / 2
    if len(sample) < 4:
        return None
    if zeros[1] > many and zeros[0] < few:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > many and zeros[1] < few else None


def shorten_text(text: str, most: int) -> tuple[str, bool]:
    """Return the parts of a text that may contain certificates, at most `most` characters, and whether these are all such parts.

    To shorten a text, the function removes embedded pictures first, and then the parts far from any `BEGIN`.
    """
    if len(text) <= most:
        return text, True
    text = EMBEDDED_PICTURE.sub("", text)
    if len(text) <= most:
        return text, True
    pieces = [text[: min(EXCERPT_LENGTH, most)]]
    kept, position = len(pieces[0]), len(pieces[0])
    while kept < most and (begin := text.find("BEGIN", max(position - len("BEGIN"), 0))) >= 0:
        start = max(position, begin - 100)
        pieces.append(text[start : min(begin + EXCERPT_LENGTH, start + most - kept)])
        kept += len(pieces[-1])
        position = start + len(pieces[-1])
    return "\n".join(pieces), text.find("BEGIN", position) < 0


class Block(t.NamedTuple):
    """A PEM block in a text: the label and the base64 body; `None` without an end line."""

    label: str
    body: bytes | None


def find_pem_blocks(text: str) -> Iterator[Block]:
    """Yield the PEM blocks of certificates, and the labels of other blocks, also from texts that mail programs have reformatted."""
    if "BEGIN" not in text:
        return
    if not text.isascii():
        text = text.translate(TYPOGRAPHY)
    begin: tuple[str, int] | None = None
    for marker in MARKER.finditer(text):
        label = " ".join(marker[2].replace(">", " ").replace("|", " ").split())
        if label not in CERTIFICATE_LABELS:
            yield Block(label, b"")
        elif marker[1] == "BEGIN":
            if begin is not None:
                yield Block(begin[0], None)
            begin = label, marker.end()
        elif begin is not None:
            yield Block(begin[0], _extract_base64(text[begin[1] : marker.start()]))
            begin = None
    if begin is not None:
        yield Block(begin[0], None)


def find_bare_blocks(text: str, most: int, longest: int) -> Iterator[bytes]:
    """Yield possible base64 of DER without PEM's begin and end lines. Trailing text may be included.

    Blocks between PEM lines are skipped.

    Args:
        text: the text.
        most: maximum number of blocks.
        longest: maximum number of characters of a block.
    """
    text = _remove_pem(text)
    for begin in islice(BARE_BEGIN.finditer(text), most):
        yield _extract_base64(text[begin.start() : begin.start() + longest])


def _remove_pem(text: str) -> str:
    """Return a text without the parts from a `BEGIN` line to the next `END` line or the end of the text."""
    if "BEGIN" not in text:
        return text
    pieces, position, is_within = [], 0, False
    for marker in MARKER.finditer(text):
        if not is_within:
            pieces.append(text[position : marker.start()])
        is_within, position = marker[1] == "BEGIN", marker.end()
    if not is_within:
        pieces.append(text[position:])
    return "\n".join(pieces)


def _extract_base64(text: str) -> bytes:
    """Return the base64 of a block without the quotation marks and escaped line breaks of mail programs and ticket systems."""
    return unescape_line_ends(QUOTATION.sub("", text).encode("ascii", "replace"))


def remove_tags(text: str) -> str:
    """Return the text of HTML, with line breaks in place of block tags."""
    pieces = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        pieces.append(text[position:start])
        tag = TAG.match(text, start)
        position = _find_tag_end(text, tag.end()) if tag else start + 1
        if not tag:
            pieces.append("<")
        elif (tag[1] or "").lower() in BLOCK_TAGS:
            pieces.append("\n")
    plain = "".join([*pieces, text[position:]])
    try:
        return html.unescape(plain)
    except ValueError:  # a character reference with more digits than Python converts
        return plain


def _find_tag_end(text: str, position: int) -> int:
    """Return the end of a tag or comment from a position after the start. A `>` in an attribute value does not end a tag."""
    if text.startswith("!--", position - 1):
        end = text.find("-->", position)
        return end + 3 if end >= 0 else len(text)
    while mark := TAG_MARK.search(text, position):
        if mark[0] == ">":
            return mark.end()
        end = text.find(mark[1], mark.end())
        position = end + 1 if end >= 0 else mark.end()
    return len(text)


# What a message without a certificate is about, from its words in English and German. No decision here ever yields a certificate: it
# only shows what a person should do about a message.

Topic = t.Literal["approval", "issued"]

SUBJECTS = ("certificat", "zertifikat", "ssl")
"""Words in messages about certificates, in lower case."""
MAX_TEXT_LENGTH = 64 * 1024
"""Maximum number of characters to read for the topic of a text."""
QUOTATION_MARKS = re.compile(r"(?m)^[ \t]*(?:[>|][ \t]?)+")
PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
LINK = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)
ANCHOR = re.compile(r"\bhref\s{0,4}=\s{0,4}[\"']?\s{0,4}https?:", re.IGNORECASE)
"""A link in HTML, regardless of the link's text."""
INNER_POINT = re.compile(r"(?<=\w)[.:](?=\w)")
"""A dot or colon within a host name or number, not at the end of a sentence."""
SENTENCE = re.compile(r"[^.!?:]+[.!?:]*")


def _compile_patterns(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


TOPIC = _compile_patterns(*SUBJECTS, r"\b(?:order|domain|bestellung|auftrag)\b")
UNRELATED_TOPIC = _compile_patterns(
    r"\b(?:invoice|receipt|payment|quote|webinar|newsletter|survey|recently|expires?|expired|revoked)\b",
    r"\b(?:rechnung|umfrage)\b|\bläuft\b.{0,80}\bab\b",
)
"""Topics of sentences that are not about an order."""
ISSUANCE_NEGATION = _compile_patterns(
    r"\b(?:once|after|when|as soon as|before|until|if|will|cannot|no|nothing|not|sobald|nachdem|bevor|wird|werden|nicht)\b.*",
    r"\b(?:that|which) (?:was|were|is) issued\b",
)
"""Words before an "issued" that does not announce an issued certificate."""
APPROVAL_REQUEST = _compile_patterns(
    r"\border approval\b|\bapprover\b|\bdomain administrator\b|\b(?:your|for|requires?|needs?) approval\b|\baction required\b|\bon hold\b",
    r"\b(?:to|please|and|or) (?:approve|authori[sz]e)\b|\bapprove (?:or|/|it|the|this|order)\b|\bi approve\b|\bpermit the issuance\b",
    r"\bdomain (?:control )?(?:validation|verification)\b|\b(?:validation|verification) code\b|\b(?:verify|validate) (?:the|your|this) domain\b",
    r"\b(?:prove|show|confirm|verify|tell us) that (?:you (?:own|control)|the domain)\b|\b(?:to|please) confirm\b(?! your (?:e-?mail|account))",
    r"\b(?:txt|cname)[ -](?:record|eintrag)\b|\bpki-validation\b|\b(?:domainvalidierung|validierungscode)\b",
    r"\bgenehmig(?:e|en|er|ung)\b|\bfreigabe\b|\bbestätigen sie\b|\bzur bestätigung\b|\bzustimmung\b|\bstimmen sie\b|\b(?:wurde|hat)\b.{0,60}\bbeantragt\b",
)
"""Requests to approve an order or to prove control of the domain."""
ISSUANCE_NOTICE = _compile_patterns(
    r"\b(?:has|have|was|were|is)(?: (?:been|now|just|successfully)){0,2} (?:(?:re-?)?issued|re-?keyed|renewed)\b|\b(?:certificates?|ssl) issued\b",
    r"\b(?:certificate|ssl|order)\b.{0,60}\b(?:is|are) (?:now )?(?:ready|available|complete)\b|\bapproved your (?:request|order)\b",
    r"\b(?:download|pick up|collect|retrieve|find) (?:the |your )?(?:\w+ )?(?:certificate|\w*ssl)\b",
    r"\bzertifikat\b.{0,80}\b(?:ausgestellt|erstellt|verlängert|bereit|fertig|abholen|herunterladen)\b",
)
"""Announcements of an issued certificate."""


def detect_topic(text: str) -> Topic | None:
    """Return the topic of a text: a request to approve a certificate, or the announcement of a certificate; `None` for other texts."""
    text = PARAGRAPH.sub(". ", QUOTATION_MARKS.sub("", text[:MAX_TEXT_LENGTH]))
    words = INNER_POINT.sub("·", LINK.sub(" ", " ".join(text.lower().split())))
    if not TOPIC.search(words):
        return None
    sentences = [sentence for sentence in SENTENCE.findall(words) if not UNRELATED_TOPIC.search(sentence)]
    asked = {phrase for sentence in sentences for phrase in APPROVAL_REQUEST.findall(sentence)}
    issued = {
        phrase for sentence in sentences for phrase in ISSUANCE_NOTICE.findall(ISSUANCE_NEGATION.sub(" ", sentence))
    }
    if len(asked) > len(issued):
        return "approval"
    return "issued" if issued else None


def has_certificate_terms(text: str) -> bool:
    """Return whether a text contains one of `SUBJECTS`."""
    return any(subject in text.lower() for subject in SUBJECTS)
