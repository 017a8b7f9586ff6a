# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A call of the API, whatever transport it came by, and the log of all calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .metadata import FILTER, LIMIT, MASK


@dataclass(frozen=True)
class Credentials:
    """A user name and its key, or a token of IAM; ``by_header`` if they came in XML-RPC's ``authenticate`` header, not by HTTP basic."""

    username: str
    api_key: str = field(repr=False)
    by_header: bool = False
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Call:
    """One call. ``identifier``, ``mask`` and ``object_filter`` are as they came, ``limit`` 0 is none."""

    transport: str
    service: str
    method: str
    identifier: Any = None
    arguments: tuple[Any, ...] = ()
    mask: str = ""
    object_filter: Any = None
    limit: int = 0
    offset: int = 0
    credentials: Credentials | None = None

    @property
    def conditions(self) -> frozenset[str]:
        """Which of mask, filter and limit came with it."""
        given = {MASK: self.mask, FILTER: self.object_filter, LIMIT: self.limit or self.offset}
        return frozenset(name for name, value in given.items() if value)


@dataclass
class Entry:
    """A line of the log; ``user`` and ``outcome`` stay None until they are known."""

    transport: str
    service: str
    method: str
    id: Any
    arguments: Any
    mask: str
    filter: Any
    limit: int
    offset: int
    user: str | None = None
    outcome: str | None = None


class CallLog:
    """Every call since the start or the last ``clear``; ``ignored`` outlives that."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.ignored: set[tuple[str, str]] = set()
        """Methods, each with a condition (mask, filter or limit) that came and that it does not take."""

    def begin(self, call: Call) -> Entry:
        """Note a call before it is answered, without its secrets."""
        entry = Entry(
            transport=call.transport,
            service=call.service,
            method=call.method,
            id=call.identifier,
            arguments=_without_keys(call.arguments),
            mask=call.mask,
            filter=call.object_filter,
            limit=call.limit,
            offset=call.offset,
        )
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all calls."""
        self.entries = []


def _without_keys(value: Any) -> Any:
    """A copy of arguments with every private key replaced."""
    if isinstance(value, Mapping):
        return {
            name: "(private key)" if name == "privateKey" and inner else _without_keys(inner)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_without_keys(inner) for inner in value]
    return value
