# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook check_account, and the rotation that goes by what it has found."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, leaks, new_key, pem_of
from tests.support.deploying import store as put
from tests.support.playing import Ran, play

NAME = "www.example.com"
AUTHORITY = Authority("Two", intermediates=2)
CHECK = "softlayer.certificates.check_account"
END = 25
"""Lines."""


@pytest.fixture
def account(sim: Simulator) -> Simulator:
    """An account with a certificate that is about to run out."""
    put(sim, AUTHORITY.issue(NAME, key=new_key("rsa"), days=(-300, 20)))
    sim.clear_calls()
    return sim


def end_of(ran: Ran) -> list[str]:
    """The lines that a run ends with: what its second task has told."""
    told = ran.output.partition("TASK [Tell what was found")[2]
    return told.partition("\nTASK")[0].partition("\nPLAY RECAP")[0].strip().splitlines()


def test_what_it_finds_a_rotation_goes_by(account: Simulator, home: Path, tmp_path: Path) -> None:
    """Check mode, then the real thing, then once more, which changes nothing; by the usual file, without a word about it."""
    account.settings(kept_chain="first")
    before, path = account.certificates(), home / ".local/state/softlayer.certificates/account.json"
    shown = play(account, tmp_path, CHECK, "--check", try_store="true")
    assert shown.code == 0 and not path.exists() and "Would import check-(random).invalid" in shown.output, shown.output
    assert {call["method"] for call in account.calls()}.isdisjoint({"createObject", "editObject", "deleteObject"})

    ran = play(account, tmp_path, CHECK, try_store="true", wait_timeout="2")
    assert ran.code == 0 and ran.changed == 1 and not leaks(ran.output), ran.output
    assert account.certificates() == before
    assert len(end_of(ran)) <= END, ran.output
    assert re.search(r"it keeps +first\b", ran.output) and str(path) in ran.output and "/issues" in ran.output
    assert json.loads(path.read_text("utf-8"))["store"]["intermediates_kept"] == "first"
    again = play(account, tmp_path, CHECK)
    assert again.code == 0 and len(end_of(again)) <= END and re.search(r"it keeps +first\b", again.output)

    renewed, keys, root = AUTHORITY.issue(NAME, key=new_key("rsa")), tmp_path / "keys", tmp_path / "two.pem"
    keys.mkdir()
    root.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    for ending, text in {".crt": renewed.pem, ".key": renewed.key_pem, ".ca-bundle": renewed.chain_pem}.items():
        (keys / f"{NAME}{ending}").write_text(text, encoding="ascii")
    given = {"ssl_rotation_sources": [{"folder": str(keys)}], "ssl_rotation_trusted_ca_path": str(root)}
    night = play(account, tmp_path, "softlayer.certificates.rotate", **given)
    assert night.code == 2 and "check_account found on" in night.output, night.output
    assert account.certificates() == before
    (tmp_path / "own.json").write_text("{", encoding="utf-8")
    own = play(account, tmp_path, "softlayer.certificates.rotate", ssl_rotation_account_facts_path="own.json", **given)
    assert own.code == 2 and "ssl_rotation_account_facts_path: " in own.output, own.output


def test_what_is_left_is_told_last(account: Simulator, tmp_path: Path) -> None:
    """File and ledger are those of the variables of the nights, if there are no others."""
    account.settings(only_say_deleted=True)
    facts, ledger = tmp_path / "account.json", tmp_path / "ledger.sqlite3"
    given = {"ssl_rotation_account_facts_path": str(facts), "ssl_rotation_ledger_url": f"sqlite:///{ledger}"}
    ran = play(account, tmp_path, CHECK, try_store=True, wait_timeout=0, **given)
    assert facts.exists() and ledger.exists()
    assert ran.code == 2 and len(end_of(ran)) <= END, ran.output
    assert re.search(r"check-[0-9a-f]{16}\.invalid: The store says that it has deleted it", ran.output)


def test_a_login_that_is_refused_is_told(account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "api_key", "wrong")
    ran = play(account, tmp_path, CHECK)
    assert ran.code == 2 and "The API refused the credentials" in ran.output, ran.output
