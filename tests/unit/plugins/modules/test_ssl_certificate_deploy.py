# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_deploy as Ansible runs it, over both transports: what is switched, what is not, and what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import SoftLayer

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, leaks, new_key
from tests.support.modules import TRANSPORTS, Run, options_for, run_module

MODULE = "ssl_certificate_deploy"
LISTENER_KEYS = {
    *("load_balancer", "load_balancer_uuid", "address", "port", "listener_uuid", "common_name", "subject_alt_names"),
    *("previous_certificate_id", "certificate_id", "not_after", "outcome", "reason", "served"),
    *("served_fingerprint_sha256", "message"),
}
RESULTS = {
    *(
        "changed",
        "listeners",
        "switched_count",
        "unchanged_count",
        "skipped_count",
        "failed_count",
        "api_calls",
        "diff",
    ),
}
UPDATE = "updateLoadBalancerProtocols"
NAME = "www.example.com"
AUTHORITY = Authority()


@pytest.fixture(scope="session")
def empty_simulator() -> Iterator[Simulator]:
    """An account without orders; use `account` instead."""
    with Simulator.start(fleet="empty") as simulator:
        yield simulator


@pytest.fixture
def account(empty_simulator: Simulator) -> Simulator:
    """An account without orders, certificates and balancers."""
    empty_simulator.reset()
    return empty_simulator


def issue(name: str | None = NAME, key: str = "rsa", **how: Any) -> Issued:
    """A certificate; with an RSA key if nothing else is said, as the standard cipher suites of balancers ask for."""
    return AUTHORITY.issue(name, key=new_key(key), **how)


def old(name: str | None = NAME, **how: Any) -> Issued:
    """A certificate that is about to run out."""
    return issue(name, **{"days": (-350, 15), **how})


def store(sim: Simulator, issued: Issued) -> int:
    """Put a certificate into the store, as another client of the API does."""
    client = SoftLayer.Client(username=sim.username, api_key=sim.api_key, endpoint_url=sim.url("rest"))
    template = {"certificate": issued.pem, "privateKey": issued.key_pem, "intermediateCertificate": issued.chain_pem}
    created = client.call("Security_Certificate", "createObject", template, mask="mask[id]")
    sim.clear_calls()
    return int(created["id"])


def run_it(**options: Any) -> Run:
    """Run the module; checks what holds of every run."""
    run = run_module(MODULE, **{"wait_interval": 0.1, "verify": False, **options})
    assert "Traceback" not in run.output
    assert "PRIVATE KEY" not in run.output
    assert not leaks(run.output)
    if "listeners" in run:
        assert set(run.result) - {"invocation", "warnings", "deprecations", "failed", "failure", "msg"} == RESULTS
        found = run["listeners"]
        assert all(set(listener) == LISTENER_KEYS for listener in found)
        assert found == sorted(found, key=lambda one: (one["load_balancer"], one["port"]))
        counted = [run[f"{outcome}_count"] for outcome in ("switched", "unchanged", "skipped", "failed")]
        assert sum(counted) == len(found)
        assert run.failed == bool(run["failed_count"])
    return run


def outcomes(run: Run) -> dict[str, tuple[str, str | None]]:
    """Outcome and reason of each listener, by balancer and port."""
    return {f"{one['load_balancer']}:{one['port']}": (one["outcome"], one["reason"]) for one in run["listeners"]}


def served(sim: Simulator) -> dict[str, int | None]:
    """Which certificate each listener has."""
    return {
        f"{balancer['name']}:{listener['protocolPort']}": listener["tlsCertificateId"]
        for balancer in sim.balancers()
        for listener in balancer["listeners"]
    }


def changes(sim: Simulator) -> list[Any]:
    """What was sent to change something: nothing but the one method, with the arguments of each call."""
    sent = [
        call
        for call in sim.calls()
        if call["method"] not in {"getSecurityCertificates", "getAllObjects", "getLoadBalancer"}
    ]
    assert {call["method"] for call in sent} <= {UPDATE}
    return [call["arguments"] for call in sent]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_renewal(account: Simulator, transport: str) -> None:
    first, second = store(account, old()), store(account, issue())
    other = store(account, old("api.example.com"))
    balancer = account.add_balancer(
        name="web",
        listeners=[
            {"protocolPort": 443, "tlsCertificateId": first},
            {"protocolPort": 8443, "tlsCertificateId": first},
            {"protocolPort": 9443, "tlsCertificateId": other},
            {"protocolPort": 80, "protocol": "HTTP"},
        ],
    )
    options = options_for(account, transport)
    planned = run_it(check=True, diff=True, **options)
    assert changes(account) == [] and planned["changed"]
    run = run_it(diff=True, **options)
    assert (
        outcomes(run)
        == outcomes(planned)
        == {
            "web:443": ("switched", None),
            "web:8443": ("switched", None),
            "web:9443": ("unchanged", None),
        }
    )
    assert run["diff"] == planned["diff"]
    uuids = {one["protocolPort"]: one["uuid"] for one in balancer["listeners"]}
    wanted = [{"listenerUuid": uuids[port], "tlsCertificateId": second} for port in (443, 8443)]
    assert changes(account) == [[balancer["uuid"], wanted]]
    assert served(account) == {"web:443": second, "web:8443": second, "web:9443": other, "web:80": None}
    again = run_it(**options)
    assert not again["changed"] and again["unchanged_count"] == 3
    assert again["api_calls"] == 2
