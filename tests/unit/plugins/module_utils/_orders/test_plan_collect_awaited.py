# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.plan_collect import why_person_needed

AT = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def test_an_email_whose_address_is_not_known_went_to_the_domains_administrator() -> None:
    why = why_person_needed(
        {"reason": "waiting_for_email", "message": "It waits."}, {"first_requested_at": iso(AT - DAY)}, AT
    )
    assert why and " and went to the domain administrator: see whether" in why


@pytest.mark.parametrize(
    ("skipped", "requested", "is_needed"),
    [
        ({"reason": "chain_incomplete"}, None, True),
        ({"reason": "untrusted"}, None, False),
        ({"reason": "waiting_for_key", "needs_person": True}, None, True),
        ({"reason": "waiting_for_key", "needs_person": False}, AT - 9 * DAY, False),
        ({"reason": "waiting_for_certificate"}, AT - 9 * DAY, False),
        ({"reason": "pending"}, AT - 9 * DAY, False),
        ({"reason": "waiting_for_email"}, None, False),
        ({"reason": "waiting_for_email"}, AT - DAY + timedelta(seconds=1), False),
        ({"reason": "waiting_for_email"}, AT - DAY, True),
        ({"reason": "waiting_for_email", "not_before": iso(AT - 90 * DAY)}, AT - DAY, True),
        ({"reason": "waiting_for_email", "not_before": iso(AT + DAY)}, AT - DAY, False),
    ],
)
def test_what_waits_for_a_person_longer_than_it_should(
    skipped: dict[str, Any], requested: datetime | None, is_needed: bool
) -> None:
    email = {"recipient": "admin@example.com", "first_requested_at": iso(requested)} if requested else {}
    why = why_person_needed({"message": "So it is.", **skipped}, email, AT)
    assert (why is not None) == is_needed
    if why and skipped["reason"] == "waiting_for_email":
        assert why.startswith("So it is. Its email was requested at 2026-01-30T12:00:00Z and went to admin@example.com")
    elif why:
        assert why == "So it is.", "the module has named the remedy"
