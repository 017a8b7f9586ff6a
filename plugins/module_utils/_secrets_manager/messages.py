# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of certificates in Secrets Manager. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t

from .._base.errors import Obstacle
from .._x509 import messages as of_x509


def trouble(why: Obstacle[t.Any]) -> str:
    """Return why a certificate that was read from Secrets Manager cannot be used, and what to do."""
    match why.reason, why.facts:
        case "key_missing", {"has_key": False}:
            return "Secrets Manager has no private key of it: import it there again, with its key."
        case "key_missing", {"has_key": True}:
            return "The private key in Secrets Manager is that of another certificate: import both there again."
        case "malformed", {"is_encrypted": True}:
            return "The private key in Secrets Manager is encrypted: import the certificate there again, with its key decrypted."
    return of_x509.trouble(why)
