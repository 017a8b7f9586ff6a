# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The floor: the bare SDK makes the calls that a module makes, as many at once, and does nothing with the answers.

`python -m tests.tools.benchmark.sdk` reads what to do from standard input and prints how much it did.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import SoftLayer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PAGE_SIZE = 500
REQUESTS = "Security_Certificate_Request"
ORDER_MASK = (
    "mask[id,accountId,commonName,approverEmailAddress,technicalContactEmailAddress,certificateSigningRequest,createDate,"
    "modifyDate,effectiveDate,expirationDate,statusId,status[id,name],order[id],orderItem[id,description]]"
)
KEYS_MASK = "mask[id,certificate]"
WITH_KEY_MASK = "mask[id,certificate,intermediateCertificate,privateKey]"
RECORD_MASK = (
    "mask[id,commonName,organizationName,certificate,intermediateCertificate,certificateSigningRequest,notes,keySize,"
    "validityBegin,validityEnd,createDate,modifyDate,associatedServiceCount]"
)
BALANCER_MASK = (
    "mask[id,uuid,name,address,provisioningStatus,sslCiphers[id,name],"
    "listeners[id,uuid,protocol,protocolPort,tlsCertificateId,modifyDate]]"
)
TIMEOUT = 10
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

    def secrets(self) -> list[Any]:
        """List the secrets, and the store."""
        self._stored(RECORD_MASK)
        return self._secrets()

    def renew(self, identifiers: list[str]) -> list[Any]:
        """List both, read secrets, and store their certificates."""
        self.secrets()
        return list(self._pool.map(self._renew, identifiers))

    def export(self) -> list[Any]:
        """Read every certificate of the store with its private key."""
        return list(self._pool.map(self._with_key, [record["id"] for record in self._stored(RECORD_MASK)]))

    def look(self, lineages: str, ca_path: str) -> list[Any]:
        """List the store and the load balancers, read the lineages of certbot, and have each listener accepted by a TLS client."""
        stored = [
            x509.load_pem_x509_certificate(record["certificate"].encode()) for record in self._stored(RECORD_MASK)
        ]
        read = [_read_lineage(folder) for folder in sorted(Path(lineages).iterdir())]
        client = ssl.create_default_context(cafile=ca_path)
        client.check_hostname = False

        def shake_hands(address: str, port: int) -> Any:
            with socket.create_connection((address, port), TIMEOUT) as connected, client.wrap_socket(connected) as tls:
                return tls.getpeercert(binary_form=True)

        balancers = self._pages("Network_LBaaS_LoadBalancer", "getAllObjects", mask=BALANCER_MASK)
        places = [(one["address"], row["protocolPort"]) for one in balancers for row in one["listeners"]]
        assert stored and read
        return list(self._pool.map(shake_hands, *zip(*places, strict=True)))

    @cached_property
    def _manager(self) -> Any:
        """Secrets Manager's own SDK, which takes long to import."""
        from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
        from ibm_secrets_manager_sdk.secrets_manager_v2 import SecretsManagerV2

        login = IAMAuthenticator(os.environ["IBMCLOUD_API_KEY"], url=os.environ["SOFTLAYER_CERTIFICATES_IAM_URL"])
        manager = SecretsManagerV2(login)
        manager.set_service_url(os.environ["SOFTLAYER_CERTIFICATES_INSTANCE_URL"])
        return manager

    def _secrets(self) -> list[Any]:
        """All pages, each as large as can be."""
        found: list[Any] = []
        while True:
            page = self._manager.list_secrets(limit=1000, offset=len(found)).get_result()
            found += page["secrets"]
            if not page["secrets"] or len(found) >= page["total_count"]:
                return found

    def _renew(self, identifier: str) -> Any:
        secret = self._manager.get_secret(identifier).get_result()
        return self._create(
            {
                "certificate": secret["certificate"],
                "intermediateCertificate": secret["intermediate"],
                "privateKey": secret["private_key"],
            }
        )

    def _with_key(self, identifier: int) -> Any:
        return self._client.call("Security_Certificate", "getObject", id=identifier, mask=WITH_KEY_MASK)

    def _resend(self, order_id: int) -> Any:
        return self._client.call(REQUESTS, "resendEmail", "FulfillmentEmail", id=order_id)

    def _create(self, template: dict[str, str]) -> Any:
        return self._client.call("Security_Certificate", "createObject", template, mask="mask[id]")

    def _stored(self, mask: str) -> list[dict[str, Any]]:
        by_id = {"securityCertificates": BY_ID}
        return self._pages("Account", "getSecurityCertificates", mask=mask, filter=by_id)

    def _pages(self, service: str, method: str, *args: Any, **keywords: Any) -> list[dict[str, Any]]:
        """The first page, which tells the total, then all others at once."""

        def page(offset: int) -> Any:
            return self._client.call(service, method, *args, limit=PAGE_SIZE, offset=offset, **keywords)

        first = page(0)
        rows = list(first)
        for more in self._pool.map(page, range(PAGE_SIZE, first.total_count, PAGE_SIZE)):
            rows += more
        return rows


def _read_lineage(folder: Path) -> tuple[Any, Any]:
    key = load_pem_private_key((folder / "privkey.pem").read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    return x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes()), key


if __name__ == "__main__":
    given = json.load(sys.stdin)
    done = getattr(Work(given["concurrency"]), given["what"])(*given["args"])
    print(json.dumps({"done": len(done)}))
