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
Row = dict[str, Any]


@pytest.fixture
def certificates(sim: Simulator) -> list[int]:
    """Two certificates of the store."""
    sim.import_order(next(order["id"] for order in sim.orders() if order["commonName"] == "mail.example.com"))
    return [record["id"] for record in sim.certificates()]


@pytest.fixture
def balancer(sim: Simulator, certificates: list[int]) -> Row:
    """A balancer with two HTTPS listeners."""
    listeners = [{"protocolPort": port, "tlsCertificateId": certificates[0]} for port in (443, 8443)]
    return sim.add_balancer(name="web", listeners=listeners)


def change(sdk: SoftLayer.BaseClient, balancer: Row, *configurations: Row, **options: Any) -> Row:
    return sdk.call(LISTENER, "updateLoadBalancerProtocols", balancer["uuid"], list(configurations), **options)


def switched(balancer: Row, number: int, certificate: Any) -> Row:
    return {"listenerUuid": balancer["listeners"][number]["uuid"], "tlsCertificateId": certificate}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tlsCertificateId": None}, "no certificate with id 'None'"),
        ({"tlsCertificateId": -1}, "no certificate with id '-1'"),
        ({"listenerUuid": "nowhere"}, "Unable to find object with ID"),
        ({"frontendPort": 8443}, "is not simulated"),
    ],
)
def test_refusals_change_nothing(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int], wrong: Row, said: str
) -> None:
    before, right = sim.balancers(), switched(balancer, 1, certificates[1])
    with pytest.raises(SoftLayer.SoftLayerAPIError, match=said):
        change(sdk, balancer, right, {**switched(balancer, 0, certificates[1]), **wrong})
    assert sim.balancers() == before


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
    first, second = sim.balancers()[0]["listeners"]
    assert (first["tlsCertificateId"], first["serves"]) == (certificates[1], certificates[0])
    assert (first["provisioningStatus"], second["provisioningStatus"]) == ("UPDATE_PENDING", "ACTIVE")
    assert second["tlsCertificateId"] == certificates[0]
    change(sdk, other, switched(other, 0, certificates[1]))
