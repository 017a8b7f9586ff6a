# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _unknown

ROOT = Path(__file__).resolve().parents[4]
KNOWN = ["ssl_fulfillment_max_orders", "ssl_fulfillment_result", "ssl_rotation_max_listeners", "ansible_version"]


PLAYBOOKS = str(ROOT / "playbooks")


def said(*names: str, role: str = "ssl_fulfillment", folder: str = "/srv/playbooks") -> str:
    """What the filter says of these variables and those that are usual."""
    return str(_unknown.find_unknown_variables([*KNOWN, *names], str(ROOT / "roles" / role), folder))


@pytest.fixture
def extra(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of `-e`."""
    variables: dict[str, str] = {}
    monkeypatch.setattr(_unknown, "load_extra_vars", lambda _loader: variables)
    return variables


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ssl_fulfillment_max_order", "ssl_fulfillment_max_orders"),
        ("ssl_fulfillment_recipients", "ssl_fulfillment_allowed_recipients"),
        ("ssl_fulfilment_order_ids", "ssl_fulfillment_order_ids"),
        ("SSL_FULFILLMENT_SELECT", "ssl_fulfillment_select"),
        ("ssl-fulfillment-force", "ssl_fulfillment_force"),
    ],
)
def test_the_closest_variable_is_named(given: str, meant: str) -> None:
    assert said(given) == f"Unknown variable {given}. Did you mean {meant}?"


def test_each_unknown_variable_is_named() -> None:
    assert said("ssl_fulfillment_b", "ssl_fulfillment_a").count("Unknown variable") == 2


def test_variables_of_others_are_theirs() -> None:
    """Also those of a role whose name begins like that of this one."""
    assert said("max_orders", "ssl_orders", "ssl_certificate") == ""
    assert said("ssl_rotation_schedule_time", role="ssl_rotation") == ""


def test_in_a_playbook_of_this_collection_the_prefix_is_missing() -> None:
    """Not in those for AWX, where a job template has other variables."""
    playbooks = ROOT / "playbooks"
    message = "Unknown variable max_orders. Did you mean ssl_fulfillment_max_orders?"
    assert said("max_orders", folder=str(playbooks)) == message
    assert said("max_orders", folder=str(playbooks / "awx")) == ""


@pytest.mark.parametrize(
    ("role", "given", "meant"),
    [
        ("ssl_rotation", "listner", "listener"),
        ("ssl_rotation", "sorce", "source"),
        ("ssl_rotation", "common_nam", "common_name"),
        ("ssl_rotation_schedule", "tme", "time"),
        ("ssl_rotation_schedule", "stat", "state"),
        ("ssl_rotation_schedule", "sorce", "source"),
        ("ssl_rotation_schedule", "targt", "target"),
        ("ssl_rotation_schedule", "bin", "ssl_rotation_schedule_bin"),
        ("ssl_rotation_schedule", "load_balancers", "ssl_rotation_load_balancers"),
        ("ssl_rotation_schedule", "ssl_rotation_schedule_tme", "ssl_rotation_schedule_time"),
        ("ssl_rotation_schedule", "ssl_rotation_sorces", "ssl_rotation_sources"),
    ],
)
def test_a_typing_error_on_the_command_line_widens_nothing(
    role: str, given: str, meant: str, extra: dict[str, str]
) -> None:
    extra[given] = "x"
    assert said(role=role, folder=PLAYBOOKS) == f"Unknown variable {given}. Did you mean {meant}?"


def test_other_variables_are_the_users(extra: dict[str, str]) -> None:
    """Those of the command line that AWX adds or that are like none of ours, and all of an inventory."""
    extra |= dict.fromkeys(["awx_job_id", "tower_user_id", "stage", "time", "state", "source", "target", "prefix"], "x")
    assert said("stat", "bin", role="ssl_rotation_schedule", folder="/srv/playbooks") == ""
    assert said("ssl_rotation_result", role="ssl_rotation_schedule", folder=PLAYBOOKS) == ""
    assert said("sorce", "ssl_rotation_schedule_time", role="ssl_rotation", folder=PLAYBOOKS) == ""
