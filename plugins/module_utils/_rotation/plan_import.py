# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of the sources to read, and to import. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import posixpath
import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from .._base import remedies
from .._base.codes import ApprovalReason, RotationReason
from .._base.errors import CertificatesError, SaidObstacle
from .._base.names import (
    any_matches,
    ascii_name,
    is_address,
    is_host_name,
    most_alike_first,
    name_in_source,
    source_name,
)
from .._base.text import MOST_NAMED, capitalized, some_of, uncapitalized
from .._base.times import iso, parse
from .._replacement.can_replace import (
    ACCEPT,
    Incumbent,
    Overrides,
    age,
    completes,
    is_as_good,
    is_newer,
    not_under_wildcards,
    why_not_in_place_of,
)
from .._replacement.index import StoreIndex
from .._replacement.messages import REPLACED_CHAIN, said
from .._replacement.trust import TrustView
from .._secrets_manager.secret import NO_KEY, Secret
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.bundle import Bundle, KeyRef, Trouble
from .._x509.certificate import Certificate, name_set, names_of
from .._x509.chain import UNTRUSTED, Trust

Record = Mapping[str, t.Any]
ListenersWith = Mapping[int, Sequence[str]]
"""What commands call the listeners that have a certificate of the store, by its id."""
NOBODY: ListenersWith = MappingProxyType({})
BY_WILDCARD = "names_by_wildcard"
"""Stands for `names_not_covered` where a wildcard has the names: who names the certificate need not accept that it lacks any."""
OF_SKIPPED = ("common_name", "subject_alt_names", "fingerprint_sha256", "key_type", "not_before", "not_after")
"""What a result says of a certificate that is not imported: most nights that is all of them."""


@dataclass(frozen=True)
class SourceCertificate:
    """A certificate that a source holds with its private key."""

    source: str
    """The kind of the source."""
    name: str
    path: str
    record: StoreCertificate
    """The record that it would be."""
    trust: Trust
    trust_message: str | None
    """What is wrong, and what to do, unless it is trusted."""
    key: KeyRef | None = None
    """`None` where the store has it already, so that its key was not read."""

    @property
    def certificate(self) -> Certificate:
        """The certificate."""
        return certificate_of(self.record)

    @property
    def shown(self) -> str:
        """What it is called in messages."""
        return f"{source_name(self.source)} {self.name}"

    @property
    def where(self) -> str:
        """By what a person finds it: its path, or its name if it is in no file."""
        return self.path if self.key and self.key.real_path else self.name

    @property
    def folder(self) -> str | None:
        """The folder that it is in, as the playbook `adopt` takes it; Traefik's is a file; `None` if it is in neither."""
        if self.source in {"mail", "secrets_manager"}:
            return None
        return self.path if self.source == "traefik" else posixpath.dirname(self.path)

    @property
    def bundle(self) -> Bundle:
        """What an import is given."""
        return Bundle((self.certificate,), self.record.intermediates, self.key)

    def is_meant(self, patterns: Sequence[str] | None) -> bool:
        """Return whether it is one of those that are meant; see `is_meant`."""
        return is_meant(self.certificate.common_name, self.certificate.subject_alt_names, patterns)

    def named(self) -> dict[str, t.Any]:
        """Return where it is, in the form of results."""
        return {"source": self.source, "name": self.name, "path": self.path}

    def as_facts(self) -> dict[str, t.Any]:
        """Return what is public about it, in the form of results."""
        return {
            **self.named(),
            **self.certificate.facts(),
            "organization_name": self.certificate.organization_name,
            "trust": self.trust,
            "trust_message": self.trust_message,
        }

    def skipped(self, why: SaidObstacle[RotationReason | ApprovalReason]) -> Record:
        """Return it as one that is not imported."""
        facts = self.certificate.facts()
        known = {name: facts[name] for name in OF_SKIPPED}
        return {**self.named(), **known, "outcome": "skipped", **vars(why)}


@dataclass(frozen=True)
class SourceOptions:
    """Which certificates of the sources to import.

    Attributes:
        common_names: patterns one of which a name must match; `None` means no restriction.
        import_new: whether to import what may stand in for nothing in the store.
        needs_trust: whether to import only what is trusted.
    """

    common_names: Sequence[str] | None = None
    import_new: bool = False
    needs_trust: bool = True


@dataclass(frozen=True)
class Chosen:
    """The certificates to import, and the others with the reason.

    Attributes:
        to_import: those to import.
        skipped: the others.
        usable: all that can be used now.
        waiting: those that can be used later, since they are not valid yet.
    """

    to_import: Sequence[SourceCertificate]
    skipped: Sequence[Record]
    usable: Sequence[SourceCertificate]
    waiting: Sequence[SourceCertificate] = ()


def choose(
    entries: Iterable[SourceCertificate],
    index: StoreIndex,
    options: SourceOptions,
    view: TrustView,
    listeners_with: ListenersWith = NOBODY,
) -> Chosen:
    """Decide which certificates of the sources to import.

    One is imported if it may stand in for a certificate of the store, and neither the store nor another source has one that may stand in
    for it. Of one certificate in several sources, the most complete copy counts.

    Args:
        entries: what the sources hold, in the order of the sources.
        index: the store.
        options: what to import.
        view: who has to trust what stands in for what they trust.
        listeners_with: the listeners that have a certificate of the store.
    """
    copies: dict[Certificate, SourceCertificate] = {}
    for entry in entries:
        if entry.is_meant(options.common_names):
            first = copies.setdefault(entry.certificate, entry)
            if _completeness(entry, view) > _completeness(first, view):
                copies[entry.certificate] = entry
    skipped: list[Record] = []
    usable, waiting = [], []
    for entry in copies.values():
        why_not = _why_unusable(entry, options, view)
        if not why_not:
            usable.append(entry)
            continue
        skipped.append(entry.skipped(why_not))
        if why_not.reason == "not_yet_valid" and (not options.needs_trust or view.trust(entry.record)):
            waiting.append(entry)
    rivals = StoreIndex(entry.record for entry in usable)
    by_handle = {entry.record.handle: entry for entry in usable}
    to_import = []
    for entry in usable:
        why_not = _why_not_wanted(entry, index, view) or _why_worse(
            entry, rivals, by_handle, view, is_stored=bool(index.same(entry.certificate))
        )
        if not why_not and not index.superseded_by(entry.record, view):
            why_not = (
                _why_not_new(entry, options, view)
                if options.import_new
                else _why_nothing_to_renew(entry, index, view, listeners_with)
            )
        if why_not:
            skipped.append(entry.skipped(why_not))
        else:
            to_import.append(entry)
    return Chosen(to_import, skipped, usable, waiting)


def choose_named(
    entries: Iterable[SourceCertificate],
    name: str,
    options: SourceOptions,
    view: TrustView,
    fitness: Callable[[SourceCertificate], tuple[bool, ...]] = lambda _entry: (),
) -> SourceCertificate:
    """Return the certificate of the sources for a name, by the rule of `choose`, and how well it fits; nothing is taken on a guess.

    Raises:
        CertificatesError: `not_found`, with the names that there are; `ambiguous`; the reason why the only one cannot be used.
    """
    entries = list(entries)
    named = [entry for entry in entries if ascii_name(name) in entry.certificate.identities]
    if not named:
        names = {own for entry in entries for own in entry.certificate.identities}
        there = some_of(most_alike_first(ascii_name(name), names)) or "nothing"
        raise CertificatesError(
            "not_found", f"The source has no certificate for {name} that can be read; it has those for: {there}."
        )
    chosen = choose(named, StoreIndex([]), replace(options, common_names=None, import_new=True), view)
    left_out = {record["fingerprint_sha256"]: record for record in chosen.skipped}
    rivals = [
        entry
        for entry in chosen.usable
        if left_out.get(entry.certificate.fingerprint_sha256, {}).get("reason", "ambiguous") == "ambiguous"
    ]
    if not rivals:
        [*_others, last] = sorted(chosen.skipped, key=lambda record: str(record["not_before"]))
        why = SaidObstacle(last["reason"], f"{name_in_source(last)} cannot be used: {last['message']}")
        raise why.as_error()
    fits = [fitness(entry) for entry in rivals] if len(rivals) > 1 else [()]
    rivals = [entry for entry, fit in zip(rivals, fits, strict=True) if fit == max(fits)]
    if len(rivals) > 1:
        folders = list(dict.fromkeys(filter(None, [entry.folder for entry in rivals])))
        remedy = (
            f"Name one of them as the source: {' or '.join(folders[:MOST_NAMED])}."
            if len(folders) == len(rivals)
            else "Copy one, with its key, to a folder of its own, and name that as the source."
        )
        each = [
            f"{entry.where} ({entry.certificate.key_type}, until {iso(entry.certificate.not_after)})"
            for entry in rivals
        ]
        raise CertificatesError(
            "ambiguous",
            f"The source has several certificates for {name}, and none may stand in for all others: {some_of(each)}. {remedy}",
        )
    return rivals[0]


def is_meant(common_name: str | None, alternatives: Iterable[str], patterns: Sequence[str] | None) -> bool:
    """Return whether one of a certificate's names matches one of the patterns, if there are any; an address is no name."""
    return patterns is None or any_matches(name_set(common_name, filter(is_host_name, alternatives)), patterns)


def _completeness(entry: SourceCertificate, view: TrustView) -> tuple[bool, bool, int]:
    is_revoked = view.why_revoked(entry.certificate, entry.record.intermediates) is not None
    return entry.trust == "trusted", not is_revoked, len(entry.record.intermediates)


def _why_unusable(
    entry: SourceCertificate, options: SourceOptions, view: TrustView
) -> SaidObstacle[RotationReason] | None:
    begin, end = entry.certificate.not_before, entry.certificate.not_after
    if end < view.at:
        shown = entry.certificate.shown_name or ""
        remedy = remedies.renewal(entry.source, entry.name, shown, entry.certificate.key_type)
        return SaidObstacle("expired", f"It expired at {iso(end)}: {remedy}.")
    if begin > view.at:
        return SaidObstacle(
            "not_yet_valid",
            f"It is not valid before {iso(begin)}: run it again then, or check this machine's clock.",
        )
    if options.needs_trust and entry.trust != "trusted":
        return SaidObstacle(UNTRUSTED[entry.trust], entry.trust_message or "Not trusted.")
    if view.is_revoked(entry.certificate):
        shown, key_type = entry.certificate.shown_name, entry.certificate.key_type
        remedy = remedies.reissue(entry.source, entry.name, shown, key_type)
        return SaidObstacle("revoked", f"It was {view.revocations[entry.certificate].shown}: {remedy}.")
    return None


def _why_not_new(
    entry: SourceCertificate, options: SourceOptions, view: TrustView
) -> SaidObstacle[RotationReason] | None:
    """Return why a certificate is not imported that renews nothing: what stands in for another one may be as bad as that is, by its issuers."""
    why = view.why_revoked(entry.certificate, entry.record.intermediates)
    return SaidObstacle("untrusted", f"{capitalized(why)}. {REPLACED_CHAIN}") if why and options.needs_trust else None


def _why_not_wanted(
    entry: SourceCertificate, index: StoreIndex, view: TrustView
) -> SaidObstacle[RotationReason] | None:
    """Return why the store does not need a certificate, or `None` if it does."""
    same = index.same(entry.certificate)
    enough = next((record for record in same if not completes(entry.record, record, view)), None)
    if enough is not None:
        return SaidObstacle("already_imported", f"The store has it: certificate {enough.id}.")
    newer = index.superseding(entry.record, view)
    if newer:
        newest = max(newer, key=age)
        return SaidObstacle(
            "superseded",
            f"The store has a newer one for the same names: certificate {newest.id}, valid until {iso(newest.not_after)}.",
        )
    alike = () if same else index.covering(entry.certificate.identities)
    equal = next((record for record in alike if is_as_good(record, entry.record, view)), None)
    if equal is None:
        return None
    return SaidObstacle(
        "ambiguous",
        f"The store has one that is exactly as new, certificate {equal.id}, so it is not known which one is meant: "
        f"{remedies.adopt(entry.certificate.shown_name, source=entry.folder)} has this one served.",
    )


def _why_worse(
    entry: SourceCertificate,
    rivals: StoreIndex,
    by_handle: Mapping[Handle, SourceCertificate],
    view: TrustView,
    *,
    is_stored: bool,
) -> SaidObstacle[RotationReason] | None:
    """Return why another certificate of the sources is taken instead, or `None` if it is not.

    Others of its age do not matter if the store has it without its chain, as it is served then.
    """
    names = entry.certificate.identities
    better = [rival for rival in rivals.superseding(entry.record, view) if rival.certificate != entry.certificate]
    alike = () if is_stored else rivals.covering(names)
    equal = [rival for rival in alike if is_as_good(rival, entry.record, view)]
    wider = [rival for rival in equal if certificate_of(rival).identities > names]
    if better or wider:
        other = by_handle[max(better or wider, key=age).handle]
        which = "the same names" if other.certificate.identities == names else "these names and more"
        return SaidObstacle(
            "superseded",
            f"{source_name(other.source)} has a better one for {which}, {other.where}, valid until {iso(other.certificate.not_after)}.",
        )
    if equal:
        other = by_handle[equal[0].handle]
        return SaidObstacle(
            "ambiguous",
            f"{source_name(other.source)} has another one that is exactly as new, {other.where}, so it is not known "
            "which one is meant: leave one of them there.",
        )
    return None


def _why_nothing_to_renew(
    entry: SourceCertificate, index: StoreIndex, view: TrustView, listeners_with: ListenersWith
) -> SaidObstacle[RotationReason]:
    """Return why a certificate may stand in for none of the store: that which comes nearest to it, if there is any for its names.

    Of several, that is the newest: the older ones may be what it has replaced long ago.
    """
    names = entry.certificate.identities
    related = [record for record in index.sharing(names) if is_newer(entry.record, record, view)]
    nearest = nearest_of(related, names)
    if nearest is not None:
        why = said(why_not_in_place_of(entry.record, Incumbent.of(nearest), view))
        if why:
            listeners = listeners_with.get(nearest.stored_id, ())
            remedy = remedy_for(entry.record, nearest, why.reason, entry, view, listeners)
            held = f"For certificate {nearest.id}, {uncapitalized(why.message)} {remedy}".strip()
            return SaidObstacle(why.reason, f"It renews no certificate of the store. {held}")
    later = begun_later(names, entry.certificate.not_after, index)
    if later is None:
        return new_name(names, index)
    shown = entry.certificate.shown_name or ""
    command = remedies.adopt(shown, listeners_with.get(later.stored_id, ()), entry.folder)
    return why_earlier(later, command, remedies.reissue(entry.source, entry.name, shown, entry.certificate.key_type))


def nearest_of(records: Iterable[StoreCertificate], names: frozenset[str]) -> StoreCertificate | None:
    """Return the record that names come nearest to covering, of several the newest."""
    return max(records, key=lambda record: (-len(certificate_of(record).identities - names), age(record)), default=None)


def begun_later(names: frozenset[str], end: datetime | None, index: StoreIndex) -> StoreCertificate | None:
    """Return the newest record for exactly the names of a certificate that renews none of the store, if it ends earlier than that."""
    records = (record for record in index.covering(names) if certificate_of(record).identities == names)
    return max((record for record in records if end and certificate_of(record).not_after < end), key=age, default=None)


def why_earlier(record: StoreCertificate, switch: str, anew: str) -> SaidObstacle[RotationReason]:
    """Return what is to be said of a certificate that ends later than a record for its names, which began later: either may be meant.

    Args:
        record: the record.
        switch: the command that has the certificate served.
        anew: what has it issued anew, as the end of a sentence.
    """
    return SaidObstacle(
        "ambiguous",
        f"It ends later than certificate {record.id} of the store, which is for the same names, but begins earlier, so it does not renew that: "
        f"{switch} has this one served; or {anew}.",
    )


def new_name(names: frozenset[str], index: StoreIndex) -> SaidObstacle[RotationReason]:
    """Return what is to be said of a certificate for names that the store has no other one for."""
    remedy = "import_new: true imports it."
    if not index.by_handle:
        return SaidObstacle(
            "new_name",
            f"The list of the store is empty. If certificates are stored, give the API user the permission SECURITY_CERTIFICATE_MANAGE; "
            f"if none is, {remedy}",
        )
    if not names:
        return SaidObstacle("new_name", f"It is for no name, so it renews no certificate of the store. {remedy}")
    return SaidObstacle(
        "new_name",
        f"The store holds no certificate for {some_of(sorted(names))} that it would renew: {remedy}",
    )


def remedy_for(
    new: StoreCertificate,
    old: StoreCertificate,
    reason: str,
    entry: SourceCertificate | None,
    view: TrustView,
    listeners: Sequence[str] = (),
) -> str:
    """Return what to do about a certificate that is held back for a reason, as a sentence.

    Args:
        new: the certificate.
        old: what it is not put in the place of.
        reason: why.
        entry: where a source has it; `None` for one of the store.
        view: who has to trust it; who names it may use the wildcards that it has.
        listeners: what commands call those that it is held back from; empty for each that serves its names.
    """
    if reason == "names_not_covered":
        why = why_not_in_place_of(new, Incumbent.of(old), view, Overrides(wildcards=True))
        reason = why.reason if why else BY_WILDCARD
    certificate = certificate_of(new)
    is_back_to_rsa = certificate.key_type == "RSA" and certificate_of(old).key_type != "RSA"
    shown = certificate.shown_name or ""
    names = [shown, *sorted(certificate.identities - {shown})]
    rsa = (
        ""
        if is_back_to_rsa
        else remedies.rsa_key(entry.source if entry else None, entry.name if entry else shown, names)
    )
    if entry or not listeners:
        return remedy_of(reason, rsa, remedies.adopt(shown, listeners, entry.folder if entry else None))
    return remedy_of(reason, rsa, remedies.deploy(new.stored_id, listeners[0], ACCEPT.get(reason)))


def remedy_of(reason: str, rsa: str, switch: str) -> str:
    """Return what to do about a certificate that is held back, as a sentence.

    Args:
        reason: why; `BY_WILDCARD`, too.
        rsa: what has it issued with an RSA key, as the end of a sentence; empty if it has one.
        switch: the command that has it served all the same.
    """
    if reason == "key_type_not_offered" and rsa:
        return f"{capitalized(rsa)}."
    if reason == BY_WILDCARD:
        return f"Its wildcards have them: {switch} has it served; or have it issued for these names, too."
    if reason == "names_not_covered":
        return f"Have it issued for all names; or if they are to go, {switch} has it served."
    if reason in {"organization_differs", "key_type_not_offered"}:
        return f"If that is meant, {switch} has it served, once."
    return ""


def without_replaced(useless: Iterable[Record], index: StoreIndex, view: TrustView) -> list[Record]:
    """Return what of the sources cannot be used, less the expired certificates of emails that were renewed long ago.

    Emails are kept, and the store has a newer, valid certificate with all their names.
    """
    valid, kept = index.valid_at(view.at), []
    for record in useless:
        begin = parse(record.get("not_before")) if (record["source"], record["reason"]) == ("mail", "expired") else None
        newer = valid.covering(names_of(record)) if begin else []
        if begin is None or all(certificate_of(other).not_before < begin for other in newer):
            kept.append(record)
    return kept


# Secrets Manager: a private key leaves it only for what may be imported, by what metadata tells. Where that is not enough, the certificate is
# read, and decided about as one of any other source.


@dataclass(frozen=True)
class ReadingPlan:
    """What to do about the certificates of an instance.

    Attributes:
        to_read: those that may be imported.
        stored: those that the store has, with its record.
        useless: those that cannot be used now.
        unwanted: those that could be, but renew nothing.
    """

    to_read: list[Secret] = field(default_factory=list)
    stored: list[tuple[Secret, StoreCertificate]] = field(default_factory=list)
    useless: list[tuple[Secret, Trouble | SaidObstacle[RotationReason]]] = field(default_factory=list)
    unwanted: list[tuple[Secret, Trouble | SaidObstacle[RotationReason]]] = field(default_factory=list)


def plan_reading(
    secrets: Iterable[Secret],
    index: StoreIndex,
    options: SourceOptions,
    view: TrustView,
    listeners_with: ListenersWith = NOBODY,
) -> ReadingPlan:
    """Decide which certificates to read.

    Args:
        secrets: the metadata of all that the source is narrowed to.
        index: the store.
        options: what to import.
        view: who has to trust what is served.
        listeners_with: the listeners that have a certificate of the store.
    """
    plan = ReadingPlan()
    store = _Store(index, view)
    for secret in secrets:
        if not is_meant(secret.common_name, secret.alt_names, options.common_names):
            continue
        same = store.same(secret)
        if same is not None and not _may_complete(secret, same, options, view):
            plan.stored.append((secret, same))
            continue
        why_useless = _why_useless(secret, view)
        if not secret.has_private_key and not secret.why_inactive:
            plan.unwanted.append((secret, NO_KEY))
        elif why_useless:
            plan.useless.append((secret, why_useless))
        elif same is not None or options.import_new or store.may_renew(secret):
            plan.to_read.append(secret)
        else:
            plan.unwanted.append((secret, store.why_nothing_to_renew(secret, listeners_with)))
    return plan


def _may_complete(secret: Secret, record: StoreCertificate, options: SourceOptions, view: TrustView) -> bool:
    """Return whether a secret may have the chain that a record lacks.

    That of an authority whose root is not known always seems to lack something. Where such certificates are taken, they are not read every
    night for it.
    """
    lifespan = view.lifespan(record)
    if secret.has_chain and lifespan.ends_by and lifespan.is_due(view.at):
        return True  # an issuer is about to end, and there may be a later one
    if not secret.has_chain or view.trust(record):
        return False
    return not record.intermediates or (options.needs_trust and view.chain(record).trust == "incomplete")


def _why_useless(secret: Secret, view: TrustView) -> SaidObstacle[RotationReason] | None:
    if secret.why_inactive:
        why = f"Secrets Manager says that it is {secret.why_inactive}: look there why it is not active."
        return SaidObstacle("not_active", why)
    if secret.not_after is not None and secret.not_after < view.at:
        return SaidObstacle(
            "expired",
            f"It expired at {iso(secret.not_after)}: have Secrets Manager renew it, or import a new version there.",
        )
    return None


class _Store:
    """The store, found by what metadata tells of certificates."""

    def __init__(self, index: StoreIndex, view: TrustView) -> None:
        self._index = index
        known = [record for record in index if record.certificate]
        self._addresses = frozenset(address for record in known for address in certificate_of(record).addresses)
        self._by_serial_number: dict[int | None, list[StoreCertificate]] = defaultdict(list)
        for record in known:
            self._by_serial_number[certificate_of(record).parsed.serial_number].append(record)
        self._view = view

    def same(self, secret: Secret) -> StoreCertificate | None:
        """Return the record of a secret's certificate, of several that with the best chain."""
        alike = self._by_serial_number.get(secret.serial_number, ())
        same = [record for record in alike if secret.is_of(certificate_of(record))]
        return max(
            same,
            key=lambda record: (self._view.trust(record), len(record.intermediates), -record.stored_id),
            default=None,
        )

    def may_renew(self, secret: Secret) -> bool:
        """Return whether the store has an older certificate for nothing but the secret's names; addresses may be missing in metadata."""
        names = _identities(secret)
        within = self._index.within(names | self._addresses)
        return any(_is_older(record, secret) for record in within if certificate_of(record).identities & names)

    def why_nothing_to_renew(self, secret: Secret, listeners_with: ListenersWith) -> SaidObstacle[RotationReason]:
        """Return why: that of the certificate which comes nearest to it, if there is any."""
        names = _identities(secret)
        related = [record for record in self._index.sharing(names) if _is_older(record, secret)]
        nearest = nearest_of(related, names)
        if nearest is None:
            later = begun_later(names, secret.not_after, self._index)
            if later is None:
                return new_name(names, self._index)
            shown = secret.common_name or min(names)
            command = remedies.adopt(shown, listeners_with.get(later.stored_id, ()))
            return why_earlier(later, command, remedies.reissue("secrets_manager", secret.name, shown, ""))
        lost = sorted(certificate_of(nearest).identities - names)
        reason = "names_not_covered" if not_under_wildcards(lost, names) else BY_WILDCARD
        name = secret.common_name or min(names)
        command = remedies.adopt(name, listeners_with.get(nearest.stored_id, ()))
        return SaidObstacle(
            "names_not_covered",
            f"It renews no certificate of the store. For certificate {nearest.id}, it lacks names that are served now: {some_of(lost)}. "
            f"{remedy_of(reason, '', command)}",
        )


def _identities(secret: Secret) -> frozenset[str]:
    return secret.names | frozenset(name for name in secret.alt_names if is_address(name))


def _is_older(record: StoreCertificate, secret: Secret) -> bool:
    """Return whether a record is older than a secret, as far as is known."""
    if secret.not_before is None or secret.not_after is None:
        return True
    return age(record) < (secret.not_before, secret.not_after)
