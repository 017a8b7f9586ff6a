# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plot of the largest case of each scenario, as SVG: pure, and without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from tests.benchmark.figures import Result
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
    body = "\n".join(panels)
    return (
        f"<!--\n{LICENSE}-->\n"
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>\n{body}\n</svg>\n'
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
    return 0.1 + 0.9 * (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))


def _label(value: float, result: Result, way: str) -> str:
    sample = any(run.is_sample for run in result.runs[way])
    return f"{value:,.0f} s" + (" *" if sample else "") if value >= 100 else f"{value:.1f} s" + (" *" if sample else "")
