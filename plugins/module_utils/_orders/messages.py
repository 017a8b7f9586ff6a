# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of orders, their emails and their certificates: why something is not done, and what a run ends with. Private to softlayer.certificates.

Pure. Decisions return reasons and facts; each sentence about them stands here, once.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from .._base.codes import NO_SUCH_ORDER, Ineligibility, MissingReason, UnmatchedReason, Untrusted, WaitingReason
from .._base.errors import Obstacle
from .._base.messages import Form
from .._base.names import is_one_address
from .._base.text import printable, some_of
from .._base.times import iso
from .._replacement.messages import trust_remedy
from .._report.summary import Record, label, listed, named, stored_as
from .._x509.certificate import Certificate

INELIGIBLE: Mapping[Ineligibility, str] = {
    "pending": "the certificate authority has not approved the order yet; there is no certificate to mail.",
    "canceled": "the order was canceled or rejected, so there is no certificate to mail; leave it out.",
    "expired": "the order has expired; get a new certificate.",
    "unknown_status": "the API gives the order a status that this release does not know; nothing is sent on a guess.",
}
SHOWN_NAME = 80
"""Characters of an attachment's name in a message."""
MAX_ORDERS_NAMED = 10
"""Maximum number of orders that a warning names."""


# Requests of emails


def email(reason: str | None, facts: Mapping[str, t.Any]) -> str:
    """Return what becomes of an order's fulfillment email."""
    match reason, facts:
        case _, {"unrecorded": error, **others}:
            return (
                f"{email(reason, others)} This could not be noted, so the order counts as of unknown outcome: {error}"
            )
        case None, {"recipient": recipient}:
            return f"The fulfillment email goes to {printable(recipient or 'the address of the order')}."
        case "outcome_unknown", {"error": error, "recipient": recipient}:
            return f"{error} Look into the mailbox of {recipient}; force: true requests it again."
        case _, {"error": error}:
            return str(error)
        case _, {"address_error": error}:
            return f"Not requested: its address could not be read again. {error}"
        case "not_found", _:
            return NO_SUCH_ORDER
        case "refused", _:
            return "The API refused to request it and gave no reason; try the certificate authority's own portal."
    return f"Not requested: {_why_not_requested(reason, facts)}"


def _why_not_requested(reason: str | None, facts: Mapping[str, t.Any]) -> str:
    match reason, facts:
        case _, {"ledger_error": error}:
            return str(error)
        case _, {"ineligibility": ineligibility}:
            return INELIGIBLE[ineligibility]
        case "recipient_not_allowed", {"recipient": None, "option": option}:
            return f"it would go to an address that the API does not tell, so {option} cannot allow it."
        case "recipient_not_allowed", {"recipient": recipient, "option": option} if not is_one_address(recipient):
            return f'it would go to "{printable(recipient)}", which is not exactly one address, so {option} cannot allow it.'
        case "recipient_not_allowed", {"recipient": recipient, "option": option, "domain": domain}:
            hint = f": its patterns are for whole addresses, so write *@{printable(domain)}" if domain else ""
            return f"it would go to {recipient}, which {option} does not allow{hint}."
        case "recipient_not_allowed", _:
            return "the check run showed no address for this order, so nobody has approved one. Run the check again."
        case "recipient_changed", {"seen": seen, "recipient": recipient, "is_approved": is_approved}:
            when = "the check run showed" if is_approved else "the list of orders had"
            before, after = (printable(address) if address else "no address" for address in (seen, recipient))
            return (
                f"{when} {before}, and it would go to {after} now. See who has changed that, and run the check again."
            )
        case "changed_meanwhile", {"status": status}:
            return f"the check run showed this order, and its status is {status} now. Run the check again."
        case "changed_meanwhile", _:
            return "the check run showed this order, and the selection does not have it now. Run the check again."
        case "cooldown", {"requested_at": at, "next_allowed_at": until}:
            return f"it was requested at {iso(at)}; the next time is due at {iso(until)} (force: true overrules this)."
        case "outcome_unknown", {"requested_at": at, "is_under_way": True}:
            return f"a request of {iso(at)} is under way in another run, and may have been sent. Run again to see."
        case "outcome_unknown", {"requested_at": at}:
            return f"a request of {iso(at)} got no answer and may have been sent. Look into the mailbox; force: true requests it again."
        case "already_imported", {"certificate_ids": ids}:
            held = f"the order's certificate already (id {_listed(ids)})"
            return f"the store holds {held}; force: true overrules this."
        case "superseded", {"certificate_id": identifier, "not_after": end}:
            held = f"a newer certificate for its names (id {identifier}, valid until {iso(end)})"
            return f"the store holds {held}; force: true overrules this."
        case "api_error", {"lost_responses": count}:
            return (
                f"the outcome of {count} requests in a row was unknown before this order's turn. Check the network, "
                "and any proxy between this machine and the API."
            )
        case "api_error", _:
            return "the run was told to stop before this order's turn."
    raise AssertionError(reason, facts)


def without_key(orders: Sequence[str]) -> str:
    """Return a warning about the emails of orders that nothing can be compared with."""
    return (
        f"The API tells no readable CSR of {some_of(orders, MAX_ORDERS_NAMED)}, so it cannot be known whether the store holds "
        "the certificate already, nor which email has it: look into the store, leave out of the selection what is there, and take the rest "
        "from its email by hand, with ssl_certificate_import."
    )


# Mailboxes


def empty_mailbox(mailbox: Mapping[str, t.Any]) -> str:
    """Return that there is no message to look into; the mailbox is described by the options of `ssl_fulfillment_email_info`."""
    where = mailbox["maildir"] or ", ".join(mailbox["paths"] or ())
    if mailbox["imap"]:
        where = f"the folder {mailbox['imap']['folder']} on {mailbox['imap']['host']}"
    return (
        f"0 messages of the last {mailbox['max_age_days']:g} days are in {where}: see whether the emails are kept elsewhere, or raise "
        "max_age_days."
    )


def unmatched(why: Obstacle[UnmatchedReason]) -> str:
    """Return why no certificate was taken from a message, and what to do about it."""
    by_hand = "save the certificate by hand"
    match why.reason, why.facts:
        case "link_only", _:
            return "It has only a link to the certificate: download it there."
        case "approval_request", _:
            return "The domain administrator is asked to approve the order: have that done."
        case "no_certificate", _:
            return "There is no certificate in it."
        case "no_matching_key", _:
            return "The certificates in it have other public keys than those looked for."
        case "expired", _:
            return "The certificate with the right public key has expired: get the renewed one."
        case "not_yet_valid", _:
            return "The certificate with the right public key is not valid yet: run again then, or check this machine's clock."
        case "encrypted", _:
            return f"The message or an attachment is encrypted: decrypt it, and {by_hand}."
        case "too_large", {"is_unread": True}:
            return f"It is larger than max_message_bytes: raise that, or {by_hand}."
        case "too_large", _:
            return f"It has more in it than is read, or archives more than two deep: unpack it, and {by_hand}."
        case "malformed", _:
            return "It is damaged: have it sent again."
        case "unreadable", facts:
            return f"{unreadable(facts)} Open it by other means and {by_hand}, or have it sent again."
        case "unsupported_attachment", {"is_outlook": True}:
            return (
                "It is, or has as an attachment, a message in Outlook's own format (.msg), which is not read: "
                f"save that as .eml in Outlook, or {by_hand}."
            )
        case "unsupported_attachment", {"file_name": name}:
            named = f" It is called {printable(name[:SHOWN_NAME])}." if name else ""
            return (
                "An attachment that may hold the certificate is of a kind, or packed in a way, that is not read: "
                f"unpack it, and {by_hand}.{named}"
            )
    return untrusted(t.cast("Obstacle[Untrusted]", why))


def unreadable(facts: Mapping[str, t.Any]) -> str:
    """Return why a message or a folder could not be read."""
    match facts:
        case {"error": error}:
            return str(error)
        case {"lost": error}:
            why = error
        case {"refused": words}:
            why = f"the server refuses it: {words}"
        case _:
            why = "the server leaves it out of its response."
    return f"The message with UID {facts['uid']} in the folder {facts['folder']} cannot be read: {why}"


def passed_over(why: Obstacle[UnmatchedReason]) -> str:
    """Return a warning about a message that was not read."""
    return f"Passed over: {unmatched(why)}"


def missing(why: Obstacle[MissingReason]) -> str:
    """Return why a certificate was not found in a mailbox."""
    match why.reason, why.facts:
        case "waiting_for_email", {"certificate": certificate, "is_expired": is_expired}:
            came = f"The certificate {certificate.shown_name} with the right public key has come"
            if is_expired:
                return f"{came}, but it expired on {iso(certificate.not_after)}. No newer one has come yet."
            start = iso(certificate.not_before)
            return f"{came}, but it is not valid before {start}: run again then, or check this machine's clock."
        case "waiting_for_email", _:
            return "No message with the certificate has come yet."
        case "no_public_key", _:
            return (
                "The API does not tell the order's CSR, so no certificate can be told to be the order's: look for it by csr_paths "
                "of ssl_fulfillment_email_info."
            )
        case "not_found", _:
            return "There is no such order, or the API user has no permission to see it."
    return untrusted(t.cast("Obstacle[Untrusted]", why))


def untrusted(why: Obstacle[Untrusted]) -> str:
    """Return what is to be said of a certificate that has the right public key but is not trusted, or not for its names."""
    match why.reason, why.facts:
        case "untrusted", {"certificate": certificate, "chain": None}:
            return (
                f"{for_other_names(certificate)} "
                "Whoever has got hold of a signing request can have it signed for a name of his own. If it is what you want, import it by "
                "ssl_certificate_import."
            )
        case reason, {"certificate": certificate, "chain": chain}:
            warning = "Anyone can have a certificate made for a public key. " if reason == "untrusted" else ""
            remedy = trust_remedy(chain, "new")
            return (
                f"The certificate {certificate.shown_name} has the right public key, but {chain.why}. {warning}{remedy}"
            )
    raise AssertionError(why)


def accepted(why: Obstacle[Untrusted]) -> str:
    """Return a warning about a certificate that was taken, though it is not trusted."""
    return f"Taken, though it is not trusted: {untrusted(why)}"


def for_other_names(certificate: Certificate) -> str:
    """Return that a certificate is not for the names that were asked for."""
    return (
        f"The certificate {certificate.shown_name} has the right public key, "
        "but not the order's common name, or a name of the signing request: look at it."
    )


# Imports


def waiting(why: Obstacle[WaitingReason]) -> str:
    """Return why an order is not imported now."""
    where = ""
    if "path" in why.facts:  # what is waited for would be that file
        where = (
            f" It is looked for as {printable(why.facts['path'])}."
            if why.facts["path"]
            else " The order tells no name, by which its files are called: import it by hand, with ssl_certificate_import."
        )
    match why.reason, why.facts:
        case "already_imported", _:
            return "The store holds the order's certificate already."
        case "superseded", {"certificate_ids": ids}:
            return f"Not imported: the store holds a newer certificate for the order's names (id {_listed(ids)})."
        case "waiting_for_email", _:
            return "Waiting for the fulfillment email: no message with the certificate has come yet."
        case _, {"what": what, "files": files, "folder": folder, "file_name": name}:
            several = " and ".join(map(printable, files))
            return (
                f"Waiting for the {what}: {several} in {printable(folder)} may each be it. Name the right one {name}."
            )
        case "waiting_for_key", {"other_key": path}:
            return (
                f"Waiting for the private key: the one in {path} belongs to another CSR. Put the key there that the order's CSR was "
                "made with, or order again with a CSR of the key that is there."
            )
        case "waiting_for_certificate", _:
            return f"Waiting for the certificate: save it from the fulfillment email.{where}"
        case "waiting_for_key", _:
            return f"Waiting for the private key that the order's CSR was made with.{where}"
    return f"Not imported: {INELIGIBLE[t.cast(Ineligibility, why.reason)]}"


def late(message: str, requested_at: datetime, recipient: str | None) -> str:
    """Return what a person has to check if an email does not come; `message` says what is waited for."""
    return (
        f"{message} Its email was requested at {iso(requested_at)} and went to {printable(recipient or 'the domain administrator')}: "
        "see whether what arrives there is handed on to the mailbox, and look into the spam folders."
    )


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))


# Runs


NO_ORDERS = "No order matches the selection."


def line(kind: str, record: Record, form: Form) -> str:
    """Return what the summary of a run says of an order.

    Args:
        kind: the list of `ssl_fulfillment_result` that it is in.
        record: what is known of it.
        form: whether it was done.
    """
    would_be = "" if form == "done" else f"{form} "
    order = f"{label(record) or 'without a name'} (order {record.get('order_id')})"
    match kind, record:
        case "requested", {"recipient": recipient}:
            return f"{order}: {would_be}requested for {recipient or 'an unknown recipient'}"
        case "collected", {"source": source}:
            return f"{order}: found in the email of {source.get('date') or 'an unknown date'}"
    return f"{order}: {would_be}{record['outcome']}{stored_as(record)}"


def persons_needed(skipped: Sequence[Record]) -> str:
    """Return which orders wait for a person longer than they should."""
    need = "1 order needs" if len(skipped) == 1 else f"{len(skipped)} orders need"
    return f"{need} attention:{listed([*map(_attention_message, skipped)])}"


def _attention_message(skipped: Record) -> str:
    return f"{named(skipped) or 'a certificate'}: {skipped['reason']}: {skipped['message']}"


def attention_needed(rows: Sequence[Record], fail_on: Collection[str]) -> str:
    """Return which rows of the report fail a run, each with the kinds of attention for which the run fails."""
    need = "1 order needs" if len(rows) == 1 else f"{len(rows)} orders need"
    kinds = (", ".join(kind for kind in row["attention"] if kind in fail_on) for row in rows)
    named_rows = [
        f"{row['name'] or 'without a name'} (order {row['order_id']}): {said}"
        for row, said in zip(rows, kinds, strict=True)
    ]
    return f"{need} attention (ssl_fulfillment_fail_on):{listed(named_rows)}"
