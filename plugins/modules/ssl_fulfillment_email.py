#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request the fulfillment emails of SSL orders again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_fulfillment_email
short_description: Request the fulfillment emails of SSL orders again
version_added: 1.0.0
description:
  - Requests, through the SoftLayer API, that the CA sends the fulfillment emails of SSL orders again. This email contains the certificate and
    goes to the domain administrator of the order. In the portal, the action is I(Security > SSL > Orders > Send).
  - The API does not record these requests and does not limit them. Therefore, the module records the requests in a ledger. The module requests
    an email at most once within O(min_interval_hours), also across concurrent runs.
  - The module requests no email for an order whose certificate has not been issued or has expired.
  - An option that limits a run, such as O(allowed_recipients), is rejected if it is null or empty. To not limit the run, do not set the option.
  - If a task has C(run_once), but the play has C(serial) or a strategy that would run the task more than once, the task fails and changes
    nothing.
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
      - The module is idempotent within O(min_interval_hours). With O(force=true) or O(min_interval_hours=0), every run requests the emails again.
options:
  order_ids:
    description:
      - IDs of the orders for which to request emails. M(softlayer.certificates.ssl_order_info) returns the IDs. With O(select), an order must
        match both options. An empty list and null are invalid.
    type: list
    elements: int
  common_names:
    description:
      - Shell patterns of the names of the orders to select. One of the patterns must match the common name of an order or a DNS name in its CSR,
        ignoring case. An empty list and null are invalid.
      - A pattern can contain an internationalized name in its Unicode form or in its ASCII form.
      - V(*) also matches dots. To match the name of a wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  allowed_recipients:
    description:
      - Shell patterns of the addresses that may receive an email. If the address of the domain administrator matches no pattern, or is not
        exactly one address, the order fails with the reason V(recipient_not_allowed), unless O(skip_imported) skips the order.
      - Letters that only look like the letters of a pattern do not match the pattern. If the part before the C(@) is not ASCII, the part matches
        only the same text, never a wildcard. A pattern can contain an internationalized domain in its Unicode form or in its ASCII form.
      - This option serves the same purpose as the confirmation window of the portal. If not set, every address is allowed. An empty list and
        null are invalid.
      - With this option or O(approved), the module reads each order again immediately before it requests the email, which requires one more API
        call. If the address has changed, the order fails with the reason V(recipient_changed). The order also fails if it has been canceled or
        has expired.
    type: list
    elements: str
  recipients:
    description:
      - Shell patterns of addresses that further limit O(allowed_recipients) for one run. An address must match both options. Use
        O(allowed_recipients) as a limit for all runs, and O(recipients) as the choice of the user who starts a run.
      - If not set, only O(allowed_recipients) applies. An empty list and null are invalid.
    type: list
    elements: str
  approved:
    description:
      - The RV(emails) that a previous run in check mode returned. The module requests only emails of orders with the outcome V(requested) in
        O(approved), and only if RV(emails[].recipient) has not changed. If the recipient has changed, the order fails with the reason
        V(recipient_changed).
      - If an approved order has been canceled, has expired, or is not selected anymore, the order fails with the reason V(changed_meanwhile).
      - An order that is not approved, or is approved without an address, fails with the reason V(recipient_not_allowed) if its email would
        otherwise be requested. An empty list and null are invalid.
    type: list
    elements: dict
  min_interval_hours:
    description:
      - Minimum time in hours between two requests for the email of the same order, from 0 to 1000000. V(0) means no minimum.
    type: float
    default: 24
  skip_imported:
    description:
      - Whether to skip orders whose certificate, or a newer certificate that can replace it, is already in the certificate store. The rules are
        those of C(imported) and C(superseded_by) of M(softlayer.certificates.ssl_order_info).
      - If the API does not return the CSR of an order, or the CSR cannot be read, the module requests the email and issues a warning.
    type: bool
    default: true
  force:
    description:
      - Whether to request the email even if it was requested within O(min_interval_hours), or if the certificate or a newer certificate is
        already in the store.
      - O(force) does not override the status of the order or O(allowed_recipients).
    type: bool
    default: false
  on_ineligible:
    description:
      - The action for orders that are pending, canceled, or expired, or have an unknown status. With V(fail), such an order fails. With V(skip),
        the module skips the order.
    type: str
    choices: [fail, skip]
    default: fail
  max_orders:
    description:
      - Maximum number of emails that one run of the module may request, 0 or more. If more emails would be requested, the module fails and
        requests no emails. In a loop, each iteration is a run. The role P(softlayer.certificates.ssl_fulfillment#role) counts all emails of the
        play.
    type: int
    default: 50
  concurrency:
    description:
      - Maximum number of concurrent API calls, from 1 to 256.
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, the database that records the requests. The ledger is a SQLite file such as
        V(sqlite:////var/lib/certificates/ledger.sqlite3) or, for several control nodes, a PostgreSQL database such as
        V(postgresql://user:password@host/database).
      - Percent-encode all characters of the user name and the password except letters and digits. The password never appears in the output.
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL), or else the file C(softlayer.certificates/ledger.sqlite3)
        in the state directory of the user, E(XDG_STATE_HOME) or C(~/.local/state). An empty URL and null are invalid, because another ledger
        does not contain the previous requests.
      - The path must be absolute. A relative path is invalid, because runs in different directories would use different ledgers.
      - All users who request emails for the same account should use the same ledger. See R(How requests stay safe,
        ansible_collections.softlayer.certificates.docsite.guide_resending).
    type: str
  allow_ephemeral_ledger:
    description:
      - Whether to request emails in a container or an AWX job even if the ledger is a file that is lost when the container or the job ends. With
        V(false), such a run fails, because the next run would request the same emails again. With V(true), the module issues a warning.
      - The file is lost if it is in the file system or memory of the container, in a volume without a name, in a volume that is deleted with its
        pod, or in the directory of the job. The file is not lost if it is in a persistent volume. A database is not lost.
    type: bool
    default: false
  account_id:
    description:
      - ID of the account of the orders. The default is the account of the API user.
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

- name: Request the emails of all orders of a domain, but only for recipients in this domain
  softlayer.certificates.ssl_fulfillment_email:
    common_names:
      - example.com
      - "*.example.com"
    allowed_recipients:
      - "*@example.com"
    recipients: # further limit for this run
      - hostmaster@*
    on_ineligible: skip
    min_interval_hours: 72
    max_orders: 200
    concurrency: 16

- name: Preview which emails would be requested
  softlayer.certificates.ssl_fulfillment_email:
    common_names: ["*.example.com"]
    on_ineligible: skip
  check_mode: true
  register: preview

- name: Request exactly these emails
  softlayer.certificates.ssl_fulfillment_email:
    common_names: ["*.example.com"]
    on_ineligible: skip
    approved: "{{ preview.emails }}"
  when: preview.emails | length > 0

- name: Request an email again, even if it was requested today and the certificate is imported
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234]
    force: true

- name: Request the emails of all orders of another account with a separate ledger
  softlayer.certificates.ssl_fulfillment_email:
    common_names: ["*"]
    account_id: 307608
    skip_imported: false
    on_ineligible: skip
    ledger_url: sqlite:////var/lib/certificates/ledger.sqlite3

- name: Request an email from a container that is deleted afterwards
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234]
    allow_ephemeral_ledger: true

- name: Request an email from one of several control nodes, which share a ledger
  softlayer.certificates.ssl_fulfillment_email:
    order_ids: [1234]
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"
"""

RETURN = r"""
emails:
  description: The result for each selected order, sorted by order ID. In check mode, the value is the result that a real run would have.
  returned: when the orders could be read
  type: list
  elements: dict
  contains:
    order_id:
      description: ID of the order.
      type: int
      sample: 1234
    common_name:
      description: Common name of the order, or null if the order has none.
      type: str
      sample: www.example.com
    subject_alt_names:
      description: DNS names in the CSR of the order. If the CSR contains no DNS names, the certificate covers RV(emails[].common_name).
      type: list
      elements: str
      sample: []
    recipient:
      description: Address of the domain administrator, who receives the email.
      type: str
      sample: admin@example.com
    technical_contact_email:
      description: Address of the technical contact, who may receive a copy.
      type: str
      sample: tech@example.com
    status:
      description: Status of the order, as M(softlayer.certificates.ssl_order_info) returns it.
      type: str
      sample: approved
    outcome:
      description:
        - Outcome for the order, V(requested), V(skipped), or V(failed). In check mode, the value is the outcome that a real run would have.
      type: str
      sample: requested
    reason:
      description:
        - Code of the reason, or null if the email was requested.
        - V(cooldown) - the email was requested less than O(min_interval_hours) ago.
        - V(already_imported) - the certificate is in the store.
        - V(superseded) - the store contains a newer certificate that can replace the certificate of the order (see O(skip_imported)).
        - V(pending), V(canceled), V(expired), or V(unknown_status) - no certificate is available for the order.
        - V(recipient_not_allowed) - O(allowed_recipients), O(recipients), or O(approved) does not allow the address.
        - V(recipient_changed) - the address of the order has changed since the orders were listed, or since O(approved).
        - V(changed_meanwhile) - O(approved) contains the order, but its status no longer allows an email, or the order is not selected anymore.
        - V(not_found) - the order does not exist, or the API user does not have the permission to view it.
        - V(refused) - the API did not request the email.
        - V(retired) - the product or the API method no longer exists.
        - V(rate_limited) - the API still limited the rate of requests after all O(retries).
        - V(api_error) - the API returned an error, which RV(emails[].message) contains, or the run ended before this order.
        - V(outcome_unknown) - the email may have been sent. The order fails if the API did not respond or returned an unspecified error, in this
          run or in an earlier run within O(min_interval_hours). The order is skipped if another run is requesting the email at the same time.
      type: str
      sample: cooldown
    requested_at:
      description: Time when this run requested the email. In check mode, the value is the time when the run would have requested the email.
      type: str
      sample: "2026-01-31T08:12:44Z"
    previous_requested_at:
      description: Time of the previous request, according to the ledger.
      type: str
      sample: "2026-01-30T08:00:00Z"
    first_requested_at:
      description:
        - Time of the first request in the ledger within the last 30 days, or RV(emails[].previous_requested_at) if the ledger contains none.
      type: str
      sample: "2026-01-29T09:00:00Z"
    next_allowed_at:
      description: Time when O(min_interval_hours) ends and the email can be requested again, or null if this time has passed.
      type: str
      sample: "2026-02-01T08:12:44Z"
    message:
      description: The outcome and the reason as a sentence.
      type: str
      sample: The email was requested for admin@example.com.
requested_count:
  description: Number of requested emails. In check mode, the value is the number of emails that would be requested.
  returned: when the orders could be read
  type: int
  sample: 1
skipped_count:
  description: Number of orders that were skipped.
  returned: when the orders could be read
  type: int
  sample: 0
failed_count:
  description: Number of orders that failed. If an order failed, the module fails.
  returned: when the orders could be read
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: when the orders could be read
  type: int
  sample: 4
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(emails_failed), V(too_many_orders), V(ephemeral_ledger), or V(ledger_unavailable).
      type: str
      sample: ledger_unavailable
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: The ledger db.example.com cannot be used. Nothing is sent or stored without it.
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
        ledger:
          description: Database file or host of the ledger.
          returned: if the ledger cannot be used
          type: str
          sample: /root/.local/state/softlayer.certificates/ledger.sqlite3
        library:
          description: Python library that the URL of the ledger requires.
          returned: if a library for the ledger is missing
          type: str
          sample: psycopg
        since:
          description: Time when the other run acquired the lock.
          returned: if another run holds the lock
          type: str
          sample: "2026-12-01T03:00:10Z"
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
        planned: {description: Number of emails that the run would have requested., returned: if max_orders is exceeded, type: int, sample: 60}
        max_orders: {description: Value of O(max_orders)., returned: if max_orders is exceeded, type: int, sample: 50}
        order_ids:
          description: IDs of the orders whose emails the run would have requested.
          returned: if max_orders is exceeded
          type: list
          elements: int
          sample: [1234, 5678]
        orders:
          description: The orders that failed.
          returned: if orders failed
          type: list
          elements: dict
          contains:
            order_id:
              description: ID of the order.
              type: int
              sample: 1234
            reason:
              description: Code of the cause, as in the result.
              type: str
              sample: recipient_not_allowed
            message:
              description: The cause of the failure and its fix.
              type: str
              sample: The address admin@example.com is not in allowed_recipients.
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_request import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
