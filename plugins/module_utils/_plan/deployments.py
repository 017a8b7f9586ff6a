# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listener should serve which certificate of the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches

from .._api.balancers import Balancer, Listener
from .._api.store import StoreCertificate
from .._codes import ApprovalReason, DeployOutcome, DeployReason, Obstacle
from .._errors import CertificatesError
from .._names import any_matches, ascii_name, name_matches
from .._text import some_of
from .._times import iso
from .._x509.certificate import Certificate
from .._x509.lifespan import NOT_KNOWN, Lifespan
from .store_index import StoreIndex
from .superseding import (
    ACCEPT,
    Clients,
    Incumbent,
    Overrides,
    age,
    best,
    certificate_of,
    is_newer,
    why_not_in_place_of,
)

MOST_NAMED = 5
"""Maximum number of names, ports or balancers in a message."""
WHOLE_CHAIN = "Import it again with all its intermediate certificates; if its authority is one of your own, give its root as trusted_ca_path."
"""What to do about a certificate that clients refuse."""


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
class ListenerOptions:
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

    def takes(self, place: Place, current: StoreCertificate | None) -> bool:
        """Return whether a listener meets all criteria; one whose certificate is unknown meets no pattern of names."""
        names = current.names if current else ()
        return (
            (self.common_names is None or any_matches(names, self.common_names))
            and (self.load_balancers is None or name_matches(place.balancer.name, self.load_balancers))
            and (self.ports is None or place.listener.port in self.ports)
        )


@dataclass(frozen=True)
class ListenerAction:
    """What to do, or what was done, about one listener."""

    load_balancer: str
    """The balancer's name; if it was not found, what the user calls it."""
    port: int
    outcome: DeployOutcome
    reason: DeployReason | ApprovalReason | None
    message: str
    place: Place | None = None
    target: StoreCertificate | None = field(default=None, repr=False)
    """The certificate meant for it."""
    previous: StoreCertificate | None = field(default=None, repr=False)
    """The certificate that it had, if the store has it."""
    certificate_id: int | None = None
    """The id of that certificate, even if the store does not have it; `None` if it is not stored yet."""
    is_changed: bool = False
    """Whether the listener was, or would be, pointed to another certificate, even if it was pointed back afterwards."""
    fallback_id: int | None = None
    """For one that stays as it is: the certificate that the present one has probably replaced."""
    is_fallback_trusted: bool = False
    """Whether clients would accept that one."""
    is_promising: bool = False
    """Whether clients should accept what it had before the run, by what the store holds."""
    better_id: int | None = None
    """For one that is left as it is, though the store has a better certificate: the id of that."""
    served: bool | None = None
    accepted: bool | None = None
    """Whether a client accepts what is served, at each address; `None` if that is not known."""
    was_refused: bool = False
    """Whether it refused what was served before the change, too, where it does not accept what is served now."""
    refusal: str | None = None
    """Why it does not, as the end of a sentence."""
    may_be_refused: bool = False
    """Whether the user accepts that clients refuse it, by `allow_untrusted` or `allow_expired`."""
    is_everywhere: bool = True
    """Whether each of its addresses was seen, of one that serves what it should; the others accept no connections."""
    served_fingerprint: str | None = None
    seen: tuple[tuple[Certificate, ...], ...] = field(default=(), repr=False)
    """What was seen: certificates, each followed by what came with it; what should be served comes last."""

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
    def present_id(self) -> int | None:
        """The id of the certificate that the listener has in the API after this; negative for one that is not stored yet."""
        if self.outcome == "rolled_back" or (self.outcome == "failed" and not self.is_changed):
            return self.previous_certificate_id
        return self.target.id if self.target else self.certificate_id

    @property
    def is_known(self) -> bool:
        """Whether its certificate can be compared with what is served."""
        return self.target is not None and self.target.certificate is not None

    @property
    def is_to_be_seen(self) -> bool:
        """Whether it can be looked at whether it serves what it should: the new certificate, or the one that it keeps."""
        return self.is_known and self.outcome in {"switched", "unchanged", "skipped"}

    @property
    def previous_certificate_id(self) -> int | None:
        """The certificate that it had."""
        return self.place.listener.certificate_id if self.place else None

    def failed(self, reason: DeployReason, message: str, *, is_changed: bool = False, **seen: t.Any) -> ListenerAction:
        """Return it as a failure."""
        return replace(self, outcome="failed", reason=reason, message=message, is_changed=is_changed, **seen)

    def as_result(self, clients: Clients) -> dict[str, t.Any]:
        """Return it in the form of the module's results."""
        place, facts = self.place, self.target.facts() if self.target else {}
        lifespan = clients.lifespan(self.target) if self.target else NOT_KNOWN
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
            **lifespan.as_result(),
            "outcome": self.outcome,
            "reason": self.reason,
            "served": self.served,
            "accepted": self.accepted,
            "served_fingerprint_sha256": self.served_fingerprint,
            "message": self.message,
        }


def by_place(deployment: ListenerAction) -> tuple[str, int, str]:
    """Return what deployments are sorted by: the balancer, then the port."""
    return deployment.load_balancer, deployment.port, deployment.uuid


def why_unmatched(selection: ListenerSelection, balancers: Iterable[Balancer], index: StoreIndex) -> str | None:
    """Return which patterns match nothing, with what there is to match, or `None` if each matches something."""
    called = {balancer.name for balancer in balancers}
    unmatched = [one for one in selection.load_balancers or () if not any(name_matches(name, [one]) for name in called)]
    if unmatched:
        return (
            f"No load balancer matches {some_of(unmatched, MOST_NAMED)} of load_balancers, or the API user has no access to it; there "
            f"are: {_some(_closest(unmatched[0], called))}."
        )
    names = {name for record in index for name in record.names}
    unmatched = [
        one for one in selection.common_names or () if ascii_name(one) not in names and not any_matches(names, [one])
    ]
    if unmatched:
        return (
            f"No certificate matches {some_of(unmatched, MOST_NAMED)} of common_names; there are those for: "
            f"{some_of(_closest(unmatched[0], names), MOST_NAMED) or 'nothing'}."
        )
    return None


def _closest(pattern: str, names: Collection[str]) -> list[str]:
    """Return names, those first that are most like a mistyped one."""
    like = get_close_matches(pattern, names, n=MOST_NAMED, cutoff=0.5)
    return [*like, *(name for name in sorted(names) if name not in like)]


def plan_renewals(
    balancers: Iterable[Balancer], index: StoreIndex, selection: ListenerSelection, clients: Clients
) -> list[ListenerAction]:
    """Decide for each selected HTTPS listener whether the store holds a better certificate than the one it has.

    Args:
        balancers: all load balancers.
        index: the store; what is yet to be stored counts as if it were.
        selection: which listeners.
        clients: who has to trust a new certificate if they trust the present one.
    """
    found = []
    for balancer in balancers:
        for listener in filter(lambda listener: listener.is_https, balancer.listeners):
            place = Place(balancer, listener)
            current = index.by_id.get(listener.certificate_id or 0)
            if selection.takes(place, current):
                found.append(_renewal(place, current, index, clients))
    return sorted(found, key=by_place)


def _renewal(place: Place, current: StoreCertificate | None, index: StoreIndex, clients: Clients) -> ListenerAction:
    """Decide about one listener."""
    kept = _kept(place, current, "The store holds no better certificate.", index, clients)
    if current is None or current.certificate is None:
        return replace(kept, outcome="skipped", reason="not_found", message=_why_unknown(place, current))
    fitting = [one for one in index.superseding(current, clients) if why_not_offered(one, place.balancer) is None]
    if fitting:
        chosen = _switched_to_best(place, kept, best(fitting, clients))
        why_ended = _why_ended(place) if chosen.is_changed else None
        return chosen.failed(*why_ended) if why_ended else chosen
    near = nearest(place.balancer, current, index.sharing(current.certificate.identities), clients)
    if near is None:
        return replace(kept, message=f"{kept.message}{_if_expired(clients.lifespan(current), kept, clients.at)}")
    record, reason, message = near
    which = f"with the SHA-256 {certificate_of(record).fingerprint_sha256}, which is not stored yet,"
    return replace(
        kept,
        outcome="skipped",
        reason=reason,
        message=f"The newer certificate {record.stored_id or which} was not taken: {message}",
    )


def nearest(
    balancer: Balancer, current: StoreCertificate, others: Iterable[StoreCertificate], clients: Clients
) -> tuple[StoreCertificate, Obstacle, str] | None:
    """Return the newest of other certificates that is newer than a listener's and must not take its place, with reason and message.

    One that has expired says nothing, unless only its issuer has; what is only out of date counts last.
    """
    found = []
    for other in others:
        if other.certificate != current.certificate and is_newer(other, current, clients):
            why = why_not_in_place_of(other, Incumbent.of(current), clients) or why_not_offered(other, balancer)
            if why and (why[0] != "expired" or clients.lifespan(other).ends_by):
                found.append((other, *why))
    return max(
        found, key=lambda near: (near[1] not in {"expired", "not_yet_valid"}, age(near[0]), near[0].id), default=None
    )


def why_not_offered(record: StoreCertificate, balancer: Balancer) -> tuple[Obstacle, str] | None:
    """Return reason and message if no client could agree with a balancer on a cipher suite for the key of a certificate."""
    key_type = certificate_of(record).key_type
    if balancer.offers(key_type):
        return None
    other = "an RSA" if balancer.offers("RSA") else "another"
    return (
        "key_type_not_offered",
        f"Its key is {key_type}, and load balancer {balancer.name} has no cipher suites for such keys: no client could connect. "
        f"Have the certificate issued with {other} key, or choose other cipher suites for the balancer.",
    )


def _if_expired(old: Lifespan, kept: ListenerAction, at: datetime) -> str:
    """Say of a listener that stays as it is that its certificate has expired, and which valid one there is."""
    if old.is_now(at):
        return ""
    other = f" Certificate {kept.fallback_id} is valid, though it began earlier: name it to have it served."
    when = f"until {iso(old.end)} only" if old.is_over(at) else f"from {iso(old.begin)} on only"
    return f" What the listener has is valid {when}.{other if kept.fallback_id else ''}"


def _switched_to_best(place: Place, kept: ListenerAction, found: Sequence[StoreCertificate]) -> ListenerAction:
    """Return the switch to the best certificate, or a failure if there is nothing to choose by."""
    if len(found) == 1:
        return replace(_switch(place, found[0], kept.previous), is_promising=kept.is_promising)
    ids = ", ".join(str(one.id) for one in found if one.stored_id)
    new = ", ".join(certificate_of(one).fingerprint_sha256 for one in found if not one.stored_id)
    which = "; ".join(filter(None, [ids and f"ids {ids}", new and f"not stored yet, with the SHA-256 {new}"]))
    return kept.failed(
        "ambiguous",
        f"There are several equally good certificates ({which}): name one by certificate_id, or delete the others.",
    )


def as_it_is(action: ListenerAction, index: StoreIndex) -> ListenerAction:
    """Return a listener as it is, whatever is planned for it, to be looked at."""
    identifier = action.previous_certificate_id
    current = index.by_id.get(identifier or 0)
    what = f"The listener has certificate {identifier}." if current else action.message
    as_planned = action.outcome in {"unchanged", "skipped"}
    return replace(
        action,
        outcome=action.outcome if as_planned else "unchanged",
        reason=action.reason if as_planned else None,
        message=action.message if as_planned else what,
        target=current,
        certificate_id=identifier,
        is_changed=False,
        better_id=action.target.stored_id if action.target and action.outcome == "switched" else action.better_id,
    )


def plan_wishes(
    balancers: Sequence[Balancer],
    index: StoreIndex,
    wishes: Iterable[ListenerOptions],
    overrides: Overrides,
    clients: Clients,
) -> list[ListenerAction]:
    """Decide for each listener that a user names whether the certificate that they name can be put there."""
    planned: dict[object, ListenerAction] = {}
    for wish in wishes:
        one = _wished(wish, _find(wish, balancers), index, overrides, clients)
        key = one.uuid or (wish.load_balancer, wish.port)
        first = planned.setdefault(key, one)
        if first.certificate_id != one.certificate_id:
            planned[key] = first.failed(
                "ambiguous",
                f"{first.name} is given two certificates (ids {first.certificate_id} and {one.certificate_id}): leave one of the two.",
            )
    return sorted(planned.values(), key=by_place)


def _find(wish: ListenerOptions, balancers: Sequence[Balancer]) -> Place | CertificatesError:
    """Return the listener that a user means, or why there is no such."""
    name = wish.load_balancer.strip()
    found = [one for one in balancers if one.name == name or one.uuid.lower() == name.lower() or str(one.id) == name]
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
    wish: ListenerOptions, place: Place | CertificatesError, index: StoreIndex, overrides: Overrides, clients: Clients
) -> ListenerAction:
    """Decide about one listener that a user names."""
    target, wanted = index.by_id.get(wish.certificate_id), wish.certificate_id
    if isinstance(place, CertificatesError):
        reason = t.cast(DeployReason, place.code)
        unplaced = ListenerAction(wish.load_balancer, wish.port, "failed", reason, place.message, None, target)
        return replace(unplaced, certificate_id=wanted)
    current = index.by_id.get(place.listener.certificate_id or 0)
    switch = replace(_switch(place, target, current), certificate_id=wanted)
    if place.listener.is_https and place.listener.certificate_id == wish.certificate_id:
        return _kept(place, current, "It has this certificate already.", index, clients)
    why = _why_not(place, target, current, wish, overrides, clients)
    if why or target is None:
        return switch.failed(*why) if why else switch
    is_over = clients.lifespan(target).is_over(clients.at)
    is_meant = (overrides.untrusted and not clients.trust(target)) or (overrides.expired and is_over)
    return replace(switch, may_be_refused=is_meant, is_promising=_is_promising(current, clients))


def _why_not(
    place: Place,
    target: StoreCertificate | None,
    current: StoreCertificate | None,
    wish: ListenerOptions,
    overrides: Overrides,
    clients: Clients,
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
    old = Incumbent.of(current) if current and current.certificate else None
    if old is None and place.listener.certificate_id is not None and not overrides.name_loss:
        return (
            "not_found",
            f"{_why_unknown(place, current)} allow_name_loss: true switches it without comparing the names.",
        )
    not_taken = f"Certificate {wish.certificate_id} was not taken:"
    why, never = why_not_in_place_of(target, old, clients, overrides), why_not_offered(target, place.balancer)
    if why and (
        never is None or why[0] != never[0]
    ):  # to accept another type of key would not help where it is not offered
        accept = f" {ACCEPT[why[0]]}: true accepts it." if why[0] in ACCEPT else ""
        return why[0], f"{not_taken} {why[1]}{accept}"
    return (never[0], f"{not_taken} {never[1]}") if never else _why_ended(place)


def _why_ended(place: Place) -> tuple[DeployReason, str] | None:
    """Return reason and message if a listener's balancer accepts no change any more."""
    return ("balancer_error", place.balancer.why_ended) if place.balancer.has_ended else None


def _why_unknown(place: Place, current: StoreCertificate | None) -> str:
    """Say why the certificate that a listener has is not known."""
    identifier = place.listener.certificate_id
    if identifier is None:
        return f"The listener {place.name} has no certificate: name the one to serve in ssl_certificate_deploy."
    why = "is not in the store" if current is None else "cannot be read"
    return (
        f"Certificate {identifier}, which the listener {place.name} has, {why}, so its names are not known: name the one to serve in "
        "ssl_certificate_deploy."
    )


def _kept(
    place: Place, current: StoreCertificate | None, message: str, index: StoreIndex, clients: Clients
) -> ListenerAction:
    """Return what leaves a listener as it is."""
    before = index.before(current, clients) if current and current.certificate else None
    kept = ListenerAction(place.balancer.name, place.listener.port, "unchanged", None, message, place, current, current)
    return replace(
        kept,
        certificate_id=place.listener.certificate_id,
        fallback_id=before.id if before else None,
        is_fallback_trusted=before is not None and clients.trust(before),
        is_promising=_is_promising(current, clients),
    )


def _is_promising(current: StoreCertificate | None, clients: Clients) -> bool:
    """Return whether clients should accept a certificate now, by what the store holds."""
    if current is None or current.certificate is None:
        return False
    return clients.trust(current) and clients.lifespan(current).is_now(clients.at)


def _switch(place: Place, target: StoreCertificate | None, current: StoreCertificate | None) -> ListenerAction:
    """Return what points a listener to a certificate."""
    port = place.listener.port
    switch = ListenerAction(place.balancer.name, port, "switched", None, "Switched.", place, target, current)
    return replace(switch, certificate_id=target.stored_id if target else None, is_changed=True)
