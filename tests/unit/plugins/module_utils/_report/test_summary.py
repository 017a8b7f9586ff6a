# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation says at its end, and how the role says it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import (
    LISTS,
    failure_lines,
    summary,
)


def told(phases: list[str] | None = None, **lists: Any) -> list[str]:
    """The lines of a run with these results."""
    how: dict[str, Any] = {"attention": (), "unchanged": 0, "removes": True, "is_check_mode": False, "empty": ()}
    how |= {name: lists.pop(name) for name in list(lists) if name in how}
    attention = how.pop("attention")
    return summary({**{name: [] for name in LISTS}, **lists}, attention, phases or ["import", "deploy"], **how)


def skipped(name: str, reason: str, **other: Any) -> dict[str, Any]:
    """An entry of a source that is not imported."""
    return {"source": "lego", "name": name, "common_name": None, "reason": reason, "message": f"Mend {name}.", **other}


NEW = {
    "source": "certbot",
    "name": "www",
    "common_name": None,
    "subject_alt_names": ["www.example.com"],
    "outcome": "imported",
}
WEB = {
    "load_balancer": "web",
    "port": 443,
    "common_name": None,
    "subject_alt_names": ["www.example.com"],
    "reason": None,
}


DUE = {
    "name": "www.example.com",
    "load_balancer": "web",
    "port": 443,
    "reason": "expiring",
    "message": "It ends soon, and nothing renews it. Renew it.",
}


def test_an_empty_mailbox_is_told() -> None:
    said = "0 messages of the last 30 days are in /srv/mail."
    assert told(empty=[said]) == [said, *told()]


def test_a_line_for_each_thing_that_was_done() -> None:
    """Certificates without a common name are called by another of their names."""
    assert told(
        imported=[{**NEW, "id": 7}],
        deployed=[{**WEB, "certificate_id": 7, "served": True}],
        removed=[{"id": 3, "common_name": "www.example.com"}, {"id": 4, "common_name": None}],
        failed=[{**WEB, "message": "It failed."}, {"common_name": None, "message": "The run failed."}],
        attention=[DUE, {**DUE, "name": None, "port": 8443, "reason": "not_served", "message": "Nothing is."}],
        unchanged=1,
    ) == [
        "www.example.com: imported as certificate 7, from certbot www",
        "web:443: switched to certificate 7 (www.example.com), and serves it",
        "certificate 3 (www.example.com): removed",
        "certificate 4 (without a name): removed",
        "web:443: FAILED, It failed.",
        "the run: FAILED, The run failed.",
        "1 listener is as it was",
        "NEEDS A PERSON: web:443 (www.example.com): expiring: It ends soon, and nothing renews it. Renew it.",
        "NEEDS A PERSON: web:8443 (without a name): not_served: Nothing is.",
        "imported 1, deployed 1, skipped 0, failed 2",
    ]


@pytest.mark.parametrize(
    ("source", "name"), [("acme_sh", "acme.sh"), ("secrets_manager", "Secrets Manager"), ("folder", "folder")]
)
def test_sources_are_called_as_people_call_them(source: str, name: str) -> None:
    imported, *_rest = told(imported=[{**NEW, "id": 7, "source": source}])
    assert imported == f"www.example.com: imported as certificate 7, from {name} www"
    left_out, *_rest = told(skipped=[{**skipped("api", "malformed"), "source": source}])
    assert left_out == f"{name} api: SKIPPED, malformed: Mend api."


def test_only_what_was_to_be_done_is_counted() -> None:
    """Of a phase that did not run there is nothing to say."""
    assert told(["verify"], unchanged=2)[-2:] == ["2 listeners are as they were", "verified 0, skipped 0, failed 0"]
    assert told(["import", "deploy", "verify", "clean_up"])[-1] == (
        "imported 0, deployed 0, verified 0, removed 0, skipped 0, failed 0"
    )
    assert told(["report"]) == ["skipped 0, failed 0"]


def test_check_mode_names_what_has_no_id_yet() -> None:
    """By its name alone; what would be deleted is deleted only once the rest was seen."""
    facts = {
        "imported": [{**NEW, "id": None}],
        "deployed": [{**WEB, "certificate_id": None, "served": None}],
        "removed": [{"id": 3, "common_name": "www.example.com"}],
    }
    assert told(["import", "deploy", "clean_up"], **facts, is_check_mode=True)[:3] == [
        "www.example.com: would be imported, from certbot www",
        "web:443: would be switched to the certificate that is to be imported (www.example.com)",
        "certificate 3 (www.example.com): would be removed, once it is seen that what replaces it is served",
    ]
    assert "certificate 3 (www.example.com): would be removed" in told(["clean_up"], **facts, is_check_mode=True)


def test_what_is_skipped_is_counted_and_the_first_are_named() -> None:
    """What a person has to mend is told with its remedy; of ten thousand up to date ones only some names."""
    fine = [skipped(f"n{number}", "already_imported") for number in range(10_000)]
    broken = [skipped(f"b{number}", ("key_missing", "unreadable")[number == 12]) for number in range(15)]
    lines = told(skipped=[*fine, *broken])
    assert len(lines) == 14
    assert lines[0] == "lego b0: SKIPPED, key_missing: Mend b0."
    assert lines[10] == "skipped, too (key_missing): lego b10, lego b11, lego b13, lego b14"
    assert lines[11] == "skipped, too (unreadable): lego b12"
    assert lines[12].startswith("skipped (already_imported): n0, n1, ") and lines[12].endswith(" and 9990 more")


@pytest.mark.parametrize(
    "reason",
    ["names_not_covered", "organization_differs", "key_type_not_offered", "untrusted", "chain_incomplete", "ambiguous"],
)
def test_what_is_held_back_has_its_sentence(reason: str) -> None:
    """And not only its reason; that of a listener is told as what needs a person."""
    assert told(skipped=[skipped("www", reason)])[0] == f"lego www: SKIPPED, {reason}: Mend www."
    at = {**WEB, "reason": reason, "message": "It lacks a name."}
    assert told(skipped=[at])[0] == f"skipped ({reason}): web:443"


def test_a_clean_up_that_removes_nothing_says_why() -> None:
    """Only if it was asked for alone: by default nothing is removed."""
    said = "remove_superseded is false: no old certificate is removed"
    assert said in told(["clean_up"], removes=False)
    assert said not in told(["clean_up"]) and said not in told(["deploy", "clean_up"], removes=False)


def test_what_failed_and_what_needs_a_person_in_one_line() -> None:
    """Some of many are named."""
    assert (
        failure_lines([], [DUE]) == f"1 listener needs a person: web:443 (www.example.com): expiring: {DUE['message']}"
    )
    many = [{**DUE, "port": port} for port in range(400, 430)]
    both = failure_lines([{**WEB, "message": "It failed."}], many)
    assert both.startswith("1 failed: web:443: It failed. 30 listeners need a person: ")
    assert both.count("(www.example.com)") == 10 and both.endswith("and 20 more")
    twice = failure_lines([], [DUE, {**DUE, "reason": "held_back"}])
    assert twice.startswith("1 listener needs a person: "), "a listener is counted once"


# In the role
