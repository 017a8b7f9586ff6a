# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table that a run ends with, for the terminal: the most urgent rows first. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from .._base.codes import AttentionReason
from .._base.names import is_host_name, listener_name, listener_place
from .._base.text import printable, some_of
from .summary import FAILED, MOST_NAMED, Record, about_listeners, key_of

MOST_ROWS = 30
WIDEST = 40
"""Columns of a terminal for a name; what is longer is cut."""
LISTENER_HEADER = ("LISTENER", "NAMES", "UNTIL (DAYS)", "SERVED", "ACCEPTED", "WHAT IS DUE")
ORDER_HEADER = ("ORDER", "NAME", "UNTIL (DAYS)", "SERVED BY", "STATE", "WHAT IS DUE")
URGENCY = (FAILED, *t.get_args(AttentionReason))
YES_OR_NO: Mapping[bool | None, str] = {True: "yes", False: "NO", None: "?"}
NOTHING = "nothing"
KEY_UNKNOWN = "unknown: the import checks the private key"
"""What is due of an order whose certificate has come: only an import reads private keys."""


def listener_table(done: Record, where: str) -> list[str]:
    """Return the lines of the table of the listeners that `ssl_certificate_rotate` has dealt with; none if there are no listeners.

    If the run fails because of some, only of those that need a person, as the line of totals counts the others.

    Args:
        done: what the module returned.
        where: where the rows are that do not fit, as the end of a sentence.
    """
    about = about_listeners(done)

    def urgency(listener: Record) -> tuple[int, str, tuple[str, int]]:
        kinds = [URGENCY.index(reason) for reason in about.get(key_of(listener), ())]
        return (
            min(kinds, default=len(URGENCY)),
            listener.get("effective_not_after") or "~",
            listener_place(listener_name(listener)),
        )

    every = done.get("listeners") or ()
    concerned = [listener for listener in every if done.get("failure") and key_of(listener) in about]
    listeners = sorted(concerned or every, key=urgency)
    rows = [
        _listener_row(listener, about.get(key_of(listener), ()), is_check_mode="preview" in done)
        for listener in listeners[:MOST_ROWS]
    ]
    return _table(LISTENER_HEADER, rows, len(listeners), where)


def _listener_row(listener: Record, reasons: Iterable[str], *, is_check_mode: bool) -> Sequence[str]:
    is_simulated = is_check_mode and listener.get("outcome") == "switched"
    served, accepted = (None if is_simulated else listener.get(name) for name in ("served", "accepted"))
    name = listener.get("served_name")
    others = {*filter(is_host_name, listener.get("subject_alt_names") or ())} - {name} if name else ()
    return (
        listener_name(listener),
        f"{_cut(name or '?')}{f' +{len(others)}' if others else ''}",
        _until(listener.get("effective_not_after"), listener.get("days_until_expiry")),
        "as before" if listener.get("outcome") == "rolled_back" else YES_OR_NO[served],
        YES_OR_NO[accepted],
        ", ".join(sorted(reasons, key=URGENCY.index)) or _what_is_left(listener),
    )


def _what_is_left(listener: Record) -> str:
    """Return what is due at a listener that needs nobody."""
    if listener.get("reason") == "unreachable":
        return "to be looked at from elsewhere"
    better = listener.get("better_certificate_id")
    if better and listener.get("outcome") != "switched":
        return f"to be switched to certificate {better}"
    return "renewal, which is on its way" if listener.get("renewal_due") else NOTHING


def order_table(rows: Sequence[Record], where: str) -> list[str]:
    """Return the lines of the table of orders, from the rows of their report, the most urgent first; `where` as in `listener_table`."""
    shown = [
        (
            str(row["order_id"]),
            row.get("name") or "?",
            _until(row.get("expires_at"), row.get("days_left")),
            ", ".join(row.get("served_by") or ()) or "-",
            row["state"],
            ", ".join(row["attention"]) or (KEY_UNKNOWN if row.get("reason") == "waiting_for_import" else NOTHING),
        )
        for row in rows[:MOST_ROWS]
    ]
    return _table(ORDER_HEADER, shown, len(rows), where)


def order_remedies(rows: Sequence[Record], words: Mapping[str, str]) -> Iterable[str]:
    """Yield a line for each thing that orders need a person for, with what to do, in the words of their report."""
    for kind, sentence in words.items():
        about = [f"{row['name'] or '?'} (order {row['order_id']})" for row in rows if kind in row["attention"]]
        if about:
            yield f"NEEDS A PERSON: {some_of(about, MOST_NAMED)}: {kind}: {sentence}"


def order_totals(rows: Sequence[Record]) -> str:
    """Return the line of totals of orders: each is counted once."""
    states = Counter("due" if row["attention"] else row["state"] for row in rows)
    due = states.pop("due", 0)
    told = [f"{due} need{'s' if due == 1 else ''} a person"] if due else []
    told += [f"{count} {state}" for state, count in sorted(states.items())]
    return f"{len(rows)} order{'' if len(rows) == 1 else 's'}{': ' if told else ''}{', '.join(told)}"


def _until(end: str | None, days: int | None) -> str:
    return f"{end[:10]} ({'?' if days is None else days})" if end else "?"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], count: int, where: str) -> list[str]:
    if not rows:
        return []
    lines = [header, *([*map(_cut, map(printable, row[:-1])), printable(row[-1])] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    rest = count - len(rows)
    return [
        *("  ".join(map(_padded, line, widths)).rstrip() for line in lines),
        *([f"and {rest} more{where}"] if rest > 0 else []),
    ]


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian letters two, accents of their own none."""
    return sum(map(_letter_width, text))


def _letter_width(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _cut(text: str) -> str:
    """Return a text of at most `WIDEST` columns, with an ellipsis in its middle for what does not fit: ports stand at the end."""
    if _width(text) <= WIDEST:
        return text
    end = _begin_of(text[::-1], WIDEST // 3)[::-1]
    return f"{_begin_of(text, WIDEST - 1 - _width(end))}…{end}"


def _begin_of(text: str, columns: int) -> str:
    """Return as much of a text as has room in some columns."""
    kept, left = "", columns
    for letter in text:
        left -= _letter_width(letter)
        if left < 0:
            break
        kept += letter
    return kept
