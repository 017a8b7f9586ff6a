# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses. Each function raises a refusal, or says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .kinds import Fields, Kind

Record = dict[str, Any]

ENCRYPTED = "$encrypted$"
_TYPES = {"string": str, "boolean": bool, "integer": int, "id": int, "json": (dict, str)}
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_FORBIDDEN_ENVIRONMENT = re.compile(
    r"ANSIBLE_.*|PATH|PYTHONPATH|VIRTUAL_ENV|JOB_ID|INVENTORY_ID|REST_API_(URL|TOKEN)|CACHE"
)
_ANSWERS = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str}
_QUESTIONS = {**_ANSWERS, "integer": int, "float": (float, int)}
_PROMPTS = {
    "job_type": "ask_job_type_on_launch",
    "limit": "ask_limit_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
}


class Refusal(Exception):
    """AWX does not do it."""

    def __init__(self, body: Mapping[str, Any], status: int = 400) -> None:
        super().__init__(str(body))
        self.body = dict(body)
        self.status = status


def require(condition: object, field: str, message: str) -> None:
    """Refuse the value of a field unless a condition holds."""
    if not condition:
        raise Refusal({field: [message]})


def check_fields(kind: Kind, sent: Mapping[str, Any], record: Record) -> None:
    """Each value that was sent is of the field's type, and nothing that is required is missing."""
    for name, value in sent.items():
        if name in kind.fields:
            _check_field(name, value, kind.fields)
    for name, described in kind.fields.items():
        require(not described["required"] or record.get(name) not in (None, ""), name, "This field is required.")


def _check_field(name: str, value: Any, fields: Fields) -> None:
    described = fields[name]
    if value is None:
        text = described["type"] in ("string", "choice")  # AWX takes null for an empty text
        nothing = described.get("default") is None and not described["required"]
        require(text or nothing, name, "This field may not be null.")
        return
    if described["type"] == "choice":
        values = [choice for choice, _label in described["choices"]]
        require(value in values, name, f'"{value}" is not a valid choice.')
        return
    require(isinstance(value, _TYPES[described["type"]]), name, f"Not a valid {described['type']}.")
    require(not isinstance(value, bool) or described["type"] == "boolean", name, "Not a valid number.")
    if isinstance(value, str):
        longest = described.get("max_length", len(value))
        require(len(value) <= longest, name, f"Ensure this field has no more than {longest} characters.")
    elif isinstance(value, int):
        require(value >= described.get("min_value", value), name, "Ensure this value is not too small.")
        require(value <= described.get("max_value", value), name, "Ensure this value is not too large.")


def check_credential_type(record: Record) -> None:
    """Fields of a form, and templates that use no others."""
    inputs, injectors = record["inputs"], record["injectors"]
    require(set(inputs) <= {"fields", "required"}, "inputs", "Additional properties are not allowed")
    known = {
        *("id", "label", "type", "format", "choices", "help_text"),
        *("multiline", "secret", "ask_at_runtime", "default"),
    }
    names = [field.get("id") for field in inputs.get("fields", [])]
    for field in inputs.get("fields", []):
        require({"id", "label"} <= set(field), "inputs", "'id' and 'label' are required properties")
        require(set(field) <= known, "inputs", "Additional properties are not allowed")
        require(_VARIABLE.fullmatch(field["id"]), "inputs", f"{field['id']} is an invalid variable name")
        require(field["id"] != "tower", "inputs", '"tower" is a reserved field name')
        kind = field.setdefault("type", "string")
        require(kind in ("string", "boolean"), "inputs", f"'{kind}' is not one of ['string', 'boolean']")
        require(kind == "string" or "secret" not in field, "inputs", "secret not allowed for boolean")
        require(isinstance(field.get("default", ""), str) or kind == "boolean", "inputs", "default is not a string")
    require(len(names) == len(set(names)), "inputs", "field IDs must be unique")
    require(set(injectors) <= {"env", "file", "extra_vars"}, "injectors", "Additional properties are not allowed")
    for variable, template in injectors.get("env", {}).items():
        require(_VARIABLE.fullmatch(variable), "injectors", f"{variable} is not a name")
        require(not _FORBIDDEN_ENVIRONMENT.fullmatch(variable), "injectors", f"{variable} is not allowed")
        try:
            ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(
                dict.fromkeys(names, "EXAMPLE")
            )
        except UndefinedError as error:
            raise Refusal({"injectors": [f"{variable} uses an undefined field ({error})"]}) from error


def check_credential(record: Record, credential_type: Record) -> None:
    """Values for fields that the type has; strings, one of the choices where there are any."""
    fields = {field["id"]: field for field in credential_type["inputs"].get("fields", [])}
    for name, value in record["inputs"].items():
        require(name in fields, "inputs", f"Additional properties are not allowed ('{name}' was unexpected)")
        wanted = bool if fields[name]["type"] == "boolean" else str
        require(isinstance(value, wanted), "inputs", f"{name} is not of type {fields[name]['type']}")
        require(value in fields[name].get("choices", [value]), "inputs", f"{name} is not one of the choices")


def check_project(record: Record, others: Iterable[Record], local_paths: Mapping[str, list[str]]) -> None:
    """A manual project has a folder of its own and no options of updates; another one has a URL."""
    if record["scm_type"]:
        require(record["scm_url"], "scm_url", "SCM URL is required.")
        return
    require(record["local_path"] in local_paths, "local_path", "Invalid path choice.")
    taken = [other["local_path"] for other in others if not other["scm_type"]]
    require(record["local_path"] not in taken, "local_path", "Invalid path choice.")
    for option in ("scm_update_on_launch", "scm_delete_on_update", "scm_track_submodules", "scm_clean"):
        require(not record[option], option, "Update options must be set to false for manual projects.")


def check_job_template(record: Record, project: Record | None, local_paths: Mapping[str, list[str]]) -> None:
    """A playbook that the project has, or may have, and hosts to run it on."""
    require(project, "project", "Job Templates must have a project assigned.")
    require(
        record["inventory"] or record["ask_inventory_on_launch"], "inventory", "You must either set a default value"
    )
    assert project is not None
    if not project["allow_override"]:
        playbooks = local_paths.get(project["local_path"], [])
        require(record["playbook"] in playbooks, "playbook", "Playbook not found for project.")


def check_credentials_of_one(credential: Record, others: Iterable[Record]) -> None:
    """At most one credential of each type."""
    if any(other["credential_type"] == credential["credential_type"] for other in others):
        raise Refusal({"error": "Cannot assign multiple credentials of one type."})


def check_inventory_source(record: Record, project: Record | None) -> None:
    """From a project that AWX fetches, if it is from a project."""
    if record["source"] != "scm":
        return
    require(project, "source_project", "Project required for scm type sources.")
    assert project is not None
    require(project["scm_type"], "source_project", "Cannot use manual project for SCM-based inventory.")


def check_survey(spec: Any) -> None:
    """A named list of complete questions."""
    for name, wanted in (("name", str), ("description", str), ("spec", list)):
        _require_survey(name in spec, f"Field '{name}' is missing from survey spec.")
        _require_survey(isinstance(spec[name], wanted), f"Field '{name}' is of the wrong type.")
    _require_survey(spec["spec"], "'spec' doesn't contain any items.")
    names = [question.get("variable") for question in spec["spec"]]
    _require_survey(len(names) == len(set(names)), "'variable' duplicated in survey question")
    for question in spec["spec"]:
        for name, wanted in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
            _require_survey(isinstance(question.get(name), wanted), f"'{name}' missing from survey question")
        _require_survey(question["type"] in _QUESTIONS, f"{question['type']} is not an allowed question type.")
        default = question.get("default", "")
        _require_survey(default == "" or isinstance(default, _QUESTIONS[question["type"]]), "Default of a wrong type.")
        if question["type"] in ("multiplechoice", "multiselect"):
            _require_survey(question.get("choices"), "must specify choices.")
            chosen = str(default).splitlines()
            _require_survey(set(chosen) <= set(choices_of(question)), "Default choice must be one of the choices.")


def _require_survey(condition: object, message: str) -> None:
    if not condition:
        raise Refusal({"error": message})


def choices_of(question: Mapping[str, Any]) -> list[str]:
    """What a question can be answered with, however it is written."""
    choices: list[str] | str = question["choices"]
    return choices.splitlines() if isinstance(choices, str) else choices


def check_launch(record: Record, template: Record, survey: Mapping[str, Any], *, complete: bool) -> None:
    """Only what the template asks for is given, and, if it must be complete, all of it."""
    for name, ask in _PROMPTS.items():
        given = record.get(name) not in (None, "")
        require(not given or template.get(ask), name, "Field is not configured to prompt on launch.")
    questions = {question["variable"]: question for question in survey.get("spec", [])} if survey else {}
    answers = record.get("extra_data") or {}
    for name, value in answers.items():
        known = name in questions or template.get("ask_variables_on_launch")
        require(known, "extra_data", f"Variables {name} are not allowed on launch.")
        if name in questions and questions[name]["type"] == "multiplechoice":
            require(value in choices_of(questions[name]), "extra_data", f"Value {value} for '{name}' is no choice.")
        elif name in questions:
            require(isinstance(value, _QUESTIONS[questions[name]["type"]]), "extra_data", f"{name} has a wrong type.")
    if complete:
        missing = [name for name, question in questions.items() if question["required"] and name not in answers]
        if missing:
            raise Refusal({"variables_needed_to_start": [f"'{name}' value missing" for name in missing]})


def check_rrule(rrule: str) -> None:
    """A start in a known time zone, and rules that are not too frequent."""
    require(re.search(r"DTSTART(;TZID=[^:]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)( |$)", rrule), "rrule", "Valid DTSTART required")
    require(rrule.count("DTSTART") == 1, "rrule", "Multiple DTSTART is not supported.")
    rules = re.findall(r"RRULE:(\S*)", rrule)
    require(rules, "rrule", "One or more rule required in rrule.")
    for rule in rules:
        parts = dict(part.split("=", 1) for part in rule.split(";"))
        require("INTERVAL" in parts, "rrule", "INTERVAL required in rrule")
        require(parts.get("FREQ") in ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"), "rrule", "FREQ")
        require(int(parts.get("COUNT", 1)) <= 999, "rrule", "COUNT > 999 is unsupported")


def check_link(parent: Record, child: Record, way: str, nodes: Mapping[int, Record]) -> None:
    """Two nodes of one workflow, linked in one way only, and no way back."""
    if parent["workflow_job_template"] != child["workflow_job_template"]:
        raise Refusal({"Error": "Nodes of different workflows."})
    ways = ("success_nodes", "failure_nodes", "always_nodes")
    if any(child["id"] in parent["associations"][other] for other in ways if other != way):
        raise Refusal({"Error": "Relationship not allowed."})
    pending, seen = [child["id"]], set()
    while pending:
        number = pending.pop()
        if number == parent["id"]:
            raise Refusal({"Error": "Cycle detected."})
        if number not in seen:
            seen.add(number)
            pending.extend(following for other in ways for following in nodes[number]["associations"][other])
