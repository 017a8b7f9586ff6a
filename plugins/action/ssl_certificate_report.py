# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_report`, with the page that it fills in."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import page_in


class ActionModule(OnceAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result."""
        options = self._task.args
        given = options.get("page")
        if given is None or isinstance(given, Mapping):
            own = {name: part for name, part in (given or {}).items() if part is not None}
            options["page"] = {**page_in(str(options.get("language"))), **own}
        return super().run(tmp, task_vars)
