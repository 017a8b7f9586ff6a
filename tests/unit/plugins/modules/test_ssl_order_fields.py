# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option fields of ssl_order_info as Ansible runs it; what each choice of them gives: the pure tests of `_orders.run_list`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import options_for, run_module

MODULE = "ssl_order_info"


def test_records_have_exactly_these_keys(sim: Simulator, api: dict[str, Any]) -> None:
    options: dict[str, Any] = {"fields": ["imported", "product"], "gather_imported": True}
    fields = {"id", *options["fields"]}
    whole = run_module(MODULE, **api, **{name: value for name, value in options.items() if name != "fields"})
    restricted = run_module(MODULE, **api, **options)
    assert not restricted.failed, restricted.result
    expected = [{name: order[name] for name in fields} for order in whole["orders"]]
    assert restricted["orders"] == expected
    assert {name: restricted[name] for name in whole.result if name not in ("orders", "invocation")} == {
        name: value for name, value in whole.result.items() if name not in ("orders", "invocation")
    }


def test_no_key_but_the_id(sim: Simulator) -> None:
    orders = run_module(MODULE, **options_for(sim), fields=[])["orders"]
    assert orders == [{"id": order["id"]} for order in sim.orders()]


def test_csrs_that_nobody_wants_are_not_read(sim: Simulator, api: dict[str, Any]) -> None:
    run_module(MODULE, **api, fields=["common_name"])
    assert [call["mask"] for call in sim.calls() if call["method"] == "getSslCertificateRequests"] == [
        "mask[id,accountId,commonName]"
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fields": ["comon_name"]}, "Got no match for: comon_name"),
        ({"fields": ["imported"]}, "fields: imported can only be told with gather_imported: true."),
    ],
    ids=str,
)
def test_keys_that_cannot_be(sim: Simulator, options: dict[str, Any], words: str) -> None:
    run = run_module(MODULE, **options_for(sim), **options)
    assert (run.failed, run.code) == (True, "invalid_argument")
    assert words in run["msg"] and "\n" not in run["msg"]
    assert sim.calls() == []
