# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong ends with one sentence that says what to do, before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.awx.conftest import Awx
from tests.e2e.awx.stub.world import World
from tests.support.awx_variables import objects

OBJECTS = objects()
IMAGE = "registry.example.com/certificates:1"
MAIL = {"mail": {"imap": {"host": "imap.example.com", "password": "mail-password"}}, "privatekey_dir": "/keys"}

NO_ANSWER: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "something-that-is-out-of-order": ({}, ("cannot list its projects: HTTP status 503.",)),  # the first time
    "a-mistyped-name": (
        {
            **{"awx_job_id": 7, "awx_user_name": "alice", "awx_project_revision": "0123abc"},  # AWX's own
            **{"awx_alowed_recipients": "*@example.com", "awx_operator": ["alice"]},
        },
        ("Unknown variable awx_alowed_recipients, awx_operator. Nothing was changed.",),
    ),
    "no-host": ({"awx_host": ""}, ("Set CONTROLLER_HOST",)),
    "a-wrong-token": ({"awx_token": "no-such-token"}, (" rejected the token.",)),
    "an-unknown-organization": (
        {"awx_organization": "Ours"},
        ('The organization "Ours" does not exist in AWX.',),
    ),
    "an-organization-without-a-galaxy-credential": (
        {"awx_organization": "Bare", "awx_image": IMAGE},
        (
            'the organization "Bare" does not have one. Nothing was created.',
            'add the credential "Ansible Galaxy" to the organization',
            "awx_image_has_collection",
        ),
    ),
}
"""Variables that connect to something else, or choose another organization, and what is said of each."""
REFUSED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "recipients": (
        {"awx_allowed_recipients": "ops@example.com ="},
        ('but is "ops@example.com =".', 'To allow any recipient, set it to "*@*".'),
    ),
    "listeners": (
        {"awx_max_listeners": "20"},
        ('awx_max_listeners must be an integer, not text, but is "20".',),
    ),
    "a-source-that-could-hold-a-password": (
        {"awx_rotation_sources": [{"certbot": "/etc/letsencrypt"}, MAIL]},
        ("awx_rotation_sources must not contain mail, privatekey_dir. ", "awx_rotation_mail"),
    ),
    "a-source-that-has-an-api-key": (
        {"awx_rotation_sources": [{"secrets_manager": {"names": ["shop"], "api_key": "manager-key"}}]},
        ("awx_rotation_sources must not contain an api_key for secrets_manager. ", 'in the credential "SoftLayer API"'),
    ),
    "a-source-that-is-text": (
        {"awx_rotation_sources": "certbot=/etc"},
        ("awx_rotation_sources must not contain text. ",),
    ),
    "unknown-operators": (
        {"awx_operators": ["alice", "bob", "carol d"], "awx_approvers": ["alice", "dave"]},
        ("AWX does not have the user bob, carol d, dave. Nothing was created.",),
    ),
    "an-organization-of-ours-without-a-galaxy-credential": (
        {"awx_organization": "New", "awx_organization_managed": True, "awx_organization_galaxy_credentials": []},
        ("Set a Galaxy credential in awx_organization_galaxy_credentials",),
    ),
    "a-local-path-and-an-image-that-is-not-said-to-have-the-collection": (
        {"awx_project_local_path": "certificates"},
        ("AWX installs collections only from git projects", "Set awx_project_url instead"),
    ),
    "what-would-be-there-twice": (
        {},
        (
            '"Our report" in AWX seems to be "Report" with another name',
            '"Every morning" in AWX seems to be "Rotate certificates"',
        ),
    ),
}
"""Settings that are refused once AWX has answered, and what is said of each."""


def test_a_check_of_nothing(awx: Awx) -> None:
    run = awx.play("setup", "--check")
    assert (run.status, run.changed, awx.writes()) == (2, 0, []), run.output
    assert "Without --check, the setup creates the job templates List SSL orders, " in run.message


@pytest.mark.parametrize("connected", [False, True])
def test_what_cannot_work_is_refused_before_anything_is_made(awx: Awx, connected: bool) -> None:
    awx.world.create("organizations", {"name": "Bare"})
    awx.world.add_user("alice")
    if connected:
        somebody_renamed_objects(awx.world)
    else:
        awx.world.out_of_order.add("projects")
    other_users = {
        "something-else": ({"awx_host": f"{awx.url}/elsewhere"}, ("returned HTTP status 404",)),
        "a-user-who-may-not": (
            {"awx_token": awx.world.add_user("bob-of-elsewhere")},
            ("The user bob-of-elsewhere is not a system administrator",),
        ),
    }
    cases = REFUSED if connected else NO_ANSWER | other_users
    said = awx.refuses({name: variables for name, (variables, _parts) in cases.items()}, connected=connected)
    assert {name: [part for part in parts if part not in said[name]] for name, (_, parts) in cases.items()} == {
        name: [] for name in cases
    }, said
    secrets = ("mail-password", "manager-key", "no-such-token")
    assert [word for word in (*secrets, "Stranger") if word in "".join(said.values())] == []
    assert awx.writes() == []


def somebody_renamed_objects(world: World) -> None:
    """A job template and a workflow, and made a job template of his own."""
    described = {
        one["name"]: one["description"] for name in ("job_templates", "workflows") for one in OBJECTS[f"awx_{name}"]
    }
    organization = {"organization": world.named("organizations", "Default")["id"]}
    git = {"scm_type": "git", "scm_url": "https://git.example.com/certificates", "allow_override": True}
    project = world.create("projects", {"name": "SSL certificates", **organization, **git})["id"]
    inventory = world.create("inventories", {"name": "Other", **organization})["id"]
    for name, description in (("Our report", described["Report"]), ("Stranger", "")):
        common = {"playbook": "playbooks/awx/report.yml", "project": project, "inventory": inventory}
        world.create("job_templates", {"name": name, "description": description, **common})
    workflow = {"name": "Every morning", "description": described["Rotate certificates"]}
    world.create("workflow_job_templates", {**workflow, **organization})


def test_what_awx_refuses_is_passed_on_without_the_secret(awx: Awx) -> None:
    """The kind of security is none that the credential type knows."""
    environment = {
        **{"SSL_FULFILLMENT_IMAP_HOST": "imap.example.com", "SSL_FULFILLMENT_IMAP_SECURITY": "perhaps"},
        **{"SSL_FULFILLMENT_IMAP_USERNAME": "somebody", "SSL_FULFILLMENT_IMAP_PASSWORD": "mail-password"},
    }
    run = awx.play("setup", "-vvvv", "--tags", "credentials", **environment)
    assert run.status == 2
    assert run.message.startswith('AWX rejected the credential "SSL mailbox":')
    assert "security is not one of the choices" in run.message
    assert "mail-password" not in run.output
