# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What both roles check of their variables, by the limits of the modules. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

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
    boxes = [name for name in MAILBOXES if name in mail]
    if len(boxes) == 1:
        return None
    return f": it names {' and '.join(boxes)}, leave all but one out." if boxes else "."


def is_report_path(path: str | None, is_folder: Callable[[str], bool], absolute: Callable[[str], str]) -> bool:
    """Return whether a report can be written to a path: an `.html` file in a folder that exists.

    Args:
        path: the path, if one is given.
        is_folder: returns whether an absolute path is a folder of the controller.
        absolute: makes a path of the controller absolute.
    """
    return path is not None and path.endswith(".html") and is_folder(absolute(path).rpartition("/")[0] or "/")
