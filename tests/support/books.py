# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger in memory, by a test's own clock, which may fail at each act."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import Claim, Entry, Key


class Books:
    """A ledger with the last act of each key that counts; every run's ledger is this one."""

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.closed = 0
        self.failing_acts: set[str] = set()
        self.asked_for: list[Key] = []
        self._ids = count(1)
        self._asked = 0

    def close(self) -> None:
        self.closed += 1

    def find_last_requests(self, keys: Iterable[Key], since: datetime | None = None) -> dict[Key, Entry]:
        self.may_fail("find_last_requests")
        keys = self.asked_for = list(keys)
        return {key: self.entries[key] for key in keys if key in self.entries}

    def claim(self, key: Key, at: datetime, interval: timedelta | None, lease: timedelta) -> Claim | Entry:
        self.act("claim", key)
        self._asked += 1
        assert self._asked < 10_000, "it never ends"
        last = self.entries.get(key)
        if last is not None and (interval is None or last.get_block_end(interval, at)):
            return last
        entry = self.entries[key] = Entry(next(self._ids), key, at, "claimed", at + lease)
        return Claim(entry.id, key, at, at + lease)

    def confirm(self, claim: Claim | Entry, certificate_id: int | None = None) -> None:
        self._end("confirm", claim, state="confirmed", certificate_id=certificate_id)

    def record_unknown_outcome(self, claim: Claim) -> None:
        self._end("doubt", claim, state="unknown")

    def release(self, claim: Claim) -> None:
        self.act("release", claim.key)
        assert self.entries.pop(claim.key).id == claim.id

    def withdraw(self, entry: Entry) -> bool:
        if self.entries.get(entry.key) != entry:
            return False
        del self.entries[entry.key]
        return True

    def renew(self, claim: Claim, at: datetime) -> Claim | None:
        entry = self.entries.get(claim.key)
        if entry is None or (entry.id, entry.state, entry.lease_until) != (claim.id, "claimed", claim.lease_until):
            return None
        until = at + (claim.lease_until - claim.requested_at)
        self.entries[claim.key] = replace(entry, requested_at=at, lease_until=until)
        return replace(claim, requested_at=at, lease_until=until)

    def correct(self, entry: Entry, at: datetime) -> None:
        self.act("correct", entry.key)
        self.entries[entry.key] = replace(entry, noticed_at=at)

    def act(self, what: str, _key: Key) -> None:
        """Begin something with a key."""
        self.may_fail(what)

    def may_fail(self, what: str) -> None:
        """Fail, if that is wanted."""
        if what in self.failing_acts:
            raise CertificatesError("ledger_unavailable", "The ledger is away.")

    def _end(self, what: str, claim: Claim | Entry, **known: Any) -> None:
        self.act(what, claim.key)
        entry = self.entries[claim.key]
        assert entry.id == claim.id
        self.entries[claim.key] = replace(entry, **known)
