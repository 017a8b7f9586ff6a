#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the certificate authority send the fulfillment email again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_fulfillment_email
short_description: Have the certificate authority send the fulfillment email again
version_added: 1.0.0
description:
  - Asks the certificate authority, through the SoftLayer API, to send the fulfillment email of SSL orders again. This email contains the
    certificate and goes to the domain administrator of the order. In the portal this is I(Security > SSL > Orders > Send).
  - The API keeps no history of these requests and does not limit them. This module therefore keeps its own ledger. It requests an email at
    most once within O(min_interval_hours), also across concurrent runs.
  - No email is requested for an order whose certificate has not been issued or has expired.
  - An option that limits a run, such as O(allowed_recipients), is refused if it is null or empty. To not limit the run, do not set the option.
  - If a task has C(run_once), but the play has C(serial) or a strategy with which Ansible would run the task more than once, the task fails before
    it does anything.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.selection.select
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
  - softlayer.certificates.attributes.progress
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Idempotent within O(min_interval_hours). With O(force=true) or O(min_interval_hours=0), every run requests the email again.
options:
  order_ids:
    description:
      - Ids of the orders, as M(softlayer.certificates.ssl_order_info) lists them. A list that is empty or null is refused. With O(select), only
        orders that both name.
    type: list
    elements: int
  common_names:
    description:
      - Orders with a name that matches one of these shell patterns, ignoring case. Both the common name and the DNS names of the CSR are
        compared. A list that is empty or null is refused.
      - An internationalised name matches in its Unicode form and in its ASCII form.
      - V(*) also matches dots. To match the name of a wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  allowed_recipients:
    description:
      - Shell patterns of the addresses that may receive an email. An order whose domain administrator matches none of them fails with the
        reason V(recipient_not_allowed). So does an order whose address is not exactly one address, for example a list of several.
      - Letters that only look like the letters of a pattern do not match it. If the part before the C(@) is not ASCII, it matches only
        itself, never a wildcard. An internationalised domain matches in its Unicode form and in its ASCII form.
      - This option replaces the confirmation window of the portal. If not set, every address is allowed. A list that is empty or null is refused.
      - With this option or O(approved), the order is read again right before its call, one more call for each email. If its address is
        another one by then, it fails with the reason V(recipient_changed); and it fails if it has been canceled or has expired meanwhile.
    type: list
    elements: str
  recipients:
    description:
      - Shell patterns that narrow O(allowed_recipients) for one run, such as those that a person types beside a limit that was set for all
        runs. An address has to match both. It never allows what O(allowed_recipients) does not.
      - If not set, it narrows nothing. A list that is empty or null is refused.
    type: list
    elements: str
  approved:
    description:
      - RV(emails) of a run in check mode that a person has approved. An email is only requested for the orders that it shows as
        V(requested), and only if it still goes to the RV(emails[].recipient) that it shows, else the order fails with the reason
        V(recipient_changed).
      - An order that it shows as V(requested) fails with the reason V(changed_meanwhile) if it was canceled or has expired meanwhile, or is not
        selected any more.
      - An order that it does not show so, or shows without an address, fails with the reason V(recipient_not_allowed), unless no email would
        be requested for it anyway. A list that is empty or null is refused.
    type: list
    elements: dict
  min_interval_hours:
    description:
      - Minimum number of hours between two requests for the same order. V(0) means no minimum.
    type: float
    default: 24
  skip_imported:
    description:
      - Whether to skip orders whose certificate, or a newer one that may stand in for it, is already in the certificate store. C(imported)
        and C(superseded_by) of M(softlayer.certificates.ssl_order_info) report this, and say what may stand in for it. One that is signed by
        itself, for example, may not. A renewal that keeps its key is a different certificate.
      - If the API does not return an order's CSR, or the CSR cannot be read, this cannot be known. The order's email is requested then, and
        a warning names the order.
    type: bool
    default: true
  force:
    description:
      - Whether to request the email even if it was requested within O(min_interval_hours), or if the certificate or a newer one is already
        in the store.
      - It does not override the status of the order or O(allowed_recipients).
    type: bool
    default: false
  on_ineligible:
    description:
      - How to treat orders that are pending, canceled, expired or of unknown status. V(fail) reports them as failed, V(skip) skips them.
    type: str
    choices: [fail, skip]
    default: fail
  max_orders:
    description:
      - Maximum number of emails that one call of the module may request. If there would be more, the module fails and requests none. In a loop,
        each iteration is a call. The role P(softlayer.certificates.ssl_fulfillment#role) counts all emails of the play.
    type: int
    default: 50
  concurrency:
    description:
      - Maximum number of concurrent API calls, V(1) to V(256).
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger. This is a SQLite file such as V(sqlite:////var/lib/certificates/ledger.sqlite3) or, for several
        controllers, a PostgreSQL database such as V(postgresql://user:password@host/database).
      - Percent-encode all characters of user and password except letters and digits. The password is never shown.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) is used. The default is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state). A URL that is
        empty or null is refused, because another ledger does not know the previous requests.
      - The path must be absolute. A path relative to the current folder is refused, because runs in two folders would use two ledgers.
      - All who request emails for the same account should use the same ledger. See R(How resending stays safe,
        ansible_collections.softlayer.certificates.docsite.guide_resending).
    type: str
  allow_ephemeral_ledger:
    description:
      - In a container or an AWX job, a run that would request emails is refused if the ledger is a file that is lost when the container or
        the job ends, because the next run would request the same emails again. With V(true), the run continues with a warning.
      - A file is lost if it is in the container's own file system or memory, in a volume without a name, in a volume that is deleted with
        its pod, or in the folder of the job. A persistent volume or a database is not lost.
    type: bool
    default: false
  account_id:
    description:
      - Id of the account of the orders. The default is the API user's own account.
    type: int
"""

EXAMPLES = r"""
- name: Request the emails of all orders that expire within a month and are not in the store
  softlayer.certificates.ssl_fulfillment_email:
    select:
      expires_within_days: 30
      imported: false
    on_ineligible: skip

- name: Request the fulfillment email of two orders again
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234, 5678]

- name: Request it for all orders of a domain, but mail nobody outside of it
  softlayer.certificates.ssl_fulfillment_email:
    common_names:
      - example.com
      - "*.example.com"
    allowed_recipients:
      - "*@example.com"
    recipients: # of those, for this run
      - hostmaster@*
    on_ineligible: skip
    min_interval_hours: 72
    max_orders: 200
    concurrency: 16

- name: Show what would be requested
  softlayer.certificates.ssl_fulfillment_email:
    common_names: ["*.example.com"]
    on_ineligible: skip
  check_mode: true
  register: shown

- name: Request what was shown, and nothing that has changed since
  softlayer.certificates.ssl_fulfillment_email:
    common_names: ["*.example.com"]
    on_ineligible: skip
    approved: "{{ shown.emails }}"
  when: shown.emails | length > 0

- name: Request it again, even if it was requested today and the certificate is imported
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234]
    force: true

- name: Request it for orders of another account, whether imported or not, with a ledger of their own
  softlayer.certificates.ssl_fulfillment_email:
    common_names: ["*"]
    account_id: 307608
    skip_imported: false
    on_ineligible: skip
    ledger_url: sqlite:////var/lib/certificates/ledger.sqlite3

- name: Request it once from a container that is thrown away afterwards
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234]
    allow_ephemeral_ledger: true

- name: Request it from any of several controllers, which share a ledger
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234]
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"
"""

RETURN = r"""
emails:
  description: What was done, or in check mode would be done, for each selected order, sorted by order id.
  returned: when the orders could be read
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order.
      type: int
      sample: 1234
    common_name:
      description: Common name of the order; null if it has none.
      type: str
      sample: www.example.com
    subject_alt_names:
      description: The DNS names in the order's CSR. Often there are none, and the certificate is for RV(emails[].common_name).
      type: list
      elements: str
      sample: []
    recipient:
      description: Address of the domain administrator, who receives the email.
      type: str
      sample: admin@example.com
    technical_contact_email:
      description: Address of the technical contact, who may get a copy.
      type: str
      sample: tech@example.com
    status:
      description: Status of the order, as M(softlayer.certificates.ssl_order_info) returns it.
      type: str
      sample: approved
    outcome:
      description: V(requested) (in check mode, would be requested), V(skipped) or V(failed).
      type: str
      sample: requested
    reason:
      description:
        - Null if the email was requested.
        - V(cooldown) - the email was requested less than O(min_interval_hours) ago.
        - V(already_imported) - the certificate is in the store.
        - V(superseded) - the store holds a newer certificate for the same names that may stand in for the order's; see O(skip_imported).
        - V(pending), V(canceled), V(expired) or V(unknown_status) - there is no certificate to send.
        - V(recipient_not_allowed) - O(allowed_recipients), O(recipients) or O(approved) does not allow the address.
        - V(recipient_changed) - since the orders were listed, or since O(approved), the order has got another address.
        - V(changed_meanwhile) - O(approved) shows the order, but its status does not allow an email any more, or the selection does not have it.
        - V(not_found) - the order does not exist, or the API user may not see it.
        - V(refused) - the API reported that it did not request the email.
        - V(retired) - the product or the API method no longer exists.
        - V(rate_limited) - the API's rate limit did not clear.
        - V(api_error) - the API refused the call with an error, which RV(emails[].message) quotes, or the run ended before this order's
          turn.
        - V(outcome_unknown) - the email may have been sent. If the API did not respond, or only reported an unspecified error, to this run
          or to an earlier run within O(min_interval_hours), the order fails. If another run is requesting the email right now, the order is
          skipped.
      type: str
      sample: cooldown
    requested_at:
      description: When this run requested the email, or in check mode would have requested it.
      type: str
      sample: "2026-01-31T08:12:44Z"
    previous_requested_at:
      description: When the email was last requested before, according to the ledger.
      type: str
      sample: "2026-01-30T08:00:00Z"
    first_requested_at:
      description:
        - When an earlier run first requested the email, of those in the ledger that did within 30 days; if none did, as
          RV(emails[].previous_requested_at).
      type: str
      sample: "2026-01-29T09:00:00Z"
    next_allowed_at:
      description: When O(min_interval_hours) ends and the email may be requested again; null if that time has passed.
      type: str
      sample: "2026-02-01T08:12:44Z"
    message:
      description: Outcome and reason in a sentence.
      type: str
      sample: The fulfillment email goes to admin@example.com.
requested_count:
  description: Number of emails that were requested, or in check mode would be requested.
  returned: when the orders could be read
  type: int
  sample: 1
skipped_count:
  description: Number of orders that were skipped.
  returned: when the orders could be read
  type: int
  sample: 0
failed_count:
  description: Number of orders that failed. If it is not 0, the module fails.
  returned: when the orders could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests that were made.
  returned: when the orders could be read
  type: int
  sample: 4
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(emails_failed), V(too_many_orders), V(ephemeral_ledger) or V(ledger_unavailable).
      type: str
      sample: too_many_orders
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_request import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
