# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the role `ssl_rotation`: where each line of certificates stands. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from .._codes import ApprovalReason, HeldBack, LineAttention, LineReason, LineState
from .._names import is_host_name, listener_name, listener_place, shown_name_of, source_name
from .._text import some_of
from .._times import days_until, iso
from .lines import DONE, UNTRUSTED, Facts, Line, Lines, age
from .report import Record, Schema, as_data, end_of, made_today, read, unless_same
from .timeline import Row

STATES: tuple[LineState, ...] = t.get_args(LineState)
ATTENTION: tuple[LineAttention, ...] = t.get_args(LineAttention)
"""In order of urgency."""
HELD_BACK: tuple[HeldBack, ...] = t.get_args(HeldBack)
OF_SOURCES = {*HELD_BACK} - {*UNTRUSTED}
"""Those of them that hold back a certificate of a source, too; one that nobody trusts has a state of its own."""
LEFT_OUT: tuple[ApprovalReason, ...] = t.get_args(ApprovalReason)
"""Why a run leaves something out that another one would do."""
MOST_NAMED = 5
"""Maximum number of names in a message."""
LINES = Schema(
    row="line",
    identifier="key",
    ids="lines",
    states=STATES,
    attention=ATTENTION,
    columns=(
        *("key", "name", "subject_alt_names", "key_type", "state", "reason", "explanation", "messages", "attention"),
        *("served_by", "served_until", "certificate_ids", "certificate_notes", "services", "stored_until"),
        *("sources", "source_path", "source_until", *DONE, "expires_at", "days_left"),
    ),
)
LISTS = (*DONE, "subject_alt_names", "messages", "attention", "certificate_ids", "certificate_notes", "sources")
"""The fields that are lists."""


def build(facts: Facts, words: Record, at: datetime, previous: str | None = None) -> Row:
    """Return the report as data, ready for JSON.

    If nothing but the time has changed since the previous report of the same day (UTC), that report is returned. What was done
    earlier on that day is still told.

    Args:
        facts: what the module returned.
        words: the texts of one language.
        at: the present instant.
        previous: the JSON text of the previous report, if there is one.
    """
    old = read(previous)
    earlier = _rows(old) if made_today(old, at) else {}

    def data_at(moment: datetime) -> Row:
        lines = Lines(facts, moment)
        rows = {key: row for key, row in earlier.items() if row["state"] == "superseded"}
        for line in lines:
            key = key_of(line)
            rows[key] = _row(key, line, earlier.get(key, {}))
        found = sorted(rows.values(), key=_place_in_list)
        held = [(place.name, place.certificate) for line in lines for place in line.held if place.is_serving]
        return as_data(
            *(LINES, found, lines.general, words, moment, old),
            held=held,
            balances=lines.balances,
            remarks=[one["message"] for one in facts.empty],
        )

    return unless_same(data_at, old, at)


def _rows(old: Record) -> dict[str, Row]:
    """Return the rows of a previous report by their keys; what is no row is left out."""
    rows = old.get("lines")
    return {
        row["key"]: row
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
        and row.keys() == set(LINES.columns)
        and isinstance(row["key"], str)
        and row["state"] in STATES
        and all(isinstance(row[name], list) for name in LISTS)
    }


def _place_in_list(row: Row) -> tuple[bool, str, bool, str, str, str]:
    """Return a sort key: by name, a wildcard after the name that it stands under; what has no name comes last.

    Several lines may have the same first name. Their order is the same in every report.
    """
    name = str(row["name"] or "")
    by_name = (not name, name.removeprefix("*.").lower(), name.startswith("*"))
    return *by_name, str(row["key_type"]), " ".join(map(str, row["subject_alt_names"])), row["key"]


def key_of(line: Line) -> str:
    """Return what identifies a line in every report; fit for an HTML id."""
    text = "\n".join([*sorted(line.names), line.key_type or "", line.other])
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _row(key: str, line: Line, before: Mapping[str, t.Any]) -> Row:
    """Return what is told of a line; `before` is the row of an earlier report of the same day."""
    done = {name: _with_earlier(now, before.get(name, ())) for name, now in line.done.items()}
    state, reason, messages = _state(line, done)
    entry = line.entry or next(iter(line.entries), None)
    serving = [place for place in line.held if place.is_serving]
    ends = [end for place in serving if (end := end_of(place.certificate))]
    return {
        "key": key,
        "name": _name(line),
        "subject_alt_names": sorted(line.names, key=lambda name: (name.startswith("*"), name)),
        "key_type": line.key_type,
        "state": state,
        "reason": reason,
        "messages": list(dict.fromkeys(messages)),
        "attention": _attention(line, state),
        "served_by": list(dict.fromkeys(place.name for place in serving)) if line.is_used is not None else None,
        "served_until": min(ends, default=None),
        "certificate_ids": [record["id"] for record in line.stored],
        "certificate_notes": [record["notes"] for record in line.stored if record.get("notes")],
        "services": line.services,
        "stored_until": line.stored[0].get("not_after") if line.stored else None,
        "sources": list(dict.fromkeys(_called(one) for one in (*line.entries, *line.unread))),
        "source_path": next((one.get("path") for one in (entry, *line.unread) if one), None),
        "source_until": entry["not_after"] if entry else None,
        **done,
        "expires_at": iso(line.end),
        "days_left": days_until(line.end, line.lines.at),
    }


def _with_earlier(now: Iterable[int | str], earlier: Iterable[object]) -> list[int | str]:
    """Return what was done in this run and earlier on the same day."""
    both = {*now, *(one for one in earlier if isinstance(one, int | str))}
    return sorted(both, key=lambda one: ("", one) if isinstance(one, int) else listener_place(one))


def _name(line: Line) -> str | None:
    """Return what people call a line: the common name of its newest certificate, or if that has none, its first DNS name."""
    newest = max([*line.stored, *line.entries], key=age, default=None)
    shown = shown_name_of(newest) if newest else None
    first = min(line.names, key=lambda name: (not is_host_name(name), name.startswith("*"), name), default=None)
    return shown or first or (None if line.stored else line.other) or None


def _called(entry: Record) -> str:
    """Return where a source has a certificate, such as `certbot: www.example.com`."""
    return ": ".join(str(part) for part in (source_name(entry.get("source") or ""), entry.get("name")) if part)


def _state(line: Line, done: Mapping[str, list[int | str]]) -> tuple[LineState, str, list[str]]:
    """Return a line's state, the reason for it, and the messages about it."""
    if line.failed:
        return "failed", _reason(line.failed), _messages(line.failed)
    unread, refused = _unusable(line), line.refused
    messages = _messages(unread)
    if refused and refused["trust_message"]:
        # Beside a good one, it has to be told which is meant.
        which = f"{refused['path']}: " if line.entry else ""
        messages.insert(0, f"{which}{refused['trust_message']}")
    if line.lines.facts.store is None:
        return "unknown", "store_unknown", messages
    held = [one for one in line.skipped if one["reason"] in (HELD_BACK if one.get("port") else OF_SOURCES)]
    if held:
        return "held_back", _reason(held), _messages(held)
    if refused and not line.entry:
        return "unusable", refused["reason"], messages
    if unread and not line.entry:
        return "unusable", _reason(unread), messages
    state, reason = _progress(line, done)
    left = [one for one in line.skipped if one["reason"] in LEFT_OUT and (one.get("port") or one.get("source"))]
    if state == "waiting" and left:
        return state, _reason(left), [*_messages(left), *messages]
    if state == "waiting" and reason == "not_yet_valid":
        messages = [*_messages(_early(line)), *messages]
    return state, reason, [*_about_names(line, reason), *messages]


def _unusable(line: Line) -> list[Record]:
    """Return what the sources have for a line that stays of no use unless a person does something."""
    waits = {"being_renewed", "not_yet_valid"} if line.stored or line.held else {"being_renewed"}
    return [one for one in line.unread if one["reason"] not in waits]


def _early(line: Line) -> list[Record]:
    """Return what the sources have for a line that is not valid yet."""
    return [one for one in (*line.unread, *line.skipped) if one["reason"] == "not_yet_valid" and one.get("source")]


def _about_names(line: Line, reason: str) -> list[str]:
    """Say which names keep a certificate of a source from renewing another one."""
    if reason == "names_not_covered" and line.lacking:
        entry, lacks = line.lacking
        return [f"{_called(entry)} lacks {_some(lacks)}."]
    other = line.lines.beyond(line.names) if reason == "new_name" else None
    if other is None:
        return []
    what = f"Certificate {other.stored[0]['id']}" if other.stored else f"What {other.held[0].name} serves"
    return [f"{what} is also for {_some(other.names - line.names)}."]


def _some(names: Iterable[str]) -> str:
    return some_of(sorted(names), MOST_NAMED)


def _progress(line: Line, done: Mapping[str, list[int | str]]) -> tuple[LineState, str]:
    """Return state and reason of a line with which nothing went wrong, as far as is told."""
    if not line.stored and not line.held:
        return _without_store(line)
    if line.to_import:
        return "waiting", "waiting_for_import"
    if line.to_deploy:
        return "waiting", "waiting_for_deploy"
    if not line.stored:
        newest = max(age(place.certificate) for place in line.held)
        return "served_only", "new_name" if line.entry and age(line.entry) > newest else "not_in_store"
    if line.is_used is False and line.is_covered:
        return "superseded", "superseded"
    why_no_source: LineReason = "names_not_covered" if line.lacking else "no_source"
    if line.is_due and (line.is_used is not False or (line.has_source and line.has_expired)):
        if any(one["reason"] == "being_renewed" for one in line.unread):
            return "waiting", "being_renewed"
        if _early(line):
            return "waiting", "not_yet_valid"
        return "not_renewed", "not_renewed" if line.has_source else why_no_source
    if done["imported"] or done["deployed"]:
        return "renewed", "deployed" if done["deployed"] else "imported"
    if not line.has_source:
        return "store_only", "expired" if line.has_expired else why_no_source
    if line.is_used is False and line.lines.balances:
        return "not_served", "waiting_for_listener"
    return "up_to_date", "current"


def _without_store(line: Line) -> tuple[LineState, str]:
    """Return state and reason of a line that neither the store nor a listener has."""
    if line.entry and line.entry["reason"] is None:
        return "waiting", "waiting_for_import"
    if line.done["removed"] or (line.entry and line.entry["reason"] in {"superseded", "already_imported"}):
        return "superseded", "superseded"
    if line.entry:
        return "source_only", "new_name"
    return ("source_only", line.entries[0]["reason"]) if line.entries else ("waiting", "being_renewed")


def _attention(line: Line, state: LineState) -> list[LineAttention]:
    """Return why a line needs a person, the most urgent reason first."""
    kinds: set[LineAttention] = {kind for kind in ("failed", "held_back", "not_served") if kind == state}
    if line.refused:
        kinds.add("refused")
    if _unusable(line):
        kinds.add("broken")
    if line.is_due and line.is_used is not False and (line.stored or line.held):
        if line.to_import or _early(line) or (line.to_deploy and state != "held_back"):
            kinds.add("behind")
        else:
            kinds.add("expired" if line.has_expired else "expiring")
    return sorted(kinds, key=ATTENTION.index)


def _reason(records: Iterable[Record]) -> str:
    """Return the reason that the first record tells."""
    first = next(iter(records))
    return str(first.get("reason") or first.get("code") or "api_error")


def _messages(records: Iterable[Record]) -> list[str]:
    """Return what records say, those of listeners with their names."""
    return [": ".join(filter(None, (listener_name(one), str(one["message"])))) for one in records if one.get("message")]
