# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation consists of: pages, and the code in them."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Reads YAML ten times as fast, where libyaml is installed."""
PLUGINS = "ansible_collections.softlayer.certificates.plugins"
PREFIX = "softlayer.certificates."

GUIDES = sorted(ROOT.glob("docs/docsite/rst/*.rst"))
READMES = [ROOT / "README.md", *sorted(ROOT.glob("roles/*/README.md"))]
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
FILTERS = sorted(path.stem for path in ROOT.glob("plugins/filter/*.yml"))
INVENTORIES = sorted(path.stem for path in ROOT.glob("plugins/inventory/*.py"))
FOLLOWED_ELSEWHERE = {
    "guide_awx.rst",
    "guide_execution_environments.rst",
    "guide_lets_encrypt.rst",
    "guide_other_sources.rst",
}
"""Pages whose commands need more than there is here; they have tests of their own."""
PLUGIN_PAGES = [
    *(("module", name) for name in MODULES),
    *(("filter", name) for name in FILTERS),
    *(("inventory", name) for name in INVENTORIES),
]

_RST_BLOCK = re.compile(r"^( *)\.\. code-block:: (\w+)[^\n]*\n((?:\1 +\S[^\n]*\n|[ \t]*\n)+)", re.MULTILINE)
_RST_HEADING = re.compile(r"^(\S.*)\n([=~^-])\2{3,}$", re.MULTILINE)
_RST_LEVELS = "=-~^"
_MARKDOWN_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_MARKDOWN_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Code on a page, in a language such as `yaml` or `console`."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A page and its code, in the order in which one reads it."""

    name: str
    blocks: tuple[Block, ...]

    def documents(self) -> Iterator[Any]:
        """What all YAML on the page means."""
        for block in self.blocks:
            if block.language == "yaml":
                yield from filter(None, yaml.load_all(block.text, LOADER))


def in_markdown(text: str) -> tuple[Block, ...]:
    """The fenced code."""
    return tuple(Block(*found) for found in _MARKDOWN_BLOCK.findall(text))


def in_rst(text: str) -> tuple[Block, ...]:
    """The code-block directives."""
    return tuple(Block(language, textwrap.dedent(code).strip("\n")) for _, language, code in _RST_BLOCK.findall(text))


def page_of_file(path: Path) -> Page:
    """A README or a guide."""
    find = in_rst if path.suffix == ".rst" else in_markdown
    return Page(str(path.relative_to(ROOT)), find(path.read_text(encoding="utf-8")))


def blocks_below(path: Path, heading: str, language: str) -> list[str]:
    """The code in a language below a heading of a README or guide, that of the headings below it included."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".rst":
        found = [(at.end(), _RST_LEVELS.index(at[2]), at[1]) for at in _RST_HEADING.finditer(text)]
    else:
        found = [(at.end(), len(at[1]), at[2]) for at in _MARKDOWN_HEADING.finditer(_without_code(text))]
    names = [name for _, _, name in found]
    assert names.count(heading) == 1, f"{path.name} has no heading {heading}"
    start, level, _ = found[names.index(heading)]
    later = [place for place, other, _ in found if place > start and other <= level]
    find = in_rst if path.suffix == ".rst" else in_markdown
    return [block.text for block in find(text[start : min(later, default=len(text))]) if block.language == language]


def _without_code(text: str) -> str:
    """Markdown in which no comment in code looks like a heading; all else stays in its place."""
    return _MARKDOWN_BLOCK.sub(lambda found: re.sub("^#", " ", found[0], flags=re.MULTILINE), text)


def page_of_plugin(kind: str, name: str) -> Page:
    """The examples of a plugin."""
    return Page(f"{kind} {name}", (Block("yaml", plugin_source(kind, name)["EXAMPLES"]),))


def plugin_source(kind: str, name: str) -> dict[str, Any]:
    """`DOCUMENTATION`, `EXAMPLES` and `RETURN` of a plugin, before doc fragments are merged in."""
    if kind == "filter":
        return yaml.load((ROOT / f"plugins/filter/{name}.yml").read_text(encoding="utf-8"), LOADER)
    folder = {"module": "modules", "inventory": "inventory"}[kind]
    module = importlib.import_module(f"{PLUGINS}.{folder}.{name}")
    return {
        "DOCUMENTATION": yaml.load(module.DOCUMENTATION, LOADER),
        "EXAMPLES": module.EXAMPLES,
        "RETURN": yaml.load(getattr(module, "RETURN", "{}"), LOADER),
    }


def pages() -> list[Page]:
    """All pages that have code for readers to use."""
    found = [page_of_plugin(*page) for page in PLUGIN_PAGES]
    found += [page_of_file(path) for path in (*READMES, *GUIDES) if path.name not in FOLLOWED_ELSEWHERE]
    return [page for page in found if page.blocks]


@cache
def documented(kind: str) -> dict[str, dict[str, Any]]:
    """The documentation of all plugins of a kind, doc fragments merged in, as `ansible-doc` tells it."""
    names = [PREFIX + name for found, name in PLUGIN_PAGES if found == kind]
    command = [Path(sys.executable).with_name("ansible-doc"), "--json", "--type", kind, *names]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {name.removeprefix(PREFIX): told[name]["doc"] for name in names}


def documented_options(kind: str) -> dict[str, dict[str, Any]]:
    """The options of all plugins of a kind."""
    return {name: documentation["options"] for name, documentation in documented(kind).items()}


def role_entry_points(role: str = "ssl_fulfillment") -> dict[str, Any]:
    """The documentation of a role, by entry point."""
    specs = yaml.load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"), LOADER)
    return specs["argument_specs"]


def role_options(entry_point: str = "main", role: str = "ssl_fulfillment") -> dict[str, Any]:
    """The variables of a role."""
    return role_entry_points(role)[entry_point]["options"]
