# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets with their values as a source: which certificate of each, with which key and which issuers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.pairing import Paired
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.secrets_manager import (
    is_as_described,
    paired,
)
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.certificates import PASSPHRASE, Authority, key_pem, pem_of
from tests.support.secrets import value

AUTHORITY = Authority(intermediates=2)
ONE, OTHER = AUTHORITY.issue("www.example.com"), AUTHORITY.issue("api.example.com")
CUT = ONE.pem[:200]


def names(found: Paired) -> list[str | None]:
    """Of the certificates that can be used."""
    return [one.certificate.common_name for one in found.pairs]


def test_each_secret_with_its_key() -> None:
    found = paired([value(ONE), value(OTHER, id="2", name="api")])
    assert names(found) == ["www.example.com", "api.example.com"] and not (found.useless or found.doubtful)
    assert [(one.unit.bundle.name, one.unit.bundle.path) for one in found.pairs][1] == ("api", "2")
    assert [one.key.public_key_sha256 for one in found.pairs] == [
        one.certificate.public_key_sha256 for one in found.pairs
    ]
    assert {one.der for one in found.issuers} == {one.public_bytes(Encoding.DER) for one in ONE.chain}


@pytest.mark.parametrize("given", ["bundled", "apart", "private", "root first"])
def test_the_leaf_is_that_of_the_key(given: str) -> None:
    changed = {
        "bundled": {"certificate": ONE.pem + ONE.chain_pem, "intermediate": None},
        "apart": {},
        "private": {
            "intermediate": None,
            "issuing_ca": pem_of(ONE.chain[:1]),
            "ca_chain": [pem_of([one]) for one in ONE.chain],
        },
        "root first": {"certificate": pem_of([*ONE.all[::-1]]), "intermediate": None},
    }[given]
    found = paired([value(ONE, **changed)])
    assert names(found) == ["www.example.com"]
    assert {one.der for one in found.issuers} >= {one.public_bytes(Encoding.DER) for one in ONE.chain}


@pytest.mark.parametrize(
    ("changed", "reason", "name"),
    [
        ({"private_key": None}, "key_missing", "www.example.com"),
        ({"private_key": OTHER.key_pem}, "key_missing", "www.example.com"),
        ({"private_key": "nothing"}, "malformed", "www.example.com"),
        ({"private_key": key_pem(ONE.key, passphrase=PASSPHRASE)}, "malformed", "www.example.com"),
        ({"certificate": CUT}, "malformed", None),
        ({"certificate": ONE.csr_pem}, "malformed", None),
        ({"intermediate": CUT}, "malformed", "www.example.com"),
    ],
)
def test_what_cannot_be_used_is_said(changed: dict[str, str | None], reason: str, name: str | None) -> None:
    found = paired([value(ONE, **changed), value(OTHER)])
    (useless,) = found.useless
    assert names(found) == ["api.example.com"] and useless.trouble.reason == reason
    assert (useless.certificate and useless.certificate.common_name) == name
    assert useless.trouble.message.endswith(".") and "\n" not in useless.trouble.message


def test_metadata_of_another_certificate() -> None:
    """Then the secret was renewed between the two, and is read again; what is broken is told of later."""
    assert is_as_described(value(ONE))
    assert is_as_described(value(ONE, certificate=ONE.pem + ONE.chain_pem))
    assert not is_as_described(replace(value(ONE), certificate=OTHER.pem))
    assert is_as_described(value(ONE, serial_number=None))
    assert is_as_described(value(ONE, certificate=CUT)) and is_as_described(value(ONE, certificate="nothing"))
