# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures that are computed of what was measured, and how they are told."""

from __future__ import annotations

import pytest

from tests.tools.benchmark.figures import (
    COLUMNS,
    Case,
    Ratio,
    Result,
    Run,
    rows_of,
)


def result(*ratios: Ratio, **ways: list[float]) -> Result:
    """A result whose ways took so many seconds in each round."""
    runs = {
        way: [
            Run(seconds, seconds / 2, 100_000_000 + number, 1_021, 2_500_000) for number, seconds in enumerate(rounds)
        ]
        for way, rounds in ways.items()
    }
    return Result(Case("list", 10_000, 50), {way: f"the {way}" for way in ways}, ratios, runs)


def test_ratios_are_of_one_round_each() -> None:
    """So a machine that is slow for a while favours nobody."""
    ratio = Ratio("module", ("sdk", "bare"), 1.2)
    found = result(ratio, module=[3.0, 30, 8], sdk=[1.0, 10, 1], bare=[1.0, 10, 1])
    assert found.figure(ratio) == pytest.approx(1.5)


def test_a_ratio_may_be_of_another_number() -> None:
    ratio = Ratio("module", ("sdk",), 1.2, of="peak_bytes")
    found = result(ratio, module=[3.0], sdk=[1.0])
    assert (found.figure(ratio), found.name(ratio)) == (1, "the module / the sdk, peak memory")


def test_the_table_of_a_case_has_the_middle_of_the_rounds_and_how_far_apart_they_are() -> None:
    rows = rows_of(result(sdk=[9.0, 10, 12], bare=[1.0]))
    assert rows == [
        ("the sdk", "10.00", "30%", "5.00", "1,021", "100", "2.5"),
        ("the bare", "1.00", "", "0.50", "1,021", "100", "2.5"),
    ]
    assert {len(row) for row in rows} == {len(COLUMNS)}
