# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_certificate_import` does between its options and its result. Private to softlayer.certificates."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from .._api import store
from .._api.client import MOST_CALLS_AT_ONCE, Client, connect
from .._api.faults import NOT_FOUND_ADVICE
from .._api.orders import Order, fetch_orders
from .._api.values import check_ids
from .._argspec import IDENTITIES, SOURCES, ArgumentSpec, api_options, import_options, ledger_options
from .._codes import Code, ImportReason
from .._errors import CertificatesError
from .._files import read_file
from .._ledger.place import find_place
from .._libraries import FOR_API, FOR_CERTIFICATES, FOR_LEDGER
from .._module import Module
from .._plan.imports import (
    Step,
    Superseded,
    check_deletion,
    failed,
    mark_repeated,
    plain_fingerprint,
    plan_absent,
    plan_found,
    plan_present,
    predicted,
    spare_what_is_wanted,
    warnings_of_shorter_terms,
)
from .._plan.material import Content, ImportWishes, Material, assemble, check_order, presumed_leaf
from .._text import some_of
from .._times import iso, now
from .._x509.certificate import Certificate
from .._x509.chain import Anchors
from .._x509.keys import key_texts
from .creates import Creator
from .roots import trusted_roots

SPEC = (
    api_options()
    + import_options()
    + ledger_options()
    + ArgumentSpec(options={"concurrency": {"type": "int", "default": 8}})
)
LIBRARIES = (*FOR_API, *FOR_CERTIFICATES, *FOR_LEDGER)
Item = dict[str, t.Any]
"""The options of one certificate."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    many = params["certificates"]
    items: list[Item] = [params] if many is None else many
    check_params(module)
    for position, item in enumerate(items):
        check_combination(item, "" if many is None else f"Item {position}: ")
    order_ids = sorted({item["order_id"] for item in items if item["order_id"] is not None})
    check_ids("order_id", order_ids)
    if params["ledger_url"]:
        find_place(params["ledger_url"])
    checked = [check(item, module) for item in items]  # before that a signal ends the run, as nothing has begun
    client = connect(module, params["concurrency"], module.stop_on_signals())
    steps = (
        plan(client, items, checked, order_ids)
        if any(not isinstance(found, Step) for found in checked)
        else t.cast("list[Step]", checked)
    )
    steps = refuse_creates_without_a_place(steps, params["ledger_url"])
    for step in steps:
        for warning in (*step.warnings, *warnings_of_shorter_terms(step)):
            module.warn(f"{step.common_name or (step.certificate and step.certificate.common_name)}: {warning}")
    planned = [predicted(step) for step in steps]
    done = planned if module.check_mode else carry_out(client, steps, params["ledger_url"])
    return as_result(planned, done, client, single=many is None)


def check_params(module: Module) -> None:
    """Refuse what the argument specification cannot."""
    if not 1 <= module.params["concurrency"] <= MOST_CALLS_AT_ONCE:
        raise CertificatesError("invalid_argument", f"concurrency must be from 1 to {MOST_CALLS_AT_ONCE}.")
    misplaced = sorted(module.given & {"state", "allow_expired", "verify_chain", "remove_superseded", "trust"})
    if module.params["certificates"] is not None and misplaced:
        raise CertificatesError(
            "invalid_argument", f"With certificates, give {', '.join(misplaced)} inside its entries, not beside them."
        )


def check_combination(item: Item, which: str) -> None:
    """Refuse a certificate without its private key, or one to delete without a name."""
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
    """Return whether an option names something; an empty name names nothing."""
    return value is not None and str(value).strip(" .") != ""


@dataclass(frozen=True)
class Orders:
    """The orders that certificates are to be checked against, or why they could not be read."""

    by_id: dict[int, Order]
    error: CertificatesError | None = None


Planner = Callable[[Sequence[store.Stored], Orders], Step]
"""Makes a plan for one certificate of the facts that only the API has."""


def check(item: Item, module: Module) -> Step | Planner:
    """Check one certificate as far as that goes without the API."""
    if item["state"] == "absent":
        return lambda stored, _orders: plan_absent(
            stored, item["certificate_id"], item["fingerprint_sha256"], item["common_name"]
        )
    wishes = ImportWishes(item["allow_expired"], item["verify_chain"], item["remove_superseded"], item["trust"])
    order_id = item["order_id"]
    known = Step("failed", "", order_id=order_id, notes=item["notes"])
    try:
        material = read_material(item)
        module.no_log_values.update(key_texts(material.private_key or b""))
        known = replace(known, certificate=presumed_leaf(material))
        content, warnings = assemble(material, wishes, now(), anchors_for(item, module))
    except CertificatesError as error:
        return failed(error, known)
    module.no_log_values.add(content.private_key_pem.strip())

    def plan_one(stored: Sequence[store.Stored], orders: Orders) -> Step:
        try:
            if order_id is not None and orders.error:
                raise as_reason(orders.error)
            if order_id is not None:
                check_order(content, orders.by_id.get(order_id), order_id)
        except CertificatesError as error:
            return failed(error, replace(known, certificate=content.certificate))
        return replace(plan_present(content, stored, wishes, order_id, now()), warnings=warnings)

    return plan_one


def anchors_for(item: Item, module: Module) -> Anchors | None:
    """Return what is trusted, `None` where that is not asked, or only a warning hangs on it and the machine has nothing of the kind."""
    if item["trust"] == "ignore":
        return None
    try:
        return trusted_roots(item["trusted_ca_path"])
    except CertificatesError as error:
        if item["trust"] == "require" or item["trusted_ca_path"] is not None:
            raise
        module.warn(f"Whether certificates can be trusted was not looked at. {error.message}")
        return None


def read_material(item: Item) -> Material:
    """Return what was given for one certificate, with the files read."""

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
    client: Client, items: Sequence[Item], checked: Sequence[Step | Planner], order_ids: Sequence[int]
) -> list[Step]:
    """Read the orders and the store, once for all, and return what is to be done about each certificate."""
    orders = read_orders(client, order_ids)
    stored = store.fetch_stored(client)
    if any(item["state"] == "present" or item["fingerprint_sha256"] is not None for item in items):
        store.warn_of_unreadable(client, stored)
    steps = mark_repeated([found if isinstance(found, Step) else found(stored, orders) for found in checked])
    return [name_services(client, step) for step in spare_what_is_wanted(steps)]


def name_services(client: Client, step: Step) -> Step:
    """Say of a certificate in use what uses it."""
    services = store.fetch_services(client, step.id) if step.reason == "in_use" and step.id is not None else []
    return replace(step, message=f"{step.message} It is used by: {', '.join(services)}.") if services else step


def read_orders(client: Client, order_ids: Sequence[int]) -> Orders:
    """Return the orders; that they cannot be read concerns only the certificates that are checked against one."""
    try:
        found = fetch_orders(client, client.account_id(), order_ids) if order_ids else []
        return Orders({order.id: order for order in found})
    except CertificatesError as error:
        return Orders({}, error)


def refuse_creates_without_a_place(steps: Sequence[Step], ledger_url: str | None) -> list[Step]:
    """Let what is to be created fail where the ledger cannot be, in check mode as well."""
    try:
        if any(step.outcome == "imported" for step in steps):
            find_place(ledger_url)
    except CertificatesError as error:
        return [failed(as_reason(error), step) if step.outcome == "imported" else step for step in steps]
    return list(steps)


def carry_out(client: Client, steps: Sequence[Step], ledger_url: str | None) -> list[Step]:
    """Carry out a plan, several certificates at the same time; what fails hides nothing of the others."""
    new = [step.content.certificate for step in steps if step.outcome == "imported" and step.content]
    creator = Creator(client, ledger_url, new)
    try:
        done = client.each(lambda step: carry_out_one(client, creator, step), steps)
    finally:
        creator.close()
    return [step if step.same_as is None else repeated(step, done[step.same_as]) for step in done]


def repeated(step: Step, first: Step) -> Step:
    """Return the step of a certificate that was given before."""
    if first.outcome == "failed":
        return replace(step, outcome="failed", reason=first.reason, message=first.message)
    return replace(step, id=first.id)


def carry_out_one(client: Client, creator: Creator, step: Step) -> Step:
    """Carry out what is planned for one certificate."""
    try:
        if step.outcome == "imported":
            step = create(creator, step)
        if step.outcome == "updated":
            edit(client, step)
        elif step.outcome == "removed":
            remove(client, t.cast(int, step.id), step.certificate)
    except CertificatesError as error:
        return name_services(client, failed(as_reason(error), step))
    return replace(
        step,
        superseded=tuple(replace(old, removed=old.remove and was_removed(client, old)) for old in step.superseded),
    )


def create(creator: Creator, step: Step) -> Step:
    """Store a certificate; where another run was faster, plan what is left to do about its record."""
    content = t.cast(Content, step.content)
    created = creator.create(content.certificate, content.as_template())
    return replace(step, id=created) if isinstance(created, int) else plan_found(step, created, now())


def edit(client: Client, step: Step) -> None:
    """Change a record; after an answer that says nothing the record is read before anything is said."""
    identifier = t.cast(int, step.id)
    try:
        store.edit(client, identifier, step.changes)
    except CertificatesError as error:
        if error.code != "no_answer" or not is_edited(client, identifier, step):
            raise


def is_edited(client: Client, identifier: int, step: Step) -> bool:
    """Return whether a record is known to be as it is wanted."""
    with suppress(CertificatesError):
        record = store.fetch_one(client, identifier)
        return record is not None and not t.cast(Content, step.content).changes_to(record)
    return False


def remove(client: Client, identifier: int, listed: Certificate | None) -> None:
    """Delete a record, unless it is another one than was listed, or in use, by now.

    That another run was faster is as good, that the user may not is not.
    """
    try:
        check_deletion(read_again(client, identifier), listed)
        store.delete(client, identifier)
    except CertificatesError as error:
        if error.code not in {"not_found", "no_answer"} or is_stored(client, identifier):
            raise


def read_again(client: Client, identifier: int) -> store.Stored:
    """Return a record as it is now.

    Raises:
        CertificatesError: as `store.fetch_one`; `not_found`, `api_error` where no answer came, as nothing was changed.
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
    """Return whether the store holds a record, or may hold it."""
    with suppress(CertificatesError):
        return any(record.id == identifier for record in store.fetch_stored(client))
    return True


def was_removed(client: Client, old: Superseded) -> bool:
    """Delete a superseded record and return whether it is gone; what came into use meanwhile, or was changed, is kept."""
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
"""Codes of failures that are reasons by themselves; all others are `api_error`."""


def as_reason(error: CertificatesError) -> CertificatesError:
    """Return an error whose code is a reason of this module."""
    if error.code == "no_answer":
        message = f"{error.message} Run it again: it looks first what was done."
        return CertificatesError("outcome_unknown", message, **error.details)
    return CertificatesError(REASONS.get(error.code, "api_error"), error.message, **error.details)


def as_result(planned: Sequence[Step], done: Sequence[Step], client: Client, *, single: bool) -> dict[str, t.Any]:
    """Return what the module returns, with `failure` if a certificate failed."""
    certificates = [step.as_result() for step in done]
    result: dict[str, t.Any] = {
        "changed": any(step.changes_something for step in done),
        "certificates": certificates,
        "api_calls": client.api_calls,
        "diff": [as_diff(step) for step in map(as_shown, planned, done) if step.changes_something],
    }
    if single:
        result["certificate"] = certificates[0]
    failures = [(position, step) for position, step in enumerate(done) if step.outcome == "failed"]
    if failures:
        result["failure"] = as_failure(failures, len(done), stopped=client.stop.is_set())
    return result


def as_failure(failures: Sequence[tuple[int, Step]], count: int, *, stopped: bool) -> dict[str, t.Any]:
    """Return `failure` for the certificates that failed."""
    _position, first = failures[0]
    if count == 1:
        return CertificatesError("interrupted" if stopped else first.reason or "api_error", first.message).as_failure()
    said = [f"item {position} ({name_of(step)}): {step.reason}: {step.message}" for position, step in failures]
    return CertificatesError(
        "interrupted" if stopped else "certificates_failed",
        f"{'The run was told to stop. ' if stopped else ''}{len(failures)} of {count} certificates failed: "
        f"{some_of(said, 5, '; ', '; ')}",
        items=[{"item": position, "reason": step.reason, "message": step.message} for position, step in failures],
    ).as_failure()


def name_of(step: Step) -> str:
    """Return what a certificate is called in messages."""
    return (step.certificate.common_name if step.certificate else step.common_name) or "unknown name"


def as_shown(planned: Step, done: Step) -> Step:
    """Return what the diff shows of a certificate: the plan, unless another run has stored it meanwhile."""
    return done if planned.outcome == "imported" and done.outcome in {"unchanged", "updated"} else planned


def as_diff(step: Step) -> dict[str, t.Any]:
    """Return the plan for one certificate as Ansible shows differences: public facts only."""
    public = (
        {"fingerprint_sha256": step.certificate.fingerprint_sha256, "not_after": iso(step.certificate.not_after)}
        if step.certificate
        else {}
    )
    known = {"id": step.id, "common_name": name_of(step), **public}
    before: dict[str, t.Any] = {} if step.outcome == "imported" else dict(known)
    after: dict[str, t.Any] = {} if step.outcome == "removed" else dict(known)
    if step.outcome in {"imported", "updated"}:
        after["state"] = step.message
    if "notes" in step.changes:
        before["notes"], after["notes"] = step.notes_before, step.notes
    removed = [old.id for old in step.superseded if old.removed]
    if removed:
        before["superseded"], after["superseded"] = removed, []
    return {"before_header": name_of(step), "after_header": name_of(step), "before": before, "after": after}
