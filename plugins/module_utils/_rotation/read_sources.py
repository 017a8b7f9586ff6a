# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the certificates in the sources, and build their chains. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from .._base.codes import TrustReason
from .._base.errors import CertificatesError, Obstacle, build_failure_record
from .._base.module import Module
from .._base.names import choose_name
from .._base.text import escape_invisible, make_encodable
from .._base.times import format_time, now, parse
from .._orders import run_collect as mailing
from .._orders.plan_collect import SearchTarget, format_missing, why_missing
from .._replacement.trust import TrustView
from .._secrets_manager import messages as of_secrets
from .._secrets_manager.read import SECRET_ERROR_CODES, InstanceListing, read_bundle
from .._secrets_manager.secret import MISSING_KEY, Secret
from .._softlayer.store import StoreCertificate
from .._sources import folder, traefik
from .._sources import messages as of_sources
from .._sources.files import FileCache
from .._sources.messages import source_name
from .._sources.source import (
    CLIENTS,
    MAIL,
    SECRETS_MANAGER,
    TRAEFIK,
    Source,
    SourceResult,
    detect_kind,
    find_keys,
    make_group,
    read_source,
    separate_bundles,
)
from .._x509.bundle import Bundle, KeyRef, Origin, Problem, convert_error
from .._x509.certificate import Certificate, Name
from .._x509.chain import Anchors, Chain, Chains
from .messages_import import describe_unusable, why_empty, why_unread
from .plan_import import ReadingPlan, SourceOptions, plan_reading
from .world import Record, SourceCertificate, SourceContents, World

REJECTION_REASONS = frozenset(t.get_args(TrustReason))
"""Reasons why `ssl_fulfillment_email_info` rejects a valid certificate."""
MAX_BATCH_SIZE = 100
"""Maximum number of chains that one `Chains` object builds, because the object limits its work; see `_x509.chain`."""
REPORTED_FACTS = ("common_name", "subject_alt_names", "not_before", "not_after")
"""Result fields of an unusable certificate."""
SecretsContent = tuple[InstanceListing, ReadingPlan, SourceResult]
"""The secrets of a Secrets Manager instance, the plan for the secrets, and the read certificates."""
DELETED_SECRET: Problem = Obstacle("certificate_missing", {"is_gone": True})


@dataclass(frozen=True)
class MailContent:
    """The certificates in a mailbox for the private keys of a source.

    Attributes:
        bundles: the usable certificates, each with the path of its email.
        missing_keys: results of `ssl_fulfillment_email_info` for keys without a usable certificate.
        why_empty: the obstacle if the mailbox contains no emails; see `messages_import.why_empty`.
    """

    bundles: Sequence[Bundle] = ()
    missing_keys: Sequence[Mapping[str, t.Any]] = ()
    why_empty: Obstacle[str] | None = None


def read_sources(
    sources: Sequence[Source],
    read_mailbox: Callable[[int, Mapping[str, str]], MailContent],
    read_secrets: Callable[[int], SecretsContent],
    passphrase: str | None,
    known: Sequence[Certificate],
    view: TrustView,
    warn: Callable[[str], object],
    hide: Callable[..., object],
) -> SourceContents:
    """Return the contents of all sources, in the order of the sources and then by name.

    Args:
        sources: the sources to read.
        read_mailbox: reads the mailbox of the source at a position, for the paths of private keys by the SHA-256 of their public keys; raises
            `CertificatesError`.
        read_secrets: reads the Secrets Manager instance of the source at a position; raises `CertificatesError`.
        passphrase: the passphrase of encrypted private keys and PKCS#12 files.
        known: additional intermediate certificates.
        view: the trust of TLS clients.
        warn: issues a warning.
        hide: keeps secrets out of all output; called for private keys without a separate file.
    """
    read = SourceContents()

    def add_entries(source: Source, paired: SourceResult) -> None:
        issuers = [*paired.issuers, *known]
        read.intermediates.update(dict.fromkeys(issuers))
        chains = _ChainBuilder(issuers, view.anchors, view.at)
        for bundle in paired.usable_bundles:
            leaf, key = t.cast(Certificate, bundle.certificate), t.cast(KeyRef, bundle.key)
            chain = Chains(bundle.other_certificates, view.anchors(), view.at).build(leaf)
            if chain.trust != "trusted" and not key.is_pkcs12:  # an import takes the issuers from there, too
                chain = chains.build(leaf)
            view.record_chain(leaf, chain)
            # What came by mail is named after its key.
            place = _find_key_place(key.path) if source.kind == MAIL else (bundle.origin.name, bundle.origin.path)
            record = StoreCertificate.create_unstored(leaf, tuple(chain.issuers))
            read.entries.append(SourceCertificate(**_name_fields(source, *place), record=record, chain=chain, key=key))
        room_messages = of_secrets if source.kind == SECRETS_MANAGER else of_sources
        for bundle in paired.unusable_bundles:
            facts = bundle.certificate.facts() if bundle.certificate else {"subject_alt_names": []}
            why = t.cast(Problem, bundle.problem)
            place = bundle.origin.name, bundle.origin.path
            read.unusable_records.append(
                _create_unused_record(source, place, facts, why.reason, room_messages.describe_problem(why))
            )

    for position, source in enumerate(sources):
        if source.kind == SECRETS_MANAGER:
            try:
                listing, plan, paired = read_secrets(position)
            except CertificatesError as error:
                read.failed_records.append(build_failure_record("the secrets", {"failure": error.build_failure()}))
                continue
            for secret, record in plan.stored_secrets:
                named, unstored = _name_fields(source, secret.name, secret.id), replace(record, id=None)
                read.entries.append(SourceCertificate(**named, record=unstored, chain=view.find_chain(record)))
            add_entries(source, paired)
            if not listing.secrets:
                url = listing.manager.instance.url
                read.empty_records.append(_create_empty_record(source, Obstacle("no_secrets", {"url": url}), url))
            read.unusable_records.extend(_create_secret_record(source, *unread) for unread in plan.unusable_secrets)
            read.excluded_records.extend(_create_secret_record(source, *unread) for unread in plan.excluded_secrets)
            read.failed_records.extend(
                _create_secret_record(source, *unread, "failed") for unread in plan.unreadable_secrets
            )
            read.api_calls += listing.manager.api_calls
            continue
        if _is_missing(source.path):
            read.empty_records.append(_create_empty_record(source, Obstacle("not_found", {"path": source.path})))
            continue
        files = FileCache(passphrase)
        mail: MailContent | None = None
        try:
            if source.kind == MAIL and (keys := find_keys(source.path, files)):
                mail = read_mailbox(position, keys)
            paired = _read_groups(source, files, mail or MailContent(), hide)
        except CertificatesError as error:
            if _is_missing(str(error.details.get("path", os.curdir))):  # a part of it, or by now all of it
                read.empty_records.append(_create_empty_record(source, Obstacle("not_found", {"error": error.message})))
            else:
                what = "the mailbox" if source.kind == MAIL else f"the source {source_name(source.kind)}"
                read.failed_records.append(build_failure_record(what, {"failure": error.build_failure()}))
            continue
        if why := mail.why_empty if mail else _why_empty(source, paired):
            read.empty_records.append(_create_empty_record(source, why))
        for warning in dict.fromkeys(map(of_sources.describe_problem, paired.warnings)):
            warn(warning)
        if (
            source.kind != MAIL and paired.unusable_bundles and not paired.usable_bundles
        ):  # one that can be used shows that all else is right
            warn(describe_unusable(source.path, paired.unusable_bundles))
        add_entries(source, paired)
        read.unusable_records.extend(_find_rejected(source, mail, view.at) if mail else ())
    return read


def read_mail(
    module: Module, mailbox: Mapping[str, t.Any], keys: Mapping[str, str], known: Sequence[Certificate]
) -> MailContent:
    """Return the certificates in a mailbox for private keys.

    Args:
        module: the module with its options; receives warnings.
        mailbox: the options of the mailbox.
        keys: the paths of the keys by the SHA-256 of their public keys.
        known: additional intermediate certificates.

    Raises:
        CertificatesError: errors of the search in the mailbox.
    """
    if places := mailing.find_missing_paths(mailbox):
        return MailContent(why_empty=Obstacle("not_found", {"path": places}))
    wanted = [SearchTarget(key, path=path) for key, path in keys.items()]
    search = mailing.search_mailbox(module, wanted, known, mailbox, mailing.open_mailbox(mailbox))
    letters = {key: search.find_collected(key.target) for key in wanted}
    bundles = []
    for collected in (collected for key in wanted for collected in letters[key]):
        certificate, location = collected.match.certificate, collected.location
        path = location.path or collected.headers.message_id or location.folder or ""
        name = choose_name(certificate.common_name, certificate.subject_alt_names)
        bundles.append(Bundle((certificate,), collected.match.chain.issuers, origin=Origin(name or "", path)))
    nothing = mailing.why_empty(mailbox, search)
    return MailContent(
        bundles,
        [format_missing(key, why_missing(key, search, now())) for key in wanted if not letters[key]],
        Obstacle("no_messages", {"error": nothing}) if nothing else None,
    )


def _create_secret_record(source: Source, secret: Secret, why_not: Problem, outcome: str = "skipped") -> Record:
    facts = {
        "common_name": secret.common_name,
        "subject_alt_names": list(secret.alt_names),
        "not_before": format_time(secret.not_before),
        "not_after": format_time(secret.not_after),
    }
    message = why_unread(why_not, secret)
    return _create_unused_record(source, (secret.name, secret.id), facts, why_not.reason, message, outcome)


def _read_groups(source: Source, files: FileCache, mail: MailContent, hide: Callable[..., object]) -> SourceResult:
    if source.kind == MAIL:
        letters = [make_group(bundle) for bundle in mail.bundles]
        return read_source(lambda: folder.list_key_files(source.path), files, letters)
    groups = partial(traefik.list_groups, hide=hide) if source.kind == TRAEFIK else CLIENTS[source.kind].list_groups
    return read_source(lambda: groups(source.path), files)


def _create_empty_record(source: Source, why: Obstacle[str], path: str | None = None) -> Record:
    """Return the result record of a source without certificates."""
    return {
        "source": source.kind,
        "path": escape_invisible(path or source.path),
        "message": why_empty(why, source.kind),
    }


def _is_missing(path: str) -> bool:
    """Return whether a path does not exist; a path in an inaccessible directory may exist."""
    try:
        os.stat(path)
    except (OSError, ValueError) as error:
        return not isinstance(error, PermissionError)
    return False


def _why_empty(source: Source, paired: SourceResult) -> Obstacle[str] | None:
    """Return the obstacle of a source without certificates; `None` if the source contains usable or unusable certificates."""
    path = source.path
    if paired.usable_bundles or paired.unusable_bundles:
        return None
    with suppress(OSError):
        if not os.listdir(path):
            return Obstacle("empty", {"path": path})
    kind = None
    with suppress(CertificatesError):
        kind = detect_kind(path) if source.kind != MAIL else None
    return Obstacle("other_kind" if kind not in {None, source.kind} else "nothing", {"path": path, "kind": kind})


# Trust


def avoid_revoked_issuers(read: SourceContents, view: TrustView) -> list[SourceCertificate]:
    """Return the certificates in the sources; if possible, with chains without revoked intermediate certificates."""
    unrevoked = (issuer for issuer in read.intermediates if not view.is_revoked(issuer))
    chains = _ChainBuilder(unrevoked, view.anchors, view.at)

    def avoid_revoked_chain(entry: SourceCertificate) -> SourceCertificate:
        leaf = entry.certificate
        if view.is_revoked(leaf) or not view.why_revoked(leaf, entry.record.intermediates):
            return entry
        chain = chains.build(leaf)
        is_better = chain.trust == "trusted" and chain.issuers != entry.record.intermediates
        return replace(entry, record=StoreCertificate.create_unstored(leaf, chain.issuers)) if is_better else entry

    return [avoid_revoked_chain(entry) for entry in read.entries]


class _ChainBuilder:
    """Build chains from all intermediate certificates of the sources, with a search of relevant certificates only."""

    def __init__(self, issuers: Iterable[Certificate], roots: Callable[[], Anchors], at: datetime) -> None:
        self._by_subject: dict[Name, list[Certificate]] = {}
        for issuer in issuers:
            self._by_subject.setdefault(issuer.subject, []).append(issuer)
        self._roots, self._at = roots, at
        self._chains: dict[Name, tuple[Chains, list[Certificate]]] = {}

    def build(self, leaf: Certificate) -> Chain:
        """Return the chain of a certificate."""
        chains, done = self._chains.get(leaf.issuer, (None, []))
        if chains is None or len(done) >= MAX_BATCH_SIZE:
            chains, done = Chains(self._find_ancestors(leaf.issuer), self._roots(), self._at), []
            self._chains[leaf.issuer] = chains, done
        done.append(leaf)
        return chains.build(leaf)

    def _find_ancestors(self, issuer: Name) -> list[Certificate]:
        """Return all possible intermediate certificates of an issuer name, up to the root certificate."""
        above: dict[Name, list[Certificate]] = {}
        names = [issuer]
        while names:
            name = names.pop()
            if name not in above:
                above[name] = self._by_subject.get(name, [])
                names += (certificate.issuer for certificate in above[name])
        return [certificate for alike in above.values() for certificate in alike]


# Records


def _find_rejected(source: Source, mail: MailContent, at: datetime) -> Iterator[Record]:
    """Yield the result records of unusable certificates in a mailbox; keys without an email are omitted."""
    for missing in mail.missing_keys:
        end, reason = parse(missing["not_after"]), missing["reason"]
        if end is not None:
            reason = "expired" if end < at else "not_yet_valid"
        elif reason not in REJECTION_REASONS:
            continue
        yield _create_unused_record(source, _find_key_place(missing["path"]), missing, reason, missing["message"])


def _create_unused_record(
    source: Source,
    place: tuple[str, str],
    facts: Mapping[str, t.Any],
    reason: str,
    message: str,
    outcome: str = "skipped",
) -> Record:
    """Return the result record of an unusable certificate in a source."""
    known = {name: facts.get(name) for name in REPORTED_FACTS}
    return {
        **_name_fields(source, *place),
        **known,
        "outcome": outcome,
        "reason": reason,
        "message": make_encodable(message),
    }


def _find_key_place(path: str) -> tuple[str, str]:
    return os.path.splitext(os.path.basename(path))[0], path


def _name_fields(source: Source, name: str, path: str) -> dict[str, t.Any]:
    return {"source": source.kind, "name": escape_invisible(name), "path": escape_invisible(path)}


def read_instance(module: Module, listing: InstanceListing, world: World, options: SourceOptions) -> SecretsContent:
    """Return the certificates of a Secrets Manager instance; private keys are read only for possible imports.

    Args:
        module: the module, which hides the private keys in all output.
        listing: the secrets of the instance.
        world: the store, the load balancers, and the trust of TLS clients.
        options: the options for the selection of imports.

    Raises:
        CertificatesError: errors that concern the whole instance.
    """
    plan = plan_reading(listing.secrets, world.index, options, world.view, world.listeners_by_certificate)

    def read(secret: Secret) -> Bundle | Problem:
        try:
            return read_bundle(module, listing.manager, secret.id)
        except CertificatesError as error:
            if error.code not in SECRET_ERROR_CODES:
                raise
            return DELETED_SECRET if error.code == "not_found" else convert_error(error)

    bundles = []
    for secret, answer in zip(plan.candidates, listing.manager.call_for_each(read, plan.candidates), strict=True):
        if isinstance(answer, Obstacle):
            (plan.excluded_secrets if answer is DELETED_SECRET else plan.unreadable_secrets).append((secret, answer))
        elif answer.problem is MISSING_KEY:
            plan.excluded_secrets.append((secret, MISSING_KEY))
        else:
            bundles.append(answer)
    return listing, plan, separate_bundles(bundles)
