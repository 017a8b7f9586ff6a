# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to reasons has those that the modules document and the code has, no fewer and no more."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from tests.support.pages import ROOT, plugin_source

GUIDE = ROOT / "docs/docsite/rst/guide_reasons.rst"
FILTER = plugin_source("filter", "certificate_files")
EMAILS = plugin_source("module", "ssl_fulfillment_email")["RETURN"]["emails"]
FOUND = plugin_source("module", "ssl_fulfillment_email_info")["RETURN"]
IMPORTED = plugin_source("module", "ssl_certificate_import")["RETURN"]["certificates"]
SKIPPED = FILTER["RETURN"]["_value"]["contains"]["skipped"]["description"]


def words(description: str | list[str]) -> set[str]:
    """The values that a description names."""
    return set(re.findall(r"V\((\w+)\)", "".join(description)))


def reasons(returned: dict[str, Any]) -> set[str]:
    """The reasons that the documentation of a list of results names."""
    return words(returned["contains"]["reason"]["description"])


def listed() -> list[set[str]]:
    """The first column of each table of the guide."""
    tables = GUIDE.read_text(encoding="utf-8").split(".. list-table::")[1:]
    cells = [re.findall(r"^   \* - (``.*)$", table, re.MULTILINE) for table in tables]
    return [set(re.findall(r"``(\w+)``", " ".join(column))) for column in cells]


@pytest.mark.parametrize(
    ("table", "documented"),
    [
        (0, reasons(EMAILS)),
        (1, reasons(FOUND["missing"])),
        (2, reasons(FOUND["unmatched"])),
        (3, reasons(IMPORTED)),
        (4, words(SKIPPED)),
    ],
    ids=["requesting", "missing", "unmatched", "importing", "waiting"],
)
def test_the_guide_lists_the_reasons_that_are_documented(table: int, documented: set[str]) -> None:
    assert documented
    assert sorted(listed()[table]) == sorted(documented)


def test_the_guide_lists_the_codes_of_failures() -> None:
    codes = set()
    for path in ROOT.glob("plugins/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "CertificatesError" and node.args:
                codes |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    guide = listed()[5]
    assert sorted(codes - guide - reasons(IMPORTED)) == []
    assert sorted(guide - codes) == []
