# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Secrets Manager tells of a certificate, in all shapes that its models have, and in none of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.secret import (
    parse_secret,
    parse_value,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import KeyRef, Origin
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import PASSPHRASE, Authority, key_pem, leaks, new_key, pem_of
from tests.support.secrets import row_of, secret, value

AUTHORITY = Authority(intermediates=2)
ONE = AUTHORITY.issue("www.example.com", names=["www.example.com", "example.com"], key=new_key("rsa"))
EC = AUTHORITY.issue("www.example.com")


def test_the_certificate_that_metadata_describes() -> None:
    found = secret(ONE)
    assert found.is_metadata_of(Certificate(ONE.der)) and secret(EC).is_metadata_of(Certificate(EC.der))
    assert not found.is_metadata_of(Certificate(EC.der))
    assert found.names == {"www.example.com", "example.com"} and found.has_private_key and found.has_chain


@pytest.mark.parametrize(
    ("changed", "is_of"),
    [
        ({"serial_number": None}, False),
        ({"serial_number": "not hex"}, False),
        ({"serial_number": f"{ONE.certificate.serial_number:x}"}, True),
        ({"serial_number": f"{ONE.certificate.serial_number:X}"}, True),
        ({"validity": None}, False),
        ({"common_name": "other.example.com"}, False),
        ({"alt_names": None}, False),
        ({"alt_names": ["EXAMPLE.com", "www.example.com", "192.0.2.1"]}, True),
        ({"key_algorithm": None}, True),
        ({"key_algorithm": "RSA4096"}, False),
    ],
)
def test_how_it_is_recognised(changed: dict[str, Any], is_of: bool) -> None:
    assert secret(ONE, **changed).is_metadata_of(Certificate(ONE.der)) is is_of


@pytest.mark.parametrize("changed", [{"secret_type": None}, {"id": None}, {"id": ""}, {"id": 7}])
def test_what_is_no_secret(changed: dict[str, Any]) -> None:
    assert (
        parse_secret(row_of(ONE, **changed)) is None
        and parse_value(row_of(ONE, certificate=ONE.pem, **changed)) is None
    )


def test_a_secret_without_a_certificate_has_metadata_and_no_value() -> None:
    row = {"id": "s1", "secret_type": "arbitrary", "description": "Something else"}
    found = parse_secret(row)
    assert found and found.secret_type == "arbitrary" and found.description == "Something else"
    assert parse_value(row) is None


def test_what_is_known_of_each_type() -> None:
    for secret_type in ("public_cert", "private_cert"):
        found = secret(ONE, secret_type=secret_type, private_key_included=None, intermediate_included=None)
        assert found.has_private_key and found.has_chain
    found = secret(ONE, private_key_included=False, intermediate_included=False)
    assert not found.has_private_key and not found.has_chain
    assert secret(ONE, managed_csr={"csr": "..."}).is_managed and not secret(ONE).is_managed


def test_states() -> None:
    assert [secret(ONE, state=state).why_inactive for state in (None, 1)] == [None, None]
    inactive = [secret(ONE, state=state).why_inactive for state in (0, 2, 3, 5)]
    assert inactive == ["pre-activation", "suspended", "deactivated", "destroyed"]


def test_values() -> None:
    one, other = (pem_of([issuer]) for issuer in ONE.chain)
    assert value(ONE).chain == ONE.chain_pem and value(ONE).private_key == ONE.key_pem
    assert value(ONE, intermediate=None).chain == ""
    private = value(ONE, secret_type="private_cert", intermediate=None, issuing_ca=one, ca_chain=[one, other])
    assert private.chain == "\n".join([one, one, other])
    assert value(ONE, private_key=None).private_key is value(ONE, private_key="").private_key is None
    assert parse_value(row_of(ONE)) is None
    assert ONE.key_pem not in repr(value(ONE))


# As a bundle

OTHER = AUTHORITY.issue("api.example.com")
CUT = ONE.pem[:200]
ENCRYPTED = key_pem(ONE.key, passphrase=PASSPHRASE)


def test_a_bundle_is_found_by_the_secret() -> None:
    there = value(OTHER, id="2", name="api").bundle
    leaf = Certificate(OTHER.der)
    assert (there.certificate, there.problem, there.origin) == (leaf, None, Origin("api", "2"))
    assert (
        there.key == KeyRef(leaf.public_key_sha256)
        and there.key.private_key
        and there.key.private_key.pem == OTHER.key_pem
    )
    assert not leaks(repr(there))


@pytest.mark.parametrize("given", ["bundled", "apart", "private", "root first"])
def test_the_leaf_is_that_of_the_key(given: str) -> None:
    issuers = [pem_of([one]) for one in ONE.chain]
    changed = {
        "bundled": {"certificate": ONE.pem + ONE.chain_pem, "intermediate": None},
        "apart": {},
        "private": {"intermediate": None, "issuing_ca": issuers[0], "ca_chain": issuers},
        "root first": {"certificate": pem_of([*ONE.all[::-1]]), "intermediate": None},
    }[given]
    there = value(ONE, **changed).bundle
    assert there.certificate == Certificate(ONE.der) and there.problem is None
    assert set(there.chain) == set(map(Certificate.from_library, ONE.chain))


@pytest.mark.parametrize(
    ("changed", "reason", "facts", "name"),
    [
        ({"private_key": None}, "key_missing", {"has_key": False}, "www.example.com"),
        ({"private_key": OTHER.key_pem}, "key_missing", {"has_key": True}, "www.example.com"),
        ({"private_key": "nothing"}, "malformed", {"is_encrypted": False}, "www.example.com"),
        ({"private_key": ENCRYPTED}, "malformed", {"is_encrypted": True}, "www.example.com"),
        ({"certificate": CUT}, "malformed", {"cut_off": "CERTIFICATE"}, None),
        ({"certificate": ONE.csr_pem}, "malformed", {"found": "certificate signing request"}, None),
        ({"intermediate": CUT}, "malformed", {"cut_off": "CERTIFICATE"}, "www.example.com"),
    ],
)
def test_what_cannot_be_used_is_said(
    changed: dict[str, str | None], reason: str, facts: dict[str, object], name: str | None
) -> None:
    there = value(ONE, **changed).bundle
    assert there.problem and there.problem.reason == reason and facts.items() <= there.problem.facts.items()
    assert (there.certificate and there.certificate.common_name) == name


def test_metadata_of_another_certificate() -> None:
    """Then the secret was renewed between the two, and is read again; what is broken is told of later."""
    assert value(ONE).is_consistent
    assert value(ONE, certificate=ONE.pem + ONE.chain_pem).is_consistent
    assert not replace(value(ONE), certificate=OTHER.pem).is_consistent
    assert value(ONE, serial_number=None).is_consistent
    assert value(ONE, certificate=CUT).is_consistent and value(ONE, certificate="nothing").is_consistent
