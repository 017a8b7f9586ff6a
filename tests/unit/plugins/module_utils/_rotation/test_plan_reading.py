# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of Secrets Manager a rotation reads, and that it misses none by not reading the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    WILDCARD_REMEDY,
    ReadingPlan,
    SourceOptions,
    choose,
    plan_reading,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import (
    NO_LISTENERS,
    SourceCertificate,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.support.long import examples
from tests.support.rotating import entry
from tests.support.secrets import secret
from tests.support.stored import NAME, TRUSTED, Made, view_with

OLD, NEW = Made(days=(-80, 10)), Made()
OTHER = "api.example.com"
BOTH = (NAME, OTHER)
CLIENTS = view_with()
NOTHING = Made(names=("shop.example.com",), common_name=None)


def plan(
    made: Made,
    *store: Made,
    wish: SourceOptions | None = None,
    listeners_by_certificate: Any = NO_LISTENERS,
    view: TrustView = CLIENTS,
    **changed: Any,
) -> ReadingPlan:
    """What is planned about one secret."""
    index = StoreIndex(one.record(number) for number, one in enumerate(store, start=1))
    return plan_reading(
        [secret(made.issued, **changed)], index, wish or SourceOptions(), view, listeners_by_certificate
    )


def told(found: ReadingPlan) -> str:
    """What becomes of one secret, with the reason if it is not read."""
    if found.candidates or found.stored_secrets:
        return "read" if found.candidates else "stored"
    kind = "useless" if found.unusable_secrets else "excluded"
    ((_secret, why_not),) = found.unusable_secrets or found.excluded_secrets
    return f"{kind}: {why_not.reason}"


IP = Made(days=(-80, 10), addresses=("192.0.2.1",))
OVER, NEWER, BARE = Made(days=(-90, -1)), Made(days=(-0.5, 91)), replace(NEW, chain="none")
KEYLESS, UNCHAINED = {"private_key_included": False}, {"intermediate_included": False}
CASES: dict[str, tuple[str, Made, list[Made], dict[str, Any]]] = {
    "it renews one of the store": ("read", NEW, [OLD], {}),
    "it is for more names": ("read", Made(names=BOTH), [OLD], {}),
    "the store has it": ("stored", NEW, [OLD, NEW], {}),
    "the store has it, and it is not active any more": ("stored", NEW, [NEW], {"state": 5}),
    "the store has it without its chain": ("read", NEW, [BARE], {}),
    "the store has it with half of its chain": ("read", NEW, [replace(NEW, chain="first")], {}),
    "the store has no chain, and neither has it": ("stored", NEW, [BARE], UNCHAINED),
    "an issuer in the store has expired": ("read", NEW, [replace(NEW, chain="expired first")], {}),
    "an issuer has expired, and it has none": ("stored", NEW, [replace(NEW, chain="expired first")], UNCHAINED),
    "another serial number": ("read", NEW, [OLD, Made(copy=1)], {}),
    "another size of its key": ("read", NEW, [OLD, NEW], {"key_algorithm": "RSA4096"}),
    "a key algorithm that is not known": ("stored", NEW, [NEW], {"key_algorithm": "new"}),
    "other names": ("read", NEW, [OLD, NEW], {"alt_names": [NAME, OTHER]}),
    "another end": ("read", NEW, [OLD, NEW], {"validity": {"not_before": "2099-01-01T00:00:00Z"}}),
    "nothing is known of its age": ("read", NEW, [NEWER], {"validity": None, "expiration_date": None}),
    "nothing is known of its beginning": ("read", NEW, [NEWER], {"validity": {}}),
    "nothing is known of its end": (
        "read",
        NEW,
        [NEWER],
        {"validity": {"not_before": "2020-01-01T00:00:00Z"}, "expiration_date": None},
    ),
    "the store has a newer one": ("excluded: new_name", NEW, [NEWER], {}),
    "the store has one that ends earlier": ("read", NEW, [Made(days=(-1, 89))], {}),
    "addresses are in the store, but not in metadata": ("read", NEW, [IP], {}),
    "an address of another one": ("excluded: new_name", NEW, [replace(NOTHING, addresses=("192.0.2.1",))], {}),
    "an address of one for nothing else": ("excluded: new_name", NEW, [replace(IP, common_name=None, names=())], {}),
    "it has expired": ("useless: expired", OVER, [OLD], {}),
    "it is not valid yet": ("read", Made(days=(1, 90)), [OLD], {}),
    "a state that is not known": ("useless: not_active", NEW, [OLD], {"state": 9}),
    "no state": ("read", NEW, [OLD], {"state": None}),
    "it has no private key": ("excluded: key_missing", NEW, [OLD], KEYLESS),
    "it has no private key, and has expired": ("excluded: key_missing", OVER, [OLD], KEYLESS),
    "it has one, as all of its type": (
        "read",
        NEW,
        [OLD],
        {"secret_type": "public_cert", "private_key_included": None},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_read(case: str) -> None:
    expected, made, store, changed = CASES[case]
    assert told(plan(made, *store, **changed)) == expected


def test_a_record_that_cannot_be_read_is_nothing_to_renew() -> None:
    index = StoreIndex([replace(OLD.record(1), certificate=None)])
    assert (
        told(plan_reading([secret(NEW.issued)], index, SourceOptions(), CLIENTS, NO_LISTENERS)) == "excluded: new_name"
    )


def test_names_that_are_not_expected_are_not_reported_for() -> None:
    assert plan(NEW, OLD, wish=SourceOptions([OTHER])) == ReadingPlan()
    assert plan(NEW, OLD, wish=SourceOptions(["*.EXAMPLE.com"])).candidates
    assert plan(replace(NEW, common_name=None), OLD, wish=SourceOptions([NAME])).candidates


def test_what_clients_know_of_a_chain_is_not_read() -> None:
    assert told(plan(NEW, BARE, view=view_with(TRUSTED.root, *TRUSTED.chain))) == "stored"


def test_of_an_authority_that_is_not_known_only_what_has_no_chain_is_read_again() -> None:
    own = replace(NEW, by="own")
    assert told(plan(own, own)) == "read", "it may have a chain to a known root"
    assert told(plan(own, own, wish=SourceOptions(is_trust_required=False))) == "stored"
    assert told(plan(own, replace(own, chain="none"), wish=SourceOptions(is_trust_required=False))) == "read"


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
            ("names_not_covered", {"nearest": 1, "lost": [NAME], "names": {*STARS}, "remedy": WILDCARD_REMEDY}),
        ),
        (Made(days=(-81, 90)), [OLD], ("ambiguous", {"later": 1, "names": {NAME}})),
        (Made(days=(-81, 90), names=BOTH), [replace(OLD, names=BOTH)], ("ambiguous", {"later": 1, "names": {*BOTH}})),
        (NEW, [NOTHING], ("new_name", {"names": {NAME}})),
        (NEW, [], ("new_name", {"names": None})),
    ],
)
def test_why_not(made: Made, store: list[Made], expected: tuple[str, dict[str, Any]]) -> None:
    """With the certificate of the store that comes nearest to it, and the listeners that have that."""
    ((_secret, why),) = plan(made, *store, listeners_by_certificate={1: ["web:443"]}).excluded_secrets
    facts = {**why.facts, **{name: why.facts[name].id for name in ("nearest", "later") if name in why.facts}}
    listeners = facts.pop("listeners", None)
    assert (why.reason, facts) == expected
    assert listeners == (["web:443"] if 1 in facts.values() else () if 2 in facts.values() else None)


def test_names_in_any_writing() -> None:
    ((_secret, why),) = plan(NEW, NOTHING, alt_names=[NAME.upper(), "admin@example.com"]).excluded_secrets
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
    index = StoreIndex(one.record(n) for n, one in enumerate(store, start=1))
    wish = SourceOptions(import_new=import_new)
    secrets = {str(n): one for n, one in enumerate(kept, start=1)}
    metadata = [
        secret(one.issued, id=n, intermediate_included=one.chain != "none", alt_names=list(one.names))
        for n, one in secrets.items()
    ]
    found = plan_reading(metadata, index, wish, CLIENTS)

    def as_read(number: str) -> SourceCertificate:
        return entry(secrets[number], int(number))

    def imported(entries: Iterable[SourceCertificate]) -> list[str]:
        return [one.name for one in choose(entries, index, wish, CLIENTS).imports]

    known = [as_read(one.id) for one in found.candidates]
    for one, record in found.stored_secrets:
        known.append(replace(as_read(one.id), record=replace(record, id=None), chain=CLIENTS.find_chain(record)))
    known.sort(key=lambda one: int(one.name.removeprefix("entry-")))
    assert imported(known) == imported(map(as_read, secrets))
