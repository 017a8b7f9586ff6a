# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a module is, noted where the action plugin that runs it finds it. Private to softlayer.certificates."""

from __future__ import annotations

import os
import threading
import typing as t
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

T = t.TypeVar("T")
R = t.TypeVar("R")
FILE = "progress"
"""The name of the file in the module's temporary folder."""


class ProgressFile:
    """Counts what is done, and notes it in a file of a folder, if there is one.

    It only helps who watches: if the file cannot be written, nothing fails.
    """

    def __init__(self, folder: str | None, total: int) -> None:
        self._total = total
        self._done = 0
        self._counting = threading.Lock()
        self._file: int | None = None
        if folder is None:
            return
        with suppress(OSError):
            self._file = os.open(Path(folder, FILE), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._note()

    def of(self, function: Callable[[T], R]) -> Callable[[T], R]:
        """Return the function, which works through one item, as one that is counted."""

        def counted(item: T) -> R:
            try:
                return function(item)
            finally:
                with self._counting:
                    self._done += 1
                    self._note()

        return counted

    def _note(self) -> None:
        if self._file is None:
            return
        try:  # over the numbers before, which are never longer: whoever reads it meanwhile finds whole ones
            os.pwrite(self._file, f"{self._done} {self._total}\n".encode("ascii"), 0)
        except OSError:
            self._file = None


def read_progress(folder: str | None) -> tuple[int, int] | None:
    """Return how many items of how many a module has worked through, from its temporary folder; `None` if it has noted nothing."""
    if folder is None:
        return None
    try:
        done, total = Path(folder, FILE).read_text(encoding="ascii").split()
        return int(done), int(total)
    except (OSError, ValueError):
        return None
