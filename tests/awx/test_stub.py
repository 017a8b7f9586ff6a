# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stub refuses what AWX refuses, so that the other tests can fail."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.awx.stub.app import create_app
from tests.awx.stub.world import World

API = "/api/v2"
FIELD = {"id": "key", "label": "Key", "type": "string"}
QUESTION = {"question_name": "Why?", "variable": "why", "type": "text", "required": True}
WEEKLY = "DTSTART:20260105T040000Z RRULE:FREQ=WEEKLY;INTERVAL=1"
PLAYBOOK = "playbooks/awx/report.yml"


class Api:
    """What a client asks, and objects to refer to."""

    def __init__(self) -> None:
        self.world = World({"certificates": [PLAYBOOK]})
        self.token = self.world.add_user("admin", superuser=True)
        self.client: FlaskClient = create_app(self.world, []).test_client()
        self.organization = self.world.named("organizations", "Default")["id"]
        self.type = self.made("credential_types", name="Type", kind="cloud", inputs={"fields": [FIELD]}, injectors={})
        self.project = self.made("projects", name="Folder", organization=self.organization, local_path="certificates")
        self.inventory = self.made("inventories", name="Inventory", organization=self.organization)
        common = {"project": self.project, "inventory": self.inventory, "playbook": PLAYBOOK}
        self.template = self.made("job_templates", name="Template", survey_enabled=True, **common)
        assert self.post(f"job_templates/{self.template}/survey_spec", self.survey(QUESTION)) == 200
        self.workflow = self.made("workflow_job_templates", name="Workflow", organization=self.organization)

    def post(self, path: str, payload: dict[str, Any], token: str = "") -> int:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        self.answer = self.client.post(f"{API}/{path}/", json=payload, headers=headers)
        return self.answer.status_code

    def made(self, endpoint: str, **fields: Any) -> int:
        assert self.post(endpoint, fields) == 201, self.answer.text
        return int(self.answer.get_json()["id"])

    @staticmethod
    def survey(*questions: dict[str, Any]) -> dict[str, Any]:
        return {"name": "", "description": "", "spec": list(questions)}


@pytest.fixture
def api() -> Api:
    return Api()


def test_without_a_token_nothing_is_answered(api: Api) -> None:
    assert api.client.get(f"{API}/projects/").status_code == 401
    assert api.post("projects", {}, token="wrong") == 401


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "ssh"},
        {"name": None},
        {"inputs": {"fields": [{"id": "key"}]}},
        {"inputs": {"fields": [{**FIELD, "id": "tower"}]}},
        {"inputs": {"fields": [{**FIELD, "type": "boolean", "secret": True}]}},
        {"inputs": {"fields": [{**FIELD, "type": "number"}]}},
        {"injectors": {"env": {"KEY": "{{ another }}"}}},
        {"injectors": {"env": {"ANSIBLE_CONFIG": "{{ key }}"}}},
    ],
)
def test_credential_types(api: Api, change: dict[str, Any]) -> None:
    good = {"name": "New", "kind": "cloud", "inputs": {"fields": [FIELD]}, "injectors": {"env": {"KEY": "{{ key }}"}}}
    assert api.post("credential_types", {**good, **change}) == 400
    assert api.post("credential_types", good) == 201


@pytest.mark.parametrize("inputs", [{"other": "value"}, {"key": 7}])
def test_credentials(api: Api, inputs: dict[str, Any]) -> None:
    good = {"name": "New", "credential_type": api.type, "organization": api.organization}
    assert api.post("credentials", {**good, "inputs": inputs}) == 400
    assert api.post("credentials", {**good, "inputs": {}}) == 201


@pytest.mark.parametrize(
    "change",
    [
        {"playbook": "playbooks/awx/other.yml"},
        {"project": None},
        {"inventory": None},
        {"inventory": 999},
        {"verbosity": 9},
    ],
)
def test_job_templates(api: Api, change: dict[str, Any]) -> None:
    good = {"name": "New", "project": api.project, "inventory": api.inventory, "playbook": PLAYBOOK}
    assert api.post("job_templates", {**good, **change}) == 400
    assert api.post("job_templates", good) == 201


def test_two_credentials_of_one_type_are_too_many(api: Api) -> None:
    for name, status in (("One", 204), ("Two", 400)):
        credential = api.made("credentials", name=name, credential_type=api.type, organization=api.organization)
        assert api.post(f"job_templates/{api.template}/credentials", {"id": credential}) == status


def test_only_galaxy_credentials_serve_an_organization(api: Api) -> None:
    credential = api.made("credentials", name="One", credential_type=api.type, organization=api.organization)
    assert api.post(f"organizations/{api.organization}/galaxy_credentials", {"id": credential}) == 400
    galaxy = api.world.named("credentials", "Ansible Galaxy")["id"]
    assert api.post(f"organizations/{api.organization}/galaxy_credentials", {"id": galaxy}) == 204


@pytest.mark.parametrize("local_path", ["certificates", "nowhere"])
def test_manual_projects_have_a_folder_of_their_own(api: Api, local_path: str) -> None:
    assert api.post("projects", {"name": "New", "organization": api.organization, "local_path": local_path}) == 400


def test_manual_projects_are_no_source_of_an_inventory(api: Api) -> None:
    source = {"name": "New", "inventory": api.inventory, "source": "scm", "source_project": api.project}
    assert api.post("inventory_sources", source) == 400


@pytest.mark.parametrize(
    "survey",
    [
        {"name": "", "spec": [QUESTION]},
        Api.survey(),
        Api.survey({**QUESTION, "required": "yes"}),
        Api.survey({**QUESTION, "type": "multiplechoice"}),
        Api.survey({**QUESTION, "type": "multiplechoice", "choices": ["a"], "default": "b"}),
        Api.survey({**QUESTION, "type": "integer", "default": "1"}),
        Api.survey(QUESTION, QUESTION),
    ],
)
def test_surveys(api: Api, survey: dict[str, Any]) -> None:
    assert api.post(f"job_templates/{api.template}/survey_spec", survey) == 400


@pytest.mark.parametrize(
    "change",
    [
        {"extra_data": {}},
        {"extra_data": {"why": "so", "other": "thing"}},
        {"limit": "somewhere"},
        {"rrule": "DTSTART:20260105T040000 RRULE:FREQ=WEEKLY;INTERVAL=1"},
        {"rrule": "DTSTART:20260105T040000Z RRULE:FREQ=WEEKLY"},
        {"rrule": "DTSTART:20260105T040000Z RRULE:FREQ=SECONDLY;INTERVAL=1"},
        {"rrule": f"{WEEKLY};COUNT=1000"},
    ],
)
def test_schedules(api: Api, change: dict[str, Any]) -> None:
    good = {"name": "New", "unified_job_template": api.template, "rrule": WEEKLY, "extra_data": {"why": "so"}}
    assert api.post("schedules", {**good, **change}) == 400
    assert api.post("schedules", good) == 201


def test_nodes_and_their_links(api: Api) -> None:
    def node(identifier: str, **fields: Any) -> dict[str, Any]:
        common = {"workflow_job_template": api.workflow, "unified_job_template": api.template}
        return {"identifier": identifier, **common, **fields}

    nodes = "workflow_job_template_nodes"
    assert api.post(nodes, node("refused", extra_data={"other": "thing"})) == 400
    assert api.post(nodes, node("refused", job_type="check")) == 400
    one, two = api.made(nodes, **node("one")), api.made(nodes, **node("two"))
    assert api.post(nodes, node("one")) == 400, "an identifier is unique"
    assert api.post(f"{nodes}/{one}/success_nodes", {"id": two}) == 204
    assert api.post(f"{nodes}/{one}/failure_nodes", {"id": two}) == 400, "linked already"
    assert api.post(f"{nodes}/{two}/always_nodes", {"id": one}) == 400, "a cycle"


def test_what_is_in_use_is_not_deleted(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.token}"}
    api.made("credentials", name="One", credential_type=api.type, organization=api.organization)
    assert api.client.delete(f"{API}/credential_types/{api.type}/", headers=headers).status_code == 403
    git = {"scm_type": "git", "scm_url": "https://git.example.com/certificates"}
    project = api.made("projects", name="Git", organization=api.organization, **git)
    assert api.client.delete(f"{API}/projects/{project}/", headers=headers).status_code == 409


def test_who_is_no_administrator_changes_nothing(api: Api) -> None:
    assert api.post("projects", {"name": "New"}, token=api.world.add_user("bob")) == 403
