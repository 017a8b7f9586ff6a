# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table that a run ends with, as it stands on a terminal."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._report.table import (
    format_listener_table,
    format_order_table,
    list_order_remedies,
)

from tests.support.rotations import NAME, item, listener, place


def table(*listeners: dict[str, Any], is_failed: bool = False, **done: Any) -> list[str]:
    return format_listener_table({"listeners": listeners, **done}, is_failed=is_failed)


def test_the_most_urgent_come_first() -> None:
    """What failed, then what needs a person, by reason and by end; then the rest by end. Columns begin below each other."""
    listeners = [
        listener("web:443", 60),
        listener("web:8443", 3),
        listener("api:443", 50, served=None, accepted=None, subject_alt_names=[NAME, "b.example.com", "a.example.com"]),
        listener("api:8443", 70, accepted=False),
        listener(
            "odd:443", 80, "failed", served=False, effective_not_after=None, days_until_expiry=None, served_name=None
        ),
        listener("old:443", 55, better_certificate_id=9),
        listener("due:443", 20),
    ]
    attention = [item("web:8443", "expiring"), item("web:8443", "held_back"), item("api:8443", "not_accepted")]
    failed = [{**place("odd:443"), "message": "It failed.", "reason": "not_served"}]
    assert table(*listeners, attention=attention, failed_items=failed) == [
        "LISTENER  NAME                EXPIRES           SERVED   ACCEPTED  STATUS",
        "odd:443   unknown             unknown           no       yes       failed",
        "web:8443  www.example.com     2026-03-13 (3d)   yes      yes       expiring, held_back",
        "api:8443  www.example.com     2026-05-19 (70d)  yes      no        not_accepted",
        "due:443   www.example.com     2026-03-30 (20d)  yes      yes       renewal pending",
        "api:443   www.example.com +2  2026-04-29 (50d)  unknown  unknown   OK",
        "old:443   www.example.com     2026-05-04 (55d)  yes      yes       update available: certificate 9",
        "web:443   www.example.com     2026-05-09 (60d)  yes      yes       OK",
    ]


def test_a_failed_run_lists_what_it_changed_and_what_needs_attention() -> None:
    """The line of totals counts the others; if nothing is wrong with any listener, all are listed."""
    listeners = [listener("web:443", 60), listener("web:8443", 3), listener("api:443", 50, "switched")]
    rows = table(*listeners, attention=[item("web:8443", "expiring")], is_failed=True)
    assert [line.split()[0] for line in rows] == ["LISTENER", "web:8443", "api:443"]
    assert len(table(*listeners[:2], is_failed=True)) == 3


def test_thirty_rows_and_where_the_others_are() -> None:
    """The last line says it; one row less, and there is none."""
    many = [listener(f"web:{port}", 60) for port in range(400, 700)]
    lines = table(*many)
    assert (
        len(lines) == 32
        and lines[30].startswith("web:429")
        and lines[31] == "and 270 more listeners; a report lists all listeners"
    )
    assert len(table(*many[:30])) == 31
    assert table() == []


def test_names_of_any_kind_stay_in_their_columns() -> None:
    """Wide letters take two columns, accents of their own none; what would move the cursor is shown; what is long is cut."""
    names = ["負荷分散:443", "u\u0308ber:443", "\x1b[2Jweb:443", "x" * 60 + ":443", "\u8ca0" * 30 + ":443"]
    lines = table(*(listener(name) for name in names))
    assert "\x1b" not in "".join(lines) and "\\x1b[2Jweb:443" in "".join(lines)
    assert "x" * 26 + "…" + "x" * 9 + ":443 " in "".join(lines)
    assert "\u8ca0" * 13 + "…" + "\u8ca0" * 4 + ":443 " in "".join(lines)
    [wide, plain, combined] = (
        next(line for line in lines if begin in line) for begin in ("負荷分散", "x" * 26, "u\u0308ber")
    )
    assert plain.index(NAME) == 42 and wide.index(NAME) == 42 - 4 and combined.index(NAME) == 42 + 1


def test_what_check_mode_foresees_is_not_seen() -> None:
    """A listener that would be switched serves nothing new yet."""
    lines = table(listener("web:443", 60, "switched"), preview={})
    assert lines[1].split()[4:6] == ["unknown", "unknown"]


def row(number: int, *attention: str, **given: Any) -> dict[str, Any]:
    facts = {"order_id": number, "name": NAME, "expires_at": "2026-05-09T00:00:00Z", "days_left": 60}
    return {**facts, "served_by": None, "state": "imported", "attention": [*attention], **given}


def test_orders_and_what_they_need() -> None:
    """With the sentences of the report, each once."""
    rows = [
        row(7, "expiring"),
        row(8, "expiring", "waiting_for_key", served_by=["web:443", "api:443"]),
        row(9, name=None),
        row(10, state="received", reason="waiting_for_import"),
        row(11, state="superseded"),
        row(12, state="expired"),
        row(13, state="requested"),
    ]
    assert format_order_table(rows) == [
        "ORDER  NAME             EXPIRES           SERVED BY         STATE       STATUS",
        "7      www.example.com  2026-05-09 (60d)  -                 imported    expiring",
        "8      www.example.com  2026-05-09 (60d)  web:443, api:443  imported    expiring, waiting_for_key",
        "9      unknown          2026-05-09 (60d)  -                 imported    OK",
        "10     www.example.com  2026-05-09 (60d)  -                 received    to be imported",
        "11     www.example.com  2026-05-09 (60d)  -                 superseded  OK",
        "12     www.example.com  2026-05-09 (60d)  -                 expired     -",
        "13     www.example.com  2026-05-09 (60d)  -                 requested   -",
    ]
    words = {"failed": "It failed.", "expiring": "Renew it.", "waiting_for_key": "Put it there."}
    assert list(list_order_remedies(rows, words)) == [
        "ATTENTION: www.example.com (order 7), www.example.com (order 8): expiring: Renew it.",
        "ATTENTION: www.example.com (order 8): waiting_for_key: Put it there.",
    ]
