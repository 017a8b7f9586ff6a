# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of a module while it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import options_for, run_module
from tests.support.playing import play_on_a_terminal, play_until_shown

pytestmark = pytest.mark.later


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator whose calls take far longer than the time between two lines."""
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS", "0.1")
    with Simulator.start(fleet=4, latency_ms=400) as simulator:
        yield simulator


def called(sim: Simulator) -> list[tuple[str, str]]:
    """What was called, in its order."""
    return [(call["service"], call["method"]) for call in sim.calls()]


def requesting(sim: Simulator, folder: Path) -> str:
    """A playbook that requests two emails, one after the other, and then makes a file."""
    arguments = {
        "order_ids": [order["id"] for order in sim.orders()[:2]],
        "ledger_url": f"sqlite:///{folder}/ledger.sqlite3",
        "concurrency": 1,
    }
    tasks = [
        {"softlayer.certificates.ssl_fulfillment_email": arguments},
        {"ansible.builtin.file": {"path": f"{folder}/after", "state": "touch", "mode": "0600"}},
    ]
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (folder / "book.yml").write_text(json.dumps(book), encoding="utf-8")
    return "book.yml"


def test_the_role_shows_a_person_how_far_it_is(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step once, under few headings, also with pipelining. It calls what the module does, and nothing beside."""
    alone = {**options_for(slow, "rest"), "select": {}, "ledger_url": f"sqlite:///{tmp_path}/other.sqlite3"}
    assert run_module("ssl_fulfillment_email", **alone)["requested_count"] == 4
    expected = called(slow)
    slow.reset()
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")
    ledger = f"sqlite:///{tmp_path}/ledger.sqlite3"
    ran = play_on_a_terminal(
        slow, tmp_path, "softlayer.certificates.resend", ssl_fulfillment_ledger_url=ledger, ssl_fulfillment_select={}
    )
    assert ran.code == 0 and called(slow) == expected, ran.output
    headings = [line for line in ran.output.splitlines() if line.startswith("TASK [softlayer.certificates")]
    assert len(headings) <= 20, "\n".join(headings)
    steps = re.findall(r"^localhost: (\d) of (\d) emails done$", ran.output, re.M)
    assert steps == sorted(set(steps)) and {total for _done, total in steps} == {"4"}


def test_a_terminal_that_is_closed_holds_up_nothing(slow: Simulator, tmp_path: Path) -> None:
    """The one that it was started from, while it shows how far it is."""
    play_until_shown(slow, tmp_path, requesting(slow, tmp_path), "localhost: 0 of 2 emails done")
    assert (tmp_path / "after").exists() and len(slow.sends()) == 2
