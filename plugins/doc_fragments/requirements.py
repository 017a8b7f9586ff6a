# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requirements of modules and plugins on the host that runs them, with the versions of C(requirements.txt); C(api) has those of API calls."""

from __future__ import annotations


class ModuleDocFragment:
    """The requirements of every module and plugin, and of those that read certificates, use a ledger, or evaluate trust."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - python >= 3.10
"""

    CERTIFICATES = r"""
options: {}
requirements:
  - cryptography >= 42
  - idna >= 3.3
"""

    LEDGER = r"""
options: {}
requirements:
  - SQLAlchemy >= 2.0.30
  - psycopg >= 3.1.4 (for a ledger in PostgreSQL)
"""

    ROOTS = r"""
options: {}
requirements:
  - certifi >= 2022.9.24 (if the host has no trusted root certificates)
"""
