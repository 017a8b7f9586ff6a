# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listener is to serve which certificate, decided without any I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Entry, Key
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.can_replace import (
    ACCEPT_OPTIONS,
    Overrides,
    PresentCertificate,
    find_obstacles,
    find_replacement_obstacle,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerAction,
    ListenerOptions,
    ListenerPlan,
    ListenerSelection,
    Place,
    build_replaced_key,
    hold_switched_back,
    keep_unchanged,
    plan_named,
    plan_renewals,
    predict_outcome,
    select_replaced,
    why_too_many,
    why_unmatched,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer import load_balancers as api
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import DAY, NOW, Issued, new_key, self_signed
from tests.support.rotating import world_of
from tests.support.stored import NAME, OWN, Made, view_with
from tests.support.stored import TRUSTED as AUTHORITY
from tests.support.stored import stored as record

CLIENTS = view_with()
PRESENT, FUTURE = (-350, 15), (-1, 90)
"""Days of validity of what is served, and of what could take its place."""
OLD, NEW = 1, 2
ECDSA = ["ECDHE-ECDSA-AES256-GCM-SHA384"]
STANDARD = [
    *("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA384", "AES256-GCM-SHA384", "AES256-SHA256"),
    *("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256", "AES128-SHA256"),
]
"""What the API names where nothing else was chosen."""


def issue(
    common_name: str | None = NAME, *, key: str = "rsa", days: tuple[float, float] = FUTURE, **how: Any
) -> Issued:
    """A certificate; it could take the place of another one if nothing else is said."""
    return AUTHORITY.issue(common_name, key=new_key(key), days=days, **how)


def balancer(
    name: str = "web",
    certificate: Any = OLD,
    *,
    ports: Mapping[int, Any] | None = None,
    number: int = 410_001,
    **row: Any,
) -> Balancer:
    """A balancer as the API gives it, with one HTTPS listener on port 443 if no others are given, as properties by port."""
    listener = {"protocol": "HTTPS", "provisioningStatus": "ACTIVE", "tlsCertificateId": certificate}
    listeners = [
        {**listener, "uuid": f"listener-{number}-{port}", "protocolPort": port, **properties}
        for port, properties in ({443: {}} if ports is None else ports).items()
    ]
    whole = {"id": number, "uuid": f"UUID-{number}", "name": name, "provisioningStatus": "ACTIVE"}
    found = api.normalize({**whole, "listeners": listeners, **row})
    assert found is not None
    return found


def by_name(planned: list[ListenerAction]) -> dict[str, tuple[str, str | None, int | None]]:
    """Outcome, reason and certificate of each listener; only a switch changes something."""
    assert all(one.is_changed == (one.outcome == "switched") for one in planned)
    return {one.name: (one.outcome, one.reason, one.target_id) for one in planned}


def renewal(*stored: StoreCertificate, coming: Sequence[Issued] = (), of: Balancer | None = None) -> ListenerAction:
    """What is decided about the only listener, also if the store will hold these certificates, too."""
    records = [*stored, *(record(None, one) for one in coming)]
    (only,) = plan_renewals(world_of(records, of or balancer()), ListenerSelection())
    by_name([only])
    return only


def outcome(one: ListenerAction) -> tuple[str, str | None]:
    """Its outcome and reason."""
    return one.outcome, one.reason


def wish(
    *stored: StoreCertificate, of: Balancer | None = None, certificate: int | None = NEW, **overrides: bool
) -> ListenerAction:
    """What is decided about a listener that is named by the user."""
    (only,) = named([of or balancer()], stored, [ListenerOptions(certificate, "web", 443)], **overrides)
    by_name([only])
    return only


def named(
    balancers: Sequence[Balancer],
    stored: Sequence[StoreCertificate],
    wishes: Sequence[ListenerOptions],
    **overrides: bool,
) -> list[ListenerAction]:
    """What is decided about listeners that are named by the user."""
    return plan_named(world_of(stored, *balancers), wishes, Overrides(wildcards=True, **overrides))


EARLY = issue(days=(1, 90))
WORSE: dict[str, tuple[Issued, Issued]] = {
    "older": (issue(), issue(days=(-2, 91))),
    "older, and lacks a name": (issue(names=[NAME, "example.com"]), issue(days=(-2, 91))),
    "newer, and ends soon": (issue(), issue(days=(-0.5, 0.1))),
    "more of its own chain, and not valid yet": (replace(EARLY, chain=()), EARLY),
    "has expired itself": (issue(days=(-90, -30)), issue(days=(-80, -1))),
}


@pytest.mark.parametrize("case", WORSE)
def test_what_is_not_better_leaves_a_listener_as_it_is(case: str) -> None:
    old, new = WORSE[case]
    planned = renewal(record(OLD, old), record(NEW, new))
    assert (*outcome(planned), planned.target_id) == ("unchanged", None, OLD)
    assert planned.target == record(OLD, old)


# What is better


NEAR: dict[str, tuple[Issued, Issued, str]] = {
    "begins tomorrow": (issue(days=PRESENT), issue(days=(1, 90)), "not_yet_valid"),
    "lacks a name": (issue(days=PRESENT, names=[NAME, "example.com"]), issue(), "names_not_covered"),
    "of no organization": (issue(days=PRESENT, organization="Example"), issue(), "organization_differs"),
    "of another key type": (issue(days=PRESENT), issue(key="ec"), "key_type_differs"),
    "signed by itself": (issue(days=PRESENT), self_signed(NAME, new_key("rsa"), days=FUTURE), "untrusted"),
    "of an authority that nobody knows": (issue(days=PRESENT), OWN.issue(NAME, key=new_key("rsa")), "chain_incomplete"),
    "without its intermediates": (issue(days=PRESENT), replace(issue(), chain=()), "chain_incomplete"),
}


@pytest.mark.parametrize("case", NEAR)
def test_a_near_miss_is_said(case: str) -> None:
    """Whether it is stored already or not."""
    old, new, reason = NEAR[case]
    present = record(OLD, old)
    for newer in record(NEW, new), record(None, new):
        planned = renewal(present, newer)
        assert (*outcome(planned), planned.target_id) == ("skipped", reason, OLD)
        why = find_replacement_obstacle(newer, PresentCertificate.of(present), CLIENTS)
        assert planned.facts == {"newer": newer, "why": why}


@pytest.mark.parametrize(("older", "newest", "days"), [(2, 3, (-30, 60)), (3, 2, (-30, 60)), (2, 3, FUTURE)])
def test_of_several_near_misses_the_newest_is_said(older: int, newest: int, days: tuple[float, float]) -> None:
    """Of the same age, the one that was stored last."""
    others = record(older, issue(days=days, key="ec")), record(newest, issue(organization="Example"))
    planned = renewal(record(OLD, issue(days=PRESENT)), *others)
    assert outcome(planned) == ("skipped", "organization_differs")
    assert planned.facts["newer"].id == newest


def test_with_pinned_keys_only_the_same_key_is_better() -> None:
    """What else speaks against one is said first; the same key, a better chain, and explicit orders are fine."""
    key, of = new_key("ec"), balancer(sslCiphers=[{"id": 1, "name": ECDSA[0]}])
    present = record(OLD, AUTHORITY.issue(NAME, key=key, days=PRESENT))
    same, other = record(NEW, AUTHORITY.issue(NAME, key=key, days=FUTURE)), record(NEW, issue(key="ec"))
    unknown = record(NEW, OWN.issue(NAME, key=new_key("ec")))
    pinned = TrustView(CLIENTS.anchors, CLIENTS.at, pins_keys=True)
    for view, new, reason in (
        (pinned, same, None),
        (pinned, other, "key_differs"),
        (pinned.move_to(NOW).add_revocations({}), other, "key_differs"),
        (CLIENTS, other, None),
        (pinned, unknown, "chain_incomplete"),
    ):
        (planned,) = plan_renewals(world_of([present, new], of, view=view), ListenerSelection())
        assert planned.reason == reason
    assert find_obstacles(other, PresentCertificate.of(present), pinned) == [Obstacle("key_differs")]


def held_back(planned: ListenerAction, *recorded: ListenerAction, at: datetime = NOW) -> ListenerAction:
    """What becomes of a planned switch, if earlier runs have recorded these switches."""
    replaced = {key: Entry(1, key, at, "confirmed", at) for key in map(build_replaced_key, recorded)}
    (held,) = hold_switched_back([planned], replaced, StoreIndex([]))
    return held


def test_a_listener_that_somebody_has_switched_back_is_left_alone() -> None:
    """Known by the listener and by what it had; what came to the store since then is no decision of whoever switched back."""
    present = record(OLD, issue(days=PRESENT))
    planned = renewal(present, record(NEW, issue()))
    changed = datetime(2026, 1, 1, tzinfo=timezone.utc)
    held = held_back(planned, planned, at=changed)
    assert (held.outcome, held.reason, held.is_changed, held.target_id, held.renewal_id) == (
        *("skipped", "switched_back"),
        *(False, OLD, None),
    )
    assert held.facts == {"newer": planned.target, "certificate_id": OLD, "since": changed}
    later = renewal(present, record(7, issue(days=(-0.5, 91))))
    assert held_back(later, planned).reason == "switched_back"
    elsewhere = renewal(present, record(NEW, issue()), of=balancer(number=2))
    after = renewal(record(5, issue(days=(-30, 60))), record(NEW, issue()))
    for other in (elsewhere, after):
        assert held_back(other, planned) == other
    unchanged = renewal(present)
    assert held_back(unchanged, planned) == unchanged


def test_what_is_recorded_as_replaced() -> None:
    """By the listener and the fingerprint; what was not switched, or not to a newer certificate, is not."""
    present, newer = record(OLD, issue(days=PRESENT)), record(NEW, issue())
    planned = renewal(present, newer)
    assert select_replaced([planned]) == [planned]
    fingerprint = certificate_of(present).fingerprint_sha256
    assert build_replaced_key(planned) == Key("switch", f"listener-410001-443 {fingerprint}")
    others = (
        replace(planned, is_changed=False),
        replace(planned, outcome="rolled_back"),
        replace(planned, target=present, previous_record=newer),
        replace(planned, target=replace(present, id=7)),
        replace(planned, previous_record=replace(present, certificate=None)),
        replace(planned, previous_record=None),
    )
    assert select_replaced(others) == []


def test_since_when_a_listener_was_switched_back() -> None:
    """Not before it was last modified."""
    of = balancer(ports={443: {"modifyDate": NOW.isoformat()}})
    planned = renewal(record(OLD, issue(days=PRESENT)), record(NEW, issue()), of=of)
    assert held_back(planned, planned, at=NOW - 9 * DAY).facts["since"] == NOW
    assert held_back(planned, planned, at=NOW + DAY).facts["since"] == NOW + DAY


def test_one_that_only_has_to_wait_is_said_last() -> None:
    """It will be taken by itself; the others need a person."""
    present, other = record(OLD, issue(days=PRESENT)), record(2, issue(organization="Example"))
    waiting, ended = record(3, issue(days=(1, 90))), Made(days=(-0.5, 91), chain="expired first").record(4)
    for last, reason in (waiting, "not_yet_valid"), (ended, "expired"):
        assert outcome(renewal(present, last)) == ("skipped", reason)
        assert outcome(renewal(present, other, last)) == ("skipped", "organization_differs")


def test_two_equally_good_ones_are_ambiguous() -> None:
    equals = [record(2, issue()), record(3, issue())]
    planned = renewal(record(OLD, issue(days=PRESENT)), *equals)
    assert outcome(planned) == ("failed", "ambiguous")
    assert planned.facts == {"equals": equals, "called": "web:443"}


@pytest.mark.parametrize(
    ("ciphers", "is_offered"),
    [(None, False), ([], False), (STANDARD, False), ([*STANDARD, *ECDSA], True), (["ecdhe-ecdsa-aes128-sha256"], True)],
)
def test_key_types_and_cipher_suites(ciphers: list[str] | None, is_offered: bool) -> None:
    """No list and an empty one are the standard suites, which all are for RSA keys."""
    rows = None if ciphers is None else [{"id": number, "name": name} for number, name in enumerate(ciphers)]
    at = balancer(sslCiphers=rows)
    stored = [record(OLD, issue(days=PRESENT, key="ec")), record(NEW, issue(key="ec"))]
    expected = ("switched", None) if is_offered else ("skipped", "key_type_not_offered")
    assert outcome(renewal(*stored, of=at)) == expected
    named = wish(record(OLD, issue(days=PRESENT)), record(NEW, issue(key="ec")), of=at, key_type_change=True)
    assert outcome(named) == (("switched", None) if is_offered else ("failed", "key_type_not_offered"))
    refused = wish(record(OLD, issue(days=PRESENT)), record(NEW, issue(key="ec")), of=at)
    assert ("offers_rsa" in refused.facts["why"].facts) != is_offered, "it is not said what would not help"


def test_an_rsa_certificate_where_only_ecdsa_suites_are_offered() -> None:
    """No client could connect, just as the other way round."""
    at = balancer(sslCiphers=[{"id": 1, "name": ECDSA[0]}])
    stored = [record(OLD, issue(days=PRESENT)), record(NEW, issue())]
    assert outcome(renewal(*stored, of=at)) == ("skipped", "key_type_not_offered")
    refused = wish(*stored, of=at)
    assert outcome(refused) == ("failed", "key_type_not_offered")
    assert refused.facts["why"].facts == {"key_type": "RSA", "load_balancer": "web", "offers_rsa": False}
    assert wish(stored[0], record(NEW, issue("api.example.com")), of=at).reason == "names_not_covered", "said first"


@pytest.mark.parametrize("certificate", [None, -1, "", "-1", 0, 99])
def test_the_present_certificate_is_not_known(certificate: Any) -> None:
    """None, IBM's own mark for none, or one that is not in the store."""
    planned = renewal(record(NEW, issue()), of=balancer(certificate=certificate))
    assert outcome(planned) == ("skipped", "not_found")
    has = 99 if certificate == 99 else None
    facts = {"listener": "web:443", "certificate_id": has, "called": "web:443", "is_there": False}
    assert (planned.previous_id, planned.facts) == (has, facts)
    named = wish(record(NEW, issue()), of=balancer(certificate=certificate))
    assert (named.reason, named.facts) == (("not_found", facts) if has else (None, {}))
    assert wish(record(NEW, issue()), of=balancer(certificate=certificate), name_loss=True).is_changed


def test_the_present_certificate_cannot_be_read() -> None:
    unreadable = replace(record(OLD, issue(days=PRESENT)), certificate=None)
    planned = renewal(unreadable, record(NEW, issue()))
    assert outcome(planned) == ("skipped", "not_found") and planned.facts["is_there"]
    assert outcome(wish(unreadable, record(NEW, issue()))) == ("failed", "not_found")


@pytest.mark.parametrize("status", ["ERROR", "DELETE_PENDING"])
def test_a_balancer_that_accepts_no_change(status: str) -> None:
    ended = balancer(provisioningStatus=status, previousErrorText="Quota exceeded")
    stored = record(OLD, issue(days=PRESENT)), record(NEW, issue())
    for planned in renewal(*stored, of=ended), wish(*stored, of=ended):
        assert outcome(planned) == ("failed", "balancer_error")
        assert planned.facts == {"balancer": ended}
    assert outcome(renewal(stored[0], of=ended)) == ("unchanged", None)
    assert outcome(wish(stored[0], of=ended, certificate=OLD)) == ("unchanged", None)


# Which listeners

STORED = [
    record(1, issue(days=PRESENT)),
    record(2, issue()),
    record(3, issue(None, names=["xn--bcher-kva.example"], days=PRESENT), commonName=None),
]
BALANCERS = [
    balancer("Web-2", number=2, ports={8443: {}, 443: {"tlsCertificateId": 3}, 80: {"protocol": "HTTP"}}),
    balancer("api", number=1, ports={443: {"protocol": "https"}, 22: {"protocol": "TCP", "tlsCertificateId": None}}),
    balancer("web-1", number=3, ports={443: {"tlsCertificateId": 77}}),
]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["Web-2:443", "Web-2:8443", "api:443", "web-1:443"]),
        ({"load_balancers": ["WEB-*"]}, ["Web-2:443", "Web-2:8443", "web-1:443"]),
        ({"load_balancers": ["web-1", "api"], "ports": [443]}, ["api:443", "web-1:443"]),
        ({"ports": [8443]}, ["Web-2:8443"]),
        ({"ports": [80]}, []),
        ({"common_names": ["WWW.*"]}, ["Web-2:8443", "api:443"]),
        ({"common_names": ["bücher.*"]}, ["Web-2:443"]),
        ({"common_names": ["xn--bcher-*"]}, ["Web-2:443"]),
        ({"common_names": ["*"]}, ["Web-2:443", "Web-2:8443", "api:443"]),
        ({"common_names": []}, []),
        ({"load_balancers": []}, []),
        ({"ports": []}, []),
        ({"common_names": [NAME], "ports": [443], "load_balancers": ["*"]}, ["api:443"]),
    ],
)
def test_the_selection(selection: dict[str, Any], expected: list[str]) -> None:
    """Only HTTPS listeners, sorted by load balancer and port."""
    planned = plan_renewals(world_of(STORED, *BALANCERS), ListenerSelection(**selection))
    assert [one.name for one in planned] == expected


@pytest.mark.parametrize(
    ("selection", "option", "unmatched"),
    [
        ({"load_balancers": ["prdo-*"]}, "load_balancers", ["prdo-*"]),
        ({"load_balancers": ["web-*", "prdo", "ap"]}, "load_balancers", ["prdo", "ap"]),
        ({"common_names": [NAME, "wwww.example.com"]}, "common_names", ["wwww.example.com"]),
        ({"common_names": ["*.example.org"], "load_balancers": ["prdo"]}, "load_balancers", ["prdo"]),
    ],
    ids=str,
)
def test_a_pattern_that_matches_nothing_is_said_with_the_names_that_there_are(
    selection: dict[str, Any], option: str, unmatched: list[str]
) -> None:
    why = why_unmatched(ListenerSelection(**selection), BALANCERS, StoreIndex(STORED))
    assert why and (why.reason, why.facts[option]) == ("not_found", unmatched)
    there = {"Web-2", "api", "web-1"} if option == "load_balancers" else {NAME, "xn--bcher-kva.example"}
    assert set(why.facts["there"]) == there


@pytest.mark.parametrize(
    ("names", "load_balancers"), [(None, None), ([], []), (["*.EXAMPLE.com", "bücher.example"], ["WEB-*", "api"])]
)
def test_patterns_that_match_something(names: list[str] | None, load_balancers: list[str] | None) -> None:
    assert why_unmatched(ListenerSelection(names, load_balancers, [1]), BALANCERS, StoreIndex(STORED)) is None


# What the store will hold


@pytest.mark.parametrize("identifier", [None, NEW])
def test_what_this_run_imports_was_not_there_before(identifier: int | None) -> None:
    """A listener does not go back to it, in check mode or not."""
    present, before = record(OLD, issue()), issue(days=(-30, 60))
    assert renewal(present, record(NEW, before)).predecessor_id == NEW
    world = world_of([present], balancer()).add_imports([record(identifier, before)], ())
    (only,) = plan_renewals(world, ListenerSelection())
    assert (only.predecessor_id, only.is_predecessor_trusted, only.expired_predecessor) == (None, False, None)
    over = record(8, issue(days=(-90, -1)))
    assert renewal(present, over).expired_predecessor == over
    assert renewal(present, over, record(NEW, before)).expired_predecessor is None


def test_the_way_back_from_one_with_more_names_is_lossy() -> None:
    """The present one would be refused after it, as it lacks a name that is served then."""
    present = record(OLD, issue())
    same, more = issue(days=(-30, 60)), issue(f"more.{NAME}", days=(-30, 60), names=[NAME, f"more.{NAME}"])
    assert not renewal(present, record(NEW, same)).is_way_back_lossy
    wide = renewal(present, record(NEW, more))
    assert wide.predecessor_id == NEW and wide.is_way_back_lossy


# What a user names


@pytest.mark.parametrize(
    ("name", "port", "expected", "facts"),
    [
        ("mail", 443, "not_found", {"load_balancer": "mail", "there": ["Web-2", "api", "web-1"]}),
        ("API", 443, "not_found", {"load_balancer": "API", "there": ["Web-2", "api", "web-1"]}),
        ("api", 8443, "not_found", {"load_balancer": "api", "port": 8443, "there": [443, 22]}),
        ("api", 22, "not_https", {"listener": "api:22", "protocol": "TCP"}),
        ("Web-2", 80, "not_https", {"listener": "Web-2:80", "protocol": "HTTP"}),
    ],
)
def test_what_is_not_there(name: str, port: int, expected: str, facts: dict[str, Any]) -> None:
    (planned,) = named(BALANCERS, STORED, [ListenerOptions(2, name, port)])
    assert (*outcome(planned), planned.facts) == ("failed", expected, facts)
    assert (planned.target_id, planned.name) == (2, f"{name}:{port}")
    told = planned.as_result(CLIENTS)
    unknown = {"load_balancer_uuid", "address", "listener_uuid", "previous_certificate_id"}
    assert ({told[field] for field in unknown} == {None}) == (expected == "not_found")


def test_two_balancers_of_one_name() -> None:
    twins = [balancer(number=1), balancer(number=2)]
    stored = record(OLD, issue(days=PRESENT)), record(NEW, issue())
    (planned,) = named(twins, stored, [ListenerOptions(NEW, "web", 443)])
    assert outcome(planned) == ("failed", "ambiguous")
    assert planned.facts == {"load_balancer": "web", "uuids": ["UUID-1", "UUID-2"]}
    (planned,) = named(twins, stored, [ListenerOptions(NEW, "uuid-2", 443)])
    assert planned.is_changed and planned.place.balancer is twins[1]
    assert len(plan_renewals(world_of(stored, *twins), ListenerSelection())) == 2
    (planned,) = named([balancer("2", number=1), twins[1]], stored, [ListenerOptions(NEW, "2", 443)])
    assert outcome(planned) == ("failed", "ambiguous"), "it is called as another one's id"


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (OLD, ("switched", None)),
        (None, ("switched", None)),
        (7, ("failed", "changed_meanwhile")),
        (NEW, ("failed", "changed_meanwhile")),
    ],
)
def test_only_a_listener_that_has_what_the_user_saw_is_switched(
    certificate: int | None, expected: tuple[str, str | None]
) -> None:
    stored = record(OLD, issue(days=PRESENT)), record(NEW, issue())
    (planned,) = named([balancer()], stored, [ListenerOptions(NEW, "web", 443, certificate)])
    assert outcome(planned) == expected
    facts = {"listener": "web:443", "certificate_id": OLD, "expected": certificate}
    assert planned.facts == ({} if planned.is_changed else facts)
    (done,) = named([balancer()], stored, [ListenerOptions(OLD, "web", 443, certificate)])
    assert outcome(done) == ("unchanged", None), "it has what is wanted, whatever it had before"


def test_the_same_listener_twice() -> None:
    same = [ListenerOptions(2, "api", 443), ListenerOptions(2, "1", 443), ListenerOptions(2, "UUID-1", 443)]
    assert by_name(named(BALANCERS, STORED, same)) == {"api:443": ("switched", None, 2)}
    for ids in ((2, 1), (1, 2), (2, 1, 2), (1, 2, 2)):
        wishes = [ListenerOptions(one, name, 443) for one, name in zip(ids, ("api", "1", "UUID-1"), strict=False)]
        (planned,) = named(BALANCERS, STORED, wishes)
        assert outcome(planned) == ("failed", "ambiguous") and not planned.is_changed
        assert sorted(planned.facts["certificate_ids"]) == [1, 2]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (balancer("api"), "not_found"),
        (balancer(ports={443: {"protocol": "HTTP"}}), "not_https"),
        (balancer(provisioningStatus="ERROR"), "balancer_error"),
        (balancer(certificate=99), "not_found"),
        (balancer(certificate=None), None),
        (balancer(), None),
    ],
)
def test_what_would_be_imported_is_put_where_the_listener_takes_a_certificate(
    at: Balancer, expected: str | None
) -> None:
    """What needs no certificate for that is looked at."""
    planned = wish(record(OLD, issue(days=PRESENT)), of=at, certificate=None)
    assert (planned.reason, planned.target_id, planned.is_changed) == (expected, None, expected is None)
    assert expected or planned.facts == {"is_known": False}
    told = planned.as_result(CLIENTS)
    assert [told[name] for name in ("certificate_id", "common_name", "not_after")] == [None] * 3
    assert planned.as_diff()["after"] == {"certificate_id": None, "name": None, "not_after": None}
    is_loss = at.name == "web" and expected == "not_found"
    accepted = wish(record(OLD, issue(days=PRESENT)), of=at, certificate=None, name_loss=True)
    assert accepted.is_changed == (expected is None or is_loss), "whose certificate is not known"


def test_what_would_be_imported_is_none_of_the_store() -> None:
    """Nor is it meant where the listener was changed."""
    wishes = [ListenerOptions(None, "web", 443), ListenerOptions(NEW, "web", 443)]
    (both,) = named([balancer()], [record(OLD, issue(days=PRESENT)), record(NEW, issue())], wishes)
    assert outcome(both) == ("failed", "ambiguous")
    assert both.facts == {"listener": "web:443", "certificate_ids": (None, NEW)}
    (changed,) = named([balancer()], [record(OLD, issue())], [ListenerOptions(None, "web", 443, NEW)])
    assert outcome(changed) == ("failed", "changed_meanwhile")


def test_what_is_named_is_sorted_by_place() -> None:
    places = [("web-1", 443), ("zz", 1), ("yy", 1), ("api", 443), ("Web-2", 8443), ("Web-2", 443)]
    planned = named(BALANCERS, STORED, [ListenerOptions(2, *place) for place in places])
    assert [one.name for one in planned] == [f"{name}:{port}" for name, port in sorted(places)]


def test_what_a_user_accepts_may_be_refused_by_clients_if_it_needed_that() -> None:
    present, fresh = record(OLD, issue(days=PRESENT)), record(NEW, issue())
    over, strange = record(NEW, issue(days=(-9, -1))), record(NEW, LEEWAYS["signed by itself"][1])
    assert wish(present, fresh).is_promising and not wish(over, fresh, name_loss=True).is_promising
    assert not wish(present, fresh, expired=True, untrusted=True).is_rejection_accepted
    assert wish(present, over, expired=True).is_rejection_accepted
    assert wish(present, strange, untrusted=True).is_rejection_accepted
    own = [Made(days=days, by="own").record(number) for number, days in ((OLD, PRESENT), (NEW, FUTURE))]
    assert outcome(wish(*own)) == ("switched", None) and not wish(*own).is_rejection_accepted, (
        "it is worth as much as before"
    )


@pytest.mark.parametrize(("days", "limit"), [((-90, -1), {"end": NOW - DAY}), ((1, 90), {"start": NOW + DAY})])
def test_a_listener_that_stays_as_it_is_is_reported_when_what_it_has_is_valid(
    days: tuple[float, float], limit: dict[str, datetime]
) -> None:
    kept = renewal(record(OLD, issue(days=days)))
    assert kept.facts == {"kept": "best", **limit, "valid_id": None, "called": "web:443"}
    assert renewal(record(OLD, issue())).facts == {"kept": "best"}
    before = record(8, issue(days=(-30, 60)))
    valid = renewal(record(OLD, issue(days=(1, 90))), before)
    assert valid.facts["valid_id"] == 8


def test_no_such_certificate() -> None:
    planned = wish(record(OLD, issue(days=PRESENT)))
    assert (*outcome(planned), planned.target_id) == ("failed", "not_found", NEW)
    assert planned.facts == {"certificate_id": NEW, "is_there": False}
    told = planned.as_result(CLIENTS)
    assert (told["common_name"], told["subject_alt_names"], told["fingerprint_sha256"]) == (None, [], None)
    unreadable = wish(record(OLD, issue(days=PRESENT)), replace(record(NEW, issue()), certificate=None))
    assert outcome(unreadable) == ("failed", "not_found") and unreadable.facts["is_there"]


def test_check_mode_says_nothing_else_of_what_is_not_switched() -> None:
    """Though the certificate that was meant for it is not stored yet."""
    coming = renewal(record(OLD, issue(days=PRESENT)), coming=[issue()])
    assert (coming.facts, coming.simulate().form) == ({"is_stored": False}, "would be")
    failed = coming.mark_failed("api_error", {"error": "No."})
    assert failed.simulate() == failed
    assert wish(record(OLD, issue(days=PRESENT)), record(NEW, issue())).facts == {}


def test_a_listener_that_is_only_checked_is_reported_as_it_is() -> None:
    """Whatever was planned; a better certificate is named if the store has it."""
    present = record(OLD, issue(days=PRESENT))
    index = StoreIndex([present, record(NEW, issue())])
    switched = renewal(*index)
    coming = renewal(present, coming=[issue()])
    failed = replace(switched.mark_failed("ambiguous", {"error": "No."}, is_changed=False), renewal_id=NEW)
    for planned, better in ((switched, NEW), (coming, None), (failed, NEW)):
        told, as_now = keep_unchanged(planned, index), {"target": present, "target_id": OLD, "renewal_id": better}
        facts = {"kept": "as_it_is", "certificate_id": OLD}
        assert told == replace(planned, outcome="unchanged", reason=None, facts=facts, is_changed=False, **as_now)
    unknown = keep_unchanged(failed, StoreIndex([]))
    assert unknown.facts == {"planned": Obstacle("ambiguous", {"error": "No."})}, "what the listener has is not known"
    bare = keep_unchanged(replace(switched, place=Place(web := balancer(certificate=None), web.listeners[0])), index)
    assert bare.facts == {"kept": "as_it_is", "certificate_id": None}, "nothing was switched"
    for kept in (renewal(present), renewal()):
        assert keep_unchanged(kept, index) == replace(kept, target=index.by_handle.get(kept.target_id))


SEEN = ((Certificate.from_library(issue(days=PRESENT).certificate),),)
"""What is served now."""


def test_check_mode_foresees_that_a_switch_is_served_and_accepted_if_its_chain_is_complete() -> None:
    present, trusted = record(OLD, issue(days=PRESENT)), record(NEW, issue())
    planned = renewal(present, trusted)
    now = replace(
        keep_unchanged(planned, StoreIndex([present])), served_chains=SEEN, accepted=False, rejection="it is old"
    )
    foreseen = predict_outcome(planned, now, CLIENTS)
    assert (foreseen.facts, foreseen.target_id) == ({"form": "would be"}, NEW)
    assert (foreseen.served, foreseen.accepted, foreseen.rejection) == (True, True, None)
    bare = replace(planned, target=record(NEW, replace(issue(), chain=())))
    foreseen = predict_outcome(bare, replace(now, is_everywhere=False), CLIENTS)
    assert (foreseen.accepted, foreseen.rejection) == (False, "it is old")
    assert foreseen.is_everywhere is False
    assert predict_outcome(planned, replace(now, leaves=(("192.0.2.1", None),)), CLIENTS).leaves == (
        ("192.0.2.1", None),
    )
    assert predict_outcome(planned, replace(now, accepted=None), CLIENTS).accepted is None
    assert predict_outcome(planned, replace(now, served_chains=()), CLIENTS).served is False
    assert predict_outcome(planned, replace(now, reason="unreachable"), CLIENTS).served is None
    assert predict_outcome(planned, replace(now, target=None), CLIENTS).served is None


def test_check_mode_foresees_what_is_not_switched_as_it_is_seen() -> None:
    kept = renewal(record(OLD, issue(days=PRESENT)))
    now = replace(kept, served_chains=SEEN, served=True, accepted=False, rejection="it is old")
    assert predict_outcome(kept, now, CLIENTS) == now
    failed = kept.mark_failed("ambiguous", {"error": "Which?"})
    foreseen = predict_outcome(failed, now, CLIENTS)
    assert foreseen == replace(failed, served_chains=SEEN, accepted=False, rejection="it is old")


def test_too_many_switches_are_refused_all_together() -> None:
    switched = [wish(record(OLD, issue(days=PRESENT)), record(NEW, issue()))] * 2
    kept = renewal(record(OLD, issue(days=PRESENT)))
    assert ListenerPlan(world_of([]), [kept, *switched]).changes == switched
    assert why_too_many(switched, 2) is None
    facts = {"planned": 2, "max_listeners": 1, "listeners": ["web:443", "web:443"]}
    assert why_too_many(switched, 1) == Obstacle("too_many_listeners", facts)


def test_a_diff_shows_the_certificates_by_id_and_name() -> None:
    new = issue()
    planned = renewal(record(OLD, issue(days=PRESENT)), record(NEW, new))
    end = f"{new.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert planned.as_diff() == {
        **dict.fromkeys(("before_header", "after_header"), "web:443"),
        "before": {"certificate_id": OLD},
        "after": {"certificate_id": NEW, "common_name": NAME, "not_after": end},
    }
    unknown = wish().as_diff()
    assert unknown["after"] == {"certificate_id": NEW, "name": None, "not_after": None}


def test_it_has_the_certificate_already() -> None:
    """Then nothing about it is an objection, except that the listener uses none."""
    planned = wish(record(NEW, issue(days=(-90, -1), key="ec")), of=balancer(certificate=NEW))
    assert (*outcome(planned), planned.target_id, planned.facts) == ("unchanged", None, NEW, {"kept": "same"})
    plain = wish(record(NEW, issue()), of=balancer(certificate=NEW, ports={443: {"protocol": "HTTP"}}))
    assert outcome(plain) == ("failed", "not_https")


LEEWAYS: dict[str, tuple[Issued, Issued, str, str | None]] = {
    **{case: (old, new, reason, None) for case, (old, new, reason) in NEAR.items() if reason == "not_yet_valid"},
    "expired": (issue(days=PRESENT), issue(days=(-9, -1)), "expired", "expired"),
    "lacks a name": (issue(days=PRESENT), issue("api.example.com"), "names_not_covered", "name_loss"),
    "of no organization": (*NEAR["of no organization"], "organization_change"),
    "of another key type": (issue(days=PRESENT, key="ec"), issue(), "key_type_differs", "key_type_change"),
    "signed by itself": (*NEAR["signed by itself"], "untrusted"),
    "without its intermediates": (*NEAR["without its intermediates"], "untrusted"),
}


@pytest.mark.parametrize("case", LEEWAYS)
def test_what_a_user_must_accept(case: str) -> None:
    old, new, reason, accepted = LEEWAYS[case]
    stored = record(OLD, old), record(NEW, new)
    everything = ("name_loss", "key_type_change", "organization_change", "expired", "untrusted")
    others = dict.fromkeys(set(everything) - {accepted}, True)
    assert outcome(wish(*stored)) == outcome(wish(*stored, **others)) == ("failed", reason)
    if accepted:
        assert wish(*stored, **{accepted: True}).is_changed
        assert ACCEPT_OPTIONS[str(wish(*stored).reason)] == f"allow_{accepted}"


def test_a_result() -> None:
    """Each key of the contract, with facts of the certificate that is meant for the listener."""
    new = issue(names=[NAME, "example.com"])
    at = balancer(address="web.example.net")
    planned = renewal(record(OLD, issue(days=PRESENT)), record(NEW, new), of=at)
    end = f"{new.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert planned.as_result(CLIENTS) == {
        **{"load_balancer": "web", "load_balancer_uuid": at.uuid, "address": "web.example.net", "port": 443},
        **{"listener_uuid": at.listeners[0].uuid, "common_name": NAME, "subject_alt_names": [NAME, "example.com"]},
        **{"previous_certificate_id": OLD, "certificate_id": NEW, "fingerprint_sha256": new.fingerprint},
        **{"not_after": end, "effective_not_after": end, "limited_by": None},
        **{"outcome": "switched", "reason": None, "message": planned.message},
        **{"served": None, "accepted": None, "served_fingerprint_sha256": None},
    }
