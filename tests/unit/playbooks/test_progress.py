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
from tests.support.playing import play_on_a_terminal, play_where_nobody_reads


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator whose calls take far longer than the time between two lines."""
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS", "0.1")
    with Simulator.start(fleet=4, latency_ms=400) as simulator:
        yield simulator


def called(sim: Simulator) -> list[tuple[str, str]]:
    """What was called, in its order."""
    return [(call["service"], call["method"]) for call in sim.calls()]


def test_the_role_shows_how_far_it_is(slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step once, under few headings; the folder that is made for this, with pipelining, is removed again.

    It calls what the module does, and nothing beside.
    """
    alone = {**options_for(slow, "rest"), "select": {}, "ledger_url": f"sqlite:///{tmp_path}/other.sqlite3"}
    assert run_module("ssl_fulfillment_email", **alone)["requested_count"] == 4
    expected = called(slow)
    slow.reset()
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")
    monkeypatch.setenv("ANSIBLE_REMOTE_TMP", str(tmp_path / "made"))
    ledger = f"sqlite:///{tmp_path}/ledger.sqlite3"
    ran = play_on_a_terminal(slow, tmp_path, "softlayer.certificates.resend", ssl_fulfillment_ledger_url=ledger)
    assert ran.code == 0 and called(slow) == expected, ran.output
    headings = [line for line in ran.output.splitlines() if line.startswith("TASK [softlayer.certificates")]
    assert len(headings) <= 10, "\n".join(headings)
    steps = re.findall(r"^localhost: (\d) of (\d) emails done$", ran.output, re.M)
    assert steps == sorted(set(steps)) and {total for _done, total in steps} == {"4"}
    assert list((tmp_path / "made").iterdir()) == []


def test_a_terminal_that_is_closed_holds_up_nothing(slow: Simulator, tmp_path: Path) -> None:
    """The one that it was started from, while it runs."""
    arguments = {
        "order_ids": [order["id"] for order in slow.orders()[:2]],
        "ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3",
        "concurrency": 1,
    }
    tasks = [
        {"softlayer.certificates.ssl_fulfillment_email": arguments},
        {"ansible.builtin.file": {"path": f"{tmp_path}/after", "state": "touch", "mode": "0600"}},
    ]
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (tmp_path / "book.yml").write_text(json.dumps(book), encoding="utf-8")
    play_where_nobody_reads(slow, tmp_path, "book.yml")
    assert (tmp_path / "after").exists() and len(slow.sends()) == 2
