# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the end of the role is told; what it means: ../module_utils/_report/test_fulfillment.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.filter import _fulfillment_outcome as plugin

fulfillment_outcome = plugin.FilterModule().filters()["_fulfillment_outcome"]
NOTHING: dict[str, Any] = {name: {} for name in ("listed", "emails", "mails", "imported", "known", "store")}


def test_of_long_lists_only_the_rest_of_the_answer_is_looked_at() -> None:
    listed = {"orders": [{"id": 1}, {"id": 2}], "missing_order_ids": [3], "diff": object()}
    told = fulfillment_outcome({**NOTHING, "listed": listed}, ["import"], False)
    assert [one["order_id"] for one in told["result"]["failed"]] == [3]
    assert told["totals"].endswith("failed 1") and told["summary"][-2] == told["totals"]
    assert "There is no such order" in told["summary"][-1] and "There is no such order" in told["failure"]["message"]


def test_when_an_email_was_requested_says_since_when_it_is_waited_for() -> None:
    """In a phase that waits for it: asked in this run, or looked up."""
    missing = {"order_id": 1, "common_name": "www.example.com", "reason": "waiting_for_email", "message": "It waits."}
    mails = {"certificates": [], "missing": [missing]}
    email = {"order_id": 1, "recipient": "a@example.com", "outcome": "skipped", "reason": "cooldown", "message": ""}
    emails = {"emails": [{**email, "order_id": 2}, {**email, "first_requested_at": "2026-01-01T00:00:00Z"}]}
    for source in ("emails", "known"):
        told = fulfillment_outcome({**NOTHING, "mails": mails, source: emails}, ["collect"], False)
        (skipped,) = [record for record in told["result"]["skipped"] if record["order_id"] == 1]
        assert skipped["needs_person"] and "2026-01-01T00:00:00Z" in skipped["message"]
        assert told["failure"]["message"].startswith("1 order needs a person: www.example.com, order 1: ")
        assert told["result"]["failed"] == []
    told = fulfillment_outcome({**NOTHING, "mails": mails}, ["collect"], False)
    assert not told["failure"] and not told["result"]["skipped"][0]["needs_person"], "nobody knows since when"
    told = fulfillment_outcome({**NOTHING, "mails": mails, "known": emails}, ["report"], False)
    assert not told["failure"], "a report only tells"
