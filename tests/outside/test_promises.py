# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README promises nothing that is not tested here: it names this folder, and each file of tests the promise that it tries to break."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
SECTION = "## What you can rely on"
PROMISE = re.compile(r"^- \*\*(.+?)\*\*", re.MULTILINE)
NAMED = re.compile(r"^Promise: (.+)$", re.MULTILINE)


def section() -> str:
    """What the README says that people can rely on."""
    text = HERE.parents[1].joinpath("README.md").read_text(encoding="utf-8")
    return text.partition(SECTION)[2].partition("\n## ")[0]


def attacked() -> dict[str, set[str]]:
    """What the files of tests try to break, each in the words of the README."""
    return {
        path.stem: set(NAMED.findall(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""))
        for path in HERE.glob("test_*.py")
        if path != Path(__file__)
    }


def test_the_readme_promises_what_tests_try_to_break_and_no_more() -> None:
    promised = PROMISE.findall(section())
    assert len(promised) > 5
    assert set(promised) == set().union(*attacked().values())


def test_make_test_attacks_every_promise() -> None:
    later = {
        path.stem
        for path in HERE.glob("test_*.py")
        if re.search(r"^pytestmark = .*later", path.read_text("utf-8"), re.M)
    }
    assert {*PROMISE.findall(section())} == set().union(
        *(promises for name, promises in attacked().items() if name not in later)
    )


def test_every_file_of_tests_is_for_a_promise() -> None:
    assert [name for name, promises in attacked().items() if not promises] == []


def test_the_readme_says_where_the_tests_are() -> None:
    assert "/tree/main/tests/outside)" in section()


def test_the_account_that_promises_are_tried_against_shares_no_code_with_the_collection() -> None:
    simulator = [*HERE.parent.glob("simulator/*.py"), HERE.parent / "support/servers.py"]
    assert len(simulator) > 20
    assert [path.name for path in simulator if "ansible_collections" in path.read_text(encoding="utf-8")] == []
