# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a module is, from the module to who watches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._progress import (
    FILE,
    ProgressFile,
    read_progress,
)


def test_what_is_done_is_counted_whatever_comes_of_it(tmp_path: Path) -> None:
    seen = []

    def work(number: int) -> float:
        seen.append(read_progress(str(tmp_path)))
        return 1 / number

    counted = ProgressFile(str(tmp_path), 12).of(work)
    assert counted(2) == 0.5
    with pytest.raises(ZeroDivisionError):
        counted(0)
    assert seen == [(0, 12), (1, 12)]
    assert read_progress(str(tmp_path)) == (2, 12)


def test_several_threads_lose_nothing(tmp_path: Path) -> None:
    counted = ProgressFile(str(tmp_path), 2_000).of(abs)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(counted, range(2_000))) == sum(range(2_000))
    assert read_progress(str(tmp_path)) == (2_000, 2_000)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/nowhere/at/all")])
def test_nothing_fails_for_lack_of_a_place(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / FILE)
    assert ProgressFile(str(tmp_path), 1).of(abs)(-1) == 1
    assert read_progress(str(tmp_path)) is None
    assert ProgressFile(str(tmp_path / "missing"), 1).of(abs)(-1) == 1


@pytest.mark.parametrize("content", [b"", b"1", b"1 2 3", b"a b", b"\xff 1", b"-"])
def test_what_is_no_progress_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read_progress(str(tmp_path)) is None


def test_no_folder_no_progress(tmp_path: Path) -> None:
    assert read_progress(None) is None
    assert read_progress(str(tmp_path)) is None
