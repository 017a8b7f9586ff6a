# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other ways to set up: from a folder of AWX's own, with an organization and an image of its own."""

from __future__ import annotations

import json
from typing import Any

from tests.awx.conftest import Awx
from tests.support.awx_variables import objects

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


def uses(awx: Awx, template: dict[str, Any]) -> set[str]:
    """The names of a job template's credentials."""
    numbers = template["associations"]["credentials"]
    return {one["name"] for one in awx.world.all("credentials") if one["id"] in numbers}


def test_from_a_local_path_with_an_organization_and_an_image_of_its_own(awx: Awx) -> None:
    """And with a user name and a password in place of a token, and no credentials given."""
    awx.world.background = True
    options = ("-vvvv", "-e", json.dumps(SITE))
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
    assert [credential["inputs"] for credential in world.all("credentials") if not credential["managed"]] == [
        {},
        {},
        {},
    ]

    again = awx.play("setup", *options, **access)
    assert (again.status, again.changed, awx.writes()) == (0, 0, []), again.output

    removed = awx.play("teardown", *options, **access)
    assert removed.status == 0, removed.output
    assert world.survives() == {"organizations": ["Default"]}
    assert password not in made.output + again.output + removed.output


def test_renewed_certificates_are_rotated_by_night_or_by_approval(awx: Awx) -> None:
    """As the site chooses, and chooses again; from folders and from the mailbox."""
    sources = [{"certbot": "/etc/letsencrypt"}, {"folder": "/etc/ssl-certificates"}]
    site = {"awx_schedules_enabled": True, "awx_rotation_sources": sources, "awx_max_listeners": 300}
    site |= {"awx_job_variables": {"ssl_rotation_remove_superseded": True}}

    def set_up(**changes: Any) -> int:
        run = awx.play("setup", "-e", json.dumps({**site, **changes}))
        assert run.status == 0, run.output
        return run.changed

    def found() -> tuple[dict[str, Any], set[str], set[str]]:
        template = awx.world.named("job_templates", "Import and deploy renewed certificates")
        schedules = [one for one in awx.world.all("schedules") if one["name"] in ROTATIONS]
        assert [one["extra_data"] for one in schedules] == [{"ssl_max_listeners": 300}] * 2
        (question,) = (one for one in template["survey"]["spec"] if one["variable"] == "ssl_max_listeners")
        assert question["default"] == 300
        enabled = {one["name"] for one in schedules if one["enabled"]}
        return json.loads(template["extra_vars"]), uses(awx, template), enabled

    set_up()
    variables = {"ssl_rotation_remove_superseded": True, "ssl_rotation_sources": sources}
    credentials = {"SoftLayer API", "SSL private keys"}
    assert found() == (variables, credentials, {"Rotate certificates on workdays"})
    assert json.loads(awx.world.named("job_templates", "Report")["extra_vars"]) == site["awx_job_variables"]

    other = {"awx_rotation_unattended": True, "awx_rotation_mail": True, "awx_rotation_sources": []}
    set_up(**other)
    credentials |= {"SSL mailbox"}
    assert found() == (site["awx_job_variables"], credentials, {"Rotate certificates every night"})
    assert set_up(**other) == 0


def test_an_organization_that_was_there_before_stays(awx: Awx) -> None:
    awx.world.background = True
    awx.world.create("organizations", {"name": "Ours", "description": "With much else in it"})
    removed = awx.play("teardown", "-e", '{"awx_organization": "Ours", "awx_organization_managed": true}')
    assert (removed.status, removed.changed) == (0, 0), removed.output
    assert awx.world.named("organizations", "Ours")


def test_updates_that_run_do_not_hold_up_the_teardown(awx: Awx) -> None:
    organization = awx.world.named("organizations", "Default")["id"]
    git = {"scm_type": "git", "scm_url": "https://git.example.com/certificates"}
    awx.world.create("projects", {"name": "SSL certificates", "organization": organization, **git})
    assert [update["status"] for update in awx.world.updates.values()] == ["pending"]
    removed = awx.play("teardown")
    assert removed.status == 0, removed.output
    assert [update["status"] for update in awx.world.updates.values()] == ["canceled"]
    assert awx.world.survives() == {"organizations": ["Default"]}


def test_jobs_that_run_on_the_orders_have_the_inventory_of_the_orders(awx: Awx) -> None:
    made = awx.play("setup", "-e", '{"awx_job_variables": {"ssl_fulfillment_from_inventory": "yes"}}')
    assert made.status == 0, made.output
    orders = awx.world.named("inventories", "SSL orders")["id"]
    assert {template["inventory"] for template in awx.world.all("job_templates")} == {orders}


def test_an_organization_that_setup_made_has_the_galaxy_credentials_that_are_wanted_now(awx: Awx) -> None:
    ours = {"name": "Ours", "description": objects()["awx_organization_description"]}
    organization = awx.world.create("organizations", ours)
    site = {"awx_organization": "Ours", "awx_organization_managed": True}
    made = awx.play("setup", "-e", json.dumps(site))
    assert made.status == 0, made.output
    galaxy = awx.world.named("credentials", "Ansible Galaxy")["id"]
    assert organization["associations"] == {"galaxy_credentials": [galaxy]}


def test_an_image_with_the_collection_needs_no_galaxy_credential(awx: Awx) -> None:
    bare = awx.world.create("organizations", {"name": "Bare"})
    site = {
        "awx_organization": "Bare",
        "awx_image": "registry.example.com/certificates:1",
        "awx_image_has_collection": True,
    }
    made = awx.play("setup", "-e", json.dumps(site))
    assert made.status == 0, made.output
    assert bare["associations"] == {"galaxy_credentials": []}, "it is not ours"


def test_what_was_renamed_is_not_made_again_and_teardown_says_that_it_stays(awx: Awx) -> None:
    awx.world.background = True
    assert awx.play("setup").status == 0
    renamed = awx.world.named("job_templates", "List SSL orders")
    renamed["name"] = "All our certificates"
    workflow = awx.world.named("workflow_job_templates", "Fulfill certificates")
    workflow["name"] = "Every morning"
    project, inventory = renamed["project"], renamed["inventory"]
    stranger = {"name": "Stranger", "playbook": "playbooks/awx/report.yml", "project": project, "inventory": inventory}
    awx.world.create("job_templates", stranger)
    awx.writes()

    again = awx.play("setup")
    assert (again.status, again.changed, awx.writes()) == (2, 0, []), again.output
    assert '"All our certificates" in AWX seems to be "List SSL orders" under another name' in again.output.replace(
        "\\", ""
    )
    assert '"Every morning" in AWX seems to be "Fulfill certificates"' in again.output.replace("\\", "")
    assert "Stranger" not in again.output

    removed = awx.play("teardown")
    assert removed.status == 0, removed.output
    left = awx.world.survives()
    assert left["job_templates"] == ["All our certificates", "Stranger"]
    assert left["workflow_job_templates"] == ["Every morning"]
    assert "Left in AWX" in removed.output
    assert "All our certificates, Stranger, Every morning" in removed.output


def test_a_copy_beside_the_original_is_nobodys_business(awx: Awx) -> None:
    assert awx.play("setup").status == 0
    original = awx.world.named("job_templates", "Report")
    wanted = ("description", "playbook", "project", "inventory")
    awx.world.create("job_templates", {"name": "Report @ 12:30", **{name: original[name] for name in wanted}})
    again = awx.play("setup")
    assert (again.status, again.changed) == (0, 0), again.output
