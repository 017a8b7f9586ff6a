# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module runs that are forked from a process which has imported what modules import.

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
from collections.abc import Callable, Mapping
from pathlib import Path

MODULES = "ansible_collections.softlayer.certificates.plugins.modules."
_STREAMS = ("stdin", "stdout", "stderr")

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(
    [
        "psycopg",  # which a module imports when it has such a ledger
        __name__,
        *(MODULES + path.stem for path in Path(__file__).parents[2].glob("plugins/modules/[!_]*.py")),
    ]
)


class ForkedModule:
    """A module's process, with the part of the interface of `subprocess.Popen` that tests use.

    Its environment is that of the tests unless it is given one. It calls a function first, if there is one.
    """

    def __init__(
        self,
        name: str,
        given: str,
        *,
        environment: Mapping[str, str] | None = None,
        first: Callable[[], None] | None = None,
    ) -> None:
        self.args = [name]
        self._folder = tempfile.TemporaryDirectory(prefix="softlayer-certificates-run-")
        streams = Path(self._folder.name)
        (streams / "stdin").write_text(given, encoding="utf-8")
        # It ends with the tests also when they are interrupted.
        self._process = _forking.Process(
            target=_run,
            args=(name, streams, dict(os.environ if environment is None else environment), os.getcwd(), first),
            name=name,
            daemon=True,
        )
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


def _run(
    name: str, streams: Path, environment: Mapping[str, str], folder: str, first: Callable[[], None] | None
) -> None:
    """Be the module, in a process that was forked for it."""
    for number, stream in enumerate(_STREAMS):
        file = os.open(streams / stream, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0)  # which multiprocessing had closed
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = [name]
    if first:
        first()
    sys.modules.pop(MODULES + name)  # it was imported for what it imports itself
    try:
        runpy.run_module(MODULES + name, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # a forked process would skip them
