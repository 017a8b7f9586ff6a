# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The output of the callbacks `quiet` and `summary`."""

from __future__ import annotations

from pathlib import Path
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


Printed = list[tuple[str, str]]
HERE = str(Path(__file__).parents[4] / "roles/ssl_rotation/tasks/main.yml:7")
"""A task of the collection; other tasks are in playbooks of users."""
EMAILS = "softlayer.certificates.ssl_fulfillment_email"


@pytest.fixture
def summary(monkeypatch: pytest.MonkeyPatch) -> tuple[Run, SummaryCallback, Printed]:
    callback, printed = SummaryCallback(), Printed()

    def display(line: str, stderr: bool = False) -> None:
        printed.append(("error" if stderr else "line", line))

    def warn(line: str) -> None:
        printed.append(("warning", line))

    monkeypatch.setattr(callback, "_display", SimpleNamespace(display=display, warning=warn))
    return Run(callback, "result"), callback, printed


def ended(
    run: Run, action: str, path: str = "/srv/site.yml:3", *, no_log: bool = False, check: bool = False, **answer: Any
) -> Any:
    """The result of a task with this action, in a file."""
    result = run.ended(**answer)
    result.task = SimpleNamespace(
        action=action,
        resolved_action=action,
        no_log=no_log,
        loop="results" in answer,
        check_mode=check,
        get_path=lambda: path,
    )
    return result


@pytest.mark.parametrize("action", ["debug", "ansible.builtin.debug"])
@pytest.mark.parametrize("path", [HERE, "/srv/site.yml:3"])
def test_a_summary_is_plain_text(action: str, path: str, summary: tuple[Run, SummaryCallback, Printed]) -> None:
    """One line for each entry; nothing of other tasks but their warnings; the error once, at the end."""
    run, callback, printed = summary
    callback.v2_runner_on_ok(ended(run, "ansible.builtin.command", HERE, changed=True, warnings=["It is old."]))
    for message, no_log in ((["LISTENER  NAME", "web:443   www"], False), ("1 listener.", False), ("Secret.", True)):
        callback.v2_runner_on_ok(ended(run, action, path, no_log=no_log, msg=message))
    callback.v2_runner_on_ok(ended(run, action, path, censored="It is hidden."))
    callback.v2_runner_on_failed(ended(run, EMAILS, HERE, msg="Rescued.", failed=True))
    run.ends()
    callback.v2_runner_on_failed(ended(run, EMAILS, HERE, msg="It failed.", failed=True, warnings=["It is full."]))
    assert ("error", "It failed.") not in printed
    run.ends(failures=1)
    assert printed == [
        ("warning", "It is old."),
        *(("line", line) for line in ("LISTENER  NAME", "web:443   www", "1 listener.")),
        ("warning", "It is full."),
        *(("error", line) for line in ("", "It failed.")),
    ]


def item(**values: Any) -> dict[str, Any]:
    return {"common_name": "www.example.com", "order_id": 7, "reason": None, "message": "A sentence.", **values}


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ({"summary": ["One.", "Two."], "imported": [item(outcome="imported")]}, ["One.", "Two."]),
        ({"emails": [item(outcome="requested")]}, ["www.example.com, order 7: A sentence."]),
        ({"emails": [item(outcome="skipped", reason="cooldown")]}, ["www.example.com, order 7: cooldown: A sentence."]),
        (
            {"listeners": [{"load_balancer": "web", "port": 443, "outcome": "switched", "message": "It was."}]},
            ["web:443: It was."],
        ),
        (
            {"endpoints": [{"host": "api.example.com", "port": 8443, "reason": "unreachable", "message": "Why."}]},
            ["api.example.com:8443: unreachable: Why."],
        ),
        ({"certificates": [item(outcome="unchanged")]}, []),
        ({"emails": [item(outcome="failed", reason="api_error")]}, []),  # the error of the task has it
        ({"unmatched": [{"reason": "no_certificate", "message": "Why."}] * 3}, []),
        ({"orders": [{"id": 7, "common_name": "www.example.com"}]}, []),
        (
            {"missing": [item(reason="waiting_for_email")] * 12},
            ["www.example.com, order 7: waiting_for_email: A sentence."] * 10
            + ["skipped: www.example.com (waiting_for_email)"],
        ),
    ],
)
def test_what_modules_changed_or_could_not_do(
    answer: dict[str, Any], lines: list[str], summary: tuple[Run, SummaryCallback, Printed]
) -> None:
    """In playbooks and roles of users, one at a time and in a loop."""
    run, callback, printed = summary
    callback.v2_runner_on_ok(ended(run, EMAILS, HERE, **answer))
    assert printed == []
    callback.v2_runner_on_ok(ended(run, EMAILS, **answer))
    assert printed == [("line", line) for line in lines]
    callback.v2_runner_item_on_ok(ended(run, EMAILS, **answer))
    callback.v2_runner_on_ok(ended(run, EMAILS, results=[answer], msg="All items completed"))
    assert printed == [("line", line) for line in lines * 2]


def test_other_tasks_have_a_line_if_they_changed_or_failed(summary: tuple[Run, SummaryCallback, Printed]) -> None:
    run, callback, printed = summary
    callback.v2_runner_on_ok(ended(run, "ansible.builtin.copy", changed=False))
    callback.v2_runner_on_ok(ended(run, "ansible.builtin.copy", changed=True))
    callback.v2_runner_on_failed(ended(run, "ansible.builtin.copy", changed=True), ignore_errors=True)
    callback.v2_runner_on_ok(ended(run, EMAILS, changed=True, censored="It is hidden."))
    assert printed == [("line", f"localhost: {state}: Store the key") for state in ("changed", "failed", "changed")]


def test_differences(summary: tuple[Run, SummaryCallback, Printed]) -> None:
    """Of tasks of the collection, too, since it is how a user previews the files of a schedule."""
    run, callback, printed = summary
    change = {"changed": True, "diff": {"before": "", "after": "a line\n"}}
    for answer in (change, {"results": [change, {**change, "changed": False}]}, {"changed": False}):
        callback.v2_on_file_diff(ended(run, "ansible.builtin.copy", HERE, **answer))
    assert len(printed) == 2 and all("+a line" in text for _kind, text in printed)


def test_the_recap_of_other_playbooks(summary: tuple[Run, SummaryCallback, Printed]) -> None:
    _run, callback, printed = summary
    counts = {"ok": 3, "changed": 2, "unreachable": 0, "failures": 1, "skipped": 0, "rescued": 0, "ignored": 0}
    stats = SimpleNamespace(processed={"b": 1, "a": 1}, summarize=lambda _host: counts, failures={}, dark={})
    for path in (HERE, "/srv/site.yml"):
        callback.v2_playbook_on_start(SimpleNamespace(_file_name=path))
        callback.v2_playbook_on_no_hosts_matched()
        callback.v2_playbook_on_stats(stats)
    assert [line for _kind, line in printed] == [
        *["skipping: no hosts matched"] * 2,
        "a: ok=3 changed=2 unreachable=0 failed=1 skipped=0",
        "b: ok=3 changed=2 unreachable=0 failed=1 skipped=0",
    ]
