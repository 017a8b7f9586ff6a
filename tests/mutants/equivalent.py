# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutants that do what the code does, and why."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
"""Why a mutant changes nothing, by its name."""
