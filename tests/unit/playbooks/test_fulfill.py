# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook `fulfill`, as a user runs it: against the API's simulator, with its emails on a real mail server."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.simulator import mail
from tests.simulator.client import Simulator
from tests.support import preloading
from tests.support.certificates import Authority
from tests.support.dovecot import Mailbox, Server

pytest_plugins = ["tests.support.dovecot"]

ORDERS = 12
SECONDS = 120
FAMILIES = sorted(mail.families() - {mail.WITHOUT_CERTIFICATE})
TELL = """
- import_playbook: softlayer.certificates.fulfill
- hosts: localhost
  gather_facts: false
  tasks:
    - copy:
        content: "{{ ssl_fulfillment_result | to_json }}"
        dest: "{{ tell }}"
        mode: "0600"
      check_mode: false
      changed_when: false
"""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Simulator]:
    """A simulator with a dozen orders that were issued."""
    with Simulator.start(fleet=ORDERS) as simulator:
        yield simulator


@pytest.fixture
def sim(fleet: Simulator) -> Simulator:
    """The same, as if it had just been started, with mail of every family."""
    fleet.reset()
    for number, order in enumerate(fleet.orders()):
        fleet.patch_order(order["id"], mail_family=FAMILIES[number % len(FAMILIES)])
    return fleet


@pytest.fixture
def inbox(sim: Simulator, dovecot: Server) -> Mailbox:
    """A mailbox that the authority's mail is delivered to."""
    return dovecot.new_user(sim.maildir)


class Ran:
    """A run of the playbook: what it printed, its result, and how many tasks changed something."""

    def __init__(self, process: subprocess.CompletedProcess[str], told: Path) -> None:
        self.code = process.returncode
        self.output = process.stdout + process.stderr
        recap = re.search(r"changed=(\d+)", self.output)
        assert recap, self.output
        self.changed = int(recap[1])
        self.result: dict[str, list[dict[str, Any]]] = json.loads(told.read_text()) if told.exists() else {}

    def ids(self, name: str) -> list[int]:
        """The orders in one of the result's lists."""
        return sorted(entry["order_id"] for entry in self.result[name])

    def reasons(self) -> dict[int, str]:
        """Why orders were skipped; each is listed once."""
        found = {entry["order_id"]: entry["reason"] for entry in self.result["skipped"]}
        assert len(found) == len(self.result["skipped"])
        return found


Play = Callable[..., Ran]


@pytest.fixture
def fulfill(sim: Simulator, inbox: Mailbox, tmp_path: Path) -> Play:
    """Runs the playbook, and tells what the role's result was."""
    (tmp_path / "play.yml").write_text(TELL, encoding="utf-8")

    def run(*options: str, mailbox: Mapping[str, Any] | None = None, **variables: Any) -> Ran:
        told = tmp_path / "result.json"
        told.unlink(missing_ok=True)
        given = {
            "ssl_fulfillment_mail": {"imap": mailbox or inbox.options(), "wait_interval": 1},
            "ssl_fulfillment_privatekey_dir": str(sim.keys_dir),
            "ssl_fulfillment_trusted_ca_path": str(sim.authority_root),
            "tell": str(told),
            **variables,
        }
        given = {name: value for name, value in given.items() if value is not None}
        (tmp_path / "vars.json").write_text(json.dumps(given), encoding="utf-8")
        login = {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.rest_url}
        quiet = {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
        process = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "play.yml", "-e", "@vars.json", *options],
            cwd=tmp_path,
            env=os.environ | preloading.environment() | login | quiet,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Ran(process, told)

    return run


def test_a_dozen_orders_in_one_run_and_nothing_in_the_next(sim: Simulator, inbox: Mailbox, fulfill: Play) -> None:
    ids = [order["id"] for order in sim.orders()]
    first = fulfill()
    assert first.code == 0, first.output
    assert first.ids("requested") == first.ids("collected") == first.ids("imported") == ids
    assert first.reasons() == {}
    stored = {certificate["certificate"] for certificate in sim.certificates()}
    assert stored == {sim.issue(identifier)["certificate"] for identifier in ids}
    assert {entry["source"]["folder"] for entry in first.result["collected"]} == {"INBOX"}

    untouched = inbox.flags()
    second = fulfill()
    assert (second.code, second.changed) == (0, 0), second.output
    assert second.reasons() == dict.fromkeys(ids, "already_imported")
    assert [len(sim.sends()), len(sim.certificates())] == [ORDERS, ORDERS]
    assert inbox.flags() == untouched


def test_check_mode_asks_for_nothing_and_does_not_wait(sim: Simulator, fulfill: Play) -> None:
    ids = [order["id"] for order in sim.orders()]
    ran = fulfill("--check", ssl_fulfillment_wait_timeout=SECONDS * 10)
    assert ran.code == 0, ran.output
    assert ran.ids("requested") == ids
    assert ran.reasons() == dict.fromkeys(ids, "waiting_for_email")
    assert sim.sends() == [] and sim.certificates() == []


def test_what_has_not_come_is_waited_for_and_imported_by_a_later_run(sim: Simulator, fulfill: Play) -> None:
    sim.settings(hold_mail=True)
    ids = [order["id"] for order in sim.orders()]
    first = fulfill(ssl_fulfillment_wait_timeout=1)
    assert first.code == 0, first.output
    assert first.ids("requested") == ids
    assert first.reasons() == dict.fromkeys(ids, "waiting_for_email")
    assert "waiting_for_email" in first.output

    sim.release_mail()
    second = fulfill()
    assert second.code == 0, second.output
    assert second.ids("imported") == ids
    assert len(sim.sends()) == ORDERS


def test_a_failure_does_not_stop_the_others(sim: Simulator, fulfill: Play) -> None:
    ids = [order["id"] for order in sim.orders()]
    broken, *others = ids
    sim.fault("fault", method="resendEmail", order_id=broken)
    ran = fulfill(ssl_fulfillment_wait_timeout=1)
    assert ran.code == 2
    assert sorted(send["order_id"] for send in sim.sends()) == others
    assert len(sim.certificates()) == len(others)
    assert "requested 11, collected 11, imported 11, skipped 1, failed 1" in ran.output
    assert f"order {broken}" in ran.output


def test_forged_mail_and_bombs_do_no_harm(sim: Simulator, inbox: Mailbox, fulfill: Play) -> None:
    order, *_others = sim.orders()
    name = order["commonName"]
    forged = Authority("Forger").issue(name)
    message = mail.fulfillment(
        "rapidssl",
        mail.Letter(order["id"], name, "RapidSSL", order["approverEmailAddress"], None),
        mail.Issued(forged.certificate, forged.chain[0], forged.certificate),
    )
    inbox.deliver(message)
    inbox.deliver(bomb())
    ran = fulfill()
    assert ran.code == 0, ran.output
    assert forged.fingerprint not in {entry["fingerprint_sha256"] for entry in ran.result["imported"]}
    assert len(ran.result["imported"]) == ORDERS
    assert sim.issue(order["id"])["certificate"] in {entry["certificate"] for entry in sim.certificates()}
    assert forged.pem not in {entry["certificate"] for entry in sim.certificates()}


def bomb() -> EmailMessage:
    """A message with an archive that unpacks to far more than it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("example_com.crt", b"\0" * 200_000_000)
    message = EmailMessage()
    message["Subject"] = "Your SSL certificate"
    message.set_content("Attached.\n")
    message.add_attachment(buffer.getvalue(), maintype="application", subtype="zip", filename="example_com.zip")
    return message


def test_a_mailbox_out_of_reach_hides_nothing_of_what_was_done(sim: Simulator, inbox: Mailbox, fulfill: Play) -> None:
    ran = fulfill(mailbox=inbox.options(password="not this one"))
    assert ran.code == 2
    assert len(sim.sends()) == ORDERS
    assert "refuses the login" in ran.output and f"requested {ORDERS}, collected 0" in ran.output
    assert "not this one" not in ran.output


def test_without_a_mailbox_it_says_what_is_missing(fulfill: Play, sim: Simulator) -> None:
    ran = fulfill(ssl_fulfillment_mail={"imap": {"host": "localhost"}})
    assert ran.code == 2
    assert "username" in ran.output and "password" in ran.output
    assert sim.sends() == []


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ssl_fulfillment_mail": {"wait_interval": 5}}, "imap, maildir, mbox and paths"),
        (
            {"ssl_fulfillment_mail": {"maildir": "/one", "mbox": "/two"}},
            "it names maildir and mbox, leave all but one out",
        ),
        ({"ssl_fulfillment_mail": {"maildir": "/one", "max_age_days": 0}}, "max_age_days must be greater than 0"),
        ({"ssl_fulfillment_privatekey_dir": None}, "ssl_fulfillment_privatekey_dir"),
        (
            {"ssl_fulfillment_privatekey_dir": "nowhere"},
            "There is no folder nowhere (ssl_fulfillment_privatekey_dir) on the controller. Make it",
        ),
        (
            {"ssl_fulfillment_phases": ["request", "deploy"]},
            "Run the playbook softlayer.certificates.deploy, or that role",
        ),
    ],
    ids=["no source", "two sources", "no age", "no keys", "no folder", "a phase of another role"],
)
def test_nothing_is_sent_if_a_later_phase_lacks_something(
    sim: Simulator, fulfill: Play, variables: dict[str, Any], named: str
) -> None:
    ran = fulfill(**variables)
    assert ran.code == 2
    assert named in ran.output
    assert sim.sends() == []


def test_the_loudest_output_has_no_secrets_and_no_bodies(sim: Simulator, inbox: Mailbox, fulfill: Play) -> None:
    secret = EmailMessage()
    secret["Subject"] = "Your SSL certificate"
    secret.set_content("The code of the door is 739184-rosebud.\n")
    inbox.deliver(secret)
    ran = fulfill("-vvvv", "--diff")
    assert ran.code == 0, ran.output
    keys = {line for path in sim.keys_dir.iterdir() for line in path.read_text().splitlines() if len(line) > 60}
    for hidden in (inbox.password, sim.api_key, "rosebud", *keys):
        assert hidden not in ran.output
