# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a listing of secrets is believed to be whole, and what is too large."""

from __future__ import annotations

import gzip
import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._http.network import Network
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager import client
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.settings import Instance
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.failing import fails
from tests.support.wire import Wire, page

pytest_plugins = ["tests.support.wire"]


class FakeList:
    """A list of secrets whose pages are as small as is said, and which counts its secrets as is said.

    Args:
        count: how many there are.
        size: of a page.
        total: what each page says of the number of all.
        says_next: whether a page says that another one follows; `None` if only those do that have one.
        offsets: whether the offset counts.
        between: happens to the list after each page.
    """

    def __init__(
        self,
        count: int,
        size: int,
        total: object,
        says_next: bool | None = None,
        offsets: bool = True,
        between: Callable[[list[dict[str, Any]]], object] = lambda _rows: None,
    ) -> None:
        self.rows = [{"id": str(uuid.UUID(int=1000 * number))} for number in range(count)]
        self.size, self.total, self.says_next, self.offsets, self.between = size, total, says_next, offsets, between
        self.calls = 0

    def __call__(self, offset: int) -> dict[str, Any]:
        self.calls += 1
        assert self.calls <= 500, "it never ends"
        start = offset if self.offsets else 0
        rows = self.rows[start : start + self.size]
        goes_on = offset + self.size < len(self.rows) if self.says_next is None else self.says_next
        more = {"next": {"href": "https://elsewhere.test/api/v2/secrets?offset=0"}} if goes_on else {}
        self.between(self.rows)
        return {"secrets": rows, "total_count": self.total, "limit": self.size, **more}


def ids(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        pytest.param(FakeList(1000, 1000, 1000), 1, id="one page"),
        pytest.param(FakeList(120, 7, 120), 20, id="pages"),
        pytest.param(FakeList(120, 7, "120"), 20, id="a total as text"),
        pytest.param(FakeList(0, 7, 0), 1, id="none"),
        pytest.param(FakeList(120, 50, 120, True), 4, id="always a next one"),
        pytest.param(FakeList(120, 1000, 120, True, offsets=False), 2, id="always a next one, and no offset"),
    ],
)
def test_a_listing_is_believed_if_it_is_as_long_as_it_says(given: FakeList, calls: int) -> None:
    """Its links are not followed."""
    assert ids(one["row"] for one in client._read_all(given)) == ids(given.rows)
    assert given.calls == calls


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(FakeList(120, 1000, 10**9), id="it counts what the user may not see"),
        pytest.param(FakeList(0, 1000, 7), id="the user may see none"),
        pytest.param(FakeList(120, 50, None), id="no total"),
        pytest.param(FakeList(120, 50, "many"), id="no number as total"),
        pytest.param(FakeList(120, 50, None, True), id="no total, and always a next one"),
        pytest.param(FakeList(120, 50, 120, False), id="never a next one"),
        pytest.param(FakeList(120, 1000, None, offsets=False), id="no total, no next one and no offset"),
    ],
)
def test_a_listing_of_another_length_is_read_until_nothing_more_comes(given: FakeList) -> None:
    assert ids(one["row"] for one in client._read_all(given)) == ids(given.rows)
    assert 2 <= given.calls <= 12


@pytest.mark.parametrize("count", [1, 5, 6, 7, 999, 1000])
@pytest.mark.parametrize(
    ("total", "says_next"), [(1001, True), (1001, False), ("1001", False), (None, True), ("many", True), (0, True)]
)
def test_a_listing_without_an_end_that_says_there_is_more(count: int, total: object, says_next: bool) -> None:
    """A server that gives the same page at any offset."""
    with fails("incomplete_listing"):
        client._read_all(FakeList(count, 1000, total, says_next, offsets=False))


@pytest.mark.parametrize("count", [0, 3])
def test_an_empty_page_that_is_not_the_last_one_ends_no_listing(count: int) -> None:
    """Though there are more by the total."""
    with fails("incomplete_listing"):
        client._read_all(FakeList(count, 1000, 7, True))


@pytest.mark.parametrize("size", [2, 200, 1000])
def test_a_full_page_at_any_offset_is_no_whole_listing(size: int) -> None:
    with fails("incomplete_listing"):
        client._read_all(FakeList(2000, size, None, False, offsets=False))


CHANGES = st.lists(st.tuples(st.lists(st.floats(0, 1), max_size=2), st.lists(st.floats(0, 1), max_size=2)), max_size=8)


@given(
    count=st.integers(0, 60) | st.sampled_from([9, 10, 11]), total=st.sampled_from(["told", "none"]), changes=CHANGES
)
@example(count=21, total="told", changes=[([0.1], [1])])
@example(count=11, total="none", changes=[([0.1], [])])
@example(count=11, total="told", changes=[([], [0.0]), ([], []), ([0.0], []), ([], [0.0, 0.0]), ([0.0, 0.0], [])])
def test_what_stays_is_read_whatever_comes_and_goes(
    count: int, total: str, changes: list[tuple[list[float], list[float]]]
) -> None:
    """Ids are random, so that a new secret may come anywhere."""
    left = list(changes)
    listing = FakeList(count, 10, None)
    numbers = iter(range(1, 999))
    there = {*ids(listing.rows)}

    def change(rows: list[dict[str, Any]]) -> None:
        gone, come = left.pop(0) if left else ([], [])
        for place in gone:
            if rows:
                del rows[round(place * (len(rows) - 1))]
        rows += [{"id": str(uuid.UUID(int=int(place * 1000) * count + next(numbers)))} for place in come]
        rows.sort(key=lambda row: str(row["id"]))
        there.intersection_update(ids(rows))

    listing.between = change

    def ask(offset: int) -> dict[str, Any]:
        listing.total = len(listing.rows) if total == "told" else None
        return listing(offset)

    try:
        rows = ids(one["row"] for one in client._read_all(ask))
    except CertificatesError as error:
        assert error.code == "incomplete_listing"
    else:
        assert len(rows) == len({*rows}) and {*rows} >= there, "silently incomplete"


def test_an_answer_that_is_too_large_is_not_read_on(wire: Wire) -> None:
    token = page(200, b'{"access_token": "abc", "expires_in": 3600}')
    wire.script = [token, page(200, gzip.compress(b" " * (client.MAX_PAGE_BYTES + 1), 1), Content_Encoding="gzip")]
    instance = Instance("https://instance.test", "https://iam.test", "key", Network(7, None, True, 0))
    with fails("api_error", "is larger than expected", "instance_url"):
        client.SecretsManager(instance, 1, threading.Event(), print, print).list_secrets((), (), ())
    assert len(wire.sent) == 2
