# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Night after night: what was renewed is asked for once, imported once, and then left in peace.

Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

from pathlib import Path

import SoftLayer

from tests.outside.runs import changes, login, mailed, play, telling, told
from tests.simulator.client import Simulator
from tests.support.certificates import DAY, NOW
from tests.support.modules import run_module


def order(sim: Simulator, identifier: int, begins: float, ends: float) -> None:
    """Add an order of a term, counted in days from now."""
    dates = {"effectiveDate": str(NOW + begins * DAY), "expirationDate": str(NOW + ends * DAY)}
    sim.add_order(id=identifier, commonName="www.example.com", createDate=dates["effectiveDate"], **dates)


def test_what_a_renewal_replaced_is_not_asked_for_again_by_the_next_night(account: Simulator, tmp_path: Path) -> None:
    """Night 1 imports the renewal and deletes what it replaced; the next one has nothing to ask for."""
    order(account, 1, -340, 25)
    old = account.import_order(1)["id"]
    client = SoftLayer.Client(username=account.username, api_key=account.api_key, endpoint_url=account.rest_url)
    client.call("Security_Certificate_Request", "resendEmail", "FulfillmentEmail", id=1)  # it lies in the mailbox still
    order(account, 2, -1, 364)
    account.clear_calls()
    ledger = f"sqlite:///{tmp_path}/ledger.sqlite3"

    first = play(
        account,
        tmp_path,
        telling("fulfill"),
        ssl_fulfillment_select={},
        ssl_fulfillment_mail={"maildir": str(account.maildir), "wait_interval": 1},
        ssl_fulfillment_wait_timeout=1,
        ssl_fulfillment_privatekey_dir=str(account.keys_dir),
        ssl_fulfillment_remove_superseded=True,
        ssl_fulfillment_ledger_url=ledger,
    )
    assert first.code == 0, first.output
    assert changes(account) == ["resendEmail", "createObject", "deleteObject"]
    assert sorted(mailed(account)) == [1, 2]
    result = told(first)
    assert [one["order_id"] for one in result["imported"]] == [2]
    assert [(one["order_id"], one["reason"]) for one in result["skipped"]] == [(1, "already_imported")]
    [new] = [record["id"] for record in account.certificates()]
    assert new != old

    nightly = {"order_ids": [1, 2], "ledger_url": ledger, "min_interval_hours": 0}
    second = run_module("ssl_fulfillment_email", **login(account), **nightly)
    assert second.outcomes() == {1: ("skipped", "superseded"), 2: ("skipped", "already_imported")}
    assert f"id {new}" in second["emails"][0]["message"]
    assert sorted(mailed(account)) == [1, 2]
