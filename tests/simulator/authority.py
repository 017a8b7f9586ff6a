# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate authority: a root, an intermediate, and the certificates it issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import dates, keys

_ORGANIZATION = "Example Trust Services"
_TEN_YEARS = timedelta(days=3652)


@dataclass(frozen=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Authority:
    """Signs with its intermediate, whose own issuer is the root; both are made anew with each authority."""

    def __init__(self) -> None:
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root_name = keys.name("Example Trust Root CA", _ORGANIZATION)
        self.root = _authority_certificate(root_name, root_name, root_key, root_key, path_length=1)
        intermediate_name = keys.name("Example Trust TLS CA", _ORGANIZATION)
        self.intermediate = _authority_certificate(intermediate_name, root_name, key, root_key, path_length=0)
        self._issuer = _Issuer(self.intermediate, key)

    def issue(self, signing_request: str, not_before: datetime, not_after: datetime) -> x509.Certificate:
        """A server certificate for a PEM signing request; raises ValueError if that cannot be read."""
        request = x509.load_pem_x509_csr(signing_request.encode())
        public_key, issuer = request.public_key(), self._issuer
        return (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(issuer.certificate.subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_alternative_names(request), critical=not list(request.subject))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .sign(issuer.key, hashes.SHA256())
        )


def name_in(signing_request: object) -> str | None:
    """What people call the order of a PEM signing request: its common name, else the first DNS name that it asks for."""
    try:
        request = x509.load_pem_x509_csr(str(signing_request).encode())
        return common_name(request.subject) or _alternative_names(request).get_values_for_type(x509.DNSName)[0]
    except (ValueError, IndexError):
        return None


def common_name(subject: x509.Name) -> str | None:
    """The common name in a subject, if there is one."""
    attributes = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value) if attributes else None


def _alternative_names(request: x509.CertificateSigningRequest) -> x509.SubjectAlternativeName:
    """The names asked for, else the common name, with and without ``www.``."""
    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        host = common_name(request.subject) or "unnamed.invalid"
        names = [host, host.removeprefix("www.")] if host.startswith("www.") else [host]
        return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def _authority_certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dates.now() - _TEN_YEARS)
        .not_valid_after(dates.now() + _TEN_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
