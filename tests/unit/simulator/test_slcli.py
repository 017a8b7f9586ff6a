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
def slcli(sim: Simulator, tmp_path: Path) -> Slcli:
    """Runs ``slcli`` with a configuration file for the simulator, and reads what it prints."""
    config = tmp_path / "softlayer.conf"
    config.write_text(
        f"[softlayer]\nusername = {sim.username}\napi_key = {sim.api_key}\n"
        f"endpoint_url = {sim.xmlrpc_url}\ntimeout = 30\n",
        encoding="utf-8",
    )

    def run(*arguments: object) -> Any:
        command = [*RUN, f"--config={config}", *map(str, arguments)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout or "null")

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


def test_a_certificate_from_add_to_remove(sim: Simulator, slcli: Slcli, parts: dict[str, Path]) -> None:
    files = [f"--{name}={path}" for name, path in parts.items()]
    slcli("security", "cert-add", *files, "--notes=first")
    listed = {row["common_name"]: row for row in slcli("security", "cert-list")}
    assert set(listed) == {"www.example.com", "mail.example.com"}
    added = listed["mail.example.com"]
    assert (added["notes"], added["days_until_expire"]) == ("first", 21)

    slcli("security", "cert-edit", added["id"], *files, "--notes=second")
    assert [row["notes"] for row in slcli("security", "cert-list") if row["id"] == added["id"]] == ["second"]

    slcli("security", "cert-remove", added["id"])
    assert [row["common_name"] for row in slcli("security", "cert-list")] == ["www.example.com"]
    assert [record["commonName"] for record in sim.certificates()] == ["www.example.com"]
    assert sim.key_path("mail.example.com").read_text(encoding="ascii") not in json.dumps(sim.calls())
