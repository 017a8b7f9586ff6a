# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user with the permission to view alone, against an API that offers what the reference's metadata says and no more.

Promise: View permission is sufficient to list certificates and orders.
"""

from __future__ import annotations

import pytest

from tests.outside.runs import login
from tests.simulator.client import Simulator
from tests.support.certificates import Authority
from tests.support.deploying import store
from tests.support.modules import run_module

AUTHORITY = Authority()
STORED = {name: AUTHORITY.issue(name, days=(-1, 90)) for name in ("www.example.com", "a.example.org")}
OF_THE_STORE = ("certificate_ids", "imported", "superseded_by")


@pytest.fixture
def ids(account: Simulator) -> dict[str, int]:
    """The ids of an account's certificates, which also has an order."""
    issued = STORED["www.example.com"]
    account.add_order(id=501, commonName="www.example.com", certificateSigningRequest=issued.csr_pem)
    return {name: store(account, one) for name, one in STORED.items()}


def test_what_is_not_known_meets_no_criterion(account: Simulator, ids: dict[str, int]) -> None:
    """Whether orders are imported is not known either, as no entry has the key of its certificate."""
    view = login(account) | {"username": account.viewer_username, "api_key": account.viewer_api_key}
    named = run_module("ssl_certificate_info", **view, common_names=["*.EXAMPLE.com"], status="valid")
    assert [one["id"] for one in named["certificates"]] == [ids["www.example.com"]]
    for criterion, given in {"unused": {"unused": True}, "status=expired": {"status": "expired"}}.items():
        none = run_module("ssl_certificate_info", **view, **given)
        assert none["certificates"] == [] and f"No certificate can match {criterion}" in str(none["warnings"])
    asked = run_module("ssl_order_info", **view, gather_imported=True)
    assert {asked["orders"][0][name] for name in OF_THE_STORE} == {None}
    [warning] = map(str, asked["warnings"])
    assert "SECURITY_CERTIFICATE_MANAGE" in warning and all(name in warning for name in OF_THE_STORE)
    others = run_module("ssl_order_info", **view, imported=False)
    email = run_module("ssl_fulfillment_email", **view, order_ids=[501], allow_ephemeral_ledger=True)
    for failed, remedy in ((others, "remove imported"), (email, "set skip_imported: false")):
        assert failed.code == "not_found"
        assert f"SECURITY_CERTIFICATE_MANAGE. Grant the permission, or {remedy}." in failed["msg"]
