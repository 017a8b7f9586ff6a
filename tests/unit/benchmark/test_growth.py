# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How cost grows over results that are made up."""

from __future__ import annotations

import pytest

from tests.benchmark import growth
from tests.unit.benchmark.made_up import result


def test_a_series_differs_in_nothing_but_the_size() -> None:
    found = [
        result(orders=1_000, module=[1]),
        result(orders=100, module=[1]),
        result(orders=1_000, axes={"transport": "rest"}, module=[1]),
        result(orders=1_000, axes={"latency_ms": 150}, module=[1]),
        result("second_run", orders=10_000, module=[1]),
    ]
    assert growth.series(found) == [[found[1], found[0]]]


def test_the_start_of_ansible_is_taken_off_what_it_runs() -> None:
    members = [
        result(orders=100, bare=[2], ansible=[3], module=[1]),
        result(orders=1_000, bare=[4], ansible=[14], module=[1]),
    ]
    assert growth.cost(members[1], "ansible", "seconds") == 10
    found = growth.of(members)
    assert found["ansible"] == pytest.approx(dict.fromkeys(found["ansible"], 1))
    assert found["module"] == pytest.approx(dict.fromkeys(found["module"], 0))
    assert list(found["ansible"]) == ["wall", "wall, two largest", "CPU", "CPU, two largest"]


def test_the_two_largest_sizes_show_what_a_start_hides() -> None:
    members = [result(orders=orders, module=[1 + (orders / 1_000) ** 2]) for orders in (100, 1_000, 10_000)]
    found = growth.of(members)["module"]
    assert found["wall"] == pytest.approx(1.002, abs=0.01)
    assert found["wall, two largest"] == pytest.approx(1.7, abs=0.01)


def test_what_is_none_of_our_ways_has_no_growth() -> None:
    found = [result("page", orders=orders, blank=[1], page=[1]) for orders in (1_000, 10_000)]
    assert growth.series(found) == []
    assert growth.of(found) == {}
