# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plots as SVG: of the largest case of each scenario, and of cost over size. Pure, and without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from tests.benchmark.figures import BARE, Result
from tests.benchmark.growth import series
from tests.benchmark.report import grouped, telling

WIDTH, LEFT, RIGHT = 860, 300, 90
BAR, GAP, TITLE = 18, 6, 34
COLORS = {"sdk": "#8d8d8d", "bare": "#c6c6c6", "handover": "#c6c6c6", "module": "#4589ff", "ansible": "#0043ce"}
LICENSE = """\
Copyright (c) softlayer.certificates contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
"""
INSTEAD = "#da1e28"
"""The color of what a user would do instead."""


def plot(results: Sequence[Result], titles: Mapping[str, Mapping[str, str]], headings: Mapping[str, str]) -> str:
    """Bars of the median wall time on a logarithmic scale, a panel for each scenario."""
    panels, top = [], 10
    for scenario, members in grouped(results):
        result = telling(members)
        panel, height = _panel(result, titles[scenario], headings[scenario], top)
        panels.append(panel)
        top += height
    return _svg(panels, top)


def _svg(panels: Sequence[str], height: int) -> str:
    """A drawing of some panels."""
    body = "\n".join(panels)
    return (
        f"<!--\n{LICENSE}-->\n"
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _panel(result: Result, titles: Mapping[str, str], heading: str, top: int) -> tuple[str, int]:
    """One scenario's bars, and how high they are."""
    seconds = {way: value for way in result.runs if (value := result.median_seconds(way))}
    low = 10 ** math.floor(math.log10(min(seconds.values(), default=1)))
    high = max(10 * low, *seconds.values())
    lines = [f'<text x="10" y="{top + 16}" font-weight="bold">{escape(heading)} ({escape(result.case.label())})</text>']
    y = top + TITLE - 8
    for way, value in seconds.items():
        length = (WIDTH - LEFT - RIGHT) * bar_share(value, low, high)
        color = COLORS.get(way.removeprefix("list_"), INSTEAD)
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(titles.get(way, way))}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{color}"/>',
            f'<text x="{LEFT + length + 6:.1f}" y="{y + 13}">{_label(value, result, way)}</text>',
        ]
        y += BAR + GAP
    return "\n".join(lines), y - top + 14


def bar_share(value: float, low: float, high: float) -> float:
    """How long a bar is, as a share of the longest: the logarithm's, a tenth for the lowest."""
    if high <= low:
        return 1.0
    return 0.1 + 0.9 * share(value, low, high)


def share(value: float, low: float, high: float) -> float:
    """How far a value is between two others, by their logarithms."""
    return math.log10(value / low) / math.log10(high / low)


def _label(value: float, result: Result, way: str) -> str:
    sample = any(run.is_sample for run in result.runs[way])
    return f"{value:,.0f} s" + (" *" if sample else "") if value >= 100 else f"{value:.1f} s" + (" *" if sample else "")


# Cost over size

ACROSS = 2
PANEL = (WIDTH // ACROSS, 290)
FRAME = (50, 78, 350, 170)
"""Left, top, width and height of the part of a panel that has the lines."""
LINES = ("ansible", "module", BARE)


def curves(results: Sequence[Result], titles: Mapping[str, Mapping[str, str]], headings: Mapping[str, str]) -> str:
    """Lines of the median wall time over the number of orders, both logarithmic, a panel for each scenario.

    Of each scenario the series with the most sizes is drawn, and of those the one with the least latency.
    """
    chosen: dict[str, list[Result]] = {}
    for members in sorted(series(results), key=lambda members: (-len(members), members[0].case.latency_ms)):
        chosen.setdefault(members[0].case.scenario, members)
    order = [scenario for scenario in headings if scenario in chosen]
    panels = [
        f'<g transform="translate({number % ACROSS * PANEL[0]} {number // ACROSS * PANEL[1]})">\n'
        f"{_curves(chosen[scenario], titles[scenario], headings[scenario])}\n</g>"
        for number, scenario in enumerate(order)
    ]
    return _svg(panels, -(-len(panels) // ACROSS) * PANEL[1])


def _curves(members: Sequence[Result], titles: Mapping[str, str], heading: str) -> str:
    """One scenario's axes and lines."""
    left, top, width, height = FRAME
    ways = [way for way in LINES if all(result.runs.get(way) for result in members)]
    lines = {way: [(result.case.orders, result.median_seconds(way) or 0.0) for result in members] for way in ways}
    sizes = decades([result.case.orders for result in members])
    costs = decades([cost for points in lines.values() for _size, cost in points])

    def place(size: float, cost: float) -> tuple[float, float]:
        return left + width * share(size, sizes[0], sizes[-1]), top + height * (1 - share(cost, costs[0], costs[-1]))

    drawn = [
        f'<text x="10" y="20" font-weight="bold">{escape(heading)}</text>',
        f'<text x="10" y="36" fill="#525252">seconds over orders; {escape(members[0].case.conditions())}</text>',
    ]
    for size in sizes:
        x, _y = place(size, costs[0])
        drawn.append(f'<path d="M{x:.1f} {top}v{height}" stroke="#e0e0e0"/>')
        drawn.append(f'<text x="{x:.1f}" y="{top + height + 16}" text-anchor="middle">{size:,.0f}</text>')
    for cost in costs:
        _x, y = place(sizes[0], cost)
        drawn.append(f'<path d="M{left} {y:.1f}h{width}" stroke="#e0e0e0"/>')
        drawn.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{cost:,g}</text>')
    for number, (way, points) in enumerate(lines.items()):
        color, spots = COLORS[way], [place(*point) for point in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
        drawn.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in spots]
        legend = 10 + number * PANEL[0] // len(LINES)
        drawn.append(f'<rect x="{legend}" y="49" width="10" height="10" fill="{color}"/>')
        drawn.append(f'<text x="{legend + 14}" y="58">{escape(titles.get(way, way))}</text>')
    return "\n".join(drawn)


def decades(values: Sequence[float]) -> list[float]:
    """The powers of ten from the one below all values to the one above them."""
    lowest, highest = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0**power for power in range(lowest, max(highest, lowest + 1) + 1)]
