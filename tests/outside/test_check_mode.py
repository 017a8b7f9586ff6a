# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode sends, stores, edits and deletes nothing, leaves no ledger behind, and says what the real run then does.

Promise: Check mode tells the truth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside.nights import Account
from tests.outside.pki import NAME, Ca, csr_pem, key_pem, new_key, pem
from tests.outside.playing import play, telling
from tests.support.modules import Run, run_module

ROOT = Ca("Real Root")
AUTHORITY = Ca("Real CA", above=ROOT)
LATER = {"id", "requested_at", "previous_requested_at", "next_allowed_at", "api_calls", "source", "invocation", "diff"}
"""What is known, or another, only after the run: ids that the store gives, times, and the newest of the emails."""
WOULD_BE = "Would be "


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An account without orders."""
    account = Account(tmp_path / "Maildir", AUTHORITY)
    with account.serving():
        yield account


def known_before(told: Any) -> Any:
    """What of a result can be known before the run, with each sentence in the tense of the run."""
    if isinstance(told, dict):
        return {name: known_before(value) for name, value in told.items() if name not in LATER}
    if isinstance(told, str) and told.startswith(WOULD_BE):
        done = told.removeprefix(WOULD_BE)
        return f"{done[0].upper()}{done[1:]}"
    return [known_before(each) for each in told] if isinstance(told, list) else told


def assert_untouched(account: Account, ledger: Path) -> None:
    """Nothing was changed at the API, and nothing was noted here."""
    assert account.calls and account.changes == []
    assert list(ledger.parent.glob("*ledger*")) == [] and not ledger.exists()


def foretold(account: Account, folder: Path, name: str, **variables: Any) -> dict[str, list[dict[str, Any]]]:
    """Play one of the collection's playbooks in check mode, then for real; returns the result, which is that of both."""
    ledger = folder / "state" / "ledger.sqlite3"
    ledger.parent.mkdir()
    (folder / "root.pem").write_text(pem(ROOT.certificate), encoding="ascii")
    given = {
        "ssl_fulfillment_ledger_url": f"sqlite:///{ledger}",
        "ssl_fulfillment_privatekey_dir": str(folder),
        "ssl_fulfillment_trusted_ca_path": str(folder / "root.pem"),
        **variables,
    }
    (folder / "vars.json").write_text(json.dumps(given), encoding="utf-8")
    runs = []
    for arguments in (["--check"], []):
        ran = play(folder, telling(name), "-e", "@vars.json", *arguments, env=account.login)
        assert ran.code == 0, ran.output
        recap = re.search(r"changed=(\d+)", ran.output)
        assert recap
        told = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        runs.append((recap[1] != "0", known_before(told)))
        if arguments:
            assert_untouched(account, ledger)
    assert runs[0] == runs[1]
    assert runs[1][0] and ledger.exists()
    return dict(runs[1][1])


def reasons(entries: list[dict[str, Any]]) -> dict[int, str | None]:
    """Outcome's reason by order."""
    return {entry["order_id"]: entry["reason"] for entry in entries}


def test_resend(account: Account, tmp_path: Path) -> None:
    key = new_key()
    for number, (name, days) in enumerate({NAME: 300, "old.example.com": -3, "a.example.org": 300}.items(), 1):
        account.order(number, csr_pem(key, name), account.issue(key, name, -10, days, [name]), name)
    account.add_order(4, "b.example.com", status="Pending CA Approval")
    result = foretold(account, tmp_path, "resend")
    assert (sorted(account.mailed), reasons(result["requested"])) == ([1, 3], {1: None, 3: None})
    assert reasons(result["skipped"]) == {2: "expired", 4: "pending"}


def test_import(account: Account, tmp_path: Path) -> None:
    """One certificate replaces an older one, one lies in the store already, and one has no key."""
    key, stored, lacking = new_key(), new_key(), new_key()
    account.keep(7, account.issue(new_key(), NAME, -340, 25))
    keys = {NAME: key, "stored.example.com": stored, "lacking.example.com": lacking}
    for number, (name, of_order) in enumerate(keys.items(), 1):
        account.order(number, csr_pem(of_order, name), account.issue(of_order, name, -1, 300), name)
        (tmp_path / f"{name}.crt").write_text(pem(account.letters[number]), encoding="ascii")
        (tmp_path / f"{name}.ca-bundle").write_text(pem(AUTHORITY.certificate), encoding="ascii")
        if of_order is not lacking:
            (tmp_path / f"{name}.key").write_text(key_pem(of_order), encoding="ascii")
    account.keep(8, account.letters[2])
    saved = {"ssl_fulfillment_certificate_dir": str(tmp_path), "ssl_fulfillment_remove_superseded": True}
    result = foretold(account, tmp_path, "import", **saved)
    assert (list(account.store), account.deleted, account.mailed) == ([8, 9], [7], [])
    assert [(one["order_id"], one["outcome"], one["superseded"][0]["removed"]) for one in result["imported"]] == [
        (1, "imported", True)
    ]
    assert reasons(result["skipped"]) == {2: "already_imported", 3: "waiting_for_key"}


def test_fulfill(account: Account, tmp_path: Path) -> None:
    """The email of one order lies in the mailbox; the other order cannot be mailed."""
    key = new_key()
    account.order(1, csr_pem(key), account.issue(key, NAME, -1, 300))
    account.add_order(2, "b.example.com", status="Canceled")
    account.deliver(1)
    (tmp_path / f"{NAME}.key").write_text(key_pem(key), encoding="ascii")
    mail = {"maildir": str(account.maildir), "wait_interval": 1}
    result = foretold(account, tmp_path, "fulfill", ssl_fulfillment_mail=mail, ssl_fulfillment_wait_timeout=1)
    assert (account.mailed, list(account.store)) == ([1], account.created)
    assert [reasons(result[name]) for name in ("requested", "imported")] == [{1: None}, {1: None}]
    assert result["skipped"][0]["reason"] == "canceled"


def told_by(module: str, account: Account, ledger: Path, **options: Any) -> Run:
    """Run a module in check mode, then for real; returns the result, which is that of both."""
    given = {**account.options, "ledger_url": f"sqlite:///{ledger}", **options}
    before = len(account.changes)
    foreseen = run_module(module, check=True, **given)
    assert len(account.changes) == before and not ledger.exists()
    done = run_module(module, **given)
    assert known_before(foreseen.result) == known_before(done.result)
    assert done["changed"] and len(account.changes) > before
    return done


def test_the_module_that_requests_emails(account: Account, tmp_path: Path) -> None:
    account.add_order(1, NAME)
    account.add_order(2, NAME, approverEmailAddress="admin@elsewhere.example")
    account.add_order(3, NAME, status="Canceled")
    run = told_by(
        "ssl_fulfillment_email",
        account,
        tmp_path / "ledger.sqlite3",
        order_ids=[1, 2, 3],
        allowed_recipients=["*@example.com"],
        on_ineligible="skip",
    )
    assert run.outcomes() == {
        1: ("requested", None),
        2: ("failed", "recipient_not_allowed"),
        3: ("skipped", "canceled"),
    }


def test_the_module_that_imports(account: Account, tmp_path: Path) -> None:
    """One is new and replaces another, one gets other notes, one is as it should be, one goes."""
    keys = [new_key() for _ in range(4)]
    names = [f"{number}.example.com" for number in range(4)]
    certificates = [account.issue(key, name, -1, 90) for key, name in zip(keys, names, strict=True)]
    account.keep(6, account.issue(new_key(), names[0], -340, 25))
    for identifier in (1, 2, 3):
        account.keep(10 + identifier, certificates[identifier], notes="kept")
    texts = [
        {"certificate_content": pem(one), "privatekey_content": key_pem(key), "notes": "kept"}
        for one, key in zip(certificates, keys, strict=True)
    ]
    wishes = [
        {**texts[0], "remove_superseded": True},
        {**texts[1], "notes": "new"},
        texts[2],
        {"state": "absent", "certificate_id": 13},
    ]
    issuers = {"intermediate_content": pem(AUTHORITY.certificate)}
    items = [wish if "state" in wish else {**issuers, **wish} for wish in wishes]
    run = told_by("ssl_certificate_import", account, tmp_path / "ledger.sqlite3", certificates=items)
    assert [one["outcome"] for one in run["certificates"]] == ["imported", "updated", "unchanged", "removed"]
    assert (account.created, sorted(account.deleted), account.store[11]["notes"]) == ([14], [6, 13], "new")
