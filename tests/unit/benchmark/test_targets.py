# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The targets, judged on results that are made up."""

from __future__ import annotations

import dataclasses

import pytest

from tests.benchmark.cases import PROFILES
from tests.benchmark.targets import TARGETS, Target, judge, without_verdict
from tests.unit.benchmark.made_up import measurement, result


def target(name: str) -> Target:
    return next(target for target in TARGETS if target.name == name)


def test_ratios_are_of_one_round_each() -> None:
    slow_round = result(ansible=[2.4, 24, 2.4], sdk=[1, 10, 1], bare=[1, 10, 1])
    (verdict,) = judge([target("list: time")], [slow_round])
    assert verdict.figure == pytest.approx(1.2)
    assert verdict.met and verdict.binding


@pytest.mark.parametrize(("seconds", "met"), [(6.8, True), (6.9, False)])
def test_the_network_is_the_bound_of_a_resend(seconds: float, met: bool) -> None:
    found = result(
        "resend", orders=500, axes={"latency_ms": 150, "concurrency": 16}, ansible=[seconds], bare=[1.0], uri=[300]
    )
    (verdict,) = judge([target("resend: time")], [found])
    assert verdict.figure == pytest.approx(seconds / (0.15 * 500 / 16 + 1))
    assert verdict.met is met
    (against,) = judge([target("resend: against a uri loop")], [found])
    assert against.figure == pytest.approx(300 / seconds)


def test_numbers_are_the_worst_of_all_rounds() -> None:
    runs = [measurement(1, calls=23, pages=20, peak_bytes=260_000_000), measurement(1, calls=21, pages=20)]
    verdicts = judge([target("list: calls"), target("list: memory")], [result(module=runs)])
    assert [(verdict.figure, verdict.met) for verdict in verdicts] == [(3, False), (260, False)]


def test_a_second_run_is_compared_with_a_listing() -> None:
    found = result("second_run", module=[measurement(1, calls=25)], list_module=[measurement(1, calls=21)])
    (verdict,) = judge([target("second run: calls")], [found])
    assert (verdict.figure, verdict.met) == (4, True)


def test_imports_are_counted() -> None:
    found = result("start_up", orders=1)
    found.facts = {"needless_imports": ["click", "rich"]}
    (verdict,) = judge([target("start-up: imports")], [found])
    assert (verdict.figure, verdict.met) == (2, False)


def test_the_steepest_growth_counts() -> None:
    found = result("role_import", orders=1_000)
    found.facts = {"growth": {"ansible": {"wall": 0.9, "CPU": 1.3, "CPU, two largest": None}, "module": {"wall": 2.0}}}
    smaller = result("role_import", orders=100)
    (verdict,) = judge([target("role_import: growth")], [smaller, found])
    assert (verdict.case.orders, verdict.figure, verdict.met, verdict.binding) == (1_000, 1.3, False, True)
    assert verdict.target.bound_in_words() == "<= 1.10"


@pytest.mark.parametrize("orders", [100, 10_000])
def test_a_role_is_compared_with_its_modules_at_every_size(orders: int) -> None:
    found = result("role_request", orders=orders, ansible=[3], module=[1], bare=[1])
    (verdict,) = judge([target("role_request: time")], [found])
    assert (verdict.figure, verdict.met, verdict.binding) == (1.5, False, True)


def test_a_transport_may_have_a_target_of_its_own() -> None:
    both = [
        result(axes={"transport": transport}, ansible=[4.4], sdk=[2], handover=[2]) for transport in ("rest", "xmlrpc")
    ]
    (verdict,) = judge([target("list: time over XML-RPC")], both)
    assert (verdict.case.transport, verdict.figure, verdict.met) == ("xmlrpc", 1.1, True)


def test_what_a_scenario_found_out_can_be_a_figure() -> None:
    found = result("page")
    found.facts = {"interactive_seconds": 2.5}
    (verdict,) = judge([target("page: interactive")], [found])
    assert (verdict.met, verdict.target.bound_in_words()) == (False, "<= 2.00 s")


def test_a_smaller_case_is_judged_but_binds_nobody() -> None:
    sizes = [result(orders=orders, module=[measurement(1, pages=20)]) for orders in (100, 1_000)]
    (verdict,) = judge([target("list: calls")], sizes)
    assert (verdict.case.orders, verdict.binding) == (1_000, False)


def test_every_case_that_is_meant_is_judged() -> None:
    both = [result(axes={"latency_ms": latency}, module=[1]) for latency in (0, 50)]
    assert len(judge([target("list: memory")], both)) == 2


def test_what_was_not_measured_is_told() -> None:
    assert judge(TARGETS, []) == []
    assert without_verdict(TARGETS, []) == list(TARGETS)
    assert judge([target("resend: against a uri loop")], [result("resend", orders=500, ansible=[1])]) == []


def test_the_full_profile_has_a_case_for_every_target() -> None:
    for each in TARGETS:
        assert any(each.is_about(case) for case in PROFILES["full"].cases), each.name


def test_targets_have_names_of_their_own() -> None:
    assert len({each.name for each in TARGETS}) == len(TARGETS)
    assert {dataclasses.replace(each).bound_in_words()[:2] for each in TARGETS} == {"<=", ">="}
