# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report without orders says of each line of certificates: one set of names with one type of key."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._codes import (
    ApprovalReason,
    DeployReason,
    ImportReason,
    LineReason,
    RotationReason,
    SourceReason,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._report import report as reports
from ansible_collections.softlayer.certificates.plugins.module_utils._report import rotation
from ansible_collections.softlayer.certificates.plugins.module_utils._report import timeline as drawings
from ansible_collections.softlayer.certificates.plugins.module_utils._report.lines import Facts
from ansible_collections.softlayer.certificates.plugins.module_utils._report.rotation import ATTENTION, LINES, STATES
from ansible_collections.softlayer.certificates.plugins.module_utils._report.timeline import KINDS
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso

from tests.support.lines import NAME, NOW, OTHER, certificate, entry, in_days, listener, stored, unread, with_the_rest
from tests.support.long import grows_no_faster, only_long, spent
from tests.support.words import cases_of, shape, standing, texts, words_of

WORDS = words_of("lines")


def build(at: datetime = NOW, previous: str | None = None, language: str = "en", **facts: Any) -> dict[str, Any]:
    """A report; the store is empty if not given."""
    return rotation.build(Facts(**with_the_rest({"store": [], **facts})), WORDS[language], at, previous)


def row(name: str = NAME, **facts: Any) -> dict[str, Any]:
    """What a report says of the one line with this name."""
    [found] = [
        one for one in build(**facts)["lines"] if one["name"] == name and one["subject_alt_names"] in ([name], [])
    ]
    return found


OLD, SERVED = stored(1, -80, at=("web:443",)), stored(2, -30, at=("web:443",))
ENDED = stored(1, -91, at=("web:443",))
RENEWED = {
    "store": [OLD],
    "entries": [entry(2, 0)],
    "listeners": [listener("web:443", 1, 2)],
    "result": {
        "imported": [{**certificate(2, 0), "id": 2, "outcome": "imported", "notes": None}],
        "deployed": [listener("web:443", 1, 2)],
        "verified": [listener("web:443", 1, 2, served=True)],
        "removed": [{**certificate(1, -80), "id": 1, "outcome": "removed"}],
    },
}
UNCOUNTED = stored(1, -80, associated_service_count=None)
UNTRUSTED = entry(3, -1, trust="untrusted", trust_message="Name the root.")
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "up_to_date: current": {
        "served, and nothing is newer": {"store": [SERVED], "entries": [entry(2, -30)]},
        "not in use, in an account without load balancers": {"store": [stored(2, -30)], "entries": [entry(2, -30)]},
        "used by something else than a listener": {
            "store": [stored(2, -30, associated_service_count=1), stored(9, 0, OTHER, at=("web:443",))]
        }
        | {"entries": [entry(2, -30)]},
        "not trusted, and older than another one of the sources": {
            "store": [SERVED],
            "entries": [{**UNTRUSTED, **certificate(3, -40)}, entry(2, -30)],
        },
        "being renewed": {"store": [SERVED], "unread": [unread("being_renewed")]},
        "not reachable": {"store": [SERVED], "entries": [entry(2, -30)]}
        | {"result": {"skipped": [listener("web:443", 2, 2, "skipped", reason="not_reachable")]}},
    },
    "renewed: deployed": {
        "imported, switched, seen and cleaned up": RENEWED,
    },
    "renewed: imported": {
        "imported": {**RENEWED, "store": [], "listeners": [], "result": {"imported": RENEWED["result"]["imported"]}},
    },
    "waiting: waiting_for_import": {
        "newer in the source, before the import": {"store": [SERVED], "entries": [entry(3, 0)]},
        "not trusted, which is accepted": {"store": [SERVED], "entries": [UNTRUSTED], "needs_trust": False},
        "served, not in the store, and the source has a newer one that is chosen": {
            "listeners": [listener("web:443", 7, 7, "unchanged", not_after=in_days(60))]
        }
        | {"entries": [entry(3, 0, reason=None)]},
        "one with more names is in the source": {"store": [SERVED], "entries": [entry(3, 0, NAME, OTHER, name="both")]},
    },
    "waiting: waiting_for_import; behind": {
        "newer in the source, and overdue": {"store": [OLD], "entries": [entry(3, 0)]},
    },
    "waiting: waiting_for_deploy": {
        "newer in the store, planned": {
            "store": [SERVED, stored(3, 0)],
            "entries": [entry(3, 0)],
            "listeners": [listener("web:443", 2, 3)],
        }
        | {"is_check_mode": True},
        "half of the listeners have the newer one": {
            "store": [SERVED, stored(3, 0, at=("web:8443",))],
            "entries": [entry(3, 0)],
        },
        "one with more names is in the store": {"store": [SERVED, stored(3, 0, NAME, OTHER)]},
    },
    "waiting: waiting_for_deploy; behind": {
        "newer in the store, and the served one has expired": {
            "store": [ENDED, stored(3, 0)],
            "entries": [entry(3, 0)],
        },
    },
    "source_only: new_name": {
        "new in the source": {"entries": [entry(1, 0)]},
    },
    "source_only: expired": {
        "an old certificate in the source": {"entries": [entry(1, -100)]},
    },
    "source_only: not_yet_valid": {
        "a certificate of tomorrow in the source": {"entries": [entry(1, 1)]},
    },
    "waiting: not_yet_valid; behind": {
        "a certificate of tomorrow, and due": {"store": [OLD], "entries": [entry(3, 1)]}
        | {"result": {"skipped": [{**entry(3, 1), "reason": "not_yet_valid", "message": "Run again then."}]}},
        "a certificate of tomorrow by email, and expired": {
            "store": [ENDED],
            "unread": [unread("not_yet_valid", common_name=NAME)],
        },
    },
    "store_only: no_source": {
        "in the store only, served": {"store": [SERVED]},
        "in the store only, not served and due": {"store": [stored(1, -80)]},
        "in the store only, due, and no listener has it": {
            "store": [UNCOUNTED],
            "listeners": [listener("api:443", 9, 9, "unchanged", subject_alt_names=[OTHER])],
        },
        "in the store only, due, and the API counts no service": {"store": [stored(1, -80, services=None)]},
        "one with more names in the source has another type of key": {
            "store": [SERVED],
            "entries": [entry(3, 0, NAME, OTHER, name="both", key_type="RSA")],
        },
    },
    "not_renewed: no_source; expiring": {
        "in the store only, served and due": {"store": [OLD]},
        "in the store only, due, and it is not known what serves it": {
            "store": [stored(1, -80, services=None, associated_service_count=None)]
        },
    },
    "not_renewed: no_source; expired": {
        "in the store only, served and expired": {"store": [ENDED]},
    },
    "store_only: expired": {
        "in the store only, not served and expired": {"store": [stored(1, -91)]},
    },
    "superseded: superseded": {
        "replaced by one with more names, and listed before": {
            "store": [OLD, stored(3, 0, NAME, OTHER, associated_service_count=None)],
            "listeners": [listener("web:443", 1, 3)],
            "result": {"deployed": [listener("web:443", 1, 3)]},
        },
        "replaced by one with more names": {"store": [stored(1, -80), stored(3, 0, NAME, OTHER, at=("web:443",))]},
        "one with more names and newer than the source is in the store": {
            "store": [stored(4, 0, NAME, OTHER, at=("web:443",))],
            "entries": [entry(3, -1)],
        },
        "removed": {"result": {"removed": [{**certificate(1, -80), "id": 1, "outcome": "removed"}]}},
    },
    "not_renewed: not_renewed; expiring": {
        "not renewed by its client": {"store": [OLD], "entries": [entry(1, -80)]},
    },
    "not_renewed: not_renewed; expired": {
        "not renewed by its client, and expired": {"store": [ENDED], "entries": [entry(1, -91)]},
    },
    "not_renewed: not_renewed": {
        "not renewed by its client, expired, and not used": {"store": [stored(1, -91)], "entries": [entry(1, -91)]},
    },
    "unusable: untrusted; refused": {
        "not trusted": {"store": [SERVED], "entries": [UNTRUSTED]},
        "not trusted, and older than what is served": {
            "store": [SERVED],
            "entries": [{**UNTRUSTED, **certificate(3, -40)}],
        },
    },
    "unusable: untrusted; expiring; refused": {
        "not trusted, and the served one is due": {"store": [OLD], "entries": [UNTRUSTED]},
    },
    "unusable: chain_incomplete; refused": {
        "without its issuer": {"store": [SERVED], "entries": [{**UNTRUSTED, "trust": "incomplete"}]},
    },
    "unusable: key_missing; broken": {
        "the key is missing": {"store": [SERVED], "unread": [unread(subject_alt_names=[NAME])]},
    },
    "up_to_date: current; broken": {
        "the key is missing, and another source is good": {
            "store": [SERVED],
            "entries": [entry(2, -30)],
            "unread": [unread(subject_alt_names=[NAME])],
        },
    },
    "unusable: broken_link; broken": {
        "nothing can be read, not even the names": {"store": [SERVED], "unread": [unread("broken_link")]},
    },
    "waiting: being_renewed; expiring": {
        "being renewed, and due": {"store": [OLD], "unread": [unread("being_renewed")]},
    },
    "waiting: being_renewed": {
        "being issued for the first time": {"unread": [unread("being_renewed")]},
    },
    "held_back: organization_differs; held_back": {
        "held back": {"store": [SERVED, stored(3, 0, organization_name="Example Inc.")], "entries": [entry(2, -30)]}
        | {"listeners": [listener("web:443", 2, 2, "skipped", reason="organization_differs")]},
    },
    "held_back: names_not_covered; held_back": {
        "held back, as the run says": {
            "store": [SERVED],
            "result": {"skipped": [listener("web:443", 2, 2, "skipped", reason="names_not_covered")]},
        },
    },
    "not_served: waiting_for_listener; not_served": {
        "stored, and no listener serves it": {
            "store": [stored(2, -30), stored(9, 0, OTHER, at=("web:443",))],
            "entries": [entry(2, -30)],
        },
    },
    "served_only: not_in_store": {
        "served, not in the store": {"listeners": [listener("web:443", 7, 7, "unchanged", not_after=in_days(60))]},
    },
    "served_only: not_in_store; expiring": {
        "served, not in the store, and due": {
            "listeners": [listener("web:443", 7, 7, "unchanged", not_after=in_days(20))]
        },
    },
    "served_only: new_name": {
        "served, not in the store, and the source has a newer one": {
            "listeners": [listener("web:443", 7, 7, "unchanged", not_after=in_days(60))],
            "entries": [entry(3, 0)],
        },
    },
    "failed: chain_invalid; failed": {
        "not imported": {"store": [SERVED], "entries": [entry(3, 0)]}
        | {"result": {"failed": [{**certificate(3, 0), "id": None, "reason": "chain_invalid", "message": "No."}]}},
    },
    "failed: balancer_busy; failed; behind": {
        "not switched, and due": {
            "store": [OLD, stored(3, 0)],
            "listeners": [listener("web:443", 1, 3, "failed", reason="balancer_busy")],
        },
    },
    "failed: not_served; failed; behind": {
        "switched, and not served": {
            "store": [OLD, stored(3, 0)],
            "listeners": [listener("web:443", 1, 3, "failed", reason="not_served")],
        },
        "switched back": {
            "store": [OLD, stored(3, 0)],
            "listeners": [listener("web:443", 1, 3, "rolled_back", reason="not_served")],
        },
    },
    "failed: api_error; failed": {
        "failed without a reason": {"store": [SERVED], "result": {"failed": [{"id": 2, "message": "No."}]}},
    },
    "unknown: store_unknown": {
        "a store that could not be read": {"store": None, "entries": [entry(1, 0)]},
    },
}


@cases_of(CASES)
def test_where_a_line_stands(expected: str, case: dict[str, Any]) -> None:
    told = row(**case)
    assert standing(told) == expected
    assert told["explanation"] == WORDS["en"]["reasons"][told["reason"]]


def test_every_state_and_all_that_needs_a_person_is_among_the_cases() -> None:
    assert {expected.partition(":")[0] for expected in CASES} == set(STATES)
    assert {kind for expected in CASES for kind in expected.split("; ")[1:]} == set(ATTENTION)


@pytest.mark.parametrize(
    ("lifetime", "left", "due"),
    [
        *((398, 30, True), (398, 30.1, False)),
        *((90, 22.4, True), (90, 22.6, False)),
        *((47, 11.7, True), (47, 11.8, False), (6, 1.4, True), (6, 1.6, False)),
    ],
)
def test_what_is_short_lived_is_due_later(lifetime: float, left: float, due: bool) -> None:
    served = stored(1, left - lifetime, at=("web:443",), not_after=in_days(left))
    assert row(store=[served])["attention"] == (["expiring"] if due else [])


def test_without_a_beginning_it_is_due_thirty_days_before_its_end() -> None:
    for days, kinds in ((30, ["expiring"]), (30.1, [])):
        served = stored(1, 0, at=("web:443",), not_before=None, not_after=in_days(days))
        assert row(store=[served])["attention"] == kinds


def test_what_a_row_tells() -> None:
    store = [stored(1, -80, at=("web:443", "web:10443", "a:8443"), notes="front"), stored(9, 0, OTHER)]
    facts = {**RENEWED, "store": store, "listeners": [listener("web:443", 1, 2)]}
    removed_nothing = {**facts, "result": {**facts["result"], "removed": []}}
    told = row(**removed_nothing)
    assert told == {
        "key": told["key"],
        "name": NAME,
        "subject_alt_names": [NAME],
        "key_type": "EC",
        "state": "waiting",
        "reason": "waiting_for_deploy",
        "explanation": WORDS["en"]["reasons"]["waiting_for_deploy"],
        "messages": [],
        "attention": ["behind"],
        "served_by": ["a:8443", "web:443", "web:10443"],
        "served_until": in_days(10),
        "certificate_ids": [2, 1],
        "certificate_notes": ["front"],
        "services": 3,
        "stored_until": in_days(90),
        "sources": [f"certbot: {NAME}"],
        "source_path": f"/etc/letsencrypt/live/{NAME}/cert.pem",
        "source_until": in_days(90),
        "imported": [2],
        "deployed": ["web:443"],
        "verified": ["web:443"],
        "removed": [],
        "expires_at": in_days(10),
        "days_left": 10,
    }
    assert tuple(told) == LINES.columns


def test_names() -> None:
    """A certificate without a subject goes by its DNS names; the order is that of the names, whatever needs a person."""
    store = [
        stored(1, -91, "b.example.com", "*.a.example.com", at=("web:443",)),
        stored(2, 0, "*.b.example.com"),
        stored(3, 0, "c.example.com", "d.example.com", common_name="D.example.com"),
        stored(4, 0, subject_alt_names=[], key_type=None, fingerprint_sha256=None, not_after=None),
        stored(5, 0, "a.example.com"),
    ]
    rows = build(store=store, unread=[unread(name="zoo")])["lines"]
    assert [one["name"] for one in rows] == [
        *("a.example.com", "b.example.com", "*.b.example.com", "D.example.com", "zoo", None),
    ]
    assert rows[1]["subject_alt_names"] == ["b.example.com", "*.a.example.com"]
    assert rows[-1]["certificate_ids"] == [4] and rows[-1]["key_type"] is None
    assert len({one["key"] for one in rows}) == len(rows)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["z.example.com", "a.example.com"], "z.example.com"),
        (["192.0.2.1", "b.example.com"], "b.example.com"),
        (["192.0.2.7", "2001:db8::7"], "192.0.2.7"),
    ],
)
def test_without_a_common_name_the_first_dns_name_is_shown(names: list[str], shown: str) -> None:
    """As it stands in the newest certificate, and in all messages about that; without one, in that of a listener."""
    older = stored(1, -60, *sorted(names, reverse=shown.startswith("z") is False))
    (line,) = build(store=[older, stored(2, 0, *names)])["lines"]
    assert line["name"] == shown
    facts = {"certificate_id": None, "subject_alt_names": ["192.0.2.1", "b.example.com"], "common_name": None}
    (line,) = build(listeners=[listener("web:443", 8, 8, "unchanged", **{**facts, "certificate_id": 8})])["lines"]
    assert line["name"] == "b.example.com"


def test_lines_with_the_same_first_name_stand_in_one_order() -> None:
    store = [
        stored(number, 0, "x.example.com", *others) for number, others in enumerate(["ba", "a", "b", "c"], start=1)
    ]
    expected = [one["key"] for one in build(store=store)["lines"]]
    for turned in (store[::-1], [*store[2:], *store[:2]]):
        assert [one["key"] for one in build(store=turned)["lines"]] == expected


def test_types_of_keys_are_lines_of_their_own_and_forms_of_a_name_are_none() -> None:
    store = [stored(1, 0), stored(2, 0, key_type="RSA"), stored(3, -1, NAME.upper(), common_name=NAME)]
    assert [(one["key_type"], one["certificate_ids"]) for one in build(store=store)["lines"]] == [
        ("EC", [1, 3]),
        ("RSA", [2]),
    ]


# --- What belongs where ---


def test_the_newest_of_several_sources_counts() -> None:
    entries = [entry(2, -30), entry(3, 0, source="acme_sh", name=f"{NAME}_ecc", path="/root/.acme.sh/x")]
    told = row(store=[SERVED], entries=entries)
    assert told["sources"] == [f"acme.sh: {NAME}_ecc", f"certbot: {NAME}"]
    assert (told["source_path"], told["source_until"]) == ("/root/.acme.sh/x", in_days(90))


def test_a_plan_is_not_what_is_served() -> None:
    store = [SERVED, stored(3, 0, NAME, OTHER)]
    plan = [listener("web:443", 2, 3, subject_alt_names=[NAME, OTHER])]
    planned = build(store=store, listeners=plan, is_check_mode=True)["lines"]
    rows = {tuple(one["certificate_ids"]): one["served_by"] for one in planned}
    assert rows == {(2,): ["web:443"], (3,): []}
    done = build(store=store, listeners=plan, result={"deployed": plan})["lines"]
    assert {tuple(one["certificate_ids"]): one["served_by"] for one in done} == {(2,): [], (3,): ["web:443"]}


def test_a_listener_whose_certificate_is_not_known_goes_by_its_own_name() -> None:
    told = row("web:443", listeners=[listener("web:443", 7, 7, "skipped", reason="not_found", subject_alt_names=[])])
    assert (told["state"], told["served_by"], told["subject_alt_names"]) == ("served_only", ["web:443"], [])


def test_what_is_seen_and_not_in_the_store_is_told() -> None:
    failed = {"reason": "not_served", "served": False, "subject_alt_names": [OTHER]}
    at = listener("web:443", 9, 9, "failed", served_certificate=certificate(7, -5), **failed)
    told = row(store=[stored(9, 0, OTHER, at=("web:443",))], listeners=[at])
    assert (told["state"], told["served_by"], told["expires_at"]) == ("served_only", ["web:443"], in_days(85))


def test_a_broken_entry_that_could_be_of_two_lines_is_one_of_its_own() -> None:
    store = [SERVED, stored(3, 0, key_type="RSA")]
    assert len(build(store=store, unread=[unread()])["lines"]) == 3
    assert len(build(store=store, unread=[unread(subject_alt_names=[NAME], key_type="RSA")])["lines"]) == 2


@pytest.mark.parametrize("name", ["_.example.com", "*.example.com"])
def test_clients_write_wildcards_in_their_own_ways(name: str) -> None:
    told = row("*.example.com", store=[stored(2, -30, "*.example.com")], unread=[unread(name=name)])
    assert told["reason"] == "key_missing" and told["messages"] == ["Put the key there."]


def test_a_broken_entry_is_told_once() -> None:
    """The run skips it, too."""
    broken = unread(subject_alt_names=[NAME])
    told = row(store=[SERVED], unread=[broken], result={"skipped": [dict(broken)]})
    assert (told["messages"], told["sources"]) == (["Put the key there."], [f"lego: {NAME}"])


def test_each_failure_says_its_remedy() -> None:
    failed = [listener(one, 2, 3, "failed", reason="balancer_busy", message=f"{one}.") for one in ("b:1", "a:2", "b:1")]
    told = row(store=[SERVED, stored(3, 0)], result={"failed": failed})
    assert told["messages"] == ["b:1: b:1.", "a:2: a:2."]
    assert row(store=[SERVED], entries=[UNTRUSTED])["messages"] == ["Name the root."]


def test_what_the_run_says_of_a_listener_counts_more_than_the_list_of_listeners() -> None:
    """The role has put its own words into it."""
    failed = listener("web:443", 2, 3, "failed", reason="balancer_busy", message="See timeout.")
    told = {**failed, "message": "See ssl_rotation_timeout."}
    lines = build(store=[SERVED, stored(3, 0)], listeners=[failed], result={"failed": [told]})["lines"]
    assert [one["messages"] for one in lines] == [["web:443: See ssl_rotation_timeout."]]


def test_what_failed_for_all_is_a_notice() -> None:
    failed = [
        {"common_name": "the load balancers", "code": "unreachable", "message": "No answer."},
        {"common_name": None, "subject_alt_names": ["elsewhere.example.com"], "message": "?"},
        listener("gone:443", None, None, "failed", subject_alt_names=[], reason="not_found"),
    ]
    report = build(store=[SERVED], result={"failed": failed})
    assert report["notices"] == [
        {"source": "the load balancers", "message": "No answer."},
        {"source": "elsewhere.example.com", "message": "?"},
        {"source": "gone:443", "message": "Said."},
    ]
    assert [one["state"] for one in report["lines"]] == ["store_only"]


def test_a_source_that_brings_nothing_is_a_notice_and_no_failure() -> None:
    said = "The source certbot brings nothing: /etc/letsencrypt is not there."
    empty = [{"source": "certbot", "path": "/etc/letsencrypt", "message": said}]
    report = build(store=[SERVED], empty=empty)
    assert report["notices"] == [{"source": None, "message": said}]
    assert report["runs"][-1]["failed"] == 0


def test_counts() -> None:
    store = [stored(1, -91, at=("web:443", "web:8443")), stored(2, -80, OTHER, at=("a:b:443",))]
    store += [stored(3, -80, "c.example.com", at=("web:9443",)), stored(4, 0, "d.example.com")]
    report = build(store=store)
    assert {state: count for state, count in report["states"].items() if count} == {"not_renewed": 3, "store_only": 1}
    assert report["line_count"] == 4
    assert report["load_balancers"] == {"a:b": 1, "web": 2}
    keys = {one["name"]: one["key"] for one in report["lines"]}
    assert report["attention"] == [
        {"kind": "expired", "count": 1, "lines": [keys[NAME]]},
        {"kind": "expiring", "count": 2, "lines": [keys[OTHER], keys["c.example.com"]]},
    ]


def test_services() -> None:
    assert row(store=[stored(1, 0, at=("web:443",), associated_service_count=4)])["services"] == 4
    assert row(store=[stored(1, 0, at=("web:443",), associated_service_count=None)])["services"] == 1
    assert row(store=[stored(1, 0, services=None, associated_service_count=None)])["services"] is None
    assert row(entries=[entry(1, 0)])["services"] is None
    assert row(result={"imported": [{**certificate(2, 0), "id": 2}]}, listeners=[])["services"] == 0
    switched = listener("web:443", 1, 2)
    after = row(store=[OLD, stored(2, 0)], listeners=[switched], result={"deployed": [switched]})
    assert after["services"] == 1  # of the old one the store still counted the listener when it was listed


def test_services_of_a_store_of_which_it_is_not_known_what_serves_it() -> None:
    assert row(store=[stored(1, -80, services=None, associated_service_count=3)])["services"] == 3
    assert row(store=[UNCOUNTED])["served_by"] == []
    assert row(store=[{**UNCOUNTED, "services": None}])["served_by"] is None


def test_no_lines() -> None:
    report = build()
    assert (report["line_count"], report["lines"], report["attention"], report["load_balancers"]) == (0, [], [], None)


# --- A run after another one ---


def after(hours: float, first: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """The report made so many hours later."""
    return build(NOW + timedelta(hours=hours), json.dumps(first), **facts)


SECOND = {
    "store": [stored(2, 0, at=("web:443",))],
    "entries": [entry(2, 0)],
    "listeners": [listener("web:443", 2, 2, "unchanged")],
    "result": {"skipped": [{**entry(2, 0), "reason": "already_imported", "message": "There."}]},
}
"""What the next run finds after the one that has renewed."""


def test_a_second_run_makes_the_same_report_on_the_same_day() -> None:
    first = build(**RENEWED)
    assert after(1, first, **SECOND) == first
    later = after(12.1, first, **SECOND)
    assert (later["generated_at"], later["lines"][0]["state"]) == ("2026-03-11T00:06:00Z", "up_to_date")
    assert later["lines"][0]["imported"] == []


def test_what_was_removed_is_told_for_the_whole_day() -> None:
    both = stored(3, 0, NAME, OTHER, at=("web:443",))
    removed = {**certificate(1, -80), "id": 1, "outcome": "removed"}
    first = build(store=[both], result={"removed": [removed]})
    assert [(one["state"], one["removed"]) for one in first["lines"]] == [("store_only", []), ("superseded", [1])]
    assert after(1, first, store=[both]) == first
    assert [one["state"] for one in after(24, first, store=[both])["lines"]] == ["store_only"]
    in_german = build(NOW + timedelta(hours=1), json.dumps(first), "de", store=[both])
    assert in_german["lines"][1]["explanation"] == WORDS["de"]["reasons"]["superseded"]


@pytest.mark.parametrize(
    "facts",
    [
        {"store": [SERVED, stored(3, 0, OTHER)]},
        {"store": []},
        {"store": [stored(2, -30, at=("web:443", "web:8443"))]},
        {"store": [SERVED], "entries": [entry(2, -30)]},
        {"store": [SERVED], "result": {"failed": [{"message": "?"}]}},
    ],
)
def test_anything_but_time_makes_another_report(facts: dict[str, Any]) -> None:
    assert after(1, build(store=[SERVED]), **facts)["generated_at"] == iso(NOW + timedelta(hours=1))
    assert after(1, build(store=[SERVED]), store=[SERVED])["generated_at"] == iso(NOW)


def test_what_is_gone_without_a_removal_is_not_told() -> None:
    assert after(1, build(store=[SERVED]), store=[])["lines"] == []


@pytest.mark.parametrize(
    "previous",
    [
        *("", "null", "[1]", "not JSON", '{"generated_at": 7}', "[" * 100_000),
        '{"generated_at": "2026-03-10T11:00:00Z", "lines": 5}',
        '{"generated_at": "2026-03-10T11:00:00Z", "lines": [5, {"key": []}, {}]}',
        json.dumps({"generated_at": "2026-03-10T11:00:00Z", "lines": [dict.fromkeys(LINES.columns, "superseded")]}),
        json.dumps(
            {
                "generated_at": "2026-03-10T11:00:00Z",
                "lines": [{**{name: [] for name in LINES.columns}, "state": "superseded"}],
            }
        ),
    ],
)
def test_what_is_no_previous_report_counts_as_none(previous: str) -> None:
    assert build(store=[SERVED], previous=previous) == build(store=[SERVED])


def test_what_was_done_is_taken_from_a_report_only_as_what_it_can_be() -> None:
    first = build(**RENEWED)
    first["lines"][0]["imported"] = [{"a": 1}, None, 5]
    assert after(1, first, **SECOND)["lines"][0]["imported"] == [5]


# --- The other forms ---


def test_the_table() -> None:
    failed = [{"id": 2, "message": "=cmd|' /C calc'!A0"}]
    text = reports.as_csv(LINES, build(store=[SERVED], result={"failed": failed}))
    [line] = csv.DictReader(io.StringIO(text, newline=""))
    assert tuple(line) == LINES.columns
    assert line["messages"] == "'=cmd|' /C calc'!A0"
    assert (line["name"], line["served_by"], line["certificate_ids"]) == (NAME, "web:443", "2")


def test_what_the_timeline_distinguishes() -> None:
    store = [stored(1, -91, at=("web:443",)), stored(2, -80, OTHER, at=("web:1",)), stored(3, 0, "c.example.com")]
    report = build(store=store, entries=[entry(4, 0, "d.example.com")])
    kinds = {one["name"]: drawings.kind_of(one) for one in report["lines"]}
    assert kinds == {NAME: "expired", OTHER: "due", "c.example.com": "imported", "d.example.com": "open"}
    assert set(kinds.values()) == set(KINDS) - {"replaced"}


def test_two_without_a_name_that_expire_together_can_be_drawn() -> None:
    nameless = {"subject_alt_names": [], "key_type": None, "fingerprint_sha256": None}
    report = build(store=[stored(1, 0, **nameless), stored(2, 0, **nameless), stored(3, 0)])
    drawn = drawings.timeline(report, LINES.rows, LINES.identifier)
    assert len(drawn["lanes"]) == 3


def test_no_secret_and_no_path_of_one_gets_into_it() -> None:
    secret = {"privatekey_path": "/keys/www.key", "privatekey_content": "-----BEGIN", "certificate": "PEM", "x": "hide"}
    facts = {"store": [{**SERVED, **secret}], "entries": [entry(2, -30, **secret)], "unread": [unread(**secret)]}
    facts["result"] = {"failed": [{**listener("web:443", 2, 2, "failed"), **secret}]}
    text = json.dumps(build(**facts))
    assert [value for value in secret.values() if value in text] == []


def fleet(count: int) -> dict[str, Any]:
    """A fleet with one name that all certificates share, broken entries, failures, and names that look alike."""
    names = [(f"host{number}.example.com", "shared.example.com") for number in range(count)]
    listeners = [listener(f"lb{number}:443", number, number, "unchanged") for number in range(count)]
    return {
        "store": [
            stored(number, -80, *pair, at=(f"lb{number}:443",), superseded_by=[]) for number, pair in enumerate(names)
        ],
        "entries": [
            entry(count + number, 0, *pair, reason=None, supersedes=[number]) for number, pair in enumerate(names)
        ],
        "unread": [unread(name=pair[0], path=str(number)) for number, pair in enumerate(names)],
        "listeners": listeners,
        "result": {"verified": listeners, "failed": listeners[::2], "skipped": listeners[1::2]},
    }


@only_long
def test_twice_as_many_take_about_twice_as_long() -> None:
    def report_twice(count: int) -> float:
        facts = Facts(**fleet(count))
        return spent(
            lambda: rotation.build(facts, WORDS["en"], NOW, json.dumps(rotation.build(facts, WORDS["en"], NOW, None)))
        )

    assert grows_no_faster(report_twice, 5000, tries=3)


# --- The words ---


@pytest.mark.parametrize("language", sorted(WORDS))
def test_each_language_says_everything(language: str) -> None:
    words = WORDS[language]
    assert shape(words) == shape(WORDS["en"])
    assert set(words["states"]) == set(STATES)
    assert set(words["attention"]) == set(ATTENTION)
    assert set(words["todo"]) <= set(ATTENTION)
    assert set(words["kinds"]) == set(KINDS)
    reasons = {*get_args(LineReason), *get_args(ImportReason), *get_args(DeployReason)}
    reasons |= {*get_args(SourceReason), *get_args(RotationReason), *get_args(ApprovalReason)}
    assert reasons <= set(words["reasons"])


@pytest.mark.parametrize("language", sorted(WORDS))
def test_the_page_needs_no_escapes_for_words(language: str) -> None:
    assert [text for text in texts(WORDS[language]) if set(text) & set('<>&"\\')] == []
