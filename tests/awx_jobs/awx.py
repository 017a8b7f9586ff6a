# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX does with a project and with its jobs, as far as it can be had without AWX.

A project is checked out, and the collections and roles that it asks for are installed. A job gets a copy of both in a private
data directory of its own, with an inventory, extra variables and the environment that its credentials inject; ansible-runner
runs it. What a job sets with C(set_stats) are the extra variables of the next job of a workflow.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SECONDS = 180
"""After which a job that does not end has failed."""
NOWHERE = "http://127.0.0.1:1/"
"""Where nothing is downloaded from."""
PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):")
"""How AWX tells a playbook from other YAML files."""


class Project:
    """A checkout of this repository, with what it asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.collections, self.roles = folder / "requirements_collections", folder / "requirements_roles"
        self.said = ""
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.check_output(listing, cwd=ROOT, text=True).split("\0"):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        for kind in ("role", "collection"):
            self._install(kind, folder)

    def _install(self, kind: str, folder: Path) -> None:
        """As AWX's project update calls it, with a Galaxy that does not answer."""
        requirements = self.folder / f"{kind}s/requirements.yml"
        done = subprocess.run(
            [BIN / "ansible-galaxy", kind, "install", "-r", requirements],
            cwd=self.folder,
            env={
                "PATH": os.pathsep.join([str(BIN), os.defpath]),
                "HOME": str(folder),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
                "ANSIBLE_ROLES_PATH": str(self.roles),
                "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
                "ANSIBLE_GALAXY_SERVER": NOWHERE,
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == 0, self.said

    def playbooks(self) -> set[str]:
        """What a job template may run, by AWX's rules."""
        found = set()
        for path in self.folder.rglob("*.y*ml"):
            name = path.relative_to(self.folder)
            ignored = {"roles", "tasks", "group_vars", "host_vars"} & set(name.parts[:-1])
            if ignored or any(part.startswith(".") for part in name.parts[:-1]):
                continue
            if any(map(PLAYBOOK.match, path.read_text(encoding="utf-8").splitlines())):
                found.add(str(name))
        return found


class Job:
    """A job, from its start on; it has an inventory of C(hosts) with variables."""

    def __init__(
        self,
        folder: Path,
        project: Project,
        playbook: str,
        *,
        credentials: Mapping[str, str],
        extra_vars: Mapping[str, Any] | None = None,
        check: bool = False,
        options: str = "",
        hosts: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.folder = folder
        self.folder.mkdir()
        shutil.copytree(project.folder, folder / "project")
        shutil.copytree(project.collections, folder / "requirements_collections")
        for name in ("env", "inventory", "home"):
            (folder / name).mkdir(mode=0o700)
        self._write_inventory(hosts or {})
        (folder / "env/extravars").write_text(_unsafe({"awx_job_id": 1, **(extra_vars or {})}), encoding="utf-8")
        (folder / "env/envvars").write_text(json.dumps({**self._environment(), **credentials}), encoding="utf-8")
        command = [BIN / "ansible-runner", "run", folder, "--playbook", f"playbooks/awx/{playbook}", "--ident", "1"]
        cmdline = f"{'--check ' if check else ''}-u root {options}"
        self._process = subprocess.Popen(
            [*command, f"--cmdline={cmdline}", "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.pathsep.join([str(BIN), os.defpath]), "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"},
        )

    def _write_inventory(self, hosts: Mapping[str, Mapping[str, Any]]) -> None:
        inventory = {"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}
        path = self.folder / "inventory/hosts"
        path.write_text(f"#! {sys.executable}\nprint({json.dumps(inventory)!r})\n", encoding="utf-8")
        path.chmod(0o700)

    def _environment(self) -> dict[str, str]:
        return {
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "requirements_collections"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            "AWX_PRIVATE_DATA_DIR": str(self.folder),
        }

    @property
    def artifacts(self) -> Path:
        """The folder that ansible-runner keeps of the job."""
        return self.folder / "artifacts/1"

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def wait(self) -> Job:
        """Wait for its end."""
        try:
            _, errors = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.remove_container()
            raise
        assert not errors, errors.decode()
        return self

    def cancel(self) -> Job:
        """Cancel it as AWX does: ansible-runner is told to end it, then the container goes, and all that runs in it."""
        self._process.send_signal(signal.SIGTERM)
        self.wait()
        self.remove_container()
        return self

    def remove_container(self) -> None:
        """Kill every process of the job, by what only its environment has."""
        mark = f"AWX_PRIVATE_DATA_DIR={self.folder}".encode()
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in environment.read_bytes().split(b"\0"):
                    os.kill(int(environment.parent.name), signal.SIGKILL)
        self._process.kill()

    @property
    def status(self) -> str:
        """C(successful), C(failed) or C(canceled)."""
        return (self.artifacts / "status").read_text(encoding="utf-8")

    @property
    def output(self) -> str:
        """What AWX shows of it."""
        return (self.artifacts / "stdout").read_text(encoding="utf-8")

    @property
    def stats(self) -> dict[str, Any]:
        """What it has set for the next job of a workflow."""
        for path in (self.artifacts / "job_events").glob("*.json"):
            event = json.loads(path.read_text(encoding="utf-8"))
            if event["event"] == "playbook_on_stats":
                stats: dict[str, Any] = event["event_data"]["artifact_data"]
                return stats
        return {}

    def kept(self) -> dict[str, str]:
        """All files of the artifacts, by name, but for ansible-runner's own note of the environment that it was given."""
        return {
            str(path.relative_to(self.artifacts)): path.read_text(encoding="utf-8")
            for path in self.artifacts.rglob("*")
            if path.is_file() and path.name != "command"
        }


Launch = Callable[..., Job]
"""Starts a job: takes what C(Job) takes after the project."""


def _unsafe(value: Any) -> str:
    """YAML in which no text is a template: AWX marks the variables of a launch so."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_unsafe(key)}: {_unsafe(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_unsafe, value)) + "]"
    return f"!unsafe {json.dumps(value)}" if isinstance(value, str) else json.dumps(value)
