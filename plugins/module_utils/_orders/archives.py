# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read files from zip archives, and recognize files that are not supported. Private to softlayer.certificates.

Pure, in memory, and with limits: the code writes nothing to disk and does not trust the sizes that a file declares. Only the usual
compression methods are read, because `zipfile` unpacks other methods without a limit.
"""

from __future__ import annotations

import io
import re
import struct
import typing as t
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAX_ENTRIES = 100
"""Maximum number of files in one archive."""
MAX_UNPACKED_BYTES = 8 * 1024 * 1024
"""Maximum size of all files unpacked from one message's archives."""
MAX_FILE_BYTES = 1024 * 1024
"""Maximum size of one unpacked file."""
MAX_RATIO = 100
"""Maximum size of an entry, as a multiple of the packed size; certificates hardly compress."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
DIRECTORY_ENTRY = b"PK\x01\x02"
ENCRYPTED_FLAG = 0x1
AES_METHOD = 99
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
"""Exceptions that `zipfile` raises for damaged archives."""
DOCUMENT_ENTRIES = frozenset({"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"})
"""Names of files that identify a zip archive as a document or a program: OOXML, OpenDocument and EPUB, Java."""
TNEF = b"\x78\x9f\x3e\x22"
"""First bytes of `winmail.dat`, Outlook's container for attachments (MS-OXTNEF, 2.1.3.1)."""
WRAPPED_NAME = re.compile(rb"\.(?:crt|cer|pem|der|p7b|ca-bundle|zip)\0", re.IGNORECASE)
"""End of an attachment's name in `winmail.dat` if the attachment may contain a certificate."""
TAR_MAGIC, TAR_MAGIC_OFFSET = b"ustar", 257
ARCHIVE_SIGNATURES = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b",  # gzip
    b"\xfd7zXZ\x00",
    b"\x5d\x00\x00",  # LZMA
    *(b"BZh%d1AY&SY" % level for level in range(1, 10)),  # bzip2
    b"\x28\xb5\x2f\xfd",  # Zstandard
    b"MSCF",
    TNEF,
)
COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OUTLOOK_SUFFIX = ".msg"
OUTLOOK_STREAM = "__properties_version1.0".encode("utf-16-le")
"""Bytes in every message of Outlook's own format (MS-OXMSG, 2.4)."""
DOCUMENT_SIGNATURES = (
    COMPOUND_FILE,  # Office before 2007, installers
    b"%PDF-",
    b"{\\rtf",
    b"\xfe\xed\xfe\xed",  # Java key stores
)
CERTIFICATE_NAME = re.compile(
    r"cert|zert|ssl|tls|csr|key ?store|(?<![a-z0-9])(?:crt|cer|pem|der|p7b|jks)(?![a-z0-9])|ca[-_]?bundle|^(?:www|star|wildcard)[._]"
)
"""Pattern of lowercase names of files that may contain a certificate."""

File: t.TypeAlias = "tuple[str, bytes]"
"""The name and content of an attachment, or of a file in an archive. The sender chooses the name, so any name is possible."""
Sign = t.Literal["too_large", "encrypted", "malformed"]
UnreadKind = t.Literal["archive", "document", "message"]


@dataclass(frozen=True)
class UnreadFile:
    """A file with an unsupported format or compression method."""

    name: str
    kind: UnreadKind

    def can_contain_certificate(self, *, in_context: bool) -> bool:
        """Return whether the file may contain a certificate. `in_context`: whether the message is about certificates.

        All kinds of messages have documents as attachments. The topic of an unsupported message is unknown.
        """
        return (
            self.kind == "message"
            or bool(CERTIFICATE_NAME.search(self.name[:1_000].lower()))
            or (self.kind == "archive" and in_context)
        )


class Unpacker:
    """An unpacker for the archives of one message. The limits apply to all archives together."""

    def __init__(self) -> None:
        self._left = MAX_UNPACKED_BYTES

    def unpack(self, name: str, content: bytes) -> Iterator[File | UnreadFile | Sign]:
        """Yield the files in an archive, and a sign for each unreadable file."""
        if content.count(DIRECTORY_ENTRY) > MAX_ENTRIES:
            yield "too_large"
            return
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                entries = archive.infolist()
                if any(entry.filename in DOCUMENT_ENTRIES for entry in entries):
                    yield UnreadFile(name, "document")
                for entry in entries:
                    if not entry.is_dir():
                        yield self._unzip_entry(archive, entry)
        except ZIP_ERRORS:
            yield "malformed"

    def _unzip_entry(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> File | UnreadFile | Sign:
        if entry.flag_bits & ENCRYPTED_FLAG or entry.compress_type == AES_METHOD:
            return "encrypted"
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            return UnreadFile(entry.filename, "archive")
        allowed = min(MAX_FILE_BYTES, self._left, max(MAX_RATIO * entry.compress_size, 0))
        if entry.file_size > allowed:
            return "too_large"
        try:
            with archive.open(entry) as file:
                content = file.read(allowed + 1)  # the declared size may be wrong
        except ZIP_ERRORS:
            return "malformed"
        self._left -= len(content)
        return "too_large" if len(content) > allowed else (entry.filename, content)


def detect_unread_file(name: str, content: bytes) -> UnreadFile | None:
    """Return the `UnreadFile` for a file of a known unsupported format, named after the wrapped attachment, or else `None`."""
    if wrapped := WRAPPED_NAME.search(content) if content.startswith(TNEF) else None:
        inner = content[max(0, wrapped.start() - 100) : wrapped.end() - 1].rpartition(b"\0")[2]
        name = f"{inner.decode('ascii', 'replace')} in {name}"
    if content.startswith(COMPOUND_FILE) and (name.lower().endswith(OUTLOOK_SUFFIX) or OUTLOOK_STREAM in content):
        return UnreadFile(name, "message")
    if content.startswith(ARCHIVE_SIGNATURES) or content.startswith(TAR_MAGIC, TAR_MAGIC_OFFSET):
        return UnreadFile(name, "archive")
    return UnreadFile(name, "document") if content.startswith(DOCUMENT_SIGNATURES) else None
