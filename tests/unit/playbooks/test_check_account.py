# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook check_account: what it concludes, and that the store has afterwards what it had before."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, new_key
from tests.support.deploying import store as put
from tests.support.pages import ROOT
from tests.support.playing import Ran, kill, play, start
from tests.support.waiting import until_called

CHECK = "softlayer.certificates.check_account"
[PLAY] = yaml.safe_load((ROOT / "playbooks/check_account.yml").read_text(encoding="utf-8"))
DOMAIN, NOTES = PLAY["vars"]["test_domain"], PLAY["vars"]["test_notes"]
WRITES = {"createObject", "editObject", "deleteObject", "updateLoadBalancerProtocols"}
TESTS = [
    "The store keeps chains of two intermediate certificates",
    "The store accepts EC keys",
    "The store accepts certificates without a common name",
    "The store deletes test certificates",
]


@pytest.fixture
def account(sim: Simulator) -> Simulator:
    """An account with a certificate that a listener serves, and one that nothing uses."""
    served = put(sim, Authority().issue("www.example.com", key=new_key("rsa")))
    sim.add_balancer(name="web", listeners=[{"protocolPort": 8443, "tlsCertificateId": served}])
    put(sim, Authority().issue("unused.example.com", key=new_key("rsa")))
    sim.clear_calls()
    return sim


def check(sim: Simulator, folder: Path, *options: str, **variables: Any) -> Ran:
    """Run the playbook, which waits as shortly as it can."""
    return play(sim, folder, CHECK, *options, wait_timeout=5, **variables)


def findings(ran: Ran) -> dict[str, str]:
    """What the playbook reports: what it found, each with its answer, and as "" what it concludes."""
    told = ran.output.partition("TASK [Report the findings]")[2].partition('"msg": [')[2].partition("]\n")[0]
    lines = [line.strip().rstrip(",").strip('"') for line in told.strip().splitlines()]
    ends = next(number for number, line in enumerate(lines) if line.startswith("This account can"))
    answers = dict(line.split(": ", 1) for line in lines[:ends])
    return {**answers, "": " ".join(lines[ends:])}


def writes(sim: Simulator) -> list[str]:
    """The calls that change something."""
    return [call["method"] for call in sim.calls() if call["method"] in WRITES]


def about_the_store(found: dict[str, str]) -> dict[str, str]:
    """The first word of what was found about the store."""
    return {name: found[name].split(".")[0] for name in TESTS}


@pytest.mark.oldest
@pytest.mark.parametrize("options", [(), ("--check", "-e", "test_store=true")], ids=["reading", "check mode"])
def test_reading_creates_nothing(account: Simulator, tmp_path: Path, options: tuple[str, ...]) -> None:
    ran = check(account, tmp_path, *options)
    found = findings(ran)
    assert ran.code == 0 and ran.changed == 0 and not writes(account), ran.output
    assert found.pop("The store was not tested")
    assert found == {
        "Certificates can be listed": "yes",
        "Load balancers can be listed": "yes",
        "Listeners can be switched": "unknown, because only a switch can test the permission",
        "SSL orders can be listed": "yes",
        "": "This account can be rotated, according to its permissions; the store was not tested.",
    }


def test_the_store_is_tested_and_has_afterwards_what_it_had_before(account: Simulator, tmp_path: Path) -> None:
    """It lists late what is created. With -vvv, no secret is in the output."""
    before = account.certificates()
    account.settings(list_late=2)
    ran = check(account, tmp_path, "-vvv", test_store=True)
    assert ran.code == 0, ran.output
    assert "PRIVATE KEY" not in ran.output and account.api_key not in ran.output
    found = findings(ran)
    assert about_the_store(found) == dict.fromkeys(TESTS, "yes") and found[""] == "This account can be rotated."
    assert writes(account) == ["createObject"] * 3 + ["deleteObject"] * 3
    assert account.certificates() == before
    [folder] = set(re.findall(r'"path": "(/[^"]*/softlayer-certificates-test-\w+)"', ran.output))
    assert not Path(folder).exists()


@pytest.mark.later
def test_what_an_interrupted_run_left_is_deleted_and_nothing_else(account: Simulator, tmp_path: Path) -> None:
    before = account.certificates()
    account.fault("hang_before", method="deleteObject", seconds=600)
    process = start(account, tmp_path, CHECK, test_store=True)
    until_called(account, 1, process, method="deleteObject")
    kill(process)
    account.clear_faults()
    left = [record for record in account.certificates() if record not in before]
    assert len(left) == 3 and {record["notes"] for record in left} == {NOTES}
    for name, notes in ((f"own.{DOMAIN}", "Mine."), ("own.example.com", NOTES), (f"own.{DOMAIN}.example.com", NOTES)):
        account.patch_certificate(put(account, Authority().issue(name, key=new_key("rsa"))), notes=notes)
    kept = [record for record in account.certificates() if record not in left]
    ran = check(account, tmp_path, test_store=True)
    assert ran.code == 0 and findings(ran)[""] == "This account can be rotated.", ran.output
    assert account.certificates() == kept


@pytest.mark.oldest
@pytest.mark.parametrize(
    ("settings", "answers", "advice"),
    [
        (
            {"kept_chain": "first", "refuse_without_common_name": True},
            ["no", "yes", "no", "yes"],
            "Use chains with one intermediate certificate. Use certificates with a common name.",
        ),
        ({"refuse_ec_key": True}, ["yes", "no", "yes", "yes"], "Use RSA keys."),
    ],
    ids=["truncates and takes no empty name", "takes no EC key"],
)
def test_limits_of_the_store(
    account: Simulator, tmp_path: Path, settings: dict[str, Any], answers: list[str], advice: str
) -> None:
    before = account.certificates()
    account.settings(**settings)
    ran = check(account, tmp_path, test_store=True)
    assert ran.code == 0, ran.output
    found = findings(ran)
    assert about_the_store(found) == dict(zip(TESTS, answers, strict=True))
    assert found[""] == f"This account can be rotated. {advice}"
    assert account.certificates() == before


@pytest.mark.oldest
def test_a_store_that_takes_nothing(account: Simulator, tmp_path: Path) -> None:
    account.fault("not_found", method="createObject")
    ran = check(account, tmp_path, test_store=True)
    found = findings(ran)
    assert ran.code == 2 and found[""].startswith("This account cannot be rotated: The store accepted none"), ran.output
    assert set(about_the_store(found).values()) == {"unknown", "yes"} and writes(account) == ["createObject"] * 3


@pytest.mark.later
@pytest.mark.parametrize("says_no", [True, False])
def test_what_cannot_be_deleted_is_reported(account: Simulator, tmp_path: Path, says_no: bool) -> None:
    before = account.certificates()
    if says_no:
        account.fault("not_found", method="deleteObject")
    else:
        account.settings(only_say_deleted=True)
    ran = check(account, tmp_path, test_store=True)
    left = [record["id"] for record in account.certificates() if record not in before]
    found = findings(ran)
    assert ran.code == 2 and len(left) == 3 and found["The store deletes test certificates"] == "no", ran.output
    assert found[""].startswith("This account cannot be rotated: Cannot delete all test certificates from the store")
    assert all(str(identifier) in found[""] for identifier in left)
    assert ("SECURITY_CERTIFICATE_MANAGE" in found[""]) == says_no


MANAGE = "Grant the permission SECURITY_CERTIFICATE_MANAGE."


@pytest.mark.oldest
@pytest.mark.parametrize(
    ("permissions", "missing"),
    [
        (["SECURITY_CERTIFICATE_VIEW"], MANAGE),
        ([], MANAGE),
        (None, "Grant the permission LOADBALANCER_MANAGE, and access to the devices."),
    ],
)
def test_what_is_missing_is_said(
    account: Simulator, tmp_path: Path, permissions: list[str] | None, missing: str
) -> None:
    """Where it cannot be found again, nothing is imported."""
    if permissions is None:
        account.fault("not_found", method="getAllObjects")
    else:
        account.permit(account.username, *permissions)
    cannot_be_rotated(account, check(account, tmp_path, test_store=permissions is not None), missing)


@pytest.mark.oldest
def test_listeners_without_access_to_their_devices(account: Simulator, tmp_path: Path) -> None:
    account.delete_balancer(account.balancers()[0]["id"])
    account.patch_certificate(account.certificates()[0]["id"], associatedServiceCount=1)
    missing = "but the API lists no listener. Grant access to the devices."
    cannot_be_rotated(account, check(account, tmp_path), missing)


def cannot_be_rotated(account: Simulator, ran: Ran, missing: str) -> None:
    assert ran.code == 2 and not writes(account), ran.output
    conclusion = findings(ran)[""]
    assert conclusion.startswith("This account cannot be rotated: ") and conclusion.endswith(missing)
    assert conclusion in ran.output.partition("TASK [Check that no permission or feature is missing]")[2]
