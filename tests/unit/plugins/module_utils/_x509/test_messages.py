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
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.messages import trouble, why_unknown


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"error": "The CSR is damaged.", "path": "/csr"}, "/csr: The CSR is damaged."),
        (
            {"cut_off": "CERTIFICATE", "given_as": None},
            "A PEM block is cut off: its last line, -----END CERTIFICATE-----, is missing. Take the file anew from its source.",
        ),
        (
            {"cut_off": "CERTIFICATE", "given_as": "CSR"},
            "What was given as CSR is cut off: its last line, -----END CERTIFICATE-----, is missing. Take the file anew from its source.",
        ),
        ({"given_as": "CSR", "is_empty": True}, "What was given as CSR is empty: take the file anew from its source."),
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
        ({"has_changed": True}, "It has another certificate or private key by now."),
    ],
)
def test_trouble(facts: dict[str, Any], said: str) -> None:
    assert trouble(Obstacle("invalid_pem", facts)) == said


ISSUER = SimpleNamespace(shown_name="Public CA 2")
BEGIN, END = (datetime(2026, 12, day, tzinfo=timezone.utc) for day in (1, 8))


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("not_named", {}, "it names no list of revoked certificates that can be had over http"),
        ("not_asked", {}, "its authority is not known here, or it is not valid now"),
        (
            "unusable_list",
            {"url": "http://crl.example.com/1.crl", "why": Obstacle("no_list")},
            "its list of revoked certificates, http://crl.example.com/1.crl, cannot be used: what is there is no list of revoked certificates",
        ),
        ("unreadable_entry", {}, "its entry in the list of revoked certificates cannot be read"),
        ("entry_of_other", {}, "its entry in the list of revoked certificates is about another issuer's"),
        ("for_others", {}, "the list of revoked certificates that is there is for other certificates of its issuer"),
        ("lacks_kind", {"is_authority": True}, "the list of revoked certificates has no certificates of authorities"),
        ("lacks_kind", {"is_authority": False}, "the list of revoked certificates has no certificates of servers"),
        ("some_reasons", {}, "the list of revoked certificates has those only that were revoked for some reasons"),
        ("not_there", {"error": "the server is away"}, "the server is away"),
        ("unreadable", {}, "it cannot be read"),
        ("of_other", {"of": "CN=Other", "issuer": ISSUER}, "it is of CN=Other, not of Public CA 2"),
        ("may_not_sign", {"issuer": ISSUER}, "Public CA 2 must not sign such lists"),
        ("not_signed", {"issuer": ISSUER}, "Public CA 2 has not signed it"),
        ("no_end", {}, "it does not say until when it holds"),
        ("not_now", {"begin": BEGIN, "end": END}, "it holds from 2026-12-01T00:00:00Z to 2026-12-08T00:00:00Z"),
        ("delta", {}, "it has only what has changed since another one"),
        ("critical_extension", {"oid": "1.2.3.4"}, "its critical extension 1.2.3.4 is not known"),
        ("critical_entry", {}, "an entry has a critical extension that is not known"),
        ("unknown_kind", {}, "it is of a kind that is not known"),
    ],
)
def test_why_it_is_not_known_what_was_revoked(reason: str, facts: dict[str, Any], said: str) -> None:
    assert why_unknown(Obstacle(reason, facts)) == said
