# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object filters."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.simulator import dates, filters
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
    ("operation", "ids"),
    [
        ("www.example.com", [1]),
        ("WWW.EXAMPLE.COM", [1]),
        ("_= www.example.ORG", [2]),
        ("!= www.example.com", [2, 10]),
        ("^= www", [1, 2]),
        ("^=WWW.", [1, 2]),
        ("!^= www", [10]),
        ("$= .com", [1, 10]),
        ("!$= .COM", [2]),
        ("*= EXAMPLE", [1, 2, 10]),
        ("!*= mail", [1, 2]),
        ("~ ^www", [1]),
        ("~ ^(www|WWW)", [1, 2]),
        ("!~ ^www", [2, 10]),
        ("> n", [1, 2]),
        ("is null", [11]),
        ("not null", [1, 2, 10]),
    ],
)
def test_text(operation: str, ids: list[int]) -> None:
    assert selected({"name": {"operation": operation}}) == ids


@pytest.mark.parametrize(
    ("operation", "ids"),
    [
        (2, [2]),
        ("2", [2]),
        ("!= 2", [1, 10, 11]),
        ("> 2", [10, 11]),
        ("<= 2", [1, 2]),
        ("< 11", [1, 2, 10]),
        (">= 10", [10, 11]),
    ],
)
def test_numbers_are_compared_as_numbers(operation: object, ids: list[int]) -> None:
    assert selected({"id": {"operation": operation}}) == ids


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ({"operation": "> 01/15/2018"}, [2, 10]),
        ({"operation": "<= 2018-02-01T12:00:00+00:00"}, [1, 2]),
        ({"operation": "> sysdate - 30"}, []),
        ({"operation": "< currentDate - 30"}, [1, 2, 10]),
        (options("greaterThanDate", date=["02/15/2018 00:00:00"]), [10]),
        (options("lessThanDate", date=["02/15/2018"]), [1, 2]),
        (options("betweenDate", startDate=["01/15/2018 0:0:0"], endDate=["02/15/2018 0:0:0"]), [2]),
        (options("isDate", date=["02/01/2018"]), [2]),
        ({"operation": "2018-02-01T06:00:00-06:00"}, [2]),
    ],
)
def test_dates(condition: dict[str, Any], ids: list[int]) -> None:
    assert selected({"madeDate": condition}) == ids


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (options("in", data=["WWW.example.com", "mail.example.com"]), [1, 10]),
        (options("not in", data=["www.example.com"]), [2, 10]),
        (options("or", data=["^= mail", "$= .org"]), [2, 10]),
        (options("and", data=["^= www", "$= .org"]), [2]),
    ],
)
def test_several_values(condition: dict[str, Any], ids: list[int]) -> None:
    assert selected({"name": condition}) == ids


def test_in_takes_numbers_and_their_text() -> None:
    assert selected({"id": options("in", data=["1", 10])}) == [1, 10]


def test_relations() -> None:
    assert selected({"status": {"name": {"operation": "new"}}}) == [1]
    assert selected({"tags": {"id": {"operation": 6}}}) == [1, 2]


def test_conditions_add_up() -> None:
    assert selected({"name": {"operation": "^= www"}, "status": {"name": {"operation": "Old"}}}) == [2]


@pytest.mark.parametrize(
    "malformed",
    [
        None,
        [],
        "name",
        {},
        {"name": "www.example.com"},
        {"name": {}},
        {"name": {"operator": "www.example.com"}},
        {"name": {"operation": ["www.example.com"]}},
        {"colour": {"operation": "red"}},
        {"name": {"first": {"operation": "www"}}},
        {"status": {"operation": "New"}},
        {"name": {"operation": "~ ["}},
        {"name": {"operation": "in"}},
        {"name": {"operation": "in", "options": {"name": "data", "value": ["x"]}}},
        {"name": {"operation": "in", "options": [{"name": "data", "value": "x"}]}},
        {"madeDate": {"operation": "lessThanDate", "options": [{"name": "date", "value": ["yesterday"]}]}},
        {"madeDate": {"operation": "isDate", "options": [{"name": "date", "value": []}]}},
        {"name": options("orderBy", sort=["ASC"])},
    ],
)
def test_malformed_selects_nothing_away(malformed: Any) -> None:
    assert selected(malformed) == ALL


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


def test_order_by_several() -> None:
    by_status_then_id = {
        "id": options("orderBy", sort=["DESC"], sortOrder=[1]),
        "status": {"name": options("orderBy", sort=["ASC"], sortOrder=[0])},
    }
    assert ordered(by_status_then_id) == [11, 10, 1, 2]


def test_dates_are_central_time_with_daylight_saving() -> None:
    assert dates.render(datetime(2018, 2, 22, 16, 56, 44, tzinfo=timezone.utc)) == "2018-02-22T10:56:44-06:00"
    assert dates.render(datetime(2018, 7, 22, 16, 56, 44, tzinfo=timezone.utc)) == "2018-07-22T11:56:44-05:00"
    assert dates.parse("02/22/2018 10:56:44") == datetime(2018, 2, 22, 16, 56, 44, tzinfo=timezone.utc)
    assert dates.parse("2018-02-22T16:56:44Z") == datetime(2018, 2, 22, 16, 56, 44, tzinfo=timezone.utc)
    assert dates.parse("soon") is None
    assert dates.now() - datetime.now(timezone.utc) < timedelta(0)
