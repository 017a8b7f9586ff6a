# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of modules and playbooks that are forked from a process which has imported Ansible, the modules, and what they import.

To import the SoftLayer SDK, cryptography and Ansible takes ten times as long as what most runs of a test do.
Each run still is a process of its own, with its own environment, standard streams and signals.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import metadata
from multiprocessing import forkserver
from pathlib import Path
from typing import NoReturn

MODULES = "ansible_collections.softlayer.certificates.plugins.modules."
_STREAMS = ("stdin", "stdout", "stderr")

CAN_FORK_PLAYS = metadata.version("ansible-core").startswith("2.18.")
"""Whether modules run as usual in a process that has imported Ansible; in later versions, they print warnings instead of returning them."""
_FOR_PLAYS = (
    "tests.support.warm",
    *(f"ansible.modules.{name}" for name in ("command", "copy", "cron", "file", "setup", "stat", "systemd_service")),
)

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(
    [
        *(_FOR_PLAYS if CAN_FORK_PLAYS else ()),
        "psycopg",  # which a module imports when it has such a ledger
        __name__,
        *(MODULES + path.stem for path in Path(__file__).parents[2].glob("plugins/modules/[!_]*.py")),
    ]
)


def _ensure_server() -> None:
    """Start the process that is forked, unless it runs. Settings of a test are hidden from it, because Ansible keeps some for all later plays."""
    settings = [name for name in os.environ if name.startswith("ANSIBLE_") and name != "ANSIBLE_COLLECTIONS_PATH"]
    hidden = {name: os.environ.pop(name) for name in settings}
    try:
        forkserver.ensure_running()
    finally:
        os.environ.update(hidden)


class Forked:
    """A process, with the part of the interface of `subprocess.Popen` that tests use.

    Its environment is that of the tests unless it is given one.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        work: Callable[[], None],
        *,
        given: str = "",
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        daemon: bool = True,
    ) -> None:
        self.args = list(arguments)
        self._folder = tempfile.TemporaryDirectory(prefix="softlayer-certificates-run-")
        streams = Path(self._folder.name)
        (streams / "stdin").write_text(given, encoding="utf-8")
        self._process = _forking.Process(
            target=_run,
            args=(work, streams, dict(os.environ if environment is None else environment), str(folder or Path.cwd())),
            name=self.args[0],
            daemon=daemon,  # it ends with the tests also when they are interrupted
        )
        _ensure_server()
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code once it has ended; the negative number of the signal that ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Look whether it has ended."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, so many seconds at the longest."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; return what it printed, and what it said on standard error."""
        self.wait(timeout)
        output, errors = (Path(self._folder.name, name).read_text(encoding="utf-8") for name in _STREAMS[1:])
        self._folder.cleanup()
        return output, errors

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class ForkedModule(Forked):
    """A module's process. It calls a function first, if there is one."""

    def __init__(
        self,
        name: str,
        given: str,
        *,
        environment: Mapping[str, str] | None = None,
        first: Callable[[], None] | None = None,
    ) -> None:
        super().__init__([name], partial(_run_module, name, first), given=given, environment=environment)


class ForkedPlay(Forked):
    """A process of `ansible-playbook` or `ansible`, which forks others itself."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], program: str = "ansible-playbook"
    ) -> None:
        work = partial(_run_ansible, program, arguments)
        super().__init__([program, *arguments], work, environment=environment, folder=folder, daemon=False)


def _run_module(name: str, first: Callable[[], None] | None) -> None:
    if first:
        first()
    run_module(MODULES + name)


def run_module(name: str) -> None:
    """Run a module in this process, which was forked for the module and has its environment and standard input."""
    sys.argv = [name]
    sys.modules.pop(name, None)  # it was imported for what it imports itself
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _run_ansible(program: str, arguments: Sequence[str]) -> None:
    from tests.support import warm

    warm.run_ansible(program, list(arguments))


def _run(work: Callable[[], None], streams: Path, environment: Mapping[str, str], folder: str) -> NoReturn:
    """Do the work of a process that was forked for it."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    end_with([os.open(streams / stream, os.O_RDWR | os.O_CREAT, 0o600) for stream in _STREAMS], work)


def end_with(streams: Sequence[int], work: Callable[[], None]) -> NoReturn:
    """Do the work of a forked process, with these standard streams, and end as an interpreter ends that was started for it."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, closefd=False) for number, mode in enumerate("rww"))
    atexit._clear()  # of the process that was forked
    code: object = 0
    try:
        work()
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)
