# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make HTTP calls in several threads, with limits for concurrency, rate, and retries. Private to softlayer.certificates."""

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
from .faults import RATE_LIMIT_STATUS, RESPONSE_CODES, UNPROCESSED_CODES, make_rate_limit_error
from .transport import Attempt, CurrentAttempt, make_adapter

with suppress(ImportError):
    import requests

T = t.TypeVar("T")
R = t.TypeVar("R")
MAX_WAIT = 300
"""Maximum accepted `Retry-After` in seconds. After a longer one, the caller makes no more calls to that server."""
RETRY_CODES = UNPROCESSED_CODES | {"no_answer"}
MAX_RETRY_PAUSE = 15.0
"""Maximum average pause in seconds before the retry of a call without a response."""
FIRST_PAUSE = 0.2
"""Pause in seconds after the first rejected call; each further rejection in a row doubles the pause."""
MAX_PAUSE = 30.0
"""Maximum pause in seconds after rejected calls, unless `Retry-After` is longer."""
MAX_INTERVAL = 0.5
"""Maximum interval in seconds between two calls, unless the server requests a pause."""
HEADROOM = 0.8
"""The share of the measured rate to try next."""
RECOVERY_FACTOR = 0.97
"""The factor for the interval after each accepted call."""


class InterruptedRunError(CertificatesError):
    """The run was interrupted before the call was made."""

    def __init__(self) -> None:
        super().__init__("interrupted", "The run was interrupted before this call. Nothing was sent.")


class Caller:
    """The caller of one server for several threads.

    Attributes:
        api_calls: the number of HTTP requests so far, including retries.
        concurrency: the maximum number of concurrent calls.
        stop: if set, no new calls start and all waits end.

    Args:
        timeout: the maximum duration of a request in seconds.
        retries: the maximum number of retries of a call.
        concurrency: see the attribute.
        stop: see the attribute.
        warn: called with the text of each warning.
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
        """Return a session for the server of a URL, without retries, redirects, or credentials from `~/.netrc`."""
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
        """Warn the user once about the same problem."""
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
        """Return the result of a call, with retries if the call is certainly safe to repeat.

        Args:
            call_once: makes the call with the given attempt.
            repeatable: whether the call only reads, so that it is safe to repeat without a response.
            before_sending: called directly before each attempt; nothing is sent if it raises.
            in_turn: whether `before_sending` of another call makes this call.

        Raises:
            CertificatesError: the error of `call_once`; `interrupted` if `stop` was set before the call.
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
            CertificatesError: `interrupted` because of `stop`; `rate_limited` after a `Retry-After` longer than `MAX_WAIT`.
        """
        self._limiter.wait(self.stop.wait)
        if self.stop.is_set():
            raise InterruptedRunError
        if self._turned_away:
            raise self._turned_away

    def _can_repeat(self, error: CertificatesError, repeatable: bool) -> bool:
        """Return whether a failed call is safe to repeat: it was not processed, or only reads."""
        if self._turned_away:
            return False
        if repeatable:
            return error.code in RETRY_CODES
        # If a proxy answered the call itself, only its word says what happened to the call.
        is_answered = error.code == "unreachable" and "http_status" in error.details
        return error.code in UNPROCESSED_CODES and not is_answered

    def _record_failure(self, error: CertificatesError) -> None:
        """Record the effect of a failed call on the rate of later calls."""
        if error.code in RESPONSE_CODES:
            self._limiter.record_success()
        # A gateway's word does not say what became of this call, but it says how fast the next ones may come.
        if error.code != "rate_limited" and error.details.get("http_status") != RATE_LIMIT_STATUS:
            return
        retry_after = error.details.get("retry_after_seconds", 0.0)
        if retry_after > MAX_WAIT:  # the wait would hold back all other calls as well
            self._turned_away = make_rate_limit_error(error.details["call"], error.details)
        else:
            self._limiter.record_rejection(retry_after)

    def call_for_each(
        self, function: Callable[[T], R], items: Sequence[T], *, prepares: bool = False, at_once: int | None = None
    ) -> list[R]:
        """Return the results of calling `function` for each item concurrently, in order.

        Args:
            function: makes calls.
            items: the arguments.
            prepares: whether `function` also works before and after its call, so that more threads than `concurrency` are useful.
            at_once: the maximum number of threads; by default, `concurrency`.
        """
        if len(items) <= 1:
            return [function(item) for item in items]
        threads = at_once or self.concurrency + (self.concurrency // 2 if prepares else 0)
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(threads, len(items))) as pool:
            return list(pool.map(function, items))


def _add_processing_note(error: CertificatesError) -> CertificatesError:
    """Return the error of an unrepeatable call, with a note if the call may have been processed."""
    if error.code != "no_answer":
        return error
    return CertificatesError(error.code, f"{error.message} The call may have been processed.", **error.details)


class RateLimiter:
    """The rate limit of calls in all threads: unlimited until the server rejects a call, then the measured rate.

    SoftLayer limits requests per second and user, but shows its limit only in rejections. A rejection pauses all threads and sets the
    interval to the rate of the last second, less `HEADROOM`. Each accepted call shortens the interval.
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
        """Wait with `sleep`, a function of seconds, until the next call may start."""
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
        """Record an accepted call, which shortens the interval."""
        with self._lock:
            self._taken.append(self._clock())
            self._pauses = generate_pauses(FIRST_PAUSE, MAX_PAUSE)
            self._interval *= RECOVERY_FACTOR
            if self._interval < 0.001:
                self._interval = 0.0

    def record_rejection(self, retry_after: float | None) -> None:
        """Record a call that was rejected because of the rate limit; `retry_after` is the requested pause in seconds."""
        with self._lock:
            now = self._clock()
            if now >= self._resume:  # the first refusal of a burst: those that follow it say nothing new
                pace = sum(moment > self._taken[-1] - 1 for moment in self._taken) or 1
                self._interval = max(self._interval, min(MAX_INTERVAL, 1 / (HEADROOM * pace)))
                self._resume = now + next(self._pauses)
            self._resume = max(self._resume, now + (retry_after or 0.0))
            self._next_start = self._resume
            self._epoch += 1
