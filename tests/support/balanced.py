# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts whose load balancers serve, for tests of the role ssl_rotation: what users meet is what is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import new_key, pem_of
from tests.support.deploying import AUTHORITY, UPDATE
from tests.support.deploying import placed as have
from tests.support.deploying import store as put
from tests.support.playing import Ran, play

__all__ = ["UPDATE", "have", "put"]

KEY = new_key("rsa")
LOOK_SECONDS = 4
"""How long a listener may take to serve what it should; where it never does, a test takes as long."""
TELL = """
- import_playbook: softlayer.certificates.{playbook}
- hosts: localhost
  gather_facts: false
  tasks:
    - copy:
        content: "{{{{ ssl_rotation_result | to_json }}}}"
        dest: "{{{{ tell }}}}"
        mode: "0600"
      check_mode: false
      changed_when: false
"""


@pytest.fixture(scope="module")
def balanced() -> Iterator[Simulator]:
    """An account whose load balancers serve; use `account` instead."""
    with Simulator.start(fleet="empty", serve=True) as simulator:
        yield simulator


@pytest.fixture
def account(balanced: Simulator) -> Simulator:
    """An account without orders, certificates and balancers."""
    balanced.reset()
    return balanced


def store(sim: Simulator, name: str, *, is_old: bool = False, **how: Any) -> int:
    """Put a certificate into the store, as another client of the API does: one that is about to run out, or a new one."""
    return put(sim, AUTHORITY.issue(name, key=KEY, days=(-350, 15) if is_old else (-1, 90), **how))


def balancer(sim: Simulator, name: str, **ports: int) -> dict[str, Any]:
    """Add a load balancer, with the certificates of its ports."""
    listeners = [{"protocolPort": int(port[1:]), "tlsCertificateId": record} for port, record in ports.items()]
    return sim.add_balancer(name=name, listeners=listeners)


def ids(sim: Simulator) -> list[int]:
    """What the store holds."""
    return [record["id"] for record in sim.certificates()]


@dataclass(frozen=True)
class Told:
    """A run of a playbook; the role's result, which is empty if it failed; and the calls of the API."""

    ran: Ran
    result: dict[str, list[dict[str, Any]]]
    calls: list[str]


def general(folder: Path) -> dict[str, Any]:
    """Variables that each run needs here."""
    root = folder / "root.pem"
    root.write_text(pem_of([AUTHORITY.root]), encoding="utf-8")
    return {"ssl_rotation_trusted_ca_path": str(root), "ssl_rotation_verify_timeout": LOOK_SECONDS}


def run(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Told:
    """Run a playbook of the role against the account; the role's result is told unless it failed."""
    told, file = folder / "result.json", folder / "play.yml"
    told.unlink(missing_ok=True)
    file.write_text(TELL.format(playbook=playbook), encoding="utf-8")
    sim.clear_calls()
    ran = play(sim, folder, str(file), *options, tell=str(told), **{**general(folder), **variables})
    result = json.loads(told.read_text("utf-8")) if told.exists() else {}
    return Told(ran, result, [call["method"] for call in sim.calls()])
