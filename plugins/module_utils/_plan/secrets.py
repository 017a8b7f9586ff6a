# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of IBM Cloud Secrets Manager have to be read for a rotation: by what their metadata tells. Private to softlayer.certificates.

Pure. A private key leaves Secrets Manager only for what may be imported. Where metadata does not tell enough, the certificate is read,
and decided about as one of any other source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from .._api.store import StoreCertificate
from .._codes import RotationReason
from .._names import is_address
from .._secrets_manager.secret import Secret
from .._text import some_of
from .._times import iso
from .rotation import BY_WILDCARD, MOST_NAMED, SourceOptions, is_meant, nearest_of, new_name, remedy_of
from .store_index import StoreIndex
from .superseding import Clients, age, certificate_of, not_under_wildcards


@dataclass(frozen=True)
class Unread:
    """A certificate that is not read, and why not."""

    secret: Secret
    reason: RotationReason
    message: str


@dataclass(frozen=True)
class ReadingPlan:
    """What to do about the certificates of an instance.

    Attributes:
        to_read: those that may be imported.
        stored: those that the store has, with its record.
        useless: those that cannot be used now.
        unwanted: those that could be, but renew nothing.
    """

    to_read: list[Secret] = field(default_factory=list)
    stored: list[tuple[Secret, StoreCertificate]] = field(default_factory=list)
    useless: list[Unread] = field(default_factory=list)
    unwanted: list[Unread] = field(default_factory=list)


def plan_reading(secrets: Iterable[Secret], index: StoreIndex, options: SourceOptions, clients: Clients) -> ReadingPlan:
    """Decide which certificates to read.

    Args:
        secrets: the metadata of all that the source is narrowed to.
        index: the store.
        options: what to import.
        clients: who has to trust what is served.
    """
    plan = ReadingPlan()
    store = _Store(index, clients)
    for secret in secrets:
        if not is_meant(secret.common_name, secret.alt_names, options.common_names):
            continue
        same = store.same(secret)
        if same is not None and not _may_complete(secret, same, options, clients):
            plan.stored.append((secret, same))
            continue
        why_useless = _why_useless(secret, clients)
        if why_useless:
            plan.useless.append(Unread(secret, *why_useless))
        elif same is not None or options.import_new or store.may_renew(secret):
            plan.to_read.append(secret)
        else:
            plan.unwanted.append(Unread(secret, *store.why_nothing_to_renew(secret)))
    return plan


def _may_complete(secret: Secret, record: StoreCertificate, options: SourceOptions, clients: Clients) -> bool:
    """Return whether a secret may have the chain that a record lacks.

    That of an authority whose root is not known always seems to lack something. Where such certificates are taken, they are not read every
    night for it.
    """
    lifespan = clients.lifespan(record)
    if secret.has_chain and lifespan.ends_by and lifespan.is_due(clients.at):
        return True  # an issuer is about to end, and there may be a later one
    if not secret.has_chain or clients.trust(record):
        return False
    return not record.intermediates or (options.needs_trust and clients.chain(record).trust == "incomplete")


def _why_useless(secret: Secret, clients: Clients) -> tuple[RotationReason, str] | None:
    if secret.why_inactive:
        return "not_active", f"Secrets Manager says that it is {secret.why_inactive}: look there why it is not active."
    if not secret.has_private_key:
        return "key_missing", "Secrets Manager has no private key of it: import it there again, with its key."
    if secret.not_after is not None and secret.not_after < clients.at:
        return (
            "expired",
            f"It expired at {iso(secret.not_after)}: have Secrets Manager renew it, or import a new version there.",
        )
    return None


class _Store:
    """The store, found by what metadata tells of certificates."""

    def __init__(self, index: StoreIndex, clients: Clients) -> None:
        self._index = index
        known = [record for record in index if record.certificate]
        self._addresses = frozenset(address for record in known for address in certificate_of(record).addresses)
        self._by_serial_number: dict[int | None, list[StoreCertificate]] = defaultdict(list)
        for record in known:
            self._by_serial_number[certificate_of(record).parsed.serial_number].append(record)
        self._clients = clients

    def same(self, secret: Secret) -> StoreCertificate | None:
        """Return the record of a secret's certificate, of several that with the best chain."""
        alike = self._by_serial_number.get(secret.serial_number, ())
        same = [record for record in alike if secret.is_of(certificate_of(record))]
        return max(
            same,
            key=lambda record: (self._clients.trust(record), len(record.intermediates), -record.id),
            default=None,
        )

    def may_renew(self, secret: Secret) -> bool:
        """Return whether the store has an older certificate for nothing but the secret's names; addresses may be missing in metadata."""
        names = _identities(secret)
        within = self._index.within(names | self._addresses)
        return any(_is_older(record, secret) for record in within if certificate_of(record).identities & names)

    def why_nothing_to_renew(self, secret: Secret) -> tuple[RotationReason, str]:
        """Return reason and message: that of the certificate which comes nearest to it, if there is any."""
        names = _identities(secret)
        related = [record for record in self._index.sharing(names) if _is_older(record, secret)]
        nearest = nearest_of(related, names)
        if nearest is None:
            return new_name(names, self._index)
        lost = sorted(certificate_of(nearest).identities - names)
        reason = "names_not_covered" if not_under_wildcards(lost, names) else BY_WILDCARD
        return (
            "names_not_covered",
            f"It renews no certificate of the store. For certificate {nearest.id}, it lacks names that are served now: {some_of(lost, MOST_NAMED)}. "
            f"{remedy_of(reason, 'secrets_manager')}",
        )


def _identities(secret: Secret) -> frozenset[str]:
    return secret.names | frozenset(name for name in secret.alt_names if is_address(name))


def _is_older(record: StoreCertificate, secret: Secret) -> bool:
    """Return whether a record is older than a secret, as far as is known."""
    if secret.not_before is None or secret.not_after is None:
        return True
    return age(record) < (secret.not_before, secret.not_after)
