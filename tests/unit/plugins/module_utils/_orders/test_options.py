# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the description of a mailbox may hold."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.options import why_unusable

IMAP: dict[str, Any] = {
    "host": "mail.example.com",
    "port": None,
    "username": "certs@example.com",
    "password": "p",
    "folder": "INBOX",
    "security": "tls",
    "validate_certs": True,
    "ca_path": None,
    "timeout": 60.0,
}


@pytest.mark.parametrize(
    "mail",
    [
        {},
        {"maildir": "/m", "imap": None, "max_age_days": None, "max_message_bytes": None},
        {"paths": [], "max_age_days": 36_500, "wait_interval": 0.1, "wait_timeout": 2_592_000},
        {"max_message_bytes": 65_536},
        {"imap": IMAP},
        {"imap": {"host": "mail.example.com", "username": "u", "password": "p"}},
        {"imap": {**IMAP, "port": 1, "timeout": 86_400}},
        {"imap": {**IMAP, "port": 65_535, "timeout": 0.5}},
        {"imap": {**IMAP, "security": "none", "host": "127.0.0.1"}},
        {"imap": {**IMAP, "security": "none", "host": "::1"}},
        {"imap": {**IMAP, "host": "2001:db8::1"}},
    ],
)
def test_what_is_taken(mail: dict[str, Any]) -> None:
    assert why_unusable(mail) is None


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        ({"max_age_days": 0}, "max_age_days must be greater than 0 and at most 36500."),
        ({"max_age_days": float("nan")}, "max_age_days must be greater than 0 and at most 36500."),
        ({"wait_timeout": -1}, "wait_timeout must be greater than 0 and at most 2592000."),
        ({"wait_interval": 2_592_001}, "wait_interval must be greater than 0 and at most 2592000."),
        ({"max_message_bytes": 65_535}, "max_message_bytes must be from 65536 to 1073741824."),
        ({"max_message_bytes": 1_073_741_825}, "max_message_bytes must be from 65536 to 1073741824."),
        ({"maildir": ""}, "maildir must not be empty."),
        (
            {"imap": {**IMAP, "host": "mail.example.com:993"}},
            "host of imap must be a host name or an IP address only. Set port to the port, and username to the user name.",
        ),
        ({"imap": {**IMAP, "port": 0}}, "port of imap must be from 1 to 65535."),
        ({"imap": {**IMAP, "port": 65_536}}, "port of imap must be from 1 to 65535."),
        ({"imap": {**IMAP, "timeout": 0}}, "timeout of imap must be greater than 0 and at most 86400."),
        *(
            (
                {"imap": {**IMAP, name: value}},
                f"{name} of imap must not be empty, and must not contain control characters.",
            )
            for name in ("host", "username", "password", "folder")
            for value in ("", "two\nlines", "nul\0")
        ),
        *(
            (
                {"imap": {**IMAP, "security": "none", "host": host}},
                f"Cannot send the password to {host} without TLS. Set security to tls or starttls.",
            )
            for host in ("mail.example.com", "127.0.0.1.example.com", "localhost.example.com", "::", "10.0.0.1", "0")
        ),
    ],
)
def test_what_is_refused(mail: dict[str, Any], said: str) -> None:
    assert why_unusable(mail) == said
