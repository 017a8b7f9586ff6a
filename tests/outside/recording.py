# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module writes to the system's log goes to a file instead. Imported in the module's process."""

from __future__ import annotations

import json
import os
import syslog
from types import SimpleNamespace

from ansible.module_utils import basic


def note(*parts: object) -> None:
    """Write down what would have been logged."""
    with open(os.environ["RECORDED_LOG"], "a", encoding="utf-8") as file:
        file.write(json.dumps(parts, ensure_ascii=False, default=str) + "\n")


def record() -> None:
    """Take the place of syslog, and of the journal where that is what this machine is to have."""
    syslog.openlog = lambda *_arguments: None  # type: ignore[assignment]
    syslog.syslog = note  # type: ignore[assignment]
    basic.has_journal = os.environ["RECORDED_AS"] == "journal"
    basic.journal = SimpleNamespace(sendv=note, send=lambda **fields: note(fields))
