# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter fulfillment_report: what it returns, and that it says what it lacks."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import fulfillment_report as plugin

fulfillment_report = plugin.FilterModule().filters()["fulfillment_report"]
ORDER: dict[str, Any] = {
    "id": 7,
    "common_name": "www.example.com",
    "product": None,
    "status": "complete",
    "approver_email": None,
    "expires_at": "2999-01-01T00:00:00Z",
    "public_key_sha256": None,
    "certificate_ids": [],
}


def test_data_and_table() -> None:
    report = fulfillment_report([ORDER], {"reasons": {}}, [])
    assert report["data"]["states"]["requestable"] == 1
    assert report["data"]["orders"][0]["explanation"] == "requestable"  # there are no words for it
    assert report["csv"].splitlines()[1].startswith("7,www.example.com,")


def test_the_previous_report_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "now", lambda: datetime(2026, 3, 10, 12, tzinfo=timezone.utc))
    first = fulfillment_report([ORDER], {"reasons": {}})["data"]
    monkeypatch.setattr(plugin, "now", lambda: datetime(2026, 3, 10, 13, tzinfo=timezone.utc))
    assert fulfillment_report([ORDER], {"reasons": {}}, previous=json.dumps(first))["data"] == first


def test_lists_that_are_none_are_empty() -> None:
    report = fulfillment_report(None, {"reasons": {}}, *[None] * 6)
    assert (report["data"]["order_count"], report["data"]["orders"]) == (0, [])
    assert len(fulfillment_report([ORDER], {"reasons": {}}, *[None] * 6)["data"]["orders"]) == 1
