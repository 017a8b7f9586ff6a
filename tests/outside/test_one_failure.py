# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of many, one fails in each way there is: all others are done, each says what became of it, and the run names those that failed.

Promise: A failure does not hide other results.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.outside.runs import login, play, stored, telling, told
from tests.simulator.client import Simulator
from tests.support.certificates import Authority, key_pem, pem_of
from tests.support.deploying import store
from tests.support.false_imap import GAPS, GappedMail
from tests.support.modules import Run, run_module

AUTHORITY = Authority()
NUMBERS = range(1, 7)
NAMES = {number: f"n{number}.example.com" for number in NUMBERS}
ISSUED = {number: AUTHORITY.issue(NAMES[number], days=(-30, 335)) for number in NUMBERS}


@pytest.fixture
def fleet(account: Simulator) -> Simulator:
    """An account with all orders."""
    for number in NUMBERS:
        account.add_order(id=number, commonName=NAMES[number], certificateSigningRequest=ISSUED[number].csr_pem)
    return account


def warnings(run: Run) -> str:
    """All that a run warns of."""
    return " ".join(str(warning) for warning in run.result.get("warnings", []))


def test_what_cannot_be_read_of_the_store_is_reported(fleet: Simulator) -> None:
    """It may be what is looked for: nobody may take it for compared."""
    unreadable = [store(fleet, ISSUED[6]) for _ in range(2)]
    for identifier in unreadable:
        fleet.patch_certificate(identifier, certificate="no certificate")
    said = f"certificates in the store: {unreadable[0]}, {unreadable[1]}."
    run = run_module("ssl_certificate_import", **login(fleet), certificates=[ISSUED[1].options(), ISSUED[2].options()])
    assert [one["outcome"] for one in run["certificates"]] == ["imported", "imported"]
    assert warnings(run).count(said) == 1
    run = run_module("ssl_fulfillment_email", **login(fleet), order_ids=[1, 3])
    assert run.outcomes() == {1: ("skipped", "already_imported"), 3: ("requested", None)}
    assert warnings(run).count(said) == 1
    run = run_module("ssl_order_info", **login(fleet), imported=True)
    assert [order["id"] for order in run["orders"]] == [1, 2]
    assert warnings(run).count(said) == 1


TELL = """
- hosts: localhost
  gather_facts: false
  tasks:
    - block:
        - include_role:
            name: softlayer.certificates.ssl_fulfillment
      rescue:
        - name: Tell
          debug:
            msg: "{{ ssl_fulfillment_result | combine({'message': ansible_failed_result.msg}) }}"
"""


def test_a_playbook_that_imports(fleet: Simulator, tmp_path: Path) -> None:
    """Of two a file cannot be used, which is named, and so is the variable that is missing."""
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    paths = {number: tmp_path / f"{NAMES[number]}.crt" for number in NUMBERS}
    for number, path in paths.items():
        path.write_text(ISSUED[number].pem + ISSUED[number].chain_pem, encoding="ascii")
        path.with_suffix(".key").write_text(ISSUED[number].key_pem, encoding="ascii")
    paths[1].write_text("no certificate", encoding="ascii")
    closed = paths[2].with_suffix(".key")
    closed.write_text(key_pem(ISSUED[2].key, passphrase="a phrase"), encoding="ascii")
    for rule in (
        {"kind": "fault", "message": "There is something about this one."},
        {"kind": "false"},
        {"kind": "reset_before"},
    ):
        fleet.fault(**rule, method="createObject", times=1)
    given = {"phases": ["import"], "certificate_dir": str(tmp_path), "privatekey_dir": str(tmp_path)}
    given["trusted_ca_path"] = str(tmp_path / "root.pem")
    ran = play(fleet, tmp_path, TELL, **{f"ssl_fulfillment_{name}": value for name, value in given.items()})
    assert ran.code == 0 and "Traceback" not in ran.output, ran.output
    result: dict[str, Any] = told(ran)
    message, failed = result["message"], result["failed"]
    assert all(entry["message"].endswith(".") for entry in failed)
    assert {n for n in NUMBERS if f"order {n}: " in message} == {entry["order_id"] for entry in failed}
    reasons = Counter(entry["reason"] for entry in failed)
    assert reasons == {"invalid_pem": 1, "bad_passphrase": 1, "refused": 2, "outcome_unknown": 1}
    assert f"{paths[1]}: " in message and "no certificate" in message
    assert f"{closed}: The private key is encrypted. Set privatekey_passphrase" in message
    assert len(result["imported"]) == sum(stored(fleet).values()) == 1


def test_a_playbook_that_imports_from_a_mailbox(fleet: Simulator, tmp_path: Path) -> None:
    """The server hangs up at one message, refuses another, and the others are imported."""
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    for number in NUMBERS:
        (tmp_path / f"{NAMES[number]}.key").write_text(ISSUED[number].key_pem, encoding="ascii")
    letters = [f"Subject: {n}\r\n\r\n{ISSUED[n].pem}{ISSUED[n].chain_pem}".encode() for n in NUMBERS]
    with GappedMail(letters, {2: GAPS["bye"], 4: GAPS["refused"]}) as mail:
        given = {"mail": {"imap": mail.options()}, "privatekey_dir": str(tmp_path)}
        given["trusted_ca_path"] = str(tmp_path / "root.pem")
        ran = play(
            fleet, tmp_path, telling("import"), **{f"ssl_fulfillment_{name}": each for name, each in given.items()}
        )
    assert ran.code == 0 and "Traceback" not in ran.output, ran.output
    result: dict[str, Any] = told(ran)
    assert {entry["order_id"] for entry in result["imported"]} == {1, 3, 5, 6} and not result["failed"]
    assert {entry["order_id"] for entry in result["skipped"]} == {2, 4}
    assert sum(stored(fleet).values()) == 4
    output = " ".join(ran.output.split())
    assert "Cannot read the message with UID 2 in the folder INBOX" in output
    assert (
        "Cannot read the message with UID 4 in the folder INBOX: the server rejected the request: [SERVERBUG] not that one."
        in output
    )
