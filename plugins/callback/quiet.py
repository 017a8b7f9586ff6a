# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints nothing when all is well, and only why not when a task fails."""

from __future__ import annotations

DOCUMENTATION = r"""
name: quiet
type: stdout
short_description: Print nothing when all is well, and only the sentence when not
version_added: 1.0.0
description:
  - For hooks of C(certbot) and for cron. A run that succeeds prints nothing. Of one that fails, the C(msg) of the task that failed is written
    to the standard error at its end, and C(ansible-playbook) ends with an error as ever. Of a task with C(no_log), that is its name.
  - With C(-i localhost,), Ansible itself has nothing to warn of either.
author:
  - softlayer.certificates contributors (@softlayer)
seealso:
  - ref: ansible_collections.softlayer.certificates.docsite.guide_lets_encrypt
    description: Certificates that are renewed by themselves.
"""

EXAMPLES = r"""
# export ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.quiet
# ansible-playbook -i localhost, softlayer.certificates.rotate -e @rotation.yml
"""

import typing as t

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Prints why a run has failed, once it is known which failures were not rescued."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "softlayer.certificates.quiet"

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._said: dict[str, list[list[str]]] = {}
        """What is to be said of the failures of each host, in their order."""
        self._items: dict[str, list[str]] = {}
        """What is to be said of the items of a loop that is not over."""

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Remember why an item of a loop has failed."""
        told, host = _read(result)
        self._items.setdefault(host, []).extend(filter(None, [told.get("msg")]))

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Remember why a task has failed, unless that does not matter."""
        if not ignore_errors:
            self._remember(result)
        self._items.pop(_read(result)[1], None)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Remember why a host cannot be reached."""
        self._remember(result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print what has ended the run of a host: its last failures, as those before were rescued."""
        for host, said in self._said.items():
            count = stats.failures.get(host, 0) + stats.dark.get(host, 0)
            told = said[max(len(said) - count, 0) :]
            for sentence in dict.fromkeys(sentence for sentences in told for sentence in sentences):
                self._display.display(sentence, stderr=True)

    def _remember(self, result: t.Any) -> None:
        told, host = _read(result)
        sentences = [*filter(None, [told.get("msg")]), *self._items.get(host, ())]
        if str(told.get("msg")).startswith("MODULE FAILURE"):  # the last line of a traceback says what it was
            sentences += str(told.get("module_stderr") or "").strip().splitlines()[-1:]
        self._said.setdefault(host, []).append([*map(str, sentences)] or [f"The task failed: {result.task_name}"])


def _read(result: t.Any) -> tuple[t.Any, str]:
    """Return what became of a task, and the name of its host; from ansible-core 2.19 on, callbacks are given it in another way."""
    if hasattr(result, "result"):
        return result.result, result.host.name
    return result._result, result._host.name
