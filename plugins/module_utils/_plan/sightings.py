# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What listeners serve after a role has dealt with them, and what can be removed then. Private to softlayer.certificates.

Pure. The records are those of `ssl_certificate_deploy` (listeners), `ssl_endpoint_info` (endpoints) and `ssl_certificate_info`
(the store).
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._codes import DeployReason
from .._names import is_address, is_host_name, listener_name, name_to_ask_for, shown_name_of
from .._text import some_of
from .._times import parse
from .._x509.certificate import name_set, names_of
from .rollout import Record, Settled, key_of

MOST_NAMED = 5
"""Maximum number of listeners in a message."""
NOT_SEEN = {"unreachable", "timeout"}
"""Reasons of endpoints that say nothing about what is served, unless a connection was accepted."""
NO_CERTIFICATE = {"no_tls", "handshake_failed"}
"""Reasons of endpoints that do not get to serving a certificate."""


# What is served


def endpoints(settled: Iterable[Settled]) -> list[dict[str, t.Any]]:
    """Return the endpoints to look at, in the form of the option `endpoints`."""
    return [
        {"host": one.record["address"], "port": one.record["port"], "server_name": _server_name(one.record)}
        for one in _with_address(settled)
    ]


def _with_address(settled: Iterable[Settled]) -> list[Settled]:
    return [one for one in settled if one.is_to_be_seen and one.record["address"]]


def _server_name(listener: Record) -> str:
    """Return a name to ask for in the handshake; the balancer's own if the certificate has none."""
    others = listener["subject_alt_names"]
    names = name_set(None, filter(is_host_name, others)) or name_set(listener["common_name"], ())
    return name_to_ask_for(names, filter(is_address, others)) or str(listener["address"])


def verdicts(settled: Sequence[Settled], seen: Sequence[Record]) -> list[dict[str, t.Any]]:
    """Return for each listener whether it serves the certificate that the API names for it.

    Args:
        settled: the listeners.
        seen: what the endpoints serve, in the order of `endpoints`.
    """
    looked = {key_of(one.record): endpoint for one, endpoint in zip(_with_address(settled), seen, strict=True)}
    found = []
    for one in settled:
        endpoint = looked.get(key_of(one.record))
        if endpoint is not None:
            found.append(_verdict(one, endpoint))
        elif one.is_unknown:
            found.append(_judged(one, "skipped", "not_found", one.record["message"]))
        elif one.is_to_be_seen:
            found.append(_judged(one, "skipped", "not_reachable", "The API names no address of the load balancer."))
    return found


def _verdict(one: Settled, endpoint: Record) -> dict[str, t.Any]:
    message, is_connected = endpoint["message"], endpoint.get("ip_address") is not None
    if endpoint["reason"] in NOT_SEEN and not is_connected:
        return _judged(one, "skipped", "not_reachable", f"What is served cannot be looked at from here: {message}")
    facts = {name: endpoint[name] for name in ("common_name", "subject_alt_names", "fingerprint_sha256", "not_after")}
    shown = endpoint["fingerprint_sha256"]
    # Somebody accepts connections there, and clients get nothing.
    gets_none = endpoint["reason"] in NO_CERTIFICATE | NOT_SEEN
    if not gets_none and one.certificate_id in (endpoint["certificate_ids"] or ()):
        but = f", but: {message}" if endpoint["reason"] else "."
        return {**_judged(one, "verified", None, f"It serves its certificate{but}", served=True, shown=shown), **facts}
    why = f"The listener has certificate {one.certificate_id}, but"
    if gets_none:
        return _judged(one, "failed", "not_served", f"{why} it does not serve it: {message}", served=False)
    ids = ", ".join(map(str, endpoint["certificate_ids"] or ()))
    what = f"certificate {ids}" if ids else "one that is not in the store"
    named = f"{shown_name_of(endpoint) or 'without a name'}, valid until {endpoint['not_after']}"
    return _judged(one, "failed", "not_served", f"{why} it serves {what} ({named}).", served=False, shown=shown)


def _judged(
    one: Settled,
    outcome: str,
    reason: DeployReason | None,
    message: str,
    *,
    served: bool | None = None,
    shown: str | None = None,
) -> dict[str, t.Any]:
    """Return a listener with what was seen."""
    is_meant = one.certificate_id == one.record["certificate_id"]
    return {
        **one.record,
        "certificate_id": one.certificate_id,
        "fingerprint_sha256": one.record["fingerprint_sha256"] if is_meant else None,
        "outcome": outcome,
        "reason": reason,
        "served": served,
        "served_fingerprint_sha256": shown,
        "message": message,
    }


# What was replaced


@dataclass(frozen=True)
class Removal:
    """Which older certificates to remove, and which to keep because it was not seen that the newer one is served."""

    ids: Sequence[int]
    kept: Sequence[Record]


def removal(
    store: Sequence[Record],
    settled: Sequence[Settled],
    judged: Iterable[Record],
    imported: Collection[int],
    at: datetime,
    *,
    remove_unseen: bool,
) -> Removal:
    """Decide which certificates of the store to remove.

    They are those that a valid, newer certificate replaces which this run has imported, or which a listener has, by the rule of
    `ssl_certificate_import`; but only if every listener that had the old one, or has what replaces it, was seen to serve it. A
    listener of the account that this run does not deal with was not seen. What another service uses is kept, too, and what was
    seen to be served somewhere.

    Args:
        store: all records with their services, listed after the listeners were switched.
        settled: the listeners.
        judged: what `verdicts` returned, if the listeners were looked at once more.
        imported: the ids of what this run has imported.
        at: the present instant.
        remove_unseen: whether a listener that could not be looked at counts as one that serves its certificate.
    """
    later = {key_of(one): one for one in judged}
    last_seen = [(one, later.get(key_of(one.record), one.record)) for one in settled]
    looked_at = {key_of(one.record) for one in settled}
    held = {one.certificate_id for one in settled}
    meant = {one.record["certificate_id"] for one in settled}
    newer = [record for record in store if record["id"] in held | set(imported) and _is_valid(record, at)]
    wanted = held | meant | set(imported)
    ids, kept = [], []
    for old in store:
        replacements = [] if old["id"] in wanted else [new for new in newer if _replaces(new, old)]
        replacing = {new["id"] for new in replacements}
        if not replacing:
            continue
        if old["associated_service_count"] != 0:
            kept.append(_in_use(old))
            continue
        concerned = [
            (one, seen)
            for one, seen in last_seen
            if one.record["previous_certificate_id"] == old["id"]
            or one.record["certificate_id"] in replacing
            or seen["served_fingerprint_sha256"] == old["fingerprint_sha256"]
        ]
        unseen = [seen for one, seen in concerned if not _is_seen(one, seen["served"], remove_unseen=remove_unseen)]
        others = [
            service for new in replacements for service in new["services"] or () if key_of(service) not in looked_at
        ]
        if unseen or others:
            kept.append(_kept(old, unseen, others))
        else:
            ids.append(old["id"])
    return Removal(ids, kept)


def _is_seen(one: Settled, served: bool | None, *, remove_unseen: bool) -> bool:
    return (one.is_switched or one.stays) and (remove_unseen if served is None else served)


def _kept(old: Record, unseen: Sequence[Record], others: Sequence[Record]) -> Record:
    names = some_of(list(map(listener_name, [*unseen, *others])), MOST_NAMED)
    return {
        **old,
        "outcome": "skipped",
        "reason": "not_served" if any(one["served"] is False for one in unseen) else "not_reachable",
        "message": f"Certificate {old['id']} is kept, because it was not seen that {names} serves what replaces it.",
    }


def _in_use(old: Record) -> Record:
    count, users = old["associated_service_count"], [listener_name(one) for one in old["services"] or ()]
    if users:
        why = f"{some_of(users, MOST_NAMED)} {'uses' if len(users) == 1 else 'use'} it"
    elif count:
        why = f"{'a service uses' if count == 1 else f'{count} services use'} it that this run does not deal with"
    else:
        why = "the API does not tell whether a service uses it"
    message = f"Certificate {old['id']} is kept, because {why}."
    return {**old, "outcome": "skipped", "reason": "in_use", "message": message}


def _is_valid(record: Record, at: datetime) -> bool:
    begin, end = parse(record["not_before"]), parse(record["not_after"])
    return begin is not None and end is not None and begin <= at <= end


def _replaces(new: Record, old: Record) -> bool:
    """Return whether a certificate can take the place of another one, and is newer."""
    if None in (old["fingerprint_sha256"], new["fingerprint_sha256"]) or age(old) >= age(new):
        return False
    return can_replace(new, old)


def can_replace(new: Record, old: Record) -> bool:
    """Return whether a certificate has all names of another one, its organization and key type, whichever is the newer one."""
    alike = all(old[name] == new[name] for name in ("organization_name", "key_type"))
    return alike and bool(names_of(old)) and names_of(old) <= names_of(new)


def age(record: Record) -> tuple[str, str]:
    """Return what records of certificates are sorted by, the newest last."""
    return str(record["not_before"]), str(record["not_after"])  # in one form, so that texts sort like instants
