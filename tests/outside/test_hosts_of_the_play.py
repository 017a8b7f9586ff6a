# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts of a play choose the orders, one that has left the play is not mailed.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

from pathlib import Path

from tests.outside.runs import mailed, play
from tests.simulator.client import Simulator

PLAY = """
- hosts: orders
  gather_facts: false
  connection: local
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Approve
      fail:
      when: inventory_hostname in ['host1', 'host4']
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
      when: inventory_hostname == 'host6'
    - name: Leave
      meta: end_host
      when: inventory_hostname == 'host2'
    - name: Request the emails
      include_role:
        name: softlayer.certificates.ssl_fulfillment
      vars:
        ssl_fulfillment_from_inventory: true
      run_once: true
"""


def test_who_has_left_is_not_mailed(account: Simulator, tmp_path: Path) -> None:
    """The inventory gives the ids as text and as numbers."""
    orders = range(1, 7)
    ids = {number: number if number % 2 else f'"{number}"' for number in orders}
    hosts = "\n".join(f"    host{number}: {{ssl_order_id: {ids[number]}}}" for number in orders)
    (tmp_path / "hosts.yml").write_text(f"orders:\n  hosts:\n{hosts}\n", encoding="utf-8")
    for number in orders:
        account.add_order(id=number, commonName=f"host{number}.example.com")
    ran = play(account, tmp_path, PLAY, "-i", "hosts.yml")
    assert sorted(mailed(account)) == [3, 5], ran.output
