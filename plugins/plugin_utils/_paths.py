# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths in the variables of a role begin where a person is; modules have the playbook's folder as their own. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import from_json
from ansible_collections.softlayer.certificates.plugins.module_utils._files import absolute

OF_SOURCES = {"certbot", "lego", "acme_sh", "traefik", "folder", "privatekey_dir", "maildir", "paths", "ca_path"}
"""The keys of sources and mailboxes that hold paths."""
OF_MODULES = {
    "certificate_dir",
    "intermediate_path",
    "maildir",
    "metrics_path",
    "path",
    "paths",
    "privatekey_dir",
    "report_path",
    "trusted_ca_path",
}
"""The options of modules that do ..."""
HOLDERS = {"imap", "sources"}
"""... and those with such in them."""


def with_absolute_paths(options: Mapping[str, t.Any], prefix: str = "") -> dict[str, t.Any]:
    """Return a module's options, or variables that have their names behind a prefix, with absolute paths; all else stays as it is."""

    def changed(option: str, value: t.Any) -> t.Any:
        if option not in OF_MODULES | HOLDERS:
            return value
        return _absolute(from_json(value, (dict, list)), option in OF_MODULES)

    return {name: changed(name.removeprefix(prefix), value) for name, value in options.items()}


def _absolute(value: t.Any, is_path: bool = False) -> t.Any:
    if isinstance(value, list):
        return [_absolute(item, is_path) for item in value]
    if isinstance(value, dict):
        # The folder of a mail server is none here.
        names = OF_SOURCES if "host" not in value else {"ca_path"}
        return {name: _absolute(item, name in names) for name, item in value.items()}
    return absolute(value) if is_path and isinstance(value, str) and value.strip() else value
