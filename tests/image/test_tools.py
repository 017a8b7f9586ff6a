# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment in the hands of ansible-runner and ansible-navigator."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.image.places import Place, in_one_line, summary
from tests.image.test_ledgers import REQUESTED, SKIPPED
from tests.support.long import only_long

pytest_plugins = ["tests.support.postgresql"]

LEDGER = "SOFTLAYER_CERTIFICATES_LEDGER_URL"
REFUSED = "goes with this container, so the next run would request the same emails again"


def runner(place: Place, playbook: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook as `ansible-runner run` does it in a container."""
    variables = place.access | env
    as_root = ["--container-option=--user=root"] if os.geteuid() == 0 else []
    return place.engine.run(
        *("ansible-runner", "run", place.folder, "--playbook", playbook),
        *("--process-isolation", "--process-isolation-executable=podman", f"--container-image={place.image}"),
        *as_root,
        *(f"--container-option=--env={name}" for name in variables),
        env=place.engine.env | variables,
    )


def navigator(place: Place, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ansible-navigator, without its screen."""
    variables = place.access | env
    return place.engine.run(
        *("ansible-navigator", *command, "--mode=stdout", "--pull-policy=never", "--container-engine=podman"),
        f"--execution-environment-image={place.image}",
        *(f"--pass-environment-variable={name}" for name in variables),
        *("--log-file", place.folder / "navigator.log"),
        cwd=place.project,
        env=place.engine.env | variables | {"HOME": str(place.folder), "NO_COLOR": "1"},
    )


def test_ansible_runner(place: Place) -> None:
    done = runner(place, "list.yml")
    assert done.returncode == 0 and "12 orders" in in_one_line(done.stdout), done.stdout


@only_long
def test_ansible_runner_sends_once_or_not_at_all(place: Place, postgresql_url: str) -> None:
    assert REFUSED in in_one_line(runner(place, "resend.yml").stdout)
    assert place.sends() == 0
    runs = [runner(place, "resend.yml", **{LEDGER: postgresql_url}) for _ in range(2)]
    assert [summary(done) for done in runs] == [REQUESTED, SKIPPED]
    assert place.sends() == 1


@pytest.mark.usefixtures("message_queues")
class TestAnsibleNavigator:
    def test_run(self, place: Place) -> None:
        done = navigator(place, "run", "list.yml")
        assert done.returncode == 0 and "12 orders" in in_one_line(done.stdout), done.stdout

    def test_inventory(self, place: Place) -> None:
        done = navigator(place, "inventory", "--inventory=ssl_orders.yml", "--graph")
        assert done.returncode == 0, done.stdout
        for order in place.sim.orders():
            assert f"_{order['id']}" in done.stdout

    def test_doc(self, place: Place) -> None:
        done = navigator(place, "doc", "softlayer.certificates.ssl_order_info")
        assert done.returncode == 0 and "MODULE softlayer.certificates.ssl_order_info" in in_one_line(done.stdout)
