# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results as tables: for the terminal and for the documentation. Pure: text comes out, nothing is written here."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.benchmark.figures import Result, spread
from tests.benchmark.growth import GROWTH, series
from tests.benchmark.targets import Target, Verdict, in_unit

FLOOR = "sdk"
COLUMNS = ("way", "wall s", "+-", "x SDK", "CPU s", "API calls", "MB", "peak MB", "note")
GROWTH_COLUMNS = ("scenario", "case", "way", "wall", "wall, two largest", "CPU", "CPU, two largest")
TARGET_COLUMNS = ("target", "how", "bound", "case", "figure", "verdict")

Titles = Mapping[str, str]
Row = Sequence[str]


def rows_of(result: Result, titles: Titles) -> list[Row]:
    """A row for each way, as in ``COLUMNS``."""
    return [_row(result, way, titles.get(way, way)) for way in result.runs]


def _row(result: Result, way: str, title: str) -> Row:
    seconds, floor = result.median_seconds(way), result.median_seconds(FLOOR)
    apart = spread(result.seconds(way)) if len(result.runs[way]) > 1 else None
    first = result.runs[way][0]
    factor = first.of / first.items  # calls and bytes grow with the items, as no way has more than a few beside them
    return (
        title,
        _seconds(seconds),
        "" if apart is None else f"{apart:.0%}",
        "" if seconds is None or not floor or way == FLOOR else f"{seconds / floor:.2f}",
        "" if first.is_sample else _seconds(result.median_of(way, "cpu_seconds")),
        f"{(result.median_of(way, 'calls') or 0) * factor:,.0f}",
        f"{(result.median_of(way, 'bytes') or 0) * factor / 1e6:,.1f}",
        f"{(result.median_of(way, 'peak_bytes') or 0) / 1e6:,.0f}",
        f"extrapolated from {first.items}" if first.is_sample else "",
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rows_of_verdicts(verdicts: Iterable[Verdict], missing: Iterable[Target] = ()) -> list[Row]:
    """A row for each verdict, as in ``TARGET_COLUMNS``, and one for each target without any."""
    rows: list[Row] = []
    for verdict in verdicts:
        target = verdict.target
        word = "met" if verdict.met else "NOT MET"
        rows.append(
            (
                target.name,
                target.how,
                target.bound_in_words(),
                verdict.case.label(),
                in_unit(verdict.figure, target.unit),
                word if verdict.binding else f"({word.lower()}, not the target's case)",
            )
        )
    rows += [(target.name, target.how, target.bound_in_words(), "", "", "not measured") for target in missing]
    return rows


def rows_of_growth(results: Sequence[Result], titles: Mapping[str, Titles], headings: Titles) -> list[Row]:
    """A row for each way of each series whose growth was fitted, as in ``GROWTH_COLUMNS``."""
    rows: list[Row] = []
    for smallest, *_others, largest in series(results):
        case = largest.case
        label = f"{smallest.case.orders:,} to {case.orders:,} orders, {case.conditions()}"
        for way, exponents in largest.facts.get(GROWTH, {}).items():
            figures = ("" if value is None else f"{value:.2f}" for value in exponents.values())
            rows.append((headings[case.scenario], label, titles[case.scenario].get(way, way), *figures))
    return rows


def markdown(columns: Row, rows: Iterable[Row]) -> str:
    """A Markdown table whose columns line up."""
    table = [columns, *rows]
    widths = [max(len(row[number]) for row in table) for number in range(len(columns))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in table
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def as_text(results: Sequence[Result], titles: Mapping[str, Titles], headings: Titles) -> str:
    """All results for the terminal, under a heading for each scenario and each case."""
    parts: list[str] = []
    for scenario, members in grouped(results):
        parts.append(f"## {headings[scenario]}")
        for result in members:
            parts += [f"{result.case.label()}:", markdown(COLUMNS, rows_of(result, titles[scenario]))]
    if growing := rows_of_growth(results, titles, headings):
        parts += ["## How cost grows (exponents)", markdown(GROWTH_COLUMNS, growing)]
    return "\n\n".join(parts)


def grouped(results: Sequence[Result]) -> list[tuple[str, list[Result]]]:
    """Results by scenario, in the order in which those came."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.case.scenario, []).append(result)
    return list(groups.items())


# reStructuredText

RST_HEAD = """\
..
  Copyright (c) softlayer.certificates contributors
  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Written by make bench; do not edit.

.. _ansible_collections.softlayer.certificates.docsite.guide_benchmark:

How fast is it?
===============

What large fleets cost, measured against a simulated API on one machine, side by side with what one would do without this
collection, and with the floor: the bare Python SDK making the same calls. Times are seconds of wall clock, the median where
a case was measured in more than one round. *Extrapolated* figures were measured for a few items. The same as a
`plot <https://github.com/softlayer/softlayer.certificates/blob/main/docs/benchmark.svg>`__; how it is measured, and
`what limits it <https://github.com/softlayer/softlayer.certificates/blob/main/tests/benchmark/README.md>`__.

.. contents::
   :local:
   :depth: 1
"""
GLANCE_HEAD = """\
The most telling case of each task: with this collection in a playbook, from ``ansible-playbook`` to its end; the module alone; the
floor; and what one would do instead. A star marks what is extrapolated.
"""
GROWTH_HEAD = """\
The exponent of the cost over the size, a line fitted through the logarithms of both: 1 is in proportion, 2 would be four times the
cost for twice the size. What bare Ansible takes is taken off first. The two largest sizes alone tell more of what comes after
them, as less of it is the start. The same as a
`plot of cost over size <https://github.com/softlayer/softlayer.certificates/blob/main/docs/benchmark_growth.svg>`__.
"""
RST_COLUMNS = ("way", "wall s", "x SDK", "API calls", "MB", "peak MB", "note")
GLANCE_COLUMNS = ("what", "how many", "playbook", "module alone", "bare SDK", "without this collection")
OURS, ALONE = "ansible", "module"
BESIDE = frozenset(
    {OURS, ALONE, FLOOR, "bare", "handover", "alone", "alike", "module_by_ids", "gather", "blank", "page"}
)
"""Ways that are no alternative for a user."""


def as_rst(
    results: Sequence[Result],
    verdicts: Sequence[Verdict],
    titles: Mapping[str, Titles],
    headings: Titles,
    environment: Mapping[str, Any],
) -> str:
    """The page of the documentation."""
    glance = [at_a_glance(telling(members), titles[name], headings[name]) for name, members in grouped(results)]
    glance = [row for row in glance if any(row[2:])]
    parts = [RST_HEAD, heading("At a glance"), GLANCE_HEAD, csv_table(GLANCE_COLUMNS, glance)]
    advice = transport_advice(results)
    if advice:
        parts += [heading("XML-RPC or REST?"), advice]
    for scenario, members in grouped(results):
        parts.append(heading(headings[scenario]))
        table = []
        for result in members:
            for row in rows_of(result, titles[scenario]):
                cells = dict(zip(COLUMNS, row, strict=True))
                table.append([result.case.label(), *(cells[name] for name in RST_COLUMNS)])
        parts.append(csv_table(("case", *RST_COLUMNS), table))
    if growing := rows_of_growth(results, titles, headings):
        parts += [heading("How cost grows"), GROWTH_HEAD, csv_table(GROWTH_COLUMNS, growing)]
    if verdicts:
        parts += [heading("Targets"), csv_table(TARGET_COLUMNS, rows_of_verdicts(verdicts))]
    parts += [
        heading("Where it was measured"),
        ", ".join(f"{name} {value}" for name, value in environment.items()) + ".",
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def telling(members: Sequence[Result]) -> Result:
    """Which case of a scenario tells most: one with the slow loops, then the largest, then the slowest network."""
    return max(members, key=lambda result: (result.case.instead, result.case.orders, result.case.latency_ms))


def at_a_glance(result: Result, titles: Titles, title: str) -> Row:
    """A row as in ``GLANCE_COLUMNS``; times that are extrapolated have a star."""

    def time_of(way: str) -> str:
        seconds = _seconds(result.median_seconds(way))
        return f"{seconds} s" + ("*" if result.runs[way][0].is_sample else "") if seconds else ""

    others = [way for way in result.runs if way.removeprefix("list_") not in BESIDE]
    return (
        title,
        result.case.label(),
        *(time_of(way) for way in (OURS, ALONE, FLOOR)),
        "; ".join(f"{titles.get(way, way)}: {time_of(way)}" for way in others),
    )


def heading(text: str) -> str:
    """A heading of the second level."""
    return f"{text}\n{'-' * len(text)}"


def csv_table(columns: Row, rows: Iterable[Row]) -> str:
    """A table with a line for each row."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return ".. csv-table::\n   :header-rows: 1\n\n" + textwrap.indent(text.getvalue(), "   ")


def transport_advice(results: Sequence[Result]) -> str | None:
    """Which transport to choose for a large fleet, with the figures that say so; None if only one was measured."""
    by_transport: dict[tuple[str, int, int], dict[str, Result]] = {}
    for result in results:
        key = (result.case.scenario, result.case.orders, result.case.latency_ms)
        by_transport.setdefault(key, {})[result.case.transport] = result
    lines = []
    for (scenario, orders, latency), found in by_transport.items():
        slow, fast = (found[name].median_seconds("module") if name in found else None for name in ("xmlrpc", "rest"))
        if scenario in ("list", "gather_imported") and slow and fast:
            lines.append(
                f"{scenario} of {orders:,} orders at {latency} ms: {slow:.2f} s over XML-RPC, {fast:.2f} s over REST"
            )
    if not lines:
        return None
    return (
        "Both give the same results. Answers in JSON are half as long and are parsed several times faster than those in XML, so "
        "use REST for a large fleet: ``transport: rest``. The module alone took\n\n"
        + "\n".join(f"* {line}" for line in lines)
    )
