# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return the public facts of a certificate."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.softlayer.certificates.plugins.plugin_utils._certificates import certificates_for
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import quoting_nothing


@quoting_nothing
def certificate_facts(certificate: str | bytes) -> dict[str, t.Any]:
    """Return the public facts of the first certificate in PEM text, DER or PKCS#7."""
    return certificates_for("certificate_facts", certificate)[0].facts()


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"certificate_facts": certificate_facts}
