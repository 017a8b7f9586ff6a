# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to surveys, written as AWX writes them and read by Ansible, mean to the playbooks what they mean to a person.

ansible-core 2.19 and later take what AWX marks as `!unsafe` for whatever it would be without quotation marks.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.awx_jobs.awx import BIN, Launch, Project
from tests.support.awx_variables import PLAYBOOKS, objects, proposed, safe_dump

OBJECTS = objects()
PROPOSED = proposed()
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
    "text-of-nothing": {"ssl_orders": "[]"},
    "words-for-nothing": {"ssl_orders": "[], -"},
    "after-a-preview": {"ssl_previewed_order_ids": [83], "ssl_awaited_order_ids": [83, 84]},
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
    "text-of-nothing": {"survey_asks_for_all": False, "survey_orders": []},
    "after-a-preview": {"survey_awaited_order_ids": [84]},
    "proposed": {
        "survey_asks_for_all": True,
        "survey_orders": [],
        "survey_allowed_recipients": ["*@*"],
        "survey_force": False,
        "survey_phases": ["collect", "import"],
    },
    "scheduled": {"survey_allowed_recipients": ["*@*"], "survey_force": False},
}
VARIABLES = sorted({name for meant in MEANT.values() for name in meant} | {"survey_read"})
NO_LIST = 'which is no list. Write it like one, two or ["one", "two"].'
ODD: dict[str, dict[str, tuple[Any, str]]] = {
    "resend.yml": {
        "ssl_orders": ("www.{{ 7*7 }}.example.com", NO_LIST),
        "ssl_allowed_recipients": ('{"a": 1}', NO_LIST),
        "ssl_force": ("it's", "but must be true or false."),
    },
    "collect_and_import.yml": {
        "ssl_orders": ("it's", NO_LIST),
        "ssl_phases": ("request", "but must be one of collect, import."),
    },
    "list_orders.yml": {"ssl_orders": ('{"a": 1}', NO_LIST)},
    "report.yml": {"ssl_orders": ("[one", NO_LIST)},
    "deploy.yml": {
        "ssl_load_balancers": ("{{ 7*7 }}", NO_LIST),
        "ssl_common_names": ('"quoted"', NO_LIST),
        "ssl_max_listeners": ("{{ 7*7 }}", "but must be a whole number, such as 12."),
    },
    "verify.yml": {"ssl_load_balancers": ('{"a": 1}', NO_LIST), "ssl_common_names": ("#all", NO_LIST)},
    "rotate.yml": {
        "ssl_load_balancers": ("it's", NO_LIST),
        "ssl_common_names": ("{{ 7*7 }}", NO_LIST),
        "ssl_max_listeners": ('{"a": 1}', "but must be a whole number, such as 12."),
    },
}
"""Answers that cannot be read, by playbook and question, and what is said of each."""
FAILURE = re.compile(r"^fatal: \[localhost\]: FAILED! => (\{.*\})$", re.MULTILINE)

pytestmark = pytest.mark.xdist_group("answers")  # which are read in one run


@pytest.fixture(scope="module")
def read(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the playbooks read, by the name of the answers; one run for all of them."""
    folder = tmp_path_factory.mktemp("answers")
    variables = "{{ {" + ", ".join(f"'{name}': {name}" for name in VARIABLES) + "} | to_json }}"
    for name, answers in ANSWERS.items():
        (folder / f"{name}.yml").write_text(safe_dump(answers), encoding="utf-8")
    plays = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable},
            "vars_files": [f"{name}.yml", str(PLAYBOOKS / "vars/survey.yml")],
            "tasks": [{"ansible.builtin.copy": {"dest": str(folder / f"{name}.json"), "content": variables}}],
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
    assert read[name]["survey_read"]["refused"] or not read[name]["survey_asks_for_all"]


def test_a_template_is_refused_and_not_evaluated(read: dict[str, dict[str, Any]]) -> None:
    (refusal,) = read["a-template"]["survey_read"]["refused"]
    assert refusal.startswith('ssl_orders is "www.{{7*7}}.example.com", ')
    assert read["a-template"]["survey_asks_for_all"] is False and read["a-template"]["survey_orders"] == []


@pytest.mark.parametrize("playbook", ODD)
def test_a_job_says_first_and_alone_what_is_wrong_with_its_answers(launch: Launch, playbook: str) -> None:
    """Before it reads the API, to which it has no key here; not at the end of what Ansible says of its own doings."""
    answers = {name: answer for name, (answer, _) in ODD[playbook].items()}
    job = launch(playbook, credentials={}, extra_vars=answers).wait()
    assert job.status == "failed"
    (failure,) = FAILURE.findall(job.output)
    sentences = [f"{name} is {json.dumps(answer)}, {rest}" for name, (answer, rest) in ODD[playbook].items()]
    assert json.loads(failure)["msg"] == " ".join([*sentences, "Nothing was done."])
