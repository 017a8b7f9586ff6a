# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference's metadata as the simulator reads it."""

from __future__ import annotations

import pytest

from tests.simulator.metadata import CERTIFICATE, DATATYPES, ENTRY, FILTER, LIMIT, MASK, REQUEST, SIGNATURES, value_of


def test_forms_of_properties() -> None:
    assert CERTIFICATE.values == {"associatedServiceCount"}
    assert dict(CERTIFICATE.counts) == {"lbaasListenerCount": "lbaasListeners"}
    assert CERTIFICATE.relations["lbaasListeners"] is DATATYPES["SoftLayer_Network_LBaaS_Listener"]
    assert {"id", "privateKey", "validityDays"} < CERTIFICATE.local
    assert "id" not in ENTRY.local and not ENTRY.relations
    assert REQUEST.relations["orderItem"].relations["billingItem"].local == set(), "a datatype that is not described"


def test_every_count_counts_a_relation() -> None:
    counted = {(name, many) for datatype in DATATYPES.values() for name, many in datatype.counts.items()}
    assert {("l7PolicyCount", "l7Policies"), ("sslCipherCount", "sslCiphers")} < counted
    for datatype in DATATYPES.values():
        assert set(datatype.counts.values()) <= datatype.relations.keys()


@pytest.mark.parametrize(
    ("service", "method", "takes"),
    [
        ("SoftLayer_Account", "getSecurityCertificates", {MASK, FILTER, LIMIT}),
        ("SoftLayer_Account", "getValidSecurityCertificateEntries", set()),
        ("SoftLayer_Security_Certificate_Request", "getSslCertificateRequests", {MASK, FILTER}),
        ("SoftLayer_Security_Certificate_Request", "getStatus", {MASK, FILTER}),
        ("SoftLayer_Security_Certificate", "createObject", {MASK}),
        ("SoftLayer_Security_Certificate", "getAssociatedServiceCount", set()),
        ("SoftLayer_Network_LBaaS_LoadBalancer", "getAllObjects", {MASK, FILTER, LIMIT}),
        ("SoftLayer_Network_LBaaS_LoadBalancer", "getLoadBalancer", {MASK}),
        ("SoftLayer_Network_LBaaS_LoadBalancer", "getListeners", {MASK, FILTER, LIMIT}),
        ("SoftLayer_Network_LBaaS_Listener", "updateLoadBalancerProtocols", {MASK}),
    ],
)
def test_what_methods_take(service: str, method: str, takes: set[str]) -> None:
    assert SIGNATURES[service][method].takes == takes


def test_where_filters_start() -> None:
    assert SIGNATURES["SoftLayer_Account"]["getSecurityCertificates"].relation == "securityCertificates"
    assert SIGNATURES["SoftLayer_Network_LBaaS_LoadBalancer"]["getAllObjects"].relation == ""


def test_a_value_may_be_made_of_the_row() -> None:
    row = {"id": 2, "double": lambda row: 2 * row["id"]}
    assert [value_of(row, name) for name in ("id", "double", "absent")] == [2, 4, None]
