# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the errors at the end of a run, for callbacks. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t

from ansible.plugins.callback import CallbackBase


class FailuresCallback(CallbackBase):
    """Callback that prints the errors at the end of a run, except rescued failures."""

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._failures: dict[str, list[list[str]]] = {}
        """The messages of each failed task, by host."""
        self._items: dict[str, list[str]] = {}
        """The messages of failed items in the current loop, by host."""

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Record the error of a loop item."""
        answer, host = read_result(result)
        self._items.setdefault(host, []).extend(filter(None, [answer.get("msg")]))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Record the error of a task, unless errors are ignored."""
        if not ignore_errors:
            self._record(result)
        self._items.pop(read_result(result)[1], None)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Record the error of an unreachable host."""
        self._record(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print the errors of the run."""
        for message in self.collect_errors(stats):
            self._display.display(message, stderr=True)

    def collect_errors(self, stats: t.Any) -> list[str]:
        """Return the messages of the failures of each host, except rescued failures."""
        errors: list[str] = []
        for host, failures in self._failures.items():
            count = stats.failures.get(host, 0) + stats.dark.get(host, 0)
            last = failures[max(len(failures) - count, 0) :]
            errors += dict.fromkeys(message for messages in last for message in messages)
        return errors

    def _record(self, result: t.Any) -> None:
        answer, host = read_result(result)
        messages = [*filter(None, [answer.get("msg")]), *self._items.get(host, ())]
        if str(answer.get("msg")).startswith("MODULE FAILURE"):  # the last line of a traceback has the error
            messages += str(answer.get("module_stderr") or "").strip().splitlines()[-1:]
        self._failures.setdefault(host, []).append([*map(str, messages)] or [f"The task failed: {result.task_name}"])


def read_result(result: t.Any) -> tuple[t.Any, str]:
    """Return the result and the host name of a task. The attributes have other names since ansible-core 2.19."""
    if hasattr(result, "result"):
        return result.result, result.host.name
    return result._result, result._host.name
