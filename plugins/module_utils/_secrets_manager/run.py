# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `secrets_manager_certificate`. Private to softlayer.certificates.

A lock in the ledger allows only one run at a time to change an instance. Control nodes with different ledgers do not share the lock, so the
existing secret is read before a new version is added, and after a lost response.
"""

from __future__ import annotations

import threading
import typing as t
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus

from .._base.action import build_certificates_failure
from .._base.codes import SecretOutcome, SecretReason
from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES, LEDGER_LIBRARIES, SECRETS_MANAGER_LIBRARIES
from .._base.module import Module
from .._base.options import ArgumentSpec, build_concurrency_options
from .._base.progress import count_calls
from .._base.times import now
from .._http.faults import end_sentence
from .._ledger.place import build_ledger_options, check_optional_ledger_url
from .._replacement.roots import create_trust_view, find_anchors
from .._softlayer.client import Client, connect
from .._softlayer.options import build_api_options
from .._softlayer.store import fetch_visible, fetch_with_private_key
from .._softlayer.values import check_ids
from .._store import messages as of_store
from .._store.check import ImportOptions, assemble
from .._store.options import SOURCES, check_item_options
from .._store.plan_export import check_key
from .._store.read_files import Item, read_item
from .._x509.bundle import Bundle, KeyRef
from .._x509.keys import list_key_texts
from .client import SecretsManager
from .plan import SecretAction, compare_content, find_large_part, mark_repeated, plan_secret
from .read import SECRET_ERROR_CODES, read_bundle
from .secret import Secret
from .settings import (
    NAME_PATTERN,
    NAME_RULE,
    build_instance_options,
    build_secret_certificate_options,
    resolve_instance,
    why_metadata_invalid,
)

SPEC = (
    build_api_options()
    + build_instance_options()
    + build_secret_certificate_options()
    + build_concurrency_options()
    + build_ledger_options()
    + ArgumentSpec(options={"iam_api_key": {"type": "str", "no_log": True}})
)
LIBRARIES = tuple(
    dict.fromkeys((*API_LIBRARIES, *CERTIFICATE_LIBRARIES, *LEDGER_LIBRARIES, *SECRETS_MANAGER_LIBRARIES))
)
MAX_WAIT = 900.0
"""Maximum time in seconds to wait for another run that changes the same instance."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    is_single = params["certificates"] is None
    items: list[Item] = [params] if is_single else params["certificates"]
    check_item_options(SPEC, params, module.given)
    check_optional_ledger_url(params["ledger_url"])
    for position, item in enumerate(items):
        check_item(item, "" if is_single else f"Item {position}: ")
    instance = resolve_instance(params, module.given, params, "iam_api_key")
    module.hide(instance.api_key, instance.iam_token)
    steps = [plan_item(item, module) for item in items]  # before this line, a signal simply ends the run
    stop = module.stop_on_signals()
    client = None
    if any(item["certificate_id"] is not None for item in items):
        client = connect(module, params["concurrency"], stop)
        steps = read_from_store(module, client, items, steps)
    manager = SecretsManager(instance, params["concurrency"], stop, module.warn, module.hide)
    steps = plan(module, manager, steps)
    for step in steps:
        for warning in step.warnings if step.outcome != "failed" else ():
            module.warn(f"{step.name}: {of_store.describe_warning(warning)}")
    done = [step.simulate() for step in steps] if module.check_mode else carry_out(module, manager, steps)
    is_there = {"unchanged"} if module.check_mode else {"created", "updated", "unchanged"}

    def set_version(step: SecretAction) -> SecretAction:
        if step.outcome in is_there and step.secret and not step.version_id:
            with suppress(CertificatesError):
                return replace(step, version_id=manager.find_current_version(step.secret.id))
        return step

    done = manager.call_for_each(set_version, done)
    api_calls = manager.api_calls + (client.api_calls if client else 0)
    return build_result(done, api_calls, stop, single=is_single)


# The expected secrets


def check_item(item: Item, which: str) -> None:
    """Reject an item without a name, a certificate, or a private key, or with invalid labels.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    check_ids("certificate_id", [] if item["certificate_id"] is None else [item["certificate_id"]])
    of_files = ("privatekey_path", "privatekey_content", "pkcs12_path")
    why = why_metadata_invalid(item["labels"], item["description"])
    if not (item["name"] or "").strip():
        why = "name is missing. Set name to the name of the secret."
    elif not item["secret_group"].strip():
        why = "secret_group must not be empty. Remove secret_group to use the group default."
    elif all(item[name] is None for name in (*SOURCES, "certificate_id")):
        why = f"The certificate is missing. Set one of {', '.join(SOURCES)}, or certificate_id for a certificate in the certificate store."
    elif item["certificate_id"] is None and all(item[name] is None for name in of_files):
        why = "The private key is missing. Set privatekey_path or privatekey_content."
    if why:
        raise CertificatesError("invalid_argument", f"{which}{why}")


def plan_item(item: Item, module: Module) -> SecretAction:
    """Return the action for an item before any API call. A certificate from the certificate store does not have a content yet."""
    labels = None if item["labels"] is None else tuple(dict.fromkeys(item["labels"]))
    new = SecretAction(
        "created", None, {}, item["name"], item["secret_group"], labels=labels, description=item["description"]
    )
    if item["certificate_id"] is not None:
        return new
    try:
        bundle = read_item(item, module.hide)
    except CertificatesError as error:
        return new.mark_failed_by(error)
    return add_bundle(new, bundle, item, module)


def add_bundle(new: SecretAction, bundle: Bundle, item: Item, module: Module) -> SecretAction:
    """Return the action with the certificate and the private key, or a failed action."""
    new = replace(new, certificate=bundle.certificate)
    try:
        options = ImportOptions(item["allow_expired"], item["verify_chain"], item["trust"], is_for_store=False)
        anchors = find_anchors(item["trust"], item["trusted_ca_path"], module.warn)
        content, warnings = assemble(bundle, options, now(), anchors)
        if part := find_large_part(content):
            return new.mark_failed("refused", {"too_large": part})
        view = None if item["force"] else create_trust_view(item["trusted_ca_path"])
    except CertificatesError as error:
        return new.mark_failed_by(error)
    return new.add_content(content, warnings, view)


def read_from_store(
    module: Module, client: Client, items: Sequence[Item], steps: Sequence[SecretAction]
) -> list[SecretAction]:
    """Return the actions with the contents of certificates from the certificate store. Private keys stay in memory."""

    def hide(text: str) -> None:
        module.hide(*list_key_texts(text.encode("utf-8", "replace")))

    def read_one(pair: tuple[Item, SecretAction]) -> SecretAction:
        item, step = pair
        identifier = item["certificate_id"]
        if identifier is None:
            return step
        try:
            stored = fetch_with_private_key(client, identifier, hide)
        except CertificatesError as error:
            if error.code not in SECRET_ERROR_CODES:
                raise
            return step.mark_failed_by(convert_read_error(error))
        certificate = stored.record.certificate
        if certificate is None:
            return step.mark_failed("invalid_pem", {"certificate_id": identifier})
        try:
            key = check_key(identifier, certificate, stored.private_key)
        except CertificatesError as error:
            return replace(step, certificate=certificate).mark_failed_by(error)
        hide(key.pem)
        bundle = Bundle((certificate,), stored.record.intermediates, KeyRef.from_key(key))
        return add_bundle(step, bundle, item, module)

    taken = client.call_for_each(read_one, list(zip(items, steps, strict=True)))
    missing = [
        item["certificate_id"] is not None and step.reason == "not_found"
        for item, step in zip(items, taken, strict=True)
    ]
    if not any(missing):
        return taken
    reason: SecretReason = "no_permission"  # the API does not say whether there is none, or the user may not read any
    with suppress(CertificatesError):
        reason = reason if fetch_visible(client).is_limited else "not_found"
    return [
        step.mark_failed(reason, {"certificate_id": item["certificate_id"]}) if is_missing else step
        for item, step, is_missing in zip(items, taken, missing, strict=True)
    ]


# What is there


def plan(module: Module, manager: SecretsManager, steps: Sequence[SecretAction]) -> list[SecretAction]:
    """Return the action for each certificate, by the metadata and, if needed, the values of the secrets."""
    grouped = []
    for step in steps:
        try:
            is_known = step.outcome == "failed"
            grouped.append(step if is_known else replace(step, group_id=manager.find_group_ids([step.group])[0]))
        except CertificatesError as error:
            if error.code != "not_found":
                raise
            grouped.append(step.mark_failed_by(error))
    steps = mark_repeated(grouped)
    group_ids = sorted({step.group_id for step in steps if step.outcome != "failed"})
    if not group_ids:
        return steps
    there: dict[tuple[str, str], list[Secret]] = defaultdict(list)
    for secret in manager.list_secrets((), (), group_ids):
        there[secret.group_id, secret.name].append(secret)
    at = now()

    def plan_one(step: SecretAction) -> SecretAction:
        if step.outcome == "failed":
            return step
        planned = plan_secret(step, there.get(step.key, ()), at)
        try:
            return compare_values(module, manager, planned)
        except CertificatesError as error:
            if error.code not in SECRET_ERROR_CODES:
                raise
            return planned.mark_failed_by(add_api_text(error))

    return manager.call_for_each(plan_one, steps)


def compare_values(module: Module, manager: SecretsManager, step: SecretAction) -> SecretAction:
    """Return the action after the values of the existing secret were compared, if needed."""
    if step.secret is None or not step.is_to_be_read:
        return step
    try:
        return compare_content(step, read_bundle(module, manager, step.secret.id))
    except CertificatesError as error:
        if error.code == "not_found":  # it was removed after it was listed
            return step.plan_creation()
        raise convert_read_error(error) from None


# What is done


def carry_out(module: Module, manager: SecretsManager, steps: Sequence[SecretAction]) -> list[SecretAction]:
    """Carry out a plan for several certificates in parallel, and return the completed actions.

    Raises:
        CertificatesError: as `acquire`, before any change.
    """
    if not any(step.changes_something for step in steps):
        return list(steps)
    from .._ledger.lock import acquire

    subject = f"secrets of {manager.instance.identity}"
    ledger_url = module.params["ledger_url"]
    lock = acquire(manager, ledger_url, lambda: subject, "secrets of this instance", MAX_WAIT, now())
    done: list[SecretAction] = []
    try:
        done = manager.call_for_each(
            count_calls(Writer(module, manager, lock.check), len(steps), "certificates"), steps
        )
        return done
    finally:  # a version without an answer may still arrive; of a secret, there is only one of its name
        lock.end(release=not any(step.reason == "outcome_unknown" and step.secret for step in done))


class Writer:
    """Callable that carries out the action for one certificate.

    Args:
        module: the module.
        manager: the session with the instance.
        before_sending: called right before each change; an exception prevents the change.
    """

    def __init__(self, module: Module, manager: SecretsManager, before_sending: Callable[[], None]) -> None:
        self._module = module
        self._manager = manager
        self._before_sending = before_sending

    def __call__(self, step: SecretAction) -> SecretAction:
        """Return the completed action; never raise."""
        try:
            if step.outcome == "created":
                step = self._create(step)
            elif step.outcome == "updated":
                step = self._plan_again(step)  # another run may have been faster
                if step.outcome == "created":
                    why = "The secret was deleted or renamed during the run. Run the playbook again."
                    raise CertificatesError("not_found", why)
            return self._update(step) if step.outcome == "updated" else step
        except CertificatesError as error:
            return step.mark_failed_by(add_api_text(error, step.name))

    def _create(self, step: SecretAction) -> SecretAction:
        """Create a secret, and return the action; if the secret exists now, return the remaining action.

        Raises:
            CertificatesError: as `SecretsManager.create`; `no_answer` if the secret may still be created.
        """
        try:
            return replace(step, secret=self._manager.create(step.build_secret(), self._before_sending).secret)
        except CertificatesError as error:
            is_there = error.details.get("http_status") == HTTPStatus.CONFLICT
            seen = self._plan_after_failure(step) if is_there or error.code == "no_answer" else None
            if seen is None or seen.outcome == "created" or (seen.outcome == "failed" and not is_there):
                raise
            if seen.outcome == "unchanged" and error.code == "no_answer":
                return replace(seen, outcome="created", facts={})
            return seen

    def _update(self, step: SecretAction) -> SecretAction:
        """Add a version and change the metadata, if needed, and return the action. After a lost response, read the secret.

        Raises:
            CertificatesError: as `SecretsManager.add_version` and `update_metadata`; `no_answer` if the change may still happen.
        """
        identifier = t.cast(Secret, step.secret).id
        if step.changes:
            try:
                version_id = self._manager.add_version(identifier, step.build_version(), self._before_sending)
                step = replace(step, version_id=version_id)
            except CertificatesError as error:
                seen = self._plan_after_failure(step) if error.code == "no_answer" else None
                if seen is None or seen.outcome not in {"unchanged", "updated"} or seen.changes:
                    raise
        if step.metadata:
            try:
                self._manager.update_metadata(identifier, step.metadata, self._before_sending)
            except CertificatesError as error:
                seen = self._plan_after_failure(step) if error.code == "no_answer" else None
                if seen is None or seen.outcome not in {"unchanged", "updated"} or seen.metadata:
                    if not step.changes:
                        raise
                    done = {"version_id": step.version_id, "has_written": True}
                    why = f"{error.message} Secrets Manager created the new version."
                    raise CertificatesError(error.code, why, **{**error.details, **done}) from None
        return step

    def _plan_again(self, step: SecretAction) -> SecretAction:
        """Return the action by the current state of the secret; `created` if the secret does not exist.

        Raises:
            CertificatesError: with a code of `_secrets_manager.faults`, except `no_answer`.
        """
        manager, known = self._manager, step.secret
        try:
            there = [manager.read_metadata(known.id)] if known else manager.list_secrets((), (), [step.group_id])
        except CertificatesError as error:
            if error.code == "not_found" and known:
                return step.plan_creation()
            raise convert_read_error(error) from None
        if known and known.updated_at and there == [known]:
            return step  # nothing has happened since its values were read
        same = [secret for secret in there if (secret.group_id, secret.name) == step.key]
        return compare_values(self._module, manager, plan_secret(step.plan_creation(), same, now()))

    def _plan_after_failure(self, step: SecretAction) -> SecretAction | None:
        """Return the remaining action after a failed write; `None` if the secret cannot be read."""
        with suppress(CertificatesError):
            return self._plan_again(step)
        return None


def convert_read_error(error: CertificatesError) -> CertificatesError:
    """Return the error of a read call, with `api_error` instead of `no_answer`, because a read call changes nothing."""
    if error.code != "no_answer":
        return error
    return CertificatesError("api_error", error.message, **error.details)


def add_api_text(error: CertificatesError, name: str = "") -> CertificatesError:
    """Return an error with the error text of the Secrets Manager response.

    Args:
        error: the error.
        name: the name of the secret to write.
    """
    status, said = error.details.get("http_status") or 0, error.details.get("api_message")
    if error.code != "api_error" or not said or not 400 <= status < 500:
        return error
    remedy = f" {NAME_RULE}" if status == HTTPStatus.BAD_REQUEST and name and not NAME_PATTERN.fullmatch(name) else ""
    return CertificatesError(
        "refused", f"Secrets Manager rejected the request: {end_sentence(said)}{remedy}", **error.details
    )


# The result


def build_result(
    done: Sequence[SecretAction], api_calls: int, stop: threading.Event, *, single: bool
) -> dict[str, t.Any]:
    """Return the module's result, with `failure` if an action failed."""
    certificates = [step.as_result() for step in done]
    counts = {outcome: sum(step.outcome == outcome for step in done) for outcome in t.get_args(SecretOutcome)}
    result: dict[str, t.Any] = {
        "changed": any(step.changes_something for step in done),
        "certificates": certificates,
        **{f"{outcome}_count": count for outcome, count in counts.items()},
        "api_calls": api_calls,
        "diff": [step.as_diff() for step in done if step.changes_something],
    }
    if single:
        result["certificate"] = certificates[0]
    return result | build_certificates_failure([(step.name, step) for step in done], stopped=stop.is_set())
