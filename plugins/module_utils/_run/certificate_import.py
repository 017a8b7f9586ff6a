# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_import` does between its options and its result. Private to softlayer.certificates."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache

from .._api import store
from .._api.client import MOST_CALLS_AT_ONCE, Client, connect
from .._api.faults import NOT_FOUND_ADVICE
from .._api.orders import Order, fetch_orders
from .._api.values import check_ids
from .._argspec import IDENTITIES, SOURCES, api_options, concurrency_options, import_options, ledger_options
from .._codes import Code, ImportReason
from .._errors import CertificatesError
from .._files import read_file
from .._ledger.place import check_place
from .._libraries import FOR_API, FOR_CERTIFICATES, FOR_LEDGER
from .._module import Module
from .._plan.imports import (
    About,
    Creation,
    Failure,
    ImportAction,
    Present,
    Removal,
    Repetition,
    Superseded,
    Unchanged,
    Update,
    as_simulated,
    check_deletion,
    failed,
    mark_repeated,
    plain_fingerprint,
    plan_absent,
    plan_found,
    plan_present,
    simulate,
    spare_what_is_wanted,
    warnings_of,
)
from .._plan.material import Content, ImportOptions, Material, assemble, check_order, presumed_leaf, with_remedy
from .._plan.store_index import StoreIndex
from .._plan.superseding import Clients
from .._progress import ProgressFile
from .._times import now
from .._x509.certificate import Certificate
from .._x509.chain import Anchors
from .._x509.keys import key_texts
from .creates import Creator
from .import_result import as_result
from .order_files import certificate_files
from .roots import clients_of, known_issuers, roots_if_any, trusted_roots

SPEC = api_options() + import_options() + ledger_options() + concurrency_options()
LIBRARIES = (*FOR_API, *FOR_CERTIFICATES, *FOR_LEDGER)
Item = dict[str, t.Any]
"""The options of one certificate."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    items, waiting = items_of(params)
    is_single = items == [params]
    check_params(module)
    for position, item in enumerate(items):
        check_combination(item, "" if is_single else f"Item {position}: ")
    order_ids = sorted({item["order_id"] for item in items if item["order_id"] is not None})
    check_ids("order_id", order_ids)
    if params["ledger_url"]:
        check_place(params["ledger_url"])
    clients_with = cache(clients_of)
    checked = [check(item, module, clients_with) for item in items]  # until then a signal simply ends the run
    client = connect(module, params["concurrency"], module.stop_on_signals())
    steps = refuse_creates_without_a_place(plan(client, items, checked, order_ids), params["ledger_url"])
    for step in steps:
        for warning in warnings_of(step):
            module.warn(f"{step.about.name}: {warning}")
    planned = [simulate(step) for step in steps]
    done = [as_simulated(step) for step in planned] if module.check_mode else carry_out(module, client, steps)
    return {**as_result(planned, done, client, single=is_single), "skipped_items": waiting}


OF_OTHERS = (
    ("orders", {"id", "common_name", "status"}, "ssl_order_info"),
    (
        "collected",
        {"order_id", "common_name", "certificate", "intermediate_certificate", "public_key_sha256"},
        "ssl_fulfillment_email_info",
    ),
)
"""The options that take what another module returned, which keys of it are needed, and the module."""


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
    for name, keys, module in OF_OTHERS:
        if not all(one is not None and keys <= one.keys() for one in params[name] or ()):
            needed = f"Each of {name} needs {', '.join(sorted(keys))}"
            raise CertificatesError("invalid_argument", f"{needed}: give what {module} returned.")
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
    of_one = SPEC.options["certificates"]["options"]
    shared = {name: params[name] for name in of_one if "default" in of_one[name]}
    unset = dict.fromkeys(of_one)
    common = {**unset, **shared, "privatekey_passphrase": passphrase, "trusted_ca_path": params["trusted_ca_path"]}
    return [{**common, **item} for item in found["ready"]], found["skipped"]


def check_params(module: Module) -> None:
    """Refuse combinations of options that the argument specification cannot express."""
    if not 1 <= module.params["concurrency"] <= MOST_CALLS_AT_ONCE:
        raise CertificatesError("invalid_argument", f"concurrency must be from 1 to {MOST_CALLS_AT_ONCE}.")
    misplaced = sorted(module.given & {"state", "allow_expired", "verify_chain", "remove_superseded", "trust"})
    if module.params["certificates"] is not None and misplaced:
        raise CertificatesError(
            "invalid_argument", f"With certificates, give {', '.join(misplaced)} inside its entries, not beside them."
        )


def check_combination(item: Item, which: str) -> None:
    """Refuse a certificate without its private key, and a deletion that does not name a certificate."""
    wanted = IDENTITIES if item["state"] == "absent" else SOURCES
    if all(item[name] is None for name in wanted):
        raise CertificatesError("invalid_argument", f"{which}state {item['state']} needs one of {', '.join(wanted)}.")
    if item["state"] == "absent":
        if any(item[name] is not None and not is_given(item[name]) for name in wanted):
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


def is_given(value: object) -> bool:
    """Return whether an option names something; an empty name does not."""
    return value is not None and str(value).strip(" .") != ""


@dataclass(frozen=True)
class Orders:
    """The orders to check certificates against, or the error why they could not be read."""

    by_id: dict[int, Order]
    error: CertificatesError | None = None

    def check(self, content: Content, order_id: int) -> None:
        """Refuse a certificate that was not issued for an order's CSR.

        Raises:
            CertificatesError: its code is the `reason`.
        """
        if self.error:
            raise as_reason(self.error)
        check_order(content, self.by_id.get(order_id), order_id)


@dataclass(frozen=True)
class ToStore:
    """A certificate that can be stored, as far as that can be checked without the API."""

    content: Content
    wishes: ImportOptions
    about: About
    clients: Clients = field(repr=False, compare=False)

    def plan(self, index: StoreIndex, orders: Orders) -> ImportAction:
        """Return what to do about it."""
        order_id = self.about.order_id
        try:
            if order_id is not None:
                orders.check(self.content, order_id)
        except CertificatesError as error:
            return failed(error, replace(self.about, warnings=()))
        step = plan_present(self.content, index, self.wishes, order_id, self.clients)
        return replace(step, about=replace(step.about, warnings=self.about.warnings))


@dataclass(frozen=True)
class ToRemove:
    """The options that identify a certificate to delete."""

    certificate_id: int | None
    fingerprint_sha256: str | None
    common_name: str | None

    def plan(self, index: StoreIndex, _orders: Orders) -> ImportAction:
        """Return what to do about it."""
        return plan_absent(list(index), self.certificate_id, self.fingerprint_sha256, self.common_name)


Checked: t.TypeAlias = "ToStore | ToRemove | Failure"


def check(item: Item, module: Module, clients_with: Callable[[str | None], Clients]) -> Checked:
    """Check one certificate as far as possible without the API.

    Args:
        item: the options.
        module: gets to know the secrets, and the warnings.
        clients_with: returns the clients with the root certificates of a path, `None` for those of this machine.
    """
    if item["state"] == "absent":
        return ToRemove(item["certificate_id"], item["fingerprint_sha256"], item["common_name"])
    wishes = ImportOptions(item["allow_expired"], item["verify_chain"], item["remove_superseded"], item["trust"])
    about = About(order_id=item["order_id"], notes=item["notes"])
    try:
        material = read_material(item)
        module.no_log_values.update(key_texts(material.private_key or b""))
        about = replace(about, certificate=presumed_leaf(material))
        content, warnings = assemble(material, wishes, now(), anchors_for(item, module))
        clients = clients_with(item["trusted_ca_path"])
    except CertificatesError as error:
        return failed(error, about)
    module.no_log_values.add(content.private_key_pem.strip())
    return ToStore(content, wishes, replace(about, certificate=content.certificate, warnings=warnings), clients)


def anchors_for(item: Item, module: Module) -> Anchors | None:
    """Return the trusted certificates, or `None` if trust is not to be checked.

    Also `None` if only a warning depends on it and this machine has no roots.
    """
    if item["trust"] == "ignore":
        return None
    if item["trust"] == "require":
        return trusted_roots(item["trusted_ca_path"])
    return roots_if_any(item["trusted_ca_path"], module.warn)


def read_material(item: Item) -> Material:
    """Return the content given for one certificate, with its files read."""

    def given(name: str) -> bytes | None:
        if item[f"{name}_content"] is not None:
            return t.cast(str, item[f"{name}_content"]).encode("utf-8", "replace")
        return read_file(item[f"{name}_path"]) if item[f"{name}_path"] is not None else None

    return Material(
        certificate=given("certificate"),
        private_key=given("privatekey"),
        privatekey_passphrase=item["privatekey_passphrase"],
        intermediate=given("intermediate"),
        request=given("csr"),
        key_store=read_file(item["pkcs12_path"]) if item["pkcs12_path"] is not None else None,
        key_store_passphrase=item["pkcs12_passphrase"],
        notes=item["notes"],
        paths={
            part: item[f"{part}_path"]
            for part in ("certificate", "privatekey", "intermediate", "csr", "pkcs12")
            if item[f"{part}_path"] is not None
        },
    )


def plan(
    client: Client, items: Sequence[Item], checked: Sequence[Checked], order_ids: Sequence[int]
) -> list[ImportAction]:
    """Read the orders and the store once for all; return what to do about each certificate."""
    failures: list[ImportAction] = [one for one in checked if isinstance(one, Failure)]
    if len(failures) == len(checked):
        return failures
    orders = read_orders(client, order_ids)
    stored = store.fetch_stored(client)
    if any(item["state"] == "present" or item["fingerprint_sha256"] is not None for item in items):
        store.warn_of_unreadable(client, stored)
    return plan_from(client, checked, StoreIndex(stored), orders)


def plan_from(client: Client, checked: Sequence[Checked], index: StoreIndex, orders: Orders) -> list[ImportAction]:
    """Return what to do about each certificate, from what the store holds."""
    steps = mark_repeated([one if isinstance(one, Failure) else one.plan(index, orders) for one in checked])
    return [name_services(client, step) for step in spare_what_is_wanted(steps)]


def name_services(client: Client, step: ImportAction) -> ImportAction:
    """If a certificate is in use, add to the message what uses it."""
    if not isinstance(step, Failure) or step.reason != "in_use" or step.about.id is None:
        return step
    services = store.fetch_services(client, step.about.id)
    return replace(step, message=f"{step.message} It is used by: {', '.join(services)}.") if services else step


def read_orders(client: Client, order_ids: Sequence[int]) -> Orders:
    """Return the orders; if they cannot be read, this affects only certificates that are checked against an order."""
    try:
        found = fetch_orders(client, client.account_id(), order_ids) if order_ids else []
        return Orders({order.id: order for order in found})
    except CertificatesError as error:
        return Orders({}, error)


def refuse_creates_without_a_place(steps: Sequence[ImportAction], ledger_url: str | None) -> list[ImportAction]:
    """Fail steps that create something if there is no possible place for the ledger; in check mode as well."""
    try:
        if any(isinstance(step, Creation) for step in steps):
            check_place(ledger_url)
    except CertificatesError as error:
        return [failed(as_reason(error), step.about) if isinstance(step, Creation) else step for step in steps]
    return list(steps)


def carry_out(module: Module, client: Client, steps: Sequence[ImportAction]) -> list[ImportAction]:
    """Carry out a plan, several certificates at the same time; a failure does not affect the others."""
    creator = Creator(client, module.params["ledger_url"], [step for step in steps if isinstance(step, Creation)])
    progress = ProgressFile(module.given_folder, len(steps))
    try:
        done = client.each(progress.of(lambda step: carry_out_one(client, creator, step)), steps, prepares=True)
    finally:
        creator.close()
    return [repeated(step, done[step.first]) if isinstance(step, Repetition) else step for step in done]


def repeated(step: Repetition, first: ImportAction) -> ImportAction:
    """Return the step of a certificate that was already given by an earlier item."""
    if isinstance(first, Failure):
        return Failure(step.about, first.message, first.reason)
    return replace(step, about=replace(step.about, id=first.about.id))


def carry_out_one(client: Client, creator: Creator, step: ImportAction) -> ImportAction:
    """Carry out the plan for one certificate."""
    try:
        if isinstance(step, Creation):
            step = create(creator, step)
        if isinstance(step, Update):
            edit(client, step)
        elif isinstance(step, Removal):
            return carry_out_removal(client, step)
    except CertificatesError as error:
        return name_services(client, failed(as_reason(error), step.about))
    if not isinstance(step, Present):
        return step
    return replace(
        step,
        superseded=tuple(replace(old, removed=old.remove and was_removed(client, old)) for old in step.superseded),
    )


def carry_out_removal(client: Client, step: Removal) -> ImportAction:
    """Delete a record."""
    try:
        remove(client, step.record.id, step.record.certificate)
    except CertificatesError as error:
        return name_services(client, failed(as_reason(error), step.about))
    return step


def create(creator: Creator, step: Creation) -> ImportAction:
    """Store a certificate; if another run was faster, plan what is left to do about its record."""
    try:
        created = creator.create(step)
    except CertificatesError as error:
        raise with_remedy(error, step.content.certificate) from None
    if isinstance(created, int):
        return replace(step, about=replace(step.about, id=created))
    found = plan_found(step, [created])
    if step.is_second and not isinstance(found, Unchanged):
        raise chain_not_kept(created.id)
    return found


def edit(client: Client, step: Update) -> None:
    """Change a record; if no clear answer came, or its chain is to change, read it before deciding whether it failed."""
    try:
        store.edit(client, step.record.id, step.changes)
    except CertificatesError as error:
        if error.code != "no_answer" or lacking(client, step) != {}:
            raise
    if CHAIN in step.changes and CHAIN in (lacking(client, step) or {}):
        raise chain_not_kept(step.record.id)


def lacking(client: Client, step: Update) -> Mapping[str, str] | None:
    """Return what a record is not as wanted in; `None` if that cannot be read."""
    with suppress(CertificatesError):
        record = store.fetch_one(client, step.record.id)
        return None if record is None else step.content.changes_to(record)
    return None


CHAIN = "intermediateCertificate"


def chain_not_kept(identifier: int) -> CertificatesError:
    """Say that the store has left out issuers: it is not documented whether it takes several, and to give them again would not help."""
    return CertificatesError(
        "refused",
        f"Certificate {identifier} was given these intermediate certificates, and the store has not kept all of them: import it with fewer.",
    )


def remove(client: Client, identifier: int, listed: Certificate | None) -> None:
    """Delete a record, unless by now it is in use or has another certificate than when it was listed.

    It is a success if another run has deleted it first, but not if the user has no permission.
    """
    try:
        check_deletion(read_again(client, identifier), listed)
        store.delete(client, identifier)
    except CertificatesError as error:
        if error.code not in {"not_found", "no_answer"} or is_stored(client, identifier):
            raise


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


def is_stored(client: Client, identifier: int) -> bool:
    """Return whether the store has a record, or may have it."""
    with suppress(CertificatesError):
        return any(record.id == identifier for record in store.fetch_stored(client))
    return True


def was_removed(client: Client, old: Superseded) -> bool:
    """Delete a superseded record and return whether it is gone; it is kept if it is now in use or has changed."""
    try:
        remove(client, old.id, old.certificate)
    except CertificatesError as error:
        client.warn(f"The certificate {old.id}, which is superseded, was not removed: {error.message}")
        return False
    return True


REASONS: Mapping[Code, ImportReason] = {
    "refused": "refused",
    "not_found": "not_found",
    "in_use": "in_use",
    "ambiguous": "ambiguous",
}
"""Failure codes that are used as reasons; all others become `api_error`."""


def as_reason(error: CertificatesError) -> CertificatesError:
    """Return an error whose code is a reason of this module."""
    if error.code == "no_answer":
        message = f"{error.message} Run it again: it looks first what was done."
        return CertificatesError("outcome_unknown", message, **error.details)
    return CertificatesError(REASONS.get(error.code, "api_error"), error.message, **error.details)
