# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about endpoints and the served certificates. Private to softlayer.certificates. Pure.

Messages about failed handshakes are in `handshake`, because such messages quote OpenSSL and the operating system.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._base.errors import Obstacle
from .._base.text import join_first
from .._base.times import format_time
from .._replacement.messages import find_trust_remedy
from .._x509.certificate import Certificate
from .._x509.messages import why_unknown
from .endpoint import Demand, ProbeResult

MAX_ADDRESSES = 4
"""Maximum number of addresses in a message."""
MAX_LISTS = 3
"""Maximum number of lists in a warning."""
NAME_REMEDY = "Replace the certificate, or correct server_name."


def describe_expected(demand: Demand) -> str:
    """Return the expected certificate as part of a sentence."""
    if demand.names:
        return f"a certificate for {join_first(list(demand.names))}"
    if demand.records:
        record = demand.records[0]
        name = record.certificate.shown_name if record.certificate else ""
        return f"certificate {record.id} ({name}), or a certificate that can replace certificate {record.id}"
    return f"certificate {demand.certificate_id}"


def describe_evaluation(
    lost: Sequence[ProbeResult], failed: Sequence[ProbeResult], others: Sequence[ProbeResult]
) -> str:
    """Return the message about addresses that do not serve the expected certificate; empty without such addresses.

    Args:
        lost: results of addresses that worked before.
        failed: results of addresses without a successful handshake.
        others: results with another certificate; ignored if `failed` is set.
    """
    served = [
        f"{result.ip_address or result.endpoint.host} serves {_describe_certificate(result.chain[0])}"
        for result in others
    ]
    what = _join_messages(failed) if failed else f"{join_first(served, MAX_ADDRESSES, '; ')}." if served else ""
    return " ".join(dict.fromkeys(filter(None, [_join_messages(lost), what])))


def _join_messages(results: Sequence[ProbeResult]) -> str:
    return join_first(list(dict.fromkeys(result.message or "" for result in results)), MAX_ADDRESSES, " ")


def _describe_certificate(certificate: Certificate) -> str:
    return (
        f"the certificate {certificate.shown_name} with the serial number {certificate.serial_number:x}, valid until "
        f"{certificate.not_after:%Y-%m-%d}"
    )


def explain_endpoint(result: ProbeResult, reason: str | None, facts: Mapping[str, t.Any]) -> str | None:
    """Return the message about the problem with an endpoint's certificate; `None` without a problem."""
    said = _explain_reason(result, reason, facts)
    is_said = not result.rejection or result.rejection in (said or "")
    return said if is_said else f"{said} OpenSSL reports: {result.rejection}."


def _explain_reason(result: ProbeResult, reason: str | None, facts: Mapping[str, t.Any]) -> str | None:
    if result.reason is not None or not result.chain:
        return result.message
    served = result.chain[0]
    certificate = f"certificate {served.shown_name} of {result.endpoint.address_text}"
    what = f"The {certificate}"
    match reason, facts:
        case "not_served", {"demand": demand}:
            return (
                f"{result.endpoint.address_text} serves {_describe_certificate(served)}, but must serve {describe_expected(demand)}. Replace the certificate, "
                "or correct expected."
            )
        case "expired", _:
            return f"{what} expired at {format_time(served.not_after)}. Replace the certificate."
        case "not_yet_valid", _:
            return f"{what} is not valid before {format_time(served.not_before)}. Check the clock of this host."
        case "name_mismatch", {"asked": asked}:
            names = join_first(sorted(served.server_names) + sorted(served.addresses)) or "none"
            return f"{what} does not cover {asked}. Names of the certificate: {names}. {NAME_REMEDY}"
        case "name_mismatch", _:
            return f"{what} does not cover {result.endpoint.checked_name} according to TLS clients. {NAME_REMEDY}"
        case _, {"chain": chain}:
            return f"{what} is not trusted: {chain.why}. {find_trust_remedy(chain, 'served')}"
    return f"TLS clients reject the {certificate}." if result.is_accepted is False else None


def explain_missing_address(load_balancer: str, status: str | None) -> str:
    """Return the message about a load balancer without an address."""
    return f"Cannot probe the listener: the load balancer {load_balancer} does not have an address (status {status}). Check the load balancer in the portal."


def warn_of_unusable_lists(failed: Mapping[str, Obstacle[str]]) -> str:
    """Return the warning about unusable certificate revocation lists."""
    whys = join_first([f"{about}: {why_unknown(why)}" for about, why in failed.items()], MAX_LISTS, "; ")
    return (
        f"Cannot check whether some certificates were revoked, because the revocation lists of their CAs cannot be used ({whys}). Check that this host "
        "or its proxy can reach the CAs, or set check_revocation: off."
    )
