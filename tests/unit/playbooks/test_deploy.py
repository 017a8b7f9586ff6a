# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks `deploy`, `verify` and `fulfill`, with HAProxy behind the load balancers: what users meet is what is looked at."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.simulator.client import Simulator
from tests.support.balanced import UPDATE, account, balanced, balancer, have, ids, run, store

__all__ = ["account", "balanced"]

PLAN = ["getSecurityCertificates", "getAllObjects"]
TURN = ["getObject"]
"""The id of the account, whose load balancers only one run at a time changes."""
"""What one call of the module reads before it decides."""
SWITCHED = ("switched", None, True)


def test_from_the_plan_to_what_is_served(account: Simulator, tmp_path: Path) -> None:
    """Two balancers are switched, one after the other; the third holds two equally good ones; one port is out of reach."""
    www, api, shop = (
        store(account, name, is_old=True) for name in ("www.example.com", "api.example.com", "shop.example.com")
    )
    new_www, new_api = store(account, "www.example.com"), store(account, "api.example.com")
    for _each in range(2):
        store(account, "shop.example.com")
    web = balancer(account, "web", p443=www, p8443=www)
    balancer(account, "api", p443=api)
    balancer(account, "shop", p443=shop)
    hidden = next(one["uuid"] for one in web["listeners"] if one["protocolPort"] == 8443)
    account.patch_listener(hidden, misbehaves="closed", at_once=True, changes=9)
    before, held = have(account), ids(account)
    ledger = tmp_path / "turns.sqlite3"
    options = {
        "ssl_fulfillment_remove_superseded": True,
        "ssl_fulfillment_deploy_concurrency": 1,
        "ssl_fulfillment_ledger_url": f"sqlite:///{ledger}",
    }

    plan = run(
        account, tmp_path, "deploy", "--check", "--diff", "-e", "ssl_fulfillment_deploy_concurrency=1", **options
    )
    assert (plan.ran.code, plan.calls, have(account), ids(account)) == (2, PLAN, before, held), plan.ran.output
    assert "web:443: would be switched to certificate" in plan.ran.output and "+++ after: web:443" in plan.ran.output
    assert "shop:443: The store holds several equally good certificates" in plan.ran.output
    assert not ledger.exists()

    first = run(account, tmp_path, "deploy", **options)
    assert first.ran.code == 2, "shop failed, and hides nothing of the others"
    assert ledger.exists(), "it took no turn"
    for said in (
        f"api:443: switched to certificate {new_api} (api.example.com), and serves it",
        f"web:8443: switched to certificate {new_www} (www.example.com), but what it serves cannot be looked at from here",
        f"certificate {api} (api.example.com): removed",
        "shop:443: FAILED, The store holds several equally good certificates",
        "deployed 3, removed 1, skipped 1, failed 1",
    ):
        assert said in first.ran.output
    assert have(account) == {**before, "web:443": new_www, "web:8443": new_www, "api:443": new_api}
    assert www in ids(account) and api not in ids(account), "what was not seen to be replaced everywhere is kept"
    listing, removing = PLAN, [*PLAN[:1], "getObject", "deleteObject"]
    change = ["getLoadBalancer", UPDATE, "getLoadBalancer"]
    assert first.calls == [*PLAN, *TURN, *change, *change, *listing, *removing]

    second = run(account, tmp_path, "deploy", ssl_fulfillment_load_balancers="web, api", **options)
    assert (second.ran.code, second.ran.changed) == (0, 0), second.ran.output
    assert (
        UPDATE not in second.calls and "3 listeners have the best certificate of the store already" in second.ran.output
    )
    assert second.result["skipped"][0]["id"] == www and second.result["deployed"] == []
    third = run(
        account,
        tmp_path,
        "deploy",
        ssl_fulfillment_remove_unseen=True,
        ssl_fulfillment_ports=[443, 8443],
        ssl_fulfillment_load_balancers=["web"],
        **options,
    )
    assert [one["id"] for one in third.result["removed"]] == [www] and www not in ids(account)


def test_more_than_is_allowed_is_refused_for_all_load_balancers_together(account: Simulator, tmp_path: Path) -> None:
    for name in ("a", "b"):
        record = store(account, f"{name}.example.com", is_old=True)
        store(account, f"{name}.example.com")
        balancer(account, name, p443=record)
    before = have(account)
    limits = {"ssl_fulfillment_max_listeners": 1, "ssl_fulfillment_deploy_concurrency": 1}
    refused = run(account, tmp_path, "fulfill", ssl_fulfillment_phases="deploy,verify", **limits)
    assert refused.ran.code == 2 and have(account) == before
    assert "raise ssl_fulfillment_max_listeners" in refused.ran.output
    assert refused.calls == PLAN, "nothing is looked at either"


def test_deploy_and_verify_in_one_run_and_verify_on_a_later_day(account: Simulator, tmp_path: Path) -> None:
    old, new = store(account, "www.example.com", is_old=True), store(account, "www.example.com")
    other = store(account, "api.example.com")
    web = balancer(account, "web", p443=old, p8443=old)
    balancer(account, "api", p443=other)
    one = run(
        account, tmp_path, "fulfill", ssl_fulfillment_phases="deploy,verify", ssl_fulfillment_remove_superseded=True
    )
    assert one.ran.code == 0, one.ran.output
    assert one.outcomes("deployed") == dict.fromkeys(["web:443", "web:8443"], SWITCHED)
    assert one.outcomes("verified") == dict.fromkeys(["api:443", "web:443", "web:8443"], ("verified", None, True))
    assert have(account) == {"web:443": new, "web:8443": new, "api:443": other} and old not in ids(account)
    assert Counter(one.calls)[UPDATE] == 1
    seen, listing, removing = PLAN[:1], PLAN, [*PLAN[:1], "getObject", "deleteObject"]
    assert one.calls[6:] == [*seen, *listing, *removing], "verify lists no balancers again"

    listener = next(each["uuid"] for each in web["listeners"] if each["protocolPort"] == 8443)
    account.patch_listener(listener, misbehaves="other", at_once=True, changes=9)
    later = run(account, tmp_path, "verify")
    assert later.ran.code == 2 and later.ran.changed == 0
    assert "web:8443: FAILED, The listener has certificate" in later.ran.output and "verified 2" in later.ran.output
    assert UPDATE not in later.calls and Counter(later.calls)["getAllObjects"] == 1
    narrowed = run(account, tmp_path, "verify", ssl_fulfillment_select={"common_names": ["api.*"]})
    assert narrowed.ran.code == 0 and list(narrowed.outcomes("verified")) == ["api:443"]
