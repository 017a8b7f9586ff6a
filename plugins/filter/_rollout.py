# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for what a role computes about listeners of load balancers. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._forms import plain
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.approvals import (
    carried_out,
    preview_of_listeners,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rollout import listener_names, settle
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.sightings import endpoints, removal, verdicts
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Record = Mapping[str, t.Any]
Records = Sequence[Record]


def rollout_names(settings: Record, orders: Records | None = None) -> list[str] | None:
    """Return the patterns for the names of listeners' certificates; see `listener_names`."""
    names: list[str] | None = untrusted(listener_names(plain(settings), orders))
    return names


def rollout_preview(deployed: Records) -> list[Record]:
    """Return what a run in check mode showed of listeners; see `preview_of_listeners`."""
    shown: list[Record] = untrusted(preview_of_listeners(plain(deployed)))
    return shown


def rollout_approved(plan: Record, approved: Mapping[str, Records], answer: Record | None = None) -> Record:
    """Return a plan for listeners without what the preview did not show, or what became of it; see `carried_out`."""
    told: Record = untrusted(carried_out(plain(plan), plain(approved), plain(answer)))
    return told


def rollout_endpoints(listeners: Records, is_done: bool = False) -> list[dict[str, t.Any]]:
    """Return the endpoints of listeners to look at; see `settle` and `endpoints`."""
    found: list[dict[str, t.Any]] = untrusted(endpoints(settle(plain(listeners), is_done=is_done)))
    return found


def rollout_removal(
    store: Records,
    listeners: Records,
    seen: Records | None,
    imported: Records,
    remove_unseen: bool = False,
) -> dict[str, t.Any]:
    """Return which older certificates to remove; see `removal`.

    Args:
        store: all records of the store.
        listeners: what `ssl_certificate_deploy` said about them after it had carried out its plan.
        seen: what the endpoints serve, if they were looked at afterwards.
        imported: the certificates that this run has imported.
        remove_unseen: whether listeners that could not be looked at count as serving their certificates.
    """
    settled = settle(plain(listeners), is_done=True)
    judged = () if seen is None else verdicts(settled, plain(seen))
    ids = [one["id"] for one in plain(imported) if one.get("id")]
    found = removal(plain(store), settled, judged, ids, now(), remove_unseen=remove_unseen)
    absent = [{"state": "absent", "certificate_id": one} for one in found.ids]
    told: dict[str, t.Any] = untrusted({"absent": absent, "kept": found.kept})
    return told


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {
            "_rollout_names": rollout_names,
            "_rollout_approved": rollout_approved,
            "_rollout_preview": rollout_preview,
            "_rollout_endpoints": rollout_endpoints,
            "_rollout_removal": rollout_removal,
        }
