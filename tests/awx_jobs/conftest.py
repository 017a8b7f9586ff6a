# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of jobs share: the project, checked out once, and where the jobs' folders go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.awx_jobs.awx import InventoryUpdate, Job, Launch, Project, Run, Update
from tests.simulator.client import Simulator
from tests.support.simulators import demo_simulator, sim

__all__ = ["demo_simulator", "sim"]

pytest.register_assert_rewrite("tests.support.dovecot")  # tests both import it and name it as their plugin


def softlayer(sim: Simulator, ledger_url: str) -> dict[str, str]:
    """What the credential for SoftLayer injects, and what the execution environment trusts: the simulator's authority."""
    return {
        "SSL_CERT_FILE": str(sim.authority_root),
        "SL_USERNAME": sim.username,
        "SL_API_KEY": sim.api_key,
        "SL_ENDPOINT_URL": sim.rest_url,
        "SOFTLAYER_CERTIFICATES_LEDGER_URL": ledger_url,
    }


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as AWX has it after an update."""
    return Project(tmp_path_factory.mktemp("awx"))


@pytest.fixture(scope="session")
def bare_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project where AWX installs nothing: from a local path, or in an organization without a Galaxy credential."""
    return Project(tmp_path_factory.mktemp("bare"), installs=False)


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    """What has been started; it has ended when the test has."""
    started: list[Run] = []
    yield started
    for run in started:
        run.remove_container()


@pytest.fixture
def launch(project: Project, tmp_path: Path, runs: list[Run]) -> Launch:
    """Starts jobs."""

    def start(playbook: str, *, project: Project = project, **keywords: Any) -> Job:
        job = Job(tmp_path / f"job{len(runs)}", project, playbook, **keywords)
        runs.append(job)
        return job

    return start


@pytest.fixture
def update(project: Project, tmp_path: Path, runs: list[Run]) -> Update:
    """Starts updates of inventories."""

    def start(source_path: str, *, project: Project = project, **keywords: Any) -> InventoryUpdate:
        run = InventoryUpdate(tmp_path / f"update{len(runs)}", project, source_path, **keywords)
        runs.append(run)
        return run

    return start
