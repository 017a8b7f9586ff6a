# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""That a result which differs from its documentation is noticed; the tests of modules rely on it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter.certificate_facts import FilterModule

from tests.support.certificates import self_signed
from tests.support.documented import deviations
from tests.support.pages import plugin_source

GOOD: dict[str, Any] = {
    "changed": False,
    "certificates": [],
    "certificate_count": 0,
    "missing_certificate_ids": [1, 2],
    "limited_to_view": False,
    "missing_fields": [],
    "api_calls": 3,
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


def test_the_filter_certificate_facts_returns_what_is_documented() -> None:
    facts = FilterModule().filters()["certificate_facts"](self_signed("www.example.com").pem)
    documented = plugin_source("filter", "certificate_facts")["RETURN"]["_value"]["contains"]
    assert facts.keys() == documented.keys()
