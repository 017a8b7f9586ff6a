# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether there can be a ledger. Private to softlayer.certificates.

The library for databases is loaded only for a place that it alone understands: that takes a good part of a run that changes nothing.
"""

from __future__ import annotations

import re

from .paths import default_path, is_fixed

PLAIN = re.compile(r"sqlite:///([\w./-]+)", re.ASCII)
"""A SQLAlchemy URL whose database is what stands there, without anything encoded, and without parameters."""


def check_place(url: str | None) -> None:
    """Refuse a ledger that has no possible place, without accessing it.

    Args:
        url: as `find_place` takes it.

    Raises:
        CertificatesError: `ledger_unavailable`.
    """
    if not url:
        default_path()
    elif not is_plain(url):
        from .place import find_place

        find_place(url)


def is_plain(url: str) -> bool:
    """Return whether the ledger's URL is certainly that of a file it can have; of others, `find_place` knows."""
    plain = PLAIN.fullmatch(url)
    return plain is not None and is_fixed(plain[1])
