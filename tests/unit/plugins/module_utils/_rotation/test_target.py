# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What listeners and endpoints have in common; what endpoints have of their own is tested in test_endpoints."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import ListenerAction, Place
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.target import updated

from tests.support.rotating import listener
from tests.support.stored import Made

OLD, NEW = 1, 2
SWITCHED = listener(OLD, Made().record(NEW), served=None)


def test_what_a_listener_has_in_the_end() -> None:
    refused = SWITCHED.failed("api_error", "No.", is_changed=False)
    broken = SWITCHED.failed("not_served", "No.", is_changed=True)
    back = replace(broken, outcome="rolled_back")
    assert [one.final_handle for one in (SWITCHED, refused, broken, back)] == [NEW, OLD, NEW, OLD]


def test_what_is_not_known_of_a_listener_is_not_claimed() -> None:
    """Neither that clients accept what it has, nor that they were refused before, nor that a user has accepted that."""
    unknown = ListenerAction("unchanged", None, "It is as it was.", Place.missing("web", 443))
    flags = {name for name, value in vars(unknown).items() if value is True}
    assert flags == {"is_everywhere"}
    known = {name for name, value in vars(unknown).items() if value not in (None, False, ())}
    assert known == {"outcome", "message", "place", *flags}


def test_what_can_be_seen_of_a_listener_is_what_it_has() -> None:
    """If that is known, and the listener has not failed."""
    unreadable = replace(SWITCHED, target=replace(Made().record(NEW), certificate=None))
    broken = SWITCHED.failed("not_served", "No.", is_changed=True)
    shown = (SWITCHED, replace(SWITCHED, target=None), unreadable, broken, replace(broken, outcome="rolled_back"))
    assert [one.is_to_be_seen for one in shown] == [True, False, False, False, False]
    assert [one.is_known for one in shown] == [True, False, False, True, True]
    assert [one.has_failed for one in shown] == [False, False, False, True, True]


def test_what_was_looked_at_anew_takes_its_place() -> None:
    other = listener(OLD, None, "mail")
    seen = replace(other, served=True)
    assert updated([SWITCHED, other], [seen]) == [SWITCHED, seen]
