# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A callback plugin that writes the result of each task to the file `RECORD_PATH`, a line of JSON each."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: notification
short_description: Write down results
description:
  - Writes the result of each task to a file.
"""


class CallbackModule(CallbackBase):
    """The plugin under the name that Ansible looks for."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write(result, "skipped")

    def _write(self, result: Any, outcome: str) -> None:
        task = result._task
        record = {
            "task": task.get_name(),
            "action": task.action,
            "outcome": outcome,
            "no_log": bool(task.no_log),
            "result": dict(result._result),
        }
        with open(os.environ["RECORD_PATH"], "a", encoding="utf-8") as file:
            file.write(json.dumps(record, default=str) + "\n")
