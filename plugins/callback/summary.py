# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the summary of a run as plain text."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: stdout
short_description: Print the summary of a run as plain text
version_added: 1.0.0
description:
  - Of the playbooks and roles of this collection, prints the summary as plain text, one line for each list entry.
  - Of modules of this collection in other playbooks and roles, prints what each changed or could not do. Of other tasks, prints one line if the task
    changed something or failed, and the messages of C(debug). After a playbook of your own, prints the recap of each host.
  - Prints warnings, differences with C(--diff), and at the end the C(msg) of each failed task on the standard error.
  - With C(-v), prints like P(ansible.builtin.default#callback).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
author:
  - softlayer.certificates contributors (@softlayer)
seealso:
  - plugin: softlayer.certificates.quiet
    plugin_type: callback
"""

EXAMPLES = r"""
# export ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.summary
# ansible-playbook -i localhost, softlayer.certificates.rotate -e @rotation.yml
"""

import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible.utils.display import Display
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import (
    MAX_LISTED,
    format_record_name,
    summarize_skipped,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._failures import FailuresCallback, read_result

COLLECTION = Path(__file__).resolve().parents[2]
OWN_ACTIONS = "softlayer.certificates."
PRINTED_ACTIONS = frozenset({"debug", "ansible.builtin.debug", "ansible.legacy.debug"})
"""The actions whose messages are printed."""
RECAP = {"ok": "ok", "changed": "changed", "unreachable": "unreachable", "failures": "failed", "skipped": "skipped"}
"""The counts of a host, and their names in the recap."""


class SummaryCallback(FailuresCallback):
    """Callback that prints messages, warnings, differences, and errors."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_own_playbook = True

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Record whether the playbook belongs to this collection; its summary replaces the recap."""
        self._is_own_playbook = is_in_collection(playbook._file_name)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Print that a play has no host."""
        self._display.display("skipping: no hosts matched")

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """Print the lines of a loop item."""
        self._print(result)

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Record the error of a loop item, and print its lines."""
        super().v2_runner_item_on_failed(result)
        self._print(result, is_failed=True)

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Print the lines of a task, and its warnings."""
        self._print_task(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Record the error of a task, and print its lines and warnings."""
        super().v2_runner_on_failed(result, ignore_errors)
        self._print_task(result, is_failed=True)

    def v2_on_file_diff(self, result: t.Any) -> None:
        """Print the differences of a task or of its loop items."""
        answer, _host = read_result(result)
        for one in answer.get("results") or [answer]:
            if one.get("changed") and one.get("diff") and (diff := self._get_diff(one["diff"])):
                self._display.display(diff)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print the recap of a playbook outside of this collection, then the errors, after an empty line."""
        for host in () if self._is_own_playbook else sorted(stats.processed):
            counts = stats.summarize(host)
            self._display.display(f"{host}: " + " ".join(f"{name}={counts[key]}" for key, name in RECAP.items()))
        if self.collect_errors(stats):
            self._display.display("", stderr=True)
        super().v2_playbook_on_stats(stats)

    def _print_task(self, result: t.Any, *, is_failed: bool = False) -> None:
        answer, _host = read_result(result)
        if not read_task(result).loop or "results" not in answer:  # each item has been printed
            self._print(result, is_failed=is_failed)
        for warning in answer.get("warnings") or ():
            self._display.warning(str(warning))

    def _print(self, result: t.Any, *, is_failed: bool = False) -> None:
        task, (answer, host) = read_task(result), read_result(result)
        if task.action in PRINTED_ACTIONS:
            lines = [] if task.no_log or "censored" in answer else self._list_debug_lines(answer)
        elif is_in_collection(task.get_path()):
            lines = []
        else:
            is_of_module = str(task.resolved_action or task.action).startswith(OWN_ACTIONS)
            lines = [*list_messages(answer)] if is_of_module else []
            if is_failed:
                lines.append(f"{host}: failed: {result.task_name}")
            elif answer.get("changed") and not lines:
                lines.append(f"{host}: changed: {result.task_name}")
        for line in lines:
            self._display.display(str(line))

    def _list_debug_lines(self, answer: Mapping[str, t.Any]) -> list[t.Any]:
        if "msg" not in answer:  # with var
            return [self._dump_results({name: value for name, value in answer.items() if name != "changed"})]
        return answer["msg"] if isinstance(answer["msg"], list) else [answer["msg"]]


def list_messages(answer: Mapping[str, t.Any]) -> Iterator[str]:
    """Yield a line for each item that a module of this collection changed or could not process.

    The error message of the task has the failed items.

    Args:
        answer: the result of the module.
    """
    if "summary" in answer:
        yield from answer["summary"]
        return
    entries = [entry for value in answer.values() if isinstance(value, list) for entry in value]
    items = [entry for entry in entries if isinstance(entry, Mapping) and entry.get("message") and choose_label(entry)]
    for item in items:
        if not item.get("reason") and item.get("outcome", "unchanged") != "unchanged":
            yield f"{choose_label(item)}: {item['message']}"
    skipped = [item for item in items if item.get("reason") and item.get("outcome") != "failed"]
    for item in skipped[:MAX_LISTED]:
        yield f"{choose_label(item)}: {item['reason']}: {item['message']}"
    yield from summarize_skipped(skipped[MAX_LISTED:])


def choose_label(item: Mapping[str, t.Any]) -> str:
    """Return the name of a listener, certificate, order, or endpoint; empty for other items, such as emails in a mailbox."""
    is_endpoint = item.get("host") and not item.get("load_balancer")
    return f"{item['host']}:{item['port']}" if is_endpoint else format_record_name(item)


def is_in_collection(path: str | None) -> bool:
    """Return whether a file, with or without a line number, belongs to this collection."""
    return bool(path) and Path(str(path)).resolve().is_relative_to(COLLECTION)


def read_task(result: t.Any) -> t.Any:
    """Return the task of a result. The attribute has another name since ansible-core 2.19."""
    return result.task if hasattr(result, "task") else result._task


class CallbackModule(DefaultCallback if Display().verbosity else SummaryCallback):  # type: ignore[misc]
    """The callback plugin. With `-v`, it prints all tasks. Ansible requires this class name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "softlayer.certificates.summary"
