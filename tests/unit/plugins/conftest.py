# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests of modules: a simulator, and how to log in to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.unit.plugins.support import DELIBERATE, TRANSPORTS, options_for


@pytest.fixture(scope="session")
def demo_simulator() -> Iterator[Simulator]:
    """One simulator for all tests of a worker; use `sim` instead."""
    with Simulator.start(fleet="demo") as simulator:
        yield simulator


@pytest.fixture
def sim(demo_simulator: Simulator) -> Iterator[Simulator]:
    """The simulator with the demo fleet, as if it had just been started.

    No test may have a mask, filter or limit sent to a method that does not take it.
    """
    demo_simulator.start_listening()
    demo_simulator.reset()
    yield demo_simulator
    assert demo_simulator.ignored() <= DELIBERATE


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """Each of the API's transports."""
    return str(request.param)


@pytest.fixture
def api(sim: Simulator, transport: str) -> dict[str, Any]:
    """The options that log in to the simulator, over each transport."""
    return options_for(sim, transport)
