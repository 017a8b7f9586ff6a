# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API offers, as the metadata of its reference has it: datatypes, their properties, and methods.

All of it is read from ``tests/sldn-types.json``. To simulate one more service, nothing is added here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]
"""An object of the API, by property: a scalar, a datetime, a row or list of rows, or a function of the row that gives one."""

MASK, FILTER, LIMIT = "mask", "filter", "limit"
PATH = Path(__file__).parents[1] / "sldn-types.json"
_CONDITIONS = {"maskable": MASK, "filterable": FILTER, "limitable": LIMIT}


@dataclass(frozen=True, eq=False)
class Datatype:
    """What an object may have.

    ``local`` properties are all that comes without a mask. ``relations`` lead to objects; ``values`` are relations, too,
    but to a plain value; ``counts`` tell how many objects a relation has, which is named there. They come by mask only.
    """

    name: str
    local: frozenset[str]
    relations: Mapping[str, Datatype] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    counts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """A method: what it takes and gives.

    ``gives`` is the datatype of the row or rows, None for a plain value. ``takes`` says which of mask, filter and limit
    count. ``relation`` is the property that a relation's getter reads, where its filters start as well; it is empty for
    every other method, whose filters start at the datatype itself. A static method needs no object.
    """

    service: str
    name: str
    parameters: int
    gives: Datatype | None
    is_list: bool
    takes: frozenset[str]
    is_static: bool
    relation: str = ""

    def __str__(self) -> str:
        return f"{self.service}::{self.name}"


def _datatypes(metadata: Mapping[str, Any]) -> dict[str, Datatype]:
    relations: dict[str, dict[str, Datatype]] = {name: {} for name in metadata}
    found = {name: _datatype(name, given["properties"], relations[name]) for name, given in metadata.items()}
    for name, given in metadata.items():
        for relation, target in _named(given["properties"], "relational").items():
            if _is_object(target):
                known = _single(target)
                relations[name][relation] = found.get(known) or Datatype(known, frozenset())
    return found


def _datatype(name: str, properties: Mapping[str, Any], relations: Mapping[str, Datatype]) -> Datatype:
    related = _named(properties, "relational")
    return Datatype(
        name,
        frozenset(_named(properties, "local")),
        relations,
        frozenset(relation for relation, target in related.items() if not _is_object(target)),
        {count: _counted(count, related) for count in _named(properties, "count")},
    )


def _named(properties: Mapping[str, Any], form: str) -> dict[str, str]:
    """The properties of a form, each with its type."""
    return {name: given["type"] for name, given in properties.items() if given["form"] == form}


def _counted(count: str, relations: Mapping[str, str]) -> str:
    """The relation that is counted: ``listenerCount`` counts ``listeners``, ``l7PolicyCount`` ``l7Policies``."""
    one = count.removesuffix("Count")
    return next(many for many in (f"{one}s", f"{one.removesuffix('y')}ies") if many in relations)


def _is_object(target: str) -> bool:
    return target.startswith("SoftLayer_")


def _single(target: str) -> str:
    return target.removesuffix("[]")


def _signatures(metadata: Mapping[str, Any], datatypes: Mapping[str, Datatype]) -> dict[str, dict[str, Signature]]:
    """By service and name, the methods that are listed and the getters of relations."""
    return {
        service: {
            **{
                name: Signature(
                    service,
                    name,
                    parameters=len(given.get("parameters", ())),
                    gives=datatypes.get(_single(given["gives"])),
                    is_list=given["gives"].endswith("[]"),
                    takes=frozenset(taken for key, taken in _CONDITIONS.items() if given.get(key)),
                    is_static=given.get("static", False),
                )
                for name, given in described["methods"].items()
            },
            **{
                signature.name: signature
                for relation, target in _named(described["properties"], "relational").items()
                for signature in [_getter(service, described["methods"], relation, target, datatypes)]
            },
        }
        for service, described in metadata.items()
    }


def _getter(
    service: str, methods: Mapping[str, Any], relation: str, target: str, datatypes: Mapping[str, Datatype]
) -> Signature:
    """``getX`` reads the property ``x``: with a mask and a filter, and in pages where it has many objects."""
    is_list = target.endswith("[]")
    takes = {MASK, FILTER} if _is_object(target) else set()
    return Signature(
        service,
        re.sub(r"^.", lambda first: f"get{first[0].upper()}", relation),
        parameters=0,
        gives=datatypes.get(_single(target)),
        is_list=is_list,
        takes=frozenset(takes | ({LIMIT} if is_list else set())),
        is_static=methods.get("getObject", {}).get("static", False),
        relation=relation,
    )


def value_of(row: Row, name: str) -> Any:
    """A property of a row; None where the row lacks it."""
    value = row.get(name)
    return value(row) if callable(value) else value


_METADATA: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
DATATYPES = _datatypes(_METADATA)
SIGNATURES = _signatures(_METADATA, DATATYPES)

ACCOUNT = DATATYPES["SoftLayer_Account"]
CERTIFICATE = DATATYPES["SoftLayer_Security_Certificate"]
ENTRY = DATATYPES["SoftLayer_Security_Certificate_Entry"]
REQUEST = DATATYPES["SoftLayer_Security_Certificate_Request"]
BALANCER = DATATYPES["SoftLayer_Network_LBaaS_LoadBalancer"]
LISTENER = DATATYPES["SoftLayer_Network_LBaaS_Listener"]
