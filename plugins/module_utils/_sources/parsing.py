# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates and which key a file contains. Private to softlayer.certificates.

Pure. What is kept of a private key is the hash of its public key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .._errors import CertificatesError
from .._x509.certificate import Certificate
from .._x509.keys import read_key_store, read_private_key
from .._x509.pem import CERTIFICATE_LABELS, KEY_LABELS, PEM_LINE, any_pem_blocks, as_ascii, is_der
from .._x509.read import read_certificates
from .base import Kind

LABELS = CERTIFICATE_LABELS | KEY_LABELS
"""Of the PEM blocks that matter here."""
TRUNCATED = CertificatesError("invalid_pem", "A PEM block lacks its last line: take the file anew from its source.")
EMPTY = CertificatesError("invalid_pem", "There is no certificate in it: take the file anew from its source.")
CLOSED = CertificatesError(
    "bad_passphrase", "The PKCS#12 file cannot be opened: give its passphrase as privatekey_passphrase."
)


@dataclass(frozen=True)
class Parsed:
    """What a file contains, and what is wrong with it: even then a part of it may be readable."""

    certificates: tuple[Certificate, ...] = ()
    public_key_sha256: str | None = None
    wrong: CertificatesError | None = None


def parse(data: bytes, kind: Kind, passphrase: str | None, *, is_for_use: bool) -> Parsed:
    """Return what a file of this kind contains.

    Args:
        data: the file's content.
        kind: what the file is for.
        passphrase: of a private key or a PKCS#12 file.
        is_for_use: whether to check the numbers of an RSA key, too.
    """
    if kind == "store":
        return _key_store(data, passphrase)
    begun, truncated = _labels(data)
    key, certificates = Parsed(), Parsed()
    if kind in {"certificate", "chain"} or begun & CERTIFICATE_LABELS or (kind == "any" and is_der(data)):
        certificates = _certificates(data)
    if (
        kind == "key"
        or (kind != "chain" and begun & KEY_LABELS)
        or (certificates.wrong and kind == "any" and is_der(data))
    ):
        key = _key(data, passphrase, is_for_use=is_for_use)
        if is_der(data) and key.public_key_sha256:
            return key
    wrong = key.wrong or certificates.wrong or (TRUNCATED if truncated else None)
    if kind == "certificate" and not certificates.certificates and not key.public_key_sha256:
        wrong = wrong or EMPTY
    return Parsed(certificates.certificates, key.public_key_sha256, wrong)


def _certificates(data: bytes) -> Parsed:
    try:
        return Parsed(tuple(read_certificates(data)))
    except CertificatesError as error:
        return Parsed(wrong=error)


def _key(data: bytes, passphrase: str | None, *, is_for_use: bool) -> Parsed:
    try:
        key = read_private_key(data, passphrase, is_for_use=is_for_use)
    except CertificatesError as error:
        return Parsed(wrong=error)
    return Parsed(public_key_sha256=key.public_key_sha256)


def _key_store(data: bytes, passphrase: str | None) -> Parsed:
    try:
        store = read_key_store(data, passphrase)
    except CertificatesError as error:
        return Parsed(wrong=CLOSED if error.code == CLOSED.code else error)
    return Parsed(store.certificates, store.key.public_key_sha256 if store.key else None)


def _labels(data: bytes) -> tuple[frozenset[bytes], bool]:
    """Return the labels of the PEM blocks that begin in a text, as far as they matter, and whether one of these does not end."""
    text = as_ascii(data)
    begun = Counter(line[2] for line in PEM_LINE.finditer(text) if line[1] == b"BEGIN" and line[2] in LABELS)
    return frozenset(begun), bool(begun - Counter(label for label, _body in any_pem_blocks(text)))
