# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why bytes are no certificate or key."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.messages import trouble


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"error": "The CSR is damaged."}, "The CSR is damaged."),
        ({"error": "The CSR is damaged.", "path": "/csr"}, "/csr: The CSR is damaged."),
        (
            {"cut_off": "CERTIFICATE", "given_as": None},
            "A PEM block is cut off: its last line, -----END CERTIFICATE-----, is missing. Take the file anew from its source.",
        ),
        (
            {"cut_off": "CERTIFICATE", "given_as": "CSR"},
            "What was given as CSR is cut off: its last line, -----END CERTIFICATE-----, is missing. Take the file anew from its source.",
        ),
        (
            {"given_as": "CSR", "is_empty": True, "path": "/csr"},
            "/csr: What was given as CSR is empty: take the file anew from its source.",
        ),
        (
            {"given_as": "intermediates", "kind": "certificate", "found": "private key"},
            "What was given as intermediates is a private key: give a certificate, PEM, DER or PKCS#7.",
        ),
        (
            {"given_as": "CSR", "kind": "certificate signing request", "found": None},
            "There is no certificate signing request in what was given as CSR: give PEM or DER.",
        ),
        (
            {"not_der_of": "certificate", "is_pkcs12": False},
            "This is neither an X.509 certificate nor PKCS#7 with certificates, or it is damaged: take the file anew from its source.",
        ),
        (
            {"not_der_of": "private key", "is_pkcs12": False},
            "This is no private key in PEM or DER form, or it is damaged: take the file anew from its source.",
        ),
        (
            {"not_der_of": "private key", "is_pkcs12": True},
            "This is a PKCS#12 file: give it as pkcs12_path; in a folder, let its name end in .p12 or .pfx.",
        ),
        ({"has_both": False}, "The PKCS#12 file lacks the private key or the certificate: export it with both."),
        ({"has_changed": True, "path": "/store"}, "/store: It has another certificate or private key by now."),
    ],
)
def test_trouble(facts: dict[str, Any], said: str) -> None:
    assert trouble(Obstacle("invalid_pem", facts)) == said
