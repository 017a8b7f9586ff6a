# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evaluate whether each address of a name serves the expected certificate, and TLS clients accept it. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .._base.text import some_of
from .._x509.certificate import Certificate
from . import messages
from .endpoint import ProbeResult

Finding = t.Literal["served", "other", "failing", "unreachable"]
Leaves: t.TypeAlias = "tuple[tuple[str | None, Certificate | None], ...]"


@dataclass(frozen=True)
class Evaluation:
    """The evaluated results of all addresses of one name.

    Attributes:
        finding: `served`, if every address that accepts connections serves the expected certificate; `other`, if one serves
            another certificate; `failing`, if one completes no handshake; `unreachable`, if none accepts connections.
        fingerprints: SHA-256 of the served certificates.
        shown: the fingerprint to report; a different one than expected, if any.
        wanted: the expected certificate; `None` if unknown.
        working: the addresses that completed a handshake.
        failing: those that accepted a connection and completed none.
        failed: their results.
        others: the results of those that serve another certificate.
        lost: the results of those that worked before, and do not accept connections any more.
        closed: the results of those that did not accept a connection.
        chains: what was sent, each once, with the server's own certificate first; that with the wanted one comes last.
        accepting: the addresses where a client accepts what is served.
        refusing: those where it does not.
        refusal: why it does not, as the end of a sentence.
        leaves: the certificate that was seen at each address, `None` where nothing was seen.
    """

    finding: Finding
    fingerprints: frozenset[str] = frozenset()
    shown: str | None = None
    wanted: Certificate | None = None
    working: frozenset[str | None] = frozenset()
    failing: frozenset[str | None] = frozenset()
    failed: tuple[ProbeResult, ...] = ()
    others: tuple[ProbeResult, ...] = ()
    lost: tuple[ProbeResult, ...] = ()
    closed: tuple[ProbeResult, ...] = ()
    chains: tuple[tuple[Certificate, ...], ...] = ()
    accepting: frozenset[str | None] = frozenset()
    refusing: frozenset[str | None] = frozenset()
    refusal: str | None = None
    leaves: Leaves = ()

    @property
    def words(self) -> str:
        """The finding as a sentence; empty for `served`."""
        failed = self.failed or (self.closed if self.finding == "unreachable" else ())
        return messages.evaluation(self.lost, failed, self.others)

    @property
    def is_everywhere(self) -> bool:
        """Whether every address was probed successfully."""
        return bool(self.leaves) and all(leaf for _address, leaf in self.leaves)

    @property
    def accepted(self) -> bool | None:
        """Whether a TLS client accepts the certificate at each reachable address; `None` if unknown."""
        if self.refusing:
            return False
        return True if self.accepting and self.accepting >= self.working | self.failing else None

    def is_newly_rejected(self, before: Evaluation, *, is_promising: bool) -> bool:
        """Return whether a TLS client rejects a certificate at an address now but accepted the previous one. All addresses count as the same.

        Without a previous probe, a certificate that should have been accepted counts as accepted (`is_promising`).
        """
        was_accepted = bool(before.accepting) or (is_promising and not before.refusing)
        return was_accepted and bool(self.refusing - before.refusing)

    @property
    def works(self) -> bool:
        """Whether TLS clients can connect."""
        return self.finding in {"served", "other"}

    def since(self, before: Evaluation | None) -> Evaluation:
        """Return a copy that counts addresses as failing if they worked before and do not accept connections any more."""
        lost = tuple(result for result in self.closed if before and result.ip_address in before.working)
        return self if not lost or self.finding == "unreachable" else replace(self, finding="failing", lost=lost)

    def is_worse_than(self, before: Evaluation) -> bool:
        """Return whether there is a new problem: a failed handshake, or an unexpected certificate."""
        if self.finding == "served" or not before.working:
            return False
        wanted = {self.wanted.fingerprint_sha256} if self.wanted else frozenset[str]()
        if not self.fingerprints <= before.fingerprints | wanted:
            return True
        if before.works:
            return self.finding != "other"
        # Some address failed before, too: it is worse only if another one has been lost.
        return not before.working.isdisjoint(self.failing | {result.ip_address for result in self.closed})


def evaluate_results(
    results: Sequence[ProbeResult], wanted: Certificate | None, fits: Callable[[Certificate], bool] | None = None
) -> Evaluation:
    """Evaluate the results of all addresses of a name.

    Args:
        results: one result per address.
        wanted: the expected certificate; `None` if unknown.
        fits: returns whether a certificate is acceptable in addition to `wanted`.
    """
    fits = fits or (lambda certificate: certificate == wanted)
    reached = [result for result in results if result.is_connected]
    leaves = tuple((result.ip_address, result.chain[0] if result.chain else None) for result in results)
    if not reached:
        return Evaluation("unreachable", closed=tuple(results), leaves=leaves)
    seen = [result for result in reached if result.chain]
    others = tuple(result for result in seen if not fits(result.chain[0]))
    failed = tuple(result for result in reached if result.reason is not None or not result.chain)
    failing = frozenset(result.ip_address for result in failed)
    finding: Finding = "failing" if failed else "other" if others else "served"
    refused = [result for result in reached if result.accepted is False]
    chains = dict.fromkeys(result.chain for result in seen)
    return Evaluation(
        finding,
        fingerprints=frozenset(result.chain[0].fingerprint_sha256 for result in seen),
        shown=(others or tuple(seen))[0].chain[0].fingerprint_sha256 if seen else None,
        wanted=wanted,
        working=frozenset(result.ip_address for result in reached) - failing,
        failing=failing,
        failed=failed,
        others=others,
        closed=tuple(result for result in results if result not in reached),
        chains=tuple(sorted(chains, key=lambda chain: fits(chain[0]))),
        accepting=frozenset(result.ip_address for result in reached if result.accepted),
        refusing=frozenset(result.ip_address for result in refused),
        refusal=some_of(list(dict.fromkeys(result.refusal or "" for result in refused)), messages.MAX_ADDRESSES, "; ")
        or None,
        leaves=leaves,
    )
