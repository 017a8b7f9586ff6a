# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delete replaced and expired certificates from the certificate store. Private to softlayer.certificates."""

from __future__ import annotations

from collections.abc import Collection

from .._base.module import Module
from .._softlayer.client import Client
from .._softlayer.store import StoreCertificate
from .._store.plan_import import plan_record_removal
from . import messages_deploy
from .apply_deploy import Deployment
from .apply_import import ResultEntry, StoreChanges
from .approved import limit_removal
from .endpoints import find_unknown_expectation, plan_endpoints
from .options import RotationOptions
from .plan_clean_up import RemovalPlan, as_result, plan_removal
from .watch import ListenerProbe


def clean_up(
    module: Module,
    client: Client,
    deployment: Deployment,
    imported: Collection[StoreCertificate],
    options: RotationOptions,
) -> StoreChanges:
    """Delete the certificates whose replacements are verified, and expired certificates, and return the changes of the store."""
    expected = {
        endpoint.expected.certificate_id: f"endpoints[{number}]"
        for number, endpoint in enumerate(options.endpoints)
        if endpoint.expected and endpoint.expected.certificate_id
    }
    world = deployment.plan.world
    probed = {endpoint.uuid for endpoint in deployment.endpoints}
    others = [each for each in plan_endpoints(world, options.endpoints, None) if each.uuid not in probed]
    plan = plan_removal(
        world,
        deployment.listeners,
        imported,
        options.common_names,
        remove_unverified=options.remove_unverified,
        superseded_after_days=options.remove_superseded_after_days if options.remove_superseded else None,
        expired_after_days=options.remove_expired_after_days,
        expected=expected,
        # Those that this run is not asked to verify may serve it, too.
        endpoints=[*deployment.endpoints, *ListenerProbe(0, world.view.anchors(), client.stop).probe_once(others)],
        is_check_mode=module.check_mode,
    )
    unknown = find_unknown_expectation(options.endpoints, world)
    if unknown:
        plan = RemovalPlan([], [*plan.kept_records, *((record, unknown) for record in plan.old_records)])
    old, left_out = limit_removal(plan, options.approved) if options.approved else (plan.old_records, [])
    kept = [
        as_result(record, "skipped", why.reason, messages_deploy.why_kept(record.stored_id, why))
        for record, why in plan.kept_records
    ]
    listed: list[ResultEntry] = [("skipped", record) for record in (*left_out, *kept)]
    actions = [plan_record_removal(record) for record in old]
    if module.check_mode:
        for planned in old:
            has_expired = planned.id in plan.expired_ids
            message = messages_deploy.PLANNED_EXPIRED_REMOVAL if has_expired else messages_deploy.PLANNED_REMOVAL
            listed.append(("removed", as_result(planned, "removed", None, message)))
        return StoreChanges(listed, [action.as_diff() for action in actions])
    if not actions:
        return StoreChanges(listed)
    # Imported only here, because the ledger needs SQLAlchemy, which takes long to load.
    from .._store import apply as store

    deleted = store.carry_out(client, module.params["ledger_url"], actions)
    for done in deleted:
        record = done.as_result()
        if done.outcome == "unchanged":
            listed.append(("skipped", {**record, "outcome": "skipped", "reason": "not_found"}))
        elif done.reason in {"in_use", "not_found"}:
            listed.append(("skipped", {**record, "outcome": "skipped"}))
        else:
            listed.append(("failed" if done.outcome == "failed" else "removed", record))
    gone = [action for action, done in zip(actions, deleted, strict=True) if done.outcome == "removed"]
    return StoreChanges(listed, [action.as_diff() for action in gone])
