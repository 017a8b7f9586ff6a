# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences that say what `ssl_certificate_rotate` has done, and what needs a person. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from .._codes import HeldBack, SourceReason, Untrusted
from .._errors import NO_RESULT, failed_about
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
) -> list[str]:
    """Return what a run has done, with a line for each certificate and each listener that was acted on, and what needs a person.

    Args:
        lists: `imported`, `deployed`, `verified`, `removed`, `skipped` and `failed`.
        attention: what needs a person.
        phases: those that ran.
        unchanged: how many listeners are as they were, since the store has nothing better.
        removes: whether old certificates are removed.
        is_check_mode: whether nothing was actually done.
    """
    would_be = "would be " if is_check_mode else ""
    once_seen = ", once it is seen that what replaces it is served" if is_check_mode and "deploy" in phases else ""
    broken = [one for one in lists["skipped"] if one.get("source") and one["reason"] in BROKEN]
    told = [name for name in lists if PHASES.get(name, "") in {"", *phases}]
    is_needless = list(phases) == ["clean_up"] and not removes
    return [
        *(
            f"{named(one)}: {would_be}{one['outcome']}{stored_as(one)}, from {_origin(one)}"
            for one in lists["imported"]
        ),
        *(f"{named(one)}: {would_be}{switched(one)}" for one in lists["deployed"]),
        *(
            f"certificate {one['id']} ({label(one) or 'without a name'}): {would_be}removed{once_seen}"
            for one in lists["removed"]
        ),
        *(f"{named(one) or 'the run'}: FAILED, {one['message']}" for one in lists["failed"]),
        *_broken(broken),
        *skipped(one for one in lists["skipped"] if one not in broken),
        *(["remove_superseded is false: no old certificate is removed"] if is_needless else []),
        *([f"{unchanged} listener{' is as it was' if unchanged == 1 else 's are as they were'}"] if unchanged else []),
        *(f"NEEDS A PERSON: {_about(one)}" for one in attention),
        ", ".join(f"{name} {len(lists[name])}" for name in told),
    ]


def failure_lines(failed: Sequence[Record], alarming: Sequence[Record]) -> str:
    """Return one line that says what failed, and what needs a person now."""
    said = [failures(failed)] if failed else []
    if alarming:
        need = "1 listener needs" if len(alarming) == 1 else f"{len(alarming)} listeners need"
        said.append(f"{need} a person: {some_of([_about(one) for one in alarming], MOST_NAMED, '; ', '; ')}")
    return " ".join(said)


def _about(one: Record) -> str:
    return f"{named(one)} ({one['name'] or 'without a name'}): {one['reason']}: {one['message']}"


def _origin(record: Record) -> str:
    return f"{record['source']} {record['name']}"


def _broken(records: Sequence[Record]) -> Iterable[str]:
    """Yield a line for each certificate that cannot be used, up to a limit; of the others, one for each reason."""
    for one in records[:MOST_NAMED]:
        yield f"{_origin(one)}: SKIPPED, {one['reason']}: {one['message']}"
    for reason, group in by_reason(records[MOST_NAMED:]):
        yield f"skipped, too ({reason}): {some_of([_origin(one) for one in group], MOST_NAMED)}"


def in_role(
    done: Record,
    words: Callable[[str], str],
    *,
    fail_on: Collection[str],
    report: str | None,
    unwritten: Mapping[str, Record],
    tolerated: Collection[str],
) -> dict[str, t.Any]:
    """Return what the role tells of a run: its `result`, and `told` with `lines`, and with `failure` unless that is empty.

    Args:
        done: what the module returned.
        words: replaces names of the module's options by the role's variables.
        fail_on: the reasons for which what needs a person fails the run.
        report: the path of the report without its extension, if one is written.
        unwritten: the failures to write files, by what these are called.
        tolerated: reasons of failures that count as skipped if something else is done.
    """
    names = {name: RESULT_NAMES.get(name, name) for name in LISTS}
    is_whole = all(name in done for name in names.values())
    result = {name: [_in_words(one, words) for one in done.get(other, ())] for name, other in names.items()}
    if not is_whole:
        result["failed"].append(_in_words(failed_about("the rotation", done), words))
    if result["imported"] or result["deployed"] or result["removed"]:
        passing = [one for one in result["failed"] if one.get("reason") in tolerated]
        result["skipped"] += [{**one, "outcome": "skipped"} for one in passing]
        result["failed"] = [one for one in result["failed"] if one not in passing]
    lines = [words(line) for line in done.get("summary", ())]
    for what, why in unwritten.items():
        result["failed"].append(failed_about(what, {"failure": why}))
        lines.append(f"{what}: FAILED, {why['message']}")
    if report and "the report" not in unwritten:
        would_be = "would be" if "preview" in done else "is"
        lines.append(f"the report {would_be} {report}.html, and beside it .json and .csv")
    alarming = [one for one in result["attention"] if one["reason"] in fail_on]
    if not is_whole or (done.get("failure") or {}).get("code") == "interrupted":
        failure = words((done.get("failure") or NO_RESULT)["message"])
    else:
        failure = failure_lines(result["failed"], alarming)
    return {"result": result, "told": {"lines": lines, "failure": failure}}


LISTS = ("imported", "deployed", "verified", "removed", "skipped", "failed", "attention")
"""What the result of the role holds."""


def _in_words(record: Record, words: Callable[[str], str]) -> Record:
    """Return a record whose message has the names of the role's variables; the same record, if it has none of options."""
    message = words(record["message"])
    return record if message == record["message"] else {**record, "message": message}
