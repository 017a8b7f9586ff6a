# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the path from a certificate to a trusted root certificate, and verify it with OpenSSL. Private to softlayer.certificates. Pure.

Certificates are untrusted input, so the number of steps is limited.
"""

from __future__ import annotations

import ssl
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from .._base.codes import TrustReason
from .._base.errors import CertificatesError
from .._base.times import format_time
from .certificate import Certificate, Name
from .read import parse_certificate
from .tls_client import Acceptance, check_acceptance, describe_invalid_issuer, make_client_settings

Trust = t.Literal["trusted", "incomplete", "untrusted"]
UNTRUSTED_REASONS: Mapping[Trust, TrustReason] = {"incomplete": "chain_incomplete", "untrusted": "untrusted"}
"""The reason code for each result that is not trusted."""

MAX_CHAIN_LENGTH = 10
"""Maximum number of CA certificates in a chain; real chains contain one to three."""
MAX_STEPS = 300
"""Maximum number of CA certificates to try for one certificate; a CA certificate counts once for each path."""
MAX_OPENSSL_CHECKS = 20
"""Maximum number of paths that OpenSSL verifies for one certificate."""
MAX_CHECKS = 2_000
"""Maximum number of signature checks and OpenSSL checks of one `Chains` object."""
TOO_MANY_CHAINS = (
    "too many chains to a root certificate are possible: specify only the required intermediate certificates"
)


class Anchors:
    """Trusted certificates: root certificates, and other certificates that the user trusts. Only used certificates are parsed completely."""

    def __init__(self, certificates: Iterable[Certificate] = ()) -> None:
        self._certificates = tuple(dict.fromkeys(certificates))

    @cached_property
    def _certificates_by_subject(self) -> dict[Name, list[Certificate]]:
        return _group_by_subject(self._certificates)

    @cached_property
    def client(self) -> ssl.SSLContext | None:
        """The settings of a TLS client that trusts the certificates; `None` if there are none."""
        return make_client_settings(self._certificates) if self._certificates else None

    def find_by_subject(self, subject: Name) -> list[Certificate]:
        """Return the undamaged certificates with a subject."""
        return list(_skip_damaged(self._certificates_by_subject.get(subject, ())))

    def __iter__(self) -> Iterator[Certificate]:
        return _skip_damaged(self._certificates)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate in self.find_by_subject(certificate.subject)


@dataclass(frozen=True)
class Chain:
    """The CA certificates of a certificate in order, without the root certificate, and the trust in them.

    Attributes:
        issuers: the CA certificates.
        trust: the result of the verification.
        why: the problem, as the end of a sentence about the certificate.
        is_linked: whether at least one CA certificate was found.
        path: the CA certificates that TLS clients use, including the root certificate if it is available.
        has_untrusted_root: whether the only problem is an available root certificate that is not trusted.
    """

    issuers: tuple[Certificate, ...]
    trust: Trust
    why: str = ""
    is_linked: bool = True
    path: tuple[Certificate, ...] = field(default=(), compare=False)
    has_untrusted_root: bool = field(default=False, compare=False)


def evaluate_sent_chain(leaf: Certificate, sent: Sequence[Certificate], anchors: Anchors, at: datetime) -> Chain:
    """Return the chain of a certificate, which is trusted only if a TLS client accepts exactly the sent certificates in this order."""
    chain = Chains(sent, anchors, at).build(leaf)
    if chain.trust == "trusted" and chain.issuers == tuple(sent):
        return chain  # this is what OpenSSL was asked
    answer = check_acceptance(leaf, sent, _select_roots(leaf, sent, anchors), at)
    if not answer.why:
        return replace(chain, trust="trusted", why="", path=answer.path[1:])
    return replace(chain, trust="untrusted", why=answer.why) if chain.trust == "trusted" else chain


class Chains:
    """The builder of chains from available CA certificates. Each check runs only once."""

    def __init__(self, pile: Iterable[Certificate], anchors: Anchors, at: datetime) -> None:
        self._anchors = anchors
        self._at = at
        self._all = _group_by_subject(dict.fromkeys(pile))
        self._signed: dict[tuple[Certificate, Certificate], bool] = {}
        self._steps = self._questions = self._checks = 0

    def build(self, leaf: Certificate) -> Chain:
        """Return the chain of a certificate: a trusted chain if possible, or else the best one."""
        refusals: list[str] = []
        self._steps, self._questions = MAX_STEPS, MAX_OPENSSL_CHECKS
        chain = self._build_trusted_chain(leaf, (), refusals) if leaf.is_valid(self._at) else None
        if chain is not None:
            return chain
        self._steps, self._questions = MAX_STEPS, MAX_OPENSSL_CHECKS
        issuers, root, why = self._find_known_issuers(leaf)
        for sent in dict.fromkeys((issuers, ())) if leaf in self._anchors else ():  # what is named needs no issuers
            answer = self._verify(leaf, sent, _select_roots(leaf, sent, self._anchors))
            if not answer.why:
                return Chain(sent, "trusted", path=answer.path[1:])
            refusals.append(answer.why)
        refusals.append(why)
        trust, why = self._why_untrusted(leaf, issuers, root, refusals)
        path = (*issuers, root) if root else issuers
        is_sound = not any(refusals) and all(certificate.is_valid(self._at) for certificate in (leaf, *path))
        has_untrusted_root = is_sound and (leaf, *path)[-1].is_root
        return Chain(issuers, trust, why, is_linked=bool(path), path=path, has_untrusted_root=has_untrusted_root)

    def _build_trusted_chain(
        self, leaf: Certificate, path: tuple[Certificate, ...], refusals: list[str]
    ) -> Chain | None:
        """Return a trusted chain that starts with `path`, or `None`; append the reasons for rejection to `refusals`.

        The longest path is preferred, so that the chain does not depend on the root certificates of the host.
        """
        last = path[-1] if path else leaf
        for issuer in self._find_issuers(last) if len(path) < MAX_CHAIN_LENGTH else ():
            if not issuer.is_root and self._is_new(issuer, leaf, path) and self._is_signed(last, issuer):
                chain = self._build_trusted_chain(leaf, (*path, issuer), refusals)
                if chain is not None:
                    return chain
        anchors = self._sort_issuers(self._anchors.find_by_subject(last.issuer), last)
        signers = [anchor for anchor in anchors if anchor.is_valid(self._at) and self._is_signed(last, anchor)]
        if not signers:
            return None
        answer = self._verify(leaf, path, _select_roots(leaf, path, self._anchors))
        if answer.why:
            refusals.append(answer.why)
            return None
        if not any(signer.is_root for signer in signers):
            path = (*path, signers[0], *self._find_known_issuers(signers[0])[0])
        return Chain(path, "trusted", path=answer.path[1:])

    def _find_issuers(self, child: Certificate) -> list[Certificate]:
        """Return the possible issuers by name, in order of preference. Version 1 certificates count only if they are root certificates."""
        named = [issuer for issuer in self._all.get(child.issuer, ()) if issuer.can_issue]
        issuers = [issuer for issuer in named if issuer.is_root or not issuer.is_version_1]
        return sorted(self._sort_issuers(issuers, child), key=lambda issuer: issuer.is_root)

    def _sort_issuers(self, issuers: list[Certificate], child: Certificate) -> list[Certificate]:
        """Return possible issuers: first those with the matching key identifier, then valid ones, then by end of validity."""
        named = child.issuer_key_identifier
        return sorted(
            issuers,
            key=lambda issuer: (
                named is not None and issuer.key_identifier == named,
                issuer.is_valid(self._at),
                issuer.not_after,
            ),
            reverse=True,
        )

    def _is_new(self, issuer: Certificate, leaf: Certificate, path: Sequence[Certificate]) -> bool:
        """Return whether no certificate on the path has the same name and key, which would create a loop."""
        self._steps -= 1
        return self._steps >= 0 and all(
            (issuer.subject, issuer.public_key_sha256) != (seen.subject, seen.public_key_sha256)
            for seen in (leaf, *path)
        )

    def _is_signed(self, child: Certificate, issuer: Certificate) -> bool:
        link = (child, issuer)
        if link not in self._signed:
            self._checks += 1
            self._signed[link] = self._checks <= MAX_CHECKS and child.is_issued_by(issuer)
        return self._signed[link]

    def _verify(self, leaf: Certificate, sent: tuple[Certificate, ...], roots: Sequence[Certificate]) -> Acceptance:
        self._questions -= 1
        self._checks += 1
        if self._questions < 0 or self._checks > MAX_CHECKS:
            return Acceptance((), TOO_MANY_CHAINS)
        return check_acceptance(leaf, sent, roots, self._at)

    def _find_known_issuers(self, leaf: Certificate) -> tuple[tuple[Certificate, ...], Certificate | None, str]:
        """Return the best available issuers, their root certificate if available, and the OpenSSL error if the root certificate were trusted."""
        ways: list[tuple[bool, tuple[Certificate, ...], Certificate | None, str]] = []
        for issuers, root in self._find_paths(leaf, ()):
            path = (*issuers, root) if root else issuers
            why = self._verify(leaf, issuers, [(leaf, *path)[-1]]).why
            if not why:
                return issuers, root, ""
            ways.append((all(issuer.is_valid(self._at) for issuer in path), issuers, root, why))
        return max(ways, key=lambda way: way[0])[1:]

    def _find_paths(
        self, leaf: Certificate, path: tuple[Certificate, ...]
    ) -> Iterator[tuple[tuple[Certificate, ...], Certificate | None]]:
        last, is_end = path[-1] if path else leaf, True
        for issuer in self._find_issuers(last) if len(path) < MAX_CHAIN_LENGTH and not last.is_root else ():
            if self._is_new(issuer, leaf, path) and self._is_signed(last, issuer):
                is_end = False
                if issuer.is_root:
                    yield path, issuer
                else:
                    yield from self._find_paths(leaf, (*path, issuer))
        if is_end:
            yield path, None

    def _why_untrusted(
        self, leaf: Certificate, issuers: Sequence[Certificate], root: Certificate | None, refusals: Sequence[str]
    ) -> tuple[Trust, str]:
        """Return the trust and the reason for a chain without a trusted root certificate."""
        if not leaf.is_valid(self._at):
            return (
                "untrusted",
                f"the certificate is valid only from {format_time(leaf.not_before)} to {format_time(leaf.not_after)}",
            )
        last = issuers[-1] if issuers else leaf
        named = [] if last.is_root else [*self._anchors.find_by_subject(last.issuer), *self._all.get(last.issuer, ())]
        signers = [signer for signer in named if self._is_signed(last, signer)]
        for issuer in (*issuers, *([root] if root else signers)):
            if not issuer.is_valid(self._at):
                return "untrusted", describe_invalid_issuer(issuer)
        refused = next(filter(None, refusals), None)
        if refused:
            return "untrusted", refused
        if leaf.is_root:
            return "untrusted", "the certificate is self-signed and not trusted"
        if root is not None:
            return "untrusted", f"the chain ends at {root.shown_name}, which is not a trusted root certificate"
        if named:
            return "untrusted", f"{last.shown_issuer} {'must' if signers else 'did'} not issue {last.shown_name}"
        # CAs deliver chains without the root, so the missing certificate is an intermediate certificate or an unknown root certificate.
        whose = (
            f"the CA {last.shown_issuer}"
            if last == leaf
            else f"{last.shown_issuer}, the CA that issued {last.shown_name},"
        )
        return "incomplete", f"the certificate of {whose} is missing"


def _select_roots(leaf: Certificate, sent: Sequence[Certificate], anchors: Anchors) -> list[Certificate]:
    """Return the trusted certificates that can end a path."""
    issuers = (anchor for certificate in (leaf, *sent) for anchor in anchors.find_by_subject(certificate.issuer))
    return list(dict.fromkeys([*issuers, *([leaf] if leaf in anchors else [])]))


def _skip_damaged(certificates: Iterable[Certificate]) -> Iterator[Certificate]:
    for certificate in certificates:
        with suppress(CertificatesError):
            yield parse_certificate(certificate.der)


def _group_by_subject(certificates: Iterable[Certificate]) -> dict[Name, list[Certificate]]:
    by_subject: dict[Name, list[Certificate]] = {}
    for certificate in certificates:
        by_subject.setdefault(certificate.subject, []).append(certificate)
    return by_subject
