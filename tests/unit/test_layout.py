# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's files import each other in one direction only: the one that the design draws."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
NAMESPACE = "ansible_collections.softlayer.certificates."
MODULE_UTILS = f"{NAMESPACE}plugins.module_utils."

# From the ground up: a file imports from layers beneath its own, never from its own or one above.
LAYERS = (
    ("_errors", "_secrets", "_text"),
    (
        "_argspec",
        "_ciphers",
        "_containers",
        "_der",
        "_faults",
        "_files",
        "_foreign_keys",
        "_forms",
        "_imap",
        "_mbox",
        "_names",
        "_paging",
        "_place",
        "_rate",
        "_times",
        "_values",
    ),
    ("_transport",),
    ("_client", "_database", "_mail_archives", "_mail_signs", "_mail_text", "_x509"),
    ("_mail_parts", "_name_constraints", "_terms"),
    ("_chain", "_mail_message"),
    ("_ledger", "_mail", "_orders", "_plan", "_report", "_roots", "_store"),
    ("_creates", "_mailbox"),
    ("_module",),
)
# Of the layers beneath it, this one knows only some files.
NARROW = {"_module": {"_argspec", "_errors", "_secrets"}}
# These do no input or output and read no clock: time is passed in.
PURE = (
    "_chain",
    "_ciphers",
    "_der",
    "_foreign_keys",
    "_forms",
    "_mail",
    "_mail_archives",
    "_mail_message",
    "_mail_parts",
    "_mail_signs",
    "_mail_text",
    "_name_constraints",
    "_names",
    "_plan",
    "_report",
    "_secrets",
    "_terms",
    "_text",
    "_times",
    "_values",
    "_x509",
)
IMPURE = {"SoftLayer", "ansible", "os", "pathlib", "requests", "shutil", "socket", "sqlalchemy", "subprocess", "time"}

LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}
UTILS = sorted(PLUGINS.glob("module_utils/*.py"))
OTHERS = sorted(path for path in PLUGINS.rglob("*.py") if path.parent.name != "module_utils")


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, less what stands under `if TYPE_CHECKING:`: names of types tie no file to another."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            yield node
            yield from nodes(node)


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, at its top or inside a function."""
    package = NAMESPACE + ".".join(("plugins", *path.relative_to(PLUGINS).parent.parts))
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def utils_imported(path: Path) -> set[str]:
    """The files of module_utils that a file imports."""
    return {name.removeprefix(MODULE_UTILS).split(".")[0] for name in imported(path) if name.startswith(MODULE_UTILS)}


@pytest.mark.parametrize("path", UTILS, ids=lambda path: path.stem)
def test_module_utils_import_downwards(path: Path) -> None:
    assert path.stem in LAYER_OF, f"{path.name} has no layer yet: give it one in LAYERS"
    beneath = {name for name, layer in LAYER_OF.items() if layer < LAYER_OF[path.stem]}
    assert utils_imported(path) <= NARROW.get(path.stem, beneath)


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_plugins_import_only_module_utils(path: Path) -> None:
    own = {name for name in imported(path) if name.startswith(NAMESPACE)}
    assert {name for name in own if not name.startswith(MODULE_UTILS.rstrip("."))} == set()


@pytest.mark.parametrize("path", [path for path in UTILS if path.stem in PURE], ids=lambda path: path.stem)
def test_pure_files_import_nothing_impure(path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)} & IMPURE == set()


@pytest.mark.parametrize("path", UTILS + OTHERS, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_plugins_never_import_tests(path: Path) -> None:
    assert {name for name in imported(path) if name.split(".")[0] == "tests" or ".tests." in name} == set()
