# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make test-long` runs, and no other run does: it sets LONG in the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from random import Random, SystemRandom
from typing import TypeVar

import pytest
from hypothesis import settings

T = TypeVar("T")

LONG = bool(os.environ.get("LONG"))
only_long = pytest.mark.skipif(not LONG, reason="takes long: make test-long")

EXAMPLES = 100 if LONG else 25
"""How many examples Hypothesis draws of whatever has no number of its own; others each time."""

FUZZ_EXAMPLES = 20_000 if LONG else 100
"""How many it draws of what is damaged at random."""


def examples(number: int) -> settings:
    """So many examples, of which any run but `make test-long` draws a quarter."""
    return settings(max_examples=number * EXAMPLES // 100)


def new_random() -> Random:
    """What draws the same each time, so that nobody's change fails by chance, and others each time where there are worlds to look for."""
    return SystemRandom() if LONG or "WORLDS" in os.environ else Random(1)


def one_in(number: int, cases: Iterable[T]) -> list[T]:
    """One in so many of these cases; `make test-long` has all."""
    return list(cases)[:: 1 if LONG else number]
