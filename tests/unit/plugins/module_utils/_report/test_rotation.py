# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report of a rotation shows of what the module returned, in which order, and when it counts as another one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import (
    ApprovalReason,
    AttentionReason,
    DeployReason,
    HeldBackReason,
    RotationReason,
    StoredReason,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._report import rotation
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation import LISTENER_SCHEMA

from tests.support.rotations import NAME, NOW, OTHER, cause, entry, imported, item, listener, unread
from tests.support.words import shape, texts, words_of

WORDS = words_of("listeners")


def build(hours: float = 0, previous: Any = None, language: str = "en", **done: Any) -> dict[str, Any]:
    text = previous if isinstance(previous, str | None) else json.dumps(previous)
    return dict(rotation.build(done, WORDS[language], NOW + timedelta(hours=hours), text))


def rows(**done: Any) -> dict[str, dict[str, Any]]:
    """The rows by their listeners, in their order."""
    return {row["listener"]: row for row in build(**done)["listeners"]}


def test_a_row_is_what_the_module_said_of_a_listener() -> None:
    said = listener("web:443", 12, reason="unreachable", served=None, accepted=None, limited_by="An issuer")
    row = rows(listeners=[said])["web:443"]
    assert tuple(row) == LISTENER_SCHEMA.columns
    same = (
        *("certificate_id", "served", "accepted", "not_before", "not_after"),
        *("effective_not_after", "limited_by", "renewal_due"),
    )
    assert {name: row[name] for name in same} == {name: said[name] for name in same}
    assert (row["reason"], row["message"]) == (said["reason"], said["message"])
    assert (row["state"], row["name"], row["days_left"]) == ("unchanged", NAME, 12)
    assert row["explanation"] == WORDS["en"]["reasons"]["unreachable"]
    assert (row["attention"], row["messages"]) == ([], [])


def test_what_was_not_reported_is_null() -> None:
    row = rows(listeners=[{"load_balancer": "web", "port": 443, "outcome": "failed", "reason": "not_found"}])["web:443"]
    assert [row[name] for name in ("name", "days_left", "effective_not_after", "served", "message")] == [None] * 5


def test_what_needs_a_person_comes_first_then_what_ends_first() -> None:
    places = {"web:8443": 50, "web:443": 50, "late:443": 2, "api:443": 9}
    attention = [item("api:443", "expiring"), item("web:8443", "held_back"), item("api:443", "unusable", "Mend it.")]
    done = {"listeners": [listener(*place) for place in places.items()], "attention": attention}
    told = rows(**done)
    assert list(told) == ["api:443", "web:8443", "late:443", "web:443"]
    assert told["api:443"]["attention"] == ["expiring", "unusable"]
    assert told["api:443"]["messages"] == ["Renew it.", "Mend it."]
    groups = build(**done)["attention"]
    assert [(group["kind"], group["count"]) for group in groups] == [("expiring", 1), ("unusable", 1), ("held_back", 1)]
    assert groups[0]["keys"] == [told["api:443"]["key"]]


@pytest.mark.parametrize(("reason", "is_told"), [("held_back", True), ("unusable", True), ("renewal_requested", False)])
def test_what_a_listener_says_of_a_source_is_said_once(reason: str, is_told: bool) -> None:
    """That its client has not renewed it is another thing than that it cannot be used."""
    same, other = unread("key_type_not_offered", NAME), unread("key_type_not_offered", OTHER)
    attention = [item("web:443", reason, cause=cause(same, None if is_told else reason))]
    told = build(listeners=[listener("web:443")], attention=attention, skipped_items=[same, other])
    names = [f"{record['source']} {record['name']}" for record in (same, other)]
    assert [notice["source"] for notice in told["notices"]] == names[is_told:]
    gone = build(listeners=[listener("api:443")], attention=attention, skipped_items=[same])
    assert len(gone["notices"]) == 2, "of a listener that has no row"


def test_what_clients_do_not_take_now_comes_before_what_failed() -> None:
    failed = listener("web:443", 60, "failed", message="The balancer is busy.")
    done = {
        "listeners": [failed, listener("soon:443", 1), listener("odd:443", 60), listener("old:443", -1)],
        "failed_items": [failed],
        "attention": [item(f"{name}:443", reason, f"It is {reason}.") for name, reason in AT_ONCE],
    }
    told = build(**done)
    assert [row["listener"] for row in told["listeners"]] == ["old:443", "odd:443", "web:443", "soon:443"]
    assert [group["kind"] for group in told["attention"]] == ["expired", "not_accepted", "failed", "expiring"]
    assert told["listeners"][0]["attention"] == ["expired", "not_accepted"], "which is its badge"
    assert {*LISTENER_SCHEMA.attention} == {"failed", *get_args(AttentionReason)}


AT_ONCE = [("soon", "expiring"), ("odd", "not_accepted"), ("old", "not_accepted"), ("old", "expired")]


def test_a_failure_that_needs_a_person_is_reported_once() -> None:
    failed = listener("web:443", 5, "failed", reason="not_served", message="Something else is served.")
    repeated = {"cause": {"reason": "not_served"}}
    attention = [item("web:443", "not_served", **repeated), item("web:443", "expiring", **repeated)]
    row = rows(listeners=[failed], failed_items=[failed], attention=[*attention, attention[1]])["web:443"]
    assert row["attention"] == ["failed", "expiring"]
    assert row["messages"] == ["Something else is served.", "Renew it."]
    assert rows(listeners=[failed], attention=attention)["web:443"]["attention"] == ["not_served", "expiring"]


def test_load_balancers_of_one_name_are_distinguished() -> None:
    ours, others = (listener("web:443", load_balancer_uuid=uuid) for uuid in ("a", "b"))
    report = build(listeners=[ours, others], attention=[item("web:443", "expiring", load_balancer_uuid="b")])
    told = [(row["listener"], row["attention"]) for row in report["listeners"]]
    assert told == [("web:443", ["expiring"]), ("web:443", [])]
    assert len({row["key"] for row in report["listeners"]}) == 2


def test_what_is_about_no_listener_is_a_notice() -> None:
    gone = item("gone:443", "not_found", "There is no such listener.")
    lost = {**item("web:443", "expiring"), "port": None}
    assert [notice["message"] for notice in build(attention=[lost])["notices"]] == ["Renew it."]
    notices = build(
        failed_items=[{"common_name": "the mailbox", "reason": "unreachable", "message": "No answer."}, gone],
        skipped_items=[
            unread(),
            unread("being_renewed", message="Wait."),
            unread("already_imported", message="It is there."),
            listener("web:443", outcome="skipped", reason="unreachable"),
        ],
        empty_sources=[{"source": "lego", "path": "/etc/lego", "message": "The source lego brings nothing."}],
    )["notices"]
    assert notices == [
        {"source": "gone:443", "message": "There is no such listener."},
        {"source": "the mailbox", "message": "No answer."},
        {"source": f"lego {NAME}", "message": "Put the key there."},
        {"source": None, "message": "The source lego brings nothing."},
    ]


DONE: dict[str, Any] = {
    "imported": [imported()],
    "deployed": [listener("web:443", outcome="switched")],
    "verified": [listener("web:443", outcome="switched")],
    "removed": [{"id": 1, "common_name": NAME, "outcome": "removed"}],
    "skipped_items": [entry(9, "new_name", OTHER)],
}


def test_what_the_run_did() -> None:
    there = entry(10, "already_imported", OTHER)
    report = build(listeners=DONE["deployed"], **{**DONE, "skipped_items": [*DONE["skipped_items"], there]})
    assert report["done"] == [
        f"{NAME}: imported as certificate 2 from certbot ({NAME})",
        "web:443: switched to certificate 2 and verified",
        f"certificate 1 ({NAME}): removed",
    ]
    assert report["totals"] == {"imported": 1, "deployed": 1, "verified": 1, "removed": 1, "skipped": 1, "failed": 0}
    assert report["listener_count"] == 1 and report["states"]["switched"] == 1


def test_what_only_a_source_has() -> None:
    sources = build(
        imported=[imported(2)],
        skipped_items=[
            entry(3, "already_imported"),
            entry(4, "superseded"),
            entry(5, "new_name", OTHER, message="import_new imports it."),
            unread(),
            {**listener("web:443", outcome="skipped"), "reason": "unreachable"},
        ],
        failed_items=[entry(6, "refused", "next.example.com", message="The API refused it.")],
    )["sources"]
    assert [(source["source"], source["reason"], source["message"]) for source in sources] == [
        ("certbot next.example.com", "refused", "The API refused it."),
        (f"certbot {OTHER}", "new_name", "import_new imports it."),
        (f"lego {NAME}", "key_missing", "Put the key there."),
    ]
    assert sources[1]["explanation"] == WORDS["en"]["reasons"]["new_name"]


# --- A run after another one ---


BEFORE = {"listeners": [listener("web:443", outcome="switched", message="Switched.")], **DONE}
AFTER = {"listeners": [listener("web:443", certificate_id=2)], "skipped_items": DONE["skipped_items"]}


def test_a_run_with_nothing_to_do_leaves_the_report_of_the_day_as_it_is() -> None:
    first = build(**BEFORE)
    assert build(1, first, **AFTER) == first
    next_day = build(12.1, first, **AFTER)
    assert next_day["generated_at"] == format_time(NOW + timedelta(hours=12.1)) and next_day["done"] == []
    assert build(1, first, **BEFORE) == first, "what was written already"
    other = {**BEFORE, "imported": [imported(9)]}
    assert build(1, first, **other)["generated_at"] == format_time(NOW + timedelta(hours=1)), "that did something"


@pytest.mark.parametrize(
    "done",
    [
        {"listeners": []},
        {"listeners": [listener("web:443", certificate_id=3)]},
        {"listeners": [listener("web:443", certificate_id=2, served=False)]},
        {"attention": [item("web:443", "expiring")]},
        {"failed_items": [{"common_name": "the mailbox", "message": "No answer."}]},
        {"skipped_items": [*DONE["skipped_items"], unread()]},
    ],
    ids=lambda done: next(iter(done)),
)
def test_anything_else_makes_another_report(done: dict[str, Any]) -> None:
    assert build(1, build(**BEFORE), **{**AFTER, **done})["generated_at"] == format_time(NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "previous",
    [
        *("", "[1]", "not JSON", '{"generated_at": 7}'),
        '{"generated_at": "2026-03-10T11:00:00Z", "listeners": 5}',
        '{"generated_at": "2026-03-10T11:00:00Z", "listeners": [5, {"key": []}, {}]}',
        json.dumps({"generated_at": "2026-03-10T11:00:00Z", "listeners": []}),
    ],
)
def test_what_is_no_previous_report_counts_as_none(previous: str) -> None:
    assert build(previous=previous, **AFTER) == build(**AFTER)
    assert build(previous=previous) == build()


def test_no_secret_and_no_path_of_one_gets_into_it() -> None:
    secret = {"privatekey_path": "/keys/www.key", "privatekey_content": "-----BEGIN", "certificate": "PEM", "x": "hide"}
    of_source = [entry(2, "new_name", **secret), unread(**secret)]
    failed = [{**listener("web:443", outcome="failed"), **secret}]
    text = json.dumps(build(listeners=failed, failed_items=failed, skipped_items=of_source))
    assert [value for value in secret.values() if value in text] == []


# --- The other forms ---


# --- The words ---


@pytest.mark.parametrize("language", sorted(WORDS))
def test_each_language_says_everything(language: str) -> None:
    words = WORDS[language]
    assert shape(words) == shape(WORDS["en"])
    assert set(words["states"]) == set(LISTENER_SCHEMA.states)
    assert set(words["attention"]) == set(LISTENER_SCHEMA.attention) == {*words["badges"], "failed"}
    given = (DeployReason, RotationReason, ApprovalReason, HeldBackReason)
    reasons = {reason for each in given for reason in get_args(each)} - {*get_args(StoredReason)}
    assert reasons <= set(words["reasons"])


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_page_needs_no_escapes_for_words(language: str) -> None:
    assert [text for text in texts(WORDS[language]) if set(text) & set('<>&"\\')] == []
