# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one way to wait before the next attempt at something. Private to softlayer.certificates."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

FIRST_PAUSE = 0.5
"""Seconds."""
MIN_PAUSE = 0.1
"""Seconds, where it is known about when the wait will end."""
NEARLY = 0.95
"""The share of the usual wait after which is asked for the first time."""
GROWTH = 1.1
"""How much longer each pause is than the one before: of the time that is waited, about a tenth is lost after the end."""


def growing(first: float, longest: float, growth: float = 2, spread: float = 0.5) -> Iterator[float]:
    """Yield the seconds of pauses without end.

    Args:
        first: seconds of the first pause.
        longest: seconds of the longest pause.
        growth: how many times as long as the pause before it each pause is.
        spread: the share by which each is longer or shorter at random, so that those who were in each other's way part.
    """
    usual = first
    while True:
        yield min(usual, longest) * (1 + spread * (2 * random.random() - 1))
        usual = min(usual * growth, longest)


class Backoff:
    """Pauses of growing length until a deadline; none once the run was told to stop.

    Args:
        stop: see `Client`; `None` if nothing ends the pauses early.
        timeout: seconds from now to the deadline.
        longest: seconds of the longest pause.
        first: see `growing`.
        growth: likewise.
        spread: likewise.

    Attributes:
        waited: seconds from the beginning to the end of the last pause.
    """

    def __init__(
        self,
        stop: threading.Event | None,
        timeout: float,
        longest: float,
        *,
        first: float = FIRST_PAUSE,
        growth: float = GROWTH,
        spread: float = 0,
    ) -> None:
        self._stop = stop or threading.Event()
        self._begun = time.monotonic()
        self._deadline = self._begun + timeout
        self.waited = 0.0
        self._longest = longest
        self._pauses = growing(first, longest, growth, spread)

    def wait_usual_time(self, seconds: float) -> None:
        """Before the first question, wait nearly as long as another time; then ask in short steps."""
        if seconds <= 0:
            return
        self._pauses = growing(NEARLY * seconds, self._longest, spread=0)
        self.pause()
        short = min(FIRST_PAUSE, max(MIN_PAUSE, (1 - NEARLY) * seconds))
        self._pauses = growing(short, self._longest, GROWTH, spread=0)

    def pause(self) -> bool:
        """Wait a little; return `False` if the time is over or the run is to stop."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self._stop.is_set():
            return False
        self._stop.wait(min(next(self._pauses), left))
        self.waited = time.monotonic() - self._begun
        return not self._stop.is_set()
