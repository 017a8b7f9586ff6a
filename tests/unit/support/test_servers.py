# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers end with the tests that start them, however those end."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import haproxy
from tests.support.servers import find_setpriv

SECONDS = 60
START = """
from tests.simulator.client import Simulator
server = Simulator.start(fleet="empty", haproxy=True)
print("started", flush=True)
import signal
signal.pause()
"""


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder for what the killed process leaves: short, for sockets, and open, for servers of other users."""
    with tempfile.TemporaryDirectory(prefix="softlayer-certificates-", ignore_cleanup_errors=True) as path:
        os.chmod(path, 0o711)
        yield path


@pytest.mark.later
@pytest.mark.skipif(find_setpriv() is None, reason="no setpriv --pdeathsig")
@pytest.mark.skipif(bool(haproxy.reason_to_skip()), reason=str(haproxy.reason_to_skip()))
def test_a_server_ends_with_tests_that_are_killed(folder: str) -> None:
    """So does what it has started itself."""
    environment = os.environ | {"TMPDIR": folder}
    with subprocess.Popen([sys.executable, "-c", START], env=environment, stdout=subprocess.PIPE) as tests:
        try:
            assert tests.stdout is not None
            assert tests.stdout.readline() == b"started\n"
            running = [os.pidfd_open(pid) for pid in descendants(tests.pid)]
        finally:
            tests.kill()
    assert len(running) > 1
    assert [one for one in running if not select.select([one], [], [], SECONDS)[0]] == []


def descendants(pid: int) -> list[int]:
    """The processes that a process and its children have started."""
    files = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for file in files for child in file.read_text(encoding="ascii").split()]
    return children + [pid for child in children for pid in descendants(child)]
