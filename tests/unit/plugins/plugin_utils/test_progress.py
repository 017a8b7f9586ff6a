# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a person watches how far a module is, and where nobody does."""

from __future__ import annotations

import os
import pty
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.softlayer.certificates.plugins.module_utils._progress import VARIABLE
from ansible_collections.softlayer.certificates.plugins.plugin_utils import _progress as plugin
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Ansible prints to a terminal; closes it when called."""
    ours, its = pty.openpty()
    monkeypatch.setattr(plugin, "TERMINAL", its)
    monkeypatch.setenv(plugin.INTERVAL, "0.5")
    left = [ours]

    def close() -> None:
        os.close(left.pop())

    yield close
    for number in (*left, its):
        os.close(number)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Ansible warns of."""
    warnings: list[str] = []
    monkeypatch.setattr(plugin, "Display", lambda: SimpleNamespace(warning=warnings.append))
    return warnings


@pytest.mark.usefixtures("terminal")
def test_a_terminal_is_named() -> None:
    assert plugin.environment_for("web 1") == {VARIABLE: f"0.5 {os.ttyname(plugin.TERMINAL or 0)} web 1"}


@pytest.mark.usefixtures("terminal")
def test_the_terminal_of_ansible_runner_is_no_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWX_ISOLATED_DATA_DIR", "/runner/artifacts/1")
    assert plugin.environment_for("web1") == {}


@pytest.mark.usefixtures("terminal")
def test_a_run_that_is_to_be_quiet_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin.constants, "DEFAULT_STDOUT_CALLBACK", "softlayer.certificates.quiet")
    assert plugin.environment_for("web1") == {}


def test_nobody_watches_a_pipe_or_a_terminal_that_is_gone(
    terminal: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal()
    assert plugin.environment_for("web1") == {}
    monkeypatch.setattr(plugin, "TERMINAL", None)
    assert plugin.environment_for("web1") == {}


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_who_wants_nothing_is_shown_nothing(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv(plugin.INTERVAL, seconds)
    assert plugin.environment_for("web1") == {}


@pytest.mark.parametrize(
    ("given", "seconds", "warns"),
    [
        (None, 15, False),
        (" ", 15, False),
        ("0.5", 0.5, False),
        *((one, 15, True) for one in ("often", "1,5", "nan", "inf")),
    ],
)
def test_how_often(
    warnings: list[str], monkeypatch: pytest.MonkeyPatch, given: str | None, seconds: float, warns: bool
) -> None:
    if given is None:
        monkeypatch.delenv(plugin.INTERVAL, raising=False)
    else:
        monkeypatch.setenv(plugin.INTERVAL, given)
    assert plugin.interval() == seconds
    warning = f"{plugin.INTERVAL} is {given!r}, which is no number of seconds. Progress is shown every 15 seconds."
    assert warnings == ([warning] if warns else [])


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
def test_a_module_on_this_machine_is_told_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], is_told: bool
) -> None:
    """Beside the rest of its environment."""
    usual = {"check_mode": False, "async_val": 0, "environment": [{"A": "1"}], "_role": None, "run_once": False}
    usual["action"] = "softlayer.certificates.ssl_order_info"
    action = OnceAction.__new__(OnceAction)
    action._task = task = SimpleNamespace(**{**usual, **given})
    action._connection = SimpleNamespace(transport=given.get("transport", "local"))
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: {"ran": True})
    assert action.run(None, {"inventory_hostname": "web1"}) == {"ran": True}
    told: dict[str, str] = {name: value for part in task.environment or () for name, value in part.items()}
    assert told.pop("A", None) == ("1" if given.get("environment", [0]) else None)
    assert told == (plugin.environment_for("web1") if is_told else {})
