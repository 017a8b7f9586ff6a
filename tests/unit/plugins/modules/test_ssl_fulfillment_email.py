# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_fulfillment_email as Ansible runs it: each outcome and reason, against what was really sent.

Which requests are planned and why: the pure tests of `_orders.plan_request`; what is claimed, sent and noted when: those of
`_orders.run_request`; what each answer of the API means: those of `_softlayer.faults`; which ledgers are refused: those of `_ledger`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import Run, options_for, run_module

if TYPE_CHECKING:
    from tests.support.postgresql import Server

pytest_plugins = ["tests.support.postgresql"]

MODULE = "ssl_fulfillment_email"
# The demo fleet.
IMPORTED, SHOP, WILDCARD, BOOKS, MAIL, OLD, API, PARTNER, INTRANET, VPN, BETA, PAYMENTS = range(100201, 100213)
ELIGIBLE = {SHOP, WILDCARD, BOOKS, MAIL, API, PARTNER}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Where the ledger will be."""
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def options(sim: Simulator, ledger: Path) -> dict[str, Any]:
    """What every run needs, over one transport: for what has nothing to do with the API."""
    return {**options_for(sim), "ledger_url": f"sqlite:///{ledger}", "retries": 1}


@pytest.fixture
def both(api: dict[str, Any], ledger: Path) -> dict[str, Any]:
    """What every run needs, over each transport."""
    return {**api, "ledger_url": f"sqlite:///{ledger}", "retries": 1}


def run(options: dict[str, Any], *order_ids: int, **more: Any) -> Run:
    """Run the module."""
    selection = {"order_ids": list(order_ids)} if order_ids else {}
    return run_module(MODULE, **{**options, **selection, **more})


def only(done: Run) -> dict[str, Any]:
    """The one entry of a result."""
    [email] = done["emails"]
    return dict(email)


def entry_of(done: Run, order_id: int) -> dict[str, Any]:
    """The entry of an order."""
    return next(email for email in done["emails"] if email["order_id"] == order_id)


def sent(sim: Simulator) -> list[int]:
    """The orders whose fulfillment email was really sent, as often as it was."""
    return sorted(send["order_id"] for send in sim.sends())


# Outcomes of a plan


def test_an_email_is_requested(sim: Simulator, both: dict[str, Any]) -> None:
    done = run(both, API)
    email = only(done)
    assert sent(sim) == [API]
    assert (email["order_id"], email["common_name"], email["outcome"]) == (API, "api.example.org", "requested")
    assert (email["recipient"], email["technical_contact_email"]) == ("admin@example.org", "ops@example.org")
    requested_at, next_allowed_at = (
        datetime.fromisoformat(email[name]) for name in ("requested_at", "next_allowed_at")
    )
    assert next_allowed_at - requested_at == timedelta(hours=24)
    assert email["requested_at"][:19] <= sim.sends()[0]["time"][:19]
    assert "admin@example.org" in email["message"]
    assert done["changed"]
    assert done["api_calls"] == len(sim.calls())


def test_a_second_run_changes_nothing(sim: Simulator, both: dict[str, Any]) -> None:
    first = run(both, common_names=["*"], on_ineligible="skip")
    assert not first.failed
    second = run(both, common_names=["*"], on_ineligible="skip")
    assert (second.failed, second["changed"]) == (False, False)
    assert sent(sim) == sorted(ELIGIBLE)
    for order_id in ELIGIBLE:
        before, after = entry_of(first, order_id), entry_of(second, order_id)
        assert (before["outcome"], after["outcome"], after["reason"]) == ("requested", "skipped", "cooldown")
        assert (after["requested_at"], after["previous_requested_at"]) == (None, before["requested_at"])
        assert after["next_allowed_at"] == before["next_allowed_at"]
        assert after["next_allowed_at"] in after["message"]


# What the API may answer

FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"kind": "false"},
    "api_error": {"kind": "fault", "code": "SoftLayer_Exception_InvalidValue", "message": "Invalid value provided."},
    "not_found": {"kind": "not_found"},
    "retired": {"kind": "fault", "message": "SSL certificates are no longer available.", "status": 400},
    "rate_limited": {"kind": "rate_limit", "status": 429},
    "outcome_unknown": {"kind": "reset_after"},
}
"""By its reason, what `resendEmail` answers."""


def test_no_fault_hides_what_worked_and_what_may_have_been_sent_is_not_sent_again(
    sim: Simulator, both: dict[str, Any]
) -> None:
    """Unless that is forced."""
    of_reason = {reason: int(sim.add_order()["id"]) for reason in FAULTS}
    for reason, answer in FAULTS.items():
        sim.fault(method="resendEmail", order_id=of_reason[reason], **answer)
    everything, unknown = (SHOP, *of_reason.values()), of_reason["outcome_unknown"]
    failed = {order_id: ("failed", reason) for reason, order_id in of_reason.items()}
    assert run(both, *everything).outcomes() == {SHOP: ("requested", None), **failed}
    assert sent(sim) == [SHOP, unknown]
    sim.clear_faults()
    again = run(both, *everything)
    requested = dict.fromkeys(everything, ("requested", None))
    assert again.outcomes() == {**requested, SHOP: ("skipped", "cooldown"), unknown: ("failed", "outcome_unknown")}
    assert sent(sim) == sorted(everything)
    assert run(both, *everything, force=True).outcomes() == requested
    assert sent(sim) == sorted(everything * 2)


# Check mode and diff mode


def test_check_mode_sends_nothing_and_leaves_nothing(
    sim: Simulator, both: dict[str, Any], tmp_path: Path, home: Path
) -> None:
    planned = run(both, common_names=["*"], allowed_recipients=["*@example.*"], check=True)
    assert sim.calls(method="resendEmail") == []
    assert (list(tmp_path.iterdir()), list(home.iterdir())) == ([], [])
    done = run(both, common_names=["*"], allowed_recipients=["*@example.*"])
    assert done.outcomes() == planned.outcomes()
    assert (done["changed"], done.failed) == (planned["changed"], planned.failed)
    assert sent(sim) == sorted(ELIGIBLE - {PARTNER})
    again = run(both, common_names=["*"], allowed_recipients=["*@example.*"], check=True)
    assert again["requested_count"] == 0
    assert again.outcomes()[SHOP] == ("skipped", "cooldown")


# The ledger


def test_a_ledger_in_postgresql(
    sim: Simulator, both: dict[str, Any], postgresql: Server, postgresql_url: str, home: Path
) -> None:
    options = {**both, "ledger_url": postgresql_url}
    assert run(options, SHOP, API, check=True)["requested_count"] == 2
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}
    second = run(options, SHOP, API)
    assert second.outcomes() == {SHOP: ("skipped", "cooldown"), API: ("requested", None)}
    assert sent(sim) == [SHOP, API]
    assert postgresql.password not in second.output
    assert list(home.iterdir()) == []


def test_the_ledger_of_the_environment(
    sim: Simulator, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del options["ledger_url"]
    monkeypatch.setenv("SOFTLAYER_CERTIFICATES_LEDGER_URL", f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert run(options, SHOP).outcomes() == {SHOP: ("requested", None)}
    assert [path.name for path in tmp_path.iterdir()] == ["other.sqlite3"]
