# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pauses between two looks at the same thing, by a clock that only they move."""

from __future__ import annotations

from itertools import islice
from types import SimpleNamespace

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import backoff
from ansible_collections.softlayer.certificates.plugins.module_utils._base.backoff import Backoff, generate_pauses

from tests.support.clock import Clock


def pausing(monkeypatch: pytest.MonkeyPatch, clock: Clock, timeout: float, longest: float) -> Backoff:
    monkeypatch.setattr(backoff, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return Backoff(clock, timeout, longest)


@pytest.mark.parametrize(("drawn", "shares"), [(0, (0.5, 0)), (0.5, (1, 1)), (0.75, (1.25, 1.5)), (1, (1.5, 2))])
def test_pauses_are_spread_around_what_they_usually_are(
    monkeypatch: pytest.MonkeyPatch, drawn: float, shares: tuple[float, float]
) -> None:
    monkeypatch.setattr(backoff.random, "random", lambda: drawn)
    half, whole = shares
    assert list(islice(generate_pauses(1, 5), 5)) == [half * usual for usual in (1, 2, 4, 5, 5)]
    assert list(islice(generate_pauses(1, 50, growth=3, spread=1), 5)) == [whole * usual for usual in (1, 3, 9, 27, 50)]


def test_pauses_that_nothing_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(backoff.threading.Event, "wait", lambda _event, seconds: waits.append(seconds))
    between = Backoff(None, 60, 10, first=2, growth=3)
    assert all(between.pause() for _time in range(3))
    assert waits == [2, 6, 10]


@pytest.mark.parametrize(
    ("timeout", "longest", "expected"),
    [
        (3, 10, [0.5, 0.55, 0.605, 0.6655, 0.6795]),
        (60, 0.6, [0.5, 0.55, *[0.6] * 98, 0.15]),
        (0.25, 0.1, [0.1, 0.1, 0.05]),
        (0.25, 3600, [0.25]),
        (0, 10, []),
    ],
)
def test_pauses_grow_and_end_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch, timeout: float, longest: float, expected: list[float]
) -> None:
    """After the last pause there is one more look: right at the deadline."""
    clock = Clock()
    between = pausing(monkeypatch, clock, timeout, longest)
    while between.pause():
        pass
    assert clock.waits == expected
    assert not between.pause()


def test_no_pause_once_the_run_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.after(1, clock.set)
    between = pausing(monkeypatch, clock, 900, 10)
    assert between.pause()
    assert not between.pause()
    assert not between.pause()
    assert clock.waits == [0.5, 0.55]


@pytest.mark.parametrize(
    ("usual", "expected"),
    [
        (2, [1.9, 0.1, 0.11, 0.121]),
        (8, [7.6, 0.4, 0.44, 0.484]),
        (100, [10, 0.5, 0.55, 0.605]),
        (0, [0.5, 0.55, 0.605]),
        (0.05, [0.0475, 0.1, 0.11, 0.121]),
    ],
)
def test_of_what_takes_as_long_as_usual_the_end_is_asked_for_when_it_is_near(
    monkeypatch: pytest.MonkeyPatch, usual: float, expected: list[float]
) -> None:
    clock = Clock()
    clock.now = 50
    between = pausing(monkeypatch, clock, 900, 10)
    between.wait_usual_time(usual)
    for _time in range(3):
        assert between.pause()
    assert clock.waits == expected
    assert between.waited == pytest.approx(sum(expected))
