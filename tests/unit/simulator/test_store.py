# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store's own checks."""

from __future__ import annotations

from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, key_pem, new_key, pem_of

STORE = "Security_Certificate"
Parts = dict[str, Any]


def parts_of(sim: Simulator, common_name: str) -> Parts:
    """What a user would put into the store for an order."""
    order = next(order for order in sim.orders() if order["commonName"] == common_name)
    return {**sim.issue(order["id"]), "privateKey": sim.key_path(common_name).read_text(encoding="ascii")}


def issued_parts(issued: Issued) -> Parts:
    """The same for a certificate of an authority of the tests."""
    return {"certificate": issued.pem, "privateKey": issued.key_pem, "intermediateCertificate": issued.chain_pem}


@pytest.mark.parametrize("kept", ["all", "first", "last", "none"])
def test_a_store_may_keep_a_part_of_a_chain(sim: Simulator, sdk: SoftLayer.BaseClient, kept: str) -> None:
    """And says nothing about it; one intermediate certificate alone is kept."""
    sim.settings(kept_chain=kept)
    two, flat = Authority("Two", intermediates=2).issue("two.example.com"), Authority("One").issue("one.example.com")
    left = {"all": pem_of(two.chain), "first": pem_of(two.chain[:1]), "last": pem_of(two.chain[1:]), "none": None}[kept]
    record = sdk.call(STORE, "createObject", issued_parts(two), mask="mask[id,intermediateCertificate]")
    assert record.get("intermediateCertificate") == left
    assert sdk.call(STORE, "editObject", {"intermediateCertificate": two.chain_pem}, id=record["id"]) is True
    mask = "mask[intermediateCertificate]"
    assert sdk.call(STORE, "getObject", id=record["id"], mask=mask).get("intermediateCertificate") == left
    other = sdk.call(STORE, "createObject", issued_parts(flat), mask=mask)
    assert other["intermediateCertificate"] == flat.chain_pem


def test_a_store_may_be_odd(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    """It may take no EC key, list late, or say what is not so. It looks at each chain."""
    two = Authority("Two", intermediates=2).issue("two.example.com")
    sim.settings(refuse_ec_key=True)
    assert "not an RSA key" in fault(sdk, "createObject", issued_parts(two))
    sim.settings(refuse_ec_key=False, list_late=1)
    record = sdk.call(STORE, "createObject", issued_parts(two), mask="mask[id]")
    listed = [
        record["id"] in [row["id"] for row in sdk.call("Account", "getSecurityCertificates", mask="mask[id]")]
        for _time in range(2)
    ]
    assert listed == [False, True]
    wrong = {**issued_parts(two), "intermediateCertificate": pem_of(two.chain[1:])}
    assert "was not issued by" in fault(sdk, "createObject", wrong)
    sim.settings(tell_given_chain=True, kept_chain="none")
    told = sdk.call(STORE, "createObject", issued_parts(two), mask="mask[id,intermediateCertificate]")
    assert told["intermediateCertificate"] == two.chain_pem
    sim.settings(only_say_deleted=True)
    assert sdk.call(STORE, "deleteObject", id=told["id"]) is True
    [left] = [row for row in sim.certificates() if row["id"] == told["id"]]
    assert not left["intermediateCertificate"]


@pytest.fixture
def parts(sim: Simulator) -> Parts:
    return parts_of(sim, "shop.example.com")


def fault(sdk: SoftLayer.BaseClient, method: str, *arguments: Any, **options: Any) -> str:
    """The message a call fails with."""
    with pytest.raises(SoftLayer.SoftLayerAPIError) as raised:
        sdk.call(STORE, method, *arguments, **options)
    return raised.value.faultString


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("certificate", None, "The property 'certificate' must be set"),
        ("privateKey", key_pem(new_key()), "does not match"),
        ("intermediateCertificate", "nothing", "It is not a certificate in PEM format."),
        ("intermediateCertificate", "", "The issuer's certificate is required."),
    ],
    ids=["no certificate", "other key", "no PEM", "no issuer"],
)
def test_create_refuses(sdk: SoftLayer.BaseClient, parts: Parts, name: str, value: Any, message: str) -> None:
    assert message in fault(sdk, "createObject", {**parts, name: value})


def test_what_a_service_uses_is_protected(sim: Simulator, sdk: SoftLayer.BaseClient) -> None:
    (record,) = sim.certificates()
    sim.patch_certificate(record["id"], associatedServiceCount=1)
    renewed = parts_of(sim, "mail.example.com")
    assert "associated services" in fault(sdk, "editObject", renewed, id=record["id"])
    unchanged = {"certificate": record["certificate"], "notes": "kept", "certificateSigningRequest": ""}
    assert sdk.call(STORE, "editObject", unchanged, id=record["id"]) is True
    sim.settings(refuse_used_csr=True)
    assert "associated services" in fault(sdk, "editObject", {"certificateSigningRequest": "new"}, id=record["id"])
    assert sdk.call(STORE, "editObject", {"notes": "new"}, id=record["id"]) is True
    assert "associated services" in fault(sdk, "deleteObject", id=record["id"])
    sim.patch_certificate(record["id"], associatedServiceCount=0)
    assert sdk.call(STORE, "deleteObject", id=record["id"]) is True
    assert "Unable to find object" in fault(sdk, "getObject", id=record["id"])
