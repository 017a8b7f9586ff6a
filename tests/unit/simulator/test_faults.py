# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that are switched on for chosen calls, as the SDK sees them."""

from __future__ import annotations

from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator

REQUEST = "Security_Certificate_Request"
NOT_PROCESSED = {"rate_limit", "fault", "not_found", "unknown_method", "false", "reset_before"}
PROCESSED = {"reset_after"}


def resend(sdk: SoftLayer.BaseClient, order_id: int) -> Any:
    """True or False as the API answers, else the exception."""
    try:
        return sdk.call(REQUEST, "resendEmail", "FulfillmentEmail", id=order_id)
    except Exception as error:  # the SDK lets errors of its parsers through
        return error


def approved(sim: Simulator) -> list[int]:
    return [order["id"] for order in sim.orders() if order["status"] == "Approved"]


@pytest.mark.parametrize("kind", sorted(NOT_PROCESSED | PROCESSED))
def test_kinds(sim: Simulator, sdk: SoftLayer.BaseClient, kind: str) -> None:
    sim.fault(kind, method="resendEmail", times=1)
    order_id = approved(sim)[0]
    answer = resend(sdk, order_id)
    assert answer is False if kind == "false" else isinstance(answer, Exception)
    assert len(sim.sends()) == len(sim.messages()) == int(kind in PROCESSED)
    assert resend(sdk, order_id) is True
    assert [call["outcome"] for call in sim.calls()] == [kind, "ok"]


def test_which_calls_a_rule_meets(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    first, second = approved(sim)[:2]
    sim.fault("false", order_id=second, times=1)
    assert [resend(sdk, order_id) for order_id in (first, second, second)] == [True, False, True]
    sim.clear_faults()
    sim.fault("false", service=f"SoftLayer_{REQUEST}", nth=2)
    assert [resend(sdk, first) for _time in range(4)] == [True, False, True, True]
    sim.clear_faults()
    sim.fault("false", argument="another")
    sim.fault("false", method="getObject")
    assert resend(sdk, first) is True
    sim.fault("false", argument="FulfillmentEmail")
    assert resend(sdk, first) is False
