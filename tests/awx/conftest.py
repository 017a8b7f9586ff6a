# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX to set up, and the playbooks that do it, run as a user runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.awx.stub.app import Call, create_app
from tests.awx.stub.world import World
from tests.simulator.server import Server
from tests.support.awx_variables import PLAYBOOKS, objects

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


def run_playbook(folder: Path, playbook: str, *options: str, **environment: str) -> Run:
    """Run a playbook in a folder, with an environment that has nothing of the user's."""
    process = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), playbook, *options],
        cwd=folder,
        env={
            **{"ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(ROOT.parents[2]))},
            **{"ANSIBLE_PIPELINING": "1", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
            **{"HOME": str(folder), "PATH": os.defpath},
            **{"SSL_CERT_FILE": os.devnull},  # nothing here has TLS, and to read the machine's authorities takes long
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Run(process.returncode, process.stdout + process.stderr)


def run_plays(
    folder: Path, plays: list[dict[str, Any]], cases: Mapping[str, Mapping[str, Any]], **environment: str
) -> Run:
    """Run plays as if they were in a playbook of `playbooks/awx`, which finds the variables of each case in a file."""
    for name in ("tasks", "vars"):
        (folder / name).symlink_to(PLAYBOOKS / name)
    for name, variables in cases.items():
        (folder / f"{name}.json").write_text(json.dumps(variables), encoding="utf-8")
    (folder / "plays.yml").write_text(json.dumps(plays), encoding="utf-8")
    return run_playbook(folder, "plays.yml", f"--inventory={','.join(['localhost', *cases])}", **environment)


def a_few() -> dict[str, Any]:
    """Variables that leave one or two of each kind of object, and what these need, so that a play is short."""
    data = objects()
    kept = {"Report", "Import and deploy renewed certificates", "Nothing to approve", "Rotate certificates"}
    few = {
        name: [one for one in data[name] if one["name"] in kept or one.get("unified_job_template") in kept]
        for name in ("awx_job_templates", "awx_workflows", "awx_schedules")
    }
    roles = [{"role": "execute", "job_templates": ["Report"], "workflows": ["Rotate certificates"]}]
    return {**few, "awx_team": {**data["awx_team"], "roles": roles}}


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
        given = {variable: value for variable, value in access.items() if value}
        return run_playbook(self.home, f"softlayer.certificates.awx.{name}", *options, **given)

    def set_up_as(self, cases: Mapping[str, Mapping[str, Any]], *, connected: bool) -> dict[str, str]:
        """Run the play of `setup.yml` for each of these variables, in one process; how each ends.

        With `connected`, AWX is asked only once who the user is and what there is.
        """
        (play,) = yaml.safe_load((PLAYBOOKS / "setup.yml").read_text(encoding="utf-8"))
        connect, setup = play["tasks"]
        show = {"ansible.builtin.debug": {"var": "ansible_failed_result.msg"}}
        plays = [{**play, "tasks": [connect]}] if connected else []
        for name in cases:
            host = "localhost" if connected else name  # which knows nothing of what AWX said to another
            guarded = {"block": [setup] if connected else [connect, setup], "rescue": [show]}
            files = [*play["vars_files"], f"{name}.json"]
            plays.append({**play, "hosts": host, "vars_files": files, "tasks": [guarded]})
        access = {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": self.token}
        run = run_plays(self.home, plays, cases, **access)
        said = re.findall(r'"ansible_failed_result.msg": (".*")', run.output)
        return dict(zip(cases, map(json.loads, said), strict=True))

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
