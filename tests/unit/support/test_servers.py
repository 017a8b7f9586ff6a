# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers end with the tests that start them, however those end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import acme_clients, dovecot, haproxy, postgresql
from tests.support.servers import find_setpriv

SECONDS = 60
STARTS = {
    "simulator": "from tests.simulator.client import Simulator; server = Simulator.start(fleet='empty')",
    "dovecot": "from tests.support.dovecot import Server, find_dovecot; server = Server(find_dovecot())",
    "pebble": "from tests.support.pebble import Pebble; server = Pebble()",
    "postgresql": "from tests.support.postgresql import Server, find_binaries; server = Server(find_binaries())",
}
STARTS["haproxy"] = STARTS["simulator"].replace("start(", "start(haproxy=True, ")
WAIT = "; print('started', flush=True); import signal; signal.pause()"


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder for what the killed process leaves: short, for sockets, and open, for servers of other users."""
    with tempfile.TemporaryDirectory(prefix="softlayer-certificates-", ignore_cleanup_errors=True) as path:
        os.chmod(path, 0o711)
        yield path


@pytest.mark.parametrize("name", STARTS)
@pytest.mark.skipif(find_setpriv() is None, reason="no setpriv --pdeathsig")
def test_a_server_ends_with_tests_that_are_killed(name: str, folder: str) -> None:
    skip_unless_installed(name)
    command = [sys.executable, "-c", STARTS[name] + WAIT]
    with subprocess.Popen(command, env=os.environ | {"TMPDIR": folder}, stdout=subprocess.PIPE) as tests:
        try:
            assert tests.stdout is not None
            assert tests.stdout.readline() == b"started\n"
            running = list(watched(descendants(tests.pid)))
        finally:
            tests.kill()
    assert running
    ended = [ends(process) for process in running]
    assert all(ended)


def watched(pids: Sequence[int]) -> Iterator[int]:
    """These processes, to be waited for, less what has ended of itself by now."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            yield os.pidfd_open(pid)


def ends(process: int) -> bool:
    """Wait for the end of a process; kill it if it does not come."""
    if not select.select([process], [], [], SECONDS)[0]:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        return False
    os.close(process)
    return True


def skip_unless_installed(name: str) -> None:
    """Skip the test of a server that this machine lacks."""
    if name == "dovecot":
        binary = dovecot.find_dovecot()
        if binary is None or dovecot.version_of(binary) < dovecot.OLDEST:
            pytest.skip("no IMAP server that is new enough")
    if name == "haproxy" and haproxy.reason_to_skip():
        pytest.skip("no HAProxy that is new enough")
    if name == "pebble" and (reason := acme_clients.reason_to_skip()):
        pytest.skip(reason)
    if name == "postgresql" and not postgresql.find_binaries():
        pytest.skip("no PostgreSQL server")


def descendants(pid: int) -> list[int]:
    """The processes that a process and its children have started."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for file in files for child in file.read_text(encoding="ascii").split()]
    return children + [pid for child in children for pid in descendants(child)]
