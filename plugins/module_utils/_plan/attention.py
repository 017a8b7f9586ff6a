# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs a person after a rotation, however well it went: no night is green while something dies. Private to softlayer.certificates.

Pure.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .._api.store import StoreCertificate
from .._codes import AttentionReason, HeldBack
from .._names import shown_name_of, source_name
from .._times import days_until, iso, renewal_due
from .._x509.certificate import Certificate, names_of
from .deployments import ListenerAction, nearest
from .rotation import SourceCertificate, remedy_of
from .store_index import StoreIndex
from .superseding import Clients, age, certificate_of, supersedes

Record = Mapping[str, t.Any]
HELD_BACK: tuple[HeldBack, ...] = t.get_args(HeldBack)
REASONS: tuple[AttentionReason, ...] = t.get_args(AttentionReason)


@dataclass(frozen=True)
class RenewalFacts:
    """What is known beside the listeners.

    Attributes:
        index: the store, with what this run has imported.
        usable: the certificates of the sources that can be used.
        waiting: those that can be used later, since they are not valid yet.
        unused: what the sources have and this run has not imported, with reason and message.
        has_sources: whether any source was read.
    """

    index: StoreIndex
    usable: Sequence[SourceCertificate] = ()
    waiting: Sequence[SourceCertificate] = ()
    unused: Sequence[Record] = ()
    has_sources: bool = False

    @cached_property
    def entry_of(self) -> Mapping[int, SourceCertificate]:
        """Return the certificates of the sources that can be used, by the id of their record."""
        return {entry.record.id: entry for entry in self.usable}

    @cached_property
    def usable_index(self) -> StoreIndex:
        """Return the records of the certificates of the sources that can be used."""
        return StoreIndex(entry.record for entry in self.usable)


def find_attention(listeners: Iterable[ListenerAction], known: RenewalFacts, clients: Clients) -> list[Record]:
    """Return what needs a person, the most urgent first.

    Args:
        listeners: what became of them; in check mode, what would.
        known: what could renew what they serve.
        clients: who has to trust it.
    """
    found = [item for one in listeners for item in _about(one, known, clients)]
    return sorted(
        found, key=lambda one: (REASONS.index(one["reason"]), one["not_after"] or "", one["load_balancer"], one["port"])
    )


def served_by(one: ListenerAction, index: StoreIndex) -> Certificate | None:
    """Return the certificate that clients get from a listener: what was seen, else what it has in the API."""
    record = _record_of(one, index)
    if (one.served is False and one.outcome != "rolled_back") or record is None:
        return one.seen[0] if one.seen else None
    return record.certificate


def _record_of(one: ListenerAction, index: StoreIndex) -> StoreCertificate | None:
    """Return the record that a listener has in the API, if what it holds is known."""
    record = index.by_id.get(one.present_id or 0)
    return record if record and record.certificate else None


def _about(one: ListenerAction, known: RenewalFacts, clients: Clients) -> t.Iterator[Record]:
    """Yield what is to be said of a listener."""
    certificate, record = served_by(one, known.index), _record_of(one, known.index)
    held = _why_held_back(one, record, known, clients) if record else None
    if one.served is False:
        yield _item(one, certificate or (record.certificate if record else None), "not_served", one.message, clients)
    is_due = certificate and renewal_due(certificate.not_before, certificate.not_after, clients.at)
    if certificate and is_due and not _is_renewed_in_time(record, certificate, known, clients):
        has_expired = certificate.not_after < clients.at
        when = f"{'It expired at' if has_expired else 'It ends at'} {iso(certificate.not_after)}"
        why = held if held and not one.better_id else _why_not_renewed(one, record, certificate, known, clients)
        message = f"{when}, and nothing renews it. {why}"
        yield _item(one, certificate, "expired" if has_expired else "expiring", message, clients)
    if held:
        yield _item(one, certificate, "held_back", held, clients)


def _item(
    one: ListenerAction, certificate: Certificate | None, reason: AttentionReason, message: str, clients: Clients
) -> Record:
    end = certificate.not_after if certificate else None
    return {
        "name": certificate.shown_name if certificate else None,
        "load_balancer": one.load_balancer,
        "load_balancer_uuid": one.place.balancer.uuid if one.place else None,
        "port": one.port,
        "reason": reason,
        "not_after": iso(end),
        "days_until_expiry": days_until(end, clients.at),
        "message": message,
    }


def _why_held_back(one: ListenerAction, record: StoreCertificate, known: RenewalFacts, clients: Clients) -> str | None:
    """Return why what is newer than a listener's certificate is not put in its place, and what to do about it."""
    names = certificate_of(record).identities
    others = (*known.index.sharing(names), *known.usable_index.sharing(names))
    near = nearest(one.at.balancer, record, others, clients)
    if near is None or near[1] not in HELD_BACK:
        return None
    other, reason, message = near
    entry = known.entry_of.get(other.id)
    what = (
        f"The newer certificate of {entry.shown} ({entry.path})"
        if entry
        else f"Certificate {other.id} of the store, which is newer,"
    )
    return f"{what} is held back. {message} {remedy_of(reason, entry.source if entry else None)}".strip()


def _is_renewed_in_time(
    record: StoreCertificate | None, certificate: Certificate, known: RenewalFacts, clients: Clients
) -> bool:
    """Return whether there is a certificate that is not valid yet, and may stand in for what a listener serves before that ends."""
    if record is None or record.certificate != certificate:
        return False  # nobody knows when it serves what it has
    others = [*known.index.covering(certificate.identities), *(entry.record for entry in known.waiting)]
    begins = ((other, certificate_of(other).not_before) for other in others)
    return any(
        clients.at < begin < certificate.not_after and supersedes(other, record, Clients(clients.anchors, begin))
        for other, begin in begins
    )


def _why_not_renewed(
    one: ListenerAction,
    record: StoreCertificate | None,
    certificate: Certificate,
    known: RenewalFacts,
    clients: Clients,
) -> str:
    """Return why nothing renews what a listener serves, and what to do about it, unless what is newer is held back."""
    if one.better_id:
        return f"Certificate {one.better_id} of the store is newer: have it served, with the playbook deploy or rotate."
    if one.outcome in {"failed", "rolled_back"}:
        return one.message
    fitting = known.index.valid_at(clients.at).covering(certificate.identities)
    if record is None and fitting:
        return (
            f"The store has no certificate {one.present_id}, which the listener has, but certificate {max(fitting, key=age).id} for its names: "
            "name that in ssl_certificate_deploy, with allow_name_loss."
        )
    renewals = known.usable_index.superseding(record, clients) if record else []
    if renewals:
        entry = known.entry_of[max(renewals, key=age).id]
        return f"{entry.shown} ({entry.path}) would renew it, but was not stored: see what failed."
    about = [record for record in known.unused if names_of(record) & certificate.identities]
    told = next((record for record in about if record["reason"] not in {"already_imported", "superseded"}), None)
    if told is not None:
        name = told.get("name") or shown_name_of(told)
        return f"{source_name(told['source'])} {name}: {told['message']}"
    if not known.has_sources:
        return "Have it renewed, and import the new certificate."
    return (
        "No source has a newer certificate for it: have the client that looks after it renew it, and see that its certificates are among "
        "the sources."
    )
