# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's files import each other in one direction only: the one that the design draws."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

from tests.tools.mutants.__main__ import DECIDING
from tests.tools.mutants.changes import mutants_of
from tests.tools.mutants.equivalent import EQUIVALENT

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
NAMESPACE = "ansible_collections.softlayer.certificates."
MODULE_UTILS = f"{NAMESPACE}plugins.module_utils."
PLUGIN_UTILS = f"{NAMESPACE}plugins.plugin_utils."
ACTION = f"{NAMESPACE}plugins.action."

# From the ground up: the rooms of module_utils, each of which imports from rooms before it only.
ROOMS = (
    *("_base", "_http", "_x509", "_softlayer", "_ledger", "_sources", "_replacement", "_probe", "_report"),
    *("_orders", "_store", "_secrets_manager", "_rotation"),
)
# These do no input or output and read no clock: time is passed in.
PURE = (
    *("_base/action", "_base/codes", "_base/names", "_base/remedies", "_base/secrets", "_base/text", "_base/times"),
    *("_x509/*", "_replacement/can_replace", "_replacement/index", "_replacement/trust"),
    *("_probe/endpoint", "_probe/evaluate", "_orders/archives", "_orders/imported", "_orders/message*"),
    *("_report/metrics", "_report/report", "_report/rotation", "_report/table", "_store/check"),
    *("_rotation/approved", "_rotation/attention", "_rotation/endpoints", "_rotation/target", "_rotation/world"),
    *("*/messages*", "*/plan", "*/plan_*", "*/report", "*/result", "*/summary"),
)
IMPURE = {"SoftLayer", "ansible", "os", "pathlib", "requests", "shutil", "socket", "sqlalchemy", "subprocess", "time"}

UTILS = sorted(path for path in PLUGINS.glob("module_utils/**/*.py") if path.name != "__init__.py")
DECIDERS = {path for pattern in DECIDING for path in PLUGINS.glob(f"module_utils/{pattern}")} & {*UTILS}
"""The files that decide about harm."""
PACKAGES = sorted(path for path in PLUGINS.glob("module_utils/*/") if path.name != "__pycache__")
OTHERS = sorted(path for path in PLUGINS.rglob("*.py") if "module_utils" not in path.parts)


def shown(path: Path) -> str:
    """What a file is called in the name of a test."""
    return str(path.relative_to(PLUGINS).with_suffix(""))


def room(path: Path) -> str:
    """The room of module_utils that a file is in."""
    return path.relative_to(PLUGINS / "module_utils").parts[0]


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, less what stands under `if TYPE_CHECKING:`: names of types tie no file to another."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            yield node
            yield from nodes(node)


@cache
def imported(path: Path) -> frozenset[str]:
    """The full names of all modules that a file imports, at its top or inside a function."""
    package = NAMESPACE + ".".join(("plugins", *path.relative_to(PLUGINS).parent.parts))
    names: set[str] = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def utils_imported(path: Path) -> set[Path]:
    """The files of module_utils that a file imports."""
    ours = (name.removeprefix(MODULE_UTILS) for name in imported(path) if name.startswith(MODULE_UTILS))
    files = (PLUGINS / "module_utils" / f"{name.replace('.', '/')}.py" for name in ours)
    return {file for file in files if file.is_file()}


def wrong(paths: Iterable[Path], found: Callable[[Path], set[str]]) -> dict[str, set[str]]:
    """What is wrong with files, by their names."""
    return {shown(path): names for path in paths if (names := found(path))}


def test_rooms_import_from_those_before_them() -> None:
    def above(path: Path) -> set[str]:
        assert room(path) in ROOMS, f"{room(path)} has no place yet: give it one in ROOMS"
        return {room(file) for file in utils_imported(path)} - {*ROOMS[: ROOMS.index(room(path)) + 1]}

    assert wrong(UTILS, above) == {}


def test_each_room_says_what_lives_there() -> None:
    """In a few sentences, and nothing else."""
    for package in PACKAGES:
        tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
        text = ast.get_docstring(tree) or ""
        assert len(tree.body) == 1 and 2 <= len(re.findall(r"[.](?=\s|$)", text)) <= 6, package.name


def test_the_files_of_a_package_import_each_other_in_no_circle() -> None:
    for package in PACKAGES:
        files = {file: utils_imported(file) & set(package.iterdir()) for file in package.glob("*.py")}
        assert len(list(TopologicalSorter(files).static_order())) == len(files)


def test_the_guide_has_the_same_rooms() -> None:
    text = (PLUGINS.parent / "docs/docsite/rst/guide_contributing.rst").read_text(encoding="utf-8")
    table = text.partition("The rooms\n")[2].partition("*Pure* code")[0]
    rows = re.findall(r"^   \* - (``_.+)$", table, re.MULTILINE)
    assert [name for row in rows for name in reversed(re.findall(r"``(\w+)``", row))] == [*reversed(ROOMS)]


def test_module_utils_import_each_other_by_relative_names() -> None:
    def absolute(path: Path) -> set[str]:
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        names = {node.module or "" for node in tree if isinstance(node, ast.ImportFrom) and not node.level}
        return {name for name in names if name.startswith(NAMESPACE)}

    assert wrong(UTILS, absolute) == {}


def test_plugins_import_only_module_utils() -> None:
    """Those that run in Ansible itself also import what these have in common, and an action may extend another one."""

    def others(path: Path) -> set[str]:
        runs_in_ansible = path.parent.name in {"action", "callback", "filter", "plugin_utils"}
        allowed = (MODULE_UTILS, PLUGIN_UTILS) if runs_in_ansible else (MODULE_UTILS,)
        allowed += (ACTION,) if path.parent.name == "action" else ()
        own = {f"{name}." for name in imported(path) if name.startswith(NAMESPACE)}
        return {name for name in own if not name.startswith(allowed)}

    assert wrong(OTHERS, others) == {}


def test_pure_files_import_nothing_impure() -> None:
    pure = {path for pattern in PURE for path in (PLUGINS / "module_utils").glob(f"{pattern}.py")}
    assert wrong(pure, lambda path: {name.split(".")[0] for name in imported(path)} & IMPURE) == {}


def test_modules_load_what_only_some_runs_need_when_they_need_it() -> None:
    """To load both takes more than half of the start of a rotation, most of which change nothing and have no such source."""
    name = f"{NAMESPACE}plugins.modules.ssl_certificate_rotate"
    code = f"import sys, {name}; print(*(name for name in sys.modules if name.startswith(('ibm_', 'sqlalchemy'))))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert loaded.split() == []


def test_plugins_never_import_tests() -> None:
    def of_tests(path: Path) -> set[str]:
        return {name for name in imported(path) if name.split(".")[0] == "tests" or ".tests." in name}

    assert wrong(UTILS + OTHERS, of_tests) == {}


def test_each_file_that_decides_about_harm_has_a_file_of_pure_tests() -> None:
    """Of its name, in the folder of its package."""
    tests = PLUGINS.parent / "tests/unit/plugins"

    def of(path: Path) -> Path:
        return tests / path.relative_to(PLUGINS).with_name(f"test_{path.stem.lstrip('_')}.py")

    assert len(DECIDERS) > 30 and {path for path in DECIDERS if not of(path).is_file()} == set()


def test_each_mutant_that_is_said_to_change_nothing_exists() -> None:
    """Otherwise code has changed, and it may change something by now."""
    assert EQUIVALENT.keys() - {mutant.name for path in DECIDERS for mutant in mutants_of(path)} == set()
