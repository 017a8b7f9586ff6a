# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the files of a source, each once: which certificates and which key it contains. Private to softlayer.certificates.

What is kept of a private key is the hash of its public key.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .._errors import CertificatesError
from .._files import LARGEST_FILE, read_file
from .._text import encodable, printable
from .._x509.bundle import Bundle, Kind, Trouble, read_bundle
from .base import File, FileContent, Stamp, broken_link, unreadable

CLOSED = "The PKCS#12 file cannot be opened: give its passphrase as privatekey_passphrase."


@dataclass
class Files:
    """Files of a source with their content."""

    passphrase: str | None = field(default=None, repr=False)
    _contents: dict[File, FileContent] = field(default_factory=dict, repr=False)
    _chains: dict[bytes, Bundle] = field(default_factory=dict, repr=False)

    def content(self, file: File) -> FileContent:
        """Return a file's content, read when it is asked for the first time."""
        if file not in self._contents:
            self._contents[file] = self._read(file)
        return self._contents[file]

    def forget(self, files: Iterable[File]) -> None:
        """Let files be read again."""
        for file in files:
            self._contents.pop(file, None)

    def _read(self, file: File) -> FileContent:
        stamp = stamp_of(file.path)
        try:
            data = read_file(file.path)
        except CertificatesError as error:
            return FileContent(file, Bundle(trouble=_why_not_read(file.path, error)), stamp)
        bundle = self._parsed(file.kind, data)
        real_path = os.path.realpath(file.path) if bundle.key else file.path
        if not stamp == stamp_of(file.path) == stamp_of(real_path):
            message = f"{printable(file.path)} was being written: run this again when that has ended."
            return FileContent(file, Bundle(trouble=Trouble("unreadable", message)), stamp, is_changing=True)
        if bundle.key and encodable(real_path) != real_path:
            message = f"The path {printable(real_path)} is not in UTF-8: rename the file or its folder."
            return FileContent(file, replace(bundle, key=None, trouble=Trouble("unreadable", message)), stamp)
        key = bundle.key and replace(bundle.key, held=None, path=file.path, real_path=real_path)
        return FileContent(file, replace(bundle, key=key, trouble=_what_is_wrong(file, bundle.trouble)), stamp)

    def _parsed(self, kind: Kind, data: bytes) -> Bundle:
        """Return what is in a file; as most chains are the same, each is parsed only once."""
        if kind != "chain":
            return read_bundle(data, kind, self.passphrase)
        digest = hashlib.sha256(data).digest()
        if digest not in self._chains:
            self._chains[digest] = read_bundle(data, kind, None)
        return self._chains[digest]


def stamp_of(path: str) -> Stamp:
    """Return what changes when a file is written or replaced."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _what_is_wrong(file: File, trouble: Trouble | None) -> Trouble | None:
    if trouble is None:
        return None
    is_closed = trouble.reason == "bad_passphrase"
    message = CLOSED if is_closed and file.kind == "store" else trouble.message
    return Trouble("bad_passphrase" if is_closed else "malformed", f"{printable(file.path)}: {message}")


def _why_not_read(path: str, error: CertificatesError) -> Trouble | None:
    """Return why a file could not be read; `None` if there is nothing of this name."""
    try:
        status = os.stat(path)
    except (OSError, ValueError) as refusal:
        leads_nowhere = getattr(refusal, "errno", None) in {errno.ENOENT, errno.ELOOP}
        if not leads_nowhere:
            return unreadable("file", path, refusal)
        return broken_link(path) if os.path.islink(path) else None
    if not stat.S_ISREG(status.st_mode):
        return Trouble("not_a_file", error.message)
    if status.st_size > LARGEST_FILE:
        return Trouble("too_large", error.message)
    return Trouble("unreadable", f"{error.message} Let the user who runs this read it, and check the disk.")
