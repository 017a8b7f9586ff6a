# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When it is shown how far a module is, and when it is not."""

from __future__ import annotations

import contextlib
import os
import pty
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.softlayer.certificates.plugins.module_utils._progress import ProgressFile, waiting
from ansible_collections.softlayer.certificates.plugins.plugin_utils import _progress as plugin

from tests.support.waiting import until

Module = Callable[[ProgressFile], None]


class Screen:
    """Takes what Ansible would show."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def display(self, line: str) -> None:
        self.lines.append(line)

    def warning(self, line: str) -> None:
        self.warnings.append(line)


class Action(plugin.ProgressAction):
    """Runs what is given in place of a module, on this machine unless something else is said."""

    def __init__(
        self,
        folder: Path,
        *,
        is_check: bool = False,
        seconds_async: int = 0,
        transport: str = "local",
        makes: Path | AnsibleError | None = None,
    ) -> None:
        self._task = SimpleNamespace(check_mode=is_check, async_val=seconds_async)
        shell = SimpleNamespace(tmpdir=None if makes else str(folder))
        self._connection = SimpleNamespace(transport=transport, _shell=shell)
        self._makes = makes
        self.has_asked_for_folder = False

    def _make_tmp_path(self, remote_user: Any = None) -> Any:
        self.has_asked_for_folder = True
        if isinstance(self._makes, AnsibleError):
            raise self._makes
        self._connection._shell.tmpdir = str(self._makes)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """What Ansible shows, every hundredth of a second."""
    screen = Screen()
    monkeypatch.setattr(plugin, "Display", lambda: screen)
    monkeypatch.setenv(plugin.VARIABLE, "0.01")
    return screen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Ansible prints to a terminal; closes it when called."""
    ours, its = pty.openpty()
    monkeypatch.setattr(plugin, "TERMINAL", its)
    left = [ours]

    def close() -> None:
        os.close(left.pop())

    yield close
    for number in (*left, its):
        os.close(number)


def run(monkeypatch: pytest.MonkeyPatch, action: Action, module: Callable[[], object]) -> object:
    """Run a task whose module does something; its result."""

    def of_ansible(self: object, tmp: object = None, task_vars: object = None) -> object:
        return module()

    monkeypatch.setattr(plugin.OnceAction, "run", of_ansible)
    return action.run(None, {"inventory_hostname": "web1"})


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("makes_folder", [False, True], ids=["without pipelining", "with pipelining"])
def test_each_step_is_said_once(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes_folder: bool
) -> None:
    expected = [f"web1: {done} of 2 emails done" for done in range(3)]

    def module() -> str:
        step = ProgressFile(str(tmp_path), 2, "emails").of(lambda shown: until(lambda: len(screen.lines) == shown))
        step(1)
        step(2)
        until(lambda: len(screen.lines) == 3)
        return "done"

    assert run(monkeypatch, Action(tmp_path, makes=tmp_path if makes_folder else None), module) == "done"
    assert screen.lines == expected


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("seconds", "given"),
    [
        ("0", {}),
        ("-1", {}),
        ("0.01", {"is_check": True}),
        ("0.01", {"seconds_async": 60}),
        ("0.01", {"transport": "ssh"}),
        ("0.01", {"makes": AnsibleError("no folder can be made")}),
    ],
    ids=str,
)
def test_nothing_is_said(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str, given: dict[str, Any]
) -> None:
    """And no thread is started that would; what cannot have a folder runs without it."""
    monkeypatch.setenv(plugin.VARIABLE, seconds)
    monkeypatch.setattr(plugin.ProgressAction, "_shown", None)
    assert run(monkeypatch, Action(tmp_path, **given), lambda: "done") == "done"
    assert screen.lines == []


@pytest.mark.usefixtures("terminal")
def test_of_a_single_item_it_is_told_what_it_waits_for(
    screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That none of it is done says nothing; of many waits, the longest are told, also while others begin and end."""

    def module() -> None:
        ProgressFile(str(tmp_path), 1, "load balancers")
        with contextlib.ExitStack() as waits:
            for number in range(7):
                waits.enter_context(waiting(str(tmp_path), f"lb{number}: waits for its update", 900))
            until(lambda: "and 2 more wait" in screen.lines)

    run(monkeypatch, Action(tmp_path), module)
    told = re.compile(r"lb\d: waits for its update, \d+ s of 900 s|and [12] more wait")
    assert all(map(told.fullmatch, screen.lines))


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """There is no terminal, and what Ansible prints its warnings to is a pipe; its other end."""
    ours, its = os.pipe()
    monkeypatch.setattr(plugin, "TERMINAL", None)
    monkeypatch.setattr(plugin, "ERRORS", its)
    yield ours
    os.close(its)
    os.close(ours)


def test_without_a_terminal_waits_are_told_where_warnings_go(
    screen: Screen, errors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else; not by Ansible, which would wait for a reader."""

    def module() -> None:
        ProgressFile(str(tmp_path), 4, "emails")
        with waiting(str(tmp_path), "prod-web: waits for its update", 900):
            assert os.read(errors, 100).startswith(b"prod-web: waits for its update, 0 s of 900 s\n")

    action = Action(tmp_path, makes=tmp_path)
    run(monkeypatch, action, module)
    assert action.has_asked_for_folder and screen.lines == []


@pytest.mark.usefixtures("screen")
def test_a_pipe_that_nobody_reads_holds_up_nothing(
    errors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.set_blocking(plugin.ERRORS or 0, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(plugin.ERRORS or 0, b"x" * 4096)
    os.set_blocking(plugin.ERRORS or 0, True)
    looks: list[object] = []

    def look(folder: str | None) -> list[str]:
        looks.append(folder)
        return ["a line"]

    monkeypatch.setattr(plugin, "read_waits", look)
    assert run(monkeypatch, Action(tmp_path), lambda: until(lambda: len(looks) > 2)) is None


@pytest.mark.usefixtures("terminal")
def test_a_run_that_is_to_be_quiet_is(screen: Screen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin.constants, "DEFAULT_STDOUT_CALLBACK", plugin.QUIET)
    monkeypatch.setattr(plugin.ProgressAction, "_shown", None)
    assert run(monkeypatch, Action(tmp_path), lambda: "done") == "done" and screen.lines == []


def test_nothing_is_written_to_a_terminal_that_is_gone(
    screen: Screen, terminal: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible would wait for ever for a task whose line nobody reads."""
    looks: list[object] = []
    read = plugin.read_progress

    def look(folder: str | None) -> object:
        looks.append(folder)
        return read(folder)

    def module() -> None:
        terminal()
        ProgressFile(str(tmp_path), 2, "emails")
        until(lambda: len(looks) > 2)

    monkeypatch.setattr(plugin, "read_progress", look)
    run(monkeypatch, Action(tmp_path), module)
    assert screen.lines == []


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
    screen: Screen, monkeypatch: pytest.MonkeyPatch, given: str | None, seconds: float, warns: bool
) -> None:
    if given is None:
        monkeypatch.delenv(plugin.VARIABLE)
    else:
        monkeypatch.setenv(plugin.VARIABLE, given)
    assert plugin.seconds_between() == seconds
    warning = f"{plugin.VARIABLE} is {given!r}, which is no number of seconds. Progress is shown every 15 seconds."
    assert screen.warnings == ([warning] if warns else [])
