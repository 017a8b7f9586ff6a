# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what is done about certificates of the store."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import ExportOutcome, ImportOutcome
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._store.messages import (
    PARTS,
    add_common_name_advice,
    describe_warning,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_export import ExportAction
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_import import ImportAction

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
FIRST, LAST = (SimpleNamespace(shown_name=f"CA {number}") for number in (1, 2))


def record(identifier: int = 9, services: int | None = 0, *intermediates: object) -> Any:
    """A record of the store."""
    return SimpleNamespace(id=identifier, associated_service_count=services, intermediates=intermediates, not_after=AT)


def cut(*kept: object, given: tuple[object, ...] = (FIRST, LAST), is_tried: bool = True) -> dict[str, Any]:
    """Facts of a record that has these issuers only."""
    return {"record": record(9, 0, *kept), "given": given, "is_tried": is_tried}


ONE_OF_TWO = "Use a chain with one intermediate certificate (certbot, lego, and acme.sh: --preferred-chain) if the CA offers such a chain, or use another CA."
AGAIN = " Run the playbook again. The playbook checks the current state before it changes anything."
NONE_KEPT = "Ask IBM Cloud support for the reason. Until the store keeps intermediate certificates, import only certificates that do not need them."


@pytest.mark.parametrize(
    ("word", "facts", "said"),
    [
        ("imported", {}, "Imported."),
        (
            "imported",
            {"lacking": 1},
            "Imported again with intermediate certificates, because certificate 1 is in use, lacks these certificates, and cannot be changed.",
        ),
        (
            "updated",
            {"changed": ("intermediateCertificate", "certificateSigningRequest", "notes")},
            "Updated: intermediate certificates, CSR, notes.",
        ),
        ("removed", {}, "Removed."),
        ("unchanged", {}, "The store already contains the certificate."),
        ("unchanged", {"is_absent": True}, "The store does not contain the certificate."),
        ("unchanged", {"is_gone": True}, "Another user or run has already deleted the certificate."),
        ("unchanged", {"first": 0}, "The item has the same certificate as item 0."),
        ("outcome_unknown", {"error": "No."}, f"No.{AGAIN}"),
        ("invalid_pem", {"error": "It is damaged."}, "It is damaged."),
        *(
            (reason, {"error": "No.", "planned": planned, "id": identifier}, f"{what}: No.{advice}")
            for reason, planned, identifier, what, advice in (
                ("refused", "imported", None, "Cannot import the certificate", ""),
                ("refused", "updated", 7, "Cannot update certificate 7", ""),
                ("refused", "removed", 7, "Cannot delete certificate 7", ""),
                ("outcome_unknown", "imported", None, "Cannot determine whether the certificate was imported", AGAIN),
                ("outcome_unknown", "removed", 7, "Cannot determine whether certificate 7 was deleted", AGAIN),
            )
        ),
        (
            "ambiguous",
            {"same": [record(1), record(2)]},
            "The store contains the certificate more than once (IDs 1, 2), and no record has the specified content. Keep one record, and delete the "
            "other records when no service uses the other records.",
        ),
        (
            "ambiguous",
            {"matching": [record(1), record(2)]},
            "More than one certificate matches (IDs 1, 2). Specify one of the certificates with certificate_id. Nothing was removed.",
        ),
        (
            "ambiguous",
            {"wanted": 1},
            "Another item of the same run requires certificate 1 in the store. Remove one of the two items.",
        ),
        (
            "ambiguous",
            {"first": 0},
            "The item has the same certificate as item 0, but another chain, CSR, or notes. Specify each certificate once.",
        ),
        (
            "in_use",
            {"record": record(1, 1), "lacks_issuers": True},
            "Certificate 1 is in use by 1 service now and lacks intermediate certificates. To import the certificate with its intermediate "
            "certificates, run the playbook again.",
        ),
        (
            "in_use",
            {"record": record(1, 2), "lacks_issuers": False},
            "Certificate 1 is in use by 2 services and has another chain, so the certificate was not changed. Cannot determine the chain that TLS clients "
            "trust. Set trusted_ca_path to the root certificate of the CA.",
        ),
        (
            "in_use",
            {"record": record(1, 2)},
            "Certificate 1 is in use by 2 services. Deploy another certificate to the listeners first, with ssl_certificate_deploy. "
            "ssl_certificate_info with gather_services: true lists the listeners.",
        ),
        (
            "in_use",
            {"record": record(1, None)},
            "The API does not show whether a service uses certificate 1, so the certificate was not deleted. Check in the portal that no service "
            "uses the certificate, and delete it in the portal.",
        ),
        (
            "chain_truncated",
            cut(FIRST),
            "The store kept 1 of the 2 intermediate certificates (CA 1) of certificate 9. TLS clients need the missing certificates: CA 2. Do not "
            f"deploy the certificate. {ONE_OF_TWO}",
        ),
        (
            "chain_truncated",
            cut(FIRST, LAST, given=(FIRST, LAST, SimpleNamespace(shown_name="CA 3"))),
            "The store kept 2 of the 3 intermediate certificates (CA 1, CA 2) of certificate 9. TLS clients need the missing certificates: CA 3. Do "
            f"not deploy the certificate. {ONE_OF_TWO.replace('one intermediate certificate', '2 intermediate certificates')}",
        ),
        (
            "chain_truncated",
            cut(),
            "The store kept none of the 2 intermediate certificates of certificate 9. TLS clients need the missing certificates: CA 1, CA 2. Do not "
            f"deploy the certificate. {NONE_KEPT}",
        ),
        (
            "chain_truncated",
            cut(given=(FIRST,)),
            "The store kept no intermediate certificate of certificate 9. TLS clients need the missing certificates: CA 1. Do not deploy the "
            f"certificate. {NONE_KEPT}",
        ),
        (
            "chain_truncated",
            cut(FIRST, is_tried=False),
            "Certificate 9 has 1 of the 2 intermediate certificates (CA 1), and no record in the store has more intermediate certificates, so the "
            "store probably shortens chains. TLS clients need the missing certificates: CA 2. Do not deploy the certificate. If the certificate was "
            f"imported without the missing certificates, or the store has changed, delete the certificate and run the playbook again. Otherwise, "
            f"u{ONE_OF_TWO[1:]}",
        ),
    ],
)
def test_an_import(word: Any, facts: dict[str, Any], said: str) -> None:
    """The word is an outcome, or why it failed."""
    outcome, reason = (word, None) if word in get_args(ImportOutcome) else ("failed", word)
    assert_said(ImportAction(outcome, reason, facts), said)


@pytest.mark.parametrize(
    ("word", "facts", "said"),
    [
        ("exported", {"parts": tuple(PARTS)}, "Exported: private key, intermediate certificates, certificate."),
        ("unchanged", {}, "The directory already contains the certificate."),
        ("not_written", {"error": "The disk is full."}, "The disk is full."),
        (
            "no_permission",
            {},
            "The API user has view permission only and cannot read private keys. Grant the API user the permission SECURITY_CERTIFICATE_MANAGE.",
        ),
        (
            "invalid_pem",
            {"certificate_id": 4},
            "Cannot read the content of certificate 4 in the store. Fix or delete the record.",
        ),
        (
            "not_found",
            {"why": Obstacle("not_found", {"certificate_id": 4, "is_there": False})},
            "Certificate 4 does not exist in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists.",
        ),
        (
            "not_found",
            {"certificate_id": 4, "expired": AT},
            "Certificate 4 expired at 2026-12-01T08:00:00Z. To export the certificate, set include_expired: true.",
        ),
        (
            "not_found",
            {"pattern": "a.*", "have_expired": True},
            "All certificates that match a.* have expired. To export expired certificates, set include_expired: true.",
        ),
        (
            "not_found",
            {"pattern": "a.*", "have_expired": False},
            "No certificate in the store matches a.*. To list the certificates in the store, use ssl_certificate_info.",
        ),
    ],
)
def test_an_export(word: Any, facts: dict[str, Any], said: str) -> None:
    outcome, reason = (word, None) if word in get_args(ExportOutcome) else ("failed", word)
    assert_said(ExportAction(outcome, reason, facts), said)


def assert_said(action: ImportAction | ExportAction, said: str) -> None:
    """Look at its message, also as check mode and a diff have it."""
    is_settled = action.outcome in {"unchanged", "failed"}
    would_be, to_be = (said if is_settled else f"{form} {said[0].lower()}{said[1:]}" for form in ("Would be", "To be"))
    assert (action.message, action.simulate().message, action.simulate().state) == (said, would_be, to_be)


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "no_issuer",
            {},
            "The chain is incomplete, because an intermediate certificate is missing. TLS clients may not trust the certificate. Set intermediate_path.",
        ),
        (
            "untrusted",
            {"chain": SimpleNamespace(trust="untrusted", why="its key is too short", has_untrusted_root=False)},
            "The certificate is not trusted: its key is too short. Reissue the certificate, or provide another chain of its CA.",
        ),
        (
            "left_out",
            {"certificates": [FIRST, LAST]},
            "Ignored the certificates that are not part of the chain: CA 1, CA 2.",
        ),
        ("csr_stays", {"id": 9, "error": "It is in use."}, "The CSR of certificate 9 was not changed. It is in use."),
        (
            "chain_stays",
            {"record": record(9, 0, FIRST), "given": (FIRST, LAST)},
            "Certificate 9 lacks CA 2, which TLS clients on this host do not need. The record is not changed.",
        ),
        (
            "chain_stays",
            {"record": record(9, 1, FIRST, LAST), "given": (FIRST,)},
            "Certificate 9 has another chain than specified. The record is not changed while it is in use.",
        ),
        (
            "expires_earlier",
            {"end": AT, "longer": [record(number) for number in range(1, 9)]},
            "The certificate expires at 2026-12-01T08:00:00Z, earlier than "
            + "".join(f"certificate {number} (2026-12-01T08:00:00Z), " for number in range(1, 6)).removesuffix(", ")
            + " and 3 more. Check that you specified the correct certificate.",
        ),
    ],
)
def test_a_warning(reason: str, facts: dict[str, Any], said: str) -> None:
    assert describe_warning(Obstacle(reason, facts)) == said


def test_a_certificate_without_a_common_name() -> None:
    assert add_common_name_advice("The store says no.") == (
        "The store says no. The certificate has no common name, and the store may require a common name. Reissue the certificate with a common name. Many "
        "ACME clients have an option for a common name, such as the profile classic of Let's Encrypt."
    )
