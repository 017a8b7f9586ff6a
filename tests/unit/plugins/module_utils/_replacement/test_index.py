# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of the store, found without looking through all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import (
    StoreIndex,
    why_unavailable,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)

from tests.support.stored import NAME, Made, view_with

CLIENTS = view_with()
SHOP, API = "shop.example.com", "api.example.com"
WWW = Made(days=(-350, 15)).record(1)
BOTH = Made(names=(NAME, SHOP), common_name=None).record(2)
WILDCARD = Made(names=("*.example.com",), common_name=None).record(3)
ADDRESSED = Made(names=(NAME,), addresses=("192.0.2.1",)).record(4)
NAMELESS = Made(names=(), common_name=None).record(5)
BARE = Made(names=(NAME, SHOP), common_name=None, chain="none").record(6)
UNREADABLE = replace(WWW, id=7, certificate=None)
RECORDS = [WWW, BOTH, WILDCARD, ADDRESSED, NAMELESS, BARE, UNREADABLE]
INDEX = StoreIndex(RECORDS)


def ids(found: Iterable[StoreCertificate]) -> list[int]:
    """Ids of what was found, in the order in which it was."""
    return [one.id for one in found]


def names(*found: str) -> frozenset[str]:
    """Names to look for."""
    return frozenset(found)


def test_all_records_by_their_ids() -> None:
    assert ids(INDEX) == [1, 2, 3, 4, 5, 6, 7]
    assert INDEX.by_handle[7] is UNREADABLE
    assert (INDEX.max_chain_length, StoreIndex([]).max_chain_length) == (len(WWW.intermediates), 0)
    assert why_unavailable(9, None) == Obstacle("not_found", {"certificate_id": 9, "is_there": False})


@pytest.mark.parametrize(
    ("wanted", "covering", "within", "sharing"),
    [
        (names(NAME), [1, 2, 4, 6], [1], [1, 2, 4, 6]),
        (names(NAME, SHOP), [2, 6], [1, 2, 6], [1, 2, 4, 6]),
        (names(NAME, SHOP, API), [], [1, 2, 6], [1, 2, 4, 6]),
        (names(SHOP), [2, 6], [], [2, 6]),
        (names(API), [], [], []),
        (names("*.example.com"), [3], [3], [3]),
        (names("*.example.com", SHOP), [], [3], [2, 3, 6]),
        (names("192.0.2.1"), [4], [], [4]),
        (names(NAME, "192.0.2.1"), [4], [1, 4], [1, 2, 4, 6]),
        (names(), [], [], []),
    ],
    ids=lambda value: "-".join(sorted(map(str, value))),
)
def test_by_names(wanted: frozenset[str], covering: list[int], within: list[int], sharing: list[int]) -> None:
    assert ids(INDEX.find_covering(wanted)) == covering
    assert sorted(ids(INDEX.find_within(wanted))) == within
    assert ids(INDEX.find_sharing(wanted)) == sharing


def test_what_is_not_stored_yet_is_distinguished_by_its_certificate() -> None:
    """It comes after what is stored, in the order of the sources."""
    coming = [Made(days=(-days, 90)).record(None) for days in (1, 3, 2)]
    later = replace(WWW, id=9)
    assert StoreIndex([*coming, later, WWW]).find_sharing(names(NAME)) == [WWW, later, *coming]
    copy = replace(coming[0], notes="A copy.")
    assert list(StoreIndex([*coming, copy])) == [copy, *coming[1:]]


def test_by_key_and_by_certificate() -> None:
    """What cannot be read has neither."""
    key = certificate_of(WWW).public_key_sha256
    assert ids(INDEX.find_by_key(key)) == [1, 2, 3, 4, 5, 6]
    assert INDEX.find_by_key("ab" * 32) == INDEX.find_by_key(None) == []
    assert ids(INDEX.find_copies(certificate_of(BOTH))) == [2, 6]
    assert INDEX.find_copies(certificate_of(Made(organization="Example Inc.").record(9))) == []


def test_what_may_stand_in_for_what() -> None:
    assert ids(INDEX.find_successors(WWW, CLIENTS)) == [2, 4]
    assert ids(INDEX.find_superseded(BOTH, CLIENTS)) == [1, 6]
    assert ids(INDEX.find_successors(BARE, CLIENTS)) == [2]
    assert INDEX.find_successors(NAMELESS, CLIENTS) == INDEX.find_superseded(NAMELESS, CLIENTS) == []


def test_a_record_does_not_stand_in_for_itself() -> None:
    """Nor does what it is to become, such as one that is given its chain."""
    for after in (BARE, replace(BOTH, id=BARE.id)):
        assert BARE.id not in ids(INDEX.find_superseded(after, CLIENTS))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"days": (-30, 60)}, True),
        ({"days": (-30, 60), "names": (NAME, API)}, True),
        ({"days": (-1, 90), "copy": 1}, True),
        ({"days": (-0.5, 90)}, False),
        ({"days": (-90, -1)}, False),
        ({"days": (-30, 60), "names": (API,), "common_name": None}, False),
        ({"days": (-30, 60), "organization": "Example Inc."}, False),
        ({"days": (-30, 60), "key": "ec"}, False),
        ({"days": (-30, 60), "by": "itself"}, False),
        ({"chain": "none"}, False),
    ],
    ids=str,
)
def test_what_one_has_probably_replaced(made: dict[str, Any], expected: bool) -> None:
    """The newest that could be served instead: valid, for the same names, and trusted as far."""
    present, other = Made().record(1), Made(**made).record(2)
    found = StoreIndex([present, other]).find_predecessor(present, CLIENTS)
    assert found == (other if expected else None)
    assert StoreIndex([present, other]).find_predecessor(present, CLIENTS, {other.handle}) is None, (
        "it was not there before"
    )


def test_one_that_has_expired_is_found_if_it_may_be() -> None:
    """It is none that could be served instead, but may be what is served."""
    present, over = Made().record(1), Made(days=(-90, -1)).record(2)
    assert StoreIndex([present, over]).find_predecessor(present, CLIENTS, may_be_over=True) == over
    assert StoreIndex([present, over]).find_predecessor(present, CLIENTS) is None
    other = Made(days=(-90, -1), organization="Example Ltd").record(3)
    assert StoreIndex([other, present]).find_predecessor(other, CLIENTS, may_be_over=True) is None
    assert StoreIndex([present, other]).find_predecessor(present, CLIENTS, may_be_over=True) is None


def test_the_newest_of_those_is_found() -> None:
    records = [Made(days=(-begun, 60)).record(begun) for begun in (40, 20, 30)]
    found = StoreIndex([Made().record(1), *records]).find_predecessor(Made().record(1), CLIENTS)
    assert found is not None and found.id == 20
