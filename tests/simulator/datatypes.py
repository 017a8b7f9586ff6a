# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The datatypes: which properties are local to an object, and which are relations to others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import dates

Row = dict[str, Any]
"""An object of the API: its local properties (scalars, datetimes) and its relations (rows and lists of rows)."""


@dataclass(frozen=True)
class Datatype:
    """What a mask may name: ``local`` properties, ``relations`` with their datatype, and ``computed`` local ones."""

    name: str
    local: frozenset[str]
    relations: Mapping[str, Datatype] = field(default_factory=dict)
    computed: Mapping[str, Callable[[Row], Any]] = field(default_factory=dict)

    @functools.cached_property
    def scalars(self) -> frozenset[str]:
        """All that a call without a mask gives."""
        return self.local | frozenset(self.computed)


def _validity_days(row: Row) -> int:
    """Days until a certificate expires; negative once it has."""
    days: int = (row["validityEnd"] - dates.now()).days
    return days


_PUBLIC_FACTS = frozenset(
    {"id", "commonName", "organizationName", "keySize", "validityBegin", "validityEnd", "associatedServiceCount"}
)

LISTENER = Datatype("SoftLayer_Network_LBaaS_Listener", frozenset({"id", "uuid", "tlsCertificateId"}))

CERTIFICATE = Datatype(
    "SoftLayer_Security_Certificate",
    _PUBLIC_FACTS
    | {"certificate", "privateKey", "intermediateCertificate", "certificateSigningRequest"}
    | {"notes", "createDate", "modifyDate"},
    relations={"lbaasListeners": LISTENER},
    computed={"validityDays": _validity_days},
)

CERTIFICATE_ENTRY = Datatype(
    "SoftLayer_Security_Certificate_Entry", _PUBLIC_FACTS, computed={"validityDays": _validity_days}
)

STATUS = Datatype("SoftLayer_Security_Certificate_Request_Status", frozenset({"id", "name", "description"}))

BILLING_ORDER = Datatype("SoftLayer_Billing_Order", frozenset({"id", "accountId", "createDate"}))

BILLING_ORDER_ITEM = Datatype("SoftLayer_Billing_Order_Item", frozenset({"id", "description"}))

_ACCOUNT_PROPERTIES = frozenset({"id", "companyName"})

REQUEST = Datatype(
    "SoftLayer_Security_Certificate_Request",
    frozenset(
        {"id", "accountId", "commonName", "approverEmailAddress", "technicalContactEmailAddress"}
        | {"certificateSigningRequest", "createDate", "modifyDate", "effectiveDate", "expirationDate", "statusId"}
    ),
    relations={
        "status": STATUS,
        "order": BILLING_ORDER,
        "orderItem": BILLING_ORDER_ITEM,
        "account": Datatype("SoftLayer_Account", _ACCOUNT_PROPERTIES),
    },
)

ACCOUNT = Datatype("SoftLayer_Account", _ACCOUNT_PROPERTIES, relations={"securityCertificates": CERTIFICATE})
