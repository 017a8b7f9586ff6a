# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.fulfillment import (
    FURTHER,
    batches,
    steps,
    way,
    why_refused,
)
from hypothesis import given
from hypothesis import strategies as st

SETTINGS: dict[str, Any] = {
    "phases": ["request"],
    "batch_size": 100,
    "wait_timeout": 900.0,
    "from_inventory": False,
    "inventory_vars_prefix": "ssl_order_",
    "select": {},
    "remove_superseded": False,
}


def refused(folders: tuple[str, ...] = (), ids: list[int] | None = None, **settings: Any) -> str | None:
    """Why the role does not begin; all paths are absolute."""
    return why_refused({**SETTINGS, **settings}, ids, lambda path: path in folders, lambda path: path)


MAIL = {"mail": {"maildir": "/mail"}}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch_size": 0}, "ssl_fulfillment_batch_size is 0, but must be at least 1."),
        (
            {"phases": ["deploy"]},
            "Run the playbook softlayer.certificates.deploy, or that role with ssl_rotation_phases",
        ),
        (
            {"phases": ["import", "verify"]},
            "ssl_fulfillment_phases names verify: load balancers are what the role ssl_rotation",
        ),
        ({"phases": ["collect"]}, "by one of imap, maildir, mbox and paths."),
        (
            {"phases": ["collect"], "mail": {"mbox": "/m", "paths": []}},
            "it names mbox and paths, leave all but one out.",
        ),
        (
            {"phases": ["collect"], "mail": {"mbox": "/m", "wait_interval": 0}},
            "ssl_fulfillment_mail cannot be used: wait_interval must be greater than 0 and at most 2592000.",
        ),
        (
            {"phases": ["collect"], "wait_timeout": -1.0, **MAIL},
            "ssl_fulfillment_wait_timeout is -1.0, but must be greater than 0 and at most 2592000.",
        ),
        ({"phases": ["import"]}, "The import phase needs ssl_fulfillment_mail"),
        ({"phases": ["import"], **MAIL}, "The import phase needs ssl_fulfillment_mail"),
        ({"phases": ["import"], "privatekey_dir": "/keys"}, "The import phase needs ssl_fulfillment_mail"),
        ({"phases": ["import"], "mail": {}, "privatekey_dir": "/keys"}, "by one of imap, maildir, mbox and paths."),
        (
            {"phases": ["import"], "privatekey_dir": "/keys", "certificate_dir": "/none"},
            "There is no folder /none on the controller. Make it, or correct ssl_fulfillment_privatekey_dir and "
            "ssl_fulfillment_certificate_dir.",
        ),
        (
            {"phases": ["import"], "privatekey_dir": "/none", **MAIL},
            "There is no folder /none on the controller. Make it, or correct ssl_fulfillment_privatekey_dir.",
        ),
        ({"phases": ["report"]}, "The report phase needs ssl_fulfillment_report_path"),
        ({"phases": ["report"], "report_path": "/keys/report.pdf"}, "The report phase needs"),
        ({"phases": ["report"], "report_path": "/none/report.html"}, "The report phase needs"),
        ({"from_inventory": True}, "No host of the play is one of the selected orders"),
        ({"from_inventory": True, "ids": [1], "select": {"order_ids": [2]}}, "No host of the play is one of"),
    ],
)
def test_what_a_phase_needs(settings: dict[str, Any], said: str) -> None:
    reason = refused(("/keys",), **settings)
    assert reason is not None and said in reason


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"phases": ["collect"], **MAIL},
        {"phases": ["import"], "privatekey_dir": "/keys", "certificate_dir": "/keys"},
        {"phases": ["collect", "import"], "privatekey_dir": "/keys", **MAIL},
        {"phases": ["report"], "report_path": "/keys/report.html"},
        {"from_inventory": True, "ids": [1, 2], "select": {"order_ids": [2]}},
    ],
)
def test_what_is_enough(settings: dict[str, Any]) -> None:
    assert refused(("/keys",), **settings) is None


def way_of(ids_of_hosts: list[int] | None = None, **settings: Any) -> tuple[Any, bool]:
    found = way({**SETTINGS, **settings}, ids_of_hosts)
    return found.order_ids, found.is_direct


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (None, False)),
        ({"order_ids": [2, 1, 2]}, ([2, 1], True)),
        ({"select": {"order_ids": [1]}}, ([1], True)),
        ({"select": {"order_ids": [1, 2], "account_id": 7}, "order_ids": [2, 3]}, ([2], True)),
        ({"select": {"order_ids": []}}, ([], True)),
        ({"select": {"common_names": ["www.example.com"]}}, (None, True)),
        ({"select": {"common_names": []}}, (None, True)),
        ({"select": {"common_names": ["*.example.com"]}}, (None, True)),
        ({"select": {"common_names": ["www.example.com"]}, "order_ids": [1]}, ([1], False)),
        ({"select": {"order_ids": [1], "exclude_expired": True}}, ([1], False)),
        ({"order_ids": [1], "phases": ["request", "collect"]}, ([1], False)),
        ({"order_ids": [1], "phases": ["import"]}, ([1], False)),
        ({"order_ids": [1, 2, 3], "batch_size": 2}, ([1, 2, 3], True)),
        ({"select": {"common_names": ["a", "b", "c"]}, "batch_size": 2}, (None, True)),
        ({"ids_of_hosts": [3, 4], "from_inventory": True}, ([3, 4], False)),
        ({"ids_of_hosts": [3, 4], "from_inventory": True, "order_ids": [4, 5]}, ([4], False)),
    ],
)
def test_how_the_orders_are_found(settings: dict[str, Any], expected: tuple[Any, bool]) -> None:
    assert way_of(**settings) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["request"]),
        ({"phases": ["collect"], **MAIL}, ["collect"]),
        ({"phases": ["import"]}, ["import"]),
        ({"phases": ["import"], **MAIL}, ["collect", "import"]),
        ({"phases": ["report"], **MAIL}, ["collect", "report"]),
        ({"phases": ["report"]}, ["report"]),
        ({"phases": ["report", "import", "collect", "request"], **MAIL}, ["request", "collect", "import", "report"]),
        ({"phases": ["request"], **MAIL}, ["request"]),
    ],
)
def test_the_steps_of_a_run(settings: dict[str, Any], expected: list[str]) -> None:
    assert steps({**SETTINGS, **settings}) == expected


def test_batches_grow() -> None:
    """Large fleets are not held up by the starts of modules."""
    assert [batch.range for batch in batches(range(1_000), 100)] == ["1-100", "101-900", "901-1000"]
    assert {len(batch.items) for batch in batches(range(10_500), 100)[1:]} == {800}
    assert batches([], 100) == []


@given(st.integers(0, 500), st.integers(1, 40))
def test_each_item_is_in_one_batch(count: int, size: int) -> None:
    items = list(range(count))
    found = batches(items, size)
    assert [item for batch in found for item in batch.items] == items
    assert [len(batch.items) for batch in found[:1]] == ([min(size, count)] if count else [])
    assert all(len(batch.items) == FURTHER * size for batch in found[1:-1])
    for batch in found:
        first, last = batch.items[0] + 1, batch.items[-1] + 1
        assert batch.range == (f"{first}-{last}" if last > first else f"{last}")
