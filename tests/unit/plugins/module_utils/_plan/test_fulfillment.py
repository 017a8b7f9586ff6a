# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.fulfillment import (
    selected,
    takes_what_it_requests,
    why_not_fulfilled,
    why_person_needed,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso

NEEDS: dict[str, Any] = {
    "phases": ["request"],
    "playbook_phases": None,
    "mail": None,
    "wait_timeout": 900.0,
    "certificate_dir": None,
    "privatekey_dir": None,
    "inventory_vars_prefix": "ssl_order_",
    "hosts": None,
}


def refused(**needs: Any) -> str | None:
    """Why the role does not begin; there are these folders."""
    return why_not_fulfilled({**NEEDS, **needs}, lambda path: path == "/keys", lambda path: path in {"/mail", "/m"})


MAIL = {"mail": {"maildir": "/mail"}}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"phases": ["deploy"]},
            "Run the playbook softlayer.certificates.deploy, or that role with ssl_rotation_phases",
        ),
        (
            {"phases": ["import", "verify"]},
            "ssl_fulfillment_phases names verify: load balancers are what the role ssl_rotation",
        ),
        ({"phases": ["collect"]}, "by one of imap, maildir and paths."),
        (
            {"phases": ["collect"], "mail": {"maildir": "/m", "paths": []}},
            "it names maildir and paths, leave all but one out.",
        ),
        (
            {"phases": "collect", "mail": {"imap": {"host": "a", "username": "u", "password": "p", "port": "70000"}}},
            "ssl_fulfillment_mail cannot be used: port of imap must be from 1 to 65535.",
        ),
        (
            {"phases": ["collect"], "mail": {"imap": {"host": "a", "username": ""}}},
            "missing required arguments: password found in ssl_fulfillment_mail -> imap.",
        ),
        (
            {"phases": ["collect"], "mail": {"imap": {"passwort x": "p"}}},
            "There is no option ssl_fulfillment_mail.imap.(a name of 10 characters); there are ca_path,",
        ),
        (
            {"phases": ["collect"], "mail": {"imap": "imap.example.com"}},
            "imap of ssl_fulfillment_mail is no dict. Write it like",
        ),
        ({"phases": ["collect"], "mail": {"maildir": None}}, "by one of imap, maildir and paths."),
        (
            {"phases": ["collect"], "mail": {"maildir": "/m", "max_age_days": True}},
            "ssl_fulfillment_mail.max_age_days takes a number, and true or false is none.",
        ),
        (
            {"phases": ["request", "import"], "mail": {"paths": ["/m", "/gone"]}},
            "There is no /gone (ssl_fulfillment_mail) on the controller. Correct the path, or make what it names.",
        ),
        ({"phases": "request,collect", "mail": '{"maildir": "/gone"}'}, "There is no /gone (ssl_fulfillment_mail)"),
        ({"phases": ["request"], "wait_timeout": True}, "ssl_fulfillment_wait_timeout takes a number"),
        ({"phases": True}, "ssl_fulfillment_phases names True. Name one or more of request"),
        (
            {"phases": ["import"], "certificate_dir": ["/keys"], "privatekey_dir": "/keys"},
            "There is no folder ['/keys']",
        ),
        ({"phases": ["collect"], "mail": "maildir=/m"}, "ssl_fulfillment_mail is no dict. Write it like"),
        (
            {"phases": ["requests"]},
            "ssl_fulfillment_phases names requests. Name one or more of request, collect, import",
        ),
        (
            {"phases": ["report"], "playbook_phases": ["request"]},
            "ssl_fulfillment_phases names report. Name one or more of request.",
        ),
        ({"phases": []}, "ssl_fulfillment_phases names nothing."),
        ({"phases": None}, "ssl_fulfillment_phases names nothing."),
        (
            {"phases": ["collect"], "wait_timeout": "-1.0", **MAIL},
            "ssl_fulfillment_wait_timeout is -1.0, but must be greater than 0 and at most 2592000.",
        ),
        ({"phases": ["import"], **MAIL}, "The import phase needs ssl_fulfillment_mail"),
        ({"phases": ["import"], "privatekey_dir": "/keys"}, "The import phase needs ssl_fulfillment_mail"),
        (
            {"phases": ["import"], "privatekey_dir": "/keys", "certificate_dir": "/none"},
            "There is no folder /none (ssl_fulfillment_certificate_dir) on the controller. Make it, or correct the variable.",
        ),
        (
            {"phases": ["import"], "privatekey_dir": "/none", **MAIL},
            "There is no folder /none (ssl_fulfillment_privatekey_dir) on the controller. Make it, or correct the variable.",
        ),
        ({"hosts": []}, "No host of the play is an SSL order: none has the variable ssl_order_id"),
        ({"hosts": ["1", "5.7"]}, "ssl_order_id of a host of the play is 5.7, which is no id of an order"),
        ({"hosts": ["None"]}, "ssl_order_id of a host of the play is None, which is no id of an order"),
    ],
)
def test_what_a_phase_needs(settings: dict[str, Any], said: str) -> None:
    reason = refused(**settings)
    assert reason is not None and said in reason


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"phases": ["collect"], **MAIL},
        {"phases": ["import"], "privatekey_dir": "/keys", "certificate_dir": "/keys"},
        {"phases": ["collect", "import"], "privatekey_dir": "/keys", **MAIL},
        {"phases": ["report"]},
        {"phases": "request,import", "privatekey_dir": "/keys", "mail": {"maildir": "/m", "max_age_days": "30"}},
        {"phases": ["collect"], "mail": '{"imap": null, "maildir": "/mail"}'},
        {"phases": ["collect"], "mail": {"maildir": "/gone"}},
        {"phases": ["request"], "mail": {"maildir": "/gone"}},
        {"hosts": [1, 2]},
    ],
)
def test_what_is_enough(settings: dict[str, Any]) -> None:
    assert refused(**settings) is None


AT = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def test_an_email_whose_address_is_not_known_went_to_the_domains_administrator() -> None:
    why = why_person_needed(
        {"reason": "waiting_for_email", "message": "It waits."}, {"first_requested_at": iso(AT - DAY)}, AT
    )
    assert why and " and went to the domain administrator: see whether" in why


@pytest.mark.parametrize(
    ("skipped", "requested", "is_needed"),
    [
        ({"reason": "chain_incomplete"}, None, True),
        ({"reason": "untrusted"}, None, False),
        ({"reason": "waiting_for_key", "needs_person": True}, None, True),
        ({"reason": "waiting_for_key", "needs_person": False}, AT - 9 * DAY, False),
        ({"reason": "waiting_for_certificate"}, AT - 9 * DAY, False),
        ({"reason": "pending"}, AT - 9 * DAY, False),
        ({"reason": "waiting_for_email"}, None, False),
        ({"reason": "waiting_for_email"}, AT - DAY + timedelta(seconds=1), False),
        ({"reason": "waiting_for_email"}, AT - DAY, True),
        ({"reason": "waiting_for_email", "not_before": iso(AT - 90 * DAY)}, AT - DAY, True),
        ({"reason": "waiting_for_email", "not_before": iso(AT + DAY)}, AT - DAY, False),
    ],
)
def test_what_waits_for_a_person_longer_than_it_should(
    skipped: dict[str, Any], requested: datetime | None, is_needed: bool
) -> None:
    email = {"recipient": "admin@example.com", "first_requested_at": iso(requested)} if requested else {}
    why = why_person_needed({"message": "So it is.", **skipped}, email, AT)
    assert (why is not None) == is_needed
    if why and skipped["reason"] == "waiting_for_email":
        assert why.startswith("So it is. Its email was requested at 2026-01-30T12:00:00Z and went to admin@example.com")
    elif why:
        assert why == "So it is.", "the module has named the remedy"


@pytest.mark.parametrize("is_forced", [False, None, True])
def test_which_orders_are_looked_for_in_emails(is_forced: bool | None) -> None:
    """Those that can have one; what the store has, or something that stands in for it, only if that is forced."""
    usual: dict[str, Any] = {"fulfillment_email_available": True, "imported": False, "superseded_by": []}
    orders = [
        usual,
        {**usual, "imported": True},
        {**usual, "superseded_by": [4]},
        {**usual, "fulfillment_email_available": False},
    ]
    assert selected(orders, is_forced=is_forced) == orders[: 3 if is_forced else 1]


def test_emails_are_requested_to_be_used() -> None:
    for phases, expected in (
        (["request"], False),
        (["request", "report"], False),
        (["request", "collect"], True),
        (["request", "import"], True),
        (["collect", "import"], False),
    ):
        assert takes_what_it_requests(phases) is expected
