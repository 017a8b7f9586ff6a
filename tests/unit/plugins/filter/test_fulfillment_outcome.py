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
    assert told["lines"][-1].endswith("failed 1") and "There is no such order" in told["failure"]
