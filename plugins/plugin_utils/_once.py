# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that is to run once runs once a play, or not at all. Private to softlayer.certificates.

With some strategies `run_once` means nothing, and with `serial` it means once a batch. What sends emails for all orders would send them for
each host, and its limits would count each time anew.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from functools import cache

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.plugins.loader import strategy_loader
from ansible_collections.softlayer.certificates.plugins.module_utils._codes import Code
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.plugin_utils._called import with_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._commands import completed, start_of
from ansible_collections.softlayer.certificates.plugins.plugin_utils._paths import with_absolute_paths
from ansible_collections.softlayer.certificates.plugins.plugin_utils._progress import environment_for

OURS = "softlayer.certificates."
"""How the names of the roles begin that have variables in the place of options."""


FILES = {"ssl_rotation": "__ssl_rotation_files", "ssl_fulfillment": "__ssl_fulfillment_files"}
"""The variables of the roles with the files that they write at their end."""


class OnceAction(NormalAction):
    """Runs a module as Ansible does, unless it is to run once and would not.

    In a role of this collection, paths are what people mean, and messages name the role's variables. The commands in messages work as
    printed. A person at a terminal sees how far a module on this machine is.

    Each module has a class of its own in `plugins/action`. With a redirect of actions in `meta/runtime.yml`, the `module_defaults` of one
    module would hold for all of them. With `action_plugin` there, Ansible would load the class where the terminal is gone.
    """

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result."""
        if self.role:
            self._task.args = with_absolute_paths(self._task.args)
        why_not = self.why_not(task_vars or {})
        if why_not:
            return refused(why_not)
        if self._connection.transport == "local" and not (self._task.check_mode or self._task.async_val):
            watched = environment_for(str((task_vars or {}).get("inventory_hostname", "localhost")))
            self._task.environment = [*(self._task.environment or ()), watched]
        result = super().run(tmp, task_vars)

        start = cache(lambda: start_of(self._task.args, task_vars or {}, self._loader))
        return with_variables(result, self.role, self._task.action, lambda command: completed(command, start))

    @property
    def role(self) -> str:
        """The name of the role of this collection that the task is a part of; blank if it is in none."""
        name = str(self._task._role.get_name()) if self._task._role else ""
        return name.removeprefix(OURS) if name.startswith(OURS) else ""

    def why_not_written(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the result of the module that looks whether the role can write its report, if it cannot; else nothing."""
        files = self._templar.template(task_vars.get(FILES.get(self.role, ""))) or {}
        named = {name: path for name, path in files.items() if path}
        if not named:
            return {}
        options = {**with_absolute_paths(named), "state": "checked"}
        module = f"{OURS}ssl_certificate_report"
        checked = self._execute_module(module_name=module, module_args=options, task_vars=task_vars)
        return with_variables(checked, self.role, module) if checked.get("failed") else {}

    def why_not(self, task_vars: Mapping[str, t.Any]) -> str | None:
        """Return why the task would run more than once, though it is to run once; else `None`."""
        return why_not_once(str(self._task.get_play().strategy), task_vars) if self._task.run_once else None


def refused(why: str, code: Code = "invalid_argument") -> dict[str, t.Any]:
    """Return the result of a task that was not run, or not to its end."""
    failure = CertificatesError(code, why).as_failure()
    return {"failed": True, "changed": False, "msg": why, "failure": failure}


def why_not_once(strategy: str, variables: Mapping[str, t.Any]) -> str | None:
    """Return why a task with `run_once` would run more than once in a play, `None` if it does not.

    Args:
        strategy: of the play.
        variables: of a host; Ansible's own tell all hosts of the play, those that have not failed, and those of the batch.
    """
    every, left, batch = (set(variables.get(f"ansible_play_{name}") or ()) for name in ("hosts_all", "hosts", "batch"))
    if len(every) > 1 and not keeps_step(strategy):
        return (
            f"The strategy {strategy} of this play runs for each of its {len(every)} hosts what is to run once, so nothing was done: write "
            "strategy: ansible.builtin.linear in the play, or take a play of its own on localhost."
        )
    if left - batch:
        return (
            "The play runs in batches (serial), and in each of them would run again what is to run once, so nothing was done: leave serial out, "
            "or take a play of its own."
        )
    return None


def keeps_step(strategy: str) -> bool:
    """Return whether a strategy takes all hosts through a task together, so that `run_once` means something: `linear`, and what derives from it."""
    plugin = strategy_loader.get(strategy.removeprefix("ansible.builtin."), class_only=True)
    # Not by the class itself: by its long name, Ansible loads it a second time.
    return any(base.__module__.endswith("strategy.linear") for base in getattr(plugin, "__mro__", ()))
