# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of ssl_certificate_deploy share: an account, certificates in its store, balancers, runs, and what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, leaks, new_key, pem_of
from tests.support.forked import ForkedModule
from tests.support.modules import DELIBERATE, Run, finish_module, start_module

MODULE = "ssl_certificate_deploy"
LISTENER_KEYS = {
    *("load_balancer", "load_balancer_uuid", "address", "port", "listener_uuid", "common_name", "subject_alt_names"),
    *(
        "previous_certificate_id",
        "certificate_id",
        "fingerprint_sha256",
        "not_after",
        "effective_not_after",
        "limited_by",
    ),
    *("outcome", "reason", "accepted", "served", "served_fingerprint_sha256", "message"),
}
COUNTS = ("switched_count", "unchanged_count", "skipped_count", "failed_count")
RESULTS = {"changed", "listeners", *COUNTS, "api_calls", "diff"}
UPDATE, ONE, ALL = "updateLoadBalancerProtocols", "getLoadBalancer", "getAllObjects"
RECORD = "getObject"
READS = {"getSecurityCertificates", ALL, ONE, RECORD}
NAME = "www.example.com"
AUTHORITY = Authority()


@pytest.fixture(scope="session")
def empty_simulator() -> Iterator[Simulator]:
    """An account without orders; use `account` instead."""
    with Simulator.start(fleet="empty") as simulator:
        yield simulator


@pytest.fixture
def account(empty_simulator: Simulator) -> Iterator[Simulator]:
    """An account without orders, certificates and balancers, which is sent nothing that the API does not take."""
    empty_simulator.reset()
    yield empty_simulator
    assert empty_simulator.ignored() <= DELIBERATE


@pytest.fixture(scope="session")
def empty_balancing_simulator() -> Iterator[Simulator]:
    """An account without orders whose balancers serve; use `serving` instead."""
    with Simulator.start(fleet="empty", serve=True) as simulator:
        yield simulator


@pytest.fixture
def serving(empty_balancing_simulator: Simulator) -> Simulator:
    """An account as `account`, whose listeners serve what they are to serve."""
    empty_balancing_simulator.reset()
    return empty_balancing_simulator


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """A file with the root of what is issued here."""
    path = tmp_path / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    return path


def issue(name: str | None = NAME, key: str = "rsa", **how: Any) -> Issued:
    """A certificate; with an RSA key if nothing else is said, as the standard cipher suites of balancers ask for."""
    return AUTHORITY.issue(name, key=new_key(key), **how)


def old(name: str | None = NAME, **how: Any) -> Issued:
    """A certificate that is about to run out."""
    return issue(name, **{"days": (-350, 15), **how})


def store(sim: Simulator, issued: Issued, **changed: Any) -> int:
    """Put a certificate into the store, as another client of the API does."""
    client = SoftLayer.Client(username=sim.username, api_key=sim.api_key, endpoint_url=sim.url("rest"))
    template = {
        "certificate": issued.pem,
        "privateKey": issued.key_pem,
        "intermediateCertificate": issued.chain_pem,
        **changed,
    }
    created = client.call("Security_Certificate", "createObject", template, mask="mask[id]")
    sim.clear_calls()
    return int(created["id"])


def remove(sim: Simulator, certificate_id: int) -> None:
    """Take a certificate out of the store, as another client of the API does."""
    client = SoftLayer.Client(username=sim.username, api_key=sim.api_key, endpoint_url=sim.url("rest"))
    assert client.call("Security_Certificate", "deleteObject", id=certificate_id)


def balancer(
    sim: Simulator, *certificate_ids: int | None, name: str = "web", first_port: int = 443, **properties: Any
) -> dict[str, Any]:
    """Add a balancer with an HTTPS listener for each certificate, on the ports from this one on."""
    listeners = [
        {"protocolPort": port, "tlsCertificateId": one} for port, one in enumerate(certificate_ids, start=first_port)
    ]
    return sim.add_balancer(name=name, listeners=listeners, **properties)


def renewable(sim: Simulator, *ports: int, name: str = "web", **properties: Any) -> tuple[dict[str, Any], int, int]:
    """Add a balancer whose certificate can be renewed; also return the ids of its certificate and of the better one."""
    first, second = store(sim, old()), store(sim, issue())
    return balancer(sim, *[first] * max(1, len(ports)), name=name, **properties), first, second


def options(**given: Any) -> dict[str, Any]:
    """Options that keep a run short."""
    return {"wait_interval": 0.1, "wait_timeout": 30, "verify": False, **given}


def begin(**given: Any) -> ForkedModule:
    """Start a run."""
    return start_module(MODULE, **options(**given))


def finished(process: ForkedModule) -> Run:
    """Wait for a run's end; checks what holds of every run of any module."""
    run = finish_module(process)
    assert "Traceback" not in run.output
    assert "PRIVATE KEY" not in run.output
    assert not leaks(run.output)
    assert not run.failed or run["msg"] == run["failure"]["message"]
    return run


def end(process: ForkedModule) -> Run:
    """Wait for a run's end; checks what holds of every run."""
    run = finished(process)
    if run.failed:
        assert run.code == "invalid_argument" or run["msg"].endswith((".", "!", "?")), run["msg"]
    if "listeners" in run:
        assert set(run.result) - {"invocation", "warnings", "deprecations", "failed", "failure", "msg"} == RESULTS
        found = run["listeners"]
        assert all(set(listener) == LISTENER_KEYS for listener in found)
        assert found == sorted(found, key=lambda one: (one["load_balancer"], one["port"]))
        assert sum(run[count] for count in COUNTS) == len(found)
        assert run.failed or not run["failed_count"]
        assert all(one["message"].endswith((".", "!", "?")) for one in found), found
    return run


def run_it(**given: Any) -> Run:
    """Run the module to its end."""
    return end(begin(**given))


def outcomes(run: Run) -> dict[str, tuple[str, str | None]]:
    """Outcome and reason of each listener, by balancer and port."""
    return {f"{one['load_balancer']}:{one['port']}": (one["outcome"], one["reason"]) for one in run["listeners"]}


def only(run: Run) -> dict[str, Any]:
    """The only listener of a result."""
    (listener,) = run["listeners"]
    return dict(listener)


def placed(sim: Simulator) -> dict[str, int | None]:
    """Which certificate each listener has."""
    return {
        f"{balancer['name']}:{listener['protocolPort']}": listener["tlsCertificateId"]
        for balancer in sim.balancers()
        for listener in balancer["listeners"]
    }


def changes(sim: Simulator) -> list[Any]:
    """What was sent to change something: nothing but the one method, with the arguments of each call."""
    sent = [call for call in sim.calls() if call["method"] not in READS]
    assert {call["method"] for call in sent} <= {UPDATE}
    for call in sent:
        _uuid, elements = call["arguments"]
        assert elements and all(element.keys() == {"listenerUuid", "tlsCertificateId"} for element in elements)
        assert all(None not in element.values() for element in elements)
    return [call["arguments"] for call in sent]


def elements(balancer: dict[str, Any], certificate_id: int, ports: Iterable[int] = (443,)) -> list[Any]:
    """The arguments of the call that gives listeners of a balancer a certificate."""
    uuids = {one["protocolPort"]: one["uuid"] for one in balancer["listeners"]}
    return [balancer["uuid"], [{"listenerUuid": uuids[port], "tlsCertificateId": certificate_id} for port in ports]]
