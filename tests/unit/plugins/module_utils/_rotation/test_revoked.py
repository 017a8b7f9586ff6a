# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from what was revoked: it disqualifies and alarms, and makes way for nothing that is worse than it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.can_replace import (
    Overrides,
    PresentCertificate,
    can_supersede,
    find_replacement_obstacle,
    has_better_chain,
    select_best,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import (
    RenewalFacts,
    create_served_record,
    find_attention_items,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_clean_up import plan_removal
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerOptions,
    ListenerSelection,
    find_contenders,
    find_named_contenders,
    plan_named,
    plan_renewals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    ImportSelection,
    SourceOptions,
    choose,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import (
    SourceCertificate,
    SourceContents,
    World,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import Revocation
from cryptography import x509

from tests.support.certificates import DAY, NOW, pem_of
from tests.support.rotating import balancer, entry, listener, world_of
from tests.support.stored import NAME, OWN, TRUSTED, Made, view_with

OLD, NEW = Made(days=(-60, 30)), Made(days=(-1, 90), copy=1)


def knowing(
    *revoked: x509.Certificate, good: Sequence[x509.Certificate] = (), view: TrustView | None = None
) -> TrustView:
    """Clients who know that these were revoked yesterday."""
    known = {
        **{made: Revocation("good", made) for made in map(Certificate.from_library, good)},
        **{
            made: Revocation("revoked", made, NOW - DAY, "keyCompromise")
            for made in map(Certificate.from_library, revoked)
        },
    }
    return (view or view_with()).add_revocations(known)


def replaced() -> tuple[x509.Certificate, ...]:
    """The chain of what is issued here with another certificate for the key of the first intermediate one."""
    return (TRUSTED.reissue(not_after=NOW + 999 * DAY), *TRUSTED.chain[1:])


REVOKED = TRUSTED.chain[0]


def test_what_was_revoked_is_worth_nothing_with_all_that_it_issued() -> None:
    for revoked, why in (
        (NEW.issued.certificate, "the certificate was"),
        (REVOKED, "the intermediate certificate Public CA 2 was"),
    ):
        view = knowing(revoked)
        chain = view.find_chain(NEW.record())
        assert (chain.trust, chain.why) == ("untrusted", f"{why} revoked at {format_time(NOW - DAY)} (keyCompromise)")
        assert view.build_signed_chain(certificate_of(NEW.record()), NEW.record().intermediates).trust == "trusted"
        assert not view.is_trusted(NEW.record()) and view_with().is_trusted(NEW.record())
        assert view.find_lifespan(NEW.record()) == view_with().find_lifespan(NEW.record())
    assert knowing(good=[REVOKED]).is_trusted(NEW.record()) and not knowing(good=[REVOKED]).is_revoked(
        Certificate.from_library(REVOKED)
    )
    assert knowing(OWN.chain[0]).is_trusted(NEW.record()), "which has nothing to do with it"


def test_a_replaced_issuer_completes_the_same_certificate() -> None:
    """The one time that the same certificate with as many issuers is better; where nobody was asked, it is not."""
    old, new = NEW.record(1), NEW.record(2, intermediateCertificate=pem_of(replaced()))
    assert not has_better_chain(new, old, view_with())
    view = knowing(REVOKED)
    assert has_better_chain(new, old, view) and can_supersede(new, old, view)
    assert not has_better_chain(old, new, view) and select_best([old, new], view) == [new]
    world = world_of([old, new], balancer("web", p443=1), view=view)
    (action,) = plan_renewals(world, ListenerSelection())
    assert (action.outcome, action.target) == ("switched", new)


def test_a_leaf_that_was_revoked_stands_in_for_nothing() -> None:
    """Whatever a person accepts."""
    view = knowing(NEW.issued.certificate)
    every = Overrides(*[True] * 6)
    for old in (PresentCertificate.of(OLD.record()), None):
        for overrides in (None, every):
            why = find_replacement_obstacle(NEW.record(), old, view, overrides)
            assert why is not None and why.reason == "revoked"
            assert why.facts["revocation"].reason == "keyCompromise"
    world = world_of([OLD.record(1), NEW.record(2)], balancer("web", p443=1), view=view)
    (action,) = plan_renewals(world, ListenerSelection())
    assert (action.outcome, action.reason, action.target_id) == ("skipped", "revoked", 1)


def test_a_revoked_certificate_that_a_user_names_is_refused() -> None:
    """Whatever they accept; so is not the listener that has it already."""
    view = knowing(NEW.issued.certificate)
    world = world_of([OLD.record(1), NEW.record(2)], balancer("web", p443=1, p444=2, p445=None), view=view)
    wanted = [ListenerOptions(2, "web", port) for port in (443, 444, 445)]
    for overrides in (Overrides(), Overrides(*[True] * 6)):
        had, has, none = plan_named(world, wanted, overrides)
        assert [(each.outcome, each.reason) for each in (had, none)] == [("failed", "revoked")] * 2
        assert (had.facts["certificate_id"], had.facts["why"].reason) == (2, "revoked")
        assert has.outcome == "unchanged"


def test_what_has_to_be_known_before_a_listener_is_switched() -> None:
    """All that may come in place of what it has, by names and age, and what it has; of named ones, these and what they replace."""
    older, newer, wider = Made(days=(-90, 1)), Made(days=(-2, 90)), Made(names=(NAME, "api.example.com"))
    unreadable = replace(NEW.record(7), certificate=None)
    stored = [
        *(made.record(number) for number, made in enumerate((OLD, older, newer, wider, OLD), start=1)),
        Made("api.example.com", ("api.example.com",)).record(6),
        unreadable,
        Made(days=(1, 90)).record(8),
    ]
    world = world_of(stored, balancer("web", p443=1, p444=6, p445=7, p446=None))
    at_stake = {
        current.id: [other.id for other in others] for current, others in find_contenders(world, ListenerSelection())
    }
    assert at_stake == {1: [3, 4, 5], 6: [4]}, "certificate 5 is the same, perhaps with another chain"
    assert dict(find_contenders(world, ListenerSelection(ports=[446]))) == {}
    wanted = [
        ListenerOptions(*each)
        for each in ((2, "web", 443), (6, "web", 444), (7, "web", 443), (3, "web", 9), (9, "web", 445))
    ]
    assert [record.id for record in find_named_contenders(world, wanted)] == [2, 1, 1]
    assert list(find_named_contenders(world, [ListenerOptions(None, "web", 443)])) == []


@pytest.mark.parametrize(
    ("revoked", "new", "reason"),
    [
        ("old", NEW, None),
        ("old", replace(NEW, by="own"), "chain_incomplete"),
        ("old", replace(NEW, by="itself"), "untrusted"),
        ("old", replace(NEW, chain="none"), "chain_incomplete"),
        ("issuer", NEW, None),
        ("issuer", replace(NEW, by="itself"), "untrusted"),
    ],
)
def test_what_was_revoked_makes_way_for_what_is_as_good_as_it_was(revoked: str, new: Made, reason: str | None) -> None:
    """For a list of revoked certificates no worse one is put in its place; where all have the same issuer, renewals go on."""
    view = knowing(OLD.issued.certificate if revoked == "old" else REVOKED)
    why = find_replacement_obstacle(new.record(2), PresentCertificate.of(OLD.record(1)), view)
    assert (why and why.reason) == reason


def test_nothing_is_deleted_for_what_was_revoked() -> None:
    """The present one was revoked: what it has replaced may be all that is left."""
    for view, removed in ((view_with(), [1]), (knowing(NEW.issued.certificate), [])):
        world = world_of([OLD.record(1), NEW.record(2)], balancer("web", p443=2), view=view)
        plan = plan_removal(world, [listener(2, NEW.record(2))], [], remove_unverified=False)
        assert [record.id for record in plan.old_records] == removed


# Sources


def chosen(*entries: SourceCertificate, view: TrustView, store: Sequence[Made] = (), **options: Any) -> ImportSelection:
    """What is chosen of sources."""
    index = StoreIndex(made.record(number) for number, made in enumerate(store, start=1))
    return choose(entries, index, SourceOptions(**options), view)


def why_skipped(told: ImportSelection) -> list[tuple[str, str]]:
    """Names and reasons."""
    return [(entry.name, why.reason) for entry, why in told.skipped_entries]


def test_a_revoked_one_of_a_source_is_not_imported() -> None:
    told = chosen(entry(NEW), view=knowing(NEW.issued.certificate), store=[OLD])
    assert why_skipped(told) == [("entry-1", "revoked")] and not told.imports
    assert told.skipped_entries[0][1].facts["revocation"].reason == "keyCompromise"


def test_new_names_are_not_begun_with_a_revoked_issuer() -> None:
    view = knowing(REVOKED)
    told = chosen(entry(NEW), view=view, import_new=True)
    assert why_skipped(told) == [("entry-1", "untrusted")]
    assert told.skipped_entries[0][1].facts["revocation"].reason == "keyCompromise"
    assert chosen(entry(NEW), view=view, import_new=True, is_trust_required=False).imports == [entry(NEW)]
    assert chosen(entry(NEW), view=view, store=[OLD], import_new=True).imports == [entry(NEW)]


# Attention


def told_of(
    view: TrustView, *, sources: Sequence[SourceCertificate] = (), store: Sequence[Made] = (), **changed: Any
) -> list[Mapping[str, Any]]:
    """The facts about a listener that has a certificate which was revoked."""
    records = [NEW.record(1), *(made.record(number) for number, made in enumerate(store, start=2))]
    world: World = replace(world_of(records, view=view), bundles=SourceContents(list(sources)))
    action = listener(1, NEW.record(1), **changed)
    items = find_attention_items(
        [action], RenewalFacts(world, ImportSelection([], [], []), has_sources=False, requests={}, is_importing=True)
    )
    assert all(item.reason == item.why.reason == "revoked" for item in items)
    return [{name: fact for name, fact in item.why.facts.items() if name != "listener"} for item in items]


def test_what_is_served_and_was_revoked_needs_a_person() -> None:
    """With the source that has it."""
    of_leaf, of_issuer = knowing(NEW.issued.certificate), knowing(REVOKED)
    assert told_of(view_with()) == told_of(knowing(good=[NEW.issued.certificate])) == []
    for view, revoked in ((of_leaf, NEW.issued.certificate), (of_issuer, REVOKED)):
        revocation = view.revocations[Certificate.from_library(revoked)]
        assert told_of(view) == [{"revocation": revocation, "entry": None, "before": None}]
    (facts,) = told_of(of_leaf, sources=[entry(OLD, 2), entry(NEW)])
    assert facts["entry"] == entry(NEW)


def test_what_it_has_replaced_is_named_if_that_is_good() -> None:
    """Trusted, and valid."""
    for store, revoked, before in (
        ([OLD], [], 2),
        ([OLD], [OLD.issued.certificate], None),
        ([Made(days=(-90, -1))], [], None),
    ):
        (facts,) = told_of(knowing(NEW.issued.certificate, *revoked), store=store, predecessor_id=2)
        assert facts["before"] == before


def test_a_listener_is_reported_with_what_is_known() -> None:
    for view, status in (
        (knowing(NEW.issued.certificate), "revoked"),
        (knowing(good=[NEW.issued.certificate, REVOKED]), "good"),
    ):
        told = create_served_record(listener(1, NEW.record(1)), world_of([NEW.record(1)], view=view))["revocation"]
        assert told["status"] == status and told["certificate"] == (NAME if status == "revoked" else None)
    assert create_served_record(listener(1, NEW.record(1)), world_of([NEW.record(1)]))["revocation"] is None
