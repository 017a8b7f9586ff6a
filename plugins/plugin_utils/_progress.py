# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a person watches how far a module is. Private to softlayer.certificates."""

from __future__ import annotations

import math
import os
import sys
import typing as t

from ansible import constants
from ansible.utils.display import Display
from ansible_collections.softlayer.certificates.plugins.module_utils._progress import VARIABLE

SECONDS = 15.0
"""How often it is shown, unless the environment variable says something else."""
INTERVAL = "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS"
QUIET = "softlayer.certificates.quiet"
"""The callback that prints nothing unless a run fails."""
RUNNER = "AWX_ISOLATED_DATA_DIR"
"""Set by ansible-runner, and so for jobs of AWX and ansible-navigator. It gives Ansible a terminal of its own, and reads what is printed there."""


def _terminal() -> int | None:
    """Return a file descriptor of the terminal that Ansible prints to, `None` if it prints to something else."""
    try:
        number = sys.stdout.fileno()
        return os.dup(number) if os.isatty(number) else None
    except (AttributeError, OSError, ValueError):  # it was closed, or is no file
        return None


TERMINAL = _terminal()
"""Ansible imports action plugins before it starts the process that runs a task, which has no terminal any more."""


def environment_for(host: str) -> dict[str, str]:
    """Return the environment that has a module on this machine show how far it is; nothing if nobody watches."""
    if TERMINAL is None or RUNNER in os.environ or t.cast(t.Any, constants).DEFAULT_STDOUT_CALLBACK == QUIET:
        return {}
    try:
        path = os.ttyname(TERMINAL)
    except OSError:  # it is gone, and its path may be that of another one
        return {}
    seconds = interval()
    return {VARIABLE: f"{seconds:g} {path} {host}"} if seconds > 0 else {}


def interval() -> float:
    """Return how many seconds pass between two lines; 0 or less if none is wanted."""
    given = os.environ.get(INTERVAL, "").strip()
    try:
        seconds = float(given) if given else SECONDS
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds):
        return seconds
    Display().warning(
        f"{INTERVAL} is {given!r}, which is no number of seconds. Progress is shown every {SECONDS:.0f} seconds."
    )
    return SECONDS
