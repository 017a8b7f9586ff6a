# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests of modules: a simulator that is strict, and how to log in to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest

from tests.simulator.client import Simulator
from tests.support.long import LONG
from tests.support.modules import DELIBERATE, TRANSPORTS, options_for


@pytest.fixture
def sim(sim: Simulator) -> Iterator[Simulator]:
    """The simulator, which no test may have a mask, filter or limit sent to for a method that does not take it."""
    yield sim
    assert sim.ignored() <= DELIBERATE


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test over one of the API's transports, by its name, so that either has its share; in the long run over each."""
    named = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "transport" in metafunc.fixturenames and "transport" not in named:
        by_name = TRANSPORTS[crc32(metafunc.function.__name__.encode()) % len(TRANSPORTS)]
        metafunc.parametrize("transport", TRANSPORTS if LONG else [by_name])


@pytest.fixture
def api(sim: Simulator, transport: str) -> dict[str, Any]:
    """The options that log in to the simulator, over each transport."""
    return options_for(sim, transport)
