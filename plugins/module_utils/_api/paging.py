# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a whole list from a server that hands it out in pages. Private to softlayer.certificates.

Pure: how a page is fetched, and how several are fetched at once, is passed in.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .._errors import CertificatesError

Row = dict[str, t.Any]

ROUNDS = 4
"""How often a list is read before its gaps are given up on."""
GROWTH = 4
"""How much larger the pages of each further reading are."""
PATIENCE = 20
"""How many pages in a row may bring nothing new, or little, before a reading ends."""
MOST_PAGES = 10_000
"""How many pages a reading has at the most."""
FAR_BEHIND = 1_000_000_000
"""An offset where no list has rows any more."""


@dataclass(frozen=True)
class Page:
    """One answer of the server: some rows, and how many rows it says there are in all (None: it does not say)."""

    rows: Sequence[Row]
    total: int | None


Fetch = Callable[[int, int], Page]
Gather = Callable[[Callable[[int], Page], Sequence[int]], Iterable[Page]]


def list_all(fetch: Fetch, page_size: int, gather: Gather = map) -> list[Row]:
    """Return every row of a list once, sorted by id.

    No single page is trusted to be all. The server may cap pages below `page_size`, ignore the limit and send all
    rows at once, leave the total out, repeat rows, change the order between two pages or gain rows meanwhile. What is
    missing after a reading is looked for in another one, in larger pages: a list that fits on one cannot come apart.

    Args:
        fetch: takes offset and limit, gives a `Page`.
        page_size: how many rows to ask for at once.
        gather: `map`, or something like it that fetches several pages at the same time.

    Raises:
        CertificatesError: `incomplete_listing`, where the list is not known to be whole after `ROUNDS` readings.
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
        # Without a total nothing tells that a row has gone meanwhile, and another one slid to where nobody looks: a second reading does,
        # which finds nothing but what has come at the end since.
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
    """Read the pages after the first one, several at a time; return whether as many rows came as the server says.

    Where it says too few, a full page at the end or one behind the end gives that away.
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
        return len(rows) >= expected  # what came meanwhile stands at the end, and is left to the next run
    return len(rows) >= total


def _read_to_the_end(rows: dict[int, Row], fetch: Fetch, size: int, first: Page) -> bool:
    """Read on behind the rows that are known until nothing is there; return whether that was reached."""
    if not first.rows or len(first.rows) > size:  # nothing, or a server that pays no attention to limits
        return True
    in_order = _is_ascending(first.rows)
    short = misses = 0
    for _number in range(MOST_PAGES):
        known, last = len(rows), max(rows)
        page = fetch(known, size)
        if not page.rows:
            return True
        _add(rows, page)
        if _ids(first) <= _ids(page):  # it starts at the first row each time: all there are, unless the page is full
            if len(page.rows) != size:
                return True
            misses += 1
        new = [identifier for identifier in _ids(page) if identifier > last]
        in_order = in_order and _is_ascending(page.rows) and len(new) == len(rows) - known
        if len(rows) > known:
            short = short + 1 if len(page.rows) < len(first.rows) else 0
            if in_order and short == PATIENCE:
                if not fetch(len(rows) + PATIENCE, size).rows:
                    # It grows at its end as fast as it is read. What stood there is read, the rest left to the next run.
                    for _number in range(PATIENCE):
                        _add(rows, fetch(len(rows), size))
                    return True
                short = 0
            continue
        if in_order and not misses:
            return True
        misses += 1
        if misses == 1 and fetch(FAR_BEHIND, size).rows:
            # It gives rows wherever one asks: the end cannot be seen, but a page that is not full holds all there are.
            return len(first.rows) != size
        if misses >= PATIENCE:
            return False
    return False


def _ids(page: Page) -> set[int]:
    return {int(row["id"]) for row in page.rows}


def _add(rows: dict[int, Row], page: Page) -> None:
    rows.update((int(row["id"]), row) for row in page.rows)


def _is_ascending(rows: Sequence[Row]) -> bool:
    identifiers = [int(row["id"]) for row in rows]
    return all(one <= two for one, two in pairwise(identifiers))
