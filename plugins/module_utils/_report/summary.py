# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that say what a run has done: those that both roles have, and those of a rotation. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from .._base.codes import HeldBack, SourceReason, Untrusted
from .._base.names import listener_name, name_in_source, shown_name_of
from .._base.remedies import remove
from .._base.text import some_of

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
        None: ", but what it serves cannot be looked at from here" if listener["reason"] == "unreachable" else "",
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


def skipped(records: Iterable[Record], what: str = "") -> Iterable[str]:
    """Yield a line for each reason, with the first names of what was skipped for it.

    Args:
        records: what was skipped.
        what: what that is, in the plural, and counted then: `listeners`.
    """
    for reason, group in by_reason(records):
        every = list(group)
        names = list(dict.fromkeys(listener_name(record) or label(record) or "?" for record in every))
        counted = f"{_number(len(every), what)} " if what else ""
        yield f"{counted}skipped ({reason}): {some_of(names, MOST_NAMED)}"


def _number(count: int, what: str) -> str:
    """Return a number of things that are called so in the plural."""
    return f"{count} {what.removesuffix('s') if count == 1 else what}"


def by_reason(records: Iterable[Record]) -> Iterable[tuple[str, Iterable[Record]]]:
    """Return each reason, sorted, with its records in their order."""

    def reason_of(record: Record) -> str:
        return str(record["reason"])

    return groupby(sorted(records, key=reason_of), key=reason_of)


def failures(failed: Sequence[Record]) -> str:
    """Return what failed, from the list `failed` of a role's result."""
    said = [f"{named(record) or 'a certificate'}: {record['message']}" for record in failed]
    return f"{len(failed)} failed: {listed(said)}"


def listed(said: Sequence[str]) -> str:
    """Return sentences as they follow a colon: one on the same line, several as a list."""
    between = "\n- "
    return said[0] if len(said) == 1 else f"{between}{some_of(said, MOST_NAMED, between, between)}"


# A rotation

BROKEN = {*t.get_args(SourceReason), *t.get_args(Untrusted), *t.get_args(HeldBack), "ambiguous"}
"""Reasons for skipping a certificate of a source that a person should read more of than its name."""
UP_TO_DATE = "already_imported"
"""The reason for skipping what is as it should be: it is counted, and not named."""
DUE = frozenset({"expired", "expiring"})
"""Reasons of items that say when what is served ends, and then what their cause is."""
FAILED = "failed"
"""What a listener counts as of which a step has failed."""
LISTS = ("imported", "deployed", "verified", "removed", "skipped", "failed")
"""What a run comes to."""
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
    totals: str,
    removes: bool,
    is_check_mode: bool,
    alarming: Sequence[Record] = (),
    empty: Sequence[str] = (),
) -> list[str]:
    """Return what a run has done, with a line for each certificate and each listener that was acted on, and what needs a person.

    What fails the run comes last, after the totals.

    Args:
        lists: `imported`, `deployed`, `verified`, `removed`, `skipped` and `failed`.
        attention: what needs a person.
        phases: those that ran.
        totals: the line of totals.
        removes: whether old certificates are removed.
        is_check_mode: whether nothing was actually done.
        alarming: that of `attention` which fails the run.
        empty: a sentence for each source that brings nothing at all.
    """
    once_seen = ", once it is seen that what replaces it is served" if is_check_mode and "deploy" in phases else ""
    broken = [record for record in lists["skipped"] if record.get("source") and record["reason"] in BROKEN]
    others = [record for record in lists["skipped"] if record not in broken and record["reason"] != UP_TO_DATE]
    # What is `unusable` has a line of its own, too: the item does not say for which reason.
    unusable = {(key_of(item), cause_of(item)) for item in attention if item["reason"] == "unusable"}
    told = told_certificates(item for item in attention if (key_of(item), cause_of(item)) not in unusable)
    broken = [record for record in broken if place_in_source(record) not in told]
    alarming = told_once(alarming, lists["failed"])
    needs = [item for item in told_once(attention, lists["failed"]) if item not in alarming]
    fails = bool(lists["failed"] or alarming)
    is_needless = set(phases) == {"clean_up"} and not removes
    return [
        *done_lines(lists, "would be " if is_check_mode else "", once_seen),
        *_broken(broken),
        *skipped((record for record in others if listener_name(record)), "listeners"),
        *skipped((record for record in others if not listener_name(record)), "certificates"),
        *(() if fails else empty),
        *(["remove_superseded is false: no old certificate is removed"] if is_needless else []),
        *(f"NEEDS A PERSON: {said}" for said in _needs(needs)),
        totals,
        *(f"{named(record) or 'the run'}: FAILED, {_why(record)}" for record in lists["failed"]),
        *(f"NEEDS A PERSON: {said}" for said in _needs(alarming)),
        *(empty if fails else ()),
    ]


def totals(
    lists: Mapping[str, Sequence[Record]],
    listeners: Sequence[Record],
    attention: Sequence[Record],
    *,
    looks: bool,
    is_check_mode: bool,
) -> str:
    """Return the line of totals: each listener counted once, and the certificates apart from them; `looks` says whether what is served matters."""
    about = about_listeners({"failed_items": lists["failed"], "attention": attention})
    would_be = "would be " if is_check_mode else ""
    states = Counter(_state(listener, about.get(key_of(listener), ()), looks=looks) for listener in listeners)
    words = {
        "switched": f"{would_be}switched",
        FAILED: "failed",
        "due": "needs a person" if states["due"] == 1 else "need a person",
        "behind": "to be switched",
        "unseen": "could not be looked at",
        "same": "as it was" if states["same"] == 1 else "as they were",
    }
    told = [f"{states[state]} {word}" for state, word in words.items() if states[state]]
    certificates = [record for name in ("skipped", "failed") for record in lists[name] if not listener_name(record)]
    reasons = Counter(
        "there already"
        if record.get("reason") == UP_TO_DATE
        else "left out"
        if record in lists["skipped"]
        else "failed"
        for record in certificates
    )
    changed = {f"{would_be}{name}": len(lists[name]) for name in ("imported", "removed")}
    counted = [f"{count} {word}" for word, count in {**changed, **reasons}.items() if count]
    return "; ".join(
        (
            f"{_number(len(listeners), 'listeners')}{': ' if told else ''}{', '.join(told)}",
            *([f"certificates: {', '.join(counted)}"] if counted else []),
        )
    )


def _state(listener: Record, reasons: Collection[str], *, looks: bool) -> str:
    """Return the one thing that a listener counts as."""
    if FAILED in reasons:
        return FAILED
    if reasons:
        return "due"
    if listener.get("outcome") == "switched":
        return "switched"
    if listener.get("better_certificate_id"):
        return "behind"
    return "unseen" if looks and listener.get("served") is None else "same"


def by_listener(done: Record) -> dict[str, list[Record]]:
    """Return what of a module's result is about listeners, by `key_of`: what has failed, with that as its reason, and `attention`."""
    about: dict[str, list[Record]] = {}
    failed = [
        {**record, "reason": FAILED, "cause": {"reason": record.get("reason")}} for record in lists_of(done)["failed"]
    ]
    for record in (*failed, *(done.get("attention") or ())):
        if record.get("port"):
            about.setdefault(key_of(record), []).append(record)
    return about


def about_listeners(done: Record) -> Mapping[str, Sequence[str]]:
    """Return why listeners need a person, by `key_of`."""
    return {
        key: list(dict.fromkeys(record["reason"] for record in records)) for key, records in by_listener(done).items()
    }


def key_of(listener: Record) -> str:
    """Return what identifies a listener in the results of one run."""
    return f"{listener.get('load_balancer_uuid') or listener.get('load_balancer')}:{listener.get('port')}"


def told_once(attention: Iterable[Record], failed: Iterable[Record] = ()) -> Sequence[Record]:
    """Return what needs a person without what another item, or a failure, of the same listener says, too."""
    said = {(key_of(record), cause_of({"cause": record})) for record in failed}
    told: list[Record] = []
    of_listeners: dict[str, list[Record]] = {}
    for item in attention:
        key, cause = key_of(item), cause_of(item)
        is_repeated = item["reason"] not in DUE and (key, cause) in said
        if not is_repeated and item not in of_listeners.setdefault(key, []):
            of_listeners[key].append(item)
            told.append(item)
            said |= {(key, cause)} if cause else set()
    return told


def cause_of(item: Record) -> tuple[str, ...] | None:
    """Return what tells the cause of an item of `attention` from others; of all but those in `DUE`, the message is that of the cause."""
    cause = item.get("cause")
    return (str(cause.get("reason")), *place_in_source(cause)) if cause else None


def last_lines(done: Record, table: Sequence[str]) -> list[str]:
    """Return what a run ends with: what it has done, the table, and the line of totals; what has failed it, `failure` says."""
    lines, counted = list(done.get("summary") or ()), done.get("totals")  # which is one of the lines, whatever it says
    end = lines.index(counted) if counted in lines else len(lines)
    return [*lines[:end], *table, *lines[end : None if not done.get("failure") else end + 1]]


def done_lines(lists: Mapping[str, Sequence[Record]], would_be: str = "", once_seen: str = "") -> Iterable[str]:
    """Yield a line for each certificate that was imported, with the listeners that serve it now, each other listener and each removal."""

    def identifier(record: Record, name: str) -> t.Any:
        return record.get(name) or record.get("fingerprint_sha256")  # what is not stored yet has no id

    served: dict[t.Any, list[Record]] = {identifier(record, "id"): [] for record in lists["imported"]}
    for listener in lists["deployed"]:
        if (listener["served"] or would_be) and identifier(listener, "certificate_id") in served:
            served[identifier(listener, "certificate_id")].append(listener)
    for record in lists["imported"]:
        said = f"{named(record)}: {would_be}{record['outcome']}{stored_as(record)}, from {name_in_source(record)}"
        if listeners := served[identifier(record, "id")]:
            serve = "" if would_be else f", and {'serves' if len(listeners) == 1 else 'serve'} it"
            said += f"; {some_of([*map(named, listeners)], MOST_NAMED)} {would_be}switched to it{serve}"
        yield said
    told = [listener for listeners in served.values() for listener in listeners]
    for listener in lists["deployed"]:
        if listener not in told:
            yield f"{named(listener)}: {would_be}{switched(listener)}"
    if removed := [f"{record['id']} ({label(record) or 'without a name'})" for record in lists["removed"]]:
        several = "s" if len(removed) > 1 else ""
        yield f"certificate{several} {some_of(removed, MOST_NAMED)}: {would_be}removed{once_seen}"


def told_certificates(attention: Iterable[Record]) -> set[tuple[str, ...]]:
    """Return the certificates of sources that messages about listeners say all of: what is wrong with each, or that it is held back."""
    causes = (item.get("cause") or {} for item in attention)
    return {place_in_source(cause) for cause in causes if cause.get("reason") != "renewal_requested"}


def place_in_source(record: Record) -> tuple[str, ...]:
    """Return what tells a certificate of a source from others."""
    return tuple(str(record.get(name)) for name in ("source", "name", "path"))


def needs_person(skipped_item: Record) -> bool:
    """Return whether a certificate of a source was skipped that stays of no use unless a person does something."""
    return bool(skipped_item.get("source")) and skipped_item["reason"] in BROKEN - {"being_renewed"}


def failure_lines(
    failed: Sequence[Record], alarming: Sequence[Record], attention: Sequence[Record] = (), empty: Sequence[str] = ()
) -> str:
    """Return what failed, and what of all that needs a person fails the run; then which sources bring nothing, as that may be why."""
    said = [failures(failed)] if failed else []
    if alarming := told_once(alarming, failed):
        count, every = (len({key_of(item) for item in items}) for items in (alarming, [*alarming, *attention]))
        need = "1 listener needs a person" if count == 1 else f"{count} listeners need a person"
        if every > count:
            need = f"{count} of the {every} listeners that need a person {'fails' if count == 1 else 'fail'} the run"
        said.append(f"{need}: {listed(_needs(alarming))}")
    return "\n".join([*said, *(empty if said else ())])


def _needs(items: Iterable[Record]) -> list[str]:
    """Return what is said of items of `attention`; of listeners that have the same certificate and need the same, at once."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        needs = (item["name"] or "without a name", item["reason"], item["message"])
        alike.setdefault(needs, []).append(named(item))
    return [
        f"{some_of(names, MOST_NAMED)} ({name}): {reason}: {message}"
        for (name, reason, message), names in alike.items()
    ]


def _why(record: Record) -> str:
    """Return reason and message of what failed."""
    return f"{record['reason']}: {record['message']}" if record.get("reason") else record["message"]


def _broken(records: Sequence[Record]) -> Iterable[str]:
    """Yield a line for each certificate that cannot be used, up to a limit; of the others, one for each reason."""
    for record in records[:MOST_NAMED]:
        yield f"{name_in_source(record)}: SKIPPED, {record['reason']}: {record['message']}"
    for reason, group in by_reason(records[MOST_NAMED:]):
        yield f"skipped, too ({reason}): {some_of([name_in_source(record) for record in group], MOST_NAMED)}"


def adoption_lines(adopted: Sequence[Record], *, is_check_mode: bool) -> Iterator[str]:
    """Yield the lines for the list `adopted` of a result."""
    has, gets, lost = ("has", "would get", "would lose") if is_check_mode else ("had", "got", "lost")
    for listener in adopted:
        old, new = listener["previous"], listener["new"]
        if new is None:  # what has failed, is told with all that has
            yield from [f"{named(listener)}: {listener['message']}"] if listener["outcome"] == "unchanged" else []
            continue
        yield f"{named(listener)} {has} {_shown(old) if old else 'no certificate'}"
        yield f"{named(listener)} {gets} {_shown(new)}"
        accepted = f", by {' and '.join(listener['overrides'])}" if listener["overrides"] else ""
        yield f"{named(listener)} {lost} {some_of(listener['losses'], MOST_NAMED, '; ', '; ') or 'nothing'}{accepted}"
    given = [listener for listener in adopted if listener["previous"] and listener["new"]]
    for identifier, listener in {listener["previous"]["id"]: listener for listener in given}.items():
        if listener["still_used_by"]:
            yield f"certificate {identifier} is still used by {some_of(listener['still_used_by'], MOST_NAMED)}"
        elif not is_check_mode:
            yield f"certificate {identifier} is used by no listener any more; if nobody wants it back, {remove(identifier)} deletes it"
            if listener["overrides"] and _age(listener["previous"]) > _age(listener["new"]):
                yield f"until {identifier} is removed, or {label(listener['new'])} is renewed, each run tells that it is newer (held_back)"


def _age(certificate: Record) -> tuple[str, str]:
    return certificate["not_before"], certificate["not_after"]


def _shown(certificate: Record) -> str:
    """Say what a certificate is."""
    which = f"certificate {certificate['id']}" if certificate["id"] else "a certificate that is to be imported"
    kind = " ".join(str(certificate[name]) for name in ("key_type", "key_size") if certificate[name])
    return (
        f"{which}: {label(certificate) or 'without a name'}, {certificate['organization_name'] or 'no organization'}, {kind}, "
        f"until {certificate['effective_not_after']}"
    )
