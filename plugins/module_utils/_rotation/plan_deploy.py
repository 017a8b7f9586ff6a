# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan the switches of listeners to certificates in the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from .._base import remedies
from .._base.codes import DeployReason, ObstacleReason
from .._base.errors import CertificatesError, Obstacle
from .._base.names import (
    build_diff_name,
    choose_record_name,
    encode_name,
    has_matching_name,
    is_matching_name,
    sort_by_similarity,
)
from .._replacement.can_replace import (
    ACCEPT_OPTIONS,
    Overrides,
    PresentCertificate,
    find_replacement_obstacle,
    get_age,
    is_newer,
    select_best,
)
from .._replacement.index import StoreIndex, why_unavailable
from .._replacement.trust import TrustView
from .._softlayer.load_balancers import Balancer, Listener
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .target import Target
from .world import Record, World

if t.TYPE_CHECKING:
    from .._ledger.ledger import Entry, Key

PLACE_KEY = attrgetter("load_balancer", "port", "uuid")
"""The sort key of actions for listeners."""


@dataclass(frozen=True)
class Place:
    """A listener and its load balancer."""

    balancer: Balancer
    listener: Listener

    @property
    def name(self) -> str:
        """The name of the listener in messages."""
        return f"{self.balancer.name}:{self.listener.port}"

    @property
    def command_name(self) -> str:
        """The name of the listener in commands."""
        return remedies.format_listener(self.balancer.name, self.balancer.uuid, self.listener.port)


@dataclass(frozen=True)
class ListenerOptions:
    """A specified certificate for one listener."""

    certificate_id: int | None
    """The ID of the certificate; `None` in check mode for a certificate that would be imported."""
    load_balancer: str
    """Name, UUID, or ID of the load balancer."""
    port: int
    previous_certificate_id: int | None = None
    """The ID of the certificate that the listener must have before the switch; `None` for any certificate."""


@dataclass(frozen=True)
class ListenerSelection:
    """Criteria for HTTPS listeners, combined with AND; the values of a criterion combine with OR. `None` means no restriction."""

    common_names: Sequence[str] | None = None
    load_balancers: Sequence[str] | None = None
    ports: Sequence[int] | None = None

    def is_matching(self, place: Place, current: StoreCertificate | None) -> bool:
        """Return whether a listener meets all criteria; a listener with an unknown certificate matches no common name."""
        names = current.names if current else ()
        return (
            (self.common_names is None or has_matching_name(names, self.common_names))
            and (self.load_balancers is None or is_matching_name(place.balancer.name, self.load_balancers))
            and (self.ports is None or place.listener.port in self.ports)
        )


@dataclass(frozen=True)
class ListenerAction(Target):
    """The planned or completed action for one listener."""

    is_managed = True

    place: Place
    previous_record: StoreCertificate | None = field(default=None, repr=False)
    """The record of the previous certificate, if the store contains the record."""
    predecessor_id: int | None = None
    """For an unchanged listener, the ID of the valid certificate that was probably deployed before."""
    expired_predecessor: StoreCertificate | None = field(default=None, repr=False)
    """The expired certificate that was probably deployed before, if no valid certificate was."""
    is_predecessor_trusted: bool = False
    """Whether TLS clients would accept the certificate with `predecessor_id`."""
    is_way_back_lossy: bool = False
    """Whether the current certificate cannot replace the certificate with `predecessor_id`, for example because it has fewer DNS names."""
    is_promising: bool = False
    """Whether TLS clients should accept the previous certificate, according to the store."""
    is_rejection_accepted: bool = False
    """Whether the user accepts the rejection by TLS clients, with `allow_untrusted` or `allow_expired`."""

    @property
    def load_balancer(self) -> str:
        """The name of the load balancer."""
        return self.place.balancer.name

    @property
    def load_balancer_uuid(self) -> str | None:
        """The UUID of the load balancer; `None` if the load balancer was not found."""
        return self.place.balancer.uuid or None

    @property
    def address(self) -> str | None:
        """The address of the load balancer."""
        return self.place.balancer.address

    @property
    def port(self) -> int:
        """The TCP port."""
        return self.place.listener.port

    @property
    def uuid(self) -> str:
        """The UUID of the listener; empty if the listener was not found."""
        return self.place.listener.uuid

    @property
    def previous_id(self) -> int | None:
        """The ID of the certificate before the run."""
        return self.place.listener.certificate_id

    @property
    def final_handle(self) -> Handle | None:
        """The handle of the certificate in the API after the action."""
        if self.outcome == "rolled_back" or not self.is_changed:
            return self.previous_id
        return super().final_handle if self.target else self.target_id

    @property
    def expectation(self) -> Mapping[str, t.Any]:
        """The expected certificate, as facts for a message; for an unchanged listener, with the cause of an unexpected served certificate."""
        balancer, expected = self.place.balancer, {"certificate_id": self.target_id}
        if self.is_changed or not balancer.uuid or self.target_id is None:
            return {**expected, "cause": None}
        if not balancer.is_active:
            reason: DeployReason = "balancer_error" if balancer.is_final else "balancer_busy"
            return {**expected, "cause": Obstacle(reason, {"balancer": balancer})}
        over = self.expired_predecessor
        other: dict[str, t.Any] = {}
        if self.predecessor_id and not self.is_way_back_lossy:
            other = {"other_id": self.predecessor_id, "allow": []}
        elif over and {chain[0] for chain in self.served_chains} == {
            over.certificate
        }:  # else clients would lose something
            other = {"other_id": over.stored_id, "allow": [ACCEPT_OPTIONS["expired"]]}
        facts = {
            "balancer": balancer,
            "since": self.place.listener.modified_at,
            "called": self.place.command_name,
            **other,
        }
        return {**expected, "cause": Obstacle("not_served", facts)}

    def as_diff(self) -> dict[str, t.Any]:
        """Return the planned change in the form of Ansible's diffs."""
        target = self.target.facts() if self.target else {}
        return {
            "before_header": self.name,
            "after_header": self.name,
            "before": {"certificate_id": self.previous_id},
            "after": {
                "certificate_id": self.target_id,
                **build_diff_name(target.get("common_name"), choose_record_name(target)),
                "not_after": target.get("not_after"),
            },
        }


@dataclass(frozen=True)
class ListenerPlan:
    """The planned actions for all selected listeners."""

    world: World
    actions: Sequence[ListenerAction]
    impossible_switches: Sequence[Record] = ()
    """Records of approved switches that are no longer planned."""
    excess: Obstacle[t.Literal["too_many_listeners"]] | None = None
    """The obstacle if the run would switch more listeners than `max_listeners`."""
    failure: CertificatesError | None = None
    """The error if the ledger, which contains earlier switches, could not be read."""

    @property
    def changes(self) -> list[ListenerAction]:
        """The actions that change a listener."""
        return [action for action in self.actions if action.is_changed]


def why_too_many(planned: Sequence[ListenerAction], most: int) -> Obstacle[t.Literal["too_many_listeners"]] | None:
    """Return the obstacle of a plan with more switches than `max_listeners`; `None` within the limit."""
    if len(planned) <= most:
        return None
    names = [listener.name for listener in planned]
    return Obstacle("too_many_listeners", {"planned": len(planned), "max_listeners": most, "listeners": names})


def why_unmatched(
    selection: ListenerSelection, balancers: Iterable[Balancer], index: StoreIndex
) -> Obstacle[t.Literal["not_found"]] | None:
    """Return the obstacle of patterns without a match, with the available names; `None` if each pattern matches."""
    there, patterns = {balancer.name for balancer in balancers}, selection.load_balancers or ()
    unmatched = [pattern for pattern in patterns if not any(is_matching_name(name, [pattern]) for name in there)]
    if unmatched:
        return Obstacle("not_found", {"load_balancers": unmatched, "there": sort_by_similarity(unmatched[0], there)})
    there, patterns = {name for record in index for name in record.names}, selection.common_names or ()
    unmatched = [
        pattern for pattern in patterns if encode_name(pattern) not in there and not has_matching_name(there, [pattern])
    ]
    if unmatched:
        return Obstacle("not_found", {"common_names": unmatched, "there": sort_by_similarity(unmatched[0], there)})
    return None


def plan_renewals(world: World, selection: ListenerSelection) -> list[ListenerAction]:
    """Return the action for each selected HTTPS listener: a switch to the best certificate in the store, or an unchanged listener."""
    return sorted(
        (_plan_renewal(place, current, world) for place, current in _find_selected(world, selection)), key=PLACE_KEY
    )


def find_contenders(
    world: World, selection: ListenerSelection
) -> Iterator[tuple[StoreCertificate, list[StoreCertificate]]]:
    """Yield the certificate of each selected HTTPS listener, with newer certificates that cover its DNS names."""
    valid = world.index.select_valid(world.view.at)
    for _place, current in _find_selected(world, selection):
        if current and current.certificate:
            others = valid.find_covering(current.certificate.identities)
            yield (
                current,
                [each for each in others if each.handle != current.handle and get_age(each) >= get_age(current)],
            )


def _find_selected(world: World, selection: ListenerSelection) -> Iterator[tuple[Place, StoreCertificate | None]]:
    """Yield each selected HTTPS listener, with the record of its certificate."""
    for balancer in world.listed_balancers:
        for listener in balancer.listeners:
            place, current = Place(balancer, listener), world.index.by_handle.get(listener.certificate_id)
            if listener.is_https and selection.is_matching(place, current):
                yield place, current


def find_named_contenders(world: World, wanted: Iterable[ListenerOptions]) -> Iterator[StoreCertificate]:
    """Yield the specified certificates, and the current certificates of the specified listeners."""
    for options in wanted:
        place = _find_place(options, world.listed_balancers)
        if isinstance(place, Place) and options.certificate_id not in {None, place.listener.certificate_id}:
            records = map(world.index.by_handle.get, (options.certificate_id, place.listener.certificate_id))
            yield from (record for record in records if record and record.certificate)


def _plan_renewal(place: Place, current: StoreCertificate | None, world: World) -> ListenerAction:
    """Return the action for one listener in the renewal mode."""
    view, index = world.view, world.index
    kept = keep(place, current, {"kept": "best"}, world)
    if current is None or current.certificate is None:
        unknown = why_unknown(place, current)
        return replace(kept, outcome="skipped", reason=unknown.reason, facts=unknown.facts)
    fitting = [record for record in index.find_successors(current, view) if not why_unsupported(record, place.balancer)]
    if fitting:
        chosen = switch_to_best(place, kept, select_best(fitting, view))
        why_ended = why_balancer_ended(place) if chosen.is_changed else None
        return chosen.mark_failed(why_ended.reason, why_ended.facts) if why_ended else chosen
    near = find_rejected(place.balancer, current, index.find_sharing(current.certificate.identities), view)
    if near:
        newer, why = near[0]
        return replace(kept, outcome="skipped", reason=why.reason, facts={"newer": newer, "why": why})
    lifespan = view.find_lifespan(current)
    if lifespan.is_current(view.at):
        return kept
    limit = {"end": lifespan.end} if lifespan.is_over(view.at) else {"start": lifespan.begin}
    return replace(kept, facts={**kept.facts, **limit, "valid_id": kept.predecessor_id, "called": place.command_name})


def find_rejected(
    balancer: Balancer, current: StoreCertificate, others: Iterable[StoreCertificate], view: TrustView
) -> list[tuple[StoreCertificate, Obstacle[ObstacleReason]]]:
    """Return the newer certificates that cannot replace the certificate of a listener, with the obstacles.

    The newest certificate comes first, and certificates that are not valid now come last. Expired certificates are omitted unless their
    intermediate certificate has expired.
    """
    near = []
    for other in others:
        if other.certificate != current.certificate and is_newer(other, current, view):
            why = find_replacement_obstacle(other, PresentCertificate.of(current), view) or why_unsupported(
                other, balancer
            )
            if why and (why.reason not in {"expired", "expires_earlier"} or view.find_lifespan(other).limiting_issuer):
                near.append((other, why))
    out_of_date = {"expired", "expires_earlier", "not_yet_valid"}
    by_age = sorted(enumerate(near), key=lambda pair: (get_age(pair[1][0]), pair[1][0].id or 0, -pair[0]), reverse=True)
    return sorted((pair for _place, pair in by_age), key=lambda pair: pair[1].reason in out_of_date)


def why_unsupported(record: StoreCertificate, balancer: Balancer) -> Obstacle[ObstacleReason] | None:
    """Return the obstacle if a load balancer has no cipher suites for the key type of a certificate; `None` if it has some."""
    key_type = certificate_of(record).key_type
    if balancer.has_ciphers_for(key_type):
        return None
    facts = {"key_type": key_type, "load_balancer": balancer.name, "offers_rsa": balancer.has_ciphers_for("RSA")}
    return Obstacle("key_type_not_offered", facts)


def switch_to_best(place: Place, kept: ListenerAction, equals: Sequence[StoreCertificate]) -> ListenerAction:
    """Return the switch to the best certificate, or a failure if several are equally good."""
    if len(equals) == 1:
        return replace(_switch(place, equals[0], kept.previous_record), is_promising=kept.is_promising)
    return kept.mark_failed("ambiguous", {"equals": equals, "called": place.command_name})


def keep_unchanged(action: ListenerAction, index: StoreIndex) -> ListenerAction:
    """Return the action that leaves a listener unchanged and probes the listener."""
    current = index.by_handle.get(action.previous_id)
    as_now = replace(
        action,
        target=current,
        target_id=action.previous_id,
        is_changed=False,
        renewal_id=action.target.id if action.target and action.outcome == "switched" else action.renewal_id,
    )
    if action.outcome in {"unchanged", "skipped"}:
        return as_now
    facts: dict[str, t.Any] = {"kept": "as_it_is", "certificate_id": action.previous_id}
    if current is None and action.outcome == "failed":
        facts = {"planned": Obstacle(action.reason, action.facts)}
    return replace(as_now, outcome="unchanged", reason=None, facts=facts)


def predict_outcome(planned: ListenerAction, seen: ListenerAction, view: TrustView) -> ListenerAction:
    """Return the expected outcome of a listener in check mode, from the plan and a probe of the current state.

    The acceptance of a planned certificate is known only if the probe evaluated the current certificate.
    """
    if planned.outcome == "failed":
        return replace(planned, served_chains=seen.served_chains, accepted=seen.accepted, rejection=seen.rejection)
    if planned.outcome != "switched":
        return seen
    is_trusted = planned.target is not None and view.is_accepted(planned.target)
    return replace(
        planned.simulate(),
        served=None if seen.reason == "unreachable" or not seen.is_verifiable else bool(seen.served_chains),
        accepted=None if seen.accepted is None else is_trusted,
        rejection=None if is_trusted else seen.rejection,
        is_everywhere=seen.is_everywhere,
        leaves=seen.leaves,
    )


def hold_switched_back(
    actions: Iterable[ListenerAction], replaced: Mapping[Key, Entry], index: StoreIndex
) -> list[ListenerAction]:
    """Return the actions without switches of listeners whose current certificate an earlier run had replaced: somebody has switched them back.

    Args:
        actions: the planned actions.
        replaced: the replacements that earlier runs recorded; see `build_replaced_key`.
        index: the store.
    """
    held = []
    for action in actions:
        entry = replaced.get(build_replaced_key(action)) if action.is_changed and action.previous_record else None
        if entry:
            since = max(filter(None, (entry.requested_at, action.place.listener.modified_at)))
            facts = {"newer": action.target, "certificate_id": action.previous_id, "since": since}
            action = replace(
                keep_unchanged(action, index), outcome="skipped", reason="switched_back", facts=facts, renewal_id=None
            )
        held.append(action)
    return held


def select_replaced(actions: Iterable[ListenerAction]) -> list[ListenerAction]:
    """Return the completed switches to newer certificates, which are the ones that a user may undo."""
    return [
        action
        for action in actions
        if action.is_changed and action.outcome != "rolled_back"
        if (old := action.previous_record) and old.certificate and action.target
        if get_age(action.target) > get_age(old)
    ]


def build_replaced_key(action: ListenerAction) -> Key:
    """Return the key under which the ledger records that a run has replaced the previous certificate of a listener."""
    # Imported only here, because the ledger needs SQLAlchemy, which takes long to load.
    from .._ledger.ledger import Key

    return Key(
        "switch", f"{action.uuid} {certificate_of(t.cast(StoreCertificate, action.previous_record)).fingerprint_sha256}"
    )


def plan_named(world: World, wanted: Iterable[ListenerOptions], overrides: Overrides) -> list[ListenerAction]:
    """Return the action for each specified listener: the switch to the specified certificate, or a failure."""
    planned: dict[object, ListenerAction] = {}
    for options in wanted:
        action = _plan_listener(options, world, overrides)
        key = action.uuid or (options.load_balancer, options.port)
        first = planned.setdefault(key, action)
        if first.target_id != action.target_id:
            facts = {"listener": first.name, "certificate_ids": (first.target_id, action.target_id)}
            planned[key] = first.mark_failed("ambiguous", facts)
    return sorted(planned.values(), key=PLACE_KEY)


def _find_place(options: ListenerOptions, balancers: Sequence[Balancer]) -> Place | Obstacle[DeployReason]:
    """Return a specified listener, or the obstacle if the listener is missing or ambiguous."""
    name = options.load_balancer.strip()
    selected = [balancer for balancer in balancers if balancer.has_name(name)]
    if not selected:
        return Obstacle("not_found", {"load_balancer": name, "there": [balancer.name for balancer in balancers]})
    if len(selected) > 1:
        return Obstacle("ambiguous", {"load_balancer": name, "uuids": [balancer.uuid for balancer in selected]})
    balancer = selected[0]
    listener = next((listener for listener in balancer.listeners if listener.port == options.port), None)
    if listener is None:
        there = [listener.port for listener in balancer.listeners]
        return Obstacle("not_found", {"load_balancer": balancer.name, "port": options.port, "there": there})
    return Place(balancer, listener)


def _plan_listener(options: ListenerOptions, world: World, overrides: Overrides) -> ListenerAction:
    """Return the action for one specified listener."""
    place, view = _find_place(options, world.listed_balancers), world.view
    target = world.index.by_handle.get(options.certificate_id)
    if isinstance(place, Obstacle):
        balancer = Balancer(0, "", options.load_balancer, None, "", None, (), ())  # without a uuid, as it was not found
        missing = Place(balancer, Listener("", "", options.port, None))
        return ListenerAction(
            "failed", place.reason, place.facts, missing, target=target, target_id=options.certificate_id
        )
    current = world.index.by_handle.get(place.listener.certificate_id)
    switch = replace(_switch(place, target, current), target_id=options.certificate_id)
    if options.certificate_id is None:
        switch = replace(switch, facts={"is_known": False})
    elif place.listener.is_https and place.listener.certificate_id == options.certificate_id:
        return keep(place, current, {"kept": "same"}, world)
    why = _why_blocked(place, target, current, options, overrides, view)
    if why or target is None:
        return switch.mark_failed(why.reason, why.facts) if why else switch
    is_over = view.find_lifespan(target).is_over(view.at)
    is_rejection_accepted = (overrides.untrusted and not view.is_trusted(target)) or (overrides.expired and is_over)
    return replace(switch, is_rejection_accepted=is_rejection_accepted, is_promising=is_promising(current, view))


def _why_blocked(
    place: Place,
    target: StoreCertificate | None,
    current: StoreCertificate | None,
    options: ListenerOptions,
    overrides: Overrides,
    view: TrustView,
) -> Obstacle[DeployReason] | None:
    """Return the obstacle of a specified certificate; before the import of the certificate, only obstacles of the listener."""
    if not place.listener.is_https:
        return Obstacle("not_https", {"listener": place.name, "protocol": place.listener.protocol})
    if options.certificate_id is not None and (target is None or target.certificate is None):
        return why_unavailable(options.certificate_id, target)
    has, expected = place.listener.certificate_id, options.previous_certificate_id
    if expected not in {None, has}:
        return Obstacle("changed_meanwhile", {"listener": place.name, "certificate_id": has, "expected": expected})
    old = PresentCertificate.of(current) if current and current.certificate else None
    if old is None and has is not None and not overrides.name_loss:
        return why_unknown(place, current)
    if target is None:
        return why_balancer_ended(place)
    why, never = find_replacement_obstacle(target, old, view, overrides), why_unsupported(target, place.balancer)
    # To accept another type of key would not help where it is not offered.
    found = never if why is None or (never and why.reason == "key_type_differs") else why
    if found is None:
        return why_balancer_ended(place)
    return Obstacle(found.reason, {"certificate_id": options.certificate_id, "why": found})


def why_balancer_ended(place: Place) -> Obstacle[DeployReason] | None:
    """Return the obstacle if a load balancer is in a final state and cannot change; `None` if it can change."""
    return Obstacle("balancer_error", {"balancer": place.balancer}) if place.balancer.is_final else None


def why_unknown(place: Place, current: StoreCertificate | None) -> Obstacle[t.Literal["not_found"]]:
    """Return the obstacle of a listener without a readable certificate."""
    facts = {"listener": place.name, "certificate_id": place.listener.certificate_id, "called": place.command_name}
    return Obstacle("not_found", {**facts, "is_there": current is not None})


def keep(place: Place, current: StoreCertificate | None, facts: Mapping[str, t.Any], world: World) -> ListenerAction:
    """Return the action that leaves a listener unchanged, with the certificate that was probably deployed before."""
    view, new = world.view, world.imported_handles
    known = current if current and current.certificate else None
    before = world.index.find_predecessor(known, view, new) if known else None
    over = world.index.find_predecessor(known, view, new, may_be_over=True) if known and not before else None
    is_lossy = bool(known and before and find_replacement_obstacle(known, PresentCertificate.of(before), view))
    return ListenerAction(
        "unchanged",
        None,
        facts,
        place,
        current,
        target=current,
        target_id=place.listener.certificate_id,
        predecessor_id=before.id if before else None,
        expired_predecessor=over,
        is_predecessor_trusted=before is not None and view.is_trusted(before),
        is_way_back_lossy=is_lossy,
        is_promising=is_promising(current, view),
    )


def is_promising(current: StoreCertificate | None, view: TrustView) -> bool:
    """Return whether TLS clients should accept a certificate now, according to the store."""
    if current is None or current.certificate is None:
        return False
    return view.is_accepted(current) and view.find_lifespan(current).is_current(view.at)


def _switch(place: Place, target: StoreCertificate | None, current: StoreCertificate | None) -> ListenerAction:
    """Return the action that switches a listener to a certificate."""
    return ListenerAction(
        "switched",
        None,
        {"is_stored": False} if target and target.id is None else {},
        place,
        current,
        target=target,
        target_id=target.id if target else None,
        is_changed=True,
    )
