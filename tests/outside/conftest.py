# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that try to break the promises of the README from outside, against servers that are not made from our code's assumptions."""

from __future__ import annotations

from tests.support.environment import home, tmp_path

__all__ = ["home", "tmp_path"]
