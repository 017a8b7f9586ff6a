# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation says at its end, and how the role says it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import remove
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import (
    LISTS,
    adoption_lines,
    failure_lines,
    last_lines,
    summary,
    told_once,
    totals,
)

TOTALS = "2 listeners: 2 as they were"


def told(phases: list[str] | None = None, **lists: Any) -> list[str]:
    """The lines of a run with these results."""
    how: dict[str, Any] = {"attention": (), "removes": True, "is_check_mode": False, "empty": (), "totals": TOTALS}
    how["alarming"] = ()
    how |= {name: lists.pop(name) for name in list(lists) if name in how}
    attention = how.pop("attention")
    return summary({**{name: [] for name in LISTS}, **lists}, attention, phases or ["import", "deploy"], **how)


def skipped(name: str, reason: str, **other: Any) -> dict[str, Any]:
    """An entry of a source that is not imported."""
    return {"source": "lego", "name": name, "common_name": None, "reason": reason, "message": f"Mend {name}.", **other}


NAMES = {"common_name": None, "subject_alt_names": ["www.example.com"]}
PLACE = {"load_balancer": "web", "port": 443}
NEW = {"source": "certbot", "name": "www", **NAMES, "outcome": "imported"}
WEB = {**PLACE, **NAMES, "reason": None}
DUE = {**PLACE, "name": "www.example.com", "reason": "expiring", "cause": None, "message": "Renew it."}


def test_an_empty_mailbox_is_told() -> None:
    said = "0 messages of the last 30 days are in /srv/mail."
    assert told(empty=[said]) == [said, *told()]
    failing = told(empty=[said], attention=[DUE], alarming=[DUE])
    assert failing[0] == TOTALS and failing[-1] == said, "it may be why nothing renews what is due"
    assert failure_lines([], [DUE], (), [said]).endswith(f"\n{said}")
    assert failure_lines([], [], (), [said]) == ""


def test_a_line_for_each_thing_that_was_done() -> None:
    """Certificates without a common name are called by another of their names; what fails the run comes last."""
    other = {**DUE, "name": None, "port": 8443, "reason": "not_served", "message": "Nothing is."}
    assert told(
        imported=[{**NEW, "id": 7}, {**NEW, "id": 8, "subject_alt_names": ["api.example.com"]}],
        deployed=[{**WEB, "port": port, "certificate_id": new, "served": True} for port, new in ((443, 7), (8443, 9))],
        removed=[{"id": 3, "common_name": "www.example.com"}, {"id": 4, "common_name": None}],
        failed=[{**WEB, "message": "It failed."}, {"common_name": None, "message": "The run failed."}],
        attention=[DUE, other],
        alarming=[DUE],
    ) == [
        "www.example.com: imported as certificate 7, from certbot www; web:443 switched to it, and serves it",
        "api.example.com: imported as certificate 8, from certbot www",
        "web:8443: switched to certificate 9 (www.example.com), and serves it",
        "certificates 3 (www.example.com), 4 (without a name): removed",
        "NEEDS A PERSON: web:8443 (without a name): not_served: Nothing is.",
        TOTALS,
        "web:443: FAILED, It failed.",
        "the run: FAILED, The run failed.",
        "NEEDS A PERSON: web:443 (www.example.com): expiring: Renew it.",
    ]


def test_a_certificate_that_several_listeners_serve_has_one_line() -> None:
    """A listener that does not serve it, or that cannot be looked at, has one of its own."""
    listeners = [{**WEB, "port": port, "certificate_id": 7, "served": port < 8443 or None} for port in (443, 444, 8443)]
    assert told(imported=[{**NEW, "id": 7}], deployed=listeners)[:2] == [
        "www.example.com: imported as certificate 7, from certbot www; web:443, web:444 switched to it, and serve it",
        "web:8443: switched to certificate 7 (www.example.com)",
    ]


def counted(*listeners: dict[str, Any], attention: Any = (), looks: bool = True, **lists: Any) -> str:
    """The line of totals."""
    is_check_mode = lists.pop("is_check_mode", False)
    return totals(
        {**{name: [] for name in LISTS}, **lists}, listeners, attention, looks=looks, is_check_mode=is_check_mode
    )


def test_a_listener_is_counted_once_and_certificates_apart() -> None:
    """As what matters most of it."""
    ports = [
        {"load_balancer": "web", "port": port, "outcome": "unchanged", "served": True, "better_certificate_id": None}
        for port in range(1, 9)
    ]
    ports[0]["outcome"] = ports[1]["outcome"] = ports[7]["outcome"] = "switched"
    ports[2]["served"] = None
    ports[3]["better_certificate_id"] = 9
    items = [{**DUE, "port": 2}, {**DUE, "port": 5}, {**DUE, "port": 5, "reason": "held_back"}]
    failed = [{**WEB, "port": 1, "message": "It failed."}, {**NEW, "message": "It failed."}]
    unseen = {**WEB, "port": 2, "reason": "unreachable"}
    left_out = [skipped("a", "already_imported"), skipped("b", "new_name"), unseen]
    assert counted(*ports, attention=items, failed=failed, skipped=left_out, imported=[NEW], removed=[NEW, NEW]) == (
        "8 listeners: 1 switched, 1 failed, 2 need a person, 1 to be switched, 1 could not be looked at, 2 as they were; "
        "certificates: 1 imported, 2 removed, 1 there already, 1 left out, 1 failed"
    )


def test_totals_are_said_as_people_say_them() -> None:
    web = {**WEB, "outcome": "switched", "served": True}
    assert counted() == "0 listeners"
    assert counted({**web, "outcome": "unchanged"}) == "1 listener: 1 as it was"
    assert counted({**web, "outcome": "unchanged", "served": None}, looks=False) == "1 listener: 1 as it was"
    assert counted(web, imported=[NEW], is_check_mode=True) == (
        "1 listener: 1 would be switched; certificates: 1 would be imported"
    )


def test_the_table_stands_before_the_totals_and_what_failed_is_not_said_twice() -> None:
    done = {"summary": ["It was done.", TOTALS, "It failed."], "totals": TOTALS}
    assert last_lines(done, ["A row."]) == ["It was done.", "A row.", TOTALS, "It failed."]
    assert last_lines({**done, "failure": {"message": "It failed."}}, ["A row."]) == ["It was done.", "A row.", TOTALS]
    assert last_lines({"msg": "The module failed."}, []) == []


def test_what_needs_the_same_is_said_at_once_and_of_a_listener_once() -> None:
    """A listener that is due and held back, or has failed, and a certificate that several listeners serve."""
    held, failure = {"reason": "names_not_covered"}, {"reason": "not_served"}
    due, waits = {**DUE, "cause": held}, {**DUE, "reason": "held_back", "cause": held}
    assert told(attention=[due, {**due, "port": 8443}, waits]) == [
        "NEEDS A PERSON: web:443, web:8443 (www.example.com): expiring: Renew it.",
        TOTALS,
    ]
    other = {**DUE, "reason": "not_served", "cause": failure}
    items = [{**DUE, "cause": failure}, other, {**other, "port": 8443}]
    failed = [{**WEB, "port": 8443, "reason": "not_served", "message": "Nothing is."}]
    assert (told_once(items, failed), told_once(items[1:], failed)) == (items[:1], items[1:2])
    assert told_once([waits, due, due]) == [waits, due]
    assert len(told_once([waits, {**waits, "port": 8443}, {**waits, "cause": failure}])) == 3


def test_check_mode_names_what_has_no_id_yet() -> None:
    """By its name alone; what would be deleted is deleted only once the rest was seen."""
    facts = {
        "imported": [{**NEW, "id": None, "fingerprint_sha256": "a"}],
        "deployed": [
            {**WEB, "certificate_id": None, "served": None, "fingerprint_sha256": letter, "port": port}
            for letter, port in (("a", 443), ("a", 8443), ("b", 80))
        ],
        "removed": [{"id": 3, "common_name": "www.example.com"}],
    }
    assert told(["import", "deploy", "clean_up"], **facts, is_check_mode=True)[:3] == [
        "www.example.com: would be imported, from certbot www; web:443, web:8443 would be switched to it",
        "web:80: would be switched to the certificate that is to be imported (www.example.com)",
        "certificate 3 (www.example.com): would be removed, once it is seen that what replaces it is served",
    ]
    assert "certificate 3 (www.example.com): would be removed" in told(["clean_up"], **facts, is_check_mode=True)


def test_what_is_skipped_is_counted_and_the_first_are_named() -> None:
    """What a person has to mend is told with its remedy; of ten thousand up to date ones only some names."""
    fine = [skipped(f"n{number}", "superseded") for number in range(10_000)]
    fine += [skipped("fine", "already_imported")]
    broken = [skipped(f"b{number}", ("key_missing", "unreadable")[number == 12]) for number in range(15)]
    lines = told(skipped=[*fine, *broken])
    assert len(lines) == 14
    assert lines[0] == "lego b0: SKIPPED, key_missing: Mend b0."
    assert lines[10] == "skipped, too (key_missing): lego b10, lego b11, lego b13, lego b14"
    assert lines[11] == "skipped, too (unreadable): lego b12"
    assert lines[12].startswith("10000 certificates skipped (superseded): n0, n1, ")
    assert lines[12].endswith(" and 9990 more")


@pytest.mark.parametrize(
    "reason",
    ["names_not_covered", "organization_differs", "key_type_not_offered", "untrusted", "chain_incomplete", "ambiguous"],
)
def test_what_is_held_back_has_its_sentence(reason: str) -> None:
    """And not only its reason; that of a listener is told as what needs a person, and then said once."""
    left = skipped("www", reason, path="/keys/www")
    line = f"lego www: SKIPPED, {reason}: Mend www."
    assert told(skipped=[left])[0] == line
    cause = {name: left[name] for name in ("source", "name", "path")}
    due = {**DUE, "cause": {"reason": None, **cause}}
    held = {**DUE, "reason": "held_back", "cause": {"reason": reason, **cause}}
    unusable = {**due, "reason": "unusable"}
    wanted = {**DUE, "cause": {"reason": "renewal_requested", **cause}}
    for attention, is_told in (([due], True), ([held], True), ([due, unusable], False), ([wanted], False)):
        assert (line not in told(skipped=[left], attention=attention)) == is_told
    elsewhere = {**unusable, "port": 8443}
    assert line not in told(skipped=[left], attention=[due, elsewhere]), "each listener goes by itself"
    at = {**WEB, "reason": reason, "message": "It lacks a name."}
    assert told(skipped=[at])[0] == f"1 listener skipped ({reason}): web:443"


def test_a_clean_up_that_removes_nothing_says_why() -> None:
    """Only if it was asked for alone: by default nothing is removed."""
    said = "remove_superseded is false: no old certificate is removed"
    assert said in told(["clean_up"], removes=False)
    assert said not in told(["clean_up"]) and said not in told(["deploy", "clean_up"], removes=False)


def test_what_failed_and_what_needs_a_person_has_a_line_each() -> None:
    """Some of many are named."""
    assert failure_lines([], [DUE]) == "1 listener needs a person: web:443 (www.example.com): expiring: Renew it."
    many = [{**DUE, "port": port, "message": f"It ends {port}."} for port in range(400, 430)]
    both = failure_lines([{**WEB, "message": "It failed."}], many)
    assert both.startswith("1 failed: web:443: It failed.\n30 listeners need a person: \n- web:400 ")
    assert both.count("(www.example.com)") == 10 and both.endswith("\n- and 20 more")
    twice = failure_lines([], [DUE, {**DUE, "reason": "held_back"}])
    assert twice.startswith("1 listener needs a person: "), "a listener is counted once"
    some = failure_lines([], [DUE], [DUE, {**DUE, "port": 8443, "reason": "held_back"}])
    assert some.startswith("1 of the 2 listeners that need a person fails the run: web:443 ")


# What listeners have that adopt a certificate, what they get, and what is lost by it

NAME = "www.example.com"
BEFORE, AFTER = 4699, 4711


def known(identifier: int | None, organization: str | None, begin: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    facts = {"common_name": None, "subject_alt_names": [NAME], "key_type": "RSA", "key_size": 2048}
    dates = {"not_before": begin, "not_after": "2026-06-01T00:00:00Z", "effective_not_after": "2026-05-31T00:00:00Z"}
    return {"id": identifier, "organization_name": organization, **facts, **dates}


HAD, GETS = known(BEFORE, "Example Ltd"), known(AFTER, None, "2026-02-01T00:00:00Z")


def adopted(**given: Any) -> dict[str, Any]:
    switched = {**PLACE, "outcome": "switched", "message": "Switched.", "previous": HAD, "new": GETS}
    lost = {"losses": ["the organization Example Ltd"], "overrides": ["allow_organization_change"], "still_used_by": []}
    return {**switched, **lost, **given}


def said_of(*listeners: dict[str, Any], is_check_mode: bool = False) -> list[str]:
    return list(adoption_lines(listeners, is_check_mode=is_check_mode))


def test_what_it_had_got_and_lost_and_how_to_remove_the_old_one() -> None:
    assert said_of(adopted()) == [
        f"web:443 had certificate {BEFORE}: {NAME}, Example Ltd, RSA 2048, until 2026-05-31T00:00:00Z",
        f"web:443 got certificate {AFTER}: {NAME}, no organization, RSA 2048, until 2026-05-31T00:00:00Z",
        "web:443 lost the organization Example Ltd, by allow_organization_change",
        f"certificate {BEFORE} is used by no listener any more; if nobody wants it back, {remove(BEFORE)} deletes it",
    ]


def test_a_plan_removes_nothing_and_has_no_id_for_what_is_not_stored() -> None:
    assert said_of(adopted(new={**GETS, "id": None}, losses=[], overrides=[]), is_check_mode=True) == [
        f"web:443 has certificate {BEFORE}: {NAME}, Example Ltd, RSA 2048, until 2026-05-31T00:00:00Z",
        f"web:443 would get a certificate that is to be imported: {NAME}, no organization, RSA 2048, until 2026-05-31T00:00:00Z",
        "web:443 would lose nothing",
    ]


def test_the_old_one_is_told_once_and_by_whom_it_is_still_used() -> None:
    both = [adopted(still_used_by=["api:443"]), adopted(port=8443, still_used_by=["api:443"])]
    assert said_of(*both)[6:] == [f"certificate {BEFORE} is still used by api:443"]


def test_an_old_one_that_is_newer_is_told_of_by_each_run() -> None:
    newer = {**HAD, "not_before": "2026-03-01T00:00:00Z"}
    last = f"until {BEFORE} is removed, or {NAME} is renewed, each run tells that it is newer (held_back)"
    assert said_of(adopted(previous=newer))[-1] == last
    assert last not in said_of(adopted(previous=newer, overrides=[]))


def test_what_was_not_switched() -> None:
    """What has failed is told with all that has; a listener without a certificate has none to remove."""
    assert said_of(adopted(outcome="unchanged", new=None, message="It has it.")) == ["web:443: It has it."]
    assert said_of(adopted(outcome="failed", new=None)) == []
    had, _got, lost = said_of(adopted(previous=None, losses=[], overrides=[]))
    assert (had, lost) == ("web:443 had no certificate", "web:443 lost nothing")
