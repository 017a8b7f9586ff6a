# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every sentence about a rotation that a user may read. Private to softlayer.certificates. Pure."""

from __future__ import annotations

# Listeners and endpoints, and what is removed


# Sources, and what needs attention
