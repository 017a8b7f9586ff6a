# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried with an account, what that shows, and what may be deleted after."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._api.account import Paging, Usage
from ansible_collections.softlayer.certificates.plugins.module_utils._api.balancers import Balancer, Listener
from ansible_collections.softlayer.certificates.plugins.module_utils._api.store import StoreCertificate, normalise
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.account import (
    EDITED,
    LADDER,
    NOTES,
    STORE_FACTS,
    YOUNG,
    Kind,
    Leftover,
    Trial,
    cleaned,
    compare_usage,
    facts_in,
    facts_of,
    kept_of,
    learnt,
    leftovers,
    limit_in,
    merged,
    next_kind,
    permitted,
    why_not_ours,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.store_index import ChainLimit
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.throwaway import ThrowawayAuthority

from tests.support.certificates import NOW, Authority
from tests.support.failing import fails

EC_NAMELESS, EC, RSA_NAMELESS, RSA = LADDER
MADE = ThrowawayAuthority(NOW).issue("EC", has_common_name=False)


# What is read


def balancer(**certificates: int | None) -> Balancer:
    """A load balancer with HTTPS listeners, by uuid; one whose uuid begins with `tcp` is for TCP."""
    listeners = tuple(
        Listener(uuid, "TCP" if uuid.startswith("tcp") else "HTTPS", 443, certificate)
        for uuid, certificate in certificates.items()
    )
    return Balancer(1, "u", "web", None, "ACTIVE", None, (), listeners)


def usage(identifier: int, services: int | None, *listeners: str) -> Usage:
    """What a record says."""
    return Usage(identifier, services, frozenset(listeners))


@pytest.mark.parametrize(
    ("usages", "balancers", "expected"),
    [
        ([], [], (None, None)),
        ([usage(1, 0), usage(2, 3)], [], (None, None)),
        ([usage(1, 1, "a")], [balancer(a=1)], (True, True)),
        ([usage(1, 2, "a", "b"), usage(2, 0)], [balancer(a=1), balancer(b=1)], (True, True)),
        ([usage(1, 5, "a")], [balancer(a=1)], (True, True)),
        ([usage(1, 1, "a", "b")], [balancer(a=1, b=1)], (True, False)),
        ([usage(1, None, "a")], [balancer(a=1)], (True, False)),
        ([usage(1, 1)], [balancer(a=1)], (False, True)),
        ([Usage(1, 1, None)], [balancer(a=1)], (False, True)),
        ([usage(1, 1, "b")], [balancer(a=1)], (False, True)),
        ([usage(1, 1, "a")], [], (False, True)),
        ([usage(1, 1, "a"), usage(2, 0)], [balancer(a=1, b=2)], (False, False)),
        ([usage(1, 1, "a")], [balancer(a=1, b=None, tcp=1)], (True, True)),
        ([usage(1, 0)], [balancer(tcp=1, b=None)], (None, None)),
    ],
)
def test_whether_certificates_and_load_balancers_agree(usages: Any, balancers: Any, expected: Any) -> None:
    assert compare_usage(usages, balancers) == expected


# What is tried


def trial(kind: Kind, outcome: Any = "refused", **more: Any) -> Trial:
    """A trial of a kind."""
    return Trial(kind, "check-0.invalid", outcome, **more)


def test_one_is_stored_at_most() -> None:
    assert next_kind([]) == EC_NAMELESS
    refused: list[Trial] = []
    for kind, following in zip(LADDER, (*LADDER[1:], None), strict=True):
        assert next_kind([*refused, trial(kind, "stored")]) == replace(kind, has_issuer=False)
        refused.append(trial(kind))
        assert next_kind(refused) == following


@pytest.mark.parametrize(
    "last",
    [
        trial(EC_NAMELESS, "unknown"),
        trial(EC_NAMELESS, "not_permitted"),
        trial(EC_NAMELESS, "stored", why_left="It is there."),
        trial(EC_NAMELESS, "refused", why_left="It may be there."),
        trial(replace(EC_NAMELESS, has_issuer=False), "stored"),
        trial(replace(EC_NAMELESS, has_issuer=False), "refused"),
    ],
)
def test_nothing_more_is_tried(last: Trial) -> None:
    assert next_kind([last]) is None


def test_what_became_of_it_is_not_known_at_first() -> None:
    new = Trial(EC, "check-0.invalid")
    assert new.outcome == "unknown" and next_kind([new]) is None
    known = {name for name, value in vars(new).items() if value not in {None, ""}}
    assert known == {"kind", "name", "outcome"}


def test_what_each_is_called() -> None:
    assert EC_NAMELESS.shown == "an EC certificate without a common name, with two intermediate certificates"
    wrong = replace(RSA, has_issuer=False)
    assert wrong.shown == "an RSA certificate with a common name, with a chain that did not issue it"
    told = trial(RSA, "stored", message="Stored.").as_result()
    assert told == {"name": "check-0.invalid", "what": RSA.shown, "outcome": "stored", "message": "Stored."}


def test_which_issuers_are_kept() -> None:
    first, second = MADE.intermediates
    for name, kept in {"all": (first, second), "first": (first,), "last": (second,), "none": ()}.items():
        assert kept_of(MADE.intermediates, kept) == name
    assert kept_of(MADE.intermediates, (second, first)) == "other"
    assert kept_of(MADE.intermediates, (MADE.certificate,)) == "other"


NOTHING: dict[str, Any] = {**dict.fromkeys(STORE_FACTS), "refusals": {}}


def stored(kind: Kind, **more: Any) -> Trial:
    """A trial that was stored, of which all was seen."""
    seen = {"kept": "all", "is_kept_told": True, "edited": True, "listed_after": 0.0, "deleted": True}
    return trial(kind, "stored", **{**seen, **more})


@pytest.mark.parametrize(
    ("kind", "ec_key", "nameless", "because"),
    [
        (EC_NAMELESS, True, True, {}),
        (EC, True, False, {"no_common_name": "an EC certificate without"}),
        (RSA_NAMELESS, False, True, {"ec_key": "an EC certificate without"}),
        (RSA, False, False, {"ec_key": "an EC certificate with", "no_common_name": "an RSA certificate without"}),
    ],
)
def test_what_a_store_is_found_to_take(kind: Kind, ec_key: bool, nameless: bool, because: dict[str, str]) -> None:
    """What is refused differs in one thing from what is taken."""
    before = LADDER[: LADDER.index(kind)]
    refused = [trial(other, said=" ".join(other.shown.split()[:4])) for other in before]
    wrong = trial(replace(kind, has_issuer=False), said="Not its issuer.")
    expected = learnt([*refused, stored(kind, listed_after=1.2), wrong])
    assert expected == {
        "intermediates_kept": "all",
        "create_tells_what_is_kept": True,
        "takes_ec_key": ec_key,
        "takes_no_common_name": nameless,
        "refuses_wrong_chain": True,
        "listed_after_seconds": 2,
        "refusals": {**because, "wrong_chain": "Not its issuer."},
    }


def test_what_is_not_seen_is_not_known() -> None:
    assert learnt([]) == NOTHING
    assert learnt([trial(EC_NAMELESS, "unknown", said="Broken.")]) == NOTHING
    assert learnt([trial(kind, said=f"No {kind.key_type}.") for kind in LADDER]) == {
        **NOTHING,
        "refusals": {"any": "No RSA."},
    }
    unseen = learnt([stored(EC_NAMELESS, kept=None, is_kept_told=None, listed_after=None)])
    known = {"takes_ec_key": True, "takes_no_common_name": True}
    assert unseen == NOTHING | known
    wrong = replace(EC_NAMELESS, has_issuer=False)
    assert learnt([stored(EC_NAMELESS), trial(wrong, "unknown")])["refuses_wrong_chain"] is None
    assert learnt([stored(EC_NAMELESS), trial(wrong, "stored")])["refuses_wrong_chain"] is False
    assert learnt([trial(wrong, "stored")]) == {**NOTHING, "refuses_wrong_chain": False}, "it says nothing of keys"


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([], (None, None, None)),
        ([trial(EC)], (None, None, None)),
        ([trial(EC, "not_permitted")], (False, None, None)),
        ([trial(EC, "unknown", deleted=True)], (None, None, None)),
        ([stored(EC)], (True, True, True)),
        ([stored(EC, edited=False, deleted=None)], (True, False, None)),
        ([trial(EC), stored(RSA, edited=None, deleted=False)], (True, None, False)),
        ([stored(EC), stored(replace(EC, has_issuer=False), deleted=False)], (True, True, False)),
        ([stored(EC), stored(replace(EC, has_issuer=False), deleted=None)], (True, True, True)),
    ],
)
def test_what_the_key_may_do(trials: list[Trial], expected: tuple[Any, ...]) -> None:
    assert permitted(trials) == dict(zip(("create", "edit", "delete"), expected, strict=True))


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("The certificate was not issued by the intermediate.", "The certificate was not issued by the intermediate."),
        ("Invalid value provided for 'privateKey'. No.", "Invalid value provided for 'privateKey'. No."),
        ("joe may not", "... may not"),
        ("JOE's account 278444", "...'s account ..."),
        ("user joe@example.com at 10.1.2.3", "user ... at ..."),
        ("host web-1.dal10.example.com is gone", "host ... is gone"),
        ("id 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e!", "id ...!"),
        ("see fe80::1%eth0, 2001:db8::17: no", "see ..., ... no"),
        ("SoftLayer_Security_Certificate::createObject", "SoftLayer_Security_Certificate::createObject"),
        ("1 of 2 certificates", "1 of 2 certificates"),
        ("deadbeef0123 is no serial", "... is no serial"),
    ],
)
def test_words_name_nobody(words: str, left: str) -> None:
    assert cleaned(words, "joe", "") == left


@pytest.mark.parametrize("names", [("joe", "joe smith", "smith"), ("smith", "joe smith", "joe")])
def test_of_names_within_names_nothing_is_left(names: tuple[str, ...]) -> None:
    assert cleaned("joe smith may not", *names) == "... may not"


# What is left


def record(notes: str = NOTES, count: int | None = 0, **changed: Any) -> StoreCertificate:
    """A record of a throwaway certificate."""
    row = {"id": 1, "certificate": MADE.certificate.pem(), "notes": notes, "associatedServiceCount": count}
    return normalise({**row, **changed})


OURS = {MADE.certificate.fingerprint_sha256}
LATER = NOW + YOUNG


@pytest.mark.parametrize("notes", [NOTES, f"{NOTES}\n", EDITED, ""])
def test_what_may_be_deleted(notes: str) -> None:
    """At once, what a run with this ledger has made; of another one, after an hour."""
    [left] = leftovers([record(notes)], OURS, NOW)
    assert left.why_kept is None and left.name == MADE.certificate.shown_name
    assert leftovers([record(notes)], (), LATER)[0].why_kept is None
    [young] = leftovers([record(notes)], (), LATER - timedelta(seconds=1))
    assert "within the last hour" in (young.why_kept or "")
    assert leftovers([record(notes)], (), NOW - timedelta(days=1))[0].why_kept, "a clock is wrong"


def test_what_may_never_be_deleted() -> None:
    [noted] = leftovers([record("mine")], OURS, LATER)
    assert "notes" in (noted.why_kept or "")
    for used in (record(count=1), record(count=0, lbaasListeners=[{"id": 1, "uuid": "u"}])):
        [left] = leftovers([used], OURS, LATER)
        assert "service uses it" in (left.why_kept or "")
    for listeners in ([], None):
        [left] = leftovers([record(count=None, lbaasListeners=listeners)], OURS, LATER)
        assert "see in the portal that none does, and delete it there" in (left.why_kept or "")
    foreign = Authority().issue("check-0123456789abcdef.invalid")
    others = [record(certificate=foreign.pem), record(certificate=None), record(certificate="damaged")]
    assert leftovers(others, OURS, LATER) == []
    for other in others:
        fingerprints = {other.certificate.fingerprint_sha256} if other.certificate else set()
        assert "no throwaway certificate" in (why_not_ours(other, fingerprints, LATER) or "")


def test_what_is_told_of_what_was_left() -> None:
    left = Leftover(record())
    assert left.as_result()["message"].startswith("Removed:") and not left.as_result()["removed"]
    told = replace(left, why_kept="It stays.").as_result()
    assert told == {"id": 1, "name": MADE.certificate.shown_name, "removed": False, "message": "It stays."}


# The facts


MAY = {"list_orders": True, "list_store": True, "list_balancers": None}


def facts(*trials: Trial) -> dict[str, Any]:
    """The facts of a run."""
    pages = {"orders": Paging(False, True), "store": None}
    return facts_of(MAY, pages, (True, None), trials, "rest", NOW)


def test_the_facts_of_a_run() -> None:
    expected = facts(stored(EC_NAMELESS))
    assert expected.keys() == {"format", "checked_on", "tried_on", "transport", "may", "lists", "store"}
    assert expected["checked_on"] == expected["tried_on"] == f"{NOW:%Y-%m-%d}" and expected["transport"] == "rest"
    assert expected["may"] == {**MAY, "create": True, "edit": True, "delete": True}
    assert expected["lists"] == {
        "orders_keep_limit": False,
        "orders_give_total": True,
        "store_keep_limit": None,
        "store_give_total": None,
        "listeners_agree": True,
        "services_counted": None,
    }
    assert facts()["tried_on"] is None and facts()["store"] == NOTHING
    assert facts(trial(EC, "unknown"))["tried_on"] is None and facts(trial(EC))["tried_on"]


def test_what_was_tried_before_stays_known() -> None:
    tried, read = facts(stored(EC_NAMELESS)), facts()
    again = merged(read, tried)
    assert again["store"] == tried["store"] and again["tried_on"] == tried["tried_on"] and again["may"] == read["may"]
    assert merged(read, None) == read
    otherwise = facts(stored(EC, kept="first"))
    assert merged(otherwise, tried) == otherwise
    refusing = {**tried, "store": {**tried["store"], "refusals": {"any": "No."}}}
    assert merged(read, refusing)["store"] == refusing["store"]
    little = {"format": 1, "tried_on": "2026-11-30", "store": {"intermediates_kept": "first"}}
    assert merged(read, little)["store"] == {**NOTHING, "intermediates_kept": "first"}


@pytest.mark.parametrize("kept", ["first", "last", "none", "all", "other", None])
def test_what_a_rotation_takes_from_a_file(kept: Any) -> None:
    expected = facts_in(json.dumps(facts(stored(EC_NAMELESS, kept=kept))).encode(), "/srv/account.json")
    limited = {"first", "last", "none"}
    assert limit_in(expected) == (ChainLimit(kept, f"{NOW:%Y-%m-%d}") if kept in limited else None)


def test_what_a_limit_leaves_of_a_chain() -> None:
    first, second = chain = tuple(map(Certificate.of, Authority(intermediates=2).issue("a.example.com").chain))
    left = {kept: ChainLimit(kept, "").of(chain) for kept in ("first", "last", "none")}  # type: ignore[arg-type]
    assert left == {"first": (first,), "last": (second,), "none": ()}
    assert ChainLimit("none", "").of((first,)) == (first,) and ChainLimit("last", "").of(()) == ()


GOOD: dict[str, Any] = {"format": 1, "tried_on": None, "store": {"intermediates_kept": None}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        json.dumps({**GOOD, "format": 0}).encode(),
        json.dumps({**GOOD, "format": "2"}).encode(),
        *(json.dumps({**GOOD, "store": store}).encode() for store in ([], None, "intermediates_kept", 5)),
        json.dumps({**GOOD, "store": {}}).encode(),
        json.dumps({**GOOD, "store": {"intermediates_kept": "some"}}).encode(),
        json.dumps({**GOOD, "store": {"intermediates_kept": ["first"]}}).encode(),
        *(
            json.dumps({**GOOD, "store": {"intermediates_kept": "all", "refusals": refusals}}).encode()
            for refusals in ([], None, "no", ["no"])
        ),
        json.dumps({**GOOD, "store": {"intermediates_kept": "all", "refusals": {"any": 1}}}).encode(),
        json.dumps({**GOOD, "store": {"intermediates_kept": "all", "takes_ec_key": "yes"}}).encode(),
        json.dumps({**GOOD, "tried_on": "yesterday"}).encode(),
        json.dumps({**GOOD, "tried_on": 5}).encode(),
        json.dumps({"format": 1, "store": GOOD["store"]}).encode(),
    ],
)
def test_a_file_that_is_damaged_or_something_else(content: bytes) -> None:
    with fails("invalid_argument", "/srv/account.json", "check_account", "try_store=true"):
        facts_in(content, "/srv/account.json")
    assert facts_in(json.dumps(GOOD).encode(), "") == GOOD


def test_a_file_of_a_newer_version_is_called_that() -> None:
    with fails(
        "invalid_argument", "/srv/account.json was written by a newer version of the collection: update this one"
    ):
        facts_in(json.dumps({**GOOD, "format": 2}).encode(), "/srv/account.json")
