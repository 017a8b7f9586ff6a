# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that say what a run of the role `ssl_rotation` has done. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from .._codes import SourceReason, Untrusted
from .._text import some_of
from .wording import MOST_NAMED, Record, by_reason, label, left_as_they_are, named, skipped, stored_as, switched

BROKEN = {*t.get_args(SourceReason), *t.get_args(Untrusted)}
"""Reasons for skipping a certificate of a source that a person should read more of than its name."""
PHASES = {"imported": "import", "deployed": "deploy", "verified": "verify", "removed": "clean_up"}
"""The lists of the result that are not told of unless these phases ran."""


def summary(
    result: Mapping[str, Sequence[Record]],
    phases: Collection[str],
    in_words_of_role: Callable[[str], str],
    *,
    warnings: Sequence[str],
    removes: bool,
    is_check_mode: bool,
    report: str | None,
) -> list[str]:
    """Return what a run has done, with a line for each certificate and each listener that was acted on.

    Args:
        result: the outcome, with `unchanged`.
        phases: those that ran.
        in_words_of_role: replaces names of modules' options by the role's variables.
        warnings: what was odd about the sources as a whole.
        removes: whether old certificates are removed.
        is_check_mode: whether nothing was actually done.
        report: the path of the report without its extension, if one is written.
    """
    would_be = "would be " if is_check_mode else ""
    once_seen = ", once it is seen that what replaces it is served" if is_check_mode and "deploy" in phases else ""
    broken = [one for one in result["skipped"] if one["reason"] in BROKEN]
    told = [name for name in result if name != "unchanged" and PHASES.get(name, "") in {"", *phases}]
    is_needless = list(phases) == ["clean_up"] and not removes
    lines = [
        *(f"WARNING: {in_words_of_role(warning)}" for warning in warnings),
        *(
            f"{named(one)}: {would_be}{one['outcome']}{stored_as(one)}, from {_origin(one)}"
            for one in result["imported"]
        ),
        *(f"{named(one)}: {would_be}{switched(one)}" for one in result["deployed"]),
        *(
            f"certificate {one['id']} ({label(one) or 'without a name'}): {would_be}removed{once_seen}"
            for one in result["removed"]
        ),
        *(f"{named(one) or 'the run'}: FAILED, {in_words_of_role(one['message'])}" for one in result["failed"]),
        *_broken(broken, in_words_of_role),
        *skipped(one for one in result["skipped"] if one["reason"] not in BROKEN),
        *(["ssl_rotation_remove_superseded is false: no old certificate is removed"] if is_needless else []),
        *left_as_they_are(result["unchanged"]),
        ", ".join(f"{name} {len(result[name])}" for name in told),
    ]
    if report:
        lines.append(f"the report {'would be' if is_check_mode else 'is'} {report}.html, and beside it .json and .csv")
    return lines


def _origin(record: Record) -> str:
    return f"{record['source']} {record['name']}"


def _broken(records: Sequence[Record], in_words_of_role: Callable[[str], str]) -> Iterable[str]:
    """Yield a line for each certificate that cannot be used, up to a limit; of the others, one for each reason."""
    for one in records[:MOST_NAMED]:
        yield f"{_origin(one)}: SKIPPED, {one['reason']}: {in_words_of_role(one['message'])}"
    for reason, group in by_reason(records[MOST_NAMED:]):
        yield f"skipped, too ({reason}): {some_of([_origin(one) for one in group], MOST_NAMED)}"
