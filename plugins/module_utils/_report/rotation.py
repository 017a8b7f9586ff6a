# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rotation: what each listener serves, and what the run did. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from .._base.codes import AttentionReason, DeployOutcome, InStore
from .._base.names import listener_name, listener_place
from .._sources.messages import name_in_source
from .report import Kind, Row, Schema, as_data, notice, unless_same
from .summary import (
    FAILED,
    UP_TO_DATE,
    Record,
    by_listener,
    certificates_in,
    deduplicate,
    done_lines,
    key_of,
    lists_of,
    needs_attention,
    place_in_source,
)

NOW = ("expired", "not_yet_valid", "revoked", "not_accepted", "not_served", FAILED)
"""The most urgent reasons: TLS clients cannot connect or get another certificate, or a change failed."""
LISTENERS = Schema(
    row="listener",
    identifier="key",
    ids="keys",
    states=t.get_args(DeployOutcome),
    attention=(*NOW, *(reason for reason in t.get_args(AttentionReason) if reason not in NOW)),
    columns=(
        *("listener", "name", "subject_alt_names", "state", "reason", "explanation", "message"),
        *("attention", "messages", "certificate_id", "better_certificate_id", "served", "accepted"),
        *("not_before", "not_after", "effective_not_after", "limited_by", "renewal_due", "days_left", "key"),
    ),
    needs={
        "listeners": {"load_balancer": (), "port": (), "outcome": t.get_args(DeployOutcome)},
        "attention": {"reason": t.get_args(AttentionReason), "message": ()},
        "imported": {"source": (), "name": (), "outcome": ()},
        "removed": {"id": ()},
        "skipped_items": {"reason": ()},
        "failed_items": {"message": ()},
        "empty_sources": {"message": ()},
        "source_certificates": {"source": (), "name": ()},
        "source_problems": {"source": (), "name": ()},
    },
    of_the_run=frozenset({"generated_at", "states", "totals", "done", "state", "message", "better_certificate_id"}),
)
ELSEWHERE = (*t.get_args(InStore),)
"""Reasons for skipping a certificate of a source that is also elsewhere."""


def build(done: Record, words: Record, at: datetime, previous: str | None = None) -> Record:
    """Return the report as data, ready for JSON.

    Args:
        done: the result of `ssl_certificate_rotate`.
        words: the texts of one language.
        at: the present instant.
        previous: the JSON text of the previous report, if there is one; see `unless_same`.
    """
    lists = lists_of(done)
    about = by_listener(done)
    rows = [_row(listener, about.pop(key_of(listener), [])) for listener in done.get("listeners") or ()]
    rows.sort(key=_urgency)
    shown = {key_of(listener) for listener in done.get("listeners") or ()}
    shown_sources = certificates_in(item for item in done.get("attention") or () if key_of(item) in shown)
    others = [
        *(record for records in about.values() for record in records),
        *(record for record in (*lists["failed"], *(done.get("attention") or ())) if not record.get("port")),
        *(
            record
            for record in lists["skipped"]
            if needs_attention(record) and place_in_source(record) not in shown_sources
        ),
    ]
    notices = [
        {**notice(record), "source": name_in_source(record)} if record.get("source") else notice(record)
        for record in others
    ]
    notices += [{"source": None, "message": record["message"]} for record in done.get("empty_sources") or ()]

    def data_at(moment: datetime) -> Row:
        return as_data(
            *(LISTENERS, rows, notices, words, moment),
            done=list(done_lines(lists)),
            totals={
                name: sum(record.get("reason") != UP_TO_DATE for record in records) for name, records in lists.items()
            },
            sources=list(_only_in_sources(done, lists, words["reasons"])),
        )

    return unless_same(LISTENERS, data_at, previous, at)


def _row(listener: Record, about: Sequence[Record]) -> Row:
    """Return the row of a listener; `about` has the records that failed or need attention."""
    failures = [record for record in about if record["reason"] == FAILED]
    needs = sorted((record for record in about if record["reason"] != FAILED), key=_rank)
    causes = [{**record, "reason": record["cause"]["reason"]} for record in failures]
    records = sorted([*_different(failures), *deduplicate(needs, causes)], key=_rank)
    place = key_of(listener).encode("utf-8", "replace")
    return {
        **{name: listener.get(name) for name in LISTENERS.columns},
        "key": sha256(place).hexdigest()[:16],  # fit for an HTML id
        "listener": listener_name(listener),
        "name": listener.get("served_name"),
        "state": listener.get("outcome"),
        "attention": [str(record["reason"]) for record in records],
        "messages": [str(record.get("message")) for record in records],
        "days_left": listener.get("days_until_expiry"),
    }


def _rank(record: Record) -> int:
    """Return the position of the reason of a record in the order of urgency."""
    return LISTENERS.attention.index(record["reason"])


def _different(records: Sequence[Record]) -> list[Record]:
    """Return records without duplicates."""
    return [record for number, record in enumerate(records) if record not in records[:number]]


def _urgency(row: Mapping[str, t.Any]) -> tuple[int, str, tuple[str, int]]:
    """Return a sort key: by urgency, then by the expiry of the served certificate."""
    kinds = [LISTENERS.attention.index(kind) for kind in row["attention"][:1]]
    return (*kinds, len(LISTENERS.attention))[0], row["effective_not_after"] or "~", listener_place(row["listener"])


def _only_in_sources(done: Record, lists: Mapping[str, Sequence[Record]], reasons: Record) -> Iterator[Row]:
    """Yield the records about certificates that are only in the sources."""
    imported = {record.get("fingerprint_sha256") for record in lists["imported"]}
    messages = {(record.get("path"), record["reason"]): record.get("message") for record in lists["skipped"]}
    for entry in (*(done.get("source_certificates") or ()), *(done.get("source_problems") or ())):
        reason = entry.get("reason")
        if reason in ELSEWHERE or (reason is None and entry.get("fingerprint_sha256") in imported):
            continue
        yield {
            "source": name_in_source(entry),
            **{name: entry.get(name) for name in ("path", "subject_alt_names", "not_after", "reason")},
            "explanation": reasons.get(reason, reason),
            "message": entry.get("message") or messages.get((entry.get("path"), reason)),
        }


OF_ROTATION = Kind(LISTENERS, (), build)
