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
import subprocess
import sys
import tempfile
import urllib.error
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.benchmark.figures import Case, Measurement, count_pages, peak_in_flight
from tests.simulator.client import Simulator
from tests.support.playing import kill_marked

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "softlayer.certificates"
BIN = Path(sys.executable).parent
LAUNCHER = Path(__file__).with_name("launcher.py")
LONGEST_RUN = 1800
"""Seconds after which a run is given up."""
HIDDEN = ("ANSIBLE_", "PYTHON", "SL_", "SOFTLAYER_", "XDG_")
MARKER = "BENCHMARK_RUN"
"""A variable of the environment that tells the processes of one run from all others."""
LISTS = {"getSslCertificateRequests": "orders", "getSecurityCertificates": "stored"}
"""The methods that list, and what of the fleet they list."""


class BenchmarkError(Exception):
    """Something did not do what it should have done, so that its time means nothing."""


@dataclass(frozen=True)
class Job:
    """A command to run, and what shows that it has done its work.

    Attributes:
        makes: by method of the API, how many calls of it must have succeeded.
        says: a field of the JSON object on its standard output, and the value that it must have.
        settings: of the simulator, while it runs.
        first: what is run before, without latency and unmeasured, on the untouched fleet.
    """

    command: Sequence[str]
    stdin: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    makes: Mapping[str, int] = field(default_factory=dict)
    says: tuple[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    first: Job | None = None


@dataclass(frozen=True, order=True)
class Fleet:
    """What the account of a case has.

    Attributes:
        orders: how many there are.
        stored: of how many of them the certificate is in the store; all others of the store are without an order.
        balancers: load balancers that serve what is in the store, by HAProxy.
        listeners: of each of them.
    """

    orders: int
    stored: int = 0
    balancers: int = 0
    listeners: int = 0

    def start(self) -> Simulator:
        """Start a simulator that has it."""
        if not self.balancers:
            return Simulator.start(fleet=self.orders, stored=self.stored)
        served = {"key_type": "rsa", "balancers": self.balancers, "listeners": self.listeners, "haproxy": True}
        return Simulator.start(fleet=self.orders, stored=self.stored, **served)


class Stage:
    """Runs jobs of one case after the other against a simulator."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache: dict[Any, Any] = {}
        """What scenarios prepared for the fleet that is there now."""
        self.until_closed = contextlib.ExitStack()
        """What they started for it."""
        self._simulator: Simulator | None = None
        self._fleet: Fleet | None = None
        self._number = 0
        for name in ("home", "tmp"):
            (folder / name).mkdir(parents=True)
        link = folder / "collections/ansible_collections/softlayer/certificates"
        link.parent.mkdir(parents=True)
        link.symlink_to(ROOT)

    @property
    def sim(self) -> Simulator:
        """The simulator of the present fleet."""
        assert self._simulator is not None, "there is no fleet yet"
        return self._simulator

    def set_fleet(self, fleet: Fleet) -> None:
        """Have a simulator with a fleet."""
        if self._fleet != fleet:
            self.close()
            self._simulator = fleet.start()
            self._fleet = fleet

    def close(self) -> None:
        """Stop the simulator, and what scenarios started."""
        self.until_closed.close()
        if self._simulator is not None:
            self._simulator.stop()
        self._simulator = self._fleet = None
        self.cache = {}

    def new_path(self, suffix: str) -> Path:
        """A path in the folder that nothing has used yet."""
        self._number += 1
        return self.folder / f"{self._number:05d}{suffix}"

    def rewind(self) -> None:
        """The fleet as it was at its start, without latency, in pages. No mail is delivered: its files are not what is measured."""
        self.sim.reset()
        self.sim.settings(latency_ms=0, hold_mail=True, page_every_list=True)

    def run(self, case: Case, job: Job, items: int) -> Measurement:
        """Run a job on an untouched fleet and return what it took."""
        try:
            return self._run(case, job, items)
        except urllib.error.URLError as error:
            raise BenchmarkError(f"the simulator does not answer any more: {error}; {self._said()}") from None

    def _said(self) -> str:
        """What the simulator wrote last."""
        log = self.sim.state_dir / "simulator.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else "it left no log"

    def _run(self, case: Case, job: Job, items: int) -> Measurement:
        if job.first is None:
            self.rewind()
        else:
            self.run_unmeasured(job.first)
            self.sim.clear_calls()
        self.sim.settings(latency_ms=case.latency_ms, **job.settings)
        taken, output, errors = self.launch(job, self.environment(case.transport) | dict(job.environment))
        entries = self.sim.calls()
        check(job, taken["exit_code"], output, errors, entries)
        return Measurement(
            seconds=taken["seconds"],
            cpu_seconds=taken["cpu_seconds"],
            peak_bytes=taken["peak_bytes"],
            calls=len(entries),
            bytes=sum(entry["bytes"] or 0 for entry in entries),
            items=items,
            of=case.orders,
            peak_in_flight=peak_in_flight([entry for entry in entries if entry["method"] in LISTS]),
            pages=count_pages(entries, self.totals()),
        )

    def run_unmeasured(self, job: Job) -> str:
        """Run a job without latency, for what it leaves behind; return what it printed."""
        self.rewind()
        taken, output, errors = self.launch(job, self.environment("rest") | dict(job.environment))
        check(job, taken["exit_code"], output, errors, self.sim.calls())
        return output

    def totals(self) -> dict[str, int]:
        """By method that lists, how many rows there are."""
        assert self._fleet is not None
        found = {"orders": self._fleet.orders, "stored": self._fleet.stored}
        return {method: found[what] for method, what in LISTS.items()}

    def launch(self, job: Job, environment: Mapping[str, str]) -> tuple[dict[str, Any], str, str]:
        """Run a command; return what it took and what it printed."""
        stem = self.new_path("")
        result, stdin, stdout, stderr = (stem.with_suffix(f".{name}") for name in ("json", "in", "out", "err"))
        stdin.write_text(job.stdin, encoding="utf-8")
        launcher = [sys.executable, "-I", "-S", LAUNCHER, result, stdin, stdout, stderr]
        marker = f"{MARKER}={uuid.uuid4()}"
        process = subprocess.Popen(
            [*map(str, launcher), *job.command],
            cwd=self.folder,
            env=dict(environment) | dict([marker.split("=")]),
            start_new_session=True,
        )
        try:
            if process.wait(LONGEST_RUN):
                raise BenchmarkError(f"could not be run: {shlex.join(job.command)}")
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"did not end: {shlex.join(job.command)}") from None
        finally:
            if process.poll() is None:
                kill_marked(marker)
                process.kill()
                process.wait()
        taken: dict[str, Any] = json.loads(result.read_text(encoding="ascii"))
        output, errors = (path.read_text(encoding="utf-8", errors="replace") for path in (stdout, stderr))
        for path in (result, stdin, stdout, stderr):
            path.unlink()
        return taken, output, errors

    def environment(self, transport: str) -> dict[str, str]:
        """The environment of a user who has credentials and the collection, and nothing else."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(HIDDEN) and not name.lower().endswith("_proxy")
        }
        return inherited | {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
            "SL_USERNAME": self.sim.username,
            "SL_API_KEY": self.sim.api_key,
            "SL_ENDPOINT_URL": self.sim.url(transport),
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }

    # What can be run

    @property
    def _imports(self) -> dict[str, str]:
        return {"PYTHONPATH": os.pathsep.join([str(self.folder / "collections"), str(ROOT)])}

    def module(
        self, name: str, options: Mapping[str, Any], *python: str, check_mode: bool = False, **keywords: Any
    ) -> Job:
        """A module in a process of its own, as Ansible starts it, without Ansible around it."""
        full = (
            f"ansible.modules.{name}" if name == "uri" else f"ansible_collections.{COLLECTION}.plugins.modules.{name}"
        )
        given = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": False, "_ansible_module_name": name}
        return Job(
            [sys.executable, *python, "-m", full],
            stdin=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            environment=self._imports,
            **keywords,
        )

    def in_turn(self, *jobs: Job) -> Job:
        """Jobs one after the other, each in a process of its own, so that what they take adds up; the last one says how it went."""
        output = shlex.quote(str(self.new_path(".out")))
        lines = ["set -e"]
        for job in jobs:
            given = self.new_path(".in")
            given.write_text(job.stdin, encoding="utf-8")
            lines.append(f"{shlex.join(job.command)} < {shlex.quote(str(given))} > {output}")
        path = self.new_path(".sh")
        path.write_text("\n".join([*lines, f"cat {output}", ""]), encoding="utf-8")
        makes = {method: count for job in jobs for method, count in job.makes.items()}
        return Job(["/bin/sh", str(path)], environment=self._imports, makes=makes, says=jobs[-1].says)

    def playbook(self, *tasks: Mapping[str, Any], **keywords: Any) -> Job:
        """A playbook of some tasks, each of which keeps its result."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            "tasks": [{**task, "register": "result"} for task in tasks],
        }
        path = self.new_path(".yml")
        path.write_text(json.dumps([play]), encoding="utf-8")
        return Job([str(BIN / "ansible-playbook"), str(path)], **keywords)

    def playbook_of_role(self, name: str, variables: Mapping[str, Any], **keywords: Any) -> Job:
        """A playbook of the collection, with variables from a file."""
        path = self.new_path(".json")
        path.write_text(json.dumps(variables), encoding="utf-8")
        return Job([str(BIN / "ansible-playbook"), f"{COLLECTION}.{name}", "-e", f"@{path}"], **keywords)

    def ad_hoc(self, module: str, options: Mapping[str, Any], **keywords: Any) -> Job:
        """A module by the command `ansible`."""
        arguments = ["-a", json.dumps(options)] if options else []
        return Job([str(BIN / "ansible"), "localhost", "-m", module, *arguments], **keywords)

    def sdk(self, case: Case, what: str, done: int, **given: Any) -> Job:
        """The same calls by the bare SDK, in a process of its own."""
        return Job(
            [sys.executable, "-m", "tests.benchmark.sdk"],
            stdin=json.dumps({"what": what, "concurrency": case.concurrency, **given}),
            environment=self._imports,
            says=("done", done),
        )

    def slcli(self, case: Case, calls: Sequence[str], **keywords: Any) -> Job:
        """`slcli call-api` for each of these arguments, in a shell."""
        config = self.folder / "slcli.conf"
        config.write_text(
            f"[softlayer]\nusername = {self.sim.username}\napi_key = {self.sim.api_key}\n"
            f"endpoint_url = {self.sim.url(case.transport)}\ntimeout = 60\n",
            encoding="utf-8",
        )
        command = shlex.join([str(BIN / "slcli"), "--really", "--format=json", f"--config={config}", "call-api"])
        path = self.new_path(".sh")
        path.write_text("\n".join(["set -e", *(f"{command} {call}" for call in calls), ""]), encoding="utf-8")
        return Job(["/bin/sh", str(path)], **keywords)

    def uri_options(
        self, path: str, query: Mapping[str, Any], parameters: Sequence[Any] | None = None
    ) -> dict[str, Any]:
        """Options of `ansible.builtin.uri` for a call over REST."""
        url = self.sim.rest_url + path + (f"?{urlencode(query)}" if query else "")
        options: dict[str, Any] = {
            "url": url,
            "url_username": self.sim.username,
            "url_password": self.sim.api_key,
            "force_basic_auth": True,
            "return_content": True,
        }
        if parameters is not None:
            options |= {"method": "POST", "body_format": "json", "body": {"parameters": list(parameters)}}
        return options


def check(job: Job, exit_code: int, output: str, errors: str, entries: Sequence[Mapping[str, Any]]) -> None:
    """Raise an error unless a job has done its work."""
    problems = [] if exit_code == 0 else [f"exit code {exit_code}"]
    for method, count in job.makes.items():
        made = sum(1 for entry in entries if entry["method"] == method and entry["outcome"] == "ok")
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
def stage(folder: Path) -> Iterator[Stage]:
    """A stage in a folder that is made anew, and goes in the end, as does the simulator."""
    shutil.rmtree(folder, ignore_errors=True)
    before = tempfile.tempdir
    made = Stage(folder)
    tempfile.tempdir = str(folder / "tmp")
    try:
        yield made
    finally:
        made.close()
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
