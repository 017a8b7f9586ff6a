# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shows how far a module is while it runs. Private to softlayer.certificates."""

from __future__ import annotations

import math
import os
import select
import sys
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ansible import constants
from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.softlayer.certificates.plugins.module_utils._progress import read_progress, read_waits
from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction

SECONDS = 15.0
"""How often it is shown on a terminal, unless the environment variable says something else; elsewhere, half as often."""
MOST_WAITS = 5
"""Maximum number of waits that are named at a time."""
QUIET = "softlayer.certificates.quiet"
"""The callback that prints nothing unless a run fails."""
VARIABLE = "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS"


def _terminal() -> int | None:
    """Return a file descriptor of the terminal that Ansible prints to, `None` if it prints to something else."""
    try:
        number = sys.stdout.fileno()
        return os.dup(number) if os.isatty(number) else None
    except (AttributeError, OSError, ValueError):  # it was closed, or is no file
        return None


def _errors() -> int | None:
    """Return a file descriptor of where Ansible prints its warnings to."""
    with suppress(OSError):
        return os.dup(2)
    return None


TERMINAL = _terminal()
"""Ansible imports action plugins before it starts the process that runs a task, which has no terminal any more.

Only on a terminal (that of AWX is one) somebody watches. Elsewhere a line would stand between those of a program's output, and Ansible
waits forever for a task whose line it could not write: to a full disk, or a pipe that nobody reads.
"""
ERRORS = _errors()
"""So where there is no terminal, only waits are told, not by Ansible, and where its warnings go."""


class ProgressAction(OnceAction):
    """Runs a module as Ansible does, and shows every few seconds how far it is.

    The module notes it in its temporary folder, which can be read from here if the module runs on this machine.
    """

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result."""
        is_seen = not (self._task.check_mode or self._task.async_val) and self._connection.transport == "local"
        seconds = seconds_between() if is_seen and t.cast(t.Any, constants).DEFAULT_STDOUT_CALLBACK != QUIET else 0
        if seconds <= 0 or not self._has_folder():
            return super().run(tmp, task_vars)
        with self._shown(seconds, str((task_vars or {}).get("inventory_hostname", "localhost"))):
            return super().run(tmp, task_vars)

    def _has_folder(self) -> bool:
        """Return whether there is a temporary folder; with pipelining, Ansible makes none by itself."""
        try:
            if self._connection._shell.tmpdir is None:
                self._make_tmp_path()
        except AnsibleError:  # the module can do without
            return False
        return True

    @contextmanager
    def _shown(self, seconds: float, host: str) -> Iterator[None]:
        ended = threading.Event()

        def show() -> None:
            shown = None
            while not ended.wait(seconds if is_watched() else 2 * seconds):
                folder = self._connection._shell.tmpdir
                progress = read_progress(folder)
                if progress and progress != shown and progress[1] > 1 and is_watched():
                    Display().display("{}: {} of {} {} done".format(host, *progress))
                    shown = progress
                waits = read_waits(folder)
                more = [f"and {len(waits) - MOST_WAITS} more wait"] if len(waits) > MOST_WAITS else []
                for line in (*waits[:MOST_WAITS], *more):
                    tell(line)

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def tell(line: str) -> None:
    """Print a line: on a terminal as Ansible does, elsewhere only if that holds up nothing."""
    if is_watched():
        Display().display(line)
    elif TERMINAL is None and ERRORS is not None:
        with suppress(OSError, ValueError):  # a full disk, or a pipe that nobody reads any more
            if select.select([], [ERRORS], [], 0)[1]:
                os.write(ERRORS, f"{line}\n".encode("utf-8", "replace"))


def is_watched() -> bool:
    """Return whether Ansible prints to a terminal, which is still there."""
    return TERMINAL is not None and os.isatty(TERMINAL)


def seconds_between() -> float:
    """Return how many seconds pass between two lines; 0 or less if none is wanted."""
    given = os.environ.get(VARIABLE, "").strip()
    try:
        seconds = float(given) if given else SECONDS
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds):
        return seconds
    Display().warning(
        f"{VARIABLE} is {given!r}, which is no number of seconds. Progress is shown every {SECONDS:.0f} seconds."
    )
    return SECONDS
