# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make paths absolute: modules have the playbook's folder as their own, not the one that a person is in."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import from_json
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import on_variables

PATHS = {"certbot", "lego", "acme_sh", "folder", "privatekey_dir", "maildir", "paths", "ca_path"}
"""The keys of sources and mailboxes that hold paths."""


@on_variables
def absolute_paths(value: t.Any) -> t.Any:
    """Return sources, or the description of a mailbox, with absolute paths; what is neither stays as it is."""
    return _absolute(from_json(value, (dict, list)))


def _absolute(value: t.Any, is_path: bool = False) -> t.Any:
    if isinstance(value, list):
        return [_absolute(item, is_path) for item in value]
    if isinstance(value, dict):
        # The folder of a mail server is none here.
        names = PATHS if "host" not in value else {"ca_path"}
        return {name: _absolute(item, name in names) for name, item in value.items()}
    return os.path.abspath(os.path.expanduser(value)) if is_path and isinstance(value, str) and value else value


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filter of this file."""
        return {"_absolute_paths": absolute_paths}
