# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to reasons has those that the modules document and the code has, no fewer and no more."""

from __future__ import annotations

import ast
import re
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._codes import (
    ApprovalReason,
    AttentionReason,
    DeployOutcome,
    DeployReason,
    EmailOutcome,
    EmailReason,
    EndpointReason,
    ExportOutcome,
    ExportReason,
    FailureCode,
    ImportOutcome,
    ImportReason,
    KeptReason,
    MissingReason,
    RotationReason,
    SecretOutcome,
    SecretReason,
    UnmatchedReason,
    WaitingReason,
)

from tests.support.pages import ROOT, plugin_source

GUIDE = ROOT / "docs/docsite/rst/guide_reasons.rst"
FILTER = plugin_source("filter", "certificate_files")
EMAILS = plugin_source("module", "ssl_fulfillment_email")["RETURN"]["emails"]
FOUND = plugin_source("module", "ssl_fulfillment_email_info")["RETURN"]
IMPORTED = plugin_source("module", "ssl_certificate_import")["RETURN"]["certificates"]
EXPORTED = plugin_source("module", "ssl_certificate_export")["RETURN"]["certificates"]
KEPT = plugin_source("module", "secrets_manager_certificate")["RETURN"]["certificates"]
DEPLOYED = plugin_source("module", "ssl_certificate_deploy")["RETURN"]["listeners"]
SERVED = plugin_source("module", "ssl_endpoint_info")["RETURN"]["endpoints"]
ROTATION = plugin_source("module", "ssl_certificate_rotate")
ROTATED = ROTATION["RETURN"]["skipped_items"]["description"]
APPROVED = ROTATION["DOCUMENTATION"]["options"]["approved"]["description"]
SKIPPED = FILTER["RETURN"]["_value"]["contains"]["skipped"]["description"]


def words(description: str | list[str]) -> set[str]:
    """The values that a description names."""
    return set(re.findall(r"\bV\((\w+)\)", "".join(description)))


def one_of(description: list[str], beginning: str) -> str:
    """The paragraph of a description that begins so."""
    [found] = [text for text in description if text.startswith(beginning)]
    return found


def reasons(returned: dict[str, Any]) -> set[str]:
    """The reasons that the documentation of a list of results names."""
    return words(returned["contains"]["reason"]["description"])


def listed(section: str) -> list[set[str]]:
    """The first column of each table in a section of the guide, which has a label."""
    text = GUIDE.read_text(encoding="utf-8").partition(f"guide_reasons.{section}:\n")[2]
    tables = text.partition("\n.. _ansible_collections")[0].split(".. list-table::")[1:]
    cells = [re.findall(r"^   \* - (``.*)$", table, re.MULTILINE) for table in tables]
    return [set(re.findall(r"``(\w+)``", " ".join(column))) for column in cells]


@pytest.mark.parametrize(
    ("documented", "declared"),
    [
        (EMAILS["contains"]["outcome"]["description"], EmailOutcome),
        (IMPORTED["contains"]["outcome"]["description"], ImportOutcome),
        (EXPORTED["contains"]["outcome"]["description"], ExportOutcome),
        (KEPT["contains"]["outcome"]["description"], SecretOutcome),
        (DEPLOYED["contains"]["outcome"]["description"], DeployOutcome),
    ],
    ids=["requesting", "importing", "exporting", "secrets_manager", "deploying"],
)
def test_the_outcomes_that_are_documented_are_those_of_the_code(documented: str | list[str], declared: Any) -> None:
    assert set(get_args(declared)) == words(documented)


@pytest.mark.parametrize(
    ("section", "table", "documented", "declared"),
    [
        ("requesting", 0, reasons(EMAILS), EmailReason),
        ("finding", 0, reasons(FOUND["missing"]), MissingReason),
        ("finding", 1, reasons(FOUND["unmatched"]), UnmatchedReason),
        ("importing", 0, reasons(IMPORTED), ImportReason),
        ("exporting", 0, reasons(EXPORTED), ExportReason),
        ("secrets_manager", 0, reasons(KEPT), SecretReason),
        ("deploying", 0, reasons(DEPLOYED), DeployReason),
        ("serving", 0, reasons(SERVED), EndpointReason),
        ("waiting", 0, words(SKIPPED), WaitingReason),
        ("rotating", 0, words(one_of(ROTATED, "A certificate of a source")), RotationReason),
        ("rotating", 1, words(one_of(ROTATED, "An old certificate")), KeptReason),
        ("rotating", 2, words(APPROVED), ApprovalReason),
        ("attention", 0, reasons(ROTATION["RETURN"]["attention"]), AttentionReason),
    ],
    ids=[
        "requesting",
        "missing",
        "unmatched",
        "importing",
        "exporting",
        "secrets_manager",
        "deploying",
        "serving",
        "waiting",
        "rotating",
        "keeping",
        "approving",
        "attention",
    ],
)
def test_the_guide_lists_the_reasons_that_are_documented(
    section: str, table: int, documented: set[str], declared: Any
) -> None:
    """They are those that the code declares; that it has no others mypy sees to."""
    assert documented
    assert sorted(listed(section)[table]) == sorted(documented) == sorted(get_args(declared))


def test_the_guide_lists_the_codes_of_failures() -> None:
    codes = set()
    for path in ROOT.glob("plugins/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node.func, "id", None) if isinstance(node, ast.Call) and node.args else None
            if called in {"CertificatesError", "failure_of_items"}:
                codes |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    [guide] = listed("failing")
    assert sorted(guide) == sorted(get_args(FailureCode))
    of_one_item = reasons(IMPORTED) | reasons(EXPORTED) | reasons(KEPT) | reasons(DEPLOYED) | reasons(SERVED)
    assert sorted(codes - guide - of_one_item) == []
    assert sorted(guide - codes) == []
