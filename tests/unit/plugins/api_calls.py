# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the collection's code calls the API, read from its source: service, method, mask, and what else goes with it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "ansible_collections.softlayer.certificates"
LISTS = frozenset({"read_list", "read_ids"})
"""Methods of the client that ask for pages, sorted and filtered by id."""
CALLS = LISTS | {"call"}
NOT_OURS = "_sdk"
"""What the client calls in its turn."""
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class UnreadableError(Exception):
    """A call that does not say in its source what it asks for."""


@dataclass(frozen=True)
class ApiCall:
    """A call; ``arguments`` is how many it has, ``conditions`` which of mask, filter and limit go with it."""

    where: str
    service: str
    method: str
    arguments: int
    has_identifier: bool
    is_listing: bool
    mask: str | None
    root: str | None
    conditions: frozenset[str]


class Source:
    """A file of the collection."""

    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT)
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self._parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def module(self) -> ModuleType:
        """The file, imported."""
        return importlib.import_module(".".join([PACKAGE, *self.path.with_suffix("").parts]))

    def masks(self) -> dict[str, str]:
        """The object masks that are constants here, by name."""
        names = [
            target.id
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id.endswith("MASK")
        ]
        return {f"{self.path}: {name}": getattr(self.module, name) for name in names}

    def calls(self) -> Iterator[ApiCall]:
        """The calls that are made here; raises UnreadableError for one that cannot be read."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in CALLS and _last_name(node.func.value) != NOT_OURS and not self._is_passed_on(node):
                yield from self._read(node, node.func.attr)

    def _is_passed_on(self, node: ast.Call) -> bool:
        """Whether service and method are what the function around it was called with: its callers are read instead."""
        return bool(node.args) and isinstance(node.args[0], ast.Name) and node.args[0].id in self._parameters(node)

    def _read(self, node: ast.Call, how: str) -> Iterator[ApiCall]:
        service, method, *arguments = self._arguments(node)
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if None in keywords:
            raise UnreadableError(f"{self.path}:{node.lineno}: ** says nothing")
        of_lists = {"mask", "filter", "limit"} if how in LISTS else set()
        names = {"mask": "mask", "filter": "filter", "limit": "limit", "offset": "limit"}
        for values in product(
            self._values(service),
            self._values(method),
            self._optional(keywords, "mask"),
            self._optional(keywords, "root"),
        ):
            yield ApiCall(
                f"{self.path}:{node.lineno}",
                f"SoftLayer_{values[0]}",
                values[1],
                len(arguments),
                "identifier" in keywords,
                how in LISTS,
                values[2],
                values[3],
                frozenset(of_lists | {names[name] for name in keywords if name in names}),
            )

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        """The arguments of a call; ``*listing`` stands for those of the tuple that was assigned to it."""
        found: list[ast.expr] = []
        for argument in node.args:
            if not isinstance(argument, ast.Starred):
                found.append(argument)
                continue
            tuples = self._assigned(argument.value) if isinstance(argument.value, ast.Name) else []
            if len(tuples) != 1 or not isinstance(tuples[0], ast.Tuple):
                raise UnreadableError(f"{self.path}:{node.lineno}: * says nothing")
            found += tuples[0].elts
        return found

    def _optional(self, keywords: dict[str | None, ast.expr], name: str) -> list[Any]:
        return self._values(keywords[name]) if name in keywords else [None]

    def _values(self, node: ast.expr) -> list[Any]:
        """What an expression can be."""
        if isinstance(node, ast.Constant):
            return [node.value]
        if isinstance(node, ast.IfExp):
            return self._values(node.body) + self._values(node.orelse)
        if isinstance(node, ast.Call) and (_last_name(node.func) or "").endswith("_mask"):
            return [getattr(self.module, str(_last_name(node.func)))()]  # all that it can ask for
        if isinstance(node, ast.Attribute):
            return [getattr(value, node.attr) for value in self._values(node.value)]
        if isinstance(node, ast.Name):
            if node.id in self._parameters(node):
                return [value for given in self._given(node) for value in self._values(given)]
            if assigned := self._assigned(node):
                return [value for expression in assigned for value in self._values(expression)]
            if hasattr(self.module, node.id):
                return [getattr(self.module, node.id)]
        raise UnreadableError(f"{self.path}:{node.lineno}: what is {ast.unparse(node)}?")

    def _functions(self, node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions around a node, the innermost first."""
        while (parent := self._parents.get(node)) is not None:
            if isinstance(parent, FUNCTIONS):
                yield parent
            node = parent

    def _parameters(self, node: ast.AST) -> dict[str, tuple[ast.FunctionDef | ast.AsyncFunctionDef, int | None]]:
        """The parameters of the functions around a node, each with its function and its place, if it has one."""
        found: dict[str, tuple[ast.FunctionDef | ast.AsyncFunctionDef, int | None]] = {}
        for function in reversed(list(self._functions(node))):
            found |= {parameter.arg: (function, None) for parameter in function.args.kwonlyargs}
            found |= {parameter.arg: (function, place) for place, parameter in enumerate(function.args.args)}
        return found

    def _given(self, node: ast.Name) -> list[ast.expr]:
        """What the callers in this file give for a parameter."""
        function, place = self._parameters(node)[node.id]
        found = []
        for call in ast.walk(self.tree):
            if isinstance(call, ast.Call) and _last_name(call.func) == function.name:
                named = [keyword.value for keyword in call.keywords if keyword.arg == node.id]
                found += named or ([call.args[place]] if place is not None and place < len(call.args) else [])
        if not found:
            raise UnreadableError(f"{self.path}:{node.lineno}: nobody here says what {node.id} is")
        return found

    def _assigned(self, node: ast.Name) -> list[ast.expr]:
        """What a function around it assigns to a name."""
        return [
            statement.value
            for function in self._functions(node)
            for statement in ast.walk(function)
            if isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == node.id for target in statement.targets)
        ]


def _last_name(node: ast.expr) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def sources() -> list[Source]:
    """All of the collection's own code."""
    paths = sorted((ROOT / "plugins").rglob("*.py"))
    return [Source(path) for path in paths if "doc_fragments" not in path.parts]
