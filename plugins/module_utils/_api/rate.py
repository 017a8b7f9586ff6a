# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One adaptive rate limit for all threads of a run. Private to softlayer.certificates."""

from __future__ import annotations

import random
import threading
import time
import typing as t
from collections import deque

FIRST_PAUSE = 0.2
"""Seconds to pause after the first refusal; each further refusal in a row doubles it."""
LONGEST_PAUSE = 30.0
"""Seconds; the longest pause by this rule. A `Retry-After` of the server may ask for more."""
LONGEST_INTERVAL = 0.5
"""Seconds between two calls at the slowest pace that the limiter sets by itself."""
HEADROOM = 0.8
"""The share of the measured pace that is tried next."""
RECOVERY = 0.97
"""Factor for the interval after every call that the server accepts."""


class RateLimiter:
    """Paces the calls of all threads: full speed until the server refuses a call, then the speed that it allowed.

    SoftLayer counts requests per second and user, and shows its limit only by refusing. So the pace is measured: a refusal
    pauses all threads, with jitter, and sets the interval between calls to the pace of the last second, less some
    headroom. Every accepted call shortens the interval again.
    """

    def __init__(
        self, clock: t.Callable[[], float] = time.monotonic, jitter: t.Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._interval = 0.0
        self._next_start = 0.0
        self._resume = 0.0
        self._refusals = 0
        self._epoch = 0
        self._taken: deque[float] = deque(maxlen=1000)

    def wait(self, sleep: t.Callable[[float], object]) -> None:
        """Wait until the next call may start; `sleep` takes seconds."""
        while True:
            with self._lock:
                epoch = self._epoch
                start = max(self._clock(), self._next_start)
                self._next_start = start + self._interval
            delay = start - self._clock()
            if delay > 0:
                sleep(delay)
            with self._lock:
                if epoch == self._epoch:  # else a call was refused meanwhile, and the planned start no longer counts
                    return

    def taken(self) -> None:
        """Note that the server accepted a call."""
        with self._lock:
            self._taken.append(self._clock())
            self._refusals = 0
            self._interval *= RECOVERY
            if self._interval < 0.001:
                self._interval = 0.0

    def refused(self, retry_after: float | None) -> None:
        """Note that the server refused a call because of the rate; `retry_after` is the pause that it asked for, in seconds."""
        with self._lock:
            now = self._clock()
            if now >= self._resume:  # the first refusal of a burst: those that follow it say nothing new
                self._refusals += 1
                self._interval = max(self._interval, min(LONGEST_INTERVAL, 1 / (HEADROOM * self._pace())))
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._refusals - 1)) * (0.5 + self._jitter())
                self._resume = now + pause
            self._resume = max(self._resume, now + (retry_after or 0.0))
            self._next_start = self._resume
            self._epoch += 1

    def _pace(self) -> int:
        """Return how many calls the server accepted in the second up to the last accepted one, at least 1."""
        if not self._taken:
            return 1
        since = self._taken[-1] - 1.0
        return sum(1 for moment in self._taken if moment > since)
