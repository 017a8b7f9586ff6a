# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why an email is not requested, a certificate not taken, or an order not imported."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import (
    ORDER_NOT_FOUND,
    IneligibilityReason,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.messages import (
    INELIGIBILITY_MESSAGES,
    MAX_SHOWN_NAME,
    describe_accepted,
    describe_email,
    describe_empty_mailbox,
    describe_late_email,
    describe_missing,
    describe_name_mismatch,
    describe_orders_without_key,
    describe_skipped_message,
    describe_unmatched,
    describe_waiting,
    format_failing_rows,
    format_line,
    format_skipped_orders,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import find_trust_remedy

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
NAME, ADDRESS = "www.example.com", "admin@example.com"
CERTIFICATE = SimpleNamespace(shown_name=NAME, not_before=AT, not_after=AT)
AGAIN = "Run the playbook in check mode again."
REQUESTED = {"requested_at": AT, "next_allowed_at": AT + timedelta(days=1)}


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (None, {"recipient": ADDRESS}, "The email was requested for admin@example.com."),
        (None, {"recipient": ADDRESS, "form": "would be"}, "The email would be requested for admin@example.com."),
        (None, {"recipient": "a\x1b@b"}, "The email was requested for a\\x1b@b."),
        (None, {"recipient": None}, "The email was requested for the address of the order."),
        (None, {"recipient": ADDRESS, "unrecorded": "The ledger is away."},
         "The email was requested for admin@example.com. The outcome counts as unknown, because the ledger could not record the outcome: The "
         "ledger is away."),
        ("outcome_unknown", {"error": "No answer.", "recipient": ADDRESS},
         "No answer. Check the mailbox of admin@example.com. To request the email again, set force: true."),
        ("rate_limited", {"error": "Later."}, "Later."),
        ("not_found", {}, ORDER_NOT_FOUND),
        ("refused", {}, "The API rejected the request for the email without a reason. Download the certificate from the CA portal."),
        ("not_found", {"address_error": "It is gone."}, "Not requested: the recipient could not be read again. It is gone."),
        ("api_error", {"ledger_error": "The ledger is away."}, "Not requested: The ledger is away."),
        ("api_error", {}, "Not requested: the run was interrupted before the request. Run the playbook again."),
        ("api_error", {"lost_responses": 20},
         "Not requested: the outcome of the previous 20 requests is unknown. Check the network, and any proxy between this host and the API."),
        *(
            (reason, {"ineligibility": ineligibility}, f"Not requested: {INELIGIBILITY_MESSAGES[ineligibility]}")
            for ineligibility in get_args(IneligibilityReason)
            for reason in (ineligibility, "changed_meanwhile")
        ),
        ("recipient_not_allowed", {"recipient": None, "option": "recipients", "domain": None},
         "Not requested: the API does not return the recipient, so no entry of recipients matches. Check the order in the portal."),
        ("recipient_not_allowed", {"recipient": "a@b.c\n, d@e.f", "option": "recipients", "domain": None},
         'Not requested: the recipient "a@b.c\\n, d@e.f" is not exactly one address, so no entry of recipients matches. '
         "Check the order in the portal."),
        ("recipient_not_allowed", {"recipient": ADDRESS, "option": "allowed_recipients", "domain": None},
         "Not requested: allowed_recipients does not allow the recipient admin@example.com. Check the address, or change allowed_recipients."),
        ("recipient_not_allowed", {"recipient": ADDRESS, "option": "allowed_recipients", "domain": "example.com"},
         "Not requested: allowed_recipients does not allow the recipient admin@example.com. Patterns must match whole addresses: to "
         "allow the domain, write *@example.com."),
        ("recipient_not_allowed", {}, f"Not requested: the run in check mode returned no recipient for this order, so no recipient is approved. {AGAIN}"),
        ("recipient_changed", {"seen": ADDRESS, "recipient": None, "is_approved": True},
         "Not requested: the recipient changed from admin@example.com to no address since the run in check mode. Check who changed the recipient, and "
         "run the playbook in check mode again."),
        ("recipient_changed", {"seen": None, "recipient": "x\n@y", "is_approved": False},
         "Not requested: the recipient changed from no address to x\\n@y since the orders were listed. Check who changed the recipient, and run the "
         "playbook in check mode again."),
        ("changed_meanwhile", {"status": "canceled"}, f"Not requested: the status of this order changed to canceled after the run in check mode. {AGAIN}"),
        ("changed_meanwhile", {}, f"Not requested: the run in check mode returned this order, but the selection no longer contains the order. {AGAIN}"),
        ("cooldown", {**REQUESTED, "is_under_way": False},
         "Not requested: the email was requested at 2026-12-01T08:00:00Z. The next request is allowed at 2026-12-02T08:00:00Z. To request the email "
         "now, set force: true."),
        ("outcome_unknown", {**REQUESTED, "is_under_way": True},
         "Not requested: another run started a request at 2026-12-01T08:00:00Z and may have sent the request. Run the playbook again to see the result."),
        ("outcome_unknown", {**REQUESTED, "is_under_way": False},
         "Not requested: the API did not respond to a request at 2026-12-01T08:00:00Z, so the email may have been sent. Check the mailbox. To request "
         "the email again, set force: true."),
        ("already_imported", {"certificate_ids": [7, 8]},
         "Not requested: the store already contains the order's certificate (id 7, 8). To request the email anyway, set force: true."),
        ("superseded", {"certificate_id": 9, "not_after": AT},
         "Not requested: the store already contains a newer certificate for the order's names (id 9, expires at 2026-12-01T08:00:00Z). To request the "
         "email anyway, set force: true."),
    ],
)  # fmt: skip
def test_emails(reason: str | None, facts: dict[str, Any], said: str) -> None:
    assert describe_email(reason, facts) == said


def test_orders_without_a_key() -> None:
    """Of many, some are named."""
    said = describe_orders_without_key([f"order {number}" for number in range(1, 1001)])
    assert said.startswith("The API returns no readable CSR for order 1, order 2, ")
    assert (
        "order 10 and 990 more, so these orders cannot be matched with stored certificates or emails. Exclude the orders"
        in said
    )


ROOTLESS: Any = SimpleNamespace(why="its root is unknown", trust="untrusted", has_untrusted_root=True)


def untrusted(why: str | None, trust: str = "untrusted") -> dict[str, Any]:
    """What is known of a certificate that is not trusted, or, without a reason, not for its names."""
    return {"certificate": CERTIFICATE, "chain": why and SimpleNamespace(why=why, trust=trust, has_untrusted_root=True)}


RIGHT_KEY = "The certificate www.example.com has the expected public key, but"
NOT_ITS_NAMES = f"{RIGHT_KEY} neither the order's common name nor a name in the CSR. Check the certificate."
OF_SERVER = {"uid": 3, "folder": "INBOX"}
UNREADABLE = "Cannot read the message with UID 3 in the folder INBOX:"
OTHERWISE = "Open the message with another program and save the certificate manually, or request the email again."
UNSUPPORTED = (
    "An attachment that may contain the certificate has an unsupported file format or compression. Unpack the attachment, and save the "
    "certificate manually."
)


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("link_only", {}, "The message contains only a link to the certificate. Download the certificate from the link."),
        ("approval_request", {}, "The message requests the domain administrator's approval. Approve the order."),
        ("no_certificate", {}, "The message does not contain a certificate."),
        ("no_matching_key", {}, "The certificates in the message do not have an expected public key."),
        ("expired", {}, "The certificate with the expected public key has expired. Get the renewed certificate."),
        ("not_yet_valid", {},
         "The certificate with the expected public key is not valid yet. Run the playbook again when the certificate is valid, or check the clock of "
         "this host."),
        ("encrypted", {}, "The message or an attachment is encrypted. Decrypt the content, and save the certificate manually."),
        ("too_large", {"is_unread": True}, "The message is larger than max_message_bytes. Raise max_message_bytes, or save the certificate manually."),
        ("too_large", {"file_name": ""},
         "The message exceeds the limits for content, or contains archives nested more than two levels deep. Unpack the attachments, and save the "
         "certificate manually."),
        ("malformed", {}, "The message is damaged. Request the email again."),
        ("unreadable", {"error": "The disk is broken."},
         "The disk is broken. Open the message with another program and save the certificate manually, or request the email again."),
        ("unreadable", {**OF_SERVER, "lost": "It is away."}, f"{UNREADABLE} It is away. {OTHERWISE}"),
        ("unreadable", {**OF_SERVER, "refused": "No."}, f"{UNREADABLE} the server rejected the request: No. {OTHERWISE}"),
        ("unreadable", OF_SERVER, f"{UNREADABLE} the response of the server does not contain the message. {OTHERWISE}"),
        ("unsupported_attachment", {"is_outlook": True, "file_name": "a.msg"},
         "The message, or an attachment, has the unsupported Outlook format .msg. Save the message as an .eml file in Outlook, or save the certificate "
         "manually."),
        ("unsupported_attachment", {"is_outlook": False, "file_name": ""}, UNSUPPORTED),
        ("unsupported_attachment", {"is_outlook": False, "file_name": "a\u202e" + 99 * "x"},
         f"{UNSUPPORTED} The file name of the attachment is a\\u202e{(MAX_SHOWN_NAME - 2) * 'x'}."),
        ("untrusted", untrusted(None),
         f"{NOT_ITS_NAMES} Anyone who has a CSR can use the CSR to get a certificate for another name. If the certificate is correct, import it with "
         "ssl_certificate_import."),
        ("untrusted", untrusted("its root is unknown"),
         f"{RIGHT_KEY} its root is unknown. Anyone can create a certificate with a known public key. {find_trust_remedy(ROOTLESS, 'new')}"),
        ("chain_incomplete", untrusted("CA 1 is missing", "incomplete"),
         f"{RIGHT_KEY} CA 1 is missing. {find_trust_remedy(None, 'new')}"),
    ],
)  # fmt: skip
def test_messages_that_were_not_taken(reason: Any, facts: dict[str, Any], said: str) -> None:
    why = Obstacle(reason, facts)
    assert describe_unmatched(why) == said
    assert describe_skipped_message(why) == f"Skipped: {said}"
    if "chain" in facts:
        assert describe_accepted(why) == f"Accepted an untrusted certificate: {said}"
        assert describe_missing(why) == said


def test_a_certificate_for_other_names() -> None:
    assert describe_name_mismatch(CERTIFICATE) == NOT_ITS_NAMES  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("waiting_for_email", {}, "No message with the certificate has arrived yet."),
        ("waiting_for_email", {"certificate": CERTIFICATE, "is_expired": True},
         "The certificate www.example.com with the expected public key has arrived, but expired at 2026-12-01T08:00:00Z. No newer certificate has "
         "arrived yet."),
        ("waiting_for_email", {"certificate": CERTIFICATE, "is_expired": False},
         "The certificate www.example.com with the expected public key has arrived, but is not valid before 2026-12-01T08:00:00Z. Run the playbook "
         "again when the certificate is valid, or check the clock of this host."),
        ("no_public_key", {},
         "The API does not return the order's CSR, so no certificate can be matched with the order. Find the certificate by its CSR, with csr_paths of "
         "ssl_fulfillment_email_info."),
        ("not_found", {}, "The order does not exist, or the API user cannot access it."),
    ],
)  # fmt: skip
def test_what_was_not_found(reason: Any, facts: dict[str, Any], said: str) -> None:
    assert describe_missing(Obstacle(reason, facts)) == said


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"imap": {"folder": "Orders", "host": "imap.example.com"}}, "the folder Orders on imap.example.com"),
        ({"maildir": "/var/mail/one"}, "/var/mail/one"),
        ({"paths": ["/mails", "/b.eml"]}, "/mails, /b.eml"),
    ],
)
def test_an_empty_mailbox(options: dict[str, Any], where: str) -> None:
    mailbox = {"imap": None, "maildir": None, "paths": None, "max_age_days": 7.0, **options}
    assert describe_empty_mailbox(mailbox) == (
        f"Found 0 messages of the last 7 days in {where}. Check whether the emails are in another mailbox or folder, or raise max_age_days."
    )


FOR_CERTIFICATE = "Waiting for the certificate: save the certificate from the fulfillment email."
FOR_KEY = "Waiting for the private key of the order's CSR."


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        *((reason, {}, f"Not imported: {said}") for reason, said in INELIGIBILITY_MESSAGES.items()),
        ("already_imported", {}, "The store already contains the order's certificate."),
        ("superseded", {"certificate_ids": [4, 5]}, "Not imported: the store already contains a newer certificate for the order's names (id 4, 5)."),
        ("waiting_for_email", {}, "Waiting for the fulfillment email: no message with the certificate has arrived yet."),
        ("waiting_for_certificate", {}, FOR_CERTIFICATE),
        ("waiting_for_certificate", {"path": "/m/a.crt"}, f"{FOR_CERTIFICATE} The expected path is /m/a.crt."),
        ("waiting_for_key", {"path": "/m/\n.key"}, f"{FOR_KEY} The expected path is /m/\\n.key."),
        ("waiting_for_key", {"path": None},
         f"{FOR_KEY} The order has no name, so its files cannot be found by name. Import the certificate manually with ssl_certificate_import."),
        ("waiting_for_key", {"other_key": "/m/a.key"},
         "Waiting for the private key: the key in /m/a.key belongs to another CSR. Save the key of the order's CSR as /m/a.key, or order the "
         "certificate again with a CSR of the current key."),
        ("waiting_for_certificate", {"what": "certificate's chain", "files": ["A.chain.pem", "a\n"], "folder": "/m", "file_name": "a.ca-bundle"},
         "Waiting for the certificate's chain: A.chain.pem and a\\n in /m all match the order's name. Rename the correct file to a.ca-bundle."),
    ],
)  # fmt: skip
def test_imports(reason: Any, facts: dict[str, Any], said: str) -> None:
    assert describe_waiting(Obstacle(reason, facts)) == said


@pytest.mark.parametrize(
    ("recipient", "whom"),
    [("a\x1b@b", "a\\x1b@b"), (None, "the domain administrator"), ("", "the domain administrator")],
)
def test_an_email_that_is_late(recipient: str | None, whom: str) -> None:
    assert describe_late_email("It waits.", AT, recipient) == (
        f"It waits. The email was requested at 2026-12-01T08:00:00Z and sent to {whom}. Check that the recipient's address forwards to the mailbox, and "
        "check the spam folders."
    )


ORDER = {"order_id": 1, "common_name": NAME, "recipient": ADDRESS, "message": "Not done."}
NAMELESS = {"order_id": 2, "common_name": None, "subject_alt_names": ["192.0.2.1", NAME, "example.com"]}


@pytest.mark.parametrize(
    ("kind", "record", "said"),
    [
        ("requested", ORDER, "www.example.com (order 1): requested for admin@example.com"),
        ("requested", {**NAMELESS, "recipient": None}, "www.example.com (order 2): requested for an unknown recipient"),
        ("collected", {"source": {}}, "without a name (order None): found in the email of an unknown date"),
        ("collected", {**ORDER, "source": {"date": "today"}}, "www.example.com (order 1): found in the email of today"),
        ("imported", {**ORDER, "outcome": "updated"}, "www.example.com (order 1): updated"),
        ("imported", {**ORDER, "outcome": "imported", "id": 7}, "www.example.com (order 1): imported as certificate 7"),
    ],
)  # fmt: skip
def test_lines_of_a_run(kind: str, record: dict[str, Any], said: str) -> None:
    assert format_line(kind, record, "done") == said
    if kind in {"requested", "imported"}:
        assert format_line(kind, record, "would be") == said.replace(": ", ": would be ", 1)


def test_what_fails_a_run() -> None:
    skipped = {**ORDER, "reason": "waiting_for_key"}
    about = "www.example.com, order 1: waiting_for_key: Not done."
    assert format_skipped_orders([skipped]) == f"1 order needs attention:\n{about}"
    assert format_skipped_orders([skipped] * 2) == f"2 orders need attention:\n- {about}\n- {about}"
    row = {"order_id": 1, "name": None, "state": "received", "attention": ["expiring", "untrusted", "no_public_key"]}
    fail_on = ["untrusted", "expiring"]
    of_one = "attention (ssl_fulfillment_fail_on):\nwithout a name (order 1): expiring, untrusted"
    assert format_failing_rows([row], fail_on) == f"1 order needs {of_one}"
    assert format_failing_rows([row, {**row, "name": NAME}], ["untrusted"]) == (
        "2 orders need attention (ssl_fulfillment_fail_on):\n- without a name (order 1): untrusted\n- www.example.com (order 1): untrusted"
    )
