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
    WAIT,
    ProgressFile,
    read_progress,
    read_waits,
    waiting,
)


def test_what_is_done_is_counted_whatever_comes_of_it(tmp_path: Path) -> None:
    seen = []

    def work(number: int) -> float:
        seen.append(read_progress(str(tmp_path)))
        return 1 / number

    counted = ProgressFile(str(tmp_path), 12, "load balancers").of(work)
    assert counted(2) == 0.5
    with pytest.raises(ZeroDivisionError):
        counted(0)
    assert seen == [(0, 12, "load balancers"), (1, 12, "load balancers")]
    assert read_progress(str(tmp_path)) == (2, 12, "load balancers")


def test_several_threads_lose_nothing(tmp_path: Path) -> None:
    counted = ProgressFile(str(tmp_path), 2_000, "emails").of(abs)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(counted, range(2_000))) == sum(range(2_000))
    assert read_progress(str(tmp_path)) == (2_000, 2_000, "emails")


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/nowhere/at/all")])
def test_nothing_fails_for_lack_of_a_place(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / FILE)
    assert ProgressFile(str(tmp_path), 1, "emails").of(abs)(-1) == 1
    assert read_progress(str(tmp_path)) is None
    assert ProgressFile(str(tmp_path / "missing"), 1, "emails").of(abs)(-1) == 1


@pytest.mark.parametrize("content", [b"", b"1", b"1 2", b"a b c", b"\xff 1 c", b"-"])
def test_what_is_no_progress_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert read_progress(str(tmp_path)) is None


def test_no_folder_no_progress(tmp_path: Path) -> None:
    assert read_progress(None) is None and read_waits(None) == []
    assert read_progress(str(tmp_path)) is None and read_waits(str(tmp_path)) == []
    with waiting(None, "nobody: waits", 9), waiting(str(tmp_path / "missing"), "nobody: waits", 9):
        pass


def test_a_wait_is_told_while_it_lasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what for and since when, the longest first, also after an error; not one of no time, nor half of a note."""
    clock = [1000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    folder = str(tmp_path)
    with pytest.raises(ZeroDivisionError), waiting(folder, "prod-web: waits for its update", 900):
        clock[0] += 10
        with waiting(folder, "büro 2: waits", 7.5), waiting(folder, "prod-api: waits", 0):
            clock[0] += 30
            (tmp_path / f"{WAIT}half").write_text("10", encoding="ascii")
            assert read_waits(folder) == [
                "prod-web: waits for its update, 40 s of 900 s",
                "büro 2: waits, 30 s of 7.5 s",
            ]
        assert read_waits(folder) == ["prod-web: waits for its update, 40 s of 900 s"]
        raise ZeroDivisionError
    assert read_waits(folder) == []
