# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud load balancers, called with the SDK over both transports: what they are, and what their changes do."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator, SimulatorError
from tests.support import waiting

BALANCER = "Network_LBaaS_LoadBalancer"
LISTENER = "Network_LBaaS_Listener"
CERTIFICATE = "Security_Certificate"
NOT_FOUND = "Unable to find object with ID"
PLANNED = (
    "mask[id,uuid,name,address,type,provisioningStatus,operatingStatus,previousErrorText,datacenter[name],"
    "sslCiphers[id,name],listeners[id,uuid,protocol,protocolPort,provisioningStatus,tlsCertificateId]]"
)
SECONDS = 30
until = partial(waiting.until, seconds=SECONDS)
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


def points_to(sim: Simulator, name: str = "tlsCertificateId") -> list[int | None]:
    return [listener[name] for listener in now(sim)["listeners"]]


# What there is to read


def test_listing(sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row) -> None:
    other = sim.add_balancer(name="mail", type=0, datacenter="fra02", sslCiphers=["AES128-SHA256"])
    rows = {row["name"]: row for row in sdk.call(BALANCER, "getAllObjects", mask=PLANNED)}
    assert set(rows) == {"web", "mail"}
    assert (
        rows["mail"].items() >= {"id": other["id"], "type": 0, "datacenter": {"name": "fra02"}, "listeners": []}.items()
    )
    assert [cipher["name"] for cipher in rows["mail"]["sslCiphers"]] == ["AES128-SHA256"]
    assert {tuple(sorted(listener)) for listener in rows["web"]["listeners"]} == {
        ("id", "protocol", "protocolPort", "provisioningStatus", "tlsCertificateId", "uuid")
    }
    assert len(rows["web"]["sslCiphers"]) == 8
    assert sdk.call(BALANCER, "getLoadBalancer", balancer["uuid"], mask=PLANNED) == rows["web"]
    assert sdk.call(BALANCER, "getObject", id=balancer["id"], mask=PLANNED) == rows["web"]
    assert sim.ignored() == set()


def test_filter_and_pages(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    ids = [sim.add_balancer(name=name)["id"] for name in ("a", "b", "c")]
    by_id = {"id": {"operation": "orderBy", "options": [{"name": "sort", "value": ["ASC"]}]}}
    rows = sdk.call(BALANCER, "getAllObjects", mask="mask[id]", filter=by_id, limit=2, offset=1)
    assert ([row["id"] for row in rows], rows.total_count) == (ids[1:], 3)
    named = sdk.call(BALANCER, "getAllObjects", mask="mask[id]", filter={"name": {"operation": "b"}})
    assert named == [{"id": ids[1]}]


def test_relations_have_getters(sdk: SoftLayer.BaseClient, balancer: Row) -> None:
    listeners = sdk.call(BALANCER, "getListeners", id=balancer["id"], mask="mask[id,defaultPool[protocolPort]]")
    assert sorted(row["id"] for row in listeners) == [row["id"] for row in balancer["listeners"]]
    assert {row["defaultPool"]["protocolPort"] for row in listeners} == {80}
    first = listeners[0]["id"]
    assert sdk.call(LISTENER, "getObject", id=first, mask="mask[id]") == {"id": first}
    assert sdk.call(LISTENER, "getDefaultPool", id=first, mask="mask[protocol]") == {"protocol": "HTTP"}
    ciphers = sdk.call("Network_LBaaS_SSLCipher", "getAllObjects")
    assert {"ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"} < {cipher["name"] for cipher in ciphers}


def test_properties_may_be_missing(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    sim.add_balancer(name="odd", missing=["address", "operatingStatus"], previousErrorText=None)
    [row] = sdk.call(BALANCER, "getAllObjects", mask="mask[name,address,operatingStatus,previousErrorText]")
    assert row == {"name": "odd", "previousErrorText": None}


@pytest.mark.parametrize(
    ("service", "method", "arguments"),
    [
        (BALANCER, "getLoadBalancer", ["nowhere"]),
        (LISTENER, "updateLoadBalancerProtocols", ["nowhere", [{}]]),
        (BALANCER, "getObject", []),
        (LISTENER, "getObject", []),
    ],
)
def test_what_is_not_there(
    sdk: SoftLayer.BaseClient, transport: str, service: str, method: str, arguments: Any
) -> None:
    with pytest.raises(SoftLayer.SoftLayerAPIError, match=NOT_FOUND) as raised:
        sdk.call(service, method, *arguments, **({} if arguments else {"id": 1}))
    code = "SoftLayer_Exception_Network_LBaaS_ObjectNotFound"
    assert raised.value.faultCode == (404 if transport == "rest" else code)


# Permissions


def test_who_may_do_what(
    sim: Simulator, sdk: SoftLayer.BaseClient, viewer: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    """A missing permission looks like a balancer that is not there."""
    assert len(viewer.call(BALANCER, "getAllObjects", mask="mask[id]")) == 1
    assert NOT_FOUND in refusal(viewer, balancer, switched(balancer, 0, certificates[1]))
    sim.permit(sim.username, "SECURITY_CERTIFICATE_VIEW", "SECURITY_CERTIFICATE_MANAGE")
    sim.permit(sim.viewer_username, "LOADBALANCER_MANAGE")
    assert NOT_FOUND in refusal(sdk, balancer, switched(balancer, 0, certificates[1]))
    change(viewer, balancer, switched(balancer, 0, certificates[1]))
    with pytest.raises(SoftLayer.SoftLayerAPIError, match="Unable to find object"):
        viewer.call("Account", "getSecurityCertificates")
    assert points_to(sim) == [certificates[1], certificates[0], None]
    sim.reset()
    assert viewer.call("Account", "getValidSecurityCertificateEntries")
    with pytest.raises(SimulatorError):
        sim.permit("nobody")
    with pytest.raises(SimulatorError):
        sim.permit(sim.username, "FLY")


# The certificates of the listeners


def test_a_listener_counts_for_its_certificate(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    mask = "mask[id,associatedServiceCount,lbaasListenerCount,lbaasListeners[id]]"

    def told(identifier: int) -> tuple[int, set[int]]:
        row = sdk.call(CERTIFICATE, "getObject", id=identifier, mask=mask)
        assert row["associatedServiceCount"] == row["lbaasListenerCount"] == len(row["lbaasListeners"])
        return row["associatedServiceCount"], {listener["id"] for listener in row["lbaasListeners"]}

    first, second, _http = (listener["id"] for listener in balancer["listeners"])
    assert [told(identifier) for identifier in certificates[:2]] == [(2, {first, second}), (0, set())]
    change(sdk, balancer, switched(balancer, 1, certificates[1]))
    assert [told(identifier) for identifier in certificates[:2]] == [(1, {first}), (1, {second})]
    with pytest.raises(SoftLayer.SoftLayerAPIError, match="associated services"):
        sdk.call(CERTIFICATE, "deleteObject", id=certificates[0])
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    assert sdk.call(CERTIFICATE, "deleteObject", id=certificates[0]) is True
    sim.patch_certificate(certificates[1], associatedServiceCount=3)
    assert told(certificates[1])[0] == 5, "what is made up comes on top"
    sim.delete_balancer(balancer["id"])
    assert told(certificates[1])[0] == 3


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


def test_several_listeners_in_one_call(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    change(sdk, balancer, *(switched(balancer, number, certificates[1 + number]) for number in (0, 1)))
    assert points_to(sim) == points_to(sim, "serves") == [certificates[1], certificates[2], None]


def test_without_a_uuid_a_listener_is_created(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    assert "frontendProtocol" in refusal(sdk, balancer, {"tlsCertificateId": certificates[1]})
    ports = {"frontendPort": 9443, "backendPort": 80, "frontendProtocol": "HTTPS", "backendProtocol": "HTTP"}
    change(sdk, balancer, {**ports, "tlsCertificateId": certificates[1], "maxConn": 7, "sessionType": "SOURCE_IP"})
    *old, new = now(sim)["listeners"]
    assert len(old) == 3
    assert new.items() >= {"protocolPort": 9443, "connectionLimit": 7, "tlsCertificateId": certificates[1]}.items()
    for port in range(10_001, 10_007):
        change(sdk, balancer, {**ports, "frontendPort": port, "frontendProtocol": "TCP"})
    assert "10 protocols" in refusal(sdk, balancer, {**ports, "frontendPort": 10_007, "frontendProtocol": "TCP"})


def test_a_listener_that_is_no_longer_https_has_no_certificate(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    uuid = balancer["listeners"][0]["uuid"]
    change(sdk, balancer, {"listenerUuid": uuid, "frontendProtocol": "TCP"})
    assert points_to(sim) == [None, certificates[0], None]
    assert "needs a certificate" in refusal(sdk, balancer, {"listenerUuid": uuid, "frontendProtocol": "HTTPS"})


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tlsCertificateId": None}, "tlsCertificateId'. It may not be null"),
        ({"maxConn": None}, "maxConn'. It may not be null"),
        ({"listenerUuid": None}, "listenerUuid'. It may not be null"),
        ({"tlsCertificateId": 1}, "no certificate with id '1'"),
        ({"tlsCertificateId": -1}, "no certificate with id '-1'"),
        ({"tlsCertificateId": "soon"}, "no certificate with id 'soon'"),
        ({"listenerUuid": "nowhere"}, NOT_FOUND),
        ({"listenerUuid": ["nowhere"]}, NOT_FOUND),
        ({"colour": "red"}, "no such property"),
        ({"frontendProtocol": "FTP"}, "none of TCP"),
        ({"frontendPort": 0}, "no port"),
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


def test_only_https_has_certificates(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    assert "Only an HTTPS" in refusal(sdk, balancer, switched(balancer, 2, certificates[0]))
    tcp = sim.add_listener(balancer["id"], protocol="TCP", protocolPort=25)
    wrong = {"listenerUuid": tcp["uuid"], "tlsCertificateId": certificates[0]}
    assert "Only an HTTPS" in refusal(sdk, balancer, wrong)
    for no_list in ({}, [], "all", [5]):
        with pytest.raises(SoftLayer.SoftLayerAPIError, match="Bad request"):
            sdk.call(LISTENER, "updateLoadBalancerProtocols", balancer["uuid"], no_list)


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


def test_the_lock_ends(sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]) -> None:
    sim.settings(balancer_lock_ms=50)
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    until(lambda: now(sim)["provisioningStatus"] == "ACTIVE")
    assert points_to(sim) == points_to(sim, "serves") == [certificates[1], certificates[0], None]
    assert {listener["provisioningStatus"] for listener in now(sim)["listeners"]} == {"ACTIVE"}


def test_words_of_the_refusal(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    sim.patch_balancer(balancer["id"], provisioningStatus="MAINTENANCE_PENDING", refusal="Not now: {status} of {uuid}.")
    said = refusal(sdk, balancer, switched(balancer, 0, certificates[1]))
    assert f"Not now: MAINTENANCE_PENDING of {balancer['uuid']}." in said


def test_somebody_else_has_the_lock(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    sim.patch_balancer(balancer["id"], lock_ms=60_000)
    assert "UPDATE_PENDING" in refusal(sdk, balancer, switched(balancer, 0, certificates[1]))
    sim.patch_balancer(balancer["id"], lock_ms=20)
    until(lambda: now(sim)["provisioningStatus"] == "ACTIVE")
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    assert points_to(sim)[0] == certificates[1]


@pytest.mark.parametrize("lands", [False, True])
def test_a_change_that_fails(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int], lands: bool
) -> None:
    sim.patch_balancer(balancer["id"], next_change={"text": "Out of order.", "lands": lands})
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    ended = now(sim)
    assert (ended["provisioningStatus"], ended["previousErrorText"]) == ("ERROR", "Out of order.")
    assert points_to(sim)[0] == points_to(sim, "serves")[0] == certificates[int(lands)]
    assert "its status is 'ERROR'" in refusal(sdk, balancer, switched(balancer, 0, certificates[1]))
    sim.patch_balancer(balancer["id"], provisioningStatus="ACTIVE")
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    ended = now(sim)
    assert (ended["provisioningStatus"], ended["previousErrorText"]) == ("ACTIVE", None)
    assert points_to(sim)[0] == certificates[1]


def test_a_balancer_that_goes_while_it_is_locked(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    sim.settings(balancer_lock_ms=20)
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    sim.delete_balancer(balancer["id"])
    assert sdk.call(BALANCER, "getAllObjects") == []
    assert NOT_FOUND in refusal(sdk, balancer, switched(balancer, 0, certificates[1]))


# Faults


@pytest.mark.parametrize(
    ("kind", "processed"),
    [
        ("rate_limit", False),
        ("fault", False),
        ("html_500", False),
        ("reset_before", False),
        ("reset_after", True),
        ("html_502_after", True),
        ("truncated", True),
    ],
)
def test_faults(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int], kind: str, processed: bool
) -> None:
    sim.fault(kind, service=f"SoftLayer_{LISTENER}", method="updateLoadBalancerProtocols", times=1)
    with pytest.raises(Exception):  # noqa: B017 - the SDK lets errors of its parsers through
        change(sdk, balancer, switched(balancer, 0, certificates[1]))
    assert points_to(sim)[0] == certificates[int(processed)]
    [call] = sim.calls(method="updateLoadBalancerProtocols")
    assert (call["outcome"], call["arguments"][1]) == (kind, [switched(balancer, 0, certificates[1])])


# Misbehaviour, and the control API


@pytest.mark.parametrize(
    ("kind", "serves", "opened"),
    [("stale", 0, True), ("other", None, True), ("handshake", None, True), ("closed", None, False)],
)
def test_misbehaviour_is_from_one_change_to_the_next(
    sim: Simulator,
    sdk: SoftLayer.BaseClient,
    balancer: Row,
    certificates: list[int],
    kind: str,
    serves: Any,
    opened: bool,
) -> None:
    sim.patch_listener(balancer["listeners"][0]["uuid"], misbehaves=kind)
    assert points_to(sim, "serves")[0] == certificates[0]
    change(sdk, balancer, switched(balancer, 0, certificates[1]))
    first, second, _http = now(sim)["listeners"]
    assert first["tlsCertificateId"] == certificates[1]
    assert (first["serves"], first["open"]) == (None if serves is None else certificates[serves], opened)
    assert second["serves"] == certificates[0]
    change(sdk, balancer, switched(balancer, 1, certificates[2]))
    assert now(sim)["listeners"][0]["open"] is opened, "the change of another listener"
    change(sdk, balancer, switched(balancer, 0, certificates[0]))
    assert points_to(sim, "serves") == [certificates[0], certificates[2], None]


def test_misbehaviour_for_longer_and_at_once(
    sim: Simulator, sdk: SoftLayer.BaseClient, balancer: Row, certificates: list[int]
) -> None:
    sim.patch_listener(balancer["listeners"][0]["uuid"], misbehaves="closed", changes=2, at_once=True)
    assert now(sim)["listeners"][0]["open"] is False
    for opened in (False, True):
        change(sdk, balancer, switched(balancer, 0, certificates[1]))
        assert now(sim)["listeners"][0]["open"] is opened


def test_the_control_api(sim: Simulator, balancer: Row, certificates: list[int]) -> None:
    first, second, _http = balancer["listeners"]
    assert sim.patch_listener(first["uuid"], tlsCertificateId=certificates[1])["serves"] == certificates[1]
    sim.patch_listener(first["uuid"], tlsCertificateId=-1)
    assert points_to(sim)[0] == -1 and points_to(sim, "serves")[0] is None
    sim.delete_listener(second["uuid"])
    assert points_to(sim) == [-1, None]
    patched = sim.patch_balancer(balancer["id"], operatingStatus="OFFLINE", sslCiphers=["AES128-SHA256"])
    assert patched["operatingStatus"] == "OFFLINE" and len(patched["sslCiphers"]) == 1
    sim.reset()
    assert sim.balancers() == []
