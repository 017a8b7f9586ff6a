# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role costs: the calls of its modules, and none beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import options_for, run_module
from tests.support.playing import Ran, play


@pytest.fixture(scope="module")
def fleet() -> Any:
    """A simulator with a few orders that were issued."""
    with Simulator.start(fleet=5) as simulator:
        yield simulator


@pytest.fixture
def sim(fleet: Simulator) -> Simulator:
    """The same, as if it had just been started."""
    fleet.reset()
    return fleet


def methods(sim: Simulator) -> list[str]:
    """The calls since the last reset, in their order."""
    return [f"{call['service']}::{call['method']}" for call in sim.calls()]


def called_by_the_module(sim: Simulator, number: int, **options: Any) -> list[str]:
    """What requesting emails by the module alone costs, in an account where nothing was requested yet."""
    result = run_module("ssl_fulfillment_email", **options_for(sim, "rest"), **options).result
    assert result["requested_count"] == number
    called = methods(sim)
    sim.reset()
    return called


@pytest.mark.parametrize("form", ["order_ids", "select", "common_names"])
@pytest.mark.parametrize("number", [1, 3])
def test_resend_of_named_orders_costs_what_the_module_does(
    sim: Simulator, tmp_path: Path, number: int, form: str
) -> None:
    orders = sim.orders()[:number]
    ids, names = [order["id"] for order in orders], [order["commonName"] for order in orders]
    given = {"common_names": names} if form == "common_names" else {"order_ids": ids}
    alone = called_by_the_module(sim, number, ledger_url=f"sqlite:///{tmp_path}/alone.sqlite3", **given)
    variables = {"ssl_fulfillment_order_ids": ids} if form == "order_ids" else {"ssl_fulfillment_select": given}
    ran = play(
        sim,
        tmp_path,
        "softlayer.certificates.resend",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/role.sqlite3",
        **variables,
    )
    assert ran.code == 0, ran.output
    assert methods(sim) == alone
    assert f"requested {number}, " in ran.output


def test_a_second_run_over_a_pattern_costs_what_the_module_does(sim: Simulator, tmp_path: Path) -> None:
    """How many orders a pattern names is found out by the module that decides on their emails, and by no other."""
    number = len(sim.orders())
    ledger = f"sqlite:///{tmp_path}/role.sqlite3"
    pattern = {"common_names": ["*"]}

    def resend() -> Ran:
        return play(
            sim,
            tmp_path,
            "softlayer.certificates.resend",
            ssl_fulfillment_ledger_url=ledger,
            ssl_fulfillment_select=pattern,
        )

    first = resend()
    assert first.code == 0, first.output
    assert f"requested {number}, " in first.output
    sim.reset()
    again = run_module("ssl_fulfillment_email", **options_for(sim, "rest"), **pattern, ledger_url=ledger)
    assert again.result["skipped_count"] == number
    alone = methods(sim)
    sim.reset()
    second = resend()
    assert second.code == 0, second.output
    assert f"requested 0, collected 0, imported 0, skipped {number}, failed 0" in second.output
    assert methods(sim) == alone


def test_orders_that_are_chosen_by_more_than_their_ids_cost_no_more(sim: Simulator, tmp_path: Path) -> None:
    ids = [order["id"] for order in sim.orders()]
    alone = called_by_the_module(sim, len(ids), order_ids=ids, ledger_url=f"sqlite:///{tmp_path}/alone.sqlite3")
    sim.reset()
    ran = play(
        sim,
        tmp_path,
        "softlayer.certificates.resend",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/role.sqlite3",
        ssl_fulfillment_select={"exclude_expired": True},
    )
    assert ran.code == 0, ran.output
    assert len(methods(sim)) == len(alone)


def test_a_run_is_told_in_a_few_headings(sim: Simulator, tmp_path: Path) -> None:
    """Of one phase: no bookkeeping between the variables and the modules."""
    ran = play(
        sim,
        tmp_path,
        "softlayer.certificates.resend",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/role.sqlite3",
        ssl_fulfillment_order_ids=[sim.orders()[0]["id"]],
    )
    headings = [line for line in ran.output.splitlines() if line.startswith("TASK [softlayer.certificates")]
    assert len(headings) <= 10, "\n".join(headings)


def test_no_email_is_requested_if_it_is_too_much(sim: Simulator, tmp_path: Path) -> None:
    ran = play(
        sim,
        tmp_path,
        "softlayer.certificates.resend",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/role.sqlite3",
        ssl_fulfillment_max_orders=3,
    )
    assert ran.code == 2
    assert "max_orders" in ran.output
    assert not [method for method in methods(sim) if method.endswith("resendEmail")]


def test_an_order_that_does_not_exist_fails_and_the_others_do_not(sim: Simulator, tmp_path: Path) -> None:
    first, second, *_others = (order["id"] for order in sim.orders())
    ran = play(
        sim,
        tmp_path,
        "softlayer.certificates.resend",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/role.sqlite3",
        ssl_fulfillment_order_ids=[first, 999_999_999, second],
    )
    assert ran.code == 2
    assert "order 999999999: FAILED, " in ran.output
    assert "requested 2, collected 0, imported 0, skipped 0, failed 1" in ran.output


RESULT = """
- import_playbook: softlayer.certificates.resend
- hosts: localhost
  gather_facts: false
  tasks:
    - debug:
        msg: "{{ ssl_fulfillment_result[item] | map(attribute='common_name') | join }}"
      loop: [requested, skipped, failed]
"""
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch owned') }}{{ 7 * 7 }}.example.com"


@pytest.mark.parametrize(
    ("state", "variables"),
    [({}, {}), ({"status": "CANCELLED"}, {}), ({}, {"ssl_fulfillment_allowed_recipients": []})],
    ids=["requested", "skipped", "failed"],
)
def test_a_name_that_looks_like_a_template_stays_a_text(
    sim: Simulator, tmp_path: Path, state: dict[str, Any], variables: dict[str, Any]
) -> None:
    """In what the role says, and where its result is used."""
    order = sim.orders()[0]
    sim.patch_order(order["id"], commonName=TEMPLATE, **state)
    (tmp_path / "result.yml").write_text(RESULT, encoding="utf-8")
    ran = play(
        sim,
        tmp_path,
        "result.yml",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/role.sqlite3",
        ssl_fulfillment_order_ids=[order["id"]],
        **variables,
    )
    assert ran.output.count("{{ 7 * 7 }}") >= 1, ran.output
    assert "49" not in ran.output
    assert not (tmp_path / "owned").exists()
