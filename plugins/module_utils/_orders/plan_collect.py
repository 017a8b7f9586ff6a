# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the expected certificates from messages. Private to softlayer.certificates.

Pure. A certificate is accepted only for the public key and the chain to a trusted root certificate.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from .._base.codes import MissingReason, TrustReason, UnmatchedReason
from .._base.errors import Obstacle
from .._base.names import select_names
from .._base.times import format_time, parse
from .._replacement.can_replace import rank_copy
from .._x509.certificate import Certificate, join_pem, normalize_names
from .._x509.chain import UNTRUSTED_REASONS, Anchors, Chain, Chains
from . import messages
from .message import Candidate, Format, Message, read_message
from .message_parts import Headers, read_headers

MAX_SAME_KEY_CERTIFICATES = 10
"""Maximum number of certificates with one key, the newest first, to check for trust per message."""
NO_ANCHORS = Anchors()
Names: t.TypeAlias = "frozenset[str]"
Target: t.TypeAlias = "tuple[str, Names]"
"""A public key (SHA-256) and the expected names in ASCII form. Without names, a search finds one certificate for each organization and set of
names, because anyone who has a CSR can use the CSR to get a certificate for another name."""
BARRIERS: tuple[UnmatchedReason, ...] = ("too_large", "encrypted", "malformed")
"""The signs that are also reasons, in order of precedence."""
MAX_UNMATCHED_MESSAGES = 1_000
"""Maximum number of messages without an expected certificate in a result."""
MAX_ISSUERS = 1_000
"""Maximum number of issuers to keep from all messages. A mailbox of many years contains a few dozen issuers."""
Record = Mapping[str, t.Any]
MAX_DELIVERY_TIME = timedelta(days=1)
"""Maximum expected delivery time of an email."""


@dataclass(frozen=True)
class Match:
    """A certificate with an expected public key, the chain, and the expected names."""

    certificate: Certificate
    chain: Chain
    format: Format
    names: Names = frozenset()

    @property
    def covered_name_count(self) -> int:
        """Number of expected names that the certificate covers."""
        return len(self.names & self.certificate.server_names)

    @property
    def is_for_other_names(self) -> bool:
        """Whether the certificate covers none of the expected names."""
        return bool(self.names) and not self.covered_name_count

    @property
    def is_acceptable(self) -> bool:
        """Whether the certificate is trusted and covers an expected name."""
        return self.chain.trust == "trusted" and not self.is_for_other_names


def group_by_key(targets: Iterable[Target]) -> Mapping[str, Sequence[Names]]:
    """Return the expected names of all targets by public key."""
    of_key: dict[str, list[Names]] = {}
    for key, names in targets:
        of_key.setdefault(key, []).append(names)
    return of_key


def select_matches(
    message: Message,
    targets: Mapping[str, Sequence[Names]],
    at: datetime,
    anchors: Callable[[], Anchors] = lambda: NO_ANCHORS,
    known: Iterable[Certificate] = (),
) -> dict[Target, list[Match]]:
    """Return the best valid certificate in a message for each target, and for targets without names, for each organization and set of names.

    Args:
        message: a message.
        targets: the targets, by SHA-256 of the SubjectPublicKeyInfo in hex. Two targets with the same key do not share certificates.
        at: the current time.
        anchors: returns the trusted root certificates; called only if there is a certificate to check.
        known: issuers that may be missing from the message.
    """
    wanted: dict[str, list[Candidate]] = {}
    for candidate in _find_expected(message, targets.keys()):
        if candidate.certificate.is_valid(at):
            wanted.setdefault(candidate.certificate.public_key_sha256, []).append(candidate)
    if not wanted:
        return {}
    chains = Chains([*(candidate.certificate for candidate in message.candidates), *known], anchors(), at)
    matches: dict[Target, list[Match]] = {}
    for key, candidates in wanted.items():
        for names in targets[key]:
            alike: dict[object, list[Candidate]] = {}
            for candidate in candidates:
                its = candidate.certificate.server_names
                is_for_another = bool(names) and not names & its and any(others & its for others in targets[key])
                if not is_for_another:
                    alike.setdefault(_find_group(candidate.certificate, names), []).append(candidate)
            matches[key, names] = [_select_best(several, chains, names) for several in alike.values()]
    return matches


def _find_group(certificate: Certificate, names: Names) -> object:
    """Return the group in which certificates compete: a single group if the expected names are known."""
    return None if names else (certificate.identities, certificate.organizations)


def _select_best(candidates: list[Candidate], chains: Chains, names: Names) -> Match:
    """Return the newest trusted certificate with all names, or else the closest match.

    Anyone who has a CSR can use the CSR to get a trusted certificate for another name.
    """
    newest = sorted(candidates, key=lambda candidate: candidate.certificate.age, reverse=True)
    matches = []
    for each in newest[:MAX_SAME_KEY_CERTIFICATES]:
        match = Match(each.certificate, chains.build(each.certificate), each.format, names)
        if match.chain.trust == "trusted" and match.covered_name_count == len(names):
            return match
        matches.append(match)
    return max(matches, key=_rank)


def why_unmatched(message: Message, keys: Collection[str], at: datetime) -> UnmatchedReason | None:
    """Return the reason why a message does not contain a usable certificate, or `None`."""
    wanted = [candidate.certificate for candidate in _find_expected(message, keys)]
    if any(certificate.is_valid(at) for certificate in wanted):
        return None
    if wanted:
        return "expired" if all(certificate.not_after < at for certificate in wanted) else "not_yet_valid"
    if any(not candidate.certificate.can_issue for candidate in message.candidates):
        return "no_matching_key"
    barrier = next((sign for sign in BARRIERS if sign in message.signs), None)
    if barrier:
        return barrier
    if "approval" in message.signs:
        return "approval_request"
    if "unsupported" in message.signs:
        return "unsupported_attachment"
    if {"link", "issued"} <= message.signs:
        return "link_only"
    return "no_matching_key" if message.candidates else "no_certificate"


def _rank(match: Match) -> tuple[object, ...]:
    """Return a sort key; better certificates sort higher.

    The criteria are trust, names, age, and finally the chain, for copies of the same certificate.
    """
    quality = rank_copy(match.certificate, match.chain)
    return match.chain.trust == "trusted", match.covered_name_count, match.certificate.age, quality


def _find_expected(message: Message, keys: Collection[str]) -> list[Candidate]:
    return [candidate for candidate in message.candidates if candidate.certificate.public_key_sha256 in keys]


# What to find, and where it was found


@dataclass(frozen=True)
class SearchTarget:
    """An expected certificate: the certificate of an order, or any certificate with the public key of a CSR or private key."""

    public_key_sha256: str | None
    order_id: int | None = None
    common_name: str | None = None
    path: str | None = None
    is_existing: bool = True
    csr_names: tuple[str, ...] = ()
    """The names in the CSR, for orders without a common name."""

    @property
    def target(self) -> Target | None:
        """The public key and names to match, if known."""
        names = normalize_names(None, select_names(self.common_name, self.csr_names))
        return (self.public_key_sha256, names) if self.public_key_sha256 else None


def why_missing(wanted: SearchTarget, search: Search, at: datetime) -> Obstacle[MissingReason]:
    """Return the reason why a search did not find a certificate."""
    if not wanted.target:
        return Obstacle("no_public_key" if wanted.is_existing else "not_found")
    if refused := search.rejected.get(wanted.target):
        return why_untrusted(refused)
    invalid = search.invalid_certificates.get(wanted.target[0])
    facts = {"certificate": invalid, "is_expired": invalid.not_after < at} if invalid else {}
    return Obstacle("waiting_for_email", facts)


def format_missing(wanted: SearchTarget, why: Obstacle[MissingReason]) -> dict[str, t.Any]:
    """Return a missing certificate as an item of the module's result."""
    came: Certificate | None = why.facts.get("certificate")
    names = came if not (wanted.common_name or wanted.csr_names) else None
    invalid = came if why.reason == "waiting_for_email" else None
    return {
        "order_id": wanted.order_id,
        "common_name": names.common_name if names else wanted.common_name,
        "subject_alt_names": names.subject_alt_names if names else list(wanted.csr_names),
        "path": wanted.path,
        "public_key_sha256": wanted.public_key_sha256,
        "not_before": format_time(invalid.not_before) if invalid else None,
        "not_after": format_time(invalid.not_after) if invalid else None,
        "reason": why.reason,
        "message": messages.describe_missing(why),
    }


@dataclass(frozen=True)
class Location:
    """Location of a message: a folder on a mail server, or a file."""

    folder: str | None = None
    uid: int | None = None
    path: str | None = None


@dataclass(frozen=True)
class CollectedCertificate:
    """A certificate, and the source message."""

    match: Match
    headers: Headers
    location: Location

    def as_result(self, wanted: SearchTarget) -> dict[str, t.Any]:
        """Return the certificate as an item of the module's result."""
        certificate = self.match.certificate
        facts = certificate.facts()
        return {
            **facts,
            "order_id": wanted.order_id,
            "common_name": wanted.common_name or facts["common_name"],
            "path": wanted.path,
            "trust": self.match.chain.trust,
            "certificate": certificate.to_pem(),
            "intermediate_certificate": join_pem(self.match.chain.issuers) or None,
            "source": {**_describe_origin(self.headers, self.location), "format": self.match.format},
        }


class Search:
    """A search through messages, one by one, for the best valid certificate for each target.

    Trusted certificates come before other certificates, and newer before older certificates. Missing issuers are taken from other messages:
    the signature proves the issuer, so the source of an issuer does not matter. Trusted issuers are tried at once, and all other issuers in
    `complete_chains`, so a sender of many issuers can only hinder chains that need untrusted issuers.
    """

    def __init__(
        self,
        targets: Collection[Target],
        anchors: Callable[[], Anchors] = lambda: NO_ANCHORS,
        known: Sequence[Certificate] = (),
        *,
        require_trust: bool = False,
    ) -> None:
        """Create a search.

        Args:
            targets: the keys and names to find.
            anchors: returns the trusted root certificates; called after the first match.
            known: issuers that may be missing from the messages.
            require_trust: whether to accept only trusted certificates.
        """
        self.targets = tuple(dict.fromkeys(targets))
        self._by_key = group_by_key(self.targets)
        self._missing = set(self.targets)
        self._anchors = anchors
        self._known = dict.fromkeys(known)
        self._require_trust = require_trust
        self._issuers: dict[Certificate, None] = {}
        self._waiting: list[tuple[Target, CollectedCertificate, Mapping[str, t.Any] | None]] = []
        """Matches without an issuer, each with the provisional rejection. Other messages may contain the issuers."""
        self._collected: dict[Target, dict[object, CollectedCertificate]] = {}
        self.rejected: dict[Target, Match] = {}
        self.invalid_certificates: dict[str, Certificate] = {}
        """The newest certificate that has expired or is not valid yet, by public key."""
        self.unmatched: list[Mapping[str, t.Any]] = []
        self.unmatched_count = 0
        self.examined_count = 0

    @property
    def is_complete(self) -> bool:
        """Whether the search found a trusted certificate with the right names for every target."""
        return not self._missing

    def has_missing(self, targets: Iterable[Target]) -> bool:
        """Return whether at least one target lacks a trusted certificate with the right names."""
        return not self._missing.isdisjoint(targets)

    def find_collected(self, target: Target | None) -> list[CollectedCertificate]:
        """Return the certificates for a target; at most one if the names are known."""
        return list(self._collected[target].values()) if target in self._collected else []

    def examine(self, data: bytes, location: Location, at: datetime) -> None:
        """Search a message at an instant: the current time, because the CA may issue certificates during the wait."""
        message = read_message(data)
        self.examined_count += 1
        reason = why_unmatched(message, self._by_key.keys(), at)
        if reason:
            facts = {"is_outlook": "outlook" in message.signs, "file_name": message.unread_name}
            self._reject(message.headers, location, Obstacle(reason, facts))
        for certificate in (candidate.certificate for candidate in _find_expected(message, self._by_key.keys())):
            known = self.invalid_certificates.get(certificate.public_key_sha256, certificate)
            if not certificate.is_valid(at) and certificate.age >= known.age:
                self.invalid_certificates[certificate.public_key_sha256] = certificate
        for target, several in select_matches(message, self._by_key, at, self._anchors, self._known).items():
            for match in several:
                self._consider(target, CollectedCertificate(match, message.headers, location), at)
        issuers = (candidate.certificate for candidate in message.candidates if candidate.certificate.can_issue)
        new = (issuer for issuer in issuers if not issuer.is_self_issued and issuer not in self._issuers)
        self._issuers |= dict.fromkeys(islice(new, MAX_ISSUERS - len(self._issuers)))

    def complete_chains(self, at: datetime) -> None:
        """Complete chains with the issuers from all messages. Call this method after reading the complete mailbox."""
        if self._waiting:
            self._retry_chains(at, self._issuers)

    def record_skipped(self, location: Location, why: Obstacle[UnmatchedReason], beginning: bytes = b"") -> None:
        """Record a message that was not read completely."""
        self.examined_count += 1
        self._reject(read_headers(beginning), location, why)

    def _consider(self, target: Target, collected: CollectedCertificate, at: datetime) -> None:
        match, rejection = collected.match, None
        if match.is_acceptable or not self._require_trust:
            alike, terms = self._collected.setdefault(target, {}), _find_group(match.certificate, target[1])
            if terms not in alike or _rank(match) > _rank(alike[terms].match):
                alike[terms] = collected
            if match.is_acceptable:
                self._missing.discard(target)  # whatever takes its place is right, too
        else:
            self.rejected[target] = match
            rejection = self._reject(collected.headers, collected.location, why_untrusted(match))
        if match.chain.trust == "incomplete" and len(self._waiting) < MAX_UNMATCHED_MESSAGES:
            self._waiting.append((target, collected, rejection))
        new = dict.fromkeys(match.chain.issuers) if match.chain.trust == "trusted" else {}
        if new.keys() - self._known.keys():
            self._known |= new
            self._retry_chains(at)

    def _retry_chains(self, at: datetime, others: Iterable[Certificate] = ()) -> None:
        """Try to complete the chains of earlier matches with the known and other issuers."""
        below = (issuer for _target, collected, _rejection in self._waiting for issuer in collected.match.chain.issuers)
        chains = Chains([*self._known, *below, *others], self._anchors(), at)
        still = []
        for target, collected, rejection in self._waiting:
            chain = chains.build(collected.match.certificate)
            if chain.trust != "trusted":
                still.append((target, collected, rejection))
                continue
            self._known |= dict.fromkeys(chain.issuers)
            if rejection is not None:
                self.unmatched_count -= 1
                self.unmatched = [entry for entry in self.unmatched if entry is not rejection]
            self._consider(target, replace(collected, match=replace(collected.match, chain=chain)), at)
        self._waiting = still

    def _reject(self, headers: Headers, location: Location, why: Obstacle[t.Any]) -> Mapping[str, t.Any]:
        entry = {
            **_describe_origin(headers, location),
            "reason": why.reason,
            "message": messages.describe_unmatched(why),
        }
        self.unmatched_count += 1
        if len(self.unmatched) < MAX_UNMATCHED_MESSAGES:
            self.unmatched.append(entry)
        return entry


def why_untrusted(match: Match) -> Obstacle[TrustReason]:
    """Return the reason why a matching certificate is not accepted. Without a chain in the facts, the reason is the names."""
    is_trusted = match.chain.trust == "trusted"
    facts = {"certificate": match.certificate, "chain": None if is_trusted else match.chain}
    return Obstacle(UNTRUSTED_REASONS.get(match.chain.trust, "untrusted"), facts)


def _describe_origin(headers: Headers, location: Location) -> dict[str, t.Any]:
    return {
        "message_id": headers.message_id,
        "from": headers.sender,
        "date": format_time(headers.date),
        "subject": headers.subject,
        "folder": location.folder,
        "uid": location.uid,
        "path": location.path,
    }


def is_awaited(email: Record, at: datetime) -> bool:
    """Return whether an email may still arrive, because this run or a recent run requested the email or may have done so."""
    until = parse(email.get("next_allowed_at"))
    is_recent = until is not None and until > at
    return is_recent or email.get("outcome") == "requested" or email.get("reason") in {"cooldown", "outcome_unknown"}


def mark_needs_attention(skipped: Record, email: Record, at: datetime) -> Record:
    """Return a skipped order with `needs_attention`, which is true if waiting does not solve the problem.

    Args:
        skipped: the order and the reason, as an item of a result.
        email: the item of `ssl_fulfillment_email` for the order; empty if the module did not run.
        at: the current time.
    """
    reason, message = skipped["reason"], str(skipped["message"])
    requested, begin = parse(email.get("first_requested_at")), parse(skipped.get("not_before"))
    is_to_come = begin is not None and begin > at  # it has come, and is not valid yet
    if skipped.get("needs_attention") or reason == "chain_incomplete":  # anyone may have sent an untrusted certificate
        return {**skipped, "needs_attention": True}
    if reason != "waiting_for_email" or requested is None or at - requested < MAX_DELIVERY_TIME or is_to_come:
        return {**skipped, "needs_attention": False}
    return {
        **skipped,
        "needs_attention": True,
        "message": messages.describe_late_email(message, requested, email.get("recipient")),
    }
