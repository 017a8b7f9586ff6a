# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Combine a certificate, its intermediate certificates, and its private key in a `Bundle`. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from .._base.codes import Code, RotationReason
from .._base.errors import CertificatesError, Obstacle
from .certificate import Certificate
from .keys import PrivateKey, read_key_store, read_private_key
from .pem import CERTIFICATE_LABELS, KEY_LABELS, find_block_labels, is_der, why_missing, why_truncated
from .read import Csr, read_certificates, read_request

Kind = t.Literal["certificate", "chain", "key", "any", "store"]
"""Expected content of a file: a certificate with or without its chain, only the chain, a private key, any of these, or a PKCS#12 store."""
Problem: t.TypeAlias = Obstacle[Code | RotationReason]
"""The reason for rejecting content, for `messages.describe_problem`. The fact `path` is the path of the file."""


@dataclass(frozen=True)
class KeyRef:
    """A private key in memory, or the path of the file that contains the private key."""

    public_key_sha256: str
    private_key: PrivateKey | None = field(default=None, repr=False, compare=False)
    path: str = field(default="", repr=False)
    """The path of the file; it can be a symbolic link."""
    real_path: str = field(default="", repr=False)
    is_pkcs12: bool = False

    @classmethod
    def from_key(cls, key: PrivateKey) -> KeyRef:
        """Return a reference to a private key in memory."""
        return cls(key.public_key_sha256, key)


@dataclass(frozen=True)
class Origin:
    """The location of a certificate in messages: its name in the source, and its path."""

    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class Bundle:
    """A certificate, its intermediate certificates, and its private key. If `problem` is set, parts may be missing."""

    certificates: tuple[Certificate, ...] = ()
    """The certificates in file order, which may include certificates other than the selected one."""
    issuers: tuple[Certificate, ...] = ()
    """The separate intermediate certificates from the source."""
    key: KeyRef | None = None
    request: Csr | None = None
    """The CSR from the source."""
    origin: Origin = Origin()
    problem: Problem | None = None

    @cached_property
    def matching_certificates(self) -> tuple[Certificate, ...]:
        """The certificates with the public key of the private key."""
        key = self.key.public_key_sha256 if self.key else None
        return tuple(certificate for certificate in self.certificates if certificate.public_key_sha256 == key)

    @property
    def certificate(self) -> Certificate | None:
        """The certificate that matches the private key, or else the first server certificate."""
        hosts = (certificate for certificate in self.certificates if not certificate.can_issue)
        return next(iter(self.matching_certificates), None) or next(hosts, None) or next(iter(self.certificates), None)

    @property
    def other_certificates(self) -> tuple[Certificate, ...]:
        """All certificates except `certificate`, without duplicates."""
        leaf = self.certificate
        both = dict.fromkeys((*self.certificates, *self.issuers))
        return tuple(certificate for certificate in both if certificate != leaf)

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """All certificates except `certificate` and root certificates."""
        return tuple(certificate for certificate in self.other_certificates if not certificate.is_root)


EMPTY_BUNDLE = Bundle()


def read_bundle(data: bytes, kind: Kind, passphrase: str | None) -> Bundle:
    """Return the certificates and the private key of a file in PEM, DER, PKCS#7, or PKCS#12 format."""
    if kind == "store":
        return _read_key_store(data, passphrase)
    begun, truncated = (labels & (CERTIFICATE_LABELS | KEY_LABELS) for labels in find_block_labels(data))
    certificates, key = EMPTY_BUNDLE, EMPTY_BUNDLE
    if kind in {"certificate", "chain"} or begun & CERTIFICATE_LABELS or (kind == "any" and is_der(data)):
        certificates = _read_certificates(data)
    if (
        kind == "key"
        or (kind != "chain" and begun & KEY_LABELS)
        or (certificates.problem and kind == "any" and is_der(data))
    ):
        key = _read_private_key(data, passphrase)
        if is_der(data) and key.key:
            return key
    problem = key.problem or certificates.problem
    if problem is None and truncated:
        problem = why_truncated(min(truncated))
    if problem is None and kind == "certificate" and not certificates.certificates and not key.key:
        problem = why_missing(data, "certificate", "certificate")
    if kind == "chain":
        return Bundle(issuers=certificates.certificates, problem=problem)
    return Bundle(certificates.certificates, key=key.key, problem=problem)


def read_parts(
    parts: Mapping[str, bytes | None], passphrase: str | None = None, paths: Mapping[str, str] | None = None
) -> Bundle:
    """Return a bundle of separately specified parts. `problem` is the first problem, with the path of its file.

    Args:
        parts: content in PEM, DER, or PKCS#7 format, by the names in `PARTS`.
        passphrase: decrypts the private key.
        paths: the paths of the files that contain the parts.
    """
    readers: Mapping[str, Callable[[bytes], Bundle]] = {
        "certificate": lambda data: _read_all_certificates(data, "certificate"),
        "privatekey": lambda data: _read_private_key(data, passphrase),
        "intermediate": lambda data: _read_all_certificates(data, "intermediates"),
        "csr": lambda data: _catch_error(lambda: Bundle(request=read_request(data))),
    }
    paths, there = paths or {}, dict.fromkeys(readers, EMPTY_BUNDLE)
    for part, data in parts.items():
        if data is not None:
            there[part] = add_path(readers[part](data), paths.get(part))
    return Bundle(
        certificates=there["certificate"].certificates,
        issuers=there["intermediate"].certificates,
        key=there["privatekey"].key,
        request=there["csr"].request,
        problem=next((bundle.problem for bundle in there.values() if bundle.problem), None),
    )


def read_pkcs12_bundle(data: bytes, passphrase: str | None, path: str | None = None) -> Bundle:
    """Return the content of a PKCS#12 file, with a problem if the private key or the certificate is missing."""
    there = _read_key_store(data, passphrase)
    if there.problem is None and not (there.key and there.certificates):
        there = replace(there, problem=Obstacle("invalid_pem", {"has_both": False}))
    return add_path(there, path)


def add_path(bundle: Bundle, path: str | None) -> Bundle:
    """Return a bundle with a path for its private key and its problem; the same bundle if the path is empty."""
    if not path:
        return bundle
    key = bundle.key and replace(bundle.key, path=path)
    problem = bundle.problem and replace(bundle.problem, facts={**bundle.problem.facts, "path": path})
    return replace(bundle, key=key, problem=problem)


def convert_error(error: CertificatesError) -> Problem:
    """Return an error as a problem."""
    return Obstacle(error.code, {"error": error.message})


def _catch_error(read: Callable[[], Bundle]) -> Bundle:
    try:
        return read()
    except CertificatesError as error:
        return Bundle(problem=convert_error(error))


def _read_certificates(data: bytes) -> Bundle:
    return _catch_error(lambda: Bundle(tuple(read_certificates(data))))


def _read_all_certificates(data: bytes, given_as: str) -> Bundle:
    """Return all certificates, with a problem if the data contains none or is truncated."""
    there = _read_certificates(data)
    if there.problem or (there.certificates and not find_block_labels(data)[1] & CERTIFICATE_LABELS):
        return there
    return replace(there, problem=why_missing(data, "certificate", given_as))


def _read_private_key(data: bytes, passphrase: str | None) -> Bundle:
    return _catch_error(lambda: Bundle(key=KeyRef.from_key(read_private_key(data, passphrase))))


def _read_key_store(data: bytes, passphrase: str | None) -> Bundle:
    def read() -> Bundle:
        store = read_key_store(data, passphrase)
        key = replace(KeyRef.from_key(store.key), is_pkcs12=True) if store.key else None
        return Bundle(store.certificates, key=key)

    return _catch_error(read)
