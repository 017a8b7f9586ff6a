# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a method's rows to the page that is sent: filter, order, page, and mask."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from . import filters, masks
from .calls import Call
from .masks import Projection
from .metadata import FILTER, LIMIT, MASK, Datatype, Row, Signature
from .settings import Settings


@dataclass(frozen=True)
class Answer:
    """What a call gives; ``total`` is the number of rows before paging, None where no total is sent."""

    value: Any
    total: int | None = None


def projection(signature: Signature, call: Call) -> Projection | None:
    """What is sent of each row, None for a plain value; raises the API's fault for a bad mask."""
    if signature.gives is None:
        return None
    return masks.projection(masks.parse(call.mask if MASK in signature.takes else ""), signature.gives)


def answer(result: Any, signature: Signature, projection: Projection | None, call: Call, settings: Settings) -> Answer:
    """The answer to a call, from what its method gave."""
    if signature.gives is None or projection is None:
        return Answer(result)
    if not signature.is_list:
        return Answer(projection.related(result))
    rows = _selected(list(result), signature.gives, _filter(call, signature))
    is_paged = LIMIT in signature.takes or settings.page_every_list
    page = rows[call.offset : call.offset + (call.limit or len(rows))] if is_paged else rows
    is_told = signature.takes & {FILTER, LIMIT}
    return Answer([projection.of(row) for row in page], len(rows) if is_told else None)


def _filter(call: Call, signature: Signature) -> Any:
    """The part of the object filter that is about the listed rows."""
    if FILTER not in signature.takes:
        return None
    if not signature.relation or not isinstance(call.object_filter, dict):
        return call.object_filter
    return call.object_filter.get(signature.relation)


def _selected(rows: list[Row], datatype: Datatype, object_filter: Any) -> list[Row]:
    """Filtered and ordered. Without an order on a unique property, each call has its rows in another order."""
    rows = filters.select(rows, object_filter, datatype)
    wanted = filters.orders(object_filter, datatype)
    if ("id",) not in [order.path for order in wanted]:
        random.shuffle(rows)
    filters.sort(rows, wanted)
    return rows
