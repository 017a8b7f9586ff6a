# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other ways to set up: from a folder of AWX's own, with an organization, an image and sources of its own.

What the objects are like under each setting is said without an AWX: test_variables.py.
"""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.awx.conftest import Awx
from tests.support.long import only_long

SOURCES: list[Any] = [{"certbot": "/etc/letsencrypt"}, {"folder": "/etc/ssl-certificates"}]
SOURCES += [{"secrets_manager": {}}, {"secrets_manager": {"names": ["shop-*"]}}]
JOBS = {"ssl_fulfillment_from_inventory": "yes", "ssl_rotation_remove_superseded": True}
JOBS |= {"ssl_fulfillment_report_path": "/reports/orders.html"}
SITE = {
    "awx_project_local_path": "certificates",
    "awx_organization": "Certificates",
    "awx_organization_managed": True,
    "awx_image": "registry.example.com/certificates:1",
    "awx_image_has_collection": True,
    "awx_job_variables": JOBS,
    "awx_rotation_sources": SOURCES,
    "awx_rotation_mail": True,
    "awx_max_listeners": 300,
    "awx_schedules_enabled": True,
}
NIGHTS, ROTATE = "Rotate certificates daily", "Import and deploy renewed certificates"
LIMIT = {"ssl_fulfillment_allowed_recipients": ["*@*"]}
OF_TEMPLATES = {ROTATE: {"ssl_rotation_sources": SOURCES}, "Resend fulfillment emails": LIMIT, "Report": LIMIT}
"""What job templates have of their own."""


@only_long
def test_from_a_local_path_with_an_organization_and_an_image_of_its_own(awx: Awx) -> None:
    """And with a user name and a password in place of a token, jobs on the inventory of the orders, and no credentials given.

    Renewed certificates come from each kind of place. A check of the whole tells the one thing that somebody has changed.
    """
    awx.world.background = True
    options = ("-vvvv", "-e", json.dumps(SITE))
    password = awx.world.passwords["admin"]
    access = {"CONTROLLER_OAUTH_TOKEN": "", "CONTROLLER_USERNAME": "admin", "CONTROLLER_PASSWORD": password}

    made = awx.play("setup", *options, **access)
    assert made.status == 0, made.output
    assert [call for call in awx.writes() if call.status >= 400] == []
    world = awx.world
    organization = world.named("organizations", "Certificates")
    galaxy = world.named("credentials", "Ansible Galaxy")["id"]
    assert organization["associations"] == {"galaxy_credentials": [galaxy]}
    image = world.named("execution_environments", "softlayer.certificates")
    assert image["image"] == SITE["awx_image"]
    orders = world.named("inventories", "SSL orders")["id"]
    for template in world.all("job_templates"):
        assert template["inventory"] == orders
        assert (template["organization"], template["execution_environment"]) == (organization["id"], image["id"])
        assert json.loads(template["extra_vars"]) == {**JOBS, **OF_TEMPLATES.get(template["name"], {})}
    assert world.named("projects", "SSL certificates")["local_path"] == "certificates"
    assert list(world.all("inventory_sources")) == [], "AWX takes no inventory from a local path"
    assert {schedule["name"] for schedule in world.all("schedules") if not schedule["enabled"]} == {NIGHTS}
    credentials = [credential["inputs"] for credential in world.all("credentials") if not credential["managed"]]
    assert credentials == [{}, {}, {}]

    assert password not in made.output
    organization["associations"]["galaxy_credentials"].clear()
    check = awx.play("setup", "--check", *options, **access)
    assert (check.status, check.changed, awx.writes()) == (0, 1, []), check.output
    again = awx.play("setup", *options, **access)
    assert (again.changed, organization["associations"]["galaxy_credentials"]) == (1, [galaxy])

    removed = awx.play("teardown", *options, **access)
    assert removed.status == 0, removed.output
    assert world.survives() == {"organizations": ["Default"]}
    assert "Leftover objects in AWX" not in removed.output
    assert password not in check.output + again.output + removed.output
