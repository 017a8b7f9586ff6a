# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The output of the callbacks `quiet` and `summary`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.callback.quiet import CallbackModule
from ansible_collections.softlayer.certificates.plugins.callback.summary import SummaryCallback


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> tuple[CallbackModule, list[tuple[str, bool]]]:
    """The callback, and what it prints, with whether that is an error."""
    callback, lines = CallbackModule(), list[tuple[str, bool]]()
    display = SimpleNamespace(display=lambda line, stderr=False: lines.append((line, stderr)))
    monkeypatch.setattr(callback, "_display", display)
    return callback, lines


class Run:
    """A run in which tasks fail on localhost, and what is printed of it at its end."""

    def __init__(self, callback: CallbackModule, name: str) -> None:
        self._callback, self._name = callback, name

    def ended(self, **result: Any) -> Any:
        """The result of a task, as one of the versions of ansible-core hands it to callbacks."""
        host = SimpleNamespace(name="localhost")
        result_of = {"result": result, "host": host} if self._name == "result" else {"_result": result, "_host": host}
        return SimpleNamespace(task_name="Store the key", **result_of)

    def fails(self, *, ignored: bool = False, **result: Any) -> None:
        self._callback.v2_runner_on_failed(self.ended(**result), ignore_errors=ignored)

    def fails_for_an_item(self, **result: Any) -> None:
        self._callback.v2_runner_item_on_failed(self.ended(**result))

    def ends(self, failures: int = 0, dark: int = 0) -> None:
        """The run ends, in which so many failures were not rescued."""
        counted = {"failures": {"localhost": failures}, "dark": {"localhost": dark}}
        self._callback.v2_playbook_on_stats(SimpleNamespace(**counted))


@pytest.fixture(params=["result", "_result"])
def ran(request: pytest.FixtureRequest, printed: tuple[CallbackModule, list[tuple[str, bool]]]) -> Run:
    """A run of the oldest and of later versions of ansible-core."""
    return Run(printed[0], request.param)


def test_a_failure_is_reported_once(ran: Run, printed: tuple[CallbackModule, list[tuple[str, bool]]]) -> None:
    """Of a loop, the sentence of each item, too; of what may fail, none."""
    _callback, lines = printed
    ran.fails(msg="Ignored.", ignored=True)
    ran.ends()
    assert lines == []
    for sentence in ("It failed.", "So did this."):
        ran.fails_for_an_item(msg=sentence)
    ran.fails(
        msg="It failed.", lines=["A row."], results=[{"msg": "It failed."}, {"msg": "So did this."}, {"msg": "Fine."}]
    )
    ran.ends(failures=1)
    assert lines == [("It failed.", True), ("So did this.", True)]


def test_no_one_who_is_there(ran: Run, printed: tuple[CallbackModule, list[tuple[str, bool]]]) -> None:
    """A host that cannot be reached is told."""
    callback, lines = printed
    callback.v2_runner_on_unreachable(ran.ended(msg="Nobody is there."))
    ran.ends(dark=1)
    assert lines == [("Nobody is there.", True)]


def test_a_failure_that_was_rescued_is_not_reported(
    ran: Run, printed: tuple[CallbackModule, list[tuple[str, bool]]]
) -> None:
    """The one that comes after it is, since that ends the run."""
    _callback, lines = printed
    ran.fails(msg="Rescued.")
    ran.ends()
    assert lines == []
    ran.fails(msg="Not rescued.")
    ran.ends(failures=1)
    assert lines == [("Not rescued.", True)]


def test_a_task_that_may_say_nothing_is_named(ran: Run, printed: tuple[CallbackModule, list[tuple[str, bool]]]) -> None:
    """What Ansible has hidden of a result has no message."""
    _callback, lines = printed
    ran.fails(censored="the output has been hidden", changed=False)
    ran.ends(failures=1)
    assert lines == [("The task failed: Store the key", True)]


@pytest.fixture
def summary(monkeypatch: pytest.MonkeyPatch) -> tuple[Run, SummaryCallback, list[tuple[str, str]]]:
    callback, printed = SummaryCallback(), list[tuple[str, str]]()

    def display(line: str, stderr: bool = False) -> None:
        printed.append(("error" if stderr else "line", line))

    def warn(line: str) -> None:
        printed.append(("warning", line))

    monkeypatch.setattr(callback, "_display", SimpleNamespace(display=display, warning=warn))
    return Run(callback, "result"), callback, printed


@pytest.mark.parametrize("action", ["debug", "ansible.builtin.debug"])
def test_a_summary_is_plain_text(action: str, summary: tuple[Run, SummaryCallback, list[tuple[str, str]]]) -> None:
    """One line for each entry; nothing of other tasks but their warnings; the error once, at the end."""
    run, callback, printed = summary
    result = run.ended(msg="Listed.", warnings=["It is old."])
    result.task = SimpleNamespace(action="ansible.builtin.command", no_log=False)
    callback.v2_runner_on_ok(result)
    for message, no_log in ((["LISTENER  NAME", "web:443   www"], False), ("1 listener.", False), ("Secret.", True)):
        result = run.ended(msg=message)
        result.task = SimpleNamespace(action=action, no_log=no_log)
        callback.v2_runner_on_ok(result)
    run.fails(msg="Rescued.")
    run.ends()
    run.fails(msg="It failed.", warnings=["It is full."])
    assert ("error", "It failed.") not in printed
    run.ends(failures=1)
    assert printed == [
        ("warning", "It is old."),
        *(("line", line) for line in ("LISTENER  NAME", "web:443   www", "1 listener.")),
        ("warning", "It is full."),
        *(("error", line) for line in ("", "It failed.")),
    ]
