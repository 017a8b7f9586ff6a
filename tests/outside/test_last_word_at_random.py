# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts that are drawn at random: what a TLS client accepts today, it accepts tomorrow, or the run fails.

For each there is a night in check mode, a real one, and another real one. Others have one fault each. They are the same each time, and others
each time in `make test-long`. `WORLDS=100` tries so many others, and `WORLD=4711` repeats one.

Promise: Check mode is reliable.
Promise: A listener never loses its certificate.
Promise: TLS clients continue to accept your listeners.
Promise: No run succeeds while a certificate is about to expire without a renewal.
Promise: No certificate in use is deleted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.outside.random_worlds import try_fault, try_world
from tests.support.long import LONG, new_random

pytestmark = pytest.mark.later

PARTS = 6
"""Into which they are divided, so that several processes can try them."""
COUNT = int(os.environ.get("WORLDS", "0"))
WORLDS = COUNT or (1000 if LONG else 12)
WITH_FAULTS = COUNT or (400 if LONG else 12)


def try_all(
    trying: Callable[[int, Path], tuple[Counter[str], list[str]]],
    count: int,
    part: int,
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    """Try a part of so many worlds."""
    first = new_random().randrange(10**9)
    named = os.environ.get("WORLD")
    seeds = [int(named)][part:] if named else [first + number for number in range(part, count, PARTS)]
    total: Counter[str] = Counter()
    wrong: list[str] = []
    for seed in seeds:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            came, complaints = trying(seed, folder)
        except Exception as error:  # the others are tried all the same, and this one can be repeated
            came, complaints = Counter(), [f"world {seed}: {type(error).__name__}: {error}"]
        total += came
        wrong += complaints
    record_property("came to", dict(sorted(total.items())))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_worlds(part: int, tmp_path: Path, record_property: Callable[[str, Any], None]) -> None:
    try_all(try_world, WORLDS, part, tmp_path, record_property)


@pytest.mark.parametrize("part", range(PARTS))
def test_one_fault_each(part: int, tmp_path: Path, record_property: Callable[[str, Any], None]) -> None:
    try_all(try_fault, WITH_FAULTS, part, tmp_path, record_property)
