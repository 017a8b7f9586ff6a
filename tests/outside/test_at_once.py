# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs at the same time, and lost answers: each certificate is stored once, each email is asked for once.

Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.outside.runs import login, mailed, stored
from tests.simulator.client import Simulator
from tests.support.certificates import Authority
from tests.support.modules import Run, finish_module, run_module, start_module
from tests.support.waiting import until

pytest_plugins = ["tests.support.postgresql"]

IMPORT = "ssl_certificate_import"
EMAIL = "ssl_fulfillment_email"
LIST = "getSecurityCertificates"
AUTHORITY = Authority()
FLEET = [AUTHORITY.issue(f"n{number}.example.com") for number in range(4)]
ISSUED = FLEET[0]
ONCE = {one.pem: 1 for one in FLEET}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The file of a ledger that does not exist yet."""
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def options(account: Simulator, ledger: Path) -> dict[str, Any]:
    """The login, and a ledger."""
    return login(account, ledger_url=f"sqlite:///{ledger}")


def outcomes(runs: list[Run]) -> Counter[str]:
    """How often each outcome came."""
    return Counter(entry["outcome"] for run in runs for entry in run["certificates"])


def of(run: Run) -> tuple[str, str | None]:
    """Outcome and reason of a run with one item."""
    [entry] = run["emails"] if "emails" in run else run["certificates"]
    return entry["outcome"], entry["reason"]


@pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)
def test_imports_at_once_store_one_record_each(account: Simulator, options: dict[str, Any], ledger_url: str) -> None:
    """All have listed the store before the first of them creates anything: on one controller, and on three."""
    account.fault("hang_after", method=LIST, times=3)
    given = {**options, "certificates": [one.options() for one in FLEET], "concurrency": 4, "ledger_url": ledger_url}
    processes = [start_module(IMPORT, **given) for _ in range(3)]
    until(lambda: len(account.calls(method=LIST)) == 3)
    account.clear_faults()
    runs = [finish_module(process) for process in processes]
    assert [run["msg"] for run in runs if run.failed] == []
    assert stored(account) == ONCE
    assert outcomes(runs) == {"imported": len(FLEET), "unchanged": 2 * len(FLEET)}
    told = {entry["id"] for run in runs for entry in run["certificates"]}
    assert told == {record["id"] for record in account.certificates()}


def test_without_a_ledger_nothing_is_created(account: Simulator, options: dict[str, Any], ledger: Path) -> None:
    """What needs none is done all the same."""
    old = FLEET[1]
    assert of(run_module(IMPORT, **options, **old.options())) == ("imported", None)
    ledger.write_bytes(b"no database at all, but long enough to be taken for one\n" * 100)
    run = run_module(IMPORT, **options, certificates=[ISSUED.options(), old.options(notes="new")])
    assert [(entry["outcome"], entry["reason"]) for entry in run["certificates"]] == [
        ("failed", "api_error"),
        ("updated", None),
    ]
    assert "ledger_url" in run["certificates"][0]["message"]
    assert stored(account) == {old.pem: 1}


def test_again_until_it_succeeds_after_a_lost_answer(account: Simulator, options: dict[str, Any]) -> None:
    """The email may not have been sent: that must not end as a success, and not as a second email."""
    account.add_order(id=12)
    account.fault("reset_before", method="resendEmail")
    for _time in range(3):
        assert of(run_module(EMAIL, **options, order_ids=[12])) == ("failed", "outcome_unknown")
    assert len(account.calls(method="resendEmail")) == 1
    account.clear_faults()
    assert of(run_module(EMAIL, **options, order_ids=[12], min_interval_hours=0)) == ("requested", None)
    assert of(run_module(EMAIL, **options, order_ids=[12])) == ("skipped", "cooldown")
    assert mailed(account) == [12]
