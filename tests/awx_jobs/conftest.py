# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of jobs share: the project, checked out once, and where the jobs' folders go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.awx_jobs.awx import Job, Launch, Project

pytest.register_assert_rewrite("tests.unit.plugins.dovecot")  # tests both import it and name it as their plugin


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as AWX has it after an update."""
    return Project(tmp_path_factory.mktemp("awx"))


@pytest.fixture
def launch(project: Project, tmp_path: Path) -> Iterator[Launch]:
    """Starts jobs, and sees to it that they have ended."""
    jobs: list[Job] = []

    def start(playbook: str, **keywords: Any) -> Job:
        jobs.append(Job(tmp_path / f"job{len(jobs)}", project, playbook, **keywords))
        return jobs[-1]

    yield start
    for job in jobs:
        job.remove_container()
