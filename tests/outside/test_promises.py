# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README promises nothing that is not tested here: each promise and its tests name each other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
SECTION = "## What you can rely on"
PROMISE = re.compile(r"^- \*\*(?P<words>.+?)\*\*(?P<rest>.*?)(?=^- \*\*|\Z)", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"/tests/outside/(test_\w+)\.py\)")
NAMED = re.compile(r"^Promise: (.+)$", re.MULTILINE)


def promised() -> dict[str, set[str]]:
    """The README's promises, each with the files of tests that it names."""
    text = HERE.parents[1].joinpath("README.md").read_text(encoding="utf-8")
    section = text.partition(SECTION)[2].partition("\n## ")[0]
    return {found["words"]: set(TEST.findall(found["rest"])) for found in PROMISE.finditer(section)}


def attacked() -> dict[str, set[str]]:
    """The promises that tests name, each with their files."""
    found: dict[str, set[str]] = {}
    for path in HERE.glob("test_*.py"):
        for words in NAMED.findall(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""):
            found.setdefault(words, set()).add(path.stem)
    return found


def test_promises_and_tests_name_each_other() -> None:
    assert len(promised()) > 5
    assert promised() == attacked()


def test_every_file_of_tests_is_for_a_promise() -> None:
    named = set().union(*promised().values())
    assert {path.stem for path in HERE.glob("test_*.py")} - named == {Path(__file__).stem}


def test_the_account_that_promises_are_tried_against_shares_no_code_with_the_collection() -> None:
    simulator = [*HERE.parent.glob("simulator/*.py"), HERE.parent / "support/servers.py"]
    assert len(simulator) > 20
    assert [path.name for path in simulator if "ansible_collections" in path.read_text(encoding="utf-8")] == []
