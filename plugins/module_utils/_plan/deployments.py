# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listener should serve which certificate of the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._api.balancers import Balancer, Listener
from .._api.store import Stored
from .._codes import DeployOutcome, DeployReason
from .._errors import CertificatesError
from .._names import any_matches, name_matches
from .._text import some_of
from .._times import iso
from .._x509.certificate import Certificate
from .expected import Expected
from .replacements import Candidate, Candidates, Leeway, age_of, is_newer, objection

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
class ListenerSelection:
    """Which HTTPS listeners to renew. Criteria combine with AND, values within one with OR; `None` means no restriction."""

    common_names: Sequence[str] | None = None
    load_balancers: Sequence[str] | None = None
    ports: Sequence[int] | None = None

    def takes(self, place: Place, current: Stored | None) -> bool:
        """Return whether a listener meets all criteria; one whose certificate is unknown meets no pattern of names."""
        names = current.names if current else ()
        return (
            (self.common_names is None or any_matches(names, self.common_names))
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
    target: Candidate | None = field(default=None, repr=False)
    """The certificate meant for it."""
    certificate_id: int | None = None
    """The id of that certificate, even if the store does not have it; `None` if it is not stored yet."""
    is_changed: bool = False
    """Whether the listener was, or would be, pointed to another certificate, even if it was pointed back afterwards."""
    fallback_id: int | None = None
    """For one that stays as it is: the certificate that the present one has probably replaced."""
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
    def is_to_be_seen(self) -> bool:
        """Whether it can be looked at whether it serves what it should: the new certificate, or the one that it keeps."""
        is_known = self.target is not None and self.target.certificate is not None
        return is_known and self.outcome in {"switched", "unchanged", "skipped"}

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
            "fingerprint_sha256": facts.get("fingerprint_sha256"),
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
    balancers: Iterable[Balancer],
    stored: Sequence[Stored],
    selection: ListenerSelection,
    at: datetime,
    expected: Iterable[Expected] = (),
) -> list[Deployment]:
    """Decide for each selected HTTPS listener whether the store holds, or will hold, a better certificate than the one it has."""
    candidates = Candidates(stored, expected)
    found = []
    for balancer in balancers:
        for listener in filter(lambda listener: listener.is_https, balancer.listeners):
            place = Place(balancer, listener)
            current = candidates.by_id.get(listener.certificate_id or 0)
            if selection.takes(place, current):
                found.append(_renewal(place, current, candidates, at))
    return sorted(found, key=by_place)


def _renewal(place: Place, current: Stored | None, candidates: Candidates, at: datetime) -> Deployment:
    """Decide about one listener."""
    kept = _kept(place, current, "The store holds no better certificate.", candidates, at)
    old = current.certificate if current else None
    if old is None:
        return replace(kept, outcome="skipped", reason="not_found", message=_why_unknown(place, current))
    fitting, near = [], []
    for record, new in candidates.related(old):
        if not is_newer(new, old):
            continue
        why = objection(new, old, place.balancer, Leeway(), at, wildcards=False)
        if why is None:
            fitting.append(record)
        elif why[0] != "expired":
            near.append((record, *why))
    if fitting:
        chosen = _best(place, kept, fitting)
        why_ended = _why_ended(place) if chosen.is_changed else None
        return chosen.failed(*why_ended, is_changed=False) if why_ended else chosen
    if not near:
        return replace(kept, message=f"{kept.message}{_if_expired(old, kept, at)}")
    record, reason, message = max(near, key=lambda one: age_of(one[0]))
    which = (
        str(record.id)
        if isinstance(record, Stored)
        else f"with the SHA-256 {record.fingerprint}, which is not stored yet,"
    )
    return replace(
        kept, outcome="skipped", reason=reason, message=f"The newer certificate {which} was not taken: {message}"
    )


def _if_expired(old: Certificate, kept: Deployment, at: datetime) -> str:
    """Say of a listener that stays as it is that its certificate has expired, and which valid one there is."""
    if old.is_valid(at):
        return ""
    other = f" Certificate {kept.fallback_id} is valid, though it began earlier: name it to have it served."
    return f" What the listener has is valid until {iso(old.not_after)} only.{other if kept.fallback_id else ''}"


def _best(place: Place, kept: Deployment, fitting: Sequence[Candidate]) -> Deployment:
    """Return the switch to the newest certificate, or a failure if there are two such."""
    newest = max(map(age_of, fitting))
    best = [record for record in fitting if age_of(record) == newest]
    if len({(record.certificate, record.intermediates) for record in best}) > 1:
        return kept.failed("ambiguous", _why_ambiguous(best))
    return _switch(place, min(best, key=lambda record: record.id or 0))


def _why_ambiguous(best: Sequence[Candidate]) -> str:
    """Say that none of several certificates is the best one."""
    ids = ", ".join(str(record.id) for record in best if isinstance(record, Stored))
    new = ", ".join(record.fingerprint for record in best if isinstance(record, Expected))
    if not new:
        return f"The store holds several equally good certificates (ids {ids}): name one by certificate_id, or delete the others."
    which = f"{f'ids {ids}; ' if ids else ''}not stored yet, with the SHA-256 {new}"
    return f"The store would hold several equally good certificates ({which}): have it hold only one of them."


def plan_wishes(
    balancers: Sequence[Balancer],
    stored: Iterable[Stored],
    wishes: Iterable[Wish],
    leeway: Leeway,
    at: datetime,
) -> list[Deployment]:
    """Decide for each listener that a user names whether the certificate that they name can be put there."""
    candidates = Candidates(stored)
    planned: dict[object, Deployment] = {}
    for wish in wishes:
        one = _wished(wish, _find(wish, balancers), candidates, leeway, at)
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
    wish: Wish, place: Place | CertificatesError, candidates: Candidates, leeway: Leeway, at: datetime
) -> Deployment:
    """Decide about one listener that a user names."""
    target = candidates.by_id.get(wish.certificate_id)
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
    current = candidates.by_id.get(place.listener.certificate_id or 0)
    switch = replace(_switch(place, target), certificate_id=wish.certificate_id)
    if place.listener.is_https and place.listener.certificate_id == wish.certificate_id:
        return replace(
            _kept(place, current, "It has this certificate already.", candidates, at),
            certificate_id=wish.certificate_id,
        )
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
    why = objection(target.certificate, old, place.balancer, leeway, at, wildcards=True)
    return (why[0], f"Certificate {wish.certificate_id} was not taken: {why[1]}") if why else _why_ended(place)


def _why_ended(place: Place) -> tuple[DeployReason, str] | None:
    """Return reason and message if a listener's balancer accepts no change any more."""
    return ("balancer_error", place.balancer.why_ended) if place.balancer.has_ended else None


def _why_unknown(place: Place, current: Stored | None) -> str:
    """Say why the certificate that a listener has is not known."""
    identifier = place.listener.certificate_id
    if identifier is None:
        return f"The listener {place.name} has no certificate."
    why = "is not in the store" if current is None else "cannot be read"
    return f"Certificate {identifier}, which the listener {place.name} has, {why}, so its names are not known."


def _kept(place: Place, current: Stored | None, message: str, candidates: Candidates, at: datetime) -> Deployment:
    """Return what leaves a listener as it is."""
    before = candidates.before(current.certificate, at) if current and current.certificate else None
    return Deployment(
        place.balancer.name,
        place.listener.port,
        "unchanged",
        None,
        message,
        place=place,
        target=current,
        certificate_id=place.listener.certificate_id,
        fallback_id=before.id if before else None,
    )


def _switch(place: Place, target: Candidate | None) -> Deployment:
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
