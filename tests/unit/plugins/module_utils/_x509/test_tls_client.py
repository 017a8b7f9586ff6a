# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OpenSSL says of what a stranger may have made. Which chains it accepts: test_chain.py."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import tls_client as client_module
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.tls_client import (
    Acceptance,
    check_acceptance,
)
from cryptography import x509

from tests.support.certificates import NOW, Authority

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
