# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that are switched on for chosen calls."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from . import errors
from .calls import Call
from .errors import ApiFault

FAULTS = frozenset({"rate_limit", "fault", "not_found", "unknown_method"})
"""Answered by a fault of the API; not processed."""

BEFORE = frozenset({"false", "reset_before", "hang_before"})
"""Answered otherwise than by a fault, or not at all; not processed."""

AFTER = frozenset({"reset_after", "hang_after"})
"""Processed, but the answer is lost or late."""

PUBLIC = "SoftLayer_Exception_Public"
"""The code of whatever has none of its own."""


@dataclass
class Rule:
    """Which calls a fault meets, and what it is.

    Of the calls that match ``service``, ``method`` and ``order_id``, and have this ``argument``, it meets the ``nth`` one only, or all
    of them; and no more than ``times`` in all. ``seconds`` is how long a hang lasts if it is not switched off
    before, after which ``hang_before`` resets the connection and ``hang_after`` sends the answer. ``code`` and ``message``, with the HTTP
    ``status`` on REST, are those of ``fault``; with a ``code`` of None, there is none on REST.
    """

    kind: str
    service: str | None = None
    method: str | None = None
    order_id: int | None = None
    argument: str | None = None
    nth: int | None = None
    times: int | None = None
    seconds: float = 3600
    code: str | None = PUBLIC
    message: str = "Internal Error"
    status: int = 500
    matched: int = 0
    met: int = 0

    def __post_init__(self) -> None:
        self.over = threading.Event()  # no field, as it is part of no answer

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Rule:
        """Read a rule; raises ValueError if it is none."""
        names = {item.name for item in fields(cls)} - {"matched", "met"}
        if unknown := set(given) - names:
            raise ValueError(f"no such option of a fault: {', '.join(sorted(unknown))}")
        if given.get("kind") not in FAULTS | BEFORE | AFTER:
            raise ValueError(f"no such kind of fault: {given.get('kind')}")
        return cls(**given)

    def meets(self, call: Call) -> bool:
        """Count the call if it matches, and tell whether it is to fail."""
        if self.service not in (None, call.service) or self.method not in (None, call.method):
            return False
        if self.order_id is not None and str(self.order_id) != str(call.identifier):
            return False
        if self.argument is not None and self.argument not in call.arguments:
            return False
        self.matched += 1
        if self.times is not None and self.met >= self.times:
            return False
        if self.nth is not None and self.matched != self.nth:
            return False
        self.met += 1
        return True

    def fault(self, call: Call) -> ApiFault:
        """The fault of the API that a kind of ``FAULTS`` stands for."""
        if self.kind == "rate_limit":
            return errors.rate_limited()
        if self.kind == "not_found":
            return errors.object_not_found(call.identifier)
        if self.kind == "unknown_method":
            return errors.unknown_method(call.method)
        has_code = self.code is not None
        return ApiFault(self.code or PUBLIC, self.message, rest_status=self.status, rest_has_code=has_code)


class FaultBook:
    """The rules in force; the first that meets a call decides."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._lock = threading.Lock()

    def add(self, rule: Rule) -> None:
        """Put a rule in force."""
        with self._lock:
            self.rules.append(rule)

    def clear(self) -> None:
        """Nothing fails any more, and what hangs goes on."""
        with self._lock:
            for rule in self.rules:
                rule.over.set()
            self.rules.clear()

    def pick(self, call: Call) -> Rule | None:
        """The rule that meets this call."""
        with self._lock:
            return next((rule for rule in self.rules if rule.meets(call)), None)
