# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs a person after a rotation, with the remedy; and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import AttentionReason
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import SaidObstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import DEPLOY, deploy
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import told_once
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import (
    RenewalFacts,
    as_served,
    find_alarming,
    find_attention,
    served_by,
    with_patience,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_deploy import (
    ListenerAction,
    ListenerSelection,
    plan_renewals,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.plan_import import (
    Chosen,
    Record,
    SourceCertificate,
    SourceOptions,
    choose,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.renewal_info import RenewalRequest
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import Read
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import (
    StoreCertificate,
    certificate_of,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import DAY, NOW, pem_of
from tests.support.rotating import balancer, entry, listener, world_of
from tests.support.stored import NAME, TRUSTED, Made, view_with

FRESH, DUE, OVER = Made(), Made(days=(-80, 10)), Made(days=(-90, -2))
OTHER = "api.example.com"
SECOND = timedelta(seconds=1)
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
    **how: bool,
) -> RenewalFacts:
    """What is known beside the listeners."""
    world = world_of(records, view=view_with(at=at))
    asked = {request.entry.certificate: request for request in requests}
    how = {"is_importing": True, **how}
    return RenewalFacts(world, Chosen([], unused, usable, waiting), has_sources, asked, **how)


def found(
    *listeners: ListenerAction, store: Iterable[Made] = (), at: datetime = NOW, **known: Any
) -> list[dict[str, Any]]:
    """What needs a person; the store has what the listeners have, and these records from 10 on."""
    records = [one.target for one in listeners if one.target]
    records += [made.record(number) for number, made in enumerate(store, start=10)]
    items = find_attention(listeners, facts(records, at, **known))
    assert all(item["message"].endswith(".") for item in items)
    return [dict(item) for item in items]


def reasons(*listeners: ListenerAction, **known: Any) -> list[str]:
    """Why, for all listeners."""
    return [item["reason"] for item in found(*listeners, **known)]


def message(*listeners: ListenerAction, **known: Any) -> str:
    """What is said of the only thing that needs a person."""
    (item,) = found(*listeners, **known)
    return str(item["message"])


def serving(made: Made, **changed: Any) -> ListenerAction:
    """A listener that has a certificate and is as it was."""
    return listener(1, made.record(1), **changed)


RSA_ANYWHERE = "Request the renewal with an RSA key from its CA or ACME client."
ADOPT = (
    f"`ansible-playbook softlayer.certificates.adopt -e source=/certbot/3 -e listener=web:443 -e common_name={NAME}`"
)

# What an authority has asked for


def wanted(
    made: Made, days: float = -0.1, url: str | None = "https://ca.example/why", **entry_of: Any
) -> RenewalRequest:
    """An authority wanted a certificate renewed by a day, counted from now."""
    return RenewalRequest(entry(made, 3, **entry_of), NOW + days * DAY, url)


WANTED = (
    f"Its authority wanted it renewed by {iso(NOW - 0.1 * DAY)} (it says why at https://ca.example/why ), and certbot entry-3 has not done so: "
    "`certbot renew --cert-name entry-3` renews it, or says why not."
)


def test_a_renewal_that_an_authority_wanted() -> None:
    """It has the URL where the authority says why; what comes later is no alarm, and neither is what another certificate is asked for."""
    (item,) = found(serving(FRESH), requests=[wanted(FRESH)])
    assert (item["reason"], item["explanation_url"], item["name"]) == (
        "renewal_requested",
        "https://ca.example/why",
        NAME,
    )
    assert item["message"] == WANTED
    assert message(serving(FRESH), requests=[wanted(FRESH, url=None)]) == WANTED.replace(
        " (it says why at https://ca.example/why )", ""
    )
    assert reasons(serving(FRESH), requests=[wanted(FRESH, 0)]) == ["renewal_requested"]
    assert found(serving(FRESH), requests=[wanted(FRESH, 0.001)]) == []
    assert found(serving(FRESH), requests=[wanted(replace(FRESH, copy=1))]) == []


def test_a_renewal_that_was_wanted_of_what_the_store_has_in_a_form_that_cannot_be_read() -> None:
    unread = replace(FRESH.record(1), certificate=None)
    seen = listener(1, unread, seen=((certificate_of(FRESH.record()), *FRESH.record().intermediates),))
    assert reasons(seen, requests=[wanted(FRESH)]) == ["renewal_requested"]


def test_what_has_been_renewed_meanwhile_is_not_wanted_any_more() -> None:
    """A source has something newer, or the store."""
    newer = Made(days=(-0.5, 91))
    assert found(serving(FRESH), requests=[wanted(FRESH)], usable=[entry(newer, 4)]) == []
    assert found(serving(FRESH, renewal_id=9), requests=[wanted(FRESH)]) == []
    assert reasons(serving(FRESH), requests=[wanted(FRESH)], usable=[entry(FRESH, 3)]) == ["renewal_requested"]


def test_what_is_due_is_told_with_what_the_authority_wanted() -> None:
    """In one sentence, so that a run tells it once; a run fails for it only if it is asked to."""
    items = found(serving(DUE), requests=[wanted(DUE)])
    assert [item["reason"] for item in items] == ["expiring", "renewal_requested"]
    assert items[0]["message"] == f"It ends at {iso(NOW + 10 * DAY)}. {items[1]['message']}"
    assert [item["reason"] for item in told_once(items)] == ["expiring"]
    assert find_alarming(items, ["held_back"], NOW) == [] and find_alarming(items, REASONS, NOW) == items


# What is due


def test_what_is_fresh_needs_nobody() -> None:
    assert found(serving(FRESH)) == []


def test_an_item() -> None:
    """It names the listener, the certificate that clients get, and its end."""
    (item,) = found(serving(DUE))
    assert item.pop("message").startswith(f"It ends at {iso(NOW + 10 * DAY)}, and nothing renews it. ")
    assert item == {
        "name": NAME,
        "load_balancer": "web",
        "load_balancer_uuid": "uuid-of-web",
        "port": 443,
        "reason": "expiring",
        "not_after": iso(NOW + 10 * DAY),
        "ends_at": iso(NOW + 10 * DAY),
        "ends_by": None,
        "days_until_expiry": 10,
        "held_back_since": None,
        "explanation_url": None,
    }
    (item,) = found(serving(OVER))
    assert (item["reason"], item["days_until_expiry"]) == ("expired", -2)
    assert item["message"].startswith(f"It expired at {iso(NOW - 2 * DAY)}, and nothing renews it. ")


@pytest.mark.parametrize(
    ("days", "due_days"),
    [((-300, 97), 30), ((-90, 90), 30), ((-60, 60), 30), ((-45, 45), 22.5), ((-3, 3), 1.5)],
    ids=["a year", "180 days", "120 days", "90 days", "6 days"],
)
def test_when_it_is_due(days: tuple[float, float], due_days: float) -> None:
    """In the last quarter of its life, at most 30 days before its end; from the first second on to long after it."""
    due = NOW + (days[1] - due_days) * DAY
    one = serving(Made(days=days))
    for at, expected in (
        (due - SECOND, []),
        (due, ["expiring"]),
        (NOW + days[1] * DAY, ["expiring"]),
        (NOW + days[1] * DAY + SECOND, ["expired"]),
        (NOW + (days[1] + 99) * DAY, ["expired"]),
    ):
        assert reasons(one, at=at) == expected, at


def test_a_certificate_of_six_days_at_half_its_life_is_no_alarm() -> None:
    assert found(serving(Made(days=(-3, 3)))) == []
    assert reasons(serving(Made(days=(-5, 1)))) == ["expiring"]


# A renewal that is there and waits


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
    ids=[
        *("in time", "two nights before", "later", "for other names", "of a staging authority"),
        *("of an authority of one's own", "the other one has expired"),
    ],
)
def test_a_renewal_that_begins_later(where: str, made: Made, served: Made, expected: list[str]) -> None:
    """There is no alarm if it may stand in, and begins two nights before the other one ends: one may fail."""
    known: dict[str, Any] = {"store": [made]} if where == "store" else {"waiting": [entry(made)], "has_sources": True}
    assert reasons(serving(served), **known) == expected


def test_a_renewal_of_what_is_in_the_api_does_not_help_if_another_one_is_served() -> None:
    """Nobody can tell when that one goes away."""
    old = certificate_of(replace(DUE, copy=1).record(9))
    wrong = serving(DUE, served=False, seen=((old,),)).failed(
        "not_served", {"error": "Another one is served."}, is_changed=True
    )
    assert reasons(wrong, store=[Made(days=(5, 95))]) == ["expiring", "not_served"]


# Held back


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (replace(FRESH, common_name=OTHER, names=(OTHER,)), None),
        (replace(FRESH, common_name=None, names=(NAME,)), None),
        (replace(FRESH, organization=LTD), "Its organization (Example Ltd) is not that of what is served now (none)."),
        (replace(FRESH, key="ec"), "Its key is EC, and that of what is served now is RSA:"),
        (
            replace(FRESH, by="itself"),
            "Clients would not trust it: it is signed by itself and by nobody who is trusted.",
        ),
        (replace(FRESH, by="own"), "give its root as trusted_ca_path."),
        (replace(FRESH, chain="none"), "Import it again with its intermediate certificates;"),
    ],
    ids=["for other names", "it fits", "organization", "key", "self-signed", "authority", "chain"],
)
def test_what_of_the_store_is_held_back(newer: Made, said: str | None) -> None:
    """By each reason, with its sentence; whether it is due or not, but then in the same sentence."""
    fresh = serving(Made(days=(-2, 89)))
    if said is None:
        assert found(fresh, store=[newer]) == []
        return
    told = message(fresh, store=[newer])
    assert told.startswith("Certificate 10 of the store, which is newer, is held back. ") and said in told
    (due, held) = found(serving(DUE), store=[newer])
    assert (due["reason"], held["reason"]) == ("expiring", "held_back")
    assert due["message"] == f"It ends at {iso(NOW + 10 * DAY)}. {held['message']}"


def test_a_renewal_that_lost_a_name_is_told_with_it() -> None:
    told = message(serving(Made(days=(-2, 89), names=(NAME, OTHER))), store=[FRESH])
    assert f"It lacks names that are served now: {OTHER}." in told and "Have it issued for all names" in told


def test_a_renewal_whose_wildcard_has_the_name_needs_no_override() -> None:
    old = serving(Made(days=(-2, 89), names=("example.com", NAME)))
    star = replace(FRESH, names=("example.com", "*.example.com"))
    command = deploy(10, "web:443")
    told = message(old, store=[star])
    assert told.endswith(f"Its wildcards have them: {command} has it served; or have it issued for these names, too.")
    of_a_source = message(old, usable=[entry(star, 3)], has_sources=True)
    assert f"Its wildcards have them: {ADOPT} has it served;" in of_a_source
    self_signed = message(old, store=[replace(star, by="itself")])
    assert f"It lacks names that are served now: {NAME}." in self_signed and "`" not in self_signed


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("certbot", "`certbot renew --cert-name entry-3 --key-type rsa --force-renewal`"),
        ("lego", f"`lego run --key-type RSA2048 --renew-force --domains {NAME}`"),
        ("acme_sh", f"`acme.sh --issue --force --keylength 2048 --domain {NAME}`"),
        ("folder", RSA_ANYWHERE),
        ("mail", RSA_ANYWHERE),
    ],
)
def test_what_of_a_source_is_held_back_names_the_source(source: str, remedy: str) -> None:
    """And how that client is told to do it better."""
    ec = entry(replace(FRESH, key="ec"), 3, source)
    told = message(serving(Made(days=(-2, 89))), usable=[ec], has_sources=True)
    name = "acme.sh" if source == "acme_sh" else source
    assert told.startswith(
        f"The newer certificate of {name} entry-3 (/{source}/3/cert.pem) is held back. Its key is EC"
    )
    assert remedy in told and told.count("an RSA key") == 1
    assert ("certbot renew" in told) == (source == "certbot"), "nobody knows who renews what is in a folder"


def test_an_rsa_key_in_place_of_another_one_needs_no_other_key() -> None:
    """Where both kinds of suites are offered, and the client has gone back to RSA."""
    old = serving(Made(days=(-2, 89), key="ec"), ciphers=("ECDHE-ECDSA-AES256-GCM-SHA384",))
    said = "Its key is RSA, and that of what is served now is EC. If that is meant, "
    command = deploy(10, "web:443", "allow_key_type_change")
    assert message(old, store=[FRESH]).endswith(f"{said}{command} has it served, once.")
    of_a_source = message(old, usable=[entry(FRESH, 3)], has_sources=True)
    assert of_a_source.endswith(f"{said}{ADOPT} has it served, once.")


def test_a_balancer_that_offers_no_suite_for_the_key() -> None:
    """Also if the listener has such a key already."""
    old = serving(Made(days=(-2, 89), key="ec"))
    told = message(old, store=[replace(FRESH, key="other ec")])
    assert "load balancer web has no cipher suites for such keys" in told and told.endswith(f" {RSA_ANYWHERE}")
    assert told.count("an RSA key") == 1
    offered = serving(Made(days=(-2, 89), key="ec"), ciphers=("ECDHE-ECDSA-AES256-GCM-SHA384",))
    assert found(offered, store=[replace(FRESH, key="other ec")]) == []


# For what a run fails


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-2.9, []), (-3, []), (-3 - 1 / 86_400, ["held_back"]), (-30, ["held_back"])],
    ids=["less than three days", "three days", "a second more", "a month"],
)
@pytest.mark.parametrize("where", ["store", "source"])
def test_a_run_fails_for_what_is_held_back_for_more_than_three_days(
    days: float, expected: list[str], where: str
) -> None:
    newer = replace(FRESH, key="ec", days=(days, 60))
    known: dict[str, Any] = {"store": [newer]} if where == "store" else {"usable": [entry(newer)], "has_sources": True}
    items = found(serving(Made(days=(-40, 50))), **known)
    assert [(item["reason"], item["held_back_since"]) for item in items] == [("held_back", iso(NOW + days * DAY))]
    assert [item["reason"] for item in find_alarming(items, REASONS, NOW)] == expected
    assert find_alarming(items, ["expiring"], NOW) == []


def test_what_was_left_in_the_store_when_another_one_was_adopted_fails_no_run() -> None:
    """Its remedy has the command that deletes it; what only the store has fails a run where the listener's is of no source, either."""
    adopted, company = Made(days=(-40, 50)), replace(FRESH, organization="Example Ltd", days=(-9, 90))
    for usable, since in (([entry(adopted)], None), ([], iso(NOW - 9 * DAY))):
        (item,) = found(serving(adopted), store=[company], usable=usable, has_sources=True)
        assert item["held_back_since"] == since
        assert (
            "Or if nobody wants it, `ansible localhost -m softlayer.certificates.ssl_certificate_import "
            in item["message"]
        )


def test_what_a_source_has_is_no_record_that_was_left_there() -> None:
    """Though the store has it by now: it is not deleted, and where the source has both, it is missed."""
    adopted, company = Made(days=(-40, 50)), replace(FRESH, organization="Example Ltd", days=(-9, 90))
    newer = replace(entry(company, 2, "folder"), record=company.record(10))
    (item,) = found(serving(adopted), store=[company], usable=[entry(adopted, 1, "folder"), newer], has_sources=True)
    assert item["held_back_since"] == iso(NOW - 9 * DAY)
    assert item["message"].startswith("The newer certificate of folder entry-2 (") and "deletes" not in item["message"]


@pytest.mark.parametrize(
    "kinds", ["certbot", "lego", "acme_sh", "traefik", "secrets_manager", "folder", "mail", "mail+certbot"]
)
@pytest.mark.parametrize(
    "newer", [replace(FRESH, key="ec"), replace(FRESH, names=(NAME, "mail.example.com"))], ids=["EC", "for mail"]
)
def test_another_certificate_of_a_client_that_keeps_up_what_is_served_needs_nobody(kinds: str, newer: Made) -> None:
    """In a folder or a mailbox, what was renewed lies beside its renewal; and what is due fails the run all the same."""
    wide = Made(days=(-40, 50), names=(NAME, OTHER))
    usable = [entry(wide, number, kind) for number, kind in enumerate(kinds.split("+"), start=4)]
    known: dict[str, Any] = {"usable": [*usable, entry(replace(newer, days=(-9, 80)), 3)], "has_sources": True}
    is_heap = kinds in {"folder", "mail"}
    assert reasons(serving(wide), **known) == ["held_back"] * is_heap
    assert reasons(serving(wide), **known, store=[replace(FRESH, names=(OTHER,))]) == ["held_back"]
    due = found(serving(wide), at=NOW + 30 * DAY, **known)
    assert [item["reason"] for item in due] == ["expiring", "held_back"][: 1 + is_heap]
    assert "The newer certificate of certbot entry-3 (/certbot/3/cert.pem) is held back." in due[0]["message"]


def test_what_is_in_use_is_not_offered_for_deletion() -> None:
    """Nor what is held back for another reason than that a person had it served."""
    adopted, company = Made(days=(-40, 50)), replace(FRESH, organization="Example Ltd", days=(-9, 90))
    records = [adopted.record(1), company.record(10, associatedServiceCount=1)]
    (item,) = find_attention([serving(adopted)], facts(records))
    assert "Example Ltd" in item["message"] and "deletes" not in item["message"]
    assert "deletes" not in message(serving(adopted), store=[replace(FRESH, key="ec")])


def test_of_several_that_are_held_back_the_first_counts() -> None:
    """A client that renews every other day would never be heard of otherwise; what is told is about the newest."""
    newer = [replace(FRESH, organization="Other Ltd", days=(-5, 60)), replace(FRESH, key="ec", days=(-1, 70))]
    (item,) = found(serving(Made(days=(-40, 50))), store=newer)
    assert item["held_back_since"] == iso(NOW - 5 * DAY) and "Its key is EC" in item["message"]


def test_a_run_does_not_fail_for_what_another_listener_serves() -> None:
    """A certificate for some of the names, or with a key that another balancer has suites for, has its place there."""
    wide, narrow = Made(days=(-40, 50), names=(NAME, OTHER)), Made(days=(-10, 80))
    elsewhere = listener(2, narrow.record(2))
    items = found(serving(wide), elsewhere, usable=[entry(narrow)], has_sources=True)
    assert [(item["reason"], item["held_back_since"]) for item in items] == [("held_back", None)]
    assert find_alarming(items, REASONS, NOW) == []


def test_what_another_listener_serves_may_be_known_from_the_listing_alone() -> None:
    """The run is narrowed to other load balancers."""
    wide, narrow = Made(days=(-40, 50), names=(NAME, OTHER)).record(1), Made(days=(-10, 80)).record(2)
    other = replace(balancer("other"), listeners=(replace(listener(2, narrow).place.listener, certificate_id=2),))
    world = replace(world_of([wide, narrow], view=view_with(at=NOW)), balancers=[other])
    (item,) = find_attention(
        [listener(1, wide)], RenewalFacts(world, Chosen([], [], []), has_sources=False, requests={}, is_importing=True)
    )
    assert (item["reason"], item["held_back_since"]) == ("held_back", None)


def test_what_is_held_back_says_when_runs_fail_for_it() -> None:
    """While they do not, and if they ever do: else a green run has no reason."""

    def told(day: int, fail_on: Sequence[str] = REASONS, served: Made | None = None) -> list[str]:
        newer = replace(FRESH, key="ec", days=(day, 80))
        items = found(serving(served or Made(days=(-40, 50))), store=[newer])
        after = with_patience(items, fail_on, NOW)
        plain = zip(after, items, strict=True)
        return [new["message"].removeprefix(old["message"]) for new, old in plain]

    assert told(-2) == [f" No run fails for it before {iso(NOW + DAY)}."]
    assert told(-4) == told(-2, ["expired"]) == [""]
    assert told(-2, served=DUE) == ["", ""], "that it expires says the same, and fails the run now"
    told_of_none = [{"reason": "held_back", "message": "No.", "held_back_since": None, "load_balancer_uuid": "a"}]
    assert with_patience(told_of_none, REASONS, NOW) == told_of_none
    held = {"reason": "held_back", "message": "Held.", "held_back_since": iso(NOW - DAY), "load_balancer_uuid": "a"}
    both = [{**held, "load_balancer": "a", "port": port} for port in (443, 8443)]
    assert [item["message"] for item in with_patience(both, REASONS, NOW)] == [
        f"Held. No run fails for it before {iso(NOW + 2 * DAY)}."
    ] * 2


def test_what_is_held_back_until_it_is_due_is_told_once() -> None:
    items = found(serving(DUE), store=[replace(FRESH, key="ec", days=(-4, 80))])
    assert [item["reason"] for item in items] == ["expiring", "held_back"]
    assert [item["reason"] for item in find_alarming(items, REASONS, NOW)] == ["expiring"]
    assert [item["reason"] for item in find_alarming(items, ["held_back"], NOW)] == ["held_back"]


@pytest.mark.parametrize("days", [(5, 95), (-1, -0.01), (-3, 88)], ids=["not valid yet", "expired", "older"])
def test_what_is_not_newer_or_not_valid_is_not_held_back(days: tuple[float, float]) -> None:
    assert found(serving(Made(days=(-2, 89))), store=[Made(days=days, organization=LTD)]) == []


# Nothing renews it


@pytest.mark.parametrize("store", [[], [Made(days=(5, 95)), Made(days=(-0.5, 91), organization=LTD)]])
@pytest.mark.parametrize("is_changed", [True, False])
@pytest.mark.parametrize(("old", "reason", "how"), [(OVER, "expired", "expired"), (DUE, "expiring", "ends")])
def test_what_a_load_balancer_goes_on_serving_is_not_to_be_renewed(
    old: Made, reason: str, how: str, is_changed: bool, store: list[Made]
) -> None:
    """The API has what renews it: what is wrong is said by the listener, and what to do; whatever else the store or a source has."""
    chain = (certificate_of(old.record(None)), *old.record(None).intermediates)
    wrong = serving(FRESH, served=False, seen=(chain,)).failed(
        "not_served", {"error": "Another one is. Do it."}, is_changed=is_changed
    )
    broken = {"source": "certbot", "name": NAME, "reason": "bad_passphrase", "message": "It is locked."}
    broken |= {"not_before": iso(NOW), "subject_alt_names": [NAME], "common_name": NAME}
    items = found(wrong, store=store, unused=[broken])
    told = {item["reason"]: item["message"] for item in items}
    assert told[reason] == f"It {how} at {iso(NOW + old.days[1] * DAY)}. Another one is. Do it."
    assert told["not_served"] == "Another one is. Do it."


def test_a_better_one_of_the_store_that_is_not_served_yet() -> None:
    """There is one cause: why it was not deployed; though another one, which is newer still, is held back."""
    one, deploys = serving(DUE, renewal_id=10), f"{DEPLOY} has it served."
    what = f"It ends at {iso(NOW + 10 * DAY)}. Certificate 10 of the store can replace it, and was not deployed"
    looking = message(one, store=[FRESH], is_deploying=False)
    assert looking == f"{what}, because this run was without the phase deploy: {deploys}"
    unapproved = replace(one, outcome="skipped", reason="not_approved")
    assert message(unapproved, store=[FRESH]) == f"{what}, because nobody has approved it: {deploys}"
    assert message(one, store=[FRESH]) == f"{what}: {deploys}"
    due = found(one, store=[FRESH, Made(days=(-0.5, 91), organization=LTD)])[0]
    assert (due["reason"], due["message"]) == ("expiring", f"{what}: {deploys}")
    refused = message(one, store=[FRESH], is_refused=True)
    assert refused == f"{what}, because no listener was switched: see what failed."
    in_check_mode = message(serving(DUE), usable=[entry(FRESH, 3)], has_sources=True, is_refused=True)
    assert in_check_mode.endswith(" would renew it, but no listener was switched: see what failed.")


def test_a_switch_that_failed() -> None:
    failed = listener(1, FRESH.record(2)).failed(
        "balancer_busy", {"error": "It is busy."}, is_changed=False, served=None
    )
    items = find_attention([failed], facts([DUE.record(1), FRESH.record(2)], has_sources=True))
    (item,) = items
    assert (item["reason"], item["not_after"]) == ("expiring", iso(NOW + 10 * DAY))
    assert item["message"] == f"It ends at {iso(NOW + 10 * DAY)}. It is busy."


def test_a_renewal_of_a_source_that_could_not_be_stored() -> None:
    said = message(serving(DUE), usable=[entry(FRESH, 1)], has_sources=True)
    assert said.endswith(
        f"{entry(FRESH, 1).shown} ({entry(FRESH, 1).path}) would renew it, but could not be stored as it is: see what failed."
    )


def test_a_renewal_of_a_source_in_a_run_that_imports_nothing() -> None:
    """Nothing has failed."""
    said = message(serving(DUE), usable=[entry(FRESH, 1)], has_sources=True, is_importing=False)
    assert said.endswith(
        f"{entry(FRESH, 1).shown} ({entry(FRESH, 1).path}) would renew it, but this run was without the phase import: "
        "`ansible-playbook softlayer.certificates.rotate` brings it here."
    )


def test_a_certificate_for_the_names_of_a_listener_whose_own_is_not_in_the_store() -> None:
    seen = ((certificate_of(OVER.record()),),)
    unknown = replace(listener(1, FRESH.record(1)), target=None, target_id=99, served=False, seen=seen)
    due = next(item for item in found(unknown, store=[FRESH]) if item["reason"] == "expired")
    assert (
        "The store has no certificate 99" in due["message"]
        and f"certificate 10 for its names: {deploy(10, 'web:443', 'allow_name_loss')} has it served." in due["message"]
    )
    expired, *_others = find_attention([unknown], facts([FRESH.record(None)]))
    fingerprint = certificate_of(FRESH.record()).fingerprint_sha256
    assert f"certificate with the SHA-256 {fingerprint}, which is not stored yet, for its names" in expired["message"]


def skipped(reason: str, *names: str, source: str = "lego", **about: Any) -> dict[str, Any]:
    """What a source has and was not imported."""
    return {
        **{"source": source, "name": f"the-{reason}", "common_name": None, "subject_alt_names": list(names or (NAME,))},
        **{"reason": reason, "message": f"It is {reason}.", **about},
    }


@pytest.mark.parametrize(
    ("unused", "said"),
    [
        ([skipped("key_missing")], "lego the-key_missing: It is key_missing."),
        ([skipped("not_active", source="secrets_manager")], "Secrets Manager the-not_active: It is not_active."),
        ([skipped("already_imported"), skipped("superseded"), skipped("expired")], "lego the-expired: It is expired."),
        ([skipped("untrusted", OTHER), skipped("ambiguous", OTHER, NAME)], "lego the-ambiguous: It is ambiguous."),
        (
            [skipped("already_imported")],
            "No source has a newer certificate for it: have the client that looks after it",
        ),
        ([skipped("malformed", OTHER)], "No source has a newer certificate for it"),
        ([skipped("changed_meanwhile", name=None)], f"lego {NAME}: It is changed_meanwhile."),
        ([], "see that its certificates are among the sources."),
    ],
)
def test_what_the_sources_have_instead(unused: list[dict[str, Any]], said: str) -> None:
    assert said in message(serving(DUE), unused=unused, has_sources=True)


def test_without_sources() -> None:
    assert message(serving(DUE)).endswith(
        "Have it renewed, and `ansible-playbook softlayer.certificates.rotate` brings it here."
    )


# What clients get


def test_another_certificate_is_served() -> None:
    """What was seen counts for its dates."""
    seen = certificate_of(replace(OVER, common_name=OTHER, names=(OTHER,)).record(9))
    wrong = serving(FRESH, served=False, seen=((seen,),)).failed(
        "not_served", {"error": "Another one is served."}, is_changed=True, served=False
    )
    assert [(item["reason"], item["name"], item["message"]) for item in found(wrong)][1:] == [
        ("not_served", OTHER, "Another one is served.")
    ]
    assert reasons(wrong) == ["expired", "not_served"]


def test_nothing_is_served() -> None:
    """No client sees an end, so the only alarm is that nothing is served; it is named as in the API."""
    (item,) = found(
        serving(DUE, served=False).failed("not_served", {"error": "No handshake."}, is_changed=True, served=False)
    )
    assert (item["reason"], item["name"]) == ("not_served", NAME)


def test_a_listener_that_cannot_be_looked_at_serves_what_it_has() -> None:
    assert reasons(serving(DUE, served=None)) == ["expiring"]


def test_a_listener_whose_certificate_is_not_in_the_store() -> None:
    """What was seen counts; without that, there is nothing to say."""
    unknown = replace(listener(7, None), outcome="skipped", reason="not_found")
    assert found(replace(unknown, served=None)) == []
    over, fresh = ((certificate_of(made.record(9)),) for made in (OVER, FRESH))
    for seen in ((over,), (over, fresh), (fresh, over)):
        assert reasons(replace(unknown, served=None, seen=seen)) == ["expired"], "of several addresses the worst counts"
        assert served_by(replace(unknown, seen=seen), world_of([])).certificate == over[0]
    assert served_by(unknown, world_of([])).certificate is None


def test_what_was_switched_counts_with_its_new_certificate() -> None:
    """In check mode, too, where it has no id yet."""
    index = StoreIndex([DUE.record(1), FRESH.record(None)])
    switched = listener(1, FRESH.record(None))
    assert find_attention([switched], facts(index)) == []
    back = replace(
        switched, outcome="rolled_back", reason="not_served", served=False, facts={"error": "It was pointed back."}
    )
    seen = ((certificate_of(FRESH.record(9)),),)
    items = find_attention([replace(back, seen=seen)], facts(index))
    assert [item["reason"] for item in items] == ["expiring"], "it serves what it served before, which ends"
    told = as_served(replace(back, seen=seen), world_of(list(index)))
    assert (told["served"], told["accepted"], told["served_certificate"]) == (None, None, None)
    assert told["served_name"] == NAME and told["not_after"] == iso(certificate_of(DUE.record(1)).not_after)


# Issuers that end


def with_issuer_until(day: float, made: Made = FRESH) -> StoreCertificate:
    """A record whose issuer's certificate ends this many days from now."""
    ending = TRUSTED.reissue(not_after=NOW + day * DAY)
    return made.record(1, intermediateCertificate=pem_of([ending, *made.issued.chain[1:]]))


@pytest.mark.parametrize(("day", "expected"), [(2, "expiring"), (-2, "expired")])
def test_an_issuer_ends_before_the_certificate_does(day: int, expected: str) -> None:
    """It is named, as clients refuse the certificate from then on; which end is told beside its own."""
    (item,) = found(listener(1, with_issuer_until(day)))
    assert (item["reason"], item["days_until_expiry"]) == (expected, day)
    assert (item["not_after"], item["ends_at"]) == (iso(NOW + 90 * DAY), iso(NOW + day * DAY))
    issuer = Certificate.of(TRUSTED.issuer).shown_name
    assert item["ends_by"] == issuer and f"Its issuer {issuer} " in item["message"]
    assert "today's chain" in item["message"]


def test_a_renewal_whose_issuer_begins_too_late() -> None:
    """What counts is from when on clients take it."""

    def beginning(day: float) -> StoreCertificate:
        chain = [TRUSTED.reissue(not_before=NOW + day * DAY), *FRESH.issued.chain[1:]]
        return Made(days=(1, 95)).record(10, intermediateCertificate=pem_of(chain))

    for day, expected in ((5, []), (9, ["expiring"])):
        known = facts([DUE.record(1), beginning(day)])
        assert [item["reason"] for item in find_attention([serving(DUE)], known)] == expected, day


def test_a_newer_one_whose_issuer_has_ended_is_named_with_the_remedy() -> None:
    renewal = with_issuer_until(-1)
    index = StoreIndex([DUE.record(1), replace(renewal, id=2)])
    (planned,) = plan_renewals(world_of(index, balancer("web", p443=1)), ListenerSelection())
    assert (planned.outcome, planned.reason) == ("skipped", "expired") and "today's chain" in planned.message
    (item,) = find_attention([replace(planned, served=True)], facts(index))
    assert item["reason"] == "expiring" and "Certificate 2" in item["message"].replace("certificate 2", "Certificate 2")
    assert "today's chain" in item["message"]


def test_a_renewal_that_was_left_out_is_told_with_its_reason() -> None:
    left_out = {**skipped("not_approved"), "fingerprint_sha256": entry(FRESH, 1).certificate.fingerprint_sha256}
    said = message(serving(DUE), usable=[entry(FRESH, 1)], unused=[left_out], has_sources=True)
    assert said.endswith("would renew it, but was left out: It is not_approved.")
    of_another = {**left_out, "fingerprint_sha256": "00", "subject_alt_names": [OTHER]}
    said = message(serving(DUE), usable=[entry(FRESH, 1)], unused=[of_another], has_sources=True)
    assert said.endswith("but could not be stored as it is: see what failed.")
    newest = Made(days=(-0.5, 95))
    said = message(serving(DUE), usable=[entry(newest, 1), entry(FRESH, 2)], has_sources=True)
    assert said.endswith(
        f"{entry(newest, 1).shown} ({entry(newest, 1).path}) would renew it, but could not be stored as it is: see what failed."
    )


def test_what_begins_earlier_than_what_is_served_and_ends_later() -> None:
    """It is no renewal, and it is told what helps."""
    chosen = choose([entry(Made(days=(-81, 90)), 3)], StoreIndex([DUE.record(1)]), SourceOptions(), view_with())
    said = message(serving(DUE), usable=chosen.usable, unused=chosen.skipped, has_sources=True)
    assert "certbot entry-3: It ends later than certificate 1 of the store" in said
    assert said.endswith("`certbot renew --cert-name entry-3 --force-renewal` has it issued anew.")


@pytest.mark.parametrize(
    ("source", "key", "said"),
    [
        (
            "certbot",
            "rsa",
            "certbot www has it, and has not renewed it: `certbot renew --cert-name www` renews it, or says why not.",
        ),
        (
            "acme_sh",
            "ec",
            f"acme.sh www has it, and has not renewed it: `acme.sh --renew --domain {NAME} --ecc` renews it, or says why not.",
        ),
        ("lego", "rsa", "lego www has it, and has not renewed it: have lego renew it."),
        ("folder", "rsa", "folder www has it, and has not renewed it: put a renewed one there."),
    ],
)
def test_a_client_that_has_not_renewed_what_it_has(source: str, key: str, said: str) -> None:
    """The usual reason for which a night is red: it is told with the command that shows why."""
    has = entry(replace(DUE, key=key), 2, source, name="www")
    there = has.skipped(SaidObstacle("already_imported", "The store has it: certificate 1."))
    served = serving(replace(DUE, key=key))
    assert message(served, unused=[there], usable=[has], has_sources=True).endswith(said)
    unlike = has.skipped(SaidObstacle("not_active", "It is not active."))
    assert message(served, unused=[unlike], usable=[has], has_sources=True).endswith("www: It is not active.")
    other = entry(replace(DUE, copy=1), 2, source).skipped(SaidObstacle("already_imported", "The store has it."))
    assert message(serving(DUE), unused=[other], has_sources=True).endswith("are among the sources.")


@pytest.mark.parametrize("reason", ["expired", "not_yet_valid"])
def test_a_newer_one_that_is_out_of_date_is_why(reason: Any) -> None:
    """Of a listener that was skipped for it; not of one that is named so for another reason."""
    out_of_date = serving(
        DUE, outcome="skipped", reason=reason, facts={"error": "The newer certificate was not taken: why."}
    )
    assert message(out_of_date).endswith("The newer certificate was not taken: why.")
    elsewhere = replace(out_of_date, reason="not_found")
    assert message(elsewhere).endswith(
        "Have it renewed, and `ansible-playbook softlayer.certificates.rotate` brings it here."
    )
    assert message(replace(out_of_date, outcome="unchanged")).endswith(
        "Have it renewed, and `ansible-playbook softlayer.certificates.rotate` brings it here."
    )


def test_the_chain_that_is_served_counts() -> None:
    """A load balancer may send another one than the store has."""
    whole, ending = FRESH.record(1), with_issuer_until(2)
    seen = (certificate_of(ending), *ending.intermediates)
    assert reasons(listener(1, whole, seen=(seen,))) == ["expiring"]
    seen = (certificate_of(whole), *whole.intermediates)
    assert reasons(listener(1, ending, seen=(seen,))) == []


# What clients refuse


def test_what_is_not_valid_yet() -> None:
    (item,) = found(
        serving(Made(days=(1, 90)), accepted=False, refusal="certificate is not yet valid", predecessor_id=7)
    )
    assert item["reason"] == "not_yet_valid" and f"{deploy(7, 'web:443')} goes back to certificate 7" in item["message"]
    assert iso(NOW + DAY) in item["message"]


def test_what_cannot_be_read_is_judged_by_the_dates_of_the_api() -> None:
    dates = {"validityBegin": iso(NOW - 90 * DAY), "validityEnd": iso(NOW - DAY)}
    unreadable = FRESH.record(1, certificate="odd", **dates)
    skipped_one = listener(1, unreadable, served=None, outcome="skipped", reason="not_found")
    (item,) = found(skipped_one)
    assert (item["reason"], item["name"], item["ends_at"]) == ("expired", NAME, iso(NOW - DAY))
    fresh = (certificate_of(FRESH.record(9)),)
    assert reasons(replace(skipped_one, seen=(fresh,))) == ["expired"]
    over = (certificate_of(OVER.record(9)),)
    soon = FRESH.record(1, certificate="odd", validityEnd=iso(NOW + 90 * DAY))
    assert reasons(listener(1, soon, served=None, outcome="skipped", reason="not_found", seen=(over,))) == ["expired"]


def test_what_clients_refuse_for_another_reason() -> None:
    """Why it is refused is told once, with the end or the other certificate that is the reason."""
    refused: dict[str, Any] = {"accepted": False, "refusal": "unable to get local issuer certificate"}
    (item,) = found(listener(1, replace(FRESH, chain="none").record(1), **refused))
    assert item["reason"] == "not_accepted" and "unable to get local issuer certificate. Import it" in item["message"]
    assert "see why the load balancer does not send it" in message(serving(FRESH, **refused))
    assert reasons(serving(OVER, **refused)) == ["expired"]
    assert reasons(serving(DUE, **refused)) == ["expiring", "not_accepted"]
    dark = serving(FRESH, **{**refused, "served": False})
    assert reasons(dark.failed("not_served", {"error": "Nothing is."}, served=False)) == ["not_served"]
    assert reasons(serving(FRESH, **refused).failed("not_accepted", {"error": "It is not."}, is_changed=True)) == []


# What a source has and cannot use


BROKEN = skipped("bad_passphrase", not_before=iso(NOW), not_after=iso(NOW + 90 * DAY))


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (BROKEN, True),
        ({**BROKEN, "reason": "key_missing"}, True),
        ({**BROKEN, "reason": "unreadable"}, True),
        ({**BROKEN, "reason": "being_renewed"}, False),
        ({**BROKEN, "reason": "superseded"}, False),
        ({**BROKEN, "not_before": iso(NOW - 30 * DAY)}, False),
        ({**BROKEN, "subject_alt_names": [OTHER]}, False),
        ({**BROKEN, "subject_alt_names": [OTHER, NAME]}, True),
        ({**BROKEN, "not_before": None, "subject_alt_names": [], "name": NAME}, True),
        ({**BROKEN, "not_before": None, "subject_alt_names": [], "name": OTHER}, False),
    ],
    ids=[
        *("passphrase", "key", "file", "half written", "better one", "older", "other names", "more names"),
        *("unread file named after it", "another unread file"),
    ],
)
def test_a_renewal_that_cannot_be_used(broken: dict[str, Any], expected: bool) -> None:
    """It is told at once, and fails a run once what is served is due; what renews nothing may be broken in peace."""
    items = found(serving(FRESH), unused=[broken], has_sources=True)
    assert [item["reason"] for item in items] == ["unusable"] * expected
    assert find_alarming(items, REASONS, NOW) == []
    if expected:
        assert f"lego {broken['name']} would renew it and cannot be used: It is " in items[0]["message"]
    due = found(serving(DUE), unused=[broken], has_sources=True)
    assert [item["reason"] for item in find_alarming(due, ["unusable"], NOW)] == [
        item["reason"] for item in due if item["reason"] == "unusable"
    ]
    assert "unusable" in [item["reason"] for item in due] or not expected


def test_a_renewal_that_cannot_be_used_fails_no_run_before_it_is_due() -> None:
    """That is said, unless it fails none in any case; where several listeners are told of, each goes by itself."""
    later, due = (
        listener(number, made.record(number), name) for number, made, name in ((1, FRESH, "a"), (2, DUE, "b"))
    )
    items = found(later, due, unused=[BROKEN], has_sources=True)
    assert [(item["reason"], item["load_balancer"]) for item in items] == [
        *(("expiring", "b"), ("unusable", "b"), ("unusable", "a"))
    ]
    alarming = find_alarming(items, REASONS, NOW)
    assert [(item["reason"], item["load_balancer"]) for item in alarming] == [("expiring", "b"), ("unusable", "b")]
    said = " A run fails only once what is served is due for renewal."
    for fail_on, expected in ((["unusable"], [False, False, True]), (["expiring"], [False] * 3)):
        assert [item["message"].endswith(said) for item in with_patience(items, fail_on, NOW)] == expected


@pytest.mark.parametrize("where", ["another source", "the store"])
def test_a_renewal_that_cannot_be_used_matters_to_nobody_who_has_another_one(where: str) -> None:
    """Though it is newer than that."""
    renewal = Made(days=(-0.5, 90))
    known = {"usable": [entry(renewal)]} if where == "another source" else {"store": [renewal]}
    changed = {"renewal_id": 10} if where == "the store" else {}
    assert reasons(serving(FRESH, **changed), unused=[BROKEN], has_sources=True, **known) == []
    (item,) = found(serving(DUE, **changed), unused=[BROKEN], has_sources=True, **known)
    assert item["reason"] == "expiring" and "cannot be used" not in item["message"], "what it has comes first"


def test_a_certificate_that_is_kept_without_its_key_is_no_renewal() -> None:
    """Secrets Manager may hold such; nearer to the end, it is said of it why it renews nothing."""
    keyless = {**BROKEN, "source": "secrets_manager", "reason": "key_missing", "message": "It has no key."}
    unwanted = facts([FRESH.record(1)], has_sources=True)
    unwanted = replace(unwanted, world=replace(unwanted.world, bundles=Read(unwanted=[keyless])))
    assert find_attention([serving(FRESH)], unwanted) == []
    due = facts([DUE.record(1)], has_sources=True)
    due = replace(due, world=replace(due.world, bundles=Read(unwanted=[keyless])))
    (item,) = find_attention([serving(DUE)], due)
    assert item["reason"] == "expiring" and item["message"].endswith(f"{keyless['name']}: It has no key.")


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
    items = found(*listeners, store=[Made(OTHER, (OTHER,))])
    assert [(item["reason"], f"{item['load_balancer']}:{item['port']}") for item in items] == [
        ("expired", "over:443"),
        ("expiring", "soon:443"),
        ("expiring", "a:443"),
        ("expiring", "a:8443"),
        ("expiring", "b:443"),
        ("held_back", "held:443"),
        ("not_served", "dark:443"),
    ]
    assert list(get_args(AttentionReason)) == [
        *("expired", "expiring", "not_yet_valid", "unusable", "revoked", "held_back", "not_served", "not_accepted"),
        "renewal_requested",
    ]


def test_what_has_no_known_end_comes_before_what_has_one() -> None:
    dark = replace(listener(7, None, "unknown"), served=False).failed(
        "not_served", {"error": "Nothing is."}, served=False
    )
    seen = ((certificate_of(replace(FRESH, copy=1).record()),),)
    other = listener(1, FRESH.record(1), "known", served=False, seen=seen)
    ended = other.failed("not_served", {"error": "Another one is."}, served=False)
    for listeners in ([dark, ended], [ended, dark]):
        items = find_attention(listeners, facts([FRESH.record(1)]))
        assert [(item["load_balancer"], item["ends_at"] is None) for item in items] == [
            ("unknown", True),
            ("known", False),
        ]


def test_a_listener_is_told_with_what_clients_get_from_it() -> None:
    world = world_of([DUE.record(1), FRESH.record(2)])
    kept = as_served(serving(DUE, renewal_id=2), world)
    due, fresh = (certificate_of(made.record()) for made in (DUE, FRESH))
    assert (
        kept.items()
        >= {
            "certificate_id": 1,
            "better_certificate_id": 2,
            "not_before": iso(due.not_before),
            "not_after": iso(due.not_after),
            "renewal_due": True,
            "days_until_expiry": 10,
            "served_certificate": None,
        }.items()
    )
    refused = listener(1, FRESH.record(2)).failed("refused", {"error": "No."})
    told = as_served(refused, world)
    assert (told["better_certificate_id"], told["not_after"]) == (2, iso(due.not_after)), "it has kept what it had"
    coming = listener(1, FRESH.record(None)).failed("refused", {"error": "No."})
    assert as_served(coming, world)["better_certificate_id"] is None, "nobody knows its id yet"
    other = listener(1, FRESH.record(2), served=False, seen=((due,),))
    told = as_served(other, world)
    assert told["served_certificate"] == due.facts() and told["not_after"] == iso(due.not_after)
    assert (told["better_certificate_id"], told["renewal_due"]) == (None, True)
    assert as_served(serving(FRESH, served=False), world)["served_certificate"] is None, "it sent none"
    switched = as_served(listener(1, FRESH.record(2), seen=((fresh,),)), world)
    assert switched["not_after"] == iso(fresh.not_after) and switched["served_certificate"] is None
