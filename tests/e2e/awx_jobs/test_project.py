# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This repository is a project of AWX as it stands."""

from __future__ import annotations

import pytest

from tests.e2e.awx_jobs.awx import ROOT, Launch, Project

JOBS = ("list_orders", "resend", "collect_and_import", "rotate", "report", "nothing_to_approve", "fail")


def test_the_collection_that_is_installed_is_that_of_the_checkout(project: Project) -> None:
    installed = project.collections / "ansible_collections/softlayer/certificates"
    for folder in ("plugins", "roles/ssl_fulfillment", "playbooks"):
        names = {path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.*") if "__pycache__" not in path.parts}
        assert names
        for name in filter(lambda name: (ROOT / name).is_file(), names):
            assert (installed / name).read_bytes() == (ROOT / name).read_bytes(), name
    assert not (installed / "collections").exists(), "what only the project needs is in the collection"


def test_no_role_is_downloaded(project: Project) -> None:
    assert "no requirements found" in project.said
    assert not project.roles.exists()


def test_job_templates_find_their_playbooks(project: Project) -> None:
    found = {name for name in project.playbooks() if name.startswith("playbooks/awx/")}
    assert {f"playbooks/awx/{name}.yml" for name in JOBS} <= found
    assert {name for name in found if name.count("/") > 2} == set(), "what is no playbook is offered as one"


@pytest.mark.parametrize("in_image", [True, False])
def test_where_awx_installs_nothing_the_collection_of_the_image_serves(
    project: Project, launch: Launch, in_image: bool
) -> None:
    """It is a manual project, or the organization has no Galaxy credential; setup.yml tells both."""
    collections = project.collections if in_image else None
    job = launch("list_orders.yml", project=project.bare(), in_image=collections, credentials={}).wait()
    assert job.status == "failed", "there is no API key"
    assert ("SL_USERNAME" in job.output) == in_image, job.output
    assert ("softlayer.certificates" in job.output) or in_image
