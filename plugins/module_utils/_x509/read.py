# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read certificates and CSRs in any encoding. Private to softlayer.certificates. Pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from .._base.errors import CertificatesError
from . import asn1, messages
from .certificate import (
    PARSE_ERRORS,
    Certificate,
    hash_public_key,
    read_type_and_size,
    translate_parse_errors,
)
from .pem import (
    CERTIFICATE_LABELS,
    DER_SEQUENCE,
    REQUEST_LABELS,
    TRUSTED_LABEL,
    convert_to_ascii,
    decode_base64,
    find_all_pem_blocks,
    find_pem_blocks,
    is_der,
    read_der_length,
    why_invalid_der,
    why_missing,
    wrap_pem,
)

with suppress(ImportError):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
    from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Csr:
    """A certificate signing request (CSR; PKCS#10, RFC 2986)."""

    der: bytes = field(repr=False)
    public_key_sha256: str
    key_type: str
    dns_names: tuple[str, ...]
    """The DNS names in the extension request (RFC 2985, 5.4.2); most CSRs contain only a common name."""
    names: tuple[str, ...]
    """All host names, unchanged."""

    def to_pem(self) -> str:
        """Return canonical PEM text with 64 columns and LF line ends."""
        return wrap_pem(b"CERTIFICATE REQUEST", self.der).decode("ascii")


def read_certificates(data: bytes) -> list[Certificate]:
    """Return the certificates in PEM, DER, or PKCS#7 data, in order and without duplicates.

    Raises:
        CertificatesError: `invalid_pem` if a PEM block with a certificate label contains no certificate.
    """
    ders = [data] if is_der(data) else [_decode_block(*block) for block in find_pem_blocks(data, CERTIFICATE_LABELS)]
    return list(dict.fromkeys(certificate for der in ders for certificate in parse_certificates(der)))


def _decode_block(label: bytes, body: bytes) -> bytes:
    der = decode_base64(body)
    return (
        der[: read_der_length(der)] if label == TRUSTED_LABEL else der
    )  # OpenSSL's trust settings follow the certificate


def parse_certificates(der: bytes) -> list[Certificate]:
    """Return the certificates in DER data: one certificate, or several in PKCS#7.

    Raises:
        CertificatesError: `invalid_pem`.
    """
    with suppress(CertificatesError):
        return [parse_certificate(der)]
    with translate_parse_errors(
        CertificatesError("invalid_pem", messages.describe_problem(why_invalid_der(der, "certificate")))
    ):
        parsed = pkcs7.load_der_pkcs7_certificates(der)
    return [parse_certificate(certificate.public_bytes(Encoding.DER)) for certificate in parsed]


def read_root_store(data: bytes) -> list[Certificate]:
    """Return the certificates of a PEM or DER root store. A damaged certificate is returned if its subject is readable."""
    blocks = [block for block in find_all_pem_blocks(convert_to_ascii(data)) if block[0] in CERTIFICATE_LABELS]
    ders = [data] if is_der(data) else [_decode_block(*block) for block in blocks]
    found: list[Certificate] = []
    for der in ders:
        certificate = Certificate(der)
        try:
            with translate_parse_errors(_make_damage_error()):
                _subject = certificate.subject
            found.append(certificate)
        except CertificatesError:
            with suppress(CertificatesError):
                found += parse_certificates(der)
    return list(dict.fromkeys(found))


_known_certificates: WeakValueDictionary[bytes, Certificate] = WeakValueDictionary()


def parse_certificate(der: bytes) -> Certificate:
    """Return a certificate of which all used fields are readable.

    A certificate that is still in use is the same object, because the store, the sources, and the listeners contain the same certificates.

    Raises:
        CertificatesError: `invalid_pem`.
    """
    known = _known_certificates.get(der)
    if known is not None:
        return known
    certificate = Certificate(der)
    with translate_parse_errors(_make_damage_error()):
        certificate.check()
    return _known_certificates.setdefault(der, certificate)


def _make_damage_error() -> CertificatesError:
    return CertificatesError(
        "invalid_pem", "A certificate is damaged: it cannot be parsed as X.509. Copy the file from its source again."
    )


def read_request(data: bytes) -> Csr:
    """Return the CSR in PEM or DER data.

    Raises:
        CertificatesError: `invalid_pem`.
    """
    blocks = find_pem_blocks(data, REQUEST_LABELS)
    if not blocks and data[:1] != DER_SEQUENCE:
        raise CertificatesError(
            "invalid_pem", messages.describe_problem(why_missing(data, "certificate signing request", "CSR"))
        )
    with translate_parse_errors(
        CertificatesError("invalid_pem", "The CSR is damaged. Copy the file from its source again.")
    ):
        der = decode_base64(blocks[0][1]) if blocks else data
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        common_names = (str(part.value) for part in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
        hosts = (name for name in common_names if "." in name and " " not in name)  # any other common name is free text
        dns_names = _read_dns_names(request)
        info = asn1.read_requested_key_info(request.tbs_certrequest_bytes)
        return Csr(der, hash_public_key(key, info), read_type_and_size(key, info)[0], dns_names, (*hosts, *dns_names))


def read_api_csr(pem: object) -> Csr | None:
    """Return the CSR of an API object; `None` if it is unreadable."""
    with suppress(CertificatesError):
        return read_request(pem.encode("utf-8", "replace")) if isinstance(pem, str) else None
    return None


def _read_dns_names(request: x509.CertificateSigningRequest) -> tuple[str, ...]:
    with suppress(x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, *PARSE_ERRORS):
        alternatives = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(alternatives.get_values_for_type(x509.DNSName))
    return ()
