# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to surveys, written as AWX writes them and read by Ansible, mean to the playbooks what they mean to a person.

ansible-core 2.19 and later take what AWX marks as `!unsafe` for whatever it would be without quotation marks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.awx_jobs.awx import BIN, Project, safe_dump
from tests.support.awx_variables import PLAYBOOKS, objects, settings

OBJECTS = objects()
PROPOSED = {name: question["default"] for name, question in OBJECTS["awx_questions"].items()}
PROPOSED |= {f"ssl_{name}": settings()[f"awx_{name}"] for name in ("allowed_recipients", "max_listeners")}
SCHEDULED = OBJECTS["awx_schedules"][0]["extra_data"] | {"ssl_allowed_recipients": PROPOSED["ssl_allowed_recipients"]}
ANSWERS: dict[str, dict[str, Any]] = {
    "nothing": {"ssl_orders": "", "ssl_allowed_recipients": "", "ssl_force": "", "ssl_phases": ""},
    "no": {"ssl_force": "no"},
    "yes": {"ssl_force": "yes"},
    "an-id": {"ssl_orders": "83"},
    "ids": {"ssl_orders": "83, 84\n85"},
    "names": {"ssl_orders": "*.example.com münchen.example"},
    "a-template": {"ssl_orders": "www.{{7*7}}.example.com"},
    "no-order": {"ssl_orders": "no"},
    "false-order": {"ssl_orders": "false"},
    "patterns": {"ssl_allowed_recipients": "*@example.com, *@münchen.example"},
    "balancers": {"ssl_load_balancers": "prod-*, no\nweb", "ssl_common_names": "*.example.com", "ssl_max_listeners": 0},
    "no-balancers": {"ssl_load_balancers": "", "ssl_common_names": "", "ssl_max_listeners": ""},
    "lists-of-nothing": {"ssl_load_balancers": [], "ssl_common_names": []},
    "a-list": {"ssl_phases": ["import"]},
    "a-list-of-nothing": {"ssl_orders": []},
    "words-for-nothing": {"ssl_orders": "[], -"},
    "proposed": PROPOSED,
    "scheduled": SCHEDULED,
}
MEANT: dict[str, dict[str, Any]] = {
    "nothing": {
        "survey_asks_for_all": True,
        "survey_orders": [],
        "survey_allowed_recipients": [],
        "survey_phases": ["collect", "import"],
    },
    "no": {"survey_force": False},
    "yes": {"survey_force": True},
    "an-id": {"survey_asks_for_all": False, "survey_order_ids": [83], "survey_common_names": []},
    "ids": {"survey_order_ids": [83, 84, 85], "survey_common_names": []},
    "names": {"survey_order_ids": [], "survey_common_names": ["*.example.com", "münchen.example"]},
    "patterns": {"survey_allowed_recipients": ["*@example.com", "*@münchen.example"]},
    "balancers": {
        "survey_load_balancers": ["prod-*", "no", "web"],
        "survey_listener_names": ["*.example.com"],
        "survey_says_which_balancers": True,
        "survey_says_which_names": True,
        "survey_says_how_many": True,
    },
    "no-balancers": {
        "survey_says_which_balancers": False,
        "survey_says_which_names": False,
        "survey_says_how_many": False,
    },
    "lists-of-nothing": {
        "survey_load_balancers": [],
        "survey_listener_names": [],
        "survey_says_which_balancers": True,
        "survey_says_which_names": True,
    },
    "a-list": {"survey_phases": ["import"]},
    "a-list-of-nothing": {"survey_asks_for_all": False, "survey_orders": []},
    "proposed": {
        "survey_asks_for_all": True,
        "survey_orders": [],
        "survey_allowed_recipients": ["*@*"],
        "survey_force": False,
        "survey_phases": ["collect", "import"],
    },
    "scheduled": {"survey_allowed_recipients": ["*@*"], "survey_force": False},
}
VARIABLES = sorted({name for meant in MEANT.values() for name in meant})

pytestmark = pytest.mark.xdist_group("answers")  # which are read in one run


@pytest.fixture(scope="module")
def read(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the playbooks read, by the name of the answers; one run for all of them."""
    folder = tmp_path_factory.mktemp("answers")
    variables = "{{ {" + ", ".join(f"'{name}': {name}" for name in VARIABLES) + "} | to_json }}"
    refusal = "{{ {'refused': ansible_failed_result.msg} | to_json }}"
    for name, answers in ANSWERS.items():
        (folder / f"{name}.yml").write_text(safe_dump(answers), encoding="utf-8")
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "vars_files": [f"{name}.yml", str(PLAYBOOKS / "vars/survey.yml")],
            "tasks": [
                {
                    "block": [{"ansible.builtin.copy": {"dest": str(folder / f"{name}.json"), "content": variables}}],
                    "rescue": [{"ansible.builtin.copy": {"dest": str(folder / f"{name}.json"), "content": refusal}}],
                }
            ],
        }
        for name in ANSWERS
    ]
    (folder / "play.yml").write_text(json.dumps(plays), encoding="utf-8")
    run = subprocess.run(
        [BIN / "ansible-playbook", "play.yml"],
        cwd=folder,
        env={
            "PATH": os.pathsep.join([str(BIN), os.defpath]),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(project.collections),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ANSWERS}


@pytest.mark.parametrize("name", MEANT)
def test_answers_mean_what_a_person_reads(read: dict[str, dict[str, Any]], name: str) -> None:
    assert {variable: read[name][variable] for variable in MEANT[name]} == MEANT[name]


def test_no_answer_is_not_yes(read: dict[str, dict[str, Any]]) -> None:
    assert not read["nothing"]["survey_force"]


@pytest.mark.parametrize("name", ["no-order", "false-order", "words-for-nothing"])
def test_what_is_no_order_is_not_all_of_them(read: dict[str, dict[str, Any]], name: str) -> None:
    assert "refused" in read[name] or not read[name]["survey_asks_for_all"]


def test_a_template_is_refused_and_not_evaluated(read: dict[str, dict[str, Any]]) -> None:
    assert "www.{{7*7}}.example.com" in read["a-template"]["refused"]
