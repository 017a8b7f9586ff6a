# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How cost grows with the number of orders: the cases of a scenario that differ in nothing else, side by side. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmark.figures import BARE, Result, exponent

GROWTH = "growth"
"""The fact of the largest case of a series that holds what `of` returns."""
OURS = ("ansible", "module")
"""Ways whose growth is told: in a playbook, and alone."""
COSTS = {"wall": "seconds", "CPU": "cpu_seconds"}

Exponents = dict[str, float | None]


def series(results: Sequence[Result]) -> list[list[Result]]:
    """Results that differ in nothing but their size, the smallest first: where there are two sizes at least, and our ways."""
    alike: dict[tuple[object, ...], dict[int, Result]] = {}
    for result in results:
        if not any(result.runs.get(way) for way in OURS):
            continue
        case = result.case
        key = (case.scenario, case.latency_ms, case.concurrency, case.transport)
        alike.setdefault(key, {})[case.orders] = result
    return [[found[size] for size in sorted(found)] for found in alike.values() if len(found) > 1]


def fitted(members: Sequence[Result], way: str) -> Exponents:
    """The exponents of a way's wall and CPU time: fitted to all sizes, and of the two largest, where less of it is the start."""
    found = {}
    for title, name in COSTS.items():
        points = [(result.case.orders, cost(result, way, name)) for result in members if result.runs.get(way)]
        found[title] = exponent(points)
        found[f"{title}, two largest"] = exponent(points[-2:])
    return found


def cost(result: Result, way: str, name: str) -> float:
    """A way's median, of what is run by Ansible less what bare Ansible takes."""
    start = (result.median_of(BARE, name) or 0.0) if way == "ansible" else 0.0
    return (result.median_of(way, name) or 0.0) - start


def of(members: Sequence[Result]) -> dict[str, Exponents]:
    """By our ways, how the cost of each grows over a series."""
    return {way: fitted(members, way) for way in OURS if members[-1].runs.get(way)}
