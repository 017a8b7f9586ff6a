# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a whole list from a server that returns it in pages. Private to softlayer.certificates.

Pure: the functions that fetch one page, or several at once, are passed in.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .._errors import CertificatesError
from .values import as_id

Row = dict[str, t.Any]

ROUNDS = 4
"""How often a list is read before the run gives up on its gaps."""
GROWTH = 4
"""Factor by which the pages grow with each new reading."""
PATIENCE = 20
"""How many pages in a row may bring nothing or little that is new before a reading ends."""
NOT_BY_CHANCE = 6
"""So many rows do not come twice in the same order by chance, if the server keeps no order."""
MOST_PAGES = 10_000
"""Maximum number of pages in one reading."""
FAR_BEHIND = 1_000_000_000
"""An offset beyond the end of any list."""


@dataclass(frozen=True)
class Page:
    """One answer of the server: some rows, and how many rows there are in all (`None`: the server does not say)."""

    rows: Sequence[Row]
    total: int | None


def has_id(row: object) -> bool:
    """Return whether an element of a list is an object with an id that can be used."""
    return isinstance(row, dict) and as_id(row.get("id")) is not None


def numbered(rows: Sequence[object]) -> list[Row]:
    """Return rows that can be counted.

    A row without a usable id gets a negative number. The same row on another page gets the same number.
    """
    found: list[Row] = []
    met: Counter[str] = Counter()
    for row in rows:
        if has_id(row):
            found.append(t.cast(Row, row))
        else:
            text = json.dumps(row, sort_keys=True, default=str)
            met[text] += 1  # count each of several identical rows on one page
            found.append({"id": -int(hashlib.sha256(f"{met[text]} {text}".encode()).hexdigest()[:15], 16) - 1})
    return found


Fetch = Callable[[int, int], Page]
Gather = Callable[[Callable[[int], Page], Sequence[int]], Iterable[Page]]


def list_all(fetch: Fetch, page_size: int, gather: Gather = map) -> list[Row]:
    """Return every row of a list once, sorted by id.

    No single page is trusted to be the whole list. The server may return fewer rows than `page_size`, ignore the limit and
    send all rows at once, omit the total, repeat rows, change the order between two pages or gain rows meanwhile. If rows
    are missing after a reading, the list is read again in larger pages: a list on a single page cannot have gaps.

    Args:
        fetch: takes offset and limit, returns a `Page`.
        page_size: number of rows to request at once.
        gather: `map`, or a similar function that fetches several pages at the same time.

    Raises:
        CertificatesError: `incomplete_listing`, if the list is not known to be complete after `ROUNDS` readings.
    """
    rows: dict[int, Row] = {}
    for number in range(ROUNDS):
        size, known = page_size * GROWTH**number, set(rows)
        first = fetch(0, size)
        _add(rows, first)
        told = first.total is not None
        is_whole = (
            _read_to_the_total(rows, fetch, size, first, gather) if told else _read_to_the_end(rows, fetch, size, first)
        )
        # Without a total, a row may vanish between two pages unnoticed and move another row to a place that was already read.
        # A second reading shows this: it must find nothing new except rows added at the end.
        is_confirmed = bool(known) and all(identifier > max(known) for identifier in rows.keys() - known)
        if is_whole and (told or is_confirmed or len(rows) == len(first.rows)):
            return [rows[identifier] for identifier in sorted(rows)]
    expected = first.total or len(rows) + 1
    raise CertificatesError(
        "incomplete_listing",
        f"The API has at least {expected} entries but handed out only {len(rows)} different ones in {ROUNDS} readings; "
        "nothing was done on an incomplete list. Run it again when the account is not being changed.",
        expected=expected,
        received=len(rows),
    )


def _read_to_the_total(rows: dict[int, Row], fetch: Fetch, size: int, first: Page, gather: Gather) -> bool:
    """Read the pages after the first one, several at a time; return whether all rows that the server counts have come.

    If its total is too low, a full last page or a page behind the end shows it.
    """
    answers = {0: first.rows}
    total = expected = first.total or 0
    step = len(first.rows)
    stop = total + 1 if step == size else total
    ends = {offset: min(offset + step, total) for offset in range(step, stop, step)[:MOST_PAGES]} if step else {}
    while ends:
        known = len(rows)
        offsets = list(ends)
        left: dict[int, int] = {}
        pages = gather(lambda offset: fetch(offset, size), offsets)
        for offset, page in zip(offsets, pages, strict=True):
            answers[offset] = page.rows
            _add(rows, page)
            reached = offset + len(page.rows)
            if page.rows and reached < ends[offset]:  # a page shorter than the first one leaves a gap
                left[reached] = ends[offset]
            total = max(total, page.total or 0)
        ends = left if len(rows) > known else {}
    if len(rows) > total:
        return _read_to_the_end(rows, fetch, size, first)
    everything = [row for offset in sorted(answers) for row in answers[offset]]
    if total > expected and _is_ascending(everything):
        return len(rows) >= expected  # rows that were added meanwhile are at the end, and are left to the next run
    return len(rows) >= total


def _read_to_the_end(rows: dict[int, Row], fetch: Fetch, size: int, first: Page) -> bool:
    """Read on behind the known rows until a page is empty; return whether the end was reached."""
    if not first.rows or len(first.rows) > size:  # no rows, or a server that ignores limits
        return True
    in_order = _is_ascending(first.rows)
    short = misses = 0
    for _number in range(MOST_PAGES):
        known, last = len(rows), max(rows)
        page = fetch(known, size)
        if not page.rows:
            return True
        _add(rows, page)
        if len(first.rows) >= NOT_BY_CHANCE and _begins_with(page, first) and len(page.rows) != size:
            return True  # the server ignores the offset: these are all rows
        new = [identifier for identifier in _ids(page) if identifier > last]
        in_order = in_order and _is_ascending(page.rows) and len(new) == len(rows) - known
        if len(rows) > known:
            short = short + 1 if len(page.rows) < len(first.rows) else 0
            if in_order and short == PATIENCE:
                if not fetch(len(rows) + PATIENCE, size).rows:
                    # The list grows at its end as fast as it is read. The old rows are all read; new ones are left to the next run.
                    for _number in range(PATIENCE):
                        _add(rows, fetch(len(rows), size))
                    return True
                short = 0
            continue
        misses += 1
        if misses == 1 and fetch(FAR_BEHIND, size).rows:
            # It returns rows at any offset, so the end cannot be found; but a page that is not full contains all rows.
            return len(first.rows) != size
        in_order = in_order and _ids(page) == set(sorted(rows)[-len(page.rows) :])
        if misses >= PATIENCE:
            return in_order  # it repeats its last rows
    return False


def _ids(page: Page) -> set[int]:
    return {int(row["id"]) for row in page.rows}


def _begins_with(page: Page, first: Page) -> bool:
    return [row["id"] for row in page.rows[: len(first.rows)]] == [row["id"] for row in first.rows]


def _add(rows: dict[int, Row], page: Page) -> None:
    rows.update((int(row["id"]), row) for row in page.rows)


def _is_ascending(rows: Sequence[Row]) -> bool:
    identifiers = [int(row["id"]) for row in rows]
    return all(one <= two for one, two in pairwise(identifiers))
