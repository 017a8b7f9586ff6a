# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the role `ssl_fulfillment` needs, and by which steps it goes. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._mail.limits import why_out_of_bounds, why_unusable
from .settings import is_report_path, which_mailboxes

Record = Mapping[str, t.Any]
"""The variables of the role as they are meant, less the prefix of their names."""

NAMING = {"order_ids", "common_names", "account_id", "gather_imported"}
"""The options of `ssl_fulfillment_select` that `ssl_fulfillment_email` has as well, or that have no effect on what it does."""
FURTHER = 8
"""How many times larger than the first batch each of the others is."""
FORMER = {"deploy", "verify"}
"""The phases that deal with listeners, which are those of another role."""


@dataclass(frozen=True)
class Way:
    """How the orders are found."""

    order_ids: Sequence[int] | None
    """Those that are named by id, `None` where no ids are given."""
    is_direct: bool
    """Whether the orders are not listed before: the module that requests the emails reads them, because they are named by what
    it takes, and all that is to be done is to request their emails."""


def way(settings: Record, ids_of_hosts: Sequence[int] | None) -> Way:
    """Return how the orders are found.

    Args:
        settings: the variables.
        ids_of_hosts: the orders that are hosts of the play, if those are the selection.
    """
    select = settings["select"]
    given = [ids for ids in (ids_of_hosts, select.get("order_ids"), settings.get("order_ids")) if ids is not None]
    ids = [one for one in dict.fromkeys(given[0]) if all(one in others for others in given[1:])] if given else None
    names = select.get("common_names")
    named = names if ids is None else ids if names is None else None  # by both, they are to be listed
    is_named = (
        settings["phases"] == ["request"]
        and not settings["from_inventory"]
        and select.keys() <= NAMING
        and named is not None
    )
    return Way(ids, is_direct=is_named)


def steps(settings: Record) -> list[str]:
    """Return the steps of a run, each of which has a task file.

    The emails are looked for also where the import or the report alone needs them.

    Args:
        settings: the variables.
    """
    phases = settings["phases"]
    looks = "collect" in phases or (settings.get("mail") is not None and bool({"import", "report"} & set(phases)))
    wanted = {
        "request": "request" in phases,
        "collect": looks,
        "import": "import" in phases,
        "report": "report" in phases,
    }
    return [step for step, is_wanted in wanted.items() if is_wanted]


@dataclass(frozen=True)
class Batch:
    """Items for one call of a module, and their range among all: `101-300`, or one number."""

    items: Sequence[t.Any]
    range: str


def batches(items: Sequence[t.Any], size: int) -> list[Batch]:
    """Return items in batches: a small one, so that a mistake is seen soon, and large ones.

    The start of a module takes as long as some hundred certificates without latency. But what one call is given, with all its
    certificates and keys, has to fit into memory.

    Args:
        items: all of them.
        size: of the first batch.
    """
    found, first = [], 0
    while first < len(items):
        last = min(first + (FURTHER * size if first else size), len(items))
        found.append(Batch(items[first:last], f"{first + 1}-{last}" if last > first + 1 else str(last)))
        first = last
    return found


def why_refused(
    settings: Record,
    ids_of_hosts: Collection[int] | None,
    is_folder: Callable[[str], bool],
    absolute: Callable[[str], str],
) -> str | None:
    """Return why the role cannot begin with these settings, `None` if it can.

    Args:
        settings: the variables.
        ids_of_hosts: the orders that are hosts of the play, if those are the selection.
        is_folder: says whether an absolute path is a folder of the controller.
        absolute: makes a path of the controller absolute.
    """
    phases = settings["phases"]
    former = [phase for phase in phases if phase in FORMER]
    if former:
        return (
            f"ssl_fulfillment_phases names {' and '.join(former)}: load balancers are what the role ssl_rotation deals with. Run the playbook "
            f"softlayer.certificates.{former[0]}, or that role with ssl_rotation_phases: [deploy, verify, clean_up]."
        )
    if settings["batch_size"] < 1:
        return f"ssl_fulfillment_batch_size is {settings['batch_size']}, but must be at least 1."
    if "collect" in phases or ("import" in phases and settings.get("mail") is not None):
        named = which_mailboxes(settings.get("mail") or {})
        if named:
            return (
                "To find certificates in emails, ssl_fulfillment_mail must name the mailbox with the emails by one of "
                f"imap, maildir, mbox and paths{named}"
            )
    why_not = why_unusable(settings.get("mail") or {})
    if why_not:
        return f"ssl_fulfillment_mail cannot be used: {why_not}"
    why_not = why_out_of_bounds("wait_timeout", settings["wait_timeout"])
    if why_not:
        return f"ssl_fulfillment_wait_timeout is {settings['wait_timeout']}, but {why_not}"
    if "import" in phases:
        why_not = _why_not_imported(settings, is_folder, absolute)
        if why_not:
            return why_not
    if "report" in phases and not is_report_path(settings.get("report_path"), is_folder, absolute):
        return (
            "The report phase needs ssl_fulfillment_report_path, the .html file to write, in a folder of the controller "
            "that exists."
        )
    if settings["from_inventory"] and not _narrowed(ids_of_hosts or (), settings):
        return (
            f"No host of the play is one of the selected orders: none has the variable {settings['inventory_vars_prefix']}id, "
            "which the inventory plugin softlayer.certificates.ssl_orders sets, with a value that is selected. Run the play "
            "on the group ssl_orders, or check --limit."
        )
    return None


def _narrowed(ids: Iterable[int], settings: Record) -> set[int]:
    """Return those of the ids of hosts that are selected."""
    selected = settings["select"].get("order_ids")
    return set(ids) if selected is None else set(ids) & set(selected)


def _why_not_imported(settings: Record, is_folder: Callable[[str], bool], absolute: Callable[[str], str]) -> str | None:
    has_mail = settings.get("mail") is not None
    folders = [settings.get("privatekey_dir"), *([] if has_mail else [settings.get("certificate_dir")])]
    if None in folders:
        return (
            "The import phase needs ssl_fulfillment_mail, the mailbox with the emails, or ssl_fulfillment_certificate_dir, "
            "the folder with the certificates saved from them, and ssl_fulfillment_privatekey_dir, the folder with their "
            "private keys."
        )
    missing = [path for path in (absolute(str(folder)) for folder in folders) if not is_folder(path)]
    if not missing:
        return None
    variables = "ssl_fulfillment_privatekey_dir" + ("" if has_mail else " and ssl_fulfillment_certificate_dir")
    return f"There is no folder {' and no folder '.join(missing)} on the controller. Make it, or correct {variables}."
