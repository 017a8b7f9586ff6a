# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists: pages, totals, order, and the ways in which they may misbehave."""

from __future__ import annotations

from typing import Any

import pytest
import SoftLayer
from SoftLayer import utils

from tests.simulator.client import Simulator

REQUEST = ("Security_Certificate_Request", "getSslCertificateRequests")
BY_ID = {"id": utils.query_filter_orderby()}


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


def every_id(sim: Simulator) -> list[int]:
    return ids(sim.orders())


@pytest.fixture(autouse=True)
def paged(sim: Simulator) -> None:
    """Orders come in pages, although no limit is documented for them."""
    sim.settings(page_every_list=True)


def page(sdk: SoftLayer.BaseClient, sim: Simulator, **options: Any) -> Any:
    return sdk.call(*REQUEST, sim.account_id, **{"mask": "mask[id]", "filter": BY_ID, **options})


def test_a_limit_counts_only_where_it_is_documented(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    sim.settings(page_every_list=False, page_size_cap=4, repeat_rows=1)
    rows = page(sdk, sim, limit=5, offset=5)
    assert (ids(rows), rows.total_count) == (every_id(sim), 12)
    sim.settings(page_size_cap=0, repeat_rows=0)
    stored = sdk.call("Account", "getSecurityCertificates", mask="mask[id]", limit=5, offset=1)
    assert (len(stored), stored.total_count) == (0, 1)
    assert sim.ignored() == {("SoftLayer_Security_Certificate_Request::getSslCertificateRequests", "limit")}


def test_order_changes_from_call_to_call_unless_asked_for(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    orders = {tuple(ids(page(sdk, sim, filter={}))) for _time in range(10)}
    assert len(orders) > 1
    assert ids(page(sdk, sim)) == every_id(sim)


def test_a_filter_at_the_wrong_root_is_ignored(sdk: SoftLayer.BaseClient) -> None:
    no_match = {"operation": "none.example.com"}
    listed = ("Account", "getSecurityCertificates")
    assert len(sdk.call(*listed, filter={"commonName": no_match})) == 1
    assert len(sdk.call(*listed, filter={"securityCertificates": {"commonName": no_match}})) == 0


@pytest.mark.parametrize(
    ("settings", "limit", "pages"),
    [
        ({"page_size_cap": 4}, 10, {2: (2, 6), 8: (8, 12)}),
        ({"ignore_limits": True}, 2, {0: (0, 12), 2: (0, 12)}),
        ({"repeat_rows": 2}, 4, {0: (0, 4), 4: (2, 8), 8: (6, 12)}),
    ],
    ids=str,
)
def test_pages_that_are_not_as_asked_for(
    sim: Simulator, sdk: Any, settings: dict[str, Any], limit: int, pages: dict[int, tuple[int, int]]
) -> None:
    sim.settings(**settings)
    for offset, (first, last) in pages.items():
        assert ids(page(sdk, sim, limit=limit, offset=offset)) == every_id(sim)[first:last]


def test_no_total(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    sim.settings(omit_total=True)
    assert page(sdk, sim).total_count == 0
