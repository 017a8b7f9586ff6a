# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make test-long` runs, and no other run does: it sets LONG in the environment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

LONG = bool(os.environ.get("LONG"))
only_long = pytest.mark.skipif(not LONG, reason="takes long: make test-long")

MOST = 3
"""Times as long for twice as many; where time grows with the square it is four times."""


def spent(work: Callable[[], object]) -> float:
    """The seconds of processor time that work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def grows_no_faster(spend: Callable[[int], float], count: int, tries: int = 5) -> bool:
    """Whether twice as many take about twice as long, at least one time."""
    return any(spend(2 * count) < MOST * spend(count) for _try in range(tries))
