# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process in which ansible-core 2.18 and the modules are imported, and which is forked for each run of a playbook or module.

Only the process that `tests.support.forked` forks imports this. A play forks its modules, too, instead of packing and starting each of them,
which takes most of its time. A task that does not run on this host as this user is run as Ansible runs it.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
from typing import Any, NoReturn

import ansible.cli.adhoc
import ansible.cli.playbook
from ansible import constants
from ansible.module_utils.common.json import AnsibleJSONEncoder
from ansible.plugins import loader
from ansible.plugins.action import ActionBase
from ansible.utils import color

from tests.support.forked import end_with, run_module

MARK = b"#!forked\n"
"""First line of the data that replaces the code of a forked module."""

PACKAGE = re.compile(r".*/((?:ansible_collections/\w+/\w+/plugins|ansible)/modules/\w+)\.py")
"""The path of a module that is written in Python, and in it the name to import, with slashes."""
PROGRAMS = {"ansible": ansible.cli.adhoc.AdHocCLI, "ansible-playbook": ansible.cli.playbook.PlaybookCLI}

_configure_module = ActionBase._configure_module
_low_level_execute_command = ActionBase._low_level_execute_command


def run_ansible(program: str, arguments: list[str]) -> None:
    """Run `ansible-playbook` or `ansible` in this process, which was forked for the play and has its environment."""
    os.environ["ANSIBLE_PIPELINING"] = "1"
    importlib.reload(constants)  # with the environment and the home of this process
    importlib.reload(color)
    ansible.cli.display._set_column_width()
    PROGRAMS[program].cli_executor([program, *arguments])


def _configure(action: ActionBase, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> Any:
    """Return the configured module as Ansible does; for a forked module, its name and arguments instead of its code."""
    found = loader.module_loader.find_plugin_with_context(module_name, collection_list=action._task.collections)
    path = found.plugin_resolved_path or ""
    package = PACKAGE.fullmatch(path)
    if not package or not _is_forkable(action, task_vars):
        return _configure_module(action, module_name, module_args, task_vars)
    environment: dict[str, str] = {}
    action._compute_environment_string(environment)
    given = json.dumps({"ANSIBLE_MODULE_ARGS": module_args}, cls=AnsibleJSONEncoder, vault_to_text=True)
    name = package[1].replace("/", ".")
    data = MARK + json.dumps({"name": name, "environment": environment, "stdin": given}).encode()
    return "new", f"#!{sys.executable}", data, path


def _is_forkable(action: ActionBase, task_vars: dict[str, Any]) -> bool:
    """Return whether a task runs here, as this user, with this interpreter."""
    if action._task.async_val or action._connection.become:
        return False
    if action._task.delegate_to:
        task_vars = task_vars["ansible_delegated_vars"][action._task.delegate_to]
    interpreter = action._templar.template(task_vars.get("ansible_python_interpreter"))
    return action._connection.transport == "local" and interpreter == sys.executable


def _execute(action: ActionBase, cmd: str, *arguments: Any, in_data: bytes | None = None, **others: Any) -> Any:
    """Run a command as Ansible does, or fork a module."""
    if not in_data or not in_data.startswith(MARK):
        return _low_level_execute_command(action, cmd, *arguments, in_data=in_data, **others)
    module = json.loads(in_data.removeprefix(MARK))
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(module["stdin"].encode())
        stdin.seek(0)
        pid = os.fork()
        if not pid:
            _be_module(module, [stdin.fileno(), stdout.fileno(), stderr.fileno()])
        _, status = os.waitpid(pid, 0)
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read().decode(errors="surrogateescape"))
    output, errors = texts
    return {
        "rc": os.waitstatus_to_exitcode(status),
        "stdout": output,
        "stdout_lines": output.splitlines(),
        "stderr": errors,
        "stderr_lines": errors.splitlines(),
    }


def _be_module(module: dict[str, Any], streams: list[int]) -> NoReturn:
    """Run a module and end this process, which has been forked for it."""
    os.environ.update(module["environment"])
    end_with(streams, lambda: run_module(module["name"]))


loader.init_plugin_loader()
loader._configure_collection_loader = lambda _prefix=None: None  # it is configured
ActionBase._configure_module = _configure
ActionBase._low_level_execute_command = _execute
