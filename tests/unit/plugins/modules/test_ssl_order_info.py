# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_order_info as Ansible runs it: selection, results, logging in, and servers that misbehave.

What each criterion and property means: the pure tests of `_softlayer.orders` and `_orders.run_list`; settings and connections: those of
`_softlayer.client`, and `outside/test_connections`; lists in pages: those of `_softlayer.paging`; answers that go wrong: those of `_softlayer.faults`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import Run, finish_module, run_module, start_module

MODULE = "ssl_order_info"
SECONDS = 30
"""After which a run that does not end has failed."""


def finish(sim: Simulator, **options: Any) -> Run:
    """Run the module to its end, or end it; checks what holds of every run."""
    process = start_module(MODULE, **options)
    try:
        run = finish_module(process, SECONDS)
    finally:
        process.kill()
    for secret in ("Traceback", "PRIVATE KEY", sim.api_key, options.get("api_key") or sim.api_key):
        assert secret not in run.output
    return run


def listed(sim: Simulator, **options: Any) -> Run:
    """A run that succeeds; checks what holds of each."""
    run = finish(sim, **options)
    assert not run.failed, run.result
    assert run["changed"] is False
    assert run["order_count"] == len(run["orders"])
    assert ids(run) == sorted(set(ids(run)))
    calls = sim.calls()
    assert run["api_calls"] == len(calls)
    for call in calls:
        assert call["mask"], f"all properties were asked for: {call}"
        assert "privateKey" not in call["mask"]
    methods = {"getObject", "getSslCertificateRequests", "getSecurityCertificates"}
    assert {call["method"] for call in calls} <= methods, "only what reads"
    return run


def refused(sim: Simulator, code: str, *words: str, **options: Any) -> Run:
    """A run that fails, in one sentence with these words."""
    run = finish(sim, **options)
    assert run.failed, run.result
    assert (run.code, run["failure"]["message"]) == (code, run["msg"])
    assert [word for word in (*words, "\n") if word in run["msg"]] == [*words]
    return run


def ids(run: Run) -> list[int]:
    """The ids that were listed."""
    return [order["id"] for order in run["orders"]]


def names(run: Run) -> set[str]:
    """The common names that were listed."""
    return {order["common_name"] for order in run["orders"]}


# Results and selection


def test_every_order(sim: Simulator, api: dict[str, Any]) -> None:
    orders = sim.orders()
    run = listed(sim, **api)
    told = [(one["id"], one["common_name"], one["status_name"], one["product"]) for one in run["orders"]]
    assert told == [(one["id"], one["commonName"], one["status"], one["product"]) for one in orders]
    assert len({one["public_key_sha256"] for one in run["orders"]}) == len(orders)
    days = {one["common_name"]: one["days_until_expiry"] for one in run["orders"]}
    assert (days["mail.example.com"], days["old.example.net"], days["vpn.example.org"]) == (21, -40, None)
    assert run["missing_order_ids"] == []


def test_patterns_that_match_nothing_are_named(sim: Simulator, api: dict[str, Any]) -> None:
    first, *_others = sim.orders()
    patterns = ["nobody.example", "*.example.com", "*.nowhere.example", "BÜCHER.example.net"]
    run = listed(sim, **api, common_names=patterns, statuses=["canceled"])
    assert names(run) == {"beta.example.com"}
    assert run["unmatched_common_names"] == ["nobody.example", "*.nowhere.example"]
    sim.clear_calls()
    run = listed(sim, **api, common_names=["beta.example.com"], order_ids=[first["id"]])
    assert run["unmatched_common_names"] == ["beta.example.com"]


def test_ids(sim: Simulator, api: dict[str, Any]) -> None:
    first, second, third = (order["id"] for order in sim.orders()[:3])
    run = listed(sim, **api, order_ids=[third, 999, first, third, 5, 999])
    assert ids(run) == [first, third]
    assert run["missing_order_ids"] == [5, 999]
    sim.clear_calls()
    run = listed(sim, **api, order_ids=[str(second)])
    assert (ids(run), run["missing_order_ids"]) == ([second], [])
    assert len(sim.calls()) == 2, "neither the whole list nor the store"


def test_records_have_exactly_these_keys(sim: Simulator, api: dict[str, Any]) -> None:
    whole = run_module(MODULE, **api, gather_imported=True)
    for fields in (["imported", "product"], []):
        restricted = run_module(MODULE, **api, gather_imported=True, fields=fields)
        assert restricted["orders"] == [{name: order[name] for name in ("id", *fields)} for order in whole["orders"]]
    sim.clear_calls()
    for field in ("comon_name", "imported"):
        refused(sim, "invalid_argument", field, **api, fields=[field])
    assert sim.calls() == []


# The store


def test_certificates_by_key(sim: Simulator, api: dict[str, Any]) -> None:
    (stored,) = sim.certificates()
    imported = sim.orders()[0]
    csr = {"certificateSigningRequest": imported["certificateSigningRequest"]}
    renewal = sim.add_order(commonName="www.example.com", **csr)["id"]
    run = listed(sim, **api, gather_imported=True)
    found = {order["id"]: order["certificate_ids"] for order in run["orders"] if order["certificate_ids"]}
    assert found == {imported["id"]: [stored["id"]], renewal: [stored["id"]]}
    sim.clear_calls()
    assert ids(listed(sim, **api, imported=True)) == [imported["id"]]


def test_a_user_who_may_not_see_the_store(sim: Simulator, api: dict[str, Any]) -> None:
    api |= {"username": sim.viewer_username, "api_key": sim.viewer_api_key}
    unknown = {"certificate_ids": None, "imported": None, "superseded_by": None}
    plain, run = finish(sim, **api), finish(sim, **api, gather_imported=True)
    assert run["orders"] == [{**order, **unknown} for order in plain["orders"]]
    (warning,) = run["warnings"]
    assert "SECURITY_CERTIFICATE_MANAGE" in str(warning)
    refused(
        sim,
        "not_found",
        "SECURITY_CERTIFICATE_MANAGE. Grant the permission, or remove imported.",
        **api,
        imported=False,
    )


# Credentials and endpoints


def test_a_config_file_alone(sim: Simulator, api: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "softlayer.conf"
    path.write_text("[softlayer]\n" + "".join(f"{name} = {value}\n" for name, value in api.items()), encoding="ascii")
    run = listed(sim, config_file=str(path))
    assert len(run["orders"]) == len(sim.orders())
    assert sim.api_key not in run.output


# Answers that go wrong


def test_the_collection_needs_no_home(sim: Simulator, api: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    assert not run_module(MODULE, **api).failed
