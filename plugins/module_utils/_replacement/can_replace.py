# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule that decides whether a certificate can replace another one, for all rooms. Private to softlayer.certificates.

Pure. A certificate can replace another one if it is valid now, is newer, has the same organization and key type, covers all names of the
other one, is trusted at least as much, and does not expire earlier while it is due for renewal. The contents of the certificates count, not
the fields that the API returns, and a certificate expires when the chain that TLS clients use expires. A certificate that cannot replace
another one never hides, replaces or deletes it.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .._base.codes import ObstacleReason
from .._base.errors import Obstacle
from .._base.names import wildcard_over
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .._x509.chain import UNTRUSTED, Chain
from .trust import LEVELS, TrustView


@dataclass(frozen=True)
class Overrides:
    """The differences that the user accepts for a certificate that they specify."""

    name_loss: bool = False
    key_type_change: bool = False
    organization_change: bool = False
    expired: bool = False
    untrusted: bool = False
    wildcards: bool = False
    """Whether a wildcard covers the DNS names below it; otherwise, only the same name counts."""


ACCEPT_OPTIONS: Mapping[str, str] = {
    "expired": "allow_expired",
    "names_not_covered": "allow_name_loss",
    "organization_differs": "allow_organization_change",
    "key_type_differs": "allow_key_type_change",
    "untrusted": "allow_untrusted",
    "chain_incomplete": "allow_untrusted",
}
"""The options of `ssl_certificate_deploy` that accept an obstacle, for a certificate that the user names."""


@dataclass(frozen=True)
class PresentCertificate:
    """The certificate to replace: a record of the store, or the certificate of an order, of which less is known."""

    identities: frozenset[str]
    """Its DNS names and IP addresses."""
    accepted: frozenset[str]
    """The names for which at least some TLS clients accept it."""
    alternatives: frozenset[str]
    """The names for which all TLS clients accept it."""
    key_type: str | None
    """The key type; `None` if it is unknown."""
    record: StoreCertificate | None = None
    """The certificate, with its chain; `None` for an order."""

    @classmethod
    def of(cls, record: StoreCertificate) -> PresentCertificate:
        """Return the `PresentCertificate` of a record with a certificate."""
        certificate = certificate_of(record)
        return cls(certificate.identities, certificate.accepted, certificate.alternatives, certificate.key_type, record)


def get_age(record: StoreCertificate) -> tuple[datetime, datetime]:
    """Return the sort key of a record with a certificate; the newest record sorts last."""
    return certificate_of(record).age


def can_supersede(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a certificate can replace another one."""
    return is_newer(new, old, view) and find_replacement_obstacle(new, PresentCertificate.of(old), view) is None


def is_newer(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a certificate became valid later, or at the same time and expires later, or is the same with a chain that the other record lacks."""
    return get_age(new) > get_age(old) if new.certificate != old.certificate else has_better_chain(new, old, view)


def has_better_chain(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a record has a better chain for the same certificate: a longer one, or one that expires later if the other one is due for renewal."""
    if new.certificate != old.certificate or new.intermediates == old.intermediates:
        return False
    if view.find_level(new) != view.find_level(old):
        return view.find_level(new) > view.find_level(old)
    if view.is_trusted(old):
        return view.find_end(new) > view.find_end(old) and bool(view.find_lifespan(old).is_due(view.at))
    ours, theirs = view.find_chain(new).issuers, view.find_chain(old).issuers
    return len(ours) > len(theirs) and ours[: len(theirs)] == theirs


def is_equivalent(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether another certificate of exactly the same age could also be used, so that the choice is ambiguous."""
    return (
        new.certificate != old.certificate
        and get_age(new) == get_age(old)
        and find_replacement_obstacle(new, PresentCertificate.of(old), view) is None
    )


def find_replacement_obstacle(
    new: StoreCertificate, old: PresentCertificate | None, view: TrustView, overrides: Overrides | None = None
) -> Obstacle[ObstacleReason] | None:
    """Return why a certificate must not take the place of another one, whichever is newer.

    Args:
        new: a record with a certificate.
        old: the certificate that it would replace; `None` if unknown.
        view: the trust of TLS clients.
        overrides: the differences that the user accepts.
    """
    ours, accepted = certificate_of(new), overrides or Overrides()
    if ours.not_after < view.at and not accepted.expired:
        return Obstacle("expired", {"end": ours.not_after})
    if ours.not_before > view.at:
        return Obstacle("not_yet_valid", {"start": ours.not_before})
    if view.is_revoked(ours):
        return Obstacle("revoked", {"revocation": view.revocations[ours]})
    if old is None:
        return None
    lost = find_lost_names(ours, old, wildcards=accepted.wildcards)
    if (lost or not old.identities) and not accepted.name_loss:
        return Obstacle("names_not_covered", {"lost": lost})
    theirs = old.record and certificate_of(old.record)
    if theirs and ours.organizations != theirs.organizations and not accepted.organization_change:
        return Obstacle("organization_differs", {"new": ours.organizations, "present": theirs.organizations})
    if old.key_type not in {None, ours.key_type} and not accepted.key_type_change:
        return Obstacle("key_type_differs", {"new": ours.key_type, "present": old.key_type})
    lifespan = view.find_lifespan(new)
    if lifespan.is_over(view.at) and not accepted.expired:
        return Obstacle("expired", {"end": lifespan.end, "issuer": lifespan.limited_by})
    if lifespan.starts_by and lifespan.is_to_come(view.at):
        return Obstacle("not_yet_valid", {"start": lifespan.start, "issuer": lifespan.starts_by})
    expires_earlier = overrides is None and old.record is not None and view.find_end(new) < view.find_end(old.record)
    if expires_earlier and lifespan.is_due(view.at):
        return Obstacle("expires_earlier", {"end": lifespan.end, "issuer": lifespan.limited_by})
    return None if accepted.untrusted else _why_less_trusted(new, old, view)


OVERRIDABLE: Mapping[str, str] = {
    "names_not_covered": "name_loss",
    "organization_differs": "organization_change",
    "key_type_differs": "key_type_change",
}
"""The obstacles that the user may accept for an initial certificate; never the rejection by TLS clients."""


def find_obstacles(
    new: StoreCertificate, old: PresentCertificate | None, view: TrustView
) -> list[Obstacle[ObstacleReason]]:
    """Return all obstacles that the user must accept before a certificate replaces another one; the last obstacle may be one that cannot be accepted."""
    found, overrides = [], Overrides(wildcards=True)
    while why := find_replacement_obstacle(new, old, view, overrides):
        found.append(why)
        if why.reason not in OVERRIDABLE:
            break
        overrides = replace(overrides, **{OVERRIDABLE[why.reason]: True})
    return found


def required_overrides(new: StoreCertificate, old: PresentCertificate | None, view: TrustView) -> Overrides:
    """Return the smallest set of overrides that lets one certificate replace another."""
    reasons = [why.reason for why in find_obstacles(new, old, view)]
    return Overrides(wildcards=True, **{OVERRIDABLE[reason]: True for reason in reasons if reason in OVERRIDABLE})


def find_losses(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> list[Obstacle[str]]:
    """Return the properties that are lost if a certificate replaces another one."""
    ours, theirs = certificate_of(new), certificate_of(old)
    names = find_lost_names(ours, PresentCertificate.of(old), wildcards=True)
    organizations, days = theirs.organizations - ours.organizations, (view.find_end(old) - view.find_end(new)).days
    found = {
        "names": {"names": names} if names else None,
        "organization": {"organizations": organizations} if organizations else None,
        "key_type": {"new": ours.key_type, "present": theirs.key_type} if ours.key_type != theirs.key_type else None,
        "trust": {} if view.find_level(new) < view.find_level(old) else None,
        "time": {"days": days} if days > 0 else None,
    }
    return [Obstacle(kind, facts) for kind, facts in found.items() if facts is not None]


def _why_less_trusted(
    new: StoreCertificate, old: PresentCertificate, view: TrustView
) -> Obstacle[ObstacleReason] | None:
    """Return why clients would trust a certificate less than the other one.

    The certificate of an order counts as trusted, because a public CA issues it. For orders, a chain to any CA is sufficient, because the
    root certificates of a private CA are not available to the users who request emails. A revoked certificate can be replaced only by one
    with at least the trust that it had before the revocation.
    """
    chain = view.find_chain(new)
    highest = LEVELS.index("trusted")
    needed = view.find_levels(old.record) if old.record else (highest, highest)
    is_enough = all(ours >= theirs for ours, theirs in zip(view.find_levels(new), needed, strict=True))
    if is_enough or (old.record is None and chain.issuers):
        return None
    is_revoked = bool(view.why_revoked(certificate_of(new), new.intermediates))
    return Obstacle(UNTRUSTED[chain.trust], {"chain": chain, "is_revoked": is_revoked})


def find_lost_names(new: Certificate, old: PresentCertificate, *, wildcards: bool) -> list[str]:
    """Return which names and addresses of the other one a certificate is not for, sorted.

    TLS clients must accept this one for all names for which they accept the other one, so a common name cannot replace a DNS name.
    """
    lost = old.identities - new.identities | old.accepted - new.accepted | old.alternatives - new.alternatives
    return sorted(select_uncovered(lost, new.accepted) if wildcards else lost)


def select_uncovered(names: Iterable[str], accepted: Collection[str]) -> list[str]:
    """Return the names that no wildcard among other names covers."""
    return [name for name in names if wildcard_over(name) not in accepted]


Copy = t.TypeVar("Copy")


def rank_copy(leaf: Certificate, chain: Chain) -> tuple[int, datetime, int]:
    """Return a sort key for copies of one certificate, each with its own chain: the better copy sorts higher.

    The criteria are whether clients trust the chain (they do not if something of it was revoked, see `TrustView.chain`), until when they
    use it, and how many issuers it has.
    """
    end = min(certificate.not_after for certificate in (leaf, *chain.path))
    return LEVELS.index(chain.trust), end, len(chain.issuers)


def select_best_copies(
    copies: Iterable[Copy], view: TrustView, record_of: Callable[[Copy], StoreCertificate]
) -> list[Copy]:
    """Return the best copy of each certificate by `rank_copy`; of equals the stored one with the smallest id, or the first one."""

    def rank(copy: Copy) -> tuple[tuple[int, datetime, int], float]:
        record = record_of(copy)
        return rank_copy(certificate_of(record), view.find_chain(record)), -(record.id or math.inf)

    found: dict[Certificate, Copy] = {}
    for copy in copies:
        rival = found.setdefault(certificate_of(record_of(copy)), copy)
        if rival is not copy and rank(copy) > rank(rival):
            found[certificate_of(record_of(copy))] = copy
    return list(found.values())


def select_best(records: Sequence[StoreCertificate], view: TrustView) -> list[StoreCertificate]:
    """Return the best of the records that can replace the same record; several if they are equally good.

    It is one on the highest level of trust, then the newest. Of records of the same certificate, it is the best copy.
    """
    ranked = [
        ((view.find_level(record), get_age(record)), record)
        for record in select_best_copies(records, view, lambda record: record)
    ]
    highest = max((rank for rank, _record in ranked), default=None)
    return [record for rank, record in ranked if rank == highest]
