# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nights of a controller with certbot's folder, and listeners that HAProxy serves.

Promise: No night is green while something dies.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.outside.runs import changes, play, telling, told
from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued
from tests.support.client_trees import certbot, link
from tests.support.deploying import AUTHORITY, UPDATE, balancer, old, placed, store
from tests.support.playing import Ran

CREATE, DELETE = "createObject", "deleteObject"
PORT = 8443
STAGING = Authority("Staging")
SERVED = ("www", "api", "keyless", "half", "staging", "bad")
"""The names of the balancers, each of which serves a certificate that is about to run out, for `NAME.example.com`."""


class Controller:
    """Runs the playbook every night."""

    def __init__(self, sim: Simulator, folder: Path, roots: Path) -> None:
        self.sim, self.folder = sim, folder
        self.certbot = folder / "etc/letsencrypt"
        self.variables = {
            "ssl_rotation_sources": [{"certbot": str(self.certbot)}],
            "ssl_rotation_trusted_ca_path": str(roots),
            "ssl_rotation_verify_timeout": 3,
            "ssl_rotation_remove_superseded": True,
            "ssl_rotation_fail_on": [],
        }

    def night(self, *arguments: str, **variables: Any) -> tuple[Ran, dict[str, list[dict[str, Any]]]]:
        """One night, and its result."""
        (self.folder / "result.json").unlink(missing_ok=True)
        self.sim.clear_calls()
        given = {f"ssl_rotation_{name}": value for name, value in variables.items()}
        ran = play(self.sim, self.folder, telling("rotate", "ssl_rotation"), *arguments, **{**self.variables, **given})
        return ran, told(self.folder)


def renewed(*names: str, authority: Authority = AUTHORITY, days: tuple[float, float] = (-1, 46)) -> Issued:
    """A certificate with an empty subject and a key of its own, as ACME authorities issue them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return authority.issue(None, key=key, names=names, days=days)


def reasons(result: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Why each lineage was skipped."""
    return {one["name"]: one["reason"] for one in result["skipped"]}


def test_one_night_and_the_next(serving: Simulator, roots: Path, tmp_path: Path) -> None:
    """What can be rotated is, whatever is wrong with the rest; the plan says so before, and afterwards nothing is left to do."""
    controller = Controller(serving, tmp_path, roots)
    before = {name: store(serving, old(f"{name}.example.com")) for name in SERVED}
    web = {name: balancer(serving, had, name=name, first_port=PORT) for name, had in before.items()}
    serving.patch_listener(web["bad"]["listeners"][0]["uuid"], misbehaves="handshake")

    def keep(lineage: str, issued: Issued, version: int = 1) -> Path:
        return certbot(controller.certbot, lineage, issued, version).own

    keep("first", renewed("www.example.com"))
    keep("second", renewed("api.example.com", "api.example.net"))
    keep("bad", renewed("bad.example.com"))
    swapped = controller.certbot / "archive" / keep("swapped", renewed("keyless.example.com")).name / "privkey1.pem"
    swapped.write_text(STAGING.issue("other.example.com").key_pem, encoding="ascii")
    keep("half", renewed("half.example.com", days=(-60, -14)))
    half = keep("half", renewed("half.example.com"), 2)
    link(half, "privkey", 1)
    keep("staging", renewed("staging.example.com", authority=STAGING))
    keep("ended", renewed("www.example.com", days=(-60, -14)))
    keep("new", renewed("new.example.com"))
    gone = controller.certbot / "archive" / keep("gone", renewed("api.example.com")).name
    for name in ("cert1.pem", "fullchain1.pem"):
        (gone / name).unlink()

    plan, foreseen = controller.night("--check")
    assert (plan.code, changes(serving)) == (0, []), plan.output
    first, _result = controller.night()
    assert first.code == 2 and "bad:" in first.output and "FAILED" in first.output, first.output
    assert Counter(changes(serving)) == {CREATE: 3, UPDATE: 4, DELETE: 2}
    assert sorted(before[name] for name in SERVED if before[name] in placed(serving).values()) == sorted(
        before[name] for name in SERVED[2:]
    )
    assert {record["id"] for record in serving.certificates()} >= {before[name] for name in SERVED[2:]}
    expected = {"swapped": "key_missing", "half": "being_renewed", "staging": "chain_incomplete"}
    expected |= {"ended": "expired", "new": "new_name", "gone": "broken_link"}
    assert reasons(foreseen) == expected
    due = dict.fromkeys(("half", "keyless", "staging"), "expiring")
    assert {one["load_balancer"]: one["reason"] for one in foreseen["attention"]} == due
    assert [name for name in due if f'"NEEDS A PERSON: {name}:' not in first.output] == []

    second, done = controller.night()
    assert (second.code, Counter(changes(serving))) == (0, {UPDATE: 1, DELETE: 1}), second.output
    assert reasons(done).items() >= expected.items()
    last, _result = controller.night(fail_on=["expiring"])
    assert (last.code, last.changed, changes(serving)) == (2, 0, []), last.output
    assert "3 listeners need a person: " in last.output
