# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the certificates in the sources to read and to import. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from .._base.codes import ApprovalReason, RotationReason
from .._base.errors import Obstacle
from .._base.names import encode_name, is_address, sort_by_similarity
from .._base.times import parse
from .._replacement.can_replace import (
    PresentCertificate,
    find_obstacles,
    find_replacement_obstacle,
    get_age,
    has_better_chain,
    is_equivalent,
    is_newer,
    select_best,
    select_best_copies,
    select_uncovered,
)
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._secrets_manager.secret import MISSING_KEY, Secret
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.bundle import Problem
from .._x509.certificate import read_record_names
from .._x509.chain import UNTRUSTED_REASONS
from .messages_import import why_skipped
from .world import NO_LISTENERS, ListenersByCertificate, Record, SourceCertificate, is_selected

SKIPPED_FIELDS = ("common_name", "subject_alt_names", "fingerprint_sha256", "key_type", "not_before", "not_after")
"""Result fields of a skipped certificate: few, because most scheduled runs skip all certificates."""
WILDCARD_REMEDY = "names_by_wildcard"
"""The remedy for `names_not_covered` if a wildcard covers the missing names, so that no override is necessary."""


@dataclass(frozen=True)
class SourceOptions:
    """The options for the selection of imports.

    Attributes:
        common_names: patterns of certificate names; `None` means no restriction.
        import_new: whether to import certificates that cannot replace any record.
        is_trust_required: whether to import only trusted certificates.
    """

    common_names: Sequence[str] | None = None
    import_new: bool = False
    is_trust_required: bool = True


@dataclass(frozen=True)
class ImportSelection:
    """The certificates to import, and the skipped certificates with their reasons."""

    imports: Sequence[SourceCertificate]
    skipped_entries: Sequence[tuple[SourceCertificate, Obstacle[RotationReason | ApprovalReason]]]
    usable_entries: Sequence[SourceCertificate]
    """All certificates that are valid and trusted now."""
    future_entries: Sequence[SourceCertificate] = ()
    """Certificates that are not valid yet but otherwise usable."""
    impossible_imports: Sequence[Record] = ()
    """Skipped records of approved certificates that no source contains any longer."""

    @cached_property
    def skipped_records(self) -> Sequence[Record]:
        """The result records of all skipped certificates."""
        return [*(as_skipped_record(entry, why) for entry, why in self.skipped_entries), *self.impossible_imports]


def as_skipped_record(entry: SourceCertificate, why: Obstacle[RotationReason | ApprovalReason]) -> Record:
    """Return the result record of a skipped certificate."""
    facts = entry.certificate.facts()
    known = {name: facts[name] for name in SKIPPED_FIELDS}
    message = why_skipped(why, entry)
    return {**entry.as_location(), **known, "outcome": "skipped", "reason": why.reason, "message": message}


def choose(
    entries: Iterable[SourceCertificate],
    index: StoreIndex,
    options: SourceOptions,
    view: TrustView,
    listeners_by_certificate: ListenersByCertificate = NO_LISTENERS,
) -> ImportSelection:
    """Return the certificates in the sources to import, and the skipped certificates.

    A certificate is imported if it can replace a record, and if neither the store nor another source contains a replacement for it. If several
    sources contain a certificate, the most complete copy counts.

    Args:
        entries: the certificates in the sources, in the order of the sources.
        index: the store.
        options: the options for the selection.
        view: the trust of TLS clients.
        listeners_by_certificate: names of listeners in commands, by the ID of the certificate.
    """
    selected = (entry for entry in entries if entry.is_selected(options.common_names))
    skipped = []
    usable, waiting = [], []
    for entry in select_best_copies(selected, view, lambda entry: entry.record):
        why_not = _why_unusable(entry, options, view)
        if not why_not:
            usable.append(entry)
            continue
        skipped.append((entry, why_not))
        if why_not.reason == "not_yet_valid" and (not options.is_trust_required or view.is_trusted(entry.record)):
            waiting.append(entry)
    rivals = StoreIndex(entry.record for entry in usable)
    by_handle = {entry.record.handle: entry for entry in usable}
    to_import = []
    for entry in usable:
        why_not = _why_unneeded(entry, index, view) or _why_worse(
            entry, rivals, by_handle, view, is_stored=bool(index.find_copies(entry.certificate))
        )
        if not why_not and not index.find_superseded(entry.record, view):
            leaf, sent = entry.certificate, entry.record.intermediates
            if not options.import_new:
                why_not = _why_unfit(entry, index, view, listeners_by_certificate)
            elif options.is_trust_required and view.why_revoked(
                leaf, sent
            ):  # what renews something may be as bad as that is
                why_not = Obstacle("untrusted", {"revocation": view.find_revocation(leaf, sent)})
        if why_not:
            skipped.append((entry, why_not))
        else:
            to_import.append(entry)
    return ImportSelection(to_import, skipped, usable, waiting)


def choose_by_name(
    entries: Iterable[SourceCertificate],
    name: str,
    options: SourceOptions,
    view: TrustView,
    fitness: Callable[[SourceCertificate], tuple[bool, ...]] = lambda _entry: (),
) -> SourceCertificate | Obstacle[RotationReason | ApprovalReason | t.Literal["not_found"]]:
    """Return the best certificate for a name by the rules of `choose`, then by `fitness`; or the obstacle if there is not exactly one."""
    entries = list(entries)
    named = [entry for entry in entries if encode_name(name) in entry.certificate.identities]
    if not named:
        names = {own for entry in entries for own in entry.certificate.identities}
        return Obstacle("not_found", {"names": sort_by_similarity(encode_name(name), names)})
    chosen = choose(named, StoreIndex([]), replace(options, common_names=None, import_new=True), view)
    reasons = {entry.certificate: why.reason for entry, why in chosen.skipped_entries}
    rivals = [entry for entry in chosen.usable_entries if reasons.get(entry.certificate, "ambiguous") == "ambiguous"]
    if not rivals:
        entry, why = sorted(chosen.skipped_entries, key=lambda pair: pair[0].certificate.not_before)[-1]
        return Obstacle(why.reason, {"entry": entry, "why": why})
    fits = [fitness(entry) for entry in rivals] if len(rivals) > 1 else [()]
    rivals = [entry for entry, fit in zip(rivals, fits, strict=True) if fit == max(fits)]
    return Obstacle("ambiguous", {"rivals": rivals}) if len(rivals) > 1 else rivals[0]


def _why_unusable(entry: SourceCertificate, options: SourceOptions, view: TrustView) -> Obstacle[RotationReason] | None:
    certificate = entry.certificate
    if certificate.not_after < view.at:
        return Obstacle("expired")
    if certificate.not_before > view.at:
        return Obstacle("not_yet_valid")
    if options.is_trust_required and entry.chain.trust != "trusted":
        return Obstacle(UNTRUSTED_REASONS[entry.chain.trust])
    if view.is_revoked(certificate):
        return Obstacle("revoked", {"revocation": view.revocations[certificate]})
    return None


def _why_unneeded(entry: SourceCertificate, index: StoreIndex, view: TrustView) -> Obstacle[RotationReason] | None:
    """Return the obstacle if the store does not need a certificate; `None` if it does."""
    same = index.find_copies(entry.certificate)
    enough = next((record for record in same if not has_better_chain(entry.record, record, view)), None)
    if enough is not None:
        return Obstacle("already_imported", {"certificate_id": enough.id})
    newer = index.find_successors(entry.record, view)
    if newer:
        return Obstacle("superseded", {"stored": max(newer, key=get_age)})
    alike = () if same else index.find_covering(entry.certificate.identities)
    equal = next((record for record in alike if is_equivalent(record, entry.record, view)), None)
    return Obstacle("ambiguous", {"stored": equal}) if equal else None


def _why_worse(
    entry: SourceCertificate,
    rivals: StoreIndex,
    by_handle: Mapping[Handle, SourceCertificate],
    view: TrustView,
    *,
    is_stored: bool,
) -> Obstacle[RotationReason] | None:
    """Return the better certificate in the sources as an obstacle; `None` if there is none.

    With `is_stored`, equally good certificates do not count, because listeners may serve the stored certificate.
    """
    names = entry.certificate.identities
    better = [rival for rival in rivals.find_successors(entry.record, view) if rival.certificate != entry.certificate]
    alike = () if is_stored else rivals.find_covering(names)
    equal = [rival for rival in alike if is_equivalent(rival, entry.record, view)]
    wider = [rival for rival in equal if certificate_of(rival).identities > names]
    if better or wider:
        return Obstacle("superseded", {"other": by_handle[max(better or wider, key=get_age).handle]})
    return Obstacle("ambiguous", {"other": by_handle[equal[0].handle]}) if equal else None


def _why_unfit(
    entry: SourceCertificate, index: StoreIndex, view: TrustView, listeners_by_certificate: ListenersByCertificate
) -> Obstacle[RotationReason]:
    """Return the reason why a certificate cannot replace any record: if there is a related record, the obstacle for the nearest one.

    Among equally near records, the newest record counts, because older records may have been replaced long ago.
    """
    names = entry.certificate.identities
    related = [record for record in index.find_sharing(names) if is_newer(entry.record, record, view)]
    nearest = find_nearest(related, names)
    why = find_replacement_obstacle(entry.record, PresentCertificate.of(nearest), view) if nearest else None
    if nearest and why:
        facts = {"nearest": nearest, "why": why, "listeners": listeners_by_certificate.get(nearest.stored_id, ())}
        return Obstacle(
            why.reason, {**facts, "obstacles": find_obstacles(entry.record, PresentCertificate.of(nearest), view)}
        )
    return _why_unrelated(names, entry.certificate.not_after, index, listeners_by_certificate)


def _why_unrelated(
    names: frozenset[str], end: datetime | None, index: StoreIndex, listeners_by_certificate: ListenersByCertificate
) -> Obstacle[RotationReason]:
    """Return the reason why a certificate renews no record, if the store has no older record.

    If a record with the same names was issued later but expires earlier, either certificate may be the renewal.
    """
    exact = (record for record in index.find_covering(names) if certificate_of(record).identities == names)
    earlier = (record for record in exact if end and certificate_of(record).not_after < end)
    later = max(earlier, key=get_age, default=None)
    if later:
        listeners = listeners_by_certificate.get(later.stored_id, ())
        return Obstacle("ambiguous", {"later": later, "names": names, "listeners": listeners})
    return Obstacle("new_name", {"names": names if index.by_handle else None})


def find_nearest(records: Iterable[StoreCertificate], names: frozenset[str]) -> StoreCertificate | None:
    """Return the record with the fewest DNS names outside `names`; among equals, the newest."""
    return max(
        records, key=lambda record: (-len(certificate_of(record).identities - names), get_age(record)), default=None
    )


def drop_replaced(useless: Iterable[Record], index: StoreIndex, view: TrustView) -> list[Record]:
    """Return the unusable certificates without expired certificates in emails for which the store has a valid renewal.

    Mailboxes keep old emails, so that old certificates would be reported in each run.
    """
    valid, kept = index.select_valid(view.at), []
    for record in useless:
        begin = parse(record.get("not_before")) if (record["source"], record["reason"]) == ("mail", "expired") else None
        newer = valid.find_covering(read_record_names(record)) if begin else []
        if begin is None or all(certificate_of(other).not_before < begin for other in newer):
            kept.append(record)
    return kept


# Secrets Manager: private keys are read only of certificates that may be imported according to their metadata. If metadata is not sufficient,
# the certificate is read, and evaluated like a certificate of any other source.


@dataclass(frozen=True)
class ReadingPlan:
    """The plan for the certificates of a Secrets Manager instance.

    Attributes:
        candidates: secrets to read, because the certificates may be imported.
        stored_secrets: secrets whose certificates the store contains, with the records.
        unusable_secrets: secrets that are expired or not active.
        excluded_secrets: secrets whose certificates do not renew any record.
        unreadable_secrets: secrets that could not be read; empty before the candidates are read.
    """

    candidates: list[Secret] = field(default_factory=list)
    stored_secrets: list[tuple[Secret, StoreCertificate]] = field(default_factory=list)
    unusable_secrets: list[tuple[Secret, Problem]] = field(default_factory=list)
    excluded_secrets: list[tuple[Secret, Problem]] = field(default_factory=list)
    unreadable_secrets: list[tuple[Secret, Problem]] = field(default_factory=list)


def plan_reading(
    secrets: Iterable[Secret],
    index: StoreIndex,
    options: SourceOptions,
    view: TrustView,
    listeners_by_certificate: ListenersByCertificate = NO_LISTENERS,
) -> ReadingPlan:
    """Return the plan for the secrets of an instance: read, stored, unusable, or excluded.

    Args:
        secrets: the metadata of the secrets that the source selects.
        index: the store.
        options: the options for the selection.
        view: the trust of TLS clients.
        listeners_by_certificate: names of listeners in commands, by the ID of the certificate.
    """
    plan = ReadingPlan()
    known = [record for record in index if record.certificate]
    addresses = frozenset(address for record in known for address in certificate_of(record).addresses)
    by_serial_number: dict[int | None, list[StoreCertificate]] = defaultdict(list)
    for record in known:
        by_serial_number[certificate_of(record).serial_number].append(record)
    for secret in secrets:
        if not is_selected(secret.common_name, secret.alt_names, options.common_names):
            continue
        names = secret.names | frozenset(name for name in secret.alt_names if is_address(name))
        alike = by_serial_number.get(secret.serial_number, ())
        same = next(
            iter(select_best([record for record in alike if secret.is_metadata_of(certificate_of(record))], view)), None
        )
        if same is not None and not _can_complete(secret, same, options, view):
            plan.stored_secrets.append((secret, same))
        elif not secret.has_private_key and not secret.why_inactive:
            plan.excluded_secrets.append((secret, MISSING_KEY))
        elif secret.why_inactive:
            plan.unusable_secrets.append((secret, Obstacle("not_active")))
        elif secret.not_after is not None and secret.not_after < view.at:
            plan.unusable_secrets.append((secret, Obstacle("expired")))
        elif same is not None or options.import_new or _can_renew(secret, names, index, addresses):
            plan.candidates.append(secret)
        else:
            plan.excluded_secrets.append((secret, _why_unread(secret, names, index, listeners_by_certificate)))
    return plan


def _can_complete(secret: Secret, record: StoreCertificate, options: SourceOptions, view: TrustView) -> bool:
    """Return whether a secret may contain a chain that completes the chain of a record.

    Without `is_trust_required`, an incomplete chain is no reason: chains of a private CA always seem incomplete.
    """
    lifespan = view.find_lifespan(record)
    if secret.has_chain and lifespan.limiting_issuer and lifespan.is_due(view.at):
        return True  # an issuer is about to end, and there may be a later one
    if not secret.has_chain or view.is_trusted(record):
        return False
    return not record.intermediates or (options.is_trust_required and view.find_chain(record).trust == "incomplete")


def _can_renew(secret: Secret, names: frozenset[str], index: StoreIndex, addresses: frozenset[str]) -> bool:
    """Return whether a secret may renew a record: an older record whose names the secret covers.

    Metadata lacks IP addresses, organization, and trust, so all IP `addresses` of the store count as covered.
    """
    within = index.find_within(names | addresses)
    return any(_is_older(record, secret) for record in within if certificate_of(record).identities & names)


def _why_unread(
    secret: Secret, names: frozenset[str], index: StoreIndex, listeners_by_certificate: ListenersByCertificate
) -> Obstacle[RotationReason]:
    """Return the reason why a secret cannot replace any record, by the metadata; see `_why_unfit`."""
    related = [record for record in index.find_sharing(names) if _is_older(record, secret)]
    nearest = find_nearest(related, names)
    if nearest is None:
        return _why_unrelated(names, secret.not_after, index, listeners_by_certificate)
    lost = sorted(certificate_of(nearest).identities - names)
    reason = "names_not_covered" if select_uncovered(lost, names) else WILDCARD_REMEDY
    listeners = listeners_by_certificate.get(nearest.stored_id, ())
    facts = {"nearest": nearest, "lost": lost, "names": names, "remedy": reason, "listeners": listeners}
    return Obstacle("names_not_covered", facts)


def _is_older(record: StoreCertificate, secret: Secret) -> bool:
    """Return whether a record is older than a secret, according to metadata."""
    if secret.not_before is None or secret.not_after is None:
        return True
    return get_age(record) < (secret.not_before, secret.not_after)
