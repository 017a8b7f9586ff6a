# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the store and the listeners would be after a run, for check mode. Private to softlayer.certificates.

Pure. Records of the store are those of `ssl_certificate_info` with services, listeners those of `ssl_certificate_deploy` in check mode.
A certificate that is not in the store yet has a negative id here, which never leaves.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence

from .rollout import Settled, key_of

Record = Mapping[str, t.Any]


def after(
    store: Iterable[Record], listeners: Iterable[Record], expected: Sequence[Record]
) -> tuple[list[Record], list[Settled]]:
    """Return the store and the listeners as they would be if all that is planned is done and seen to be served.

    What the listeners serve that are left as they are is not foreseen: it can be looked at.

    Args:
        store: the records of the store.
        listeners: the plan.
        expected: the certificates that would be imported.
    """
    new = {one["fingerprint_sha256"]: {**one, "id": -position} for position, one in enumerate(expected, start=1)}
    settled = [Settled(_switched(one, new), True) for one in listeners]
    leaving: dict[int, set[str]] = {}
    for one in settled:
        if one.is_switched:
            leaving.setdefault(one.record["previous_certificate_id"], set()).add(key_of(one.record))
    records = [_without(record, leaving.get(record["id"], set())) for record in store]
    return [*records, *({**one, "associated_service_count": 0, "services": []} for one in new.values())], settled


def _switched(listener: Record, new: Mapping[str, Record]) -> Record:
    """Return a listener as it would be seen after the run."""
    if listener["outcome"] != "switched":
        return listener
    coming = new.get(listener["fingerprint_sha256"]) if listener["certificate_id"] is None else None
    return {**listener, "served": True, **({"certificate_id": coming["id"]} if coming else {})}


def _without(record: Record, left: Collection[str]) -> Record:
    """Return a record without the listeners that would have another certificate."""
    if not left:
        return record
    count = record["associated_service_count"]
    services = [one for one in record["services"] or () if key_of(one) not in left]
    return {**record, "associated_service_count": count and max(0, count - len(left)), "services": services}
