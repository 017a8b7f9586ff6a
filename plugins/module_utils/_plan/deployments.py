# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listener should serve which certificate of the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import ipaddress
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._api.balancers import Balancer, Listener
from .._api.store import Stored
from .._codes import DeployOutcome, DeployReason
from .._errors import CertificatesError
from .._names import name_matches
from .._text import some_of
from .._times import iso
from .._x509.certificate import Certificate

MOST_NAMED = 5
"""Maximum number of names, ports or balancers in a message."""


@dataclass(frozen=True)
class Place:
    """A listener and its balancer."""

    balancer: Balancer
    listener: Listener

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.balancer.name}:{self.listener.port}"


@dataclass(frozen=True)
class Wish:
    """The certificate that a user wants on a listener."""

    certificate_id: int
    load_balancer: str
    """Name, uuid or id of the balancer."""
    port: int
    previous_certificate_id: int | None = None
    """The certificate that the listener must have now; `None` if that does not matter."""


@dataclass(frozen=True)
class Leeway:
    """What a user accepts of a certificate that they name."""

    name_loss: bool = False
    key_type_change: bool = False
    organization_change: bool = False
    expired: bool = False


@dataclass(frozen=True)
class ListenerSelection:
    """Which HTTPS listeners to renew. Criteria combine with AND, values within one with OR; `None` means no restriction."""

    common_names: Sequence[str] | None = None
    load_balancers: Sequence[str] | None = None
    ports: Sequence[int] | None = None

    def takes(self, place: Place, current: Stored | None) -> bool:
        """Return whether a listener meets all criteria; one whose certificate is unknown meets no pattern of names."""
        names = current.names if current else ()
        return (
            (self.common_names is None or any(name_matches(name, self.common_names) for name in names))
            and (self.load_balancers is None or name_matches(place.balancer.name, self.load_balancers))
            and (self.ports is None or place.listener.port in self.ports)
        )


@dataclass(frozen=True)
class Deployment:
    """What to do, or what was done, about one listener."""

    load_balancer: str
    """The balancer's name; if it was not found, what the user calls it."""
    port: int
    outcome: DeployOutcome
    reason: DeployReason | None
    message: str
    place: Place | None = None
    target: Stored | None = field(default=None, repr=False)
    """The certificate meant for it."""
    certificate_id: int | None = None
    """The id of that certificate, even if the store does not have it."""
    is_changed: bool = False
    """Whether the listener was, or would be, pointed to another certificate, even if it was pointed back afterwards."""
    served: bool | None = None
    served_fingerprint: str | None = None

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.load_balancer}:{self.port}"

    @property
    def at(self) -> Place:
        """Its place, for one that was found."""
        return t.cast(Place, self.place)

    @property
    def uuid(self) -> str:
        """The listener's uuid; empty if it was not found."""
        return self.place.listener.uuid if self.place else ""

    @property
    def previous_certificate_id(self) -> int | None:
        """The certificate that it had."""
        return self.place.listener.certificate_id if self.place else None

    def failed(self, reason: DeployReason, message: str, **changes: t.Any) -> Deployment:
        """Return it as a failure."""
        return replace(self, outcome="failed", reason=reason, message=message, **changes)

    def as_result(self) -> dict[str, t.Any]:
        """Return it in the form of the module's results."""
        place, facts = self.place, self.target.facts() if self.target else {}
        return {
            "load_balancer": self.load_balancer,
            "load_balancer_uuid": place.balancer.uuid if place else None,
            "address": place.balancer.address if place else None,
            "port": self.port,
            "listener_uuid": self.uuid or None,
            "common_name": facts.get("common_name"),
            "subject_alt_names": facts.get("subject_alt_names") or [],
            "previous_certificate_id": self.previous_certificate_id,
            "certificate_id": self.certificate_id,
            "not_after": facts.get("not_after"),
            "outcome": self.outcome,
            "reason": self.reason,
            "served": self.served,
            "served_fingerprint_sha256": self.served_fingerprint,
            "message": self.message,
        }


def by_place(deployment: Deployment) -> tuple[str, int, str]:
    """Return what deployments are sorted by: the balancer, then the port."""
    return deployment.load_balancer, deployment.port, deployment.uuid


def plan_renewals(
    balancers: Iterable[Balancer], stored: Sequence[Stored], selection: ListenerSelection, at: datetime
) -> list[Deployment]:
    """Decide for each selected HTTPS listener whether the store holds a better certificate than the one it has."""
    by_id = {record.id: record for record in stored}
    found = []
    for balancer in balancers:
        for listener in filter(lambda listener: listener.is_https, balancer.listeners):
            place = Place(balancer, listener)
            current = by_id.get(listener.certificate_id or 0)
            if selection.takes(place, current):
                found.append(_renewal(place, current, stored, at))
    return sorted(found, key=by_place)


def _renewal(place: Place, current: Stored | None, stored: Sequence[Stored], at: datetime) -> Deployment:
    """Decide about one listener."""
    kept = _kept(place, current, "The store holds no better certificate.")
    old = current.certificate if current else None
    if old is None:
        return replace(kept, outcome="skipped", reason="not_found", message=_why_unknown(place, current))
    newer = [record for record in stored if record.certificate and _is_newer(record.certificate, old)]
    fitting, near = [], []
    for record in newer:
        new = t.cast(Certificate, record.certificate)
        why = objection(new, old, place.balancer, Leeway(), at, wildcards=False)
        if why is None:
            fitting.append(record)
        elif why[0] != "expired" and new.server_names & old.server_names:
            near.append((record, *why))
    if fitting:
        chosen = _best(place, kept, fitting)
        why_ended = _why_ended(place) if chosen.is_changed else None
        return chosen.failed(*why_ended, is_changed=False) if why_ended else chosen
    if not near:
        return kept
    record, reason, message = max(near, key=lambda one: _age(one[0]))
    return replace(
        kept, outcome="skipped", reason=reason, message=f"The newer certificate {record.id} was not taken: {message}"
    )


def _best(place: Place, kept: Deployment, fitting: Sequence[Stored]) -> Deployment:
    """Return the switch to the newest certificate, or a failure if there are two such."""
    newest = max(map(_age, fitting))
    best = [record for record in fitting if _age(record) == newest]
    if len({(record.certificate, record.intermediates) for record in best}) > 1:
        ids = ", ".join(str(record.id) for record in best)
        return kept.failed(
            "ambiguous",
            f"The store holds several equally good certificates (ids {ids}): name one by certificate_id, or delete the others.",
        )
    return _switch(place, min(best, key=lambda record: record.id))


def plan_wishes(
    balancers: Sequence[Balancer],
    stored: Iterable[Stored],
    wishes: Iterable[Wish],
    leeway: Leeway,
    at: datetime,
) -> list[Deployment]:
    """Decide for each listener that a user names whether the certificate that they name can be put there."""
    by_id = {record.id: record for record in stored}
    planned: dict[object, Deployment] = {}
    for wish in wishes:
        one = _wished(wish, _find(wish, balancers), by_id, leeway, at)
        key = one.uuid or (wish.load_balancer, wish.port)
        first = planned.setdefault(key, one)
        if first.certificate_id != one.certificate_id:
            planned[key] = first.failed(
                "ambiguous",
                f"{first.name} is given two certificates (ids {first.certificate_id} and {one.certificate_id}): leave one of the two.",
                is_changed=False,
            )
    return sorted(planned.values(), key=by_place)


def _find(wish: Wish, balancers: Sequence[Balancer]) -> Place | CertificatesError:
    """Return the listener that a user means, or why there is no such."""
    name = wish.load_balancer
    found = [
        one for one in balancers if one.name == name or one.uuid.lower() == name.lower() or str(one.id) == name.strip()
    ]
    if not found:
        return CertificatesError(
            "not_found",
            f"There is no load balancer {name}, or the API user has no access to it; there are: {_some(one.name for one in balancers)}.",
        )
    if len(found) > 1:
        return CertificatesError(
            "ambiguous",
            f"Several load balancers are called {name}: name one by its uuid ({_some(one.uuid for one in found)}).",
        )
    balancer = found[0]
    listener = next((one for one in balancer.listeners if one.port == wish.port), None)
    if listener is None:
        ports = _some(str(one.port) for one in balancer.listeners)
        return CertificatesError(
            "not_found", f"Load balancer {balancer.name} has no listener on port {wish.port}; it has: {ports}."
        )
    return Place(balancer, listener)


def _some(texts: Iterable[str]) -> str:
    return some_of(list(texts), MOST_NAMED) or "none"


def _wished(
    wish: Wish, place: Place | CertificatesError, stored: Mapping[int, Stored], leeway: Leeway, at: datetime
) -> Deployment:
    """Decide about one listener that a user names."""
    target = stored.get(wish.certificate_id)
    if isinstance(place, CertificatesError):
        return Deployment(
            wish.load_balancer,
            wish.port,
            "failed",
            t.cast(DeployReason, place.code),
            place.message,
            target=target,
            certificate_id=wish.certificate_id,
        )
    current = stored.get(place.listener.certificate_id or 0)
    switch = replace(_switch(place, target), certificate_id=wish.certificate_id)
    if place.listener.is_https and place.listener.certificate_id == wish.certificate_id:
        return replace(_kept(place, current, "It has this certificate already."), certificate_id=wish.certificate_id)
    why = _why_not(place, target, current, wish, leeway, at)
    return switch.failed(*why, is_changed=False) if why else switch


def _why_not(
    place: Place, target: Stored | None, current: Stored | None, wish: Wish, leeway: Leeway, at: datetime
) -> tuple[DeployReason, str] | None:
    """Return reason and message if a listener must not get the certificate that a user names."""
    if not place.listener.is_https:
        protocol = place.listener.protocol or "another protocol"
        return "not_https", f"The listener {place.name} is for {protocol}: only HTTPS listeners have a certificate."
    if target is None or target.certificate is None:
        what = "holds no certificate" if target is None else "holds nothing that can be read as certificate"
        return "not_found", f"The store {what} {wish.certificate_id}: ssl_certificate_info lists those that it holds."
    has = place.listener.certificate_id
    if wish.previous_certificate_id not in {None, has}:
        return (
            "ambiguous",
            f"The listener {place.name} has {f'certificate {has}' if has else 'no certificate'} and not {wish.previous_certificate_id}, as "
            "the plan says: it was changed meanwhile. Plan anew.",
        )
    old = current.certificate if current else None
    if old is None and place.listener.certificate_id is not None and not leeway.name_loss:
        return (
            "not_found",
            f"{_why_unknown(place, current)} allow_name_loss: true switches it without comparing the names.",
        )
    return objection(target.certificate, old, place.balancer, leeway, at, wildcards=True) or _why_ended(place)


def _why_ended(place: Place) -> tuple[DeployReason, str] | None:
    """Return reason and message if a listener's balancer accepts no change any more."""
    balancer = place.balancer
    if not balancer.has_ended:
        return None
    return "balancer_error", (
        f"Load balancer {balancer.name} is {balancer.provisioning_status}, which does not pass by itself: see to it in the console."
        f"{balancer.shown_error}"
    )


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
    return sorted(lost | (_addresses(old) - _addresses(new)))


def _addresses(certificate: Certificate) -> set[str]:
    found = set()
    for value in certificate.subject_alt_names:
        with suppress(ValueError):
            found.add(str(ipaddress.ip_address(value)))
    return found


def _is_newer(new: Certificate, old: Certificate) -> bool:
    return (new.not_before, new.not_after) > (old.not_before, old.not_after)


def _age(record: Stored) -> tuple[datetime, datetime]:
    certificate = t.cast(Certificate, record.certificate)
    return certificate.not_before, certificate.not_after


def _why_unknown(place: Place, current: Stored | None) -> str:
    """Say why the certificate that a listener has is not known."""
    identifier = place.listener.certificate_id
    if identifier is None:
        return f"The listener {place.name} has no certificate."
    why = "is not in the store" if current is None else "cannot be read"
    return f"Certificate {identifier}, which the listener {place.name} has, {why}, so its names are not known."


def _kept(place: Place, current: Stored | None, message: str) -> Deployment:
    """Return what leaves a listener as it is."""
    return Deployment(
        place.balancer.name,
        place.listener.port,
        "unchanged",
        None,
        message,
        place=place,
        target=current,
        certificate_id=place.listener.certificate_id,
    )


def _switch(place: Place, target: Stored | None) -> Deployment:
    """Return what points a listener to a certificate."""
    return Deployment(
        place.balancer.name,
        place.listener.port,
        "switched",
        None,
        "Switched.",
        place=place,
        target=target,
        certificate_id=target.id if target else None,
        is_changed=True,
    )
