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
      - IDs of the orders to select. An ID that does not exist is not an error. An empty list or null is rejected.
    type: list
    elements: int
  common_names:
    description:
      - Shell patterns of names. An order is selected if its common name or a DNS name of its CSR matches one of them, ignoring case. An
        empty list or null is rejected.
      - An internationalized name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a
        wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  statuses:
    description:
      - Statuses of the orders to select. An empty list or null is rejected.
      - V(pending) orders wait for the CA. For V(approved) and V(complete) orders, the CA has issued the certificate. V(canceled) orders
        were rejected or canceled. V(unknown) means any other status of the API.
    type: list
    elements: str
    choices: [pending, approved, complete, canceled, unknown]
  approver_emails:
    description:
      - Shell patterns of the email address of the domain administrator, who receives the emails. An order is selected if its address
        matches one of them, ignoring case. An empty list or null is rejected.
    type: list
    elements: str
  expires_within_days:
    description:
      - Select only orders that expire within this number of days and have not expired yet.
    type: int
  exclude_expired:
    description:
      - Whether to exclude orders that have expired.
    type: bool
    default: false
  imported:
    description:
      - Whether the certificate of the order must be in the certificate store. V(true) selects only orders whose certificate is in the
        store; V(false) selects only the others.
      - A certificate belongs to an order if it is valid, has the public key of the CSR of the order, and was issued for the term of the
        order. The certificate becomes valid no earlier than two days before C(effective_at) of the order, or expires no earlier than two days before
        C(expires_at). A renewal with the same key is a different certificate.
      - Requires the permission C(SECURITY_CERTIFICATE_MANAGE).
      - If the store contains only a newer certificate that replaced the certificate of the order, the order does not count as imported
        (see C(superseded_by)).
    type: bool
  gather_imported:
    description:
      - Whether to return for each order if the store contains its certificate or a newer certificate that replaced it. Implied by O(imported).
      - If the API user does not have the permission C(SECURITY_CERTIFICATE_MANAGE), C(certificate_ids), C(imported), and C(superseded_by)
        are null, with a warning.
    type: bool
    default: false
  account_id:
    description:
      - ID of the account whose orders to list. If not set, the account of the API user is used.
    type: int
"""

    SELECT = r"""
options:
  select:
    description:
      - The orders to select, as a dict of options of M(softlayer.certificates.ssl_order_info). V({}) selects all orders of the account.
        Null is rejected, and so is a condition that is null or empty.
    type: dict
    suboptions:
      order_ids:
        description:
          - IDs of the orders to select. An empty list or null is rejected.
        type: list
        elements: int
      common_names:
        description:
          - Shell patterns of names. An order is selected if its common name or a DNS name of its CSR matches one of them, ignoring
            case. An empty list or null is rejected.
          - An internationalized name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of
            a wildcard certificate itself, write V([*].example.com).
        type: list
        elements: str
      statuses:
        description:
          - Statuses of the orders to select. An empty list or null is rejected.
          - V(pending) orders wait for the CA. For V(approved) and V(complete) orders, the CA has issued the certificate. V(canceled)
            orders were rejected or canceled. V(unknown) means any other status of the API.
        type: list
        elements: str
        choices: [pending, approved, complete, canceled, unknown]
      approver_emails:
        description:
          - Shell patterns of the email address of the domain administrator, who receives the emails. An order is selected if its
            address matches one of them, ignoring case. An empty list or null is rejected.
        type: list
        elements: str
      expires_within_days:
        description:
          - Select only orders that expire within this number of days and have not expired yet.
        type: int
      exclude_expired:
        description:
          - Whether to exclude orders that have expired.
        type: bool
        default: false
      imported:
        description:
          - Whether the certificate of the order must be in the certificate store. V(true) selects only orders whose certificate is in
            the store; V(false) selects only the others.
          - A certificate belongs to an order if it is valid, has the public key of the CSR of the order, and was issued for the term
            of the order. The certificate becomes valid no earlier than two days before C(effective_at) of the order, or expires no earlier than two
            days before C(expires_at). A renewal with the same key is a different certificate.
          - Requires the permission C(SECURITY_CERTIFICATE_MANAGE).
          - If the store contains only a newer certificate that replaced the certificate of the order, the order does not count as
            imported (see C(superseded_by)).
        type: bool
      gather_imported:
        description:
          - Whether to return for each order if the store contains its certificate or a newer certificate that replaced it. Implied by
            O(select.imported).
          - If the API user does not have the permission C(SECURITY_CERTIFICATE_MANAGE), C(certificate_ids), C(imported), and
            C(superseded_by) are null, with a warning.
        type: bool
        default: false
      account_id:
        description:
          - ID of the account whose orders to list. If not set, the account of the API user is used.
        type: int
"""
