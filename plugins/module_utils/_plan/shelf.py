# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of the store, found without looking through all of them. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from .._x509.certificate import Certificate

if t.TYPE_CHECKING:
    from .._api.store import Stored


class Shelf:
    """The records of the store, found by certificate and by name.

    Args:
        records: all records.
    """

    def __init__(self, records: Sequence[Stored]) -> None:
        self.records = records
        self._by_certificate: dict[Certificate, list[Stored]] = {}
        self._by_name: dict[str, list[int]] = {}
        for position, record in enumerate(records):
            if record.certificate is not None:
                self._by_certificate.setdefault(record.certificate, []).append(record)
                for name in _names(record.certificate):
                    self._by_name.setdefault(name, []).append(position)

    def same(self, certificate: Certificate) -> list[Stored]:
        """Return the records that hold a certificate."""
        return self._by_certificate.get(certificate, [])

    def related(self, certificate: Certificate) -> list[tuple[Stored, Certificate]]:
        """Return the records with another certificate that shares a name with this one, in the order of the store."""
        found = {position for name in _names(certificate) for position in self._by_name.get(name, ())}
        records = (self.records[position] for position in sorted(found))
        return [(one, one.certificate) for one in records if one.certificate and one.certificate != certificate]


def _names(certificate: Certificate) -> set[str]:
    """Return all names, and addresses as they are written."""
    return {*certificate.names, *certificate.subject_alt_names}
