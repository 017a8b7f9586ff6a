# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other ways to set up: from a folder of AWX's own, with an organization, an image and sources of its own.

Of the objects there are only a few; what they are like under each setting is said without an AWX.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.awx.conftest import Awx, a_few
from tests.support.awx_variables import objects
from tests.support.long import only_long

SITE = {
    "awx_project_local_path": "certificates",
    "awx_organization": "Certificates",
    "awx_organization_managed": True,
    "awx_image": "registry.example.com/certificates:1",
    "awx_image_has_collection": True,
    "awx_job_variables": {"ssl_fulfillment_max_orders": 200, "ssl_fulfillment_report_path": "/reports/orders.html"},
    "awx_schedules_enabled": True,
}
ROTATIONS = {"Rotate certificates on workdays", "Rotate certificates every night"}


def given(**variables: Any) -> tuple[str, str]:
    """Options for a few objects, with these variables."""
    return "-e", json.dumps({**a_few(), **variables})


def uses(awx: Awx, template: dict[str, Any]) -> set[str]:
    """The names of a job template's credentials."""
    numbers = template["associations"]["credentials"]
    return {one["name"] for one in awx.world.all("credentials") if one["id"] in numbers}


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=only_long)])
def test_from_a_local_path_with_an_organization_and_an_image_of_its_own(awx: Awx, whole: bool) -> None:
    """And with a user name and a password in place of a token, and no credentials given."""
    awx.world.background = True
    options = ("-vvvv", *(("-e", json.dumps(SITE)) if whole else given(**SITE)))
    password = awx.world.passwords["admin"]
    access = {"CONTROLLER_OAUTH_TOKEN": "", "CONTROLLER_USERNAME": "admin", "CONTROLLER_PASSWORD": password}

    made = awx.play("setup", *options, **access)
    assert made.status == 0, made.output
    assert [call for call in awx.writes() if call.status >= 400] == []
    world = awx.world
    organization = world.named("organizations", "Certificates")["id"]
    galaxy = world.named("credentials", "Ansible Galaxy")["id"]
    assert world.named("organizations", "Certificates")["associations"] == {"galaxy_credentials": [galaxy]}
    image = world.named("execution_environments", "softlayer.certificates")
    assert image["image"] == SITE["awx_image"]
    jobs = world.named("inventories", "SSL jobs")["id"]
    for template in world.all("job_templates"):
        assert template["inventory"] == jobs, "an update of the orders' inventory is none of their business"
        assert (template["organization"], template["execution_environment"]) == (organization, image["id"])
        assert json.loads(template["extra_vars"]) == SITE["awx_job_variables"]
        assert template["name"] != "Import and deploy renewed certificates" or "SSL mailbox" not in uses(awx, template)
    assert world.named("projects", "SSL certificates")["local_path"] == "certificates"
    assert list(world.all("inventory_sources")) == [], "AWX takes no inventory from a local path"
    enabled = {schedule["name"]: schedule["enabled"] for schedule in world.all("schedules")}
    assert {name for name in enabled if not enabled[name]} == ROTATIONS, "there is nothing to take certificates from"
    assert enabled["Report every Monday"]
    credentials = [credential["inputs"] for credential in world.all("credentials") if not credential["managed"]]
    assert credentials == [{}, {}, {}]

    again = awx.play("setup", *options, **access) if whole else made
    assert not whole or (again.status, again.changed, awx.writes()) == (0, 0, []), again.output

    removed = awx.play("teardown", *options, **access)
    assert removed.status == 0, removed.output
    assert world.survives() == {"organizations": ["Default"]}
    assert password not in made.output + again.output + removed.output


def test_an_organization_that_setup_made_gets_what_is_wanted_now(awx: Awx) -> None:
    """Its Galaxy credentials, jobs on the inventory of the orders, and renewed certificates from each kind of place.

    A check of what is there finds no difference.
    """
    ours = {"name": "Ours", "description": objects()["awx_organization_description"]}
    organization = awx.world.create("organizations", ours)
    sources: list[Any] = [{"certbot": "/etc/letsencrypt"}, {"folder": "/etc/ssl-certificates"}]
    sources += [{"secrets_manager": {}}, {"secrets_manager": {"names": ["shop-*"]}}]
    jobs = {"ssl_fulfillment_from_inventory": "yes", "ssl_rotation_remove_superseded": True}
    site = {"awx_organization": "Ours", "awx_organization_managed": True, "awx_job_variables": jobs}
    site |= {"awx_rotation_sources": sources, "awx_rotation_mail": True, "awx_schedules_enabled": True}
    options = given(**site, awx_max_listeners=300)
    made = awx.play("setup", *options)
    assert made.status == 0, made.output
    awx.writes()
    check = awx.play("setup", "--check", *options)
    assert (check.status, check.changed, awx.writes()) == (0, 0, []), check.output
    galaxy = awx.world.named("credentials", "Ansible Galaxy")["id"]
    assert organization["associations"] == {"galaxy_credentials": [galaxy]}
    orders = awx.world.named("inventories", "SSL orders")["id"]
    assert {template["inventory"] for template in awx.world.all("job_templates")} == {orders}
    rotate = awx.world.named("job_templates", "Import and deploy renewed certificates")
    assert json.loads(rotate["extra_vars"]) == {**jobs, "ssl_rotation_sources": sources}
    assert uses(awx, rotate) == {"SoftLayer API", "SSL private keys", "SSL mailbox"}
    assert json.loads(awx.world.named("job_templates", "Report")["extra_vars"]) == jobs
    (question,) = (one for one in rotate["survey"]["spec"] if one["variable"] == "ssl_max_listeners")
    assert question["default"] == 300
    schedules = {one["name"]: one for one in awx.world.all("schedules")}
    assert [schedules[name]["extra_data"] for name in ROTATIONS] == [{"ssl_max_listeners": 300}] * 2
    assert {name for name in ROTATIONS if schedules[name]["enabled"]} == {"Rotate certificates on workdays"}


@only_long
def test_a_site_chooses_again_how_certificates_are_rotated(awx: Awx) -> None:
    site = {"awx_schedules_enabled": True, "awx_rotation_sources": [{"certbot": "/etc/letsencrypt"}]}
    assert awx.play("setup", *given(**site)).status == 0
    other = {"awx_rotation_unattended": True, "awx_rotation_mail": True, "awx_rotation_sources": []}
    assert awx.play("setup", *given(**{**site, **other})).status == 0
    rotate = awx.world.named("job_templates", "Import and deploy renewed certificates")
    assert (json.loads(rotate["extra_vars"]), "SSL mailbox" in uses(awx, rotate)) == ({}, True)
    enabled = {one["name"] for one in awx.world.all("schedules") if one["enabled"]}
    assert enabled & ROTATIONS == {"Rotate certificates every night"}
    assert awx.play("setup", *given(**{**site, **other})).changed == 0


def test_what_was_renamed_is_not_made_again_and_teardown_leaves_what_is_not_ours(awx: Awx) -> None:
    """The organization that was there before stays, too; an update that runs does not hold the rest up."""
    site = {"awx_organization": "Theirs", "awx_organization_managed": True}
    described = {one["name"]: one["description"] for one in objects()["awx_job_templates"]}
    described |= {one["name"]: one["description"] for one in objects()["awx_workflows"]}
    create = awx.world.create
    theirs = {"organization": create("organizations", {"name": "Theirs", "description": "Much else is in it"})["id"]}
    git = {"scm_type": "git", "scm_url": "https://git.example.com/certificates", "allow_override": True}
    project = create("projects", {"name": "SSL certificates", **theirs, **git})["id"]
    inventory = create("inventories", {"name": "Other", **theirs})["id"]
    for name, description in (("Our report", described["Report"]), ("Stranger", "")):
        common = {"playbook": "playbooks/awx/report.yml", "project": project, "inventory": inventory}
        create("job_templates", {"name": name, "description": description, **common})
    workflow = {"name": "Every morning", "description": described["Rotate certificates"]}
    create("workflow_job_templates", {**workflow, **theirs})
    assert [update["status"] for update in awx.world.updates.values()] == ["pending"]

    galaxy = awx.world.named("credentials", "Ansible Galaxy")["id"]
    awx.world.associate("organizations", awx.world.named("organizations", "Theirs"), "galaxy_credentials", galaxy)
    refused = awx.play("setup", *given(**site))
    assert (refused.status, refused.changed, awx.writes()) == (2, 0, []), refused.output
    said = refused.output.replace("\\", "")
    assert '"Our report" in AWX seems to be "Report" under another name' in said
    assert '"Every morning" in AWX seems to be "Rotate certificates"' in said
    assert "Stranger" not in said

    removed = awx.play("teardown", *given(**site))
    assert removed.status == 0, removed.output
    assert [update["status"] for update in awx.world.updates.values()] == ["canceled"]
    assert awx.world.survives() == {
        "organizations": ["Default", "Theirs"],
        "inventories": ["Other"],
        "job_templates": ["Our report", "Stranger"],
        "workflow_job_templates": ["Every morning"],
    }
    assert "Left in AWX" in removed.output and "Our report, Stranger, Every morning" in removed.output
