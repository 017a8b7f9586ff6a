# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lists of revoked certificates say, by RFC 5280."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import (
    Anchors,
    Chain,
    evaluate_sent_chain,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import (
    MAX_URLS,
    NOT_NAMED,
    Crl,
    DistributionPoint,
    Revocation,
    RevocationCheck,
    combine_known_results,
    combine_results,
    list_used_certificates,
    plan_checks,
    read_crl,
    read_distribution_points,
    select_decisive_result,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier

from tests.support.certificates import DAY, NOW, Authority, Issued, name_of, new_key
from tests.support.certificates import certificate_of as signed
from tests.support.revoking import URL, Revoking, crl_of, listed, places, scope, usage_of

AUTHORITY = Revoking(URL)
OTHER = Revoking(name="Other")
NAME = "www.example.com"
LEAF = AUTHORITY.leaf(NAME, url=URL)
NEIGHBOUR = AUTHORITY.leaf("neighbour.example.com", url=URL)
CERTIFICATE = Certificate.from_library(LEAF.certificate)
ISSUER = Certificate.from_library(AUTHORITY.issuer)
POINT = DistributionPoint((URL,), frozenset({URL}))
STRANGE = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
RELATIVE = x509.RelativeDistinguishedName(list(name_of("x")))
NUMBERED = x509.CRLNumber(7)
ELSEWHERE = "http://crl.example.com/2.crl"


def crl(data: bytes) -> Crl:
    read = read_crl(data)
    assert read is not None
    return read


def said(data: bytes, certificate: Certificate = CERTIFICATE, point: DistributionPoint = POINT) -> Revocation:
    read = crl(data)
    assert read.why_unusable(ISSUER, NOW) is None
    return read.find_status(certificate, point)


def why_not(data: bytes, issuer: Certificate = ISSUER) -> Obstacle[str] | None:
    return crl(data).why_unusable(issuer, NOW)


def test_good_and_revoked() -> None:
    harmless = [(STRANGE, False), (NUMBERED, False)]
    assert said(AUTHORITY.crl(NEIGHBOUR.certificate, extensions=harmless)) == Revocation("good", CERTIFICATE)
    no_more = AUTHORITY.crl(LEAF.certificate, reason=x509.ReasonFlags.remove_from_crl)
    assert said(no_more) == Revocation("good", CERTIFICATE)
    told = said(AUTHORITY.crl(LEAF.certificate, reason=x509.ReasonFlags.key_compromise))
    assert told == Revocation("revoked", CERTIFICATE, NOW - DAY, "keyCompromise")
    assert told.shown == f"revoked at {(NOW - DAY):%Y-%m-%dT%H:%M:%SZ} (keyCompromise)"
    assert told.as_result() == {
        "status": "revoked",
        "certificate": NAME,
        "revoked_at": f"{(NOW - DAY):%Y-%m-%dT%H:%M:%SZ}",
        "reason": "keyCompromise",
        "why": None,
    }
    unsaid = said(AUTHORITY.crl(LEAF.certificate))
    assert (unsaid.status, unsaid.reason) == ("revoked", None) and unsaid.shown.endswith("Z")


def test_pem_and_der_and_neither() -> None:
    der = AUTHORITY.crl(LEAF.certificate)
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    assert said(pem).status == "revoked"
    for damaged in (b"", b"<html>", pem + pem, LEAF.der, LEAF.pem.encode(), der[:-9], pem[:300], os.urandom(400)):
        assert read_crl(damaged) is None


UNUSABLE: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "of another issuer": (OTHER.crl(), "of_other", {"of": "CN=Other CA 1", "issuer": ISSUER}),
    "of another key": (crl_of(AUTHORITY.issuer.subject, new_key()), "not_signed", {"issuer": ISSUER}),
    "stale": (AUTHORITY.crl(days=(-9, -1)), "not_now", {"begin": NOW - 9 * DAY, "end": NOW - DAY}),
    "to come": (AUTHORITY.crl(days=(1, 9)), "not_now", {"begin": NOW + DAY, "end": NOW + 9 * DAY}),
    "critical": (AUTHORITY.crl(extensions=[(STRANGE, True)]), "critical_extension", {"oid": "1.2.3.4"}),
    "delta": (AUTHORITY.crl(extensions=[(x509.DeltaCRLIndicator(1), True)]), "delta", {}),
    "indirect": (AUTHORITY.crl(extensions=[(scope(URL, indirect_crl=True), True)]), "unknown_kind", {}),
    "of a relative name": (AUTHORITY.crl(extensions=[(scope(relative_name=RELATIVE), True)]), "unknown_kind", {}),
}


@pytest.mark.parametrize("which", UNUSABLE)
def test_a_list_that_cannot_be_relied_on(which: str) -> None:
    data, reason, facts = UNUSABLE[which]
    assert why_not(data) == Obstacle(reason, facts)


def test_a_list_without_an_end_cannot_be_relied_on() -> None:
    """RFC 5280, 5.1.2.5, wants one, and so does the library that makes them here."""
    ended = crl(AUTHORITY.crl())
    ended.__dict__["next_update"] = None
    assert ended.why_unusable(ISSUER, NOW) == Obstacle("no_end")


def test_an_issuer_that_must_not_sign_lists() -> None:
    key = new_key()
    name = AUTHORITY.issuer.subject
    for signs in (False, True):
        made = signed(name, AUTHORITY.root.subject, key, key, ca=True, extensions=[usage_of(signs_lists=signs)])
        issuer = Certificate.from_library(made)
        assert why_not(crl_of(name, key), issuer) == (None if signs else Obstacle("may_not_sign", {"issuer": issuer}))


SOME_REASONS = frozenset({x509.ReasonFlags.key_compromise})


@pytest.mark.parametrize(
    ("of_list", "point", "why"),
    [
        (scope(URL), POINT, None),
        (scope(ELSEWHERE), POINT, Obstacle("for_others")),
        (scope(ELSEWHERE, URL), POINT, None),
        (scope(ELSEWHERE), replace(POINT, names=frozenset({URL, ELSEWHERE})), None),
        (scope(only_contains_user_certs=True), POINT, None),
        (scope(only_contains_ca_certs=True), POINT, Obstacle("lacks_kind", {"is_authority": False})),
        (scope(URL, only_some_reasons=SOME_REASONS), POINT, Obstacle("some_reasons")),
        (scope(URL), replace(POINT, is_partial=True), Obstacle("some_reasons")),
    ],
)
@pytest.mark.parametrize("critical", [True, False])
def test_a_list_for_a_part(
    of_list: x509.IssuingDistributionPoint, point: DistributionPoint, why: Obstacle[str] | None, critical: bool
) -> None:
    told = said(AUTHORITY.crl(extensions=[(of_list, critical)]), point=point)
    assert told == Revocation("unknown" if why else "good", CERTIFICATE, why=why)
    listed_too = said(AUTHORITY.crl(LEAF.certificate, extensions=[(of_list, critical)]), point=point)
    assert listed_too.status == ("revoked" if why in (None, Obstacle("some_reasons")) else "unknown")


def test_a_list_for_authorities_only() -> None:
    root, intermediate = Certificate.from_library(AUTHORITY.root), Certificate.from_library(AUTHORITY.issuer)
    for of_list, status in (
        (scope(only_contains_ca_certs=True), "revoked"),
        (scope(only_contains_user_certs=True), "unknown"),
    ):
        read = crl(AUTHORITY.crl(AUTHORITY.issuer, level=0, extensions=[(of_list, True)]))
        assert read.why_unusable(root, NOW) is None
        assert read.find_status(intermediate, POINT).status == status


FOREIGN = x509.CertificateIssuer([x509.DirectoryName(OTHER.issuer.subject)])


def with_entry(extension: x509.ExtensionType, critical: bool, certificate: x509.Certificate) -> bytes:
    key, issuer = AUTHORITY.levels[-1]
    return crl_of(issuer.subject, key, [listed(certificate.serial_number, extensions=[(extension, critical)])])


def test_an_entry_that_is_not_understood() -> None:
    assert said(with_entry(STRANGE, False, LEAF.certificate)).status == "revoked"
    foreign = said(with_entry(FOREIGN, False, LEAF.certificate))
    assert foreign == Revocation("unknown", CERTIFICATE, why=Obstacle("entry_of_other"))


@pytest.mark.parametrize("certificate", [LEAF.certificate, NEIGHBOUR.certificate], ids=["own", "other"])
@pytest.mark.parametrize("extension", [STRANGE, FOREIGN])
def test_a_critical_entry_that_is_not_understood(extension: x509.ExtensionType, certificate: x509.Certificate) -> None:
    """RFC 5280, 5.3: then the list says nothing of any certificate."""
    assert why_not(with_entry(extension, True, certificate)) == Obstacle("critical_entry")


@pytest.mark.parametrize("code", [b"\x0a\x01\x07", b"\x0a\x01\x63", b"\x02\x01\x01"])
def test_what_is_listed_for_an_odd_reason_was_revoked(code: bytes) -> None:
    reason = x509.UnrecognizedExtension(x509.CRLReason.oid, code)
    told = said(with_entry(reason, False, LEAF.certificate))
    assert (told.status, told.at, told.reason) == ("revoked", NOW - DAY, None)


def test_nothing_is_good_that_no_one_was_asked_about() -> None:
    """Of what is not valid now, only the issuers are asked about."""
    good, bad = Revocation("good", ISSUER), Revocation("revoked", ISSUER, NOW)
    chain = Chain((ISSUER,), "trusted", path=(ISSUER,))
    not_asked = Revocation("unknown", CERTIFICATE, why=Obstacle("not_asked"))
    assert combine_known_results(CERTIFICATE, chain, {ISSUER: good}) == not_asked
    assert combine_known_results(CERTIFICATE, chain, {ISSUER: bad}) == bad
    assert combine_known_results(CERTIFICATE, chain, {}) is None
    own = Revocation("good", CERTIFICATE)
    assert combine_known_results(CERTIFICATE, chain, {ISSUER: good, CERTIFICATE: own}) == Revocation("good")


def test_a_negative_number_says_nothing() -> None:
    """Whether it is listed or not: RFC 5280, 4.1.2.2, forbids it, and the library does not look for it."""
    serial = LEAF.certificate.serial_number
    number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
    negative = bytes([number[0] | 0x80]) + number[1:]
    certificate = Certificate(LEAF.der.replace(number, negative))
    for data in (AUTHORITY.crl(LEAF.certificate), AUTHORITY.crl()):
        unread = Revocation("unknown", certificate, why=Obstacle("unreadable_entry"))
        assert crl(data.replace(number, negative)).find_status(certificate, POINT) == unread


def points(extension: x509.ExtensionType) -> list[DistributionPoint]:
    return list(
        read_distribution_points(Certificate.from_library(AUTHORITY.leaf(NAME, extensions=[extension]).certificate))
    )


def test_which_places_a_certificate_names() -> None:
    ldap = "ldap://directory.example.com/cn=ca?certificateRevocationList"
    assert points(places(URL)) == [POINT]
    assert points(places(ldap, URL, ELSEWHERE)) == [
        DistributionPoint((URL, ELSEWHERE), frozenset({ldap, URL, ELSEWHERE}))
    ]
    for none in ("https://crl.example.com/1.crl", ldap, "http://", "http://a b/", "http://x\r\ny/"):
        assert points(places(none)) == []
    assert points(places(URL, reasons=SOME_REASONS)) == [replace(POINT, is_partial=True)]
    by_another = [x509.DirectoryName(name_of("Elsewhere"))]
    assert points(places(URL, crl_issuer=by_another)) == []
    assert points(places(URL, crl_issuer=[x509.DirectoryName(AUTHORITY.issuer.subject)])) == [POINT]
    many = [f"http://crl.example.com/{number}.crl" for number in range(MAX_URLS + 3)]
    assert [len(point.urls) for point in points(places(*many))] == [MAX_URLS]
    only_relative = x509.DistributionPoint(None, RELATIVE, None, None)
    assert points(x509.CRLDistributionPoints([only_relative])) == []
    by_directory = [x509.DirectoryName(name_of("x")), x509.UniformResourceIdentifier(URL)]
    assert points(x509.CRLDistributionPoints([x509.DistributionPoint(by_directory, None, None, None)])) == [POINT]
    assert points(places(URL, crl_issuer=[x509.DNSName("crl.example.com")])) == [], "it is no name of an issuer"


def test_without_a_place_nothing_is_known() -> None:
    assert list(read_distribution_points(Certificate.from_library(Authority().issue(NAME).certificate))) == []
    assert combine_results([]) == Revocation("unknown", why=NOT_NAMED)


def asked(issued: Issued, roots: Sequence[x509.Certificate], sent: Sequence[x509.Certificate]) -> list[RevocationCheck]:
    anchors = Anchors(map(Certificate.from_library, roots))
    leaf = Certificate.from_library(issued.certificate)
    chain = evaluate_sent_chain(leaf, [Certificate.from_library(each) for each in sent], anchors, NOW)
    return plan_checks(leaf, chain, anchors)


def test_what_is_asked_about_a_chain() -> None:
    (leaf, intermediate) = asked(LEAF, [AUTHORITY.root], LEAF.chain)
    assert (leaf.certificate, leaf.issuer, leaf.points) == (CERTIFICATE, ISSUER, (POINT,))
    assert leaf.urls == [URL]
    assert (intermediate.certificate, intermediate.issuer) == (ISSUER, Certificate.from_library(AUTHORITY.root))
    assert asked(LEAF, [OTHER.root], LEAF.chain) == [], "nobody trusts it"
    assert asked(LEAF, [AUTHORITY.root], []) == [], "nor this"
    for roots in ([AUTHORITY.issuer], [AUTHORITY.issuer, AUTHORITY.root]):
        (alone,) = asked(LEAF, roots, LEAF.chain)
        assert (alone.certificate, alone.issuer) == (CERTIFICATE, ISSUER), "who is named is not asked about"


def test_what_is_known_of_a_chain() -> None:
    """Of all that clients may use of it."""
    root, other = Certificate.from_library(AUTHORITY.root), Certificate.from_library(OTHER.root)
    chain = Chain((ISSUER,), "trusted", path=(root,))
    assert list_used_certificates(CERTIFICATE, chain) == [CERTIFICATE, ISSUER, root]
    assert combine_known_results(CERTIFICATE, chain, {other: Revocation("revoked", other, NOW)}) is None
    above = Revocation("revoked", root, NOW)
    good = Revocation("good", CERTIFICATE)
    assert combine_known_results(CERTIFICATE, chain, {CERTIFICATE: good, root: above}) == above


def test_a_cross_signed_root_is_asked_about_where_clients_know_the_root_itself() -> None:
    """Other clients do not."""
    young = Revoking(name="Young")
    leaf = young.leaf(NAME)
    cross = AUTHORITY.cross_sign("Young Root", young.levels[0][0])
    for roots in ([AUTHORITY.root], [AUTHORITY.root, young.root]):
        questions = asked(leaf, roots, [*leaf.chain, cross])
        assert [question.certificate.shown_name for question in questions] == [NAME, "Young CA 1", "Young Root"]
        above = [question.issuer.shown_name for question in questions]
        assert above == ["Young CA 1", "Young Root", Certificate.from_library(AUTHORITY.root).shown_name]


def test_what_decides() -> None:
    good, unknown = Revocation("good", CERTIFICATE), Revocation("unknown", ISSUER, why=Obstacle("unreadable"))
    revoked, other = Revocation("revoked", ISSUER, NOW), Revocation("revoked", CERTIFICATE, NOW)
    assert combine_results([good, unknown, revoked]) == revoked and combine_results([other, revoked]) == other
    assert combine_results([good, unknown]) == unknown
    assert combine_results([good, good]) == combine_results([good]) == Revocation("good")
    assert select_decisive_result([unknown, good]) == good
    assert select_decisive_result([good, revoked]) == revoked
    assert select_decisive_result([unknown]) == unknown
