# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of variables share: a role that is included with one form of a variable after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.outside.runs import play
from tests.simulator.client import Simulator

ANSIBLES_OWN = "Validation of arguments failed:\n"


class Refused(str):
    """What the sentence that refuses a value says, besides the name of the variable."""


def told_by_each(
    sim: Simulator,
    folder: Path,
    role: str,
    answer: str,
    variables: Sequence[dict[str, Any]],
    *,
    validate: bool = True,
) -> tuple[list[Any], str]:
    """Include a role in one play with each of these variables, validated by Ansible or not.

    Returns what each came to, the value of an expression, or why it was refused; and all that was printed.
    """

    def including(number: int, given: dict[str, Any]) -> dict[str, Any]:
        ledger = {f"{role}_ledger_url": f"sqlite:///{folder}/{number}.sqlite3"}
        return {
            "block": [
                {
                    "include_role": {"name": f"softlayer.certificates.{role}", "rolespec_validate": validate},
                    "vars": ledger | given,
                },
                {"set_fact": {f"told_{number}": f"{{{{ {answer} }}}}"}},
            ],
            "rescue": [{"set_fact": {f"told_{number}": "{{ ansible_failed_result.msg }}"}}],
        }

    tasks = [including(number, given) for number, given in enumerate(variables)]
    all_told = ", ".join(f"told_{number}" for number in range(len(tasks)))
    tasks.append({"copy": {"content": f"{{{{ [{all_told}] | to_json }}}}", "dest": f"{folder}/told", "mode": "0600"}})
    text = yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    ran = play(sim, folder, text, "-vvv")
    assert ran.code == 0, ran.output
    told = json.loads((folder / "told").read_text("utf-8"))
    return [one.removeprefix(ANSIBLES_OWN) if isinstance(one, str) else one for one in told], ran.output
