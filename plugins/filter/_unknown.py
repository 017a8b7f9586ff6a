# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find unknown variables of a role, because a variable with a typing error would have no effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import convert_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import read_role_variables

PLAYBOOK_VARIABLES = ("source", "common_name", "listener", "listeners")
"""The variables of playbooks that have no prefix."""
MIN_SIMILARITY = 0.93
"""Minimum similarity (of `difflib`) of a typing error to a variable of the role."""
MIN_PLAYBOOK_SIMILARITY = 0.88
"""Minimum similarity of a typing error to a variable of a playbook."""


@convert_variables
def find_unknown_variables(names: Sequence[str], role_path: str, playbook_dir: str) -> str:
    """Return a message about each unknown variable of a role, with the closest known variable; empty if all variables are known.

    Args:
        names: the names of all variables.
        role_path: the path of the role.
        playbook_dir: the directory of the playbook. In a playbook of this collection, variables without the prefix of the role are unknown, too.
    """
    role = os.path.basename(role_path)
    known = read_role_variables(role)
    is_own = os.path.realpath(playbook_dir) == os.path.realpath(os.path.join(role_path, "../../playbooks"))
    shortened = {name.removeprefix(f"{role}_") for name in known} if is_own else set()
    others = tuple(f"{other}_" for other in os.listdir(os.path.dirname(role_path)) if other.startswith(f"{role}_"))
    candidates = {*names} - {*known, f"{role}_result"}
    given = {name for name in candidates if name.startswith(f"{role}_") and not name.startswith(others)}
    of_this = {name for name in candidates if name[:3].lower() == "ssl"}  # almost, as ssl_fulfilment_select
    given |= candidates & shortened | {
        name for name in of_this if get_close_matches(_normalize(name), known, 1, MIN_SIMILARITY)
    }
    meant = {name: get_close_matches(_normalize(name), known, 1, 0)[0] for name in given}
    words = candidates - {*PLAYBOOK_VARIABLES} if is_own else set()
    alike = {name: get_close_matches(name, PLAYBOOK_VARIABLES, 1, MIN_PLAYBOOK_SIMILARITY) for name in words}
    meant |= {name: found[0] for name, found in alike.items() if found}
    return " ".join(f"Unknown variable {name}. Did you mean {meant[name]}?" for name in sorted(meant))


def _normalize(name: str) -> str:
    return name.lower().replace("-", "_")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"_unknown": find_unknown_variables}
