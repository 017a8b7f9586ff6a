# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which paths lead to a trusted root, and why the others do not.

The order of a pile: test_certificate.py. Certificates that OpenSSL does not read: test_tls_client.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import TrustReason
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import chain as chain_module
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import (
    MAX_CHAIN_LENGTH,
    MAX_STEPS,
    UNTRUSTED_REASONS,
    Anchors,
    Chain,
    Chains,
    Trust,
    evaluate_sent_chain,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import DAY, NOW, Key, name_of, new_key
from tests.support.odd_certificates import Hash, of_version_1, rsa_key_of, signed_with, with_twice

NAME = "www.example.com"
Extensions = Sequence[tuple[x509.ExtensionType, bool]]
"""Each with whether it is critical."""


@dataclass(frozen=True)
class Party:
    certificate: x509.Certificate
    key: Key = field(repr=False)

    @cached_property
    def read(self) -> Certificate:
        return Certificate.from_library(self.certificate)


def basics(path_length: int | None = None) -> tuple[x509.ExtensionType, bool]:
    return x509.BasicConstraints(ca=True, path_length=path_length), True


AN_AUTHORITY: Extensions = [basics()]


def issue(
    name: str,
    by: Party | None = None,
    extensions: Extensions = AN_AUTHORITY,
    *,
    key: Key | None = None,
    days: tuple[float, float] = (-10, 90),
    pss: bool = False,
) -> Party:
    """A certificate with just these extensions, signed by itself unless somebody else does; a CA's if nothing else is said."""
    key = key or new_key()
    above, signer = (by.certificate.subject, by.key) if by else (name_of(name), key)
    serial = x509.random_serial_number()
    builder = x509.CertificateBuilder(
        above, name_of(name), key.public_key(), serial, NOW + days[0] * DAY, NOW + days[1] * DAY
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    how = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    options = {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), 32)} if pss else {}
    return Party(builder.sign(signer, how, **options), key)  # type: ignore[arg-type]


def serve(by: Party | None = None, extensions: Extensions = (), name: str = NAME, **others: object) -> Party:
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    return issue(name, by, [(names, False), *extensions], **others)  # type: ignore[arg-type]


def chain(leaf: Party, pile: Iterable[Party] = (), roots: Iterable[Party] | None = None) -> Chain:
    """The chain of a certificate, with these trusted; only `ROOT` unless others are given."""
    trusted = (ROOT,) if roots is None else roots
    return Chains([one.read for one in pile], Anchors(one.read for one in trusted), NOW).build(leaf.read)


def trusted(*issuers: Party) -> Chain:
    return Chain(tuple(one.read for one in issuers), "trusted")


REFUSED = "OpenSSL rejects the certificate: "
NO_ISSUER = "OpenSSL cannot find the CA certificate that issued "


def why_not(leaf: Party, pile: Iterable[Party] = (), roots: Iterable[Party] | None = None) -> str:
    found = chain(leaf, pile, roots)
    assert found.trust == "untrusted"
    assert found.why and not found.why.endswith(".")
    return found.why


ROOT = issue("Root")
CA = issue("CA", ROOT)
LEAF = serve(CA)


# What leads to a root

KEYS = {
    "ec": new_key(),
    "rsa": new_key("rsa"),
    "other rsa": rsa.generate_private_key(65537, 2048),
    "ed25519": new_key("ed25519"),
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that it is deprecated, by cryptography 51 and later
    DSA = dsa.generate_private_key(2048)


@pytest.mark.parametrize(
    ("of_root", "of_ca", "pss"),
    [("rsa", "ec", False), ("rsa", "other rsa", True), ("ed25519", "ec", False)],
)
def test_an_authority_has_any_kind_of_key(of_root: str, of_ca: str, pss: bool) -> None:
    root = issue("Root", key=KEYS[of_root], pss=pss)
    ca = issue("CA", root, key=KEYS[of_ca], pss=pss)
    leaf = serve(ca, pss=pss)
    assert chain(leaf, [ca], [root]) == trusted(ca)
    assert chain(leaf, [ca, root], []).trust == "untrusted"


@pytest.mark.parametrize("number", [0, 1, MAX_CHAIN_LENGTH, MAX_CHAIN_LENGTH + 1])
def test_how_long_a_chain_may_be(number: int) -> None:
    above, issuers = ROOT, []
    for place in range(number):
        above = issue(f"CA {place}", above)
        issuers.insert(0, above)
    found = chain(serve(above), issuers)
    assert found == trusted(*issuers) if number <= MAX_CHAIN_LENGTH else found.trust == "untrusted"
    assert found.issuers == tuple(one.read for one in issuers[:MAX_CHAIN_LENGTH])


def test_what_stands_before_the_issuers_does_not_hide_them() -> None:
    """Many roots, and a certificate whose key is of an algorithm that no library here knows, as GOST R 34.10 is."""
    known, unknown = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce3d027f")
    der = issue("GOST CA").read.der
    assert der.count(known) == 1
    roots = [issue(f"Root {number}").read for number in range(29)]
    pile = [Certificate(der.replace(known, unknown)), *roots, CA.read]
    assert Chains(pile, Anchors([ROOT.read]), NOW).build(LEAF.read) == trusted(CA)


def test_each_certificate_of_a_pile_has_its_own_chain() -> None:
    other = serve(ROOT)
    chains = Chains([CA.read], Anchors([ROOT.read]), NOW)
    assert [chains.build(one.read) for one in (LEAF, other, CA)] == [trusted(CA), trusted(), trusted()]


# Version 1


def old(party: Party, by: Party | None = None) -> Party:
    return Party(of_version_1(party.certificate, (by or party).key), party.key)


def test_a_root_of_version_1_may_issue() -> None:
    root = old(ROOT)
    assert root.read.is_version_1
    assert chain(LEAF, [CA], [root]) == trusted(CA)
    assert chain(serve(ROOT), [root], [root]) == trusted()


@pytest.mark.parametrize("extensions", [AN_AUTHORITY, []], ids=["ca", "server"])
def test_a_certificate_of_version_1_below_a_root_may_not_issue(extensions: Extensions) -> None:
    """Otherwise everyone who has one could issue certificates for any name."""
    forger = old(issue("Old", ROOT, extensions), ROOT)
    forged = serve(forger)
    assert chain(forged, [forger]) == Chain((), "untrusted", f"Old must not issue {NAME}", is_linked=False)
    assert chain(serve(issue("CA", forger)), [forger]).trust == "incomplete"
    assert chain(serve(issue("CA", forger)), [issue("CA", forger), forger]).trust == "untrusted"


# Certificates that are trusted by themselves


def test_a_self_signed_certificate_that_is_named_is_trusted() -> None:
    alone = serve()
    assert chain(alone, [], [alone]) == trusted()
    assert chain(alone, [alone], [ROOT, alone]) == trusted()
    assert why_not(alone, [alone]) == "the certificate is self-signed and not trusted"


@pytest.mark.parametrize(
    ("extensions", "days", "why"),
    [
        ((), (-90, -1), "the certificate is valid only from "),
        ((), (1, 90), "the certificate is valid only from "),
        ([(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)], (-1, 90), REFUSED),
    ],
    ids=["expired", "future", "client"],
)
def test_a_certificate_that_is_named_must_be_good_all_the_same(
    extensions: Extensions, days: tuple[float, float], why: str
) -> None:
    for leaf in (serve(None, extensions, days=days), serve(CA, extensions, days=days)):
        assert why_not(leaf, [CA], [leaf, ROOT]).startswith(why)


def test_an_intermediate_that_is_named_is_trusted() -> None:
    """What is known above it is part of the chain: other clients trust the root."""
    assert chain(LEAF, [], [CA]) == trusted(CA)
    assert chain(LEAF, [CA], [CA]) == trusted(CA)
    upper = issue("Upper", ROOT)
    ca = issue("CA", upper)
    assert chain(serve(ca, name="a"), [upper, ROOT], [ca]) == trusted(ca, upper)


def test_a_root_is_preferred_to_a_cross_signed_certificate_of_its_key() -> None:
    crossed = issue("Root", issue("Older root"), key=ROOT.key, days=(-10, 900))
    for roots in permutations([ROOT, crossed]):
        assert chain(LEAF, [CA], roots) == trusted(CA)


def test_damaged_certificates_are_not_trusted_and_hide_no_others() -> None:
    """In a store of roots, all have a subject, and some no more than that."""
    point_of_key = bytes.fromhex("03420004")
    damaged = Certificate(ROOT.read.der.replace(point_of_key, point_of_key[:-1] + b"\x05"))
    anchors = Anchors([damaged, ROOT.read, ROOT.read, CA.read])
    assert list(anchors) == [ROOT.read, CA.read]
    assert [one in anchors for one in (ROOT.read, CA.read, LEAF.read)] == [True, True, False]


# Extensions


def twice(party: Party, kind: type[x509.ExtensionType], by: Party | None = None) -> Party:
    return Party(with_twice(party.certificate, (by or party).key, kind.oid), party.key)


def usage(**uses: bool) -> tuple[x509.ExtensionType, bool]:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = dict.fromkeys((*names, "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(**{**others, "key_cert_sign": True, **uses}), True


def for_uses(*uses: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    return x509.ExtendedKeyUsage(uses), False


SERVERS = ExtendedKeyUsageOID.SERVER_AUTH


@pytest.mark.parametrize("kind", [x509.SubjectKeyIdentifier, x509.ExtendedKeyUsage, x509.KeyUsage])
def test_an_extension_that_occurs_twice_is_refused(kind: type[x509.ExtensionType]) -> None:
    """RFC 5280, 4.2, forbids it, critical or not: one reader may heed the first, and another one the second."""
    extensions = [(x509.SubjectKeyIdentifier(b"1"), False), for_uses(SERVERS)]
    leaf = serve(CA, [*extensions, usage(key_cert_sign=False, digital_signature=True)])
    ca, root = (issue("CA", by, [basics(), usage(), *extensions]) for by in (ROOT, None))
    for issued, pile, roots in ((leaf, [CA], [ROOT]), (serve(ca), [ca], [ROOT]), (serve(root), [], [root])):
        assert chain(issued, pile, roots) == trusted(*pile)
    assert why_not(twice(leaf, kind, CA), [CA]) == "the certificate contains an extension twice"
    assert why_not(serve(ca), [twice(ca, kind, ROOT)]) and why_not(serve(root), [], [twice(root, kind)])


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


def test_only_a_critical_extension_must_be_understood() -> None:
    harmless, harmful = ([basics(), (UNKNOWN, is_critical)] for is_critical in (False, True))
    ca = issue("CA", ROOT, harmless)
    assert chain(serve(ca, harmless[1:]), [ca]) == trusted(ca)
    assert why_not(serve(CA, harmful[1:]), [CA]).startswith(REFUSED)
    ca = issue("CA", ROOT, harmful)
    assert why_not(serve(ca), [ca]).startswith(REFUSED)


@pytest.mark.parametrize(
    ("extensions", "may"),
    [
        ([basics(), usage(digital_signature=True)], True),
        ([basics(), usage(key_cert_sign=False, crl_sign=True)], False),
        ([usage()], False),
        ([(x509.BasicConstraints(ca=False, path_length=None), True), usage()], False),
    ],
    ids=["may_do_more", "may_not_sign", "not_a_ca", "said_not_to_be_one"],
)
def test_only_a_ca_that_may_sign_certificates_issues(extensions: Extensions, may: bool) -> None:
    ca = issue("CA", ROOT, extensions)
    assert (chain(serve(ca), [ca]) == trusted(ca)) is may
    if may:
        assert chain(serve(ca), [], [ca]) == trusted(ca)
    else:
        assert why_not(serve(ca), [], [ca]) in {"CA must not issue certificates", f"{REFUSED}invalid CA certificate"}
        assert why_not(serve(ca), [ca]) in {f"CA must not issue {NAME}", f"{REFUSED}invalid CA certificate"}


# Signatures


def test_a_name_without_its_key_makes_no_issuer() -> None:
    lookalike = issue("CA", ROOT)
    unsigned = f"CA did not issue {NAME}"
    assert chain(LEAF, [lookalike]) == Chain((), "untrusted", unsigned, is_linked=False)
    assert why_not(LEAF, [], [lookalike]) == unsigned
    assert why_not(LEAF, [CA], [issue("Root")]) == "Root did not issue CA"
    assert chain(LEAF, [lookalike, CA]) == chain(LEAF, [CA, lookalike]) == trusted(CA)


@pytest.mark.parametrize(
    ("use", "may"),
    [("digital_signature", True), ("key_encipherment", True), ("content_commitment", False), ("key_cert_sign", False)],
)
def test_a_servers_key_is_used_in_handshakes(use: str, may: bool) -> None:
    """Only an RSA key may do so without signing (RFC 8422, 2.2)."""
    own = usage(**{"key_cert_sign": False, use: True})
    leaf = serve(CA, [own], key=KEYS["rsa"])
    assert chain(leaf, [CA]) == trusted(CA) if may else why_not(leaf, [CA]).startswith(REFUSED)
    assert chain(serve(CA, [own]), [CA]).trust == ("trusted" if use == "digital_signature" else "untrusted")


# Which certificate of its issuer a certificate names


def names_its_issuer(
    key_of: Party | None = None, certificate: Party | None = None, *, other_issuer: str = ""
) -> tuple[x509.ExtensionType, bool]:
    """An authority key identifier: of a key, of a certificate by issuer and number, or of both."""
    key = key_of and x509.SubjectKeyIdentifier.from_public_key(key_of.key.public_key()).digest
    above = certificate and (name_of(other_issuer) if other_issuer else certificate.certificate.issuer)
    number = certificate.certificate.serial_number if certificate else None
    return x509.AuthorityKeyIdentifier(key, [x509.DirectoryName(above)] if above else None, number), False


def with_its_key(party: Party) -> Party:
    """An authority's certificate that tells the identifier of its key."""
    return issue(
        "CA", ROOT, [basics(), (x509.SubjectKeyIdentifier.from_public_key(party.key.public_key()), False)], key=CA.key
    )


def test_of_an_issuer_issued_again_the_certificate_that_is_named_is_taken() -> None:
    """As `keyid,issuer:always` of OpenSSL writes it: some clients look at no other one."""
    again = issue("CA", ROOT, key=CA.key)
    leaf = serve(CA, [names_its_issuer(certificate=CA)])
    assert chain(leaf, [again, CA]) == chain(leaf, [CA, again]) == trusted(CA)
    assert why_not(leaf, [again]).startswith(f"{NO_ISSUER}{NAME}: ")
    of_another = serve(CA, [names_its_issuer(certificate=CA, other_issuer="Other")])
    assert why_not(of_another, [CA]) == why_not(leaf, [again]), "the number alone does not make it the same"


@pytest.mark.parametrize(
    ("named", "is_right"),
    [(names_its_issuer(CA), True), (names_its_issuer(ROOT), False), (names_its_issuer(CA, CA), False)],
    ids=["key", "another key", "key, and another number"],
)
def test_what_a_certificate_names_must_be_its_issuer(named: tuple[x509.ExtensionType, bool], is_right: bool) -> None:
    ca = with_its_key(CA)
    leaf = serve(CA, [named])
    assert (chain(leaf, [ca]) == trusted(ca)) is is_right
    assert chain(serve(CA, [names_its_issuer(ROOT)]), [CA]) == trusted(CA), "an issuer that does not tell its key's"


def test_a_key_without_its_name_makes_no_issuer() -> None:
    assert chain(LEAF, [issue("Other", ROOT, key=CA.key)]).trust == "incomplete"
    assert chain(LEAF, [CA], [issue("Other", key=ROOT.key)]).trust == "incomplete"


@pytest.mark.parametrize("hash_name", ["sha1", "md5"])
def test_a_signature_that_rests_on_a_broken_hash(hash_name: Hash) -> None:
    """The certificate may be one that was made to collide with what the authority signed."""
    root = issue("Root", key=KEYS["rsa"])
    ca = issue("CA", root, key=KEYS["other rsa"])
    weak = Party(signed_with(ca.certificate, root.key, hash_name), ca.key)
    leaf = serve(ca)
    weak_leaf = Party(signed_with(leaf.certificate, ca.key, hash_name), leaf.key)
    assert chain(leaf, [ca], [root]) == trusted(ca)
    for refused, pile, roots in ((leaf, [weak], [root]), (weak_leaf, [ca], [root]), (weak_leaf, [], [ca])):
        why = why_not(refused, pile, roots)  # the library does not even verify what rests on MD5
        assert why.startswith(REFUSED) if hash_name == "sha1" else " did not issue " in why
    assert chain(leaf, [weak, ca], [root]) == chain(leaf, [ca, weak], [root]) == trusted(ca)


@pytest.mark.parametrize("short", [rsa_key_of(2047), ec.generate_private_key(ec.SECP224R1())], ids=["RSA", "EC"])
def test_a_key_may_be_too_short(short: Key) -> None:
    ca, root = issue("CA", ROOT, key=short), issue("Root", key=short)
    assert why_not(serve(ca), [ca]) == "the key of the CA certificate CA is too short"
    assert why_not(serve(root), [], [root]) == "the key of the CA certificate Root is too short"
    leaf = serve(CA, key=short)
    assert [why_not(leaf, [CA]), why_not(leaf, [], [leaf])] == ["the key of the certificate is too short"] * 2
    assert not any(chain(leaf, sent, []).has_untrusted_root for sent in ([CA, ROOT], [CA], []))


@pytest.mark.parametrize(
    ("key", "named"),
    [(ec.generate_private_key(ec.SECP256K1()), "secp256k1 of 256 bits"), (DSA, "DSA of 2048 bits")],
)
@pytest.mark.filterwarnings("error")
def test_a_key_may_be_of_a_kind_that_clients_do_not_support(key: Key, named: str) -> None:
    assert why_not(serve(CA, key=key), [CA]) == f"TLS clients do not support the key of the certificate, {named}"


# Dates


@pytest.mark.parametrize("days", [(-90, -1), (1, 90)], ids=["expired", "future"])
def test_what_is_not_valid_now(days: tuple[float, float]) -> None:
    assert why_not(serve(CA, days=days), [CA]).startswith("the certificate is valid only from 20")
    ca, root = issue("CA", ROOT, days=days), issue("Root", days=days)
    assert why_not(serve(ca), [ca]).startswith("the CA certificate CA is valid only from 20")
    assert why_not(serve(root), [], [root]).startswith("the CA certificate Root is valid only from 20")


@pytest.mark.parametrize("days", [(-90, 0), (0, 90)])
def test_both_ends_of_the_validity_belong_to_it(days: tuple[float, float]) -> None:
    root = issue("Root", days=days)
    ca = issue("CA", root, days=days)
    assert chain(serve(ca, days=days), [ca], [root]) == trusted(ca)


# Authorities with several certificates for one key

OLD_ROOT = issue("Old root")
CROSSED = issue("CA", OLD_ROOT, key=CA.key, days=(-10, 80))
CROSSED_ROOT = issue("Root", OLD_ROOT, key=ROOT.key)


@pytest.mark.parametrize("order", [1, -1])
def test_a_cross_signed_authority_leads_to_either_root(order: int) -> None:
    pile = [CA, CROSSED][::order]
    assert chain(LEAF, pile) == trusted(CA)
    assert chain(LEAF, pile, [OLD_ROOT]) == trusted(CROSSED)
    assert chain(LEAF, pile, [ROOT, OLD_ROOT]) == trusted(CA), "the one that is valid longer"


@pytest.mark.parametrize("order", [1, -1])
def test_a_cross_signature_under_an_expired_root_does_no_harm(order: int) -> None:
    expired = issue("Old root", key=OLD_ROOT.key, days=(-900, -1))
    later = issue("CA", OLD_ROOT, key=CA.key, days=(-10, 900))
    pile = [CA, later][::order]
    assert chain(LEAF, pile, [expired, ROOT]) == trusted(CA)
    assert chain(LEAF, [CROSSED_ROOT, *pile], [expired, ROOT]) == trusted(CA)
    assert chain(LEAF, [expired, ROOT, *pile], []).issuers == (CA.read,)


def test_a_chain_up_to_an_older_root_is_preferred_to_a_short_cut() -> None:
    """What is stored serves all clients, whichever roots this machine has."""
    for pile in ([CA, CROSSED_ROOT], [CROSSED_ROOT, CA]):
        assert chain(LEAF, pile, [OLD_ROOT]) == trusted(CA, CROSSED_ROOT)
        assert chain(LEAF, pile, [ROOT, OLD_ROOT]) == trusted(CA, CROSSED_ROOT)
        assert chain(LEAF, pile, [ROOT]) == trusted(CA)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_equal_issuers_the_one_whose_key_is_named(order: int) -> None:
    """If nothing is named, the one that is valid longer."""
    one, other = (
        issue("CA", ROOT, [basics(), (x509.SubjectKeyIdentifier(name), False)], key=CA.key, days=(-10, days))
        for name, days in ((b"1", 80), (b"2", 90))
    )
    pile = [one, other][::order]
    named = serve(CA, [(x509.AuthorityKeyIdentifier(b"1", None, None), False)])
    assert chain(named, pile) == trusted(one)
    assert chain(LEAF, pile) == trusted(other)
    bare = issue("CA", ROOT, key=CA.key, days=(-10, 70))
    assert chain(LEAF, [bare, *pile]) == trusted(other), "nothing named is no name"
    assert chain(named, [LONGER, *pile]) == trusted(one), "nor is it the one that is named"


# The path that clients use, and what is exactly sent


def sent(leaf: Party, *others: Party, roots: Iterable[Party] | None = None) -> Chain:
    anchors = Anchors(one.read for one in ((ROOT,) if roots is None else roots))
    return evaluate_sent_chain(leaf.read, [one.read for one in others], anchors, NOW)


def path(found: Chain) -> list[str]:
    """The names on a path, each with the days that are left."""
    return [f"{one.shown_name} {(one.not_after - NOW).days}" for one in found.path]


def test_the_path_has_what_clients_use_and_the_root() -> None:
    assert path(chain(LEAF, [CA])) == ["CA 90", "Root 90"]
    assert path(chain(LEAF, [CA, CROSSED_ROOT], [ROOT, OLD_ROOT])) == ["CA 90", "Root 90"], "not as far as is known"
    assert path(chain(LEAF, [CA, CROSSED_ROOT], [OLD_ROOT])) == ["CA 90", "Root 90", "Old root 90"]
    assert path(chain(LEAF, [], [CA])) == ["CA 90"]
    assert path(chain(LEAF, [], [LEAF])) == []
    named = chain(LEAF, [CA], [LEAF])
    assert named == trusted(CA) and path(named) == ["CA 90"] and not named.has_untrusted_root


EXPIRED = issue("CA", ROOT, key=CA.key, days=(-90, -1))
LONGER = issue("CA", ROOT, key=CA.key, days=(-10, 95))


def test_the_first_of_several_that_are_valid_is_what_clients_take() -> None:
    assert path(sent(LEAF, CA, LONGER)) == ["CA 90", "Root 90"]
    assert path(sent(LEAF, EXPIRED, LONGER, CA)) == ["CA 95", "Root 90"]
    assert path(chain(LEAF, [CA, LONGER])) == ["CA 95", "Root 90"], "of a pile, the one that is valid longer is stored"


def test_what_could_be_trusted_with_another_order_is_not_as_it_is_sent() -> None:
    """A client looks no further than to the first that fits; of a pile, the right one is chosen."""
    narrow = issue("CA", ROOT, [basics(), (x509.NameConstraints([x509.DNSName("a")], None), True)], key=CA.key)
    assert chain(LEAF, [narrow, CA]) == trusted(CA)
    assert sent(LEAF, CA, narrow) == trusted(CA)
    found = sent(LEAF, narrow, CA)
    assert (found.trust, found.issuers) == ("untrusted", (CA.read,))
    assert found.why.startswith(REFUSED)


def test_what_clients_accept_is_trusted_whatever_could_be_built_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to be said of it, then."""
    monkeypatch.setattr(chain_module, "MAX_STEPS", 0)
    assert chain(LEAF, [CA]).trust == "untrusted" and chain(LEAF, [CA]).why
    found = sent(LEAF, CA)
    assert (found.trust, found.why, path(found)) == ("trusted", "", ["CA 90", "Root 90"])


def test_what_is_sent_without_an_issuer_is_incomplete() -> None:
    assert sent(LEAF) == chain(LEAF)
    assert sent(LEAF).trust == sent(LEAF, ROOT).trust == "incomplete"
    assert sent(LEAF, EXPIRED).why.startswith("the CA certificate CA is valid only from ")
    assert sent(serve(CA, days=(-9, -1)), CA).trust == "untrusted"


@pytest.mark.parametrize("order", [1, -1])
def test_clients_take_a_root_that_has_expired_only_if_they_have_no_other_one(order: int) -> None:
    """They look at their roots first, and never come to the cross-signed certificate that is sent."""
    over = issue("Root", key=ROOT.key, days=(-900, -1))
    assert sent(LEAF, CA, roots=[ROOT, over][::order]) == trusted(CA)
    assert sent(LEAF, CA, CROSSED_ROOT, roots=[OLD_ROOT]) == trusted(CA, CROSSED_ROOT)
    refused = sent(LEAF, CA, CROSSED_ROOT, roots=[over, OLD_ROOT][::order])
    assert refused.trust == "untrusted"
    assert refused.why.startswith("the CA certificate Root is valid only from ")


def test_the_past_and_the_future_are_asked_about() -> None:
    for at, trust in (
        (NOW, "trusted"),
        (NOW + 80 * DAY, "trusted"),
        (NOW + 99 * DAY, "untrusted"),
        (NOW - 20 * DAY, "untrusted"),
    ):
        assert evaluate_sent_chain(LEAF.read, [CA.read], Anchors([ROOT.read]), at).trust == trust


# What does not end


def test_authorities_that_sign_each_other() -> None:
    one, other = issue("One"), issue("Other")
    by_other, by_one = issue("One", other, key=one.key), issue("Other", one, key=other.key)
    leaf, pile = serve(one), [by_other, by_one]
    endless = chain(leaf, pile)
    assert (endless.trust, endless.issuers) == ("untrusted", (by_other.read, by_one.read))
    assert chain(leaf, pile, [other]) == trusted(by_other)
    assert chain(leaf, pile, [one]) == trusted(by_other, by_one)
    assert chain(by_one, pile, [other]) == trusted(by_other)


def test_a_pile_that_was_made_to_take_long_takes_none_and_harms_no_other_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of three certificates in each of nine layers may have issued each of those in the layer below; the last ones have expired."""
    tried: list[Certificate] = []
    is_new = Chains._is_new
    monkeypatch.setattr(Chains, "_is_new", lambda self, one, *others: tried.append(one) or is_new(self, one, *others))
    above, pile = issue("Top", days=(-90, -1)), []
    for number in range(9):
        key, days = new_key(), (-90 if number else -900, 90 if number else -1)
        layer = [issue(f"Layer {number}", above, key=key, days=days) for _ in range(3)]
        above = layer[0]
        pile += layer
    chains = Chains([one.read for one in (*pile, CA)], Anchors([ROOT.read]), NOW)
    found = chains.build(serve(above).read)
    assert (found.trust, len(found.issuers)) == ("untrusted", 9)
    assert MAX_STEPS <= len(tried) <= 3 * MAX_STEPS
    assert chains.build(LEAF.read) == trusted(CA)


def test_a_pile_has_so_many_checks_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each signature once, and each question to OpenSSL."""
    monkeypatch.setattr(chain_module, "MAX_CHECKS", 8)
    leaves = [serve(CA) for _ in range(4)]
    chains = Chains([CA.read], Anchors([ROOT.read]), NOW)
    assert [chains.build(one.read).trust for one in leaves] == [*["trusted"] * 3, "untrusted"], (
        "two for each, two for CA"
    )


@pytest.mark.parametrize("limit", ["MAX_STEPS", "MAX_OPENSSL_CHECKS"])
def test_a_path_has_as_many_steps_and_questions_as_that_are(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, trust in ((1, "trusted"), (0, "untrusted")):
        monkeypatch.setattr(chain_module, limit, number)
        assert chain(LEAF, [CA]).trust == trust


def test_each_reason_for_which_a_chain_is_not_trusted_is_one_that_is_reported() -> None:
    assert UNTRUSTED_REASONS.keys() | {"trusted"} == set(get_args(Trust))
    assert set(UNTRUSTED_REASONS.values()) == set(get_args(TrustReason))


# What is said of the others


def test_an_issuer_is_missing() -> None:
    upper = issue("Upper", ROOT)
    ca = issue("CA", upper)
    leaf = serve(ca)
    of_leaf = "the certificate of the CA CA is missing"
    assert chain(leaf) == Chain((), "incomplete", of_leaf, is_linked=False)
    assert chain(leaf, [upper]) == Chain((), "incomplete", of_leaf, is_linked=False)
    of_ca = "the certificate of Upper, the CA that issued CA, is missing"
    assert chain(leaf, [ca]) == Chain((ca.read,), "incomplete", of_ca, is_linked=True)


def test_a_root_of_ones_own_that_was_not_given() -> None:
    """Where it is not even known, nobody can say that it is none."""
    direct = serve(ROOT)
    assert chain(direct, [], []) == Chain((), "incomplete", "the certificate of the CA Root is missing", False)
    ends = "the chain ends at Root, which is not a trusted root certificate"
    assert chain(direct, [ROOT], [OLD_ROOT]) == Chain((), "untrusted", ends, is_linked=True)
    assert chain(LEAF, [CA, ROOT], []) == Chain((CA.read,), "untrusted", ends, is_linked=True)
    assert chain(LEAF, [CA, ROOT], []).has_untrusted_root and chain(ROOT, [], []).has_untrusted_root
    missing = "the certificate of Root, the CA that issued CA, is missing"
    assert chain(LEAF, [CA], [OLD_ROOT]) == Chain((CA.read,), "incomplete", missing, is_linked=True)


def test_a_client_trusts_what_is_named_and_there_is_none_that_trusts_no_one() -> None:
    root = ROOT.read
    settings = Anchors([root]).client
    assert settings is not None and settings.get_ca_certs(binary_form=True) == [root.der]
    assert Anchors().client is None
