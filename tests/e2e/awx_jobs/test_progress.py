# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs of the modules that show at a person's terminal how far they are: ansible-runner's terminal is no person's.

The callback of ansible-runner 2.4.0, which AWX brings into each job, prints in the processes of tasks, too. A thread there that showed
progress waited forever for the lock of Ansible's output, and the job for the thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.awx_jobs.awx import Launch, Project
from tests.e2e.awx_jobs.conftest import softlayer
from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, KEY, balancer, store
from tests.support.certificates import pem_of
from tests.support.playing import play_on_a_terminal

INTERVAL, SECONDS = "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS", "0.05"
LATENCY = 300
"""Milliseconds that each answer of the API takes: several lines are due before the next one."""
SHOWN = {
    "ssl_certificate_rotate": "0 of 2 load balancers done",
    "ssl_fulfillment_email": "0 of 2 emails done",
}
"""A line of each module, whose end nobody has seen yet when it is due."""


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulator]:
    """A simulator with orders; use `account` instead."""
    with Simulator.start(fleet=2) as simulator:
        yield simulator


@pytest.fixture
def account(slow: Simulator) -> Simulator:
    """An account with two orders and two load balancers, whose certificates can be renewed."""
    slow.reset()
    for name in ("www", "api"):
        balancer(slow, f"prod-{name}", p443=store(slow, f"{name}.example.com", is_old=True))
    return slow


def options(sim: Simulator, folder: Path) -> dict[str, dict[str, Any]]:
    """The options with which each module has to do with two things."""
    folder.mkdir()
    (folder / "roots.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    for name in ("www", "api"):
        issued = AUTHORITY.issue(f"{name}.example.com", key=KEY)
        (folder / f"{name}.pem").write_text(issued.pem + issued.key_pem + issued.chain_pem, encoding="ascii")
    ledger = {"ledger_url": f"sqlite:///{folder}/ledger.sqlite3", "concurrency": 2}
    rotation = {"sources": [{"folder": str(folder)}], "phases": ["import", "deploy"], "fail_on": []}
    return {
        "ssl_certificate_rotate": {**ledger, **rotation, "trusted_ca_path": str(folder / "roots.pem")},
        "ssl_fulfillment_email": {
            **ledger,
            "order_ids": [order["id"] for order in sim.orders()],
            "allow_ephemeral_ledger": True,
        },
    }


@pytest.fixture(params=SHOWN)
def module(request: pytest.FixtureRequest, account: Simulator, tmp_path: Path) -> str:
    """A module, which `book.yml` in the test's folder runs."""
    name = str(request.param)
    given = options(account, tmp_path / "given")[name]
    book = {
        "hosts": "localhost",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{f"softlayer.certificates.{name}": given}],
    }
    (tmp_path / "book.yml").write_text(json.dumps([book]), encoding="utf-8")
    account.settings(latency_ms=LATENCY)
    return name


def test_a_person_is_shown_how_far_it_is(
    account: Simulator, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """So in the job, which runs the same, lines are due."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(project.collections))
    monkeypatch.setenv(INTERVAL, SECONDS)
    ran = play_on_a_terminal(account, tmp_path, "book.yml")
    assert ran.code == 0 and SHOWN[module] in ran.output, ran.output


def test_a_job_ends_and_shows_nothing(account: Simulator, launch: Launch, tmp_path: Path, module: str) -> None:
    job = launch(str(tmp_path / "book.yml"), credentials={**softlayer(account, ""), INTERVAL: SECONDS}).wait()
    assert job.status == "successful", job.output
    assert "done\n" not in job.output and "waits for" not in job.output, job.output
