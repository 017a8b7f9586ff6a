# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listener should serve which certificate of the store. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from .._base import remedies
from .._base.codes import DeployReason, ObstacleReason
from .._base.errors import CertificatesError, SaidObstacle
from .._base.names import any_matches, ascii_name, most_alike_first, name_matches, named, shown_name_of
from .._base.text import capitalized, some_of
from .._base.times import iso
from .._replacement.can_replace import (
    ACCEPT,
    Incumbent,
    Overrides,
    age,
    best,
    is_newer,
    loosened,
    lost_names,
    why_not_in_place_of,
)
from .._replacement.index import StoreIndex, why_not_held
from .._replacement.messages import said
from .._replacement.trust import TrustView
from .._softlayer.load_balancers import Balancer, Listener
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .plan_import import Record, SourceCertificate, remedy_for
from .target import Target
from .world import World

WHOLE_CHAIN = "Import it again with all its intermediate certificates; if its authority is one of your own, give its root as trusted_ca_path."
"""What to do about a certificate that clients refuse."""


@dataclass(frozen=True)
class Place:
    """A listener and its balancer."""

    balancer: Balancer
    listener: Listener

    @classmethod
    def missing(cls, load_balancer: str, port: int) -> Place:
        """Return the place of a listener that is not there, or that the API does not know: what it is called, without any uuid."""
        return cls(Balancer(0, "", load_balancer, None, "", None, (), ()), Listener("", "", port, None))

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{self.balancer.name}:{self.listener.port}"

    @property
    def called(self) -> str:
        """What commands call it."""
        return remedies.listener(self.balancer.name, self.balancer.uuid, self.listener.port)

    def command(self, certificate_id: int, allow: str | None = None) -> str:
        """Return what has it serve a certificate of the store; see `remedies.deploy`."""
        return remedies.deploy(certificate_id, self.called, allow)


@dataclass(frozen=True)
class ListenerOptions:
    """The certificate that a user wants on a listener."""

    certificate_id: int | None
    """`None` for one that would be imported, in check mode."""
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
class ListenerAction(Target):
    """What to do, or what was done, about one listener."""

    is_managed = True
    chain_remedy = WHOLE_CHAIN

    place: Place
    previous: StoreCertificate | None = field(default=None, repr=False)
    """The certificate that it had, if the store has it."""
    predecessor_id: int | None = None
    """For one that stays as it is: the certificate that the present one has probably replaced."""
    expired_predecessor: StoreCertificate | None = field(default=None, repr=False)
    """The same, where there is none that is valid: one that has expired."""
    is_predecessor_trusted: bool = False
    """Whether clients would accept that one."""
    is_way_back_lossy: bool = False
    """Whether the present one could not replace that one again, for example because that one has more names."""
    is_promising: bool = False
    """Whether clients should accept what it had before the run, by what the store holds."""
    may_be_refused: bool = False
    """Whether the user accepts that clients refuse it, by `allow_untrusted` or `allow_expired`."""

    @property
    def load_balancer(self) -> str:
        """The name of its load balancer."""
        return self.place.balancer.name

    @property
    def load_balancer_uuid(self) -> str | None:
        """The uuid of its load balancer; `None` if it was not found."""
        return self.place.balancer.uuid or None

    @property
    def address(self) -> str | None:
        """The address of its load balancer."""
        return self.place.balancer.address

    @property
    def port(self) -> int:
        """Its port."""
        return self.place.listener.port

    @property
    def uuid(self) -> str:
        """The listener's uuid; empty if it was not found."""
        return self.place.listener.uuid

    @property
    def previous_id(self) -> int | None:
        """The id of the certificate that it had."""
        return self.place.listener.certificate_id

    @property
    def final_handle(self) -> Handle | None:
        """The handle of the certificate that the listener has in the API after this."""
        if self.outcome == "rolled_back" or (self.outcome == "failed" and not self.is_changed):
            return self.previous_id
        return super().final_handle if self.target else self.target_id

    @property
    def should(self) -> str:
        """What should be, as the beginning of a sentence that says what is."""
        return f"With certificate {self.target_id} in the API,"

    @property
    def remedy(self) -> str:
        """What to do if it serves something else than it should, behind another sentence."""
        balancer, since = self.place.balancer, self.place.listener.modified_at
        if self.is_changed or not balancer.uuid or self.target_id is None:
            return ""
        if balancer.has_ended:
            return f" {balancer.why_ended}"
        if not balancer.is_active:
            return f" Load balancer {balancer.name} was {balancer.provisioning_status}: run it again when it is ACTIVE."
        known = f" since {iso(since)} or earlier" if since else ""
        cause = f" Load balancer {balancer.name} does not serve what this listener has been set to{known}."
        case = f"open a support case for load balancer {balancer.uuid}."
        other = self._other_command()
        if other is None:
            return f"{cause} {capitalized(case)}"
        back = self.place.command(self.target_id)
        return f"{cause} Switch it to another certificate with {other}, and back with {back}. If that does not help, {case}"

    def _other_command(self) -> str | None:
        """Return what has it serve another certificate for a while, if clients lose nothing by that: one that is valid, or is served now."""
        if self.predecessor_id and not self.is_way_back_lossy:
            return self.place.command(self.predecessor_id)
        over = self.expired_predecessor
        is_served = over is not None and {chain[0] for chain in self.seen} == {over.certificate}
        return self.place.command(over.stored_id, ACCEPT["expired"]) if over and is_served else None

    def simulated(self) -> ListenerAction:
        """Return it as check mode shows it."""
        shown = super().simulated()
        is_stored = self.outcome != "switched" or self.target is None or self.target.id is not None
        return shown if is_stored else replace(shown, message="Would be switched, once the certificate is stored.")

    def as_diff(self) -> dict[str, t.Any]:
        """Return the plan for it in the form of Ansible's diffs."""
        target = self.target.facts() if self.target else {}
        return {
            "before_header": self.name,
            "after_header": self.name,
            "before": {"certificate_id": self.previous_id},
            "after": {
                "certificate_id": self.target_id,
                **named(target.get("common_name"), shown_name_of(target)),
                "not_after": target.get("not_after"),
            },
        }


@dataclass(frozen=True)
class ListenerPlan:
    """What to do about listeners, by a world."""

    world: World
    actions: Sequence[ListenerAction]
    gone: Sequence[Record] = ()
    """What was approved and is not planned any more."""
    failure: CertificatesError | None = None
    """Why nothing is to be switched, if that is so."""

    @property
    def changes(self) -> list[ListenerAction]:
        """What changes something."""
        return [action for action in self.actions if action.is_changed]


def by_place(action: ListenerAction) -> tuple[str, int, str]:
    """Return what listeners are sorted by: the balancer, then the port."""
    return action.place.balancer.name, action.place.listener.port, action.uuid


def why_too_many(planned: Sequence[ListenerAction], most: int) -> CertificatesError | None:
    """Return why a run is refused that would switch more listeners than `max_listeners` allows."""
    if len(planned) <= most:
        return None
    return CertificatesError(
        "too_many_listeners",
        f"The run would switch more listeners ({len(planned)}) than max_listeners allows ({most}), so it switched none. "
        "Select fewer of them, or raise max_listeners.",
        planned=len(planned),
        max_listeners=most,
        listeners=[listener.name for listener in planned],
    )


def why_unmatched(selection: ListenerSelection, balancers: Iterable[Balancer], index: StoreIndex) -> str | None:
    """Return which patterns match nothing, with what there is to match, or `None` if each matches something."""
    called, patterns = {balancer.name for balancer in balancers}, selection.load_balancers or ()
    unmatched = [pattern for pattern in patterns if not any(name_matches(name, [pattern]) for name in called)]
    if unmatched:
        return (
            f"No load balancer matches {some_of(unmatched)} of load_balancers, or the API user has no access to it; there "
            f"are: {_some(most_alike_first(unmatched[0], called))}."
        )
    names, patterns = {name for record in index for name in record.names}, selection.common_names or ()
    unmatched = [
        pattern for pattern in patterns if ascii_name(pattern) not in names and not any_matches(names, [pattern])
    ]
    if unmatched:
        return (
            f"No certificate matches {some_of(unmatched)} of common_names; there are those for: "
            f"{some_of(most_alike_first(unmatched[0], names)) or 'nothing'}."
        )
    return None


def plan_renewals(world: World, selection: ListenerSelection) -> list[ListenerAction]:
    """Decide for each selected HTTPS listener whether the store holds a better certificate than the one it has."""
    places = [
        Place(balancer, listener)
        for balancer in world.listed_balancers
        for listener in balancer.listeners
        if listener.is_https
    ]
    present = [(place, world.index.by_handle.get(place.listener.certificate_id)) for place in places]
    planned = [_renewal(place, current, world) for place, current in present if selection.takes(place, current)]
    return sorted(planned, key=by_place)


def contenders(world: World, selection: ListenerSelection) -> Iterator[tuple[StoreCertificate, list[StoreCertificate]]]:
    """Yield what each selected HTTPS listener has, with what may come in its place by its names and its age."""
    valid = world.index.valid_at(world.view.at)
    for balancer in world.listed_balancers:
        for listener in balancer.listeners:
            current = world.index.by_handle.get(listener.certificate_id) if listener.is_https else None
            if current and current.certificate and selection.takes(Place(balancer, listener), current):
                others = valid.covering(current.certificate.identities)
                yield current, [each for each in others if each.handle != current.handle and age(each) >= age(current)]


def named_contenders(world: World, wanted: Iterable[ListenerOptions]) -> Iterator[StoreCertificate]:
    """Yield the certificates that a user names for listeners, and what these have in their place."""
    for options in wanted:
        place = _place_of(options, world.listed_balancers)
        if isinstance(place, Place) and options.certificate_id not in {None, place.listener.certificate_id}:
            records = map(world.index.by_handle.get, (options.certificate_id, place.listener.certificate_id))
            yield from (record for record in records if record and record.certificate)


def _renewal(place: Place, current: StoreCertificate | None, world: World) -> ListenerAction:
    """Decide about one listener."""
    view, index = world.view, world.index
    kept = _kept(place, current, "The store holds no better certificate.", world)
    if current is None or current.certificate is None:
        return replace(kept, outcome="skipped", reason="not_found", message=_why_unknown(place, current))
    fitting = [record for record in index.superseding(current, view) if not why_not_offered(record, place.balancer)]
    if fitting:
        chosen = _switched_to_best(place, kept, best(fitting, view))
        why_ended = _why_ended(place) if chosen.is_changed else None
        return chosen.failed(why_ended.reason, why_ended.message) if why_ended else chosen
    near = not_taken(place.balancer, current, index.sharing(current.certificate.identities), view)
    if not near:
        return replace(kept, message=f"{kept.message}{_if_expired(current, kept, view)}")
    record, why = near[0]
    return replace(
        kept,
        outcome="skipped",
        reason=why.reason,
        message=f"The newer certificate {called(record)} was not taken: {why.message}",
    )


def called(record: StoreCertificate) -> str:
    """Return what follows the word certificate in a sentence."""
    return str(record.id or f"with the SHA-256 {record.handle}, which is not stored yet,")


def not_taken(
    balancer: Balancer, current: StoreCertificate, others: Iterable[StoreCertificate], view: TrustView
) -> list[tuple[StoreCertificate, SaidObstacle[ObstacleReason]]]:
    """Return other certificates that are newer than a listener's and must not take its place, the newest first, and why they must not.

    One that has expired says nothing, unless only its issuer has; what is only out of date counts last.
    """
    near = []
    for other in others:
        if other.certificate != current.certificate and is_newer(other, current, view):
            why = said(why_not_in_place_of(other, Incumbent.of(current), view)) or why_not_offered(other, balancer)
            if why and (why.reason != "expired" or view.lifespan(other).ends_by):
                near.append((other, why))
    out_of_date = {"expired", "not_yet_valid"}
    by_age = sorted(enumerate(near), key=lambda pair: (age(pair[1][0]), pair[1][0].id or 0, -pair[0]), reverse=True)
    return sorted((pair for _place, pair in by_age), key=lambda pair: pair[1].reason in out_of_date)


def why_not_offered(record: StoreCertificate, balancer: Balancer) -> SaidObstacle[ObstacleReason] | None:
    """Return why no client could agree with a balancer on a cipher suite for the key of a certificate."""
    key_type = certificate_of(record).key_type
    if balancer.offers(key_type):
        return None
    return SaidObstacle(
        "key_type_not_offered",
        f"Its key is {key_type}, and load balancer {balancer.name} has no cipher suites for such keys, unless others are chosen: no client could "
        "connect.",
    )


def _other_key(balancer: Balancer) -> str:
    """Return what to do about a certificate whose key a balancer does not offer, as a sentence."""
    return f"Have the certificate issued with {'an RSA' if balancer.offers('RSA') else 'another'} key."


def _if_expired(current: StoreCertificate, kept: ListenerAction, view: TrustView) -> str:
    """Say of a listener that stays as it is that its certificate has expired, and which valid one there is."""
    old = view.lifespan(current)
    if old.is_now(view.at):
        return ""
    before = kept.predecessor_id
    other = (
        f" Certificate {before} is valid, though it began earlier: {kept.place.command(before)} has it served."
        if before
        else ""
    )
    when = f"until {iso(old.end)} only" if old.is_over(view.at) else f"from {iso(old.begin)} on only"
    return f" What the listener has is valid {when}.{other}"


def _switched_to_best(place: Place, kept: ListenerAction, equals: Sequence[StoreCertificate]) -> ListenerAction:
    """Return the switch to the best certificate, or a failure if there is nothing to choose by."""
    if len(equals) == 1:
        return replace(_switch(place, equals[0], kept.previous), is_promising=kept.is_promising)
    ids = ", ".join(str(record.id) for record in equals if record.id)
    new = ", ".join(certificate_of(record).fingerprint_sha256 for record in equals if not record.id)
    which = "; ".join(filter(None, [ids and f"ids {ids}", new and f"not stored yet, with the SHA-256 {new}"]))
    stored = next((record.id for record in equals if record.id), None)
    remedy = (
        f"{place.command(stored)} has one of them served; or delete the others"
        if stored
        else "leave one of them in the sources"
    )
    return kept.failed("ambiguous", f"There are several equally good certificates ({which}): {remedy}.")


def as_it_is(action: ListenerAction, index: StoreIndex) -> ListenerAction:
    """Return a listener as it is, whatever is planned for it, to be looked at."""
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
    what = f"The listener has certificate {action.previous_id}." if current else action.message
    return replace(as_now, outcome="unchanged", reason=None, message=what)


def as_foreseen(planned: ListenerAction, seen: ListenerAction, view: TrustView) -> ListenerAction:
    """Return what would become of a listener: one that would be switched is seen to serve what it gets, if it can be seen at all.

    Clients accept that if the store has a complete chain for it, and refuse it only if they refuse what is served now.
    """
    if planned.outcome == "failed":
        return replace(planned, seen=seen.seen, accepted=seen.accepted, refusal=seen.refusal)
    if planned.outcome != "switched":
        return seen
    is_trusted = planned.target is not None and view.accepts(planned.target)
    return replace(
        planned.simulated(),
        served=None if seen.reason == "not_reachable" or not seen.is_to_be_seen else bool(seen.seen),
        accepted=None if seen.accepted is None else is_trusted,
        was_refused=seen.accepted is False and not is_trusted,
        refusal=None if is_trusted else seen.refusal,
        is_everywhere=seen.is_everywhere,
        leaves=seen.leaves,
    )


def plan_named(world: World, wanted: Iterable[ListenerOptions], overrides: Overrides) -> list[ListenerAction]:
    """Decide for each listener that a user names whether the certificate that they name can be put there."""
    planned: dict[object, ListenerAction] = {}
    for options in wanted:
        action = _named(options, world, overrides)
        key = action.uuid or (options.load_balancer, options.port)
        first = planned.setdefault(key, action)
        if first.target_id != action.target_id:
            planned[key] = first.failed(
                "ambiguous",
                f"{first.name} is given two certificates ({_given(first)}, and {_given(action)}): leave one of the two.",
            )
    return sorted(planned.values(), key=by_place)


def _given(action: ListenerAction) -> str:
    return f"id {action.target_id}" if action.target_id else "one that would be imported"


def _place_of(options: ListenerOptions, balancers: Sequence[Balancer]) -> Place | SaidObstacle[DeployReason]:
    """Return the listener that a user means, or why there is no such."""
    name = options.load_balancer.strip()
    meant = [balancer for balancer in balancers if balancer.is_called(name)]
    if not meant:
        return SaidObstacle(
            "not_found",
            f"There is no load balancer {name}, or the API user has no access to it; there are: "
            f"{_some(balancer.name for balancer in balancers)}.",
        )
    if len(meant) > 1:
        return SaidObstacle(
            "ambiguous",
            f"Several load balancers are called {name}: name one by its uuid ({_some(balancer.uuid for balancer in meant)}).",
        )
    balancer = meant[0]
    for listener in balancer.listeners:
        if listener.port == options.port:
            return Place(balancer, listener)
    ports = _some(str(listener.port) for listener in balancer.listeners)
    return SaidObstacle(
        "not_found", f"Load balancer {balancer.name} has no listener on port {options.port}; it has: {ports}."
    )


def _some(texts: Iterable[str]) -> str:
    return some_of(list(texts)) or "none"


def _named(options: ListenerOptions, world: World, overrides: Overrides) -> ListenerAction:
    """Decide about one listener that a user names."""
    place, view = _place_of(options, world.listed_balancers), world.view
    target = world.index.by_handle.get(options.certificate_id)
    if isinstance(place, SaidObstacle):
        missing = Place.missing(options.load_balancer, options.port)
        return ListenerAction(
            "failed", place.reason, place.message, missing, target=target, target_id=options.certificate_id
        )
    current = world.index.by_handle.get(place.listener.certificate_id)
    switch = replace(_switch(place, target, current), target_id=options.certificate_id)
    if options.certificate_id is None:
        switch = replace(switch, message="Switched to the certificate that would be imported.")
    elif place.listener.is_https and place.listener.certificate_id == options.certificate_id:
        return _kept(place, current, "It has this certificate already.", world)
    why = _why_not(place, target, current, options, overrides, view)
    if why or target is None:
        return switch.failed(why.reason, why.message) if why else switch
    is_over = view.lifespan(target).is_over(view.at)
    is_meant = (overrides.untrusted and not view.trust(target)) or (overrides.expired and is_over)
    return replace(switch, may_be_refused=is_meant, is_promising=_is_promising(current, view))


def _why_not(
    place: Place,
    target: StoreCertificate | None,
    current: StoreCertificate | None,
    options: ListenerOptions,
    overrides: Overrides,
    view: TrustView,
) -> SaidObstacle[DeployReason] | None:
    """Return why a listener must not get the certificate that a user names; of one that is not imported yet, as far as that can be known."""
    if not place.listener.is_https:
        protocol = place.listener.protocol or "another protocol"
        return SaidObstacle(
            "not_https", f"The listener {place.name} is for {protocol}: only HTTPS listeners have a certificate."
        )
    if options.certificate_id is not None and (target is None or target.certificate is None):
        return said(why_not_held(options.certificate_id, target))
    has = place.listener.certificate_id
    if options.previous_certificate_id not in {None, has}:
        return SaidObstacle(
            "ambiguous",
            f"The listener {place.name} has {f'certificate {has}' if has else 'no certificate'} and not {options.previous_certificate_id}, as "
            "the plan says: it was changed meanwhile. Plan anew.",
        )
    old = Incumbent.of(current) if current and current.certificate else None
    if old is None and has is not None and not overrides.name_loss:
        return SaidObstacle("not_found", _why_unknown(place, current))
    if target is None:
        return _why_ended(place)
    not_taken = f"Certificate {options.certificate_id} was not taken:"
    why, never = said(why_not_in_place_of(target, old, view, overrides)), why_not_offered(target, place.balancer)
    if why and (
        never is None or why.reason != never.reason
    ):  # to accept another type of key would not help where it is not offered
        accept = f" {ACCEPT[why.reason]}: true accepts it." if why.reason in ACCEPT else ""
        return SaidObstacle(why.reason, f"{not_taken} {why.message}{accept}")
    if never is None:
        return _why_ended(place)
    return SaidObstacle(never.reason, f"{not_taken} {never.message} {_other_key(place.balancer)}")


def _why_ended(place: Place) -> SaidObstacle[DeployReason] | None:
    """Return why a listener's balancer accepts no change any more, if it does not."""
    return SaidObstacle("balancer_error", place.balancer.why_ended) if place.balancer.has_ended else None


def _why_unknown(place: Place, current: StoreCertificate | None) -> str:
    """Say why the certificate that a listener has is not known."""
    identifier = place.listener.certificate_id
    if identifier is None:
        return f"The listener {place.name} has no certificate: {remedies.adopt(None, [place.called])} gives it one, with its name for NAME."
    why = "is not in the store" if current is None else "cannot be read"
    return (
        f"Certificate {identifier}, which the listener {place.name} has, {why}, so its names are not known: name the one to serve in "
        "ssl_certificate_deploy, with allow_name_loss."
    )


def _kept(place: Place, current: StoreCertificate | None, message: str, world: World) -> ListenerAction:
    """Return what leaves a listener as it is."""
    view = world.view
    new = world.imported_handles
    known = current if current and current.certificate else None
    before = world.index.before(known, view, new) if known else None
    over = world.index.before(known, view, new, may_be_over=True) if known and not before else None
    is_lossy = bool(known and before and why_not_in_place_of(known, Incumbent.of(before), view))
    return ListenerAction(
        "unchanged",
        None,
        message,
        place,
        current,
        target=current,
        target_id=place.listener.certificate_id,
        predecessor_id=before.id if before else None,
        expired_predecessor=over,
        is_predecessor_trusted=before is not None and view.trust(before),
        is_way_back_lossy=is_lossy,
        is_promising=_is_promising(current, view),
    )


def _is_promising(current: StoreCertificate | None, view: TrustView) -> bool:
    """Return whether clients should accept a certificate now, by what the store holds."""
    if current is None or current.certificate is None:
        return False
    return view.accepts(current) and view.lifespan(current).is_now(view.at)


def _switch(place: Place, target: StoreCertificate | None, current: StoreCertificate | None) -> ListenerAction:
    """Return what points a listener to a certificate."""
    identifier = target.id if target else None
    return ListenerAction(
        "switched", None, "Switched.", place, current, target=target, target_id=identifier, is_changed=True
    )


# The first certificate of a name: a person says what is to be where, and is told what is lost by it


@dataclass(frozen=True)
class Adoption:
    """What listeners are to get, whatever they have now."""

    common_name: str
    """A name of the certificate."""
    listeners: Sequence[str] | None = None
    """Those that are meant, such as `web:443`; `None` for all that serve one of the certificate's names."""
    load_balancers: Sequence[str] | None = None
    """Patterns, one of which the name of a balancer must match; `None` means no restriction."""


def adopted_places(world: World, adoption: Adoption, certificate: Certificate) -> list[Place]:
    """Return the listeners that are meant.

    Raises:
        CertificatesError: `invalid_argument`; `not_found`, with those that there are; `ambiguous`.
    """
    every = [
        Place(balancer, listener)
        for balancer in world.listed_balancers
        if adoption.load_balancers is None or name_matches(balancer.name, adoption.load_balancers)
        for listener in balancer.listeners
    ]
    https = [place for place in every if place.listener.is_https]
    if adoption.listeners is not None:
        return [_place_called(name, every) for name in adoption.listeners]
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
            f"No listener serves {some_of(sorted(certificate.identities))}: name those that are to get the certificate, such as "
            f"listener={_some(place.name for place in https)}.",
        )
    return serving


def _place_called(name: str, every: Sequence[Place]) -> Place:
    """Return the listener that a text such as `web:443` names, by the name, uuid or id of its balancer."""
    balancer, _colon, port = name.strip().rpartition(":")
    meant = [place for place in every if place.balancer.is_called(balancer) and port == str(place.listener.port)]
    if not meant:
        names = most_alike_first(name, {place.name for place in every if place.listener.is_https})
        said = f"There is no listener {name}, or the API user has no access to its load balancer"
        if name.strip() in {place.balancer.name for place in every}:
            names, said = _ports_of(name.strip(), every), f"{name} is a load balancer: name its listener, with the port"
        raise CertificatesError("not_found", f"{said}; there are: {_some(names)}.")
    if len(meant) > 1:
        uuids = _some(f"{place.balancer.uuid}:{port}" for place in meant)
        raise CertificatesError(
            "ambiguous", f"Several listeners are called {name}: name one by uuid and port ({uuids})."
        )
    return meant[0]


def _ports_of(balancer: str, every: Sequence[Place]) -> list[str]:
    """Return the HTTPS listeners of a load balancer; if it has none, those of all."""
    https = [place for place in every if place.listener.is_https]
    return sorted({place.name for place in https if place.balancer.name == balancer} or {place.name for place in https})


def fitness(world: World, adoption: Adoption) -> Callable[[SourceCertificate], tuple[bool, ...]]:
    """Return what tells of certificates that differ in their keys which of them fits: all listeners that are meant offer its type, and have it."""

    def fit(entry: SourceCertificate) -> tuple[bool, ...]:
        places = adopted_places(world, adoption, entry.certificate)
        present = [world.index.by_handle.get(place.listener.certificate_id) for place in places]
        key_types = {record.certificate.key_type for record in present if record and record.certificate}
        key_type = entry.certificate.key_type
        return all(place.balancer.offers(key_type) for place in places), key_types == {key_type}

    return fit


def plan_adoption(world: World, adoption: Adoption, entry: SourceCertificate) -> list[ListenerAction]:
    """Decide for each listener that is meant whether it can be given a certificate of a source, or what the store has in its place.

    Args:
        world: with the certificate, once it is stored or would be.
        adoption: what is meant.
        entry: the certificate.

    Raises:
        CertificatesError: as `adopted_places`.
    """
    index = world.index
    stored = best([*index.same(entry.certificate), *index.superseding(entry.record, world.view)], world.view)
    places = adopted_places(world, adoption, entry.certificate)
    is_named = adoption.listeners is not None
    planned = {place.listener.uuid: _adopted(place, stored, world, entry, is_named=is_named) for place in places}
    return sorted(planned.values(), key=by_place)


def _adopted(
    place: Place, equals: Sequence[StoreCertificate], world: World, entry: SourceCertificate, *, is_named: bool
) -> ListenerAction:
    """Decide about one listener; `equals` are the best records that may be there in place of the certificate of the source."""
    current = world.index.by_handle.get(place.listener.certificate_id)
    kept = _kept(place, current, "It has this certificate already.", world)
    if not equals:
        return replace(kept, message="Its certificate was not stored.")
    if current and any(current.certificate == record.certificate for record in equals):
        is_same = current.certificate == entry.certificate
        newer = f"It has certificate {current.id}, which is newer than that of the source and may stand in for it."
        return kept if is_same else replace(kept, message=newer)
    action = _switched_to_best(place, kept, equals)
    if not action.is_changed or action.target is None:
        return action
    if not place.listener.is_https:
        return action.failed("not_https", f"The listener {place.name} is not for HTTPS: only such have a certificate.")
    if place.listener.certificate_id is not None and (current is None or current.certificate is None):
        return action.failed("not_found", _why_unknown(place, current))
    old = Incumbent.of(current) if current else None
    overrides = loosened(action.target, old, world.view)
    why = said(why_not_in_place_of(action.target, old, world.view, overrides)) or why_not_offered(
        action.target, place.balancer
    )
    if why:
        remedy = ""
        if why.reason == "key_type_not_offered":
            needs_rsa = certificate_of(action.target).key_type != "RSA"
            remedy = (
                remedy_for(action.target, action.target, why.reason, entry, world.view)
                if needs_rsa
                else _other_key(place.balancer)
            )
        return action.failed(why.reason, f"{why.message} {remedy}".strip())
    lost = lost_names(certificate_of(action.target), old, wildcards=True) if old and overrides.name_loss else []
    if (
        old and lost and old.identities.issubset(lost) and _is_promising(current, world.view)
    ):  # a mistyped listener, it seems
        return action.failed(
            "names_not_covered",
            f"The certificate is for none of the names that it serves, {some_of(lost)}: see that {place.name} is the listener that "
            "is meant. If it is, store the certificate with import_new, and name it in ssl_certificate_deploy, with allow_name_loss.",
        )
    if lost and not is_named:
        return action.failed(
            "names_not_covered",
            f"It would no longer serve {some_of(lost)}: name it as one of the listeners, if that is meant.",
        )
    why_ended = _why_ended(place)
    return action.failed(why_ended.reason, why_ended.message) if why_ended else action
