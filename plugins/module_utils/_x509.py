# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, keys and requests: read any encoding, match, order, describe. Private to softlayer.certificates.

Pure: bytes in, facts out. Nothing here returns or quotes a private key but C(PrivateKey.pem) itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import traceback
import typing as t
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from itertools import islice

from ansible_collections.softlayer.certificates.plugins.module_utils import _der
from ansible_collections.softlayer.certificates.plugins.module_utils._ciphers import (
    HEADER,
    has_right_vector,
    unknown_cipher,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._foreign_keys import how_to_convert
from ansible_collections.softlayer.certificates.plugins.module_utils._names import ascii_name
from ansible_collections.softlayer.certificates.plugins.module_utils._text import (
    fits_xml,
    printable,
    with_real_line_ends,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso

CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
try:
    from cryptography import x509
    from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_der_private_key,
        load_pem_private_key,
        pkcs7,
        pkcs12,
    )
    from cryptography.x509.oid import NameOID

    NOT_PARSED = (
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
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()

PEM_LINE = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 #]+)(?=-----)")
"""The first or last line of a PEM block (RFC 7468); the hyphens behind it may be those before the next one."""
HYPHENS = 5
TRUSTED_LABEL = b"TRUSTED CERTIFICATE"
CERTIFICATE_LABELS = frozenset(
    {b"CERTIFICATE", b"X509 CERTIFICATE", TRUSTED_LABEL, b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"}
)
REQUEST_LABELS = frozenset({b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"})
TRADITIONAL_KEY_LABELS = frozenset({b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"DSA PRIVATE KEY"})
KEY_LABELS = TRADITIONAL_KEY_LABELS | {b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"}
KEY_ALGORITHMS = frozenset(
    {
        *("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.10045.2.1", "1.2.840.10040.4.1"),
        *("1.2.840.113549.1.3.1", "1.2.840.10046.2.1", "1.3.101.110", "1.3.101.111", "1.3.101.112", "1.3.101.113"),
    }
)
"""Object identifiers of the keys that the library knows: RSA, RSASSA-PSS, EC, DSA, Diffie-Hellman, and those of RFC 8410."""
STORED_KEY_TYPES = frozenset({"RSA", "EC"})
"""Key types that the certificate store is known to take."""
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
"""What results tell of a certificate; see C(Certificate.facts)."""
DER_SEQUENCE = 0x30
LARGEST_RSA_KEY = 8192
LARGEST_RSA_EXPONENT = 64
LARGEST_DSA_KEY = 4096
"""Bits, of keys that are trusted not to be made to keep the processor busy."""
MOST_NAMES = 1_000
"""Subject alternative names that are read one by one where they cannot be read together."""
SHORTEST_KEY = 40
"""Characters of a private key's text."""
NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


@contextmanager
def reading(refusal: CertificatesError) -> Iterator[None]:
    """Turn whatever the library raises on data that it cannot read into an error: a panic of its Rust code is no C(Exception)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except NOT_PARSED:
        raise refusal from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise refusal from None


def _public_key_sha256(public_key: t.Any) -> str:
    """Return the SHA-256 of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), in hex."""
    return hashlib.sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _key_type_and_size(public_key: t.Any) -> tuple[str, int | None]:
    """Return the name of a key's algorithm and its size in bits, where it has one."""
    names = (
        (rsa.RSAPublicKey, "RSA"),
        (ec.EllipticCurvePublicKey, "EC"),
        (ed25519.Ed25519PublicKey, "Ed25519"),
        (ed448.Ed448PublicKey, "Ed448"),
        (dsa.DSAPublicKey, "DSA"),
    )
    name = next((name for kind, name in names if isinstance(public_key, kind)), type(public_key).__name__)
    return name, getattr(public_key, "key_size", None)


@dataclass(frozen=True)
class Certificate:
    """An X.509 certificate; two are equal if their DER is."""

    der: bytes = field(repr=False)

    @classmethod
    def of(cls, parsed: x509.Certificate) -> Certificate:
        """Return what C(cryptography) has parsed already, without parsing it once more."""
        certificate = cls(parsed.public_bytes(Encoding.DER))
        certificate.__dict__["parsed"] = parsed
        return certificate

    @cached_property
    def parsed(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @cached_property
    def fingerprint_sha256(self) -> str:
        """SHA-256 of the DER, in hex."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def _public_key(self) -> t.Any:
        """The public key; C(None) where the library does not know its algorithm, such as GOST R 34.10."""
        try:
            return self.parsed.public_key()
        except UnsupportedAlgorithm:
            return None
        except ValueError:  # what cryptography < 46 raises then, and all of them if the key is damaged
            if _der.algorithm(_der.public_key_info(self.parsed.tbs_certificate_bytes)) in KEY_ALGORITHMS:
                raise
            return None

    @cached_property
    def public_key_sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, in hex."""
        if self._public_key is None:
            return hashlib.sha256(_der.public_key_info(self.parsed.tbs_certificate_bytes)).hexdigest()
        return _public_key_sha256(self._public_key)

    def check(self) -> None:
        """Read what everything else rests on; raises what C(cryptography) raises on damaged data."""
        self.facts()
        for read in (lambda: self.organization_name, lambda: self.is_self_issued, lambda: self.may_issue):
            read()

    @property
    def not_before(self) -> datetime:
        """Start of validity, UTC."""
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """End of validity, UTC."""
        return self.parsed.not_valid_after_utc

    def is_valid(self, at: datetime) -> bool:
        """Return whether an instant lies within its validity, both ends included (RFC 5280, 4.1.2.5)."""
        return self.not_before <= at <= self.not_after

    @property
    def common_name(self) -> str | None:
        """The subject's first common name, as it can be printed."""
        return self._first(NameOID.COMMON_NAME)

    @property
    def organization_name(self) -> str | None:
        """The subject's first organization, as it can be printed."""
        return self._first(NameOID.ORGANIZATION_NAME)

    def _first(self, kind: x509.ObjectIdentifier) -> str | None:
        found = self.parsed.subject.get_attributes_for_oid(kind)
        return printable(str(found[0].value)) if found else None

    @property
    def subject_fits_xml(self) -> bool:
        """Whether the names in its subject can be sent over XML-RPC."""
        return all(fits_xml(str(part.value)) for part in self.parsed.subject)

    @cached_property
    def names(self) -> frozenset[str]:
        """What it is for: its DNS names and its common name, in ASCII form; authorities may leave the common name out."""
        dns_names = (name.value for name in self._alternatives if isinstance(name, x509.DNSName))
        return name_set(self.common_name, map(printable, dns_names))

    @property
    def server_names(self) -> frozenset[str]:
        """What clients take it for: its DNS names; its common name only if it has none (RFC 9525, 2)."""
        dns_names = name_set(None, (name.value for name in self._alternatives if isinstance(name, x509.DNSName)))
        return dns_names or name_set(self.common_name, ())

    def has_all_names_of(self, other: Certificate) -> bool:
        """Return whether it is for all that another one is for, addresses and such included; one for nothing is unknown."""
        values = other.subject_alt_names
        beside = {value for value in values if ascii_name(value) not in other.names}
        return bool(other.names or values) and other.names <= self.names and beside <= set(self.subject_alt_names)

    @property
    def shown_name(self) -> str:
        """What it is called in a sentence."""
        return self.common_name or printable(self.parsed.subject.rfc4514_string()) or "without a name"

    @property
    def shown_issuer(self) -> str:
        """What its issuer is called in a sentence."""
        found = self.parsed.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        return printable(str(found[0].value) if found else self.parsed.issuer.rfc4514_string())

    @cached_property
    def subject_alt_names(self) -> list[str]:
        """The values of the subject alternative names, as they can be printed: host names, addresses, ..."""
        return [printable(_general_name(name)) for name in self._alternatives]

    @cached_property
    def _alternatives(self) -> list[x509.GeneralName]:
        kind = x509.SubjectAlternativeName
        return list(self.extension(kind) or self._names_one_by_one(kind.oid.dotted_string))

    def _names_one_by_one(self, oid: str) -> Iterator[x509.GeneralName]:
        """Yield the names that can be read, where one among them cannot."""
        with suppress(ValueError):
            extension = self.unreadable_extensions.get(oid)
            if extension is None:
                return
            for listed in _der.elements(extension.value):
                for name in islice(_der.elements(listed.content), MOST_NAMES):
                    read = self._read_alone(extension.with_value(_der.wrap(_der.SEQUENCE, name.whole)))
                    yield from read.value if read else ()

    def extension(self, kind: type[t.Any]) -> t.Any:
        """Return an extension's value, C(None) if there is none, or none that can be read."""
        found = self.extensions.get(kind.oid.dotted_string)
        return found.value if found else None

    @cached_property
    def extensions(self) -> Mapping[str, x509.Extension[t.Any]]:
        """The extensions that can be read, by object identifier; one that cannot hides no other."""
        try:
            found = list(self.parsed.extensions)
        except NOT_PARSED:
            read = (self._read_alone(raw.whole) for raw in self._raw_extensions.values() if raw)
            found = [extension for extension in read if extension]
        return {extension.oid.dotted_string: extension for extension in found}

    @cached_property
    def unreadable_extensions(self) -> Mapping[str, _der.Extension | None]:
        """The others; C(None) for one that is there twice, which it must not be (RFC 5280, 4.2)."""
        return {oid: raw for oid, raw in self._raw_extensions.items() if oid not in self.extensions}

    @cached_property
    def _raw_extensions(self) -> Mapping[str, _der.Extension | None]:
        found: dict[str, _der.Extension | None] = {}
        with suppress(ValueError):
            for extension in _der.extensions(self.parsed.tbs_certificate_bytes):
                found[extension.oid] = None if extension.oid in found else extension
        return found

    def _read_alone(self, extension: bytes) -> x509.Extension[t.Any] | None:
        """Return one of its extensions, C(None) if it cannot be read: in a certificate that has no other."""
        with suppress(CertificatesError), reading(CertificatesError("invalid_pem", "")):
            return next(iter(x509.load_der_x509_certificate(_der.with_extension(self.der, extension)).extensions), None)
        return None

    @property
    def key_type(self) -> str:
        """Name of the key's algorithm; its object identifier where the library does not know it."""
        return self._key_type_and_size[0]

    @property
    def key_size(self) -> int | None:
        """Size of the key in bits, where it has one."""
        return self._key_type_and_size[1]

    @cached_property
    def _key_type_and_size(self) -> tuple[str, int | None]:
        if self._public_key is None:
            return _der.algorithm(_der.public_key_info(self.parsed.tbs_certificate_bytes)), None
        return _key_type_and_size(self._public_key)

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same: a root, or a CA whose key its former key signed (RFC 5280, 3.2)."""
        return self.subject == self.issuer

    @cached_property
    def is_root(self) -> bool:
        """Whether it is signed by its own key: a root, or a self-signed certificate."""
        return self.is_self_issued and self.is_issued_by(self)

    @cached_property
    def subject(self) -> Name:
        """The subject, as it compares."""
        return comparable(self.parsed.subject)

    @cached_property
    def issuer(self) -> Name:
        """The issuer, as it compares."""
        return comparable(self.parsed.issuer)

    @property
    def is_version_1(self) -> bool:
        """Whether it is of the time before extensions."""
        return self.parsed.version == x509.Version.v1

    @property
    def may_issue(self) -> bool:
        """Whether it is a CA certificate (basic constraints, RFC 5280, 4.2.1.9); an ancient one without any may."""
        constraints = self.extension(x509.BasicConstraints)
        return constraints.ca if constraints else self.is_version_1

    @property
    def key_identifier(self) -> bytes | None:
        """What names its key (RFC 5280, 4.2.1.2)."""
        found = self.extension(x509.SubjectKeyIdentifier)
        return found.digest if found else None

    @property
    def issuer_key_identifier(self) -> bytes | None:
        """What names its issuer's key (RFC 5280, 4.2.1.1)."""
        found = self.extension(x509.AuthorityKeyIdentifier)
        return found.key_identifier if found else None

    @property
    def signature_hash(self) -> str | None:
        """Name of the hash that was signed; C(None) where the algorithm has its own, or the library does not know it."""
        try:
            found = self.parsed.signature_hash_algorithm
        except UnsupportedAlgorithm:
            return None
        return found.name if found else None

    @property
    def is_quickly_verified_by(self) -> bool:
        """Whether its key is one with which a signature takes no time to verify that an attacker could choose."""
        key = self._public_key
        if isinstance(key, dsa.DSAPublicKey):
            return key.key_size <= LARGEST_DSA_KEY
        return not isinstance(key, rsa.RSAPublicKey) or (
            key.key_size <= LARGEST_RSA_KEY and key.public_numbers().e.bit_length() <= LARGEST_RSA_EXPONENT
        )

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Return whether C(issuer) is named as this one's issuer and its key made this one's signature."""
        if self.issuer != issuer.subject or issuer._public_key is None or not issuer.is_quickly_verified_by:
            return False
        try:
            with reading(CertificatesError("invalid_pem", "")):
                _verify(self.parsed, issuer._public_key)
        except (CertificatesError, InvalidSignature):
            return False
        return True

    def pem(self) -> str:
        """Return it as canonical PEM: 64 columns, LF (RFC 7468)."""
        return self.parsed.public_bytes(Encoding.PEM).decode("ascii")

    def facts(self) -> dict[str, t.Any]:
        """Return what results tell of a certificate."""
        key_type, key_size = self._key_type_and_size
        return {
            "common_name": self.common_name,
            "fingerprint_sha256": self.fingerprint_sha256,
            "public_key_sha256": self.public_key_sha256,
            "serial_number": self.parsed.serial_number,
            "not_before": iso(self.not_before),
            "not_after": iso(self.not_after),
            "subject_alt_names": self.subject_alt_names,
            "key_type": key_type,
            "key_size": key_size,
        }


def name_set(common_name: str | None, others: Iterable[str]) -> frozenset[str]:
    """Return names as they compare: in ASCII form, without the common name where there is none."""
    return frozenset(ascii_name(name) for name in (common_name, *others) if name)


Name = tuple[frozenset[tuple[str, str]], ...]
"""A distinguished name as it compares."""


def comparable(name: x509.Name) -> Name:
    """Return a name so that it equals itself in other string types, case and spacing (RFC 5280, 7.1)."""
    return tuple(
        frozenset((part.oid.dotted_string, " ".join(str(part.value).casefold().split())) for part in parts)
        for parts in name.rdns
    )


def _verify(certificate: x509.Certificate, key: t.Any) -> None:
    """Verify a certificate's signature; C(verify_directly_issued_by) would not know a name in another string type.

    Raises:
        InvalidSignature: and others that C(cryptography) raises, if another key made it.
    """
    how: tuple[t.Any, ...] = ()
    if isinstance(key, rsa.RSAPublicKey):
        how = (certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        how = (certificate.signature_algorithm_parameters,)
    elif isinstance(key, dsa.DSAPublicKey):
        how = (certificate.signature_hash_algorithm,)
    key.verify(certificate.signature, certificate.tbs_certificate_bytes, *how)


def _general_name(name: x509.GeneralName) -> str:
    value = name.value
    if isinstance(name, x509.OtherName):
        return f"{name.type_id.dotted_string}:{name.value.hex()}"
    if isinstance(value, x509.ObjectIdentifier):
        return value.dotted_string
    return value.rfc4514_string() if isinstance(value, x509.Name) else str(value)


@dataclass(frozen=True)
class Request:
    """A certificate signing request (PKCS#10, RFC 2986)."""

    der: bytes = field(repr=False)
    public_key_sha256: str
    names: tuple[str, ...] = field(default=(), compare=False)
    """The hosts that it names, as they stand there."""

    def pem(self) -> str:
        """Return it as canonical PEM: 64 columns, LF."""
        return _wrap(b"CERTIFICATE REQUEST", self.der).decode("ascii")


@dataclass(frozen=True)
class PrivateKey:
    """A private key, decrypted."""

    pem: str = field(repr=False)
    public_key_sha256: str
    key_type: str


@dataclass(frozen=True)
class KeyStore:
    """What a PKCS#12 file holds."""

    key: PrivateKey | None
    certificates: tuple[Certificate, ...]


def _wrap(label: bytes, der: bytes, headers: tuple[bytes, ...] = ()) -> bytes:
    encoded = base64.b64encode(der)
    lines = [encoded[start : start + 64] for start in range(0, len(encoded), 64)]
    return b"\n".join([b"-----BEGIN " + label + b"-----", *headers, *lines, b"-----END " + label + b"-----", b""])


def _pem_blocks(data: bytes, labels: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """Return label and body of the PEM blocks in a text, whatever else stands in it.

    Raises:
        CertificatesError: C(invalid_pem) where one begins in another.
    """
    blocks = [(label, with_real_line_ends(body)) for label, body in _any_pem_blocks(_as_ascii(data)) if label in labels]
    if any(b"-----BEGIN" in body for _label, body in blocks):
        raise CertificatesError("invalid_pem", "A PEM block lacks its last line: take the file anew from its source.")
    return blocks


def _any_pem_blocks(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield label and body of each first line with the next last line of its label; it takes time as the text is long."""
    lines = list(PEM_LINE.finditer(text))
    ends: dict[bytes, deque[int]] = {}
    for line in lines:
        if line[1] == b"END":
            ends.setdefault(line[2], deque()).append(line.start())
    position = 0
    for line in lines:
        label, begin = line[2], line.end() + HYPHENS
        if line[1] == b"END" or line.start() < position:
            continue
        mine = ends.get(label, deque())
        while mine and mine[0] < begin:
            mine.popleft()
        if mine:
            yield label, text[begin : mine[0]]
            position = mine[0] + len(b"-----END ") + len(label) + HYPHENS


def _as_ascii(data: bytes) -> bytes:
    """Return a text as ASCII: editors on Windows write UTF-16, or a byte order mark before UTF-8."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode("ascii", "replace")
    return data


def from_base64(data: bytes) -> bytes:
    """Return what base64 (RFC 4648, 4) stands for, whatever else is strewn in; what is damaged comes out as something else."""
    kept = data.translate(None, NOT_BASE64).partition(b"=")[0]  # after the padding comes what a mailing list appended
    whole = kept[:-1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def is_der(data: bytes) -> bool:
    """Return whether data begins as a DER sequence of more than 127 bytes does, which no text does (X.690, 8.1.3.5)."""
    return data[:1] == bytes([DER_SEQUENCE]) and data[1:2] >= b"\x80"


def der_length(data: bytes) -> int:
    """Return how long the structure at the beginning of DER data says that it is, header included (X.690, 8.1.3)."""
    first = data[1] if len(data) > 1 else 0
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    # With the indefinite form (BER), or a nonsensical one, take all.
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big") if 0 < count <= 4 else len(data)


def as_bytes(text: object) -> bytes:
    """Return the bytes that a template's value stands for: Ansible keeps what is not UTF-8 as surrogates.

    Raises:
        CertificatesError: C(invalid_argument); it does not quote the value.
    """
    if isinstance(text, bytes):
        return text
    if isinstance(text, str):
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text.encode("utf-8", "replace")
    raise CertificatesError(
        "invalid_argument", f"Certificates and keys are given as the text of their files, not as {type(text).__name__}."
    )


def read_certificates(data: bytes) -> list[Certificate]:
    """Return the certificates in PEM text, DER or PKCS#7, in their order, each once; an empty list if there are none.

    Raises:
        CertificatesError: C(invalid_pem) where something claims to be a certificate and is not.
    """
    ders = [data] if is_der(data) else [_der_of(*block) for block in _pem_blocks(data, CERTIFICATE_LABELS)]
    return list(dict.fromkeys(certificate for der in ders for certificate in certificates_in(der)))


def _der_of(label: bytes, body: bytes) -> bytes:
    der = from_base64(body)
    return der[: der_length(der)] if label == TRUSTED_LABEL else der  # what OpenSSL trusts it for stands behind it


def certificates_in(der: bytes) -> list[Certificate]:
    """Return the certificates in DER, which is one or PKCS#7 with several; it takes no longer than parsing that.

    Raises:
        CertificatesError: C(invalid_pem).
    """
    with suppress(CertificatesError):
        return [_certificate(der)]
    return _pkcs7(der)


def readable_certificates(data: bytes) -> list[Certificate]:
    """Return the certificates in PEM text or DER that can be read; what is damaged is passed over, as in a store of roots."""
    blocks = [block for block in _any_pem_blocks(_as_ascii(data)) if block[0] in CERTIFICATE_LABELS]
    ders = [data] if is_der(data) else [_der_of(*block) for block in blocks]
    found: list[Certificate] = []
    for der in ders:
        with suppress(CertificatesError):
            found += certificates_in(der)
    return list(dict.fromkeys(found))


def _certificate(der: bytes) -> Certificate:
    """Return a certificate that is known to parse as far as this collection reads it."""
    certificate = Certificate(der)
    with reading(
        CertificatesError(
            "invalid_pem", "A certificate is damaged: it does not parse as X.509. Take the file anew from its source."
        )
    ):
        certificate.check()
    return certificate


def _pkcs7(der: bytes) -> list[Certificate]:
    refusal = CertificatesError(
        "invalid_pem",
        "This is neither an X.509 certificate nor PKCS#7 with certificates, or it is damaged: "
        "take the file anew from its source.",
    )
    with reading(refusal):
        parsed = pkcs7.load_der_pkcs7_certificates(der)
    return [_certificate(certificate.public_bytes(Encoding.DER)) for certificate in parsed]


def read_request(data: bytes) -> Request:
    """Return the one signing request in PEM text or DER.

    Raises:
        CertificatesError: C(invalid_pem).
    """
    blocks = _pem_blocks(data, REQUEST_LABELS)
    with reading(CertificatesError("invalid_pem", "This is no certificate signing request in PEM or DER form.")):
        der = from_base64(blocks[0][1]) if blocks else data
        request = x509.load_der_x509_csr(der)
        public_key_sha256 = _public_key_sha256(request.public_key())
        common_names = (str(part.value) for part in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME))
        hosts = (name for name in common_names if "." in name and " " not in name)  # others are called as people like
    return Request(der, public_key_sha256, (*hosts, *_requested_dns_names(request)))


@dataclass(frozen=True)
class Requested:
    """What an order's signing request asks for."""

    public_key_sha256: str
    key_type: str
    dns_names: tuple[str, ...]
    """The DNS names in its extension request (RFC 2985, 5.4.2); most requests have none and rely on the common name."""


def requested(pem: object) -> Requested | None:
    """Return what the signing request of an API object asks for, C(None) where there is none to read."""
    if not isinstance(pem, str) or not pem.strip():
        return None
    data = pem.encode("utf-8", "replace")
    # PEM as it should be, which is the usual case and twice as fast
    with suppress(CertificatesError), reading(CertificatesError("invalid_pem", "")):
        return _requested(x509.load_pem_x509_csr(data))
    with suppress(CertificatesError), reading(CertificatesError("invalid_pem", "")):
        return _requested(x509.load_der_x509_csr(read_request(data).der))
    return None


def _requested(request: x509.CertificateSigningRequest) -> Requested:
    key = request.public_key()
    return Requested(_public_key_sha256(key), _key_type_and_size(key)[0], _requested_dns_names(request))


def _requested_dns_names(request: x509.CertificateSigningRequest) -> tuple[str, ...]:
    with suppress(x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, *NOT_PARSED):
        alternatives = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(alternatives.get_values_for_type(x509.DNSName))
    return ()


def stored_certificate(pem: object) -> Certificate | None:
    """Return the certificate of an API object, C(None) where there is none whose key and dates can be read.

    Nothing else of it is read before it is asked for, which makes it several times as fast as C(read_certificates).
    """
    if not isinstance(pem, str):
        return None
    data = pem.encode("utf-8", "replace")
    with suppress(CertificatesError), reading(CertificatesError("invalid_pem", "")):
        return _with_key(Certificate.of(x509.load_pem_x509_certificate(data)))
    with suppress(CertificatesError), reading(CertificatesError("invalid_pem", "")):
        return next(map(_with_key, read_certificates(data)), None)
    return None


def _with_key(certificate: Certificate) -> Certificate:
    """Return a certificate whose key and dates are known to be readable."""
    _known = certificate.public_key_sha256, certificate.not_before, certificate.not_after
    return certificate


def read_private_key(data: bytes, passphrase: str | None = None, *, is_for_use: bool = True) -> PrivateKey:
    """Return the one private key in PEM text or DER, decrypted.

    The container stays what it was, PKCS#8 or the traditional one. A passphrase that is not needed does no harm.
    If only its public key matters, C(is_for_use=False) saves the check of an RSA key's numbers, which takes far longer than all else.

    Raises:
        CertificatesError: C(invalid_pem) if there is no key, C(bad_passphrase) if the passphrase is missing or wrong.
    """
    blocks = _pem_blocks(data, KEY_LABELS)
    if len(blocks) > 1:
        raise CertificatesError(
            "ambiguous", "There is more than one private key in the file: keep the one that belongs to the certificate."
        )
    label, body = blocks[0] if blocks else (b"", b"")
    source = _canonical_key_block(label, body) if blocks else data
    load = load_pem_private_key if blocks else load_der_private_key
    foreign = None if blocks else how_to_convert(_as_ascii(data))
    with reading(CertificatesError("invalid_pem", foreign or "This is no private key in PEM or DER form.")):
        try:
            key = load(source, None, unsafe_skip_rsa_key_validation=not is_for_use)
        except TypeError:  # it is encrypted
            key = _decrypted(partial(load, unsafe_skip_rsa_key_validation=not is_for_use), source, passphrase)
    return _private_key(
        key, PrivateFormat.TraditionalOpenSSL if label in TRADITIONAL_KEY_LABELS else PrivateFormat.PKCS8
    )


def _decrypted(load: t.Callable[[bytes, bytes], t.Any], source: bytes, passphrase: str | None) -> t.Any:
    if not passphrase:
        raise CertificatesError("bad_passphrase", "The private key is encrypted: give privatekey_passphrase.")
    try:
        return load(source, passphrase.encode("utf-8", "replace"))
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        said = f"unsupported: {error}" if isinstance(error, UnsupportedAlgorithm | InternalError) else str(error)
        cipher = unknown_cipher(said, source)
    if cipher is None:
        raise CertificatesError("bad_passphrase", "The private key cannot be decrypted: check privatekey_passphrase.")
    raise CertificatesError(
        "invalid_pem",
        f"The private key is encrypted with {cipher}, which this version of the Python library cryptography cannot decrypt: "
        "encrypt it anew with `openssl pkey -aes256 -in OLD -out NEW`.",
    )


def key_texts(data: bytes) -> set[str]:
    """Return the key in a file as text that must appear in no output; what is shorter than any key would only garble it.

    As few forms as will do: each is looked for in each string of a result.
    """
    text = data.decode("utf-8", "replace").strip()
    return {form for form in (text, "".join(text.split())) if len(form) >= SHORTEST_KEY}


def _canonical_key_block(label: bytes, body: bytes) -> bytes:
    """Return a PEM key without indentation, odd line ends or text around it, the headers of an encrypted one kept."""
    headers: tuple[bytes, ...] = ()
    encrypted = HEADER.search(body)
    if encrypted:
        cipher, vector = encrypted.groups()
        if not has_right_vector(cipher, vector):
            raise CertificatesError("invalid_pem", "The private key is damaged: take the file anew from its source.")
        headers = (b"Proc-Type: 4,ENCRYPTED", b"DEK-Info: " + cipher + b"," + vector, b"")
        body = body[encrypted.end() :]
    return _wrap(label, from_base64(body), headers)


def _private_key(key: t.Any, container: PrivateFormat) -> PrivateKey:
    key_type, _size = _key_type_and_size(key.public_key())
    if key_type not in {"RSA", "EC", "DSA"}:
        container = PrivateFormat.PKCS8  # newer algorithms have no traditional form
    return PrivateKey(
        pem=key.private_bytes(Encoding.PEM, container, NoEncryption()).decode("ascii"),
        public_key_sha256=_public_key_sha256(key.public_key()),
        key_type=key_type,
    )


def read_key_store(data: bytes, passphrase: str | None = None) -> KeyStore:
    """Return what a PKCS#12 file holds (RFC 7292).

    Raises:
        CertificatesError: C(bad_passphrase) or C(invalid_pem).
    """
    no_store = CertificatesError("invalid_pem", "This is no PKCS#12 file.")
    with reading(no_store):
        try:
            store = pkcs12.load_pkcs12(data, passphrase.encode("utf-8", "replace") if passphrase else None)
        except (ValueError, UnsupportedAlgorithm, InternalError) as error:
            raise _not_opened(error, data) or no_store from None
        entries = [store.cert, *store.additional_certs]
        found = KeyStore(
            key=_private_key(store.key, PrivateFormat.PKCS8) if store.key else None,
            certificates=tuple(
                _certificate(entry.certificate.public_bytes(Encoding.DER)) for entry in entries if entry is not None
            ),
        )
    return found


def _not_opened(error: Exception, data: bytes) -> CertificatesError | None:
    """Return what is to be said of a PKCS#12 file that is one and cannot be opened."""
    if re.search("password|mac", str(error), re.IGNORECASE):
        return CertificatesError("bad_passphrase", "The PKCS#12 file cannot be opened: check pkcs12_passphrase.")
    said = f"unsupported: {error}" if isinstance(error, UnsupportedAlgorithm | InternalError) else str(error)
    cipher = unknown_cipher(said, b"")
    if cipher is None or not is_der(data):
        return None
    return CertificatesError(
        "invalid_pem",
        f"The PKCS#12 file is encrypted with {cipher}, which this version of the Python library cryptography cannot decrypt: "
        "write it anew with `openssl pkcs12 -legacy -in OLD -out ALL.pem` and `openssl pkcs12 -export -in ALL.pem -out NEW`.",
    )


def find_by_key(pile: Sequence[Certificate], public_key_sha256: str) -> list[Certificate]:
    """Return the certificates that carry a public key."""
    return [certificate for certificate in pile if certificate.public_key_sha256 == public_key_sha256]


def pem_bundle(certificates: Iterable[Certificate]) -> str:
    """Return several certificates as canonical PEM, one after the other."""
    return "".join(certificate.pem() for certificate in certificates)
