# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A clock that only waiting moves."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Clock(threading.Event):
    """The event that tells a run to stop; waiting for it moves the clock, and lets happen what is due."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.waits: list[float] = []
        self.due: list[tuple[float, Callable[[], object]]] = []

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen so many seconds from now."""
        self.due.append((self.now + seconds, action))

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None and timeout > 0
        self.waits.append(round(timeout, 6))
        self.now += timeout
        assert self.now < 100_000, "it never ends"
        for entry in sorted((one for one in self.due if one[0] <= self.now), key=lambda one: one[0]):
            self.due.remove(entry)
            entry[1]()
        return self.is_set()
