# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what endpoints serve."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import (
    Demand,
    Endpoint,
    ProbeResult,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.evaluate import Evaluation
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.messages import (
    describe_expected,
    explain_endpoint,
    explain_missing_address,
    warn_of_unusable_lists,
)

NAME = "www.example.com"
SERVED: Any = SimpleNamespace(
    shown_name=NAME,
    serial_number=0xAB,
    not_before=datetime(2026, 12, 1, tzinfo=timezone.utc),
    not_after=datetime(2027, 3, 1, tzinfo=timezone.utc),
    server_names=frozenset({"b.example", "a.example"}),
    addresses=frozenset({"192.0.2.7"}),
)
DESCRIBED = "the certificate www.example.com with the serial number ab, valid until 2027-03-01"
CHAIN = SimpleNamespace(trust="untrusted", why="its key is too short", has_untrusted_root=False)
STORED: Any = SimpleNamespace(id=7, certificate=SERVED)


def result(address: str | None = "192.0.2.1", **given: Any) -> ProbeResult:
    return ProbeResult(Endpoint(NAME), address, **{"chain": (SERVED,), **given})


@pytest.mark.parametrize(
    ("demand", "said"),
    [
        (Demand((NAME, "a.example"), ()), "a certificate for www.example.com, a.example"),
        (Demand((), (STORED,), 7), "certificate 7 (www.example.com), or a certificate that can replace certificate 7"),
        (Demand((), (), 7), "certificate 7"),
    ],
)
def test_what_must_be_served(demand: Demand, said: str) -> None:
    assert describe_expected(demand) == said


WHAT = "The certificate www.example.com of www.example.com:443"


@pytest.mark.parametrize(
    ("seen", "reason", "facts", "said"),
    [
        (result(), None, {}, None),
        (result(is_accepted=True), None, {}, None),
        (
            result(is_accepted=False, rejection="it is odd"),
            None,
            {},
            f"TLS clients reject {WHAT[0].lower()}{WHAT[1:]}. OpenSSL reports: it is odd.",
        ),
        (result(reason="timeout", message="It is silent."), "timeout", {}, "It is silent."),
        (
            result(reason="handshake_failed", message="It failed: it is odd.", rejection="it is odd"),
            "handshake_failed",
            {},
            "It failed: it is odd.",
        ),
        (
            result(),
            "not_served",
            {"demand": Demand((), (), 7)},
            f"www.example.com:443 serves {DESCRIBED}, but must serve certificate 7. Replace the certificate, or correct expected.",
        ),
        (result(), "expired", {}, f"{WHAT} expired at 2027-03-01T00:00:00Z. Replace the certificate."),
        (
            result(),
            "not_yet_valid",
            {},
            f"{WHAT} is not valid before 2026-12-01T00:00:00Z. Check the clock of this host.",
        ),
        (
            result(),
            "name_mismatch",
            {"asked": "c.example"},
            f"{WHAT} does not cover c.example. Names of the certificate: a.example, b.example, 192.0.2.7. Replace the certificate, or correct server_name.",
        ),
        (
            result(chain=(SimpleNamespace(shown_name=NAME, server_names=(), addresses=()),)),
            "name_mismatch",
            {"asked": "c.example"},
            f"{WHAT} does not cover c.example. Names of the certificate: none. Replace the certificate, or correct server_name.",
        ),
        (
            result(is_accepted=False),
            "name_mismatch",
            {},
            f"{WHAT} does not cover www.example.com according to TLS clients. Replace the certificate, or correct server_name.",
        ),
        (
            result(is_accepted=False, rejection="CA too weak"),
            "untrusted",
            {"chain": CHAIN},
            f"{WHAT} is not trusted: its key is too short. Replace the certificate, or the intermediate certificates that the server sends. "
            "OpenSSL reports: CA too weak.",
        ),
    ],
)
def test_an_endpoint(seen: ProbeResult, reason: str | None, facts: dict[str, Any], said: str | None) -> None:
    assert explain_endpoint(seen, reason, facts) == said


FAILED = tuple(result(f"192.0.2.{number}", message=f"{number} failed.") for number in range(1, 8))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Evaluation("served"), ""),
        (
            Evaluation("other", other_results=(result(), result(None))),
            f"192.0.2.1 serves {DESCRIBED}; www.example.com serves {DESCRIBED}.",
        ),
        (Evaluation("failing", other_results=(result(),), failed_results=FAILED[:2]), "1 failed. 2 failed."),
        (Evaluation("failing", failed_results=FAILED), "1 failed. 2 failed. 3 failed. 4 failed. and 3 more"),
        (Evaluation("failing", failed_results=FAILED[:1] * 9), "1 failed."),
        (
            Evaluation("failing", lost_results=FAILED[:1], other_results=(result(),)),
            f"1 failed. 192.0.2.1 serves {DESCRIBED}.",
        ),
        (Evaluation("failing", lost_results=FAILED[:1], failed_results=FAILED[:1]), "1 failed."),
        (Evaluation("unreachable", unconnected_results=FAILED[:2]), "1 failed. 2 failed."),
        (Evaluation("served", unconnected_results=FAILED[:2]), ""),
    ],
)
def test_what_the_addresses_of_a_name_serve(seen: Evaluation, said: str) -> None:
    assert seen.message == said


def test_a_load_balancer_without_an_address() -> None:
    assert (
        explain_missing_address("web", "CREATE_PENDING")
        == "Cannot probe the listener: the load balancer web does not have an address (status CREATE_PENDING). Check the load balancer in the portal."
    )


def test_lists_that_cannot_be_used() -> None:
    failed = {f"http://{name}.example/": Obstacle("not_there", {"error": "it is away"}) for name in "abcde"}
    assert warn_of_unusable_lists(failed) == (
        "Cannot check whether some certificates were revoked, because the revocation lists of their CAs cannot be used (http://a.example/: it is away; "
        "http://b.example/: it is away; http://c.example/: it is away and 2 more). Check that this host or its proxy can reach the CAs, or set "
        "check_revocation: off."
    )
