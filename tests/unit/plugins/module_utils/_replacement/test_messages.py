# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why a certificate cannot replace another one."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import (
    REPLACEMENT_CHAIN_REMEDY,
    describe_loss,
    describe_obstacle,
    describe_revocation,
    find_trust_remedy,
)

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
ISSUER = SimpleNamespace(shown_name="Public CA 2")
REVOCATION: Any = SimpleNamespace(shown="revoked at 2026-12-01T08:00:00Z (keyCompromise)", certificate=ISSUER)


def chain(trust: str, *, has_untrusted_root: bool = False) -> Any:
    """One that TLS clients do not trust."""
    return SimpleNamespace(trust=trust, why="its issuer is missing", has_untrusted_root=has_untrusted_root)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("expired", {"end": AT}), "The certificate expired at 2026-12-01T08:00:00Z."),
        (
            Obstacle("expired", {"end": AT, "issuer": ISSUER}),
            (
                "The intermediate certificate Public CA 2 expired at 2026-12-01T08:00:00Z. Import the certificate again with the current chain "
                "of its CA."
            ),
        ),
        (
            Obstacle("expires_earlier", {"end": AT, "issuer": None}),
            (
                "The new certificate expires at 2026-12-01T08:00:00Z, earlier than the current certificate, and is itself due for renewal. Renew "
                "the new certificate first."
            ),
        ),
        (
            Obstacle("expires_earlier", {"end": AT, "issuer": ISSUER}),
            "The intermediate certificate Public CA 2 of the new certificate expires at 2026-12-01T08:00:00Z, earlier than the current certificate, "
            "and is itself due for renewal. Import the certificate again with the current chain of its CA.",
        ),
        (
            Obstacle("not_yet_valid", {"start": AT}),
            "The certificate is not valid before 2026-12-01T08:00:00Z. Run the playbook again when the certificate is valid.",
        ),
        (
            Obstacle("not_yet_valid", {"start": AT, "issuer": ISSUER}),
            "The intermediate certificate Public CA 2 is not valid before 2026-12-01T08:00:00Z. Run the playbook again when the "
            "intermediate certificate is valid.",
        ),
        (
            Obstacle("revoked", {"revocation": REVOCATION}),
            "The certificate was revoked at 2026-12-01T08:00:00Z (keyCompromise). Reissue the certificate.",
        ),
        (
            Obstacle("names_not_covered", {"lost": ["a.example.com"]}),
            "The new certificate lacks DNS names of the current certificate: a.example.com.",
        ),
        (
            Obstacle("names_not_covered", {"lost": []}),
            "The DNS names of the current certificate are unknown, and the new certificate may lack some of them.",
        ),
        (
            Obstacle("organization_differs", {"new": frozenset(), "present": frozenset({"B", "A"})}),
            "The organization differs: none instead of A, B.",
        ),
        (
            Obstacle("key_type_differs", {"new": "RSA", "present": "ECDSA"}),
            "The key type differs: RSA instead of ECDSA.",
        ),
        (
            Obstacle("key_differs"),
            "The key of the new certificate differs from the key of the current certificate, and require_same_key is true.",
        ),
        (
            Obstacle("key_type_differs", {"new": "ECDSA", "present": "RSA"}),
            "The key type differs: ECDSA instead of RSA. By default, load balancers offer cipher suites for RSA keys only.",
        ),
        (
            Obstacle("not_found", {"certificate_id": 5, "is_there": False}),
            "Certificate 5 does not exist in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists.",
        ),
        (
            Obstacle("not_found", {"certificate_id": 5, "is_there": True}),
            "Certificate 5 cannot be read in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists.",
        ),
        (
            Obstacle("untrusted", {"chain": chain("untrusted"), "is_revoked": True}),
            f"TLS clients would not trust the new certificate: its issuer is missing. {REPLACEMENT_CHAIN_REMEDY}",
        ),
    ],
)
def test_why_not(why: Obstacle[str], said: str) -> None:
    assert describe_obstacle(why) == said


@pytest.mark.parametrize(
    ("situation", "trust", "has_untrusted_root", "said"),
    [
        (
            "stored",
            "incomplete",
            False,
            "Import the certificate again with its intermediate certificates; for a private CA, set trusted_ca_path to its root certificate.",
        ),
        (
            "stored",
            "untrusted",
            True,
            "Import a certificate of a CA that TLS clients trust; for a private CA, set trusted_ca_path to its root certificate.",
        ),
        ("stored", "untrusted", False, "Reissue the certificate, or import it with another chain of its CA."),
        (
            "new",
            "incomplete",
            False,
            "If an intermediate certificate is missing, set intermediate_path to its file. If a root certificate is missing, such as the "
            "root of a private CA or of a staging environment, set trusted_ca_path to its file.",
        ),
        ("new", "untrusted", True, "For a private CA, set trusted_ca_path to its root certificate."),
        ("new", "untrusted", False, "Reissue the certificate, or provide another chain of its CA."),
        (
            "served",
            "incomplete",
            False,
            "Configure the server to send the intermediate certificates that the CA publishes; for a private CA, set trusted_ca_path to its "
            "root certificate.",
        ),
        (
            "served",
            "untrusted",
            True,
            "Replace the certificate; for a private CA, set trusted_ca_path to its root certificate.",
        ),
        (
            "served",
            "untrusted",
            False,
            "Replace the certificate, or the intermediate certificates that the server sends.",
        ),
    ],
)
def test_what_to_do_about_trust(situation: Any, trust: str, has_untrusted_root: bool, said: str) -> None:
    assert find_trust_remedy(chain(trust, has_untrusted_root=has_untrusted_root), situation) == said
    assert find_trust_remedy(chain(trust), situation, is_revoked=True) == REPLACEMENT_CHAIN_REMEDY
    assert (find_trust_remedy(None, situation) == said) is (trust == "incomplete")


def test_what_was_revoked() -> None:
    assert describe_revocation(REVOCATION, is_own=True) == f"the certificate was {REVOCATION.shown}"
    assert (
        describe_revocation(REVOCATION, is_own=False)
        == f"the intermediate certificate Public CA 2 was {REVOCATION.shown}"
    )


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("names", {"names": ["a"]}, "the DNS name a"),
        ("names", {"names": ["a", "b"]}, "the DNS names a, b"),
        ("organization", {"organizations": {"A"}}, "the organization A"),
        ("key_type", {"new": "ECDSA", "present": "RSA"}, "the RSA key type (now ECDSA)"),
        ("key", {}, "the key, although require_same_key is true"),
        ("trust", {}, "the trust of TLS clients"),
        ("time", {"days": 1}, "1 day of validity"),
        ("time", {"days": 2}, "2 days of validity"),
    ],
)
def test_what_is_lost(kind: str, facts: dict[str, Any], said: str) -> None:
    assert describe_loss(Obstacle(kind, facts)) == said
