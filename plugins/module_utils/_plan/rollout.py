# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a role brings certificates to listeners: which ones, in which calls, and what became of each. Private to softlayer.certificates.

Pure. Listeners are records in the form of `ssl_certificate_deploy`.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._names import own_names

Record = Mapping[str, t.Any]

UNREAD = {"gather_imported"}
"""Options of a selection of orders that select nothing."""
NAMES = "common_names"
"""The option of a selection of orders that listeners have, too."""
WILDCARD = re.compile(r"([*?\[])")
SEEN = ("served", "served_fingerprint_sha256")
DONE = ("outcome", "reason", "message", *SEEN)
"""What the carrying out of a plan adds to what the plan says about a listener."""


# Which listeners


def is_narrowed_by_orders(settings: Record) -> bool:
    """Return whether the orders say which listeners are meant: if they are selected by more than names.

    Args:
        settings: the variables of the role, without the prefix of their names.
    """
    criteria = settings["select"].keys() - UNREAD - {NAMES}
    return bool(settings["from_inventory"] or settings.get("order_ids") is not None or criteria)


def listener_names(settings: Record, orders: Iterable[Record] | None) -> list[str] | None:
    """Return the patterns one of which a name of a listener's certificate must match; `None` for every listener.

    Args:
        settings: the variables of the role, without the prefix of their names.
        orders: the selected orders, `None` if they were not listed.
    """
    if not is_narrowed_by_orders(settings):
        selected: list[str] | None = settings["select"].get(NAMES)
        return selected
    found = [own_names(order["common_name"], order.get("subject_alt_names") or ()) for order in orders or ()]
    names = dict.fromkeys(name for of_one in found for name in of_one)
    return [WILDCARD.sub(r"[\1]", name) for name in names]  # the name itself, not what it would match


# The plan, and what was done of it


def key_of(listener: Record) -> str:
    """Return what identifies a listener, also in a list of approved changes without the certificate.

    If its balancer was not found, the module calls it as it was called in the plan: by the uuid.
    """
    return f"{listener['load_balancer_uuid'] or listener['load_balancer']}:{listener['port']}"


def one_call(listeners: Sequence[Record]) -> dict[str, t.Any]:
    """Return the options of one module call that carries out a plan, and looks at the listeners that keep their certificate."""
    planned = [one for one in listeners if one["outcome"] == "switched"]
    kept = [one.record for one in settle(listeners, is_done=False) if one.stays]
    meant = [(one["certificate_id"], one) for one in planned] + [(one["previous_certificate_id"], one) for one in kept]
    places: dict[int, list[dict[str, t.Any]]] = {}
    for certificate_id, one in meant:
        place = {
            "load_balancer": one["load_balancer_uuid"],
            "port": one["port"],
            "previous_certificate_id": one["previous_certificate_id"],
        }
        places.setdefault(certificate_id, []).append(place)
    return {
        "deployments": [{"certificate_id": key, "listeners": value} for key, value in places.items()],
        "max_listeners": len(planned),
    }


def with_outcomes(listeners: Sequence[Record], answer: Record) -> list[Record]:
    """Return the listeners of a plan with what became of each.

    Args:
        listeners: the plan.
        answer: what the call that carried it out returned. What it does not know is left as it was planned.
    """
    done = {key_of(one): one for one in answer.get("listeners") or ()}
    return [_with_outcome(one, done.get(key_of(one))) for one in listeners]


def _with_outcome(planned: Record, done: Record | None) -> Record:
    if done is None:
        return planned
    # The call does not know why a listener keeps its certificate.
    is_still_skipped = planned["outcome"] == "skipped" and done["outcome"] == "unchanged"
    return {**planned, **{name: done[name] for name in (SEEN if is_still_skipped else DONE)}}


@dataclass(frozen=True)
class Settled:
    """A listener after the deploy phase, or in a run without it."""

    record: Record
    """What the module said about it last."""
    is_done: bool
    """Whether the plan for it was carried out, or that was tried; otherwise `record` is only the plan."""

    @property
    def outcome(self) -> str:
        """Its outcome; in a plan, that of the plan."""
        return str(self.record["outcome"])

    @property
    def is_switched(self) -> bool:
        """Whether it was pointed to another certificate."""
        return self.is_done and self.outcome == "switched"

    @property
    def certificate_id(self) -> int | None:
        """The certificate that the API names for it, as far as is known."""
        which = "certificate_id" if self.is_switched else "previous_certificate_id"
        return t.cast("int | None", self.record[which])

    @property
    def is_to_be_seen(self) -> bool:
        """Whether what it serves can be compared with the store, and it has not failed already."""
        has_failed = self.is_done and self.outcome in {"failed", "rolled_back"}
        return not has_failed and not self.is_unknown

    @property
    def stays(self) -> bool:
        """Whether it keeps a certificate of the store."""
        return self.outcome in {"unchanged", "skipped"} and not self.is_unknown

    @property
    def is_unknown(self) -> bool:
        """Whether its certificate is not in the store, or it has none."""
        return self.certificate_id is None or (self.outcome == "skipped" and self.record["reason"] == "not_found")


def settle(listeners: Sequence[Record], *, is_done: bool) -> list[Settled]:
    """Return listeners as they are settled.

    Args:
        listeners: what the module said about them.
        is_done: whether it carried its plan out; not in check mode, and in a run without the deploy phase.
    """
    return [Settled(one, is_done) for one in listeners]
