# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module and note where its time goes: `python -m tests.benchmark.watch CLOCK MODULE REPORT`; see `hotspots.py`.

Imports nothing that a module imports, so that the time for that is the module's.
"""

from __future__ import annotations

import json
import runpy
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType

INTERVAL = 0.002
TIMERS = {"cpu": (signal.ITIMER_PROF, signal.SIGPROF), "wall": (signal.ITIMER_REAL, signal.SIGALRM)}
LEAST_SHARE = 0.02


class Watch:
    """Gives, at each tick, the time since the last one to every function that is on the stack.

    Ticks that come while the system waits for a disk are one tick, so they are not merely counted.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._begun = self._last = now()
        self._spent: defaultdict[tuple[str, int, str], float] = defaultdict(float)

    def __call__(self, _number: int, frame: FrameType | None) -> None:
        """Take one sample."""
        stack = set()
        while frame is not None:
            code = frame.f_code
            stack.add((code.co_filename, code.co_firstlineno, code.co_name))
            frame = frame.f_back
        moment = self._now()
        for place in stack:
            self._spent[place] += moment - self._last
        self._last = moment

    def result(self) -> tuple[float, list[tuple[str, float]]]:
        """Seconds in all; place of each function and the share of the time that it was on the stack, the largest first."""
        seconds = self._last - self._begun
        return seconds, [
            (f"{short(path)}:{line} {name}", spent / seconds)
            for (path, line, name), spent in sorted(self._spent.items(), key=lambda item: -item[1])
            if spent >= LEAST_SHARE * seconds and not path.startswith("<frozen") and path != __file__
        ]


def short(path: str) -> str:
    """A path from the folder of the collection, or of the libraries, on."""
    for above in ("ansible_collections/softlayer/certificates/", "site-packages/", "/lib/python"):
        if above in path:
            return path.rpartition(above)[2]
    return path


def watch(clock: str, module: str, report: str) -> None:
    """Run a module while watching it; its arguments come from standard input."""
    sys.argv = [module]
    timer, number = TIMERS[clock]
    seen = Watch(time.process_time if clock == "cpu" else time.perf_counter)
    signal.signal(number, seen)
    signal.setitimer(timer, INTERVAL, INTERVAL)
    try:
        from ansible_collections.softlayer.certificates.plugins.module_utils._api.client import Client

        Client.each = lambda _self, function, items, **_options: [function(item) for item in items]
        runpy.run_module(module, run_name="__main__")
    finally:
        signal.setitimer(timer, 0)
        Path(report).write_text(json.dumps(seen.result()), encoding="utf-8")


if __name__ == "__main__":
    watch(*sys.argv[1:])
