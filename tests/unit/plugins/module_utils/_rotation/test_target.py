# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What listeners and endpoints have in common; what endpoints have of their own is tested in test_endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import ListenerAction, Place
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.target import merge_updates
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer, Listener
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of

from tests.support.certificates import NOW
from tests.support.rotating import listener
from tests.support.stored import Made

OLD, NEW = 1, 2
SWITCHED = listener(OLD, Made().record(NEW), served=None)
NOW_SERVED = Made()
KEPT = listener(1, NOW_SERVED.record(1))


def missing() -> ListenerAction:
    """A listener that is not there."""
    place = Place(Balancer(0, "", "web", None, "", None, (), ()), Listener("", "", 443, None))
    return ListenerAction("unchanged", None, {"kept": "best"}, place)


def test_what_a_listener_has_in_the_end() -> None:
    refused = SWITCHED.mark_failed("api_error", {"error": "No."}, is_changed=False)
    broken = SWITCHED.mark_failed("not_served", {"error": "No."}, is_changed=True)
    back = replace(broken, outcome="rolled_back")
    assert [one.final_handle for one in (SWITCHED, refused, broken, back)] == [NEW, OLD, NEW, OLD]


def test_what_is_not_known_of_a_listener_is_not_claimed() -> None:
    """Neither that clients accept what it has, nor that they were refused before, nor that a user has accepted that."""
    unknown = missing()
    flags = {name for name, value in vars(unknown).items() if value is True}
    assert flags == {"is_everywhere"}
    known = {name for name, value in vars(unknown).items() if value not in (None, False, ())}
    assert known == {"outcome", "facts", "place", *flags}


def test_what_can_be_seen_of_a_listener_is_what_it_has() -> None:
    """If that is known, and the listener has not failed."""
    unreadable = replace(SWITCHED, target=replace(Made().record(NEW), certificate=None))
    broken = SWITCHED.mark_failed("not_served", {"error": "No."}, is_changed=True)
    shown = (SWITCHED, replace(SWITCHED, target=None), unreadable, broken, replace(broken, outcome="rolled_back"))
    assert [one.is_verifiable for one in shown] == [True, False, False, False, False]
    assert [one.is_known for one in shown] == [True, False, False, True, True]
    assert [one.has_failed for one in shown] == [False, False, False, True, True]


def test_what_was_checked_again_takes_its_place() -> None:
    other = listener(OLD, None, "mail")
    seen = replace(other, served=True)
    assert merge_updates([SWITCHED, other], [seen]) == [SWITCHED, seen]


# Why a listener may serve something else than it has


def cause(action: ListenerAction, *seen: Made, **changed: Any) -> tuple[str, Any, Any]:
    """Why a listener that serves something else may do so, and the certificate that it could be switched to for a while."""
    chains = tuple((certificate_of(made.record(None)),) for made in seen)
    why = replace(action, served_chains=chains, **changed).expectation["cause"]
    return why.reason, why.facts.get("other_id"), why.facts.get("allow")


@pytest.mark.parametrize(("status", "reason"), [("UPDATE_PENDING", "balancer_busy"), ("ERROR", "balancer_error")])
def test_a_listener_of_a_balancer_that_accepts_no_change_is_not_to_be_switched(status: str, reason: str) -> None:
    """What it has may yet come, too."""
    place = replace(KEPT.place, balancer=replace(KEPT.place.balancer, provisioning_status=status))
    assert cause(KEPT, place=place, predecessor_id=7) == (reason, None, None)
    assert replace(KEPT, place=place).expectation["cause"].facts == {"balancer": place.balancer}


def test_a_listener_that_serves_something_else_is_switched_and_back_if_clients_lose_nothing_by_that() -> None:
    over, due = Made(days=(-90, -1)), Made(days=(-80, 10))
    support = ("not_served", None, None)
    assert cause(KEPT, over) == support
    for seen in ((), (over,), (due,)):
        assert cause(KEPT, *seen, predecessor_id=7) == ("not_served", 7, [])
    assert cause(KEPT, predecessor_id=7, is_way_back_lossy=True) == support
    assert cause(KEPT, over, expired_predecessor=over.record(7)) == ("not_served", 7, ["allow_expired"])
    for seen in ((), (due,), (over, due)):  # it is not known whether clients would lose something
        assert cause(KEPT, *seen, expired_predecessor=over.record(7)) == support


def test_nothing_is_known_of_what_was_just_switched() -> None:
    """The change may yet show."""
    nothing = replace(KEPT, target=None, target_id=None)
    unknown = replace(missing(), target_id=1)
    assert [one.expectation["cause"] for one in (SWITCHED, nothing, unknown)] == [None] * 3


def test_when_a_listener_was_set_is_known_if_the_api_says_so() -> None:
    place = replace(KEPT.place, listener=replace(KEPT.place.listener, modified_at=NOW))
    facts = replace(KEPT, place=place).expectation["cause"].facts
    assert (facts["since"], facts["balancer"], facts["called"]) == (NOW, KEPT.place.balancer, "web:443")
