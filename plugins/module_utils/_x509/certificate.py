# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parse a certificate: its fields, DNS names, and CA. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import typing as t
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import islice

from .._base.errors import CertificatesError
from .._base.names import build_diff_name, choose_name, choose_server_name, encode_name, find_wildcard, is_address
from .._base.text import escape_invisible
from .._base.times import format_time
from . import asn1

PARSE_ERRORS: tuple[type[BaseException], ...] = ()
"""Exceptions of the library for invalid data."""
with suppress(ImportError):
    from cryptography import x509
    from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509.oid import NameOID

    PARSE_ERRORS = (
        ValueError,
        TypeError,
        OverflowError,
        MemoryError,
        RecursionError,
        UnsupportedAlgorithm,
        InternalError,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    )

KEY_ALGORITHMS = frozenset(
    {
        *("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.2.1", "1.2.840.10040.4.1"),
        *("1.2.840.113549.1.3.1", "1.2.840.10046.2.1", "1.3.101.110", "1.3.101.111", "1.3.101.112", "1.3.101.113"),
    }
)
"""Object identifiers of the key types that the library supports: RSA, RSASSA-PSS, EC, DSA, Diffie-Hellman, and the types of RFC 8410."""
RSASSA_PSS = "RSASSA-PSS"
RSASSA_PSS_OID = "1.2.840.113549.1.1.10"
"""Object identifier of RSA keys for RSASSA-PSS signatures only (RFC 4055, 1.2). The library reports them as RSA keys."""
STORED_KEY_TYPES = frozenset({"RSA", "EC"})
"""Key types that the certificate store accepts."""
FACTS = (
    "common_name",
    "fingerprint_sha256",
    "public_key_sha256",
    "serial_number",
    "not_before",
    "not_after",
    "subject_alt_names",
    "key_type",
    "key_size",
)
"""The fields of a certificate in results, see `Certificate.facts`."""
MAX_RSA_KEY_SIZE = 8192
MAX_RSA_EXPONENT = 64
"""Maximum key size in bits for signature verification, because an attacker could use larger keys to consume CPU time."""
MAX_CACHE_ENTRIES = 64
"""Maximum number of cached objects of each kind. The few intermediate certificates that issued all other certificates stay cached."""
MAX_NAMES = 1_000
"""Maximum number of subject alternative names that are read individually."""


@contextmanager
def translate_parse_errors(refusal: CertificatesError) -> Iterator[None]:
    """Raise `refusal` for any parse error of the library, including a panic of its Rust code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PARSE_ERRORS:
        raise refusal from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise refusal from None


def hash_public_key(public_key: t.Any, info: bytes) -> str:
    """Return the hexadecimal SHA-256 of a public key and its DER encoding, a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7)."""
    if not has_pss_algorithm(info):
        info = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def has_pss_algorithm(info: bytes) -> bool:
    """Return whether a SubjectPublicKeyInfo contains an RSASSA-PSS key."""
    return asn1.read_algorithm(info) == RSASSA_PSS_OID


def read_type_and_size(public_key: t.Any, info: bytes) -> tuple[str, int | None]:
    """Return the algorithm name of a public key and its size in bits, or `None` for a key without a size."""
    if has_pss_algorithm(info):
        return RSASSA_PSS, public_key.key_size
    names = (
        (rsa.RSAPublicKey, "RSA"),
        (ec.EllipticCurvePublicKey, "EC"),
        (ed25519.Ed25519PublicKey, "Ed25519"),
        (ed448.Ed448PublicKey, "Ed448"),
    )
    other = type(public_key).__name__.removesuffix("PublicKey")
    name = next((name for kind, name in names if isinstance(public_key, kind)), other)
    return name, getattr(public_key, "key_size", None)


@dataclass(frozen=True)
class Certificate:
    """An X.509 certificate. Certificates with the same DER encoding are equal.

    A certificate caches only facts. The objects of the library need much more memory, so `MAX_CACHE_ENTRIES` limits their number.
    """

    der: bytes = field(repr=False)

    @classmethod
    def from_library(cls, parsed: x509.Certificate) -> Certificate:
        """Return the `Certificate` for an object of `cryptography`."""
        return cls(parsed.public_bytes(Encoding.DER))

    @property
    def library_object(self) -> x509.Certificate:
        """The object of `cryptography`."""
        return _parse(self.der)

    @cached_property
    def fingerprint_sha256(self) -> str:
        """The hexadecimal SHA-256 of the DER encoding."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def serial_number(self) -> int:
        """The serial number, which may be negative."""
        return self.library_object.serial_number

    @property
    def _public_key(self) -> t.Any:
        """The public key; `None` if the library does not support the algorithm, such as GOST R 34.10."""
        return _read_public_key(self.der)

    @cached_property
    def public_key_sha256(self) -> str:
        """The hexadecimal SHA-256 of the SubjectPublicKeyInfo."""
        if self._public_key is None:
            return hashlib.sha256(self._public_key_info).hexdigest()
        return hash_public_key(self._public_key, self._public_key_info)

    @property
    def _public_key_info(self) -> bytes:
        return _read_public_key_info(self.der)

    def check(self) -> None:
        """Parse all fields that other code uses. Errors of `cryptography` are raised unchanged."""
        self.facts()
        for read in (lambda: self.organization_name, lambda: self.is_self_issued, lambda: self.can_issue):
            read()

    @cached_property
    def not_before(self) -> datetime:
        """The start of validity in UTC."""
        return self.library_object.not_valid_before_utc

    @cached_property
    def not_after(self) -> datetime:
        """The end of validity in UTC."""
        return self.library_object.not_valid_after_utc

    @property
    def age(self) -> tuple[datetime, datetime]:
        """The sort key by start, then end of validity. The newest certificate sorts last."""
        return self.not_before, self.not_after

    def is_valid(self, at: datetime) -> bool:
        """Return whether the certificate is valid at an instant; both ends are included (RFC 5280, 4.1.2.5)."""
        return self.not_before <= at <= self.not_after

    @cached_property
    def common_name(self) -> str | None:
        """The first common name of the subject, in printable form."""
        return next(iter(_read_values(self.library_object.subject, NameOID.COMMON_NAME)), None)

    @cached_property
    def organization_name(self) -> str | None:
        """The first organization of the subject, in printable form."""
        return next(iter(_read_values(self.library_object.subject, NameOID.ORGANIZATION_NAME)), None)

    @cached_property
    def organizations(self) -> frozenset[str]:
        """All organizations of the subject, in printable form."""
        return frozenset(_read_values(self.library_object.subject, NameOID.ORGANIZATION_NAME))

    @cached_property
    def names(self) -> frozenset[str]:
        """The DNS names and the common name, in ASCII form."""
        return normalize_names(self.common_name, map(escape_invisible, self._dns_names))

    @property
    def server_names(self) -> frozenset[str]:
        """The DNS names, or the common name if there is no DNS name (RFC 9525, 2). TLS clients compare host names with them."""
        return normalize_names(None, self._dns_names) or normalize_names(self.common_name, ())

    @cached_property
    def addresses(self) -> frozenset[str]:
        """The IP addresses in the subject alternative names."""
        return frozenset(str(name.value) for name in self._alternatives if isinstance(name, x509.IPAddress))

    @property
    def server_name(self) -> str | None:
        """A server name for TLS handshakes; `None` if the certificate contains no name."""
        return choose_server_name(self.server_names, self.addresses)

    @cached_property
    def alternatives(self) -> frozenset[str]:
        """The valid DNS names and IP addresses in the subject alternative names, which all TLS clients accept."""
        names = map(str.lower, self._dns_names)
        return frozenset(name for name in names if name == encode_name(name) and not is_address(name)) | self.addresses

    @cached_property
    def accepted_names(self) -> frozenset[str]:
        """The names that at least some TLS clients accept: `alternatives`, and the common name if there is no DNS name."""
        return self.alternatives if self._dns_names else self.alternatives | self.server_names

    @cached_property
    def identities(self) -> frozenset[str]:
        """All host names and IP addresses in normalized form, including a common name that is a host name."""
        name = self.common_name or ""
        is_host = "." in name and " " not in name
        return self.server_names | self.addresses | normalize_names(name if is_host else None, ())

    def is_accepted_for(self, name: str) -> bool:
        """Return whether TLS clients accept the certificate for a host name or an IP address (RFC 9525, 6).

        A wildcard matches exactly one label, the first one.
        """
        bare = name.partition("%")[0]
        if is_address(bare):
            return str(ipaddress.ip_address(bare)) in self.addresses
        wanted = encode_name(name)
        return not self.server_names.isdisjoint({wanted, find_wildcard(wanted)})

    @cached_property
    def _dns_names(self) -> list[str]:
        return [name.value for name in self._alternatives if isinstance(name, x509.DNSName)]

    @property
    def shown_name(self) -> str:
        """The name in messages: `_names.shown_name`, or else the complete subject."""
        name = choose_name(self.common_name, self.subject_alt_names)
        return name or escape_invisible(self.library_object.subject.rfc4514_string()) or "without a name"

    @property
    def shown_issuer(self) -> str:
        """The name of the CA in messages."""
        names = _read_values(self.library_object.issuer, NameOID.COMMON_NAME)
        return names[0] if names else escape_invisible(self.library_object.issuer.rfc4514_string())

    @cached_property
    def subject_alt_names(self) -> list[str]:
        """The subject alternative names (host names, IP addresses, and others), in printable form."""
        return [escape_invisible(_format_general_name(name)) for name in self._alternatives]

    @property
    def _alternatives(self) -> list[x509.GeneralName]:
        kind = x509.SubjectAlternativeName
        return list(self.extension(kind) or self._read_names_one_by_one(kind.oid.dotted_string))

    def _read_names_one_by_one(self, oid: str) -> Iterator[x509.GeneralName]:
        """Yield the readable subject alternative names if the extension as a whole is unreadable."""
        with suppress(ValueError):
            extension = self.unreadable_extensions.get(oid)
            if extension is None:
                return
            for listed in asn1.read_elements(extension.value):
                for name in islice(asn1.read_elements(listed.content), MAX_NAMES):
                    read = _read_alone(self.der, extension.encode_with_value(asn1.wrap(asn1.SEQUENCE, name.der)))
                    yield from read.value if read else ()

    def extension(self, kind: type[t.Any]) -> t.Any:
        """Return the value of an extension; `None` if the extension is missing or unreadable."""
        extension = self.extensions.get(kind.oid.dotted_string)
        return extension.value if extension else None

    @property
    def extensions(self) -> Mapping[str, x509.Extension[t.Any]]:
        """The readable extensions by object identifier."""
        return _read_extensions(self.der)

    @cached_property
    def unreadable_extensions(self) -> Mapping[str, asn1.Extension | None]:
        """The unreadable extensions; `None` for an object identifier that occurs twice, which RFC 5280, 4.2, forbids."""
        with suppress(*PARSE_ERRORS):
            list(self.library_object.extensions)
            return {}
        return {oid: raw for oid, raw in _list_raw_extensions(self.der).items() if oid not in self.extensions}

    @property
    def key_type(self) -> str:
        """The algorithm name of the public key, or its object identifier if the library does not support the algorithm."""
        return self._key_type_and_size[0]

    @property
    def key_size(self) -> int | None:
        """The key size in bits; `None` for a key without a size."""
        return self._key_type_and_size[1]

    @cached_property
    def _key_type_and_size(self) -> tuple[str, int | None]:
        if self._public_key is None:
            return asn1.read_algorithm(self._public_key_info), None
        return read_type_and_size(self._public_key, self._public_key_info)

    @property
    def curve(self) -> str | None:
        """The name of the elliptic curve; `None` for other key types."""
        key = self._public_key
        return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else None

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are equal: a root certificate, or a CA certificate signed by the previous key of the CA (RFC 5280, 3.2)."""
        return self.subject == self.issuer

    @cached_property
    def is_root(self) -> bool:
        """Whether the certificate is signed by its own key, like a root certificate."""
        return self.is_self_issued and self.is_issued_by(self)

    @cached_property
    def subject(self) -> Name:
        """The subject in normalized form."""
        return normalize_distinguished_name(self.library_object.subject)

    @cached_property
    def issuer(self) -> Name:
        """The distinguished name of the issuer in normalized form."""
        return normalize_distinguished_name(self.library_object.issuer)

    @property
    def is_version_1(self) -> bool:
        """Whether the certificate is an X.509 version 1 certificate, which has no extensions."""
        return self.library_object.version == x509.Version.v1

    @cached_property
    def can_issue(self) -> bool:
        """Whether the certificate is a CA certificate (basic constraints, RFC 5280, 4.2.1.9). All version 1 certificates count as CA certificates."""
        constraints = self.extension(x509.BasicConstraints)
        return constraints.ca if constraints else self.is_version_1

    @property
    def renewal_info_id(self) -> str | None:
        """The identifier for ACME renewal information (RFC 9773, 4.1); `None` without an authority key identifier."""
        issuer, serial = self.issuer_key_identifier, self.serial_number
        number = serial.to_bytes(serial.bit_length() // 8 + 1, "big", signed=True)  # as in DER
        parts = [base64.urlsafe_b64encode(part).rstrip(b"=").decode("ascii") for part in (issuer or b"", number)]
        return ".".join(parts) if issuer else None

    @property
    def key_identifier(self) -> bytes | None:
        """The subject key identifier (RFC 5280, 4.2.1.2)."""
        identifier = self.extension(x509.SubjectKeyIdentifier)
        return identifier.digest if identifier else None

    @property
    def issuer_key_identifier(self) -> bytes | None:
        """The authority key identifier (RFC 5280, 4.2.1.1)."""
        identifier = self.extension(x509.AuthorityKeyIdentifier)
        return identifier.key_identifier if identifier else None

    def has_signed(self, signed: x509.Certificate | x509.CertificateRevocationList, content: bytes) -> bool:
        """Return whether the public key verifies the signature of a certificate or CRL. Only RSA, EC, and EdDSA keys do.

        `verify_directly_issued_by` does not fit, because it distinguishes names that differ only in their string types.

        Args:
            signed: the certificate or CRL.
            content: the signed bytes.
        """
        key = self._public_key
        if key is None or not self.can_verify_quickly:
            return False
        try:
            with translate_parse_errors(CertificatesError("invalid_pem", "")):
                how: tuple[t.Any, ...] = ()
                if isinstance(key, rsa.RSAPublicKey):
                    how = (signed.signature_algorithm_parameters, signed.signature_hash_algorithm)
                elif isinstance(key, ec.EllipticCurvePublicKey):
                    how = (signed.signature_algorithm_parameters,)
                elif not isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
                    return False
                key.verify(signed.signature, content, *how)
        except (CertificatesError, InvalidSignature):
            return False
        return True

    @property
    def can_verify_quickly(self) -> bool:
        """Whether the key is small enough to verify signatures in limited time."""
        key = self._public_key
        return not isinstance(key, rsa.RSAPublicKey) or (
            key.key_size <= MAX_RSA_KEY_SIZE and key.public_numbers().e.bit_length() <= MAX_RSA_EXPONENT
        )

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Return whether `issuer` is the issuer by its name and its signature."""
        return self.issuer == issuer.subject and _is_signed_by(self, issuer)

    def to_pem(self) -> str:
        """Return canonical PEM text with 64 columns and LF line ends (RFC 7468)."""
        return self.library_object.public_bytes(Encoding.PEM).decode("ascii")

    def facts(self) -> dict[str, t.Any]:
        """Return the fields of the certificate for results."""
        key_type, key_size = self._key_type_and_size
        return {
            "common_name": self.common_name,
            "fingerprint_sha256": self.fingerprint_sha256,
            "public_key_sha256": self.public_key_sha256,
            "serial_number": self.serial_number,
            "not_before": format_time(self.not_before),
            "not_after": format_time(self.not_after),
            "subject_alt_names": self.subject_alt_names,
            "key_type": key_type,
            "key_size": key_size,
        }

    def diff_facts(self) -> dict[str, t.Any]:
        """Return the fields of the certificate for diffs."""
        return {
            **build_diff_name(self.common_name, self.shown_name),
            "fingerprint_sha256": self.fingerprint_sha256,
            "not_after": format_time(self.not_after),
        }


def _read_values(name: x509.Name, kind: x509.ObjectIdentifier) -> list[str]:
    """Return the attributes of a distinguished name with an object identifier, in printable form."""
    return [escape_invisible(str(part.value)) for part in name.get_attributes_for_oid(kind)]


def normalize_names(common_name: str | None, others: Iterable[str]) -> frozenset[str]:
    """Return host names in ASCII form, including the common name if it is set."""
    return frozenset(encode_name(name) for name in (common_name, *others) if name)


def read_record_names(record: Mapping[str, t.Any]) -> frozenset[str]:
    """Return the normalized DNS names and IP addresses of a certificate in a result."""
    return normalize_names(record.get("common_name"), record.get("subject_alt_names") or ())


Name = tuple[frozenset[tuple[str, str]], ...]
"""A distinguished name in normalized form."""


@lru_cache(MAX_CACHE_ENTRIES)
def normalize_distinguished_name(name: x509.Name) -> Name:
    """Return a distinguished name without differences in string types, case, and spaces (RFC 5280, 7.1)."""
    return tuple(
        frozenset((part.oid.dotted_string, " ".join(str(part.value).casefold().split())) for part in parts)
        for parts in name.rdns
    )


@lru_cache(MAX_CACHE_ENTRIES)
def _parse(der: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(der)


def _read_public_key_info(der: bytes) -> bytes:
    return asn1.read_public_key_info(_parse(der).tbs_certificate_bytes)


@lru_cache(MAX_CACHE_ENTRIES)
def _read_public_key(der: bytes) -> t.Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of deprecated key types, such as DSA
            return _parse(der).public_key()
    except UnsupportedAlgorithm:
        return None
    except ValueError:  # cryptography < 46 raises this for an unknown algorithm, every release for a damaged key
        if asn1.read_algorithm(_read_public_key_info(der)) in KEY_ALGORITHMS:
            raise
        return None


@lru_cache(MAX_CACHE_ENTRIES)
def _read_extensions(der: bytes) -> Mapping[str, x509.Extension[t.Any]]:
    try:
        readable = list(_parse(der).extensions)
    except PARSE_ERRORS:
        read = (_read_alone(der, raw.der) for raw in _list_raw_extensions(der).values() if raw)
        readable = [extension for extension in read if extension]
    return {extension.oid.dotted_string: extension for extension in readable}


def _list_raw_extensions(der: bytes) -> Mapping[str, asn1.Extension | None]:
    by_oid: dict[str, asn1.Extension | None] = {}
    with suppress(ValueError):
        for extension in asn1.read_extensions(_parse(der).tbs_certificate_bytes):
            by_oid[extension.oid] = None if extension.oid in by_oid else extension
    return by_oid


def _read_alone(der: bytes, extension: bytes) -> x509.Extension[t.Any] | None:
    """Return an extension that is parsed without the others; `None` if it is unreadable."""
    with suppress(CertificatesError), translate_parse_errors(CertificatesError("invalid_pem", "")):
        return next(iter(x509.load_der_x509_certificate(asn1.isolate_extension(der, extension)).extensions), None)
    return None


@lru_cache(MAX_CACHE_ENTRIES)
def _is_signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Return the cached result of `has_signed` for a certificate."""
    return issuer.has_signed(certificate.library_object, certificate.library_object.tbs_certificate_bytes)


def _format_general_name(name: x509.GeneralName) -> str:
    value = name.value
    if isinstance(name, x509.OtherName):
        return f"{name.type_id.dotted_string}:{name.value.hex()}"
    if isinstance(value, x509.ObjectIdentifier):
        return value.dotted_string
    return value.rfc4514_string() if isinstance(value, x509.Name) else str(value)


def join_pem(certificates: Iterable[Certificate]) -> str:
    """Return certificates as concatenated canonical PEM text."""
    return "".join(certificate.to_pem() for certificate in certificates)
