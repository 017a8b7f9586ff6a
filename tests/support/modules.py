# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running modules, each in a process of its own that reads its arguments and prints its result, as Ansible runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulator.client import Simulator
from tests.support.documented import deviations
from tests.support.forked import MODULES, ForkedModule

TRANSPORTS = ("xmlrpc", "rest")
DELIBERATE = frozenset({("SoftLayer_Security_Certificate_Request::getSslCertificateRequests", "limit")})
"""What is sent on purpose though the API's reference does not offer it: a server that ignores the limit gives all orders at once,
which is noticed; for one that knows it, orders come in pages that it can answer."""


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

    @property
    def warnings(self) -> list[str]:
        """The texts of its warnings, which have a form of their own from ansible-core 2.19 on."""
        told = self.result.get("warnings", [])
        return [str(warning["event"]["msg"]) if isinstance(warning, dict) else warning for warning in told]

    def outcomes(self, key: str = "emails", name: str = "order_id") -> dict[Any, tuple[str, str | None]]:
        """Outcome and reason of each entry of a list in the result."""
        assert key in self.result, self.output
        return {entry[name]: (entry["outcome"], entry["reason"]) for entry in self.result[key]}


def start_module(
    name: str,
    /,
    *,
    check: bool = False,
    diff: bool = False,
    first: Callable[[], None] | None = None,
    **options: Any,
) -> ForkedModule:
    """Start a module in a process of its own, as Ansible does, with its arguments on standard input; call a function there first."""
    return ForkedModule(name, given_to(name, check=check, diff=diff, **options), first=first)


def given_to(name: str, /, *, check: bool = False, diff: bool = False, **options: Any) -> str:
    """What Ansible writes on a module's standard input."""
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff, "_ansible_module_name": name}
    return json.dumps({"ANSIBLE_MODULE_ARGS": arguments})


def finish_module(process: ForkedModule, seconds: float = 120) -> Run:
    """Wait for a module's end and read its result; see `read`."""
    output, errors = process.communicate(timeout=seconds)
    return read(process.args[-1], output, errors)


MEASURE = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", sys.argv[1]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Begins a module from a process that is small itself: the memory of the one that forks counts."""


def run_measured(name: str, /, **keywords: Any) -> tuple[Run, int]:
    """Run a module that nothing was imported for before; also return the most memory that it took, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, MODULES + name],
        input=given_to(name, **keywords),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    output, _line_end, measured = done.stdout.strip().rpartition("\n")
    return read(name, output, done.stderr), int(measured) * (1 if sys.platform == "darwin" else 1024)


def received(output: str) -> str:
    """What Ansible keeps of a module's output: from ansible-core 2.22 on, not the module but Ansible hides what the module has registered."""
    result = json.loads(output)
    secrets = result.pop("_ansible_new_secrets", None)
    if secrets is None:
        return output
    text = json.dumps(result)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(json.dumps(secret)[1:-1], "$REDACTED$")
    return text


def read(name: str, output: str, errors: str) -> Run:
    """Read a module's result.

    That it prints anything else, or returns something other than its documentation says, is a failure of the test.
    """
    assert not errors, errors
    output = received(output)
    run = Run(json.loads(output), output)
    json.dumps(run.result, ensure_ascii=False).encode("utf-8")  # as ansible-core demands; JSON could be read without it
    assert deviations(name, run.result) == []
    return run


def run_module(name: str, /, **keywords: Any) -> Run:
    """Run a module to its end; for the keywords see `start_module`."""
    return finish_module(start_module(name, **keywords))


def options_for(sim: Simulator, transport: str = "xmlrpc") -> dict[str, Any]:
    """The options that let a module log in to a simulator."""
    return {"username": sim.username, "api_key": sim.api_key, "endpoint_url": sim.url(transport)}
