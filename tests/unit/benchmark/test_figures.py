# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures that are computed of what was measured, and how they are told."""

from __future__ import annotations

import pytest

from tests.tools.benchmark.figures import (
    COLUMNS,
    RATIO_COLUMNS,
    Case,
    Ratio,
    Result,
    Run,
    markdown,
    rows_of,
    rows_of_ratios,
)


def result(*ratios: Ratio, **ways: list[float]) -> Result:
    """A result whose ways took so many seconds in each round."""
    runs = {
        way: [Run(seconds, seconds / 2, 100_000_000 + number, 1_021) for number, seconds in enumerate(rounds)]
        for way, rounds in ways.items()
    }
    return Result(Case("list", 10_000, 50), {way: f"the {way}" for way in ways}, ratios, runs)


def test_ratios_are_of_one_round_each() -> None:
    """So a machine that is slow for a while favours nobody."""
    ratio = Ratio("module", ("sdk", "bare"), 1.2)
    found = result(ratio, module=[3.0, 30, 8], sdk=[1.0, 10, 1], bare=[1.0, 10, 1])
    assert found.figure(ratio) == pytest.approx(1.5)


def test_the_table_of_ratios_has_what_should_be() -> None:
    ratios = Ratio("module", ("sdk", "bare"), 1.2), Ratio("bare", ("sdk",), 2, at_least=True)
    rows = rows_of_ratios([result(*ratios, module=[3.0], sdk=[1.0], bare=[1.0])])
    case = ("list", "10,000 orders, 50 ms, 8 at once")
    assert rows == [
        (*case, "the module / the sdk + the bare", "1.50x", "<= 1.20x"),
        (*case, "the bare / the sdk", "1.00x", ">= 2.00x"),
    ]
    assert {len(row) for row in rows} == {len(RATIO_COLUMNS)}


def test_a_ratio_of_what_a_case_does_not_have_is_not_reported() -> None:
    assert rows_of_ratios([result(Ratio("module", ("sdk",), 1.2), module=[3.0])]) == []


def test_the_table_of_a_case_has_the_middle_of_the_rounds_and_how_far_apart_they_are() -> None:
    rows = rows_of(result(sdk=[9.0, 10, 12], bare=[1.0]))
    assert rows == [
        ("the sdk", "10.00", "30%", "5.00", "1,021", "100"),
        ("the bare", "1.00", "", "0.50", "1,021", "100"),
    ]
    assert {len(row) for row in rows} == {len(COLUMNS)}


def test_columns_line_up() -> None:
    assert markdown(("a", "long"), [("wide", "b")]) == "| a    | long |\n|------|------|\n| wide | b    |"
