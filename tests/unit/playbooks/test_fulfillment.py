# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role ssl_fulfillment and its playbooks, as users run them: what goes from module to module, and what stands around them.

What is requested, found and imported and why is tested with the modules; here the emails lie on a real mail server. That check mode
sends and imports nothing: `docs/test_outputs`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.simulator import mail
from tests.simulator.client import Simulator
from tests.support.certificates import Key, leaks, private_fragments
from tests.support.dovecot import Server
from tests.support.pages import ROOT
from tests.support.playing import Ran, play

pytest_plugins = ["tests.support.dovecot"]

FAMILIES = sorted(mail.families() - {mail.WITHOUT_CERTIFICATE})
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch owned') }}{{ 7 * 7 }}<script>.example.com"
"""A name that is text, whatever reads it."""
IMPORTED, LOST, KEYLESS, EXPIRING, REFUSED, NOT_ALLOWED = 100201, 100202, 100203, 100205, 100207, 100208
"""Orders of the demo fleet."""
TELL = """
- import_playbook: softlayer.certificates.fulfill
- hosts: localhost
  gather_facts: false
  tasks:
    - copy:
        content: "{{ ssl_fulfillment_result | to_json }}"
        dest: result.json
        mode: "0600"
"""
IN_A_PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - block:
        - include_role:
            name: softlayer.certificates.ssl_fulfillment
      always:
        - debug:
            msg: "told: {{ (ssl_fulfillment_result | default({}))[item] | default([]) | map(attribute='common_name') | join }}"
          loop: [requested, skipped, failed]
"""
TWICE = "- import_playbook: softlayer.certificates.report\n" * 2


def fulfill(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Ran:
    """Run a playbook, given by its name or as a text, with variables of the role, and with those that most runs need."""
    if "\n" in playbook:
        (folder / "own.yml").write_text(playbook, encoding="utf-8")
        playbook = "own.yml"
    given = {
        "ledger_url": f"sqlite:///{folder}/ledger.sqlite3",
        "privatekey_dir": str(sim.keys_dir),
        "trusted_ca_path": str(sim.authority_root),
        **variables,
    }
    return play(sim, folder, playbook, *options, **{f"ssl_fulfillment_{name}": value for name, value in given.items()})


def summary(ran: Ran) -> str:
    """The line that counts what was done."""
    (found,) = re.findall(r'^ +"(This run: .*)"', ran.output, re.MULTILINE)
    return str(found)


def read(folder: Path) -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """The rows of a report by order, and all of it."""
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {row["order_id"]: row for row in data["orders"]}, data


def test_from_the_orders_to_the_store(sim: Simulator, dovecot: Server, tmp_path: Path) -> None:
    """The loudest output has no secret."""
    inbox = dovecot.new_user(sim.maildir)
    nameless = sim.add_order(commonName=None, names=["www.names.example", "names.example"])["id"]
    ids = [order["id"] for order in sim.orders() if order["commonName"] in {"www.example.com", "*.example.org", None}]
    for number, identifier in enumerate(ids):
        sim.patch_order(identifier, mail_family=FAMILIES[number])
    inbox.deliver(b"Subject: Your SSL certificate\n\nThe code of the door is 739184-rosebud.\n")
    options = {"mail": {"imap": inbox.options(), "wait_interval": 1}, "order_ids": ids, "select": {"imported": False}}
    todo = [identifier for identifier in ids if identifier != IMPORTED]

    ran = fulfill(sim, tmp_path, TELL, "-vvvv", "--diff", **options)
    assert ran.code == 0, ran.output
    told = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert {name: sorted(one["order_id"] for one in told[name]) for name in ("requested", "collected", "imported")} == {
        **dict.fromkeys(("requested", "collected", "imported"), todo)
    }
    assert told["skipped"] == []
    stored = {certificate["certificate"] for certificate in sim.certificates()}
    assert stored >= {sim.issue(identifier)["certificate"] for identifier in todo}
    assert f"www.names.example (order {nameless}): imported as certificate " in ran.output
    assert [one for one in (inbox.password, sim.api_key, "rosebud") if one in ran.output] == []
    keys = [load_pem_private_key(path.read_bytes(), None) for path in sim.keys_dir.iterdir()]
    assert not leaks(ran.output, set().union(*(private_fragments(cast(Key, key)) for key in keys)))


def test_failures_hide_nothing(sim: Simulator, tmp_path: Path) -> None:
    """A request that is refused, load balancers that cannot be listed: all else is done and told.

    The report tells of each order how far it has come in this run. Names are no templates, neither in what the role says nor where its
    result is used.
    """
    sim.patch_order(LOST, mail_family="link_only", commonName=TEMPLATE)
    sim.patch_order(REFUSED, commonName=TEMPLATE)
    sim.fault("fault", method="resendEmail", order_id=REFUSED, message="This order has no approver.")
    sim.fault("fault", method="getAllObjects", message="Not today.")
    (keys := tmp_path / "keys").mkdir()
    (keys / "mail.example.com.key").symlink_to(sim.key_path("mail.example.com"))
    ran = fulfill(
        sim,
        tmp_path,
        IN_A_PLAY,
        phases="request,collect,import,report",
        order_ids=[LOST, KEYLESS, EXPIRING, REFUSED, NOT_ALLOWED],
        allowed_recipients=["*@example.*"],
        mail={"maildir": str(sim.maildir)},
        privatekey_dir=str(keys),
        report_path="report.html",
    )
    assert ran.code == 2 and f"order {REFUSED}" in ran.output, ran.output
    assert sorted(send["order_id"] for send in sim.sends()) == [LOST, KEYLESS, EXPIRING]
    assert summary(ran) == "This run: 3 requested, 2 collected, 1 imported, 2 skipped, 3 failed."
    rows, data = read(tmp_path)
    told = {identifier: (row["state"], row["reason"]) for identifier, row in rows.items()}
    assert told[LOST] == ("requested", "waiting_for_email") and told[KEYLESS] == ("received", "waiting_for_key")
    assert told[EXPIRING] == ("imported", "already_imported") and told[REFUSED][0] == "failed"
    found = {identifier: row["mail_found"] for identifier, row in rows.items()}
    assert (found[LOST], found[EXPIRING]) == (False, True) and rows[EXPIRING]["certificate_ids"]
    assert rows[LOST]["next_allowed_at"] > rows[LOST]["last_requested_at"]
    assert [entry["kind"] for entry in data["attention"]][:2] == ["failed", "expiring"]
    assert [notice["source"] for notice in data["notices"]] == ["the certificate store"]
    assert rows[EXPIRING]["served_by"] is None
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert sim.api_key not in page and "&lt;script&gt;.example.com" in page
    lines = re.findall('"told: .*"', ran.output)
    assert len(lines) == 3 and all(TEMPLATE in line for line in lines), ran.output
    assert "49<" not in ran.output and not (tmp_path / "owned").exists() and rows[LOST]["common_name"] == TEMPLATE


@pytest.mark.oldest
def test_what_cannot_be_read_is_reported(sim: Simulator, dovecot: Server, tmp_path: Path) -> None:
    """A report is written all the same, and nothing is imported; a request that cannot begin says why where Ansible says that it failed."""
    mail = {"imap": dovecot.new_user().options(password="not this one")}
    options: dict[str, Any] = {"mail": mail, "ledger_url": "sqlite:////no/where/ledger.sqlite3"}
    phases = ["collect", "import", "report"]
    ran = fulfill(sim, tmp_path, IN_A_PLAY, phases=phases, report_path="report.html", **options)
    assert ran.code == 2 and "rejects the login" in ran.output and "not this one" not in ran.output
    assert summary(ran).startswith("This run: ")
    rows, data = read(tmp_path)
    assert sorted(notice["source"] for notice in data["notices"]) == ["the ledger", "the mailbox"]
    assert rows[IMPORTED]["state"] == "imported"

    ran = fulfill(sim, tmp_path, "softlayer.certificates.resend", **options, select={})
    assert ran.code == 2 and not sim.sends(), ran.output
    assert "Cannot use the ledger /no/where/ledger.sqlite3" in ran.output


def test_recipients_of_a_preview_that_are_undefined_inside_are_none(sim: Simulator, tmp_path: Path) -> None:
    """Of such a template, ansible-core 2.19 and later say that it is not defined."""
    awx = str(ROOT / "playbooks/awx/resend.yml")
    ran = play(sim, tmp_path, awx, ssl_previewed_recipients="{{ 7 if false }}", ssl_orders="shop.*")
    assert ran.code == 2, ran.output
    assert sim.sends() == []


@pytest.mark.oldest
def test_a_report(sim: Simulator, tmp_path: Path) -> None:
    """Nothing is sent, and a second run changes nothing."""
    (stored,) = sim.certificates()
    sim.add_balancer(name="web", listeners=[{"protocolPort": 443, "tlsCertificateId": stored["id"]}])
    ran = fulfill(
        sim,
        tmp_path,
        TWICE,
        mail={"maildir": str(sim.maildir)},
        allowed_recipients=["*@example.*"],
        select=json.dumps({"account_id": sim.account_id}),  # as `-e name=value` has it
        report_path="report.html",
        report_language="de",
        fail_on=[],
    )
    assert (ran.code, ran.changed) == (0, 1), ran.output
    rows, data = read(tmp_path)
    assert rows.keys() == {order["id"] for order in sim.orders()}
    assert (rows[IMPORTED]["state"], rows[IMPORTED]["served_by"]) == ("imported", ["web:443"])
    assert {entry["kind"]: entry["order_ids"] for entry in data["attention"]} == {
        "expiring": [EXPIRING],
        "not_allowed": [NOT_ALLOWED],
        "pending": [100209, 100210],
        "unknown_status": [100212],
    }
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'lang="de"' in page and all(f'id="order-{identifier}"' in page for identifier in rows)
    assert sim.sends() == [] and len(sim.certificates()) == 1
    called = [f"{call['service']}::{call['method']}" for call in sim.calls()]
    assert "SoftLayer_Account::getObject" not in called and len(called) < 24


@pytest.mark.oldest
def test_no_email_is_requested_that_could_not_be_read(sim: Simulator, dovecot: Server, tmp_path: Path) -> None:
    """In check mode it is told, too."""
    wrong = {"imap": dovecot.new_user().options(password="not this one")}
    for options in ((), ("--check",)):
        ran = fulfill(sim, tmp_path, "softlayer.certificates.fulfill", *options, mail=wrong, select={})
        assert ran.code != 0 and sim.sends() == [], ran.output
        assert "rejects the login" in ran.output


@pytest.mark.oldest
def test_certificates_that_are_saved_where_no_phase_reads_them(sim: Simulator, tmp_path: Path) -> None:
    """The phase import is named if it is not selected; a folder that does not exist is named like that of the keys."""
    saved = str(tmp_path / "certificates")
    ran = fulfill(sim, tmp_path, IN_A_PLAY, certificate_dir=saved, order_ids=[IMPORTED])
    assert ran.code == 0 and "only the phase import uses it" in ran.output, ran.output
    ran = fulfill(sim, tmp_path, IN_A_PLAY, certificate_dir=saved, phases="import")
    assert ran.code == 2 and f"The directory {saved} does not exist." in ran.output, ran.output
