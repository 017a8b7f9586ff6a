# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the objects are like under other settings, as Ansible reads them; without an AWX."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.awx.conftest import SAY, run_plays, said
from tests.support.awx_variables import objects

pytestmark = pytest.mark.xdist_group("variables")  # which are read in one run

OURS = objects()["awx_organization_description"]
FOLDERS = {"awx_rotation_sources": [{"certbot": "/etc/letsencrypt"}]}
OF_THE_JOBS = {"awx_job_variables": {"ssl_rotation_sources": FOLDERS["awx_rotation_sources"]}}

MAIL = {"awx_rotation_mail": True}
UNATTENDED = {"awx_rotation_unattended": "yes"}
WORKDAYS, NIGHTS = "Rotate certificates on workdays", "Rotate certificates daily"


def organization(**there: str) -> dict[str, Any]:
    """An organization that setup.yml is to make, and the description of the one that is there."""
    existing = {name: {"description": description} for name, description in there.items()}
    return {"awx_organization": "Ours", "awx_organization_managed": True, "awx_existing": {"organizations": existing}}


CASES: dict[str, dict[str, Any]] = {
    "bare": {},
    "folders": FOLDERS,
    "of-the-jobs": OF_THE_JOBS,
    "mail": MAIL,
    "folders-by-night": FOLDERS | UNATTENDED,
    "mail-by-night": MAIL | UNATTENDED,
    "by-night-without-a-source": UNATTENDED,
    "new": organization(),
    "made-before": organization(Ours=OURS),
    "of-somebody-else": organization(Ours="With much else in it"),
    "not-managed": {**organization(Ours=OURS), "awx_organization_managed": False},
    "two-persons": {"awx_approvers": "carol"},
    "limits": {"awx_max_listeners": 300, "awx_allowed_recipients": "*@example.com"},
}
READ = {
    "ours": "awx_organization_is_ours | bool",
    "schedules": "awx_schedules",
    "templates": "awx_job_templates",
    "questions": "awx_questions",
    "teams": "[awx_team, awx_approver_team]",
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Ansible makes of the variables, by the name of the case."""
    content = "{{ {" + ", ".join(f"'{name}': {expression}" for name, expression in READ.items()) + "} | to_json }}"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": ["vars/settings.yml", "vars/objects.yml"],
        "tasks": [
            {**SAY, "vars": {"awx_existing": {"organizations": {}}, **variables, "said": content}}
            for variables in CASES.values()
        ],
    }
    run = run_plays(tmp_path_factory.mktemp("variables"), [play])
    assert run.status == 0, run.output
    return dict(zip(CASES, map(json.loads, said(run)), strict=True))


@pytest.mark.parametrize(
    ("enabled", "cases"),
    [
        (set(), ["bare", "by-night-without-a-source"]),
        ({WORKDAYS}, ["folders", "of-the-jobs", "mail"]),
        ({NIGHTS}, ["folders-by-night", "mail-by-night"]),
    ],
)
def test_certificates_are_rotated_by_night_or_by_approval_if_there_are_any(
    read: dict[str, dict[str, Any]], enabled: set[str], cases: list[str]
) -> None:
    for case in cases:
        rotations = [one for one in read[case]["schedules"] if one["name"] in (WORKDAYS, NIGHTS)]
        assert {one["name"] for one in rotations if one["enabled"]} == enabled, case
        assert all("enabled" not in one for one in read[case]["schedules"] if one not in rotations)


def test_the_job_that_rotates_has_what_its_sources_need(read: dict[str, dict[str, Any]]) -> None:
    name, usual = "Import and deploy renewed certificates", ["SoftLayer API", "SSL private keys"]
    found = {
        case: [(one["credentials"], one["variables"]) for one in read[case]["templates"] if one["name"] == name]
        for case in ("bare", "mail", "folders", "of-the-jobs")
    }
    assert found == {
        "bare": [(usual, {})],
        "mail": [([*usual, "SSL mailbox"], {})],
        "folders": [(usual, {"ssl_rotation_sources": FOLDERS["awx_rotation_sources"]})],
        "of-the-jobs": [(usual, {})],
    }


def test_surveys_and_schedules_have_the_limits_of_the_site(read: dict[str, dict[str, Any]]) -> None:
    defaults = {name: question["default"] for name, question in read["limits"]["questions"].items()}
    assert (defaults["ssl_max_listeners"], defaults["ssl_allowed_recipients"]) == (300, "*@example.com")
    given = {one["name"]: one["extra_data"] for one in read["limits"]["schedules"]}
    assert given[WORKDAYS] == given[NIGHTS] == {"ssl_max_listeners": 300}
    assert given["Fulfill certificates on workdays"] == {"ssl_allowed_recipients": "*@example.com", "ssl_force": "no"}


def test_an_organization_is_ours_if_it_is_to_be_made_or_was_made_by_the_setup(read: dict[str, dict[str, Any]]) -> None:
    ours = {name for name in ("bare", "new", "made-before", "of-somebody-else", "not-managed") if read[name]["ours"]}
    assert ours == {"new", "made-before"}


def test_operators_approve_unless_there_are_approvers(read: dict[str, dict[str, Any]]) -> None:
    for case, state in (("bare", "present"), ("two-persons", "absent")):
        operators, approvers = read[case]["teams"]
        assert [role["state"] for role in operators["roles"] if role["role"] == "approval"] == [state]
        (approval, reading) = approvers["roles"]
        assert (approval["role"], reading["role"]) == ("approval", "read") and "state" not in approval
        assert approval["workflows"] == [one["name"] for one in objects()["awx_workflows"]]
        others = {"List SSL orders"}
        assert {*reading["job_templates"]} == {one["name"] for one in objects()["awx_job_templates"]} - others
