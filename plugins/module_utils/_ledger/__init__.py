# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record requested emails and created certificates, and lock objects that a run changes, in SQLite or PostgreSQL.

Start with `ledger`. `lock.guard` claims operations that must run once; `lock.acquire` prevents concurrent runs. `place` locates the
database.
"""
