# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that other clients keep, with the trust that they deserve. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from .._api.store import StoreCertificate
from .._codes import RotationReason, Untrusted
from .._errors import CertificatesError, failed_about
from .._names import shown_name_of, source_name
from .._plan.material import remedy_for
from .._plan.rotation import Record, SourceCertificate
from .._plan.secrets import Unread
from .._plan.superseding import Clients
from .._secrets_manager.secret import Secret
from .._sources import folder
from .._sources.base import Bundle, File, FileContent, FileKind
from .._sources.pairing import Pair, Paired, Unit, Useless
from .._sources.reading import Files
from .._sources.source import CLIENTS, MAIL, SECRETS_MANAGER, Source, look, usable_keys
from .._text import encodable, printable
from .._times import iso, parse
from .._x509.certificate import Certificate, Name
from .._x509.chain import Anchors, Chain, Chains
from .._x509.pem import as_bytes
from .._x509.read import read_certificates

if t.TYPE_CHECKING:
    from .secrets import InstanceContent

REFUSALS = frozenset(t.get_args(Untrusted))
"""Reasons for which `ssl_fulfillment_email_info` does not take a valid certificate that it has found."""
LEAVES_AT_ONCE = 100
"""Certificates whose chains are built together: the work for one pile is limited, see `_x509.chain`."""


@dataclass
class Read:
    """The certificates of all sources that can be used, and what cannot be used."""

    entries: list[SourceCertificate] = field(default_factory=list)
    useless: list[Record] = field(default_factory=list)
    unwanted: list[Record] = field(default_factory=list)
    """What was not read, as it renews nothing."""
    failed: list[Record] = field(default_factory=list)
    """The folders, mailboxes, instances and secrets that could not be read."""
    api_calls: int = 0
    """HTTP requests made to instances of Secrets Manager."""
    empty: list[Record] = field(default_factory=list)
    """The sources that bring nothing at all, with a message."""


def read_sources(
    sources: Sequence[Source],
    look_into: Callable[[int, Sequence[str]], Mapping[str, t.Any]],
    read_secrets: Callable[[int], InstanceContent],
    passphrase: str | None,
    known: Sequence[Certificate],
    clients: Clients,
    warn: Callable[[str], object],
) -> Read:
    """Return what sources hold, each in its order and then by name.

    Args:
        sources: what keeps the certificates, and where.
        look_into: returns what `ssl_fulfillment_email_info` finds in the mailbox of the source at a position for these files of private
            keys, and as `empty` the sentence that there is no message, if there is none; raises `CertificatesError`.
        read_secrets: returns what the instance of Secrets Manager of the source at a position holds; raises `CertificatesError`.
        passphrase: of private keys and PKCS#12 files that have one.
        known: issuers that the sources may lack.
        clients: who has to trust what is served.
        warn: takes a sentence about something that does not matter much.
    """
    read, numbers = Read(), count(1)
    for position, source in enumerate(sources):
        if source.kind == SECRETS_MANAGER:
            try:
                content = read_secrets(position)
            except CertificatesError as error:
                read.failed.append(failed_about("the secrets", {"failure": error.as_failure()}))
                continue
            _take_secrets(read, source, content, known, clients, numbers)
            continue
        if not os.path.isdir(source.path):
            read.empty.append(_empty(source, f"{printable(source.path)} is not there. {SEE}"))
            continue
        files = Files(passphrase)
        found: Mapping[str, t.Any] = {}
        try:
            if source.kind == MAIL:
                keys = usable_keys(source.path, files)
                found = look_into(position, keys) if keys else {}
            paired = _look(source, files, found)
        except CertificatesError as error:
            if not os.path.exists(str(error.details.get("path", os.curdir))):  # a part of it, or by now all of it
                read.empty.append(_empty(source, error.message))
            else:
                what = "the mailbox" if source.kind == MAIL else f"the source {source_name(source.kind)}"
                read.failed.append(failed_about(what, {"failure": error.as_failure()}))
            continue
        why_empty = found.get("empty") if found else _why_empty(source, paired)
        if why_empty:
            read.empty.append(_empty(source, why_empty))
        for warning in dict.fromkeys((*paired.warnings, *_all_useless(source, paired))):
            warn(warning)
        judge = _judge_for(paired, known, clients)
        read.entries.extend(_entry(source, pair, judge(pair), -next(numbers)) for pair in paired.pairs)
        read.useless.extend(_skipped(source, one) for one in paired.useless)
        unfound = ((one, _why_unusable(one, clients.at)) for one in found.get("missing") or ())
        read.useless.extend(_refused(source, one, reason) for one, reason in unfound if reason)
    return read


def _take_secrets(
    read: Read,
    source: Source,
    content: InstanceContent,
    known: Sequence[Certificate],
    clients: Clients,
    numbers: Iterator[int],
) -> None:
    """Add what an instance of Secrets Manager holds."""
    if content.is_empty:
        why = f"{content.url} has no certificate, or none to which the source is narrowed. See that it is the right instance."
        read.empty.append({**_empty(source, why), "path": content.url})
    judge = _judge_for(content.paired, known, clients)
    for secret, record in content.plan.stored:
        unstored = replace(record, id=-next(numbers))
        named = _named(source, secret.name, secret.id)
        read.entries.append(SourceCertificate(**named, record=unstored, **_trust(clients.chain(record)), key_path=""))
    for pair in content.paired.pairs:
        entry = _entry(source, pair, judge(pair), -next(numbers))
        read.entries.append(replace(entry, private_key=content.keys[pair.unit.bundle.path]))
    read.useless.extend(_skipped(source, one) for one in content.paired.useless)
    read.useless.extend(_unread(source, one) for one in content.plan.useless)
    read.unwanted.extend(_unread(source, one) for one in content.plan.unwanted)
    for secret, error in content.unreadable:
        read.failed.append(
            {**_of_secret(source, secret), "outcome": "failed", "reason": error.code, "message": error.message}
        )
    read.api_calls += content.api_calls


def _of_secret(source: Source, secret: Secret) -> dict[str, t.Any]:
    return {
        **_named(source, secret.name, secret.id),
        "common_name": secret.common_name,
        "subject_alt_names": list(secret.alt_names),
        "not_before": iso(secret.not_before),
        "not_after": iso(secret.not_after),
    }


def _unread(source: Source, one: Unread) -> Record:
    return {**_of_secret(source, one.secret), "outcome": "skipped", "reason": one.reason, "message": one.message}


def _look(source: Source, files: Files, found: Mapping[str, t.Any]) -> Paired:
    if source.kind == MAIL:
        letters = [_letter(one) for one in found.get("certificates") or ()]
        return look(lambda: folder.key_files(source.path), files, letters)
    return look(lambda: CLIENTS[source.kind](source.path), files)


def _all_useless(source: Source, paired: Paired) -> Iterator[str]:
    """Yield a warning if a folder has certificates, but none that can be used: one that can be shows that all else is right."""
    if source.kind != MAIL and paired.useless and not paired.pairs:
        first = paired.useless[0]
        name, count = printable(first.unit.bundle.name), len(paired.useless)
        yield f"None of the {count} certificates in {printable(source.path)} can be used. {name}: {encodable(first.trouble.message)}"


SEE = "See that its disk is mounted, and that the path is right."


def _empty(source: Source, why: str) -> Record:
    """Return what is said of a source that brings nothing at all, in the same words for each kind."""
    message = f"The source {source_name(source.kind)} brings nothing: {why}"
    return {"source": source.kind, "path": printable(source.path), "message": message}


def _why_empty(source: Source, paired: Paired) -> str | None:
    """Return why a folder brings nothing at all, `None` if it brings something, be it of no use."""
    path = printable(source.path)
    if paired.pairs or paired.useless:
        return None
    with suppress(OSError):
        if not os.listdir(source.path):
            return f"{path} is empty. {SEE}"
    what = "private key" if source.kind == MAIL else "certificate with its private key"
    return f"there is no {what} in {path}. {SEE}"


def _letter(found: Mapping[str, t.Any]) -> Unit:
    """Return what an email has: a certificate, perhaps with its issuers."""
    place = found.get("source") or {}
    path = str(place.get("path") or place.get("message_id") or place.get("folder") or "")
    texts: dict[FileKind, t.Any] = {"certificate": found["certificate"], "chain": found.get("intermediate_certificate")}
    contents = tuple(
        FileContent(File(kind, path), tuple(read_certificates(as_bytes(text)))) for kind, text in texts.items() if text
    )
    return Unit(Bundle(shown_name_of(found) or "", path, is_entry=False), contents)


# Trust


def _judge_for(paired: Paired, known: Sequence[Certificate], clients: Clients) -> Callable[[Pair], Chain]:
    """Return what builds the chains of a source's certificates."""
    chains = _ChainsByIssuer([*paired.issuers, *known], clients.anchors, clients.at)

    def judge(pair: Pair) -> Chain:
        is_store = pair.key.file.kind == "store"  # an import takes the issuers from there, too
        own = [pair.key] if is_store else pair.unit.contents
        chain = Chains([one for content in own for one in content.certificates], clients.anchors(), clients.at).of(
            pair.certificate
        )
        if chain.trust == "trusted" or is_store:
            return chain
        return chains.of(pair.certificate)

    return judge


class _ChainsByIssuer:
    """Chains from all issuers of a source; only those that a certificate's chain may need are looked through."""

    def __init__(self, issuers: Sequence[Certificate], roots: Callable[[], Anchors], at: datetime) -> None:
        self._by_subject: dict[Name, list[Certificate]] = {}
        for one in issuers:
            self._by_subject.setdefault(one.subject, []).append(one)
        self._roots, self._at = roots, at
        self._chains: dict[Name, tuple[Chains, list[Certificate]]] = {}

    def of(self, leaf: Certificate) -> Chain:
        """Return a certificate's chain."""
        chains, done = self._chains.get(leaf.issuer, (None, []))
        if chains is None or len(done) >= LEAVES_AT_ONCE:
            chains, done = Chains(self._above(leaf.issuer), self._roots(), self._at), []
            self._chains[leaf.issuer] = chains, done
        done.append(leaf)
        return chains.of(leaf)

    def _above(self, issuer: Name) -> list[Certificate]:
        """Return the certificates with an issuer's name, those with the names of their issuers, and so on."""
        found: dict[Name, list[Certificate]] = {}
        names = [issuer]
        while names:
            name = names.pop()
            if name not in found:
                found[name] = self._by_subject.get(name, [])
                names += (one.issuer for one in found[name])
        return [one for alike in found.values() for one in alike]


# Records


def _entry(source: Source, pair: Pair, chain: Chain, number: int) -> SourceCertificate:
    # What came by mail is named after its key.
    place = _place_of_key(pair.key.file.path) if source.kind == MAIL else (pair.unit.bundle.name, pair.path)
    return SourceCertificate(
        **_named(source, *place),
        record=StoreCertificate.unstored(pair.certificate, tuple(chain.issuers), number),
        **_trust(chain),
        key_path=pair.key.real_path,
        is_pkcs12=pair.key.file.kind == "store",
    )


def _trust(chain: Chain) -> dict[str, t.Any]:
    why = None if chain.trust == "trusted" else f"Not trusted: {chain.why}. {remedy_for(chain.trust)}"
    return {"trust": chain.trust, "trust_message": why}


def _skipped(source: Source, one: Useless) -> Record:
    facts = one.certificate.facts() if one.certificate else {"subject_alt_names": []}
    return {
        **_named(source, one.unit.bundle.name, one.path),
        **{name: facts.get(name) for name in ("common_name", "subject_alt_names", "not_before", "not_after")},
        "outcome": "skipped",
        "reason": one.trouble.reason,
        "message": encodable(one.trouble.message),
    }


def _why_unusable(one: Mapping[str, t.Any], at: datetime) -> RotationReason | None:
    """Return why the certificate that a mailbox has for a key is of no use; `None` if no email has come for it."""
    end, reason = parse(one["not_after"]), one["reason"]
    if end is not None:
        return "expired" if end < at else "not_yet_valid"
    refusal: RotationReason | None = reason if reason in REFUSALS else None
    return refusal


def _refused(source: Source, one: Mapping[str, t.Any], reason: RotationReason) -> Record:
    """Return what a mailbox has for a key, and is of no use."""
    return {
        **_named(source, *_place_of_key(one["path"])),
        **{name: one[name] for name in ("common_name", "subject_alt_names", "not_before", "not_after")},
        "outcome": "skipped",
        "reason": reason,
        "message": one["message"],
    }


def _place_of_key(path: str) -> tuple[str, str]:
    return os.path.splitext(os.path.basename(path))[0], path


def _named(source: Source, name: str, path: str) -> dict[str, t.Any]:
    return {"source": source.kind, "name": printable(name), "path": printable(path)}
