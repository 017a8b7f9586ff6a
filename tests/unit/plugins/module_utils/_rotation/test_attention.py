# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs a person after a rotation, with the remedy; and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import AttentionReason
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import (
    AttentionItem,
    RenewalFacts,
    create_served_record,
    find_attention_items,
    find_served,
    select_failing,
    with_grace_period,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_attention import (
    describe_attention,
    why_attention,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerAction,
    ListenerSelection,
    plan_renewals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    ImportSelection,
    as_skipped_record,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.result import as_attention
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import (
    Record,
    RenewalRequest,
    SourceCertificate,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)

from tests.support.certificates import DAY, NOW, pem_of
from tests.support.rotating import balancer, entry, listener, world_of
from tests.support.stored import NAME, TRUSTED, Made, view_with

FRESH, DUE, OVER = Made(), Made(days=(-80, 10)), Made(days=(-90, -2))
OTHER = "api.example.com"
REASONS = get_args(AttentionReason)
LTD = "Example Ltd"


def facts(
    records: Iterable[StoreCertificate],
    at: datetime = NOW,
    usable: Sequence[SourceCertificate] = (),
    waiting: Sequence[SourceCertificate] = (),
    unused: Sequence[Record] = (),
    has_sources: bool = False,
    requests: Iterable[RenewalRequest] = (),
    to_import: Sequence[SourceCertificate] = (),
    **how: bool,
) -> RenewalFacts:
    """What is known beside the listeners."""
    world = world_of(records, view=view_with(at=at))
    asked = {request.entry.certificate: request for request in requests}
    how = {"is_importing": True, **how}
    return RenewalFacts(world, ImportSelection(to_import, [], usable, waiting, unused), has_sources, asked, **how)


def found(
    *listeners: ListenerAction, store: Iterable[Made] = (), at: datetime = NOW, **known: Any
) -> list[AttentionItem]:
    """What needs a person; the store has what the listeners have, and these records from 10 on."""
    records = [one.target for one in listeners if one.target]
    records += [made.record(number) for number, made in enumerate(store, start=10)]
    return find_attention_items(listeners, facts(records, at, **known))


def reasons(*listeners: ListenerAction, **known: Any) -> list[str]:
    """Why, for all listeners."""
    return [item.reason for item in found(*listeners, **known)]


def at(items: Iterable[AttentionItem]) -> list[tuple[str, str]]:
    """Reasons and listeners."""
    return [(item.reason, item.listener.name) for item in items]


def why(*listeners: ListenerAction, **known: Any) -> Obstacle[str]:
    """What is wrong with the only thing that needs a person."""
    (item,) = found(*listeners, **known)
    return item.why


def obstacles(held: Obstacle[str]) -> list[str]:
    """All that speaks against what is held back."""
    return [one.reason for one in held.facts["obstacles"]]


def serving(made: Made, **changed: Any) -> ListenerAction:
    """A listener that has a certificate and is as it was."""
    return listener(1, made.record(1), **changed)


def not_served(one: ListenerAction, *, is_changed: bool = False) -> ListenerAction:
    """A listener that serves something else, or nothing."""
    return one.mark_failed("not_served", {"error": "Another one is served."}, is_changed=is_changed, served=False)


# What an authority has asked for


def wanted(
    made: Made, days: float = -0.1, url: str | None = "https://ca.example/why", **entries_by_handle: Any
) -> RenewalRequest:
    """An authority wanted a certificate renewed by a day, counted from now."""
    return RenewalRequest(entry(made, 3, **entries_by_handle), NOW + days * DAY, url)


def test_a_renewal_that_an_authority_wanted() -> None:
    """What comes later is no alarm, and neither is what another certificate is asked for."""
    (item,) = found(serving(FRESH), requests=[wanted(FRESH)])
    assert (item.reason, item.why) == ("renewal_requested", Obstacle("renewal_requested", {"request": wanted(FRESH)}))
    assert as_attention(item, NOW)["explanation_url"] == "https://ca.example/why"
    assert reasons(serving(FRESH), requests=[wanted(FRESH, 0)]) == ["renewal_requested"]
    assert found(serving(FRESH), requests=[wanted(FRESH, 0.001)]) == []
    assert found(serving(FRESH), requests=[wanted(replace(FRESH, copy=1))]) == []


def test_a_renewal_that_was_wanted_of_what_the_store_has_in_a_form_that_cannot_be_read() -> None:
    unread = replace(FRESH.record(1), certificate=None)
    seen = listener(1, unread, served_chains=((certificate_of(FRESH.record()), *FRESH.record().intermediates),))
    assert reasons(seen, requests=[wanted(FRESH)]) == ["renewal_requested"]


def test_what_has_been_renewed_meanwhile_is_not_wanted_any_more() -> None:
    """A source has something newer, or the store; also where the store does not have what is served."""
    known: dict[str, Any] = {"requests": [wanted(FRESH)], "usable": [entry(Made(days=(-0.5, 91)), 4)]}
    unstored = serving(FRESH, served_chains=((certificate_of(FRESH.record()), *FRESH.record().intermediates),))
    assert found(serving(FRESH), **known) == find_attention_items([unstored], facts([], **known)) == []
    assert found(serving(FRESH, renewal_id=9), requests=[wanted(FRESH)]) == []
    assert reasons(serving(FRESH), requests=[wanted(FRESH)], usable=[entry(FRESH, 3)]) == ["renewal_requested"]


def test_what_is_due_is_reported_with_what_the_authority_wanted() -> None:
    """A run fails for it only if it is asked to."""
    items = found(serving(DUE), requests=[wanted(DUE)])
    assert [(item.reason, item.why) for item in items] == [
        (reason, items[0].why) for reason in ("expiring", "renewal_requested")
    ]
    place = {"source": "certbot", "name": "entry-3", "path": "/certbot/3/cert.pem"}
    assert [item.cause for item in items] == [{"reason": "renewal_requested", **place}] * 2
    assert select_failing(items, ["held_back"], NOW) == [] and select_failing(items, REASONS, NOW) == items


# What is due


def test_an_item() -> None:
    """It names the listener, the certificate that clients get, and its end."""
    (item,) = found(serving(DUE))
    told = dict(as_attention(item, NOW))
    assert told.pop("message") == describe_attention(item)
    assert told == {
        "name": NAME,
        "load_balancer": "web",
        "load_balancer_uuid": "uuid-of-web",
        "port": 443,
        "reason": "expiring",
        "cause": None,
        "not_after": format_time(NOW + 10 * DAY),
        "effective_not_after": format_time(NOW + 10 * DAY),
        "limited_by": None,
        "days_until_expiry": 10,
        "held_back_since": None,
        "explanation_url": None,
    }
    (item,) = found(serving(OVER))
    assert (item.reason, as_attention(item, NOW)["days_until_expiry"]) == ("expired", -2)


@pytest.mark.parametrize("where", ["store", "source"])
@pytest.mark.parametrize(
    ("made", "served", "expected"),
    [
        (Made(days=(5, 95)), DUE, []),
        (Made(days=(8, 95)), DUE, []),
        (Made(days=(8.01, 95)), DUE, ["expiring"]),
        (Made(OTHER, (OTHER,), days=(5, 95)), DUE, ["expiring"]),
        (Made(days=(5, 95), by="own"), DUE, ["expiring"]),
        (Made(days=(5, 95), by="own"), replace(DUE, by="own"), []),
        (Made(days=(5, 95)), OVER, ["expired"]),
    ],
)
def test_a_renewal_that_begins_later(where: str, made: Made, served: Made, expected: list[str]) -> None:
    """There is no alarm if it may stand in, and begins two nights before the other one ends: one may fail."""
    known: dict[str, Any] = {"store": [made]} if where == "store" else {"waiting": [entry(made)], "has_sources": True}
    assert reasons(serving(served), **known) == expected


# Held back


@pytest.mark.parametrize(
    ("newer", "reason"),
    [
        (replace(FRESH, common_name=OTHER, names=(OTHER,)), None),
        (replace(FRESH, common_name=None, names=(NAME,)), None),
        (replace(FRESH, organization=LTD), "organization_differs"),
        (replace(FRESH, key="ec"), "key_type_differs"),
        (replace(FRESH, by="itself"), "untrusted"),
        (replace(FRESH, by="own"), "chain_incomplete"),
        (replace(FRESH, chain="none"), "chain_incomplete"),
    ],
)
def test_what_of_the_store_is_held_back(newer: Made, reason: str | None) -> None:
    """Whether it is due or not; if it is, that is why."""
    fresh = serving(Made(days=(-2, 89)))
    if reason is None:
        assert found(fresh, store=[newer]) == []
        return
    held = why(fresh, store=[newer])
    assert (held.reason, held.facts["why"].reason, obstacles(held)) == ("held_back", reason, [reason])
    assert (held.facts["new"].id, held.facts["old"].id, held.facts["entry"]) == (10, 1, None)
    assert held.facts["listener"] == fresh
    (due, also) = found(serving(DUE), store=[newer])
    assert (due.reason, also.reason, due.why) == ("expiring", "held_back", also.why)
    assert due.cause == also.cause == {"reason": reason}


def test_what_somebody_has_switched_back_is_held_back() -> None:
    """For three days from then on, and also once it is due."""
    newer = FRESH.record(10)
    facts_of_it = {"newer": newer, "certificate_id": 1, "since": NOW - 2 * DAY}
    for made, expected in ((Made(days=(-2, 89)), ["held_back"]), (DUE, ["expiring", "held_back"])):
        one = serving(made, outcome="skipped", reason="switched_back", facts=facts_of_it)
        items = found(one, store=[FRESH])
        assert [item.reason for item in items] == expected
        assert {item.why.facts["new"].id for item in items} == {10} and items[-1].hold_start == NOW - 2 * DAY
        assert {tuple(item.cause.items()) for item in items if item.cause} == {(("reason", "switched_back"),)}


def test_what_of_a_source_is_held_back_names_the_source() -> None:
    ec = entry(replace(FRESH, key="ec"), 3, "lego")
    (item,) = found(serving(Made(days=(-2, 89))), usable=[ec], has_sources=True)
    assert item.why.facts["entry"] == ec
    place = {"source": "lego", "name": "entry-3", "path": "/lego/3/cert.pem"}
    assert item.cause == {"reason": "key_type_differs", **place}


# For what a run fails


@pytest.mark.parametrize(
    ("days", "expected"), [(-2.9, []), (-3, []), (-3 - 1 / 86_400, ["held_back"]), (-30, ["held_back"])]
)
@pytest.mark.parametrize("where", ["store", "source"])
def test_a_run_fails_for_what_is_held_back_for_more_than_three_days(
    days: float, expected: list[str], where: str
) -> None:
    newer = replace(FRESH, key="ec", days=(days, 60))
    known: dict[str, Any] = {"store": [newer]} if where == "store" else {"usable": [entry(newer)], "has_sources": True}
    items = found(serving(Made(days=(-40, 50))), **known)
    assert [(item.reason, item.hold_start) for item in items] == [("held_back", NOW + days * DAY)]
    assert [item.reason for item in select_failing(items, REASONS, NOW)] == expected
    assert select_failing(items, ["expiring"], NOW) == []


def test_what_was_left_in_the_store_when_another_one_was_adopted_fails_no_run() -> None:
    """What only the store has fails a run where the listener's is of no source, either."""
    adopted, company = Made(days=(-40, 50)), replace(FRESH, organization="Example Ltd", days=(-9, 90))
    for usable, since in (([entry(adopted)], None), ([], NOW - 9 * DAY)):
        (item,) = found(serving(adopted), store=[company], usable=usable, has_sources=True)
        assert item.hold_start == since and item.why.facts["entry"] is None


@pytest.mark.parametrize(
    "kinds", ["certbot", "lego", "acme_sh", "traefik", "secrets_manager", "folder", "mail", "mail+certbot"]
)
@pytest.mark.parametrize(
    "newer", [replace(FRESH, key="ec"), replace(FRESH, names=(NAME, "mail.example.com"))], ids=["EC", "for mail"]
)
def test_another_certificate_of_a_client_that_keeps_up_what_is_served_needs_no_one(kinds: str, newer: Made) -> None:
    """In a folder or a mailbox, what was renewed lies beside its renewal; and what is due fails the run all the same."""
    wide = Made(days=(-40, 50), names=(NAME, OTHER))
    usable = [entry(wide, number, kind) for number, kind in enumerate(kinds.split("+"), start=4)]
    known: dict[str, Any] = {"usable": [*usable, entry(replace(newer, days=(-9, 80)), 3)], "has_sources": True}
    is_heap = kinds in {"folder", "mail"}
    assert reasons(serving(wide), **known) == ["held_back"] * is_heap
    assert reasons(serving(wide), **known, store=[replace(FRESH, names=(OTHER,))]) == ["held_back"]
    due = found(serving(wide), at=NOW + 30 * DAY, **known)
    assert [item.reason for item in due] == ["expiring", "held_back"][: 1 + is_heap]
    assert due[0].why.facts["entry"].name == "entry-3"


def test_of_several_that_are_held_back_the_first_counts() -> None:
    """A client that renews every other day would never be heard of otherwise; what is told is about the newest."""
    newer = [replace(FRESH, organization="Other Ltd", days=(-5, 60)), replace(FRESH, key="ec", days=(-1, 70))]
    (item,) = found(serving(Made(days=(-40, 50))), store=newer)
    assert item.hold_start == NOW - 5 * DAY and item.why.facts["why"].reason == "key_type_differs"


def test_a_run_does_not_fail_for_what_another_listener_serves() -> None:
    """A certificate for some of the names, or with a key that another balancer has suites for, has its place there."""
    wide, narrow = Made(days=(-40, 50), names=(NAME, OTHER)), Made(days=(-10, 80))
    elsewhere = listener(2, narrow.record(2))
    items = found(serving(wide), elsewhere, usable=[entry(narrow)], has_sources=True)
    assert [(item.reason, item.hold_start) for item in items] == [("held_back", None)]
    assert select_failing(items, REASONS, NOW) == []


def test_what_is_held_back_says_when_runs_fail_for_it() -> None:
    """While they do not, and if they ever do: else a green run has no reason."""
    held = Made(days=(-40, 50))

    def fail_from(day: int, fail_on: Sequence[str] = REASONS, *served: ListenerAction) -> list[Any]:
        items = found(*(served or [serving(held)]), store=[replace(FRESH, key="ec", days=(day, 80))])
        return [item.failure_start for item in with_grace_period(items, fail_on, NOW)]

    assert fail_from(-2) == [NOW + DAY]
    assert fail_from(-4) == fail_from(-2, ["expired"]) == [None]
    assert fail_from(-2, REASONS, serving(DUE)) == [None, None], "that it expires says the same, and fails the run now"
    both = [listener(1, held.record(1)), listener(2, DUE.record(2), "api")]
    assert fail_from(-2, REASONS, *both) == [None, None, NOW + DAY], "another listener says nothing of it"
    ports = [listener(1, held.record(1), port=port) for port in (443, 8443)]
    assert fail_from(-2, REASONS, *ports) == [NOW + DAY] * 2
    narrow = Made(days=(-2, 80))
    items = found(
        serving(replace(held, names=(NAME, OTHER))), listener(2, narrow.record(2), "api"), usable=[entry(narrow)]
    )
    assert [item.failure_start for item in with_grace_period(items, REASONS, NOW)] == [None], "it is in place elsewhere"


@pytest.mark.parametrize(("made", "reason"), [(DUE, "expiring"), (OVER, "expired")])
def test_what_is_held_back_until_it_is_due_is_reported_once(made: Made, reason: str) -> None:
    items = found(serving(made), store=[replace(FRESH, key="ec", days=(-4, 80))])
    assert [item.reason for item in items] == [reason, "held_back"]
    assert [item.reason for item in select_failing(items, REASONS, NOW)] == [reason]
    assert [item.reason for item in select_failing(items, ["held_back"], NOW)] == ["held_back"]


# Nothing renews it


@pytest.mark.parametrize("store", [[], [Made(days=(5, 95)), Made(days=(-0.5, 91), organization=LTD)]])
@pytest.mark.parametrize("is_changed", [True, False])
@pytest.mark.parametrize(("old", "reason"), [(OVER, "expired"), (DUE, "expiring")])
def test_what_a_load_balancer_goes_on_serving_is_not_to_be_renewed(
    old: Made, reason: str, is_changed: bool, store: list[Made]
) -> None:
    """The API has what renews it: what is wrong is said by the listener; whatever else the store or a source has."""
    chain = (certificate_of(old.record(None)), *old.record(None).intermediates)
    wrong = not_served(serving(FRESH, served_chains=(chain,)), is_changed=is_changed)
    items = {item.reason: item for item in found(wrong, store=store, unused=[BROKEN])}
    own = Obstacle("listener", {"listener": wrong})
    assert items[reason].why == items["not_served"].why == own
    assert items[reason].cause == items["not_served"].cause == {"reason": "not_served"}


def test_a_better_one_of_the_store_that_is_not_served_yet() -> None:
    """There is one cause: why it was not deployed; though another one, which is newer still, is held back."""
    one = serving(DUE, renewal_id=10)
    unapproved = replace(one, outcome="skipped", reason="not_approved")
    for deployed, because, known in (
        (one, "phase", {"is_deploying": False}),
        (unapproved, "phase", {"is_deploying": False}),
        (unapproved, "not_approved", {}),
        (one, None, {}),
        (one, "refused", {"is_refused": True}),
        (one, "refused", {"is_refused": True, "is_deploying": False}),
    ):
        expected = Obstacle("not_deployed", {"certificate_id": 10, "because": because})
        assert why(deployed, store=[FRESH], **known) == expected
    due = found(one, store=[FRESH, Made(days=(-0.5, 91), organization=LTD)])[0]
    assert (due.reason, due.why.reason, due.cause) == ("expiring", "not_deployed", None)


def test_a_renewal_of_a_source_that_was_not_imported() -> None:
    """In a run that imports nothing, nothing has failed."""
    there = entry(FRESH, 1)
    for because, known in (
        ("not_stored", {}),
        ("phase", {"is_importing": False}),
        ("phase", {"is_importing": False, "is_refused": True}),
        ("refused", {"is_refused": True}),
    ):
        (item,) = found(serving(DUE), usable=[there], has_sources=True, **known)
        assert item.why == Obstacle("not_imported", {"entry": there, "because": because})
        assert item.cause == {"reason": None, **there.as_location()}


def test_a_certificate_for_the_names_of_a_listener_whose_own_is_not_in_the_store() -> None:
    """Of several the newest, stored or not."""
    seen = ((certificate_of(OVER.record()),),)
    unknown = replace(listener(1, FRESH.record(1)), target=None, target_id=99, served=False, served_chains=seen)
    for store, newest in (
        ([FRESH.record(10), DUE.record(11)], FRESH.record(10)),
        ([FRESH.record(None)], FRESH.record(None)),
    ):
        expired, *_others = find_attention_items([unknown], facts(store))
        assert expired.why == Obstacle("not_held", {"listener": unknown, "newest": newest})


def skipped(reason: str, *names: str, source: str = "lego", **about: Any) -> dict[str, Any]:
    """What a source has and was not imported."""
    return {
        **{"source": source, "name": f"the-{reason}", "path": f"/keys/{reason}", "common_name": None},
        "subject_alt_names": list(names or (NAME,)),
        **{"reason": reason, "message": f"It is {reason}.", **about},
    }


@pytest.mark.parametrize(
    ("unused", "told"),
    [
        ([skipped("key_missing")], 0),
        ([skipped("not_active", source="secrets_manager")], 0),
        ([skipped("already_imported"), skipped("superseded"), skipped("expired")], 2),
        ([skipped("untrusted", OTHER), skipped("ambiguous", OTHER, NAME)], 1),
        ([skipped("changed_meanwhile", name=None)], 0),
        ([skipped("already_imported")], None),
        ([skipped("malformed", OTHER)], None),
        ([], None),
    ],
)
def test_what_the_sources_have_instead(unused: list[dict[str, Any]], told: int | None) -> None:
    (item,) = found(serving(DUE), unused=unused, has_sources=True)
    if told is None:
        assert item.why == Obstacle("no_source", {"has_sources": True, "is_managed": True}) and item.cause is None
        assert why(serving(DUE)) == Obstacle("no_source", {"has_sources": False, "is_managed": True})
    else:
        assert item.why == Obstacle("unused", {"skipped": unused[told]})
        assert item.cause == {name: unused[told][name] for name in ("reason", "source", "name", "path")}


def test_another_certificate_is_served() -> None:
    """What was seen counts for its dates."""
    seen = certificate_of(replace(OVER, common_name=OTHER, names=(OTHER,)).record(9))
    wrong = not_served(serving(FRESH, served_chains=((seen,),)), is_changed=True)
    assert [(item.reason, item.served_certificate.shown_name) for item in found(wrong)] == [
        (reason, OTHER) for reason in ("expired", "not_served")
    ]


def test_nothing_is_served() -> None:
    """No client sees an end, so the only alarm is that nothing is served; it is named as in the API."""
    (item,) = found(not_served(serving(DUE), is_changed=True))
    assert (item.reason, as_attention(item, NOW)["name"]) == ("not_served", NAME)


# What clients get


def test_a_listener_whose_certificate_is_not_in_the_store() -> None:
    """What was seen counts; without that, there is nothing to say."""
    unknown = replace(listener(7, None), outcome="skipped", reason="not_found")
    assert found(replace(unknown, served=None)) == []
    seen = [(certificate_of(made.record(9)),) for made in (FRESH, DUE, Made(days=(1, 91)), OVER)]
    assert reasons(replace(unknown, served=None, served_chains=tuple(seen))) == ["expired"]
    for number, (worst,) in enumerate(seen, start=1):  # of several addresses the worst counts
        for chains in seen[:number], seen[:number][::-1]:
            assert find_served(replace(unknown, served_chains=tuple(chains)), world_of([])).certificate == worst
    assert find_served(unknown, world_of([])).certificate is None


def test_what_was_switched_counts_with_its_new_certificate() -> None:
    """In check mode, too, where it has no id yet."""
    index = StoreIndex([DUE.record(1), FRESH.record(None)])
    switched = listener(1, FRESH.record(None))
    assert find_attention_items([switched], facts(index)) == []
    back = replace(not_served(switched), outcome="rolled_back", served_chains=((certificate_of(FRESH.record(9)),),))
    items = find_attention_items([back], facts(index))
    assert [item.reason for item in items] == ["expiring"], "it serves what it served before, which ends"
    told = create_served_record(back, world_of(list(index)))
    assert (told["served"], told["accepted"], told["served_certificate"]) == (None, None, None)
    assert told["served_name"] == NAME and told["not_after"] == format_time(certificate_of(DUE.record(1)).not_after)


# Issuers that end


def with_issuer_until(day: float, made: Made = FRESH) -> StoreCertificate:
    """A record whose issuer's certificate ends this many days from now."""
    ending = TRUSTED.reissue(not_after=NOW + day * DAY)
    return made.record(1, intermediateCertificate=pem_of([ending, *made.issued.chain[1:]]))


def test_a_renewal_whose_issuer_begins_too_late() -> None:
    """What counts is from when on clients take it."""

    def beginning(day: float) -> StoreCertificate:
        chain = [TRUSTED.reissue(not_before=NOW + day * DAY), *FRESH.issued.chain[1:]]
        return Made(days=(1, 95)).record(10, intermediateCertificate=pem_of(chain))

    for day, expected in ((5, []), (9, ["expiring"])):
        known = facts([DUE.record(1), beginning(day)])
        assert [item.reason for item in find_attention_items([serving(DUE)], known)] == expected, day


def test_a_newer_one_whose_issuer_has_ended_is_why() -> None:
    """Of a listener that was skipped for it, or as it is not valid yet; not of one that is named so for another reason."""
    renewal = with_issuer_until(-1)
    index = StoreIndex([DUE.record(1), replace(renewal, id=2)])
    (planned,) = plan_renewals(world_of(index, balancer("web", p443=1)), ListenerSelection())
    assert (planned.outcome, planned.reason) == ("skipped", "expired")
    out_of_date = serving(DUE, outcome="skipped", reason="not_yet_valid", facts={"error": "Why."})
    for each, known in ((replace(planned, served=True), facts(index)), (out_of_date, facts([DUE.record(1)]))):
        (item,) = find_attention_items([each], known)
        assert (item.reason, item.why) == ("expiring", Obstacle("listener", {"listener": each}))
    for other in (replace(out_of_date, reason="not_found"), replace(out_of_date, outcome="unchanged")):
        assert why(other).reason == "no_source"


def test_a_renewal_that_was_left_out_is_reported_with_its_reason() -> None:
    """Of several renewals, the newest counts."""
    there, newest = entry(FRESH, 1), entry(Made(days=(-0.5, 95)), 1)
    left_out = {**skipped("not_approved"), "fingerprint_sha256": there.certificate.fingerprint_sha256}
    (item,) = found(serving(DUE), usable=[there], unused=[left_out], has_sources=True)
    assert item.why == Obstacle("left_out", {"entry": there, "skipped": left_out})
    assert item.cause == {name: left_out[name] for name in ("reason", "source", "name", "path")}
    of_another = {**left_out, "fingerprint_sha256": "00", "subject_alt_names": [OTHER]}
    assert why(serving(DUE), usable=[there], unused=[of_another], has_sources=True).reason == "not_imported"
    assert why(serving(DUE), usable=[newest, entry(FRESH, 2)], has_sources=True).facts["entry"] == newest


def test_a_client_that_has_not_renewed_what_it_has() -> None:
    """The usual reason for which a night is red; its message repeats nothing."""
    has = entry(DUE, 2, name="www")
    there, inactive = (
        as_skipped_record(has, Obstacle(reason, {"certificate_id": 1})) for reason in ("already_imported", "expired")
    )
    (item,) = found(serving(DUE), unused=[there], usable=[has], has_sources=True)
    assert (item.why, item.cause) == (Obstacle("not_renewed", {"skipped": there}), None)
    served = item.served_certificate
    assert why(serving(DUE), unused=[inactive], usable=[has], has_sources=True).reason == "unused"
    imported = why(serving(DUE), to_import=[has], usable=[has], has_sources=True)
    assert imported == Obstacle("not_renewed", {"skipped": {**has.as_location(), "key_type": "RSA"}}), "by this run"
    assert why_attention(imported, served) == why_attention(item.why, served)
    other = as_skipped_record(entry(replace(DUE, copy=1), 2), Obstacle("already_imported", {"certificate_id": 1}))
    assert why(serving(DUE), unused=[other], has_sources=True).reason == "no_source"


def test_the_chain_that_is_served_counts() -> None:
    """A load balancer may send another one than the store has."""
    whole, ending = FRESH.record(1), with_issuer_until(2)
    seen = (certificate_of(ending), *ending.intermediates)
    assert reasons(listener(1, whole, served_chains=(seen,))) == ["expiring"]
    seen = (certificate_of(whole), *whole.intermediates)
    assert reasons(listener(1, ending, served_chains=(seen,))) == []


def test_what_is_not_valid_yet() -> None:
    """It is told with what may be served until then."""
    coming = serving(Made(days=(1, 90)), accepted=False, rejection="certificate is not yet valid", predecessor_id=7)
    (item,) = found(coming)
    assert (item.reason, item.why) == ("not_yet_valid", Obstacle("not_yet_valid", {"listener": coming, "before": 7}))


# What clients refuse


def test_what_cannot_be_read_is_judged_by_the_dates_of_the_api() -> None:
    dates = {"validityBegin": format_time(NOW - 90 * DAY), "validityEnd": format_time(NOW - DAY)}
    unreadable = FRESH.record(1, certificate="odd", **dates)
    skipped_one = listener(1, unreadable, served=None, outcome="skipped", reason="not_found")
    (item,) = found(skipped_one)
    assert (item.reason, item.served_certificate.shown_name, item.served_certificate.lifespan.end) == (
        "expired",
        NAME,
        NOW - DAY,
    )
    fresh = (certificate_of(FRESH.record(9)),)
    assert reasons(replace(skipped_one, served_chains=(fresh,))) == ["expired"]
    over = (certificate_of(OVER.record(9)),)
    soon = FRESH.record(1, certificate="odd", validityEnd=format_time(NOW + 90 * DAY))
    assert reasons(listener(1, soon, served=None, outcome="skipped", reason="not_found", served_chains=(over,))) == [
        "expired"
    ]


def test_what_clients_refuse_for_another_reason() -> None:
    """Why it is refused is told once, with the end or the other certificate that is the reason."""
    refused: dict[str, Any] = {"accepted": False, "rejection": "unable to get local issuer certificate"}
    for made, has_whole_chain in ((replace(FRESH, chain="none"), False), (FRESH, True)):
        (item,) = found(listener(1, made.record(1), **refused))
        assert (item.reason, item.why.reason) == ("not_accepted", "not_accepted")
        assert item.why.facts["has_whole_chain"] is has_whole_chain
    assert reasons(serving(OVER, **refused)) == ["expired"]
    assert reasons(serving(DUE, **refused)) == ["expiring", "not_accepted"]
    assert reasons(not_served(serving(FRESH, **refused))) == ["not_served"]
    assert (
        reasons(serving(FRESH, **refused).mark_failed("not_accepted", {"error": "It is not."}, is_changed=True)) == []
    )


# What a source has and cannot use


CAUSE = ("reason", "source", "name", "path")
BROKEN = skipped("bad_passphrase", not_before=format_time(NOW), not_after=format_time(NOW + 90 * DAY))


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (BROKEN, True),
        ({**BROKEN, "reason": "key_missing"}, True),
        ({**BROKEN, "reason": "unreadable"}, True),
        ({**BROKEN, "reason": "being_renewed"}, False),
        ({**BROKEN, "reason": "superseded"}, False),
        ({**BROKEN, "not_before": format_time(NOW - 30 * DAY)}, False),
        ({**BROKEN, "subject_alt_names": [OTHER]}, False),
        ({**BROKEN, "subject_alt_names": [OTHER, NAME]}, True),
        ({**BROKEN, "not_before": None, "subject_alt_names": [], "name": NAME}, True),
        ({**BROKEN, "not_before": None, "subject_alt_names": [], "name": OTHER}, False),
    ],
)
def test_a_renewal_that_cannot_be_used(broken: dict[str, Any], expected: bool) -> None:
    """It is told at once, and fails a run once what is served is due; what renews nothing may be broken in peace."""
    items = found(serving(FRESH), unused=[broken], has_sources=True)
    assert [(item.reason, item.why) for item in items] == [
        ("unusable", Obstacle("unusable", {"skipped": broken}))
    ] * expected
    assert select_failing(items, REASONS, NOW) == []
    due = found(serving(DUE), unused=[broken], has_sources=True)
    assert select_failing(due, ["unusable"], NOW) == [item for item in due if item.reason == "unusable"]
    assert not expected or due[0].cause == due[1].cause == {name: broken.get(name) for name in CAUSE}


def test_a_renewal_that_cannot_be_used_fails_no_run_before_it_is_due() -> None:
    """That is said, unless it fails none in any case; where several listeners are told of, each goes by itself."""
    later, due = (
        listener(number, made.record(number), name) for number, made, name in ((1, FRESH, "a"), (2, DUE, "b"))
    )
    items = found(later, due, unused=[BROKEN], has_sources=True)
    assert at(items) == [("expiring", "b:443"), ("unusable", "b:443"), ("unusable", "a:443")]
    assert at(select_failing(items, REASONS, NOW)) == at(items)[:2]
    for fail_on, expected in ((["unusable"], [None, None, "due"]), (["expiring"], [None] * 3)):
        assert [item.failure_start for item in with_grace_period(items, fail_on, NOW)] == expected


def test_the_most_urgent_comes_first() -> None:
    """By reason, then by date, then by place."""
    listeners = [
        listener(1, Made(OTHER, (OTHER,), days=(-2, 89), organization=LTD).record(1), "held"),
        listener(2, Made(days=(-80, 9)).record(2), "b"),
        listener(2, Made(days=(-80, 9)).record(2), "a", port=8443),
        listener(2, Made(days=(-80, 9)).record(2), "a"),
        listener(3, Made(days=(-80, 8)).record(3), "soon"),
        listener(4, OVER.record(4), "over"),
        listener(5, Made("shop.example.com", ("shop.example.com",)).record(5), "dark", served=False),
    ]
    assert at(found(*listeners, store=[Made(OTHER, (OTHER,))])) == [
        ("expired", "over:443"),
        ("expiring", "soon:443"),
        ("expiring", "a:443"),
        ("expiring", "a:8443"),
        ("expiring", "b:443"),
        ("held_back", "held:443"),
        ("not_served", "dark:443"),
    ]


def test_what_has_no_known_end_comes_before_what_has_one() -> None:
    dark, seen = not_served(listener(7, None, "unknown")), ((certificate_of(replace(FRESH, copy=1).record()),),)
    ended = not_served(listener(1, FRESH.record(1), "known", served_chains=seen))
    for listeners in ([dark, ended], [ended, dark]):
        items = find_attention_items(listeners, facts([FRESH.record(1)]))
        assert [item.listener.load_balancer for item in items] == ["unknown", "known"]


def test_a_listener_is_reported_with_what_clients_get_from_it() -> None:
    world = world_of([DUE.record(1), FRESH.record(2)])
    kept = create_served_record(serving(DUE, renewal_id=2), world)
    due, fresh = (certificate_of(made.record()) for made in (DUE, FRESH))
    ids, dates = ("certificate_id", "better_certificate_id"), ("not_before", "not_after", "days_until_expiry")
    shown = [kept[name] for name in (*ids, *dates, "renewal_due", "served_certificate")]
    assert shown == [1, 2, format_time(due.not_before), format_time(due.not_after), 10, True, None]
    refused = listener(1, FRESH.record(2)).mark_failed("refused", {"error": "No."})
    told = create_served_record(refused, world)
    assert (told["better_certificate_id"], told["not_after"]) == (2, format_time(due.not_after)), (
        "it has kept what it had"
    )
    coming = listener(1, FRESH.record(None)).mark_failed("refused", {"error": "No."})
    assert create_served_record(coming, world)["better_certificate_id"] is None, "nobody knows its id yet"
    other = listener(1, FRESH.record(2), served=False, served_chains=((due,),))
    told = create_served_record(other, world)
    assert told["served_certificate"] == due.facts() and told["not_after"] == format_time(due.not_after)
    assert (told["better_certificate_id"], told["renewal_due"]) == (None, True)
    assert create_served_record(serving(FRESH, served=False), world)["served_certificate"] is None, "it sent none"
    coming = create_served_record(listener(1, FRESH.record(2), accepted=True).simulate(), world)
    assert (coming["served"], coming["accepted"]) == (None, None), "what was seen is the certificate that it has now"
    switched = create_served_record(listener(1, FRESH.record(2), served_chains=((fresh,),)), world)
    assert switched["not_after"] == format_time(fresh.not_after) and switched["served_certificate"] is None
    assert (switched["served"], switched["accepted"]) == (True, True)
