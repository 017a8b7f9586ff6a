# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A newcomer's walk: the code blocks of README.md, and of guides that it names, on a machine that has Ansible and nothing else.

They are taken word for word.

Replaced is only what no test can have: GitHub by a repository of this tree, the API by the simulator, the mail server by another one,
certbot's folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.simulator.client import Simulator
from tests.support.artefact import ROOT
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.client_trees import certbot
from tests.support.pages import blocks_below

if TYPE_CHECKING:
    from tests.support.dovecot import Server

pytest_plugins = ["tests.support.dovecot", "tests.support.simulators"]

README = ROOT / "README.md"
GUIDE = ROOT / "docs/docsite/rst/guide_request_email.rst"
IMPORTING = ROOT / "docs/docsite/rst/guide_importing.rst"
REPOSITORY = "https://github.com/softlayer/softlayer.certificates/blob/main/"
SECONDS = 300
AUTHORITY = Authority()
"""Who issues what certbot renews."""
JOB = "Request many emails, and import the certificates"
INVENTORY = "Select orders with an inventory"
STORED = {"www.example.com"}
"""Of the demo's orders, those whose certificate is in the store from the beginning."""
WANTED = {"shop.example.com", "mail.example.com"}
"""Those others that vars.yml selects and that can be mailed."""


def blocks(heading: str, language: str, page: Path = README) -> list[str]:
    """The code blocks below a heading of the README, or of another page."""
    return blocks_below(page, heading, language)


def tasks(heading: str, page: Path = README) -> list[dict[str, Any]]:
    """The tasks below a heading."""
    return [
        task for block in blocks(heading, "yaml", page) if block.startswith("- name:") for task in yaml.safe_load(block)
    ]


class Newcomer:
    """Somebody with an empty home and an installed ansible-core who does what is written."""

    def __init__(self, folder: Path, core: str) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.folder = self.home
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
            cwd=self.folder,
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

    def plays(self, tasks: list[dict[str, Any]], **variables: str) -> str:
        """Run tasks with the credentials where the README has them in a play; what is printed."""
        [defaults] = blocks("Other ways", "yaml")
        play = {"hosts": "localhost", "gather_facts": False, **yaml.safe_load(defaults), "tasks": tasks}
        play["module_defaults"]["group/softlayer.certificates.softlayer"]["username"] = self.env["SL_USERNAME"]
        play["vars"] = {"vault_ibm_cloud_api_key": self.env["SL_API_KEY"], **variables}
        (self.folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
        return self.does("env -u SL_USERNAME -u SL_API_KEY ansible-playbook play.yml")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """A newcomer who has installed what the README names."""
    folder = tmp_path_factory.mktemp("walk")
    newcomer = Newcomer(folder, os.environ.get("ANSIBLE_CORE", "ansible-core"))
    newcomer.env |= published(folder)
    clone, *targets = "".join(blocks("Try it without an account", "console")).splitlines()
    assert targets == ["make demo", "make test"]  # which have sessions of their own
    own, *install = [line for line in blocks("Install", "console")[0].splitlines() if not line.startswith("export ")]
    assert own.startswith("python3 -m venv ")  # as this one has
    newcomer.does("\n".join([clone, *install]))
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
        "GIT_CONFIG_VALUE_0": REPOSITORY.partition("/blob/")[0],
    }


@pytest.fixture
def newcomer(installed: Newcomer, sim: Simulator, tmp_path: Path) -> Newcomer:
    """The same person in an empty folder, with credentials in the environment."""
    installed.folder = tmp_path
    for left in (".local", ".cache"):  # the ledger and the inventory of an earlier test
        shutil.rmtree(installed.home / left, ignore_errors=True)
    installed.env |= {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}
    roots = tmp_path / "roots.pem"  # this machine trusts the simulator's authority, and that of certbot
    roots.write_text(sim.authority_root.read_text(encoding="ascii") + pem_of([AUTHORITY.root]), encoding="ascii")
    installed.env["SSL_CERT_FILE"] = str(roots)
    return installed


def variables() -> dict[str, Any]:
    """What the guide says to write into vars.yml."""
    [text] = [block for block in blocks(JOB, "yaml", GUIDE) if block.startswith("# vars.yml\n")]
    written: dict[str, Any] = yaml.safe_load(text)
    return written


def has_keys(newcomer: Newcomer, sim: Simulator, given: dict[str, Any]) -> None:
    """Put the private keys of all orders where the variables say, and the variables where the guide says."""
    shutil.copytree(sim.keys_dir, newcomer.folder / given["ssl_fulfillment_privatekey_dir"])
    (newcomer.folder / "vars.yml").write_text(yaml.safe_dump(given), encoding="utf-8")


def save_certificate(sim: Simulator, common_name: str, path: Path) -> None:
    """Save what an email has, by hand: the path is without an ending."""
    [order] = [order for order in sim.orders() if order["commonName"] == common_name]
    issued = sim.issue(order["id"])
    path.parent.mkdir(exist_ok=True)
    Path(f"{path}.crt").write_text(issued["certificate"], encoding="utf-8")
    Path(f"{path}.ca-bundle").write_text(issued["intermediateCertificate"], encoding="utf-8")


def mailed(sim: Simulator) -> set[str]:
    """The common names of the orders whose emails were sent."""
    ids = {send["order_id"] for send in sim.sends()}
    return {order["commonName"] for order in sim.orders() if order["id"] in ids}


def stored(sim: Simulator) -> set[str]:
    """The common names of the certificates in the store."""
    return {certificate["commonName"] for certificate in sim.certificates()}


def issue(**properties: Any) -> Issued:
    """A certificate with the names of the one in the store."""
    return AUTHORITY.issue(
        "www.example.com", names=["www.example.com", "example.com"], key=new_key("rsa"), **properties
    )


def renewed_by_certbot(newcomer: Newcomer, sim: Simulator) -> Issued:
    """Have certbot's folder hold a successor of the store's certificate, which a load balancer serves."""
    [kept] = sim.certificates()
    sim.add_balancer(
        name="prod-web", address="web.invalid", listeners=[{"protocolPort": 443, "tlsCertificateId": kept["id"]}]
    )
    issued = issue(organization=kept["organizationName"], days=(-1, 300))
    certbot(newcomer.folder / "letsencrypt", "www.example.com", issued)
    return issued


def served(sim: Simulator) -> set[int]:
    """The ids of the certificates that listeners refer to."""
    return {one["tlsCertificateId"] for balancer in sim.balancers() for one in balancer["listeners"]}


def test_first_commands(newcomer: Newcomer, sim: Simulator) -> None:
    renewed_by_certbot(newcomer, sim)
    [rotate] = blocks("Install", "console")[1].splitlines()
    assert rotate.endswith(" --check")
    said = newcomer.does(rotate.replace("/etc/letsencrypt", str(newcomer.folder / "letsencrypt")))
    assert "www.example.com: would be imported" in said
    assert stored(sim) == STORED and len(sim.certificates()) == 1


def test_the_first_certificate(newcomer: Newcomer, sim: Simulator) -> None:
    """Of a name that a company's certificate is served for."""
    [old] = sim.certificates()
    sim.add_balancer(
        name="prod-web", address="web.invalid", listeners=[{"protocolPort": 443, "tlsCertificateId": old["id"]}]
    )
    certbot(newcomer.folder / "letsencrypt", "www.example.com", issue(days=(-1, 89)))
    [job] = blocks("Deploy the first certificate", "console")
    preview, adopt = job.replace("/etc/letsencrypt", str(newcomer.folder / "letsencrypt")).splitlines()
    assert preview == f"{adopt} --check"
    newcomer.does(preview)
    assert served(sim) == {old["id"]}
    newcomer.does(adopt)
    assert served(sim) == {one["id"] for one in sim.certificates()} - {old["id"]}


def test_what_is_served(newcomer: Newcomer, sim: Simulator) -> None:
    renewed_by_certbot(newcomer, sim)
    [verify] = blocks("Check what is served", "console")
    assert "STATUS" in newcomer.does(verify)
    assert (newcomer.folder / "served.html").exists()


def test_every_night(newcomer: Newcomer, sim: Simulator) -> None:
    renewed_by_certbot(newcomer, sim)
    [old] = sim.certificates()
    [given] = blocks("Schedule the rotation", "yaml")
    given = given.replace("/etc/letsencrypt", "letsencrypt")
    (newcomer.folder / "rotation.yml").write_text(given, encoding="utf-8")
    _schedule, job = blocks("Schedule the rotation", "console")
    preview, rotate = job.splitlines()
    assert preview == f"{rotate} --check"  # as the first commands are
    said = newcomer.does(rotate)
    assert served(sim) == {one["id"] for one in sim.certificates()} - {old["id"]}
    assert (newcomer.folder / "rotation.html").exists()
    [printed] = blocks("Schedule the rotation", "text")
    [table] = [line for line in printed.splitlines() if "LISTENER" in line]
    assert table.split() in [line.strip(' ",').split() for line in said.splitlines()]


def test_tasks_of_ones_own(newcomer: Newcomer, sim: Simulator) -> None:
    """Those of two guides, one after the other in a play."""
    save_certificate(sim, "shop.example.com", newcomer.folder / "www.example.com")
    shutil.copy(sim.key_path("shop.example.com"), newcomer.folder / "www.example.com.key")
    newcomer.plays([*tasks("Import one certificate", IMPORTING), *tasks(JOB, GUIDE)])
    assert stored(sim) == STORED | {"shop.example.com"}
    assert mailed(sim) == {"mail.example.com"}  # the only one that expires within 30 days


def test_the_job_with_a_mailbox(newcomer: Newcomer, sim: Simulator, dovecot: Server) -> None:
    given, mailbox = variables(), dovecot.new_user(sim.maildir)
    server = {"host": mailbox.host, "port": mailbox.port, "username": mailbox.username, "ca_path": str(mailbox.ca_path)}
    given["ssl_fulfillment_mail"]["imap"] |= server
    newcomer.env["SSL_FULFILLMENT_IMAP_PASSWORD"] = mailbox.password
    has_keys(newcomer, sim, given)

    [job] = [block for block in blocks(JOB, "console", GUIDE) if "certificates.fulfill" in block]
    preview, *others = [line for line in job.splitlines() if not line.startswith("export ")]
    assert preview.endswith(" --check")
    said = newcomer.does(preview)
    assert set(re.findall(r"([\w.]+) \(order \d+\): would be requested", said)) == WANTED
    assert (mailed(sim), stored(sim)) == (set(), STORED)

    [fulfill] = others
    newcomer.does(fulfill)
    assert (mailed(sim), stored(sim)) == (WANTED, STORED | WANTED)


def test_orders_as_inventory(newcomer: Newcomer, sim: Simulator) -> None:
    [order] = [order for order in sim.orders() if order["commonName"] == "mail.example.com"]
    sim.patch_order(order["id"], status="Approved")
    given = variables()
    del given["ssl_fulfillment_mail"]
    has_keys(newcomer, sim, given)
    source, _selection, nightly = blocks(INVENTORY, "yaml", GUIDE)
    (newcomer.folder / "ssl_orders.yml").write_text(source, encoding="utf-8")
    job, of_ones_own = blocks(INVENTORY, "console", GUIDE)
    said = newcomer.does(job)
    assert [order["commonName"] for order in sim.orders() if order["commonName"].lstrip("*") not in said] == []
    assert mailed(sim) == {"mail.example.com"}

    (newcomer.folder / "nightly.yml").write_text(nightly, encoding="utf-8")
    assert "1 skipped" in newcomer.does(of_ones_own)  # the same order, which was requested just now


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "SECURITY.md", "roles/ssl_fulfillment/README.md", "roles/ssl_rotation/README.md"],
)
def test_links_and_commands_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    linked = re.findall(rf"{re.escape(REPOSITORY)}([^)#\s]+)", text)
    assert [path for path in linked if not (ROOT / path).exists()] == []
    targets = re.findall(r"^([\w ./$()-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    known = {target for line in targets for target in line.split()}
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", text, re.MULTILINE)) <= known
