# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the path from a certificate to a trusted root. Private to softlayer.certificates.

Pure: the roots and the present instant are passed in. Paths are built from the available certificates and checked
according to RFC 5280, 6.1: names, signatures, dates, basic constraints, key usage, name constraints, critical extensions.
`cryptography.x509.verification` is not used: its rules are those for public authorities and browsers, and many private
authorities break these rules without harm.

Certificates come from strangers, so the work is limited: a path made to take long is not trusted, and no other path suffers.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from .._codes import Untrusted
from .._errors import CertificatesError
from .._times import iso
from .certificate import Certificate, Name, comparable
from .name_constraints import meets_name_constraints
from .read import checked_certificate

with suppress(ImportError):  # the callers of _x509 report a missing library
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

    CHECKED = frozenset(
        oid.dotted_string
        for oid in (
            ExtensionOID.BASIC_CONSTRAINTS,
            ExtensionOID.KEY_USAGE,
            ExtensionOID.EXTENDED_KEY_USAGE,
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
            ExtensionOID.NAME_CONSTRAINTS,
            ExtensionOID.CERTIFICATE_POLICIES,
            ExtensionOID.POLICY_MAPPINGS,
            ExtensionOID.POLICY_CONSTRAINTS,
            ExtensionOID.INHIBIT_ANY_POLICY,
            ExtensionOID.SUBJECT_KEY_IDENTIFIER,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
            ExtensionOID.CRL_DISTRIBUTION_POINTS,
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
            ExtensionOID.TLS_FEATURE,
        )
    )
    """Extensions that may be critical: they are checked here, or say nothing about the path."""
    LIMITS_TO_ISSUING = tuple(
        oid.dotted_string
        for oid in (ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.NAME_CONSTRAINTS)
    )

Trust = t.Literal["trusted", "incomplete", "untrusted"]
UNTRUSTED: Mapping[Trust, Untrusted] = {"incomplete": "chain_incomplete", "untrusted": "untrusted"}
"""The reason for a certificate that is not accepted because it is not trusted."""

LONGEST_CHAIN = 10
"""Certificates above a leaf; real chains have one to three."""
STEPS = 300
"""Certificates tried as issuers while building one leaf's chain; each path counts again."""
CHECKS = 1_000
"""Signatures verified for all leaves of one pile."""
BROKEN_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
"""Weak hashes: another certificate can be, or soon will be, made to collide with one that an authority signed."""
SHORTEST_RSA_KEY = 1024
"""Bits; shorter keys have been factored."""


class Anchors:
    """Certificates that are trusted by themselves: roots, and any others that a user names; damaged ones are left out.

    A machine has some 150 roots, and one or two of them are looked for: only these are read further than to their subject.
    """

    def __init__(self, certificates: Iterable[Certificate] = ()) -> None:
        self._certificates = tuple(dict.fromkeys(certificates))

    @cached_property
    def _by_subject(self) -> dict[Name, list[Certificate]]:
        return _by_subject(self._certificates)

    def named(self, subject: Name) -> list[Certificate]:
        """Return those with this subject."""
        return list(_undamaged(self._by_subject.get(subject, ())))

    def __iter__(self) -> Iterator[Certificate]:
        return _undamaged(self._certificates)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate in self.named(certificate.subject)


@dataclass(frozen=True)
class Chain:
    """The issuers of a certificate in order, without the root, and whether they lead to a trusted one.

    `why` says what is wrong, as the end of a sentence about the certificate. `is_linked` says whether any issuer is known.
    """

    issuers: tuple[Certificate, ...]
    trust: Trust
    why: str = ""
    is_linked: bool = True

    @property
    def path(self) -> tuple[Certificate, ...]:
        return self.issuers


class Chains:
    """Builds the chains of certificates from a pile of others; each check is made only once."""

    def __init__(self, pile: Iterable[Certificate], anchors: Anchors, at: datetime) -> None:
        self._anchors = anchors
        self._at = at
        self._all = dict.fromkeys(pile)
        self._pile = _by_subject(one for one in self._all if one.may_issue)
        self._signed: dict[tuple[Certificate, Certificate], bool] = {}
        self._steps = 0
        self._refusals: dict[Certificate, dict[Certificate, str]] = {}

    def of(self, leaf: Certificate) -> Chain:
        """Return a certificate's chain: a trusted one if possible, else the best there is."""
        self._steps = STEPS
        if leaf.is_valid(self._at) and not is_odd(leaf) and is_for_servers(leaf):
            if leaf in self._anchors:
                return Chain(tuple(self._without_trust(leaf)[0]), "trusted")
            trusted = self._to_anchor(leaf, leaf, ())
            if trusted is not None:
                return Chain(trusted, "trusted")
        self._steps = STEPS
        issuers, root = self._without_trust(leaf)
        trust, why = self._why_not(leaf, issuers, root)
        return Chain(tuple(issuers), trust, why, is_linked=bool(issuers) or root is not None)

    def _to_anchor(
        self, leaf: Certificate, last: Certificate, path: tuple[Certificate, ...]
    ) -> tuple[Certificate, ...] | None:
        """Return the issuers on a path to an anchor, or `None` if there is no such path.

        The full path up to below the root is preferred to a short cut, so that what is stored does not depend on a machine's roots.
        """
        candidates = self._candidates(last, self._pile.get(last.issuer, []))
        for issuer in candidates if len(path) < LONGEST_CHAIN else ():
            if self._is_new(issuer, leaf, path) and not issuer.is_root and self._may_issue_below(issuer, last, path):
                found = self._to_anchor(leaf, issuer, (*path, issuer))
                if found is not None:
                    return found
        anchors = self._candidates(last, self._anchors.named(last.issuer))
        for anchor in sorted(anchors, key=lambda one: not one.is_root):
            if self._may_issue_below(anchor, last, path) and self._names_are_permitted(leaf, path, anchor):
                return path if anchor.is_root else (*path, anchor, *self._without_trust(anchor)[0])
        return None

    def _candidates(self, child: Certificate, found: list[Certificate]) -> list[Certificate]:
        """Return the certificates that have the issuer's name, in order of preference.

        First come those with the key that the child names, then the valid ones.
        """
        if len(found) > 1:
            named = child.issuer_key_identifier
            found = sorted(
                found,
                key=lambda one: (
                    named is not None and one.key_identifier == named,
                    one.is_valid(self._at),
                    one.not_after,
                ),
                reverse=True,
            )
        return found

    def _is_new(self, issuer: Certificate, leaf: Certificate, path: Sequence[Certificate]) -> bool:
        """Return whether a certificate's name and key are new on this path: otherwise it would lead in a circle."""
        self._steps -= 1
        return self._steps >= 0 and all(
            (issuer.subject, issuer.public_key_sha256) != (one.subject, one.public_key_sha256) for one in (leaf, *path)
        )

    def _may_issue_below(self, issuer: Certificate, child: Certificate, path: Sequence[Certificate]) -> bool:
        """Return whether an issuer may have issued the child according to RFC 5280.

        `path` has the issuers below it, including the child if that is one.
        """
        why_not = self._why_no_issuer(issuer, path)
        if why_not is None and not self._is_signed(child, issuer):
            why_not = f"the signature of {child.shown_name} was not made by {issuer.shown_name}"
            if not names_issuer(child, issuer):
                why_not = f"{child.shown_name} names another certificate of {issuer.shown_name} as its issuer's"
        if why_not is None and child.signature_hash in BROKEN_HASHES:
            why_not = f"the signature of {child.shown_name} rests on {child.signature_hash}, which is broken"
        if why_not is not None:
            self._refuse(child, issuer, why_not)
        return why_not is None

    def _why_no_issuer(self, issuer: Certificate, path: Sequence[Certificate]) -> str | None:
        if not issuer.is_valid(self._at):
            return f"its issuer {issuer.shown_name} is valid from {iso(issuer.not_before)} to {iso(issuer.not_after)}"
        if not may_sign(issuer, path):
            return f"{issuer.shown_name} must not issue it"
        if not is_for_servers(issuer):
            return f"its issuer {issuer.shown_name} must not issue certificates for servers"
        if issuer.key_type == "RSA" and (issuer.key_size or 0) < SHORTEST_RSA_KEY:
            return f"the key of its issuer {issuer.shown_name} is too short"
        return (
            f"its issuer {issuer.shown_name} has a critical extension that is not understood"
            if is_odd(issuer)
            else None
        )

    def _is_signed(self, child: Certificate, issuer: Certificate) -> bool:
        link = (child, issuer)
        if link not in self._signed:
            self._signed[link] = (
                len(self._signed) < CHECKS and names_issuer(child, issuer) and child.is_issued_by(issuer)
            )
        return self._signed[link]

    def _names_are_permitted(self, leaf: Certificate, path: Sequence[Certificate], anchor: Certificate) -> bool:
        permitted = meets_name_constraints(leaf, (*path, anchor))
        if not permitted:
            self._refuse(
                path[-1] if path else leaf,
                anchor,
                "its names are not among those that its issuers may issue for, or cannot be compared with them",
            )
        return permitted

    def _refuse(self, child: Certificate, issuer: Certificate, why: str) -> None:
        self._refusals.setdefault(child, {})[issuer] = why

    def _without_trust(self, leaf: Certificate) -> tuple[list[Certificate], Certificate | None]:
        """Return the known issuers of a certificate, and the root at their end if it is known.

        A path on which all certificates are valid is preferred.
        """
        first = None
        for issuers, root in self._ways(leaf, leaf, ()):
            if first is None:
                first = issuers, root
            if all(one.is_valid(self._at) for one in (*issuers, *([root] if root else []))):
                return issuers, root
        return first or ([], None)

    def _ways(
        self, leaf: Certificate, last: Certificate, path: tuple[Certificate, ...]
    ) -> Iterator[tuple[list[Certificate], Certificate | None]]:
        is_end = True
        candidates = [] if last.is_root else self._candidates(last, self._pile.get(last.issuer, []))
        for issuer in sorted(candidates, key=lambda one: one.is_root):
            if (
                len(path) < LONGEST_CHAIN
                and self._is_new(issuer, leaf, path)
                and may_sign(issuer, path)
                and self._is_signed(last, issuer)
            ):
                is_end = False
                if issuer.is_root:
                    yield list(path), issuer
                else:
                    yield from self._ways(leaf, issuer, (*path, issuer))
        if is_end:
            yield list(path), None

    def _why_not(
        self, leaf: Certificate, issuers: Sequence[Certificate], root: Certificate | None
    ) -> tuple[Trust, str]:
        """Return why a chain does not lead to an anchor."""
        if not leaf.is_valid(self._at):
            return "untrusted", f"it is valid from {iso(leaf.not_before)} to {iso(leaf.not_after)}"
        if is_odd(leaf):
            return "untrusted", "it has a critical extension that is not understood"
        if not is_for_servers(leaf):
            return "untrusted", "it is not for servers"
        if leaf.is_root:
            return "untrusted", "it is signed by itself and by nobody who is trusted"
        last = issuers[-1] if issuers else leaf
        used = zip((leaf, *issuers), (*issuers, root), strict=True)
        refused = [why for child, issuer in used if issuer and (why := self._refusals.get(child, {}).get(issuer))]
        refused += self._refusals.get(last, {}).values()
        if refused:
            return "untrusted", refused[0]
        if root is not None:
            return "untrusted", f"its chain ends in {root.shown_name}, which is not trusted"
        if self._anchors.named(last.issuer) or any(one.subject == last.issuer for one in self._all):
            return "untrusted", f"{last.shown_issuer} did not issue {last.shown_name}"
        # Authorities deliver chains without the root. So whoever this is may be a root that is not trusted, or an intermediate one.
        whose = f"its issuer {last.shown_issuer}"
        if last != leaf:
            whose = f"the issuer of {last.shown_name}, {last.shown_issuer},"
        return "incomplete", f"the certificate of {whose} is missing"


def is_odd(certificate: Certificate) -> bool:
    """Return whether a certificate has a critical extension that this collection does not know (RFC 5280, 4.2)."""
    return any(raw is None or raw.is_critical for raw in certificate.unreadable_extensions.values()) or any(
        extension.critical and oid not in CHECKED for oid, extension in certificate.extensions.items()
    )


def is_for_servers(certificate: Certificate) -> bool:
    """Return whether a certificate may be used for TLS servers: it says so, or limits no use (RFC 5280, 4.2.1.3 and 4.2.1.12).

    That it may be used for anything is not enough for all clients.
    """
    purposes, usage = certificate.extension(x509.ExtendedKeyUsage), certificate.extension(x509.KeyUsage)
    is_used = certificate.may_issue or usage is None or _may_be_used_in_tls(usage)
    return is_used and (purposes is None or ExtendedKeyUsageOID.SERVER_AUTH in purposes)


def _may_be_used_in_tls(usage: x509.KeyUsage) -> bool:
    return usage.digital_signature or usage.key_encipherment or usage.key_agreement


def names_issuer(child: Certificate, issuer: Certificate) -> bool:
    """Return whether a certificate names this one, or none, as its issuer's (RFC 5280, 4.2.1.1): some clients look at no other one."""
    named = child.extension(x509.AuthorityKeyIdentifier)
    if named is None:
        return True
    names = [comparable(one.value) for one in named.authority_cert_issuer or () if isinstance(one, x509.DirectoryName)]
    serial = named.authority_cert_serial_number
    return (
        (None in (named.key_identifier, issuer.key_identifier) or named.key_identifier == issuer.key_identifier)
        and (serial is None or serial == issuer.parsed.serial_number)
        and (not names or issuer.issuer in names)
    )


def may_sign(issuer: Certificate, path: Sequence[Certificate]) -> bool:
    """Return whether a certificate belongs to a CA that may have these others below it (RFC 5280, 4.2.1.3 and 4.2.1.9).

    Args:
        issuer: the certificate.
        path: the CA certificates below it.
    """
    if not issuer.may_issue or any(oid in issuer.unreadable_extensions for oid in LIMITS_TO_ISSUING):
        return False
    if issuer.is_version_1 and not issuer.is_root:
        return False
    usage = issuer.extension(x509.KeyUsage)
    constraints = issuer.extension(x509.BasicConstraints)
    below = sum(1 for one in path if one != issuer and not one.is_self_issued)
    longest = constraints.path_length if constraints else None
    return (usage is None or usage.key_cert_sign) and (longest is None or below <= longest)


def _undamaged(certificates: Iterable[Certificate]) -> Iterator[Certificate]:
    for certificate in certificates:
        with suppress(CertificatesError):
            yield checked_certificate(certificate.der)


def _by_subject(certificates: Iterable[Certificate]) -> dict[Name, list[Certificate]]:
    found: dict[Name, list[Certificate]] = {}
    for certificate in certificates:
        found.setdefault(certificate.subject, []).append(certificate)
    return found


def chain_as_sent(leaf: Certificate, sent: Sequence[Certificate], anchors: Anchors, at: datetime) -> Chain:
    first = {(one.subject, one.public_key_sha256): one for one in reversed(sent) if one.is_valid(at)}
    pile = [one for one in sent if first.get((one.subject, one.public_key_sha256), one) == one]
    return Chains(pile, anchors, at).of(leaf)
