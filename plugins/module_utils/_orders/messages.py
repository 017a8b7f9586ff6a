# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages about orders, emails, and certificates, and the summary lines of a run. Private to softlayer.certificates.

Pure. Decisions return reasons and facts; this file contains each sentence once.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from .._base.codes import (
    ORDER_NOT_FOUND,
    IneligibilityReason,
    MissingReason,
    TrustReason,
    UnmatchedReason,
    WaitingReason,
)
from .._base.errors import Obstacle
from .._base.messages import Form
from .._base.names import is_one_address
from .._base.text import escape_invisible, join_first
from .._base.times import format_time
from .._replacement.messages import find_trust_remedy
from .._report.summary import Record, choose_label, format_list, format_record_name, format_stored_id
from .._x509.certificate import Certificate

INELIGIBILITY_MESSAGES: Mapping[IneligibilityReason, str] = {
    "pending": "the CA has not approved the order yet, so the CA cannot send a certificate. Wait for the approval.",
    "canceled": "the order was canceled or rejected, so the CA cannot send a certificate. Remove the order from the selection.",
    "expired": "the order has expired. Order a new certificate.",
    "unknown_status": "the order has a status that this release does not support. Update softlayer.certificates, or check the order in the portal.",
}
MAX_SHOWN_NAME = 80
"""Maximum number of characters of an attachment's name in a message."""
MAX_LISTED_ORDERS = 10
"""Maximum number of orders in a warning."""


# Requests of emails


def describe_email(reason: str | None, facts: Mapping[str, t.Any]) -> str:
    """Return the message about an order's fulfillment email."""
    match reason, facts:
        case _, {"unrecorded": error, **others}:
            return f"{describe_email(reason, others)} The outcome counts as unknown, because the ledger could not record the outcome: {error}"
        case None, {"recipient": recipient}:
            was = "would be" if facts.get("form") == "would be" else "was"
            return f"The email {was} requested for {escape_invisible(recipient or 'the address of the order')}."
        case "outcome_unknown", {"error": error, "recipient": recipient}:
            return f"{error} Check the mailbox of {recipient}. To request the email again, set force: true."
        case _, {"error": error}:
            return str(error)
        case _, {"address_error": error}:
            return f"Not requested: the recipient could not be read again. {error}"
        case "not_found", _:
            return ORDER_NOT_FOUND
        case "refused", _:
            return "The API rejected the request for the email without a reason. Download the certificate from the CA portal."
    return f"Not requested: {_describe_request_obstacle(reason, facts)}"


def _describe_request_obstacle(reason: str | None, facts: Mapping[str, t.Any]) -> str:
    match reason, facts:
        case _, {"ledger_error": error}:
            return str(error)
        case _, {"ineligibility": ineligibility}:
            return INELIGIBILITY_MESSAGES[ineligibility]
        case "recipient_not_allowed", {"recipient": None, "option": option}:
            return f"the API does not return the recipient, so no entry of {option} matches. Check the order in the portal."
        case "recipient_not_allowed", {"recipient": recipient, "option": option} if not is_one_address(recipient):
            return f'the recipient "{escape_invisible(recipient)}" is not exactly one address, so no entry of {option} matches. Check the order in the portal.'
        case "recipient_not_allowed", {"recipient": recipient, "option": option, "domain": domain}:
            fix = (
                f"Patterns must match whole addresses: to allow the domain, write *@{escape_invisible(domain)}"
                if domain
                else f"Check the address, or change {option}"
            )
            return f"{option} does not allow the recipient {recipient}. {fix}."
        case "recipient_not_allowed", _:
            return "the run in check mode returned no recipient for this order, so no recipient is approved. Run the playbook in check mode again."
        case "recipient_changed", {"seen": seen, "recipient": recipient, "is_approved": is_approved}:
            since = "since the run in check mode" if is_approved else "since the orders were listed"
            before, after = (escape_invisible(address) if address else "no address" for address in (seen, recipient))
            return f"the recipient changed from {before} to {after} {since}. Check who changed the recipient, and run the playbook in check mode again."
        case "changed_meanwhile", {"status": status}:
            return f"the status of this order changed to {status} after the run in check mode. Run the playbook in check mode again."
        case "changed_meanwhile", _:
            return "the run in check mode returned this order, but the selection no longer contains the order. Run the playbook in check mode again."
        case "cooldown", {"requested_at": at, "next_allowed_at": until}:
            return (
                f"the email was requested at {format_time(at)}. The next request is allowed at {format_time(until)}. "
                "To request the email now, set force: true."
            )
        case "outcome_unknown", {"requested_at": at, "is_under_way": True}:
            return f"another run started a request at {format_time(at)} and may have sent the request. Run the playbook again to see the result."
        case "outcome_unknown", {"requested_at": at}:
            return (
                f"the API did not respond to a request at {format_time(at)}, so the email may have been sent. Check the mailbox. To request the email again, "
                "set force: true."
            )
        case "already_imported", {"certificate_ids": ids}:
            held = f"the order's certificate (id {_join_ids(ids)})"
            return f"the store already contains {held}. To request the email anyway, set force: true."
        case "superseded", {"certificate_id": identifier, "not_after": end}:
            held = f"a newer certificate for the order's names (id {identifier}, expires at {format_time(end)})"
            return f"the store already contains {held}. To request the email anyway, set force: true."
        case "api_error", {"lost_responses": count}:
            return f"the outcome of the previous {count} requests is unknown. Check the network, and any proxy between this host and the API."
        case "api_error", _:
            return "the run was interrupted before the request. Run the playbook again."
    raise AssertionError(reason, facts)


def describe_orders_without_key(orders: Sequence[str]) -> str:
    """Return the warning about orders without a readable CSR, which cannot be matched with certificates."""
    return (
        f"The API returns no readable CSR for {join_first(orders, MAX_LISTED_ORDERS)}, so these orders cannot be matched with stored certificates or "
        "emails. Exclude the orders whose certificates are already in the store, and import the certificates of the other orders manually with "
        "ssl_certificate_import."
    )


# Mailboxes


def describe_empty_mailbox(mailbox: Mapping[str, t.Any]) -> str:
    """Return the warning that a mailbox contains no recent messages. `mailbox`: options of `ssl_fulfillment_email_info`."""
    where = mailbox["maildir"] or ", ".join(mailbox["paths"] or ())
    if mailbox["imap"]:
        where = f"the folder {mailbox['imap']['folder']} on {mailbox['imap']['host']}"
    return (
        f"Found 0 messages of the last {mailbox['max_age_days']:g} days in {where}. Check whether the emails are in another mailbox or folder, or raise "
        "max_age_days."
    )


def describe_unmatched(why: Obstacle[UnmatchedReason]) -> str:
    """Return the reason why a message yielded no certificate, and the fix."""
    save_manually = "save the certificate manually"
    match why.reason, why.facts:
        case "link_only", _:
            return "The message contains only a link to the certificate. Download the certificate from the link."
        case "approval_request", _:
            return "The message requests the domain administrator's approval. Approve the order."
        case "no_certificate", _:
            return "The message does not contain a certificate."
        case "no_matching_key", _:
            return "The certificates in the message do not have an expected public key."
        case "expired", _:
            return "The certificate with the expected public key has expired. Get the renewed certificate."
        case "not_yet_valid", _:
            return (
                "The certificate with the expected public key is not valid yet. Run the playbook again when the certificate is valid, or check the "
                "clock of this host."
            )
        case "encrypted", _:
            return f"The message or an attachment is encrypted. Decrypt the content, and {save_manually}."
        case "too_large", {"is_unread": True}:
            return f"The message is larger than max_message_bytes. Raise max_message_bytes, or {save_manually}."
        case "too_large", _:
            return (
                "The message exceeds the limits for content, or contains archives nested more than two levels deep. Unpack the attachments, and "
                f"{save_manually}."
            )
        case "malformed", _:
            return "The message is damaged. Request the email again."
        case "unreadable", facts:
            return f"{describe_unreadable(facts)} Open the message with another program and {save_manually}, or request the email again."
        case "unsupported_attachment", {"is_outlook": True}:
            return (
                "The message, or an attachment, has the unsupported Outlook format .msg. Save the message as an .eml file in Outlook, or "
                f"{save_manually}."
            )
        case "unsupported_attachment", {"file_name": name}:
            named = f" The file name of the attachment is {escape_invisible(name[:MAX_SHOWN_NAME])}." if name else ""
            return (
                "An attachment that may contain the certificate has an unsupported file format or compression. Unpack the attachment, and "
                f"{save_manually}.{named}"
            )
    return describe_untrusted(t.cast("Obstacle[TrustReason]", why))


def describe_unreadable(facts: Mapping[str, t.Any]) -> str:
    """Return the reason why a message or a directory could not be read."""
    match facts:
        case {"error": error}:
            return str(error)
        case {"lost": error}:
            why = error
        case {"refused": words}:
            why = f"the server rejected the request: {words}"
        case _:
            why = "the response of the server does not contain the message."
    return f"Cannot read the message with UID {facts['uid']} in the folder {facts['folder']}: {why}"


def describe_skipped_message(why: Obstacle[UnmatchedReason]) -> str:
    """Return the warning about a skipped message."""
    return f"Skipped: {describe_unmatched(why)}"


def describe_missing(why: Obstacle[MissingReason]) -> str:
    """Return the reason why a mailbox search did not find a certificate, and the fix."""
    match why.reason, why.facts:
        case "waiting_for_email", {"certificate": certificate, "is_expired": is_expired}:
            came = f"The certificate {certificate.shown_name} with the expected public key has arrived"
            if is_expired:
                return f"{came}, but expired at {format_time(certificate.not_after)}. No newer certificate has arrived yet."
            start = format_time(certificate.not_before)
            return f"{came}, but is not valid before {start}. Run the playbook again when the certificate is valid, or check the clock of this host."
        case "waiting_for_email", _:
            return "No message with the certificate has arrived yet."
        case "no_public_key", _:
            return (
                "The API does not return the order's CSR, so no certificate can be matched with the order. Find the certificate by its CSR, with "
                "csr_paths of ssl_fulfillment_email_info."
            )
        case "not_found", _:
            return "The order does not exist, or the API user cannot access it."
    return describe_untrusted(t.cast("Obstacle[TrustReason]", why))


def describe_untrusted(why: Obstacle[TrustReason]) -> str:
    """Return the message about a certificate with the expected public key, but without trust or without the expected names."""
    match why.reason, why.facts:
        case "untrusted", {"certificate": certificate, "chain": None}:
            return (
                f"{describe_name_mismatch(certificate)} Anyone who has a CSR can use the CSR to get a certificate for another name. If the certificate is "
                "correct, import it with ssl_certificate_import."
            )
        case reason, {"certificate": certificate, "chain": chain}:
            warning = "Anyone can create a certificate with a known public key. " if reason == "untrusted" else ""
            remedy = find_trust_remedy(chain, "new")
            return f"The certificate {certificate.shown_name} has the expected public key, but {chain.why}. {warning}{remedy}"
    raise AssertionError(why)


def describe_accepted(why: Obstacle[TrustReason]) -> str:
    """Return the warning about an accepted, untrusted certificate."""
    return f"Accepted an untrusted certificate: {describe_untrusted(why)}"


def describe_name_mismatch(certificate: Certificate) -> str:
    """Return the message about a certificate without the expected names."""
    return (
        f"The certificate {certificate.shown_name} has the expected public key, but neither the order's common name nor a name in the CSR. Check the "
        "certificate."
    )


# Imports


def describe_waiting(why: Obstacle[WaitingReason]) -> str:
    """Return the reason why an order is not imported now, and the fix."""
    where = ""
    if "path" in why.facts:  # what is waited for would be that file
        where = (
            f" The expected path is {escape_invisible(why.facts['path'])}."
            if why.facts["path"]
            else " The order has no name, so its files cannot be found by name. Import the certificate manually with ssl_certificate_import."
        )
    match why.reason, why.facts:
        case "already_imported", _:
            return "The store already contains the order's certificate."
        case "superseded", {"certificate_ids": ids}:
            return f"Not imported: the store already contains a newer certificate for the order's names (id {_join_ids(ids)})."
        case "waiting_for_email", _:
            return "Waiting for the fulfillment email: no message with the certificate has arrived yet."
        case _, {"what": what, "files": files, "folder": folder, "file_name": name}:
            several = " and ".join(map(escape_invisible, files))
            return f"Waiting for the {what}: {several} in {escape_invisible(folder)} all match the order's name. Rename the correct file to {name}."
        case "waiting_for_key", {"other_key": path}:
            return (
                f"Waiting for the private key: the key in {path} belongs to another CSR. Save the key of the order's CSR as {path}, or order the "
                "certificate again with a CSR of the current key."
            )
        case "waiting_for_certificate", _:
            return f"Waiting for the certificate: save the certificate from the fulfillment email.{where}"
        case "waiting_for_key", _:
            return f"Waiting for the private key of the order's CSR.{where}"
    return f"Not imported: {INELIGIBILITY_MESSAGES[t.cast(IneligibilityReason, why.reason)]}"


def describe_late_email(message: str, requested_at: datetime, recipient: str | None) -> str:
    """Return the message about a late email. `message`: the sentence about the missing item."""
    return (
        f"{message} The email was requested at {format_time(requested_at)} and sent to {escape_invisible(recipient or 'the domain administrator')}. "
        "Check that the recipient's address forwards to the mailbox, and check the spam folders."
    )


def _join_ids(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))


# Runs


NO_ORDERS = "No order matches the selection."


def format_line(kind: str, record: Record, form: Form) -> str:
    """Return the summary line of an order.

    Args:
        kind: a list in `ssl_fulfillment_result`.
        record: the order's entry in the list.
        form: whether the action was done.
    """
    would_be = "" if form == "done" else f"{form} "
    order = f"{choose_label(record) or 'without a name'} (order {record.get('order_id')})"
    match kind, record:
        case "requested", {"recipient": recipient}:
            return f"{order}: {would_be}requested for {recipient or 'an unknown recipient'}"
        case "collected", {"source": source}:
            return f"{order}: found in the email of {source.get('date') or 'an unknown date'}"
    return f"{order}: {would_be}{record['outcome']}{format_stored_id(record)}"


def format_skipped_orders(skipped: Sequence[Record]) -> str:
    """Return the message about skipped orders that need attention, one line per order."""
    need = "1 order needs" if len(skipped) == 1 else f"{len(skipped)} orders need"
    return f"{need} attention:{format_list([*map(_format_attention, skipped)])}"


def _format_attention(skipped: Record) -> str:
    return f"{format_record_name(skipped) or 'a certificate'}: {skipped['reason']}: {skipped['message']}"


def format_failing_rows(rows: Sequence[Record], fail_on: Collection[str]) -> str:
    """Return the message about the report's rows that fail a run, each with the kinds of attention in `fail_on`."""
    need = "1 order needs" if len(rows) == 1 else f"{len(rows)} orders need"
    kinds = (", ".join(kind for kind in row["attention"] if kind in fail_on) for row in rows)
    named_rows = [
        f"{row['name'] or 'without a name'} (order {row['order_id']}): {said}"
        for row, said in zip(rows, kinds, strict=True)
    ]
    return f"{need} attention (ssl_fulfillment_fail_on):{format_list(named_rows)}"
