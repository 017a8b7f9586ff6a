# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts of a play choose the orders, one that has left the play, or has not had its turn yet, is not mailed.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outside.playing import play
from tests.outside.stranger import Stranger

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
def api(tmp_path: Path) -> Iterator[Stranger]:
    """A stranger's API, and an inventory of its orders that gives their ids as text and as numbers."""
    ids = {number: number if number % 2 else f'"{number}"' for number in ORDERS}
    hosts = "\n".join(f"    host{number}: {{ssl_order_id: {ids[number]}}}" for number in ORDERS)
    (tmp_path / "hosts.yml").write_text(f"orders:\n  hosts:\n{hosts}\n", encoding="utf-8")
    stranger = Stranger()
    for number in ORDERS:
        stranger.add_order(number, f"host{number}.example.com")
    with stranger.serving():
        yield stranger


@pytest.mark.parametrize(
    ("keywords", "denied", "unreachable", "ended", "mailed"),
    [
        ("order: inventory", ["host1", "host4"], ["host6"], ["host2"], {3, 5}),
        ("serial: 2", ["host1", "host4", "host6"], [], [], {2, 3, 5}),
        ("any_errors_fatal: true", ["host4"], [], [], set()),
        ("order: reverse_inventory", ["host1", "host3", "host6"], [], ["host2", "host4", "host5"], set()),
    ],
    ids=["each way out", "batches", "one for all", "nobody left"],
)
def test_who_has_left_is_not_mailed(
    api: Stranger,
    tmp_path: Path,
    keywords: str,
    denied: list[str],
    unreachable: list[str],
    ended: list[str],
    mailed: set[int],
) -> None:
    text = PLAY.format(keywords=keywords, denied=denied, unreachable=unreachable, ended=ended)
    ran = play(tmp_path, text, "-i", "hosts.yml", env=api.login)
    assert sorted(api.mailed) == sorted(mailed), ran.output


def test_a_limit_chooses_and_words_for_true_are_true(api: Stranger, tmp_path: Path) -> None:
    options = ("-i", "hosts.yml", "--limit", "host2,host3", "-e", '{"ssl_fulfillment_from_inventory": " Yes "}')
    ran = play(tmp_path, "softlayer.certificates.resend", *options, env=api.login)
    assert ran.code == 0, ran.output
    assert sorted(api.mailed) == [2, 3]


def test_an_id_that_is_none_stops_the_run(api: Stranger, tmp_path: Path) -> None:
    options = ("-i", "hosts.yml", "-e", "ssl_fulfillment_from_inventory=true", "-e", "ssl_order_id=2.5")
    ran = play(tmp_path, "softlayer.certificates.resend", *options, env=api.login)
    assert ran.code != 0 and api.mailed == [], ran.output
    assert "'order_ids'" in ran.output and "2.5" in ran.output
