# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules and plugins need where they run; what calls the API needs is in C(api). The versions are those of C(requirements.txt)."""

from __future__ import annotations


class ModuleDocFragment:
    """What every module and plugin needs, and what those need that read certificates, keep a ledger or look for trust."""

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
  - certifi >= 2022.9.24 (where a machine has no roots)
"""
