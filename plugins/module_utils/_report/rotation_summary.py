# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences that say what `ssl_certificate_rotate` has done, and what needs a person. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence

from .._codes import HeldBack, SourceReason, Untrusted
from .._names import source_name
from .._text import some_of
from .wording import MOST_NAMED, Record, by_reason, failures, label, named, skipped, stored_as, switched

BROKEN = {*t.get_args(SourceReason), *t.get_args(Untrusted), *t.get_args(HeldBack), "ambiguous"}
"""Reasons for skipping a certificate of a source that a person should read more of than its name."""
PHASES = {"imported": "import", "deployed": "deploy", "verified": "verify", "removed": "clean_up"}
"""The lists of the result that are not told of unless these phases ran."""


RESULT_NAMES: Mapping[str, str] = {"skipped": "skipped_items", "failed": "failed_items"}
"""What lists are called in the module's result: Ansible takes a `skipped` or `failed` there for what became of the task."""


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
