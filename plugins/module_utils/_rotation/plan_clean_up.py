# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the replaced certificates to delete from the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .._base.codes import KeptReason
from .._base.errors import Obstacle
from .._base.names import has_matching_name
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .endpoints import EndpointAction
from .plan_deploy import ListenerAction
from .world import World


@dataclass(frozen=True)
class RemovalPlan:
    """The replaced certificates to delete, and the replaced certificates to keep, each with a reason."""

    old_records: Sequence[StoreCertificate]
    kept_records: Sequence[tuple[StoreCertificate, Obstacle[KeptReason]]]


def plan_removal(
    world: World,
    listeners: Sequence[ListenerAction],
    imported: Collection[StoreCertificate],
    patterns: Sequence[str] | None = None,
    *,
    remove_unverified: bool,
    expected: Mapping[int, str] = MappingProxyType({}),
    endpoints: Sequence[EndpointAction] = (),
    is_check_mode: bool = False,
) -> RemovalPlan:
    """Return the replaced certificates to delete and to keep.

    A certificate is deleted if a listener has a replacement that does not expire earlier, and if each listener that had the certificate or has
    the replacement was verified at all addresses. A certificate is kept if a service or an endpoint uses it, or if an endpoint that may use it
    was not verified at all addresses. Listeners outside the run count as not verified.

    Args:
        world: the most recently read world, with the imports of the run.
        listeners: the listeners of the run with their outcomes.
        imported: the imports of the run, which are always kept.
        patterns: patterns of certificate names; `None` means no restriction.
        remove_unverified: whether unreachable listeners count as verified, and unreachable endpoints as not using the certificates.
        expected: IDs of certificates that endpoints must serve, each with the option that specifies the endpoint.
        endpoints: the probed endpoints.
        is_check_mode: whether planned switches count as made, also for endpoints at the address and port of a listener.
    """
    index, view = world.index, world.view
    present = {listener.uuid: listener.final_handle for listener in listeners}
    others: dict[Handle | None, list[str]] = defaultdict(list)
    left: Counter[int | None] = Counter()
    for balancer in world.listed_balancers:
        for listener in balancer.listeners:
            if listener.is_https and listener.uuid not in present:
                others[listener.certificate_id].append(f"{balancer.name}:{listener.port}")
            elif present.get(listener.uuid) != listener.certificate_id:
                left[listener.certificate_id] += 1
    to_switch = [listener for listener in listeners if is_check_mode and listener.is_changed]
    held = set(present.values())
    stays = held | {record.handle for record in imported}

    def why_kept(record: StoreCertificate, replacing: Collection[StoreCertificate]) -> Obstacle[KeptReason] | None:
        certificate = certificate_of(record)
        copies = {copy.handle for copy in index.find_copies(certificate)}
        losing = () if copies & stays else endpoints
        new = {other.handle for other in replacing}
        unseen = [
            each
            for each in listeners
            if _is_concerned(each, record, copies, new) and not _is_verified(each, remove_unverified)
        ]
        elsewhere = [name for handle in new | copies - {record.id} for name in others.get(handle, ())]
        serving = [endpoint.name for endpoint in losing if _is_serving(endpoint, certificate, to_switch)]
        hidden = [
            endpoint.name
            for endpoint in losing
            if not (remove_unverified or endpoint.is_everywhere) and endpoint.can_serve(certificate)
        ]
        if why_used := _why_used(record, left[record.id], others[record.id]):
            return why_used
        if serving:
            return Obstacle("in_use", {"endpoints": serving})
        if record.stored_id in expected:
            return Obstacle("in_use", {"expected_by": expected[record.stored_id]})
        if unseen or elsewhere:
            return _why_unverified(unseen, elsewhere)
        if hidden:
            return Obstacle("unreachable", {"endpoints": hidden})
        expires_earlier = all(view.find_end(other) < view.find_end(record) for other in replacing)
        return Obstacle("expires_earlier", {"end": view.find_end(record)}) if expires_earlier else None

    old: list[StoreCertificate] = []
    kept: list[tuple[StoreCertificate, Obstacle[KeptReason]]] = []
    for record in index:
        if not record.id or record.id in stays or not record.certificate:
            continue
        replacing = [other for other in index.find_successors(record, view) if other.handle in held | others.keys()]
        if not replacing or not (patterns is None or has_matching_name(record.names, patterns)):
            continue
        if why := why_kept(record, replacing):
            kept.append((record, why))
        else:
            old.append(record)
    return RemovalPlan(old, kept)


def _is_serving(endpoint: EndpointAction, certificate: Certificate, to_switch: Sequence[ListenerAction]) -> bool:
    """Return whether an endpoint serves a certificate, except at addresses of listeners with a planned switch."""
    addresses = [address for address, leaf in endpoint.leaves if leaf == certificate]
    return any(not any(endpoint.is_at(listener, address) for listener in to_switch) for address in addresses)


def _is_concerned(
    listener: ListenerAction, old: StoreCertificate, copies: Collection[Handle], replacing: Collection[Handle]
) -> bool:
    """Return whether a listener had a certificate, served it during the run, or has its replacement."""
    is_served = any(certificate_of(old) == chain[0] for chain in listener.served_chains)
    return listener.previous_id in copies or listener.final_handle in replacing or is_served


def _is_verified(listener: ListenerAction, remove_unverified: bool) -> bool:
    """Return whether a listener serves its certificate, and TLS clients accept the certificate."""
    if listener.has_failed or not listener.is_known or listener.served is False or listener.accepted is False:
        return False
    return remove_unverified or (listener.accepted is True and listener.is_everywhere)


def _why_unverified(unseen: Sequence[ListenerAction], elsewhere: Sequence[str]) -> Obstacle[KeptReason]:
    """Return the reason for keeping a record with an unverified or rejected replacement; `elsewhere` names listeners outside the run."""
    is_other_served = any(listener.served is False for listener in unseen)
    refused = [listener for listener in unseen if listener.served and listener.accepted is False]
    if refused and not is_other_served:
        names = [listener.name for listener in refused]
        return Obstacle("not_accepted", {"listeners": names, "refusal": refused[0].rejection})
    names = [*(listener.name for listener in unseen), *elsewhere]
    return Obstacle("not_served" if is_other_served else "unreachable", {"listeners": names})


def _why_used(record: StoreCertificate, left: int, users: Sequence[str]) -> Obstacle[KeptReason] | None:
    """Return the service or listener that uses a record; `left` listeners of the run no longer use it, `users` are listeners outside the run."""
    count = record.associated_service_count
    if users:
        return Obstacle("in_use", {"listeners": users})
    if record.is_unused or (count is not None and count <= left):
        return None
    return Obstacle("in_use", {"services": None if count is None else count - left})


def as_result(record: StoreCertificate, outcome: str, reason: str | None, message: str) -> Mapping[str, t.Any]:
    """Return the result record of a certificate in the store."""
    return {"id": record.id, **record.facts(), "outcome": outcome, "reason": reason, "message": message}
