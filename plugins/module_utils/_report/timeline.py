# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When each row of a report expires, as a picture: lanes and bars in percent of its width. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from .._times import DUE_DAYS, days_until, due_from, parse

Row = dict[str, t.Any]
LANES = 25
"""Up to this many rows have a line of their own in the timeline; more are counted by week or month."""
PAST_DAYS, FUTURE_DAYS = 90, 1100
"""Days that the timeline covers before and after today; rows that expire outside are only counted, except in `FAR_DAYS`."""
FAR_DAYS = 400
"""Days after which a lane ends at the edge: one certificate of ten years would leave nothing to see of the others."""
WEEKLY_DAYS = 180
"""Days; up to this span the timeline counts by week, beyond it by month."""
KINDS = ("expired", "due", "open", "imported", "replaced")
"""What the timeline distinguishes: expired, due for renewal, not in the store yet, in the store, replaced by a newer one."""
DUE = {"expiring", "switch_services", "behind"}
"""For what needs a person, what the timeline shows as due for renewal."""

Dated = tuple[datetime, Row]
"""When a row expires, and the row."""


def timeline(report: Mapping[str, t.Any], rows: str, identifier: str) -> Row:
    """Return what to draw: a lane for each row if there are few, else bars that count them.

    Args:
        report: as data.
        rows: the name of the list of its rows.
        identifier: the field that identifies a row.
    """
    at = t.cast(datetime, parse(report["generated_at"]))
    dated = sorted(
        ((expires, row) for row in report[rows] if (expires := parse(row["expires_at"]))),
        key=lambda one: (one[0], one[1][identifier]),
    )
    first, last = at - timedelta(days=PAST_DAYS), at + timedelta(days=FUTURE_DAYS)
    shown = [one for one in dated if first <= one[0] <= last]
    drawing: Row = {"lanes": [], "bars": [], "grid": [], "ticks": [], "today": 0.0, "weekly": False}
    lanes = [one for one in dated if one[0] >= first]
    if len(lanes) <= LANES:
        shown = lanes
    if shown:
        drawing |= _lanes(shown, at, identifier) if shown is lanes else _bars(shown, at)
    kinds = {kind_of(row) for _expires, row in shown}
    return drawing | {
        "earlier": sum(expires < first for expires, _row in dated),
        "later": 0 if shown is lanes else sum(expires > last for expires, _row in dated),
        "undated": len(report[rows]) - len(dated),
        "kinds": [kind for kind in KINDS if kind in kinds],
    }


def served(listeners: Sequence[Mapping[str, t.Any]], at: datetime) -> Row:
    """Return what to draw of the listeners: by load balancer, from issue to end, with the point from which on renewal is due.

    If there are many, only those that end first are drawn.

    Args:
        listeners: as the report has them, in their order.
        at: the present instant.
    """
    dated = [
        (begin, end, one)
        for one in listeners
        if (begin := parse(one["not_before"])) and (end := parse(one["not_after"])) and begin < end
    ]
    first = sorted(dated, key=lambda one: one[1])[:LANES]
    drawn = [one for one in dated if one in first]
    if not drawn:
        return {"balancers": {}, "more": len(listeners)}
    far = timedelta(days=FAR_DAYS)
    start = max(min(min(begin for begin, _end, _one in drawn), at), at - far)
    end = min(max(max(end for _begin, end, _one in drawn), at), at + far)
    place = _scale(start, end)

    def inside(moment: datetime) -> float:
        return place(min(max(moment, start), end))

    balancers: dict[str, list[Row]] = {}
    for begin, until, one in drawn:
        due = due_from(begin, until)
        balancer, _colon, port = one["listener"].rpartition(":")
        balancers.setdefault(balancer, []).append(
            {
                "port": port,
                "name": one["name"],
                "days_left": days_until(until, at),
                "kind": "expired" if until <= at else "due" if due <= at else "imported",
                "x": inside(begin),
                "width": round(inside(until) - inside(begin), 2),
                "due": inside(due),
            }
        )
    months = [month for month in _periods(start, end, weekly=False) if start <= month <= end]
    return {
        "balancers": balancers,
        "today": place(at),
        "ticks": _ticks(months, place),
        "more": len(listeners) - len(drawn),
    }


def kind_of(row: Mapping[str, t.Any]) -> str:
    """Return which of `KINDS` a row is that has a date of expiry."""
    if row["days_left"] < 0:
        return "expired"
    if DUE & set(row["attention"]):
        return "due"
    if row["state"] == "superseded":
        return "replaced"
    return "imported" if row["certificate_ids"] else "open"


def _scale(start: datetime, end: datetime) -> Callable[[datetime], float]:
    """Return what converts instants to percent."""
    span = max(end - start, timedelta(days=1))
    return lambda moment: round((moment - start) / span * 100, 2)


def _lanes(shown: Sequence[Dated], at: datetime, identifier: str) -> Row:
    start = min(shown[0][0], at)
    end = min(max(shown[-1][0], at + timedelta(days=DUE_DAYS)), at + timedelta(days=FAR_DAYS))
    place = _scale(start, end)
    today = place(at)
    lanes = [
        {
            **{name: row[name] for name in (identifier, "name", "days_left")},
            "kind": kind_of(row),
            "x": min(place(expires), today),
            "width": round(abs(place(min(expires, end)) - today), 2),
        }
        for expires, row in shown
    ]
    months = [month for month in _periods(start, end, weekly=False) if start <= month <= end]
    return {"lanes": lanes, "today": today, "ticks": _ticks(months, place)}


def _bars(shown: Sequence[Dated], at: datetime) -> Row:
    start, end = min(shown[0][0], at), max(shown[-1][0], at)
    weekly = end - start <= timedelta(days=WEEKLY_DAYS)
    periods = _periods(start, end, weekly=weekly)
    place = _scale(periods[0], periods[-1])
    counts: list[Counter[str]] = [Counter() for _period in periods[1:]]
    for expires, row in shown:
        counts[bisect_right(periods, expires) - 1][kind_of(row)] += 1
    top = _round_up(max(counted.total() for counted in counts))
    bars = []
    for counted, (begin, after) in zip(counts, pairwise(periods), strict=True):
        left, right = place(begin), place(after)
        gap = (right - left) * 0.08
        kinds = [kind for kind in reversed(KINDS) if counted[kind]]
        heights = [round(counted[kind] / top * 100, 2) for kind in kinds]
        bottoms = [round(height, 2) for height in accumulate(heights, initial=0.0)]
        bars.append(
            {
                **_day(begin),
                "x": round(left + gap, 2),
                "width": round(right - left - 2 * gap, 2),
                "middle": round((left + right) / 2, 2),
                "count": counted.total(),
                "height": bottoms[-1],
                "segments": [
                    {"kind": kind, "count": counted[kind], "bottom": bottom, "height": height}
                    for kind, bottom, height in zip(kinds, bottoms, heights, strict=False)
                ],
            }
        )
    return {
        "bars": bars,
        "today": place(at),
        "weekly": weekly,
        "ticks": _ticks(periods[:-1], place),
        "grid": [{"height": share * 50, "count": top * share // 2} for share in (1, 2)],
    }


def _periods(start: datetime, end: datetime, *, weekly: bool) -> list[datetime]:
    """Return when each week or month begins, from that of `start` to the first after `end`."""
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [day - timedelta(days=day.weekday() if weekly else day.day - 1)]
    while begins[-1] <= end:
        begins.append(begins[-1] + timedelta(days=7) if weekly else (begins[-1] + timedelta(days=31)).replace(day=1))
    return begins


def _ticks(days: Sequence[datetime], place: Callable[[datetime], float]) -> list[Row]:
    """Return at most eight labels that do not overlap; every second one may be omitted on a narrow screen."""
    step = next(step for step in (1, 2, 3, 4, 6, 12) if len(days) / step <= 8)
    return [{**_day(day), "x": place(day), "minor": bool(number % 2)} for number, day in enumerate(days[::step])]


def _day(day: datetime) -> Row:
    return {"year": day.year, "month": day.month, "day": day.day}


def _round_up(count: int) -> int:
    """Return the next even number that suits an axis."""
    size: int = 10 ** (len(str(count)) - 1)
    return next(size * step for step in (2, 4, 6, 8, 10, 20) if size * step >= count)
