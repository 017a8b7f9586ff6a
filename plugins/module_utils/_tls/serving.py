# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a name serves the certificate that it should, at each of its addresses. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .._text import some_of
from .._x509.certificate import Certificate
from .endpoint import Look

Verdict = t.Literal["served", "other", "failing", "unreachable"]
MOST_NAMED = 4
"""Maximum number of addresses in a message."""


@dataclass(frozen=True)
class Sighting:
    """What was seen at the addresses of one name.

    Attributes:
        verdict: `served`, if every address that accepts connections serves the wanted certificate; `other`, if one serves
            another certificate; `failing`, if one completes no handshake; `unreachable`, if none accepts connections.
        fingerprints: SHA-256 of the certificates that were seen.
        shown: the fingerprint to report; another one than the wanted one, if there is such.
        words: the finding as a sentence, for all verdicts but `served`.
        chain: what was sent with the wanted certificate.
        working: the addresses that completed a handshake.
        failing: those that accepted a connection and completed none.
        closed: the looks at those that did not accept a connection.
        certificates: what was seen, each once; the wanted one comes last.
    """

    verdict: Verdict
    fingerprints: frozenset[str]
    shown: str | None
    words: str
    chain: tuple[Certificate, ...] = ()
    working: frozenset[str | None] = frozenset()
    failing: frozenset[str | None] = frozenset()
    closed: tuple[Look, ...] = ()
    certificates: tuple[Certificate, ...] = ()

    @property
    def works(self) -> bool:
        """Whether clients can connect."""
        return self.verdict in {"served", "other"}

    def since(self, before: Sighting | None) -> Sighting:
        """Return this with the addresses counted as failing that worked before and do not accept connections any more."""
        gone = [look for look in self.closed if before and look.ip_address in before.working]
        if not gone or self.verdict == "unreachable":
            return self
        return replace(self, verdict="failing", words=f"{_said(gone)} {self.words}".strip())

    def is_worse_than(self, before: Sighting) -> bool:
        """Return whether something is wrong that was not wrong before: no handshake, or a certificate that has no business there."""
        if self.verdict == "served" or not before.working:
            return False
        wanted = {one.fingerprint_sha256 for one in self.chain[:1]}
        if not self.fingerprints <= before.fingerprints | wanted:
            return True
        if before.works:
            return self.verdict != "other"
        # Some address failed before, too: it is worse only if another one has been lost.
        return not before.working.isdisjoint(self.failing | {look.ip_address for look in self.closed})


def sighting(looks: Sequence[Look], wanted: Certificate | None) -> Sighting:
    """Return what the looks at all addresses of a name say together.

    Args:
        looks: one for each address.
        wanted: the certificate that should be served; `None` if that is not known.
    """
    reached = [look for look in looks if look.is_connected]
    if not reached:
        return Sighting("unreachable", frozenset(), None, _said(looks), closed=tuple(looks))
    seen = [look for look in reached if look.chain]
    fingerprints = frozenset(look.chain[0].fingerprint_sha256 for look in seen)
    others = [look for look in seen if look.chain[0] != wanted]
    chain = next((look.chain for look in seen if look.chain[0] == wanted), ())
    shown = (others or seen)[0].chain[0].fingerprint_sha256 if seen else None
    failed = [look for look in reached if look.reason is not None or not look.chain]
    failing = frozenset(look.ip_address for look in failed)
    working = frozenset(look.ip_address for look in reached) - failing
    closed = tuple(look for look in looks if look not in reached)
    leaves = sorted(dict.fromkeys(look.chain[0] for look in seen), key=lambda leaf: leaf == wanted)
    rest = (chain, working, failing, closed, tuple(leaves))
    if failed:
        return Sighting("failing", fingerprints, shown, _said(failed), *rest)
    if others:
        names = [f"{_where(look)} serves {described(look.chain[0])}" for look in others]
        words = f"{some_of(names, MOST_NAMED, '; ')}."
        return Sighting("other", fingerprints, shown, words, *rest)
    return Sighting("served", fingerprints, shown, "", *rest)


def described(certificate: Certificate) -> str:
    """Return what identifies a certificate in a sentence."""
    return (
        f"the certificate {certificate.shown_name} with the serial number {certificate.parsed.serial_number:x}, valid until "
        f"{certificate.not_after:%Y-%m-%d}"
    )


def _said(looks: Sequence[Look]) -> str:
    return some_of(list(dict.fromkeys(look.message or "" for look in looks)), MOST_NAMED, " ")


def _where(look: Look) -> str:
    return look.ip_address or look.endpoint.host
