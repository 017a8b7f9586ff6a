# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The summary of a run of the role `ssl_fulfillment`."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.softlayer.certificates.plugins.action.ssl_certificate_report import summarize_run
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.summary import Run

AT = datetime(2026, 12, 1, tzinfo=timezone.utc)
ORDER = {"id": 7, "common_name": "www.example.com", "status": "pending", "expires_at": None, "product": None}


def end(**answers: Any) -> dict[str, Any]:
    return summarize_run(Run.of(answers), AT, is_check_mode=False)


def test_a_report_has_its_table() -> None:
    """After the remedies, and before the totals."""
    listed = {"orders": [{**ORDER, "approver_email": "a@example.com"}], "order_count": 1}
    told = end(requested_phases=["report"], order_list=listed, store={"certificates": []}, email_plan={"emails": []})
    lines = told["lines"]
    assert lines[0].startswith("ATTENTION: www.example.com (order 7): pending: ")
    assert lines[1].startswith("ORDER ") and lines[2].startswith("7 ") and lines[3] == "1 order: 1 needs attention."
    assert not told["changed"] and told["error"] == "" and told["report"]["orders"] == listed["orders"]


def test_an_error_is_not_among_the_lines() -> None:
    listed = {"orders": [], "missing_order_ids": [7]}
    told = end(requested_phases=["request"], order_list=listed, emails={"emails": [], "order_count": 1})
    assert told["error"].startswith("1 item failed:\norder 7: ") and told["lines"] == ["This run: 1 failed."]
    assert told["report"] == {} and told["result"]["failed"][0]["reason"] == "not_found"
