# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for what others do: runs of modules, the simulator, servers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from tests.simulator.client import Simulator

PAUSE = 0.01
"""Seconds between two looks. To look without a pause takes the processor that what is waited for needs, too."""
SECONDS = 300
IN_FLIGHT = None
"""The outcome of a call that is being answered."""


class Running(Protocol):
    """A process of this machine, or something like it."""

    def poll(self) -> int | None:
        """Return its exit code once it has ended."""

    def communicate(self) -> tuple[object, object]:
        """Return what it printed, once it has ended."""


def until(condition: Callable[[], object], process: Running | None = None, *, seconds: float = SECONDS) -> None:
    """Wait until something is so, which has to happen in so many seconds, and while a process runs, if one is given."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, f"the run has ended before: {process.communicate()}"
        assert time.monotonic() < deadline, f"it did not happen in {seconds} seconds"
        time.sleep(PAUSE)


def until_called(sim: Simulator, number: int, process: Running, **wanted: Any) -> None:
    """Wait until so many calls have arrived at the simulator, or a process has ended; `wanted` as in `Simulator.calls`."""
    until(lambda: len(sim.calls(**wanted)) >= number or process.poll() is not None)


def until_answered(sim: Simulator) -> None:
    """Wait until the simulator is through with every call."""
    until(lambda: all(call["outcome"] is not IN_FLIGHT for call in sim.calls()))
