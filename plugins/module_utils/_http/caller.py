# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls over HTTP that many threads share: how many at once, how fast, and which are made again. Private to softlayer.certificates."""

from __future__ import annotations

import concurrent.futures
import math
import threading
import time
import typing as t
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from urllib.parse import urlsplit

from .._base.backoff import Backoff, generate_pauses
from .._base.errors import CertificatesError
from .._base.names import is_loopback
from .faults import RESPONSE_CODES, TOO_MANY, UNPROCESSED_CODES, make_rate_limit_error
from .transport import Attempt, CurrentAttempt, make_adapter

with suppress(ImportError):
    import requests

T = t.TypeVar("T")
R = t.TypeVar("R")
MAX_WAIT = 300
"""Seconds. If a server's `Retry-After` asks for more, the caller does not wait, and makes no more calls to that server."""
RETRY_CODES = UNPROCESSED_CODES | {"no_answer"}
MAX_RETRY_PAUSE = 15.0
"""Seconds, on average, before a call whose answer was lost again and again is made once more."""
FIRST_PAUSE = 0.2
"""Seconds to pause after the first refusal; each further refusal in a row doubles it."""
MAX_PAUSE = 30.0
"""Seconds; the longest pause by this rule. A `Retry-After` of the server may ask for more."""
MAX_INTERVAL = 0.5
"""Seconds between two calls at the slowest pace that the limiter sets by itself."""
HEADROOM = 0.8
"""The share of the measured pace that is tried next."""
RECOVERY_FACTOR = 0.97
"""Factor for the interval after every call that the server accepts."""


class InterruptedRunError(CertificatesError):
    """The run was interrupted, and this call was not made."""

    def __init__(self) -> None:
        super().__init__("interrupted", "The run was interrupted before this call. Nothing was sent.")


class Caller:
    """Makes calls to one server for any number of threads.

    Attributes:
        api_calls: HTTP requests made so far, including retries.
        concurrency: maximum number of calls in flight at the same time, in all threads together.
        stop: once it is set, calls in flight finish, no new ones start, and every wait ends at once.

    Args:
        timeout: seconds that one request may take as a whole.
        retries: how often a call is made again, where that does no harm.
        concurrency: see above.
        stop: see above.
        warn: called with the text of each warning to the user.
    """

    def __init__(
        self,
        timeout: float,
        retries: int,
        concurrency: int,
        stop: threading.Event | None = None,
        warn: Callable[[str], object] = lambda _text: None,
    ) -> None:
        self.concurrency = concurrency
        self.api_calls = 0
        self.stop = stop or threading.Event()
        self._timeout, self._retries = timeout, retries
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(concurrency)
        self._limiter = RateLimiter()
        self._turned_away: CertificatesError | None = None
        self._warn = warn
        self._warned: set[str] = set()
        self._under_way = CurrentAttempt()

    def make_session(self, url: str) -> requests.Session:
        """Return a session for the server of a URL, which repeats nothing and sends no login elsewhere."""
        session = requests.Session()
        adapter = make_adapter(self._under_way)(max_retries=0, pool_maxsize=self.concurrency)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.max_redirects = 0  # following a redirect would send the credentials to another host
        session.auth = lambda request: request  # otherwise requests looks for a login in ~/.netrc
        if is_loopback(t.cast(str, urlsplit(url).hostname)):
            session.trust_env = False  # no proxy from the environment for a server on this machine
        return session

    def warn(self, text: str) -> None:
        """Warn the user; the same warning only once."""
        with self._lock:
            is_new = text not in self._warned
            self._warned.add(text)
        if is_new:
            self._warn(text)

    def call_until_done(
        self,
        call_once: Callable[[Attempt], T],
        *,
        repeatable: bool,
        before_sending: Callable[[], None] | None = None,
        in_turn: bool = False,
    ) -> T:
        """Return what a call returns, made again after a pause as long as that does no harm.

        Args:
            call_once: makes the call, as the one request that it is given.
            repeatable: whether it may be made again after a lost answer: `False` for all calls that do more than to read.
            before_sending: called right before each attempt, after all waiting; if it raises, nothing is sent.
            in_turn: whether it is made by a `before_sending`, which has the turn of its own call.

        Raises:
            CertificatesError: what `call_once` raises; `interrupted` if the call was not made because of `stop`.
        """
        backoff = Backoff(self.stop, math.inf, MAX_RETRY_PAUSE, growth=2, spread=1)
        for retries_left in reversed(range(self._retries + 1)):
            with nullcontext() if in_turn else self._turns:
                self._wait_for_rate_limit()
                if before_sending is not None:
                    before_sending()
                with self._lock:
                    self.api_calls += 1
                attempt = self._under_way.attempt = Attempt(self._timeout)
                try:
                    answer = call_once(attempt)
                except CertificatesError as error:
                    self._record_failure(error)
                    if not retries_left or not self._can_repeat(error, repeatable):
                        raise error if repeatable else _add_processing_note(error) from None
                    is_paced = error.code == "rate_limited"
                else:
                    self._limiter.record_success()
                    return answer
            if not is_paced:
                backoff.pause()
        raise AssertionError("unreachable")  # pragma: no cover

    def _wait_for_rate_limit(self) -> None:
        """Wait until the rate limit allows a call.

        Raises:
            CertificatesError: `interrupted` because of `stop`; `make_rate_limit_error` if the server wants a longer wait than a run can take.
        """
        self._limiter.wait(self.stop.wait)
        if self.stop.is_set():
            raise InterruptedRunError
        if self._turned_away:
            raise self._turned_away

    def _can_repeat(self, error: CertificatesError, repeatable: bool) -> bool:
        """Return whether a failed call may be made again: it was not carried out, or it does no harm to carry it out twice."""
        if self._turned_away:
            return False
        if repeatable:
            return error.code in RETRY_CODES
        # If a proxy answered the call itself, only its word says what happened to the call.
        is_answered = error.code == "unreachable" and "http_status" in error.details
        return error.code in UNPROCESSED_CODES and not is_answered

    def _record_failure(self, error: CertificatesError) -> None:
        """Record the consequences of a failed call for later calls."""
        if error.code in RESPONSE_CODES:
            self._limiter.record_success()
        # A gateway's word does not say what became of this call, but it says how fast the next ones may come.
        if error.code != "rate_limited" and error.details.get("http_status") != TOO_MANY:
            return
        retry_after = error.details.get("retry_after_seconds", 0.0)
        if retry_after > MAX_WAIT:  # the wait would hold back all other calls as well
            self._turned_away = make_rate_limit_error(error.details["call"], error.details)
        else:
            self._limiter.record_rejection(retry_after)

    def call_for_each(
        self, function: Callable[[T], R], items: Sequence[T], *, prepares: bool = False, at_once: int | None = None
    ) -> list[R]:
        """Apply `function` to every item, at most `concurrency` at the same time; return the results in order.

        Args:
            function: makes calls.
            items: what it is applied to.
            prepares: whether it has something else to do before and after its call. Then that is done for some more items
                while others wait for the API; there are still no more than `concurrency` calls in flight.
            at_once: how many items are dealt with at the same time, if not `concurrency`.
        """
        if len(items) <= 1:
            return [function(item) for item in items]
        threads = at_once or self.concurrency + (self.concurrency // 2 if prepares else 0)
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(threads, len(items))) as pool:
            return list(pool.map(function, items))


def _add_processing_note(error: CertificatesError) -> CertificatesError:
    """Return the error of a call that must not be repeated, with a note if the call may have been processed."""
    if error.code != "no_answer":
        return error
    return CertificatesError(error.code, f"{error.message} The call may have been processed.", **error.details)


class RateLimiter:
    """Paces the calls of all threads: full speed until the server refuses a call, then the speed that it allowed.

    SoftLayer counts requests per second and user, and shows its limit only by refusing. So the pace is measured: a refusal
    pauses all threads, with jitter, and sets the interval between calls to the pace of the last second, less some
    headroom. Every accepted call shortens the interval again.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._interval = 0.0
        self._next_start = 0.0
        self._resume = 0.0
        self._pauses = generate_pauses(FIRST_PAUSE, MAX_PAUSE)
        self._epoch = 0
        self._taken: deque[float] = deque(maxlen=1000)

    def wait(self, sleep: Callable[[float], object]) -> None:
        """Wait until the next call may start; `sleep` takes seconds."""
        while True:
            with self._lock:
                epoch = self._epoch
                start = max(self._clock(), self._next_start)
                self._next_start = start + self._interval
            delay = start - self._clock()
            if delay > 0:
                sleep(delay)
            with self._lock:
                if epoch == self._epoch:  # else a call was refused meanwhile, and the planned start no longer counts
                    return

    def record_success(self) -> None:
        """Note that the server accepted a call."""
        with self._lock:
            self._taken.append(self._clock())
            self._pauses = generate_pauses(FIRST_PAUSE, MAX_PAUSE)
            self._interval *= RECOVERY_FACTOR
            if self._interval < 0.001:
                self._interval = 0.0

    def record_rejection(self, retry_after: float | None) -> None:
        """Record that the server rejected a call because of the rate; `retry_after` is the requested pause in seconds."""
        with self._lock:
            now = self._clock()
            if now >= self._resume:  # the first refusal of a burst: those that follow it say nothing new
                pace = sum(moment > self._taken[-1] - 1 for moment in self._taken) or 1
                self._interval = max(self._interval, min(MAX_INTERVAL, 1 / (HEADROOM * pace)))
                self._resume = now + next(self._pauses)
            self._resume = max(self._resume, now + (retry_after or 0.0))
            self._next_start = self._resume
            self._epoch += 1
