# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which listeners a role brings certificates to, in which calls, and what became of them and of what was replaced."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._names import name_matches
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rollout import (
    Settled,
    listener_names,
    one_call,
    settle,
    with_outcomes,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rollout_result import Rollout, lists
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.sightings import endpoints, removal, verdicts

AT = datetime(2026, 6, 1, tzinfo=timezone.utc)
OLD, NEW = 1, 2


def listener(
    balancer: str, port: int = 443, outcome: str = "switched", certificate: int | None = NEW, **other: Any
) -> dict[str, Any]:
    """A listener that had the old certificate, in the plan for the new one."""
    return {
        "load_balancer": balancer,
        "load_balancer_uuid": f"uuid-of-{balancer}",
        "address": f"{balancer}.lb.example.net",
        "port": port,
        "listener_uuid": f"{balancer}-{port}",
        "common_name": "www.example.com",
        "subject_alt_names": ["*.example.com", "www.example.com"],
        "previous_certificate_id": OLD if outcome in {"switched", "failed"} else certificate,
        "certificate_id": certificate,
        "fingerprint_sha256": f"print-{certificate}",
        "not_after": "2027-01-01T00:00:00Z",
        "outcome": outcome,
        "reason": None,
        "served": None,
        "served_fingerprint_sha256": None,
        "message": "Switched.",
        **other,
    }


def done(*listeners: dict[str, Any], served: bool | None = True, **other: Any) -> list[dict[str, Any]]:
    """What a call answers that carried out the plan for them."""
    return [{"listeners": [{**one, "served": served, **other} for one in listeners]}]


def stored(identifier: int, begin: str = "2026", names: tuple[str, ...] = ("www.example.com",), **other: Any) -> Any:
    """A certificate of the store that no service uses."""
    return {
        "id": identifier,
        "common_name": names[0] if names else None,
        "subject_alt_names": list(names),
        "fingerprint_sha256": f"print-{identifier}",
        "organization_name": None,
        "key_type": "RSA",
        "not_before": f"{begin}-01-01T00:00:00Z",
        "not_after": f"{int(begin) + 1}-01-01T00:00:00Z",
        "associated_service_count": 0,
        "services": [],
        **other,
    }


def seen(certificate_ids: list[int] | None, reason: str | None = None) -> dict[str, Any]:
    """What an endpoint serves."""
    return {
        "common_name": "www.example.com",
        "subject_alt_names": ["www.example.com"],
        "not_after": "2027-01-01T00:00:00Z",
        "fingerprint_sha256": None if certificate_ids is None else "print",
        "certificate_ids": certificate_ids,
        "reason": reason,
        "message": reason and f"It is {reason}.",
    }


ORDERS = [
    {"common_name": "*.example.com", "subject_alt_names": ["*.example.com", "example.com"]},
    {"common_name": "www.example.org"},
    {"common_name": None},
]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, None),
        ({"select": {"gather_imported": True}}, None),
        ({"select": {"common_names": ["*.example.com"]}}, ["*.example.com"]),
        ({"select": {"common_names": []}}, []),
        ({"select": {"statuses": ["approved"]}}, ["[*].example.com", "www.example.org"]),
        ({"select": {"common_names": ["*"], "imported": False}}, ["[*].example.com", "www.example.org"]),
        ({"order_ids": []}, ["[*].example.com", "www.example.org"]),
        ({"from_inventory": True}, ["[*].example.com", "www.example.org"]),
    ],
)
def test_which_names_listeners_must_have(settings: dict[str, Any], expected: list[str] | None) -> None:
    names = listener_names({"select": {}, "from_inventory": False, **settings}, ORDERS)
    assert names == expected


def test_an_order_for_a_wildcard_means_no_other_name() -> None:
    names = listener_names({"select": {}, "from_inventory": True}, ORDERS)
    assert names is not None
    assert name_matches("*.example.com", names) and not name_matches("www.example.com", names)
    assert listener_names({"select": {}, "from_inventory": True}, []) == []


def test_an_order_without_a_common_name_means_all_its_names() -> None:
    order = {"common_name": None, "subject_alt_names": ["*.example.net", "example.net"]}
    names = listener_names({"select": {}, "from_inventory": True}, [order])
    assert names == ["[*].example.net", "example.net"]


PLAN = [
    listener("a"),
    listener("b", 443),
    listener("b", 8443, certificate=3),
    listener("c"),
    listener("d", outcome="unchanged"),
    listener("e", outcome="skipped"),
    listener("f", outcome="failed"),
]


def test_one_call_makes_all_changes_and_looks_at_the_others() -> None:
    assert one_call(PLAN) == {
        "deployments": [
            {
                "certificate_id": 2,
                "listeners": [
                    {"load_balancer": "uuid-of-a", "port": 443, "previous_certificate_id": OLD},
                    {"load_balancer": "uuid-of-b", "port": 443, "previous_certificate_id": OLD},
                    {"load_balancer": "uuid-of-c", "port": 443, "previous_certificate_id": OLD},
                    {"load_balancer": "uuid-of-d", "port": 443, "previous_certificate_id": NEW},
                    {"load_balancer": "uuid-of-e", "port": 443, "previous_certificate_id": NEW},
                ],
            },
            {
                "certificate_id": 3,
                "listeners": [{"load_balancer": "uuid-of-b", "port": 8443, "previous_certificate_id": OLD}],
            },
        ],
        "max_listeners": 4,
    }


def test_why_a_listener_keeps_its_certificate_is_not_forgotten() -> None:
    """The call that looks at it says only that it has that."""
    plan = [listener(name, outcome="skipped", reason="key_type_not_offered", message="Not taken.") for name in "ab"]
    found = [
        {**plan[0], "outcome": "unchanged", "reason": None, "message": "It is served.", "served": True},
        {**plan[1], "outcome": "failed", "reason": "not_served", "message": "It is not.", "served": False},
    ]
    told = [
        (one["outcome"], one["reason"], one["message"], one["served"])
        for one in with_outcomes(plan, {"listeners": found})
    ]
    assert told == [
        ("skipped", "key_type_not_offered", "Not taken.", True),
        ("failed", "not_served", "It is not.", False),
    ]


def test_what_the_api_names_for_a_listener() -> None:
    planned, (switched, *_others) = settle(PLAN, is_done=False)[0], settle(PLAN, is_done=True)
    assert (planned.is_switched, planned.certificate_id) == (False, OLD)
    assert (switched.is_switched, switched.certificate_id) == (True, NEW)


def settled_after(plan: list[Any], answers: list[Any]) -> list[Settled]:
    """The listeners of a plan, with what calls said about them."""
    found = [one for answer in answers for one in answer["listeners"]]
    return settle(with_outcomes(plan, {"listeners": found}), is_done=True)


def test_what_is_looked_at_by_which_name() -> None:
    odd = {"subject_alt_names": ["192.0.2.1", "*.example.org"], "common_name": None}
    plan = [
        listener("a"),
        listener("b", **odd),
        listener("c", subject_alt_names=[], common_name=None),
        listener("d", subject_alt_names=["2001:db8::1", "192.0.2.1"], common_name=None),
        listener("without-address", address=None),
        listener("gone", outcome="skipped", reason="not_found"),
        listener("none", outcome="skipped", certificate=None),
        listener("failed"),
    ]
    settled = settled_after(plan, done(plan[-1], served=False, outcome="failed", reason="not_served"))
    looked = endpoints(settled)
    assert [(one["host"], one["server_name"]) for one in looked] == [
        ("a.lb.example.net", "www.example.com"),
        ("b.lb.example.net", "www.example.org"),
        ("c.lb.example.net", "c.lb.example.net"),
        ("d.lb.example.net", "192.0.2.1"),
    ]
    found = {one["load_balancer"]: (one["outcome"], one["reason"]) for one in verdicts(settled, [seen([NEW])] * 4)}
    assert found == {
        "a": ("verified", None),
        "b": ("verified", None),
        "c": ("verified", None),
        "d": ("verified", None),
        "without-address": ("skipped", "not_reachable"),
        "gone": ("skipped", "not_found"),
        "none": ("skipped", "not_found"),
    }


@pytest.mark.parametrize(
    ("endpoint", "expected", "said"),
    [
        (seen([9, NEW]), ("verified", None, True), "It serves its certificate."),
        (seen([NEW], "untrusted"), ("verified", None, True), "It serves its certificate, but: It is untrusted."),
        (seen([OLD]), ("failed", "not_served", False), "it serves certificate 1 (www.example.com, valid until 2027"),
        (seen([]), ("failed", "not_served", False), "it serves one that is not in the store"),
        (seen(None, "handshake_failed"), ("failed", "not_served", False), "it does not serve it"),
        (seen([NEW], "handshake_failed"), ("failed", "not_served", False), "it does not serve it"),
        (seen(None, "no_tls"), ("failed", "not_served", False), "it does not serve it"),
        (seen(None, "timeout"), ("skipped", "not_reachable", None), "cannot be looked at from here: It is timeout."),
        (seen(None, "unreachable"), ("skipped", "not_reachable", None), "cannot be looked at from here"),
    ],
)
def test_what_is_served_is_compared_with_what_the_api_names(
    endpoint: dict[str, Any], expected: tuple[Any, ...], said: str
) -> None:
    plan = [listener("a")]
    (found,) = verdicts(settled_after(plan, done(*plan)), [endpoint])
    assert (found["outcome"], found["reason"], found["served"]) == expected
    assert said in found["message"]
    assert found["certificate_id"] == NEW
    assert found["fingerprint_sha256"] == ("print" if found["served"] else f"print-{NEW}")


def test_what_the_api_names_is_known_by_its_id_only() -> None:
    """If it is not what is meant, the facts of the plan are not its own."""
    (found,) = verdicts(settle([listener("a")], is_done=False), [seen([NEW])])
    assert (found["outcome"], found["certificate_id"], found["fingerprint_sha256"]) == ("failed", OLD, None)


@pytest.mark.parametrize(
    ("names", "shown"), [(["192.0.2.1", "www.example.com"], "www.example.com"), ([], "without a name")]
)
def test_what_is_served_in_place_of_it_has_a_name(names: list[str], shown: str) -> None:
    served = {**seen([]), "common_name": None, "subject_alt_names": names}
    (found,) = verdicts(settled_after([listener("a")], done(listener("a"))), [served])
    assert f"({shown}, valid until 2027-01-01T00:00:00Z)" in found["message"]
    assert found["common_name"] == "www.example.com", "that of the certificate that the listener has"


# What was replaced

STORE = [stored(OLD, "2025"), stored(NEW)]


def removed(store: list[Any], answers: list[Any], plan: list[Any], **other: Any) -> tuple[list[int], list[str]]:
    settled = settled_after(plan, answers)
    how: dict[str, Any] = {"judged": (), "imported": (), "remove_unseen": False, **other}
    found = removal(store, settled, how["judged"], how["imported"], AT, remove_unseen=how["remove_unseen"])
    return list(found.ids), [one["reason"] for one in found.kept]


@pytest.mark.parametrize(
    ("served", "unseen", "expected"),
    [
        (True, False, ([OLD], [])),
        (None, False, ([], ["not_reachable"])),
        (None, True, ([OLD], [])),
        (False, True, ([], [])),  # which the listener's own failure tells
    ],
)
def test_what_was_replaced_goes_once_all_listeners_were_seen(served: bool | None, unseen: bool, expected: Any) -> None:
    plan = [listener("a"), listener("b")]
    answers = [*done(plan[0]), *done(plan[1], served=served, outcome="switched" if served is not False else "failed")]
    assert removed(STORE, answers, plan, remove_unseen=unseen) == expected


def test_a_listener_that_was_not_switched_keeps_the_old_one() -> None:
    plan = [listener("a"), listener("b")]
    back = [*done(plan[0]), *done(plan[1], served=False, outcome="rolled_back")]
    assert removed(STORE, back, plan, remove_unseen=True) == ([], [])


@pytest.mark.parametrize("remove_unseen", [True, False])
def test_what_a_listener_of_other_names_still_shows_is_kept(remove_unseen: bool) -> None:
    """Whatever the API says of that listener."""
    plan = [listener("a"), listener("b", certificate=9, previous_certificate_id=8)]
    shows = {"served": False, "served_fingerprint_sha256": stored(OLD)["fingerprint_sha256"]}
    seen_by_deploy = [*done(plan[0]), *done(plan[1], outcome="failed", **shows)]
    assert removed(STORE, seen_by_deploy, plan, remove_unseen=remove_unseen) == ([], ["not_served"])
    later = [plan[0] | {"served": True}, plan[1] | shows]
    assert removed(STORE, done(*plan), plan, judged=later, remove_unseen=remove_unseen) == ([], ["not_served"])


def test_an_earlier_run_may_have_switched_them() -> None:
    """It was killed before it had seen them."""
    plan = [listener("a", outcome="unchanged"), listener("b", outcome="unchanged")]
    assert removed(STORE, done(*plan), plan) == ([OLD], [])
    assert removed(STORE, [*done(plan[0]), *done(plan[1], served=None)], plan) == ([], ["not_reachable"])


def test_a_listener_that_the_run_does_not_deal_with_was_not_seen() -> None:
    """Such as one of another balancer, switched by an earlier run, which was narrowed to that one."""
    elsewhere = {"load_balancer": "b", "load_balancer_uuid": "uuid-of-b", "port": 443}
    here = {"load_balancer": "a", "load_balancer_uuid": "uuid-of-a", "port": 443}
    plan = [listener("a")]
    for services, expected in (([here], ([OLD], [])), ([here, elsewhere], ([], ["not_reachable"]))):
        store = [stored(OLD, "2025"), stored(NEW, services=services)]
        assert removed(store, done(*plan), plan) == expected
        assert removed(store, done(*plan), plan, remove_unseen=True) == expected


def test_what_the_verify_phase_saw_last_counts() -> None:
    plan = [listener("a")]
    unseen, saw = done(*plan, served=None), done(*plan)
    judged = {name: [{**plan[0], "served": served}] for name, served in (("yes", True), ("no", False), ("?", None))}
    assert removed(STORE, unseen, plan, judged=judged["yes"]) == ([OLD], [])
    assert removed(STORE, saw, plan, judged=judged["no"], remove_unseen=True) == ([], ["not_served"])
    assert removed(STORE, saw, plan, judged=judged["?"]) == ([], ["not_reachable"])
    assert removed(STORE, saw, plan, judged=judged["?"], remove_unseen=True) == ([OLD], [])


def test_what_was_imported_and_no_listener_has_replaces_older_ones_too() -> None:
    assert removed(STORE, [], [], imported=[NEW]) == ([OLD], [])
    assert removed(STORE, [], [], imported=[]) == ([], [])
    assert removed(STORE, [], [], imported=[OLD, NEW]) == ([], []), "nothing that this run has imported"


@pytest.mark.parametrize(
    ("before", "after"), [({}, {"common_name": None}), ({"common_name": None}, {}), (*[{"common_name": None}] * 2,)]
)
def test_which_name_is_the_common_one_does_not_count(before: dict[str, Any], after: dict[str, Any]) -> None:
    names = ("www.example.com", "shop.example.com")
    plan = [listener("a", outcome="unchanged")]
    for old in (stored(OLD, "2025", **before), stored(OLD, "2025", names=("192.0.2.1", *names), **before)):
        new = stored(NEW, names=("192.0.2.1", *names), **after)
        assert removed([old, new], done(*plan), plan) == ([OLD], [])
        assert removed(
            [old, {**new, "subject_alt_names": ["shop.example.com"], "common_name": None}], done(*plan), plan
        ) == ([], [])


@pytest.mark.parametrize(
    "old",
    [
        stored(OLD, "2025", names=("www.example.com", "other.example.com")),
        stored(OLD, "2025", names=()),
        stored(OLD, "2025", key_type="EC"),
        stored(OLD, "2025", organization_name="Another"),
        stored(OLD, "2025", fingerprint_sha256=None),
        stored(OLD, "2026"),
    ],
)
def test_what_the_new_one_cannot_stand_in_for_stays(old: dict[str, Any]) -> None:
    plan = [listener("a", outcome="unchanged")]
    assert removed([old, stored(NEW)], done(*plan), plan, remove_unseen=True) == ([], [])


@pytest.mark.parametrize("count", [1, None])
def test_what_another_service_uses_stays_and_is_told(count: int | None) -> None:
    plan = [listener("a", outcome="unchanged")]
    old = stored(OLD, "2025", associated_service_count=count)
    assert removed([old, stored(NEW)], done(*plan), plan, remove_unseen=True) == ([], ["in_use"])


def test_an_expired_certificate_replaces_nothing() -> None:
    plan = [listener("a", outcome="unchanged")]
    assert removed([stored(OLD, "2023"), stored(NEW, "2024")], done(*plan), plan) == ([], [])


# The result


def counts(result: dict[str, Any]) -> dict[str, int]:
    return {name: len(records) for name, records in result.items() if records}


def test_the_lists_of_a_run() -> None:
    answers = [*done(PLAN[0]), *done(*PLAN[1:3], outcome="rolled_back"), *done(PLAN[4])]
    listeners = [one.record for one in settled_after(PLAN, answers)]
    run = Rollout({"listeners": listeners}, is_done=True, seen={"endpoints": [seen([NEW])] * 3 + [seen([OLD])]})
    result = lists(run, ["deploy", "verify"], is_check_mode=False)
    assert counts(result) == {"deployed": 2, "unchanged": 1, "skipped": 1, "failed": 4, "verified": 3}
    assert [one["load_balancer"] for one in result["verified"]] == ["a", "c", "d"]


def test_check_mode_tells_the_plan_as_deployed() -> None:
    run = Rollout({"listeners": PLAN})
    assert counts(lists(run, ["deploy"], is_check_mode=True)) == {
        "deployed": 4,
        "unchanged": 1,
        "skipped": 1,
        "failed": 1,
    }
    assert counts(lists(run, ["deploy"], is_check_mode=False)) == {"unchanged": 1, "skipped": 1, "failed": 1}
    assert counts(lists(run, ["verify"], is_check_mode=False)) == {}


def test_calls_that_failed_as_a_whole() -> None:
    failure = {"failure": {"code": "api_error", "message": "No."}}
    assert lists(Rollout(failure), ["deploy"], is_check_mode=False)["failed"] == [
        {"common_name": "the load balancers", "reason": "api_error", "code": "api_error", "message": "No."}
    ]
    run = Rollout({"listeners": PLAN[:2]}, seen=failure, stock=failure, removed=[failure])
    failed = lists(run, ["deploy", "verify"], is_check_mode=False)["failed"]
    assert [one.get("load_balancer") or one["common_name"] for one in failed] == [
        "what the load balancers serve",
        "the certificate store",
        "the certificate store",
    ]


def test_what_came_into_use_meanwhile_is_skipped() -> None:
    certificates = [
        {"id": 1, "outcome": "removed", "reason": None},
        {"id": 2, "outcome": "failed", "reason": "in_use"},
        {"id": 3, "outcome": "failed", "reason": "api_error"},
    ]
    run = Rollout({"listeners": []}, removal={"kept": [{"id": 4}]}, removed=[{"certificates": certificates}])
    result = lists(run, ["deploy"], is_check_mode=False)
    found = {name: [one["id"] for one in result[name]] for name in ("removed", "skipped", "failed")}
    assert found == {"removed": [1], "skipped": [4, 2], "failed": [3]}
