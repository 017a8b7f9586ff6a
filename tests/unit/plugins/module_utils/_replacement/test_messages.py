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
    REPLACED_CHAIN,
    loss,
    revoked,
    trust_remedy,
    why_not,
)

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
ISSUER = SimpleNamespace(shown_name="Public CA 2")
REVOCATION: Any = SimpleNamespace(shown="revoked at 2026-12-01T08:00:00Z (keyCompromise)", certificate=ISSUER)


def chain(trust: str, *, lacks_root: bool = False) -> Any:
    """One that TLS clients do not trust."""
    return SimpleNamespace(trust=trust, why="its issuer is missing", lacks_root=lacks_root)


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("expired", {"end": AT}, "It expired at 2026-12-01T08:00:00Z."),
        (
            "expired",
            {"end": AT, "issuer": ISSUER},
            "Its issuer Public CA 2 expired at 2026-12-01T08:00:00Z: import it again with today's chain.",
        ),
        (
            "expires_earlier",
            {"end": AT, "issuer": None},
            "It ends at 2026-12-01T08:00:00Z, which is soon, and before what is served now ends: have it renewed.",
        ),
        (
            "expires_earlier",
            {"end": AT, "issuer": ISSUER},
            "It ends at 2026-12-01T08:00:00Z, as its issuer Public CA 2 does, which is soon, and before what is served now ends: "
            "give it today's chain.",
        ),
        ("not_yet_valid", {"start": AT}, "It is not valid before 2026-12-01T08:00:00Z: run it again then."),
        (
            "not_yet_valid",
            {"start": AT, "issuer": ISSUER},
            "Its issuer Public CA 2 is not valid before 2026-12-01T08:00:00Z: run it again then.",
        ),
        (
            "revoked",
            {"revocation": REVOCATION},
            "It was revoked at 2026-12-01T08:00:00Z (keyCompromise): have it issued anew.",
        ),
        ("names_not_covered", {"lost": ["a.example.com"]}, "It lacks names that are served now: a.example.com."),
        ("names_not_covered", {"lost": []}, "It lacks names that are served now: those that it has are not known."),
        (
            "organization_differs",
            {"new": frozenset(), "present": frozenset({"B", "A"})},
            "Its organization (none) is not that of what is served now (A, B).",
        ),
        (
            "key_type_differs",
            {"new": "RSA", "present": "ECDSA"},
            "Its key is RSA, and that of what is served now is ECDSA.",
        ),
        (
            "key_type_differs",
            {"new": "ECDSA", "present": "RSA"},
            "Its key is ECDSA, and that of what is served now is RSA: load balancers offer cipher suites for RSA keys only, unless others "
            "are chosen.",
        ),
        (
            "not_found",
            {"certificate_id": 5, "is_there": False},
            "The store holds no certificate 5: ssl_certificate_info lists those that it holds.",
        ),
        (
            "not_found",
            {"certificate_id": 5, "is_there": True},
            "The store holds nothing that can be read as certificate 5: ssl_certificate_info lists those that it holds.",
        ),
        (
            "untrusted",
            {"chain": chain("untrusted"), "is_revoked": True},
            f"Clients would not trust it: its issuer is missing. {REPLACED_CHAIN}",
        ),
    ],
)
def test_why_not(reason: str, facts: dict[str, Any], said: str) -> None:
    assert why_not(Obstacle(reason, facts)) == said


@pytest.mark.parametrize(
    ("situation", "trust", "lacks_root", "said"),
    [
        (
            "stored",
            "incomplete",
            False,
            "Import it again with its intermediate certificates; if its authority is one of your own, give its root as trusted_ca_path.",
        ),
        (
            "stored",
            "untrusted",
            True,
            "Import one of an authority that clients trust; if its authority is one of your own, give its root as trusted_ca_path.",
        ),
        ("stored", "untrusted", False, "Have it issued anew, or import it with another chain of its authority."),
        (
            "new",
            "incomplete",
            False,
            "If that is an intermediate certificate, give it as intermediate_path; if it is a root, such as that of a staging environment or of "
            "an authority of your own, give it as trusted_ca_path.",
        ),
        ("new", "untrusted", True, "If its authority is one of your own, give its root as trusted_ca_path."),
        ("new", "untrusted", False, "Have it issued anew, or give another chain of its authority."),
        (
            "served",
            "incomplete",
            False,
            "Have the server send the intermediate certificates that the authority publishes; if its authority is one of your own, give its "
            "root as trusted_ca_path.",
        ),
        (
            "served",
            "untrusted",
            True,
            "Replace the certificate; if its authority is one of your own, give its root as trusted_ca_path.",
        ),
        ("served", "untrusted", False, "Replace it, or the issuers that the server sends."),
    ],
)
def test_what_to_do_about_trust(situation: Any, trust: str, lacks_root: bool, said: str) -> None:
    assert trust_remedy(chain(trust, lacks_root=lacks_root), situation) == said
    assert trust_remedy(chain(trust), situation, is_revoked=True) == REPLACED_CHAIN
    assert (trust_remedy(None, situation) == said) is (trust == "incomplete")


def test_what_was_revoked() -> None:
    assert revoked(REVOCATION, is_own=True) == f"it was {REVOCATION.shown}"
    assert revoked(REVOCATION, is_own=False) == f"its issuer Public CA 2 was {REVOCATION.shown}"


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("names", {"names": ["a"]}, "the name a"),
        ("names", {"names": ["a", "b"]}, "the names a, b"),
        ("organization", {"organizations": {"A"}}, "the organization A"),
        ("key_type", {"new": "ECDSA", "present": "RSA"}, "the RSA key, for one of ECDSA"),
        ("trust", {}, "that clients trust it"),
        ("time", {"days": 1}, "1 day until it ends"),
        ("time", {"days": 2}, "2 days until it ends"),
    ],
)
def test_what_is_lost(kind: str, facts: dict[str, Any], said: str) -> None:
    assert loss(Obstacle(kind, facts)) == said
