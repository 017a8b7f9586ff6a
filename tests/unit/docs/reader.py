# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody who does what a page says, from its top to its end."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.long import LONG
from tests.support.pages import Block, Page
from tests.unit.docs.world import World

SECONDS = 300
PROGRAMS = {"ansible", "ansible-inventory", "ansible-playbook"}
NOT_HERE = ("ansible-galaxy collection install", "export ", "git clone", "make ", "pip install", "python3 -m venv")
"""Commands that are left out: installing is what the tests of the artefact do, and the environment is the world's."""
OTHER_COLLECTIONS = ("community.crypto.", "awx.awx.")
"""Tasks with their modules are left out. What they would make is in the world already."""
PLAYBOOKS = {re.compile("ssl_fulfillment_"): "fulfill", re.compile("ssl_rotation_"): "rotate"}
"""The playbook that a file of variables is tried with, by how their names begin."""
SET_BEFORE = {
    "ssl_fulfillment_privatekey_dir": "keys",
    "ssl_rotation_sources": [{"certbot": "/etc/letsencrypt"}],
}
"""Variables that a page may take for set, as nothing can be done without them."""
GIVEN = {
    "listed": {"softlayer.certificates.ssl_order_info": {"gather_imported": True}},
    "mails": {
        "softlayer.certificates.ssl_fulfillment_email_info": {"orders": "{{ listed.orders }}", "maildir": "~/Maildir"}
    },
}
"""What a page may speak of as registered earlier, and the task that would have done so."""


class Reader:
    """Does what pages say in a world, and remembers the results of all tasks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._defaults: dict[str, Any] = {}
        self._variables: dict[str, Any] = world.here(SET_BEFORE)
        self._tasks: list[Mapping[str, Any]] = []
        self._records = world.work / "records.jsonl"
        self._secrets = world.work / "secrets.json"
        self._secrets.write_text(json.dumps(world.secrets), encoding="utf-8")

    def follow(self, page: Page) -> None:
        """Do all that a page says.

        Code that has a name, by its first line or by custom, is saved. It is run at once, unless a command that comes later
        does that. What the page says of variables adds up, as for somebody who edits the file. Tasks that stand one after the
        other are one play.
        """
        for number, block in enumerate(page.blocks):
            if block.language == "yaml":
                later = [other.text for other in page.blocks[number:] if other.language == "console"]
                self._take_up(block, "\n".join(later))
            elif block.language == "console":
                self._run_commands(block)
        self._run_tasks()

    def records(self) -> list[dict[str, Any]]:
        """The results of all tasks."""
        lines = self._records.read_text(encoding="utf-8").splitlines() if self._records.exists() else []
        return [json.loads(line) for line in lines]

    def _take_up(self, block: Block, later: str) -> None:
        named = re.match(r"# (\S+\.ya?ml)\b", block.text)
        for content in filter(None, yaml.safe_load_all(block.text)):
            here = self._world.here(content)
            if isinstance(content, list) and not any({"hosts", "import_playbook"} & part.keys() for part in content):
                self._add_tasks(here)
                continue
            self._run_tasks()
            if isinstance(content, list):
                command = ["ansible-playbook", "-e", f"@{self._secrets.name}"]
                self._save_and_run(named[1] if named else "play.yml", here, later, command)
            elif "plugin" in content:
                name = named[1] if named and named[1].endswith("ssl_orders.yml") else "ssl_orders.yml"
                self._save_and_run(name, here, later, ["ansible-inventory", "--list", "-i"])
            elif content.keys() == {"module_defaults"}:
                self._defaults = here
            else:
                playbook = next((one for prefix, one in PLAYBOOKS.items() if all(map(prefix.match, content))), None)
                assert playbook, f"not understood: {', '.join(content)}"
                command = ["ansible-playbook", f"softlayer.certificates.{playbook}", "--check", "-e"]
                self._variables |= here
                content = self._world.secrets | self._variables
                self._save_and_run(named[1] if named else "vars.yml", content, later, command, "@")

    def _save_and_run(self, name: str, content: Any, later: str, command: Sequence[str], mark: str = "") -> None:
        self._save(name, content)
        if name not in later:
            self._run([*command, f"{mark}{name}"])

    def _save(self, name: str, content: Any) -> None:
        (self._world.work / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

    def _add_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        tasks = [task for task in tasks if not any(name.startswith(OTHER_COLLECTIONS) for name in task)]
        spoken_of, registered = yaml.safe_dump(tasks), {task.get("register") for task in tasks}
        self._tasks += (
            {"name": f"Register {name}", **task, "register": name}
            for name, task in GIVEN.items()
            if re.search(rf"\b{name}\.", spoken_of) and name not in registered
        )
        self._tasks += tasks

    def _run_tasks(self) -> None:
        if self._tasks:
            play = {"hosts": "localhost", "gather_facts": False, "vars": self._variables, **self._defaults}
            self._save("tasks.yml", [{**play, "tasks": self._tasks}])
            self._tasks = []
            self._run(["ansible-playbook", "tasks.yml", "-e", f"@{self._secrets.name}"])

    def _run_commands(self, block: Block) -> None:
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and not line.startswith(NOT_HERE):
                assert words[0] in PROGRAMS and "certificates.schedule" not in line, f"not understood: {line}"
                self._run_tasks()
                if LONG or "--check" not in words:
                    self._run(words)

    def _run(self, command: Sequence[str]) -> None:
        recording = {
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callbacks")),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "RECORD_PATH": str(self._records),
        }
        done = subprocess.run(
            command,
            cwd=self._world.work,
            env=self._world.environment() | recording,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
        if command[0] == "ansible-inventory" and "--list" in command:
            assert json.loads(done.stdout)["_meta"]["hostvars"], f"{shlex.join(command)} lists no order"
