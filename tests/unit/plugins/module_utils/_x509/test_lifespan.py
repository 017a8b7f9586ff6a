# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From when and until when clients take a certificate: the earliest end and the latest begin on its path count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.lifespan import UNKNOWN_LIFESPAN, Lifespan
from cryptography import x509

from tests.support.certificates import DAY, NOW, Authority

AUTHORITY = Authority("Lasting", intermediates=1)
ROOT = Certificate.from_library(AUTHORITY.root)
SECOND = timedelta(seconds=1)
Days = tuple[float, float]


def leaf(*days: float) -> Certificate:
    return Certificate.from_library(AUTHORITY.issue("www.example.com", days=(days[0], days[1])).certificate)


def issuer(*days: float) -> Certificate:
    made: x509.Certificate = AUTHORITY.reissue(not_before=NOW + days[0] * DAY, not_after=NOW + days[1] * DAY)
    return Certificate.from_library(made)


@pytest.mark.parametrize("issuers", [[], [(-100, 400)], [(-10, 80)], [(-100, 400), (-10, 80)]])
def test_of_issuers_that_last_longer_nothing_is_reported(issuers: list[Days]) -> None:
    """Also if they begin and end with it."""
    lifespan = Lifespan.from_path(leaf(-10, 80), [*(issuer(*days) for days in issuers), ROOT])
    assert lifespan == Lifespan(NOW - 10 * DAY, NOW + 80 * DAY)
    assert lifespan.as_result() == {"effective_not_after": format_time(NOW + 80 * DAY), "limited_by": None}
    assert lifespan.usable_start == NOW - 10 * DAY


def test_the_issuer_that_ends_first() -> None:
    first, second = issuer(-100, 5), issuer(-100, 9)
    for issuers in ([first, second, ROOT], [second, first, ROOT]):
        lifespan = Lifespan.from_path(leaf(-10, 80), issuers)
        assert (lifespan.begin, lifespan.end, lifespan.limiting_issuer) == (NOW - 10 * DAY, NOW + 5 * DAY, first)
        assert lifespan.as_result() == {"effective_not_after": format_time(NOW + 5 * DAY), "limited_by": "Lasting CA 1"}
        assert (lifespan.start, lifespan.latest_issuer) == (None, None)


def test_the_issuer_that_begins_last() -> None:
    first, second = issuer(2, 400), issuer(3, 400)
    for issuers in ([first, second], [second, first]):
        lifespan = Lifespan.from_path(leaf(-10, 80), issuers)
        assert (lifespan.begin, lifespan.usable_start) == (NOW - 10 * DAY, NOW + 3 * DAY)
        assert lifespan.latest_issuer == second
        assert (lifespan.end, lifespan.limiting_issuer) == (NOW + 80 * DAY, None)


def test_both_ends_belong_to_it() -> None:
    lifespan, begin, end = Lifespan.from_path(leaf(-10, 80), []), NOW - 10 * DAY, NOW + 80 * DAY
    assert [lifespan.is_in_future(at) for at in (begin - SECOND, begin, end + SECOND)] == [True, False, False]
    assert [lifespan.is_over(at) for at in (begin - SECOND, end, end + SECOND)] == [False, False, True]


@pytest.mark.parametrize(("days", "due"), [((-70, 20), 22.5), ((-360, 40), 30)])
def test_how_long_before_its_end_it_is_due_goes_by_its_own_life(days: Days, due: float) -> None:
    """Also where an issuer ends first: the certificate's own life is what its client renews it by."""
    whole = Lifespan.from_path(leaf(*days), [])
    assert whole.is_due(NOW + (days[1] - due) * DAY) and not whole.is_due(NOW + (days[1] - due) * DAY - SECOND)
    cut = Lifespan.from_path(leaf(*days), [issuer(-400, 10)])
    assert cut.is_due(NOW + (10 - due) * DAY) and not cut.is_due(NOW + (10 - due) * DAY - SECOND)
    assert cut.is_due(NOW + 99 * DAY), "an alarm does not stop at the end"


def test_what_is_not_known() -> None:
    unknown = UNKNOWN_LIFESPAN
    assert (unknown.is_due(NOW), unknown.is_over(NOW), unknown.is_in_future(NOW)) == (None, False, False)
    assert unknown.as_result() == {"effective_not_after": None, "limited_by": None} and unknown.usable_start is None
    only_end = Lifespan(None, NOW + 29 * DAY)
    assert only_end.is_due(NOW) and not only_end.is_due(NOW - 2 * DAY)
