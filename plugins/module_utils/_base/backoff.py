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
"""Length of the first pause in seconds."""
MIN_PAUSE = 0.1
"""Minimum length of a pause in seconds, if the usual duration of the wait is known."""
FIRST_CHECK_SHARE = 0.95
"""Share of the usual duration before the first check."""
GROWTH_FACTOR = 1.1
"""Factor between two pauses: the last pause takes about a tenth of the total wait."""


def generate_pauses(first: float, longest: float, growth: float = 2, spread: float = 0.5) -> Iterator[float]:
    """Yield the lengths of an endless series of pauses, in seconds.

    Args:
        first: seconds of the first pause.
        longest: seconds of the longest pause.
        growth: factor between two pauses.
        spread: maximum random deviation of a pause, as a share of the pause; prevents runs from repeated collisions.
    """
    usual = first
    while True:
        yield min(usual, longest) * (1 + spread * (2 * random.random() - 1))
        usual = min(usual * growth, longest)


class Backoff:
    """Pauses of growing length until a deadline or an interruption of the run.

    Args:
        stop: the event that ends all pauses; `None` if no event does.
        timeout: seconds from now to the deadline.
        longest: seconds of the longest pause.
        first: see `generate_pauses`.
        growth: see `generate_pauses`.
        spread: see `generate_pauses`.

    Attributes:
        waited: seconds between the creation of the object and the end of the last pause.
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
        """Wait 95 % of the usual duration, then use short pauses."""
        if seconds <= 0:
            return
        self._pauses = generate_pauses(FIRST_CHECK_SHARE * seconds, self._longest, spread=0)
        self.pause()
        short = min(FIRST_PAUSE, max(MIN_PAUSE, (1 - FIRST_CHECK_SHARE) * seconds))
        self._pauses = generate_pauses(short, self._longest, GROWTH_FACTOR, spread=0)

    def pause(self) -> bool:
        """Pause once, and return `False` after the deadline or an interruption."""
        left = self._deadline - time.monotonic()
        if left <= 0 or self._stop.is_set():
            return False
        self._stop.wait(min(next(self._pauses), left))
        self.waited = time.monotonic() - self._begun
        return not self._stop.is_set()
