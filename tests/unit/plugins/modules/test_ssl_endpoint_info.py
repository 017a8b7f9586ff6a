# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_endpoint_info as Ansible runs it: what is served, the account's load balancers, the store, and bad input."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import EndpointReason
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.crl import NOT_NAMED
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.messages import why_unknown

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, leaks, new_key, pem_of
from tests.support.modules import Run, run_module, start_module
from tests.support.revoking import Revoking, publishing
from tests.support.tls_servers import HOST, Server, Visit, dead_port, free_port, serving
from tests.support.waiting import until

MODULE = "ssl_endpoint_info"
NAME = "www.example.com"
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue(NAME)
NO_LOGIN = {"SL_USERNAME": "", "SL_API_KEY": "", "SL_ENDPOINT_URL": "http://127.0.0.1:9/xmlrpc/v3.1/"}


@pytest.fixture(autouse=True)
def roots(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that trusts one authority, and a user without credentials."""
    path = home / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    for name, value in NO_LOGIN.items():
        monkeypatch.setenv(name, value)
    return path


def run_it(**options: Any) -> Run:
    """Run the module; checks what holds of every run."""
    run = run_module(MODULE, **options)
    assert "Traceback" not in run.output
    assert not leaks(run.output)
    if not run.failed:
        assert run["changed"] is False
        assert run["endpoint_count"] == len(run["endpoints"])
        assert list(run["reason_counts"]) and set(run["reason_counts"]) == set(get_args(EndpointReason))
        for entry in run["endpoints"]:
            assert (entry["reason"] is None and entry["accepted"] is not False) == (entry["message"] is None)
            assert entry["revocation"] is None or entry["revocation"]["status"] in {"good", "revoked", "unknown"}
            assert (entry["renewal_due"] is None) == (entry["fingerprint_sha256"] is None)
            assert run["reason_counts"].get(entry["reason"], 1)
    return run


def seen(server: Server, **options: Any) -> tuple[dict[str, Any], Run]:
    with server:
        endpoint = {"host": HOST, "port": server.port, "server_name": NAME, **options.pop("endpoint", {})}
        run = run_it(endpoints=[endpoint], **options)
    [entry] = run["endpoints"]
    return entry, run


# What is served


def test_a_good_one() -> None:
    entry, run = seen(serving(ISSUED))
    told = [entry[name] for name in ("host", "server_name", "common_name", "fingerprint_sha256", "issuer")]
    assert told == [HOST, NAME, NAME, ISSUED.fingerprint, "Testing CA 1"]
    meaning = [entry[name] for name in ("trust", "accepted", "served", "name_matches", "certificate_ids", "reason")]
    assert meaning == ["trusted", True, None, True, None, None]
    unknown = {"status": "unknown", "certificate": NAME, "revoked_at": None, "reason": None}
    assert entry["revocation"] == {**unknown, "why": why_unknown(NOT_NAMED)}
    assert [(one["common_name"], one["issuer"]) for one in entry["chain"]] == [("Testing CA 1", "Testing Root")]
    assert run["api_calls"] == 0 and "warnings" not in run.result


def http(visit: Visit) -> None:
    visit.hear()
    visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_all_at_once_none_hides_another() -> None:
    with serving(ISSUED) as good, Server(http) as bad, dead_port() as dead:
        given = [f"{HOST}:{port}" for port in (dead, good.port, bad.port, free_port(), good.port)]
        run = run_it(endpoints=given, timeout=1)
    assert [entry["reason"] for entry in run["endpoints"]] == [
        *("timeout", "name_mismatch", "no_tls", "unreachable", "name_mismatch")
    ]
    assert [f"{entry['host']}:{entry['port']}" for entry in run["endpoints"]] == given
    assert {entry["server_name"] for entry in run["endpoints"]} == {HOST}
    assert run["reason_counts"]["name_mismatch"] == 2


# Input


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Set endpoints, or from_load_balancers: true"),
        ({"endpoints": ["www.example.com", "www.example.com:https"]}, 'endpoints[1]: "https" is not a valid port'),
        ({"endpoints": ["x"], "timeout": 0}, "timeout must be greater than 0"),
    ],
    ids=str,
)
def test_bad_input(options: dict[str, Any], said: str) -> None:
    run = run_it(**options)
    assert run.failed and run.code == "invalid_argument"
    assert said in run["msg"]


def test_a_password_in_a_url_is_not_shown() -> None:
    run = run_it(endpoints=["https://user:s3cr3t-w0rd@www.example.com/"])
    assert run.failed and "s3cr3t-w0rd" not in run.output


def test_a_signal_ends_the_run_at_once() -> None:
    with Server(Visit.hear_all) as server:
        process = start_module(MODULE, endpoints=[f"{HOST}:{server.port}"] * 100, timeout=3600)
        until(lambda: server.visits >= 32, process)
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM


# The store and the load balancers


@pytest.mark.parametrize("option", ["gather_stored", "from_load_balancers", "endpoints"])
def test_the_api_needs_credentials(option: str) -> None:
    """Also what must be served by its id."""
    expected = {"endpoints": [{"host": HOST, "expected": {"certificate_id": 1}}]}
    run = run_it(
        **{"endpoints": [f"{HOST}:{free_port()}"], option: True, **(expected if option == "endpoints" else {})}
    )
    assert run.failed and run.code == "missing_credentials"


def test_what_must_be_served(sim: Simulator, api: dict[str, Any]) -> None:
    """By names or by the id of a certificate of the store, for which a newer one may stand in; an id that is not there is refused."""
    before = AUTHORITY.issue(NAME, days=(-3, 80), key=new_key())
    first, second = store(sim, api, before), store(sim, api, ISSUED)
    with serving(ISSUED) as new, serving(before) as old:
        expected = [(new, {"names": [NAME]}), (new, first), (new, str(second)), (old, second), (old, None)]
        endpoints = [
            {"host": HOST, "port": there.port, "server_name": NAME, "expected": what} for there, what in expected
        ]
        run = run_it(**api, endpoints=[*endpoints, {"host": HOST, "port": free_port(), "expected": second}])
        other = run_it(**api, endpoints=[endpoints[0], {"host": HOST, "expected": {"certificate_id": 987654321}}])
    entries = [(entry["served"], entry["reason"]) for entry in run["endpoints"]]
    assert entries == [(True, None)] * 3 + [(False, "not_served"), (None, None), (None, "unreachable")]
    assert f"but must serve certificate {second} ({NAME}), or a" in run["endpoints"][3]["message"]
    assert {entry["certificate_ids"] is None for entry in run["endpoints"]} == {True}
    assert other.failed and other.code == "not_found"
    assert other["msg"].startswith(
        "endpoints[1].expected: Certificate 987654321 does not exist in the certificate store. "
    )


def store(sim: Simulator, api: dict[str, Any], issued: Issued) -> int:
    run = run_module("ssl_certificate_import", **api, **issued.options())
    assert not run.failed, run.result
    sim.clear_calls()
    return int(run["certificate"]["id"])


def test_every_https_listener_of_the_account(sim: Simulator, api: dict[str, Any]) -> None:
    wildcard = AUTHORITY.issue("*.shop.example.com")
    gone = AUTHORITY.issue("gone.example.com")
    ids = {issued: store(sim, api, issued) for issued in (ISSUED, wildcard)}
    with serving(ISSUED) as one, serving(wildcard) as two, serving(gone) as three:
        listeners = [
            [(two.port, ids[wildcard], "HTTPS"), (one.port, ids[ISSUED], "HTTPS"), (3389, None, "TCP")],
            [(80, None, "HTTP"), (three.port, None, "HTTPS")],
        ]
        balancers = [
            sim.add_balancer(
                name=f"lb{number}",
                address="localhost",
                listeners=[
                    {"protocolPort": port, "tlsCertificateId": identifier, "protocol": protocol}
                    for port, identifier, protocol in these
                ],
            )
            for number, these in enumerate(listeners)
        ]
        sim.add_balancer(
            name="lost", missing=["address"], listeners=[{"protocolPort": 443, "tlsCertificateId": ids[ISSUED]}]
        )
        run = run_it(**api, endpoints=[f"{HOST}:{free_port()}"], from_load_balancers=True, gather_stored=True)
    first, *others = run["endpoints"]
    assert not {"load_balancer", "load_balancer_uuid", "listener_uuid"} & first.keys()
    entries = {(entry["load_balancer"], entry["port"]): entry for entry in others}
    expected = sorted([("lb0", one.port), ("lb0", two.port)], key=lambda listener: listener[1])
    assert list(entries) == [*expected, ("lb1", three.port), ("lost", 443)]
    uuids = {row["protocolPort"]: row["uuid"] for row in balancers[0]["listeners"]}
    plain = entries["lb0", one.port]
    assert (plain["host"], plain["server_name"], plain["reason"]) == ("localhost", NAME, None)
    assert plain["certificate_ids"] == [ids[ISSUED]]
    assert plain["load_balancer_uuid"] == balancers[0]["uuid"]
    assert plain["listener_uuid"] == uuids[one.port]
    asked = {name: (entry["server_name"], entry["reason"]) for (name, _port), entry in entries.items()}
    wild = entries["lb0", two.port]
    assert (wild["server_name"], wild["reason"]) == ("www.shop.example.com", None)
    assert asked["lb1"] == ("localhost", "name_mismatch")
    assert entries["lb1", three.port]["certificate_ids"] == []
    assert asked["lost"] == (NAME, "unreachable")
    assert entries["lost", 443]["host"] is None
    assert "lost does not have an address (status ACTIVE)" in entries["lost", 443]["message"]
    assert run["api_calls"] == len(sim.calls())


def test_a_user_who_may_only_view(sim: Simulator, api: dict[str, Any]) -> None:
    identifier = store(sim, api, ISSUED)
    with serving(ISSUED) as server:
        listeners = [{"protocolPort": server.port, "tlsCertificateId": identifier}]
        balancer = sim.add_balancer(name="lb", address="localhost", listeners=listeners)
        sim.fault("not_found", method="getSecurityCertificates")
        expecting = [{"host": HOST, "port": server.port, "server_name": NAME, "expected": identifier}]
        run = run_it(**api, endpoints=expecting, from_load_balancers=True, gather_stored=True)
    first, *others = run["endpoints"]
    assert (first["served"], first["reason"]) == (None, None)
    assert "the module cannot verify endpoints with certificate_id" in str(run["warnings"])
    [entry] = [entry for entry in others if entry["load_balancer_uuid"] == balancer["uuid"]]
    assert (entry["server_name"], entry["reason"], entry["certificate_ids"]) == (NAME, None, [])
    assert "SECURITY_CERTIFICATE_MANAGE" in str(run["warnings"])


# What was revoked


def test_what_was_revoked(home: Path, roots: Path) -> None:
    """Its authority is one that the user names; on this machine there are no lists of any other one."""
    with publishing() as publisher:
        authority = Revoking(f"{publisher.url}/1.crl")
        roots.write_text(pem_of([authority.root]), encoding="ascii")
        issued, other = (authority.leaf(NAME) for _time in "12")
        publisher.publish(authority.published(other.certificate))
        named = {"trusted_ca_path": str(roots)}

        def status(issued: Issued, **options: Any) -> tuple[str, str | None] | None:
            entry, run = seen(serving(issued), **options)
            told = entry["revocation"]
            assert entry["trust"] == "trusted" and "warnings" not in run
            return told and (told["status"], told["certificate"])

        assert status(issued, check=True, **named) == ("good", None)
        assert not (home / ".local").exists(), "check mode keeps nothing"
        assert status(other, **named) == ("revoked", NAME)
        assert list((home / ".local/state/softlayer.certificates/crls").iterdir())
        assert status(other, check_revocation="off") is None
