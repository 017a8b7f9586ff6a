# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the messages of an mbox begin and end, compared with the standard library's reader."""

from __future__ import annotations

import io
import mailbox
import random
import tracemalloc
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._mailbox.mbox import (
    LONGEST_SEPARATOR,
    PIECE,
    split_mbox,
)

from tests.support.long import only_long

ALL = 10**9
LINES = (
    b"From \n",
    b"From a@b Mon\n",
    b"\n",
    b"\r\n",
    b">From \n",
    b"from \n",
    b"From",
    b" From x\n",
    b"x" * (PIECE - 3),
    b"\x00",
    b"text\n",
)


def by_the_standard_library(path: Path) -> list[tuple[bytes, bytes]]:
    """The messages as another reader finds them."""
    found = []
    box = mailbox.mbox(path, create=False)
    for key in box.iterkeys():
        with box.get_file(key, from_=True) as file:
            separator, line_end, content = file.read().partition(b"\n")
        found.append((separator + line_end, content))
    box.close()
    return found


@pytest.mark.parametrize("seed", range(300))
def test_messages_are_those_that_the_standard_library_finds(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = b"".join(chance.choices(LINES, weights=(3, 3, 4, 1, 1, 1, 1, 1, 1, 1, 3), k=chance.randrange(25)))
    (tmp_path / "mbox").write_bytes(data)
    found = list(split_mbox(io.BytesIO(data), ALL))
    if all(separator.endswith(b"\n") or not content for separator, content in found):
        assert found == by_the_standard_library(tmp_path / "mbox")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"Subject: no mbox\n\nFrom\nFROM x\n", []),
        (b"From a\nx\n\nFrom b\ny\n", [(b"From a\n", b"x\n"), (b"From b\n", b"y\n")]),
        (b"what\n\nFrom a\n12345678\n\nFrom b\n1\n\n", [(b"From a\n", b"12345"), (b"From b\n", b"1\n")]),
    ],
)
def test_a_message_is_cut(data: bytes, found: list[tuple[bytes, bytes]]) -> None:
    assert list(split_mbox(io.BytesIO(data), 5)) == found


def test_of_a_line_that_begins_a_message_the_rest_is_content() -> None:
    [(separator, content)] = split_mbox(io.BytesIO(b"From " + b"x" * 3 * PIECE), 1_000)
    assert (len(separator), len(content)) == (LONGEST_SEPARATOR, 1_000)


class Endless(io.RawIOBase):
    """A file of one line."""

    left = 1024**3

    def readable(self) -> bool:
        """As files are."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read nothing but NUL."""
        size = min(len(buffer), self.left)
        buffer[:size] = bytes(size)  # it has whatever was in that memory before
        self.left -= size
        return size


class Begun:
    """A file that begins with something, and goes on with another."""

    def __init__(self, beginning: bytes, rest: io.RawIOBase) -> None:
        self.parts = [io.BytesIO(beginning), rest]

    def read(self, size: int) -> bytes:
        """Read from the first that has something."""
        return next((piece for part in self.parts if (piece := part.read(size))), b"")


@pytest.mark.parametrize("size", [*range(PIECE - 12, PIECE + 3), 2 * PIECE, 3 * PIECE - 7])
def test_a_message_may_begin_anywhere(size: int) -> None:
    """Also where two pieces that are read meet, and where a piece ends with what begins a message."""
    first = b"x" * (size - 1) + b"\n"
    data = b"From a\n" + first + b"From b\ny\n"
    assert list(split_mbox(io.BytesIO(data), ALL)) == [(b"From a\n", first), (b"From b\n", b"y\n")]


@only_long
def test_a_line_of_a_gigabyte_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        file = io.BufferedReader(Endless())
        assert list(split_mbox(file, 1_000)) == []
        assert Endless.left - file.raw.left < 2 * PIECE, "it goes on where no message can be"  # type: ignore[attr-defined]
        [(_separator, content)] = split_mbox(Begun(b"From a\n", Endless()), 1_000_000)  # type: ignore[arg-type]
        assert len(content) == 1_000_000
        assert tracemalloc.get_traced_memory()[1] < 16 * PIECE
    finally:
        tracemalloc.stop()
