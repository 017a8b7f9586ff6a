# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.filter._unknown import find_unknown_variables

ROOT = Path(__file__).resolve().parents[4]
KNOWN = ["ssl_fulfillment_max_orders", "ssl_fulfillment_result", "ssl_rotation_max_listeners", "ansible_version"]


def said(*names: str, role: str = "ssl_fulfillment", folder: str = "/srv/playbooks") -> str:
    """What the filter says of these variables and those that are usual."""
    return str(find_unknown_variables([*KNOWN, *names], str(ROOT / "roles" / role), folder))


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


def test_a_typing_error_in_a_variable_of_a_playbook_widens_nothing() -> None:
    folder = str(ROOT / "playbooks")
    for given, meant in (("listner", "listener"), ("sorce", "source"), ("common_nam", "common_name")):
        said_of = said(given, role="ssl_rotation", folder=folder)
        assert said_of == f"Unknown variable {given}. Did you mean {meant}?"
        assert said(given, role="ssl_rotation") == ""
    assert said("listener", "listeners", "source", "common_name", role="ssl_rotation", folder=folder) == ""
