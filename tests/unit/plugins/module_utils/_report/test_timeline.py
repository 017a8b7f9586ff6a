# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report draws of when its rows expire."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report import timeline as drawings
from ansible_collections.softlayer.certificates.plugins.module_utils._report.timeline import KINDS, kind_of
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=timezone.utc)


def row(number: int = 1, days: float | None = 200, **given: Any) -> dict[str, Any]:
    """A row of a report, with so many days left."""
    return {
        "number": number,
        "name": f"{number}.example.com",
        "state": "requestable",
        "attention": ["expiring"] if days is not None and 0 <= days <= 30 else [],
        "certificate_ids": [],
        "expires_at": None if days is None else iso(NOW + timedelta(days=days)),
        "days_left": None if days is None else math.floor(days),
        **given,
    }


def drawing(*days: float | None) -> dict[str, Any]:
    """What is drawn of rows with so many days left."""
    rows = [row(number, left) for number, left in enumerate(days, 1)]
    return drawings.timeline({"generated_at": iso(NOW), "rows": rows}, "rows", "number")


def numbers(value: Any, name: str = "") -> Iterator[float]:
    """All positions in a drawing."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from numbers(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from numbers(part, name)
    elif name in {"x", "width", "middle", "bottom", "height", "today"}:
        yield value


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"days": -1, "attention": ["expired"]}, "expired"),
        ({"days": -1, "certificate_ids": [7]}, "expired"),
        ({"attention": ["failed", "expiring"], "certificate_ids": [7]}, "due"),
        ({"attention": ["switch_services"]}, "due"),
        ({"attention": ["behind"]}, "due"),
        ({"attention": ["failed"], "certificate_ids": [7]}, "imported"),
        ({"certificate_ids": [], "state": "superseded"}, "replaced"),
        ({"certificate_ids": [7], "state": "superseded"}, "replaced"),
        ({"certificate_ids": []}, "open"),
        ({"certificate_ids": None, "attention": ["pending"]}, "open"),
    ],
)
def test_what_it_distinguishes(given: dict[str, Any], kind: str) -> None:
    assert kind_of(row(**given)) == kind
    assert kind in KINDS


def test_nothing_is_drawn_of_nothing() -> None:
    drawn = drawing()
    assert (drawn["kinds"], drawn["lanes"], drawn["bars"], drawn["undated"]) == ([], [], [], 0)


def test_few_rows_have_a_lane_each() -> None:
    drawn = drawing(100, -10, 20, None)
    assert [lane["name"] for lane in drawn["lanes"]] == ["2.example.com", "3.example.com", "1.example.com"]
    assert [lane["number"] for lane in drawn["lanes"]] == [2, 3, 1]
    assert [lane["kind"] for lane in drawn["lanes"]] == ["expired", "due", "open"] == drawn["kinds"]
    assert (drawn["bars"], drawn["undated"]) == ([], 1)
    expired, due, later = drawn["lanes"]
    assert expired["x"] == 0 and expired["x"] + expired["width"] == pytest.approx(drawn["today"])
    assert due["x"] == later["x"] == drawn["today"]
    assert later["x"] + later["width"] == pytest.approx(100)
    assert [(tick["year"], tick["month"], tick["day"]) for tick in drawn["ticks"]] == [
        (2026, month, 1) for month in (3, 4, 5, 6)
    ]
    assert not drawn["weekly"]


@pytest.mark.parametrize("count", [26, 200, 5000])
@pytest.mark.parametrize("span", [10, 170, 365, 1090])
def test_many_rows_are_counted(count: int, span: int) -> None:
    drawn = drawing(*(number * span / count for number in range(count)))
    assert drawn["lanes"] == []
    assert sum(bar["count"] for bar in drawn["bars"]) == count
    assert len(drawn["bars"]) <= 38 and len(drawn["ticks"]) <= 8
    assert all(0 <= number <= 100.01 for number in numbers(drawn))
    assert all(bar["count"] == sum(part["count"] for part in bar["segments"]) for bar in drawn["bars"])
    assert drawn["weekly"] is (span < 180) and all(drawn["weekly"] or bar["day"] == 1 for bar in drawn["bars"])
    most = max(bar["count"] for bar in drawn["bars"])
    assert most <= drawn["grid"][-1]["count"] <= 2 * most + 2


def test_a_week_begins_on_monday_at_midnight() -> None:
    drawn = drawing(*([-8.5001] * 10), *([-8.5] * 5), *([20] * 12), *([40] * 3))
    weeks = {
        (bar["month"], bar["day"]): [(part["kind"], part["count"]) for part in bar["segments"]] for bar in drawn["bars"]
    }
    assert {week: parts for week, parts in weeks.items() if parts} == {
        (2, 23): [("expired", 10)],
        (3, 2): [("expired", 5)],
        (3, 30): [("due", 12)],
        (4, 13): [("open", 3)],
    }


def test_the_parts_of_a_bar_stand_on_each_other() -> None:
    rows = [
        row(number, 32, certificate_ids=[7] * (number % 2), attention=["behind"] * (number % 3)) for number in range(60)
    ]
    drawn = drawings.timeline({"generated_at": iso(NOW), "rows": rows}, "rows", "number")
    [bar] = [bar for bar in drawn["bars"] if bar["count"]]
    assert [(part["kind"], part["count"]) for part in bar["segments"]] == [("imported", 10), ("open", 10), ("due", 40)]
    assert [(part["bottom"], part["height"]) for part in bar["segments"]] == [
        (0, pytest.approx(16.67)),
        (pytest.approx(16.67), pytest.approx(16.67)),
        (pytest.approx(33.34), pytest.approx(66.67)),
    ]
    assert bar["height"] == pytest.approx(100, abs=0.02) and drawn["grid"][-1]["count"] == 60


@pytest.mark.parametrize("days", [(0,), (-1, 0), (-80,), (1000,), (0.5,) * 30, (-80,) * 30, (-2000, -100, 1200, 9000)])
def test_odd_fleets_stay_within_the_drawing(days: tuple[float, ...]) -> None:
    assert all(0 <= number <= 100.01 for number in numbers(drawing(*days)))


def test_what_ended_long_ago_is_told_beside_the_drawing() -> None:
    drawn = drawing(-2000, -100, 50, 1200, 1300, 9000)
    assert (drawn["earlier"], drawn["later"], len(drawn["lanes"])) == (2, 0, 4)


def test_what_ends_in_years_is_drawn_to_the_edge_and_leaves_room_for_the_others() -> None:
    near, far, farther = drawing(40, 900, 3650)["lanes"]
    assert far["x"] + far["width"] == farther["x"] + farther["width"] == pytest.approx(100)
    assert near["width"] == pytest.approx(10)


def test_of_many_those_that_end_in_years_are_told_beside_the_drawing() -> None:
    drawn = drawing(*([50] * 30), 1200, 9000)
    assert (drawn["lanes"], drawn["later"], sum(bar["count"] for bar in drawn["bars"])) == ([], 2, 30)


# What load balancers serve


def listener(name: str, begin: float | None, end: float | None) -> dict[str, Any]:
    """A listener whose certificate begins and ends so many days from now."""
    dates = {
        field: None if days is None else iso(NOW + timedelta(days=days))
        for field, days in (("not_before", begin), ("not_after", end))
    }
    return {"listener": name, "name": "www.example.com", **dates}


def test_a_bar_runs_from_issue_to_end_with_the_day_on_which_it_should_be_renewed() -> None:
    drawn = drawings.served([listener("web:443", -50, 50)], NOW)
    [lane] = drawn["balancers"]["web"]
    assert (lane["port"], lane["name"], lane["days_left"]) == ("443", "www.example.com", 50)
    assert (lane["x"], lane["width"], drawn["today"]) == (0, 100, 50)
    assert lane["due"] == 75, "a quarter of its life before its end"
    assert drawn["more"] == 0 and 0 < len(drawn["ticks"]) <= 8


@pytest.mark.parametrize(
    ("begin", "end", "kind"),
    [
        (-90, -0.1, "expired"),
        (-90, 0, "expired"),
        (-90, 10, "due"),
        (-60, 31, "imported"),
        (-15, 5, "due"),
        (-5, 15, "imported"),
    ],
)
def test_what_a_bar_is_drawn_in(begin: float, end: float, kind: str) -> None:
    [lane] = drawings.served([listener("web:443", begin, end)], NOW)["balancers"]["web"]
    assert lane["kind"] == kind


def test_listeners_stand_under_their_balancers() -> None:
    names = ("a:443", "a:8443", "b:c:443")
    drawn = drawings.served([listener(name, -1, 89) for name in names], NOW)
    assert {name: [lane["port"] for lane in lanes] for name, lanes in drawn["balancers"].items()} == {
        "a": ["443", "8443"],
        "b:c": ["443"],
    }


def test_of_many_those_are_drawn_that_end_first() -> None:
    many = [listener(f"web:{port}", -1, 1000 - port) for port in range(100, 140)]
    drawn = drawings.served(many, NOW)
    assert [lane["port"] for lane in drawn["balancers"]["web"]] == [str(port) for port in range(115, 140)]
    assert drawn["more"] == 15


@pytest.mark.parametrize("dates", [(None, 5), (-5, None), (5, -5), (None, None)])
def test_what_has_no_dates_is_not_drawn(dates: tuple[float | None, float | None]) -> None:
    assert drawings.served([listener("web:443", *dates)], NOW) == {"balancers": {}, "more": 1}
    assert drawings.served([], NOW)["balancers"] == {}


@pytest.mark.parametrize(
    "dates", [[(-4000, 4000)], [(-4000, -3000), (-10, 80)], [(5, 95)], [(-4000, -3900)], [(300, 9000)]]
)
def test_odd_certificates_stay_within_the_drawing(dates: list[tuple[float, float]]) -> None:
    drawn = drawings.served([listener(f"web:{number}", *one) for number, one in enumerate(dates)], NOW)
    assert all(0 <= number <= 100.01 for number in numbers(drawn))
    assert all(lane["x"] + lane["width"] <= 100.01 and 0 <= lane["due"] <= 100 for lane in drawn["balancers"]["web"])
