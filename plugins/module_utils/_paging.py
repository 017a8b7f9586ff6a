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

from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError

Row = dict[str, t.Any]

ROUNDS = 4
"""How often a list is read before its gaps are given up on."""
GROWTH = 4
"""How much larger the pages of each further reading are: a list that fits on one page cannot come apart."""


@dataclass(frozen=True)
class Page:
    """One answer of the server: some rows, and how many rows it says there are in all (None: it does not say)."""

    rows: Sequence[Row]
    total: int | None


Fetch = Callable[[int, int], Page]
Gather = Callable[[Callable[[int], Page], Sequence[int]], Iterable[Page]]


def list_all(fetch: Fetch, page_size: int, gather: Gather = map) -> list[Row]:
    """Return every row of a list once, sorted by id.

    No single page is trusted to be all. The server may cap pages below C(page_size), ignore the limit and send all
    rows at once, leave the total out, repeat rows, change the order between two pages or gain rows meanwhile: the
    list is read until as many different rows are there as the server says, and again, in larger pages, where some are
    missing.

    Args:
        fetch: takes offset and limit, gives a C(Page).
        page_size: how many rows to ask for at once.
        gather: C(map), or something like it that fetches several pages at the same time.

    Raises:
        CertificatesError: C(incomplete_listing), where rows are still missing after C(ROUNDS) readings.
    """
    rows: dict[int, Row] = {}
    expected = 0
    for number in range(ROUNDS):
        known = len(rows)
        reading = _read_once(fetch, page_size * GROWTH**number, gather)
        rows.update((int(row["id"]), row) for row in reading.rows)
        expected = reading.expected
        settled = reading.in_order and len(rows) == known  # read twice, in order, and nothing new: the total is off
        if len(rows) >= expected or settled:
            return [rows[identifier] for identifier in sorted(rows)]
    raise CertificatesError(
        "incomplete_listing",
        f"The API says that there are {expected} entries but handed out only {len(rows)} different ones in {ROUNDS} readings; "
        "nothing was done on an incomplete list. Run it again when the account is not being changed.",
        expected=expected,
        received=len(rows),
    )


@dataclass(frozen=True)
class _Reading:
    rows: Sequence[Row]
    expected: int
    in_order: bool


def _read_once(fetch: Fetch, page_size: int, gather: Gather) -> _Reading:
    """Read the list once from its beginning to its end."""
    first = fetch(0, page_size)
    if first.total is None:
        return _read_without_total(fetch, page_size, first)
    answers = {0: first.rows}
    total = first.total
    step = len(first.rows)
    pending = range(step, total, step) if step else range(0)
    end_of = {offset: min(offset + step, total) for offset in pending}
    while end_of:
        offsets = list(end_of)
        left: dict[int, int] = {}
        pages = gather(lambda offset: fetch(offset, page_size), offsets)
        for offset, page in zip(offsets, pages, strict=True):
            answers[offset] = page.rows
            reached = offset + len(page.rows)
            if page.rows and reached < end_of[offset]:  # a page shorter than the first one leaves a gap
                left[reached] = end_of[offset]
            if page.total is not None and page.total > total:
                left[total] = page.total
                total = page.total
        end_of = left
    rows = [row for offset in sorted(answers) for row in answers[offset]]
    return _Reading(rows, total, _is_ascending(rows))


def _read_without_total(fetch: Fetch, page_size: int, first: Page) -> _Reading:
    """Read until a page is empty, or until it shows that the server pays no attention to limits."""
    rows = list(first.rows)
    if len(rows) > page_size:
        return _Reading(rows, len(_ids(rows)), _is_ascending(rows))
    page = first
    while page.rows:
        page = fetch(len(rows), page_size)
        if _ids(page.rows) == _ids(first.rows):
            return _Reading(first.rows, len(_ids(rows)), _is_ascending(first.rows))
        rows.extend(page.rows)
    return _Reading(rows, len(rows), _is_ascending(rows))


def _ids(rows: Iterable[Row]) -> set[int]:
    return {int(row["id"]) for row in rows}


def _is_ascending(rows: Sequence[Row]) -> bool:
    identifiers = [int(row["id"]) for row in rows]
    return all(one <= two for one, two in pairwise(identifiers))
