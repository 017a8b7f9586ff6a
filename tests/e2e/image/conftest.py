# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the execution environment share: the image, built once, and what containers of it talk to."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.image.build import Engine
from tests.e2e.image.places import Place
from tests.simulator.client import Simulator
from tests.support.simulators import demo_simulator, sim

__all__ = ["demo_simulator", "sim"]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A container engine whose images and volumes are its own, and go with it."""
    folder = Path(tempfile.mkdtemp(prefix="ee-"))  # a socket's path is short: pytest's own folders are too deep
    try:
        engine = Engine(folder, own_storage=True)
        if not engine.is_usable():
            pytest.skip("no container can be run on this machine")
        yield engine
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """The execution environment, as the checkout defines it."""
    engine.build_base()
    return engine.build()


@pytest.fixture
def place(engine: Engine, image: str, sim: Simulator, tmp_path: Path) -> Place:
    """A folder with playbooks, and containers that see it as `/runner`."""
    return Place(engine, image, sim, tmp_path)


@pytest.fixture
def message_queues() -> Iterator[None]:
    """The folder `/dev/mqueue`, which ansible-navigator asks for, also of a machine whose kernel has none in it."""
    folder = Path("/dev/mqueue")
    if folder.is_dir():
        yield
        return
    if os.geteuid() != 0:
        pytest.skip("ansible-navigator does nothing on a machine without /dev/mqueue")
    folder.mkdir()
    yield
    folder.rmdir()
