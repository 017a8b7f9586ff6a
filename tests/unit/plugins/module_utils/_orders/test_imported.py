# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate of the store is an order's, and which took its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.imported import (
    can_replace_order,
    find_related,
    find_store_state,
    is_imported,
    list_results,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import Order, Selection
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)

from tests.support.certificates import DAY, NOW
from tests.support.stored import NAME, Made, view_with

HOUR = timedelta(hours=1)
CLIENTS = view_with()
KEY, OTHER = "ec", "other ec"
"""The order's key, and another one of its type."""


def held(begins: float, ends: float, key: str = KEY, *names: str, identifier: int = 7, **how: Any) -> StoreCertificate:
    """A record that is valid in these days from now."""
    made = Made(common_name=None, names=names or (NAME,), key=key, days=(begins, ends), **how)
    return made.record(identifier)


OWN = held(-340, 25)
NEW = held(-1, 364, OTHER)
UNKNOWN = ("approver_email", "technical_contact_email", "created_at", "modified_at", "product", "billing_order_id")
ORDER = Order(
    **dict.fromkeys(UNKNOWN),
    id=100,
    common_name=NAME,
    status="complete",
    status_name="Complete",
    effective_at=NOW - 340 * DAY,
    expires_at=NOW + 25 * DAY,
    public_key_sha256=certificate_of(OWN).public_key_sha256,
    key_type="EC",
)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (OWN, True),
        (held(-500, 23), True),
        (held(-500, 22.9), False),
        (held(-342, 22.9), True),
        (held(-342.1, 22.9), False),
        (held(-20, 5), True),  # reissued for a part of the order's term
        (held(-340, 400), True),
        (held(1, 400), False),
        (held(-340, 25, OTHER), False),
        (held(-400, -3), False),
    ],
)
def test_an_order_is_imported_as_what_is_valid_and_of_its_key_and_term(
    record: StoreCertificate, expected: bool
) -> None:
    assert is_imported(ORDER, record, NOW) is expected


def test_what_was_signed_with_the_key_itself_is_not_the_orders() -> None:
    """While it is waited for, somebody may have signed the request so."""
    made = Made(key=KEY, days=(-340, 25), by="itself")
    state = find_store_state(ORDER, StoreIndex([made.record(7)]), CLIENTS)
    assert (state.own_records, len(state.same_key_records)) == ((), 1)


def test_a_certificate_of_the_orders_key_says_which_organization_is_expected() -> None:
    oldest, before = held(-999, -600, identifier=6), held(-700, -300, organization="Ltd")
    newer = held(-1, 364, OTHER, identifier=8)
    meant = held(-1, 364, OTHER, identifier=9, organization="Ltd")
    state = find_store_state(ORDER, StoreIndex([oldest, before, newer, meant]), CLIENTS)
    assert [one.id for one in state.successors] == [9]


@pytest.mark.parametrize("name", ["other.example.com", "*.example.com"])
def test_a_certificate_of_the_orders_key_for_other_names_says_nothing(name: str) -> None:
    """One key may serve several names."""
    other = held(-700, -300, KEY, name, identifier=6, organization="Ltd")
    state = find_store_state(ORDER, StoreIndex([other, held(-1, 364, OTHER, identifier=8)]), CLIENTS)
    assert [record.id for record in state.successors] == [8]


def test_of_an_expired_order_the_certificate_may_have_expired() -> None:
    order = replace(ORDER, expires_at=NOW - DAY)
    assert is_imported(order, held(-340, -1), NOW) and is_imported(order, held(-340, -3), NOW)
    assert not is_imported(order, held(-700, -366), NOW)


def test_where_only_the_end_is_known_the_order_begins_when_it_was_created() -> None:
    order = replace(ORDER, effective_at=None, created_at=NOW - timedelta(days=5), expires_at=NOW + timedelta(days=335))
    assert is_imported(order, held(-3, 197), NOW) and not is_imported(order, held(-180, 20), NOW)
    assert not is_imported(replace(order, created_at=None), held(-3, 197), NOW)


def test_without_dates_being_valid_decides() -> None:
    order = replace(ORDER, effective_at=None, expires_at=None)
    assert is_imported(order, held(-1, 1), NOW)
    assert not is_imported(order, held(-9, -1), NOW) and not is_imported(order, held(1, 9), NOW)
    assert not is_imported(replace(order, public_key_sha256=None), held(-1, 1), NOW)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (NEW, True),
        (held(-1, 27.1, OTHER), True),
        (held(-1, 23, OTHER), True),  # reissued: begins later, and lasts as long
        (held(-1, 22.9, OTHER), True),  # what was issued later is newer, to an import as well
        (held(-338, 27, OTHER), False),
        (held(-342, 300, OTHER), True),
        (held(-342.1, 300, OTHER), False),
        (held(-420, 300, OTHER), False),  # issued long before the order, however long it lasts
        (held(1, 364, OTHER), False),
        (held(-300, -1, OTHER), False),
        (held(-1, 364, OTHER, "example.com"), False),
        (held(-1, 364, OTHER, "example.com", NAME), True),
        (held(-1, 364, OTHER, "*.example.com"), False),
        (held(-1, 364, "rsa"), False),
        (OWN, False),
    ],
)
def test_an_order_is_superseded_by_what_is_newer_for_its_names(record: StoreCertificate, expected: bool) -> None:
    assert can_replace_order(record, ORDER, CLIENTS) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"effective_at": None, "expires_at": None}, False),
        ({"effective_at": None}, True),
        ({"effective_at": None, "created_at": NOW - 340 * DAY, "expires_at": None}, True),
        ({"expires_at": None}, True),
        ({"expires_at": None, "effective_at": NOW - 2 * DAY}, False),
        ({"common_name": None}, False),
        ({"subject_alt_names": (NAME, "shop.example.com")}, False),
        ({"key_type": None}, True),
        ({"public_key_sha256": None}, True),
        ({"public_key_sha256": None, "expires_at": NOW + 364 * DAY}, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_what_is_not_known_is_not_superseded(changes: dict[str, Any], expected: bool) -> None:
    assert can_replace_order(NEW, replace(ORDER, **changes), CLIENTS) is expected


def test_where_an_order_stands() -> None:
    old, new = replace(OWN, id=3), replace(NEW, id=9)
    records = [old, new, held(-500, -135, identifier=2), held(-1, 364, OTHER, "a.example.com", identifier=5)]
    index = StoreIndex(records)
    expected = {"certificate_ids": [3, 2], "imported": True, "superseded_by": []}
    assert find_store_state(ORDER, index, CLIENTS).as_result() == expected
    assert find_store_state(ORDER, index, view_with(at=NOW + 24 * DAY + 13 * HOUR)).as_result() == expected
    without = find_store_state(ORDER, StoreIndex(record for record in records if record != old), CLIENTS)
    assert without.as_result() == {"certificate_ids": [2], "imported": False, "superseded_by": [9]}
    assert find_store_state(ORDER, StoreIndex([held(-420, 300, OTHER)]), CLIENTS).successors == ()
    assert [record.id for record in find_related([ORDER], index)] == [2, 3, 9]


def test_what_is_not_valid_yet_matters_later() -> None:
    """So what is remembered about orders contains it."""
    future = held(20, 364, OTHER)
    assert find_related([ORDER], StoreIndex([future])) == [future]
    assert find_store_state(ORDER, StoreIndex([future]), CLIENTS).successors == ()
    assert find_store_state(ORDER, StoreIndex([future]), view_with(at=NOW + 21 * DAY)).successors == (future,)


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), {7: None, 8: None, 9: None, 10: None}),
        (Selection(gather_imported=True), {7: [4711], 8: [], 9: [], 10: [4713]}),
        (Selection(imported=True), {7: [4711]}),
        (Selection(imported=False), {8: [], 9: [], 10: [4713]}),
        (Selection(imported=True, order_ids=[8]), {}),
    ],
)
def test_what_is_in_the_store(selection: Selection, found: dict[int, list[int] | None]) -> None:
    keys = {"ec": 7, None: 9, "rsa": 10, "cd" * 32: 8}
    hashes = {key: certificate_of(held(-1, 9, key)).public_key_sha256 for key in ("ec", "rsa", "other ec")}
    orders = [
        replace(ORDER, id=number, public_key_sha256=key and hashes.get(key, key), common_name=None)
        for key, number in sorted(keys.items(), key=lambda one: one[1])
    ]
    stored = [held(-1, 25, "ec", identifier=4711), held(-1, 25, "other ec", identifier=4712)]
    index = StoreIndex([*stored, held(-400, 9, "rsa", identifier=4713)])
    assert selection.needs_store is (found.get(7, []) is not None)
    told = list_results(selection, orders, index if selection.needs_store else None, CLIENTS)
    assert {one["id"]: one.get("certificate_ids") for one in told} == found
