# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what lists SSL orders."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that say which SSL orders to list; defined in C(module_utils/_softlayer/options.py)."""

    DOCUMENTATION = r"""
options:
  order_ids:
    description:
      - Only these orders. A list that is empty or null is refused. An id that does not exist is not an error.
    type: list
    elements: int
  common_names:
    description:
      - Only orders with a name that matches one of these shell patterns, ignoring case. Both the common name and the DNS names of the CSR
        are compared. A list that is empty or null is refused.
      - An internationalised name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a wildcard
        certificate itself, write V([*].example.com).
    type: list
    elements: str
  statuses:
    description:
      - Only orders with one of these statuses. A list that is empty or null is refused.
      - V(pending) orders wait for the certificate authority, V(approved) and V(complete) orders have been issued, V(canceled) orders were
        rejected or canceled. V(unknown) stands for every other status of the API.
    type: list
    elements: str
    choices: [pending, approved, complete, canceled, unknown]
  approver_emails:
    description:
      - Only orders whose domain administrator, who receives the emails, matches one of these shell patterns, ignoring case. A list that is
        empty or null is refused.
    type: list
    elements: str
  expires_within_days:
    description:
      - Only orders that expire within this number of days and have not expired yet.
    type: int
  exclude_expired:
    description:
      - Whether to leave out orders that have expired.
    type: bool
    default: false
  imported:
    description:
      - With V(true), only orders whose certificate is in the certificate store. With V(false), only the others.
      - A certificate belongs to an order if it is valid, has the public key of the order's CSR, and was issued for the order's term. It
        becomes valid no earlier than two days before the order's C(effective_at), or expires no earlier than two days before its
        C(expires_at). A renewal that keeps its key is a different certificate.
      - The API user needs the permission C(SECURITY_CERTIFICATE_MANAGE) for this.
      - An order whose certificate was replaced by a newer one in the store does not count as imported; see C(superseded_by).
    type: bool
  gather_imported:
    description:
      - Also report for each order whether the store holds its certificate or one that has replaced it. Implied by O(imported).
      - Without the permission C(SECURITY_CERTIFICATE_MANAGE), the API user cannot know this. Then C(certificate_ids), C(imported) and
        C(superseded_by) are null, with a warning.
    type: bool
    default: false
  account_id:
    description:
      - Id of the account whose orders to list. The default is the API user's own account.
    type: int
"""

    SELECT = r"""
options:
  select:
    description:
      - Which orders to select, as options of M(softlayer.certificates.ssl_order_info). V({}) selects all orders of the account. Null is
        refused, and so is a condition that is null or empty.
    type: dict
    suboptions:
      order_ids:
        description:
          - Only these orders. A list that is empty or null is refused.
        type: list
        elements: int
      common_names:
        description:
          - Only orders with a name that matches one of these shell patterns, ignoring case. Both the common name and the DNS names of the CSR
            are compared. A list that is empty or null is refused.
          - An internationalised name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a wildcard
            certificate itself, write V([*].example.com).
        type: list
        elements: str
      statuses:
        description:
          - Only orders with one of these statuses. A list that is empty or null is refused.
          - V(pending) orders wait for the certificate authority, V(approved) and V(complete) orders have been issued, V(canceled) orders were
            rejected or canceled. V(unknown) stands for every other status of the API.
        type: list
        elements: str
        choices: [pending, approved, complete, canceled, unknown]
      approver_emails:
        description:
          - Only orders whose domain administrator, who receives the emails, matches one of these shell patterns, ignoring case. A list that is
            empty or null is refused.
        type: list
        elements: str
      expires_within_days:
        description:
          - Only orders that expire within this number of days and have not expired yet.
        type: int
      exclude_expired:
        description:
          - Whether to leave out orders that have expired.
        type: bool
        default: false
      imported:
        description:
          - With V(true), only orders whose certificate is in the certificate store. With V(false), only the others.
          - A certificate belongs to an order if it is valid, has the public key of the order's CSR, and was issued for the order's term. It
            becomes valid no earlier than two days before the order's C(effective_at), or expires no earlier than two days before its
            C(expires_at). A renewal that keeps its key is a different certificate.
          - The API user needs the permission C(SECURITY_CERTIFICATE_MANAGE) for this.
          - An order whose certificate was replaced by a newer one in the store does not count as imported; see C(superseded_by).
        type: bool
      gather_imported:
        description:
          - Also report for each order whether the store holds its certificate or one that has replaced it. Implied by O(select.imported).
          - Without the permission C(SECURITY_CERTIFICATE_MANAGE), the API user cannot know this. Then C(certificate_ids), C(imported) and
            C(superseded_by) are null, with a warning.
        type: bool
        default: false
      account_id:
        description:
          - Id of the account whose orders to list. The default is the API user's own account.
        type: int
"""
