# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reports of all roles have in common. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import json
import typing as t
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone

from .._names import listener_name, shown_name_of
from .._times import parse

Record = Mapping[str, t.Any]
"""A result of a module, or a part of it."""
Row = dict[str, t.Any]
EXPIRING_DAYS = 30
"""What expires within this number of days, and has no newer one for its names, is due for renewal."""


def read(previous: str | None) -> Record:
    """Return the data of a previous report; anything that is not a report counts as none."""
    try:
        data = json.loads(previous or "{}")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def made_today(old: Record, at: datetime) -> datetime | None:
    """Return when a previous report was made, if that was on the same day (UTC), and not later than now."""
    made = parse(old.get("generated_at"))
    is_of_today = made is not None and made <= at and made.date() == at.astimezone(timezone.utc).date()
    return made if is_of_today else None


def unless_same(build: Callable[[datetime], Row], old: Record, at: datetime) -> Row:
    """Return a report; the previous one if that is of the same day, and nothing but the time has changed since.

    So a second run right after the first changes nothing.

    Args:
        build: returns the report of an instant.
        old: the data of the previous report.
        at: the present instant.
    """
    made = made_today(old, at)
    if made is not None:
        again = build(made)
        if again == old:
            return again
    return build(at)


def needing(rows: Iterable[Row], kinds: Sequence[str], identifier: str, ids: str) -> list[Row]:
    """Return what needs a person, the most urgent first: for each kind, how many rows, and which.

    Args:
        rows: with their list `attention`.
        kinds: all kinds, in order of urgency.
        identifier: the field that identifies a row.
        ids: the name of the list of these in the result.
    """
    found: dict[str, list[t.Any]] = {kind: [] for kind in kinds}
    for row in rows:
        for kind in row["attention"]:
            found[kind].append(row[identifier])
    return [{"kind": kind, "count": len(listed), ids: listed} for kind, listed in found.items() if listed]


def balancers(rows: Iterable[Row]) -> dict[str, int]:
    """Return for each load balancer how many rows have a certificate that it serves."""
    served = Counter(name for row in rows for name in {place.rpartition(":")[0] for place in row["served_by"] or ()})
    return {name: served[name] for name in sorted(served)}


def notices(failed: Iterable[Record]) -> list[Row]:
    """Return what failed for everything, with what it is about: a listener, or whatever else the record names."""
    return [
        {"source": listener_name(record) or shown_name_of(record), "message": record.get("message")}
        for record in failed
    ]
