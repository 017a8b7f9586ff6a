# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that say what a role has done, as both roles word them. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from .._names import listener_name, shown_name_of
from .._text import some_of

Record = Mapping[str, t.Any]
"""A record of a module's result."""

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
