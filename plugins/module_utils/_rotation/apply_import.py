# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import the selected certificates from the sources. Private to softlayer.certificates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._base.module import Module
from .._replacement.roots import find_anchors
from .._softlayer.client import Client
from .._softlayer.store import StoreCertificate
from .._store import messages as of_store
from .._store.check import ImportOptions
from .._store.plan_import import ImportAction, build_diff, check_bundle, plan_present
from .._store.read_files import load_key
from .._x509.bundle import Bundle
from .messages_import import describe_changed_files
from .plan_import import ImportSelection
from .world import Record, SourceCertificate, World

CHANGED_FILE_REASONS = {"key_mismatch", "invalid_pem", "bad_passphrase", "not_found"}
"""Import errors of a valid certificate and key whose files changed during the run."""
ResultEntry = tuple[str, Record]
"""The name of a list in the module's result, and a record for the list."""


@dataclass(frozen=True)
class StoreChanges:
    """The changes of the certificate store; in check mode, the planned changes."""

    entries: Sequence[ResultEntry] = ()
    diff: Sequence[Record] = ()
    records: Sequence[StoreCertificate] = ()
    """The records that were imported or already stored; without an ID in check mode."""
    truncated_ids: Mapping[int, bool] = field(default_factory=dict)
    """IDs of records with truncated chains, each with whether the run stored the record."""


def import_certificates(module: Module, client: Client, world: World, chosen: ImportSelection) -> StoreChanges:
    """Import the selected certificates, and return the changes and the skipped certificates."""
    listed: list[ResultEntry] = [
        ("skipped", record)
        for record in (*world.bundles.unusable_records, *world.bundles.excluded_records, *chosen.skipped_records)
    ]
    diff, records, truncated = [], [], {}
    new = [_check(module, world, entry) for entry in chosen.imports]
    plan = [action if action.reason else plan_present(action, world.index, world.view) for action in new]
    carried_out = plan
    if plan:
        # Imported only here, because the ledger needs SQLAlchemy, which takes long to load.
        from .._store import apply as store

        plan = store.fail_creates_without_ledger(plan, module.params["ledger_url"])
        carried_out = plan if module.check_mode else store.carry_out(client, module.params["ledger_url"], plan)
    for entry, planned, done in zip(chosen.imports, plan, carried_out, strict=True):
        for warning in done.warnings:
            module.warn(f"{done.name}: {of_store.describe_warning(warning)}")
        reported = done.simulate() if module.check_mode else done
        listed.append(_as_result_entry(entry, planned, reported))
        if part := build_diff(planned, reported):
            diff.append(part)
        if done.content:
            records.append(replace(done.resulting_record, id=done.id))
        elif done.reason == "chain_truncated" and done.id:
            truncated[done.id] = done.has_written
    return StoreChanges(listed, diff, records, truncated)


def _as_result_entry(entry: SourceCertificate, planned: ImportAction, done: ImportAction) -> ResultEntry:
    record = {**done.as_result(), **entry.as_location()}
    if planned.reason in CHANGED_FILE_REASONS:
        message = describe_changed_files(planned)
        return "skipped", {**record, "outcome": "skipped", "reason": "being_renewed", "message": message}
    if done.outcome == "failed":
        return "failed", record
    if not done.has_changes:
        return "skipped", {**record, "reason": "already_imported"}
    return "imported", record


def _check(module: Module, world: World, entry: SourceCertificate) -> ImportAction:
    """Return the action that imports a certificate, or its obstacle; reads the file of the private key."""
    params = module.params
    held = Bundle((entry.certificate,), entry.record.intermediates, entry.key)
    bundle = load_key(held, params["privatekey_passphrase"] or None, module.hide)
    anchors = find_anchors(params["trust"], params["trusted_ca_path"], module.warn)
    known = ImportAction("imported", None, {}, certificate=entry.certificate)
    return check_bundle(known, bundle, ImportOptions(trust=params["trust"]), anchors, world.view)
