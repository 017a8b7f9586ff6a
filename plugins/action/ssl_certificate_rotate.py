# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_rotate`, and shows how far it is; first it is seen whether the role can write its report."""

from __future__ import annotations

import typing as t

from ansible_collections.softlayer.certificates.plugins.plugin_utils._paths import with_absolute_paths
from ansible_collections.softlayer.certificates.plugins.plugin_utils._progress import ProgressAction

FILES = "__ssl_rotation_files"
"""The variable of the role with the files that it writes at its end."""


class ActionModule(ProgressAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result; in the role, only if its report and metrics can be written."""
        role = self._task._role.get_name() if self._task._role else ""
        files = self._templar.template((task_vars or {}).get(FILES)) if role.endswith("ssl_rotation") else None
        named = {name: path for name, path in (files or {}).items() if path}
        if named:
            options = {**with_absolute_paths(named), "state": "checked"}
            module = "softlayer.certificates.ssl_certificate_report"
            checked = self._execute_module(module_name=module, module_args=options, task_vars=task_vars)
            if checked.get("failed"):
                return checked
        return super().run(tmp, task_vars)
