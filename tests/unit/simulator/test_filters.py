# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object filters."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.simulator import filters
from tests.simulator.errors import ApiFault
from tests.simulator.metadata import Datatype, Row

STATUS = Datatype("Status", frozenset({"id", "name"}))
THING = Datatype("Thing", frozenset({"id", "name", "madeDate"}), relations={"status": STATUS, "tags": STATUS})


def day(month: int) -> datetime:
    return datetime(2018, month, 1, 12, tzinfo=timezone.utc)


ROWS: list[Row] = [
    {"id": 1, "name": "www.example.com", "madeDate": day(1), "status": {"name": "New"}, "tags": [{"id": 5}, {"id": 6}]},
    {"id": 2, "name": "WWW.Example.org", "madeDate": day(2), "status": {"name": "Old"}, "tags": [{"id": 6}]},
    {"id": 10, "name": "mail.example.com", "madeDate": day(3), "status": None, "tags": []},
    {"id": 11, "name": None, "madeDate": None},
]
ALL = [1, 2, 10, 11]


def options(operation: str, **values: Any) -> dict[str, Any]:
    return {"operation": operation, "options": [{"name": name, "value": value} for name, value in values.items()]}


def selected(object_filter: Any) -> list[int]:
    return [row["id"] for row in filters.select(ROWS, object_filter, THING)]


@pytest.mark.parametrize(
    "malformed",
    [
        *(None, [], "name", {}),
        {"name": "www.example.com"},
        {"name": {"operator": "www.example.com"}},
        {"name": {"operation": ["www.example.com"]}},
        {"colour": {"operation": "red"}},
        {"name": {"first": {"operation": "www"}}},
        {"status": {"operation": "New"}},
        {"name": {"operation": "in"}},
        {"name": {"operation": "in", "options": {"name": "data", "value": ["x"]}}},
        {"name": {"operation": "in", "options": [{"name": "data", "value": "x"}]}},
        {"name": options("orderBy", sort=["ASC"])},
    ],
)
def test_malformed_selects_nothing_away(malformed: Any) -> None:
    assert selected(malformed) == ALL


@pytest.mark.parametrize("operation", ["^= www", "!= 2", "> 5", "~ ^www", "not null", "or", "betweenDate"])
def test_other_operations_are_refused(operation: str) -> None:
    with pytest.raises(ApiFault, match="is not simulated"):
        selected({"name": {"operation": operation}})


def ordered(object_filter: Any) -> list[int]:
    rows = list(reversed(ROWS))
    filters.sort(rows, filters.orders(object_filter, THING))
    return [row["id"] for row in rows]


def test_order() -> None:
    assert ordered({"id": options("orderBy", sort=["ASC"])}) == [1, 2, 10, 11]
    assert ordered({"id": options("orderBy", sort=["DESC"])}) == [11, 10, 2, 1]
    assert ordered({"id": {"operation": "orderBy"}}) == [1, 2, 10, 11]
    assert ordered({"name": options("orderBy", sort=["asc"])}) == [11, 10, 1, 2]
    assert ordered({"status": {"name": options("orderBy", sort=["DESC"])}}) == [2, 1, 11, 10]
