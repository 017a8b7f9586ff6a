# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorities, the good and the bad: every certificate that one may be handed, made anew each time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey
NOW = datetime.now(timezone.utc).replace(microsecond=0)
DAY = timedelta(days=1)
NAME = "www.example.com"


def new_key() -> ec.EllipticCurvePrivateKey:
    """A key that takes no time to make."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key() -> rsa.RSAPrivateKey:
    """A key as most servers have."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(*certificates: x509.Certificate) -> str:
    """Certificates as PEM, one after the other."""
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def key_pem(key: Key, phrase: bytes | None = None) -> str:
    """A private key as PKCS#8, encrypted if there is a phrase."""
    encryption = BestAvailableEncryption(phrase) if phrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def csr_pem(key: Key, name: str = NAME, names: Sequence[str] = ()) -> str:
    """A signing request (PKCS#10), with names beside the common one if there are any."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(named(name))
    if names:
        builder = builder.add_extension(_alternatives(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def named(common_name: str | None, organization: str | None = None) -> x509.Name:
    """A distinguished name; without a common name it is empty, as of what ACME authorities issue."""
    parts = ((NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATION_NAME, organization))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts if value is not None])


def _alternatives(names: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


@dataclass(frozen=True)
class Ca:
    """An authority: a name, a key, and its certificate, signed by itself unless another one signs it."""

    name: str
    key: Key = field(default_factory=new_key)
    above: Ca | None = None
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = ()
    is_ca: bool = True
    path_length: int | None = None
    days: tuple[float, float] = (-1000, 1000)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """Its own certificate, which is the same each time."""
        return self.signed_by(self.above or self)

    def signed_by(self, issuer: Ca, days: tuple[float, float] | None = None) -> x509.Certificate:
        """A certificate for its name and key by another authority: a cross-signed one."""
        constraints = x509.BasicConstraints(self.is_ca, self.path_length if self.is_ca else None)
        extensions = [(constraints, True), *self.extensions]
        return issuer.sign(named(self.name), self.key, extensions, days or self.days)

    def issue(
        self,
        key: Key,
        *extensions: tuple[x509.ExtensionType, bool],
        subject: x509.Name | None = None,
        names: Iterable[str] = (NAME,),
        days: tuple[float, float] = (-1, 90),
        **how: Any,
    ) -> x509.Certificate:
        """A server's certificate."""
        subject, names = named(NAME) if subject is None else subject, list(names)
        own = [(_alternatives(names), len(subject) == 0)] if names else []  # RFC 5280, 4.2.1.6
        return self.sign(subject, key, [*own, *extensions], days, **how)

    def sign(
        self,
        subject: x509.Name,
        key: Key,
        extensions: Iterable[tuple[x509.ExtensionType, bool]],
        days: tuple[float, float],
        algorithm: hashes.HashAlgorithm | None = None,
    ) -> x509.Certificate:
        """Whatever is to be signed."""
        builder = x509.CertificateBuilder(
            named(self.name),
            subject,
            key.public_key(),
            x509.random_serial_number(),
            NOW + days[0] * DAY,
            NOW + days[1] * DAY,
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, algorithm or hashes.SHA256())


def public_ca(name: str, above: Ca | None = None, path_length: int | None = None) -> Ca:
    """An authority as the public ones are: a certificate with all that RFC 5280 asks of one."""
    key = rsa_key()
    extensions = _usual_extensions(key, above.key if above else key, signs_certificates=True)
    return Ca(name, key, above, extensions, path_length=path_length, days=(-1000, 3000))


def issued_by(
    authority: Ca, key: Key, name: str | None, days: tuple[float, float], names: Sequence[str] | None = None
) -> x509.Certificate:
    """A server's certificate as public authorities issue them; without a name the subject is empty."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        *_usual_extensions(key, authority.key, signs_certificates=False),
    ]
    return authority.issue(key, *extensions, subject=named(name), names=names or [str(name)], days=days)


def _usual_extensions(key: Key, issuer: Key, *, signs_certificates: bool) -> list[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_encipherment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return [
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False),
    ]


def with_unknown_algorithm(ca: Ca) -> str:
    """A certificate whose key is of an algorithm that no library here knows, as GOST R 34.10 is: its identifier is changed."""
    known, unknown = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f")
    der = ca.certificate.public_bytes(Encoding.DER)
    assert der.count(known) == 1
    return pem_text(der.replace(known, unknown))


def pem_text(der: bytes) -> str:
    """DER as PEM, whatever it is."""
    from ssl import DER_cert_to_PEM_cert

    return DER_cert_to_PEM_cert(der)


def letter(folder: Path, name: str, *blocks: str) -> Path:
    """A message with PEM in its text."""
    message = EmailMessage()
    message["From"], message["Subject"] = "Orders <orders@ca.example>", "Your SSL certificate"
    message["Message-ID"] = f"<{name}@ca.example>"
    message.set_content("Your certificate:\n\n" + "\n".join(blocks))
    path = folder / f"{name}.eml"
    path.write_bytes(bytes(message))
    return path
