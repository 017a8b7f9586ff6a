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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .._codes import SourceReason
from .._errors import CertificatesError
from .._files import LARGEST_FILE, read_file
from .._text import encodable, printable
from .._x509.certificate import Certificate
from .._x509.keys import read_key_store, read_private_key
from .._x509.pem import CERTIFICATE_LABELS, KEY_LABELS, begun_blocks, is_der, why_cut_off, why_none
from .._x509.read import read_certificates
from .base import File, FileContent, FileKind, Stamp, Trouble, broken_link, unreadable

LABELS = CERTIFICATE_LABELS | KEY_LABELS
"""Of the PEM blocks that matter here."""
CLOSED = CertificatesError(
    "bad_passphrase", "The PKCS#12 file cannot be opened: give its passphrase as privatekey_passphrase."
)


@dataclass(frozen=True)
class Parsed:
    """What a file contains, and what is wrong with it: even then a part of it may be readable."""

    certificates: tuple[Certificate, ...] = ()
    public_key_sha256: str | None = None
    wrong: CertificatesError | None = None


def parse(data: bytes, kind: FileKind, passphrase: str | None) -> Parsed:
    """Return what a file of this kind contains.

    Args:
        data: the file's content.
        kind: what the file is for.
        passphrase: of a private key or a PKCS#12 file.
    """
    if kind == "store":
        return _key_store(data, passphrase)
    begun, truncated = (labels & LABELS for labels in begun_blocks(data))
    key, certificates = Parsed(), Parsed()
    if kind in {"certificate", "chain"} or begun & CERTIFICATE_LABELS or (kind == "any" and is_der(data)):
        certificates = _tried(lambda: Parsed(tuple(read_certificates(data))))
    if (
        kind == "key"
        or (kind != "chain" and begun & KEY_LABELS)
        or (certificates.wrong and kind == "any" and is_der(data))
    ):
        key = _tried(lambda: Parsed(public_key_sha256=read_private_key(data, passphrase).public_key_sha256))
        if is_der(data) and key.public_key_sha256:
            return key
    wrong = key.wrong or certificates.wrong
    if wrong is None and truncated:
        wrong = CertificatesError("invalid_pem", why_cut_off(min(truncated)))
    if wrong is None and kind == "certificate" and not certificates.certificates and not key.public_key_sha256:
        wrong = CertificatesError("invalid_pem", why_none(data, "certificate", "certificate"))
    return Parsed(certificates.certificates, key.public_key_sha256, wrong)


def _tried(read: Callable[[], Parsed]) -> Parsed:
    try:
        return read()
    except CertificatesError as error:
        return Parsed(wrong=error)


def _key_store(data: bytes, passphrase: str | None) -> Parsed:
    try:
        store = read_key_store(data, passphrase)
    except CertificatesError as error:
        return Parsed(wrong=CLOSED if error.code == CLOSED.code else error)
    return Parsed(store.certificates, store.key.public_key_sha256 if store.key else None)


@dataclass
class Files:
    """Files of a source with their content."""

    passphrase: str | None = field(default=None, repr=False)
    _contents: dict[File, FileContent] = field(default_factory=dict, repr=False)
    _chains: dict[bytes, Parsed] = field(default_factory=dict, repr=False)

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
            return FileContent(file, trouble=_why_not_read(file.path, error), stamp=stamp)
        parsed = self._parsed(file.kind, data)
        has_key = parsed.public_key_sha256 is not None
        real_path = os.path.realpath(file.path) if has_key else file.path
        if not stamp == stamp_of(file.path) == stamp_of(real_path):
            message = f"{printable(file.path)} was being written: run this again when that has ended."
            return FileContent(file, trouble=Trouble("unreadable", message), stamp=stamp, is_changing=True)
        if has_key and encodable(real_path) != real_path:
            message = f"The path {printable(real_path)} is not in UTF-8: rename the file or its folder."
            return FileContent(file, parsed.certificates, trouble=Trouble("unreadable", message), stamp=stamp)
        trouble = _what_is_wrong(file.path, parsed.wrong)
        return FileContent(file, parsed.certificates, parsed.public_key_sha256, real_path, trouble, stamp)

    def _parsed(self, kind: FileKind, data: bytes) -> Parsed:
        """Return what is in a file; as most chains are the same, each is parsed only once."""
        if kind != "chain":
            return parse(data, kind, self.passphrase)
        digest = hashlib.sha256(data).digest()
        if digest not in self._chains:
            self._chains[digest] = parse(data, kind, None)
        return self._chains[digest]


def stamp_of(path: str) -> Stamp:
    """Return what changes when a file is written or replaced."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _what_is_wrong(path: str, wrong: CertificatesError | None) -> Trouble | None:
    if wrong is None:
        return None
    reason: SourceReason = "bad_passphrase" if wrong.code == "bad_passphrase" else "malformed"
    return Trouble(reason, f"{printable(path)}: {wrong.message}")


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
