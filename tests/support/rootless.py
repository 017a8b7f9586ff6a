# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine without root certificates."""

from __future__ import annotations

import ssl
import sys

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http import network
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.roots import read_trusted_roots


def take_roots_away(patch: pytest.MonkeyPatch | None = None) -> None:
    """Take from this process all roots that no option names; for good, unless it is given what undoes it."""
    patch = patch or pytest.MonkeyPatch()
    read_trusted_roots.cache_clear()
    for variable in network.ROOTS_VARIABLES:
        patch.delenv(variable, raising=False)
    nowhere = ssl.DefaultVerifyPaths(None, None, "SSL_CERT_FILE", "", "SSL_CERT_DIR", "")
    patch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    patch.setattr(network, "ROOT_BUNDLES", ())
    patch.setitem(sys.modules, "certifi", None)
