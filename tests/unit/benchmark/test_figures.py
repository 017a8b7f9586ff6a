# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures that are computed of what was measured."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmark import figures
from tests.unit.benchmark.made_up import measurement, result


def entry(second: int, seconds: float, method: str = "list", limit: int = 500) -> dict[str, Any]:
    return {"time": f"2026-01-31T00:00:{second:02d}+00:00", "seconds": seconds, "method": method, "limit": limit}


def test_a_sample_is_scaled_less_the_start_that_comes_once() -> None:
    assert figures.scaled(seconds=11, items=10, of=100, start=1) == 101
    assert figures.scaled(seconds=1, items=10, of=100, start=2) == 1, "a start cannot be longer than the whole"


def test_a_sample_is_scaled_by_the_bare_run_of_its_own_round() -> None:
    sample = [measurement(11, items=10, of=100), measurement(12, items=10, of=100)]
    found = result(orders=100, bare=[1, 2], uri=sample, slcli=sample)
    assert found.seconds("uri") == [101, 102]
    assert found.seconds("slcli") == [110, 120], "a shell loop has no start of its own"
    assert found.median_seconds("uri") == 101.5
    assert found.as_json()["ways"]["uri"]["extrapolated"] is True


def test_what_was_not_measured_has_no_figure() -> None:
    found = result(sdk=[1])
    assert found.seconds("uri") == []
    assert found.median_seconds("uri") is None
    assert figures.spread([]) is None


def test_spread_is_a_share_of_the_median() -> None:
    assert figures.spread([9, 10, 12]) == pytest.approx(0.3)


def test_an_exponent_is_the_slope_of_the_logarithms() -> None:
    assert figures.exponent([(100, 1), (1_000, 10), (10_000, 100)]) == pytest.approx(1)
    assert figures.exponent([(10, 3), (1_000, 30_000)]) == pytest.approx(2)
    assert figures.exponent([(100, 5), (1_000, 5)]) == pytest.approx(0)
    assert figures.exponent([(10, 1), (100, 10), (1_000, 1_000)]) == pytest.approx(1.5), "by least squares"


def test_there_is_no_exponent_of_one_size_nor_of_what_costs_nothing() -> None:
    assert figures.exponent([]) is None
    assert figures.exponent([(100, 1), (100, 2)]) is None
    assert figures.exponent([(100, 0), (1_000, 1)]) is None
    assert figures.exponent([(10, -0.1), (100, 1), (1_000, 10)]) == pytest.approx(1)


def test_peak_in_flight_counts_calls_that_overlap() -> None:
    assert figures.peak_in_flight([]) == 0
    assert figures.peak_in_flight([entry(0, 1), entry(1, 1), entry(2, 1)]) == 1
    assert figures.peak_in_flight([entry(0, 5), entry(1, 5), entry(2, 1), entry(8, 1)]) == 3


def test_pages_are_counted_by_the_size_first_asked_for() -> None:
    log = [entry(0, 1, "orders"), entry(0, 1, "orders", limit=25), entry(0, 1, "stored", limit=100), entry(0, 1, "x")]
    assert figures.count_pages(log, {"orders": 1001, "stored": 0}) == 3 + 1
    assert figures.count_pages([], {"orders": 1001}) == 0
