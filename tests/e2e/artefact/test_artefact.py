# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection as its users get it: built, installed beside nothing but its requirements, and run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.artefact import ROOT, build

MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
SHIPPED = {
    *("CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "COPYING", "LICENSES", "README.md", "REUSE.toml"),
    *("SECURITY.md", "bindep.txt", "changelogs", "docs", "meta", "playbooks", "plugins", "requirements.txt", "roles"),
    *("FILES.json", "MANIFEST.json"),
}
WORKING = {"meta", "playbooks", "plugins", "roles"}
"""All that a collection may need to work, as the Ansible community asks; the tests delete the rest."""


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
        galaxy, builder = (Path(sys.executable).with_name(name) for name in ("ansible-galaxy", "ansible-builder"))
        subprocess.run([galaxy, "collection", "install", "--offline", artefact], env=os.environ | self.env, check=True)
        # What ansible-builder would install into an execution environment, and nothing else, beside ansible-core.
        self.python, self.system = folder / "requirements.txt", folder / "bindep.txt"
        lists = ["--write-pip", self.python, "--write-bindep", self.system]
        subprocess.run([builder, "introspect", *lists, folder / "collections"], env=os.environ | self.env, check=True)
        delete_all_but(WORKING, folder / "collections/ansible_collections/softlayer/certificates")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        subprocess.run([self.bin / "pip", "install", "--quiet", "--no-compile", "-r", self.python, core], check=True)

    def run(self, program: str, *args: str, **env: str) -> str:
        """What a program of the environment prints; it must succeed."""
        command = [str(self.bin / program), *args]
        done = subprocess.run(command, cwd=self.folder, env=self.env | env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def delete_all_but(names: set[str], folder: Path) -> None:
    """Delete what else is in a folder."""
    for path in folder.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def installed(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("installed"), artefact)


def test_execution_environments_get_all_requirements_and_no_system_package(installed: Installation) -> None:
    assert requirements(installed.python) == requirements(ROOT / "requirements.txt")
    assert not installed.system.exists(), installed.system.read_text(encoding="utf-8")


def test_execution_environment_is_defined(tmp_path: Path) -> None:
    """Of the checkout, what the collection consists of goes into it, and nothing else; the tests of the image build it."""
    builder = Path(sys.executable).with_name("ansible-builder")
    subprocess.run(
        [builder, "create", "--context", tmp_path, "--output-filename", "Containerfile"], cwd=ROOT, check=True
    )
    given = {path.name for path in (tmp_path / "_build/collection").iterdir()}
    assert given == SHIPPED - {"FILES.json", "MANIFEST.json"} | {"galaxy.yml"}
    steps = (tmp_path / "Containerfile").read_text(encoding="utf-8")
    assert "ansible-core~=2.18.0" in steps and "ansible-runner" in steps


def requirements(path: Path) -> list[str]:
    """The requirements in a file, less comments."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sorted(filter(None, lines))


def test_artefact_holds_only_what_users_need(artefact: Path) -> None:
    with tarfile.open(artefact) as tar:
        names = tar.getnames()
    assert {name.split("/")[0] for name in names} <= SHIPPED
    assert [name for name in names if any(part.startswith((".", "__pycache__")) for part in name.split("/"))] == []
    assert {f"plugins/modules/{module}.py" for module in MODULES} <= set(names)


def test_modules_are_documented(installed: Installation) -> None:
    names = {f"softlayer.certificates.{module}" for module in MODULES}
    documented: dict[str, Any] = json.loads(installed.run("ansible-doc", "--json", *names))
    assert documented.keys() == names
    for told in documented.values():
        assert told["doc"]["short_description"] and told["examples"] and told["return"]


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
    names = [f"softlayer.certificates.{path.stem}" for path in ROOT.glob("playbooks/*.yml")]
    said = installed.run("ansible-playbook", "--syntax-check", *names)
    assert said.count("playbook: ") == len(names)


EVERY_MODULE = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/softlayer.certificates.softlayer:
      timeout: 30
  tasks:
    - softlayer.certificates.ssl_order_info:
        order_ids: ["{{ order_id }}"]
      register: listed
    - softlayer.certificates.ssl_fulfillment_email:
        order_ids: ["{{ order_id }}"]
    - softlayer.certificates.ssl_fulfillment_email_info:
        orders: "{{ listed.orders }}"
        maildir: "{{ maildir }}"
        intermediate_path: "{{ intermediate }}"
        trusted_ca_path: "{{ root }}"
      register: found
    - softlayer.certificates.ssl_certificate_import:
        certificate_content: "{{ found.certificates[0].certificate }}"
        intermediate_path: "{{ intermediate }}"
        privatekey_path: "{{ key }}"
        order_id: "{{ order_id }}"
        trust: require
        trusted_ca_path: "{{ root }}"
      register: imported
    - softlayer.certificates.ssl_certificate_info:
        certificate_ids: ["{{ imported.certificate.id }}"]
      register: stored
    - softlayer.certificates.ssl_certificate_export:
        certificate_ids: ["{{ imported.certificate.id }}"]
        dest: "{{ playbook_dir }}/exported"
    - softlayer.certificates.secrets_manager_certificate:
        name: www
        certificate_id: "{{ imported.certificate.id }}"
      register: kept
    - softlayer.certificates.ssl_certificate_deploy:
      register: deployed
    - softlayer.certificates.ssl_certificate_rotate:
        phases: [deploy, verify]
        trusted_ca_path: "{{ root }}"
      register: rotated
    - softlayer.certificates.ssl_certificate_report:
        results: "{{ rotated }}"
        path: "{{ playbook_dir }}/rotated.html"
    - softlayer.certificates.ssl_endpoint_info:
        endpoints: ["127.0.0.1:1"]
        gather_stored: true
      register: looked
    - assert:
        that:
          - kept.certificate.outcome == 'created'
          - deployed.listeners == []
          - rotated.listeners == []
          - looked.endpoints | map(attribute='reason') | list == ['unreachable']
    - assert:
        that: stored.certificates[0].public_key_sha256 == listed.orders[0].public_key_sha256
"""


def test_every_module_runs(installed: Installation) -> None:
    """From an order to its certificate in the store."""
    assert all(f"softlayer.certificates.{module}:" in EVERY_MODULE for module in MODULES)
    (installed.folder / "every_module.yml").write_text(EVERY_MODULE, encoding="utf-8")
    with Simulator.start(fleet=1) as simulator:
        [order] = simulator.orders()
        variables = {
            "order_id": order["id"],
            "maildir": str(simulator.maildir),
            "intermediate": str(simulator.authority_intermediate),
            "root": str(simulator.authority_root),
            "key": str(simulator.key_path(order["commonName"])),
        }
        installed.run(
            *("ansible-playbook", "every_module.yml", "--extra-vars", json.dumps(variables)),
            SL_USERNAME=simulator.username,
            SL_API_KEY=simulator.api_key,
            SL_ENDPOINT_URL=simulator.xmlrpc_url,
            SOFTLAYER_CERTIFICATES_INSTANCE_URL=simulator.secrets_manager.instance_url,
            SOFTLAYER_CERTIFICATES_IAM_URL=simulator.secrets_manager.iam_url,
            IBMCLOUD_API_KEY=simulator.api_key,
        )
        assert [send["order_id"] for send in simulator.sends()] == [order["id"]]
        assert len(simulator.certificates()) == 1


def test_a_playbook_brings_its_files(installed: Installation) -> None:
    """The role brings its templates, and the filters what they need, from the folders that are left."""
    with Simulator.start(fleet=1) as simulator:
        [order] = simulator.orders()
        report = installed.folder / "report.html"
        installed.run(
            *("ansible-playbook", "softlayer.certificates.report", "-e", f"ssl_fulfillment_report_path={report}"),
            SL_USERNAME=simulator.username,
            SL_API_KEY=simulator.api_key,
            SL_ENDPOINT_URL=simulator.rest_url,
        )
        assert order["commonName"] in report.read_text(encoding="utf-8").replace("<wbr>", "")
