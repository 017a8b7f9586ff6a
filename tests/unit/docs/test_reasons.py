# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The code says of each reason what it means, and guide and modules have the same ones, no fewer and no more."""

from __future__ import annotations

import ast
import re
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import codes

from docs.reasons import GUIDE, meanings, page
from tests.support.pages import ROOT, plugin_source

FILTER = plugin_source("filter", "certificate_files")
EMAILS = plugin_source("module", "ssl_fulfillment_email")["RETURN"]["emails"]
FOUND = plugin_source("module", "ssl_fulfillment_email_info")["RETURN"]
IMPORTED = plugin_source("module", "ssl_certificate_import")["RETURN"]["certificates"]
EXPORTED = plugin_source("module", "ssl_certificate_export")["RETURN"]["certificates"]
KEPT = plugin_source("module", "secrets_manager_certificate")["RETURN"]["certificates"]
DEPLOYED = plugin_source("module", "ssl_certificate_deploy")["RETURN"]["listeners"]
SERVED = plugin_source("module", "ssl_endpoint_info")["RETURN"]["endpoints"]
SKIPPED = FILTER["RETURN"]["_value"]["contains"]["skipped"]["contains"]["reason"]["description"]
TOLD = [kind for name, kind in vars(codes).items() if name.endswith(("Reason", "FailureCode"))]
"""What users read as a reason or as the code of a failure."""


def words(description: str | list[str]) -> set[str]:
    """The values that a description names."""
    return set(re.findall(r"\bV\((\w+)\)", "".join(description)))


def reasons(returned: dict[str, Any]) -> set[str]:
    """The reasons that the documentation of a list of results names."""
    return words(returned["contains"]["reason"]["description"])


@pytest.mark.parametrize(
    ("documented", "declared"),
    [
        (EMAILS["contains"]["outcome"]["description"], codes.EmailOutcome),
        (IMPORTED["contains"]["outcome"]["description"], codes.ImportOutcome),
        (EXPORTED["contains"]["outcome"]["description"], codes.ExportOutcome),
        (KEPT["contains"]["outcome"]["description"], codes.SecretOutcome),
        (DEPLOYED["contains"]["outcome"]["description"], codes.DeployOutcome),
    ],
    ids=["requesting", "importing", "exporting", "secrets_manager", "deploying"],
)
def test_the_outcomes_that_are_documented_are_those_of_the_code(documented: str | list[str], declared: Any) -> None:
    assert set(get_args(declared)) == words(documented)


@pytest.mark.parametrize(
    ("documented", "declared"),
    [
        (reasons(EMAILS), codes.EmailReason),
        (reasons(FOUND["missing"]), codes.MissingReason),
        (reasons(FOUND["unmatched"]), codes.UnmatchedReason),
        (reasons(IMPORTED), codes.ImportReason),
        (reasons(EXPORTED), codes.ExportReason),
        (reasons(KEPT), codes.SecretReason),
        (reasons(DEPLOYED), codes.DeployReason),
        (reasons(SERVED), codes.EndpointReason),
        (words(SKIPPED), codes.WaitingReason),
    ],
    ids=["email", "missing", "unmatched", "import", "export", "secret", "deploy", "endpoint", "waiting"],
)
def test_a_module_documents_the_reasons_of_the_code(documented: set[str], declared: Any) -> None:
    """That the code has no others mypy sees to."""
    assert documented
    only_rotated = {"key_differs"} if declared is codes.DeployReason else set()
    assert sorted(documented) == sorted({*get_args(declared)} - only_rotated)


def test_the_code_says_of_each_word_what_it_means() -> None:
    assert sorted(meanings()) == sorted(set[str]().union(*map(get_args, TOLD)))
    assert all(meaning.endswith(".") and remedy.endswith(".") for meaning, remedy in meanings().values())


def test_the_guide_is_made_of_that() -> None:
    assert GUIDE.read_text(encoding="utf-8") == page(), "run: python3 docs/reasons.py"


def test_failures_have_the_codes_that_are_declared() -> None:
    raised, raising = set(), {"CertificatesError", "build_items_failure", "_create_error"}
    for path in ROOT.glob("plugins/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            func = node.func if isinstance(node, ast.Call) and node.args else None
            if getattr(func, "id", getattr(func, "attr", None)) in raising:
                raised |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    declared = set(get_args(codes.FailureCode))
    of_one_item = reasons(IMPORTED) | reasons(EXPORTED) | reasons(KEPT) | reasons(DEPLOYED) | reasons(SERVED)
    assert sorted(raised - declared - of_one_item) == []
    assert sorted(declared - raised) == []
