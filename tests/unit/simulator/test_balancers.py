# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud load balancers, called with the SDK over both transports: what they are, and what their changes do."""

from __future__ import annotations

from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator

LISTENER = "Network_LBaaS_Listener"
CERTIFICATE = "Security_Certificate"
NOT_FOUND = "Unable to find object with ID"
Row = dict[str, Any]


@pytest.fixture
def certificates(sim: Simulator) -> list[int]:
    """Three certificates of the store."""
    for name in ("*.example.org", "mail.example.com"):
        order = next(order for order in sim.orders() if order["commonName"] == name)
        sim.import_order(order["id"])
    return [record["id"] for record in sim.certificates()]


@pytest.fixture
def balancer(sim: Simulator, certificates: list[int]) -> Row:
    """A balancer with two HTTPS listeners and one of HTTP, in this order."""
    return sim.add_balancer(
        name="web",
        listeners=[
            {"protocolPort": 443, "tlsCertificateId": certificates[0], "connectionLimit": 500},
            {"protocolPort": 8443, "tlsCertificateId": certificates[0]},
            {"protocol": "HTTP", "protocolPort": 80},
        ],
    )


def change(sdk: SoftLayer.BaseClient, balancer: Row, *configurations: Row, **options: Any) -> Row:
    answer: Row = sdk.call(LISTENER, "updateLoadBalancerProtocols", balancer["uuid"], list(configurations), **options)
    return answer


def refusal(sdk: SoftLayer.BaseClient, balancer: Row, *configurations: Any) -> str:
    with pytest.raises(SoftLayer.SoftLayerAPIError) as raised:
        change(sdk, balancer, *configurations)
    return str(raised.value)


def switched(balancer: Row, number: int, certificate: Any) -> Row:
    return {"listenerUuid": balancer["listeners"][number]["uuid"], "tlsCertificateId": certificate}


def now(sim: Simulator) -> Row:
    """The only balancer."""
    [balancer] = sim.balancers()
    return balancer


# The certificates of the listeners


# Changes


def test_a_change_is_of_what_it_names(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    first, second, third = balancer["listeners"]
    answer = change(sdk, balancer, switched(balancer, 0, certificates[1]), mask="mask[id,listeners[id]]")
    assert set(answer) == {"id", "listeners"} and answer["id"] == balancer["id"]
    changed, *others = now(sim)["listeners"]
    assert others == [second, third]
    assert changed.pop("modifyDate") >= first.pop("modifyDate")
    assert changed == {**first, "tlsCertificateId": certificates[1], "serves": certificates[1]}
    [call] = sim.calls(method="updateLoadBalancerProtocols")
    assert call["arguments"] == [
        balancer["uuid"],
        [{"listenerUuid": first["uuid"], "tlsCertificateId": certificates[1]}],
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tlsCertificateId": None}, "tlsCertificateId'. It may not be null"),
        ({"tlsCertificateId": -1}, "no certificate with id '-1'"),
        ({"listenerUuid": "nowhere"}, NOT_FOUND),
        ({"colour": "red"}, "no such property"),
        ({"frontendProtocol": "TCP"}, "Only an HTTPS"),
        ({"frontendPort": 8443}, "Another protocol"),
    ],
)
def test_refusals_change_nothing(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int], wrong: Row, said: str
) -> None:
    before = now(sim)
    right = switched(balancer, 1, certificates[1])
    assert said in refusal(sdk, balancer, right, {**switched(balancer, 0, certificates[1]), **wrong})
    assert now(sim) == before


# The lock


def test_the_lock(
    sim: Simulator, sdk: SoftLayer.BaseClient, transport: str, balancer: Row, certificates: list[int]
) -> None:
    """The API shows the change at once, the traffic sees it in the end; no other change is taken meanwhile."""
    sim.settings(balancer_lock_ms=60_000)
    other = sim.add_balancer(name="other", listeners=[{"tlsCertificateId": certificates[0]}])
    answer = change(sdk, balancer, switched(balancer, 0, certificates[1]), mask="mask[provisioningStatus]")
    assert answer == {"provisioningStatus": "UPDATE_PENDING"}
    with pytest.raises(SoftLayer.SoftLayerAPIError) as raised:
        change(sdk, balancer, switched(balancer, 1, certificates[1]))
    assert raised.value.faultString == (
        f"The load balancer with ID '{balancer['uuid']}' cannot be updated because its status is 'UPDATE_PENDING'"
    )
    assert raised.value.faultCode == (409 if transport == "rest" else "SoftLayer_Exception_Network_LBaaS_InvalidState")
    first, second, _http = sim.balancers()[0]["listeners"]
    assert (first["tlsCertificateId"], first["serves"]) == (certificates[1], certificates[0])
    assert (first["provisioningStatus"], second["provisioningStatus"]) == ("UPDATE_PENDING", "ACTIVE")
    assert second["tlsCertificateId"] == certificates[0]
    change(sdk, other, switched(other, 0, certificates[1]))
