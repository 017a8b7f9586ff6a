# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Secrets Manager tells of a certificate, and what it lets nobody import. It reads the first certificate of a PEM text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .. import keys
from ..authority import common_name
from ..metadata import Row
from .refusals import Refusal

PARTS = ("certificate", "intermediate", "private_key")
_LARGEST = 100_000
"""Bytes of each part."""
_SUBJECT = ("ou", "organization", "country", "locality", "province", "street_address", "postal_code")


def written(moment: datetime) -> str:
    """An instant (with its offset, to the second) as RFC 3339 has it."""
    return moment.isoformat().replace("+00:00", "Z")


def facts(pem: str) -> Row:
    """The metadata of a certificate; what it does not have is not there."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    validity = {
        "not_before": written(certificate.not_valid_before_utc),
        "not_after": written(certificate.not_valid_after_utc),
    }
    return {
        "common_name": common_name(certificate.subject),
        "alt_names": _names(certificate),
        "issuer": common_name(certificate.issuer) or certificate.issuer.rfc4514_string(),
        "serial_number": _pairs(certificate.serial_number),
        "signing_algorithm": _signing_algorithm(certificate),
        "key_algorithm": _key_algorithm(certificate.public_key()),
        "validity": validity,
        "expiration_date": validity["not_after"],
    }


def values(secret_type: str, given: Mapping[str, Any]) -> Row:
    """What is read of a certificate besides its metadata: the parts as they are, or as the type has them."""
    parts = {name: given[name] for name in PARTS if given.get(name)}
    if secret_type == "public_cert" and given.get("bundle_certs", True) and "certificate" in parts:
        parts["certificate"] += parts.get("intermediate", "")
    return parts


def check(given: Mapping[str, Any]) -> None:
    """Raise the refusal of what is no PEM, too long, encrypted, or does not belong together."""
    for name in PARTS:
        value = given.get(name, "")
        if not isinstance(value, str) or len(value.encode()) > _LARGEST:
            raise Refusal(400, f"{name} must be PEM text of at most 100 KB")
    certificate = _parsed("certificate", given, x509.load_pem_x509_certificate)
    if given.get("intermediate"):
        _parsed("intermediate", given, x509.load_pem_x509_certificates)
    if given.get("private_key"):
        key = _parsed("private_key", given, lambda pem: load_pem_private_key(pem, None))
        if key.public_key() != certificate.public_key():
            raise Refusal(400, "The private key does not match the certificate")


def _parsed(name: str, given: Mapping[str, Any], load: Callable[[bytes], Any]) -> Any:
    try:
        return load(given.get(name, "").encode())
    except TypeError:
        raise Refusal(400, "The private key must not be encrypted") from None
    except ValueError:
        raise Refusal(400, f"Unable to parse the {name.replace('_', ' ')}") from None


def managed_csr(private_key: str, name: str) -> Row:
    """A signing request that Secrets Manager keeps, with its key: the SDK's model demands the key in the metadata, too."""
    key = load_pem_private_key(private_key.encode(), None)
    assert isinstance(key, keys.PrivateKey)
    subject: Row = {name: [] for name in _SUBJECT}
    flags = dict.fromkeys(("exclude_cn_from_sans", "code_signing_flag", "email_protection_flag"), False)
    return {
        **subject,
        **flags,
        **dict.fromkeys(("require_cn", "server_flag", "client_flag"), True),
        "common_name": name,
        "key_type": "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ec",
        "key_bits": key.key_size,
        "csr": keys.signing_request(key, name),
        "private_key": private_key,
    }


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def _pairs(number: int) -> str:
    """Bytes in hex with colons; a first bit that is set gets no zero byte before it."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big").hex(":")


def _signing_algorithm(certificate: x509.Certificate) -> str:
    digest = certificate.signature_hash_algorithm
    if digest is None:
        return "Ed25519"
    name = digest.name.upper()
    return f"ECDSA-{name}" if isinstance(certificate.signature_algorithm_parameters, ec.ECDSA) else f"{name}-RSA"


def _key_algorithm(key: object) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA{key.key_size}"
    return f"ECDSA{key.key_size}" if isinstance(key, ec.EllipticCurvePublicKey) else "Ed25519"
