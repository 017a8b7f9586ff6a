# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the hosts select the orders, the hosts that come to the role are the selection, however they come to it.

Promise: Only intended recipients get emails.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outside.runs import mailed, play
from tests.simulator.client import Simulator

SIZE = 5
"""How many hosts each play has. The orders of the play with number N are N * 10 + 1 and so on."""
ROLE = "softlayer.certificates.ssl_fulfillment"
SOME = "when: ssl_order_id % 10 in [2, 3]"
WAYS: dict[str, tuple[str, set[int]]] = {
    "include_role": ("tasks: [{include_role: {name: ROLE}}]", {1, 2, 3, 4, 5}),
    "include_role, run_once": ("tasks: [{include_role: {name: ROLE}, run_once: true}]", {1}),
    "include_role, when, run_once": (
        "tasks:\n    - include_role: {name: ROLE}\n      when: ssl_order_id % 10 in [1, 3]\n      run_once: true",
        {1},
    ),
    "import_role, when": (f"tasks:\n    - import_role: {{name: ROLE}}\n      {SOME}", {2, 3}),
    "roles": ("roles: [ROLE]", {1, 2, 3, 4, 5}),
    "block, when, import_role": (f"tasks:\n    - {SOME}\n      block: [{{import_role: {{name: ROLE}}}}]", {2, 3}),
    "loop": (
        "tasks:\n    - include_role: {name: ROLE}\n      loop: [2, 4]\n      when: ssl_order_id % 10 == item",
        {2, 4},
    ),
    "on two ways": (
        "tasks:\n    - include_tasks: \"{{ 'odd' if ssl_order_id % 2 else 'even' }}.yml\"\n      when: ssl_order_id % 10 > 2",
        {3, 4, 5},
    ),
    "end_host": (
        "tasks:\n    - {meta: end_host, when: ssl_order_id % 10 == 2}\n    - include_role: {name: ROLE}",
        {1, 3, 4, 5},
    ),
    "hosts that have failed": (
        "tasks:\n    - {fail: , when: 'ssl_order_id % 10 in [1, 4]'}\n"
        "    - block: [{fail: , when: ssl_order_id % 10 == 5}]\n      rescue: [{debug: }]\n"
        "    - include_role: {name: ROLE}",
        {2, 3, 5},
    ),
    "a host that is not reached": (
        "tasks:\n    - command: 'true'\n      when: ssl_order_id % 10 == 3\n"
        "      vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}\n"
        "    - import_role: {name: ROLE}",
        {1, 2, 4, 5},
    ),
    "strategy debug, serial of all": (
        f"strategy: debug\n  serial: {SIZE}\n  tasks:\n    - include_role: {{name: ROLE}}\n      {SOME}",
        {2, 3},
    ),
    "host without an order": (
        "tasks:\n    - {set_fact: {ssl_order_id: ''}, when: ssl_order_id % 10 == 1}\n    - include_role: {name: ROLE}",
        {2, 3, 4, 5},
    ),
    "narrowed by ids": (
        "vars: {ssl_fulfillment_order_ids: '{{ range(0, 999) | select(\"odd\") | list }}'}\n  tasks:\n"
        f"    - import_role: {{name: ROLE}}\n      {SOME}",
        {3},
    ),
}
"""What a play has, and which of its hosts come to the role."""
PLAY = """
- hosts: play{number}
  gather_facts: false
  connection: local
  {play}
"""
FORBIDDEN = {
    "free": f"strategy: free\n  tasks:\n    - include_role: {{name: ROLE}}\n      {SOME}",
    "host_pinned": f"strategy: host_pinned\n  tasks:\n    - import_role: {{name: ROLE}}\n      {SOME}",
    "serial": f"serial: 2\n  tasks:\n    - include_role: {{name: ROLE}}\n      {SOME}",
    "serial, run_once": "serial: 1\n  tasks: [{include_role: {name: ROLE}, run_once: true}]",
}
"""What a play has in which the role would act several times."""


def run(sim: Simulator, folder: Path, *plays: str) -> tuple[int, dict[int, set[int]], str]:
    """Run plays, each with hosts of its own, and return for each which of its hosts were mailed."""
    groups, text = [], ""
    for number, has in enumerate(plays, 1):
        hosts = ", ".join(f"host{number}{each}: {{ssl_order_id: {number}{each}}}" for each in range(1, SIZE + 1))
        groups.append(f"play{number}: {{hosts: {{{hosts}}}}}")
        text += PLAY.format(number=number, play=has.replace("ROLE", ROLE))
        for each in range(1, SIZE + 1):
            sim.add_order(id=number * 10 + each, commonName=f"host{number}{each}.example.com")
    (folder / "hosts.yml").write_text("\n".join(groups), encoding="utf-8")
    for way in ("odd", "even"):
        (folder / f"{way}.yml").write_text(f"- include_role: {{name: {ROLE}}}\n", encoding="utf-8")
    python = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    ran = play(sim, folder, text, "-i", "hosts.yml", ssl_fulfillment_from_inventory=True, **python)
    sent = mailed(sim)
    assert len(sent) == len({*sent}), ran.output
    return ran.code, {n: {i % 10 for i in sent if i // 10 == n} for n in range(1, len(plays) + 1)}, ran.output


@pytest.mark.later
def test_those_who_come_to_the_role_are_mailed(account: Simulator, tmp_path: Path) -> None:
    """One run has all plays, since Ansible's own start is most of what one costs."""
    _code, sent, output = run(account, tmp_path, *(has for has, _come in WAYS.values()))
    assert dict(zip(WAYS, sent.values(), strict=True)) == {name: come for name, (_has, come) in WAYS.items()}, output


@pytest.mark.parametrize("which", FORBIDDEN)
def test_none_is_mailed_where_the_role_would_act_several_times(account: Simulator, tmp_path: Path, which: str) -> None:
    code, sent, output = run(account, tmp_path, FORBIDDEN[which])
    assert code != 0 and sent == {1: set()}, output
