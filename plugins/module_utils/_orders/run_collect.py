# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_fulfillment_email_info`. Private to softlayer.certificates."""

from __future__ import annotations

import os
import time
import typing as t
from datetime import timedelta
from functools import cache

from .._base.errors import CertificatesError, Obstacle
from .._base.files import read_file
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES, IMAP_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec
from .._base.progress import record_wait
from .._base.text import escape_invisible
from .._base.times import now
from .._replacement.roots import create_trust_view, find_anchors, read_known_issuers
from .._softlayer.options import build_api_options, build_selection_options, select_option
from .._softlayer.values import parse_number
from .._x509.certificate import Certificate
from .._x509.chain import Anchors
from .._x509.keys import list_key_texts, read_private_key
from .._x509.options import build_certificate_options
from .._x509.read import read_request
from . import messages
from .imap import ImapMailbox, ImapSettings
from .mailbox import Mailbox, MaildirMailbox, PathsMailbox
from .options import MAILBOXES, build_mailbox_options, find_mailbox_count_error, why_unusable
from .plan_collect import Search, SearchTarget, Target, format_missing, is_awaited, why_missing, why_untrusted

SPEC = (
    build_api_options()
    + build_selection_options().select("order_ids", "account_id")
    + select_option()
    + build_mailbox_options()
    + build_certificate_options().select(
        "privatekey_passphrase", "trusted_ca_path", "intermediate_path", "intermediate_content"
    )
    + ArgumentSpec(
        options={
            "orders": {"type": "list", "elements": "dict"},
            "emails": {"type": "list", "elements": "dict"},
            "csr_paths": {"type": "list", "elements": "path"},
            "privatekey_paths": {"type": "list", "elements": "path", "no_log": False},
            "trust": {"type": "str", "choices": ["require", "warn"], "default": "require"},
            "open_always": {"type": "bool", "default": False},
            "skip_imported": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "float", "default": 900},
            "wait_interval": {"type": "float", "default": 30},
        },
        mutually_exclusive=[("intermediate_path", "intermediate_content")],
        required_one_of=[
            ("orders", "select", "order_ids", "csr_paths", "privatekey_paths"),
        ],
    )
)
MAX_WARNINGS = 5
"""Maximum number of warnings about untrusted certificates; the result lists all certificates."""
MAX_UNREAD_WARNINGS = 10
"""Maximum number of warnings about unreadable messages and directories."""
Options = t.Mapping[str, t.Any]


def list_libraries(params: Options) -> tuple[str, ...]:
    """Return the Python libraries that a run with these options needs."""
    return (
        *(API_LIBRARIES if is_api_needed(params) else ()),
        *CERTIFICATE_LIBRARIES,
        *(IMAP_LIBRARIES if params["imap"] else ()),
    )


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    box = open_mailbox(params)
    if params["open_always"] and (gone := find_missing_paths(params)):
        raise CertificatesError(
            "not_found", f"Cannot open the mailbox: {gone} does not exist. Correct or create the path."
        )
    wanted, api_calls = find_expected(module, params)
    known = read_known_issuers(params["intermediate_path"], params["intermediate_content"])
    awaited: set[Target] = set()
    if params["wait"]:  # for all expected certificates, unless the requested emails are known
        emails, at = params["emails"], now()
        ids = {parse_number(email.get("order_id")) for email in emails or () if is_awaited(email, at)}
        awaited = {item.target for item in wanted if item.target and (emails is None or item.order_id in ids)}
    search = search_mailbox(module, wanted, known, params, box, open_always=params["open_always"], awaited=awaited)
    if why := why_empty(params, search):
        module.warn(why)
    at = now()
    missing = [item for item in wanted if not search.find_collected(item.target)]
    return {
        "changed": False,
        "certificates": [each.as_result(item) for item in wanted for each in search.find_collected(item.target)],
        "missing": [format_missing(item, why_missing(item, search, at)) for item in missing],
        "unmatched": search.unmatched,
        "unmatched_count": search.unmatched_count,
        "messages_examined": search.examined_count,
        "api_calls": api_calls,
    }


def search_mailbox(
    module: Module,
    wanted: t.Sequence[SearchTarget],
    known: t.Sequence[Certificate],
    mailbox: Options,
    box: Mailbox,
    *,
    open_always: bool = False,
    awaited: t.Collection[Target] = (),
) -> Search:
    """Search a mailbox, warn about untrusted certificates, and return the search.

    Args:
        module: the module with the options `trust` and `trusted_ca_path`.
        wanted: the certificates to find.
        known: issuers that may be missing from the messages.
        mailbox: the options for the mailbox and the wait.
        box: the mailbox, not yet open.
        open_always: whether to open the mailbox even without a certificate to find.
        awaited: the targets to wait for.
    """
    if mailbox["paths"] == []:
        module.warn("paths is empty, so no message was read.")
    targets = {item.target for item in wanted if item.target}
    trust, path = module.params["trust"], module.params["trusted_ca_path"]
    anchors = cache(lambda: find_anchors(trust, path, module.warn) or Anchors())
    search = Search(targets, anchors, known, require_trust=trust == "require")
    if targets or open_always:
        with box:
            if targets:
                search_and_wait(module, mailbox, box, search, awaited)
    warn_of_untrusted(module, search)
    return search


def open_mailbox(params: Options) -> Mailbox:
    """Return the source of messages that the options describe."""
    if why_not := why_unusable(params):
        raise CertificatesError("invalid_argument", why_not)
    named = find_mailbox_count_error(params)
    if named:
        raise CertificatesError(
            "invalid_argument", f"Exactly one of {', '.join(MAILBOXES[:-1])}, and {MAILBOXES[-1]} must be set{named}"
        )
    largest = params["max_message_bytes"]
    if params["imap"] is not None:
        return ImapMailbox(ImapSettings(**params["imap"]), largest)
    if params["maildir"] is not None:
        return MaildirMailbox(params["maildir"], largest)
    return PathsMailbox(params["paths"], largest)


def find_missing_paths(params: Options) -> str:
    """Return the paths of a file mailbox if no path exists, for example on an unmounted disk; otherwise an empty string."""
    places = [params["maildir"]] if params["maildir"] is not None else params["paths"] or []
    return "" if any(map(os.path.exists, places)) else escape_invisible(", ".join(places))


def why_empty(params: Options, search: Search) -> str:
    """Return the message about an empty mailbox; an empty string if the mailbox contains messages or was not searched."""
    is_empty = search.targets and not search.examined_count and params["paths"] != []
    return messages.describe_empty_mailbox(params) if is_empty else ""


def warn_of_untrusted(module: Module, search: Search) -> None:
    """Warn about untrusted certificates, both rejected and accepted."""
    refused = [match for target, match in search.rejected.items() if not search.find_collected(target)]
    taken = [collected.match for target in search.targets for collected in search.find_collected(target)]
    untrusted = [match for match in taken if match.chain.trust != "trusted"]
    said = [messages.describe_untrusted(why_untrusted(match)) for match in refused]
    said += [messages.describe_accepted(why_untrusted(match)) for match in untrusted]
    said += [messages.describe_name_mismatch(match.certificate) for match in taken if match.is_for_other_names]
    warn_of_each(
        module, said, MAX_WARNINGS, "Number of further warnings about untrusted certificates or unexpected names: {}."
    )


def warn_of_each(module: Module, sentences: t.Sequence[str], most: int, of_the_rest: str) -> None:
    """Warn with the first sentences one by one, and with the number of the remaining sentences."""
    for sentence in sentences[:most]:
        module.warn(sentence)
    if len(sentences) > most:
        module.warn(of_the_rest.format(len(sentences) - most))


def find_expected(module: Module, params: Options) -> tuple[list[SearchTarget], int]:
    """Return the certificates to find, in the order of the options, and the number of API calls."""
    orders = params["orders"] or ()
    if params["skip_imported"]:
        orders = [order for order in orders if not (order.get("imported") or order.get("superseded_by"))]
    wanted = [parse_order(order) for order in orders]
    fetched, api_calls = fetch_expected(module, params) if is_api_needed(params) else ([], 0)
    wanted += fetched
    for path in params["csr_paths"] or ():
        request = parse_file(path, read_request)
        wanted.append(SearchTarget(request.public_key_sha256, path=path, csr_names=request.names))
    for path in params["privatekey_paths"] or ():
        wanted.append(SearchTarget(parse_file(path, lambda data: hash_public_key(module, params, data)), path=path))
    return wanted, api_calls


def parse_order(order: t.Mapping[str, t.Any]) -> SearchTarget:
    """Return the certificate to find for an order from `ssl_order_info`."""
    try:
        names = tuple(order.get("subject_alt_names") or ())
        wanted = SearchTarget(
            order["public_key_sha256"], parse_number(order["id"]), order["common_name"], csr_names=names
        )
        texts = (wanted.public_key_sha256 or "", wanted.common_name or "", *names)
        if wanted.order_id is None or not all(isinstance(text, str) for text in texts):
            raise TypeError
    except (KeyError, TypeError):
        raise CertificatesError(
            "invalid_argument",
            "Each item of orders must have id, common_name, and public_key_sha256. Set orders to the orders that ssl_order_info returns.",
        ) from None
    return wanted


def is_api_needed(params: Options) -> bool:
    """Return whether orders must be fetched from the API."""
    return bool(params["order_ids"]) or params["select"] is not None


def fetch_expected(module: Module, params: Options) -> tuple[list[SearchTarget], int]:
    """Return the certificates to find for the orders in `select` and `order_ids`, and the number of API calls."""
    # Imported here, because only this function needs the SDK, and loading it takes longer than reading a mailbox.
    from .._softlayer.client import connect
    from .._softlayer.orders import STORE_FACTS, Selection
    from .run_list import find_account_id, select_orders

    selection = Selection.from_module(params)
    client = connect(module)
    account_id = client.fetch_account_id(find_account_id(params))
    orders, missing, _index = select_orders(client, account_id, selection, create_trust_view(None), STORE_FACTS)
    wanted = [
        parse_order(orders[id_].as_facts()) if id_ in orders else SearchTarget(None, id_, is_existing=False)
        for id_ in dict.fromkeys([*(params["order_ids"] or ()), *orders, *missing])
        if id_ in orders or id_ in missing
    ]
    return wanted, client.api_calls


Content = t.TypeVar("Content")


def hash_public_key(module: Module, params: Options, data: bytes) -> str:
    """Return the SHA-256 of a private key's public key, and hide the private key in output."""
    module.hide(*list_key_texts(data))
    key = read_private_key(data, params["privatekey_passphrase"])
    module.hide(key.pem.strip())
    return key.public_key_sha256


def parse_file(path: str, read: t.Callable[[bytes], Content]) -> Content:
    """Return the parsed content of a file. Errors contain the path."""
    data = read_file(path)
    try:
        return read(data)
    except CertificatesError as error:
        raise CertificatesError(error.code, f"{path}: {error.message}", path=path) from None


def search_and_wait(
    module: Module, mailbox: Options, box: Mailbox, search: Search, awaited: t.Collection[Target]
) -> None:
    """Search a mailbox, and wait for the missing targets in `awaited`."""
    since = now() - timedelta(days=mailbox["max_age_days"])
    timeout, interval = (mailbox["wait_timeout"], mailbox["wait_interval"]) if awaited else (0, 0)

    def search_once() -> None:
        for message in box.read(since, lambda: search.is_complete):
            if message.is_complete:
                search.examine(message.data, message.location, now())
            else:
                search.record_skipped(message.location, Obstacle("too_large", {"is_unread": True}), message.data)
        search.complete_chains(now())

    search_once()
    until = time.monotonic() + timeout
    lost = None
    with record_wait("mailbox: waiting for emails with certificates", timeout):
        while search.has_missing(awaited) and time.monotonic() < until:
            box.wait(min(interval, max(0, until - time.monotonic())))
            try:
                search_once()
                lost = None
            except CertificatesError as error:  # keep what was found; the server may come back
                lost = error
    if lost:
        module.warn(f"Failed to read the mailbox during the wait: {lost.message}")
    unread = box.list_unread()
    for location, why in unread:
        search.record_skipped(location, why)
    said = [messages.describe_skipped_message(why) for _location, why in unread]
    warn_of_each(
        module,
        said,
        MAX_UNREAD_WARNINGS,
        "Number of further messages or directories that cannot be read and were skipped: {}.",
    )
