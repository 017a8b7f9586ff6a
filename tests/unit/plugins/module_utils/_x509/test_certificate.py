# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading certificates, keys and requests in any encoding, and what happens to what is none of them."""

from __future__ import annotations

import gc
import ipaddress
import random
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors, Chains
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import (
    read_key_store,
    read_private_key,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import (
    read_api_csr,
    read_certificates,
    read_request,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, load_pem_private_key
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.certificates import (
    BYTES,
    DAY,
    DISORDER,
    NOW,
    PASSPHRASE,
    Authority,
    certificate_of,
    key_bytes,
    key_pem,
    new_key,
    pem_of,
    pkcs7_of,
    pkcs12_of,
)
from tests.support.failing import fails
from tests.support.long import FUZZ_EXAMPLES
from tests.support.messages import with_trust_settings

fuzz = settings(max_examples=FUZZ_EXAMPLES)
AT = NOW.astimezone(timezone.utc)

AUTHORITY = Authority(intermediates=3)
OTHER_AUTHORITY = Authority("Another", intermediates=2)
ISSUED = AUTHORITY.issue("www.example.com", names=["www.example.com", "example.com"], organization="Example Inc.")
OTHER = OTHER_AUTHORITY.issue("www.example.com")
TRADITIONAL = PrivateFormat.TraditionalOpenSSL
HEADED = {"76_columns", "one_line"}
"""Disorder that takes the lines from a PEM block's headers, without which the block is another."""


def read(data: bytes) -> list[bytes]:
    return [certificate.der for certificate in read_certificates(data)]


def ders(certificates: list[x509.Certificate]) -> list[bytes]:
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]


def order_chain(leaf: Certificate, pile: Iterable[Certificate], at: datetime) -> list[Certificate]:
    return list(Chains(pile, Anchors(), at).build(leaf).issuers)


@pytest.mark.parametrize(
    ("serial", "number"),
    [(0x87654321, "AIdlQyE"), (0x7F, "fw"), (0x80, "AIA"), (1, "AQ"), (2**159 - 1, "f_________" + "_" * 16 + "8")],
)
def test_by_what_an_authority_is_asked_for_renewal_information(serial: int, number: str) -> None:
    """The first is the example of RFC 9773, 4.1. Without the identifier of its issuer's key, there is none."""
    key = new_key()
    builder = (
        x509.CertificateBuilder(x509.Name([]), x509.Name([]), key.public_key(), serial)  # type: ignore[arg-type]
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
    )
    issuer = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    named = builder.add_extension(x509.AuthorityKeyIdentifier(issuer, None, None), critical=False)
    signed = named.sign(key, hashes.SHA256())  # type: ignore[arg-type]
    assert Certificate.from_library(signed).renewal_info_id == f"aYhba4dGQEHhs3uEe6CuLN4ByNQ.{number}"
    assert Certificate.from_library(builder.sign(key, hashes.SHA256())).renewal_info_id is None  # type: ignore[arg-type]


def test_a_certificate_is_read_once_while_it_is_in_use() -> None:
    pem = AUTHORITY.issue("once.example.com").pem.encode()
    [first], [again] = read_certificates(pem), read_certificates(pem + b"\n")
    assert again is first
    seen = weakref.ref(first)
    del first, again
    gc.collect()
    assert seen() is None


# The forms that people have


@pytest.mark.parametrize("disorder", sorted(DISORDER))
@pytest.mark.parametrize("form", ["pem", "pkcs7"])
def test_certificates_in_disorder(form: str, disorder: str) -> None:
    pem = pem_of(ISSUED.all) if form == "pem" else pkcs7_of(ISSUED.all, Encoding.PEM).decode()
    assert sorted(read(DISORDER[disorder](pem).encode())) == sorted(ders(ISSUED.all))


@pytest.mark.parametrize("encoding", sorted(BYTES))
def test_certificates_in_other_encodings(encoding: str) -> None:
    assert read(BYTES[encoding](pem_of(ISSUED.all))) == ders(ISSUED.all)


def test_certificates_in_der() -> None:
    assert read(ISSUED.der) == [ISSUED.der]
    assert sorted(read(pkcs7_of(ISSUED.all, Encoding.DER))) == sorted(ders(ISSUED.all))


@pytest.mark.parametrize("label", ["X509 CERTIFICATE", "PKCS7", "CMS", "PKCS #7 SIGNED DATA", "CERTIFICATE"])
def test_certificates_under_other_labels(label: str) -> None:
    pem = ISSUED.pem if label.startswith("X509") else pkcs7_of(ISSUED.all[:1], Encoding.PEM).decode()
    old = "CERTIFICATE" if label.startswith("X509") else "PKCS7"
    renamed = pem.replace(f"BEGIN {old}-", f"BEGIN {label}-").replace(f"END {old}-", f"END {label}-")
    assert read(renamed.encode()) == [ISSUED.der]


def test_a_certificate_with_trust_settings() -> None:
    """As `openssl x509 -trustout` writes it."""
    assert read(f"{with_trust_settings(ISSUED)}\n{OTHER.pem}".encode()) == [ISSUED.der, OTHER.der]


def test_padding_that_got_lost() -> None:
    padded = next(
        one for one in (AUTHORITY.issue(f"{'a' * size}.example.com") for size in range(1, 9)) if "=" in one.pem
    )
    assert read(padded.pem.replace("=", "").encode()) == [padded.der]


def test_each_certificate_once() -> None:
    assert read((ISSUED.pem + OTHER.pem + DISORDER["crlf"](ISSUED.pem)).encode()) == [ISSUED.der, OTHER.der]


def test_keys_and_requests_beside_certificates_are_passed_over() -> None:
    assert read((ISSUED.key_pem + ISSUED.csr_pem + ISSUED.pem).encode()) == [ISSUED.der]


@pytest.mark.parametrize(
    "data",
    [
        ISSUED.pem.replace("MII", "MIJ", 1).encode(),
        ISSUED.pem.replace("=", "", 2).encode()[:-40] + b"A\n-----END CERTIFICATE-----\n",
        f"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n{ISSUED.pem}".encode(),
        ISSUED.pem.replace("-----END CERTIFICATE-----\n", "").encode() + OTHER.pem.encode(),
        ISSUED.der[:-1],
        key_bytes(ISSUED.key),
        pkcs12_of(ISSUED, PASSPHRASE),
        # Version 7 is encoded as 6; X.509 ends with 3 (RFC 5280, 4.1.2.1).
        pkcs7_of(ISSUED.all[:1], Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x06"),
    ],
    ids=["damaged", "short", "empty", "no_end", "truncated_der", "key_der", "pkcs12", "no_version"],
)
def test_what_claims_to_be_a_certificate(data: bytes) -> None:
    with fails("invalid_pem"):
        read(data)


@pytest.mark.parametrize("disorder", sorted(DISORDER))
def test_requests_in_disorder(disorder: str) -> None:
    request = read_request(DISORDER[disorder](ISSUED.csr_pem).encode())
    assert request.to_pem() == ISSUED.csr_pem
    assert request.public_key_sha256 == Certificate(ISSUED.der).public_key_sha256
    assert read_request(request.der) == request


@pytest.mark.parametrize(
    "data",
    [b"", b"text", ISSUED.pem.encode(), ISSUED.csr_pem.replace("MI", "NI", 1).encode()],
    ids=["empty", "text", "certificate", "damaged"],
)
def test_no_request(data: bytes) -> None:
    with fails("invalid_pem"):
        read_request(data)
    assert read_api_csr(data.decode()) is None


def test_a_request_that_the_api_does_not_have() -> None:
    assert [read_api_csr(value) for value in (None, 7, "", " ")] == [None] * 4


KEY_FORMS = {
    "pkcs8": (PrivateFormat.PKCS8, None),
    "traditional": (TRADITIONAL, None),
    "pkcs8_encrypted": (PrivateFormat.PKCS8, PASSPHRASE),
    "traditional_encrypted": (TRADITIONAL, PASSPHRASE),
}


@pytest.mark.parametrize(
    ("form", "disorder"),
    [
        (form, disorder)
        for form in KEY_FORMS
        for disorder in (*DISORDER, *BYTES)
        if form != "traditional_encrypted" or disorder not in HEADED
    ],
)
def test_keys_in_disorder(form: str, disorder: str) -> None:
    container, passphrase = KEY_FORMS[form]
    pem = key_pem(ISSUED.key, container, passphrase)
    data = BYTES[disorder](pem) if disorder in BYTES else DISORDER[disorder](pem).encode()
    key = read_private_key(data, passphrase)
    assert key.pem == key_pem(ISSUED.key, container)
    assert key.public_key_sha256 == Certificate(ISSUED.der).public_key_sha256


@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_keys_in_der(kind: str, passphrase: str | None) -> None:
    private = new_key(kind)
    key = read_private_key(key_bytes(private, passphrase=passphrase), passphrase)
    assert (key.pem, key.key_type.lower()) == (key_pem(private), kind)


ENCRYPTED = {
    "pkcs8": key_pem(ISSUED.key, PrivateFormat.PKCS8, PASSPHRASE).encode(),
    "traditional": key_pem(ISSUED.key, TRADITIONAL, PASSPHRASE).encode(),
    "der": key_bytes(ISSUED.key, passphrase=PASSPHRASE),
}


@pytest.mark.parametrize("passphrase", [None, "", "wrong"])
@pytest.mark.parametrize("data", ENCRYPTED.values(), ids=ENCRYPTED)
def test_a_passphrase_that_is_wrong(data: bytes, passphrase: str | None) -> None:
    with fails("bad_passphrase", "privatekey_passphrase"):
        read_private_key(data, passphrase)


def test_a_passphrase_that_is_wrong_and_decrypts_to_something() -> None:
    """To what ends as it should, which one in 256 does, and is no key: the library guesses at algorithms then."""
    pem = key_pem(ISSUED.key, PrivateFormat.PKCS8, PASSPHRASE).encode()

    def is_such(passphrase: str) -> bool:
        with pytest.raises(ValueError, match="") as raised:
            load_pem_private_key(pem, passphrase.encode())
        return "deserialize" in str(raised.value)

    wrong = next(passphrase for passphrase in map(str, range(100_000)) if is_such(passphrase))
    with fails("bad_passphrase"):
        read_private_key(pem, wrong)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["without", "with_passphrase"])
@pytest.mark.parametrize(
    "data",
    [b"", b"text", ISSUED.pem.encode(), ISSUED.der, ISSUED.key_pem.replace("MIG", "NIG", 1).encode()],
    ids=["empty", "text", "certificate", "certificate_der", "damaged"],
)
def test_no_key(data: bytes, passphrase: str | None) -> None:
    """Whether a passphrase was given says nothing about what the data is."""
    with fails("invalid_pem"):
        read_private_key(data, passphrase)


def test_more_than_one_key() -> None:
    with fails("ambiguous"):
        read_private_key((ISSUED.key_pem + OTHER.key_pem).encode())


@pytest.mark.parametrize(
    ("passphrase", "given"),
    [(None, None), (None, ""), ("", ""), (PASSPHRASE, PASSPHRASE), (None, PASSPHRASE), ("", PASSPHRASE)],
)
def test_key_stores(passphrase: str | None, given: str | None) -> None:
    store = read_key_store(pkcs12_of(ISSUED, passphrase), given)
    assert store.key is not None and store.key.pem == ISSUED.key_pem
    assert [certificate.der for certificate in store.certificates] == ders([ISSUED.certificate, *ISSUED.chain])


@pytest.mark.parametrize("given", [None, "", "wrong"])
def test_a_key_store_that_stays_closed(given: str | None) -> None:
    with fails("bad_passphrase", "pkcs12_passphrase"):
        read_key_store(pkcs12_of(ISSUED, PASSPHRASE), given)


@pytest.mark.parametrize(
    ("made", "shown", "names"),
    [
        ({"names": [], "organization": "Example Inc."}, "O=Example Inc.", set()),
        ({"names": []}, "without a name", set()),
        ({"names": ["a.example.com"], "addresses": ["192.0.2.1"]}, "a.example.com", {"a.example.com"}),
        ({"addresses": ["192.0.2.1", "2001:db8::1"]}, "192.0.2.1", set()),
    ],
)
def test_what_people_are_shown_of_one_without_a_common_name(made: dict[str, Any], shown: str, names: set[str]) -> None:
    certificate = Certificate(AUTHORITY.issue(None, **made).der)
    assert (certificate.shown_name, certificate.names) == (shown, names)


def test_nothing_shows_a_key() -> None:
    key = read_private_key(ISSUED.key_pem.encode())
    store = read_key_store(pkcs12_of(ISSUED, PASSPHRASE), PASSPHRASE)
    assert ISSUED.key_pem.splitlines()[1] not in repr((key, store))


# What it is for

FOR_NAMES: list[tuple[list[str], str, bool]] = [
    (["www.example.com"], "www.example.com", True),
    (["www.example.com"], "WWW.Example.COM.", True),
    (["*.example.com"], "www.example.com", True),
    (["*.example.com"], "example.com", False),
    (["*.example.com"], "a.www.example.com", False),
    (["w*.example.com"], "www.example.com", False),
    (["*.com"], "example.com", False),
    (["*.co.uk"], "example.co.uk", True),
    (["xn--mnchen-3ya.example"], "münchen.example", True),
    (["192.0.2.1"], "192.0.2.1", False),
    (["*.0.2.1"], "192.0.2.1", False),
]


@pytest.mark.parametrize(("names", "wanted", "expected"), FOR_NAMES)
def test_which_names_a_certificate_is_for(names: list[str], wanted: str, expected: bool) -> None:
    assert Certificate.from_library(AUTHORITY.issue(None, names=names).certificate).is_accepted_for(wanted) is expected


def test_the_common_name_counts_only_without_dns_names() -> None:
    for names in ([], ["other.example.com"]):
        issued = AUTHORITY.issue("www.example.com", names=names)
        assert Certificate(issued.der).is_accepted_for("www.example.com") is (not names)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("2001:db8::1%eth0", True),
        ("2001:db8::2", False),
        ("www.example.com", False),
    ],
)
def test_an_address_is_compared_with_addresses(wanted: str, expected: bool) -> None:
    issued = AUTHORITY.issue("www.example.com", names=["other.example.com"], addresses=["192.0.2.1", "2001:db8::1"])
    assert Certificate(issued.der).is_accepted_for(wanted) is expected


# The chain


@given(st.permutations([*ISSUED.all[1:], *OTHER.all, ISSUED.certificate]))
@fuzz
def test_a_chain_in_any_order(pile: list[x509.Certificate]) -> None:
    leaf, *expected = (Certificate(der) for der in ders([ISSUED.certificate, *ISSUED.chain]))
    assert order_chain(leaf, [Certificate(der) for der in ders(pile)], AT) == expected


@pytest.mark.parametrize(
    ("kind", "written"),
    [(_ASN1Type.PrintableString, "Names CA"), (_ASN1Type.BMPString, "Names CA"), (_ASN1Type.UTF8String, "NAMES  ca")],
)
def test_an_issuer_whose_name_is_written_in_another_way(kind: _ASN1Type, written: str) -> None:
    """Names compare without regard to string type, case and spaces (RFC 5280, 7.1)."""
    authority, key = Authority("Names"), new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, written, _type=kind)])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
    below = builder.sign(authority.key, hashes.SHA256())
    leaf, issuer = (Certificate(der) for der in ders([below, _named(authority, "Names CA")]))
    assert order_chain(leaf, [issuer], AT) == [issuer]


def _named(authority: Authority, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public_key = authority.key.public_key()
    builder = x509.CertificateBuilder(authority.root.subject, subject, public_key, 1, NOW - DAY, NOW + DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(authority.key, hashes.SHA256())


# What nobody would have thought of: never a wrong pairing, never another exception than the one


def test_text_that_begins_like_a_sequence() -> None:
    """A zero has the number of DER's sequences, but no character after it begins like their length."""
    assert read(f"0\u0080 to 9\u00e9\n{ISSUED.pem}".encode()) == [ISSUED.der]


READERS: tuple[Callable[[bytes], Any], ...] = (
    *(read_certificates, read_request, read_private_key),
    *(lambda data: read_private_key(data, PASSPHRASE), lambda data: read_key_store(data, PASSPHRASE).certificates),
)
KNOWN = [Certificate(der) for der in ders(ISSUED.all)]
SEEDS = {
    "pem": ISSUED.pem.encode(),
    "der": ISSUED.der,
    "root_der": ders([AUTHORITY.root])[0],
    "pkcs7": pkcs7_of(ISSUED.all[:2], Encoding.DER),
    "request_der": x509.load_pem_x509_csr(ISSUED.csr_pem.encode()).public_bytes(Encoding.DER),
    "key_der": key_bytes(ISSUED.key),
    "encrypted_traditional_key": key_pem(ISSUED.key, TRADITIONAL, PASSPHRASE).encode(),
    "key_store": pkcs12_of(ISSUED, None),
}


def use(data: bytes) -> None:
    """Read data in every way and look at all that comes out."""
    for reader in READERS:
        try:
            found = reader(data)
        except CertificatesError as error:
            assert error.code in {"invalid_pem", "bad_passphrase", "ambiguous"}
            continue
        for certificate in found if isinstance(found, (list, tuple)) else ():
            assert certificate.facts()["public_key_sha256"]
            repr((certificate.organization_name, certificate.can_issue))
            order_chain(certificate, [*found, *KNOWN], AT)
            order_chain(KNOWN[0], [certificate, *KNOWN], AT)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The library warns of odd certificates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("seed", sorted(SEEDS))
def test_damaged(seed: str) -> None:
    """Bytes changed, dropped, doubled and inserted, at random but the same in every run."""
    chance = random.Random(seed)
    for _example in range(FUZZ_EXAMPLES if seed != "key_store" else FUZZ_EXAMPLES // 5):
        data = bytearray(SEEDS[seed])
        for _damage in range(chance.randint(1, 4)):
            position = chance.randrange(len(data))
            change = chance.randrange(4)
            if change == 0:
                data[position] = chance.randrange(256)
            elif change == 1:
                del data[position : position + chance.randint(1, 8)]
            elif change == 2:
                data[position:position] = data[position : position + chance.randint(1, 70)]
            else:
                data[position:position] = chance.randbytes(chance.randint(1, 8))
        use(bytes(data))


ODD_NAMES = [
    x509.DNSName("xn--bcher-kva.example"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    x509.RFC822Name("admin@example.com"),
    x509.UniformResourceIdentifier("https://example.com/"),
    x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "directory")])),
    x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x02hi"),
]


def with_alternative_names(extension: x509.ExtensionType) -> Certificate:
    key = new_key()
    signed = certificate_of(x509.Name([]), AUTHORITY.issuer.subject, key, AUTHORITY.key, extensions=[extension])
    return read_certificates(signed.public_bytes(Encoding.DER))[0]


def test_alternative_names_of_every_kind() -> None:
    certificate = with_alternative_names(x509.SubjectAlternativeName(ODD_NAMES))
    assert certificate.common_name is None
    assert certificate.subject_alt_names == [
        *("xn--bcher-kva.example", "2001:db8::1", "admin@example.com", "https://example.com/", "CN=directory"),
        *("1.2.3.4", "1.3.6.1.4.1.311.20.2.3:0c026869"),
    ]


@pytest.mark.parametrize(
    "value", [b"", b"0", b"\x30\x03\xa3\x01\x05", b"\x30\x04\xa3\x02\x30\x00", b"\x30\x02\x82\x00"]
)
def test_alternative_names_that_cannot_be_read(value: bytes) -> None:
    """Among them a kind of name (x400Address) that the library does not know."""
    extension = x509.UnrecognizedExtension(x509.ExtensionOID.SUBJECT_ALTERNATIVE_NAME, value)
    assert with_alternative_names(extension).facts()["subject_alt_names"] in ([], [""])
