# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object masks: which properties of an object come back.

Understood are ``mask[id,status.name,order[id]]``, ``mask.id``, ``mask.id,mask.status.name``, ``[id]``,
``id,status.name`` and a type in parentheses, which is skipped. Without a mask, or with an empty one, all local
properties come back and nothing else. A mask that names any local property limits the answer to those named; one that
names none of them adds what it names to all local properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import dates, errors
from .metadata import Datatype, Row, value_of

Mask = dict[str, "Mask"]
"""Property names, each with the mask of what it leads to; an empty one stands for all local properties."""

_TOKEN = re.compile(r"\s*(?:\([\w\s]*\)\s*)*([A-Za-z_]\w*|[][.,])")
_ROOTS = {"mask", "filteredMask"}


def parse(text: str) -> Mask:
    """Read a mask; raises the API's fault when it is malformed."""
    parser = _Parser(text)
    mask: Mask = {}
    parser.properties(mask, at_root=True)
    parser.expect_end()
    return mask


@dataclass(frozen=True)
class Projection:
    """What a mask leaves of the rows of a datatype."""

    values: tuple[str, ...]
    counts: tuple[tuple[str, str], ...]
    relations: tuple[tuple[str, Projection], ...]

    def of(self, row: Row) -> Row:
        """A row in the form that is sent. A property that it lacks stays away."""
        answer: Row = {}
        for name in self.values:
            if name in row:
                value = row[name]
                kind = type(value)
                if kind is datetime:
                    value = dates.render(value)
                elif kind is not str and callable(value):
                    value = value(row)
                answer[name] = value
        for name, relation in self.counts:
            if relation in row:
                answer[name] = len(value_of(row, relation))
        for name, inner in self.relations:
            if name in row:
                answer[name] = inner.related(value_of(row, name))
        return answer

    def related(self, value: Any) -> Any:
        """What a relation leads to: a row, several, or None."""
        if value is None:
            return None
        return [self.of(row) for row in value] if isinstance(value, list) else self.of(value)


def projection(mask: Mask, datatype: Datatype) -> Projection:
    """What the mask leaves of a datatype; raises the API's fault if it names a property that there is not."""
    relations = []
    for name, inner in mask.items():
        if name in datatype.relations:
            relations.append((name, projection(inner, datatype.relations[name])))
        elif inner or name not in datatype.local | datatype.values | datatype.counts.keys():
            raise errors.invalid_mask(name, datatype.name)
    local = datatype.local.intersection(mask) or datatype.local
    return Projection(
        values=(*local, *datatype.values.intersection(mask)),
        counts=tuple((name, counted) for name, counted in datatype.counts.items() if name in mask),
        relations=tuple(relations),
    )


class _Parser:
    """Recursive descent over the tokens of one mask."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._position = 0

    def properties(self, mask: Mask, *, at_root: bool = False) -> None:
        """``property ("," property)*``, into ``mask``; possibly none at all."""
        while self._peek() not in ("", "]"):
            self._property(mask, at_root=at_root)
            if self._peek() != ",":
                break
            self._next()

    def expect_end(self) -> None:
        """Refuse a mask with more to read."""
        if self._peek():
            raise errors.malformed_mask(self._text)

    def _property(self, mask: Mask, *, at_root: bool) -> None:
        """``name ("." name)* ("[" properties "]")?``; at the root, ``mask`` or nothing may stand for the name."""
        target = mask
        if not (at_root and self._peek() == "["):
            name = self._name()
            if not (at_root and name in _ROOTS):
                target = target.setdefault(name, {})
            while self._peek() == ".":
                self._next()
                target = target.setdefault(self._name(), {})
        if self._peek() == "[":
            self._next()
            self.properties(target)
            if self._next() != "]":
                raise errors.malformed_mask(self._text)

    def _name(self) -> str:
        token = self._next()
        if not token.isidentifier():
            raise errors.malformed_mask(self._text)
        return token

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def _split(self) -> Iterator[str]:
        position, text = 0, self._text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise errors.malformed_mask(self._text)
            yield match[1]
            position = match.end()
