# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of the orders, updated as AWX updates it: `ansible-inventory` in the environment of an inventory update."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.e2e.awx_jobs.awx import SYSTEM_COLLECTIONS, Project, Update
from tests.e2e.awx_jobs.conftest import softlayer
from tests.simulator.client import Simulator
from tests.support.awx_variables import objects
from tests.support.long import only_long

SOURCE = objects()["awx_inventory_source"]
READS_PLURAL = version("ansible-core").startswith("2.18.")


def test_a_source_as_it_is_set_up_works_with_any_core(sim: Simulator, update: Update) -> None:
    run = update(SOURCE["source_path"], credentials=softlayer(sim, ""), source_vars=SOURCE["source_vars"]).wait()
    assert run.status == "successful", run.output
    assert len(run.inventory["_meta"]["hostvars"]) == len(sim.orders())
    assert {"expiring_30d", "status_approved"} <= set(run.inventory)


def test_a_source_that_fails_ends_with_the_cause_and_no_other_plugin_is_heard(sim: Simulator, update: Update) -> None:
    wrong = softlayer(sim, "") | {"SL_API_KEY": "f" * 64}
    run = update(SOURCE["source_path"], credentials=wrong, source_vars=SOURCE["source_vars"]).wait()
    assert run.status == "failed", run.output
    assert "The API refused the credentials (Access Denied)" in run.output.splitlines()[-1]
    assert "yaml" not in run.output.replace("ssl_orders.yml", "") and "Invalid host pattern" not in run.output


@only_long
@pytest.mark.skipif(
    not READS_PLURAL and Path(SYSTEM_COLLECTIONS, "ansible_collections/softlayer/certificates").exists(),
    reason="this machine has the collection where Ansible looks for it by itself",
)
def test_without_its_variables_a_new_core_does_not_find_the_collection(sim: Simulator, update: Update) -> None:
    """So that it is known when they are no longer needed."""
    run = update(SOURCE["source_path"], credentials=softlayer(sim, "")).wait()
    assert run.status == ("successful" if READS_PLURAL else "failed"), run.output
    assert READS_PLURAL or "softlayer.certificates.ssl_orders" in run.output


@pytest.mark.parametrize(
    "source_vars", [pytest.param(SOURCE["source_vars"], marks=only_long), {}], ids=["as-set-up", "bare"]
)
def test_the_collection_of_the_image_serves_where_the_project_has_none(
    sim: Simulator, project: Project, update: Update, source_vars: dict[str, str]
) -> None:
    run = update(
        SOURCE["source_path"],
        project=project.bare(),
        in_image=project.collections,
        credentials=softlayer(sim, ""),
        source_vars=source_vars,
    ).wait()
    assert run.status == "successful", run.output
    assert len(run.inventory["_meta"]["hostvars"]) == len(sim.orders())
