# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a preview showed, and how a later run keeps to it. Private to softlayer.certificates.

Pure. A preview is a dict of the lists `imports`, `listeners` and `removals`. A list that is missing approves nothing.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from .._codes import ApprovalReason
from .rollout import Record, key_of, one_call, with_outcomes
from .rotation import Choice

Preview = Mapping[str, Sequence[Record]]
FIELDS = {
    "imports": ("imported", ("source", "name", "path", "common_name", "fingerprint_sha256")),
    "listeners": ("deployed", ("load_balancer", "load_balancer_uuid", "port", "common_name", "fingerprint_sha256")),
    "removals": ("removed", ("id", "common_name")),
}
"""For each list of a preview the list of the role's result that it is made of, and what it keeps of each record."""
BEYOND = "The preview did not show it, so nobody has approved it: run it again, with a new preview."
"""Why something is left out that would be done otherwise."""
AGAIN = "Run it again, with a new preview."
UNKNOWN_LISTENER: Record = {
    **dict.fromkeys(("address", "listener_uuid", "previous_certificate_id", "certificate_id", "not_after")),
    **dict.fromkeys(("served", "served_fingerprint_sha256")),
    "subject_alt_names": [],
}
"""What is not known of a listener that is gone."""


def preview_of(result: Preview) -> dict[str, list[Record]]:
    """Return what a run in check mode showed, from the content of `ssl_rotation_result`."""
    return {name: _shown(name, result[origin]) for name, (origin, _fields) in FIELDS.items()}


def preview_of_listeners(deployed: Sequence[Record]) -> list[Record]:
    """Return what a run in check mode showed of listeners, from that list of the result of either role."""
    return _shown("listeners", deployed)


def _shown(name: str, records: Sequence[Record]) -> list[Record]:
    return [{field: one[field] for field in FIELDS[name][1]} for one in records]


def _left_out(record: Record, reason: ApprovalReason, message: str) -> Record:
    return {**record, "outcome": "skipped", "reason": reason, "message": message}


# Imports


def approved_imports(choice: Choice, preview: Preview) -> Choice:
    """Return a choice without what the preview did not show; what it showed and no source has any more is skipped."""
    shown = {one["fingerprint_sha256"]: one for one in preview.get("imports") or ()}
    found = {one["fingerprint_sha256"] for one in (*choice.chosen, *choice.skipped)}
    beyond = [_left_out(one, "not_approved", BEYOND) for one in choice.chosen if one["fingerprint_sha256"] not in shown]
    gone = [
        _left_out(
            {**one, "subject_alt_names": []},
            "changed_meanwhile",
            f"The preview showed that it would be imported, but no source has it any more. {AGAIN}",
        )
        for one in shown.values()
        if one["fingerprint_sha256"] not in found
    ]
    return Choice(
        [one for one in choice.chosen if one["fingerprint_sha256"] in shown], [*choice.skipped, *beyond, *gone]
    )


# Listeners


def approved_listeners(listeners: Sequence[Record], preview: Preview) -> list[Record]:
    """Return a plan without the changes that the preview did not show; what it showed and is no longer planned is skipped.

    Args:
        listeners: the plan, in the form of `ssl_certificate_deploy`.
        preview: what was approved. Certificates are known by their fingerprints, since those that were to be imported had no id then.
    """
    shown = {key_of(one): one for one in preview.get("listeners") or ()}
    planned = [_approved(one, shown.pop(key_of(one), None)) for one in listeners]
    gone = f"The preview showed that it would be switched, but it is gone, or not selected any more. {AGAIN}"
    return planned + [_left_out({**UNKNOWN_LISTENER, **one}, "changed_meanwhile", gone) for one in shown.values()]


def _approved(listener: Record, shown: Record | None) -> Record:
    fingerprint = listener["fingerprint_sha256"]
    is_as_shown = shown is not None and fingerprint is not None and fingerprint == shown["fingerprint_sha256"]
    if listener["outcome"] == "switched" and not is_as_shown:
        return _left_out(listener, "not_approved", BEYOND)
    if listener["outcome"] == "unchanged" and shown is not None and not is_as_shown:
        why = f"The preview showed that it would be switched, but the store does not hold that certificate. {AGAIN}"
        return _left_out(listener, "changed_meanwhile", why)
    return listener


def carried_out(plan: Record, preview: Preview, answer: Record | None = None) -> Record:
    """Return what became of the listeners, in the form of `ssl_certificate_deploy`.

    Args:
        plan: what `ssl_certificate_deploy` returned in check mode.
        preview: what was approved.
        answer: what it returned for the `call` that carries out what was approved. Without it, the listeners are returned with that
            call: the options `deployments` and `max_listeners`.
    """
    if "listeners" not in plan:
        return plan
    listeners = approved_listeners(plan["listeners"], preview)
    if answer is None:
        return {"listeners": listeners, "call": one_call(listeners)}
    if "listeners" not in answer:
        return answer
    return {**answer, "listeners": with_outcomes(listeners, answer)}


# Removals


def approved_removal(found: Preview, stock: Sequence[Record], preview: Preview) -> dict[str, list[Record]]:
    """Return a removal without what the preview did not show; what it showed and cannot be removed any more is kept.

    Args:
        found: what `rotation_result.what_to_remove` returned.
        stock: the records of the store that it chose from.
        preview: what was approved.
    """
    records = {one["id"]: one for one in stock}
    shown = {one["id"]: one for one in preview.get("removals") or ()}
    absent = [t.cast(int, one["certificate_id"]) for one in found["absent"]]
    told = {*absent, *(one["id"] for one in (*found["expected"], *found["kept"]))}
    why = f"The preview showed that it would be removed, but it is in use, not replaced, or gone. {AGAIN}"
    return {
        "absent": [one for one in found["absent"] if one["certificate_id"] in shown],
        "expected": [one for one in found["expected"] if one["id"] in shown],
        "kept": [
            *found["kept"],
            *(_left_out(records[one], "not_approved", BEYOND) for one in absent if one not in shown),
            *(
                _left_out(records.get(key, one), "changed_meanwhile", why)
                for key, one in shown.items()
                if key not in told
            ),
        ],
    }
