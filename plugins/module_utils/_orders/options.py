# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that describe a mailbox, and the validation of these options. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .._base.names import MAX_PORT, is_address, is_loopback
from .._base.options import ArgumentSpec
from .message_parts import MAX_HEADER_BYTES

MAX_DURATIONS: Mapping[str, int] = {"max_age_days": 36_500, "wait_timeout": 2_592_000, "wait_interval": 2_592_000}
"""Maximum values of options, in days (`max_age_days`) or seconds."""
MAX_RESPONSE_SECONDS = 86_400
"""Maximum value of `timeout`, in seconds."""
MAX_MESSAGE_BYTES = 1024 * 1024 * 1024
MAILBOXES = ("imap", "maildir", "paths")
"""Options of `ssl_fulfillment_email_info` for the source of the messages."""


def build_mailbox_options() -> ArgumentSpec:
    """Return the options that describe a mailbox: the source, one of `MAILBOXES`, and the limits for messages."""
    return ArgumentSpec(
        options={
            "imap": {
                "type": "dict",
                "options": {
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int"},
                    "username": {"type": "str", "required": True},
                    "password": {"type": "str", "required": True, "no_log": True},
                    "folder": {"type": "str", "default": "INBOX"},
                    "security": {"type": "str", "choices": ["tls", "starttls", "none"], "default": "tls"},
                    "validate_certs": {"type": "bool", "default": True},
                    "ca_path": {"type": "path"},
                    "timeout": {"type": "float", "default": 60},
                },
            },
            "maildir": {"type": "path"},
            "paths": {"type": "list", "elements": "path"},
            "max_age_days": {"type": "float", "default": 30},
            "max_message_bytes": {"type": "int", "default": 10 * 1024 * 1024},
        },
        required_one_of=[MAILBOXES],
    )


def find_mailbox_count_error(mail: Mapping[str, t.Any]) -> str | None:
    """Return the end of a sentence that requires exactly one mailbox, or `None` if exactly one is set."""
    boxes = [name for name in MAILBOXES if mail.get(name) is not None]
    if len(boxes) == 1:
        return None
    return f", but {' and '.join(boxes)} are set. Set only one mailbox." if boxes else "."


def why_unusable(mail: Mapping[str, t.Any]) -> str | None:
    """Return the reason why the options do not describe a usable mailbox, or `None`.

    Args:
        mail: options of `ssl_fulfillment_email_info` with their documented types. Missing options and `None` are not checked.
    """
    for name, most in MAX_DURATIONS.items():
        if not _is_within(mail.get(name), most):
            return f"{name} must be greater than 0 and at most {most}."
    largest = mail.get("max_message_bytes")
    if largest is not None and not MAX_HEADER_BYTES <= largest <= MAX_MESSAGE_BYTES:
        return f"max_message_bytes must be from {MAX_HEADER_BYTES} to {MAX_MESSAGE_BYTES}."
    if mail.get("maildir") == "":
        return "maildir must not be empty."
    imap = mail.get("imap") or {}
    if not _is_within(imap.get("timeout"), MAX_RESPONSE_SECONDS):
        return f"timeout of imap must be greater than 0 and at most {MAX_RESPONSE_SECONDS}."
    if not _is_within(imap.get("port"), MAX_PORT):
        return f"port of imap must be from 1 to {MAX_PORT}."
    host = imap.get("host") or ""
    if ":" in host and not is_address(host):
        return "host of imap must be a host name or an IP address only. Set port to the port, and username to the user name."
    for name in ("host", "username", "password", "folder"):
        value = imap.get(name)
        if value is not None and (not value or any(ord(character) < ord(" ") for character in value)):
            return f"{name} of imap must not be empty, and must not contain control characters."
    if imap.get("security") == "none" and not is_loopback(imap["host"]):
        return f"Cannot send the password to {imap['host']} without TLS. Set security to tls or starttls."
    return None


def _is_within(value: float | None, most: float) -> bool:
    return value is None or 0 < value <= most
