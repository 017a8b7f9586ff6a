# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last lines of a run: lines that both roles share, and lines of a rotation. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from .._base.codes import HeldBackReason, SourceReason, TrustReason
from .._base.names import choose_record_name, format_listener_name
from .._base.remedies import remove
from .._base.text import join_first
from .._sources.messages import name_in_source, source_name

Record = Mapping[str, t.Any]
"""A result of a module, or a part of a result."""

MAX_LISTED = 10
"""Maximum number of listed failures, and of listed names per reason for skipping."""


def format_record_name(record: Record) -> str:
    """Return the listener of a record, or the certificate name and order; empty for a record without both."""
    if format_listener_name(record):
        return format_listener_name(record)
    identifier = record.get("order_id")
    return ", ".join(filter(None, (choose_label(record), f"order {identifier}" if identifier else None)))


def choose_label(record: Record) -> str:
    """Return the displayed name of a certificate, its name in the source, or an empty text."""
    return choose_record_name(record) or str(record.get("name") or "")


def format_stored_id(certificate: Record) -> str:
    """Return the end of a line with the ID of a stored certificate; empty for an unknown ID."""
    return f" as certificate {certificate['id']}" if certificate.get("id") else ""


def summarize_skipped(records: Iterable[Record]) -> Iterable[str]:
    """Yield a line for each reason for skipping, with the first names."""
    for reason, group in group_by_reason(records):
        names = list(
            dict.fromkeys(format_listener_name(record) or choose_label(record) or "unknown" for record in group)
        )
        yield f"skipped: {join_first(names, MAX_LISTED)} ({reason})"


def group_by_reason(records: Iterable[Record]) -> Iterable[tuple[str, Iterable[Record]]]:
    """Yield the sorted reasons with their records."""

    def read_reason(record: Record) -> str:
        return str(record["reason"])

    return groupby(sorted(records, key=read_reason), key=read_reason)


def summarize_failures(failed: Sequence[Record]) -> str:
    """Return the error message for the list `failed` of a role's result."""
    messages = [f"{format_record_name(record) or 'certificate'}: {record['message']}" for record in failed]
    return f"{format_count(len(failed), 'item')} failed:{format_list(messages)}"


def format_count(count: int, noun: str) -> str:
    """Return a number with a noun in the singular or plural."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def format_list(messages: Sequence[str]) -> str:
    """Return messages for use after a colon, each message on its own line."""
    if len(messages) == 1:
        return f"\n{messages[0]}"
    between = "\n- "
    return f"{between}{join_first(messages, MAX_LISTED, between, between)}"


# A rotation

UNUSABLE_REASONS = {*t.get_args(SourceReason), *t.get_args(TrustReason), *t.get_args(HeldBackReason), "ambiguous"}
"""Reasons for skipping a certificate whose line in the summary includes the message."""
STORED_REASON = "already_imported"
"""The reason for skipping a certificate in the store; the summary only counts such certificates."""
EXPIRY_REASONS = frozenset({"expired", "expiring"})
"""Reasons whose message contains the expiry date in addition to the cause."""
FAILED_STATE = "failed"
"""The state of a listener with a failed step."""
LIST_NAMES = ("imported", "deployed", "verified", "removed", "skipped", "failed")
"""The lists of a result."""
RESULT_NAMES: Mapping[str, str] = {"skipped": "skipped_items", "failed": "failed_items"}
"""Names of lists in the result of the module, because Ansible itself uses the names `skipped` and `failed`."""


def read_lists(result: Record) -> dict[str, Sequence[Record]]:
    """Return the lists of a module's result by name; missing lists are empty."""
    return {name: result.get(RESULT_NAMES.get(name, name)) or [] for name in LIST_NAMES}


def format_summary(
    lists: Mapping[str, Sequence[Record]],
    attention: Sequence[Record],
    table: Sequence[str],
    totals: str,
    *,
    failing: Sequence[Record],
    empty: Sequence[str],
    adopted: Sequence[Record],
    is_check_mode: bool,
    is_needless: bool,
) -> list[str]:
    """Return the last lines of a rotation: changes, skipped items, items that need attention, the table, and the totals.

    `format_failure` returns the failures and the items that fail the run.

    Args:
        lists: `imported`, `deployed`, `verified`, `removed`, `skipped`, and `failed`.
        attention: all items that need attention.
        table: the lines of the table of listeners.
        totals: the line of totals.
        failing: the items of `attention` that fail the run.
        empty: a message for each source that contains no certificate.
        adopted: the list `adopted` of the result, with the previous certificate and the losses of each listener.
        is_check_mode: whether the run only simulated its changes.
        is_needless: whether the run had only the phase `clean_up`, without permission to delete certificates.
    """
    unusable = [record for record in lists["skipped"] if record.get("source") and record["reason"] in UNUSABLE_REASONS]
    others = [record for record in lists["skipped"] if record not in unusable and record["reason"] != STORED_REASON]
    # An item with the reason `unusable` does not contain the cause, so the certificate has its own line, too.
    vague = {(build_key(item), find_cause(item)) for item in attention if item["reason"] == "unusable"}
    reported = select_described(item for item in attention if (build_key(item), find_cause(item)) not in vague)
    recent = [record for record in others if record["reason"] == "replaced_recently"]
    others = [record for record in others if record not in recent]
    failing = deduplicate(failing, lists["failed"])
    harmless = [item for item in deduplicate(attention, lists["failed"]) if item not in failing]
    return [
        *list_changes(lists, is_check_mode=is_check_mode),
        *list_adoptions(adopted, is_check_mode=is_check_mode),
        *_list_unusable([record for record in unusable if identify_in_source(record) not in reported]),
        *summarize_skipped(record for record in others if format_listener_name(record)),
        *summarize_skipped(record for record in others if not format_listener_name(record)),
        *(record["message"] for record in recent[:MAX_LISTED]),
        *summarize_skipped(recent[MAX_LISTED:]),
        *(() if lists["failed"] or failing else empty),
        *(["No certificate was removed, because remove_superseded is false."] if is_needless else []),
        *(f"ATTENTION: {message}" for message in _list_attention_messages(harmless)),
        *table,
        totals,
    ]


def format_totals(
    lists: Mapping[str, Sequence[Record]],
    listeners: Sequence[Record],
    attention: Sequence[Record],
    *,
    is_probed: bool,
    is_check_mode: bool,
) -> str:
    """Return the line of totals, with each listener counted once, and certificates counted separately.

    `is_probed` is true if the run probed the listeners.
    """
    about = list_listener_reasons({"failed_items": lists["failed"], "attention": attention})
    would_be = "would be " if is_check_mode else ""
    states = Counter(
        _choose_state(listener, about.get(build_key(listener), ()), is_probed=is_probed) for listener in listeners
    )
    words = {
        "switched": f"{would_be}switched",
        FAILED_STATE: "failed",
        "attention": "needs attention" if states["attention"] == 1 else "need attention",
        "behind": "update available",
        "unknown": "unreachable",
        "same": "unchanged",
    }
    counts = [f"{states[state]} {word}" for state, word in words.items() if states[state]]
    certificates = [
        (name, record) for name in ("skipped", "failed") for record in lists[name] if _is_certificate(record)
    ]
    reasons = Counter("unchanged" if record.get("reason") == STORED_REASON else name for name, record in certificates)
    changed = {f"{would_be}{name}": len(lists[name]) for name in ("imported", "removed")}
    of_store = [f"{count} {word}" for word, count in {**changed, **reasons}.items() if count]
    of_listeners = f"{format_count(len(listeners), 'listener')}{': ' if counts else ''}{', '.join(counts)}."
    return f"{of_listeners} Certificates: {', '.join(of_store)}." if of_store else of_listeners


def _is_certificate(record: Record) -> bool:
    """Return whether a record describes a certificate instead of a listener or a whole step."""
    return not format_listener_name(record) and any(record.get(name) for name in ("id", "source", "fingerprint_sha256"))


def _choose_state(listener: Record, reasons: Collection[str], *, is_probed: bool) -> str:
    """Return the state of a listener for the totals."""
    if FAILED_STATE in reasons:
        return FAILED_STATE
    if reasons:
        return "attention"
    if listener.get("outcome") == "switched":
        return "switched"
    if listener.get("better_certificate_id"):
        return "behind"
    return "unknown" if is_probed and listener.get("served") is None else "same"


def group_by_listener(done: Record) -> dict[str, list[Record]]:
    """Return failures and items of `attention` by listener (`build_key`); failures have the reason `failed`."""
    about: dict[str, list[Record]] = {}
    failed = [
        {**record, "reason": FAILED_STATE, "cause": {"reason": record.get("reason")}}
        for record in read_lists(done)["failed"]
    ]
    for record in (*failed, *(done.get("attention") or ())):
        if record.get("port"):
            about.setdefault(build_key(record), []).append(record)
    return about


def list_listener_reasons(done: Record) -> Mapping[str, Sequence[str]]:
    """Return the reasons why listeners need attention, by `build_key`."""
    return {
        key: list(dict.fromkeys(record["reason"] for record in records))
        for key, records in group_by_listener(done).items()
    }


def build_key(listener: Record) -> str:
    """Return an identifier of a listener within one run."""
    return f"{listener.get('load_balancer_uuid') or listener.get('load_balancer')}:{listener.get('port')}"


def deduplicate(attention: Iterable[Record], failed: Iterable[Record] = ()) -> Sequence[Record]:
    """Return items of `attention` without repeated causes: a failure or another item of the same listener has the same cause."""
    known = {(build_key(record), find_cause({"cause": record})) for record in failed}
    kept: list[Record] = []
    of_listeners: dict[str, list[Record]] = {}
    for item in attention:
        key, cause = build_key(item), find_cause(item)
        is_repeated = item["reason"] not in EXPIRY_REASONS and (key, cause) in known
        if not is_repeated and item not in of_listeners.setdefault(key, []):
            of_listeners[key].append(item)
            kept.append(item)
            known |= {(key, cause)} if cause else set()
    return kept


def find_cause(item: Record) -> tuple[str, ...] | None:
    """Return an identifier of the cause of an item, or `None`. Except for `EXPIRY_REASONS`, the item repeats the message of the cause."""
    cause = item.get("cause")
    return (str(cause.get("reason")), *identify_in_source(cause)) if cause else None


def list_changes(lists: Mapping[str, Sequence[Record]], *, is_check_mode: bool = False) -> Iterator[str]:
    """Yield lines for imported certificates, each followed by its switched listeners, then for other switched listeners, and for removed certificates."""
    would_be = "would be " if is_check_mode else ""

    def read_identifier(record: Record, name: str) -> t.Any:
        return record.get(name) or record.get("fingerprint_sha256")  # before the import, there is no id

    imported = {read_identifier(record, "id"): record for record in lists["imported"]}
    switched: dict[t.Any, list[Record]] = {}
    for listener in lists["deployed"]:
        switched.setdefault(read_identifier(listener, "certificate_id"), []).append(listener)
    for key in [*imported, *(key for key in switched if key not in imported)]:
        if key in imported:
            record = imported[key]
            source = f"{source_name(record['source'])} ({record['name']})"
            yield f"{format_record_name(record)}: {would_be}{record['outcome']}{format_stored_id(record)} from {source}"
        by_end: dict[str, list[str]] = {}
        for listener in switched.get(key, ()):
            by_end.setdefault(_describe_switch(listener, is_new=key in imported), []).append(
                format_record_name(listener)
            )
        yield from (f"{join_first(names, MAX_LISTED)}: {would_be}{end}" for end, names in by_end.items())
    if removed := [f"{record['id']} ({choose_label(record) or 'without a name'})" for record in lists["removed"]]:
        certificates = "certificates" if len(removed) > 1 else "certificate"
        after = " after verification" if is_check_mode and lists["deployed"] else ""
        yield f"{certificates} {join_first(removed, MAX_LISTED)}: {would_be}removed{after}"


def _describe_switch(listener: Record, *, is_new: bool) -> str:
    """Return a text about the new certificate and the verification of a listener; `is_new` omits the name of the certificate."""
    identifier = listener["certificate_id"]
    which = f"certificate {identifier}" if identifier else "this certificate"
    name = "" if is_new else f" ({choose_label(listener) or 'without a name'})"
    is_verified = listener["served"] and listener.get("accepted") is not False
    verified = " and verified" if is_verified else ", not verified (unreachable)" if is_unreachable(listener) else ""
    return f"switched to {which}{name}{verified}"


def is_unreachable(listener: Record) -> bool:
    """Return whether the reason of a listener is `unreachable`."""
    return bool(listener.get("reason") == "unreachable")


def select_described(attention: Iterable[Record]) -> set[tuple[str, ...]]:
    """Return the identifiers of certificates in sources whose problem is the cause of an item of `attention`."""
    causes = (item.get("cause") or {} for item in attention)
    return {identify_in_source(cause) for cause in causes if cause.get("reason") != "renewal_requested"}


def identify_in_source(record: Record) -> tuple[str, ...]:
    """Return an identifier of a certificate in a source: source, name, and path."""
    return tuple(str(record.get(name)) for name in ("source", "name", "path"))


def is_attention_needed(skipped_item: Record) -> bool:
    """Return whether a skipped certificate stays unusable without an action of the user."""
    return bool(skipped_item.get("source")) and skipped_item["reason"] in UNUSABLE_REASONS - {"being_renewed"}


def format_failure(
    failed: Sequence[Record], failing: Sequence[Record], attention: Sequence[Record] = (), empty: Sequence[str] = ()
) -> str:
    """Return the error message of a run: failures, items of `attention` that fail the run, and empty sources as a possible cause."""
    lines = [summarize_failures(failed)] if failed else []
    if failing := deduplicate(failing, failed):
        count, every = (len({build_key(item) for item in items}) for items in (failing, [*failing, *attention]))
        which = format_count(count, "listener") if count == every else f"{count} of {every} listeners"
        lines.append(
            f"{which} need{'s' if count == 1 else ''} attention:{format_list(_list_attention_messages(failing))}"
        )
    return "\n".join([*lines, *(empty if lines else ())])


def _list_attention_messages(items: Iterable[Record]) -> list[str]:
    """Return the messages of items of `attention`; listeners with the same certificate, reason, and message share a line."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        key = (item["name"] or "without a name", item["reason"], item["message"])
        alike.setdefault(key, []).append(format_record_name(item))
    return [
        f"{join_first(names, MAX_LISTED)} ({name}): {reason}: {message}"
        for (name, reason, message), names in alike.items()
    ]


def _list_unusable(records: Sequence[Record]) -> Iterator[str]:
    """Yield a line for each unusable certificate, up to `MAX_LISTED`, and then a line for each reason."""
    for record in records[:MAX_LISTED]:
        yield f"skipped: {name_in_source(record)} ({record['reason']}): {record['message']}"
    for reason, group in group_by_reason(records[MAX_LISTED:]):
        yield f"skipped: {join_first([name_in_source(record) for record in group], MAX_LISTED)} ({reason})"


def list_adoptions(adopted: Sequence[Record], *, is_check_mode: bool) -> Iterator[str]:
    """Yield the lines for the list `adopted` of a result."""
    for listener in adopted:
        place, old, new = format_record_name(listener), listener["previous"], listener["new"]
        if new is None:  # `summarize_failures` has the other ones
            yield from [f"{place}: {listener['message']}"] if listener["outcome"] == "unchanged" else []
            continue
        yield f"{place}: previous: {_describe(old) if old else 'no certificate'}"
        yield f"{place}: new: {_describe(new)}"
        accepted = f" (accepted with {', '.join(listener['overrides'])})" if listener["overrides"] else ""
        yield f"{place}: losses: {join_first(listener['losses'], MAX_LISTED, '; ', '; ') or 'none'}{accepted}"
        if listener["switch_back_command"] and not is_check_mode:
            yield f"{place}: to switch back, run {listener['switch_back_command']}."
    given = [listener for listener in adopted if listener["previous"] and listener["new"]]
    for identifier, listener in {listener["previous"]["id"]: listener for listener in given}.items():
        if listener["still_used_by"]:
            yield f"certificate {identifier}: still used by {join_first(listener['still_used_by'], MAX_LISTED)}"
        elif not is_check_mode:
            yield f"certificate {identifier}: no longer used by a listener. To delete the certificate, run {remove(identifier)}."
            if listener["overrides"] and _build_age_key(listener["previous"]) > _build_age_key(listener["new"]):
                name = choose_label(listener["new"])
                yield (
                    f"certificate {identifier}: newer than its replacement. Each run reports held_back until certificate {identifier} is deleted or "
                    f"{name} is renewed."
                )


def _build_age_key(certificate: Record) -> tuple[str, str]:
    return certificate["not_before"], certificate["not_after"]


def _describe(certificate: Record) -> str:
    """Return a description of a certificate for an adoption: ID, name, organization, key, and expiry."""
    which = f"certificate {certificate['id']}" if certificate["id"] else "a certificate to be imported"
    kind = " ".join(str(certificate[name]) for name in ("key_type", "key_size") if certificate[name])
    return (
        f"{which} ({choose_label(certificate) or 'without a name'}, {certificate['organization_name'] or 'no organization'}, {kind}, "
        f"expires {certificate['effective_not_after']})"
    )
