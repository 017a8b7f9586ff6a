# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of jobs share: the project, checked out once, and where the jobs' folders go."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.e2e.awx_jobs.awx import InventoryUpdate, Job, Launch, Project, Run, Update
from tests.simulator.client import Simulator
from tests.support.certificates import encrypted_fragments, leaks, private_fragments
from tests.support.simulators import demo_simulator, sim

if TYPE_CHECKING:
    from tests.support.dovecot import Mailbox

__all__ = ["demo_simulator", "sim"]

pytest.register_assert_rewrite("tests.support.dovecot")  # tests both import it and name it as their plugin

PASSPHRASE = "the-passphrase-of-the-keys-0123456789"


def softlayer(sim: Simulator, ledger_url: str) -> dict[str, str]:
    """What the credential for SoftLayer injects, and what the execution environment trusts: the simulator's authority.

    A field that is left empty is injected empty.
    """
    return {
        "SSL_CERT_FILE": str(sim.authority_root),
        "SL_USERNAME": sim.username,
        "SL_API_KEY": sim.api_key,
        "SL_ENDPOINT_URL": sim.rest_url,
        "SOFTLAYER_CERTIFICATES_TRANSPORT": "",
        "SOFTLAYER_CERTIFICATES_CA_PATH": "",
        "SOFTLAYER_CERTIFICATES_LEDGER_URL": ledger_url,
        "SOFTLAYER_CERTIFICATES_INSTANCE_URL": "",
        "IBMCLOUD_API_KEY": "",
    }


def mailbox(inbox: Mailbox) -> dict[str, str]:
    """What the credential of the mailbox injects; a field that is left empty is injected empty."""
    return {
        "SSL_FULFILLMENT_IMAP_HOST": inbox.host,
        "SSL_FULFILLMENT_IMAP_PORT": str(inbox.port),
        "SSL_FULFILLMENT_IMAP_USERNAME": inbox.username,
        "SSL_FULFILLMENT_IMAP_PASSWORD": inbox.password,
        "SSL_FULFILLMENT_IMAP_FOLDER": "",
        "SSL_FULFILLMENT_IMAP_SECURITY": "",
        "SSL_FULFILLMENT_IMAP_CA_PATH": str(inbox.ca_path),
    }


def assert_no_secrets(jobs: list[Job], secrets: list[str], keys: Path) -> None:
    """In nothing that is kept of the jobs is a secret, or a piece of a key."""
    fragments: set[str] = set()
    for path in keys.iterdir():
        pem = path.read_text(encoding="ascii")
        key: Any = load_pem_private_key(pem.encode(), PASSPHRASE.encode())
        fragments |= private_fragments(key) | encrypted_fragments(pem)
        assert leaks(pem, fragments), "the search finds nothing"
    for job in jobs:
        kept = job.kept()
        assert len(kept) > 10, "the job left no artifacts"
        for name, text in kept.items():
            assert [secret for secret in secrets if secret in text] == [], f"{job.folder.name}: {name}"
            assert leaks(text, fragments) == set(), f"{job.folder.name}: {name}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Have one process of pytest-xdist run all tests of a simulator that only a few have, so that the others start none."""
    for item in items:
        for name in {"fleet", "balanced"} & set(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project as AWX has it after an update; all processes of pytest-xdist share it."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with open(folder / "project.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Project(folder / "awx")


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
