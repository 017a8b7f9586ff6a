# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A message's bytes to the certificates in it. Private to softlayer.certificates.

Pure. Anyone can send a message, so nothing here trusts one: no bytes raise, time and memory are bounded by the constants
below, and a certificate is taken for its public key alone, whatever sender, subject, file names and content types say.

Multiparts are split here and not by the standard library, whose parser takes time that grows with the square of what a
hostile message nests.
"""

from __future__ import annotations

import codecs
import email.errors
import email.header
import email.message
import email.utils
import html
import io
import quopri
import re
import struct
import typing as t
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    Certificate,
    certificates_in,
    der_length,
    find_issuer,
    from_base64,
    is_der,
    order_chain,
    pem_bundle,
)

Format = t.Literal["inline_pem", "pem", "der", "pkcs7", "zip"]

DEPTH = 20
"""Levels of multiparts and forwarded messages."""
PARTS = 1_000
"""Parts of one message, at all levels."""
HEADER_BYTES = 64 * 1024
"""Of each part's headers; what comes after is not looked at."""
FIELD_LENGTH = 2_000
"""Characters of one header field."""
SHOWN_LENGTH = 300
"""Characters of a header field in a result."""
TEXT_BYTES = 1024 * 1024
"""Of all text of a message, in which certificates are looked for line by line."""
DER_BYTES = 1024 * 1024
"""Of one certificate or PKCS#7 structure."""
CERTIFICATES = 500
"""Of one message."""
ISSUERS = 30
"""Of one message, among which chains are looked for."""
ALIKE = 3
"""Certificates of one key that were issued at once, of which the one with a chain is taken."""
ARCHIVE_ENTRIES = 100
ARCHIVE_BYTES = 8 * 1024 * 1024
"""Of all that is unpacked of one message's archives."""
ARCHIVE_RATIO = 100
"""How much larger an entry may be than its packed form; certificates are hardly compressible."""

# Structure

LINE_END = rb"(?:\r\n|\n|\r)"
FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:" + LINE_END + rb"[ \t][^\r\n]*)*)(?:" + LINE_END + rb"|\Z)")
BLANK_LINE = re.compile(rb"[ \t]*" + LINE_END)
ENVELOPE_LINE = re.compile(rb">?From [^\r\n]*" + LINE_END)
KEPT_FIELDS = frozenset(
    {"content-type", "content-transfer-encoding", "content-disposition", "message-id", "from", "date", "subject"}
)
SIGNATURES = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
SIGNED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SIGNED_ENTITY = re.compile(rb"Content-Type[ \t]*:", re.IGNORECASE)
"""How what was signed begins (RFC 8551, 3.5.2)."""
FORWARDED = frozenset({"message/rfc822", "message/global"})
UNSAFE_CODECS = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
"""Python's own text encodings: no mail has them, and some take time that grows with the square of the text."""

# Text

WIDE_TEXT = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
TYPOGRAPHY = {
    **dict.fromkeys((0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF), None),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-"),
}
"""What mail programs make of spaces and hyphens."""
MARKER = re.compile(r"(?:(?<=-)|(?<=- ))(BEGIN|END)[\s>|]{1,6}([A-Z0-9#]{1,12}(?:[\s>|]{1,6}[A-Z0-9#]{1,12}){0,3})\s?-")
CERTIFICATE_LABELS = frozenset(
    {"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "PKCS #7 SIGNED DATA", "CMS"}
)
QUOTATION = re.compile(r"^[ \t]*(?:[A-Za-z]{0,3}[>|][ \t]?)+", re.MULTILINE)
BARE_BASE64 = re.compile(rb"\s*MI[A-Za-z0-9+/=\s]+")
TAG = re.compile(r"</?(?:([a-zA-Z][a-zA-Z0-9]{0,20})|[!?])")
TAG_MARK = re.compile(r">|=\s{0,4}([\"'])")
"""What ends a tag, or begins the value of an attribute."""
BLOCK_TAGS = frozenset(
    {"br", "p", "div", "tr", "td", "li", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote"}
)

LINKS = ("https://", "http://")
SUBJECTS = ("certificat", "zertifikat", "certificad", "ssl")
"""What a message about certificates mentions, in lower case."""
APPROVAL = re.compile(
    r"\border approval\b|\bdomain[- ]administrator\b|\bto approve\b|\bapprove (?:or|/) |\bapproval (?:request|require|need|link)"
    r"|\b(?:requires?|needs?|await(?:s|ing)|pending|request(?:s|ing)?|your) (?:your )?approval\b|\bapprove (?:the|this|your)\b"
    r"|\bdomain control validation\b|\bvalidation code\b|\bpermit the issuance\b"
    r"|\bgenehmig(?:e|en|ung)\b|\bfrei(?:gabe|geben|zugeben)\b"
)

# Archives

ARCHIVE_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED_FLAG = 0x1
AES = 99
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    RuntimeError,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
)
"""What C(zipfile) raises on damaged archives."""
ENVELOPED_DATA = (bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("060b2a864886f70d0109100117"))
"""OIDs of CMS enveloped-data (RFC 5652, 6) and authenticated-enveloped-data (RFC 5083)."""
KEY_STORE = re.compile(rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...)\x02\x01\x03\x30", re.DOTALL)
"""How PKCS#12 begins (RFC 7292, 4): version 3, then another sequence."""


@dataclass(frozen=True)
class Headers:
    """What a result tells of a message: one line each, cut, without control characters; C(None) where there is none."""

    message_id: str | None
    sender: str | None
    date: datetime | None
    subject: str | None


@dataclass(frozen=True)
class Candidate:
    """A certificate of a message, and the form in which it was first met."""

    certificate: Certificate
    format: Format


@dataclass(frozen=True)
class Message:
    """What a message holds.

    C(signs) are observations that explain a message without the certificate: C(encrypted), C(too_large), C(malformed),
    C(approval), C(link), C(about_certificates).
    """

    headers: Headers
    candidates: tuple[Candidate, ...]
    signs: frozenset[str]


@dataclass(frozen=True)
class Found:
    """A certificate that carries a wanted public key, with its issuers in order, the root left out."""

    certificate: Certificate
    chain: tuple[Certificate, ...]
    format: Format


def read_message(data: bytes) -> Message:
    """Return what a message (RFC 5322, RFC 2045 to 2049) holds, whatever its bytes are."""
    reader = _Reader()
    headers = reader.read_entity(_with_line_ends(data), depth=0)
    return Message(_shown(headers), tuple(reader.candidates.values()), frozenset(reader.signs))


def read_headers(data: bytes) -> Headers:
    """Return the headers of a message that is known by its beginning only."""
    return _shown(_Part(_with_line_ends(data), 0, len(data)).headers)


def take(message: Message, keys: Collection[str], at: datetime) -> dict[str, Found]:
    """Return by public key (SHA-256 of the SubjectPublicKeyInfo, in hex) the newest valid certificate in a message.

    Args:
        message: a message.
        keys: the wanted public keys.
        at: the present instant.
    """
    newest: dict[str, list[Candidate]] = {}
    for candidate in _wanted(message, keys):
        certificate = candidate.certificate
        if _is_valid(certificate, at):
            best = newest.setdefault(certificate.public_key_sha256, [])
            if not best or _age(certificate) > _age(best[0].certificate):
                best[:] = [candidate]
            elif _age(certificate) == _age(best[0].certificate):
                best.append(candidate)
    chains = _Chains([found.certificate for found in message.candidates] if newest else [], at)
    return {
        key: max((Found(one.certificate, chains.of(one.certificate), one.format) for one in best[:ALIKE]), key=_quality)
        for key, best in newest.items()
    }


def why_not(message: Message, keys: Collection[str], at: datetime) -> str | None:
    """Return why nothing can be taken from a message, C(None) if something can."""
    wanted = [candidate.certificate for candidate in _wanted(message, keys)]
    if any(_is_valid(certificate, at) for certificate in wanted):
        return None
    if wanted:
        return "expired" if all(certificate.not_after < at for certificate in wanted) else "not_yet_valid"
    if any(not candidate.certificate.may_issue for candidate in message.candidates):
        return "no_matching_key"
    for sign in ("too_large", "encrypted", "malformed"):
        if sign in message.signs:
            return sign
    if "approval" in message.signs:
        return "approval_request"
    if {"link", "about_certificates"} <= message.signs:
        return "link_only"
    return "no_matching_key" if message.candidates else "no_certificate"


def _age(certificate: Certificate) -> tuple[datetime, datetime]:
    """Return what tells which of two certificates was issued later, or is valid longer."""
    return certificate.not_before, certificate.not_after


def _quality(found: Found) -> tuple[tuple[datetime, datetime], int]:
    """Return what tells which of two finds is better: the newer one, then the one with more of its issuers."""
    return _age(found.certificate), len(found.chain)


class _Chains:
    """The chains that can be built of a message's certificates, each part of them once."""

    def __init__(self, pile: Collection[Certificate], at: datetime) -> None:
        self._at = at
        self._issuers = [one for one in pile if one.may_issue and one.is_quickly_verified_by][:ISSUERS]
        self._known: dict[Certificate, tuple[Certificate, ...]] = {}

    def of(self, leaf: Certificate) -> tuple[Certificate, ...]:
        """Return a certificate's issuers in order, the root left out."""
        issuer = find_issuer(leaf, self._issuers, self._at)
        if issuer is None:
            return ()
        if issuer not in self._known:
            self._known[issuer] = (issuer, *order_chain(issuer, self._issuers, self._at))
        return self._known[issuer]


def _wanted(message: Message, keys: Collection[str]) -> list[Candidate]:
    return [candidate for candidate in message.candidates if candidate.certificate.public_key_sha256 in keys]


def _is_valid(certificate: Certificate, at: datetime) -> bool:
    return certificate.not_before <= at <= certificate.not_after


def _with_line_ends(data: bytes) -> bytes:
    """Return a message of an ancient Mac with the line ends that all others have."""
    return data if b"\n" in data else data.replace(b"\r", b"\n")


class _Part:
    """One entity of a message (RFC 2045, 2.4): header fields, and where in the message its content stands."""

    def __init__(self, data: bytes, start: int, end: int, default_type: str = "text/plain") -> None:
        self._data = data
        self.headers, self.start = _read_fields(data, start, end)
        self.headers.set_default_type(default_type)
        self.end = end

    @cached_property
    def content_type(self) -> str:
        """Its media type, in lower case."""
        return self.headers.get_content_type()

    @cached_property
    def boundary(self) -> bytes:
        """What separates the parts of a multipart; empty if it does not say."""
        return (_ask(self.headers.get_boundary) or "").encode("utf-8", "replace")

    @cached_property
    def charset(self) -> str:
        """The charset of its text."""
        return str(_ask(self.headers.get_content_charset) or "utf-8")

    @cached_property
    def file_name(self) -> str:
        """The name it claims to have as a file; empty if it has none."""
        return str(_ask(self.headers.get_filename) or "")

    @cached_property
    def is_body(self) -> bool:
        """Whether a reader sees it as the message's text."""
        return (
            self.content_type.startswith("text/")
            and not self.file_name
            and _ask(self.headers.get_content_disposition) != "attachment"
        )

    def content(self) -> bytes:
        """Its content, with the transfer encoding taken off."""
        raw = self._data[self.start : self.end]
        encoding = str(self.headers.get("content-transfer-encoding", "")).partition(";")[0].strip().lower()
        if encoding == "base64":
            return from_base64(raw)
        return quopri.decodestring(raw) if encoding == "quoted-printable" else raw

    def parts(self) -> Iterator[tuple[int, int]]:
        """Where the parts of a multipart begin and end (RFC 2046, 5.1.1); the last may lack its end."""
        delimiter = b"\n--" + self.boundary
        begin, position, misses = None, self.start - 1, 0
        while self.boundary and misses < PARTS:
            found = self._data.find(delimiter, max(position, 0), self.end)
            if found < 0:
                break
            position = found + len(delimiter)
            line_end = self._data.find(b"\n", position, self.end)
            rest = self._data[position : min(line_end, position + 100) if line_end >= 0 else self.end][:100].strip()
            if rest not in {b"", b"--"}:
                misses += 1  # another boundary that begins like this one
                continue
            if begin is not None:
                yield begin, found
            begin = None if rest or line_end < 0 else line_end + 1
            position = line_end if line_end >= 0 else self.end
            if rest:
                break
        if begin is not None:
            yield begin, self.end


def _read_fields(data: bytes, start: int, end: int) -> tuple[email.message.Message, int]:
    """Return the header fields that matter, and where the content begins."""
    headers = email.message.Message()
    limit = min(end, start + HEADER_BYTES)
    envelope = ENVELOPE_LINE.match(data, start, limit)
    position = envelope.end() if envelope else start
    while found := FIELD.match(data, position, limit):
        name = found[1].decode("ascii").lower()
        if name in KEPT_FIELDS and name not in headers:
            headers[name] = _unfolded(found[2])
        position = found.end()
    blank = BLANK_LINE.match(data, position, limit)
    return headers, blank.end() if blank else position


def _unfolded(value: bytes) -> str:
    value = value[: 2 * FIELD_LENGTH]
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    return " ".join(text.split())[:FIELD_LENGTH]


def _ask(question: Callable[[], t.Any]) -> t.Any:
    """Return what the standard library makes of a header field, C(None) if it chokes on it."""
    try:
        return question()
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, OSError):
        return None


def _shown(headers: email.message.Message) -> Headers:
    return Headers(
        message_id=_one_line(headers.get("message-id")),
        sender=_one_line(headers.get("from")),
        date=_ask(lambda: _in_utc(email.utils.parsedate_to_datetime(headers["date"]))),
        subject=_one_line(headers.get("subject")),
    )


def _in_utc(moment: datetime) -> datetime:
    """Return an instant in UTC; one without a zone is taken to be (RFC 5322, 3.3)."""
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _one_line(value: str | None) -> str | None:
    """Return a header field decoded (RFC 2047), as one line that can be printed."""
    if value is None:
        return None
    with suppress(ValueError, LookupError, TypeError, email.errors.HeaderParseError):
        value = str(email.header.make_header(email.header.decode_header(value)))
    printable = "".join(character if character.isprintable() else " " for character in value)
    return " ".join(printable.split())[:SHOWN_LENGTH] or None


class _Reader:
    """Goes through a message once and notes what it holds, within the bounds."""

    def __init__(self) -> None:
        self.candidates: dict[bytes, Candidate] = {}
        self.signs: set[str] = set()
        self._parts = PARTS
        self._text = TEXT_BYTES
        self._unpacked = ARCHIVE_BYTES

    def read_entity(self, data: bytes, depth: int) -> email.message.Message:
        """Read a message; returns its headers."""
        part = _Part(data, 0, len(data))
        self._read_part(part, data, depth)
        return part.headers

    def _read_part(self, part: _Part, data: bytes, depth: int) -> None:
        self._parts -= 1
        if depth > DEPTH or self._parts < 0:
            self.signs.add("too_large")
        elif part.content_type in SIGNATURES:
            pass  # its certificates are the sender's
        elif part.content_type == "multipart/encrypted":
            self.signs.add("encrypted")
        elif part.content_type.startswith("multipart/") and self._read_parts(part, data, depth):
            pass
        else:
            self._read_leaf(part, depth)

    def _read_parts(self, part: _Part, data: bytes, depth: int) -> bool:
        """Read the parts of a multipart; returns whether it has any."""
        default_type = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        found = False
        for start, end in part.parts():
            found = True
            self._read_part(_Part(data, start, end, default_type), data, depth + 1)
            if self._parts < 0:
                break
        if not found:
            self.signs.add("malformed")
        return found

    def _read_leaf(self, part: _Part, depth: int) -> None:
        content = part.content()
        if part.content_type in FORWARDED or part.file_name.lower().endswith(".eml"):
            self.read_entity(_with_line_ends(content), depth + 1)
        elif part.content_type in SIGNED and (signed := SIGNED_ENTITY.search(content)):
            self.read_entity(content[signed.start() :], depth + 1)  # the certificates behind it are the sender's
        elif part.is_body or part.content_type.startswith("multipart/"):
            self._read_body(content, part.charset, is_html=part.content_type == "text/html")
        else:
            self._read_file(content, part.charset, archived=False)

    def _read_body(self, content: bytes, charset: str, *, is_html: bool) -> None:
        text = self._decode(content, charset)
        plain = _without_tags(text) if is_html else text
        lower = plain.lower()
        if any(subject in lower for subject in SUBJECTS):
            self.signs.add("about_certificates")
            if APPROVAL.search(lower):
                self.signs.add("approval")
        if any(link in (text.lower() if is_html else lower) for link in LINKS):
            self.signs.add("link")
        self._read_text(plain, "inline_pem")

    def _read_file(self, content: bytes, charset: str, *, archived: bool) -> None:
        """Read an attachment, or a file from an archive, by what its bytes are."""
        if content.startswith(ARCHIVE_MAGIC):
            if not archived:
                self._read_archive(content)
        elif content.startswith(b"%PDF-") and b"/Encrypt" in content:
            self.signs.add("encrypted")
        elif is_der(content):
            self._read_der(content, "zip" if archived else None)
        elif len(content) <= DER_BYTES and BARE_BASE64.fullmatch(content):
            self._read_base64(content, "zip" if archived else None)
        elif b"BEGIN" in content or content.startswith(WIDE_TEXT):
            self._read_text(self._decode(content, charset), "zip" if archived else "pem")

    def _decode(self, content: bytes, charset: str) -> str:
        """Return text, as far as the bound on it allows."""
        if len(content) > self._text:
            self.signs.add("too_large")
        content = content[: self._text]
        self._text -= len(content)
        return _as_text(content, charset)

    def _read_text(self, text: str, form: Format) -> None:
        """Read the PEM blocks in a text, in whatever way mail programs have disfigured them."""
        if "BEGIN" not in text:
            return
        if not text.isascii():
            text = text.translate(TYPOGRAPHY)
        begin = None
        for marker in MARKER.finditer(text):
            label = " ".join(marker[2].replace(">", " ").replace("|", " ").split())
            if label == "PGP MESSAGE":
                self.signs.add("encrypted")
            if label not in CERTIFICATE_LABELS:
                continue
            if marker[1] == "BEGIN":
                if begin is not None:
                    self.signs.add("malformed")
                begin = marker.end()
            elif begin is not None:
                self._read_base64(QUOTATION.sub("", text[begin : marker.start()]).encode("ascii", "replace"), form)
                begin = None
            if len(self.candidates) >= CERTIFICATES:
                break
        if begin is not None:
            self.signs.add("malformed")

    def _read_base64(self, body: bytes, form: Format | None) -> None:
        if len(body) > 2 * DER_BYTES:
            self.signs.add("too_large")
        else:
            self._read_der(from_base64(body), form)

    def _read_der(self, data: bytes, form: Format | None) -> None:
        """Read a certificate or PKCS#7 structure; what follows it is left out."""
        der = data[: der_length(data)]
        if len(der) > DER_BYTES or len(self.candidates) >= CERTIFICATES:
            self.signs.add("too_large")
            return
        if any(oid in der[:64] for oid in ENVELOPED_DATA) or KEY_STORE.match(der):
            self.signs.add("encrypted")
            return
        try:
            certificates = certificates_in(der)
        except CertificatesError:
            self.signs.add("malformed")
            return
        for certificate in certificates[:CERTIFICATES]:
            form_here = form or "der"
            if certificate.der != der and form_here in {"pem", "der"}:
                form_here = "pkcs7"
            self.candidates.setdefault(certificate.der, Candidate(certificate, form_here))

    def _read_archive(self, content: bytes) -> None:
        """Read the files in a zip archive, in memory; archives in it are not followed."""
        if content.count(DIRECTORY_ENTRY) > ARCHIVE_ENTRIES:
            self.signs.add("too_large")
            return
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for entry in archive.infolist():
                    if not entry.is_dir():
                        self._read_entry(archive, entry)
        except ARCHIVE_ERRORS:
            self.signs.add("malformed")

    def _read_entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        if entry.flag_bits & ENCRYPTED_FLAG or entry.compress_type == AES:
            self.signs.add("encrypted")
            return
        allowed = min(DER_BYTES, self._unpacked, max(ARCHIVE_RATIO * entry.compress_size, 0))
        if entry.file_size > allowed:
            self.signs.add("too_large")
        elif entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            self.signs.add("malformed")  # the others unpack without bound
        else:
            try:
                with archive.open(entry) as file:
                    content = file.read(allowed + 1)  # the directory may lie
            except ARCHIVE_ERRORS:
                self.signs.add("malformed")
                return
            self._unpacked -= len(content)
            if len(content) > allowed:
                self.signs.add("too_large")
            else:
                self._read_file(content, "utf-8", archived=True)


def _as_text(content: bytes, charset: str) -> str:
    """Return text in whatever charset; one that does not fit is taken for one that extends ASCII."""
    if content.startswith(WIDE_TEXT) and not charset.lower().startswith(("utf-16", "utf-32")):
        charset = "utf-16"
    try:
        known = codecs.lookup(charset).name
        text = content.decode("utf-8" if known in UNSAFE_CODECS else known, "replace")
    except (LookupError, ValueError, TypeError):
        text = content.decode("latin-1")
    if b"BEGIN" in content and "BEGIN" not in text:
        text = content.decode("latin-1")
    return text


def _without_tags(text: str) -> str:
    """Return the text of HTML: where a tag begins a new line, a line break stands."""
    pieces = []
    position = 0
    while (start := text.find("<", position)) >= 0:
        pieces.append(text[position:start])
        tag = TAG.match(text, start)
        position = _tag_end(text, tag.end()) if tag else start + 1
        if not tag:
            pieces.append("<")
        elif (tag[1] or "").lower() in BLOCK_TAGS:
            pieces.append("\n")
    plain = "".join([*pieces, text[position:]])
    try:
        return html.unescape(plain)
    except ValueError:  # a character reference of more digits than Python makes a number of
        return plain


def _tag_end(text: str, position: int) -> int:
    """Return where a tag or comment ends, of which the beginning is read; a C(>) in the value of an attribute is no end."""
    if text.startswith("!--", position - 1):
        end = text.find("-->", position)
        return end + 3 if end >= 0 else len(text)
    while found := TAG_MARK.search(text, position):
        if found[0] == ">":
            return found.end()
        end = text.find(found[1], found.end())
        position = end + 1 if end >= 0 else found.end()
    return len(text)


# What was looked for, and where it was found


@dataclass(frozen=True)
class Wanted:
    """What to look for: an order, or whatever carries the public key of a CSR or private key."""

    public_key_sha256: str | None
    order_id: int | None = None
    common_name: str | None = None
    path: str | None = None
    exists: bool = True


MISSING = {
    "waiting_for_email": "No message with the certificate has come yet.",
    "no_public_key": "The API does not tell the order's CSR, so no certificate can be told to be the order's: look for it by csr_paths.",
    "not_found": "There is no such order, or the API user has no permission to see it.",
}


def why_missing(wanted: Wanted) -> dict[str, t.Any]:
    """Return the entry of what was not found, as the module returns it."""
    why_no_key = "no_public_key" if wanted.exists else "not_found"
    reason = "waiting_for_email" if wanted.public_key_sha256 else why_no_key
    return {
        "order_id": wanted.order_id,
        "common_name": wanted.common_name,
        "path": wanted.path,
        "public_key_sha256": wanted.public_key_sha256,
        "reason": reason,
        "message": MISSING[reason],
    }


@dataclass(frozen=True)
class Place:
    """Where a message lies: in a folder on a mail server, or in a file."""

    folder: str | None = None
    uid: int | None = None
    path: str | None = None


@dataclass(frozen=True)
class Collected:
    """A certificate, with the message it was found in."""

    found: Found
    headers: Headers
    place: Place

    def as_result(self, wanted: Wanted) -> dict[str, t.Any]:
        """Return it as the module returns it."""
        certificate = self.found.certificate
        facts = certificate.facts()
        return {
            **facts,
            "order_id": wanted.order_id,
            "common_name": wanted.common_name or facts["common_name"],
            "path": wanted.path,
            "certificate": certificate.pem(),
            "intermediate_certificate": pem_bundle(self.found.chain) or None,
            "source": {**_told(self.headers, self.place), "format": self.found.format},
        }


class Search:
    """Takes messages one by one and keeps, for each wanted public key, the newest certificate that is valid."""

    def __init__(self, keys: Collection[str]) -> None:
        self._keys = frozenset(keys)
        self.collected: dict[str, Collected] = {}
        self.unmatched: list[Mapping[str, t.Any]] = []
        self.unmatched_count = 0
        self.examined = 0

    @property
    def is_complete(self) -> bool:
        """Whether everything that was looked for is found."""
        return self._keys <= self.collected.keys()

    def examine(self, data: bytes, place: Place, at: datetime) -> None:
        """Look into a message, at the present instant: what was issued while a mailbox is waited on is valid by then."""
        message = read_message(data)
        self.examined += 1
        reason = why_not(message, self._keys, at)
        if reason:
            self._reject(message.headers, place, reason)
        for key, found in take(message, self._keys, at).items():
            best = self.collected.get(key)
            if best is None or _quality(found) > _quality(best.found):
                self.collected[key] = Collected(found, message.headers, place)

    def pass_over(self, beginning: bytes, place: Place) -> None:
        """Note a message that is too large to be looked into, of which only the beginning was read."""
        self.examined += 1
        self._reject(read_headers(beginning), place, "too_large")

    def _reject(self, headers: Headers, place: Place, reason: str) -> None:
        self.unmatched_count += 1
        if len(self.unmatched) < UNMATCHED:
            self.unmatched.append({**_told(headers, place), "reason": reason})


UNMATCHED = 1_000
"""How many messages without a wanted certificate are told of one by one."""


def _told(headers: Headers, place: Place) -> dict[str, t.Any]:
    return {
        "message_id": headers.message_id,
        "from": headers.sender,
        "date": iso(headers.date),
        "subject": headers.subject,
        "folder": place.folder,
        "uid": place.uid,
        "path": place.path,
    }
