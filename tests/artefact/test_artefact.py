# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection as its users get it: built, installed beside nothing but its requirements, and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.artefact.build import ROOT, build
from tests.simulator.client import Simulator

MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
SHIPPED = {
    *{
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "COPYING",
        "LICENSES",
        "README.md",
        "REUSE.toml",
        "SECURITY.md",
    },
    *{"bindep.txt", "changelogs", "docs", "meta", "playbooks", "plugins", "requirements.txt", "roles"},
    *{"FILES.json", "MANIFEST.json"},
}


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that `ansible-galaxy collection build` makes."""
    return build(tmp_path_factory.mktemp("artefact"))


class Installation:
    """A virtual environment and a collections folder that know nothing of this repository."""

    def __init__(self, folder: Path, artefact: Path) -> None:
        self.bin = folder / "venv" / "bin"
        self.env = {
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "PATH": os.pathsep.join([str(self.bin), os.defpath]),
        }
        self.folder = folder
        core = os.environ.get("ANSIBLE_CORE", "ansible-core")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        pip = [self.bin / "pip", "install", "--quiet", "--requirement", ROOT / "requirements.txt", core]
        subprocess.run(pip, check=True)
        self.run("ansible-galaxy", "collection", "install", "--offline", str(artefact))

    def run(self, program: str, *args: str, **env: str) -> str:
        """What a program of the environment prints; it must succeed."""
        command = [str(self.bin / program), *args]
        done = subprocess.run(command, cwd=self.folder, env=self.env | env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installed"), artefact)


def test_artefact_holds_only_what_users_need(artefact: Path) -> None:
    with tarfile.open(artefact) as tar:
        names = tar.getnames()
    assert {name.split("/")[0] for name in names} <= SHIPPED
    assert [name for name in names if any(part.startswith((".", "__pycache__")) for part in name.split("/"))] == []
    assert {f"plugins/modules/{module}.py" for module in MODULES} <= set(names)


@pytest.mark.parametrize("module", MODULES)
def test_module_is_documented(installed: Installation, module: str) -> None:
    name = f"softlayer.certificates.{module}"
    documented: dict[str, Any] = json.loads(installed.run("ansible-doc", "--json", name))[name]
    assert documented["doc"]["short_description"]
    assert documented["examples"]
    assert documented["return"]


def test_inventory_plugin_is_documented_and_lists_orders(installed: Installation) -> None:
    name = "softlayer.certificates.ssl_orders"
    documented: dict[str, Any] = json.loads(installed.run("ansible-doc", "--type", "inventory", "--json", name))[name]
    assert documented["doc"]["short_description"] and documented["examples"]
    (installed.folder / "ssl_orders.yml").write_text(f"plugin: {name}\n", encoding="utf-8")
    with Simulator.start(fleet="demo") as simulator:
        graph = installed.run(
            *("ansible-inventory", "-i", "ssl_orders.yml", "--graph"),
            SL_USERNAME=simulator.username,
            SL_API_KEY=simulator.api_key,
            SL_ENDPOINT_URL=simulator.rest_url,
        )
        names = {order["commonName"].replace("*", "_") for order in simulator.orders()}
    assert all(name in graph for name in names), graph


def test_playbooks_are_found(installed: Installation) -> None:
    for path in ROOT.glob("playbooks/*.yml"):
        installed.run("ansible-playbook", "--syntax-check", f"softlayer.certificates.{path.stem}")


def test_orders_are_listed(installed: Installation) -> None:
    with Simulator.start(fleet="demo") as simulator:
        printed = installed.run(
            *("ansible", "localhost", "-m", "softlayer.certificates.ssl_order_info"),
            SL_USERNAME=simulator.username,
            SL_API_KEY=simulator.api_key,
            SL_ENDPOINT_URL=simulator.xmlrpc_url,
        )
    result = json.loads(printed.partition("=>")[2])
    assert result["order_count"] == len(result["orders"]) > 0
