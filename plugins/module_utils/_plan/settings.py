# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits of options that several modules have. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._api.values import LARGEST_ID
from .._argspec import MAILBOXES

MOST_BALANCERS = 64
"""Maximum number of load balancers to change at the same time."""
LONGEST_WAIT = 86_400
"""Seconds."""
LIMITS: Mapping[str, tuple[int, int]] = {
    "max_listeners": (0, LARGEST_ID),
    "wait_timeout": (0, LONGEST_WAIT),
    "verify_timeout": (0, LONGEST_WAIT),
}
"""The least and the greatest value of options of `ssl_certificate_deploy`."""


def which_mailboxes(mail: Mapping[str, t.Any]) -> str | None:
    """Return how a sentence ends that asks for one mailbox, or `None` if exactly one is named."""
    boxes = [name for name in MAILBOXES if mail.get(name) is not None]
    if len(boxes) == 1:
        return None
    return f": it names {' and '.join(boxes)}, leave all but one out." if boxes else "."
