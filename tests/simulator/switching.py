# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of load balancers: the lock, and what becomes of them when it ends. Traffic changes then, the API at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import dates
from .balancers import (
    ACTIVE,
    BARE,
    CLOSED,
    ECDSA_SUITES,
    ERROR,
    HANDSHAKE,
    HTTPS,
    OTHER,
    STALE,
    UPDATE_PENDING,
    Balancer,
    Frontend,
    Habit,
)
from .metadata import Row

if TYPE_CHECKING:
    from .world import World


class ProxyError(Exception):
    """The traffic could not be changed; everything is served as before."""


@dataclass(frozen=True, eq=False)
class _Change:
    """What a change came from."""

    before: list[Row]
    changed: list[str]


class Switching:
    """Changes listeners of a world; whoever calls holds its lock."""

    def __init__(self, world: World) -> None:
        self._world = world

    def begin(self, balancer: Balancer, listeners: list[Row], changed: list[str]) -> None:
        """Change listeners as the API does: the balancer is locked, then the traffic changes."""
        change = _Change(balancer.listeners, changed)
        pending = [
            {**row, "provisioningStatus": UPDATE_PENDING} if row["uuid"] in changed else row for row in listeners
        ]
        self._world.balancers.put(balancer, pending)
        balancer.change = change
        balancer.row.update(provisioningStatus=UPDATE_PENDING, modifyDate=dates.now())
        milliseconds = self._world.settings.balancer_lock_ms
        if milliseconds:
            timer = threading.Timer(milliseconds / 1000, self._finish, (balancer, change))
            timer.daemon = True
            timer.start()
        else:
            self._finish(balancer, change)

    def apply(self, balancer: Balancer, changed: Iterable[str]) -> None:
        """Let the traffic be as the API says, or as a listener's habit is; raises ProxyError, and all is as before."""
        before, habits = dict(balancer.traffic), dict(balancer.habits)
        rows = {row["uuid"]: row for row in balancer.listeners}
        for uuid in {*changed, *(before.keys() - rows.keys())}:
            habit = _worn(balancer.habits, uuid)
            frontend = self._frontend(balancer, rows[uuid], habit) if uuid in rows else None
            if frontend is None:
                balancer.traffic.pop(uuid, None)
            else:
                balancer.traffic[uuid] = frontend
        try:
            self.refresh()
        except ProxyError:
            balancer.traffic, balancer.habits = before, habits
            raise

    def refresh(self) -> None:
        """Let the proxy serve the traffic of all balancers."""
        if self._world.proxy is not None:
            self._world.proxy([frontend for one in self._world.balancers for frontend in one.traffic.values()])

    def _finish(self, balancer: Balancer, change: _Change) -> None:
        """The end of the lock, unless the balancer is gone, or is no longer as it was."""
        with self._world.lock:
            if balancer.change is not change or balancer not in self._world.balancers or self._world.stopping.is_set():
                return
            listeners, status, error = change.before, ERROR, None
            try:
                self.apply(balancer, change.changed)
                rows = balancer.listeners
                listeners = [
                    {**row, "provisioningStatus": ACTIVE} if row["uuid"] in change.changed else row for row in rows
                ]
                status = ACTIVE
            except ProxyError as failure:
                error = str(failure)
            self._world.balancers.put(balancer, listeners)
            balancer.change = None
            if balancer.row["provisioningStatus"] == UPDATE_PENDING:
                balancer.row["provisioningStatus"] = status
            balancer.row["previousErrorText"] = error

    def _frontend(self, balancer: Balancer, row: Row, habit: str | None) -> Frontend | None:
        """What a listener is to the traffic from now on; None if it is closed."""
        if habit == CLOSED:
            return None
        if habit == STALE:
            return balancer.traffic.get(row["uuid"])
        address, port = balancer.row.get("address", ""), row["protocolPort"]
        if row["protocol"] != HTTPS:
            return Frontend(address, port)
        if habit == OTHER:
            return Frontend(address, port, self._world.stranger, None, balancer.ciphers)
        if habit == HANDSHAKE:
            return Frontend(address, port, self._world.stranger, None, ECDSA_SUITES[:1])
        record = self._world.certificates.get(row["tlsCertificateId"])
        if record is None:
            return None
        issuers = None if habit == BARE else record["intermediateCertificate"]
        parts = (record["certificate"], issuers, record["privateKey"])
        pem = "\n".join(str(part).strip() for part in parts if part) + "\n"
        return Frontend(address, port, pem, record["id"], balancer.ciphers)


Proxy = Callable[[list[Frontend]], None]
"""Serves all these and nothing else from when it returns; raises ProxyError, and goes on as before."""


def _worn(habits: dict[str, Habit], uuid: str) -> str | None:
    """The habit of a listener, which lasts for one change less now."""
    habit = habits.pop(uuid, None)
    if habit is None:
        return None
    if habit.changes > 1:
        habits[uuid] = replace(habit, changes=habit.changes - 1)
    return habit.kind
