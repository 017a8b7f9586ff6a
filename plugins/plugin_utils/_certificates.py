# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the input of certificate filters. Private to softlayer.certificates."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import convert_to_bytes
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_certificates
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import require_certificate_libraries


def read_input_certificates(name: str, text: str | bytes) -> list[Certificate]:
    """Return the certificates in the input of a filter.

    Raises:
        AnsibleFilterError: if a library is missing, or the input contains no certificate.
        CertificatesError: if a certificate cannot be read.
    """
    require_certificate_libraries(f"The filter {name}")
    certificates = read_certificates(convert_to_bytes(text))
    if not certificates:
        raise AnsibleFilterError(
            f"{name}: The input contains no certificate. Specify the content of a PEM, DER, or PKCS#7 file, not its path."
        )
    return certificates
