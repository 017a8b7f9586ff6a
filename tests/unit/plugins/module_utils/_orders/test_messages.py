# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How it reads why an email is not requested, a certificate not taken, or an order not imported."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.codes import Ineligibility
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.messages import (
    INELIGIBLE,
    SHOWN_NAME,
    accepted,
    attention_needed,
    email,
    empty_mailbox,
    for_other_names,
    late,
    line,
    missing,
    passed_over,
    persons_needed,
    unmatched,
    waiting,
    without_key,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.messages import trust_remedy

AT = datetime(2026, 12, 1, 8, tzinfo=timezone.utc)
NAME, ADDRESS = "www.example.com", "admin@example.com"
CERTIFICATE = SimpleNamespace(shown_name=NAME, not_before=AT, not_after=AT)
AGAIN = "Run the check again."
REQUESTED = {"requested_at": AT, "next_allowed_at": AT + timedelta(days=1)}


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        (None, {"recipient": ADDRESS}, "The fulfillment email goes to admin@example.com."),
        (None, {"recipient": "a\x1b@b"}, "The fulfillment email goes to a\\x1b@b."),
        (None, {"recipient": None}, "The fulfillment email goes to the address of the order."),
        (None, {"recipient": ADDRESS, "unrecorded": "The ledger is away."},
         "The fulfillment email goes to admin@example.com. This could not be noted, so the order counts as of unknown outcome: The ledger is away."),
        ("outcome_unknown", {"error": "No answer.", "recipient": ADDRESS},
         "No answer. Look into the mailbox of admin@example.com; force: true requests it again."),
        ("rate_limited", {"error": "Later."}, "Later."),
        ("not_found", {}, "The order does not exist, or the API user cannot access it. To list the existing orders, use ssl_order_info."),
        ("refused", {}, "The API refused to request it and gave no reason; try the certificate authority's own portal."),
        ("not_found", {"address_error": "It is gone."}, "Not requested: its address could not be read again. It is gone."),
        ("api_error", {"ledger_error": "The ledger is away."}, "Not requested: The ledger is away."),
        ("api_error", {}, "Not requested: the run was told to stop before this order's turn."),
        ("api_error", {"lost_responses": 20},
         "Not requested: the outcome of 20 requests in a row was unknown before this order's turn. Check the network, and any proxy between this "
         "machine and the API."),
        *(
            (reason, {"ineligibility": ineligibility}, f"Not requested: {INELIGIBLE[ineligibility]}")
            for ineligibility in get_args(Ineligibility)
            for reason in (ineligibility, "changed_meanwhile")
        ),
        ("recipient_not_allowed", {"recipient": None, "option": "recipients", "domain": None},
         "Not requested: it would go to an address that the API does not tell, so recipients cannot allow it."),
        ("recipient_not_allowed", {"recipient": "a@b.c\n, d@e.f", "option": "recipients", "domain": None},
         'Not requested: it would go to "a@b.c\\n, d@e.f", which is not exactly one address, so recipients cannot allow it.'),
        ("recipient_not_allowed", {"recipient": ADDRESS, "option": "allowed_recipients", "domain": None},
         "Not requested: it would go to admin@example.com, which allowed_recipients does not allow."),
        ("recipient_not_allowed", {"recipient": ADDRESS, "option": "allowed_recipients", "domain": "example.com"},
         "Not requested: it would go to admin@example.com, which allowed_recipients does not allow: its patterns are for whole addresses, so write "
         "*@example.com."),
        ("recipient_not_allowed", {}, f"Not requested: the check run showed no address for this order, so nobody has approved one. {AGAIN}"),
        ("recipient_changed", {"seen": ADDRESS, "recipient": None, "is_approved": True},
         "Not requested: the check run showed admin@example.com, and it would go to no address now. See who has changed that, and run the check again."),
        ("recipient_changed", {"seen": None, "recipient": "x\n@y", "is_approved": False},
         "Not requested: the list of orders had no address, and it would go to x\\n@y now. See who has changed that, and run the check again."),
        ("changed_meanwhile", {"status": "canceled"}, f"Not requested: the check run showed this order, and its status is canceled now. {AGAIN}"),
        ("changed_meanwhile", {}, f"Not requested: the check run showed this order, and the selection does not have it now. {AGAIN}"),
        ("cooldown", {**REQUESTED, "is_under_way": False},
         "Not requested: it was requested at 2026-12-01T08:00:00Z; the next time is due at 2026-12-02T08:00:00Z (force: true overrules this)."),
        ("outcome_unknown", {**REQUESTED, "is_under_way": True},
         "Not requested: a request of 2026-12-01T08:00:00Z is under way in another run, and may have been sent. Run again to see."),
        ("outcome_unknown", {**REQUESTED, "is_under_way": False},
         "Not requested: a request of 2026-12-01T08:00:00Z got no answer and may have been sent. Look into the mailbox; force: true requests it again."),
        ("already_imported", {"certificate_ids": [7, 8]},
         "Not requested: the store holds the order's certificate already (id 7, 8); force: true overrules this."),
        ("superseded", {"certificate_id": 9, "not_after": AT},
         "Not requested: the store holds a newer certificate for its names (id 9, valid until 2026-12-01T08:00:00Z); force: true overrules this."),
    ],
)  # fmt: skip
def test_emails(reason: str | None, facts: dict[str, Any], said: str) -> None:
    assert email(reason, facts) == said


def test_orders_without_a_key() -> None:
    """Of many, some are named."""
    said = without_key([f"order {number}" for number in range(1, 1001)])
    assert said.startswith("The API tells no readable CSR of order 1, order 2, ")
    assert (
        "order 10 and 990 more, so it cannot be known whether the store holds the certificate already, nor which"
        in said
    )


ROOTLESS: Any = SimpleNamespace(why="its root is unknown", trust="untrusted", lacks_root=True)


def untrusted(why: str | None, trust: str = "untrusted") -> dict[str, Any]:
    """What is known of a certificate that is not trusted, or, without a reason, not for its names."""
    return {"certificate": CERTIFICATE, "chain": why and SimpleNamespace(why=why, trust=trust, lacks_root=True)}


RIGHT_KEY = "The certificate www.example.com has the right public key, but"
NOT_ITS_NAMES = f"{RIGHT_KEY} not the order's common name, or a name of the signing request: look at it."
OF_SERVER = {"uid": 3, "folder": "INBOX"}
UNREADABLE = "The message with UID 3 in the folder INBOX cannot be read:"
OTHERWISE = "Open it by other means and save the certificate by hand, or have it sent again."
UNSUPPORTED = (
    "An attachment that may hold the certificate is of a kind, or packed in a way, that is not read: unpack it, and save the certificate "
    "by hand."
)


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("link_only", {}, "It has only a link to the certificate: download it there."),
        ("approval_request", {}, "The domain administrator is asked to approve the order: have that done."),
        ("no_certificate", {}, "There is no certificate in it."),
        ("no_matching_key", {}, "The certificates in it have other public keys than those looked for."),
        ("expired", {}, "The certificate with the right public key has expired: get the renewed one."),
        ("not_yet_valid", {}, "The certificate with the right public key is not valid yet: run again then, or check this machine's clock."),
        ("encrypted", {}, "The message or an attachment is encrypted: decrypt it, and save the certificate by hand."),
        ("too_large", {"is_unread": True}, "It is larger than max_message_bytes: raise that, or save the certificate by hand."),
        ("too_large", {"file_name": ""}, "It has more in it than is read, or archives more than two deep: unpack it, and save the certificate by hand."),
        ("malformed", {}, "It is damaged: have it sent again."),
        ("unreadable", {"error": "The disk is broken."},
         "The disk is broken. Open it by other means and save the certificate by hand, or have it sent again."),
        ("unreadable", {**OF_SERVER, "lost": "It is away."}, f"{UNREADABLE} It is away. {OTHERWISE}"),
        ("unreadable", {**OF_SERVER, "refused": "No."}, f"{UNREADABLE} the server refuses it: No. {OTHERWISE}"),
        ("unreadable", OF_SERVER, f"{UNREADABLE} the server leaves it out of its response. {OTHERWISE}"),
        ("unsupported_attachment", {"is_outlook": True, "file_name": "a.msg"},
         "It is, or has as an attachment, a message in Outlook's own format (.msg), which is not read: save that as .eml in Outlook, or save the "
         "certificate by hand."),
        ("unsupported_attachment", {"is_outlook": False, "file_name": ""}, UNSUPPORTED),
        ("unsupported_attachment", {"is_outlook": False, "file_name": "a\u202e" + 99 * "x"},
         f"{UNSUPPORTED} It is called a\\u202e{(SHOWN_NAME - 2) * 'x'}."),
        ("untrusted", untrusted(None),
         f"{NOT_ITS_NAMES} Whoever has got hold of a signing request can have it signed for a name of his own. If it is what you want, import it by "
         "ssl_certificate_import."),
        ("untrusted", untrusted("its root is unknown"),
         f"{RIGHT_KEY} its root is unknown. Anyone can have a certificate made for a public key. {trust_remedy(ROOTLESS, 'new')}"),
        ("chain_incomplete", untrusted("CA 1 is missing", "incomplete"),
         f"{RIGHT_KEY} CA 1 is missing. {trust_remedy(None, 'new')}"),
    ],
)  # fmt: skip
def test_messages_that_were_not_taken(reason: Any, facts: dict[str, Any], said: str) -> None:
    why = Obstacle(reason, facts)
    assert unmatched(why) == said
    assert passed_over(why) == f"Passed over: {said}"
    if "chain" in facts:
        assert accepted(why) == f"Taken, though it is not trusted: {said}"
        assert missing(why) == said


def test_a_certificate_for_other_names() -> None:
    assert for_other_names(CERTIFICATE) == NOT_ITS_NAMES  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("waiting_for_email", {}, "No message with the certificate has come yet."),
        ("waiting_for_email", {"certificate": CERTIFICATE, "is_expired": True},
         "The certificate www.example.com with the right public key has come, but it expired on 2026-12-01T08:00:00Z. No newer one has come yet."),
        ("waiting_for_email", {"certificate": CERTIFICATE, "is_expired": False},
         "The certificate www.example.com with the right public key has come, but it is not valid before 2026-12-01T08:00:00Z: run again then, or "
         "check this machine's clock."),
        ("no_public_key", {},
         "The API does not tell the order's CSR, so no certificate can be told to be the order's: look for it by csr_paths of ssl_fulfillment_email_info."),
        ("not_found", {}, "There is no such order, or the API user has no permission to see it."),
    ],
)  # fmt: skip
def test_what_was_not_found(reason: Any, facts: dict[str, Any], said: str) -> None:
    assert missing(Obstacle(reason, facts)) == said


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
    assert empty_mailbox(mailbox) == (
        f"0 messages of the last 7 days are in {where}: see whether the emails are kept elsewhere, or raise max_age_days."
    )


FOR_CERTIFICATE = "Waiting for the certificate: save it from the fulfillment email."
FOR_KEY = "Waiting for the private key that the order's CSR was made with."


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        *((reason, {}, f"Not imported: {said}") for reason, said in INELIGIBLE.items()),
        ("already_imported", {}, "The store holds the order's certificate already."),
        ("superseded", {"certificate_ids": [4, 5]}, "Not imported: the store holds a newer certificate for the order's names (id 4, 5)."),
        ("waiting_for_email", {}, "Waiting for the fulfillment email: no message with the certificate has come yet."),
        ("waiting_for_certificate", {}, FOR_CERTIFICATE),
        ("waiting_for_certificate", {"path": "/m/a.crt"}, f"{FOR_CERTIFICATE} It is looked for as /m/a.crt."),
        ("waiting_for_key", {"path": "/m/\n.key"}, f"{FOR_KEY} It is looked for as /m/\\n.key."),
        ("waiting_for_key", {"path": None},
         f"{FOR_KEY} The order tells no name, by which its files are called: import it by hand, with ssl_certificate_import."),
        ("waiting_for_key", {"other_key": "/m/a.key"},
         "Waiting for the private key: the one in /m/a.key belongs to another CSR. Put the key there that the order's CSR was made with, or order "
         "again with a CSR of the key that is there."),
        ("waiting_for_certificate", {"what": "certificate's chain", "files": ["A.chain.pem", "a\n"], "folder": "/m", "file_name": "a.ca-bundle"},
         "Waiting for the certificate's chain: A.chain.pem and a\\n in /m may each be it. Name the right one a.ca-bundle."),
    ],
)  # fmt: skip
def test_imports(reason: Any, facts: dict[str, Any], said: str) -> None:
    assert waiting(Obstacle(reason, facts)) == said


@pytest.mark.parametrize(
    ("recipient", "whom"),
    [("a\x1b@b", "a\\x1b@b"), (None, "the domain administrator"), ("", "the domain administrator")],
)
def test_an_email_that_is_late(recipient: str | None, whom: str) -> None:
    assert late("It waits.", AT, recipient) == (
        f"It waits. Its email was requested at 2026-12-01T08:00:00Z and went to {whom}: see whether what arrives there is handed on to the "
        "mailbox, and look into the spam folders."
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
    assert line(kind, record, "done") == said
    if kind in {"requested", "imported"}:
        assert line(kind, record, "would be") == said.replace(": ", ": would be ", 1)


def test_what_fails_a_run() -> None:
    skipped = {**ORDER, "reason": "waiting_for_key"}
    about = "www.example.com, order 1: waiting_for_key: Not done."
    assert persons_needed([skipped]) == f"1 order needs attention:\n{about}"
    assert persons_needed([skipped] * 2) == f"2 orders need attention:\n- {about}\n- {about}"
    row = {"order_id": 1, "name": None, "state": "received", "attention": ["expiring", "untrusted", "no_public_key"]}
    fail_on = ["untrusted", "expiring"]
    of_one = "attention (ssl_fulfillment_fail_on):\nwithout a name (order 1): expiring, untrusted"
    assert attention_needed([row], fail_on) == f"1 order needs {of_one}"
    assert attention_needed([row, {**row, "name": NAME}], ["untrusted"]) == (
        "2 orders need attention (ssl_fulfillment_fail_on):\n- without a name (order 1): untrusted\n- www.example.com (order 1): untrusted"
    )
