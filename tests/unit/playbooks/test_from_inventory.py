# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of an inventory choose the orders that the role deals with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support import preloading

Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def resend(sim: Simulator, tmp_path: Path) -> Play:
    """Runs the playbook `resend` with the orders as its inventory."""
    inventory = tmp_path / "ssl_orders.yml"
    inventory.write_text("plugin: softlayer.certificates.ssl_orders\n", encoding="utf-8")
    login = {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name("ansible-playbook"), "softlayer.certificates.resend", "-i", inventory]
        return subprocess.run(
            [*command, "-e", "ssl_fulfillment_from_inventory=true", *options],
            cwd=tmp_path,
            env=os.environ | preloading.environment() | login,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def requested(sim: Simulator) -> list[int]:
    """The orders whose email was asked for."""
    return sorted(send["order_id"] for send in sim.sends())


def test_groups_and_limit_choose_the_orders_in_one_bulk_run(sim: Simulator, resend: Play) -> None:
    chosen = [order["id"] for order in sim.orders() if order["status"] == "Approved"]
    ran = resend("--limit", "status_approved")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert requested(sim) == chosen
    assert len(re.findall(r"changed=1\b", ran.stdout)) == 1, ran.stdout
    assert ran.stdout.count("Request the emails]") == 1


def test_the_selection_narrows_it_further(sim: Simulator, resend: Play) -> None:
    ran = resend("--limit", "status_approved", "-e", '{"ssl_fulfillment_select": {"common_names": ["api.*"]}}')
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert requested(sim) == [order["id"] for order in sim.orders() if order["commonName"].startswith("api.")]


def test_what_another_job_hands_on_narrows_it_further(sim: Simulator, resend: Play) -> None:
    first, *others = [order["id"] for order in sim.orders() if order["status"] == "Approved"]
    pending = next(order["id"] for order in sim.orders() if order["status"] == "Pending CA Approval")
    handed_on = {"ssl_fulfillment_order_ids": [first, pending]}
    ran = resend("--limit", "status_approved", "-e", json.dumps(handed_on))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert requested(sim) == [first] and others


def test_hosts_that_are_no_orders_choose_nothing_rather_than_all(sim: Simulator, resend: Play, tmp_path: Path) -> None:
    (tmp_path / "ssl_orders.yml").unlink()
    ran = resend("-i", "www.example.com,")
    assert ran.returncode == 2
    assert "No host of the play is an SSL order" in ran.stdout + ran.stderr
    assert requested(sim) == []


def test_another_prefix_of_the_variables(sim: Simulator, resend: Play, tmp_path: Path) -> None:
    (tmp_path / "ssl_orders.yml").write_text(
        "plugin: softlayer.certificates.ssl_orders\nvars_prefix: order_\n", encoding="utf-8"
    )
    ran = resend("--limit", "api.example.org_*", "-e", "ssl_fulfillment_inventory_vars_prefix=order_")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert requested(sim) == [order["id"] for order in sim.orders() if order["commonName"].startswith("api.")]
