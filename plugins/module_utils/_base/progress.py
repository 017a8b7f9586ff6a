# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Display of the progress of a module on the terminal. Private to softlayer.certificates.

The module itself writes to the terminal. Threads of Ansible's task process cannot, because Ansible forks the process while holding the lock
of its output, which stays locked for all threads except the first.
"""

from __future__ import annotations

import math
import os
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from .text import escape_invisible

T = t.TypeVar("T")
R = t.TypeVar("R")
TERMINAL_VARIABLE = "SOFTLAYER_CERTIFICATES_TERMINAL"
"""The environment variable in which the action plugin passes the path of the terminal and the host name."""
INTERVAL_VARIABLE = "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS"
"""The environment variable for the interval between two lines in seconds; 0 disables the display."""
DEFAULT_INTERVAL = 15.0
"""Default interval between two lines, in seconds."""
MAX_WAITS = 5
"""Maximum number of displayed waits."""


class Progress:
    """The number of completed items and the current waits of a module. Thread-safe."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._done, self._total, self._items = 0, 0, ""
        self._waits: dict[object, tuple[float, str, float]] = {}

    def count_calls(self, function: Callable[[T], R], total: int, items: str) -> Callable[[T], R]:
        """Return a function that processes one item and increments the number of completed items.

        Args:
            function: function that processes one item.
            total: number of items.
            items: noun for the items, in the plural.
        """
        with self._changing:
            self._done, self._total, self._items = 0, total, items

        def call_and_count(item: T) -> R:
            try:
                return function(item)
            finally:
                with self._changing:
                    self._done += 1

        return call_and_count

    @contextmanager
    def record_wait(self, what: str, seconds: float, waited: float = 0) -> Iterator[None]:
        """Record a wait until the context exits.

        Args:
            what: description of the wait, such as `prod-web: waiting for the update to finish`.
            seconds: maximum duration in seconds; zero records no wait.
            waited: elapsed seconds.
        """
        wait = object()
        with self._changing:
            self._waits |= {wait: (time.monotonic() - waited, what, seconds)} if seconds > 0 else {}
        try:
            yield
        finally:
            with self._changing:
                self._waits.pop(wait, None)

    def format_count(self) -> str:
        """Return the number of completed items as text; empty for a single item."""
        with self._changing:
            return f"{self._done} of {self._total} {self._items} done" if self._total > 1 else ""

    def list_waits(self) -> list[str]:
        """Return a line for each current wait, the longest wait first."""
        with self._changing:
            waits = sorted(self._waits.values())
        now, rest = time.monotonic(), len(waits) - MAX_WAITS
        named = [
            f"{escape_invisible(what)} ({now - since:.0f} s of {most:g} s)" for since, what, most in waits[:MAX_WAITS]
        ]
        return [*named, f"and {rest} more"] if rest > 0 else named

    def show(self, terminal: int, host: str, seconds: float) -> None:
        """Write the progress to a terminal at an interval in seconds, until the terminal is closed."""
        shown = ""
        while True:
            time.sleep(seconds)
            count = self.format_count()
            lines = [*([f"{host}: {count}"] if count != shown else ()), *self.list_waits()]
            shown = count
            try:
                os.write(terminal, "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
            except BlockingIOError:  # it was stopped (Ctrl-S)
                continue
            except OSError:
                return


_MODULE_PROGRESS = Progress()
count_calls, record_wait = _MODULE_PROGRESS.count_calls, _MODULE_PROGRESS.record_wait


def read_interval() -> float:
    """Return the interval between two lines in seconds; 0 or less disables the display."""
    try:
        seconds = float(os.environ.get(INTERVAL_VARIABLE) or DEFAULT_INTERVAL)
    except ValueError:
        return DEFAULT_INTERVAL
    return seconds if math.isfinite(seconds) else DEFAULT_INTERVAL


def show_on_terminal() -> None:
    """Start the display of this module's progress, if the action plugin has passed a terminal."""
    path, _blank, host = os.environ.get(TERMINAL_VARIABLE, "").partition(" ")
    if not path or read_interval() <= 0:
        return
    with suppress(OSError):  # as another user, for whom the terminal is not there
        # Opened again, so that non-blocking mode does not affect other processes.
        terminal = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        if os.isatty(terminal):
            threading.Thread(target=_MODULE_PROGRESS.show, args=(terminal, host, read_interval()), daemon=True).start()
