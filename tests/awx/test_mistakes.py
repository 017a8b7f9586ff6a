# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong ends with one sentence that says what to do, before anything is made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.awx.conftest import Awx


def refused(awx: Awx, *options: str, playbook: str = "setup", **environment: str) -> str:
    """What the playbook says when it fails, having changed nothing."""
    run = awx.play(playbook, *options, **environment)
    assert (run.status, run.changed) == (2, 0), run.output
    assert awx.writes() == []
    return run.message


@pytest.mark.parametrize("playbook", ["setup", "teardown"])
def test_no_host(awx: Awx, playbook: str) -> None:
    assert "Set CONTROLLER_HOST" in refused(awx, playbook=playbook, CONTROLLER_HOST="")


@pytest.mark.parametrize("playbook", ["setup", "teardown"])
def test_a_mistyped_name(awx: Awx, playbook: str) -> None:
    """It would pass in silence; what AWX itself tells its jobs does."""
    of_awx = {"awx_job_id": 7, "awx_user_name": "alice", "awx_project_revision": "0123abc"}
    given = of_awx | {"awx_alowed_recipients": "*@example.com", "awx_operator": ["alice"]}
    message = refused(awx, "-e", json.dumps(given), playbook=playbook)
    assert message.startswith("There is no variable awx_alowed_recipients, awx_operator. Nothing was done.")


def test_a_setting_of_another_type(awx: Awx) -> None:
    message = refused(awx, "-e", "awx_timeout=long")
    assert message.startswith("AWX was not asked: ") and message.endswith("Check awx_timeout and awx_validate_certs.")


def test_no_token(awx: Awx) -> None:
    assert "Set CONTROLLER_OAUTH_TOKEN" in refused(awx, CONTROLLER_OAUTH_TOKEN="")


@pytest.mark.parametrize("playbook", ["setup", "teardown"])
def test_wrong_token(awx: Awx, playbook: str) -> None:
    message = refused(awx, "-vvvv", playbook=playbook, CONTROLLER_OAUTH_TOKEN="no-such-token")
    assert message.startswith(f"AWX at {awx.url} does not accept the token.")
    assert "no-such-token" not in message


def test_wrong_password(awx: Awx) -> None:
    wrong = {"CONTROLLER_OAUTH_TOKEN": "", "CONTROLLER_USERNAME": "admin", "CONTROLLER_PASSWORD": "wrong"}
    assert "does not accept the user name with this password" in refused(awx, **wrong)


def test_nobody_answers(awx: Awx) -> None:
    message = refused(awx, CONTROLLER_HOST="http://127.0.0.1:9")
    assert message.startswith("AWX at http://127.0.0.1:9 cannot be reached:")
    assert message.endswith("Check CONTROLLER_HOST.")


def test_something_else_answers(awx: Awx) -> None:
    assert "answered with HTTP status 404" in refused(awx, CONTROLLER_HOST=f"{awx.url}/elsewhere")


def test_something_is_out_of_order(awx: Awx) -> None:
    awx.world.out_of_order.add("projects")
    assert refused(awx) == f"AWX at {awx.url} did not list its projects: HTTP status 503."


def test_a_user_who_may_not(awx: Awx) -> None:
    token = awx.world.add_user("bob")
    assert "The user bob is no system administrator" in refused(awx, CONTROLLER_OAUTH_TOKEN=token)


def test_an_organization_that_is_not_there(awx: Awx) -> None:
    message = refused(awx, "-e", "awx_organization=Ours")
    assert message.startswith('There is no organization "Ours" in AWX.')


def test_operators_that_awx_does_not_know(awx: Awx) -> None:
    awx.world.add_user("alice")
    message = refused(awx, "-e", '{"awx_operators": ["alice", "bob", "carol d"]}')
    assert message.startswith("AWX has no user bob, carol d. Nothing was made.")


def test_an_organization_without_a_galaxy_credential(awx: Awx) -> None:
    awx.world.create("organizations", {"name": "Bare"})
    message = refused(awx, "-e", "awx_organization=Bare", "-e", "awx_image=registry.example.com/certificates:1")
    assert 'the organization "Bare" has no Galaxy credential. Nothing was made.' in message
    assert 'add the credential "Ansible Galaxy" to the organization' in message
    assert "awx_image_has_collection" in message


def test_an_organization_of_ours_that_shall_have_no_galaxy_credential(awx: Awx) -> None:
    site = '{"awx_organization": "New", "awx_organization_managed": true, "awx_organization_galaxy_credentials": []}'
    assert "Name one in awx_organization_galaxy_credentials" in refused(awx, "-e", site)


def test_a_local_path_and_an_image_that_is_not_said_to_have_the_collection(awx: Awx) -> None:
    message = refused(awx, "-e", "awx_project_local_path=certificates")
    assert "it does so for projects from git only" in message and "Set awx_project_url instead" in message


@pytest.mark.parametrize("recipients", ["*", "", "no", "ops@example.com =", "0123"])
def test_recipients_that_would_not_arrive_at_the_jobs(awx: Awx, recipients: str) -> None:
    message = refused(awx, "-e", json.dumps({"awx_allowed_recipients": recipients}))
    assert message.startswith(f'awx_allowed_recipients is "{recipients}".')
    assert 'For anyone set it to "*@*".' in message


@pytest.mark.parametrize("number", ["20", "many", -1])
def test_a_number_of_listeners_that_surveys_would_not_take(awx: Awx, number: Any) -> None:
    message = refused(awx, "-e", json.dumps({"awx_max_listeners": number}))
    assert message.startswith(f'awx_max_listeners is "{number}". It must be a number of listeners')


def test_a_source_that_could_hold_a_password(awx: Awx) -> None:
    source = {"mail": {"imap": {"host": "imap.example.com", "password": "mail-password"}}, "privatekey_dir": "/keys"}
    message = refused(awx, "-e", json.dumps({"awx_rotation_sources": [{"certbot": "/etc/letsencrypt"}, source]}))
    assert message.startswith("awx_rotation_sources has mail, privatekey_dir. ") and "awx_rotation_mail" in message
    assert "mail-password" not in message


def test_a_check_of_nothing(awx: Awx) -> None:
    assert "Without --check it makes the job templates List SSL orders, " in refused(awx, "--check")


def test_what_awx_refuses_is_passed_on_without_the_secret(awx: Awx) -> None:
    """The kind of security is none that the credential type knows."""
    environment = {
        **{"SSL_FULFILLMENT_IMAP_HOST": "imap.example.com", "SSL_FULFILLMENT_IMAP_SECURITY": "perhaps"},
        **{"SSL_FULFILLMENT_IMAP_USERNAME": "somebody", "SSL_FULFILLMENT_IMAP_PASSWORD": "mail-password"},
    }
    run = awx.play("setup", "-vvvv", "--tags", "credentials", **environment)
    assert run.status == 2
    assert run.message.startswith('AWX does not take the credential "SSL mailbox":')
    assert "security is not one of the choices" in run.message
    assert "mail-password" not in run.output
