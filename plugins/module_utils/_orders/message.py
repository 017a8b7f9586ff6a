# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extract the certificates from the bytes of a message. Private to softlayer.certificates.

Pure. Anyone can send a message, so the code does not trust messages: no input raises an exception, and the constants in this
file and in the imported modules limit time and memory. Sender, subject, file names, and content types are used only to
describe a message.
"""

from __future__ import annotations

import email.message
import re
import typing as t
from dataclasses import dataclass

from .._base.errors import CertificatesError
from .._x509.certificate import Certificate
from .._x509.pem import decode_base64, is_der, read_der_length
from .._x509.read import parse_certificates
from .archives import COMPOUND_FILE, OUTLOOK_SUFFIX, ZIP_MAGIC, Unpacker, UnreadFile, detect_unread_file
from .message_parts import MAX_PARTS, NO_HEADERS, Headers, Part, format_headers, normalize_line_ends
from .message_text import (
    ANCHOR,
    BARE_BASE64,
    CERTIFICATE_LABELS,
    LINK,
    SAMPLE_BYTES,
    decode_text,
    detect_topic,
    detect_wide_charset,
    find_bare_blocks,
    find_pem_blocks,
    has_certificate_terms,
    remove_tags,
    shorten_text,
)

Format = t.Literal["inline_pem", "pem", "der", "pkcs7", "zip"]

MAX_DEPTH = 20
"""Maximum number of levels of nested multiparts and forwarded messages."""
MAX_ARCHIVE_DEPTH = 2
"""Maximum number of levels of nested archives: an archive, and the archives in the archive."""
MAX_SEARCHED_LENGTH = 1024 * 1024
"""Maximum number of characters of a message that are searched for certificates line by line."""
MAX_DER_BYTES = 1024 * 1024
"""Maximum size of all different certificates and PKCS#7 structures of a message together. Parsing takes up to a hundred times the size in
memory."""
MAX_CERTIFICATES = 500
"""Maximum number of certificates per message."""
MAX_BARE_BLOCKS = 20
"""Maximum number of base64 blocks without PEM's begin and end lines in one text."""
MAX_BARE_LENGTH = 64 * 1024
"""Maximum number of characters of a base64 block without PEM's begin and end lines."""

SIGNATURE_TYPES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
SIGNED_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SIGNED_ENTITY = re.compile(rb"Content-Type[ \t]*:", re.IGNORECASE)
"""Beginning of signed content (RFC 8551, 3.5.2)."""
OUTLOOK_TYPE = "application/vnd.ms-outlook"
FORWARDED_TYPES = frozenset({"message/rfc822", "message/global"})
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
HTML_SUFFIXES = (".html", ".htm", ".xhtml")
ENVELOPED_DATA = (bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("060b2a864886f70d0109100117"))
"""OIDs of CMS enveloped-data (RFC 5652, 6) and authenticated-enveloped-data (RFC 5083)."""
KEY_STORE = re.compile(rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...)\x02\x01\x03\x30", re.DOTALL)
"""Beginning of PKCS#12 (RFC 7292, 4): version 3, then another sequence."""


@dataclass(frozen=True)
class Candidate:
    """A certificate in a message, and the format of the first copy."""

    certificate: Certificate
    format: Format


@dataclass(frozen=True)
class Message:
    """The content of a message.

    `signs` are possible reasons for a missing certificate: `encrypted`, `too_large`, `malformed`, `unsupported`, `outlook`,
    `approval`, `issued`, and `link`. `unread_name` is the name of the file with an unsupported format.
    """

    headers: Headers
    candidates: tuple[Candidate, ...]
    signs: frozenset[str]
    unread_name: str = ""


def read_message(data: bytes) -> Message:
    """Return the content of a message (RFC 5322, RFC 2045 to 2049). Any bytes are valid input."""
    reader = _Reader()
    if data.startswith(COMPOUND_FILE):
        return Message(NO_HEADERS, (), frozenset({"unsupported", "outlook"}))
    headers = format_headers(reader.read_entity(normalize_line_ends(data), depth=0))
    in_context = has_certificate_terms(headers.subject or "") or reader.is_about_certificates
    names = [file.name for file in reader.unread if file.can_contain_certificate(in_context=in_context)]
    signs = {"unsupported": bool(names), "outlook": any(file.kind == "message" for file in reader.unread)}
    reader.signs |= {sign for sign, is_there in signs.items() if is_there}
    candidates = tuple(reader.candidates.values())
    return Message(headers, candidates, frozenset(reader.signs), names[0] if names else "")


class _Reader:
    """A reader that records the content of one message, within the limits."""

    def __init__(self) -> None:
        self.candidates: dict[bytes, Candidate] = {}
        self.signs: set[str] = set()
        self._parts = MAX_PARTS
        self._text = MAX_SEARCHED_LENGTH
        self._der = MAX_DER_BYTES
        self._structures: set[bytes] = set()
        self._unpacker = Unpacker()
        self.unread: list[UnreadFile] = []
        self.is_about_certificates = False
        self._subject = ""

    def read_entity(self, data: bytes, depth: int) -> email.message.Message:
        """Read a message and return the headers."""
        part, above = Part(data, 0, len(data)), self._subject
        self._subject = format_headers(part.headers).subject or ""
        self._read_part(part, data, depth)
        self._subject = above
        return part.headers

    def _read_part(self, part: Part, data: bytes, depth: int) -> None:
        self._parts -= 1
        if depth > MAX_DEPTH or self._parts < 0:
            self.signs.add("too_large")
        elif part.content_type in SIGNATURE_TYPES:
            pass  # its certificates belong to the sender
        elif part.content_type == "multipart/encrypted":
            self.signs.add("encrypted")
        elif not part.content_type.startswith("multipart/"):
            self._read_leaf(part, depth)
        else:
            default_type = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
            has_parts = False
            for start, end in part.find_parts():
                has_parts = True
                self._read_part(Part(data, start, end, default_type), data, depth + 1)
                if self._parts < 0:
                    break
            if not has_parts:
                self.signs.add("malformed")
                self._read_leaf(part, depth)

    def _read_leaf(self, part: Part, depth: int) -> None:
        content = part.decode_content()
        if part.content_type in FORWARDED_TYPES or part.file_name.lower().endswith(".eml"):
            self.read_entity(normalize_line_ends(content), depth + 1)
        elif part.content_type in SIGNED_TYPES and (signed := SIGNED_ENTITY.search(content)):
            self.read_entity(content[signed.start() :], depth + 1)  # the certificates after it belong to the sender
        elif part.is_body or part.content_type.startswith("multipart/"):
            self._read_body(content, part.charset, "inline_pem", is_html=part.content_type in HTML_TYPES)
        else:
            is_html = part.content_type in HTML_TYPES
            name = part.file_name + OUTLOOK_SUFFIX * (part.content_type == OUTLOOK_TYPE)
            self._read_file(name, content, part.charset, level=0, is_html=is_html)

    def _read_body(self, content: bytes, charset: str, form: Format, *, is_html: bool) -> None:
        text = self._decode(content, charset)
        plain = remove_tags(text) if is_html else text
        self.is_about_certificates |= has_certificate_terms(plain)
        if topic := detect_topic(f"{self._subject}.\n{plain}"):
            self.signs.add(topic)
        if LINK.search(plain) or (is_html and ANCHOR.search(text)):
            self.signs.add("link")
        self._read_text(plain, form)

    def _read_file(self, name: str, content: bytes, charset: str, *, level: int, is_html: bool = False) -> None:
        """Read an attachment, or a file at this level of nested archives. The bytes determine the format."""
        if content.startswith(ZIP_MAGIC):
            if level == MAX_ARCHIVE_DEPTH:
                self.signs.add("too_large")
                return
            for item in self._unpacker.unpack(name, content):
                if isinstance(item, UnreadFile):
                    self.unread.append(item)
                elif isinstance(item, str):
                    self.signs.add(item)
                else:
                    self._read_file(*item, "utf-8", level=level + 1)
        elif content.startswith(b"%PDF-") and b"/Encrypt" in content:
            self.signs.add("encrypted")
        elif is_der(content):
            self._read_der(content, "zip" if level else None)
        elif len(content) <= MAX_DER_BYTES and BARE_BASE64.fullmatch(content):
            self._read_base64(content, "zip" if level else None)
        elif is_html or name.lower().endswith(HTML_SUFFIXES):
            self._read_body(content, charset, "zip" if level else "pem", is_html=True)
        elif unread := detect_unread_file(name, content):
            self.unread.append(unread)
        elif (
            b"BEGIN" in content or detect_wide_charset(content) or b"\0" not in content[:SAMPLE_BYTES]
        ):  # binary files contain zeros
            self._read_text(self._decode(content, charset), "zip" if level else "pem")
        elif name.lower().endswith(OUTLOOK_SUFFIX):
            self.unread.append(UnreadFile(name, "message"))

    def _decode(self, content: bytes, charset: str) -> str:
        """Return the decoded text, truncated to the limit for a message."""
        text, is_all = shorten_text(decode_text(content, charset), self._text)
        if not is_all:
            self.signs.add("too_large")
        self._text -= len(text)
        return text

    def _read_text(self, text: str, form: Format) -> None:
        """Read the certificates in a text: PEM, then bare base64."""
        for block in find_pem_blocks(text):
            if block.label == "PGP MESSAGE":
                self.signs.add("encrypted")
            if block.label not in CERTIFICATE_LABELS:
                continue
            if block.body is None:
                self.signs.add("malformed")
            else:
                self._read_base64(block.body, form)
            if len(self.candidates) >= MAX_CERTIFICATES:
                break
        for body in find_bare_blocks(text, MAX_BARE_BLOCKS, MAX_BARE_LENGTH):
            self._read_der(decode_base64(body), form, is_guess=True)

    def _read_base64(self, body: bytes, form: Format | None) -> None:
        if len(body) > 2 * MAX_DER_BYTES:
            self.signs.add("too_large")
        else:
            self._read_der(decode_base64(body), form)

    def _read_der(self, data: bytes, form: Format | None, *, is_guess: bool = False) -> None:
        """Record the certificates of a certificate or PKCS#7 structure, once per structure. Trailing bytes are ignored.

        With `is_guess`, problems are ignored.
        """
        length = read_der_length(data)
        der = data[:length]
        if der in self._structures or (is_guess and len(der) < length):
            return
        self._structures.add(der)
        self._der -= len(der)
        if self._der < 0 or len(self.candidates) >= MAX_CERTIFICATES:
            self.signs.add("too_large")
            return
        if any(oid in der[:64] for oid in ENVELOPED_DATA) or KEY_STORE.match(der):
            self.signs.add("encrypted")
            return
        try:
            certificates = parse_certificates(der)
        except CertificatesError:
            self.signs |= set() if is_guess else {"malformed"}
            return
        for certificate in certificates[:MAX_CERTIFICATES]:
            form_here = form or "der"
            if certificate.der != der and form_here in {"pem", "der"}:
                form_here = "pkcs7"
            self.candidates.setdefault(certificate.der, Candidate(certificate, form_here))
