# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of listeners and of orders at the end of a run, the most urgent rows first. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .._base.codes import AttentionReason
from .._base.names import build_listener_sort_key, format_listener_name, is_host_name
from .._base.text import escape_invisible, join_first
from .summary import FAILED_STATE, MAX_LISTED, Record, build_key, format_count, is_unreachable, list_listener_reasons

MAX_ROWS = 30
MAX_COLUMN_WIDTH = 40
"""Maximum width of each column except the last column, in terminal columns."""
LISTENER_HEADER = ("LISTENER", "NAME", "EXPIRES", "SERVED", "ACCEPTED", "STATUS")
ORDER_HEADER = ("ORDER", "NAME", "EXPIRES", "SERVED BY", "STATE", "STATUS")
CHANGED_OUTCOMES = frozenset({"switched", "rolled_back"})
URGENCY_ORDER = (FAILED_STATE, *t.get_args(AttentionReason))
YES_OR_NO: Mapping[bool | None, str] = {True: "yes", False: "no", None: "unknown"}
OK_STATUS = "OK"
READY_STATUS = "to be imported"
"""The status of an order whose certificate can be imported."""
DONE_STATES = frozenset({"imported", "superseded"})
"""States of orders that need no further step, as opposed to states of orders that wait or are over."""
NO_STATUS = "-"


def format_listener_table(done: Record, *, is_failed: bool) -> list[str]:
    """Return the lines of the table of listeners; empty without listeners.

    The table of a failed run contains only changed listeners and listeners that need attention.

    Args:
        done: the result of `ssl_certificate_rotate`.
        is_failed: whether the run fails.
    """
    about = list_listener_reasons(done)

    def build_sort_key(listener: Record) -> tuple[int, str, tuple[str, int]]:
        kinds = [URGENCY_ORDER.index(reason) for reason in about.get(build_key(listener), ())]
        return (
            min(kinds, default=len(URGENCY_ORDER)),
            listener.get("effective_not_after") or "~",
            build_listener_sort_key(format_listener_name(listener)),
        )

    every = done.get("listeners") or ()
    concerned = [
        listener for listener in every if build_key(listener) in about or listener.get("outcome") in CHANGED_OUTCOMES
    ]
    listeners = sorted((is_failed and concerned) or every, key=build_sort_key)
    rows = [
        _build_listener_row(listener, about.get(build_key(listener), ()), is_check_mode="preview" in done)
        for listener in listeners[:MAX_ROWS]
    ]
    return _format_table(LISTENER_HEADER, rows, len(listeners), "listener")


def _build_listener_row(listener: Record, reasons: Iterable[str], *, is_check_mode: bool) -> Sequence[str]:
    is_simulated = is_check_mode and listener.get("outcome") == "switched"
    served, accepted = (None if is_simulated else listener.get(name) for name in ("served", "accepted"))
    name = listener.get("served_name")
    others = {*filter(is_host_name, listener.get("subject_alt_names") or ())} - {name} if name else ()
    return (
        format_listener_name(listener),
        f"{_shorten(name or 'unknown')}{f' +{len(others)}' if others else ''}",
        _format_expiry(listener.get("effective_not_after"), listener.get("days_until_expiry")),
        "rolled back" if listener.get("outcome") == "rolled_back" else YES_OR_NO[served],
        YES_OR_NO[accepted],
        ", ".join(sorted(reasons, key=URGENCY_ORDER.index)) or _choose_status(listener),
    )


def _choose_status(listener: Record) -> str:
    """Return the status of a listener without a reason for attention."""
    if is_unreachable(listener):
        return "unreachable"
    better = listener.get("better_certificate_id")
    if better and listener.get("outcome") != "switched":
        return f"update available: certificate {better}"
    return "renewal pending" if listener.get("renewal_due") else OK_STATUS


def format_order_table(rows: Sequence[Record]) -> list[str]:
    """Return the lines of the table of orders, from the rows of their report, the most urgent first."""
    shown = [
        (
            str(row["order_id"]),
            row.get("name") or "unknown",
            _format_expiry(row.get("expires_at"), row.get("days_left")),
            ", ".join(row.get("served_by") or ()) or "-",
            row["state"],
            ", ".join(row["attention"]) or _choose_order_status(row),
        )
        for row in rows[:MAX_ROWS]
    ]
    return _format_table(ORDER_HEADER, shown, len(rows), "order")


def _choose_order_status(row: Record) -> str:
    """Return the status of an order without a reason for attention."""
    if row.get("reason") == "waiting_for_import":
        return READY_STATUS
    return OK_STATUS if row["state"] in DONE_STATES else NO_STATUS


def list_order_remedies(rows: Sequence[Record], words: Mapping[str, str]) -> Iterable[str]:
    """Yield a line with the orders and the remedy for each kind of attention; `words` contains the remedies."""
    for kind, sentence in words.items():
        about = [f"{row['name'] or 'unknown'} (order {row['order_id']})" for row in rows if kind in row["attention"]]
        if about:
            yield f"ATTENTION: {join_first(about, MAX_LISTED)}: {kind}: {sentence}"


def format_order_totals(rows: Sequence[Record]) -> str:
    """Return the line of totals of orders, with each order counted once."""
    states = Counter("attention" if row["attention"] else row["state"] for row in rows)
    count = states.pop("attention", 0)
    counts = [f"{count} need{'s' if count == 1 else ''} attention"] if count else []
    counts += [f"{count} {state}" for state, count in sorted(states.items())]
    return f"{format_count(len(rows), 'order')}{': ' if counts else ''}{', '.join(counts)}."


def _format_expiry(end: str | None, days: int | None) -> str:
    """Return an expiry date with the number of days left."""
    return "unknown" if end is None else end[:10] if days is None else f"{end[:10]} ({days}d)"


def _format_table(header: Sequence[str], rows: Sequence[Sequence[str]], count: int, noun: str) -> list[str]:
    if not rows:
        return []
    lines = [header, *([*map(_shorten, map(escape_invisible, row[:-1])), escape_invisible(row[-1])] for row in rows)]
    widths = [max(map(_measure, column)) for column in zip(*lines, strict=True)]
    rest = count - len(rows)
    return [
        *(
            "  ".join(text + " " * (width - _measure(text)) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ),
        *([f"and {format_count(rest, f'more {noun}')}; a report lists all {noun}s"] if rest > 0 else []),
    ]


def _measure(text: str) -> int:
    """Return the width of a text in terminal columns: two for East Asian letters, zero for combining characters."""
    return sum(map(_measure_letter, text))


def _measure_letter(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _shorten(text: str) -> str:
    """Return a text of at most `MAX_COLUMN_WIDTH` columns, with an ellipsis before the end, which may contain a port."""
    if _measure(text) <= MAX_COLUMN_WIDTH:
        return text
    end = _take_columns(text[::-1], MAX_COLUMN_WIDTH // 3)[::-1]
    return f"{_take_columns(text, MAX_COLUMN_WIDTH - 1 - _measure(end))}…{end}"


def _take_columns(text: str, columns: int) -> str:
    """Return the longest beginning of a text that fits into a number of terminal columns."""
    kept, left = "", columns
    for letter in text:
        left -= _measure_letter(letter)
        if left < 0:
            break
        kept += letter
    return kept
