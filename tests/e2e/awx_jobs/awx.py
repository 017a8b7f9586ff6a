# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX does with a project, with its jobs and with the updates of inventories, as far as it can be had without AWX.

A project from git is checked out, and the collections and roles that it asks for are installed; where the organization has no
Galaxy credential, and for a manual project, they are not: `Project.bare`. A job gets a copy of both in a private data directory of its own, with
an inventory, extra variables and the environment that its credentials inject; ansible-runner runs it. What a job sets with
`set_stats` are the extra variables of the next job of a workflow.

The files and the variables are those of AWX 24.6.1 (awx/main/tasks/jobs.py, awx/main/utils/safe_yaml.py), but for the container:
what is `/runner` in there is the private data directory itself.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tests.support.awx_variables import safe_dump

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
SECONDS = 400
"""After which a job that does not end has failed."""
NOWHERE = "http://127.0.0.1:1/"
"""Where nothing is downloaded from."""
RUN = "import json, sys, ansible_runner; ansible_runner.run(**json.loads(sys.argv[1]))"
"""How AWX has ansible-runner run something: its command cannot do without a playbook, as an update of an inventory does."""
CONTAINER_ROOT = "/runner"
"""Where a job sees its private data directory."""
SYSTEM_COLLECTIONS = "/usr/share/ansible/collections"
COLLECTIONS = f"~/.ansible/collections:{SYSTEM_COLLECTIONS}"
"""Where AWX has collections looked for, beside those of the project: places in the image."""
ROLES = "~/.ansible/roles:/usr/share/ansible/roles:/etc/ansible/roles"
PLAYBOOK = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):")
"""How AWX tells a playbook from other YAML files."""


class Project:
    """A copy of this repository in a folder, with what it asks for; it is made unless it is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.collections, self.roles = folder / "requirements_collections", folder / "requirements_roles"
        self._said = folder / "said"
        if self._said.exists():
            return
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.check_output(listing, cwd=ROOT, text=True).split("\0"):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)
        self._said.write_text("".join(self._install(kind, folder) for kind in ("role", "collection")), encoding="utf-8")

    @property
    def said(self) -> str:
        """What `ansible-galaxy` said."""
        return self._said.read_text(encoding="utf-8")

    def bare(self) -> Project:
        """The same where AWX installs nothing."""
        bare = copy.copy(self)
        bare.collections = self.folder / "nothing"
        return bare

    def _install(self, kind: str, folder: Path) -> str:
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
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

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


Started = TypeVar("Started", bound="Run")


class Run:
    """What ansible-runner runs in a private data directory, from its start on.

    `in_image` is a folder of collections that the image carries.
    """

    def __init__(self, folder: Path, project: Project, *, in_image: Path | None = None) -> None:
        self.folder = folder
        self.folder.mkdir(mode=0o700)
        # Links are made sooner than copies, and nothing writes into these files.
        shutil.copytree(project.folder, folder / "project", copy_function=os.link)
        if project.collections.exists():
            shutil.copytree(project.collections, folder / "requirements_collections", copy_function=os.link)
        for name in ("env", "inventory", "home"):
            (folder / name).mkdir(mode=0o700)
        if in_image:
            (folder / "home/.ansible").mkdir()
            (folder / "home/.ansible/collections").symlink_to(in_image)
        self._write("env/settings", json.dumps({"job_timeout": 0, "suppress_ansible_output": True}))

    def _start(self, environment: Mapping[str, str], **parameters: str) -> None:
        """Run it with what AWX puts into the environment, that of the credentials last, and what it tells ansible-runner."""
        self._write("env/envvars", json.dumps({**environment, "AWX_PRIVATE_DATA_DIR": str(self.folder)}))
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUN, json.dumps({"private_data_dir": str(self.folder), "ident": "1", **parameters})],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={
                "PATH": os.pathsep.join([str(BIN), os.defpath]),
                "HOME": str(self.folder / "home"),
                "LC_ALL": "C.UTF-8",
            },
        )

    def _write(self, name: str, text: str) -> Path:
        """Write a file, with the private data directory for what a container would show as `/runner`, and for its system's folder."""
        path = self.folder / name
        text = re.sub(rf"{CONTAINER_ROOT}(?=/)", str(self.folder), text)
        path.write_text(text.replace(SYSTEM_COLLECTIONS, str(self.folder / "system")), encoding="utf-8")
        path.chmod(0o600)
        return path

    @property
    def artifacts(self) -> Path:
        """The folder that ansible-runner keeps of the job."""
        return self.folder / "artifacts/1"

    def wait(self: Started) -> Started:
        """Wait for its end."""
        try:
            _, errors = self._process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.remove_container()
            raise
        assert not errors, errors.decode()
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
        """`successful`, `failed` or `canceled`."""
        return (self.artifacts / "status").read_text(encoding="utf-8")

    @property
    def output(self) -> str:
        """What AWX shows of it."""
        return (self.artifacts / "stdout").read_text(encoding="utf-8")

    def kept(self) -> dict[str, str]:
        """All files of the artifacts, by name, but for ansible-runner's own note of the environment that it was given."""
        return {
            str(path.relative_to(self.artifacts)): path.read_text(encoding="utf-8")
            for path in self.artifacts.rglob("*")
            if path.is_file() and path.name != "command"
        }


class Job(Run):
    """A job of a playbook, by its name or an absolute path; it has an inventory of `hosts` with variables."""

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
        in_image: Path | None = None,
    ) -> None:
        super().__init__(folder, project, in_image=in_image)
        self._write_inventory(hosts or {})
        self._write("env/extravars", safe_dump({**(extra_vars or {}), **META_VARS}))
        self._write("env/cmdline", f"{'--check ' if check else ''}-u root {options}".strip())
        self._start({**JOB_ENVIRONMENT, **credentials}, playbook=str(Path("playbooks/awx", playbook)))

    def _write_inventory(self, hosts: Mapping[str, Mapping[str, Any]]) -> None:
        inventory = {"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}
        path = self._write("inventory/hosts", f"#! {sys.executable}\nprint({json.dumps(inventory)!r})\n")
        path.chmod(0o700)

    @property
    def stats(self) -> dict[str, Any]:
        """What it has set for the next job of a workflow."""
        for path in (self.artifacts / "job_events").glob("*.json"):
            event = json.loads(path.read_text(encoding="utf-8"))
            if event["event"] == "playbook_on_stats":
                stats: dict[str, Any] = event["event_data"]["artifact_data"]
                return stats
        return {}


class InventoryUpdate(Run):
    """An update of an inventory from a file of the project."""

    def __init__(
        self,
        folder: Path,
        project: Project,
        source_path: str,
        *,
        credentials: Mapping[str, str],
        source_vars: Mapping[str, str] | None = None,
        in_image: Path | None = None,
    ) -> None:
        super().__init__(folder, project, in_image=in_image)
        (folder / "artifacts/1").mkdir(parents=True)
        source = f"{CONTAINER_ROOT}/project/{source_path}"
        output = f"{CONTAINER_ROOT}/artifacts/1/output.json"
        playbook_dir = os.path.dirname(source)
        self._write(
            "args", f"ansible-inventory --list --export -i {source} --output {output} --playbook-dir {playbook_dir}"
        )
        environment = {name: value for name, value in (source_vars or {}).items() if name not in UPDATE_ENVIRONMENT}
        self._start({**UPDATE_ENVIRONMENT, **environment, **credentials})

    @property
    def inventory(self) -> dict[str, Any]:
        """What AWX takes the hosts from."""
        inventory: dict[str, Any] = json.loads((self.artifacts / "output.json").read_text(encoding="utf-8"))
        return inventory


META_VARS = {
    f"{prefix}_{name}": value
    for name, value in {
        "job_id": 1,
        "job_launch_type": "manual",
        "job_template_id": 7,
        "job_template_name": "Größe: {{ 1 }}",
        "user_id": 1,
        "user_name": "alice",
        "user_email": "",
    }.items()
    for prefix in ("awx", "tower")
}
"""What AWX says of a job to itself."""
JOB_ENVIRONMENT = {
    "ANSIBLE_COLLECTIONS_PATH": f"{CONTAINER_ROOT}/requirements_collections:{COLLECTIONS}",
    "ANSIBLE_ROLES_PATH": f"{CONTAINER_ROOT}/requirements_roles:{ROLES}",
    "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{CONTAINER_ROOT}/cp",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "AWX_HOST": "https://towerhost",
    "INVENTORY_ID": "1",
    "JOB_ID": "1",
    "MAX_EVENT_RES": "700000",
    "PROJECT_REVISION": "",
}
UPDATE_ENVIRONMENT = {
    "ANSIBLE_COLLECTIONS_PATHS": (
        f"{CONTAINER_ROOT}/requirements_collections:{COLLECTIONS}:/usr/share/automation-controller/collections"
    ),
    "ANSIBLE_INVENTORY_EXPORT": "True",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_VERBOSE_TO_STDERR": "True",
    "INVENTORY_SOURCE_ID": "1",
    "INVENTORY_UPDATE_ID": "1",
}
"""Where collections are has another name than in a job, which only ansible-core before 2.19 reads: AWX's issue 14800."""

Launch = Callable[..., Job]
"""Starts a job: takes what `Job` takes after the project, and `project` for another one."""
Update = Callable[..., InventoryUpdate]
"""Starts an update of an inventory, in the same way."""
