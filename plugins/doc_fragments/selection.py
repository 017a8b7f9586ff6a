# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of what lists SSL orders."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that say which SSL orders to list; defined in C(module_utils/_argspec.py)."""

    DOCUMENTATION = r"""
options:
  order_ids:
    description:
      - Only these orders; none if it is empty or null. An id that does not exist is no error.
    type: list
    elements: int
  common_names:
    description:
      - Only orders whose common name matches one of these shell patterns, without regard to case; none if it is empty or null.
      - An internationalised name matches in either of its forms. V(*) also spans dots; write V([*].example.com) for the name
        of a wildcard certificate itself.
    type: list
    elements: str
  statuses:
    description:
      - Only orders in one of these statuses; none if it is empty or null.
      - V(pending) waits for the certificate authority, V(approved) and V(complete) have been issued, V(canceled) was rejected
        or cancelled, V(unknown) is anything else the API says.
    type: list
    elements: str
    choices: [pending, approved, complete, canceled, unknown]
  approver_emails:
    description:
      - Only orders whose domain administrator, to whom the emails go, matches one of these shell patterns, without regard to case;
        none if it is empty or null.
    type: list
    elements: str
  expires_within_days:
    description:
      - Only orders that expire within this number of days and have not expired yet.
    type: int
  exclude_expired:
    description:
      - Leave out orders that have expired.
    type: bool
    default: false
  imported:
    description:
      - If V(true), only orders whose certificate is in the certificate store, if V(false), only the others.
      - A certificate is an order's if it is valid, carries the public key of the order's CSR, and ends when the order does. A renewal
        that keeps its key is another certificate.
      - An order whose certificate was replaced by a newer one in the store is not imported; C(superseded_by) tells of it.
    type: bool
  gather_imported:
    description:
      - Also tell of each order whether its certificate is in the store, or one that took its place. Implied by O(imported).
    type: bool
    default: false
  account_id:
    description:
      - Id of the account whose orders to list; the API user's own if not given.
    type: int
"""
