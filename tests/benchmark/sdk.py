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
from pathlib import Path
from typing import Any

import SoftLayer

PAGE_SIZE = 500
REQUESTS = "Security_Certificate_Request"
CERTIFICATES = "Security_Certificate"
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

    def one(self, order_id: int) -> int:
        """Read one order."""
        self._client.call("Account", "getObject", mask="mask[id]")
        self._client.call(REQUESTS, "getObject", id=order_id, mask=ORDER_MASK)
        return 1

    def orders(self) -> list[dict[str, Any]]:
        """Read all orders."""
        account = self._client.call("Account", "getObject", mask="mask[id]")
        return self._pages(REQUESTS, "getSslCertificateRequests", account["id"], mask=ORDER_MASK, filter=BY_ID)

    def stored(self, mask: str) -> list[dict[str, Any]]:
        """Read the whole store."""
        return self._pages("Account", "getSecurityCertificates", mask=mask, filter={"securityCertificates": BY_ID})

    def resend(self) -> int:
        """Request the email of every order."""
        orders = self.orders()
        self.stored(KEYS_MASK)
        return sum(self._pool.map(self._resend, [order["id"] for order in orders]))

    def create(self, items: list[dict[str, str]]) -> int:
        """Store certificates from files."""
        self.stored(RECORD_MASK)
        return len(list(self._pool.map(self._create, items)))

    def _resend(self, order_id: int) -> bool:
        return str(self._client.call(REQUESTS, "resendEmail", "FulfillmentEmail", id=order_id)).lower() in ("true", "1")

    def _create(self, item: dict[str, str]) -> Any:
        template = {
            "certificate": Path(item["certificate_path"]).read_text(encoding="ascii"),
            "privateKey": Path(item["privatekey_path"]).read_text(encoding="ascii"),
            "intermediateCertificate": Path(item["intermediate_path"]).read_text(encoding="ascii"),
        }
        return self._client.call(CERTIFICATES, "createObject", template, mask="mask[id]")

    def _pages(self, service: str, method: str, *args: Any, **keywords: Any) -> list[dict[str, Any]]:
        """The first page, which tells the total, then all others at once."""

        def page(offset: int) -> Any:
            return self._client.call(service, method, *args, limit=PAGE_SIZE, offset=offset, **keywords)

        first = page(0)
        rows = list(first)
        for more in self._pool.map(page, range(PAGE_SIZE, first.total_count, PAGE_SIZE)):
            rows += more
        return rows


def main() -> int:
    """Do it."""
    given = json.load(sys.stdin)
    work = Work(given["concurrency"])
    what = given["what"]
    if what == "one":
        done = work.one(given["order_id"])
    elif what == "list":
        done = len(work.orders())
    elif what == "gather_imported":
        done = len(work.orders())
        work.stored(KEYS_MASK)
    elif what == "resend":
        done = work.resend()
    else:
        done = work.create(given["items"])
    print(json.dumps({"done": done}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
