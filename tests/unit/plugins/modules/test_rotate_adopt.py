# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option adopt of ssl_certificate_rotate as Ansible runs it. What is decided why: `_rotation/test_plan_adopt.py`."""

from __future__ import annotations

import pytest

from tests.support.deploying import NAME, UPDATE, balancer, issue, old, placed, store
from tests.support.rotate_runs import CREATE, Rotation, blind, here, places

__all__ = ["blind", "here"]
pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

PORT = 8443
WEB, OTHER = f"web:{PORT}", f"web:{PORT + 1}"
LTD = "Example Ltd"
ADOPT = {"common_name": NAME, "listeners": [WEB]}


def test_only_what_is_named_is_done_and_it_is_reported_what_is_lost(here: Rotation) -> None:
    """The plan says what the run does, and a run that is held to the plan does the same; nothing else of the sources is touched."""
    present = store(here.sim, old(organization=LTD))
    balancer(here.sim, present, present, first_port=PORT)
    here.keep(NAME, issue(None, names=[NAME]))
    here.keep("other.example.com", issue(None, names=["other.example.com"]))

    plan = here.check(adopt=ADOPT)
    assert not plan.failed, plan.output
    [adopted] = plan["adopted"]
    assert (adopted["losses"], adopted["overrides"]) == ([f"the organization {LTD}"], ["allow_organization_change"])
    assert (adopted["previous"]["id"], adopted["new"]["id"]) == (present, None)
    assert adopted["previous"]["organization_name"] == LTD and adopted["new"]["organization_name"] is None
    assert f"certificate {present}: still used by {OTHER}" in plan["summary"]

    done = here.run(adopt=ADOPT, approved=plan["preview"])
    assert not done.failed, done.output
    assert here.changes() == [CREATE, UPDATE]
    assert places(done, "deployed") == {WEB: ("switched", None, True)}
    [new] = [record["id"] for record in done["imported"]]
    assert placed(here.sim) == {WEB: new, OTHER: present}
    assert done["adopted"][0]["new"]["id"] == new

    rest = here.run(adopt={"common_name": NAME})
    assert placed(here.sim) == {WEB: new, OTHER: new} and here.changes() == [UPDATE]
    [command] = [line for line in rest["summary"] if f"certificate_id={present} state=absent" in line]
    assert command.startswith(f"certificate {present}: no longer used by a listener. ")
    again = here.run(adopt={"common_name": NAME})
    assert not again["changed"] and not here.changes()
    assert {listener["outcome"] for listener in again["adopted"]} == {"unchanged"}


def test_what_a_client_refuses_is_pointed_back(here: Rotation) -> None:
    present = store(here.sim, old(organization=LTD))
    web = balancer(here.sim, present, first_port=PORT)
    here.keep(NAME, issue(None, names=[NAME]))
    here.sim.patch_listener(web["listeners"][0]["uuid"], misbehaves="closed", changes=1)
    done = here.run(adopt=ADOPT)
    assert done.failed and places(done, "failed_items")[WEB][0] == "rolled_back", done.output
    assert placed(here.sim) == {WEB: present}
    assert done["adopted"][0]["new"] is None


@pytest.mark.parametrize("phase", ["import", "deploy"])
def test_it_needs_the_phases_import_and_deploy(blind: Rotation, phase: str) -> None:
    run = blind.run(adopt=ADOPT, phases=[phase])
    assert run["failure"]["code"] == "invalid_argument" and not blind.calls
    assert "adopt requires the phases import and deploy" in run["msg"]
