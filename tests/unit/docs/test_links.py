# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links within the documentation lead somewhere, and readers get to every guide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.pages import GUIDES, ROOT

REPOSITORY = "https://github.com/softlayer/softlayer.certificates/"
IN_REPOSITORY = re.compile(re.escape(REPOSITORY) + r"(?:blob|tree)/main/([^)\s#>]*)")
IN_MARKDOWN = re.compile(r"\]\(([^)\s]+)\)")
ANCHOR = re.compile(r"^#+ (.*)$", re.MULTILINE)
WRITTEN = [*ROOT.glob("*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("tests/**/*.md"), *GUIDES]


def targets(path: Path) -> Iterator[Path]:
    """The files of the repository that a page links to."""
    text = path.read_text(encoding="utf-8")
    for name in IN_REPOSITORY.findall(text):
        yield ROOT / name
    if path.suffix == ".md":
        for link in IN_MARKDOWN.findall(text):
            if not re.match(r"https?:|mailto:", link):
                name, _, anchor = link.partition("#")
                yield path.parent / name if name else path
                assert not anchor or anchor in anchors(path.parent / name if name else path), f"no heading for {link}"


def anchors(path: Path) -> set[str]:
    """The anchors of a Markdown page's headings."""
    headings = ANCHOR.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert [str(target) for target in targets(path) if not target.exists()] == []


def test_links_of_the_readme_are_absolute() -> None:
    """Galaxy shows it where there is no repository around it."""
    links = IN_MARKDOWN.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert links and [link for link in links if not link.startswith("https://")] == []


def test_every_guide_is_in_the_table_of_contents() -> None:
    sections = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    registered = [name for section in sections for name in section["toctree"]]
    orphans = [path.stem for path in GUIDES if path.read_text(encoding="utf-8").startswith(":orphan:\n")]
    assert sorted(registered + orphans) == [path.stem for path in GUIDES]
    texts = "".join(path.read_text(encoding="utf-8") for path in GUIDES if path.stem not in orphans)
    assert [name for name in orphans if f"docsite.{name}`" not in texts] == []


def test_the_german_guide_has_the_sections_of_the_english_one() -> None:
    english, german = (
        re.findall(r"^\S.*\n([=~-])\1{3,}$", (ROOT / f"docs/docsite/rst/{name}.rst").read_text("utf-8"), re.MULTILINE)
        for name in ("guide_request_email", "guide_request_email_de")
    )
    assert len(english) > 10 and german == english


def test_the_evidence_that_contributors_are_shown_exists() -> None:
    page = (ROOT / "docs/docsite/rst/guide_contributing.rst").read_text(encoding="utf-8")
    made = re.findall(r"^([\w -]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    commands = {target for line in re.findall(r"``make ([\w ]+?)(?: CORE=.*?)?``", page) for target in line.split()}
    others = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("*.md"))
    commands.update(re.findall(r"(?:^|`)make ([\w-]+)", others, re.MULTILINE))
    assert commands and commands <= {target for line in made for target in line.split()}
    named = re.findall(r"``((?:tests|docs|changelogs|plugins|meta|\.github)/[\w./-]+\.\w+)``", page)
    assert named and [path for path in named if not (ROOT / path).exists()] == []
