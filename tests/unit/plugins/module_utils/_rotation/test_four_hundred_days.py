# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation each night for 400 days: nothing that somebody needs is deleted, and the store keeps its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Entry, Key
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_clean_up import plan_removal
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerSelection,
    build_replaced_key,
    hold_switched_back,
    plan_renewals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer, Listener
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate

from tests.support.certificates import DAY, NOW, new_key
from tests.support.rotating import world_of
from tests.support.stored import TRUSTED, stored, view_with

pytestmark = pytest.mark.later

DAYS, WEEK, MONTH = 400, 7, 30
TERMS = {"web": (90, 60), "short": (45, 30), "week": (6, 3)}
"""Days of validity by load balancer, and after how many of them its ACME client renews."""


@dataclass
class Account:
    """A store and the listeners of its load balancers, and what earlier nights have recorded."""

    records: dict[int, StoreCertificate] = field(default_factory=dict)
    listeners: dict[str, int] = field(default_factory=dict)
    replaced: dict[Key, Entry] = field(default_factory=dict)
    switched_at: dict[int, datetime] = field(default_factory=dict)
    """When the certificate was replaced, by its id."""
    sizes: list[int] = field(default_factory=list)

    def import_renewal(self, name: str, day: int, at: datetime) -> StoreCertificate:
        """Store a new certificate of a name."""
        issued = TRUSTED.issue(f"{name}.example.com", key=new_key("rsa"), days=(day - 0.1, day + TERMS[name][0]))
        number = max(self.records, default=0) + 1
        self.records[number] = stored(number, issued, createDate=at.isoformat())
        return self.records[number]

    def find(self, name: str) -> list[int]:
        """The ids of the certificates of a name that the store has."""
        return sorted(number for number, one in self.records.items() if f"{name}.example.com" in one.names)

    def balancers(self) -> Iterator[Balancer]:
        for name, certificate_id in self.listeners.items():
            listener = Listener(f"{name}-443", "HTTPS", 443, certificate_id)
            yield Balancer(7, f"uuid-of-{name}", name, None, "ACTIVE", None, (), (listener,))

    def rotate(self, imported: list[StoreCertificate], at: datetime) -> None:
        """What one night does; a certificate that goes must be of no use to anybody."""
        used = [*self.listeners.values()]
        counted = [replace(one, associated_service_count=used.count(one.stored_id)) for one in self.records.values()]
        world = world_of(counted, *self.balancers(), view=view_with(at=at))
        actions = hold_switched_back(plan_renewals(world, ListenerSelection()), self.replaced, world.index)
        for action in (one for one in actions if one.is_changed):
            key, new = build_replaced_key(action), action.target_id
            self.replaced[key] = Entry(1, key, at, "confirmed", at)
            self.listeners[action.load_balancer] = new or 0
            self.switched_at[action.previous_id or 0] = at
        seen = [replace(one, served=True, accepted=True) for one in actions]
        plan = plan_removal(
            *(world, seen, imported), remove_unverified=False, superseded_after_days=WEEK, expired_after_days=MONTH
        )
        for record in plan.old_records:
            assert record.id not in self.listeners.values(), "a listener has it"
            end = record.certificate.not_after if record.certificate else at
            assert end <= at or at - self.switched_at[record.stored_id] >= timedelta(days=WEEK), "somebody may go back"
            del self.records[record.stored_id]
        self.sizes.append(len(self.records))


@pytest.mark.parametrize("is_switched_back", [False, True])
def test_nothing_that_is_needed_is_deleted_and_the_store_keeps_its_size(is_switched_back: bool) -> None:
    """Also of a name that nobody serves any more, and where somebody switches back for a while."""
    account = Account()
    for name in TERMS:
        account.listeners[name] = account.import_renewal(name, 0, NOW).stored_id
    for day in range(1, DAYS):
        at = NOW + day * DAY
        if day == 100:
            del account.listeners["short"]
        renewed = [name for name, (_term, after) in TERMS.items() if day % after == 0]
        account.rotate([account.import_renewal(name, day, at) for name in renewed], at)
        if is_switched_back and day == 121:
            *_older, before, after = account.find("web")
            assert account.listeners["web"] == after
            account.listeners["web"] = before
        if is_switched_back and 121 < day < 140:
            assert account.listeners["web"] == before
        if is_switched_back and day == 140:
            account.listeners["web"] = after
    assert max(account.sizes) <= 7, account.sizes
    assert account.listeners["web"] == account.find("web")[-1]
