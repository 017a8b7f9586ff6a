# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return the public facts of a certificate."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.softlayer.certificates.plugins.plugin_utils._certificates import read_input_certificates
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import hide_error_texts


@hide_error_texts
def certificate_facts(certificate: str | bytes) -> dict[str, t.Any]:
    """Return the public facts of the first certificate in a text or file content (PEM, DER, or PKCS#7)."""
    return read_input_certificates("certificate_facts", certificate)[0].facts()


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"certificate_facts": certificate_facts}
