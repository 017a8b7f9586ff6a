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
    warning,
    without_common_name,
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


ONE_OF_TWO = (
    "Use a chain with one intermediate certificate, which certbot, lego and acme.sh ask for with --preferred-chain where the authority offers "
    "one, or another authority."
)
AGAIN = " Run the playbook again. It checks the current state before it changes anything."
NONE_KEPT = "Ask the support of IBM Cloud why. Until it keeps them, it can hold no certificate that needs any."


@pytest.mark.parametrize(
    ("word", "facts", "said"),
    [
        ("imported", {}, "Imported."),
        (
            "imported",
            {"lacking": 1},
            "Imported once more, with intermediate certificates that certificate 1 lacks and that it cannot be given while in use.",
        ),
        (
            "updated",
            {"changed": ("intermediateCertificate", "certificateSigningRequest", "notes")},
            "Updated: intermediate certificates, CSR, notes.",
        ),
        ("removed", {}, "Removed."),
        ("unchanged", {}, "The store holds it already."),
        ("unchanged", {"is_absent": True}, "The store holds no such certificate."),
        ("unchanged", {"is_gone": True}, "Somebody else has deleted it meanwhile."),
        ("unchanged", {"first": 0}, "The same as item 0."),
        ("outcome_unknown", {"error": "No."}, f"No.{AGAIN}"),
        ("invalid_pem", {"error": "It is damaged."}, "It is damaged."),
        *(
            (reason, {"error": "No.", "planned": planned, "id": identifier}, f"{what}: No.{advice}")
            for reason, planned, identifier, what, advice in (
                ("refused", "imported", None, "Cannot import the certificate", ""),
                ("refused", "updated", 7, "Cannot update certificate 7", ""),
                ("refused", "removed", 7, "Cannot delete certificate 7", ""),
                ("outcome_unknown", "imported", None, "Cannot tell whether the certificate was imported", AGAIN),
                ("outcome_unknown", "removed", 7, "Cannot tell whether certificate 7 was deleted", AGAIN),
            )
        ),
        (
            "ambiguous",
            {"same": [record(1), record(2)]},
            "The store holds it more than once (ids 1, 2), none as wanted: leave one of them, and remove the others once nothing uses them.",
        ),
        (
            "ambiguous",
            {"matching": [record(1), record(2)]},
            "More than one certificate matches (ids 1, 2): name one by certificate_id. Nothing was removed.",
        ),
        (
            "ambiguous",
            {"wanted": 1},
            "Another item of the same run wants certificate 1 to be in the store: leave one of the two.",
        ),
        ("ambiguous", {"first": 0}, "The same certificate as item 0, with another chain, CSR or notes: give it once."),
        (
            "in_use",
            {"record": record(1, 1), "lacks_issuers": True},
            "Certificate 1 is in use by 1 service by now and lacks intermediate certificates: run it again, and it is stored once more with "
            "them.",
        ),
        (
            "in_use",
            {"record": record(1, 2), "lacks_issuers": False},
            "Certificate 1 is in use by 2 services and has another chain, so it is not changed, and which of the two clients trust is not known: "
            "give the root of its authority as trusted_ca_path.",
        ),
        (
            "in_use",
            {"record": record(1, 2)},
            "Certificate 1 is in use by 2 services: have its listeners serve another certificate first, with ssl_certificate_deploy; "
            "ssl_certificate_info with gather_services tells which they are.",
        ),
        (
            "in_use",
            {"record": record(1, None)},
            "The API does not tell whether a service uses certificate 1, so it is not deleted on a guess: see in the portal that none does, and "
            "delete it there.",
        ),
        (
            "chain_truncated",
            cut(FIRST),
            "The store has kept 1 of the 2 intermediate certificates (CA 1) of certificate 9. Clients need what is missing: CA 2. So nothing is to "
            f"serve it. {ONE_OF_TWO}",
        ),
        (
            "chain_truncated",
            cut(FIRST, LAST, given=(FIRST, LAST, SimpleNamespace(shown_name="CA 3"))),
            "The store has kept 2 of the 3 intermediate certificates (CA 1, CA 2) of certificate 9. Clients need what is missing: CA 3. So nothing "
            f"is to serve it. {ONE_OF_TWO.replace('one intermediate certificate', '2 intermediate certificates')}",
        ),
        (
            "chain_truncated",
            cut(),
            "The store has kept none of the 2 intermediate certificates of certificate 9. Clients need what is missing: CA 1, CA 2. So nothing is "
            f"to serve it. {NONE_KEPT}",
        ),
        (
            "chain_truncated",
            cut(given=(FIRST,)),
            "The store has kept no intermediate certificate of certificate 9. Clients need what is missing: CA 1. So nothing is to serve it. "
            f"{NONE_KEPT}",
        ),
        (
            "chain_truncated",
            cut(FIRST, is_tried=False),
            "Certificate 9 has 1 of the 2 intermediate certificates (CA 1), and no record of the store has more: the store seems to keep no more. "
            "Clients need what is missing: CA 2. So nothing is to serve it. If it was stored so by a client that gave no more, or the store has "
            f"changed, delete it and run this again. Else: u{ONE_OF_TWO[1:]}",
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
        ("unchanged", {}, "The folder has it already."),
        ("not_written", {"error": "The disk is full."}, "The disk is full."),
        (
            "no_permission",
            {},
            "The API user may only view the store, and not read its private keys: grant it the permission SECURITY_CERTIFICATE_MANAGE.",
        ),
        (
            "invalid_pem",
            {"certificate_id": 4},
            "What the store holds as certificate 4 cannot be read: mend or delete the record.",
        ),
        (
            "not_found",
            {"why": Obstacle("not_found", {"certificate_id": 4, "is_there": False})},
            "The store holds no certificate 4: ssl_certificate_info lists those that it holds.",
        ),
        (
            "not_found",
            {"certificate_id": 4, "expired": AT},
            "Certificate 4 has expired at 2026-12-01T08:00:00Z: set include_expired: true to export it.",
        ),
        (
            "not_found",
            {"pattern": "a.*", "have_expired": True},
            "All certificates that match a.* have expired: set include_expired: true to export them.",
        ),
        (
            "not_found",
            {"pattern": "a.*", "have_expired": False},
            "No certificate of the store matches a.*: ssl_certificate_info lists those that it holds.",
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
    assert (action.message, action.simulated().message, action.simulated().state) == (said, would_be, to_be)


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "no_issuer",
            {},
            "The chain is incomplete: no certificate of the issuer was given. Clients may not trust the certificate.",
        ),
        (
            "untrusted",
            {"chain": SimpleNamespace(trust="untrusted", why="its key is too short", lacks_root=False)},
            "Not trusted: its key is too short. Have it issued anew, or give another chain of its authority.",
        ),
        (
            "left_out",
            {"certificates": [FIRST, LAST]},
            "Left out, as the certificate's chain does not need them: CA 1, CA 2.",
        ),
        ("csr_stays", {"id": 9, "error": "It is in use."}, "The CSR of certificate 9 stays as it is. It is in use."),
        (
            "chain_stays",
            {"record": record(9, 0, FIRST), "given": (FIRST, LAST)},
            "Certificate 9 lacks CA 2, which clients here do not need; it stays so.",
        ),
        (
            "chain_stays",
            {"record": record(9, 1, FIRST, LAST), "given": (FIRST,)},
            "Certificate 9 has another chain than was given; it stays so while it is in use.",
        ),
        (
            "expires_earlier",
            {"end": AT, "longer": [record(number) for number in range(1, 9)]},
            "It ends at 2026-12-01T08:00:00Z, earlier than what it takes the place of: "
            + "".join(f"certificate {number} (2026-12-01T08:00:00Z), " for number in range(1, 6)).removesuffix(", ")
            + " and 3 more. See that it is the one you mean.",
        ),
    ],
)
def test_a_warning(reason: str, facts: dict[str, Any], said: str) -> None:
    assert warning(Obstacle(reason, facts)) == said


def test_a_certificate_without_a_common_name() -> None:
    assert without_common_name("The store says no.") == (
        "The store says no. It has no common name, which the store may not take: have it issued with one. Many ACME clients have an option for "
        "that, such as the profile classic of Let's Encrypt."
    )
