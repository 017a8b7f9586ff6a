# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy, or the simulator itself, serves for the simulated load balancers, seen over TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import SoftLayer
from cryptography import x509

from tests.simulator.client import Simulator
from tests.support.haproxy import SECONDS, served

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.haproxy"]

LISTENER = "Network_LBaaS_Listener"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def serving_sim() -> Iterator[Simulator]:
    """A simulator that serves by itself; use `sim` instead."""
    with Simulator.start(fleet="demo", serve=True) as simulator:
        yield simulator


@pytest.fixture(params=["demo_balancing_simulator", "serving_sim"], ids=["haproxy", "itself"])
def sim(request: pytest.FixtureRequest) -> Simulator:
    """The SDK's clients are those of this simulator."""
    simulator: Simulator = request.getfixturevalue(request.param)
    simulator.reset()
    return simulator


@pytest.fixture
def old(sim: Simulator) -> Row:
    """The record of the store that the balancers serve."""
    return sim.certificates()[0]


@pytest.fixture
def new(sim: Simulator) -> Row:
    """One more record."""
    return stored(sim, "mail.example.com")


@pytest.fixture
def balancer(sim: Simulator, old: Row) -> Row:
    """Two HTTPS listeners and one of HTTP."""
    https = [{"protocolPort": port, "tlsCertificateId": old["id"]} for port in (8443, 9443)]
    return sim.add_balancer(name="web", listeners=[*https, {"protocol": "HTTP", "protocolPort": 8080}])


def stored(sim: Simulator, common_name: str) -> Row:
    order = next(order for order in sim.orders() if order["commonName"] == common_name)
    return sim.import_order(order["id"])


def certificate(record: Row) -> x509.Certificate:
    return x509.load_pem_x509_certificate(record["certificate"].encode())


def look(balancer: Row, number: int = 0) -> x509.Certificate:
    return served(balancer["address"], balancer["listeners"][number]["protocolPort"])


def switch(sdk: SoftLayer.BaseClient, balancer: Row, record: Row, number: int = 0) -> None:
    change = {"listenerUuid": balancer["listeners"][number]["uuid"], "tlsCertificateId": record["id"]}
    sdk.call(LISTENER, "updateLoadBalancerProtocols", balancer["uuid"], [change])


def test_each_balancer_has_its_address(sim: Simulator, balancer: Row, old: Row, new: Row) -> None:
    other = sim.add_balancer(name="other", listeners=[{"protocolPort": 8443, "tlsCertificateId": new["id"]}])
    assert other["address"] != balancer["address"]
    assert [look(balancer), look(balancer, 1), look(other)] == [*[certificate(old)] * 2, certificate(new)]
    sim.delete_balancer(balancer["id"])
    with pytest.raises(ConnectionRefusedError):
        look(balancer)
    assert look(other) == certificate(new)
    sim.reset()
    with pytest.raises(ConnectionRefusedError):
        look(other)


def test_what_is_offered(sim: Simulator, balancer: Row, old: Row) -> None:
    """TLS 1.2 with suites for RSA certificates; an EC certificate has no suite, unless the balancer offers one."""
    context = ssl.create_default_context(cafile=str(sim.authority_root))
    with (
        socket.create_connection((balancer["address"], 8443), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="www.example.com") as secured,
    ):
        assert secured.version() == "TLSv1.2"
        assert "RSA" in (secured.cipher() or ("",))[0]
    ec = stored(sim, "shop.example.com")
    sim.patch_listener(balancer["listeners"][0]["uuid"], tlsCertificateId=ec["id"])
    with pytest.raises(ssl.SSLError):
        look(balancer)
    sim.patch_balancer(balancer["id"], sslCiphers=["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"])
    assert [look(balancer), look(balancer, 1)] == [certificate(ec), certificate(old)]


def test_what_cannot_be_served(sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, old: Row, new: Row) -> None:
    """The refusal is the balancer's error, and all goes on as before."""
    sim.patch_certificate(new["id"], privateKey=old["privateKey"])
    switch(sdk, balancer, new)
    [failed] = sim.balancers()
    assert failed["provisioningStatus"] == "ERROR" and "private key" in failed["previousErrorText"]
    assert "BEGIN" not in failed["previousErrorText"]
    assert failed["listeners"][0]["tlsCertificateId"] == failed["listeners"][0]["serves"] == old["id"]
    assert look(balancer) == certificate(old)
    sim.patch_balancer(balancer["id"], provisioningStatus="ACTIVE")
    switch(sdk, balancer, stored(sim, "*.example.org"))
    assert look(balancer) != certificate(old)
