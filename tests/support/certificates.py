# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, authorities and certificates for tests, made anew each time, and all the ways in which people keep them."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache, cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
DAY = timedelta(days=1)
NOW = datetime.now(timezone.utc).replace(microsecond=0)
PASSPHRASE = "corréct-horse-battery"
"""Protects what is encrypted."""
PEM_BODY = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n(.*?)-----END \1-----\n", re.DOTALL)


def new_key(kind: str = "ec") -> Key:
    """A new key; there is one RSA key only, as making one takes long."""
    if kind == "rsa":
        return _rsa_key()
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    key = ec.generate_private_key(ec.SECP256R1())
    _fragments.update(private_fragments(key))
    return key


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _fragments.update(private_fragments(key))
    return key


def name_of(common_name: str | None, organization: str | None = None) -> x509.Name:
    """A distinguished name."""
    values = ((NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATION_NAME, organization))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in values if value is not None])


@dataclass(frozen=True)
class Issued:
    """A certificate with all that belongs to it; ``chain`` begins with its issuer and ends before the root."""

    key: Key
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    root: x509.Certificate | None = None

    @cached_property
    def pem(self) -> str:
        """The certificate alone."""
        return pem_of([self.certificate])

    @cached_property
    def chain_pem(self) -> str:
        """Its issuers, without the root."""
        return pem_of(self.chain)

    @cached_property
    def key_pem(self) -> str:
        """Its key in PKCS#8, not encrypted."""
        return key_pem(self.key)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def all(self) -> list[x509.Certificate]:
        """The certificate, its issuers and the root."""
        return [self.certificate, *self.chain, *([self.root] if self.root else [])]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @cached_property
    def csr_pem(self) -> str:
        """A signing request of its key, with its subject; one without any asks for its names, as that is all there is."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(self.certificate.subject)
        if not list(self.certificate.subject):
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            builder = builder.add_extension(names.value, critical=names.critical)
        return builder.sign(self.key, _hash_for(self.key)).public_bytes(Encoding.PEM).decode()

    def options(self, **others: object) -> dict[str, object]:
        """The options that import it, with ``others`` changed or, if None, left out."""
        options = {
            "certificate_content": self.pem,
            "privatekey_content": self.key_pem,
            "intermediate_content": self.chain_pem,
            **others,
        }
        return {name: value for name, value in options.items() if value is not None}


def _hash_for(key: Key) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


class Authority:
    """A root with so many intermediates below it, the last of which issues."""

    def __init__(self, name: str = "Testing", intermediates: int = 1) -> None:
        key = new_key()
        subject = name_of(f"{name} Root")
        self.root = certificate_of(subject, subject, key, key, ca=True)
        self.chain: tuple[x509.Certificate, ...] = ()
        self.key, self.issuer = key, self.root
        self._above = (key, self.root)
        for number in range(intermediates):
            self._descend(f"{name} CA {number + 1}")

    def _descend(self, name: str) -> None:
        key = new_key()
        certificate = certificate_of(name_of(name), self.issuer.subject, key, self.key, ca=True)
        self._above = (self.key, self.issuer)
        self.key, self.issuer, self.chain = key, certificate, (certificate, *self.chain)

    def reissue(self, **validity: datetime) -> x509.Certificate:
        """Another certificate for the issuing key, such as one that has expired; its issuer is the same."""
        key, issuer = self._above
        return certificate_of(self.issuer.subject, issuer.subject, self.key, key, ca=True, **validity)

    def issue(
        self,
        common_name: str | None,
        *,
        key: Key | None = None,
        names: Sequence[str] | None = None,
        addresses: Sequence[str] = (),
        organization: str | None = None,
        days: tuple[float, float] = (-1, 90),
    ) -> Issued:
        """A server certificate that is valid in these days from now."""
        key = key or new_key()
        if names is None:
            names = [common_name] if common_name else []
        certificate = certificate_of(
            name_of(common_name, organization),
            self.issuer.subject,
            key,
            self.key,
            names=names,
            addresses=addresses,
            not_before=NOW + days[0] * DAY,
            not_after=NOW + days[1] * DAY,
        )
        return Issued(key, certificate, self.chain, self.root)


def self_signed(common_name: str, key: Key | None = None, *, days: tuple[float, float] = (-365, 3650)) -> Issued:
    """A certificate that is its own issuer and is valid in these days from now."""
    key = key or new_key()
    subject = name_of(common_name)
    validity = {"not_before": NOW + days[0] * DAY, "not_after": NOW + days[1] * DAY}
    return Issued(key, certificate_of(subject, subject, key, key, names=[common_name], **validity))


def certificate_of(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    issuer_key: Key,
    *,
    ca: bool = False,
    names: Sequence[str] = (),
    addresses: Sequence[str] = (),
    not_before: datetime = NOW - 365 * DAY,
    not_after: datetime = NOW + 3650 * DAY,
    extensions: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """A certificate with just what it needs, and what else it is given; an empty subject makes its names critical (RFC 5280, 4.2.1.6)."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names or addresses:
        alternatives: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        alternatives += [x509.DNSName(name) for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not list(subject))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.KeyUsage))
    return builder.sign(issuer_key, _hash_for(issuer_key))


def usage_of(*, signs_lists: bool = True) -> x509.KeyUsage:
    """The key usage of an authority."""
    no = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    return x509.KeyUsage(**no, key_cert_sign=True, crl_sign=signs_lists, encipher_only=False, decipher_only=False)


def identifiers(key: Key, issuer_key: Key) -> list[x509.ExtensionType]:
    """The extensions that name a certificate's key, and its issuer's: strict clients ask for them."""
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return [own, x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())]


# Servers on this machine


def write_authority(path: Path, name: str) -> tuple[Key, x509.Certificate]:
    """Write an authority that strict clients trust, such as Python 3.13's; return its key, and it."""
    key, subject = new_key(), name_of(name)
    certificate = certificate_of(subject, subject, key, key, ca=True, extensions=[usage_of(), *identifiers(key, key)])
    path.write_text(pem_of([certificate]), encoding="ascii")
    return key, certificate


def write_certificate_of_loopback(path: Path, key_path: Path, ca_path: Path, ca_name: str) -> None:
    """Write a certificate for loopback, its key, and who signed it; strict clients take it."""
    ca_key, authority = write_authority(ca_path, ca_name)
    key = new_key()
    extensions = [
        x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        *identifiers(key, ca_key),
    ]
    certificate = certificate_of(name_of("localhost"), authority.subject, key, ca_key, extensions=extensions)
    path.write_text(pem_of([certificate]), encoding="ascii")
    key_path.touch(mode=0o600)
    key_path.write_text(key_pem(key), encoding="ascii")


# Containers


def pem_of(certificates: Iterable[x509.Certificate]) -> str:
    """Certificates as canonical PEM, one after the other."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)


def pkcs7_of(certificates: Iterable[x509.Certificate], encoding: Encoding) -> bytes:
    """Certificates as PKCS#7."""
    return pkcs7.serialize_certificates(list(certificates), encoding)


def pkcs12_of(issued: Issued, passphrase: str | None, others: Sequence[x509.Certificate] | None = None) -> bytes:
    """Certificate, key and chain as PKCS#12."""
    return pkcs12.serialize_key_and_certificates(
        b"name",
        issued.key,  # type: ignore[arg-type]
        issued.certificate,
        issued.chain if others is None else others,
        serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption(),
    )


def key_pem(key: Key, container: PrivateFormat = PrivateFormat.PKCS8, passphrase: str | None = None) -> str:
    """A key in PEM, encrypted if there is a passphrase."""
    return key_bytes(key, container, passphrase, Encoding.PEM).decode()


def key_bytes(
    key: Key,
    container: PrivateFormat = PrivateFormat.PKCS8,
    passphrase: str | None = None,
    encoding: Encoding = Encoding.DER,
) -> bytes:
    """A key, encrypted if there is a passphrase."""
    encryption = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(encoding, container, encryption)


# What happens to PEM text on its way


def _each_line(prefix: str) -> Callable[[str], str]:
    return lambda text: "".join(f"{prefix}{line}\n" for line in text.splitlines())


def _broken_at(columns: int) -> Callable[[str], str]:
    def change(found: re.Match[str]) -> str:
        label, body = found.group(1), "".join(found.group(2).split())
        lines = [body[start : start + columns] for start in range(0, len(body), columns)]
        return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])

    return lambda text: PEM_BODY.sub(change, text)


def _in_a_mail(text: str) -> str:
    return f"Dear customer,\r\n\r\nyour certificate: -- see below --\r\n\r\n{text}\r\nRegards -- the CA\r\n-- \r\nExample\r\n"


def _between_rules(text: str) -> str:
    rule = "-" * 40
    return f"{rule}\n-----Certificate-----\n{rule}\n{text}{rule}\n----- END -----\n"


DISORDER: dict[str, Callable[[str], str]] = {
    "canonical": str,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "old_mac": lambda text: text.replace("\n", "\r"),
    "no_last_line_end": str.strip,
    "indented": _each_line("    "),
    "tabs": _each_line("\t"),
    "non_breaking_spaces": _each_line("\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}"),
    "quoted": _each_line("> "),
    "quoted_twice": _each_line("> > "),
    "trailing_spaces": lambda text: text.replace("\n", "  \n"),
    "blank_lines": lambda text: text.replace("\n", "\n\n"),
    "76_columns": _broken_at(76),
    "one_line": _broken_at(100_000),
    "folded": lambda text: text.replace("\n", " "),
    "line_ends_in_writing": lambda text: text.replace("\n", "\\n"),
    "crlf_in_writing": lambda text: text.replace("\n", "\\r\\n"),
    "zero_width_spaces": lambda text: text.replace("\n", "\N{ZERO WIDTH SPACE}\n"),
    "line_separators": lambda text: text.replace("\n", "\N{LINE SEPARATOR}"),
    "in_a_mail": _in_a_mail,
    "between_rules": _between_rules,
}
"""How a PEM file's text may look and still say the same."""

BYTES: dict[str, Callable[[str], bytes]] = {
    "byte_order_mark": lambda text: text.encode("utf-8-sig"),
    "utf_16_le": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf_16_be": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "latin_1_around": lambda text: "Schöne Grüße\n".encode("latin-1") + text.encode(),
}
"""How a PEM file's text may be encoded."""


# What must not be found anywhere


LENGTH = 16
"""Characters of base64 that are taken for part of a key, wherever they stand."""
_fragments: set[str] = set()


def leaks(text: str, fragments: set[str] = _fragments) -> set[str]:
    """Which of the fragments, by default those of all RSA and EC keys made so far, a text holds."""
    return {text[start : start + LENGTH] for start in range(len(text) - LENGTH + 1)} & fragments


def private_fragments(key: Key, length: int = LENGTH) -> set[str]:
    """Every piece of so many base64 characters that tells of a key's private part, in any of its containers."""
    numbers = key.private_numbers()  # type: ignore[union-attr]
    values = (
        [numbers.private_value]
        if isinstance(key, ec.EllipticCurvePrivateKey)
        else [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]
    )
    secrets = [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in values]
    return {
        piece
        for container in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
        for piece in _pieces(key_bytes(key, container), secrets, length)
    }


def _pieces(der: bytes, secrets: Iterable[bytes], length: int) -> Iterable[str]:
    text = base64.b64encode(der).decode()
    for secret in secrets:
        first, after = der.index(secret), der.index(secret) + len(secret)
        for start in range(-(-first * 8 // 6), after * 8 // 6 - length + 1):
            yield text[start : start + length]


def encrypted_fragments(pem: str, length: int = LENGTH) -> set[str]:
    """Every piece of so many base64 characters of an encrypted key, but for its beginning, which is the same in many."""
    body = next(
        "".join(line for line in found.group(2).split("\n") if ":" not in line) for found in PEM_BODY.finditer(pem)
    )
    return {body[start : start + length] for start in range(64, len(body) - length + 1)}
