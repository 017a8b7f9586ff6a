# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a module is, noted where the action plugin that runs it finds it. Private to softlayer.certificates."""

from __future__ import annotations

import os
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

T = t.TypeVar("T")
R = t.TypeVar("R")
FILE = "progress"
"""The name of the file in the module's temporary folder."""
WAIT = "wait-"
"""How the names of the files there begin that each tell of a wait."""


class ProgressFile:
    """Counts what is done, and notes it in a file of a folder, if there is one.

    It only helps who watches: if the file cannot be written, nothing fails.

    Args:
        folder: the folder.
        total: how many items there are.
        items: what they are, in the plural.
    """

    def __init__(self, folder: str | None, total: int, items: str) -> None:
        self._total = total
        self._items = items
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
            os.pwrite(self._file, f"{self._done} {self._total} {self._items}\n".encode("ascii"), 0)
        except OSError:
            self._file = None


def read_progress(folder: str | None) -> tuple[int, int, str] | None:
    """Return how many items of how many a module has worked through, and what they are, from its temporary folder; `None` if it has noted nothing."""
    if folder is None:
        return None
    try:
        done, total, items = Path(folder, FILE).read_text(encoding="ascii").strip().split(" ", 2)
        return int(done), int(total), items
    except (OSError, ValueError):
        return None


@contextmanager
def waiting(folder: str | None, what: str, seconds: float, waited: float = 0) -> Iterator[None]:
    """Note what a module waits for until the end of the block.

    Args:
        folder: where, if there is a folder.
        what: the beginning of a sentence.
        seconds: the longest wait; zero if there is none.
        waited: how many of them are over.
    """
    path = Path(folder, f"{WAIT}{uuid4().hex}") if folder and seconds > 0 else None
    with suppress(OSError):
        if path:
            path.write_text(f"{time.time() - waited} {seconds:g} {what}", "utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            if path:
                path.unlink(missing_ok=True)


def read_waits(folder: str | None) -> list[str]:
    """Return what a module waits for and since when, the longest wait first."""
    waits = []
    with suppress(OSError):
        for path in Path(folder).glob(f"{WAIT}*") if folder else ():
            with suppress(OSError, ValueError):  # it is over by now, or about to be noted
                since, seconds, what = path.read_text("utf-8").split(" ", 2)
                waits.append((time.time() - float(since), what, seconds))
    return [f"{what}, {waited:.0f} s of {seconds} s" for waited, what, seconds in sorted(waits, reverse=True)]
