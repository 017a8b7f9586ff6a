# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS client, which is OpenSSL: what it trusts. Private to softlayer.certificates."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import suppress

from .certificate import Certificate


def client_settings(roots: Iterable[Certificate]) -> ssl.SSLContext:
    """Return the settings of a client that trusts these roots, with this machine's level of security; threads may share them.

    They are those of `ssl.create_default_context`, and the same for every Python: whatever is named is trusted, also if it is no root
    (Python does so from 3.13 on), and certificates need no more extensions than browsers want (from 3.13 on, Python wants more).
    """
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for root in roots:
        with suppress(ssl.SSLError):  # one that OpenSSL cannot read hides no others
            settings.load_verify_locations(cadata=root.der)
    return settings
