# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are good for nothing, to see what a store makes of such: made on the spot, and known again. Private to softlayer.certificates.

Pure, but for the randomness of keys and names. The authority's keys are gone with the run that made it, and nobody trusts it.
"""

from __future__ import annotations

import re
import secrets
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .certificate import Certificate

with suppress(ImportError):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = re.compile(r"check-[0-9a-f]{16}\.invalid")
"""Names that cannot exist (RFC 6761, 6.4)."""
ORGANIZATION = "softlayer.certificates check_account"
"""What the issuers are called; no other authority is."""
BACKDATED = timedelta(hours=1)
"""How long before it was made such a certificate begins, for clocks that are slow."""
LIFETIME = timedelta(days=90)
RSA_BITS, EXPONENT = 2048, 65537
KeyType = t.Literal["RSA", "EC"]


@dataclass(frozen=True)
class Throwaway:
    """A certificate with its key and two intermediates, its own issuer first."""

    certificate: Certificate
    private_key_pem: str = field(repr=False)
    intermediates: tuple[Certificate, ...]


class ThrowawayAuthority:
    """An authority with two intermediates below its root, all with RSA keys, so that nothing but a leaf has another kind of key.

    Args:
        at: the present instant.
    """

    def __init__(self, at: datetime) -> None:
        self._at = at
        root, second, self._issuing = (_rsa_key() for _number in range(3))
        names = [_issuer_name(part) for part in ("root", "intermediate 2", "intermediate 1")]
        upper = self._sign(names[1], second, names[0], root, is_authority=True)
        lower = self._sign(names[2], self._issuing, names[1], second, is_authority=True)
        self._name = names[2]
        self._intermediates = (Certificate.of(lower), Certificate.of(upper))

    def issue(self, key_type: KeyType, *, has_common_name: bool) -> Throwaway:
        """Return a new certificate, of a new name, with a new key."""
        name = f"check-{secrets.token_hex(8)}.invalid"
        key = _rsa_key() if key_type == "RSA" else ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if has_common_name else [])
        leaf = self._sign(subject, key, self._name, self._issuing, name=name)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
        return Throwaway(Certificate.of(leaf), pem, self._intermediates)

    def _sign(
        self,
        subject: x509.Name,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        issuing: rsa.RSAPrivateKey,
        *,
        is_authority: bool = False,
        name: str | None = None,
    ) -> x509.Certificate:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        usage |= {"digital_signature": not is_authority, "key_cert_sign": is_authority, "crl_sign": is_authority}
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._at - BACKDATED)
            .not_valid_after(self._at + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage, decipher_only=False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False)
        )
        if name:  # critical where the subject is empty (RFC 5280, 4.2.1.6)
            names = x509.SubjectAlternativeName([x509.DNSName(name)])
            builder = builder.add_extension(names, critical=not list(subject))
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.sign(issuing, hashes.SHA256())


def is_throwaway(certificate: Certificate) -> bool:
    """Return whether a certificate is one of these, whoever made it: by its only name, and by what its issuer is called."""
    issuer = certificate.parsed.issuer
    organizations = [attribute.value for attribute in issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    names = {*certificate.names, *certificate.subject_alt_names}
    return organizations == [ORGANIZATION] and len(names) == 1 and NAME.fullmatch(min(names)) is not None


def made_at(certificate: Certificate) -> datetime:
    """Return when such a certificate was made, by the clock of the machine that made it."""
    return certificate.not_before + BACKDATED


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(EXPONENT, RSA_BITS)


def _issuer_name(part: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Throwaway {part}"),
        ]
    )
