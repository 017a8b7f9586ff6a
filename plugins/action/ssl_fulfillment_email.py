# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of the roles, unless the task has `run_once` and would run several times.

`meta/runtime.yml` routes all modules of the roles to this plugin. Some strategies ignore `run_once`, and with `serial` a task runs once for each
batch. A module that sends emails for all orders would then send each email once for each host.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.plugins.loader import strategy_loader
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.progress import TERMINAL_VARIABLE
from ansible_collections.softlayer.certificates.plugins.plugin_utils._commands import complete_commands

COMMAND_MODULES = ("ssl_certificate_rotate", "ssl_certificate_deploy")
"""The modules whose messages contain commands."""
QUIET_CALLBACK = "softlayer.certificates.quiet"
"""The callback that prints only the errors of failed runs."""
RUNNER_VARIABLE = "AWX_ISOLATED_DATA_DIR"
"""Environment variable that ansible-runner sets. AWX and ansible-navigator use ansible-runner, and read the terminal of Ansible."""


class ActionModule(NormalAction):
    """The action plugin of all modules. Ansible requires this class name."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result."""
        variables = task_vars or {}
        why_not = why_repeated(str(self._task.get_play().strategy), variables) if self._task.run_once else None
        if why_not:
            return {
                "failed": True,
                "msg": why_not,
                "failure": CertificatesError("invalid_argument", why_not).build_failure(),
            }
        if self._connection.transport == "local" and not (self._task.check_mode or self._task.async_val):
            host = str(variables.get("inventory_hostname", "localhost"))
            self._task.environment = [*(self._task.environment or ()), create_progress_environment(host)]
        result = super().run(tmp, task_vars)
        if self._task.action.endswith(COMMAND_MODULES):
            result = complete_commands(result, self._task.args, variables, self._loader)
        return result


def why_repeated(strategy: str, variables: Mapping[str, t.Any]) -> str | None:
    """Return why a task with `run_once` would run more than once in a play, or `None`.

    Args:
        strategy: the strategy of the play.
        variables: the variables of a host, which list all hosts of the play, the hosts that have not failed, and the hosts of the batch.
    """
    every, left, batch = (set(variables.get(f"ansible_play_{name}") or ()) for name in ("hosts_all", "hosts", "batch"))
    if len(every) > 1 and not is_linear(strategy):
        return (
            f"Cannot run once in a play with the strategy {strategy}: the task would run for each of the {len(every)} hosts. Nothing was "
            "changed. Set `strategy: ansible.builtin.linear` in the play, or use a separate play on localhost."
        )
    if left - batch:
        return (
            "Cannot run once in a play with `serial`: the task would run for each batch of hosts. Nothing was changed. Remove `serial`, "
            "or use a separate play on localhost."
        )
    return None


def is_linear(strategy: str) -> bool:
    """Return whether a strategy runs each task for all hosts together, like `linear` and its subclasses."""
    plugin = strategy_loader.get(strategy.removeprefix("ansible.builtin."), class_only=True)
    # Not by the class itself: by its long name, Ansible loads it a second time.
    return any(base.__module__.endswith("strategy.linear") for base in getattr(plugin, "__mro__", ()))


def create_progress_environment(host: str) -> dict[str, str]:
    """Return the environment variable with the path of ansible-playbook's terminal, for progress messages; empty without a terminal.

    The process of a task has no terminal, so the path is read from the parent process, which is possible only on Linux.
    """
    if RUNNER_VARIABLE in os.environ or t.cast(t.Any, constants).DEFAULT_STDOUT_CALLBACK == QUIET_CALLBACK:
        return {}
    try:
        path = os.readlink(f"/proc/{os.getppid()}/fd/1")
    except OSError:
        return {}
    return {TERMINAL_VARIABLE: f"{path} {host}"} if path.startswith("/dev/") else {}
