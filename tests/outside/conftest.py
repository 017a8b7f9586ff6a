# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that try to break the promises of the README from outside: against the simulator, which shares no code with the collection."""

from __future__ import annotations

from tests.support.deploying import account, empty_balancing_simulator, empty_simulator, roots, serving
from tests.support.environment import home, tmp_path

__all__ = ["account", "empty_balancing_simulator", "empty_simulator", "home", "roots", "serving", "tmp_path"]
