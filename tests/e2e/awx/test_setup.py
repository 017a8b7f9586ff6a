# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The setup from git: made once, the same the second time, used by operators, and taken away again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.e2e.awx.conftest import ROOT, Awx, Run, a_few, running
from tests.e2e.awx.stub.app import Call
from tests.support.awx_variables import PLAYBOOKS, objects
from tests.support.long import LONG

pytestmark = pytest.mark.xdist_group("one story")  # which its first test begins, and its last one ends

OBJECTS = objects()
SECRETS = {
    "SL_API_KEY": "key-that-nobody-shall-see",
    "SOFTLAYER_CERTIFICATES_LEDGER_URL": "postgresql://certificates:ledger-password@db.example.com/certificates",
    "SSL_FULFILLMENT_IMAP_PASSWORD": "mail-password-of-nobody",
    "SSL_FULFILLMENT_PRIVATEKEY_PASSPHRASE": "passphrase-of-nobody",
    "IBMCLOUD_API_KEY": "key-of-ibm-cloud-that-nobody-shall-see",
}
NEW_KEY = "another-key-that-nobody-shall-see"
VALUES = {
    **SECRETS,
    "SL_USERNAME": "SL123",
    "SOFTLAYER_CERTIFICATES_CA_PATH": "/etc/pki/proxy-ca.pem",
    "SOFTLAYER_CERTIFICATES_INSTANCE_URL": "https://0a1b2c3d.eu-de.secrets-manager.appdomain.cloud",
    "SSL_FULFILLMENT_IMAP_HOST": "imap.example.com",
    "SSL_FULFILLMENT_IMAP_USERNAME": "certificates@example.com",
    "SSL_FULFILLMENT_IMAP_PORT": "993",
    "SSL_FULFILLMENT_PRIVATEKEY_DIR": "/etc/ssl-keys",
}


@dataclass(frozen=True)
class Story:
    """An AWX that was set up, once and again, and what came of it."""

    awx: Awx
    operator: str
    approver: str
    first: Run
    again: Run
    first_writes: list[Call]
    again_writes: list[Call]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with running(tmp_path_factory.mktemp("git")) as awx:
        operator, approver = (awx.world.add_user(name) for name in ("operator", "approver"))
        options: dict[str, Any] = {"awx_operators": ["operator"], "awx_approvers": "approver"}
        first = awx.play("setup", "-vvvv", "-e", json.dumps(options), **VALUES)
        first_writes = awx.writes()
        original = awx.world.named("job_templates", "Report")  # a copy of it is nobody's business
        wanted = ("description", "playbook", "project", "inventory")
        copy = awx.world.create(
            "job_templates", {"name": "Report @ 12:30", **{name: original[name] for name in wanted}}
        )
        if not LONG:
            options |= a_few()
            (fulfill, *_others) = OBJECTS["awx_workflows"]
            nodes = [
                node for node in fulfill["nodes"] if node["identifier"] == "collect"
            ]  # it has what others have not
            options["awx_workflows"] = [{**fulfill, "nodes": nodes}, *options["awx_workflows"]]
        again = awx.play("setup", "-vvvv", "-e", json.dumps(options), **VALUES | {"SL_API_KEY": NEW_KEY})
        awx.world.delete("job_templates", copy)
        yield Story(awx, operator, approver, first, again, first_writes, awx.writes())


def test_all_that_the_data_says_is_made_and_nothing_refused(story: Story) -> None:
    assert story.first.status == 0, story.first.output
    assert [call for call in story.first_writes if call.status >= 400] == []
    there = story.awx.world.survives()
    assert there.pop("organizations") == ["Default"]
    assert {endpoint: sorted(names) for endpoint, names in there.items()} == {
        "credential_types": ["SSL mailbox", "SSL private keys", "SoftLayer"],
        "credentials": ["SSL mailbox", "SSL private keys", "SoftLayer API"],
        "inventories": ["SSL jobs", "SSL orders"],
        "inventory_sources": ["SSL orders from SoftLayer"],
        "job_templates": sorted(template["name"] for template in OBJECTS["awx_job_templates"]),
        "projects": ["SSL certificates"],
        "schedules": sorted(schedule["name"] for schedule in OBJECTS["awx_schedules"]),
        "teams": ["SSL certificate approvers", "SSL certificate operators"],
        "workflow_approval_templates": ["Rotate these certificates?", "Send these emails?", "Switch these listeners?"],
        "workflow_job_template_nodes": sorted(
            node["identifier"] for workflow in OBJECTS["awx_workflows"] for node in workflow["nodes"]
        ),
        "workflow_job_templates": ["Deploy certificates", "Fulfill certificates", "Rotate certificates"],
    }


def test_jobs_on_localhost_wait_for_no_inventory_and_no_schedule_is_on(story: Story) -> None:
    """An update that fails would end them before they begin, and nobody would see what else is wrong."""
    world = story.awx.world
    jobs = world.named("inventories", "SSL jobs")["id"]
    assert {template["inventory"] for template in world.all("job_templates")} == {jobs}
    [source] = world.all("inventory_sources")
    assert source["inventory"] != jobs
    assert json.loads(source["source_vars"]) == OBJECTS["awx_inventory_source"]["source_vars"]
    assert source["update_on_launch"], "it is fresh where somebody's own jobs use it"
    assert [schedule["enabled"] for schedule in world.all("schedules")] == [False] * 6


def test_a_second_run_changes_nothing_and_sends_nothing(story: Story) -> None:
    """Nor does a copy beside an original keep it from that, and a key that AWX has, and never shows, is not replaced."""
    assert (story.again.status, story.again.changed) == (0, 0), story.again.output
    assert story.again_writes == []


def test_no_secret_is_printed(story: Story) -> None:
    for secret in (*SECRETS.values(), NEW_KEY, "ledger-password", story.awx.token):
        assert secret not in story.first.output
        assert secret not in story.again.output


def test_the_environment_of_jobs_is_the_environment_that_setup_reads(story: Story) -> None:
    """So that one and the same shell, with the same variables, serves for both; and no credential sets what other programs read.

    AWX sets the variable of a field that was left blank, too: an empty SSL_CERT_FILE would leave OpenSSL without its roots.
    """
    world, injected = story.awx.world, set()
    for one in OBJECTS["awx_credentials"]:
        variables = world.named("credential_types", one["credential_type"])["injectors"]["env"]
        fields = {template.strip("{ }"): variable for variable, template in variables.items()}
        given = {field: VALUES[variable] for field, variable in fields.items() if variable in VALUES}
        assert world.named("credentials", one["name"])["inputs"] == given, "and no empty values"
        injected |= set(variables)
    assert set(VALUES) <= injected
    ours = ("SL_", "SOFTLAYER_CERTIFICATES_", "SSL_FULFILLMENT_")
    assert [name for name in injected if not name.startswith(ours)] == ["IBMCLOUD_API_KEY"], (
        "of a field that is left empty it is empty, which must be none for other programs"
    )


def test_secrets_are_declared_as_such(story: Story) -> None:
    secret = {
        field["id"]
        for each in story.awx.world.all("credential_types")
        for field in each["inputs"].get("fields", [])
        if field.get("secret")
    }
    assert secret == {"api_key", "iam_api_key", "ledger_url", "passphrase", "password"}


@pytest.mark.parametrize("workflow", OBJECTS["awx_workflows"], ids=lambda workflow: workflow["name"])
def test_a_workflow_is_as_the_data_says(story: Story, workflow: dict[str, Any]) -> None:
    """What comes of it then: `test_workflows.py`."""
    world = story.awx.world
    identifier = world.named("workflow_job_templates", workflow["name"])["id"]
    nodes = {one["id"]: one for one in world.all("workflow_job_template_nodes")}
    names = {template["id"]: template["name"] for template in world.all("unified_job_templates")}
    made = {
        node["identifier"]: {
            "runs": (names[node["unified_job_template"]], node["job_type"], node["extra_data"]),
            **{way: sorted(nodes[one]["identifier"] for one in found) for way, found in node["associations"].items()},
        }
        for node in nodes.values()
        if node["workflow_job_template"] == identifier
    }
    assert made == {
        node["identifier"]: {
            "runs": (
                node.get("unified_job_template") or node["approval"]["name"],
                node.get("job_type"),
                node.get("extra_data", {}),
            ),
            **{f"{way}_nodes": sorted(node.get(f"{way}_nodes", [])) for way in ("success", "failure", "always")},
        }
        for node in workflow["nodes"]
    }


def test_the_files_that_are_named_exist() -> None:
    paths = [template["playbook"] for template in OBJECTS["awx_job_templates"]]
    assert [
        path for path in [*paths, OBJECTS["awx_inventory_source"]["source_path"]] if not (ROOT / path).is_file()
    ] == []


def test_the_jobs_read_what_credentials_and_surveys_give_them() -> None:
    given = {question["variable"] for question in OBJECTS["awx_questions"].values()}
    for credential_type in OBJECTS["awx_credential_types"]:
        given |= set(credential_type["injectors"]["env"])
    ours = {PLAYBOOKS / "vars" / name for name in ("settings.yml", "objects.yml")}
    files = [*PLAYBOOKS.rglob("*.yml"), *ROOT.glob("plugins/**/*.py")]
    read = "".join(path.read_text(encoding="utf-8") for path in files if path not in ours)
    assert {name for name in given if name not in read} == set()


def test_operators_launch_and_see_no_credential(story: Story) -> None:
    """They approve unless there are approvers: `test_variables.py`. Who sees a template reads the output of its jobs (`JobAccess`, awx/main/access.py)."""
    world = story.awx.world
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {story.operator}"

    def names(endpoint: str) -> list[str]:
        return sorted(each["name"] for each in session.get(f"{story.awx.url}/api/v2/{endpoint}/").json()["results"])

    def launch(endpoint: str, name: str, **answers: Any) -> int:
        url = f"{story.awx.url}/api/v2/{endpoint}/{world.named(endpoint, name)['id']}/launch/"
        return session.post(url, json={"extra_vars": answers}).status_code

    assert names("credentials") == []
    assert names("job_templates") == sorted(template["name"] for template in OBJECTS["awx_job_templates"])
    assert names("inventories") == ["SSL orders"]
    credential = world.named("credentials", "SoftLayer API")["id"]
    assert session.get(f"{story.awx.url}/api/v2/credentials/{credential}/").status_code == 404
    answers = {"ssl_allowed_recipients": "*@example.com", "ssl_force": "no"}
    assert launch("job_templates", "List SSL orders") == 201
    assert launch("job_templates", "Resend fulfillment emails", **answers) == 201
    assert launch("job_templates", "Resend fulfillment emails") == 400, "required questions are not answered"
    assert launch("workflow_job_templates", "Fulfill certificates", **answers) == 201
    assert launch("workflow_job_templates", "Deploy certificates", ssl_load_balancers="prod-*") == 201
    assert launch("workflow_job_templates", "Rotate certificates", ssl_max_listeners=100) == 201
    assert launch("job_templates", "Verify load balancers") == 201
    for name in ("Import and deploy renewed certificates", "Switch load balancers"):
        assert launch("job_templates", name) == 403, "not beside the approval"
    workflow = world.named("workflow_job_templates", "Fulfill certificates")
    operator = world.named("users", "operator")
    assert not world.may(operator, workflow, "approval_role", "admin_role")


@pytest.mark.parametrize("workflow", OBJECTS["awx_workflows"], ids=lambda workflow: workflow["name"])
def test_approvers_approve_and_launch_nothing(story: Story, workflow: dict[str, Any]) -> None:
    """They see each template, and so the output of its jobs, as the approval says: "The output of the preview names ..."."""
    world, headers = story.awx.world, {"Authorization": f"Bearer {story.approver}"}
    made, approver = world.named("workflow_job_templates", workflow["name"]), world.named("users", "approver")
    assert world.may(approver, made, "approval_role") and not world.may(approver, made, "execute_role", "admin_role")
    names = {node["unified_job_template"] for node in workflow["nodes"] if "unified_job_template" in node}
    templates = [made, *(world.named("job_templates", name) for name in names)]
    for template in templates:
        url = f"{story.awx.url}/api/v2/{template['type']}s/{template['id']}"
        assert requests.get(f"{url}/", headers=headers).status_code == 200
        assert requests.post(f"{url}/launch/", headers=headers, json={}).status_code == 403, template["name"]


WHOLE = {
    **dict.fromkeys(("limit", "job_tags", "skip_tags", "start_at_task"), ""),
    **{f"ask_{name}_on_launch": False for name in ("limit", "tags", "skip_tags")},
}
"""A job that has all its hosts and runs all its tasks."""


def test_what_another_user_has_chosen_in_awx_since_is_set_again_by_each_setup(story: Story) -> None:
    """What is not sent is not compared. Jobs run one after the other, and whole; a workflow that waits for an approval blocks no other one."""

    def made(endpoint: str) -> list[dict[str, Any]]:
        calls = [call for call in story.first_writes if (call.method, call.path) == ("POST", f"/api/v2/{endpoint}/")]
        assert len(calls) == len(OBJECTS["awx_workflows" if endpoint.startswith("workflow") else "awx_job_templates"])
        return [call.payload for call in calls]

    for template in made("job_templates"):
        assert template.items() >= {"allow_simultaneous": False, **WHOLE}.items(), template["name"]
    for workflow in made("workflow_job_templates"):
        assert workflow["allow_simultaneous"] is True


def test_a_rotated_key_alone_is_stored_when_secrets_are_to_be_updated(story: Story) -> None:
    before = dict(story.awx.world.named("credentials", "SoftLayer API")["inputs"])
    options = ("-vvvv", "--tags", "credentials", "-e", "awx_update_secrets=true")
    rotated = story.awx.play("setup", *options, SL_API_KEY=NEW_KEY)
    assert rotated.status == 0, rotated.output
    assert story.awx.world.named("credentials", "SoftLayer API")["inputs"] == {**before, "api_key": NEW_KEY}
    assert NEW_KEY not in rotated.output


def test_teardown_takes_all_of_it_away_and_nothing_else(story: Story) -> None:
    """Last, since nothing is left after it; and nothing at all while a job uses it, be it of a job template of somebody else."""
    awx = story.awx
    create = awx.world.create
    other = create("credential_types", {"name": "Other", "kind": "net", "inputs": {}, "injectors": {}})
    project, inventory = (
        awx.world.named(*one)["id"] for one in (("projects", "SSL certificates"), ("inventories", "SSL jobs"))
    )
    stranger = create(
        "job_templates",
        {"name": "Stranger", "playbook": "playbooks/awx/report.yml", "project": project, "inventory": inventory},
    )
    theirs = awx.world.named("workflow_job_templates", "Rotate certificates")
    create(
        "workflow_job_templates",
        {"name": "Every morning", **{name: theirs[name] for name in ("description", "organization")}},
    )
    active = awx.world.job_of(stranger, "pending"), awx.world.job_of(theirs, "running")
    awx.calls.clear()
    refused = awx.play("teardown")
    assert (refused.status, awx.writes()) == (2, [])
    assert refused.message.startswith(
        f"Cannot delete the setup: job {active[0]} (Stranger) is pending, workflow job {active[1]} (Rotate certificates) is running. Nothing was"
    )
    for number in active:
        awx.world.jobs[number]["status"] = "successful"
    removed = awx.play("teardown", "-vvvv")
    assert removed.status == 0, removed.output
    assert [call for call in awx.writes() if call.status >= 400] == []
    assert awx.token not in removed.output
    assert {update["status"] for update in awx.world.updates.values()} == {"canceled"}, "they hold the rest up"
    # AWX deletes inventories in the background, and in the stub nothing does so
    inventories = ["SSL orders", "SSL jobs"]
    assert awx.world.survives() == {
        "organizations": ["Default"],
        "credential_types": ["Other"],
        "inventories": inventories,
        "job_templates": ["Stranger"],
        "workflow_job_templates": ["Every morning"],
    }
    assert all(awx.world.named("inventories", name)["pending_deletion"] for name in inventories)
    assert awx.world.jobs[active[1]]["workflow_job_template"] is None, "it stays, without its template"
    assert "Leftover objects in AWX" in removed.output and "Stranger, Every morning" in removed.output
    assert awx.world.get("credential_types", other["id"]) is other
    for name in ("job_templates", "workflow_job_templates"):
        awx.world.objects[name].clear()  # or they would be taken for renamed ones
    early = awx.play("setup", "-e", "awx_timeout=1")
    assert early.status == 2
    assert early.message.startswith('AWX is still deleting the inventory "SSL orders" and the inventory "SSL jobs"')
