# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rotation: the certificate of each listener, and the changes of the run. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from .._base.codes import AttentionReason, DeployOutcome, StoredReason
from .._base.names import build_listener_sort_key, format_listener_name
from .._sources.messages import name_in_source
from .report import Kind, Row, Schema, build_data, build_notice, reuse_unchanged
from .summary import (
    FAILED_STATE,
    STORED_REASON,
    Record,
    build_key,
    deduplicate,
    group_by_listener,
    identify_in_source,
    is_attention_needed,
    list_changes,
    read_lists,
    select_described,
)

URGENT_REASONS = ("expired", "not_yet_valid", "revoked", "not_accepted", "not_served", FAILED_STATE)
"""The most urgent reasons: TLS clients cannot connect, the listener serves another certificate, or a change failed."""
LISTENER_SCHEMA = Schema(
    row="listener",
    identifier="key",
    ids="keys",
    states=t.get_args(DeployOutcome),
    attention=(*URGENT_REASONS, *(reason for reason in t.get_args(AttentionReason) if reason not in URGENT_REASONS)),
    columns=(
        *("listener", "name", "subject_alt_names", "state", "reason", "explanation", "message"),
        *("attention", "messages", "certificate_id", "better_certificate_id", "served", "accepted"),
        *("not_before", "not_after", "effective_not_after", "limited_by", "renewal_due", "days_left", "key"),
    ),
    required_fields={
        "listeners": {"load_balancer": (), "port": (), "outcome": t.get_args(DeployOutcome)},
        "attention": {"reason": t.get_args(AttentionReason), "message": ()},
        "imported": {"source": (), "name": (), "outcome": ()},
        "removed": {"id": ()},
        "skipped_items": {"reason": ()},
        "failed_items": {"message": ()},
        "empty_sources": {"message": ()},
    },
    run_fields=frozenset({"generated_at", "states", "totals", "done", "state", "message", "better_certificate_id"}),
)
STORED_REASONS = (*t.get_args(StoredReason),)
"""Reasons for skipping a certificate that the store also contains."""


def build(done: Record, words: Record, at: datetime, previous: str | None = None) -> Record:
    """Return the report as data, ready for JSON.

    Args:
        done: the result of `ssl_certificate_rotate`.
        words: the texts of one language.
        at: the current time.
        previous: the JSON text of the previous report, or `None`; see `reuse_unchanged`.
    """
    lists = read_lists(done)
    about = group_by_listener(done)
    rows = [_build_row(listener, about.pop(build_key(listener), [])) for listener in done.get("listeners") or ()]
    rows.sort(key=_build_sort_key)
    shown = {build_key(listener) for listener in done.get("listeners") or ()}
    shown_sources = select_described(item for item in done.get("attention") or () if build_key(item) in shown)
    others = [
        *(record for records in about.values() for record in records),
        *(record for record in (*lists["failed"], *(done.get("attention") or ())) if not record.get("port")),
        *(
            record
            for record in lists["skipped"]
            if is_attention_needed(record) and identify_in_source(record) not in shown_sources
        ),
    ]
    notices = [
        {**build_notice(record), "source": name_in_source(record)} if record.get("source") else build_notice(record)
        for record in others
    ]
    notices += [{"source": None, "message": record["message"]} for record in done.get("empty_sources") or ()]

    def data_at(moment: datetime) -> Row:
        return build_data(
            *(LISTENER_SCHEMA, rows, notices, words, moment),
            done=list(list_changes(lists)),
            totals={
                name: sum(record.get("reason") != STORED_REASON for record in records)
                for name, records in lists.items()
            },
            sources=list(_list_source_records(lists, words["reasons"])),
        )

    return reuse_unchanged(LISTENER_SCHEMA, data_at, previous, at)


def _build_row(listener: Record, about: Sequence[Record]) -> Row:
    """Return the row of a listener; `about` contains its failures and its items of `attention`."""
    failures = [record for record in about if record["reason"] == FAILED_STATE]
    needs = sorted((record for record in about if record["reason"] != FAILED_STATE), key=_rank)
    causes = [{**record, "reason": record["cause"]["reason"]} for record in failures]
    records = sorted([*_remove_duplicates(failures), *deduplicate(needs, causes)], key=_rank)
    place = build_key(listener).encode("utf-8", "replace")
    return {
        **{name: listener.get(name) for name in LISTENER_SCHEMA.columns},
        "key": sha256(place).hexdigest()[:16],  # fit for an HTML id
        "listener": format_listener_name(listener),
        "name": listener.get("served_name"),
        "state": listener.get("outcome"),
        "attention": [str(record["reason"]) for record in records],
        "messages": [str(record.get("message")) for record in records],
        "days_left": listener.get("days_until_expiry"),
    }


def _rank(record: Record) -> int:
    """Return the position of a record's reason in the order of urgency."""
    return LISTENER_SCHEMA.attention.index(record["reason"])


def _remove_duplicates(records: Sequence[Record]) -> list[Record]:
    """Return records without duplicates."""
    return [record for number, record in enumerate(records) if record not in records[:number]]


def _build_sort_key(row: Mapping[str, t.Any]) -> tuple[int, str, tuple[str, int]]:
    """Return a sort key: by urgency, then by the expiry of the served certificate."""
    kinds = [LISTENER_SCHEMA.attention.index(kind) for kind in row["attention"][:1]]
    return (
        (*kinds, len(LISTENER_SCHEMA.attention))[0],
        row["effective_not_after"] or "~",
        build_listener_sort_key(row["listener"]),
    )


def _list_source_records(lists: Mapping[str, Sequence[Record]], reasons: Record) -> Iterator[Row]:
    """Yield the records of certificates in the sources that the store does not contain."""
    for record in (*lists["failed"], *lists["skipped"]):
        reason = record.get("reason")
        if record.get("source") and reason not in STORED_REASONS:
            yield {
                "source": name_in_source(record),
                **{name: record.get(name) for name in ("path", "subject_alt_names", "not_after", "reason", "message")},
                "explanation": reasons.get(str(reason), reason),
            }


ROTATION_KIND = Kind(LISTENER_SCHEMA, (), build)
