#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List and filter the SSL certificate orders of the account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_order_info
short_description: List and filter the SSL certificate orders of the account
version_added: 1.0.0
description:
  - Lists the SSL certificate orders of a SoftLayer (IBM Cloud Classic Infrastructure) account, like I(Security > SSL > Orders) in the portal.
  - Options are combined with AND, and values in one list with OR. A list or condition that is empty or null is rejected.
  - An order without a valid ID is omitted with a warning. If the module compares orders with the certificate store, certificates in the store
    that cannot be read are omitted with a warning.
options:
  fields:
    description:
      - Keys of the items in RV(orders), in addition to V(id). If not set, the module returns all keys.
      - The module reads from the API only the data that the specified keys and the selection require, which is faster for thousands of orders.
        The CSRs, which are the largest part of the data, are read only for V(public_key_sha256), V(key_type), V(subject_alt_names),
        O(common_names), and to compare orders with the certificate store.
      - V(certificate_ids), V(imported), and V(superseded_by) require O(gather_imported) or O(imported). If O(fields) contains neither
        V(certificate_ids) nor V(imported) nor V(superseded_by), the module does not read the store for O(gather_imported).
      - With an empty list, the items contain only V(id).
    type: list
    elements: str
    choices:
      - id
      - common_name
      - approver_email
      - technical_contact_email
      - public_key_sha256
      - key_type
      - subject_alt_names
      - created_at
      - modified_at
      - effective_at
      - expires_at
      - status
      - status_name
      - billing_order_id
      - product
      - days_until_expiry
      - fulfillment_email_available
      - certificate_ids
      - imported
      - superseded_by
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.selection
  - softlayer.certificates.selection.select
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.info_module
  - softlayer.certificates.attributes.action_group
"""

EXAMPLES = r"""
- name: List orders that are selected with a dict, as in other modules
  softlayer.certificates.ssl_order_info:
    select:
      common_names: ["*.example.com"]
      exclude_expired: true

- name: List all SSL orders
  softlayer.certificates.ssl_order_info:
  register: all_orders

- name: List the issued orders of one domain whose certificate is not in the certificate store yet
  softlayer.certificates.ssl_order_info:
    common_names:
      - example.com
      - "*.example.com"
    statuses:
      - approved
      - complete
    exclude_expired: true
    imported: false

- name: List orders that expire within 30 days and are approved by one of two mailboxes
  softlayer.certificates.ssl_order_info:
    expires_within_days: 30
    approver_emails:
      - admin@example.com
      - hostmaster@*

- name: List the expiry dates of thousands of orders without reading other data
  softlayer.certificates.ssl_order_info:
    transport: rest
    exclude_expired: true
    fields: [common_name, expires_at, days_until_expiry]

- name: List two orders over REST, with the credentials in a configuration file
  softlayer.certificates.ssl_order_info:
    order_ids: [1234, 5678]
    gather_imported: true
    account_id: 307608
    transport: rest
    config_file: ~/.softlayer-production
    timeout: 120
    retries: 10

- name: List orders with an IAM token that an earlier task requested
  softlayer.certificates.ssl_order_info:
    iam_token: "{{ iam_token }}"

- name: List orders with an IBM Cloud API key, over the private network and through a proxy with its own CA
  softlayer.certificates.ssl_order_info:
    username: apikey
    api_key: "{{ vault_ibm_cloud_api_key }}"
    endpoint_url: https://api.service.softlayer.com/rest/v3.1/
    proxy: http://proxy.example.com:3128
    validate_certs: true
    ca_path: /etc/ssl/certs/proxy-ca.pem
"""

RETURN = r"""
orders:
  description: The orders that match all criteria, sorted by ID. With O(fields), the orders contain only the keys in O(fields) and V(id).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the order.
      type: int
      sample: 1234
    common_name:
      description: Common name of the order, or null if the order has none.
      returned: unless O(fields) omits the key
      type: str
      sample: www.example.com
    status:
      description: Status of the order, one of V(pending), V(approved), V(complete), V(canceled), or V(unknown).
      returned: unless O(fields) omits the key
      type: str
      sample: approved
    status_name:
      description: Name of the order status in the API.
      returned: unless O(fields) omits the key
      type: str
      sample: Approved
    approver_email:
      description: Address of the domain administrator, who receives the emails.
      returned: unless O(fields) omits the key
      type: str
      sample: admin@example.com
    technical_contact_email:
      description: Address of the technical contact, who may receive a copy.
      returned: unless O(fields) omits the key
      type: str
      sample: tech@example.com
    created_at:
      description: Time when the order was placed.
      returned: unless O(fields) omits the key
      type: str
      sample: "2026-01-31T08:12:44Z"
    modified_at:
      description: Time when the order was last changed.
      returned: unless O(fields) omits the key
      type: str
      sample: "2026-02-01T10:00:00Z"
    effective_at:
      description: Time when the term of the order starts.
      returned: unless O(fields) omits the key
      type: str
      sample: "2026-02-01T00:00:00Z"
    expires_at:
      description: Time when the term of the order ends.
      returned: unless O(fields) omits the key
      type: str
      sample: "2027-01-31T23:59:59Z"
    days_until_expiry:
      description: Whole days until RV(orders[].expires_at), negative afterwards.
      returned: unless O(fields) omits the key
      type: int
      sample: 68
    product:
      description: Name of the ordered product.
      returned: unless O(fields) omits the key
      type: str
      sample: RapidSSL - 1 year
    billing_order_id:
      description: ID of the billing order.
      returned: unless O(fields) omits the key
      type: int
      sample: 98765
    public_key_sha256:
      description: SHA-256 digest of the public key (SubjectPublicKeyInfo) in the CSR of the order, in hexadecimal, or null if the CSR cannot be read.
      returned: unless O(fields) omits the key
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    key_type:
      description: Algorithm of the public key in the CSR of the order, such as V(RSA) or V(EC), or null if the CSR cannot be read.
      returned: unless O(fields) omits the key
      type: str
      sample: RSA
    subject_alt_names:
      description: DNS names in the CSR of the order. If the CSR contains no DNS names, the certificate covers RV(orders[].common_name).
      returned: unless O(fields) omits the key
      type: list
      elements: str
      sample: []
    fulfillment_email_available:
      description:
        - Whether the fulfillment email can be requested. The status of the order must allow the request, and the order must not have expired.
      returned: unless O(fields) omits the key
      type: bool
      sample: true
    certificate_ids:
      description:
        - IDs of the certificates in the store that have the public key of the order, or null if the API user does not have the permission to read
          the store.
      returned: with O(gather_imported) or O(imported), unless O(fields) omits the key
      type: list
      elements: int
      sample: [4711]
    imported:
      description:
        - Whether the store contains the certificate of the order, or null if the API user does not have the permission to read the store.
        - The certificate of an order is a valid certificate with the public key of the order that was issued for the term of the order. The
          certificate becomes valid no earlier than two days before RV(orders[].effective_at), or expires no earlier than two days before
          RV(orders[].expires_at). A renewal with the same key is a different certificate.
        - CAs issue certificates for at most 200 days. Each certificate that a CA issues for an order of one year is the certificate of the order
          while the certificate is valid.
        - If the API does not return RV(orders[].effective_at), the term starts at RV(orders[].created_at).
        - If the order has expired, its certificate may also have expired. If neither date of the order is known, any valid certificate with the
          public key matches.
      returned: with O(gather_imported) or O(imported), unless O(fields) omits the key
      type: bool
      sample: true
    superseded_by:
      description:
        - IDs of the certificates in the store that can replace the certificate of the order, if the store does not contain the certificate
          itself. The value is null if the API user does not have the permission to read the store.
        - The listed certificates are valid, are more than two days newer than the order, have the same key type, and cover the common name and
          all names in the CSR.
        - The chain of the listed certificates leads to a root certificate that the host trusts, or to another CA, because the host may not know
          the root certificates of a private CA. A self-signed certificate is not included.
        - If the list is not empty, you do not need the fulfillment email of the order.
      returned: with O(gather_imported) or O(imported), unless O(fields) omits the key
      type: list
      elements: int
      sample: []
order_count:
  description: Number of items in RV(orders).
  returned: success
  type: int
  sample: 1
missing_order_ids:
  description: IDs in O(order_ids) that do not exist in the account, or that the API user does not have the permission to view.
  returned: success
  type: list
  elements: int
  sample: []
unmatched_common_names:
  description:
    - Patterns in O(common_names) that match no order of the account. With O(order_ids), the list contains the patterns that match no order in
      O(order_ids).
  returned: success
  type: list
  elements: str
  sample: []
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: success
  type: int
  sample: 2
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(authentication_failed) or V(unreachable).
      type: str
      sample: authentication_failed
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: "The API refused the credentials (Invalid API token): check username and api_key."
    details:
      description: Facts about the failure. The keys depend on RV(failure.code).
      type: dict
      contains:
        call:
          description: The API method or other request that failed.
          returned: if a request failed
          type: str
          sample: SoftLayer_Account::getAllObjects
        http_status: {description: HTTP status code of the response., returned: if a server responded with an error, type: int, sample: 500}
        api_code: {description: Error code from the API., returned: if the API returned an error, type: str, sample: "SoftLayer_Exception_Public"}
        api_message: {description: Error message from the API., returned: if the API returned an error, type: str, sample: "Internal Error"}
        retry_after_seconds:
          description: Time in seconds after which the server accepts requests again.
          returned: if the server limits the rate of requests
          type: float
          sample: 30
        expected: {description: Number of items that the server announced., returned: if the listing is incomplete, type: int, sample: 120}
        received: {description: Number of items that the server returned., returned: if the listing is incomplete, type: int, sample: 100}
        missing:
          description: Names of the credentials that are missing.
          returned: if credentials are missing
          type: list
          elements: str
          sample: [api_key]
        host: {description: "Host name or IP address of the server.", returned: if a server cannot be used, type: str, sample: "api.example.com"}
        path:
          description: Path of the file or directory that cannot be used.
          returned: if a path cannot be used
          type: str
          sample: /etc/ssl/company-roots.pem
        variable:
          description: Environment variable whose value cannot be used.
          returned: if an environment variable cannot be used
          type: str
          sample: SSL_CERT_FILE
        libraries: {description: Python libraries that are missing., returned: if a library is missing, type: list, elements: str, sample: ["cryptography"]}
        type: {description: Type of the unexpected exception., returned: if an unexpected error occurred, type: str, sample: "KeyError"}
        place:
          description: Code locations in the collection where the exception occurred.
          returned: if an unexpected error occurred
          type: list
          elements: str
          sample: ["module_utils/_x509/chain.py, line 10 (build)"]
        account_id:
          description: ID of the account in O(account_id), to which the orders do not belong.
          returned: if the orders belong to another account
          type: int
          sample: 307608
        accounts:
          description: IDs of the accounts to which the orders belong.
          returned: if the orders belong to another account
          type: list
          elements: int
          sample: [307600]
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_list import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
