# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts of a play choose the orders, one that has left the play, or has not had its turn yet, is not mailed.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outside.runs import mailed, play
from tests.simulator.client import Simulator

ORDERS = range(1, 7)
PLAY = """
- hosts: orders
  gather_facts: false
  connection: local
  {keywords}
  vars:
    ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
  tasks:
    - name: Approve
      fail:
      when: inventory_hostname in {denied}
    - name: Approve after all
      block:
        - fail:
          when: inventory_hostname == 'host5'
      rescue:
        - debug:
    - name: Reach
      command: "true"
      vars:
        ansible_connection: ssh
        ansible_host: 127.0.0.1
        ansible_port: 1
      when: inventory_hostname in {unreachable}
    - name: Leave
      meta: end_host
      when: inventory_hostname in {ended}
    - name: Request the emails
      include_role:
        name: softlayer.certificates.ssl_fulfillment
      vars:
        ssl_fulfillment_from_inventory: true
      run_once: true
"""


@pytest.fixture
def fleet(account: Simulator, tmp_path: Path) -> Simulator:
    """An account, and an inventory of its orders that gives their ids as text and as numbers."""
    ids = {number: number if number % 2 else f'"{number}"' for number in ORDERS}
    hosts = "\n".join(f"    host{number}: {{ssl_order_id: {ids[number]}}}" for number in ORDERS)
    (tmp_path / "hosts.yml").write_text(f"orders:\n  hosts:\n{hosts}\n", encoding="utf-8")
    for number in ORDERS:
        account.add_order(id=number, commonName=f"host{number}.example.com")
    return account


@pytest.mark.parametrize(
    ("keywords", "denied", "unreachable", "ended", "expected"),
    [
        ("order: inventory", ["host1", "host4"], ["host6"], ["host2"], [3, 5]),
        ("serial: 2", ["host1", "host4", "host6"], [], [], [2, 3, 5]),
    ],
    ids=["each way out", "batches"],
)
def test_who_has_left_is_not_mailed(
    fleet: Simulator,
    tmp_path: Path,
    keywords: str,
    denied: list[str],
    unreachable: list[str],
    ended: list[str],
    expected: list[int],
) -> None:
    text = PLAY.format(keywords=keywords, denied=denied, unreachable=unreachable, ended=ended)
    ran = play(fleet, tmp_path, text, "-i", "hosts.yml")
    assert sorted(mailed(fleet)) == expected, ran.output
