# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a certificate before it is stored: of its trust, and of what only some have. What would be stored: test_plan_import.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import (
    Content,
    ImportOptions,
    assemble,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import (
    Bundle,
    read_parts,
    read_pkcs12_bundle,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from tests.support.certificates import DAY, NOW, Authority, Issued, new_key, pem_of, self_signed

NAME = "www.example.com"
AUTHORITY = Authority(intermediates=2)
OTHER = Authority("Other")
ISSUED = AUTHORITY.issue(NAME)
LONELY = self_signed(NAME)
EXPIRED = AUTHORITY.issue(NAME, days=(-90, -1))


def material(issued: Issued = ISSUED, paths: Mapping[str, str] | None = None, **others: bytes | None) -> Bundle:
    """What a user gives for a certificate, with ``others`` changed."""
    parts = {"certificate": issued.pem.encode(), "privatekey": issued.key_pem.encode()}
    return read_parts({**parts, **others}, None, paths)


def checked(
    given: Bundle, anchors: Anchors | None = None, notes: str | None = None, **options: Any
) -> tuple[Content, tuple[Obstacle[str], ...]]:
    """What would be stored, and the warnings."""
    return assemble(given, ImportOptions(**options), NOW, anchors, notes)


def assembled(
    issued: Issued, given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate] | None, **options: Any
) -> tuple[str | None, list[bytes], tuple[Obstacle[str], ...]]:
    """The trust and the chain of what would be stored, and the warnings, with these intermediates given and these roots trusted."""
    anchors = None if roots is None else Anchors(map(Certificate.from_library, roots))
    parts = material(issued, intermediate=pem_of(given).encode() or None)
    content, warnings = checked(parts, anchors, **options)
    return content.trust, [one.der for one in content.intermediates], warnings


def refusal(given: Bundle, notes: str | None = None) -> CertificatesError:
    """Why it is not stored."""
    with pytest.raises(CertificatesError) as caught:
        checked(given, notes=notes)
    return caught.value


def ders(chain: Sequence[x509.Certificate]) -> list[bytes]:
    return [Certificate.from_library(one).der for one in chain]


@pytest.mark.parametrize(
    ("path", "is_pkcs12", "begins"), [("/key", False, "/key: The "), ("", False, "The "), ("/store", True, "The ")]
)
def test_a_key_of_another_certificate_is_named_by_its_file(path: str, is_pkcs12: bool, begins: str) -> None:
    given = material(privatekey=LONELY.key_pem.encode())
    assert given.key
    assert refusal(replace(given, key=replace(given.key, path=path, is_pkcs12=is_pkcs12))).message.startswith(begins)


# Trust


@pytest.mark.parametrize("trust", ["require", "warn"])
@pytest.mark.parametrize(
    ("issued", "given", "roots"),
    [
        (ISSUED, ISSUED.chain, [AUTHORITY.root]),
        (ISSUED, ISSUED.chain, [OTHER.root, AUTHORITY.root]),
        (ISSUED, ISSUED.chain, [ISSUED.certificate]),
        (ISSUED, [], [ISSUED.certificate]),
        (LONELY, [], [LONELY.certificate]),
    ],
    ids=["root", "two_roots", "named", "named_alone", "self_signed_and_named"],
)
def test_nothing_is_said_of_what_is_trusted(
    issued: Issued, given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], trust: str
) -> None:
    assert assembled(issued, given, roots, trust=trust) == ("trusted", ders(given), ())


UNTRUSTED: dict[str, tuple[Issued, Sequence[x509.Certificate], str]] = {
    "self_signed": (LONELY, [], "untrusted"),
    "root_unknown": (ISSUED, ISSUED.chain, "incomplete"),
    "root_not_trusted": (ISSUED, [*ISSUED.chain, AUTHORITY.root], "untrusted"),
}


@pytest.mark.parametrize("case", UNTRUSTED)
def test_what_is_not_trusted_is_stored_with_a_warning(case: str) -> None:
    issued, given, trust = UNTRUSTED[case]
    found, chain, warnings = assembled(issued, given, [OTHER.root])
    assert (found, chain) == (trust, ders(issued.chain))
    assert (warnings[0].reason, warnings[0].facts["chain"].trust) == ("untrusted", trust)
    assert [one.reason for one in warnings[1:]] == ["left_out"] * (AUTHORITY.root in given)


@pytest.mark.parametrize("verify_chain", [True, False])
@pytest.mark.parametrize("case", [*UNTRUSTED, "alone"])
def test_what_is_not_trusted_is_refused_if_trust_is_required(case: str, verify_chain: bool) -> None:
    issued, given, trust = {**UNTRUSTED, "alone": (ISSUED, (), "incomplete")}[case]
    with pytest.raises(CertificatesError, match="The certificate is not trusted: ") as caught:
        assembled(issued, given, [OTHER.root], trust="require", verify_chain=verify_chain)
    code = "chain_incomplete" if trust == "incomplete" else "untrusted"
    assert (caught.value.code, caught.value.details) == (code, {"trust": trust})


def test_one_warning_is_enough_for_a_certificate_without_its_issuer() -> None:
    trust, chain, (warning,) = assembled(ISSUED, [], [AUTHORITY.root])
    assert (trust, chain) == ("incomplete", [])
    assert warning == Obstacle("no_issuer")


@pytest.mark.parametrize("case", UNTRUSTED)
@pytest.mark.parametrize("trust", ["require", "warn"])
def test_where_trust_is_not_checked_nothing_is_said_of_it(case: str, trust: str) -> None:
    issued, given, *_others = UNTRUSTED[case]
    found, chain, warnings = assembled(issued, given, None, trust=trust)
    assert (found, chain) == (None, ders(issued.chain))
    assert not any(one.reason == "untrusted" for one in warnings)


def test_trust_of_what_has_expired_is_that_of_its_last_moment() -> None:
    """It says where it came from; the authority may have expired as well since then."""
    late = [AUTHORITY.reissue(not_after=NOW - DAY), *EXPIRED.chain[1:]]
    options = {"allow_expired": True, "trust": "require"}
    assert assembled(EXPIRED, EXPIRED.chain, [AUTHORITY.root], **options) == ("trusted", ders(EXPIRED.chain), ())
    assert assembled(EXPIRED, late, [AUTHORITY.root], **options) == ("trusted", ders(late), ())
    earlier = [AUTHORITY.reissue(not_after=NOW - 2 * DAY), *EXPIRED.chain[1:]]
    with pytest.raises(CertificatesError, match="is valid only from"):
        assembled(EXPIRED, earlier, [AUTHORITY.root], **options)
    with pytest.raises(CertificatesError, match="is valid only from"):
        assembled(ISSUED, late, [AUTHORITY.root], **options)


# The chain


@pytest.mark.parametrize(("beside", "expected"), [((), ISSUED.chain), (OTHER.chain, OTHER.chain)])
def test_an_unverified_chain_may_stand_in_the_file_of_the_certificate(
    beside: Sequence[x509.Certificate], expected: Sequence[x509.Certificate]
) -> None:
    """If there is a file of its own for the chain, that is the one."""
    both = material(certificate=pem_of(ISSUED.all).encode(), intermediate=pem_of(beside).encode() or None)
    content, warnings = checked(both, verify_chain=False)
    assert ([one.der for one in content.intermediates], warnings) == (ders(expected), ())


def test_a_strangers_root_in_the_file_of_the_certificate_does_no_harm() -> None:
    """It is no chain that would be wrong; and the one that is missing is said to be."""
    both = material(certificate=pem_of([ISSUED.certificate, OTHER.root]).encode())
    content, warnings = checked(both)
    assert content.intermediates == ()
    assert [one.reason for one in warnings] == ["no_issuer", "left_out"]


@pytest.mark.parametrize(("given", "notes"), [(None, ""), ("Shop", "Shop")])
def test_the_record_that_it_would_be_has_the_notes_that_were_given(given: str | None, notes: str) -> None:
    assert checked(material(), notes=given)[0].as_record().notes == notes


# What only some have


def test_secrets_manager_takes_what_the_store_does_not() -> None:
    for odd in (AUTHORITY.issue(NAME, key=new_key("ed25519")), AUTHORITY.issue("www\x01.example.com")):
        assert refusal(material(odd)).code == "refused"
        assert checked(material(odd), is_for_store=False)[0].certificate == Certificate(odd.der)


@pytest.mark.parametrize(
    ("part", "data"), [("certificate", b""), ("privatekey", b""), ("intermediate", b"text"), ("csr", b"text")]
)
def test_the_file_is_named_that_cannot_be_read(part: str, data: bytes) -> None:
    paths = {name: f"/files/{name}" for name in ("certificate", "privatekey", "intermediate", "csr")}
    error = refusal(material(**{part: data}, paths=paths))
    assert error.code == "invalid_pem" and error.message.startswith(f"/files/{part}: ")
    other = refusal(material(privatekey=LONELY.key_pem.encode(), paths={"privatekey": "/files/key"}))
    assert other.code == "key_mismatch" and other.message.startswith("/files/key: ")


@pytest.mark.parametrize("part", ["certificate", "intermediate"])
def test_of_a_bundle_that_is_cut_off_the_last_certificate_is_not_left_out(part: str) -> None:
    """Clients would miss it."""
    bundle = pem_of(ISSUED.all if part == "certificate" else ISSUED.chain)
    assert checked(material(**{part: bundle.encode()}))
    cut_off = bundle.rpartition("-----END")[0].encode()
    whole = {"certificate": pem_of(ISSUED.all[:1]).encode()} if part == "intermediate" else {}
    error = refusal(material(**{**whole, part: cut_off}))
    assert error.code == "invalid_pem" and "is truncated" in error.message


@pytest.mark.parametrize("lacks", ["key", "certificate"])
def test_a_key_store_that_lacks_something(lacks: str) -> None:
    key, certificate = (
        None if lacks == name else part for name, part in (("key", ISSUED.key), ("certificate", ISSUED.certificate))
    )
    data = pkcs12.serialize_key_and_certificates(b"name", key, certificate, None, NoEncryption())  # type: ignore[arg-type]
    error = refusal(read_pkcs12_bundle(data, None, "/files/store.p12"))
    assert error.code == "invalid_pem" and error.message.startswith("/files/store.p12: ")


@pytest.mark.parametrize(("notes", "named"), [("a\x00b", "U+0000"), ("a\x1fb\x00", "U+001F")])
def test_notes_that_could_not_be_read_again(notes: str, named: str) -> None:
    error = refusal(material(), notes)
    assert error.code == "refused" and named in error.message
