# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trust of TLS clients in certificates, at an instant, with known revocations. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from .._softlayer.store import StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .._x509.chain import Anchors, Chain, Trust, evaluate_sent_chain
from .._x509.crl import Revocation, combine_known_results
from .._x509.lifespan import Lifespan
from . import messages

LEVELS: tuple[Trust, ...] = ("untrusted", "incomplete", "trusted")
"""The levels of trust, from low to high; a certificate never replaces another one on a higher level."""


class TrustView:
    """The trust of TLS clients, given trusted root certificates, a time, and known revocations.

    Args:
        anchors: returns the trusted root certificates; called on first use.
        at: the time.
        revocations: the known results of revocation checks.
        pins_keys: whether TLS clients pin the public keys, so that a new certificate must have the same key.
    """

    def __init__(
        self,
        anchors: Callable[[], Anchors],
        at: datetime,
        revocations: Mapping[Certificate, Revocation] | None = None,
        *,
        pins_keys: bool = False,
    ) -> None:
        self.at = at
        self.anchors = anchors
        self.pins_keys = pins_keys
        self.revocations = revocations or {}
        self._revoked = {each for each, known in self.revocations.items() if known.status == "revoked"}
        self._chains: dict[tuple[Certificate, tuple[Certificate, ...]], Chain] = {}

    def add_revocations(self, revocations: Mapping[Certificate, Revocation]) -> TrustView:
        """Return a view with additional revocations."""
        view = TrustView(self.anchors, self.at, {**self.revocations, **revocations}, pins_keys=self.pins_keys)
        view._chains = self._chains
        return view

    def move_to(self, at: datetime) -> TrustView:
        """Return the same view at another time."""
        return TrustView(self.anchors, at, self.revocations, pins_keys=self.pins_keys)

    def find_chain(self, record: StoreCertificate) -> Chain:
        """Return the chain of a record with a certificate; see `build_chain`."""
        return self.build_chain(certificate_of(record), record.intermediates)

    def build_chain(self, leaf: Certificate, sent: tuple[Certificate, ...]) -> Chain:
        """Return the chain of a certificate with the sent issuers. The chain is untrusted if one of the certificates was revoked."""
        chain = self.build_signed_chain(leaf, sent)
        why = self.why_revoked(leaf, sent)
        return replace(chain, trust="untrusted", why=why) if why else chain

    def is_revoked(self, certificate: Certificate) -> bool:
        """Return whether a revocation of the certificate is known."""
        return certificate in self._revoked

    def why_revoked(self, leaf: Certificate, sent: tuple[Certificate, ...]) -> str | None:
        """Return a main clause about a known revocation of a certificate or one of the sent issuers, or `None`."""
        answer = self.find_revocation(leaf, sent) if self._revoked else None
        if answer is None or answer.status != "revoked":
            return None
        return messages.describe_revocation(answer, is_own=answer.certificate == leaf)

    def find_revocation(self, leaf: Certificate, sent: tuple[Certificate, ...]) -> Revocation | None:
        """Return the revocation of a certificate or one of the sent issuers; `None` if revocation was not checked."""
        return combine_known_results(leaf, self.build_signed_chain(leaf, sent), self.revocations)

    def build_signed_chain(self, leaf: Certificate, sent: tuple[Certificate, ...]) -> Chain:
        """Return the chain of a certificate with the sent issuers, regardless of revocations.

        The chain is evaluated at the closest time when all certificates are valid, so that an expired certificate is trusted at least as much
        as a certificate that was never trusted.
        """
        if (leaf, sent) not in self._chains:
            when = min(max(self.at, leaf.not_before), leaf.not_after)
            chain = evaluate_sent_chain(leaf, sent, self.anchors(), when)
            begin = max(certificate.not_before for certificate in (leaf, *chain.path))
            end = min(certificate.not_after for certificate in (leaf, *chain.path))
            if begin <= end and not begin <= when <= end:
                then = evaluate_sent_chain(leaf, sent, self.anchors(), min(max(when, begin), end))
                chain = then if then.trust == "trusted" else chain
            self._chains[leaf, sent] = chain
        return self._chains[leaf, sent]

    def record_chain(self, leaf: Certificate, chain: Chain) -> None:
        """Cache a trusted chain that was built with the same root certificates, at the closest time when the certificate is valid."""
        if chain.trust == "trusted" and not any(map(self.anchors().__contains__, chain.issuers)):
            self._chains.setdefault((leaf, chain.issuers), chain)

    def is_trusted(self, record: StoreCertificate) -> bool:
        """Return whether TLS clients trust the certificate of a record."""
        return self.find_chain(record).trust == "trusted"

    def is_accepted(self, record: StoreCertificate) -> bool:
        """Return whether TLS clients that do not check revocation, such as OpenSSL, trust the certificate of a record."""
        return self.build_signed_chain(certificate_of(record), record.intermediates).trust == "trusted"

    def find_level(self, record: StoreCertificate) -> int:
        """Return the level of trust in a record, as an index in `LEVELS`."""
        return LEVELS.index(self.find_chain(record).trust)

    def find_levels(self, record: StoreCertificate) -> tuple[int, int]:
        """Return the level of trust in a record, and the level regardless of revocations."""
        signed = self.build_signed_chain(certificate_of(record), record.intermediates)
        return self.find_level(record), LEVELS.index(signed.trust)

    def find_lifespan(self, record: StoreCertificate) -> Lifespan:
        """Return the time in which TLS clients accept a record; for an unreadable certificate, from the dates that the API returns."""
        if record.certificate is None:
            return record.lifespan(self.at)
        return self.build_lifespan(record.certificate, record.intermediates)

    def build_lifespan(self, leaf: Certificate, sent: tuple[Certificate, ...]) -> Lifespan:
        """Return the time in which TLS clients accept a certificate with the sent issuers."""
        return Lifespan.from_path(leaf, self.build_chain(leaf, sent).path)

    def find_end(self, record: StoreCertificate) -> datetime:
        """Return the end of the time in which TLS clients accept a record with a certificate."""
        return t.cast(datetime, self.find_lifespan(record).end)
