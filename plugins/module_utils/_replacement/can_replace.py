# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule that decides whether a certificate can replace another one, for all rooms. Private to softlayer.certificates.

Pure. A certificate can replace another one if the new certificate is valid now, is newer, has the same organization and key type, covers all
names of the other certificate, is trusted at least as much, and does not expire earlier while due for renewal. If TLS clients pin keys, the new
certificate must also have the same key. The contents of the certificates count, not the fields that the API returns, and the expiry is that of
the chain that TLS clients use. A certificate never hides, replaces, or deletes a certificate that the first cannot replace.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from .._base.codes import ObstacleReason
from .._base.errors import Obstacle
from .._base.names import find_wildcard
from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .._x509.chain import UNTRUSTED_REASONS, Chain
from .trust import LEVELS, TrustView


@dataclass(frozen=True)
class Overrides:
    """The differences that the user accepts for a specified certificate."""

    name_loss: bool = False
    key_type_change: bool = False
    organization_change: bool = False
    key_change: bool = False
    expired: bool = False
    untrusted: bool = False
    wildcards: bool = False
    """Whether a wildcard covers the DNS names below the wildcard; otherwise, only an identical name counts."""


ACCEPT_OPTIONS: Mapping[str, str] = {
    "expired": "allow_expired",
    "names_not_covered": "allow_name_loss",
    "organization_differs": "allow_organization_change",
    "key_type_differs": "allow_key_type_change",
    "untrusted": "allow_untrusted",
    "chain_incomplete": "allow_untrusted",
}
"""The option of `ssl_certificate_deploy` that accepts an obstacle for a specified certificate, by reason."""


@dataclass(frozen=True)
class PresentCertificate:
    """The certificate to replace: a record of the store, or the certificate of an order, whose content is unknown."""

    identities: frozenset[str]
    """The DNS names and IP addresses."""
    accepted_names: frozenset[str]
    """The names for which at least some TLS clients accept the certificate."""
    alternatives: frozenset[str]
    """The names for which all TLS clients accept the certificate."""
    key_type: str | None
    """The key type; `None` if unknown."""
    record: StoreCertificate | None = None
    """The record with certificate and chain; `None` for an order."""

    @classmethod
    def of(cls, record: StoreCertificate) -> PresentCertificate:
        """Return the `PresentCertificate` of a record with a certificate."""
        certificate = certificate_of(record)
        return cls(
            certificate.identities, certificate.accepted_names, certificate.alternatives, certificate.key_type, record
        )


def get_age(record: StoreCertificate) -> tuple[datetime, datetime]:
    """Return the sort key of a record with a certificate; the newest record sorts last."""
    return certificate_of(record).age


def can_supersede(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a certificate is newer than another one and can replace the other one."""
    return is_newer(new, old, view) and find_replacement_obstacle(new, PresentCertificate.of(old), view) is None


def is_newer(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a certificate became valid later, or at the same time and expires later, or has a better chain."""
    return get_age(new) > get_age(old) if new.certificate != old.certificate else has_better_chain(new, old, view)


def has_better_chain(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a record has a better chain for a certificate: more trusted, longer, or, if the other chain is due for renewal, with a later expiry."""
    if new.certificate != old.certificate or new.intermediates == old.intermediates:
        return False
    if view.find_level(new) != view.find_level(old):
        return view.find_level(new) > view.find_level(old)
    if view.is_trusted(old):
        return view.find_end(new) > view.find_end(old) and bool(view.find_lifespan(old).is_due(view.at))
    ours, theirs = view.find_chain(new).issuers, view.find_chain(old).issuers
    return len(ours) > len(theirs) and ours[: len(theirs)] == theirs


def is_equivalent(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> bool:
    """Return whether a certificate of exactly the same age can also replace the other one, so that the choice is ambiguous."""
    return (
        new.certificate != old.certificate
        and get_age(new) == get_age(old)
        and find_replacement_obstacle(new, PresentCertificate.of(old), view) is None
    )


def find_replacement_obstacle(
    new: StoreCertificate, old: PresentCertificate | None, view: TrustView, overrides: Overrides | None = None
) -> Obstacle[ObstacleReason] | None:
    """Return the reason why a certificate cannot replace another one, regardless of the age, or `None`.

    Args:
        new: a record with a certificate.
        old: the certificate to replace; `None` if unknown.
        view: the TLS clients that must trust the new certificate.
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
        return Obstacle("expired", {"end": lifespan.end, "issuer": lifespan.limiting_issuer})
    if lifespan.is_in_future(view.at):
        return Obstacle("not_yet_valid", {"start": lifespan.start, "issuer": lifespan.latest_issuer})
    expires_earlier = overrides is None and old.record is not None and view.find_end(new) < view.find_end(old.record)
    if expires_earlier and lifespan.is_due(view.at):
        return Obstacle("expires_earlier", {"end": lifespan.end, "issuer": lifespan.limiting_issuer})
    less_trusted = None if accepted.untrusted else _why_less_trusted(new, old, view)
    is_pinned = view.pins_keys and not accepted.key_change
    is_other_key = theirs and ours.public_key_sha256 != theirs.public_key_sha256
    return less_trusted or (Obstacle("key_differs") if is_pinned and is_other_key else None)


OVERRIDABLE: Mapping[str, str] = {
    "names_not_covered": "name_loss",
    "organization_differs": "organization_change",
    "key_type_differs": "key_type_change",
    "key_differs": "key_change",
}
"""The override for each obstacle that the user may accept for an initial certificate; users cannot accept a rejection by TLS clients."""


def find_obstacles(
    new: StoreCertificate, old: PresentCertificate | None, view: TrustView
) -> list[Obstacle[ObstacleReason]]:
    """Return all obstacles to a replacement, in the order of the checks. The list ends with the first obstacle that the user cannot accept."""
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


def list_accept_options(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> list[str] | None:
    """Return the options of `ssl_certificate_deploy` that switch a listener from one valid certificate to another, or `None` if no option does."""
    reasons = {why.reason for why in find_obstacles(new, PresentCertificate.of(old), view)} - {"key_differs"}
    is_possible = reasons <= {*OVERRIDABLE, *UNTRUSTED_REASONS.values()}
    return sorted({ACCEPT_OPTIONS[reason] for reason in reasons}) if is_possible else None


def find_losses(new: StoreCertificate, old: StoreCertificate, view: TrustView) -> list[Obstacle[str]]:
    """Return the properties that a replacement loses."""
    ours, theirs = certificate_of(new), certificate_of(old)
    names = find_lost_names(ours, PresentCertificate.of(old), wildcards=True)
    organizations, days = theirs.organizations - ours.organizations, (view.find_end(old) - view.find_end(new)).days
    found = {
        "names": {"names": names} if names else None,
        "organization": {"organizations": organizations} if organizations else None,
        "key_type": {"new": ours.key_type, "present": theirs.key_type} if ours.key_type != theirs.key_type else None,
        "key": {} if view.pins_keys and ours.public_key_sha256 != theirs.public_key_sha256 else None,
        "trust": {} if view.find_level(new) < view.find_level(old) else None,
        "time": {"days": days} if days > 0 else None,
    }
    return [Obstacle(kind, facts) for kind, facts in found.items() if facts is not None]


def _why_less_trusted(
    new: StoreCertificate, old: PresentCertificate, view: TrustView
) -> Obstacle[ObstacleReason] | None:
    """Return the reason why TLS clients would trust a certificate less than the other one, or `None`.

    The certificate of an order counts as trusted, because a public CA issues the certificate. For orders, a chain to any CA is sufficient,
    because users who request emails do not have the root certificates of a private CA. The replacement of a revoked certificate must be
    trusted at least as much as the revoked certificate before the revocation.
    """
    chain = view.find_chain(new)
    highest = LEVELS.index("trusted")
    needed = view.find_levels(old.record) if old.record else (highest, highest)
    is_enough = all(ours >= theirs for ours, theirs in zip(view.find_levels(new), needed, strict=True))
    if is_enough or (old.record is None and chain.issuers):
        return None
    is_revoked = bool(view.why_revoked(certificate_of(new), new.intermediates))
    return Obstacle(UNTRUSTED_REASONS[chain.trust], {"chain": chain, "is_revoked": is_revoked})


def find_lost_names(new: Certificate, old: PresentCertificate, *, wildcards: bool) -> list[str]:
    """Return the names and addresses of the other certificate that the new certificate does not cover, sorted.

    TLS clients must accept the new certificate for all names of the other certificate, so a common name cannot replace a DNS name.
    """
    lost = (
        old.identities - new.identities | old.accepted_names - new.accepted_names | old.alternatives - new.alternatives
    )
    return sorted(select_uncovered(lost, new.accepted_names) if wildcards else lost)


def select_uncovered(names: Iterable[str], accepted: Collection[str]) -> list[str]:
    """Return the names that no wildcard in `accepted` covers."""
    return [name for name in names if find_wildcard(name) not in accepted]


Copy = t.TypeVar("Copy")


def rank_copy(leaf: Certificate, chain: Chain) -> tuple[int, datetime, int]:
    """Return a sort key for copies of one certificate with different chains: the better copy sorts higher.

    The criteria are the trust in the chain (see `TrustView.find_chain`), the expiry of the chain, and the number of issuers.
    """
    end = min(certificate.not_after for certificate in (leaf, *chain.path))
    return LEVELS.index(chain.trust), end, len(chain.issuers)


def select_best_copies(
    copies: Iterable[Copy], view: TrustView, record_of: Callable[[Copy], StoreCertificate]
) -> list[Copy]:
    """Return the best copy of each certificate by `rank_copy`; among equal copies, the stored copy with the smallest ID, or else the first copy."""

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
    """Return the best records among the possible replacements of a record; several if equally good.

    The criteria are the level of trust, and then the age. For each certificate, only the best copy counts.
    """
    ranked = [
        ((view.find_level(record), get_age(record)), record)
        for record in select_best_copies(records, view, lambda record: record)
    ]
    highest = max((rank for rank, _record in ranked), default=None)
    return [record for rank, record in ranked if rank == highest]
