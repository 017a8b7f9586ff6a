# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When each order expires, as a picture: lanes and bars in percent of its width. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, timezone

from .._times import parse
from .states import EXPIRING_DAYS, Record, Row

LANES = 25
"""Up to this many orders have a line of their own in the timeline; more are counted by week or month."""
PAST_DAYS, FUTURE_DAYS = 90, 1100
"""Days that the timeline covers before and after today; orders that expire outside are only counted."""
WEEKLY_DAYS = 180
"""Days; up to this span the timeline counts by week, beyond it by month."""
KINDS = ("expired", "due", "open", "imported")
"""What the timeline distinguishes: expired, due for renewal, not in the store yet, in the store."""


def timeline(report: Record) -> Row:
    """Return what to draw: a lane for each order if there are few, else bars that count them."""
    at = t.cast(datetime, parse(report["generated_at"]))
    dated = sorted(
        ((t.cast(datetime, parse(row["expires_at"])), row) for row in report["orders"] if row["expires_at"]),
        key=lambda entry: (entry[0], entry[1]["order_id"]),
    )
    first, last = at - timedelta(days=PAST_DAYS), at + timedelta(days=FUTURE_DAYS)
    shown = [(expires, row) for expires, row in dated if first <= expires <= last]
    drawing: Row = {
        "earlier": sum(expires < first for expires, _row in dated),
        "later": sum(expires > last for expires, _row in dated),
        "undated": report["order_count"] - len(dated),
        "kinds": [],
        "lanes": [],
        "bars": [],
        "grid": [],
        "ticks": [],
        "today": 0.0,
    }
    if shown:
        drawing["kinds"] = [kind for kind in KINDS if any(_kind(row) == kind for _expires, row in shown)]
        drawing.update(_lanes(shown, at) if len(shown) <= LANES else _bars(shown, at))
    return drawing


def _kind(row: Record) -> str:
    if row["state"] == "expired":
        return "expired"
    if {"expiring", "switch_services"} & set(row["attention"]):
        return "due"
    return "imported" if row["state"] in {"not_served", "imported", "superseded"} else "open"


class _Axis:
    """Converts instants to percent."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._start, self._span = start, max(end - start, timedelta(days=1))

    def x(self, moment: datetime) -> float:
        return round((moment - self._start) / self._span * 100, 2)


def _lanes(shown: Sequence[tuple[datetime, Record]], at: datetime) -> Row:
    start, end = min(shown[0][0], at), max(shown[-1][0], at + timedelta(days=EXPIRING_DAYS))
    axis = _Axis(start, end)
    today = axis.x(at)
    lanes = [
        {
            "order_id": row["order_id"],
            "name": row["name"],
            "days_left": row["days_left"],
            "kind": _kind(row),
            "x": min(axis.x(expires), today),
            "end": axis.x(expires),
            "width": round(abs(axis.x(expires) - today), 2),
        }
        for expires, row in shown
    ]
    months = [month for month in _months(start, end) if start <= _midnight(month)]
    return {"lanes": lanes, "today": today, "ticks": _ticks(months, axis, weekly=False)}


def _bars(shown: Sequence[tuple[datetime, Record]], at: datetime) -> Row:
    start, end = min(shown[0][0], at), max(shown[-1][0], at)
    weekly = end - start <= timedelta(days=WEEKLY_DAYS)
    bins = list(_weeks(start, end) if weekly else _months(start, end))
    after = bins[-1] + timedelta(days=7) if weekly else _next_month(bins[-1])
    axis = _Axis(_midnight(bins[0]), _midnight(after))
    edges = [axis.x(_midnight(day)) for day in [*bins, after]]
    counts: dict[date, Counter[str]] = {day: Counter() for day in bins}
    for expires, row in shown:
        day = expires.date()
        counts[day - timedelta(days=day.weekday()) if weekly else day.replace(day=1)][_kind(row)] += 1
    top = _round_up(max(sum(counted.values()) for counted in counts.values()))
    bars = []
    for day, left, right in zip(bins, edges, edges[1:], strict=False):
        segments, height = [], 0.0
        for kind in reversed(KINDS):
            if counts[day][kind]:
                part = round(counts[day][kind] / top * 100, 2)
                segments.append({"kind": kind, "count": counts[day][kind], "bottom": height, "height": part})
                height = round(height + part, 2)
        gap = (right - left) * 0.08
        bars.append(
            {
                **_day(day, weekly=weekly),
                "x": round(left + gap, 2),
                "width": round(right - left - 2 * gap, 2),
                "middle": round((left + right) / 2, 2),
                "count": sum(counts[day].values()),
                "height": height,
                "segments": segments,
            }
        )
    return {
        "bars": bars,
        "today": axis.x(at),
        "ticks": _ticks(bins, axis, weekly=weekly),
        "grid": [{"height": share * 50, "count": top * share // 2} for share in (1, 2)],
    }


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _months(start: datetime, end: datetime) -> Iterable[date]:
    month = start.date().replace(day=1)
    while month <= end.date():
        yield month
        month = _next_month(month)


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _weeks(start: datetime, end: datetime) -> Iterable[date]:
    monday = start.date() - timedelta(days=start.weekday())
    while monday <= end.date():
        yield monday
        monday += timedelta(days=7)


def _ticks(days: Sequence[date], axis: _Axis, *, weekly: bool) -> list[Row]:
    """Return at most eight labels that do not overlap; every second one may be omitted on a narrow screen."""
    step = next(step for step in (1, 2, 3, 4, 6, 12) if len(days) / step <= 8)
    return [
        {**_day(day, weekly=weekly), "x": axis.x(_midnight(day)), "minor": bool(number % 2)}
        for number, day in enumerate(days[::step])
    ]


def _day(day: date, *, weekly: bool) -> Row:
    return {"year": day.year, "month": day.month, "day": day.day if weekly else None}


def _round_up(count: int) -> int:
    """Return the next even number that suits an axis."""
    size: int = 10 ** (len(str(count)) - 1)
    return next(size * step for step in (2, 4, 6, 8, 10, 20) if size * step >= count)
