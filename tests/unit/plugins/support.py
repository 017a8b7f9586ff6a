# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running modules the way Ansible runs them, against the simulator."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.simulator.client import Simulator
from tests.unit.plugins.documented import deviations

TRANSPORTS = ("xmlrpc", "rest")


@dataclass(frozen=True)
class Run:
    """A module's run: its result as Ansible would get it, and all that it printed."""

    result: dict[str, Any]
    output: str

    def __getitem__(self, name: str) -> Any:
        return self.result[name]

    def __contains__(self, name: str) -> bool:
        return name in self.result

    @property
    def failed(self) -> bool:
        """Whether the module failed."""
        return bool(self.result.get("failed"))

    @property
    def code(self) -> str:
        """The failure's code."""
        return str(self.result["failure"]["code"])

    def outcomes(self, key: str = "emails", name: str = "order_id") -> dict[Any, tuple[str, str | None]]:
        """Outcome and reason of each entry of a list in the result."""
        return {entry[name]: (entry["outcome"], entry["reason"]) for entry in self.result[key]}


def start_module(name: str, *, check: bool = False, diff: bool = False, **options: Any) -> subprocess.Popen[str]:
    """Start a module in a process of its own, as Ansible does, with its arguments on standard input."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_module_name": name}
    process = subprocess.Popen(
        [sys.executable, "-m", f"ansible_collections.softlayer.certificates.plugins.modules.{name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    process.stdin.close()
    process.stdin = None
    return process


def finish_module(process: subprocess.Popen[str], seconds: float = 120) -> Run:
    """Wait for a module's end and read its result.

    That it prints anything else, or returns something other than its documentation says, is a failure of the test.
    """
    output, errors = process.communicate(timeout=seconds)
    assert not errors, errors
    run = Run(json.loads(output), output)
    assert deviations(str(process.args[-1]).rpartition(".")[2], run.result) == []  # type: ignore[index]
    return run


def run_module(name: str, **keywords: Any) -> Run:
    """Run a module to its end; for the keywords see C(start_module)."""
    return finish_module(start_module(name, **keywords))


def options_for(sim: Simulator, transport: str = "xmlrpc") -> dict[str, Any]:
    """The options that let a module log in to a simulator."""
    return {"username": sim.username, "api_key": sim.api_key, "endpoint_url": sim.url(transport)}
