# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide to execution environments can be followed: its files are saved, and its commands run as they are printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.image.build import BUILD_ARGS, ROOT, Engine
from tests.e2e.image.places import Place, in_one_line
from tests.e2e.image.test_ledgers import SKIPPED
from tests.support.pages import Page, page_of_file

PAGE = page_of_file(ROOT / "docs/docsite/rst/guide_execution_environments.rst")
DEFINITION = "execution-environment.yml"
NOT_HERE = ("git clone ", "cd ", "make ee", "ansible-builder build ", "podman tag ", "podman push ")
"""Commands that are left out. They need a registry, or are what has made the image that the others use."""


def files(page: Page) -> dict[str, str]:
    """The files that a page shows: each is named in its first line."""
    named = [(re.match(r"# (\S+)\n", block.text), block.text) for block in page.blocks]
    return {found[1]: text for found, text in named if found}


def commands(page: Page) -> list[str]:
    """All commands, each in one line."""
    text = "\n".join(block.text for block in page.blocks if block.language == "console")
    return re.sub(r"\\\n\s*", "", text).splitlines()


@pytest.mark.usefixtures("message_queues")
def test_what_it_says_can_be_done(place: Place) -> None:
    for name, text in files(PAGE).items():
        (place.folder / name).write_text(text, encoding="utf-8")
    access = "".join(f"{name}={value}\n" for name, value in place.access.items())
    (place.folder / "softlayer.env").write_text(access, encoding="utf-8")
    (place.folder / "project").rename(place.folder / "another-project")
    env = place.engine.env | {"HOME": str(place.folder), "NO_COLOR": "1"}
    said = {}
    [keeping] = [command for command in commands(PAGE) if "=ssl-ledger:" in command]
    for command in [*commands(PAGE), keeping]:
        if not command.startswith(NOT_HERE):
            done = place.engine.run("sh", "-c", command, cwd=place.folder, env=env)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            said[command] = in_one_line(done.stdout)
    assert place.sends() == 1 and SKIPPED in said[keeping]
    orders = place.sim.orders()
    names = [order["commonName"] for order in orders]
    for beginning, expected in {
        "ansible-navigator run ": names,
        "ansible-navigator inventory ": [f"_{order['id']}" for order in orders],
        "ansible-navigator doc ": ["MODULE softlayer.certificates.ssl_order_info"],
        "ansible-runner run ": names,
    }.items():
        [output] = [text for command, text in said.items() if command.startswith(beginning)]
        assert [one for one in expected if one not in output] == [], output


def test_other_base_images_take_the_arguments_that_it_names() -> None:
    assert BUILD_ARGS.keys() == set(re.findall(r"--build-arg (\w+)=", " ".join(commands(PAGE))))


def test_from_galaxy_it_is_the_same_but_for_where_the_collection_comes_from(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / DEFINITION
    path.write_text(files(PAGE)[DEFINITION], encoding="utf-8")
    done = engine.run("ansible-builder", "create", "--context", tmp_path / "context", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    ours, theirs = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in (ROOT / DEFINITION, path))
    [collection] = theirs["dependencies"]["galaxy"]["collections"]
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert collection == {"name": f"{galaxy['namespace']}.{galaxy['name']}", "version": galaxy["version"]}
    assert without_the_collection(ours) == without_the_collection(theirs)


def without_the_collection(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition, less what tells where the collection comes from."""
    dependencies = {name: value for name, value in definition["dependencies"].items() if name != "galaxy"}
    return {"version": definition["version"], "images": definition["images"], "dependencies": dependencies}
