# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_certificate_import`. Private to softlayer.certificates."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from .._base.action import build_certificates_failure
from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES, LEDGER_LIBRARIES
from .._base.module import Module
from .._base.options import build_concurrency_options
from .._ledger.place import build_ledger_options, check_optional_ledger_url
from .._orders.import_files import find_certificate_files
from .._replacement.index import StoreIndex
from .._replacement.roots import create_trust_view, find_anchors, read_known_issuers
from .._replacement.trust import TrustView
from .._softlayer import store
from .._softlayer.client import Client, connect
from .._softlayer.options import build_api_options
from .._softlayer.orders import Order, fetch_orders
from .._softlayer.values import check_ids
from . import messages
from .apply import carry_out, fail_creates_without_ledger
from .check import ImportOptions, check_order
from .options import IDENTITIES, SOURCES, build_import_options, check_item_options
from .plan_import import (
    ImportAction,
    build_diff,
    cancel_conflicting_removals,
    check_bundle,
    list_warnings,
    mark_repeated,
    normalize_fingerprint,
    plan_absent,
    plan_present,
)
from .read_files import Item, read_item

SPEC = build_api_options() + build_import_options() + build_ledger_options() + build_concurrency_options()
LIBRARIES = (*API_LIBRARIES, *CERTIFICATE_LIBRARIES, *LEDGER_LIBRARIES)
Orders = Mapping[int, Order]
"""Orders by ID, for the comparison with certificates."""
CheckedItem: t.TypeAlias = "tuple[Item, ImportAction | None]"
"""The options and the checked action of one certificate; `None` for a deletion."""
TrustViewFactory = Callable[["str | None"], TrustView]
"""Returns the TLS clients with the root certificates of a path; `None` for the root certificates of this host."""


def run(module: Module) -> dict[str, t.Any]:
    """Import and remove the certificates and return the result of the module."""
    params = module.params
    items, waiting = list_items(params)
    is_single = items == [params]
    check_item_options(SPEC, params, module.given)
    for position, item in enumerate(items):
        check_combination(item, "" if is_single else f"Item {position}: ")
    check_optional_ledger_url(params["ledger_url"])
    view_with = cache(create_trust_view)
    checked = [
        (item, check(item, module, view_with)) for item in items
    ]  # before this line, a signal simply ends the run
    client = connect(module, params["concurrency"], module.stop_on_signals())
    steps = plan(client, checked, view_with)
    steps = fail_creates_without_ledger(steps, params["ledger_url"])
    for step in steps:
        for warning in list_warnings(step):
            module.warn(f"{step.name}: {messages.describe_warning(warning)}")
    done = [step.simulate() for step in steps] if module.check_mode else carry_out(client, params["ledger_url"], steps)
    for step, end in zip(steps, done, strict=True):
        for warning in end.warnings[len(step.warnings) :]:
            module.warn(f"{end.name}: {messages.describe_warning(warning)}")
    result = as_result(steps, done, client, single=is_single)
    return {**result, "skipped_items": waiting}


def list_items(params: Item) -> tuple[list[Item], list[dict[str, t.Any]]]:
    """Return the options of each certificate, and the skipped orders with their reasons.

    Raises:
        CertificatesError: `invalid_argument`; `not_found` for a missing directory; as `known_issuers`.
    """
    orders, collected = params["orders"], params["collected"]
    if orders is None and collected is None:
        return [params] if params["certificates"] is None else params["certificates"], []
    if params["privatekey_dir"] is None or (collected is None and params["certificate_dir"] is None):
        raise CertificatesError(
            "invalid_argument",
            "The certificates of orders require privatekey_dir, the directory with their private keys, and either collected, the certificates that "
            "ssl_fulfillment_email_info returned, or certificate_dir, the directory with the certificates saved from emails.",
        )
    issuers = read_known_issuers(params["intermediate_path"])
    passphrase = params["privatekey_passphrase"]
    found = find_certificate_files(
        orders,
        params["certificate_dir"],
        params["privatekey_dir"],
        collected,
        issuers,
        passphrase,
        force=params["force"],
    )
    of_item, shared = SPEC.options["certificates"]["options"], {"privatekey_passphrase", "trusted_ca_path"}
    common = {name: params[name] if "default" in option or name in shared else None for name, option in of_item.items()}
    return [{**common, **item} for item in found["ready"]], found["skipped"]


def check_combination(item: Item, which: str) -> None:
    """Reject a certificate without its private key, and a deletion without a certificate."""
    check_ids("order_id", [] if item["order_id"] is None else [item["order_id"]])
    wanted = IDENTITIES if item["state"] == "absent" else SOURCES
    if all(item[name] is None for name in wanted):
        raise CertificatesError(
            "invalid_argument", f"{which}state {item['state']} requires one of {', '.join(wanted)}."
        )
    if item["state"] == "absent":
        if any(item[name] is not None and not str(item[name]).strip(" .") for name in wanted):
            raise CertificatesError("invalid_argument", f"{which}{' or '.join(wanted)} must not be empty.")
        fingerprint = item["fingerprint_sha256"]
        if fingerprint is not None and not SHA256.fullmatch(normalize_fingerprint(fingerprint)):
            raise CertificatesError(
                "invalid_argument",
                f"{which}fingerprint_sha256 must have 64 hexadecimal digits. Colons between them are allowed.",
            )
    elif all(item[name] is None for name in ("privatekey_path", "privatekey_content", "pkcs12_path")):
        raise CertificatesError(
            "invalid_argument",
            f"{which}The private key of the certificate is missing. Set privatekey_path or privatekey_content.",
        )


SHA256 = re.compile(r"[0-9a-f]{64}")


def check(item: Item, module: Module, view_with: TrustViewFactory) -> ImportAction | None:
    """Check one certificate without the API; return the action that stores the certificate, or a failure; `None` for a deletion.

    Args:
        item: the options.
        module: receives the secrets to hide, and the warnings.
        view_with: see `TrustViewFactory`. An error of this function fails the certificate.
    """
    if item["state"] == "absent":
        return None
    options = ImportOptions(item["allow_expired"], item["verify_chain"], item["trust"])
    known = ImportAction("imported", None, {}, order_id=item["order_id"], notes=item["notes"])
    try:
        bundle = read_item(item, module.hide)
        known = replace(known, certificate=bundle.certificate)
        anchors = find_anchors(item["trust"], item["trusted_ca_path"], module.warn)
        view = view_with(item["trusted_ca_path"])
    except CertificatesError as error:
        return known.mark_failed_by(error)
    return check_bundle(known, bundle, options, anchors, view)


def plan(client: Client, checked: Sequence[CheckedItem], view_with: TrustViewFactory) -> list[ImportAction]:
    """Read the orders and the store, and return the action for each certificate."""
    failures = [new for _item, new in checked if new and new.outcome == "failed"]
    if len(failures) == len(checked):
        return failures
    order_ids = sorted({item["order_id"] for item, _new in checked if item["order_id"] is not None})
    orders: Orders | CertificatesError
    try:
        found = fetch_orders(client, client.fetch_account_id(), order_ids) if order_ids else []
        orders = {order.id: order for order in found}
    except CertificatesError as error:
        orders = error  # of those certificates only that are checked against an order
    stored = store.fetch_stored(client)
    if any(item["state"] == "present" or item["fingerprint_sha256"] is not None for item, _new in checked):
        store.warn_of_unreadable(client, stored)
    index = StoreIndex(stored)
    steps = []
    for item, new in checked:
        if new is None:
            steps.append(plan_absent(index, item["certificate_id"], item["fingerprint_sha256"], item["common_name"]))
            continue
        try:
            if item["order_id"] is not None and new.outcome != "failed":
                if isinstance(orders, CertificatesError):
                    raise orders
                check_order(new.expected_content, orders.get(item["order_id"]), item["order_id"])
        except CertificatesError as error:
            new = replace(new, warnings=()).mark_failed_by(error)
        if new.outcome != "failed":
            view = view_with(item["trusted_ca_path"])
            new = plan_present(new, index, view, remove_superseded=item["remove_superseded"])
        steps.append(new)
    return cancel_conflicting_removals(mark_repeated(steps))


# The result


def as_result(
    planned: Sequence[ImportAction], done: Sequence[ImportAction], client: Client, *, single: bool
) -> dict[str, t.Any]:
    """Return the result of the module, with `failure` if a certificate failed."""
    certificates = [step.as_result() for step in done]
    result: dict[str, t.Any] = {
        "changed": any(step.has_changes for step in done),
        "certificates": certificates,
        "api_calls": client.api_calls,
        "diff": list(filter(None, map(build_diff, planned, done))),
    }
    if single:
        result["certificate"] = certificates[0]
    return result | build_certificates_failure([(step.name, step) for step in done], stopped=client.stop.is_set())
