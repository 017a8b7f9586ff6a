# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode sends, stores, edits and deletes nothing, leaves no ledger behind, and says what the real run then does.

Promise: Check mode tells the truth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.outside.runs import changes, login, mailed, play, stored, telling, told
from tests.simulator.client import Simulator
from tests.support.certificates import DAY, NOW, Authority, pem_of
from tests.support.deploying import store
from tests.support.modules import Run, run_module

NAME = "www.example.com"
AUTHORITY = Authority()
LATER = {
    "id",
    "requested_at",
    "previous_requested_at",
    "first_requested_at",
    "next_allowed_at",
    "api_calls",
    "source",
    "invocation",
    "diff",
}
"""What is known, or another, only after the run: ids that the store gives, times, and the newest of the emails."""
WOULD_BE = "Would be "


def known_before(told_now: Any) -> Any:
    """What of a result can be known before the run, with each sentence in the tense of the run."""
    if isinstance(told_now, dict):
        return {name: known_before(value) for name, value in told_now.items() if name not in LATER}
    if isinstance(told_now, str) and told_now.startswith(WOULD_BE):
        done = told_now.removeprefix(WOULD_BE)
        return f"{done[0].upper()}{done[1:]}"
    return [known_before(each) for each in told_now] if isinstance(told_now, list) else told_now


def foretold(sim: Simulator, folder: Path, name: str, **variables: Any) -> dict[str, list[dict[str, Any]]]:
    """Play one of the collection's playbooks in check mode, then for real; returns the result, which is that of both."""
    ledger = folder / "state" / "ledger.sqlite3"
    ledger.parent.mkdir()
    given = {
        "ssl_fulfillment_ledger_url": f"sqlite:///{ledger}",
        "ssl_fulfillment_privatekey_dir": str(folder),
        **variables,
    }
    runs = []
    for arguments in (["--check"], []):
        sim.clear_calls()
        ran = play(sim, folder, telling(name), *arguments, **given)
        assert ran.code == 0, ran.output
        runs.append((ran.changed > 0, known_before(told(ran))))
        if arguments:
            assert sim.calls() and changes(sim) == []
            assert list(folder.glob("*ledger*")) == [] and not ledger.exists()
    assert runs[0] == runs[1]
    assert runs[1][0] and ledger.exists()
    return dict(runs[1][1])


def reasons(entries: list[dict[str, Any]]) -> dict[int, str | None]:
    """Outcome's reason by order."""
    return {entry["order_id"]: entry["reason"] for entry in entries}


def test_import(account: Simulator, tmp_path: Path) -> None:
    """One certificate replaces an older one, one lies in the store already, and one has no key."""
    old = store(account, AUTHORITY.issue(NAME, days=(-340, 25)))
    for number, name in enumerate((NAME, "stored.example.com", "lacking.example.com"), 1):
        issued = AUTHORITY.issue(name, days=(-1, 300))
        dates = {"effectiveDate": str(NOW - DAY), "expirationDate": str(NOW + 300 * DAY)}
        account.add_order(id=number, commonName=name, certificateSigningRequest=issued.csr_pem, **dates)
        files = {"crt": issued.pem, "ca-bundle": issued.chain_pem, "key": issued.key_pem}
        for ending, text in files.items():
            (tmp_path / f"{name}.{ending}").write_text(text, encoding="ascii")
        if number == 2:
            store(account, issued)
    (tmp_path / "lacking.example.com.key").unlink()
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    saved = {
        "ssl_fulfillment_certificate_dir": str(tmp_path),
        "ssl_fulfillment_trusted_ca_path": str(tmp_path / "root.pem"),
        "ssl_fulfillment_remove_superseded": True,
    }
    result = foretold(account, tmp_path, "import", **saved)
    assert (changes(account), mailed(account)) == (["createObject", "deleteObject"], [])
    assert len(stored(account)) == 2 and old not in [record["id"] for record in account.certificates()]
    assert [(one["order_id"], one["outcome"], one["superseded"][0]["removed"]) for one in result["imported"]] == [
        (1, "imported", True)
    ]
    assert reasons(result["skipped"]) == {2: "already_imported", 3: "waiting_for_key"}


def told_by(module: str, sim: Simulator, ledger: Path, **options: Any) -> Run:
    """Run a module in check mode, then for real; returns the result, which is that of both."""
    given = {**login(sim), "ledger_url": f"sqlite:///{ledger}", **options}
    foreseen = run_module(module, check=True, **given)
    assert changes(sim) == [] and not ledger.exists()
    done = run_module(module, **given)
    assert known_before(foreseen.result) == known_before(done.result)
    assert done["changed"] and changes(sim)
    return done


def test_the_module_that_requests_emails(account: Simulator, tmp_path: Path) -> None:
    account.add_order(id=1, commonName=NAME)
    account.add_order(id=2, commonName=NAME, approverEmailAddress="admin@elsewhere.example")
    account.add_order(id=3, commonName=NAME, status="Canceled")
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
