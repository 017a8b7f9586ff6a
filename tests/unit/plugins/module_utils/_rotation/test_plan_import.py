# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of the sources a rotation imports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.can_replace import can_supersede
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    ImportSelection,
    SourceOptions,
    choose,
    drop_replaced,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import SourceCertificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import KeyRef
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import DAY, NOW
from tests.support.rotating import entry
from tests.support.stored import NAME, Made, view_with

OLD = Made(days=(-80, 10))
NEW = Made()
TWIN = Made(copy=1)
NEWER = Made(days=(-0.5, 91))
OTHER = "api.example.com"
BOTH = (NAME, OTHER)
APEX = ("example.com", NAME)
BARE, STARS = replace(NEW, chain="none"), replace(NEW, names=("example.com", "*.example.com"))
LTD = "Example Ltd"
CLIENTS = view_with()


def index_of(*store: Made) -> StoreIndex:
    """The store, with ids from 1 on."""
    return StoreIndex(made.record(number) for number, made in enumerate(store, start=1))


def chosen_of(
    store: Sequence[Made], sources: Sequence[Made | SourceCertificate], wish: SourceOptions | None = None
) -> tuple[list[SourceCertificate], ImportSelection]:
    """What was decided about sources, which are numbered from 1 on; also what these were."""
    entries = [one if isinstance(one, SourceCertificate) else entry(one, n) for n, one in enumerate(sources, start=1)]
    return entries, choose(entries, index_of(*store), wish or SourceOptions(), CLIENTS)


def reasons(
    store: Sequence[Made], sources: Sequence[Made | SourceCertificate], wish: SourceOptions | None = None
) -> Any:
    """Why each source is not imported, `None` for one that is; those that are not told of are missing."""
    entries, chosen = chosen_of(store, sources, wish)
    told = {one.name: why.reason for one, why in chosen.skipped_entries} | {one.name: None for one in chosen.imports}
    assert len(told) == len(chosen.skipped_entries) + len(chosen.imports), "told once"
    return [told.get(one.name, "not told of") for one in entries]


def why_not(store: Sequence[Made], *sources: Made | SourceCertificate, **how: Any) -> Any:
    """Why the first source is not imported."""
    entries = [one if isinstance(one, SourceCertificate) else entry(one, n) for n, one in enumerate(sources, start=1)]
    found = choose(entries, index_of(*store), SourceOptions(), CLIENTS, **how)
    (why,) = (why for one, why in found.skipped_entries if one.name == entries[0].name)
    return why


CASES: dict[str, tuple[list[Made], list[Made], list[str | None]]] = {
    "it renews one of the store": ([OLD], [NEW], [None]),
    "of several, the newest": ([OLD], [NEW, NEWER, Made(days=(-2, 89))], ["superseded", None, "superseded"]),
    "the store has it": ([NEW], [NEW], ["already_imported"]),
    "the store has a newer one": ([NEWER], [NEW], ["superseded"]),
    "what the store has is an authority's younger twin": ([OLD, TWIN], [NEW], ["ambiguous"]),
    "it completes what is served, and another one is as new": ([BARE, TWIN], [NEW], [None]),
    "it completes what is served, and the source has another one that is as new": (
        [BARE],
        [NEW, TWIN],
        [None, "ambiguous"],
    ),
    "expired": ([OLD], [Made(days=(-90, -0.01))], ["expired"]),
    "valid to this second": ([Made(days=(-80, -1))], [Made(days=(-1, 0))], [None]),
    "it ends sooner, and is due": ([OLD], [Made(days=(-5, 1))], ["expires_earlier"]),
    "it ends sooner, and is not due": ([Made(days=(-80, 50))], [Made(days=(-1, 44))], [None]),
    "the store has a newer one with another type of key": ([replace(NEWER, key="ec")], [NEW], ["new_name"]),
    "the newest in the store has expired": ([Made(days=(-1, -0.01))], [Made(days=(-2, 89))], ["ambiguous"]),
    "it begins earlier, and ends later": ([OLD], [Made(days=(-81, 90))], ["ambiguous"]),
    "it begins earlier, and ends later, than one that is not due": ([NEW], [Made(days=(-2, 95))], ["superseded"]),
    # What may not stand in hides nothing
    "not valid yet, in the source": ([OLD], [Made(days=(5, 95)), NEW], ["not_yet_valid", None]),
    "not valid yet, in the store": ([OLD, Made(days=(5, 95))], [NEW], [None]),
    "another organization, in the source": (
        [replace(OLD, organization=LTD)],
        [replace(NEW, organization=LTD), NEWER],
        [None, "organization_differs"],
    ),
    # Names
    "it lost a name": ([replace(OLD, names=BOTH)], [NEW], ["names_not_covered"]),
    "the source has one for more names": ([OLD], [NEW, replace(NEWER, names=BOTH)], ["superseded", None]),
    "for more names, but older": ([OLD, replace(OLD, names=BOTH)], [NEWER, replace(NEW, names=BOTH)], [None, None]),
    "for other names": ([OLD], [Made(OTHER, (OTHER,))], ["new_name"]),
    "the store is empty": ([], [NEW], ["new_name"]),
    "for no name": ([OLD], [Made(None, ())], ["new_name"]),
    # Equal age
    "equally new in the sources": ([OLD], [NEW, TWIN], ["ambiguous"] * 2),
    "equally new, for more names": ([OLD], [NEW, replace(NEW, names=BOTH)], ["superseded", None]),
    "equally new, for more names, and one that is newer": (
        [OLD],
        [NEW, replace(NEW, names=BOTH), NEWER],
        ["superseded", None, None],
    ),
    # The same certificate with a chain that the store lacks
    "the store lacks its chain": ([BARE], [NEW], [None]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_imported(case: str) -> None:
    store, sources, expected = CASES[case]
    assert reasons(store, sources) == expected


def test_without_trust_being_asked_for() -> None:
    """A trusted one is taken all the same; an untrusted one never replaces it, but renews what is not trusted either."""
    lenient = SourceOptions(is_trust_required=False)
    staging = replace(NEWER, by="own")
    assert reasons([OLD], [NEW, staging], lenient) == [None, "chain_incomplete"]
    assert reasons([replace(OLD, by="own")], [staging], lenient) == [None]
    assert reasons([replace(OLD, by="own")], [staging]) == ["chain_incomplete"]
    assert reasons([replace(OLD, by="own")], [NEW, staging], lenient) == [None, None], (
        "neither may stand in for the other"
    )


def test_what_can_be_used_later() -> None:
    """Not valid yet, and trusted then, unless trust does not matter: the chain is judged for when it is."""
    later = Made(days=(5, 95))
    sources = [later, replace(later, by="own"), replace(later, chain="none"), NEW, Made(days=(-9, -1))]
    entries, chosen = chosen_of([OLD], sources)
    assert chosen.future_entries == entries[:1]
    entries, chosen = chosen_of([OLD], sources, SourceOptions(is_trust_required=False))
    assert chosen.future_entries == entries[:2], "the third is another copy of the first"
    assert not chosen_of([OLD], [Made(days=(0, 90))])[1].future_entries, "that instant belongs to its life"


# Of one certificate in several sources


@pytest.mark.parametrize("first", ["none", "first"])
def test_the_most_complete_copy_counts(first: str) -> None:
    """Whichever comes first; it is told of once."""
    lacking, whole = entry(replace(NEW, chain=first), 1, "folder"), entry(NEW, 2)
    for copies in ([lacking, whole], [whole, lacking]):
        _entries, chosen = chosen_of([OLD], copies)
        assert (chosen.imports, chosen.skipped_entries, chosen.usable_entries) == ([whole], [], [whole])


# Why not, with what a person needs to know for it


def test_what_is_taken_instead() -> None:
    """Of the store or of the sources: what is better, or as good; of several, the newest."""
    for store, sources, reason, facts in (
        ([OLD, NEW], [NEW], "already_imported", {"certificate_id": 2}),
        ([OLD, NEWER, Made(days=(-0.7, 91))], [NEW], "superseded", {"stored": NEWER.record(2)}),
        ([OLD], [NEW, NEWER], "superseded", {"other": entry(NEWER, 2)}),
        ([OLD], [NEW, replace(NEWER, names=BOTH)], "superseded", {"other": entry(replace(NEWER, names=BOTH), 2)}),
        ([OLD], [NEW, TWIN], "ambiguous", {"other": entry(TWIN, 2)}),
        ([OLD, TWIN], [NEW], "ambiguous", {"stored": TWIN.record(2)}),
    ):
        assert why_not(store, *sources) == Obstacle(reason, facts)


def test_the_folder_that_adopt_takes() -> None:
    """Traefik's is a file; what is in neither is looked for among the sources."""
    folders = {"folder": "/folder/1", "traefik": "/traefik/1/cert.pem", "mail": None, "secrets_manager": None}
    assert {source: entry(NEW, source=source).directory for source in folders} == folders


def test_what_is_in_no_file_is_found_by_its_name() -> None:
    found = entry(NEW)
    nowhere = replace(found, key=KeyRef("ab"))
    assert (found.location, nowhere.location) == (found.path, found.name)


@pytest.mark.parametrize(
    ("store", "source", "reason", "obstacles"),
    [
        (OLD, replace(NEW, key="ec"), "key_type_differs", ["key_type_differs"]),
        (replace(OLD, names=BOTH), NEW, "names_not_covered", ["names_not_covered"]),
        (replace(OLD, names=APEX), STARS, "names_not_covered", []),
        (replace(OLD, names=(*APEX, "a.b.example.com")), STARS, "names_not_covered", ["names_not_covered"]),
        (replace(OLD, names=APEX, organization=LTD), STARS, "names_not_covered", ["organization_differs"]),
        (
            replace(OLD, names=BOTH, organization=LTD),
            NEW,
            "names_not_covered",
            ["names_not_covered", "organization_differs"],
        ),
        (replace(OLD, organization=LTD), NEW, "organization_differs", ["organization_differs"]),
    ],
)
def test_what_renews_nothing_says_why(store: Made, source: Made, reason: str, obstacles: list[str]) -> None:
    """With all that would have to be accepted, and the listeners that would lose by it."""
    listeners = {1: ["web:443", "web:8443"], 2: ["api:443"]}
    why = why_not([store], source, listeners_by_certificate=listeners)
    assert (why.reason, why.facts["why"].reason) == (reason, reason)
    assert [one.reason for one in why.facts["obstacles"]] == obstacles
    assert (why.facts["nearest"].id, why.facts["listeners"]) == (1, ["web:443", "web:8443"])
    assert why_not([store], source).facts["listeners"] == ()


def test_of_several_that_it_does_not_renew_the_one_with_the_fewest_names_that_it_lacks() -> None:
    names = (NAME, OTHER, "shop.example.com", "mail.example.com")
    store = [replace(OLD, names=names[:count]) for count in (4, 2, 3)]
    assert why_not(store, NEW).facts["nearest"].id == 2


def test_of_several_that_it_does_not_renew_the_newest() -> None:
    """The company's certificate was replaced long ago, and what is served now is no other one's."""
    store = [replace(OLD, organization=LTD), replace(OLD, days=(-10, 80))]
    for number, those in ((2, store), (1, store[::-1])):
        assert why_not(those, replace(NEW, key="ec")).facts["nearest"].id == number


def test_a_certificate_that_is_skipped_is_reported_without_its_text() -> None:
    """It is long, and in the way of who reads the result; where its key is is nobody's business."""
    _entries, chosen = chosen_of([], [NEW])
    (told,) = chosen.skipped_records
    assert (told["source"], told["name"], told["path"]) == ("certbot", "entry-1", "/certbot/1/cert.pem")
    assert (told["outcome"], told["fingerprint_sha256"]) == ("skipped", NEW.issued.fingerprint) and told["message"]
    assert not [name for name, value in told.items() if "privkey" in str(value) or "BEGIN" in str(value)]
    assert "privkey" not in repr(chosen)


def test_what_begins_earlier_and_ends_later_than_what_the_store_holds() -> None:
    """It is not new, and `import_new` would import it without ever having it served."""
    early, index = Made(days=(-81, 90)), [Made(days=(-79, 9)), OLD, Made(days=(-70, 8))]
    facts = {"later": index[2].record(3), "names": frozenset({NAME}), "listeners": ["web:443"]}
    assert why_not(index, early, listeners_by_certificate={3: ["web:443"]}) == Obstacle("ambiguous", facts)
    assert why_not([replace(OLD, names=BOTH)], early).reason == "new_name"


# What is asked for


def test_new_names_on_request() -> None:
    """What is the newest, that is; nothing that is there already, is worse, or cannot be used."""
    wish = SourceOptions(import_new=True)
    assert reasons([], [NEW], wish) == [None]
    assert reasons([replace(OLD, names=BOTH)], [NEW], wish) == [None]
    assert reasons([OLD], [replace(NEW, key="ec"), replace(NEW, organization=LTD)], wish) == [None, None]
    assert reasons([NEW], [NEW], wish) == ["already_imported"]
    assert reasons([], [NEW, NEWER, Made(days=(-9, -1))], wish) == ["superseded", None, "expired"]
    assert reasons([], [NEW, replace(NEW, copy=1)], wish) == ["ambiguous", "ambiguous"]


def test_patterns_narrow_what_is_checked() -> None:
    """Anything else is not told of; an empty list selects nothing."""
    entries = [NEW, Made(OTHER, (OTHER, "shop.example.com"))]
    narrow = SourceOptions(["API.*"], import_new=True)
    assert reasons([], entries, narrow) == ["not told of", None]
    assert chosen_of([], entries, SourceOptions([], import_new=True))[1] == ImportSelection([], [], [], [])
    hidden = [NEW, replace(NEWER, names=BOTH)]
    assert reasons([OLD], hidden, SourceOptions(["www.*"])) == ["superseded", None], "by any of its names"


# Whatever there is


MADE = st.builds(
    Made,
    names=st.sampled_from([(NAME,), (OTHER,), BOTH]),
    common_name=st.none(),
    organization=st.sampled_from([None, None, LTD]),
    key=st.sampled_from(["rsa", "rsa", "ec"]),
    days=st.sampled_from([(-80, 10), (-1, 90), (-0.5, 91), (5, 95), (-90, -1)]),
    by=st.sampled_from(["trusted", "trusted", "own", "itself"]),
    chain=st.sampled_from(["whole", "whole", "none", "first"]),
    copy=st.integers(0, 1),
)


@given(st.lists(MADE, max_size=4), st.lists(MADE, max_size=5), st.booleans())
def test_whatever_could_be_renewed_is_renewed(store: list[Made], sources: list[Made], is_trust_required: bool) -> None:
    """By what is imported, or the store holds what renews it, unless there is nothing to choose by: nothing hides a renewal."""
    entries, chosen = chosen_of(store, sources, SourceOptions(is_trust_required=is_trust_required))
    index = index_of(*store)
    unclear = {one.certificate for one, why in chosen.skipped_entries if why.reason == "ambiguous"}
    for record in index:
        renewing = [one for one in chosen.usable_entries if can_supersede(one.record, record, CLIENTS)]
        renewed = [one for one in chosen.imports if can_supersede(one.record, record, CLIENTS)]
        is_unclear = any(one.certificate in unclear for one in renewing)
        assert not renewing or renewed or is_unclear or index.find_successors(record, CLIENTS)
    for one in chosen.imports:
        assert index.find_superseded(one.record, CLIENTS), "it renews something"
        assert not [
            other for other in index.find_successors(one.record, CLIENTS) if other.certificate != one.certificate
        ]
    told = [one["fingerprint_sha256"] for one in chosen.skipped_records]
    told += [one.certificate.fingerprint_sha256 for one in chosen.imports]
    assert sorted(told) == sorted({one.certificate.fingerprint_sha256 for one in entries}), "each is told of once"


# What cannot be used


def useless(source: str = "mail", reason: str = "expired", **changed: Any) -> dict[str, Any]:
    """What a source has and cannot be used."""
    begin, end = format_time(NOW - 90 * DAY), format_time(NOW - DAY)
    about = {"common_name": None, "subject_alt_names": [NAME], "not_before": begin, "not_after": end}
    return {"source": source, "name": "www", "path": "/www.key", **about, "reason": reason, **changed}


@pytest.mark.parametrize(
    ("record", "store", "is_told"),
    [
        (useless(), [NEW], False),
        (useless(), [replace(NEW, names=BOTH)], False),
        (useless(), [], True),
        (useless(), [Made(OTHER, (OTHER,))], True),
        (useless(subject_alt_names=[*BOTH]), [NEW], True),
        (useless(), [Made(days=(-80, -1))], True),
        (useless(), [Made(days=(5, 95))], True),
        (useless(), [Made(days=(-91, 95))], True),
        (useless(not_before=None), [NEW], True),
        (useless("lego"), [NEW], True),
        (useless(reason="untrusted"), [NEW], True),
    ],
)
def test_an_expired_certificate_of_an_email_that_was_renewed_long_ago(
    record: dict[str, Any], store: list[Made], is_told: bool
) -> None:
    """Emails are kept; if the store has a newer valid one for all names, there is nothing to say about the old one."""
    assert drop_replaced([record], index_of(*store), CLIENTS) == ([record] if is_told else [])
