# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, and what is computed of it: pure, no input or output."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

BARE = "bare"
"""The way that does nothing: what an extrapolation takes off as Ansible's own start."""


@dataclass(frozen=True)
class Case:
    """One point of the axes at which a scenario is measured."""

    scenario: str
    orders: int
    latency_ms: int = 0
    concurrency: int = 8
    transport: str = "xmlrpc"
    rounds: int = 3
    instead: bool = False
    """Whether the slow loops that a user would write instead are measured as well."""

    def label(self) -> str:
        """The case in a few words."""
        return f"{self.orders:,} orders, {self.conditions()}"

    def conditions(self) -> str:
        """All but the size in a few words."""
        transport = "REST" if self.transport == "rest" else "XML-RPC"
        return f"{self.latency_ms} ms, concurrency {self.concurrency}, {transport}"


@dataclass(frozen=True)
class Measurement:
    """One run of one way. ``seconds`` is what was measured, for ``items`` of the ``of`` things to do."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    calls: int
    bytes: int
    items: int
    of: int
    peak_in_flight: int = 0
    pages: int = 0

    @property
    def is_sample(self) -> bool:
        """Whether only some of the things were done."""
        return self.items < self.of


@dataclass
class Result:
    """All runs of a case: by the name of the way, one for each round, in the order of the rounds."""

    case: Case
    runs: dict[str, list[Measurement]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def seconds(self, way: str) -> list[float]:
        """Wall time of each round; that of a sample scaled to all, Ansible's start taken off first."""
        return [self._scaled(way, number) for number in range(len(self.runs.get(way, ())))]

    def _scaled(self, way: str, number: int) -> float:
        run = self.runs[way][number]
        if not run.is_sample:
            return run.seconds
        bare = self.runs.get(BARE, [])
        start = bare[number].seconds if number < len(bare) and run_by_ansible(way) else 0.0
        return scaled(run.seconds, run.items, run.of, start)

    def median_seconds(self, way: str) -> float | None:
        """Wall time in the middle of the rounds; None if it was not measured."""
        return median(self.seconds(way))

    def median_of(self, way: str, name: str) -> float | None:
        """Any number of ``Measurement`` in the middle of the rounds."""
        return median([getattr(run, name) for run in self.runs.get(way, ())])

    def ratio(self, above: Callable[[int], float], below: Callable[[int], float], rounds: int) -> float | None:
        """The middle of the ratios of each round: a machine that is slow for a while is so for both."""
        return median([above(number) / below(number) for number in range(rounds) if below(number) > 0])

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return {
            "case": asdict(self.case),
            "facts": self.facts,
            "ways": {
                way: {
                    "median_seconds": self.median_seconds(way),
                    "extrapolated": any(run.is_sample for run in runs),
                    "runs": [asdict(run) for run in runs],
                }
                for way, runs in self.runs.items()
            },
        }


def run_by_ansible(way: str) -> bool:
    """Whether a way starts Ansible once; a shell loop starts its program anew for each item."""
    return way != "slcli"


def scaled(seconds: float, items: int, of: int, start: float) -> float:
    """What all would have taken, had each taken as long as those of the sample, after a start that comes once."""
    start = min(start, seconds)
    return start + (seconds - start) * of / items


def median(values: Iterable[float]) -> float | None:
    """The middle one; None of none."""
    known = list(values)
    return statistics.median(known) if known else None


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """How a cost grows with a size: the slope of a line through the logarithms of both, by least squares; 1 is in proportion.

    Args:
        points: sizes and costs. What costs nothing has no logarithm, and is left out; None if fewer than two sizes are left.
    """
    logarithms = [(math.log(size), math.log(cost)) for size, cost in points if cost > 0]
    if len({size for size, _cost in logarithms}) < 2:
        return None
    return statistics.linear_regression(*zip(*logarithms, strict=True)).slope


def spread(values: Sequence[float]) -> float | None:
    """How far apart the rounds are, as a share of their median."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else None


def peak_in_flight(entries: Iterable[Mapping[str, Any]]) -> int:
    """How many calls of a log were being answered at the same moment, at the most."""
    events: list[tuple[float, int]] = []
    for entry in entries:
        begun = datetime.fromisoformat(entry["time"]).timestamp()
        events += [(begun, 1), (begun + (entry["seconds"] or 0.0), -1)]
    most = now = 0
    for _moment, change in sorted(events):
        now += change
        most = max(most, now)
    return most


def count_pages(entries: Iterable[Mapping[str, Any]], totals: Mapping[str, int]) -> int:
    """How many pages the listings of a log had, from the size of the first page of each that was asked for.

    Args:
        entries: the log of calls.
        totals: by the name of each method that lists, how many rows there are.
    """
    sizes: dict[str, int] = {}
    for entry in entries:
        if entry["method"] in totals and entry["limit"]:
            sizes.setdefault(entry["method"], entry["limit"])
    return sum(max(1, -(-totals[method] // size)) for method, size in sizes.items())
