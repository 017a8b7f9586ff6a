# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last lines of a rotation."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import remove
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import (
    LIST_NAMES,
    deduplicate,
    format_failure,
    format_summary,
    format_totals,
    list_adoptions,
)

TOTALS = "2 listeners: 2 unchanged."
ROW = "A row of the table."


def lines_of(**lists: Any) -> list[str]:
    given: dict[str, Any] = dict.fromkeys(("attention", "failing", "empty", "adopted"), ())
    given |= dict.fromkeys(("is_check_mode", "is_needless"), False)
    given |= {name: lists.pop(name) for name in list(lists) if name in given}
    attention = given.pop("attention")
    lines = format_summary({**{name: [] for name in LIST_NAMES}, **lists}, attention, [ROW], TOTALS, **given)
    assert lines[-2:] == [ROW, TOTALS]
    return lines[:-2]


def skipped(name: str, reason: str, **other: Any) -> dict[str, Any]:
    """An entry of a source that is not imported."""
    return {"source": "lego", "name": name, "common_name": None, "reason": reason, "message": f"Mend {name}.", **other}


NAMES = {"common_name": None, "subject_alt_names": ["www.example.com"]}
PLACE = {"load_balancer": "web", "port": 443}
NEW = {"source": "certbot", "name": "www", **NAMES, "outcome": "imported"}
WEB = {**PLACE, **NAMES, "reason": None}
DUE = {**PLACE, "name": "www.example.com", "reason": "expiring", "cause": None, "message": "Renew it."}


def test_an_empty_source() -> None:
    """An error is followed by it, because it may be the cause."""
    empty = "0 messages of the last 30 days are in /srv/mail."
    assert lines_of(empty=[empty]) == [empty]
    assert lines_of(empty=[empty], attention=[DUE], failing=[DUE]) == []
    assert format_failure([], [DUE], (), [empty]).endswith(f"\n{empty}")
    assert format_failure([], [], (), [empty]) == ""


def test_a_line_for_each_change() -> None:
    """Each listener follows its certificate. A certificate without a common name has another of its names."""
    other = {**DUE, "name": None, "port": 8443, "reason": "not_served", "message": "Nothing is."}
    ports = {443: (7, True), 444: (7, True), 445: (7, None), 446: (7, False), 8443: (9, True)}
    deployed = [{**WEB, "port": port, "certificate_id": new, "served": served} for port, (new, served) in ports.items()]
    deployed[2]["reason"] = "unreachable"
    assert lines_of(
        imported=[{**NEW, "id": 7}, {**NEW, "id": 8, "subject_alt_names": ["api.example.com"]}],
        deployed=deployed,
        removed=[{"id": 3, "common_name": "www.example.com"}, {"id": 4, "common_name": None}],
        failed=[{**WEB, "message": "It failed."}],
        attention=[DUE, other],
        failing=[DUE],
    ) == [
        "www.example.com: imported as certificate 7 from certbot (www)",
        "web:443, web:444: switched to certificate 7 and verified",
        "web:445: switched to certificate 7, not verified (unreachable)",
        "web:446: switched to certificate 7",
        "api.example.com: imported as certificate 8 from certbot (www)",
        "web:8443: switched to certificate 9 (www.example.com) and verified",
        "certificates 3 (www.example.com), 4 (without a name): removed",
        "ATTENTION: web:8443 (without a name): not_served: Nothing is.",
    ]


def counted(*listeners: dict[str, Any], attention: Any = (), is_probed: bool = True, **lists: Any) -> str:
    is_check_mode = lists.pop("is_check_mode", False)
    return format_totals(
        {**{name: [] for name in LIST_NAMES}, **lists},
        listeners,
        attention,
        is_probed=is_probed,
        is_check_mode=is_check_mode,
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
        "8 listeners: 1 switched, 1 failed, 2 need attention, 1 update available, 1 unreachable, 2 unchanged. "
        "Certificates: 1 imported, 2 removed, 1 unchanged, 1 skipped, 1 failed."
    )


def test_totals() -> None:
    web = {**WEB, "outcome": "switched", "served": True}
    assert counted() == "0 listeners."
    assert counted({**web, "outcome": "unchanged", "served": None}, is_probed=False) == "1 listener: 1 unchanged."
    assert counted(web, attention=[DUE]) == "1 listener: 1 needs attention."
    assert counted(web, imported=[NEW], is_check_mode=True) == (
        "1 listener: 1 would be switched. Certificates: 1 would be imported."
    )


def test_listeners_with_the_same_problem_share_a_line_and_each_has_it_once() -> None:
    """A listener that is due and held back, or has failed, and a certificate that several listeners serve."""
    held, failure = {"reason": "names_not_covered"}, {"reason": "not_served"}
    due, waits = {**DUE, "cause": held}, {**DUE, "reason": "held_back", "cause": held}
    assert lines_of(attention=[due, {**due, "port": 8443}, waits]) == [
        "ATTENTION: web:443, web:8443 (www.example.com): expiring: Renew it."
    ]
    other = {**DUE, "reason": "not_served", "cause": failure}
    items = [{**DUE, "cause": failure}, other, {**other, "port": 8443}]
    failed = [{**WEB, "port": 8443, "reason": "not_served", "message": "Nothing is."}]
    assert (deduplicate(items, failed), deduplicate(items[1:], failed)) == (items[:1], items[1:2])
    assert deduplicate([waits, due, due]) == [waits, due]
    assert len(deduplicate([waits, {**waits, "port": 8443}, {**waits, "cause": failure}])) == 3


def test_check_mode() -> None:
    """A certificate has no ID before its import; deletions follow the verification, if there is one."""
    removed = [{"id": 3, "common_name": "www.example.com"}]
    facts = {
        "imported": [{**NEW, "id": None, "fingerprint_sha256": "a"}],
        "deployed": [
            {**WEB, "certificate_id": None, "served": None, "fingerprint_sha256": "a", "port": port}
            for port in (443, 8443)
        ],
    }
    assert lines_of(**facts, removed=removed, is_check_mode=True) == [
        "www.example.com: would be imported from certbot (www)",
        "web:443, web:8443: would be switched to this certificate",
        "certificate 3 (www.example.com): would be removed after verification",
    ]
    assert lines_of(removed=removed, is_check_mode=True) == ["certificate 3 (www.example.com): would be removed"]


def test_skipped_items_share_a_line_for_each_reason() -> None:
    """Of unusable certificates, the first ones have their message; stored ones are only counted."""
    fine = [skipped(f"n{number}", "superseded") for number in range(10_000)]
    fine += [skipped("fine", "already_imported")]
    broken = [skipped(f"b{number}", ("key_missing", "unreadable")[number == 12]) for number in range(15)]
    lines = lines_of(skipped=[*fine, *broken])
    assert len(lines) == 13
    assert lines[0] == "skipped: lego b0 (key_missing): Mend b0."
    assert lines[10] == "skipped: lego b10, lego b11, lego b13, lego b14 (key_missing)"
    assert lines[11] == "skipped: lego b12 (unreadable)"
    assert lines[12].startswith("skipped: n0, n1, ") and lines[12].endswith(" and 9990 more (superseded)")


@pytest.mark.parametrize(
    "reason",
    ["names_not_covered", "organization_differs", "key_type_not_offered", "untrusted", "chain_incomplete", "ambiguous"],
)
def test_a_certificate_that_is_not_deployed_has_its_message_once(reason: str) -> None:
    """Also if an item of a listener has the message of this cause."""
    left = skipped("www", reason, path="/keys/www")
    line = f"skipped: lego www ({reason}): Mend www."
    assert lines_of(skipped=[left])[0] == line
    cause = {name: left[name] for name in ("source", "name", "path")}
    due = {**DUE, "cause": {"reason": None, **cause}}
    held = {**DUE, "reason": "held_back", "cause": {"reason": reason, **cause}}
    unusable = {**due, "reason": "unusable"}
    wanted = {**DUE, "cause": {"reason": "renewal_requested", **cause}}
    for attention, is_reported in (([due], True), ([held], True), ([due, unusable], False), ([wanted], False)):
        assert (line not in lines_of(skipped=[left], attention=attention)) == is_reported
    elsewhere = {**unusable, "port": 8443}
    assert line not in lines_of(skipped=[left], attention=[due, elsewhere]), "each listener has its own items"
    at = {**WEB, "reason": reason, "message": "It lacks a name."}
    assert lines_of(skipped=[at])[0] == f"skipped: web:443 ({reason})"


def test_a_clean_up_that_may_remove_nothing() -> None:
    assert lines_of(is_needless=True) == ["No certificate was removed, because remove_superseded is false."]


def test_the_error_of_a_run() -> None:
    """Some of many are named."""
    assert format_failure([], [DUE]) == "1 listener needs attention:\nweb:443 (www.example.com): expiring: Renew it."
    many = [{**DUE, "port": port, "message": f"It ends {port}."} for port in range(400, 430)]
    both = format_failure([{**WEB, "message": "It failed."}], many)
    assert both.startswith("1 item failed:\nweb:443: It failed.\n30 listeners need attention:\n- web:400 ")
    assert both.count("(www.example.com)") == 10 and both.endswith("\n- and 20 more")
    twice = format_failure([], [DUE, {**DUE, "reason": "held_back"}])
    assert twice.startswith("1 listener needs attention:\n"), "a listener is counted once"
    some = format_failure([], [DUE], [DUE, {**DUE, "port": 8443, "reason": "held_back"}])
    assert some.startswith("1 of 2 listeners needs attention:\nweb:443 ")


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
    lost["switch_back_command"] = None
    return {**switched, **lost, **given}


def said_of(*listeners: dict[str, Any], is_check_mode: bool = False) -> list[str]:
    return list(list_adoptions(listeners, is_check_mode=is_check_mode))


PREVIOUS = f"web:443: previous: certificate {BEFORE} ({NAME}, Example Ltd, RSA 2048, expires 2026-05-31T00:00:00Z)"
UNUSED = f"certificate {BEFORE}: no longer used by a listener. To delete the certificate, run {remove(BEFORE)}."


def test_an_adoption_with_its_losses_and_how_to_remove_the_previous_certificate() -> None:
    assert said_of(adopted(switch_back_command="`back`")) == [
        PREVIOUS,
        f"web:443: new: certificate {AFTER} ({NAME}, no organization, RSA 2048, expires 2026-05-31T00:00:00Z)",
        "web:443: losses: the organization Example Ltd (accepted with allow_organization_change)",
        "web:443: to switch back, run `back`.",
        UNUSED,
    ]


def test_an_adoption_in_check_mode() -> None:
    assert said_of(
        adopted(new={**GETS, "id": None}, losses=[], overrides=[], switch_back_command="`back`"), is_check_mode=True
    ) == [
        PREVIOUS,
        f"web:443: new: a certificate to be imported ({NAME}, no organization, RSA 2048, expires 2026-05-31T00:00:00Z)",
        "web:443: losses: none",
    ]


def test_a_previous_certificate_that_is_still_used() -> None:
    both = [adopted(still_used_by=["api:443"]), adopted(port=8443, still_used_by=["api:443"])]
    assert said_of(*both)[6:] == [f"certificate {BEFORE}: still used by api:443"]


def test_a_previous_certificate_that_is_newer() -> None:
    newer = {**HAD, "not_before": "2026-03-01T00:00:00Z"}
    last = (
        f"certificate {BEFORE}: newer than its replacement. Each run reports held_back until certificate {BEFORE} is deleted or {NAME} "
        "is renewed."
    )
    assert said_of(adopted(previous=newer))[-1] == last
    assert said_of(adopted(previous=newer, overrides=[]))[-1] == UNUSED


def test_a_listener_that_was_not_switched() -> None:
    """Failures have their own lines; a listener without a certificate has none to remove."""
    assert said_of(adopted(outcome="unchanged", new=None, message="It has it.")) == ["web:443: It has it."]
    assert said_of(adopted(outcome="failed", new=None)) == []
    previous, _new, losses = said_of(adopted(previous=None, losses=[], overrides=[]))
    assert (previous, losses) == ("web:443: previous: no certificate", "web:443: losses: none")
