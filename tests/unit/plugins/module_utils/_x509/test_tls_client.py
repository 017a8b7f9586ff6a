# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is trusted that a client refuses: random odd authorities, our verdict against OpenSSL's in real handshakes.

What a client accepts and we do not is none of this: see the list at the top of `_x509/tls_client.py`.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import asn1
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import tls_client as client_module
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import (
    Anchors,
    Chains,
    evaluate_sent_chain,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import wrap_pem
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.tls_client import (
    Acceptance,
    check_acceptance,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.certificates import DAY, NOW, Authority
from tests.support.long import LONG
from tests.support.odd_certificates import ALGORITHMS, BIT_STRING, info_as_pss, parts_of, pss_key

T = TypeVar("T")
WORLDS = 10_000 if LONG else 300
PARTS = 4
"""In so many tests, for as many processors."""

# Keys


@dataclass(frozen=True)
class Pair:
    """A key of some kind."""

    kind: str
    private: Any = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The private key."""
        if self.kind.startswith("pss"):
            return wrap_pem(b"PRIVATE KEY", pss_key(self.private))
        pem: bytes = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem


KINDS: dict[str, Callable[[], Any]] = {
    **{f"rsa{bits}": lambda bits=bits: rsa.generate_private_key(65537, bits) for bits in (1024, 2048, 3072)},
    **{f"pss{bits}": lambda bits=bits: rsa.generate_private_key(65537, bits) for bits in (1024, 2048)},
    **{
        curve.name: lambda curve=curve: ec.generate_private_key(curve)
        for curve in (
            *(ec.SECP192R1(), ec.SECP224R1(), ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()),
            *(ec.BrainpoolP256R1(), ec.BrainpoolP384R1()),
        )
    },
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
    "dsa1024": lambda: dsa.generate_private_key(1024),
    "dsa2048": lambda: dsa.generate_private_key(2048),
}


def type_of(pair: Pair) -> type:
    """The kind of key that odd signatures are known for."""
    return rsa.RSAPrivateKey if isinstance(pair.private, rsa.RSAPrivateKey) else ec.EllipticCurvePrivateKey


USUAL = ("rsa2048", "secp256r1", "secp384r1")


@cache
def keys_of(kind: str) -> list[Pair]:
    """Some keys of a kind, made once: RSA takes long."""
    return [Pair(kind, KINDS[kind]()) for _ in range(4)]


# Certificates


@dataclass(frozen=True)
class Party:
    """A name with a key and a certificate for both."""

    subject: x509.Name
    pair: Pair
    certificate: Certificate = field(repr=False)


class World:
    """Authorities as nobody should make them, and a server's certificate; all of it follows from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.oddity = self.random.choice((0.02, 0.05, 0.15))
        self.authorities: list[Party] = []
        for number in range(self.random.randint(1, 5)):
            self._add_authority(number)
        for _ in range(self.random.choice((0, 0, 1, 2, 4))):
            self._add_variant()
        self.leaf = self._issue(self._name(self._leaf_names()), self._pair(), self._above(), is_leaf=True)

    # What it is made of

    def odd(self, factor: float = 1) -> bool:
        """Whether something is odd here."""
        return self.random.random() < self.oddity * factor

    def any_of(self, *choices: T) -> T:
        return self.random.choice(choices)

    def _pair(self) -> Pair:
        return self.any_of(*keys_of(self.any_of(*KINDS) if self.odd(2) else self.any_of(*USUAL)))

    def _name(self, name: str) -> x509.Name:
        kinds = [(NameOID.COMMON_NAME, name)] if name else []
        if self.odd(3):
            kinds.append((NameOID.ORGANIZATION_NAME, self.any_of("Example", "EXAMPLE", "Other")))
        if self.odd():
            kinds.append((NameOID.EMAIL_ADDRESS, self.any_of("a@example.com", "a@example.org")))
        return x509.Name([x509.NameAttribute(kind, value) for kind, value in kinds])

    def _leaf_names(self) -> str:
        return self.any_of("www.example.com", "www.example.com", "*.example.com", "www.example.org", "Some server", "")

    def _above(self) -> Party:
        return self.authorities[-1] if not self.odd(3) else self.any_of(*self.authorities)

    def _add_authority(self, number: int) -> None:
        name = self._name(f"Authority {number}" if not self.odd() else "Authority 0")
        self.authorities.append(self._issue(name, self._pair(), self._above() if number else None))

    def _add_variant(self) -> None:
        party, other = self.any_of(*self.authorities), self.any_of(*self.authorities)
        subject, pair = party.subject, party.pair
        kind = self.any_of("cross", "again", "self-issued", "namesake", "root")
        if kind == "cross":
            variant = self._issue(subject, pair, other)
        elif kind == "root":
            variant = self._issue(subject, pair, None)
        elif kind == "namesake":
            variant = self._issue(subject, self._pair(), self.any_of(other, None))
        elif kind == "self-issued":
            variant = self._issue(subject, self._pair(), party)
        else:
            above = [one for one in self.authorities if one.certificate.subject == party.certificate.issuer]
            variant = self._issue(subject, pair, self.any_of(*above) if above else None)
        self.authorities.insert(self.random.randrange(len(self.authorities) + 1), variant)

    # What certificates say

    def _issue(self, subject: x509.Name, pair: Pair, by: Party | None, *, is_leaf: bool = False) -> Party:
        signer = by.pair if by else pair
        days = self.any_of((-90, -1), (1, 90)) if self.odd() else (-10, self.any_of(30, 60, 90))
        builder = x509.CertificateBuilder(
            by.subject if by else subject,
            subject,
            pair.private.public_key(),
            self.random.getrandbits(100) + 1,
            NOW + days[0] * DAY,
            NOW + days[1] * DAY,
        )
        for extension, critical in self._extensions(pair, by, signer, is_leaf):
            builder = builder.add_extension(extension, critical)
        return Party(subject, pair, Certificate(self._signed(builder, pair, signer)))

    def _extensions(
        self, pair: Pair, by: Party | None, signer: Pair, is_leaf: bool
    ) -> list[tuple[x509.ExtensionType, bool]]:
        found: list[tuple[x509.ExtensionType | None, bool]] = [
            (self._basics(is_leaf), not self.odd()),
            (self._usage(is_leaf), not self.odd()),
            (self._purposes(is_leaf), False),
            (self._names(is_leaf), False),
            (self._constraints() if self.odd(2) else None, not self.odd()),
            (self._own_identifier(pair), False),
            (self._issuers_identifier(by, signer), self.odd(0.3)),
            (
                x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00") if self.odd() else None,
                self.any_of(True, False),
            ),
            (
                x509.UnrecognizedExtension(x509.CertificatePolicies.oid, self.any_of(b"\x05\x00", b"\x30\x00"))
                if self.odd(0.5)
                else None,
                self.any_of(True, False),
            ),
            (x509.TLSFeature([x509.TLSFeatureType.status_request]) if self.odd(0.5) else None, self.odd()),
        ]
        return [(extension, critical) for extension, critical in found if extension is not None]

    def _basics(self, is_leaf: bool) -> x509.BasicConstraints | None:
        if self.odd(0.5) or (is_leaf and self.any_of(True, False)):
            return None
        ca = self.odd() if is_leaf else not self.odd(0.5)
        return x509.BasicConstraints(ca, self.any_of(0, 1, 2) if ca and self.odd(3) else None)

    def _usage(self, is_leaf: bool) -> x509.KeyUsage | None:
        if self.any_of(True, False) and not self.odd():
            return None
        names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        uses = dict.fromkeys((*names, "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
        usual = ("digital_signature",) if is_leaf else ("key_cert_sign", "crl_sign")
        chosen = self.random.sample([*names, "key_cert_sign"], self.random.randint(1, 3)) if self.odd(2) else usual
        return x509.KeyUsage(**{**uses, **dict.fromkeys(chosen, True)})

    def _purposes(self, is_leaf: bool) -> x509.ExtendedKeyUsage | None:
        server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
        if self.odd(2):
            gated = x509.ObjectIdentifier("2.16.840.1.113730.4.1")  # Netscape's, which OpenSSL once took for servers'
            others = (client, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, gated, ExtendedKeyUsageOID.OCSP_SIGNING)
            return x509.ExtendedKeyUsage(self.random.sample((server, *others), self.random.randint(1, 2)))
        return x509.ExtendedKeyUsage([server, client]) if self.any_of(True, is_leaf, False) else None

    def _names(self, is_leaf: bool) -> x509.SubjectAlternativeName | None:
        if not (self.odd(0.5) if not is_leaf else not self.odd(2)):
            return None
        usual = [x509.DNSName(self.any_of("www.example.com", "WWW.Example.com", "*.example.com", "www.example.org"))]
        odd = [self._odd_name() for _ in range(self.any_of(1, 2))] if self.odd(3) else []
        names = [*usual, *odd] if not self.odd() else [*odd, self._odd_name()]
        return x509.SubjectAlternativeName(names)

    def _odd_name(self) -> x509.GeneralName:
        return self.any_of(
            x509.DNSName(
                self.any_of("www.example.com.", ".example.com", "a b.example.com", "*", "*.com", "w*.example.com")
            ),
            x509.DNSName(self.any_of("xn--bcher-kva.example.com", "www_1.example.com", "example.com", "localhost")),
            x509.IPAddress(ip_address(self.any_of("192.0.2.1", "198.51.100.1", "2001:db8::1"))),
            x509.DirectoryName(self._name("www.example.com")),
            x509.RFC822Name(self.any_of("a@example.com", "a@Example.ORG", "example.com")),
            x509.UniformResourceIdentifier(self.any_of("https://www.example.com/", "urn:a", "https://example.org")),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        )

    def _constraints(self) -> x509.NameConstraints:
        permitted, excluded = ([self._base() for _ in range(self.any_of(0, 1, 2))] for _ in range(2))
        return (
            x509.NameConstraints(permitted or [self._base()], excluded or None)
            if not self.odd(5)
            else (x509.NameConstraints(permitted or None, excluded or [self._base()]))
        )

    def _base(self) -> x509.GeneralName:
        near = x509.DNSName(
            self.any_of("example.com", ".example.com", "example.com.", "EXAMPLE.com", "com", "example.org")
        )
        far = self.any_of(
            x509.DNSName(self.any_of("", ".", "www.example.com", "www.example.com.")),
            x509.IPAddress(ip_network(self.any_of("192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32"))),
            x509.DirectoryName(self._name(self.any_of("", "www.example.com"))),
            x509.RFC822Name(self.any_of("example.com", ".example.com", "a@example.com")),
            x509.UniformResourceIdentifier(self.any_of("example.com", ".example.com")),
        )
        return self.any_of(near, near, far)

    def _own_identifier(self, pair: Pair) -> x509.SubjectKeyIdentifier | None:
        if self.odd():
            return x509.SubjectKeyIdentifier(self.any_of(b"1", b"2"))
        return (
            x509.SubjectKeyIdentifier.from_public_key(pair.private.public_key()) if self.any_of(True, False) else None
        )

    def _issuers_identifier(self, by: Party | None, signer: Pair) -> x509.AuthorityKeyIdentifier | None:
        if self.odd(0.5):
            return x509.AuthorityKeyIdentifier(self.any_of(b"1", b"2"), None, None)
        right = x509.SubjectKeyIdentifier.from_public_key(signer.private.public_key()).digest
        own = by.certificate.extension(x509.SubjectKeyIdentifier) if by else None
        key = own.digest if own else right
        if by and self.odd(2):
            issuer = [x509.DirectoryName(by.certificate.library_object.issuer if not self.odd() else by.subject)]
            serial = by.certificate.library_object.serial_number + (1 if self.odd() else 0)
            return x509.AuthorityKeyIdentifier(self.any_of(key, None), issuer, serial)
        return x509.AuthorityKeyIdentifier(key, None, None) if self.any_of(True, False) else None

    # How they are signed

    def _signed(self, builder: x509.CertificateBuilder, pair: Pair, signer: Pair) -> bytes:
        """The DER of a certificate: as the library makes it, then with what it does not make, and signed again."""
        algorithm = None
        if not signer.kind.startswith("ed"):
            algorithm = hashes.SHA384() if self.odd(0.5) else hashes.SHA256()
        pss = algorithm and (signer.kind.startswith("pss") or (signer.kind.startswith("rsa") and self.odd()))
        how = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size) if pss else None  # type: ignore[union-attr]
        certificate = builder.sign(signer.private, algorithm, rsa_padding=how)  # type: ignore[arg-type]
        parts = parts_of(certificate)
        if self.odd(0.5):
            parts = [part for part in parts if part.tag not in {asn1.VERSION, asn1.EXTENSIONS}]  # version 1
        elif self.odd(0.5):
            parts = [self._with_twice(part) for part in parts]
        content = [info_as_pss(part) if pair.kind.startswith("pss") else part.der for part in parts]
        [outer] = asn1.read_elements(certificate.public_bytes(Encoding.DER))
        named = list(asn1.read_elements(outer.content))[1].der
        if self.odd(0.5) and isinstance(signer.private, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)) and not pss:
            algorithm, sha1 = hashes.SHA1(), bytes.fromhex(ALGORITHMS["sha1", type_of(signer)])
            content, named = [sha1 if part == named else part for part in content], sha1
        tbs = asn1.wrap(asn1.SEQUENCE, b"".join(content))
        signature = self._signature(signer, tbs, algorithm, how)
        if self.odd(0.2):
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        return asn1.wrap(asn1.SEQUENCE, tbs + named + asn1.wrap(BIT_STRING, b"\0" + signature))

    def _with_twice(self, part: asn1.Element) -> asn1.Element:
        """Extensions with one of them twice."""
        if part.tag != asn1.EXTENSIONS:
            return part
        [listed] = asn1.read_elements(part.content)
        found = [extension.der for extension in asn1.read_elements(listed.content)]
        content = asn1.wrap(asn1.SEQUENCE, b"".join([*found, self.any_of(*found)]))
        return asn1.Element(part.tag, content, asn1.wrap(part.tag, content))

    @staticmethod
    def _signature(signer: Pair, data: bytes, algorithm: Any, how: Any) -> bytes:
        key = signer.private
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, how or padding.PKCS1v15(), algorithm)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(algorithm))
        signature: bytes = key.sign(data, algorithm) if isinstance(key, dsa.DSAPrivateKey) else key.sign(data)
        return signature

    # What is sent and trusted

    def pile(self) -> list[Certificate]:
        """What a server might send beside its certificate, in some order."""
        found = [one.certificate for one in self.authorities if not self.odd()]
        others = (
            self.authorities if self.odd(2) else [one for one in self.authorities if not one.certificate.is_self_issued]
        )
        ordered = [one.certificate for one in reversed(others)]
        pile = self.random.sample(found, len(found)) if self.odd(4) else ordered
        return [*pile, *([self.any_of(*pile)] if pile and self.odd() else [])]

    def roots(self) -> list[Certificate]:
        """What a client trusts."""
        ends = [one.certificate for one in self.authorities if one.certificate.is_self_issued]
        some = [one.certificate for one in self.authorities if self.odd(2)]
        return [*(end for end in ends if not self.odd()), *some, *([self.leaf.certificate] if self.odd(0.5) else [])]


# A real client


class Refused(Exception):
    """What the client says."""


def shake_hands(
    leaf: Party, sent: Sequence[Certificate], roots: Iterable[Certificate], folder: Path, version: Any
) -> None:
    """A whole handshake in memory, of a server with the key and a client with these roots, for each name that clients accept it for.

    Raises:
        Refused: if it fails.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.set_ciphers("ALL:@SECLEVEL=0")
    path = folder / "server.pem"
    path.write_bytes(leaf.pair.pem + "".join(one.to_pem() for one in (leaf.certificate, *sent)).encode())
    client = ssl.SSLContext(
        ssl.PROTOCOL_TLS_CLIENT
    )  # what `ssl.create_default_context` makes, but for the machine's roots
    for root in roots:
        with suppress(ssl.SSLError):  # one that OpenSSL does not read
            client.load_verify_locations(cadata=root.der)
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.maximum_version = version
    names = sorted(filter(HOST.fullmatch, leaf.certificate.alternatives)) or [None]
    client.check_hostname = names != [None]
    try:
        server.load_cert_chain(path)
        for name in names:
            _exchange(server, client, re.sub(r"^\*\.", "any.", name) if name else None)
    except (ssl.SSLError, ValueError) as error:
        raise Refused(getattr(error, "verify_message", None) or getattr(error, "reason", None) or str(error)) from None


def _exchange(server: ssl.SSLContext, client: ssl.SSLContext, name: str | None) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue


HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+|[0-9a-f:]+")
"""A name or address that a client asks for; the others are no question of trust."""
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def refusals(leaf: Party, sent: Sequence[Certificate], roots: Sequence[Certificate], folder: Path) -> list[str]:
    """What clients of either version of TLS say against a chain."""
    found = []
    for version in VERSIONS:
        try:
            shake_hands(leaf, sent, roots, folder, version)
        except Refused as refused:
            found.append(f"{version.name}: {refused}")
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_is_trusted_a_client_accepts(part: int, tmp_path: Path) -> None:
    wrong, trusted = {}, 0
    for seed in range(part, WORLDS, PARTS):
        world = World(seed)
        pile, roots, leaf = world.pile(), world.roots(), world.leaf
        if not roots:
            continue
        anchors = Anchors(roots)
        chain = Chains(pile, anchors, NOW).build(leaf.certificate)
        as_sent = evaluate_sent_chain(leaf.certificate, pile, anchors, NOW)
        for what, sent, verdict in (("built", chain.issuers, chain), ("sent", pile, as_sent)):
            if verdict.trust == "trusted":
                trusted += 1
                said = refusals(leaf, sent, roots, tmp_path)
                if said:
                    wrong[seed, what] = said
    assert not wrong
    assert trusted > WORLDS / PARTS / 4, "otherwise nothing was compared"


# What a stranger may have made


AUTHORITY = Authority()


def answer_to(leaf: Certificate, *sent: Certificate, root: x509.Certificate = AUTHORITY.root) -> Acceptance:
    """What a client says that trusts one root."""
    return check_acceptance(leaf, sent, [Certificate.from_library(root)], NOW)


def test_a_list_that_is_too_long_is_not_read() -> None:
    leaf, issuer = (Certificate.from_library(one) for one in AUTHORITY.issue("www.example.com").all[:2])
    assert not answer_to(leaf, issuer, *[issuer] * 100).why
    refused = answer_to(leaf, *[issuer] * 1_000)
    assert refused.why and not refused.path


def test_damaged_certificates_are_refused_and_nothing_is_raised() -> None:
    leaf, issuer = (Certificate.from_library(one) for one in AUTHORITY.issue("www.example.com").all[:2])
    for damaged in map(Certificate, (b"", b"\x30\x00", issuer.der[:-1], b"\xff" * 70_000)):
        assert answer_to(leaf, damaged, issuer).why.startswith("OpenSSL rejects the certificate: ")
        assert check_acceptance(leaf, [issuer], [damaged], NOW).why
        assert not check_acceptance(leaf, [issuer], [damaged, Certificate.from_library(AUTHORITY.root)], NOW).why


def test_a_library_that_does_not_tell_what_it_verified_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one may be that only looks like OpenSSL, and verifies later or never."""
    leaf, issuer = (Certificate.from_library(one) for one in AUTHORITY.issue("www.example.com").all[:2])
    monkeypatch.setattr(client_module, "get_chain", lambda _tls, _method: ())
    refused = "OpenSSL rejects the certificate: the Python TLS library does not return the verified chain"
    assert answer_to(leaf, issuer).why == refused

    def absent(_tls: object, _method: str) -> tuple[bytes, ...]:
        raise AttributeError

    monkeypatch.setattr(client_module, "get_chain", absent)
    assert answer_to(leaf, issuer).why == "OpenSSL rejects the certificate: AttributeError"


def test_settings_are_made_once_for_the_same_roots() -> None:
    leaves = [AUTHORITY.issue("www.example.com") for _ in range(3)]
    client_module._make_settings.cache_clear()
    for issued in leaves:
        assert not answer_to(*(Certificate.from_library(one) for one in issued.all[:2])).why
    assert client_module._make_settings.cache_info().misses == 1
