# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that are switched on for chosen calls, as the SDK sees them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import SoftLayer

from tests.simulator.client import Simulator
from tests.support.waiting import until

REQUEST = "Security_Certificate_Request"
NOT_PROCESSED = {
    *("rate_limit", "rate_limit_429", "fault", "not_found", "access_denied", "unknown_method"),
    *("false", "html_500", "html_200", "reset_before"),
}
PROCESSED = {"html_502_after", "truncated", "cut", "empty_body", "reset_after"}


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


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
def test_hanging(sim: Simulator, sdk: SoftLayer.BaseClient, kind: str) -> None:
    sim.fault(kind)
    sdk.transport.timeout = 0.2
    assert isinstance(resend(sdk, approved(sim)[0]), SoftLayer.TransportError)
    assert len(sim.sends()) == int(kind == "hang_after")


@pytest.mark.parametrize(("kind", "outcome"), [("hang_before", SoftLayer.TransportError), ("hang_after", bool)])
def test_a_hang_that_ends(sim: Simulator, sdk: SoftLayer.BaseClient, kind: str, outcome: type) -> None:
    sim.fault(kind, seconds=0.01)
    assert isinstance(resend(sdk, approved(sim)[0]), outcome)


@pytest.mark.parametrize("kind", ["hang_before", "hang_after"])
def test_a_hang_ends_when_it_is_switched_off(sim: Simulator, sdk: SoftLayer.BaseClient, kind: str) -> None:
    sim.fault(kind)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(resend, sdk, approved(sim)[0])
        until(sim.calls)
        assert not answer.done()
        sim.clear_faults()
        assert (answer.result() is True) is (kind == "hang_after")


def test_a_fault_of_ones_own(sim: Simulator, sdk: SoftLayer.BaseClient, transport: str) -> None:
    sim.fault("fault", code="SoftLayer_Exception_Odd", message="It is odd.", status=503)
    error = resend(sdk, approved(sim)[0])
    assert (error.faultCode, error.faultString) == (
        503 if transport == "rest" else "SoftLayer_Exception_Odd",
        "It is odd.",
    )


def test_a_fault_without_a_code(sim: Simulator) -> None:
    sim.fault("fault", code=None, message="It is odd.", status=503)
    answer = requests.get(f"{sim.rest_url}SoftLayer_Account", auth=(sim.username, sim.api_key), timeout=30)
    assert (answer.status_code, answer.json()) == (503, {"error": "It is odd."})


def test_which_calls_a_rule_meets(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    first, second = approved(sim)[:2]
    sim.fault("false", order_id=second, times=1)
    assert [resend(sdk, order_id) for order_id in (first, second, second)] == [True, False, True]
    sim.clear_faults()
    sim.fault("false", service=f"SoftLayer_{REQUEST}", nth=2)
    assert [resend(sdk, first) for _time in range(4)] == [True, False, True, True]
    sim.clear_faults()
    sim.fault("false", every=2, times=2)
    assert [resend(sdk, first) for _time in range(6)] == [True, False, True, False, True, True]
    assert [(rule["matched"], rule["met"]) for rule in sim.faults()] == [(6, 2)]
    sim.clear_faults()
    sim.fault("false", argument="ApproverEmail")
    sim.fault("false", method="getObject")
    assert resend(sdk, first) is True
    sim.fault("false", argument="FulfillmentEmail")
    assert resend(sdk, first) is False


def test_every_nth_of_concurrent_calls(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    sim.fault("false", every=4)
    with ThreadPoolExecutor(8) as pool:
        answers = Counter(pool.map(lambda _time: resend(sdk, approved(sim)[0]), range(40)))
    assert answers == {True: 30, False: 10}
    assert len(sim.sends()) == 30


@pytest.mark.parametrize("status", [200, 429, 500])
def test_rate_limit(sim: Simulator, transport: str, status: int) -> None:
    sim.settings(rate_limit=3, rate_limit_status=status, retry_after=7)
    auth = (sim.username, sim.api_key)
    with requests.Session() as session, ThreadPoolExecutor(8) as pool:

        def call(_time: int) -> requests.Response:
            if transport == "rest":
                return session.get(f"{sim.rest_url}SoftLayer_Account/getObject.json", auth=auth, timeout=30)
            body = "<methodCall><methodName>getObject</methodName></methodCall>"
            return session.post(f"{sim.xmlrpc_url}SoftLayer_Account", data=body, auth=auth, timeout=30)

        answers = list(pool.map(call, range(60)))
    refused = [answer for answer in answers if "RateLimitExceeded" in answer.text]
    assert refused
    assert len(answers) - len(refused) >= 3
    assert "Rate limit of 3 requests for every 1 second(s)" in refused[0].text
    assert {answer.status_code for answer in refused} == {500 if (status, transport) == (200, "rest") else status}
    assert {answer.headers["Retry-After"] for answer in refused} == {"7"}


def test_refused_connections(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    order_id = approved(sim)[0]
    assert resend(sdk, order_id) is True
    sim.stop_listening()
    sim.stop_listening()
    for _time in range(2):
        error = resend(sdk, order_id)
        assert isinstance(error, SoftLayer.TransportError)
        assert "refused" in str(error)
    sim.start_listening()
    sim.start_listening()
    assert resend(sdk, order_id) is True
    assert len(sim.sends()) == 2


def test_refused_connections_for_a_while(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    sim.stop_listening(seconds=0.05)
    answers = iter(lambda: resend(sdk, approved(sim)[0]), True)
    assert all("refused" in str(answer) for answer in answers)
    assert len(sim.sends()) == 1
