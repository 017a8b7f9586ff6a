# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a method's rows to the page that is sent: filter, order, page, mask, and the ways a listing may misbehave."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from . import filters, masks
from .calls import Call
from .datatypes import Datatype, Row
from .masks import Mask
from .services import Method
from .settings import Settings


@dataclass(frozen=True)
class Answer:
    """What a call gives; ``total`` is the number of rows before paging, None where no total is sent."""

    value: Any
    total: int | None = None


def answer(result: Any, method: Method, mask: Mask, call: Call, settings: Settings) -> Answer:
    """The answer to a call, from what its method gave."""
    if method.returns is None:
        return Answer(result)
    if not isinstance(result, list):
        return Answer(masks.project(result, mask, method.returns))
    rows = _selected(result, method.returns, _filter(call, method), settings)
    page = [masks.project(row, mask, method.returns) for row in _page(rows, call, settings)]
    return Answer(page, None if settings.omit_total else len(rows))


def _filter(call: Call, method: Method) -> Any:
    """The part of the object filter that is about the listed rows."""
    if not method.filter_root or not isinstance(call.object_filter, dict):
        return call.object_filter
    return call.object_filter.get(method.filter_root)


def _selected(rows: list[Row], datatype: Datatype, object_filter: Any, settings: Settings) -> list[Row]:
    """Filtered and ordered. Without an order on a unique property, each call has its rows in another order."""
    if not settings.ignore_filters:
        rows = filters.select(rows, object_filter, datatype)
    wanted = [] if settings.ignore_order else filters.orders(object_filter, datatype)
    if ("id",) not in [order.path for order in wanted]:
        random.shuffle(rows)
    filters.sort(rows, wanted)
    return rows


def _page(rows: list[Row], call: Call, settings: Settings) -> list[Row]:
    if settings.ignore_limits:
        return rows
    size = min(limit for limit in (call.limit, settings.page_size_cap, len(rows)) if limit) if rows else 0
    first = max(0, call.offset - settings.repeat_rows)
    return rows[first : call.offset + size]
