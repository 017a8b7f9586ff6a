# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rate limit of a run, on a clock that only the test moves."""

from __future__ import annotations

import threading
from collections import deque
from itertools import pairwise

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http.caller import (
    FIRST_PAUSE,
    LONGEST_INTERVAL,
    LONGEST_PAUSE,
    RateLimiter,
)


class Clock:
    """Stands still unless somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds


class Server:
    """Takes so many calls in any one second and refuses the others."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self.clock, self.limit = clock, limit
        self.recent: deque[float] = deque()
        self.refusals = 0

    def takes(self) -> bool:
        while self.recent and self.recent[0] <= self.clock() - 1:
            self.recent.popleft()
        if len(self.recent) >= self.limit:
            self.refusals += 1
            return False
        self.recent.append(self.clock())
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> RateLimiter:
    """A limiter whose jitter is the middle: pauses are what the constants say."""
    return RateLimiter(clock, lambda: 0.5)


def send(limiter: RateLimiter, clock: Clock, server: Server, calls: int) -> list[int]:
    """Make calls one after the other, each until the server takes it; how many refusals each met."""
    refusals = []
    for _ in range(calls):
        refused = 0
        limiter.wait(clock.sleep)
        while not server.takes():
            refused += 1
            limiter.refused(None)
            limiter.wait(clock.sleep)
        limiter.taken()
        refusals.append(refused)
    return refusals


def test_without_refusals_nobody_waits(limiter: RateLimiter, clock: Clock) -> None:
    send(limiter, clock, Server(clock, 10_000), 500)
    assert clock.slept == []


@pytest.mark.parametrize("retry_after", [None, 0.0, 0.05])
def test_a_refusal_pauses(limiter: RateLimiter, clock: Clock, retry_after: float | None) -> None:
    limiter.refused(retry_after)
    limiter.wait(clock.sleep)
    assert clock.time - 1000 == pytest.approx(FIRST_PAUSE)


def test_retry_after_is_waited_for(limiter: RateLimiter, clock: Clock) -> None:
    limiter.refused(7.0)
    limiter.wait(clock.sleep)
    assert clock.time - 1000 == pytest.approx(7)


def test_refusals_in_a_row_double_the_pause_up_to_a_limit(limiter: RateLimiter, clock: Clock) -> None:
    pauses = []
    for _ in range(12):
        before = clock.time
        limiter.refused(None)
        limiter.wait(clock.sleep)
        pauses.append(clock.time - before)
    assert pauses[:4] == pytest.approx([FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE])
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE)


def test_a_call_that_gets_through_ends_the_row(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(5):
        limiter.refused(None)
        limiter.wait(clock.sleep)
    limiter.taken()
    clock.time += 100
    before = clock.time
    limiter.refused(None)
    limiter.wait(clock.sleep)
    assert clock.time - before == pytest.approx(FIRST_PAUSE)


def test_a_burst_of_refusals_counts_once(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(8):
        limiter.refused(None)
    limiter.wait(clock.sleep)
    assert clock.time - 1000 == pytest.approx(FIRST_PAUSE)


def test_the_longest_retry_after_of_a_burst_counts(limiter: RateLimiter, clock: Clock) -> None:
    for seconds in (1.0, 5.0, None, 2.0):
        limiter.refused(seconds)
    limiter.wait(clock.sleep)
    assert clock.time - 1000 == pytest.approx(5)


@pytest.mark.parametrize(("jitter", "share"), [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)])
def test_jitter_spreads_the_pause(clock: Clock, jitter: float, share: float) -> None:
    limiter = RateLimiter(clock, lambda: jitter)
    limiter.refused(None)
    limiter.wait(clock.sleep)
    assert clock.time - 1000 == pytest.approx(share * FIRST_PAUSE)


@pytest.mark.parametrize("limit", [5, 50])
def test_it_settles_at_the_speed_that_the_server_allows(limiter: RateLimiter, clock: Clock, limit: int) -> None:
    server = Server(clock, limit)
    calls = 40 * limit
    refusals = send(limiter, clock, server, calls)
    assert sum(refusals) <= 0.25 * calls, "it runs into the limit again and again"
    assert max(refusals) <= 5, "the default of retries would not have been enough"
    assert clock.time - 1000 <= 3 * calls / limit, "it is much slower than it may be"


def test_a_server_slower_than_the_slowest_pace_delays_and_fails_nothing(limiter: RateLimiter, clock: Clock) -> None:
    assert max(send(limiter, clock, Server(clock, 1), 40)) <= 5, "the default of retries would not have been enough"


def test_it_recovers_its_full_speed(limiter: RateLimiter, clock: Clock) -> None:
    send(limiter, clock, Server(clock, 5), 20)
    send(limiter, clock, Server(clock, 10_000), 500)
    clock.slept.clear()
    send(limiter, clock, Server(clock, 10_000), 50)
    assert clock.slept == []


def test_pauses_are_shared_out_one_after_the_other(limiter: RateLimiter, clock: Clock) -> None:
    limiter.taken()
    limiter.refused(None)
    starts = []
    for _ in range(4):
        limiter.wait(clock.sleep)
        starts.append(clock.time)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([LONGEST_INTERVAL] * 3)


def test_who_waited_when_a_refusal_came_waits_again(limiter: RateLimiter, clock: Clock) -> None:
    limiter.refused(1.0)
    refused_again = []

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if not refused_again:
            refused_again.append(clock.time)
            limiter.refused(3.0)

    limiter.wait(sleep)
    assert clock.time == pytest.approx(refused_again[0] + 3)


def test_whoever_is_told_to_stop_stops_waiting(limiter: RateLimiter) -> None:
    """The client passes the `wait` of its stop event: once set, it returns at once, and so must this."""
    stop = threading.Event()
    stop.set()
    limiter.refused(3600.0)
    limiter.wait(stop.wait)
