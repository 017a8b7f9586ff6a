# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is limited to what a check run showed does nothing else, and says what is no longer as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.approved import (
    Approval,
    extract_preview,
    limit_imports,
    limit_listeners,
    limit_removal,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_clean_up import RemovalPlan
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_clean_up import (
    as_result as as_record,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import ListenerAction
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import ImportSelection
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate

from tests.support.failing import fails
from tests.support.rotating import entry, listener
from tests.support.stored import Made, view_with

OLD, NEW, NEWER = Made(days=(-80, 10)).record(1), Made().record(2), Made(days=(-0.5, 91)).record(3)
INDEX = StoreIndex([OLD, NEW, NEWER])
ENTRIES = [entry(Made(None, (f"{number}.example.com",)), number) for number in range(5)]
SWITCHED = listener(1, NEW)


def shown(imported: Iterable[Any] = (), deployed: Iterable[Any] = (), removed: Iterable[Any] = ()) -> dict[str, Any]:
    """What a check run returns that would do this."""
    return {
        "changed": True,
        "imported": [
            {"id": None, **one.certificate.facts(), **one.as_location(), "outcome": "imported", "reason": None}
            for one in imported
        ],
        "deployed": [one.as_result(view_with()) for one in deployed],
        "removed": [as_record(one, "removed", None, "Would be removed.") for one in removed],
        "skipped_items": [{"name": "something"}],
    }


def approved(*, by_preview: bool = False, **lists: Iterable[Any]) -> Approval:
    """What such a run showed."""
    result = shown(**lists)
    return Approval.parse(extract_preview(result) if by_preview else result)


def reasons(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """Why things were left out."""
    told = list(records)
    assert all(one["outcome"] == "skipped" for one in told)
    return [one["reason"] for one in told]


def test_a_preview_has_nothing_that_is_not_checked() -> None:
    """It is kept between two jobs, so it is small."""
    preview = extract_preview(shown(ENTRIES[:1], [SWITCHED], [OLD]))
    assert {name: sorted(one) for name, (one,) in preview.items()} == {
        "imported": ["common_name", "fingerprint_sha256", "name", "path", "source"],
        "deployed": [
            *("common_name", "fingerprint_sha256", "load_balancer", "load_balancer_uuid"),
            *("port", "previous_certificate_id"),
        ],
        "removed": ["common_name", "fingerprint_sha256", "id"],
    }


# Imports


def test_imports() -> None:
    """By fingerprint: another certificate in the place of one that was shown is not it."""
    same, new, late, gone, _unused = ENTRIES
    expired: Any = (late, Obstacle("expired"))
    moved = replace(same, source="folder", path="/elsewhere")
    chosen = ImportSelection([moved, new], [expired], [moved, new], [late])
    limited = limit_imports(chosen, approved(imported=[same, late, gone]))
    assert (limited.imports, limited.usable_entries, limited.future_entries) == ([moved], [moved, new], [late])
    assert limited.skipped_entries == [expired, (new, Obstacle("not_approved"))], (
        "what was shown has its own reason by now"
    )
    assert (reasons(limited.impossible_imports), limited.impossible_imports[0]["name"]) == (
        ["changed_meanwhile"],
        gone.name,
    )
    assert all(
        {"source", "name", "path", "common_name", "subject_alt_names"} <= one.keys() for one in limited.skipped_records
    )


# Listeners


def limited(shown_one: ListenerAction | None, planned: ListenerAction) -> ListenerAction:
    """What becomes of the plan for a listener that the check run has shown, if it has."""
    (one,), _gone = limit_listeners([planned], approved(deployed=[shown_one] if shown_one else []), INDEX)
    return one


def test_a_switch_that_was_shown() -> None:
    """Also if the check run had no id for the certificate, since it was not stored yet."""
    assert limited(SWITCHED, SWITCHED) == SWITCHED
    unstored = listener(1, replace(NEW, id=None))
    assert limited(unstored, SWITCHED) == SWITCHED


@pytest.mark.parametrize("before", [None, listener(1, NEWER), listener(1, NEW, "api"), listener(1, NEW, port=8443)])
def test_a_switch_that_was_not_shown(before: ListenerAction | None) -> None:
    """Of this listener, to this certificate; it stays as it is, and what it has is looked at."""
    one = limited(before, SWITCHED)
    assert (one.outcome, one.reason, one.facts) == ("skipped", "not_approved", {})
    assert (one.target, one.target_id, one.is_changed, one.renewal_id) == (OLD, 1, False, 2)


def test_a_listener_that_has_it_by_now() -> None:
    """It is as it should be."""
    done = listener(2, NEW)
    assert limited(SWITCHED, done) == done


@pytest.mark.parametrize(
    ("has", "stored", "facts"),
    [
        (NEWER, [OLD, NEW, NEWER], {"had": 1, "certificate_id": 3}),
        (NEWER, [OLD, NEWER], {"had": 1, "certificate_id": 3}),
        (OLD, [OLD, replace(NEWER, certificate=None)], {"is_stored": False, "certificate_id": 1}),
        (OLD, [OLD, NEW, NEWER], {"is_stored": True, "certificate_id": 1}),
    ],
    ids=["it has another one", "also if the store lacks it", "the store lacks it", "it may not replace it any more"],
)
def test_a_switch_that_was_shown_and_is_not_planned_any_more(
    has: StoreCertificate, stored: list[StoreCertificate], facts: dict[str, Any]
) -> None:
    """It fails, with the reason for which it is not planned; also if numbers were made text on the way."""
    for had in (1, "1"):
        given = shown(deployed=[SWITCHED])
        given["deployed"][0]["previous_certificate_id"] = had
        (other,), _gone = limit_listeners([listener(has.id, has)], Approval.parse(given), StoreIndex(stored))
        assert (other.outcome, other.reason, other.facts) == (
            "failed",
            "changed_meanwhile",
            {**facts, **({"had": had} if "had" in facts else {})},
        )
        assert (other.target_id, other.is_changed) == (has.id, False)


def test_a_switch_that_was_shown_and_then_undone() -> None:
    """It fails; what nobody has shown is only held back."""
    back = listener(1, OLD, outcome="skipped", reason="switched_back")
    failed = limited(SWITCHED, back)
    assert (failed.outcome, failed.reason, failed.facts) == (
        *("failed", "changed_meanwhile"),
        {"certificate_id": 1, "is_switched_back": True},
    )
    assert limited(None, back) == back


def test_what_is_not_switched_keeps_its_own_reason() -> None:
    """Whether it was shown or not; what is as it was and was not shown is nothing to tell of."""
    held = listener(1, OLD, outcome="skipped", reason="names_not_covered", facts={"error": "It lacks a name."})
    failed = listener(1, NEW).mark_failed("ambiguous", {"error": "Two."}, is_changed=False)
    for one in (held, failed):
        assert limited(SWITCHED, one) == limited(None, one) == one
    assert limited(None, listener(1, OLD)) == listener(1, OLD)


def test_a_listener_that_is_gone() -> None:
    """It has all fields of a listener in the result."""
    kept, gone = limit_listeners([], approved(by_preview=True, deployed=[SWITCHED]), INDEX)
    assert (kept, reasons(gone)) == ([], ["changed_meanwhile"])
    assert gone[0].keys() == SWITCHED.as_result(view_with()).keys()
    assert (gone[0]["load_balancer"], gone[0]["port"]) == ("web", 443)


# Deletions


def test_deletions() -> None:
    """What would be deleted now and was not shown is kept; so is what was shown and is needed again, or gone."""
    plan = RemovalPlan([OLD, NEW], [(NEWER, Obstacle("unreachable", {}))])
    gone = Made("gone.example.com", ("gone.example.com",)).record(9)
    old, left_out = limit_removal(plan, approved(removed=[OLD, NEWER, gone]))
    assert old == [OLD]
    assert reasons(left_out) == ["not_approved", "changed_meanwhile"]
    assert [one["id"] for one in left_out] == [2, 9]


def test_another_certificate_with_the_same_id_is_not_what_was_shown() -> None:
    old, left_out = limit_removal(RemovalPlan([replace(NEW, id=1)], []), approved(removed=[OLD]))
    assert (old, reasons(left_out)) == ([], ["not_approved"])


# What is given


@pytest.mark.parametrize(
    "given",
    [{}, {"imported": None, "deployed": [], "removed": None}, {"failed": True, "msg": "No."}, extract_preview(shown())],
    ids=["nothing", "null", "a failure", "an empty preview"],
)
def test_what_showed_nothing_approves_nothing(given: Any) -> None:
    nothing = Approval.parse(given)
    chosen = limit_imports(ImportSelection(ENTRIES[:1], [], ENTRIES[:1]), nothing)
    assert (chosen.imports, reasons(chosen.skipped_records)) == ([], ["not_approved"])
    (one,), _gone = limit_listeners([SWITCHED], nothing, INDEX)
    assert one.reason == "not_approved" and not one.is_changed
    old, left_out = limit_removal(RemovalPlan([OLD], []), nothing)
    assert (old, reasons(left_out)) == ([], ["not_approved"])


def test_a_run_is_about_the_listeners_that_were_approved() -> None:
    """And about all, if it was nothing: such a run only tells what needs a person."""
    for only in (approved(deployed=[SWITCHED]), approved(imported=ENTRIES[:1], deployed=[SWITCHED])):
        assert only.has_listener("uuid-of-web", 443) and not only.has_listener("uuid-of-web", 444)
    for others in (approved(imported=ENTRIES[:1]), approved(removed=[OLD])):
        assert not others.has_listener("uuid-of-web", 443)
    assert Approval.parse({}).has_listener("uuid-of-web", 443)


WHOLE: dict[str, Any] = extract_preview(shown(ENTRIES[:1], [SWITCHED], [OLD]))


def lacking(name: str, field: str) -> dict[str, Any]:
    """The record of a list without one of its fields."""
    (one,) = WHOLE[name]
    return {key: value for key, value in one.items() if key != field}


@pytest.mark.parametrize(
    "given",
    [
        {"imported": 3},
        {"imported": "everything"},
        {"imported": {"fingerprint_sha256": "00"}},
        {"deployed": [["web", 443]]},
        {"deployed": [{**WHOLE["deployed"][0], "port": "https"}]},
        {"removed": [None]},
        {"removed": [{**WHOLE["removed"][0], "id": None}]},
        *({name: [lacking(name, field)]} for name, (one,) in WHOLE.items() for field in one),
    ],
)
def test_what_is_no_result_is_refused(given: Any) -> None:
    """Before anything is done, and not when it is needed, with one sentence that says what is meant."""
    with fails("invalid_argument", "approved must contain the lists imported, deployed, and removed of a preview"):
        Approval.parse({**WHOLE, **given})


def test_numbers_that_were_made_text_on_the_way() -> None:
    given = {"deployed": [{**WHOLE["deployed"][0], "port": "443"}], "removed": [{**WHOLE["removed"][0], "id": "1"}]}
    found = Approval.parse(given)
    assert (set(found.listeners), set(found.removals)) == ({("uuid-of-web", 443)}, {1})
