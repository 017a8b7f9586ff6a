# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What endpoints must serve, and what needs a person if they do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import (
    Endpoint,
    ExpectedCertificate,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import (
    RenewalFacts,
    create_served_record,
    find_attention_items,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.endpoints import (
    EndpointAction,
    add_served_record,
    find_unknown_expectation,
    plan_endpoints,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import ImportSelection
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.result import as_attention
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import (
    Record,
    SourceCertificate,
    World,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of

from tests.support.certificates import DAY, NOW
from tests.support.rotating import entry, world_of
from tests.support.stored import NAME, Made

FRESH, DUE = Made(), Made(days=(-80, 10))
OTHER = "api.example.com"
HOST = "vpc.example.net"


def planned(world: World, patterns: Sequence[str] | None = None, **expected: Any) -> list[EndpointAction]:
    """What is to be looked at of one endpoint."""
    return plan_endpoints(world, [Endpoint(HOST, 443, NAME, ExpectedCertificate(**expected))], patterns)


def seen(world: World, made: Made, **expected: Any) -> EndpointAction:
    """That endpoint, which serves a certificate."""
    (action,) = planned(world, **(expected or {"names": (NAME,)}))
    record = made.record(None)
    chain = (certificate_of(record), *record.intermediates)
    served = action.demand.is_met_by(chain[0])
    probed = replace(action, served=served, accepted=True, served_chains=(chain,))
    failed = probed.mark_failed("not_served", {"error": "It must serve something, and serves something else."})
    return add_served_record(probed if served else failed, world.index)


def facts(world: World, usable: Iterable[SourceCertificate] = (), unused: Sequence[Record] = ()) -> RenewalFacts:
    """What is known beside it."""
    entries = list(usable)
    return RenewalFacts(
        world,
        ImportSelection([], [], entries, impossible_imports=unused),
        bool(entries or unused),
        {},
        is_importing=True,
    )


def needs(world: World, action: EndpointAction, **known: Any) -> list[tuple[str, Obstacle[str]]]:
    """Why it needs a person, and what is wrong."""
    items = find_attention_items([action], facts(world, **known))
    told = [as_attention(item, world.view.at) for item in items]
    assert all(item["load_balancer"] == f"{NAME} at {HOST}" and item["load_balancer_uuid"] is None for item in told)
    return [(item.reason, item.why) for item in items]


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        (Endpoint(HOST, 443, HOST), f"{HOST}:443"),
        (Endpoint(HOST, 8443, NAME), f"{NAME} at {HOST}:8443"),
        (Endpoint("2001:db8::1", 443, "2001:db8::1"), "[2001:db8::1]:443"),
        (Endpoint("2001:db8::1", 443, NAME), f"{NAME} at [2001:db8::1]:443"),
    ],
)
def test_what_it_is_called(endpoint: Endpoint, name: str) -> None:
    """Two names that one address is asked for are two."""
    (action,) = plan_endpoints(world_of([]), [replace(endpoint, expected=ExpectedCertificate((NAME,)))], None)
    assert (action.name, action.uuid) == (name, name)


def test_its_result_is_that_of_a_listener_that_has_no_uuid() -> None:
    world = world_of([DUE.record(1), FRESH.record(2)])
    (action,) = planned(world, certificate_id=1)
    told = create_served_record(action, world)
    assert (told["load_balancer"], told["port"], told["address"]) == (f"{NAME} at {HOST}", 443, HOST)
    assert (told["load_balancer_uuid"], told["listener_uuid"], told["previous_certificate_id"]) == (None, None, None)
    assert (told["certificate_id"], told["served"], told["served_name"]) == (1, None, NAME)
    told = create_served_record(seen(world, FRESH, certificate_id=1), world)
    assert (told["certificate_id"], told["effective_not_after"], told["outcome"]) == (
        2,
        format_time(NOW + 90 * DAY),
        "unchanged",
    )
    (unseen,) = planned(world, certificate_id=1)
    told = create_served_record(unseen, world)
    assert (told["effective_not_after"], told["renewal_due"], told["served_name"]) == (None, None, NAME)
    assert find_attention_items([unseen], facts(world)) == [], (
        "what nobody could look at may serve the newer one by now"
    )
    (item,) = find_attention_items([unseen.mark_failed("not_served", {"error": "No TLS."}, served=False)], facts(world))
    told = as_attention(item, NOW)
    assert (told["not_after"], told["effective_not_after"]) == (format_time(NOW + 10 * DAY), None), (
        "of the one that it must serve"
    )
    (unseen,) = planned(world, names=(OTHER, NAME))
    told = create_served_record(unseen, world)
    assert (told["certificate_id"], told["served_name"], told["subject_alt_names"]) == (None, OTHER, [OTHER, NAME])
    assert told["effective_not_after"] is None and told["better_certificate_id"] is None


def test_which_endpoint_must_serve_what_the_store_does_not_have() -> None:
    expected = [
        None,
        ExpectedCertificate(names=(NAME,)),
        ExpectedCertificate(certificate_id=1),
        ExpectedCertificate(certificate_id=7),
    ]
    endpoints = [Endpoint(HOST, 443, NAME, demand) for demand in expected]
    why = find_unknown_expectation(endpoints, world_of([FRESH.record(1)]))
    assert (
        why
        and (why.reason, why.facts["endpoint"]) == ("in_use", 3)
        and why.facts["demand"].why_unknown.facts["certificate_id"] == 7
    )
    assert find_unknown_expectation(endpoints[:3], world_of([FRESH.record(1)])) is None


@pytest.mark.parametrize("record", [None, FRESH.record(7, certificate="damaged")])
def test_an_id_that_says_nothing(record: Any) -> None:
    """It fails, in its own words; nothing else does."""
    (action,) = planned(world_of([record] if record else []), certificate_id=7)
    assert (action.outcome, action.reason, action.is_known) == ("failed", "not_found", False)
    assert action.facts == {"demand": action.demand}


def test_a_run_for_some_names_is_about_endpoints_of_these() -> None:
    world = world_of([FRESH.record(1)])
    for expected in ({"certificate_id": 1}, {"names": (OTHER, NAME)}):
        assert planned(world, [NAME], **expected) and planned(world, ["www.*"], **expected)
        assert not planned(world, ["mail.example.com"], **expected)
    assert not planned(world, [NAME], certificate_id=9)


@pytest.mark.parametrize(
    ("name", "can"), [("*.example.com", True), ("a.example.org", True), (OTHER, False), ("a.b.example.com", False)]
)
def test_which_certificates_it_can_serve(name: str, can: bool) -> None:
    """Those under a wildcard, too, whichever of the two has it."""
    (action,) = planned(world_of([]), names=("*.example.org",))
    assert action.can_serve(certificate_of(Made(None, (name,)).record())) is can


# What needs a person


def test_what_is_as_it_should_be_needs_no_one() -> None:
    """Though the store has a newer one, as that may be on its way; and nothing is held back where nothing is switched."""
    other = Made(days=(-0.5, 91), organization="Example Ltd")
    world = world_of([Made(days=(-2, 89)).record(1), FRESH.record(2), other.record(3)])
    assert needs(world, seen(world, Made(days=(-2, 89)), certificate_id=1)) == []


def test_something_else_is_served() -> None:
    world = world_of([FRESH.record(1)])
    other = seen(world, Made(days=(-2, 89)), certificate_id=1)
    assert needs(world, other) == [("not_served", Obstacle("listener", {"listener": other}))]


@pytest.mark.parametrize("is_stored", [True, False])
def test_what_is_due_names_what_is_newer(is_stored: bool) -> None:
    """The store's, else a source's; also where it begins before the present one ends, as nobody brings it there."""
    world = world_of([DUE.record(1), FRESH.record(2)])
    due = seen(world, DUE)
    assert needs(world, due) == [("expiring", Obstacle("newer_elsewhere", {"record": FRESH.record(2)}))]
    world = world_of([DUE.record(1)] if is_stored else [])
    newer = entry(FRESH, 3)
    due = seen(world, DUE)
    assert needs(world, due, usable=[newer]) == [("expiring", Obstacle("newer_elsewhere", {"entry": newer}))]
    (item,) = find_attention_items([due], facts(world, usable=[newer]))
    assert item.cause == {"reason": None, **newer.as_location()}
    foreseen = world.add_imports([FRESH.record(None)], ())
    assert needs(foreseen, due, usable=[newer]) == [("expiring", Obstacle("newer_elsewhere", {"entry": newer}))]
    later = world_of([DUE.record(1), Made(days=(5, 95)).record(2)])
    assert [reason for reason, _why in needs(later, seen(later, DUE))] == ["expiring"]


def test_what_is_due_and_has_nothing_newer() -> None:
    """Though the store may have an older one for its names."""
    nothing = Obstacle("no_source", {"has_sources": False, "is_managed": False})
    for world in (world_of([Made(days=(-85, 5)).record(1)]), world_of([])):
        due = seen(world, DUE)
        assert needs(world, due) == [("expiring", nothing)]
    stale = {"source": "certbot", "name": NAME, "reason": "new_name", "message": "It is new.", "key_type": "RSA"}
    stale |= {"fingerprint_sha256": DUE.issued.fingerprint, "subject_alt_names": [NAME], "common_name": NAME}
    assert needs(world, due, unused=[stale]) == [("expiring", Obstacle("not_renewed", {"skipped": stale}))]


def test_what_clients_refuse_is_not_to_be_imported_again() -> None:
    world = world_of([FRESH.record(1)])
    refused = replace(seen(world, FRESH), accepted=False, rejection="its issuer is missing")
    facts_of = {"listener": refused, "has_whole_chain": False}
    assert needs(world, refused) == [("not_accepted", Obstacle("not_accepted", facts_of))]
