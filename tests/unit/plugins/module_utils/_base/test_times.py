# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dates of the API, in and out."""

from __future__ import annotations

import xmlrpc.client
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import (
    count_days,
    format_time,
    is_in_term,
    is_renewal_due,
    now,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

INSTANTS = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))
OFFSETS = st.integers(-14 * 60, 14 * 60)


@given(INSTANTS, OFFSETS)
def test_an_instant_survives_in_any_zone(naive: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    moment = naive.replace(microsecond=0, tzinfo=timezone.utc)
    assert parse(moment.astimezone(zone).isoformat()) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-22T10:56:44-06:00",
        "2018-02-22 10:56:44 -06:00",
        "2018-02-22T16:56:44Z",
        "2018-02-22T16:56:44",
        "20180222T16:56:44",
        "  2018-02-22T16:56:44Z\n",
        xmlrpc.client.DateTime("20180222T16:56:44"),
    ],
    ids=str,
)
def test_the_ways_to_write_an_instant(text: object) -> None:
    assert parse(text) == datetime(2018, 2, 22, 16, 56, 44, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", 0, 1519318604, True, [], {}, "never", "0000-00-00T00:00:00-06:00", "2026-02-30T00:00:00Z"),
        *("2026-01-31T25:00:00Z", "0001-01-01T00:00:00+06:00", "9999-12-31T23:59:59-06:00"),
        "2026-01-31T00:00:00Z and more",
    ],
    ids=repr,
)
def test_what_is_no_date_is_none(value: object) -> None:
    assert parse(value) is None


@pytest.mark.parametrize(
    ("ahead", "days"),
    [
        (timedelta(0), 0),
        (timedelta(seconds=-1), -1),
        (timedelta(days=-1), -1),
        (timedelta(days=-1, seconds=-1), -2),
        (timedelta(seconds=1), 0),
        (timedelta(days=1), 1),
    ],
    ids=str,
)
def test_days_left_are_whole_and_negative_once_over(ahead: timedelta, days: int) -> None:
    at = datetime(2026, 3, 8, 12, tzinfo=timezone.utc)
    assert count_days(at + ahead, at) == days
    assert count_days((at + ahead).astimezone(timezone(timedelta(hours=-6))), at) == days


def test_a_day_has_its_beginning_as_text_and_no_date_has_none() -> None:
    assert count_days(None, now()) is None
    assert format_time(None) is None
    assert format_time(parse("2026-01-31")) == "2026-01-31T00:00:00Z"


SECOND = timedelta(seconds=1)
LIVES: list[tuple[str, float, float]] = [
    ("a certificate of 6 days", 6, 4.5),
    ("of 45 days", 45, 33.75),
    ("of 120 days, for which both limits are the same", 120, 90),
    ("of 121 days", 121, 91),
    ("of a year", 365, 335),
    ("of one second", 1 / 86400, 0.75 / 86400),
]
"""What lives how many days, and after how many of them it is due."""


@pytest.mark.parametrize(("life", "due_after"), [life[1:] for life in LIVES], ids=[life[0] for life in LIVES])
def test_when_a_renewal_is_due(life: float, due_after: float) -> None:
    begin = datetime(2026, 3, 8, 12, tzinfo=timezone.utc)
    end, due = begin + timedelta(days=life), begin + timedelta(days=due_after)
    moments = {
        begin: False,
        due - timedelta(microseconds=1): False,
        due: True,
        end: True,
        end + SECOND: True,
    }
    for at, is_due in moments.items():
        assert is_renewal_due(begin, end, at) is is_due, at
    central = timezone(timedelta(hours=-6))
    assert is_renewal_due(begin.astimezone(central), end.astimezone(central), due) is True


def test_without_a_beginning_thirty_days_decide() -> None:
    at = datetime(2026, 3, 8, 12, tzinfo=timezone.utc)
    for left, is_due in ((timedelta(days=30) + SECOND, False), (timedelta(days=30), True), (-SECOND, True)):
        assert is_renewal_due(None, at + left, at) is is_due


def test_without_an_end_it_is_not_known_whether_it_is_due() -> None:
    assert is_renewal_due(now(), None, now()) is None
    assert is_renewal_due(None, None, now()) is None


BEGIN, END = (datetime(year, 3, 20, tzinfo=timezone.utc) for year in (2026, 2027))
"""The term of an order of a year."""
DAYS_200, HOUR = timedelta(days=200), timedelta(hours=1)
TWO_DAYS = timedelta(days=2)
REISSUED = datetime(2026, 10, 1, tzinfo=timezone.utc)
LATER = datetime(2027, 1, 31, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("begin", "end", "at", "expected"),
    [
        pytest.param(BEGIN, END, LATER, True, id="of a year"),
        pytest.param(BEGIN, BEGIN + DAYS_200, BEGIN + HOUR, True, id="of 200 days"),
        pytest.param(BEGIN - TWO_DAYS, BEGIN + DAYS_200, BEGIN, True, id="two days before the order"),
        pytest.param(BEGIN - TWO_DAYS - SECOND, BEGIN + DAYS_200, BEGIN, False, id="more than two days before it"),
        pytest.param(BEGIN, BEGIN + DAYS_200, BEGIN + DAYS_200, True, id="in its last second"),
        pytest.param(BEGIN, BEGIN + DAYS_200, BEGIN + DAYS_200 + SECOND, False, id="expired"),
        pytest.param(BEGIN, BEGIN + DAYS_200, BEGIN - SECOND, False, id="not valid yet"),
        pytest.param(REISSUED, END, LATER, True, id="reissued until the order ends"),
        pytest.param(REISSUED, REISSUED + timedelta(days=47), REISSUED, True, id="reissued for less than that"),
        pytest.param(BEGIN - timedelta(days=170), END - TWO_DAYS, LATER, True, id="ends with the order"),
        pytest.param(BEGIN - timedelta(days=170), END - TWO_DAYS - SECOND, LATER, False, id="ends before the order"),
    ],
)
def test_which_certificates_are_of_a_term(begin: datetime, end: datetime, at: datetime, expected: bool) -> None:
    """No certificate is valid for more than 200 days since March 2026, so an order of a year takes several."""
    assert is_in_term((BEGIN, END), (begin, end), at) is expected


@pytest.mark.parametrize(
    ("term", "first", "last", "whole", "before"),
    [
        ((BEGIN, END), True, True, True, False),
        ((BEGIN, None), True, True, True, False),
        ((None, END), False, True, True, False),
        ((None, None), True, True, True, True),
    ],
    ids=["both", "begin", "end", "none"],
)
def test_one_date_of_an_order_is_enough_to_tell_its_term_and_without_any_validity_decides(
    term: tuple[datetime | None, datetime | None], first: bool, last: bool, whole: bool, before: bool
) -> None:
    at = REISSUED + SECOND
    certificates = {
        (BEGIN, BEGIN + DAYS_200): first,
        (REISSUED, END): last,
        (BEGIN, END): whole,
        (BEGIN - timedelta(days=60), at): before,
    }
    assert {validity: is_in_term(term, validity, at) for validity in certificates} == certificates
    expired = (BEGIN - timedelta(days=60), at - SECOND)
    assert not is_in_term(term, expired, at)
