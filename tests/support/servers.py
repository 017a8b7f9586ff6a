# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that end with the tests that start them, even when those are killed with SIGKILL.

The kernel sends a process a signal when its parent ends: the parent-death signal of Linux, which setpriv of util-linux sets.
It follows the thread that starts the server, so start servers in a thread that lasts: pytest's main thread does. Changed
credentials clear it, so it is set after those, and a server that puts itself into the background has lost it: run it in
the foreground.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.02
"""Between two looks at what a server does."""
SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/sbin")
"""Where a server may be though it is not on an ordinary user's path."""


def find(name: str, *patterns: str) -> str | None:
    """A server or a client that is not a package of Python; None if it is not installed, or if NO_SERVERS=1 hides it.

    Args:
        name: of the program.
        patterns: folders outside the path, such as /usr/lib/postgresql/*/bin; that with the highest numbers goes first.
    """
    if os.environ.get("NO_SERVERS") == "1":
        return None
    found = [file for pattern in patterns for file in Path("/").glob(f"{pattern.removeprefix('/')}/{name}")]
    newest = max(found, key=_numbers, default=None)
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    return str(newest) if newest else shutil.which(name, path=path)


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def start(command: list[str], *, on_death: signal.Signals = signal.SIGTERM, **popen: Any) -> subprocess.Popen[bytes]:
    """Start a server in the foreground; it gets the signal when this process ends, however it ends."""
    return subprocess.Popen(ending_with_parent(command, on_death), **popen)


def free_ports(number: int = 1, host: str = "127.0.0.1") -> list[int]:
    """Ports that nothing listens on, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server((host, 0))) for _ in range(number)]
        return [int(probe.getsockname()[1]) for probe in probes]


def wait_for(condition: Callable[[], object], name: str, seconds: float, log: Callable[[], str]) -> None:
    """Wait until something is so; if a server takes longer, what it has said is raised."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{name} took more than {seconds} seconds: {log()}")
        time.sleep(POLL_SECONDS)


def ending_with_parent(command: list[str], on_death: signal.Signals = signal.SIGTERM) -> list[str]:
    """The command that runs a command with a parent-death signal; without setpriv, the command itself."""
    setpriv = find_setpriv()
    if setpriv is None:
        warnings.warn("no setpriv --pdeathsig here: if the tests are killed, their servers keep running", stacklevel=2)
        return command
    return [setpriv, "--pdeathsig", on_death.name, "--", *command]


@functools.cache
def find_setpriv() -> str | None:
    """Util-linux's setpriv; that of BusyBox, and those before 2.33, know no parent-death signal."""
    found = shutil.which("setpriv", path="/usr/bin:/bin")
    if found is None or subprocess.run([found, "--pdeathsig", "keep", "true"], capture_output=True).returncode:
        return None
    return found
