# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the replaced and expired certificates to delete from the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from .._base.codes import KeptReason
from .._base.errors import Obstacle
from .._base.names import has_matching_name
from .._replacement.can_replace import list_accept_options
from .._replacement.trust import TrustView
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .endpoints import EndpointAction
from .plan_deploy import ListenerAction
from .world import World


@dataclass(frozen=True)
class RemovalPlan:
    """The certificates to delete, and the replaced or expired certificates to keep, each with a reason."""

    old_records: Sequence[StoreCertificate]
    kept_records: Sequence[tuple[StoreCertificate, Obstacle[KeptReason]]]
    expired_ids: frozenset[int] = frozenset()
    """The IDs of certificates to delete because they have expired, even without a replacement."""


def plan_removal(
    world: World,
    listeners: Sequence[ListenerAction],
    imported: Collection[StoreCertificate],
    patterns: Sequence[str] | None = None,
    *,
    remove_unverified: bool,
    superseded_after_days: float | None = 0,
    expired_after_days: float | None = None,
    expected: Mapping[int, str] = MappingProxyType({}),
    endpoints: Sequence[EndpointAction] = (),
    is_check_mode: bool = False,
) -> RemovalPlan:
    """Return the replaced and expired certificates to delete and to keep.

    A replaced certificate is deleted if a listener has a replacement that does not expire earlier, and if each listener that had the
    certificate or has the replacement was verified at all addresses. A certificate is kept if a service or an endpoint uses it, or if an
    endpoint that may use it was not verified at all addresses. Listeners outside the run count as not verified. An expired certificate is
    deleted if no service, listener, or endpoint uses it.

    Args:
        world: the most recently read world, with the imports of the run.
        listeners: the listeners of the run with their outcomes.
        imported: the imports of the run, which are always kept.
        patterns: patterns of certificate names; `None` means no restriction.
        remove_unverified: whether unreachable listeners count as verified, and unreachable endpoints as not using the certificates.
        superseded_after_days: minimum time for which the replacement of a deleted certificate has been in the store, so that users can switch
            back, unless the certificate has expired; `None` keeps replaced certificates.
        expired_after_days: minimum time since a deleted certificate expired; `None` keeps expired certificates without a replacement.
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
    stored_now = {record.handle for record in imported}
    stays = held | stored_now

    def why_used(record: StoreCertificate) -> Obstacle[KeptReason] | None:
        serving = [each.name for each in find_losing(record) if _is_serving(each, certificate_of(record), to_switch)]
        if why := _why_used(record, left[record.id], others[record.id]):
            return why
        if serving:
            return Obstacle("in_use", {"endpoints": serving})
        if record.stored_id in expected:
            return Obstacle("in_use", {"expected_by": expected[record.stored_id]})
        return None

    def find_losing(record: StoreCertificate) -> Sequence[EndpointAction]:
        """Return the endpoints that may lose a certificate of which the store keeps no other copy."""
        copies = {copy.handle for copy in index.find_copies(certificate_of(record))}
        return () if copies & stays else endpoints

    def why_unverified(
        record: StoreCertificate, replacing: Collection[StoreCertificate]
    ) -> Obstacle[KeptReason] | None:
        copies = {copy.handle for copy in index.find_copies(certificate_of(record))}
        new = {other.handle for other in replacing}
        unseen = [
            each
            for each in listeners
            if _is_concerned(each, record, copies, new) and not _is_verified(each, remove_unverified)
        ]
        handles = new | copies - {record.id} if new else ()
        elsewhere = [name for handle in handles for name in others.get(handle, ())]
        return _why_unverified(unseen, elsewhere) if unseen or elsewhere else None

    def why_not_replaced(
        record: StoreCertificate, replacing: Collection[StoreCertificate]
    ) -> Obstacle[KeptReason] | None:
        if why := why_unverified(record, replacing):
            return why
        hidden = [
            endpoint.name
            for endpoint in find_losing(record)
            if not (remove_unverified or endpoint.is_everywhere) and endpoint.can_serve(certificate_of(record))
        ]
        if hidden:
            return Obstacle("unreachable", {"endpoints": hidden})
        end = view.find_end(record)
        if all(view.find_end(other) < end for other in replacing):
            return Obstacle("expires_earlier", {"end": end})
        # A listener that this run has switched may have to go back. Otherwise, later renewals of the replacement do not prolong the wait.
        is_left_now = any(each.previous_id == record.id for each in listeners)
        successors = replacing if is_left_now else index.find_successors(record, view)
        stored_at = [view.at if each.handle in stored_now else each.created_at for each in successors]
        known = sorted(filter(None, stored_at))
        since = stored_at if is_left_now or not known else known[:1]
        if not superseded_after_days or end <= view.at or _is_past(since, superseded_after_days, view.at):
            return None
        return Obstacle(
            "replaced_recently",
            {
                "since": None if None in since else max(filter(None, since)),
                "days": superseded_after_days,
                **_find_way_back(record, replacing, [each for each in listeners if each not in to_switch], view),
            },
        )

    old: list[StoreCertificate] = []
    kept: list[tuple[StoreCertificate, Obstacle[KeptReason]]] = []
    expired = set()
    for record in index:
        if not record.id or record.id in stays or not record.certificate:
            continue
        has_expired = expired_after_days is not None and _is_past(
            [record.certificate.not_after], expired_after_days, view.at
        )
        is_selected = patterns is None or has_matching_name(record.names, patterns)
        if not is_selected or (superseded_after_days is None and not has_expired):
            continue
        if has_expired:
            why = why_used(record) or why_unverified(record, ())
        elif replacing := [each for each in index.find_successors(record, view) if each.handle in held | others.keys()]:
            why = why_used(record) or why_not_replaced(record, replacing)
        else:
            continue
        if why:
            kept.append((record, why))
        else:
            old.append(record)
            expired |= {record.id} if has_expired else set()
    return RemovalPlan(old, kept, frozenset(expired))


def _is_past(times: Sequence[datetime | None], days: float, at: datetime) -> bool:
    """Return whether all times are known and at least a number of days ago."""
    return all(time is not None and at - time >= timedelta(days=days) for time in times)


def _find_way_back(
    record: StoreCertificate,
    replacing: Collection[StoreCertificate],
    listeners: Iterable[ListenerAction],
    view: TrustView,
) -> dict[str, t.Any]:
    """Return the names in commands of the listeners that can be switched back to a replaced certificate, with the necessary overrides.

    A listener that an earlier run has switched is known only by its certificate, so it must not lose anything.
    """
    new, names, needed = {other.handle for other in replacing}, [], set[str]()
    for listener in listeners:
        if listener.final_handle not in new:
            continue
        allow = list_accept_options(record, t.cast(StoreCertificate, listener.target), view)
        had = listener.previous_id == record.id
        if allow == [] if not listener.is_changed else had and allow is not None:
            names.append(listener.place.command_name)
            needed.update(allow or ())
    return {"listeners": sorted(names), "allow": sorted(needed)}


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
