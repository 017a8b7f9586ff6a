# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""That a result which differs from its documentation is noticed; the tests of modules rely on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import (
    certificate_facts,
    certificate_files,
    fulfillment_report,
)

from tests.support.certificates import self_signed
from tests.support.documented import deviations, deviations_of_filter

GOOD: dict[str, Any] = {
    "changed": False,
    "certificates": [],
    "certificate_count": 0,
    "missing_certificate_ids": [1, 2],
    "limited_to_view": False,
    "missing_fields": [],
    "api_calls": 3,
}
ORDER: dict[str, Any] = {
    "id": 7,
    "common_name": "www.example.com",
    "subject_alt_names": [],
    "product": "RapidSSL - 1 year",
    "status": "complete",
    "approver_email": "admin@example.com",
    "effective_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z",
    "public_key_sha256": "ab",
    "imported": False,
    "certificate_ids": [],
}
STORED: dict[str, Any] = {
    "id": 4711,
    "common_name": "www.example.com",
    "subject_alt_names": ["www.example.com"],
    "public_key_sha256": "ab",
    "not_before": "2026-01-01T00:00:00Z",
    "not_after": "2026-01-02T00:00:00Z",
    "notes": "",
    "days_until_expiry": 0,
    "renewal_due": True,
    "associated_service_count": 1,
    "services": [{"load_balancer": "shop", "port": 443}],
    "superseded_by": [],
}
FAILURE = {"code": "unreachable", "message": "No.", "details": {"call": "SoftLayer_Account::getObject"}}


def test_what_is_documented_passes() -> None:
    assert deviations("ssl_certificate_info", GOOD) == []
    assert deviations("ssl_certificate_info", {"failed": True, "msg": "No.", "failure": FAILURE}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"surprise": 1}, "surprise is not documented"),
        ({"api_calls": "3"}, "api_calls is no int"),
        ({"api_calls": True}, "api_calls is no int"),
        ({"missing_certificate_ids": ["1"]}, "missing_certificate_ids[] is no int"),
        ({"certificates": [{"id": 1}]}, "certificates[].common_name is not returned"),
        ({"certificates": [{"private_key": "-"}]}, "certificates[].private_key is not documented"),
        ({"failed": True}, "failure is not returned"),
    ],
)
def test_what_is_not_is_named(change: dict[str, Any], said: str) -> None:
    assert said in deviations("ssl_certificate_info", GOOD | change)


def test_a_key_that_is_always_returned_is_missed() -> None:
    lacking = {name: value for name, value in GOOD.items() if name != "api_calls"}
    assert deviations("ssl_certificate_info", lacking) == ["api_calls is not returned"]


def test_filters_return_what_is_documented() -> None:
    facts = certificate_facts.FilterModule().filters()["certificate_facts"](self_signed("www.example.com").pem)
    assert deviations_of_filter("certificate_facts", facts) == []
    assert (
        deviations_of_filter("certificate_facts", {"surprise": 1})[0] == "certificate_facts.surprise is not documented"
    )


def test_the_filters_of_orders_return_what_is_documented(tmp_path: Path) -> None:
    files = certificate_files.FilterModule().filters()["certificate_files"]([ORDER], str(tmp_path), str(tmp_path))
    assert files["skipped"] and deviations_of_filter("certificate_files", files) == []
    report = fulfillment_report.FilterModule().filters()["fulfillment_report"]
    failed = [{"order_id": None, "common_name": "the mailbox", "reason": "unreachable", "message": "No."}]
    data = report([ORDER], {"reasons": {}}, [STORED], failed=failed)
    assert all(data["data"][name] for name in ("listeners", "load_balancers", "notices", "attention", "orders"))
    assert deviations_of_filter("fulfillment_report", data) == []
