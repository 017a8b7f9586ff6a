# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks that need not import Ansible and the Python libraries anew: most of what a short run takes is that.

Ansible's programs, and the interpreters that Ansible starts for the modules that it has packed, are started as always. They hand the
run over to servers which have imported what is needed, and fork. What depends on settings is still imported by each run, and so are
the collection, and in a module all of Ansible.
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support import servers

FOLDER = Path(__file__).parent
SERVERS = ("modules", "programs")
SECONDS = 120
POLL_SECONDS = 0.02


def environment() -> dict[str, str]:
    """What the environment of `ansible-playbook` needs for this; nothing where it cannot be had."""
    if not hasattr(os, "pidfd_open"):
        return {}
    path = os.pathsep.join(filter(None, [str(FOLDER / "site"), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "PRELOADED": os.pathsep.join([str(_sockets()), sys.prefix, path])}


@functools.cache
def _sockets() -> Path:
    """Start the servers, once in each process, and return the folder of their sockets."""
    folder = tempfile.TemporaryDirectory(prefix="softlayer-certificates-", ignore_cleanup_errors=True)
    code = Path(folder.name, "code")
    code.mkdir()
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(FOLDER / "server.py")]
    sockets = {name: Path(folder.name, name) for name in SERVERS}
    processes = [servers.start([*command, name, str(path), str(code)], env=plain) for name, path in sockets.items()]
    deadline = time.monotonic() + SECONDS
    while not all(path.exists() for path in sockets.values()):
        if any(process.poll() is not None for process in processes) or time.monotonic() > deadline:
            raise AssertionError("the servers that have imported what is needed do not start")
        time.sleep(POLL_SECONDS)
    atexit.register(_stop, processes, folder)
    return Path(folder.name)


def _stop(processes: list[subprocess.Popen[bytes]], folder: tempfile.TemporaryDirectory[str]) -> None:
    for process in processes:
        process.terminate()
        process.wait()
    folder.cleanup()
