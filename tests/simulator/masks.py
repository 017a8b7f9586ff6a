# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Object masks: which properties of an object come back.

Understood are ``mask[id,status.name,order[id]]`` and ``id,status.name``. Without a mask, or with an empty one, all local
properties come back and nothing else. A mask that names any local property limits the answer to those named; one that
names none of them adds what it names to all local properties.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import dates, errors
from .metadata import Datatype, Row, value_of

Mask = dict[str, "Mask"]
"""Property names, each with the mask of what it leads to; an empty one stands for all local properties."""


def parse(text: str) -> Mask:
    """Read a mask; raises the API's fault when it is malformed."""
    inner = re.fullmatch(r"mask\[(.*)\]", text)
    tokens = re.findall(r"\w+(?:\.\w+)*|\S", inner[1] if inner else text)
    try:
        mask = _properties(tokens)
    except (IndexError, ValueError):
        raise errors.malformed_mask(text) from None
    if tokens:
        raise errors.malformed_mask(text)
    return mask


def _properties(tokens: list[str]) -> Mask:
    """Take ``property ("," property)*`` from tokens, each ``name ("." name)* ("[" properties "]")?``; possibly none at all."""
    mask: Mask = {}
    while tokens and tokens[0] != "]":
        target = mask
        for name in tokens.pop(0).split("."):
            if not name.isidentifier():
                raise ValueError(name)
            target = target.setdefault(name, {})
        if tokens[:1] == ["["]:
            del tokens[0]
            target |= _properties(tokens)
            del tokens[0]
        if tokens[:1] != [","]:
            break
        del tokens[0]
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
