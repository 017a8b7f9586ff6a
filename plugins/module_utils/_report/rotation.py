# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of the report of the role `ssl_rotation`: where each line of certificates stands. Private to softlayer.certificates.

Pure. The texts are in `roles/ssl_rotation/files/report.yml`, and those that it shares with the other report in
`roles/ssl_fulfillment/files/page.yml`, in every language; the page is in the templates of both roles.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from .._codes import ApprovalReason, HeldBack, LineAttention, LineReason, LineState, Untrusted
from .._names import is_host_name, listener_name, shown_name_of
from .._text import some_of
from .._times import days_until, has_passed, iso
from .cases import DONE, Case, Context, end_of, is_taken
from .common import Record, Row, balancers, made_today, needing, notices, read, unless_same
from .lines import Facts, Line, Lines, age

STATES: tuple[LineState, ...] = t.get_args(LineState)
ATTENTION: tuple[LineAttention, ...] = t.get_args(LineAttention)
"""In order of urgency."""
HELD_BACK: tuple[HeldBack, ...] = t.get_args(HeldBack)
OF_SOURCES = {one for one in HELD_BACK if one not in t.get_args(Untrusted)}
"""Those of them that hold back a certificate of a source, too; one that nobody trusts has a state of its own."""
LEFT_OUT: tuple[ApprovalReason, ...] = t.get_args(ApprovalReason)
"""Why a run leaves something out that another one would do."""
MOST_NAMED = 5
"""Maximum number of names in a message."""
COLUMNS = (
    *("key", "name", "subject_alt_names", "key_type", "state", "reason", "explanation", "messages", "attention"),
    *("served_by", "served_until", "certificate_ids", "certificate_notes", "services", "stored_until"),
    *("sources", "source_path", "source_until", *DONE, "expires_at", "days_left"),
)
"""The fields of a row, in the order of the CSV file."""
LISTS = {
    *("subject_alt_names", "messages", "attention", "certificate_ids", "certificate_notes", "sources"),
    *DONE,
}


def build(facts: Facts, words: Record, at: datetime, previous: str | None = None) -> Row:
    """Return the report as data, ready for JSON.

    If nothing but the time has changed since the previous report of the same day (UTC), that report is returned. What was done
    earlier on that day is still told. So a second run right after the first changes nothing.

    Args:
        facts: what the modules returned, and what the sources have.
        words: the texts of one language.
        at: the present instant.
        previous: the JSON text of the previous report, if there is one.
    """
    old = read(previous)
    lines = Lines(facts)
    earlier = _rows(old) if made_today(old, at) else {}
    return unless_same(lambda moment: _build(lines, earlier, words, moment), old, at)


def _rows(old: Record) -> dict[str, Row]:
    """Return the rows of a previous report by their keys; what is no row is left out."""
    rows = old.get("lines")
    return {
        row["key"]: row
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
        and row.keys() == set(COLUMNS)
        and isinstance(row["key"], str)
        and row["state"] in STATES
        and all(isinstance(row[name], list) for name in LISTS)
    }


def _build(lines: Lines, earlier: dict[str, Row], words: Record, at: datetime) -> Row:
    context = Context(lines, words, at)
    found = [_row(line, context, earlier.get(key_of(line), {})) for line in lines]
    present = {row["key"] for row in found}
    found += [
        {**row, "explanation": words["reasons"].get(row["reason"], row["reason"])}
        for key, row in earlier.items()
        if key not in present and row["state"] == "superseded"
    ]
    rows = sorted(found, key=_place_in_list)
    counts = Counter(row["state"] for row in rows)
    return {
        "generated_at": iso(at),
        "line_count": len(rows),
        "states": {state: counts[state] for state in STATES},
        "load_balancers": balancers(rows) if context.balances else None,
        "attention": needing(rows, ATTENTION, "key", "lines"),
        "notices": notices(lines.general),
        "lines": rows,
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


def _row(line: Line, context: Context, before: Row) -> Row:
    case = Case(line, context, before)
    state, reason, messages = _state(case)
    entry = case.entry or (line.entries[0] if line.entries else None)
    ends = case.current_end
    places = list(dict.fromkeys(place.name for place in line.places))
    return {
        "key": key_of(line),
        "name": _name(line),
        "subject_alt_names": sorted(line.names, key=lambda name: (name.startswith("*"), name)),
        "key_type": line.key_type,
        "state": state,
        "reason": reason,
        "explanation": context.words["reasons"].get(reason, reason),
        "messages": list(dict.fromkeys(messages)),
        "attention": _attention(case, state),
        "served_by": places if places or case.is_used is not None else None,
        "served_until": min((place.not_after for place in line.places if place.not_after), default=None),
        "certificate_ids": [record["id"] for record in line.stored],
        "certificate_notes": [record["notes"] for record in line.stored if record.get("notes")],
        "services": case.services,
        "stored_until": line.stored[0].get("not_after") if line.stored else None,
        "sources": list(dict.fromkeys(_called(one) for one in (*line.entries, *line.unread))),
        "source_path": next((one.get("path") for one in (entry, *line.unread) if one), None),
        "source_until": entry.get("not_after") if entry else None,
        **case.done,
        "expires_at": iso(ends),
        "days_left": days_until(ends, context.at),
    }


def _name(line: Line) -> str | None:
    """Return what people call a line: the common name of its newest certificate, or if that has none, its first DNS name."""
    newest = max([*line.stored, *line.entries], key=age, default=None)
    shown = shown_name_of(newest) if newest else None
    first = min(line.names, key=lambda name: (not is_host_name(name), name.startswith("*"), name), default=None)
    return shown or first or (None if line.stored else line.other) or None


def _called(entry: Record) -> str:
    """Return where a source has a certificate, such as `certbot: www.example.com`."""
    return ": ".join(str(entry[name]) for name in ("source", "name") if entry.get(name))


def _state(case: Case) -> tuple[LineState, str, list[str]]:
    """Return a line's state, the reason for it, and the messages about it."""
    line = case.line
    if line.failed:
        return "failed", _reason(line.failed[0]), _messages(line.failed)
    unread = _unusable(line)
    messages = _messages(unread)
    refused, why = case.refused, (case.refused or {}).get("trust_message")
    if refused is not None and why:
        # Beside a good one, it has to be told which is meant.
        messages.insert(0, why if case.entry is None else f"{refused.get('path') or _called(refused)}: {why}")
    if not case.store_is_known:
        return "unknown", "store_unknown", messages
    held = [one for one in line.skipped if one.get("reason") in (HELD_BACK if one.get("port") else OF_SOURCES)]
    if held:
        return "held_back", _reason(held[0]), _messages(held)
    if refused is not None and case.entry is None:
        return "unusable", case.refusal(refused) or "untrusted", messages
    if unread and case.entry is None:
        return "unusable", _reason(unread[0]), messages
    state, reason = _progress(case)
    left = [one for one in line.skipped if one.get("reason") in LEFT_OUT and (one.get("port") or one.get("source"))]
    if state == "waiting" and left:
        return state, _reason(left[0]), [*_messages(left), *messages]
    if state == "waiting" and reason == "not_yet_valid":
        messages = [*_messages(_early(line)), *messages]
    return state, reason, [*_about_names(case, reason), *messages]


def _unusable(line: Line) -> list[Record]:
    """Return what the sources have for a line that stays of no use unless a person does something."""
    waits = {"being_renewed", "not_yet_valid"} if line.stored or line.held else {"being_renewed"}
    return [one for one in line.unread if one.get("reason") not in waits]


def _early(line: Line) -> list[Record]:
    """Return what the sources have for a line that is not valid yet."""
    return [one for one in (*line.unread, *line.skipped) if one.get("reason") == "not_yet_valid" and one.get("source")]


def _about_names(case: Case, reason: str) -> list[str]:
    """Say which names keep a certificate of a source from renewing another one."""
    if reason == "names_not_covered" and case.lacking is not None:
        entry, lacks = case.lacking
        return [f"{_called(entry)} lacks {_some(lacks)}."]
    other = case.lines.beyond(case.line.names) if reason == "new_name" else None
    if other is None:
        return []
    what = f"Certificate {other.stored[0]['id']}" if other.stored else f"What {other.held[0].name} serves"
    return [f"{what} is also for {_some(other.names - case.line.names)}."]


def _some(names: Iterable[str]) -> str:
    return some_of(sorted(names), MOST_NAMED)


def _progress(case: Case) -> tuple[LineState, str]:
    """Return state and reason of a line with which nothing went wrong, as far as is told."""
    line = case.line
    if not line.stored and not line.held:
        return _without_store(case)
    if case.to_import:
        return "waiting", "waiting_for_import"
    if case.to_deploy:
        return "waiting", "waiting_for_deploy"
    if not line.stored:
        newest = max(map(age, line.held))
        is_newer = case.entry is not None and age(case.entry) > newest
        return "served_only", "new_name" if is_newer else "not_in_store"
    has_source = bool(line.entries or line.unread or any(other.entries for other in case.covering))
    if case.is_used is False and case.is_covered:
        return "superseded", "superseded"
    if case.is_due and (case.is_used is not False or (has_source and case.has_expired)):
        if any(one.get("reason") == "being_renewed" for one in line.unread):
            return "waiting", "being_renewed"
        if _early(line):
            return "waiting", "not_yet_valid"
        return "not_renewed", "not_renewed" if has_source else _why_no_source(case)
    if case.done["imported"] or case.done["deployed"]:
        return "renewed", "deployed" if case.done["deployed"] else "imported"
    if not has_source:
        return "store_only", "expired" if case.has_expired else _why_no_source(case)
    if case.is_used is False and case.balances:
        return "not_served", "waiting_for_listener"
    return "up_to_date", "current"


def _why_no_source(case: Case) -> LineReason:
    """Return why no source renews a line: none has a certificate for it, or one that lacks names."""
    return "names_not_covered" if case.lacking is not None else "no_source"


def _without_store(case: Case) -> tuple[LineState, str]:
    """Return state and reason of a line that neither the store nor a listener has."""
    if case.entry is not None and is_taken(case.entry):
        return "waiting", "waiting_for_import"
    if case.line.removed or case.is_needless:
        return "superseded", "superseded"
    if case.entry is not None:
        return "source_only", "new_name"
    if not case.line.entries:
        return "waiting", "being_renewed"
    return "source_only", "expired" if has_passed(end_of(case.line.entries[0]), case.at) else "not_yet_valid"


def _attention(case: Case, state: LineState) -> list[LineAttention]:
    """Return why a line needs a person, the most urgent reason first."""
    kinds: set[LineAttention] = {kind for kind in ("failed", "held_back", "not_served") if kind == state}
    if case.refused is not None:
        kinds.add("refused")
    if _unusable(case.line):
        kinds.add("broken")
    if case.is_due and case.is_used is not False and (case.line.stored or case.line.held):
        if case.to_import or _early(case.line) or (case.to_deploy and state != "held_back"):
            kinds.add("behind")
        else:
            kinds.add("expired" if case.has_expired else "expiring")
    return sorted(kinds, key=ATTENTION.index)


def _reason(record: Record) -> str:
    return str(record.get("reason") or record.get("code") or "api_error")


def _messages(records: Iterable[Record]) -> list[str]:
    """Return what records say, those of listeners with their names."""
    return [": ".join(filter(None, (listener_name(one), str(one["message"])))) for one in records if one.get("message")]


def kind_of(row: Record) -> str:
    """Return what the timeline shows a row as."""
    if row["days_left"] is not None and row["days_left"] < 0:
        return "expired"
    if {"expiring", "behind"} & set(row["attention"]):
        return "due"
    return "imported" if row["certificate_ids"] else "open"
