# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prevent concurrent runs from making the same change. Private to softlayer.certificates.

`guard` claims an operation, and `acquire` a lock. A thread renews the lease of a lock until the run ends. Another run takes the lock
over after seeing it unchanged for the length of the lease. A run that cannot renew its lock in time sends no more changes.
"""

from __future__ import annotations

import threading
import time
import typing as t
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._base.backoff import Backoff
from .._base.errors import CertificatesError
from .._base.progress import record_wait
from .._base.times import format_time, now
from .._http.caller import Caller
from .ledger import CLOCK_TOLERANCE, Claim, Entry, Key, Ledger

LEASE = timedelta(seconds=30)
RENEWALS_PER_LEASE = 6
"""Number of renewals of a lock within its lease."""
USABLE_SHARE = 1 / 3
"""Share of the lease in which a lock is usable without renewal; the remaining time is reserved for the call."""
MAX_PAUSE = 2.0
"""Maximum interval in seconds between two checks of another run's lock."""
MAX_CLOCK_ERROR = timedelta(days=1)
"""Maximum clock difference between hosts. A host with a larger difference could not verify the certificate of the API."""
T = t.TypeVar("T")


class Lock:
    """The exclusive right to change an object, until `end`.

    Attributes:
        is_plan_stale: whether another run may have changed the object after planning.

    Args:
        ledger: contains the claim, and is closed at the end.
        claim: the claim.
        what: the name of the locked object in messages, such as `load balancers`.
        taken_at: the time of the claim or earlier, from `read_clock`.
        is_plan_stale: see the attribute.
    """

    def __init__(self, ledger: Ledger, claim: Claim, what: str, taken_at: float, *, is_plan_stale: bool) -> None:
        self.is_plan_stale = is_plan_stale
        self._ledger = ledger
        self._claim = claim
        self._what = what
        self._lease = (claim.lease_until - claim.requested_at).total_seconds()
        self._renewed_at = taken_at
        self._changed = threading.Condition()
        self._is_asked = False
        self._is_over = False
        self._is_released = True
        self._problem = "The ledger does not respond."
        self._why_lost: str | None = None
        self._keeper = threading.Thread(target=self._maintain, daemon=True)
        self._keeper.start()

    def check(self) -> None:
        """Check directly before sending a change that this run holds the lock.

        Raises:
            CertificatesError: `locked`, also for all later checks.
        """
        with self._changed:
            if not (self._is_fresh or self._why_lost):  # the process was stopped, or the ledger is slow or away
                self._is_asked = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: not self._is_asked, self._lease)
                if not (self._is_fresh or self._why_lost):
                    self._lose(f"the lock could not be renewed in time. {self._problem}")
            if self._why_lost:
                raise CertificatesError(
                    "locked",
                    f"Lost the lock on the {self._what}: {self._why_lost} The change was not sent. Run the playbook again.",
                )

    def end(self, *, release: bool = True) -> None:
        """End the lock. Without `release`, it ends with its lease, because a sent change may still arrive."""
        with self._changed:
            self._is_over, self._is_released = True, release
            self._changed.notify_all()
        self._keeper.join(self._lease)

    @property
    def _is_fresh(self) -> bool:
        return read_clock() - self._renewed_at <= self._lease * USABLE_SHARE

    def _lose(self, why: str) -> None:
        self._why_lost = why
        self._changed.notify_all()

    # In a thread of its own, since a ledger may take long to answer

    def _maintain(self) -> None:
        """Renew the lock until it ends or is lost, then release it."""
        while True:
            with self._changed:  # until it is time to renew the lock, or that is not wanted any more
                self._changed.wait_for(
                    lambda: self._is_over or self._why_lost or self._is_asked, self._lease / RENEWALS_PER_LEASE
                )
                if self._is_over or self._why_lost:
                    break
            self._renew()
        if self._is_released:
            with suppress(CertificatesError):  # otherwise the lease expires
                self._ledger.end(self._claim, now())
        self._ledger.close()

    def _renew(self) -> None:
        began = read_clock()
        try:
            renewed = self._ledger.renew(self._claim, now())
        except CertificatesError as error:
            with self._changed:
                self._problem = error.message
                self._is_asked = False
                self._changed.notify_all()
            return
        with self._changed:
            self._is_asked = False
            if renewed is None:
                self._lose(
                    f"another run took over the lock, because this run did not renew it for {self._lease:g} seconds."
                )
            else:
                self._claim, self._renewed_at = renewed, began
            self._changed.notify_all()


def acquire(
    caller: Caller,
    ledger_url: str | None,
    subject: Callable[[], str],
    what: str,
    longest_wait: float,
    planned_at: datetime,
) -> Lock:
    """Wait for a lock and return it.

    Args:
        caller: warns, and can be interrupted.
        ledger_url: as in `Ledger`.
        subject: returns the locked object, and may call the API.
        what: the name of the locked object in messages, such as `load balancers`.
        longest_wait: the maximum time to wait for other runs, in seconds.
        planned_at: the time at which planning started.

    Raises:
        CertificatesError: as in `Ledger` and `subject`; `locked` or `interrupted`.
    """
    ledger = Ledger(ledger_url)
    backoff = Backoff(caller.stop, longest_wait, MAX_PAUSE)

    def wait(lock: Entry) -> None:
        """Wait until the next check of another run's lock. Raises `CertificatesError` after the maximum time."""
        since = format_time(lock.begun_at)
        others = f"Another run has been changing {what} since {since}"
        within = f"{longest_wait:g} seconds"
        if longest_wait:
            caller.warn(f"{others}. This run waited at most {within} for the other run to end.")
            with record_wait(f"{what}: waiting for another run to end", longest_wait, backoff.waited):
                has_waited = backoff.pause()
            if has_waited:
                return
        if caller.stop.is_set():
            raise CertificatesError(
                "interrupted", f"{others}, and this run was interrupted. This run did not change {what}."
            )
        how = f"did not end within {within}" if longest_wait else "this run does not wait for other runs"
        raise CertificatesError(
            "locked", f"{others}, and {how}. This run did not change {what}. Run the playbook again later.", since=since
        )

    try:
        granted = guard(ledger, Key("lock", subject()), LEASE, wait, tolerance=MAX_CLOCK_ERROR)
    except CertificatesError:
        ledger.close()
        raise
    until = granted.claim.previous_end
    is_stale = granted.has_rival or (until is not None and until >= planned_at)
    return Lock(ledger, granted.claim, what, granted.claimed_at, is_plan_stale=is_stale)


def read_clock() -> float:
    """Return the seconds of a monotonic clock; on Linux, the clock continues in suspend mode."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class Grant:
    """The result of claiming an operation.

    Attributes:
        claim: the claim.
        claimed_at: the time of the claim or earlier, from `read_clock`.
        has_rival: whether another run had claimed the operation before.
    """

    claim: Claim
    claimed_at: float
    has_rival: bool


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
) -> Grant | T:
    """Claim an operation, waiting for other runs, and taking over the claims of ended runs.

    A claim counts as ended if it has not changed for the length of its lease, by the local clock.

    Args:
        ledger: contains the claims.
        key: the object of the operation.
        lease: as in `Ledger.claim`.
        wait: waits for a change of another run's claim; raises to stop waiting.
        look: returns the result of another run's ended claim and the time of its last change; `None` without a result.
        seen: the previously read entry, if any.
        since: the time at which `seen` was read, from `read_clock`.
        tolerance: as in `Entry.is_over`.
        clock: returns the current time.

    Raises:
        CertificatesError: as in `Ledger`, `wait`, and `look`.
    """
    has_rival = False
    while True:
        claimed_at = read_clock()
        answer = ledger.claim(key, clock(), None, lease)
        if isinstance(answer, Claim):
            return Grant(answer, claimed_at, has_rival)
        has_rival = True
        if answer != seen:
            seen, since = answer, read_clock()
        if answer.state != "claimed" or answer.is_over(timedelta(seconds=read_clock() - since), clock(), tolerance):
            done = look(answer, since)
            if done is not None:
                return done
            if ledger.withdraw(answer):
                continue
        wait(answer)
