# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a complete list from a server that returns pages. Private to softlayer.certificates.

Pure: callers pass the functions that fetch pages.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .._base.errors import CertificatesError
from .values import parse_id

Row = dict[str, t.Any]

MAX_ROUNDS = 4
"""Maximum number of readings of a list with gaps."""
GROWTH_FACTOR = 4
"""Growth factor of the page size for each reading."""
MAX_MISSES = 20
"""Maximum number of consecutive pages without new rows, or with fewer rows than the first page."""
MIN_REPEATED_ROWS = 6
"""Minimum number of repeated rows that show that a server without an order ignores the offset."""
MAX_PAGES = 10_000
"""Maximum number of pages in one reading."""
OFFSET_BEHIND_END = 1_000_000_000
"""An offset beyond the end of any list."""


@dataclass(frozen=True)
class Page:
    """A response of the server: some rows, and the total number of rows (`None` if unknown)."""

    rows: Sequence[Row]
    total: int | None


def has_id(row: object) -> bool:
    """Return whether an element of a list is an object with a valid ID."""
    return isinstance(row, dict) and parse_id(row.get("id")) is not None


def number_rows(rows: Sequence[object]) -> list[Row]:
    """Return rows with unique IDs.

    The ID of a row without a valid ID is a negative number from its content, which is the same on another page.
    """
    counted: list[Row] = []
    met: Counter[str] = Counter()
    for row in rows:
        if has_id(row):
            counted.append(t.cast(Row, row))
        else:
            text = json.dumps(row, sort_keys=True, default=str)
            met[text] += 1  # count each of several identical rows on one page
            counted.append({"id": -int(hashlib.sha256(f"{met[text]} {text}".encode()).hexdigest()[:15], 16) - 1})
    return counted


Fetch = Callable[[int, int], Page]
Gather = Callable[[Callable[[int], Page], Sequence[int]], Iterable[Page]]
State = t.Literal["incomplete", "to the end", "whole"]
"""Result of a reading. After `to the end`, a deletion between two pages may have moved a row to a page that was already read. Another
reading with the same rows confirms the list."""


def list_all(fetch: Fetch, page_size: int, gather: Gather = map) -> list[Row]:
    """Return every row of a list once, sorted by ID.

    The server may return fewer rows than `page_size`, ignore the limit, omit the total, repeat rows, change the order between two
    pages, or add and delete rows during a reading. If rows may be missing after a reading, the list is read again in larger pages.

    Args:
        fetch: takes offset and limit, returns a `Page`.
        page_size: number of rows to request at once.
        gather: `map`, or a similar function that fetches several pages concurrently.

    Raises:
        CertificatesError: `incomplete_listing`, if the list is not known to be complete after `MAX_ROUNDS` readings.
    """
    rows: dict[int, Row] = {}
    before: set[int] = set()
    for number in range(MAX_ROUNDS):
        size = page_size * GROWTH_FACTOR**number
        first = fetch(0, size)
        # Earlier rows count only if the rows are unsorted, so that gaps cannot be detected.
        reading = {} if _is_ascending(first.rows) else dict(rows)
        _add_rows(reading, first)
        state = _read_remaining_pages(reading, fetch, size, first, gather)
        rows |= reading
        # Another reading must bring the same rows, and nothing new except rows added at the end.
        is_confirmed = bool(before) and all(identifier > max(before) for identifier in reading.keys() ^ before)
        if state == "whole" and any(identifier > max(reading, default=0) for identifier in before):
            state = "to the end"  # it has not come as far as the one before: the server may count too few
        if state == "whole" or (state == "to the end" and (is_confirmed or len(reading) == len(first.rows))):
            return [reading[identifier] for identifier in sorted(reading)]
        before = set(reading)
    expected = max(first.total or 0, len(rows) + 1)
    raise CertificatesError(
        "incomplete_listing",
        f"Cannot read the complete list: the API has at least {expected} entries but returned only {len(rows)} different entries in "
        f"{MAX_ROUNDS} attempts. Run the playbook again while the account is not being changed.",
        expected=expected,
        received=len(rows),
    )


def _read_remaining_pages(rows: dict[int, Row], fetch: Fetch, size: int, first: Page, gather: Gather) -> State:
    """Read the pages after the first page concurrently, up to the total number of rows; one by one without a total.

    Each page begins with the last row of the previous page. If another row is in its place, a deletion may have moved rows to pages
    that were already read. A full last page, or a page behind the end, shows a total that is too low.
    """
    step = len(first.rows)
    if first.total is None or step == 1 < first.total:  # nothing comes again of a page with a single row
        state = _read_until_empty(rows, fetch, size, first)
        return state if len(rows) >= (first.total or 0) else "incomplete"
    pages = {0: first.rows}
    total = expected = first.total
    stride = max(step - 1, 1)
    offsets = range(stride, total, stride) if 0 < step < total or step == size else range(0)
    ends = {offset: min(offset + step, total) for offset in offsets[:MAX_PAGES]}
    fruitless = 0
    while ends and fruitless <= 1:  # a page may bring no more than the row that it has in common with the one before
        known = len(rows)
        asked = list(ends)
        left: dict[int, int] = {}
        for offset, page in zip(asked, gather(lambda offset: fetch(offset, size), asked), strict=True):
            pages[offset] = page.rows
            _add_rows(rows, page)
            reached = offset + len(page.rows)
            if page.rows and reached < ends[offset]:  # a page shorter than the first one leaves a gap
                left[max(reached - 1, offset + 1)] = ends[offset]
            total = max(total, page.total or 0)
        ends = {offset: end for offset, end in left.items() if not pages.get(offset)}
        fruitless = 0 if len(rows) > known else fruitless + 1
    in_turn = [pages[offset] for offset in sorted(pages)]
    state = _evaluate_overlap(in_turn)
    if len(rows) > total and state != "incomplete":
        behind = _read_until_empty(rows, fetch, size, first)
        return state if behind == "whole" else behind
    if _is_ascending([row for page in in_turn for row in page]):
        total = expected  # rows that were added meanwhile are at the end, and are left to the next run
    return state if len(rows) >= total else "incomplete"


def _evaluate_overlap(pages: Sequence[Sequence[Row]]) -> State:
    """Return `whole` if each page overlaps the previous page, or if the pages are not sorted; `to the end` if only pages with a single row do not."""
    if not all(map(_is_ascending, pages)):
        return "whole"
    ids = [page_ids for page, page_ids in zip(pages, map(_list_ids, pages), strict=True) if page_ids or not page]
    before_gaps = [page for page, following in pairwise(ids) if not following or (page and following[0] > page[-1])]
    if not before_gaps:
        return "whole"
    return "to the end" if all(len(page) == 1 for page in before_gaps) else "incomplete"


def _read_until_empty(rows: dict[int, Row], fetch: Fetch, size: int, first: Page) -> State:
    """Read pages behind the known rows until a page is empty.

    After a page of maximum length, the next page begins with its last row. After a shorter page, which probably is the last page, the
    next page begins behind its last row, and another request checks the position of that row. If the position has changed, a deletion
    may have moved rows to pages that were already read.
    """
    if not first.rows or len(first.rows) > size:  # no rows, or a server that ignores limits
        return "to the end"
    in_order = _is_ascending(first.rows)
    is_long = len(rows) == len(first.rows) == size > 1
    longest, enough = len(first.rows), MAX_PAGES * size
    short = misses = 0
    for _number in range(MAX_PAGES):
        known, last = len(rows), max(rows)
        overlap = int(in_order and is_long)
        page = fetch(known - overlap, size)
        if in_order and not _has_known_row(page, rows, last):
            looked = page if overlap else fetch(known - 1, size)
            if not _has_known_row(looked, rows, last):
                return "incomplete"
            if max(_collect_ids(looked)) > last:
                page = looked  # since then, rows may have come in place of those that had vanished
            elif not page.rows:
                return "whole"
        if not page.rows:
            return "to the end"
        _add_rows(rows, page)
        begins_anew = [row["id"] for row in page.rows[: len(first.rows)]] == [row["id"] for row in first.rows]
        if len(first.rows) >= MIN_REPEATED_ROWS and begins_anew and len(page.rows) != size:
            return "to the end"  # the server ignores the offset: these are all rows
        new = [identifier for identifier in _collect_ids(page) if identifier > last]
        in_order = in_order and _is_ascending(page.rows) and len(new) == len(rows) - known
        is_long = len(page.rows) >= longest > 1 and len(rows) > known
        longest = max(longest, len(page.rows))
        if in_order and len(rows) >= enough:
            return "whole"
        if len(rows) > known:
            short = short + 1 if len(page.rows) < len(first.rows) else 0
            if in_order and short == MAX_MISSES:
                if not fetch(len(rows) + MAX_MISSES, size).rows:
                    # The list grows at its end as fast as it is read. New rows are left to the next run, once the old ones are all read.
                    enough = len(rows) + MAX_MISSES
                short = 0
            continue
        if overlap:
            continue
        misses += 1
        if misses == 1 and (far := fetch(OFFSET_BEHIND_END, size)).rows:
            if in_order and known > len(first.rows) and _collect_ids(far) <= rows.keys() and last in _collect_ids(far):
                return "whole"  # it repeats its last page
            # It returns rows at any offset, so the end cannot be found; but a page that is not full contains all rows.
            return "to the end" if len(first.rows) != size else "incomplete"
        in_order = in_order and _collect_ids(page) == set(sorted(rows)[-len(page.rows) :])
        if misses >= MAX_MISSES:
            return "to the end" if in_order else "incomplete"  # it repeats its last rows
    return "incomplete"


def _has_known_row(page: Page, rows: Mapping[int, Row], last: int) -> bool:
    """Return whether a page has a known row, or a row before the last known row, so that there is no gap."""
    return any(identifier in rows or 0 <= identifier <= last for identifier in _collect_ids(page))


def _collect_ids(page: Page) -> set[int]:
    return {int(row["id"]) for row in page.rows}


def _add_rows(rows: dict[int, Row], page: Page) -> None:
    rows.update((int(row["id"]), row) for row in page.rows)


def _is_ascending(rows: Sequence[Row]) -> bool:
    return all(before <= after for before, after in pairwise(_list_ids(rows)))


def _list_ids(rows: Sequence[Row]) -> list[int]:
    """Return the valid IDs of rows, in the order of the rows."""
    return [identifier for identifier in (int(row["id"]) for row in rows) if identifier >= 0]
