# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nights of a controller with certbot's folder, and listeners that HAProxy serves.

Promise: No run succeeds while a certificate is about to expire without a renewal.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.outside.runs import changes, login
from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued
from tests.support.client_trees import certbot, link
from tests.support.deploying import AUTHORITY, UPDATE, balancer, old, placed, store
from tests.support.modules import Run, run_module

CREATE, DELETE = "createObject", "deleteObject"
PORT = 8443
STAGING = Authority("Staging")
SERVED = ("www", "api", "keyless", "half", "staging", "bad")
"""The names of the balancers, each of which serves a certificate that is about to run out, for `NAME.example.com`."""


def renewed(*names: str, authority: Authority = AUTHORITY, days: tuple[float, float] = (-1, 46)) -> Issued:
    """A certificate with an empty subject and a key of its own, as ACME authorities issue them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return authority.issue(None, key=key, names=names, days=days)


def test_one_night_and_the_next(serving: Simulator, roots: Path, tmp_path: Path) -> None:
    """What can be rotated is, whatever is wrong with the rest; the plan says so before, and afterwards nothing is left to do."""
    before = {name: store(serving, old(f"{name}.example.com")) for name in SERVED}
    web = {name: balancer(serving, had, name=name, first_port=PORT) for name, had in before.items()}
    serving.patch_listener(web["bad"]["listeners"][0]["uuid"], misbehaves="handshake")

    def keep(lineage: str, issued: Issued, version: int = 1) -> Path:
        return certbot(tmp_path, lineage, issued, version).own

    def night(*, check: bool = False, fail_on: tuple[str, ...] = ()) -> Run:
        serving.clear_calls()
        given = {"sources": [{"certbot": str(tmp_path)}], "trusted_ca_path": str(roots), "verify_timeout": 3}
        given |= {"remove_superseded": True, "fail_on": fail_on, "ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3"}
        return run_module("ssl_certificate_rotate", check=check, **login(serving), **given)

    def reasons(run: Run) -> dict[str, str]:
        return {one["name"]: one["reason"] for one in run["skipped_items"]}

    keep("first", renewed("www.example.com"))
    keep("second", renewed("api.example.com", "api.example.net"))
    keep("bad", renewed("bad.example.com"))
    swapped = tmp_path / "archive" / keep("swapped", renewed("keyless.example.com")).name / "privkey1.pem"
    swapped.write_text(STAGING.issue("other.example.com").key_pem, encoding="ascii")
    keep("half", renewed("half.example.com", days=(-60, -14)))
    half = keep("half", renewed("half.example.com"), 2)
    link(half, "privkey", 1)
    keep("staging", renewed("staging.example.com", authority=STAGING))
    keep("ended", renewed("www.example.com", days=(-60, -14)))
    keep("new", renewed("new.example.com"))
    gone = tmp_path / "archive" / keep("gone", renewed("api.example.com")).name
    for name in ("cert1.pem", "fullchain1.pem"):
        (gone / name).unlink()

    plan = night(check=True)
    assert not plan.failed and changes(serving) == [], plan.output
    first = night()
    assert first.failed and "bad:" in first["msg"], first.output
    assert Counter(changes(serving)) == {CREATE: 3, UPDATE: 4, DELETE: 2}
    assert sorted(before[name] for name in SERVED if before[name] in placed(serving).values()) == sorted(
        before[name] for name in SERVED[2:]
    )
    assert {record["id"] for record in serving.certificates()} >= {before[name] for name in SERVED[2:]}
    expected = {"swapped": "key_missing", "half": "being_renewed", "staging": "chain_incomplete"}
    expected |= {"ended": "expired", "new": "new_name", "gone": "broken_link"}
    assert reasons(plan) == expected
    due = dict.fromkeys(("half", "keyless", "staging"), "expiring")
    assert {one["load_balancer"]: one["reason"] for one in plan["attention"] if one["reason"] != "unusable"} == due
    assert [one["load_balancer"] for one in plan["attention"] if one["reason"] == "unusable"] == ["keyless"]
    told = "\n".join(first["summary"])
    assert [name for name in due if name not in told] == [], told

    second = night()
    assert not second.failed and Counter(changes(serving)) == {UPDATE: 1, DELETE: 1}, second.output
    assert reasons(second).items() >= expected.items()
    last = night(fail_on=("expiring",))
    assert last.failed and not last["changed"] and changes(serving) == [], last.output
    assert "3 listeners need attention:" in last["msg"]
