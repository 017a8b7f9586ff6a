# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, what is computed of it, and the tables that tell it: pure, no input or output."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Row = Sequence[str]


@dataclass(frozen=True)
class Case:
    """One point at which a scenario is measured."""

    scenario: str
    orders: int
    latency_ms: int = 0
    concurrency: int = 8
    rounds: int = 3

    def label(self) -> str:
        """The case in a few words."""
        return f"{self.orders:,} orders, {self.latency_ms} ms, {self.concurrency} at once"


@dataclass(frozen=True)
class Run:
    """One run of one way."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    calls: int
    output_bytes: int = 0


@dataclass(frozen=True)
class Ratio:
    """What a scenario is measured for: a number of one way over that of others together, and where it should be."""

    above: str
    below: tuple[str, ...]
    aim: float
    at_least: bool = False
    """Whether more is better."""
    of: str = "seconds"
    """The number of a run that is compared."""

    def aim_in_words(self) -> str:
        """Such as ``<= 1.20x``."""
        return f"{'>=' if self.at_least else '<='} {self.aim:.2f}x"


@dataclass
class Result:
    """All runs of a case.

    Attributes:
        titles: by the name of each way, what it is.
        runs: by the same, one for each round, in the order of the rounds.
    """

    case: Case
    titles: dict[str, str]
    ratios: tuple[Ratio, ...] = ()
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def median(self, way: str, name: str) -> float:
        """A number of a way's runs in the middle of the rounds."""
        return statistics.median(getattr(run, name) for run in self.runs[way])

    def spread(self, way: str) -> float:
        """How far apart the times of the rounds are, as a share of their median."""
        times = [run.seconds for run in self.runs[way]]
        return (max(times) - min(times)) / statistics.median(times)

    def figure(self, ratio: Ratio) -> float:
        """The middle of the ratios of each round: a machine that is slow for a while is so for both."""
        rounds = zip(*(self.runs[way] for way in (ratio.above, *ratio.below)), strict=True)
        numbers = ([getattr(run, ratio.of) for run in runs] for runs in rounds)
        return statistics.median(above / sum(below) for above, *below in numbers)

    def measured(self) -> list[Ratio]:
        """The ratios of ways that the case has."""
        return [ratio for ratio in self.ratios if {ratio.above, *ratio.below} <= self.runs.keys()]

    def name(self, ratio: Ratio) -> str:
        """What is compared with what."""
        return f"{self.titles[ratio.above]} / {' + '.join(self.titles[way] for way in ratio.below)}{SUFFIXES[ratio.of]}"

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "case": asdict(self.case),
            "ways": {way: [asdict(run) for run in runs] for way, runs in self.runs.items()},
            "ratios": {self.name(ratio): self.figure(ratio) for ratio in self.measured()},
        }


SUFFIXES = {"seconds": "", "cpu_seconds": ", CPU time", "peak_bytes": ", peak memory"}
"""How the name of a ratio ends, by the number that it is of."""
COLUMNS = ("way", "wall s", "+-", "CPU s", "API calls", "peak MB", "output MB")
RATIO_COLUMNS = ("scenario", "case", "what", "ratio", "aim")


def rows_of(result: Result) -> list[Row]:
    """A row for each way, as in ``COLUMNS``."""
    return [
        (
            result.titles[way],
            f"{result.median(way, 'seconds'):.2f}",
            f"{result.spread(way):.0%}" if len(runs) > 1 else "",
            f"{result.median(way, 'cpu_seconds'):.2f}",
            f"{result.median(way, 'calls'):,.0f}",
            f"{result.median(way, 'peak_bytes') / 1e6:,.0f}",
            f"{result.median(way, 'output_bytes') / 1e6:,.1f}",
        )
        for way, runs in result.runs.items()
    ]


def rows_of_ratios(results: Iterable[Result]) -> list[Row]:
    """A row for each ratio of each result, as in ``RATIO_COLUMNS``."""
    return [
        (
            result.case.scenario,
            result.case.label(),
            result.name(ratio),
            f"{result.figure(ratio):.2f}x",
            ratio.aim_in_words(),
        )
        for result in results
        for ratio in result.measured()
    ]


def markdown(columns: Row, rows: Iterable[Row]) -> str:
    """A Markdown table whose columns line up."""
    table = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    head, *lines = (
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |" for row in table
    )
    return "\n".join([head, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *lines])
