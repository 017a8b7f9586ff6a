# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to surveys, written as AWX writes them and read by Ansible, mean to the playbooks what they mean to a person.

ansible-core 2.19 and later take what AWX marks as `!unsafe` for whatever it would be without quotation marks.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.e2e.awx_jobs.awx import BIN, Project
from tests.support.awx_variables import PLAYBOOKS, objects, proposed, safe_dump

OBJECTS = objects()
PROPOSED = proposed()
SCHEDULED = OBJECTS["awx_schedules"][0]["extra_data"] | {"ssl_allowed_recipients": PROPOSED["ssl_allowed_recipients"]}
ANSWERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": (
        {"ssl_orders": "", "ssl_allowed_recipients": "", "ssl_phases": ""},
        {
            **{"survey_asks_for_all": True, "survey_allowed_recipients": []},
            **{"survey_phases": ["collect", "import"]},
        },
    ),
    "null": ({"ssl_previewed_order_ids": None, "ssl_orders": None}, {"survey_read": {"ssl_previewed_order_ids": []}}),
    "not-yes": ({"ssl_force": ""}, {}),
    "no": ({"ssl_force": "no"}, {"survey_force": False}),
    "yes": ({"ssl_force": "yes"}, {"survey_force": True}),
    "an-id": (
        {"ssl_orders": "83"},
        {"survey_asks_for_all": False, "survey_order_ids": [83], "survey_common_names": []},
    ),
    "ids": ({"ssl_orders": "83, 84\n85"}, {"survey_order_ids": [83, 84, 85], "survey_common_names": []}),
    "names": (
        {"ssl_orders": "*.example.com münchen.example"},
        {"survey_order_ids": [], "survey_common_names": ["*.example.com", "münchen.example"]},
    ),
    "a-template": (
        {"ssl_orders": "www.{{7*7}}.example.com"},
        {"survey_asks_for_all": False, "survey_common_names": ["www.{{7*7}}.example.com"]},
    ),
    "no-order": ({"ssl_orders": "no"}, {}),
    "false-order": ({"ssl_orders": "false"}, {}),
    "patterns": (
        {"ssl_allowed_recipients": "*@example.com, *@münchen.example"},
        {"survey_allowed_recipients": ["*@example.com", "*@münchen.example"]},
    ),
    "balancers": (
        {"ssl_load_balancers": "prod-*, no\nweb", "ssl_common_names": "*.example.com", "ssl_max_listeners": 0},
        {
            "survey_read": {
                "ssl_load_balancers": ["prod-*", "no", "web"],
                "ssl_common_names": ["*.example.com"],
                "ssl_max_listeners": ["0"],
            }
        },
    ),
    "no-balancers": (
        {"ssl_load_balancers": "", "ssl_common_names": " \n", "ssl_max_listeners": ""},
        {"survey_read": {}},
    ),
    "lists-of-nothing": (
        {"ssl_load_balancers": [], "ssl_common_names": []},
        {"survey_read": {"ssl_load_balancers": [], "ssl_common_names": []}},
    ),
    "a-list": ({"ssl_phases": ["import"]}, {"survey_phases": ["import"]}),
    "a-list-of-names": (
        {"ssl_load_balancers": ["prod web", "b,c"]},
        {"survey_read": {"ssl_load_balancers": ["prod web", "b,c"]}},
    ),
    "a-list-of-nothing": ({"ssl_orders": []}, {"survey_asks_for_all": False, "survey_order_ids": []}),
    "text-of-nothing": ({"ssl_orders": "[]"}, {"survey_asks_for_all": False, "survey_order_ids": []}),
    "commas": ({"ssl_orders": ","}, {"survey_asks_for_all": False, "survey_order_ids": []}),
    "words-for-nothing": ({"ssl_orders": "[], -"}, {}),
    "after-a-preview": (
        {"ssl_previewed_order_ids": [83], "ssl_awaited_order_ids": [83, 84]},
        {"survey_awaited_order_ids": [84]},
    ),
    "proposed": (
        PROPOSED,
        {
            **{"survey_asks_for_all": True, "survey_allowed_recipients": ["*@*"]},
            **{"survey_force": False, "survey_phases": ["collect", "import"]},
        },
    ),
    "scheduled": (SCHEDULED, {"survey_allowed_recipients": ["*@*"], "survey_force": False}),
}
"""Answers, and what they mean."""
VARIABLES = sorted({name for _, meant in ANSWERS.values() for name in meant} | {"survey_refused"})
NO_ORDER = "names, patterns, or order IDs without leading zeros, separated by commas, spaces, or lines"
NO_NAME = "names or patterns, separated by commas, spaces, or lines"
ODD: dict[str, dict[str, tuple[Any, str]]] = {
    "resend.yml": {
        "ssl_orders": ("www.{{ 7*7 }}.example.com", NO_ORDER),
        "ssl_allowed_recipients": ('{"a": 1}', "addresses or patterns, separated by commas, spaces, or lines"),
        "ssl_force": ("it's", "yes or no"),
    },
    "collect_and_import.yml": {"ssl_orders": ("it's", NO_ORDER), "ssl_phases": ("request", "collect, import, or both")},
    "list_orders.yml": {"ssl_orders": ('{"a": 1}', NO_ORDER)},
    "report.yml": {"ssl_orders": ("[one", NO_ORDER), "ssl_fulfillment_order_ids": ("7 one", "order IDs")},
    "deploy.yml": {
        "ssl_load_balancers": ("{{ 7*7 }}", NO_NAME),
        "ssl_common_names": ('"quoted"', NO_NAME),
        "ssl_max_listeners": ("{{ 7*7 }}", "a number"),
    },
    "verify.yml": {"ssl_load_balancers": ('{"a": 1}', NO_NAME), "ssl_common_names": ("#all", NO_NAME)},
    "rotate.yml": {
        "ssl_load_balancers": ("it's", NO_NAME),
        "ssl_common_names": ("{{ 7*7 }}", NO_NAME),
        "ssl_max_listeners": (True, "a number"),
    },
}
"""Answers that cannot be read, by playbook and question, and what each must be."""
ROTATION: dict[str, list[Any]] = {"imported": [], "deployed": [], "removed": []}
NOTHING: dict[str, dict[str, Any]] = {
    "no-email": {"ssl_previewed_order_ids": [], "ssl_previewed_recipients": {}, "ssl_awaited_order_ids": [7]},
    "no-rotation": {"ssl_previewed_rotation": ROTATION},
}
SOMETHING: dict[str, dict[str, Any]] = {
    "an-email": {"ssl_previewed_order_ids": [7]},
    "a-removal": {"ssl_previewed_rotation": {**ROTATION, "removed": [{"id": 7}]}},
    "no-preview": {},
}
"""What previews may tell the job that looks whether there is nothing to approve. What is not known counts as something."""
TWICE = {"ssl_load_balancers": "prod-*", "ssl_rotation_load_balancers": ["test"]}
"""What the survey and the job template both say."""
JOBS: dict[str, tuple[str, dict[str, Any]]] = {
    **{playbook: (playbook, {name: answer for name, (answer, _) in odd.items()}) for playbook, odd in ODD.items()},
    "twice": ("rotate.yml", TWICE),
    **{name: ("nothing_to_approve.yml", stats) for name, stats in (NOTHING | SOMETHING).items()},
}
"""Playbooks that fail, or not, before they read the API, to which they have no key here."""

pytestmark = pytest.mark.xdist_group("answers")  # which are read in one run


@pytest.fixture(scope="module")
def output(project: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What Ansible says, in one run, of what the playbooks read, and of the jobs. Each has a host of its own."""
    folder = tmp_path_factory.mktemp("answers")
    for name in ("tasks", "vars"):
        (folder / name).symlink_to(PLAYBOOKS / name)
    variables = "{{ {" + ", ".join(f"'{name}': {name}" for name in VARIABLES) + "} | to_json | b64encode }}"
    show = {"vars_files": ["vars/survey.yml"], "tasks": [{"ansible.builtin.debug": {"msg": variables}}]}
    plays: dict[str, dict[str, Any]] = dict.fromkeys(ANSWERS, show)
    for name, (playbook, _) in JOBS.items():
        (plays[name],) = yaml.safe_load((PLAYBOOKS / playbook).read_text(encoding="utf-8"))
    given = {name: answers for name, (answers, _) in ANSWERS.items()} | {
        name: given for name, (_, given) in JOBS.items()
    }
    for name, play in plays.items():
        (folder / f"{name}.answers").write_text(safe_dump(given[name]), encoding="utf-8")
        files = [f"{name}.answers", *play.get("vars_files", [])]
        guarded = {"block": play["tasks"], "rescue": [{"ansible.builtin.meta": "noop"}]}
        plays[name] = {
            **{**play, "hosts": name, "connection": "local", "gather_facts": False},
            **{"vars_files": files, "tasks": [guarded]},
        }
    (folder / "play.yml").write_text(json.dumps(list(plays.values())), encoding="utf-8")
    run = subprocess.run(
        [BIN / "ansible-playbook", f"--inventory={','.join(plays)}", "play.yml"],
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
    return run.stdout


@pytest.fixture(scope="module")
def read(output: str) -> dict[str, dict[str, Any]]:
    """What the playbooks read, by the name of the answers."""
    shown = re.findall(r'^ok: \[(.+)\] => \{\s+"msg": "([\w+/=]+)"$', output, re.MULTILINE)
    return {name: json.loads(base64.b64decode(text)) for name, text in shown}


@pytest.fixture(scope="module")
def failures(output: str) -> dict[str, list[str]]:
    """What each job says that fails."""
    failed: dict[str, list[str]] = {name: [] for name in JOBS}
    for name, result in re.findall(r"^fatal: \[(.+?)\]: FAILED! => (\{.*?\})$", output, re.MULTILINE | re.DOTALL):
        failed[name].append(json.loads(result)["msg"])
    return failed


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_mean_what_a_person_reads(read: dict[str, dict[str, Any]], name: str) -> None:
    _, meant = ANSWERS[name]
    assert {variable: read[name][variable] for variable in meant} == meant


def test_no_answer_is_not_yes(read: dict[str, dict[str, Any]]) -> None:
    assert not read["not-yes"]["survey_force"]


@pytest.mark.parametrize("name", ["no-order", "false-order", "words-for-nothing"])
def test_what_is_no_order_is_not_all_of_them(read: dict[str, dict[str, Any]], name: str) -> None:
    assert read[name]["survey_refused"] or not read[name]["survey_asks_for_all"]


def test_a_template_is_refused_and_not_evaluated(read: dict[str, dict[str, Any]]) -> None:
    assert "Cannot read the answer to ssl_orders" in read["a-template"]["survey_refused"]


@pytest.mark.parametrize("playbook", ODD)
def test_a_job_says_first_and_alone_what_is_wrong_with_its_answers(
    failures: dict[str, list[str]], playbook: str
) -> None:
    """Not at the end of what Ansible says of its own doings."""
    (said,) = failures[playbook]
    sentences = {
        f"Cannot read the answer to {name}: the answer must be {must}." for name, (_, must) in ODD[playbook].items()
    }
    assert {*re.findall(r"Cannot.*?\.", said)} == sentences and said.endswith(". Nothing was changed.")


def test_what_is_said_twice_is_refused(failures: dict[str, list[str]]) -> None:
    (message,) = failures["twice"]
    assert f"set a selection: {' and '.join(TWICE)}." in message


def test_whether_there_is_nothing_to_approve(failures: dict[str, list[str]], output: str) -> None:
    assert output.count("so the workflow does not require an approval") == len(NOTHING)
    assert {name: "requires an approval" in " ".join(failures[name]) for name in NOTHING | SOMETHING} == {
        **dict.fromkeys(NOTHING, False),
        **dict.fromkeys(SOMETHING, True),
    }
