# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role has done about listeners, and about the certificates that were replaced. Private to softlayer.certificates. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .._errors import failed_about
from .rollout import Record, Settled, settle
from .sightings import verdicts

FAILED = {"failed", "rolled_back"}


@dataclass(frozen=True)
class Rollout:
    """What the modules returned; empty for one that was not called."""

    listeners: Record = field(default_factory=dict)
    """From `ssl_certificate_deploy`: what was done, or in check mode and without the deploy phase, the plan."""
    is_done: bool = False
    """Whether it was done."""
    seen: Record | None = None
    """From `ssl_endpoint_info`."""
    stock: Record | None = None
    """From `ssl_certificate_info`, before older certificates are removed."""
    removal: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    """From `sightings.removal`."""
    removed: Sequence[Record] = ()
    """From `ssl_certificate_import`."""


def lists(run: Rollout, phases: Collection[str], *, is_check_mode: bool) -> dict[str, list[Record]]:
    """Return what was `deployed`, `verified`, `removed`, `skipped` and `failed`, and the listeners that were left `unchanged`."""
    result: dict[str, list[Record]] = {
        name: [] for name in ("deployed", "verified", "removed", "skipped", "failed", "unchanged")
    }
    if "listeners" not in run.listeners:
        result["failed"].append(failed_about("the load balancers", run.listeners))
        return result
    settled = settle(run.listeners["listeners"], is_done=run.is_done)
    if "deploy" in phases:
        for one in settled:
            _add_deployed(result, one, is_check_mode=is_check_mode)
    if run.seen is not None and "endpoints" not in run.seen:
        result["failed"].append(failed_about("what the load balancers serve", run.seen))
    elif run.seen is not None:
        for record in verdicts(settled, run.seen["endpoints"]):
            result[str(record["outcome"])].append(record)
    _add_removed(result, run)
    return result


def _add_deployed(result: dict[str, list[Record]], one: Settled, *, is_check_mode: bool) -> None:
    if one.outcome in FAILED:
        result["failed"].append(one.record)
    elif one.outcome in {"skipped", "unchanged"}:
        result[one.outcome].append(one.record)
    elif one.is_switched or is_check_mode:
        result["deployed"].append(one.record)


def _add_removed(result: dict[str, list[Record]], run: Rollout) -> None:
    """Add what was removed; what came into use meanwhile is skipped, and what another run has removed meanwhile is not told of."""
    if run.stock is not None and "certificates" not in run.stock:
        result["failed"].append(failed_about("the certificate store", run.stock))
    result["skipped"] += run.removal.get("kept", ())
    for answer in run.removed:
        if not answer.get("certificates"):
            result["failed"].append(failed_about("the certificate store", answer))
            continue
        for one in answer["certificates"]:
            if one["outcome"] != "unchanged":
                result["skipped" if one["reason"] in {"in_use", "not_found"} else one["outcome"]].append(one)
