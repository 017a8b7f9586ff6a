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
  - Prints the messages of C(debug) tasks, such as the summary at the end of a rotation, as plain text, one line for each list entry. Prints warnings,
    and at the end the C(msg) of a failed task on the standard error. Prints nothing of the other tasks.
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

from ansible.plugins.callback.default import CallbackModule as DefaultCallback
from ansible.utils.display import Display
from ansible_collections.softlayer.certificates.plugins.plugin_utils._failures import FailuresCallback, read_result

PRINTED_ACTIONS = frozenset({"debug", "ansible.builtin.debug", "ansible.legacy.debug"})
"""The actions whose messages are printed."""


class SummaryCallback(FailuresCallback):
    """Callback that prints the messages of `debug` tasks, warnings, and errors."""

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Print the message of a `debug` task, and the warnings of any task."""
        answer, _host = read_result(result)
        task = result.task if hasattr(result, "task") else result._task
        if task.action in PRINTED_ACTIONS and not task.no_log:
            message = answer.get("msg", "")
            for line in message if isinstance(message, list) else [message]:
                self._display.display(str(line))
        self._warn(answer)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Record the error of a task, and print its warnings."""
        super().v2_runner_on_failed(result, ignore_errors)
        self._warn(read_result(result)[0])

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print the errors, after an empty line."""
        if self.collect_errors(stats):
            self._display.display("", stderr=True)
        super().v2_playbook_on_stats(stats)

    def _warn(self, answer: t.Any) -> None:
        for warning in answer.get("warnings") or ():
            self._display.warning(str(warning))


class CallbackModule(DefaultCallback if Display().verbosity else SummaryCallback):  # type: ignore[misc]
    """The callback plugin. With `-v`, it prints all tasks. Ansible requires this class name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "softlayer.certificates.summary"
