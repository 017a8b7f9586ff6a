# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in files: zip, tar, gzip, uuencode. Private to softlayer.certificates.

Pure, in memory and within bounds: nothing is written anywhere, and what a file claims about its sizes is not believed.
Tar is read here and not by the standard library, which can be made to read a damaged archive without end; bzip2 and LZMA in
zip archives are unpacked here, since `zipfile` unpacks them without bound.
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

with suppress(ImportError):  # some builds of Python lack one of them
    import bz2
with suppress(ImportError):
    import lzma

ENTRIES = 100
"""Files in one archive."""
UNPACKED_BYTES = 8 * 1024 * 1024
"""Of all that is unpacked of one message's archives."""
FILE_BYTES = 1024 * 1024
"""Of one file that is unpacked."""
RATIO = 100
"""How much larger an entry may be than its packed form; certificates are hardly compressible."""
SMALLEST_ALLOWED = 10 * 1024
"""So much may any packed file become, whatever the ratio: an archive of small files is mostly zeros."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
GZIP_MAGIC = b"\x1f\x8b\x08"
DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED_FLAG = 0x1
AES = 99
LOCAL_HEADER = struct.Struct("<26xHH")
"""Of an entry: what stands before the lengths of its name and its extra field, which it ends with."""
LZMA_HEADER = struct.Struct("<2xHBL")
"""Before the data (APPNOTE, 5.8.8): the length of the properties, and those (lc, lp and pb in one byte, the size of the dictionary)."""
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
"""Files in zip archives that are documents or programs: OOXML, OpenDocument and EPUB, Java."""
TAR_BLOCK = 512
TAR_FILES = (b"0", b"\0", b"7")
"""Kinds of entries of tar that are plain files."""
UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
UU_LONGEST = 64
"""Characters of a line: one for its length, 60 for 45 bytes, and what mail programs append."""

Sign = t.Literal["too_large", "encrypted", "malformed", "document"]


@dataclass(frozen=True)
class File:
    """A file that was in another; its name is what that says, and may be anything."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Unread:
    """A file in an archive, packed in a way that is not known here."""

    name: str


class Unpacker:
    """Takes files out of the archives of one message, within bounds that hold for all of them together."""

    def __init__(self) -> None:
        self._left = UNPACKED_BYTES

    def unpack(self, name: str, content: bytes) -> Iterator[File | Unread | Sign]:
        """Yield the files in an archive, and what hinders others from being read."""
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
                    content = file.read(allowed + 1)  # the directory may lie
            else:
                return Unread(entry.filename)
        except ZIP_ERRORS:
            return "malformed"
        if unpack and len(content) <= allowed and zlib.crc32(content) != entry.CRC:
            return "malformed"
        return self._taken(entry.filename, content, allowed)

    def _gunzip(self, name: str, content: bytes) -> Iterator[File | Sign]:
        """Unpack what `gzip` made (RFC 1952): one file, or several one after the other, which are one."""
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
        """Read the plain files of a tar archive (POSIX.1-1988, and what came after); its content is there already."""
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
                yield "malformed"  # it was cut off
            elif size > FILE_BYTES:
                yield "too_large"
            else:
                name = header[:100].partition(b"\0")[0].decode("utf-8", "replace")
                yield File(name, content[start : start + size])
        yield "too_large"


def _packed(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """Return the data of an entry of a zip archive as they stand there."""
    name_length, extra_length = LOCAL_HEADER.unpack_from(data, entry.header_offset)
    start = entry.header_offset + LOCAL_HEADER.size + name_length + extra_length
    return data[start : start + entry.compress_size]


def _from_bzip2(packed: bytes, most: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(packed, most)


def _from_lzma(packed: bytes, most: int) -> bytes:
    """Unpack LZMA; a dictionary needs not be larger than what is unpacked."""
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
"""How the data of an entry are unpacked, up to so many bytes, by its method."""


def is_archive(content: bytes) -> bool:
    """Return whether a file is one that `Unpacker` takes files out of."""
    return content.startswith((*ZIP_MAGIC, GZIP_MAGIC)) or is_tar(content)


def is_tar(content: bytes) -> bool:
    """Return whether a file begins with a tar header: its checksum tells, and a name."""
    header = content[:TAR_BLOCK]
    stated = _tar_number(header[148:156]) if len(header) == TAR_BLOCK and header[0] else None
    return stated is not None and stated == sum(header[:148]) + 8 * ord(" ") + sum(header[156:])


def _tar_number(digits: bytes) -> int | None:
    """Return a number of a tar header, `None` if it is none: octal digits, or binary where they do not suffice."""
    if digits[:1] == b"\x80":
        return int.from_bytes(digits[1:], "big")
    try:
        return int(digits.strip(b" \0") or b"0", 8) if digits[:1] != b"-" else None
    except ValueError:
        return None


def uudecoded(content: bytes) -> Iterator[File]:
    """Yield the files that stand uuencoded in a text (POSIX.1-2017, uuencode): `begin`, lines, `end`."""
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
    """Return what the lines from a position on stand for, and where the first stands that is none of them."""
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
