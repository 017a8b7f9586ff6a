# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Night after night: what was renewed is asked for once, imported once, and then left in peace.

Promise: No email twice, no certificate twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import SoftLayer

from tests.outside.runs import changes, mailed, play, telling, told
from tests.simulator.client import Simulator
from tests.support.certificates import DAY, NOW
from tests.support.playing import Ran

NAME = "www.example.com"


@dataclass(frozen=True)
class Night:
    """What a night's run said and did."""

    ran: Ran
    result: dict[str, list[dict[str, Any]]]

    def reasons(self) -> dict[int, str]:
        """Why orders were skipped."""
        return {entry["order_id"]: entry["reason"] for entry in self.result["skipped"]}

    def imported(self) -> list[int]:
        """The orders whose certificates were imported."""
        return [entry["order_id"] for entry in self.result["imported"]]


class Site:
    """An account, and the controller whose runs look after it."""

    def __init__(self, sim: Simulator, folder: Path) -> None:
        self.sim = sim
        self.folder = folder

    def order(self, identifier: int, begins: float, ends: float, **properties: Any) -> dict[str, Any]:
        """Add an order of a term, counted from now."""
        dates = {"effectiveDate": str(NOW + begins * DAY), "expirationDate": str(NOW + ends * DAY)}
        return self.sim.add_order(
            id=identifier, commonName=NAME, createDate=dates["effectiveDate"], **dates, **properties
        )

    def mail(self, identifier: int) -> None:
        """Have the email of an order lie in the mailbox, as from long ago."""
        client = SoftLayer.Client(username=self.sim.username, api_key=self.sim.api_key, endpoint_url=self.sim.rest_url)
        client.call("Security_Certificate_Request", "resendEmail", "FulfillmentEmail", id=identifier)

    def play(self, playbook: str, **variables: Any) -> Night:
        """Play one of the collection's playbooks, and take its result."""
        given = {
            "ssl_fulfillment_mail": {"maildir": str(self.sim.maildir), "wait_interval": 1},
            "ssl_fulfillment_wait_timeout": 1,
            "ssl_fulfillment_privatekey_dir": str(self.sim.keys_dir),
            "ssl_fulfillment_allowed_recipients": ["*@example.com"],
            **variables,
        }
        self.sim.clear_calls()
        ran = play(self.sim, self.folder, telling(playbook), **given)
        assert ran.code == 0, ran.output
        return Night(ran, told(self.folder))


@pytest.fixture
def site(account: Simulator, tmp_path: Path) -> Site:
    """An account without orders."""
    return Site(account, tmp_path)


def test_what_a_renewal_replaced_is_not_asked_for_again_by_the_next_nights(site: Site) -> None:
    """Night 1 imports the renewal and deletes what it replaced; the nights after it have nothing left to do."""
    site.order(1, -340, 25)
    old = site.sim.import_order(1)["id"]
    site.mail(1)  # the old email lies in the mailbox still
    site.order(2, -1, 364)
    nightly = {"ssl_fulfillment_remove_superseded": True, "ssl_fulfillment_min_interval_hours": 0}

    first = site.play("fulfill", **nightly)
    assert changes(site.sim) == ["resendEmail", "createObject", "deleteObject"]
    assert (mailed(site.sim), first.imported(), first.reasons()) == ([1, 2], [2], {1: "already_imported"})
    [new] = [record["id"] for record in site.sim.certificates()]
    assert new != old
    second = site.play("fulfill", **nightly)
    assert (second.ran.changed, second.result["failed"], changes(site.sim)) == (0, [], []), second.ran.output
    assert second.reasons() == {1: "superseded", 2: "already_imported"}
    message = next(entry["message"] for entry in second.result["skipped"] if entry["order_id"] == 1)
    assert f"id {new}" in message
