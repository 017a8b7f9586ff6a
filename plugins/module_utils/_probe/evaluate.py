# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evaluate the certificates that the addresses of a name serve. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .._base.text import join_first
from .._x509.certificate import Certificate
from . import messages
from .endpoint import ProbeResult

Finding = t.Literal["served", "other", "failing", "unreachable"]
Leaves: t.TypeAlias = "tuple[tuple[str | None, Certificate | None], ...]"


@dataclass(frozen=True)
class Evaluation:
    """The evaluated results of all addresses of one name.

    Attributes:
        finding: `served` if every address that accepts connections serves the expected certificate; `other` if an address serves
            another certificate; `failing` if a handshake fails; `unreachable` if no address accepts connections.
        fingerprints: SHA-256 fingerprints of the served certificates.
        reported_fingerprint: the fingerprint to report, preferably of an unexpected certificate.
        expected: the expected certificate; `None` if unknown.
        working_addresses: the addresses with a successful handshake.
        failing_addresses: the addresses that accepted a connection, but failed the handshake.
        failed_results: the results of the failing addresses.
        other_results: the results with another certificate.
        lost_results: the results of addresses that worked before and now reject connections.
        unconnected_results: the results of addresses that did not accept a connection.
        chains: the different sent chains, the server's own certificate first; the chain of the expected certificate last.
        accepting_addresses: the addresses with a certificate that TLS clients accept.
        rejecting_addresses: the addresses with a certificate that TLS clients reject.
        rejection: the reasons for the rejections, as the end of a sentence.
        leaves: the served certificate of each address; `None` if unknown.
    """

    finding: Finding
    fingerprints: frozenset[str] = frozenset()
    reported_fingerprint: str | None = None
    expected: Certificate | None = None
    working_addresses: frozenset[str | None] = frozenset()
    failing_addresses: frozenset[str | None] = frozenset()
    failed_results: tuple[ProbeResult, ...] = ()
    other_results: tuple[ProbeResult, ...] = ()
    lost_results: tuple[ProbeResult, ...] = ()
    unconnected_results: tuple[ProbeResult, ...] = ()
    chains: tuple[tuple[Certificate, ...], ...] = ()
    accepting_addresses: frozenset[str | None] = frozenset()
    rejecting_addresses: frozenset[str | None] = frozenset()
    rejection: str | None = None
    leaves: Leaves = ()

    @property
    def message(self) -> str:
        """The finding as a sentence; empty for `served`."""
        failed = self.failed_results or (self.unconnected_results if self.finding == "unreachable" else ())
        return messages.describe_evaluation(self.lost_results, failed, self.other_results)

    @property
    def is_complete(self) -> bool:
        """Whether every address was probed successfully."""
        return bool(self.leaves) and all(leaf for _address, leaf in self.leaves)

    @property
    def is_accepted(self) -> bool | None:
        """Whether a TLS client accepts the certificate at each reachable address; `None` if unknown."""
        if self.rejecting_addresses:
            return False
        return (
            True
            if self.accepting_addresses and self.accepting_addresses >= self.working_addresses | self.failing_addresses
            else None
        )

    def is_newly_rejected(self, before: Evaluation, *, is_promising: bool) -> bool:
        """Return whether TLS clients reject a certificate now, but accepted the previous certificate at any address.

        Without a previous probe, `is_promising` states whether TLS clients would have accepted the previous certificate.
        """
        was_accepted = bool(before.accepting_addresses) or (is_promising and not before.rejecting_addresses)
        return was_accepted and bool(self.rejecting_addresses - before.rejecting_addresses)

    @property
    def is_working(self) -> bool:
        """Whether TLS clients can connect."""
        return self.finding in {"served", "other"}

    def compare_with(self, before: Evaluation | None) -> Evaluation:
        """Return a copy in which addresses that worked before and now reject connections count as failing."""
        lost = tuple(
            result for result in self.unconnected_results if before and result.ip_address in before.working_addresses
        )
        return (
            self if not lost or self.finding == "unreachable" else replace(self, finding="failing", lost_results=lost)
        )

    def is_worse_than(self, before: Evaluation) -> bool:
        """Return whether there is a new problem: a failed handshake, or an unexpected certificate."""
        if self.finding == "served" or not before.working_addresses:
            return False
        wanted = {self.expected.fingerprint_sha256} if self.expected else frozenset[str]()
        if not self.fingerprints <= before.fingerprints | wanted:
            return True
        if before.is_working:
            return self.finding != "other"
        # Some address failed before, too: it is worse only if another one has been lost.
        return not before.working_addresses.isdisjoint(
            self.failing_addresses | {result.ip_address for result in self.unconnected_results}
        )


def evaluate_results(
    results: Sequence[ProbeResult], expected: Certificate | None, fits: Callable[[Certificate], bool] | None = None
) -> Evaluation:
    """Evaluate the results of all addresses of a name.

    Args:
        results: one result per address.
        expected: the expected certificate; `None` if unknown.
        fits: returns whether a certificate is acceptable; by default, only `expected` is.
    """
    fits = fits or (lambda certificate: certificate == expected)
    reached = [result for result in results if result.is_connected]
    leaves = tuple((result.ip_address, result.chain[0] if result.chain else None) for result in results)
    if not reached:
        return Evaluation("unreachable", unconnected_results=tuple(results), leaves=leaves)
    seen = [result for result in reached if result.chain]
    others = tuple(result for result in seen if not fits(result.chain[0]))
    failed = tuple(result for result in reached if result.reason is not None or not result.chain)
    failing = frozenset(result.ip_address for result in failed)
    finding: Finding = "failing" if failed else "other" if others else "served"
    refused = [result for result in reached if result.is_accepted is False]
    chains = dict.fromkeys(result.chain for result in seen)
    return Evaluation(
        finding,
        fingerprints=frozenset(result.chain[0].fingerprint_sha256 for result in seen),
        reported_fingerprint=(others or tuple(seen))[0].chain[0].fingerprint_sha256 if seen else None,
        expected=expected,
        working_addresses=frozenset(result.ip_address for result in reached) - failing,
        failing_addresses=failing,
        failed_results=failed,
        other_results=others,
        unconnected_results=tuple(result for result in results if result not in reached),
        chains=tuple(sorted(chains, key=lambda chain: fits(chain[0]))),
        accepting_addresses=frozenset(result.ip_address for result in reached if result.is_accepted),
        rejecting_addresses=frozenset(result.ip_address for result in refused),
        rejection=join_first(
            list(dict.fromkeys(result.rejection or "" for result in refused)), messages.MAX_ADDRESSES, "; "
        )
        or None,
        leaves=leaves,
    )
