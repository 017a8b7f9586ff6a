# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks `deploy` and `verify`: what the role does without sources, with HAProxy behind the load balancers."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.simulator.users import MANAGE, VIEW
from tests.support.balanced import UPDATE, account, balanced, balancer, have, ids, store
from tests.unit.playbooks.test_rotate import CREATE, changes, keep, reasons, renewed, rotate

__all__ = ["account", "balanced"]

PLAN = ["getSecurityCertificates", "getAllObjects"]
"""What a run reads before it decides."""
TURN = ["getObject"]
"""The id of the account, whose load balancers only one run at a time changes."""


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
        "sources": None,
        "remove_superseded": True,
        "deploy_concurrency": 1,
        "ledger_url": f"sqlite:///{ledger}",
    }

    plan = rotate(account, tmp_path, "--check", "--diff", playbook="deploy", **options)
    assert (plan.ran.code, plan.calls, have(account), ids(account)) == (2, PLAN, before, held), plan.ran.output
    assert f"web:443: would be switched to certificate {new_www}" in plan.ran.output
    assert "+++ after: web:443" in plan.ran.output
    assert "shop:443: FAILED, There are several equally good certificates" in plan.ran.output
    assert re.findall(r"certificate (\d+) .*: would be removed, once it is seen", plan.ran.output) == [str(api)]
    assert not ledger.exists()

    first = rotate(account, tmp_path, playbook="deploy", **options)
    assert first.ran.code == 2, "shop failed, and hides nothing of the others"
    assert ledger.exists(), "it took no turn"
    for said in (
        f"api:443: switched to certificate {new_api} (api.example.com), and serves it",
        f"web:8443: switched to certificate {new_www} (www.example.com), but what it serves cannot be looked at from here",
        f"certificate {api} (api.example.com): removed",
        "shop:443: FAILED, There are several equally good certificates",
        "deployed 3, verified 2, removed 1, skipped 1, failed 1",
    ):
        assert said in first.ran.output, first.ran.output
    assert have(account) == {**before, "web:443": new_www, "web:8443": new_www, "api:443": new_api}
    assert www in ids(account) and api not in ids(account), "what was not seen to be replaced everywhere is kept"
    change = ["getLoadBalancer", UPDATE, "getLoadBalancer"]
    assert first.calls == [*PLAN, *TURN, *change, *change, "getObject", "deleteObject"]

    second = rotate(account, tmp_path, playbook="deploy", load_balancers="web, api", **options)
    assert (second.ran.code, second.ran.changed, changes(second)) == (0, 0, Counter()), second.ran.output
    assert "3 listeners are as they were" in second.ran.output
    assert {one.get("id") for one in second.result["skipped"]} == {None, www}
    third = rotate(account, tmp_path, playbook="deploy", remove_unseen=True, load_balancers=["web"], **options)
    assert [one["id"] for one in third.result["removed"]] == [www] and www not in ids(account), third.ran.output


def test_verify_on_a_later_day(account: Simulator, tmp_path: Path) -> None:
    """It changes nothing, whatever else the variables say; the names narrow it."""
    www, api = store(account, "www.example.com"), store(account, "api.example.com")
    web = balancer(account, "web", p443=www, p8443=www)
    balancer(account, "api", p443=api)
    options = {"sources": [{"certbot": "/no/such"}], "phases": ["import", "deploy"], "remove_superseded": True}
    good = rotate(account, tmp_path, playbook="verify", **options)
    assert (good.ran.code, good.ran.changed, good.calls) == (0, 0, PLAN), good.ran.output
    assert good.outcomes("verified") == dict.fromkeys(("api:443", "web:443", "web:8443"), ("verified", None, True))
    listener = next(each["uuid"] for each in web["listeners"] if each["protocolPort"] == 8443)
    account.patch_listener(listener, misbehaves="other", at_once=True, changes=9)
    bad = rotate(account, tmp_path, playbook="verify", **options)
    assert (bad.ran.code, bad.ran.changed, changes(bad)) == (2, 0, Counter()), bad.ran.output
    assert "web:8443: FAILED, " in bad.ran.output and "verified 2" in bad.ran.output, bad.ran.output
    assert bad.calls == [*PLAN, *PLAN], "it is looked up whether somebody has switched it meanwhile"
    narrowed = rotate(account, tmp_path, playbook="verify", common_names=["api.*"], **options)
    assert (narrowed.ran.code, list(narrowed.outcomes("verified"))) == (0, ["api:443"]), narrowed.ran.output


@pytest.mark.parametrize("playbook", ["rotate", "deploy", "verify"])
def test_a_name_that_matches_nothing(account: Simulator, tmp_path: Path, playbook: str) -> None:
    """Beside a right one, too, in check mode as well: the names that there are, and no call that changes anything."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "prod-web", p443=www)
    balancer(account, "stage", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    wrong = {
        "prdo-*": ({"load_balancers": ["prdo-*"]}, "load_balancers", "there are: prod-web, stage."),
        "prdo-web": ({"load_balancers": "stage, prdo-web"}, "load_balancers", "there are: prod-web, stage."),
        "wwww.*": ({"common_names": ["www.*", "wwww.*"]}, "common_names", "there are those for: www.example.com."),
    }  # fmt: skip
    for options in ((), ("--check",)) if playbook == "rotate" else ((),):
        for pattern, (given, variable, there) in wrong.items():
            told = rotate(account, tmp_path, *options, playbook=playbook, **given)
            assert (told.ran.code, changes(told)) == (2, Counter()), told.ran.output
            assert f"{pattern} of {variable}" in told.ran.output and there in told.ran.output, told.ran.output


def test_without_the_permission_for_load_balancers(account: Simulator, tmp_path: Path) -> None:
    """What can be done is; nothing is deleted, and the failure says what is missing."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    account.permit(account.username, VIEW, MANAGE)
    told = rotate(account, tmp_path, remove_superseded=True)
    assert (told.ran.code, changes(told)) == (2, Counter({CREATE: 1, UPDATE: 1})), told.ran.output
    assert "web:443: FAILED, " in told.ran.output and "LOADBALANCER_MANAGE" in told.ran.output
    assert (have(account), www in ids(account)) == ({"web:443": www}, True)

    keep(tmp_path / "keys", "www", renewed("www.example.com", days=(0, 90)))
    for _time in range(3):
        account.fault("fault", method="getAllObjects", message="You may not.")
    told = rotate(account, tmp_path, remove_superseded=True)
    assert (told.ran.code, changes(told)) == (2, Counter({CREATE: 1})), told.ran.output
    assert "the load balancers: FAILED, " in told.ran.output and "You may not." in told.ran.output
    alone = rotate(account, tmp_path, phases="import")
    assert (alone.ran.code, reasons(alone)) == (0, {"www": "already_imported"}), alone.ran.output
    account.clear_faults()
