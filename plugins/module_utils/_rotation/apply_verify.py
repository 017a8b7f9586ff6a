# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verify the certificates that listeners and endpoints serve. Private to softlayer.certificates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .._base.errors import CertificatesError
from .._softlayer.client import Client
from .apply_deploy import Deployment
from .endpoints import add_served_record, plan_endpoints
from .options import RotationOptions
from .plan_deploy import ListenerAction, keep_unchanged, plan_renewals, predict_outcome
from .read import read_again
from .target import merge_updates
from .watch import ListenerProbe


def verify_listeners(client: Client, deployment: Deployment, options: RotationOptions) -> Deployment:
    """Probe all addresses of listeners, and return the results; listeners that were probed after their switch are skipped."""
    world = deployment.plan.world
    if not options.is_probing_listeners or world.balancers is None:
        return deployment
    if not deployment.is_carried_out:
        deployment = _probe_now(client, deployment, deployment.listeners)
    unseen = [
        listener
        for listener in deployment.listeners
        if listener.uuid and not listener.served_chains and (listener.outcome == "failed" or not listener.is_known)
    ]
    if unseen:
        deployment = replace(
            deployment,
            listeners=merge_updates(
                deployment.listeners, ListenerProbe(0, world.view.anchors(), client.stop).probe_once(unseen)
            ),
        )
    suspects = {
        listener.uuid: listener
        for listener in deployment.listeners
        if listener.served is False and not listener.is_changed
    }
    if suspects and not client.stop.is_set():
        deployment = _probe_again(client, deployment, suspects, options)
    if "deploy" in options.phases and options.is_check_mode:
        pairs = zip(deployment.plan.actions, deployment.listeners, strict=True)
        deployment = replace(deployment, listeners=[predict_outcome(*pair, world.view) for pair in pairs])
    return deployment


def _probe_now(client: Client, deployment: Deployment, listeners: Sequence[ListenerAction]) -> Deployment:
    """Return a copy with new probe results for the given listeners."""
    watch = ListenerProbe(0, deployment.plan.world.view.anchors(), client.stop)
    verified = watch.wait_until_served([listener for listener in listeners if listener.is_verifiable])
    warnings = [*deployment.warnings, *watch.warnings]
    return replace(
        deployment, listeners=merge_updates(merge_updates(deployment.listeners, listeners), verified), warnings=warnings
    )


def _probe_again(
    client: Client, deployment: Deployment, suspects: Mapping[str, ListenerAction], options: RotationOptions
) -> Deployment:
    """Return a copy in which suspect listeners that were switched or deleted during the run are updated or removed."""
    try:
        world = read_again(client, deployment.plan.world, options)
    except CertificatesError as error:
        return replace(deployment, failures=[*deployment.failures, error])
    planned = plan_renewals(world, options.selection)
    present = {action.uuid: keep_unchanged(action, world.index) for action in planned if action.uuid in suspects}
    gone = suspects.keys() - present.keys()
    switched = [action for action in present.values() if action.final_handle != suspects[action.uuid].previous_id]
    actions = [action for action in deployment.plan.actions if action.uuid not in gone]
    listeners = [listener for listener in deployment.listeners if listener.uuid not in gone]
    deployment = replace(deployment, plan=replace(deployment.plan, world=world, actions=actions), listeners=listeners)
    return _probe_now(client, deployment, switched)


def verify_endpoints(client: Client, deployment: Deployment, options: RotationOptions) -> Deployment:
    """Probe the endpoints in `endpoints`, and return a copy with the results."""
    world = deployment.plan.world
    if "verify" not in options.phases or options.adopt:
        return deployment
    planned = plan_endpoints(world, options.endpoints, options.common_names)
    watch = ListenerProbe(0, world.view.anchors(), client.stop)
    to_be_seen = [action for action in planned if action.is_verifiable]
    probed = watch.wait_until_served(to_be_seen) + watch.probe_once(
        [each for each in planned if not each.is_verifiable]
    )
    endpoints = [add_served_record(action, world.index) for action in merge_updates(planned, probed)]
    return replace(deployment, endpoints=endpoints, warnings=[*deployment.warnings, *watch.warnings])
