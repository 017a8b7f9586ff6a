# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules and playbooks as users run them, and what the account was told to do."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

from tests.simulator.client import Simulator
from tests.support import playing
from tests.support.modules import options_for
from tests.support.playing import Ran


def login(sim: Simulator, transport: str = "rest", **others: Any) -> dict[str, Any]:
    """The options that log a module in, and let it repeat nothing."""
    return {**options_for(sim, transport), "retries": 0, **others}


def play(sim: Simulator, folder: Path, playbook: str, *options: str, **variables: Any) -> Ran:
    """Run a playbook in a folder: one of the collection's by its name, or one that is given as text."""
    if len(playbook.split()) > 1:
        (folder / "playbook.yml").write_text(textwrap.dedent(playbook), encoding="utf-8")
        playbook = "playbook.yml"
    return playing.play(sim, folder, playbook, *options, **variables)


def telling(name: str, role: str = "ssl_fulfillment") -> str:
    """One of the collection's playbooks, which tells the role's result in the end."""
    return f"""
        - import_playbook: softlayer.certificates.{name}
        - hosts: localhost
          gather_facts: false
          tasks:
            - name: Tell
              debug:
                msg: "{{{{ {role}_result }}}}"
    """


def told(ran: Ran) -> dict[str, list[dict[str, Any]]]:
    """The result that a playbook has told; empty if there is none."""
    _before, _heading, told_last = ran.output.partition("TASK [Tell]")
    return json.JSONDecoder().raw_decode(told_last.partition(" => ")[2])[0]["msg"] if told_last else {}


def changes(sim: Simulator) -> list[str]:
    """The calls that send, create, edit or delete something, the oldest first."""
    return [call["method"] for call in sim.calls() if not call["method"].startswith(("get", "find"))]


def mailed(sim: Simulator) -> list[int]:
    """The orders whose email was sent, each as often as it was."""
    return [send["order_id"] for send in sim.sends()]


def stored(sim: Simulator) -> Counter[str]:
    """How often the store holds each certificate."""
    return Counter(record["certificate"] for record in sim.certificates())
