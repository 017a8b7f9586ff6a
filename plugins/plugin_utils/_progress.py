# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What shows how far a module is while it runs. Private to softlayer.certificates."""

from __future__ import annotations

import math
import os
import threading
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.softlayer.certificates.plugins.module_utils._progress import read_progress

SECONDS = 15.0
"""How often it is shown, unless the environment variable says something else."""
VARIABLE = "SOFTLAYER_CERTIFICATES_PROGRESS_SECONDS"


class ProgressAction(NormalAction):
    """Runs a module as Ansible does, and shows every few seconds how far it is.

    The module notes it in its temporary folder, which can be read from here if the module runs on this machine.
    """

    items: t.ClassVar[str]
    """What the module works through."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        """Run the module and return its result."""
        seconds = seconds_between()
        if seconds <= 0 or self._task.check_mode or self._task.async_val or self._connection.transport != "local":
            return super().run(tmp, task_vars)
        # Ansible makes the folder before the module starts, also where it would need none.
        self.TRANSFERS_FILES = True
        with self._shown(seconds, str((task_vars or {}).get("inventory_hostname", "localhost"))):
            return super().run(tmp, task_vars)

    @contextmanager
    def _shown(self, seconds: float, host: str) -> Iterator[None]:
        ended = threading.Event()

        def show() -> None:
            shown = None
            while not ended.wait(seconds):
                progress = read_progress(self._connection._shell.tmpdir)
                if progress and progress != shown:
                    Display().display(f"{host}: {progress.done} of {progress.total} {self.items} done")
                    shown = progress

        thread = threading.Thread(target=show, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


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
