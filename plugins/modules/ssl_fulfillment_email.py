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

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import (
    ArgumentSpec,
    api_options,
    ledger_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._client import (
    MOST_CALLS_AT_ONCE,
    SOFTLAYER_IMPORT_ERROR,
    Client,
    check_ids,
    connect,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._containers import find_why_lost
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger import Claim, Key, Ledger, lease_for
from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._names import IDNA_IMPORT_ERROR
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import (
    FULFILLMENT_EMAIL,
    Order,
    Selection,
    fetch_orders,
    resend_fulfillment_email,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._place import SQLALCHEMY_IMPORT_ERROR, find_place
from ansible_collections.softlayer.certificates.plugins.module_utils._plan import (
    Email,
    EmailWishes,
    as_requested,
    blocked,
    is_open,
    not_found,
    plan_emails,
    skip_imported,
    warning_of_unknown_keys,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store import fetch_shelf
from ansible_collections.softlayer.certificates.plugins.module_utils._text import some_of
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso, now
from ansible_collections.softlayer.certificates.plugins.module_utils._values import LARGEST_ID
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import CRYPTOGRAPHY_IMPORT_ERROR

SPEC = (
    api_options()
    + ledger_options()
    + ArgumentSpec(
        options={
            "order_ids": {"type": "list", "elements": "int"},
            "common_names": {"type": "list", "elements": "str"},
            "allowed_recipients": {"type": "list", "elements": "str"},
            "min_interval_hours": {"type": "float", "default": 24},
            "skip_imported": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
            "on_ineligible": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "max_orders": {"type": "int", "default": 50},
            "concurrency": {"type": "int", "default": 8},
            "allow_ephemeral_ledger": {"type": "bool", "default": False},
            "account_id": {"type": "int"},
        },
        required_one_of=[("order_ids", "common_names")],
        mutually_exclusive=[("order_ids", "common_names")],
    )
)
LIBRARIES = {
    "SoftLayer": SOFTLAYER_IMPORT_ERROR,
    "idna": IDNA_IMPORT_ERROR,
    "cryptography": CRYPTOGRAPHY_IMPORT_ERROR,
    "SQLAlchemy": SQLALCHEMY_IMPORT_ERROR,
}
LONGEST_INTERVAL_HOURS = 1_000_000
REASONS = {"not_found", "retired", "rate_limited"}
"""Codes of failed calls that are reasons by themselves; C(no_answer) is C(outcome_unknown), all others are C(api_error)."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    check_params(params)
    wishes = EmailWishes(
        min_interval=timedelta(hours=params["min_interval_hours"]),
        allowed_recipients=params["allowed_recipients"],
        skip_imported=params["skip_imported"],
        force=params["force"],
        on_ineligible=params["on_ineligible"],
    )
    client = connect(module, params["concurrency"], module.stop_on_signals())
    ledger = Ledger(params["ledger_url"], read_only=module.check_mode)
    try:
        account_id = client.account_id(params["account_id"])
        emails = plan(module, client, ledger, account_id, wishes)
        planned = [email for email in emails if email.outcome == "requested"]
        check_number(planned, params["max_orders"])
        if planned:
            check_ledger_stays(module)
        if not module.check_mode:
            request = Requester(client, ledger, account_id, wishes)
            done = {email.order_id: email for email in client.each(request, planned)}
            emails = [done.get(email.order_id, email) for email in emails]
    finally:
        ledger.close()
    return as_result(emails, client)


def check_params(params: dict[str, t.Any]) -> None:
    """Refuse values that make no sense."""
    if params["order_ids"] is None and params["common_names"] is None:
        raise CertificatesError("invalid_argument", "Say which orders: give order_ids or common_names.")
    check_ids("order_ids", params["order_ids"] or ())
    limits = (
        ("min_interval_hours", 0, LONGEST_INTERVAL_HOURS),
        ("max_orders", 0, LARGEST_ID),
        ("concurrency", 1, MOST_CALLS_AT_ONCE),
    )
    for name, least, most in limits:
        if not least <= params[name] <= most:
            raise CertificatesError("invalid_argument", f"{name} must be from {least} to {most}.")


def plan(module: Module, client: Client, ledger: Ledger, account_id: int, wishes: EmailWishes) -> list[Email]:
    """Read the facts and return what is to be done about each selected order."""
    params = module.params
    at = now()
    ids = params["order_ids"]
    selection = Selection(order_ids=None if ids is None else frozenset(ids), common_names=params["common_names"])
    orders = {
        order.id: order for order in fetch_orders(client, account_id, selection.order_ids) if selection.takes(order, at)
    }
    if params["common_names"] and not orders:
        module.warn(
            f"No SSL order matches common_names ({', '.join(params['common_names'])}); ssl_order_info lists the orders there are."
        )
    last_requests = ledger.last_requests(key_of(account_id, order) for order in orders.values())
    for entry in last_requests.values():
        if entry.is_from_the_future(at):
            module.warn(
                f"The ledger has a request for order {entry.key.order_id} at {iso(entry.requested_at)}, which is in the future: "
                "a clock is, or was, set wrong. It counts as made now."
            )
            if not module.check_mode:
                ledger.correct(entry, at)
    emails = plan_emails(orders.values(), {key.order_id: entry for key, entry in last_requests.items()}, wishes, at)
    if wishes.skip_imported and not wishes.force and any(map(is_open, emails)):
        emails = skip_imported(emails, orders, fetch_shelf(client, "set skip_imported: false"), at)
    unknown = warning_of_unknown_keys(emails, orders) if wishes.skip_imported else None
    if unknown:
        module.warn(unknown)
    missing = set(selection.order_ids or ()) - orders.keys()
    return sorted([*emails, *map(not_found, missing)], key=lambda email: email.order_id)


def key_of(account_id: int, order: Order) -> Key:
    """Return what the ledger keeps an order's requests under."""
    return Key(account_id, order.id, FULFILLMENT_EMAIL)


def check_number(planned: Sequence[Email], most: int) -> None:
    """Refuse a run that would send more than the user expects."""
    if len(planned) > most:
        raise CertificatesError(
            "too_many_orders",
            f"The run would request more emails ({len(planned)}) than max_orders allows ({most}); nothing was sent. "
            "Select fewer orders, or raise max_orders.",
            planned=len(planned),
            max_orders=most,
            order_ids=[email.order_id for email in planned],
        )


def check_ledger_stays(module: Module) -> None:
    """Refuse a run whose ledger goes with it, or warn of that if the user accepts it."""
    place = find_place(module.params["ledger_url"])
    why = find_why_lost(str(place.database)) if place.get_backend_name() == "sqlite" else None
    if not why:
        return
    what = f"The ledger {place.database} goes with {why}"
    if not module.params["allow_ephemeral_ledger"]:
        raise CertificatesError(
            "ephemeral_ledger",
            f"{what}, so the next run would request the same emails again; nothing was sent. Set ledger_url, or the environment variable "
            "SOFTLAYER_CERTIFICATES_LEDGER_URL, to a PostgreSQL database or to a file on a volume that stays, or accept it with "
            "allow_ephemeral_ledger: true.",
            ledger=place.database,
        )
    module.warn(f"{what}: a later run does not know of these requests, and may have the same emails sent again.")


class Requester:
    """Requests one email: claims it in the ledger, calls the API, and confirms or releases the claim."""

    def __init__(self, client: Client, ledger: Ledger, account_id: int, wishes: EmailWishes) -> None:
        self._client = client
        self._ledger = ledger
        self._account_id = account_id
        self._wishes = wishes
        self._ledger_error: CertificatesError | None = None

    def __call__(self, email: Email) -> Email:
        """Return the email with its outcome, whatever happens to it."""
        if self._client.stop.is_set():
            return unsent(email, "api_error", "Not requested: the run was told to stop before this order's turn.")
        at = now()
        interval = timedelta() if self._wishes.force else self._wishes.min_interval
        try:
            if self._ledger_error:  # it will not be better for this order than for the last one
                raise self._ledger_error
            key = Key(self._account_id, email.order_id, FULFILLMENT_EMAIL)
            claim = self._ledger.claim(key, at, interval, lease_for(self._client.settings.timeout))
        except CertificatesError as error:
            self._ledger_error = error
            return unsent(email, "api_error", f"Not requested: {error.message}")
        if not isinstance(claim, Claim):  # another run was faster
            return blocked(email, claim, self._wishes.min_interval, at)
        try:
            accepted = resend_fulfillment_email(self._client, email.order_id)
        except CertificatesError as error:
            return self._not_answered(email, claim, error)
        if accepted:
            return as_requested(
                email, at, self._wishes.min_interval, email.message + self._note(self._ledger.confirm, claim)
            )
        why = "The API refused to request it and gave no reason; try the certificate authority's own portal."
        return unsent(email, "refused", why + self._note(self._ledger.release, claim))

    def _not_answered(self, email: Email, claim: Claim[Key], error: CertificatesError) -> Email:
        if error.code == "no_answer":  # it may have been sent
            until = claim.requested_at + self._wishes.min_interval
            message = f"{error.message} Look into the mailbox of {email.recipient}; force: true requests it again."
            email = unsent(email, "outcome_unknown", message + self._note(self._ledger.doubt, claim))
            return replace(
                email, requested_at=claim.requested_at, next_allowed_at=until if self._wishes.min_interval else None
            )
        reason = error.code if error.code in REASONS else "api_error"
        return unsent(email, reason, error.message + self._note(self._ledger.release, claim))

    @staticmethod
    def _note(change: Callable[[Claim[Key]], None], claim: Claim[Key]) -> str:
        """Note in the ledger what became of a claim; what it says if it cannot, as an addition to the message."""
        try:
            change(claim)
        except CertificatesError as error:
            return f" This could not be noted, so the order counts as of unknown outcome: {error.message}"
        return ""


def unsent(email: Email, reason: str, message: str) -> Email:
    """Return an email that could not be requested."""
    return replace(email, outcome="failed", reason=reason, message=message, requested_at=None, next_allowed_at=None)


def as_result(emails: Sequence[Email], client: Client) -> dict[str, t.Any]:
    """Return what the module returns, with C(failure) if an order failed."""
    outcomes = ("requested", "skipped", "failed")
    counts = {outcome: sum(email.outcome == outcome for email in emails) for outcome in outcomes}
    result: dict[str, t.Any] = {
        "changed": counts["requested"] > 0,
        "emails": [email.as_result() for email in emails],
        **{f"{outcome}_count": count for outcome, count in counts.items()},
        "api_calls": client.api_calls,
        "diff": [as_diff(email) for email in emails if email.outcome == "requested"],
    }
    failures = [email for email in emails if email.outcome == "failed"]
    if failures:
        result["failure"] = as_failure(failures, len(emails), stopped=client.stop.is_set())
    return result


def as_failure(failures: Sequence[Email], count: int, *, stopped: bool) -> dict[str, t.Any]:
    """Return C(failure) for the orders that failed."""
    names = [f"order {email.order_id} ({email.common_name or 'unknown name'}): {email.reason}" for email in failures]
    return CertificatesError(
        "interrupted" if stopped else "emails_failed",
        f"{'The run was told to stop. ' if stopped else ''}{len(failures)} of {count} fulfillment emails could not be "
        f"requested: {some_of(names, 10, '; ', '; ')}. The message of each in emails says what to do.",
        orders=[{"order_id": email.order_id, "reason": email.reason, "message": email.message} for email in failures],
    ).as_failure()


def as_diff(email: Email) -> dict[str, t.Any]:
    """Return the plan for one email as Ansible shows differences."""
    return {
        "before_header": f"order {email.order_id} ({email.common_name})",
        "after_header": f"order {email.order_id} ({email.common_name})",
        "before": {"requested_at": iso(email.previous_requested_at), "recipient": email.recipient},
        "after": {"requested_at": iso(email.requested_at), "recipient": email.recipient},
    }


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
