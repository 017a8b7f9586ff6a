# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what a rotation has decided, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.names import source_name
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import (
    DEPLOY,
    ROTATE,
    adopt,
    deploy,
    remove,
    rsa_key,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import iso
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import trust_remedy
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.attention import AttentionItem, Served
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages import (
    NOT_APPROVED,
    REFUSAL_REMEDIES,
    changed_while_read,
    needs_attention,
    none_usable,
    not_reached,
    of_target,
    refused_by_clients,
    too_many_listeners,
    unmatched,
    why_attention,
    why_empty,
    why_kept,
    why_not_adopted,
    why_not_imported,
    why_not_read,
    why_not_switched,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.renewal_info import RenewalRequest
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import Read
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, Origin
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Chain
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import Revocation
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.lifespan import Lifespan

from tests.support.certificates import DAY, NOW
from tests.support.rotating import entry, listener
from tests.support.secrets import secret
from tests.support.stored import NAME, TRUSTED, Made

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
WEB: Any = SimpleNamespace(
    name="web",
    uuid="uuid-of-web",
    provisioning_status="UPDATE_PENDING",
    why_ended="Load balancer web is ERROR.",
    shown_error=" The API says of its previous change: No disk.",
)
DEMAND: Any = SimpleNamespace(
    names=("www.example.com",),
    why_unknown=Obstacle("not_found", {"certificate_id": 7, "is_there": False}),
)
STORED, COPY, COMING = (
    SimpleNamespace(id=number, handle="ab12", certificate=SimpleNamespace(fingerprint_sha256="ab12"))
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
            "The API accepted the change, but the listener does not have the certificate: run it again. "
            "The API says of its previous change: No disk.",
        ),
        ("names_not_covered", {"newer": STORED, "why": LOST}, f"The newer certificate 2 was not taken: {LACKS}"),
        (
            "names_not_covered",
            {"newer": COMING, "why": LOST},
            f"The newer certificate with the SHA-256 ab12, which is not stored yet, was not taken: {LACKS}",
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
            f"{NO_SUITES} {(rsa := rsa_key('certbot', 'web', ['www.example.com']))[:1].upper()}{rsa[1:]}.",
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
        (
            "changed_meanwhile",
            {},
            "It would have been switched, but the store does not hold that certificate. Run the check again.",
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
                    Obstacle("not_served", {**CAUSE, "other_id": 7, "allow": "allow_expired"}),
                    f"{STALE}. Switch it to another certificate with {deploy(7, 'web:443', 'allow_expired')}, and back with "
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
    assert too_many_listeners(3, 2) == (
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
        (
            "in_use",
            {"endpoints": ["vpc:443"], "newest": STORED},
            "vpc:443 serves it: have certificate 2 served there, and it is removed.",
        ),
        (
            "in_use",
            {"endpoints": ["vpc:443", "cdn:443"], "newest": COMING},
            "vpc:443, cdn:443 serve it: have certificate with the SHA-256 ab12, which is not stored yet, served there, and it is "
            "removed.",
        ),
        (
            "in_use",
            {"expected_by": "endpoints[3]", "newest": STORED},
            "endpoints[3] expects it to be served: name certificate 2 there, and it is removed.",
        ),
        (
            "not_accepted",
            {"listeners": ["web:443"], "refusal": "it is old"},
            "clients refuse what web:443 serves in its place: it is old.",
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


# Sources, and what needs attention

OLD, NEW = Made(days=(-80, 10)), Made()
OTHER = "api.example.com"
ISSUER = Certificate.of(TRUSTED.chain[0])
LEAF = certificate_of(NEW.record())
BEGIN, END = iso(NOW - DAY), iso(NOW + 90 * DAY)
REVOKED = f"revoked at {BEGIN} (keyCompromise)"
ADOPT = f"`ansible-playbook softlayer.certificates.adopt -e source=/certbot/1 -e common_name={NAME}`"
ANEW = "`certbot renew --cert-name entry-1 --force-renewal` has it issued anew"


def revocation(of: Certificate) -> Revocation:
    """A certificate was revoked yesterday."""
    return Revocation("revoked", of, NOW - DAY, "keyCompromise")


def reason_of(value: object) -> str:
    """The name of a case: sentences tell the time."""
    return value.reason if isinstance(value, Obstacle) else ""


# Why a certificate of a source is not imported


def renews_nothing(reason: str, remedy: str, listeners: Any = (), **facts: Any) -> Obstacle[Any]:
    """A certificate of the store is the nearest to it, and cannot be replaced by it."""
    nested = Obstacle(reason, facts)
    return Obstacle(reason, {"nearest": OLD.record(1), "why": nested, "remedy": remedy, "listeners": listeners})


LATER = (
    "It ends later than certificate 3 of the store, which is for the same names, but begins earlier, so it does not renew that: "
    "`ansible-playbook softlayer.certificates.adopt {}-e common_name=www.example.com` has this one served; or {}."
)
NO_RENEWAL = (
    "It renews no certificate of the store. For certificate 1, it lacks names that are served now: api.example.com."
)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("not_approved"), NOT_APPROVED),
        (Obstacle("expired"), f"It expired at {END}: `certbot renew --cert-name entry-1` renews it, or says why not."),
        (
            Obstacle("not_yet_valid"),
            f"It is not valid before {BEGIN}: run it again then, or check this machine's clock.",
        ),
        (Obstacle("revoked", {"revocation": revocation(LEAF)}), f"It was {REVOKED}: {ANEW}."),
        (
            Obstacle("untrusted", {"revocation": revocation(ISSUER)}),
            f"Its issuer Public CA 2 was {REVOKED}. Import it again with the chain that its authority has in its place.",
        ),
        (
            Obstacle("untrusted"),
            "Not trusted: a stranger signed it. Have it issued anew, or give another chain of its authority.",
        ),
        (Obstacle("already_imported", {"certificate_id": 2}), "The store has it: certificate 2."),
        (
            Obstacle("superseded", {"stored": NEW.record(2)}),
            f"The store has a newer one for the same names: certificate 2, valid until {END}.",
        ),
        (
            Obstacle("superseded", {"other": entry(NEW, 2)}),
            f"certbot has a better one for the same names, /certbot/2/cert.pem, valid until {END}.",
        ),
        (
            Obstacle("superseded", {"other": entry(replace(NEW, names=(NAME, OTHER)), 2, key=None)}),
            f"certbot has a better one for these names and more, entry-2, valid until {END}.",
        ),
        (
            Obstacle("ambiguous", {"stored": NEW.record(2)}),
            "The store has one that is exactly as new, certificate 2, so it is not known which one is meant: "
            f"{ADOPT} has this one served.",
        ),
        (
            Obstacle("ambiguous", {"other": entry(NEW, 2)}),
            "certbot has another one that is exactly as new, /certbot/2/cert.pem, so it is not known which one is meant: leave one of them there.",
        ),
        (
            Obstacle("ambiguous", {"later": OLD.record(3), "listeners": ["web:443"]}),
            LATER.format("-e source=/certbot/1 -e listener=web:443 ", ANEW),
        ),
        (
            Obstacle("new_name", {"names": None}),
            "The list of the store is empty. If certificates are stored, give the API user the permission SECURITY_CERTIFICATE_MANAGE; if none "
            "is, import_new: true imports it.",
        ),
        (
            Obstacle("new_name", {"names": frozenset()}),
            "It is for no name, so it renews no certificate of the store. import_new: true imports it.",
        ),
        (
            Obstacle("new_name", {"names": frozenset({"b.example", "a.example"})}),
            "The store holds no certificate for a.example, b.example that it would renew: import_new: true imports it.",
        ),
        (
            renews_nothing("names_not_covered", "names_not_covered", ["web:443", "web:8443"], lost=[OTHER]),
            f"{NO_RENEWAL} Have it issued for all names; or if they are to go, `ansible-playbook softlayer.certificates.adopt "
            f"-e source=/certbot/1 -e listeners=web:443,web:8443 -e common_name={NAME}` has it served.",
        ),
        (
            renews_nothing("names_not_covered", "names_by_wildcard", lost=[OTHER]),
            f"{NO_RENEWAL} Its wildcards have them: {ADOPT} has it served; or have it issued for these names, too.",
        ),
        (
            renews_nothing("organization_differs", "organization_differs", new=frozenset(), present=frozenset({"B"})),
            "It renews no certificate of the store. For certificate 1, its organization (none) is not that of what is served now (B). "
            f"If that is meant, {ADOPT} has it served, once.",
        ),
        (
            renews_nothing("not_yet_valid", "not_yet_valid", start=NOW),
            f"It renews no certificate of the store. For certificate 1, it is not valid before {iso(NOW)}: run it again then.",
        ),
    ],
    ids=reason_of,
)
def test_why_not_imported(why: Obstacle[Any], said: str) -> None:
    strange = replace(entry(NEW), chain=Chain((), "untrusted", "a stranger signed it"))
    assert why_not_imported(why, strange) == said


def test_a_key_that_is_not_offered() -> None:
    """The remedy is for all names, the one that it is called by first."""
    why = renews_nothing("key_type_differs", "key_type_differs", new="EC", present="RSA")
    ec = entry(Made(names=(OTHER, NAME), key="ec"), source="lego")
    assert "For certificate 1, its key is EC, and that of what is served now is RSA: " in why_not_imported(why, ec)
    said = f"`lego run --key-type RSA2048 --renew-force --domains {NAME} --domains {OTHER}` issues it anew"
    assert said in why_not_imported(why, ec)


def test_what_is_in_no_folder_is_looked_for_among_the_sources() -> None:
    said = why_not_imported(Obstacle("ambiguous", {"stored": NEW.record(2)}), entry(NEW, source="mail"))
    assert f"softlayer.certificates.adopt -e common_name={NAME}` has" in said


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("not_active"), "Secrets Manager says that it is pre-activation: look there why it is not active."),
        (Obstacle("expired"), f"It expired at {END}: have Secrets Manager renew it, or import a new version there."),
        (
            Obstacle(
                "names_not_covered",
                {"nearest": OLD.record(1), "lost": [OTHER], "remedy": "names_not_covered", "listeners": ["web:443"]},
            ),
            f"{NO_RENEWAL} Have it issued for all names; or if they are to go, `ansible-playbook softlayer.certificates.adopt -e listener=web:443 "
            f"-e common_name={NAME}` has it served.",
        ),
        (
            Obstacle("ambiguous", {"later": OLD.record(3), "listeners": ()}),
            LATER.format("", "have Secrets Manager get it issued anew"),
        ),
        (
            Obstacle("new_name", {"names": frozenset()}),
            "It is for no name, so it renews no certificate of the store. import_new: true imports it.",
        ),
        (Obstacle("certificate_missing", {"is_gone": True}), "It was removed from Secrets Manager while this ran."),
        (
            Obstacle("key_missing", {"has_key": False}),
            "Secrets Manager has no private key of it: import it there again, with its key.",
        ),
    ],
    ids=reason_of,
)
def test_why_not_read(why: Obstacle[Any], said: str) -> None:
    assert why_not_read(why, secret(NEW.issued, state=0)) == said


def test_a_secret_without_a_common_name_is_called_by_another_name() -> None:
    facts = {"later": OLD.record(3), "names": frozenset({"b.example", "a.example"}), "listeners": ()}
    said = why_not_read(Obstacle("ambiguous", facts), secret(NEW.issued, common_name=None))
    assert "-e common_name=a.example` has" in said


def test_why_not_adopted() -> None:
    lacks = Obstacle("not_found", {"names": [NAME, OTHER]})
    said = f"The source has no certificate for a.example that can be read; it has those for: {NAME}, {OTHER}."
    assert why_not_adopted(lacks, "a.example", Read()) == said
    useless = {"name": "shop", "message": "It is locked."}
    sources = Read(
        useless=[useless], unwanted=[useless], failed=[{"message": "No answer."}], empty=[{"message": "No."}]
    )
    others = "shop cannot be used: It is locked. shop cannot be used: It is locked. No answer. No."
    assert why_not_adopted(lacks, "a.example", sources) == f"{said} {others}"
    nothing = why_not_adopted(Obstacle("not_found", {"names": []}), "a.example", Read(useless=[useless] * 11))
    assert "it has those for: nothing. shop " in nothing and nothing.count("cannot be used") == 10
    used = Obstacle("untrusted", {"entry": entry(NEW), "why": Obstacle("already_imported", {"certificate_id": 2})})
    assert why_not_adopted(used, NAME, Read()) == "certbot entry-1 cannot be used: The store has it: certificate 2."


def test_of_several_to_adopt_one_is_named_by_its_folder_or_moved_to_one() -> None:
    both = [entry(NEW), entry(OLD, 2)]
    said = (
        f"The source has several certificates for {NAME}, and none may stand in for all others: /certbot/1/cert.pem (RSA, until {END}), "
        f"/certbot/2/cert.pem (RSA, until {iso(NOW + 10 * DAY)}). "
    )
    why = Obstacle("ambiguous", {"rivals": both})
    assert why_not_adopted(why, NAME, Read()) == f"{said}Name one of them as the source: /certbot/1 or /certbot/2."
    same = Obstacle("ambiguous", {"rivals": [replace(each, path="/keys/cert.pem") for each in both]})
    moved = "Copy one, with its key, to a folder of its own, and name that as the source."
    assert why_not_adopted(same, NAME, Read()).endswith(f"(RSA, until {iso(NOW + 10 * DAY)}). {moved}")


def test_what_was_changed_while_it_was_read() -> None:
    action: Any = SimpleNamespace(message="It is another key.")
    said = "Its files were changed while they were read: run it again. It is another key."
    assert changed_while_read(action) == said


# A source that brings nothing


@pytest.mark.parametrize(
    ("why", "kind", "said"),
    [
        (Obstacle("not_found", {"path": "/a"}), "certbot", "/a is not there. {SEE}"),
        (Obstacle("not_found", {"error": "It is no folder."}), "certbot", "It is no folder."),
        (Obstacle("empty", {"path": "/a"}), "certbot", "/a is empty. {SEE}"),
        (
            Obstacle("other_kind", {"path": "/a", "kind": "lego"}),
            "certbot",
            "/a is a place of the kind lego: write lego in place of certbot.",
        ),
        (Obstacle("nothing", {"path": "/a"}), "mail", "there is no private key in /a. {SEE}"),
        (Obstacle("nothing", {"path": "/a"}), "acme_sh", "there is no certificate with its private key in /a. {SEE}"),
        (Obstacle("no_messages", {"error": "0 messages."}), "mail", "0 messages."),
        (
            Obstacle("no_secrets", {"url": "https://a"}),
            "secrets_manager",
            "https://a has no certificate, or none to which the source is narrowed. See that it is the right instance.",
        ),
    ],
)
def test_why_empty(why: Obstacle[str], kind: str, said: str) -> None:
    see = "See that its disk is mounted, and that the path is right."
    assert why_empty(why, kind) == f"The source {source_name(kind)} brings nothing: {said.format(SEE=see)}"


def test_none_usable() -> None:
    locked = Bundle(origin=Origin("www", "/a"), trouble=Obstacle("malformed", {"error": "It is locked."}))
    said = "None of the 2 certificates in /keys can be used. www: It is locked."
    assert none_usable("/keys", [locked, locked]) == said


# What needs attention

LISTENER = listener(1, NEW.record(1), accepted=False, refusal="its issuer is missing")
WWW = {"source": "lego", "name": "www", "common_name": None, "subject_alt_names": [NAME], "message": "It is locked."}
HELD = {"new": NEW.record(10), "old": OLD.record(1), "listener": LISTENER, "entry": None, "remedy": "untrusted"}
RSA_KEY = "Request the renewal with an RSA key from its CA or ACME client."
ENTRY, THERE = entry(NEW), "certbot entry-1 (/certbot/1/cert.pem)"
REQUEST = RenewalRequest(ENTRY, NOW, "https://ca.example/why")
HELD_BACK = "Certificate 10 of the store, which is newer, is held back. It lacks a name."
CERTBOT_FAILED = "certbot entry-1 has not done so: `certbot renew --cert-name entry-1` renews it, or says why not."
NOT_YET = f"It is not valid before {BEGIN}, and clients refuse it until then:"
NOT_DEPLOYED = "Certificate 10 of the store can replace it, and was not deployed"


def held(reason: str = "untrusted", **facts: Any) -> Obstacle[str]:
    """Something newer is held back."""
    return Obstacle("held_back", {**HELD, "why": Obstacle(reason, {"error": "It lacks a name."}), **facts})


def not_deployed(because: str | None) -> Obstacle[str]:
    """What is newer is stored, and nobody serves it."""
    return Obstacle("not_deployed", {"certificate_id": 10, "because": because})


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("listener", {"listener": LISTENER}), LISTENER.message),
        (held(entry=ENTRY), f"The newer certificate of {THERE} is held back. It lacks a name."),
        (
            held(remedy="names_by_wildcard"),
            f"{HELD_BACK} Its wildcards have them: {deploy(10, 'web:443')} has it served; or have it issued for these names, too.",
        ),
        (
            held(remedy="key_type_differs", old=replace(OLD, key="ec").record(1)),
            f"{HELD_BACK} If that is meant, {deploy(10, 'web:443', 'allow_key_type_change')} has it served, once.",
        ),
        (held(remedy="key_type_differs", new=replace(NEW, key="ec").record(10)), f"{HELD_BACK} {RSA_KEY}"),
        (held("organization_differs"), f"{HELD_BACK} Or if nobody wants it, {remove(10)} deletes it."),
        (held("organization_differs", new=NEW.record(10, associatedServiceCount=1)), HELD_BACK),
        (Obstacle("unusable", {"skipped": WWW}), "lego www would renew it and cannot be used: It is locked."),
        (
            Obstacle("renewal_requested", {"request": REQUEST}),
            f"Its authority wanted it renewed by {iso(NOW)} (it says why at https://ca.example/why ), and {CERTBOT_FAILED}",
        ),
        (
            Obstacle("renewal_requested", {"request": replace(REQUEST, explanation_url=None)}),
            f"Its authority wanted it renewed by {iso(NOW)}, and {CERTBOT_FAILED}",
        ),
        (
            Obstacle("not_yet_valid", {"listener": LISTENER, "before": 7}),
            f"{NOT_YET} {deploy(7, 'web:443')} goes back to certificate 7, or check this machine's clock.",
        ),
        (
            Obstacle("not_yet_valid", {"listener": LISTENER, "before": None}),
            f"{NOT_YET} have one served that is valid, or check this machine's clock.",
        ),
        (
            Obstacle("not_accepted", {"listener": LISTENER, "has_whole_chain": True}),
            "Clients refuse what is served: its issuer is missing. The chain that the store holds is complete: see why the load balancer does "
            "not send it, or import the certificate again.",
        ),
        (
            Obstacle("not_accepted", {"listener": LISTENER, "has_whole_chain": False}),
            f"Clients refuse what is served: its issuer is missing. {REFUSAL_REMEDIES['chain']}",
        ),
        (not_deployed(None), f"{NOT_DEPLOYED}: {DEPLOY} has it served."),
        (not_deployed("refused"), f"{NOT_DEPLOYED}, because no listener was switched: see what failed."),
        (
            not_deployed("phase"),
            f"{NOT_DEPLOYED}, because this run was without the phase deploy: {DEPLOY} has it served.",
        ),
        (not_deployed("not_approved"), f"{NOT_DEPLOYED}, because nobody has approved it: {DEPLOY} has it served."),
        (
            Obstacle("newer_elsewhere", {"record": NEW.record(2)}),
            "Certificate 2 of the store is newer: have it served there.",
        ),
        (Obstacle("newer_elsewhere", {"entry": ENTRY}), f"The certificate of {THERE} is newer: have it served there."),
        (
            Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(10)}),
            "The store cannot show certificate 1, which the listener has, but certificate 10 for its names: "
            f"{deploy(10, 'web:443', 'allow_name_loss')} has it served.",
        ),
        (
            Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(None)}),
            f"The store cannot show certificate 1, which the listener has, but certificate with the SHA-256 {LEAF.fingerprint_sha256}, which is "
            "not stored yet, for its names: `ansible-playbook softlayer.certificates.adopt -e listener=web:443 -e "
            f"common_name={NAME}` has it served.",
        ),
        (
            Obstacle("left_out", {"entry": ENTRY, "skipped": WWW}),
            f"{THERE} would renew it, but was left out: It is locked.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "phase"}),
            f"{THERE} would renew it, but this run was without the phase import: {ROTATE} brings it here.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "refused"}),
            f"{THERE} would renew it, but no listener was switched: see what failed.",
        ),
        (
            Obstacle("not_imported", {"entry": ENTRY, "because": "not_stored"}),
            f"{THERE} would renew it, but could not be stored as it is: see what failed.",
        ),
        (
            Obstacle("not_renewed", {"skipped": {**WWW, "source": "acme_sh", "key_type": "EC"}}),
            f"acme.sh www has it, and has not renewed it: `acme.sh --renew --domain {NAME} --ecc` renews it, or says why not.",
        ),
        (Obstacle("unused", {"skipped": WWW}), "lego www: It is locked."),
        (Obstacle("unused", {"skipped": {**WWW, "name": None}}), f"lego {NAME}: It is locked."),
        (
            Obstacle("no_source", {"has_sources": True, "is_managed": True}),
            "No source has a newer certificate for it: have the client that looks after it renew it, and see that its certificates are among "
            "the sources.",
        ),
        (
            Obstacle("no_source", {"has_sources": False, "is_managed": True}),
            f"Have it renewed, and {ROTATE} brings it here.",
        ),
        (Obstacle("no_source", {"has_sources": False, "is_managed": False}), "Have it renewed there."),
    ],
    ids=reason_of,
)
def test_why_attention(why: Obstacle[str], said: str) -> None:
    record = NEW.record(1)
    assert why_attention(why, Served(Lifespan.of(LEAF, ()), LEAF, record)) == said


def test_what_the_store_does_not_have() -> None:
    said = why_attention(
        Obstacle("not_held", {"listener": LISTENER, "newest": NEW.record(10)}), Served(Lifespan.of(LEAF, ()))
    )
    assert said.startswith("The store has no certificate 1, which the listener has, but certificate 10 for its names: ")


def test_an_issuer_that_is_not_valid_yet() -> None:
    later = Lifespan(NOW, NOW, starts_by=ISSUER)
    said = why_attention(Obstacle("not_yet_valid", {"listener": LISTENER, "before": None}), Served(later))
    assert said.startswith("Its issuer Public CA 2 is not valid before ")


def test_what_was_revoked() -> None:
    """By whom it is issued anew, and what may be served until then."""
    when = f"was {REVOKED}, and clients that look refuse it"

    def said(of: Certificate, source: Any = None, before: int | None = None, **changed: Any) -> str:
        facts = {
            "listener": replace(LISTENER, **changed),
            "revocation": revocation(of),
            "entry": source,
            "before": before,
        }
        return why_attention(Obstacle("revoked", facts), Served(Lifespan.of(LEAF, ()), LEAF))

    there = f"{ROTATE} brings it here."
    chain = "have it issued anew, or put the chain that its authority has in its place beside it"
    back = f"Until then, {deploy(2, 'web:443')} goes back to the one that was probably before it."
    assert said(ISSUER) == f"Its issuer Public CA 2 {when}: {chain}; {there}"
    assert said(LEAF, ENTRY) == f"It {when}: {ANEW}; {there}"
    assert said(LEAF, before=2) == f"It {when}: have it issued anew; {there} {back}"
    assert said(LEAF, renewal_id=7) == f"It {when}: {DEPLOY} has certificate 7 of the store served in its place."


@pytest.mark.parametrize(
    ("reason", "issuer", "why", "said"),
    [
        ("expired", None, Obstacle("unusable", {"skipped": WWW}), f"It expired at {iso(NOW)}. lego www would renew it"),
        ("expiring", None, Obstacle("unused", {"skipped": WWW}), f"It ends at {iso(NOW)}, and nothing renews it. lego"),
        (
            "expiring",
            ISSUER,
            held(),
            f"Its issuer Public CA 2 ends at {iso(NOW)}, and clients refuse it from then on. Import the certificate again with today's chain. "
            "Certificate 10",
        ),
        (
            "expired",
            ISSUER,
            Obstacle("not_renewed", {"skipped": WWW}),
            f"Its issuer Public CA 2 expired at {iso(NOW)}, and clients refuse it from then on, and nothing renews it. Import the certificate "
            "again with today's chain. lego www has it",
        ),
        ("unusable", None, Obstacle("unusable", {"skipped": WWW}), "lego www would renew it"),
    ],
    ids=reason_of,
)
def test_needs_attention(reason: Any, issuer: Certificate | None, why: Obstacle[str], said: str) -> None:
    item = AttentionItem(reason, LISTENER, Served(Lifespan(NOW - DAY, NOW, issuer)), why)
    plain = needs_attention(item)
    assert plain.startswith(said) and plain.endswith(why_attention(why, item.served))
    until = " A run fails only once what is served is due for renewal."
    assert needs_attention(replace(item, fails_from="due")) == f"{plain}{until}"
    assert needs_attention(replace(item, fails_from=NOW)) == f"{plain} No run fails for it before {iso(NOW)}."
