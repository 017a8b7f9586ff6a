# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role acts once a play, whatever Ansible is set to, or refuses; what limits it counts the play.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.outside.runs import changes, mailed, play
from tests.simulator.client import Simulator

ROOT = Path(__file__).parents[2]
ORDERS = list(range(1, 6))
PLAY = """
- hosts: orders
  gather_facts: false
  connection: local
  {play}
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  {role}
"""
ROLE = "softlayer.certificates.{}"
USES = {
    "roles": "roles: [{}]",
    "import_role": "tasks: [{{import_role: {{name: {}}}}}]",
    "include_role": "tasks: [{{include_role: {{name: {}}}}}]",
    "include_role, run_once": "tasks: [{{include_role: {{name: {}}}, run_once: true}}]",
}


@pytest.fixture
def orders(account: Simulator, tmp_path: Path) -> Simulator:
    """An account with orders, each of which is a host."""
    hosts = "\n".join(f"    host{number}: {{ssl_order_id: {number}}}" for number in ORDERS)
    (tmp_path / "hosts.yml").write_text(f"orders:\n  hosts:\n{hosts}\n", encoding="utf-8")
    for number in ORDERS:
        account.add_order(id=number, commonName=f"host{number}.example.com")
    return account


def run(sim: Simulator, folder: Path, play_has: str, use: str, role: str = "ssl_fulfillment", **given: Any) -> Any:
    """Run a play of a user's own, in which a role is for the orders of the inventory."""
    usual: dict[str, Any] = {
        "ssl_fulfillment_from_inventory": True,
        "ssl_fulfillment_force": True,
        "ssl_fulfillment_max_orders": len(ORDERS),
    }
    text = PLAY.format(play=play_has, role=USES[use].format(ROLE.format(role)))
    return play(sim, folder, text, "-i", "hosts.yml", **(usual if role == "ssl_fulfillment" else {}) | given)


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_the_playbooks_do_so_whatever_strategy_is_configured(
    orders: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    given = {"ssl_fulfillment_from_inventory": "y", "ssl_fulfillment_force": True, "ssl_fulfillment_max_orders": 5}
    ran = play(orders, tmp_path, "softlayer.certificates.resend", "-i", "hosts.yml", **given)
    assert (ran.code, sorted(mailed(orders))) == (0, ORDERS), ran.output


@pytest.mark.parametrize(
    ("play_has", "use"),
    [
        ("strategy: linear", "roles"),
        ("strategy: debug", "include_role"),
        ("strategy: ansible.builtin.linear\n  order: reverse_sorted", "include_role"),
        ("throttle: 1", "import_role"),
        ("serial: 5", "include_role"),
    ],
)
def test_a_play_that_takes_its_hosts_together(orders: Simulator, tmp_path: Path, play_has: str, use: str) -> None:
    ran = run(orders, tmp_path, play_has, use)
    assert (ran.code, sorted(mailed(orders))) == (0, ORDERS), ran.output


@pytest.mark.parametrize(
    ("role", "play_has", "use", "said"),
    [
        ("ssl_fulfillment", "strategy: free", "roles", "`strategy: ansible.builtin.linear` in the play"),
        ("ssl_fulfillment", "strategy: ansible.builtin.host_pinned", "include_role, run_once", "Set `strategy: "),
        ("ssl_fulfillment", "strategy: free\n  throttle: 1", "include_role", "Set `strategy: "),
        ("ssl_fulfillment", "serial: 1", "include_role, run_once", "Remove `serial`"),
        ("ssl_fulfillment", "serial: [1, '50%']", "import_role", "Remove `serial`"),
        ("ssl_rotation", "strategy: free\n  serial: 2", "include_role", "`strategy: ansible.builtin.linear`"),
        ("ssl_rotation", "serial: 2", "roles", "Remove `serial`"),
    ],
)
def test_a_play_that_would_act_several_times(
    orders: Simulator, tmp_path: Path, role: str, play_has: str, use: str, said: str
) -> None:
    """It says what to write, unless the hosts' facts disturb each other first: Ansible itself warns of that strategy, too."""
    ran = run(orders, tmp_path, play_has, use, role)
    assert ran.code != 0 and changes(orders) == [], ran.output
    assert said in ran.output or "run_once with the free strategy is not currently supported" in ran.output, ran.output


SAID = "The variables ssl_fulfillment_* must be the same for all hosts of the play"
DIFFERENT = {
    "a list at one alone": ("", "ssl_fulfillment_allowed_recipients: []"),
    "a ledger at one alone": ("", "ssl_fulfillment_ledger_url: 'sqlite:////tmp/other.sqlite3'"),
    "a template": (
        "ssl_fulfillment_max_orders: '{{ 9 - x }}', x: 1",
        "ssl_fulfillment_max_orders: '{{ 9 - x }}', x: 8",
    ),
    "undefined at one that fails": ("ssl_fulfillment_order_ids: '{{ nope }}'", ""),
}


@pytest.mark.parametrize("which", DIFFERENT)
def test_a_limit_that_is_not_the_same_for_all_hosts(orders: Simulator, tmp_path: Path, which: str) -> None:
    """The role acts for all of them with the variables of one."""
    first, last = DIFFERENT[which]
    hosts = {1: first, 5: last}
    lines = (f"    host{number}: {{ssl_order_id: {number}, {hosts.get(number, first)}}}" for number in ORDERS)
    if which != "undefined at one that fails":
        lines = (f"    host{number}: {{ssl_order_id: {number}, {last if number == 5 else first}}}" for number in ORDERS)
    (tmp_path / "hosts.yml").write_text("orders:\n  hosts:\n" + "\n".join(lines) + "\n", encoding="utf-8")
    text = PLAY.format(play="", role=USES["include_role"].format(ROLE.format("ssl_fulfillment")))
    ran = play(orders, tmp_path, text, "-i", "hosts.yml", ssl_fulfillment_from_inventory=True)
    # Hosts whose own variables cannot be read have failed, and do not come to the role.
    assert ran.code != 0 and mailed(orders) == ([5] if "nope" in first else []), ran.output
    assert ("'nope' is undefined" if "nope" in first else SAID) in ran.output, ran.output


@pytest.mark.parametrize("by_hosts", [True, False])
@pytest.mark.parametrize("use", ["include_role", "import_role", "roles"])
def test_a_limit_that_the_play_makes_different_for_a_host(
    orders: Simulator, tmp_path: Path, use: str, by_hosts: bool
) -> None:
    template = "{{ ['*'] if inventory_hostname == 'host1' else ['*@example.org'] }}"
    limit = f'{{ssl_fulfillment_allowed_recipients: "{template}", ssl_fulfillment_select: {{}}}}'
    roles = {
        "include_role": f"tasks: [{{include_role: {{name: {ROLE.format('ssl_fulfillment')}}}, vars: {limit}}}]",
        "import_role": f"tasks: [{{vars: {limit}, block: [{{import_role: {{name: {ROLE.format('ssl_fulfillment')}}}}}]}}]",
        "roles": f"roles: [{{role: {ROLE.format('ssl_fulfillment')}, vars: {limit}}}]",
    }
    ran = play(
        orders,
        tmp_path,
        PLAY.format(play="", role=roles[use]),
        "-i",
        "hosts.yml",
        ssl_fulfillment_from_inventory=by_hosts,
    )
    assert ran.code != 0 and mailed(orders) == [], ran.output
    assert SAID in ran.output, ran.output


@pytest.mark.later
def test_a_play_sends_no_more_than_its_limit_however_often_the_role_is_used(orders: Simulator, tmp_path: Path) -> None:
    use = "{include_role: {name: softlayer.certificates.ssl_fulfillment}, loop: [1, 2, 3]}"
    text = PLAY.format(play="", role=f"tasks: [{use}, {use}]".replace("{", "{{").replace("}", "}}").format())
    given: dict[str, Any] = {
        "ssl_fulfillment_select": {},
        "ssl_fulfillment_force": True,
        "ssl_fulfillment_max_orders": 7,
    }
    ran = play(orders, tmp_path, text, "-i", "hosts.yml", **given)
    assert ran.code != 0 and sorted(mailed(orders)) == ORDERS, ran.output
    assert "than max_orders allows (2)" in ran.output


def test_no_job_of_awx_succeeds_without_hosts_or_without_tasks() -> None:
    """What a limit and tags come to then: tests/e2e/awx_jobs/test_jobs.py."""
    hosts = {
        path.stem: play["hosts"]
        for path in (ROOT / "playbooks/awx").glob("*.yml")
        for play in yaml.safe_load(path.read_text("utf-8"))
    }
    of_command = {name: hosts.pop(name) for name in ("setup", "teardown")}
    assert {*of_command.values()} == {"{{ control_hosts }}"}
    assert {*hosts.values()} == {"{{ job_hosts }}", "{{ order_hosts }}"} and len(hosts) == 9


def test_every_playbook_has_the_strategy_in_which_once_is_once() -> None:
    plays = [path for path in sorted((ROOT / "playbooks").rglob("*.yml")) if "\n  hosts:" in path.read_text("utf-8")]
    assert len(plays) > 15
    for path in plays:
        assert "\n  strategy: ansible.builtin.linear" in path.read_text("utf-8"), path
