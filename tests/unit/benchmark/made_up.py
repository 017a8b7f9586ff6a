# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results made up for tests."""

from __future__ import annotations

from typing import Any

from tests.benchmark.figures import Case, Measurement, Result


def measurement(seconds: float, items: int = 10_000, of: int = 10_000, **numbers: Any) -> Measurement:
    """A run that took so long."""
    usual: dict[str, Any] = {"cpu_seconds": seconds / 2, "peak_bytes": 100_000_000, "calls": 21, "bytes": 2_000_000}
    return Measurement(seconds=seconds, items=items, of=of, **(usual | numbers))


def result(scenario: str = "list", *, orders: int = 10_000, axes: dict[str, Any] | None = None, **ways: Any) -> Result:
    """A result; a way is given as the seconds of each round, or as measurements."""
    runs = {
        name: [run if isinstance(run, Measurement) else measurement(run, orders, orders) for run in rounds]
        for name, rounds in ways.items()
    }
    return Result(Case(scenario, orders, **(axes or {})), runs)
