#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out what an API key may do, and what the certificate store does where its reference says nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_account_check
short_description: Find out what an API key may do, and what the certificate store does where its reference says nothing
version_added: 1.0.0
description:
  - Looks whether SSL orders, the certificate store and the load balancers of a SoftLayer (IBM Cloud Classic Infrastructure) account can be
    listed, and how the API answers there.
  - With O(try_store), also tries what the store does with several intermediate certificates, with an EC key, with a certificate without a
    common name, and with a wrong chain. For that it imports throwaway certificates of names that cannot exist
    (C(check-0123456789abcdef.invalid)), of an authority that is made on the spot, reads them without their keys, edits their notes, and
    deletes them, whatever happens between. Where the store takes what it should, that is one certificate.
  - What a killed run has left, the next one with O(try_store) finds by its name and issuer, and deletes. A certificate that a service uses,
    or that somebody has written other notes on, is never deleted.
  - What was found is written to a small file. It holds no id, name, user or address of the account. Rotations read it, see
    O(softlayer.certificates.ssl_certificate_rotate#module:account_facts_path).
  - A permission that is missing fails nothing, since finding that out is what this module is for.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - The facts hold the day and seconds, so that another day may change the file.
options:
  try_store:
    description:
      - Whether to import throwaway certificates, and to delete them again. It needs the permission C(SECURITY_CERTIFICATE_MANAGE).
    type: bool
    default: false
  path:
    description:
      - File of the facts, as an absolute path; by default C(account.json) beside the ledger that is used by default
        (C(~/.local/state/softlayer.certificates)). What is not tried this time stays as it was found the last time.
    type: path
  wait_timeout:
    description:
      - Seconds to wait until what was created is listed, and until what was deleted is gone, from 0 to 3600.
    type: float
    default: 60
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger in which creates are claimed, and by which runs take turns; as in
        M(softlayer.certificates.ssl_certificate_import). It is not used without O(try_store).
    type: str
seealso:
  - module: softlayer.certificates.ssl_certificate_info
  - module: softlayer.certificates.ssl_certificate_rotate
"""

EXAMPLES = r"""
- name: See what the API key may do, and change nothing
  softlayer.certificates.ssl_account_check:
  register: checked

- name: Show it
  ansible.builtin.debug:
    msg: "{{ checked.summary }}"

- name: Also find out what the certificate store does
  softlayer.certificates.ssl_account_check:
    try_store: true
    wait_timeout: 120
    path: /var/lib/certificates/account.json
    ledger_url: sqlite:////var/lib/certificates/ledger.sqlite3
"""

RETURN = r"""
facts:
  description:
    - What was found, as it is written to RV(facts_path). Each fact is true, false, or null where it is not known.
  returned: success
  type: dict
  contains:
    format:
      description: Version of this form.
      type: int
      sample: 1
    checked_on:
      description: The day, UTC.
      type: str
      sample: "2026-11-30"
    tried_on:
      description: The day on which C(store) was found out; null if that was never tried.
      type: str
      sample: "2026-11-30"
    transport:
      description: How the API was called, V(xmlrpc) or V(rest).
      type: str
      sample: rest
    may:
      description:
        - What the key may do. C(create), C(edit) and C(delete) are known only if O(try_store) was set in this run.
      type: dict
      sample: {create: true, delete: true, edit: true, list_balancers: true, list_orders: true, list_store: true}
    lists:
      description:
        - How the API lists. C(..._keep_limit) and C(..._give_total) tell of pages, C(listeners_agree) whether certificates name the listeners
          that have them, C(services_counted) whether their counts of services are no lower.
      type: dict
      sample: {listeners_agree: true, orders_give_total: true, orders_keep_limit: false, services_counted: true}
    store:
      description:
        - What the store does. C(intermediates_kept) is V(all), V(first), V(last), V(none) or V(other); C(refusals) has the API's words,
          without what may tell of the account.
      type: dict
      sample: {intermediates_kept: all, listed_after_seconds: 0, refuses_wrong_chain: true, takes_ec_key: true, takes_no_common_name: true}
facts_path:
  description: The file of the facts. Check mode does not write it.
  returned: success
  type: str
  sample: /root/.local/state/softlayer.certificates/account.json
tried:
  description: The throwaway certificates of this run.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: check-0123456789abcdef.invalid
    what:
      description: What is special about it.
      type: str
      sample: an EC certificate without a common name, with two intermediate certificates
    outcome:
      description: V(stored), V(refused), V(not_permitted), or V(unknown).
      type: str
      sample: stored
    message:
      description: What happened, in a sentence.
      type: str
      sample: Stored.
leftovers:
  description: The throwaway certificates that killed runs had left, or that other runs are at work on.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id in the store.
      type: int
      sample: 4711
    name:
      description: Its name.
      type: str
      sample: check-0123456789abcdef.invalid
    removed:
      description: Whether it was deleted.
      type: bool
      sample: true
    message:
      description: What happened, or why it is left, in a sentence.
      type: str
      sample: "Removed: it was left there."
summary:
  description: What was found, what is not known, and how to send it in, in lines for people.
  returned: success
  type: list
  elements: str
  sample: ["the key may list  SSL orders yes, certificates yes, load balancers yes"]
api_calls:
  description: Number of HTTP requests, with retries.
  returned: success
  type: int
  sample: 12
failure:
  description: Why it failed.
  returned: failure
  type: dict
  contains:
    code:
      description: For programs, such as V(certificate_left).
      type: str
      sample: certificate_left
    message:
      description: What happened and what to do.
      type: str
      sample: "Certificate check-0123456789abcdef.invalid: The store says that it has deleted it, and still has it."
    details:
      description: Facts of the case.
      type: dict
      sample: {}
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._run.account_check import SPEC, libraries, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, libraries)


if __name__ == "__main__":
    main()
