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
    FORCE_REMEDY,
    describe_action,
    describe_problem,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.plan import SecretAction


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "key_missing",
            {"has_key": False},
            "Secrets Manager contains no private key for the certificate. Import the certificate into Secrets Manager again with its private key.",
        ),
        (
            "key_missing",
            {"has_key": True},
            "The private key in Secrets Manager belongs to another certificate. Import the certificate into Secrets Manager again with its own private key.",
        ),
        (
            "malformed",
            {"error": "The private key is encrypted. Set privatekey_passphrase.", "is_encrypted": True},
            "The private key in Secrets Manager is encrypted. Import the certificate into Secrets Manager again with a decrypted private key.",
        ),
        ("malformed", {"error": "A certificate is damaged.", "is_encrypted": False}, "A certificate is damaged."),
    ],
)
def test_problem(reason: str, facts: dict[str, Any], said: str) -> None:
    assert describe_problem(Obstacle(reason, facts)) == said


CHAIN = SimpleNamespace(trust="untrusted", why="its key is too short", has_untrusted_root=False)
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
        ("unchanged", {}, "Secrets Manager already contains the certificate."),
        (
            "outcome_unknown",
            {"error": "No."},
            "No. Run the playbook again. The playbook checks the current state before it changes anything.",
        ),
        (
            "ambiguous",
            {"ids": ["s1", "s2"]},
            "Secrets Manager contains more than one imported certificate with this name in the secret group (IDs s1, s2). Delete all except one of "
            "these certificates.",
        ),
        (
            "ambiguous",
            {"items": [0, 3]},
            "The items 0, 3 specify the same secret. Specify each secret once, or set different names or groups.",
        ),
        (
            "invalid_pem",
            {"certificate_id": 5},
            "Cannot read the content of certificate 5 in the certificate store. Import the certificate into the store again.",
        ),
        (
            "not_found",
            {"certificate_id": 5},
            "The certificate store does not contain certificate 5. To list the certificates in the store, use ssl_certificate_info.",
        ),
        (
            "no_permission",
            {"certificate_id": 5},
            "The API user cannot read certificate 5 in the certificate store with its private key. Grant the API user the permission "
            "SECURITY_CERTIFICATE_MANAGE.",
        ),
        (
            "refused",
            {"too_large": "intermediate"},
            "The chain of intermediate certificates exceeds the limit of Secrets Manager, 100 KB in PEM format. Specify a smaller chain of intermediate "
            "certificates.",
        ),
        (
            "wrong_type",
            {"secret_type": "arbitrary"},
            "The secret with this name in the secret group has the type arbitrary instead of imported_cert. Set another name.",
        ),
        (
            "managed_csr",
            {},
            "Cannot import another private key: Secrets Manager generated the private key of the secret. Set another name.",
        ),
        (
            "not_active",
            {"state": "suspended"},
            "Secrets Manager reports that the secret is suspended. Check the secret in Secrets Manager, or set another name.",
        ),
        (
            "names_not_covered",
            {"lost": ["a.example.com"]},
            f"The certificate lacks DNS names of the secret's current version: a.example.com. {FORCE_REMEDY}",
        ),
        (
            "names_not_covered",
            {"lost": []},
            f"The DNS names of the secret's current version are unknown. {FORCE_REMEDY}",
        ),
        (
            "key_type_differs",
            {"new": "EC", "present": "RSA"},
            f"The key type differs: EC instead of RSA in the secret's current version. {FORCE_REMEDY}",
        ),
        (
            "organization_differs",
            {"new": frozenset({"Example Inc."}), "present": frozenset()},
            f"The organization differs: Example Inc. instead of none in the secret's current version. {FORCE_REMEDY}",
        ),
        (
            "chain_incomplete",
            {"lacks_issuers": True},
            "The chain lacks intermediate certificates of the secret's current version. Specify all intermediate certificates, or none to keep the "
            f"current intermediate certificates. {FORCE_REMEDY}",
        ),
        (
            "untrusted",
            {"chain": CHAIN, "is_revoked": False},
            "TLS clients would trust the certificate less than the secret's current version: its key is too short. Reissue the certificate, or provide "
            f"another chain of its CA. {FORCE_REMEDY}",
        ),
        (
            "superseded",
            {"new": NEW, "present": OLD},
            "The certificate is not a renewal of the secret's current version: it is valid from 2026-01-01T00:00:00Z to 2026-12-01T00:00:00Z, and the "
            f"current version from 2027-01-01T00:00:00Z to 2027-12-01T00:00:00Z. {FORCE_REMEDY}",
        ),
        ("expired", {"end": NEW.not_after}, f"The certificate expired at 2026-12-01T00:00:00Z. {FORCE_REMEDY}"),
    ],
)
def test_a_secret(word: Any, facts: dict[str, Any], said: str) -> None:
    """The word is an outcome, or why it failed."""
    outcome, reason = (word, None) if word in get_args(SecretOutcome) else ("failed", word)
    action = SecretAction(outcome, reason, facts, "www", "web")
    assert describe_action(action) == action.message == said
    simulated = f"Would be {said[0].lower()}{said[1:]}" if outcome in {"created", "updated"} else said
    assert action.simulate().message == simulated and action.simulate().state == simulated.replace("Would be", "To be")
