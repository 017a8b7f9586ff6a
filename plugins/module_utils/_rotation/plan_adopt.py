# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adopt an initial certificate: deploy a certificate to the listeners that the user specifies. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from .._base.codes import Code, DeployReason
from .._base.errors import CertificatesError, Obstacle
from .._base.names import build_listener_sort_key, is_matching_name
from .._base.text import join_first
from .._replacement.can_replace import (
    PresentCertificate,
    find_lost_names,
    find_replacement_obstacle,
    required_overrides,
    select_best,
)
from .._report.summary import MAX_LISTED
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .messages_import import why_skipped, why_unadopted
from .plan_deploy import (
    PLACE_KEY,
    ListenerAction,
    Place,
    is_promising,
    keep,
    switch_to_best,
    why_balancer_ended,
    why_unknown,
    why_unsupported,
)
from .plan_import import ImportSelection, SourceOptions, choose, choose_by_name
from .world import SourceCertificate, World


@dataclass(frozen=True)
class Adoption:
    """The certificate to adopt, and its listeners."""

    common_name: str
    """One DNS name of the certificate."""
    listeners: Sequence[str] | None = None
    """The listeners, such as `web:443`; `None` for all listeners that serve a DNS name of the certificate."""
    load_balancers: Sequence[str] | None = None
    """Patterns of load balancer names; `None` means no restriction."""


def find_places(world: World, adoption: Adoption, certificate: Certificate) -> list[Place]:
    """Return the listeners of an adoption.

    Raises:
        CertificatesError: `not_found`, with the available listeners; `ambiguous`.
    """
    every = [
        Place(balancer, listener)
        for balancer in world.listed_balancers
        if adoption.load_balancers is None or is_matching_name(balancer.name, adoption.load_balancers)
        for listener in balancer.listeners
    ]
    https = [place for place in every if place.listener.is_https]
    if adoption.listeners is not None:
        return _find_named_places(adoption.listeners, every)
    serving = [
        place
        for place in https
        if (record := world.index.by_handle.get(place.listener.certificate_id))
        and record.certificate
        and record.certificate.identities & certificate.identities
    ]
    if not serving:
        raise CertificatesError(
            "not_found",
            f"No listener serves {join_first(sorted(certificate.identities))}. Specify the listeners for the certificate, such as "
            f"listener={join_first([place.name for place in https]) or 'none'}.",
        )
    return serving


def _find_named_places(names: Sequence[str], every: Sequence[Place]) -> list[Place]:
    """Return the listeners with names such as `web:443`; a load balancer is specified by name, UUID, or ID."""
    selected = {name: _find_by_name(name.strip(), every) for name in names}
    missing = [name.strip() for name, places in selected.items() if not places]
    if missing:
        raise CertificatesError("not_found", _why_missing(missing, every))
    for name, places in selected.items():
        if len(places) > 1:
            uuids = join_first([f"{place.balancer.uuid}:{place.listener.port}" for place in places])
            raise CertificatesError(
                "ambiguous", f"Several listeners are named {name}. Specify the listener by UUID and port ({uuids})."
            )
    return [place for places in selected.values() for place in places]


def _find_by_name(name: str, every: Sequence[Place]) -> list[Place]:
    balancer, _colon, port = name.rpartition(":")
    return [place for place in every if place.balancer.has_name(balancer) and port == str(place.listener.port)]


def _why_missing(missing: Sequence[str], every: Sequence[Place]) -> str:
    """Return the message about missing listeners, with the available listeners."""
    of_balancer: dict[str, set[str]] = {place.balancer.name: set() for place in every}
    for place in every:
        if place.listener.is_https:
            of_balancer[place.balancer.name].add(place.name)
    balancers = [name for name in missing if name in of_balancer]
    unknown = [name for name in missing if name not in of_balancer]
    problems, there = [], set().union(*of_balancer.values())
    if unknown:
        problems.append(
            f"Listener {join_first(unknown)} does not exist, or the API user cannot access its load balancer."
        )
    else:
        there = set().union(*(of_balancer[name] for name in balancers)) or there
    if balancers:
        what = "is a load balancer" if len(balancers) == 1 else "are load balancers"
        problems.append(f"{join_first(balancers)} {what}. Specify listeners with their ports.")
    return (
        f"{' '.join(problems)} Available listeners: {join_first(sorted(there, key=build_listener_sort_key)) or 'none'}."
    )


def rate_fitness(world: World, adoption: Adoption, entry: SourceCertificate) -> tuple[bool, ...]:
    """Return a sort key for certificates with different key types: whether all listeners support the type, and whether all use it now."""
    places = find_places(world, adoption, entry.certificate)
    present = [world.index.by_handle.get(place.listener.certificate_id) for place in places]
    key_types = {record.certificate.key_type for record in present if record and record.certificate}
    key_type = entry.certificate.key_type
    return all(place.balancer.has_ciphers_for(key_type) for place in places), key_types == {key_type}


def plan_adoption(world: World, adoption: Adoption, entry: SourceCertificate) -> list[ListenerAction]:
    """Return the action for each listener of an adoption: the switch to the certificate or to a replacement in the store, or a failure.

    Args:
        world: the world, including the import of the certificate.
        adoption: the certificate and the listeners.
        entry: the certificate in a source.

    Raises:
        CertificatesError: errors of `find_places`.
    """
    index = world.index
    stored = select_best(
        [*index.find_copies(entry.certificate), *index.find_successors(entry.record, world.view)], world.view
    )
    places = find_places(world, adoption, entry.certificate)
    is_named = adoption.listeners is not None
    planned = {place.listener.uuid: _plan_listener(place, stored, world, entry, is_named=is_named) for place in places}
    return sorted(planned.values(), key=PLACE_KEY)


def _plan_listener(
    place: Place, equals: Sequence[StoreCertificate], world: World, entry: SourceCertificate, *, is_named: bool
) -> ListenerAction:
    """Return the action for one listener; `equals` are the best records for the adoption, all equally good."""
    current = world.index.by_handle.get(place.listener.certificate_id)
    kept = keep(place, current, {"kept": "same"}, world)
    if not equals:
        return replace(kept, facts={"kept": "not_stored"})
    if current and any(current.certificate == record.certificate for record in equals):
        is_same = current.certificate == entry.certificate
        return kept if is_same else replace(kept, facts={"kept": "newer", "certificate_id": current.id})
    action = switch_to_best(place, kept, equals)
    if not action.is_changed or action.target is None:
        return action
    why = _why_blocked(place, action.target, current, world, entry, is_named=is_named)
    return action.mark_failed(why.reason, why.facts) if why else action


def _why_blocked(
    place: Place,
    target: StoreCertificate,
    current: StoreCertificate | None,
    world: World,
    entry: SourceCertificate,
    *,
    is_named: bool,
) -> Obstacle[DeployReason] | None:
    """Return the obstacle of an adoption by a listener; differences from the current certificate are accepted."""
    if not place.listener.is_https:
        return Obstacle("not_https", {"listener": place.name, "protocol": place.listener.protocol})
    if place.listener.certificate_id is not None and (current is None or current.certificate is None):
        return why_unknown(place, current)
    old, certificate = PresentCertificate.of(current) if current else None, certificate_of(target)
    why = find_replacement_obstacle(target, old, world.view, required_overrides(target, old, world.view))
    if why:
        return Obstacle(why.reason, {"why": why})
    never = why_unsupported(target, place.balancer)
    if never:
        shown = certificate.shown_name
        names = [shown, *sorted(certificate.identities - {shown})]
        rsa = {"source": entry.source, "name": entry.name, "names": names} if certificate.key_type != "RSA" else {}
        return Obstacle(never.reason, {"why": never, **rsa})
    lost = find_lost_names(certificate, old, wildcards=True) if old else []
    if old and lost and old.identities.issubset(lost) and is_promising(current, world.view):
        return Obstacle("names_not_covered", {"lost": lost, "listener": place.name})  # a mistyped listener, it seems
    if lost and not is_named:
        return Obstacle("names_not_covered", {"lost": lost, "is_named": False})
    return why_balancer_ended(place)


def find_adopted_entry(world: World, adoption: Adoption, options: SourceOptions) -> SourceCertificate:
    """Return the certificate in the sources to adopt.

    Raises:
        CertificatesError: the reason if there is not exactly one certificate; errors of `find_places`.
    """
    fit = partial(rate_fitness, world, adoption)
    chosen = choose_by_name(world.bundles.entries, adoption.common_name, options, world.view, fit)
    if isinstance(chosen, SourceCertificate):
        return chosen
    raise CertificatesError(t.cast(Code, chosen.reason), why_unadopted(chosen, adoption.common_name, world.bundles))


def choose_adoption(
    world: World, adoption: Adoption, options: SourceOptions, patterns: Sequence[str] | None
) -> ImportSelection:
    """Return the selection with only the certificate to adopt, after a check of all listeners.

    Args:
        world: the world before the import.
        adoption: the certificate and the listeners.
        options: the options for the selection of imports.
        patterns: patterns of certificate names; `None` means no restriction.

    Raises:
        CertificatesError: errors of `find_adopted_entry` and `plan_adoption`; the reason if no listener can adopt the certificate.
    """
    entry = find_adopted_entry(world, adoption, options)
    if not entry.is_selected(patterns):
        raise CertificatesError(
            "invalid_argument",
            f"Cannot adopt {adoption.common_name}: common_names limits the run to {join_first(patterns or ['nothing'], MAX_LISTED)}. Add "
            f"{adoption.common_name} to common_names, or remove common_names.",
        )
    planned = plan_adoption(world.add_imports([entry.record], ()), adoption, entry)
    if all(action.has_failed for action in planned):  # then nothing is imported for nothing
        problems = [f"{action.name}: {action.message}" for action in planned]
        reason = t.cast(Code, planned[0].reason)
        raise CertificatesError(reason, join_first(problems, MAX_LISTED, " ", " "))
    chosen = choose([entry], world.index, replace(options, common_names=None), world.view)
    for skipped, why in chosen.skipped_entries:
        if why.reason == "ambiguous":
            raise CertificatesError("ambiguous", why_skipped(why, skipped))
    return chosen
