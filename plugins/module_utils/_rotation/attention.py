# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the listeners that need attention after a rotation, for example because their certificate expires without a renewal. Private to softlayer.certificates.

Pure.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from .._base.codes import AttentionReason, HeldBackReason, SourceReason, StoredReason
from .._base.errors import Obstacle
from .._base.names import encode_name
from .._base.times import count_days, format_time, parse
from .._replacement.can_replace import PresentCertificate, can_supersede, find_obstacles, get_age
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.certificate import Certificate, read_record_names
from .._x509.crl import Revocation
from .._x509.lifespan import UNKNOWN_LIFESPAN, Lifespan
from .plan_deploy import ListenerAction, find_rejected
from .plan_import import ImportSelection
from .target import Target
from .world import Record, RenewalRequest, SourceCertificate, World

HELD_BACK_REASONS: tuple[HeldBackReason, ...] = t.get_args(HeldBackReason)
REASONS: tuple[AttentionReason, ...] = t.get_args(AttentionReason)
OPERATOR_ERRORS = frozenset(t.get_args(SourceReason)) - {"not_active", "being_renewed", "certificate_missing"}
"""Source errors that an operator must fix, such as a wrong passphrase or missing permissions."""
UNMANAGED_SOURCES = frozenset({"folder", "mail"})
"""Sources that may contain a certificate next to its renewal; every ACME client replaces a certificate with its renewal."""
MIN_OVERLAP = timedelta(days=2)
"""Minimum time for which a renewal must be valid before the served certificate expires, so that one scheduled run may fail."""
GRACE_PERIOD = timedelta(days=3)
"""Maximum time for which a renewal may be held back before runs fail, long enough for a weekend."""
STORED_REASONS = frozenset(t.get_args(StoredReason))
NamedRecords = Sequence[tuple[Record, frozenset[str]]]
"""Records with the normalized DNS names and IP addresses of each."""


@dataclass(frozen=True)
class RenewalFacts:
    """The facts about renewals that determine the attention items."""

    world: World
    """The store, load balancers, and sources, including the imports of the run."""
    import_selection: ImportSelection
    """The certificates that were selected for import, and the skipped certificates."""
    has_sources: bool
    """Whether the run read any source."""
    requests: Mapping[Certificate, RenewalRequest]
    """The renewal requests of CAs, by the certificate in a source."""
    is_importing: bool
    """Whether the run imports renewals."""
    is_deploying: bool = True
    """Whether the run switches listeners."""
    is_refused: bool = False
    """Whether the run switched no listener because of an error, or because of `max_listeners`."""

    @cached_property
    def broken_records(self) -> NamedRecords:
        """The records of certificates in the sources that an operator must fix."""
        # Without `excluded_records`, because a source may contain an unwanted certificate without its key.
        every = (*self.world.bundles.unusable_records, *self.import_selection.skipped_records)
        return _add_names(record for record in every if record["reason"] in OPERATOR_ERRORS)

    @cached_property
    def unused_records(self) -> NamedRecords:
        """The records of all certificates in the sources that the run did not import, and that the store does not contain."""
        return _add_names(record for record in self._unimported_records if record["reason"] not in STORED_REASONS)

    @cached_property
    def records_by_fingerprint(self) -> Mapping[str | None, Sequence[Record]]:
        """The records of all readable certificates in the sources that the run did not import."""
        found: dict[str | None, list[Record]] = defaultdict(list)
        for record in self._unimported_records:
            if record.get("fingerprint_sha256"):
                found[record["fingerprint_sha256"]].append(record)
        return found

    @property
    def _unimported_records(self) -> Sequence[Record]:
        bundles = self.world.bundles
        return [*bundles.unusable_records, *bundles.excluded_records, *self.import_selection.skipped_records]

    @cached_property
    def entries_by_handle(self) -> Mapping[Handle, SourceCertificate]:
        """The usable certificates in the sources, by the handle of their record."""
        return {entry.record.handle: entry for entry in self.import_selection.usable_entries}

    @cached_property
    def sources_by_certificate(self) -> Mapping[Certificate, Collection[str]]:
        """The kinds of the sources that contain each usable certificate."""
        found: dict[Certificate, set[str]] = defaultdict(set)
        for entry in self.import_selection.usable_entries:
            found[entry.certificate].add(entry.source)
        return found

    @cached_property
    def usable_index(self) -> StoreIndex:
        """The index of the usable certificates in the sources."""
        return StoreIndex(entry.record for entry in self.import_selection.usable_entries)


def _add_names(records: Iterable[Record]) -> NamedRecords:
    return [(record, read_record_names(record)) for record in records]


@dataclass(frozen=True)
class ServedCertificate:
    """The certificate that a listener serves, and its lifespan; `certificate` is `None` if the certificate is unreadable."""

    lifespan: Lifespan
    certificate: Certificate | None = None
    record: StoreCertificate | None = None
    """The record that the listener has in the API; `None` if the store does not contain it."""
    sent_chain: tuple[Certificate, ...] = ()
    """The certificates that the listener sends in addition to its own."""

    @property
    def reported_certificate(self) -> Certificate | None:
        """The certificate in messages: the served certificate or, if unknown, the expected certificate."""
        return self.certificate or (self.record.certificate if self.record else None)

    @property
    def shown_name(self) -> str | None:
        """The name of the certificate in messages."""
        if self.reported_certificate:
            return self.reported_certificate.shown_name
        return self.record.common_name if self.record else None

    @property
    def names(self) -> frozenset[str]:
        """The DNS names of the certificate; for an unreadable certificate, the names in the API."""
        if self.certificate:
            return self.certificate.identities
        return self.record.names if self.record else frozenset()


@dataclass(frozen=True)
class AttentionItem:
    """A reason why a listener needs attention."""

    reason: AttentionReason
    listener: Target
    served_certificate: ServedCertificate
    why: Obstacle[str]
    """The problem; for a certificate that is due for renewal, the reason for the missing renewal."""
    failure_start: datetime | t.Literal["due"] | None = None
    """The time from which runs fail, or `due` for the time when the served certificate is due for renewal; `None` if runs fail already."""

    @property
    def hold_start(self) -> datetime | None:
        """The time when the held back certificate became valid; `None` if another listener has the certificate."""
        return self.why.facts["since"] if self.reason == "held_back" else None

    @property
    def cause(self) -> Record | None:
        """The cause in the result: the failure of the listener, the certificate that was not deployed (`held_back`), or a
        certificate in a source; `None` for other reasons."""
        match self.why.reason, self.why.facts:
            case "listener", {"listener": listener}:
                return {"reason": listener.reason} if listener.reason else None
            case "held_back", {"why": why, "entry": entry}:
                return {"reason": why.reason, **(entry.as_location() if entry else {})}
            case "renewal_requested", {"request": request}:
                return {"reason": self.why.reason, **request.entry.as_location()}
            case "unusable" | "left_out" | "unused", {"skipped": record}:
                return {name: record.get(name) for name in ("reason", "source", "name", "path")}
            case "not_imported" | "newer_elsewhere", {"entry": entry}:
                return {"reason": None, **entry.as_location()}
        return None


def find_attention_items(listeners: Sequence[Target], known: RenewalFacts) -> list[AttentionItem]:
    """Return the attention items, sorted by urgency.

    Args:
        listeners: the listeners and endpoints with their outcomes; in check mode, planned outcomes.
        known: the facts about renewals.
    """
    index, balancers = known.world.index, known.world.listed_balancers
    present = [listener.certificate_id for balancer in balancers for listener in balancer.listeners]
    records = map(index.by_handle.get, (*present, *(target.final_handle for target in listeners)))
    in_place = frozenset(record.certificate for record in records if record and record.certificate)
    items = [item for listener in listeners for item in _find_items(listener, known, in_place)]
    by_place = sorted(items, key=lambda item: (item.listener.load_balancer, item.listener.port))
    return sorted(
        by_place, key=lambda item: (REASONS.index(item.reason), format_time(item.served_certificate.lifespan.end) or "")
    )


def select_failing(attention: Sequence[AttentionItem], fail_on: Collection[str], at: datetime) -> list[AttentionItem]:
    """Return the attention items that fail the run.

    Args:
        attention: as `find_attention_items` returns it.
        fail_on: the reasons that fail the run: `held_back` only after `GRACE_PERIOD`, and `unusable` only for a served certificate that is
            due for renewal.
        at: the current time.
    """
    due = _find_due(attention)
    asked = [
        item
        for item in attention
        if item.reason in fail_on and (item.reason != "unusable" or item.listener.uuid in due)
    ]
    reported = _find_due(asked)
    return [
        item
        for item in asked
        if item.reason != "held_back" or (_is_overdue(item, at) and reported.get(item.listener.uuid) != item.why)
    ]


def with_grace_period(
    attention: Sequence[AttentionItem], fail_on: Collection[str], at: datetime
) -> list[AttentionItem]:
    """Return the attention items with the time from which each one fails runs, unless another item of its listener has the same cause.

    Args:
        attention: as `find_attention_items` returns it.
        fail_on: the reasons that fail the run.
        at: the current time.
    """
    due = _find_due(attention)

    def find_failure_start(item: AttentionItem) -> datetime | t.Literal["due"] | None:
        if item.reason not in fail_on:
            return None
        if item.reason == "unusable" and item.listener.uuid not in due:
            return "due"
        since = item.hold_start
        is_told = due.get(item.listener.uuid) == item.why
        return None if since is None or is_told or _is_overdue(item, at) else since + GRACE_PERIOD

    return [replace(item, failure_start=find_failure_start(item)) for item in attention]


def _find_due(attention: Iterable[AttentionItem]) -> Mapping[str, Obstacle[str]]:
    """Return the causes of expired and expiring certificates, by the UUID of the listener."""
    return {item.listener.uuid: item.why for item in attention if item.reason in {"expired", "expiring"}}


def _is_overdue(item: AttentionItem, at: datetime) -> bool:
    """Return whether a certificate has been held back for longer than the grace period."""
    return item.hold_start is not None and at - item.hold_start > GRACE_PERIOD


def find_served(listener: Target, world: World) -> ServedCertificate:
    """Return the certificate that a listener serves: of several, the one that expires first; without a probe, the certificate in the API.

    For an endpoint without a probe, the certificate is unknown.
    """
    record, view = world.index.by_handle.get(listener.final_handle), world.view
    is_other = listener.is_serving_other
    held = record.certificate if record else None
    seen = [chain for chain in listener.served_chains if is_other or held is None or chain[0] == held]
    candidates = [
        ServedCertificate(view.build_lifespan(leaf, tuple(sent)), leaf, record, tuple(sent)) for leaf, *sent in seen
    ]
    if record and listener.is_managed and not is_other and (held is None or not seen):
        candidates.append(ServedCertificate(view.find_lifespan(record), held, record, record.intermediates))

    def rank_urgency(served: ServedCertificate) -> tuple[bool, bool, datetime]:
        lifespan, latest = served.lifespan, datetime.max.replace(tzinfo=view.at.tzinfo)
        return not lifespan.is_over(view.at), not lifespan.is_in_future(view.at), lifespan.end or latest

    return min(candidates, key=rank_urgency, default=ServedCertificate(UNKNOWN_LIFESPAN, None, record))


def create_served_record(listener: Target, world: World) -> Record:
    """Return the result record of a listener, with the facts about the served certificate."""
    served = find_served(listener, world)
    revocation = find_revocation(served, world.view)
    # What it was to get, and has not.
    missed = listener.target if listener.target and listener.target.handle != listener.final_handle else None
    # The reported certificate may differ from the served one: after a rollback, or in check mode before the switch.
    is_other = listener.outcome == "rolled_back" or listener.form == "would be"
    return {
        **listener.as_result(world.view),
        **({"served": None, "accepted": None} if is_other else {}),
        "better_certificate_id": listener.renewal_id or (missed and missed.id),
        "not_before": format_time(served.lifespan.begin),
        "not_after": format_time(served.certificate.not_after if served.certificate else served.lifespan.end),
        **served.lifespan.as_result(),
        "renewal_due": served.lifespan.is_due(world.view.at),
        "revocation": revocation.as_result() if revocation else None,
        "days_until_expiry": count_days(served.lifespan.end, world.view.at),
        "served_name": served.shown_name or listener.expected_name,
        "served_certificate": listener.served_chains[0][0].facts()
        if listener.is_serving_other and listener.served_chains
        else None,
    }


def find_revocation(served: ServedCertificate, view: TrustView) -> Revocation | None:
    """Return the revocation status of the served certificate and its chain; `None` if it was not checked."""
    return view.find_revocation(served.certificate, served.sent_chain) if served.certificate else None


def _find_items(listener: Target, known: RenewalFacts, in_place: Collection[Certificate]) -> t.Iterator[AttentionItem]:
    """Yield the attention items of one listener."""
    served, view = find_served(listener, known.world), known.world.view
    lifespan, record = served.lifespan, served.record
    held = None
    if isinstance(listener, ListenerAction) and record and record.certificate:
        held = _why_held_back(listener, record, known, in_place)
    own_record = record or listener.target
    is_renewed = own_record and own_record.certificate and known.usable_index.find_successors(own_record, view)
    unusable = requested = None
    if not (listener.renewal_id or is_renewed):
        unusable = _why_unusable(served, known)
        request = known.requests.get(served.certificate) if served.certificate else None
        if request and view.at >= request.end:
            requested = Obstacle("renewal_requested", {"request": request})
    own = Obstacle("listener", {"listener": listener})

    def create_item(reason: AttentionReason, why: Obstacle[str]) -> AttentionItem:
        return AttentionItem(reason, listener, served, why)

    is_refused = listener.accepted is False and not listener.has_failed
    if listener.is_serving_other:
        yield create_item("not_served", own)
        is_refused = False
    if lifespan.is_in_future(view.at):
        before = listener.predecessor_id if isinstance(listener, ListenerAction) else None
        yield create_item("not_yet_valid", Obstacle("not_yet_valid", {"listener": listener, "before": before}))
        is_refused = False
    if lifespan.is_due(view.at) and not (listener.is_managed and _is_renewed_in_time(served, known)):
        has_ended = lifespan.is_over(view.at)
        is_other = listener.has_failed and listener.is_serving_other
        why = own if is_other else held if not listener.renewal_id else None
        why = why or unusable or requested or _why_undeployed(listener, served, known)
        yield create_item("expired" if has_ended else "expiring", why or _why_unrenewed(listener, served, known))
        is_refused = is_refused and not has_ended
    if unusable:
        yield create_item("unusable", unusable)
    if revoked := _why_revoked(listener, served, known):
        yield create_item("revoked", revoked)
    if held and not held.facts["is_beside"]:
        yield create_item("held_back", held)
    if requested:
        yield create_item("renewal_requested", requested)
    if is_refused:
        leaf = served.certificate if listener.is_managed else None
        has_whole_chain = bool(leaf and record and record.certificate == leaf and view.is_trusted(record))
        yield create_item(
            "not_accepted", Obstacle("not_accepted", {"listener": listener, "has_whole_chain": has_whole_chain})
        )


def _why_revoked(listener: Target, served: ServedCertificate, known: RenewalFacts) -> Obstacle[str] | None:
    """Return the obstacle of a revoked certificate, with the ID of a valid previous certificate."""
    view = known.world.view
    revocation = find_revocation(served, view)
    if revocation is None or revocation.status != "revoked":
        return None
    entry = next((entry for entry in known.world.bundles.entries if entry.certificate == served.certificate), None)
    predecessor = listener.predecessor_id if isinstance(listener, ListenerAction) else None
    before = known.world.index.by_handle.get(predecessor)
    is_good = before and view.is_trusted(before) and view.find_lifespan(before).is_current(view.at)
    facts = {"listener": listener, "revocation": revocation, "entry": entry}
    return Obstacle("revoked", {**facts, "before": before.id if before and is_good else None})


def _why_unusable(served: ServedCertificate, known: RenewalFacts) -> Obstacle[str] | None:
    """Return the obstacle of a renewal in a source that an operator must fix; `None` without such a renewal."""
    names = served.names
    for broken, of_broken in known.broken_records if names else ():
        begin = parse(broken.get("not_before"))
        is_newer = begin is not None and served.lifespan.begin is not None and begin > served.lifespan.begin
        is_unread = begin is None and encode_name(broken["name"]) in names
        if (is_newer and names <= of_broken) or is_unread:
            return Obstacle("unusable", {"skipped": broken})
    return None


def _why_held_back(
    listener: ListenerAction, record: StoreCertificate, known: RenewalFacts, in_place: Collection[Certificate]
) -> Obstacle[str] | None:
    """Return the newest certificate that is held back from a listener, and the reason; `None` if no certificate is held back.

    In the facts, `since` is the time when the first held back certificate that no listener has became valid. `is_beside` is true if an ACME client
    renews the old and the new certificate separately, for example for different key types.
    """
    names, view = certificate_of(record).identities, known.world.view
    others = (*known.world.index.find_sharing(names), *known.usable_index.find_sharing(names))
    if listener.reason == "switched_back":
        new, since = listener.facts["newer"], listener.facts["since"]
        why: Obstacle[t.Any] = Obstacle("switched_back", listener.facts)
        entry = known.entries_by_handle.get(new.handle)
        facts = {"new": new, "old": record, "why": why, "obstacles": [], "entry": entry}
        return Obstacle("held_back", {**facts, "listener": listener, "since": since, "is_beside": False})
    near = [
        pair
        for pair in find_rejected(listener.place.balancer, record, others, view)
        if pair[1].reason in HELD_BACK_REASONS
    ]
    if not near:
        return None
    new, why = near[0]
    of_sources = known.sources_by_certificate.keys()
    holders = {*known.sources_by_certificate.get(certificate_of(record), ())}
    certificates = [certificate_of(held) for held, _why in near]
    homeless = [
        own
        for own in certificates
        if own not in in_place
        and not (holders and own not in of_sources)  # what only the store has was left there on purpose
    ]
    facts = {
        "new": new,
        "old": record,
        "why": why,
        "obstacles": find_obstacles(new, PresentCertificate.of(record), view),
        "entry": known.entries_by_handle.get(new.handle),
        "listener": listener,
        "since": min((certificate.not_before for certificate in homeless), default=None),
        "is_beside": not holders <= UNMANAGED_SOURCES and of_sources >= {*certificates},
    }
    return Obstacle("held_back", facts)


def _is_renewed_in_time(served: ServedCertificate, known: RenewalFacts) -> bool:
    """Return whether a future certificate can replace the served certificate at least `MIN_OVERLAP` before its expiration."""
    record, certificate, end = served.record, served.certificate, served.lifespan.end
    if record is None or certificate is None or record.certificate != certificate or end is None:
        return False  # the time at which it serves its certificate is unknown
    index, view = known.world.index, known.world.view
    others = [
        *index.find_covering(certificate.identities),
        *(entry.record for entry in known.import_selection.future_entries),
    ]
    begins = ((other, view.find_lifespan(other).usable_start) for other in others)
    return any(
        begin and view.at < begin <= end - MIN_OVERLAP and can_supersede(other, record, view.move_to(begin))
        for other, begin in begins
    )


def _why_undeployed(listener: Target, served: ServedCertificate, known: RenewalFacts) -> Obstacle[str] | None:
    """Return the reason why an available renewal is not served; `None` without a renewal, or if the renewal is held back."""
    view = known.world.view
    record = served.record if served.record and served.record.certificate else None
    if listener.renewal_id:
        unapproved = "not_approved" if listener.reason == "not_approved" else None
        because = "refused" if known.is_refused else unapproved if known.is_deploying else "phase"
        return Obstacle("not_deployed", {"certificate_id": listener.renewal_id, "because": because})
    own = Obstacle("listener", {"listener": listener})
    if listener.has_failed:
        return own
    if not listener.is_managed and listener.target and listener.target.certificate:
        if stored := known.world.index.find_successors(listener.target, view):
            newest = max(stored, key=get_age)
            coming = None if newest.id else known.entries_by_handle.get(newest.handle)  # in check mode
            return Obstacle("newer_elsewhere", {"entry": coming} if coming else {"record": newest})
        if entries := known.usable_index.find_successors(listener.target, view):
            return Obstacle("newer_elsewhere", {"entry": known.entries_by_handle[max(entries, key=get_age).handle]})
    fitting = known.world.index.select_valid(view.at).find_covering(served.names)
    if isinstance(listener, ListenerAction) and record is None and fitting:
        return Obstacle("not_held", {"listener": listener, "newest": max(fitting, key=get_age)})
    if listener.outcome == "skipped" and listener.reason in {"expired", "expires_earlier", "not_yet_valid"}:
        return own
    renewals = known.usable_index.find_successors(record, view) if record else []
    if not renewals:
        return None
    entry = known.entries_by_handle[max(renewals, key=get_age).handle]
    fingerprint = entry.certificate.fingerprint_sha256
    left_out = next(iter(known.records_by_fingerprint.get(fingerprint, ())), None)
    if left_out:
        return Obstacle("left_out", {"entry": entry, "skipped": left_out})
    because = "phase" if not known.is_importing else "refused" if known.is_refused else "not_stored"
    return Obstacle("not_imported", {"entry": entry, "because": because})


def _why_unrenewed(listener: Target, served: ServedCertificate, known: RenewalFacts) -> Obstacle[str]:
    """Return the reason why no renewal is available for a listener."""
    fingerprint = served.certificate.fingerprint_sha256 if served.certificate else None
    for entry in known.import_selection.imports:  # by this run, so that it is not among what is left out
        if entry.certificate == served.certificate:
            return Obstacle("not_renewed", {"skipped": {**entry.as_location(), "key_type": entry.certificate.key_type}})
    for item in known.records_by_fingerprint.get(fingerprint, ()):
        if item["reason"] == "already_imported" or not listener.is_managed:
            return Obstacle("not_renewed", {"skipped": item})
    for item, names in known.unused_records:
        if names & served.names:
            return Obstacle("unused", {"skipped": item})
    return Obstacle("no_source", {"has_sources": known.has_sources, "is_managed": listener.is_managed})
