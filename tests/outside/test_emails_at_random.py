# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts, ledgers and options that are drawn at random, others each time: who gets an email is who may get one.

`WORLD=4711` repeats one of them, and `WORLDS=100` tries so many.

Promise: Only intended recipients get emails.
Promise: No email twice, no certificate twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.outside.random_orders import try_orders
from tests.outside.test_last_word_at_random import COUNT, PARTS, try_all
from tests.support.long import LONG

WORLDS = COUNT or (2400 if LONG else 36)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_orders(part: int, tmp_path: Path, record_property: Callable[[str, Any], None]) -> None:
    try_all(try_orders, WORLDS, part, tmp_path, record_property)
