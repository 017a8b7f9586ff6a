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
DONE = {
    "Fulfill certificates": ("resend", ["collect", "import", "report"]),
    "Deploy certificates": ("deploy", ["verify"]),
    "Rotate certificates": ("rotate", ["rotate"]),
}
"""What each workflow does after an approval; and what follows that, and follows without one if there is nothing to do."""


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_what_a_person_approves_is_done_and_no_one_is_asked_to_approve_nothing(workflow: str) -> None:
    """What was requested before is collected all the same, and what is served is looked at.

    An approval is asked for as well if the job that looks whether there is something ends for another reason.
    """
    does, rest = DONE[workflow]
    assert run(workflow) == (["preview", "nothing", *rest], "successful")
    assert run(workflow, SOMETHING) == (["preview", "nothing", "approval", *dict.fromkeys([does, *rest])], "successful")


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_the_preview_is_the_check_of_what_is_done_after_the_approval(workflow: str) -> None:
    nodes = {node["identifier"]: node for node in WORKFLOWS[workflow]}
    preview, done = nodes["preview"], nodes[DONE[workflow][0]]
    assert (preview["job_type"], done["job_type"]) == ("check", "run")
    assert preview["unified_job_template"] == done["unified_job_template"]
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
        ("Rotate certificates", ["rotate"], "rotate"),
    ],
)
def test_a_failure_stops_nothing_and_ends_the_workflow_as_failed(workflow: str, failed: list[str], last: str) -> None:
    ran, ended = run(workflow, *failed)
    assert last in ran and ended == "failed"
