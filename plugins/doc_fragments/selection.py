# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that select SSL orders."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that select SSL orders; defined in C(module_utils/_softlayer/options.py)."""

    DOCUMENTATION = r"""
options:
  order_ids:
    description:
      - IDs of the orders to select. An ID that does not exist causes no error. An empty list and null are invalid.
    type: list
    elements: int
  common_names:
    description:
      - Shell patterns of the names of the orders to select. One of the patterns must match the common name of an order or a DNS name in its CSR,
        ignoring case. An empty list and null are invalid.
      - A pattern can contain an internationalized name in its Unicode form or in its ASCII form. V(*) also matches dots. To match the name of a
        wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  statuses:
    description:
      - Statuses of the orders to select. An empty list and null are invalid.
      - V(pending) orders wait for the CA. For V(approved) and V(complete) orders, the CA has issued the certificate. V(canceled) orders
        were rejected or canceled. V(unknown) means any other status of the API.
    type: list
    elements: str
    choices: [pending, approved, complete, canceled, unknown]
  approver_emails:
    description:
      - Shell patterns of the email address of the domain administrator, who receives the emails. One of the patterns must match the address,
        ignoring case. An empty list and null are invalid.
    type: list
    elements: str
  expires_within_days:
    description:
      - Number of days within which the orders expire. Orders that have already expired are not selected.
    type: int
  exclude_expired:
    description:
      - Whether to exclude orders that have expired.
    type: bool
    default: false
  imported:
    description:
      - Whether the certificate of the order must be in the certificate store. V(true) selects only orders whose certificate is in the store.
        V(false) selects only orders whose certificate is not in the store.
      - A certificate belongs to an order if it is valid, has the public key of the CSR of the order, and was issued for the term of the
        order. The certificate becomes valid no earlier than two days before C(effective_at) of the order, or expires no earlier than two days before
        C(expires_at). A renewal with the same key is a different certificate.
      - This option requires the permission C(SECURITY_CERTIFICATE_MANAGE).
      - If the store contains only a newer certificate that replaced the certificate of the order, the order does not count as imported
        (see C(superseded_by)).
    type: bool
  gather_imported:
    description:
      - Whether to search the certificate store for the certificate of each order, and for a newer certificate that replaced it. O(imported)
        implies this option.
      - C(certificate_ids), C(imported), and C(superseded_by) contain the result, or null with a warning if the API user does not have the
        permission C(SECURITY_CERTIFICATE_MANAGE).
    type: bool
    default: false
  account_id:
    description:
      - ID of the account that contains the orders. The default is the account of the API user.
    type: int
"""

    SELECT = r"""
options:
  select:
    description:
      - The orders to select, as a dict of options of M(softlayer.certificates.ssl_order_info). V({}) selects all orders of the account. Null is
        invalid, and each condition must be neither null nor empty.
    type: dict
    suboptions:
      order_ids:
        description:
          - IDs of the orders to select. An empty list and null are invalid.
        type: list
        elements: int
      common_names:
        description:
          - Shell patterns of the names of the orders to select. One of the patterns must match the common name of an order or a DNS name in its
            CSR, ignoring case. An empty list and null are invalid.
          - A pattern can contain an internationalized name in its Unicode form or in its ASCII form. V(*) also matches dots. To match the name
            of a wildcard certificate itself, write V([*].example.com).
        type: list
        elements: str
      statuses:
        description:
          - Statuses of the orders to select. An empty list and null are invalid.
          - V(pending) orders wait for the CA. For V(approved) and V(complete) orders, the CA has issued the certificate. V(canceled)
            orders were rejected or canceled. V(unknown) means any other status of the API.
        type: list
        elements: str
        choices: [pending, approved, complete, canceled, unknown]
      approver_emails:
        description:
          - Shell patterns of the email address of the domain administrator, who receives the emails. One of the patterns must match the address,
            ignoring case. An empty list and null are invalid.
        type: list
        elements: str
      expires_within_days:
        description:
          - Number of days within which the orders expire. Orders that have already expired are not selected.
        type: int
      exclude_expired:
        description:
          - Whether to exclude orders that have expired.
        type: bool
        default: false
      imported:
        description:
          - Whether the certificate of the order must be in the certificate store. V(true) selects only orders whose certificate is in the store.
            V(false) selects only orders whose certificate is not in the store.
          - A certificate belongs to an order if it is valid, has the public key of the CSR of the order, and was issued for the term
            of the order. The certificate becomes valid no earlier than two days before C(effective_at) of the order, or expires no earlier than two
            days before C(expires_at). A renewal with the same key is a different certificate.
          - This option requires the permission C(SECURITY_CERTIFICATE_MANAGE).
          - If the store contains only a newer certificate that replaced the certificate of the order, the order does not count as
            imported (see C(superseded_by)).
        type: bool
      gather_imported:
        description:
          - Whether to search the certificate store for the certificate of each order, and for a newer certificate that replaced it.
            O(select.imported) implies this option.
          - C(certificate_ids), C(imported), and C(superseded_by) contain the result, or null with a warning if the API user does not have the
            permission C(SECURITY_CERTIFICATE_MANAGE).
        type: bool
        default: false
      account_id:
        description:
          - ID of the account that contains the orders. The default is the account of the API user.
        type: int
"""
