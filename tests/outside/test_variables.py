# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables mean what a person reads in them, or the run is refused: no order is mailed that was not asked for.

Some of each kind, in the forms that a shell, a survey, AWX and YAML give; that the variables
have the kinds of the modules' options: `docs/test_shared_options`.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.outside.forms import Refused, told_by_each
from tests.outside.runs import mailed, play
from tests.simulator.client import Simulator

ORDERS = {
    1: ("one.example.com", "admin@example.com"),
    2: ("two.example.com", "admin@example.com"),
    12: ("twelve.example.com", "admin@example.com"),
    2013: ("a.example.org", "admin@example.org"),
    2014: ("b.example.org", "admin@example.net"),
}
ALL = set(ORDERS)
SECRET = "h0rse-battery-staple"
COLLECT = {"phases": "request,collect", "order_ids": "1"}
OF_NO_EFFECT = {
    **{"phases": "request", "select": "{}", "from_inventory": "No", "min_interval_hours": "0.5"},
    **{"max_orders": "5", "force": "false", "mail": None, "wait": "on", "wait_timeout": "60", "trust": "warn"},
    **{"privatekey_passphrase": 123, "certificate_dir": None, "remove_superseded": "n", "report_language": "de"},
}
EVERY: dict[str, Any] = {"select": {}}
CASES: list[tuple[dict[str, Any], set[int] | Refused]] = [
    (OF_NO_EFFECT, ALL),
    ({}, Refused("No orders are selected. For the phase request, set ssl_fulfillment_select")),
    (
        {"phases": "reqest", **EVERY},
        Refused("Cannot run the phases reqest. Valid values of ssl_fulfillment_phases are request"),
    ),
    ({"select": '{"common_names": "one.example.com,*.example.org"}'}, {1, 2013, 2014}),
    ({"select": "common_names=one.example.com"}, Refused("select must be a dict: ")),
    ({"order_ids": None}, Refused("order_ids must not be null or empty: ")),
    ({"order_ids": []}, Refused("order_ids must not be null or empty: ")),
    ({"order_ids": []} | EVERY, Refused("order_ids must not be null or empty: ")),
    ({"allowed_recipients": None, **EVERY}, Refused("allowed_recipients must not be null or empty: ")),
    ({"allowed_recipients": [], **EVERY}, Refused("allowed_recipients must not be null or empty: ")),
    ({"allowed_recipients": "*@example.net", "order_ids": "2014"}, {2014}),
    ({"max_orders": "4", **EVERY}, Refused("raise max_orders")),
    (
        {"mail": {"imap": {"host": "h", "username": "u", "password": SECRET, "security": "none"}}, **COLLECT},
        Refused("Cannot send the password to h without TLS"),
    ),
]


@pytest.fixture
def fleet(account: Simulator) -> Simulator:
    """An account with orders."""
    for number, (name, address) in ORDERS.items():
        account.add_order(id=number, commonName=name, approverEmailAddress=address)
    return account


def test_a_play_of_their_own(fleet: Simulator, tmp_path: Path) -> None:
    given = [{f"ssl_fulfillment_{name}": value for name, value in each.items()} for each, _expected in CASES]
    requested = "ssl_fulfillment_result.requested | map(attribute='order_id')"
    told, output = told_by_each(fleet, tmp_path, "ssl_fulfillment", requested, given)
    wrong, sent = [], []
    for (variables, expected), answer in zip(CASES, told, strict=True):
        if isinstance(expected, Refused):
            fine = expected in answer
        else:
            fine = set(answer) == expected
            sent += sorted(expected)
        if not fine:
            wrong.append((variables, expected, answer))
    assert not wrong, wrong
    assert sorted(mailed(fleet)) == sorted(sent)
    assert SECRET not in output


SPOILED: list[dict[str, Any]] = [
    *({name: "{{ not_there }}"} for name in ("allowed_recipients", "order_ids", "ledger_url", "select", "max_orders")),
    *({"select": {name: value}} for name in ("imported", "expires_within_days") for value in (None, "{{ not_there }}")),
    *({name: value} for name in ("max_orders", "select", "ledger_url", "from_inventory") for value in (None, " ")),
    {"from_inventory": "perhaps"},
    {"select": {"common_names": []}},
    {"select": "{'common_names': ["},
]
"""Limits that say nothing of what is meant."""


@pytest.mark.later
@pytest.mark.parametrize("validate", [True, False], ids=["validated", "not validated"])
def test_a_limit_that_says_nothing_is_refused(fleet: Simulator, tmp_path: Path, validate: bool) -> None:
    given = [{f"ssl_fulfillment_{name}": value for name, value in {**EVERY, **each}.items()} for each in SPOILED]
    told, output = told_by_each(fleet, tmp_path, "ssl_fulfillment", "'nothing'", given, validate=validate)
    assert mailed(fleet) == [], output
    assert "nothing" not in told, list(zip(given, told, strict=True))


def test_a_file_of_variables_that_lacks_its_sign(fleet: Simulator, tmp_path: Path) -> None:
    ran = play(fleet, tmp_path, "softlayer.certificates.resend", "-e", "vars.yml")
    assert ran.code != 0 and mailed(fleet) == [], ran.output
    assert "Cannot read a part of -e." in ran.output
