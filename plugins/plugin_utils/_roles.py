# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the variables and defaults of roles of the collection. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from functools import cache
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load

ROLES_FOLDER = Path(__file__).parents[2] / "roles"
TYPE_KEYS = ("type", "elements", "choices", "options", "no_log")
"""The keys of a variable that define its type."""


@cache
def read_role_variables(role: str) -> dict[str, dict[str, t.Any]]:
    """Return the argument specification of a role, in the format of module options."""
    options = _read_yaml(ROLES_FOLDER / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    return {name: _remove_defaults(option) for name, option in options.items()}


@cache
def read_role_defaults(role: str) -> dict[str, t.Any]:
    """Return the default values of a role's variables."""
    defaults: dict[str, t.Any] = _read_yaml(ROLES_FOLDER / role / "defaults/main.yml")
    return defaults


def _remove_defaults(option: dict[str, t.Any]) -> dict[str, t.Any]:
    inner = {name: _remove_defaults(suboption) for name, suboption in option.get("options", {}).items()}
    if option["type"] == "raw":  # Ansible would refuse forms of it that are read here, with a dump of all variables
        option = {**option, "type": "list", "elements": "dict"}
    return {name: value for name, value in {**option, "options": inner}.items() if value and name in TYPE_KEYS}


def _read_yaml(path: Path) -> t.Any:
    return yaml_load(path.read_bytes())
