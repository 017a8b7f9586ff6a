# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the results of all addresses of a load balancer mean."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import Endpoint, ProbeResult
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.evaluate import Evaluation, evaluate_results
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import Authority, Issued

NAME = "www.example.com"
AUTHORITY = Authority()
OLD, NEW, THIRD = (AUTHORITY.issue(NAME) for _ in range(3))
WANTED = Certificate(NEW.der)


def serves(issued: Issued, address: str = "192.0.2.1") -> ProbeResult:
    """An address that completes the handshake with a certificate and its issuers."""
    chain = tuple(Certificate.from_library(one) for one in (issued.certificate, *issued.chain))
    return ProbeResult(Endpoint(NAME), address, chain, "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", is_connected=True)


def fails(reason: str, address: str = "192.0.2.9", issued: Issued | None = None, *, hangs: bool = False) -> ProbeResult:
    """An address where no certificate can be seen, or where one was sent before it failed."""
    chain = (Certificate(issued.der),) if issued else ()
    accepted = hangs or bool(chain) or reason not in {"unreachable", "timeout"}
    return ProbeResult(Endpoint(NAME), address, chain, reason=reason, is_connected=accepted)  # type: ignore[arg-type]


CASES: dict[str, tuple[list[ProbeResult], str]] = {
    "one address": ([serves(NEW)], "served"),
    "the only reachable address": ([serves(NEW), fails("unreachable"), fails("timeout")], "served"),
    "the old one": ([serves(OLD)], "other"),
    "one of two is behind": ([serves(NEW), serves(OLD, "192.0.2.2")], "other"),
    "no handshake": ([fails("handshake_failed")], "failing"),
    "no TLS": ([fails("no_tls")], "failing"),
    "no handshake at one of two": ([serves(NEW), fails("handshake_failed")], "failing"),
    "the right certificate, but the handshake fails": ([fails("handshake_failed", issued=NEW)], "failing"),
    "a certificate, and then nothing more": ([fails("timeout", issued=NEW)], "failing"),
    "one of two accepts and says nothing": ([serves(NEW), fails("timeout", hangs=True)], "failing"),
    "nobody accepts a connection": ([fails("unreachable"), fails("timeout", "192.0.2.8")], "unreachable"),
    "nothing was looked at": ([], "unreachable"),
}


@pytest.mark.parametrize(
    ("results", "leaves", "is_everywhere"),
    [
        ([serves(NEW), serves(OLD, "192.0.2.2")], [("192.0.2.1", NEW), ("192.0.2.2", OLD)], True),
        ([fails("handshake_failed", issued=NEW)], [("192.0.2.9", NEW)], True),
        ([serves(NEW), fails("handshake_failed")], [("192.0.2.1", NEW), ("192.0.2.9", None)], False),
        ([serves(NEW), fails("unreachable")], [("192.0.2.1", NEW), ("192.0.2.9", None)], False),
        ([fails("timeout")], [("192.0.2.9", None)], False),
        ([], [], False),
    ],
)
def test_what_was_seen_at_each_address(
    results: list[ProbeResult], leaves: list[tuple[str, Issued | None]], is_everywhere: bool
) -> None:
    """Whatever should be there."""
    for wanted in (WANTED, None):
        verdict = evaluate_results(results, wanted)
        assert verdict.leaves == tuple((address, leaf and Certificate(leaf.der)) for address, leaf in leaves)
        assert verdict.is_complete is is_everywhere


@pytest.mark.parametrize("case", CASES)
def test_results(case: str) -> None:
    """In whatever order the addresses come."""
    results, finding = CASES[case]
    for order in permutations(results):
        seen = evaluate_results(order, WANTED)
        assert seen.finding == finding
        assert seen.is_working == (finding in {"served", "other"})


def test_what_is_shown_is_what_is_wrong() -> None:
    assert evaluate_results([serves(NEW)], WANTED).reported_fingerprint == NEW.fingerprint
    assert evaluate_results([serves(NEW), serves(OLD, "192.0.2.2")], WANTED).reported_fingerprint == OLD.fingerprint
    both = evaluate_results([serves(OLD), serves(NEW, "192.0.2.2")], WANTED)
    assert both.fingerprints == {OLD.fingerprint, NEW.fingerprint}
    assert evaluate_results([fails("unreachable")], WANTED).reported_fingerprint is None


def test_what_there_is_to_say() -> None:
    seen = evaluate_results(
        [serves(NEW), serves(OLD, "192.0.2.2"), fails("no_tls"), fails("timeout", "192.0.2.8")], WANTED
    )
    said = [*seen.other_results, *seen.failed_results, *seen.unconnected_results]
    assert [result.ip_address for result in said] == ["192.0.2.2", "192.0.2.9", "192.0.2.8"]
    away = evaluate_results([fails("timeout", "192.0.2.8")], WANTED)
    assert seen.lost_results == () and seen.compare_with(None) == seen.compare_with(away) == seen
    gone = seen.compare_with(evaluate_results([serves(OLD, "192.0.2.8")], WANTED))
    assert gone == replace(seen, finding="failing", lost_results=seen.unconnected_results)
    before = evaluate_results([serves(OLD, "192.0.2.8")], WANTED)
    assert away.compare_with(before) == away, "it is not known whether anything is there"


def test_what_came_with_each_certificate() -> None:
    """Each once, and what came with the wanted one last."""
    results = [serves(NEW, "192.0.2.2"), serves(OLD), serves(OLD, "192.0.2.3")]
    chains = evaluate_results(results, WANTED).chains
    assert [chain[0].der for chain in chains] == [OLD.der, NEW.der] and all(len(chain) == 2 for chain in chains)


def answers(*accepted: bool | None) -> Evaluation:
    return evaluate_results(
        [
            replace(serves(NEW, f"192.0.2.{number}"), is_accepted=one, rejection="it is odd" if one is False else None)
            for number, one in enumerate(accepted)
        ],
        WANTED,
    )


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [((True,), True), ((True, True), True), ((True, False), False), ((None,), None), ((True, None), None), ((), None)],
)
def test_it_is_accepted_if_it_is_at_each_address(accepted: tuple[bool | None, ...], expected: bool | None) -> None:
    assert answers(*accepted).is_accepted is expected
    assert answers(*accepted).rejection == ("it is odd" if expected is False else None)


@pytest.mark.parametrize(
    ("before", "after", "expected", "if_promising"),
    [
        ((True,), (False,), True, True),
        ((True,), (True,), False, False),
        ((False,), (False,), False, False),
        ((None,), (False,), False, True),
        ((), (False,), False, True),
        ((None,), (True,), False, False),
        ((True, False), (True, False), False, False),
        ((True, False), (False, False), True, True),
        ((True,), (True, False), True, True),
        ((False,), (False, False), False, False),
        ((False, None), (False, False), False, False),
        ((True,), (None,), False, False),
    ],
)
def test_what_is_refused_now_and_was_not_before(
    before: tuple[bool | None, ...], after: tuple[bool | None, ...], expected: bool, if_promising: bool
) -> None:
    """Another address counts as one that accepted it, if any did; where nobody could be asked, what should be accepted counts."""
    for is_promising, is_rejected in ((False, expected), (True, if_promising)):
        assert answers(*after).is_newly_rejected(answers(*before), is_promising=is_promising) is is_rejected


BEFORE = {
    "the old one": evaluate_results([serves(OLD)], WANTED),
    "two different ones": evaluate_results([serves(OLD), serves(THIRD, "192.0.2.2")], WANTED),
    "the new one": evaluate_results([serves(NEW)], WANTED),
    "no handshake": evaluate_results([fails("no_tls")], WANTED),
    "unreachable": evaluate_results([fails("unreachable")], WANTED),
    "one of two fails": evaluate_results([serves(OLD), fails("handshake_failed")], WANTED),
}
AFTER = {
    "the old one": evaluate_results([serves(OLD)], WANTED),
    "the new one": evaluate_results([serves(NEW)], WANTED),
    "both": evaluate_results([serves(OLD), serves(NEW, "192.0.2.2")], WANTED),
    "a third one": evaluate_results([serves(THIRD)], WANTED),
    "the new and a third one": evaluate_results([serves(NEW), serves(THIRD, "192.0.2.2")], WANTED),
    "no handshake": evaluate_results([fails("handshake_failed")], WANTED),
    "unreachable": evaluate_results([fails("timeout")], WANTED),
    "no handshake at the first address": evaluate_results([fails("handshake_failed", "192.0.2.1")], WANTED),
    "the first address is unreachable": evaluate_results([fails("timeout", "192.0.2.1")], WANTED),
}
LOST = {"no handshake at the first address", "the first address is unreachable"}
WORSE = {
    "the old one": {"a third one", "the new and a third one", "no handshake", "unreachable", *LOST},
    "two different ones": {"no handshake", "unreachable", *LOST},
    "the new one": AFTER.keys() - {"the new one"},
    "no handshake": set(),
    "unreachable": set(),
    "one of two fails": {"a third one", "the new and a third one", *LOST},
}
"""After which finding a listener that was seen like this before is worse off: one that is only slow is not."""


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("after", AFTER)
def test_worse_than_before(before: str, after: str) -> None:
    assert AFTER[after].is_worse_than(BEFORE[before]) == (after in WORSE[before])
