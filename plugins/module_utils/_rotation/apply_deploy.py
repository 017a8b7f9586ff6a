# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan the switches of listeners, and make them. Private to softlayer.certificates."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from .._base.errors import CertificatesError
from .._base.libraries import LEDGER_LIBRARIES, require_libraries
from .._base.module import Module
from .._probe.revocation import RevocationClient
from .._softlayer.client import Client
from .approved import limit_listeners
from .endpoints import EndpointAction
from .options import RotationOptions
from .plan_adopt import find_adopted_entry, plan_adoption
from .plan_deploy import (
    ListenerAction,
    ListenerPlan,
    build_replaced_key,
    hold_switched_back,
    keep_unchanged,
    plan_renewals,
    why_too_many,
)
from .read import find_chains, read_again
from .switch import WaitOptions, switch_all
from .target import Target
from .watch import ListenerProbe
from .world import Record, World

WAIT_INTERVAL = 10.0
"""Maximum interval between two status requests for a load balancer, in seconds."""


@dataclass(frozen=True)
class Deployment:
    """The listeners and endpoints of a run, with their plan, outcomes, and served certificates."""

    plan: ListenerPlan
    """The plan, with the most recently read world."""
    listeners: Sequence[ListenerAction]
    endpoints: Sequence[EndpointAction] = ()
    """The endpoints that must serve certificates."""
    is_carried_out: bool = False
    """Whether the plan was carried out, so that the listeners were probed."""
    diff: Sequence[Record] = ()
    warnings: Sequence[str] = ()
    failures: Sequence[CertificatesError] = ()
    """Errors that concern the whole run, such as a lost lock."""

    @property
    def targets(self) -> Sequence[Target]:
        """All listeners and endpoints of the run."""
        return [*self.listeners, *self.endpoints]

    def add_revocations(self, authorities: RevocationClient | None) -> Deployment:
        """Return a copy with the revocations of all served certificates."""
        served = ((leaf, sent) for target in self.targets for leaf, *sent in target.served_chains)
        return replace(self, plan=replace(self.plan, world=self.plan.world.add_revocations(authorities, served)))


def plan_listeners(world: World, options: RotationOptions) -> ListenerPlan:
    """Return the plan for all selected listeners, limited to approved changes and `max_listeners`."""
    if world.balancers is None:
        return ListenerPlan(world, [])
    if options.adopt:
        entry = find_adopted_entry(world, options.adopt, options.source_options)
        plan = ListenerPlan(world, plan_adoption(world, options.adopt, entry))
    else:
        actions = plan_renewals(world, options.selection)
        try:
            plan = ListenerPlan(world, hold_back(actions, world, options))
        except CertificatesError as error:
            return ListenerPlan(world, [keep_unchanged(action, world.index) for action in actions], failure=error)
    if options.approved:
        plan = ListenerPlan(world, *limit_listeners(plan.actions, options.approved, world.index))
    too_many = why_too_many(plan.changes, options.max_listeners) if "deploy" in options.phases else None
    if not too_many:
        return plan
    return replace(plan, actions=[keep_unchanged(action, world.index) for action in plan.actions], excess=too_many)


def hold_back(actions: Sequence[ListenerAction], world: World, options: RotationOptions) -> Sequence[ListenerAction]:
    """Return the actions without switches of listeners that somebody has switched back, according to the ledger.

    Raises:
        CertificatesError: as in `Ledger`, for a run that switches listeners. Other runs may have no ledger.
    """
    keys = [build_replaced_key(action) for action in actions if action.is_changed and action.previous_record]
    if not keys:
        return actions
    from .._ledger.ledger import Ledger

    try:
        require_libraries(LEDGER_LIBRARIES, "The ledger", "on the host that runs the module")
        with closing(Ledger(options.ledger_url, read_only=True)) as ledger:
            return hold_switched_back(actions, ledger.find_last_requests(keys), world.index)
    except CertificatesError:
        if "deploy" in options.phases:
            raise
        return actions


def switch_listeners(
    module: Module, client: Client, plan: ListenerPlan, options: RotationOptions, authorities: RevocationClient | None
) -> Deployment:
    """Switch and verify the listeners, and return their outcomes; in check mode, return the planned switches."""
    failures = [plan.failure] if plan.failure else []
    as_now = Deployment(plan, [keep_unchanged(action, plan.world.index) for action in plan.actions], failures=failures)
    if "deploy" not in options.phases or plan.world.balancers is None or failures:
        return as_now
    if options.is_check_mode:
        return replace(as_now, diff=[action.as_diff() for action in plan.changes])
    first = plan.world
    watch = ListenerProbe(options.verify_timeout, first.view.anchors(), client.stop)

    def plan_again() -> ListenerPlan:
        world = read_again(client, first, options)
        again = plan_listeners(world.add_revocations(authorities, find_chains(world, options)), options)
        if again.failure:
            raise again.failure
        return again

    try:
        plan, listeners = switch_all(
            module,
            client,
            plan,
            plan_again,
            WaitOptions(True, options.balancer_wait_timeout, WAIT_INTERVAL),
            watch,
            exclusive=True,
            at_once=options.deploy_concurrency,
        )
    except CertificatesError as error:
        return replace(as_now, failures=[error])
    diff = [action.as_diff() for action in plan.changes]
    return Deployment(plan, listeners, is_carried_out=True, diff=diff, warnings=watch.warnings)
