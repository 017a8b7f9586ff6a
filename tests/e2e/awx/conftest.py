# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An AWX to set up, and the playbooks that do it, run as a user runs them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.awx.stub.app import Call, create_app
from tests.e2e.awx.stub.world import World
from tests.simulator.server import Server
from tests.support import playing
from tests.support.awx_variables import PLAYBOOKS, objects
from tests.support.environment import ROOT as ROOT  # its import also hides the user's environment


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
    given = {
        **{"ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
        **{"ANSIBLE_PIPELINING": "1", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
        **{"HOME": str(folder), "PATH": os.defpath},
        **{"SSL_CERT_FILE": os.devnull},  # nothing here has TLS, and to read the machine's authorities takes long
        **environment,
    }
    ran = playing.run_playbook([playbook, *options], folder, given)
    return Run(ran.code, ran.output)


SAY = {"ansible.builtin.debug": {"var": "said"}}
"""A task that shows the text of a variable, which `said` finds."""


def said(run: Run) -> list[str]:
    """What such tasks have shown."""
    return [json.loads(text) for text in re.findall(r'"said": (".*")', run.output)]


def run_plays(folder: Path, plays: list[dict[str, Any]], *hosts: str, **environment: str) -> Run:
    """Run plays as if they were in a playbook of `playbooks/awx`."""
    for name in ("tasks", "vars"):
        (folder / name).symlink_to(PLAYBOOKS / name)
    (folder / "plays.yml").write_text(json.dumps(plays), encoding="utf-8")
    return run_playbook(folder, "plays.yml", f"--inventory={','.join(['localhost', *hosts])}", **environment)


def a_few() -> dict[str, Any]:
    """Variables that leave one or two of each kind of object, and what these need, so that a play is short."""
    data = objects()
    kept = {"Report", "Import and deploy renewed certificates", "Nothing to approve", "Rotate certificates"}
    few = {
        name: [one for one in data[name] if one["name"] in kept or one.get("unified_job_template") in kept]
        for name in ("awx_job_templates", "awx_workflows", "awx_schedules")
    }
    workflows = ["Rotate certificates"]
    (approval,) = (role for role in data["awx_team"]["roles"] if role["role"] == "approval")
    roles = [
        {"role": "execute", "job_templates": ["Report"], "workflows": workflows},
        {**approval, "workflows": workflows},
    ]
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

    def refuses(self, cases: Mapping[str, Mapping[str, Any]], *, connected: bool) -> dict[str, str]:
        """How the play of `setup.yml` ends with each of these variables, in one process.

        With `connected`, AWX is asked only once who the user is and what there is; then it is about what `require.yml` refuses.
        """
        (play,) = yaml.safe_load((PLAYBOOKS / "setup.yml").read_text(encoding="utf-8"))
        connect, _setup = play["tasks"]
        each = "ansible_failed_result.results | default([ansible_failed_result]) | selectattr('failed', 'defined')"
        message = f"{{{{ {each} | selectattr('failed') | map(attribute='msg') | join(' ') }}}}"
        tasks = [{"ansible.builtin.include_tasks": "tasks/require.yml"}] if connected else play["tasks"]
        guarded = [
            {"block": tasks, "vars": variables, "rescue": [{**SAY, "vars": {"said": message}}]}
            for variables in cases.values()
        ]
        # A host that knows nothing of what AWX said to another.
        plays = [{**play, "hosts": name, "tasks": [block]} for name, block in zip(cases, guarded, strict=True)]
        access = {"CONTROLLER_HOST": self.url, "CONTROLLER_OAUTH_TOKEN": self.token}
        run = run_plays(self.home, [{**play, "tasks": [connect, *guarded]}] if connected else plays, *cases, **access)
        return dict(zip(cases, said(run), strict=True))

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
