# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An index of the records of the store by ID, key, certificate, and name. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import math
import typing as t
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cached_property

from .._base.errors import Obstacle
from .._softlayer.store import Handle, StoreCertificate, certificate_of
from .._x509.certificate import Certificate
from .can_replace import Overrides, PresentCertificate, can_supersede, find_replacement_obstacle, get_age, is_newer
from .trust import TrustView

K = t.TypeVar("K")


def _group_records(pairs: Iterable[tuple[K, StoreCertificate]]) -> dict[K, list[StoreCertificate]]:
    found: dict[K, list[StoreCertificate]] = defaultdict(list)
    for key, record in pairs:
        found[key].append(record)
    return found


def why_unavailable(identifier: int, record: StoreCertificate | None) -> Obstacle[t.Literal["not_found"]]:
    """Return the reason why the store has no certificate with an ID: without a record, the ID does not exist; with a record, the certificate is unreadable."""
    return Obstacle("not_found", {"certificate_id": identifier, "is_there": record is not None})


class StoreIndex:
    """All records of the store, also planned records. A record without a readable certificate is found only by ID.

    Args:
        records: all records.
    """

    def __init__(self, records: Iterable[StoreCertificate]) -> None:
        self.by_handle: dict[Handle | None, StoreCertificate] = {record.handle: record for record in records}
        self._known = [record for record in self.by_handle.values() if record.certificate]
        self._valid: dict[datetime, StoreIndex] = {}

    def __iter__(self) -> Iterator[StoreCertificate]:
        return iter(self.by_handle.values())

    @cached_property
    def max_chain_length(self) -> int:
        """The maximum number of intermediate certificates of a record, because the limit of the store is not documented."""
        return max((len(record.intermediates) for record in self._known), default=0)

    @cached_property
    def _records_by_key(self) -> dict[str, list[StoreCertificate]]:
        return _group_records((certificate_of(record).public_key_sha256, record) for record in self._known)

    @cached_property
    def _records_by_certificate(self) -> dict[Certificate, list[StoreCertificate]]:
        return _group_records((certificate_of(record), record) for record in self._known)

    @cached_property
    def _records_by_name(self) -> dict[str, list[StoreCertificate]]:
        return _group_records((name, record) for record in self._known for name in certificate_of(record).identities)

    @cached_property
    def _records_by_rarest_name(self) -> dict[str, list[StoreCertificate]]:
        """The records by their rarest name, so that a lookup is fast even if thousands of certificates share a name."""
        named = (record for record in self._known if certificate_of(record).identities)
        return _group_records(
            (min(certificate_of(record).identities, key=self._rank_rarity), record) for record in named
        )

    def _rank_rarity(self, name: str) -> tuple[int, str]:
        return len(self._records_by_name[name]), name

    @cached_property
    def _positions(self) -> dict[Handle | None, int]:
        return {handle: position for position, handle in enumerate(self.by_handle)}

    def _sort(self, records: Iterable[StoreCertificate]) -> list[StoreCertificate]:
        """Return records sorted by ID; planned records come last, in the original order."""
        return sorted(records, key=lambda record: (record.id or math.inf, self._positions[record.handle]))

    def find_by_key(self, public_key_sha256: str | None) -> list[StoreCertificate]:
        """Return the records with a public key (SHA-256 of the SubjectPublicKeyInfo, in hex)."""
        return self._records_by_key.get(public_key_sha256 or "", [])

    def find_copies(self, certificate: Certificate) -> list[StoreCertificate]:
        """Return the records with this certificate."""
        return self._records_by_certificate.get(certificate, [])

    def find_covering(self, names: frozenset[str]) -> list[StoreCertificate]:
        """Return the records with all of these names; an empty list without names."""
        fewest = min((self._records_by_name.get(name, []) for name in names), key=len, default=[])
        return [record for record in fewest if names <= certificate_of(record).identities]

    def find_within(self, names: frozenset[str]) -> list[StoreCertificate]:
        """Return the records whose names are a subset of these names."""
        found = (record for name in names for record in self._records_by_rarest_name.get(name, ()))
        return [record for record in found if certificate_of(record).identities <= names]

    def find_sharing(self, names: frozenset[str]) -> list[StoreCertificate]:
        """Return the records with any of these names, in the order of the store."""
        sharing = {record.handle: record for name in names for record in self._records_by_name.get(name, ())}
        return self._sort(sharing.values())

    def select_valid(self, at: datetime) -> StoreIndex:
        """Return an index of the records that are valid at a time, because only valid records can replace a certificate."""
        if at not in self._valid:
            self._valid[at] = StoreIndex(record for record in self._known if certificate_of(record).is_valid(at))
        return self._valid[at]

    def find_successors(self, old: StoreCertificate, view: TrustView) -> list[StoreCertificate]:
        """Return the records that can replace a certificate."""
        candidates = self.select_valid(view.at).find_covering(certificate_of(old).identities)
        return [record for record in candidates if can_supersede(record, old, view)]

    def find_superseded(self, new: StoreCertificate, view: TrustView) -> list[StoreCertificate]:
        """Return the records that a certificate can replace, sorted by ID, without the certificate's own record."""
        within = self.find_within(certificate_of(new).identities) if certificate_of(new).is_valid(view.at) else ()
        older = (record for record in within if record.handle != new.handle and can_supersede(new, record, view))
        return self._sort(older)

    def find_predecessor(
        self, new: StoreCertificate, view: TrustView, imported: Collection[Handle] = (), *, may_be_over: bool = False
    ) -> StoreCertificate | None:
        """Return the newest older record that is valid and has all names of a certificate: the probable predecessor.

        Args:
            new: the certificate.
            view: the TLS clients that must trust the predecessor.
            imported: the handles of the records that this run has imported or would import.
            may_be_over: whether the predecessor may have expired.
        """
        overrides = Overrides(expired=may_be_over)
        older = [
            record
            for record in self.find_covering(certificate_of(new).identities)
            if record.handle not in imported
            and record.certificate != new.certificate
            and not is_newer(record, new, view)
            and find_replacement_obstacle(record, PresentCertificate.of(new), view, overrides)
            is None  # though it may end soon
        ]
        return max(older, key=get_age, default=None)
