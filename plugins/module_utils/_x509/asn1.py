# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and write parts of DER structures byte for byte (X.690, 8.1; RFC 5280, 4.1), because the library parses only entire structures.

Private to softlayer.certificates. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

SEQUENCE, OCTET_STRING, OBJECT_IDENTIFIER, INTEGER = 0x30, 0x04, 0x06, 0x02
VERSION, EXTENSIONS = 0xA0, 0xA3
"""Context-specific tags of the fields of a TBSCertificate."""
PARTS_BEFORE_KEY = 5
"""Number of fields between version and public key: serial number, signature, issuer, validity, and subject."""
LONG_TAG = 0x1F
MAX_IDENTIFIER_LENGTH = 60
"""Maximum length of an encoded object identifier, in bytes."""


@dataclass(frozen=True)
class Element:
    """A DER element: its tag, its content, and its complete encoding."""

    tag: int
    content: bytes = field(repr=False)
    der: bytes = field(repr=False)


def read_elements(data: bytes) -> Iterator[Element]:
    """Yield the elements of concatenated DER data.

    Raises:
        ValueError: if the data is damaged.
    """
    position = 0
    while position < len(data):
        start, tag = position, data[position]
        length = data[position + 1] if position + 1 < len(data) else LONG_TAG
        position += 2
        if length >= 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[position : position + count], "big")
            position += count
            if not 0 < count <= 4:
                raise ValueError("no definite length")
        if tag & LONG_TAG == LONG_TAG or position + length > len(data):
            raise ValueError("damaged")
        yield Element(tag, data[position : position + length], data[start : position + length])
        position += length


def wrap(tag: int, content: bytes) -> bytes:
    """Return the DER encoding of a tag with its content."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def read_public_key_info(tbs_certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a TBSCertificate, byte for byte.

    Raises:
        ValueError: if the TBSCertificate contains no public key.
    """
    parts = [part for part in _read_parts(tbs_certificate) if part.tag != VERSION]
    if len(parts) <= PARTS_BEFORE_KEY:
        raise ValueError("no public key")
    return parts[PARTS_BEFORE_KEY].der


def read_requested_key_info(request_info: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a CertificationRequestInfo, byte for byte (RFC 2986, 4.1).

    Raises:
        ValueError: if the data is damaged.
    """
    _version, _subject, info, *_attributes = _read_parts(request_info)
    return info.der


def replace_algorithm(private_key: bytes, info: bytes) -> bytes:
    """Return a SubjectPublicKeyInfo with the algorithm of an unencrypted PKCS#8 private key (RFC 5958, 2).

    Raises:
        ValueError: if the private key is not in PKCS#8 format.
    """
    version, algorithm_of_key, *_others = _read_parts(private_key)
    _algorithm, key = _read_parts(info)
    if version.tag != INTEGER:
        raise ValueError("no PKCS#8")
    return wrap(SEQUENCE, algorithm_of_key.der + key.der)


def read_algorithm(info: bytes) -> str:
    """Return the object identifier of the algorithm in a SubjectPublicKeyInfo.

    Raises:
        ValueError: if the data contains no algorithm.
    """
    [outer] = read_elements(info)
    inner = next(read_elements(outer.content), None)
    first = next(read_elements(inner.content), None) if inner else None
    if first is None or first.tag != OBJECT_IDENTIFIER:
        raise ValueError("no algorithm")
    return decode_identifier(first.content)


@dataclass(frozen=True)
class Extension:
    """A certificate extension: its object identifier, its value, and its complete encoding (RFC 5280, 4.1)."""

    oid: str
    value: bytes = field(repr=False)
    der: bytes = field(repr=False)

    def encode_with_value(self, value: bytes) -> bytes:
        """Return the DER encoding of the extension with another value."""
        identifier = next(read_elements(next(read_elements(self.der)).content)).der
        return wrap(SEQUENCE, identifier + wrap(OCTET_STRING, value))


def read_extensions(tbs_certificate: bytes) -> list[Extension]:
    """Return the extensions of a TBSCertificate.

    Raises:
        ValueError: if the data is damaged.
    """
    read = []
    lists = (
        listed
        for part in _read_parts(tbs_certificate)
        if part.tag == EXTENSIONS
        for listed in read_elements(part.content)
    )
    for extension in (extension for listed in lists for extension in read_elements(listed.content)):
        contents = {part.tag: part.content for part in read_elements(extension.content)}
        if OBJECT_IDENTIFIER not in contents or OCTET_STRING not in contents:
            raise ValueError("no extension")
        read.append(Extension(decode_identifier(contents[OBJECT_IDENTIFIER]), contents[OCTET_STRING], extension.der))
    return read


def decode_identifier(identifier: bytes) -> str:
    """Return an object identifier in dotted form (X.690, 8.19).

    Raises:
        ValueError: if the object identifier is invalid.
    """
    numbers, number = [], 0
    for byte in identifier:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    if not numbers or len(identifier) > MAX_IDENTIFIER_LENGTH:
        raise ValueError("no object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def isolate_extension(certificate: bytes, extension: bytes) -> bytes:
    """Return a certificate with only the given extension. The signature becomes invalid.

    Raises:
        ValueError: if the data is damaged.
    """
    [outer] = read_elements(certificate)
    tbs, *rest = read_elements(outer.content)
    kept = b"".join(part.der for part in read_elements(tbs.content) if part.tag != EXTENSIONS)
    only = wrap(EXTENSIONS, wrap(SEQUENCE, extension))
    return wrap(SEQUENCE, wrap(SEQUENCE, kept + only) + b"".join(part.der for part in rest))


def _read_parts(sequence: bytes) -> list[Element]:
    [outer] = read_elements(sequence)
    return list(read_elements(outer.content))
