# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for something that has to be asked for again and again. Private to softlayer.certificates."""

from __future__ import annotations

import threading
import time

FIRST_PAUSE = 0.5
"""Seconds."""
SHORTEST_PAUSE = 0.1
"""Seconds, where it is known about when the wait will end."""
NEARLY = 0.95
"""The share of the usual wait after which is asked for the first time."""
GROWTH = 1.1
"""How much longer each pause is than the one before: of the time that is waited, about a tenth is lost after the end."""


class Backoff:
    """Pauses of growing length until a deadline; none once the run was told to stop.

    Args:
        stop: see `Client`.
        timeout: seconds from now to the deadline.
        longest: seconds of the longest pause.

    Attributes:
        waited: seconds from the beginning to the end of the last pause.
    """

    def __init__(self, stop: threading.Event, timeout: float, longest: float) -> None:
        self._stop = stop
        self._begun = time.monotonic()
        self._deadline = self._begun + timeout
        self.waited = 0.0
        self._longest = longest
        self._next = FIRST_PAUSE

    def wait_for_the_usual(self, seconds: float) -> None:
        """Before the first question, wait nearly as long as another time; then ask in short steps."""
        if seconds <= 0:
            return
        self._next = NEARLY * seconds
        self.pause()
        self._next = min(FIRST_PAUSE, max(SHORTEST_PAUSE, (1 - NEARLY) * seconds))

    def pause(self) -> bool:
        """Wait a little; return `False` if the time is over or the run is to stop."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self._stop.is_set():
            return False
        self._stop.wait(min(self._next, self._longest, left))
        self._next *= GROWTH
        self.waited = time.monotonic() - self._begun
        return not self._stop.is_set()
