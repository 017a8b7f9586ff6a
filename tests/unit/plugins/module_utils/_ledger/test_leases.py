# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a claim of another run is waited for, and a request forbids another. What comes of it: tests/outside/test_at_once.py, test_turns.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    CLOCK_TOLERANCE,
    Entry,
    Key,
    lease_for,
)

AT = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
LEASE = lease_for(60)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(hours=24)
CLAIM = Entry(1, Key("create", f"7/{'ab' * 32}"), AT, "claimed", AT + LEASE)


def test_a_lease_is_longer_than_a_call_that_begins_late() -> None:
    assert lease_for(60) > timedelta(seconds=120)
    assert lease_for(0.5) >= timedelta(seconds=60)


@pytest.mark.parametrize("ahead", [timedelta(), CLOCK_TOLERANCE, -CLOCK_TOLERANCE, timedelta(days=400)], ids=str)
def test_one_that_was_seen_for_the_length_of_its_lease_is_over(ahead: timedelta) -> None:
    """Whatever the two clocks say."""
    at = AT - ahead
    assert CLAIM.is_over(LEASE, at)
    assert not CLAIM.is_over(LEASE - SECOND, at)


@pytest.mark.parametrize("tolerance", [CLOCK_TOLERANCE, timedelta(days=1)], ids=str)
def test_one_from_long_ago_is_not_waited_for(tolerance: timedelta) -> None:
    late = AT + LEASE + tolerance
    assert CLAIM.is_over(timedelta(), late, tolerance)
    assert not CLAIM.is_over(timedelta(), late - SECOND, tolerance)


@pytest.mark.parametrize(
    ("requested", "noticed", "at", "until"),
    [
        (AT, None, AT, AT + DAY),
        (AT, None, AT + DAY - SECOND, AT + DAY),
        (AT, None, AT + DAY, None),
        (AT + 2 * DAY, None, AT, AT + DAY),
        (AT + 2 * DAY, AT, AT + HOUR, AT + DAY),
        (AT + 2 * DAY, AT, AT + DAY, None),
        (AT + 2 * DAY, AT, AT + 2 * DAY, AT + 3 * DAY),  # its own time has come
        (AT + 2 * DAY, AT + 3 * DAY, AT + HOUR, AT + DAY + HOUR),  # noticed by one whose clock is wrong, too
    ],
)
def test_until_when_a_request_forbids_another(
    requested: datetime, noticed: datetime | None, at: datetime, until: datetime | None
) -> None:
    entry = Entry(1, Key("email", "7/FulfillmentEmail/100"), requested, "confirmed", requested, noticed_at=noticed)
    assert entry.blocks_until(DAY, at) == until


@pytest.mark.parametrize(
    ("ahead", "wrong"), [(-DAY, False), (CLOCK_TOLERANCE, False), (CLOCK_TOLERANCE + SECOND, True)]
)
def test_a_clock_may_be_a_little_wrong(ahead: timedelta, wrong: bool) -> None:
    assert replace(CLAIM, requested_at=AT + ahead).is_from_the_future(AT) is wrong
