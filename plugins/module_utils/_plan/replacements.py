# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of the store could take the place of another one. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from .._api.balancers import Balancer
from .._api.store import Stored
from .._codes import DeployReason
from .._text import some_of
from .._times import iso
from .._x509.certificate import Certificate
from .expected import Expected

MOST_NAMED = 5
"""Maximum number of names in a message."""
Candidate: t.TypeAlias = "Stored | Expected"
"""What a listener may have: a record of the store, or one that the store will hold."""


@dataclass(frozen=True)
class Leeway:
    """What a user accepts of a certificate that they name."""

    name_loss: bool = False
    key_type_change: bool = False
    organization_change: bool = False
    expired: bool = False


def objection(
    new: Certificate, old: Certificate | None, balancer: Balancer, leeway: Leeway, at: datetime, *, wildcards: bool
) -> tuple[DeployReason, str] | None:
    """Return reason and message if a certificate could not take the place of another one on a balancer.

    Args:
        new: the certificate.
        old: what it would replace, if that is known.
        balancer: whose cipher suites it would be used with.
        leeway: what the user accepts.
        at: the present instant.
        wildcards: whether a name is covered by a wildcard, too, or only by the same name.
    """
    if new.not_after < at and not leeway.expired:
        return "expired", f"It expired at {iso(new.not_after)}. {_accept('expired')}"
    if new.not_before > at:
        return "not_yet_valid", f"It is not valid before {iso(new.not_before)}: run it again then."
    if old is not None:
        lost = lost_names(new, old, wildcards=wildcards)
        if lost and not leeway.name_loss:
            which = some_of(lost, MOST_NAMED)
            return "names_not_covered", f"It lacks names that are served now: {which}. {_accept('name_loss')}"
        if new.organization_name != old.organization_name and not leeway.organization_change:
            theirs, ours = old.organization_name or "none", new.organization_name or "none"
            return (
                "organization_differs",
                f"Its organization ({ours}) is not that of what is served now ({theirs}). {_accept('organization_change')}",
            )
        if new.key_type != old.key_type and not leeway.key_type_change:
            return (
                "key_type_not_offered",
                f"Its key is {new.key_type}, and that of what is served now is {old.key_type}. {_accept('key_type_change')}",
            )
    if not balancer.offers(new.key_type):
        return (
            "key_type_not_offered",
            f"Its key is {new.key_type}, and load balancer {balancer.name} has no cipher suites for such keys: no client could connect. "
            "Choose others for the balancer, or a certificate with another key.",
        )
    return None


def _accept(what: str) -> str:
    """Name the option that accepts an objection; only for a certificate that the user names."""
    return f"For a certificate that you name, allow_{what}: true accepts it."


def lost_names(new: Certificate, old: Certificate, *, wildcards: bool) -> list[str]:
    """Return the names and IP addresses that clients accept the old certificate for, and not the new one, sorted."""
    names = new.server_names
    lost = {name for name in old.server_names - names if not (wildcards and f"*.{name.partition('.')[2]}" in names)}
    return sorted(lost | (old.addresses - new.addresses))


def _names(certificate: Certificate) -> frozenset[str]:
    """Return the names and IP addresses that clients accept a certificate for."""
    return certificate.server_names | certificate.addresses


def is_newer(new: Certificate, old: Certificate) -> bool:
    """Return whether a certificate began later, or at the same time and ends later."""
    return (new.not_before, new.not_after) > (old.not_before, old.not_after)


def age_of(record: Candidate) -> tuple[datetime, datetime]:
    """Return what records with a certificate are sorted by, the newest last."""
    certificate = t.cast(Certificate, record.certificate)
    return certificate.not_before, certificate.not_after


class Candidates:
    """The records of the store, found by id, and by names that are compared with a listener's.

    Args:
        stored: all records.
        expected: what the store will hold; one that it holds already is the record.
    """

    def __init__(self, stored: Iterable[Stored], expected: Iterable[Expected] = ()) -> None:
        self.by_id = {record.id: record for record in stored}
        self._by_name: dict[str, list[Candidate]] = {}
        held = {record.certificate for record in self.by_id.values()}
        new = (one for one in dict.fromkeys(expected) if one.certificate not in held)
        records: list[Candidate] = [*self.by_id.values(), *new]
        for record in records:
            for name in _names(record.certificate) if record.certificate else ():
                self._by_name.setdefault(name, []).append(record)

    def related(self, certificate: Certificate) -> Iterator[tuple[Candidate, Certificate]]:
        """Yield the other records that have one of a certificate's names, with their certificates."""
        found = {
            record.id or record.certificate: record
            for name in _names(certificate)
            for record in self._by_name.get(name, ())
        }
        for record in found.values():
            if record.certificate and record.certificate != certificate:
                yield record, record.certificate

    def before(self, certificate: Certificate, at: datetime) -> Stored | None:
        """Return the newest older record that is valid and has all names of a certificate: what it probably replaced."""
        older = [
            record
            for record, other in self.related(certificate)
            if isinstance(record, Stored)
            and other.is_valid(at)
            and not is_newer(other, certificate)
            and not lost_names(other, certificate, wildcards=False)
        ]
        return max(older, key=age_of, default=None)
