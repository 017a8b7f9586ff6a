# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the revocation status of a certificate in the CRLs of its CA (RFC 5280, 5 and 6.3). Private to softlayer.certificates. Pure.

A CRL counts only after the verification of its signature. Unsupported content results in the status `unknown`. Indirect CRLs and
delta CRLs are not supported, because no public CA publishes them.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from .._base.errors import CertificatesError, Obstacle
from .._base.text import escape_invisible
from .._base.times import format_time
from . import asn1, messages
from .certificate import Certificate, normalize_distinguished_name, translate_parse_errors
from .chain import Anchors, Chain
from .pem import decode_base64, find_pem_blocks, is_der

with suppress(ImportError):  # the callers of _x509 report a missing library
    from cryptography import x509

Status = t.Literal["good", "revoked", "unknown"]
CRL_LABELS = frozenset({b"X509 CRL"})
URL = re.compile(r"http://[!-~]{1,2000}", re.IGNORECASE)
"""Supported CRL URLs. CRLs are signed, and https would require another revocation check (RFC 5280, 8)."""
MAX_URLS = 4
"""Maximum number of CRL URLs of a certificate; real certificates contain one or two."""
NOT_NAMED, NOT_ASKED = Obstacle("not_named"), Obstacle("not_asked")
CRITICAL_FLAG = b"\x01\x01\xff"
"""The DER encoding of the critical flag of an extension (RFC 5280, 4.1)."""


@dataclass(frozen=True)
class Revocation:
    """The revocation status of a certificate.

    Attributes:
        status: `unknown` if the status could not be checked.
        certificate: the certificate, or the decisive certificate of a chain.
        at: the time of the revocation.
        reason: the reason code of the CA (RFC 5280, 5.3.1), if any.
        why: the reason for an unknown status, for `messages.why_unknown`.
    """

    status: Status
    certificate: Certificate | None = None
    at: datetime | None = None
    reason: str | None = None
    why: Obstacle[str] | None = None

    @property
    def shown(self) -> str:
        """The time and the reason of the revocation, as a part of a sentence."""
        return f"revoked at {format_time(self.at)}{f' ({self.reason})' if self.reason else ''}"

    def as_result(self) -> dict[str, t.Any]:
        """Return the status in the format of results."""
        return {
            "status": self.status,
            "certificate": self.certificate.shown_name if self.certificate else None,
            "revoked_at": format_time(self.at),
            "reason": self.reason,
            "why": self.why and messages.why_unknown(self.why),
        }


def combine_results(answers: Sequence[Revocation]) -> Revocation:
    """Return the combined status of a certificate and its chain. The status is `good` only if all are."""
    for status in ("revoked", "unknown"):
        for answer in answers:
            if answer.status == status:
                return answer
    return replace(answers[0], certificate=None) if answers else Revocation("unknown", why=NOT_NAMED)


def select_decisive_result(answers: Iterable[Revocation]) -> Revocation:
    """Return the decisive status of several CRLs for one certificate."""
    return min(answers, key=lambda answer: ("revoked", "good", "unknown").index(answer.status))


@dataclass(frozen=True)
class DistributionPoint:
    """A CRL distribution point of a certificate (RFC 5280, 4.2.1.13). Each of `urls` returns the same CRL."""

    urls: tuple[str, ...]
    names: frozenset[str]
    """All URLs, which identify the CRL of the distribution point."""
    is_partial: bool = False
    """Whether the CRL covers only some revocation reasons."""


def read_distribution_points(certificate: Certificate) -> Iterator[DistributionPoint]:
    """Yield the CRL distribution points of a certificate, except those of indirect CRLs."""
    left = MAX_URLS
    for point in certificate.extension(x509.CRLDistributionPoints) or ():
        others = [
            name
            for name in point.crl_issuer or ()
            if not (
                isinstance(name, x509.DirectoryName) and normalize_distinguished_name(name.value) == certificate.issuer
            )
        ]
        uris = [name.value for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)]
        urls = tuple(dict.fromkeys(filter(URL.fullmatch, uris)))[:left]
        left -= len(urls)
        if urls and not others:
            yield DistributionPoint(urls, frozenset(uris), point.reasons is not None)


@dataclass(frozen=True)
class RevocationCheck:
    """The input for checking whether a certificate is revoked."""

    certificate: Certificate
    issuer: Certificate
    """The CA certificate that signed the certificate."""
    points: tuple[DistributionPoint, ...]

    @property
    def urls(self) -> list[str]:
        """The URLs of all distribution points."""
        return [url for point in self.points for url in point.urls]


def list_used_certificates(leaf: Certificate, chain: Chain) -> list[Certificate]:
    """Return a certificate, its sent CA certificates, and the CA certificates that TLS clients use."""
    return list(dict.fromkeys((leaf, *chain.issuers, *chain.path)))


def combine_known_results(
    leaf: Certificate, chain: Chain, known: Mapping[Certificate, Revocation]
) -> Revocation | None:
    """Return the combined status of a certificate and its chain; `None` if nothing was checked."""
    answers = [known[certificate] for certificate in list_used_certificates(leaf, chain) if certificate in known]
    if answers and leaf not in known:
        answers.append(Revocation("unknown", leaf, why=NOT_ASKED))
    return combine_results(answers) if answers else None


def plan_checks(leaf: Certificate, chain: Chain, anchors: Anchors) -> list[RevocationCheck]:
    """Return the revocation checks for a trusted chain, except for trusted certificates and root certificates."""
    if chain.trust != "trusted":
        return []
    questions = []
    issuer_of = dict(zip((leaf, *chain.path), chain.path, strict=False))  # whose signatures OpenSSL has verified
    for certificate in list_used_certificates(leaf, chain):
        if certificate in anchors or certificate.is_root:
            continue
        issuer = issuer_of.get(certificate)
        if issuer is None:
            known = (*chain.path, *chain.issuers, *anchors.find_by_subject(certificate.issuer))
            issuer = next((issuer for issuer in known if certificate.is_issued_by(issuer)), None)
        if issuer:
            questions.append(RevocationCheck(certificate, issuer, tuple(read_distribution_points(certificate))))
    return questions


def read_crl(data: bytes) -> Crl | None:
    """Return the CRL in DER or PEM data; `None` if the data is not exactly one CRL."""
    with suppress(CertificatesError), translate_parse_errors(_make_damage_error()):
        blocks = [] if is_der(data) else find_pem_blocks(data, CRL_LABELS)
        if len(blocks) > 1:
            return None  # RFC 5280 does not define which of them counts
        crl = Crl(decode_base64(blocks[0][1]) if blocks else data)
        _parsed, _begin, _end = crl.library_object, crl.this_update, crl.next_update
        return crl
    return None


def _make_damage_error() -> CertificatesError:
    return CertificatesError("invalid_pem", "A certificate revocation list (CRL) is damaged.")


@dataclass(frozen=True)
class Crl:
    """A certificate revocation list (CRL)."""

    der: bytes = field(repr=False)

    @cached_property
    def library_object(self) -> x509.CertificateRevocationList:
        return x509.load_der_x509_crl(self.der)

    @cached_property
    def this_update(self) -> datetime:
        """The time of issue."""
        return self.library_object.last_update_utc

    @cached_property
    def next_update(self) -> datetime | None:
        """The time of the next update, which ends the validity of the CRL."""
        return self.library_object.next_update_utc

    @cached_property
    def _scope(self) -> x509.IssuingDistributionPoint | None:
        extensions = {extension.oid: extension.value for extension in self.library_object.extensions}
        scope: x509.IssuingDistributionPoint | None = extensions.get(x509.IssuingDistributionPoint.oid)
        return scope

    def why_unusable(self, issuer: Certificate, at: datetime) -> Obstacle[str] | None:
        """Return the reason for rejecting the CRL at an instant; `None` if it is valid and signed by `issuer`."""
        why: Obstacle[str] | None = Obstacle("unreadable")
        with suppress(CertificatesError), translate_parse_errors(_make_damage_error()):
            why = self._why_signature_rejected(issuer)
            if not why and self.next_update is None:
                why = Obstacle("no_end")
            elif not why and not self.this_update <= at <= t.cast(datetime, self.next_update):
                why = Obstacle("not_now", {"begin": self.this_update, "end": self.next_update})
            why = why or self._why_unsupported()
        return why

    def _why_signature_rejected(self, issuer: Certificate) -> Obstacle[str] | None:
        if normalize_distinguished_name(self.library_object.issuer) != issuer.subject:
            return Obstacle(
                "of_other", {"of": escape_invisible(self.library_object.issuer.rfc4514_string()), "issuer": issuer}
            )
        usage = issuer.extension(x509.KeyUsage)
        if usage and not usage.crl_sign:
            return Obstacle("may_not_sign", {"issuer": issuer})
        signed = next(asn1.read_elements(next(asn1.read_elements(self.der)).content)).der
        # The library's own check encodes the list again first, which takes ten times as long.
        return None if issuer.has_signed(self.library_object, signed) else Obstacle("not_signed", {"issuer": issuer})

    def _why_unsupported(self) -> Obstacle[str] | None:
        """Return the unsupported content, because an unknown critical extension invalidates the CRL (RFC 5280, 5.2)."""
        for extension in self.library_object.extensions:
            if isinstance(extension.value, x509.DeltaCRLIndicator):
                return Obstacle("delta")
            if extension.critical and not isinstance(extension.value, x509.IssuingDistributionPoint):
                return Obstacle("critical_extension", {"oid": extension.oid.dotted_string})
        if self.der.count(CRITICAL_FLAG) > sum(
            extension.critical for extension in self.library_object.extensions
        ) and any(
            extension.critical for entry in self.library_object for extension in entry.extensions
        ):  # to look at each entry takes long, so it is done only if there may be one
            return Obstacle("critical_entry")
        scope = self._scope
        if scope and (scope.indirect_crl or scope.only_contains_attribute_certs or scope.relative_name):
            return Obstacle("unknown_kind")
        return None

    def find_status(self, certificate: Certificate, point: DistributionPoint) -> Revocation:
        """Return the status of a certificate with this distribution point. The CRL must be usable, see `why_unusable`."""
        with suppress(CertificatesError), translate_parse_errors(_make_damage_error()):
            # An authority may have many lists, each for a part of its certificates.
            scope, is_authority, why = self._scope, certificate.can_issue, None
            if scope and scope.full_name and not point.names & {str(name.value) for name in scope.full_name}:
                why = Obstacle("for_others")
            elif scope and (scope.only_contains_user_certs if is_authority else scope.only_contains_ca_certs):
                why = Obstacle("lacks_kind", {"is_authority": is_authority})
            return Revocation("unknown", certificate, why=why) if why else self._read_entry(certificate, point)
        return Revocation("unknown", certificate, why=Obstacle("unreadable_entry"))

    def _read_entry(self, certificate: Certificate, point: DistributionPoint) -> Revocation:
        number = certificate.serial_number
        # To look for its bytes takes a tenth of the time, and most are not there; a negative number has none.
        is_there = number.to_bytes(number.bit_length() // 8 + 1, "big") in self.der
        entry = self.library_object.get_revoked_certificate_by_serial_number(number) if is_there else None
        if entry is None:
            is_partial = point.is_partial or (self._scope is not None and self._scope.only_some_reasons is not None)
            partly = Revocation("unknown", certificate, why=Obstacle("some_reasons"))
            return partly if is_partial else Revocation("good", certificate)
        reason = None
        with (
            suppress(CertificatesError),
            translate_parse_errors(_make_damage_error()),
        ):  # for whatever reason it is there
            for extension in entry.extensions:
                if isinstance(extension.value, x509.CRLReason):
                    reason = extension.value.reason
                elif isinstance(extension.value, x509.CertificateIssuer):
                    return Revocation("unknown", certificate, why=Obstacle("entry_of_other"))
        if reason == x509.ReasonFlags.remove_from_crl:
            return Revocation("good", certificate)
        return Revocation("revoked", certificate, entry.revocation_date_utc, reason.value if reason else None)
