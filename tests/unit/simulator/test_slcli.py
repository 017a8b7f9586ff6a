# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator judged by a client that nobody here wrote: the SDK's own command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator

Slcli = Callable[..., Any]
RUN = [sys.executable, "-c", "from SoftLayer.CLI.core import main; main()", "--format=json", "--really"]


@pytest.fixture
def slcli(sim: Simulator, transport: str, tmp_path: Path) -> Slcli:
    """Runs ``slcli`` with a configuration file for the simulator, and reads what it prints."""
    config = tmp_path / "softlayer.conf"
    config.write_text(
        f"[softlayer]\nusername = {sim.username}\napi_key = {sim.api_key}\n"
        f"endpoint_url = {sim.url(transport)}\ntimeout = 30\n",
        encoding="utf-8",
    )

    def run(*arguments: object, fails: bool = False) -> Any:
        command = [*RUN, f"--config={config}", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr if fails else json.loads(done.stdout or "null")

    return run


@pytest.fixture
def parts(sim: Simulator, tmp_path: Path) -> dict[str, Path]:
    """A certificate that is not in the store yet, as the files a user would have."""
    order = next(order for order in sim.orders() if order["commonName"] == "mail.example.com")
    issued = sim.issue(order["id"])
    texts = {
        "crt": issued["certificate"],
        "icc": issued["intermediateCertificate"],
        "csr": order["certificateSigningRequest"],
        "key": sim.key_path("mail.example.com").read_text(encoding="ascii"),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    return {name: tmp_path / name for name in texts}


def files(parts: dict[str, Path]) -> list[str]:
    return [f"--{name}={path}" for name, path in parts.items()]


def test_a_certificate_from_add_to_remove(sim: Simulator, slcli: Slcli, parts: dict[str, Path]) -> None:
    slcli("security", "cert-add", *files(parts), "--notes=first")
    listed = {row["common_name"]: row for row in slcli("security", "cert-list")}
    assert set(listed) == {"www.example.com", "mail.example.com"}
    added = listed["mail.example.com"]
    assert (added["notes"], added["days_until_expire"]) == ("first", 21)

    slcli("security", "cert-edit", added["id"], *files(parts), "--notes=second")
    assert [row["notes"] for row in slcli("security", "cert-list") if row["id"] == added["id"]] == ["second"]

    slcli("security", "cert-remove", added["id"])
    assert [row["common_name"] for row in slcli("security", "cert-list")] == ["www.example.com"]
    assert [record["commonName"] for record in sim.certificates()] == ["www.example.com"]
    assert sim.key_path("mail.example.com").read_text(encoding="ascii") not in json.dumps(sim.calls())


# Load balancers


@pytest.fixture
def balancer(sim: Simulator) -> dict[str, Any]:
    """A balancer with an HTTPS listener and one of HTTP."""
    certificate = sim.certificates()[0]["id"]
    listeners = [{"protocolPort": 8443, "tlsCertificateId": certificate}, {"protocol": "HTTP", "protocolPort": 80}]
    return sim.add_balancer(name="web", description="The shop", listeners=listeners)


def edit(balancer: dict[str, Any], *options: str) -> list[str]:
    """The SDK's own way to edit the HTTPS listener: it has no option for the certificate."""
    uuid = balancer["listeners"][0]["uuid"]
    return ["loadbal", "protocol-edit", str(balancer["id"]), f"--uuid={uuid}", "--session=SOURCE_IP", *options]


def test_loadbal_protocol_edit_leaves_the_certificate_alone(
    sim: Simulator, slcli: Slcli, balancer: dict[str, Any]
) -> None:
    slcli(*edit(balancer, "--frontend=HTTPS:8443", "--max=20"))
    [call] = sim.calls(method="updateLoadBalancerProtocols")
    [sent] = call["arguments"][1]
    assert sent == {
        "listenerUuid": balancer["listeners"][0]["uuid"],
        **{"frontendProtocol": "HTTPS", "frontendPort": 8443, "backendProtocol": "HTTP", "backendPort": 80},
        **{"loadBalancingMethod": "ROUNDROBIN", "sessionType": "SOURCE_IP", "maxConn": 20},
    }
    [edited, other] = sim.balancers()[0]["listeners"]
    assert other == balancer["listeners"][1]
    assert edited["tlsCertificateId"] == edited["serves"] == sim.certificates()[0]["id"]
    assert edited["connectionLimit"] == 20
