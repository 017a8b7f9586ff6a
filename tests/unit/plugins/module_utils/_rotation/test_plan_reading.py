# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of Secrets Manager a rotation reads, and that it misses none by not reading the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages import why_not_read
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    BY_WILDCARD,
    NOBODY,
    ReadingPlan,
    SourceCertificate,
    SourceOptions,
    choose,
    plan_reading,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.support.long import examples
from tests.support.rotating import entry
from tests.support.secrets import secret
from tests.support.stored import NAME, Made, view_with

OLD, NEW = Made(days=(-80, 10)), Made()
OTHER = "api.example.com"
BOTH = (NAME, OTHER)
CLIENTS = view_with()
NOTHING = Made(names=("shop.example.com",), common_name=None)


def plan(
    made: Made, *store: Made, wish: SourceOptions | None = None, listeners_with: Any = NOBODY, **changed: Any
) -> ReadingPlan:
    """What is planned about one secret."""
    index = StoreIndex(one.record(number) for number, one in enumerate(store, start=1))
    return plan_reading([secret(made.issued, **changed)], index, wish or SourceOptions(), CLIENTS, listeners_with)


def told(found: ReadingPlan) -> tuple[str, str | None]:
    """What becomes of one secret, with the reason if it is not read."""
    if found.to_read:
        return "read", None
    if found.stored:
        return "stored", None
    kind = "useless" if found.useless else "unwanted"
    ((_secret, why_not),) = found.useless or found.unwanted
    return kind, why_not.reason


IP = Made(days=(-80, 10), addresses=("192.0.2.1",))
CASES: dict[str, tuple[tuple[str, str | None], Made, list[Made], dict[str, Any]]] = {
    "it renews one of the store": (("read", None), NEW, [OLD], {}),
    "it renews one, among others": (("read", None), NEW, [NOTHING, OLD, Made(names=(OTHER,))], {}),
    "it is for more names": (("read", None), Made(names=BOTH), [OLD], {}),
    "the store has it": (("stored", None), NEW, [OLD, NEW], {}),
    "the store has it, and it is not active any more": (("stored", None), NEW, [NEW], {"state": 5}),
    "the store has it without its chain": (("read", None), NEW, [replace(NEW, chain="none")], {}),
    "the store has it with half of its chain": (("read", None), NEW, [replace(NEW, chain="first")], {}),
    "the store has no chain, and neither has it": (
        ("stored", None),
        NEW,
        [replace(NEW, chain="none")],
        {"intermediate_included": False},
    ),
    "an issuer that the store has has expired": (("read", None), NEW, [replace(NEW, chain="expired first")], {}),
    "an issuer that the store has has expired, and it has none": (
        ("stored", None),
        NEW,
        [replace(NEW, chain="expired first")],
        {"intermediate_included": False},
    ),
    "another serial number": (("read", None), NEW, [OLD, Made(copy=1)], {}),
    "another size of its key": (("read", None), NEW, [OLD, NEW], {"key_algorithm": "RSA4096"}),
    "a key algorithm that is not known": (("stored", None), NEW, [NEW], {"key_algorithm": "new"}),
    "other names": (("read", None), NEW, [OLD, NEW], {"alt_names": [NAME, OTHER]}),
    "another end": (("read", None), NEW, [OLD, NEW], {"validity": {"not_before": "2099-01-01T00:00:00Z"}}),
    "nothing is known of its age": (
        ("read", None),
        NEW,
        [Made(days=(-0.5, 91))],
        {"validity": None, "expiration_date": None},
    ),
    "nothing is known of its beginning": (
        ("read", None),
        NEW,
        [Made(days=(-0.5, 91))],
        {"validity": {"not_after": "2099-01-01T00:00:00Z"}},
    ),
    "the store has a newer one": (("unwanted", "new_name"), NEW, [Made(days=(-0.5, 91))], {}),
    "the store has one that begins later and ends earlier": (
        ("unwanted", "ambiguous"),
        Made(days=(-81, 90)),
        [OLD],
        {},
    ),
    "the store has one that ends earlier": (("read", None), NEW, [Made(days=(-1, 89))], {}),
    "the store has one for more names": (("unwanted", "names_not_covered"), NEW, [replace(OLD, names=BOTH)], {}),
    "the store has none for its names": (("unwanted", "new_name"), NEW, [NOTHING], {}),
    "the store has nothing": (("unwanted", "new_name"), NEW, [], {}),
    "addresses are in the store, but not in metadata": (("read", None), NEW, [IP], {}),
    "an address of another one": (("unwanted", "new_name"), NEW, [replace(NOTHING, addresses=("192.0.2.1",))], {}),
    "an address that it does not tell of is all that another one is for": (
        ("unwanted", "new_name"),
        NEW,
        [replace(NOTHING, names=(), addresses=("192.0.2.1",), days=(-80, 10))],
        {},
    ),
    "it has expired": (("useless", "expired"), Made(days=(-90, -1)), [OLD], {}),
    "it is not valid yet": (("read", None), Made(days=(1, 90)), [OLD], {}),
    "it is ordered": (("useless", "not_active"), NEW, [OLD], {"state": 0}),
    "it is suspended": (("useless", "not_active"), NEW, [OLD], {"state": 2}),
    "a state that is not known": (("useless", "not_active"), NEW, [OLD], {"state": 9}),
    "no state": (("read", None), NEW, [OLD], {"state": None}),
    "it has no private key": (("unwanted", "key_missing"), NEW, [OLD], {"private_key_included": False}),
    "it has no private key, and has expired": (
        ("unwanted", "key_missing"),
        Made(days=(-90, -1)),
        [OLD],
        {"private_key_included": False},
    ),
    "it has one, as all of its type": (
        ("read", None),
        NEW,
        [OLD],
        {"secret_type": "public_cert", "private_key_included": None},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_read(case: str) -> None:
    expected, made, store, changed = CASES[case]
    assert told(plan(made, *store, **changed)) == expected


def test_new_names_are_read_where_they_are_wanted() -> None:
    assert told(plan(NEW, wish=SourceOptions(import_new=True)))[0] == "read"
    assert told(plan(Made(days=(-90, -1)), wish=SourceOptions(import_new=True)))[0] == "useless"


def test_names_that_are_not_meant_are_not_told_of() -> None:
    assert plan(NEW, OLD, wish=SourceOptions([OTHER])) == ReadingPlan()
    assert plan(NEW, OLD, wish=SourceOptions(["*.EXAMPLE.com"])).to_read
    assert plan(replace(NEW, common_name=None), OLD, wish=SourceOptions([NAME])).to_read


def test_of_an_authority_that_is_not_known_only_what_has_no_chain_is_read_again() -> None:
    own = replace(NEW, by="own")
    assert told(plan(own, own))[0] == "read", "it may have a chain to a known root"
    assert told(plan(own, own, wish=SourceOptions(needs_trust=False)))[0] == "stored"
    assert told(plan(own, replace(own, chain="none"), wish=SourceOptions(needs_trust=False)))[0] == "read"


def test_the_record_with_the_best_chain_counts() -> None:
    found = plan(NEW, replace(NEW, chain="none"), NEW, NEW)
    assert [record.id for _secret, record in found.stored] == [2]


WIDER, STARS = ("shop.example.com", *BOTH), ("example.com", "*.example.com")


@pytest.mark.parametrize(
    ("made", "store", "expected"),
    [
        (
            NEW,
            [replace(OLD, names=WIDER), replace(OLD, names=BOTH)],
            ("names_not_covered", {"nearest": 2, "lost": [OTHER], "names": {NAME}, "remedy": "names_not_covered"}),
        ),
        (
            replace(NEW, common_name=None, names=STARS),
            [replace(OLD, names=("example.com", NAME))],
            ("names_not_covered", {"nearest": 1, "lost": [NAME], "names": {*STARS}, "remedy": BY_WILDCARD}),
        ),
        (Made(days=(-81, 90)), [OLD], ("ambiguous", {"later": 1, "names": {NAME}})),
        (Made(days=(-81, 90), names=BOTH), [replace(OLD, names=BOTH)], ("ambiguous", {"later": 1, "names": {*BOTH}})),
        (NEW, [NOTHING], ("new_name", {"names": {NAME}})),
        (NEW, [], ("new_name", {"names": None})),
    ],
)
def test_why_not(made: Made, store: list[Made], expected: tuple[str, dict[str, Any]]) -> None:
    """With the certificate of the store that comes nearest to it, and the listeners that have that."""
    ((_secret, why),) = plan(made, *store, listeners_with={1: ["web:443"]}).unwanted
    facts = {**why.facts, **{name: why.facts[name].id for name in ("nearest", "later") if name in why.facts}}
    listeners = facts.pop("listeners", None)
    assert (why.reason, facts) == expected
    assert listeners == (["web:443"] if 1 in facts.values() else () if 2 in facts.values() else None)


def test_names_in_any_writing() -> None:
    ((_secret, why),) = plan(NEW, NOTHING, alt_names=[NAME.upper(), "admin@example.com"]).unwanted
    assert why.facts == {"names": {NAME}}


MADE = st.builds(
    Made,
    names=st.sampled_from([(NAME,), (OTHER,), BOTH]),
    common_name=st.none(),
    addresses=st.sampled_from([(), (), ("192.0.2.1",)]),
    organization=st.sampled_from([None, None, "Example Ltd"]),
    key=st.sampled_from(["rsa", "rsa", "ec"]),
    days=st.sampled_from([(-80, 10), (-1, 90), (-0.5, 91), (5, 95), (-90, -1)]),
    by=st.sampled_from(["trusted", "trusted", "own", "itself"]),
    chain=st.sampled_from(["whole", "whole", "none", "first"]),
    copy=st.integers(0, 1),
)


@examples(300)
@given(st.lists(MADE, max_size=4), st.lists(MADE, max_size=5, unique=True), st.booleans())
def test_nothing_is_missed_by_not_reading_it(store: list[Made], kept: list[Made], import_new: bool) -> None:
    """What is imported is the same as if each certificate were read."""
    index, wish = (
        StoreIndex(one.record(n) for n, one in enumerate(store, start=1)),
        SourceOptions(import_new=import_new),
    )
    secrets = {str(n): one for n, one in enumerate(kept, start=1)}
    metadata = [
        secret(one.issued, id=n, intermediate_included=one.chain != "none", alt_names=list(one.names))
        for n, one in secrets.items()
    ]
    found = plan_reading(metadata, index, wish, CLIENTS)

    def as_read(number: str) -> SourceCertificate:
        return entry(secrets[number], int(number))

    known = [as_read(one.id) for one in found.to_read]
    known += [
        replace(as_read(one.id), record=replace(record, id=None), chain=CLIENTS.chain(record))
        for one, record in found.stored
    ]
    known.sort(key=lambda one: int(one.name.removeprefix("entry-")))
    everything = choose(map(as_read, secrets), index, wish, CLIENTS)
    assert [one.name for one in choose(known, index, wish, CLIENTS).to_import] == [
        one.name for one in everything.to_import
    ]
    assert all(why_not_read(why, one).endswith(".") for one, why in (*found.useless, *found.unwanted))
