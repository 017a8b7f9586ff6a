# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of the orders, updated as AWX updates it: `ansible-inventory` in the environment of an inventory update."""

from __future__ import annotations

from tests.e2e.awx_jobs.awx import Project, Update
from tests.e2e.awx_jobs.conftest import softlayer
from tests.simulator.client import Simulator
from tests.support.awx_variables import objects

SOURCE = objects()["awx_inventory_source"]


def test_a_source_as_it_is_set_up_works_with_any_core(sim: Simulator, update: Update) -> None:
    run = update(SOURCE["source_path"], credentials=softlayer(sim, ""), source_vars=SOURCE["source_vars"]).wait()
    assert run.status == "successful", run.output
    assert len(run.inventory["_meta"]["hostvars"]) == len(sim.orders())
    assert {"expiring_30d", "status_approved"} <= set(run.inventory)


def test_the_collection_of_the_image_serves_where_the_project_has_none(
    sim: Simulator, project: Project, update: Update
) -> None:
    image = {"project": project.bare(), "in_image": project.collections}
    run = update(SOURCE["source_path"], credentials=softlayer(sim, ""), **image).wait()
    assert run.status == "successful", run.output
    assert len(run.inventory["_meta"]["hostvars"]) == len(sim.orders())
