# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An order whose signing request has DNS names only, from its email to the load balancer and the report, with HAProxy behind it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import SoftLayer

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, new_key
from tests.support.playing import play

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  roles:
    - role: softlayer.certificates.ssl_fulfillment
      vars:
        ssl_fulfillment_phases: [request, collect, import]
    - softlayer.certificates.ssl_rotation
    - role: softlayer.certificates.ssl_fulfillment
      vars:
        ssl_fulfillment_phases: [report]
"""
WWW, SHOP, OTHER = "www.names.example", "shop.names.example", "other.names.example"


@pytest.fixture(scope="module")
def account() -> Iterator[Simulator]:
    """An account whose load balancers are served by HAProxy."""
    with Simulator.start(fleet="empty", haproxy=True) as simulator:
        yield simulator


def store(sim: Simulator, name: str | None, *names: str) -> int:
    """Put an old certificate into the store."""
    issued = Authority().issue(name, names=names, key=new_key("rsa"), days=(-350, 15))
    client = SoftLayer.Client(username=sim.username, api_key=sim.api_key, endpoint_url=sim.rest_url)
    template = {"certificate": issued.pem, "privateKey": issued.key_pem, "intermediateCertificate": issued.chain_pem}
    return int(client.call("Security_Certificate", "createObject", template, mask="mask[id]")["id"])


def test_the_whole_way(account: Simulator, tmp_path: Path) -> None:
    """It is called by its first name everywhere; the listeners are those whose certificate has one of the names."""
    order = account.add_order(commonName=None, names=[WWW, SHOP], key_type="rsa")["id"]
    waiting = account.add_order(commonName=None, names=["*.names.example"], status="Pending CA Approval")["id"]
    with_name, without, other = store(account, WWW, WWW), store(account, None, SHOP), store(account, None, OTHER)
    for name, record in (("www", with_name), ("shop", without), ("other", other)):
        account.add_balancer(name=name, listeners=[{"protocolPort": 443, "tlsCertificateId": record}])
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    variables = {
        "ssl_fulfillment_select": {"common_names": [SHOP, "?.names.example"], "statuses": ["approved", "pending"]},
        "ssl_fulfillment_mail": {"maildir": str(account.maildir)},
        "ssl_fulfillment_privatekey_dir": str(account.keys_dir),
        "ssl_fulfillment_trusted_ca_path": str(account.authority_root),
        "ssl_fulfillment_report_path": "report.html",
        "ssl_fulfillment_report_language": "de",
        "ssl_rotation_phases": ["deploy", "verify", "clean_up"],
        "ssl_rotation_common_names": [SHOP, WWW],
        "ssl_rotation_trusted_ca_path": str(account.authority_root),
        "ssl_rotation_verify_timeout": 5,
        "ssl_rotation_remove_superseded": True,
    }
    ran = play(account, tmp_path, "play.yml", **variables)
    assert ran.code == 0, ran.output
    new = next(record["id"] for record in account.certificates() if record["id"] not in {with_name, without, other})
    for said in (
        f"{WWW} (order {order}): requested, goes to ",
        f"{WWW} (order {order}): found in the email of ",
        f"{WWW} (order {order}): imported as certificate {new}",
        f"www:443: switched to certificate {new} ({WWW}), and serves it",
        f"shop:443: switched to certificate {new} ({WWW}), and serves it",
        f"certificate {with_name} ({WWW}): removed",
        f"certificate {without} ({SHOP}): removed",
        "skipped (pending): *.names.example",
    ):
        assert said in ran.output, said
    assert not re.search(r"None|no name|without a", ran.output)
    assert {record["id"] for record in account.certificates()} == {new, other}
    assert [one["listeners"][0]["tlsCertificateId"] for one in account.balancers()] == [new, new, other]

    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count(WWW) >= 1 and "*.names.example" in page and "<span>Name</span>" in page
    rows = {row["order_id"]: row for row in json.loads((tmp_path / "report.json").read_text("utf-8"))["orders"]}
    assert (rows[order]["common_name"], rows[order]["name"], rows[order]["served_by"]) == (
        None,
        WWW,
        ["shop:443", "www:443"],
    )
    assert rows[waiting]["name"] == "*.names.example"
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        assert {line["name"] for line in csv.DictReader(file)} == {WWW, "*.names.example"}

    again = play(account, tmp_path, "play.yml", **variables)
    assert (again.code, again.changed) == (0, 0), again.output
