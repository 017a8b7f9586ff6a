# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What both roles check of their variables. Private to softlayer.certificates. Pure."""

from __future__ import annotations

from collections.abc import Callable

MOST_BALANCERS = 64
"""Maximum number of load balancers to change at the same time."""


def is_report_path(path: str | None, is_folder: Callable[[str], bool], absolute: Callable[[str], str]) -> bool:
    """Return whether a report can be written to a path: an `.html` file in a folder that exists.

    Args:
        path: the path, if one is given.
        is_folder: returns whether an absolute path is a folder of the controller.
        absolute: makes a path of the controller absolute.
    """
    return path is not None and path.endswith(".html") and is_folder(absolute(path).rpartition("/")[0] or "/")
