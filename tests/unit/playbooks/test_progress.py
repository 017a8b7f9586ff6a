# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of a module while it runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.playing import Ran, play, play_on_a_terminal, play_where_nobody_reads

SECONDS = "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS"


@pytest.fixture
def slow() -> Iterator[Simulator]:
    """A simulator whose calls take far longer than the time between two lines."""
    with Simulator.start(fleet=12, latency_ms=400) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECONDS, "0.1")


def said(ran: Ran, items: str) -> list[tuple[int, int]]:
    """How many of how many were said to be done, in their order."""
    return [
        (int(done), int(total))
        for done, total in re.findall(rf"^localhost: (\d+) of (\d+) {items} done$", ran.output, re.M)
    ]


def write_playbook(sim: Simulator, folder: Path, **keywords: Any) -> None:
    """A task that requests two emails, one after the other, and one that comes after it."""
    arguments = {
        "order_ids": [order["id"] for order in sim.orders()[:2]],
        "ledger_url": f"sqlite:///{folder}/ledger.sqlite3",
        "concurrency": 1,
    }
    tasks = [
        {"softlayer.certificates.ssl_fulfillment_email": arguments, **keywords},
        {"ansible.builtin.file": {"path": f"{folder}/after", "state": "touch", "mode": "0600"}, "changed_when": False},
    ]
    book = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    (folder / "book.yml").write_text(json.dumps(book), encoding="utf-8")


def request(sim: Simulator, folder: Path, *, playing: Callable[..., Ran] = play_on_a_terminal, **keywords: Any) -> Ran:
    """Run it; no task may fail."""
    write_playbook(sim, folder, **keywords)
    ran = playing(sim, folder, "book.yml")
    assert ran.code == 0, ran.output
    return ran


def test_each_step_is_said_once(slow: Simulator, tmp_path: Path) -> None:
    ran = request(slow, tmp_path)
    steps = said(ran, "emails")
    assert steps, "each takes longer than the time between two looks"
    assert steps == sorted(set(steps)) and set(steps) <= {(0, 2), (1, 2), (2, 2)}
    assert ran.changed == 1


@pytest.mark.parametrize(
    ("seconds", "keywords"),
    [("0", {}), ("-1", {}), ("60", {}), ("", {}), ("0.1", {"check_mode": True})],
)
def test_nothing_is_said(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str, keywords: dict[str, Any]
) -> None:
    monkeypatch.setenv(SECONDS, seconds)
    ran = request(slow, tmp_path, **keywords)
    assert said(ran, "emails") == []
    assert ran.changed == 1


def test_other_output_than_a_terminal_s_has_no_line_more(slow: Simulator, tmp_path: Path) -> None:
    ran = request(slow, tmp_path, playing=play)
    assert said(ran, "emails") == []
    assert ran.changed == 1


@pytest.mark.parametrize("is_terminal", [False, True])
def test_output_that_nobody_reads_holds_up_nothing(slow: Simulator, tmp_path: Path, is_terminal: bool) -> None:
    """As with `| head`, and when the window is closed that it was started from."""
    write_playbook(slow, tmp_path)
    play_where_nobody_reads(slow, tmp_path, "book.yml", is_terminal=is_terminal)
    assert (tmp_path / "after").exists()
    assert len(slow.sends()) == 2


def test_a_folder_that_cannot_be_made_is_no_failure(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pipelining, a module needs none."""
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")
    monkeypatch.setenv("ANSIBLE_REMOTE_TMP", "/dev/null/nowhere")
    ran = request(slow, tmp_path)
    assert said(ran, "emails") == []
    assert ran.changed == 1


def test_a_task_that_nobody_waits_for_says_nothing(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_ASYNC_DIR", str(tmp_path / "jobs"))
    ran = request(slow, tmp_path, **{"async": 60, "poll": 1})
    assert said(ran, "emails") == []
    assert ran.changed == 1


@pytest.mark.parametrize("seconds", ["often", "1,5", "nan", "inf"])
def test_an_interval_that_is_none(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setenv(SECONDS, seconds)
    ran = request(slow, tmp_path)
    warning = f"{SECONDS} is '{seconds}', which is no number of seconds. Progress is shown every 15 seconds."
    assert warning in " ".join(ran.output.split())


def test_the_role_shows_how_far_it_is(slow: Simulator, tmp_path: Path) -> None:
    number = len(slow.orders())
    ran = play_on_a_terminal(
        slow,
        tmp_path,
        "softlayer.certificates.resend",
        ssl_fulfillment_ledger_url=f"sqlite:///{tmp_path}/ledger.sqlite3",
    )
    assert ran.code == 0, ran.output
    steps = said(ran, "emails")
    assert steps and steps == sorted(set(steps))
    assert {total for _done, total in steps} == {number}


@pytest.mark.parametrize("pipelining", ["true", "false"])
def test_with_and_without_pipelining(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipelining: str
) -> None:
    """Where Ansible needs no temporary folder, one is made for this, and removed again."""
    monkeypatch.setenv("ANSIBLE_PIPELINING", pipelining)
    monkeypatch.setenv("ANSIBLE_REMOTE_TMP", str(tmp_path / "made"))
    assert said(request(slow, tmp_path), "emails")
    assert list((tmp_path / "made").iterdir()) == []


def test_where_nobody_watches_no_folder_is_made(
    slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")
    monkeypatch.setenv("ANSIBLE_REMOTE_TMP", str(tmp_path / "made"))
    ran = request(slow, tmp_path, playing=play)
    assert "remote_tmp" not in ran.output
    assert not (tmp_path / "made").exists()


def test_check_mode_makes_no_folder(slow: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_PIPELINING", "true")
    monkeypatch.setenv("ANSIBLE_REMOTE_TMP", str(tmp_path / "made"))
    request(slow, tmp_path, check_mode=True)
    assert not (tmp_path / "made").exists()
