# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limit a run to the approved preview of an earlier run in check mode. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.codes import ApprovalReason
from .._base.errors import CertificatesError, Obstacle
from .._replacement.index import StoreIndex
from .._softlayer.store import StoreCertificate, certificate_of
from . import messages_deploy
from .plan_clean_up import RemovalPlan
from .plan_clean_up import as_result as as_record
from .plan_deploy import ListenerAction, keep_unchanged
from .plan_import import ImportSelection
from .world import Record

FIELDS: Mapping[str, tuple[str, ...]] = {
    "imported": ("source", "name", "path", "common_name", "fingerprint_sha256"),
    "deployed": (
        *("load_balancer", "load_balancer_uuid", "port", "previous_certificate_id"),
        *("common_name", "fingerprint_sha256"),
    ),
    "removed": ("id", "common_name", "fingerprint_sha256"),
}
"""Fields that identify a change, by the list of the preview."""
UNKNOWN_FIELDS: Record = dict.fromkeys(
    [
        *("address", "listener_uuid", "previous_certificate_id", "certificate_id", "not_after"),
        *("effective_not_after", "limited_by"),
        *("served", "accepted", "served_fingerprint_sha256"),
    ]
)
"""Result fields of a deleted listener, all `None`."""


def extract_preview(result: Mapping[str, Sequence[Record]]) -> dict[str, list[Record]]:
    """Return the lists and fields of a result that `Approval` compares."""
    return {
        name: [{field: record[field] for field in fields} for record in result[name]] for name, fields in FIELDS.items()
    }


@dataclass(frozen=True)
class Approval:
    """The approved changes of a preview, by key. A missing list approves nothing."""

    imports: Mapping[str, Record]
    listeners: Mapping[tuple[str, int], Record]
    removals: Mapping[int, Record]

    @classmethod
    def parse(cls, given: Mapping[str, t.Any]) -> Approval:
        """Return the approved changes of a preview, as the module returned it.

        Raises:
            CertificatesError: `invalid_argument` if the value is not a preview.
        """
        try:
            imported, deployed, removed = (
                [{field: record[field] for field in fields} for record in given.get(name) or ()]
                for name, fields in FIELDS.items()
            )
            return cls(
                {str(record["fingerprint_sha256"]): record for record in imported},
                {(str(record["load_balancer_uuid"]), int(record["port"])): record for record in deployed},
                {int(record["id"]): record for record in removed},
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CertificatesError(
                "invalid_argument",
                "approved must contain the lists imported, deployed, and removed of a preview. Set approved to the preview that ssl_certificate_rotate "
                "returned in check mode.",
            ) from None

    def has_listener(self, balancer_uuid: str, port: int) -> bool:
        """Return whether the preview contains a listener; for an empty preview, always."""
        is_empty = not (self.imports or self.listeners or self.removals)
        return is_empty or (balancer_uuid, port) in self.listeners


def _create_impossible_record(record: Record, listed: str) -> Record:
    """Return the skipped record of an approved change that is no longer possible."""
    reason: ApprovalReason = "changed_meanwhile"
    message = messages_deploy.IMPOSSIBLE_CHANGES[listed]
    return {"subject_alt_names": [], **record, "outcome": "skipped", "reason": reason, "message": message}


def limit_imports(chosen: ImportSelection, approved: Approval) -> ImportSelection:
    """Return the selection with only approved imports; approved imports without a source become skipped records."""
    to_import = {entry.certificate.fingerprint_sha256: entry for entry in chosen.imports}
    there = {entry.certificate.fingerprint_sha256 for entry, _why in chosen.skipped_entries} | to_import.keys()
    gone = [
        _create_impossible_record(record, "imported")
        for shown, record in approved.imports.items()
        if shown not in there
    ]
    kept = [entry for which, entry in to_import.items() if which in approved.imports]
    why: Obstacle[ApprovalReason] = Obstacle("not_approved")
    beyond = [(entry, why) for which, entry in to_import.items() if which not in approved.imports]
    return replace(chosen, imports=kept, skipped_entries=[*chosen.skipped_entries, *beyond], impossible_imports=gone)


def limit_listeners(
    planned: Sequence[ListenerAction], approved: Approval, index: StoreIndex
) -> tuple[list[ListenerAction], list[Record]]:
    """Return the actions with only approved switches, and records of approved switches without an action."""
    shown = dict(approved.listeners)
    limited = []
    for action in planned:
        record = shown.pop((action.place.balancer.uuid, action.port), None)
        target = action.target.certificate if action.target else None
        is_as_shown = bool(record and target and target.fingerprint_sha256 == record["fingerprint_sha256"])
        if action.outcome == "switched" and not is_as_shown:
            action = replace(keep_unchanged(action, index), outcome="skipped", reason="not_approved", facts={})
        elif record and not is_as_shown and (action.outcome == "unchanged" or action.reason == "switched_back"):
            action = action.mark_failed("changed_meanwhile", _why_unplanned(action, record, index))
        limited.append(action)
    return limited, [{**UNKNOWN_FIELDS, **_create_impossible_record(record, "deployed")} for record in shown.values()]


def _why_unplanned(action: ListenerAction, record: Record, index: StoreIndex) -> dict[str, t.Any]:
    """Return the message facts about an approved switch that is no longer planned."""
    had, has = record["previous_certificate_id"], action.previous_id
    if action.reason == "switched_back":
        return {"certificate_id": has, "is_switched_back": True}
    if str(had) != str(has):
        return {"had": had, "certificate_id": has}
    known = {stored.certificate.fingerprint_sha256 for stored in index if stored.certificate}
    return {"is_stored": record["fingerprint_sha256"] in known, "certificate_id": has}


def limit_removal(planned: RemovalPlan, approved: Approval) -> tuple[list[StoreCertificate], list[Record]]:
    """Return the certificates with an approved deletion, and records of the skipped deletions."""
    shown = {(identifier, record["fingerprint_sha256"]) for identifier, record in approved.removals.items()}
    old = [record for record in planned.old_records if (record.id, certificate_of(record).fingerprint_sha256) in shown]
    beyond = [record for record in planned.old_records if record not in old]
    known = {record.id for record in planned.old_records} | {record.id for record, _why in planned.kept_records}
    gone = [
        _create_impossible_record(record, "removed")
        for identifier, record in approved.removals.items()
        if identifier not in known
    ]
    return old, [
        *(as_record(record, "skipped", "not_approved", messages_deploy.UNAPPROVED_CHANGE) for record in beyond),
        *gone,
    ]
