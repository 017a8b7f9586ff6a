# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks whose modules need not import the Python libraries anew: most of what a module's run takes is that.

Ansible packs a module, unpacks it and starts an interpreter for it, as always. That interpreter hands the run over to a server
which has imported the libraries, and forks. All of Ansible and of the collection is still imported from what was unpacked.
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
SECONDS = 120
POLL_SECONDS = 0.02


def environment() -> dict[str, str]:
    """What the environment of `ansible-playbook` needs for this; nothing where it cannot be had."""
    if not hasattr(os, "pidfd_open"):
        return {}
    path = os.pathsep.join(filter(None, [str(FOLDER / "site"), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "PRELOADED": os.pathsep.join([_address(), sys.prefix, path])}


@functools.cache
def _address() -> str:
    """Start the server, once in each process, and return its socket."""
    folder = tempfile.TemporaryDirectory(prefix="softlayer-certificates-", ignore_cleanup_errors=True)
    address = Path(folder.name, "socket")
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = servers.start([sys.executable, str(FOLDER / "server.py"), str(address)], env=plain)
    deadline = time.monotonic() + SECONDS
    while not address.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("the server that has imported the libraries does not start")
        time.sleep(POLL_SECONDS)
    atexit.register(_stop, process, folder)
    return str(address)


def _stop(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    process.terminate()
    process.wait()
    folder.cleanup()
