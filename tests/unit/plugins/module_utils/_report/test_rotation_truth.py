# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report without orders must not say: what has not been done, what is not served, and of which names nothing is known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.lines import NAME, OTHER, certificate, entry, in_days, listener, stored, unread
from tests.unit.plugins.module_utils._report.test_rotation import OLD, SERVED, UNTRUSTED, WORDS, build, row

NEW = stored(3, 0)
BOTH = (NAME, OTHER)


def rows(**facts: Any) -> dict[tuple[str, ...], dict[str, Any]]:
    """The rows by their names."""
    return {tuple(sorted(one["subject_alt_names"])): one for one in build(**facts)["lines"]}


def stand(told: dict[str, Any]) -> tuple[str, str]:
    """Where a row stands, and why."""
    return told["state"], told["reason"]


# --- In check mode ---

PLANNED = {
    "store": [OLD],
    "entries": [entry(3, 0)],
    "listeners": [listener("web:443", 1, None)],
    "result": {
        "imported": [{**certificate(3, 0), "id": None, "outcome": "imported"}],
        "deployed": [listener("web:443", 1, None)],
        "removed": [{**certificate(1, -80), "id": 1, "outcome": "removed"}],
    },
}
"""What a run in check mode has found that would renew a certificate, and remove the old one."""


def test_check_mode_tells_what_is_there_and_not_what_would_be() -> None:
    told = row(**PLANNED, is_check_mode=True)
    assert (*stand(told), told["attention"]) == ("waiting", "waiting_for_import", ["behind"])
    assert (told["served_by"], told["served_until"]) == (["web:443"], in_days(10))
    assert (told["certificate_ids"], told["stored_until"], told["services"]) == ([1], in_days(10), 1)
    assert [told[name] for name in ("imported", "deployed", "verified", "removed")] == [[], [], [], []]


def test_check_mode_of_a_run_that_finds_the_newer_one_in_the_store() -> None:
    plan = [listener("web:443", 1, 3)]
    told = row(store=[OLD, NEW], listeners=plan, result={"deployed": plan}, is_check_mode=True)
    assert stand(told) == ("waiting", "waiting_for_deploy")
    assert (told["served_by"], told["served_until"], told["deployed"]) == (["web:443"], in_days(10), [])


def test_what_was_seen_in_check_mode_was_seen() -> None:
    seen = listener("web:443", 2, 2, "verified", served=True)
    told = row(store=[SERVED], listeners=[listener("web:443", 2, 2, "unchanged")], result={"verified": [seen]})
    assert told["verified"] == ["web:443"]


def test_what_is_to_be_imported_is_not_replaced_though_something_was_removed() -> None:
    removed = {**certificate(1, -80), "id": 1, "outcome": "removed"}
    told = row(entries=[entry(3, 0, reason=None)], result={"removed": [removed]})
    assert stand(told) == ("waiting", "waiting_for_import")


# --- Names ---

IN_SOURCE, AT_LISTENER = entry(3, 0), listener("web:443", 7, 7, "unchanged", subject_alt_names=list(BOTH))


def test_a_source_that_has_some_of_the_names_is_told_with_those_that_it_lacks() -> None:
    told = rows(store=[stored(1, -30, *BOTH, at=("web:443",))], entries=[IN_SOURCE])
    assert stand(told[tuple(sorted(BOTH))]) == ("store_only", "names_not_covered")
    assert told[tuple(sorted(BOTH))]["messages"] == [f"certbot: {NAME} lacks {OTHER}."]
    assert stand(told[NAME,]) == ("source_only", "new_name")
    assert told[NAME,]["messages"] == [f"Certificate 1 is also for {OTHER}."]


def test_a_source_that_has_some_of_the_names_does_not_renew_what_is_due() -> None:
    told = rows(store=[stored(1, -80, *BOTH, at=("web:443",))], entries=[IN_SOURCE])[tuple(sorted(BOTH))]
    assert (*stand(told), told["attention"]) == ("not_renewed", "names_not_covered", ["expiring"])
    assert told["messages"] == [f"certbot: {NAME} lacks {OTHER}."]


def test_a_source_that_has_some_of_the_names_that_are_served_and_not_stored() -> None:
    told = rows(listeners=[AT_LISTENER], entries=[IN_SOURCE])
    assert stand(told[tuple(sorted(BOTH))]) == ("served_only", "not_in_store")
    assert stand(told[NAME,]) == ("source_only", "new_name")
    assert told[NAME,]["messages"] == [f"What web:443 serves is also for {OTHER}."]


def test_a_source_that_shares_names_and_has_others() -> None:
    told = rows(store=[stored(1, -30, *BOTH, at=("web:443",))], entries=[entry(3, 0, NAME, "c.example.com")])
    assert stand(told[tuple(sorted(BOTH))]) == ("store_only", "no_source")
    assert told["c.example.com", NAME]["messages"] == [f"Certificate 1 is also for {OTHER}."]


@pytest.mark.parametrize(
    "of_source",
    [entry(3, -40), {**IN_SOURCE, "key_type": "RSA"}, {**IN_SOURCE, "trust": "untrusted"}],
    ids=["older", "another type of key", "not trusted"],
)
def test_what_could_not_renew_it_even_with_all_names_is_not_blamed_on_names(of_source: dict[str, Any]) -> None:
    told = rows(store=[stored(1, -30, *BOTH, at=("web:443",))], entries=[of_source])
    assert stand(told[tuple(sorted(BOTH))]) == ("store_only", "no_source")


def test_a_new_name_has_no_message() -> None:
    told = rows(store=[stored(1, -30, OTHER, at=("web:443",))], entries=[IN_SOURCE])
    assert (*stand(told[NAME,]), told[NAME,]["messages"]) == ("source_only", "new_name", [])


def test_one_with_more_names_is_no_new_name() -> None:
    """A run imports it, as the store has one that it renews; if that has another type of key, it is held back, and told."""
    told = rows(store=[SERVED], entries=[entry(3, 0, *BOTH)])
    assert stand(told[tuple(sorted(BOTH))]) == ("waiting", "waiting_for_import")
    other = entry(3, 0, *BOTH, key_type="RSA")
    left = {**other, "outcome": "skipped", "reason": "key_type_not_offered", "message": "Have it make EC keys."}
    row_of_it = rows(store=[SERVED], entries=[other], result={"skipped": [left]})[tuple(sorted(BOTH))]
    assert (*stand(row_of_it), row_of_it["messages"]) == (
        "held_back",
        "key_type_not_offered",
        ["Have it make EC keys."],
    )


def test_what_is_served_and_not_stored_is_imported_only_on_demand() -> None:
    at = listener("web:443", 7, 7, "unchanged", not_after=in_days(20))
    told = row(listeners=[at], entries=[IN_SOURCE])
    assert (*stand(told), told["attention"]) == ("served_only", "new_name", ["expiring"])
    at["key_type"] = "EC"
    covered = rows(listeners=[at], entries=[entry(3, 0, *BOTH)])
    assert stand(covered[NAME,]) == ("served_only", "not_in_store")
    on_demand = rows(listeners=[at], entries=[entry(3, 0, *BOTH, reason=None)])
    assert stand(on_demand[tuple(sorted(BOTH))]) == ("waiting", "waiting_for_import")
    assert stand(on_demand[NAME,]) == ("served_only", "not_in_store"), (
        "nothing is known of what it would take the place of"
    )


# --- What is refused ---


def test_a_newer_one_that_is_not_trusted_beside_a_good_one() -> None:
    why = f"{UNTRUSTED['path']}: Name the root."
    for facts, expected in (
        ({"store": [SERVED], "entries": [UNTRUSTED, entry(2, -30)]}, ("up_to_date", "current")),
        ({"store": [OLD], "entries": [UNTRUSTED, entry(2, -30)]}, ("waiting", "waiting_for_import")),
        (
            {"store": [SERVED], "entries": [UNTRUSTED, entry(2, -30)], "listeners": [listener("web:443", 1, 2)]}
            | {"result": {"deployed": [listener("web:443", 1, 2)]}},
            ("renewed", "deployed"),
        ),
    ):
        told = row(**facts)
        assert (stand(told), told["messages"]) == (expected, [why])
        assert "refused" in told["attention"] and told["source_until"] == in_days(60)


def test_an_incomplete_copy_of_a_good_one_is_not_refused() -> None:
    """The module takes the most complete copy, and says the same of each."""
    taken = entry(3, 0, reason=None, supersedes=[1])
    copy = {
        **taken,
        "source": "lego",
        "path": "/srv/lego/www.crt",
        "trust": "incomplete",
        "trust_message": "No issuer.",
    }
    for entries in ([taken, copy], [copy, taken]):
        told = row(store=[OLD], entries=entries)
        assert (*stand(told), told["attention"], told["messages"]) == ("waiting", "waiting_for_import", ["behind"], [])
        assert told["source_path"] == taken["path"]


# --- What is served ---


def test_a_listener_that_still_serves_its_old_one_is_told_with_its_date() -> None:
    """The API names the new one for it."""
    failed = listener("web:443", 1, 3, "failed", reason="not_served", served_certificate=certificate(1, -80))
    told = row(store=[OLD, NEW], listeners=[failed], result={"failed": [failed]})
    assert (*stand(told), told["attention"]) == ("failed", "not_served", ["failed", "behind"])
    assert (told["served_by"], told["served_until"], told["days_left"]) == (["web:443"], in_days(10), 10)
    assert told["expires_at"] == in_days(10)


def test_a_listener_that_serves_nothing() -> None:
    """What counts is when its old one ends, since the new one is not in use."""
    failed = listener("web:443", 1, 3, "failed", reason="not_served", served_certificate=None)
    told = row(store=[OLD, NEW], listeners=[failed], result={"failed": [failed]})
    assert (told["served_by"], told["served_until"], told["expires_at"]) == ([], None, in_days(10))
    assert (told["services"], told["attention"]) == (1, ["failed", "behind"])
    same = {**failed, "previous_certificate_id": 3}
    told = row(store=[OLD, NEW], listeners=[same], result={"failed": [same]})
    assert (told["served_until"], told["expires_at"], told["attention"]) == (None, None, ["failed"])


def test_a_listener_that_was_pointed_back() -> None:
    back = listener("web:443", 1, 3, "rolled_back", reason="not_served", served_certificate=certificate(3, 0))
    told = row(store=[OLD, NEW], listeners=[back], result={"failed": [back]})
    assert (told["served_by"], told["served_until"], told["expires_at"]) == (["web:443"], in_days(10), in_days(10))


OTHERS = stored(4, -60, OTHER, at=("api:443",))


@pytest.mark.parametrize("is_planned", [False, True], ids=["as it is", "with a newer one in the store"])
def test_a_listener_that_was_seen_to_serve_another_one(is_planned: bool) -> None:
    """As in a run that only looks."""
    facts = {"reason": "not_served", "served": False, "better_certificate_id": 3 if is_planned else None}
    seen = listener("web:443", 2, 2, "failed", served_certificate=certificate(4, -60, OTHER), **facts)
    store = [SERVED, OTHERS, *([NEW] if is_planned else [])]
    told = rows(store=store, listeners=[seen], result={"failed": [seen]})
    assert stand(told[NAME,]) == ("failed", "not_served")
    assert (told[NAME,]["served_by"], told[NAME,]["served_until"]) == ([], None)
    assert told[NAME,]["expires_at"] == in_days(30)
    assert (told[OTHER,]["served_by"], told[OTHER,]["served_until"]) == (["api:443", "web:443"], in_days(30))


def test_a_listener_that_was_seen_to_serve_what_is_not_in_the_store() -> None:
    seen = listener("web:443", 2, 2, "failed", reason="not_served", served_certificate=certificate(9, -70))
    told = row(store=[SERVED], listeners=[seen], result={"failed": [seen]})
    assert (told["served_by"], told["served_until"], told["expires_at"]) == (["web:443"], in_days(20), in_days(20))


def test_a_listener_that_was_seen_to_serve_what_the_store_has_for_names_that_are_not_asked_for() -> None:
    """Nobody says then that the store lacks it."""
    other = certificate(4, -70, OTHER)
    seen = listener("web:443", 2, 2, "failed", reason="not_served", served_certificate=other)
    facts = {"store": [SERVED], "listeners": [seen], "result": {"failed": [seen]}}
    assert rows(**facts)[OTHER,]["state"] == "served_only"
    told = rows(**facts, fingerprints={other["fingerprint_sha256"], SERVED["fingerprint_sha256"]})
    assert told.keys() == {(NAME,)}
    assert (told[NAME,]["served_by"], told[NAME,]["expires_at"]) == ([], in_days(20))


def test_what_ends_first_counts_even_if_it_began_last() -> None:
    short = stored(5, -10, at=("api:443",), not_after=in_days(20))
    assert row(store=[SERVED, short], listeners=[])["expires_at"] == in_days(20)


def test_of_several_listeners_the_first_to_expire_counts() -> None:
    failed = listener("web:443", 1, 3, "failed", reason="not_served", served_certificate=None)
    kept = listener("api:443", 3, 3, "unchanged")
    told = row(store=[OLD, NEW], listeners=[failed, kept], result={"failed": [failed]})
    assert (told["served_by"], told["served_until"], told["expires_at"]) == (["api:443"], in_days(90), in_days(10))


@pytest.mark.parametrize("outcome", ["failed", "rolled_back"])
def test_a_failure_is_told_of_what_was_not_replaced_too(outcome: str) -> None:
    """The next run would not switch it, as the API names the new one already; or it would fail again."""
    failed = listener("web:443", 1, 3, outcome, reason="not_served", served_certificate=certificate(1, -80))
    told = rows(store=[OLD, stored(3, 0, *BOTH)], listeners=[failed], result={"failed": [failed]})
    for names, served_by in (((NAME,), ["web:443"]), (tuple(sorted(BOTH)), [])):
        assert (*stand(told[names]), told[names]["served_by"]) == ("failed", "not_served", served_by)
        assert told[names]["messages"] == ["web:443: Said."]
    assert told[NAME,]["served_until"] == told[NAME,]["expires_at"] == in_days(10)


# --- What a person is told to do ---


def test_what_is_held_back_is_not_there_for_the_taking() -> None:
    held = listener("web:443", 1, 1, "skipped", reason="organization_differs")
    facts = {"store": [OLD, stored(3, -1, organization_name="Example Inc.")], "listeners": [held]}
    told = row(**facts)
    assert (told["state"], told["attention"]) == ("held_back", ["expiring", "held_back"])
    told = row(**facts, entries=[entry(4, 0)])
    assert (told["state"], told["attention"]) == ("held_back", ["behind", "held_back"])
    behind = listener("api:443", 1, 1, "unchanged", better_certificate_id=3)
    told = row(**{**facts, "listeners": [held, behind]})
    assert (told["state"], told["attention"]) == ("held_back", ["expiring", "held_back"])


@pytest.mark.parametrize("reason", ["not_approved", "changed_meanwhile"])
def test_what_an_approval_did_not_cover_says_so(reason: str) -> None:
    """Otherwise it would be for the next run, whatever is approved for that."""
    at = listener("web:443", 2, 2, "skipped", reason=reason, message="Run it again, with a new preview.")
    at["better_certificate_id"] = 3
    told = row(store=[SERVED, NEW], listeners=[at], result={"skipped": [at]})
    assert (*stand(told), told["messages"]) == ("waiting", reason, ["web:443: Run it again, with a new preview."])
    left = {**entry(3, 0), "outcome": "skipped", "reason": reason, "message": "Run it again."}
    told = row(store=[SERVED], entries=[entry(3, 0)], result={"skipped": [left]})
    assert (*stand(told), told["messages"]) == ("waiting", reason, ["Run it again."])
    kept = {**OLD, "outcome": "skipped", "reason": reason, "message": "It is kept."}
    told = row(store=[OLD, SERVED], entries=[entry(3, 0)], result={"skipped": [kept]})
    assert (*stand(told), told["messages"]) == ("waiting", "waiting_for_import", [])


def test_a_store_that_could_not_be_read_hides_no_remedy() -> None:
    told = row(store=None, entries=[UNTRUSTED], unread=[unread(subject_alt_names=[NAME])])
    assert (*stand(told), told["attention"]) == ("unknown", "store_unknown", ["refused", "broken"])
    assert told["messages"] == ["Name the root.", "Put the key there."]


def test_words_say_no_more_than_is_known() -> None:
    words = WORDS["en"]
    assert "is known that can take its place" in words["attention"]["expiring"]
    assert "anywhere" not in words["attention"]["expired"] + words["attention"]["expiring"]
    assert "that can be used" in words["reasons"]["current"] and "that can be used" in words["reasons"]["not_renewed"]
    assert "ssl_rotation_max_listeners" in words["reasons"]["waiting_for_deploy"]
    assert "all of these names" in words["reasons"]["no_source"]
    assert words["reasons"].keys() == WORDS["de"]["reasons"].keys()
