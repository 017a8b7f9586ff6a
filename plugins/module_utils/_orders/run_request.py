# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_fulfillment_email`. Private to softlayer.certificates."""

from __future__ import annotations

import math
import threading
import typing as t
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from .._base.action import build_items_failure
from .._base.codes import EmailOutcome, EmailReason
from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES, LEDGER_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec, build_concurrency_options
from .._base.progress import count_calls
from .._base.times import format_time, now
from .._ledger.ledger import Claim, Key, Ledger, compute_lease
from .._ledger.place import build_ledger_options, find_why_lost, parse_ledger_url
from .._replacement.index import StoreIndex
from .._replacement.roots import create_trust_view
from .._softlayer.client import Client, connect
from .._softlayer.options import build_api_options, build_selection_options, select_option
from .._softlayer.orders import FULFILLMENT_EMAIL, STORE_FACTS, Selection, fetch_order, resend_fulfillment_email
from .._softlayer.store import fetch_for_orders
from . import messages
from .plan_request import (
    EmailAction,
    EmailOptions,
    block_email,
    fail_unselected,
    limit_to_approved,
    mark_requested,
    parse_approved,
    plan_email,
    skip_stored_email,
)
from .run_list import find_account_id, select_orders

SPEC = (
    build_api_options()
    + build_ledger_options()
    + build_concurrency_options()
    + build_selection_options().select("order_ids", "common_names", "account_id")
    + select_option()
    + ArgumentSpec(
        options={
            "allowed_recipients": {"type": "list", "elements": "str", "limits": True},
            "recipients": {"type": "list", "elements": "str", "limits": True},
            "approved": {"type": "list", "elements": "dict", "limits": True},
            "min_interval_hours": {"type": "float", "default": 24, "range": (0, 1_000_000), "limits": True},
            "skip_imported": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
            "on_ineligible": {"type": "str", "choices": ["fail", "skip"], "default": "fail"},
            "max_orders": {"type": "int", "default": 50, "range": (0, math.inf), "limits": True},
            "allow_ephemeral_ledger": {"type": "bool", "default": False},
        },
        required_one_of=[("order_ids", "common_names", "select")],
        mutually_exclusive=[("order_ids", "common_names"), ("select", "common_names")],
    )
)
LIBRARIES = (*API_LIBRARIES, *CERTIFICATE_LIBRARIES, *LEDGER_LIBRARIES)
MAX_UNKNOWN_OUTCOMES = 20
"""Maximum number of consecutive requests with unknown outcome. At this number, the run stops, because the API's responses do not arrive."""
MAX_REQUEST_AGE = timedelta(days=30)
"""Maximum age of a request that counts as the first request of an email: the default of `max_age_days`. Older requests had another purpose."""
STORE_ADVICE = "set skip_imported: false"
"""Advice for a user without permission to read the store. ../../plugin_utils/_called.py removes the advice for a role without such a variable."""
REQUESTED_FACTS = STORE_FACTS | {"approver_email", "technical_contact_email", "status"}
"""Facts to request for each order. The result contains the names in the CSR, so the CSR is always requested."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    selection = Selection.from_module(params)
    options = EmailOptions(
        min_interval=timedelta(hours=params["min_interval_hours"]),
        approved=parse_approved(params["approved"]),
        **{
            name: params[name]
            for name in ("allowed_recipients", "recipients", "skip_imported", "force", "on_ineligible")
        },
    )
    client = connect(module, params["concurrency"], module.stop_on_signals())
    ledger = Ledger(params["ledger_url"], read_only=module.check_mode)
    try:
        account_id = client.fetch_account_id(find_account_id(params))
        emails = plan(module, client, ledger, account_id, selection, options)
        planned = [email for email in emails if email.outcome == "requested"]
        check_plan(module, planned)
        if module.check_mode:
            emails = [email.simulate() for email in emails]
        else:
            request = Requester(client, ledger, account_id, options)
            done = {
                email.order_id: email
                for email in client.call_for_each(count_calls(request, len(planned), "emails"), planned)
            }
            emails = [done.get(email.order_id, email) for email in emails]
            if ledger.is_new and request.has_sent:
                module.warn(
                    f"The ledger {ledger.place} is new and contains no earlier requests. If this is the first run, no action is needed. Otherwise, set "
                    "ledger_url, or the environment variable SOFTLAYER_CERTIFICATES_LEDGER_URL, to the ledger that was used before."
                )
    finally:
        ledger.close()
    return build_result(emails, client)


def plan(
    module: Module, client: Client, ledger: Ledger, account_id: int, selection: Selection, options: EmailOptions
) -> list[EmailAction]:
    """Read the facts and return the planned action for each selected order."""
    view = create_trust_view(None)
    at = view.at
    orders, missing, index = select_orders(client, account_id, selection, view, REQUESTED_FACTS)
    if selection.common_names and not orders:
        module.warn(
            f"No SSL order matches common_names ({', '.join(selection.common_names)}). To list the existing orders, run ssl_order_info."
        )
    keys = {build_key(account_id, order_id): order_id for order_id in orders}
    last_requests = {
        keys[key]: entry for key, entry in ledger.find_last_requests([*keys], at - MAX_REQUEST_AGE).items()
    }
    for order_id, entry in last_requests.items():
        if entry.is_in_future(at):
            module.warn(
                f"The ledger contains a request for order {order_id} at {format_time(entry.requested_at)}, which is in the future, because a clock is or was "
                "wrong. The request counts as made now. Check the clocks of all hosts that use the ledger."
            )
            if not module.check_mode:
                ledger.correct(entry, at)
    emails = [plan_email(order, last_requests.get(order.id), options, at) for order in orders.values()]
    if options.skip_imported and not options.force and any(email.is_open for email in emails):
        index = index or StoreIndex(fetch_for_orders(client, STORE_ADVICE))
        emails = [skip_stored_email(email, orders[email.order_id], index, view) for email in emails]
    emails += (EmailAction("failed", "not_found", {}, order_id) for order_id in missing)
    if options.approved is not None:
        gone = fail_unselected(options.approved, selection.order_ids, {email.order_id for email in emails})
        emails = [*(limit_to_approved(email, options.approved) for email in emails), *gone]
    requested = [email for email in emails if email.outcome == "requested"]
    without_key = [email.name for email in requested if not orders[email.order_id].public_key_sha256]
    if without_key and options.skip_imported:
        module.warn(messages.describe_orders_without_key(without_key))
    return sorted(emails, key=lambda email: email.order_id)


def build_key(account_id: int, order_id: int) -> Key:
    """Return the key of an order's requests in the ledger."""
    return Key("email", f"{account_id}/{FULFILLMENT_EMAIL}/{order_id}")


def check_plan(module: Module, planned: Sequence[EmailAction]) -> None:
    """Reject a run that would send more emails than `max_orders`, or that uses an ephemeral ledger without the user's consent."""
    most, place = module.params["max_orders"], parse_ledger_url(module.params["ledger_url"])
    if len(planned) > most:
        raise CertificatesError(
            "too_many_orders",
            f"The run would request more emails ({len(planned)}) than max_orders allows ({most}), so it requested none. Select fewer orders, or raise "
            "max_orders.",
            planned=len(planned),
            max_orders=most,
            order_ids=[email.order_id for email in planned],
        )
    why = find_why_lost(str(place.database)) if planned and place.get_backend_name() == "sqlite" else None
    if not why:
        return
    what = f"The ledger {place.database} will be lost with {why}"
    if not module.params["allow_ephemeral_ledger"]:
        raise CertificatesError(
            "ephemeral_ledger",
            f"{what}, so the next run would request the same emails again. Nothing was sent. Set ledger_url, or the environment variable "
            "SOFTLAYER_CERTIFICATES_LEDGER_URL, to a PostgreSQL database or to a file on a persistent volume. To accept the loss, set "
            "allow_ephemeral_ledger: true.",
            ledger=place.database,
        )
    module.warn(f"{what}, so a later run does not find the requests of this run and may request the same emails again.")


class _RequestObstacle(Exception):
    """An obstacle found immediately before a request. The only argument is the email."""


class Requester:
    """A function that requests one email: claim the email in the ledger, call the API, and confirm or release the claim.

    Attributes:
        has_sent: whether at least one email was or may have been requested.
    """

    def __init__(self, client: Client, ledger: Ledger, account_id: int, options: EmailOptions) -> None:
        self.has_sent = False
        self._client = client
        self._ledger = ledger
        self._account_id = account_id
        self._options = options
        self._ledger_error: CertificatesError | None = None
        self._lock = threading.Lock()
        self._unknown_outcomes = 0  # requests in a row, the last one included

    def __call__(self, email: EmailAction) -> EmailAction:
        """Return the email with the outcome. The method does not raise `CertificatesError`."""
        if self._client.stop.is_set():
            return email.mark_failed("api_error", {})
        if self._unknown_outcomes >= MAX_UNKNOWN_OUTCOMES:
            return email.mark_failed("api_error", {"lost_responses": MAX_UNKNOWN_OUTCOMES})
        at = now()
        interval = timedelta() if self._options.force else self._options.min_interval
        try:
            if self._ledger_error:  # a failed ledger also fails for the remaining orders
                raise self._ledger_error
            key = build_key(self._account_id, email.order_id)
            claim = self._ledger.claim(key, at, interval, compute_lease(self._client.settings.timeout))
        except CertificatesError as error:
            self._ledger_error = error
            return email.mark_failed("api_error", {"ledger_error": error.message})
        if not isinstance(claim, Claim):  # another run was faster
            return block_email(email, claim, self._options.min_interval, at)
        done, record = self._request(email, claim)
        try:
            record(claim)
        except CertificatesError as error:
            return replace(done, facts={**done.facts, "unrecorded": error.message})
        return done

    def _request(self, email: EmailAction, claim: Claim) -> tuple[EmailAction, Callable[[Claim], None]]:
        """Return the email with the outcome, and the ledger's method to finish the claim."""
        error: CertificatesError | None = None
        is_accepted = is_outcome_unknown = False
        try:
            is_accepted = resend_fulfillment_email(self._client, email.order_id, partial(self._check_again, email))
        except _RequestObstacle as why_not:
            return why_not.args[0], self._ledger.release
        except CertificatesError as failure:
            error, is_outcome_unknown = failure, failure.code == "no_answer"  # then it may have been sent
        with self._lock:
            self._unknown_outcomes = self._unknown_outcomes + 1 if is_outcome_unknown else 0
            self.has_sent |= is_accepted or is_outcome_unknown
        requested = mark_requested(email, claim.requested_at, self._options.min_interval)
        if error and is_outcome_unknown:
            until = requested.next_allowed_at
            facts = {"error": error.message, "recipient": email.recipient}
            unknown = email.mark_failed(
                "outcome_unknown", facts, requested_at=claim.requested_at, next_allowed_at=until
            )
            return unknown, self._ledger.record_unknown_outcome
        if is_accepted:
            return requested, self._ledger.confirm
        return email.mark_failed_by(error) if error else email.mark_failed("refused", {}), self._ledger.release

    def _check_again(self, email: EmailAction) -> None:
        """Check immediately before the call, if recipients are limited, that the order is eligible and the recipient unchanged.

        Raises:
            _RequestObstacle: the check failed, or the order could not be read.
        """
        if not self._options.patterns and self._options.approved is None:
            return
        try:
            order = fetch_order(self._client, self._account_id, email.order_id)
        except CertificatesError as error:
            raise _RequestObstacle(
                replace(email.mark_failed_by(error), facts={"address_error": error.message})
            ) from None
        ineligibility, recipient = order.find_ineligibility(now()), order.approver_email
        if ineligibility:
            reason: EmailReason = ineligibility if self._options.approved is None else "changed_meanwhile"
            raise _RequestObstacle(email.mark_failed(reason, {"ineligibility": ineligibility}))
        if recipient != email.recipient:
            facts = {"seen": email.recipient, "recipient": recipient, "is_approved": False}
            raise _RequestObstacle(email.mark_failed("recipient_changed", facts))


def build_result(emails: Sequence[EmailAction], client: Client) -> dict[str, t.Any]:
    """Return the module's result, with `failure` if an order failed."""
    counts = {outcome: sum(email.outcome == outcome for email in emails) for outcome in t.get_args(EmailOutcome)}
    result: dict[str, t.Any] = {
        "changed": counts["requested"] > 0,
        "emails": [email.as_result() for email in emails],
        **{f"{outcome}_count": count for outcome, count in counts.items()},
        "api_calls": client.api_calls,
        "diff": [email.as_diff() for email in emails if email.outcome == "requested"],
    }
    failures = [email for email in emails if email.outcome == "failed"]
    if failures:
        result["failure"] = build_items_failure(
            "emails_failed",
            [f"{email.name}: {email.reason}" for email in failures],
            f"{len(emails)} fulfillment emails could not be requested",
            stopped=client.stop.is_set(),
            most=10,
            end=". See the message of each item in emails.",
            orders=[
                {"order_id": email.order_id, "reason": email.reason, "message": email.message} for email in failures
            ],
        )
    return result
