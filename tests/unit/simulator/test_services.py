# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's methods, called with the SDK over both transports."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import SoftLayer
from SoftLayer.auth import BearerAuthentication

from tests.simulator.client import Simulator

REQUEST = "Security_Certificate_Request"
CERTIFICATE = "Security_Certificate"
Connect = Callable[[str, str], SoftLayer.BaseClient]


def order_with(sim: Simulator, status: str) -> dict[str, Any]:
    return next(order for order in sim.orders() if order["status"] == status)


def fails_with(code: str, rest_status: int, transport: str) -> Any:
    """What the SDK raises: over REST it knows the HTTP status only, not the fault's code."""
    return pytest.raises(
        SoftLayer.SoftLayerAPIError, match=rf"\({re.escape(str(rest_status) if transport == 'rest' else code)}\)"
    )


# Authentication and permissions


@pytest.mark.parametrize(("username", "api_key"), [("SL278444", "0" * 64), ("nobody", None), ("", "")])
def test_bad_credentials(sim: Simulator, connect: Connect, transport: str, username: str, api_key: str | None) -> None:
    client = connect(username, sim.api_key if api_key is None else api_key)
    with fails_with("SoftLayer_Exception_Public", 401, transport) as raised:
        client.call("Account", "getObject")
    assert raised.value.faultString == "Access Denied."


def test_a_token_of_iam(sim: Simulator, connect: Connect) -> None:
    """As the SDK sends it: until its end, and only one that IAM gave out."""
    manager = sim.secrets_manager
    client, other = connect("", ""), connect("", "")
    client.auth = BearerAuthentication("", manager.token(sim.viewer_username))
    other.auth = BearerAuthentication("", "not.given.out")
    assert client.call("Account", "getObject")["id"] == sim.account_id
    assert sim.calls()[-1]["user"] == sim.viewer_username
    with pytest.raises(SoftLayer.SoftLayerAPIError, match="Access Denied"):
        other.call("Account", "getObject")
    manager.settings(token_seconds=0)
    client.auth = BearerAuthentication("", manager.token(sim.username))
    with pytest.raises(SoftLayer.SoftLayerAPIError, match="Access Denied"):
        client.call("Account", "getObject")


def test_viewer_sees_orders_and_entries_but_no_certificates(
    sim: Simulator, viewer: SoftLayer.BaseClient, transport: str
) -> None:
    (entry,) = viewer.call("Account", "getValidSecurityCertificateEntries")
    assert entry["commonName"] == "www.example.com"
    assert set(entry) == {
        *("certificateId", "commonName", "keySize", "organizationName", "validityBegin", "validityDays", "validityEnd")
    }
    assert len(viewer.call(REQUEST, "getSslCertificateRequests", sim.account_id, mask="id")) == 12
    for service, method, arguments in (
        (CERTIFICATE, "getObject", ()),
        (CERTIFICATE, "deleteObject", ()),
        (CERTIFICATE, "createObject", ({},)),
        (REQUEST, "resendEmail", ("FulfillmentEmail",)),
        ("Account", "getSecurityCertificates", ()),
    ):
        with fails_with("SoftLayer_Exception_ObjectNotFound", 404, transport):
            viewer.call(service, method, *arguments, id=entry["certificateId"])
    assert sim.sends() == []


# The account and its orders


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("Approved", True),
        ("Pending CA Approval", False),
    ],
)
def test_resending_the_fulfillment_email(sim: Simulator, sdk: SoftLayer.BaseClient, status: str, answer: bool) -> None:
    order = order_with(sim, status)
    assert sdk.call(REQUEST, "resendEmail", "FulfillmentEmail", id=order["id"]) is answer
    assert [(send["order_id"], send["recipient"]) for send in sim.sends()] == (
        [(order["id"], order["approverEmailAddress"])] if answer else []
    )
    assert len(sim.messages()) == int(answer)
    assert next(row["sends"] for row in sim.orders() if row["id"] == order["id"]) == int(answer)


# What the reference says of a method


def test_what_a_method_does_not_take_is_ignored_and_noted(
    sim: Simulator, viewer: SoftLayer.BaseClient, transport: str
) -> None:
    entries = ("Account", "getValidSecurityCertificateEntries")
    no_match = {"validSecurityCertificateEntries": {"commonName": {"operation": "none.example.com"}}}
    (entry,) = viewer.call(*entries, mask="mask[id]", filter=no_match, limit=5, offset=1)
    assert len(entry) == 7
    noted = {("SoftLayer_Account::getValidSecurityCertificateEntries", name) for name in ("mask", "filter", "limit")}
    assert sim.ignored() == noted
    assert viewer.call(*entries).total_count == 0, "no total is told"
    sim.reset()
    assert sim.ignored() == set()


# Calls that make no sense


def test_unknown_objects_methods_services(sdk: SoftLayer.BaseClient, transport: str) -> None:
    with fails_with("SoftLayer_Exception_ObjectNotFound", 404, transport):
        sdk.call(REQUEST, "getObject", id=1)
    with fails_with("-32602", 500, transport):
        sdk.call(REQUEST, "getObject")
    with fails_with("-32601", 500, transport):
        sdk.call(REQUEST, "sendFlowers", id=1)
    with fails_with("SoftLayer_Exception_Public", 404, transport):
        sdk.call("Nonexistent", "getObject")
    with fails_with("SoftLayer_Exception_WebService_BadRequest", 400, transport):
        sdk.call(REQUEST, "getSslCertificateRequests")


# The log and the control API
