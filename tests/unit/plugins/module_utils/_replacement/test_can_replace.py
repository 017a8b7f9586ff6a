# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand in for what: a table of the rule, and that all who choose, switch, delete or hide go by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.can_replace import (
    ACCEPT_OPTIONS,
    OVERRIDABLE,
    Overrides,
    PresentCertificate,
    can_supersede,
    find_replacement_obstacle,
    has_better_chain,
    is_equivalent,
    is_newer,
    rank_copy,
    select_best,
    select_best_copies,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import describe_obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerSelection,
    plan_renewals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer import load_balancers as api
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import Content
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_import import (
    ImportAction,
    plan_present,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import Revocation
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import DAY, NOW, new_key, pem_of
from tests.support.certificates import certificate_of as signed
from tests.support.long import examples
from tests.support.rotating import world_of
from tests.support.stored import NAME, OWN, TRUSTED, Made, view_with

CLIENTS = view_with()
OTHER = "shop.example.com"
OLD = Made(days=(-350, 15))
NEW = Made(days=(-1, 90), copy=1)
"""They differ in nothing but their dates; each case changes something about one of them, or about both."""


@dataclass(frozen=True)
class Case:
    """How the old certificate and the new one differ in one respect, and what follows from that."""

    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    """Why the new one may not stand in for the old one, whichever is newer."""
    is_newer: bool = True


ORGANIZATIONS = {
    "none": Case(),
    "the same": Case({"organization": "Example Inc."}, {"organization": "Example Inc."}),
    "lost": Case({"organization": "Example Inc."}, {}, "organization_differs"),
    "gained": Case({}, {"organization": "Example Inc."}, "organization_differs"),
    "another": Case({"organization": "Example Inc."}, {"organization": "Example Ltd."}, "organization_differs"),
}
KEY_TYPES = {
    "RSA": Case(),
    "EC": Case({"key": "ec"}, {"key": "ec"}),
    "EC for RSA": Case({}, {"key": "ec"}, "key_type_differs"),
    "RSA for EC": Case({"key": "ec"}, {}, "key_type_differs"),
}


def names(*found: str, common_name: str | None = None, addresses: tuple[str, ...] = ()) -> dict[str, Any]:
    """A certificate for these names."""
    return {"names": found, "common_name": common_name, "addresses": addresses}


LOST = "names_not_covered"
NAMES = {
    "equal": Case(),
    "more": Case({}, names(NAME, OTHER)),
    "fewer": Case(names(NAME, OTHER), names(NAME), LOST),
    "others": Case({}, names(OTHER), LOST),
    "in another order and case": Case(names(NAME, OTHER), names(OTHER.upper(), NAME.title())),
    "the same wildcard": Case(names("*.example.com"), names("*.example.com", "example.com")),
    "a wildcard for a name": Case({}, names("*.example.com"), LOST),
    "a name for a wildcard": Case(names("*.example.com"), names(NAME), LOST),
    "an IDN": Case(names(common_name="xn--bcher-kva.example"), names(common_name="BÜCHER.example")),
    "an IDN that is lost": Case(names(NAME, "xn--bcher-kva.example"), names(NAME, "xn--bcher-kvb.example"), LOST),
    "a common name that is gone": Case(names(NAME, common_name=NAME), names(NAME)),
    "a common name that came": Case(names(NAME), names(NAME, common_name=NAME)),
    "a common name alone": Case(names(common_name=NAME), names(NAME)),
    "a common name, as before": Case(names(common_name=NAME), names(common_name=NAME)),
    "a common name instead of the DNS name": Case({}, names(common_name=NAME), LOST),
    "a DNS name with a blank": Case({}, names(f"{NAME} "), LOST),
    "a DNS name with a final dot": Case({}, names(f"{NAME}."), LOST),
    "an address that is a DNS name": Case(names(NAME, addresses=("192.0.2.1",)), names(NAME, "192.0.2.1"), LOST),
    "a common name that is no name of a host": Case(
        names(NAME, common_name="Example Shop"), names(NAME, common_name="Server 2")
    ),
    "a name that is the common name only": Case({}, names(OTHER, common_name=NAME), LOST),
    "a common name beside others": Case(names(OTHER, common_name=NAME), names(OTHER, common_name=NAME)),
    "a common name that is a host's and lost": Case(names(OTHER, common_name=NAME), names(OTHER), LOST),
    "the same address": Case(names(addresses=("192.0.2.1",)), names(NAME, addresses=("192.0.2.1", "2001:db8::1"))),
    "an address that is lost": Case(names(NAME, addresses=("192.0.2.1",)), names(NAME), LOST),
    "an address in the common name": Case(names(common_name="192.0.2.1"), names(addresses=("192.0.2.1",))),
    "none": Case(names(), names(NAME), LOST),
    "none either": Case(names(), names(), LOST),
}
DATES = {
    "begins later": Case(),
    "begins later and ends sooner": Case({"days": (-10, 300)}, {"days": (-1, 47)}),
    "begins at the same time and ends later": Case({"days": (-10, 20)}, {"days": (-10, 30)}),
    "begins at the same time and ends sooner": Case({"days": (-10, 30)}, {"days": (-10, 20)}, is_newer=False),
    "equal": Case({"days": (-10, 30)}, {"days": (-10, 30)}, is_newer=False),
    "begins earlier": Case({"days": (-1, 90)}, {"days": (-2, 91)}, is_newer=False),
    "begins now": Case({}, {"days": (0, 90)}),
    "ends now": Case({"days": (-90, -1)}, {"days": (-80, 0)}),
    "ends sooner, and is not due": Case({"days": (-350, 15)}, {"days": (-4, 10)}),
    "is due, and ends later": Case({"days": (-350, 5)}, {"days": (-40, 10)}),
    "not valid yet": Case({}, {"days": (20, 110)}, "not_yet_valid"),
    "neither is valid yet": Case({"days": (20, 110)}, {"days": (21, 111)}, "not_yet_valid"),
    "the old one is not valid yet": Case({"days": (20, 110)}, {}, is_newer=False),
    "expired": Case({"days": (-90, -30)}, {"days": (-80, -1)}, "expired"),
    "the old one has expired": Case({"days": (-90, -1)}, {}),
}
TRUST = {
    "trusted": Case(),
    "signed by itself": Case({}, {"by": "itself"}, "untrusted"),
    "of another authority, with its root": Case({}, {"by": "own", "chain": "with the root"}, "untrusted"),
    "of another authority": Case({}, {"by": "own"}, "chain_incomplete"),
    "without its chain": Case({}, {"chain": "none"}, "chain_incomplete"),
    "without the first of its chain": Case({}, {"chain": "last"}, "chain_incomplete"),
    "without the last of its chain": Case({}, {"chain": "first"}, "chain_incomplete"),
    "with the chain of another authority": Case({}, {"chain": "of another authority"}, "chain_incomplete"),
    "with an expired chain": Case({}, {"chain": "expired"}, "expired"),
    "both of one's own authority": Case({"by": "own"}, {"by": "own"}),
    "both of one's own authority, the new one without its chain": Case({"by": "own"}, {"by": "own", "chain": "none"}),
    "both signed by themselves": Case({"by": "itself"}, {"by": "itself"}),
    "signed by itself for one's own authority": Case({"by": "own"}, {"by": "itself"}, "untrusted"),
    "signed by itself for one without its chain": Case({"chain": "none"}, {"by": "itself"}, "untrusted"),
    "of one's own authority for one signed by itself": Case({"by": "itself"}, {"by": "own"}),
    "the old one was signed by itself": Case({"by": "itself"}, {}),
    "the old one lacks its chain": Case({"chain": "none"}, {}),
    "both lack their chain": Case({"chain": "none"}, {"chain": "none"}),
    "the old one's chain has expired": Case({"chain": "expired"}, {}),
}
RESPECTS = (DATES, NAMES, ORGANIZATIONS, KEY_TYPES, TRUST)
"""In the order in which reasons are told."""
TABLE = [
    pytest.param(case, id=f"{respect}: {name}")
    for respect, cases in zip(("dates", "names", "organization", "key", "trust"), RESPECTS, strict=True)
    for name, case in cases.items()
]


def pair(*cases: Case) -> tuple[StoreCertificate, StoreCertificate]:
    """The new record and the old one, different in all of these respects."""
    old, new = OLD, NEW
    for case in cases:
        old, new = replace(old, **case.old), replace(new, **case.new)
    return new.record(2), old.record(1)


def reason(new: StoreCertificate, old: StoreCertificate, **overrides: bool) -> str | None:
    """Why it may not stand in, whichever is newer."""
    why = find_replacement_obstacle(
        new, PresentCertificate.of(old), CLIENTS, Overrides(**overrides) if overrides else None
    )
    assert why is None or describe_obstacle(why), why
    return why and why.reason


# The table


@pytest.mark.parametrize("case", TABLE)
def test_the_rule(case: Case) -> None:
    new, old = pair(case)
    assert (is_newer(new, old, CLIENTS), reason(new, old)) == (case.is_newer, case.reason)
    assert can_supersede(new, old, CLIENTS) is (case.is_newer and case.reason is None)


def test_two_respects_at_a_time() -> None:
    """Each of them is enough to refuse it, whatever the other one is; the first one is told."""
    for one, other in combinations(RESPECTS, 2):
        for first in one.values():
            for second in other.values():
                new, old = pair(first, second)
                dates = first if one is DATES else Case()
                assert reason(new, old) == (first.reason or second.reason), (first, second)
                is_superseding = dates.is_newer and not first.reason and not second.reason
                assert can_supersede(new, old, CLIENTS) is is_superseding, (first, second)


def test_what_is_about_to_end_takes_the_place_of_nothing_that_ends_later() -> None:
    """Unless a person names it, such as to go back to it."""
    new, old = pair(Case({}, {"days": (-40, 10)}))
    assert (is_newer(new, old, CLIENTS), reason(new, old)) == (True, "expires_earlier")
    assert reason(new, old, wildcards=True) is None
    for ends_soon, issuer in ((new, None), (until(2, NEW, 2), "Public CA 2")):
        why = find_replacement_obstacle(ends_soon, PresentCertificate.of(old), CLIENTS)
        assert why is not None and why.reason == "expires_earlier"
        assert (why.facts["issuer"] and why.facts["issuer"].shown_name) == issuer


def until(day: float, made: Made, identifier: int) -> StoreCertificate:
    """A record whose issuer's certificate ends this many days from now."""
    chain = [TRUSTED.reissue(not_after=NOW + day * DAY), *made.issued.chain[1:]]
    return made.record(identifier, intermediateCertificate=pem_of(chain))


def test_the_end_of_an_issuer_is_the_end() -> None:
    """Of the chain that clients use."""
    assert reason(until(2, NEW, 2), OLD.record(1)) == "expires_earlier", "it ends sooner, and soon"
    assert reason(until(40, NEW, 2), OLD.record(1)) is None
    assert reason(NEW.record(2), until(2, OLD, 1)) is None
    why = find_replacement_obstacle(until(-2, NEW, 2), PresentCertificate.of(OLD.record(1)), CLIENTS)
    assert why is not None and why.reason == "expired" and why.facts["issuer"].shown_name == "Public CA 2"


def test_an_issuer_that_is_not_valid_yet() -> None:
    """Clients refuse it until then, so it stands in for nothing; and what it is worth then counts."""
    chain = [TRUSTED.reissue(not_before=NOW + 3 * DAY), *NEW.issued.chain[1:]]
    early = NEW.record(2, intermediateCertificate=pem_of(chain))
    why = find_replacement_obstacle(early, PresentCertificate.of(OLD.record(1)), CLIENTS)
    assert why is not None and why.reason == "not_yet_valid" and why.facts["issuer"].shown_name == "Public CA 2"
    assert reason(early, OLD.record(1), untrusted=True, expired=True) == "not_yet_valid"
    assert can_supersede(early, OLD.record(1), view_with(at=NOW + 4 * DAY))


def test_what_its_issuer_ended_is_worth_no_less() -> None:
    """One that nobody ever trusted does not take its place."""
    over = until(-2, OLD, 1)
    assert CLIENTS.is_trusted(over) and not can_supersede(replace(NEW, by="itself").record(2), over, CLIENTS)
    assert can_supersede(NEW.record(2), over, CLIENTS)


def test_the_same_certificate_with_a_chain_that_ends_later() -> None:
    """As soon as it is due, and not before: another chain is no reason to import it again."""
    whole, fresh = NEW.record(2), until(60, NEW, 1)
    assert not can_supersede(whole, fresh, CLIENTS)
    for day in (20, 2, -2):
        assert can_supersede(whole, until(day, NEW, 1), CLIENTS), day
        assert not can_supersede(until(day, NEW, 1), whole, CLIENTS)
    assert not is_newer(until(1, NEW, 1), until(2, NEW, 2), CLIENTS)


OF_OPTION = {
    "expired": "expired",
    "names_not_covered": "name_loss",
    "organization_differs": "organization_change",
    "key_type_differs": "key_type_change",
    "untrusted": "untrusted",
    "chain_incomplete": "untrusted",
}
"""What accepts a reason."""


def test_what_accepts_a_reason_is_an_option() -> None:
    assert {reason: f"allow_{name}" for reason, name in OF_OPTION.items()} == ACCEPT_OPTIONS
    of_adoptions = {"key_differs": "key_change"}  # no option: only a rotation requires the same key
    assert {reason: {**OF_OPTION, **of_adoptions}[reason] for reason in OVERRIDABLE} == OVERRIDABLE


@pytest.mark.parametrize("case", [one for one in TABLE if one.values[0].reason])
def test_what_a_user_can_accept(case: Case) -> None:
    """Only by the option for it; nothing accepts what is not valid yet."""
    new, old = pair(case)
    option = OF_OPTION.get(str(case.reason))
    everything = dict.fromkeys(set(OF_OPTION.values()), True)
    assert reason(new, old, **{name: True for name in everything if name != option}) == case.reason
    assert reason(new, old, **everything) == (None if option else case.reason)


@pytest.mark.parametrize(
    ("case", "is_accepted"),
    [
        (NAMES["a wildcard for a name"], True),
        (Case(names("example.com"), names("*.example.com")), False),
        (Case(names("example.com"), names("*.com")), False),
        (Case(names("a.b.example.com"), names("*.example.com")), False),
        (NAMES["a name for a wildcard"], False),
        (NAMES["an address that is lost"], False),
    ],
)
def test_whether_a_wildcard_has_the_names_under_it(case: Case, *, is_accepted: bool) -> None:
    assert reason(*pair(case), wildcards=True) == (None if is_accepted else LOST)


@pytest.mark.parametrize(
    ("old", "new", "by", "expected"),
    [
        *((chain, "whole", "trusted", True) for chain in ("none", "first", "last", "expired", "of another authority")),
        *((chain, "whole", "own", True) for chain in ("none", "first", "of another authority", "expired first")),
        *(("whole", chain, by, False) for chain in ("first", "with the root") for by in ("trusted", "own")),
        ("none", "first", "trusted", True),
        ("none", "last", "trusted", False),
        ("with the root", "whole", "trusted", False),
        ("none", "of another authority", "own", False),
        *((chain, chain, by, False) for chain in ("whole", "none", "first") for by in ("trusted", "own")),
    ],
)
def test_the_same_certificate_with_another_chain(old: str, new: str, by: str, *, expected: bool) -> None:
    """One with a chain that the other one lacks is the better one, however old both are; more of a chain is not, if all is there."""
    records = Made(by=by, chain=new).record(2), Made(by=by, chain=old).record(1)
    assert is_newer(*records, CLIENTS) is expected
    assert can_supersede(*records, CLIENTS) is (expected and reason(*records) is None) is expected
    assert not is_equivalent(*records, CLIENTS)


def test_what_clients_know_of_a_chain_is_not_lacking() -> None:
    knowing = view_with(TRUSTED.root, *TRUSTED.chain)
    whole, bare = NEW.record(2), replace(NEW, chain="none").record(1)
    assert can_supersede(whole, bare, CLIENTS) and not can_supersede(whole, bare, knowing)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(("A",), ("A", "B"), True), (("A", "B"), ("B", "A"), False), (("A",), ("A",), False)],
)
def test_each_organization_counts(ours: tuple[str, ...], theirs: tuple[str, ...], expected: bool) -> None:
    new, old = (replace(NEW.record(), certificate=of_organizations(*found)) for found in (ours, theirs))
    assert (reason(new, old) == "organization_differs") is expected


def of_organizations(*names: str) -> Certificate:
    """A certificate of some organizations."""
    parts = [(NameOID.COMMON_NAME, NAME), *((NameOID.ORGANIZATION_NAME, name) for name in names)]
    subject = x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])
    return Certificate.from_library(signed(subject, TRUSTED.issuer.subject, new_key("rsa"), TRUSTED.key, names=[NAME]))


def test_trust_goes_by_the_roots_that_are_given() -> None:
    """With its root, one's own authority is trusted like any other: what is not, is no match for it; without, it may be one."""
    ours, strange = replace(OLD, by="own").record(1), replace(NEW, by="itself").record(2)
    of_own = replace(NEW, by="own").record(2)
    nobody = TrustView(Anchors, NOW)  # a machine without roots
    for view in (CLIENTS, view_with(OWN.root), nobody):
        assert not can_supersede(strange, ours, view) and can_supersede(of_own, ours, view)
    assert not can_supersede(of_own, OLD.record(1), CLIENTS) and can_supersede(of_own, OLD.record(1), nobody)


def test_roots_are_read_only_if_anything_depends_on_them() -> None:
    def read() -> Any:
        raise AssertionError("they were read")

    view = TrustView(read, NOW)
    for case in (DATES["equal"], DATES["expired"], NAMES["fewer"], ORGANIZATIONS["lost"], KEY_TYPES["RSA for EC"]):
        assert not can_supersede(*pair(case), view)


def test_equally_good_ones() -> None:
    """Of the same age, neither is newer; whether the one could be taken instead of the other is another question."""
    new, old = pair(DATES["equal"])
    assert is_equivalent(new, old, CLIENTS) and is_equivalent(old, new, CLIENTS)
    for case in (ORGANIZATIONS["lost"], NAMES["fewer"], TRUST["signed by itself"]):
        assert not is_equivalent(*pair(DATES["equal"], case), CLIENTS)
    assert not is_equivalent(*pair(), CLIENTS) and not is_equivalent(new, new, CLIENTS)


# The best of several


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ([], []),
        ([NEW], [1]),
        ([OLD, NEW], [2]),
        ([NEW, replace(NEW, names=(NAME, OTHER))], [1, 2]),
        ([OLD, replace(NEW, by="itself")], [1]),
        ([replace(OLD, by="own"), replace(NEW, by="itself")], [1]),
        ([replace(OLD, by="itself"), replace(NEW, by="itself")], [2]),
        ([NEW, NEW], [1]),
        ([replace(NEW, chain="none"), NEW, NEW], [2]),
        ([replace(NEW, by="own", chain="first"), replace(NEW, by="own")], [2]),
        ([OLD, replace(NEW, chain="none")], [1]),
    ],
)
def test_the_best(made: Sequence[Made], expected: list[int]) -> None:
    """A trusted one, then the newest; of one certificate the record with the best chain, then the one that was there first."""
    records = [one.record(number) for number, one in enumerate(made, 1)]
    assert [one.id for one in select_best(records, CLIENTS)] == expected
    assert sorted(one.id for one in select_best(records[::-1], CLIENTS)) == expected


REISSUED = TRUSTED.reissue(not_after=NOW + 10 * DAY)
"""Another certificate for the first issuer, which ends before what is issued here does."""
SOON = NEW.record(intermediateCertificate=pem_of((REISSUED, *TRUSTED.chain[1:])))
OF_COPIES = {
    "more of an incomplete chain": (replace(NEW, by="own", chain="first"), replace(NEW, by="own", chain="none")),
    "a trusted chain": (NEW, replace(NEW, chain="none")),
    "trust counts more than the end": (SOON, replace(NEW, chain="none")),
    "a chain that ends later": (NEW, SOON),
    "a later end counts more than the number of issuers": (
        replace(NEW, by="own", chain="none"),
        NEW.record(
            certificate=replace(NEW, by="own").issued.pem,
            intermediateCertificate=pem_of([OWN.reissue(not_after=NOW + 10 * DAY)]),
        ),
    ),
}
"""The better copy of a certificate, and another one."""


def record_of_copy(copy: Made | StoreCertificate) -> StoreCertificate:
    """The record of a copy that is not stored."""
    return replace(copy.record() if isinstance(copy, Made) else copy, id=None)


@pytest.mark.parametrize("case", OF_COPIES)
def test_the_better_copy(case: str) -> None:
    """Whichever comes first, and whatever its id; among copies of another certificate, each keeps the place of its first copy."""
    better, worse = map(record_of_copy, OF_COPIES[case])
    leaf, other = certificate_of(better), OLD.record(1)
    assert leaf == certificate_of(worse)
    assert rank_copy(leaf, CLIENTS.find_chain(better)) > rank_copy(leaf, CLIENTS.find_chain(worse))
    for copies in ([better, other, worse], [worse, other, better], [replace(worse, id=1), other, better]):
        assert select_best_copies(copies, CLIENTS, lambda record: record) == [better, other]


def test_a_copy_of_which_something_was_revoked_is_worse() -> None:
    revoked, other = (Certificate.from_library(issuer) for issuer in (TRUSTED.chain[0], REISSUED))
    view = CLIENTS.add_revocations({revoked: Revocation("revoked", revoked, NOW - DAY)})
    copies = [NEW.record(None), replace(SOON, id=None)]
    assert select_best_copies(copies, CLIENTS, lambda record: record) == copies[:1]
    assert select_best_copies(copies, view, lambda record: record) == copies[1:] and copies[1].intermediates[0] == other


def test_of_equal_copies_the_first_one_counts() -> None:
    copies = [("file", NEW.record(None)), ("other file", NEW.record(None))]
    assert select_best_copies(copies, CLIENTS, lambda copy: copy[1]) == copies[:1]


# All callers agree

BOTH = {"sslCiphers": [{"id": 1, "name": "ECDHE-ECDSA-AES256-SHA384"}, {"id": 2, "name": "ECDHE-RSA-AES256-SHA384"}]}
"""Cipher suites for keys of each type."""
LIES = st.fixed_dictionaries(
    {},
    optional={
        "commonName": st.sampled_from(["", "Unspecified", OTHER]),
        "organizationName": st.sampled_from(["", "Unspecified", "Example Inc."]),
        "validityBegin": st.just("2001-01-01T00:00:00+00:00"),
        "validityEnd": st.sampled_from(["2001-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"]),
        "keySize": st.sampled_from([0, 256, 2048]),
    },
)
"""What an API may tell of a certificate that is not so."""
RESPECT = {
    "common_name": st.sampled_from([None, NAME, "Example Shop"]),
    "names": st.sampled_from([(), (NAME,), (NAME, OTHER), (OTHER,), ("*.example.com",)]),
    "addresses": st.sampled_from([(), (), ("192.0.2.1",)]),
    "organization": st.sampled_from([None, None, "Example Inc.", "Example Ltd."]),
    "key": st.sampled_from(["rsa", "rsa", "ec"]),
    "days": st.sampled_from([(-350, 15), (-90, -1), (-10, 30), (-10, 60), (-1, 90), (20, 110)]),
    "by": st.sampled_from(["trusted", "trusted", "own", "itself"]),
    "chain": st.sampled_from(["whole", "whole", "none", "first", "with the root", "expired"]),
    "copy": st.sampled_from([0, 1]),
}


@st.composite
def worlds(draw: st.DrawFn, size: int) -> list[StoreCertificate]:
    """So many records, each unlike the one before it in a few respects, of which the API tells this and that."""
    made, found = draw(st.builds(Made, **RESPECT)), []
    for number in range(1, size + 1):
        found.append(made.record(number, **draw(LIES), associatedServiceCount=draw(st.sampled_from([0, 0, 1, None]))))
        changed = draw(st.sets(st.sampled_from(sorted(RESPECT)), max_size=3))
        made = replace(made, **{name: draw(RESPECT[name]) for name in sorted(changed)})
    return draw(st.permutations(found))


def listening(record: StoreCertificate) -> Balancer:
    """A balancer with a listener that has it."""
    listener = {"id": 1, "uuid": "a", "protocol": "HTTPS", "protocolPort": 443, "tlsCertificateId": record.id}
    found = api.normalize(
        {"id": 1, "uuid": "b", "name": "web", "provisioningStatus": "ACTIVE", "listeners": [listener], **BOTH}
    )
    assert found is not None
    return found


def imported(new: StoreCertificate, others: Sequence[StoreCertificate]) -> ImportAction:
    """The plan to import what a record holds into a store of these."""
    content = Content(certificate_of(new), "key", new.intermediates, None, None)
    return plan_present(ImportAction.of(content), StoreIndex(others), CLIENTS, remove_superseded=True)


def test_less_is_known_of_an_order() -> None:
    """It has no record, so what any authority has signed may replace it."""
    ordered = replace(PresentCertificate.of(OLD.record()), record=None)
    for made, expected in ((NEW, None), (replace(NEW, by="own"), None), (replace(NEW, by="itself"), "untrusted")):
        why = find_replacement_obstacle(made.record(2), ordered, CLIENTS)
        assert (why and why.reason) == expected


def test_another_certificate_completes_nothing() -> None:
    """Whether it may stand in is said by its dates, and not by its chain."""
    bare = replace(OLD, chain="none").record(1)
    assert has_better_chain(OLD.record(2), bare, CLIENTS) and not has_better_chain(NEW.record(2), bare, CLIENTS)


@examples(250)
@given(worlds(2))
def test_all_callers_agree(world: list[StoreCertificate]) -> None:
    new, old = world
    verdict, index = can_supersede(new, old, CLIENTS), StoreIndex(world)
    assert index.find_successors(old, CLIENTS) == ([new] if verdict else [])
    assert index.find_superseded(new, CLIENTS) == ([old] if verdict else [])
    (action,) = plan_renewals(world_of(world, listening(old), view=CLIENTS), ListenerSelection())
    assert (action.outcome == "switched", action.target_id) == (verdict, new.id if verdict else old.id)
    if new.certificate != old.certificate:
        listed = imported(new, [old]).superseded
        assert [(one.record.id, one.removed) for one in listed] == (
            [(old.id, old.associated_service_count == 0)] if verdict else []
        )
    assert not (verdict and can_supersede(old, new, CLIENTS))


@examples(150)
@given(worlds(5))
def test_nothing_else_is_ever_chosen(world: list[StoreCertificate]) -> None:
    """A listener gets the best of what may stand in for what it has, and keeps that if there is nothing."""
    index, current = StoreIndex(world), world[0]
    fitting = [one for one in world if can_supersede(one, current, CLIENTS)]
    (action,) = plan_renewals(world_of(world, listening(current), view=CLIENTS), ListenerSelection())
    if action.outcome == "switched":
        chosen = index.by_handle[action.target_id]
        assert chosen in fitting and not any(can_supersede(one, chosen, CLIENTS) for one in fitting)
    elif action.reason == "ambiguous":
        assert len({certificate_of(one) for one in fitting}) > 1
    else:
        assert not fitting
    for one in world:
        assert index.find_superseded(one, CLIENTS) == sorted(
            (other for other in world if can_supersede(one, other, CLIENTS)), key=lambda other: other.id
        )


@examples(250)
@given(worlds(3))
def test_the_better_of_the_better_is_better(world: list[StoreCertificate]) -> None:
    one, other, third = world
    if can_supersede(one, other, CLIENTS) and can_supersede(other, third, CLIENTS):
        assert can_supersede(one, third, CLIENTS)
