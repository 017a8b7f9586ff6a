# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object filters: which objects come back, and in which order.

A filter is a tree of property names that ends in ``{"operation": ..., "options": [...]}``. What is malformed, or names
a property that cannot be filtered by, is ignored without a word, as the API does. Text is compared without regard to
case. A property that is null matches nothing, as in SQL. Of the API's operations those are simulated that somebody
here sends: a value alone, ``in`` and ``orderBy``; any other is refused, so that nobody takes it for obeyed.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from . import dates, errors
from .metadata import Datatype, Row, value_of

Test = Callable[[Any], bool]
Path = tuple[str, ...]
_ID: Path = ("id",)
_OTHERS = re.compile(r"!|[\^$*_]=|[<>~]|(is|not) null$|not in$|(and|or|\w+Date)$")
"""What other operations of the API look like."""


@dataclass(frozen=True)
class Order:
    """Sort by a property."""

    path: Path
    descending: bool


def select(rows: Iterable[Row], object_filter: Any, datatype: Datatype) -> list[Row]:
    """The rows that every condition of the filter lets through."""
    tests = [(path, test) for path, node in _leaves(object_filter, datatype) if (test := _compile(node)) is not None]
    if not tests:
        return list(rows)
    return [row for row in rows if all(any(map(test, _values(row, path))) for path, test in tests)]


def orders(object_filter: Any, datatype: Datatype) -> list[Order]:
    """The sort orders that a filter asks for, the weightiest first."""
    return [
        Order(path, str(next(iter(_options(node).get("sort", [])), "ASC")).upper() == "DESC")
        for path, node in _leaves(object_filter, datatype)
        if node["operation"] == "orderBy"
    ]


def sort(rows: list[Row], wanted: list[Order]) -> None:
    """Sort in place; nulls come first, ties keep their places."""
    for order in reversed(wanted):
        if order.path == _ID and _sort_by_id(rows, descending=order.descending):
            continue
        rows.sort(key=partial(_sort_key, order.path), reverse=order.descending)


def _sort_by_id(rows: list[Row], *, descending: bool) -> bool:
    """Sort by what every page of a large list is sorted by, twenty times as fast; False where ids are no numbers."""
    if set(map(type, [row.get("id") for row in rows])) - {int}:
        return False
    rows.sort(key=operator.itemgetter("id"), reverse=descending)
    return True


def _leaves(node: Any, datatype: Datatype, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The conditions of a filter on properties that exist, each with the path to its property."""
    if not isinstance(node, Mapping):
        return
    for name, inner in node.items():
        if not isinstance(inner, Mapping):
            continue
        if name in datatype.relations:
            yield from _leaves(inner, datatype.relations[name], (*path, name))
        elif name in datatype.local and isinstance(inner.get("operation"), (str, int)):
            yield (*path, name), inner


def _values(value: Any, path: Path) -> Iterator[Any]:
    """What a path leads to: one value, or one for each object of a relation to many."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif path and isinstance(value, dict):
        yield from _values(value_of(value, path[0]), path[1:])
    else:
        yield value


def _sort_key(path: Path, row: Row) -> tuple[bool, Any]:
    value = next(_values(row, path), None)
    return (value is not None, value.casefold() if isinstance(value, str) else value if value is not None else 0)


def _text(value: Any) -> str:
    return (dates.render(value) if isinstance(value, datetime) else str(value)).casefold()


def _options(node: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The options of an operation as name -> values; malformed ones are left out."""
    given = node.get("options")
    return {
        str(option["name"]): option["value"]
        for option in (given if isinstance(given, list) else [])
        if isinstance(option, Mapping) and "name" in option and isinstance(option.get("value"), list)
    }


def _compile(node: Mapping[str, Any]) -> Test | None:
    """The test that an operation stands for; None if it is malformed or does not filter."""
    operation = str(node["operation"]).strip()
    if operation == "orderBy":
        return None
    if operation == "in":
        data = _options(node).get("data")
        return None if data is None else _among(data)
    if _OTHERS.match(operation):
        raise errors.not_implemented(f"The operation {operation!r} of object filters")
    return _among([operation])


def _among(operands: Iterable[Any]) -> Test:
    wanted = frozenset(map(_text, operands))
    return lambda value: value is not None and _text(value) in wanted
