# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what becomes of listeners and endpoints, and what is not removed."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import (
    adopt,
    deploy,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import trust_remedy
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import (
    NOT_APPROVED,
    REFUSAL_REMEDIES,
    not_reached,
    of_target,
    refused_by_clients,
    too_many_listeners,
    unmatched,
    why_kept,
    why_not_switched,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.messages import remedy

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
WEB: Any = SimpleNamespace(
    name="web",
    uuid="uuid-of-web",
    provisioning_status="UPDATE_PENDING",
    why_ended="Load balancer web is ERROR.",
    shown_error=" The API reports about its previous change: No disk.",
)
DEMAND: Any = SimpleNamespace(
    names=("www.example.com",),
    why_unknown=Obstacle("not_found", {"certificate_id": 7, "is_there": False}),
)
STORED, COPY, COMING = (
    SimpleNamespace(
        id=number, handle="ab12", certificate=SimpleNamespace(fingerprint_sha256="ab12", shown_name="www.example.com")
    )
    for number in (2, 3, None)
)
LOST = Obstacle("names_not_covered", {"lost": ["a.example.com"]})
LACKS = "It lacks names that are served now: a.example.com."
NOT_OFFERED = Obstacle("key_type_not_offered", {"key_type": "EC", "load_balancer": "web", "offers_rsa": True})
NO_SUITES = "Its key is EC, and load balancer web has no cipher suites for such keys, unless others are chosen: no client could connect."
NOT_VALID = {"kept": "best", "valid_id": None, "called": "web:443"}
BEST = "The store holds no better certificate."


# Listeners


@pytest.mark.parametrize(
    ("outcome", "facts", "said"),
    [
        ("switched", {}, "Switched."),
        ("switched", {"is_stored": False}, "Switched."),
        ("unchanged", {"kept": "best"}, BEST),
        ("unchanged", {**NOT_VALID, "end": AT}, f"{BEST} What the listener has is valid until {iso(AT)} only."),
        (
            "unchanged",
            {**NOT_VALID, "start": AT, "valid_id": 8},
            f"{BEST} What the listener has is valid from {iso(AT)} on only. Certificate 8 is valid, though it began earlier: "
            f"{deploy(8, 'web:443')} has it served.",
        ),
        ("unchanged", {"kept": "same"}, "It has this certificate already."),
        (
            "unchanged",
            {"kept": "newer", "certificate_id": 3},
            "It has certificate 3, which is newer than that of the source and may stand in for it.",
        ),
        ("unchanged", {"kept": "not_stored"}, "Its certificate was not stored."),
        ("unchanged", {"kept": "switched"}, "Another run has switched it meanwhile."),
        ("unchanged", {"kept": "as_it_is", "certificate_id": 1}, "The listener has certificate 1."),
        ("unchanged", {"kept": "as_it_is", "certificate_id": None}, "The listener has no certificate."),
        ("unchanged", {"planned": Obstacle("api_error", {"error": "No."})}, "No."),
        ("unchanged", {"demand": DEMAND}, "It must serve a certificate for www.example.com."),
    ],
)
def test_what_is_decided(outcome: str, facts: dict[str, Any], said: str) -> None:
    assert of_target(outcome, None, facts) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, ""),
        ({"is_stored": False}, ", once the certificate is stored"),
        ({"is_known": False}, " to the certificate that would be imported"),
    ],
)
def test_what_is_decided_in_check_mode(facts: dict[str, Any], said: str) -> None:
    assert of_target("switched", None, facts, "would be") == f"Would be switched{said}."


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "not_found",
            {"demand": DEMAND},
            "The store holds no certificate 7: ssl_certificate_info lists those that it holds.",
        ),
        (
            "not_found",
            {"certificate_id": 7, "is_there": True},
            "The store holds nothing that can be read as certificate 7: ssl_certificate_info lists those that it holds.",
        ),
        ("not_found", {"is_deleted": True, "certificate_id": 7}, "Certificate 7 was deleted from the store meanwhile."),
        ("not_found", {"is_deleted": True}, "The listener was deleted meanwhile."),
        (
            "not_found",
            {"listener": "web:443", "certificate_id": None, "called": "web:443", "is_there": False},
            f"The listener web:443 has no certificate: {adopt(None, ['web:443'])} gives it one, with its name for NAME.",
        ),
        (
            "not_found",
            {"listener": "web:443", "certificate_id": 7, "called": "web:443", "is_there": False},
            "Certificate 7, which the listener web:443 has, is not in the store, so its names are not known: name the one to serve in "
            "ssl_certificate_deploy, with allow_name_loss.",
        ),
        (
            "not_found",
            {"listener": "web:443", "certificate_id": 7, "called": "web:443", "is_there": True},
            "Certificate 7, which the listener web:443 has, cannot be read, so its names are not known: name the one to serve in "
            "ssl_certificate_deploy, with allow_name_loss.",
        ),
        (
            "not_found",
            {"load_balancer": "wbe", "there": ["web"]},
            "There is no load balancer wbe, or the API user has no access to it; there are: web.",
        ),
        (
            "not_found",
            {"load_balancer": "web", "port": 80, "there": [443, 8443]},
            "Load balancer web has no listener on port 80; it has: 443, 8443.",
        ),
        (
            "ambiguous",
            {"load_balancer": "web", "uuids": ["a", "b"]},
            "Several load balancers are called web: name one by its uuid (a, b).",
        ),
        (
            "ambiguous",
            {"listener": "web:443", "certificate_ids": (None, 2)},
            "web:443 is given two certificates (one that would be imported, and id 2): leave one of the two.",
        ),
        (
            "ambiguous",
            {"listener": "web:443", "certificate_id": 1, "expected": 7},
            "The listener web:443 has certificate 1 and not 7, as the plan says: it was changed meanwhile. Plan anew.",
        ),
        (
            "ambiguous",
            {"equals": [STORED, COMING, COPY], "called": "web:443"},
            f"There are several equally good certificates (ids 2, 3; not stored yet, with the SHA-256 ab12): "
            f"{deploy(2, 'web:443')} has one of them served; or delete the others.",
        ),
        (
            "ambiguous",
            {"equals": [COMING], "called": "web:443"},
            "There are several equally good certificates (not stored yet, with the SHA-256 ab12): leave one of them in the sources.",
        ),
        *(
            (
                "changed_meanwhile",
                {"now": changed},
                f"The listener was changed since the plan was made: it {how} now. Run it again to see what is there.",
            )
            for changed, how in (
                ({"port": 8443}, "is on port 8443"),
                ({"protocol": "TCP"}, "is for TCP"),
                ({"protocol": ""}, "is for another protocol"),
                ({"certificate_id": 3}, "has certificate 3"),
                ({"certificate_id": None}, "has no certificate"),
            )
        ),
        (
            "not_https",
            {"listener": "web:22", "protocol": "TCP"},
            "The listener web:22 is for TCP: only HTTPS listeners have a certificate.",
        ),
        ("balancer_error", {"balancer": WEB}, WEB.why_ended),
        ("refused", {"error": "No."}, "No."),
        ("balancer_busy", {"error": "Busy.", "change": "done"}, "The listener has the certificate. Busy."),
        (
            "balancer_busy",
            {"error": "Busy.", "change": "lost"},
            "The API accepted the change, but the listener lacks the certificate. Busy.",
        ),
        ("not_found", {"error": "No.", "change": "unseen"}, "The change was accepted, but its end was not seen. No."),
        (
            "api_error",
            {"is_accepted": True, "balancer": WEB},
            "The API accepted the change, but the listener does not have the certificate: run it again. The API reports about its "
            "previous change: No disk.",
        ),
        ("names_not_covered", {"newer": STORED, "why": LOST}, f"The newer certificate 2 was not taken: {LACKS}"),
        (
            "names_not_covered",
            {"newer": COMING, "why": LOST},
            f"The newer certificate for www.example.com, which is not stored yet, was not taken: {LACKS}",
        ),
        (
            "names_not_covered",
            {"certificate_id": 2, "why": LOST},
            f"Certificate 2 was not taken: {LACKS} allow_name_loss: true accepts it.",
        ),
        (
            "not_yet_valid",
            {"certificate_id": 2, "why": Obstacle("not_yet_valid", {"start": AT})},
            f"Certificate 2 was not taken: It is not valid before {iso(AT)}: run it again then.",
        ),
        (
            "key_type_not_offered",
            {"certificate_id": 2, "why": NOT_OFFERED},
            f"Certificate 2 was not taken: {NO_SUITES} Have the certificate issued with an RSA key.",
        ),
        (
            "key_type_not_offered",
            {"why": Obstacle("key_type_not_offered", {**NOT_OFFERED.facts, "offers_rsa": False})},
            f"{NO_SUITES} Have the certificate issued with another key.",
        ),
        (
            "key_type_not_offered",
            {"why": NOT_OFFERED, "source": "certbot", "name": "web", "names": ["www.example.com"]},
            f"{NO_SUITES} {(rsa := remedy('rsa_key', 'certbot', 'web', ['www.example.com']))[:1].upper()}{rsa[1:]}.",
        ),
        (
            "names_not_covered",
            {"lost": ["a.example", "b.example"], "listener": "web:443"},
            "The certificate is for none of the names that it serves, a.example, b.example: see that web:443 is the listener that is meant. "
            "If it is, store the certificate with import_new, and name it in ssl_certificate_deploy, with allow_name_loss.",
        ),
        (
            "names_not_covered",
            {"lost": ["a.example"], "is_named": False},
            "It would no longer serve a.example: name it as one of the listeners, if that is meant.",
        ),
        ("not_approved", {}, NOT_APPROVED),
        *(
            (
                "changed_meanwhile",
                facts,
                f"Cannot switch the listener as approved: {why}. Create a new preview in check mode.",
            )
            for facts, why in (
                (
                    {"had": 1001, "certificate_id": 1002},
                    "it has certificate 1002, and no longer certificate 1001 as in the preview",
                ),
                (
                    {"had": 1001, "certificate_id": None},
                    "it has no certificate, and no longer certificate 1001 as in the preview",
                ),
                (
                    {"is_stored": True, "certificate_id": 1001},
                    "the approved certificate can no longer replace certificate 1001",
                ),
                (
                    {"is_stored": False, "certificate_id": 1001},
                    "the store does not contain the approved certificate",
                ),
            )
        ),
    ],
)
def test_why_a_listener_is_not_switched(reason: str, facts: dict[str, Any], said: str) -> None:
    outcome = "skipped" if "newer" in facts else "failed"
    assert of_target(outcome, reason, facts) == why_not_switched(Obstacle(reason, facts)) == said


# What was seen


def probe(finding: str, words: str = "192.0.2.1: No.", **known: Any) -> Any:
    """What was seen at all addresses."""
    whole = {"closed": (), "working": (), "accepted": True, "refusal": None, **known}
    return SimpleNamespace(finding=finding, words=words, **whole)


SERVED, REFUSED = probe("served"), probe("served", accepted=False, refusal="it is old")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"probe": SERVED}, "It is served."),
        ({"probe": SERVED, "is_interrupted": True}, "It is served."),
        ({"is_interrupted": True}, "The run was told to stop before it was seen what is served."),
        (
            {"probe": probe("served", closed=("192.0.2.2",))},
            "It is served. 1 of its addresses cannot be reached from here.",
        ),
        ({"probe": REFUSED}, "It is served. Clients refuse it: it is old."),
        (
            {"probe": REFUSED, "was_refused": True},
            "It is served. Clients refuse it, as they refused what was there before: it is old.",
        ),
        ({"probe": probe("unreachable")}, "What is served cannot be looked at from here: 192.0.2.1: No."),
    ],
)
def test_what_was_seen(facts: dict[str, Any], said: str) -> None:
    assert of_target("switched", None, {"was_refused": False, **facts}) == f"Switched. {said}"


def test_what_was_seen_of_a_listener_that_keeps_what_it_has() -> None:
    facts = {"why": LOST, "probe": SERVED, "was_refused": False}
    assert of_target("skipped", "names_not_covered", facts) == f"{LACKS} The one that the listener has is served."
    facts = {"is_deleted": True, "glimpsed": "No TLS."}
    assert of_target("skipped", "not_found", facts) == "The listener was deleted meanwhile. No TLS."


CAUSE = {"balancer": WEB, "since": None, "called": "web:443"}
STALE = "another one is served: 192.0.2.1: No. Load balancer web does not serve what this listener has been set to"
SUPPORT = "pen a support case for load balancer uuid-of-web."


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "not_accepted",
            {"probe": REFUSED},
            "clients refuse what is served, and accepted what was served before: it is old. See whether the load balancer sends the chain that "
            "the store holds; if that lacks a certificate, import this one again with all its intermediate certificates.",
        ),
        ("not_served", {"probe": probe("failing")}, "no TLS handshake succeeds: 192.0.2.1: No."),
        (
            "not_served",
            {"probe": probe("failing", working=("192.0.2.2",))},
            "the TLS handshake does not succeed at each of its addresses: 192.0.2.1: No.",
        ),
        ("not_served", {"probe": probe("unreachable")}, "it does not accept connections any more: 192.0.2.1: No."),
        *(
            ("not_served", {"cause": cause}, said)
            for cause, said in (
                (Obstacle("not_served", CAUSE), f"{STALE}. O{SUPPORT}"),
                (Obstacle("not_served", {**CAUSE, "since": AT}), f"{STALE} since {iso(AT)} or earlier. O{SUPPORT}"),
                (
                    Obstacle("not_served", {**CAUSE, "other_id": 7, "allow": ["allow_expired"]}),
                    f"{STALE}. Switch it to another certificate with {deploy(7, 'web:443', ['allow_expired'])}, and back with "
                    f"{deploy(2, 'web:443')}. If that does not help, o{SUPPORT}",
                ),
                (
                    Obstacle("balancer_error", {"balancer": WEB}),
                    "another one is served: 192.0.2.1: No. Load balancer web is ERROR.",
                ),
                (
                    Obstacle("balancer_busy", {"balancer": WEB}),
                    "another one is served: 192.0.2.1: No. Load balancer web was UPDATE_PENDING: run it again when it is ACTIVE.",
                ),
            )
        ),
    ],
)
def test_what_is_not_as_the_api_says(reason: str, facts: dict[str, Any], said: str) -> None:
    known = {"probe": probe("other"), "certificate_id": 2, "cause": None, **facts}
    assert of_target("failed", reason, known) == f"With certificate 2 in the API, {said}"


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (
            "not_accepted",
            {"probe": REFUSED, "predecessor_id": 1, "called": "web:443"},
            f"Clients refuse what is served: it is old. {deploy(1, 'web:443')} goes back to the one that was probably before it, which clients "
            "trust, or import this one again with today's chain.",
        ),
        (
            "not_served",
            {"probe": probe("other"), "demand": DEMAND},
            "It must serve a certificate for www.example.com, and another one is served: 192.0.2.1: No. Have that served there, or correct what "
            "is expected.",
        ),
        (
            "refused",
            {"error": "No.", "is_interrupted": True, "previous_id": 1},
            "No. It was not pointed back to certificate 1, because the run was told to stop.",
        ),
        (
            "not_served",
            {"error": "No.", "rolled_back_to": 1, "works": True},
            "It was pointed back to certificate 1 and works again. No.",
        ),
        (
            "not_served",
            {"error": "No.", "rolled_back_to": 1, "works": False},
            "It was pointed back to certificate 1 and does not work yet: see to it at once. No.",
        ),
        (
            "not_served",
            {"error": "No.", "rolled_back_to": 1, "why_not": Obstacle("not_found", {"is_deleted": True})},
            "No. Pointing it back to certificate 1 failed, too: The listener was deleted meanwhile.",
        ),
    ],
)
def test_what_has_failed(reason: str, facts: dict[str, Any], said: str) -> None:
    assert of_target("failed", reason, facts) == said


def test_the_warning_about_what_clients_refuse() -> None:
    """Listeners of one load balancer are sorted by port."""
    warning = refused_by_clients({"web:8443", "web:443", "api:443"}, "it is old", "chain")
    said = "Clients refuse what these listeners serve: api:443, web:443, web:8443: it is old."
    assert warning == f"{said} {REFUSAL_REMEDIES['chain']}"
    assert {
        "ended": "Have it renewed: it has ended.",
        "to_come": "Wait until it begins, or check this machine's clock.",
        "chain": trust_remedy(None),
        "chain_elsewhere": trust_remedy(None, "served"),
    } == REFUSAL_REMEDIES


def test_the_warning_about_what_was_not_reached() -> None:
    assert not_reached({"web:8443", "web:443"}) == (
        "What these listeners serve cannot be looked at from here: web:443, web:8443. Run it from a machine that reaches them, or see with "
        "ssl_endpoint_info from there."
    )


# Selections and limits


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"load_balancers": ["prdo", "ap"], "there": []},
            "No load balancer matches prdo, ap of load_balancers, or the API user has no access to it; there are: none.",
        ),
        (
            {"common_names": ["ww"], "there": ["a", "b", "c", "d", "e", "f"]},
            "No certificate matches ww of common_names; there are those for: a, b, c, d, e and 1 more.",
        ),
        (
            {"common_names": ["ww"], "there": []},
            "No certificate matches ww of common_names; there are those for: nothing.",
        ),
    ],
)
def test_patterns_that_match_nothing(facts: dict[str, Any], said: str) -> None:
    assert unmatched(Obstacle("not_found", facts)) == said


def test_too_many_listeners() -> None:
    assert too_many_listeners(Obstacle("too_many_listeners", {"planned": 3, "max_listeners": 2})) == (
        "The run would switch more listeners (3) than max_listeners allows (2), so it switched none. Select fewer of them, or raise max_listeners."
    )


# Certificates that are kept


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("in_use", {"listeners": ["far:443"]}, "far:443 uses it."),
        ("in_use", {"listeners": ["far:443", "far:8443"]}, "far:443, far:8443 use it."),
        ("in_use", {"services": None}, "the API does not tell whether a service uses it."),
        ("in_use", {"services": 1}, "a service uses it that this run does not deal with."),
        ("in_use", {"services": 2}, "2 services use it that this run does not deal with."),
        ("in_use", {"endpoints": ["vpc:443"]}, "vpc:443 serves it. Deploy another certificate to this endpoint."),
        (
            "in_use",
            {"endpoints": ["vpc:443", "cdn:443"]},
            "vpc:443, cdn:443 serve it. Deploy another certificate to these endpoints.",
        ),
        (
            "in_use",
            {"expected_by": "endpoints[3]"},
            "endpoints[3] expects it to be served. If that is no longer true, change what endpoints[3] expects.",
        ),
        (
            "not_accepted",
            {"listeners": ["web:443", "api:443"], "refusal": "no issuer"},
            "TLS clients reject its replacement at web:443, api:443: no issuer. Check whether the load balancer sends the chain that the store "
            "contains. If that chain lacks a certificate, import the replacement again with all its intermediate certificates. For a private CA, "
            "set trusted_ca_path.",
        ),
        (
            "unreachable",
            {"endpoints": ["vpc:443", "cdn:443"]},
            "the run could not see what vpc:443, cdn:443 serve. Run the rotation from a host that reaches each of their addresses, or set "
            "remove_unverified.",
        ),
        (
            "not_served",
            {"listeners": [*"abcdefg"]},
            "it was not seen at each address that a, b, c, d, e and 2 more serve what replaces it.",
        ),
    ],
)
def test_why_a_certificate_is_kept(reason: str, facts: dict[str, Any], said: str) -> None:
    assert why_kept(1, Obstacle(reason, facts)) == f"Certificate 1 is kept, because {said}"


def test_until_when_a_certificate_is_kept() -> None:
    assert why_kept(1, Obstacle("expires_earlier", {"end": AT})) == (
        f"Certificate 1 is kept until it ends at {iso(AT)}, because what replaces it ends earlier."
    )
    assert why_kept(1, Obstacle("in_use", {"endpoint": 3, "demand": DEMAND})) == (
        "It is kept until it is known what endpoints must serve. endpoints[3].expected: The store holds no certificate 7: "
        "ssl_certificate_info lists those that it holds."
    )
