# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is what a module or a filter returns what its documentation says that it returns?"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import yaml

from tests.support.pages import LOADER, plugin_source

OF_ANSIBLE = frozenset({"changed", "failed", "msg", "invocation", "warnings", "deprecations", "diff", "exception"})
"""Ansible documents these itself."""
TYPES: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "dict": dict,
    "float": (int, float),
    "int": int,
    "list": list,
    "raw": object,
    "str": str,
}


@cache
def returns_of(module: str) -> dict[str, Any]:
    """What a module's documentation says that it returns."""
    found = importlib.import_module(f"ansible_collections.softlayer.certificates.plugins.modules.{module}")
    return yaml.load(found.RETURN, LOADER)


def deviations(module: str, result: Mapping[str, Any]) -> list[str]:
    """How a result differs from what is documented, in sentences; empty if it does not."""
    always = "failure" if result.get("failed") else "success"
    documented = returns_of(module)
    own = {name: value for name, value in result.items() if name not in OF_ANSIBLE}
    missing = [name for name, entry in documented.items() if entry["returned"] == always and name not in own]
    return [*_compared("", documented, own), *(f"{name} is not returned" for name in missing)]


def deviations_of_filter(name: str, value: Any) -> list[str]:
    """The same about what a filter returns."""
    return [*_checked(name, plugin_source("filter", name)["RETURN"]["_value"], value)]


def _compared(path: str, documented: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        where = f"{path}{name}"
        if name not in documented:
            yield f"{where} is not documented"
        else:
            yield from _checked(where, documented[name], value)
    if path:
        for name in documented.keys() - values.keys():
            if "returned" not in documented[name]:
                yield f"{path}{name} is not returned"


def _checked(where: str, entry: Mapping[str, Any], value: Any) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, TYPES[entry["type"]]) or (isinstance(value, bool) and entry["type"] != "bool"):
        yield f"{where} is no {entry['type']}"
        return
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if isinstance(value, list):
            yield from _checked(f"{where}[]", {**entry, "type": entry["elements"]}, part)
        elif isinstance(part, dict) and "contains" in entry:
            yield from _compared(f"{where}.", entry["contains"], part)
