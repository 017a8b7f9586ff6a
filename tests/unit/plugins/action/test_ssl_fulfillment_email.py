# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a task that is to run once would, and whether its module is told of a terminal; how Ansible runs it: `outside/test_once.py`."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.softlayer.certificates.plugins.action import ssl_fulfillment_email as plugin
from ansible_collections.softlayer.certificates.plugins.action.ssl_fulfillment_email import ActionModule, why_repeated
from ansible_collections.softlayer.certificates.plugins.module_utils._base.progress import TERMINAL_VARIABLE

LINEAR, FREE = "ansible.builtin.linear", "free"


@pytest.mark.parametrize(
    ("strategy", "every", "left", "batch", "said"),
    [
        (LINEAR, "abc", "abc", "abc", None),
        (LINEAR, "abc", "bc", "cb", None),
        ("linear", "abc", "abc", "ab", "in a play with `serial`"),
        ("debug", "abc", "abc", "abc", None),
        ("ansible.builtin.debug", "ab", "a", "a", None),
        ("free", "a", "a", "a", None),
        (FREE, "ab", "a", "a", "with the strategy free: the task would run for each of the 2 hosts"),
        ("ansible.builtin.host_pinned", "abc", "abc", "abc", "for each of the 3 hosts"),
        ("no.such.strategy", "ab", "ab", "ab", "with the strategy no.such.strategy"),
        (FREE, "", "", "", None),
    ],
)
def test_what_runs_once(strategy: str, every: str, left: str, batch: str, said: str | None) -> None:
    """In a play with these hosts, of which these have not failed, and these are in the batch."""
    variables = {"ansible_play_hosts_all": [*every], "ansible_play_hosts": [*left], "ansible_play_batch": [*batch]}
    why_not = why_repeated(strategy, variables)
    assert why_not is None if said is None else said in str(why_not) and "Nothing was changed" in str(why_not)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parent process prints to a terminal."""
    monkeypatch.setattr(os, "readlink", lambda path: {f"/proc/{os.getppid()}/fd/1": "/dev/pts/7"}[path])


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("given", "is_told"),
    [
        ({}, True),
        ({"environment": None}, True),
        ({"check_mode": True}, False),
        ({"async_val": 60}, False),
        ({"transport": "ssh"}, False),
    ],
    ids=str,
)
def test_a_module_on_this_machine_gets_the_terminal(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], is_told: bool
) -> None:
    """Beside the rest of its environment."""
    usual: dict[str, Any] = {"check_mode": False, "async_val": 0, "environment": [{"A": "1"}], "run_once": False}
    usual["action"] = "softlayer.certificates.ssl_order_info"
    action = ActionModule.__new__(ActionModule)
    action._task = task = SimpleNamespace(**{**usual, **given}, get_play=lambda: SimpleNamespace(strategy="linear"))
    action._connection = SimpleNamespace(transport=given.get("transport", "local"))
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: {"ran": True})
    assert action.run(None, {"inventory_hostname": "web1"}) == {"ran": True}
    told: dict[str, str] = {name: value for part in task.environment or () for name, value in part.items()}
    assert told.pop("A", None) == ("1" if given.get("environment", [0]) else None)
    assert told == ({TERMINAL_VARIABLE: "/dev/pts/7 web1"} if is_told else {})


@pytest.mark.usefixtures("terminal")
def test_the_terminal_of_ansible_runner_is_no_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/1")
    assert plugin.create_progress_environment("web1") == {}


@pytest.mark.usefixtures("terminal")
def test_a_run_that_is_to_be_quiet_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin.constants, "DEFAULT_STDOUT_CALLBACK", "softlayer.certificates.quiet")
    assert plugin.create_progress_environment("web1") == {}


@pytest.mark.parametrize("output", ["pipe:[1234]", "/var/log/rotate.log", OSError()])
def test_no_one_watches_a_pipe_or_a_file(monkeypatch: pytest.MonkeyPatch, output: str | OSError) -> None:
    """Nor a machine that does not tell the output of a process."""

    def readlink(_path: str) -> str:
        if isinstance(output, OSError):
            raise output
        return output

    monkeypatch.setattr(os, "readlink", readlink)
    assert plugin.create_progress_environment("web1") == {}
