# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs a person after a rotation, however well it went: no night is green while something dies. Private to softlayer.certificates.

Pure.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from .._base import remedies
from .._base.codes import AttentionReason, HeldBack, SourceReason
from .._base.names import ascii_name, name_in_source, shown_name_of, source_name
from .._base.remedies import DEPLOY, ROTATE, adopt, remove
from .._base.times import days_until, iso, parse
from .._replacement.can_replace import age, supersedes
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.certificate import Certificate, names_of
from .._x509.crl import Revocation
from .._x509.lifespan import NOT_KNOWN, Lifespan
from . import messages
from .plan_deploy import ListenerAction, not_taken
from .plan_import import Chosen, SourceCertificate, remedy_for
from .renewal_info import RenewalRequest
from .target import Target
from .world import World

Record = Mapping[str, t.Any]
HELD_BACK: tuple[HeldBack, ...] = t.get_args(HeldBack)
REASONS: tuple[AttentionReason, ...] = t.get_args(AttentionReason)
OPERATORS = frozenset(t.get_args(SourceReason)) - {"not_active", "being_renewed", "certificate_missing"}
"""Why a certificate of a source cannot be used through the fault of those who run it: passphrase, key, permissions."""
HEAPS = frozenset({"folder", "mail"})
"""Sources where what was renewed may lie beside its renewal; each other client puts a renewal in the place of what it renews."""
TWO_NIGHTS = timedelta(days=2)
"""How long before the end of what is served its renewal must begin: one night may fail."""
PATIENCE = timedelta(days=3)
"""How long what is newer may be held back before a run fails: days off, and whoever issued it may still be about to mend it."""


@dataclass(frozen=True)
class RenewalFacts:
    """What is known beside the listeners."""

    world: World
    """With what this run has imported."""
    chosen: Chosen
    """What was to be imported, and what was left out."""
    has_sources: bool
    """Whether any source was read."""
    requests: Mapping[Certificate, RenewalRequest]
    """What the authorities of certificates that sources have say of their renewal."""
    is_importing: bool
    """Whether the run imports what renews something."""
    is_deploying: bool = True
    """Whether the run switches listeners."""
    is_refused: bool = False
    """Whether no listener was switched because something failed, or because there were too many."""

    @cached_property
    def unused(self) -> Sequence[Record]:
        """Return what the sources have and this run has not imported, with reason and message."""
        return [*self.world.bundles.useless, *self.world.bundles.unwanted, *self.chosen.skipped]

    @cached_property
    def broken(self) -> Sequence[Record]:
        """Return the certificates of the sources that cannot be used until a person fixes them, except those that a source may hold without a key."""
        records = (*self.world.bundles.useless, *self.chosen.skipped)
        return [record for record in records if record["reason"] in OPERATORS]

    @cached_property
    def entry_of(self) -> Mapping[Handle, SourceCertificate]:
        """Return the certificates of the sources that can be used, by the handle of their record."""
        return {entry.record.handle: entry for entry in self.chosen.usable}

    @cached_property
    def usable_index(self) -> StoreIndex:
        """Return the records of the certificates of the sources that can be used."""
        return StoreIndex(entry.record for entry in self.chosen.usable)


@dataclass(frozen=True)
class HeldBackRenewal:
    """What is newer than a listener's certificate, and is not put in its place."""

    message: str
    """Why, and what to do about it."""
    since: datetime | None
    """From when it is valid; `None` if it is in place on another listener, so that nobody need miss it here."""
    is_beside: bool
    """Whether a client has both, and renews each in its own place: what is newer is for something else, such as mail, or clients with EC keys."""


def find_attention(listeners: Sequence[Target], known: RenewalFacts) -> list[Record]:
    """Return what needs a person, the most urgent first.

    Args:
        listeners: what became of them; in check mode, what would.
        known: what could renew what they serve.
    """
    in_place = _in_place(listeners, known.world)
    items = [item for listener in listeners for item in _about(listener, known, in_place)]
    return sorted(
        items,
        key=lambda item: (REASONS.index(item["reason"]), item["ends_at"] or "", item["load_balancer"], item["port"]),
    )


def find_alarming(attention: Sequence[Record], fail_on: Collection[str], at: datetime) -> list[Record]:
    """Return for what of all that needs a person a run fails.

    Args:
        attention: as `find_attention` returns it.
        fail_on: the reasons for which it fails; for `held_back`, not before `PATIENCE` is over, and for `unusable`, not before what is
            served is due.
        at: the present instant.
    """
    unrenewed = _unrenewed(attention)
    asked = [
        item
        for item in attention
        if item["reason"] in fail_on and (item["reason"] != "unusable" or _place_of(item) in unrenewed)
    ]
    # The sentence that a listener's certificate is due ends with the one that its renewal is held back.
    due = {_place_of(item): item["message"] for item in asked if item["reason"] in {"expired", "expiring"}}
    return [
        item
        for item in asked
        if item["reason"] != "held_back"
        or (_waits_too_long(item, at) and item["message"] not in due.get(_place_of(item), ""))
    ]


def with_patience(attention: Sequence[Record], fail_on: Collection[str], at: datetime) -> list[Record]:
    """Return the items that need attention. An item that does not fail the run yet says when it will, unless another one does.

    Args:
        attention: as `find_attention` returns it.
        fail_on: the reasons for which a run fails.
        at: the present instant.
    """

    unrenewed = _unrenewed(attention)

    def until(item: Record) -> str:
        if item["reason"] == "unusable" and "unusable" in fail_on and _place_of(item) not in unrenewed:
            return " A run fails only once what is served is due for renewal."
        since = parse(item["held_back_since"])
        if "held_back" not in fail_on or since is None or _waits_too_long(item, at):
            return ""
        others = (other for other in attention if other is not item and _place_of(other) == _place_of(item))
        is_told = any(item["message"] in other["message"] for other in others)
        return "" if is_told else f" No run fails for it before {iso(since + PATIENCE)}."

    return [{**item, "message": item["message"] + until(item)} for item in attention]


def _place_of(item: Record) -> tuple[t.Any, ...]:
    return item["load_balancer_uuid"], item["load_balancer"], item["port"]


def _unrenewed(attention: Iterable[Record]) -> set[tuple[t.Any, ...]]:
    """Return the listeners that nothing renews in time."""
    return {_place_of(item) for item in attention if item["reason"] in {"expired", "expiring"}}


def _waits_too_long(item: Record, at: datetime) -> bool:
    since = parse(item["held_back_since"])
    return since is not None and at - since > PATIENCE


def _in_place(listeners: Iterable[Target], world: World) -> frozenset[Certificate]:
    """Return the certificates that listeners of the account have."""
    present = (listener.certificate_id for balancer in world.listed_balancers for listener in balancer.listeners)
    records = (world.index.by_handle.get(handle) for handle in (*present, *(each.final_handle for each in listeners)))
    return frozenset(record.certificate for record in records if record and record.certificate)


@dataclass(frozen=True)
class Served:
    """What clients get from a listener, and when they take it; `certificate` is `None` if it cannot be read."""

    lifespan: Lifespan
    certificate: Certificate | None = None
    record: StoreCertificate | None = None
    """The record that the listener has in the API, if the store has it."""
    sent: tuple[Certificate, ...] = ()
    """What comes with the certificate."""

    @property
    def named(self) -> Certificate | None:
        """The certificate that is named: where none was seen, the one that should be there."""
        return self.certificate or (self.record.certificate if self.record else None)

    @property
    def shown_name(self) -> str | None:
        """Its name in a sentence."""
        if self.named:
            return self.named.shown_name
        return self.record.common_name if self.record else None

    @property
    def names(self) -> frozenset[str]:
        """What it is for; of one that cannot be read, what the API says."""
        if self.certificate:
            return self.certificate.identities
        return self.record.names if self.record else frozenset()


def served_by(listener: Target, world: World) -> Served:
    """Return what clients get from a listener: what was seen, of several the one that ends first, else what it has in the API.

    What an endpoint must serve says nothing of what it serves.
    """
    record, view = world.index.by_handle.get(listener.final_handle), world.view
    is_other = listener.serves_something_else
    held = record.certificate if record else None
    seen = [chain for chain in listener.seen if is_other or held is None or chain[0] == held]
    candidates = [Served(view.lifespan_of(leaf, tuple(sent)), leaf, record, tuple(sent)) for leaf, *sent in seen]
    if record and listener.is_managed and not is_other and (held is None or not seen):
        candidates.append(Served(view.lifespan(record), held, record, record.intermediates))
    return min(
        candidates, key=lambda served: _urgency(served.lifespan, view.at), default=Served(NOT_KNOWN, None, record)
    )


def as_served(listener: Target, world: World) -> Record:
    """Return a listener with what clients get from it, in the form of results."""
    served = served_by(listener, world)
    revocation = revocation_of(served, world.view)
    # What it was to get, and has not.
    missed = listener.target if listener.target and listener.target.handle != listener.final_handle else None
    is_back = listener.outcome == "rolled_back"  # what was seen is the certificate that it was to get, and has no more
    return {
        **listener.as_result(world.view),
        **({"served": None, "accepted": None} if is_back else {}),
        "better_certificate_id": listener.renewal_id or (missed and missed.id),
        "not_before": iso(served.lifespan.begin),
        "not_after": iso(served.certificate.not_after if served.certificate else served.lifespan.end),
        **served.lifespan.as_result(),
        "renewal_due": served.lifespan.is_due(world.view.at),
        "revocation": revocation.as_result() if revocation else None,
        "days_until_expiry": days_until(served.lifespan.end, world.view.at),
        "served_name": served.shown_name or listener.expected_name,
        "served_certificate": listener.seen[0][0].facts() if listener.serves_something_else and listener.seen else None,
    }


def revocation_of(served: Served, view: TrustView) -> Revocation | None:
    """Return whether what clients get was revoked, or an issuer of it; `None` if nobody was asked."""
    return view.revocation_of(served.certificate, served.sent) if served.certificate else None


def _urgency(lifespan: Lifespan, at: datetime) -> tuple[bool, bool, datetime]:
    """Return what is sorted by, the most urgent first."""
    return not lifespan.is_over(at), not lifespan.is_to_come(at), lifespan.end or datetime.max.replace(tzinfo=at.tzinfo)


def _about(listener: Target, known: RenewalFacts, in_place: Collection[Certificate]) -> t.Iterator[Record]:
    """Yield what is to be said of a listener."""
    served, view = served_by(listener, known.world), known.world.view
    lifespan, record = served.lifespan, served.record
    held = None
    if isinstance(listener, ListenerAction) and record and record.certificate:
        held = _why_held_back(listener, record, known, in_place)
    has_other = _has_renewal(listener, served, known)
    unusable = None if has_other else _why_unusable(served, known)
    request = None if has_other else _missed_request(served, known)
    requested = _why_requested(request, served) if request else None
    revocation = revocation_of(served, view)

    def item(reason: AttentionReason, message: str) -> Record:
        return {
            "name": served.shown_name or listener.expected_name,
            "load_balancer": listener.load_balancer,
            "load_balancer_uuid": listener.load_balancer_uuid,
            "port": listener.port,
            "reason": reason,
            "not_after": iso(served.named.not_after if served.named else lifespan.end),
            **lifespan.as_result(),
            "days_until_expiry": days_until(lifespan.end, view.at),
            "held_back_since": iso(held.since) if held and reason == "held_back" else None,
            "explanation_url": request.explanation_url if request and reason == "renewal_requested" else None,
            "message": message,
        }

    is_refused = listener.accepted is False
    if listener.serves_something_else:
        yield item("not_served", listener.message)
        is_refused = False
    if lifespan.is_to_come(view.at):
        yield item("not_yet_valid", _why_not_yet(listener, lifespan))
        is_refused = False
    if lifespan.is_due(view.at) and not (listener.is_managed and _is_renewed_in_time(served, known)):
        has_ended = lifespan.is_over(view.at)
        is_other = listener.has_failed and listener.serves_something_else
        why = listener.message if is_other else held.message if held and not listener.renewal_id else None
        why = why or unusable or requested or _why_not_deployed(listener, served, known)
        ends = _how_it_ends(served, has_ended, is_renewed=why is not None)
        yield item("expired" if has_ended else "expiring", f"{ends} {why or _why_not_renewed(listener, served, known)}")
        is_refused = is_refused and not has_ended
    if unusable:
        yield item("unusable", unusable)
    if revocation and revocation.status == "revoked":
        yield item("revoked", _how_revoked(listener, served, revocation, known))
    if held and not held.is_beside:
        yield item("held_back", held.message)
    if requested:
        yield item("renewal_requested", requested)
    if is_refused and not listener.has_failed:
        yield item(
            "not_accepted",
            f"Clients refuse what is served: {listener.refusal}. {_remedy_for_refusal(listener, served, view)}",
        )


def _how_it_ends(served: Served, has_ended: bool, *, is_renewed: bool) -> str:
    """Return a sentence on the end of what is served, and that nothing renews it, unless something would."""
    end, issuer = iso(served.lifespan.end), served.lifespan.ends_by
    nothing = "" if is_renewed else ", and nothing renews it"
    if issuer is None:
        return f"It {'expired' if has_ended else 'ends'} at {end}{nothing}."
    what = f"Its issuer {issuer.shown_name} {'expired' if has_ended else 'ends'} at {end}, and clients refuse it from then on"
    return f"{what}{nothing}. Import the certificate again with today's chain."


def _how_revoked(listener: Target, served: Served, revocation: Revocation, known: RenewalFacts) -> str:
    """Return what to do about a listener that serves what was revoked."""
    certificate, view = t.cast(Certificate, served.certificate), known.world.view
    is_own = revocation.certificate == certificate
    named = revocation.certificate.shown_name if revocation.certificate else ""
    what = f"{'It' if is_own else f'Its issuer {named}'} was {revocation.shown}, and clients that look refuse it"
    if listener.renewal_id:
        return f"{what}: {DEPLOY} has certificate {listener.renewal_id} of the store served in its place."
    entry = next((entry for entry in known.world.bundles.entries if entry.certificate == certificate), None)
    source, name = (entry.source, entry.name) if entry else (None, certificate.shown_name)
    anew = remedies.reissue(source, name, certificate.shown_name, certificate.key_type)
    chain = "" if is_own else ", or put the chain that its authority has in its place beside it"
    back = ""
    if isinstance(listener, ListenerAction):
        before = known.world.index.by_handle.get(listener.predecessor_id)
        if before and view.trust(before) and view.lifespan(before).is_now(view.at):
            back = f" Until then, {listener.place.command(before.stored_id)} goes back to the one that was probably before it."
    return f"{what}: {anew}{chain}; {ROTATE} brings it here.{back}"


def _why_not_yet(listener: Target, lifespan: Lifespan) -> str:
    """Return what to do about a listener that serves what is not valid yet."""
    what = f"Its issuer {lifespan.starts_by.shown_name}" if lifespan.starts_by else "It"
    other = (
        f"{listener.place.command(listener.predecessor_id)} goes back to certificate {listener.predecessor_id}"
        if isinstance(listener, ListenerAction) and listener.predecessor_id
        else "have one served that is valid"
    )
    return f"{what} is not valid before {iso(lifespan.usable_from)}, and clients refuse it until then: {other}, or check this machine's clock."


def _remedy_for_refusal(listener: Target, served: Served, view: TrustView) -> str:
    """Return what to do about what clients refuse, as a sentence."""
    leaf, record = served.certificate, served.record
    if listener.is_managed and leaf and record and record.certificate == leaf and view.trust(record):
        return "The chain that the store holds is complete: see why the load balancer does not send it, or import the certificate again."
    return messages.REFUSAL_REMEDIES["chain" if listener.is_managed else "chain_elsewhere"]


def _why_unusable(served: Served, known: RenewalFacts) -> str | None:
    """Return what a source has to renew what is served, and why it cannot be used, through the fault of those who run it."""
    names = served.names
    for broken in known.broken if names else ():
        begin, of_broken = parse(broken.get("not_before")), names_of(broken)
        is_newer = begin is not None and served.lifespan.begin is not None and begin > served.lifespan.begin
        is_unread = begin is None and ascii_name(broken["name"]) in names
        if (is_newer and names <= of_broken) or is_unread:
            return f"{name_in_source(broken)} would renew it and cannot be used: {broken['message']}"
    return None


def _has_renewal(listener: Target, served: Served, known: RenewalFacts) -> bool:
    """Return whether the store or a source has what may take the place of what a listener has."""
    record = served.record or listener.target
    is_renewed = record and record.certificate and known.usable_index.superseding(record, known.world.view)
    return bool(listener.renewal_id or is_renewed)


def _missed_request(served: Served, known: RenewalFacts) -> RenewalRequest | None:
    """Return what an authority said of the renewal of what is served, if it wanted it by now."""
    request = known.requests.get(served.certificate) if served.certificate else None
    return None if request is None or known.world.view.at < request.end else request


def _why_requested(request: RenewalRequest, served: Served) -> str:
    """Return what to do about a renewal that an authority wanted."""
    entry, url = request.entry, request.explanation_url
    remedy = remedies.renewal(entry.source, entry.name, served.shown_name or "", entry.certificate.key_type)
    why = f" (it says why at {url} )" if url else ""
    return f"Its authority wanted it renewed by {iso(request.end)}{why}, and {entry.shown} has not done so: {remedy}."


def _why_held_back(
    listener: ListenerAction, record: StoreCertificate, known: RenewalFacts, in_place: Collection[Certificate]
) -> HeldBackRenewal | None:
    """Return what is newer than a listener's certificate and is not put in its place, if there is such."""
    names, view = certificate_of(record).identities, known.world.view
    others = (*known.world.index.sharing(names), *known.usable_index.sharing(names))
    near = [pair for pair in not_taken(listener.place.balancer, record, others, view) if pair[1].reason in HELD_BACK]
    if not near:
        return None
    (other, why), entry = near[0], known.entry_of.get(near[0][0].handle)
    of_sources = {usable.certificate for usable in known.chosen.usable}
    holders = {usable.source for usable in known.chosen.usable if usable.certificate == certificate_of(record)}
    certificates = [certificate_of(held) for held, _why in near]
    homeless = [
        own
        for own in certificates
        if own not in in_place
        and not (holders and own not in of_sources)  # what only the store has was left there on purpose
    ]
    what = (
        f"The newer certificate of {entry.shown} ({entry.path})"
        if entry
        else f"Certificate {other.id} of the store, which is newer,"
    )
    remedy = remedy_for(other, record, why.reason, entry, view, [listener.place.called])
    is_left = not entry and why.reason == "organization_differs" and other.is_surely_unused
    unwanted = f" Or if nobody wants it, {remove(other.stored_id)} deletes it." if is_left else ""
    message = f"{what} is held back. {messages.why_not_switched(why)} {remedy}".strip() + unwanted
    since = min((certificate.not_before for certificate in homeless), default=None)
    return HeldBackRenewal(message, since, not holders <= HEAPS and of_sources.issuperset(certificates))


def _is_renewed_in_time(served: Served, known: RenewalFacts) -> bool:
    """Return whether there is a certificate that is not valid yet, and may stand in for what a listener serves two nights before that ends."""
    record, certificate, end = served.record, served.certificate, served.lifespan.end
    if record is None or certificate is None or record.certificate != certificate or end is None:
        return False  # nobody knows when it serves what it has
    index, view = known.world.index, known.world.view
    others = [*index.covering(certificate.identities), *(entry.record for entry in known.chosen.waiting)]
    begins = ((other, view.lifespan(other).usable_from) for other in others)
    return any(
        begin and view.at < begin <= end - TWO_NIGHTS and supersedes(other, record, view.then(begin))
        for other, begin in begins
    )


def _is_same(item: Record, served: Served) -> bool:
    """Return whether a certificate of a source is what clients get."""
    return served.certificate is not None and item.get("fingerprint_sha256") == served.certificate.fingerprint_sha256


def _why_not_deployed(listener: Target, served: Served, known: RenewalFacts) -> str | None:
    """Return why what would renew what a listener serves is not served, and what to do about it; `None` if there is nothing that is not held back."""
    record, certificate, view = served.record, served.certificate, known.world.view
    if certificate is None or record is None or record.certificate is None:
        record = None
    if listener.renewal_id:
        what = f"Certificate {listener.renewal_id} of the store can replace it, and was not deployed"
        if known.is_refused:
            return f"{what}, because no listener was switched: see what failed."
        why = (
            ", because this run was without the phase deploy"
            if not known.is_deploying
            else ", because nobody has approved it"
            if listener.reason == "not_approved"
            else ""
        )
        return f"{what}{why}: {DEPLOY} has it served."
    if listener.has_failed:
        return listener.message
    if not listener.is_managed and (elsewhere := _newer_elsewhere(listener, known)):
        return f"{elsewhere} is newer: have it served there."
    fitting = known.world.index.valid_at(view.at).covering(served.names)
    if isinstance(listener, ListenerAction) and record is None and fitting:
        what, newest = "has no" if served.record is None else "cannot show", max(fitting, key=age)
        remedy = (
            listener.place.command(newest.id, "allow_name_loss")
            if newest.id
            else adopt(certificate_of(newest).shown_name, [listener.place.called])
        )
        return (
            f"The store {what} certificate {listener.final_handle}, which the listener has, but certificate {messages.called_in_store(newest)} for its names: "
            f"{remedy} has it served."
        )
    if listener.outcome == "skipped" and listener.reason in {"expired", "not_yet_valid"}:
        return listener.message
    renewals = known.usable_index.superseding(record, view) if record else []
    if renewals:
        entry = known.entry_of[max(renewals, key=age).handle]
        left_out = next(
            (item for item in known.unused if item.get("fingerprint_sha256") == entry.certificate.fingerprint_sha256),
            None,
        )
        if left_out:
            return f"{entry.shown} ({entry.path}) would renew it, but was left out: {left_out['message']}"
        if not known.is_importing:
            return f"{entry.shown} ({entry.path}) would renew it, but this run was without the phase import: {ROTATE} brings it here."
        why = "no listener was switched" if known.is_refused else "could not be stored as it is"
        return f"{entry.shown} ({entry.path}) would renew it, but {why}: see what failed."
    return None


def _why_not_renewed(listener: Target, served: Served, known: RenewalFacts) -> str:
    """Return why nothing renews what a listener serves, and what to do about it."""
    stale = next(
        (
            item
            for item in known.unused
            if (item["reason"] == "already_imported" or not listener.is_managed) and _is_same(item, served)
        ),
        None,
    )
    if stale:
        renewal = remedies.renewal(stale["source"], stale["name"], served.shown_name or "", str(stale.get("key_type")))
        return f"{name_in_source(stale)} has it, and has not renewed it: {renewal}."
    about = [record for record in known.unused if names_of(record) & served.names]
    told = next((record for record in about if record["reason"] not in {"already_imported", "superseded"}), None)
    if told is not None:
        name = told.get("name") or shown_name_of(told)
        return f"{source_name(told['source'])} {name}: {told['message']}"
    if not known.has_sources:
        return f"Have it renewed, and {ROTATE} brings it here." if listener.is_managed else "Have it renewed there."
    return (
        "No source has a newer certificate for it: have the client that looks after it renew it, and see that its certificates are among "
        "the sources."
    )


def _newer_elsewhere(listener: Target, known: RenewalFacts) -> str | None:
    """Return what the store or a source has in place of what an endpoint serves, if there is such."""
    if listener.target is None or listener.target.certificate is None:
        return None
    view = known.world.view
    stored = known.world.index.superseding(listener.target, view)
    if stored:
        return f"Certificate {messages.called_in_store(max(stored, key=age))} of the store"
    entries = known.usable_index.superseding(listener.target, view)
    entry = known.entry_of[max(entries, key=age).handle] if entries else None
    return f"The certificate of {entry.shown} ({entry.path})" if entry else None
