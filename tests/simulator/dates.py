# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dates as the API writes and reads them: US Central time with its offset, such as ``2018-02-22T10:56:44-06:00``."""

from __future__ import annotations

import functools
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

CENTRAL = ZoneInfo("America/Chicago")


def now() -> datetime:
    """The time, to the second, in UTC."""
    return datetime.now(timezone.utc).replace(microsecond=0)


@functools.lru_cache(maxsize=100_000)  # a large list has each of its dates rendered for every page it is on
def render(moment: datetime) -> str:
    """An instant as the API writes it."""
    return moment.astimezone(CENTRAL).isoformat(timespec="seconds")


def parse(text: str) -> datetime | None:
    """An instant from a filter or the control API; without an offset it is Central time. None if it is no date."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=CENTRAL)
