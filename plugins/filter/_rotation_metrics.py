# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what a rotation has found and done for the textfile collector of Prometheus's node_exporter."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ansible_collections.softlayer.certificates.plugins.module_utils._libraries import FOR_METRICS
from ansible_collections.softlayer.certificates.plugins.module_utils._report.metrics import as_metrics
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._libraries import require
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import on_variables


@on_variables
def rotation_metrics(result: Mapping[str, t.Any]) -> str:
    """Return the text of the metrics file, from what `ssl_certificate_rotate` returned."""
    require("The metrics file of the role ssl_rotation", FOR_METRICS)
    came_to_its_end = "listeners" in result  # a module that crashed tells nothing at all
    return as_metrics(result, now(), success=came_to_its_end and "failure" not in result)


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"_rotation_metrics": rotation_metrics}
