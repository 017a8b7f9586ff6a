# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists: pages, totals, and order."""

from __future__ import annotations

from typing import Any

import SoftLayer
from SoftLayer import utils

from tests.simulator.client import Simulator

REQUEST = ("Security_Certificate_Request", "getSslCertificateRequests")
BY_ID = {"id": utils.query_filter_orderby()}


def ids(rows: Any) -> list[int]:
    return [row["id"] for row in rows]


def every_id(sim: Simulator) -> list[int]:
    return ids(sim.orders())


def page(sdk: SoftLayer.BaseClient, sim: Simulator, **options: Any) -> Any:
    return sdk.call(*REQUEST, sim.account_id, **{"mask": "mask[id]", "filter": BY_ID, **options})


def test_a_limit_counts_only_where_it_is_documented(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    """Or where a setting says so."""
    rows = page(sdk, sim, limit=5, offset=5)
    assert (ids(rows), rows.total_count) == (every_id(sim), 12)
    stored = sdk.call("Account", "getSecurityCertificates", mask="mask[id]", limit=5, offset=1)
    assert (len(stored), stored.total_count) == (0, 1)
    assert sim.ignored() == {("SoftLayer_Security_Certificate_Request::getSslCertificateRequests", "limit")}
    sim.settings(page_every_list=True)
    rows = page(sdk, sim, limit=5, offset=5)
    assert (ids(rows), rows.total_count) == (every_id(sim)[5:10], 12)


def test_order_changes_from_call_to_call_unless_asked_for(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    orders = {tuple(ids(page(sdk, sim, filter={}))) for _time in range(10)}
    assert len(orders) > 1
    assert ids(page(sdk, sim)) == every_id(sim)


def test_a_filter_at_the_wrong_root_is_ignored(sdk: SoftLayer.BaseClient) -> None:
    no_match = {"operation": "none.example.com"}
    listed = ("Account", "getSecurityCertificates")
    assert len(sdk.call(*listed, filter={"commonName": no_match})) == 1
    assert len(sdk.call(*listed, filter={"securityCertificates": {"commonName": no_match}})) == 0
