# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with what an endpoint serves: names, dates, trust, and which of these is said first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import (
    Demand,
    Endpoint,
    ProbeResult,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.result import EndpointEntries
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors

from tests.support.certificates import NOW, Authority, Issued, self_signed

AUTHORITY = Authority()
NAME = "www.example.com"
ROOTS = Anchors([Certificate.from_library(AUTHORITY.root)])
DAY = timedelta(days=1)


def result_of(issued: Issued, chain: Any = None, **changes: Any) -> ProbeResult:
    """What would be seen where a certificate is served, with its chain unless another is given."""
    sent = (issued.certificate, *(issued.chain if chain is None else chain))
    return ProbeResult(
        Endpoint(NAME), "192.0.2.1", tuple(map(Certificate.from_library, sent)), "TLSv1.3", "x", **changes
    )


def entry(
    result: ProbeResult, name: str = NAME, anchors: Anchors | None = ROOTS, demand: Demand | None = None
) -> dict[str, Any]:
    return EndpointEntries(anchors, NOW).build_entry(result, name, demand)


def meant(*given: Any, **options: Any) -> tuple[Any, ...]:
    """What an entry says beyond the facts."""
    keys = ("trust", "name_matches", "days_until_expiry", "renewal_due", "reason", "message")
    return tuple(entry(*given, **options)[key] for key in keys)


def test_nothing_is_wrong() -> None:
    assert meant(result_of(AUTHORITY.issue(NAME))) == ("trusted", True, 90, False, None, None)


REASONS: dict[str, tuple[ProbeResult, str]] = {
    "expired": (result_of(AUTHORITY.issue(NAME, days=(-90, -1))), "expired"),
    "not_yet_valid": (result_of(AUTHORITY.issue(NAME, days=(1, 90))), "not_yet_valid"),
    "name_mismatch": (result_of(AUTHORITY.issue("a", names=["a.example", "b.example"])), "name_mismatch"),
    "no_name": (result_of(AUTHORITY.issue(None, names=[])), "name_mismatch"),
    "self_signed": (result_of(self_signed(NAME)), "untrusted"),
    "chain_incomplete": (result_of(AUTHORITY.issue(NAME), ()), "chain_incomplete"),
}


@pytest.mark.parametrize("case", REASONS)
def test_what_is_wrong(case: str) -> None:
    result, reason = REASONS[case]
    assert entry(result)["reason"] == reason


def test_without_roots_nothing_is_said_of_trust() -> None:
    assert meant(result_of(self_signed(NAME)), anchors=None) == (None, True, 3650, False, None, None)


def test_what_was_not_seen_is_said_first_and_what_is_known_of_certificates_is_said_all_the_same() -> None:
    issued = AUTHORITY.issue("other.example.com", days=(-90, -2))
    found = meant(result_of(issued, reason="handshake_failed", message="It failed."))
    assert found == ("untrusted", False, -2, True, "handshake_failed", "It failed.")


def test_the_ends_of_the_validity_belong_to_it() -> None:
    issued = AUTHORITY.issue(NAME, days=(0, 1))
    for at, expected in (
        (NOW, None),
        (NOW + DAY, None),
        (NOW + DAY + timedelta(seconds=1), "expired"),
        (NOW - timedelta(seconds=1), "not_yet_valid"),
    ):
        assert EndpointEntries(None, at).build_entry(result_of(issued), NAME)["reason"] == expected


def test_what_must_be_served() -> None:
    """What was not seen has its own reason, and what is expected is not said of it."""
    result = result_of(AUTHORITY.issue(NAME))
    other, same = (Demand((name,), ()) for name in ("api.example.com", NAME))
    told = entry(result, demand=other)
    assert (told["served"], told["reason"]) == (False, "not_served") and NAME in told["message"]
    told = entry(result, demand=same)
    assert (told["served"], told["reason"], entry(result)["served"]) == (True, None, None)
    told = entry(replace(result, reason="handshake_failed", message="It failed."), demand=other)
    assert (told["served"], told["reason"], told["message"]) == (False, "handshake_failed", "It failed.")
    assert entry(ProbeResult(Endpoint(NAME), reason="unreachable", message="No."), demand=other)["served"] is None
    assert entry(ProbeResult(Endpoint(NAME)), demand=other)["reason"] is None


def test_all_that_is_reported() -> None:
    issued = AUTHORITY.issue(NAME)
    leaf, sent = (Certificate.from_library(certificate) for certificate in (issued.certificate, issued.chain[0]))
    result = result_of(issued, is_accepted=True, is_connected=True)
    end = {"effective_not_after": format_time(leaf.not_after), "limited_by": None}
    seen = {"ip_address": "192.0.2.1", "tls_version": "TLSv1.3", "cipher": "x", "accepted": True}
    meaning = {"trust": "trusted", "name_matches": True, "days_until_expiry": 90, "renewal_due": False}
    nothing = {"served": None, "reason": None, "message": None}
    assert entry(result) == {
        **{"host": NAME, "port": 443, "server_name": NAME, **leaf.facts(), "issuer": leaf.shown_issuer},
        **{"chain": [{**sent.facts(), "issuer": sent.shown_issuer}], **end, **seen, **meaning, **nothing},
    }
    unseen = entry(ProbeResult(Endpoint("", 8443), "192.0.2.1", reason="unreachable", message="No."), "")
    told = {"port": 8443, "chain": [], "reason": "unreachable", "message": "No."}
    assert unseen == {**dict.fromkeys(entry(result)), **told}


def test_what_clients_say_of_a_name_is_a_reason() -> None:
    issued = AUTHORITY.issue(NAME)
    refused = result_of(issued, is_accepted=False, rejection="CA cert does not support key agreement")
    other = replace(refused, rejection=None, has_name_mismatch=True)
    assert (entry(refused)["reason"], entry(other)["reason"]) == (None, "name_mismatch")
