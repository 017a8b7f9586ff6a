# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API's methods, called with the SDK over both transports."""

from __future__ import annotations

import re
from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator

REQUEST = "Security_Certificate_Request"


def fails_with(code: str, rest_status: int, transport: str) -> Any:
    """What the SDK raises: over REST it knows the HTTP status only, not the fault's code."""
    return pytest.raises(
        SoftLayer.SoftLayerAPIError, match=rf"\({re.escape(str(rest_status) if transport == 'rest' else code)}\)"
    )


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
