# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, ledgers, and options that are drawn at random: who gets an email is who may get one.

They are the same each time, and others each time in `make test-long`. `WORLDS=100` tries so many others, and `WORLD=4711` repeats one.

Promise: Only intended recipients get emails.
Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.outside.random_orders import Order, OrderAccount, try_orders
from tests.outside.runs import play
from tests.outside.test_last_word_at_random import COUNT, PARTS, try_all
from tests.simulator.client import Simulator
from tests.support.long import LONG, new_random

pytestmark = pytest.mark.later

AWX = str(Path(__file__).parents[2] / "playbooks/awx/resend.yml")
WORLDS = COUNT or (2400 if LONG else 36)
PLAYS, PARTS_OF_PLAYS = COUNT or (200 if LONG else 6), 2


@pytest.mark.parametrize("part", range(PARTS))
def test_random_orders(part: int, tmp_path: Path, record_property: Callable[[str, Any], None]) -> None:
    try_all(try_orders, WORLDS, part, tmp_path, record_property)


def test_what_was_approved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In AWX, each order goes to the address that was shown with it, or nowhere."""
    random = new_random()
    monkeypatch.setenv("ANSIBLE_SHOW_CUSTOM_STATS", "true")
    shown = {number: random.choice((None, "a@example.com", "b@example.com", "c@example.com")) for number in range(1, 6)}
    shown |= {1: "a@example.com", 2: None, 3: "b@example.com"}
    later = {
        number: random.choice((address, address, "a@example.com", "x@example.com")) for number, address in shown.items()
    }
    later |= {1: "a@example.com", 3: random.choice(("a@example.com", "x@example.com"))}
    survey = {
        "ssl_allowed_recipients": "*@example.com",
        "ssl_fulfillment_ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3",
    }
    survey |= random.choice(({}, {"ssl_allowed_recipients": "*"}))
    with OrderAccount(tmp_path) as account:
        account.orders = {number: Order(number, address=address) for number, address in shown.items()}
        preview = play(cast(Simulator, account), tmp_path, AWX, "--check", **survey)
        assert account.asked == [] and "RUN: " in preview.output, preview.output
        stats = json.JSONDecoder().raw_decode(preview.output.partition("RUN: ")[2])[0]
        account.orders = {number: Order(number, address=address) for number, address in later.items()}
        ran = play(cast(Simulator, account), tmp_path, AWX, **survey, **stats)
        same = {number for number, address in shown.items() if address and later[number] == address}
        assert set(account.mailed()) <= same, (shown, later, stats, account.mailed())
        assert account.mailed() and len(account.mailed()) == len(set(account.mailed())), ran.output
