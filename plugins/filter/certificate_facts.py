# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Return the public facts of a certificate."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import as_bytes
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_certificates
from ansible_collections.softlayer.certificates.plugins.plugin_utils._libraries import require_for_certificates


def certificate_facts(certificate: str | bytes) -> dict[str, t.Any]:
    """Return the public facts of the first certificate in PEM text, DER or PKCS#7."""
    require_for_certificates("The filter certificate_facts")
    try:
        found = read_certificates(as_bytes(certificate))
    except CertificatesError as error:
        raise AnsibleFilterError(f"certificate_facts: {error.message}") from None
    if not found:
        raise AnsibleFilterError(
            "certificate_facts: There is no certificate in it: give the content of a PEM, DER or PKCS#7 file, not its path."
        )
    return found[0].facts()


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"certificate_facts": certificate_facts}
