# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why bytes are no certificate or key."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.messages import describe_problem, why_unknown


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"error": "The CSR is damaged.", "path": "/csr"}, "/csr: The CSR is damaged."),
        (
            {"cut_off": "CERTIFICATE", "given_as": None},
            "A PEM block is truncated: the last line, -----END CERTIFICATE-----, is missing. Copy the file from its source again.",
        ),
        (
            {"cut_off": "CERTIFICATE", "given_as": "CSR"},
            "The content specified as CSR is truncated: the last line, -----END CERTIFICATE-----, is missing. Copy the file from its source again.",
        ),
        (
            {"given_as": "CSR", "is_empty": True},
            "The content specified as CSR is empty. Copy the file from its source again.",
        ),
        (
            {"given_as": "intermediates", "kind": "certificate", "found": "private key"},
            "The content specified as intermediates is a private key. Specify a certificate in PEM, DER, or PKCS#7 format.",
        ),
        (
            {"given_as": "CSR", "kind": "certificate signing request", "found": None},
            "The content specified as CSR contains no certificate signing request. Specify a certificate signing request in PEM or DER format.",
        ),
        (
            {"not_der_of": "certificate", "is_pkcs12": False},
            "The file is damaged, or is neither an X.509 certificate nor a PKCS#7 file with certificates. Copy the file from its source again.",
        ),
        (
            {"not_der_of": "private key", "is_pkcs12": False},
            "The file is damaged, or is not a private key in PEM or DER format. Copy the file from its source again.",
        ),
        (
            {"not_der_of": "private key", "is_pkcs12": True},
            "The file is in PKCS#12 format. Set pkcs12_path to the file, or, for a source, change the extension of the file to .p12 or .pfx.",
        ),
        (
            {"has_both": False},
            "The PKCS#12 file does not contain both a private key and a certificate. Export the file with the key and the certificate.",
        ),
        ({"has_changed": True}, "The file now contains another certificate or private key."),
    ],
)
def test_problem(facts: dict[str, Any], said: str) -> None:
    assert describe_problem(Obstacle("invalid_pem", facts)) == said


ISSUER = SimpleNamespace(shown_name="Public CA 2")
BEGIN, END = (datetime(2026, 12, day, tzinfo=timezone.utc) for day in (1, 8))


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("not_named", {}, "the certificate contains no http URL of a certificate revocation list (CRL)"),
        ("not_asked", {}, "the CA certificate is not available, or the certificate is not currently valid"),
        (
            "unusable_list",
            {"url": "http://crl.example.com/1.crl", "why": Obstacle("no_list")},
            "the certificate revocation list (CRL) http://crl.example.com/1.crl cannot be used: the content is not a CRL",
        ),
        ("unreadable_entry", {}, "the entry of the certificate in the CRL cannot be read"),
        ("entry_of_other", {}, "the entry in the CRL belongs to a certificate from another CA"),
        ("for_others", {}, "the CRL covers other certificates of the same CA"),
        ("lacks_kind", {"is_authority": True}, "the CRL does not cover certificates of CAs"),
        ("lacks_kind", {"is_authority": False}, "the CRL does not cover certificates of servers"),
        ("some_reasons", {}, "the CRL covers only some revocation reasons"),
        ("not_there", {"error": "the server is away"}, "the server is away"),
        ("unreadable", {}, "the CRL cannot be read"),
        ("of_other", {"of": "CN=Other", "issuer": ISSUER}, "the CRL was issued by CN=Other, not by Public CA 2"),
        ("may_not_sign", {"issuer": ISSUER}, "Public CA 2 must not sign CRLs"),
        ("not_signed", {"issuer": ISSUER}, "the CRL is not signed by Public CA 2"),
        ("no_end", {}, "the CRL does not contain the time of its next update"),
        (
            "not_now",
            {"begin": BEGIN, "end": END},
            "the CRL is valid only from 2026-12-01T00:00:00Z to 2026-12-08T00:00:00Z",
        ),
        ("delta", {}, "the CRL is a delta CRL, which contains only changes"),
        ("critical_extension", {"oid": "1.2.3.4"}, "the CRL has the unknown critical extension 1.2.3.4"),
        ("critical_entry", {}, "an entry of the CRL has an unknown critical extension"),
        ("unknown_kind", {}, "the CRL has an unknown type"),
    ],
)
def test_why_it_is_not_known_what_was_revoked(reason: str, facts: dict[str, Any], said: str) -> None:
    assert why_unknown(Obstacle(reason, facts)) == said
