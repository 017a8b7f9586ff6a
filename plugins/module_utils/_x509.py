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
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso

CRYPTOGRAPHY_IMPORT_ERROR: str | None = None
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
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

    NOT_PARSED = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
except ImportError:
    CRYPTOGRAPHY_IMPORT_ERROR = traceback.format_exc()

PEM_BLOCK = re.compile(
    rb"-----BEGIN (?P<label>[A-Z0-9 #]+)-----(?P<body>.*?)-----END (?P=label)-----",
    re.DOTALL,
)
TRUSTED_LABEL = b"TRUSTED CERTIFICATE"
CERTIFICATE_LABELS = frozenset(
    {b"CERTIFICATE", b"X509 CERTIFICATE", TRUSTED_LABEL, b"PKCS7", b"CMS", b"PKCS #7 SIGNED DATA"}
)
REQUEST_LABELS = frozenset({b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"})
TRADITIONAL_KEY_LABELS = frozenset({b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"DSA PRIVATE KEY"})
KEY_LABELS = TRADITIONAL_KEY_LABELS | {b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"}
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
"""Bits, of keys that are trusted not to be made to keep the processor busy."""
LONGEST_CHAIN = 30
"""Certificates above a leaf; real chains have one to three."""
SHORTEST_KEY = 40
"""Characters of a private key's text."""
ENCRYPTED_WITH = re.compile(rb"DEK-Info:[^A-Z]*([A-Z0-9-]+),\s*([0-9A-Fa-f]+)[^A-Za-z0-9+/]+")
"""The last header of a traditional key that is encrypted (RFC 1421, 4.6.1.3): cipher and initialisation vector."""
VECTOR_LENGTHS = frozenset({16, 32})
"""Hex digits of the initialisation vectors of DES and AES; with others the parser does not fail but panics."""
NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
WRITTEN_LINE_END = re.compile(rb"\\[rn]")
"""What JSON and environment files make of line ends."""


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

    @cached_property
    def _parsed(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @cached_property
    def fingerprint_sha256(self) -> str:
        """SHA-256 of the DER, in hex."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def public_key_sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, in hex."""
        return _public_key_sha256(self._parsed.public_key())

    def check(self) -> None:
        """Read what everything else rests on; raises what C(cryptography) raises on damaged data."""
        self.facts()
        for read in (lambda: self.organization_name, lambda: self.is_self_issued, lambda: self.may_issue):
            read()

    @property
    def not_before(self) -> datetime:
        """Start of validity, UTC."""
        return self._parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """End of validity, UTC."""
        return self._parsed.not_valid_after_utc

    @property
    def common_name(self) -> str | None:
        """The subject's first common name."""
        found = self._parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found[0].value) if found else None

    @property
    def organization_name(self) -> str | None:
        """The subject's first organization."""
        found = self._parsed.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(found[0].value) if found else None

    @property
    def subject_alt_names(self) -> list[str]:
        """The values of the subject alternative names: host names, addresses, ..."""
        names = self._extension(x509.SubjectAlternativeName)
        return [_general_name(name) for name in names] if names else []

    def _extension(self, kind: type[t.Any]) -> t.Any:
        """Return an extension's value, C(None) if there is none, or none that can be read."""
        try:
            return self._parsed.extensions.get_extension_for_class(kind).value
        except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
            return None

    @property
    def key_type(self) -> str:
        """Name of the key's algorithm."""
        return _key_type_and_size(self._parsed.public_key())[0]

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same: a root, or a self-signed certificate."""
        return self._subject == self._issuer

    @cached_property
    def _subject(self) -> Name:
        return _comparable(self._parsed.subject)

    @cached_property
    def _issuer(self) -> Name:
        return _comparable(self._parsed.issuer)

    @property
    def may_issue(self) -> bool:
        """Whether it is a CA certificate (basic constraints, RFC 5280, 4.2.1.9); an ancient one without any may."""
        constraints = self._extension(x509.BasicConstraints)
        return constraints.ca if constraints else self._parsed.version == x509.Version.v1

    @property
    def is_quickly_verified_by(self) -> bool:
        """Whether its key is one with which a signature takes no time to verify that an attacker could choose."""
        key = self._parsed.public_key()
        return not isinstance(key, rsa.RSAPublicKey) or (
            key.key_size <= LARGEST_RSA_KEY and key.public_numbers().e.bit_length() <= LARGEST_RSA_EXPONENT
        )

    def is_issued_by(self, issuer: Certificate) -> bool:
        """Return whether C(issuer) is named as this one's issuer and its key made this one's signature."""
        if self._issuer != issuer._subject:
            return False
        try:
            _verify(self._parsed, issuer._parsed.public_key())
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def pem(self) -> str:
        """Return it as canonical PEM: 64 columns, LF (RFC 7468)."""
        return self._parsed.public_bytes(Encoding.PEM).decode("ascii")

    def facts(self) -> dict[str, t.Any]:
        """Return what results tell of a certificate."""
        key_type, key_size = _key_type_and_size(self._parsed.public_key())
        return {
            "common_name": self.common_name,
            "fingerprint_sha256": self.fingerprint_sha256,
            "public_key_sha256": self.public_key_sha256,
            "serial_number": self._parsed.serial_number,
            "not_before": iso(self.not_before),
            "not_after": iso(self.not_after),
            "subject_alt_names": self.subject_alt_names,
            "key_type": key_type,
            "key_size": key_size,
        }


Name = tuple[frozenset[tuple[str, str]], ...]
"""A distinguished name as it compares."""


def _comparable(name: x509.Name) -> Name:
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
    blocks = [
        (found["label"], WRITTEN_LINE_END.sub(b"\n", found["body"]))
        for found in PEM_BLOCK.finditer(_as_ascii(data))
        if found["label"] in labels
    ]
    if any(b"-----BEGIN" in body for _label, body in blocks):
        raise CertificatesError("invalid_pem", "A PEM block lacks its last line: take the file anew from its source.")
    return blocks


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
    ders = [data] if is_der(data) else [_der(*block) for block in _pem_blocks(data, CERTIFICATE_LABELS)]
    return list(dict.fromkeys(certificate for der in ders for certificate in certificates_in(der)))


def _der(label: bytes, body: bytes) -> bytes:
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


def _certificate(der: bytes) -> Certificate:
    """Return a certificate that is known to parse as far as this collection reads it."""
    certificate = Certificate(der)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate.check()
    except NOT_PARSED:
        raise CertificatesError(
            "invalid_pem", "A certificate is damaged: it does not parse as X.509. Take the file anew from its source."
        ) from None
    return certificate


def _pkcs7(der: bytes) -> list[Certificate]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = pkcs7.load_der_pkcs7_certificates(der)
    except NOT_PARSED:
        raise CertificatesError(
            "invalid_pem",
            "This is neither an X.509 certificate nor PKCS#7 with certificates, or it is damaged: "
            "take the file anew from its source.",
        ) from None
    return [_certificate(certificate.public_bytes(Encoding.DER)) for certificate in parsed]


def read_request(data: bytes) -> Request:
    """Return the one signing request in PEM text or DER.

    Raises:
        CertificatesError: C(invalid_pem).
    """
    blocks = _pem_blocks(data, REQUEST_LABELS)
    try:
        der = from_base64(blocks[0][1]) if blocks else data
        return Request(der, _public_key_sha256(x509.load_der_x509_csr(der).public_key()))
    except NOT_PARSED:
        raise CertificatesError("invalid_pem", "This is no certificate signing request in PEM or DER form.") from None


def request_key_sha256(pem: object) -> str | None:
    """Return the SHA-256 of the public key in an API object's signing request, C(None) where there is none to read."""
    if not isinstance(pem, str) or not pem.strip():
        return None
    data = pem.encode("utf-8", "replace")
    with suppress(*NOT_PARSED):  # PEM as it should be, which is the usual case and twice as fast
        return _public_key_sha256(x509.load_pem_x509_csr(data).public_key())
    try:
        return read_request(data).public_key_sha256
    except CertificatesError:
        return None


def certificate_key_sha256(pem: object) -> str | None:
    """Return the SHA-256 of the public key in an API object's certificate, C(None) where there is none to read.

    Nothing else of the certificate is read, which makes it several times as fast as C(read_certificates).
    """
    if not isinstance(pem, str):
        return None
    data = pem.encode("utf-8", "replace")
    with suppress(*NOT_PARSED):
        return _public_key_sha256(x509.load_pem_x509_certificate(data).public_key())
    try:
        return next((certificate.public_key_sha256 for certificate in read_certificates(data)), None)
    except CertificatesError:
        return None


def read_private_key(data: bytes, passphrase: str | None = None) -> PrivateKey:
    """Return the one private key in PEM text or DER, decrypted.

    The container stays what it was, PKCS#8 or the traditional one. A passphrase that is not needed does no harm.

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
    no_key = CertificatesError("invalid_pem", "This is no private key in PEM or DER form.")
    try:
        key = load(source, None)
    except TypeError:  # it is encrypted
        if not passphrase:
            raise CertificatesError(
                "bad_passphrase", "The private key is encrypted: give privatekey_passphrase."
            ) from None
        try:
            key = load(source, passphrase.encode("utf-8", "replace"))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise CertificatesError(
                "bad_passphrase", "The private key cannot be decrypted: check privatekey_passphrase."
            ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise no_key from None
    return _private_key(
        key, PrivateFormat.TraditionalOpenSSL if label in TRADITIONAL_KEY_LABELS else PrivateFormat.PKCS8
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
    encrypted = ENCRYPTED_WITH.search(body)
    if encrypted:
        cipher, vector = encrypted.groups()
        if len(vector) not in VECTOR_LENGTHS:
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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            store = pkcs12.load_pkcs12(data, passphrase.encode("utf-8", "replace") if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if "password" in str(error).lower() or "mac" in str(error).lower():
            raise CertificatesError(
                "bad_passphrase", "The PKCS#12 file cannot be opened: check pkcs12_passphrase."
            ) from None
        raise CertificatesError("invalid_pem", "This is no PKCS#12 file.") from None
    entries = [store.cert, *store.additional_certs]
    return KeyStore(
        key=_private_key(store.key, PrivateFormat.PKCS8) if store.key else None,
        certificates=tuple(
            _certificate(entry.certificate.public_bytes(Encoding.DER)) for entry in entries if entry is not None
        ),
    )


def find_issuer(certificate: Certificate, pile: Iterable[Certificate], at: datetime) -> Certificate | None:
    """Return the certificate that issued another, by name and signature; roots are left out.

    Of several that fit (cross-signing), one that is valid at C(at) is preferred, then the one valid longest.
    """
    issuers = [
        candidate
        for candidate in pile
        if candidate != certificate
        and not candidate.is_self_issued
        and candidate.may_issue
        and certificate.is_issued_by(candidate)
    ]
    return max(
        issuers, key=lambda issuer: (issuer.not_before <= at <= issuer.not_after, issuer.not_after), default=None
    )


def order_chain(leaf: Certificate, pile: Iterable[Certificate], at: datetime) -> list[Certificate]:
    """Return the leaf's issuer, its issuer and so on as far as the pile goes; roots are left out."""
    rest = [certificate for certificate in dict.fromkeys(pile) if certificate != leaf]
    chain: list[Certificate] = []
    issuer = find_issuer(leaf, rest, at)
    while issuer and len(chain) < LONGEST_CHAIN:
        chain.append(issuer)
        rest.remove(issuer)
        issuer = find_issuer(issuer, rest, at)
    return chain


def find_by_key(pile: Sequence[Certificate], public_key_sha256: str) -> list[Certificate]:
    """Return the certificates that carry a public key."""
    return [certificate for certificate in pile if certificate.public_key_sha256 == public_key_sha256]


def pem_bundle(certificates: Iterable[Certificate]) -> str:
    """Return several certificates as canonical PEM, one after the other."""
    return "".join(certificate.pem() for certificate in certificates)
