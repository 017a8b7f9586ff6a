# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is limited to what a preview showed does nothing else, and says what is no longer as it was."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._codes import ApprovalReason
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.approvals import (
    approved_imports,
    approved_listeners,
    approved_removal,
    carried_out,
    preview_of,
    preview_of_listeners,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import Choice
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation_result import Rotation, outcome

NOTHING: dict[str, Any] = {"imported": [], "deployed": [], "removed": []}
REASONS = set(get_args(ApprovalReason))


def entry(fingerprint: str, **other: Any) -> dict[str, Any]:
    """A certificate of a source."""
    about = {"source": "certbot", "name": fingerprint, "path": f"/live/{fingerprint}/cert.pem", "common_name": None}
    return {**about, "subject_alt_names": [f"{fingerprint}.example.com"], "fingerprint_sha256": fingerprint, **other}


def listener(balancer: str, fingerprint: str, outcome: str = "switched", **other: Any) -> dict[str, Any]:
    """A listener in a plan; those to switch have certificate 1, and are to get 2."""
    return {
        **{"load_balancer": balancer, "load_balancer_uuid": f"uuid-of-{balancer}", "address": None, "port": 443},
        **{"listener_uuid": None, "common_name": None, "subject_alt_names": [], "not_after": None},
        **{"previous_certificate_id": 1, "certificate_id": 2 if outcome == "switched" else 1},
        **{"fingerprint_sha256": fingerprint, "outcome": outcome, "reason": None, "message": ""},
        **{"served": None, "served_fingerprint_sha256": None},
        **other,
    }


def shown(**result: Any) -> dict[str, Any]:
    """What a preview with this result showed."""
    return preview_of({**NOTHING, **result})


def left_out(records: Any) -> dict[str, str]:
    """The reason of each record that the preview is why of."""
    return {
        str(one.get("load_balancer") or one.get("id") or one["name"]): one["reason"]
        for one in records
        if one["outcome"] == "skipped" and one["reason"] in REASONS and one["message"]
    }


def test_imports() -> None:
    """By fingerprint: another certificate in the place of one that was shown is not it."""
    preview = shown(imported=[entry("same"), entry("gone"), entry("late")])
    late = {**entry("late"), "outcome": "skipped", "reason": "expired", "message": "It expired."}
    choice = approved_imports(Choice([entry("same"), entry("new", path="/live/gone/cert.pem")], [late]), preview)
    assert [one["name"] for one in choice.chosen] == ["same"]
    assert left_out(choice.skipped) == {"new": "not_approved", "gone": "changed_meanwhile"}
    assert late in choice.skipped


def test_listeners() -> None:
    """By balancer, port and fingerprint; what has the right certificate by now is as it should be."""
    names = ("same", "other", "done", "kept", "gone", "held")
    preview = shown(deployed=[listener(name, "f", certificate_id=None) for name in names])
    held = listener("held", "f", "skipped", reason="names_not_covered", message="It lacks a name.")
    plan = [
        listener("same", "f"),
        listener("other", "g"),
        listener("done", "f", "unchanged"),
        listener("kept", "e", "unchanged"),
        listener("new", "f"),
        listener("idle", "e", "unchanged"),
        held,
    ]
    found = approved_listeners(plan, preview)
    assert [one["load_balancer"] for one in found if one["outcome"] == "switched"] == ["same"]
    assert [one["load_balancer"] for one in found if one["outcome"] == "unchanged"] == ["done", "idle"]
    assert left_out(found) == {
        "other": "not_approved",
        "new": "not_approved",
        "kept": "changed_meanwhile",
        "gone": "changed_meanwhile",
    }
    assert held in found
    assert all(one.keys() == plan[0].keys() for one in found)


@pytest.mark.parametrize("fingerprint", [None, ""])
def test_a_certificate_that_is_not_known_is_not_that_of_the_preview(fingerprint: Any) -> None:
    preview = {"listeners": [{**listener("web", "f"), "fingerprint_sha256": None}]}
    assert left_out(approved_listeners([listener("web", fingerprint)], preview)) == {"web": "not_approved"}


@pytest.mark.parametrize("preview", [{}, {"imports": None, "listeners": None, "removals": None}, shown()])
def test_a_preview_that_showed_nothing_approves_nothing(preview: Any) -> None:
    choice = approved_imports(Choice([entry("new")], []), preview)
    assert (choice.chosen, left_out(choice.skipped)) == ([], {"new": "not_approved"})
    assert left_out(approved_listeners([listener("web", "f")], preview)) == {"web": "not_approved"}
    found = {"absent": [{"state": "absent", "certificate_id": 1}], "expected": [{"id": 2}], "kept": []}
    removal = approved_removal(found, [{"id": 1}], preview)
    assert (removal["absent"], removal["expected"], left_out(removal["kept"])) == ([], [], {"1": "not_approved"})


def test_one_call_makes_the_changes_and_looks_at_the_others() -> None:
    """What became of the listeners is told together with what was left out."""
    preview = shown(deployed=[listener("web", "f")])
    plan = {"listeners": [listener("web", "f"), listener("api", "f"), listener("idle", "e", "unchanged")]}
    first = carried_out(plan, preview)
    assert first["call"]["max_listeners"] == 1
    places = {
        place["load_balancer"]: one["certificate_id"]
        for one in first["call"]["deployments"]
        for place in one["listeners"]
    }
    assert places == {"uuid-of-web": 2, "uuid-of-api": 1, "uuid-of-idle": 1}
    did = [listener("web", "f", served=True, message="Switched."), listener("idle", "e", "unchanged", served=True)]
    listeners = carried_out(plan, preview, {"listeners": did})["listeners"]
    assert [(one["load_balancer"], one["outcome"], one["served"]) for one in listeners] == [
        ("web", "switched", True),
        ("api", "skipped", None),
        ("idle", "unchanged", True),
    ]


def test_what_was_shown_of_listeners_alone() -> None:
    """As the deploy phase of the role `ssl_fulfillment` has it."""
    preview = {"listeners": preview_of_listeners([listener("web", "f"), listener("api", "f")])}
    plan = [listener("web", "f"), listener("api", "g"), listener("idle", "e", "unchanged"), listener("new", "f")]
    first = carried_out({"listeners": plan}, preview)
    assert first["call"]["max_listeners"] == 1
    assert left_out(first["listeners"]) == {"api": "not_approved", "new": "not_approved"}


def test_a_call_that_fails_as_a_whole_is_what_became_of_them() -> None:
    failure = {"failed": True, "msg": "No."}
    assert carried_out(failure, shown()) == failure
    assert carried_out({"listeners": []}, shown(), failure) == failure


def test_removals() -> None:
    """What would be removed now and was not shown is kept; so is what was shown and is needed again, or gone."""
    stock = [{"id": number, "common_name": "www.example.com"} for number in (1, 2, 3)]
    preview = shown(removed=[{"id": number, "common_name": "www.example.com"} for number in (1, 3, 4, 5)])
    unseen = {"id": 5, "outcome": "skipped", "reason": "not_reachable", "message": "It was not seen."}
    found = {"absent": [{"state": "absent", "certificate_id": number} for number in (1, 2)], "expected": []}
    removal = approved_removal({**found, "kept": [unseen]}, stock, preview)
    assert removal["absent"] == [{"state": "absent", "certificate_id": 1}]
    assert left_out(removal["kept"]) == {"2": "not_approved", "3": "changed_meanwhile", "4": "changed_meanwhile"}
    assert unseen in removal["kept"]


def test_one_failure_is_passed_over_if_something_else_is_done_and_that_is_wanted() -> None:
    """Only a failure with one of the reasons, and none of a module as a whole."""
    bad = listener("bad", "f", "failed", reason="ambiguous", message="Two.")
    tolerated = ["ambiguous"]

    def failed(*listeners: dict[str, Any], tolerated: list[str] = tolerated, **other: Any) -> list[Any]:
        run = Rotation(listeners={"listeners": listeners}, **other)
        result = outcome(run, ["import", "deploy"], is_check_mode=True, tolerated=tolerated)
        assert len(result["failed"]) + len(result["skipped"]) == 1 + len(other)
        return [one.get("reason") for one in result["failed"]]

    assert failed(listener("web", "f"), bad) == []
    assert failed(bad) == ["ambiguous"]
    assert failed(listener("web", "f"), bad, tolerated=[]) == ["ambiguous"]
    assert failed(listener("web", "f"), {**bad, "reason": "balancer_busy"}) == ["balancer_busy"]
    assert failed(listener("web", "f"), bad, store={"msg": "No."}) == [None]
