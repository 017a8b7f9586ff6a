# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads what becomes of listeners and endpoints, and what is not removed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import adopt, deploy
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import find_trust_remedy
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_deploy import (
    REFUSAL_REMEDIES,
    UNAPPROVED_CHANGE,
    describe_excess,
    describe_rejection,
    describe_target,
    describe_unmatched,
    describe_unreachable,
    why_kept,
    why_unswitched,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.messages import remedy

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
WEB: Any = SimpleNamespace(
    name="web",
    uuid="uuid-of-web",
    provisioning_status="UPDATE_PENDING",
    final_status_message="Load balancer web is ERROR.",
    error_sentence=" The API reports about its previous change: No disk.",
)
DEMAND: Any = SimpleNamespace(
    names=("www.example.com",), why_unknown=Obstacle("not_found", {"certificate_id": 7, "is_there": False})
)
STORED, COPY, COMING = (
    SimpleNamespace(
        id=number, handle="ab12", certificate=SimpleNamespace(fingerprint_sha256="ab12", shown_name="www.example.com")
    )
    for number in (2, 3, None)
)
LOST = Obstacle("names_not_covered", {"lost": ["a.example.com"]})
LACKS = "The new certificate lacks DNS names of the current certificate: a.example.com."
NOT_OFFERED = Obstacle("key_type_not_offered", {"key_type": "EC", "load_balancer": "web", "offers_rsa": True})
NO_SUITES = (
    "Load balancer web does not offer cipher suites for EC keys, so TLS clients could not connect. By default, load balancers offer cipher "
    "suites for RSA keys only."
)
NOT_VALID = {"kept": "best", "valid_id": None, "called": "web:443"}
BEST = "The certificate store does not contain a better certificate."


# Listeners


@pytest.mark.parametrize(
    ("outcome", "facts", "said"),
    [
        ("switched", {}, "Switched."),
        ("switched", {"is_stored": False}, "Switched."),
        ("unchanged", {"kept": "best"}, BEST),
        (
            "unchanged",
            {**NOT_VALID, "end": AT},
            f"{BEST} The current certificate is valid only until {format_time(AT)}.",
        ),
        (
            "unchanged",
            {**NOT_VALID, "start": AT, "valid_id": 8},
            f"{BEST} The current certificate is valid only from {format_time(AT)}. Certificate 8 is valid now but was issued earlier. "
            f"To deploy certificate 8, run {deploy(8, 'web:443')}.",
        ),
        ("unchanged", {"kept": "same"}, "The listener already has the certificate."),
        (
            "unchanged",
            {"kept": "newer", "certificate_id": 3},
            "The listener has certificate 3, which is newer than the certificate in the source and can replace it.",
        ),
        ("unchanged", {"kept": "not_stored"}, "The certificate was not stored."),
        ("unchanged", {"kept": "switched"}, "Another run has already switched the listener."),
        ("unchanged", {"kept": "as_it_is", "certificate_id": 1}, "The listener has certificate 1."),
        ("unchanged", {"kept": "as_it_is", "certificate_id": None}, "The listener has no certificate."),
        ("unchanged", {"planned": Obstacle("api_error", {"error": "No."})}, "No."),
        ("unchanged", {"demand": DEMAND}, "The endpoint must serve a certificate for www.example.com."),
    ],
)
def test_what_is_decided(outcome: str, facts: dict[str, Any], said: str) -> None:
    assert describe_target(outcome, None, facts) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, ""),
        ({"is_stored": False}, " once the certificate is stored"),
        ({"is_known": False}, " to the certificate that would be imported"),
    ],
)
def test_what_is_decided_in_check_mode(facts: dict[str, Any], said: str) -> None:
    assert describe_target("switched", None, facts, "would be") == f"Would be switched{said}."


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            Obstacle("not_found", {"demand": DEMAND}),
            "Certificate 7 does not exist in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists.",
        ),
        (
            Obstacle("not_found", {"certificate_id": 7, "is_there": True}),
            "Certificate 7 cannot be read in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists.",
        ),
        (
            Obstacle("not_found", {"is_deleted": True, "certificate_id": 7}),
            "Certificate 7 was deleted from the certificate store during the run.",
        ),
        (Obstacle("not_found", {"is_deleted": True}), "The listener was deleted during the run."),
        (
            Obstacle(
                "not_found", {"listener": "web:443", "certificate_id": None, "called": "web:443", "is_there": False}
            ),
            f"Listener web:443 has no certificate. To deploy a certificate, replace NAME with the DNS name of the certificate, and run "
            f"{adopt(None, ['web:443'])}.",
        ),
        (
            Obstacle("not_found", {"listener": "web:443", "certificate_id": 7, "called": "web:443", "is_there": False}),
            "The DNS names of listener web:443 are unknown, because its certificate 7 is not in the certificate store. Deploy another "
            "certificate with ssl_certificate_deploy and allow_name_loss.",
        ),
        (
            Obstacle("not_found", {"listener": "web:443", "certificate_id": 7, "called": "web:443", "is_there": True}),
            "The DNS names of listener web:443 are unknown, because its certificate 7 cannot be read. Deploy another certificate with "
            "ssl_certificate_deploy and allow_name_loss.",
        ),
        (
            Obstacle("not_found", {"load_balancer": "wbe", "there": ["web"]}),
            "Load balancer wbe does not exist, or the API user cannot access it. Available load balancers: web.",
        ),
        (
            Obstacle("not_found", {"load_balancer": "web", "port": 80, "there": [443, 8443]}),
            "Load balancer web does not have a listener on port 80. Available ports: 443, 8443.",
        ),
        (
            Obstacle("ambiguous", {"load_balancer": "web", "uuids": ["a", "b"]}),
            "Several load balancers are named web. Specify the load balancer by its UUID (a, b).",
        ),
        (
            Obstacle("ambiguous", {"listener": "web:443", "certificate_ids": (None, 2)}),
            (
                "Two certificates are specified for listener web:443 (a certificate that would be imported and certificate 2). Remove one of "
                "the certificates."
            ),
        ),
        (
            Obstacle("changed_meanwhile", {"listener": "web:443", "certificate_id": 1, "expected": 7}),
            "Listener web:443 has certificate 1 instead of 7, so it changed after the plan was created. Create a new plan.",
        ),
        (
            Obstacle("ambiguous", {"equals": [STORED, COMING, COPY], "called": "web:443"}),
            "Cannot choose between equally good certificates (IDs 2, 3; not stored yet, with the SHA-256 ab12). To deploy certificate 2, run "
            f"{deploy(2, 'web:443')}; otherwise, delete the unneeded certificates.",
        ),
        (
            Obstacle("ambiguous", {"equals": [COMING], "called": "web:443"}),
            "Cannot choose between equally good certificates (not stored yet, with the SHA-256 ab12). Keep only one of the certificates in the sources.",
        ),
        *(
            (
                Obstacle("changed_meanwhile", {"now": changed}),
                f"The listener changed during the run and now {how}. Run the playbook again to create a new plan.",
            )
            for changed, how in (
                ({"port": 8443}, "is on port 8443"),
                ({"protocol": "TCP"}, "uses TCP"),
                ({"protocol": ""}, "uses another protocol"),
                ({"certificate_id": 3}, "has certificate 3"),
                ({"certificate_id": None}, "has no certificate"),
            )
        ),
        (
            Obstacle("not_https", {"listener": "web:22", "protocol": "TCP"}),
            "Listener web:22 uses TCP, and only HTTPS listeners have certificates. Specify an HTTPS listener.",
        ),
        (Obstacle("balancer_error", {"balancer": WEB}), WEB.final_status_message),
        (Obstacle("refused", {"error": "No."}), "No."),
        (
            Obstacle("balancer_busy", {"error": "Busy.", "change": "done"}),
            "The listener has the new certificate. Busy.",
        ),
        (
            Obstacle("balancer_busy", {"error": "Busy.", "change": "lost"}),
            "The API accepted the change, but the listener does not have the new certificate. Busy.",
        ),
        (
            Obstacle("not_found", {"error": "No.", "change": "unseen"}),
            "The API accepted the change, but its completion could not be confirmed. No.",
        ),
        (
            Obstacle("api_error", {"is_accepted": True, "balancer": WEB}),
            "The API accepted the change, but the listener does not have the certificate. Run the playbook again. The API reports about its "
            "previous change: No disk.",
        ),
        (
            Obstacle("names_not_covered", {"newer": STORED, "why": LOST}),
            f"Did not deploy the newer certificate 2: {LACKS}",
        ),
        (
            Obstacle("names_not_covered", {"newer": COMING, "why": LOST}),
            f"Did not deploy the newer certificate for www.example.com (not stored yet): {LACKS}",
        ),
        (
            Obstacle("names_not_covered", {"certificate_id": 2, "why": LOST}),
            f"Did not deploy certificate 2: {LACKS} To deploy the certificate anyway, set allow_name_loss: true.",
        ),
        (
            Obstacle("not_yet_valid", {"certificate_id": 2, "why": Obstacle("not_yet_valid", {"start": AT})}),
            f"Did not deploy certificate 2: The certificate is not valid before {format_time(AT)}. Run the playbook again when the certificate is valid.",
        ),
        (
            Obstacle("key_type_not_offered", {"certificate_id": 2, "why": NOT_OFFERED}),
            f"Did not deploy certificate 2: {NO_SUITES} Reissue the certificate with an RSA key.",
        ),
        (
            Obstacle(
                "key_type_not_offered",
                {"why": Obstacle("key_type_not_offered", {**NOT_OFFERED.facts, "offers_rsa": False})},
            ),
            f"{NO_SUITES} Reissue the certificate with another key type.",
        ),
        (
            Obstacle(
                "key_type_not_offered",
                {"why": NOT_OFFERED, "source": "certbot", "name": "web", "names": ["www.example.com"]},
            ),
            f"{NO_SUITES} {(rsa := remedy('rsa_key', 'certbot', 'web', ['www.example.com']))[:1].upper()}{rsa[1:]}.",
        ),
        (
            Obstacle("names_not_covered", {"lost": ["a.example", "b.example"], "listener": "web:443"}),
            "The certificate does not cover any of the DNS names that listener web:443 serves (a.example, b.example). Check that web:443 is "
            "the correct listener. If the listener is correct, import the certificate with import_new, and deploy it with ssl_certificate_deploy and "
            "allow_name_loss.",
        ),
        (
            Obstacle("names_not_covered", {"lost": ["a.example"], "is_named": False}),
            "The listener would no longer serve a.example. To accept the loss, specify the listener in listeners.",
        ),
        (Obstacle("not_approved", {}), UNAPPROVED_CHANGE),
        (
            Obstacle("switched_back", {"newer": STORED, "certificate_id": 1, "since": AT}),
            "The listener was switched back to certificate 1 after a run had replaced that certificate.",
        ),
        *(
            (
                Obstacle("changed_meanwhile", facts),
                f"Cannot switch the listener as approved: {why}. Create a new preview in check mode.",
            )
            for facts, why in (
                (
                    {"had": 1001, "certificate_id": 1002},
                    "the listener now has certificate 1002 instead of certificate 1001",
                ),
                (
                    {"had": 1001, "certificate_id": None},
                    "the listener now has no certificate instead of certificate 1001",
                ),
                (
                    {"is_stored": True, "certificate_id": 1001},
                    "the approved certificate can no longer replace certificate 1001",
                ),
                (
                    {"is_switched_back": True, "certificate_id": 1001},
                    "somebody has switched the listener back to certificate 1001",
                ),
                (
                    {"is_stored": False, "certificate_id": 1001},
                    "the certificate store does not contain the approved certificate",
                ),
            )
        ),
    ],
)
def test_why_a_listener_is_not_switched(why: Obstacle[str], said: str) -> None:
    outcome = "skipped" if "newer" in why.facts else "failed"
    assert describe_target(outcome, why.reason, why.facts) == why_unswitched(why) == said


# What was seen


def probe(finding: str, message: str = "192.0.2.1: No.", **known: Any) -> Any:
    """What was seen at all addresses."""
    whole = {"unconnected_results": (), "working_addresses": (), "is_accepted": True, "rejection": None, **known}
    return SimpleNamespace(finding=finding, message=message, **whole)


SERVED, REFUSED = probe("served"), probe("served", is_accepted=False, rejection="it is old")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"probe": SERVED}, "The certificate is served."),
        ({"probe": SERVED, "is_interrupted": True}, "The certificate is served."),
        ({"is_interrupted": True}, "The run was interrupted before it verified the served certificate."),
        (
            {"probe": probe("served", unconnected_results=("192.0.2.2",))},
            "The certificate is served. Cannot connect to 1 of the addresses from this host.",
        ),
        ({"probe": REFUSED}, "The certificate is served. TLS clients reject the certificate: it is old."),
        (
            {"probe": REFUSED, "was_refused": True},
            "The certificate is served. TLS clients reject the certificate, and also rejected the previous certificate: it is old.",
        ),
        ({"probe": probe("unreachable")}, "Cannot verify the served certificate: 192.0.2.1: No."),
    ],
)
def test_what_was_seen(facts: dict[str, Any], said: str) -> None:
    assert describe_target("switched", None, {"was_refused": False, **facts}) == f"Switched. {said}"


def test_what_was_seen_of_a_listener_that_keeps_what_it_has() -> None:
    facts = {"why": LOST, "probe": SERVED, "was_refused": False}
    assert describe_target("skipped", "names_not_covered", facts) == f"{LACKS} The current certificate is served."
    facts = {"is_deleted": True, "probe_message": "No TLS."}
    assert describe_target("skipped", "not_found", facts) == "The listener was deleted during the run. No TLS."


CAUSE = {"balancer": WEB, "since": None, "called": "web:443"}
STALE = "another certificate is served: 192.0.2.1: No. Load balancer web does not serve the certificate that was set for this listener"
SUPPORT = "pen a support case for load balancer uuid-of-web."


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            Obstacle("not_accepted", {"probe": REFUSED}),
            "TLS clients, which accepted the previous certificate, reject the served certificate: it is old. Check whether the load balancer sends "
            "the chain in the certificate store. If the stored chain is incomplete, import the certificate again with all its intermediate "
            "certificates.",
        ),
        (Obstacle("not_served", {"probe": probe("failing")}), "no TLS handshake succeeds: 192.0.2.1: No."),
        (
            Obstacle("not_served", {"probe": probe("failing", working_addresses=("192.0.2.2",))}),
            "the TLS handshake fails at some addresses: 192.0.2.1: No.",
        ),
        (
            Obstacle("not_served", {"probe": probe("unreachable")}),
            "the port no longer accepts connections: 192.0.2.1: No.",
        ),
        *(
            (Obstacle("not_served", {"cause": cause}), said)
            for cause, said in (
                (Obstacle("not_served", CAUSE), f"{STALE}. O{SUPPORT}"),
                (
                    Obstacle("not_served", {**CAUSE, "since": AT}),
                    f"{STALE} since {format_time(AT)} or earlier. O{SUPPORT}",
                ),
                (
                    Obstacle("not_served", {**CAUSE, "other_id": 7, "allow": ["allow_expired"]}),
                    f"{STALE}. Switch the listener to another certificate with {deploy(7, 'web:443', ['allow_expired'])}, and back with "
                    f"{deploy(2, 'web:443')}. If the problem persists, o{SUPPORT}",
                ),
                (
                    Obstacle("balancer_error", {"balancer": WEB}),
                    "another certificate is served: 192.0.2.1: No. Load balancer web is ERROR.",
                ),
                (
                    Obstacle("balancer_busy", {"balancer": WEB}),
                    "another certificate is served: 192.0.2.1: No. Load balancer web was UPDATE_PENDING. Run the playbook again when the load "
                    "balancer is ACTIVE.",
                ),
            )
        ),
    ],
)
def test_what_is_not_as_the_api_says(why: Obstacle[str], said: str) -> None:
    known = {"probe": probe("other"), "certificate_id": 2, "cause": None, **why.facts}
    assert describe_target("failed", why.reason, known) == f"The listener has certificate 2 in the API, but {said}"


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            Obstacle("not_accepted", {"probe": REFUSED, "predecessor_id": 1, "called": "web:443"}),
            "TLS clients reject the certificate: it is old. Switch back to certificate 1, which TLS clients trust and which was probably the "
            f"previous certificate, with {deploy(1, 'web:443')}; or import the current certificate again with the current chain of its CA.",
        ),
        (
            Obstacle("not_served", {"probe": probe("other"), "demand": DEMAND}),
            "The endpoint must serve a certificate for www.example.com, but another certificate is served: 192.0.2.1: No. Deploy the "
            "expected certificate at this endpoint, or correct the value of expected.",
        ),
        (
            Obstacle("refused", {"error": "No.", "is_interrupted": True, "previous_id": 1}),
            "No. The listener was not rolled back to certificate 1, because the run was interrupted.",
        ),
        (
            Obstacle("not_served", {"error": "No.", "rolled_back_to": 1, "works": True}),
            "Rolled back to certificate 1, and the listener works again. No.",
        ),
        (
            Obstacle("not_served", {"error": "No.", "rolled_back_to": 1, "works": False}),
            "Rolled back to certificate 1, but the listener still does not work. Fix the listener immediately. No.",
        ),
        (
            Obstacle(
                "not_served",
                {"error": "No.", "rolled_back_to": 1, "why_not": Obstacle("not_found", {"is_deleted": True})},
            ),
            "No. The rollback to certificate 1 also failed: The listener was deleted during the run.",
        ),
    ],
)
def test_what_has_failed(why: Obstacle[str], said: str) -> None:
    assert describe_target("failed", why.reason, why.facts) == said


def test_the_warning_about_what_clients_refuse() -> None:
    """Listeners of one load balancer are sorted by port."""
    warning = describe_rejection({"web:8443", "web:443", "api:443"}, "it is old", "chain")
    said = "TLS clients reject the certificate of api:443, web:443, web:8443: it is old."
    assert warning == f"{said} {REFUSAL_REMEDIES['chain']}"
    assert {
        "ended": "The certificate has expired. Renew the certificate.",
        "to_come": "Wait until the certificate becomes valid, or check the clock of the control node.",
        "chain": find_trust_remedy(None),
        "chain_elsewhere": find_trust_remedy(None, "served"),
    } == REFUSAL_REMEDIES


def test_the_warning_about_what_was_not_reached() -> None:
    assert describe_unreachable({"web:8443", "web:443"}) == (
        "Cannot verify the certificates of listeners, because this host cannot connect to web:443, web:8443. Run the playbook or "
        "ssl_endpoint_info on a host that can connect to the listeners."
    )


# Selections and limits


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"load_balancers": ["prdo", "ap"], "there": []},
            "No load balancer matches prdo, ap in load_balancers, or the API user cannot access it. Available load balancers: none.",
        ),
        (
            {"common_names": ["ww"], "there": ["a", "b", "c", "d", "e", "f"]},
            "No certificate matches ww in common_names. Available names: a, b, c, d, e and 1 more.",
        ),
        ({"common_names": ["ww"], "there": []}, "No certificate matches ww in common_names. Available names: none."),
    ],
)
def test_patterns_that_match_nothing(facts: dict[str, Any], said: str) -> None:
    assert describe_unmatched(Obstacle("not_found", facts)) == said


def test_too_many_listeners() -> None:
    assert describe_excess(Obstacle("too_many_listeners", {"planned": 3, "max_listeners": 2})) == (
        "The run would switch more listeners (3) than max_listeners allows (2), so it switched none. Select fewer listeners, or raise max_listeners."
    )


# Certificates that are kept


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (Obstacle("in_use", {"listeners": ["far:443"]}), "far:443 uses it."),
        (Obstacle("in_use", {"listeners": ["far:443", "far:8443"]}), "far:443, far:8443 use it."),
        (Obstacle("in_use", {"services": None}), "the API does not report whether a service uses it."),
        (Obstacle("in_use", {"services": 1}), "a service outside this run uses it."),
        (Obstacle("in_use", {"services": 2}), "2 services outside this run use it."),
        (Obstacle("in_use", {"endpoints": ["vpc:443"]}), "vpc:443 serves it. Deploy another certificate to vpc:443."),
        (
            Obstacle("in_use", {"endpoints": ["vpc:443", "cdn:443"]}),
            "vpc:443, cdn:443 serve it. Deploy another certificate to vpc:443, cdn:443.",
        ),
        (
            Obstacle("in_use", {"expected_by": "endpoints[3]"}),
            "endpoints[3] expects the certificate. If endpoints[3] can serve another certificate, change the option expected of endpoints[3].",
        ),
        (
            Obstacle("not_accepted", {"listeners": ["web:443", "api:443"], "refusal": "no issuer"}),
            "TLS clients reject its replacement at web:443, api:443: no issuer. Check whether the load balancer sends the chain in the "
            "certificate store. If the stored chain is incomplete, import the replacement again with all its intermediate certificates. For a "
            "private CA, set trusted_ca_path.",
        ),
        (
            Obstacle("unreachable", {"endpoints": ["vpc:443", "cdn:443"]}),
            "the run could not verify the certificate of vpc:443, cdn:443. Run the rotation on a host that can connect to each address of "
            "vpc:443, cdn:443, or set remove_unverified.",
        ),
        (
            Obstacle("not_served", {"listeners": [*"abcdefg"]}),
            "the run did not verify its replacement at each address of a, b, c, d, e and 2 more.",
        ),
    ],
)
def test_why_a_certificate_is_kept(why: Obstacle[str], said: str) -> None:
    assert why_kept(1, why) == f"Certificate 1 was kept because {said}"


def test_until_when_a_certificate_is_kept() -> None:
    assert why_kept(1, Obstacle("expires_earlier", {"end": AT})) == (
        f"Certificate 1 is kept until it expires at {format_time(AT)}, because its replacement expires earlier."
    )
    recent = {"since": AT, "days": 1.5, "listeners": ["web:443", "api:443"], "allow": ["allow_name_loss"]}
    kept = f"Certificate 1 is kept until {format_time(AT + timedelta(days=1.5))}, so that listeners can be switched back to it."
    assert why_kept(1, Obstacle("replaced_recently", recent)) == (
        f"{kept} To switch web:443, api:443 back to it, run {deploy(1, ['web:443', 'api:443'], ['allow_name_loss'])}."
    )
    assert why_kept(1, Obstacle("replaced_recently", {**recent, "listeners": []})) == kept
    assert why_kept(1, Obstacle("replaced_recently", {**recent, "since": None})) == (
        "Certificate 1 was kept because the API does not report when its replacement was stored."
    )
    assert why_kept(1, Obstacle("in_use", {"endpoint": 3, "demand": DEMAND})) == (
        "Certificate 1 was kept because the expected certificate of an endpoint is unknown. endpoints[3].expected: Certificate 7 does "
        "not exist in the certificate store. Specify the ID of a certificate that ssl_certificate_info lists."
    )
