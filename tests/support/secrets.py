# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of Secrets Manager, in the shapes of the SDK's models."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import format_time
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.secret import (
    Secret,
    Value,
    parse_secret,
    parse_value,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.certificates import Issued


def row_of(issued: Issued, **changed: Any) -> dict[str, Any]:
    """What a listing tells of an imported certificate; what is changed to `None` is left out."""
    certificate = Certificate(issued.der)
    row = {
        "id": "0432bdde-bff6-4286-9af1-ad58c3898b6e",
        "crn": "crn:v1:bluemix:public:secrets-manager:eu-de:a/1:2:secret:0432bdde-bff6-4286-9af1-ad58c3898b6e",
        "name": "shop",
        "secret_type": "imported_cert",
        "secret_group_id": "default",
        "state": 1,
        "common_name": certificate.common_name,
        "alt_names": certificate.subject_alt_names,
        "key_algorithm": f"{'RSA' if certificate.key_type == 'RSA' else 'ECDSA'}{certificate.key_size}",
        "serial_number": certificate.library_object.serial_number.to_bytes(20, "big").hex(":"),
        "validity": {
            "not_before": format_time(certificate.not_before),
            "not_after": format_time(certificate.not_after),
        },
        "expiration_date": format_time(certificate.not_after),
        "private_key_included": True,
        "intermediate_included": bool(issued.chain),
        **changed,
    }
    return {name: value for name, value in row.items() if value is not None}


def secret(issued: Issued, **changed: Any) -> Secret:
    """Its metadata."""
    found = parse_secret(row_of(issued, **changed))
    assert found is not None
    return found


def value(issued: Issued, **changed: Any) -> Value:
    """The certificate with its key and its chain."""
    values = {"certificate": issued.pem, "private_key": issued.key_pem, "intermediate": issued.chain_pem}
    found = parse_value(row_of(issued, **{**values, **changed}))
    assert found is not None
    return found
