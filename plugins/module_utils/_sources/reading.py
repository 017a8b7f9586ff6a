# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the files of a source, each once. Private to softlayer.certificates.

What is kept of a private key is the hash of its public key.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._codes import SourceReason
from .._errors import CertificatesError
from .._files import LARGEST_FILE, read_file
from .._text import printable
from .._x509.certificate import Certificate
from .._x509.keys import read_key_store, read_private_key
from .._x509.pem import CERTIFICATE_LABELS, KEY_LABELS, PEM_LINE, any_pem_blocks, as_ascii, is_der
from .._x509.read import read_certificates
from .base import Content, File, Stamp, Trouble, broken_link, unreadable

LABELS = CERTIFICATE_LABELS | KEY_LABELS
"""Of the PEM blocks that matter here."""


@dataclass
class Files:
    """Files of a source with their content."""

    passphrase: str | None = field(default=None, repr=False)
    keys_are_used: bool = False
    """Whether the numbers of RSA keys are to be checked, too."""
    _contents: dict[File, Content] = field(default_factory=dict, repr=False)
    _certificates: dict[Certificate, Certificate] = field(default_factory=dict, repr=False)

    def content(self, file: File) -> Content:
        """Return a file's content, read when it is asked for the first time."""
        if file not in self._contents:
            self._contents[file] = self._read(file)
        return self._contents[file]

    def forget(self, files: Iterable[File]) -> None:
        """Let files be read again."""
        for file in files:
            self._contents.pop(file, None)

    def _read(self, file: File) -> Content:
        stamp = stamp_of(file.path)
        try:
            data = read_file(file.path)
        except CertificatesError as error:
            return Content(file, trouble=_why_not_read(file.path, error), stamp=stamp)
        is_changing = stamp_of(file.path) != stamp
        certificates, public_key, wrong = self._parse(file, data)
        trouble = None
        if wrong is not None:
            reason: SourceReason = "bad_passphrase" if wrong.code == "bad_passphrase" else "malformed"
            trouble = Trouble(reason, f"{printable(file.path)}: {wrong.message}")
        shared = tuple(self._certificates.setdefault(one, one) for one in certificates)
        return Content(file, shared, public_key, trouble, stamp, is_changing)

    def _parse(self, file: File, data: bytes) -> tuple[list[Certificate], str | None, CertificatesError | None]:
        """Return the certificates, the key, and what is wrong with either."""
        certificates: list[Certificate] = []
        public_key, wrong = None, None
        if file.kind == "store":
            return self._key_store(data)
        begun, lacking = _labels(data)
        if file.kind == "key" or begun & KEY_LABELS or (file.kind == "any" and is_der(data)):
            try:
                key = read_private_key(data, self.passphrase, is_for_use=self.keys_are_used)
                public_key = key.public_key_sha256
            except CertificatesError as error:
                wrong = error
        if (
            file.kind in {"certificate", "chain"}
            or begun & CERTIFICATE_LABELS
            or (wrong and not begun and is_der(data))
        ):
            try:
                certificates = read_certificates(data)
                if certificates and not begun:
                    wrong = None
            except CertificatesError as error:
                wrong = wrong or error
            if file.kind == "certificate" and not certificates and not public_key and wrong is None:
                wrong = CertificatesError(
                    "invalid_pem", "There is no certificate in it. Take the file anew from its source."
                )
        if wrong is None and lacking:
            wrong = CertificatesError(
                "invalid_pem", "A PEM block lacks its last line: take the file anew from its source."
            )
        return certificates, public_key, wrong

    def _key_store(self, data: bytes) -> tuple[list[Certificate], str | None, CertificatesError | None]:
        try:
            store = read_key_store(data, self.passphrase)
        except CertificatesError as error:
            if error.code != "bad_passphrase":
                return [], None, error
            return (
                [],
                None,
                CertificatesError(
                    error.code, "The PKCS#12 file cannot be opened: give its passphrase as privatekey_passphrase."
                ),
            )
        return list(store.certificates), store.key.public_key_sha256 if store.key else None, None


def stamp_of(path: str) -> Stamp:
    """Return what changes when a file is written or replaced."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _labels(data: bytes) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the labels of PEM blocks that begin in a text, as far as they matter, and those that do not end as often."""
    text = as_ascii(data)
    begun = Counter(line[2] for line in PEM_LINE.finditer(text) if line[1] == b"BEGIN" and line[2] in LABELS)
    return frozenset(begun), frozenset(begun - Counter(label for label, _body in any_pem_blocks(text)))


def _why_not_read(path: str, error: CertificatesError) -> Trouble | None:
    """Return why a file could not be read; `None` if there is nothing of this name."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return broken_link(path) if os.path.islink(path) else None
    except (OSError, ValueError) as refusal:
        return (
            broken_link(path)
            if os.path.islink(path) and getattr(refusal, "errno", None) == errno.ELOOP
            else unreadable("file", path, refusal)
        )
    if not stat.S_ISREG(status.st_mode):
        return Trouble("not_a_file", error.message)
    if status.st_size > LARGEST_FILE:
        return Trouble("too_large", error.message)
    return Trouble("unreadable", f"{error.message} Let the user who runs this read it, and check the disk.")
