# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What bytes become, whatever they are: damage is said, and never keeps anything else from being read."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import messages
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import (
    Bundle,
    KeyRef,
    Kind,
    read_bundle,
    read_parts,
    read_pkcs12_bundle,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import why_missing
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from tests.support.certificates import PASSPHRASE, Authority, key_bytes, key_pem, leaks, pem_of, pkcs12_of

ONE, OTHER = (Authority().issue(f"{name}.example.com") for name in ("one", "other"))


NO_CERTIFICATE, CUT_OFF, LOCKED = "contains no certificate", "A PEM block is truncated", "is encrypted"
DAMAGED_CERTIFICATE, DAMAGED_KEY = "neither an X.509 certificate nor a PKCS#7", "not a private key in PEM or DER format"
NO_KEY, OTHER_THING = "contains no private key", "The content specified as private key is a certificate"
BAD = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (ONE.pem, ("certificate", "certificate", f"certificate {OTHER_THING}", "certificate")),
        (ONE.der, ("certificate", "certificate", DAMAGED_KEY, "certificate")),
        (ONE.key_pem, ("key", "", "key", "key")),
        (key_bytes(ONE.key), (DAMAGED_CERTIFICATE, DAMAGED_CERTIFICATE, "key", "key")),
        (key_pem(ONE.key, passphrase=PASSPHRASE), (LOCKED, "", LOCKED, LOCKED)),
        (ONE.key_pem + ONE.pem, ("certificate key", "certificate", "certificate key", "certificate key")),
        (BAD, (DAMAGED_CERTIFICATE, DAMAGED_CERTIFICATE, OTHER_THING, DAMAGED_CERTIFICATE)),
        (ONE.key_pem + BAD, (f"key {DAMAGED_CERTIFICATE}", DAMAGED_CERTIFICATE, *[f"key {DAMAGED_CERTIFICATE}"] * 2)),
        (ONE.pem[:300], (CUT_OFF, CUT_OFF, OTHER_THING, CUT_OFF)),
        ("garbage", (NO_CERTIFICATE, "", NO_KEY, "")),
    ],
    ids=["pem", "der", "key", "key_der", "locked", "both", "bad", "key_and_bad", "cut_off", "garbage"],
)
def test_what_a_file_has_depends_on_what_it_is_for(data: str | bytes, found: tuple[str, ...]) -> None:
    """The certificate, a chain, the key, or any of these; of what is wrong, what it should have is said."""
    kinds: tuple[Kind, ...] = ("certificate", "chain", "key", "any")
    for kind, expected in zip(kinds, found, strict=True):
        parsed = read_bundle(data if isinstance(data, bytes) else data.encode(), kind, None)
        there = {"certificate": bool(parsed.certificates or parsed.issuers), "key": bool(parsed.key)}
        assert not (parsed.certificates if kind == "chain" else parsed.issuers), kind
        rest = expected
        for name, is_there in there.items():
            assert rest.startswith(name) == is_there, (kind, name)
            rest = rest.removeprefix(name).lstrip()
        assert bool(parsed.problem) == bool(rest), kind
        assert parsed.problem is None or rest in messages.describe_problem(parsed.problem), kind


# Which certificate it is


def test_the_certificate_is_that_of_the_key() -> None:
    """Wherever it stands; without its key, it is the one that is no authority's."""
    pile = tuple(map(Certificate.from_library, (*reversed(ONE.all), OTHER.certificate)))
    leaf, other = Certificate(ONE.der), Certificate(OTHER.der)
    there = Bundle(pile, key=KeyRef(other.public_key_sha256))
    assert there.certificate == other and there.matching_certificates == (other,) and leaf in there.other_certificates
    assert Bundle(pile).certificate == leaf and Bundle(pile).matching_certificates == ()
    assert Bundle(pile[:1]).certificate == pile[0] and Bundle().certificate is None


def test_the_others_stand_in_their_order_each_once() -> None:
    root, issuer, leaf = map(Certificate.from_library, ONE.all[::-1])
    there = Bundle((leaf, issuer), (issuer, root, leaf), KeyRef(leaf.public_key_sha256))
    assert there.other_certificates == (issuer, root) and there.chain == (issuer,)


# Parts


def test_a_key_is_shown_without_its_places() -> None:
    key = KeyRef("ab", path="/link", real_path="/key")
    assert "/" not in repr(key) and not key.is_pkcs12


@pytest.mark.parametrize(("part", "given_as"), [("certificate", "certificate"), ("intermediate", "intermediates")])
def test_a_part_that_is_cut_off_or_has_no_certificate_is_not_taken_as_it_is(part: str, given_as: str) -> None:
    pile = pem_of(ONE.all)
    for data in (pile.rpartition("-----END")[0].encode(), b"none"):
        assert read_parts({part: data}).problem == why_missing(data, "certificate", given_as)
    damaged = read_parts({part: BAD.encode()}).problem
    assert damaged and DAMAGED_CERTIFICATE in damaged.facts["error"], "that is said of it which is wrong"
    assert read_parts({part: pile.encode()}).problem is None


def test_each_part_is_read_whatever_is_wrong_with_the_others() -> None:
    parts = {"certificate": ONE.pem.encode(), "privatekey": b"none", "intermediate": b"none", "csr": b"none"}
    there = read_parts(parts, paths={"privatekey": "/key", "csr": "/csr"})
    assert there.certificate == Certificate(ONE.der) and there.key is None and there.issuers == ()
    assert there.problem and there.problem.facts["path"] == "/key"
    assert there.problem.facts["error"] == messages.describe_problem(why_missing(b"none", "private key", "private key"))
    whole = {"certificate": ONE.pem, "privatekey": ONE.key_pem, "intermediate": ONE.chain_pem, "csr": ONE.csr_pem}
    there = read_parts({part: text.encode() for part, text in whole.items()}, paths={"privatekey": "/key"})
    assert there.problem is None and there.matching_certificates == (Certificate(ONE.der),)
    assert pem_of(ONE.chain) == "".join(issuer.to_pem() for issuer in there.issuers)
    assert there.key and there.key.private_key and there.key.private_key.pem == ONE.key_pem and there.key.path == "/key"
    assert there.key == KeyRef(there.key.public_key_sha256, path="/key"), "it is the same, whether it is held or not"
    assert there.request and there.request.to_pem() == ONE.csr_pem
    assert not leaks(repr(there)) and "/key" not in repr(there) and "held" not in repr(there)
    assert read_parts({}) == Bundle() == read_parts(dict.fromkeys(whole))


def test_a_key_store_is_named_in_its_problem_alone() -> None:
    there = read_pkcs12_bundle(pkcs12_of(ONE, PASSPHRASE), PASSPHRASE, "/store")
    assert there.problem is None and there.matching_certificates == (Certificate(ONE.der),) and there.issuers == ()
    assert there.key and there.key.private_key and (there.key.is_pkcs12, there.key.path) == (True, "/store")
    assert read_bundle(pkcs12_of(ONE, PASSPHRASE), "store", PASSPHRASE).certificate == there.certificate
    closed = read_pkcs12_bundle(pkcs12_of(ONE, PASSPHRASE), None, "/store")
    assert closed.problem and (closed.problem.reason, closed.problem.facts["path"]) == ("bad_passphrase", "/store")
    lone = pkcs12.serialize_key_and_certificates(None, ONE.key, None, None, NoEncryption())  # type: ignore[arg-type]
    lacking = read_pkcs12_bundle(lone, None, "/store").problem
    assert lacking == Obstacle("invalid_pem", {"has_both": False, "path": "/store"})
