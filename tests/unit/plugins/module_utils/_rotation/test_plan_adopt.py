# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first certificate of a name: which one of a source, on which listeners, and what is lost by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.can_replace import (
    Overrides,
    PresentCertificate,
    find_losses,
    find_replacement_obstacle,
    required_overrides,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_adopt import (
    Adoption,
    choose_adoption,
    plan_adoption,
    rate_fitness,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import ListenerAction
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    SourceOptions,
    choose_by_name,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import (
    SourceCertificate,
    SourceContents,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.load_balancers import Balancer, Listener
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate

from tests.support.failing import fails
from tests.support.rotating import balancer, entry, world_of
from tests.support.stored import NAME, Made, view_with

CLIENTS = view_with()
LTD = Made(organization="Example Ltd", days=(-200, 165))
DUE, NEW = Made(days=(-80, 10)), Made(days=(-1, 89))
ECDSA = ("ECDHE-ECDSA-AES256-GCM-SHA384",)
ANY = (*ECDSA, "ECDHE-RSA-AES256-GCM-SHA384")


# What is lost, and what has to be accepted for it


def test_another_key_is_a_loss_where_clients_pin_it() -> None:
    """An adoption accepts it, and says so."""
    pinned = TrustView(CLIENTS.anchors, CLIENTS.at, pins_keys=True)
    before, after = replace(DUE, key="ec").record(1), replace(NEW, key="other ec").record(2)
    assert find_losses(after, before, pinned) == [Obstacle("key", {})] and find_losses(after, before, CLIENTS) == []
    accepted = Overrides(wildcards=True, key_change=True)
    assert required_overrides(after, PresentCertificate.of(before), pinned) == accepted
    assert find_replacement_obstacle(after, PresentCertificate.of(before), pinned, accepted) is None


LOST, NO_LTD = {"names": ["a.example", "b.example"]}, {"organizations": frozenset({"Example Ltd"})}


@pytest.mark.parametrize(
    ("old", "new", "lost", "accepted"),
    [
        (DUE, NEW, {}, set()),
        (replace(DUE, names=(NAME, "b.example", "a.example")), NEW, {"names": LOST}, {"name_loss"}),
        (Made(days=(-80, 90)), NEW, {"time": {"days": 1}}, set()),
        (Made(days=(-80, 89.9)), NEW, {}, set()),
        (replace(DUE, names=(NAME, "a.example.com")), replace(NEW, names=(NAME, "*.example.com")), {}, set()),
        (DUE, replace(NEW, organization="Example Ltd"), {}, {"organization_change"}),
        (
            replace(LTD, names=(NAME, "b.example", "a.example")),
            replace(NEW, key="ec"),
            {"names": LOST, "organization": NO_LTD, "key_type": {"new": "EC", "present": "RSA"}, "time": {"days": 76}},
            {"name_loss", "organization_change", "key_type_change"},
        ),
        (DUE, replace(NEW, by="own"), {"trust": {}}, set()),
        (replace(LTD, days=(-200, 89)), NEW, {"organization": NO_LTD}, {"organization_change"}),
    ],
)
def test_what_is_lost_and_accepted(old: Made, new: Made, lost: dict[str, dict[str, Any]], accepted: set[str]) -> None:
    """No more is accepted than what the difference needs, and never that clients would not trust it."""
    before, after = old.record(1), new.record(2)
    assert [(each.reason, each.facts) for each in find_losses(after, before, CLIENTS)] == list(lost.items())
    assert required_overrides(after, PresentCertificate.of(before), CLIENTS) == Overrides(
        wildcards=True, **dict.fromkeys(accepted, True)
    )


# Which certificate


def chosen(*entries: SourceCertificate, name: str = NAME, is_trust_required: bool = True, **how: Any) -> str:
    """The name of the entry that is taken, or why none is."""
    found = choose_by_name(entries, name, SourceOptions(is_trust_required=is_trust_required), CLIENTS, **how)
    return found.name if isinstance(found, SourceCertificate) else found.reason


def test_the_only_one_is_taken_by_any_of_its_names_whatever_is_checked_otherwise() -> None:
    assert choose_by_name([entry(NEW)], NAME, SourceOptions(["mail.*"], import_new=False), CLIENTS) == entry(NEW)
    only = entry(replace(NEW, names=(NAME, "*.example.org")))
    assert chosen(only, entry(Made("other.example", ("other.example",)), 2)) == "entry-1"
    assert chosen(only, name="WWW.example.com.") == chosen(only, name="*.example.org") == "entry-1"


def test_a_name_that_is_not_there_is_reported_with_those_that_are() -> None:
    there = [entry(replace(NEW, names=(NAME, "a.example")))]
    found = choose_by_name(there, "ww.example.com", SourceOptions(), CLIENTS)
    assert found == Obstacle("not_found", {"names": [NAME, "a.example"]}), "the most alike first"
    assert chosen(entry(replace(NEW, names=("*.example.com",), common_name=None))) == "not_found"  # nor is it a guess
    assert chosen() == "not_found"


@pytest.mark.parametrize(
    "other",
    [
        replace(NEW, copy=1),
        replace(NEW, key="ec"),
        replace(NEW, organization="Example Ltd"),
        replace(NEW, names=(NAME, "a.example"), days=(-2, 88)),
    ],
)
def test_several_of_which_none_may_stand_in_for_the_others_are_refused(other: Made) -> None:
    several = [entry(NEW), entry(other, 2)]
    assert choose_by_name(several, NAME, SourceOptions(), CLIENTS) == Obstacle("ambiguous", {"rivals": several})


RSA, EC = entry(NEW), entry(replace(NEW, key="ec", days=(-0.5, 89)), 2)


@pytest.mark.parametrize(
    ("suites", "present", "taken"),
    [
        ((), "rsa", "entry-1"),
        ((), None, "entry-1"),
        (ECDSA, "rsa", "entry-2"),
        (ANY, "rsa", "entry-1"),
        (ANY, "ec", "entry-2"),
        (ANY, None, "ambiguous"),
        (ANY, "unreadable", "ambiguous"),
    ],
)
def test_of_two_kinds_of_keys_that_which_the_listener_offers_or_has_is_taken(
    suites: Sequence[str], present: str | None, taken: str
) -> None:
    """Certificates of one name with both are often kept side by side."""
    web = replace(balancer("web", p443=1 if present else None), ciphers=suites)
    record = Made(days=(-80, 10), key="ec" if present == "ec" else "rsa").record(1)
    world = world_of([replace(record, certificate=None) if present == "unreadable" else record], web)
    fit = partial(rate_fitness, world, Adoption(NAME, ["web:443"]))
    assert chosen(EC, RSA, fitness=fit) == taken


@pytest.mark.parametrize(
    ("only", "reason"),
    [
        (replace(NEW, days=(-90, -1)), "expired"),
        (replace(NEW, days=(1, 90)), "not_yet_valid"),
        (replace(NEW, by="own"), "chain_incomplete"),
        (replace(NEW, by="itself"), "untrusted"),
    ],
)
def test_what_cannot_be_used_is_reported_with_the_reason(only: Made, reason: str) -> None:
    assert chosen(entry(only)) == reason
    old = replace(only, days=(-95, -2))
    found = choose_by_name([entry(only), entry(old, 2)], NAME, SourceOptions(), CLIENTS)
    assert isinstance(found, Obstacle) and found.facts["why"].reason == reason
    assert found.facts["entry"].name == "entry-1", "of several the newest"
    is_for_others = reason in {"chain_incomplete", "untrusted"}
    assert chosen(entry(only), is_trust_required=False) == ("entry-1" if is_for_others else reason)


# Where


def planned(
    new: SourceCertificate, *balancers: Balancer, old: Made | StoreCertificate = LTD, where: Any = None, **also: Any
) -> dict[str, ListenerAction]:
    """What is planned for each listener, once the certificate is stored as 2; the one that they have is 1."""
    before = old if isinstance(old, StoreCertificate) else old.record(1)
    world = world_of([before, replace(new.record, id=2), *also.get("stored", ())], *balancers)
    adoption = Adoption(NAME, where, also.get("load_balancers"))
    return {action.name: action for action in plan_adoption(world, adoption, new)}


def outcomes(actions: dict[str, ListenerAction]) -> dict[str, tuple[str, str | None, int | None]]:
    return {name: (action.outcome, action.reason, action.final_handle) for name, action in actions.items()}


def test_all_that_serve_one_of_its_names_get_it_unless_others_are_named() -> None:
    web, api = balancer("web", p443=1, p8443=None), balancer("api", p443=3, p8443=4)
    unreadable = replace(LTD.record(4), certificate=None)
    others = {"stored": [Made("api.example", ("api.example",), days=(-200, 165), by="own").record(3), unreadable]}
    assert outcomes(planned(entry(NEW), web, api, **others)) == {"web:443": ("switched", None, 2)}
    named = planned(entry(NEW), web, api, where=["web:8443", f"{api.uuid.upper()}:443"], **others)
    assert outcomes(named) == {"api:443": ("switched", None, 2), "web:8443": ("switched", None, 2)}
    assert named["api:443"].previous_id == 3 and named["web:8443"].previous_id is None


def test_a_run_for_some_load_balancers_leaves_the_others() -> None:
    both = balancer("web", p443=1), balancer("api", p443=1)
    assert planned(entry(NEW), *both, load_balancers=["w*", "x"]).keys() == {"web:443"}
    with fails("not_found", "Listener api:443 does not exist, ", " Available listeners: web:443"):
        planned(entry(NEW), *both, where=["api:443"], load_balancers=["web"])


@pytest.mark.parametrize("where", ["web", "web:9", "plain"])
def test_only_listeners_that_can_have_a_certificate_are_proposed(where: str) -> None:
    plain = replace(balancer("plain"), listeners=(Listener("plain-80", "HTTP", 80, None),))
    web = balancer("web", p443=1)
    with fails("not_found", "Available listeners: web:443."):
        planned(entry(NEW), replace(web, listeners=(*web.listeners, *plain.listeners)), plain, where=[where])


def test_what_was_not_stored_leaves_listeners_as_they_are() -> None:
    [action] = plan_adoption(world_of([LTD.record(1)], balancer("web", p443=1)), Adoption(NAME), entry(NEW))
    assert (action.outcome, action.facts) == ("unchanged", {"kept": "not_stored"})


def test_a_second_time_nothing_is_left_to_do() -> None:
    actions = planned(entry(NEW), balancer("web", p443=2))
    assert outcomes(actions) == {"web:443": ("unchanged", None, 2)} and actions["web:443"].facts == {"kept": "same"}


def test_what_may_stand_in_for_it_stays_and_is_put_there() -> None:
    later = replace(NEW, days=(-0.5, 90), copy=1).record(3)
    actions = planned(entry(NEW), balancer("web", p443=3, p8443=1), stored=[later])
    assert outcomes(actions) == {"web:443": ("unchanged", None, 3), "web:8443": ("switched", None, 3)}
    assert actions["web:443"].facts == {"kept": "newer", "certificate_id": 3}


def test_several_that_are_as_good_are_not_chosen_from() -> None:
    equals = [replace(NEW, days=(-0.5, 90), copy=copy).record(2 + copy) for copy in (1, 2)]
    ended = replace(LTD, days=(-400, -5))
    for old in LTD, ended:
        actions = planned(entry(NEW), balancer("web", p443=1), old=old, stored=equals)
        assert outcomes(actions) == {"web:443": ("failed", "ambiguous", 1)}


def test_names_are_lost_only_where_a_person_says_so() -> None:
    """Those that a wildcard has are not lost."""
    star = entry(replace(NEW, names=(NAME, "example.com", "*.example.com")))
    two = replace(LTD, names=(NAME, "api.example.com", "a.example"))
    web = balancer("web", p443=1)
    silent = planned(star, web, old=two)
    assert outcomes(silent) == {"web:443": ("failed", "names_not_covered", 1)}
    assert silent["web:443"].facts == {"lost": ["a.example"], "is_named": False}
    assert outcomes(planned(star, web, old=two, where=["web:443"])) == {"web:443": ("switched", None, 2)}


def test_a_listener_that_would_lose_all_its_names_is_not_the_one_that_is_expected() -> None:
    other = replace(LTD, names=("a.example", "b.example"), common_name="a.example")
    web = balancer("web", p443=1)
    action = planned(entry(NEW), web, old=other, where=["web:443"])["web:443"]
    facts = {"lost": ["a.example", "b.example"], "listener": "web:443"}
    assert (action.reason, action.facts) == ("names_not_covered", facts)
    expired = replace(other, days=(-400, -5))
    assert planned(entry(NEW), web, old=expired, where=["web:443"])["web:443"].outcome == "switched", "nobody takes it"
    nameless = replace(LTD, names=(), common_name=None)
    assert planned(entry(NEW), web, old=nameless, where=["web:443"])["web:443"].outcome == "switched"


@pytest.mark.parametrize(
    ("new", "ciphers", "reason"),
    [
        (replace(NEW, key="ec"), (), "key_type_not_offered"),
        (replace(NEW, key="ec"), ANY, None),
        (NEW, ECDSA, "key_type_not_offered"),
        (replace(NEW, by="own"), (), "chain_incomplete"),
    ],
)
def test_what_no_client_would_take_is_refused_by_whoever_names_it(
    new: Made, ciphers: tuple[str, ...], reason: str | None
) -> None:
    action = planned(entry(new), balancer("web", ciphers, p443=1), where=["web:443"])["web:443"]
    assert (action.reason, action.final_handle) == (reason, 1 if reason else 2)
    rsa = {"source": "certbot", "name": "entry-1", "names": [NAME]}
    if reason:
        needs_rsa = reason == "key_type_not_offered" and new.key == "ec"
        assert action.facts == {"why": action.facts["why"], **(rsa if needs_rsa else {})}
        assert action.facts["why"].reason == reason


def test_a_listener_of_which_nothing_is_known_stays_as_it_is() -> None:
    unreadable = replace(LTD.record(1), certificate=None)
    for web, old in ((balancer("web", p443=9), LTD), (balancer("web", p443=1), unreadable)):
        assert outcomes(planned(entry(NEW), web, old=old, where=["web:443"]))["web:443"][:2] == ("failed", "not_found")


def test_what_has_ended_and_what_is_not_for_https() -> None:
    web = balancer("web", p443=1)
    gone = replace(web, provisioning_status="ERROR")
    assert planned(entry(NEW), gone)["web:443"].reason == "balancer_error"
    plain = replace(web, listeners=(Listener("web-80", "HTTP", 80, None),))
    refused = planned(entry(NEW), plain, where=["web:80"])["web:80"]
    assert (refused.reason, refused.facts) == ("not_https", {"listener": "web:80", "protocol": "HTTP"})


@pytest.mark.parametrize(
    ("where", "code", "said"),
    [
        (
            "web",
            "not_found",
            "web is a load balancer. Specify listeners with their ports. Available listeners: web:443.",
        ),
        (
            "web,twin",
            "not_found",
            "web, twin are load balancers. Specify listeners with their ports. Available listeners: twin:443, web:443.",
        ),
        (
            "web:443,web:444,web,no:1",
            "not_found",
            "Listener web:444, no:1 does not exist, or the API user cannot access its load balancer. web is a load balancer. Specify listeners "
            "with their ports. Available listeners: twin:443, web:443.",
        ),
        ("twin:443", "ambiguous", "Several listeners are named twin:443. Specify the listener by UUID and port "),
    ],
)
def test_a_listener_that_is_not_there_is_reported_with_those_that_are(where: str, code: str, said: str) -> None:
    twins = [balancer("twin", p443=1), replace(balancer("twin", p443=1), uuid="another", id=8)]
    with fails(code, said):
        planned(entry(NEW), balancer("web", p443=1), *twins, where=where.split(","))


def test_no_listener_that_serves_its_names_is_reported_with_those_that_there_are() -> None:
    other = Made("api.example", ("api.example",), days=(-200, 165))
    api, plain = balancer("api", p443=1), Listener("api-80", "HTTP", 80, None)
    with fails("not_found", "No listener serves www.example.com. ", "listener=api:443."):
        planned(entry(NEW), replace(api, listeners=(plain, *api.listeners)), old=other)


# What is imported for it


def imported(
    *entries: SourceCertificate, stored: Sequence[StoreCertificate] = (), state: str = "ACTIVE", **how: Any
) -> list[SourceCertificate]:
    """What is imported for the listener web:443, whose balancer is in a state, and for another one."""
    web = replace(balancer("web", p443=1), provisioning_status=state)
    world = world_of([LTD.record(1), *stored], web, *how.get("balancers", ()))
    options = SourceOptions(["others.*"], import_new=True)
    sources = replace(world, bundles=SourceContents(list(entries)))
    return [*choose_adoption(sources, Adoption(NAME), options, how.get("patterns")).imports]


def test_only_what_is_adopted_is_imported() -> None:
    others = entry(Made("other.example", ("other.example",)), 2), entry(replace(NEW, days=(-30, 60)), 3)
    assert imported(entry(NEW), *others) == imported(entry(NEW), patterns=["www.*"]) == [entry(NEW)]
    for patterns, shown in ((["other.*"], "other.*"), ([], "nothing")):
        with fails("invalid_argument", f"Cannot adopt www.example.com: common_names limits the run to {shown}. Add"):
            imported(entry(NEW), *others, patterns=patterns)
    with fails("not_found", "does not contain a readable certificate for www.example.com"):
        imported(*others[:1])


def test_nothing_is_imported_that_no_listener_can_get() -> None:
    """What one of them can get is imported."""
    with fails("balancer_error", "web:443: "):
        imported(entry(NEW), state="ERROR")
    assert imported(entry(NEW), state="ERROR", balancers=[balancer("api", p443=1)]) == [entry(NEW)]


def test_what_the_store_has_is_not_imported_again() -> None:
    assert imported(entry(NEW), stored=[NEW.record(2)]) == []
    with fails("ambiguous", "certificate 2 in the certificate store is equally new"):
        imported(entry(NEW), stored=[replace(NEW, copy=1).record(2)])
