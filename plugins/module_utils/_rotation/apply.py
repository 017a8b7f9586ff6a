# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a rotation: import, plan, switch, look, remove. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._base.codes import Code
from .._base.errors import CertificatesError
from .._base.module import Module
from .._base.text import printable, some_of
from .._base.times import parse
from .._http.network import split_url
from .._ledger.place import folder_beside
from .._probe.revocation import Authorities
from .._replacement.roots import anchors_for
from .._report.summary import MOST_NAMED
from .._softlayer.client import Client
from .._softlayer.store import StoreCertificate
from .._sources.source import directory_of
from .._store import messages as of_store
from .._store import run_import as importing
from .._store.check import ImportOptions
from .._store.plan_import import ImportAction, plan_present, removal_of
from .._store.read_files import with_key
from .._x509.bundle import Bundle
from .._x509.certificate import Certificate
from . import messages_deploy
from .approved import limit_listeners, limit_removal
from .attention import served_by
from .endpoints import EndpointAction, as_seen, plan_endpoints, why_not_all_known
from .messages_import import changed_while_read, why_not_adopted, why_not_imported
from .options import RotationOptions
from .plan_adopt import Adoption, fitness, plan_adoption
from .plan_clean_up import RemovalPlan, as_result, plan_removal
from .plan_deploy import (
    ListenerAction,
    ListenerPlan,
    as_foreseen,
    as_it_is,
    plan_renewals,
    why_too_many,
)
from .plan_import import Chosen, choose, choose_named
from .read import at_stake, read_again
from .renewal_info import KEPT, ask, keep, read_kept
from .switch import WaitOptions, carry_out
from .target import Target, updated
from .verify import Watch
from .world import Record, RenewalRequest, SourceCertificate, World, learn

WAIT_INTERVAL = 10.0
"""Seconds between two readings of a balancer, at most."""
CHANGED_MEANWHILE = {"key_mismatch", "invalid_pem", "bad_passphrase", "not_found"}
"""Reasons of an import that certificates and keys which fitted a moment before can only have if their files have changed."""
Told = tuple[str, Record]
"""A list of the module's result, and what is told there."""


@dataclass(frozen=True)
class StoreChanges:
    """What became of certificates in the store, or would in check mode."""

    told: Sequence[Told] = ()
    diff: Sequence[Record] = ()
    records: Sequence[StoreCertificate] = ()
    """What was imported, or was there already; what is not stored in check mode has no id."""
    cut: Mapping[int, bool] = field(default_factory=dict)
    """The ids of what the store has cut the chains of, and whether this run has stored it."""


def import_chosen(module: Module, client: Client, world: World, chosen: Chosen) -> StoreChanges:
    """Store what was chosen, and tell what is left out."""
    told: list[Told] = [
        ("skipped", record) for record in (*world.bundles.useless, *world.bundles.unwanted, *chosen.left_out)
    ]
    diff, records, cut = [], [], {}
    new = [_checked(module, world, entry) for entry in chosen.to_import]
    plan = [action if action.reason else plan_present(action, world.index, world.view) for action in new]
    plan = importing.refuse_creates_without_a_place(plan, module.params["ledger_url"])
    carried_out = plan if module.check_mode or not plan else importing.carry_out(module, client, plan)
    for entry, planned, done in zip(chosen.to_import, plan, carried_out, strict=True):
        for warning in done.warnings:
            module.warn(f"{done.name}: {of_store.warning(warning)}")
        told.append(_told_of(entry, planned, done.simulated() if module.check_mode else done))
        if told[-1][0] == "imported":
            diff.append((planned.simulated() if module.check_mode else planned).as_diff())
        if done.content:
            records.append(replace(done.held, id=done.id))
        elif done.reason == "chain_truncated" and done.id:
            cut[done.id] = done.has_written
    return StoreChanges(told, diff, records, cut)


def _told_of(entry: SourceCertificate, planned: ImportAction, done: ImportAction) -> Told:
    record = {**done.as_result(), **entry.named()}
    if planned.reason in CHANGED_MEANWHILE:
        message = changed_while_read(planned)
        return "skipped", {**record, "outcome": "skipped", "reason": "being_renewed", "message": message}
    if done.outcome == "failed":
        return "failed", record
    if not done.changes_something:
        return "skipped", {**record, "reason": "already_imported"}
    return "imported", record


def _checked(module: Module, world: World, entry: SourceCertificate) -> ImportAction:
    """Return what stores a certificate of a source, or why that does not fit; its key is read from its file now."""
    params = module.params
    held = Bundle((entry.certificate,), entry.record.intermediates, entry.key)
    bundle = with_key(held, params["privatekey_passphrase"] or None, module.hide)
    anchors = anchors_for(params["trust"], params["trusted_ca_path"], module.warn)
    known = ImportAction("imported", None, {}, certificate=entry.certificate)
    return importing.check_bundle(known, bundle, ImportOptions(trust=params["trust"]), anchors, world.view)


# Listeners


@dataclass(frozen=True)
class Seen:
    """What became of listeners, and what they serve."""

    plan: ListenerPlan
    """With the world as it was read last."""
    listeners: Sequence[ListenerAction]
    endpoints: Sequence[EndpointAction] = ()
    """What else was looked at."""
    is_seen: bool = False
    """Whether it was looked at what they serve."""
    diff: Sequence[Record] = ()
    warnings: Sequence[str] = ()
    failures: Sequence[CertificatesError] = ()
    """What went wrong as a whole."""

    @property
    def targets(self) -> Sequence[Target]:
        """All that must serve certificates."""
        return [*self.listeners, *self.endpoints]


def plan_listeners(world: World, options: RotationOptions) -> ListenerPlan:
    """Decide about each listener."""
    if world.balancers is None:
        return ListenerPlan(world, [])
    plan = ListenerPlan(
        world,
        plan_adoption(world, options.adopt, adopted_entry(world, options.adopt, options))
        if options.adopt
        else plan_renewals(world, options.selection),
    )
    if options.approved:
        plan = ListenerPlan(world, *limit_listeners(plan.actions, options.approved, world.index))
    failure = why_too_many(plan.changes, options.max_listeners) if "deploy" in options.phases else None
    return replace(plan, actions=as_they_are(plan), failure=failure) if failure else plan


def adopted_entry(world: World, adoption: Adoption, options: RotationOptions) -> SourceCertificate:
    """Return the certificate of the sources that is adopted.

    Raises:
        CertificatesError: why there is not exactly one; as `adopted_places`.
    """
    fit = fitness(world, adoption)
    chosen = choose_named(world.bundles.entries, adoption.common_name, options.certificates, world.view, fit)
    if isinstance(chosen, SourceCertificate):
        return chosen
    raise CertificatesError(t.cast(Code, chosen.reason), why_not_adopted(chosen, adoption.common_name, world.bundles))


def choose_adopted(world: World, options: RotationOptions) -> Chosen:
    """Return the choice of the one certificate that is adopted, once it is known that it can be.

    Raises:
        CertificatesError: as `choose_named` and `plan_adoption`; `ambiguous`; the reason why no listener can get it.
    """
    adoption = t.cast(Adoption, options.adopt)
    entry = adopted_entry(world, adoption, options)
    if not entry.is_selected(options.common_names):
        patterns = some_of(options.common_names or ["nothing"], MOST_NAMED)
        raise CertificatesError(
            "invalid_argument",
            f"{adoption.common_name} is to be adopted, but common_names limits the run to {patterns}.",
        )
    planned = plan_adoption(world.after([entry.record], ()), adoption, entry)
    if all(action.has_failed for action in planned):  # then nothing is imported for nothing
        said = [f"{action.name}: {action.message}" for action in planned]
        reason = t.cast(Code, planned[0].reason)
        raise CertificatesError(reason, some_of(said, MOST_NAMED, " ", " "))
    chosen = choose([entry], world.index, replace(options.certificates, common_names=None), world.view)
    for skipped, why in chosen.skipped:
        if why.reason == "ambiguous":
            raise CertificatesError("ambiguous", why_not_imported(why, skipped))
    return chosen


def as_they_are(plan: ListenerPlan) -> list[ListenerAction]:
    """Return the listeners of a plan as they are."""
    return [as_it_is(action, plan.world.index) for action in plan.actions]


def switch(
    module: Module, client: Client, plan: ListenerPlan, options: RotationOptions, authorities: Authorities | None
) -> Seen:
    """Switch the listeners, and see that they serve what they have; in check mode, tell what would be switched."""
    as_now = Seen(plan, as_they_are(plan))
    if "deploy" not in options.phases or plan.world.balancers is None:
        return as_now
    if options.is_check_mode:
        return replace(as_now, diff=[action.as_diff() for action in plan.changes])
    watch = watch_for(client, plan.world, options.verify_timeout)
    first = plan.world

    def plan_again() -> ListenerPlan:
        world = read_again(client, first, options)
        return plan_listeners(learn(authorities, world, at_stake(world, options)), options)

    try:
        plan, listeners = carry_out(
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
    return Seen(plan, listeners, is_seen=True, diff=diff, warnings=watch.warnings)


def watch_for(client: Client, world: World, timeout: float = 0) -> Watch:
    """Return what looks at listeners."""
    return Watch(timeout, world.view.anchors(), client.stop)


def look(client: Client, seen: Seen, options: RotationOptions) -> Seen:
    """Look at what listeners serve, at each of their addresses, unless that was done while they were switched."""
    world = seen.plan.world
    if not options.looks or world.balancers is None:
        return seen
    if not seen.is_seen:
        seen = see_now(client, seen, seen.listeners)
    unseen = [
        listener
        for listener in seen.listeners
        if listener.uuid and not listener.seen and (listener.outcome == "failed" or not listener.is_known)
    ]
    if unseen:
        seen = replace(seen, listeners=updated(seen.listeners, watch_for(client, world).glimpse(unseen)))
    suspects = {
        listener.uuid: listener for listener in seen.listeners if listener.served is False and not listener.is_changed
    }
    if suspects and not client.stop.is_set():
        seen = look_again(client, seen, suspects, options)
    if "deploy" in options.phases and options.is_check_mode:
        pairs = zip(seen.plan.actions, seen.listeners, strict=True)
        seen = replace(seen, listeners=[as_foreseen(*pair, world.view) for pair in pairs])
    return seen


def see_now(client: Client, seen: Seen, listeners: Sequence[ListenerAction]) -> Seen:
    """Return listeners with what some of them serve now."""
    watch = watch_for(client, seen.plan.world)
    anew = watch.until_served([listener for listener in listeners if listener.is_to_be_seen])
    warnings = [*seen.warnings, *watch.warnings]
    return replace(seen, listeners=updated(updated(seen.listeners, listeners), anew), warnings=warnings)


def look_again(client: Client, seen: Seen, suspects: Mapping[str, ListenerAction], options: RotationOptions) -> Seen:
    """Before listeners count as such that serve something else, see whether somebody has switched or deleted them meanwhile."""
    try:
        world = read_again(client, seen.plan.world, options)
    except CertificatesError as error:
        return replace(seen, failures=[*seen.failures, error])
    planned = plan_renewals(world, options.selection)
    present = {action.uuid: as_it_is(action, world.index) for action in planned if action.uuid in suspects}
    gone = suspects.keys() - present.keys()
    switched = [action for action in present.values() if action.final_handle != suspects[action.uuid].previous_id]
    actions = [action for action in seen.plan.actions if action.uuid not in gone]
    listeners = [listener for listener in seen.listeners if listener.uuid not in gone]
    seen = replace(seen, plan=replace(seen.plan, world=world, actions=actions), listeners=listeners)
    return see_now(client, seen, switched)


def look_at_endpoints(client: Client, seen: Seen, options: RotationOptions) -> Seen:
    """Look at what else must serve certificates, as at listeners that stay as they are."""
    world = seen.plan.world
    if "verify" not in options.phases or options.adopt:
        return seen
    planned = plan_endpoints(world, options.endpoints, options.common_names)
    watch = watch_for(client, world)
    to_be_seen = [action for action in planned if action.is_to_be_seen]
    looked_at = watch.until_served(to_be_seen) + watch.glimpse([each for each in planned if not each.is_to_be_seen])
    endpoints = [as_seen(action, world.index) for action in updated(planned, looked_at)]
    return replace(seen, endpoints=endpoints, warnings=[*seen.warnings, *watch.warnings])


# Clean up


def remove_replaced(
    module: Module, client: Client, seen: Seen, imported: Collection[StoreCertificate], options: RotationOptions
) -> StoreChanges:
    """Delete what is replaced by what was seen to be served, less what this run has imported."""
    expected = {
        endpoint.expected.certificate_id: f"endpoints[{number}]"
        for number, endpoint in enumerate(options.endpoints)
        if endpoint.expected and endpoint.expected.certificate_id
    }
    world = seen.plan.world
    looked_at = {endpoint.uuid for endpoint in seen.endpoints}
    others = [each for each in plan_endpoints(world, options.endpoints, None) if each.uuid not in looked_at]
    plan = plan_removal(
        world,
        seen.listeners,
        imported,
        options.common_names,
        remove_unverified=options.remove_unverified,
        expected=expected,
        # Those that this run is not asked to verify may serve it, too.
        endpoints=[*seen.endpoints, *watch_for(client, world).glimpse(others)],
        is_check_mode=module.check_mode,
    )
    unknown = why_not_all_known(options.endpoints, world)
    if unknown:
        plan = RemovalPlan([], [*plan.kept, *((record, unknown) for record in plan.old)])
    old, left_out = limit_removal(plan, options.approved) if options.approved else (plan.old, [])
    kept = [
        as_result(record, "skipped", why.reason, messages_deploy.why_kept(record.id, why)) for record, why in plan.kept
    ]
    told: list[Told] = [("skipped", record) for record in (*left_out, *kept)]
    actions = [removal_of(record) for record in old]
    if module.check_mode:
        told += [("removed", as_result(record, "removed", None, messages_deploy.TO_BE_REMOVED)) for record in old]
        return StoreChanges(told, [action.as_diff() for action in actions])
    deleted = importing.carry_out(module, client, actions) if actions else []
    for done in deleted:
        record = done.as_result()
        if done.outcome == "unchanged":
            told.append(("skipped", {**record, "outcome": "skipped", "reason": "not_found"}))
        elif done.reason in {"in_use", "not_found"}:
            told.append(("skipped", {**record, "outcome": "skipped"}))
        else:
            told.append(("failed" if done.outcome == "failed" else "removed", record))
    gone = [action for action, done in zip(actions, deleted, strict=True) if done.outcome == "removed"]
    return StoreChanges(told, [action.as_diff() for action in gone])


def ask_authorities(
    module: Module, client: Client, seen: Seen, options: RotationOptions
) -> Mapping[Certificate, RenewalRequest]:
    """Return what the authorities of served certificates answer that sources have, and warn of what is not known.

    It goes with the look at what authorities have revoked: what may not ask them that may not ask this, either.
    """
    if "verify" not in options.phases or options.adopt or module.params.get("check_revocation") == "off":
        return {}
    world, at, folder = seen.plan.world, seen.plan.world.view.at, folder_beside(module.params["ledger_url"])
    entries = {entry.certificate: entry for entry in world.bundles.entries}
    asked: dict[str, tuple[SourceCertificate, str]] = {}
    for certificate in dict.fromkeys(served_by(target, world).certificate for target in seen.targets):
        entry = entries.get(certificate) if certificate and certificate.is_valid(at) else None
        identifier = entry.certificate.renewal_info_id if entry else None
        if entry and identifier and (url := directory_of(entry.source, entry.path)):
            asked[identifier] = entry, url
    path = os.path.join(folder or os.devnull, KEPT)  # without a folder nothing is there, and nothing can be kept
    known = read_kept(path, at)
    answers = ask(client, {name: url for name, (_entry, url) in asked.items() if name not in known}, at)
    new = {name: given for name, given in answers.items() if isinstance(given, dict)}
    known |= new
    if new and not module.check_mode:
        keep(path, known)
    unknown: dict[str, list[str]] = defaultdict(list)
    for name, given in answers.items():
        entry, url = asked[name]
        server = printable(split_url(url)[0].netloc.rpartition("@")[2]) or "its authority"
        if isinstance(given, str) or "end" not in given:
            why = given if isinstance(given, str) else f"its server has too much to do until {given['until']}"
            unknown[f"the renewal information of {server} cannot be used: {why}."].append(entry.certificate.shown_name)
    for why, names in unknown.items():
        module.warn(f"Whether authorities ask for renewals is not known for {some_of(names)}: {why}")
    return {
        entry.certificate: RenewalRequest(entry, end, known[name].get("explanation_url"))
        for name, (entry, _url) in asked.items()
        if (end := parse(known.get(name, {}).get("end")))
    }
