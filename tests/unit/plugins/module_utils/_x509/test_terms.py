# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate of the store is an order's, and which took its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.terms import (
    Held,
    KnownTraits,
    Shelf,
    Term,
    is_imported,
    supersedes,
)

from tests.support.certificates import Authority

AT = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEY, OTHER = "ab" * 32, "cd" * 32
NAME = "www.example.com"
TERM = Term(KEY, "RSA", frozenset({NAME}), AT - 340 * DAY, AT + 25 * DAY)


def held(
    begins: float, ends: float, key: str = KEY, *names: str, identifier: int = 7, key_type: str | None = "RSA"
) -> Held:
    """A record that is valid in these days from now."""
    return Held(identifier, key, AT + begins * DAY, AT + ends * DAY, KnownTraits(frozenset(names or {NAME}), key_type))


OWN = held(-340, 25)
NEW = held(-1, 364, OTHER)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (OWN, True),
        (held(-340, 23), True),
        (held(-340, 22.9), False),
        (held(-340, 400), True),
        (held(1, 400), False),
        (held(-340, 25, OTHER), False),
        (held(-400, -3), False),
    ],
)
def test_an_order_is_imported_as_what_is_valid_and_of_its_key_and_term(record: Held, expected: bool) -> None:
    assert is_imported(TERM, record, AT) is expected


def test_of_an_expired_order_the_certificate_may_have_expired() -> None:
    term = replace(TERM, expires_at=AT - DAY)
    assert is_imported(term, held(-340, -1), AT) and is_imported(term, held(-340, -3), AT)
    assert not is_imported(term, held(-700, -366), AT)


def test_without_dates_being_valid_decides() -> None:
    term = replace(TERM, begins_at=None, expires_at=None)
    assert is_imported(term, held(-1, 1), AT)
    assert not is_imported(term, held(-9, -1), AT) and not is_imported(term, held(1, 9), AT)
    assert not is_imported(replace(term, public_key_sha256=None), held(-1, 1), AT)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (NEW, True),
        (held(-1, 27.1, OTHER), True),
        (held(-1, 23, OTHER), True),  # reissued: begins later, and lasts as long
        (held(-1, 22.9, OTHER), True),  # what was issued later is newer, to an import as well
        (held(-338, 27, OTHER), False),
        (held(-420, 300, OTHER), False),  # issued long before the order, however long it lasts
        (held(1, 364, OTHER), False),
        (held(-1, 364, OTHER, "example.com"), False),
        (held(-1, 364, OTHER, "example.com", NAME), True),
        (held(-1, 364, OTHER, "*.example.com"), False),
        (held(-1, 364, OTHER, key_type="EC"), False),
        (held(-1, 364, OTHER, key_type=None), True),
        (OWN, False),
    ],
)
def test_an_order_is_superseded_by_what_is_newer_for_its_names(record: Held, expected: bool) -> None:
    assert supersedes(record, TERM, AT) is expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"begins_at": None, "expires_at": None}, False),
        ({"begins_at": None}, True),
        ({"expires_at": None}, True),
        ({"expires_at": None, "begins_at": AT - 2 * DAY}, False),
        ({"names": frozenset()}, False),
        ({"names": frozenset({NAME, "shop.example.com"})}, False),
        ({"key_type": None}, True),
        ({"public_key_sha256": None}, True),
        ({"public_key_sha256": None, "expires_at": AT + 364 * DAY}, False),
    ],
)
def test_what_is_not_known_supersedes_nothing(changes: dict[str, Any], expected: bool) -> None:
    assert supersedes(NEW, replace(TERM, **changes), AT) is expected


def test_where_an_order_stands() -> None:
    old, new = replace(OWN, id=3), replace(NEW, id=9)
    shelf = Shelf([old, new, held(-500, -135, identifier=2), held(-1, 364, OTHER, "a.example.com", identifier=5)])
    assert shelf.standing(TERM, AT).as_result() == {"certificate_ids": [3, 2], "imported": True, "superseded_by": []}
    later = shelf.standing(TERM, AT + 24 * DAY + 13 * HOUR)
    assert later.as_result() == {"certificate_ids": [3, 2], "imported": True, "superseded_by": []}
    without = Shelf(record for record in shelf.records if record != old)
    assert without.standing(TERM, AT).as_result() == {"certificate_ids": [2], "imported": False, "superseded_by": [9]}
    assert [record.id for record in shelf.about([TERM]).records] == [2, 3, 9]


def test_of_what_is_found_by_key_no_names_are_read() -> None:
    """That takes as long as all else, and most orders are imported."""

    class Unread:
        @property
        def names(self) -> frozenset[str]:
            raise AssertionError("they were read")

        key_type = "RSA"

    shelf = Shelf([replace(OWN, traits=Unread())])
    assert shelf.standing(TERM, AT).imported_as


def test_a_record_survives_its_facts() -> None:
    issued = Authority().issue(None, names=["B.example.com", "a.example.com"])
    read = Held.from_pem(7, issued.pem)
    assert read is not None and read.traits.names == {"a.example.com", "b.example.com"}
    again = Held.from_result(read.as_facts())
    assert again is not None and again.as_facts() == read.as_facts()
    assert (again.not_before, again.not_after, again.traits.key_type) == (read.not_before, read.not_after, "EC")


@pytest.mark.parametrize("lacking", ["public_key_sha256", "not_before", "not_after"])
def test_what_an_entry_does_not_tell_cannot_be_compared(lacking: str) -> None:
    assert Held.from_result({**OWN.as_facts(), lacking: None}) is None


@pytest.mark.parametrize(
    "odd", [None, 7, "", "text", "\ud800", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_no_record(odd: object) -> None:
    assert Held.from_pem(7, odd) is None
