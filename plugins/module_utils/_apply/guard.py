# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait until an act that only one run may do is this run's, or was done by another one. Private to softlayer.certificates."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._ledger.ledger import CLOCK_TOLERANCE, Claim, Entry, Key, Ledger
from .._times import now

T = t.TypeVar("T")


def seconds() -> float:
    """Return the time of a clock that nobody sets; on Linux it goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class Granted:
    """The right to do an act.

    Attributes:
        claim: the claim.
        asked_at: in `seconds`, not after it was claimed.
        was_taken: whether another run was met that had it.
    """

    claim: Claim
    asked_at: float
    was_taken: bool


def guard(
    ledger: Ledger,
    key: Key,
    lease: timedelta,
    wait: Callable[[Entry], None],
    look: Callable[[Entry, float], T | None] = lambda _entry, _since: None,
    *,
    seen: Entry | None = None,
    since: float = 0.0,
    tolerance: timedelta = CLOCK_TOLERANCE,
    clock: Callable[[], datetime] = now,
) -> Granted | T:
    """Claim an act; while another run may be at it, wait, and take it over from one that is dead.

    A dead run no longer changes its claim: it is over once it was seen unchanged for the length of its lease, by this machine's clock.

    Args:
        ledger: has the claims.
        key: what the act is about.
        lease: see `Ledger.claim`.
        wait: waits a little for another run's claim to change; raises to give up.
        look: returns what another run has done whose claim is over or confirmed, and since when it was seen; `None` if that was nothing.
        seen: the entry that was seen before, if there was one.
        since: when, in `seconds`.
        tolerance: see `Entry.is_over`.
        clock: returns the present instant.

    Raises:
        CertificatesError: as `Ledger`, `wait` and `look`.
    """
    was_taken = False
    while True:
        asked_at = seconds()
        answer = ledger.claim(key, clock(), None, lease)
        if isinstance(answer, Claim):
            return Granted(answer, asked_at, was_taken)
        was_taken = True
        if answer != seen:
            seen, since = answer, seconds()
        if answer.state != "claimed" or answer.is_over(timedelta(seconds=seconds() - since), clock(), tolerance):
            done = look(answer, since)
            if done is not None:
                return done
            if ledger.withdraw(answer):
                continue
        wait(answer)
