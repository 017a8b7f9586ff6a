# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Complete the commands in messages with the options of the run. Private to softlayer.certificates.

A module creates the commands (`module_utils/_base/remedies.py`), but only the control node knows the start of the run: the files of `-e`, the
options of the task, and AWX. A command never contains a secret; missing options are listed after the command.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from ansible import context
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible_collections.softlayer.certificates.plugins.module_utils._base.options import ArgumentSpec, parse_json
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import PLAIN_VALUE
from ansible_collections.softlayer.certificates.plugins.module_utils._base.secrets import find_secrets
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import (
    read_role_defaults,
    read_role_variables,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import make_plain

MESSAGE_KEYS = frozenset({"msg", "message", "trust_message", "summary", "switch_back_command"})
"""The keys of results that contain messages."""
SKIPPED_KEYS = frozenset({"invocation", "diff", "preview"})
COMMAND_PATTERN = re.compile(r"`[^`]*`")
ROLE = "ssl_rotation"
"""The role of the playbooks in commands."""
PLAYBOOK_PATTERN = re.compile(
    r"`(ansible-playbook -i localhost, softlayer\.certificates\.(adopt|deploy|rotate))( [^`]*)?`"
)
MODULE_PATTERN = re.compile(
    r"`(ansible localhost -m softlayer\.certificates\.(ssl_certificate_(?:deploy|import)) -a '[^'`]*)'`"
)
SOURCE_PATTERN = re.compile(r"\bsource[\"=]")
"""Pattern of a setting that specifies the source in a command."""
PLAYBOOK_OPTIONS = {"phases", "approved", "adopt", "gather_certificates"}
"""The options that the playbooks set."""
IMPORT_OPTIONS = {
    *("sources", "import_new", "trust", "intermediate_path", "privatekey_passphrase"),
}
SELECTION_OPTIONS = {
    *(
        "common_names",
        "load_balancers",
        "max_listeners",
        "endpoints",
        "import_new",
        "remove_superseded",
        "remove_superseded_after_days",
        "remove_unverified",
        "remove_expired_after_days",
    ),
}
EXCLUDED_OPTIONS: Mapping[str, set[str]] = {
    "adopt": PLAYBOOK_OPTIONS | SELECTION_OPTIONS,
    "deploy": PLAYBOOK_OPTIONS | IMPORT_OPTIONS,
    "rotate": PLAYBOOK_OPTIONS,
}
"""Options that are not added to the command of a playbook, because they have no effect or another meaning, by playbook."""
MODULE_OPTIONS: Mapping[str, Sequence[str]] = {
    "ssl_certificate_deploy": ("trusted_ca_path", "verify_timeout", "rollback", "check_revocation", "ledger_url"),
    "ssl_certificate_import": ("ledger_url",),
}
"""Options of the run to add to the command of a module, by module."""
ADOPT_VARIABLES = {"source", "common_name", "name", "listener", "listeners"}
"""Variables of the playbook `adopt`, which the command already contains."""
PLAIN_YAML_PATTERN = re.compile(r"(?!(?:y|yes|n|no|true|false|on|off|null)\Z)[A-Za-z/][\w./@-]*", re.IGNORECASE)
"""Pattern of strings that need no quotes in YAML lists and dicts."""
TEMPLATE_PATTERN = re.compile(r"\{[{%#]")
JOB_ID_VARIABLES = ("awx_job_id", "tower_job_id")
"""The extra variables in which AWX sets the ID of a job."""
WORKFLOWS_VARIABLE = "__ssl_rotation_workflows"
"""The variable with the AWX workflows that replace playbooks."""


@dataclass(frozen=True)
class RunStart:
    """The options and the environment of a run."""

    options: Mapping[str, t.Any]
    """The options of the task with a variable of the role."""
    files: Sequence[str] = ()
    """The command line arguments for variable files and their decryption."""
    file_options: frozenset[str] = frozenset()
    """The options in the variable files."""
    is_awx: bool = False
    """Whether AWX started the run."""
    workflows: Mapping[str, str] = field(default_factory=dict)
    """The AWX workflow that replaces a playbook, by playbook."""

    def build_playbook_command(self, begin: str, name: str, own: str) -> str:
        """Return the command for a playbook, or the workflow that replaces the playbook; `own` is the end of the command in the message."""
        if name in self.workflows:
            return f"the workflow `{self.workflows[name]}`"
        left_out = EXCLUDED_OPTIONS[name] | self.file_options | ({"sources"} if SOURCE_PATTERN.search(own) else set())
        wanted = {option: value for option, value in self.options.items() if option not in left_out}
        variables = {f"{ROLE}_{option}": value for option, value in wanted.items() if _can_be_shown(option, value)}
        missing = [f"{ROLE}_{option}" for option in wanted if f"{ROLE}_{option}" not in variables]
        lacks_sources = "sources" not in left_out and "sources" not in wanted
        notes = ["with ssl_rotation_sources set to the sources of the certificates"] if lacks_sources else []
        return self._add_notes(" ".join([begin, *self.files, *_format_settings(variables)]) + own, missing, notes)

    def build_module_command(self, begin: str, name: str) -> str:
        """Return the command for a module; `begin` is the command in the message up to the last quote."""
        wanted = {option: self.options[option] for option in MODULE_OPTIONS[name] if option in self.options}
        texts = {option: _format_text(value) for option, value in wanted.items() if _can_be_shown(option, value)}
        words = [f"{option}={text}" for option, text in texts.items() if text]
        return self._add_notes(f"{' '.join([begin, *words])}'", [option for option in wanted if not texts.get(option)])

    def _add_notes(self, command: str, missing: Sequence[str], others: Sequence[str] = ()) -> str:
        notes = (
            *(["on a command line, because AWX does not have a job template for this command"] if self.is_awx else ()),
            *([f"with {' and '.join(missing)} as in this run"] if missing else ()),
            *others,
        )
        return f"`{command}`" + (f" ({'; '.join(notes)})" if notes else "")


def complete_commands(
    result: dict[str, t.Any], options: Mapping[str, t.Any], variables: Mapping[str, t.Any], loader: DataLoader
) -> dict[str, t.Any]:
    """Return the result of a module with complete commands in its messages.

    Args:
        result: the result.
        options: the options of the task.
        variables: the variables of Ansible.
        loader: reads and decrypts files.
    """
    start = cache(lambda: find_start(options, variables, loader))

    def walk(value: t.Any, is_message: bool = False) -> t.Any:
        if isinstance(value, list):
            return [walk(item, is_message) for item in value]
        if isinstance(value, dict):
            return {
                name: item if name in SKIPPED_KEYS else walk(item, name in MESSAGE_KEYS) for name, item in value.items()
            }
        if not (is_message and isinstance(value, str)):
            return value
        return COMMAND_PATTERN.sub(lambda command: complete_command(command[0], start), value)

    completed_result = t.cast("dict[str, t.Any]", walk(result))
    if completed_result.get("msg") != result.get("msg"):
        completed_result.pop("exception", None)  # from ansible-core 2.19 on, it has the message, too
    return completed_result


def complete_command(command: str, start: Callable[[], RunStart]) -> str:
    """Return the complete command for a text in backticks; other texts are returned unchanged.

    Args:
        command: the text, with the backticks.
        start: returns the start of the run; called only if necessary.
    """
    if playbook := PLAYBOOK_PATTERN.fullmatch(command):
        return start().build_playbook_command(playbook[1], playbook[2], playbook[3] or "")
    if module := MODULE_PATTERN.fullmatch(command):
        return start().build_module_command(module[1], module[2])
    return command


def find_start(options: Mapping[str, t.Any], variables: Mapping[str, t.Any], loader: DataLoader) -> RunStart:
    """Return the start of the current run.

    Args:
        options: the options of the task.
        variables: the variables of Ansible.
        loader: reads and decrypts files.
    """
    workflows = make_plain(variables.get(WORKFLOWS_VARIABLE) or {})
    own = {option: value for option, value in _select_known(options).items() if not _is_default(option, value)}
    if workflows or any(variables.get(name) for name in JOB_ID_VARIABLES):  # its files are gone with the job
        return RunStart(own, is_awx=True, workflows=workflows)
    files, overridden = _read_extra_variables(loader)
    unfit = ADOPT_VARIABLES | {name.removeprefix(f"{ROLE}_") for name in read_role_variables(ROLE)}
    fit = {path: names for path, names in files.items() if not names & unfit}
    in_files = {name.removeprefix(f"{ROLE}_") for names in fit.values() for name in names if name.startswith(ROLE)}
    if not in_files:
        fit = {}
    again = {option: value for option, value in _select_known(options).items() if f"{ROLE}_{option}" in overridden}
    words = [f"-e {shlex.quote(f'@{path}')}" for path in fit]
    return RunStart(
        {**own, **again}, [*words, *_format_vault_arguments()] if words else (), frozenset(in_files - again.keys())
    )


def _select_known(options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the nonempty options with a variable of the role, as plain values."""
    known = read_role_variables(ROLE)
    values = {
        name: parse_json(make_plain(value), (dict, list))
        for name, value in options.items()
        if f"{ROLE}_{name}" in known
    }
    return {
        name: value
        for name, value in values.items()
        if value not in (None, "") and not (name == "sources" and not value)
    }


def _is_default(option: str, value: t.Any) -> bool:
    default = read_role_defaults(ROLE).get(f"{ROLE}_{option}")
    return value == default or str(value).lower() == str(default).lower()


def _can_be_shown(option: str, value: t.Any) -> bool:
    """Return whether a value contains neither a secret nor a template."""
    name = f"{ROLE}_{option}"
    secrets = (*ArgumentSpec(read_role_variables(ROLE)).list_secrets({name: value}), *find_secrets(value))
    return not secrets and not TEMPLATE_PATTERN.search(str(value))


def _format_settings(variables: Mapping[str, t.Any]) -> Iterator[str]:
    """Yield the arguments that set variables, without double quotes if possible, because Ansible escapes double quotes."""
    texts = {name: _format_text(value) for name, value in variables.items()}
    yield from (f"-e {shlex.quote(f'{name}={text}')}" for name, text in texts.items() if text)
    others = {name: value for name, value in variables.items() if not texts[name]}
    if others:
        flow = _format_yaml(others)
        yield f"-e {shlex.quote(json.dumps(others, ensure_ascii=False) if flow is None else flow)}"


def _format_text(value: t.Any) -> str | None:
    """Return the text of a value for `NAME=VALUE`; `None` for a value that requires quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and all(isinstance(item, str) and item and "," not in item for item in value):
        value = ",".join(value)
    text = str(value) if isinstance(value, str | int | float) else ""
    return text if PLAIN_VALUE.fullmatch(text) else None


def _format_yaml(value: t.Any) -> str | None:
    """Return a value as one line of YAML; `None` for a value that requires quotes."""
    if isinstance(value, dict):
        pairs = [(_format_yaml(name), _format_yaml(item)) for name, item in value.items()]
        parts = [f"{name}: {item}" for name, item in pairs if name is not None and item is not None]
        return f"{{{', '.join(parts)}}}" if len(parts) == len(pairs) else None
    if isinstance(value, list):
        items = [_format_yaml(item) for item in value]
        texts = [item for item in items if item is not None]
        return f"[{', '.join(texts)}]" if len(texts) == len(items) else None
    if isinstance(value, str):
        return value if PLAIN_YAML_PATTERN.fullmatch(value) else None
    return json.dumps(value)


def _read_extra_variables(loader: DataLoader) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Return the variable names in each `-e` file, by path, and the names of all other `-e` variables.

    Paths below the current directory are relative.
    """
    files: dict[str, frozenset[str]] = {}
    others: set[str] = set()
    for given in map(str, context.CLIARGS.get("extra_vars") or ()):
        with suppress(AnsibleError):
            if not given.startswith("@"):
                others |= _collect_names(loader.load(given) if given[:1] in {"[", "{"} else parse_kv(given))
            elif os.path.isfile(path := os.path.abspath(os.path.expanduser(given[1:]))):  # no pipe, which is read once
                folder = os.path.join(os.getcwd(), "")
                files[path.removeprefix(folder)] = frozenset(_collect_names(loader.load_from_file(path)))
    return files, frozenset(others)


def _collect_names(variables: Iterable[t.Any] | None) -> set[str]:
    return set(map(str, variables or ()))


def _format_vault_arguments() -> Iterator[str]:
    """Yield the command line arguments that decrypt files."""
    for option in ("vault_id", "vault_password_file"):
        for value in context.CLIARGS.get(f"{option}s") or ():
            yield f"--{option.replace('_', '-')} {shlex.quote(str(value))}"
    if context.CLIARGS.get("ask_vault_pass"):
        yield "--ask-vault-pass"
