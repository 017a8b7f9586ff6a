# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: the bare SDK makes the calls that a module makes, as many at once, and does nothing with the answers.

`python -m tests.benchmark.sdk` reads what to do from standard input and prints how much it did.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import SoftLayer

PAGE_SIZE = 500
REQUESTS = "Security_Certificate_Request"
ORDER_MASK = (
    "mask[id,commonName,approverEmailAddress,technicalContactEmailAddress,certificateSigningRequest,createDate,"
    "modifyDate,effectiveDate,expirationDate,statusId,status[id,name],order[id],orderItem[id,description]]"
)
KEYS_MASK = "mask[id,certificate]"
RECORD_MASK = (
    "mask[id,commonName,organizationName,certificate,intermediateCertificate,certificateSigningRequest,notes,keySize,"
    "validityBegin,validityEnd,createDate,modifyDate,associatedServiceCount]"
)
BY_ID = {"id": {"operation": "orderBy", "options": [{"name": "sort", "value": ["ASC"]}]}}


class Work:
    """Calls in a pool of threads."""

    def __init__(self, concurrency: int) -> None:
        self._client = SoftLayer.create_client_from_env(endpoint_url=os.environ["SL_ENDPOINT_URL"])
        self._pool = ThreadPoolExecutor(concurrency)

    def orders(self) -> list[dict[str, Any]]:
        """Read all orders."""
        account = self._client.call("Account", "getObject", mask="mask[id]")
        return self._pages(REQUESTS, "getSslCertificateRequests", account["id"], mask=ORDER_MASK, filter=BY_ID)

    def resend(self) -> list[Any]:
        """Request the email of every order."""
        orders = self.orders()
        self._stored(KEYS_MASK)
        return list(self._pool.map(self._resend, [order["id"] for order in orders]))

    def create(self, templates: list[dict[str, str]]) -> list[Any]:
        """Store certificates."""
        self._stored(RECORD_MASK)
        return list(self._pool.map(self._create, templates))

    def _resend(self, order_id: int) -> Any:
        return self._client.call(REQUESTS, "resendEmail", "FulfillmentEmail", id=order_id)

    def _create(self, template: dict[str, str]) -> Any:
        return self._client.call("Security_Certificate", "createObject", template, mask="mask[id]")

    def _stored(self, mask: str) -> None:
        self._pages("Account", "getSecurityCertificates", mask=mask, filter={"securityCertificates": BY_ID})

    def _pages(self, service: str, method: str, *args: Any, **keywords: Any) -> list[dict[str, Any]]:
        """The first page, which tells the total, then all others at once."""

        def page(offset: int) -> Any:
            return self._client.call(service, method, *args, limit=PAGE_SIZE, offset=offset, **keywords)

        first = page(0)
        rows = list(first)
        for more in self._pool.map(page, range(PAGE_SIZE, first.total_count, PAGE_SIZE)):
            rows += more
        return rows


if __name__ == "__main__":
    given = json.load(sys.stdin)
    done = getattr(Work(given["concurrency"]), given["what"])(*given["args"])
    print(json.dumps({"done": len(done)}))
