#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List and filter the account's SSL certificate orders."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_order_info
short_description: List and filter the account's SSL certificate orders
version_added: 1.0.0
description:
  - Lists the SSL certificate orders of a SoftLayer (IBM Cloud Classic Infrastructure) account, as the portal does at
    I(Security > SSL > Orders).
  - Options combine with AND, values inside one list with OR. A list or condition that is empty or null is refused.
  - An entry without a usable id is left out, with a warning. When orders are compared with the certificate store, a certificate there that
    cannot be read is left out, too, with a warning.
options:
  fields:
    description:
      - Keys that the records in RV(orders) should have, beside V(id). The default is all keys.
      - Only what these keys and the selection need is read from the API, so a list of thousands of orders is faster and shorter. The CSRs,
        which are most of what the API sends, are read only for V(public_key_sha256), V(key_type), V(subject_alt_names), O(common_names), and
        to compare orders with the certificate store.
      - V(certificate_ids), V(imported) and V(superseded_by) need O(gather_imported) or O(imported). Without any of the three,
        O(gather_imported) alone does not read the store.
      - With an empty list, records have only their V(id).
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
- name: List the orders that a dict selects, as other modules take it
  softlayer.certificates.ssl_order_info:
    select:
      common_names: ["*.example.com"]
      exclude_expired: true

- name: List all SSL orders
  softlayer.certificates.ssl_order_info:
  register: all_orders

- name: List the orders of one domain that were issued and whose certificate is not in the certificate store yet
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

- name: List what expires in thousands of orders, without reading anything else
  softlayer.certificates.ssl_order_info:
    transport: rest
    exclude_expired: true
    fields: [common_name, expires_at, days_until_expiry]

- name: Look two orders up, over REST, with the credentials of a config file
  softlayer.certificates.ssl_order_info:
    order_ids: [1234, 5678]
    gather_imported: true
    account_id: 307608
    transport: rest
    config_file: ~/.softlayer-production
    timeout: 120
    retries: 10

- name: List orders with an IBM Cloud API key, by the endpoint of the private network and through a proxy with its own CA
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
  description: The orders that match all criteria, sorted by id. With O(fields), they have only those keys and V(id).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the order.
      type: int
      sample: 1234
    common_name:
      description: Common name of the order; null if it has none.
      returned: unless O(fields) leaves it out
      type: str
      sample: www.example.com
    status:
      description: One of V(pending), V(approved), V(complete), V(canceled), V(unknown).
      returned: unless O(fields) leaves it out
      type: str
      sample: approved
    status_name:
      description: The API's own name for the status.
      returned: unless O(fields) leaves it out
      type: str
      sample: Approved
    approver_email:
      description: Address of the domain administrator, who receives the emails.
      returned: unless O(fields) leaves it out
      type: str
      sample: admin@example.com
    technical_contact_email:
      description: Address of the technical contact, who may get a copy.
      returned: unless O(fields) leaves it out
      type: str
      sample: tech@example.com
    created_at:
      description: When it was ordered.
      returned: unless O(fields) leaves it out
      type: str
      sample: "2026-01-31T08:12:44Z"
    modified_at:
      description: When the order was last changed.
      returned: unless O(fields) leaves it out
      type: str
      sample: "2026-02-01T10:00:00Z"
    effective_at:
      description: When the certificate's validity begins.
      returned: unless O(fields) leaves it out
      type: str
      sample: "2026-02-01T00:00:00Z"
    expires_at:
      description: When the certificate's validity ends.
      returned: unless O(fields) leaves it out
      type: str
      sample: "2027-01-31T23:59:59Z"
    days_until_expiry:
      description: Whole days left, negative once it has expired.
      returned: unless O(fields) leaves it out
      type: int
      sample: 68
    product:
      description: Name of the product that was ordered.
      returned: unless O(fields) leaves it out
      type: str
      sample: RapidSSL - 1 year
    billing_order_id:
      description: Id of the billing order.
      returned: unless O(fields) leaves it out
      type: int
      sample: 98765
    public_key_sha256:
      description: SHA-256 of the public key (SubjectPublicKeyInfo) in the order's CSR, in hex; null if there is no readable CSR.
      returned: unless O(fields) leaves it out
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    key_type:
      description: Algorithm of the public key in the order's CSR, such as V(RSA) or V(EC); null if there is no readable CSR.
      returned: unless O(fields) leaves it out
      type: str
      sample: RSA
    subject_alt_names:
      description: The DNS names in the order's CSR. Often there are none, and the certificate is for RV(orders[].common_name).
      returned: unless O(fields) leaves it out
      type: list
      elements: str
      sample: []
    fulfillment_email_available:
      description: Whether the fulfillment email can be requested. The order's status must allow it, and the order must not have expired.
      returned: unless O(fields) leaves it out
      type: bool
      sample: true
    certificate_ids:
      description: Ids of the certificates in the store that have the order's public key; null if the API user may not read the store.
      returned: with O(gather_imported) or O(imported), unless O(fields) leaves it out
      type: list
      elements: int
      sample: [4711]
    imported:
      description:
        - Whether the store holds the order's certificate. This is a valid certificate with the order's public key that was issued for the
          order's term. It becomes valid no earlier than two days before RV(orders[].effective_at), or expires no earlier than two days before
          RV(orders[].expires_at). A renewal that keeps its key is a different certificate.
        - No CA issues certificates for more than 200 days. Each certificate that is issued for an order of a year is the order's certificate
          as long as it is valid.
        - If the API does not return when the term begins, RV(orders[].created_at) counts as its begin.
        - If the order has expired, its certificate may have expired, too. If neither date of the order is known, the certificate only has to
          be valid.
        - Null if the API user may not read the store.
      returned: with O(gather_imported) or O(imported), unless O(fields) leaves it out
      type: bool
      sample: true
    superseded_by:
      description:
        - Ids of the certificates in the store that may stand in for the order's certificate, which is not there itself. They are valid, more
          than two days newer than the order, of the same key type, and have the common name and all names in the CSR.
        - The roots of this machine trust them, or they have a chain to some authority, since the roots of an authority of your own may not be
          known here. One that is signed by itself never counts.
        - Such an order no longer needs an email.
        - Null if the API user may not read the store.
      returned: with O(gather_imported) or O(imported), unless O(fields) leaves it out
      type: list
      elements: int
      sample: []
order_count:
  description: Number of RV(orders).
  returned: success
  type: int
  sample: 1
missing_order_ids:
  description: Ids of O(order_ids) that do not exist in the account, or that the API user may not see.
  returned: success
  type: list
  elements: int
  sample: []
unmatched_common_names:
  description: Patterns of O(common_names) that match no order of the account, or with O(order_ids) none of the orders that it names.
  returned: success
  type: list
  elements: str
  sample: []
api_calls:
  description: Number of HTTP requests that were made.
  returned: success
  type: int
  sample: 2
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(authentication_failed) or V(unreachable).
      type: str
      sample: authentication_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_list import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
