# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a whole list from servers that hand it out in every way: all of it, or an error that says so."""

from __future__ import annotations

import random
import xmlrpc.client
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.paging import (
    MAX_MISSES,
    Page,
    Row,
    list_all,
    number_rows,
)
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.failing import fails

PAGE_SIZE = 10
MOST_FETCHES = 3000
"""Far above what the longest list here can need: beyond it, the reading does not end."""


def page(ids: Iterable[object], total: int | None = None) -> Page:
    """A page with these rows."""
    return Page([{"id": identifier} for identifier in ids], total)


def ids_of(fetch: Callable[[int, int], Page], size: int = PAGE_SIZE) -> list[int]:
    """The ids of the list that comes of pages."""
    return [row["id"] for row in list_all(fetch, size)]


@dataclass
class Server:
    """A list, and how it is handed out."""

    count: int
    cap: int = 0
    ignore_limits: bool = False
    ignore_offsets: bool = False
    omit_total: bool = False
    shuffle: bool = False
    repeat: int = 0
    clamp: bool = False
    """Beyond the end, the last page comes again."""
    growth: int = 0
    """Rows more at each answer."""
    most: int = 10**6
    """Rows that it ever has, however it grows."""
    handed_out: int = 10**6
    """Rows after these are counted but never sent."""
    told: int | None = None
    """How many rows it says there are, whatever there is."""
    lengths: list[int] = field(default_factory=list)
    """How long the pages are in turn, whatever was asked for."""
    seed: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.at_first = range(1, self.count + 1)

    def fetch(self, offset: int, limit: int) -> Page:
        self.asked.append((offset, limit))
        if len(self.asked) > MOST_FETCHES:
            raise AssertionError("it never ends")
        ids = list(range(1, self.count + 1))
        if self.shuffle:
            self.random.shuffle(ids)
        total = None if self.omit_total else self.count if self.told is None else self.told
        rows = self._page(ids[: self.handed_out], offset, limit)
        self.count = max(self.count, min(self.most, self.count + self.growth))
        return page(rows, total)

    def _page(self, ids: list[int], offset: int, limit: int) -> list[int]:
        if self.ignore_limits:
            return ids
        if self.ignore_offsets:
            offset = 0
        size = min(limit, self.cap or limit)
        if self.clamp and offset >= len(ids):
            offset = max(0, len(ids) - size)
        if self.lengths:
            size = min(size, self.lengths[len(self.asked) % len(self.lengths)])
        return ids[max(0, offset - self.repeat) : offset + size]


def read(server: Server) -> list[int] | None:
    """The ids that come out; none where the reading says that it is incomplete. Checks what always holds."""
    try:
        rows: list[Row] = list_all(server.fetch, PAGE_SIZE)
    except CertificatesError as error:
        assert error.code == "incomplete_listing"
        assert error.details["received"] < error.details["expected"]
        return None
    ids = [row["id"] for row in rows]
    assert ids == sorted(set(ids)), "sorted and each once"
    assert set(ids) >= set(server.at_first), "silently incomplete"
    assert set(ids) <= set(range(1, server.count + 1))
    return ids


COUNTS = st.integers(0, 130)
CAPS = st.sampled_from([0, 1, 3, PAGE_SIZE - 1, PAGE_SIZE, 2 * PAGE_SIZE])
LENGTHS = st.just([]) | st.lists(st.integers(1, 2 * PAGE_SIZE), min_size=1, max_size=6)


SOMETIMES = st.booleans()


@given(
    st.builds(Server, COUNTS, CAPS, ignore_limits=SOMETIMES, omit_total=SOMETIMES, lengths=LENGTHS)
    | st.builds(Server, COUNTS, CAPS, repeat=st.integers(1, 3))
)
@example(Server(34, lengths=[1, 2, 2, 3]))
@example(Server(4, lengths=[1, 3]))
def test_an_ordered_list_is_read_whole(server: Server) -> None:
    assert read(server) == list(server.at_first)


@given(
    st.builds(Server, COUNTS, CAPS, repeat=st.integers(1, 3), lengths=LENGTHS)
    | st.builds(Server, COUNTS, CAPS, growth=st.integers(1, 20), most=st.integers(1, 170), omit_total=SOMETIMES)
)
@example(Server(5, repeat=1, lengths=[1, 3]))
def test_a_list_that_repeats_rows_or_grows_for_a_while_hides_none(server: Server) -> None:
    read(server)


@pytest.mark.parametrize("omit_total", [False, True])
@pytest.mark.parametrize("length", [1, PAGE_SIZE - 1])
def test_pages_that_become_shorter_than_the_first_are_not_the_end(length: int, omit_total: bool) -> None:
    """As from a server that cuts pages by their size in bytes, where later rows are larger."""
    server = Server(500, omit_total=omit_total, lengths=[length, PAGE_SIZE, *[length] * (MOST_FETCHES - 2)])
    assert read(server) == list(server.at_first)


@pytest.mark.parametrize("count", [29, 30, 31, 49, 50, 51, 130])
def test_rows_that_come_one_by_one_are_read_to_the_last(count: int) -> None:
    """Though they look like those of a list that grows as fast as it is read; each is one call, and one for the look back."""
    ids, asked = range(1, count + 1), list[int]()

    def fetch(offset: int, _limit: int) -> Page:
        asked.append(offset)
        return page(ids[offset : offset + (1 if offset else PAGE_SIZE)])

    assert ids_of(fetch) == [*ids]
    assert count not in (50, 130) or len(asked) == 1 + 2 * (count - PAGE_SIZE) + (count - PAGE_SIZE) // MAX_MISSES


SHUFFLED: dict[str, Any] = {"shuffle": st.just(True), "repeat": st.integers(0, 3), "seed": st.integers(0, 10**6)}


# Nobody can tell whether pages of all lengths without a total are all when they come in another order each time.
@given(
    st.builds(Server, COUNTS, CAPS, ignore_limits=SOMETIMES, omit_total=SOMETIMES, **SHUFFLED)
    | st.builds(Server, COUNTS, CAPS, ignore_limits=SOMETIMES, lengths=LENGTHS, **SHUFFLED)
)
def test_a_shuffled_list_is_whole_or_an_error(server: Server) -> None:
    read(server)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("omit_total", [False, True])
def test_a_shuffled_list_without_a_cap_is_read_whole(omit_total: bool, seed: int) -> None:
    """Pages become larger until the list fits on one, and a list on one page cannot come apart."""
    assert read(Server(130, shuffle=True, omit_total=omit_total, seed=seed)) == list(range(1, 131))


def test_a_list_that_grows_as_fast_as_it_is_read_is_followed_for_a_while() -> None:
    """The rows that were there at first may still come: they are read to the last place that they can be at."""
    server = Server(PAGE_SIZE, omit_total=True, growth=1)
    assert read(server) is not None
    assert len(server.asked) == 2 + 2 * (MAX_MISSES - 1) + 1 + MAX_MISSES, (
        "from the second page on, a look back each time"
    )


@pytest.mark.parametrize("omit_total", [False, True])
@pytest.mark.parametrize("count", [8, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 45, 5 * PAGE_SIZE])
@pytest.mark.parametrize("how", [{"ignore_offsets": True}, {"clamp": True}, {"clamp": True, "cap": 7}], ids=str)
def test_a_server_that_repeats_a_page_comes_to_an_end(count: int, omit_total: bool, how: dict[str, Any]) -> None:
    """The first one each time, which is full, so that it does not show that it is all; or the last one."""
    server = Server(count, omit_total=omit_total, **how)
    assert read(server) == list(server.at_first)


@given(count=COUNTS, told=COUNTS, ignore_limits=st.booleans())
@example(count=45, told=PAGE_SIZE, ignore_limits=False)
@example(count=45, told=2 * PAGE_SIZE, ignore_limits=False)
def test_a_total_that_is_too_small_hides_no_row(count: int, told: int, ignore_limits: bool) -> None:
    """As where it is the number of rows on the page."""
    assume(told <= count)
    server = Server(count, told=told, ignore_limits=ignore_limits)
    assert read(server) == list(server.at_first)


def test_rows_that_are_counted_but_never_sent_are_not_passed_over() -> None:
    server = Server(130, handed_out=100)
    with fails("incomplete_listing", "130", "100") as caught:
        list_all(server.fetch, PAGE_SIZE)
    assert caught.value.details == {"expected": 130, "received": 100}
    assert len(server.asked) == 28, "each reading ends soon after the last row that comes"
    assert read(Server(20, cap=1, handed_out=15)) is None, "nor where they come one by one"


@pytest.mark.parametrize(
    ("server", "most"),
    [
        (Server(0), 1),
        (Server(0, omit_total=True), 1),
        (Server(7), 1),
        (Server(PAGE_SIZE), 2),
        (Server(45), 5),
        (Server(45, ignore_limits=True), 1),
        (Server(45, ignore_limits=True, omit_total=True), 1),
        (Server(7, ignore_limits=True, omit_total=True), 2),
        (Server(6, ignore_offsets=True, omit_total=True), 2),
        (Server(45, cap=7, clamp=True, omit_total=True), 11),
        (Server(45, repeat=1, omit_total=True), 49),
        (Server(2 * PAGE_SIZE - 2), 2),
        (Server(2 * PAGE_SIZE - 1), 3),  # the second page is full, so that something may follow
        (Server(7, omit_total=True), 3),  # nothing comes behind the last row, and it is still there
        (Server(45, omit_total=True), 7),
        (
            Server(40, lengths=[4, PAGE_SIZE, *[4] * 99]),
            11,
        ),  # the gaps that shorter pages leave, three times as long as they
        (Server(300, omit_total=True), 36),  # many pages that are full do not look like a list that grows
        (Server(45, cap=3), 23),  # each page begins with the last row of the one before
        (Server(18, cap=10, lengths=[12, 11, 2]), 3),  # a page that brings nothing new is followed by one that does
    ],
    ids=str,
)
def test_no_more_is_asked_than_needed(server: Server, most: int) -> None:
    assert read(server) == list(server.at_first)
    assert len(server.asked) <= most


@dataclass
class Changing:
    """A list in order that changes between two answers: at each, rows go from some places, and others come at the end."""

    count: int
    cap: int
    total: Literal["told", "omitted", "late"]
    """It may be that of the answer before."""
    changes: list[tuple[list[float], int]]
    asked: int = 0

    def __post_init__(self) -> None:
        self.ids = list(range(1, self.count + 1))
        self.newest = self.count
        # Where a page is not full and has as many rows as are told, nothing can tell that there is one more.
        self.counted = self.count - (self.count - 1 > self.cap)

    def fetch(self, offset: int, limit: int) -> Page:
        self.asked += 1
        assert self.asked <= MOST_FETCHES, "it never ends"
        total = {"told": len(self.ids), "late": self.counted, "omitted": None}[self.total]
        self.counted = len(self.ids)
        sent = page(self.ids[offset : offset + min(limit, self.cap or limit)], total)
        gone, come = self.changes.pop(0) if self.changes else ([], 0)
        for place in gone:
            if self.ids:
                del self.ids[round(place * (len(self.ids) - 1))]
        self.ids += range(self.newest + 1, self.newest + come + 1)
        self.newest += come
        return sent


PLACES = st.floats(0, 1)
CHANGES = st.lists(st.tuples(st.lists(PLACES, max_size=2), st.integers(0, 2)), max_size=12)
COUNTS_AT_ENDS_OF_PAGES = st.integers(0, 130) | st.sampled_from(
    [size + more for size in (7, PAGE_SIZE, 4 * PAGE_SIZE) for more in (-1, 0, 1)]
)


@given(
    count=COUNTS_AT_ENDS_OF_PAGES,
    cap=st.sampled_from([0, 1, 2, 7, PAGE_SIZE]),
    changes=CHANGES,
    total=st.sampled_from(["told", "omitted", "late"]),
    backwards=st.booleans(),
)
@example(count=45, cap=0, changes=[([0.1], 1)], total="told", backwards=False)
@example(count=45, cap=7, changes=[([], 0), ([0.1], 1)], total="told", backwards=False)
@example(count=70, cap=7, changes=[([], 0), ([], 0), ([0.1], 1)], total="told", backwards=True)
@example(count=PAGE_SIZE + 1, cap=0, changes=[([0.1], 0)], total="omitted", backwards=False)
@example(count=8, cap=7, changes=[([0.1], 0)], total="omitted", backwards=False)
@example(count=8, cap=7, changes=[([1], 0), ([0], 0)], total="omitted", backwards=False)
@example(count=PAGE_SIZE, cap=0, changes=[([], 1), ([0, 0], 0), ([], 0)], total="late", backwards=False)
@example(count=6, cap=3, changes=[([], 0), ([0.75, 0.08], 0)], total="late", backwards=False)
@example(count=3, cap=1, changes=[([0], 1), ([], 0), ([], 0), ([], 0), ([0], 1)], total="told", backwards=False)
def test_a_row_that_stays_is_read_whatever_comes_and_goes(
    count: int,
    cap: int,
    changes: list[tuple[list[float], int]],
    total: Literal["told", "omitted", "late"],
    backwards: bool,
) -> None:
    """What is there from the first answer to the last is the least that must be seen."""
    server = Changing(count, cap, total, changes=list(changes))

    def gather(fetch: Callable[[int], Page], offsets: Sequence[int]) -> list[Page]:
        pages = {offset: fetch(offset) for offset in (reversed(offsets) if backwards else offsets)}
        return [pages[offset] for offset in offsets]

    try:
        rows = list_all(server.fetch, PAGE_SIZE, gather)
    except CertificatesError as error:
        assert error.code == "incomplete_listing"
        return
    assert {row["id"] for row in rows} >= set(server.ids) & set(range(1, count + 1)), "silently incomplete"


@pytest.mark.parametrize(
    ("server", "calls"),
    [
        (Server(77, omit_total=True, repeat=2, clamp=True, lengths=[5, 10, 6]), 28),
        (Server(5, told=3, lengths=[1, 1, 3, 1, 9, 11], ignore_offsets=True), None),
        (Server(3, told=1, lengths=[1, 2, 8], clamp=True), None),
    ],
    ids=str,
)
def test_what_comes_again_far_behind_the_end(server: Server, calls: int | None) -> None:
    """It ends a reading only with the last row, else it is read once more; it may be all rows that are known and no other."""
    assert read(server) == list(server.at_first) and (calls is None or len(server.asked) == calls)


def test_nothing_is_searched_for_behind_a_reading_that_has_gaps() -> None:
    """It is read again in any case."""
    server = Changing(34, PAGE_SIZE, "told", [([], 1), ([0.47], 1), ([], 0), ([0.03], 1)])
    assert len(list_all(server.fetch, PAGE_SIZE)) == 35 and server.asked == 8


def test_ids_that_come_as_text_count_as_numbers() -> None:
    assert ids_of(lambda _offset, _limit: page(["10", "9"], 2)) == ["9", "10"]  # type: ignore[comparison-overlap]


def test_a_total_that_only_the_first_page_has_is_enough() -> None:
    server, told = Server(45), [45]
    ids = ids_of(lambda offset, limit: Page(server.fetch(offset, limit).rows, told.pop() if told else None))
    assert ids == list(server.at_first) and len(server.asked) == 5


def test_of_a_row_that_came_twice_the_later_one_counts() -> None:
    later = [{"id": 1, "n": "new"}, {"id": 2}, {"id": 3}]
    rows = list_all(lambda offset, _limit: Page(later if offset else [{"id": 1, "n": "old"}, {"id": 2}], 3), 2)
    assert rows == [{"id": 1, "n": "new"}, {"id": 2}, {"id": 3}]


@pytest.mark.parametrize("growth", [1, 3])
def test_a_list_in_order_that_grows_at_its_end_is_read_once(growth: int) -> None:
    """What was added meanwhile is left to the next run, and is no reason to read everything again."""
    server = Server(45, growth=growth)
    assert read(server) is not None
    assert len(server.asked) == 5


@pytest.mark.parametrize(("lacking", "readings"), [(20, 2), (5, 3), (1, 3)])
def test_a_list_is_whole_once_another_reading_finds_nothing_new_but_at_its_end(lacking: int, readings: int) -> None:
    """A row that was not seen before, and is no new one, shows that more may be missing.

    Where pages of a single row have nothing in common.
    """
    whole = list(range(1, 21))
    ids: list[int] = []
    asked = 0

    def fetch(offset: int, _limit: int) -> Page:
        nonlocal asked
        if offset == 0:
            ids[:] = [number for number in whole if asked or number != lacking]
            asked += 1
        return page(ids[offset : offset + (1 if offset else 2)], len(ids))

    assert ids_of(fetch) == whole and asked == readings


def test_a_reading_that_comes_less_far_than_the_one_before_is_not_the_whole_list() -> None:
    """Of a list that is counted too short, by a server that cuts its pages anywhere; and one that has become shorter is believed."""
    assert read(Server(8, cap=2, told=4, lengths=[3, 2, 1, 1, 3])) == list(range(1, 9))
    readings = [[*range(1, 9)], *[[*range(1, 5)]] * 2]

    def fetch(offset: int, limit: int) -> Page:
        if offset == 0 and limit > PAGE_SIZE and len(readings) > 1:
            readings.pop(0)
        return page(readings[0][offset : offset + 2], 9 if len(readings) == 3 else 4)

    assert ids_of(fetch) == [1, 2, 3, 4]


def test_an_end_that_comes_again_is_none_where_rows_come_out_of_turn() -> None:
    """In a list in order nothing can be behind the last row; in this one, row 5 came late, and others may."""
    ids, ends, asked = [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 5, 12, 13], [10**10, 1_000], []

    def fetch(offset: int, _limit: int) -> Page:
        asked.append(offset)
        begin = min(offset, len(ids) - 2)
        return page(ids[begin : begin + PAGE_SIZE] if offset < ends[-1] else [])

    with fails("incomplete_listing") as caught:
        list_all(fetch, PAGE_SIZE)
    assert caught.value.details == {"expected": 14, "received": 13}
    ends.pop()
    asked.clear()
    list_all(fetch, PAGE_SIZE)
    assert asked.count(0) == 2, "where it comes again at any place, it is read once more"
    ids.sort()
    for end in (10**10, 1_000):
        ends.append(end)
        assert ids_of(fetch) == ids


def test_a_list_that_is_empty_at_last_is_believed_once_it_is_so_again() -> None:
    """That it counts none is not enough after a reading that had rows: a server may count too few."""
    readings = [page([1], 3), page([], 3), page([], 0), page([], 0)]
    assert list_all(lambda offset, limit: readings.pop(0), PAGE_SIZE) == []
    assert not readings


def test_rows_without_a_usable_id_are_distinguished_and_known_again() -> None:
    """So that they count, wherever they come again, and however the server writes them then."""
    at = xmlrpc.client.DateTime("20260301T00:00:00")
    page = [{"name": "a", "at": at}, {"name": "a", "at": at}, {"name": "b"}, None, {"id": 0}, {"id": 7}]
    first, second, *others, last = [row["id"] for row in number_rows(page)]
    assert len({first, second, *others}) == 5 and all(number < 0 for number in (first, second, *others)) and last == 7
    assert [row["id"] for row in number_rows([None, {"at": at, "name": "a"}, {"name": "b"}])] == [
        others[1],
        first,
        others[0],
    ]


def test_a_page_of_two_rows_begins_with_the_last_one_before_it() -> None:
    server = Server(6, omit_total=True)
    assert len(list_all(server.fetch, 2)) == 6
    assert [offset for offset, _limit in server.asked] == [0, 1, 2, 3, 4, 5, 6, 5]


def test_gaps_are_not_asked_for_on_and_on_where_nothing_new_comes() -> None:
    """A page may bring no more than the row that it has in common with the one before; two in a row do not."""
    server = Server(130, ignore_offsets=True, lengths=[3, PAGE_SIZE, *[3] * 399])
    assert read(server) is None and len(server.asked) == 224


def test_a_row_without_a_usable_id_does_not_disturb_the_order() -> None:
    """Its number is none of the server's, so that the list need not be read again for it."""
    server = Server(45, growth=1)

    def fetch(offset: int, limit: int) -> Page:
        sent = server.fetch(offset, limit)
        return page([-1 if row["id"] == 3 else row["id"] for row in sent.rows], sent.total)

    assert {*ids_of(fetch)} >= {-1, *server.at_first} - {3}
    assert len(server.asked) == 5


@pytest.mark.parametrize(("behind", "is_whole"), [([12, 13], True), ([5, 6], False)])
def test_rows_that_come_again_are_an_end_only_if_they_are_the_last(behind: list[int], is_whole: bool) -> None:
    def fetch(offset: int, limit: int) -> Page:
        ids = range(1, 14)[offset : offset + limit] if offset < 13 else behind if offset < 100 else []
        return page(ids)

    if is_whole:
        assert ids_of(fetch) == [*range(1, 14)]
    else:
        with fails("incomplete_listing"):
            list_all(fetch, PAGE_SIZE)


def test_a_reading_that_comes_as_far_as_the_one_before_is_whole_with_rows_that_this_one_lacked() -> None:
    readings, asked = [[1, 2, 4, 5], [1, 2, 3, 4, 5]], []

    def fetch(offset: int, limit: int) -> Page:
        asked.append(offset)
        ids = readings[min(asked.count(0), 2) - 1]
        return page(ids[offset : offset + 2], 5)

    assert ids_of(fetch) == readings[1]
    assert asked.count(0) == 2
