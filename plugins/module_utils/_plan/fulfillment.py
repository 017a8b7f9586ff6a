# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the phases of the roles need. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from .._argspec import NUMBERS, OneArgument, mailbox_options
from .._mail.limits import why_out_of_bounds, why_unusable
from .settings import which_mailboxes

Record = Mapping[str, t.Any]
Test = Callable[[str], bool]
MAIL: Mapping[str, OneArgument] = {**mailbox_options().options, "wait_interval": {"type": "float"}}
"""The options of the variable `mail`."""
SERVER: Mapping[str, OneArgument] = MAIL["imap"]["options"]
IMAP = SERVER.keys()
"""The keys of a mail server."""
PHASES = ("request", "collect", "import", "report")
FORMER = {"deploy", "verify"}
"""The phases that deal with listeners, which are those of another role."""


def why_not_fulfilled(needs: Record, is_folder: Test) -> str | None:
    """Return why the role `ssl_fulfillment` cannot begin, `None` if it can.

    Args:
        needs: the variables that phases need, less the prefix of their names; `hosts` are the orders that are hosts of the play, if those
            are the selection, and `playbook_phases` those that a playbook is for.
        is_folder: says whether a path is a folder of the controller.
    """
    given = needs["phases"] or []
    phases = [phase.strip() for phase in given.split(",")] if isinstance(given, str) else given
    known = needs["playbook_phases"] or PHASES
    unknown = [phase for phase in phases if phase not in known]
    former = [phase for phase in unknown if phase in FORMER]
    if former:
        return (
            f"ssl_fulfillment_phases names {' and '.join(former)}: load balancers are what the role ssl_rotation deals with. Run the playbook "
            f"softlayer.certificates.{former[0]}, or that role with ssl_rotation_phases: [deploy, verify, clean_up]."
        )
    if unknown or not phases:
        names = ", ".join(map(str, unknown)) or "nothing"
        return f"ssl_fulfillment_phases names {names}. Name one or more of {', '.join(known)}."
    mail = needs["mail"] or None
    if mail is not None and not isinstance(mail, dict):
        return 'ssl_fulfillment_mail is no dict. Write it like {"maildir": "/srv/mail"}.'
    if mail is not None or "collect" in phases:
        named = which_mailboxes(mail or {})
        if named:
            return (
                "To find certificates in emails, ssl_fulfillment_mail must name the mailbox with the emails by one of "
                f"imap, maildir, mbox and paths{named}"
            )
    why_not = _why_no_server((mail or {}).get("imap")) or why_unusable(_typed(mail or {}))
    if why_not:
        return f"ssl_fulfillment_mail cannot be used: {why_not}"
    why_not = why_out_of_bounds("wait_timeout", _number(needs["wait_timeout"]))
    if why_not:
        return f"ssl_fulfillment_wait_timeout is {needs['wait_timeout']}, but {why_not}"
    if "import" in phases:
        why_not = _why_not_imported(needs, is_folder, has_mail=mail is not None)
        if why_not:
            return why_not
    if "report" in phases and not needs["report_path"]:
        return (
            "The report phase needs ssl_fulfillment_report_path, the .html file to write, in a folder of the controller "
            "that exists."
        )
    if needs["hosts"] == []:
        return (
            f"No host of the play is an SSL order: none has the variable {needs['inventory_vars_prefix']}id, which the inventory plugin "
            "softlayer.certificates.ssl_orders sets. Run the play on the group ssl_orders, or check --limit."
        )
    return None


def _why_no_server(imap: t.Any) -> str | None:
    """Return why there is no mail server in a description; an unknown key is not shown, since it may be a password without its colon."""
    if imap is None:
        return None
    if not isinstance(imap, dict):
        return 'imap is no dict. Write it like {"host": "imap.example.com", ...}.'
    if imap.keys() - IMAP:
        return f"imap has an unknown key. There are {', '.join(sorted(IMAP))}."
    lacking = [name for name, option in SERVER.items() if option.get("required") and not imap.get(name)]
    return f"imap lacks {', '.join(lacking)}." if lacking else None


def _typed(mail: Record) -> Record:
    """Return a description of a mailbox with numbers in place of their texts; Ansible has made sure that they are numbers."""
    imap = mail.get("imap")
    return _with_numbers(mail, MAIL) | ({"imap": _with_numbers(imap, SERVER)} if imap else {})


def _with_numbers(values: Record, options: Mapping[str, OneArgument]) -> dict[str, t.Any]:
    numbers = {name for name, option in options.items() if option["type"] in NUMBERS}
    return {name: _number(value) if name in numbers else value for name, value in values.items()}


def _number(value: t.Any) -> float | None:
    return float(value) if value not in (None, "") else None


def _why_not_imported(needs: Record, is_folder: Test, *, has_mail: bool) -> str | None:
    names = ["privatekey_dir"] if has_mail else ["privatekey_dir", "certificate_dir"]
    if not all(needs[name] for name in names):
        return (
            "The import phase needs ssl_fulfillment_mail, the mailbox with the emails, or ssl_fulfillment_certificate_dir, "
            "the folder with the certificates saved from them, and ssl_fulfillment_privatekey_dir, the folder with their "
            "private keys."
        )
    missing = [name for name in names if not is_folder(needs[name])]
    if not missing:
        return None
    paths = " and ".join(f"{needs[name]} (ssl_fulfillment_{name})" for name in missing)
    return f"There is no folder {paths} on the controller. Make it, or correct the variable."
