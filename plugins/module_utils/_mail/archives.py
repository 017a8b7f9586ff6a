# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in files: zip, tar, gzip, uuencode. Private to softlayer.certificates.

Pure, in memory and with limits: nothing is written to disk, and the sizes that a file declares are not trusted.
Tar is read here because the standard library can be made to read a damaged archive without end. bzip2 and LZMA in zip
archives are unpacked here because `zipfile` unpacks them without a limit.
"""

from __future__ import annotations

import binascii
import io
import re
import struct
import typing as t
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

with suppress(ImportError):  # some builds of Python do not have all of them
    import bz2
with suppress(ImportError):
    import lzma

ENTRIES = 100
"""Files in one archive."""
UNPACKED_BYTES = 8 * 1024 * 1024
"""For everything unpacked from one message's archives."""
FILE_BYTES = 1024 * 1024
"""For one unpacked file."""
RATIO = 100
"""Maximum size of an entry, as a multiple of its packed size; certificates hardly compress."""
SMALLEST_ALLOWED = 10 * 1024
"""Bytes that any packed file may unpack to, whatever the ratio: an archive of small files is mostly zeros."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
GZIP_MAGIC = b"\x1f\x8b\x08"
DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED_FLAG = 0x1
AES = 99
LOCAL_HEADER = struct.Struct("<26xHH")
"""Header of an entry in zip: the bytes up to the lengths of its name and its extra field, and these lengths at its end."""
LZMA_HEADER = struct.Struct("<2xHBL")
"""In front of the data (APPNOTE, 5.8.8): the length of the properties, and the properties (lc, lp and pb in one byte, dictionary size)."""
SMALLEST_DICTIONARY = 4096
ZIP_ERRORS = (
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
"""What `zipfile` raises on damaged archives."""
DOCUMENT_ENTRIES = frozenset({"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"})
"""Files that show that a zip archive is a document or a program: OOXML, OpenDocument and EPUB, Java."""
TAR_BLOCK = 512
TAR_FILES = (b"0", b"\0", b"7")
"""Types of tar entries that are plain files."""
UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
UU_LONGEST = 64
"""Characters of a line: one for its length, 60 for 45 bytes, and what mail programs append."""

Sign = t.Literal["too_large", "encrypted", "malformed", "document"]


@dataclass(frozen=True)
class File:
    """A file from an archive. Its name is the one in the archive, and may be anything."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Unread:
    """A file in an archive, packed with a method that this module does not know."""

    name: str


class Unpacker:
    """Unpacks the archives of one message, with limits that apply to all of them together."""

    def __init__(self) -> None:
        self._left = UNPACKED_BYTES

    def unpack(self, name: str, content: bytes) -> Iterator[File | Unread | Sign]:
        """Yield the files in an archive, and the signs why others cannot be read."""
        if content.startswith(ZIP_MAGIC):
            yield from self._unzip(content)
        elif content.startswith(GZIP_MAGIC):
            yield from self._gunzip(name, content)
        else:
            yield from self._untar(content)

    def _allowed(self, packed: int) -> int:
        return min(FILE_BYTES, self._left, max(RATIO * packed, 0))

    def _unzip(self, content: bytes) -> Iterator[File | Unread | Sign]:
        if content.count(DIRECTORY_ENTRY) > ENTRIES:
            yield "too_large"
            return
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                entries = archive.infolist()
                if any(entry.filename in DOCUMENT_ENTRIES for entry in entries):
                    yield "document"
                for entry in entries:
                    if not entry.is_dir():
                        yield self._unzip_entry(archive, entry, content)
        except ZIP_ERRORS:
            yield "malformed"

    def _unzip_entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> File | Unread | Sign:
        if entry.flag_bits & ENCRYPTED_FLAG or entry.compress_type == AES:
            return "encrypted"
        allowed = self._allowed(entry.compress_size)
        if entry.file_size > allowed:
            return "too_large"
        unpack = UNPACKERS.get(entry.compress_type)
        try:
            if unpack:
                content = unpack(_packed(data, entry), allowed + 1)
            elif entry.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                with archive.open(entry) as file:
                    content = file.read(allowed + 1)  # the declared size may be wrong
            else:
                return Unread(entry.filename)
        except ZIP_ERRORS:
            return "malformed"
        if unpack and len(content) <= allowed and zlib.crc32(content) != entry.CRC:
            return "malformed"
        return self._taken(entry.filename, content, allowed)

    def _gunzip(self, name: str, content: bytes) -> Iterator[File | Sign]:
        """Unpack a `gzip` file (RFC 1952): one file, or several in sequence, which together make one."""
        allowed = min(self._left, max(RATIO * len(content), SMALLEST_ALLOWED))
        pieces: list[bytes] = []
        size = 0
        while content.startswith(GZIP_MAGIC) and size <= allowed:
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                pieces.append(unpacker.decompress(content, allowed + 1 - size))
            except zlib.error:
                yield "malformed"
                return
            size += len(pieces[-1])
            if not unpacker.eof and size <= allowed:
                yield "malformed"  # its end is missing
                break
            content = unpacker.unused_data
            if len(pieces) > ENTRIES:
                yield "too_large"
                return
        inner = name[: -len(".gz")] if name.lower().endswith(".gz") else name
        yield self._taken(inner, b"".join(pieces), allowed)

    def _taken(self, name: str, content: bytes, allowed: int) -> File | Sign:
        self._left -= len(content)
        return "too_large" if len(content) > allowed else File(name, content)

    def _untar(self, content: bytes) -> Iterator[File | Sign]:
        """Read the plain files of a tar archive (POSIX.1-1988 and later); its content is already in memory."""
        position = 0
        for _entry in range(ENTRIES):
            header = content[position : position + TAR_BLOCK]
            if len(header) < TAR_BLOCK or not header.strip(b"\0"):
                return
            size = _tar_number(header[124:136])
            if size is None or not is_tar(header):
                yield "malformed"
                return
            start = position + TAR_BLOCK
            position = start + -(-size // TAR_BLOCK) * TAR_BLOCK
            if header[156:157] not in TAR_FILES:
                continue
            if start + size > len(content):
                yield "malformed"  # it is truncated
            elif size > FILE_BYTES:
                yield "too_large"
            else:
                name = header[:100].partition(b"\0")[0].decode("utf-8", "replace")
                yield File(name, content[start : start + size])
        yield "too_large"


def _packed(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Return the packed data of an entry of a zip archive."""
    name_length, extra_length = LOCAL_HEADER.unpack_from(data, entry.header_offset)
    start = entry.header_offset + LOCAL_HEADER.size + name_length + extra_length
    return data[start : start + entry.compress_size]


def _from_bzip2(packed: bytes, most: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(packed, most)


def _from_lzma(packed: bytes, most: int) -> bytes:
    """Unpack LZMA; a dictionary larger than the unpacked data is never needed."""
    length, properties, dictionary = LZMA_HEADER.unpack_from(packed)
    positions, literals = divmod(properties, 9)
    how = {
        "id": lzma.FILTER_LZMA1,
        "lc": literals,
        "lp": positions % 5,
        "pb": positions // 5,
        "dict_size": max(min(dictionary, most), SMALLEST_DICTIONARY),
    }
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[how]).decompress(packed[4 + length :], most)
    except lzma.LZMAError:
        raise ValueError from None


UNPACKERS: dict[int, t.Callable[[bytes, int], bytes]] = {
    **({zipfile.ZIP_BZIP2: _from_bzip2} if "bz2" in globals() else {}),
    **({zipfile.ZIP_LZMA: _from_lzma} if "lzma" in globals() else {}),
}
"""By compression method: the function that unpacks an entry's data, up to a number of bytes."""


def is_archive(content: bytes) -> bool:
    """Return whether `Unpacker` can unpack a file."""
    return content.startswith((*ZIP_MAGIC, GZIP_MAGIC)) or is_tar(content)


def is_tar(content: bytes) -> bool:
    """Return whether a file begins with a tar header: it has a name and the right checksum."""
    header = content[:TAR_BLOCK]
    stated = _tar_number(header[148:156]) if len(header) == TAR_BLOCK and header[0] else None
    return stated is not None and stated == sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def _tar_number(digits: bytes) -> int | None:
    """Return a number from a tar header (octal digits, or binary for large numbers), or `None` if it is not valid."""
    if digits[:1] == b"\x80":
        return int.from_bytes(digits[1:], "big")
    try:
        return int(digits.strip(b" \0") or b"0", 8) if digits[:1] != b"-" else None
    except ValueError:
        return None


def uudecoded(content: bytes) -> Iterator[File]:
    """Yield the uuencoded files in a text (POSIX.1-2017, uuencode): `begin`, lines, `end`."""
    position = 0
    while found := UU_BEGIN.search(content, position):
        name = found[1].decode("utf-8", "replace").strip()
        if found[0].startswith(b"begin-"):
            end = content.find(b"\n====", found.end() - 1)
            position = len(content) if end < 0 else end + 1
            encoded = content[found.end() : position]
            decoded = _from_base64_lines(encoded)
        else:
            decoded, position = _uudecode(content, found.end())
        if decoded:
            yield File(name, decoded)


def _from_base64_lines(encoded: bytes) -> bytes:
    try:
        return binascii.a2b_base64(encoded)
    except binascii.Error:
        return b""


def _uudecode(content: bytes, position: int) -> tuple[bytes, int]:
    """Return the bytes that the lines from a position on encode, and the position of the first line that is not encoded."""
    decoded = bytearray()
    while position < len(content):
        line_end = content.find(b"\n", position, position + UU_LONGEST + 2)
        end = line_end if line_end >= 0 else len(content)
        line = content[position:end].rstrip()
        length = (line[0] - 32) & 63 if line and 32 < line[0] <= 96 else 0
        if not length or end - position > UU_LONGEST:
            break
        try:
            decoded.extend(binascii.a2b_uu(line[: 1 + (length * 4 + 5) // 3]))
        except binascii.Error:
            break
        position = end + 1
    return bytes(decoded), min(position, len(content))
