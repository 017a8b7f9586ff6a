# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with what an endpoint serves. Private to softlayer.certificates. Pure: roots and time are passed in."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from .._codes import EndpointReason
from .._names import ascii_name
from .._text import some_of
from .._times import days_until, iso, renewal_due
from .._x509.certificate import FACTS, Certificate
from .._x509.chain import UNTRUSTED, Anchors, Chain, Chains, Trust
from .endpoint import Look, as_address

SHOWN_NAMES = 5
"""Up to this many names of a certificate stand in a message."""
ADVICE: t.Mapping[Trust, str] = {
    "incomplete": "Have the server send the intermediate certificates that the authority publishes; if it is an authority of your own, give "
    "its root as trusted_ca_path.",
    "untrusted": "Replace the certificate; if it comes from an authority of your own, give that one's root as trusted_ca_path.",
}


@dataclass(frozen=True)
class Judgement:
    """What a look means. All is `None` that cannot be told, such as without a certificate."""

    trust: Trust | None = None
    name_matches: bool | None = None
    days_until_expiry: int | None = None
    renewal_due: bool | None = None
    reason: EndpointReason | None = None
    message: str | None = None


class Judge:
    """Judges looks; a chain that many endpoints send is checked once.

    Args:
        anchors: the trusted certificates; `None` if trust is not to be checked.
        at: the present instant.
    """

    def __init__(self, anchors: Anchors | None, at: datetime) -> None:
        self._anchors = anchors
        self._at = at
        self._checked: dict[tuple[Certificate, ...], Chain] = {}

    def judge(self, look: Look, name: str) -> Judgement:
        """Return what a look means for a client that wants to reach a name."""
        if not look.chain:
            return Judgement(reason=look.reason, message=look.message)
        served = look.chain[0]
        chain = self._chain_of(look)
        matches = is_for(served, name)
        reason, message = self._why_not(look, served, chain, None if matches else name)
        return Judgement(
            trust=chain.trust if chain else None,
            name_matches=matches,
            days_until_expiry=days_until(served.not_after, self._at),
            renewal_due=renewal_due(served.not_before, served.not_after, self._at),
            reason=reason,
            message=message,
        )

    def _chain_of(self, look: Look) -> Chain | None:
        if self._anchors is None:
            return None
        if look.chain not in self._checked:
            self._checked[look.chain] = Chains(look.chain, self._anchors, self._at).of(look.chain[0])
        return self._checked[look.chain]

    def _why_not(
        self, look: Look, served: Certificate, chain: Chain | None, other_name: str | None
    ) -> tuple[EndpointReason | None, str | None]:
        """Return the first of all reasons, and the sentence about it."""
        if look.reason is not None:
            return look.reason, look.message
        what = f"{look.endpoint.shown} serves the certificate {served.shown_name}, which"
        if served.not_after < self._at:
            return "expired", f"{what} expired on {iso(served.not_after)}: replace it."
        if self._at < served.not_before:
            return "not_yet_valid", f"{what} is not valid before {iso(served.not_before)}: check this machine's clock."
        if other_name is not None:
            names = some_of(sorted(served.server_names) + sorted(served.addresses), SHOWN_NAMES) or "no name at all"
            return "name_mismatch", f"{what} is not for {other_name} but for {names}."
        if chain is not None and chain.trust != "trusted":
            return UNTRUSTED[chain.trust], f"{what} is not trusted: {chain.why}. {ADVICE[chain.trust]}"
        return None, None


def is_for(certificate: Certificate, name: str) -> bool:
    """Return whether clients take a certificate for a name or an address (RFC 9525, 6).

    Addresses are compared with the certificate's IP addresses only. A wildcard stands for exactly the whole left-most label.
    """
    address = as_address(name.partition("%")[0])
    if address is not None:
        return str(address) in certificate.addresses
    wanted = ascii_name(name)
    label, _dot, rest = wanted.partition(".")
    return wanted in certificate.server_names or bool(label and rest and f"*.{rest}" in certificate.server_names)


def facts_of(certificate: Certificate | None) -> dict[str, t.Any]:
    """Return the facts of a certificate that results contain, with its issuer; all null without a certificate."""
    if certificate is None:
        return dict.fromkeys((*FACTS, "issuer"))
    return {**certificate.facts(), "issuer": certificate.shown_issuer}


def as_result(look: Look, judgement: Judgement, name: str) -> dict[str, t.Any]:
    """Return the entry of an endpoint in results."""
    return {
        "host": look.endpoint.host or None,
        "port": look.endpoint.port,
        "server_name": name or None,
        "ip_address": look.ip_address if look.is_connected else None,
        **facts_of(look.chain[0] if look.chain else None),
        "days_until_expiry": judgement.days_until_expiry,
        "renewal_due": judgement.renewal_due,
        "chain": [facts_of(certificate) for certificate in look.chain[1:]],
        "trust": judgement.trust,
        "name_matches": judgement.name_matches,
        "tls_version": look.tls_version,
        "cipher": look.cipher,
        "reason": judgement.reason,
        "message": judgement.message,
    }
