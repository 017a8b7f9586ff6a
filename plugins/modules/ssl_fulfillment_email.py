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
  - Asks the certificate authority, through the SoftLayer API, to send the fulfillment email of SSL orders again. That email holds
    the certificate and goes to the domain administrator of the order. In the portal this is I(Security > SSL > Orders > Send).
  - The API keeps no history of such requests and does not limit them. So this module keeps a ledger of its own and asks for an email
    at most once within O(min_interval_hours), also when several runs work at the same time.
  - Orders whose certificate authority has not issued a certificate, or whose certificate has expired, are not asked for.
author:
  - softlayer.certificates contributors (!UNKNOWN)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Within O(min_interval_hours). With O(force=true) or O(min_interval_hours=0) the email is requested again by every run.
options:
  order_ids:
    description:
      - Ids of the orders, as M(softlayer.certificates.ssl_order_info) lists them; none if it is empty or null.
    type: list
    elements: int
  common_names:
    description:
      - Orders whose common name matches one of these shell patterns, without regard to case; both forms of an
        internationalised name count; none if it is empty or null.
      - V(*) also spans dots; write V([*].example.com) for the name of a wildcard certificate itself.
    type: list
    elements: str
  allowed_recipients:
    description:
      - Shell patterns of the addresses that may be mailed. An order whose domain administrator matches none fails with the reason
        V(recipient_not_allowed), and so does one whose address is not exactly one, such as a list of several.
      - Letters that only look like those of a pattern do not match it. What stands before the C(@) and is not ASCII matches no wildcard, only
        itself. An internationalised domain matches in either of its forms.
      - This takes the place of the portal's confirmation window. Without it any address is allowed; none if it is empty or null.
    type: list
    elements: str
  min_interval_hours:
    description:
      - Hours that must pass between two requests for the same order; V(0) for none.
    type: float
    default: 24
  skip_imported:
    description:
      - Whether to skip orders whose certificate is in the certificate store already, or a newer one that has taken its place, as
        C(imported) and C(superseded_by) of M(softlayer.certificates.ssl_order_info) tell. A renewal that keeps its key is another certificate.
      - Of an order whose CSR the API does not tell, or that cannot be read, this cannot be known. Its email is requested, and a warning names it.
    type: bool
    default: true
  force:
    description:
      - Request the email although one was requested within O(min_interval_hours), or the certificate or a newer one is in the store already.
      - Neither the status of the order nor O(allowed_recipients) is overruled by it.
    type: bool
    default: false
  on_ineligible:
    description:
      - What becomes of orders that are pending, canceled, expired or of unknown status, V(fail) or V(skip).
    type: str
    choices: [fail, skip]
    default: fail
  max_orders:
    description:
      - A run that would request more emails than this is refused before anything is sent.
    type: int
    default: 50
  concurrency:
    description:
      - How many API calls may be under way at the same time, V(1) to V(256).
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, a SQLite file such as V(sqlite:////var/lib/certificates/ledger.sqlite3), or for several
        controllers a PostgreSQL database such as V(postgresql://user:password@host/database).
      - In user and password, all but letters and digits is percent-encoded. The password is shown nowhere.
      - Taken from the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) if not given, else it is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
      - Its path must be absolute. What hangs on the current folder is refused, since runs in two folders would have two ledgers.
      - Whoever requests emails for the same account should use the same ledger.
        See R(How resending stays safe, ansible_collections.softlayer.certificates.docsite.guide_resending).
    type: str
  allow_ephemeral_ledger:
    description:
      - In a container, and in a job of AWX, a run that would request emails is refused where the ledger is a file that goes when the
        container or the job ends, since the next run would request the same emails again. With V(true) it goes on, with a warning.
      - Such a place is the container's own file system or its memory, a volume without a name, one that goes with its pod, and the folder of
        the job. A volume that stays, or a database, is none.
    type: bool
    default: false
  account_id:
    description:
      - Id of the account of the orders; the API user's own if not given.
    type: int
"""

EXAMPLES = r"""
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
    on_ineligible: skip
    min_interval_hours: 72
    max_orders: 200
    concurrency: 16

- name: Request it once more, although it was requested today and the certificate is imported
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
  description: What was done, or in check mode would be done, about each selected order, sorted by order id.
  returned: when the orders could be read
  type: list
  elements: dict
  contains:
    order_id:
      description: Id of the order.
      type: int
      sample: 1234
    common_name:
      description: The name the certificate is for.
      type: str
      sample: www.example.com
    recipient:
      description: Address of the domain administrator, to whom the email goes.
      type: str
      sample: admin@example.com
    technical_contact_email:
      description: Address of the technical contact, who may get a copy.
      type: str
      sample: tech@example.com
    status:
      description: Status of the order, as M(softlayer.certificates.ssl_order_info) words it.
      type: str
      sample: approved
    outcome:
      description: V(requested) (in check mode, would be requested), V(skipped) or V(failed).
      type: str
      sample: requested
    reason:
      description:
        - Null if requested.
        - V(cooldown), it was requested less than O(min_interval_hours) ago.
        - V(already_imported), the certificate is in the store.
        - V(superseded), the store holds a newer certificate for the same names.
        - V(pending), V(canceled), V(expired) or V(unknown_status), there is no certificate to mail.
        - V(recipient_not_allowed), O(allowed_recipients) does not allow the address.
        - V(not_found), there is no such order, or the API user may not see it.
        - V(refused), the API answered that it did not request the email.
        - V(retired), the product or the API's method is gone.
        - V(rate_limited), the API's rate limit did not clear.
        - V(api_error), the API refused the call with an error; RV(emails[].message) quotes it.
        - V(outcome_unknown), it may have been sent. Either no answer came, or only that something went wrong, to this run or within
          O(min_interval_hours) to an earlier one, which is a failure; or another run is at it right now, and this one skips it.
      type: str
      sample: cooldown
    requested_at:
      description: When this run requested it, or in check mode would have.
      type: str
      sample: "2026-01-31T08:12:44Z"
    previous_requested_at:
      description: When it was requested before, according to the ledger.
      type: str
      sample: "2026-01-30T08:00:00Z"
    next_allowed_at:
      description: When O(min_interval_hours) will have passed; null if it has.
      type: str
      sample: "2026-02-01T08:12:44Z"
    message:
      description: The same in words.
      type: str
      sample: The fulfillment email goes to admin@example.com.
requested_count:
  description: Number of emails that were, or would be, requested.
  returned: when the orders could be read
  type: int
  sample: 1
skipped_count:
  description: Number of orders that were skipped.
  returned: when the orders could be read
  type: int
  sample: 0
failed_count:
  description: Number of orders that failed. If it is not 0 the module fails.
  returned: when the orders could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests that were made.
  returned: when the orders could be read
  type: int
  sample: 4
failure:
  description: What went wrong, for programs.
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
      description: What belongs to the case.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._run.fulfillment_email import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
