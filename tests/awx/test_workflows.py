# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which jobs of a workflow run, and how it ends, by the rules of AWX 24.6 (awx/main/scheduler/dag_workflow.py)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.awx_variables import objects

WORKFLOWS = {workflow["name"]: workflow["nodes"] for workflow in objects()["awx_workflows"]}


def run(workflow: str, *failed: str) -> tuple[list[str], str]:
    """Run a workflow in which these nodes fail, or are denied; return which nodes run, in their order, and how it ends."""
    nodes: dict[str, Any] = {node["identifier"]: node for node in WORKFLOWS[workflow]}
    reds = {*failed, "failure"}  # that job always fails
    followers = {
        name: node.get("always_nodes", []) + node.get("failure_nodes" if name in reds else "success_nodes", [])
        for name, node in nodes.items()
    }
    ran = ["preview"]
    for name in ran:  # a node runs once, whichever of its parents leads to it
        ran += [follower for follower in followers[name] if follower not in ran]
    # A failure counts as dealt with if anything may follow it.
    left = [name for name in ran if name in reds and not followers[name]]
    return ran, "failed" if left else "successful"


SOMETHING = "nothing"
"""The node that fails if there is something to approve."""


@pytest.mark.parametrize(
    ("workflow", "ran"),
    [
        ("Fulfill certificates", ["preview", "nothing", "collect", "import", "report"]),
        ("Deploy certificates", ["preview", "nothing", "verify"]),
        ("Rotate certificates", ["preview", "nothing"]),
    ],
)
def test_nobody_is_asked_to_approve_nothing(workflow: str, ran: list[str]) -> None:
    """What was requested before is collected all the same, and what is served is looked at."""
    assert run(workflow) == (ran, "successful")


@pytest.mark.parametrize(
    ("workflow", "ran"),
    [
        ("Fulfill certificates", ["preview", "nothing", "approval", "resend", "collect", "import", "report"]),
        ("Deploy certificates", ["preview", "nothing", "approval", "deploy", "verify"]),
        ("Rotate certificates", ["preview", "nothing", "approval", "rotate"]),
    ],
)
def test_what_is_to_be_done_is_done_after_an_approval(workflow: str, ran: list[str]) -> None:
    """It is asked for as well if the job that looks whether there is something ends for another reason."""
    assert run(workflow, SOMETHING) == (ran, "successful")


@pytest.mark.parametrize(
    ("workflow", "does"),
    [("Fulfill certificates", "resend"), ("Deploy certificates", "deploy"), ("Rotate certificates", "rotate")],
)
def test_the_preview_is_the_check_of_what_is_done_after_the_approval(workflow: str, does: str) -> None:
    nodes = {node["identifier"]: node for node in WORKFLOWS[workflow]}
    assert [nodes[name]["job_type"] for name in ("preview", does)] == ["check", "run"]
    assert nodes["preview"]["unified_job_template"] == nodes[does]["unified_job_template"]
    assert nodes[SOMETHING]["unified_job_template"] == "Nothing to approve"


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_nothing_follows_a_preview_that_fails_nor_a_denial(workflow: str) -> None:
    ran, ended = run(workflow, "preview")
    assert (set(ran) - {"failure"}, ended) == ({"preview"}, "failed")
    assert run(workflow, SOMETHING, "approval") == (["preview", "nothing", "approval"], "failed")


@pytest.mark.parametrize(
    ("workflow", "failed", "last"),
    [
        ("Fulfill certificates", [SOMETHING, "resend"], "report"),
        ("Fulfill certificates", [SOMETHING, "collect"], "report"),
        ("Fulfill certificates", ["import"], "report"),
        ("Fulfill certificates", ["report"], "report"),
        ("Deploy certificates", [SOMETHING, "deploy"], "verify"),
        ("Deploy certificates", ["verify"], "verify"),
        ("Rotate certificates", [SOMETHING, "rotate"], "rotate"),
    ],
)
def test_a_failure_stops_nothing_and_ends_the_workflow_as_failed(workflow: str, failed: list[str], last: str) -> None:
    ran, ended = run(workflow, *failed)
    assert last in ran and ended == "failed"
