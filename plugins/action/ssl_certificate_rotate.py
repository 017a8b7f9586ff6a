# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_rotate`, and shows how far it is; first it is seen whether the role can write its report."""

from __future__ import annotations

import typing as t

from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction


class ActionModule(OnceAction):
    """Runs the module."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result."""
        return self.why_not_written(task_vars or {}) or super().run(tmp, task_vars)
