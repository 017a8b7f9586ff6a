# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which emails are still to come, and which orders wait for a person. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from .._text import printable
from .._times import iso, parse

Record = Mapping[str, t.Any]


def is_awaited(email: Record, at: datetime) -> bool:
    """Return whether an email, in the form of results, is still to come: it was requested, or may have been, by this run or not long before."""
    until = parse(email.get("next_allowed_at"))
    is_recent = until is not None and until > at
    return is_recent or email.get("outcome") == "requested" or email.get("reason") in {"cooldown", "outcome_unknown"}


LATE = timedelta(days=1)
"""How long an email may take to come."""


def why_person_needed(skipped: Record, email: Record, at: datetime) -> str | None:
    """Return what a person has to see to before anything comes of an order that is skipped; `None` if it only takes its time.

    Args:
        skipped: the order and why it is skipped, in the form of results.
        email: what `ssl_fulfillment_email` returned for the order, if it was asked.
        at: the present instant.
    """
    reason, message = skipped["reason"], str(skipped["message"])
    if skipped.get("needs_person") or reason == "chain_incomplete":  # what nobody trusts, anybody may have sent
        return message
    requested, begin = parse(email.get("first_requested_at")), parse(skipped.get("not_before"))
    is_to_come = begin is not None and begin > at  # it has come, and is not valid yet
    if reason != "waiting_for_email" or requested is None or at - requested < LATE or is_to_come:
        return None
    recipient = printable(email.get("recipient") or "the domain administrator")
    return (
        f"{message} Its email was requested at {iso(requested)} and went to {recipient}: see whether what arrives there is handed on to the "
        "mailbox, and look into the spam folders."
    )
