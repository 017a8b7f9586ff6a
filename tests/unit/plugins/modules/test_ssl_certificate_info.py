# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_info as Ansible runs it, over both transports: selection, results, permissions, and no keys."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, leaks
from tests.support.modules import TRANSPORTS, Run, options_for, run_module

MODULE = "ssl_certificate_info"
BALANCER = "SoftLayer_Network_LBaaS_LoadBalancer"
AUTHORITY = Authority()
FACTS = {
    *("common_name", "fingerprint_sha256", "public_key_sha256", "serial_number", "not_before", "not_after"),
    *("subject_alt_names", "key_type", "key_size"),
}
PEMS = ("certificate", "intermediate_certificate", "certificate_signing_request")
WITHOUT_MANAGE = [
    *("fingerprint_sha256", "public_key_sha256", "serial_number", "subject_alt_names", "key_type", "notes"),
    *("associated_service_count", "created_at", "modified_at", "superseded_by", "effective_not_after", "limited_by"),
]


def run_it(**options: Any) -> Run:
    """Run the module; checks what holds of every run."""
    run = run_module(MODULE, **options)
    assert "Traceback" not in run.output
    assert "PRIVATE KEY" not in run.output
    assert not leaks(run.output)
    return run


def listed(sim: Simulator, **options: Any) -> Run:
    """A run that succeeds; checks what holds of each."""
    sim.clear_calls()
    run = run_it(**options)
    assert not run.failed, run.result
    assert run["changed"] is False
    assert run["certificate_count"] == len(run["certificates"])
    assert ids(run) == sorted(set(ids(run)))
    wanted = {name for name in PEMS if options.get("include_pem")}
    wanted |= {"services"} if options.get("gather_services") else set()
    assert all(certificate.keys() & {*PEMS, "services"} == wanted for certificate in run["certificates"])
    assert run["api_calls"] == len(sim.calls())
    for call in sim.calls():
        if call["method"] == "getSecurityCertificates":
            assert call["mask"] and "privateKey" not in call["mask"]
        elif call["service"] == BALANCER:
            assert options["gather_services"] and call["method"] == "getAllObjects" and call["mask"]
        else:
            assert call["method"] == "getValidSecurityCertificateEntries"
            assert (call["mask"], call["filter"], call["limit"]) == ("", None, 0)
    return run


def refused(code: str, *words: str, **options: Any) -> Run:
    """A run that fails, in one sentence with these words."""
    run = run_it(**options)
    assert run.failed, run.result
    assert (run.code, run["failure"]["message"]) == (code, run["msg"])
    for word in words:
        assert word in run["msg"]
    return run


def ids(run: Run) -> list[int]:
    """The ids that were listed."""
    return [certificate["id"] for certificate in run["certificates"]]


def names(run: Run) -> set[str]:
    """The common names that were listed."""
    return {certificate["common_name"] for certificate in run["certificates"]}


def store(sim: Simulator, issued: Issued, **options: Any) -> int:
    """Put a certificate into the store."""
    run = run_module("ssl_certificate_import", **options_for(sim), **issued.options(allow_expired=True, **options))
    assert not run.failed, run.result
    return int(run["certificate"]["id"])


def viewer(sim: Simulator, transport: str = "xmlrpc") -> dict[str, Any]:
    """The options of the user who may only look."""
    return {**options_for(sim, transport), "username": sim.viewer_username, "api_key": sim.viewer_api_key}


@pytest.fixture
def filled(sim: Simulator) -> dict[str, int]:
    """Ids, by name, of a store with some more certificates than the one of the demo fleet."""
    (first,) = sim.certificates()
    sim.patch_certificate(first["id"], associatedServiceCount=2)
    lives = {
        "expired.example.com": (-90, -0.001),
        "today.example.com": (-90, 0.5),
        "soon.example.org": (-90, 20.5),
        "later.example.org": (-90, 21.5),
        "xn--bcher-kva.example.net": (-1, 80),
    }
    stored = {name: store(sim, AUTHORITY.issue(name, days=days)) for name, days in lives.items()}
    return {"www.example.com": first["id"], **stored}


# Results


def test_everything_about_a_certificate(sim: Simulator, api: dict[str, Any]) -> None:
    issued = AUTHORITY.issue(
        "facts.example.com", names=["facts.example.com", "alt.example.com"], organization="Example Inc."
    )
    imported = run_module("ssl_certificate_import", **api, **issued.options(notes="web", csr_content=issued.csr_pem))[
        "certificate"
    ]
    run = listed(sim, **api, certificate_ids=[imported["id"]], include_pem=True)
    (certificate,) = run["certificates"]
    assert {name: certificate[name] for name in FACTS} == {name: imported[name] for name in FACTS}
    assert (certificate["notes"], certificate["organization_name"]) == ("web", "Example Inc.")
    assert (certificate["days_until_expiry"], certificate["associated_service_count"]) == (89, 0)
    assert certificate["renewal_due"] is False
    for name in ("created_at", "modified_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", certificate[name])
    assert [certificate[name] for name in PEMS] == [issued.pem, issued.chain_pem, issued.csr_pem]
    assert (run["limited_to_view"], run["missing_fields"], run["missing_certificate_ids"]) == (False, [], [])
    assert "warnings" not in run
    assert run["api_calls"] == 1


# Selection

CRITERIA: list[tuple[dict[str, Any], set[str]]] = [
    ({"common_names": ["*.EXAMPLE.com"]}, {"www.example.com", "expired.example.com", "today.example.com"}),
    ({"status": "valid", "common_names": ["*.example.com"]}, {"www.example.com", "today.example.com"}),
    ({"expires_within_days": 20}, {"today.example.com", "soon.example.org"}),
    ({"renewal_due": True}, {"expired.example.com", "today.example.com", "soon.example.org", "later.example.org"}),
    ({"unused": False}, {"www.example.com"}),
]


def test_criteria(sim: Simulator, filled: dict[str, int]) -> None:
    assert names(listed(sim, **options_for(sim))) == set(filled)
    for position, (options, expected) in enumerate(CRITERIA):
        run = listed(sim, **options_for(sim, TRANSPORTS[position % 2]), **options)
        assert names(run) == expected, options


def test_ids(sim: Simulator, filled: dict[str, int], transport: str) -> None:
    first, second = filled["www.example.com"], filled["soon.example.org"]
    run = listed(sim, **options_for(sim, transport), certificate_ids=[second, 999, first, 5], status="valid")
    assert (ids(run), run["missing_certificate_ids"]) == (sorted([first, second]), [5, 999])
    run = listed(sim, **options_for(sim, transport), certificate_ids=[first], unused=True)
    assert (ids(run), run["missing_certificate_ids"]) == ([], [])


# What serves them


def balanced(sim: Simulator, *ids: int) -> list[dict[str, Any]]:
    """Load balancers; the first certificate is served by two of them on three ports, the second by one, others by none."""
    first, second = ids
    listeners: dict[str, list[dict[str, Any]]] = {
        "web": [
            {"protocolPort": 8443, "tlsCertificateId": first},
            {"protocolPort": 443, "tlsCertificateId": first},
            {"protocolPort": 80, "protocol": "HTTP", "tlsCertificateId": first},
            {"protocolPort": 25, "protocol": "TCP", "tlsCertificateId": second},
        ],
        "api": [
            {"protocolPort": 443, "tlsCertificateId": second},
            {"protocolPort": 8443, "tlsCertificateId": first},
            {"protocolPort": 9443, "tlsCertificateId": -1},
            {"protocolPort": 9444, "tlsCertificateId": None},
            {"protocolPort": 9445, "tlsCertificateId": 999_999},
        ],
        "plain": [{"protocolPort": 80, "protocol": "HTTP"}],
        "none": [],
    }
    return [sim.add_balancer(name=name, listeners=found) for name, found in listeners.items()]


def places(run: Run) -> dict[int, list[str] | None]:
    """What serves each certificate, in short."""
    return {
        certificate["id"]: certificate["services"]
        and [f"{one['load_balancer']}:{one['port']}" for one in certificate["services"]]
        for certificate in run["certificates"]
    }


def test_services(sim: Simulator, filled: dict[str, int], transport: str) -> None:
    """An HTTP or TCP listener serves no certificate, whatever id it still has; -1 and null are none."""
    first, second = filled["www.example.com"], filled["soon.example.org"]
    _web, api, *_others = balanced(sim, first, second)
    run = listed(sim, **options_for(sim, transport), gather_services=True)
    expected: dict[int, list[str]] = {identifier: [] for identifier in filled.values()}
    expected |= {first: ["api:8443", "web:443", "web:8443"], second: ["api:443"]}
    assert places(run) == expected
    (only,) = next(one["services"] for one in run["certificates"] if one["id"] == second)
    (listener,) = (one for one in api["listeners"] if one["protocolPort"] == 443)
    assert only == {
        "load_balancer": "api",
        "load_balancer_uuid": api["uuid"],
        "address": api["address"],
        "port": 443,
        "listener_uuid": listener["uuid"],
    }
    assert "warnings" not in run and run["missing_fields"] == []
    assert [call["service"] for call in sim.calls()] == ["SoftLayer_Account", BALANCER]
    run = listed(sim, **options_for(sim, transport), gather_services=True, common_names=["soon.*"])
    assert places(run) == {second: ["api:443"]}


def test_services_without_the_permission(sim: Simulator, api: dict[str, Any]) -> None:
    """Null, never an empty list: that would say that nothing serves the certificate."""
    balanced(sim, *[sim.certificates()[0]["id"]] * 2)
    sim.fault("not_found", method="getAllObjects")
    run = listed(sim, **api, gather_services=True)
    assert [certificate["services"] for certificate in run["certificates"]] == [None]
    assert (run["limited_to_view"], run["missing_fields"]) == (False, ["services"])
    (warning,) = run["warnings"]
    assert "LOADBALANCER_MANAGE" in str(warning) and "services is null" in str(warning)
    run = listed(sim, **{**api, "username": sim.viewer_username, "api_key": sim.viewer_api_key}, gather_services=True)
    assert run["missing_fields"] == [*WITHOUT_MANAGE, "services"]
    assert len(run["warnings"]) == 2


# Permissions and failures


def test_a_user_who_may_only_check(sim: Simulator, filled: dict[str, int], transport: str) -> None:
    everything = {found["id"]: found for found in listed(sim, **options_for(sim))["certificates"]}
    run = listed(sim, **viewer(sim, transport), include_pem=True, certificate_ids=list(filled.values()))
    assert (run["limited_to_view"], run["missing_fields"]) == (True, [*WITHOUT_MANAGE, *PEMS])
    assert names(run) == set(filled) - {"expired.example.com"}
    assert run["missing_certificate_ids"] == [filled["expired.example.com"]]
    for certificate in run["certificates"]:
        for name, value in everything[certificate["id"]].items():
            assert certificate[name] == (None if name in WITHOUT_MANAGE else value)
        assert [certificate[name] for name in PEMS] == [None] * 3
    (warning,) = run["warnings"]
    for word in ("SECURITY_CERTIFICATE_MANAGE", "expired", *run["missing_fields"]):
        assert word in str(warning), "newer releases of ansible-core wrap it"
    assert [call["method"] for call in sim.calls()] == ["getSecurityCertificates", "getValidSecurityCertificateEntries"]


def test_a_user_who_may_not_even_check(sim: Simulator, api: dict[str, Any]) -> None:
    for method in ("getSecurityCertificates", "getValidSecurityCertificateEntries"):
        sim.fault("not_found", method=method)
    refused("not_found", "SECURITY_CERTIFICATE_MANAGE", "SECURITY_CERTIFICATE_VIEW", **api)


def test_failures(sim: Simulator, api: dict[str, Any]) -> None:
    refused("authentication_failed", "api_key", **{**api, "api_key": "not-the-key"})
    sim.fault("fault", method="getSecurityCertificates")
    refused("api_error", "Internal Error", **api)
    assert "getValidSecurityCertificateEntries" not in {call["method"] for call in sim.calls()}
