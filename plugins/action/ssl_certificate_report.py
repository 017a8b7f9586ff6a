# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_report`, with the page that it fills in."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.softlayer.certificates.plugins.module_utils._files import absolute
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import page_in


class ActionModule(OnceAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module. On this machine, a relative path is one from the folder that a person is in, not from the playbook's."""
        options = self._task.args
        if self._connection.transport == "local":
            for name in ("path", "metrics_path"):
                if isinstance(options.get(name), str) and options[name].strip():
                    options[name] = absolute(options[name])
        given = options.get("page")
        if given is None or isinstance(given, Mapping):
            own = {name: part for name, part in (given or {}).items() if part is not None}
            options["page"] = {**page_in(str(options.get("language"))), **own}
        return super().run(tmp, task_vars)
