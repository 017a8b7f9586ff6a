# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: the simulator with the demo fleet, which a `conftest.py` imports for its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator.client import Simulator


@pytest.fixture(scope="session")
def demo_simulator() -> Iterator[Simulator]:
    """One simulator for all tests of a worker; use `sim` instead."""
    with Simulator.start(fleet="demo") as simulator:
        yield simulator


@pytest.fixture
def sim(demo_simulator: Simulator) -> Simulator:
    """The simulator with the demo fleet, as if it had just been started."""
    demo_simulator.reset()
    return demo_simulator
