# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutants of a Python file: each has one place changed, as a slip of a hand would."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    **{ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.In: ast.NotIn},
    **{ast.NotEq: ast.Eq, ast.IsNot: ast.Is, ast.NotIn: ast.In},
    **{ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt},
}
NEIGHBOURS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult},
    **{ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr},
}
NOTHING = ast.Pass()
SAID_TWICE = {"strict", "encoding"}
"""Keywords of what holds anyway: that two lists are as long as each other, and that texts of this machine are in UTF-8."""


@dataclass(frozen=True)
class Mutant:
    """A file with one place changed.

    Attributes:
        path: of the file.
        line: where the change begins, counted from 1.
        name: what it is called in listings, and in the list of equivalents, which has to outlive lines that move.
        source: the whole file with the change.
    """

    path: Path
    line: int
    name: str
    source: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    met: Counter[str] = Counter()
    for function, node in _changeable(ast.parse(source), path.stem):
        for other in _changes(node):
            yield _mutant(path, source, function, node, other, met)


def _changeable(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    """The nodes that say what happens, and in which function: not documentation, types, or what is put into texts."""
    yield function, node
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}"
    if isinstance(node, ast.keyword) and node.arg in {*SAID_TWICE, "repr"}:  # without `repr=False`, it is True
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            documents = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            names_types = isinstance(node, ast.Module) and (
                isinstance(child, ast.Assign)
                or (isinstance(child, ast.AnnAssign) and ast.unparse(child.annotation) == "t.TypeAlias")
            )
            comes_anyway = isinstance(node, ast.FunctionDef) and child is node.body[-1] and _returns_nothing(child)
            is_type = (
                isinstance(node, ast.Call)
                and name == "args"
                and ast.unparse(node.func) == "t.cast"
                and child is value[0]
            ) or (isinstance(child, ast.If) and ast.unparse(child.test) == "t.TYPE_CHECKING")
            left_out = documents or names_types or comes_anyway or is_type or isinstance(child, ast.JoinedStr)
            if isinstance(child, ast.AST) and not left_out:
                yield from _changeable(child, function)


def _returns_nothing(node: ast.AST) -> bool:
    return isinstance(node, ast.Return) and (node.value is None or ast.unparse(node.value) == "None")


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may be changed to."""
    match node:
        case ast.Compare(ops=[op]):
            for table in (OPPOSITES, NEIGHBOURS):
                if type(op) in table:
                    yield ast.Compare(node.left, [table[type(op)]()], node.comparators)
        case ast.BoolOp(values=values):
            for number in range(len(values)):
                rest = values[:number] + values[number + 1 :]
                yield ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.If() | ast.While() | ast.IfExp():
            yield from _negated(node.test)
        case ast.comprehension(ifs=[_, *_]):
            yield from (_At(each, ast.Constant(True)) for each in node.ifs)
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            yield ast.BinOp(node.left, ARITHMETIC[type(op)](), node.right)
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=str(value)) if value and " " not in value:
            yield ast.Constant("")
        case ast.Return() if not (_returns_nothing(node) or ast.unparse(node) == "return False"):
            yield ast.Return(ast.Constant(None))
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break() | ast.Expr(value=ast.Call()):
            yield NOTHING
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg not in SAID_TWICE:
                yield ast.Call(node.func, node.args, [other for other in node.keywords if other is not keyword])


class _At(ast.expr):
    """A change of another node than the one that was looked at."""

    def __init__(self, node: ast.AST, other: ast.AST) -> None:
        super().__init__()
        self.node, self.other = node, other


def _negated(test: ast.expr) -> Iterator[ast.AST]:
    """A condition that is the other way round, unless its own changes are that already."""
    if not isinstance(test, ast.Compare | ast.UnaryOp):
        yield _At(test, ast.UnaryOp(ast.Not(), test))


def _mutant(path: Path, source: str, function: str, node: ast.AST, other: ast.AST, met: Counter[str]) -> Mutant:
    if isinstance(other, _At):
        node, other = other.node, other.other
    lines = source.encode().splitlines(keepends=True)  # positions count bytes
    begin = sum(map(len, lines[: node.lineno - 1])) + node.col_offset  # type: ignore[attr-defined]
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset  # type: ignore[attr-defined]
    after = ast.unparse(other)
    text = f"({after})" if isinstance(node, ast.expr) else after
    whole = source.encode()
    name = f"{function}: {ast.unparse(node)} => {after}"
    met[name] += 1
    name += f" ({met[name]})" if met[name] > 1 else ""
    return Mutant(path, node.lineno, name, (whole[:begin] + text.encode() + whole[end:]).decode())  # type: ignore[attr-defined]
