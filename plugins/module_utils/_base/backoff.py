# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pauses before the next attempt. Private to softlayer.certificates."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

FIRST_PAUSE = 0.5
"""Seconds."""
MIN_PAUSE = 0.1
"""Seconds, if the usual duration of the wait is known."""
FIRST_CHECK_SHARE = 0.95
"""The share of the usual wait before the first check."""
GROWTH_FACTOR = 1.1
"""Factor between two pauses: about a tenth of the waiting time is lost after the end."""


def generate_pauses(first: float, longest: float, growth: float = 2, spread: float = 0.5) -> Iterator[float]:
    """Yield the seconds of an endless series of pauses.

    Args:
        first: seconds of the first pause.
        longest: seconds of the longest pause.
        growth: factor between two pauses.
        spread: the share by which each pause is longer or shorter at random, so that runs do not collide again.
    """
    usual = first
    while True:
        yield min(usual, longest) * (1 + spread * (2 * random.random() - 1))
        usual = min(usual * growth, longest)


class Backoff:
    """Pauses of growing length until a deadline; none after the run was interrupted.

    Args:
        stop: see `Client`; `None` if nothing ends the pauses early.
        timeout: seconds from now to the deadline.
        longest: seconds of the longest pause.
        first: see `generate_pauses`.
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
        growth: float = GROWTH_FACTOR,
        spread: float = 0,
    ) -> None:
        self._stop = stop or threading.Event()
        self._begun = time.monotonic()
        self._deadline = self._begun + timeout
        self.waited = 0.0
        self._longest = longest
        self._pauses = generate_pauses(first, longest, growth, spread)

    def wait_usual_time(self, seconds: float) -> None:
        """Wait nearly the usual time before the first check; then pause in short steps."""
        if seconds <= 0:
            return
        self._pauses = generate_pauses(FIRST_CHECK_SHARE * seconds, self._longest, spread=0)
        self.pause()
        short = min(FIRST_PAUSE, max(MIN_PAUSE, (1 - FIRST_CHECK_SHARE) * seconds))
        self._pauses = generate_pauses(short, self._longest, GROWTH_FACTOR, spread=0)

    def pause(self) -> bool:
        """Wait for the next pause; return `False` if the time is over or the run was interrupted."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self._stop.is_set():
            return False
        self._stop.wait(min(next(self._pauses), left))
        self.waited = time.monotonic() - self._begun
        return not self._stop.is_set()
