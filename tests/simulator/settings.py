# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the API behaves beyond its rules: slowness, limits, and what the reference leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

CHAINS = ("all", "first", "last", "none")
"""What a store may keep of several intermediate certificates."""


@dataclass(frozen=True)
class Settings:
    """What the control API can change while the simulator runs."""

    latency_ms: int = 0
    """Every call takes at least so long."""
    page_every_list: bool = False
    """A limit counts for every list, not only where the reference says so: orders come in pages, too."""
    balancer_lock_ms: int = 0
    """How long a load balancer is locked after a change; with 0 it is ACTIVE again when the change is answered."""
    refuse_without_common_name: bool = False
    """The store takes no certificate whose subject has no common name. What it makes of one is undocumented; here it takes it."""
    refuse_ec_key: bool = False
    """The store takes no certificate with an EC key. Whether it does is undocumented; here it does."""
    refuse_used_csr: bool = False
    """While a service uses a certificate, its CSR cannot be changed. The reference says both; here it can."""
    list_late: int = 0
    """So many lists of certificates lack what was created since. How soon it is listed is undocumented."""
    only_say_deleted: bool = False
    """A deletion is answered with true, and deletes nothing."""
    tell_given_chain: bool = False
    """What is created is told with the chain that was given, whatever is kept of it."""
    kept_chain: str = "all"
    """Which of several intermediate certificates the store keeps, and says nothing of the others, see `CHAINS`. That is undocumented."""
    hold_mail: bool = False
    """Mail is accepted but not delivered until it is asked for."""

    def updated(self, changes: Mapping[str, Any]) -> Settings:
        """With some of them changed; raises ValueError for an unknown name or a value of the wrong type."""
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no such setting: {name}")
            if type(value) is not type(known[name]) or (name == "kept_chain" and value not in CHAINS):
                raise ValueError(f"{name} cannot be {value!r}")
        return replace(self, **changes)
