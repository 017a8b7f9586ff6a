# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what is said of certificates in Secrets Manager."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.messages import trouble


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
            {"error": "The private key is encrypted: give privatekey_passphrase.", "is_encrypted": True},
            "The private key in Secrets Manager is encrypted: import the certificate there again, with its key decrypted.",
        ),
        ("malformed", {"error": "A certificate is damaged.", "is_encrypted": False}, "A certificate is damaged."),
    ],
)
def test_trouble(reason: str, facts: dict[str, Any], said: str) -> None:
    assert trouble(Obstacle(reason, facts)) == said
