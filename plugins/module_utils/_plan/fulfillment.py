# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the phases of the roles need. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from .._argspec import ArgumentSpec, from_json, mailbox_options
from .._errors import CertificatesError
from .._mail.limits import which_mailboxes, why_out_of_bounds, why_unusable
from .._text import printable
from .._times import iso, parse

Record = Mapping[str, t.Any]
Test = Callable[[str], bool]
PREFIX = "ssl_fulfillment_"
PATHS = ("certificate_dir", "privatekey_dir", "trusted_ca_path", "intermediate_path")
NEEDS = ArgumentSpec(
    {
        "ssl_fulfillment_phases": {"type": "list", "elements": "str"},
        "ssl_fulfillment_mail": {
            "type": "dict",
            "options": {**mailbox_options().options, "wait_interval": {"type": "float"}},
        },
        "ssl_fulfillment_wait_timeout": {"type": "float"},
        **{f"{PREFIX}{name}": {"type": "str"} for name in PATHS},
    }
)
"""The variables that phases need, with the types that the modules have for them."""
PHASES = ("request", "collect", "import", "report")
FORMER = {"deploy": "deploy", "verify": "verify", "remove": "deploy"}
"""The phases that deal with listeners, which are those of another role, and the playbooks that run them."""


def why_not_fulfilled(needs: Record, is_folder: Test, exists: Test) -> str | None:
    """Return why the role `ssl_fulfillment` cannot begin, `None` if it can.

    Args:
        needs: the variables that phases need, less the prefix of their names; `hosts` are the orders that are hosts of the play, if those
            are the selection, and `playbook_phases` those that a playbook is for.
        is_folder: says whether a path is a folder of the controller.
        exists: says whether there is such a file or folder.
    """
    mail = from_json(needs["mail"] or {}, dict)
    if not isinstance(mail, dict):
        return 'ssl_fulfillment_mail is no dict. Write it like {"maildir": "/srv/mail"}.'
    if not isinstance(from_json(mail.get("imap"), dict), dict | None):
        return 'imap of ssl_fulfillment_mail is no dict. Write it like {"host": "imap.example.com", ...}.'
    given = {name: needs.get(name.removeprefix(PREFIX)) for name in NEEDS.options}
    try:
        read = NEEDS.read({name: value for name, value in given.items() if value not in (None, "")})
    except CertificatesError as error:
        return error.message
    settings = {name.removeprefix(PREFIX): value for name, value in read.items()}
    phases, known = settings["phases"] or [], needs["playbook_phases"] or PHASES
    unknown = [phase for phase in phases if phase not in known]
    former = [phase for phase in unknown if phase in FORMER]
    if former:
        return (
            f"ssl_fulfillment_phases names {' and '.join(former)}: load balancers are what the role ssl_rotation deals with. Run the playbook "
            f"softlayer.certificates.{FORMER[former[0]]}, or that role with ssl_rotation_phases: [deploy, verify, clean_up]."
        )
    if unknown or not phases:
        return (
            f"ssl_fulfillment_phases names {', '.join(unknown) or 'nothing'}. Name one or more of {', '.join(known)}."
        )
    out_of_bounds = why_out_of_bounds("wait_timeout", settings["wait_timeout"])
    why_not = _why_no_mail(settings["mail"], phases, exists)
    if why_not:
        return why_not
    if out_of_bounds:
        return f"ssl_fulfillment_wait_timeout is {settings['wait_timeout']}, but {out_of_bounds}"
    why_not = _why_not_imported(settings, is_folder) if "import" in phases else None
    if why_not:
        return why_not
    if needs["hosts"] == []:
        return (
            f"No host of the play is an SSL order: none has the variable {needs['inventory_vars_prefix']}id, which the inventory plugin "
            "softlayer.certificates.ssl_orders sets. Run the play on the group ssl_orders, or check --limit."
        )
    odd = [str(order_id) for order_id in needs["hosts"] or () if not str(order_id).strip().isdecimal()]
    if odd:
        return f"{needs['inventory_vars_prefix']}id of a host of the play is {odd[0]}, which is no id of an order: correct it, or leave the host out."
    return None


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


def takes_what_it_requests(phases: Sequence[str]) -> bool:
    """Return whether emails are requested that are then to be used: one that is sent for nothing cannot be sent again soon."""
    return "request" in phases and not {"collect", "import"}.isdisjoint(phases)


def selected(orders: Sequence[Record], *, is_forced: bool | None) -> list[Record]:
    """Return the orders whose certificates are looked for in emails: those that the store has are only if that is forced."""
    available = (order for order in orders if order["fulfillment_email_available"])
    return [order for order in available if is_forced or not (order["imported"] or order["superseded_by"])]


def _why_no_mail(mail: Record | None, phases: Sequence[str], exists: Test) -> str | None:
    if not mail and "collect" not in phases:
        return None
    mail = mail or {}
    named = which_mailboxes(mail)
    if named:
        return (
            "To find certificates in emails, ssl_fulfillment_mail must name the mailbox with the emails by one of "
            f"imap, maildir and paths{named}"
        )
    why_not = why_unusable(mail)
    if why_not:
        return f"ssl_fulfillment_mail cannot be used: {why_not}"
    places = [mail["maildir"], *(mail["paths"] or ())]
    gone = [place for place in places if place is not None and not exists(place)]
    if gone and takes_what_it_requests(phases):
        return f"There is no {' and no '.join(gone)} (ssl_fulfillment_mail) on the controller. Correct the path, or make what it names."
    return None


def _why_not_imported(settings: Record, is_folder: Test) -> str | None:
    names = ["privatekey_dir"] if settings["mail"] else ["privatekey_dir", "certificate_dir"]
    if not all(settings[name] for name in names):
        return (
            "The import phase needs ssl_fulfillment_mail, the mailbox with the emails, or ssl_fulfillment_certificate_dir, "
            "the folder with the certificates saved from them, and ssl_fulfillment_privatekey_dir, the folder with their "
            "private keys."
        )
    missing = [name for name in names if not is_folder(settings[name])]
    if not missing:
        return None
    paths = " and ".join(f"{settings[name]} (ssl_fulfillment_{name})" for name in missing)
    return f"There is no folder {paths} on the controller. Make it, or correct the variable."
