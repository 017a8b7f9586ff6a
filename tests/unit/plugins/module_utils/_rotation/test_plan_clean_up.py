# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates a rotation deletes, once others are served in their place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import (
    Endpoint,
    ExpectedCertificate,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.endpoints import (
    EndpointAction,
    plan_endpoints,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_clean_up import (
    RemovalPlan,
    as_result,
    plan_removal,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import ListenerAction
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)

from tests.support.certificates import DAY, NOW
from tests.support.rotating import balancer, listener, world_of
from tests.support.stored import NAME, Made

OLD, NEW, NEWER = Made(days=(-80, 10)), Made(), Made(days=(-0.5, 91))
OTHER = "api.example.com"
FIRST, SECOND = OLD.record(1, associatedServiceCount=1), NEW.record(2)
UNUSED, HAS_IT = replace(FIRST, associated_service_count=0), listener(2, SECOND)
LACKING = replace(NEW, chain="none").record(1, associatedServiceCount=1)
"""The same as the second one, without its chain."""
IN_USE, KEPT, UNSEEN, RECENT = (
    [(1, reason)] for reason in ("in_use", "not_served", "unreachable", "replaced_recently")
)


def plan(
    records: Iterable[StoreCertificate],
    *listeners: ListenerAction,
    balancers: Iterable[Balancer] = (),
    imported: Collection[StoreCertificate] = (),
    **known: Any,
) -> RemovalPlan:
    """What is planned; of the balancers, those of the listeners are known in any case."""
    world = world_of(records, *(one.place.balancer for one in listeners), *balancers)
    return plan_removal(world, listeners, imported, **{"remove_unverified": False, **known})


def removal(
    records: Iterable[StoreCertificate], *listeners: ListenerAction, **known: Any
) -> tuple[list[int], list[tuple[int, str]]]:
    """What is deleted, and what is kept with its reason."""
    found = plan(records, *listeners, **known)
    return [one.id for one in found.old_records], [(record.id, why.reason) for record, why in found.kept_records]


def why(records: Iterable[StoreCertificate], *listeners: ListenerAction, **known: Any) -> Mapping[str, Any]:
    """Why the only one that is kept is."""
    ((_record, obstacle),) = plan(records, *listeners, **known).kept_records
    return obstacle.facts


SWITCHED = listener(1, SECOND)
"""The listener that was switched from the old certificate to the new one, and was seen to serve it."""


@pytest.mark.parametrize("remove_unverified", [False, True])
def test_what_an_endpoint_is_expected_to_serve_stays(remove_unverified: bool) -> None:
    """By its id, whatever was seen: once it is gone, nobody knows what the endpoint must serve."""
    known = {"remove_unverified": remove_unverified, "expected": {1: "endpoints[3]", 9: "endpoints[0]"}}
    assert removal([FIRST, SECOND], SWITCHED, **known) == ([], IN_USE)
    assert why([FIRST, SECOND], SWITCHED, **known) == {"expected_by": "endpoints[3]"}


def at_endpoint(
    *served: StoreCertificate | None,
    host: str = "vpc",
    port: int = 443,
    asked: str = NAME,
    is_fine: bool = True,
    **expected: Any,
) -> EndpointAction:
    """An endpoint with a certificate that was seen, or None, at each of its addresses: 192.0.2.1 and so on."""
    expected = expected or {"names": (asked,)}
    records = [record for record in served if record]
    (action,) = plan_endpoints(world_of(records), [Endpoint(host, port, asked, ExpectedCertificate(**expected))], None)
    leaves = tuple(
        (f"192.0.2.{number}", record and certificate_of(record)) for number, record in enumerate(served, start=1)
    )
    seen = tuple((certificate_of(record), *record.intermediates) for record in records)
    probed = replace(
        action, served=is_fine, served_chains=seen, leaves=leaves, is_everywhere=bool(served) and all(served)
    )
    return probed if is_fine else probed.mark_failed("not_served", {"error": "Another one is served."})


@pytest.mark.parametrize("remove_unverified", [False, True])
@pytest.mark.parametrize("is_fine", [True, False], ids=["what it must", "something else than it must"])
def test_what_an_endpoint_serves_stays(is_fine: bool, remove_unverified: bool) -> None:
    """At any of its addresses, also if it should serve another one."""
    vpc, known = at_endpoint(SECOND, UNUSED, is_fine=is_fine), {"remove_unverified": remove_unverified}
    for is_check_mode in (False, True):
        assert goes(vpc, is_check_mode=is_check_mode, **known) == ([], IN_USE)
    both = why([UNUSED, SECOND], HAS_IT, endpoints=[vpc, at_endpoint(UNUSED, host="cdn")], **known)
    assert both == {"endpoints": [f"{NAME} at vpc:443", f"{NAME} at cdn:443"]}
    assert goes(at_endpoint(SECOND), **known) == ([1], [])


def goes(*endpoints: EndpointAction, **known: Any) -> tuple[list[int], list[tuple[int, str]]]:
    """What is deleted, and kept, beside endpoints, once a listener has the new certificate."""
    return removal([UNUSED, SECOND], HAS_IT, endpoints=endpoints, **known)


@pytest.mark.parametrize(
    "unseen",
    [
        at_endpoint(),
        at_endpoint(None),
        at_endpoint(SECOND, None),
        at_endpoint(None, SECOND, is_fine=False),
        at_endpoint(None, asked="vpc", names=(OTHER, NAME)),
        at_endpoint(None, asked=OTHER, names=("*.example.com",)),
        at_endpoint(SECOND, None, asked=OTHER, certificate_id=2),
    ],
    ids=[
        "not looked at",
        "out of reach",
        "one address out of reach",
        "one address without a handshake",
        "for a name that it must serve",
        "for a name under a wildcard",
        "for a name of the record that it must serve",
    ],
)
def test_what_an_endpoint_may_serve_that_was_not_seen_stays(unseen: EndpointAction) -> None:
    """As with a listener; unless that is not wanted."""
    assert goes(unseen) == goes(at_endpoint(SECOND, host="cdn"), unseen) == ([], UNSEEN)
    assert goes(unseen, is_check_mode=True) == ([], UNSEEN)
    assert goes(unseen, remove_unverified=True) == ([1], [])


def test_what_an_endpoint_of_other_names_may_serve_is_something_else() -> None:
    assert goes(at_endpoint(None, asked=OTHER)) == ([1], [])
    assert goes(at_endpoint(asked="vpc.example.net", names=("mail.example.com",))) == ([1], [])


def test_why_what_an_endpoint_may_serve_stays() -> None:
    """What it was seen to serve says more."""
    endpoints = [at_endpoint(None), at_endpoint(host="cdn")]
    names = [f"{NAME} at vpc:443", f"{NAME} at cdn:443"]
    assert why([FIRST, SECOND], SWITCHED, endpoints=endpoints) == {"endpoints": names}
    assert goes(at_endpoint(FIRST, None)) == ([], IN_USE)
    assert goes(at_endpoint(None), expected={1: "endpoints[0]"}) == ([], IN_USE)


@pytest.mark.parametrize(
    ("patterns", "old"), [(None, [1]), ([NAME, OTHER], [1]), (["*.EXAMPLE.com"], [1]), ([OTHER], []), ([], [])]
)
def test_only_what_has_a_name_that_is_expected_goes(patterns: list[str] | None, old: list[int]) -> None:
    assert removal([FIRST, SECOND], SWITCHED, patterns=patterns) == (old, [])


HERE = replace(SWITCHED, leaves=(("192.0.2.1", certificate_of(FIRST)), ("192.0.2.2", None)))
"""The same in check mode: what is seen is what it has now; it does not answer at one of its addresses."""


@pytest.mark.parametrize(
    ("vpc", "is_listener"),
    [
        (at_endpoint(FIRST), True),
        (at_endpoint(SECOND, FIRST), True),
        (at_endpoint(FIRST, FIRST, SECOND), True),
        (at_endpoint(SECOND, SECOND, SECOND, FIRST, host="WEB.lb"), True),
        (at_endpoint(FIRST, SECOND, FIRST), False),
        (at_endpoint(FIRST, port=8443), False),
        (at_endpoint(FIRST, host="web.lb", port=8443), False),
    ],
    ids=[
        "its address",
        "its other address",
        "its addresses, and another one that serves the new one",
        "its host, whose addresses change",
        "another address, too",
        "another port",
        "its host, another port",
    ],
)
def test_an_endpoint_is_a_listener_if_address_and_port_say_so(vpc: EndpointAction, is_listener: bool) -> None:
    """Then check mode announces what goes once the listener is switched; any other goes on serving what it serves."""
    foreseen = removal([FIRST, SECOND], HERE, endpoints=[vpc], is_check_mode=True)
    assert foreseen == (([1], []) if is_listener else ([], IN_USE))
    assert removal([FIRST, SECOND], HERE, endpoints=[vpc]) == ([], IN_USE)


def test_what_else_is_served_where_a_listener_is_switched_goes_with_it() -> None:
    """A load balancer may serve what is older than what it is set to; at a listener that stays as it is, that stays."""
    oldest = Made(days=(-170, 10)).record(3)
    given = {"endpoints": [at_endpoint(oldest)], "is_check_mode": True}
    assert removal([FIRST, SECOND, oldest], HERE, **given) == ([1, 3], [])
    assert removal([UNUSED, SECOND, oldest], replace(HAS_IT, leaves=HERE.leaves), **given) == ([1], [(3, "in_use")])


# A listener has what may stand in for it


def test_the_same_certificate_without_its_chain_goes() -> None:
    """It was stored once more with it. Not the other way round."""
    assert removal([LACKING, SECOND], SWITCHED) == ([1], [])
    assert removal([SECOND, LACKING], listener(2, LACKING)) == ([], [])


@pytest.mark.parametrize("remove_unverified", [False, True])
@pytest.mark.parametrize(
    ("listener_of_it", "expected"),
    [
        (replace(SWITCHED, accepted=False, rejection="its issuer is missing"), ([], [(1, "not_accepted")])),
        (replace(SWITCHED, outcome="rolled_back", reason="not_accepted", accepted=False), ([], [])),
        (replace(SWITCHED, served=False), ([], KEPT)),
    ],
    ids=["refused", "pointed back", "something else is served, whoever takes it"],
)
def test_clients_must_accept_what_takes_its_place(
    listener_of_it: ListenerAction, expected: tuple[list[int], list[tuple[int, str]]], remove_unverified: bool
) -> None:
    """Whatever they made of what was there before; what was not looked at is another question."""
    assert removal([FIRST, SECOND], listener_of_it, remove_unverified=remove_unverified) == expected


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"is_everywhere": False}, "unreachable"),
        ({"accepted": None}, "unreachable"),
        ({"served": None, "accepted": False, "rejection": "nothing"}, "unreachable"),
    ],
    ids=str,
)
def test_each_address_must_be_seen_and_clients_be_asked_there(known: dict[str, Any], reason: str) -> None:
    """One that accepts no connections now may serve the old certificate again; unless that is not wanted."""
    partly = replace(SWITCHED, **known)
    assert removal([FIRST, SECOND], partly) == ([], [(1, reason)])
    if partly.served:
        assert removal([FIRST, SECOND], partly, remove_unverified=True) == ([1], [])


def test_a_certificate_that_is_stored_twice() -> None:
    """Who has it by its other record counts as one that has it: also if it cannot be looked at, or is not among those of this run."""
    copy = OLD.record(5)
    failed = listener(5, copy, "api", outcome="failed", reason="balancer_error", served=None)
    assert removal([FIRST, copy, SECOND], SWITCHED, failed, remove_unverified=True) == ([], UNSEEN)
    far = [balancer("far", p443=5)]
    assert removal([FIRST, copy, SECOND], SWITCHED, balancers=far) == ([], [*UNSEEN, (5, "in_use")])
    assert removal([FIRST, copy, SECOND], SWITCHED, listener(5, SECOND, "api")) == ([1, 5], [])


def test_why_it_is_refused() -> None:
    """What serves something else comes first."""
    refused = replace(SWITCHED, accepted=False, rejection="its issuer is missing")
    assert why([FIRST, SECOND], refused) == {"listeners": ["web:443"], "refusal": "its issuer is missing"}
    other = listener(1, SECOND, "api", served=False, accepted=False)
    assert removal([FIRST, SECOND], refused, other) == ([], KEPT)


def test_what_ends_later_than_what_replaces_it_is_kept() -> None:
    later = Made(days=(-80, 50)).record(1)
    short = Made(days=(-1, 44)).record(2)
    assert removal([later, short], listener(1, short)) == ([], [(1, "expires_earlier")])
    assert why([later, short], listener(1, short)) == {"end": NOW + 50 * DAY}
    assert removal([later, short, NEW.record(3)], listener(1, short), listener(1, NEW.record(3), "api")) == ([1], [])


def test_without_a_listener_nothing_is_replaced() -> None:
    """The store may hold what nobody serves yet."""
    assert removal([UNUSED, SECOND]) == ([], [])
    third = Made(OTHER, (OTHER,)).record(3)
    assert removal([FIRST, SECOND, third], listener(3, third)) == ([], [])


def test_what_a_listener_has_stays() -> None:
    """Also if this run would have switched it and failed."""
    assert removal([FIRST, SECOND], SWITCHED, listener(1, FIRST, "api")) == ([], [])
    failed = listener(1, SECOND, "api", outcome="failed", reason="balancer_busy", is_changed=False, served=None)
    assert removal([FIRST, SECOND], SWITCHED, failed, remove_unverified=True) == ([], [])
    back = listener(1, SECOND, "api", outcome="rolled_back", reason="not_served", served=False)
    assert removal([FIRST, SECOND], SWITCHED, back, remove_unverified=True) == ([], [])


def test_what_is_older_still_goes_too() -> None:
    """A listener has what may stand in for what may stand in for it."""
    oldest = Made(days=(-170, 10)).record(3, associatedServiceCount=0)
    assert removal([FIRST, SECOND, oldest], SWITCHED) == ([1, 3], [])
    assert removal([oldest, FIRST, SECOND], SWITCHED, listener(1, FIRST, "api")) == ([3], [])
    unseen = listener(1, FIRST, "api", served=None)
    assert removal([oldest, FIRST, SECOND], SWITCHED, unseen) == ([], [(3, "unreachable")])


def test_what_this_run_has_imported_stays() -> None:
    """However it comes that a better one is served."""
    newer = NEWER.record(3)
    assert removal([FIRST, SECOND, newer], listener(1, newer), imported=[SECOND, newer]) == ([1], [])
    assert removal([FIRST, SECOND, newer], listener(1, newer)) == ([1, 2], [])


def test_what_would_be_stored_counts_in_check_mode() -> None:
    """It has no id yet, and is never deleted."""
    new = NEW.record(None)
    assert removal([FIRST, new], listener(1, new)) == ([1], [])
    newer = NEWER.record(None)
    assert removal([FIRST, new, newer], listener(1, newer)) == ([1], [])


def test_what_cannot_be_read_stays() -> None:
    unreadable = OLD.record(3, certificate="garbage")
    assert removal([unreadable, SECOND], listener(3, SECOND), remove_unverified=True) == ([], [])


def test_a_listener_whose_certificate_is_not_known_was_not_seen() -> None:
    """It had the old certificate and has one that the store does not show."""
    lost = replace(listener(1, SECOND, "api"), target=None, target_id=9)
    old = replace(FIRST, associated_service_count=2)
    assert removal([old, SECOND], SWITCHED, lost, remove_unverified=True) == ([], UNSEEN)


# Every listener was seen to serve it


@pytest.mark.parametrize("remove_unverified", [False, True])
def test_an_address_that_still_serves_the_old_one(remove_unverified: bool) -> None:
    """Of several addresses of a listener, or of a listener that is for something else in the API."""
    old, new = ((certificate_of(record), *record.intermediates) for record in (FIRST, SECOND))
    half = SWITCHED.mark_failed("not_served", {}, is_changed=True, served=False, served_chains=(old, new))
    assert removal([FIRST, SECOND], half, remove_unverified=remove_unverified) == ([], KEPT)
    elsewhere = Made(OTHER, (OTHER,)).record(3)
    odd = listener(3, elsewhere, "api", served=False, served_chains=(old,)).mark_failed(
        "not_served", {}, is_changed=True
    )
    records = [FIRST, SECOND, elsewhere]
    assert removal(records, SWITCHED, odd, remove_unverified=remove_unverified) == ([], KEPT)
    harmless = replace(odd, served_chains=(new,))
    assert removal(records, SWITCHED, harmless, remove_unverified=remove_unverified) == ([1], [])
    unseen = listener(1, SECOND, "shop", served=None)
    assert removal(records, unseen, harmless) == ([], UNSEEN), "that another one is wrong is not why"


@pytest.mark.parametrize("remove_unverified", [False, True])
def test_a_listener_that_this_run_does_not_deal_with_was_not_seen(remove_unverified: bool) -> None:
    """Such as one of another balancer, which an earlier run has switched."""
    far = balancer("far", p8443=2)
    assert removal([FIRST, SECOND], SWITCHED, balancers=[far], remove_unverified=remove_unverified) == ([], UNSEEN)
    near = listener(2, SECOND, "near", served=None)
    assert why([FIRST, SECOND], SWITCHED, near, balancers=[far]) == {"listeners": ["near:443", "far:8443"]}
    third = NEWER.record(3)
    far = balancer("far", p8443=3)
    records = [FIRST, SECOND, third]
    assert removal(records, SWITCHED, balancers=[far], remove_unverified=remove_unverified) == ([], UNSEEN)
    without = balancer("far", p8443=None)
    plain = balancer("far", p8443=2)
    plain = replace(plain, listeners=(replace(plain.listeners[0], protocol="TCP"),))
    assert removal([FIRST, SECOND], SWITCHED, balancers=[without, plain]) == ([1], [])


def test_what_only_a_listener_that_this_run_does_not_deal_with_has() -> None:
    """Nobody looks at it, so that it replaces nothing for now, and that is told."""
    assert removal([UNUSED, SECOND], balancers=[balancer("far", p443=2)], remove_unverified=True) == ([], UNSEEN)


# Nothing else uses it


@pytest.mark.parametrize(
    ("use", "services"),
    [
        ({"associatedServiceCount": 2}, 1),
        ({"associatedServiceCount": 3}, 2),
        ({"associatedServiceCount": None}, None),
        ({"associatedServiceCount": None, "lbaasListeners": []}, None),
        ({"associatedServiceCount": 0, "lbaasListeners": [{"id": 1}, {"id": 2}]}, 1),
    ],
)
def test_what_another_service_uses_is_kept_and_reported(use: dict[str, Any], services: int | None) -> None:
    """If it would have been removed otherwise."""
    old = OLD.record(1, **use)
    assert removal([old, SECOND], SWITCHED, remove_unverified=True) == ([], IN_USE)
    assert why([old, SECOND], SWITCHED) == {"services": services}
    assert removal([old, SECOND, NEWER.record(3)], listener(2, SECOND, served=None)) == ([], IN_USE)


@pytest.mark.parametrize(
    "use",
    [
        {"associatedServiceCount": 1},
        {"associatedServiceCount": 0},
        {"associatedServiceCount": 1, "lbaasListeners": [{"id": 1}]},
    ],
)
def test_what_only_the_switched_listener_used_is_free(use: dict[str, Any]) -> None:
    """The count may lag behind."""
    assert removal([OLD.record(1, **use), SECOND], SWITCHED) == ([1], [])


def test_listeners_of_others_that_have_it() -> None:
    """Whatever the count says."""
    far = balancer("far", p443=1, p8443=1)
    assert removal([UNUSED, SECOND], SWITCHED, balancers=[far], remove_unverified=True) == ([], IN_USE)
    assert why([UNUSED, SECOND], SWITCHED, balancers=[far]) == {"listeners": ["far:443", "far:8443"]}


# A way back


def aged(days: float | None, made: Made = NEW, identifier: int = 2) -> StoreCertificate:
    """A record that has been in the store for some days."""
    return made.record(identifier, createDate=None if days is None else (NOW - days * DAY).isoformat())


@pytest.mark.parametrize(
    ("days", "expected"),
    [(7, ([1], [])), (7 - 1 / 86_400, ([], RECENT)), (0, ([], RECENT)), (-1, ([], RECENT)), (None, ([], RECENT))],
)
def test_what_was_replaced_lately_stays(days: float | None, expected: Any) -> None:
    record = aged(days)
    assert removal([UNUSED, record], listener(2, record), superseded_after_days=7) == expected
    assert removal([UNUSED, record], listener(2, record)) == ([1], [])


def test_the_youngest_replacement_counts() -> None:
    """Whoever was switched last must be able to go back; what was imported by the run is new, whenever the API says it was stored."""
    first, second = aged(9), aged(1, NEWER, 3)
    both, weekly = (listener(1, first), listener(1, second, "api")), {"superseded_after_days": 7}
    assert removal([FIRST, first, second], *both, **weekly) == ([], RECENT)
    assert removal([FIRST, first, second], both[0], **weekly) == ([1], [])
    assert removal([FIRST, first], both[0], imported=[first], **weekly) == ([], RECENT)
    over = Made(days=(-80, -0.1)).record(1)
    assert removal([over, second], listener(1, second), **weekly) == ([1], []), "nobody goes back to what has expired"
    assert removal([FIRST, second], listener(1, second, served=None), **weekly) == ([], UNSEEN)


def test_each_is_kept_after_its_own_replacement() -> None:
    """What has replaced that one since does not matter, but for what this run has switched."""
    records = [UNUSED, aged(8), aged(1, NEWER, 3)]
    weekly: dict[str, Any] = {"superseded_after_days": 7}
    assert removal(records, listener(3, records[2]), **weekly) == ([1], [(2, "replaced_recently")])
    now_left = [FIRST, *records[1:]]
    assert removal(now_left, listener(1, records[2]), **weekly) == ([], [*RECENT, (2, "replaced_recently")])
    unknown = [UNUSED, aged(None), aged(8, NEWER, 3)]
    assert removal(unknown, listener(3, unknown[2]), **weekly) == ([1, 2], [])


def test_who_can_go_back_and_how() -> None:
    """Who was switched by the run, and who has the replacement; in check mode nobody was switched yet."""
    wider = Made(names=(NAME, OTHER))
    second, third = aged(1), aged(1, wider, 3)
    here, there, other = listener(1, second), listener(2, second, "api"), listener(3, second, "own")
    known = {"superseded_after_days": 7, "remove_unverified": True}
    facts = {"since": NOW - DAY, "days": 7, "allow": []}
    assert why([FIRST, second], here, there, other, **known) == {**facts, "listeners": ["api:443", "web:443"]}
    assert why([FIRST, second], here, there, **known, is_check_mode=True) == {**facts, "listeners": ["api:443"]}
    lossy = {**facts, "allow": ["allow_name_loss"]}
    assert why([FIRST, third], listener(1, third), **known) == {**lossy, "listeners": ["web:443"]}
    assert why([UNUSED, third], listener(3, third), **known) == {**facts, "listeners": []}, "it may never have had it"


# What has expired

OVER = Made(days=(-100, -10)).record(1)
RIVAL = Made(OTHER, (OTHER,)).record(2)


@pytest.mark.parametrize(("days", "old"), [(None, []), (0, [1]), (10, [1]), (10.001, [])])
@pytest.mark.parametrize("after", [None, 0, 7])
def test_what_has_expired_goes_without_a_replacement(days: float | None, old: list[int], after: float | None) -> None:
    """Whatever becomes of what was replaced."""
    known = {"expired_after_days": days, "superseded_after_days": after}
    assert removal([OVER, RIVAL], listener(2, RIVAL), **known) == (old, [])
    assert plan([OVER, RIVAL], listener(2, RIVAL), **known).expired_ids == {*old}
    assert removal([OVER, RIVAL], listener(2, RIVAL), **known, patterns=[OTHER]) == ([], [])


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"records": [replace(OVER, associated_service_count=1)]}, ([], IN_USE)),
        ({"records": [replace(OVER, associated_service_count=None)]}, ([], IN_USE)),
        ({"balancers": [balancer("far", p443=1)]}, ([], IN_USE)),
        ({"expected": {1: "endpoints[0]"}}, ([], IN_USE)),
        ({"endpoints": [at_endpoint(OVER)]}, ([], IN_USE)),
        ({"endpoints": [at_endpoint(None)]}, ([1], [])),
        ({"listeners": [listener(1, SECOND, served=None)]}, ([], UNSEEN)),
        ({"listeners": [listener(1, SECOND)]}, ([1], [])),
        ({"imported": [OVER]}, ([], [])),
        ({"records": [replace(OVER, certificate=None)]}, ([], [])),
    ],
)
def test_what_has_expired_stays_where_something_uses_it(known: dict[str, Any], expected: Any) -> None:
    """An endpoint that was not reached loses nothing: it does not get its certificate from the store."""
    records, listeners = known.pop("records", [OVER]), known.pop("listeners", [])
    assert (
        removal([*records, SECOND], *listeners, **known, superseded_after_days=None, expired_after_days=1) == expected
    )


def test_what_was_replaced_stays_where_only_what_has_expired_goes() -> None:
    assert removal([FIRST, SECOND], SWITCHED, superseded_after_days=None, expired_after_days=0) == ([], [])


def test_a_record_in_results() -> None:
    told = as_result(FIRST, "removed", None, "Removed.")
    assert (told["id"], told["common_name"], told["fingerprint_sha256"]) == (1, NAME, OLD.issued.fingerprint)
    assert (told["outcome"], told["reason"], told["message"]) == ("removed", None, "Removed.")
