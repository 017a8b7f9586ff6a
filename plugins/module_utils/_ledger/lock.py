# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let only one run at a time do something. Private to softlayer.certificates.

`guard` claims an act in the ledger, and takes it over from a run that is dead. `acquire` claims a lock in the same way: the right to change
the load balancers of an account, or the secrets of an instance. A thread renews the lease of a lock until the run ends. A killed run renews
it no more: its lock is over when another run has seen it unchanged for the length of the lease, by its own clock. A run that could not renew
its lock for a part of the lease sends nothing more, so that two runs never change something at the same time.
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
"""How often a lock is renewed within its lease."""
USABLE_SHARE = 1 / 3
"""The part of a lease for which a lock can be used without being renewed; a call has the rest of it to arrive."""
MAX_PAUSE = 2.0
"""Seconds between two checks of another run's lock."""
MAX_CLOCK_ERROR = timedelta(days=1)
"""A lock that ended so long ago by its own times is over at once, even for a run that does not wait. A machine whose clock is
wrong by that much could not verify the API's certificate."""
T = t.TypeVar("T")


class Lock:
    """The right to change something, until its `end`.

    Attributes:
        is_plan_stale: whether another run may have changed something since the plan was made.

    Args:
        ledger: has the claim; it is closed at the end.
        claim: the claim.
        what: is changed, in messages: `load balancers`.
        taken_at: in `read_clock`, not after it was claimed.
        is_plan_stale: see above.
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
        """Check, directly before a change is sent, that this run has the lock.

        Raises:
            CertificatesError: `locked`; from then on in any case.
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
        """Release the lock; if the ledger does not respond, it ends with its lease.

        Args:
            release: whether they may have it at once, and not with the end of its lease: what was sent may still arrive.
        """
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
        """Renew the lock until it is over or lost, and release it."""
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
    """Wait for the lock, and return it.

    Args:
        caller: the session, which can be interrupted, and warns.
        ledger_url: as `Ledger` takes it.
        subject: returns what to lock, once the ledger is open, as it may cost a call.
        what: its name in messages: `load balancers`.
        longest_wait: for other runs, in seconds; zero not to wait.
        planned_at: when the facts of the plan began to be read.

    Raises:
        CertificatesError: as `Ledger` and `subject`; `locked`, `interrupted`.
    """
    ledger = Ledger(ledger_url)
    backoff = Backoff(caller.stop, longest_wait, MAX_PAUSE)

    def wait(lock: Entry) -> None:
        """Wait a little for the end of another run; raise if the time is over, or this run was interrupted."""
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
            raise CertificatesError("interrupted", f"{others}, and this run was interrupted. Nothing was changed.")
        how = f"did not end within {within}" if longest_wait else "this run does not wait for other runs"
        raise CertificatesError(
            "locked", f"{others}, and {how}. Nothing was changed. Run the playbook again later.", since=since
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
    """Return the time of a monotonic clock; on Linux, it continues while the host sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class Grant:
    """The right to do an act.

    Attributes:
        claim: the claim.
        claimed_at: in `read_clock`, not after it was claimed.
        has_rival: whether another run was met that had it.
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
    """Claim an act; while another run may be at it, wait, and take it over from one that is dead.

    A dead run no longer changes its claim: it expires if it is unchanged for the length of its lease, by the clock of this host.

    Args:
        ledger: has the claims.
        key: what the act is about.
        lease: see `Ledger.claim`.
        wait: waits a little for another run's claim to change; raises to give up.
        look: returns what another run has done whose claim is over or confirmed, and since when it was seen; `None` if that was nothing.
        seen: the entry that was seen before, if there was one.
        since: when, in `read_clock`.
        tolerance: see `Entry.is_over`.
        clock: returns the present instant.

    Raises:
        CertificatesError: as `Ledger`, `wait` and `look`.
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
