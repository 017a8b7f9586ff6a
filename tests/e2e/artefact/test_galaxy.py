# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artefact as Ansible Galaxy takes it in: Galaxy's own importer has nothing to say against it.

Left out is what the importer would run in a container, `ansible-test sanity`, which is a session of its own; and but for the long run
`ansible-lint`, whose profile `production` the session `lint` asks for as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.artefact import ROOT, build
from tests.support.long import LONG

STRICT = {
    "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true",
    "GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER": "true",
    "GALAXY_IMPORTER_RUN_ANSIBLE_TEST": "false",
    "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": str(LONG),
}


class Import:
    """What the importer printed, and what it made of the artefact."""

    def __init__(self, folder: Path) -> None:
        artefact, programs = build(folder), os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
        done = subprocess.run(
            [sys.executable, "-m", "galaxy_importer.main", artefact],
            cwd=folder,
            env=os.environ | STRICT | {"HOME": str(folder), "PATH": programs},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        self.output = done.stdout
        self.result: dict[str, Any] = json.loads((folder / "importer_result.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Import:
    return Import(tmp_path_factory.mktemp("galaxy"))


def test_importer_ran_all_its_checks(imported: Import) -> None:
    for step in ("Getting doc strings via ansible-doc", "completed successfully"):
        assert step in imported.output
    assert ("...ansible-lint run complete" in imported.output) is LONG


def test_importer_warns_of_nothing(imported: Import) -> None:
    lines = imported.output.splitlines()
    assert [line for line in lines if line.startswith(("WARNING", "ERROR", "CRITICAL"))] == []


def test_importer_finds_all_contents(imported: Import) -> None:
    found = {(entry["content_type"], entry["name"]) for entry in imported.result["contents"]}
    shipped = {("module", path.stem) for path in ROOT.glob("plugins/modules/*.py")}
    shipped |= {("filter", path.stem) for path in ROOT.glob("plugins/filter/*.yml")}
    shipped |= {("inventory", path.stem) for path in ROOT.glob("plugins/inventory/*.py")}
    shipped |= {("playbook", path.name) for path in ROOT.glob("playbooks/*.yml")}
    shipped |= {("role", path.name) for path in ROOT.glob("roles/*/")}
    assert shipped <= found
