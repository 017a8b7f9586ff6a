# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that imports a certificate and puts it on listeners by its id: check mode, where there is no id yet, and the real run after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.deploying import balancer, issue, old, placed, store
from tests.support.playing import play

pytest_plugins = ["tests.support.deploying"]

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_certificate_import:
        certificates:
          - {certificate_path: new.crt, privatekey_path: new.key, intermediate_path: new.ca-bundle}
      register: imported
    - softlayer.certificates.ssl_certificate_deploy:
HOW
        verify: false
      register: deployed
    - copy:
        content: "{{ deployed.listeners | to_json }}"
        dest: told.json
        mode: "0600"
      check_mode: false
      changed_when: false
"""
WAYS = {
    "certificate_id": """
        certificate_id: "{{ imported.certificates[0].id }}"
        listeners: [{load_balancer: web, port: 443}]""",
    "deployments": """
        deployments:
          - certificate_id: "{{ imported.certificates[0].id }}"
            listeners: [{load_balancer: web, port: 443}]""",
    "deployments as an expression": """
        deployments: "{{ [{'certificate_id': imported.certificates[0].id, 'listeners': [{'load_balancer': 'web', 'port': 443}]}] }}\"""",
}


@pytest.mark.parametrize("how", WAYS)
def test_what_was_just_imported_is_deployed(account: Simulator, tmp_path: Path, how: str) -> None:
    new, before = issue(), store(account, old())
    balancer(account, before)
    for ending, text in ((".crt", new.pem), (".key", new.key_pem), (".ca-bundle", new.chain_pem)):
        (tmp_path / f"new{ending}").write_text(text, encoding="ascii")
    (tmp_path / "play.yml").write_text(PLAY.replace("HOW", WAYS[how].lstrip("\n")), encoding="utf-8")

    def run(*options: str) -> tuple[int, dict[str, Any]]:
        ran = play(account, tmp_path, "play.yml", *options)
        assert ran.code == 0, ran.output
        [listener] = json.loads((tmp_path / "told.json").read_text("utf-8"))
        return ran.changed, listener

    changed, planned = run("--check")
    assert (changed, planned["outcome"], planned["certificate_id"]) == (2, "switched", None), planned
    assert planned["message"] == "Would be switched to the certificate that would be imported."
    assert placed(account) == {"web:443": before} and len(account.certificates()) == 1
    changed, done = run()
    [identifier] = [record["id"] for record in account.certificates() if record["id"] != before]
    assert (changed, done["outcome"], done["certificate_id"]) == (2, "switched", identifier), done
    assert placed(account) == {"web:443": identifier}
    for options in ((), ("--check",)):
        changed, again = run(*options)
        assert (changed, again["outcome"], again["certificate_id"]) == (0, "unchanged", identifier), again
