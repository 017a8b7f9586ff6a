# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of Secrets Manager a rotation reads, and that it misses none by not reading the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    ReadingPlan,
    SourceCertificate,
    SourceOptions,
    choose,
    plan_reading,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.messages import trouble
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


def plan(made: Made, *store: Made, wish: SourceOptions | None = None, **changed: Any) -> ReadingPlan:
    """What is planned about one secret."""
    index = StoreIndex(one.record(number) for number, one in enumerate(store, start=1))
    return plan_reading([secret(made.issued, **changed)], index, wish or SourceOptions(), CLIENTS)


def said_of(why_not: Any) -> str:
    """The message of a reason, whoever gives it."""
    return trouble(why_not) if isinstance(why_not, Obstacle) else str(why_not.message)


def told(found: ReadingPlan) -> tuple[str, str | None, str | None]:
    """What becomes of one secret, with reason and message if it is not read."""
    if found.to_read:
        return "read", None, None
    if found.stored:
        return "stored", None, None
    kind = "useless" if found.useless else "unwanted"
    ((_secret, why_not),) = found.useless or found.unwanted
    return kind, why_not.reason, said_of(why_not)


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
    assert told(plan(made, *store, **changed))[:2] == expected


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


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (plan(NEW, OLD, state=0), "Secrets Manager says that it is pre-activation: look there why it is not active."),
        (plan(NEW, OLD, state=9), "Secrets Manager says that it is in the state 9: look there why it is not active."),
        (
            plan(NEW, OLD, private_key_included=False),
            "Secrets Manager has no private key of it: import it there again, with its key.",
        ),
        (
            plan(NEW, replace(OLD, names=(NAME, OTHER, "shop.example.com")), replace(OLD, names=BOTH)),
            "It renews no certificate of the store. For certificate 2, it lacks names that are served now: api.example.com. Have it issued "
            "for all names; or if they are to go, `ansible-playbook softlayer.certificates.adopt -e "
            "common_name=www.example.com` has it served.",
        ),
        (
            plan(
                replace(NEW, common_name=None, names=("example.com", "*.example.com")),
                replace(OLD, names=("example.com", NAME)),
            ),
            "It renews no certificate of the store. For certificate 1, it lacks names that are served now: www.example.com. Its wildcards "
            "have them: `ansible-playbook softlayer.certificates.adopt -e 'common_name=*.example.com'` has it served; or "
            "have it issued for these names, too.",
        ),
        (
            plan(replace(NEW, names=(NAME, OTHER)), replace(OLD, names=(NAME, OTHER, "shop.example.com"))),
            "It renews no certificate of the store. For certificate 1, it lacks names that are served now: shop.example.com. Have it issued "
            "for all names; or if they are to go, `ansible-playbook softlayer.certificates.adopt -e "
            "common_name=www.example.com` has it served.",
        ),
        (
            plan(Made(days=(-81, 90)), OLD),
            "It ends later than certificate 1 of the store, which is for the same names, but begins earlier, so it does not renew that: "
            "`ansible-playbook softlayer.certificates.adopt -e common_name=www.example.com` has this one served; or have "
            "Secrets Manager get it issued anew.",
        ),
        (
            plan(Made(days=(-81, 90), names=BOTH), Made(days=(-80, 10), names=BOTH)),
            "It ends later than certificate 1 of the store, which is for the same names, but begins earlier, so it does not renew that: "
            "`ansible-playbook softlayer.certificates.adopt -e common_name=www.example.com` has this one served; or have "
            "Secrets Manager get it issued anew.",
        ),
        (
            plan(NEW, NOTHING, alt_names=[NAME.upper(), "admin@example.com"]),
            "The store holds no certificate for www.example.com that it would renew: import_new: true imports it.",
        ),
        (
            plan(NEW, NOTHING),
            "The store holds no certificate for www.example.com that it would renew: import_new: true imports it.",
        ),
    ],
)
def test_what_is_said(found: ReadingPlan, message: str) -> None:
    assert told(found)[2] == message


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
        replace(as_read(one.id), record=replace(record, id=None), trust=CLIENTS.chain(record).trust)
        for one, record in found.stored
    ]
    known.sort(key=lambda one: int(one.name.removeprefix("entry-")))
    everything = choose(map(as_read, secrets), index, wish, CLIENTS)
    assert [one.name for one in choose(known, index, wish, CLIENTS).to_import] == [
        one.name for one in everything.to_import
    ]
    for _secret, why_not in (*found.useless, *found.unwanted):
        assert said_of(why_not).endswith(".")
