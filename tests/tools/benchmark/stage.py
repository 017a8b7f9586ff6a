# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where runs take place: a folder, a simulator, an environment without anything of the user's, and how to run there."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulator.client import Simulator
from tests.support import servers
from tests.tools.benchmark.figures import Run

ROOT = Path(__file__).resolve().parents[3]
COLLECTION = "softlayer.certificates"
HIDDEN = ("ANSIBLE_", "PYTHON", "SL_", "SOFTLAYER_", "XDG_")


class BenchmarkError(Exception):
    """Something did not do what it should have done, so that its time means nothing."""


@dataclass(frozen=True)
class Job:
    """A command to run, and what shows that it has done its work.

    Attributes:
        transport: how it calls the API.
        makes: by method of the API, how many calls of it must have succeeded.
        says: a field of the JSON object on its standard output, and the value that it must have.
        before: puts in place what the fleet has not from the start, such as secrets; not measured.
    """

    command: Sequence[str]
    stdin: str = ""
    transport: str = "rest"
    makes: Mapping[str, int] = field(default_factory=dict)
    says: tuple[str, Any] | None = None
    before: Callable[[], object] | None = None


class Stage:
    """Runs jobs one after the other against a simulator."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.folder = folder
        self.sim = sim
        self._number = 0
        for name in ("home", "tmp"):
            (folder / name).mkdir(parents=True)
        link = folder / "collections/ansible_collections/softlayer/certificates"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT)

    def new_path(self, suffix: str) -> Path:
        """A path in the folder that nothing has used yet."""
        self._number += 1
        return self.folder / f"{self._number:05d}{suffix}"

    def run(self, job: Job, latency_ms: int = 0) -> tuple[Run, str]:
        """Run a job on the fleet as it was at its start; return what it took, and what it printed.

        Raises:
            BenchmarkError: it has not done its work.
        """
        self.sim.reset()
        # Orders come in pages, too; and mail is not delivered: its files are not what is measured.
        self.sim.settings(latency_ms=latency_ms, page_every_list=True, hold_mail=True)
        if job.before:
            job.before()
        taken, output, errors = self.launch(job)
        of_secrets = self.sim.secrets_manager.calls()
        calls = [*self.sim.calls(), *({**call, "method": call["operation"]} for call in of_secrets)]
        check(job, taken.pop("exit_code"), output, errors, calls)
        return Run(**taken, calls=len(calls), output_bytes=len(output.encode())), output

    def launch(self, job: Job) -> tuple[dict[str, Any], str, str]:
        """Run a command, which ends with this process at the latest; return what it took and what it printed."""
        stem = self.new_path("")
        files = [stem.with_suffix(f".{name}") for name in ("json", "in", "out", "err")]
        result, stdin, stdout, stderr = files
        stdin.write_text(job.stdin, encoding="utf-8")
        launcher = [sys.executable, "-I", "-S", Path(__file__).with_name("launcher.py"), *files]
        command = [*map(str, launcher), *servers.ending_with_parent(list(job.command))]
        process = servers.start(command, cwd=self.folder, env=self._environment(job.transport))
        try:
            if process.wait():
                raise BenchmarkError(f"could not be run: {shlex.join(job.command)}")
        finally:
            process.kill()
            process.wait()
        taken: dict[str, Any] = json.loads(result.read_text(encoding="ascii"))
        output, errors = (path.read_text(encoding="utf-8", errors="replace") for path in (stdout, stderr))
        for path in files:
            path.unlink()
        return taken, output, errors

    def _environment(self, transport: str) -> dict[str, str]:
        """The environment of a user who has credentials and the collection, and nothing else."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(HIDDEN) and not name.lower().endswith("_proxy")
        }
        collections = self.folder / "collections"
        return inherited | {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONPATH": os.pathsep.join([str(collections), str(ROOT)]),
            "SL_USERNAME": self.sim.username,
            "SL_API_KEY": self.sim.api_key,
            "SL_ENDPOINT_URL": self.sim.url(transport),
            "IBMCLOUD_API_KEY": self.sim.api_key,
            "SOFTLAYER_CERTIFICATES_INSTANCE_URL": self.sim.secrets_manager.instance_url,
            "SOFTLAYER_CERTIFICATES_IAM_URL": self.sim.secrets_manager.iam_url,
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }

    # What can be run

    def module(self, name: str, options: Mapping[str, Any], *, check_mode: bool = False, **more: Any) -> Job:
        """A module in a process of its own, as Ansible starts it, without Ansible around it."""
        given = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": False, "_ansible_module_name": name}
        command = [sys.executable, "-m", f"ansible_collections.{COLLECTION}.plugins.modules.{name}"]
        return Job(command, stdin=json.dumps({"ANSIBLE_MODULE_ARGS": given}), **more)

    def sdk(self, what: str, concurrency: int, done: int, *args: Any, **more: Any) -> Job:
        """The same calls by the bare SDK, in a process of its own."""
        stdin = json.dumps({"what": what, "concurrency": concurrency, "args": args})
        return Job([sys.executable, "-m", "tests.tools.benchmark.sdk"], stdin, says=("done", done), **more)

    def play(
        self,
        *tasks: Mapping[str, Any],
        defaults: Mapping[str, Any] | None = None,
        makes: Mapping[str, int] | None = None,
    ) -> Job:
        """A playbook of some tasks, with defaults of modules."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "module_defaults": defaults or {},
            "tasks": tasks,
        }
        path = self.new_path(".yml")
        path.write_text(json.dumps([play]), encoding="utf-8")
        return Job([str(Path(sys.executable).with_name("ansible-playbook")), str(path)], makes=makes or {})


def check(job: Job, exit_code: int, output: str, errors: str, calls: Sequence[Mapping[str, Any]]) -> None:
    """Raise an error unless a job has done its work."""
    problems = [] if exit_code == 0 else [f"exit code {exit_code}"]
    for method, count in job.makes.items():
        made = sum(1 for call in calls if call["method"] == method and call["outcome"] == "ok")
        if made != count:
            problems.append(f"{made} calls of {method} succeeded instead of {count}")
    if job.says and exit_code == 0:
        name, wanted = job.says
        said = json.loads(output).get(name)
        if said != wanted:
            problems.append(f"{name} is {said!r} instead of {wanted!r}")
    if problems:
        told = "\n".join(text[-2000:] for text in (output, errors) if text)
        raise BenchmarkError(f"{shlex.join(job.command)}: {'; '.join(problems)}\n{told}")


@contextlib.contextmanager
def stage(folder: Path, **fleet: Any) -> Iterator[Stage]:
    """A stage in a folder that is made anew, with a simulator of some fleet; both go in the end."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with Simulator.start(**fleet) as sim:
            yield Stage(folder, sim)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
