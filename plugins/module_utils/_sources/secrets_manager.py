# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of IBM Cloud Secrets Manager as a source: each secret holds one with its private key. Private to softlayer.certificates."""

from __future__ import annotations

from collections.abc import Sequence

from .._errors import CertificatesError
from .._secrets_manager.secret import Value
from .._x509.certificate import Certificate
from .._x509.keys import read_private_key
from .._x509.read import read_certificates, read_some_certificates
from .base import Bundle, File, FileContent, Trouble
from .pairing import Pair, Paired, Unit, Useless


def paired(values: Sequence[Value]) -> Paired:
    """Return the certificates of secrets with their keys; the path of each is the secret's id.

    Args:
        values: what was read.
    """
    found = [_pair(value) for value in values]
    return Paired(
        pairs=tuple(one for one in found if isinstance(one, Pair)),
        useless=tuple(one for one in found if isinstance(one, Useless)),
        warnings=(),
        issuers=tuple(dict.fromkeys(issuer for one in found for issuer in one.unit.issuers())),
        doubtful=(),
    )


def is_as_described(value: Value) -> bool:
    """Return whether the certificate of a secret is the one that its metadata tells of: it may have been renewed while it was read."""
    number = value.secret.serial_number
    try:
        found = read_certificates(value.certificate.encode())
    except CertificatesError:
        return True  # what is wrong with it is said later
    return number is None or not found or any(one.parsed.serial_number == number for one in found)


def _pair(value: Value) -> Pair | Useless:
    bundle = Bundle(value.secret.name, value.secret.id)
    certificates: list[Certificate] = []
    try:
        certificates = read_some_certificates(value.certificate.encode(), "certificate")
        issuers = read_some_certificates(value.chain.encode(), "intermediates") if value.chain else []
        key = read_private_key(value.private_key.encode(), None) if value.private_key else None
    except CertificatesError as error:
        unit = _unit(bundle, certificates, [])
        return Useless(unit, Trouble("malformed", error.message), bundle.path, _presumed(certificates))
    unit = _unit(bundle, certificates, issuers)
    if key is None:
        message = "Secrets Manager has no private key of it: import it there again, with its key."
        return Useless(unit, Trouble("key_missing", message), bundle.path, _presumed(certificates))
    fitting = [one for one in certificates if one.public_key_sha256 == key.public_key_sha256]
    if not fitting:
        message = "The private key in Secrets Manager is that of another certificate: import both there again."
        return Useless(unit, Trouble("key_missing", message), bundle.path, _presumed(certificates))
    content = FileContent(File("key", bundle.path), (), key.public_key_sha256, bundle.path)
    return Pair(unit, fitting[0], content)


def _unit(bundle: Bundle, certificates: Sequence[Certificate], issuers: Sequence[Certificate]) -> Unit:
    contents = (
        FileContent(File("certificate", bundle.path), tuple(certificates)),
        FileContent(File("chain", bundle.path), tuple(issuers)),
    )
    return Unit(bundle, contents)


def _presumed(certificates: Sequence[Certificate]) -> Certificate | None:
    return next(iter(certificates), None)
