# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what is said of certificates in Secrets Manager."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import SecretOutcome
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.messages import (
    FORCE,
    of_secret,
    trouble,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.plan import SecretAction


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "key_missing",
            {"has_key": False},
            "Secrets Manager has no private key of it: import it there again, with its key.",
        ),
        (
            "key_missing",
            {"has_key": True},
            "The private key in Secrets Manager is that of another certificate: import both there again.",
        ),
        (
            "malformed",
            {"error": "The private key is encrypted. Set privatekey_passphrase.", "is_encrypted": True},
            "The private key in Secrets Manager is encrypted: import the certificate there again, with its key decrypted.",
        ),
        ("malformed", {"error": "A certificate is damaged.", "is_encrypted": False}, "A certificate is damaged."),
    ],
)
def test_trouble(reason: str, facts: dict[str, Any], said: str) -> None:
    assert trouble(Obstacle(reason, facts)) == said


CHAIN = SimpleNamespace(trust="untrusted", why="its key is too short", lacks_root=False)
NEW, OLD = (
    SimpleNamespace(
        not_before=datetime(year, 1, 1, tzinfo=timezone.utc), not_after=datetime(year, 12, 1, tzinfo=timezone.utc)
    )
    for year in (2026, 2027)
)


@pytest.mark.parametrize(
    ("word", "facts", "said"),
    [
        ("created", {}, "Created."),
        (
            "updated",
            {"changed": ("intermediate", "private_key", "labels")},
            "Updated: intermediate certificates, private key, labels.",
        ),
        ("unchanged", {}, "Secrets Manager has it already."),
        (
            "outcome_unknown",
            {"error": "No."},
            "No. Run the playbook again. It checks the current state before it changes anything.",
        ),
        (
            "ambiguous",
            {"ids": ["s1", "s2"]},
            "Secrets Manager has more than one imported certificate of this name in the group (ids s1, s2): remove the surplus ones.",
        ),
        (
            "ambiguous",
            {"items": [0, 3]},
            "The same secret is given more than once, by the items 0, 3: give it once, or other names or groups.",
        ),
        (
            "invalid_pem",
            {"certificate_id": 5},
            "What the certificate store holds as certificate 5 cannot be read: import it there again.",
        ),
        (
            "not_found",
            {"certificate_id": 5},
            "The certificate store has no certificate 5: ssl_certificate_info lists those that there are.",
        ),
        (
            "no_permission",
            {"certificate_id": 5},
            "The API user may not read certificate 5 of the certificate store with its private key: grant the API user the permission "
            "SECURITY_CERTIFICATE_MANAGE.",
        ),
        (
            "refused",
            {"too_large": "intermediate"},
            "The chain of intermediate certificates is larger than 100 KB as PEM, which Secrets Manager does not take: give a smaller one.",
        ),
        (
            "wrong_type",
            {"secret_type": "arbitrary"},
            "Secrets Manager has a secret of this name in the group that is no imported certificate, but of the type arbitrary: give another name.",
        ),
        (
            "managed_csr",
            {},
            "The secret has a CSR whose private key Secrets Manager has made itself, so it takes no other key: give another name.",
        ),
        (
            "not_active",
            {"state": "suspended"},
            "Secrets Manager says that the secret is suspended: look there why it is not active, or give another name.",
        ),
        (
            "names_not_covered",
            {"lost": ["a.example.com"]},
            f"It lacks names of the secret's current version: a.example.com. {FORCE}",
        ),
        ("names_not_covered", {"lost": []}, f"It is not known which names the secret's current version has. {FORCE}"),
        (
            "key_type_differs",
            {"new": "EC", "present": "RSA"},
            f"Its key is EC, and that of the secret's current version is RSA. {FORCE}",
        ),
        (
            "organization_differs",
            {"new": frozenset({"Example Inc."}), "present": frozenset()},
            f"Its organization (Example Inc.) is not that of the secret's current version (none). {FORCE}",
        ),
        (
            "chain_incomplete",
            {"lacks_issuers": True},
            "Its chain lacks intermediate certificates of the secret's current version: give them all, or none, which keeps those that are there. "
            f"{FORCE}",
        ),
        (
            "untrusted",
            {"chain": CHAIN, "is_revoked": False},
            "Clients would trust it less than the secret's current version: its key is too short. Have it issued anew, or give another chain of "
            f"its authority. {FORCE}",
        ),
        (
            "superseded",
            {"new": NEW, "present": OLD},
            "It is no renewal of the secret's current version: it is valid from 2026-01-01T00:00:00Z to 2026-12-01T00:00:00Z, and that one from "
            f"2027-01-01T00:00:00Z to 2027-12-01T00:00:00Z. {FORCE}",
        ),
        ("expired", {"end": NEW.not_after}, f"It expired at 2026-12-01T00:00:00Z. {FORCE}"),
    ],
)
def test_a_secret(word: Any, facts: dict[str, Any], said: str) -> None:
    """The word is an outcome, or why it failed."""
    outcome, reason = (word, None) if word in get_args(SecretOutcome) else ("failed", word)
    action = SecretAction(outcome, reason, facts, "www", "web")
    assert of_secret(action) == action.message == said
    simulated = f"Would be {said[0].lower()}{said[1:]}" if outcome in {"created", "updated"} else said
    assert action.simulated().message == simulated and action.simulated().state == simulated.replace(
        "Would be", "To be"
    )
