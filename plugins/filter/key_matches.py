# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check whether a private key belongs to a certificate."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_private_key
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import convert_to_bytes
from ansible_collections.softlayer.certificates.plugins.plugin_utils._certificates import read_input_certificates
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import hide_error_texts


@hide_error_texts
def key_matches(certificate: str | bytes, private_key: str | bytes, passphrase: str | None = None) -> bool:
    """Return whether a private key belongs to a certificate in the text."""
    certificates = read_input_certificates("key_matches", certificate)
    key = read_private_key(convert_to_bytes(private_key), None if passphrase is None else str(passphrase), "passphrase")
    return any(certificate.public_key_sha256 == key.public_key_sha256 for certificate in certificates)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"key_matches": key_matches}
