# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role ssl_fulfillment and its playbooks, as users run them: what goes from module to module, and what stands around them.

What is requested, found and imported and why is tested with the modules; here the emails lie on a real mail server.
"""

from __future__ import annotations

import csv
import json
import re
import stat
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.simulator import mail
from tests.simulator.client import Simulator
from tests.support.certificates import Key, leaks, private_fragments
from tests.support.dovecot import Mailbox, Server
from tests.support.modules import options_for, run_module
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
      check_mode: false
      changed_when: false
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
            msg: "told: {{ ssl_fulfillment_result[item] | map(attribute='common_name') | join }}"
          loop: [requested, skipped, failed]
"""


@pytest.fixture
def sim(sim: Simulator, tmp_path: Path) -> Simulator:
    """The demo fleet, and the playbooks of these tests."""
    (tmp_path / "fulfill.yml").write_text(TELL, encoding="utf-8")
    (tmp_path / "own.yml").write_text(IN_A_PLAY, encoding="utf-8")
    return sim


@pytest.fixture
def inbox(sim: Simulator, dovecot: Server) -> Mailbox:
    """A mailbox that the authority's mail is delivered to."""
    return dovecot.new_user(sim.maildir)


def fulfill(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Ran:
    """Run a playbook with variables of the role, and with those that most runs need."""
    given = {
        "ledger_url": f"sqlite:///{folder}/ledger.sqlite3",
        "privatekey_dir": str(sim.keys_dir),
        "trusted_ca_path": str(sim.authority_root),
        **variables,
    }
    ready = {f"ssl_fulfillment_{name}": value for name, value in given.items() if value is not None}
    return play(sim, folder, playbook, *options, **ready)


def result(folder: Path) -> dict[str, list[Any]]:
    """The role's result: the orders in its lists; of those that were skipped, why."""
    told = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    lists = {name: sorted(one["order_id"] for one in told[name]) for name in ("requested", "collected", "imported")}
    return {**lists, "skipped": sorted((one["order_id"], one["reason"]) for one in told["skipped"])}


def summary(ran: Ran) -> str:
    """The line that counts what was done."""
    (found,) = re.findall(r'^ +"(requested \d.*, failed \d)"', ran.output, re.MULTILINE)
    return str(found)


def methods(sim: Simulator) -> list[str]:
    """What was called, in its order."""
    return [f"{call['service']}::{call['method']}" for call in sim.calls()]


def test_from_the_orders_to_the_store(sim: Simulator, inbox: Mailbox, tmp_path: Path) -> None:
    """Check mode asks for nothing and waits for nothing; a second run finds all done; the loudest output has no secret."""
    nameless = sim.add_order(commonName=None, names=["www.names.example", "names.example"])["id"]
    ids = [
        *(order["id"] for order in sim.orders() if order["commonName"] in {"www.example.com", "*.example.org"}),
        nameless,
    ]
    for number, identifier in enumerate(ids):
        sim.patch_order(identifier, mail_family=FAMILIES[number])
    inbox.deliver(b"Subject: Your SSL certificate\n\nThe code of the door is 739184-rosebud.\n")
    options = {"mail": {"imap": inbox.options(), "wait_interval": 1}, "order_ids": ids, "select": {"imported": False}}
    todo = [identifier for identifier in ids if identifier != IMPORTED]

    plan = fulfill(sim, tmp_path, "fulfill.yml", "--check", wait_timeout=3000, **options)
    assert plan.code == 0 and sim.sends() == [] and len(sim.certificates()) == 1, plan.output
    assert result(tmp_path)["requested"] == todo
    assert result(tmp_path)["skipped"] == [(identifier, "waiting_for_email") for identifier in todo]

    first = fulfill(sim, tmp_path, "fulfill.yml", "-vvvv", "--diff", **options)
    assert first.code == 0, first.output
    assert result(tmp_path) == {**dict.fromkeys(("requested", "collected", "imported"), todo), "skipped": []}
    stored = {certificate["certificate"] for certificate in sim.certificates()}
    assert stored >= {sim.issue(identifier)["certificate"] for identifier in todo}
    assert f"www.names.example (order {nameless}): imported as certificate " in first.output
    assert [one for one in (inbox.password, sim.api_key, "rosebud") if one in first.output] == []
    keys = [load_pem_private_key(path.read_bytes(), None) for path in sim.keys_dir.iterdir()]
    assert not leaks(first.output, set().union(*(private_fragments(cast(Key, key)) for key in keys)))

    untouched, options["select"] = inbox.flags(), {}
    second = fulfill(sim, tmp_path, "fulfill.yml", **options)
    assert (second.code, second.changed, len(sim.sends())) == (0, 0, len(todo)), second.output
    assert result(tmp_path)["skipped"] == [(identifier, "already_imported") for identifier in sorted(ids)]
    assert inbox.flags() == untouched


def test_failures_hide_nothing(sim: Simulator, inbox: Mailbox, tmp_path: Path) -> None:
    """A request that is refused, and a mailbox out of reach: the run tells all that it did, and a later one does the rest."""
    sim.fault("fault", method="resendEmail", order_id=REFUSED, message="This order has no approver.")
    options = {"order_ids": [LOST, KEYLESS, REFUSED], "mail": {"imap": inbox.options(password="not this one")}}
    ran = fulfill(sim, tmp_path, "fulfill.yml", **options)
    assert ran.code == 2 and sorted(send["order_id"] for send in sim.sends()) == sorted([LOST, KEYLESS])
    assert f"order {REFUSED}" in ran.output and "refuses the login" in ran.output
    assert summary(ran) == "requested 2, collected 0, imported 0, skipped 0, failed 2"
    assert "not this one" not in ran.output

    sim.clear_faults()
    options["mail"] = {"imap": inbox.options(), "wait_interval": 1}
    later = fulfill(sim, tmp_path, "fulfill.yml", **options)
    assert later.code == 0 and result(tmp_path)["imported"] == [LOST, KEYLESS, REFUSED], later.output
    assert sorted(send["order_id"] for send in sim.sends()) == sorted([LOST, KEYLESS, REFUSED])


def test_a_request_that_cannot_begin_says_why_where_ansible_says_that_it_failed(sim: Simulator, tmp_path: Path) -> None:
    ran = fulfill(sim, tmp_path, "softlayer.certificates.resend", ledger_url="sqlite:////no/where/ledger.sqlite3")
    assert ran.code == 2 and not sim.sends(), ran.output
    assert (
        "Action failed: The ledger /no/where/ledger.sqlite3 cannot be used" in ran.output
        and "failed_when" not in ran.output
    )
    assert summary(ran) == "requested 0, collected 0, imported 0, skipped 0, failed 1"


def test_a_resend_costs_what_the_module_does(sim: Simulator, tmp_path: Path) -> None:
    """The calls of the module, none beside, and few headings; where no person watches, there are no lines of its progress."""
    names = {"common_names": ["shop.*", "mail.*", "api.*"]}
    alone = run_module(
        "ssl_fulfillment_email", **options_for(sim, "rest"), **names, ledger_url=f"sqlite:///{tmp_path}/other.sqlite3"
    )
    called = methods(sim)
    sim.reset()
    ran = fulfill(sim, tmp_path, "softlayer.certificates.resend", select=names)
    assert ran.code == 0 and methods(sim) == called, ran.output
    assert f"requested {alone['requested_count']}, " in ran.output and alone["requested_count"] > 1
    headings = [line for line in ran.output.splitlines() if line.startswith("TASK [softlayer.certificates")]
    assert len(headings) <= 10, "\n".join(headings)
    assert "emails done" not in ran.output


def test_hosts_of_the_play_choose_the_orders(sim: Simulator, tmp_path: Path) -> None:
    """In one bulk run; what is selected, and the ids that another job hands on, narrow it further."""
    (tmp_path / "ssl_orders.yml").write_text("plugin: softlayer.certificates.ssl_orders\n", encoding="utf-8")
    options = ("-i", "ssl_orders.yml", "-e", "ssl_fulfillment_from_inventory=true", "--limit", "status_approved")
    ids = {"pending": 100209, "approved": LOST, "other": REFUSED}
    assert {order["id"]: order["status"] for order in sim.orders()}[ids["pending"]] == "Pending CA Approval"
    narrowed = {"order_ids": f"{ids['pending']},{LOST},{REFUSED}", "select": {"common_names": ["shop.*"]}}
    ran = fulfill(sim, tmp_path, "softlayer.certificates.resend", *options, **narrowed)
    assert ran.code == 0, ran.output
    assert [send["order_id"] for send in sim.sends()] == [LOST]
    assert ran.output.count("Request the emails]") == 1 and ran.output.count("changed=1 ") == 1

    nobody = fulfill(sim, tmp_path, "softlayer.certificates.resend", *options, inventory_vars_prefix="other_")
    assert nobody.code == 2 and "No host of the play is an SSL order: none has the variable other_id" in nobody.output
    assert len(sim.sends()) == 1


def read(folder: Path) -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """The rows of a report by order, and all of it."""
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {row["order_id"]: row for row in data["orders"]}, data


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a report."""
    return {path.name: path.read_bytes() for path in folder.glob("report.*")}


def test_a_report(sim: Simulator, tmp_path: Path) -> None:
    """Three files that tell the same; nothing is sent; a second run changes nothing, and brings back what is gone."""
    (stored,) = sim.certificates()
    sim.add_balancer(name="web", listeners=[{"protocolPort": 443, "tlsCertificateId": stored["id"]}])
    options = {
        "mail": {"maildir": str(sim.maildir)},
        "allowed_recipients": ["*@example.*"],
        "select": json.dumps({"account_id": sim.account_id}),  # as `-e name=value` has it
        "report_path": "report.html",
        "report_language": "de",
    }
    ran = fulfill(sim, tmp_path, "softlayer.certificates.report", **options)
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
    files = contents(tmp_path)
    assert [int(line["order_id"]) for line in csv.DictReader(files["report.csv"].decode().splitlines())] == list(rows)
    page = files["report.html"].decode()
    assert 'lang="de"' in page and all(f'id="order-{identifier}"' in page for identifier in rows)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in files} == {0o640}
    assert sim.sends() == [] and len(sim.certificates()) == 1
    assert "SoftLayer_Account::getObject" not in methods(sim) and len(methods(sim)) < 12

    (tmp_path / "report.csv").unlink()
    again = fulfill(sim, tmp_path, "softlayer.certificates.report", **options)
    assert (again.code, again.changed, contents(tmp_path)) == (0, 1, files), again.output


def test_a_report_after_the_other_phases(sim: Simulator, tmp_path: Path) -> None:
    """It tells of each order how far it has come in this run."""
    sim.patch_order(LOST, mail_family="link_only")
    sim.fault("fault", method="resendEmail", order_id=REFUSED, message="This order has no approver.")
    (keys := tmp_path / "keys").mkdir()
    (keys / "mail.example.com.key").symlink_to(sim.key_path("mail.example.com"))
    ran = fulfill(
        sim,
        tmp_path,
        "own.yml",
        phases=["request", "collect", "import", "report"],
        order_ids=[LOST, KEYLESS, EXPIRING, REFUSED],
        mail={"maildir": str(sim.maildir)},
        privatekey_dir=str(keys),
        report_path="report.html",
    )
    assert ran.code == 2 and f"order {REFUSED}" in ran.output, ran.output
    rows, data = read(tmp_path)
    told = {identifier: (row["state"], row["reason"]) for identifier, row in rows.items()}
    assert told[LOST] == ("requested", "waiting_for_email") and told[KEYLESS] == ("received", "waiting_for_key")
    assert told[EXPIRING] == ("imported", "already_imported") and told[REFUSED][0] == "failed"
    found = {identifier: row["mail_found"] for identifier, row in rows.items()}
    assert (found[LOST], found[EXPIRING]) == (False, True) and rows[EXPIRING]["certificate_ids"]
    assert rows[LOST]["next_allowed_at"] > rows[LOST]["last_requested_at"]
    assert [entry["kind"] for entry in data["attention"]][:2] == ["failed", "expiring"]
    assert sim.api_key.encode() not in b"".join(contents(tmp_path).values())


def test_what_cannot_be_read_is_told_in_the_report(sim: Simulator, tmp_path: Path) -> None:
    """It is written all the same, with what the store has though the load balancers cannot be listed."""
    sim.fault("fault", method="getAllObjects", message="Not today.")
    ran = fulfill(
        sim,
        tmp_path,
        "softlayer.certificates.report",
        mail={"maildir": str(tmp_path / "nowhere")},
        ledger_url="sqlite:////nowhere/at/all.sqlite3",
        report_path="report.html",
    )
    assert ran.code == 2, ran.output
    rows, data = read(tmp_path)
    sources = ["the mailbox", "the ledger", "what serves the certificates"]
    assert sorted(notice["source"] for notice in data["notices"]) == sorted(sources)
    assert (rows[IMPORTED]["state"], rows[IMPORTED]["served_by"]) == ("imported", None)


def test_names_are_no_templates_and_a_report_that_cannot_be_written_hides_nothing(
    sim: Simulator, tmp_path: Path
) -> None:
    """In what the role says, and where its result is used."""
    orders = [order["id"] for order in sim.orders() if order["id"] in {LOST, REFUSED, NOT_ALLOWED}]
    for identifier in orders:
        sim.patch_order(identifier, commonName=TEMPLATE)
    sim.patch_order(REFUSED, status="CANCELLED")
    (tmp_path / "report.csv").mkdir()
    ran = fulfill(
        sim,
        tmp_path,
        "own.yml",
        phases="request,report",
        order_ids=orders,
        allowed_recipients=["*@example.*"],
        report_path="report.html",
    )
    assert ran.code == 2 and [send["order_id"] for send in sim.sends()] == [LOST], ran.output
    assert f"Write the report, as .html, .json and .csv, to {tmp_path / 'report'}" in ran.output
    assert summary(ran) == "requested 1, collected 0, imported 0, skipped 1, failed 1"
    assert ran.output.count(f'"told: {TEMPLATE}"') == len(orders), ran.output
    assert "49<" not in ran.output and not (tmp_path / "owned").exists()
    assert read(tmp_path)[0][LOST]["common_name"] == TEMPLATE
    assert "&lt;script&gt;.example.com" in (tmp_path / "report.html").read_text(encoding="utf-8")
