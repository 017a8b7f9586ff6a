# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find unknown variables of a role, because a variable with a typing error would have no effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches

from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import convert_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import (
    ROLES_FOLDER,
    read_role_variables,
)

PLAYBOOK_VARIABLES = {
    "ssl_rotation": ("source", "common_name", "listener", "listeners"),
    "ssl_rotation_schedule": ("source", "target", "state", "time", "prefix"),
}
"""The variables of the playbooks of a role that have no prefix."""
USED_ROLES = {"ssl_rotation_schedule": ("ssl_rotation",)}
"""The roles whose variables a role also reads."""
MIN_SIMILARITY = 0.93
"""Minimum similarity (of `difflib`) of a typing error to a variable of the role."""
MIN_PLAYBOOK_SIMILARITY = 0.85
"""Minimum similarity of a typing error in `-e` to a variable of a playbook."""


@convert_variables
def find_unknown_variables(names: Sequence[str], role_path: str, playbook_dir: str) -> str:
    """Return a message about each unknown variable of a role, with the closest known variable; empty if all variables are known.

    Args:
        names: the names of all variables that may be of the role.
        role_path: the path of the role.
        playbook_dir: the directory of the playbook. In a playbook of this collection, variables without the prefix of the role are unknown, too.
    """
    role = os.path.basename(role_path)
    is_own = os.path.realpath(playbook_dir) == os.path.realpath(os.path.join(role_path, "../../playbooks"))
    return " ".join(_describe_unknown(role, {*names}, {*load_extra_vars(DataLoader())} if is_own else None))


def _describe_unknown(role: str, names: set[str], extra: set[str] | None) -> Iterator[str]:
    roles = (role, *USED_ROLES.get(role, ()))
    prefixes = tuple(f"{one}_" for one in roles)
    known = {name for one in roles for name in read_role_variables(one)}
    short = PLAYBOOK_VARIABLES.get(role, ())
    shortened = {name.removeprefix(prefix) for prefix in prefixes for name in known} - {*short}
    others = tuple(
        f"{one.name}_" for one in ROLES_FOLDER.iterdir() if one.name.startswith(prefixes) and one.name not in roles
    )
    for name in sorted(names.union(extra or ()) - known - {f"{one}_result" for one in roles}):
        is_of_role = name.startswith(prefixes) and not name.startswith(others)
        is_almost = name[:3].lower() == "ssl" and get_close_matches(_normalize(name), known, 1, MIN_SIMILARITY)
        meant = []
        if is_of_role or is_almost or (extra is not None and name in shortened):
            meant = get_close_matches(_normalize(name), known, 1, 0)
        elif extra and name in extra and name not in short:
            meant = get_close_matches(name, short, 1, MIN_PLAYBOOK_SIMILARITY)
        yield from (f"Unknown variable {name}. Did you mean {close}?" for close in meant)


def _normalize(name: str) -> str:
    return name.lower().replace("-", "_")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"_unknown": find_unknown_variables}
