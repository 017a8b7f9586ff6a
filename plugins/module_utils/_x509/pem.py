# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extract the content of PEM, base64, and DER data. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import base64
import binascii
import re
import typing as t
from collections import Counter, deque
from collections.abc import Iterator

from .._base.errors import CertificatesError, Obstacle
from .._base.text import unescape_line_ends
from . import messages

ContentProblem: t.TypeAlias = Obstacle[t.Literal["invalid_pem"]]
"""The reason for rejecting data, for `messages.describe_problem`."""
PEM_LINE = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 #]+)(?=-----)")
"""The first or last line of a PEM block (RFC 7468). The next line may share its final hyphens."""
HYPHENS = 5
TRUSTED_LABEL = b"TRUSTED CERTIFICATE"
CERTIFICATE_LABELS = frozenset(
    {b"CERTIFICATE", b"X509 CERTIFICATE", TRUSTED_LABEL, b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"}
)
REQUEST_LABELS = frozenset({b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"})
TRADITIONAL_KEY_LABELS = frozenset({b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"DSA PRIVATE KEY"})
KEY_LABELS = TRADITIONAL_KEY_LABELS | {b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"}
KINDS = {
    "certificate": CERTIFICATE_LABELS,
    "private key": KEY_LABELS,
    "certificate signing request": REQUEST_LABELS,
}
"""The PEM labels of each kind of content."""
DER_SEQUENCE = b"\x30"
PKCS12_VERSION = b"\x02\x01\x03"
"""The DER encoding of the integer 3."""
NON_BASE64_BYTES = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def wrap_pem(label: bytes, der: bytes, headers: tuple[bytes, ...] = ()) -> bytes:
    encoded = base64.b64encode(der)
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return b"\n".join([b"-----BEGIN " + label + b"-----", *headers, *lines, b"-----END " + label + b"-----", b""])


def find_pem_blocks(data: bytes, labels: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the label and the body of each PEM block with one of the labels.

    Raises:
        CertificatesError: `invalid_pem` if a block starts inside another block.
    """
    blocks = [
        (label, unescape_line_ends(body))
        for label, body in find_all_pem_blocks(convert_to_ascii(data))
        if label in labels
    ]
    for label, body in blocks:
        if b"-----BEGIN" in body:
            raise CertificatesError("invalid_pem", messages.describe_problem(why_truncated(label)))
    return blocks


def find_all_pem_blocks(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the label and the body of each PEM block, in linear time."""
    lines = list(PEM_LINE.finditer(text))
    ends: dict[bytes, deque[int]] = {}
    for line in lines:
        if line[1] == b"END":
            ends.setdefault(line[2], deque()).append(line.start())
    position = 0
    for line in lines:
        label, begin = line[2], line.end() + HYPHENS
        if line[1] == b"END" or line.start() < position:
            continue
        mine = ends.get(label, deque())
        while mine and mine[0] < begin:
            mine.popleft()
        if mine:
            yield label, text[begin : mine[0]]
            position = mine[0] + len(b"-----END ") + len(label) + HYPHENS


def find_block_labels(data: bytes) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the labels of all PEM blocks, and of the truncated PEM blocks."""
    text = convert_to_ascii(data)
    begun = Counter(line[2] for line in PEM_LINE.finditer(text) if line[1] == b"BEGIN")
    return frozenset(begun), frozenset(begun - Counter(label for label, _body in find_all_pem_blocks(text)))


def why_missing(data: bytes, kind: str, given_as: str) -> ContentProblem:
    """Return the problem of data without the expected kind of content, or with a truncated block."""
    if not data.strip():
        return Obstacle("invalid_pem", {"given_as": given_as, "is_empty": True})
    begun, cut_off = find_block_labels(data)
    for label in sorted(cut_off & KINDS[kind]):
        return why_truncated(label, given_as)
    found = next((other for other, labels in KINDS.items() if begun & labels - KINDS[kind]), None)
    return Obstacle("invalid_pem", {"given_as": given_as, "kind": kind, "found": found})


def why_truncated(label: bytes, given_as: str | None = None) -> ContentProblem:
    """Return the problem of a truncated PEM block."""
    return Obstacle("invalid_pem", {"cut_off": label.decode(), "given_as": given_as})


def convert_to_ascii(data: bytes) -> bytes:
    """Return text as ASCII; UTF-16 from Windows editors is decoded."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode("ascii", "replace")
    return data


def decode_base64(data: bytes) -> bytes:
    """Return decoded base64 data (RFC 4648, 4), ignoring all other characters."""
    kept = data.translate(None, NON_BASE64_BYTES).partition(b"=")[0]  # a list's footer may follow the padding
    whole = kept[:-1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def is_der(data: bytes) -> bool:
    """Return whether data starts like a DER or BER sequence of more than 127 bytes (X.690, 8.1.3), unlike any UTF-8 text."""
    return data[:1] == DER_SEQUENCE and b"\x80" <= data[1:2] <= b"\x84"


def why_invalid_der(data: bytes, kind: str) -> ContentProblem:
    """Return the problem of DER data of another kind. PKCS#12 data starts with a sequence and version 3 (RFC 7292, 4)."""
    is_pkcs12 = is_der(data) and data[2 + (data[1] & 0x7F) :].startswith(PKCS12_VERSION)
    return Obstacle("invalid_pem", {"is_pkcs12": is_pkcs12, "not_der_of": kind})


def read_der_length(data: bytes) -> int:
    """Return the declared length of a DER structure, including its header (X.690, 8.1.3)."""
    first = data[1] if len(data) > 1 else 0
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    # If the length is indefinite (BER) or makes no sense, take everything.
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big") if 0 < count <= 4 else len(data)


def convert_to_bytes(text: object) -> bytes:
    """Return a template value as bytes. Ansible represents bytes that are not UTF-8 as surrogates.

    Raises:
        CertificatesError: `invalid_argument`; the message does not contain the value.
    """
    if isinstance(text, bytes):
        return text
    if isinstance(text, str):
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace")
    raise CertificatesError(
        "invalid_argument",
        f"A certificate or key must be the text of its file, not a value of the type {type(text).__name__}. Read the file with the "
        "lookup plugin ansible.builtin.file.",
    )
