# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A newcomer's walk: the first code blocks of README.md, word for word, on a machine that has Ansible and nothing else.

Replaced is only what no test can have: GitHub by a repository of this tree, the API by the simulator, certbot's folder.
What follows the installation: `tests/unit/docs/test_outputs.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.artefact import ROOT
from tests.support.certificates import Authority, new_key, pem_of
from tests.support.client_trees import certbot
from tests.support.pages import blocks_below

pytest_plugins = ["tests.support.simulators"]

README = ROOT / "README.md"
REPOSITORY = "https://github.com/softlayer/softlayer.certificates"
SECONDS = 300
AUTHORITY = Authority()
"""Who issues what certbot renews."""


def blocks(heading: str) -> list[str]:
    """The commands below a heading of the README."""
    return blocks_below(README, heading, "console")


class Newcomer:
    """Somebody with an empty home and an installed ansible-core who does what is written."""

    def __init__(self, folder: Path, core: str) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.env = {
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.pathsep.join([str(folder / "venv/bin"), os.defpath]),
            # Not the system's as well: what is installed there, ansible-galaxy does not install again.
            "ANSIBLE_COLLECTIONS_PATH": str(self.home / ".ansible/collections"),
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
            "PIP_NO_COMPILE": "no",  # that is, yes: what is used compiles itself
        }
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([folder / "venv/bin/pip", "install", "--quiet", "--no-compile", core], check=True)

    def does(self, block: str) -> str:
        """Type the lines of a block, less those that set credentials; what is printed. No line may fail."""
        lines = [line for line in block.splitlines() if not line.startswith("export ")]
        done = subprocess.run(
            ["bash", "-euc", "\n".join(lines)],
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        assert "Traceback" not in said and "[DEPRECATION WARNING]" not in said, said
        return said


@pytest.fixture
def newcomer(sim: Simulator, tmp_path: Path) -> Newcomer:
    """A newcomer who has installed what the README names, with credentials in the environment."""
    newcomer = Newcomer(tmp_path, os.environ.get("ANSIBLE_CORE", "ansible-core"))
    newcomer.env |= published(tmp_path)
    clone, *targets = "".join(blocks("Try it without an account")).splitlines()
    assert targets == ["make demo", "make test"]  # which have sessions of their own
    own, *install = [line for line in blocks("Install")[0].splitlines() if not line.startswith("export ")]
    assert own.startswith("python3 -m venv ")  # as this one has
    newcomer.does("\n".join([clone, *install]))
    newcomer.env |= {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}
    roots = tmp_path / "roots.pem"  # this machine trusts the simulator's authority, and that of certbot
    roots.write_text(sim.authority_root.read_text(encoding="ascii") + pem_of([AUTHORITY.root]), encoding="ascii")
    newcomer.env["SSL_CERT_FILE"] = str(roots)
    return newcomer


def published(folder: Path) -> dict[str, str]:
    """Put this tree into a repository, and return the settings with which git takes it for the one at GitHub."""
    origin = folder / "origin.git"
    git = ["git", f"--git-dir={origin}", f"--work-tree={ROOT}", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "--quiet", "--bare", origin], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=All"], check=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY,
    }


def test_first_commands(newcomer: Newcomer, sim: Simulator) -> None:
    """Certbot has a successor of the store's certificate, which a load balancer serves."""
    [kept] = sim.certificates()
    sim.add_balancer(
        name="prod-web", address="web.invalid", listeners=[{"protocolPort": 443, "tlsCertificateId": kept["id"]}]
    )
    subject = {"organization": kept["organizationName"], "names": ["www.example.com", "example.com"]}
    issued = AUTHORITY.issue("www.example.com", key=new_key("rsa"), days=(-1, 300), **subject)
    certbot(newcomer.home / "letsencrypt", "www.example.com", issued)
    [rotate] = blocks("Install")[1].splitlines()
    assert rotate.endswith(" --check")
    said = newcomer.does(rotate.replace("/etc/letsencrypt", str(newcomer.home / "letsencrypt")))
    assert "www.example.com: would be imported" in said
    [verify] = blocks("Check what is served")
    assert "STATUS" in newcomer.does(verify)
    assert (newcomer.home / "served.html").exists()
    assert [one["id"] for one in sim.certificates()] == [kept["id"]]
