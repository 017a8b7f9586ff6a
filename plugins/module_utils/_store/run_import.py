# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_import` does between its options and its result. Private to softlayer.certificates."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial

from .._base.action import failure_of
from .._base.errors import CertificatesError
from .._base.libraries import FOR_API, FOR_CERTIFICATES, FOR_LEDGER
from .._base.module import Module
from .._base.options import concurrency_options
from .._base.progress import counted
from .._base.times import now
from .._ledger.place import check_given_place, check_place, ledger_options
from .._orders.import_files import certificate_files
from .._replacement.index import StoreIndex
from .._replacement.roots import anchors_for, known_issuers, trust_view_of
from .._replacement.trust import TrustView
from .._softlayer import store
from .._softlayer.client import Client, connect
from .._softlayer.faults import NOT_FOUND_ADVICE
from .._softlayer.options import api_options
from .._softlayer.orders import Order, fetch_orders
from .._softlayer.values import check_ids
from .._x509.bundle import Bundle
from .._x509.certificate import Certificate
from .._x509.chain import Anchors, Chain
from . import messages
from .apply import Creator, read_kept
from .check import ImportOptions, assemble, check_order
from .options import IDENTITIES, SOURCES, check_beside_several, import_options
from .plan_import import (
    CHAIN,
    REQUEST,
    ImportAction,
    as_kept,
    check_deletion,
    mark_repeated,
    plain_fingerprint,
    plan_absent,
    plan_found,
    plan_present,
    spare_what_is_wanted,
    warnings_of,
    without_request,
)
from .read_files import Item, read_given

SPEC = api_options() + import_options() + ledger_options() + concurrency_options()
LIBRARIES = (*FOR_API, *FOR_CERTIFICATES, *FOR_LEDGER)
Orders = Mapping[int, Order]
"""The orders to check certificates against; in their place may be the error why they could not be read."""
Checked: t.TypeAlias = "tuple[Item, ImportAction | None]"
"""The options of one certificate, and what `check` has returned for it."""
ClientsWith = Callable[["str | None"], TrustView]
"""Returns the clients with the root certificates of a path, `None` for those of this machine."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    items, waiting = items_of(params)
    is_single = items == [params]
    check_beside_several(SPEC, params, module.given)
    for position, item in enumerate(items):
        check_combination(item, "" if is_single else f"Item {position}: ")
    check_given_place(params["ledger_url"])
    view_with = cache(trust_view_of)
    checked = [(item, check(item, module, view_with)) for item in items]  # until then a signal simply ends the run
    client = connect(module, params["concurrency"], module.stop_on_signals())
    steps = plan(client, checked, view_with)
    steps = refuse_creates_without_a_place(steps, params["ledger_url"])
    for step in steps:
        for warning in warnings_of(step):
            module.warn(f"{step.name}: {messages.warning(warning)}")
    done = [step.simulated() for step in steps] if module.check_mode else carry_out(module, client, steps)
    for step, end in zip(steps, done, strict=True):
        for warning in end.warnings[len(step.warnings) :]:
            module.warn(f"{end.name}: {messages.warning(warning)}")
    result = as_result(done if module.check_mode else steps, done, client, single=is_single)
    return {**result, "skipped_items": waiting}


def items_of(params: Item) -> tuple[list[Item], list[dict[str, t.Any]]]:
    """Return the options of each certificate, and the orders that have to wait, each with its reason.

    Raises:
        CertificatesError: `invalid_argument`; `not_found` for a folder; and others for what `intermediate_path` names.
    """
    orders, collected = params["orders"], params["collected"]
    if orders is None and collected is None:
        return [params] if params["certificates"] is None else params["certificates"], []
    if params["privatekey_dir"] is None or (collected is None and params["certificate_dir"] is None):
        raise CertificatesError(
            "invalid_argument",
            "The certificates of orders need privatekey_dir, the folder with their keys, and either collected, what "
            "ssl_fulfillment_email_info returned, or certificate_dir, the folder with the certificates saved from emails.",
        )
    issuers = known_issuers(params["intermediate_path"])
    passphrase = params["privatekey_passphrase"]
    found = certificate_files(
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
    """Refuse a certificate without its private key, and a deletion that does not name a certificate."""
    check_ids("order_id", [] if item["order_id"] is None else [item["order_id"]])
    wanted = IDENTITIES if item["state"] == "absent" else SOURCES
    if all(item[name] is None for name in wanted):
        raise CertificatesError("invalid_argument", f"{which}state {item['state']} needs one of {', '.join(wanted)}.")
    if item["state"] == "absent":
        if any(item[name] is not None and not str(item[name]).strip(" .") for name in wanted):
            raise CertificatesError("invalid_argument", f"{which}an empty {' or '.join(wanted)} names no certificate.")
        fingerprint = item["fingerprint_sha256"]
        if fingerprint is not None and not SHA256.fullmatch(plain_fingerprint(fingerprint)):
            raise CertificatesError(
                "invalid_argument", f"{which}fingerprint_sha256 must be 64 hex digits; colons between them are allowed."
            )
    elif all(item[name] is None for name in ("privatekey_path", "privatekey_content", "pkcs12_path")):
        raise CertificatesError(
            "invalid_argument",
            f"{which}the store takes no certificate without its private key: give privatekey_path or privatekey_content.",
        )


SHA256 = re.compile(r"[0-9a-f]{64}")


def check(item: Item, module: Module, view_with: ClientsWith) -> ImportAction | None:
    """Check one certificate as far as possible without the API; return what stores it, or its failure; `None` for one to delete.

    Args:
        item: the options.
        module: gets to know the secrets, and the warnings.
        view_with: see there; what it cannot read is a failure of this certificate.
    """
    if item["state"] == "absent":
        return None
    options = ImportOptions(item["allow_expired"], item["verify_chain"], item["trust"])
    known = ImportAction("imported", None, {}, order_id=item["order_id"], notes=item["notes"])
    try:
        bundle = read_given(item, module.hide)
        known = replace(known, certificate=bundle.certificate)
        anchors = anchors_for(item["trust"], item["trusted_ca_path"], module.warn)
        view = view_with(item["trusted_ca_path"])
    except CertificatesError as error:
        return known.because(error)
    return check_bundle(known, bundle, options, anchors, view)


def check_bundle(
    known: ImportAction, bundle: Bundle, options: ImportOptions, anchors: Anchors | None, view: TrustView
) -> ImportAction:
    """Return what stores a certificate with its key, or why that does not fit.

    Args:
        known: what is known of it without.
        bundle: the certificate, with its key itself.
        options: what to accept.
        anchors: the trusted certificates; `None` if trust is not to be checked.
        view: who has to trust it; they need not look at the same chain again.
    """
    try:
        content, warnings = assemble(bundle, options, now(), anchors, known.notes)
    except CertificatesError as error:
        return known.because(error)
    view.remember(content.certificate, t.cast(Chain, content.chain))
    return ImportAction.of(content, known.order_id, warnings)


def plan(client: Client, checked: Sequence[Checked], view_with: ClientsWith) -> list[ImportAction]:
    """Read the orders and the store once for all; return what to do about each certificate."""
    failures = [new for _item, new in checked if new and new.outcome == "failed"]
    if len(failures) == len(checked):
        return failures
    order_ids = sorted({item["order_id"] for item, _new in checked if item["order_id"] is not None})
    orders: Orders | CertificatesError
    try:
        found = fetch_orders(client, client.account_id(), order_ids) if order_ids else []
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
                check_order(new.wanted, orders.get(item["order_id"]), item["order_id"])
        except CertificatesError as error:
            new = replace(new, warnings=()).because(error)
        if new.outcome != "failed":
            view = view_with(item["trusted_ca_path"])
            new = plan_present(new, index, view, remove_superseded=item["remove_superseded"])
        steps.append(new)
    return spare_what_is_wanted(mark_repeated(steps))


def refuse_creates_without_a_place(steps: Sequence[ImportAction], ledger_url: str | None) -> list[ImportAction]:
    """Fail steps that create something if there is no possible place for the ledger; in check mode as well."""
    try:
        if any(step.outcome == "imported" for step in steps):
            check_place(ledger_url)
    except CertificatesError as error:
        return [step.because(error) if step.outcome == "imported" else step for step in steps]
    return list(steps)


def carry_out(module: Module, client: Client, steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Carry out a plan, several certificates at the same time; a failure does not affect the others."""
    creations = [step for step in steps if step.outcome == "imported"]
    creator = Creator(client, module.params["ledger_url"], creations)

    try:
        done = client.each(
            counted(partial(carry_out_one, client, creator), len(steps), "certificates"), steps, prepares=True
        )
    finally:
        creator.close()
    for position, step in enumerate(done):
        if step.first is not None:
            first = done[step.first]
            done[position] = replace(step, id=first.id)
            if first.outcome == "failed":
                done[position] = replace(step, outcome="failed", reason=first.reason, facts=first.facts)
    return done


def carry_out_one(client: Client, creator: Creator, step: ImportAction) -> ImportAction:
    """Carry out the plan for one certificate."""
    try:
        if step.outcome == "imported":
            step = create(creator, step)
        if step.record and step.outcome == "updated":
            step = edit(client, step, step.record.stored_id)
        elif step.record and step.outcome == "removed" and not remove(client, step.record.stored_id, step.certificate):
            step = replace(step, outcome="unchanged", facts={"is_gone": True})
    except CertificatesError as error:
        return step.because(error)
    superseded = (replace(old, removed=old.removed and was_removed(client, old.record)) for old in step.superseded)
    return replace(step, superseded=tuple(superseded))


def create(creator: Creator, step: ImportAction) -> ImportAction:
    """Store a certificate; if another run was faster, plan what is left to do about its record."""
    try:
        record, is_ours = creator.create(step)
    except CertificatesError as error:
        if step.wanted.certificate.common_name or error.code not in {"refused", "no_answer"}:
            raise
        raise CertificatesError(error.code, messages.without_common_name(error.message), **error.details) from None
    if is_ours:
        return as_kept(step, record)
    return plan_found(step, [record], t.cast(TrustView, step.view), is_listed=False)


def edit(client: Client, step: ImportAction, identifier: int) -> ImportAction:
    """Change a record, all but its CSR if the store does not take that.

    If no clear answer came, or its chain is to change, it is read before it is decided what became of it.
    """
    try:
        store.edit(client, identifier, step.changes)
    except CertificatesError as error:
        if error.code == "refused" and REQUEST in step.changes:
            left = without_request(step, error)
            return edit(client, left, identifier) if left.changes else left
        record = None
        if error.code == "no_answer":
            with suppress(CertificatesError):
                record = store.fetch_one(client, identifier)
        if record is None or step.wanted.changes_to(record):
            raise
        return step
    return as_kept(step, read_kept(client, identifier)) if CHAIN in step.changes else step


def remove(client: Client, identifier: int, listed: Certificate | None) -> bool:
    """Delete a record, unless by now it is in use or has another certificate than when it was listed; return whether this run has done it.

    It is a success if another run has deleted it first, but not if the user has no permission. If the answer to the deletion is lost, and
    the record is gone, it counts as this run's.
    """
    try:
        check_deletion(read_again(client, identifier), listed)
        store.delete(client, identifier)
    except CertificatesError as error:
        if error.code == "refused" and is_used(client, identifier):
            raise CertificatesError("in_use", f"{error.message} A service uses it since it was looked at.") from None
        if error.code not in {"not_found", "no_answer"} or is_stored(client, identifier):
            raise
        return error.code == "no_answer"
    return True


def read_again(client: Client, identifier: int) -> store.StoreCertificate:
    """Return the current content of a record.

    Raises:
        CertificatesError: as `store.fetch_one`; `not_found`; `api_error` if no answer came, as nothing was changed.
    """
    try:
        record = store.fetch_one(client, identifier)
    except CertificatesError as error:
        code = "api_error" if error.code == "no_answer" else error.code
        raise CertificatesError(code, f"{error.message} Nothing was deleted.", **error.details) from None
    if record is None:
        raise CertificatesError("not_found", f"Certificate {identifier} cannot be read any more. {NOT_FOUND_ADVICE}")
    return record


def is_used(client: Client, identifier: int) -> bool:
    """Return whether a service is known to use a record by now."""
    with suppress(CertificatesError):
        record = store.fetch_one(client, identifier)
        return bool(record and record.associated_service_count)
    return False


def is_stored(client: Client, identifier: int) -> bool:
    """Return whether the store has a record, or may have it."""
    with suppress(CertificatesError):
        return any(record.id == identifier for record in store.fetch_stored(client))
    return True


def was_removed(client: Client, old: store.StoreCertificate) -> bool:
    """Delete a superseded record and return whether this run has; it is kept if it is now in use or has changed."""
    try:
        is_done = remove(client, old.stored_id, old.certificate)
        why_not = "somebody else has deleted it meanwhile."
    except CertificatesError as error:
        is_done, why_not = False, error.message
    if not is_done:
        client.warn(f"The certificate {old.id}, which is superseded, was not removed: {why_not}")
    return is_done


# The result


def as_result(
    planned: Sequence[ImportAction], done: Sequence[ImportAction], client: Client, *, single: bool
) -> dict[str, t.Any]:
    """Return the module's result, with `failure` if a certificate failed."""
    certificates = [step.as_result() for step in done]
    # The diff shows the plan, unless another run has stored or deleted it meanwhile, or the store has not taken its CSR.
    shown = [
        end
        if end.outcome in {"unchanged", "updated"} and (end.outcome, end.facts) != (step.outcome, step.facts)
        else step
        for step, end in zip(planned, done, strict=True)
    ]
    result: dict[str, t.Any] = {
        "changed": any(step.changes_something for step in done),
        "certificates": certificates,
        "api_calls": client.api_calls,
        "diff": [step.as_diff() for step in shown if step.changes_something],
    }
    if single:
        result["certificate"] = certificates[0]
    return result | failure_of([(step.name, step) for step in done], stopped=client.stop.is_set())
