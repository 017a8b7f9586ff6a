# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recorded operations and locks, in SQLite or PostgreSQL: which email was requested, which certificate was created, which run may change something.

What must happen once goes through `lock.guard`; what only one run may do at a time goes through `lock.acquire`. `place` has its
options and says where it is. Begin with `ledger`.
"""
