# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Throwaway certificates are sound, so that a store has nothing else to say about them, and are known from all others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_private_key
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.throwaway import (
    LIFETIME,
    NAME,
    ORGANIZATION,
    KeyType,
    ThrowawayAuthority,
    is_throwaway,
    made_at,
)
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.support.certificates import DAY, NOW, Authority, certificate_of, name_of, new_key

AUTHORITY = ThrowawayAuthority(NOW)


@pytest.mark.parametrize("key_type", ["RSA", "EC"])
@pytest.mark.parametrize("has_common_name", [True, False])
def test_what_is_made_is_sound(key_type: KeyType, has_common_name: bool) -> None:
    made = AUTHORITY.issue(key_type, has_common_name=has_common_name)
    leaf, (lower, upper) = made.certificate, made.intermediates
    assert NAME.fullmatch(leaf.shown_name) and leaf.subject_alt_names == [leaf.shown_name]
    assert leaf.common_name == (leaf.shown_name if has_common_name else None)
    assert leaf.key_type == key_type and not leaf.may_issue and {lower.key_type, upper.key_type} == {"RSA"}
    assert leaf.is_issued_by(lower) and lower.is_issued_by(upper) and not leaf.is_issued_by(upper)
    assert lower.may_issue and upper.may_issue and not upper.is_root
    assert read_private_key(made.private_key_pem.encode()).public_key_sha256 == leaf.public_key_sha256
    assert leaf.is_valid(NOW) and made_at(leaf) == NOW and leaf.not_after == NOW + LIFETIME
    assert leaf.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical is not has_common_name
    assert "PRIVATE" not in repr(made)


def test_each_has_a_name_a_key_and_a_number_of_its_own() -> None:
    one, other = (AUTHORITY.issue("EC", has_common_name=True).certificate for _number in range(2))
    assert one.names != other.names and one.public_key_sha256 != other.public_key_sha256
    assert one.parsed.serial_number != other.parsed.serial_number


def test_they_are_known_from_others() -> None:
    name = "check-0123456789abcdef.invalid"
    assert is_throwaway(AUTHORITY.issue("EC", has_common_name=False).certificate)
    assert not is_throwaway(Certificate.of(Authority().issue(name).certificate))
    key = new_key()
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION)])

    def named(*names: str, common_name: str | None = None) -> bool:
        times = {"not_before": NOW - DAY, "not_after": NOW + timedelta(days=1)}
        subject = name_of(common_name) if common_name else x509.Name([])
        return is_throwaway(Certificate.of(certificate_of(subject, issuer, key, key, names=list(names), **times)))

    assert named(name) and named(name, common_name=name)
    assert not named(name, "www.example.com") and not named("www.example.com") and not named(f"a.{name}")
    assert not named(name, common_name="www.example.com") and not named()
    assert not named("check-0123456789abcdef.invalid.example.com") and not named("check-0123.invalid")
