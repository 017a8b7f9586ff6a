# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files in other files than zip archives, as other programs write them, and those that are made to do harm."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable

TNEF = b"\x78\x9f\x3e\x22" + bytes(200)
TNEF_WITH_CERTIFICATE = TNEF + b"\x02\x10\x80\x01\x00\x14\x00\x00\x00www_example_com.crt\x00\x54\x07"
"""With the attribute of an attachment's title (MS-OXTNEF, 2.1.3.3.12)."""
SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(200)
RAR = b"Rar!\x1a\x07\x01\x00" + bytes(200)
OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
OUTLOOK_MESSAGE = OFFICE.ljust(1_024, b"\0") + "__properties_version1.0".encode("utf-16-le") + bytes(2_000)
"""The beginning, and the name of the one stream that each message has (MS-OXMSG, 2.4)."""


def tarred(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A tar archive, with a folder and a link in it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as archive:
        folder, link = tarfile.TarInfo("example.com"), tarfile.TarInfo("example.com/passwd")
        folder.type, link.type, link.linkname = tarfile.DIRTYPE, tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(folder)
        archive.addfile(link)
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def gzipped(data: bytes) -> bytes:
    """A file as gzip packs it."""
    return gzip.compress(data, mtime=0)
