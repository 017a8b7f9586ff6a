# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to other sources can be followed: its files are saved, and its commands run as they are printed.

In place of Kubernetes, Vault and AWS, there is what they are documented to write: a volume laid out by kubelet, and the output of the commands `vault` and
`aws`, of which OpenSSL encrypts the key.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.simulator.client import Simulator
from tests.support import servers
from tests.support.balanced import have, put
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.pages import ROOT, blocks_below
from tests.support.playing import type_commands

pytestmark = [pytest.mark.later, pytest.mark.xdist_group("other_sources")]

PAGE = ROOT / "docs/docsite/rst/guide_other_sources.rst"
AUTHORITY, PRIVATE = Authority("Example CA"), Authority("Private CA")
WWW, PORT = "www.example.com", 8443
SWITCHED = re.compile(r"web:8443: switched to certificate \d+ and verified")
OTHER_ID = 278555
AWS = """#!/bin/sh -e
[ "$1 $2" = "acm export-certificate" ] && [ "$5" = --passphrase ]
openssl pkcs8 -topk8 -v2 aes-256-cbc -in "$DATA/private_key" -passout "file:${6#fileb://}" -out "$DATA/encrypted"
jq -n --rawfile a "$DATA/certificate" --rawfile b "$DATA/chain" --rawfile c "$DATA/encrypted" \
    '{Certificate: $a, CertificateChain: $b, PrivateKey: $c}'
"""
VAULT = """#!/bin/sh -e
[ "$1 $2 $3 $5" = "kv get -mount=secret www.example.com" ]
printf %s "$(cat "$DATA/${4#-field=}")" # without a trailing newline
"""


def block(heading: str, language: str) -> str:
    """The only block in a language below a heading."""
    [found] = blocks_below(PAGE, heading, language)
    return found


def issue(authority: Authority = AUTHORITY, **options: Any) -> Issued:
    return authority.issue(WWW, key=new_key("rsa"), **options)


def serve(sim: Simulator, authority: Authority = AUTHORITY) -> int:
    """Have a load balancer serve a certificate that will be renewed, and return its ID."""
    record = put(sim, issue(authority, days=(-60, 30)))
    sim.add_balancer(name="web", listeners=[{"protocolPort": PORT, "tlsCertificateId": record}])
    return record


class Place:
    """A folder in place of the root folder of a machine, which is also an empty home."""

    def __init__(self, sim: Simulator, root: Path) -> None:
        self.sim, self.root = sim, root
        for folder in ("srv/tls", "root", "ledger", "bin", "data"):
            (root / folder).mkdir(parents=True)
        (root / "roots.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")

    def here(self, text: str) -> str:
        """What the page says, with the folders that there are."""
        return re.sub(r"(?<![\w.~])/(?=(srv|root|ledger)/)", f"{self.root}/", text)

    def save(self, name: str, text: str) -> None:
        path = self.root / name
        path.write_text(self.here(text), encoding="utf-8")
        path.chmod(0o755 if path.parent.name == "bin" else 0o600)

    def types(self, command: str, code: int = 0, **environment: str) -> str:
        """Run a command; what it prints."""
        given = {
            "PATH": os.pathsep.join([str(self.root / "bin"), str(Path(sys.executable).parent), os.defpath]),
            "DATA": str(self.root / "data"),
            "SSL_CERT_FILE": str(self.root / "roots.pem"),
            "ANSIBLE_STDOUT_CALLBACK": "softlayer.certificates.summary",
        }
        done = type_commands(self.sim, self.root, self.here(command), code, **given | environment)
        return done.stdout + done.stderr

    def keep(self, issued: Issued) -> None:
        """Have a certificate in Vault and in ACM."""
        texts = {"certificate": issued.pem, "private_key": issued.key_pem, "chain": issued.chain_pem}
        for name, text in texts.items():
            (self.root / "data" / name).write_text(text, encoding="ascii")

    def mount(self, volume: Mapping[str, Any], secret: Mapping[str, str], version: int = 1) -> None:
        """Lay out a projected volume like kubelet: files in a hidden folder, `..data` that leads to it, and links through that."""
        folder, data = self.root / "srv/tls", self.root / f"srv/tls/..2026_12_01_03_00_0{version}.1234567890"
        data.mkdir()
        for source in volume["projected"]["sources"]:
            for item in source["secret"]["items"]:
                (data / item["path"]).write_text(secret[item["key"]], encoding="ascii")
                if version == 1:
                    (folder / item["path"]).symlink_to(f"..data/{item['path']}")
        (folder / "..data_tmp").symlink_to(data.name)
        (folder / "..data_tmp").rename(folder / "..data")


@pytest.fixture(scope="module")
def simulators() -> Iterator[tuple[Simulator, Simulator]]:
    """Two accounts."""
    options: dict[str, Any] = {"fleet": "empty", "serve": True}
    with Simulator.start(**options) as one, Simulator.start(**options, account_id=OTHER_ID) as other:
        yield one, other


@pytest.fixture
def place(simulators: tuple[Simulator, Simulator], tmp_path: Path) -> Place:
    """A machine with an account whose load balancer needs a renewal."""
    for simulator in simulators:
        simulator.reset()
    return Place(simulators[0], tmp_path)


def pod() -> Any:
    return yaml.safe_load(block("cert-manager", "yaml"))["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def secret_of(issued: Issued, authority: Authority = AUTHORITY) -> dict[str, str]:
    """The data of a Secret of cert-manager."""
    return {
        "tls.crt": issued.pem + issued.chain_pem,
        "tls.key": issued.key_pem,
        "ca.crt": pem_of([authority.root]),
    }


def run_job(place: Place, *others: str, code: int = 0) -> str:
    """Run what the container of the CronJob runs."""
    [container] = pod()["containers"]
    environment = {
        one["name"]: place.here(one["value"].replace("////", f"///{place.root}/")) for one in container["env"]
    }
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod()["volumes"]}
    return place.types(" ".join([*container["args"], *others]), code, **environment)


def test_certificates_of_cert_manager(place: Place) -> None:
    serve(place.sim)
    volume = pod()["volumes"][0]
    place.mount(volume, secret_of(issue(days=(-2, 88))))
    assert SWITCHED.search(run_job(place)) and (place.root / "ledger/ledger.sqlite3").exists()
    place.mount(volume, secret_of(issue(days=(-1, 89))), version=2)
    assert SWITCHED.search(run_job(place))
    assert "1 unchanged" in run_job(place)


def test_certificates_of_cert_manager_with_a_private_ca(place: Place) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "also map ``ca.crt`` to ``ca.crt``" in text
    [option] = re.findall(r"``-e,\s+(ssl_rotation_trusted_ca_path=\S+)``", text)
    serve(place.sim, PRIVATE)
    volume = pod()["volumes"][0]
    volume["projected"]["sources"][0]["secret"]["items"].append({"key": "ca.crt", "path": "ca.crt"})
    place.mount(volume, secret_of(issue(PRIVATE), PRIVATE))
    assert SWITCHED.search(run_job(place, "-e", option))


def test_certificates_of_vault(place: Place) -> None:
    serve(place.sim)
    place.save("bin/vault", VAULT)
    renewed = issue()
    place.keep(renewed)
    (place.root / "data/certificate").write_text(renewed.pem + renewed.chain_pem, encoding="ascii")
    assert SWITCHED.search(place.types(block("HashiCorp Vault", "console")))
    assert {path.stat().st_mode & 0o777 for path in (place.root / "srv/tls").iterdir()} == {0o600}


def test_certificates_of_vault_agent(place: Place) -> None:
    serve(place.sim)
    config, renewed = block("HashiCorp Vault", "hcl"), issue()
    template = re.search(r"<<EOT\n(.*)EOT", config, re.DOTALL)
    [destination] = re.findall(r'destination = "/(.*)"', config)
    assert template and 'perms       = "0600"' in config
    values = {"Key": renewed.key_pem, "Cert": renewed.pem, "CA": renewed.chain_pem}
    rendered = re.sub(r"\{\{ \.Data\.(\w+) \}\}", lambda found: values[found[1]], template[1])
    place.save(destination, re.sub(r"\{\{ .*? \}\}", "", rendered))
    assert SWITCHED.search(place.types(block("HashiCorp Vault", "console").splitlines()[-1]))


@pytest.mark.skipif(not servers.find("jq"), reason="no jq: install the system's package jq")
def test_certificates_of_acm(place: Place) -> None:
    serve(place.sim)
    place.save("bin/aws", AWS)
    place.keep(issue())
    place.types("printf %s 'correct horse' > /root/acm-passphrase")
    place.save("rotation.yml", block("AWS Certificate Manager", "yaml"))
    assert SWITCHED.search(
        place.types(block("AWS Certificate Manager", "console"), ARN="arn:aws:acm:eu-central-1:1:c/2")
    )
    assert "ENCRYPTED" in json.loads((place.root / "root/acm.json").read_text(encoding="utf-8"))["PrivateKey"]


def test_several_accounts(simulators: tuple[Simulator, Simulator], place: Place) -> None:
    """One task for all; an account that fails does not keep the others, and one ledger is for all."""
    one, other = simulators
    renewed = issue()
    place.save(f"srv/tls/{WWW}.pem", renewed.key_pem + renewed.pem + renewed.chain_pem)
    [play] = yaml.safe_load(block("Several accounts", "yaml"))
    [task] = play["tasks"]
    task["softlayer.certificates.ssl_certificate_rotate"]["endpoint_url"] = "{{ accounts[item].endpoint_url }}"
    old = [serve(simulator) for simulator in simulators]
    for account, simulator in zip(play["vars"]["accounts"].values(), simulators, strict=True):
        account |= {"username": simulator.username, "endpoint_url": simulator.rest_url}
    place.save("accounts.yml", yaml.safe_dump([play]))
    secrets = {"vault_production_api_key": "wrong-key", "vault_staging_api_key": other.api_key}
    runs = []
    for key, code in (("wrong-key", 2), (one.api_key, 0)):
        place.save("secrets.json", json.dumps({**secrets, "vault_production_api_key": key}))
        default = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
        runs.append(place.types("ansible-playbook accounts.yml -vvv -e @secrets.json", code, **default))
        assert [have(simulator)["web:8443"] == before for simulator, before in zip(simulators, old, strict=True)] == [
            code == 2,
            False,
        ]
    printed = "".join(runs)
    assert [key for key in ("wrong-key", one.api_key, other.api_key) if key in printed] == []
    assert len(SWITCHED.findall(printed)) == 2
