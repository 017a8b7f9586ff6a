# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which calls are made again, how fast calls come, and how many at once; the network itself is stood in for."""

from __future__ import annotations

import concurrent.futures
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._http import transport
from ansible_collections.softlayer.certificates.plugins.module_utils._http.caller import (
    FIRST_PAUSE,
    MAX_INTERVAL,
    MAX_PAUSE,
    MAX_WAIT,
    Caller,
    RateLimiter,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client
from requests.adapters import HTTPAdapter

from tests.support.clock import Clock
from tests.support.failing import fails
from tests.support.wire import (
    EXHAUSTED,
    FOR_GOOD,
    LOST,
    NOT_PROCESSED,
    RATE_LIMIT,
    RATE_LIMIT_STATUS,
    RATE_LIMITED,
    REDIRECTS,
    RESET,
    REST_URL,
    SETTINGS,
    XMLRPC_URL,
    Answer,
    Wire,
    client_for,
    fault,
    ok,
    page,
)

pytest_plugins = ["tests.support.wire"]


# What is tried again


@pytest.mark.parametrize("lost", {**LOST, **RATE_LIMIT_STATUS}.values(), ids={**LOST, **RATE_LIMIT_STATUS})
def test_a_read_is_repeated_after_a_lost_answer(client: Client, wire: Wire, lost: Answer | Exception) -> None:
    wire.script = [lost, lost, ok({"id": 5})]
    assert client.fetch_account_id() == 5
    assert client.api_calls == len(wire.sent) == 3
    assert len(client.stop.waits) == 2  # type: ignore[attr-defined]


def send(client: Client) -> CertificatesError:
    with pytest.raises(CertificatesError) as caught:
        client.call("Security_Certificate_Request", "resendEmail", "FulfillmentEmail", identifier=1, repeatable=False)
    return caught.value


@pytest.mark.parametrize(
    "lost", {**LOST, **RATE_LIMIT_STATUS, **REDIRECTS}.values(), ids={**LOST, **RATE_LIMIT_STATUS, **REDIRECTS}
)
def test_a_send_is_never_repeated_after_a_lost_answer(client: Client, wire: Wire, lost: Answer | Exception) -> None:
    wire.script = [lost]
    assert send(client).code == "no_answer"
    assert len(wire.sent) == 1


def test_a_send_is_not_repeated_on_the_word_of_a_proxy(wire: Wire) -> None:
    """It wants a login, so that it should have passed nothing on; only it says so."""
    wire.script = [page(407)]
    assert (
        send(client_for("http://api.example.com/rest/v3.1", proxy="http://proxy.example.com:3128")).code
        == "unreachable"
    )
    assert len(wire.sent) == 1


@pytest.mark.parametrize("not_processed", NOT_PROCESSED.values(), ids=NOT_PROCESSED)
@pytest.mark.parametrize("repeatable", [True, False])
def test_what_was_not_processed_is_repeated(
    client: Client, wire: Wire, not_processed: Answer | Exception, repeatable: bool
) -> None:
    wire.script = [not_processed, not_processed, ok(True)]
    assert client.call("Security_Certificate_Request", "resendEmail", "x", repeatable=repeatable) is True
    assert client.api_calls == len(wire.sent) == 3


def test_what_is_to_be_done_before_each_attempt_is_done_and_may_forbid_it(client: Client, wire: Wire) -> None:
    """As to renew a claim, or to see that a lock still holds."""
    wire.script = [RATE_LIMITED, ok(True)]
    before: list[int] = []
    client.call("Account", "getObject", before_sending=lambda: before.append(len(wire.sent)))
    assert before == [0, 1]

    def refuse() -> None:
        raise CertificatesError("locked", "Another run has it.")

    with fails("locked"):
        client.call("Account", "getObject", before_sending=refuse)
    assert len(wire.sent) == 2


def test_a_call_right_before_another_has_its_turn(client: Client, wire: Wire) -> None:
    """Even if only one call at a time may be made."""
    client._turns = threading.BoundedSemaphore(1)
    wire.script = [RATE_LIMITED, ok(7), ok(True)]

    def look() -> None:
        client.call("Security_Certificate_Request", "getObject", identifier=1, in_turn=True)

    client.call("Security_Certificate_Request", "resendEmail", "x", repeatable=False, before_sending=look)
    assert len(wire.sent) == 3


def test_a_call_has_a_turn_while_it_is_made(client: Client) -> None:
    client._turns = threading.BoundedSemaphore(1)
    client.call_until_done(lambda _attempt: not client._turns.acquire(blocking=False), repeatable=True)
    free = client.call_until_done(lambda _attempt: client._turns.acquire(blocking=False), repeatable=True, in_turn=True)
    assert free, "what is made in the turn of another call takes none"


@pytest.mark.parametrize("retries", [0, 1, 3, 100])
@pytest.mark.parametrize("code", EXHAUSTED)
def test_retries_are_counted(url: str, wire: Wire, code: str, retries: int) -> None:
    wire.script = [EXHAUSTED[code]]
    client = client_for(url, retries=retries)
    with fails(code):
        client.call("Account", "getObject")
    assert client.api_calls == len(wire.sent) == retries + 1


@pytest.mark.parametrize("code", FOR_GOOD)
def test_what_cannot_get_better_is_not_repeated(client: Client, wire: Wire, code: str) -> None:
    wire.script = [FOR_GOOD[code]]
    with fails(code):
        client.call("Account", "getObject")
    assert len(wire.sent) == 1


def test_a_pause_longer_than_a_run_waits_ends_its_calls(client: Client, wire: Wire) -> None:
    """None of a long list of orders is worth the same waiting again."""
    wire.script = [page(429, Retry_After=str(MAX_WAIT + 1))]
    for _order in range(3):
        with fails("rate_limited") as caught:
            client.call("Account", "getObject")
        assert caught.value.details["retry_after_seconds"] == MAX_WAIT + 1
    assert len(wire.sent) == 1
    assert client.stop.waits == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(("answer", "in_doubt"), [(RESET, True), (page(502), True), (fault("No."), False)])
def test_a_send_whose_answer_is_lost_is_said_to_be_in_doubt(
    client: Client, wire: Wire, answer: Answer | Exception, in_doubt: bool
) -> None:
    wire.script = [answer]
    assert send(client).message.endswith(" The call may have been processed.") is in_doubt


@pytest.mark.parametrize("sends", [True, False], ids=["of a gateway, before", "of the API"])
def test_the_pause_that_is_asked_for_is_waited_once(client: Client, wire: Wire, sends: bool) -> None:
    """By the calls that follow as well; there is no growing pause beside it."""
    too_many = page(429, Retry_After="30") if sends else fault("Slow down.", RATE_LIMIT, 429, Retry_After="30")
    wire.script = [too_many, ok(True)]
    assert not sends or send(client).code == "no_answer"
    assert client.stop.waits == []  # type: ignore[attr-defined]
    assert client.call("Account", "getObject") is True
    assert [round(seconds) for seconds in client.stop.waits] == [30]  # type: ignore[attr-defined]


def test_a_gateway_that_wants_a_longer_pause_is_called_no_more(client: Client, wire: Wire) -> None:
    """Only the first send may have been processed; the others are known not to have been sent."""
    wire.script = [page(429, Retry_After=str(MAX_WAIT + 1))]
    assert [send(client).code for _order in range(3)] == ["no_answer", "rate_limited", "rate_limited"]
    assert len(wire.sent) == 1
    assert client.stop.waits == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "learnt"),
    [
        (ok(True), ["taken"]),
        (fault("No."), ["taken"]),
        (fault("Access Denied.", status=401), ["taken"]),
        (RESET, []),
        (page(502), []),
        (RATE_LIMITED, [0.0]),
        (fault("Slow down.", RATE_LIMIT, 429, Retry_After="7"), [7.0]),
        (page(429, Retry_After="300"), [300.0]),
        (page(429, Retry_After="301"), []),
    ],
)
def test_what_an_answer_tells_of_the_rate(
    wire: Wire, url: str, answer: Answer | Exception, learnt: list[object]
) -> None:
    client, told = client_for(url, retries=0), []
    client._limiter = cast(
        RateLimiter,
        SimpleNamespace(
            wait=lambda _wait: None, record_success=lambda: told.append("taken"), record_rejection=told.append
        ),
    )
    wire.script = [answer]
    with suppress(CertificatesError):
        client.call("Account", "getObject")
    assert told == learnt


def test_the_same_warning_is_given_once(wire: Wire) -> None:
    said: list[str] = []
    client = Client(SETTINGS, warn=said.append)
    for text in ("one", "two", "one"):
        client.warn(text)
    assert said == ["one", "two"]


def test_pauses_grow_and_are_drawn_by_lot(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff.random, "random", lambda: 1)
    wire.script = [RESET]
    client = client_for(XMLRPC_URL, retries=6)
    with pytest.raises(CertificatesError):
        client.call("Account", "getObject")
    assert client.stop.waits == [1, 2, 4, 8, 16, 30]  # type: ignore[attr-defined]


def test_an_answer_that_is_too_large_is_not_read_again(
    client: Client, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_RESPONSE_SIZE", 2**20)
    wire.script = [page(200, gzip.compress(b" " * (2**20 + 1), 1), Content_Encoding="gzip")]
    for repeatable, code in ((True, "api_error"), (False, "no_answer")):
        with fails(code, "endpoint_url"):
            client.call("Account", "getObject", repeatable=repeatable)
    assert len(wire.sent) == 2


def test_once_interrupted_nothing_is_sent(client: Client, wire: Wire) -> None:
    client.stop.stopped = True  # type: ignore[attr-defined]
    with fails("interrupted"):
        client.call("Account", "getObject")
    assert wire.sent == []
    assert client.api_calls == 0


@pytest.mark.parametrize("failure", [RESET, RATE_LIMITED], ids=["reset", "rate limit"])
def test_a_stop_ends_the_repeating(client: Client, wire: Wire, failure: Answer | Exception) -> None:
    client.stop.stop_when_waiting = True  # type: ignore[attr-defined]
    wire.script = [failure]
    with fails("interrupted"):
        client.call("Account", "getObject")
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("concurrency", "prepares", "most"), [(1, False, 1), (2, False, 2), (2, True, 3), (4, True, 6)]
)
def test_no_more_than_so_many_are_dealt_with_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, concurrency: int, prepares: bool, most: int
) -> None:
    pools: list[int] = []
    pool = ThreadPoolExecutor

    def opened(max_workers: int) -> ThreadPoolExecutor:
        pools.append(max_workers)
        return pool(max_workers)

    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", opened)
    client = Client(SETTINGS, concurrency=concurrency)
    for items in (range(9), range(2), range(1)):
        assert client.call_for_each(abs, items, prepares=prepares) == [*items]
    assert client.call_for_each(abs, range(9), prepares=prepares, at_once=5) == [*range(9)]
    assert pools == [most, min(most, 2), 5]


def test_each_keeps_the_order_and_lets_errors_through(client: Client) -> None:
    assert client.call_for_each(lambda number: number * 2, list(range(20))) == list(range(0, 40, 2))
    assert client.call_for_each(lambda number: number, []) == []

    def fails(number: int) -> int:
        raise CertificatesError("api_error", f"{number}")

    with pytest.raises(CertificatesError):
        client.call_for_each(fails, [1, 2, 3])


@pytest.mark.parametrize(("url", "may_have_proxy"), [(REST_URL, True), ("http://127.0.0.1:8080", False)])
def test_a_session_repeats_nothing_and_asks_this_machine_without_a_proxy(url: str, may_have_proxy: bool) -> None:
    stop = threading.Event()
    caller = Caller(60, 5, 3, stop)
    session = caller.make_session(url)
    adapter = cast(HTTPAdapter, session.get_adapter(url))
    assert caller.stop is stop and (session.max_redirects, adapter.max_retries.total) == (0, 0)
    assert (session.trust_env, adapter._pool_maxsize) == (may_have_proxy, 3)  # type: ignore[attr-defined]


# How fast calls come, by a clock that only waiting moves


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> RateLimiter:
    """A limiter whose pauses are not drawn by lot: they are what the constants say."""
    monkeypatch.setattr(backoff.random, "random", lambda: 0.5)
    return RateLimiter(lambda: clock.now)


@pytest.mark.parametrize("retry_after", [None, 0.0, 0.05])
def test_a_refusal_pauses(limiter: RateLimiter, clock: Clock, retry_after: float | None) -> None:
    limiter.record_rejection(retry_after)
    limiter.wait(clock.wait)
    assert clock.now == pytest.approx(FIRST_PAUSE)


def test_refusals_in_a_row_double_the_pause_up_to_a_limit(limiter: RateLimiter, clock: Clock) -> None:
    pauses = []
    for _ in range(12):
        before = clock.now
        limiter.record_rejection(None)
        limiter.wait(clock.wait)
        pauses.append(clock.now - before)
    assert pauses[:4] == pytest.approx([FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE])
    assert pauses[-1] == pytest.approx(MAX_PAUSE)


def test_a_call_that_gets_through_ends_the_row(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(5):
        limiter.record_rejection(None)
        limiter.wait(clock.wait)
    limiter.record_success()
    clock.now += 100
    before = clock.now
    limiter.record_rejection(None)
    limiter.wait(clock.wait)
    assert clock.now - before == pytest.approx(FIRST_PAUSE)


def test_the_longest_retry_after_of_a_burst_counts(limiter: RateLimiter, clock: Clock) -> None:
    for seconds in (1.0, 5.0, None, 2.0):
        limiter.record_rejection(seconds)
    limiter.wait(clock.wait)
    assert clock.now == pytest.approx(5)


def test_pauses_are_shared_out_one_after_the_other(limiter: RateLimiter, clock: Clock) -> None:
    limiter.record_success()
    limiter.record_rejection(None)
    starts = []
    for _ in range(4):
        limiter.wait(clock.wait)
        starts.append(clock.now)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps == pytest.approx([MAX_INTERVAL] * 3)


def test_who_waited_when_a_refusal_came_waits_again(limiter: RateLimiter, clock: Clock) -> None:
    limiter.record_rejection(1.0)
    refused_again = []

    def sleep(seconds: float) -> None:
        clock.wait(seconds)
        if not refused_again:
            refused_again.append(clock.now)
            limiter.record_rejection(3.0)

    limiter.wait(sleep)
    assert clock.now == pytest.approx(refused_again[0] + 3)


def test_whoever_is_interrupted_stops_waiting(limiter: RateLimiter) -> None:
    """The client passes the `wait` of its stop event: once set, it returns at once, and so must this."""
    stop = threading.Event()
    stop.set()
    limiter.record_rejection(3600.0)
    limiter.wait(stop.wait)
