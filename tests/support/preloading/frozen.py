# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imported last by a process with much that stays, for what that does: Python no longer looks for garbage in what there is by then.

To look at an object is to write to it, so a process that was forked would copy all of that memory, too.
"""

from __future__ import annotations

import gc

MOST_NEW_OBJECTS = 100_000
"""So many before Python looks for those that are of no use any more; it usually looks some hundred times as often. What is
forked ends before it needs much memory."""

gc.collect()
gc.freeze()
gc.set_threshold(MOST_NEW_OBJECTS)
