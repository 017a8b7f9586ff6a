# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that say what a run has done: those that both roles have, and those of a rotation. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from .._codes import HeldBack, SourceReason, Untrusted
from .._names import listener_name, shown_name_of, source_name
from .._text import some_of

Record = Mapping[str, t.Any]
"""A result of a module, or a part of it."""

MOST_NAMED = 10
"""Maximum number of failures, and of names per reason for skipping, that are listed one by one."""


def named(record: Record) -> str:
    """Return what a record is about: a listener, or a name with its order if it has one; empty if it says neither."""
    if listener_name(record):
        return listener_name(record)
    identifier = record.get("order_id")
    return ", ".join(filter(None, (label(record), f"order {identifier}" if identifier else None)))


def label(record: Record) -> str:
    """Return the name of a certificate in lines; if it has none, what its source calls it; empty if there is neither."""
    return shown_name_of(record) or str(record.get("name") or "")


def switched(listener: Record) -> str:
    """Say what a listener was, or would be, switched to, and whether it was seen."""
    seen = {
        True: ", and serves it",
        None: ", but what it serves cannot be looked at from here" if listener["reason"] == "not_reachable" else "",
    }
    which = (
        f"certificate {listener['certificate_id']}"
        if listener["certificate_id"]
        else "the certificate that is to be imported"
    )
    return f"switched to {which} ({label(listener) or 'without a name'}){seen.get(listener['served'], '')}"


def stored_as(certificate: Record) -> str:
    """Say under which id a certificate was stored, if that is known."""
    return f" as certificate {certificate['id']}" if certificate.get("id") else ""


def skipped(records: Iterable[Record]) -> Iterable[str]:
    """Yield a line for each reason, with the first names of what was skipped for it."""
    for reason, group in by_reason(records):
        names = list(dict.fromkeys(listener_name(record) or label(record) or "?" for record in group))
        yield f"skipped ({reason}): {some_of(names, MOST_NAMED)}"


def by_reason(records: Iterable[Record]) -> Iterable[tuple[str, Iterable[Record]]]:
    """Return each reason, sorted, with its records in their order."""

    def reason_of(record: Record) -> str:
        return str(record["reason"])

    return groupby(sorted(records, key=reason_of), key=reason_of)


def failures(failed: Sequence[Record]) -> str:
    """Return one line that says what failed, from the list `failed` of a role's result."""
    said = [f"{named(record) or 'a certificate'}: {record['message']}" for record in failed]
    return f"{len(failed)} failed: {some_of(said, MOST_NAMED, '; ', '; ')}"


# A rotation

BROKEN = {*t.get_args(SourceReason), *t.get_args(Untrusted), *t.get_args(HeldBack), "ambiguous"}
"""Reasons for skipping a certificate of a source that a person should read more of than its name."""
LISTS = ("imported", "deployed", "verified", "removed", "skipped", "failed")
"""What a run comes to."""
PHASES = {"imported": "import", "deployed": "deploy", "verified": "verify", "removed": "clean_up"}
"""The lists of the result that are not told of unless these phases ran."""
RESULT_NAMES: Mapping[str, str] = {"skipped": "skipped_items", "failed": "failed_items"}
"""What lists are called in the module's result: Ansible takes a `skipped` or `failed` there for what became of the task."""


def lists_of(result: Record) -> dict[str, Sequence[Record]]:
    """Return the lists of a module's result, by what they are called here; what it lacks is empty."""
    return {name: result.get(RESULT_NAMES.get(name, name)) or [] for name in LISTS}


def summary(
    lists: Mapping[str, Sequence[Record]],
    attention: Sequence[Record],
    phases: Collection[str],
    *,
    unchanged: int,
    removes: bool,
    is_check_mode: bool,
    empty: Sequence[str] = (),
) -> list[str]:
    """Return what a run has done, with a line for each certificate and each listener that was acted on, and what needs a person.

    Args:
        lists: `imported`, `deployed`, `verified`, `removed`, `skipped` and `failed`.
        attention: what needs a person.
        phases: those that ran.
        unchanged: how many listeners are as they were, since the store has nothing better.
        removes: whether old certificates are removed.
        is_check_mode: whether nothing was actually done.
        empty: a sentence for each source that brings nothing at all.
    """
    once_seen = ", once it is seen that what replaces it is served" if is_check_mode and "deploy" in phases else ""
    broken = [record for record in lists["skipped"] if record.get("source") and record["reason"] in BROKEN]
    told = [name for name in lists if PHASES.get(name, "") in {"", *phases}]
    is_needless = set(phases) == {"clean_up"} and not removes
    return [
        *done_lines(lists, "would be " if is_check_mode else "", once_seen),
        *(f"{named(record) or 'the run'}: FAILED, {_why(record)}" for record in lists["failed"]),
        *_broken(broken),
        *skipped(record for record in lists["skipped"] if record not in broken),
        *empty,
        *(["remove_superseded is false: no old certificate is removed"] if is_needless else []),
        *([f"{unchanged} listener{' is as it was' if unchanged == 1 else 's are as they were'}"] if unchanged else []),
        *(f"NEEDS A PERSON: {_about(item)}" for item in attention),
        ", ".join(f"{name} {len(lists[name])}" for name in told),
    ]


def done_lines(lists: Mapping[str, Sequence[Record]], would_be: str = "", once_seen: str = "") -> Iterable[str]:
    """Yield a line for each certificate that was imported or removed, and each listener that was switched."""
    for record in lists["imported"]:
        yield f"{named(record)}: {would_be}{record['outcome']}{stored_as(record)}, from {called(record)}"
    for listener in lists["deployed"]:
        yield f"{named(listener)}: {would_be}{switched(listener)}"
    for record in lists["removed"]:
        yield f"certificate {record['id']} ({label(record) or 'without a name'}): {would_be}removed{once_seen}"


def needs_person(skipped_item: Record) -> bool:
    """Return whether a certificate of a source was skipped that stays of no use unless a person does something."""
    return bool(skipped_item.get("source")) and skipped_item["reason"] in BROKEN - {"being_renewed"}


def failure_lines(failed: Sequence[Record], alarming: Sequence[Record]) -> str:
    """Return one line that says what failed, and what needs a person now."""
    said = [failures(failed)] if failed else []
    if alarming:
        count = len({(item.get("load_balancer_uuid"), item["load_balancer"], item["port"]) for item in alarming})
        need = "1 listener needs" if count == 1 else f"{count} listeners need"
        said.append(f"{need} a person: {some_of([_about(item) for item in alarming], MOST_NAMED, '; ', '; ')}")
    return " ".join(said)


def _about(item: Record) -> str:
    return f"{named(item)} ({item['name'] or 'without a name'}): {item['reason']}: {item['message']}"


def _why(record: Record) -> str:
    """Return reason and message of what failed."""
    return f"{record['reason']}: {record['message']}" if record.get("reason") else record["message"]


def called(record: Record) -> str:
    """Return what a source calls a certificate, such as `certbot www.example.com`."""
    return f"{source_name(record['source'])} {record['name']}"


def _broken(records: Sequence[Record]) -> Iterable[str]:
    """Yield a line for each certificate that cannot be used, up to a limit; of the others, one for each reason."""
    for record in records[:MOST_NAMED]:
        yield f"{called(record)}: SKIPPED, {record['reason']}: {record['message']}"
    for reason, group in by_reason(records[MOST_NAMED:]):
        yield f"skipped, too ({reason}): {some_of([called(record) for record in group], MOST_NAMED)}"
