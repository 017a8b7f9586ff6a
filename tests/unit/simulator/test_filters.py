# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object filters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator import filters
from tests.simulator.errors import ApiFault
from tests.simulator.metadata import Datatype, Row

STATUS = Datatype("Status", frozenset({"id", "name"}))
THING = Datatype("Thing", frozenset({"id", "name"}), relations={"status": STATUS})


ROWS: list[Row] = [
    {"id": 1, "name": "www.example.com", "status": {"name": "New"}},
    {"id": 2, "name": "WWW.Example.org", "status": {"name": "Old"}},
    {"id": 10, "name": "mail.example.com", "status": None},
    {"id": 11, "name": None},
]
ALL = [1, 2, 10, 11]


def options(operation: str, **values: Any) -> dict[str, Any]:
    return {"operation": operation, "options": [{"name": name, "value": value} for name, value in values.items()]}


def selected(object_filter: Any) -> list[int]:
    return [row["id"] for row in filters.select(ROWS, object_filter, THING)]


@pytest.mark.parametrize(
    "malformed",
    [
        {"name": "www.example.com"},
        {"colour": {"operation": "red"}},
        {"status": {"operation": "New"}},
        {"name": {"operation": "in"}},
        {"name": {"operation": "in", "options": [{"name": "data", "value": "x"}]}},
    ],
)
def test_malformed_selects_nothing_away(malformed: Any) -> None:
    assert selected(malformed) == ALL


@pytest.mark.parametrize("operation", ["^= www", "!= 2", "> 5", "~ ^www", "not null", "or", "betweenDate"])
def test_other_operations_are_refused(operation: str) -> None:
    with pytest.raises(ApiFault, match="is not simulated"):
        selected({"name": {"operation": operation}})


@pytest.mark.parametrize(
    ("wish", "ids"),
    [
        ({"id": options("orderBy", sort=["DESC"])}, [11, 10, 2, 1]),
        ({"id": {"operation": "orderBy"}}, ALL),
        ({"name": options("orderBy", sort=["asc"])}, [11, 10, 1, 2]),
        ({"status": {"name": options("orderBy", sort=["DESC"])}}, [2, 1, 11, 10]),
    ],
)
def test_order(wish: Any, ids: list[int]) -> None:
    rows = list(reversed(ROWS))
    filters.sort(rows, filters.orders(wish, THING))
    assert [row["id"] for row in rows] == ids
