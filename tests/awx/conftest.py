# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX to set up, and the playbooks that do it, run as a user runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.awx.stub.app import Call, create_app
from tests.awx.stub.world import World
from tests.simulator.server import Server
from tests.support.awx_variables import PLAYBOOKS, objects
from tests.support.simulators import demo_simulator, sim

__all__ = ["demo_simulator", "sim"]

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 600


@dataclass(frozen=True)
class Run:
    """A playbook's run: its exit status and all that it printed."""

    status: int
    output: str

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        return int(re.findall(r"changed=(\d+)", self.output)[-1])

    @property
    def message(self) -> str:
        """What the task that failed said."""
        return re.findall(r'"msg": "((?:[^"\\]|\\.)*)"', self.output)[-1].replace('\\"', '"')


@dataclass
class Awx:
    """The stub of AWX, in this process."""

    home: Path
    world: World
    url: str
    token: str
    calls: list[Call] = field(default_factory=list)

    def play(self, name: str, *options: str, **environment: str) -> Run:
        """Run a playbook of `playbooks/awx`; the environment has what is given and the address of this AWX."""
        access = {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": self.token, **environment}
        process = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), f"softlayer.certificates.awx.{name}", *options],
            cwd=self.home,
            env={
                **{"ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT.parents[2]))},
                **{"ANSIBLE_PIPELINING": "1", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
                **{"HOME": str(self.home), "PATH": os.defpath},
                **{
                    "SSL_CERT_FILE": os.devnull
                },  # nothing here has TLS, and to read the machine's authorities takes long
                **{variable: value for variable, value in access.items() if value},
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Run(process.returncode, process.stdout + process.stderr)

    def writes(self) -> list[Call]:
        """The requests that would change something, those for tokens apart; they are forgotten then."""
        writes = [call for call in self.calls if call.method != "GET" and "/tokens/" not in call.path]
        self.calls.clear()
        return writes


@contextmanager
def running(home: Path) -> Iterator[Awx]:
    """An AWX that is new, with an administrator, and with this repository in a folder `certificates`."""
    playbooks = [f"playbooks/awx/{path.name}" for path in PLAYBOOKS.glob("*.yml")]
    known = {template["playbook"] for template in objects()["awx_job_templates"]}
    world = World({"certificates": sorted({*playbooks, *known})})
    token = world.add_user("admin", superuser=True)
    calls: list[Call] = []
    server = Server(create_app(world, calls), "127.0.0.1", 0)
    try:
        yield Awx(home, world, server.url, token, calls)
    finally:
        server.stop_listening()
        server.server_close()


@pytest.fixture
def awx(tmp_path: Path) -> Iterator[Awx]:
    """A new AWX."""
    with running(tmp_path) as one:
        yield one
