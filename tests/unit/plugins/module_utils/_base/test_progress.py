# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a module is, and how a person's terminal is told."""

from __future__ import annotations

import contextlib
import os
import pty
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import progress
from ansible_collections.softlayer.certificates.plugins.module_utils._base.progress import Progress

from tests.support.waiting import until


class Terminal:
    """A terminal: what a person sees, and what a program opens."""

    def __init__(self) -> None:
        self.screen, self._its = pty.openpty()
        os.set_blocking(self.screen, False)
        self.path = os.ttyname(self._its)
        self.seen = ""
        self._is_open = True

    def read(self) -> str:
        with contextlib.suppress(OSError):
            self.seen += os.read(self.screen, 65536).decode().replace("\r\n", "\n")
        return self.seen

    def stop(self) -> None:
        termios.tcflow(self._its, termios.TCOOFF)

    def go_on(self) -> None:
        termios.tcflow(self._its, termios.TCOON)

    def close(self) -> None:
        if self._is_open:
            os.close(self.screen)
            os.close(self._its)
        self._is_open = False


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Progress:
    told = Progress()
    monkeypatch.setattr(progress, "_MODULE_PROGRESS", told)
    return told


def showing(monkeypatch: pytest.MonkeyPatch, path: str) -> list[threading.Thread]:
    before = set(threading.enumerate())
    monkeypatch.setenv(progress.TERMINAL_VARIABLE, f"{path} web1")
    monkeypatch.setenv(progress.INTERVAL_VARIABLE, "0.01")
    progress.show_on_terminal()
    return [thread for thread in threading.enumerate() if thread not in before]


def test_what_is_done_is_counted_whatever_comes_of_it() -> None:
    told, seen = Progress(), []

    def work(number: int) -> float:
        seen.append(told.format_count())
        return 1 / number

    counted = told.count_calls(work, 12, "load balancers")
    assert counted(2) == 0.5
    with pytest.raises(ZeroDivisionError):
        counted(0)
    assert seen == ["0 of 12 load balancers done", "1 of 12 load balancers done"]
    assert told.format_count() == "2 of 12 load balancers done"
    told.count_calls(work, 1, "load balancers")
    assert told.format_count() == "", "of a single one"


def test_a_wait_is_reported_while_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what for and since when, the longest first, also after an error; not one of no time. Names are no commands of a terminal."""
    clock, told = [1000.0], Progress()
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    with pytest.raises(ZeroDivisionError), told.record_wait("prod-\x1b[2Jweb: waits for its update", 900, waited=5):
        clock[0] += 10
        with told.record_wait("büro 2: waits", 7.5), told.record_wait("prod-api: waits", 0):
            clock[0] += 30
            assert told.list_waits() == [
                r"prod-\x1b[2Jweb: waits for its update (45 s of 900 s)",
                "büro 2: waits (30 s of 7.5 s)",
            ]
        assert len(told.list_waits()) == 1
        raise ZeroDivisionError
    assert told.list_waits() == []


def test_a_person_sees_each_step_once_and_each_wait_again(
    terminal: Terminal, told: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    (thread,) = showing(monkeypatch, terminal.path)
    step = told.count_calls(lambda shown: until(lambda: shown in terminal.read()), 2, "emails")
    step("web1: 0 of 2 emails done\n")
    step("web1: 1 of 2 emails done\n")
    with told.record_wait("prod-web: waits", 900):
        until(lambda: terminal.read().count("prod-web: waits (0 s of 900 s)\n") > 1)
    assert [line for line in terminal.seen.splitlines() if "done" in line] == [
        f"web1: {done} of 2 emails done" for done in range(3)
    ]
    assert thread.daemon, "nothing waits for its end"


def test_a_terminal_that_is_stopped_or_closed_holds_up_nothing(
    terminal: Terminal, told: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    (thread,) = showing(monkeypatch, terminal.path)
    with told.record_wait("prod-web: waits", 900):
        until(terminal.read)
        terminal.stop()
        looks: list[object] = []
        monkeypatch.setattr(told, "format_count", lambda: looks.append(thread.is_alive()) or "")
        until(lambda: len(looks) > 3)  # it comes to the next line, and the next
        terminal.read()
        seen = len(terminal.seen)
        terminal.go_on()
        until(lambda: len(terminal.read()) > seen)
        terminal.close()
        thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/nowhere/at/all")])
def test_what_is_no_terminal_is_shown_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "terminal"
    make(path)
    assert showing(monkeypatch, str(path)) == []
    assert not path.is_file() or path.read_bytes() == b""


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_who_wants_nothing_is_shown_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv(progress.TERMINAL_VARIABLE, f"{terminal.path} web1")
    monkeypatch.setenv(progress.INTERVAL_VARIABLE, seconds)
    before = threading.active_count()
    progress.show_on_terminal()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("given", "seconds"), [("", 15), ("0.5", 0.5), *((one, 15) for one in ("often", "1,5", "nan", "inf"))]
)
def test_how_often(monkeypatch: pytest.MonkeyPatch, given: str, seconds: float) -> None:
    monkeypatch.setenv(progress.INTERVAL_VARIABLE, given)
    assert progress.read_interval() == seconds
