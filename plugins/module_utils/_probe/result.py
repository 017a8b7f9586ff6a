# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Create the results of `ssl_endpoint_info` from probe results. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime

from .._base.codes import EndpointReason
from .._base.times import count_days
from .._x509.certificate import FACTS, Certificate
from .._x509.chain import UNTRUSTED_REASONS, Anchors, Chain, evaluate_sent_chain
from .._x509.lifespan import UNKNOWN_LIFESPAN, Lifespan
from . import messages
from .endpoint import Demand, ProbeResult


class EndpointEntries:
    """Factory of result entries. Each different chain is checked once.

    Args:
        anchors: the trusted certificates; `None` to skip the trust check.
        at: the current time.
    """

    def __init__(self, anchors: Anchors | None, at: datetime) -> None:
        self.anchors = anchors
        self._at = at
        self._checked: dict[tuple[Certificate, ...], Chain] = {}

    def build_entry(self, result: ProbeResult, name: str, demand: Demand | None = None) -> dict[str, t.Any]:
        """Return the entry for a probe result. Unknown fields are `None`.

        Args:
            result: the probe result.
            name: the host name that a TLS client requests.
            demand: the expected certificate; `None` for any or an unknown certificate.
        """
        served = result.chain[0] if result.chain else None
        chain = self.check_chain(result)
        lifespan = Lifespan.from_path(served, chain.path if chain else ()) if served else None
        matches = served.is_accepted_for(name) if served else None
        is_served = demand.is_met_by(served) if demand and served else None
        reason, facts = self._find_reason(result, chain, name if matches is False else None)
        if demand and served and not is_served and result.reason is None:
            reason, facts = "not_served", {"demand": demand}
        return {
            "host": result.endpoint.host or None,
            "port": result.endpoint.port,
            "server_name": name or None,
            "ip_address": result.ip_address if result.is_connected else None,
            **collect_facts(served),
            "days_until_expiry": count_days(served.not_after, self._at) if served else None,
            **(lifespan or UNKNOWN_LIFESPAN).as_result(),
            "renewal_due": lifespan.is_due(self._at) if lifespan else None,
            "chain": [collect_facts(certificate) for certificate in result.chain[1:]],
            "trust": chain.trust if chain else None,
            "accepted": result.is_accepted,
            "served": is_served,
            "name_matches": matches,
            "tls_version": result.tls_version,
            "cipher": result.cipher,
            "reason": reason,
            "message": messages.explain_endpoint(result, reason, facts),
        }

    def check_chain(self, result: ProbeResult) -> Chain | None:
        """Return the checked chain of a probe result; `None` without certificates, or without a trust check."""
        if self.anchors is None or not result.chain:
            return None
        if result.chain not in self._checked:
            leaf, *sent = result.chain
            self._checked[result.chain] = evaluate_sent_chain(leaf, sent, self.anchors, self._at)
        return self._checked[result.chain]

    def _find_reason(
        self, result: ProbeResult, chain: Chain | None, other_name: str | None
    ) -> tuple[EndpointReason | None, Mapping[str, t.Any]]:
        """Return the first applicable reason and its facts; see `messages.explain_endpoint`."""
        if result.reason is not None or not result.chain:
            return result.reason, {}
        served = result.chain[0]
        if served.not_after < self._at:
            return "expired", {}
        if self._at < served.not_before:
            return "not_yet_valid", {}
        if other_name is not None:
            return "name_mismatch", {"asked": other_name}
        if chain is not None and chain.trust != "trusted":
            return UNTRUSTED_REASONS[chain.trust], {"chain": chain}
        return "name_mismatch" if result.has_name_mismatch else None, {}


def collect_facts(certificate: Certificate | None) -> dict[str, t.Any]:
    """Return the public facts and the issuer of a certificate; all facts are null without a certificate."""
    if certificate is None:
        return dict.fromkeys((*FACTS, "issuer"))
    return {**certificate.facts(), "issuer": certificate.shown_issuer}
