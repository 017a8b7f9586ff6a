# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times in the formats of the API and of results. Private to softlayer.certificates.

Pure, except `now`.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone

ISO_8601 = re.compile(
    r"^(\d{4})-?(\d{2})-?(\d{2})(?:[T ](\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?\s*(?:(Z)|([+-])(\d{2}):?(\d{2}))?)?$",
    re.IGNORECASE,
)
MAX_DUE_DAYS = 30
"""Maximum number of days between the due date of a renewal and the expiry of the certificate."""
DUE_DIVISOR = 4
"""Divisor of the lifetime of a certificate: a short-lived certificate is due for renewal in the last quarter of its lifetime."""
USUAL_FORMAT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
MAX_DATE_DIFFERENCE = timedelta(days=2)
"""Maximum difference between the dates of an order and its certificate: clocks differ, and a CA may round the dates."""


def now() -> datetime:
    """Return the current time; only this function reads the clock."""
    return datetime.now(timezone.utc)


def parse(value: object) -> datetime | None:
    """Return the time of an API date such as `2018-02-22T10:56:44-06:00`, or `None` for an invalid date.

    By default, the API returns US Central time with its offset. A date without an offset is in UTC, and a date without a time is the start
    of the day.
    """
    text = str(value).strip()
    with suppress(ValueError, OverflowError):
        if USUAL_FORMAT.fullmatch(text):  # ten times as fast as parsing the other formats
            return datetime.fromisoformat(text).astimezone(timezone.utc)
    written = ISO_8601.match(text)
    if not written:
        return None
    *numbers, _utc, sign, hours, minutes = written.groups()
    try:
        moment = datetime(*(int(number or 0) for number in numbers), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]
        offset = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
        return moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        return None


def format_time(moment: datetime | None) -> str | None:
    """Return a time in the format of results: `2026-01-31T00:00:00Z`."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def has_passed(moment: datetime | None, at: datetime) -> bool:
    """Return whether a time is known and not later than `at`."""
    return moment is not None and moment <= at


def count_days(moment: datetime | None, at: datetime) -> int | None:
    """Return the whole days from `at` until a time; negative for a time before `at`."""
    return None if moment is None else math.floor((moment - at) / timedelta(days=1))


def find_term(
    effective_at: datetime | None, created_at: datetime | None, expires_at: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Return the start and end of the term of an order; the creation of the order replaces a missing start."""
    return effective_at or (created_at if expires_at else None), expires_at


def is_in_term(
    term: tuple[datetime | None, datetime | None], validity: tuple[datetime, datetime], at: datetime
) -> bool:
    """Return whether a certificate with the public key of an order is valid and was issued for the order's term.

    The start of the validity must be at most two days before the start of the term, or the end at most two days before the end of the term.
    One condition is enough, because no CA issues a certificate for more than 200 days (CA/Browser Forum, since 2026-03-15): the first
    certificate of an order of one year expires long before the order, and a reissued certificate becomes valid long after the start. A
    certificate of an earlier term fulfills neither condition. If both dates of the order are unknown, only the validity counts. If the order
    has expired, the certificate may have expired, too.

    Args:
        term: start and end of the order's term, from `find_term`.
        validity: the certificate's `not_before` and `not_after`.
        at: the current time.
    """
    (begins, ends), (begin, end) = term, validity
    is_valid = begin <= at <= end
    if begins is None and ends is None:
        return is_valid
    is_for_it = (begins is not None and begin >= begins - MAX_DATE_DIFFERENCE) or (
        ends is not None and end >= ends - MAX_DATE_DIFFERENCE
    )
    return is_for_it and (is_valid or has_passed(ends, at))


def is_renewal_due(begin: datetime | None, end: datetime | None, at: datetime) -> bool | None:
    """Return whether a certificate is due for renewal, or `None` if the end of the validity is unknown.

    A certificate is due in the last quarter of its lifetime, but not earlier than 30 days before its expiry, and stays due after its expiry.
    If the start of the validity is unknown, the certificate is due 30 days before its expiry.
    """
    if end is None:
        return None
    longest = timedelta(days=MAX_DUE_DAYS)
    allowed = longest if begin is None else min(longest, (end - begin) / DUE_DIVISOR)
    # Some certificates end before they begin. Nothing is taken from the end, which may be the first day there is.
    return end - at <= max(allowed, timedelta(0))
